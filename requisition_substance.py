"""Whether a requisition tells enough of the work to interview for.

Two judges: here, without Claude, texts are refused that are certainly none (program code, a CV, a poem, mere terms),
before anything is stored or paid for; what is left in doubt Claude judges as it plans the topics. WORK inputs that
say something are enough, whatever the description is.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from functools import lru_cache
from typing import Final

from errors import GenerationRefused
from technology_mentions import technologies_in
from topic_words import read_table

TELL: Final = "tell what the person will do or deliver, or what the work needs"
REASONS: Final = {
    "code": f"reads as program code and not as a job description: {TELL}",
    "cv": "reads as a CV: describe the post to be filled, and not a person who could fill it",
    "boilerplate": f"tells of the employer or the terms alone: {TELL}",
    "other": f"tells nothing of any work: {TELL}",
}
# So much text without a word about work is no accident. Shorter ones are left to Claude.
ENOUGH_WORDS = 25
WORK_WORDS_NEEDED = 2
MOST_BESIDE_TERMS, FEWEST_NOTICES = 0.3, 2
FEWEST_CODE_LINES, LONGEST_CODE_LINE = 4, 200
FEWEST_WORDS_TO_A_READER, SIGNS_OF_A_CV = 2, 4
FEWEST_VERSES, VERSE_WORDS = 6, range(3, 12)

_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_SENTENCE_END = re.compile(r"(?<=[.!?;])\s+|\n+")
# Lines with the marks of code: a list of duties may end its lines with semicolons, too.
_CODE_LINE = re.compile(
    r"\s*(?:"
    + "|".join(
        (
            r"[\w.\[\]]+(?:: ?\w+)? ?[-+*/|&]?=[^=]",  # an assignment
            r"[\w.]+\([^)]*\)[;:]?$|.*\w\(.*\).*[;{]\s*$",  # a call
            r"[}\])]+[;,)]*\s*$|.*[{]\s*$",  # a block
            r"(?:def|class|if|elif|else|for|while|try|except|with|switch|case)\b.*:\s*$|(?:if|for|while|switch) ?\(",
            r"(?:import [\w.]+(?: as \w+)?;?|from [\w.]+ import .+|return [^ ]*;?|yield [^ ]*|#include .*|int \w+;)$",
            r"//|/\*|\*/|#!|@@ ",
            r"(?:SELECT|INSERT INTO|UPDATE|DELETE FROM|CREATE TABLE|ALTER TABLE|DROP TABLE) ",
            r"\"[\w .-]+\" ?: ?[\[{\"\dtfn]",  # JSON
            r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d",  # a log
        )
    )
    + ")"
)
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
# With fewer of these a text may be about a post whose work is terms: diversity, privacy, pensions.
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
    """Why no interview can be made from these texts, as the end of a sentence about the description.

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
    if words < ENOUGH_WORDS or not _is_in_a_known_language(description):
        return None
    if not _tells_of_work(description) and not _speaks_to_candidates(description):
        # Not all work is told in the words of our list: a nurse takes vital signs, a gardener prunes.
        return REASONS["other"] if _ABOUT_ONESELF.search(description) or _is_verse(description) else None
    if "lorem ipsum" in description.casefold():
        return REASONS["other"]
    if len({notice.casefold() for notice in _NOTICE.findall(description)}) < FEWEST_NOTICES:
        return None
    rest = "\n".join(sentence for sentence in _SENTENCE_END.split(description) if not _found(sentence, "@terms"))
    is_mere_terms = len(_WORD.findall(rest)) <= MOST_BESIDE_TERMS * words and not _tells_of_work(rest)
    return REASONS["boilerplate"] if is_mere_terms else None


def refuse_unless_job(reads_as: str) -> None:
    """Refuse what Claude has read as something else than a job.

    Raises:
        GenerationRefused: with what is missing.
    """
    if reads_as != "job":
        raise GenerationRefused(f"basic_description {REASONS.get(reads_as, REASONS['other'])}.")


def _is_code(text: str) -> bool:
    lines = [line[:LONGEST_CODE_LINE] for line in text.splitlines() if line.strip()]
    marked = sum(_CODE_LINE.match(line) is not None and not _BULLET.match(line) for line in lines)
    return len(lines) >= FEWEST_CODE_LINES and marked >= 0.6 * len(lines)


def _is_verse(text: str) -> bool:
    """Whether a text is set in short lines that are no list."""
    lines = [line for line in text.splitlines() if line.strip()]
    short = sum(len(line.split()) in VERSE_WORDS and not _BULLET.match(line) for line in lines)
    return len(lines) >= FEWEST_VERSES and short >= 0.8 * len(lines)


def _is_cv(text: str) -> bool:
    """Whether a text is a CV, or the letter that comes with one."""
    if _LETTER.search(text) and _ABOUT_ONESELF.search(text):
        return True
    if len(_TO_THE_READER.findall(text)) >= FEWEST_WORDS_TO_A_READER:
        return False
    headings = len({heading.casefold() for heading in _HEADING_OF_CV.findall(text)})
    phrases = sum(phrase in text.casefold() for phrase in _words("@person")[0])
    signs = min(max(headings, phrases), 3) + min(len(_YEARS.findall(text)), 2) + bool(_ADDRESS.search(text))
    return signs + bool(_ABOUT_ONESELF.search(text)) >= SIGNS_OF_A_CV


def _is_in_a_known_language(text: str) -> bool:
    words = [word.casefold() for word in _WORD.findall(text)]
    little = _words("@little")[0]
    return sum(word in little for word in words) >= 0.1 * len(words)


def _tells_of_work(text: str) -> bool:
    return bool(technologies_in(text)) or len(_found(text, "@work")) >= WORK_WORDS_NEEDED


def _speaks_to_candidates(text: str) -> bool:
    return len(_TO_THE_READER.findall(text)) >= FEWEST_WORDS_TO_A_READER and not _ABOUT_ONESELF.search(text)


def _found(text: str, kind: str) -> set[str]:
    """The entries of a class that a text holds."""
    whole, beginnings = _words(kind)
    found: set[str] = set()
    for word in {word.casefold() for word in _WORD.findall(text)}:
        if word in whole:
            found.add(word)
        found.update(word[:length] for length in range(3, len(word) + 1) if word[:length] in beginnings)
    return found


@lru_cache(maxsize=8)
def _words(kind: str) -> tuple[Collection[str], Collection[str]]:
    """The whole words of a class, and the beginnings that stand for many."""
    entries = {entry for name, entries in read_table("work_words.txt") if name == kind for entry in entries}
    return (
        frozenset(entry for entry in entries if not entry.endswith("*")),
        frozenset(entry.removesuffix("*") for entry in entries if entry.endswith("*")),
    )
