"""The material of the benchmark: what people and stand-ins for them have written, read from `evals/material/`.

`evals/material/README.md` says how each file came to be.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel

from config import PROJECT_FOLDER
from prompts import PlannedTopics, PlanTopics

MATERIAL = Path(__file__).parent / "material"
SAMPLES = PROJECT_FOLDER / "samples" / "requisitions"

Quality = Literal["low", "mid", "high"]
CriteriaBy = Literal["ours", "naive"]


class Scored(BaseModel):
    """What a reader thought of a library question: 1 to 5 for each line of the rubric."""

    reference: str
    scores: dict[str, int]

    @property
    def mean(self) -> float:
        """Over all lines."""
        return sum(self.scores.values()) / len(self.scores)


class Ticked(BaseModel):
    """Which criteria of one kind a reader has ticked for the answer of one quality to a question."""

    reference: str
    quality: Quality
    criteria: CriteriaBy
    reader: int
    ticks: list[bool]

    @property
    def share(self) -> float:
        """Of the criteria, those ticked."""
        return sum(self.ticks) / len(self.ticks)


class Criteria(BaseModel):
    """The two sets of criteria of a question, each criterion with its label and its description."""

    reference: str
    ours: list[dict[str, str]]
    naive: list[dict[str, str]]


class Judged(BaseModel):
    """Whether a reader would ask a question that was chosen without Claude, and which of the quotes it is about."""

    requisition: str
    question: int
    would_ask: bool
    level: Literal["fits", "too easy", "too hard"]
    claims: list[bool]


class MarkedSkill(BaseModel):
    """Words of a requisition that name something an interview for the post should find out."""

    requisition: str
    reader: Literal["a", "b"]
    field: str
    span: str
    must: bool


def scores() -> dict[str, Scored]:
    """The last reader's scores of each library question, by its reference."""
    return {each.reference: each for each in map(Scored.model_validate, _lines("library_scores"))}


def ticks() -> list[Ticked]:
    """All ticks of all readers."""
    return [Ticked.model_validate(each) for each in _lines("ticks")]


def judgements() -> list[Judged]:
    """Each question of the interviews made without Claude."""
    return [Judged.model_validate(each) for each in _lines("judgements")]


def criteria() -> list[Criteria]:
    """What was ticked, as it was then: the library may have changed since."""
    return [Criteria.model_validate(each) for each in _lines("criteria")]


def marked_skills() -> list[MarkedSkill]:
    """The skills that two readers have marked in all requisitions."""
    return [MarkedSkill.model_validate(each) for each in _lines("skills")]


def planned_topics() -> dict[str, PlannedTopics]:
    """Topics that stand-ins for Claude have planned by its prompt, by the name of the requisition."""
    return {each["requisition"]: PlannedTopics.model_validate(each) for each in _lines("topics")}


def requisitions() -> dict[str, PlanTopics]:
    """The samples, and after them further requisitions on which nothing was tuned, by name."""
    files = [*sorted(SAMPLES.glob("*.json")), *sorted((MATERIAL / "requisitions").glob("*.json"))]
    return {file.stem: _requisition(json.loads(file.read_text(encoding="utf-8"))) for file in files}


def _requisition(given: Mapping[str, Any]) -> PlanTopics:
    fields: dict[str, Any] = {name: given.get(name) for name in (each.name for each in dataclasses.fields(PlanTopics))}
    return PlanTopics(**fields)


def _lines(name: str) -> list[dict[str, Any]]:
    text = (MATERIAL / f"{name}.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]
