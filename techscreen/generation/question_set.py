"""The questions of one interview being made: which are ready, which are missing, and what a new one must not repeat.

Topics come in; questions are added from the library, from the cache, or as Claude writes them. Each new question goes
into the cache at once, because it is paid for.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from prompts import InterviewQuestion, InterviewTopic, WriteQuestion
from techscreen.checks.answers import may_be_asked, may_be_lent, question_violations
from techscreen.checks.confidential_words import Confidential
from techscreen.checks.entity_names import names_to_avoid
from techscreen.checks.findings import Severity, Violation
from techscreen.checks.markdown_safety import holds_markup
from techscreen.checks.questions import places_of, question_findings
from techscreen.errors import FieldProblem, LibraryLacks
from techscreen.generation.audit_log import AuditRow
from techscreen.generation.interview_task import QUESTIONS, InterviewTask
from techscreen.offline.catalogue import read_catalogue
from techscreen.offline.fitting import Fitting, fitting_to
from techscreen.quality.topic_choice import choose_topics
from techscreen.quality.wishes import Wishes
from techscreen.question_cache.earlier_questions import EarlierQuestions
from techscreen.question_cache.reservations import Reservations, ReservedQuestion
from techscreen.schemas.generation import RequestedView
from techscreen.storage.transactions import run_in_transaction
from techscreen.text.similarity import alike_question

# The most earlier questions of the requisition that are shown to Claude with a request for a new one, the newest, and
# how much of any question that it must not repeat.
MAX_EARLIER = 30
MAX_SHOWN_CHARACTERS = 300
# Topics of library questions that are tried where those planned are too few.
MAX_FURTHER = 12
# Topics of library questions that are tried for each thing that is wanted.
MAX_ABOUT = 2
NO_WISHES = Wishes()


@dataclass(frozen=True)
class ReadyQuestion:
    """A question that can be delivered.

    Attributes:
        cached_question_id: its row in the cache; None if the cache is off.
        repeats: an earlier question that it still asks again after it was sent back; None if there is none.
        reserved: what the library or the cache has lent; None if Claude has written it for this interview.
    """

    topic: InterviewTopic
    question: InterviewQuestion
    question_type: str
    cached_question_id: int | None
    repeats: str | None = None
    reserved: ReservedQuestion | None = None

    @property
    def topic_as_asked(self) -> InterviewTopic:
        """The topic, with the type of the question: a lent one may have another."""
        return self.topic.model_copy(update={"question_type": self.question_type})

    @property
    def fits_any_post(self) -> bool:
        """Whether it is a library question for any post."""
        return self.reserved is not None and self.reserved.fits_any_post

    @property
    def source(self) -> str:
        """Where it comes from: `generated` for this interview, or lent by the `cache` or the `library`."""
        if self.reserved is None:
            return "generated"
        return "library" if self.reserved.is_of_library else "cache"


class QuestionSet:
    """One question for each topic, by its place from 0.

    Attributes:
        names: of the employer, its products and people, which no question may contain.
        newer: topic and text of the questions in interviews stored by others meanwhile.
    """

    def __init__(
        self,
        task: InterviewTask,
        topics: Sequence[InterviewTopic],
        language: str,
        audit: AuditRow,
        reservations: Reservations,
        wishes: Wishes = NO_WISHES,
    ) -> None:
        self.language = language
        self.newer: Sequence[tuple[str, str]] = ()
        self._topics = topics
        self._audit = audit
        self._reservations = reservations
        self._progress = task.progress
        self._earlier = EarlierQuestions(text for _, text in task.source.earlier)
        self._requisition = task.source.requisition.fields()
        self._wishes = wishes
        self._answering: dict[str, str] = {}  # the topics of library questions about what was wanted
        in_topics = [text for topic in topics for text in (topic.topic, topic.facet, *topic.technologies)]
        self.names: Collection[str] = names_to_avoid(self._requisition, in_topics)
        self._ready: dict[int, ReadyQuestion] = {}
        self._in_cache: dict[int, list[str]] = {}  # texts that the cache has for the topics of missing questions

    @cached_property
    def confidential(self) -> Confidential:
        """What must not be lent to other requisitions. Computed on first use, usually while Claude works."""
        return Confidential(self._requisition)

    def in_order(self) -> list[ReadyQuestion]:
        """The questions in their order, once all are ready."""
        return [self._ready[place] for place in range(len(self._topics))]

    def missing(self) -> list[int]:
        """Places that have no question yet."""
        return [place for place in range(len(self._topics)) if place not in self._ready]

    def take_from_cache(self) -> None:
        """Add the questions that the library or the cache has for the topics."""
        for place, reserved in self._reservations.reserve_all(self._topics, self.language, avoid=self._earlier).items():
            if not self._may_take(reserved):
                self._reservations.release(reserved.cached_question_id)
                continue
            self._add(place, _lent(self._topics[place], reserved))

    def take_from_library_alone(self, planned: Sequence[InterviewTopic]) -> None:
        """Make the set of library questions: of the topics for which there is one, those that cover the most.

        Args:
            planned: all topics of the requisition, best first.

        Raises:
            LibraryLacks: if there are too few. All are given back.
        """
        if not self.missing():
            return
        served = {id(ready.topic): ready for ready in self._ready.values()}
        about = self._about_wishes()
        wanted = Wishes(must=tuple(topic for topics in about.values() for topic in topics))
        topics = wanted.candidates(planned)
        self._serve(topics, served)
        if len(served) < QUESTIONS:
            further = self._further_topics({topic.topic for topic in topics})
            self._serve(further, served)
            topics += further
        if len(served) < QUESTIONS:
            raise self._library_lacks(planned, served)
        topics = [topic for topic in topics if id(topic) in served]
        topics = choose_topics(
            topics,
            self._requisition,
            QUESTIONS,
            must=self._first_of_each(about, topics),
            first=self._wishes.parts,
            asked=self._wishes.asked,
            insists=self._wishes.insists,
        )
        chosen = [served.pop(id(topic)) for topic in topics]
        self._give_back(served.values())
        self._topics, self._ready = topics, {}
        for place, ready in enumerate(chosen):
            self._add(place, ready)

    def requested(self) -> list[RequestedView]:
        """What the caller has asked for, with the topics that are about it. Without Claude they are the library's."""
        return [
            each
            if each.topic is None
            else each.model_copy(update={"topic": self._answering.get(each.topic, each.topic)})
            for each in self._wishes.requested
        ]

    def _about_wishes(self) -> dict[str, list[InterviewTopic]]:
        """For each topic or part that is wanted, by its words, the topics of library questions about it."""
        texts = [
            *(topic.topic for topic in self._wishes.must),
            *(topic.work_items[0].part for topic in self._wishes.made if topic.work_items),
        ]
        if not texts:
            return {}
        fitting = self._fitting()
        return {text: fitting.about(text, MAX_ABOUT) for text in texts}

    def _first_of_each(
        self, about: Mapping[str, Sequence[InterviewTopic]], served: Sequence[InterviewTopic]
    ) -> list[InterviewTopic]:
        """For each wanted topic, one that there is a question for."""
        by_name = {topic.topic.casefold(): topic for topic in served}
        chosen: dict[str, InterviewTopic] = {}
        for wanted in self._wishes.must:
            names = [wanted.topic, *(topic.topic for topic in about[wanted.topic])]
            first = next((by_name[name.casefold()] for name in names if name.casefold() in by_name), None)
            if first is not None:
                chosen[first.topic] = first
                self._answering[wanted.topic] = first.topic
        return list(chosen.values())

    def _serve(self, topics: Sequence[InterviewTopic], served: dict[int, ReadyQuestion]) -> None:
        """Add the questions that the library has for topics, none like those that are served already."""
        unserved = [topic for topic in topics if id(topic) not in served]
        present = [text for _, text in self.newer] + [ready.question.compared_text for ready in served.values()]
        reserved = self._reservations.reserve_all(unserved, self.language, avoid=self._earlier.and_also(present))
        served |= {id(unserved[place]): _lent(unserved[place], each) for place, each in reserved.items()}

    def _further_topics(self, known: Collection[str]) -> list[InterviewTopic]:
        """Topics that nobody has planned, of library questions that fit the requisition."""
        further = self._fitting().topics(MAX_FURTHER, is_known_to_fit=True)
        return [topic for topic in further if topic.topic not in known]

    def _fitting(self) -> Fitting:
        lookup = self._reservations.lookup
        entries = run_in_transaction(lambda session: read_catalogue(session, lookup, self.language))
        return fitting_to(self._requisition, self.language, entries)

    def _library_lacks(self, planned: Sequence[InterviewTopic], served: Collection[int]) -> LibraryLacks:
        problems = [
            FieldProblem(
                f"interview_topics[{place}]",
                f"The library has no further question for “{topic.topic}” ({topic.skill_level}, {self.language}).",
            )
            for place, topic in enumerate(planned)
            if id(topic) not in served
        ]
        sentence = (
            f"The library has {len(served)} questions that fit and that this requisition does not have yet; "
            f"{QUESTIONS} are needed."
        )
        return LibraryLacks(sentence, details=problems)

    def _may_take(self, reserved: ReservedQuestion) -> bool:
        """Checked again: rules may be newer than the question, and a name may be an ordinary word where it was made.

        A library question is taken as the team has written it. What is found in it is reported.
        """
        if reserved.is_of_library:
            return True
        if reserved.is_private:
            return may_be_asked(reserved.question, self.language)
        question, topic = reserved.question, reserved.cached_topic
        return not self._is_confidential(question, topic) and may_be_lent(
            question, self.names, self.language, topic, reserved.question_type
        )

    def look_up_taken(self) -> None:
        """Look up which questions the cache has for the topics of missing ones: new ones must differ from them."""
        missing = self.missing()
        if missing:
            texts = self._reservations.taken_texts([self._topics[place] for place in missing], self.language)
            self._in_cache = dict(zip(missing, texts, strict=True))

    def request(self, place: int, *repeated: str) -> WriteQuestion:
        """What to ask Claude for a missing question.

        Args:
            repeated: a question that the last attempt has repeated.
        """
        earlier = [*(text for _, text in self.newer), *self._earlier.newest(MAX_EARLIER)][:MAX_EARLIER]
        taken = [*repeated, *earlier, *self._in_cache.get(place, [])]
        return WriteQuestion(
            self._topics[place],
            self.language,
            other_topics=tuple(other.topic for at, other in enumerate(self._topics) if at != place),
            taken=tuple(dict.fromkeys(text[:MAX_SHOWN_CHARACTERS] for text in taken)),
            opens=place == 0,
        )

    def violations(self, question_type: str, answer: InterviewQuestion) -> list[Violation]:
        """What is wrong with a question that Claude has written for this interview. Also called from other threads."""
        repeated = self._repeated_earlier(answer.compared_text)
        violations = question_violations(answer, self.names, self.language, question_type)
        if repeated is None:
            return violations
        shown = json.dumps(repeated[:MAX_SHOWN_CHARACTERS], ensure_ascii=False)
        sentence = (
            f"spoken_text asks the same as a question that exists already, which begins {shown}. "
            "Choose a different situation and a different ask."
        )
        return [*violations, Violation("repeated_question", sentence, Severity.TOLERABLE)]

    def repeated_by(self, text: str) -> str | None:
        """A question of this interview that is ready and asks the same."""
        return alike_question(text, (ready.question.compared_text for ready in self._ready.values()))

    def repeats(self) -> dict[int, str]:
        """The earlier questions that questions ask again although they were sent back, by the places of the latter."""
        return {place: ready.repeats for place, ready in self._ready.items() if ready.repeats is not None}

    def keep(self, place: int, question: InterviewQuestion) -> None:
        """Add a question that Claude has written, and store it in the cache with what has been spent so far."""
        topic = self._topics[place]
        repeats = self._repeated_earlier(question.compared_text)
        kept = self._reservations.keep(
            topic,
            self.language,
            question,
            only_here=self._is_private(question, topic),
            also=self._audit.save_spending,
        )
        if kept is not None:
            self._audit.spending_committed()
        self._add(place, ReadyQuestion(topic, question, topic.question_type, kept, repeats))

    def unfit(self, retired: Collection[int]) -> list[int]:
        """Places of questions that can no longer be used: retired, or repeating one of an interview stored meanwhile.

        One that was sent back for a repetition already stays.

        Args:
            retired: ids of cached questions.
        """
        newer = [text for _, text in self.newer]
        return [
            place
            for place, ready in self._ready.items()
            if ready.cached_question_id in retired
            or (ready.repeats is None and alike_question(ready.question.compared_text, newer) is not None)
        ]

    def general(self) -> list[int]:
        """The places of questions for any post that rest on nothing of the requisition."""
        ready = self._ready.items()
        return [place for place, each in ready if each.fits_any_post and not each.topic.work_items]

    def drop(self, places: Iterable[int]) -> None:
        """Remove questions and give them back."""
        self._give_back([self._ready.pop(place) for place in places])

    def _give_back(self, questions: Iterable[ReadyQuestion]) -> None:
        for ready in questions:
            if ready.cached_question_id is not None:
                self._reservations.release(ready.cached_question_id)

    def _repeated_earlier(self, text: str) -> str | None:
        """A question of an earlier interview, or of one stored meanwhile, that asks the same."""
        return alike_question(text, (newer for _, newer in self.newer)) or self._earlier.alike_to(text)

    def _is_confidential(self, question: InterviewQuestion, topic: str, technologies: Sequence[str] = ()) -> bool:
        """Whether it must not be lent: it reveals the requisition, or contains mark-up."""
        places = list(places_of(question))
        marked = [topic, *(place.text for place in places if place.is_markdown)]
        texts = [topic, *technologies, *(place.text for place in places)]
        return self.confidential.any_in(texts) or holds_markup(marked)

    def _is_private(self, question: InterviewQuestion, topic: InterviewTopic) -> bool:
        """Whether a new question is kept for its own requisition alone."""
        return self._is_confidential(question, topic.topic, topic.technologies) or self._has_findings(
            question, topic.question_type
        )

    def _has_findings(self, question: InterviewQuestion, question_type: str) -> bool:
        """Whether somebody should look at it before others get it. Its own requisition gets it with the findings."""
        return bool(question_findings(question, self.names, self.language, question_type))

    def _add(self, place: int, ready: ReadyQuestion) -> None:
        self._ready[place] = ready
        tokens_used = self._audit.spending.total_tokens
        self._progress.question_ready(place + 1, ready.topic.topic, ready.source, tokens_used)


def _lent(topic: InterviewTopic, reserved: ReservedQuestion) -> ReadyQuestion:
    lent_id = reserved.cached_question_id
    return ReadyQuestion(topic, reserved.question, reserved.question_type, lent_id, reserved=reserved)
