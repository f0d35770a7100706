"""Good answers to every request of the service, made from the words of the request alone."""

from __future__ import annotations

import json
import random
import re
from typing import Any

from techscreen.checks.stated_level import stated_level

WORDS = """
account alarm archive batch border bridge budget cache canary catalogue channel checkout cluster column commit
compiler contract counter courier credit cursor customs dashboard deadline delivery device diagram digest
docket driver engine envelope estimate factory feature feed festival filter firmware forecast freight gateway
glacier graph greenhouse harbour harvest heater index inverter invoice journal kernel keyboard ladder lantern
ledger library locker logbook magnet mailbox mapping market meadow meter mirror module monitor museum needle
network notebook orchard order packet pallet parcel payload pipeline planet platform polygon printer probe
quarry queue railway recipe record refund registry relay replica retry river rocket router sample schema
sensor session shipment signal silo sketch socket spindle stadium storage summit switch tablet tariff
telescope theatre thread ticket timetable token tower tracker tractor transit tunnel turbine valley vault
vendor viewer voucher wagon warehouse watchdog whistle window workshop
""".split()

# Plain sentences about work with things of these names. Each takes as many names as it has gaps.
SITUATIONS = (
    "The {} hands each {} to the {} next to the {}.",
    "The {} has been slow since the {} took the place of the {}.",
    "Twice a week the {} stops between the {} and the {}.",
    "The {} and the {} disagree about the newest {} of the {}.",
    "A new release changed how the {} reads the {} from the {}.",
    "The log of the {} shows no error, but the {} behind the {} stays empty.",
    "Restarting the {} helps the {} for about an hour.",
    "The backup of the {}, the {} and the {} was last tested in spring.",
    "Every {} is copied from the {} to the {} once a night.",
    "The {} was built before the {} and the {} existed.",
    "Traffic between the {} and the {} doubles at the end of the month.",
    "Only one {} out of five misses its {} and its {}.",
    "The owners of the {} replace the {} with a {} next quarter.",
    "Entries arrive in the {} twice when the {} of the {} times out.",
    "The {} rejects every tenth {} that comes through the {}.",
    "Alarms from the {} reach the {} later than those from the {}.",
    "The {} keeps a second copy of the {} for the {}.",
    "Half of the {} is cached in the {} by the {}.",
    "Whenever the {} grows, the {} and the {} lose their {}.",
    "Last week somebody moved the {} from the {} into the {}.",
    "The {} waits for the {}, which waits for the {}.",
    "A {} without a {} is held back by the {}.",
    "New {} versions break the {} for users of the {}.",
    "The {} counts each {} twice since the {} was upgraded.",
)
FINDINGS = (
    "Names the {} as a possible cause next to the {}.",
    "Asks when the {} last worked with the {}.",
    "Compares the {} with a healthy {}.",
    "Reads the records of the {} before touching the {}.",
    "Describes a test that isolates the {} from the {}.",
    "Gives a reason for starting at the {} instead of the {}.",
    "Names a sign that the {} recovers before the {}.",
    "Explains what a broken {} does to the {}.",
    "Proposes an alarm on the {} for a late {}.",
)
DUTIES = (
    "You keep the {} and the {} running and repair them when the {} fails",
    "You design how the {} exchanges data with the {} and the {}",
    "You write the tests for the {} and measure how the {} affects the {}",
    "You plan the move of the {} from the {} to a new {}",
    "You review changes to the {}, the {} and the {} with the team",
    "You document how the {} works and what the {} needs from the {}",
)

SPOKEN, MINUTES = r"^spoken_text: at most (\d+) words", r"(?m)^minutes: at most (\d+)\."


def asked_for(body: dict[str, Any]) -> str:
    """The name of the answer type that a request asks for."""
    return str(body["output_config"]["format"]["schema"]["title"])


def data_of(body: dict[str, Any]) -> dict[str, Any]:
    """The JSON between the tags of a request's first message."""
    text = body["messages"][0]["content"]
    data: dict[str, Any] = json.loads(text[text.index(">\n{") + 2 : text.rindex("\n</")])
    return data


def good_answer(body: dict[str, Any]) -> dict[str, Any]:
    """An answer that passes every check, made from the request alone; to a request without a schema, a word."""
    if "output_config" not in body:
        return {"word": "ready"}
    if asked_for(body) == "SuggestedCriteria":
        return good_criteria(body)
    if asked_for(body) != "InterviewQuestion":
        return good_plan(body)
    spoken, minutes = (re.search(asked, body["messages"][0]["content"]) for asked in (SPOKEN, MINUTES))
    question = good_question(data_of(body), words=int(spoken[1]) if spoken else 60)
    return {**question, "minutes": int(minutes[1])} if minutes else question


def good_plan(body: dict[str, Any]) -> dict[str, Any]:
    """Topics, and for an enhancement the title and description."""
    requisition = data_of(body)
    field_name = next(
        (name for name in ("work_knowledge", "work_output", "work_role") if requisition.get(name)), "basic_description"
    )
    start = requisition[field_name][:60]
    random_ = random.Random(requisition["basic_title"] + start)
    part = start if requisition[field_name] == start or " " not in start.strip() else start.rsplit(" ", 1)[0]
    # The first five make the interview, in this order: the easiest first.
    types = ["behavioral", "coding", "debugging", "technical", "system_design", "situational", "technical"]
    topics = []
    for number, kind in enumerate(types):
        subject = " ".join(random_.sample(WORDS, 3))
        topics.append(
            {
                "topic": subject.capitalize(),
                "technologies": ["python"] if kind == "coding" else [],
                "facet": f"{random_.choice(WORDS)} handling {number}",
                "skill_level": stated_level(requisition) or "Advanced",
                "question_type": kind,
                "focus": f"How the person reasons about the {subject}.",
                "work_items": [{"field": field_name, "part": part}],
            }
        )
    plan: dict[str, Any] = {"reads_as": "job", "language": "en", "interview_topics": topics}
    if asked_for(body) == "EnhancedDescription":
        plan["enhanced_title"] = requisition["basic_title"].strip()[:200] + " (enhanced)"
        lines = [_filled(random_, random_.choice(DUTIES), WORDS) for _ in range(36)]
        plan["enhanced_description"] = "### What you will deliver\n" + "\n".join(f"- {line}" for line in lines)
        plan["notes_for_team"] = []
        plan["concerns"] = []
    return plan


def good_criteria(body: dict[str, Any]) -> dict[str, Any]:
    """As many criteria as are asked for, unlike those that the question has."""
    brief = data_of(body)
    [count] = re.findall(r"^criteria: (\d+)$", body["messages"][0]["content"], re.MULTILINE)
    there = " ".join([brief["question"], *brief["criteria"]]).lower()
    names = [word for word in WORDS if word not in there]
    random_ = random.Random(there)
    random_.shuffle(names)
    return {
        "criteria": [
            {
                "criterion": f"{names[2 * number].capitalize()} weighed",
                "description": sentence.format(names[2 * number], names[2 * number + 1]),
            }
            for number, sentence in zip(range(int(count)), random_.sample(FINDINGS, len(FINDINGS)), strict=False)
        ]
    }


def good_question(brief: dict[str, Any], words: int = 60) -> dict[str, Any]:
    """A question of its own for every topic, setting and list of taken ones; with technologies, it shows code.

    One that may have fewer words than usual says less.
    """
    random_ = random.Random(brief["topic"] + brief.get("setting", "") + "|".join(brief.get("taken", [])))
    names = [word for word in WORDS if word not in brief["topic"].lower()]
    random_.shuffle(names)
    in_scene, in_criteria = names[:30], names[30:]
    scene = _filled(random_, " ".join(random_.sample(SITUATIONS, 3 if words >= 35 else 1)), in_scene)
    labels = random_.sample(in_criteria, len(FINDINGS))
    others = [name for name in in_criteria if name not in labels]
    return {
        "spoken_text": f"{brief['topic']}: {scene} What do you do?",
        "exhibit": {"kind": "code", "text": f"for {in_scene[0]} in {in_scene[1]}:\n    send({in_scene[0]})"}
        if brief.get("technologies")
        else None,
        "minutes": 6,
        "criteria": [
            {
                "criterion": f"{label.capitalize()} looked at",
                "description": sentence.format(label, random_.choice(others)),
            }
            for label, sentence in zip(labels, FINDINGS, strict=True)
        ],
        "follow_ups": ["What would you look at next?", "Which part was the hardest?"],
        "rating_anchors": {
            "low": f"Restarts the {labels[0]} and waits to see whether it helps.",
            "mid": f"Checks the {labels[1]} step by step but stops at the first plausible cause.",
            "high": f"Rules out one cause after another, down to the {labels[2]}, and says how to prove it.",
        },
    }


def _filled(random_: random.Random, sentence: str, names: list[str]) -> str:
    return sentence.format(*random_.sample(names, sentence.count("{}")))
