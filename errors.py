"""The error family: every error knows its HTTP status, its code and a sentence that is safe to show.

Errors are sorted by who must act: the caller (4xx), the operator or ourselves (500), Claude's answer
(502), a supplier that is away (503, 504). This module knows no Flask, so that services can raise
these; `error_pages.py` turns them into JSON.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class FieldProblem:
    """What is wrong with one field of a request: its name and a sentence."""

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


class OperationInProgress(TechScreenError):
    """The first request with the same idempotency key is still being worked on."""

    status, code = 409, "operation_in_progress"


class IdempotencyMismatch(TechScreenError):
    """The idempotency key was used for another request."""

    status, code = 422, "idempotency_mismatch"


class TokenBudgetExhausted(TechScreenError):
    """As many Claude tokens as may be spent today are spent."""

    status, code = 429, "token_budget_exhausted"


class JobLost(TechScreenError):
    """An attempt at a job has been overtaken: its process seemed dead, and somebody else has taken the job up."""


class Interrupted(TechScreenError):
    """The service stopped before this was finished, and nobody takes it up again."""

    status, code = 503, "interrupted"


class JobsUnavailable(TechScreenError):
    """Nobody can be told of a job, so it is not accepted."""

    status, code = 503, "jobs_unavailable"


class DatabaseUnavailable(TechScreenError):
    """The database does not answer."""

    status, code = 503, "database_unavailable"


@dataclass(frozen=True)
class Spending:
    """What Claude was asked and what it cost, over one or more attempts. Tokens are Claude's own counts.

    Attributes:
        attempts: tries at Claude, those that failed in transport included.
        repairs: answers that came and were sent back or asked for again.
        failed_checks: the checks that these failed, one entry for each problem.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cache_creation_tokens: int = 0
    cache_read_tokens: int = 0
    attempts: int = 0
    request_ids: tuple[str, ...] = field(default=())
    repairs: int = 0
    failed_checks: tuple[str, ...] = field(default=())

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
        )


class ClaudeError(TechScreenError):
    """Asking Claude failed. `spending` is what was paid all the same."""

    def __init__(self, message: str, *, spending: Spending | None = None, retry_after: int | None = None) -> None:
        super().__init__(message, retry_after=retry_after)
        self.spending = spending or Spending()


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


class ClaudeUnavailable(ClaudeError):
    """Claude is overloaded, limits our rate or cannot be reached."""

    status, code = 503, "claude_unavailable"


class ClaudeNotAsked(ClaudeUnavailable):
    """Claude is known to be overloaded, or too many wait for it already: it was not asked, and nothing was tried."""


class Overloaded(TechScreenError):
    """This process has as much waiting for Claude as it can hold."""

    status, code = 503, "overloaded"


class GenerationTimeout(ClaudeError):
    """REQUEST_TIMEOUT was reached."""

    status, code = 504, "generation_timeout"
