"""The first page: all requisitions, searched, filtered and page by page; an explanation while there are none."""

from __future__ import annotations

from flask import request, url_for

from techscreen.operations.requisition_lists import list_requisitions
from techscreen.schemas.problems import validated
from techscreen.schemas.requisitions import RequisitionsQuery
from techscreen.workbench.blueprint import workbench_bp
from techscreen.workbench.page import page
from techscreen.workbench.rendering import render
from techscreen.workbench.requisition_form import FIELDS, WORK
from techscreen.workbench.samples import SAMPLES, sample_texts

# As people read them, in the order of a requisition's life.
STATES = {
    "not_enhanced": "not enhanced",
    "enhanced": "enhanced",
    "draft": "draft",
    "in_review": "in review",
    "published": "published",
    "archived": "archived",
}
EXAMPLE = "backend-payments-engineer"


@workbench_bp.get("/")
@page("reader")
def requisitions() -> str:
    """The requisitions, newest activity first."""
    given = {name: request.args[name] for name in ("search", "state", "cursor") if request.args.get(name)}
    query = validated(RequisitionsQuery, given)
    found = list_requisitions(query)
    is_filtered = query.search is not None or query.state is not None
    first = url_for(".requisitions", search=query.search, state=query.state)
    cursor = found.next_cursor
    return render(
        "requisitions.html",
        found=found,
        query=query,
        states=STATES,
        is_filtered=is_filtered,
        is_empty=not found.total and not is_filtered,
        next_address=url_for(".requisitions", search=query.search, state=query.state, cursor=cursor)
        if cursor
        else None,
        first_address=first if query.cursor else None,
        fields=FIELDS,
        work=WORK,
        example=sample_texts(EXAMPLE),
        samples=SAMPLES,
    )
