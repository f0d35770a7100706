"""`@page(access)`: the one declaration of a page: who may see it, and that what it changes was asked for on a page.

A view comes in; the view that Flask is to call goes out.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import Any

from flask import request
from flask_wtf.csrf import validate_csrf
from werkzeug.wrappers import Response
from wtforms import ValidationError

from techscreen.errors import Forbidden, Unauthenticated
from techscreen.web.auth import Access, let_in

View = Callable[..., str | Response]
# A form may stay open for days; the session ends it earlier.
TOKEN_SECONDS = 30 * 86_400
TOKEN_FIELD = "csrf_token"  # noqa: S105  # a name
TOKEN_HEADER = "X-CSRFToken"  # noqa: S105


class page:  # in lower case, as decorators are
    """Decorates a view with its declaration.

    Attributes:
        access: who may see it or send it, as in `techscreen/web/auth.py`.
    """

    def __init__(self, access: Access) -> None:
        self.access = access

    def __call__(self, view: View) -> View:
        """The view as Flask is to call it."""

        @wraps(view)
        def serve(**given: Any) -> str | Response:
            if self.access == "anybody":
                with suppress(Unauthenticated, Forbidden):
                    let_in("reader")  # so that the page knows who they are, if that is known
            let_in(self.access)
            if request.method == "POST":
                refuse_unless_sent_by_a_page()
            return view(**given)

        serve.declared_page = self  # type: ignore[attr-defined]  # functions may have attributes
        return serve


def refuse_unless_sent_by_a_page() -> None:
    """Check the token that every form of a page carries, in a field or in a header.

    Raises:
        Unauthenticated: if it is missing, or of another session.
    """
    token = request.form.get(TOKEN_FIELD) or request.headers.get(TOKEN_HEADER)
    try:
        validate_csrf(token, time_limit=TOKEN_SECONDS)
    except ValidationError:
        raise Unauthenticated("Your session has ended, or this was not sent from a page of ours.") from None
