"""What makes an answer of Claude usable: the checks that a schema cannot express.

Each check returns sentences that say what is wrong, worded so that they can be sent back to Claude. They name
places and quote nothing but the few fixed words of a prohibited question, for they also reach logs and callers.
An empty list means that the answer can be delivered.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from prohibited_subjects import prohibited_subject
from prompts import EnhancedDescription, InterviewQuestion, InterviewTopic, PlannedTopics

FEWEST_TOPICS, MOST_TOPICS = 6, 8
FEWEST_CRITERIA, MOST_CRITERIA = 8, 10
FEWEST_FOLLOW_UPS, MOST_FOLLOW_UPS = 2, 3
LONGEST_NAME = 255
LONGEST_QUESTION = 4_000
LONGEST_DESCRIPTION = 40_000
LONGEST_CRITERION_WORDS = 8
# Two questions that share this part of their letter trigrams ask the same in other words. Exemplary
# questions of one interview share a quarter at the most.
ALIKE = 0.6

LANGUAGE_TAG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")


def enhancement_problems(answer: EnhancedDescription) -> list[str]:
    """What is wrong with a rewritten job description and its topics."""
    problems = topic_problems(answer)
    problems += _text_problems("enhanced_title", answer.enhanced_title, LONGEST_NAME)
    problems += _text_problems("enhanced_description", answer.enhanced_description, LONGEST_DESCRIPTION)
    return problems


def topic_problems(answer: PlannedTopics) -> list[str]:
    """What is wrong with a list of interview topics."""
    problems = []
    if len(answer.language) > 35 or not LANGUAGE_TAG.fullmatch(answer.language):
        problems.append("language must be a BCP 47 tag such as en or de.")
    count = len(answer.interview_topics)
    if not FEWEST_TOPICS <= count <= MOST_TOPICS:
        problems.append(f"There must be {FEWEST_TOPICS} to {MOST_TOPICS} interview_topics, not {count}.")
    problems += _repeated("interview_topics", [topic.topic for topic in answer.interview_topics])
    for number, topic in enumerate(answer.interview_topics, start=1):
        problems += [f"Topic {number}: {problem}" for problem in _one_topic_problems(topic)]
    return problems


def question_problems(answer: InterviewQuestion) -> list[str]:
    """What is wrong with an interview question, its criteria, follow-ups and anchors."""
    problems = _text_problems("question_text", answer.question_text, LONGEST_QUESTION)
    count = len(answer.criteria)
    if not FEWEST_CRITERIA <= count <= MOST_CRITERIA:
        problems.append(f"There must be {FEWEST_CRITERIA} to {MOST_CRITERIA} criteria, not {count}.")
    for number, criterion in enumerate(answer.criteria, start=1):
        problems += _text_problems(f"criterion {number}", criterion.criterion, LONGEST_NAME)
        problems += _text_problems(f"description of criterion {number}", criterion.description, 1_000)
        if len(criterion.criterion.split()) > LONGEST_CRITERION_WORDS:
            problems.append(f"criterion {number} must be a label of 2 to 6 words.")
    problems += _repeated("criteria", [criterion.criterion for criterion in answer.criteria])
    problems += _repeated("descriptions of criteria", [criterion.description for criterion in answer.criteria])

    count = len(answer.follow_ups)
    if not FEWEST_FOLLOW_UPS <= count <= MOST_FOLLOW_UPS:
        problems.append(f"There must be {FEWEST_FOLLOW_UPS} or {MOST_FOLLOW_UPS} follow_ups, not {count}.")
    for number, follow_up in enumerate(answer.follow_ups, start=1):
        problems += _text_problems(f"follow-up {number}", follow_up, 1_000)
    problems += _repeated("follow_ups", answer.follow_ups)

    anchors = answer.rating_anchors.model_dump()
    for name, anchor in anchors.items():
        problems += _text_problems(f"rating anchor {name}", anchor, 2_000)
    problems += _repeated("rating_anchors", list(anchors.values()))

    personal = prohibited_subject(_all_texts(answer))
    if personal:
        problems.append(f"“{personal.word}” asks about the candidate's person. Ask about the work alone.")
    return problems


def alike_question(text: str, others: Iterable[str]) -> str | None:
    """The first of the other question texts that asks the same as this one, or None."""
    own = _trigrams(text)
    for other in others:
        theirs = _trigrams(other)
        if len(own & theirs) >= ALIKE * len(own | theirs):
            return other
    return None


def _one_topic_problems(topic: InterviewTopic) -> list[str]:
    problems = _text_problems("topic", topic.topic, LONGEST_NAME)
    problems += _text_problems("facet", topic.facet, LONGEST_NAME)
    problems += _text_problems("focus", topic.focus, 2_000)
    if not topic.work_items:
        problems.append("work_items must name at least one part of the requisition.")
    personal = prohibited_subject([topic.topic, topic.facet, topic.focus])
    if personal:
        problems.append(f"“{personal.word}” is about the candidate's person. Choose a topic of the work.")
    return problems


def _text_problems(name: str, text: str, longest: int) -> list[str]:
    if not text.strip():
        return [f"{name} is blank."]
    if "\0" in text:
        return [f"{name} contains a NUL character."]
    if len(text) > longest:
        return [f"{name} has {len(text)} characters; at most {longest} are allowed."]
    return []


def _repeated(name: str, texts: Sequence[str]) -> list[str]:
    first: dict[str, int] = {}
    repeated = []
    for number, text in enumerate(texts, start=1):
        key = " ".join(re.findall(r"\w+", text.casefold()))
        if key and key in first:
            repeated.append(f"{name}: number {number} repeats number {first[key]}.")
        first.setdefault(key, number)
    return repeated


def _all_texts(answer: InterviewQuestion) -> list[str]:
    texts = [answer.question_text, *answer.follow_ups, *answer.rating_anchors.model_dump().values()]
    for criterion in answer.criteria:
        texts += [criterion.criterion, criterion.description]
    return texts


def _trigrams(text: str) -> set[str]:
    letters = " ".join(re.findall(r"\w+", text.casefold()))
    return {letters[i : i + 3] for i in range(max(1, len(letters) - 2))}
