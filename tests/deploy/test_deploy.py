"""The files of deploy/: nginx with its real program, the alert rules and the units against what they speak of."""

from __future__ import annotations

import http.client
import json
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from config import PROJECT_FOLDER, load_settings
from techscreen.web.api_description import REQUEST_HEADERS
from techscreen.web.cors import ALLOWED_HEADERS
from tests.conftest import MakeApp, go_without
from tests.jobs.test_jobs import until
from tests.support.private_nginx import SECRET, SITE, Identity, PrivateNginx, Stub, nginx_is_installed
from tests.support.private_servers import free_port, running
from tests.support.tables import table

DEPLOY = PROJECT_FOLDER / "deploy"
ANNA = {"Authorization": "Bearer of-anna"}
IAN = {"Authorization": "Bearer of-ian"}


@pytest.fixture(scope="module")
def identity() -> Iterator[Identity]:
    with Identity() as provider:
        yield provider


@pytest.fixture(scope="module")
def first() -> Iterator[Stub]:
    """A node that is well, but hangs up when asked for something with "hangup" in it."""
    with Stub(lambda request: None if "hangup" in request.path else (200, {"X-Node": "first"})) as node:
        yield node


@pytest.fixture(scope="module")
def second() -> Iterator[Stub]:
    with Stub(lambda request: None if "hangup" in request.path else (200, {"X-Node": "second"})) as node:
        yield node


@pytest.fixture(scope="module")
def nginx(first: Stub, second: Stub, identity: Identity) -> Iterator[PrivateNginx]:
    if not nginx_is_installed():
        go_without("nginx", "nginx-light")
    with running(PrivateNginx((first.port, second.port), identity.port)) as server:
        yield server


@pytest.fixture(autouse=True)
def _forget(first: Stub, second: Stub, identity: Identity) -> None:
    for server in (first, second, identity):
        server.asked.clear()


def ask(
    nginx: PrivateNginx, path: str, method: str = "GET", body: bytes | None = None, **headers: str
) -> tuple[int, dict[str, str], bytes]:
    with nginx.connect() as connection:
        client = http.client.HTTPConnection(SITE)
        client.sock = connection
        named = {name.replace("__", "-"): value for name, value in headers.items()}
        client.request(method, path, body, named)
        response = client.getresponse()
        return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()


def send(nginx: PrivateNginx, request: bytes) -> bytes:
    """What is answered to the very bytes of a request."""
    with nginx.connect() as connection:
        connection.sendall(request)
        answer = b""
        while more := connection.recv(65536):
            answer += more
        return answer


def heard(*nodes: Stub) -> list[tuple[str, str, dict[str, str]]]:
    return [request for node in nodes for request in node.asked]


def test_nginx_accepts_the_configuration_without_a_warning(nginx: PrivateNginx) -> None:
    said = nginx.test()

    assert "test is successful" in said
    assert "[warn]" not in said


# What proxies, frameworks and identity providers believe; each also with _ for -, and twice.
FORGED = """X-User-ID X-User-Role X-Gateway-Secret X-Forwarded-For X-Forwarded-Host X-Forwarded-Port X-Forwarded-Prefix
    X-Forwarded-Proto X-Forwarded-Scheme X-Forwarded-Ssl X-Forwarded-Protocol X-Forwarded-Uri X-Forwarded-Method
    X-Forwarded-User X-Forwarded-Email X-Forwarded-Groups X-Forwarded-Access-Token X-Auth-Request-Redirect
    X-Auth-Request-User X-Auth-Request-Groups X-Real-IP X-Original-URL X-Original-URI X-Original-Method X-Rewrite-URL
    X-HTTP-Method-Override X-Client-IP X-Cluster-Client-IP True-Client-IP CF-Connecting-IP Forwarded Via User-Agent
    Referer Script-Name Path-Info Remote-User Proxy X-Claimed""".split()


def forged_request(line: str, *headers: str) -> bytes:
    claims = [f"{name}: evil.example" for name in FORGED for _ in range(2)]
    claims += [f"{name.replace('-', '_')}: evil.example" for name in FORGED if "-" in name]
    return "\r\n".join([line, *claims, *headers, "Host: evil.example", "Connection: close", "", ""]).encode()


def test_nothing_that_a_caller_claims_reaches_the_identity_provider_or_a_node(
    nginx: PrivateNginx, first: Stub, second: Stub, identity: Identity
) -> None:
    line = "GET /api/interview/jobs?status=failed HTTP/1.1"
    assert (
        send(nginx, forged_request(line, f"Authorization: {ANNA['Authorization']}", "Cookie: a=1; b=2"))[9:12] == b"200"
    )

    ((_, asked, told),) = identity.asked
    assert len(told.pop("x-request-id")) == 32
    assert asked == "/oauth2/auth"
    assert told == {
        "authorization": ANNA["Authorization"],
        "cookie": "a=1; b=2",
        "host": SITE,
        "connection": "close",
        "x-forwarded-for": "127.0.0.1",
        "x-forwarded-host": SITE,
        "x-forwarded-method": "GET",
        "x-forwarded-proto": "https",
        "x-forwarded-uri": "/api/interview/jobs?status=failed",
        "x-real-ip": "127.0.0.1",
    }
    ((_, _, told),) = heard(first, second)
    assert len(told.pop("x-request-id")) == 32
    assert told == {
        "host": SITE,
        "connection": "close",
        "x-user-id": "anna.admin",
        "x-user-role": "admin",
        "x-gateway-secret": SECRET,
        "x-forwarded-for": "127.0.0.1",
        "x-forwarded-proto": "https",
    }


def test_a_node_hears_every_header_that_the_service_reads(nginx: PrivateNginx, first: Stub, second: Stub) -> None:
    asked_by_browsers = ("Origin", "Access-Control-Request-Method", "Access-Control-Request-Headers")
    # Who calls is for the identity provider to read, and for nginx to say.
    not_the_callers = {"Authorization", "X-User-ID", "X-User-Role", "X-Gateway-Secret"}
    read = {"Accept", "Content-Type", *REQUEST_HEADERS, *ALLOWED_HEADERS, *asked_by_browsers} - not_the_callers
    sent = {name: f"of-{name}" for name in read}
    ask(nginx, "/api/interview/generate", "POST", b"{}", **ANNA, **sent)

    ((_, _, headers),) = heard(first, second)
    assert {name: headers.get(name.lower()) for name in read} == sent
    assert headers["content-length"] == "2"


def test_who_has_no_role_is_given_none(nginx: PrivateNginx, first: Stub, second: Stub) -> None:
    forged = {"X-User-ID": "somebody", "X-User-Role": "admin"}
    ask(nginx, "/api/interview/jobs?status=failed", **{**forged, **IAN})
    ask(nginx, "/health", **forged)
    ask(nginx, "/api/interview/jobs", **{**forged, "Authorization": "Bearer of-otto"})

    known, unknown, without_a_role = [headers for _, _, headers in sorted_by_path(heard(first, second))]
    assert known["x-user-id"] == "ian.interviewer"
    assert known["x-user-role"] == "interviewer"
    assert not {"x-user-id", "x-user-role"} & unknown.keys()
    assert without_a_role["x-user-id"] == "otto.other"
    assert "x-user-role" not in without_a_role


def sorted_by_path(requests: list[tuple[str, str, dict[str, str]]]) -> list[tuple[str, str, dict[str, str]]]:
    order = ["/api/interview/jobs?status=failed", "/health", "/api/interview/jobs"]
    return sorted(requests, key=lambda request: order.index(request[1]))


def test_who_is_not_known_is_refused_before_a_node_hears_of_it(nginx: PrivateNginx, first: Stub, second: Stub) -> None:
    status, headers, body = ask(nginx, "/api/interview/jobs", **{"X-Request-ID": "of-the-caller"})

    assert status == 401
    assert headers["content-type"] == "application/json"
    assert headers["x-request-id"] == "of-the-caller"
    assert "max-age" in headers["strict-transport-security"]
    assert json.loads(body) == {
        "success": False,
        "error": "Authentication is required.",
        "code": "unauthenticated",
        "details": [],
        "request_id": "of-the-caller",
    }
    assert heard(first, second) == []


def test_the_pages_get_their_cookie_and_no_other(nginx: PrivateNginx, first: Stub, second: Stub) -> None:
    cookies = "_oauth2_proxy=a-credential; techscreen=of-the-pages; other=1"
    page = {"Cookie": cookies, "HX-Request": "true", "X-CSRFToken": "a-token"}
    assert ask(nginx, "/interviews/1/questions/2", "POST", b"minutes=6", **ANNA, **page)[0] == 200

    ((_, path, told),) = heard(first, second)
    assert path == "/interviews/1/questions/2"
    assert (told["cookie"], told["hx-request"], told["x-csrftoken"]) == ("techscreen=of-the-pages", "true", "a-token")
    assert (told["x-user-id"], told["x-gateway-secret"]) == ("anna.admin", SECRET)


def test_who_opens_a_page_is_asked_to_sign_in_and_comes_back(
    nginx: PrivateNginx, first: Stub, second: Stub, identity: Identity
) -> None:
    status, headers, _ = ask(nginx, "/interviews/7/sheet?paper=a4")
    assert (status, headers["location"]) == (302, f"https://{SITE}/oauth2/start?rd=/interviews/7/sheet?paper=a4")
    assert ask(nginx, "/")[1]["location"] == f"https://{SITE}/interviews/"
    # A script of a page is told instead.
    status, headers, _ = ask(nginx, "/interviews/7/questions/1", "POST", b"", **{"HX-Request": "true"})
    assert (status, "location" in headers) == (401, False)
    assert heard(first, second) == []

    identity.asked.clear()
    ask(nginx, "/oauth2/start?rd=/interviews/", Cookie="_oauth2_proxy=a-credential", **{"X-User-ID": "somebody"})
    ((_, path, told),) = identity.asked
    assert path == "/oauth2/start?rd=/interviews/"
    assert told["cookie"] == "_oauth2_proxy=a-credential"
    assert "x-user-id" not in told


def test_a_browser_may_ask_without_credentials_whether_it_may_call(
    nginx: PrivateNginx, first: Stub, second: Stub
) -> None:
    assert ask(nginx, "/api/interview/jobs", "OPTIONS", Origin="https://ats.example")[0] == 200
    ((method, _, headers),) = heard(first, second)
    assert method == "OPTIONS"
    assert "x-user-id" not in headers


@table(
    "path",
    [
        "/metrics",
        "/health/ready",
        "//metrics",
        "/interviews/../metrics",
        "/api/interview/../../metrics",
        "/api/interview/%2e%2e/%2e%2e/metrics",
        "/api/interview/..%2f..%2fmetrics",
        "/_caller",
        "/_error",
    ],
)
def test_nothing_but_the_api_the_pages_and_health_is_public(
    nginx: PrivateNginx, first: Stub, second: Stub, path: str
) -> None:
    status, _, body = ask(nginx, path, **ANNA)

    assert status == 404
    assert json.loads(body)["code"] == "not_found"
    assert heard(first, second) == []


def test_an_address_reaches_a_node_as_it_was_written(nginx: PrivateNginx, first: Stub, second: Stub) -> None:
    path = "/api/interview/req/A%2FB//C%25%C3%A9?page=1"
    ask(nginx, path, **ANNA)

    assert [asked for _, asked, _ in heard(first, second)] == [path]


def test_a_request_id_that_the_service_would_not_take_is_replaced(
    nginx: PrivateNginx, first: Stub, second: Stub
) -> None:
    ask(nginx, "/health", **{"X-Request-ID": "REQ:1/a+b=c-d_e.f"[:15]})
    ask(nginx, "/health", **{"X-Request-ID": 'a "quoted" one'})
    ask(nginx, "/health")

    ids = {headers["x-request-id"] for _, _, headers in heard(first, second)}
    assert "REQ:1/a+b=c-d_e" in ids
    assert len(ids) == 3
    assert all(re.fullmatch(r"[A-Za-z0-9._:+/=-]{1,128}", one) for one in ids)
    # It is written after the answer has been sent.
    until(lambda: {line["request_id"] for line in nginx.access_log()} >= ids)


def test_a_body_or_headers_that_are_too_large_do_not_reach_a_node(
    nginx: PrivateNginx, first: Stub, second: Stub
) -> None:
    status, _, body = ask(nginx, "/api/interview/jd/enhance", "POST", b"x" * (1024 * 1024 + 1), **ANNA)
    assert (status, json.loads(body)["code"]) == (413, "payload_too_large")
    status, _, body = ask(nginx, "/api/interview/jobs", **{**ANNA, "X-Large": "x" * 20_000})
    assert (status, json.loads(body)["code"]) == (431, "headers_too_large")
    status, _, body = ask(nginx, "/api/interview/req/" + "x" * 20_000, **ANNA)
    assert (status, json.loads(body)["code"]) == (414, "uri_too_long")
    assert heard(first, second) == []
    assert ask(nginx, "/api/interview/jd/enhance", "POST", b"x" * 1024 * 1024, **ANNA)[0] == 200


def test_a_node_does_not_hear_of_a_request_before_its_body_is_there(
    nginx: PrivateNginx, first: Stub, second: Stub
) -> None:
    with nginx.connect() as connection:
        connection.sendall(
            f"POST /api/interview/generate HTTP/1.1\r\nHost: {SITE}\r\nAuthorization: {ANNA['Authorization']}\r\n"
            "Content-Length: 10\r\nConnection: close\r\n\r\nhalf".encode()
        )
        connection.settimeout(0.5)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        assert heard(first, second) == []
        connection.settimeout(10)
        connection.sendall(b"-a-bod")
        assert connection.recv(12) == b"HTTP/1.1 200"
    assert len(heard(first, second)) == 1


def test_a_post_that_a_node_may_have_begun_is_not_repeated_but_a_get_is(
    nginx: PrivateNginx, first: Stub, second: Stub
) -> None:
    status, _, body = ask(nginx, "/api/interview/hangup", "POST", b"{}", **ANNA)
    assert (status, json.loads(body)["code"]) == (502, "unavailable")
    assert len(heard(first, second)) == 1

    assert ask(nginx, "/api/interview/hangup", **ANNA)[0] == 502
    assert [method for method, _, _ in heard(first, second)].count("GET") == 2


def test_whatever_cannot_be_connected_to_is_passed_by_every_time(second: Stub, identity: Identity) -> None:
    if not nginx_is_installed():
        go_without("nginx", "nginx-light")
    with running(PrivateNginx((free_port(), second.port), identity.port)) as nginx:
        for _ in range(6):
            status, headers, _ = ask(nginx, "/api/interview/generate", "POST", b"{}", **ANNA)
            assert (status, headers["x-node"]) == (200, "second")
    with running(PrivateNginx((free_port(), free_port()), identity.port)) as nginx:
        status, _, body = ask(nginx, "/api/interview/generate", "POST", b"{}", **ANNA)
        assert (status, json.loads(body)["code"]) == (502, "unavailable")


def test_a_node_that_is_back_is_asked_at_once_when_the_other_goes(identity: Identity) -> None:
    if not nginx_is_installed():
        go_without("nginx", "nginx-light")
    ports = free_port(), free_port()

    def node(number: int) -> Stub:
        return Stub(lambda request: (200, {"X-Node": str(number)}), ports[number])

    with running(PrivateNginx(ports, identity.port)) as nginx:

        def answering() -> set[str | None]:
            answers = [ask(nginx, "/api/interview/generate", "POST", b"{}", **ANNA) for _ in range(12)]
            assert {status for status, _, _ in answers} == {200}
            return {headers.get("x-node") for _, headers, _ in answers}

        with node(1):
            assert answering() == {"1"}
        with node(0):
            assert answering() == {"0"}
        with node(1):
            assert answering() == {"1"}


def test_plain_http_is_sent_to_https(nginx: PrivateNginx) -> None:
    client = http.client.HTTPConnection("127.0.0.1", nginx.plain_port, timeout=10)
    client.request("GET", "/api/interview/jobs?page=2", headers={"Host": SITE})
    response = client.getresponse()
    response.read()
    client.close()

    assert response.status == 308
    assert response.getheader("Location") == f"https://{SITE}/api/interview/jobs?page=2"


def test_every_line_of_the_log_is_json_in_utf8_whatever_was_sent(nginx: PrivateNginx) -> None:
    high, control = bytes(range(0x80, 0x100)), bytes(range(1, 0x20)) + b"\x7f"
    ends = [
        b"\xff",
        b"\x80",
        b"\xc3",
        b"\xed\xa0\x80",
        b"\xf4\x90\x80\x80",
        "é".encode(),
        high,
        b'"',
        b"\\",
        b'\\"',
        b"%ff%22%5c",
    ]
    ends += [bytes([byte]) for byte in control]
    lines = [b"GET /api/interview/" + end + b" HTTP/1.1" for end in ends]
    lines += [b"GET /api/interview/jobs?" + end + b" HTTP/1.1" for end in ends]
    lines += [
        b"GET /%ff" + high + b"?" + high + b" HTTP/1.1",
        b"GET /x#" + high + b" HTTP/1.1",
        b"GET http://a/\xff HTTP/1.1",
    ]
    lines += [high + b" / HTTP/1.1", b'G"T / HTTP/1.1', b"GET / HTTP/" + high, b"GET /\xff", b"\xff"]
    requests = [line + b"\r\nHost: a\r\nConnection: close\r\n\r\n" for line in lines]
    for value in (high, b'"\\', b"\x1b[31m\x7f"):
        for name in (b"User-Agent", b"Referer", b"X-Request-ID", b"Authorization", b"Host", b"Cookie"):
            others = b"" if name == b"Host" else b"Host: a\r\n"
            requests.append(
                b"GET /api/interview/jobs HTTP/1.1\r\n"
                + others
                + name
                + b": "
                + value
                + b"\r\nConnection: close\r\n\r\n"
            )
    before = -1
    while before != len(nginx.access_log()):  # connections of earlier tests may still be ending
        before = len(nginx.access_log())
        time.sleep(0.5)
    for request in requests:
        send(nginx, request)
    for token in ("of-zoe", "of-noel"):
        ask(nginx, '/api/interview/req/%22%C3%A9"?secret', Authorization=f"Bearer {token}")

    # Each has one, none is broken in two, and none has the query.
    until(lambda: len(nginx.access_log()) >= before + len(requests) + 2)
    told = nginx.access_log()[before:]
    assert len(told) == len(requests) + 2
    assert {line["path"] for line in told} >= {"(not ASCII)", "/api/interview/jobs", "/api/interview/%ff%22%5c"}
    assert not any("?" in line["path"] for line in told)
    assert [(line["user"], line["path"]) for line in told[-2:]] == [
        ("zoé", '/api/interview/req/%22%C3%A9"'),
        ("(not UTF-8)", '/api/interview/req/%22%C3%A9"'),
    ]


def test_nginx_waits_longer_than_any_generation_takes() -> None:
    (seconds,) = re.findall(r"proxy_read_timeout (\d+)s;\n\n    # Event", (DEPLOY / "nginx.conf").read_text())

    assert int(seconds) > load_settings().request_timeout


def alert_rules() -> list[dict[str, Any]]:
    rules = yaml.safe_load((DEPLOY / "prometheus-alerts.yml").read_text())
    return [rule for group in rules["groups"] for rule in group["rules"]]


def test_every_alert_says_what_happened_and_what_to_do() -> None:
    rules = alert_rules()

    assert len({rule["alert"] for rule in rules}) == len(rules)
    for rule in rules:
        assert rule["labels"]["severity"] in ("page", "ticket"), rule["alert"]
        assert rule["annotations"]["summary"], rule["alert"]
        assert rule["annotations"]["description"].rstrip().endswith("."), rule["alert"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_alerts_watch_what_the_service_counts_and_nothing_else(make_app: MakeApp) -> None:
    page = make_app(METRICS_TOKEN="a-token", DAILY_TOKEN_BUDGET=1000).test_client()
    counted = page.get("/metrics", headers={"Authorization": "Bearer a-token"}).text
    named = set(re.findall(r"techscreen_\w+", " ".join(rule["expr"] for rule in alert_rules())))
    watched = {re.sub(r"_(bucket|sum|count)$", "", name) for name in named}

    assert len(watched) > 5
    assert watched <= set(re.findall(r"^# TYPE (\w+)", counted, re.MULTILINE))


def unit(name: str) -> dict[str, list[str]]:
    """The lines of a systemd unit by their names."""
    lines: dict[str, list[str]] = {}
    for line in (DEPLOY / name).read_text().splitlines():
        if line and line[0] not in "#[":
            key, _, value = line.partition("=")
            lines.setdefault(key, []).append(value)
    return lines


@pytest.mark.parametrize("name", ["techscreen-web.service", "techscreen-worker.service"])
def test_a_unit_lets_a_generation_come_to_its_end(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))  # else it would set one for all later tests
    gunicorn: dict[str, Any] = {}
    exec((PROJECT_FOLDER / "gunicorn.conf.py").read_text(), gunicorn)
    (stop,) = unit(name)["TimeoutStopSec"]

    assert int(stop) > gunicorn["graceful_timeout"]
    assert unit(name)["KillMode"] == ["mixed"]


def test_the_units_start_what_the_image_starts() -> None:
    (command,) = re.findall(r"^CMD (\[.*\])", (PROJECT_FOLDER / "Dockerfile").read_text(), re.MULTILINE)
    (web,) = unit("techscreen-web.service")["ExecStart"]
    (worker,) = unit("techscreen-worker.service")["ExecStart"]

    assert json.loads(command)[-1] in web
    assert "-A celery_app worker" in worker
    for name in ("techscreen-web.service", "techscreen-worker.service"):
        assert unit(name)["User"] == ["techscreen"]
        assert unit(name)["EnvironmentFile"] == ["/etc/techscreen/techscreen.env"]


@pytest.mark.parametrize("name", ["techscreen-web.service", "techscreen-worker.service"])
def test_systemd_understands_every_line_of_the_units(name: str, tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd is not installed")
    text = (DEPLOY / name).read_text()
    # Programs and accounts of this machine, for it also looks whether they are there.
    (tmp_path / name).write_text(re.sub(r"/opt/techscreen/\S*bin/\S+", "/bin/true", text))
    done = subprocess.run([analyze, "verify", str(tmp_path / name)], capture_output=True, text=True)

    assert done.stderr == ""
