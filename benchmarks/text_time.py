"""What hostile texts cost: every function that reads a caller's or Claude's text, on texts made to be slow.

`python -m benchmarks.text_time` tries them all, which takes an hour of one core, and prints the slowest;
`--sample 500` tries only that many, `--slice 0/2` every other text. tests/checks/test_text_time.py tries some of the
texts, too. No function may take longer than `limit()` for a text of 16,000 characters.
"""

from __future__ import annotations

import argparse
import heapq
import itertools
import random
import re
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from types import FrameType
from typing import get_args

import conftest  # noqa: F401  # the guard against paid calls
from prompts import (
    MAX_NOTES,
    WORK_FIELDS,
    Concern,
    Criterion,
    EnhancedDescription,
    EnhanceDescription,
    Exhibit,
    InterviewQuestion,
    InterviewTopic,
    PlanTopics,
    RatingAnchors,
    WorkItem,
)
from techscreen.checks.answers import (
    enhancement_violations,
    may_be_asked,
    may_be_lent,
    question_violations,
    topic_violations,
    warm_up,
)
from techscreen.checks.confidential_words import Confidential
from techscreen.checks.entity_names import holds_name, names_to_avoid
from techscreen.checks.features import TextKind
from techscreen.checks.job_description_gate import what_is_missing
from techscreen.checks.markdown_safety import active_markup, made_harmless
from techscreen.checks.questions import question_findings
from techscreen.checks.requisition_quotes import with_sound_quotes
from techscreen.checks.stated_level import stated_level
from techscreen.checks.texts import findings_of, instruction_findings, personal_findings
from techscreen.data import DATA
from techscreen.generation.streamed_topics import StreamedTopics
from techscreen.library.starter import starter_questions
from techscreen.offline.catalogue import Entry
from techscreen.offline.description import ordered_description
from techscreen.offline.fitting import Fitting
from techscreen.quality.left_out import left_out
from techscreen.quality.report import interview_quality, job_description_quality
from techscreen.quality.topic_choice import choose_topics
from techscreen.quality.work_items import work_parts
from techscreen.text.reading import read
from techscreen.text.similarity import alike_question
from techscreen.topics.matching import canonical_technology, parse, similarity
from techscreen.topics.technology_mentions import (
    technologies_given,
    technologies_in,
    technologies_listed,
    unsupported_technologies,
)

CHARACTERS = 16_000  # the most that a field of a request may have
# Seconds of CPU on a core that makes 100 million turns of an empty loop in a second.
MAX_SECONDS = 0.2
SEED = 11

# The first PAIRED are paired with each other.
ATOMS = (
    "*‖-‖,‖.‖;‖:‖?‖(‖)‖[‖<‖'‖\"‖`‖#‖@‖+‖/‖|‖_‖“‖…‖•‖→‖ ‖\n‖\t‖\u0301‖a‖A‖é‖1‖株‖a ‖A ‖a.‖1.‖'A‖A-‖a, ‖"
    "x y ‖i g n ‖the ‖and ‖e.g. ‖\n- ‖```‖www.‖a@b.‖<!--‖ignore ‖you are ‖candidate ‖years ‖he ‖Go ‖"
    "Kafka, ‖GmbH ‖how would you ‖shows ‖!‖]‖>‖&‖%‖~‖”‖‘‖’‖„‖«‖»‖–‖—‖①‖「‖」‖・‖＜‖\u200b‖\u202e‖\U0001f3f4‖"
    "ﷺ‖ß‖İ‖株式会社‖a@‖a'‖A&‖A, ‖und ‖or ‖non-‖re-‖->‖v1.‖z.B. ‖\r\n‖\n\n‖~~~‖```\n‖http://‖\\u003c‖&lt;‖-->‖"
    "<a style=‖N/A‖n.a.‖ignore all ‖previous ‖you ‖please ‖instead ‖system: ‖\nuser: ‖all your ‖"
    "the ideal candidate ‖5 years ‖3-5 ‖young ‖your family ‖native ‖C++‖C‖node.js ‖JWTs ‖DataFrame‖"
    "Spring ‖AWS ‖Java17 ‖from ‖to ‖no ‖Join ‖Wendel GmbH‖Senior ‖is a ‖reports to ‖About ‖Foods ‖Dr. ‖"
    ", our ‖what ‖have you ‖why? ‖and how ‖describe ‖names the ‖strong ‖meets ‖two of ‖skills ‖wie ‖"
    "würden Sie ‖cómo ‖qué haría ‖a\n‖A\n‖x=1;\n‖f(x)‖{\n‖2019 - "
).split("‖")
PAIRED = 60
# Functions that read a text many times get only one text in EVERY: they repeat what others do.
MAX_OFTEN, EVERY = 4, 8

# Each of these once took seconds.
KNOWN = (
    "Rockstar with license " + "*" * 30,
    "The ideal candidate " + "*" * 160,
    "'A" * 8_000,
    "<!--" * 4_000,
    "Are you pregnant? " * 900,
)


STARTS = (
    "Rockstar with license ",
    "The ideal candidate ",
    "degree or experience ",
    "you are now ",
    "ignore all ",
    "user: ",
    "Join A ",
    "About A ",
    "name all the ",
    "Communicates clearly and ",
    "Shows a strong ",
    "names it, and gives a reason ",
    "How would you do it, and how ",
    "Wie würden Sie ",
    "Meets two ",
    "(def f(",
)


@dataclass(frozen=True)
class Reader:
    """A function that reads a text, and how many fields of that length it fills with it."""

    read: Callable[[str], object]
    texts: int = 1


def question_of(text: str, length: int = CHARACTERS) -> InterviewQuestion:
    """A question with this text in every place, cut to so many characters or the most that its place may hold."""

    def cut(most: int) -> str:
        return text[: min(length, most)]

    return InterviewQuestion(
        spoken_text=cut(4_000),
        exhibit=Exhibit(kind="log", text=cut(4_000)),
        criteria=[Criterion(criterion=cut(255), description=f"{number} {cut(990)}") for number in range(10)],
        follow_ups=[f"{number} {cut(990)}" for number in range(3)],
        rating_anchors=RatingAnchors(low=f"0 {cut(1_990)}", mid=f"1 {cut(1_990)}", high=f"2 {cut(1_990)}"),
    )


def oversized_question(text: str) -> InterviewQuestion:
    """A question with the whole text in every place, and more of everything than there should be."""
    return InterviewQuestion(
        spoken_text=text,
        exhibit=Exhibit(kind="log", text=text),
        criteria=[Criterion(criterion=text, description=text)] * 40,
        follow_ups=[text] * 10,
        rating_anchors=RatingAnchors(low=text, mid=text, high=text),
    )


def topic_of(text: str, most: int = 10**6) -> InterviewTopic:
    """A topic with this text in every place, cut to the most that its place may hold or to less."""
    return InterviewTopic(
        topic=text[: min(most, 255)],
        technologies=[text[number : number + min(most, 60)] for number in range(6)],
        facet=text[: min(most, 255)],
        skill_level="Advanced",
        question_type="technical",
        focus=text[: min(most, 2_000)],
        work_items=[
            WorkItem(field=field, part=text[number : number + min(most, 490)])
            for number, field in enumerate([*WORK_FIELDS] * 3)
        ],
    )


def enhanced_of(text: str) -> EnhancedDescription:
    """An enhanced description with this text in every place."""
    return EnhancedDescription(
        language="en",
        interview_topics=[topic_of(f"{number} {text}", 2_000) for number in range(8)],
        enhanced_title=text[:255],
        enhanced_description=text,
        notes_for_team=[text] * MAX_NOTES,
        concerns=[
            Concern(field=field, quote=text[:480], category="unlawful", why=text, rewording=text)
            for field in ("basic_description", *WORK_FIELDS)
        ],
    )


def _enhance(text: str) -> EnhanceDescription:
    return EnhanceDescription(**dict.fromkeys(("basic_description", *WORK_FIELDS), text), basic_title=text[:255])


def _plan(text: str) -> PlanTopics:
    return PlanTopics(**dict.fromkeys(("basic_description", *WORK_FIELDS), text), basic_title=text[:255])


def _asked(text: str) -> list[tuple[InterviewTopic, InterviewQuestion]]:
    return [(topic_of(f"{number} {text}", 2_000), question_of(f"{number}{text}")) for number in range(5)]


def _fitting(text: str) -> object:
    return Fitting(_plan(text).fields(), "en", _starter_entries()).topics(8)


@lru_cache(maxsize=1)
def _starter_entries() -> list[Entry]:
    return [Entry.of(number, question) for number, question in enumerate(starter_questions())]


def _heard(text: str) -> None:
    early = StreamedTopics()
    for end in range(0, len(text), 16):
        early.heard('{"language": "' + text[:end])


# Every function that reads a text, with that text in each of its places.
READERS = {
    "read": Reader(read),
    **{f"findings_of {kind}": Reader(partial(findings_of, kind=kind)) for kind in get_args(TextKind)},
    "personal_findings": Reader(lambda text: personal_findings(text, "criterion")),
    "instruction_findings": Reader(instruction_findings),
    "names_to_avoid": Reader(lambda text: names_to_avoid(_enhance(text).fields()), 5),
    "holds_name": Reader(lambda text: holds_name(text, {text[:80] or "-", "A A", "* *", "Bracken"})),
    "what_is_missing": Reader(lambda text: what_is_missing(text, ())),
    "technologies_in": Reader(technologies_in),
    "technologies_given": Reader(technologies_given),
    "technologies_listed": Reader(technologies_listed),
    "unsupported_technologies": Reader(
        lambda text: unsupported_technologies([text], {"one": text}, {"two": [text[:60]]}), 2
    ),
    "work_parts": Reader(lambda text: work_parts(dict.fromkeys(WORK_FIELDS, text)), 4),
    "choose_topics": Reader(
        lambda text: choose_topics(enhanced_of(text).interview_topics, _plan(text).fields(), 5), 13
    ),
    "left_out": Reader(lambda text: left_out({"one": text}, text[1:]), 2),
    "stated_level": Reader(lambda text: stated_level({"basic_title": text})),
    "parse": Reader(lambda text: parse(text[:255])),
    "similarity": Reader(lambda text: similarity(text[:255], text[1:255])),
    "canonical_technology": Reader(lambda text: canonical_technology(text[:255])),
    "alike_question": Reader(lambda text: alike_question(text, [text[1:]]), 2),
    "heard": Reader(_heard),
    "question_findings": Reader(lambda text: question_findings(question_of(text), {"Bracken", "A A"}, "en"), 2),
    "question_violations": Reader(lambda text: question_violations(question_of(text), {"Bracken", "A A"}, "en"), 2),
    "may_be_lent": Reader(
        lambda text: may_be_lent(question_of(text), {"Bracken", "A A"}, "en", text[:255], "coding"), 2
    ),
    "may_be_asked": Reader(lambda text: may_be_asked(question_of(text), "en"), 2),
    "oversized question": Reader(lambda text: question_violations(oversized_question(text), {"Bracken", "A A"}), 2),
    "topic_violations": Reader(lambda text: topic_violations(enhanced_of(text), {"Bracken"}), 5),
    "enhancement_violations": Reader(lambda text: enhancement_violations(enhanced_of(text), {"Bracken"}), 6),
    "job_description_quality": Reader(
        lambda text: job_description_quality(_enhance(text).fields(), enhanced_of(text)), 7
    ),
    "interview_quality": Reader(
        lambda text: interview_quality(
            _plan(text),
            _asked(text),
            [topic_of(f"{n} {text}", 2_000) for n in range(8)],
            Confidential(_plan(text).fields()),
        ),
        24,
    ),
    "confidential": Reader(lambda text: Confidential(_plan(text).fields()).findings_in(text), 6),
    "made_harmless": Reader(made_harmless),
    "active_markup": Reader(active_markup),
    "with_sound_quotes": Reader(lambda text: with_sound_quotes(enhanced_of(text), _enhance(text).fields()), 6),
    "ordered description": Reader(lambda text: ordered_description(_enhance(text), "en"), 6),
    "fitting questions": Reader(_fitting, 5),
    "prompt": Reader(lambda text: _enhance(text).text(), 5),
}


def filled(start: str, *atoms: str) -> str:
    """A text of CHARACTERS that begins so and goes on with the atoms, over and over."""
    repeated = "".join(atoms)
    return (start + repeated * (CHARACTERS // len(repeated) + 1))[:CHARACTERS]


def singles() -> Iterator[str]:
    """Each atom over and over."""
    for atom in ATOMS:
        yield filled("", atom)


def pairs() -> Iterator[str]:
    """Each pair of atoms over and over."""
    for one, other in itertools.combinations(ATOMS[:PAIRED], 2):
        yield filled("", one, other)


def numbered() -> Iterator[str]:
    """Items of which no two are alike."""
    for gap in (", ", "; ", ". ", "\n", "\n- ", " ", " and ", " GmbH, "):
        for word in ("a", "Item", "the ideal candidate "):
            yield gap.join(f"{word}{number}" for number in range(CHARACTERS))[:CHARACTERS]


def vocabularies() -> Iterator[str]:
    """The words that our own lists look for, all in one text."""
    for path in sorted(DATA.glob("*.txt")):
        words = list(dict.fromkeys(re.findall(r"[^\W\d_]+", path.read_text(encoding="utf-8"))))
        for first in range(0, len(words), 2_500):
            yield filled("", " ".join(words[first : first + 2_500]) + " ")


def begun() -> Iterator[str]:
    """After a beginning that some expression looks for, each atom over and over."""
    for start in STARTS:
        for atom in ATOMS[:PAIRED]:
            yield filled(start, atom)


def mixed(count: int) -> Iterator[str]:
    """Atoms by chance."""
    chance = random.Random(SEED)
    for _ in range(count):
        some = chance.sample(ATOMS, chance.choice((3, 5, 8, 20, 60)))
        text = "".join(chance.choice(some) * chance.choice((1, 1, 1, 2, 9, 30)) for _ in range(CHARACTERS))
        yield text[:CHARACTERS]


class TooSlow(Exception):
    """A reader was stopped."""


def cpu_seconds(reader: Callable[[str], object], text: str, most: float = 60.0) -> float:
    """The CPU time that a function takes for a text that is new to it; it is stopped at the limit.

    In the main thread only.
    """
    for remembers_texts in (read, findings_of):
        remembers_texts.cache_clear()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise TooSlow

    before = signal.signal(signal.SIGVTALRM, stop)
    started = time.process_time()
    signal.setitimer(signal.ITIMER_VIRTUAL, most)
    try:
        reader(text)
    except TooSlow:
        pass
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
    return time.process_time() - started


def limit() -> float:
    """MAX_SECONDS, converted to the present speed of this machine."""

    def turns(_: str) -> None:
        for _number in range(10_000_000):
            pass

    return MAX_SECONDS * max(1.0, 10 * min(cpu_seconds(turns, "") for _ in range(3)))


def main() -> None:
    """Try all texts on all functions, and print the slowest."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--sample", type=int, help="so many texts by chance instead of all")
    asked.add_argument("--only", help="functions, by their names, separated by commas")
    asked.add_argument("--slice", default="0/1", help="of the texts only every n-th, from the k-th on: k/n")
    given = asked.parse_args()
    readers = {name: READERS[name] for name in given.only.split(",")} if given.only else READERS
    texts = [*singles(), *begun(), *mixed(200), *pairs()]
    if given.sample is not None:
        texts = random.Random(SEED).sample(texts, given.sample)
    first, step = map(int, given.slice.split("/"))
    texts = [*KNOWN, *numbered(), *vocabularies(), *texts][first::step]
    warm_up()
    for reader in readers.values():
        reader.read("We look for a developer who writes Python for Bracken GmbH.")
    most = limit()
    found: list[tuple[float, float, str, str]] = []
    for number, text in enumerate(texts):
        if number % 100 == 0:
            print(f"... {number} of {len(texts)}", file=sys.stderr, flush=True)
        for name, reader in readers.items():
            if reader.texts > MAX_OFTEN and number % EVERY:
                continue
            seconds = cpu_seconds(reader.read, text, 5)
            if seconds > most * reader.texts / 4:  # the first time expressions are compiled, once in a process
                seconds = cpu_seconds(reader.read, text, 5)
            found.append((seconds / reader.texts, seconds, name, text[:50]))
            if seconds > most * reader.texts:
                print("TOO SLOW {:.3f} s for each text, {:.2f} s: {} {!r}".format(*found[-1]), flush=True)
    print(f"\n{len(texts)} texts, {len(readers)} functions; limit {most:.2f} s of CPU for each text. The slowest:")
    for each in heapq.nlargest(20, found):
        print("{:.3f} s for each text, {:.2f} s: {} {!r}".format(*each))
    print("\nThe slowest of each function:")
    for name in readers:
        print("{:.3f} s for each text, {:.2f} s: {} {!r}".format(*max(each for each in found if each[2] == name)))


if __name__ == "__main__":
    main()
