"""What somebody should look at in one text: subjects of the person, biased wording, instructions to a model, bad form.

A text and its kind come in, findings with their places go out. Nothing is asked of Claude or of the database.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Literal

from techscreen.checks.features import VOICES, Features, TextKind, features_of
from techscreen.checks.findings import Finding, FindingKind
from techscreen.checks.hidden_text import hidden_text_findings
from techscreen.checks.models import Found, focus_of, form_of, found_by, language_of_reading, other_labels
from techscreen.checks.sentences import FORM_CHECKS, SENTENCES
from techscreen.text.reading import Reading, read

MAX_FINDINGS = 20
QUOTES = '"“”„«»`'
# The languages of the labelled sentences, by the kind of what is found. In any other a classifier answers by chance.
LANGUAGES = frozenset(("en", "de", "es", "fr", "it", "pt", "nl"))
LEARNT_IN: Mapping[FindingKind, frozenset[str]] = {
    "prohibited_subject": LANGUAGES,
    "instruction": LANGUAGES,
    "biased_wording": frozenset(("en", "de", "es")),
    "form": frozenset(("en", "de", "es")),
}


@lru_cache(maxsize=1024)  # a text that was checked is reported on soon after, and a question may be lent again
def findings_of(text: str, kind: TextKind) -> tuple[Finding, ...]:
    """All findings of a text, in its order; at most MAX_FINDINGS of each kind.

    Of findings that overlap, those about the person come first, then wording, then instructions. A certain instruction
    and the form, which is that of the whole text, stand beside all others.
    """
    reading = read(text)
    features = features_of(reading, kind) if reading.words else None
    found: list[Finding] = []
    forms: list[Finding] = []
    if features is not None:
        found += _sentences("personal", features)
        if kind == "jd":
            found += _beside(found, _wording_findings(features))
        else:
            forms += _form_findings(features, kind)
    instructions = _instructions(reading, features)
    found += [each for each in instructions if each.is_certain]
    found += [*_beside(found, instructions), *forms]
    numbers: Counter[str] = Counter()
    kept = []
    for finding in sorted(found, key=lambda finding: (finding.start, finding.end)):
        numbers[finding.kind] += 1
        if numbers[finding.kind] <= MAX_FINDINGS:
            kept.append(finding)
    return tuple(kept)


def _form_findings(features: Features, kind: TextKind) -> Iterator[Finding]:
    """What is wrong with how a text is put, unless its language is plainly one in which that was not learnt."""
    form = form_of(features, kind)
    if form is not None and language_of_reading(features.reading) in (None, *LEARNT_IN["form"]):
        yield _finding("form", FORM_CHECKS[form.label], features, form.first, form.after, form)


def is_reliable(finding: Finding, language: str | None) -> bool:
    """Whether a finding says anything in a language, a BCP 47 tag: it was learnt in that, or is not learnt at all."""
    is_hidden = finding.kind == "instruction" and finding.category != "instruction"
    if language is None or is_hidden or finding.kind not in LEARNT_IN:
        return True
    return language.split("-", maxsplit=1)[0].lower() in LEARNT_IN[finding.kind]


def personal_findings(text: str, kind: TextKind) -> list[Finding]:
    """The clauses that ask, tick or demand something about the candidate's person; the category is the subject."""
    reading = read(text)
    return _sentences("personal", features_of(reading, kind)) if reading.words else []


def instruction_findings(text: str) -> list[Finding]:
    """The places that seem to instruct a language model instead of describing work, in the order of the text."""
    reading = read(text)
    return _instructions(reading, features_of(reading, "jd") if reading.words else None)


def _instructions(reading: Reading, features: Features | None) -> list[Finding]:
    hidden = hidden_text_findings(reading)
    # All instructions were learnt in the voice of a job description, and mean the same in any other.
    trained = _sentences("instruction", replace(features, voice=VOICES["jd"])) if features is not None else []
    if any(mark in reading.text for mark in QUOTES):  # it may be spoken of, in a question about such attacks
        trained = [replace(each, is_certain=False) for each in trained]
    return sorted([*hidden, *_beside(hidden, trained)], key=lambda finding: finding.start)


def _sentences(family: Literal["personal", "instruction"], features: Features) -> list[Finding]:
    kind: FindingKind = "prohibited_subject" if family == "personal" else "instruction"
    return [
        _finding(kind, found.label or "instruction", features, found.first, found.after, found)
        for found in found_by(family, features)
    ]


def _wording_findings(features: Features) -> list[Finding]:
    findings: list[Finding] = []
    for found in found_by("wording", features):
        for each in [found, *other_labels("wording", features, found)]:
            finding = _finding("biased_wording", each.label, features, *focus_of("wording", features, each), each)
            findings += _beside(findings, [finding])
    return findings


def _finding(kind: FindingKind, category: str, features: Features, first: int, after: int, found: Found) -> Finding:
    start, end = features.reading.place_of(first, after)
    return Finding(
        kind,
        category,
        features.reading.text[start:end],
        *SENTENCES[category],
        start,
        end,
        confidence=found.confidence,
        is_certain=found.is_certain,
    )


def _beside(taken: list[Finding], more: list[Finding]) -> Iterator[Finding]:
    """Those that overlap none of the findings taken already."""
    for finding in more:
        if all(finding.end <= other.start or other.end <= finding.start for other in taken):
            yield finding
