"""What two states of an interview or a job description differ in, and how that is said."""

from __future__ import annotations

import random
from typing import Any

from techscreen.editing.difference import interview_difference, job_description_difference
from techscreen.editing.summary import summary_of
from techscreen.schemas.differences import CriterionChangeView, DifferenceView
from tests.support.tables import table

State = dict[str, Any]

CRITERIA = {
    "Idempotency key": "Proposes a key so that a repeated call refunds once.",
    "Stored intent": "Commits a pending refund before the acquirer is called.",
    "Time-outs": "Says how long the caller waits and what happens then.",
    "Reconciliation": "Compares the ledger with the acquirer's report each day.",
}
TEXTS = {
    "a": "A refund is sent twice after a time-out. How do you keep the customer from being paid twice?",
    "b": "The nightly import takes nine hours. How do you find out why?",
    "c": "Two teams want to change one table. What do you do?",
    "d": "Describe a time when a release went wrong.",
}


def question(lineage: str, **other: Any) -> State:
    return {
        "lineage": lineage,
        "question_text": TEXTS.get(lineage, lineage),
        "exhibit": None,
        "minutes": 6,
        "question_type": "technical",
        "skill_level": "Advanced",
        "topic": "Payments",
        "locked": False,
        "criteria": criteria(*CRITERIA),
        "follow_ups": ["What if the acquirer is down?", "How would you test it?"],
        "rating_anchors": {"low": "Retries.", "mid": "Names a key.", "high": "Compares both sides."},
        **other,
    }


def criteria(*names: str, **descriptions: str) -> list[State]:
    return [{"criterion": name, "description": CRITERIA.get(name, name), "is_checked": False} for name in names]


def interview(*questions: State | str, **other: Any) -> State:
    made = [question(each) if isinstance(each, str) else each for each in questions]
    numbered = [{**each, "question_number": number} for number, each in enumerate(made, 1)]
    return {"interview_name": "Backend", "status": "draft", "language": "en", "questions": numbered, **other}


def criterion_changes(before: list[State], after: list[State]) -> list[CriterionChangeView]:
    found = interview_difference(interview(question("a", criteria=before)), interview(question("a", criteria=after)))
    return found.questions[0].criteria if found.questions else []


def told(before: list[State], after: list[State]) -> list[str]:
    return [
        f"{change.kind}{' (moved)' if change.is_moved else ''} {change.place_before}>{change.place_after}"
        for change in criterion_changes(before, after)
    ]


def test_equal_states_do_not_differ_whatever_stands_beside() -> None:
    before = interview("a", "b", version=1, quality=None)
    after = interview("a", "b", version=2, updated_by="anna")
    after["questions"][0]["criteria"][0]["is_checked"] = True
    del after["questions"][1]["locked"]  # kept before there was such a thing
    found = interview_difference(before, after)
    assert found.is_empty
    assert summary_of(found) == []
    assert interview_difference({}, {}).is_empty


@table(
    ("before", "after", "expected"),
    [
        ("abc", "abc", []),
        ("abc", "xabc", ["added x None>1"]),  # the others were pushed down, not moved
        ("abc", "ac", ["removed b 2>None"]),
        ("abcd", "dabc", ["moved d 4>1"]),
        ("abcd", "bcda", ["moved a 1>4"]),
        ("abcd", "axcd", ["replaced x 2>2"]),
        ("abcd", "wxyz", ["replaced w 1>1", "replaced x 2>2", "replaced y 3>3", "replaced z 4>4"]),
        ("abcd", "acxd", ["removed b 2>None", "added x None>3"]),  # not in its place
        ("abcd", "axyd", ["replaced x 2>2", "replaced y 3>3"]),
        ("abcd", "axyzd", ["replaced x 2>2", "replaced y 3>3", "added z None>4"]),
        ("abcd", "xd", ["replaced x 1>1", "removed b 2>None", "removed c 3>None"]),
        ("", "a", ["added a None>1"]),
    ],
)
def test_questions_are_known_again_by_their_lineage(before: str, after: str, expected: list[str]) -> None:
    found = interview_difference(interview(*before), interview(*after))
    assert [
        f"{change.kind} {change.lineage} {change.number_before}>{change.number_after}" for change in found.questions
    ] == expected


def test_a_question_that_changed_and_moved_tells_both() -> None:
    edited = question("d", question_text="Describe a time when a release went well.", minutes=8, locked=True)
    (change,) = interview_difference(interview("a", "b", "c", "d"), interview(edited, "a", "b", "c")).questions
    assert (change.kind, change.is_moved, change.number_before, change.number_after) == ("changed", True, 4, 1)
    assert [(each.field, each.before, each.after) for each in change.changes] == [
        ("spoken_text", TEXTS["d"], "Describe a time when a release went well."),
        ("minutes", 6, 8),
        ("locked", False, True),
    ]
    assert [(run.kind, run.text) for run in change.changes[0].words][1:3] == [("removed", "wrong"), ("added", "well")]
    assert change.changes[1].words == []


def test_a_question_that_was_added_or_replaced_is_there_in_full() -> None:
    added, replaced = interview_difference(interview("b"), interview("c", "d")).questions[::-1]
    assert (replaced.kind, replaced.replaced_lineage, replaced.lineage) == ("replaced", "b", "c")
    assert [(each.field, each.before) for each in added.changes] == [
        *[("spoken_text", None), ("minutes", None), ("question_type", None), ("skill_level", None), ("topic", None)],
        *[(f"rating_anchors.{level}", None) for level in ("low", "mid", "high")],
    ]
    assert [(each.kind, each.place_after) for each in added.criteria] == [("added", place) for place in range(1, 5)]
    assert [each.after for each in added.follow_ups] == question("d")["follow_ups"]


def test_a_question_whose_words_are_all_new_is_still_the_same_question() -> None:
    other = question("a", question_text=TEXTS["d"], work_items=[{"field": "work_role", "part": "Runs releases"}])
    (change,) = interview_difference(interview("a", "b"), interview("b", other)).questions[::-1][:1]
    assert (change.kind, change.lineage, change.replaced_lineage) == ("changed", "a", None)
    assert [(each.kind, each.after) for each in change.work_items] == [("added", "work_role: Runs releases")]


def test_an_exhibit_is_told_apart_from_what_is_said() -> None:
    def with_log(log: str) -> State:
        text = f"What went wrong?\n\n```\n{log}\n```"
        return interview(question("a", question_text=text, exhibit={"kind": "log", "text": log}))

    (change,) = interview_difference(with_log("12:00 retry 1"), with_log("12:00 retry 2")).questions
    assert [each.field for each in change.changes] == ["exhibit.text"]
    (change,) = interview_difference(with_log("12:00 retry 1"), interview("a")).questions
    assert [(each.field, each.after) for each in change.changes] == [
        ("spoken_text", TEXTS["a"]),
        ("exhibit.kind", None),
        ("exhibit.text", None),
    ]


KEY, INTENT, TIMES, LEDGER = criteria(*CRITERIA)
KEY_REWORDED = {**KEY, "description": "Proposes one key, so that a repeated call refunds only once."}
KEY_RENAMED = {**KEY, "criterion": "Names a key"}
KEY_REWRITTEN = {"criterion": "Names a key", "description": "Proposes to send a key so that each call refunds once."}
SHORT = {"criterion": "事务", "description": "使用事务保证两次写入同时成功或失败"}
SHORT_REWORDED = {"criterion": "原子", "description": "使用事务保证两次写入要么都成功要么都失败"}
BARE, OTHER_BARE = ({"criterion": name, "description": ""} for name in ("Weighs the cost", "Names a key"))
OTHER = {"criterion": "Cost", "description": "Weighs what it costs against what is lost."}


@table(
    ("before", "after", "expected"),
    [
        ([KEY, INTENT], [KEY_REWORDED, INTENT], ["changed 1>1"]),
        ([KEY, INTENT], [KEY_RENAMED, INTENT], ["changed 1>1"]),
        ([KEY, INTENT], [KEY_REWRITTEN, INTENT], ["changed 1>1"]),
        ([KEY, INTENT], [INTENT, KEY_REWRITTEN], ["moved (moved) 2>1", "changed 1>2"]),
        ([KEY, INTENT], [OTHER, INTENT], ["removed 1>None", "added None>1"]),
        ([KEY, INTENT, TIMES], [OTHER, KEY, INTENT, TIMES], ["added None>1"]),
        ([KEY, INTENT, TIMES, LEDGER], [LEDGER, KEY, INTENT, TIMES], ["moved (moved) 4>1"]),
        ([KEY, INTENT, TIMES, LEDGER], [INTENT, TIMES, LEDGER, KEY_REWORDED], ["changed (moved) 1>4"]),
        ([KEY, INTENT, KEY], [INTENT, KEY], ["removed 1>None"]),  # one of two equal ones
        ([KEY, INTENT], [KEY, KEY, INTENT], ["added None>2"]),
        ([KEY, KEY_REWORDED], [KEY_REWORDED, KEY], ["moved (moved) 2>1"]),  # the same label twice
        ([KEY, KEY_REWORDED], [KEY_REWORDED], ["removed 1>None"]),
        ([], [KEY], ["added None>1"]),
        ([SHORT, INTENT], [SHORT_REWORDED, INTENT], ["changed 1>1"]),  # not sure, but it is in the same place
        ([SHORT, INTENT], [INTENT, SHORT_REWORDED], ["removed 1>None", "added None>2"]),
        ([BARE], [OTHER_BARE], ["removed 1>None", "added None>1"]),  # that neither says more makes them no more alike
        ([BARE], [{**BARE, "criterion": "Weighs the cost and time"}], ["changed 1>1"]),
    ],
)
def test_criteria_are_known_again_though_reworded(before: list[State], after: list[State], expected: list[str]) -> None:
    assert told(before, after) == expected


def test_different_criteria_are_not_one_that_changed() -> None:
    names = list(CRITERIA)
    for name in names:
        for other in names:
            if name != other:
                assert [each.kind for each in criterion_changes(criteria(name), criteria(other))] == [
                    "removed",
                    "added",
                ]


def test_a_criterion_has_both_its_texts_marked() -> None:
    (change,) = criterion_changes([KEY], [KEY_RENAMED])
    assert change.before is not None
    assert change.before.criterion == "Idempotency key"
    assert [(run.kind, run.text) for run in change.criterion_words] == [
        ("removed", "Idempotency"),
        ("added", "Names a"),
        ("same", " key"),
    ]
    assert [(run.kind, run.text) for run in change.description_words] == [("same", KEY["description"])]


def test_a_difference_leads_from_one_state_to_the_other() -> None:
    chance = random.Random(3)
    pool = [KEY, KEY_REWORDED, KEY_RENAMED, INTENT, TIMES, LEDGER, OTHER]
    for _ in range(300):
        before, after = (chance.choices(pool, k=chance.randrange(8)) for _ in range(2))
        changes = criterion_changes(before, after)
        # What stayed in its order, with what moved, changed and was added put in its place, is the later list.
        touched = {change.place_before for change in changes}
        stayed = [each for place, each in enumerate(before, 1) if place not in touched]
        for change in sorted(changes, key=lambda each: each.place_after or 0):
            if change.after and change.place_after:
                stayed.insert(change.place_after - 1, change.after.model_dump())
        assert [(each["criterion"], each["description"]) for each in stayed] == [
            (each["criterion"], each["description"]) for each in after
        ]


def topic(name: str, focus: str = "", **other: Any) -> State:
    made = {"topic": name, "technologies": ["java"], "facet": "x", "skill_level": "Advanced", "question_type": "coding"}
    return {**made, "focus": focus or f"How {name} is done", "work_items": [], **other}


def test_a_job_description_is_compared_by_text_and_topic() -> None:
    before = {
        "enhanced_title": "Engineer",
        "language": "en",
        "notes_for_team": ["Say who approves the budget.", "The pay is missing."],
        "enhanced_description": "## Role\n- Own refunds\n- Own payouts\n",
        "interview_topics": [topic("Refunds"), topic("Kafka consumers"), topic("SQL plans")],
    }
    item = {"field": "work_output", "part": "A ledger"}
    after = {
        "enhanced_title": "Senior Engineer",
        "language": "de",
        "notes_for_team": ["Say who approves the yearly budget."],
        "enhanced_description": "## Role\n- Own payouts\n",
        "interview_topics": [
            topic("SQL plans", technologies=["javascript"], work_items=[item]),
            topic("Refunds"),
            topic("Kafka consumer groups", "How Kafka consumers are done"),
        ],
    }
    found = job_description_difference(before, after)
    assert [(run.kind, run.text) for run in found.changes[1].words if run.kind != "same"] == [
        ("removed", "- Own refunds\n")
    ]
    assert [(each.kind, each.is_moved, each.topic) for each in found.topics] == [
        ("changed", True, "SQL plans"),
        ("changed", False, "Kafka consumer groups"),
    ]
    # Java did not become JavaScript: they are two technologies.
    assert [(each.kind, each.before, each.after) for each in found.topics[0].technologies] == [
        ("removed", "java", None),
        ("added", None, "javascript"),
    ]
    assert [each.after for each in found.topics[0].work_items] == ["work_output: A ledger"]
    assert summary_of(found) == [
        "Title changed from “Engineer” to “Senior Engineer”",
        "Description changed",
        "Language changed from “en” to “de”",
        "Topic “SQL plans”: moved from 3 to 1; 1 technology added; 1 technology removed; "
        "1 part of the WORK inputs added",
        "Topic “Kafka consumer groups”: topic and focus changed",
        "Notes for the team: 1 note removed",
        "Notes for the team: 1 note changed",
    ]
    enhanced = job_description_difference({"enhanced_title": None, "interview_topics": None}, after)
    assert summary_of(enhanced)[0] == "Title set to “Senior Engineer”"
    assert [each.kind for each in enhanced.topics] == ["added"] * 3


def test_a_summary_names_what_changed() -> None:
    edited = question(
        "b",
        question_text="The nightly import takes ten hours. How do you find out why?",
        minutes=8,
        locked=True,
        criteria=[KEY_REWORDED, INTENT, OTHER, TIMES],
        follow_ups=["What if the acquirer is away?"],
        rating_anchors={"low": "Retries.", "mid": "Names one key.", "high": "Compares all sides."},
    )
    found = interview_difference(
        interview("a", "b", "c", "d"), interview("x", "d", edited, "e", interview_name="B" * 90, status="approved")
    )
    assert summary_of(found) == [
        f"Name changed from “Backend” to “{'B' * 59}…”",
        "Status changed from “draft” to “approved”",
        "Question 1 replaced",
        "Question 2: moved from 4",
        "Question 3: locked; text, minutes and rating anchors changed; criterion “Cost” added; "
        "criterion “Reconciliation” removed; criterion “Idempotency key” changed; 1 follow-up removed; "
        "1 follow-up changed",
        "Question 4 replaced",
    ]


def test_a_difference_can_be_sent_and_read_again() -> None:
    found = interview_difference(interview("a", "b"), interview("b", question("c", criteria=[KEY])))
    assert DifferenceView.model_validate_json(found.model_dump_json()) == found
