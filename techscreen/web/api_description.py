"""The fixed texts of the OpenAPI document: about parameters, headers, access and events.

What it says about each route is declared beside the route, see `endpoint.py`. A new model also needs an example in
`techscreen/data/api_examples.json`; a test names whatever is missing.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from techscreen.schemas.jobs import DescriptionEvent, EnhancedEvent, JobEvent, JobQuestion, TopicsEvent, WaitingEvent
from techscreen.web.auth import Access

TITLE = "TechScreen Interview Generation System"
ABOUT = """\
Turns a job description into a structured technical interview.

Bodies are JSON in UTF-8, at most 1 MiB, except for imports. Times are UTC, to the second. Tokens are all tokens of all
attempts.
Every answer carries `X-Request-ID`; every error has one form, `ErrorAnswer`, that of an address that does not exist
(404) and of a method that an address does not take (405) too. A request that is refused
(4xx) before it has begun writes nothing.
"""

PATH_PARAMETERS = {
    "req_id": "Id of a requisition, percent-encoded. It may hold slashes and is compared exactly.",
    "interview_id": "The `interview_id` that its generation answered with.",
    "number": "The number of a question, from 1.",
    "finding_id": "The `id` of a finding.",
    "alternative": "The `number` of an alternative.",
    "job_id": "The `job_id` of a 202 or of an event stream.",
    "cached_question_id": "The `cached_question_id` of a question, or the `id` in the list of the cache.",
    "file": "Name of a file that the page needs.",
    "library_question_id": "The `id` of a question of the library.",
}

PATH_EXAMPLES: dict[str, Any] = {
    "req_id": "REQ-20418",
    "interview_id": 1,
    "cached_question_id": 1,
    "number": 1,
    "alternative": 1,
    "finding_id": "0123456789abcdef",
    "file": "swagger-ui.css",
    "library_question_id": 1,
}

# What each path converter accepts, by its name in the route.
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
        "description": "The caller's role, in capitals or not. `admin` may do everything, "
        "the roles of GENERATOR_ROLES may generate, those of EDITOR_ROLES edit, and those of READER_ROLES read.",
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
# What each kind of access requires, and the sentence about it. A host app with an INTERVIEW_AUTHENTICATOR decides for
# itself.
SECURITY: dict[Access, list[dict[str, list[str]]]] = {
    "anybody": [],
    "reader": _CALLER,
    "editor": _CALLER,
    "generator": _CALLER,
    "admin": _CALLER,
    "metrics": [{"MetricsToken": []}, {}],
}
ACCESS_SENTENCES: dict[Access, str] = {
    "anybody": "Anybody may call this.",
    "reader": "Needs one of the roles of READER_ROLES.",
    "editor": "Needs one of the roles of EDITOR_ROLES.",
    "generator": "Needs the role `admin`, or one of the roles of GENERATOR_ROLES.",
    "admin": "Needs the role `admin`.",
    "metrics": "Needs METRICS_TOKEN, or a call from the machine itself to a loopback address where there is none.",
}

REQUEST_HEADERS: dict[str, dict[str, Any]] = {
    "Last-Event-ID": {
        "description": "The `id` of the last event that was seen of a stream that has broken off, as a browser's "
        "EventSource sends it by itself: what came before is not told again.",
        "schema": {"type": "string"},
    },
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
    "If-Match": {
        "description": "The `ETag` of what the change is about, as it was read: 428 without it, 412 if somebody else "
        "has changed it since.",
        "required": True,
        "schema": {"type": "string", "pattern": r'^(\*|"[!#-~]+"(, ?"[!#-~]+")*)$'},
        "example": '"interview-1-1"',
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
    "Content-Disposition": {
        "description": "`attachment`, with the name of the file.",
        "required": True,
        "schema": {"type": "string"},
    },
    "Location": {
        "description": "Where the job is.",
        "required": True,
        "schema": {"type": "string", "format": "uri-reference"},
    },
    "ETag": {
        "description": "Names this state of it, for `If-Match` and `If-None-Match`.",
        "required": True,
        "schema": {"type": "string"},
        "example": '"interview-1-1"',
    },
    "Link": {
        "description": 'The next page, as `<address>; rel="next"`, if there is one.',
        "schema": {"type": "string"},
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
# The header `Location` where only some answers have it.
LOCATION_OF_JOB: dict[str, Any] = {
    "description": "Where the job is, of a request with an Idempotency-Key or whose answer is a stream.",
    "schema": {"type": "string", "format": "uri-reference"},
}
# Headers that some statuses may have.
HEADERS_OF_STATUS = {
    409: ("Retry-After",),
    429: ("Retry-After", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"),
    503: ("Retry-After",),
}

# The events of a stream while a job runs, with the models of their data; the last event is `done` or `error`.
PROGRESS_EVENTS: dict[str, type[BaseModel]] = {
    "job": JobEvent,
    "topics": TopicsEvent,
    "description": DescriptionEvent,
    "enhanced": EnhancedEvent,
    "question": JobQuestion,
    "waiting": WaitingEvent,
}
