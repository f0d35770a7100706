"""The one way to make a JSON response, or a file: a model or ready-made text comes in, a Flask response goes out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import chain, islice

from flask import Flask, Response, current_app, g, request, url_for
from pydantic import BaseModel
from pydantic_core import from_json, to_json
from werkzeug.routing import BuildError

from techscreen.schemas.generation import Answer, FieldWarning


def warn_of(warnings: Iterable[FieldWarning]) -> None:
    """Note what the caller of the current request is to be warned of."""
    g.field_warnings = (*warnings_of_request(), *warnings)


def warnings_of_request() -> tuple[FieldWarning, ...]:
    """What the caller of the current request is to be warned of."""
    noted: tuple[FieldWarning, ...] = g.get("field_warnings", ())
    return noted


def with_warnings_in_front(parts: Iterator[str]) -> Iterator[str]:
    """The parts of a JSON object, beginning with the warnings of the current request if there are any."""
    warnings = warnings_of_request()
    if not warnings:
        return parts
    begin = next(parts)
    return chain((f'{{"warnings":{to_json(warnings).decode()},{begin[1:]}',), parts)


def json_response(body: BaseModel | Iterable[str], status: int = 200, *, retry_after: int | None = None) -> Response:
    """A JSON response. An answer gets the warnings of the current request; a text has its own.

    Args:
        body: a model, JSON as text, or the parts of such a text, which are sent as they are made.
        status: HTTP status.
        retry_after: seconds after which the caller may try again.
    """
    if isinstance(body, Answer):
        body = body.model_copy(update={"warnings": warnings_of_request()})
    content = body.model_dump_json() if isinstance(body, BaseModel) else body
    response = Response(content, status=status, mimetype="application/json")
    etag = getattr(body, "etag", None)
    if etag is not None:
        response.headers["ETag"] = etag
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    return response


def with_own_warnings(body: str) -> str:
    """An earlier answer, with the warnings of the current request that it does not have."""
    if not warnings_of_request():
        return body
    answer = from_json(body)
    told = answer.get("warnings", [])
    more = [warning.model_dump() for warning in warnings_of_request() if warning.model_dump() not in told]
    return to_json({**answer, "warnings": [*told, *more]}).decode() if more else body


def tagged(response: Response) -> Response:
    """A response whose body was stored as text, with the ETag that the body names."""
    etag = from_json(response.get_data()).get("etag")
    if etag is not None:
        response.headers["ETag"] = etag
    return response


def located(response: Response, job_id: str) -> Response:
    """A response with the address of its job in `Location`, in an app that has the routes of jobs."""
    for blueprint in (request.blueprint, "interview"):
        with suppress(BuildError):
            response.headers["Location"] = url_for(f"{blueprint}.get_job", job_id=job_id)
            break
    return response


def file_response(parts: Iterator[str], media_type: str, name: str) -> Response:
    """A file to save, sent as its parts are made, each in the context of the app."""
    begin = list(islice(parts, 2))  # an error is raised before the answer has begun
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # the answer outlives the request
    response = Response(chain(begin, within(app, parts)), mimetype=media_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def within(app: Flask, parts: Iterator[str]) -> Iterator[str]:
    """The same parts, each made in the context of an app."""
    while True:
        with app.app_context():
            part = next(parts, None)
        if part is None:
            return
        yield part
