"""The one way to make a JSON response: a model or ready-made JSON comes in, a Flask response goes out."""

from __future__ import annotations

from collections.abc import Iterable

from flask import Response
from pydantic import BaseModel
from pydantic_core import from_json


def json_response(body: BaseModel | Iterable[str], status: int = 200, *, retry_after: int | None = None) -> Response:
    """A JSON response.

    Args:
        body: a model, JSON as text, or the parts of such a text, which are sent as they are made.
        status: HTTP status.
        retry_after: seconds after which the caller may try again.
    """
    content = body.model_dump_json() if isinstance(body, BaseModel) else body
    response = Response(content, status=status, mimetype="application/json")
    etag = getattr(body, "etag", None)
    if etag is not None:
        response.headers["ETag"] = etag
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    return response


def tagged(response: Response) -> Response:
    """A response whose body was stored as text, with the ETag that the body names."""
    etag = from_json(response.get_data()).get("etag")
    if etag is not None:
        response.headers["ETag"] = etag
    return response
