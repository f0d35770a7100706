"""The page on which people say who they are, where no gateway does."""

from __future__ import annotations

from flask import Response, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from techscreen.errors import NotFound, Unauthenticated
from techscreen.web.auth import generators
from techscreen.web.container import current_runtime
from techscreen.workbench.blueprint import workbench_bp
from techscreen.workbench.callers import may_choose_a_name, sign_in, sign_out
from techscreen.workbench.page import page
from techscreen.workbench.rendering import render


@workbench_bp.get("/sign-in")
@page("anybody")
def sign_in_page() -> str | Response:
    """Choose a name and a role."""
    return _form()


@workbench_bp.post("/sign-in")
@page("anybody")
def sign_in_sent() -> str | AnyResponse:
    """Sign in with them, and go on where one was."""
    role = request.form.get("role", "")
    if role not in _roles():
        return Response(_form("Choose one of the roles."), 400)
    try:
        sign_in(request.form.get("user_id", ""), role)
    except Unauthenticated as error:
        return Response(_form(error.message.replace("X-User-ID", "The name").replace("X-User-Role", "The role")), 400)
    return redirect(_own_page(request.form.get("next", "")), 303)


@workbench_bp.post("/sign-out")
@page("anybody")
def sign_out_sent() -> AnyResponse:
    """Forget the chosen name."""
    sign_out()
    return redirect(url_for(".sign_in_page"), 303)


def _form(problem: str | None = None) -> str:
    if not may_choose_a_name():
        raise NotFound("Names are not chosen here: the gateway says who you are.")
    return render(
        "sign_in.html",
        roles=_roles(),
        generators=generators(current_runtime().settings),
        problem=problem,
        next=request.values.get("next", ""),
        asked=request.form,
    )


def _roles() -> list[str]:
    settings = current_runtime().settings
    return ["admin", *sorted((settings.editor_roles | settings.reader_roles | settings.generator_roles) - {"admin"})]


def _own_page(address: str) -> str:
    """The address, if it is one of our pages; else that of the first page."""
    home = url_for(".requisitions")
    is_ours = address.startswith(home) and "\\" not in address and address.isprintable()
    return address if is_ours else home
