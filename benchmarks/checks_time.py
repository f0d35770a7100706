"""How much CPU all checks and reports of a workflow take, on the exemplary answers in samples/."""

from __future__ import annotations

import json
import time
from typing import Any

from benchmarks.measuring import Row, median
from config import PROJECT_FOLDER
from prompts import WORK_FIELDS, EnhancedDescription, InterviewQuestion, PlanTopics
from techscreen.checks import texts
from techscreen.checks.answers import enhancement_violations, question_violations, warm_up
from techscreen.checks.confidential_words import Confidential
from techscreen.checks.entity_names import names_to_avoid
from techscreen.quality.report import interview_quality, job_description_quality
from techscreen.quality.topic_choice import choose_topics
from techscreen.text import reading

SAMPLES = PROJECT_FOLDER / "samples"
ROUNDS = 8


def checks_of_a_workflow(_database_url: str) -> list[Row]:
    """CPU of all checks and reports of a workflow."""
    warm_up()
    exemplars = [json.loads(path.read_text()) for path in sorted((SAMPLES / "exemplars").glob("*.json"))]
    requisitions = [
        json.loads((SAMPLES / "requisitions" / path.name).read_text())
        for path in sorted((SAMPLES / "exemplars").glob("*.json"))
    ]
    first, later = [], []
    for number in range(ROUNDS):
        for requisition, exemplar in zip(requisitions, exemplars, strict=True):
            # No text has been seen before, as in a real workflow; common words have.
            texts.findings_of.cache_clear()
            reading.read.cache_clear()
            (later if number else first).append(1000 * _seconds(requisition, exemplar))
    measured = f"p50 {median(later):.1f} ms, in the first of a process {max(first):.0f} ms at most"
    return [Row("all checks and reports of a workflow, CPU", measured, "p50 <= 12 ms", median(later) <= 12)]


def _seconds(requisition: dict[str, Any], exemplar: dict[str, Any]) -> float:
    fields = ("basic_title", "basic_description", *WORK_FIELDS)
    plan = PlanTopics(**{name: requisition[name] for name in fields if name in requisition})
    enhanced = EnhancedDescription.model_validate(
        {"reads_as": "job", **{name: value for name, value in exemplar.items() if name != "questions"}}
    )
    questions = [InterviewQuestion.model_validate(each) for each in exemplar["questions"]]
    began = time.process_time()
    given = plan.fields()
    names = names_to_avoid(given)
    enhancement_violations(enhanced, names, given)
    job_description_quality(given, enhanced)
    names = names_to_avoid(given, [topic.topic for topic in enhanced.interview_topics])
    for question in questions:
        question_violations(question, names, enhanced.language)
    topics = choose_topics(enhanced.interview_topics, given, len(questions))
    asked = list(zip(topics, questions, strict=True))
    planned = enhanced.interview_topics
    interview_quality(plan, asked, planned, Confidential(given), names=names, language=enhanced.language)
    return time.process_time() - began
