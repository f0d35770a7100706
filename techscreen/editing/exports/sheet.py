"""The sheet that an interviewer holds or prints, in Markdown and in HTML.

Both show the texts as they were typed: what looks like mark-up in a text is shown and not followed. Only exhibits keep
their own form, in a block of code.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape

from techscreen.editing.exports.source import (
    ExportSource,
    anchors_of,
    facts_of,
    heading_of,
    lines_of,
    one_line,
    paragraphs_of,
    told,
)
from techscreen.schemas.generation import InterviewView, QuestionView
from techscreen.text.exhibits import with_exhibit

NOTE_LINES = 4
BOX = '<span class="box">☐</span>'

# What Markdown would take for mark-up: anywhere, and at the beginning of a line.
_MARKUP = re.compile(r"[\\`*\[\]<>|~$]|(?<![^\W_])_|_(?![^\W_])|&(?=#?\w{1,40};)")
_MARKUP_AT_START = re.compile(r"(\d{1,9}(?=[.)])|(?=[#+=-]))")

STYLE = """\
@page { margin: 18mm; }
body { font: 11pt/1.45 Georgia, serif; max-width: 46em; margin: 2em auto; padding: 0 1em; color: #111; }
h1, h2, h3, .facts, .warning { font-family: Helvetica, Arial, sans-serif; }
h1 { font-size: 1.6em; margin-bottom: 0.2em; }
h2 { font-size: 1.2em; border-top: 2px solid #111; padding-top: 0.6em; break-after: avoid; }
@media print { section + section { break-before: page; } }
h3 { font-size: 1em; margin-bottom: 0.2em; break-after: avoid; }
.facts { color: #444; font-size: 0.9em; }
.warning { border: 2px solid #111; padding: 0.4em 0.8em; font-weight: bold; }
.spoken { font-size: 1.1em; }
p, li, h1, h2, pre { overflow-wrap: anywhere; }
pre { border: 1px solid #888; padding: 0.6em; font: 9pt/1.35 monospace; white-space: pre-wrap; }
ul.ticks { list-style: none; padding-left: 0; }
ul.ticks li { padding-left: 1.6em; text-indent: -1.6em; break-inside: avoid; }
.box { display: inline-block; width: 1.6em; text-indent: 0; }
.notes { border-bottom: 1px solid #888; height: 2em; }
"""


def markdown_sheet(source: ExportSource) -> str:
    """The sheet in Markdown, with task lists as GitHub, GitLab and most wikis show them."""
    parts = [
        f"# {_inline(source.title)}",
        *(f"**{_inline(warning)}**" for warning in source.warnings()),
        "\n".join(f"- {name}: {_inline(value)}" for name, value in _facts(source)),
    ]
    for question in source.interview.questions:
        parts += _markdown_question(question)
    return "\n\n".join(parts) + "\n"


def html_sheet(source: ExportSource) -> str:
    """The sheet as one HTML page that loads nothing and prints well."""
    interview = source.interview
    title = escape(f"{one_line(source.title)}: {source.name}")
    warnings = "".join(f'<p class="warning">{escape(warning)}</p>\n' for warning in source.warnings())
    facts = _items(f"{name}: {escape(one_line(value))}" for name, value in _facts(source))
    questions = "".join(_html_question(question) for question in interview.questions)
    return (
        f'<!DOCTYPE html>\n<html lang="{escape(interview.language or "")}">\n<head>\n<meta charset="utf-8">\n'
        f"<title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n"
        f"<h1>{escape(one_line(source.title))}</h1>\n{warnings}"
        f'<ul class="facts">\n{facts}</ul>\n{questions}</body>\n</html>\n'
    )


def _facts(source: ExportSource) -> list[tuple[str, str]]:
    interview = source.interview
    minutes = [question.minutes for question in interview.questions]
    known = [count for count in minutes if count is not None]
    told = [("Minutes", str(sum(known)))] if known and len(known) == len(minutes) else []
    return [
        ("Requisition", interview.req_id),
        ("Interview", interview.interview_name),
        ("Version", str(interview.version)),
        ("Status", interview.status.replace("_", " ")),
        ("Approved by", _approval(interview)),
        *told,
    ]


def _approval(interview: InterviewView) -> str:
    if interview.approved_by_user_id is None:
        return "nobody yet"
    day = f", {interview.published_at:%Y-%m-%d}" if interview.published_at else ""
    note = f": {interview.approval_note}" if interview.approval_note else ""
    return f"{interview.approved_by_user_id}{day}{note}"


def _markdown_question(question: QuestionView) -> list[str]:
    spoken = "\n>\n".join(f"> {_quoted(part)}" for part in paragraphs_of(question.spoken_text))
    parts = [f"## {_inline(heading_of(question))}", f"*{_inline(facts_of(question))}*", spoken]
    if question.exhibit is not None:
        shown = with_exhibit("", lines_of(question.exhibit.text)).lstrip("\n")
        parts += [f"Show this ({question.exhibit.kind}):", shown]
    if question.follow_ups:
        parts += ["### Follow-ups", "\n".join(f"- {_plain(text)}" for text in question.follow_ups)]
    if question.criteria:
        ticks = [
            "- [ ] " + told(f"**{_inline(each.criterion)}**", _inline(each.description)) for each in question.criteria
        ]
        parts += ["### Criteria", "\n".join(ticks)]
    anchors = ["- [ ] " + told(f"**{name}**", _inline(text)) for name, text in anchors_of(question) if text.strip()]
    if anchors:
        parts += ["### What answers sound like", "\n".join(anchors)]
    return [*parts, "### Notes", *["." * 60] * NOTE_LINES]


def _html_question(question: QuestionView) -> str:
    parts = [
        f"<section>\n<h2>{escape(heading_of(question))}</h2>\n",
        f'<p class="facts">{escape(facts_of(question))}</p>\n',
        *(f'<p class="spoken">{_broken(part)}</p>\n' for part in paragraphs_of(question.spoken_text)),
    ]
    if question.exhibit is not None:
        shown = escape(lines_of(question.exhibit.text))
        parts.append(f'<p class="facts">Show this ({question.exhibit.kind}):</p>\n')
        parts.append(f"<pre>\n{shown}</pre>\n")  # a parser drops the first line end in it
    if question.follow_ups:
        parts.append(f"<h3>Follow-ups</h3>\n<ul>\n{_items(map(_broken, question.follow_ups))}</ul>\n")
    if question.criteria:
        ticks = [
            BOX + told(f"<b>{_broken(each.criterion)}</b>", _broken(each.description)) for each in question.criteria
        ]
        parts.append(f'<h3>Criteria</h3>\n<ul class="ticks">\n{_items(ticks)}</ul>\n')
    anchors = [BOX + told(f"<b>{name}</b>", _broken(text)) for name, text in anchors_of(question) if text.strip()]
    if anchors:
        parts.append(f'<h3>What answers sound like</h3>\n<ul class="ticks">\n{_items(anchors)}</ul>\n')
    notes = '<div class="notes"></div>\n' * NOTE_LINES
    return "".join(parts) + f"<h3>Notes</h3>\n{notes}</section>\n"


def _inline(text: str) -> str:
    """A text in one line that Markdown shows as it was typed, behind other words of its line."""
    return _MARKUP.sub(lambda found: "\\" + found[0], one_line(text))


def _plain(text: str) -> str:
    """The same at the beginning of a line."""
    escaped = _inline(text)
    start = _MARKUP_AT_START.match(escaped)
    return f"{start[1]}\\{escaped[start.end() :]}" if start else escaped


def _quoted(text: str) -> str:
    """The lines of a paragraph, for a quotation. The backslash keeps a line end that Markdown would drop."""
    return "\\\n> ".join(map(_plain, text.split("\n")))


def _items(items: Iterable[str]) -> str:
    return "".join(f"<li>{item}</li>\n" for item in items)


def _broken(text: str) -> str:
    """A text in HTML, with its line ends."""
    return escape(lines_of(text).strip("\n")).replace("\n", "<br>\n")
