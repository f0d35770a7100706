"""What Claude has pointed to in the texts sent: the concerns of its answer, as findings.

No list of words is complete, and Claude reads the texts anyway. It is believed only where its quote stands in the
text; everything else is dropped and costs nothing. What our own rules have found already is not said twice.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping

from prompts import Concern, ConcernCategory
from techscreen.checks.findings import FindingKind
from techscreen.checks.markdown_safety import made_harmless
from techscreen.quality.finding_views import finding_id
from techscreen.schemas.generation import FindingView
from techscreen.text.utf16 import Utf16Places

MAX_QUOTE, MAX_SENTENCE = 500, 300
LEAVE_OUT = "Leave it out."

_KINDS: dict[ConcernCategory, FindingKind] = {
    "unlawful": "prohibited_subject",
    "exclusionary": "biased_wording",
    "instruction": "instruction",
}
# Claude writes plain quotation marks where a text has typographic ones, and the other way round.
_PLAIN_MARKS = str.maketrans("“”„‟«»‘’‚‛", '""""""' + "'" * 4)
_FIRST_WITHOUT_SPACES = "\u2e80"  # from here on, scripts put no spaces between words
_JOINERS = "\u200c\u200d"  # some scripts and emoji need them


def concern_findings(
    concerns: Iterable[Concern], texts: Mapping[str, str], by_rules: Iterable[FindingView]
) -> list[FindingView]:
    """The concerns whose quotes stand in the texts, without those that overlap something found already.

    Args:
        concerns: as Claude has written them.
        texts: the texts that Claude was given, by field.
        by_rules: what our rules have found in any text.
    """
    known = list(by_rules)
    kept: list[FindingView] = []
    for concern in concerns:
        finding = _finding(concern, texts)
        if finding is not None and not any(_overlap(finding, other) for other in [*known, *kept]):
            kept.append(finding)
    return kept


def _finding(concern: Concern, texts: Mapping[str, str]) -> FindingView | None:
    """The concern with the words of the text itself; None if it quotes something else or gives no reason."""
    text, reason = texts.get(concern.field, ""), one_line(concern.why)
    place = _place_of(concern.quote, text)
    if place is None or not reason:
        return None
    start, end = place
    places = Utf16Places(text)
    kind, word = _KINDS[concern.category], text[start:end]
    return FindingView(
        id=finding_id(kind, concern.category, word, start, text),
        field=concern.field,
        kind=kind,
        category=concern.category,
        word=word,
        reason=reason,
        suggestion=one_line(concern.rewording) or LEAVE_OUT,
        start=start,
        end=end,
        found_by="claude",
        start_utf16=places.of(start),
        end_utf16=places.of(end),
    )


def _place_of(quote: str, text: str) -> tuple[int, int] | None:
    """Where the quote stands in the text: word for word, but for white space and the form of quotation marks.

    Of a quote that is too long, the beginning counts.
    """
    quote = " ".join(quote.split())
    if len(quote) > MAX_QUOTE:
        quote = quote[: MAX_QUOTE + 1].rpartition(" ")[0] or quote[:MAX_QUOTE]
    words = quote.split()
    if not words:
        return None
    pattern = r"\s+".join(re.escape(word.translate(_PLAIN_MARKS)) for word in words)
    before = r"(?<!\w)" if _is_of_a_word(words[0][0]) else ""
    after = r"(?!\w)" if _is_of_a_word(words[-1][-1]) else ""
    found = re.search(before + pattern + after, text.translate(_PLAIN_MARKS))
    return found.span() if found else None


def _is_of_a_word(sign: str) -> bool:
    """Whether a sign belongs to a word that ends where the letters do, so that a quote must not cut it."""
    return sign < _FIRST_WITHOUT_SPACES and re.match(r"\w", sign) is not None


def one_line(text: str) -> str:
    """A text of Claude's as one harmless line of at most MAX_SENTENCE characters."""
    kept = (
        sign
        for sign in text[: 4 * MAX_SENTENCE]
        if unicodedata.category(sign) not in ("Cf", "Co", "Cs") or sign in _JOINERS
    )
    line = " ".join("".join(" " if unicodedata.category(sign) == "Cc" else sign for sign in kept).split())
    if len(line) > MAX_SENTENCE:
        line = f"{line[: MAX_SENTENCE - 1].rstrip()}…"
    return made_harmless(line)[0]


def _overlap(one: FindingView, other: FindingView) -> bool:
    return one.field == other.field and one.start < other.end and other.start < one.end
