"""Where the service listens: HOST and PORT as servers and browsers write them, and why nothing can listen there."""

from __future__ import annotations

import errno
import socket

from config import Settings

# Hosts that a browser on this machine reaches as localhost; the last two are all addresses of the machine.
LOCAL = ("127.0.0.1", "::1", "0.0.0.0", "::")  # noqa: S104


def bind_address(settings: Settings) -> str:
    """What gunicorn binds to, such as `127.0.0.1:5000` or `[::1]:5000`."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"{host}:{settings.port}"


def base_url(settings: Settings) -> str:
    """How a browser on this machine reaches the service, such as `http://localhost:5000`."""
    return f"http://localhost:{settings.port}" if settings.host in LOCAL else f"http://{bind_address(settings)}"


def why_not(host: str, port: int) -> str | None:
    """One sentence on why nothing can listen at an address of this machine; None if something can."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            # As servers do: a port is free although earlier connections to it are still ending.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except (socket.gaierror, UnicodeError):
        return f"HOST={host} is no address that this machine knows; use 127.0.0.1, or 0.0.0.0 for all its addresses."
    except OSError as error:
        another = f"choose another with PORT={port + 1 if 1_024 <= port < 65_535 else 5_001}."
        if error.errno == errno.EADDRINUSE:
            return f"Port {port} is in use by another program; {another}"
        if error.errno == errno.EACCES:
            return f"Port {port} is for root alone; {another}"
        return f"HOST={host} is not an address of this machine; use 127.0.0.1, or 0.0.0.0 for all its addresses."
    return None
