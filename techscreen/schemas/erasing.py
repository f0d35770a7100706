"""The answer of an erasure, and how many rows of what are gone. See `generation.py`."""

from __future__ import annotations

from pydantic import Field

from techscreen.schemas.generation import Answer, View


class ErasedView(View):
    """How many of each an erasure has removed."""

    job_descriptions: int = 0
    interviews: int = Field(0, description="In any state, deleted drafts too.")
    questions: int = 0
    alternatives: int = 0
    feedback: int = 0
    history_entries: int = Field(0, description="Steps of the history, each with the texts as they were then.")
    jobs: int = Field(0, description="Jobs with their answers, and so their idempotency keys.")
    events: int = Field(0, description="Webhook events. Those that were still to be delivered never will be.")
    cached_questions: int = Field(0, description="Questions that were kept for this requisition alone.")
    texts_of_audit_rows: int = Field(0, description="Audit rows whose error messages and failed checks were removed.")


class KeptView(View):
    """What an erasure leaves."""

    cached_questions: int = Field(
        description="Questions of the cache that its interviews had and other requisitions may be lent: they hold none "
        "of its names."
    )
    audit_rows: int = Field(description="Audit rows with its req_id, for the costs: who, when, what, tokens; no texts.")


class ErasureAnswer(Answer):
    """Answer of an erasure. The same counts are in the audit trail, as `erased` of a row with the operation `erase`."""

    req_id: str
    interview_id: int | None = Field(description="Null if the requisition was erased with all interviews.")
    published_interview_ids: list[int] = Field(description="Those erased that were published, and may be in use.")
    erased: ErasedView
    kept: KeptView
