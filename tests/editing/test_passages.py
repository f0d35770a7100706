"""What a text has taken over from another one, wherever it stands now."""

from __future__ import annotations

import random
import time

import pytest

from techscreen.editing.passages import Cut, common_passages
from techscreen.editing.words import words_at


def kept(before: str, after: str) -> tuple[str, str]:
    """Both texts with their words in capitals that are in no passage; each word of a passage is in one alone."""
    old, new = Cut.of(before), Cut.of(after)
    passages = common_passages(old, new)
    taken = [{place for each in passages for place in range(each.before, each.before + each.length)}]
    taken.append({place for each in passages for place in range(each.after, each.after + each.length)})
    assert len(taken[0]) == len(taken[1]) == sum(each.length for each in passages)
    for each in passages:
        assert old.words[each.before : each.before + each.length] == new.words[each.after : each.after + each.length]
    told = []
    for text, cut, places in ((before, old, taken[0]), (after, new, taken[1])):
        for number, (start, end) in enumerate(cut.places):
            if number not in places:
                text = text[:start] + text[start:end].upper() + text[end:]
        told.append(text)
    return told[0], told[1]


@pytest.mark.parametrize(
    ("before", "after", "marked_before", "marked_after"),
    [
        ("we run eleven clusters", "we run eleven clusters", "we run eleven clusters", "we run eleven clusters"),
        ("", "something new here", "", "SOMETHING NEW HERE"),
        # Moved, wrapped and typed in another way: it is kept.
        (
            "you lead the incident\nyou write things down",
            "- You write\n  things down\n- **You lead** the incident",
            "you lead the incident\nyou write things down",
            "- You write\n  things down\n- **You lead** the incident",
        ),
        # Between passages in order, single words count.
        (
            "you will build great apis for our customers",
            "you build reliable apis for our customers",
            "you WILL build GREAT apis for our customers",
            "you build RELIABLE apis for our customers",
        ),
        # Elsewhere they are the same by chance.
        ("the cat is in the tree", "a dog of the house", "THE CAT IS IN THE TREE", "A DOG OF THE HOUSE"),
        # A line that is the same is no chance, however short.
        ("skills\nkafka\ngo", "go\n\n## Skills\nrust", "skills\nKAFKA\ngo", "go\n\n## Skills\nRUST"),
        # What stands twice is kept once.
        (
            "we pay well every month",
            "we pay well every month. we pay well every month",
            "we pay well every month",
            "we pay well every month. WE PAY WELL EVERY MONTH",
        ),
        # Soft hyphens of pasted texts are not seen.
        (
            "respon\xadsible for all payments",
            "Responsible for all payments",
            "respon\xadsible for all payments",
            "Responsible for all payments",
        ),
    ],
)
def test_words_are_kept_wherever_they_stand(before: str, after: str, marked_before: str, marked_after: str) -> None:
    assert kept(before, after) == (marked_before, marked_after)


def test_languages_without_spaces_are_compared_sign_by_sign() -> None:
    before = "監視と障害対応を担当します。毎月の改善計画を作ります。"
    after = "## 仕事\n毎月の改善計画を作ります。監視と障害対応を担当します。"
    old, new = Cut.of(before), Cut.of(after)

    passages = common_passages(old, new)

    assert sum(each.length for each in passages) == len(old.words)
    assert len(new.words) - len(old.words) == len("仕事")


def test_marks_are_no_words_and_places_are_those_of_the_text() -> None:
    text = "## _Wir_ zahlen 1.500 € (brutto)!"
    assert [text[start:end] for start, end in words_at(text)] == ["Wir", "zahlen", "1.500", "brutto"]


@pytest.mark.parametrize("kind", ["shuffled", "repeated", "one word", "no spaces"])
def test_long_texts_take_no_long_time(kind: str) -> None:
    chance = random.Random(7)
    words = [f"w{chance.randrange(600)}" for _ in range(2_800)]
    lines = [" ".join(words[place : place + 14]) for place in range(0, len(words), 14)]
    before = {
        "shuffled": "\n".join(lines),
        "repeated": "\n".join(lines[:10] * 20),
        "one word": "word " * 3_000,
        "no spaces": "".join(chance.choice("設計運用監視障害対応改善計画品質保証") for _ in range(4_000)),
    }[kind]
    pieces = before.split("\n")
    chance.shuffle(pieces)

    began = time.process_time()
    common_passages(Cut.of(before), Cut.of("\n".join(pieces)))

    assert time.process_time() - began < 2
