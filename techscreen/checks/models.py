"""The trained classifiers, as they are asked: is this about the person, is it biased, how does it ask?

A text that has been read comes in; what was found goes out, best first for each sentence. The weights are loaded once
for each process, 2 MB in all.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from techscreen.checks.classifier import Head
from techscreen.checks.features import Features, Piece, TextKind, features_of, word_features
from techscreen.text.reading import Reading, read

EXAMPLES = Path(__file__).parent / "examples"
WEIGHTS = Path(__file__).parent / "weights"
# More than are reported, because some overlap others.
MAX_FOUND = 60
MIN_TELLING_WORDS = 4
# The language is told by the first so many words; not with fewer letters, nor without such a lead over the next best.
MAX_WORDS, MIN_LETTERS, MIN_LEAD = 60, 60, 2.0


@dataclass(frozen=True)
class Found:
    """What a classifier has found.

    Attributes:
        label: what it is.
        first, after: the sentence or clause, as a span of words.
        confidence: from 0 to 1.
        is_certain: whether it scores so high that hardly any good text does.
    """

    label: str
    first: int
    after: int
    confidence: float
    is_certain: bool = False


@dataclass(frozen=True)
class _Gate:
    """Whether a text has any label of a family, and the heads that say which."""

    head: Head
    report: float
    certain: float
    labels: dict[str, Head]

    def found(self, features: Features) -> Iterator[Found]:
        """The best pieces that do not overlap; the whole text only if none of its parts is found.

        A part is as certain as the whole: where "she is pregnant or wants children" is certain, so is its first half.
        """
        hits = [
            (score, piece)
            for score, piece in zip(self.head.scores(features), features.pieces, strict=True)
            if score > self.report
        ]
        hits.sort(key=lambda hit: (hit[1] is features.whole, -hit[0]))
        sure = {id(piece) for score, piece in hits if score > self.certain and _is_telling(features, piece)}
        taken = bytearray(len(features.reading.words))
        for score, piece in hits:
            if not any(taken[piece.first : piece.after]):
                taken[piece.first : piece.after] = b"\1" * (piece.after - piece.first)
                of_label = {name: head.score_of_piece(features, piece) for name, head in self.labels.items()}
                label = max(of_label, key=lambda name: of_label[name]) if of_label else ""
                is_certain = id(piece) in sure or id(features.whole) in sure
                yield Found(label, piece.first, piece.after, _confidence(score), is_certain)


def _joined(found: Iterator[Found], features: Features) -> list[Found]:
    """In the order of the text, with neighbouring clauses of one sentence and label as one."""
    beginnings = {first for first, _ in features.reading.sentences}
    joined: list[Found] = []
    for each in sorted(found, key=lambda each: each.first):
        before = joined[-1] if joined else None
        goes_on = before is not None and each.first - before.after <= 1 and each.first not in beginnings
        if before is not None and goes_on and before.label == each.label:
            confidence = max(before.confidence, each.confidence)
            is_certain = before.is_certain or each.is_certain
            joined[-1] = Found(each.label, before.first, each.after, confidence, is_certain)
        else:
            joined.append(each)
    return joined


def _is_telling(features: Features, piece: Piece) -> bool:
    """Whether a piece can be certain: it asks, or has more words than a label or a heading."""
    words = features.reading.words[piece.first : piece.after]
    return "?" in words or sum(word[0].isalnum() for word in words) >= MIN_TELLING_WORDS


def found_by(family: str, features: Features) -> list[Found]:
    """What a family (`personal`, `wording`, `instruction`) finds in a text, in its order, at most MAX_FOUND."""
    return _joined(_loaded().gates[family].found(features), features)[:MAX_FOUND]


def other_labels(family: str, features: Features, found: Found) -> list[Found]:
    """What was found, with each further label that the same piece has."""
    labels = _loaded().gates[family].labels
    pieces = [each for each in features.pieces if (each.first, each.after) == (found.first, found.after)]
    return [
        replace(found, label=name)
        for name, head in labels.items()
        if name != found.label and any(head.score_of_piece(features, piece) > 0 for piece in pieces)
    ]


def focus_of(family: str, features: Features, found: Found) -> tuple[int, int]:
    """The few words of what was found that say most for its label, as a span of words."""
    return _loaded().gates[family].labels[found.label].focus(features, found.first, found.after)


def form_of(features: Features, kind: TextKind) -> Found | None:
    """What is wrong with how a text asks or judges: the fault that exceeds its threshold most."""
    over = [
        (head.score_of_form(features, kind) - report, label, report)
        for label, head, report in _loaded().forms.get(kind, ())
    ]
    most, label, report = max(over, default=(-1.0, "", 0.0))
    return Found(label, 0, features.whole.after, _confidence(most + report)) if most > 0 else None


def language_of_reading(reading: Reading) -> str | None:
    """The language of a text as a BCP 47 tag (en, de, es, fr, it, pt or nl); None if it is another or not clear."""
    letters = "".join(word for word in reading.words[:MAX_WORDS] if word[0].isalpha())
    if len(letters) < MIN_LETTERS or not letters.isascii():  # accents are gone: what is left is another script
        return None
    return likeliest_language(reading)


def likeliest_language(reading: Reading) -> str | None:
    """The same also of a text of a few words, of which nothing is to be said for certain."""
    # A sign such as that of a micrometre, or a name, is in another script in any language.
    words = [word for word in reading.words[:MAX_WORDS] if word[0].isalpha() and word.isascii()]
    ranked = sorted(
        ((head.score_of_words(words, "j"), name) for name, head in _loaded().languages.items()), reverse=True
    )
    (best, name), (second, _) = ranked[:2]
    return name if best - second >= MIN_LEAD else None


def _confidence(score: float) -> float:
    return round(1 / (1 + math.exp(-max(min(score, 30.0), -30.0))), 2)


def digest_of_examples() -> str:
    """The digest of the labelled sentences and of how they are seen, by which weights are known to fit both."""
    digest = hashlib.sha256()
    for path in sorted(EXAMPLES.glob("*.jsonl")):
        digest.update(path.name.encode() + path.read_bytes())
    sample = features_of(read("Which ports, if any, does 24-hour service need? Say why."), "question")
    digest.update(repr((sample, [word_features(word, sample.voice) for word in sample.reading.words])).encode())
    return digest.hexdigest()


@dataclass(frozen=True)
class _Models:
    gates: dict[str, _Gate]
    forms: dict[str, list[tuple[str, Head, float]]]
    languages: dict[str, Head]


@lru_cache(maxsize=1)
def _loaded() -> _Models:
    written = json.loads((WEIGHTS / "heads.json").read_text(encoding="utf-8"))
    weights = (WEIGHTS / "weights.bin").read_bytes()
    if hashlib.sha256(weights).hexdigest() != written["weights"]:
        raise ValueError(f"{WEIGHTS} is damaged: heads.json and weights.bin do not fit. Run make train.")
    about, tables = written["heads"], memoryview(weights)
    heads: dict[str, Head] = {}
    begin = 0
    for name, head in about.items():
        heads[name] = Head(tables[begin : begin + head["buckets"]], head["scale"], head["bias"])
        begin += head["buckets"]

    def labels(family: str) -> dict[str, Head]:
        return {name.partition(".")[2]: head for name, head in heads.items() if name.startswith(f"{family}.")}

    return _Models(
        gates={
            name: _Gate(heads[name], about[name]["report"], about[name]["certain"], labels(name))
            for name in ("personal", "wording", "instruction")
        },
        forms={
            kind: [(label, head, about[f"{kind}.{label}"]["report"]) for label, head in labels(kind).items()]
            for kind in ("question", "criterion", "follow_up", "anchor")
        },
        languages=labels("language"),
    )
