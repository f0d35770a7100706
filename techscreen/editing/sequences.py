"""What two sequences have in common, in order: of words, of questions, of criteria.

The longest common subsequence is found for all items of a sequence at a time, each being a bit of one large number
(Hyyrö, "Bit-parallel LCS-length computation revisited", 2004). That is some hundred times as fast as comparing item by
item, and as fast for sequences full of repeated items, which difflib takes minutes for.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence


def common_pairs(before: Sequence[Hashable], after: Sequence[Hashable]) -> list[tuple[int, int]]:
    """The places (before, after) of as many equal items as can be paired without crossing, in order.

    Time and memory grow with the product of both lengths, less what is equal at the beginning and the end.
    """
    start = 0
    shorter = min(len(before), len(after))
    while start < shorter and before[start] == after[start]:
        start += 1
    end = 0
    while end < shorter - start and before[-1 - end] == after[-1 - end]:
        end += 1
    middle = _longest(before[start : len(before) - end], after[start : len(after) - end])
    return [
        *((place, place) for place in range(start)),
        *((start + one, start + other) for one, other in middle),
        *((len(before) - place, len(after) - place) for place in range(end, 0, -1)),
    ]


def _longest(before: Sequence[Hashable], after: Sequence[Hashable]) -> list[tuple[int, int]]:
    rows = _rows(before, after)
    pairs = []
    one, other = len(before), len(after)
    while one and other:
        if rows[other - 1] >> (one - 1) & 1:
            one -= 1  # without this item the beginnings have as much in common
        elif other > 1 and not rows[other - 2] >> (one - 1) & 1:
            other -= 1
        else:
            one, other = one - 1, other - 1
            pairs.append((one, other))
    return pairs[::-1]


def _rows(before: Sequence[Hashable], after: Sequence[Hashable]) -> list[int]:
    """For each beginning of `after` a number: its bit i is 0 if item i of `before` makes their common part longer."""
    places: dict[Hashable, int] = {}
    for place, item in enumerate(before):
        places[item] = places.get(item, 0) | 1 << place
    everything = (1 << len(before)) - 1
    row, rows = everything, []
    for item in after:
        hits = row & places.get(item, 0)
        row = (row + hits | row - hits) & everything
        rows.append(row)
    return rows
