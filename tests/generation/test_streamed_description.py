"""What is read of a description while it is being written, and how often it is reported."""

from __future__ import annotations

import json
import logging
from types import SimpleNamespace
from typing import Any

import pytest

from techscreen.generation import streamed_description
from techscreen.generation.progress import Progress
from techscreen.generation.streamed_description import DescriptionReport, written_so_far
from techscreen.generation.streamed_topics import StreamedTopics
from tests.support.tables import table

BEGIN = '{"reads_as": "job", "language": "en", "interview_topics": [], "enhanced_title": "T", "enhanced_description": "'
DESCRIPTION = 'Übersicht 😀 "so" \\ b\n### Duties\t\n- `x < y`, кэш, 高负载\u2028\u0001, 👩‍💻 "enhanced_title": "no"'


class Told(Progress):
    """Notes what it is told."""

    def __init__(self, *, listens: bool = True) -> None:
        super().__init__()
        self.listens = listens
        self.told: list[tuple[str | None, str]] = []

    def description_grows(self, title: str | None, text: str) -> None:
        self.told.append((title, text))


class TestWrittenSoFar:
    @table("ascii_only", [False, True])
    def test_wherever_an_answer_is_cut_off_it_is_read_up_to_there(self, ascii_only: bool) -> None:
        answer = {"reads_as": "job", "enhanced_title": " A 😀 ", "enhanced_description": DESCRIPTION, "notes": ["é"]}
        text = json.dumps(answer, ensure_ascii=ascii_only)
        begin = text.index('"enhanced_description": "') + len('"enhanced_description": "')

        read = [written_so_far(text[:end]) for end in range(len(text) + 1)]

        assert set(read[: begin + 1]) == {None}
        texts = [written[1] for written in read[begin + 1 :] if written]
        assert {written[0] for written in read if written} == {"A 😀"}
        # Only the first character may be cut in its middle; from then on there is always something.
        assert len(texts) >= len(read) - begin - 1 - len("\\u00dc")
        assert all(DESCRIPTION.startswith(one) for one in texts)
        assert [len(one) for one in texts] == sorted(len(one) for one in texts)
        # No character comes late: all that can be known of them is there.
        grown = {len(one) for one in texts}
        assert grown == {len(DESCRIPTION[:end].strip()) for end in range(1, len(DESCRIPTION) + 1)}
        assert texts[-1] == DESCRIPTION

    @table(
        "answer",
        [
            "",
            "  ",
            "I would rather talk about the weather.",
            "```json\n" + BEGIN + "text",
            "[" * 100_000,
            '["enhanced_description": "text',
            '"enhanced_description": "text',
            '{"enhanced_description": 5, ',
            '{"enhanced_description": ["text',
            '{"enhanced_description": " \\n ',
            BEGIN,
            BEGIN + "text\nwith a raw line break",
            BEGIN + "text\\x",
            BEGIN + "text \ud83d",
            BEGIN.replace("job", "no_job") + "text",
            BEGIN.replace('"job"', "null") + "text",
        ],
    )
    def test_what_is_no_description_is_not_read(self, answer: str) -> None:
        assert written_so_far(answer) is None

    def test_a_description_without_its_title_is_read(self) -> None:
        assert written_so_far('{"enhanced_description": "Te') == (None, "Te")
        assert written_so_far('{"enhanced_title": 5, "enhanced_description": "Te') == (None, "Te")

    def test_mark_up_that_is_not_stored_is_not_shown_either(self) -> None:
        written = written_so_far(BEGIN + "A <script>alert(1)</script> [link](javascript:x) and <img src=x")
        assert written is not None
        assert "<script" not in written[1]
        assert "javascript" not in written[1]


class TestDescriptionReport:
    @pytest.fixture(autouse=True)
    def _at_any_time(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(streamed_description, "INTERVAL", 0.0)
        monkeypatch.setattr(streamed_description, "PAUSE_AFTER_SLOW_ONE", 0)

    def test_only_what_is_new_is_reported_and_a_new_answer_replaces_the_one_before(self) -> None:
        topics, progress = StreamedTopics(), Told()
        report = DescriptionReport(topics, progress)
        for answer in (
            "",
            BEGIN,
            BEGIN + "One",
            BEGIN + "One",
            BEGIN + "One two",
            BEGIN + 'One two", "notes_for_team": ["Say',
            BEGIN[:50],
            BEGIN + "O",
        ):
            topics.heard(answer)
            assert report.report_if_due() is not None

        assert progress.told == [("T", "One"), ("T", "One two"), ("T", "O")]

    def test_between_two_reports_there_is_a_pause(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(streamed_description, "INTERVAL", 1_000.0)
        topics, progress = StreamedTopics(), Told()
        report = DescriptionReport(topics, progress)
        for text in ("One", "Two", "Three"):
            topics.heard(BEGIN + text)
            assert 900 < (report.report_if_due() or 0) <= 1_000

        assert progress.told == [("T", "One")]

    def test_after_a_slow_report_the_pause_is_longer(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(streamed_description, "PAUSE_AFTER_SLOW_ONE", 10)
        now = [100.0]
        monkeypatch.setattr(streamed_description, "time", SimpleNamespace(monotonic=lambda: now[0]))
        topics, progress = StreamedTopics(), Told()
        monkeypatch.setattr(progress, "description_grows", lambda *_: now.__setitem__(0, now[0] + 5))
        topics.heard(BEGIN + "One")

        assert DescriptionReport(topics, progress).report_if_due() == 50

    def test_where_nobody_listens_nothing_is_reported(self) -> None:
        topics, progress = StreamedTopics(), Told(listens=False)
        topics.heard(BEGIN + "One")

        assert DescriptionReport(topics, progress).report_if_due() is None
        assert progress.told == []
        assert DescriptionReport(topics, Progress()).report_if_due() is None

    def test_a_report_that_fails_costs_nothing_but_itself(
        self, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        def fail(*_: Any) -> None:
            raise ValueError("a fault of ours")

        topics, progress = StreamedTopics(), Told()
        report = DescriptionReport(topics, progress)
        with monkeypatch.context() as patched, caplog.at_level(logging.ERROR):
            patched.setattr(progress, "description_grows", fail)
            topics.heard(BEGIN + "One")
            assert report.report_if_due() is not None
        topics.heard(BEGIN + "One two")
        report.report_if_due()

        assert progress.told == [("T", "One two")]
        assert [record.message for record in caplog.records] == ["description not reported"]
