"""No text makes a function slow that reads it: texts made for the purpose, measured in CPU time.

Only a few here; `python -m benchmarks.text_time` tries thousands. The expressions are held by texts that are made from
each of them (benchmarks/expression_attacks.py).
"""

from __future__ import annotations

import functools
import importlib
import random
import re
import unicodedata
from collections.abc import Callable

import pytest

from benchmarks.expression_attacks import attacks_on, expressions_of
from benchmarks.text_time import (
    CHARACTERS,
    KNOWN,
    READERS,
    SEED,
    cpu_seconds,
    filled,
    limit,
    numbered,
    pairs,
    singles,
)
from config import PROJECT_FOLDER
from techscreen.checks.answers import warm_up
from techscreen.generation.streamed_topics import StreamedTopics
from techscreen.text.normalise import nfkc

# All that have an expression. Those of the server read bytes, and have tests of their own.
MODULES = [
    ".".join(file.relative_to(PROJECT_FOLDER).with_suffix("").parts)
    for file in sorted((PROJECT_FOLDER / "techscreen").rglob("*.py"))
    if re.search(r"^import re$", file.read_text(encoding="utf-8"), re.MULTILINE) and file.parent.name != "server"
]
# Much shorter than a field. What takes time at this length is tried at a field's.
SHORT = 3_000


@pytest.fixture(scope="module")
def most() -> float:
    return limit()


def _is_too_slow(read: Callable[[str], object], text: str, texts: int = 1) -> bool:
    # Another process may have disturbed it, or the machine be slower by now: only what is slow three times is slow.
    return all(cpu_seconds(read, text, 3 * most) > most for most in (texts * limit() for _ in range(3)))


def test_no_hostile_text_keeps_a_function_busy(most: float) -> None:
    ordinary = [*singles(), *pairs(), *numbered()]
    texts = [*KNOWN, filled("e", "\u0316\u0301"), *random.Random(SEED).sample(ordinary, 9)]
    slow = []
    for number, text in enumerate(texts):
        for name, reader in READERS.items():
            if reader.texts > 2 and number >= 2 + (reader.texts <= 5):
                continue  # these take long even if all is well
            seconds = cpu_seconds(reader.read, text, 2 * most * reader.texts)
            if seconds > most * reader.texts and _is_too_slow(reader.read, text, reader.texts):
                slow.append((name, text[:40], seconds))
    assert slow == []


def _forget_texts_of_other_tests() -> None:
    """Some expressions are made from the names in a text and cached; hostile names are not what is tested here."""
    for module in MODULES:
        for kept in vars(importlib.import_module(module)).values():
            if isinstance(kept, functools._lru_cache_wrapper):
                kept.cache_clear()
    warm_up()


def test_no_expression_tries_the_same_letters_in_many_ways(most: float) -> None:
    _forget_texts_of_other_tests()
    for question in (
        "How would you do it, and how would you test it?",
        "Wie würden Sie es tun, und wie?",
        "¿Qué haría?",
    ):
        READERS["question_violations"].read(question)  # some are only compiled for a text of their language
    expressions = expressions_of(MODULES)
    assert len(expressions) > 200
    assert {expression.module for expression in expressions} >= {"techscreen.text.page", "techscreen.web.sse"}
    slow = []
    for expression in expressions:
        long_ones = attacks_on(expression.pattern, CHARACTERS)
        for text, as_long_as_a_field in zip(attacks_on(expression.pattern, SHORT), long_ones, strict=True):
            seconds = cpu_seconds(expression.read, text, most)
            if seconds > most * SHORT / CHARACTERS / 2 and _is_too_slow(expression.read, as_long_as_a_field):
                slow.append((expression.module, expression.pattern.pattern[:60], text[:40], seconds))
                break
    assert slow == []


def test_the_topics_of_a_long_stream_are_looked_for_in_what_is_new(most: float) -> None:
    early = StreamedTopics()
    text = '{"language": "' + "x" * 500_000

    def listen(_: str) -> None:
        for end in range(0, len(text), 50):
            early.heard(text[:end])

    assert cpu_seconds(listen, "") < 10 * most


def test_topics_are_heard_in_whichever_pieces_they_come() -> None:
    key = '"reads_as":"job","language":"en","interview_topics":[],"enhanced_title" :"T"}'
    for size in (1, 3, 20, 1_000):
        early = StreamedTopics(check=lambda _: [])
        for attempt in ("{" + key[:40], "{" + key):
            for end in range(size, len(attempt) + size, size):
                early.heard(attempt[:end])
        assert early.planned.done(), size


def test_normal_forms_are_bounded_and_else_as_unicode_has_them() -> None:
    for text in ("Ångström ﬁt ½ ㍿ 한국어", "e\u0301", "שָׁלוֹם", "Đ̣ặng", "plain", "ﷺ", ""):
        assert nfkc(text) == unicodedata.normalize("NFKC", text)
    assert len(nfkc("ﷺ" * CHARACTERS)) <= 2 * CHARACTERS + 18
    assert len(nfkc("e" + "\u0316\u0301" * CHARACTERS)) < 40
