"""Good answers to every request of the service, made from the words of the request alone."""

from __future__ import annotations

import json
import random
from typing import Any

WORDS = """
account alarm archive batch border bridge budget cache canary catalogue channel checkout cluster column commit
compiler contract counter courier credit cursor customs dashboard deadline delivery device diagram digest
docket driver engine envelope estimate factory feature feed festival filter firmware forecast freight gateway
glacier graph greenhouse harbour harvest heater index invoice island journal kernel kitchen ladder lantern
ledger library locker logbook magnet mailbox manifest market meadow meter mirror module monitor museum needle
network notebook orchard order packet pallet parcel payload pipeline planet platform polygon printer probe
quarry queue railway recipe record refund registry relay replica reservoir retry river rocket sample schema
sensor session shipment signal silo sketch socket spindle stadium storage summit switch tablet tariff
telescope theatre thread ticket timetable token tower tracker tractor transit tunnel turbine valley vault
vendor village voucher wagon warehouse watchdog whistle window workshop
""".split()


def asked_for(body: dict[str, Any]) -> str:
    """The name of the answer type that a request asks for."""
    return str(body["output_config"]["format"]["schema"]["title"])


def data_of(body: dict[str, Any]) -> dict[str, Any]:
    """The JSON between the tags of a request's first message."""
    text = body["messages"][0]["content"]
    data: dict[str, Any] = json.loads(text[text.index("\n") : text.rindex("\n</")])
    return data


def good_answer(body: dict[str, Any]) -> dict[str, Any]:
    """An answer that passes every check, made from the request alone; to a request without a schema, a word."""
    if "output_config" not in body:
        return {"word": "ready"}
    return good_question(data_of(body)) if asked_for(body) == "InterviewQuestion" else good_plan(body)


def good_plan(body: dict[str, Any]) -> dict[str, Any]:
    """Topics, and for an enhancement the title and description."""
    requisition = data_of(body)
    field_name = next(
        (name for name in ("work_knowledge", "work_output", "work_role") if requisition.get(name)), "basic_description"
    )
    start = requisition[field_name][:60]
    random_ = random.Random(requisition["basic_title"] + start)
    part = start if requisition[field_name] == start or " " not in start.strip() else start.rsplit(" ", 1)[0]
    types = ["system_design", "coding", "debugging", "technical", "behavioral", "situational", "technical"]
    topics = []
    for number, kind in enumerate(types):
        subject = " ".join(random_.sample(WORDS, 3))
        topics.append(
            {
                "topic": subject.capitalize(),
                "technologies": ["python"] if kind == "coding" else [],
                "facet": f"{random_.choice(WORDS)} handling {number}",
                "skill_level": "Advanced",
                "question_type": kind,
                "focus": f"How the person reasons about the {subject}.",
                "work_items": [{"field": field_name, "part": part}],
            }
        )
    plan: dict[str, Any] = {"reads_as": "job", "language": "en", "interview_topics": topics}
    if asked_for(body) == "EnhancedDescription":
        plan["enhanced_title"] = requisition["basic_title"].strip()[:200] + " (enhanced)"
        lines = [" ".join(random_.sample(WORDS, 12)) for _ in range(36)]
        plan["enhanced_description"] = "### What you will deliver\n" + "\n".join(f"- {line}" for line in lines)
        plan["concerns"] = []
    return plan


def good_question(brief: dict[str, Any]) -> dict[str, Any]:
    """A question of its own for every topic and for every list of taken ones, as long as an exemplary one."""
    random_ = random.Random(brief["topic"] + "|".join(brief["taken"]))
    scene = " ".join(random_.sample(WORDS, 60))
    labels = random_.sample(WORDS, 9)
    return {
        "question_text": f"{brief['topic']}: {scene}. What do you do?",
        "criteria": [
            {
                "criterion": f"{label.capitalize()} considered",
                "description": f"Names the {label} and its {' '.join(random_.sample(WORDS, 10))}.",
            }
            for label in labels
        ],
        "follow_ups": ["What would you look at next?", "Which part was the hardest?"],
        "rating_anchors": {
            "low": f"Talks about the {labels[0]} in general.",
            "mid": f"Works through the {labels[1]} and misses the rest.",
            "high": f"Connects the {labels[2]} with what follows from it.",
        },
    }
