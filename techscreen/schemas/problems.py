"""What is wrong with the fields of a request, in sentences: pydantic's errors come in, problems of fields go out."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from techscreen.errors import FieldProblem, InvalidRequest

T = TypeVar("T", bound=BaseModel)


def validated(model: type[T], content: dict[str, Any]) -> T:
    """Parsed JSON or a query as a `model`.

    Raises:
        InvalidRequest: with every field problem at once.
    """
    try:
        return model.model_validate(content)
    except ValidationError as error:
        problems = problems_of(error)
        bad = {problem.field.partition(".")[0] for problem in problems}
        req_id = content.get("req_id") if "req_id" not in bad else None
        raise InvalidRequest.of_fields(problems, req_id=req_id if isinstance(req_id, str) else None) from None


def problems_of(error: ValidationError) -> list[FieldProblem]:
    """One problem for each of its errors."""
    return [_problem(item) for item in error.errors(include_url=False)]


def _problem(item: ErrorDetails) -> FieldProblem:
    name = ".".join(map(str, item["loc"])) or "body"
    return FieldProblem(name, f"{name} {_message(item)}.")


def _message(item: ErrorDetails) -> str:
    kind, context = item["type"], item.get("ctx", {})
    if kind == "missing" or item["input"] is None:
        return "is required"
    if kind == "string_type":
        return "must be text"
    if kind == "string_too_long":
        return f"has {len(item['input'])} characters; at most {context['max_length']} are allowed"
    if kind == "list_type":
        return "must be a list"
    if kind == "model_type":
        return "must be an object"
    if kind == "too_short":
        return f"must have entries: at least {context['min_length']}"
    if kind == "too_long":
        return f"has too many entries; at most {context['max_length']} are allowed"
    if kind in ("int_type", "int_parsing", "int_parsing_size"):
        return "must be a whole number"
    if kind == "greater_than_equal":
        return f"must be {context['ge']} or more"
    if kind == "less_than_equal":
        return f"must be {context['le']} or less"
    if kind == "literal_error":
        return f"must be {context['expected']}"
    return item["msg"]
