"""Every address under /interviews that no page has: answered by a page, and not in the API's form."""

from __future__ import annotations

from techscreen.errors import NotFound
from techscreen.workbench.blueprint import workbench_bp
from techscreen.workbench.page import page


@workbench_bp.get("/<path:nowhere>")
@page("anybody")
def nowhere(nowhere: str) -> str:  # noqa: ARG001  # the address is not shown
    """Say that there is nothing here."""
    raise NotFound("There is nothing at this address.")
