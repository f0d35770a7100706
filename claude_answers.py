"""What counts of Claude's answers and errors, in whichever form they come. Knows the API's words, not its SDK.

Nothing here trusts what it reads: a proxy or a fault may have put something else in the place of an answer.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

from errors import ClaudeError, ClaudeMisconfigured, ClaudeUnavailable, GenerationFailed, Spending

DEFAULT_RETRY_AFTER = 30
# Who asks for more gets a try nevertheless, and jobs stay countable in days.
LONGEST_RETRY_AFTER = 86_400.0
MISCONFIGURED = {
    401: "Claude does not accept the service's API key.",
    402: "Claude reports a billing problem of the service's account.",
    403: "Claude does not permit the service's API key to do this.",
    404: "Claude does not know the configured model.",
}
# Besides all from 500 on: a time-out, a lock and a rate limit of Claude's.
PASSING = (408, 409, 429)
# The statuses of errors that a stream reports after it has begun, as a plain answer would have them.
STATUS_OF = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "overloaded_error": 529,
}


@dataclass(frozen=True)
class Reply:
    """What counts of an answer."""

    text: str
    stop_reason: str | None
    spending: Spending


@dataclass(frozen=True)
class Failed:
    """A try without an answer: our error for it, the pause in seconds that Claude asks for, whether to try again."""

    failure: ClaudeError
    pause: float | None = None
    may_be_retried: bool = True

    def because(self, cause: Exception) -> Failed:
        """The same, with what it came from, for the log."""
        self.failure.__cause__ = cause
        return self


class ErrorEvent(Exception):
    """An error that a stream reported after it had begun."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class StreamedAnswer:
    """An answer that comes in events.

    Attributes:
        text: what has been written so far.
        spending: what is known of its cost so far, also of a stream that breaks off.
        has_begun: whether anything of it has come; a model that thinks writes no text for a while.
        has_ended: whether it is over, and not only broken off.
    """

    def __init__(self, request_id: str | None) -> None:
        self.text = ""
        self.spending = Spending()
        self.has_begun = False
        self.has_ended = False
        self._request_id = request_id
        self._stop_reason: str | None = None
        self._usage: dict[str, int] = {}

    def take(self, name: str | None, data: str) -> bool:
        """Take the next event.

        Returns:
            Whether there is more text now.

        Raises:
            ErrorEvent: if it is an error.
            ValueError, KeyError, TypeError, AttributeError: if it is no event of Claude's.
        """
        if name == "content_block_delta":
            delta = json.loads(data)["delta"]
            if delta["type"] == "text_delta":
                self.text += delta["text"]
                return True
        elif name == "message_start":
            self.has_begun = True
            self._count(json.loads(data)["message"]["usage"])
        elif name == "message_delta":
            event = json.loads(data)
            self._stop_reason = event["delta"]["stop_reason"]
            # Counts so far, and those of the input only where they have changed.
            self._count(event["usage"])
        elif name == "message_stop":
            self.has_ended = True
        elif name == "error":
            raise ErrorEvent(str(json.loads(data)["error"]["type"]))
        return False

    def reply(self) -> Reply | None:
        """The answer, if it is whole. Without its cost it is no answer of Claude's."""
        is_whole = self.has_ended and "input_tokens" in self._usage
        return Reply(self.text, self._stop_reason, self.spending) if is_whole else None

    def _count(self, usage: Mapping[str, Any]) -> None:
        self._usage |= {name: count for name, count in usage.items() if isinstance(count, int)}
        self.spending = _spending(self._usage, self._request_id)


def reply_of(message: Any, request_id: str | None) -> Reply:
    """What counts of a plain answer.

    Args:
        message: the JSON that came.
        request_id: from the answer's headers.

    Raises:
        KeyError, TypeError, AttributeError: if it is no answer of Claude's.
    """
    text = "".join(block["text"] for block in message["content"] if block["type"] == "text")
    usage = {name: count for name, count in message["usage"].items() if isinstance(count, int)}
    if not usage.keys() >= {"input_tokens", "output_tokens"}:
        raise KeyError("usage")
    return Reply(text, message["stop_reason"], _spending(usage, request_id))


def failed_with_status(status: int, headers: Mapping[str, str], *, limited: bool = False) -> Failed:
    """What an error answer means: for whom it is to act, and whether the same request may succeed later.

    Args:
        status: of HTTP, or what it would have been.
        headers: Claude's own word on retrying (`x-should-retry`) comes first.
        limited: whether it is known to be a rate limit.
    """
    passing = status in PASSING or status >= 500
    word = headers.get("x-should-retry")
    may_be_retried = word == "true" if word in ("true", "false") else passing
    if status in MISCONFIGURED:
        return Failed(ClaudeMisconfigured(MISCONFIGURED[status]), None, may_be_retried)
    if passing:
        pause = retry_after(headers)
        seconds = max(1, round(pause)) if pause is not None else DEFAULT_RETRY_AFTER
        sentence = "Claude limits our rate." if status == 429 or limited else "Claude is overloaded or failing."
        return Failed(ClaudeUnavailable(sentence, retry_after=seconds), pause, may_be_retried)
    sentence = f"Claude does not accept the service's requests (HTTP {status})."
    return Failed(ClaudeMisconfigured(sentence), None, may_be_retried)


def failed_with_event(error: ErrorEvent) -> Failed:
    """What an error event of a stream means: the same as the status that a plain answer would have had."""
    return failed_with_status(STATUS_OF.get(error.kind, 500), {})


def unreachable() -> Failed:
    """The failure of a connection that was refused or broke off."""
    return Failed(ClaudeUnavailable("Claude cannot be reached.", retry_after=DEFAULT_RETRY_AFTER))


def unusable() -> Failed:
    """The failure of a 200 that holds no answer of Claude's."""
    return Failed(GenerationFailed("What came back from Claude's address is not an answer of Claude."))


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
            return min(max(0.0, seconds), LONGEST_RETRY_AFTER)
    return None


def _spending(usage: Mapping[str, int], request_id: str | None) -> Spending:
    return Spending(
        input_tokens=usage.get("input_tokens", 0),
        output_tokens=usage.get("output_tokens", 0),
        cache_creation_tokens=usage.get("cache_creation_input_tokens", 0),
        cache_read_tokens=usage.get("cache_read_input_tokens", 0),
        request_ids=(request_id,) if request_id else (),
    )
