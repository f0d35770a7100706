"""The error family: every error knows its HTTP status, its code and a sentence that is safe to show.

They are sorted by whose turn it is: the caller's (4xx), the operator's or ours (500); or Claude's answer is unusable
(502), or a supplier is away (503, 504). This module knows no Flask, so that services can raise them;
`web/error_handlers.py` turns them into JSON. What Claude has cost (`Spending`) is here too, because its errors carry
it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Self

# Seconds after which a caller may try again when something is away or full for an unknown time.
RETRY_AFTER = 10


@dataclass(frozen=True)
class FieldProblem:
    """A problem with one field of a request: the field's name and a sentence."""

    field: str
    message: str


class TechScreenError(Exception):
    """Base of all errors that an answer may show.

    Attributes:
        message: a sentence for the caller, free of secrets.
        details: one entry for each bad field.
        req_id: the requisition concerned, when known.
        job_description_id: a job description that was kept although the request failed.
        retry_after: seconds after which the same request may succeed.
        current: what the caller's change would have overwritten, as an answer shows it.
        report: further fields of the answer.
    """

    status = 500
    code = "internal_error"

    def __init__(
        self,
        message: str,
        *,
        details: list[FieldProblem] | None = None,
        req_id: str | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.details = details or []
        self.req_id = req_id
        self.retry_after = retry_after
        self.job_description_id: int | None = None
        self.current: Any = None
        self.report: dict[str, Any] = {}


class InvalidRequest(TechScreenError):
    """Something in the request is missing, blank, mistyped or too long."""

    status, code = 400, "invalid_request"

    @classmethod
    def of_fields(cls, problems: list[FieldProblem], req_id: str | None = None) -> InvalidRequest:
        """The error that names every bad field in one sentence."""
        return cls(" ".join(problem.message for problem in problems), details=problems, req_id=req_id)


class MalformedJson(TechScreenError):
    """The body is not JSON."""

    status, code = 400, "malformed_json"


class Unauthenticated(TechScreenError):
    """It is not known who calls."""

    status, code = 401, "unauthenticated"


class Forbidden(TechScreenError):
    """The caller is known but may not do this."""

    status, code = 403, "forbidden"


class NotFound(TechScreenError):
    """What was asked for does not exist."""

    status, code = 404, "not_found"


class UnsupportedMediaType(TechScreenError):
    """The body is announced as something other than JSON."""

    status, code = 415, "unsupported_media_type"


class NotEnhanced(TechScreenError):
    """The job description has no enhancement to make an interview from."""

    status, code = 409, "not_enhanced"


class Superseded(TechScreenError):
    """The requisition was given other texts by a newer request, or erased, meanwhile: nothing of this one is stored."""

    status, code = 409, "superseded"


class LibraryLacks(TechScreenError):
    """The library alone was asked for, and it has no questions for five topics; `details` names those without one."""

    status, code = 409, "library_lacks"


class ReferenceTaken(TechScreenError):
    """Another question of the library has this reference."""

    status, code = 409, "reference_taken"


class NotImportable(TechScreenError):
    """Rows of an import have problems, so nothing of it was imported; `problems` names row and field of each."""

    status, code = 422, "not_importable"


class NotEditable(TechScreenError):
    """Its state does not allow this: a published interview never changes, and a locked question is not replaced."""

    status, code = 409, "not_editable"


class Stale(TechScreenError):
    """Somebody else has changed it since it was read. `current` is what it is now."""

    status, code = 412, "stale"


class NotPublishable(TechScreenError):
    """Something is missing before the interview can be published; `details` lists it."""

    status, code = 422, "not_publishable"


class PreconditionRequired(TechScreenError):
    """A change needs `If-Match` with the ETag of what was read, so that nobody overwrites anybody."""

    status, code = 428, "precondition_required"


class OperationInProgress(TechScreenError):
    """The first request with the same idempotency key is still being worked on, as the job `job_id`."""

    status, code = 409, "operation_in_progress"

    def __init__(self, message: str, *, job_id: str, req_id: str | None, retry_after: int) -> None:
        super().__init__(message, req_id=req_id, retry_after=retry_after)
        self.job_id = job_id
        self.report = {"job_id": job_id}


class Cancelled(TechScreenError):
    """Somebody has cancelled this before it was finished. What was paid for is kept, and its key can be used again."""

    status, code = 409, "cancelled"


class NotCancellable(TechScreenError):
    """The job has ended, or it delivers an event, which nobody cancels."""

    status, code = 409, "not_cancellable"


class GenerationUnderWay(TechScreenError):
    """Something is being made of this requisition: wait for it, or cancel its job."""

    status, code = 409, "generation_under_way"


class IdempotencyMismatch(TechScreenError):
    """The idempotency key was used for another request."""

    status, code = 422, "idempotency_mismatch"


class TokenBudgetExhausted(TechScreenError):
    """Today's budget of Claude tokens is spent."""

    status, code = 429, "token_budget_exhausted"


class TokenBudgetReserved(TokenBudgetExhausted):
    """The rest of today's token budget is reserved for what is under way, which may not need all of it."""


class TooManyStreams(TechScreenError):
    """This user or this job has reached its limit of open event streams."""

    status, code = 429, "too_many_streams"


class JobLost(TechScreenError):
    """An attempt at a job no longer owns it: its process seemed dead, and another has taken the job up."""


class Interrupted(TechScreenError):
    """The service stopped before this was finished, and it will not be resumed."""

    status, code = 503, "interrupted"


class JobsUnavailable(TechScreenError):
    """The job cannot be put into the queue, so it is not accepted."""

    status, code = 503, "jobs_unavailable"


class DatabaseUnavailable(TechScreenError):
    """The database does not answer."""

    status, code = 503, "database_unavailable"


@dataclass(frozen=True)
class Spending:
    """The cost of one or more calls to Claude. Tokens are Claude's own counts.

    Attributes:
        attempts: calls to Claude, including those that failed in transport.
        repairs: answers that were sent back or asked for again.
        failed_checks: the checks that these answers failed, one entry for each problem.
        is_lower_bound: whether a call may have cost more than is known, because it broke off or lacked some counts.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cache_creation_tokens: int = 0
    cache_read_tokens: int = 0
    attempts: int = 0
    request_ids: tuple[str, ...] = field(default=())
    repairs: int = 0
    failed_checks: tuple[str, ...] = field(default=())
    is_lower_bound: bool = False

    @property
    def total_tokens(self) -> int:
        """All tokens billed: `input_tokens` excludes what was written to or read from Claude's prompt cache."""
        return self.input_tokens + self.output_tokens + self.cache_creation_tokens + self.cache_read_tokens

    def __add__(self, other: Spending) -> Spending:
        return Spending(
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.cache_creation_tokens + other.cache_creation_tokens,
            self.cache_read_tokens + other.cache_read_tokens,
            self.attempts + other.attempts,
            self.request_ids + other.request_ids,
            self.repairs + other.repairs,
            self.failed_checks + other.failed_checks,
            self.is_lower_bound or other.is_lower_bound,
        )


class ClaudeError(TechScreenError):
    """Asking Claude failed. `spending` is what it has cost nevertheless."""

    def __init__(self, message: str, *, spending: Spending | None = None, retry_after: int | None = None) -> None:
        super().__init__(message, retry_after=retry_after)
        self.spending = spending or Spending()

    def costing(self, spending: Spending) -> Self:
        """The same error, with what it has cost."""
        return type(self)(self.message, spending=spending, retry_after=self.retry_after)


class ClaudeMisconfigured(ClaudeError):
    """Claude refuses the key, the model or the permission: an operator must act, no retry helps."""

    status, code = 500, "claude_misconfigured"


class GenerationFailed(ClaudeError):
    """Claude answered, but not usably, and repair did not help."""

    status, code = 502, "generation_failed"


class GenerationRefused(ClaudeError):
    """Claude declined to answer."""

    status, code = 502, "generation_refused"


class ClaudeNotConfigured(ClaudeError):
    """There is no key to ask Claude with."""

    status, code = 503, "claude_not_configured"


class ClaudeBilling(ClaudeError):
    """Claude's account has no credit left or has reached a spending limit, for an unknown time."""

    status, code = 503, "claude_billing"


class ClaudeUnavailable(ClaudeError):
    """Claude is overloaded, limits our rate or cannot be reached."""

    status, code = 503, "claude_unavailable"


class ClaudeNotAsked(ClaudeUnavailable):
    """Claude is known to be overloaded, or too many calls wait for it already, so it was not asked at all."""


class Overloaded(TechScreenError):
    """Too many callers are waiting in this process."""

    status, code = 503, "overloaded"


class WebhookNotDelivered(TechScreenError):
    """The receiver of an event did not take it."""

    status, code = 503, "webhook_not_delivered"


class GenerationTimeout(ClaudeError):
    """REQUEST_TIMEOUT was reached."""

    status, code = 504, "generation_timeout"
