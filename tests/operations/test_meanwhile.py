"""What has become of an interview since somebody has read it is told, with who has done it."""

from __future__ import annotations

import pytest
from flask import Flask

from techscreen.errors import NotFound, Stale
from techscreen.operations.meanwhile import (
    changed_since,
    name_in,
    order_in,
    question_in,
    state_seen,
    unless_touched,
)
from tests.conftest import on_sqlite
from tests.editing.conftest import OTHER_EDITOR, Draft, draft

__all__ = ["draft"]  # the fixture


@on_sqlite
def test_who_has_changed_what_is_told(app: Flask, draft: Draft) -> None:
    seen = draft.now["revision"]
    draft.ok("PATCH", "/questions/1", {"minutes": 3})
    draft.headers = OTHER_EDITOR
    draft.ok("PATCH", "/questions/2", {"spoken_text": "What is slow here?"})
    with app.app_context():
        told = changed_since(draft.id, seen)
        assert told is not None
        assert told.user_ids == ["hanna.hiring", "hugo.hiring"]
        assert told.summary == ["Question 1: minutes changed", "Question 2: text changed"]
        assert [change.number_after for change in told.difference.questions] == [1, 2]
        first = changed_since(draft.id, seen, seen + 1)
        assert first is not None
        assert first.user_ids == ["hanna.hiring"]
        assert changed_since(draft.id, seen + 2) is None
        assert changed_since(draft.id, 999) is None
        with pytest.raises(NotFound):
            changed_since(999, seen)


@on_sqlite
def test_a_part_is_as_it_was_whatever_else_has_changed(app: Flask, draft: Draft) -> None:
    seen, first = draft.now["revision"], draft.now["questions"][0]["lineage"]
    draft.ok("PUT", "/order", {"order": [2, 1, 3, 4, 5]})
    draft.ok("PATCH", "/questions/1", {"minutes": 3})
    with app.app_context():
        for part in (name_in, question_in(first)):
            assert unless_touched(draft.id, seen, part).etag == draft.etag
        moved = draft.now["questions"][0]["lineage"]
        for touched in (order_in, question_in(moved)):
            with pytest.raises(Stale) as refused:
                unless_touched(draft.id, seen, touched)
            assert refused.value.current.etag == draft.etag
        with pytest.raises(Stale):
            unless_touched(draft.id, 999, name_in)  # nobody knows how it was then
        state = state_seen(draft.id, seen)
        assert state is not None
        assert state["questions"][0]["lineage"] == first
        assert state_seen(draft.id, 999) is None
