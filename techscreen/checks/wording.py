"""Wording in a job description that is unlawful, or that keeps able people from applying.

There are two kinds of findings: `prohibited_subject` for requirements on the candidate's person ("no family
commitments", "native speakers only"), and `biased_wording` for words that are gender_coded, gendered, age_coded,
ableist or about culture_fit, and for a needless_requirement (years and degrees in place of what somebody can do). Most
such words are also technical terms ("OOM killer", "race condition", "aggressive caching"), and equal opportunity
notices name every protected subject; data/wording_exceptions.txt lets these pass. Doubtful cases are not reported.

Sources: Gaucher, Friesen & Kay 2011 for gender-coded words (data/biased_wording.txt says which are left out);
Van Iddekinge et al. 2019 for years of experience, which hardly predicts performance.
"""

from __future__ import annotations

from functools import lru_cache

from techscreen.checks.findings import Finding
from techscreen.checks.phrase_matcher import PhraseTable, read_phrase_table


def wording_findings(text: str) -> list[Finding]:
    """What somebody should reword in a job description, its title, or a WORK field; plain text or Markdown.

    The findings are in the order of the text and do not overlap. Each says why, and what to write instead.
    """
    return _table().findings(text)


@lru_cache(maxsize=1)
def _table() -> PhraseTable:
    return read_phrase_table(
        biased_wording="biased_wording",
        prohibited_requirements="prohibited_subject",
        wording_exceptions="biased_wording",
    )
