"""Answers prompts without Claude, from the library: which topics its questions have for a requisition.

A request comes in and is answered at once, for nothing. What needs a writer is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from typing import Any, TypeVar, cast, get_args

from pydantic import BaseModel

from config import Settings
from prompts import (
    EnhancedDescription,
    EnhanceDescription,
    InterviewTopic,
    PlannedTopics,
    PlanTopics,
    Request,
    SuggestCriteria,
)
from techscreen.checks.models import likeliest_language
from techscreen.claude.interface import Check, ClaudeAnswer, Deadline, Listener, OnSpending
from techscreen.errors import ClaudeNotConfigured, FieldProblem, LibraryLacks, Spending, TechScreenError
from techscreen.offline.catalogue import read_catalogue
from techscreen.offline.description import one_line, ordered_description
from techscreen.offline.fitting import Fitting, fitting_to, is_title_below_level
from techscreen.question_cache.keys import LIBRARY_VERSION
from techscreen.question_cache.lookup import CacheLookup
from techscreen.schemas.fields import MAX_SHORT_TEXT
from techscreen.schemas.generation import LIBRARY_MODEL
from techscreen.storage.transactions import run_in_transaction
from techscreen.text.language import Language, is_in_another_script
from techscreen.text.page import without_unseen, words_of
from techscreen.text.reading import read

T = TypeVar("T", bound=BaseModel)
Requisition = EnhanceDescription | PlanTopics

# Topics of a requisition; the best five make the interview, the others are offered in place of one.
TOPICS = 8
# Technologies that a note names.
MAX_UNASKED = 15
DEFAULT_LANGUAGE: Language = "en"
NAMES: dict[Language, str] = {"en": "English", "de": "German", "es": "Spanish"}
# How the description came to be, what was hidden in it, that questions are below the stated level, what is not asked.
NOTES: dict[Language, tuple[str, str, str, str]] = {
    "en": (
        "The description was put in order without Claude: nothing was reworded or added.",
        "Text that a page hides was left out of the description.",
        "The title names a lower level than basic_level: the questions are at that of the title.",
        "None of the questions found is about: {}.",
    ),
    "de": (
        "Die Beschreibung wurde ohne Claude geordnet: Es wurde nichts umformuliert oder ergänzt.",
        "Text, den eine Seite verbirgt, wurde aus der Beschreibung weggelassen.",
        "Der Titel nennt eine niedrigere Stufe als basic_level: Die Fragen sind auf der des Titels.",
        "Keine gefundene Frage handelt von: {}.",
    ),
    "es": (
        "La descripción se ha ordenado sin Claude: no se ha reescrito ni añadido nada.",
        "El texto que una página oculta se ha dejado fuera de la descripción.",
        "El título indica un nivel inferior a basic_level: las preguntas son del nivel del título.",
        "Ninguna pregunta encontrada trata de: {}.",
    ),
}
LOAD_STARTER = (
    "`flask --app app library load-starter` loads those of the service; in a host app it is"
    " `flask --app host techscreen library load-starter`."
)


class OfflineClaude:
    """Chooses topics that the library has questions for. Implements `techscreen.claude.interface.Claude`."""

    model = LIBRARY_MODEL
    prompt_version = LIBRARY_VERSION

    def __init__(self, settings: Settings) -> None:
        self._lookup = CacheLookup(self, settings, req_id="", use_library="only")

    def submit(
        self,
        request: Request[T],
        check: Check[T],
        deadline: Deadline,
        listener: Listener[T] | None = None,
        on_spending: OnSpending | None = None,
    ) -> Future[ClaudeAnswer[T]]:
        """Answer at once: the future is finished when it is returned, and nothing is spent.

        The future raises `LibraryLacks` if no question fits, and `ClaudeNotConfigured` if something must be written.
        """
        del check, deadline, on_spending  # library questions are taken as they are; the answer costs nothing
        answered: Future[ClaudeAnswer[T]] = Future()
        try:
            value = cast(T, self._answer(request))
        except TechScreenError as error:
            answered.set_exception(error)
            return answered
        if listener is not None:
            value = listener.settle(value)
        answered.set_result(ClaudeAnswer(value, Spending(attempts=0)))
        return answered

    def close(self) -> None:
        """There is nothing to release."""

    def _answer(self, request: Request[Any]) -> BaseModel:
        match request:
            case EnhanceDescription():
                language = _language_of(request)
                fitting = self._fitting(request, language)
                topics = self._topics(fitting, language)
                return EnhancedDescription(
                    language=language,
                    interview_topics=topics,
                    enhanced_title=one_line(words_of(request.basic_title))[:MAX_SHORT_TEXT],
                    enhanced_description=ordered_description(request, language),
                    notes_for_team=list(_notes(request, language, fitting.unasked(topics))),
                )
            case PlanTopics():
                language = _language_of(request)
                topics = self._topics(self._fitting(request, language), language)
                return PlannedTopics(language=language, interview_topics=topics)
            case SuggestCriteria():
                raise ClaudeNotConfigured("Only Claude suggests criteria, and here it is not asked.")
        raise ClaudeNotConfigured("The library has no question that fits, and Claude is not asked to write one.")

    def _fitting(self, request: Requisition, language: Language) -> Fitting:
        entries = run_in_transaction(lambda session: read_catalogue(session, self._lookup, language))
        if not entries:
            raise _lacks(f"The library has no questions in {NAMES[language]}. {LOAD_STARTER}")
        return fitting_to(request.fields(), language, entries)

    def _topics(self, fitting: Fitting, language: Language) -> list[InterviewTopic]:
        topics = fitting.topics(TOPICS)
        if not topics:
            named = fitting.unasked([])
            none_about = f" No question at this level is about: {', '.join(named[:MAX_UNASKED])}." if named else ""
            raise _lacks(
                f"The requisition reads as {NAMES[language]} and {fitting.level}, and no library question of that kind "
                f"fits it.{none_about} Say more of duties and deliverables, or add questions with such skills."
            )
        return topics


def _notes(requisition: EnhanceDescription, language: Language, unasked: Sequence[str]) -> Iterator[str]:
    """What the team should know."""
    in_order, unseen, lower_level, no_question = NOTES[language]
    yield in_order
    if any(without_unseen(text) != text for text in requisition.fields().values() if text):
        yield unseen
    if requisition.basic_level and is_title_below_level(requisition.fields()):
        yield lower_level
    if unasked:
        yield no_question.format(", ".join(unasked[:MAX_UNASKED]))


def _language_of(requisition: Requisition) -> Language:
    """The language of a requisition; English where it is not clear.

    Raises:
        LibraryLacks: if it is in another than the library can have questions in.
    """
    text = "\n".join(text for text in requisition.fields().values() if text)
    code = "another" if is_in_another_script(text) else likeliest_language(read(text)) or DEFAULT_LANGUAGE
    for language in get_args(Language):
        if language == code:
            return cast(Language, language)
    raise _lacks(
        "Without Claude, interviews are made in English, German and Spanish; this requisition is in another language."
    )


def _lacks(sentence: str) -> LibraryLacks:
    return LibraryLacks(sentence, details=[FieldProblem("basic_description", sentence)])
