"""Two texts as one, with the words marked that were removed and added.

Two texts come in, runs of words go out. The runs are those that people would mark: a word that two long changes happen
to have in common is not left standing alone, and a removed list item begins at its bullet.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal

from techscreen.editing.sequences import common_pairs
from techscreen.schemas.differences import WordsView

# The most pairs of words that are compared, which takes 32 MB: two texts of 16,000 Chinese characters. Larger ones
# are compared by lines.
MAX_COMPARED = 1 << 28
# What two changes of a line have between them is part of them if it is no longer than this, and than either.
MAX_ISLAND = 20  # characters
# Texts that share less than this part of the shorter one are two texts.
MIN_SHARED = 0.25

# Marks belong to the character before them. Thai and Lao, like Chinese and Japanese, have no spaces between words.
_MARKS = (
    r"[\u0300-\u036f\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ece\u200d\u3099\u309a\ufe00-\ufe0f"
    r"\U000e0100-\U000e01ef]*"
)
_ALONE = r"\u0e01-\u0eff\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_PUNCTUATION = r"\x00-/:-@\[-^`{-\xa9\xab-\xb4\xb6-\xb9\xbb-\xbf\u2010-\u2bff\u3000-\u3004\u3008-\u303f\uff00-\uff0f"
_LETTERS = rf"[^\s{_ALONE}{_PUNCTUATION}]+"
_WORD = re.compile(rf"\s+|{_LETTERS}(?:(?:['’]|(?<=\d)[.,](?=\d)){_LETTERS})*|.{_MARKS}", re.DOTALL)
_HAS_LETTER = re.compile(r"[^\W_]")
# The same words alone, without the spaces and marks between them.
_WORD_ALONE = re.compile(rf"(?=[^\W_])(?:{_LETTERS}(?:(?:['’]|(?<=\d)[.,](?=\d)){_LETTERS})*(?<!_)|[{_ALONE}]{_MARKS})")
_LINE = re.compile(r"[^\n]*\n|[^\n]+")


@dataclass
class _Change:
    """What was removed and added at one place: from where to where in the words of the texts before and after."""

    before_start: int
    before_end: int
    after_start: int
    after_end: int

    @property
    def is_one_sided(self) -> bool:
        return self.before_start == self.before_end or self.after_start == self.after_end

    def move_back(self, steps: int) -> None:
        self.before_start -= steps
        self.before_end -= steps
        self.after_start -= steps
        self.after_end -= steps


def marked_words(before: str, after: str) -> list[WordsView]:
    """The runs of words that both texts are made of, in the order of reading; what was removed comes before its
    replacement. Those same and removed together are the text before, those same and added the text after.
    """
    old, new = _cut(before, after)
    changes = _without_islands(_changes(old, new), old, new)
    removed = sum(len("".join(old[change.before_start : change.before_end])) for change in changes)
    if len(before) - removed < MIN_SHARED * min(len(before), len(after)):
        changes = [_Change(0, len(old), 0, len(new))]
    _begin_where_people_would(changes, old, new)
    runs: list[WordsView] = []
    place = 0
    for change in [*changes, _Change(len(old), len(old), len(new), len(new))]:
        _add_run(runs, "same", old[place : change.before_start])
        _add_run(runs, "removed", old[change.before_start : change.before_end])
        _add_run(runs, "added", new[change.after_start : change.after_end])
        place = change.before_end
    return runs


def words_at(text: str) -> Iterator[tuple[int, int]]:
    """The places of the words of a text, without what stands between them. Signs without spaces are a word each."""
    return (found.span() for found in _WORD_ALONE.finditer(text))


def _add_run(runs: list[WordsView], kind: Literal["same", "removed", "added"], words: Sequence[str]) -> None:
    if words:
        runs.append(WordsView(kind=kind, text="".join(words)))


def _cut(before: str, after: str) -> tuple[list[str], list[str]]:
    """Both texts in words, spaces and marks, or in lines if they would take too long."""
    for pattern in (_WORD, _LINE):
        old, new = pattern.findall(before), pattern.findall(after)
        if len(old) * len(new) <= MAX_COMPARED:
            return old, new
    return [before], [after]


def _changes(old: Sequence[str], new: Sequence[str]) -> list[_Change]:
    """What is not common to both: words first, for they say more than the spaces and marks between them."""
    old_words = [place for place, word in enumerate(old) if _HAS_LETTER.search(word)]
    new_words = [place for place, word in enumerate(new) if _HAS_LETTER.search(word)]
    words = common_pairs([old[place] for place in old_words], [new[place] for place in new_words])
    changes = []
    one = other = 0  # the places after the last that are common
    gap_one = gap_other = 0  # the same of words
    for first, second in [*((old_words[a], new_words[b]) for a, b in words), (len(old), len(new))]:
        between = common_pairs(old[gap_one:first], new[gap_other:second])
        for a, b in [*((gap_one + a, gap_other + b) for a, b in between), (first, second)]:
            if a > one or b > other:
                changes.append(_Change(one, a, other, b))
            one, other = a + 1, b + 1
        gap_one, gap_other = first + 1, second + 1
    return changes


def _without_islands(changes: Sequence[_Change], old: Sequence[str], new: Sequence[str]) -> list[_Change]:
    """The same changes, but two of one line are one where a word or two stand between them, shorter than either."""
    old_at = list(accumulate(map(len, old), initial=0))
    new_at = list(accumulate(map(len, new), initial=0))

    def size(change: _Change) -> int:
        return max(
            old_at[change.before_end] - old_at[change.before_start],
            new_at[change.after_end] - new_at[change.after_start],
        )

    joined: list[_Change] = []
    for change in changes:
        while joined:
            last = joined[-1]
            between = old_at[change.before_start] - old_at[last.before_end]
            if between > min(MAX_ISLAND, size(last), size(change)):
                break
            if any("\n" in word for word in old[last.before_end : change.before_start]):
                break
            joined.pop()
            change = _Change(last.before_start, change.before_end, last.after_start, change.after_end)
        joined.append(change)
    return joined


def _begin_where_people_would(changes: Sequence[_Change], old: Sequence[str], new: Sequence[str]) -> None:
    """Let what was only removed or only added begin at the beginning of a line or a sentence, if it can.

    Of a list without its item b, "- b\\n" is missing, though "b\\n- " would do as well.
    """
    free_from = 0  # the place in `old` up to which changes can be moved back
    for change in changes:
        if change.is_one_sided:
            words, start, end = (
                (old, change.before_start, change.before_end)
                if change.before_end > change.before_start
                else (new, change.after_start, change.after_end)
            )
            most = max(0, change.before_start - free_from)
            change.move_back(_best_step(words, start, end, most))
        free_from = change.before_end + 1  # so that no two changes touch


def _best_step(words: Sequence[str], start: int, end: int, most: int) -> int:
    """By how many words the run from start to end should begin earlier. The text stays the same."""
    best, step = 0, 0
    while step < most and words[start - 1 - step] == words[end - 1 - step]:
        step += 1
        if _beginning(words, start - step) > _beginning(words, start - best):
            best = step
    return best


def _beginning(words: Sequence[str], place: int) -> int:
    """How good a place is to begin at: 2 for the beginning of a line, 1 of a sentence, else 0."""
    if place == 0 or words[place - 1].endswith("\n"):
        return 2
    return int(place > 1 and words[place - 1].isspace() and words[place - 2] in tuple(".!?:;"))
