"""Read a request's JSON body or its query into a model, or say everything that is wrong with it."""

from __future__ import annotations

from typing import Any, TypeVar

from flask import g, request
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, from_json
from werkzeug.exceptions import RequestEntityTooLarge

from errors import FieldProblem, InvalidRequest, MalformedJson, UnsupportedMediaType

T = TypeVar("T", bound=BaseModel)

# Five texts of 16,000 characters, each written as \\uXXXX\\uXXXX, and room for the rest.
LARGEST_BODY = 1_048_576
UTF8_BOM = b"\xef\xbb\xbf"


def read_body(model: type[T]) -> T:
    """The body of the current request as a `model`.

    Raises:
        UnsupportedMediaType: if it is not announced as JSON.
        RequestEntityTooLarge: if it is larger than LARGEST_BODY.
        MalformedJson: if it is not JSON, or not UTF-8.
        InvalidRequest: with every field problem at once.
    """
    if not request.is_json:
        raise UnsupportedMediaType("The body must be JSON: send it with Content-Type: application/json.")
    # One byte more than allowed is read: Werkzeug cuts off a body of unannounced length without a word.
    request.max_content_length = LARGEST_BODY + 1
    body = request.get_data(cache=False)
    if len(body) > LARGEST_BODY:
        raise RequestEntityTooLarge
    try:
        content = from_json(body.removeprefix(UTF8_BOM), allow_inf_nan=False)
    except ValueError as error:
        raise MalformedJson(f"The body is not valid JSON: {error}.") from None
    if not isinstance(content, dict):
        raise InvalidRequest("The body must be a JSON object.")
    read = _validated(model, content)
    g.req_id = getattr(read, "req_id", None)  # for the log
    return read


def read_query(model: type[T]) -> T:
    """The query of the current request's address as a `model`. Of a name given twice, the first counts.

    Raises:
        InvalidRequest: with every field problem at once.
    """
    return _validated(model, request.args.to_dict())


def _validated(model: type[T], content: dict[str, Any]) -> T:
    try:
        return model.model_validate(content)
    except ValidationError as error:
        problems = [_problem(item) for item in error.errors(include_url=False)]
        bad = {problem.field for problem in problems}
        req_id = content.get("req_id") if "req_id" not in bad else None
        raise InvalidRequest.of_fields(problems, req_id=req_id if isinstance(req_id, str) else None) from None


def _problem(item: ErrorDetails) -> FieldProblem:
    # What is wrong with several fields together names the one to look at.
    name = str(item["loc"][0]) if item["loc"] else item.get("ctx", {}).get("field", "body")
    return FieldProblem(name, f"{name} {_complaint(item)}.")


def _complaint(item: ErrorDetails) -> str:
    kind, context = item["type"], item.get("ctx", {})
    if kind == "missing" or item["input"] is None:
        return "is required"
    if kind == "string_type":
        return "must be text"
    if kind == "string_too_long":
        return f"has {len(item['input'])} characters; at most {context['max_length']} are allowed"
    if kind in ("int_type", "int_parsing", "int_parsing_size"):
        return "must be a whole number"
    if kind == "greater_than_equal":
        return f"must be {context['ge']} or more"
    if kind == "less_than_equal":
        return f"must be {context['le']} or less"
    if kind == "literal_error":
        return f"must be {context['expected']}"
    return item["msg"]
