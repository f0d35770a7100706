"""Parsing of requests: path, body or query come in; a model goes out, or one error with every problem.

Here too is the gate for new requests, which refuses placeholders and descriptions of no work.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TypeVar

from flask import Flask, g, request
from pydantic import BaseModel, ValidationError
from pydantic_core import from_json
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from werkzeug.routing import BaseConverter

from techscreen.checks.job_description_gate import (
    what_is_missing,
    what_is_wrong_with_title,
    what_is_wrong_with_wish,
)
from techscreen.errors import FieldProblem, InvalidRequest, MalformedJson, PreconditionRequired, UnsupportedMediaType
from techscreen.schemas.generation import EnhanceRequest, GenerateRequest, WorkflowRequest
from techscreen.schemas.problems import validated
from techscreen.schemas.unknown_fields import unknown_in_body, unknown_in_query
from techscreen.web.responses import warn_of

T = TypeVar("T", bound=BaseModel)

# Room for five texts of 16,000 characters, each character written as \\uXXXX\\uXXXX, and more.
MAX_BODY = 1_048_576
UTF8_BOM = b"\xef\xbb\xbf"


class ReqIdConverter(BaseConverter):
    """A requisition id in a path: any text, slashes included."""

    regex = "(?s:.+)"
    part_isolating = False


class RowIdConverter(BaseConverter):
    """The id of a row in a path. Werkzeug's own converter accepts thousands of digits, which int() refuses."""

    regex = "[0-9]{1,10}"

    def to_python(self, value: str) -> int:
        """The digits as a number."""
        return int(value)


def register_converters(app: Flask) -> None:
    """Make `<req_id:...>` and `<row_id:...>` known to an app."""
    app.url_map.converters.update(req_id=ReqIdConverter, row_id=RowIdConverter)


def read_body(model: type[T]) -> T:
    """The body of the current request as a `model`.

    Raises:
        UnsupportedMediaType: if it is not announced as JSON.
        RequestEntityTooLarge: if it is larger than MAX_BODY.
        MalformedJson: if it is not JSON, or not UTF-8.
        InvalidRequest: if it does not arrive whole, or with every field problem at once.
    """
    if not request.content_length and not request.is_json and may_be_left_out(model):
        return validated(model, {})
    if not request.is_json:
        raise UnsupportedMediaType("The body must be JSON: send it with Content-Type: application/json.")
    read = parse_json(model, _body_of_at_most(MAX_BODY))
    g.req_id = getattr(read, "req_id", None)  # for the log
    return read


def may_be_left_out(model: type[BaseModel]) -> bool:
    """Whether a request may do without this body: nothing in it is required."""
    try:
        model.model_validate({})
    except ValidationError:
        return False
    return True


def read_file(media_types: Collection[str], max_body: int) -> tuple[str, bytes]:
    """The media type of the current request's body, and the body as it is.

    Raises:
        UnsupportedMediaType: if it is announced as anything else.
        RequestEntityTooLarge: if it has more than `max_body` bytes.
        InvalidRequest: if it does not arrive whole.
    """
    if request.mimetype not in media_types:
        raise UnsupportedMediaType(f"The body must have one of these as Content-Type: {', '.join(media_types)}.")
    return request.mimetype, _body_of_at_most(max_body)


def _body_of_at_most(most: int) -> bytes:
    if (request.content_length or 0) > most:
        raise RequestEntityTooLarge  # before reading: the server does not wait for the rest of such a body
    # Read one byte more than allowed: Werkzeug silently cuts off a body of unannounced length.
    request.max_content_length = most + 1
    try:
        body = request.get_data(cache=False)
    except HTTPException:
        raise
    except Exception:  # each server has its own errors for a bad chunk, without a common base
        raise InvalidRequest("The body could not be read: its chunks are malformed, or its end is missing.") from None
    if len(body) > most:
        raise RequestEntityTooLarge
    return body


def parse_json(model: type[T], body: bytes) -> T:
    """JSON as a `model`. The answer will warn of fields that it does not know.

    Raises:
        MalformedJson: if it is not JSON, or not UTF-8.
        InvalidRequest: with every field problem at once.
    """
    try:
        content = from_json(body.removeprefix(UTF8_BOM), allow_inf_nan=False)
    except ValueError as error:
        raise MalformedJson(f"The body is not valid JSON: {error}.") from None
    if not isinstance(content, dict):
        raise InvalidRequest("The body must be a JSON object.")
    warn_of(unknown_in_body(model, content))
    return validated(model, content)


def refuse_unless_work_described(request: EnhanceRequest) -> None:
    """Refuse a new request that names no post or describes no work. An accepted request is never checked again.

    What a workflow's interview must ask about is looked at as well.

    Raises:
        InvalidRequest: with what is missing.
    """
    work_inputs = request.work_output, request.work_role, request.work_knowledge, request.work_competencies
    reasons = {
        "basic_title": what_is_wrong_with_title(request.basic_title),
        "basic_description": what_is_missing(request.basic_description, work_inputs),
    }
    if isinstance(request, WorkflowRequest):
        reasons |= _wishes_for_nothing(request)
    _refuse_if_any(reasons, request.req_id)


def refuse_wishes_for_nothing(request: GenerateRequest) -> None:
    """Refuse a new request whose `cover` or `topics` have a placeholder.

    Raises:
        InvalidRequest: with each of them.
    """
    _refuse_if_any(_wishes_for_nothing(request), request.req_id)


def _wishes_for_nothing(request: GenerateRequest | WorkflowRequest) -> dict[str, str | None]:
    of_cover = {f"cover.{place}.part": item.part for place, item in enumerate(request.cover or ())}
    of_topics = {f"topics.{place}.topic": wish.topic for place, wish in enumerate(request.topics or ())}
    return {field: what_is_wrong_with_wish(text) for field, text in (of_cover | of_topics).items()}


def _refuse_if_any(reasons: Mapping[str, str | None], req_id: str) -> None:
    problems = [FieldProblem(field, f"{field} {reason}.") for field, reason in reasons.items() if reason]
    if problems:
        raise InvalidRequest.of_fields(problems, req_id=req_id)


def read_query(model: type[T]) -> T:
    """The query of the current request as a `model`. If a name is given twice, the first counts.

    The answer will warn of parameters that it does not know.

    Raises:
        InvalidRequest: with every field problem at once.
    """
    warn_of(unknown_in_query(model, request.args))
    return validated(model, request.args.to_dict())


def take_no_query() -> None:
    """Have the answer warn of every parameter of the current request, which knows none."""
    warn_of(unknown_in_query(None, request.args))


def read_if_match() -> list[str]:
    """The entity tags that the caller's change is for, quotes included; `*` stands for whatever there is.

    Raises:
        PreconditionRequired: if the header is missing. A weak tag fits nothing (RFC 9110, section 13.1.1).
    """
    given = request.if_match
    tags = ["*"] if given.star_tag else [f'"{tag}"' for tag in sorted(given.as_set())]
    if not request.headers.get("If-Match", "").strip():
        raise PreconditionRequired("If-Match must carry the ETag of what was read, so that nobody overwrites anybody.")
    return tags
