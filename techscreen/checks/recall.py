"""Whether a question asks for facts that one knows by heart instead of what one does in a situation."""

from __future__ import annotations

import re

from techscreen.checks.prose import prose_of
from techscreen.checks.question_prompt import Ask, asks_of, is_behavioral
from techscreen.text.language import Language
from techscreen.text.segments import without_code
from techscreen.text.tokens import words_in

# A question with fewer words has no room for a situation ("How do you ensure quality?"). The shortest exemplar has 24.
MIN_WORDS = 15
MIN_SCENE_WORDS = 8

_STRONG_RECALL: dict[Language, re.Pattern[str]] = {
    "en": re.compile(
        r"\bstands? for\b|\bdefault (?:port|value|setting|isolation level|time-?out)\b.{0,300}\?$|^what(?:'s| is| are) the (?:default|"
        r"(?:exact )?(?:syntax|definition))\b|^define\b|\bdefinition of\b|^which (?:\w+ ){0,2}(?:flag|option|command|keyword|port"
        r"|annotation|method|parameter|function|switch|argument|status code|operator|file|version|year|class)s? (?:does|is|are"
        r"|was|sets?|enables?|shows?|lists?|introduced|do|returns?|creates?|starts?|deletes?|must be)\b(?! you\b)"
        r"|^(?:what|which) year\b|^in (?:which|what) (?:\w+ )?(?:version|release|year)\b|^rate yourself\b|\bshould we hire you\b|^who (?:invented|created|wrote|developed)\b|^(?:list|name) (?:the |all |three |four |five |two )*"
        r"(?:\w+ ){0,2}(?:types|kinds|differences|principles|pillars|properties|layers|phases|features|advantages|levels)\b",
        re.IGNORECASE,
    ),
    "de": re.compile(
        r"\bwofür steht\b|\bwas bedeutet die abkürzung\b|\bstandard-?port\b.{0,300}\?$|^definieren sie\b|\bdefinition von\b"
        r"|^(?:nennen sie|zählen sie) (?:die |alle |drei |vier |fünf |zwei )*(?:\w+ ){0,2}(?:arten|typen|unterschiede|prinzipien"
        r"|eigenschaften|schichten|phasen|vorteile|ebenen)\b|^welche[rns]? (?:\w+ ){0,2}(?:befehl|option|port|schalter) (?:ist|zeigt|setzt|wird)\b",
        re.IGNORECASE,
    ),
    "es": re.compile(
        r"\bqué significan? (?:la sigla|las siglas|el acrónimo)\b|\bpuerto (?:por defecto|predeterminado)\b|^\W*defin[ae]\b"
        r"|\bdefinición de\b|^\W*(?:enumer[ae]|nombr[ae]) (?:los |las |todos |todas |tres |cuatro )*(?:\w+ ){0,2}(?:tipos|diferencias"
        r"|principios|propiedades|capas|fases|ventajas|niveles)\b|^\W*en qué año\b",
        re.IGNORECASE,
    ),
}
_WEAK_RECALL: dict[Language, re.Pattern[str]] = {
    "en": re.compile(
        r"^what(?:'s| is| are| does| do)\b(?! you\b)|^which\b(?!.* you\b)|^how (?:does|do|is|are|many)\b(?! you\b)|\bdifferences? between\b"
        r"|^(?:explain|describe|tell me|list|name|compare) (?:me )?(?:what|how|why|the|an?|all|three|four|five|two)\b(?!.* you\b)"
        r"|^(?:list|name|define)\b",
        re.IGNORECASE,
    ),
    "de": re.compile(
        r"^was (?:ist|sind|bedeutet|macht)\b|^welche\b(?!.*\bsie\b)|^wie (?:funktioniert|viele|lautet)\b|\bunterschiede? zwischen\b"
        r"|^(?:erklären|nennen|erläutern|vergleichen) sie\b(?!.*\bwie sie\b)",
        re.IGNORECASE,
    ),
    "es": re.compile(
        r"^\W*qué (?:es|son|significa|hace)\b|^\W*cuál(?:es)? (?:es|son)\b|^\W*cómo funciona|\bdiferencias? entre\b"
        r"|^\W*(?:expli(?:que|ca)|enumer[ae]|nombr[ae]|compar[ae]) (?:qué|cómo|el|la|los|las)\b",
        re.IGNORECASE,
    ),
}


def is_recall(question: str, language: Language | None) -> bool:
    """Whether a question asks for a definition or a fact that can be looked up."""
    asks = asks_of(question, language)
    if language is None or not asks:
        return False
    if any(_STRONG_RECALL[language].search(ask.text.lstrip("¿ ")) for ask in asks):
        return True
    return (
        not _has_scene(question, asks, MIN_SCENE_WORDS)
        and all(ask.is_rider or _WEAK_RECALL[language].search(ask.text.lstrip("¿ ")) for ask in asks)
        and len(words_in(prose_of(question))) < 2 * MIN_WORDS
        and not is_behavioral(question, language)
    )


def lacks_situation(question: str, language: Language | None) -> bool:
    """Whether a question offers nothing to talk about: no situation, no code, no case of the candidate's own."""
    return (
        language is not None
        and len(words_in(prose_of(question))) < MIN_WORDS
        and not without_code(question)[1]
        and "…" not in prose_of(question)
        and not is_behavioral(question, language)
    )


def _has_scene(question: str, asks: list[Ask], fewest: int) -> bool:
    if without_code(question)[1] or "…" in prose_of(question):
        return True
    words = len(words_in(prose_of(question))) - sum(len(words_in(ask.text)) for ask in asks)
    return words >= fewest
