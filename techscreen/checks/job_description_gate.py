"""Whether a requisition says enough about the work to interview for it.

Texts that are certainly not a job description (program code, a CV, a poem, mere terms) are refused here, before
anything is stored or paid for. Claude judges the doubtful rest while it plans the topics. If a WORK input says
anything, that is enough, whatever the description is.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from functools import lru_cache
from typing import Final

from techscreen.errors import GenerationRefused
from techscreen.text.language import language_of
from techscreen.text.segments import sentences_of
from techscreen.text.tokens import read_table
from techscreen.topics.technology_mentions import technologies_in

TELL: Final = "tell what the person will do or deliver, or what the work needs"
REASONS: Final = {
    "code": f"reads as program code and not as a job description: {TELL}",
    "cv": "reads as a CV: describe the post to be filled, and not a person who could fill it",
    "boilerplate": f"tells of the employer or the terms alone: {TELL}",
    "other": f"tells nothing of any work: {TELL}",
}
# A text this long without a word about work is no accident. Shorter ones are left to Claude.
ENOUGH_WORDS = 25
WORK_WORDS_NEEDED = 2
MAX_BESIDE_TERMS, MIN_NOTICES = 0.3, 2
MIN_CODE_LINES, MAX_CODE_LINE = 4, 200
MIN_WORDS_TO_A_READER, SIGNS_OF_A_CV = 2, 4
MAX_BEGINNING = 30
MIN_VERSES, VERSE_WORDS = 6, range(3, 12)

_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
# Stripped lines that look like code. A semicolon at the end is not enough: lists of duties have them, too.
_CODE_LINE = re.compile(
    r"\s*(?:"
    + "|".join(
        (
            r"[\w.\[\]]+(?:: ?\w+)? ?[-+*/|&]?=[^=]",  # an assignment
            r"[\w.]+\([^)]*\)[;:]?$|(?=.*+(?<=[;{]))(?>.*?\w\().*\)",  # a call
            r"[}\])]++[;,)]*$|.*+(?<={)",  # a block
            r"(?:def|class|if|elif|else|for|while|try|except|with|switch|case)\b.*+(?<=:)|(?:if|for|while|switch) ?\(",
            r"(?:import [\w.]+(?: as \w+)?;?|from [\w.]+ import .+|return [^ ]*;?|yield [^ ]*|#include .*|int \w+;)$",
            r"//|/\*|\*/|#!|@@ ",
            r"(?:SELECT|INSERT INTO|UPDATE|DELETE FROM|CREATE TABLE|ALTER TABLE|DROP TABLE) ",
            r"\"[\w .-]+\" ?: ?[\[{\"\dtfn]",  # JSON
            r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d",  # a log
        )
    )
    + ")"
)
# Only the plainest marks of a list: what else may begin an item may as well begin a line of verse or code.
_BULLET = re.compile(r"\s*(?:[-*•–·]|\d+[.)])\s")
_TO_THE_READER = re.compile(
    r"\b(?:you|your|we are looking|we're looking|is looking for|we seek|[iI] need|we need|apply|candidates?"
    r"|sie|ihr(?:e|en)?|wir suchen|bewerben|du|usted|buscamos)\b",
    re.IGNORECASE,
)
_LETTER = re.compile(
    r"\b(?:i am writing to apply|i would like to apply|dear (?:hiring manager|sir|madam|recruiter)"
    r"|yours (?:faithfully|sincerely)|hiermit bewerbe ich mich|mit freundlichen grüßen|le escribo para solicitar)\b",
    re.IGNORECASE,
)
# A text with fewer than MIN_NOTICES of these may be about a post in that field: diversity, privacy, pensions.
_NOTICE = re.compile(
    r"\b(?:equal (?:opportunity|opportunities|employment)|all rights reserved|terms (?:of use|and conditions)|cookies"
    r"|privacy (?:policy|notice|statement)|without regard to|regardless of|by applying"
    r"|reasonable (?:adjustments|accommodations?)|datenschutz|unabhängig von|chancengleichheit"
    r"|igualdad de oportunidades|política de privacidad)\b",
    re.IGNORECASE,
)
_HEADING_OF_CV = re.compile(
    r"^[^\w\n]{0,9}(?:summary|profile|(?:work |professional )?experience|employment(?: history)?|skills|languages"
    r"|education|interests|hobbies|projects|publications|certifications|references|curriculum vitae|lebenslauf"
    r"|kenntnisse|sprachen|ausbildung|berufserfahrung|werdegang|estudios|experiencia|idiomas|formación)[^\w\n]{0,9}$",
    re.IGNORECASE | re.MULTILINE,
)
_ABOUT_ONESELF = re.compile(r"\b(?:I|I'm|I've|my|ich|mein(?:e|en|er)?|mi|mis|soy)\b")
_YEARS = re.compile(
    r"\b(?:19|20)\d\d\s{0,3}(?:-|–|—|to|until|bis|hasta)\s{0,3}(?:[01]?\d[./]|[a-zä]{3,9}\.? )?"
    r"(?:(?:19|20)\d\d|present|today|now|heute|actualidad)\b",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}\.\w|\+\d[\d ()/-]{7,20}")


def what_is_missing(description: str, work_inputs: Iterable[str | None]) -> str | None:
    """Why no interview can be made from these texts, as a clause whose subject is the description.

    Args:
        description: the basic job description.
        work_inputs: the four WORK fields.

    Returns:
        One of REASONS, or None if the texts describe work or may do so.
    """
    if any(_WORD.search(text) for text in work_inputs if text):
        return None
    for kind, applies in (("code", _is_code), ("cv", _is_cv)):
        if applies(description):
            return REASONS[kind]
    words = len(_WORD.findall(description))
    if words < ENOUGH_WORDS or language_of([description]) is None:
        return None
    if not _tells_of_work(description) and not _speaks_to_candidates(description):
        # Not all work is described in the words of our list: a nurse takes vital signs, a gardener prunes.
        return REASONS["other"] if _ABOUT_ONESELF.search(description) or _is_verse(description) else None
    if "lorem ipsum" in description.casefold():
        return REASONS["other"]
    if len({notice.casefold() for notice in _NOTICE.findall(description)}) < MIN_NOTICES:
        return None
    # Terms are often listed with semicolons.
    clauses = [clause for sentence in sentences_of(description) for clause in sentence.split(";")]
    rest = "\n".join(clause for clause in clauses if not _found(clause, "@terms"))
    is_mere_terms = len(_WORD.findall(rest)) <= MAX_BESIDE_TERMS * words and not _tells_of_work(rest)
    return REASONS["boilerplate"] if is_mere_terms else None


def refuse_unless_job(reads_as: str) -> None:
    """Refuse a requisition that Claude has read as something other than a job.

    Raises:
        GenerationRefused: it says what is missing.
    """
    if reads_as != "job":
        raise GenerationRefused(f"basic_description {REASONS.get(reads_as, REASONS['other'])}.")


def _is_code(text: str) -> bool:
    lines = [line[:MAX_CODE_LINE].strip() for line in text.splitlines() if line.strip()]
    marked = sum(_CODE_LINE.match(line) is not None and not _BULLET.match(line) for line in lines)
    return len(lines) >= MIN_CODE_LINES and marked >= 0.6 * len(lines)


def _is_verse(text: str) -> bool:
    """Whether a text consists of short lines that are not list items."""
    lines = [line for line in text.splitlines() if line.strip()]
    short = sum(len(line.split()) in VERSE_WORDS and not _BULLET.match(line) for line in lines)
    return len(lines) >= MIN_VERSES and short >= 0.8 * len(lines)


def _is_cv(text: str) -> bool:
    """Whether a text is a CV or a covering letter."""
    if _LETTER.search(text) and _ABOUT_ONESELF.search(text):
        return True
    if len(_TO_THE_READER.findall(text)) >= MIN_WORDS_TO_A_READER:
        return False
    headings = len({heading.casefold() for heading in _HEADING_OF_CV.findall(text)})
    phrases = sum(phrase in text.casefold() for phrase in _words("@person")[0])
    signs = min(max(headings, phrases), 3) + min(len(_YEARS.findall(text)), 2) + bool(_ADDRESS.search(text))
    return signs + bool(_ABOUT_ONESELF.search(text)) >= SIGNS_OF_A_CV


def _tells_of_work(text: str) -> bool:
    return bool(technologies_in(text)) or len(_found(text, "@work")) >= WORK_WORDS_NEEDED


def _speaks_to_candidates(text: str) -> bool:
    return len(_TO_THE_READER.findall(text)) >= MIN_WORDS_TO_A_READER and not _ABOUT_ONESELF.search(text)


def _found(text: str, kind: str) -> set[str]:
    """The entries of a class that a text contains."""
    whole, beginnings = _words(kind)
    found: set[str] = set()
    for word in {word.casefold() for word in _WORD.findall(text)}:
        if word in whole:
            found.add(word)
        longest = min(len(word), MAX_BEGINNING)
        found.update(word[:length] for length in range(3, longest + 1) if word[:length] in beginnings)
    return found


@lru_cache(maxsize=8)
def _words(kind: str) -> tuple[Collection[str], Collection[str]]:
    """The whole words of a class, and its prefixes."""
    entries = {entry for name, entries in read_table("work_words.txt") if name == kind for entry in entries}
    return (
        frozenset(entry for entry in entries if not entry.endswith("*")),
        frozenset(entry.removesuffix("*") for entry in entries if entry.endswith("*")),
    )
