"""The interview as a table in CSV: one row for each criterion, for spreadsheets and their formulas.

It is UTF-8 with a byte order mark, without which Excel reads letters with accents wrongly. All cells are quoted, and a
cell that a spreadsheet would take for a formula begins with an apostrophe.
"""

from __future__ import annotations

import csv
import io
import re

from techscreen.editing.exports.source import ExportSource, lines_of
from techscreen.schemas.generation import CriterionView, QuestionView

BYTE_ORDER_MARK = "\ufeff"
COLUMNS = (
    "req_id",
    "title",
    "interview_name",
    "version",
    "status",
    "question_number",
    "topic",
    "question_type",
    "skill_level",
    "minutes",
    "spoken_text",
    "exhibit_kind",
    "exhibit",
    "follow_ups",
    "low",
    "mid",
    "high",
    "criterion_number",
    "criterion",
    "description",
    "is_checked",
    "notice",
)
# Tab and line ends lead a program to the character behind them; some take the wide signs of East Asian texts too.
_FORMULA = re.compile(r"[\t\r\n]|\s*[=+\-@＝＋－＠]")


def csv_table(source: ExportSource) -> str:
    """The table. A question without criteria has one row, in which the columns of the criterion are empty."""
    text = io.StringIO(newline="")
    text.write(BYTE_ORDER_MARK)
    rows = csv.writer(text, quoting=csv.QUOTE_ALL)
    rows.writerow(COLUMNS)
    for question in source.interview.questions:
        for number, criterion in enumerate(question.criteria, 1):
            rows.writerow(_row(source, question, number, criterion))
        if not question.criteria:
            rows.writerow(_row(source, question, None, None))
    return text.getvalue()


def neutralised(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if _FORMULA.match(text) else text


def _row(
    source: ExportSource, question: QuestionView, number: int | None, criterion: CriterionView | None
) -> list[str]:
    interview, exhibit, anchors = source.interview, question.exhibit, question.rating_anchors
    cells: tuple[str | int | None, ...] = (
        interview.req_id,
        source.title,
        interview.interview_name,
        interview.version,
        interview.status,
        question.question_number,
        question.topic,
        question.question_type,
        question.skill_level,
        question.minutes,
        question.spoken_text,
        exhibit.kind if exhibit else None,
        exhibit.text if exhibit else None,
        "\n".join(question.follow_ups),
        anchors.low,
        anchors.mid,
        anchors.high,
        number,
        criterion.criterion if criterion else None,
        criterion.description if criterion else None,
        None,  # for the interviewer
        interview.notice,
    )
    return ["" if cell is None else neutralised(lines_of(str(cell))) for cell in cells]
