"""A connection of the draining worker: what has arrived on it, what a thread reads from it, and short answers to it.

Bytes from a socket come in; complete requests go out to gunicorn's parser. Nothing here waits for a caller.
"""

from __future__ import annotations

import contextlib
from typing import Any, Protocol

from gunicorn.http.unreader import SocketUnreader
from gunicorn.workers.gthread import TConn

from techscreen.server.request_arrival import MAX_CHUNKS, Arrival

READ_SIZE = 65_536

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


def _refusal(status: bytes, code: bytes, sentence: bytes) -> bytes:
    body = b'{"success": false, "error": "%s", "code": "%s"}\n' % (sentence, code)
    head = b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
    return head % (status, len(body)) + body


TOO_LATE = _refusal(b"408 Request Timeout", b"request_timeout", b"The request did not arrive in time.")
TOO_MANY_CHUNKS = _refusal(b"400 Bad Request", b"invalid_request", b"The body has more than %d chunks." % MAX_CHUNKS)


class Lingering(Protocol):
    """A worker that closes a connection once its caller has hung up."""

    cfg: Any

    def linger(self, conn: Connection) -> None:
        """Wait for the caller to hang up, and then close the connection."""


class Connection(TConn):  # type: ignore[misc]  # gunicorn has no types
    """A connection, and what it waits for.

    Attributes:
        arrival: what has arrived of its next request.
        held: how many bytes of that its worker has counted.
        waits_for: what its worker waits for on it; None while a thread has it.
    """

    def __init__(self, worker: Lingering, *given: Any) -> None:
        super().__init__(worker.cfg, *given)
        self._worker = worker
        self.arrival = Arrival()
        self.held = 0
        self.waits_for: str | None = None

    def close(self, graceful: bool = False) -> None:
        """Close it; gracefully means once the caller has hung up, so that an answer on its way is not cut off."""
        if graceful and not self.cfg.is_ssl:
            self._worker.linger(self)
        else:
            super().close(graceful)


class Arrived(SocketUnreader):  # type: ignore[misc]
    """What a thread reads a request from, without waiting: it ends with what has arrived.

    Attributes:
        fell_short: whether more was wanted than there was, so that nobody knows where the next request begins.
    """

    def __init__(self, sock: Any) -> None:
        super().__init__(sock)
        self.fell_short = False
        self._collected = b""
        self._handed_out = 0

    def collect(self, data: bytes) -> None:
        """Take in the next request, once nothing of the last one is left here."""
        self._collected, self._handed_out = data, 0

    def take_buffered(self) -> bytes:
        """Return and remove everything that has not been read."""
        rest: bytes = super().take_buffered() + self._collected[self._handed_out :]
        self.collect(b"")
        return rest

    def chunk(self, size_hint: int | None = None) -> bytes:
        """The next piece of what has arrived; empty at its end.

        What was collected is handed out in pieces, as if it came from the socket: at each chunk of a body, gunicorn
        copies everything it holds unread. If it held a whole body of tiny chunks, it would copy for minutes.
        """
        if self._handed_out < len(self._collected):
            start = self._handed_out
            self._handed_out += min(max(size_hint or 0, self.mxchunk), self.max_body_chunk)
            return self._collected[start : self._handed_out]
        timeout = self.sock.gettimeout()
        self.sock.settimeout(0)
        try:
            data: bytes = super().chunk(size_hint)
        except BlockingIOError:
            data = b""
        finally:
            self.sock.settimeout(timeout)
        self.fell_short = self.fell_short or not data
        return data


def received(conn: Connection) -> bytes | None:
    """What has arrived on a connection: None if nothing has, empty bytes if the caller has hung up."""
    try:
        data: bytes = conn.sock.recv(READ_SIZE)
    except BlockingIOError:
        return None
    except OSError:
        return b""
    return data


def send(conn: Connection, message: bytes) -> None:
    """Send something short, without waiting for a caller who does not read it."""
    with contextlib.suppress(OSError):
        conn.sock.send(message)
