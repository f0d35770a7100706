"""Delivers an event to WEBHOOK_URL, signed. One try; the job runner makes the next ones.

An event comes in, the receiver's status goes out, or `WebhookNotDelivered`. Its answer is not read: only the status
counts. No proxy of the environment is used, because it would look up the name itself.
"""

from __future__ import annotations

import functools
import hashlib
import hmac
import json
import logging
import ssl
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpcore2
import httpx2
from pydantic import BaseModel, ConfigDict

from config import Settings
from models import utc_now
from techscreen.errors import WebhookNotDelivered
from techscreen.observability import metrics
from techscreen.operations.webhook_addresses import AddressRefused, GuardedNetwork, Resolve, look_up
from techscreen.storage.outbox import EVENT_NAMES

logger = logging.getLogger(__name__)

# An event is tried this often: after 10 s, 20 s, 40 s and so on up to an hour, and so for about a day. To each pause
# the runner adds up to half of it at random.
ATTEMPTS = 28
FIRST_PAUSE, MAX_PAUSE = 10.0, 3_600.0
# Threads of one process that deliver events. They are not those of the jobs, so a receiver that does not answer keeps
# no generation waiting.
THREADS = 2
# Seconds for one try in all.
TIMEOUT = 10.0
TEST_EVENT = "test"
# What answers other than 2xx count as; odd ones as failed.
OUTCOMES = {3: "redirected", 4: "refused", 5: "failed"}


class WebhookEvent(BaseModel):
    """An event as it is stored, and sent."""

    model_config = ConfigDict(frozen=True)

    id: str
    event: str
    created_at: str
    data: dict[str, Any]

    def body(self) -> bytes:
        """What is sent and signed."""
        return json.dumps(self.model_dump(), separators=(",", ":")).encode()


class ReceiverAnswer(BaseModel):
    """How a receiver answered."""

    status: int
    duration_ms: int


def pause_after(attempts: int) -> float:
    """Seconds until the next try."""
    return min(FIRST_PAUSE * 2.0 ** (attempts - 1), MAX_PAUSE)


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """What X-TechScreen-Signature holds: the keyed digest of the moment and the body."""
    signed = timestamp.encode() + b"." + body
    return f"sha256={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}"


class WebhookSender:
    """Sends events to the receiver that the settings name.

    Args:
        resolve: looks up names.
        timeout: seconds for one try in all.
    """

    def __init__(self, settings: Settings, resolve: Resolve = look_up, timeout: float = TIMEOUT) -> None:
        self._settings = settings
        self._resolve = resolve
        self._timeout = timeout

    def deliver(self, event: WebhookEvent) -> ReceiverAnswer:
        """Send an event and wait for the status of the answer.

        Raises:
            WebhookNotDelivered: if it is not 2xx, or there is none.
        """
        with _counted(event):
            began = time.monotonic()
            status = self._post(event)
            if not 200 <= status < 300:
                raise _refusal(status)
            return ReceiverAnswer(status=status, duration_ms=round(1_000 * (time.monotonic() - began)))

    def send_test(self) -> ReceiverAnswer:
        """Send an event of the name "test", at once and once.

        Raises:
            WebhookNotDelivered: as `deliver` does.
        """
        now = utc_now().isoformat(timespec="seconds")
        data = {"message": "This is a test of the webhook."}
        return self.deliver(WebhookEvent(id=uuid.uuid4().hex, event=TEST_EVENT, created_at=now, data=data))

    def _post(self, event: WebhookEvent) -> int:
        address, secret = self._settings.webhook_url, self._settings.webhook_secret
        if address is None or secret is None:
            raise _Undelivered("unset", "WEBHOOK_URL is not set.")
        body, timestamp, url = event.body(), str(int(time.time())), _parsed(address)
        headers: dict[str | bytes, str | bytes] = {
            "Content-Type": "application/json",
            "User-Agent": "TechScreen",
            "X-TechScreen-Event": event.event,
            "X-TechScreen-Delivery": event.id,
            "X-TechScreen-Timestamp": timestamp,
            "X-TechScreen-Signature": signature(secret.get_secret_value(), timestamp, body),
        }
        target = httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        network = GuardedNetwork(
            self._resolve, time.monotonic() + self._timeout, allow_private=self._settings.webhook_allow_private
        )
        context = _certificates() if url.scheme == "https" else None
        try:
            # A connection for each event: what was judged a minute ago may have changed.
            with (
                httpcore2.ConnectionPool(ssl_context=context, network_backend=network) as pool,
                pool.stream("POST", target, headers=headers, content=body) as response,
            ):
                return response.status
        except httpcore2.TimeoutException as error:
            raise _Undelivered("timed_out", f"{url.host} took longer than {self._timeout:g} s.") from error
        except (httpcore2.NetworkError, httpcore2.ProtocolError, OSError) as error:
            raise _unreachable(url.host, error) from error


class _Undelivered(WebhookNotDelivered):
    """With the outcome by which it is counted."""

    def __init__(self, outcome: str, message: str) -> None:
        super().__init__(message)
        self.outcome = outcome


def _parsed(address: str) -> httpx2.URL:
    try:
        return httpx2.URL(address)
    except httpx2.InvalidURL as error:
        raise _Undelivered("address_refused", "WEBHOOK_URL has a host that no name can be.") from error


def _refusal(status: int) -> _Undelivered:
    sentence = f"The receiver answered {status}."
    if status // 100 == 3:
        sentence += " Redirects are not followed: set WEBHOOK_URL to where it leads."
    return _Undelivered(OUTCOMES.get(status // 100, "failed"), sentence)


def _unreachable(host: str, error: BaseException) -> _Undelivered:
    """Says why a receiver could not be reached, from the chain of the transport's errors."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _Undelivered("untrusted", f"The certificate of {host} cannot be trusted: {cause.verify_message}.")
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, httpcore2.ConnectError):
        return _Undelivered("unreachable", f"No connection to {host}: {error}")
    return _Undelivered("unreachable", f"{host} broke off the connection.")


@contextmanager
def _counted(event: WebhookEvent) -> Iterator[None]:
    outcome = "internal_error"
    try:
        yield
        outcome = "delivered"
    except AddressRefused:
        outcome = "address_refused"
        raise
    except _Undelivered as error:
        outcome = error.outcome
        raise
    except Exception as error:  # a fault of ours must not lose an event
        logger.exception("an event could not be sent", extra={"event": "webhook_broke_off"})
        raise WebhookNotDelivered("Something went wrong on our side. The log has the rest.") from error
    finally:
        # Names of another version of the service would each be a time series for ever.
        metrics.webhook_tried(event.event if event.event in (*EVENT_NAMES, TEST_EVENT) else "other", outcome)
        logger.info(
            "webhook %s %s: %s", event.event, event.id, outcome, extra={"event": "webhook_tried", "outcome": outcome}
        )


@functools.cache
def _certificates() -> ssl.SSLContext:
    """The trusted certificates, read once: that costs two megabytes and 20 ms."""
    return httpx2.create_ssl_context()
