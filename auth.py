"""Who is calling, and what they may do.

By default the caller is named by X-User-ID and X-User-Role, which a gateway in front of the service
sets; X-Gateway-Secret proves that it was the gateway. A host app replaces all of that with a callable
of its own in `app.config["INTERVIEW_AUTHENTICATOR"]`.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import ParamSpec

from flask import Request, Response, current_app, g, request

from config import Settings, is_loopback
from errors import Forbidden, Unauthenticated
from runtime import current_runtime

P = ParamSpec("P")
View = Callable[P, Response]

WRITER_ROLE = "admin"
LONGEST_USER_ID = 255
LONGEST_ROLE = 64


@dataclass(frozen=True)
class Caller:
    """Somebody who is allowed in. `role` is compared without regard to case."""

    user_id: str
    role: str


Authenticator = Callable[[Request], Caller | None]


def require_admin(view: View[P]) -> View[P]:
    """Let only callers with the role admin through: everything that writes or spends."""
    return _require(view, lambda role, _: role == WRITER_ROLE, "This needs the role admin.")


def require_reader(view: View[P]) -> View[P]:
    """Let callers with one of READER_ROLES through."""
    return _require(view, lambda role, settings: role in settings.reader_roles, "Your role may not read this.")


def current_caller() -> Caller:
    """The caller of this request, after one of the decorators has let them in."""
    caller = g.interview_caller
    assert isinstance(caller, Caller)
    return caller


def require_scraper(view: View[P]) -> View[P]:
    """Let whoever brings METRICS_TOKEN through. Without such a token, only somebody on this machine, and not on
    behalf of somebody else: where the server is bound to a loopback address and no proxy has passed the request on."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> Response:
        token = current_runtime().settings.metrics_token
        if token is None:
            is_passed_on = any(name in request.headers for name in ("X-Forwarded-For", "Forwarded", "Via"))
            if is_passed_on or not is_loopback(f"http://{_bound_host(request)}"):
                raise Forbidden("Metrics are only served on a loopback address, or with METRICS_TOKEN.")
        elif not _is_equal(request.headers.get("Authorization", ""), f"Bearer {token.get_secret_value()}"):
            raise Unauthenticated("The metrics need the METRICS_TOKEN as Bearer token.")
        return view(*args, **kwargs)

    return guarded


def _bound_host(request: Request) -> str:
    """The address that the server listens on."""
    host = str(request.environ.get("SERVER_NAME", ""))
    return f"[{host}]" if ":" in host else host


def _is_equal(given: str, expected: str) -> bool:
    """Whether a header is right, in a time that does not tell how much of it is."""
    return hmac.compare_digest(_as_sent(given).encode(), expected.encode())


def _require(view: View[P], allowed: Callable[[str, Settings], bool], sentence: str) -> View[P]:
    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> Response:
        caller = caller_of(request)
        if not allowed(caller.role.lower(), current_runtime().settings):
            raise Forbidden(sentence)
        g.interview_caller = caller
        return view(*args, **kwargs)

    return guarded


def caller_of(request: Request) -> Caller:
    """Who sends a request, as the app's authenticator or the gateway's headers say.

    Raises:
        Unauthenticated: if that is not known.
    """
    authenticator: Authenticator | None = current_app.config.get("INTERVIEW_AUTHENTICATOR")
    if authenticator is None:
        return caller_from_headers(request, current_runtime().settings)
    caller = authenticator(request)
    if caller is None:
        raise Unauthenticated("Authentication is required.")
    # A host app's ids are often numbers.
    return _bounded(str(caller.user_id), str(caller.role))


def caller_from_headers(request: Request, settings: Settings) -> Caller:
    """The caller that the gateway's headers name.

    Raises:
        Unauthenticated: if a header is missing, blank or unusable, or the gateway's secret is wrong.
    """
    if settings.gateway_secret is not None:
        given = request.headers.get("X-Gateway-Secret", "")
        if not _is_equal(given, settings.gateway_secret.get_secret_value()):
            raise Unauthenticated("X-Gateway-Secret is missing or wrong.")
    user_id = _as_sent(request.headers.get("X-User-ID", "")).strip()
    role = _as_sent(request.headers.get("X-User-Role", "")).strip()
    missing = [name for name, value in (("X-User-ID", user_id), ("X-User-Role", role)) if not value]
    if missing:
        raise Unauthenticated(f"{' and '.join(missing)} must be given.")
    return _bounded(user_id, role)


def _bounded(user_id: str, role: str) -> Caller:
    """A caller whose id and role can be stored and logged."""
    for name, value, longest in (("X-User-ID", user_id, LONGEST_USER_ID), ("X-User-Role", role, LONGEST_ROLE)):
        if not value.strip() or len(value) > longest or not value.isprintable():
            raise Unauthenticated(f"{name} must be 1 to {longest} printable characters.")
    return Caller(user_id.strip(), role.strip())


def _as_sent(header: str) -> str:
    """A header's text as UTF-8, which WSGI hands over as Latin-1; what is no UTF-8 stays as it is."""
    try:
        return header.encode("latin-1").decode()
    except UnicodeError:
        return header
