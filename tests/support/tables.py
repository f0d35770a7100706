"""Tables of cases that one test runs: `@table` takes the arguments of `pytest.mark.parametrize`.

All cases run, and those that fail are reported together. Use it where a case is cheap and leaves nothing behind: its
fixtures are made once for all cases. Where each case needs fresh ones, use `pytest.mark.parametrize`.
"""

from __future__ import annotations

import functools
import inspect
import reprlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pytest

FAILURES = (Exception, pytest.fail.Exception, pytest.skip.Exception)
NAMED = type(pytest.param())

Test = Callable[..., None]
Ids = Iterable[object] | Callable[[Any], object]

_short = reprlib.Repr()
_short.maxstring = _short.maxother = 100


def table(names: str | Sequence[str], cases: Iterable[Any], ids: Ids | None = None) -> Callable[[Test], Test]:
    """Make one test of a function and its cases, each a value or, for several names, a sequence of values.

    Raises ValueError where the table is written: if it is empty, or does not fit its names or the function.
    """
    columns = [name.strip() for name in names.split(",")] if isinstance(names, str) else list(names)
    single = isinstance(names, str) and len(columns) == 1
    rows = [_row(columns, case, single) for case in cases]
    if not rows:
        raise ValueError(f"The table of {names} is empty.")
    labels = _labels(rows, ids)

    def decorate(test: Test) -> Test:
        signature = inspect.signature(test)
        if missing := [name for name in columns if name not in signature.parameters]:
            raise ValueError(f"{test.__name__} does not take {', '.join(missing)}.")

        @functools.wraps(test)
        def run_all(*args: Any, **fixtures: Any) -> None:
            failures = [
                (label, error)
                for label, (row, _) in zip(labels, rows, strict=True)
                if (error := run_case(functools.partial(test, *args, **fixtures, **row))) is not None
            ]
            if failures:
                told = "\n".join(f"- {label}: {_reason(error)}" for label, error in failures)
                raise AssertionError(f"{len(failures)} of {len(rows)} cases failed:\n{told}") from failures[0][1]

        others = [parameter for name, parameter in signature.parameters.items() if name not in columns]
        run_all.__signature__ = signature.replace(parameters=others)  # type: ignore[attr-defined]
        return run_all

    return decorate


def run_case(test: Callable[[], None]) -> BaseException | None:
    """The error of one case, if it has one. A case that skips itself would go unseen, so that is one too."""
    try:
        test()
    except FAILURES as error:
        return error
    return None


def _row(columns: list[str], case: Any, single: bool) -> tuple[dict[str, Any], str | None]:
    """The arguments of a case, and its id if it has one."""
    label = None
    if isinstance(case, NAMED):
        if case.marks:
            raise ValueError(f"A case of a table takes no marks: {case}")
        case, label = (case.values[0] if single else case.values), case.id
    values = (case,) if single else tuple(case)
    if len(values) != len(columns):
        raise ValueError(f"{len(columns)} names, but {len(values)} values: {_short.repr(values)}")
    return dict(zip(columns, values, strict=True)), None if label is None else str(label)


def _labels(rows: list[tuple[dict[str, Any], str | None]], ids: Ids | None) -> list[str]:
    given = list(ids) if isinstance(ids, Iterable) else [None] * len(rows)
    if len(given) != len(rows):
        raise ValueError(f"{len(rows)} cases, but {len(given)} ids.")
    say = ids if callable(ids) else _short.repr
    return [
        label or (str(name) if name is not None else ", ".join(str(say(value)) for value in row.values()))
        for (row, label), name in zip(rows, given, strict=True)
    ]


def _reason(error: BaseException) -> str:
    lines = [line for line in str(error).splitlines() if line.strip()][:3]
    return " ".join([type(error).__name__, *(line.strip()[:300] for line in lines)])
