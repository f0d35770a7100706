"""The help: anybody may read it, in five minutes, and what it says about this installation is true."""

from __future__ import annotations

import html
import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from config import PROJECT_FOLDER
from tests.conftest import READER, MakeApp

ADDRESSES = ("/interviews/help", "/interviews/help/checks")
# At 230 words a minute, with time for the tables.
MOST_WORDS = 1_300


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    return make_app(WORKBENCH=True)


def words_of(page: str) -> str:
    main = page.partition("<main")[2]
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", main)).split())


@pytest.mark.parametrize("address", ADDRESSES)
def test_anybody_reads_it_in_five_minutes(client: FlaskClient, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 200
    assert 'aria-label="Main"' not in answer.text
    assert len(words_of(answer.text).split()) < MOST_WORDS
    for other in ADDRESSES:
        assert f'href="{other}"' in answer.text


@pytest.mark.parametrize("headers", [READER, {"X-User-ID": "eve", "X-User-Role": "stranger"}])
def test_whoever_may_read_sees_the_menu(client: FlaskClient, headers: dict[str, str]) -> None:
    page = client.get(ADDRESSES[0], headers=headers).text
    assert ('aria-label="Main"' in page) is (headers is READER)


def test_it_says_what_no_interview_should_be_without(client: FlaskClient) -> None:
    page = words_of(client.get(ADDRESSES[0]).text)
    for words in (
        "word for word",
        "follow-ups",
        "At once and alone",
        "Halo",
        "ask your HR",
        "adjustments",
        "never scores",
    ):
        assert words in page, words


@pytest.mark.parametrize(
    ("settings", "sentences"),
    [
        ({}, ["asks Claude wherever it has no question that fits", "730 days", "3 or more interviewers"]),
        ({"USE_LIBRARY": "only", "LOG_RETENTION_DAYS": 99}, ["asks Claude for job descriptions", "99 days"]),
        ({"CLAUDE_MODE": "offline", "REQUIRE_SECOND_APPROVER": True}, ["does not ask Claude", "cannot approve it"]),
    ],
)
def test_it_is_true_of_this_installation(make_app: MakeApp, settings: dict[str, object], sentences: list[str]) -> None:
    page = words_of(make_app(WORKBENCH=True, **settings).test_client().get(ADDRESSES[1]).text)
    for sentence in sentences:
        assert sentence in page


def test_what_it_says_the_checks_find_is_what_was_measured() -> None:
    figures = (PROJECT_FOLDER / "docs" / "checks.md").read_text(encoding="utf-8")

    def shares(row: str) -> list[float]:
        line = next(line for line in figures.splitlines() if line.startswith(row))
        return [float(share) for share in re.findall(r"([0-9.]+) of \d+ \|", line)]

    personal, wording = shares("| **personal** | any"), shares("| **wording** | any")
    english, german_spanish, others = personal[:3]
    assert 0.45 <= english < 0.6, "about half"
    assert 0.4 <= german_spanish < 0.5, "a little less than half"
    assert 0.45 <= others < 0.6, "about half"
    assert 0.45 <= wording[0] < 0.6, "about half"
    assert 0.25 <= wording[1] < 0.35, "three in ten"
    assert shares("| question | yes_no")[0] > 0.9, "nearly every"
    assert 0.75 <= shares("| question | compound_ask")[0] < 0.87, "four of five"
    assert 0.2 <= shares("| criterion | compound_criterion")[0] < 0.32, "one in four"
