"""Turn every error into the one JSON form, with a sentence that is safe to show."""

from __future__ import annotations

import logging

from flask import Blueprint, Flask, Response
from sqlalchemy.exc import StatementError
from werkzeug.exceptions import HTTPException

from errors import TechScreenError
from request_log import current_request_id
from schemas import ErrorAnswer, ErrorDetail

logger = logging.getLogger(__name__)

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


def register_error_pages(target: Flask | Blueprint) -> None:
    """Let an app, or only a blueprint inside a host app, answer all errors in JSON."""
    target.register_error_handler(TechScreenError, _our_error)
    target.register_error_handler(HTTPException, _http_error)
    target.register_error_handler(Exception, _unexpected_error)


def error_body(error: TechScreenError) -> str:
    """The JSON of an error, and a line in the log if the fault is not the caller's."""
    if error.status >= 500:
        logger.error(
            "%s: %s", error.code, error.message, extra={"event": "error", "code": error.code, "cause": _cause(error)}
        )
    return ErrorAnswer(
        success=False,
        error=error.message,
        code=error.code,
        req_id=error.req_id,
        job_description_id=error.job_description_id,
        details=[ErrorDetail.model_validate(problem) for problem in error.details],
        request_id=current_request_id(),
    ).model_dump_json()


def unexpected(error: Exception) -> TechScreenError:
    """What to show of an error that nobody thought of; the log has the rest."""
    if isinstance(error, StatementError):
        error.hide_parameters = True  # its text would quote the stored values
    logger.error("unexpected error", exc_info=error, extra={"event": "error", "code": "internal_error"})
    return TechScreenError("Something went wrong on our side. The log has the request_id.")


def _our_error(error: TechScreenError) -> Response:
    response = Response(error_body(error), status=error.status, mimetype="application/json")
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def _http_error(error: HTTPException) -> Response | HTTPException:
    status = error.code or 500
    if status < 400:
        return error
    code = CODES.get(status, (error.name or "error").lower().replace(" ", "_"))
    sentence = SENTENCES.get(status, error.name or "The request failed.")
    body = ErrorAnswer(success=False, error=sentence, code=code, details=[], request_id=current_request_id())
    response = Response(body.model_dump_json(), status=status, mimetype="application/json")
    for name, value in error.get_headers():
        if name.lower() not in ("content-type", "content-length"):
            response.headers[name] = value
    return response


def _unexpected_error(error: Exception) -> Response:
    return _our_error(unexpected(error))


def _cause(error: TechScreenError) -> str | None:
    """The driver's or supplier's own words, for the log alone; never SQL with its values."""
    cause = error.__cause__
    return f"{type(cause).__name__}: {getattr(cause, 'orig', None) or type(cause).__name__}" if cause else None
