"""Which library questions fit a requisition: its texts and the catalogue come in, topics go out, the best first.

A question fits a part of the requisition if the part names one of its technologies, or if they share telling words
(`words.py`). Of those that fit, the ones are chosen that together are about the most.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import get_args

from prompts import WORK_FIELDS, InterviewTopic, SkillLevel, WorkItem
from techscreen.checks.requisition_quotes import sound_quotes
from techscreen.checks.stated_level import LEVELS, lowest_in_title, stated_level
from techscreen.offline.catalogue import Entry
from techscreen.offline.negation import without_negated
from techscreen.offline.words import EXACT, PHRASE, words_of
from techscreen.quality.work_items import work_parts
from techscreen.text.language import Language
from techscreen.text.page import plain_words_of, without_unseen
from techscreen.text.reading import without_markup
from techscreen.text.similarity import stems_in
from techscreen.topics.technology_mentions import (
    canonical_name,
    technologies_as_written,
    technologies_given,
    technologies_listed,
)

_TAG = re.compile(r"</?[a-z][^<>]{0,200}>", re.IGNORECASE)
DEFAULT_LEVEL: SkillLevel = "Intermediate"
# How much a part of a field says about the post. Lists of tools and traits have many parts, and each says little.
FIELD_WEIGHTS = {
    "basic_title": 4.0,
    "work_output": 3.0,
    "work_role": 3.0,
    "work_knowledge": 2.0,
    "work_competencies": 2.0,
    "basic_description": 1.0,
}
# What a question counts less that is for other posts, if the library has some for posts of this title.
OTHER_POST = 0.45
# The fewest parts that such a question must be about, unless it needs a technology that the requisition names.
FEWEST_ELSEWHERE = 2
# A part with more stems than this says too many things for its words to tell what it is about.
MAX_STEMS = 25
# What a part of the description counts where there are WORK inputs.
BESIDE_WORK = 0.3
# How much less a part counts that one chosen question is about already.
AGAIN = 10
# What it counts that a question is close to the whole requisition.
CLOSENESS = 1.0
# The questions of an interview; among them should be one about work with others.
QUESTIONS = 5
WITH_OTHERS, HANDS_ON = frozenset({"behavioral", "situational"}), frozenset({"coding", "debugging"})
# What a question one level easier counts less; or one harder, where the requisition states no level.
OTHER_LEVEL = 0.6
# What a team's own question counts more than one of the starter library.
OWN = 1.5
MAX_QUOTES = 8
# The most stems of a part of the description that is quoted: in a longer sentence the words may mean something else.
BRIEF = 8


@dataclass(frozen=True)
class _Part:
    """A part of the requisition, with what it is about."""

    item: WorkItem | None  # None for what cannot be quoted
    field: str
    stems: frozenset[str]
    technologies: frozenset[str]


@dataclass(frozen=True)
class _Fit:
    """How well a question fits: how much each part, by its place, is about it, and how close it is to the whole.

    Attributes:
        is_special: whether it is about something that not every post has, such as teamwork.
        share: what counts of its worth.
    """

    entry: Entry
    parts: Mapping[int, float]
    closeness: float
    is_special: bool
    share: float = 1.0


class Fitting:
    """Chooses questions for one requisition.

    Args:
        requisition: its texts by field.
        language: of the requisition and of the entries.
        entries: the library questions in that language.
    """

    def __init__(self, requisition: Mapping[str, str | None], language: Language, entries: Sequence[Entry]) -> None:
        self._entries = entries
        self._language = language
        self._level, self._is_stated = _level_of(requisition)
        self._words = words_of(tuple(entries), language)
        self._parts = list(_parts_of(requisition, language))
        self._title = frozenset(place for place, part in enumerate(self._parts) if part.field == "basic_title")
        self._has_work = any(part.field in WORK_FIELDS for part in self._parts)
        seen = (plain_words_of(text) for text in requisition.values() if text)
        whole = "\n".join(map(without_negated, seen))
        self._technologies = technologies_given(whole)
        self._named = technologies_as_written(whole)

    def topics(self, count: int, *, is_known_to_fit: bool = False) -> list[InterviewTopic]:
        """The topics of the questions that together are about the most of the requisition, the best first.

        Questions that fit any post fill up what is left.

        Args:
            count: the most topics.
            is_known_to_fit: whether there are such topics also if no other question fits.
        """
        fits = self._fits
        special = [
            fit for fit in fits if fit.parts and (fit.is_special or is_known_to_fit) and not fit.entry.fits_any_post
        ]
        own = [fit for fit in fits if fit.parts and fit.entry.fits_any_post and fit.entry.is_own]
        chosen = self._best([*special, *own], count)
        if not chosen and not is_known_to_fit:
            return []
        general = [fit for fit in fits if fit.entry.fits_any_post and fit not in chosen]
        return [self._topic(fit) for fit in self._with_general(chosen, general, count)]

    @property
    def level(self) -> SkillLevel:
        """The level to ask at."""
        return LEVELS[self._level]

    def unasked(self, topics: Iterable[InterviewTopic]) -> list[str]:
        """The technologies that the requisition names, in its words, and no question of these topics is about."""
        names = {topic.topic for topic in topics}
        asked = (_names(each.technologies) | _listed(each.skills) for each in self._entries if each.topic in names)
        missing = self._named.keys() - frozenset[str]().union(*asked)
        return [self._named[name] for name in sorted(missing)]

    def about(self, text: str, count: int) -> list[InterviewTopic]:
        """The topics of the questions about a text, the surest first; none if none is.

        Args:
            text: a part of the requisition, which the topics then quote first, or any other words.
        """
        words = " ".join(text.casefold().split())
        known = [part for part in self._parts if part.item and " ".join(part.item.part.casefold().split()) == words]
        part = known[0] if known else _as_part(text, self._language)
        worths: dict[int, float] = {}
        for place, worth, _ in self._alike(part):
            worths[place] = max(worth, worths.get(place, 0.0))
        fits = {fit.entry.id: fit for fit in self._fits}
        found = []
        for place, worth in worths.items():
            entry = self._entries[place]
            if self._may_be_asked(entry, also=part.technologies):
                fit = fits.get(entry.id) or _Fit(entry, {}, 0.0, is_special=True)
                if worth >= PHRASE or fit.share != OTHER_POST:  # words may mean something else in another post
                    found.append((self._share_of(fit) * worth, -place, fit))
        best = sorted(found, key=lambda each: each[:2], reverse=True)[:count]
        return [self._topic(fit, part.item if _is_sure(part, worths[-place]) else None) for _, place, fit in best]

    @cached_property
    def _fits(self) -> list[_Fit]:
        """How well each question fits that may be asked. Those for other posts count less, if there are some for this.

        Of the former, only what the WORK inputs say of the work itself counts, and only what fits exactly.
        """
        about, soft = self._about()
        given = frozenset[str]().union(*(part.stems for part in self._parts))
        fits = [
            _Fit(entry, about[place], self._words.closeness(place, given), bool(about[place].keys() - soft[place]))
            for place, entry in enumerate(self._entries)
            if self._may_be_asked(entry)
        ]
        if not any(self._title & fit.parts.keys() for fit in fits):
            return fits
        return [fit if self._title & fit.parts.keys() else self._of_another_post(fit) for fit in fits]

    def _of_another_post(self, fit: _Fit) -> _Fit:
        if fit.entry.fits_any_post:
            return fit
        fields = WORK_FIELDS if self._has_work else tuple(FIELD_WEIGHTS)
        parts = {
            place: worth for place, worth in fit.parts.items() if worth >= PHRASE and self._parts[place].field in fields
        }
        is_wanted = len(parts) >= FEWEST_ELSEWHERE or (parts and fit.entry.technologies)
        return replace(fit, parts=parts if is_wanted else {}, share=OTHER_POST)

    def _may_be_asked(self, entry: Entry, also: frozenset[str] = frozenset()) -> bool:
        """Whether it is neither too hard nor much too easy, and needs no technology that the requisition lacks."""
        above = LEVELS.index(entry.skill_level) - self._level
        return -1 <= above <= (0 if self._is_stated else 1) and _names(entry.technologies) <= self._technologies | also

    def _about(self) -> tuple[list[dict[int, float]], list[set[int]]]:
        """For each question, how much of which parts it is about, and those of which any post has the like."""
        about: list[dict[int, float]] = [{} for _ in self._entries]
        soft: list[set[int]] = [set() for _ in self._entries]
        for place, part in enumerate(self._parts):
            for entry, worth, is_soft in self._alike(part):
                about[entry][place] = max(worth, about[entry].get(place, 0.0))
                (soft[entry].add if is_soft else soft[entry].discard)(place)
        return about, soft

    def _alike(self, part: _Part) -> Iterator[tuple[int, float, bool]]:
        """The questions that a part is about; how much; whether any post has such a part. What is surest is last."""
        if part.field == "basic_title":
            yield from ((entry, EXACT, False) for entry in self._words.named(part.stems))
        elif len(part.stems) <= MAX_STEMS:
            yield from self._words.alike(part.stems)
        if part.technologies:
            for place, entry in enumerate(self._entries):
                skills = _listed(entry.skills) if part.field in WORK_FIELDS else frozenset()
                if part.technologies & (_names(entry.technologies) | skills):
                    yield place, EXACT, False

    def _best(self, fits: Sequence[_Fit], count: int) -> list[_Fit]:
        """One after the other, the fit that adds the most."""
        best: list[_Fit] = []
        rest = list(fits)
        while rest and len(best) < count:
            scores = [self._added(fit, best) for fit in rest]
            top = max(range(len(rest)), key=lambda place: (scores[place], -place))
            if scores[top] <= 0:
                break
            best.append(rest.pop(top))
        return best

    def _added(self, fit: _Fit, chosen: Sequence[_Fit]) -> float:
        """What a question adds to others: parts that they are not about, and little for parts that they are."""
        if any(fit.entry.topic.casefold() == other.entry.topic.casefold() for other in chosen):
            return 0.0
        there: Counter[int] = Counter()
        for other in chosen:
            there.update(other.parts)
        worth = sum(self._weight(place) * worth / (1 + AGAIN * there[place]) for place, worth in fit.parts.items())
        return (worth + CLOSENESS * fit.closeness) * self._share_of(fit)

    def _share_of(self, fit: _Fit) -> float:
        """What counts of its worth, by its level, owner and post."""
        is_at_level = LEVELS.index(fit.entry.skill_level) == self._level
        return (1.0 if is_at_level else OTHER_LEVEL) * (OWN if fit.entry.is_own else 1.0) * fit.share

    def _weight(self, place: int) -> float:
        field = self._parts[place].field
        return BESIDE_WORK if field == "basic_description" and self._has_work else FIELD_WEIGHTS[field]

    def _with_general(self, special: Sequence[_Fit], general: Iterable[_Fit], count: int) -> list[_Fit]:
        """The special ones, among the first five one about work with others, and general ones in the places left.

        General ones are of different types as far as possible. Code that is about nothing in particular is shown only
        where there would be no five questions.
        """
        chosen = list(special)
        rest = sorted(general, key=lambda fit: -self._added(fit, chosen[: QUESTIONS - 1]))
        about_people = [fit for fit in rest if fit.entry.question_type in WITH_OTHERS]
        if about_people and all(fit.entry.question_type not in WITH_OTHERS for fit in chosen[:QUESTIONS]):
            chosen.insert(QUESTIONS - 1, about_people[0])
            rest.remove(about_people[0])
        while rest and len(chosen) < count:
            types = Counter(fit.entry.question_type for fit in chosen)
            fewest = min(types[fit.entry.question_type] for fit in rest)
            best = next(fit for fit in rest if types[fit.entry.question_type] == fewest)
            rest.remove(best)
            if len(chosen) < QUESTIONS or best.entry.question_type not in HANDS_ON:
                chosen.append(best)
        return chosen[:count]

    def _topic(self, fit: _Fit, first: WorkItem | None = None) -> InterviewTopic:
        places = sorted(fit.parts, key=lambda place: (-self._weight(place) * fit.parts[place], place))
        sure = [place for place in places if _is_sure(self._parts[place], fit.parts[place])]
        items = [item for place in sure if (item := self._parts[place].item) is not None and item != first]
        return fit.entry.as_topic([*([first] if first else []), *items][:MAX_QUOTES])


def _is_sure(part: _Part, worth: float) -> bool:
    """Whether a question is so much about a part that it can be said to cover it."""
    is_brief = worth >= PHRASE and len(part.stems) <= BRIEF
    return part.field != "basic_description" or is_brief


def _parts_of(requisition: Mapping[str, str | None], language: Language) -> Iterator[_Part]:
    for field in FIELD_WEIGHTS:
        given = requisition.get(field) or ""
        seen = without_markup(without_unseen(given))
        for part in work_parts({field: seen.text}):
            quotes = []
            if field != "basic_title":
                quoted = _longest_text(given[seen.starts[part.start] : seen.ends[part.end - 1]])
                quotes = sound_quotes([WorkItem(field=field, part=quoted)], requisition)
            wanted = without_negated(part.part)
            if wanted.strip():
                yield _as_part(wanted, language, quotes[0] if quotes else None, field)


def _as_part(text: str, language: Language, item: WorkItem | None = None, field: str = "work_role") -> _Part:
    return _Part(item, field, frozenset(stems_in(text, language)), technologies_listed(text))


def _longest_text(quoted: str) -> str:
    """The longest run of a quote that has no tag in it."""
    return max(_TAG.split(quoted), key=len).strip()


def _names(technologies: Iterable[str]) -> frozenset[str]:
    return frozenset(canonical_name(name) or name for name in technologies)


@lru_cache(maxsize=4096)
def _listed(skills: tuple[str, ...]) -> frozenset[str]:
    """The technologies that a question is for without needing them."""
    return frozenset(name for skill in skills if (name := canonical_name(skill)) is not None)


def fitting_to(requisition: Mapping[str, str | None], language: str, entries: Sequence[Entry]) -> Fitting:
    """The fitting of library questions to a requisition.

    Args:
        requisition: its texts by field.
        language: its BCP 47 tag.
        entries: the library questions in that language.
    """
    main = language.split("-", maxsplit=1)[0].lower()
    known: Sequence[Language] = [each for each in get_args(Language) if each == main]
    return Fitting(requisition, known[0] if known else "en", entries)


def is_title_below_level(requisition: Mapping[str, str | None]) -> bool:
    """Whether the title says a level so much below the stated one that the questions are at that of the title."""
    stated, in_title = stated_level(requisition), lowest_in_title(requisition)
    return stated is not None and in_title is not None and LEVELS.index(in_title) <= LEVELS.index(stated) - 2


def _level_of(requisition: Mapping[str, str | None]) -> tuple[int, bool]:
    """The place of the level to ask at, and whether the requisition states it.

    If its title says one that is lower by two or more, that counts: a question that is too easy does less harm.
    """
    level = lowest_in_title(requisition) if is_title_below_level(requisition) else stated_level(requisition)
    return LEVELS.index(level or DEFAULT_LEVEL), level is not None
