"""What the OpenAPI document says about each route beyond what its view, its models and its errors say themselves.

One entry of ROUTES for each view, by module and name. A new route needs an entry there and, for each new model,
an example in `data/api_examples.json`; a test names whatever is missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel

import errors
from audit_schemas import EvidenceAnswer, LogsAnswer, LogsQuery, UsageAnswer, UsageQuery
from error_pages import CODES, SENTENCES
from errors import TechScreenError
from job_schemas import (
    EnhancedEvent,
    JobAcceptedAnswer,
    JobAnswer,
    JobEvent,
    JobQuestion,
    JobsAnswer,
    JobsQuery,
    TopicsEvent,
)
from operations_schemas import CacheAnswer, CacheQuery, HealthAnswer, ReadinessAnswer, RetireAnswer, RetireRequest
from schemas import (
    EnhanceAnswer,
    EnhanceRequest,
    ErrorAnswer,
    GenerateAnswer,
    GenerateRequest,
    InterviewAnswer,
    InterviewsAnswer,
    JobDescriptionAnswer,
    WorkflowAnswer,
    WorkflowRequest,
)

TITLE = "TechScreen Interview Generation System"
ABOUT = """\
Turns a job description into a structured technical interview.

Bodies are JSON in UTF-8, at most 1 MiB. Times are UTC, to the second. Tokens are all tokens of all attempts.
Every answer carries `X-Request-ID`; every error has one form, `ErrorAnswer`, that of an address that does not exist
(404) and of a method that an address does not take (405) too. A refused request (4xx) writes nothing,
except the first answer of its `Idempotency-Key`.
"""
EVENT_STREAM = "text/event-stream"

Access = Literal["anybody", "reader", "admin", "metrics"]


@dataclass(frozen=True)
class ErrorKind:
    """A status and code that an answer may have, and when."""

    status: int
    code: str
    meaning: str

    @classmethod
    def of(cls, error: type[TechScreenError]) -> ErrorKind:
        """What an error class says of itself."""
        if error is TechScreenError:
            return cls(error.status, error.code, "Something went wrong on our side.")
        return cls(error.status, error.code, (error.__doc__ or "").strip())

    @classmethod
    def of_http(cls, status: int) -> ErrorKind:
        """An error that Werkzeug raises."""
        return cls(status, CODES[status], SENTENCES[status])


@dataclass(frozen=True)
class RouteDescription:
    """What is to be said about a route.

    Attributes:
        tag: the group it is shown in.
        answer: model of its answer, or the media type of an answer that is no JSON.
        access: who may call it.
        body: model of its body.
        query: model of its query.
        answering: "at_once", also once for each Idempotency-Key if it has a body; or "generation", as the headers say.
        errors: what may go wrong beside what follows from all that.
        limited: whether RATE_LIMIT counts it.
        conditional: whether it answers 304 to a browser that has it already.
        other_answers: answers of another status that are no errors, by status.
    """

    tag: str
    answer: type[BaseModel] | str
    access: Access = "anybody"
    body: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    answering: Literal["at_once", "generation"] = "at_once"
    errors: tuple[type[TechScreenError], ...] = ()
    limited: bool = True
    conditional: bool = False
    other_answers: Mapping[int, type[BaseModel]] = field(default_factory=dict)

    def error_kinds(self) -> list[ErrorKind]:
        """Every error that this route may answer with, by status and code."""
        classes: set[type[TechScreenError]] = {TechScreenError, *self.errors}
        kinds: set[ErrorKind] = set()
        if self.access in ("reader", "admin"):
            classes |= {errors.Unauthenticated, errors.Forbidden, errors.DatabaseUnavailable}
        if self.access == "metrics":
            classes |= {errors.Unauthenticated, errors.Forbidden}
        if self.limited:
            kinds |= {ErrorKind.of_http(429)}
        if self.query is not None:
            classes |= {errors.InvalidRequest}
        if self.body is not None:
            classes |= {errors.InvalidRequest, errors.MalformedJson, errors.UnsupportedMediaType}
            classes |= {errors.OperationInProgress, errors.IdempotencyMismatch}
            kinds |= {ErrorKind.of_http(413)}
        if self.answering == "generation":
            classes |= GENERATION_ERRORS
        return sorted(kinds | {ErrorKind.of(one) for one in classes}, key=lambda kind: (kind.status, kind.code))


GENERATION_ERRORS: set[type[TechScreenError]] = {
    errors.TokenBudgetExhausted,
    errors.Overloaded,
    errors.ClaudeMisconfigured,
    errors.GenerationFailed,
    errors.GenerationRefused,
    errors.ClaudeNotConfigured,
    errors.ClaudeUnavailable,
    errors.GenerationTimeout,
    errors.JobsUnavailable,
}

ROUTES = {
    "interview_routes.enhance_job_description": RouteDescription(
        "Generation", EnhanceAnswer, "admin", body=EnhanceRequest, answering="generation"
    ),
    "interview_routes.generate_interview": RouteDescription(
        "Generation",
        GenerateAnswer,
        "admin",
        body=GenerateRequest,
        answering="generation",
        errors=(errors.NotFound, errors.NotEnhanced),
    ),
    "interview_routes.run_workflow": RouteDescription(
        "Generation", WorkflowAnswer, "admin", body=WorkflowRequest, answering="generation"
    ),
    "interview_routes.get_job_description": RouteDescription(
        "Reading", JobDescriptionAnswer, "reader", errors=(errors.NotFound,)
    ),
    "interview_routes.get_interview": RouteDescription("Reading", InterviewAnswer, "reader", errors=(errors.NotFound,)),
    "interview_routes.list_interviews": RouteDescription("Reading", InterviewsAnswer, "reader"),
    "interview_routes.get_job": RouteDescription("Jobs", JobAnswer, "reader", errors=(errors.NotFound,)),
    "interview_routes.follow_job": RouteDescription(
        "Jobs", EVENT_STREAM, "reader", errors=(errors.NotFound, errors.Overloaded)
    ),
    "interview_routes.list_jobs": RouteDescription("Jobs", JobsAnswer, "admin", query=JobsQuery),
    "operations_routes.list_cache": RouteDescription("Question cache", CacheAnswer, "admin", query=CacheQuery),
    "operations_routes.retire_question": RouteDescription(
        "Question cache", RetireAnswer, "admin", body=RetireRequest, errors=(errors.NotFound,)
    ),
    "operations_routes.list_logs": RouteDescription("Audit trail", LogsAnswer, "admin", query=LogsQuery),
    "operations_routes.show_usage": RouteDescription("Audit trail", UsageAnswer, "admin", query=UsageQuery),
    "operations_routes.show_evidence": RouteDescription(
        "Audit trail", EvidenceAnswer, "admin", errors=(errors.NotFound,)
    ),
    "operations_routes.health": RouteDescription("Operation", HealthAnswer, limited=False),
    "operations_routes.ready": RouteDescription(
        "Operation", ReadinessAnswer, limited=False, other_answers={503: ReadinessAnswer}
    ),
    "operations_routes.metrics": RouteDescription("Operation", "text/plain", "metrics", limited=False),
    "documentation_routes.openapi": RouteDescription("Documentation", "application/json", conditional=True),
    "documentation_routes.documentation_page": RouteDescription("Documentation", "text/html", conditional=True),
    "documentation_routes.documentation_file": RouteDescription(
        "Documentation", "*/*", errors=(errors.NotFound,), conditional=True
    ),
}

PATH_PARAMETERS = {
    "req_id": "Id of a requisition, percent-encoded. It may hold slashes and is compared exactly.",
    "interview_id": "The `interview_id` that its generation answered with.",
    "job_id": "The `job_id` of a 202 or of an event stream.",
    "cached_question_id": "The `cached_question_id` of a question, or the `id` in the list of the cache.",
    "file": "Name of a file that the page needs.",
}

PATH_EXAMPLES: dict[str, Any] = {
    "req_id": "REQ-20418",
    "interview_id": 1,
    "cached_question_id": 1,
    "file": "swagger-ui.css",
}

# What a path's converter lets through; the name of the converter as in the route.
CONVERTERS: dict[str, dict[str, Any]] = {
    "row_id": {"type": "integer", "minimum": 1, "maximum": 9_999_999_999},
    "req_id": {"type": "string", "minLength": 1},
    "string": {"type": "string", "minLength": 1, "pattern": "^[^/]+$"},
}

SECURITY_SCHEMES: dict[str, dict[str, Any]] = {
    "UserId": {
        "type": "apiKey",
        "in": "header",
        "name": "X-User-ID",
        "description": "Who calls, in at most 255 printable characters. Set by the gateway in front of the service.",
    },
    "UserRole": {
        "type": "apiKey",
        "in": "header",
        "name": "X-User-Role",
        "description": "The caller's role, in capitals or not. `admin` may write; the roles of READER_ROLES may read.",
    },
    "GatewaySecret": {
        "type": "apiKey",
        "in": "header",
        "name": "X-Gateway-Secret",
        "description": "Proves that the gateway has set the other two. Needed where GATEWAY_SECRET is set.",
    },
    "MetricsToken": {
        "type": "http",
        "scheme": "bearer",
        "description": "METRICS_TOKEN.",
    },
}
_CALLER: list[dict[str, list[str]]] = [
    {"UserId": [], "UserRole": []},
    {"UserId": [], "UserRole": [], "GatewaySecret": []},
]
# What each kind of access asks for, and what is said about it. A host app with an INTERVIEW_AUTHENTICATOR of its own
# decides for itself.
SECURITY: dict[Access, list[dict[str, list[str]]]] = {
    "anybody": [],
    "reader": _CALLER,
    "admin": _CALLER,
    "metrics": [{"MetricsToken": []}, {}],
}
ACCESS_SENTENCES: dict[Access, str] = {
    "anybody": "Anybody may call this.",
    "reader": "Needs one of the roles of READER_ROLES.",
    "admin": "Needs the role `admin`.",
    "metrics": "Needs METRICS_TOKEN, or a call from the machine itself to a loopback address where there is none.",
}

REQUEST_HEADERS: dict[str, dict[str, Any]] = {
    "X-Request-ID": {
        "description": "An id of your own for this request: at most 128 letters, digits and `._:+/=-`. "
        "Anything else is replaced by a new one.",
        "schema": {"type": "string"},
        "example": "5f0c7a0e41",
    },
    "Idempotency-Key": {
        "description": "Any text of your own, such as `button-7f3a`. A repeat within 24 hours gets the first answer "
        "again and costs nothing.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": r"\S"},
    },
    "If-None-Match": {
        "description": "The `ETag` of the answer that is there already.",
        "schema": {"type": "string"},
        "example": '"33a64df5"',
    },
    "Prefer": {
        "description": "`respond-async`: answer 202 at once and work in the background. "
        "Without ASYNC_PROCESSING it is ignored.",
        "schema": {"type": "string"},
        "example": "respond-async",
    },
}

ANSWER_HEADERS: dict[str, dict[str, Any]] = {
    "X-Request-ID": {
        "description": "The request's id, yours or a new one. The log has it too.",
        "required": True,
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9._:+/=-]{1,128}$"},
    },
    "Retry-After": {
        "description": "Seconds after which the same request may succeed.",
        "schema": {"type": "integer", "minimum": 0},
    },
    "X-RateLimit-Limit": {
        "description": "Requests that the limit allows. With RATE_LIMIT every answer carries it and the next two.",
        "schema": {"type": "integer"},
    },
    "X-RateLimit-Remaining": {
        "description": "Requests that are left.",
        "schema": {"type": "integer"},
    },
    "X-RateLimit-Reset": {
        "description": "When all are there again, in seconds since 1970.",
        "schema": {"type": "integer"},
    },
    "Location": {
        "description": "Where the job is.",
        "required": True,
        "schema": {"type": "string", "format": "uri-reference"},
    },
    "Preference-Applied": {
        "description": "The preference that was followed.",
        "required": True,
        "schema": {"type": "string", "const": "respond-async"},
    },
    "Idempotency-Replayed": {
        "description": "There if this is the answer of an earlier request with the same key.",
        "schema": {"type": "string", "const": "true"},
    },
}
# Headers that some statuses may have.
HEADERS_OF_STATUS = {
    409: ("Retry-After",),
    429: ("Retry-After", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"),
    503: ("Retry-After",),
}

JOB_ACCEPTED = JobAcceptedAnswer
GENERATION_ANSWERS: tuple[type[BaseModel], ...] = (EnhanceAnswer, GenerateAnswer, WorkflowAnswer, RetireAnswer)
# The events of a stream by name, with the models of their data.
EVENTS: dict[str, tuple[type[BaseModel], ...]] = {
    "job": (JobEvent,),
    "topics": (TopicsEvent,),
    "enhanced": (EnhancedEvent,),
    "question": (JobQuestion,),
    "done": GENERATION_ANSWERS,
    "error": (ErrorAnswer,),
}
# Fields that hold a body which is passed on as it was stored, with the models of that body.
PASSED_ON: dict[tuple[str, str], tuple[type[BaseModel], ...]] = {
    ("JobAnswer", "result"): GENERATION_ANSWERS,
    ("JobAnswer", "error"): (ErrorAnswer,),
}


def every_error_kind() -> list[ErrorKind]:
    """All errors of the service: those of the routes, of routing, and those that only jobs end with."""
    kinds = {kind for route in ROUTES.values() for kind in route.error_kinds()}
    kinds |= {ErrorKind.of_http(status) for status in SENTENCES}
    kinds |= {ErrorKind.of(errors.NotFound), ErrorKind.of(errors.Interrupted)}
    return sorted(kinds, key=lambda kind: (kind.status, kind.code))
