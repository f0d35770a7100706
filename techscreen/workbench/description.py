"""A job description as its page shows it: a stored view comes in; marked texts, notes and figures go out."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from techscreen.operations.description_comparison import Comparison, comparison_of
from techscreen.schemas.generation import FindingView, JobDescriptionView
from techscreen.text.reading import Seen
from techscreen.workbench.marked_text import Change, Found, marked_markdown, marked_plain

PLACES: Mapping[str, str] = {
    "enhanced_title": "title",
    "enhanced_description": "description",
    "basic_title": "title as sent",
    "basic_description": "description as sent",
    "basic_department": "department",
    "basic_level": "level",
    "work_output": "WORK output",
    "work_role": "WORK role",
    "work_knowledge": "WORK knowledge",
    "work_competencies": "WORK competencies",
}
_ORDER = {field: place for place, field in enumerate(PLACES)}


@dataclass(frozen=True)
class PlaceOfNote:
    """Words that a note is about.

    Attributes:
        word: them.
        name: the id of their place on the page; None if they are not seen there.
    """

    word: str
    name: str | None


@dataclass(frozen=True)
class Note:
    """What several findings have in common, and their places.

    Attributes:
        number: as it stands beside the words.
        finding: one of them.
        places: all of them, by the text that they are in, in plain words.
    """

    number: int
    finding: FindingView
    places: Mapping[str, Sequence[PlaceOfNote]]


@dataclass(frozen=True)
class DescriptionTexts:
    """The texts of a job description as a page shows them.

    Attributes:
        titles: before and after.
        before: the description as sent.
        as_sent: the same to the letter, where it has mark-up; else None.
        after: the enhanced description; None if there is none.
        work: the WORK inputs that were given, by field.
        notes: what was found in all of them.
        comparison: what became of the description; None if it is not enhanced.
    """

    titles: tuple[Markup, Markup | None]
    before: Markup
    as_sent: str | None
    after: Markup | None
    work: Mapping[str, Markup]
    notes: Sequence[Note]
    comparison: Comparison | None


def texts_of(
    view: JobDescriptionView, before: Seen, *, marks_changes: bool | None, is_edited: bool = False
) -> DescriptionTexts:
    """All texts of a job description.

    Args:
        before: the description as a person reads it.
        marks_changes: whether changed words are marked; None: where that helps.
        is_edited: whether a form stands in the place of the enhanced texts.
    """
    comparison = None if is_edited else comparison_of(view)
    is_marked = comparison is not None and (comparison.is_much_the_same if marks_changes is None else marks_changes)
    notes, found = _notes(view, before, _EDITED if is_edited else frozenset())
    enhanced = view.enhanced_jd
    removed: tuple[Change, ...] = ()
    added: tuple[Change, ...] = ()
    if comparison and is_marked:
        removed = tuple(Change(each.start, each.end, each.kind) for each in comparison.removed)
        added = tuple(Change(each.start, each.end, each.kind) for each in comparison.added)
    basic = view.basic_jd
    return DescriptionTexts(
        titles=(
            marked_plain(basic.title, (), found.get("basic_title", ())),
            marked_plain(enhanced.title, (), found.get("enhanced_title", ())) if enhanced else None,
        ),
        before=marked_plain(before.text, removed, found.get("basic_description", ())),
        as_sent=basic.description if before.text.split() != basic.description.split() else None,
        after=(
            marked_markdown(enhanced.description, added, found.get("enhanced_description", ())) if enhanced else None
        ),
        work={
            field: marked_plain(text, (), found.get(field, ()))
            for field, text in dict(view.work_inputs).items()
            if text
        },
        notes=notes,
        comparison=comparison,
    )


def _notes(
    view: JobDescriptionView, before: Seen, unseen: frozenset[str]
) -> tuple[list[Note], dict[str, tuple[Found, ...]]]:
    """The findings by what they say, those of the enhanced texts first; and their places by field."""
    findings = view.quality.findings if view.quality else []
    in_order = sorted(findings, key=lambda each: (_ORDER.get(each.field, len(_ORDER)), each.field, each.start))
    alike: dict[tuple[str, ...], list[FindingView]] = {}
    for each in in_order:
        said = each.kind, each.category, each.reason, each.suggestion, each.found_by
        alike.setdefault(said, []).append(each)
    notes: list[Note] = []
    found: dict[str, list[Found]] = {}
    for number, these in enumerate(alike.values(), 1):
        places: dict[str, list[PlaceOfNote]] = {}
        for index, each in enumerate(these, 1):
            start, end = _span(each, before)
            name = f"at-{number}-{index}" if end > start and each.field in _SHOWN - unseen else None
            if name:
                found.setdefault(each.field, []).append(Found(start, end, number, name))
            places.setdefault(place_words(each.field), []).append(PlaceOfNote(each.word, name))
        notes.append(Note(number, these[0], places))
    return notes, {field: tuple(places) for field, places in found.items()}


_SHOWN = frozenset(PLACES) - {"basic_department", "basic_level"}
_EDITED = frozenset({"enhanced_title", "enhanced_description"})


def _span(finding: FindingView, before: Seen) -> tuple[int, int]:
    """Where a finding is in the text that is shown."""
    if finding.field != "basic_description":
        return finding.start, finding.end
    if finding.kind == "markup":  # it is not seen there
        return 0, 0
    return bisect_right(before.ends, finding.start), bisect_left(before.starts, finding.end)


def place_words(path: str) -> str:
    """Where something is, in plain words."""
    topic = re.match(r"(?:interview_)?topics\[(\d+)\]", path)
    if topic:
        return f"topic {int(topic[1]) + 1}"
    return PLACES.get(path, path.replace("_", " "))
