"""The OpenAPI 3.1 document of an app, made from its endpoints' declarations, the models and `api_description.py`.

An app comes in, a JSON document goes out. It describes only our own views, at the paths where the app has them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, get_args

from flask import Flask
from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, models_json_schema
from werkzeug.routing import Rule

from techscreen.data import DATA
from techscreen.errors import Cancelled, Interrupted, NotFound, WebhookNotDelivered
from techscreen.operations.webhook_delivery import ReceiverAnswer
from techscreen.schemas.generation import ErrorAnswer
from techscreen.schemas.jobs import JobAcceptedAnswer
from techscreen.web.api_description import (
    ABOUT,
    ACCESS_SENTENCES,
    ANSWER_HEADERS,
    CONVERTERS,
    HEADERS_OF_STATUS,
    LOCATION_OF_JOB,
    PATH_EXAMPLES,
    PATH_PARAMETERS,
    PROGRESS_EVENTS,
    REQUEST_HEADERS,
    SECURITY,
    SECURITY_SCHEMES,
    TITLE,
)
from techscreen.web.endpoint import ErrorKind, Tag, declaration_of, endpoint
from techscreen.web.error_handlers import SENTENCES
from techscreen.web.parsing import may_be_left_out
from techscreen.web.sse import EVENT_STREAM

Json = dict[str, Any]

EXTENSION = "techscreen_openapi"
EXAMPLES_FILE = DATA / "api_examples.json"
VARIABLE = re.compile(r"<(?:(?P<converter>\w+)(?:\([^)]*\))?:)?(?P<name>\w+)>")
REF = "#/components/schemas/{model}"
# What is said of files by their media type; the view's docstring says the rest.
_FILES: Json = {"application/json": {"type": "array", "items": {"type": "object"}}}


class _WithoutFieldTitles(GenerateJsonSchema):
    """A schema without field titles, which would only repeat the fields' names."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002  # the base class's name
        """Never."""
        return False


def openapi_document(app: Flask) -> Json:
    """The document of an app, without its servers. It is built once, on first use, when all routes are registered."""
    if EXTENSION not in app.extensions:
        app.extensions[EXTENSION] = _build(app)
    document: Json = app.extensions[EXTENSION]
    return document


def declared_routes(app: Flask) -> Iterator[tuple[Rule, str, endpoint]]:
    """The rules that lead to our views: each rule, its one method, and its view's declaration."""
    for rule in app.url_map.iter_rules():
        declared = declaration_of(app.view_functions[rule.endpoint])
        if declared is not None:
            (method,) = (rule.methods or set()) - {"HEAD", "OPTIONS"}
            yield rule, method.lower(), declared


def openapi_path(rule: Rule) -> str:
    """A rule's path as OpenAPI writes it."""
    return VARIABLE.sub(r"{\g<name>}", rule.rule)


@lru_cache(maxsize=1)
def examples() -> Json:
    """Recorded requests and answers by the name of their model, and errors by their code."""
    recorded: Json = json.loads(EXAMPLES_FILE.read_text(encoding="utf-8"))
    return recorded


def _build(app: Flask) -> Json:
    paths: dict[str, Json] = {}
    declared: list[endpoint] = []
    for rule, method, route in declared_routes(app):
        paths.setdefault(openapi_path(rule), {})[method] = _operation(app, rule, route)
        declared.append(route)
    return {
        "openapi": "3.1.1",
        "info": {"title": TITLE, "version": "1", "description": ABOUT, "license": {"name": "Proprietary"}},
        "tags": [{"name": tag} for tag in get_args(Tag)],
        "paths": {path: paths[path] for path in sorted(paths)},
        "components": {
            "schemas": _schemas(declared),
            "headers": ANSWER_HEADERS,
            "parameters": {name: {"name": name, "in": "header", **said} for name, said in REQUEST_HEADERS.items()},
            "examples": {name: {"value": value} for name, value in examples().items()},
            "securitySchemes": SECURITY_SCHEMES,
        },
    }


def _operation(app: Flask, rule: Rule, route: endpoint) -> Json:
    view = app.view_functions[rule.endpoint]
    summary, _, rest = (view.__doc__ or "").strip().partition("\n")
    siblings = list(app.url_map.iter_rules(rule.endpoint))
    suffix = f"_{rule.rule.rsplit('/', 1)[-1]}" if len(siblings) > 1 else ""
    operation: Json = {
        "operationId": view.__name__ + suffix,
        "tags": [route.tag],
        "summary": summary.removesuffix("."),
        "description": "\n\n".join(filter(None, (rest.strip(), ACCESS_SENTENCES[route.access]))),
        "security": SECURITY[route.access],
        "parameters": [*_path_parameters(rule), *_query_parameters(route.query), *_header_parameters(route)],
        "responses": _responses(route),
    }
    if route.body is not None:
        needed = not may_be_left_out(route.body)
        operation["requestBody"] = {"required": needed, "content": {"application/json": _json_content(route.body)}}
    if route.files:
        operation["requestBody"] = {
            "required": True,
            "content": {name: {"schema": _FILES.get(name, {})} for name in route.files},
        }
    return operation


def _path_parameters(rule: Rule) -> list[Json]:
    return [
        {
            "name": found["name"],
            "in": "path",
            "required": True,
            "description": PATH_PARAMETERS[found["name"]],
            "schema": CONVERTERS[found["converter"] or "string"],
            **({"example": PATH_EXAMPLES[found["name"]]} if found["name"] in PATH_EXAMPLES else {}),
        }
        for found in VARIABLE.finditer(rule.rule)
    ]


def _query_parameters(query: type[BaseModel] | None) -> list[Json]:
    if query is None:
        return []
    properties: Json = query.model_json_schema(schema_generator=_WithoutFieldTitles)["properties"]
    return [
        {"name": name, "in": "query", **_described(schema), "schema": _without_null(schema)}
        for name, schema in properties.items()
    ]


def _described(schema: Json) -> Json:
    return {"description": schema["description"]} if "description" in schema else {}


def _without_null(schema: Json) -> Json:
    """The schema of an optional query parameter, which may be missing but never null."""
    given = {name: value for name, value in schema.items() if name not in ("anyOf", "description")}
    alternatives = [one for one in schema.get("anyOf", ()) if one != {"type": "null"}]
    if not alternatives:
        return given
    (alternative,) = alternatives
    return {**alternative, **{name: value for name, value in given.items() if value is not None}}


def _header_parameters(route: endpoint) -> list[Json]:
    names = ["X-Request-ID"]
    if route.dispatch is not None:
        names.append("Idempotency-Key")
    if route.dispatch == "generation":
        names.append("Prefer")
    if route.changes:
        names.append("If-Match")
    if route.conditional:
        names.append("If-None-Match")
    if route.resumable:
        names.append("Last-Event-ID")
    return [{"$ref": f"#/components/parameters/{name}"} for name in names]


def _responses(route: endpoint) -> Json:
    content: Json = {}
    if isinstance(route.answer, type):
        content["application/json"] = _json_content(route.answer)
    else:
        for media_type in (route.answer,) if isinstance(route.answer, str) else route.answer:
            content[media_type] = _events_content() if media_type == EVENT_STREAM else {"schema": {}}
    said = "The answer."
    if route.dispatch == "generation":
        content[EVENT_STREAM] = _events_content()
        said += f" With `Accept: {EVENT_STREAM}` the same as it happens."
    responses: Json = {"200": _response(said, content, route, *route.answer_headers)}
    if route.dispatch == "generation":
        accepted = {"application/json": _json_content(JobAcceptedAnswer)}
        responses["202"] = _response(
            "Accepted, to be worked on in the background.", accepted, route, "Location", "Preference-Applied"
        )
    if route.resumable:
        responses["204"] = _response("All events have been seen, and no others will come.", {}, route)
    if route.conditional:
        responses["304"] = _response("Not changed since the answer with the ETag in `If-None-Match`.", {}, route)
    for status, model in route.other_answers.items():
        responses[str(status)] = _response(
            (model.__doc__ or "").strip(), {"application/json": _json_content(model)}, route
        )
    for status, kinds in _by_status(route).items():
        headers = HEADERS_OF_STATUS.get(status, ())
        said = "\n".join(f"- `{code}`: {meaning}" for code, meaning in kinds.items())
        responses[str(status)] = _response(said, {"application/json": _error_content(list(kinds))}, route, *headers)
    return responses


def _response(description: str, content: Json, route: endpoint, *headers: str) -> Json:
    names = ["X-Request-ID", *headers]
    if route.dispatch is not None:
        names.append("Idempotency-Replayed")
    said: Json = {name: {"$ref": f"#/components/headers/{name}"} for name in names}
    if route.dispatch is not None and "Location" not in names:
        said["Location"] = LOCATION_OF_JOB
    return {
        "description": description,
        "headers": said,
        **({"content": content} if content else {}),
    }


def _by_status(route: endpoint) -> dict[int, dict[str, str]]:
    found: dict[int, dict[str, str]] = {}
    for kind in sorted(route.error_kinds()):
        if kind.status not in route.other_answers:
            found.setdefault(kind.status, {})[kind.code] = kind.meaning
    return found


def _json_content(model: type[BaseModel]) -> Json:
    name = model.__name__
    content: Json = {"schema": _ref(model)}
    if name in examples():
        content["examples"] = {name: {"$ref": f"#/components/examples/{name}"}}
    return content


def _error_content(codes: list[str]) -> Json:
    return {
        "schema": {"allOf": [_ref(ErrorAnswer), {"properties": {"code": {"enum": codes}}}]},
        "examples": {code: {"$ref": f"#/components/examples/{code}"} for code in codes if code in examples()},
    }


def _events_content() -> Json:
    # OpenAPI 3.1 has no keyword for the items of a stream; tools take the schema for that of each event.
    name = "StreamEvent"
    return {
        "schema": {"$ref": REF.format(model=name)},
        "examples": {name: {"$ref": f"#/components/examples/{name}"}},
    }


def _ref(model: type[BaseModel]) -> Json:
    return {"$ref": REF.format(model=model.__name__)}


def _one_of(models: Sequence[type[BaseModel]]) -> Json:
    return _ref(models[0]) if len(models) == 1 else {"anyOf": [_ref(model) for model in models]}


def _schemas(declared: Sequence[endpoint]) -> Json:
    of_jobs = _answers_of_jobs(declared)
    wanted: dict[tuple[type[BaseModel], JsonSchemaMode], None] = {
        (ErrorAnswer, "serialization"): None,
        (JobAcceptedAnswer, "serialization"): None,
        (ReceiverAnswer, "serialization"): None,
        **{(model, "serialization"): None for model in PROGRESS_EVENTS.values()},
    }
    for route in declared:
        if route.body is not None:
            wanted[route.body, "validation"] = None
        if isinstance(route.answer, type):
            wanted[route.answer, "serialization"] = None
        for model in route.other_answers.values():
            wanted[model, "serialization"] = None
    _, defined = models_json_schema(list(wanted), ref_template=REF, schema_generator=_WithoutFieldTitles)
    schemas: Json = defined["$defs"]
    kinds = {ErrorKind.of_http(status) for status in SENTENCES}
    kinds |= {ErrorKind.of(error) for error in (NotFound, Interrupted, Cancelled, WebhookNotDelivered)}
    for route in declared:
        kinds |= route.error_kinds()
    for name in {"ErrorAnswer", "JobErrorView"} & schemas.keys():
        schemas[name]["properties"]["code"]["enum"] = sorted({kind.code for kind in kinds})
    # These fields hold the body of a plain call as it was stored, or how an event was received.
    passed_on: dict[str, list[type[BaseModel]]] = {"result": [*of_jobs, ReceiverAnswer], "error": [ErrorAnswer]}
    for name, models in passed_on.items() if "JobAnswer" in schemas else ():
        properties = schemas["JobAnswer"]["properties"]
        properties[name] = {"anyOf": [*map(_ref, models), {"type": "null"}], **_described(properties[name])}
    schemas["StreamEvent"] = {
        "description": "One server-sent event of a stream. `done` or `error` is the last.",
        "oneOf": [
            *(_event(name, [model]) for name, model in PROGRESS_EVENTS.items()),
            _event("done", of_jobs),
            _event("error", [ErrorAnswer]),
        ],
    }
    return dict(sorted(schemas.items()))


def _answers_of_jobs(declared: Sequence[endpoint]) -> list[type[BaseModel]]:
    """The results that a job may have: the answers of all dispatched endpoints."""
    answers = dict.fromkeys(route.answer for route in declared if route.dispatch is not None)
    return [model for model in answers if isinstance(model, type)]


def _event(name: str, models: Sequence[type[BaseModel]]) -> Json:
    return {
        "type": "object",
        "required": ["id", "event", "data"],
        "properties": {
            "id": {"type": "string", "description": "Names all events so far but `description`."},
            "event": {"const": name},
            "data": {
                "type": "string",
                "contentMediaType": "application/json",
                "contentSchema": _one_of(models),
            },
        },
    }
