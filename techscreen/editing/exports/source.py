"""What an export is made from: an interview and its requisition, and the words about them that all formats share."""

from __future__ import annotations

import re
from dataclasses import dataclass

from techscreen.schemas.generation import InterviewView, JobDescriptionView, QuestionView

MAX_NAME = 255
# What is said of an interview in this state. A published one needs no word.
STATES = {
    "draft": "DRAFT: nobody has approved this interview yet.",
    "archived": "ARCHIVED: this interview is no longer in use.",
}
# Vertical tabs and other line ends of pasted texts, which HTML and forms do not know.
_ODD_LINE_END = re.compile("\r\n|[\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f]")


@dataclass(frozen=True)
class ExportSource:
    """An interview and the requisition that it is for."""

    interview: InterviewView
    requisition: JobDescriptionView

    @property
    def title(self) -> str:
        """The title of the post, as enhanced if it is."""
        enhanced = self.requisition.enhanced_jd
        return enhanced.title if enhanced else self.requisition.basic_jd.title

    @property
    def name(self) -> str:
        """The interview's name with its version, for a list of forms or kits."""
        version = f" (version {self.interview.version})"
        return shortened(one_line(self.interview.interview_name), MAX_NAME - len(version)) + version

    def warnings(self) -> list[str]:
        """What to know before using it: that it is sample content, a draft or no longer in use."""
        state = STATES.get(self.interview.status)
        return [sentence for sentence in (self.interview.notice, state) if sentence]


def heading_of(question: QuestionView) -> str:
    """The number and the topic of a question, in one line of a length that forms take."""
    return shortened(f"{question.question_number}. {one_line(question.topic)}", MAX_NAME)


def facts_of(question: QuestionView) -> str:
    """Type, level and minutes of a question, in one line."""
    minutes = [f"{question.minutes} minutes"] if question.minutes is not None else []
    return ", ".join([question.question_type.replace("_", " "), question.skill_level, *minutes])


def anchors_of(question: QuestionView) -> list[tuple[str, str]]:
    """What a weak, a middling and a strong answer sounds like, under these names."""
    anchors = question.rating_anchors
    return [("Low", anchors.low), ("Mid", anchors.mid), ("High", anchors.high)]


def told(name: str, text: str) -> str:
    """A name and what is said of it; the name alone if nothing is."""
    return f"{name}: {text}" if text.strip() else name


def lines_of(text: str) -> str:
    """A text whose lines all end alike. Control characters, which a log may hold, are shown by their pictures."""
    return _CONTROL.sub(_picture, _ODD_LINE_END.sub("\n", text))


def _picture(found: re.Match[str]) -> str:
    code = ord(found[0])
    return "\u2421" if code == 0x7F else chr(0x2400 + code) if code < 0x20 else "\ufffd"


def paragraphs_of(text: str) -> list[str]:
    """The paragraphs of a text, without blank ones."""
    return [part.strip("\n") for part in re.split(r"\n[ \t]*\n", lines_of(text)) if part.strip()]


def one_line(text: str) -> str:
    """A text in one line."""
    return " ".join(lines_of(text).split())


def shortened(text: str, most: int) -> str:
    """A text of at most so many characters."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
