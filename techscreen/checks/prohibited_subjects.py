"""Questions and criteria about a candidate's person, which no interview may contain.

The subjects are age, citizenship, colour or race, disability, ethnicity, family status, gender identity, genetic
information, marital status, nationality, political affiliation, pregnancy, religion, sexual orientation and veteran
status. The phrases in data/prohibited_subjects.txt are what is really asked ("Do you have children?") or ticked
("Names own age"), in English, German and Spanish, so "Are you authorised to work here?", a race condition and a parent
process pass.

In a short line of its own, such as a criterion or an anchor, the demands that a job description may not make
(data/prohibited_requirements.txt) are just as unlawful: "No family commitments". A longer text may be about such a
demand, for example a question on the wording of adverts, so there they pass, as they do in quotation marks.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from functools import lru_cache

from techscreen.checks.findings import Finding
from techscreen.checks.phrase_matcher import PhraseTable, read_phrase_table

_MAX_WORDS_OF_A_DEMAND = 14

# A line with one of these is about a text, or about what somebody else needs, and demands nothing.
_TELLS_OF_OTHERS = re.compile(
    r"[\"“”„«»‹›`?]|(?<!\w)['‘]|\b(?:advert\w*|ads?|posting|phrases?|words?|wording|sentences?|text|clause|"
    r"rewrites?|replaces?|removes?|drops?|deletes?|flags?|spots?|notices|strikes|reword\w*|avoids?|rejects?|instead|"
    r"unlawful|discriminat\w+|customers?|users?|clients?|patients?|colleagues?|tenants?|policyholders?|passengers?|"
    r"form|survey|column|field|dataset|nodes?|rule|rules|validates?|stellenanzeige|anzeige|kund\w+|nutzer\w*|"
    r"anuncio|clientes?|usuarios?)\b",
    re.IGNORECASE,
)


def prohibited_subject(texts: Iterable[str]) -> Finding | None:
    """The first place in the texts that asks, ticks or demands something about the candidate's person, or None.

    Its category is the subject, such as `family_status`; its offsets refer to the text that it was found in.
    """
    return next((finding for text in texts for finding in _findings(text)), None)


def _findings(text: str) -> list[Finding]:
    found = _table().findings(text)[:1]
    if found or not any(map(_may_demand, text.split("\n"))):
        return found
    demands = (finding for finding in _demands().findings(text) if _may_demand(_line_of(text, finding)))
    return [*itertools.islice(demands, 1)]


def _may_demand(line: str) -> bool:
    """Whether a line is short and not about something else, so that it may demand something of the candidate."""
    words = line.split(None, _MAX_WORDS_OF_A_DEMAND)
    return 0 < len(words) <= _MAX_WORDS_OF_A_DEMAND and not _TELLS_OF_OTHERS.search(line)


def _line_of(text: str, finding: Finding) -> str:
    end = text.find("\n", finding.start)
    return text[text.rfind("\n", 0, finding.start) + 1 : end if end >= 0 else len(text)]


@lru_cache(maxsize=1)
def _table() -> PhraseTable:
    return read_phrase_table(prohibited_subjects="prohibited_subject")


@lru_cache(maxsize=1)
def _demands() -> PhraseTable:
    return read_phrase_table(prohibited_requirements="prohibited_subject", wording_exceptions="prohibited_subject")
