"""Who is calling, and what they may do.

A request comes in; its caller goes out, or an error. By default X-User-ID and X-User-Role name the caller, set by a
gateway in front of the service, and X-Gateway-Secret proves that it was the gateway. A host app replaces all of that
with a callable of its own in `app.config["INTERVIEW_AUTHENTICATOR"]`.
"""

from __future__ import annotations

import hmac
import logging
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, Literal
from uuid import UUID

from flask import Flask, Request, current_app, g, request
from sqlalchemy.exc import SQLAlchemyError

from config import Settings
from techscreen.errors import RETRY_AFTER, DatabaseUnavailable, Forbidden, Unauthenticated
from techscreen.storage.host_sessions import give_back_connection
from techscreen.storage.transactions import is_away
from techscreen.web.container import current_runtime

logger = logging.getLogger(__name__)

# Who may call an endpoint. `reader`: one of READER_ROLES. `editor`: one of EDITOR_ROLES, for what people do with an
# interview. `generator`: an admin or one of GENERATOR_ROLES, for what begins a generation of its own. `admin`: for
# everything else that writes or spends. `metrics`: whoever sends METRICS_TOKEN; if none is set, only a process of this
# machine on its own behalf: both ends of the connection are loopback addresses, and no proxy has passed the request on.
Access = Literal["anybody", "reader", "editor", "generator", "admin", "metrics"]

ADMIN_ROLE = "admin"
# Headers by which a proxy says that it has passed a request on.
PROXY_HEADERS = ("X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "Forwarded", "Via")
MAX_USER_ID = 255
MAX_ROLE = 64
LOGGED_ONCE = "techscreen_unusable_caller"
CALLERS_OF_BLUEPRINTS = "techscreen_callers_of_blueprints"


@dataclass(frozen=True)
class Caller:
    """An authenticated user. `role` is compared without regard to case."""

    user_id: str
    role: str


Authenticator = Callable[[Request], Caller | None]


def know_callers_by(app: Flask, blueprint: str, find: Callable[[Request], Caller]) -> None:
    """Have the callers of one blueprint found in another way than by the gateway's headers alone.

    An app's own authenticator still comes first. `find` raises Unauthenticated.
    """
    app.extensions.setdefault(CALLERS_OF_BLUEPRINTS, {})[blueprint] = find


def let_in(access: Access) -> None:
    """Let the current request in if its caller has this access, and remember the caller for `current_caller`.

    Raises:
        Unauthenticated: if it is not known who calls.
        Forbidden: if they may not do this.
    """
    if access == "metrics":
        _authorize_scrape()
    elif access != "anybody":
        caller = caller_of(request)
        give_back_connection()
        if not may(caller, access):
            raise Forbidden(_refusal(access))
        g.interview_caller = caller


def may(caller: Caller, access: Access) -> bool:
    """Whether a caller's role has this access, to readers', editors', generators' or admins' endpoints."""
    settings = current_runtime().settings
    roles: dict[str, frozenset[str]] = {
        "admin": frozenset({ADMIN_ROLE}),
        "reader": settings.reader_roles,
        "editor": settings.editor_roles,
        "generator": generators(settings),
    }
    return caller.role.lower() in roles[access]


def generators(settings: Settings) -> frozenset[str]:
    """The roles that may generate. An admin always may."""
    return settings.generator_roles | {ADMIN_ROLE}


def _refusal(access: Access) -> str:
    """The sentence for a caller whose role is not enough."""
    if access == "reader":
        return "Your role may not read this."
    if access == "editor":
        return "Your role may not edit this."
    roles = generators(current_runtime().settings) if access == "generator" else {ADMIN_ROLE}
    return f"This needs the role {' or '.join(sorted(roles))}."


def current_caller() -> Caller:
    """The caller of this request, once they have been let in."""
    caller = g.interview_caller
    assert isinstance(caller, Caller)
    return caller


def _authorize_scrape() -> None:
    token = current_runtime().settings.metrics_token
    if token is None:
        is_passed_on = any(name in request.headers for name in PROXY_HEADERS)
        if is_passed_on or not _is_within_this_machine(request.environ):
            raise Forbidden("Metrics are only served on a loopback address, or with METRICS_TOKEN.")
    elif not _is_equal(request.headers.get("Authorization", ""), f"Bearer {token.get_secret_value()}"):
        raise Unauthenticated("The metrics need the METRICS_TOKEN as Bearer token.")


def _is_within_this_machine(environment: dict[str, Any]) -> bool:
    """Whether both ends of the connection are loopback addresses.

    One end alone is not enough. On a unix socket, gunicorn takes the server's address from the caller's Host header;
    and the caller may be a proxy of this machine, which passes on requests from anywhere.
    """
    own = str(environment.get("SERVER_NAME", ""))
    return _is_loopback(str(environment.get("REMOTE_ADDR", ""))) and (own == "localhost" or _is_loopback(own))


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


def _is_equal(given: str, expected: str) -> bool:
    """Whether a header has the expected value, compared in constant time."""
    return hmac.compare_digest(_as_sent(given).encode(), expected.encode())


def caller_of(request: Request) -> Caller:
    """The caller of a request, as the app's authenticator or the gateway's headers say.

    Raises:
        Unauthenticated: if that is not known.
        DatabaseUnavailable: if the app looks it up in a database that does not answer.
    """
    authenticator: Authenticator | None = current_app.config.get("INTERVIEW_AUTHENTICATOR")
    if authenticator is not None:
        try:
            return _caller_of_host(authenticator(request))
        except SQLAlchemyError as error:
            if is_away(error):
                raise DatabaseUnavailable("The database does not answer.", retry_after=RETRY_AFTER) from error
            raise
    find: Callable[[Request], Caller] | None = current_app.extensions.get(CALLERS_OF_BLUEPRINTS, {}).get(
        request.blueprint
    )
    return find(request) if find else caller_from_headers(request, current_runtime().settings)


def _caller_of_host(answer: object) -> Caller:
    """The caller that a host app's authenticator has returned. An unusable one counts as nobody."""
    if answer is None:
        raise Unauthenticated("Authentication is required.")
    user_id, role = getattr(answer, "user_id", None), getattr(answer, "role", None)
    # A host app's ids are often numbers. True is not an id, nor is the str() of any other object.
    if isinstance(user_id, (str, int, UUID)) and not isinstance(user_id, bool) and isinstance(role, str):
        try:
            return bounded_caller(str(user_id), role)
        except Unauthenticated:
            pass
    if not current_app.extensions.setdefault(LOGGED_ONCE, False):
        current_app.extensions[LOGGED_ONCE] = True  # logged once: it may happen at every request
        logger.error(
            "INTERVIEW_AUTHENTICATOR named an unusable caller: user_id is %s, role is %s; each must be text of"
            " printable characters, at most %d and %d. Such callers get 401.",
            _described(user_id),
            _described(role),
            MAX_USER_ID,
            MAX_ROLE,
            extra={"event": "unusable_caller"},
        )
    raise Unauthenticated("Authentication is required.")


def _described(value: object) -> str:
    """The type and length of a value, for the log. The value itself may be a secret."""
    return f"{type(value).__name__} of {len(value)} characters" if isinstance(value, str) else type(value).__name__


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
    return bounded_caller(user_id, role)


def bounded_caller(user_id: str, role: str) -> Caller:
    """The caller, if id and role can be stored and logged.

    Raises:
        Unauthenticated: if not.
    """
    for name, value, longest in (("X-User-ID", user_id, MAX_USER_ID), ("X-User-Role", role, MAX_ROLE)):
        if not value.strip() or len(value) > longest or not value.isprintable():
            raise Unauthenticated(f"{name} must be 1 to {longest} printable characters.")
    return Caller(user_id.strip(), role.strip())


def _as_sent(header: str) -> str:
    """A header's text, which WSGI hands over as Latin-1, decoded as UTF-8. Text that is not UTF-8 stays as it is."""
    try:
        return header.encode("latin-1").decode()
    except UnicodeError:
        return header
