"""Questions and criteria about a candidate's person, which no interview may hold.

The subjects are age, citizenship, colour or race, disability, ethnicity, family status, gender identity, genetic
information, marital status, nationality, political affiliation, pregnancy, religion, sexual orientation and veteran
status. They are found as they are really asked ("Do you have children?") or ticked ("Names own age"), in English,
German and Spanish, so that "Are you authorised to work here?", a race condition and a parent process pass. The phrases
are in data/prohibited_subjects.txt.

A criterion or an anchor is a short line of its own, where the demands of a job description on the person
(data/prohibited_requirements.txt) are just as unlawful: "No family commitments". A longer text may well be about such
a demand, as a case on the wording of adverts is; there they pass, and so they do in quotation marks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from findings import Finding
from phrase_tables import PhraseTable, read_phrase_table

_MOST_WORDS_OF_A_DEMAND = 14

# A line with one of these tells of a text, or of what somebody else needs, and demands nothing.
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

    Its category is the subject, such as `family_status`; its place is counted within the text it was found in.
    """
    return next((finding for text in texts for finding in _findings(text)), None)


def _findings(text: str) -> list[Finding]:
    found = _table().findings(text)[:1]
    if found or not any(map(_may_demand, text.split("\n"))):
        return found
    return [finding for finding in _demands().findings(text) if _may_demand(_line_of(text, finding))][:1]


def _may_demand(line: str) -> bool:
    """Whether a line is short, and tells of nothing else."""
    words = line.split(None, _MOST_WORDS_OF_A_DEMAND)
    return 0 < len(words) <= _MOST_WORDS_OF_A_DEMAND and not _TELLS_OF_OTHERS.search(line)


def _line_of(text: str, finding: Finding) -> str:
    return text[text.rfind("\n", 0, finding.start) + 1 :].split("\n", 1)[0]


@lru_cache(maxsize=1)
def _table() -> PhraseTable:
    return read_phrase_table(prohibited_subjects="prohibited_subject")


@lru_cache(maxsize=1)
def _demands() -> PhraseTable:
    return read_phrase_table(prohibited_requirements="prohibited_subject", wording_exceptions="prohibited_subject")
