"""Error handlers: any exception comes in, the one JSON form goes out, with a sentence that is safe to show."""

from __future__ import annotations

from flask import Blueprint, Flask, Response
from werkzeug.exceptions import HTTPException

from techscreen.errors import OperationInProgress, TechScreenError
from techscreen.observability.error_answers import error_body, unexpected
from techscreen.observability.request_id import current_request_id
from techscreen.schemas.generation import ErrorAnswer
from techscreen.web.responses import json_response, located, warnings_of_request

CODES = {
    400: "invalid_request",
    404: "not_found",
    405: "method_not_allowed",
    413: "payload_too_large",
    415: "unsupported_media_type",
    429: "rate_limited",
}
SENTENCES = {
    404: "There is nothing at this address.",
    405: "This address does not take this method.",
    413: "The body is too large.",
    429: "Too many requests: Retry-After says in how many seconds the next one is taken.",
}
# The longest sentence of a host's that is passed on.
MAX_WORDS = 200


def register_error_pages(target: Flask | Blueprint) -> None:
    """Let an app, or only a blueprint inside a host app, answer all errors in JSON."""
    target.register_error_handler(TechScreenError, _our_error)
    target.register_error_handler(HTTPException, _http_error)
    target.register_error_handler(Exception, _unexpected_error)


def _our_error(error: TechScreenError) -> Response:
    response = json_response(error_body(error, warnings_of_request()), error.status, retry_after=error.retry_after)
    if error.current is not None:
        response.headers["ETag"] = error.current.etag
    return located(response, error.job_id) if isinstance(error, OperationInProgress) else response


def _http_error(error: HTTPException) -> Response | HTTPException:
    status = error.code or 500
    if status < 400:
        return error
    code = CODES.get(status, (error.name or "error").lower().replace(" ", "_"))
    sentence = SENTENCES.get(status) or _words_of(error) or error.name or "The request failed."
    body = ErrorAnswer(success=False, error=sentence, code=code, details=[], request_id=current_request_id())
    response = json_response(body, status)
    for name, value in error.get_headers():
        if name.lower() not in ("content-type", "content-length"):
            response.headers[name] = value
    return response


def _words_of(error: HTTPException) -> str | None:
    """What a host app or its extension says, such as that the CSRF token is missing; not werkzeug's usual words."""
    words = error.description
    return words if isinstance(words, str) and words != type(error).description and len(words) <= MAX_WORDS else None


def _unexpected_error(error: Exception) -> Response:
    return _our_error(unexpected(error))
