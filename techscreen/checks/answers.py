"""All checks of an answer of Claude's: what a schema cannot express.

An answer comes in, violations go out; their sentences can be sent back to Claude. They name places and quote only words
of our own lists, because they also reach logs and callers. An empty list means that the answer can be delivered.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from prompts import Criterion, EnhancedDescription, InterviewQuestion, InterviewTopic, PlannedTopics, RatingAnchors
from techscreen.checks.entity_names import holds_name
from techscreen.checks.findings import Severity, Violation
from techscreen.checks.markdown_safety import markup_violations
from techscreen.checks.questions import PlacedFinding, places_of, question_findings
from techscreen.checks.requisition_quotes import sound_quotes
from techscreen.checks.stated_level import is_above, stated_level
from techscreen.checks.texts import findings_of, instruction_findings, is_reliable, personal_findings

MIN_TOPICS, MAX_TOPICS = 6, 8
MIN_CRITERIA, MAX_CRITERIA = 8, 10
MIN_FOLLOW_UPS, MAX_FOLLOW_UPS = 2, 3
MAX_NAME = 255
MAX_QUESTION = 4_000
MAX_DESCRIPTION = 40_000
MAX_TECHNOLOGIES, MAX_TECHNOLOGY = 20, 60
MAX_QUOTED = 200  # characters of a finding

# Of twenty questions of careful writers, one was found with one of these, and nearly always wrongly.
REPORTED_ONLY = ("criterion_atomic", "criterion_restates")
LANGUAGE_TAG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")


def enhancement_violations(
    answer: EnhancedDescription, names: Collection[str] = (), requisition: Mapping[str, str | None] | None = None
) -> list[Violation]:
    """What is wrong with a rewritten job description and its topics; empty if Claude found no job to describe.

    Args:
        answer: the description and the topics.
        names, requisition: as for `topic_violations`.
    """
    if answer.reads_as != "job":
        return []
    violations = topic_violations(answer, names, requisition)
    violations += text_violations("enhanced_title", answer.enhanced_title, MAX_NAME)
    violations += text_violations("enhanced_description", answer.enhanced_description, MAX_DESCRIPTION)
    violations += _wording_violations("enhanced_title", answer.enhanced_title[:MAX_NAME], answer.language)
    description = answer.enhanced_description[:MAX_DESCRIPTION]
    violations += _wording_violations("enhanced_description", description, answer.language)
    violations += markup_violations("enhanced_title", answer.enhanced_title[:MAX_NAME])
    violations += markup_violations("enhanced_description", answer.enhanced_description)
    return violations


def topic_violations(
    answer: PlannedTopics, names: Collection[str] = (), requisition: Mapping[str, str | None] | None = None
) -> list[Violation]:
    """What is wrong with a list of interview topics; empty if Claude found no job to interview for.

    Args:
        answer: the topics.
        names: those of the employer, its products and people, which no topic should contain.
        requisition: the texts that the topics must quote, by field. Without it the quotes are not verified.
    """
    if answer.reads_as != "job":
        return []
    violations = []
    tag = answer.language
    if len(tag) > 35 or not LANGUAGE_TAG.fullmatch(tag):
        violations.append(Violation("topics", "language must be a BCP 47 tag such as en or de."))
    count = len(answer.interview_topics)
    if not MIN_TOPICS <= count <= MAX_TOPICS:
        violations.append(
            Violation("topics", f"There must be {MIN_TOPICS} to {MAX_TOPICS} interview_topics, not {count}.")
        )
    if count > 2 * MAX_TOPICS:
        return violations
    violations += _repeated("interview_topics", [topic.topic for topic in answer.interview_topics])
    highest = stated_level(requisition or {})
    for number, topic in enumerate(answer.interview_topics, start=1):
        if is_above(topic.skill_level, highest):
            sentence = f"Topic {number}: skill_level is {topic.skill_level}, and the post is {highest} at most."
            violations.append(Violation("level", sentence, Severity.TOLERABLE))
        violations += [
            replace(violation, sentence=f"Topic {number}: {violation.sentence}")
            for violation in _one_topic_violations(topic, names, requisition, tag)
        ]
    return violations


def question_violations(
    answer: InterviewQuestion,
    names: Collection[str] = (),
    language: str | None = None,
    question_type: str | None = None,
) -> list[Violation]:
    """What is wrong with an interview question, its exhibit, criteria, follow-ups and anchors.

    Args:
        answer: the question.
        names: those of the employer, its products and people, which no question should contain.
        language: BCP 47 tag of the language that it should be in; not checked by default.
        question_type: what limits how much is said aloud; by default as much as in any type.
    """
    violations = text_violations("spoken_text", answer.spoken_text, MAX_QUESTION)
    violations += _count_violations("criteria", len(answer.criteria), MIN_CRITERIA, MAX_CRITERIA)
    for number, criterion in enumerate(answer.criteria, start=1):
        violations += text_violations(f"criterion {number}", criterion.criterion, MAX_NAME)
        violations += text_violations(f"description of criterion {number}", criterion.description, 1_000)
    violations += _repeated("criteria", [criterion.criterion for criterion in answer.criteria])
    violations += _repeated("descriptions of criteria", [criterion.description for criterion in answer.criteria])

    violations += _count_violations("follow_ups", len(answer.follow_ups), MIN_FOLLOW_UPS, MAX_FOLLOW_UPS)
    for number, follow_up in enumerate(answer.follow_ups, start=1):
        violations += text_violations(f"follow-up {number}", follow_up, 1_000)
    violations += _repeated("follow_ups", answer.follow_ups)

    anchors = answer.rating_anchors.model_dump()
    for name, anchor in anchors.items():
        violations += text_violations(f"rating anchor {name}", anchor, 2_000)
    violations += _repeated("rating_anchors", list(anchors.values()))

    # An oversized answer is not read closely, so that none keeps the checks busy.
    is_too_much = len(answer.criteria) > 2 * MAX_CRITERIA or len(answer.follow_ups) > 2 * MAX_FOLLOW_UPS
    if is_too_much or any(violation.check == "length" for violation in violations):
        return violations
    for place in places_of(answer):
        violations += markup_violations(place.name, place.text) if place.is_markdown else []
    return violations + [
        violation_of(each)
        for each in question_findings(answer, names, language, question_type)
        if is_worth_another_call(each)
    ]


def is_worth_another_call(placed: PlacedFinding) -> bool:
    """Whether a question goes back for a finding; all others are only reported, for they are wrong too often."""
    finding = placed.finding
    if finding.kind == "instruction" or (finding.kind == "prohibited_subject" and not placed.place.is_asked):
        return finding.is_certain
    return finding.category not in REPORTED_ONLY


def violation_of(placed: PlacedFinding) -> Violation:
    """A finding as what is sent back. Only what must never reach a candidate is fatal.

    The words themselves are not quoted: callers are told what is still wrong after the last repair.
    """
    finding = placed.finding
    check = finding.category if finding.kind == "form" else finding.kind
    severity = Severity.FATAL if _is_fatal(placed) else Severity.TOLERABLE
    return Violation(check, f"{placed.place.name}: {finding.reason} {finding.suggestion}", severity)


def _is_fatal(placed: PlacedFinding) -> bool:
    """Whether it must never reach a candidate. An exhibit may tell of persons and of attacks, but not ask."""
    finding = placed.finding
    if placed.place.part == "exhibit" and not (finding.kind == "prohibited_subject" and "?" in finding.word):
        return False
    return finding.kind in ("prohibited_subject", "instruction") and finding.is_certain


def warm_up() -> None:
    """Load the models and tables of all checks before the first answer needs them."""
    criterion = Criterion(criterion="Next step", description="Names the next step.")
    anchors = RatingAnchors(low="Guesses.", mid="Looks at one cause.", high="Rules out the causes one by one.")
    text = "What would you do next, and why?"
    question = InterviewQuestion(spoken_text=text, criteria=[criterion], follow_ups=[text], rating_anchors=anchors)
    question_violations(question, ("Pilot",), "en")
    findings_of(text, "jd")


def may_be_lent(
    answer: InterviewQuestion, names: Collection[str], language: str, topic: str, question_type: str
) -> bool:
    """Whether an old question and its topic need no look by anybody before another requisition gets them."""
    has_findings = bool(question_findings(answer, names, language, question_type)) or holds_name(topic, names)
    return not has_findings and not _is_never_asked(topic, language)


def may_be_asked(answer: InterviewQuestion, language: str) -> bool:
    """Whether an old question, which its own requisition got with its findings, may be asked there again."""
    return not any(_is_fatal(each) for each in question_findings(answer, language=language))


def _is_never_asked(text: str, language: str) -> bool:
    """Whether a text is certainly about the candidate's person or an instruction to a model."""
    found = (*personal_findings(text, "criterion"), *instruction_findings(text))
    return any(each.is_certain and is_reliable(each, language) for each in found)


def _one_topic_violations(
    topic: InterviewTopic, names: Collection[str], requisition: Mapping[str, str | None] | None, language: str
) -> list[Violation]:
    violations = text_violations("topic", topic.topic, MAX_NAME)
    violations += text_violations("facet", topic.facet, MAX_NAME)
    violations += text_violations("focus", topic.focus, 2_000)
    if not sound_quotes(topic.work_items, requisition):
        # Unsound quotes are dropped, and a topic can do without any, so this is no reason to lose an answer.
        sentence = (
            "work_items must name at least one part of the requisition, quoted word for word from the field named: "
            "words about the work, no demand about the candidate's person and no instruction."
        )
        violations.append(Violation("quotes", sentence, Severity.TOLERABLE))
    if any("\0" in name for name in topic.technologies):
        violations.append(Violation("blank", "technologies contains a NUL character."))
    if len(topic.technologies) > MAX_TECHNOLOGIES or any(len(name) > MAX_TECHNOLOGY for name in topic.technologies):
        sentence = f"technologies has at most {MAX_TECHNOLOGIES} names of at most {MAX_TECHNOLOGY} characters."
        violations.append(Violation("length", sentence))
    if any(violation.check == "length" for violation in violations):
        return violations  # an oversized topic is not read closely
    texts = (topic.topic, topic.facet, topic.focus, *topic.technologies)
    together = "\n".join(texts)
    if _is_never_asked(together, language):
        sentence = "It is about the candidate's person, or an instruction. Choose a topic of the work."
        violations.append(Violation("prohibited_subject", sentence))
    if any(holds_name(text, names) for text in texts[:3]):
        sentence = "It names the employer, one of its products or a person. Use a neutral word."
        violations.append(Violation("names", sentence, Severity.TOLERABLE))
    return violations


def _wording_violations(name: str, text: str, language: str) -> list[Violation]:
    """What a description should certainly not contain. It is delivered all the same, and reported.

    Biased wording is only reported: of twelve descriptions three were sent back for it, and always wrongly. Years and
    degrees are kept as stated, and the team is told what they are worth.
    """
    return [
        Violation("wording", f"{name}: “{each.word[:MAX_QUOTED]}”. {each.reason} {each.suggestion}", Severity.TOLERABLE)
        for each in findings_of(text, "jd")
        if is_reliable(each, language) and each.is_certain and each.kind != "biased_wording"
    ]


def _count_violations(name: str, count: int, fewest: int, most: int) -> list[Violation]:
    if fewest <= count <= most:
        return []
    span = "or" if most == fewest + 1 else "to"
    return [Violation("counts", f"There must be {fewest} {span} {most} {name}, not {count}.")]


def text_violations(name: str, text: str, longest: int) -> list[Violation]:
    """What keeps a text of an answer from being stored: it is blank, too long, or holds a NUL."""
    if not text.strip():
        return [Violation("blank", f"{name} is blank.")]
    if "\0" in text:
        return [Violation("blank", f"{name} contains a NUL character.")]
    if len(text) > longest:
        return [Violation("length", f"{name} has {len(text)} characters; at most {longest} are allowed.")]
    return []


def _repeated(name: str, texts: Sequence[str]) -> list[Violation]:
    first: dict[str, int] = {}
    repeated: list[Violation] = []
    for number, text in enumerate(texts, start=1):
        key = " ".join(re.findall(r"\w+", text.casefold()))
        if key and key in first:
            repeated.append(Violation("repeated", f"{name}: number {number} repeats number {first[key]}."))
        first.setdefault(key, number)
    return repeated
