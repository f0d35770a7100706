"""What makes an answer of Claude usable: the checks that a schema cannot express.

Each check returns problems, whose sentences can be sent back to Claude. They name places and quote nothing but
words of our own lists, for they also reach logs and callers. An empty list means that the answer can be delivered.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from functools import lru_cache

from findings import Finding, Problem
from form_text import alike
from injected_instructions import instruction_findings
from job_wording import wording_findings
from prohibited_subjects import prohibited_subject
from prompts import Criterion, EnhancedDescription, InterviewQuestion, InterviewTopic, PlannedTopics, RatingAnchors
from question_form import form_problems, holds_name, places_of

FEWEST_TOPICS, MOST_TOPICS = 6, 8
FEWEST_CRITERIA, MOST_CRITERIA = 8, 10
FEWEST_FOLLOW_UPS, MOST_FOLLOW_UPS = 2, 3
LONGEST_NAME = 255
LONGEST_QUESTION = 4_000
LONGEST_DESCRIPTION = 40_000
MOST_WORK_ITEMS, LONGEST_QUOTE, LONGEST_TECHNOLOGY = 12, 500, 60
MOST_FINDINGS = 20
# Two questions that share this part of their letter trigrams ask the same in other words. Exemplary
# questions of one interview share a quarter at the most.
ALIKE = 0.6

LANGUAGE_TAG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")


def enhancement_problems(answer: EnhancedDescription, names: Collection[str] = ()) -> list[Problem]:
    """What is wrong with a rewritten job description and its topics; nothing if there is no job to describe.

    Args:
        answer: the description and the topics.
        names: as for `topic_problems`.
    """
    if answer.reads_as != "job":
        return []
    problems = topic_problems(answer, names)
    problems += _text_problems("enhanced_title", answer.enhanced_title, LONGEST_NAME)
    problems += _text_problems("enhanced_description", answer.enhanced_description, LONGEST_DESCRIPTION)
    problems += _wording_problems("enhanced_title", answer.enhanced_title)
    problems += _wording_problems("enhanced_description", published(answer.enhanced_description)[:LONGEST_DESCRIPTION])
    return problems


def topic_problems(answer: PlannedTopics, names: Collection[str] = ()) -> list[Problem]:
    """What is wrong with a list of interview topics; nothing if there is no job to interview for.

    Args:
        answer: the topics.
        names: of the employer, its products and people, which no topic should hold.
    """
    if answer.reads_as != "job":
        return []
    problems = []
    if len(answer.language) > 35 or not LANGUAGE_TAG.fullmatch(answer.language):
        problems.append(Problem("topics", "language must be a BCP 47 tag such as en or de."))
    count = len(answer.interview_topics)
    if not FEWEST_TOPICS <= count <= MOST_TOPICS:
        problems.append(
            Problem("topics", f"There must be {FEWEST_TOPICS} to {MOST_TOPICS} interview_topics, not {count}.")
        )
    problems += _repeated("interview_topics", [topic.topic for topic in answer.interview_topics])
    for number, topic in enumerate(answer.interview_topics, start=1):
        problems += [
            replace(problem, sentence=f"Topic {number}: {problem.sentence}")
            for problem in _one_topic_problems(topic, names)
        ]
    return problems


def question_problems(answer: InterviewQuestion, names: Collection[str] = ()) -> list[Problem]:
    """What is wrong with an interview question, its criteria, follow-ups and anchors.

    Args:
        answer: the question.
        names: of the employer, its products and people, which no question may hold.
    """
    problems = _text_problems("question_text", answer.question_text, LONGEST_QUESTION)
    problems += _count_problems("criteria", len(answer.criteria), FEWEST_CRITERIA, MOST_CRITERIA)
    for number, criterion in enumerate(answer.criteria, start=1):
        problems += _text_problems(f"criterion {number}", criterion.criterion, LONGEST_NAME)
        problems += _text_problems(f"description of criterion {number}", criterion.description, 1_000)
    problems += _repeated("criteria", [criterion.criterion for criterion in answer.criteria])
    problems += _repeated("descriptions of criteria", [criterion.description for criterion in answer.criteria])

    problems += _count_problems("follow_ups", len(answer.follow_ups), FEWEST_FOLLOW_UPS, MOST_FOLLOW_UPS)
    for number, follow_up in enumerate(answer.follow_ups, start=1):
        problems += _text_problems(f"follow-up {number}", follow_up, 1_000)
    problems += _repeated("follow_ups", answer.follow_ups)

    anchors = answer.rating_anchors.model_dump()
    for name, anchor in anchors.items():
        problems += _text_problems(f"rating anchor {name}", anchor, 2_000)
    problems += _repeated("rating_anchors", list(anchors.values()))

    for place, text in places_of(answer):
        problems += _personal_problems(place, text)
        if instruction_findings(text):
            problems.append(Problem("instruction", f"{place} repeats an instruction of the material. Leave it out."))
    return problems + form_problems(answer, names)


def published(description: str) -> str:
    """A description without the note to the hiring team that may end it, which may speak of what was wrong."""
    lines = description.rstrip().split("\n")
    while len(lines) > 1 and lines[-1].lstrip().startswith(">"):
        lines.pop()
    return "\n".join(lines)


def warm_up() -> None:
    """Have all expressions of the checks compiled, which takes up to a second, before the first answer needs them."""
    for text in ("What would you do next, and why do you think so?", "Was würden Sie tun?", "¿Qué haría usted?"):
        criterion = Criterion(criterion="Next step", description=text)
        anchors = RatingAnchors(low=text, mid=text, high=text)
        question_problems(
            InterviewQuestion(question_text=text, criteria=[criterion], follow_ups=[text], rating_anchors=anchors)
        )
        findings_in(text)


def not_to_be_asked(answer: InterviewQuestion, names: Collection[str]) -> bool:
    """Whether a question that exists already is about the candidate's person, or holds an instruction or a name."""
    return any(
        _personal_problems(place, text) or instruction_findings(text) or holds_name(text, names)
        for place, text in places_of(answer)
    )


@lru_cache(maxsize=32)  # what has passed a check is reported on soon after
def findings_in(text: str) -> tuple[Finding, ...]:
    """Wording that leaves people out, prohibited subjects and instructions in a text, in their order.

    At most MOST_FINDINGS of each kind: somebody with so many does not need them all.
    """
    kinds: dict[str, list[Finding]] = {}
    for finding in [*wording_findings(text), *instruction_findings(text)]:
        kinds.setdefault(finding.kind, []).append(finding)
    kept = [finding for found in kinds.values() for finding in found[:MOST_FINDINGS]]
    return tuple(sorted(kept, key=lambda finding: finding.start))


def alike_question(text: str, others: Iterable[str]) -> str | None:
    """The first of the other question texts that asks the same as this one, or None."""
    return next((other for other in others if alike(text, other) >= ALIKE), None)


def _one_topic_problems(topic: InterviewTopic, names: Collection[str]) -> list[Problem]:
    problems = _text_problems("topic", topic.topic, LONGEST_NAME)
    problems += _text_problems("facet", topic.facet, LONGEST_NAME)
    problems += _text_problems("focus", topic.focus, 2_000)
    if not topic.work_items:
        problems.append(Problem("topics", "work_items must name at least one part of the requisition."))
    if len(topic.work_items) > MOST_WORK_ITEMS or any(len(item.part) > LONGEST_QUOTE for item in topic.work_items):
        sentence = f"work_items has at most {MOST_WORK_ITEMS} items of at most {LONGEST_QUOTE} characters."
        problems.append(Problem("length", sentence))
    elif any(about_the_person(item.part) for item in topic.work_items):
        sentence = "work_items quotes a demand about the candidate's person. Leave it out."
        problems.append(Problem("prohibited_subject", sentence))
    if any(len(name) > LONGEST_TECHNOLOGY for name in topic.technologies):
        problems.append(Problem("length", f"A name in technologies has at most {LONGEST_TECHNOLOGY} characters."))
    texts = (topic.topic, topic.facet, topic.focus, *topic.technologies)
    problems += _personal_problems("It", "\n".join(texts))
    if any(holds_name(text, names) for text in texts[:3]):
        sentence = "It names the employer, one of its products or a person. Use a neutral word."
        problems.append(Problem("names", sentence, is_tolerable=True))
    if any(instruction_findings(text) for text in texts):
        problems.append(
            Problem("instruction", "It repeats an instruction of the material. Choose a topic of the work.")
        )
    return problems


def about_the_person(text: str) -> bool:
    """Whether words of a requisition demand something of the person that the work does not need."""
    return any(finding.kind == "prohibited_subject" for finding in wording_findings(text))


def _personal_problems(place: str, text: str) -> list[Problem]:
    # The words themselves are not quoted: what is wrong after the last repair is told to callers.
    found = prohibited_subject([text])
    if found is None:
        return []
    subject = found.category.replace("_", " ")
    return [
        Problem(
            "prohibited_subject",
            f"{place} is about the candidate's person ({subject}). Leave that out, and speak of the work alone.",
        )
    ]


def _wording_problems(name: str, text: str) -> list[Problem]:
    """What a job description should not hold. It is delivered all the same, and reported."""
    problems = []
    for finding in findings_in(text):
        if finding.kind == "instruction":
            sentence = f"{name} repeats an instruction of the material. Leave it out."
        else:
            sentence = f"{name}: “{finding.word}”. {finding.reason} {finding.suggestion}"
        problems.append(Problem("wording", sentence, is_tolerable=True))
    return problems


def _count_problems(name: str, count: int, fewest: int, most: int) -> list[Problem]:
    if fewest <= count <= most:
        return []
    span = "or" if most == fewest + 1 else "to"
    return [Problem("counts", f"There must be {fewest} {span} {most} {name}, not {count}.")]


def _text_problems(name: str, text: str, longest: int) -> list[Problem]:
    if not text.strip():
        return [Problem("blank", f"{name} is blank.")]
    if "\0" in text:
        return [Problem("blank", f"{name} contains a NUL character.")]
    if len(text) > longest:
        return [Problem("length", f"{name} has {len(text)} characters; at most {longest} are allowed.")]
    return []


def _repeated(name: str, texts: Sequence[str]) -> list[Problem]:
    first: dict[str, int] = {}
    repeated: list[Problem] = []
    for number, text in enumerate(texts, start=1):
        key = " ".join(re.findall(r"\w+", text.casefold()))
        if key and key in first:
            repeated.append(Problem("repeated", f"{name}: number {number} repeats number {first[key]}."))
        first.setdefault(key, number)
    return repeated
