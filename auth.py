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

from config import Settings
from errors import Forbidden, Unauthenticated
from runtime import current_runtime

P = ParamSpec("P")
View = Callable[P, Response]

WRITER_ROLE = "admin"
LONGEST_USER_ID = 255


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


def _require(view: View[P], allowed: Callable[[str, Settings], bool], sentence: str) -> View[P]:
    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> Response:
        settings = current_runtime().settings
        authenticator: Authenticator | None = current_app.config.get("INTERVIEW_AUTHENTICATOR")
        caller = authenticator(request) if authenticator else caller_from_headers(request, settings)
        if caller is None:
            raise Unauthenticated("Authentication is required.")
        if not allowed(caller.role.strip().lower(), settings):
            raise Forbidden(sentence)
        g.interview_caller = caller
        return view(*args, **kwargs)

    return guarded


def caller_from_headers(request: Request, settings: Settings) -> Caller:
    """The caller that the gateway's headers name.

    Raises:
        Unauthenticated: if a header is missing, blank or unusable, or the gateway's secret is wrong.
    """
    if settings.gateway_secret is not None:
        expected = settings.gateway_secret.get_secret_value().encode()
        given = _as_sent(request.headers.get("X-Gateway-Secret", "")).encode()
        if not hmac.compare_digest(given, expected):
            raise Unauthenticated("X-Gateway-Secret is missing or wrong.")
    user_id = _as_sent(request.headers.get("X-User-ID", "")).strip()
    role = request.headers.get("X-User-Role", "").strip()
    missing = [name for name, value in (("X-User-ID", user_id), ("X-User-Role", role)) if not value]
    if missing:
        raise Unauthenticated(f"{' and '.join(missing)} must be given.")
    if len(user_id) > LONGEST_USER_ID or not user_id.isprintable():
        raise Unauthenticated(f"X-User-ID must be at most {LONGEST_USER_ID} printable characters.")
    return Caller(user_id, role)


def _as_sent(header: str) -> str:
    """A header's text as UTF-8, which WSGI hands over as Latin-1; what is no UTF-8 stays as it is."""
    try:
        return header.encode("latin-1").decode()
    except UnicodeError:
        return header
