"""Which library questions fit a requisition: its texts and the catalogue come in, topics go out, the best first.

A question fits a part of the requisition if the part names one of its technologies, or if they share telling words: the
words of a skill that the question is for. How telling a word is depends on how few questions have it (inverse document
frequency; Sparck Jones 1972).
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import get_args

from prompts import WORK_FIELDS, InterviewTopic, SkillLevel, WorkItem
from techscreen.checks.requisition_quotes import sound_quotes
from techscreen.checks.stated_level import LEVELS, lowest_in_title, stated_level
from techscreen.offline.catalogue import Entry
from techscreen.offline.negation import without_negated
from techscreen.offline.page import without_unseen
from techscreen.quality.work_items import work_parts
from techscreen.text.language import Language
from techscreen.text.reading import without_markup
from techscreen.text.similarity import stems_in
from techscreen.text.tokens import read_table
from techscreen.topics.technology_mentions import canonical_name, technologies_given, technologies_listed

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
# A skill and a part mean the same if they share this much of the weight of one of them ...
SHARED = 0.7
# ... and as much as this share of the weight of a word that one question alone has.
TELLING = 0.7
# So many questions at least are taken to be there when it is counted how many have a word.
FEWEST_TO_COUNT = 100
# How much a part is about a question if it is a skill of that, holds several words of one, or holds a single word.
EXACT, PHRASE, WORD = 1.0, 0.95, 0.9
# ... or less, if they share all the words of a skill.
WHOLE_TELLING = 0.4
# The most words of a part that a single word can stand for.
FEW = 5
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
class _Phrase:
    """The stems of a skill, which of them make it the name of a post, and which question is for it, by its place."""

    entry: int
    stems: frozenset[str]
    of_post: frozenset[str]

    def is_in_title(self, title: frozenset[str], post_words: frozenset[str]) -> bool:
        """Whether a title names this post. A frontend developer may be called a frontend wizard, but no designer."""
        is_called_so = self.of_post & title or not title & post_words
        return bool(self.of_post and is_called_so) and (self.stems - self.of_post or self.stems) <= title


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
        self._level, self._is_stated = _level_of(requisition)
        self._words = _words_of(tuple(entries), language)
        self._parts = list(_parts_of(requisition, language))
        self._title = frozenset(place for place, part in enumerate(self._parts) if part.field == "basic_title")
        self._has_work = any(part.field in WORK_FIELDS for part in self._parts)
        seen = (without_markup(without_unseen(text)).text for text in requisition.values() if text)
        whole = "\n".join(map(without_negated, seen))
        self._technologies = technologies_given(whole)
        self._named = technologies_listed(whole)

    def topics(self, count: int, *, is_known_to_fit: bool = False) -> list[InterviewTopic]:
        """The topics of the questions that together are about the most of the requisition, the best first.

        Questions that fit any post fill up what is left.

        Args:
            count: the most topics.
            is_known_to_fit: whether there are such topics also if no other question fits.
        """
        fits = self._fits()
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
        """The technologies that the requisition names and no question of these topics is about."""
        names = {topic.topic for topic in topics}
        asked = (_names(each.technologies) | _listed(each.skills) for each in self._entries if each.topic in names)
        return sorted(self._named - frozenset[str]().union(*asked))

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

    def _may_be_asked(self, entry: Entry) -> bool:
        """Whether it is neither too hard nor much too easy, and needs no technology that the requisition lacks."""
        above = LEVELS.index(entry.skill_level) - self._level
        return -1 <= above <= (0 if self._is_stated else 1) and _names(entry.technologies) <= self._technologies

    def _about(self) -> tuple[list[dict[int, float]], list[set[int]]]:
        """For each question, how much of which parts it is about, and those of which any post has the like."""
        about: list[dict[int, float]] = [{} for _ in self._entries]
        soft: list[set[int]] = [set() for _ in self._entries]
        needed = [_names(entry.technologies) for entry in self._entries]
        named = [names | _listed(entry.skills) for names, entry in zip(needed, self._entries, strict=True)]
        for place, part in enumerate(self._parts):
            if part.field == "basic_title":
                for entry in self._words.named(part.stems):
                    about[entry][place] = EXACT
            elif len(part.stems) <= MAX_STEMS:
                for entry, worth, is_soft in self._words.alike(part.stems):
                    about[entry][place] = max(worth, about[entry].get(place, 0.0))
                    (soft[entry].add if is_soft else soft[entry].discard)(place)
            for entry, names in enumerate(named if part.field in WORK_FIELDS else needed):
                if part.technologies & names:
                    about[entry][place] = EXACT
                    soft[entry].discard(place)
        return about, soft

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
        is_at_level = LEVELS.index(fit.entry.skill_level) == self._level
        factors = (1.0 if is_at_level else OTHER_LEVEL) * (OWN if fit.entry.is_own else 1.0) * fit.share
        return (worth + CLOSENESS * fit.closeness) * factors

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

    def _topic(self, fit: _Fit) -> InterviewTopic:
        places = sorted(fit.parts, key=lambda place: (-self._weight(place) * fit.parts[place], place))
        sure = [place for place in places if self._is_sure(place, fit.parts[place])]
        items = [item for place in sure if (item := self._parts[place].item) is not None]
        return fit.entry.as_topic(items[:MAX_QUOTES])

    def _is_sure(self, place: int, worth: float) -> bool:
        """Whether a question is so much about a part that it can be said to cover it."""
        part = self._parts[place]
        is_brief = worth >= PHRASE and len(part.stems) <= BRIEF
        return part.field != "basic_description" or is_brief


class _Words:
    """The words of the skills and topics of questions, and how much each tells."""

    def __init__(self, entries: Sequence[Entry], language: Language) -> None:
        texts = [(place, text) for place, entry in enumerate(entries) for text in (*entry.skills, entry.topic)]
        self._post_words = _post_words()[language]
        stems = ((place, frozenset(stems_in(text, language))) for place, text in texts)
        phrases = (_Phrase(place, each, each & self._post_words) for place, each in stems)
        self._phrases = [phrase for phrase in phrases if phrase.stems]
        self._with: dict[str, list[int]] = {}
        of_entry: list[set[str]] = [set() for _ in entries]
        for number, phrase in enumerate(self._phrases):
            of_entry[phrase.entry] |= phrase.stems
            for stem in phrase.stems:
                self._with.setdefault(stem, []).append(number)
        general = {place for place, entry in enumerate(entries) if entry.fits_any_post}
        self._soft = {phrase.stems for phrase in self._phrases if phrase.entry in general}
        counts = Counter(stem for stems in of_entry for stem in stems)
        # In a small library a word that all questions have may tell as much as a rare one.
        known = max(len(entries), FEWEST_TO_COUNT) + 1
        self._heaviest = math.log(known)
        self._weights = {stem: math.log(known / count) for stem, count in counts.items()}
        self._of_phrase = [self._sum(phrase.stems) for phrase in self._phrases]
        self._of_entry = [(stems, max(self._sum(stems), self._heaviest)) for stems in of_entry]

    def closeness(self, entry: int, given: frozenset[str]) -> float:
        """How much of what tells about a question is in a text, from 0 to 1."""
        stems, weight = self._of_entry[entry]
        return self._sum(stems & given) / weight

    def named(self, title: frozenset[str]) -> Iterator[int]:
        """The questions for the post of a title."""
        return (phrase.entry for phrase in self._phrases if phrase.is_in_title(title, self._post_words))

    def alike(self, stems: frozenset[str]) -> Iterator[tuple[int, float, bool]]:
        """The questions that a part of a requisition is about; how much, from 0 to 1; whether any post has such a part.

        What is surest comes last.
        """
        shared: Counter[int] = Counter()
        for stem in stems:
            shared.update(self._with.get(stem, ()))
        of_part = self._sum(stems)
        found = []
        for number, count in shared.items():
            phrase = self._phrases[number]
            if not phrase.of_post and (worth := self._worth(number, count, stems, of_part)):
                found.append((phrase.entry, worth, phrase.stems in self._soft))
        return iter(sorted(found, key=lambda each: (not each[2], each[1])))

    def _worth(self, number: int, count: int, stems: frozenset[str], of_part: float) -> float:
        """How much a part is about a skill with which it shares some stems; 0 if not enough."""
        phrase, of_phrase = self._phrases[number], self._of_phrase[number]
        is_whole = count == len(phrase.stems)
        if is_whole and count == len(stems):
            return EXACT
        weight = of_phrase if is_whole else self._sum(phrase.stems & stems)
        if count == 1:
            is_telling = is_whole and weight >= WHOLE_TELLING * self._heaviest and len(stems) <= FEW
            return WORD if is_telling else 0.0
        if is_whole and weight >= WHOLE_TELLING * self._heaviest:
            return PHRASE
        share = max(weight / of_phrase, weight / of_part)
        return WORD * share if weight >= TELLING * self._heaviest and share >= SHARED else 0.0

    def _sum(self, stems: Iterable[str]) -> float:
        return sum(self._weights.get(stem, self._heaviest) for stem in stems)


@lru_cache(maxsize=6)  # a library changes seldom, and its words take longer than a requisition's
def _words_of(entries: tuple[Entry, ...], language: Language) -> _Words:
    return _Words(entries, language)


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
                stems = frozenset(stems_in(wanted, language))
                yield _Part(quotes[0] if quotes else None, field, stems, technologies_listed(wanted))


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


@lru_cache(maxsize=1)
def _post_words() -> Mapping[str, frozenset[str]]:
    """The stems of words that make a name of a post, by language."""
    known: Sequence[Language] = get_args(Language)
    words = dict(read_table("post_words.txt"))
    return {code: frozenset(stem for word in words[code] for stem in stems_in(word, code)) for code in known}
