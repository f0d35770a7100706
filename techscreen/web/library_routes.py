"""The routes of the library: a team's own questions, one by one and as files.

Each makes an order of its path, query and body; `techscreen/library/` carries it out.
"""

from __future__ import annotations

from flask import Response

from techscreen.errors import InvalidRequest, MalformedJson, NotFound, NotImportable, ReferenceTaken
from techscreen.library.formats import MEDIA_TYPES
from techscreen.library.questions import get_question, list_questions
from techscreen.library.transfer import export_questions
from techscreen.schemas.library import (
    MAX_IMPORT,
    ExportQuery,
    ImportQuery,
    LibraryAnswer,
    LibraryChange,
    LibraryImport,
    LibraryImportAnswer,
    LibraryPatch,
    LibraryQuery,
    LibraryQuestion,
    LibraryQuestionAnswer,
    SaveOrder,
    SaveRequest,
)
from techscreen.web.blueprint import interview_bp
from techscreen.web.endpoint import endpoint
from techscreen.web.responses import file_response


@interview_bp.post("/library")
@endpoint(
    tag="Library",
    access="editor",
    body=LibraryQuestion,
    answer=LibraryQuestionAnswer,
    dispatch="at_once",
    answer_headers=("ETag",),
    errors=(ReferenceTaken,),
)
def create_library_question(body: LibraryQuestion) -> LibraryQuestion:
    """Keep a question of the team's own, word for word. Findings are reported and block nothing."""
    return body


@interview_bp.get("/library")
@endpoint(tag="Library", access="reader", query=LibraryQuery, answer=LibraryAnswer)
def list_library(query: LibraryQuery) -> LibraryAnswer:
    """The team's own questions, newest first."""
    return list_questions(query)


@interview_bp.get("/library/<row_id:library_question_id>")
@endpoint(
    tag="Library",
    access="reader",
    answer=LibraryQuestionAnswer,
    errors=(NotFound,),
    conditional=True,
    answer_headers=("ETag",),
)
def get_library_question(library_question_id: int) -> LibraryQuestionAnswer:
    """One of the team's own questions, with what somebody should look at."""
    return get_question(library_question_id)


@interview_bp.patch("/library/<row_id:library_question_id>")
@endpoint(
    tag="Library",
    access="editor",
    body=LibraryPatch,
    answer=LibraryQuestionAnswer,
    dispatch="at_once",
    changes=True,
    answer_headers=("ETag",),
    errors=(NotFound, ReferenceTaken),
)
def change_library_question(library_question_id: int, body: LibraryPatch, if_match: list[str]) -> LibraryChange:
    """Change one of the team's own questions, retire it, or bring it back. Interviews that have it stay as they are."""
    patch = body.model_dump(exclude_unset=True)
    return LibraryChange(library_question_id=library_question_id, if_match=if_match, patch=patch)


@interview_bp.post("/library/import")
@endpoint(
    tag="Library",
    access="editor",
    files=tuple(MEDIA_TYPES),
    max_body=MAX_IMPORT,
    query=ImportQuery,
    answer=LibraryImportAnswer,
    dispatch="at_once",
    errors=(InvalidRequest, MalformedJson, NotImportable),
)
def import_library(media_type: str, content: bytes, query: ImportQuery) -> LibraryImport:
    """Import up to 10,000 questions: a JSON list of what `POST /library` takes, one such object a line, or CSV.

    All are imported or none: with a problem in any row, the answer names each of them by row and field.
    """
    return LibraryImport(content=content, format=MEDIA_TYPES[media_type], **query.model_dump())


@interview_bp.get("/library/export")
@endpoint(
    tag="Library",
    access="reader",
    query=ExportQuery,
    answer=tuple(MEDIA_TYPES),
)
def export_library(query: ExportQuery) -> Response:
    """All the team's own questions but the retired ones, in a form that can be imported."""
    media_type = next(name for name, form in MEDIA_TYPES.items() if form == query.format)
    return file_response(export_questions(query.format), media_type, f"library.{query.format}")


@interview_bp.post("/<row_id:interview_id>/questions/<row_id:number>/save-to-library")
@endpoint(
    tag="Library",
    access="editor",
    body=SaveRequest,
    answer=LibraryQuestionAnswer,
    dispatch="at_once",
    answer_headers=("ETag",),
    errors=(NotFound, ReferenceTaken),
)
def save_to_library(interview_id: int, number: int, body: SaveRequest) -> SaveOrder:
    """Keep a question of an interview in the library, as it is.

    Without a `reference` it is saved once: a second time is refused, with the number that it has in the library.
    """
    return SaveOrder(interview_id=interview_id, number=number, **body.model_dump())
