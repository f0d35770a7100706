"""Writes docs/exports.md: the formats of exports with an example of each, and our own JSON. See `make exports`."""

from __future__ import annotations

from datetime import datetime

from config import PROJECT_FOLDER
from techscreen.cli.terminal import say
from techscreen.editing.exports import FORMATS
from techscreen.editing.exports.source import ExportSource
from techscreen.editing.exports.table import COLUMNS
from techscreen.schemas.exports import FormatName
from techscreen.schemas.generation import InterviewView, JobDescriptionView
from techscreen.web.openapi import examples

DOCUMENT = PROJECT_FOLDER / "docs" / "exports.md"
# The question of the sample that the page shows: one with an exhibit.
SHOWN = 2
MADE_AT = datetime(2026, 11, 24, 9, 30)

INTRODUCTION = """\
# Exports and imports

Written by `make exports` from `techscreen/editing/exports/`; a test fails when it is out of date.

Interview 1 is there after the [first call](../README.md#first-call) of the README:

```bash
curl -s "http://localhost:5000/api/interview/1/export?format=markdown" \\
  -H 'X-User-ID: ian' -H 'X-User-Role: interviewer'
```

`format` is one of {names};
without it the answer is `markdown`. Any other name is a 400 that lists them. Whoever may read an interview may export
it. The answer is a file (`Content-Disposition`) with an `ETag` of its own, so `If-None-Match` is answered with 304 while
nothing in it has changed.

The same holds in every format:

- Texts are given word for word, and as text: HTML in them is escaped, so it is shown and never run.
- A draft says that it is one, and an archived interview that it is out of use. Sample content of older versions
  carries its notice.
- What the checks have found (`quality`) is in none of them.
- Names of forms, kits and fields have at most 255 characters. No other text is shortened.

The examples show one question of a sample interview.
"""

ABOUT = {
    "markdown": """\
A sheet for the interviewer: what is said aloud, what is shown, follow-ups, criteria to tick, what answers sound like,
and room for notes. Paste it into a wiki, a merge request or a document that takes Markdown. What looks like mark-up in
a text has a backslash before it, so that it is shown as it was typed.""",
    "html": """\
The same sheet as one page. Open it in a browser and print it. It loads nothing and runs nothing.""",
    "csv": """\
One row for each criterion, to sort, count and compare in a spreadsheet. `is_checked` is empty, to be filled in.
Columns: {columns}.

It is UTF-8 with a byte order mark, so that Excel reads letters with accents rightly, and all cells are quoted. A cell
whose first sign other than a space is `=`, `+`, `-` or `@` (wide ones of East Asian texts too), or whose first sign is a
tab or a line end, begins with an apostrophe: a spreadsheet shows it as text and does not run it as a formula. So `=cmd()`
becomes `'=cmd()`, and an exhibit that begins with a comment in SQL `'-- ...`; a program of yours that reads the file has
to take the apostrophe off. Where Excel expects semicolons, open the file with Data, From Text/CSV, and choose the comma.""",
    "json": """\
All that makes the interview again, here or in another installation: see [import](#import-an-interview).""",
    "lever": """\
The body of Lever's `POST /feedback_templates`, to be sent as it is:

<!-- not run: needs an account at Lever -->
```bash
curl -s "http://localhost:5000/api/interview/1/export?format=lever" -H 'X-User-ID: ian' -H 'X-User-Role: interviewer' |
  curl -s https://api.lever.co/v1/feedback_templates -u "$LEVER_KEY:" -H 'Content-Type: application/json' --data-binary @-
```

Each question becomes a `multiple-select` of its criteria, a `multiple-choice` of its three anchors and a `textarea`.
The last field is the one `score-system` that Lever requires. `group` is null, for only Lever knows your groups: put the
id of one there.""",
    "greenhouse": """\
For a job's interview kit. Paste `kit_html`, as HTML, into the kit's interview prep; it has only the
elements `p`, `ul`, `li`, `b` and `i`. `scorecard_questions` have the fields of Greenhouse's own resource of that name,
in which the question is HTML: a criterion is a `yes_no`, what the answer sounded like a `single_select`, notes a `text`,
and the question itself an `instruction`. Greenhouse's API only reads them, so they are added by hand, or by a tool of
yours. It keeps options apart, so `scorecard_question_options` name the `sort_order` of their question.""",
    "workable": """\
**In part.** Workable's API makes no interview kits; it only takes filled score cards, and `sections`, `traits` and
`questions` are named as in those. Paste them into a kit: job editor, Workflow, a stage, Add interview kit. `left_out`
names what a kit has no place for.""",
    "ashby": """\
**In part.** Ashby's API reads feedback forms and makes none. `formDefinition` has the shape that
`feedbackFormDefinition.info` answers with, without ids: a `Boolean` for each criterion, a `ValueSelect` of the anchors, a
`RichText` for notes, and the overall recommendation. Build the form by hand, or compare it with the one that you have.""",
}

PORTABLE = """\
## Our own JSON

Version 1 of `techscreen-interview`. A version only ever gets more fields, and readers skip those that they do not know.

| field | | |
|---|---|---|
| `format`, `format_version` | required | `techscreen-interview` and `1` |
| `notice` | not read | a sentence about sample content, else null |
| `origin` | not read | id, version, state, time and approver of the interview that it was |
| `requisition` | required | the body of `POST /api/interview/jd/enhance`: `req_id`, `basic_title`, `basic_description`; optional are `basic_department`, `basic_level` and the WORK inputs |
| `interview_name` | required | at most 255 characters |
| `language` | optional | BCP 47, such as `en` or `de-AT` |
| `model`, `prompt_version` | optional | who wrote what was generated for it |
| `questions` | required | 1 to 6, in their order |

A question:

| field | | |
|---|---|---|
| `topic` | required | at most 255 characters |
| `skill_level` | required | `Foundational`, `Intermediate`, `Advanced`, `Expert` |
| `question_type` | required | `technical`, `system_design`, `coding`, `debugging`, `behavioral`, `situational` |
| `spoken_text` | required | what is said aloud |
| `exhibit` | optional | `kind` (`code`, `log`, `figures`, `table`, `text`) and `text`, or null |
| `minutes` | optional | for question and answer |
| `criteria` | optional | `criterion` and `description` of each |
| `follow_ups` | optional | texts |
| `rating_anchors` | optional | `low`, `mid`, `high` |
| `work_items` | optional | what of the requisition it is for: `field` and `part` |
| `source` | optional | `generated`, `cache`, `library` or `edited`; anything else is taken for `edited` |
| `model`, `prompt_version` | optional | who wrote it |

## Import an interview

```bash
curl -s "http://localhost:5000/api/interview/1/export?format=json" -H 'X-User-ID: ian' -H 'X-User-Role: interviewer' |
  python3 -c 'import json, sys; print(json.dumps({"interview": json.load(sys.stdin)}))' |
  curl -s http://localhost:5000/api/interview/import \\
    -H 'X-User-ID: anna' -H 'X-User-Role: admin' -H 'Content-Type: application/json' -d @-
```

The interview becomes the next version of its requisition, a draft, whatever state it had. `req_id` beside `interview`
puts it with another requisition. An unknown requisition is stored from the document, not enhanced; a known one keeps its
texts. Every field that is wrong is named in one answer (400). With an `Idempotency-Key` a repeat imports nothing twice.

## Import a requisition

A job in the [job schema of JSON Resume](https://jsonresume.org/job-description-schema/) becomes a requisition. The schema
has no id, so `req_id` is required; of the job, `title` and `description` are:

```json
{"req_id": "REQ-77", "requisition": {"title": "Web Developer", "experience": "Mid-level", "remote": "Hybrid",
  "description": "Build the shop of a bookseller.", "responsibilities": ["Keep the checkout running."],
  "qualifications": ["3 years of web development"], "skills": [{"name": "Web", "keywords": ["HTML", "CSS"]}]}}
```

| of the job | becomes |
|---|---|
| `title`, `department`, `experience` | `basic_title`, `basic_department`, `basic_level` |
| `description`; then `company`, `type`, `location`, `remote`, `salary` and `date`; then `qualifications` | `basic_description` |
| `responsibilities` | `work_role` |
| `skills` | `work_knowledge` |
| `meta` and fields that the schema does not know | left out |

It is stored and not enhanced, so it costs nothing. A requisition that exists is not overwritten: that is a 409.
"""


def main() -> None:
    """Write the document."""
    DOCUMENT.write_text(rendered(), encoding="utf-8")
    say(f"Written: {DOCUMENT}")


def rendered() -> str:
    """The whole document."""
    names = ", ".join(f"`{name}`" for name in FORMATS)
    return "\n".join([INTRODUCTION.format(names=names), *map(_section, FORMATS), PORTABLE])


def sample() -> ExportSource:
    """The recorded example of an interview, with one question."""
    requisition = JobDescriptionView.model_validate(examples()["JobDescriptionAnswer"]["job_description"])
    interview = InterviewView.model_validate(examples()["InterviewAnswer"]["interview"])
    shown = [question for question in interview.questions if question.question_number == SHOWN]
    return ExportSource(interview.model_copy(update={"questions": shown, "created_at": MADE_AT}), requisition)


def _section(name: FormatName) -> str:
    about = ABOUT[name].replace("{columns}", ", ".join(f"`{column}`" for column in COLUMNS))
    chosen = FORMATS[name]
    fence = {"md": "markdown", "html": "html", "csv": "text"}.get(chosen.ending, "json")
    text = chosen.write(sample()).removeprefix("\ufeff").replace("\r\n", "\n")
    example = f"<details><summary>Example</summary>\n\n~~~~{fence}\n{text}~~~~\n</details>\n"
    return f"## {name}\n\n{about}\n\n{example}"


if __name__ == "__main__":
    main()
