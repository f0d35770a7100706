"""What the checks report: a Finding in any text that people read, a Violation of a rule in an answer of Claude's."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

FindingKind = Literal[
    "prohibited_subject",
    "biased_wording",
    "instruction",
    "confidential",
    "markup",
    "form",
    "name",
    "language",
    "repeated_question",
    "general",
]
FoundBy = Literal["rules", "claude"]


@dataclass(frozen=True)
class Finding:
    """A place in a text that somebody should look at.

    Attributes:
        kind: which sort of check found it.
        category: what it is about, such as `age` or `gender_coded`.
        word: the words found, as they are written in the text.
        reason: a sentence that says what is wrong with them.
        suggestion: a sentence that says what to do, or other words to use.
        start, end: where they are, as offsets in characters; `text[start:end] == word`.
        found_by: whether our own rules found it, or Claude.
        confidence: from 0 to 1; what is counted or looked up is certain.
        is_certain: whether hardly any good text is found with such confidence.
    """

    kind: FindingKind
    category: str
    word: str
    reason: str
    suggestion: str
    start: int
    end: int
    found_by: FoundBy = "rules"
    confidence: float = 1.0
    is_certain: bool = False


class Severity(StrEnum):
    """What a violation means for the answer that it is in, if a repair does not help."""

    FATAL = "fatal"  # the answer is not delivered
    TOLERABLE = "tolerable"  # it is delivered all the same


@dataclass(frozen=True)
class Violation:
    """A rule that an answer of Claude's breaks.

    Attributes:
        check: short name of the check that found it, such as `one_ask`; for logs and statistics.
        sentence: what is wrong, worded so that it can be sent back to Claude. It quotes no job description.
        severity: whether the answer can be delivered all the same.
    """

    check: str
    sentence: str
    severity: Severity = Severity.FATAL

    @property
    def is_fatal(self) -> bool:
        """Whether the answer must not be delivered."""
        return self.severity is Severity.FATAL
