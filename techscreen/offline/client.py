"""Answers prompts without Claude, from the library: which topics its questions have for a requisition.

A request comes in and is answered at once, for nothing. What needs a writer is refused.
"""

from __future__ import annotations

from concurrent.futures import Future
from typing import Any, TypeVar, cast, get_args

from pydantic import BaseModel

from config import Settings
from prompts import EnhancedDescription, EnhanceDescription, InterviewTopic, PlannedTopics, PlanTopics, Request
from techscreen.claude.interface import Check, ClaudeAnswer, Deadline, Listener, OnSpending
from techscreen.errors import ClaudeNotConfigured, FieldProblem, LibraryLacks, Spending, TechScreenError
from techscreen.offline.catalogue import read_catalogue
from techscreen.offline.description import one_line, ordered_description
from techscreen.offline.fitting import fitting_topics
from techscreen.question_cache.keys import LIBRARY_VERSION
from techscreen.question_cache.lookup import CacheLookup
from techscreen.schemas.fields import MAX_SHORT_TEXT
from techscreen.schemas.generation import LIBRARY_MODEL
from techscreen.storage.transactions import run_in_transaction
from techscreen.text.language import Language, any_language_of

T = TypeVar("T", bound=BaseModel)
Requisition = EnhanceDescription | PlanTopics

# Topics of a requisition; the best five make the interview, the others are offered in place of one.
TOPICS = 8
DEFAULT_LANGUAGE: Language = "en"
NAMES: dict[Language, str] = {"en": "English", "de": "German", "es": "Spanish"}
NOTES: dict[Language, str] = {
    "en": "Put in order without Claude: nothing was reworded, added or left out.",
    "de": "Ohne Claude geordnet: Es wurde nichts umformuliert, ergänzt oder weggelassen.",
    "es": "Ordenado sin Claude: no se ha reescrito, añadido ni omitido nada.",
}


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
                return EnhancedDescription(
                    language=language,
                    interview_topics=self._topics(request, language),
                    enhanced_title=one_line(request.basic_title)[:MAX_SHORT_TEXT],
                    enhanced_description=ordered_description(request, language),
                    notes_for_team=[NOTES[language]],
                )
            case PlanTopics():
                language = _language_of(request)
                return PlannedTopics(language=language, interview_topics=self._topics(request, language))
        raise ClaudeNotConfigured("The library has nothing that fits, and there is no Claude to write it.")

    def _topics(self, request: Requisition, language: Language) -> list[InterviewTopic]:
        entries = run_in_transaction(lambda session: read_catalogue(session, self._lookup, language))
        if not entries:
            command = "flask --app app library load-starter"
            raise _lacks(f"The library has no questions in {NAMES[language]}. `{command}` loads those of the service.")
        topics = fitting_topics(request.fields(), language, entries, TOPICS)
        if not topics:
            raise _lacks(
                f"None of the library's {len(entries)} questions in {NAMES[language]} fits this requisition: "
                "name duties, deliverables and technologies."
            )
        return topics


def _language_of(requisition: Requisition) -> Language:
    """The language of a requisition; English where it is not clear.

    Raises:
        LibraryLacks: if it is in another than the library can have questions in.
    """
    code = any_language_of(text for text in requisition.fields().values() if text)
    if code is None:
        return DEFAULT_LANGUAGE
    for language in get_args(Language):
        if language == code:
            return cast(Language, language)
    raise _lacks(
        "Without Claude, interviews are made in English, German and Spanish; this requisition is in another language."
    )


def _lacks(sentence: str) -> LibraryLacks:
    return LibraryLacks(sentence, details=[FieldProblem("basic_description", sentence)])
