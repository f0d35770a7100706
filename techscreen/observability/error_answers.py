"""Error answers: an error comes in; the one JSON form for callers and a log line go out, both without secrets."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from sqlalchemy.exc import StatementError

from techscreen.errors import TechScreenError
from techscreen.observability.request_id import current_request_id
from techscreen.schemas.generation import ErrorAnswer, ErrorDetail, FieldWarning

logger = logging.getLogger(__name__)


def error_body(error: TechScreenError, warnings: Sequence[FieldWarning] = ()) -> str:
    """The JSON of an error. If the fault is not the caller's, the log gets a line.

    Args:
        error: what went wrong.
        warnings: about the request.
    """
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
        current=error.current,
        **error.report,
        warnings=tuple(warnings),
        request_id=current_request_id(),
    ).model_dump_json()


def unexpected(error: Exception) -> TechScreenError:
    """The error to show for an unexpected exception; the log has the rest."""
    if isinstance(error, StatementError):
        error.hide_parameters = True  # its text would quote the stored values
    logger.error("unexpected error", exc_info=error, extra={"event": "error", "code": "internal_error"})
    return TechScreenError("Something went wrong on our side. The log has the request_id.")


def _cause(error: TechScreenError) -> str | None:
    """The driver's or supplier's own message, for the log only; never SQL with its values."""
    cause = error.__cause__
    return f"{type(cause).__name__}: {getattr(cause, 'orig', None) or type(cause).__name__}" if cause else None
