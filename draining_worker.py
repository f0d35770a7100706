"""gunicorn's worker with threads, made to stop without losing a request.

gunicorn's own stops to accept connections on SIGTERM, but keeps its socket open until its last request is over. Until
then the system goes on to take connections for it: they wait, unanswered, for as long as a generation takes, and are
reset in the end. A proxy in front cannot tell whether such a request was begun, and must not repeat it. This one
answers those that were taken and closes the socket at once, so that all others are refused and go to another node.

What is left is a connection that is just being made when the socket closes: the time of one packet on the network.
"""

from __future__ import annotations

from typing import Any

from gunicorn.workers.gthread import ThreadWorker


class DrainingWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """Set as `worker_class` in gunicorn.conf.py."""

    def set_accept_enabled(self, enabled: bool) -> None:
        """Accept connections or not; once this worker stops, never again."""
        super().set_accept_enabled(enabled)
        if not self.alive:
            for listener in self.sockets:
                self._take_all_that_wait(listener)
                listener.close()

    def _take_all_that_wait(self, listener: Any) -> None:
        taken = -1
        while taken != self.nr_conns:
            taken = self.nr_conns
            self.accept(listener)
