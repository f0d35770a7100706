"""The form of an interview question: what a strict reader would send back before a candidate hears it.

All checks are deterministic and know English, German and Spanish; texts in other languages only get the checks that
need no vocabulary. When in doubt, a check finds nothing, because each violation costs a repair.

The rules follow research on structured interviews: one question in the same words for everybody, about behaviour at
work, scored against anchors that describe answers (Campion, Palmer and Campion 1997, "A review of structure in the
selection interview", Personnel Psychology 50).
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Iterator
from functools import lru_cache

from prompts import Criterion, InterviewQuestion
from techscreen.checks.criteria import criterion_violations
from techscreen.checks.entity_names import holds_name as holds_name  # noqa: PLC0414 - others import it from here
from techscreen.checks.findings import Violation
from techscreen.checks.prose import content_of, prose_of, words_of
from techscreen.checks.question_prompt import is_several, is_yes_no
from techscreen.checks.recall import is_recall, lacks_situation
from techscreen.text.language import Language, language_of
from techscreen.text.segments import sentences_of, without_code
from techscreen.text.similarity import trigram_similarity
from techscreen.text.tokens import words_in

# In words and in characters. The longest exemplars: question 117 words, label 5, description 17, follow-up 13, anchor
# 31. The limit in characters is for languages that put no spaces between words.
LONGEST: dict[str, tuple[int, int]] = {
    "question_text": (220, 1_800),
    "label": (8, 100),
    "description": (35, 300),
    "follow-up": (35, 300),
    "anchor": (70, 600),
}
MAX_CODE_LINES, CODE_LINES_ASKED = 30, 25
ANCHORS_ALIKE = 0.75
MIN_LEAKED_WORDS = 3


def form_violations(question: InterviewQuestion, names: Collection[str] = ()) -> list[Violation]:
    """What is wrong with the form of a question, its criteria, follow-ups and anchors.

    All violations are fatal. Any text is accepted.

    Args:
        question: the question.
        names: those of the employer, its products and people, which no question may contain.
    """
    language = language_of([question.question_text, *_other_texts(question)])
    return [
        *_ask_violations(question.question_text, language),
        *name_violations(question, names),
        *_length_violations(question),
        *criterion_violations(question, language),
        *_follow_up_violations(question, language),
        *_anchor_violations(question, language),
    ]


def _other_texts(question: InterviewQuestion) -> Iterator[str]:
    yield from (criterion.description for criterion in question.criteria)
    yield from question.follow_ups
    yield from _anchors(question).values()


def _anchors(question: InterviewQuestion) -> dict[str, str]:
    anchors = question.rating_anchors
    return {"low": anchors.low, "mid": anchors.mid, "high": anchors.high}


def _ask_violations(text: str, language: Language | None) -> Iterator[Violation]:
    if is_several(text, language):
        yield Violation(
            "one_ask",
            "question_text asks several things. Ask one, which a candidate can repeat from memory; the rest may go.",
        )
    elif is_yes_no(text, language):
        yield Violation(
            "yes_no",
            "question_text can be answered by yes or no. Ask how, what or why, or ask to be walked through it.",
        )
    elif is_recall(text, language):
        yield Violation(
            "trivia",
            "question_text asks for a definition or a fact that can be looked up. Describe a situation at work and ask what "
            "the candidate does in it.",
        )
    elif lacks_situation(text, language):
        yield Violation(
            "trivia",
            "question_text describes no situation. Give one with the constraints that force a decision, or ask for one real "
            "case.",
        )


# --------------------------------------------------------------------------------------- names


def name_violations(question: InterviewQuestion, names: Collection[str]) -> list[Violation]:
    """A violation for each place of a question that contains one of the names."""
    return [
        Violation("names", f"{place} names the employer, one of its products or a person; use a neutral word.")
        for place, text in places_of(question)
        if holds_name(text, names)
    ]


def places_of(question: InterviewQuestion) -> Iterator[tuple[str, str]]:
    """Every text of a question, with a name for its place."""
    yield "question_text", question.question_text
    for number, criterion in enumerate(question.criteria, start=1):
        yield f"criterion {number}", criterion.criterion
        yield f"description of criterion {number}", criterion.description
    for number, follow_up in enumerate(question.follow_ups, start=1):
        yield f"follow-up {number}", follow_up
    for name, anchor in _anchors(question).items():
        yield f"rating anchor {name}", anchor


# -------------------------------------------------------------------------------------- length


def _length_violations(question: InterviewQuestion) -> Iterator[Violation]:
    for place, text in places_of(question):
        limit = "label" if re.fullmatch(r"criterion \d+", place) else place.removeprefix("rating ").split(" ")[0]
        most_words, most_characters = LONGEST[limit]
        prose = without_code(text)[0] if limit == "question_text" else text
        words = len(prose.split())
        if words > most_words:
            yield Violation("length", f"{place} has {words} words; at most {most_words} are allowed. Say it in fewer.")
        elif len(prose) > most_characters:
            yield Violation(
                "length", f"{place} is too long: at most {most_characters} characters. Say it in fewer words."
            )
    lines = max((block.lines for block in without_code(question.question_text)[1]), default=0)
    if lines > MAX_CODE_LINES:
        yield Violation(
            "length", f"The code in question_text has {lines} lines. Show at most {CODE_LINES_ASKED} lines."
        )


# ---------------------------------------------------------------------------------- follow-ups


_LEADING: dict[Language, re.Pattern[str]] = {
    "en": re.compile(
        r"\b(?:why (?:not|(?:didn|don|wouldn)['’]t you)|(?:what|how) about (?:\w+ly )?(?:using|adding|putting|introducing"
        r"|trying|moving|switching|making|setting|having|creating|replacing|rewriting|applying|building|splitting|turning"
        r"|caching|batching|sharding|partitioning|indexing|locking|retrying|rolling|testing|monitoring|logging|alerting)"
        r"|what if you (?:simply |just )?(?:used|added|put|introduced|tried|moved|switched|had used|had added))\b",
        re.IGNORECASE,
    ),
    "de": re.compile(r"\b(?:warum nicht|wie wäre es mit)\b", re.IGNORECASE),
    "es": re.compile(r"\b(?:por qué no|qué tal si)\b", re.IGNORECASE),
}
# These are leading unless an open question word comes first: "What else did you consider?" suggests nothing.
_SUGGESTING: dict[Language, re.Pattern[str]] = {
    "en": re.compile(
        r"\b(?:(?:wouldn|shouldn|couldn|isn|aren|don|didn|won|doesn|haven|can)['’]t (?:you|it|that|this|there|the)"
        r"|(?:have|had|did|do|would) you (?:ever |also )?(?:consider|considered|think of|thought of|thought about"
        r"|think about|considering)(?! (?:any|anything|something|other|others|another|alternatives|more)\b))\b",
        re.IGNORECASE,
    ),
    "de": re.compile(
        r"\b(?:haben sie (?:auch )?(?:schon )?(?:an|daran|\w+ \w+ (?:bedacht|erwogen))|wäre es nicht|sollte\w* (?:man|sie) nicht"
        r"|würden sie nicht)\b|\b(?:bedacht|in betracht gezogen|daran gedacht)\s*\?",
        re.IGNORECASE,
    ),
    "es": re.compile(r"\b(?:no sería|no debería\w*|has? (?:considerado|pensado)|no cree\w*)\b", re.IGNORECASE),
}
# "When it is slow, wouldn't you ..." is not an open question: the clause of "when" ends at its comma.
_OPEN: dict[Language, re.Pattern[str]] = {
    "en": re.compile(r"\b(?:(?:what|which|how|who|whom|whose)\b|(?:when|where|why)\b[^,]*$)", re.IGNORECASE),
    "de": re.compile(
        r"\b(?:(?:was|welche\w*|wie|wer|wen|wem|wessen|worüber|woran|worauf|womit|wodurch|wofür|warum|weshalb|wieso)\b"
        r"|(?:wann|wo)\b[^,]*$)",
        re.IGNORECASE,
    ),
    "es": re.compile(r"\b(?:qué|cuál(?:es)?|cómo|cuándo|dónde|quién(?:es)?|cuánt[oa]s?)\b", re.IGNORECASE),
}

# Yes-or-no questions in form, but open in practice: "Would you do anything differently?", "Would that still hold at ten times the load?"
_HARMLESS: dict[Language, re.Pattern[str]] = {
    "en": re.compile(
        r"\b(?:anything|something|anyone|somebody|someone|anybody|any other|any part|any of|anywhere|others?|another|a part"
        r"|more|differently|alternatives|(?:see|notice|expect|anticipate|foresee|consider|think of) any"
        r"|(?:that|this|it|these|they) (?:all )?still|still (?:hold|work|apply|stand|(?:do|choose|say|make|take) (?:it|so|that|this|the same))"
        r"|your (?:answer|plan|approach|design|decision|view|advice|choice|order|priorities|estimate|first step) (?:\w+ )?"
        r"(?:change|differ|hold|stand|look|be|work)|(?:it|that|this) (?:change|matter|make a difference|work|help|hold))\b",
        re.IGNORECASE,
    ),
    "de": re.compile(
        r"\b(?:sonst|noch|etwas|jemand|irgend\w*|andere\w*|weitere\w*|anders|mehr|(?:das|dies) (?:auch|dann)"
        r"|ihr\w* (?:antwort|plan|vorgehen|entscheidung|entwurf))\b",
        re.IGNORECASE,
    ),
    "es": re.compile(
        r"\b(?:algo|alguien|alguna?|otr[oa]s?|más|además|eso|seguiría\w*|su (?:respuesta|plan|decisión|enfoque|diseño))\b",
        re.IGNORECASE,
    ),
}


def _is_leading(text: str, language: Language) -> bool:
    """Whether a follow-up suggests its answer."""
    for sentence in sentences_of(text):
        suggestion = _SUGGESTING[language].search(sentence)
        if _LEADING[language].search(sentence):
            return True
        if suggestion and not _OPEN[language].search(sentence, 0, suggestion.start()):
            return True
    return False


def _follow_up_violations(question: InterviewQuestion, language: Language | None) -> Iterator[Violation]:
    if language is None:
        return
    given = content_of(prose_of(question.question_text), language)
    for number, follow_up in enumerate(question.follow_ups, start=1):
        text = prose_of(follow_up)
        own = language_of([text]) or language  # a follow-up may be in another language than its question
        if _is_leading(text, own):
            yield Violation(
                "follow_up_neutral", f"follow-up {number} leads to an answer. Ask openly, naming no solution."
            )
        elif is_yes_no(text, own) and not _HARMLESS[own].search(text):
            yield Violation(
                "follow_up_neutral",
                f"follow-up {number} can be answered by yes or no. Begin it with how, what or which.",
            )
        elif any(_leaks(text, criterion, given, language) for criterion in question.criteria):
            yield Violation(
                "follow_up_neutral",
                f"follow-up {number} gives away what a criterion looks for. Make it fit any answer.",
            )


def _leaks(follow_up: str, criterion: Criterion, given: frozenset[str], language: Language) -> bool:
    """Whether a follow-up gives away words that only the criterion has, not the question."""
    told = content_of(follow_up, language) - _follow_up_words(language)
    label = content_of(criterion.criterion, language) - _follow_up_words(language)
    own = (label | content_of(criterion.description, language)) - given
    return (len(label) >= 2 and label <= told and bool(label - given)) or len(own & told) >= MIN_LEAKED_WORDS


@lru_cache(maxsize=4)
def _follow_up_words(language: Language) -> frozenset[str]:
    """Words that any follow-up may use without giving a criterion away, as in "Would you do anything differently?"."""
    return content_of(" ".join(words_of(f"{language} follow-up words")), language)


# ------------------------------------------------------------------------------------- anchors


def _anchor_violations(question: InterviewQuestion, language: Language | None) -> Iterator[Violation]:
    anchors = _anchors(question)
    for (one, first), (other, second) in itertools.combinations(anchors.items(), 2):
        if words_in(first) != words_in(second) and (
            trigram_similarity(first, second) >= ANCHORS_ALIKE or _differ_in_degree(first, second, language)
        ):
            yield Violation(
                "anchors_differ",
                f"rating anchors {one} and {other} say nearly the same. Say what each of these answers sounds like.",
            )
    if language is None:
        return
    for name, anchor in anchors.items():
        if set(words_in(anchor)) <= _praise(language) and words_in(anchor):
            sentence = (
                f"rating anchor {name} is mere praise or blame. Say what such an answer to this question sounds like."
            )
            yield Violation("anchors_differ", sentence)
        elif _COUNTED.search(anchor):
            sentence = f"rating anchor {name} counts criteria. Say what such an answer to this question sounds like."
            yield Violation("anchors_differ", sentence)


def _differ_in_degree(one: str, other: str, language: Language | None) -> bool:
    """Whether two anchors differ only in words of praise: "shows some understanding of data", "shows deep ..."."""
    if language is None:
        return False
    rest = set(words_in(one)) - _praise(language)
    return bool(rest) and rest == set(words_in(other)) - _praise(language)


@lru_cache(maxsize=4)
def _praise(language: Language) -> frozenset[str]:
    return frozenset(words_of(f"{language} praise only"))


_COUNT = (
    r"(?:\d+|no|two|three|four|five|six|seven|eight|nine|ten|most|few|fewer than \w+|all|some|half|several|many|none|at least \w+"
    r"|alle|keine|einige|wenige|die meisten|mindestens \w+|viele|todos|pocos|algunos|la mayoría|muchos|menos de \w+)"
    r"(?: ?(?:of|out of|von|der|de|-|–|/|to|bis|a) ?(?:\d+)?)?(?: (?:the|these|listed|den|der|los|las))*(?: \d+)?"
)
_MET = r"(?:meets?|covers?|ticks?|hits?|satisf(?:y|ies)|fulfils?|address(?:es)?|touch(?:es)?|achieves?|misses|erfüllt|deckt|trifft|cumple|cubre)"
# "Names two criteria for a rollback" is about the work, "Meets two criteria" about this list of criteria.
_COUNTED = re.compile(
    rf"(?:\b{_MET}\b[^.]{{0,20}}?\b|^\W*){_COUNT} (?:criteria|criterion|kriterien|criterios)\b"
    r"(?! (?:for|of|by|to|that|on|which|when|für|des|der|zum|zur|para|del?|con|que)\b(?! (?:this|the|diese\w*|die|esta|la) (?:question|answer|level|frage|pregunta)))"
    rf"|\b{_MET}\b[^.]{{0,20}}?\b\d+ ?(?:of|out of|/|von|de) ?(?:the )?\d+\b(?! (?!criteria|criterion|points|items|kriterien|punkten?|criterios|puntos)\w)",
    re.IGNORECASE,
)
