"""The live Claude client: with `techscreen/claude/model_info.py` the only importer of the `anthropic` SDK.

It holds the connections, the deadline and the transport: retries, streams, and the mapping of the SDK's errors. A
`Request` comes in; a checked answer with its cost goes out. `techscreen/claude/conversation.py` decides what is asked
and when an answer is sent back.

Calls run on one asyncio loop per process: any number can be under way without a thread each, and the deadline can
cancel a call wherever it is: connecting, waiting for a retry, or reading a slow body. Loop and SDK clients are made on
first use in each process, because a client used on both sides of a fork mixes up answers.

Only the answer to a request with a listener is streamed: in one piece it costs less CPU.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
import os
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from random import SystemRandom
from typing import TYPE_CHECKING, Any, TypeVar

import anthropic
import httpx2
from pydantic import BaseModel

from config import Settings
from prompts import PROMPT_VERSION, Request
from techscreen.claude.admission import Admission
from techscreen.claude.conversation import Conversation, Ledger, Message
from techscreen.claude.failures import (
    DEFAULT_RETRY_AFTER,
    ErrorBody,
    FailedTry,
    failed_in_place_of_answer,
    failed_with_status,
    unreachable,
    unusable,
)
from techscreen.claude.interface import Check, ClaudeAnswer, Deadline, Listener, OnSpending
from techscreen.claude.responses import Answer, ErrorInPlaceOfAnswer, Reply
from techscreen.errors import (
    ClaudeBilling,
    ClaudeError,
    ClaudeNotAsked,
    ClaudeNotConfigured,
    ClaudeUnavailable,
    GenerationTimeout,
    Spending,
)
from techscreen.observability import metrics

if TYPE_CHECKING:
    from anthropic.types import JSONOutputFormatParam, OutputConfigParam

logger = logging.getLogger(__name__)

T = TypeVar("T", bound=BaseModel)

# Calls are spread over this many SDK clients, because one allows itself only a thousand connections. They use the
# aiohttp transport: a call costs a third less CPU than on the SDK's usual one.
SDK_CLIENTS = 4
# Calls that fail in transport (overload, rate limit, lost connection) are tried this often, with pauses
# of 0.5, 1, 2, 4 and 8 seconds less jitter, or as long as Claude asks for if the deadline allows it.
MAX_TRIES = 6
FIRST_PAUSE, MAX_PAUSE = 0.5, 8.0
CONNECT_TIMEOUT = 5.0
OVERLOADED = 529
# What reading a 200 may raise if it is not an answer from Claude.
UNREADABLE = (anthropic.APIError, ValueError, KeyError, TypeError, AttributeError, RecursionError)
# Seconds to wait for the end of a stream whose text is complete.
MAX_WAIT_FOR_END = 5.0
# Seconds before the deadline at which a complete text is taken without waiting for the end of its stream.
TIME_TO_USE_TEXT = 0.5


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
        self,
        request: Request[T],
        check: Check[T],
        deadline: Deadline,
        listener: Listener[T] | None = None,
        on_spending: OnSpending | None = None,
    ) -> Future[ClaudeAnswer[T]]:
        """Start asking and return at once; see `techscreen.claude.interface.Claude`.

        Raises (from the future):
            ClaudeError: one of its kinds, with what was spent.
        """
        if self._settings.claude_api_key is None:
            refused: Future[ClaudeAnswer[T]] = Future()
            refused.set_exception(ClaudeNotConfigured("No Claude API key is set: set CLAUDE_API_KEY."))
            return refused
        self._start_in_this_process()
        return asyncio.run_coroutine_threadsafe(
            self._answer(request, check, deadline, listener, on_spending), self._loop
        )

    def close(self) -> None:
        """Close the connections and end the thread of this process. Calls under way are cancelled."""
        with self._lock:
            if self._owner == os.getpid():
                asyncio.run_coroutine_threadsafe(self._cancel_and_close(), self._loop).result()
                self._loop.call_soon_threadsafe(self._loop.stop)
                self._thread.join()
                self._loop.close()
            self._owner = None

    async def _cancel_and_close(self) -> None:
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
        self,
        request: Request[T],
        check: Check[T],
        deadline: Deadline,
        listener: Listener[T] | None,
        on_spending: OnSpending | None,
    ) -> ClaudeAnswer[T]:
        """Time, log and count what `_converse` does."""
        ledger = Ledger(on_spending)
        started = time.monotonic()
        outcome = "cancelled"
        try:
            value = await self._converse(request, check, deadline, listener, ledger)
            outcome = "success"
            return ClaudeAnswer(value, ledger.spending)
        except ClaudeError as error:
            outcome = error.code
            raise error.costing(ledger.spending) from error.__cause__
        finally:
            seconds, spending = time.monotonic() - started, ledger.spending
            metrics.claude_asked(self.model, outcome, spending, seconds)
            logger.info(
                "claude %s: %s after %d attempts",
                type(request).__name__,
                outcome,
                spending.attempts,
                extra={
                    "event": "claude_call",
                    "asked": type(request).__name__,
                    "outcome": outcome,
                    "model": self.model,
                    "tokens": spending.total_tokens,
                    "attempts": spending.attempts,
                    "claude_request_ids": list(spending.request_ids),
                    "duration_ms": round(seconds * 1000),
                },
            )

    async def _converse(
        self,
        request: Request[T],
        check: Check[T],
        deadline: Deadline,
        listener: Listener[T] | None,
        ledger: Ledger,
    ) -> T:
        """Have one conversation within the deadline. Whatever goes wrong is a `ClaudeError`."""
        transport = _Transport(
            sdk=next(self._sdks),
            settings=self._settings,
            admission=self._admission,
            request=request,
            deadline=deadline,
            ledger=ledger,
            listener=listener,
        )
        conversation = Conversation(
            request,
            check,
            listener,
            deadline=deadline,
            max_tokens=self._settings.claude_max_tokens,
            ledger=ledger,
            send=transport.send,
        )
        try:
            self._admission.admit(deadline)
            async with asyncio.timeout(max(0.0, deadline.remaining())):
                return await conversation.run()
        except TimeoutError:
            raise transport.timed_out() from None
        except ClaudeError:
            raise
        except Exception as error:  # a bug of ours; what the answer cost is still counted
            logger.exception("claude answer could not be handled", extra={"event": "claude_unexpected"})
            raise ClaudeError("Something went wrong on our side.") from error


_inherited: list[object] = []


class _Transport:
    """Sends the messages of one request through the SDK, and turns what comes back into a reply or one of our errors.

    Every attempt is counted in the ledger. The listener hears an answer while it is streamed.
    """

    def __init__(
        self,
        *,
        sdk: anthropic.AsyncAnthropic,
        settings: Settings,
        admission: Admission,
        request: Request[Any],
        deadline: Deadline,
        ledger: Ledger,
        listener: Listener[Any] | None,
    ) -> None:
        self._sdk = sdk
        self._settings = settings
        self._admission = admission
        self._request = request
        self._deadline = deadline
        self._ledger = ledger
        self._listener = listener
        self._is_waiting_for_slot = False
        self._output: OutputConfigParam = {"effort": settings.claude_effort, "format": _format(request.answer_type)}

    def timed_out(self) -> ClaudeError:
        """Why there was no answer before the deadline."""
        if not self._is_waiting_for_slot:
            return GenerationTimeout("Claude did not answer before REQUEST_TIMEOUT was reached.")
        kind = ClaudeUnavailable if self._ledger.spending.attempts else ClaudeNotAsked
        return kind(
            "Too many calls to Claude are under way: this one did not get its turn in time.",
            retry_after=DEFAULT_RETRY_AFTER,
        )

    async def send(self, messages: list[Message], max_tokens: int) -> Reply:
        """One answered call. Transport failures are retried inside the deadline.

        Raises:
            ClaudeError: if no retry helps or there is no time for one.
        """
        for tries in range(1, MAX_TRIES + 1):
            self._ledger.report()
            self._is_waiting_for_slot = True
            async with self._admission.slot():
                self._is_waiting_for_slot = False
                outcome = await self._try(messages, max_tokens)
            if isinstance(outcome, Reply):
                self._admission.answered()
                return outcome
            failure = outcome.error
            if isinstance(failure, ClaudeUnavailable):
                self._admission.overloaded()
            elif not outcome.may_be_retried:
                self._admission.answered()  # an error, but Claude is there
            if not outcome.may_be_retried:
                raise failure
            pause = _pause(tries, outcome.pause)
            if tries == MAX_TRIES or pause >= self._deadline.remaining():
                raise failure
            logger.info("claude retry in %.1f s: %s", pause, failure.code, extra={"event": "claude_retry"})
            await asyncio.sleep(pause)
        raise AssertionError("the last try returns or raises")

    async def _try(self, messages: list[Message], max_tokens: int) -> Reply | FailedTry:
        """Ask once, in one piece or as a stream."""
        self._ledger.add(Spending(attempts=1))
        asked: dict[str, Any] = {
            "model": self._settings.claude_model,
            "max_tokens": max_tokens,
            "system": self._request.system,
            "messages": messages,
            "output_config": self._output,
            # It counts per read and only has to be later than the deadline, which cancels the call. Giving one also
            # lifts the SDK's guard against a large max_tokens.
            "timeout": anthropic.Timeout(self._deadline.remaining() + CONNECT_TIMEOUT, connect=CONNECT_TIMEOUT),
        }
        answer = Answer()
        try:
            await self._receive(answer, asked)
            failed = unusable()
        except anthropic.APIStatusError as error:
            # Claude does not bill what it refuses or is too busy for; a gateway's error may hide an answer that was
            # billed.
            answer.costs_nothing = error.status_code < 500 or error.status_code == OVERLOADED
            answer.request_id = error.request_id
            error_body = ErrorBody.parse(error.body)
            failed = failed_with_status(error.status_code, error.response.headers, error_body).caused_by(error)
            self._log_error(f"HTTP {error.status_code}", answer, error_body, failed)
        except ErrorInPlaceOfAnswer as error:
            failed = failed_in_place_of_answer(error.body).caused_by(error)
            self._log_error("an error after HTTP 200:", answer, error.body, failed)
        except (anthropic.APIConnectionError, httpx2.HTTPError, TimeoutError) as error:  # the latter two of a stream
            answer.costs_nothing = _was_never_sent(error)
            failed = unreachable().caused_by(error)
        except UNREADABLE as error:
            failed = unusable().caused_by(error)
        finally:
            self._ledger.add(answer.spending)
        reply = answer.reply()
        if reply is not None and (not answer.has_ended or answer.spending.is_lower_bound):
            logger.warning(
                "claude's answer was complete, but had no proper end or no token counts: taken",
                extra={"event": "claude_odd_answer", "claude_request_id": answer.request_id},
            )
        return reply or failed

    async def _receive(self, answer: Answer, asked: dict[str, Any]) -> None:
        """Ask, and take what comes, streamed or in one piece: gateways do not always give what was asked for.

        The SDK's models are not used: building one of each event would double the CPU of a stream, and that of an
        answer in one piece costs more than everything we do with it.
        """
        messages = self._sdk.messages
        if self._listener is None:
            response = (await messages.with_raw_response.create(**asked)).http_response
            await self._read_body(answer, response, streams="event-stream" in _content_type(response))
        else:
            async with await messages.create(**asked, stream=True) as stream:
                await self._read_body(answer, stream.response, streams="json" not in _content_type(stream.response))

    async def _read_body(self, answer: Answer, response: httpx2.Response, *, streams: bool) -> None:
        answer.request_id = response.headers.get("request-id")
        if not streams:
            answer.take_message(json.loads(await response.aread()))
            return
        async with asyncio.timeout(None) as patience:
            async for event in anthropic.AsyncStream.raw_events(response):
                if answer.take(event.event, event.data):
                    self._tell_listener(answer.text)
                if answer.has_ended:
                    return
                if event.event == "content_block_stop" and answer.text_is_complete():
                    wait = max(0.0, min(MAX_WAIT_FOR_END, self._deadline.remaining() - TIME_TO_USE_TEXT))
                    patience.reschedule(asyncio.get_running_loop().time() + wait)
        if answer.has_begun and answer.reply() is None:
            raise httpx2.RemoteProtocolError("The stream ended before its message did.")

    def _tell_listener(self, text: str) -> None:
        if self._listener is None:
            return
        try:
            self._listener.heard(text)
        except Exception:  # a fault of ours must not lose an answer that is paid for
            logger.exception("listener failed", extra={"event": "claude_listener"})

    def _log_error(self, what: str, answer: Answer, error_body: ErrorBody, failed: FailedTry) -> None:
        level = logging.ERROR if isinstance(failed.error, ClaudeBilling) else logging.WARNING
        key = self._settings.claude_api_key
        assert key is not None
        said = error_body.quoted(key.get_secret_value(), self._request.text()) if failed.is_unexplained else ""
        logger.log(
            level,
            "claude answered %s %s (%s)%s%s",
            what,
            error_body.kind,
            answer.request_id or error_body.request_id,
            said and f" {said!r}",
            f": {failed.error.message}" if level == logging.ERROR else "",
            extra={
                "event": "claude_error",
                "outcome": failed.error.code,
                "error_type": error_body.kind,
                "error_code": error_body.code,
                "claude_request_id": answer.request_id or error_body.request_id,
                "claude_message": said,
            },
        )


def _pause(tries: int, asked_for: float | None) -> float:
    """Seconds before the next try, with jitter so that callers refused together do not come back together.

    Args:
        tries: how many there have been.
        asked_for: seconds that Claude asks us to wait.
    """
    spread = SystemRandom().random()
    if asked_for is None:
        return min(FIRST_PAUSE * 2.0 ** (tries - 1), MAX_PAUSE) * (1 - 0.25 * spread)
    return asked_for + (FIRST_PAUSE * (0.75 + 0.25 * spread) if asked_for < FIRST_PAUSE else spread)


def _was_never_sent(error: BaseException | None) -> bool:
    """Whether no connection was made at all. The transport raises the same error for one that was lost."""
    while error is not None and not isinstance(error, (ConnectionRefusedError, socket.gaierror)):
        error = error.__cause__
    return error is not None


def _content_type(response: httpx2.Response) -> str:
    return response.headers.get("content-type", "")


def _format(answer_type: type[BaseModel]) -> JSONOutputFormatParam:
    """The JSON schema of an answer, made once for each type because it costs two milliseconds."""
    if answer_type not in _FORMATS:
        _FORMATS[answer_type] = {"type": "json_schema", "schema": anthropic.transform_schema(answer_type)}
    return _FORMATS[answer_type]


_FORMATS: dict[type[BaseModel], JSONOutputFormatParam] = {}
