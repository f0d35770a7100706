"""A job description before and after: which of its words were kept, wherever they stand now, and which are new.

Stored texts come in; places of words go out, for a page that marks them, with figures for people.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import Literal

from prompts import EnhanceDescription
from techscreen.editing.passages import Cut, common_passages
from techscreen.offline.description import ordered_description
from techscreen.schemas.generation import JobDescriptionView
from techscreen.text.language import language_of
from techscreen.text.page import readable
from techscreen.text.reading import Seen, decode

# Of words after the enhancement: from the description or the WORK inputs, or from neither.
Origin = Literal["description", "work", "new"]
MarkKind = Literal["removed", "added", "work"]
_KINDS: tuple[tuple[Origin, MarkKind], ...] = (("new", "added"), ("work", "work"))
# From this part on that was kept, marks show the changes.
MOST_KEPT = 0.4


@dataclass(frozen=True)
class MarkedPlace:
    """Words in a row that are marked: from where to where in their text, and as what."""

    start: int
    end: int
    kind: MarkKind


@dataclass(frozen=True)
class Comparison:
    """What became of a description.

    Attributes:
        before: the description as a person reads it, without mark-up.
        removed: its words that are not in the enhanced one. Places in `before`.
        added: words of the enhanced one that are not in the description; those of the WORK inputs are told apart.
            Places in its Markdown.
        words_before, words_kept: words of the description, and how many of them are in the enhanced one.
        words_after, words_new, words_of_work: words of the enhanced one; those from neither text, and those from the
            WORK inputs.
    """

    before: Seen
    removed: Sequence[MarkedPlace]
    added: Sequence[MarkedPlace]
    words_before: int
    words_kept: int
    words_after: int
    words_new: int
    words_of_work: int

    @property
    def share_kept(self) -> float:
        """Which part of the description was kept."""
        return self.words_kept / max(self.words_before, 1)

    @property
    def is_much_the_same(self) -> bool:
        """Whether marks show the changes: where nearly all is another text, they only disturb."""
        return self.share_kept >= MOST_KEPT and self.words_new <= self.words_after / 2


def comparison_of(view: JobDescriptionView) -> Comparison | None:
    """What became of a job description; None if it is not enhanced."""
    if view.enhanced_jd is None:
        return None
    work = tuple(text for text in dict(view.work_inputs).values() if text)
    return _compared(view.basic_jd.description, work, view.enhanced_jd.description)


@lru_cache(maxsize=16)
def _compared(basic: str, work: tuple[str, ...], enhanced: str) -> Comparison:
    before, after = readable(basic), decode(enhanced)
    old, new = Cut.of(before.text), Cut.of(after.text)
    kept = bytearray(len(old.words))
    origins: list[Origin] = ["new"] * len(new.words)
    for passage in common_passages(old, new):
        kept[passage.before : passage.before + passage.length] = b"\1" * passage.length
        origins[passage.after : passage.after + passage.length] = ["description"] * passage.length
    # What is left may be from the WORK inputs. Words that are taken become ones that no text has.
    left = [word if origin == "new" else "\0" for word, origin in zip(new.words, origins, strict=True)]
    for passage in common_passages(Cut.of("\n".join(readable(text).text for text in work)), Cut(left, [], [])):
        origins[passage.after : passage.after + passage.length] = ["work"] * passage.length
    return Comparison(
        before=before,
        removed=[MarkedPlace(start, end, "removed") for start, end in _runs(old.places, kept, 0)],
        added=[
            MarkedPlace(after.starts[start], after.ends[end - 1], kind)
            for origin, kind in _KINDS
            for start, end in _runs(new.places, origins, origin)
        ],
        words_before=len(old.words),
        words_kept=sum(kept),
        words_after=len(new.words),
        words_new=origins.count("new"),
        words_of_work=origins.count("work"),
    )


def _runs(places: Sequence[tuple[int, int]], values: Sequence[object], wanted: object) -> Iterator[tuple[int, int]]:
    """From where to where words in a row have the value."""
    for value, run in groupby(range(len(places)), key=lambda place: values[place]):
        if value == wanted:
            here = list(run)
            yield places[here[0]][0], places[here[-1]][1]


def beginning_by_hand(view: JobDescriptionView) -> str:
    """What somebody begins with who enhances a description by hand: its own words under headings."""
    basic = view.basic_jd
    given = EnhanceDescription(
        basic_title=basic.title,
        basic_description=basic.description,
        basic_department=basic.department,
        basic_level=basic.level,
        **dict(view.work_inputs),
    )
    return ordered_description(given, language_of([basic.description]) or "en")
