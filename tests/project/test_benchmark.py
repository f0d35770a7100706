"""The benchmark: its document shows what is measured, and its figures mean what they say."""

from __future__ import annotations

import pytest

from evals.benchmark import BEGIN, DOCUMENT, END, tables
from evals.material import Quality, Ticked, criteria, judgements, marked_skills, requisitions, ticks
from evals.separation import agreement_of, separation
from evals.without_claude import interview_topics, skills_covered, work_items_covered
from prompts import InterviewTopic, PlanTopics, WorkItem


def test_the_document_shows_what_is_measured() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    for name, table in tables().items():
        shown = text.partition(BEGIN.format(name=name))[2].partition(END.format(name=name))[0]
        assert shown.strip() == table, f"{name}: run `make benchmark`"


def test_half_of_the_work_items_of_the_samples_are_covered_without_claude() -> None:
    shares = []
    for requisition in list(requisitions().values())[:12]:
        covered = work_items_covered(requisition, interview_topics(requisition))
        shares += [covered.covered / covered.parts] if covered.parts else []
    assert sum(shares) / len(shares) >= 0.5


def test_the_material_fits_together() -> None:
    known = requisitions()
    for skill in marked_skills():
        assert skill.span in (known[skill.requisition].fields()[skill.field] or "")
    counts = {(each.reference, by): len(getattr(each, by)) for each in criteria() for by in ("ours", "naive")}
    for each in ticks():
        assert len(each.ticks) == counts[each.reference, each.criteria]
    assert len(ticks()) == 2 * 2 * 3 * len(criteria())
    assert {(each.requisition, each.question) for each in judgements()} == {
        (name, number) for name in known for number in range(1, 6)
    }


def ticked(quality: Quality, reader: int, *marks: bool, reference: str = "q") -> Ticked:
    return Ticked(reference=reference, quality=quality, criteria="ours", reader=reader, ticks=list(marks))


def test_order_counts_ties_and_wrong_pairs() -> None:
    both = [
        each
        for reader in (1, 2)
        for each in (
            ticked("low", reader, False, False, True),
            ticked("mid", reader, True, False, False),
            ticked("high", reader, True, True, True),
        )
    ]
    found = separation(both, "ours")

    assert (found.in_order, found.tied) == (0.0, pytest.approx(1 / 3))
    assert found.right == {("low", "mid"): 0.0, ("low", "high"): 1.0, ("mid", "high"): 1.0}
    assert found.single == pytest.approx(2 / 3)  # the third is met by the weak answer and not by the middling one
    assert (found.agreement, found.kappa) == (1.0, 1.0)


def test_kappa_is_zero_for_chance_and_below_for_less() -> None:
    chance = [ticked("low", 1, True, True, False, False), ticked("low", 2, True, False, True, False)]
    assert agreement_of(chance) == (0.5, 0.0)
    opposite = [ticked("low", 1, True, False), ticked("low", 2, False, True)]
    assert agreement_of(opposite) == (0.0, -1.0)


def test_a_marked_skill_is_covered_if_it_overlaps_what_a_question_quotes() -> None:
    requisition = PlanTopics("Engineer", "Text.", work_knowledge="Apache Airflow, dbt, cost control")
    topic = InterviewTopic(
        topic="Rerunnable loads",
        technologies=[],
        facet="",
        skill_level="Advanced",
        question_type="technical",
        focus="",
        work_items=[WorkItem(field="work_knowledge", part="cost control")],
    )
    marked = [
        each.model_copy(update={"field": "work_knowledge", "span": span})
        for each, span in zip(marked_skills(), ("cost", "dbt"), strict=False)
    ]
    covered = skills_covered(requisition, [topic], marked)
    assert (covered.covered, covered.parts) == (1, 2)
