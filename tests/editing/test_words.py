"""Two texts as one, with the words marked that were removed and added."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from itertools import pairwise

import pytest

from techscreen.editing import words
from techscreen.editing.sequences import common_pairs
from techscreen.editing.words import marked_words
from tests.support.tables import table

MARKS = {"same": "{}", "removed": "[-{}-]", "added": "[+{}+]"}
PARTS = [
    *[
        "A queue keeps orders.",
        "the ",
        " ",
        "\n",
        "- ",
        "\r\n\r\n",
        "99.9 %",
        "don’t",
        "```",
        "\x00",
        "🙂👩‍💻",
        "e\u0301",
    ],
    *["重试必须幂等。", "データを", "ภาษาไทย", "किताब", "Größe, "],
]
FEW_PARTS = ["A queue keeps orders.", "\n", " ", "- Redis\n"]


def marked(before: str, after: str) -> str:
    runs = marked_words(before, after)
    assert "".join(run.text for run in runs if run.kind != "added") == before
    assert "".join(run.text for run in runs if run.kind != "removed") == after
    assert all(run.text for run in runs)
    assert all(one.kind != other.kind for one, other in pairwise(runs))
    return "".join(MARKS[run.kind].format(run.text) for run in runs)


@table(
    ("before", "after", "expected"),
    [
        ("", "", ""),
        ("Same.", "Same.", "Same."),
        ("", "New.", "[+New.+]"),
        ("Old.", "", "[-Old.-]"),
        ("99.9% under 5 ms", "99.95% under 3 ms", "[-99.9-][+99.95+]% under [-5-][+3+] ms"),
        ("We don't use Java and Go.", "We use Java, Kotlin and Go.", "We [-don't -]use Java[+, Kotlin+] and Go."),
        # What two changes happen to have in common is part of them.
        ("You find the cause of it.", "You tell a reason of it.", "You [-find the cause-][+tell a reason+] of it."),
        # A removed item begins at its bullet, a sentence at its first word.
        (
            "- Kafka\n- Redis\n- Go\n- C\n",
            "- Kafka\n- Go\n- Rust\n- C\n",
            "- Kafka\n[-- Redis\n-]- Go\n[+- Rust\n+]- C\n",
        ),
        ("It fails. It waits. It ends.", "It fails. It ends.", "It fails. [-It waits. -]It ends."),
        # Texts that share nothing to speak of are two texts.
        (
            "Tell me about Kafka. Why?",
            "How does React render a?",
            "[-Tell me about Kafka. Why?-][+How does React render a?+]",
        ),
        ("事务保证两次写入同时成功", "事务保证三次写入同时成功", "事务保证[-两-][+三+]次写入同时成功"),
        ("データを保存する", "データを確認する", "データを[-保存-][+確認+]する"),
        ("un cafe\u0301 noir", "un cafe noir", "un [-cafe\u0301-][+cafe+] noir"),  # no accent without its letter
    ],
)
def test_words_are_marked_as_people_would(before: str, after: str, expected: str) -> None:
    assert marked(before, after) == expected


def test_runs_hold_both_texts_to_the_letter_whatever_was_edited() -> None:
    chance = random.Random(20418)
    for number in range(600):
        parts = FEW_PARTS if number % 2 else PARTS
        old = chance.choices(parts, k=chance.randrange(30))
        new = list(old)
        for _ in range(chance.randrange(8)):
            at = chance.randrange(len(new) + 1)
            new[at : at + chance.randrange(4)] = chance.choices(parts, k=chance.randrange(4))
        marked("".join(old), "".join(new))


def test_as_much_as_possible_is_common() -> None:
    def most(one: str, other: str) -> int:
        row = [0] * (len(other) + 1)
        for letter in one:
            last = row
            row = [0]
            for place, candidate in enumerate(other):
                row.append(last[place] + 1 if letter == candidate else max(last[place + 1], row[place]))
        return row[-1]

    chance = random.Random(7)
    for _ in range(200):
        one, other = ("".join(chance.choices("abc", k=chance.randrange(12))) for _ in range(2))
        pairs = common_pairs(one, other)
        assert all(one[a] == other[b] for a, b in pairs)
        assert all(a < c and b < d for (a, b), (c, d) in pairwise(pairs))
        assert len(pairs) == most(one, other)


def test_long_texts_take_no_long_time() -> None:
    chance = random.Random(1)

    def text_of(word: Callable[[], str]) -> str:
        return "".join(word() for _ in range(16_000))[:16_000]

    makers: list[Callable[[], str]] = [
        lambda: chr(chance.randrange(0x4E00, 0x5200)),
        lambda: chance.choice(".,"),
        lambda: chance.choice(["a ", "b "]),
        lambda: chance.choice(["a\n", "b\n\n"]),
        lambda: f"{chance.choice(['queue', 'index', 'replica', 'the', 'of'])}{chance.randrange(40)} ",
    ]
    begin = time.process_time()
    for make in makers:
        marked(text_of(make), text_of(make))
    # Half a second in all; difflib takes minutes for the second alone.
    assert time.process_time() - begin < 5


@table(
    ("most", "expected"),
    [
        (100, "Own [-all -]refunds\nand payouts\n"),
        (20, "[-Own all refunds\n-][+Own refunds\n+]and payouts\n"),
        (1, "[-Own all refunds\nand payouts\n-][+Own refunds\nand payouts\n+]"),
    ],
)
def test_texts_too_long_for_words_are_compared_by_lines(
    monkeypatch: pytest.MonkeyPatch, most: int, expected: str
) -> None:
    monkeypatch.setattr(words, "MAX_COMPARED", most)
    assert marked("Own all refunds\nand payouts\n", "Own refunds\nand payouts\n") == expected
