"""What a check finds: in a text of the hiring team a Finding, in an answer of Claude's a Problem."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

FindingKind = Literal["prohibited_subject", "biased_wording", "instruction"]


@dataclass(frozen=True)
class Finding:
    """A place in a text that somebody should look at.

    Attributes:
        kind: what sort of check has found it.
        category: what it is about, such as `age` or `gender_coded`.
        word: the words found, as they stand in the text.
        reason: a sentence that says why they are found.
        suggestion: a sentence, or other words, to replace them.
        start, end: their place in the text, in characters from its beginning; `text[start:end] == word`.
    """

    kind: FindingKind
    category: str
    word: str
    reason: str
    suggestion: str
    start: int
    end: int


@dataclass(frozen=True)
class Problem:
    """Something that keeps an answer from being delivered as it is.

    Attributes:
        check: short name of the check that has found it, such as `one_ask`; for logs and statistics.
        sentence: what is wrong, worded so that it can be sent back to Claude. It quotes no job description.
        is_tolerable: whether an answer with this problem is delivered all the same if a repair has not helped.
    """

    check: str
    sentence: str
    is_tolerable: bool = False
