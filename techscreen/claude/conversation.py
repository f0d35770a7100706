"""The repair policy: one request to Claude, until its answer can be used.

A request and its check come in; a usable answer goes out. An unusable one goes back to Claude with what is wrong, at
most twice, and once if its problems are only tolerable. One that was cut off is asked for again with more room, one
that was refused in plainer words. The transport is handed in as `Send`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from pydantic import BaseModel, ValidationError

from prompts import Request, plainer_text, repair_text
from techscreen.checks.findings import Violation
from techscreen.claude.failures import REFUSED, TOO_LONG
from techscreen.claude.interface import Check, Deadline, Listener, OnSpending
from techscreen.claude.responses import MAX_ANSWER, Reply
from techscreen.errors import ClaudeError, GenerationFailed, GenerationRefused, Spending

logger = logging.getLogger(__name__)

T = TypeVar("T", bound=BaseModel)
Message = dict[str, str]  # a turn: its `role` and its `content`

MAX_REPAIRS = 2
MAX_OUTPUT_TOKENS = 128_000
# The part of the remaining time that an optional repair may take.
OPTIONAL_REPAIR_SHARE = 0.5
NO_ANSWER = ("refusal", "max_tokens", "model_context_window_exceeded")


class Send(Protocol):
    """Sends messages to Claude."""

    def __call__(self, messages: list[Message], max_tokens: int) -> Awaitable[Reply]:
        """Send them, retrying where that may help, until there is a reply.

        Raises:
            ClaudeError: if there is none.
        """


@dataclass
class Ledger:
    """What a request has cost so far: all attempts, failed ones included.

    Attributes:
        on_spending: called with what has been spent, before anything further is asked.
    """

    on_spending: OnSpending | None = None
    spending: Spending = field(default_factory=Spending)

    def add(self, spending: Spending) -> None:
        """Add the cost of another attempt."""
        self.spending += spending

    def report(self) -> None:
        """Report what has been spent, if anything has."""
        if self.on_spending is not None and self.spending.total_tokens:
            self.on_spending(self.spending)


class Conversation(Generic[T]):
    """The turns of one request.

    Args:
        check: finds what is wrong with an answer that fits the schema.
        listener: may adjust such an answer before it is checked.
        max_tokens: room for the first answer.
        ledger: counts the repairs.
    """

    def __init__(
        self,
        request: Request[T],
        check: Check[T],
        listener: Listener[T] | None,
        *,
        deadline: Deadline,
        max_tokens: int,
        ledger: Ledger,
        send: Send,
    ) -> None:
        self._request = request
        self._check = check
        self._listener = listener
        self._deadline = deadline
        self._max_tokens = max_tokens
        self._ledger = ledger
        self._send = send
        self._question = {"role": "user", "content": request.text()}
        self._is_plainer = False

    async def run(self) -> T:
        """Ask until there is a usable answer.

        Raises:
            ClaudeError: if there is none.
        """
        messages = [self._question]
        violations: list[Violation] = []
        for _ in range(1 + MAX_REPAIRS):
            if violations:
                self._count_repair(violations)
            reply = await self._ask(messages)
            value, violations = self._read(reply.text)
            if value is None and reply.stop_reason == "model_context_window_exceeded":
                raise GenerationFailed(TOO_LONG)
            if value is None and reply.stop_reason == "max_tokens":
                violations = [Violation("cut_off", f"The answer was cut off at {self._max_tokens} tokens.")]
                self._max_tokens = min(2 * self._max_tokens, MAX_OUTPUT_TOKENS)
                messages = [self._question]
                continue
            messages = _with_repair(self._question, reply.text, violations)
            if value is not None and not any(violation.is_fatal for violation in violations):
                return await self._polished(value, violations, messages) if violations else value
        sentences = " ".join([violation.sentence for violation in violations if violation.is_fatal][:3])
        raise GenerationFailed(f"Claude's answer was unusable, also after repair: {sentences}")

    async def _ask(self, messages: list[Message]) -> Reply:
        """Ask, and once more in plainer words if Claude refuses."""
        while True:
            try:
                reply = await self._send(messages, self._max_tokens)
                if reply.stop_reason == "refusal":
                    raise GenerationRefused(REFUSED)
                return reply
            except GenerationRefused:
                if self._is_plainer:
                    raise
            logger.warning("claude refused: asked once more in plainer words", extra={"event": "claude_refused"})
            self._is_plainer = True
            self._question = {"role": "user", "content": plainer_text(self._request.text())}
            messages = [self._question]

    async def _polished(self, value: T, violations: list[Violation], messages: list[Message]) -> T:
        """A better answer, if Claude returns one in time; else this one, which can be delivered as it is."""
        self._count_repair(violations)
        try:
            async with asyncio.timeout(self._deadline.remaining() * OPTIONAL_REPAIR_SHARE):
                reply = await self._send(messages, self._max_tokens)
        except (TimeoutError, ClaudeError) as error:
            logger.info("claude answer left as it is: %s", type(error).__name__, extra={"event": "claude_unpolished"})
            return value
        if reply.stop_reason in NO_ANSWER:
            return value
        better, left = self._read(reply.text)
        # A repair must not change its mind about whether the text describes a job.
        same_kind = getattr(better, "reads_as", None) == getattr(value, "reads_as", None)
        if better is None or not same_kind or len(left) >= len(violations) or any(one.is_fatal for one in left):
            return value
        return better

    def _count_repair(self, violations: list[Violation]) -> None:
        checks = tuple(violation.check for violation in violations)
        self._ledger.add(Spending(repairs=1, failed_checks=checks))
        logger.warning(
            "claude answer sent back: %d problems",
            len(violations),
            extra={"event": "claude_repair", "failed_checks": sorted(set(checks))},
        )

    def _read(self, text: str) -> tuple[T | None, list[Violation]]:
        """The answer, if it fits the schema, and what is wrong with it."""
        if len(text) > MAX_ANSWER:
            return None, [Violation("length", f"The answer has more than {MAX_ANSWER} characters.")]
        try:
            value = self._request.answer_type.model_validate_json(text)
        except ValidationError as error:
            places = [".".join(map(str, item["loc"])) or "the answer" for item in error.errors(include_input=False)]
            return None, [Violation("schema", f"Not valid against the schema at {place}.") for place in places[:5]]
        if self._listener is not None:
            value = self._listener.settle(value)
        return value, self._check(value)


def _with_repair(question: Message, text: str, violations: list[Violation]) -> list[Message]:
    """The turns that ask for a repair. An empty answer is simply asked for again: Claude refuses an empty turn."""
    if not text.strip() or not _can_be_sent(text):
        return [question]
    repair = repair_text([violation.sentence for violation in violations])
    return [question, {"role": "assistant", "content": text}, {"role": "user", "content": repair}]


def _can_be_sent(text: str) -> bool:
    """Whether a text can be encoded: half of a surrogate pair cannot."""
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)
