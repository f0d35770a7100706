"""A receiver of webhook events: a real HTTP server on loopback, with or without TLS."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from config import load_settings
from techscreen.operations.webhook_delivery import WebhookEvent, WebhookSender

SECRET = "a-secret-of-the-receiver"


class Receiver:
    """A real receiver on loopback.

    Attributes:
        calls: headers and body of each request.
        answers: statuses of the next answers; then 204.
        on_call: called for each request before it is answered.
    """

    def __init__(self, certificate: Path | None = None) -> None:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.calls.append((dict(self.headers), body))
                receiver.on_call()
                self.send_response(receiver.answers.pop(0) if receiver.answers else 204)
                for name, value in receiver.headers.items():
                    self.send_header(name, value)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.calls: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[int] = []
        self.headers: dict[str, str] = {}
        self.on_call: Callable[[], object] = lambda: None
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        if certificate is not None:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(certificate / "certificate.pem", certificate / "key.pem")
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?token=to-be-kept"

    @property
    def events(self) -> list[WebhookEvent]:
        return [WebhookEvent.model_validate_json(body) for _, body in self.calls]


@contextmanager
def serving(receiver: Receiver) -> Iterator[Receiver]:
    thread = threading.Thread(target=receiver.server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield receiver
    finally:  # else a test that fails would keep its process from ending
        receiver.server.shutdown()
        thread.join()
        receiver.server.server_close()


def settings_for(url: str, *, allow_private: bool = True) -> dict[str, Any]:
    return {"WEBHOOK_URL": url, "WEBHOOK_SECRET": SECRET, "WEBHOOK_ALLOW_PRIVATE": allow_private}


def sender(url: str, *, allow_private: bool = True, **more: Any) -> WebhookSender:
    return WebhookSender(load_settings(settings_for(url, allow_private=allow_private)), **more)
