"""`flask --app app check`: what it prints, its exit codes, and that it needs neither database nor key."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask

from tests.conftest import READER, MakeApp, on_sqlite
from tests.support.tables import table

pytestmark = on_sqlite

TEXT = "We build payouts.\r\n\r\n🚀 We need a rockstar.\n  Only\tmen should apply.\n"
BODY = {"texts": [{"text": "We need\na rockstar.", "kind": "jd"}, {"text": "An engineer.", "kind": "anchor"}]}


@pytest.fixture
def quiet_app(make_app: MakeApp) -> Flask:
    """An app whose database does not answer."""
    return make_app(DATABASE_URL="mysql+pymysql://techscreen:x@127.0.0.1:9/techscreen_db", CLAUDE_API_KEY="")


def check(app: Flask, *arguments: str, content: str | bytes = b"") -> Result:
    return app.test_cli_runner().invoke(args=["check", *arguments], input=content)


def test_each_finding_is_a_line_with_its_place_and_the_last_line_counts_them(quiet_app: Flask, tmp_path: Path) -> None:
    file = tmp_path / "advert.txt"
    file.write_bytes(b"\xef\xbb\xbf" + TEXT.encode())
    result = check(quiet_app, str(file))

    first, second, count = result.stdout.splitlines()
    assert first.startswith("3:13 gender_coded: “rockstar” – ")
    assert second.startswith("4:3 gender_identity: “Only\\tmen")
    assert first.endswith(".")
    assert count == "2 findings."
    assert (result.exit_code, result.stderr) == (1, "")
    assert check(quiet_app, "-", content=TEXT).stdout == result.stdout


def test_nothing_found_is_said_and_ends_with_0(quiet_app: Flask) -> None:
    result = check(quiet_app, "-", content="You will own the payout service.")
    assert (result.stdout, result.exit_code) == ("No findings.\n", 0)


def test_the_kind_decides_what_is_found(quiet_app: Flask) -> None:
    text = "Would you change the queue?"
    asked = check(quiet_app, "-", "--kind", "question", content=text)
    assert asked.stdout.startswith(f"1:1 yes_no: “{text}” – ")
    assert asked.exit_code == 1
    assert check(quiet_app, "-", "--kind", "jd", content=text).exit_code == 0


def test_the_texts_of_a_body_are_told_apart(quiet_app: Flask) -> None:
    result = check(quiet_app, "-", content=f"\n {json.dumps(BODY)}")
    assert result.stdout.startswith("texts.0:2:3 gender_coded: “rockstar” – ")
    assert result.stdout.endswith("\n1 finding.\n")
    one = {"texts": BODY["texts"][:1]}
    assert check(quiet_app, "-", content=json.dumps(one)).stdout.startswith("2:3 gender_coded: ")
    # With a kind the same file is a text.
    assert check(quiet_app, "-", "--kind", "jd", content=json.dumps(one)).stdout.startswith("1:")


def test_the_answer_of_the_endpoint_can_be_printed(app: Flask) -> None:
    body: dict[str, Any] = {"texts": [{"text": "🚀 A rockstar.\x85A young\x85team.", "kind": "jd"}]}
    printed = check(app, "-", "--json", content=json.dumps(body))

    answer = app.test_client().post("/api/interview/check", json=body, headers=READER).json
    assert json.loads(printed.stdout) == answer
    assert answer["findings_total"] > 0
    assert printed.exit_code == 1
    assert check(app, "-", "--json", content="Fine.").exit_code == 0


@table(
    ("content", "arguments", "said"),
    [
        ('{"texts": []', [], "not valid JSON"),
        ("{}", [], "texts is required."),
        ('{"texts": [{"text": "x", "kind": "poem"}]}', [], "texts.0.kind must be"),
        (b"\xff\xfe", [], "not text in UTF-8"),
        (b"\xff{", ["--kind", "jd"], "not text in UTF-8"),
        ("a\0b", [], "The file must not contain the control character U+0000."),
        ("x" * 16_001, [], "The file has 16001 characters; at most 16000 are allowed."),
        ("x" * 1_048_577, [], "larger than"),
        ("x", ["--kind", "poem"], "poem"),
    ],
)
def test_what_cannot_be_used_ends_with_2_and_says_why(
    quiet_app: Flask, content: str | bytes, arguments: list[str], said: str
) -> None:
    result = check(quiet_app, "-", *arguments, content=content)
    assert said in result.stderr
    assert (result.exit_code, result.stdout) == (2, "")


def test_a_file_that_cannot_be_read_ends_with_2(quiet_app: Flask, tmp_path: Path) -> None:
    for path in (tmp_path / "nothing.txt", tmp_path):
        result = check(quiet_app, str(path))
        assert (result.exit_code, result.stdout) == (2, "")
        assert path.name in result.stderr
