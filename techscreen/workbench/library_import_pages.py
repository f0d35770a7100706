"""Files that come into the library: a form with a file comes in, what became of it goes out.

All rows of a file are imported or none; every problem is shown with its row and field. With JavaScript the answer
appears under the form, which keeps the chosen file.
"""

from __future__ import annotations

from functools import wraps
from pathlib import PurePath
from typing import Any

from flask import Response, flash, redirect, request, url_for
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Response as AnyResponse

from techscreen.errors import InvalidRequest, MalformedJson, NotImportable
from techscreen.schemas.generation import RowProblemView
from techscreen.schemas.library import MAX_IMPORT, MAX_ROWS, LibraryImport, LibraryImportAnswer, TransferFormat
from techscreen.web.dispatch import answer_at_once
from techscreen.workbench.blueprint import workbench_bp
from techscreen.workbench.page import View, page
from techscreen.workbench.rendering import asked_by_script, render

FORMS: dict[str, TransferFormat] = {".json": "json", ".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv"}
MEBIBYTE = 1_048_576
# Unknown columns that the message after an import names.
MOST_NAMED = 5
# How the API tells what a page has a choice for.
TOLD_BY_API = "import with on_conflict=update"
TOLD_BY_PAGE = "choose “Change the questions that are there” to change it"


def of_limited_size(view: View) -> View:
    """Has a view read no body that is longer than an import may be, and says so if one is.

    It stands outside of `page`, which reads the form after it has let the caller in.
    """

    @wraps(view)
    def serve(**given: Any) -> str | AnyResponse:
        request.max_content_length = MAX_IMPORT
        try:
            return view(**given)
        except RequestEntityTooLarge as error:
            sentence = f"The file has more than {MAX_IMPORT // MEBIBYTE} MB: import it in parts."
            return _outcome(error.code, is_update=False, problem=sentence)

    return serve


@workbench_bp.get("/library/import")
@page("editor")
def library_import() -> str:
    """A form for a file."""
    return _page()


@workbench_bp.post("/library/import")
@of_limited_size
@page("editor")
def library_imported() -> str | AnyResponse:
    """Import the questions of a file, or only say what would become of them."""
    is_update, is_trial = request.form.get("on_conflict") == "update", request.form.get("do") == "check"
    file = request.files.get("file")
    if file is None or not file.filename:
        return _outcome(400, is_update, problem="Choose a file first.")
    content = file.read()
    if not content.strip():
        return _outcome(400, is_update, problem="The file is empty.", name=file.filename)
    order = LibraryImport(
        content=content,
        format=_form_of(file.filename, content),
        on_conflict="update" if is_update else "refuse",
        dry_run=is_trial,
    )
    try:
        answer = answer_at_once(order)
    except NotImportable as error:
        return _outcome(error.status, is_update, problem=error.message, name=file.filename, **error.report)
    except (InvalidRequest, MalformedJson) as error:
        sentence = error.message.replace("The body", "The file")
        return _outcome(error.status, is_update, problem=sentence, name=file.filename)
    assert isinstance(answer, LibraryImportAnswer)
    if is_trial or asked_by_script():
        return _outcome(200, is_update, answer=answer, name=file.filename, **dict(answer))
    for sentence in _told(answer):
        flash(sentence)
    return redirect(url_for(".library"), 303)


def _page(**outcome: Any) -> str:
    limits = {"most_rows": MAX_ROWS, "most_megabytes": MAX_IMPORT // MEBIBYTE}
    return render("library_import.html", **limits, sentence_of=_sentence, **outcome)


def _outcome(status: int, is_update: bool, **outcome: Any) -> Response:
    """What became of a file: a part of a page for a script, else the page with it."""
    if asked_by_script():
        shown = render("library_import_outcome.html", sentence_of=_sentence, is_update=is_update, **outcome)
    else:
        shown = _page(is_update=is_update, has_outcome=True, **outcome)
    return Response(shown, status)


def _sentence(problem: RowProblemView) -> str:
    """What is wrong with a row, for a table that has its number and its field in columns of their own."""
    told = problem.message.removeprefix(f"Row {problem.row}: ").removeprefix(f"{problem.field} ")
    told = told.replace(TOLD_BY_API, TOLD_BY_PAGE)
    return told[:1].upper() + told[1:]


def _form_of(name: str, content: bytes) -> TransferFormat:
    """The form that a file's name ends with or, if that says nothing, that its content looks like."""
    named = FORMS.get(PurePath(name).suffix.lower())
    if named is not None:
        return named
    beginning = content.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    return "json" if beginning == b"[" else "jsonl" if beginning == b"{" else "csv"


def _told(answer: LibraryImportAnswer) -> list[str]:
    """What an import has done, in sentences."""
    told = [f"{_questions(answer.imported)} added, {answer.updated} changed."]
    if answer.ignored:
        more = len(answer.ignored) - MOST_NAMED
        names = ", ".join(name[:50] for name in answer.ignored[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
        told.append(f"Not read, for a question has no such thing: {names}.")
    if answer.findings:
        total = sum(answer.findings.values())
        told.append(f"The checks found {total} {'thing' if total == 1 else 'things'} to look at: see the questions.")
    return told


def _questions(count: int) -> str:
    return "1 question was" if count == 1 else f"{count} questions were"
