"""The /metrics of a Celery worker, which has no routes: a small server with the counts of its processes.

Figures that only the database knows are reported by the web processes.
"""

from __future__ import annotations

import hmac
import threading

from pydantic import SecretStr
from werkzeug import Request, Response
from werkzeug.serving import WSGIRequestHandler, make_server

from techscreen.observability.metrics import CONTENT_TYPE, exposition


def serve_metrics(port: int, token: SecretStr | None) -> None:
    """Serve /metrics from a thread: to whoever sends the token or, without one, on a loopback address only.

    Raises:
        SystemExit: if the port is taken.
    """

    @Request.application
    def answer(request: Request) -> Response:
        given = request.headers.get("Authorization", "").encode()
        if token is not None and not hmac.compare_digest(given, f"Bearer {token.get_secret_value()}".encode()):
            return Response(status=401)
        if request.path != "/metrics":
            return Response(status=404)
        return Response(exposition([]), content_type=CONTENT_TYPE)

    host = "127.0.0.1" if token is None else "0.0.0.0"  # noqa: S104  # the token is the door
    server = make_server(host, port, answer, threaded=True, request_handler=_Silent)
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()


class _Silent(WSGIRequestHandler):
    """Does not log requests: a scrape every few seconds is not worth a line."""

    def log(self, type: str, message: str, *args: object) -> None:
        """Log nothing."""
