"""gunicorn's threaded worker, changed so that no slow caller holds a thread and no request is lost when it stops.

**Arriving.** gunicorn's own worker reads a request in a thread, so a caller who sends half of one keeps that thread for
ever. This one collects heads and bodies in its event loop and gives a thread only complete requests. Each has a
deadline, however steadily its bytes trickle in. If there are too many such connections, those that have waited longest
are closed. Nor does a thread wait for a caller to take the answer or to hang up.

**Stopping.** On SIGTERM, gunicorn's own worker stops accepting but keeps its socket open until its last request ends.
Until then the system takes further connections, which wait for as long as a generation and are reset in the end; a
proxy cannot tell whether such a request was begun, and must not repeat it. This worker answers the connections that
were taken and closes the socket at once, so that all others are refused and go to another node. Only a connection made
in the very moment of closing can still be lost.
"""

from __future__ import annotations

import errno
import os
import selectors
import signal
import socket
import time
from collections.abc import Callable
from typing import Any

from gunicorn import http
from gunicorn.workers.gthread import STOP_KEEPALIVE_LINGER, ThreadWorker

from config import load_settings
from techscreen.server.connection import CONTINUE, TOO_LATE, TOO_MANY_CHUNKS, Arrived, Connection, received, send
from techscreen.server.request_arrival import Arrival, Awaited

# The most bytes of incomplete requests that are held in all.
MAX_HELD = 67_108_864
# Seconds for a caller to hang up after its answer.
LINGER = 2.0
# Seconds between two log lines about late callers.
LOG_INTERVAL = 10.0
# What a connection waits for.
HEAD, BODY, END = Awaited.HEAD.value, Awaited.BODY.value, "end"
PASSING_ERRORS = (errno.EAGAIN, errno.EWOULDBLOCK, errno.ECONNABORTED)
OUT_OF_FILES = (errno.EMFILE, errno.ENFILE)

HELD_BACK = {signal.SIGTERM}
os.register_at_fork(after_in_parent=lambda: signal.pthread_sigmask(signal.SIG_UNBLOCK, HELD_BACK))


class DrainingWorker(ThreadWorker):  # type: ignore[misc]
    """Set as `worker_class` in gunicorn.conf.py. If gunicorn itself ends TLS, it reads requests in its own way."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.alive: bool
        settings = load_settings()
        self._seconds = {HEAD: settings.head_timeout, BODY: settings.body_timeout, END: LINGER}
        # Connections by what they wait for, oldest first, each with its deadline.
        self._waiting: dict[str, dict[Connection, float]] = {END: {}, HEAD: {}, BODY: {}}
        self._held = 0
        self._late = 0
        self._logged_at = -LOG_INTERVAL
        self._stops_at: float | None = None
        # The process is forked next; a signal sent before it has handlers of its own would be lost.
        signal.pthread_sigmask(signal.SIG_BLOCK, HELD_BACK)

    # ------------------------------------------------------------------------------------------------------ arriving

    def accept(self, listener: Any) -> bool:
        """Take a connection; false if there is none."""
        try:
            sock, address = listener.accept()
        except OSError as error:
            if error.errno in OUT_OF_FILES:
                self._make_room()
                time.sleep(0.01)  # or the loop, with none to close, would try again and again
            elif error.errno not in PASSING_ERRORS:
                raise
            return False
        self.nr_conns += 1
        if self.nr_conns >= self.worker_connections:
            self._make_room()  # first, so that the newest is not the one to go
        self.enqueue_req(Connection(self, sock, address, listener.getsockname()))
        return True

    def enqueue_req(self, conn: Connection) -> None:
        """Answer the next request of a connection, as soon as it has arrived."""
        if self.cfg.is_ssl:
            super().enqueue_req(conn)
            return
        conn.arrival = Arrival()
        if conn.parser is not None:
            conn.arrival.add(conn.parser.unreader.take_buffered())
        conn.sock.setblocking(False)
        self._go_on_reading(conn)

    def _go_on_reading(self, conn: Connection) -> None:
        while conn.arrival.awaited is not Awaited.NOTHING:
            data = received(conn)
            if data is None:
                self._wait(conn, conn.arrival.awaited.value, self._go_on_reading)
                return
            if not data:
                self._drop(conn)
                return
            conn.arrival.add(data)
        self._stop_waiting(conn)
        if conn.arrival.has_too_many_chunks:
            send(conn, TOO_MANY_CHUNKS)
            self.nr_conns -= 1
            conn.close(graceful=True)
            return
        if conn.parser is None:
            conn.parser = http.get_parser(self.cfg, conn.sock, conn.client)
            conn.parser.unreader = Arrived(conn.sock)
        conn.parser.unreader.collect(bytes(conn.arrival.data))
        conn.arrival = Arrival()
        conn.data_ready = True
        super().enqueue_req(conn)

    def _wait(self, conn: Connection, what: str, go_on: Callable[[Connection], None]) -> None:
        """Go on as soon as there is something to read. The deadline counts from the first call."""
        if conn.waits_for != what:
            self._stop_waiting(conn)
            conn.waits_for = what
            self._waiting[what][conn] = time.monotonic() + self._seconds[what]
            self.poller.register(conn.sock, selectors.EVENT_READ, lambda _: go_on(conn))
            if what == BODY and conn.arrival.expects_continue:
                send(conn, CONTINUE)
        self._held += len(conn.arrival.data) - conn.held
        conn.held = len(conn.arrival.data)
        if self._held > MAX_HELD:
            self._make_room()

    def _stop_waiting(self, conn: Connection) -> None:
        if conn.waits_for is not None:
            self.poller.unregister(conn.sock)
            del self._waiting[conn.waits_for][conn]
            conn.waits_for = None
        self._held -= conn.held
        conn.held = 0

    def _drop(self, conn: Connection) -> None:
        """Close a connection whose request or end has not come."""
        if conn.waits_for != END:
            self.nr_conns -= 1
        self._stop_waiting(conn)
        conn.close()

    def _make_room(self) -> None:
        """Close a connection: one that has been answered, else one that holds much, else what has waited longest."""
        if self._waiting[END]:
            self._drop(next(iter(self._waiting[END])))
        elif self._held > MAX_HELD and self._waiting[BODY]:
            self._late += 1
            self._drop(next(iter(self._waiting[BODY])))
        else:
            while halves := [next(iter(self._waiting[what].items())) for what in (HEAD, BODY) if self._waiting[what]]:
                conn, _ = min(halves, key=lambda half: half[1] - self._seconds[str(half[0].waits_for)])
                if not self._has_gone_on(conn):
                    self._late += 1
                    self._drop(conn)
                    return

    def _has_gone_on(self, conn: Connection) -> bool:
        """Whether what a connection waits for has come, unseen so far because the loop was busy."""
        awaited = conn.waits_for
        if awaited != END:
            self._go_on_reading(conn)
        return conn.waits_for != awaited

    def murder_pending(self) -> None:
        """Close the connections whose deadline has passed. gunicorn's loop calls it at least every second."""
        now = time.monotonic()
        for what, waiting in self._waiting.items():
            while waiting:
                conn, deadline = next(iter(waiting.items()))
                if deadline > now:
                    break
                if self._has_gone_on(conn):
                    continue
                if what != END:
                    self._late += 1
                    if conn.arrival.data:
                        send(conn, TOO_LATE)
                self._drop(conn)
        if self._stops_at is not None and now > self._stops_at:
            for conn in [conn for conn in self._waiting[HEAD] if not conn.arrival.data]:
                self._drop(conn)
        if self._late and now - self._logged_at > LOG_INTERVAL:
            self.log.warning("Closed %d connections that did not send their request in time.", self._late)
            self._late, self._logged_at = 0, now

    # ----------------------------------------------------------------------------------------------------- answering

    def handle_request(self, req: Any, conn: Connection) -> bool:
        """Answer a request. A caller who does not take the answer does not keep the thread."""
        conn.sock.settimeout(self._seconds[BODY])
        try:
            return bool(super().handle_request(req, conn))
        except TimeoutError:
            self.log.warning("Closed a connection that did not take its answer in time.")
            return False

    def _keepalive_after(self, conn: Connection, keepalive: bool) -> bool:
        try:
            can_go_on = super()._keepalive_after(conn, keepalive)
        except (http.errors.ParseException, http.errors.NoMoreData):
            # The rest of the body is bad. The request has been answered; gunicorn would answer a second time.
            return False
        return bool(can_go_on) and not getattr(conn.parser.unreader, "fell_short", False)

    def linger(self, conn: Connection) -> None:
        """Close a connection once the caller has hung up, ignoring what it still sends."""
        conn.arrival = Arrival()
        try:
            conn.sock.setblocking(False)
            conn.sock.shutdown(socket.SHUT_WR)
        except OSError:
            conn.close()
            return
        self._discard(conn)

    def _discard(self, conn: Connection) -> None:
        data = received(conn)
        if data == b"":
            self._stop_waiting(conn)
            conn.close()
        else:
            self._wait(conn, END, self._discard)

    # ------------------------------------------------------------------------------------------------------ stopping

    def init_signals(self) -> None:
        """Handle signals in this process, including those that came while it was being forked."""
        super().init_signals()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, HELD_BACK)

    def set_accept_enabled(self, enabled: bool) -> None:
        """Accept connections or not; never again once this worker stops."""
        stops = not self.alive  # read once: a signal may come at any moment
        super().set_accept_enabled(enabled and not stops)
        if stops and self._stops_at is None:
            self._stops_at = time.monotonic() + STOP_KEEPALIVE_LINGER
        while stops and self.sockets:
            listener = self.sockets.pop()
            listener.setblocking(False)
            while self.accept(listener):
                pass
            listener.close()

    def is_parent_alive(self) -> bool:
        """Whether gunicorn's master process lives. Without it, this worker stops as on SIGTERM."""
        lives = bool(super().is_parent_alive())
        if not lives:
            self.alive = False
        return lives
