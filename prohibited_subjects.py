"""Questions and criteria about a candidate's person, which no interview may hold.

The subjects are age, citizenship, colour or race, disability, ethnicity, family status, gender identity, genetic
information, marital status, nationality, political affiliation, pregnancy, religion, sexual orientation and veteran
status. They are found as they are really asked ("Do you have children?") or ticked ("Names own age"), in English,
German and Spanish, so that "Are you authorised to work here?", a race condition and a parent process pass. The phrases
are in data/prohibited_subjects.txt.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from findings import Finding
from phrase_tables import PhraseTable, read_phrase_table


def prohibited_subject(texts: Iterable[str]) -> Finding | None:
    """The first place in the texts that asks or ticks something about the candidate's person, or None.

    Its category is the subject, such as `family_status`; its place is counted within the text it was found in.
    """
    table = _table()
    return next((finding for text in texts for finding in table.findings(text)[:1]), None)


@lru_cache(maxsize=1)
def _table() -> PhraseTable:
    return read_phrase_table(prohibited_subjects="prohibited_subject")
