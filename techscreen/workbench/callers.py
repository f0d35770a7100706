"""Who uses the pages: the gateway's headers as for the API or, where that is allowed, a name chosen on a page.

A request comes in, its caller goes out. The chosen name and role are kept in the signed session cookie.
"""

from __future__ import annotations

from flask import Request, session

from techscreen.errors import Unauthenticated
from techscreen.web.auth import Caller, bounded_caller, caller_from_headers
from techscreen.web.container import current_runtime

SESSION_KEY = "techscreen_caller"


def caller_of_page(request: Request) -> Caller:
    """The caller of a page.

    Raises:
        Unauthenticated: if it is not known who that is.
    """
    chosen = session.get(SESSION_KEY) if may_choose_a_name() else None
    if chosen and "X-User-ID" not in request.headers:
        return Caller(*chosen)
    if may_choose_a_name() and "X-User-ID" not in request.headers:
        raise Unauthenticated("Your session has ended.")
    return caller_from_headers(request, current_runtime().settings)


def may_choose_a_name() -> bool:
    """Whether people say on a page who they are: outside production, or where WORKBENCH_LOGIN allows it."""
    settings = current_runtime().settings
    return settings.workbench_login or settings.flask_env != "production"


def sign_in(user_id: str, role: str) -> None:
    """Keep a chosen name and role in the session.

    Raises:
        Unauthenticated: if they cannot be stored and logged.
    """
    if not may_choose_a_name():
        raise Unauthenticated("Names are not chosen here: the gateway says who you are.")
    caller = bounded_caller(user_id, role)
    session[SESSION_KEY] = [caller.user_id, caller.role]
    session.permanent = True


def sign_out() -> None:
    """Forget the chosen name."""
    session.pop(SESSION_KEY, None)
