"""Makes texts that slow down a regular expression, from the expression itself.

Each is its beginning, then one repetition over and over, then nothing that could follow. This finds expressions that
try the same letters in several ways.
"""

from __future__ import annotations

import ast
import functools
import gc
import importlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from re import _constants as ops  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

from config import PROJECT_FOLDER

# Those of them that a class of characters holds are repeated.
CANDIDATES = " \n*_-,.'\"a1A(!é;:|#<"
MAX_OF_A_CLASS = 4
MATCHING = {"match", "fullmatch"}
ENDS = ("", "\x00", "!", " x")


@dataclass(frozen=True)
class Expression:
    """A compiled expression of a module. One that is only matched is never searched for further on in a text."""

    module: str
    pattern: re.Pattern[str]
    is_only_matched: bool

    def read(self, text: str) -> None:
        """Apply it to a text as the module does."""
        if self.is_only_matched:
            self.pattern.match(text)
        else:
            for _ in self.pattern.finditer(text):
                pass


def expressions_of(modules: Iterable[str]) -> list[Expression]:
    """The expressions of some modules: those held in memory, and those written in calls."""
    return list(dict.fromkeys(found for module in modules for found in (*_held_by(module), *_written_in(module))))


def _source_of(module: str) -> str:
    return Path(PROJECT_FOLDER, *module.split(".")).with_suffix(".py").read_text(encoding="utf-8")


def _held_by(module: str) -> Iterator[Expression]:
    source = _source_of(module)
    for name, value in vars(importlib.import_module(module)).items():
        uses = re.findall(rf"\b{re.escape(name)}\b(?:\(\w*\)|\[\w+\])?\.(\w+)\(", source)
        for pattern in _held(value, set()):
            yield Expression(module, pattern, bool(uses) and set(uses) <= MATCHING)


def attacks_on(pattern: re.Pattern[str], length: int) -> Iterator[str]:
    """Texts of this length for an expression: one for each repetition and each letter that it may repeat."""
    seen: set[tuple[str, str]] = set()
    for before, body in _repeated(_parser.parse(pattern.pattern, pattern.flags), ""):
        if (before, body) in seen or not body:
            continue
        seen.add((before, body))
        number = len(seen)
        yield (before + body * length)[:length] + ENDS[number % len(ENDS)]
        if before:
            yield ((before + body * 3) * length)[:length] + ENDS[number % len(ENDS)]


def _held(value: Any, seen: set[int]) -> Iterator[re.Pattern[str]]:
    """The expressions in a module's constants and in the caches of its functions."""
    if id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, dict):
        for one in list(value.values()):
            yield from _held(one, seen)
    elif isinstance(value, list | tuple | set | frozenset):
        for one in value:
            yield from _held(one, seen)
    elif isinstance(value, functools._lru_cache_wrapper) or type(value).__name__ == "_lru_list_elem":
        for one in gc.get_referents(value):
            if not isinstance(one, type):
                yield from _held(one, seen)


def _written_in(module: str) -> Iterator[Expression]:
    """The expressions that a module's calls of re.sub and the like have for their first argument."""
    tree = ast.parse(_source_of(module))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
            first = node.args[0]
            of_re = isinstance(node.func.value, ast.Name) and node.func.value.id == "re"
            if of_re and node.func.attr != "compile" and isinstance(first, ast.Constant):
                flags = re.IGNORECASE if "IGNORECASE" in ast.dump(node) else 0
                yield Expression(module, re.compile(str(first.value), flags), node.func.attr in MATCHING)


def _repeated(tree: Any, before: str) -> Iterator[tuple[str, str]]:
    """Each repetition of an expression: what it begins after, and what it may repeat."""
    for op, value in tree:
        if op in (ops.MAX_REPEAT, ops.MIN_REPEAT, ops.POSSESSIVE_REPEAT):
            least, most, body = value
            if most > 3:
                for some in _examples(body):
                    yield before, some
            yield from _repeated(body, before)
            before += "".join(_examples(body)[:1]) * max(least, 1 if most == 1 else least)
            continue
        for inner in _inner(op, value):
            yield from _repeated(inner, before)
        before += "".join(_examples([(op, value)])[:1])


def _inner(op: Any, value: Any) -> list[Any]:
    if op is ops.SUBPATTERN:
        return [value[3]]
    if op is ops.BRANCH:
        return list(value[1])
    if op is ops.ATOMIC_GROUP:
        return [value]
    if op in (ops.ASSERT, ops.ASSERT_NOT):
        return [value[1]]
    return []


def _examples(tree: Any) -> list[str]:
    """Some short texts that an expression matches, roughly: a look-behind counts as read."""
    texts = [""]
    for op, value in tree:
        some = [""]
        if op is ops.LITERAL:
            some = [chr(value)]
        elif op in (ops.ANY, ops.NOT_LITERAL):
            some = [letter for letter in ("a", " ", "*") if op is ops.ANY or ord(letter) != value]
        elif op is ops.IN:
            some = _letters(value)
        elif op is ops.BRANCH:
            some = [text for branch in value[1] for text in _examples(branch)[:2]][:8] or [""]
        elif op is ops.ASSERT and value[0] > 0:
            some = [""]
        elif op in (ops.MAX_REPEAT, ops.MIN_REPEAT, ops.POSSESSIVE_REPEAT):
            some = [text * value[0] for text in _examples(value[2])[:MAX_OF_A_CLASS]] or [""]
            if value[0] == 0:
                some = ["", *_examples(value[2])[:2]]
        elif op is not ops.ASSERT_NOT and (inner := _inner(op, value)):
            some = _examples(inner[0])
        texts = [text + one for text in texts[:MAX_OF_A_CLASS] for one in some[:8]]
    return list(dict.fromkeys(texts))[: 2 * MAX_OF_A_CLASS]


def _letters(members: Any) -> list[str]:
    """Some letters of a class."""
    negated = any(op is ops.NEGATE for op, _ in members)
    own = [chr(value if op is ops.LITERAL else value[0]) for op, value in members if op in (ops.LITERAL, ops.RANGE)]
    choice = [letter for letter in [*CANDIDATES, *own] if _is_in(letter, members) != negated]
    # Those that another repetition beside it may hold too come first.
    return list(dict.fromkeys(choice))[:MAX_OF_A_CLASS] or ["a"]


_CATEGORIES = {
    ops.CATEGORY_SPACE: str.isspace,
    ops.CATEGORY_NOT_SPACE: lambda letter: not letter.isspace(),
    ops.CATEGORY_DIGIT: str.isdecimal,
    ops.CATEGORY_NOT_DIGIT: lambda letter: not letter.isdecimal(),
    ops.CATEGORY_WORD: lambda letter: letter.isalnum() or letter == "_",
    ops.CATEGORY_NOT_WORD: lambda letter: not (letter.isalnum() or letter == "_"),
}


def _is_in(letter: str, members: Any) -> bool:
    for op, value in members:
        if (
            (op is ops.LITERAL and ord(letter) == value)
            or (op is ops.RANGE and value[0] <= ord(letter) <= value[1])
            or (op is ops.CATEGORY and _CATEGORIES[value](letter))
        ):
            return True
    return False
