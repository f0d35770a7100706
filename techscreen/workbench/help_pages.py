"""Help that anybody may read: structured interviews for hiring managers, and what the service checks and keeps.

Nothing comes in but the settings; two pages go out. Who is signed in sees the menu as on every page.
"""

from __future__ import annotations

from techscreen.web.container import current_runtime
from techscreen.workbench.blueprint import workbench_bp
from techscreen.workbench.page import page
from techscreen.workbench.rendering import render


@workbench_bp.get("/help")
@page("anybody")
def help_start() -> str:
    """Structured interviews in five minutes."""
    return _help("help_start.html")


@workbench_bp.get("/help/checks")
@page("anybody")
def help_checks() -> str:
    """What the service checks and what it does not; what is AI-generated; what is kept, and for how long."""
    return _help("help_checks.html")


def _help(template: str) -> str:
    settings = current_runtime().settings
    return render(
        template,
        asks_claude=settings.asks_claude,
        takes_library_alone=settings.use_library == "only",
        retention_days=settings.log_retention_days,
        max_complaints=settings.max_complaints,
        needs_second_approver=settings.require_second_approver,
    )
