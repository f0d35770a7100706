"""Which item of a list became which: questions, criteria, follow-ups, topics.

Two lists come in, pairs of places go out, in the order in which people would read them.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Any

from techscreen.editing.sequences import common_pairs
from techscreen.text.similarity import trigram_similarity
from techscreen.text.tokens import words_in

# Two texts are one that was reworded from this likeness. Of 2,000 pairs of criteria of the same question in samples and
# exemplars none reaches it, and one in a hundred reaches 0.27.
REWORDED = 0.4
SAME_PLACE = 0.12  # is added to the likeness of two items in the same place
MAX_COMPARED = 2_500  # pairs of items that are compared by their texts, so that long lists take no long time

Item = Any
Key = Callable[[Item], Hashable]
Texts = Callable[[Item], Sequence[str]]


@dataclass(frozen=True)
class Pair:
    """The places of an item, from 0. `before` is None if it was added, and `after` if it was removed."""

    before: int | None
    after: int | None
    is_moved: bool = False

    @property
    def is_anchor(self) -> bool:
        """Whether it is in both lists, in the same order as the other anchors."""
        return self.before is not None and self.after is not None and not self.is_moved


def paired(
    before: Sequence[Item], after: Sequence[Item], keys: Sequence[Key], texts: Texts | None = None
) -> list[Pair]:
    """All items of both lists, each once.

    Items belong together if they are equal in the first key, else in the next; what is left, if one of its texts is
    reworded. As few as possible count as moved. What was removed stands where it was.
    """
    found: dict[int, int] = {}
    for key in keys:
        _pair_equal(before, after, key, found)
    if texts:
        _pair_reworded([texts(item) for item in before], [texts(item) for item in after], found)
    in_order = sorted(found)
    as_later = [one for _, one in sorted((other, one) for one, other in found.items())]
    kept = {in_order[place] for place, _ in common_pairs(in_order, as_later)}
    return _in_reading_order(len(before), len(after), found, kept)


def with_replacements(pairs: Sequence[Pair]) -> list[Pair]:
    """The pairs, but an item that was removed and one that was added in the same place are a pair."""
    joined: list[Pair] = []
    for is_anchor, group in groupby(pairs, key=lambda pair: pair.is_anchor):
        here = list(group)
        if not is_anchor:
            removed = [pair for pair in here if pair.after is None]
            added = [pair for pair in here if pair.before is None]
            replaced = {new: Pair(old.before, new.after) for old, new in zip(removed, added, strict=False)}
            here = [replaced.get(pair, pair) for pair in here if pair.after is not None] + removed[len(added) :]
        joined += here
    return joined


def _pair_equal(before: Sequence[Item], after: Sequence[Item], key: Key, found: dict[int, int]) -> None:
    old = [(place, key(item)) for place, item in enumerate(before) if place not in found]
    taken = set(found.values())
    new = [(place, key(item)) for place, item in enumerate(after) if place not in taken]
    for one, other in common_pairs([value for _, value in old], [value for _, value in new]):
        found[old[one][0]] = new[other][0]
    taken = set(found.values())
    waiting: dict[Hashable, list[int]] = {}
    for place, value in reversed(new):
        if place not in taken:
            waiting.setdefault(value, []).append(place)
    for place, value in old:
        if place not in found and waiting.get(value):
            found[place] = waiting[value].pop()


def _pair_reworded(before: Sequence[Sequence[str]], after: Sequence[Sequence[str]], found: dict[int, int]) -> None:
    old = [place for place in range(len(before)) if place not in found]
    new = [place for place in range(len(after)) if place not in set(found.values())]
    if len(old) * len(new) > MAX_COMPARED:
        return
    scores = sorted(
        (-_likeness(before[one], after[other]) - SAME_PLACE * (one == other), abs(one - other), one, other)
        for one in old
        for other in new
    )
    taken: set[int] = set()
    for score, _, one, other in scores:
        if -score >= REWORDED and one not in found and other not in taken:
            found[one] = other
            taken.add(other)


def _likeness(before: Sequence[str], after: Sequence[str]) -> float:
    pairs = zip(before, after, strict=True)
    return max((trigram_similarity(*pair) for pair in pairs if all(map(words_in, pair))), default=0.0)


def _in_reading_order(before: int, after: int, found: dict[int, int], kept: set[int]) -> list[Pair]:
    """As the later list has them; what was removed stands behind the last item before it that was kept."""
    gone = {
        start: [Pair(place, None) for place in range(start + 1, end) if place not in found]
        for start, end in pairwise([-1, *sorted(kept), before])
    }
    origins = {place: origin for origin, place in found.items()}
    pairs = [*gone[-1]]
    for place in range(after):
        origin = origins.get(place)
        if origin is None:
            pairs.append(Pair(None, place))
        else:
            pairs.append(Pair(origin, place, is_moved=origin not in kept))
            pairs += gone[origin] if origin in kept else []
    return pairs
