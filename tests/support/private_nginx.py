"""A real nginx for the tests, with the configuration that is shipped, on free ports of this machine."""

from __future__ import annotations

import datetime
import json
import os
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from config import PROJECT_FOLDER
from tests.support.private_servers import PrivateServer, find_program, free_port

SHIPPED = PROJECT_FOLDER / "deploy" / "nginx.conf"
SITE = "techscreen.example"
SECRET = "the-secret-of-this-gateway"
# What those who install it have elsewhere: where nginx runs, where its files lie. The rest is not touched.
MAIN = """
daemon off;
{user}
worker_processes 2;
pid {folder}/pid;
error_log stderr warn;
events {{ worker_connections 512; }}
http {{
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/techscreen.conf;
}}
"""


def nginx_is_installed() -> bool:
    return bool(find_program("nginx"))


class PrivateNginx(PrivateServer):
    """The shipped nginx before two nodes.

    Args:
        nodes: the ports of the two nodes.
        identity: the port of the identity provider.
    """

    name = "nginx"

    def __init__(self, nodes: tuple[int, int], identity: int) -> None:
        super().__init__()
        self.plain_port = free_port()
        write_certificate(self.folder)
        (self.folder / "secret.conf").write_text(f'proxy_set_header X-Gateway-Secret "{SECRET}";\n')
        placeholders = {
            "server 10.0.0.11:5000 ": f"server 127.0.0.1:{nodes[0]} ",
            "server 10.0.0.12:5000 ": f"server 127.0.0.1:{nodes[1]} ",
            "listen 80;": f"listen 127.0.0.1:{self.plain_port};",
            "listen 443 ": f"listen 127.0.0.1:{self.port} ",
            "/etc/ssl/techscreen/fullchain.pem": f"{self.folder}/certificate.pem",
            "/etc/ssl/private/techscreen.key": f"{self.folder}/key.pem",
            "include /etc/nginx/techscreen-secret.conf": f"include {self.folder}/secret.conf",
            "http://127.0.0.1:4180/": f"http://127.0.0.1:{identity}/",
            "/var/log/nginx/techscreen.log": f"{self.folder}/access.log",
        }
        text = SHIPPED.read_text()
        for shipped, filled in placeholders.items():
            assert shipped in text, shipped
            text = text.replace(shipped, filled)
        (self.folder / "techscreen.conf").write_text(text)
        user = "user root;" if os.geteuid() == 0 else ""
        (self.folder / "main.conf").write_text(MAIN.format(folder=self.folder, user=user))

    def test(self) -> str:
        """What `nginx -t` says about the configuration."""
        return subprocess.run([*self._command(), "-t"], capture_output=True, text=True).stderr

    def connect(self) -> ssl.SSLSocket:
        """A connection as a client opens it, over TLS."""
        context = ssl.create_default_context(cafile=str(self.folder / "certificate.pem"))
        return context.wrap_socket(socket.create_connection(("127.0.0.1", self.port), 30), server_hostname=SITE)

    def access_log(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.folder / "access.log").read_text("utf-8").split("\n")[:-1]]

    def _command(self) -> list[str]:
        return [find_program("nginx"), "-p", str(self.folder), "-e", "stderr", "-c", str(self.folder / "main.conf")]

    def _answers(self) -> bool:
        try:
            self.connect().close()
        except OSError:
            return False
        return True


def write_certificate(folder: Path) -> None:
    """A certificate of our own for the site, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, SITE)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(SITE)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


class Stub:
    """A small HTTP server that answers what a test says, and remembers what it was asked.

    Args:
        answer: gives status and headers of an answer; None: hang up without one.
        port: where it listens; 0: on a free port.
    """

    def __init__(
        self, answer: Callable[[BaseHTTPRequestHandler], tuple[int, dict[str, str]] | None], port: int = 0
    ) -> None:
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        stub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _answer(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                stub.asked.append((self.command, self.path, {name.lower(): v for name, v in self.headers.items()}))
                given = answer(self)
                self.close_connection = True
                if given is not None:
                    self.send_response(given[0])
                    for name, value in {**given[1], "Content-Length": "2"}.items():
                        self.send_header(name, value)
                    self.end_headers()
                    if self.command != "HEAD":
                        self.wfile.write(b"{}")

            do_GET = do_POST = do_OPTIONS = _answer

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.port = int(self.server.server_address[1])
        self._thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Stub:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.server.shutdown()
        self.server.server_close()


class Identity(Stub):
    """An identity provider that knows people by their tokens."""

    PEOPLE: ClassVar[dict[str, tuple[str, str]]] = {
        "Bearer of-anna": ("anna.admin", "staff,techscreen-admins"),
        "Bearer of-ian": ("ian.interviewer", "interviewers,staff"),
        "Bearer of-otto": ("otto.other", "staff"),
        # A header is bytes: these become UTF-8, and Latin-1.
        "Bearer of-zoe": ("zoé".encode().decode("latin-1"), "interviewers"),
        "Bearer of-noel": ("noël", "interviewers"),
    }

    def __init__(self) -> None:
        def answer(request: BaseHTTPRequestHandler) -> tuple[int, dict[str, str]]:
            person = self.PEOPLE.get(request.headers.get("Authorization", ""))
            if person is None:
                return 401, {}
            return 202, {"X-Auth-Request-User": person[0], "X-Auth-Request-Groups": person[1]}

        super().__init__(answer)
