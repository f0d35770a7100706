"""A service with a bit of everything in it, made through the API, for looking at all of its pages.

`fill(live)` needs the starter library and no Claude. Everything in it has the same names at each run.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from models import CachedQuestion, GenerationLog, Interview, QuestionUse, utc_now
from prompts import PROMPT_VERSION
from techscreen.storage.transactions import transaction
from tests.support.served_pages import Live, sample

READER = {"X-User-ID": "ian.interviewer", "X-User-Role": "interviewer"}
EDITOR = {"X-User-ID": "hanna.hiring", "X-User-Role": "hiring_manager"}
MODEL = "claude-opus-5-5"
OTHER_EDITOR = {"X-User-ID": "hugo.hiring", "X-User-Role": "hiring_manager"}


@dataclass
class Filled:
    """What there is to look at.

    Attributes:
        interviews: the ids of interviews, by the state that they are in, or by their language.
        requisitions: the ids of their requisitions, by the same names.
        library_question_id: a question of the library.
        cached_question_id: a question of the question cache.
        job_id: a job that is over.
    """

    interviews: dict[str, int] = field(default_factory=dict)
    requisitions: dict[str, str] = field(default_factory=dict)
    library_question_id: int = 0
    cached_question_id: int = 0
    job_id: str = ""


def fill(live: Live) -> Filled:
    """Make requisitions and interviews in all states, one in German and one in Japanese."""
    filled = Filled()
    for name, file in {
        "archived": "junior-developer",
        "published": "frontend-react-developer",
        "in_review": "data-engineer",
        "german": "embedded-firmware-engineer",
        "revised": "site-reliability-engineer",
        "draft": "backend-payments-engineer",
    }.items():
        interview = live.make_requisition(file)
        filled.interviews[name], filled.requisitions[name] = interview["id"], interview["req_id"]
    ids = filled.interviews
    live.call("POST", f"/{ids['archived']}/archive", {"note": "The post is filled."}, **EDITOR)
    live.call(
        "POST", f"/{ids['in_review']}/request-review", {"of": "hugo.hiring", "note": "By Friday, please."}, **EDITOR
    )
    for name in ("published", "revised"):
        _publish(live, ids[name])
    ids["revised"] = live.call("POST", f"/{ids['revised']}/revise", {}, **EDITOR)["interview"]["id"]
    live.call("PATCH", f"/{ids['revised']}/questions/1", {"question_text": REWORDED}, **OTHER_EDITOR)
    _edit(live, ids["draft"])
    _ask_in_the_room(live, ids["published"])
    ids["japanese"] = live.call("POST", "/import", {"interview": JAPANESE}, **EDITOR)["interview_id"]
    filled.requisitions["japanese"] = JAPANESE["requisition"]["req_id"]
    filled.library_question_id = _own_question(live)
    live.call("POST", "/workflow/full", sample("dba-mysql"), **{"Idempotency-Key": "once"})
    filled.job_id = live.call("GET", "/jobs")["jobs"][0]["job_id"]
    filled.cached_question_id = _as_if_claude_had_been_asked(live)
    return filled


def _publish(live: Live, interview_id: int) -> None:
    """Publish it, after what stands in the way was answered for."""
    interview = live.call("GET", f"/{interview_id}")["interview"]
    for finding in interview["quality"]["findings"]:
        if finding["kind"] in ("prohibited_subject", "instruction"):
            path = f"/{interview_id}/findings/{finding['id']}/override"
            live.call("POST", path, {"reason": "It is about the work, not about the person."}, **EDITOR)
    live.call("POST", f"/{interview_id}/publish", {"note": "Fit for the panel."}, **OTHER_EDITOR)


def _edit(live: Live, interview_id: int) -> None:
    """Some edits by two people, a finding that was answered for and one that was not, and an alternative."""
    live.call("PATCH", f"/{interview_id}", {"interview_name": "Payments panel"}, **EDITOR)
    live.call("PATCH", f"/{interview_id}/questions/2", {"minutes": 6, "locked": True}, **EDITOR)
    live.call("PATCH", f"/{interview_id}/questions/3", {"question_text": UNFAIR}, **OTHER_EDITOR)
    live.call("PUT", f"/{interview_id}/order", {"order": [2, 1, 3, 4, 5]}, **EDITOR)
    live.call("POST", f"/{interview_id}/questions/4/alternatives", {"kind": "other_topic", "count": 1})


def _ask_in_the_room(live: Live, interview_id: int) -> None:
    for number, kind in ((1, "unclear"), (2, "too_easy"), (4, "not_asked")):
        body = {"kind": kind, "note": "Two candidates asked back." if kind == "unclear" else None}
        live.call("POST", f"/{interview_id}/questions/{number}/feedback", body, **READER)


def _own_question(live: Live) -> int:
    asked = {
        "topic": "Payouts that must not happen twice",
        "skill_level": "Advanced",
        "question_type": "technical",
        "question_text": "A payout is sent and the answer never comes. How do you make sure that nobody is paid twice?",
        "criteria": [
            {"criterion": f"Aim {number}", "description": f"Names the {what} and says why it is needed."}
            for number, what in enumerate(
                ("idempotency key", "outbox", "reconciliation", "ledger", "timeout", "retry", "alarm", "test"), 1
            )
        ],
        "follow_ups": ["What if the key is lost?"],
        "language": "en",
    }
    return int(live.call("POST", "/library", asked, **EDITOR)["question"]["id"])


def _as_if_claude_had_been_asked(live: Live) -> int:
    """Three questions in the cache, one of them lent, and a month of generations; the id of the lent one."""
    columns = [each.key for each in CachedQuestion.__table__.columns if each.key not in ("id", "reference")]
    with live.app.app_context(), transaction() as session:
        copies = []
        for number, row in enumerate(session.scalars(select(CachedQuestion).order_by(CachedQuestion.id).limit(3))):
            values = {name: getattr(row, name) for name in columns}
            values |= {"cache_key": f"{number:064d}", "request_hash": f"{number:064d}", "library_status": None}
            values |= {"prompt_version": PROMPT_VERSION, "model": MODEL, "owner": None, "usage_count": number}
            copies.append(CachedQuestion(**values))
        session.add_all(copies)
        session.flush()
        published = session.scalars(select(Interview).where(Interview.status == "published")).first()
        assert published is not None
        lent = copies[-1]
        session.add(QuestionUse(cached_question_id=lent.id, req_id=published.req_id, interview_id=published.id))
        session.add_all(_generation(day) for day in range(30))
        return lent.id


def _generation(day: int) -> GenerationLog:
    """One of that many days ago; some days cost more, and one in ten failed."""
    moment, tokens = utc_now() - timedelta(days=day, minutes=5), 9_000 + 700 * (day * 7 % 11)
    failed = day % 10 == 9
    return GenerationLog(
        operation_type="jd_enhancement" if day % 3 else "interview_generation",
        req_id="REQ-20418",
        user_id=("anna.admin", "bert.admin")[day % 2],
        status="failed" if failed else "success",
        error_code="overloaded" if failed else None,
        tokens_used=tokens,
        input_tokens=tokens // 3,
        output_tokens=tokens - tokens // 3,
        attempts=6,
        cached_questions=day % 4,
        started_at=moment,
        completed_at=moment,
        duration_ms=24_000,
        model=MODEL,
        prompt_version=PROMPT_VERSION,
    )


REWORDED = (
    "The night after a release, half of all checks of the shop turn red, and nobody knows whether customers notice."
    " What do you look at first, and what do you tell the others?"
)
UNFAIR = "Do you plan to have children? And how would you find out why a payment was captured twice?"

_TOPICS = ("決済の冪等性", "障害時の対応", "データベースの設計", "性能の測定", "チームでのレビュー")
JAPANESE: dict[str, Any] = {
    "format": "techscreen-interview",
    "format_version": 1,
    "requisition": {
        "req_id": "JP-2026-081",
        "basic_title": "バックエンドエンジニア（決済）",
        "basic_description": "決済基盤チームで、返金の処理を設計し、運用していただきます。",
        "work_output": "返金処理を夜間バッチからイベント駆動へ移行する",
        "work_knowledge": "Kafka、PostgreSQL、分散システム",
    },
    "interview_name": "決済エンジニアの面接",
    "language": "ja",
    "questions": [
        {
            "topic": topic,
            "skill_level": "Advanced",
            "question_type": "technical",
            "spoken_text": f"{topic}について、最近の仕事でどのような問題があり、どう解決されましたか。",
            "criteria": [
                {"criterion": f"観点{number}", "description": "具体的な手順と、その理由を自分の言葉で説明している。"}
                for number in range(1, 9)
            ],
            "follow_ups": ["ほかにどのような方法を検討しましたか。"],
            "rating_anchors": {
                "low": "一般論だけを述べる。",
                "mid": "手順を説明する。",
                "high": "手順と理由、限界を説明する。",
            },
        }
        for topic in _TOPICS
    ],
}
