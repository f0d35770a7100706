"""Changes are taken back and made again: exactly, step by step, and never what somebody else has done meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from models import CachedQuestion, HistoryEntry
from techscreen.editing import undoing
from techscreen.errors import NotEditable, Stale
from techscreen.operations.evidence_check import walk_histories
from techscreen.operations.meanwhile import take_backs
from techscreen.schemas.editing import InterviewChange, RedoOrder, UndoOrder
from techscreen.storage.transactions import transaction
from techscreen.web.container import current_runtime
from tests.conftest import on_sqlite
from tests.editing.conftest import EDITOR, OTHER_EDITOR, Draft

Undo = Callable[..., dict[str, Any]]


@pytest.fixture
def take_back(app: Flask, draft: Draft) -> Undo:
    """Takes the newest change back, or makes it again, and reads the interview."""

    def do(order: type[UndoOrder] | type[RedoOrder] = UndoOrder, to: int | None = None) -> dict[str, Any]:
        with app.app_context():
            back, forth = take_backs(draft.id)
            way = back if order is UndoOrder else forth
            number = to if to is not None else (way.to if way else -1)
            made = order(interview_id=draft.id, if_match=["*"], to=number)
            current_runtime().operations["interview_change"].run(
                InterviewChange(order=made), "hanna.hiring", None, None
            )
        return draft.read()

    return do


def told(app: Flask, draft: Draft) -> tuple[Any, Any]:
    """What can be taken back and made again, in words."""
    with app.app_context():
        back, forth = take_backs(draft.id)
    return (back.summary, back.user_id) if back else None, forth.summary if forth else None


def apart(app: Flask) -> None:
    """Let time pass between all changes so far and what comes."""
    with app.app_context(), transaction() as session:
        for entry in session.scalars(select(HistoryEntry)):
            entry.created_at -= timedelta(minutes=10)


def shown(interview: dict[str, Any]) -> list[dict[str, Any]]:
    """The questions without what a row of a table alone has."""
    own = ("id", "cached_topic", "similarity")
    return [{name: value for name, value in each.items() if name not in own} for each in interview["questions"]]


def test_each_kind_of_change_is_taken_back_exactly_and_made_again(app: Flask, draft: Draft, take_back: Undo) -> None:
    states = [draft.now]
    for method, path, body in (
        ("PATCH", "/questions/2", {"spoken_text": "What is slow here?", "criteria": [{"criterion": "One"}]}),
        ("PATCH", "/questions/2", {"locked": True, "minutes": 4, "exhibit": {"text": "0 ms"}}),
        ("PUT", "/order", {"order": [3, 1, 2, 5, 4]}),
        ("DELETE", "/questions/1", None),
        ("POST", "/questions", {"question_text": "How do you begin?", "question_number": 1}),
        ("PATCH", "", {"interview_name": "Another name"}),
    ):
        draft.ok(method, path, body)
        states.append(draft.now)

    for expected in reversed(states[:-1]):
        now = take_back()
        assert (now["interview_name"], shown(now)) == (expected["interview_name"], shown(expected))
        assert now["edited_by_user_id"] == "hanna.hiring"
    assert told(app, draft)[0] is None
    with pytest.raises(NotEditable):
        take_back()
    for expected in states[1:]:
        now = take_back(RedoOrder)
        assert (now["interview_name"], shown(now)) == (expected["interview_name"], shown(expected))
    assert told(app, draft)[1] is None
    with pytest.raises(NotEditable):
        take_back(RedoOrder)
    assert now["quality"] == states[-1]["quality"]


@on_sqlite
def test_back_and_forth_and_a_new_change_in_between(app: Flask, draft: Draft, take_back: Undo) -> None:
    for minutes in (3, 4, 5):
        draft.ok("PATCH", "/questions/1", {"minutes": minutes})

    def minutes_now(interview: dict[str, Any]) -> int:
        return int(interview["questions"][0]["minutes"])

    assert [minutes_now(take_back()) for _ in range(2)] == [4, 3]
    assert minutes_now(take_back(RedoOrder)) == 4
    assert minutes_now(take_back()) == 3
    draft.ok("PATCH", "/questions/1", {"minutes": 9})
    assert told(app, draft)[1] is None  # what was taken back before is not made again on top of it
    assert minutes_now(take_back()) == 3
    assert minutes_now(take_back(RedoOrder)) == 9
    assert told(app, draft) == ((["Question 1: minutes changed"], "hanna.hiring"), None)


@on_sqlite
def test_what_is_typed_in_one_go_is_taken_back_in_one_go(app: Flask, draft: Draft, take_back: Undo) -> None:
    before = draft.now["questions"][0]["spoken_text"]
    for text in ("What", "What is", "What is slow?"):
        draft.ok("PATCH", "/questions/1", {"spoken_text": text})
    assert take_back()["questions"][0]["spoken_text"] == before
    assert take_back(RedoOrder)["questions"][0]["spoken_text"] == "What is slow?"

    apart(app)
    draft.ok("PATCH", "/questions/1", {"spoken_text": "What is slow here?"})
    draft.headers = OTHER_EDITOR
    draft.ok("PATCH", "/questions/1", {"spoken_text": "What is slow there?"})
    assert told(app, draft)[0] == (["Question 1: text changed"], "hugo.hiring")
    texts = [take_back()["questions"][0]["spoken_text"] for _ in range(3)]
    assert texts == ["What is slow here?", "What is slow?", before]


@on_sqlite
def test_what_was_typed_and_taken_back_by_hand_is_no_step(app: Flask, draft: Draft, take_back: Undo) -> None:
    first = draft.now["questions"][0]["follow_ups"]
    draft.ok("PATCH", "/questions/1", {"minutes": 4})
    draft.ok("PATCH", "/questions/1", {"follow_ups": ["Why?"]})
    apart(app)
    draft.ok("PATCH", "/questions/1", {"follow_ups": ["Why not?"]})
    draft.ok("PATCH", "/questions/1", {"follow_ups": ["Why?"]})
    assert take_back()["questions"][0]["follow_ups"] == first
    assert take_back()["questions"][0]["minutes"] != 4


@on_sqlite
def test_somebody_elses_newer_change_is_not_taken_back_unseen(app: Flask, draft: Draft, take_back: Undo) -> None:
    draft.ok("PATCH", "/questions/1", {"minutes": 4})
    with app.app_context():
        back, _ = take_backs(draft.id)
    assert back is not None
    draft.headers = OTHER_EDITOR
    draft.ok("PATCH", "/questions/3", {"minutes": 7})
    with pytest.raises(Stale) as refused:
        take_back(to=back.to)
    assert refused.value.current.questions[2].minutes == 7
    assert draft.read()["questions"][2]["minutes"] == 7


@on_sqlite
def test_the_history_tells_it_and_stays_sound(app: Flask, client: FlaskClient, draft: Draft, take_back: Undo) -> None:
    draft.ok("PATCH", "/questions/1", {"minutes": 4})
    take_back()
    take_back(RedoOrder)
    answer = client.get(f"/api/interview/{draft.id}/history?order=newest", headers=EDITOR)
    entries = answer.json["entries"]
    assert [entry["operation"] for entry in entries[:2]] == ["redone", "undone"]
    assert entries[0]["summary"] == ["Made again", "Question 1: minutes changed"]
    assert entries[1]["summary"] == ["Taken back", "Question 1: minutes changed"]
    with app.app_context():
        assert [problem for walked in walk_histories() for problem in walked.problems] == []


@on_sqlite
def test_an_override_comes_back_with_its_text_unless_it_was_withdrawn(
    app: Flask, draft: Draft, take_back: Undo
) -> None:
    draft.ok("PATCH", "/questions/1", {"spoken_text": "A relay stops at night. How old are you?"})
    finding = next(each for each in draft.now["quality"]["findings"] if each["kind"] == "prohibited_subject")
    draft.ok("POST", f"/findings/{finding['id']}/override", {"reason": "It is a role play."})
    draft.ok("PATCH", "/questions/1", {"spoken_text": "A relay stops at night. What now?"})

    def reasons() -> list[str]:
        return [each["override"]["reason"] for each in draft.now["quality"]["findings"] if each["override"]]

    assert not reasons()
    take_back()
    assert reasons() == ["It is a role play."]
    draft.ok("DELETE", f"/findings/{finding['id']}/override")
    draft.ok("PATCH", "/questions/1", {"spoken_text": "Something else stops. What now?"})
    take_back()
    assert not reasons()


@on_sqlite
def test_nothing_is_taken_back_of_what_is_no_draft_or_has_no_history(
    app: Flask, draft: Draft, take_back: Undo, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft.ok("PATCH", "/questions/1", {"minutes": 4})
    draft.ok("POST", "/publish", {})
    with pytest.raises(NotEditable):
        take_back()
    monkeypatch.setattr(undoing, "MAX_STEPS", 0)
    assert told(app, draft)[0] is None


@on_sqlite
def test_a_question_that_has_left_the_cache_comes_back_without_it(app: Flask, draft: Draft, take_back: Undo) -> None:
    with app.app_context(), transaction() as session:
        cached = session.scalars(select(CachedQuestion)).first()
        assert cached is not None
        cached_id = cached.id
    lent = next(each for each in draft.now["questions"] if each["cached_question_id"] == cached_id)
    draft.ok("DELETE", f"/questions/{lent['question_number']}")
    with app.app_context(), transaction() as session:
        session.delete(session.get_one(CachedQuestion, cached_id))
    back = take_back()["questions"][lent["question_number"] - 1]
    assert (back["lineage"], back["cached_question_id"]) == (lent["lineage"], None)
