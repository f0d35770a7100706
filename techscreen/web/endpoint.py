"""`@endpoint(...)`: the one declaration of an endpoint, beside its view: who may call it, what comes in, what goes out.

It authenticates the caller, parses the body and the query, and dispatches or serializes what the view returns. Rate
limits and the OpenAPI document are made from it too. Fields and parameters that the declaration does not know are
skipped, and the answer warns of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, Literal

from flask import Response, current_app, request
from pydantic import BaseModel

from techscreen import errors
from techscreen.errors import TechScreenError
from techscreen.web.auth import Access, let_in
from techscreen.web.dispatch import dispatch_at_once, dispatch_generation
from techscreen.web.error_handlers import CODES, SENTENCES
from techscreen.web.parsing import MAX_BODY, read_body, read_file, read_if_match, read_query, take_no_query
from techscreen.web.responses import json_response

Tag = Literal[
    "Generation",
    "Reading",
    "Editing",
    "Library",
    "Checks",
    "Jobs",
    "Question cache",
    "Audit trail",
    "Operation",
    "Documentation",
]
View = Callable[..., Response]

# The errors of any generation.
GENERATION_ERRORS: tuple[type[TechScreenError], ...] = (
    errors.Superseded,
    errors.Cancelled,
    errors.TokenBudgetExhausted,
    errors.Overloaded,
    errors.ClaudeMisconfigured,
    errors.GenerationFailed,
    errors.GenerationRefused,
    errors.ClaudeNotConfigured,
    errors.ClaudeBilling,
    errors.ClaudeUnavailable,
    errors.GenerationTimeout,
    errors.JobsUnavailable,
)


@dataclass(frozen=True, order=True)
class ErrorKind:
    """A status and code that an answer may have, and when it has them."""

    status: int
    code: str
    meaning: str

    @classmethod
    def of(cls, error: type[TechScreenError]) -> ErrorKind:
        """The status, code and docstring of an error class."""
        if error is TechScreenError:
            return cls(error.status, error.code, "Something went wrong on our side.")
        return cls(error.status, error.code, (error.__doc__ or "").strip())

    @classmethod
    def of_http(cls, status: int) -> ErrorKind:
        """The status and code of an error that Werkzeug raises."""
        return cls(status, CODES[status], SENTENCES[status])


@dataclass(frozen=True, kw_only=True)
class endpoint:  # in lower case, as decorators are
    """Decorates a view with its declaration. The view gets the parts of its path and, if declared, `body` and `query`.

    It returns a response, a model that becomes the JSON of a 200, or, with `dispatch`, the request to run.

    Attributes:
        tag: the group that the document shows it in.
        access: who may call it.
        answer: model of its answer, or the media type of an answer that is not JSON, or all that it may have.
        body: model of its body.
        query: model of its query.
        files: media types of a body that the view gets as it is, as `media_type` and `content`.
        max_body: the most bytes of such a body.
        dispatch: how the request that the view returns is run: "at_once", or as a "generation" in the way that its
            headers ask for. Either way, once for each Idempotency-Key.
        errors: what may go wrong besides what follows from the rest of the declaration.
        changes: whether it changes something that others may change too, so that it needs `If-Match`. The view then
            gets `if_match`, and the answer has an ETag.
        limited: whether RATE_LIMIT counts it.
        needs_database: whether it, or what it begins, reads or writes the database.
        conditional: whether it answers 304 to a browser that has it already.
        resumable: whether a stream goes on after `Last-Event-ID`, and answers 204 after its end.
        answer_headers: headers that its answer may have besides those that all have.
        other_answers: answers of another status that are not errors, by status.
    """

    tag: Tag
    access: Access
    answer: type[BaseModel] | str | tuple[str, ...]
    body: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    files: tuple[str, ...] = ()
    max_body: int = MAX_BODY
    dispatch: Literal["at_once", "generation"] | None = None
    errors: tuple[type[TechScreenError], ...] = ()
    changes: bool = False
    limited: bool = True
    needs_database: bool = True
    conditional: bool = False
    resumable: bool = False
    answer_headers: tuple[str, ...] = ()
    other_answers: Mapping[int, type[BaseModel]] = field(default_factory=dict)

    def __call__(self, view: Callable[..., Response | BaseModel]) -> View:
        """The view as Flask is to call it."""

        @wraps(view)
        def serve(**given: Any) -> Response:
            let_in(self.access)
            if self.body is not None:
                given["body"] = read_body(self.body)
            if self.query is not None:
                given["query"] = read_query(self.query)
            else:
                take_no_query()
            if self.files:
                given["media_type"], given["content"] = read_file(self.files, self.max_body)
            if self.changes:
                given["if_match"] = read_if_match()
            return self._answer(view(**given))

        serve.declared_endpoint = self  # type: ignore[attr-defined]  # functions may have attributes
        return serve

    def _answer(self, returned: Response | BaseModel) -> Response:
        """The response for what the view has returned."""
        if isinstance(returned, Response):
            return returned
        if self.dispatch == "generation":
            return dispatch_generation(returned)
        response = dispatch_at_once(returned) if self.dispatch == "at_once" else json_response(returned)
        if self.conditional:
            response.make_conditional(request)
        return response

    def error_kinds(self) -> set[ErrorKind]:
        """Every error that this endpoint may answer with."""
        classes: set[type[TechScreenError]] = {TechScreenError, *self.errors}
        if self.access != "anybody":
            classes |= {errors.Unauthenticated, errors.Forbidden}
        if self.access not in ("anybody", "metrics") and self.needs_database:
            classes |= {errors.DatabaseUnavailable}
        if self.query is not None:
            classes |= {errors.InvalidRequest}
        if self.body is not None:
            classes |= {errors.InvalidRequest, errors.MalformedJson, errors.UnsupportedMediaType}
        if self.files:
            classes |= {errors.InvalidRequest, errors.UnsupportedMediaType}
        if self.dispatch is not None:
            # InvalidRequest: a key may be blank or too long.
            classes |= {errors.InvalidRequest, errors.OperationInProgress, errors.IdempotencyMismatch}
        if self.changes:
            classes |= {errors.PreconditionRequired, errors.Stale}
        if self.dispatch == "generation":
            classes |= {*GENERATION_ERRORS}
        statuses = {429: self.limited, 413: self.body is not None or bool(self.files)}
        raised_by_werkzeug = {ErrorKind.of_http(status) for status, may_happen in statuses.items() if may_happen}
        return raised_by_werkzeug | {ErrorKind.of(one) for one in classes}


def declaration_of(view: object) -> endpoint | None:
    """The declaration of a view; None if the view is not ours. A host app may have wrapped it."""
    declared = getattr(view, "declared_endpoint", None)
    return declared if isinstance(declared, endpoint) else None


def current_declaration() -> endpoint | None:
    """The declaration of the view that this request is for, if it is for one of ours."""
    return declaration_of(current_app.view_functions.get(request.endpoint or ""))
