"""What Claude's errors mean: who has to act, and whether the same request may succeed later.

Statuses, headers and bodies come in; one of our errors goes out, with the pause that Claude asks for. This module knows
the API's words, not its SDK.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

from techscreen.claude.untrusted_json import field
from techscreen.errors import (
    ClaudeBilling,
    ClaudeError,
    ClaudeMisconfigured,
    ClaudeUnavailable,
    GenerationFailed,
    GenerationRefused,
)

DEFAULT_RETRY_AFTER = 30
# A longer pause is cut to a day.
MAX_RETRY_AFTER = 86_400.0
# Characters of a provider's own words that are shown to operators.
MAX_QUOTED = 200
# A message that repeats this many characters of what was sent is not shown.
MIN_ECHO = 16
MISCONFIGURED = {
    401: "Claude does not accept the service's API key.",
    403: "Claude does not permit the service's API key to do this.",
    404: "Claude does not know the configured model.",
}
NO_CREDIT = "Claude's account for this service has no credit left or has reached its spending limit."
REFUSED = "Claude declined to write this content."
TOO_LONG = "The request does not fit into the model's context window."
DISABLED = "Claude's account for this service is disabled."
# Besides all from 500 on: a timeout, a lock and a rate limit.
TRANSIENT = (408, 409, 429)
# The status that each error after a 200 would have had at once. Others, such as an invalid_request_error, say nothing
# about the request, because Claude had accepted it.
STATUS_OF = {
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}
# These have the type and status of any bad request: only the error's message or code tells them apart.
BILLING_WORDS = re.compile(
    r"(?<![a-z])(credit balance|billing|billable|payment (is )?required|(spend|spending|usage)[ _]limits?"
    r"|(purchase|usage|out of|insufficient|not enough)( \w+)? (credits?|funds|balance))(?![a-z])",
    re.IGNORECASE,
)
FILTER_WORDS = re.compile(r"content[ _-]?filter|blocked by (\w+ )?(content|safety)", re.IGNORECASE)
TOO_LONG_WORDS = re.compile(r"prompt is too long|exceeds? (the )?context", re.IGNORECASE)
DISABLED_WORDS = re.compile(r"organization has been disabled|organization_on_hold", re.IGNORECASE)


@dataclass(frozen=True)
class FailedTry:
    """A try without an answer.

    Attributes:
        error: ours, to be raised.
        pause: seconds that Claude asks us to wait.
        may_be_retried: whether the same request may succeed.
        is_unexplained: whether only Claude's own words can tell an operator what is wrong.
    """

    error: ClaudeError
    pause: float | None = None
    may_be_retried: bool = True
    is_unexplained: bool = False

    def caused_by(self, cause: Exception) -> FailedTry:
        """The same, with its cause for the log."""
        self.error.__cause__ = cause
        return self


@dataclass(frozen=True)
class ErrorBody:
    """The body of an error, as far as it can be read.

    Attributes:
        kind: its type, such as `invalid_request_error`.
        code: its cause, where it has a name: `error.details.error_code`.
        message: its sentence. It may quote what was sent, so it is never shown to callers.
        request_id: of the provider.
    """

    kind: str | None = None
    code: str | None = None
    message: str = ""
    request_id: str | None = None

    @classmethod
    def parse(cls, body: Any) -> ErrorBody:
        """Read the body of an error, in Claude's form or one that gateways use."""
        error = field(body, "error")
        messages = (field(error, "message"), error, field(body, "message"), body)
        return cls(
            kind=_name(field(error, "type")),
            code=_name(field(error, "details", "error_code")),
            message=next((message for message in messages if isinstance(message, str)), ""),
            request_id=_name(field(body, "request_id")),
        )

    def quoted(self, key: str, sent: str = "") -> str:
        """The beginning of its message, for the log, unless it repeats the key or what was sent.

        Args:
            key: to Claude.
            sent: the text of the request.
        """
        said = self.message[:MAX_QUOTED]
        echoes = (said[at : at + MIN_ECHO] in sent for at in range(len(said) - MIN_ECHO + 1))
        return "(quotes what was sent)" if key in self.message or any(echoes) else said

    def speaks_of(self, words: re.Pattern[str]) -> bool:
        """Whether its message or its code contains such words."""
        return words.search(f"{self.code} {self.message}") is not None


def failed_with_status(status: int, headers: Mapping[str, str], error_body: ErrorBody) -> FailedTry:
    """What an error answer means.

    Args:
        status: of HTTP, or what it would have been.
        headers: Claude's own word on retrying (`x-should-retry`) comes first, where a retry can help at all.
        error_body: the body of the error.
    """
    pause = retry_after(headers)
    is_transient = status in TRANSIENT or status >= 500
    # A 429 without a pause may be a spending limit: only a rate limit says when it ends.
    if (not is_transient or (status == 429 and pause is None)) and (told := _by_words(status, error_body)):
        return told
    sentence: str | None
    word = headers.get("x-should-retry")
    may_be_retried = word == "true" if word in ("true", "false") else is_transient
    if is_transient:
        seconds = max(1, round(pause)) if pause is not None else DEFAULT_RETRY_AFTER
        limited = status == 429 or error_body.kind == "rate_limit_error"
        sentence = "Claude limits our rate." if limited else "Claude is overloaded or failing."
        return FailedTry(ClaudeUnavailable(sentence, retry_after=seconds), pause, may_be_retried)
    sentence = MISCONFIGURED.get(status)
    if sentence is None or (status == 404 and error_body.kind != "not_found_error"):
        sentence = f"Claude does not accept the service's requests (HTTP {status})."
        return FailedTry(ClaudeMisconfigured(sentence), None, may_be_retried, is_unexplained=True)
    return FailedTry(ClaudeMisconfigured(sentence), None, may_be_retried)


def failed_in_place_of_answer(error_body: ErrorBody) -> FailedTry:
    """What an error after a 200 means: the same as if it had come at once, if it could have come at once.

    Any other is Claude's fault, whatever it is called, and may be transient.
    """
    status = STATUS_OF.get(error_body.kind or "")
    if status is not None:
        return failed_with_status(status, {}, error_body)
    return _by_words(400, error_body) or FailedTry(
        GenerationFailed("Claude broke its answer off with an error."), is_unexplained=True
    )


def _by_words(status: int, error_body: ErrorBody) -> FailedTry | None:
    error: ClaudeError
    if error_body.speaks_of(FILTER_WORDS):
        error = GenerationRefused(REFUSED)
    elif status == 402 or error_body.kind == "billing_error" or error_body.speaks_of(BILLING_WORDS):
        error = ClaudeBilling(NO_CREDIT)
    elif error_body.speaks_of(TOO_LONG_WORDS):
        error = GenerationFailed(TOO_LONG)
    elif error_body.speaks_of(DISABLED_WORDS):
        error = ClaudeMisconfigured(DISABLED)
    else:
        return None
    return FailedTry(error, may_be_retried=False)


def unreachable() -> FailedTry:
    """The failure of a connection that was refused or broke off."""
    return FailedTry(ClaudeUnavailable("Claude cannot be reached.", retry_after=DEFAULT_RETRY_AFTER))


def unusable() -> FailedTry:
    """The failure of a 200 that holds no answer of Claude's."""
    return FailedTry(GenerationFailed("What came back from Claude's address is not an answer of Claude."))


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that an answer asks us to wait, from retry-after-ms or retry-after (seconds or a date)."""
    readers: tuple[tuple[str, Callable[[str], float]], ...] = (
        ("retry-after-ms", lambda value: float(value) / 1000),
        ("retry-after", float),
        ("retry-after", lambda value: parsedate_to_datetime(value).timestamp() - time.time()),
    )
    for name, read in readers:
        try:
            seconds = read(headers[name])
        except (KeyError, ValueError, TypeError, OverflowError):
            continue
        if math.isfinite(seconds):
            return min(max(0.0, seconds), MAX_RETRY_AFTER)
    return None


def _name(value: Any) -> str | None:
    """A short word that can stand in a line of the log."""
    return value if isinstance(value, str) and value.isprintable() and len(value) <= MAX_QUOTED else None
