"""The checks of criteria that Claude suggests for a question: each by itself, and beside those that the question has.

Criteria and their question come in; violations and findings go out, see `answers.py`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from prompts import Criterion, InterviewQuestion
from techscreen.checks.answers import MAX_CRITERIA, MAX_NAME, is_worth_another_call, text_violations, violation_of
from techscreen.checks.findings import Severity, Violation
from techscreen.checks.markdown_safety import markup_violations
from techscreen.checks.questions import Place, PlacedFinding, places_of, question_findings

MAX_DESCRIPTION = 1_000
_PATH = re.compile(r"criteria\[(\d+)\]\.(\w+)")


@dataclass(frozen=True)
class CheckedText:
    """A text of a suggested criterion, with its path among the suggestions, and what was found in it."""

    place: Place
    findings: tuple[PlacedFinding, ...]


def suggestion_violations(
    suggested: Sequence[Criterion],
    count: int,
    question: InterviewQuestion,
    names: Collection[str] = (),
    language: str | None = None,
) -> list[Violation]:
    """What is wrong with suggested criteria.

    Args:
        suggested: the criteria.
        count: how many were asked for.
        question: as the interview has it, with its own criteria.
        names: those of the employer, its products and people, which no criterion should contain.
        language: BCP 47 tag of the language that they should be in.
    """
    if not suggested:
        return [Violation("counts", f"There must be {count} criteria, not 0.")]
    violations = []
    if len(suggested) != count:
        sentence = f"There must be {count} criteria, not {len(suggested)}."
        violations.append(Violation("counts", sentence, Severity.TOLERABLE))
    for number, criterion in enumerate(suggested[:MAX_CRITERIA], start=1):
        violations += text_violations(f"criterion {number}", criterion.criterion, MAX_NAME)
        violations += text_violations(f"description of criterion {number}", criterion.description, MAX_DESCRIPTION)
    if any(violation.is_fatal for violation in violations):
        return violations  # what is too long is not read closely
    new = new_criteria(suggested, question)
    if len(new) < len(suggested):
        sentence = "No criterion may repeat another one or one of `criteria` in the brief."
        violations.append(Violation("repeated", sentence, Severity.TOLERABLE))
    for text in checked_texts(new, question, names, language):
        violations += markup_violations(text.place.name, text.place.text)
        violations += [violation_of(each) for each in text.findings if is_worth_another_call(each)]
    return violations


def new_criteria(suggested: Sequence[Criterion], question: InterviewQuestion) -> list[Criterion]:
    """Those that repeat neither each other nor a criterion of the question, word for word; at most MAX_CRITERIA."""
    seen = {key for criterion in question.criteria for key in _keys(criterion)}
    new = []
    for criterion in suggested[:MAX_CRITERIA]:
        keys = _keys(criterion)
        if seen.isdisjoint(keys):
            new.append(criterion)
        seen.update(keys)
    return new


def checked_texts(
    suggested: Sequence[Criterion],
    question: InterviewQuestion,
    names: Collection[str] = (),
    language: str | None = None,
) -> list[CheckedText]:
    """Each text of suggested criteria with what is found in it, also beside the criteria of the question."""
    together = question.model_copy(update={"criteria": [*question.criteria, *suggested]})
    found = question_findings(together, names, language)
    texts = []
    for place in places_of(together):
        at = _PATH.fullmatch(place.path)
        number = int(at[1]) - len(question.criteria) if at else -1
        if at is None or number < 0:
            continue
        path, name = f"criteria[{number}].{at[2]}", place.name.rpartition(" ")[0] + f" {number + 1}"
        ours = replace(place, path=path, name=name)
        texts.append(CheckedText(ours, tuple(replace(each, place=ours) for each in found if each.place == place)))
    return texts


def _keys(criterion: Criterion) -> set[str]:
    """Label and description in small letters, without punctuation."""
    texts = (" ".join(re.findall(r"\w+", text.casefold())) for text in criterion.model_dump().values())
    return {text for text in texts if text}
