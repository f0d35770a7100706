"""What a question asks for: one thing or several, and whether it can be answered by yes or no."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from functools import lru_cache

from techscreen.checks.prose import either, prose_of
from techscreen.text.language import Language
from techscreen.text.segments import sentences_of
from techscreen.text.tokens import words_in

MAX_RIDER_WORDS = 9
# A second clause this short can be repeated from memory together with the first: "and how would you check that it helped".
MAX_SECOND_WORDS, MAX_FIRST_WORDS = 9, 24

_MARK = re.compile(r"[?？؟][)\]…\"”]*$")
_NUMBERED = re.compile(r"(?:^|(?<=[\s:]))(?:\(?[1-9a-h]\)|[1-9]\.|[-*•–])\s+", re.MULTILINE)
_ITEM = re.compile(r"(?:(?<!\s)\s++)?[,;]\s*(?:and\s+|or\s+|then\s+|and then\s+)?|(?<!\s)\s++and\s+(?:then\s+)?")
_MORE_WHY = re.compile(r"\b(?:and|or) (?:why|how|what|which|when|where)\b|\bwhy not\b|[,;–—] (?:why|how so)\b")
_CHOICE = re.compile(r"\bor (?!not\b)|\brather than\b")
_EXPERIENCE = re.compile(
    r"have you\b|(?:do|did) you (?:ever|know|have)\b|are you (?:familiar|aware|able)\b", re.IGNORECASE
)

_TWO_CLAUSES: dict[Language, re.Pattern[str]] = {
    # "How would you X and how would you Y?", but not "..., which is the only record" nor "... and why?"
    "en": re.compile(
        r"(?:,|;|\band|\bor|\bthen)\s+(?:and |or |then |also )?(?:"
        r"(?:how|what|why|how (?:many|much|long|often)) (?:would|do|did|does|will|should|could|can|is|are|was|were|have|has)"
        r" (?:you|your|the|it|this|that|they|we|there)"
        r"|(?:when|where|who|which|what)(?: \w+){0,2} (?:would|do|did|will|should|could|can) you)\b",
        re.IGNORECASE,
    ),
    "de": re.compile(
        r"(?:,|;|\bund|\boder)\s+(?:und |oder )?(?:wie|was|warum|weshalb|womit|wann|wo|welche\w*(?: \w+)?) "
        r"(?:würden|werden|haben|hatten|hätten|tun|täten|machen|gehen|können|könnten|sollten|stellen|sichern|testen|prüfen)"
        r" Sie\b",
        re.IGNORECASE,
    ),
    "es": re.compile(
        r"(?:,|;|\by|\be|\bo)\s+(?:y )?(?:cómo|qué|cuál|dónde|cuándo)(?: (?:lo|la|los|las|se))? \w+rías?\b",
        re.IGNORECASE,
    ),
}
# What has to come before a second clause, in this order. "If it failed, what would you do?" has only one clause, and
# "say what is wrong and how you would repair it" is one ask about one thing.
_FIRST_CLAUSE: dict[Language, tuple[re.Pattern[str], re.Pattern[str]]] = {
    "en": (
        re.compile(r"\b(?:how|what|why|which|when|where|who)\b", re.IGNORECASE),
        re.compile(r"\b(?:would|do|did|will|should|could|can|have) you\b", re.IGNORECASE),
    ),
    "de": (
        re.compile(r"\b(?:wie|was|warum|weshalb|womit|wann|wo|welche\w*)\b", re.IGNORECASE),
        re.compile(r" Sie\b", re.IGNORECASE),
    ),
    "es": (
        re.compile(r"\b(?:cómo|qué|cuál|dónde|cuándo)\b", re.IGNORECASE),
        re.compile(r"(?<=\w)rías?\b", re.IGNORECASE),
    ),
}
# In a past case, the outcome is part of the story.
_OUTCOME = re.compile(
    r"\bwhat (?:was|were) the (?:outcome|result|effect)s?\b|\bwhat (?:did you|have you) learn", re.IGNORECASE
)
_EMBEDDED = re.compile(r"\b(?:how|what|why|where|which(?: \w+)?) (?:you|you'd)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Ask:
    """A sentence that asks for something; `place` is its index among the sentences of the question."""

    place: int
    text: str
    is_question: bool
    is_yes_no: bool
    is_rider: bool


def asks_of(question: str, language: Language | None) -> list[Ask]:
    """The sentences of a question that ask for something, without code and quoted words.

    A question is recognised by its mark in every language, an imperative ("Walk me through ...") only in languages
    that have vocabulary.
    """
    return list(_asks(question, language))


@lru_cache(maxsize=256)
def _asks(question: str, language: Language | None) -> tuple[Ask, ...]:
    found = []
    for place, sentence in enumerate(sentences_of(prose_of(question))):
        bare = _without_politeness(
            _NUMBERED.sub("", sentence, count=1) if _NUMBERED.match(sentence) else sentence, language
        )
        is_question = bool(_MARK.search(sentence)) and len(words_in(sentence)) > 0
        if is_question or _is_imperative(bare, language):
            polite = bare != sentence and _is_imperative(bare, language)
            yes_no = is_question and not polite and _is_yes_no(bare, language)
            found.append(Ask(place, bare, is_question, yes_no, _is_rider(bare, language)))
    return tuple(found)


def is_several(question: str, language: Language | None) -> bool:
    """Whether a question asks for several things, so that no candidate can repeat it from memory."""
    asks = _without_scene(asks_of(question, language))
    if sum(ask.is_question for ask in asks) > 1:
        return True
    if language is None:
        return False
    if _has_numbered_parts(question, language):
        return True
    asking = [ask for ask in asks if not ask.is_rider]
    # "Tell me about a time when it went wrong. What did you do?" is one story.
    is_story = len(asking) == 2 and asking[1].is_question and is_behavioral(question, language)
    if len(asking) > 1 and not is_story:
        return True
    return any(_is_several_in_one(ask, question, language) for ask in asks)


def _without_scene(asks: list[Ask]) -> list[Ask]:
    """The asks without a question that belongs to the scene: "Is the cache to blame? The team is divided. How do you ..."."""
    return [
        ask
        for ask, following in itertools.zip_longest(asks, asks[1:])
        if following is None or not ask.is_yes_no or following.place == ask.place + 1
    ]


def is_yes_no(question: str, language: Language | None) -> bool:
    """Whether everything that is asked can be answered by yes or no."""
    asks = [ask for ask in asks_of(question, language) if ask.is_question or not ask.is_rider]
    return bool(asks) and all(ask.is_yes_no for ask in asks)


def is_behavioral(question: str, language: Language) -> bool:
    """Whether a question asks for a case from the candidate's own experience."""
    return bool(re.search(rf"\b{either(f'{language} behavioral')}\b", prose_of(question), re.IGNORECASE))


@lru_cache(maxsize=4)
def _imperative(language: Language) -> re.Pattern[str]:
    verbs, after = either(f"{language} ask verbs"), either(f"{language} after ask verbs")
    lead_in = r"\W*+(?:(?:please|then|now|finally|next|also|and|bitte|dann|nun|por favor|luego|después)\b,?\s*)*"
    return re.compile(
        rf"{lead_in}(?:(?:{either(f'{language} ask')})\b|{verbs}(?::|(?: (?:me|us))? {after}\b))", re.IGNORECASE
    )


def _is_imperative(sentence: str, language: Language | None) -> bool:
    return language is not None and _imperative(language).match(sentence) is not None


@lru_cache(maxsize=4)
def _politeness(language: Language) -> re.Pattern[str]:
    """Matches what comes before the verb of a polite ask."""
    starts = {
        "en": r"(?:(?:can|could|would|will) you(?: please| briefly)?|would you mind|please)\s+",
        "de": r"(?:können|könnten|würden|möchten) sie\b",
        "es": r"¿?(?:puede|podría|podrías|puedes)\s+(?:usted )?",
    }[language]
    if language == "de":  # the verb stands at the end
        return re.compile(rf"\W*+{starts}(?=.*\b{either('de polite')}\b)", re.IGNORECASE)
    return re.compile(
        rf"\W*+{starts}(?={either(f'{language} polite')}\b|walking|talking|taking|describing)", re.IGNORECASE
    )


def _without_politeness(sentence: str, language: Language | None) -> str:
    """ "Can you walk me through ..." as "walk me through ..."; in German a verb is put in front."""
    if language is None:
        return sentence
    found = _politeness(language).match(sentence)
    if not found:
        return sentence
    rest = sentence[found.end() :].strip()
    if language == "de":
        return f"beschreiben Sie {rest}"
    return f"describa {rest}" if language == "es" else rest


@lru_cache(maxsize=4)
def _yes_no(language: Language) -> re.Pattern[str]:
    opening = either(f"{language} yes no")
    if language == "en":
        start = r"(?:^(?:(?:and|but|so|now|then|in your opinion|in your view),?\s+)?|[:;–—]\s+)"
        lead_in = r"^(?:if|given|when|in|with|after|before|at|as|under|assuming|suppose|supposing|knowing|considering|looking|based|for|during)\b[^?]*,\s+(?:then\s+)?"
        # At the beginning of a question, any word after "Are" is a subject.
        return re.compile(rf"^{opening} (?=\w)|(?:{start}|{lead_in}){opening} {either('en subjects')}\b", re.IGNORECASE)
    lead_in = r"^(?:wenn|falls|angenommen|nach|bei|in|mit|vor|unter)\b[^?]*,\s+(?:dann\s+)?"
    return re.compile(
        rf"(?:^(?:und |aber |also )?|[:;–—]\s+|{lead_in}){opening} (?:sie|es|das|der|die|den|ein|eine|man|dies\w*|diese\w*|hier|jemand|ihnen|ihr|ihre)\b",
        re.IGNORECASE,
    )


def _is_yes_no(sentence: str, language: Language | None) -> bool:
    if language is None:
        return False
    if language == "es":
        return _is_spanish_yes_no(sentence)
    found = _yes_no(language).search(sentence)
    if not found:
        return False
    rest = sentence[found.start() :]
    if language == "de":
        return not re.search(r"\boder\b|\bund (?:warum|wie|weshalb|was)\b", rest)
    if _MORE_WHY.search(rest.lower()):
        return False
    return bool(_EXPERIENCE.match(rest)) or not _CHOICE.search(rest.lower())


def _is_spanish_yes_no(sentence: str) -> bool:
    clause = sentence.rpartition("¿")[2].lower()
    open_words = either("es interrogatives")
    unaccented = r"(?:a |de |con |en |por |para )?(?:como|que|cual|cuando|donde|por que|quien|cuanto)\b"
    if re.search(rf"\b{open_words}\b", clause) or re.match(unaccented, clause.strip()):
        return False
    return not re.search(r"\b[ou] (?!no\b)", clause)


def _is_rider(sentence: str, language: Language | None) -> bool:
    words = words_in(sentence)
    if language is None or len(words) > MAX_RIDER_WORDS or sentence.endswith("?"):
        return False
    on_the_board = re.match(r"\W*(?:sketch|draw)\b.*\b(?:whiteboard|board|paper)\b", sentence, re.IGNORECASE)
    return bool(on_the_board or re.search(rf"\b{either(f'{language} riders')}\b", sentence.lower()))


def _has_numbered_parts(question: str, language: Language) -> bool:
    """Whether two numbered parts ask something, or there are any two after an ask that ends in a colon."""
    prose = prose_of(question)
    places = [mark.end() for mark in _NUMBERED.finditer(prose)]
    if len(places) < 2:
        return False
    words = {
        "en": "how|what|why|which|when|where|who",
        "de": "wie|was|warum|welche\\w*|wann|wo|wer",
        "es": "¿?(?:cómo|qué|cuál|por qué|cuándo|dónde)",
    }[language]
    opening = re.compile(rf"(?:{words})\b", re.IGNORECASE)
    asking = sum(
        bool(opening.match(prose, place) or _imperative(language).match(prose, place)) for place in places[:20]
    )
    if asking >= 2:
        return True
    head = prose[: places[0]].rstrip(" \n\t(1a).-*•–")
    return head.endswith(":") and any(_is_imperative(part, language) for part in sentences_of(head)[-1:])


def _is_several_in_one(ask: Ask, question: str, language: Language) -> bool:
    clauses = [found.start() for found in _TWO_CLAUSES[language].finditer(ask.text)] if ask.is_question else []
    if clauses and _OUTCOME.search(ask.text) and is_behavioral(question, language):
        clauses.pop()
    first = _first_clause(ask.text, clauses[-1], language) if clauses else None
    if first is not None and (len(clauses) > 1 or not _is_short_pair(ask.text, first, clauses[-1], language)):
        return True
    if language == "es":
        return len(re.findall(r"\b\w+[aei]ría[sn]?\b", ask.text)) >= 3 and ask.is_question
    if language == "de":
        return _german_tasks(ask.text) >= 3
    if len(_EMBEDDED.findall(ask.text)) >= 3 and not is_behavioral(question, language):
        return True
    return _english_tasks(ask.text) >= 3 or _imperatives(ask.text) >= 3


def _first_clause(text: str, end: int, language: Language) -> int | None:
    """Where a clause that asks something begins before this place, or None."""
    word, ask = _FIRST_CLAUSE[language]
    begun = word.search(text, 0, end)
    return begun.start() if begun and ask.search(text, begun.end(), end) else None


def _is_short_pair(text: str, start: int, second_start: int, language: Language) -> bool:
    """Whether two clauses make one ask: "What would you do first, and what would you leave for later?"."""
    first, second = text[start:second_start], text[second_start:]
    tasks = _german_tasks if language == "de" else _english_tasks
    return (
        max(tasks(first), tasks(second)) < 2
        and len(words_in(first)) <= MAX_FIRST_WORDS
        and len(words_in(second)) <= MAX_SECOND_WORDS
    )


@lru_cache(maxsize=1)
def _task_patterns() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    start = re.compile(
        r"\b(?:how|what steps|which steps|where) (?:would|do|did|will|should|could|can) (?:you|we|one)\s+|\bhow (?:you would|you'd|you will|to)\s+",
        re.IGNORECASE,
    )
    task = re.compile(rf"(?:\w{{1,30}}ly )?{either('en tasks')}\b(?! of\b)", re.IGNORECASE)
    return start, re.compile(rf"\b{either('en subordinate')}\b", re.IGNORECASE), task


def _english_tasks(sentence: str) -> int:
    """How many tasks follow "How would you": in "design it, secure it, test it and migrate" there are four."""
    start, subordinate, task = _task_patterns()
    found = start.search(sentence)
    if not found:
        return 0
    rest = subordinate.split(sentence[found.end() :], maxsplit=1)[0]
    return sum(bool(task.match(item)) for item in _ITEM.split(rest))


def _imperatives(sentence: str) -> int:
    verbs, after = either("en ask verbs"), either("en after ask verbs")
    pattern = rf"(?:^(?:please )?|[,;]\s+(?:and |then |and then )?|\band (?:then )?){verbs}(?: me)? {after}\b"
    return len(re.findall(pattern, sentence, re.IGNORECASE))


def _german_tasks(sentence: str) -> int:
    """The infinitives in a row after "Wie würden Sie"."""
    found = re.search(r"\b(?:würden|werden|können|sollten|wollen|möchten) sie\b", sentence, re.IGNORECASE)
    if not found:
        return 0
    subordinate = rf"\b{either('de subordinate')}\b(?! \w+,)"
    pieces = re.split(r"(?:(?<!\s)\s++)?,\s*|(?<!\s)\s++(?:und|sowie)\s+", sentence[found.end() :].rstrip("? "))
    kept = []
    for number, piece in enumerate(pieces):
        if number and re.match(rf"(?:{subordinate})\s", piece):
            break
        kept.append(piece)
    return sum(bool(re.search(r"(?:^|\s)[a-zäöüß]{3,}(?:en|ern|eln)$", piece)) for piece in kept)
