"""Errors as pages: any exception comes in; a page, or a message for the page that asked, goes out."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Blueprint, Response, redirect, request, session, url_for
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from techscreen.errors import TechScreenError, Unauthenticated
from techscreen.observability.error_answers import error_body, unexpected
from techscreen.web.error_handlers import SENTENCES
from techscreen.workbench.callers import may_choose_a_name
from techscreen.workbench.rendering import asked_by_script, message_only, render


def show_errors(target: Blueprint) -> None:
    """Have a blueprint answer all errors with pages."""
    target.register_error_handler(TechScreenError, _our_error)
    target.register_error_handler(HTTPException, _http_error)
    target.register_error_handler(Exception, lambda error: _our_error(unexpected(error)))


def _our_error(error: TechScreenError) -> AnyResponse:
    error_body(error)  # logs what is not the caller's fault
    if isinstance(error, Unauthenticated) and may_choose_a_name():
        sign_in = url_for("workbench.sign_in_page", next=_where_to_go_on())
        if request.method == "GET" and not asked_by_script():
            return redirect(sign_in, 303)
        refused = _shown(error.status, error.message, sign_in=sign_in)
        if not request.cookies:
            # A form of another site comes without the cookie. A new one would end the session of whoever was lured.
            session.modified = False
        return refused
    return _shown(error.status, error.message, error.retry_after)


def _http_error(error: HTTPException) -> AnyResponse | HTTPException:
    status = error.code or 500
    if status < 400:
        return error
    return _shown(status, SENTENCES.get(status, error.name or "The request failed."))


def _shown(status: int, sentence: str, retry_after: int | None = None, sign_in: str | None = None) -> Response:
    if asked_by_script():
        response = message_only(sentence, status, sign_in=sign_in)
    else:
        response = Response(render("error.html", status=status, sentence=sentence, sign_in=sign_in), status)
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    return response


def _where_to_go_on() -> str:
    """The page that was asked for or, if something was sent, the page that it was sent from."""
    if request.method == "GET" and not asked_by_script():
        return request.full_path.removesuffix("?")
    referrer = urlsplit(request.referrer or "")
    is_ours = referrer.netloc == request.host
    return referrer.path + (f"?{referrer.query}" if referrer.query else "") if is_ours else ""
