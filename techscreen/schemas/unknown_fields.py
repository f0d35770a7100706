"""Fields that no model knows: what was sent and the model it is for come in, warnings with a suggestion go out.

Such a field is skipped and not refused, so that newer and older callers are served alike; but who has misspelt one
hears of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from functools import lru_cache
from typing import Any, get_args, get_origin

from pydantic import BaseModel

from techscreen.schemas.generation import FieldWarning

# Warnings of one request. The last one counts the rest.
MAX_WARNINGS = 20
MAX_NAME = 64
# How alike two names must be, 0 to 1, and the fewest letters of a name that may be the end of another one.
CLOSE, MIN_END = 0.75, 4
_JOINT = re.compile(r"[\W_]+")


def unknown_in_body(model: type[BaseModel], content: Mapping[str, Any]) -> list[FieldWarning]:
    """A warning for each field of a body that its model does not know, those of nested objects too."""
    return _warnings(_unknown(model, content, ""))


def unknown_in_query(model: type[BaseModel] | None, names: Iterable[str]) -> list[FieldWarning]:
    """The same for the parameters of an address. Without a model, none is known."""
    known = tuple(_fields(model)) if model is not None else ()
    return _warnings((_shown(name), name, known) for name in names if name not in known)


def closest(name: str, known: Iterable[str]) -> str | None:
    """The known name that this one was probably meant to be: spelt alike, or with something in front."""
    by_letters = {_letters(each): each for each in known}
    letters = _letters(name[:MAX_NAME])
    if letters in by_letters:
        return by_letters[letters]
    close = get_close_matches(letters, by_letters, 1, CLOSE)
    if close:
        return by_letters[close[0]]
    ends = [each for each in by_letters if len(letters) >= MIN_END and each.endswith(letters)]
    return by_letters[ends[0]] if len(ends) == 1 else None


def _warnings(unknown: Iterable[tuple[str, str, tuple[str, ...]]]) -> list[FieldWarning]:
    found = list(unknown)
    shown = found if len(found) <= MAX_WARNINGS else found[: MAX_WARNINGS - 1]
    warnings = [FieldWarning(field=path, message=_sentence(path, name, known)) for path, name, known in shown]
    if len(shown) < len(found):
        rest = f"{len(found) - len(shown)} more fields are not known."
        warnings.append(FieldWarning(field="body", message=rest))
    return warnings


def _sentence(path: str, name: str, known: tuple[str, ...]) -> str:
    meant = closest(name, known)
    return f"{path or 'A field without a name'} is not known{f'; did you mean {meant}?' if meant else '.'}"


def _unknown(
    model: type[BaseModel], content: Mapping[str, Any], above: str
) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Path and name of each unknown field, and the names that are known there."""
    fields = _fields(model)
    for name, value in content.items():
        if name not in fields:
            yield above + _shown(name), name, tuple(fields)
            continue
        nested = fields[name]
        if nested is not None:
            for path, item in _objects(name, value):
                yield from _unknown(nested, item, f"{above}{path}.")


def _objects(name: str, value: object) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if isinstance(value, dict):
        yield name, value
    elif isinstance(value, list):
        yield from ((f"{name}.{place}", item) for place, item in enumerate(value) if isinstance(item, dict))


@lru_cache(maxsize=256)
def _fields(model: type[BaseModel]) -> dict[str, type[BaseModel] | None]:
    """The names under which a model reads its fields, with the model of an object in each or in its list."""
    return {field.alias or name: _model_in(field.annotation) for name, field in model.model_fields.items()}


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) is dict:
        return None  # its keys are the caller's
    return next((found for part in get_args(annotation) if (found := _model_in(part)) is not None), None)


def _letters(name: str) -> str:
    return _JOINT.sub("", name).casefold()


def _shown(name: str) -> str:
    """A name as an answer may show it: one short line."""
    cut = f"{name[:MAX_NAME]}…" if len(name) > MAX_NAME else name
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in cut)
