"""Whether an interviewer can tick the criteria of a question.

A criterion must be one thing (not compound), observable in the answer, distinct from the others, and must not restate
what the question already says.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from prompts import Criterion, InterviewQuestion
from techscreen.checks.findings import Violation
from techscreen.checks.prose import content_of, either, prose_of, reported, words_of
from techscreen.checks.question_prompt import asks_of
from techscreen.text.language import Language
from techscreen.text.segments import sentences_of
from techscreen.text.similarity import trigram_similarity, trigrams
from techscreen.text.tokens import words_in

# Descriptions with this trigram similarity may be near copies; no two in the exemplars have more than 0.4.
ALIKE = 0.5
COPIED = 0.85
MAX_VAGUE = 6
MIN_RESTATED_WORDS = 2
# A longer sentence may contain all words of a criterion and still say something else.
MAX_SENTENCE = 40
# The most words of praise or adverbs in a row that an expression tries, to stay linear.
MAX_OF_A_KIND = 5
# Texts that differ in more words are not copies of each other.
MAX_ENDINGS = 12


def criterion_violations(question: InterviewQuestion, language: Language | None) -> list[Violation]:
    """What is wrong with the criteria. If the language is not known, only near copies are found."""
    violations = []
    for number, criterion in enumerate(question.criteria, start=1):
        if language is not None:
            violations += _one(number, criterion, question.question_text, language)
    return violations + _near_copies(question.criteria, language)


def _one(number: int, criterion: Criterion, question: str, language: Language) -> list[Violation]:
    violations = []
    if is_compound(criterion.description, language):
        sentence = f"criterion {number} holds two findings. Keep the one that matters more, or make two criteria of it."
        violations.append(Violation("criterion_atomic", sentence))
    if is_unobservable(criterion.description, language) or is_unobservable(
        criterion.criterion, language, is_label=True
    ):
        sentence = (
            f"criterion {number} cannot be heard: it is about knowledge or a quality of the person. Word it as one thing "
            "that the answer says or does."
        )
        violations.append(Violation("criterion_observable", sentence))
    if restates(criterion.description, question, language):
        sentence = (
            f"criterion {number} only repeats what the question says or asks. Name something an answer adds to it."
        )
        violations.append(Violation("criterion_restates", sentence))
    return violations


# ---------------------------------------------------------------------------------- one finding


@lru_cache(maxsize=4)
def _second_finding(language: Language) -> re.Pattern[str]:
    if language == "en":
        clear, noun = either("en findings"), either("en noun findings")
        what = r"(?:the|a|an|it|them|how|what|which|whether|why|its|their|every|at least|one|out)\b"
        # In "queries the ORM issues" the word is a noun; in "partitions the table and ..." it is a verb, so a finding.
        plain_object = (
            r"(?:(?:it|them)\b|(?:the|a|an) [\w-]+(?=\s*(?:[.,;]|$|and\b|or\b|before\b|after\b|with\b|by\b|to\b)))"
        )
        return re.compile(
            rf"(?:[,;]|\band\b|\bor\b)\s+(?:and |or |also |and also )?"
            rf"(?:{clear}\s+{what}|{noun}\s+{plain_object}|{either('en verbs only')}\s+\w|rolls\s+back\b)",
            re.IGNORECASE,
        )
    if language == "de":
        what = r"(?:die|der|das|den|dem|ein|eine|einen|sie|ihn|es|wie|was|warum|welche\w*|ob|mindestens)\b"
        return re.compile(rf"(?:[,;]|\bund\b)\s+(?:und )?{either('de findings')}\s+{what}")
    what = r"(?:el|la|los|las|un|una|cómo|qué|por qué|cuál|si|al menos)\b"
    return re.compile(
        rf"(?:[,;]|\by\b|\be\b)\s+(?:y |también )?(?:{either('es findings')}\s+{what}|(?:la|lo|las|los)\s+"
        rf"{either('es findings')}\b)"
    )


@lru_cache(maxsize=4)
def _subordinate(language: Language) -> re.Pattern[str]:
    words = {
        "en": rf"\b{either('en subordinate')}\b|\b(?:who|how|what|why|whether|where)\b",
        "de": rf",\s+(?:(?:in|mit|bei|auf|an|von|zu|aus|für|nach|über|unter|durch) )?{either('de subordinate')}\b|,\s+(?:wie|was|wo|warum|wohin|womit|wann|wer|als|deren|dessen)\b",
        "es": r"\b(?:que|si|cuando|donde|quien|porque|para|sin|antes|después|aunque|cuyo|cuya|cómo|qué|por qué)\b",
    }
    return re.compile(words[language], re.IGNORECASE)


@lru_cache(maxsize=1)
def _statement() -> tuple[re.Pattern[str], re.Pattern[str]]:
    second = either("en second statements")
    what = r"(?:the|a|an|it|them|how|what|which|whether|why|its|their|one|two|at least|out)\b"
    return (
        re.compile(rf"\A\W*+{either('en statements')}\b", re.IGNORECASE),
        re.compile(rf"(?:[,;]|\band\b)\s+(?:and |also )?{second}\s+{what}", re.IGNORECASE),
    )


@lru_cache(maxsize=256)
def is_compound(description: str, language: Language) -> bool:
    """Whether a criterion asks for two findings, so that an answer may contain one without the other."""
    description = _PICKED.sub("", _reason(language).sub("", prose_of(description)))
    parts = [part for part in sentences_of(description) if len(words_in(part)) > 1]
    if len(parts) > 1 and sum(_begins_with_finding(part, language) for part in parts) > 1:
        return True
    statement, second_statement = _statement()
    if language == "en" and statement.match(description):
        # A statement may have many verbs; only something else that the answer does is a second finding.
        found = second_statement.search(description)
        return found is not None and not re.search(r"\b(?:who|which)\b", description[: found.start()])
    main = _subordinate(language).split(description, maxsplit=1)[0]
    found = _second_finding(language).search(description)
    return found is not None and found.start() < len(main)


@lru_cache(maxsize=4)
def _reason(language: Language) -> re.Pattern[str]:
    """Matches a reason given with a finding, which is no second one: "Rejects the rewrite for now and gives a reason"."""
    words = {
        "en": r",? and (?:(?:gives|states|names|says|offers|explains|adds) (?:(?:an?|the|one|its|their|two) )?(?:\w+ )?(?:why|reasons?|example)|says what decided it|justifies (?:it|them|this|that|the (?:choice|decision)))",
        "de": r",? und (?:begründet (?:es|das|dies|sie|ihn|(?:die|den|das) \w+)|(?:nennt|gibt) (?:einen|den|die) (?:\w+ )?(?:grund|gründe)(?: an)?|(?:sagt|erklärt),? (?:warum|weshalb))",
        "es": r",? y (?:dice|explica) por qué|,? y (?:da|nombra|menciona) (?:una|la|un|el) (?:razón|motivo)|,? y lo justifica",
    }
    return re.compile(
        rf"(?:{words[language]})(?: (?:for|dafür|para) [\w-]+(?: [\w-]+)?)?\s*+(?:[.!]\s*+)?$", re.IGNORECASE
    )


# "Picks one customer and follows the cart through the logs" is one step.
_PICKED = re.compile(
    r"^\W*(?:picks|takes|selects|chooses) (?:one|an?|a single) [^,;.]{1,60}? and (?=(?:follows|traces|tracks|replays)\b)",
    re.IGNORECASE,
)


def _begins_with_finding(sentence: str, language: Language) -> bool:
    return bool(re.match(rf"{either(f'{language} findings')}\b", sentence, re.IGNORECASE))


# -------------------------------------------------------------------------------- observable


@lru_cache(maxsize=4)
def _unobservable(language: Language) -> re.Pattern[str]:
    praise, qualities = either(f"{language} praise"), either(f"{language} qualities")
    parts = [rf"{either(f'{language} unobservable')}\b"]
    if language == "en":
        adjectives = rf"(?:(?:a|an|the|very|clear|real|some|{praise})\s+){{0,{MAX_OF_A_KIND}}}"
        skills = r"(?:[\w/+#.-]+\s+){0,3}"
        adverb = either("en vague adverbs")
        method = f"(?:{praise}|{either('en methodical')})"
        generic = (
            r"(?:\s++(?:(?:with|to|for|of|under|in)\s+)?(?:the\s+|their\s+|all\s+|any\s+)?(?:everyone|everybody|others|all|people|team|teams|stakeholders"
            r"|colleagues|interviewer|audience|pressure|stress|problems?|work|task|tasks|outcomes?|results?|issues?|problem[ -]solving"
            r"|design|debugging|situations?)){0,6}\W*$"
        )
        parts += [
            # "Shows a deep understanding of ...", "Has Kafka experience"
            rf"{either('en showing')}\s+{adjectives}(?:[\w/+#.-]+\s+)?(?!experience of\b){qualities}(?:$|[.,]|\s+(?:of|in|with|about|on|for|and|to)\b)",
            rf"{either('en showing')}\s+{adjectives}command of\b",
            # "Is confident and communicates well", "Seems proactive"
            rf"{either('en seeming')}\s+(?:very |always |highly )?{either('en traits')}(?:\W*$|,| (?:and|in|with|when|under|while|throughout)\b)",
            # "Has a structured approach", "Takes ownership of the problem"
            rf"{either('en having')}\s+(?:an?\s+)?(?:very\s+)?(?:{method}\s+){{1,2}}{either('en methods')}{generic}",
            rf"(?:takes|demonstrates|shows|has|displays)\s+(?:\w+\s+)?{either('en virtues')}{generic}",
            # "Communicates clearly and confidently with everyone"
            rf"{either('en vague verbs')}\s+(?:(?:everything|things|ideas|thoughts)\s+)?(?:very\s+)?{adverb}(?:\s*+(?:,?\s*+and|,)\s+{adverb}){{0,{MAX_OF_A_KIND}}}{generic}",
            # "Gives a clear explanation"
            rf"(?:gives|provides|offers|presents)\s+(?:an?\s+)?(?:very\s+)?{method}\s+(?:and\s+\w+\s+)?"
            r"(?:answer|explanation|response|solution|overview|reasoning)\W*$",
            # "Strong SQL skills", "Good communication"
            rf"(?:very\s+)?{praise}\s+(?:and\s+\w+\s+)?{skills}{qualities}\s*(?:$|[.,]|(?:skills|of|in|with|about|on)\b)",
        ]
    elif language == "de":
        parts += [
            rf"(?:hat |zeigt )?{praise}\s+(?:und \w+ )?(?:[\w/+#-]+[- ])??{qualities}\b",
            rf"(?:hat|zeigt)\s+(?:\w+ ){{0,2}}{qualities}\b",
        ]
    else:
        parts += [
            rf"(?:tiene |demuestra |muestra )?(?:muy )?{praise}\s+(?:\w+ )?{qualities}\b",
            rf"(?:tiene|demuestra|muestra)\s+(?:\w+ )?{qualities}\b",
            rf"{qualities}\s+(?:\w+ )?{praise}\b",
        ]
    return re.compile(r"\W*(?:" + "|".join(parts) + ")", re.IGNORECASE)


@lru_cache(maxsize=256)
def is_unobservable(text: str, language: Language, is_label: bool = False) -> bool:
    """Whether a criterion names knowledge or a quality instead of something that is said or done.

    "Says that both are good events" can be observed, "Understands events" cannot. "Shows awareness of cost by naming a
    saving" can: it names what is observed.
    """
    if _unobservable(language).match(text) and not re.search(r"\bby \w+ing\b|, such as\b", text):
        return True
    if not is_label and re.match(rf"\W*{either(f'{language} nominal')}\b", text, re.IGNORECASE):
        return True
    words = words_in(text)
    return (
        language == "en"
        and 1 < len(words) <= MAX_VAGUE
        and words[0] in _words("en vague verbs") - {"explains", "uses", "writes"}  # the thing said or done is named
        and words[-1] in _words("en vague adverbs")
        and not any(word in ("how", "that", "what", "why") for word in words)
    )


@lru_cache(maxsize=8)
def _words(name: str) -> frozenset[str]:
    return frozenset(words_of(name))


# ------------------------------------------------------------------------------------ distinct


def _near_copies(criteria: Sequence[Criterion], language: Language | None) -> list[Violation]:
    violations = []
    for number, criterion in enumerate(criteria, start=1):
        for earlier, other in enumerate(criteria[: number - 1], start=1):
            if _is_near_copy(criterion, other, language):
                sentence = (
                    f"criterion {number} looks for the same as criterion {earlier}. Replace one of them, so that each can be "
                    "met without the other."
                )
                violations.append(Violation("criterion_distinct", sentence))
                break
    return violations


def _is_near_copy(one: Criterion, other: Criterion, language: Language | None) -> bool:
    if _same_words(one.description, other.description):
        return False  # exact repetitions are found in answers.py
    if language is None:
        return _is_copied(one.description, other.description)
    first, second = _about(one.description, language), _about(other.description, language)
    if first == second and first:
        return True
    if (
        language != "en"
        and _differ_in_endings(first, second)
        and _could_be_copied(one.description, other.description, ALIKE)
    ):
        return True
    label = _about(one.criterion, language)
    return (
        bool(label) and label == _about(other.criterion, language) and not _same_words(one.criterion, other.criterion)
    )


@lru_cache(maxsize=256)
def _about(text: str, language: Language) -> frozenset[str]:
    return content_of(reported(text, language), language)


def _same_words(one: str, other: str) -> bool:
    return words_in(one) == words_in(other)


def _is_copied(one: str, other: str) -> bool:
    return _could_be_copied(one, other, COPIED) and trigram_similarity(one, other) >= COPIED


def _could_be_copied(one: str, other: str, part: float) -> bool:
    """Whether the trigrams of two texts are this similar. Comparing their numbers first is much quicker."""
    shorter, longer = sorted((len(trigrams(one)), len(trigrams(other))))
    return shorter >= part * longer and trigram_similarity(one, other) >= part


def _differ_in_endings(first: frozenset[str], second: frozenset[str]) -> bool:
    """Whether the words differ only in their endings; for languages that the stemmer does not know."""
    left, right = first - second, second - first
    if len(left) != len(right) or len(left) > MAX_ENDINGS or not first & second:
        return False
    return all(any(_is_form(word, other) for other in right) for word in left)


def _is_form(word: str, other: str) -> bool:
    shorter = min(len(word), len(other))
    common = shorter - 1 if shorter > 4 else shorter
    return shorter >= 4 and abs(len(word) - len(other)) <= 2 and word[:common] == other[:common]


# ------------------------------------------------------------------------------- not restated


@lru_cache(maxsize=4)
def _giving(language: Language) -> re.Pattern[str]:
    words = {
        "en": "has|gives|provides|presents|proposes|describes|includes|offers|outlines|names|mentions|states|says|explains",
        "de": "hat|gibt|nennt|beschreibt|erwähnt|erklärt|entwirft|liefert|sagt",
        "es": "tiene|da|nombra|menciona|describe|propone|presenta|explica|dice|incluye|ofrece",
    }
    return re.compile(rf"\W*(?:{words[language]})\b", re.IGNORECASE)


@lru_cache(maxsize=16)
def _ask_contents(question: str, language: Language) -> tuple[tuple[frozenset[str], ...], tuple[frozenset[str], ...]]:
    """The content words of each ask of a question, and those of each of its sentences."""
    asked = tuple(content_of(ask.text, language) for ask in asks_of(question, language))
    told = [sentence for sentence in sentences_of(prose_of(question)) if len(words_in(sentence)) <= MAX_SENTENCE]
    said = tuple(content_of(sentence, language) for sentence in told)
    return asked, said


def restates(description: str, question: str, language: Language) -> bool:
    """Whether one sentence of the question already asks for, or says, all that a criterion names."""
    found = _giving(language).match(description)
    if not found:
        return False
    about = content_of(description[found.end() :], language)
    asked, said = _ask_contents(question, language)
    if len(about) >= MIN_RESTATED_WORDS and any(about <= ask for ask in asked):
        return True
    return len(about) >= 2 * MIN_RESTATED_WORDS and any(about <= sentence for sentence in said)
