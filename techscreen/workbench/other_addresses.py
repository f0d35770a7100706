"""Every address under /interviews that no page has, or not for this method: answered by a page, not by the API."""

from __future__ import annotations

from techscreen.errors import NotFound
from techscreen.workbench.blueprint import workbench_bp
from techscreen.workbench.page import page


@workbench_bp.route("/<path:nowhere>", methods=["GET", "POST"])
@page("anybody")
def nowhere(nowhere: str) -> str:  # noqa: ARG001  # the address is not shown
    """Say that there is nothing here."""
    raise NotFound("There is nothing at this address.")
