"""The parts of the WORK fields, and which question covers which."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from config import PROJECT_FOLDER
from prompts import WORK_FIELDS, InterviewQuestion
from techscreen.quality.coverage import AskedQuestion, CoveringQuestion, coverage_of, gaps
from techscreen.quality.work_items import work_parts
from tests.support.tables import table

SAMPLES = PROJECT_FOLDER / "samples"
EXEMPLARS = sorted((SAMPLES / "exemplars").glob("*.json"))


def load(kind: str, name: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((SAMPLES / kind / f"{name}.json").read_text(encoding="utf-8"))
    return data


def split(text: str, field: str = "work_knowledge") -> list[str]:
    return [part.part for part in work_parts({field: text})]


def asked(number: int = 1, **values: Any) -> AskedQuestion:
    usual: dict[str, Any] = {"topic": "A topic", "technologies": (), "work_items": (), "question_text": "How?"}
    return AskedQuestion(number, **(usual | values))


def questions_of(exemplar: dict[str, Any]) -> list[AskedQuestion]:
    topics = {topic["topic"]: topic for topic in exemplar["interview_topics"]}
    return [
        AskedQuestion(
            number=question["question_number"],
            topic=question["topic"],
            technologies=tuple(topics[question["topic"]]["technologies"]),
            work_items=tuple((item["field"], item["part"]) for item in topics[question["topic"]]["work_items"]),
            question_text=InterviewQuestion.model_validate(question).question_text,
            criteria=tuple((criterion["criterion"], criterion["description"]) for criterion in question["criteria"]),
        )
        for question in exemplar["questions"]
    ]


def numbers(work: dict[str, str | None], *questions: AskedQuestion) -> dict[str, list[int]]:
    return {
        entry.part.part: [question.number for question in entry.questions]
        for entry in coverage_of(work_parts(work), questions)
    }


# ---------------------------------------------------------------------------------------- parts


@table(
    ("text", "expected"),
    [
        (
            "1,200 TPS, 3,6 mA, 99.9% uptime, .NET 8, C99, MISRA-C:2012, v1-to-v2, C#",
            ["1,200 TPS", "3,6 mA", "99.9% uptime", ".NET 8", "C99", "MISRA-C:2012", "v1-to-v2", "C#"],
        ),
        ("Brokers (e.g. Kafka, NATS; others), SQL", ["Brokers (e.g. Kafka, NATS; others)", "SQL"]),
        ("Familiar with e.g. Kafka. Knows Redis.", ["Familiar with e.g. Kafka", "Knows Redis"]),
        (
            "- a thing\n* b thing\n1. one\n2) two\n(3) three\n\u2022four",
            ["a thing", "b thing", "one", "two", "three", "four"],
        ),
        ("Must: OO ABAP, CDS views\nNice to have: QM", ["OO ABAP", "CDS views", "QM"]),
        ("Required:\n- SQL\n- Python", ["SQL", "Python"]),
        ("SQL, SQL;  sql", ["SQL"]),
        ("SQL,Python,Airflow", ["SQL", "Python", "Airflow"]),
        ("SQL\u2028Python\u2029Airflow\x85Go", ["SQL", "Python", "Airflow", "Go"]),
        ("Git, and Docker, or Podman", ["Git", "Docker", "Podman"]),
        (
            "PyTorch、ONNX・TensorRT。カメラ較正（レンズ、露出）、異常検知",
            ["PyTorch", "ONNX", "TensorRT", "カメラ較正（レンズ、露出）", "異常検知"],
        ),
        (
            "Kenntnisse in C, die über Grundlagen hinausgehen, z. B. im Feld; RTOS",
            ["Kenntnisse in C, die über Grundlagen hinausgehen, z. B. im Feld", "RTOS"],
        ),
        ("Sprachen: Deutsch, Englisch usw.", ["Sprachen: Deutsch", "Englisch usw."]),
        ("Linux, not Windows, and writing", ["Linux, not Windows", "writing"]),
        ("a (b, c", ["a (b", "c"]),
        ("Python 3.11, Java 8,11,17", ["Python 3.11", "Java 8,11,17"]),
        ("Java,, ; , Go, etc.", ["Java", "Go"]),
    ],
)
def test_a_list_falls_into_its_items(text: str, expected: list[str]) -> None:
    assert split(text) == expected


@table(
    ("text", "expected"),
    [
        (
            "Owner for refunds, chargebacks and payouts. Mentors two.",
            ["Owner for refunds, chargebacks and payouts", "Mentors two"],
        ),
        (
            "Writes design docs, builds, runs in production, mentors two, is on call",
            ["Writes design docs", "builds, runs in production", "mentors two", "is on call"],
        ),
        (
            "owner of hiring plan, delivery plan and on-call health",
            ["owner of hiring plan, delivery plan and on-call health"],
        ),
        (
            "Detector on 12 lines: latency below 18 ms, false reject < 0.5 %",
            ["Detector on 12 lines: latency below 18 ms, false reject < 0.5 %"],
        ),
        ("a service, fast and safe; a migration", ["a service, fast and safe", "a migration"]),
        (
            "A sentence that was broken to fit the narrow page and so\ngoes on here\nNext item",
            ["A sentence that was broken to fit the narrow page and so\ngoes on here", "Next item"],
        ),
    ],
)
def test_a_sentence_that_only_enumerates_stays_whole(text: str, expected: list[str]) -> None:
    assert split(text, "work_role") == expected


def test_of_inputs_as_teams_write_them_nearly_all_fall_into_the_parts_that_a_reader_sees() -> None:
    lines = (Path(__file__).parent / "work_inputs.jsonl").read_text(encoding="utf-8").splitlines()
    cases = [json.loads(line) for line in lines]
    assert len(cases) >= 90
    assert {case["language"] for case in cases} == {"en", "de", "es", "fr"}
    wrong = [case["text"] for case in cases if split(case["text"], case["field"]) != case["parts"]]
    assert len(wrong) <= 3, wrong
    lone = [part for case in cases if case["field"] == "work_role" for part in split(case["text"], case["field"])]
    assert all(" " in part or "-" in part for part in lone), "no verb is a part without its object"


@table("text", [None, "", "  \n ", "None", "none.", "n/a", "N.A.", "-", "keine", "Ninguno", "TBD", "...", "なし"])
def test_an_empty_field_has_no_parts(text: str | None) -> None:
    assert work_parts({"work_output": text}) == []


def test_fields_come_in_the_order_in_which_they_are_given() -> None:
    parts = work_parts({"work_competencies": "d", "basic_description": "x; y", "work_output": None, "work_role": "b"})
    assert [(part.field, part.part) for part in parts] == [
        ("work_competencies", "d"),
        ("basic_description", "x"),
        ("basic_description", "y"),
        ("work_role", "b"),
    ]


@table("path", sorted((SAMPLES / "requisitions").glob("*.json")), ids=lambda path: path.stem)
def test_parts_are_quoted_from_their_field_and_nothing_is_lost(path: Path) -> None:
    work = {field: load("requisitions", path.stem).get(field) for field in WORK_FIELDS}
    parts = work_parts(work)
    for part in parts:
        assert (work[part.field] or "")[part.start : part.end] == part.part == part.part.strip() != ""
    for field, text in work.items():
        left = list(text or "")
        for part in parts:
            if part.field == field:
                left[part.start : part.end] = " " * (part.end - part.start)
        assert not any(map(str.isalnum, left))


def test_the_parts_of_a_sample_are_those_that_a_reader_sees() -> None:
    work = load("requisitions", "embedded-firmware-engineer")
    found = [
        part.part for part in work_parts({"work_output": work["work_output"], "work_knowledge": work["work_knowledge"]})
    ]
    assert found == [
        "Serienreife Firmware für die neue Druckmessumformer-Generation (Markteinführung Q2 nächstes Jahr)",
        "signiertes Feld-Update",
        "Stromaufnahme im Normalbetrieb unter 3,2 mA",
        "Nachweisdokumente für SIL 2",
        *"C99|MISRA-C:2012|ARM Cortex-M|DMA/Interrupts|SPI/I²C/UART|HART|Modbus RTU|IO-Link".split("|"),
        *"Low-Power-Design|Bootloader|IEC 61508".split("|"),
    ]


# ------------------------------------------------------------------------------------- coverage


@table("path", EXEMPLARS, ids=lambda path: path.stem)
def test_every_part_that_an_exemplar_quotes_is_covered(path: Path) -> None:
    questions = questions_of(load("exemplars", path.stem))
    coverage = coverage_of(work_parts(load("requisitions", path.stem)), questions)
    for question in questions:
        for field, quote in question.work_items:
            covered = [
                entry.part.part
                for entry in coverage
                if entry.part.field == field and question.number in {found.number for found in entry.questions}
            ]
            assert any(part in quote or quote in part for part in covered), quote


GAPS = {
    "backend-payments-engineer": "Spring Boot|PostgreSQL 15|observability (OpenTelemetry)|load testing",
    "embedded-firmware-engineer": "MISRA-C:2012|ARM Cortex-M|HART|Modbus RTU|IO-Link",
    "junior-developer": "target architecture for the new multi-shop platform|Leads the contractors|Laravel expert|"
    "Energetic|fits in with a youthful team, no family commitments that get in the way of launches",
    "site-reliability-engineer": "",
}


@table("name", GAPS)
def test_the_gaps_of_an_exemplar_are_those_that_a_reader_sees(name: str) -> None:
    requisition = load("requisitions", name)
    work = {field: requisition.get(field) for field in WORK_FIELDS}
    coverage = coverage_of(work_parts(work), questions_of(load("exemplars", name)))
    assert "|".join(part.part for part in gaps(coverage)) == GAPS[name]


def test_a_quote_covers_the_part_that_it_is_from() -> None:
    work: dict[str, str | None] = {"work_role": "git", "work_knowledge": "digital twins, git, Redis tuning"}
    [role, twins, git, tuning] = coverage_of(work_parts(work), [asked(work_items=(("work_knowledge", "git"),))])
    assert [bool(entry.questions) for entry in (twins, git, tuning, role)] == [False, True, False, False]


def test_a_quote_that_is_a_part_covers_no_other_part_with_the_same_words() -> None:
    work: dict[str, str | None] = {"work_competencies": "clear writing, writing"}
    assert numbers(work, asked(work_items=(("work_competencies", "writing"),))) == {"clear writing": [], "writing": [1]}


def test_a_quote_across_parts_covers_them_all_but_technologies_that_the_question_leaves_out() -> None:
    work: dict[str, str | None] = {"work_knowledge": "writing, PHP, CSS, git"}
    quote = (("work_knowledge", "writing, PHP, CSS, git"),)
    assert numbers(work, asked(work_items=quote)) == {"writing": [1], "PHP": [1], "CSS": [1], "git": [1]}
    named = asked(work_items=quote, technologies=("php",))
    assert numbers(work, named) == {"writing": [1], "PHP": [1], "CSS": [], "git": []}


def test_a_quote_that_is_not_word_for_word_covers_by_its_words() -> None:
    work: dict[str, str | None] = {"work_output": "Automated reconciliation of scheme files; a refund service"}
    item = (("work_output", "reconciliation of the scheme's files, automated"),)
    assert list(numbers(work, asked(work_items=item)).values()) == [[1], []]


def test_a_quote_that_shares_a_few_of_its_words_covers_nothing() -> None:
    work: dict[str, str | None] = {"work_output": "Automated nightly reconciliation of card scheme files"}
    item = (("work_output", "nightly reconciliation of supplier invoices, ledgers and stock by hand"),)
    assert list(numbers(work, asked(work_items=item)).values()) == [[]]


@table("item", [("basic_description", "git"), ("work_role", "git"), ("work_knowledge", " "), ("x", "")])
def test_a_quote_from_elsewhere_covers_nothing(item: tuple[str, str]) -> None:
    assert numbers({"work_knowledge": "git"}, asked(work_items=(item,))) == {"git": []}


def test_a_technology_in_the_topic_or_the_question_covers_its_part() -> None:
    work: dict[str, str | None] = {"work_knowledge": "Java 21/Kotlin, Spring Boot, Kafka, react, HART"}
    by_topic = asked(1, technologies=("spring-boot", "hart"))
    by_text = asked(2, question_text="Read this.\n```java\nx\n```\nEvents come from Kafka. Use the React view.")
    assert numbers(work, by_topic, by_text) == {
        "Java 21/Kotlin": [2],
        "Spring Boot": [1],
        "Kafka": [2],
        "react": [2],
        "HART": [1],
    }


def test_filler_and_common_words_cover_nothing() -> None:
    work: dict[str, str | None] = {"work_knowledge": "Java 21/Kotlin, good knowledge of design, data in systems"}
    question = asked(
        topic="Good design of data systems",
        question_text="With good knowledge of the design, how do you go about data in systems?",
        criteria=(("Good design", "Says what data the system has."),),
    )
    assert all(found == [] for found in numbers(work, question).values())


def test_criteria_that_speak_of_the_part_are_named_and_others_are_not() -> None:
    criteria = (
        ("Outbox named", "Names an outbox or an equivalent."),
        ("Good work", "Says what the new system does."),
        ("Broker", "Reads the offsets of Kafka."),
    )
    question = asked(
        3, work_items=(("work_knowledge", "transactional outbox"),), technologies=("kafka",), criteria=criteria
    )
    coverage = coverage_of(work_parts({"work_knowledge": "transactional outbox, Kafka, new systems"}), [question])
    assert [entry.questions for entry in coverage] == [
        (CoveringQuestion(3, ("Outbox named",)),),
        (CoveringQuestion(3, ("Broker",)),),
        (),
    ]


@table("description", ["Speaks of the past and of this.", "Designs it.", "Says good new things."])
def test_a_criterion_that_shares_only_filler_is_not_named(description: str) -> None:
    quote = (("work_knowledge", "good design of the new ledger"),)
    parts = work_parts({"work_knowledge": "good design of the new ledger"})
    [entry] = coverage_of(parts, [asked(work_items=quote, criteria=(("Label", description), ("Ledger", "Reads it.")))])
    assert entry.questions == (CoveringQuestion(1, ("Ledger",)),)


def test_without_questions_all_is_a_gap() -> None:
    parts = work_parts({"work_knowledge": "a, b"})
    assert gaps(coverage_of(parts, [])) == parts
    assert coverage_of([], [asked()]) == []


@table(
    "piece",
    [
        "a",
        "a ",
        "how would you ",
        "(",
        "()",
        ",",
        "a, ",
        ". ",
        "\n",
        "-\n",
        "- ",
        "a.\n",
        "and ",
        "• ",
        "(1) ",
        "#",
        "e.g. ",
        "die ",
        "\ud800",
        "\0",
        "👩‍🚀 ",
        "、",
        "Must: ",
        "a\n",
        "Java, ",
    ],
)
def test_no_text_is_an_error_or_takes_long(piece: str) -> None:
    text = (piece * 16_000)[:16_000]
    work_parts({"work_role": "warm"})
    quickest = 1.0
    for _ in range(3):
        start = time.perf_counter()
        for field in ("work_role", "work_knowledge"):
            parts = work_parts({field: text})
        quickest = min(quickest, time.perf_counter() - start)
        if quickest < 0.1:
            break
    assert quickest < 0.6  # each field a twentieth of a second on an idle machine
    question = asked(work_items=(("work_knowledge", text),), question_text=text)
    assert len(coverage_of(parts, [question])) == len(parts)
