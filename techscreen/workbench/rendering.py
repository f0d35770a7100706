"""Turns templates into pages: what a view has found comes in, HTML goes out, with what every page shows."""

from __future__ import annotations

import zlib
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask, Response, g, render_template, request, url_for
from flask_wtf.csrf import generate_csrf
from markupsafe import Markup

from techscreen.web.auth import Caller, may
from techscreen.workbench.callers import may_choose_a_name
from techscreen.workbench.markdown import markdown_to_html

STATIC_FOLDER = Path(__file__).parent / "static"


def render(template: str, **values: Any) -> str:
    """A page or a part of one.

    Args:
        template: its file in `templates/workbench/`.
        values: what it shows. Every template also has `who` (the caller, or None), `may_edit`, `may_generate`,
            `is_admin` (all false for nobody), `csrf_token` and `static_url`.
    """
    caller: Caller | None = g.get("interview_caller")
    return render_template(
        f"workbench/{template}",
        who=caller,
        may_edit=caller is not None and may(caller, "editor"),
        may_generate=caller is not None and may(caller, "generator"),
        is_admin=caller is not None and may(caller, "admin"),
        may_sign_out=may_choose_a_name(),
        csrf_token=generate_csrf,
        static_url=static_url,
        **values,
    )


def asked_by_script() -> bool:
    """Whether htmx has sent the request, so that the answer is a part of a page."""
    return request.headers.get("HX-Request") == "true"


def message_only(sentence: str, status: int = 200, sign_in: str | None = None) -> Response:
    """A message for the page that is open, which stays as it is otherwise.

    Args:
        sign_in: the address of the page to sign in on, if that would help.
    """
    response = Response(render("message.html", sentence=sentence, is_error=status >= 400, sign_in=sign_in), status)
    response.headers["HX-Retarget"] = "#messages"
    response.headers["HX-Reswap"] = "innerHTML"
    return response


def static_url(file: str) -> str:
    """The address of a file in `static/`, which changes when the file does."""
    return url_for("workbench.static", filename=file, v=_version_of(file))


@cache
def _version_of(file: str) -> str:
    return f"{zlib.crc32((STATIC_FOLDER / file).read_bytes()):08x}"


def add_filters(app: Flask) -> None:
    """Make the filters of our templates known to an app."""
    app.jinja_env.filters.update(
        techscreen_markdown=lambda text: Markup(markdown_to_html(text)),  # noqa: S704  # sanitised there
        techscreen_moment=_moment,
        techscreen_plain=lambda name: str(name).replace("_", " "),
    )


def _moment(moment: datetime | None) -> Markup:
    """A moment for people, in UTC; a script shows it in the reader's own time zone."""
    if moment is None:
        return Markup("")
    shown, exact = moment.strftime("%Y-%m-%d %H:%M"), moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    return Markup('<time datetime="{}">{} UTC</time>').format(exact, shown)
