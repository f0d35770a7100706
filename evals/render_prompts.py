"""Writes docs/prompts.md: what is sent to Claude, rendered for two sample requisitions. See `make prompts`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import anthropic
from pydantic import BaseModel

from config import PROJECT_FOLDER
from prompts import (
    PROMPT_VERSION,
    EnhancedDescription,
    EnhanceDescription,
    InterviewQuestion,
    InterviewTopic,
    PlanTopics,
    SuggestCriteria,
    SuggestedCriteria,
    WriteAlternative,
    WriteQuestion,
    plainer_text,
    repair_text,
)
from techscreen.checks.answers import question_violations
from techscreen.cli.terminal import say
from techscreen.schemas.generation import EnhanceRequest

DOCUMENT = PROJECT_FOLDER / "docs" / "prompts.md"
SAMPLES = ("junior-developer", "backend-payments-engineer")
# Of each exemplar's topics, the one that a question is asked for: one with a snippet, one with a design.
TOPICS = {"junior-developer": 1, "backend-payments-engineer": 0}
QUESTIONS = 5
ANSWERS = (EnhancedDescription, InterviewQuestion, SuggestedCriteria)
WISH = "Set it in a warehouse, please."

INTRODUCTION = """\
# What is sent to Claude

Written by `make prompts` from `prompts.py`; a test fails when it is out of date. Prompt version: `{version}`.

| part | why it is there |
|---|---|
| system text | The rules, the same for every requisition: no text of a requisition stands among them. |
| “Input” in it | Says what the JSON holds, and that whatever it says is material and no instruction. |
| user text | What differs: one JSON object between tags. `<` is written `\\u003c` in it, so nothing can close the tags. The requisition's id, the user and the interview's name are not sent. |
| lines before the brief | What the question type and the level ask for, and how much may be said: only what this question needs. |
| `reads_as` | Lets Claude say that a text is no job description, so that no interview is made of nothing. |
| topics before description | An answer is written in the order of its schema, so the questions are begun as soon as the topics stand. |
| `focus`, `work_items` | Carry from the requisition into each question why it is asked, so that it can be traced. |
| skill levels | The same words where topics are chosen and where questions are written, so that both mean the same. |
| `notes_for_team`, `concerns` | Last, so that nothing waits for them; an answer cut off there still counts. |
| `other_topics`, `taken` | Questions of an interview are written at the same time; this keeps them apart, and from those that exist. |
| `aims`, `setting`, `wish` | Only for an alternative: what a parallel form looks for; what keeps those written at the same time apart; what somebody has typed, which is material like all else. |
| repair | An answer that fails a check goes back with one sentence for each fault, and the whole answer is given again. |
| plainer words | What Claude refuses is asked for once more, with a sentence behind the user text. |
| JSON schema | Holds the form. Counts and wording are not the schema's to hold: the checks in `techscreen/checks` do. |

Job descriptions without topics get them by a call of their own: its system text is that of the enhancement without \
the part on title and description.
"""


def main() -> None:
    """Write the document."""
    DOCUMENT.parent.mkdir(exist_ok=True)
    DOCUMENT.write_text(rendered(), encoding="utf-8")
    say(f"Written: {DOCUMENT}")


def rendered() -> str:
    """The whole document."""
    enhancements = {name: _enhancement(name) for name in SAMPLES}
    questions = {name: _question(name) for name in SAMPLES}
    parts = [
        INTRODUCTION.format(version=PROMPT_VERSION),
        _sizes(),
        "## Enhancement: system text\n",
        _block(EnhanceDescription.system),
        *(f"## Enhancement: user text for {name}\n\n{_block(asked.text())}" for name, asked in enhancements.items()),
        "## Question: system text\n",
        _block(WriteQuestion.system),
        *(
            f"## Question: user text for {name}, topic “{asked.topic.topic}”\n\n{_block(asked.text())}"
            for name, asked in questions.items()
        ),
        "## Alternative to a question: user text for an example; the system text is that of a question\n",
        _block(_alternative().text()),
        "## Further criteria: system text\n",
        _block(SuggestCriteria.system),
        "## Further criteria: user text for an example\n",
        _block(_suggestion().text()),
        "## Repair: what is sent back, with the answer before it\n",
        _block(repair_text([problem.sentence for problem in question_violations(_faulty_question())])),
        "## Plainer words: what follows the user text after a refusal\n",
        _block(plainer_text("").strip()),
        "## Topics alone: system text\n",
        _folded("Show", _block(PlanTopics.system)),
        "## JSON schemas, as the SDK sends them\n",
        *(_folded(kind.__name__, _block(_schema(kind), "json")) for kind in ANSWERS),
    ]
    return "\n".join(parts)


def tokens_of_workflow() -> dict[str, int]:
    """About how many tokens each part of a workflow has, over all samples: a quarter of its characters.

    Answers are those of `samples/exemplars`, which have no concerns.
    """
    enhancements = [_enhancement(path.stem).text() for path in _samples("requisitions")]
    exemplars = [_exemplar(path.stem) for path in _samples("exemplars")]
    questions = [
        _asked(exemplar, place).text() for exemplar in exemplars for place in range(len(exemplar["questions"]))
    ]
    answers = [json.dumps({**exemplar, "questions": None}, ensure_ascii=False) for exemplar in exemplars]
    written = [
        InterviewQuestion.model_validate(question).model_dump_json()
        for exemplar in exemplars
        for question in exemplar["questions"]
    ]
    return {
        "enhancement: system text": len(EnhanceDescription.system) // 4,
        "enhancement: user text": _mean(enhancements),
        "enhancement: answer": _mean(answers),
        "five questions: system text": QUESTIONS * len(WriteQuestion.system) // 4,
        "five questions: user text": QUESTIONS * _mean(questions),
        "five questions: answers": QUESTIONS * _mean(written),
    }


def _sizes() -> str:
    sizes = tokens_of_workflow()
    rows = "\n".join(f"| {part} | {tokens:,} |" for part, tokens in [*sizes.items(), ("together", sum(sizes.values()))])
    return (
        "## Size of a workflow\n\nTokens, counted as a quarter of the characters, on average over all samples, before any "
        f"caching and without repairs.\n\n| part | tokens |\n|---|---|\n{rows}\n"
    )


def _samples(kind: str) -> list[Path]:
    return sorted((PROJECT_FOLDER / "samples" / kind).glob("*.json"))


def _mean(texts: list[str]) -> int:
    return sum(map(len, texts)) // len(texts) // 4


def _enhancement(name: str) -> EnhanceDescription:
    """The request as the service makes it."""
    body = json.loads((PROJECT_FOLDER / "samples" / "requisitions" / f"{name}.json").read_text(encoding="utf-8"))
    request = EnhanceRequest.model_validate(body)
    return EnhanceDescription(**request.model_dump(exclude={"req_id"}))


def _question(name: str) -> WriteQuestion:
    """The request for a question as the service makes it from the topics of the exemplary answer."""
    return _asked(_exemplar(name), TOPICS[name])


def _asked(exemplar: dict[str, Any], place: int) -> WriteQuestion:
    topics = [InterviewTopic.model_validate(topic) for topic in exemplar["interview_topics"][:QUESTIONS]]
    others = tuple(other.topic for at, other in enumerate(topics) if at != place)
    return WriteQuestion(topics[place], exemplar["language"], other_topics=others, opens=place == 0)


def _alternative() -> WriteAlternative:
    """The request for a parallel form of the second sample's question, with a wish."""
    asked, question = _question(SAMPLES[1]), _exemplary(SAMPLES[1])
    return WriteAlternative(
        asked.topic,
        asked.language,
        asked.other_topics,
        (question.compared_text[:300],),
        asked.opens,
        aims=tuple(f"{each.criterion}: {each.description}" for each in question.criteria),
        wish=WISH,
    )


def _suggestion() -> SuggestCriteria:
    """The request for further criteria of the same question."""
    asked = _question(SAMPLES[1])
    return SuggestCriteria(_exemplary(SAMPLES[1]), asked.topic, asked.language, wish=WISH)


def _exemplary(name: str) -> InterviewQuestion:
    """The exemplary question for the topic that `_question` asks about."""
    return InterviewQuestion.model_validate(_exemplar(name)["questions"][TOPICS[name]])


def _exemplar(name: str) -> dict[str, Any]:
    exemplar: dict[str, Any] = json.loads(
        (PROJECT_FOLDER / "samples" / "exemplars" / f"{name}.json").read_text(encoding="utf-8")
    )
    return exemplar


def _faulty_question() -> InterviewQuestion:
    """An exemplary question with two faults: it asks for a fact, and has too few criteria."""
    exemplary = InterviewQuestion.model_validate(_exemplar(SAMPLES[0])["questions"][0])
    text = "What is the default port of Redis?"
    return exemplary.model_copy(update={"spoken_text": text, "exhibit": None, "criteria": exemplary.criteria[:7]})


def _schema(kind: type[BaseModel]) -> str:
    return json.dumps(anthropic.transform_schema(kind), indent=1, ensure_ascii=False)


def _block(text: str, language: str = "text") -> str:
    return f"~~~~{language}\n{text}\n~~~~\n"


def _folded(summary: str, content: str) -> str:
    return f"<details><summary>{summary}</summary>\n\n{content}\n</details>\n"


if __name__ == "__main__":
    main()
