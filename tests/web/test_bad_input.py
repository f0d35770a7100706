"""Requests that must be refused: what they are told, and that they leave no trace.

Each test loops over a table of cases against one stored requisition, which every bad request names, so
that a refusal that came too late would show as a changed row.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import NullPool
from werkzeug.test import TestResponse

from models import Base
from tests.conftest import ADMIN, READER, on_sqlite
from tests.support.fake_claude import FakeClaude, error_reply

ENHANCE = "/api/interview/jd/enhance"
GENERATE = "/api/interview/generate"
WORKFLOW_FULL = "/api/interview/workflow/full"
WORKFLOW_CREATE = "/api/interview/workflow/create"
POSTS = [ENHANCE, GENERATE, WORKFLOW_FULL, WORKFLOW_CREATE]
# All but the heartbeats, which nobody's request writes.
TABLES = [name for name in Base.metadata.tables if name != "service_processes"]
MAX_BODY = 1_048_576
MISSING = object()

# Longest value of each text field.
LONGEST = {
    "req_id": 100,
    "basic_title": 255,
    "basic_description": 16_000,
    "basic_department": 255,
    "basic_level": 255,
    "work_output": 16_000,
    "work_role": 16_000,
    "work_knowledge": 16_000,
    "work_competencies": 16_000,
    "interview_name": 255,
}
REQUIRED = {"req_id", "basic_title", "basic_description"}
WORKFLOW_FIELDS = list(LONGEST)
ENHANCE_FIELDS = [name for name in WORKFLOW_FIELDS if name != "interview_name"]
TEXT_FIELDS = {
    ENHANCE: ENHANCE_FIELDS,
    WORKFLOW_FULL: WORKFLOW_FIELDS,
    WORKFLOW_CREATE: WORKFLOW_FIELDS,
    GENERATE: ["req_id", "interview_name"],
}
EVERY_TEXT_FIELD = [(path, name) for path, names in TEXT_FIELDS.items() for name in names]
# Tab and line ends: a pasted description has them, an identifier has not.
LINE_ENDS = "\t\n\v\f\r\x85"
CONTROL_CHARACTERS = [chr(code) for code in range(0x110000) if unicodedata.category(chr(code)) == "Cc"]
# Words that would show the inside of the service to a caller.
INSIDES = ["Traceback", "SELECT", "INSERT", "sqlalchemy", "pymysql", "sqlite", "pydantic", "api_key", "a-key-that"]


class Service:
    """A client, one stored requisition with an interview, and what the tables held when all was well."""

    def __init__(self, client: FlaskClient, fake: FakeClaude, connection: Connection, body: dict[str, Any]) -> None:
        self.client = client
        self.fake = fake
        self.body = body
        self._connection = connection
        stored = client.post(WORKFLOW_FULL, json=body, headers=ADMIN)
        assert stored.status_code == 200, stored.get_data(as_text=True)
        self.job_description_id: int = stored.get_json()["job_description_id"]
        self.interview_id: int = stored.get_json()["interview_id"]
        self.settle()

    def settle(self) -> None:
        """From here on nothing may change."""
        self.fake.forget()
        self._before = self.contents()

    def contents(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of every table."""
        return {
            name: [tuple(row) for row in self._connection.execute(text(f"SELECT * FROM {name} ORDER BY 1, 2"))]
            for name in TABLES
        }

    def good_body(self, path: str) -> dict[str, Any]:
        """A body that the address accepts."""
        if path == GENERATE:
            return {"req_id": self.body["req_id"], "job_description_id": self.job_description_id}
        return dict(self.body)

    def post(self, path: str, body: Any) -> TestResponse:
        return self.client.post(path, json=body, headers=ADMIN)

    def post_bytes(self, path: str, data: bytes, content_type: str | None = "application/json") -> TestResponse:
        return self.client.post(path, data=data, content_type=content_type, headers=ADMIN)

    def get(self, path: str) -> TestResponse:
        return self.client.get(path, headers=READER)

    def assert_refused(
        self,
        case: str,
        answer: TestResponse,
        status: int,
        code: str,
        *,
        fields: tuple[str, ...] = (),
        req_id: str | None = None,
    ) -> dict[str, Any]:
        """The one form of an error, with nothing written and Claude not asked."""
        assert answer.status_code == status, f"{case}: {answer.status_code} {answer.get_data(as_text=True)[:500]}"
        assert answer.content_type == "application/json", case
        body: dict[str, Any] = json.loads(answer.get_data())
        expected = {"success", "error", "code", "request_id", "details"} | ({"req_id"} if req_id is not None else set())
        assert set(body) - {"warnings"} == expected, case  # test_unknown_fields.py tests these
        assert body["success"] is False, case
        assert body["code"] == code, case
        assert body.get("req_id") == req_id, case
        assert body["request_id"], case
        assert body["request_id"] == answer.headers["X-Request-ID"], case
        sentence = body["error"]
        assert isinstance(sentence, str), case
        assert sentence.endswith("."), f"{case}: {sentence}"
        assert sorted(problem["field"] for problem in body["details"]) == sorted(fields), case
        for problem in body["details"]:
            assert set(problem) == {"field", "message"}, case
            assert problem["field"] in problem["message"], case
            assert problem["message"] in sentence, case
        for word in INSIDES:
            assert word.lower() not in json.dumps(body).lower(), case
        assert self.contents() == self._before, f"{case}: something was written"
        assert self.fake.received == [], f"{case}: Claude was asked"
        return body

    def assert_field_refused(self, path: str, name: str, value: Any) -> dict[str, Any]:
        """A request that is good but for one field is refused, and names it."""
        body = self.good_body(path)
        if value is MISSING:
            body.pop(name, None)
        else:
            body[name] = value
        shown = "missing" if value is MISSING else ascii(value)[:60]
        req_id = None if name == "req_id" else self.body["req_id"]
        return self.assert_refused(
            f"{path} {name}={shown}", self.post(path, body), 400, "invalid_request", fields=(name,), req_id=req_id
        )


@pytest.fixture
def service(client: FlaskClient, fake: FakeClaude, database_url: str, requisition: dict[str, Any]) -> Iterator[Service]:
    # Autocommit, or else a repeatable read would show the first state for ever.
    engine = create_engine(database_url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield Service(client, fake, connection, requisition)


def test_a_changed_table_would_be_noticed(service: Service) -> None:
    # The witness of all tests below: an accepted request must not look like a refused one.
    before = service.contents()
    assert service.post(ENHANCE, service.body).status_code == 200
    after = service.contents()
    assert {name for name in TABLES if before[name] != after[name]} == {
        "job_descriptions",
        "generation_logs",
        "history_entries",
    }
    assert {"interviews", "interview_questions", "question_cache"} <= {name for name in TABLES if before[name]}
    assert len(service.fake.received) == 1


# ------------------------------------------------------------------------------------ 400: one field


@on_sqlite
def test_a_required_text_that_is_missing_null_or_blank_is_refused(service: Service) -> None:
    for path, name in EVERY_TEXT_FIELD:
        if name in REQUIRED:
            for value in (MISSING, None, "", " ", "   \t\r\n ", "\u00a0\u3000\u2003"):
                service.assert_field_refused(path, name, value)


@on_sqlite
def test_a_text_that_is_no_text_is_refused(service: Service) -> None:
    for path, name in EVERY_TEXT_FIELD:
        for value in (5, 0, -1.5, 10**30, True, False, [], ["text"], {}, {"text": "text"}):
            body = service.assert_field_refused(path, name, value)
            assert body["error"] == f"{name} must be text."


@on_sqlite
def test_a_text_that_is_too_long_by_one_is_refused(service: Service) -> None:
    for path, name in EVERY_TEXT_FIELD:
        # Characters are counted, not bytes: four bytes each or one, the limit is the same.
        for character in ("x", "😀"):
            body = service.assert_field_refused(path, name, character * (LONGEST[name] + 1))
            assert str(LONGEST[name]) in body["error"]
            assert len(body["error"]) < 500  # the text itself is not sent back


def test_a_text_of_exactly_the_longest_length_is_accepted(service: Service) -> None:
    cases = [(ENHANCE, name) for name in ENHANCE_FIELDS]
    cases += [(path, "interview_name") for path in (WORKFLOW_FULL, WORKFLOW_CREATE, GENERATE)]
    for path, name in cases:
        for character in ("x", "😀"):
            longest = "é" + character * (LONGEST[name] - 1)  # a description needs a letter
            answer = service.post(path, {**service.good_body(path), name: longest})
            assert answer.status_code == 200, f"{path} {name}: {answer.get_data(as_text=True)[:500]}"
            assert longest in json.dumps(answer.get_json(), ensure_ascii=False)


@on_sqlite
def test_control_characters_other_than_tab_and_line_ends_are_refused_in_texts(service: Service) -> None:
    assert len(CONTROL_CHARACTERS) == 65
    for character in set(CONTROL_CHARACTERS) - set(LINE_ENDS):
        service.assert_field_refused(ENHANCE, "basic_description", f"before{character}after")
    for path, name in EVERY_TEXT_FIELD:
        for character in "\0\x01\x1b\x7f\x9f":
            for value in (f"before{character}after", f"{character}at the beginning", f"at the end{character}"):
                body = service.assert_field_refused(path, name, value)
                assert f"U+{ord(character):04X}" in body["error"]
                assert character not in body["error"]


@on_sqlite
def test_a_text_of_nothing_but_a_control_character_is_refused(service: Service) -> None:
    # Python counts U+001C to U+001F as white space, so they must not slip through as a blank field.
    for path, name in EVERY_TEXT_FIELD:
        for value in ("\0", "\x01", "\x1c", " \x1f ", "\x7f", "\x9f"):
            service.assert_field_refused(path, name, value)


@on_sqlite
def test_a_req_id_holds_no_control_character_at_all(service: Service) -> None:
    for character in CONTROL_CHARACTERS:
        service.assert_field_refused(ENHANCE, "req_id", f"REQ{character}1")
    for path in POSTS:
        for character in LINE_ENDS:
            service.assert_field_refused(path, "req_id", f"REQ-12345{character}")


def test_tab_and_line_ends_are_accepted_in_texts(service: Service) -> None:
    value = f"one{LINE_ENDS}two\r\nthree"
    body = {name: value for name in WORKFLOW_FIELDS if name != "req_id"}
    answer = service.post(WORKFLOW_FULL, {**body, "req_id": "REQ-12345"})
    assert answer.status_code == 200, answer.get_data(as_text=True)
    assert answer.get_json()["interview_name"] == value
    stored = service.get("/api/interview/jd/REQ-12345").get_json()["job_description"]
    assert set(stored["basic_jd"].values()) | set(stored["work_inputs"].values()) == {value}


def test_an_optional_text_may_be_missing_null_or_blank(service: Service) -> None:
    for value in (MISSING, None, "", "  \t\n"):
        body = {"req_id": "REQ-12345", "basic_title": "Engineer", "basic_description": "Builds."}
        if value is not MISSING:
            body |= dict.fromkeys(set(WORKFLOW_FIELDS) - REQUIRED, value)
        assert service.post(ENHANCE, body).status_code == 200, value
        stored = service.get("/api/interview/jd/REQ-12345").get_json()["job_description"]
        assert set(stored["work_inputs"].values()) == {None}
        assert (stored["basic_jd"]["department"], stored["basic_jd"]["level"]) == (None, None)


@on_sqlite
def test_a_job_description_id_that_is_no_positive_whole_number_is_refused(service: Service) -> None:
    values = (MISSING, None, "1", str(service.job_description_id), "", "abc", 1.5, 1e400, True, False, [], [1], {})
    for value in (*values, 0, -1, -3, -(2**31), -(2**63), -(10**30)):
        # 1e400 is no JSON for json.dumps, which writes it as Infinity; see the malformed ones for that.
        if value != float("inf"):
            service.assert_field_refused(GENERATE, "job_description_id", value)
    body = b'{"req_id": "REQ-12345", "job_description_id": 1e400}'
    service.assert_refused(
        "1e400",
        service.post_bytes(GENERATE, body),
        400,
        "invalid_request",
        fields=("job_description_id",),
        req_id="REQ-12345",
    )


# -------------------------------------------------------------------------------- 400: several at once


@on_sqlite
def test_all_bad_fields_are_reported_at_once(service: Service) -> None:
    bad = {
        "req_id": "x" * 101,
        "basic_title": None,
        "basic_description": " ",
        "basic_department": 7,
        "basic_level": True,
        "work_output": ["a"],
        "work_role": {"a": 1},
        "work_knowledge": "x" * 16_001,
        "work_competencies": "a\0b",
        "interview_name": "x" * 256,
    }
    for path in (ENHANCE, WORKFLOW_FULL, WORKFLOW_CREATE):
        fields = tuple(TEXT_FIELDS[path])
        answer = service.post(path, {name: bad[name] for name in fields})
        service.assert_refused(path, answer, 400, "invalid_request", fields=fields)
    service.assert_refused(
        "generate",
        service.post(GENERATE, {"req_id": "", "job_description_id": "1", "interview_name": 3}),
        400,
        "invalid_request",
        fields=("req_id", "job_description_id", "interview_name"),
    )


@on_sqlite
def test_an_empty_object_lacks_every_required_field(service: Service) -> None:
    for path in (ENHANCE, WORKFLOW_FULL, WORKFLOW_CREATE):
        answer = service.post(path, {})
        service.assert_refused(path, answer, 400, "invalid_request", fields=tuple(sorted(REQUIRED)))
    answer = service.post(GENERATE, {})
    service.assert_refused("generate", answer, 400, "invalid_request", fields=("req_id", "job_description_id"))


@on_sqlite
def test_names_of_fields_are_compared_exactly(service: Service) -> None:
    for wrong in ("Basic_Title", "basicTitle", "basic-title", " basic_title", "title"):
        body = dict(service.body)
        body[wrong] = body.pop("basic_title")
        answer = service.post(WORKFLOW_FULL, body)
        service.assert_refused(
            wrong, answer, 400, "invalid_request", fields=("basic_title",), req_id=service.body["req_id"]
        )


# ---------------------------------------------------------------------------------- 400: no JSON at all

MALFORMED = {
    "nothing": b"",
    "white space": b"  \n",
    "truncated": b'{"req_id": "REQ-12345", "basic_title": "Engi',
    "truncated object": b'{"req_id": "REQ-12345"',
    "only a bracket": b"{",
    "trailing comma": b'{"req_id": "REQ-12345",}',
    "two objects": b'{"req_id": "REQ-12345"}{"req_id": "REQ-12345"}',
    "text after it": b'{"req_id": "REQ-12345"} and more',
    "NaN": b'{"req_id": "REQ-12345", "job_description_id": NaN}',
    "Infinity": b'{"req_id": "REQ-12345", "job_description_id": Infinity}',
    "minus Infinity": b'{"req_id": "REQ-12345", "job_description_id": -Infinity}',
    "single quotes": b"{'req_id': 'REQ-12345'}",
    "name without quotes": b'{req_id: "REQ-12345"}',
    "a comment": b'{"req_id": "REQ-12345"} // our requisition',
    "a form": b"req_id=REQ-12345&basic_title=Engineer",
    "XML": b"<req_id>REQ-12345</req_id>",
    "leading zero": b'{"req_id": "REQ-12345", "job_description_id": 01}',
    "a number of 5,000 digits": b'{"req_id": "REQ-12345", "job_description_id": ' + b"9" * 5_000 + b"}",
    "raw line end in a text": b'{"req_id": "REQ\n12345"}',
    "raw NUL in a text": b'{"req_id": "REQ\x0012345"}',
    "unknown escape": rb'{"req_id": "REQ\x41"}',
    "high surrogate alone": rb'{"req_id": "REQ-12345", "basic_title": "\ud800"}',
    "low surrogate alone": rb'{"req_id": "REQ-12345", "basic_title": "\udc00"}',
    "surrogates the wrong way round": rb'{"req_id": "REQ-12345", "basic_title": "\ude00\ud83d"}',
    "surrogate in an unknown field": rb'{"req_id": "REQ-12345", "else": "\ud800"}',
    "surrogate in a name": rb'{"req_id": "REQ-12345", "\ud800": 1}',
    "surrogate as UTF-8": b'{"req_id": "REQ-12345", "basic_title": "\xed\xa0\x80"}',
    "invalid UTF-8": b'{"req_id": "REQ-12345", "basic_title": "\xff\xfe"}',
    "Latin-1": '{"req_id": "REQ-12345", "basic_title": "Führung"}'.encode("latin-1"),
    "overlong UTF-8": b'{"req_id": "REQ-12345", "basic_title": "\xc0\xaf"}',
    "UTF-16 with a mark": '{"req_id": "REQ-12345"}'.encode("utf-16"),
    "UTF-16 without a mark": '{"req_id": "REQ-12345"}'.encode("utf-16-le"),
    "UTF-32": '{"req_id": "REQ-12345"}'.encode("utf-32"),
    "100,000 open brackets": b"[" * 100_000,
    "100,000 nested lists": b"[" * 100_000 + b"]" * 100_000,
    "100,000 nested objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "nesting in an unknown field": b'{"req_id": "R", "else": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
}
NOT_AN_OBJECT = {
    "list": b"[]",
    "list of an object": b'[{"req_id": "REQ-12345", "basic_title": "T", "basic_description": "D"}]',
    "text": b'"REQ-12345"',
    "number": b"12345",
    "fraction": b"1.5",
    "true": b"true",
    "null": b"null",
}


@on_sqlite
def test_a_body_that_is_no_json_is_refused(service: Service) -> None:
    for path in POSTS:
        for case, data in MALFORMED.items():
            answer = service.post_bytes(path, data)
            body = service.assert_refused(f"{path} {case}", answer, 400, "malformed_json")
            assert len(body["error"]) < 300  # the body is not sent back


@on_sqlite
def test_a_body_that_is_no_object_is_refused(service: Service) -> None:
    for path in POSTS:
        for case, data in NOT_AN_OBJECT.items():
            body = service.assert_refused(f"{path} {case}", service.post_bytes(path, data), 400, "invalid_request")
            assert "object" in body["error"]


@on_sqlite
def test_json_in_its_unusual_forms_is_accepted(service: Service) -> None:
    plain = json.dumps(service.body, ensure_ascii=False).encode()
    for case, data in {
        "byte order mark": b"\xef\xbb\xbf" + plain,
        "white space around": b"\r\n\t " + plain + b"\n\n",
        "escaped emoji": rb'{"req_id": "REQ-12345", "basic_title": "T \ud83d\ude00", "basic_description": "D"}',
    }.items():
        answer = service.post_bytes(ENHANCE, data)
        assert answer.status_code == 200, f"{case}: {answer.get_data(as_text=True)}"
    assert answer.get_json()["basic_jd"]["title"] == "T 😀"


# ------------------------------------------------------------------------------- 415, 413: type and size


@on_sqlite
def test_a_body_that_is_not_announced_as_json_is_refused(service: Service) -> None:
    for path in POSTS:
        data = json.dumps(service.good_body(path)).encode()
        for content_type in (
            None,
            "",
            "text/plain",
            "text/json",
            "text/html; charset=utf-8",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "application/jsonp",
            "application/xml",
            "application/octet-stream",
            "json",
            "*/*",
        ):
            answer = service.post_bytes(path, data, content_type)
            body = service.assert_refused(f"{path} {content_type}", answer, 415, "unsupported_media_type")
            assert "application/json" in body["error"]


@on_sqlite
def test_json_may_be_announced_with_parameters(service: Service) -> None:
    data = json.dumps(service.body).encode()
    for content_type in ("application/json; charset=utf-8", "Application/JSON", "application/vnd.ats+json"):
        assert service.post_bytes(ENHANCE, data, content_type).status_code == 200, content_type


@on_sqlite
def test_a_body_over_one_mebibyte_is_refused(service: Service) -> None:
    for path in POSTS:
        for size in (MAX_BODY + 1, 3 * MAX_BODY):
            answer = service.post_bytes(path, padded(service.good_body(path), size))
            service.assert_refused(f"{path} {size}", answer, 413, "payload_too_large")


@on_sqlite
def test_a_body_announced_as_too_large_is_refused_whatever_has_come_of_it(service: Service) -> None:
    for path in POSTS:
        announced = {"CONTENT_LENGTH": str(MAX_BODY + 1), "CONTENT_TYPE": "application/json"}
        answer = service.client.post(path, headers=ADMIN, environ_overrides=announced)
        service.assert_refused(path, answer, 413, "payload_too_large")


@on_sqlite
def test_a_body_over_one_mebibyte_in_chunks_is_refused(service: Service) -> None:
    for path in POSTS:
        data = padded(service.good_body(path), MAX_BODY + 1)
        # The second is complete long before the limit: what comes after it must not be left out silently.
        for case, body in (
            ("one text", data),
            ("white space", json.dumps(service.body).encode().ljust(2 * MAX_BODY)),
        ):
            answer = post_chunked(service, path, body)
            service.assert_refused(f"{path} {case}", answer, 413, "payload_too_large")


def test_a_body_of_exactly_one_mebibyte_is_accepted(service: Service) -> None:
    data = padded(service.body, MAX_BODY)
    assert service.post_bytes(ENHANCE, data).status_code == 200
    assert post_chunked(service, ENHANCE, data).status_code == 200


def padded(body: dict[str, Any], size: int) -> bytes:
    """The body at a size in bytes, by way of a field that is ignored."""
    empty = json.dumps({**body, "padding": ""}).encode()
    data = empty.removesuffix(b'"}') + b"x" * (size - len(empty)) + b'"}'
    assert len(data) == size
    return data


def post_chunked(service: Service, path: str, data: bytes) -> TestResponse:
    """A body whose length nobody has announced, as a WSGI server hands it over."""
    return service.client.post(
        path,
        input_stream=BytesIO(data),
        content_type="application/json",
        headers={**ADMIN, "Transfer-Encoding": "chunked"},
        environ_overrides={"wsgi.input_terminated": True, "CONTENT_LENGTH": ""},
    )


# ----------------------------------------------------------------------------------- 401, 403: callers


@on_sqlite
def test_a_caller_who_may_not_is_refused_before_the_body_is_looked_at(service: Service) -> None:
    bodies: list[Callable[[str], Any]] = [
        lambda path: {"json": service.good_body(path)},
        lambda path: {"json": {}},
        lambda path: {"data": b"{", "content_type": "application/json"},
        lambda path: {"data": b"x", "content_type": "text/plain"},
        lambda path: {"data": b"x" * (MAX_BODY + 1), "content_type": "application/json"},
    ]
    for headers, status, code in (
        ({}, 401, "unauthenticated"),
        ({"X-User-ID": " ", "X-User-Role": "admin"}, 401, "unauthenticated"),
        ({"X-User-ID": "u"}, 401, "unauthenticated"),
        (READER, 403, "forbidden"),
        ({"X-User-ID": "u", "X-User-Role": "candidate"}, 403, "forbidden"),
    ):
        for path in POSTS:
            for number, body in enumerate(bodies):
                answer = service.client.post(path, headers=headers, **body(path))
                service.assert_refused(f"{headers} {path} {number}", answer, status, code)


@on_sqlite
def test_a_missing_header_is_named(service: Service) -> None:
    path = f"/api/interview/{service.interview_id}"
    for headers, named in (
        ({}, ["X-User-ID", "X-User-Role"]),
        ({"X-User-ID": "u"}, ["X-User-Role"]),
        ({"X-User-Role": "admin"}, ["X-User-ID"]),
    ):
        answer = service.client.get(path, headers=headers)
        body = service.assert_refused(str(headers), answer, 401, "unauthenticated")
        assert [name for name in ("X-User-ID", "X-User-Role") if name in body["error"]] == named


# ------------------------------------------------------------------------------------ 404: unknown things


def test_an_unknown_interview_is_not_found(service: Service) -> None:
    ids = ["0", "-1", "-0", "999999", str(2**31 - 1), str(2**31), str(2**63), str(2**64), str(10**30), "abc"]
    ids += [
        "1.5",
        "1.0",
        "1e0",
        "0x1",
        "½",
        "²",
        "١",
        "１",
        "+1",
        " 1",
        "1 ",
        "1_0",
        "null",
        "true",
        "'",
        "%",
        "😀",
        "\0",
    ]
    ids += ["1;", "1 OR 1=1", "x" * 3_000]
    for interview_id in ids:
        answer = service.get(f"/api/interview/{quote(interview_id, safe='')}")
        service.assert_refused(ascii(interview_id)[:60], answer, 404, "not_found")


def test_an_interview_id_of_thousands_of_digits_is_not_found(service: Service) -> None:
    # Python refuses to read a number of more than 4,300 digits.
    for digits in (4_300, 4_301, 10_000):
        answer = service.get(f"/api/interview/{'9' * digits}")
        service.assert_refused(str(digits), answer, 404, "not_found")


def test_an_unknown_requisition_is_not_found_and_has_no_interviews(service: Service) -> None:
    for req_id in (
        "REQ-1234",
        "REQ-123456",
        "req-12345",
        "REQ-12345 ",
        "REQ-12345/",
        "/REQ-12345",
        "REQ_12345",
        "REQ%",
        "x" * 101,
        "😀" * 101,
        "x" * 3_000,
        "\0",
        "REQ-12345\0",
        "' OR '1'='1",
        "' -- ",
    ):
        case = ascii(req_id)[:60]
        answer = service.get(f"/api/interview/jd/{quote(req_id, safe='')}")
        service.assert_refused(case, answer, 404, "not_found", req_id=req_id)
        answer = service.get(f"/api/interview/req/{quote(req_id, safe='')}")
        assert (answer.status_code, answer.get_json()) == (
            200,
            {"success": True, "interviews": [], "total": 0, "next_cursor": None},
        ), case


def test_a_path_that_is_no_utf8_finds_nothing(service: Service) -> None:
    for escaped in ("%FF", "REQ-12345%C3", "%ED%A0%80"):
        answer = service.get(f"/api/interview/jd/{escaped}")
        assert (answer.status_code, answer.get_json()["code"]) == (404, "not_found"), escaped
        assert service.get(f"/api/interview/req/{escaped}").get_json()["interviews"] == []
        service.assert_refused(escaped, service.get(f"/api/interview/{escaped}"), 404, "not_found")


def test_generating_from_an_unknown_job_description_is_not_found(service: Service) -> None:
    for unknown in (service.job_description_id + 1, 999_999, 2**31 - 1, 2**31, 2**32, 2**53, 2**63 - 1):
        body = {**service.good_body(GENERATE), "job_description_id": unknown}
        answer = service.post(GENERATE, body)
        service.assert_refused(str(unknown), answer, 404, "not_found", req_id=service.body["req_id"])


def test_generating_from_a_job_description_id_beyond_every_integer_is_not_found(service: Service) -> None:
    # Larger than any column: the database's driver may choke on it, the caller must not see that.
    for unknown in (2**63, 2**64, 10**30, 10**300):
        body = {**service.good_body(GENERATE), "job_description_id": unknown}
        answer = service.post(GENERATE, body)
        service.assert_refused(str(unknown)[:40], answer, 404, "not_found", req_id=service.body["req_id"])


@on_sqlite
def test_an_address_that_does_not_exist_is_not_found(service: Service) -> None:
    gets = ["/nothing", "/api", "/api/", "/api/interview/1/2", "/health/"]
    gets += ["/api/interview/jd", "/api/interview/jd/", "/api/interview/req/", "/api/interview/workflow/full/x"]
    gets += ["/API/INTERVIEW/1", "/favicon.ico", "/.env", "/static/app.py", "/api/interviews/1"]
    for path in gets:
        service.assert_refused(f"GET {path}", service.get(path), 404, "not_found")
    for path in ("/nothing", "/api/interview/workflow/other", "/api/interview/generate/1"):
        service.assert_refused(f"POST {path}", service.post(path, service.body), 404, "not_found")


# ------------------------------------------------------------------------------------- 405: wrong methods

WRONG_METHODS = [
    ("/api/interview", ("POST", "PUT", "PATCH", "DELETE"), {"GET", "HEAD", "OPTIONS"}),
    ("/api/interview/jd/REQ-12345", ("POST", "PUT", "DELETE"), {"GET", "HEAD", "PATCH", "OPTIONS"}),
    ("/api/interview/req/REQ-12345", ("POST", "PUT", "PATCH", "DELETE"), {"GET", "HEAD", "OPTIONS"}),
    ("/api/interview/1", ("POST", "PUT"), {"GET", "HEAD", "PATCH", "DELETE", "OPTIONS"}),
    ("/health", ("POST", "PUT", "PATCH", "DELETE"), {"GET", "HEAD", "OPTIONS"}),
    (WORKFLOW_FULL, ("GET", "PUT", "PATCH", "DELETE"), {"POST", "OPTIONS"}),
    (WORKFLOW_CREATE, ("GET", "PUT", "PATCH", "DELETE"), {"POST", "OPTIONS"}),
    # A requisition may be called "enhance", so this address can be read and changed as well.
    (ENHANCE, ("PUT", "DELETE"), {"GET", "HEAD", "POST", "PATCH", "OPTIONS"}),
]


def assert_wrong_method(service: Service, path: str, method: str, allowed: set[str]) -> None:
    answer = service.client.open(path, method=method, headers=ADMIN, json=service.body)
    service.assert_refused(f"{method} {path}", answer, 405, "method_not_allowed")
    assert {name.strip() for name in answer.headers["Allow"].split(",")} == allowed, f"{method} {path}"


@on_sqlite
def test_a_wrong_method_is_refused_and_the_right_ones_are_named(service: Service) -> None:
    for path, methods, allowed in WRONG_METHODS:
        for method in (*methods, "FROBNICATE"):
            assert_wrong_method(service, path, method, allowed)


@on_sqlite
def test_the_address_for_generating_takes_nothing_but_post(service: Service) -> None:
    # /generate also has the form of /<interview_id>, but no interview can be called that.
    for method in ("GET", "PUT", "PATCH", "DELETE", "FROBNICATE"):
        assert_wrong_method(service, GENERATE, method, {"POST", "OPTIONS"})


@on_sqlite
def test_a_head_request_is_refused_as_a_get_is_without_a_body(service: Service) -> None:
    for path, status in (("/api/interview/999999", 404), ("/nothing", 404), (WORKFLOW_FULL, 405)):
        answer = service.client.head(path, headers=READER)
        assert (answer.status_code, answer.get_data()) == (status, b""), path
        assert answer.headers["X-Request-ID"]


# ------------------------------------------------------------------------------------ 400, 409: generating


def test_ids_that_disagree_are_refused_and_both_are_named(service: Service) -> None:
    other = service.post(ENHANCE, {**service.body, "req_id": "REQ-OTHER"}).get_json()["job_description_id"]
    service.settle()
    for req_id, job_description_id in (
        ("REQ-OTHER", service.job_description_id),
        ("REQ-12345", other),
        ("REQ-UNKNOWN", other),
        # Equal only for a database that ignores case or trailing spaces.
        ("req-12345", service.job_description_id),
        ("REQ-12345 ", service.job_description_id),
    ):
        answer = service.post(GENERATE, {"req_id": req_id, "job_description_id": job_description_id})
        body = service.assert_refused(
            req_id, answer, 400, "invalid_request", fields=("req_id", "job_description_id"), req_id=req_id
        )
        for name in ("req_id", "job_description_id"):
            assert name in body["error"]


def test_generating_from_a_job_description_without_enhancement_is_refused(service: Service) -> None:
    # The way such a row comes about: Claude failed, and what was typed in is kept.
    service.fake.next(error_reply(401, "authentication_error"))
    assert service.post(ENHANCE, {**service.body, "req_id": "REQ-BARE"}).status_code == 500
    stored = service.get("/api/interview/jd/REQ-BARE").get_json()["job_description"]
    assert (stored["enhanced_jd"], stored["enhanced_at"]) == (None, None)
    assert stored["basic_jd"]["title"] == service.body["basic_title"]
    service.settle()
    body = {"req_id": "REQ-BARE", "job_description_id": stored["job_description_id"]}
    service.assert_refused("not enhanced", service.post(GENERATE, body), 409, "not_enhanced", req_id="REQ-BARE")
    # Once it is enhanced, the very same request is good.
    assert service.post(ENHANCE, {**service.body, "req_id": "REQ-BARE"}).status_code == 200
    assert service.post(GENERATE, body).status_code == 200
