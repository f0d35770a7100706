"""Figures and technologies that an enhanced description has lost."""

from __future__ import annotations

from techscreen.quality.left_out import MAX_LEFT_OUT, MAX_WORDS, left_out
from tests.support.tables import table


def missing(text: str, written: str = "") -> list[str]:
    return [each.words for each in left_out({"work_output": text}, written)]


@table(
    ("text", "expected"),
    [
        ("Pays 80,000 EUR from 2027.", ["80,000 EUR", "2027"]),
        ("99.9% uptime, at most 3,2 mA, 5+ years, 7 days a week", ["99.9%", "3,2 mA", "5+ years", "7 days"]),
        ("A team of 12 with 3 leads", []),  # so small a number is often written out
        ("A team of 13", ["13"]),
        ("mindestens 5 Jahre, más de 3 años, a 10-year plan", ["5 Jahre", "3 años", "10-year"]),
        ("3.5 years of Java", ["3.5 years", "java"]),
        ("3 or 4 of them, 16 to 20 calls, 24k and 5 ms", ["16", "20", "24k", "5 ms"]),
        ("3.1 The landing zone\n(14) Own 20 apps\n99.9 % uptime\n13. Also", ["20", "99.9 %"]),  # numbers of sections
        ("2.5 FTE report to you", ["2.5 FTE"]),  # no section, where nothing else is numbered
        ("Writes HTTP2, v2 and L5", []),  # a part of a name
        ("By March 2027. Or in 2028, and again in 2027.", ["2027", "2028"]),
        ("From 9:30 until 17:00.", ["9:30", "17:00"]),
    ],
)
def test_a_figure_is_missed_unless_it_is_small_or_part_of_a_name(text: str, expected: list[str]) -> None:
    assert missing(text) == expected


@table(
    ("text", "written"),
    [
        ("handles 10,000 requests", "handles 10 000 requests, or 10000"),
        ("under 3,2 mA", "unter 3.2 mA"),
        ("99.9 % uptime", "an uptime of 99.9%"),
        ("5+ years", "5 years"),
        ("£85k", "£85,000"),
        ("12 000 TPS", "12.000 TPS"),
        ("Kafka and PostgreSQL", "Postgres, Apache Kafka"),
    ],
)
def test_what_is_there_in_another_spelling_is_not_missed(text: str, written: str) -> None:
    assert missing(text, written) == []


def test_technologies_are_missed_by_the_field_that_names_them() -> None:
    given = {"basic_description": "You run Redis at 1,200 TPS.", "work_knowledge": "Kafka, Redis"}
    assert [(each.words, each.field) for each in left_out(given, "You run a cache.")] == [
        ("1,200 TPS", "basic_description"),
        ("redis", "basic_description"),
        ("kafka", "work_knowledge"),
    ]
    assert left_out(given, "You run Redis at 1,200 TPS, and Kafka.") == []


def test_figures_of_any_length_and_number_are_no_trouble() -> None:
    assert missing("1" * 16_000) == ["1" * MAX_WORDS]
    assert len(missing(", ".join(f"part {number}" for number in range(1_000, 3_000)))) == MAX_LEFT_OUT


def test_five_years_are_no_five_stages() -> None:
    assert missing("5+ years in presales", "5 interview stages, 5 days a fortnight") == ["5+ years"]
    assert missing("1.5 years, 60 fps, 1.7%", "15 years, 17%") == ["1.5 years", "60", "1.7%"]


def test_a_title_of_which_nothing_is_left_is_missed() -> None:
    given = {"basic_title": "Junior Developer (m/w/d)"}
    assert [each.words for each in left_out(given, "Head of Everything\n\nA junior developer")] == [
        given["basic_title"]
    ]
    assert left_out(given, "Web Developer\n\nText") == []
