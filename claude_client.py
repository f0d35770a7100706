"""The live Claude client: with `claude_models.py` the only importer of the `anthropic` SDK.

Calls run on one asyncio loop per process, so that any number can be under way without a thread each,
and so that one deadline can cancel a call wherever it is: connecting, waiting for a retry, or reading a
body that drips. Loop and SDK client are made on first use, keyed by process id: a client that is used
on both sides of a fork mixes up answers.

A request with a listener has its answer streamed, all others have it in one piece, which costs less.

An answer that cannot be used goes back to Claude with what was wrong, at most twice, and once if it has only
problems that can be tolerated; every attempt's tokens are counted, also of those that fail.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, TypeVar

import anthropic
import httpx2
from anthropic.types import MessageParam
from pydantic import BaseModel, ValidationError

import metrics
from claude_admission import Admission
from claude_answers import (
    DEFAULT_RETRY_AFTER,
    ErrorEvent,
    Failed,
    Reply,
    StreamedAnswer,
    failed_with_event,
    failed_with_status,
    reply_of,
    unreachable,
    unusable,
)
from claude_interface import Check, ClaudeAnswer, Deadline, Listener
from config import Settings
from errors import (
    ClaudeError,
    ClaudeNotAsked,
    ClaudeNotConfigured,
    ClaudeUnavailable,
    GenerationFailed,
    GenerationRefused,
    GenerationTimeout,
    Spending,
)
from findings import Problem
from prompts import PROMPT_VERSION, Request, repair_text

if TYPE_CHECKING:
    from anthropic.types import JSONOutputFormatParam, OutputConfigParam

logger = logging.getLogger(__name__)

T = TypeVar("T", bound=BaseModel)

# Calls are spread over this many SDK clients, for each allows itself a thousand connections, and with the SDK's
# usual transport searches them all at every call. On its aiohttp transport a call costs a third less CPU.
SDK_CLIENTS = 4
MOST_REPAIRS = 2
# Calls that fail in transport (overload, rate limit, lost connection) are tried this often, with pauses
# of 0.5, 1, 2, 4 and 8 seconds less jitter, or as long as Claude asks for if the deadline allows it.
MOST_TRIES = 6
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 8.0
CONNECT_TIMEOUT = 5.0
MOST_ROOM = 128_000
# The part of the time left that a repair may take which need not succeed.
PATIENCE_FOR_POLISH = 0.5
NO_ANSWER = ("refusal", "max_tokens", "model_context_window_exceeded")


class ClaudeClient:
    """Asks Claude, validates, repairs, accounts for every token, and never outlives the deadline."""

    prompt_version = PROMPT_VERSION

    def __init__(self, settings: Settings) -> None:
        self.model = settings.claude_model
        self._settings = settings
        self._lock = threading.Lock()
        self._owner: int | None = None
        self._loop: asyncio.AbstractEventLoop
        self._thread: threading.Thread
        self._clients: list[anthropic.AsyncAnthropic]
        self._sdks: Iterator[anthropic.AsyncAnthropic]
        self._admission: Admission

    def submit(
        self, request: Request[T], check: Check[T], deadline: Deadline, listener: Listener[T] | None = None
    ) -> Future[ClaudeAnswer[T]]:
        """Start asking and return at once; see `claude_interface.Claude`.

        Raises (from the future):
            ClaudeError: one of its kinds, with what was spent.
        """
        if self._settings.claude_api_key is None:
            refused: Future[ClaudeAnswer[T]] = Future()
            refused.set_exception(ClaudeNotConfigured("No Claude API key is set: set CLAUDE_API_KEY."))
            return refused
        self._start_in_this_process()
        return asyncio.run_coroutine_threadsafe(self._answer(request, check, deadline, listener), self._loop)

    def close(self) -> None:
        """Close the connections and end the thread of this process. Calls under way are cancelled."""
        with self._lock:
            if self._owner == os.getpid():
                asyncio.run_coroutine_threadsafe(self._give_up(), self._loop).result()
                self._loop.call_soon_threadsafe(self._loop.stop)
                self._thread.join()
                self._loop.close()
            self._owner = None

    async def _give_up(self) -> None:
        under_way = asyncio.all_tasks() - {asyncio.current_task()}
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
        for client in self._clients:
            await client.close()

    def _start_in_this_process(self) -> None:
        with self._lock:
            if self._owner == os.getpid():
                return
            if self._owner is not None:
                # A child of a fork must not clean up what it inherited: it would close its parent's connections.
                _inherited.append((self._loop, self._clients))
            key = self._settings.claude_api_key
            assert key is not None
            # One certificate store for all: each costs two megabytes and 20 ms.
            certificates = httpx2.create_ssl_context()
            self._clients = [
                anthropic.AsyncAnthropic(
                    api_key=key.get_secret_value(),
                    base_url=self._settings.claude_base_url,
                    # The SDK obeys any retry-after, so retrying is done here, inside the deadline.
                    max_retries=0,
                    http_client=anthropic.DefaultAioHttpClient(verify=certificates),
                )
                for _ in range(SDK_CLIENTS)
            ]
            self._sdks = itertools.cycle(self._clients)
            self._admission = Admission(self._settings.claude_max_concurrency)
            self._loop = asyncio.new_event_loop()
            self._thread = threading.Thread(target=self._loop.run_forever, name="claude", daemon=True)
            self._thread.start()
            self._owner = os.getpid()

    async def _answer(
        self, request: Request[T], check: Check[T], deadline: Deadline, listener: Listener[T] | None
    ) -> ClaudeAnswer[T]:
        conversation = _Conversation(
            next(self._sdks), self._settings, self._admission, request, check, deadline, listener
        )
        started = time.monotonic()
        outcome = "cancelled"
        try:
            self._admission.refuse_if_hopeless(deadline)
            async with asyncio.timeout(max(0.0, deadline.remaining())):
                answer = await conversation.run()
            outcome = "success"
            return answer
        except TimeoutError:
            if conversation.is_waiting_for_its_turn:
                outcome = ClaudeUnavailable.code
                kind = ClaudeUnavailable if conversation.spending.attempts else ClaudeNotAsked
                raise kind(
                    "Too many calls to Claude are under way: this one did not get its turn in time.",
                    retry_after=DEFAULT_RETRY_AFTER,
                    spending=conversation.spending,
                ) from None
            outcome = GenerationTimeout.code
            raise GenerationTimeout(
                "Claude did not answer before REQUEST_TIMEOUT was reached.", spending=conversation.spending
            ) from None
        except ClaudeError as error:
            outcome = error.code
            error.spending = conversation.spending
            raise
        except Exception as error:  # an answer that nobody thought of: our fault, but what it cost is counted
            outcome = ClaudeError.code
            logger.exception("claude answer could not be handled", extra={"event": "claude_unexpected"})
            raise ClaudeError("Something went wrong on our side.", spending=conversation.spending) from error
        finally:
            metrics.claude_asked(self.model, outcome, conversation.spending, time.monotonic() - started)
            logger.info(
                "claude %s: %s after %d attempts",
                type(request).__name__,
                outcome,
                conversation.spending.attempts,
                extra={
                    "event": "claude_call",
                    "asked": type(request).__name__,
                    "outcome": outcome,
                    "model": self.model,
                    "tokens": conversation.spending.total_tokens,
                    "attempts": conversation.spending.attempts,
                    "claude_request_ids": list(conversation.spending.request_ids),
                    "duration_ms": round((time.monotonic() - started) * 1000),
                },
            )


_inherited: list[object] = []


class _Conversation:
    """One request until it is answered: the attempts, what they cost, and what is sent next."""

    def __init__(
        self,
        sdk: anthropic.AsyncAnthropic,
        settings: Settings,
        admission: Admission,
        request: Request[Any],
        check: Check[Any],
        deadline: Deadline,
        listener: Listener[Any] | None,
    ) -> None:
        self.spending = Spending()
        self.is_waiting_for_its_turn = False
        self._sdk = sdk
        self._settings = settings
        self._admission = admission
        self._listener = listener
        self._request = request
        self._check = check
        self._deadline = deadline
        self._room = settings.claude_max_tokens
        self._output: OutputConfigParam = {
            "effort": settings.claude_effort,
            "format": _format(request.answer_type),
        }

    async def run(self) -> ClaudeAnswer[Any]:
        """Ask until there is a usable answer."""
        asked: MessageParam = {"role": "user", "content": self._request.text()}
        messages = [asked]
        problems: list[Problem] = []
        for _ in range(1 + MOST_REPAIRS):
            if problems:
                self._count_repair(problems)
            reply = await self._send(messages)
            if reply.stop_reason == "refusal":
                raise GenerationRefused("Claude declined to write this content.")
            if reply.stop_reason == "model_context_window_exceeded":
                raise GenerationFailed("The request does not fit into the model's context window.")
            if reply.stop_reason == "max_tokens":
                problems = [Problem("cut_off", f"The answer was cut off at {self._room} tokens.")]
                self._room = min(2 * self._room, MOST_ROOM)
                messages = [asked]
                continue
            text = reply.text
            value, problems = self._read(text)
            messages = _sent_back(asked, text, problems)
            if value is not None and all(problem.is_tolerable for problem in problems):
                if problems:
                    value = await self._polished(value, problems, messages)
                return ClaudeAnswer(value, self.spending)
        sentences = " ".join([problem.sentence for problem in problems if not problem.is_tolerable][:3])
        raise GenerationFailed(f"Claude's answer was unusable, also after repair: {sentences}")

    async def _polished(self, value: BaseModel, problems: list[Problem], messages: list[MessageParam]) -> BaseModel:
        """An answer that can be delivered, repaired if Claude does so in good time, or else as it is."""
        self._count_repair(problems)
        try:
            async with asyncio.timeout(self._deadline.remaining() * PATIENCE_FOR_POLISH):
                reply = await self._send(messages)
        except (TimeoutError, ClaudeError) as error:
            logger.info("claude answer left as it is: %s", type(error).__name__, extra={"event": "claude_unpolished"})
            return value
        if reply.stop_reason in NO_ANSWER:
            return value
        better, left = self._read(reply.text)
        # Not one that has changed its mind about whether there is a job at all.
        same_kind = getattr(better, "reads_as", None) == getattr(value, "reads_as", None)
        if better is None or not same_kind or len(left) >= len(problems) or not all(one.is_tolerable for one in left):
            return value
        return better

    def _count_repair(self, problems: list[Problem]) -> None:
        checks = tuple(problem.check for problem in problems)
        self.spending += Spending(repairs=1, failed_checks=checks)
        logger.warning(
            "claude answer sent back: %d problems",
            len(problems),
            extra={"event": "claude_repair", "failed_checks": sorted(set(checks))},
        )

    def _read(self, text: str) -> tuple[BaseModel | None, list[Problem]]:
        try:
            value = self._request.answer_type.model_validate_json(text)
        except ValidationError as error:
            places = [".".join(map(str, item["loc"])) or "the answer" for item in error.errors(include_input=False)]
            return None, [Problem("schema", f"Not valid against the schema at {place}.") for place in places[:5]]
        if self._listener is not None:
            value = self._listener.settle(value)
        return value, self._check(value)

    async def _send(self, messages: list[MessageParam]) -> Reply:
        """One answered call. Transport failures are retried inside the deadline."""
        for tries in range(1, MOST_TRIES + 1):
            self.is_waiting_for_its_turn = True
            async with self._admission.turn():
                self.is_waiting_for_its_turn = False
                outcome = await self._try(messages)
            if isinstance(outcome, Reply):
                self._admission.answered()
                return outcome
            failure, pause = outcome.failure, outcome.pause
            if isinstance(failure, ClaudeUnavailable):
                self._admission.overloaded()
            if not outcome.may_be_retried:
                raise failure
            if pause is None:
                pause = min(FIRST_PAUSE * 2 ** (tries - 1), LONGEST_PAUSE) * (1 - 0.25 * random.random())
            else:
                # Whoever was sent away at the same moment must not come back at the same moment.
                pause += FIRST_PAUSE * (0.75 + 0.25 * random.random()) if pause < FIRST_PAUSE else random.random()
            if tries == MOST_TRIES or pause >= self._deadline.remaining():
                raise failure
            logger.info("claude retry in %.1f s: %s", pause, failure.code, extra={"event": "claude_retry"})
            await asyncio.sleep(pause)
        raise AssertionError("the last try returns or raises")

    async def _try(self, messages: list[MessageParam]) -> Reply | Failed:
        """Ask once, in one piece or as a stream."""
        self.spending += Spending(attempts=1)
        asked: dict[str, Any] = {
            "model": self._settings.claude_model,
            "max_tokens": self._room,
            "system": self._request.system,
            "messages": messages,
            "output_config": self._output,
            # Per read, so it only has to come later than the deadline, which cancels the call. Being given at
            # all, it lifts the SDK's guard against a large max_tokens.
            "timeout": anthropic.Timeout(self._deadline.remaining() + CONNECT_TIMEOUT, connect=CONNECT_TIMEOUT),
        }
        reply: Reply | None
        try:
            if self._listener is None:
                # As it came: to have the SDK build its models of an answer costs more than all we do with it.
                answer = (await self._sdk.messages.with_raw_response.create(**asked)).http_response
                reply = reply_of(answer.json(), answer.headers.get("request-id"))
            else:
                reply = await self._heard(await self._sdk.messages.create(**asked, stream=True), self._listener)
        except anthropic.APIStatusError as error:
            return self._failed(error)
        except (anthropic.APIConnectionError, httpx2.HTTPError) as error:  # the latter from a stream that breaks off
            return unreachable().because(error)
        except ErrorEvent as error:
            return failed_with_event(error).because(error)
        except (
            anthropic.APIError,
            ValueError,
            KeyError,
            TypeError,
            AttributeError,
        ) as error:  # a 200 that is not what it claims to be
            return unusable().because(error)
        if reply is None:
            return unusable()
        self.spending += reply.spending
        return reply

    async def _heard(self, stream: anthropic.AsyncStream[Any], listener: Listener[Any]) -> Reply | None:
        """A streamed answer; None if it is no answer of Claude's. What a stream that breaks off has cost is counted.

        The events are taken as they come: to have the SDK build a model of each costs twice the CPU.
        """
        answer = StreamedAnswer(stream.response.headers.get("request-id"))
        try:
            async with stream:
                async for event in anthropic.AsyncStream.raw_events(stream.response):
                    if answer.take(event.event, event.data):
                        listener.heard(answer.text)
                    if answer.has_ended:
                        return answer.reply()
            if not answer.has_begun:
                return None
            raise httpx2.RemoteProtocolError("The stream ended before its message did.")
        except BaseException:
            self.spending += answer.spending
            raise

    def _failed(self, error: anthropic.APIStatusError) -> Failed:
        if error.request_id:
            self.spending += Spending(request_ids=(error.request_id,))
        logger.warning(
            "claude answered HTTP %d %s",
            error.status_code,
            error.type,
            extra={"event": "claude_error", "status": error.status_code, "claude_request_id": error.request_id},
        )
        limited = error.type == "rate_limit_error"
        return failed_with_status(error.status_code, error.response.headers, limited=limited).because(error)


def _format(answer_type: type[BaseModel]) -> JSONOutputFormatParam:
    """The schema that an answer must fill. Made once for each type: it costs two milliseconds."""
    if answer_type not in _FORMATS:
        _FORMATS[answer_type] = {"type": "json_schema", "schema": anthropic.transform_schema(answer_type)}
    return _FORMATS[answer_type]


_FORMATS: dict[type[BaseModel], JSONOutputFormatParam] = {}


def _sent_back(asked: MessageParam, text: str, problems: list[Problem]) -> list[MessageParam]:
    """What was asked, the answer and what is wrong with it. An empty assistant turn would be refused, so an empty
    answer is simply asked for again."""
    if not text.strip() or not _can_be_sent(text):
        return [asked]
    repair = repair_text([problem.sentence for problem in problems])
    return [asked, {"role": "assistant", "content": text}, {"role": "user", "content": repair}]


def _can_be_sent(text: str) -> bool:
    """Whether a text can be encoded: half of a surrogate pair cannot."""
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)
