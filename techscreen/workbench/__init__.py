"""Pages for hiring teams: requisitions, interviews, the sheet and the room, over the same services as the API.

`workbench_bp` is all that an app has to register; an app with a frontend of its own leaves it away.
"""

from __future__ import annotations

from techscreen.workbench import (  # they add their routes
    alternative_pages,
    description_pages,
    finding_pages,
    help_pages,
    history_pages,
    interview_pages,
    job_pages,
    library_edit_pages,
    library_import_pages,
    library_pages,
    new_pages,
    operation_pages,
    other_addresses,
    question_pages,
    requisition_pages,
    review_pages,
    sheet_pages,
    sign_in_pages,
    usage_pages,
)
from techscreen.workbench.blueprint import workbench_bp

__all__ = [
    "alternative_pages",
    "description_pages",
    "finding_pages",
    "help_pages",
    "history_pages",
    "interview_pages",
    "job_pages",
    "library_edit_pages",
    "library_import_pages",
    "library_pages",
    "new_pages",
    "operation_pages",
    "other_addresses",
    "question_pages",
    "requisition_pages",
    "review_pages",
    "sheet_pages",
    "sign_in_pages",
    "usage_pages",
    "workbench_bp",
]
