"""The figures of docs/benchmark.md: `make benchmark` measures them and writes them there.

The material and the starter library come in; tables go out. Nothing is asked of Claude, and nothing is left to chance.
"""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from config import PRICES, PROJECT_FOLDER
from evals.material import (
    SAMPLES,
    Judged,
    criteria,
    judgements,
    marked_skills,
    planned_topics,
    requisitions,
    scores,
    ticks,
)
from evals.render_prompts import tokens_of_workflow
from evals.separation import QUALITIES, Separation, separation
from evals.without_claude import Covered, interview_topics, served, skills_covered, work_items_covered
from techscreen.cli.terminal import say
from techscreen.library.starter import starter_questions

DOCUMENT = PROJECT_FOLDER / "docs" / "benchmark.md"
BEGIN, END = "<!-- {name} -->", "<!-- end of {name} -->"
LEVELS = ("Foundational", "Intermediate", "Advanced", "Expert")
TYPES = ("technical", "system_design", "coding", "debugging", "behavioral", "situational")
# Tokens that Claude writes in a second, and seconds until the first, as `benchmarks/` assumes them.
TOKENS_A_SECOND, FIRST_TOKEN = 60, 1.0
QUESTIONS = 5


def main() -> None:
    """Measure everything and write it into the document."""
    text = DOCUMENT.read_text(encoding="utf-8")
    for name, table in tables().items():
        begin, end = BEGIN.format(name=name), END.format(name=name)
        before, _, rest = text.partition(begin)
        text = f"{before}{begin}\n{table}\n{end}{rest.partition(end)[2]}"
    DOCUMENT.write_text(text, encoding="utf-8")
    say(f"Written: {DOCUMENT}")


def tables() -> dict[str, str]:
    """All tables by their names in the document."""
    return {
        "library": library_table(),
        "coverage": coverage_table(),
        "judged": judged_table(),
        "served": served_table(),
        "separation": separation_table(),
        "cost": cost_table(),
    }


def library_table() -> str:
    """The starter library: its subjects by level, type and language, and what readers thought of them."""
    by_subject: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for question in starter_questions():
        by_subject[question["subject"]].append(question)
    given = scores()
    heading = [
        "subject",
        "questions",
        *LEVELS,
        *(name.replace("_", " ") for name in TYPES),
        "en",
        "de",
        "es",
        "mean score",
    ]
    rows = []
    for subject, questions in [*sorted(by_subject.items()), ("**all**", [q for qs in by_subject.values() for q in qs])]:
        counts = Counter(
            value
            for question in questions
            for value in (question["skill_level"], question["question_type"], question["language"])
        )
        mean = statistics.fmean(given[question["reference"]].mean for question in questions)
        rows.append(
            [subject, len(questions), *(counts[name] for name in (*LEVELS, *TYPES, "en", "de", "es")), f"{mean:.2f}"]
        )
    lines = Counter[str]()
    for score in given.values():
        lines.update(score.scores)
    means = ", ".join(f"{line.replace('_', ' ')} {total / len(given):.2f}" for line, total in lines.items())
    return f"{_table(heading, rows)}\n\nMean of each line, from 1 to 5: {means}."


def coverage_table() -> str:
    """What the interviews made of the library alone cover, for each requisition."""
    marked = defaultdict(list)
    for skill in marked_skills():
        marked[skill.requisition, skill.reader].append(skill)
    rows: list[list[object]] = []
    of_group: dict[bool, list[list[Covered]]] = {True: [], False: []}
    for name, requisition in requisitions().items():
        asked = interview_topics(requisition)
        figures = [
            work_items_covered(requisition, asked),
            *(skills_covered(requisition, asked, marked[name, reader]) for reader in ("a", "b")),
            skills_covered(
                requisition, asked, [skill for reader in ("a", "b") for skill in marked[name, reader] if skill.must]
            ),
        ]
        is_sample = (SAMPLES / f"{name}.json").exists()
        of_group[is_sample].append(figures)
        rows.append([name if is_sample else f"{name} (not tuned on)", *map(_counted, figures)])
    for is_sample, words in ((True, "**mean of the samples**"), (False, "**mean of the others**")):
        means = []
        for column in zip(*of_group[is_sample], strict=True):
            shares = [each.covered / each.parts for each in column if each.parts]
            means.append(f"**{statistics.fmean(shares):.2f}**")
        rows.append([words, *means])
    heading = ["requisition", "WORK items", "skills, reader A", "skills, reader B", "must-haves, both readers"]
    return _table(heading, rows)


def judged_table() -> str:
    """Which questions of the interviews made without Claude a reader would ask, and which quotes they are about."""
    by_group: dict[bool, list[Judged]] = {True: [], False: []}
    for each in judgements():
        by_group[(SAMPLES / f"{each.requisition}.json").exists()].append(each)
    rows = []
    for is_sample, words in ((True, "samples"), (False, "others")):
        judged = by_group[is_sample]
        claims = [claim for each in judged for claim in each.claims]
        fitting = sum(each.level == "fits" for each in judged)
        asked = sum(each.would_ask for each in judged)
        rows.append(
            [words, f"{asked} of {len(judged)}", f"{fitting} of {len(judged)}", f"{sum(claims)} of {len(claims)}"]
        )
    return _table(["requisitions", "would ask it", "level fits", "quotes that it is about"], rows)


def served_table() -> str:
    """How many of five planned questions the library has at an equal topic and level."""
    known = requisitions()
    counts = {name: served(planned, known[name]) for name, planned in planned_topics().items()}
    total, asked = sum(counts.values()), QUESTIONS * len(counts)
    with_some = sum(count > 0 for count in counts.values())
    tokens = tokens_of_workflow()
    a_question = sum(value for part, value in tokens.items() if part.startswith("five questions")) / QUESTIONS
    saved = total * a_question / (len(counts) * sum(tokens.values()))
    rows = [
        [f"{number} of {QUESTIONS}", sum(count == number for count in counts.values())]
        for number in range(QUESTIONS + 1)
    ]
    return (
        f"{_table(['questions served', 'interviews'], rows)}\n\n{total} of {asked} questions in {len(counts)} "
        f"interviews, in {with_some} of them at least one; that saves {saved:.1%} of the tokens."
    )


def separation_table() -> str:
    """How well our criteria and naive ones tell answers of three qualities apart."""
    found = {"ours": separation(ticks(), "ours"), "naive": separation(ticks(), "naive")}
    words = {by: statistics.fmean(_words(getattr(each, by)) for each in criteria()) for by in ("ours", "naive")}
    rows = [[line, *(of(each) for each in found.values())] for line, of in _LINES]
    rows.append(
        ["words of all criteria of a question, to be read while listening", *(f"{words[by]:.0f}" for by in found)]
    )
    return _table(["", "our criteria", "naive criteria"], rows)


_LINES: list[tuple[str, Callable[[Separation], str]]] = [
    ("all three answers in order", lambda each: f"{each.in_order:.2f}"),
    ("low below mid", lambda each: f"{each.right['low', 'mid']:.2f}"),
    ("mid below high", lambda each: f"{each.right['mid', 'high']:.2f}"),
    ("low below high", lambda each: f"{each.right['low', 'high']:.2f}"),
    ("pairs with as many ticks", lambda each: f"{each.tied:.2f}"),
    ("ticked: low, mid, high", lambda each: ", ".join(f"{each.shares[quality]:.2f}" for quality in QUALITIES)),
    ("criteria that order a pair rightly and none wrongly", lambda each: f"{each.single:.2f}"),
    ("two readers tick alike", lambda each: f"{each.agreement:.2f}"),
    ("the same beyond chance (Cohen's kappa)", lambda each: f"{each.kappa:.2f}"),
]


def cost_table() -> str:
    """What a workflow costs with each model, and about how long it takes, from the size of its prompts and answers."""
    tokens = tokens_of_workflow()
    written = {part: count for part, count in tokens.items() if part.endswith(("answer", "answers"))}
    read, wrote = sum(tokens.values()) - sum(written.values()), sum(written.values())
    rows = [[model, f"{(read * price.input + wrote * price.output) / 1e6:.3f}"] for model, price in PRICES.items()]
    seconds = FIRST_TOKEN + written["enhancement: answer"] / TOKENS_A_SECOND
    sentences = (
        f"{read + wrote:,} tokens, {read:,} read and {wrote:,} written, each a quarter of the characters. At "
        f"{TOKENS_A_SECOND} tokens a second and {FIRST_TOKEN:.0f} s to the first it takes {seconds:.0f} s: the five "
        "questions are written beside the description. From the library alone: 0 tokens."
    )
    return f"{sentences}\n\n{_table(['model', 'US dollars a workflow'], rows)}"


def _words(criteria_of_a_question: Iterable[dict[str, str]]) -> int:
    return sum(len(f"{each['criterion']} {each['description']}".split()) for each in criteria_of_a_question)


def _counted(each: Covered) -> str:
    return f"{each.covered} of {each.parts}" if each.parts else "none stated"


def _table(heading: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    return "\n".join(_rows(heading, rows))


def _rows(heading: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    yield f"| {' | '.join(heading)} |"
    yield f"|{'---|' * len(heading)}"
    for row in rows:
        yield f"| {' | '.join(map(str, row))} |"


if __name__ == "__main__":
    main()
