"""What is not wanted is not read as wanted."""

from __future__ import annotations

import pytest

from techscreen.offline.negation import without_negated
from techscreen.text.page import without_unseen


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("No Java. No PHP. Python and Django.", "  . . Python and Django."),
        ("no legacy, no Java, Python", ", , Python"),
        ("We do not use PHP, Java or Kafka; services in Python only.", "We ; services in Python only."),
        ("Python; knowledge of PHP is not needed", "Python;"),
        ("PHP is not required, Python is.", ", Python is."),
        ("Kein Java, Kenntnisse in PHP sind nicht erforderlich, aber Python.", ", , aber Python."),
        ("Java, PHP no es necesario.", "Java, ."),
        ("You do not need a degree, but Java and Python.", "You but Java and Python."),
        ("Kein Studium, sondern Java; no degree but Python", ", sondern Java; but Python"),
        ("not only Java but Kotlin", "not only Java but Kotlin"),
        ("Notes in Java", "Notes in Java"),
    ],
)
def test_what_is_not_wanted_is_blanked_where_it_stands(text: str, left: str) -> None:
    found = without_negated(text)
    assert len(found) == len(text)
    assert found.split() == left.split()


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("<p>Seen</p><p style='display: none'>Unseen <b>too</b></p><p>Seen</p>", ["Seen", "Seen"]),
        ("<script>alert(1)</script>Seen<style>p {}</style>", ["Seen"]),
        ("<div hidden>Unseen</div><div class='hidden-xs'>Seen</div>", ["Seen"]),
        ("<title>Unseen</title>Seen", ["Seen"]),
        ("5 < 6 and List<String>", ["5", "and"]),
    ],
)
def test_what_a_page_hides_is_blanked(text: str, left: list[str]) -> None:
    found = without_unseen(text)
    assert len(found) == len(text)
    assert "Unseen" not in found
    assert "alert" not in found
    assert all(word in found for word in left)
