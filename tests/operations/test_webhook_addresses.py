"""Where webhook events may be sent: public addresses, over TLS, straight, and as the settings say."""

from __future__ import annotations

import re
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpcore2
import pytest
from flask import Flask

from config import SettingsError, load_settings
from interview_routes import interview_bp
from models import db
from techscreen.errors import WebhookNotDelivered
from techscreen.operations import webhook_delivery
from techscreen.operations.webhook_addresses import AddressRefused, addresses_to_try, is_public, look_up
from techscreen.operations.webhook_delivery import WebhookEvent
from techscreen.web.container import current_runtime
from tests.support.private_nginx import SITE, write_certificate
from tests.support.tables import table
from tests.support.webhook_receiver import SECRET, Receiver, sender, serving, settings_for

EVENT = WebhookEvent(id="e1", event="job.failed", created_at="2026-11-29T10:00:00", data={"job_id": "j1"})
PUBLIC = "93.184.215.14"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with serving(Receiver()) as one:
        yield one


@table(
    "address",
    [
        "127.0.0.1", "127.255.255.254", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1",
        "169.254.169.254", "100.64.0.1", "100.127.255.255", "192.0.0.1", "192.0.2.1", "192.88.99.1", "198.18.0.1",
        "198.51.100.7", "203.0.113.7", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
        "::", "::1", "fe80::1", "fe80::1%eth0", "febf::1", "fec0::1", "fc00::1", "fd12:3456::1", "ff02::1", "100::1",
        "::ffff:127.0.0.1", "::ffff:7f00:1", "::ffff:8.8.8.8", "::ffff:0:127.0.0.1", "::127.0.0.1", "::8.8.8.8",
        "64:ff9b::127.0.0.1", "64:ff9b::a00:1", "64:ff9b::169.254.169.254", "64:ff9b:1::8.8.8.8",
        "2002:7f00:1::", "2002:808:808::1", "2001::1", "2001:0:5ef5:79fb::1", "2001:db8::1", "2001:10::1",
        "3fff::1", "5f00::1", "4000::1", "2606:4700::1%eth0", "0:0:0:0:0:0:0:1", "not an address", "127.1", "0x7f.1",
    ],
)  # fmt: skip
def test_an_address_that_is_not_public_is_known_as_such(address: str) -> None:
    assert not is_public(address)


@table(
    "address",
    [
        "8.8.8.8", "1.1.1.1", PUBLIC, "100.63.255.255", "100.128.0.1", "172.32.0.1", "2606:4700::1111",
        "2a00:1450::1", "2003::1", "64:ff9b::8.8.8.8",
    ],
)  # fmt: skip
def test_a_public_address_is_known_as_such(address: str) -> None:
    assert is_public(address)


@table(
    "host",
    [
        "127.0.0.1", "127.9.9.9", "0.0.0.0", "localhost", "LOCALHOST", "localhost.", "[::1]", "[::]",
        "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[64:ff9b::7f00:1]",
    ],
)  # fmt: skip
def test_no_spelling_of_this_machine_gets_through(receiver: Receiver, host: str) -> None:
    with pytest.raises(WebhookNotDelivered):
        sender(f"http://{host}:{receiver.port}/", allow_private=False).deliver(EVENT)
    assert receiver.calls == []


@table("host", ["2130706433", "0x7f000001", "0177.0.0.1", "127.1", "8.8.8.8.", "08.8.8.8", "a.0x1", "1.2.3.256"])
def test_an_oddly_written_address_is_refused_at_the_start(host: str) -> None:
    with pytest.raises(SettingsError, match="in its usual form"):
        load_settings(settings_for(f"https://{host}/"))


def test_what_is_looked_up_is_judged_however_it_was_written() -> None:
    for host in ("2130706433", "0x7f000001", "0177.0.0.1", "127.1", "localhost"):
        with pytest.raises(AddressRefused):
            addresses_to_try(host, 443, look_up, allow_private=False)
    assert addresses_to_try("hooks2.example", 443, lambda *_: [PUBLIC], allow_private=False) == [PUBLIC]
    assert addresses_to_try(PUBLIC, 443, look_up, allow_private=False) == [PUBLIC]


def test_a_name_is_judged_by_what_it_leads_to(receiver: Receiver) -> None:
    url = f"http://receiver.example:{receiver.port}/"
    for addresses in (["127.0.0.1"], ["10.0.0.1", "::1"], ["::ffff:127.0.0.1"]):
        with pytest.raises(AddressRefused, match=r"receiver\.example leads to an address that is not public"):
            sender(url, allow_private=False, resolve=lambda *_, found=addresses: found).deliver(EVENT)
    assert receiver.calls == []
    sender(url, resolve=lambda *_: ["127.0.0.1"]).deliver(EVENT)
    assert receiver.calls[0][0]["Host"] == f"receiver.example:{receiver.port}"


def test_what_was_judged_is_connected_to_and_the_name_is_not_looked_up_again(monkeypatch: pytest.MonkeyPatch) -> None:
    connected, looked_up = [], []

    def connect(_: Any, host: str, *more: Any) -> Any:
        connected.append(host)
        raise httpcore2.ConnectError("Nobody is there.")

    def resolve(host: str, _: int) -> list[str]:
        looked_up.append(host)
        # A name that leads elsewhere the next time, and to both kinds of addresses now.
        return ["127.0.0.1"] if len(looked_up) > 1 else ["10.0.0.1", PUBLIC, "::1"]

    monkeypatch.setattr(httpcore2.SyncBackend, "connect_tcp", connect)
    with pytest.raises(WebhookNotDelivered, match="No connection to receiver"):
        sender("https://receiver.example/", allow_private=False, resolve=resolve).deliver(EVENT)
    assert (connected, looked_up) == ([PUBLIC], ["receiver.example"])


def test_a_redirect_is_not_followed_and_says_so(receiver: Receiver) -> None:
    with serving(Receiver()) as other:
        receiver.headers = {"Location": other.url}
        for status in (301, 302, 303, 307, 308):
            receiver.answers = [status]
            with pytest.raises(WebhookNotDelivered, match=f"answered {status}. Redirects are not followed"):
                sender(receiver.url).deliver(EVENT)
        assert other.calls == []
    assert len(receiver.calls) == 5


def test_a_proxy_of_the_environment_is_not_used(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(Receiver()) as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        sender(receiver.url).deliver(EVENT)
        assert (len(receiver.calls), proxy.calls) == (1, [])


def test_the_certificate_must_be_the_hosts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_certificate(tmp_path)
    trusting = ssl.create_default_context(cafile=str(tmp_path / "certificate.pem"))
    with serving(Receiver(certificate=tmp_path)) as receiver:

        def deliver(host: str) -> int:
            url = f"https://{host}:{receiver.port}/"
            return sender(url, resolve=lambda *_: ["127.0.0.1"]).deliver(EVENT).status

        with pytest.raises(WebhookNotDelivered, match="cannot be trusted"):
            deliver(SITE)
        monkeypatch.setattr(webhook_delivery, "_certificates", lambda: trusting)
        assert deliver(SITE) == 204
        with pytest.raises(WebhookNotDelivered, match=r"certificate of other\.example cannot be trusted"):
            deliver("other.example")
        assert len(receiver.calls) == 1


def test_a_receiver_that_drips_is_left_after_the_time_for_one_try() -> None:
    with serving(Receiver()) as receiver:
        handler = receiver.server.RequestHandlerClass

        def drip(self: Any) -> None:
            for _ in range(200):
                try:
                    self.wfile.write(b"H")
                except OSError:
                    return
                time.sleep(0.02)

        handler.do_POST = drip  # type: ignore[attr-defined]
        began = time.monotonic()
        with pytest.raises(WebhookNotDelivered, match=r"longer than 0\.3 s"):
            sender(receiver.url, timeout=0.3).deliver(EVENT)
        assert time.monotonic() - began < 2


def test_nobody_there_is_a_failure_and_no_error_of_ours() -> None:
    with serving(Receiver()) as receiver:
        url = receiver.url
    with pytest.raises(WebhookNotDelivered, match=r"No connection to 127\.0\.0\.1"):
        sender(url).deliver(EVENT)

    with pytest.raises(WebhookNotDelivered, match="The name is not known"):
        sender(f"https://{'a' * 64}.example/").deliver(EVENT)

    def resolve(*_: Any) -> list[str]:
        raise OSError

    with pytest.raises(WebhookNotDelivered, match=r"No connection to nowhere\.example: The name is not known"):
        sender("https://nowhere.example/", resolve=resolve).deliver(EVENT)


def test_a_fault_of_ours_does_not_lose_an_event(caplog: pytest.LogCaptureFixture) -> None:
    def resolve(*_: Any) -> list[str]:
        raise ZeroDivisionError

    with pytest.raises(WebhookNotDelivered, match="on our side"):
        sender("https://receiver.example/", resolve=resolve).deliver(EVENT)
    assert "webhook_broke_off" in {getattr(line, "event", None) for line in caplog.records}


# ------------------------------------------------------------------------------------------------------- settings

PRODUCTION = {"FLASK_ENV": "production", "DATABASE_URL": "mysql+pymysql://u:p@db/t", "CLAUDE_API_KEY": "sk-x"}


@table(
    ("given", "problem"),
    [
        ({"WEBHOOK_URL": "https://ats.example/x"}, "WEBHOOK_SECRET is required with WEBHOOK_URL"),
        (
            {"WEBHOOK_URL": "https://ats.example/x", "WEBHOOK_SECRET": "hush-hush"},
            "WEBHOOK_SECRET: must have at least 16",
        ),
        ({"WEBHOOK_SECRET": " " * 20}, "WEBHOOK_SECRET: must have at least 16"),
        *(
            ({"WEBHOOK_URL": url, "WEBHOOK_SECRET": SECRET}, "WEBHOOK_URL: must")
            for url in (
                "ats.example",
                "ftp://ats.example/",
                "https://",
                "https://a:b@ats.example/hush-hush",
                "https://[::1",
                "https://ats.example/a b",
                "https://ats.example\\@evil.example/",
                "https://ats.example:x/",
                "https://a/#x",
            )
        ),
        ({**PRODUCTION, "WEBHOOK_URL": "http://ats.example/", "WEBHOOK_SECRET": SECRET}, "WEBHOOK_URL must be https"),
    ],
)
def test_unusable_settings_are_refused_by_name(given: dict[str, Any], problem: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(problem)) as refused:
        load_settings(given)
    assert "hush-hush" not in str(refused.value)


def test_plain_http_is_for_trials_and_for_the_own_network() -> None:
    given = {"WEBHOOK_URL": "http://ats.internal/x", "WEBHOOK_SECRET": f"{SECRET}\n"}
    assert load_settings({"FLASK_ENV": "development", **given}).webhook_url == given["WEBHOOK_URL"]
    settings = load_settings({**PRODUCTION, **given, "WEBHOOK_ALLOW_PRIVATE": True})
    assert settings.webhook_secret is not None
    assert settings.webhook_secret.get_secret_value() == SECRET


def test_a_host_app_may_set_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLASK_ENV", "development")
    host = Flask("host")
    host.config.update(
        SQLALCHEMY_DATABASE_URI=f"sqlite:///{tmp_path / 'host.db'}", **settings_for("https://ats.example/")
    )
    db.init_app(host)
    host.register_blueprint(interview_bp)
    with host.app_context():
        settings = current_runtime().settings
    assert (settings.webhook_url, settings.webhook_allow_private) == ("https://ats.example/", True)
