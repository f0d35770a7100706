"""Reads Claude's answers: events of a stream or a whole message come in, text, stop reason and token counts go out.

It knows the API's words, not its SDK, and trusts nothing that it reads: a gateway, a proxy or a fault may have changed
the answer or replaced it. What matters is the text: if that is complete it is paid for, and is taken whatever else is
odd.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from techscreen.claude.failures import ErrorBody
from techscreen.claude.untrusted_json import field, json_or_none, text_or_none
from techscreen.errors import Spending

# More tokens than any model reads or writes at once. A larger number is no count, and sums of such would not fit their
# column.
MAX_TOKENS = 10_000_000
# The most characters of an answer's text. The largest answer that can be delivered has half as many.
MAX_ANSWER = 200_000
# Events that only a stream of Claude's has.
EVENTS = frozenset({"message_start", "content_block_start", "message_delta"})


@dataclass(frozen=True)
class Reply:
    """The parts of an answer that matter."""

    text: str
    stop_reason: str | None


class ErrorInPlaceOfAnswer(Exception):
    """An error that came after a 200, as an event of the stream or in place of the message."""

    def __init__(self, body: ErrorBody) -> None:
        super().__init__(body.kind)
        self.body = body


class Answer:
    """An answer while it arrives, in events or in one piece.

    Attributes:
        text: what has been written so far, cut off after `MAX_ANSWER` characters.
        has_begun: whether anything has arrived; a model that thinks writes no text for a while.
        has_ended: whether it has come to its proper end, rather than broken off.
        costs_nothing: whether it is known that this try is not billed.
        request_id: of the provider, from the headers.
    """

    def __init__(self) -> None:
        self.text = ""
        self.has_begun = False
        self.has_ended = False
        self.costs_nothing = False
        self.request_id: str | None = None
        self._stop_reason: str | None = None
        self._usage = _Usage()
        self._block: str | None = None

    @property
    def spending(self) -> Spending:
        """Its known cost so far, even if it breaks off."""
        return self._usage.spending(self.request_id, is_free=self.costs_nothing)

    def take_message(self, message: Any) -> None:
        """Take the answer in one piece.

        Raises:
            ErrorInPlaceOfAnswer: if it is an error.
            ValueError: if it is no answer of Claude's.
        """
        content = field(message, "content")
        if content is None and field(message, "error") is not None:
            raise ErrorInPlaceOfAnswer(ErrorBody.parse(message))
        self._usage.take(field(message, "usage"), is_final=True)
        self._take_stop_reason(message)
        if isinstance(content, list):
            self.text = "".join(map(_text_of, content))
        elif isinstance(content, str):
            self.text = content
        elif self._stop_reason is None:
            raise ValueError("no message")
        self.has_begun = self.has_ended = True

    def take(self, name: str | None, data: str) -> bool:
        """Take the next event.

        Args:
            name: as the stream gives it. An event without one has it in its data.

        Returns:
            Whether there is more text now.

        Raises:
            ErrorInPlaceOfAnswer: if it is an error.
            ValueError: if it is no event of Claude's, so that some of the text may be lost.
        """
        if name is None:
            name = text_or_none(field(json_or_none(data), "type"))
        if name == "content_block_delta":
            return self._add(self._text_of_delta(field(json.loads(data), "delta")))
        event = json_or_none(data)
        self.has_begun |= name in EVENTS and isinstance(event, dict)
        if name == "content_block_start":
            block = field(event, "content_block")
            self._block = text_or_none(field(block, "type"))
            # Usually empty. If it is not, it is the beginning of the JSON.
            return isinstance(field(block, "text"), str) and self._add(_text_of(block))
        if name == "message_start":
            self._usage.take(field(event, "message", "usage"))
        elif name == "message_delta":
            self._take_stop_reason(field(event, "delta"))
            # The counts so far; those of the input only if they have changed.
            self._usage.take(field(event, "usage"), is_final=True)
        elif name == "message_stop":
            self.has_ended = True
        elif name == "error":
            raise ErrorInPlaceOfAnswer(ErrorBody.parse(event))
        return False

    def reply(self) -> Reply | None:
        """The answer, if it is complete: it has ended and says why, or at least its text is complete."""
        is_whole = self.has_ended and self._stop_reason is not None
        return Reply(self.text, self._stop_reason) if is_whole or self.text_is_complete() else None

    def text_is_complete(self) -> bool:
        """Whether the text is one whole JSON object, as every answer must be."""
        return isinstance(json_or_none(self.text), dict)

    def _add(self, text: str) -> bool:
        if len(self.text) > MAX_ANSWER:
            return False
        self.text += text
        return bool(text)

    def _text_of_delta(self, delta: Any) -> str:
        kind, text = field(delta, "type"), field(delta, "text")
        if isinstance(kind, str) and kind != "text_delta":
            return ""
        if isinstance(text, str):
            return text
        if self._block not in (None, "text"):
            return ""
        raise ValueError("a piece of text is missing")

    def _take_stop_reason(self, holder: Any) -> None:
        self._stop_reason = text_or_none(field(holder, "stop_reason")) or self._stop_reason


class _Usage:
    """The token counts of an answer, as far as they can be read."""

    KINDS = ("input_tokens", "output_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._unread: set[str] = set()
        self._output_is_final = False

    def take(self, usage: Any, *, is_final: bool = False) -> None:
        """Take what an answer or an event says; later counts replace earlier ones.

        Args:
            is_final: whether its output count is the final one.
        """
        for kind in self.KINDS:
            count = field(usage, kind)
            if type(count) is int and 0 <= count <= MAX_TOKENS:
                self._counts[kind] = count
                self._unread.discard(kind)
                self._output_is_final |= is_final and kind == "output_tokens"
            elif count is not None and kind not in self._counts:
                self._unread.add(kind)

    def spending(self, request_id: str | None, *, is_free: bool) -> Spending:
        """The known cost. A cache that is not mentioned was not used."""
        is_known = self._output_is_final and "input_tokens" in self._counts and not self._unread
        input_tokens, output_tokens, written, read = (self._counts.get(kind, 0) for kind in self.KINDS)
        return Spending(
            input_tokens,
            output_tokens,
            written,
            read,
            request_ids=(request_id,) if request_id else (),
            is_lower_bound=not (is_known or is_free),
        )


def _text_of(block: Any) -> str:
    """The text of a content block; empty for a block of another kind. An unreadable kind is taken for text.

    Raises:
        ValueError: if something else stands where its text should be.
    """
    kind, text = field(block, "type"), field(block, "text")
    if text is None or (isinstance(kind, str) and kind != "text"):
        return ""
    if not isinstance(text, str):
        raise ValueError("no text")
    return text
