"""Learns the weights of the checks from the labelled sentences in `techscreen/checks/examples/`.

`make train` writes `techscreen/checks/weights/` and the table in docs/checks.md; `make check-figures` only prints the
table. Every figure and threshold comes from leaving one author out: these sentences are judged by what was learnt from
all others. The result is the same to the byte each time.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix, diags, vstack  # type: ignore[import-untyped]
from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]

from config import PROJECT_FOLDER
from techscreen.checks.classifier import JOINTS, SHAPE, Head
from techscreen.checks.features import BUCKETS, VOICES, Features, Piece, TextKind, features_of, word_features
from techscreen.checks.models import EXAMPLES, WEIGHTS, digest_of_examples
from techscreen.text.reading import read

PAGE = PROJECT_FOLDER / "docs" / "checks.md"
BEGIN, END = "<!-- figures -->", "<!-- end of figures -->"
FAMILIES = ("personal", "wording", "instruction")
KINDS: tuple[TextKind, ...] = ("question", "criterion", "follow_up", "anchor")
NONE = "none"
THE_PROJECT = "0"  # the author of names and labels, which mislead nobody
LABEL_BUCKETS, LANGUAGE_BUCKETS = 1 << 15, 1 << 14
GROUPS_LEFT_OUT = 6
STRENGTH = 3.0  # of the fit: the inverse of its regularisation
LANGUAGES = ("en", "de", "es", "fr", "it", "pt", "nl")
GROUPS = (("en",), ("de", "es"), ("fr", "it", "pt", "nl"))
# Of so many held-out texts without fault one is reported: of ordinary and excellent ones, and of those that the authors
# of a family wrote as good ones, of which about half were written to mislead, with the words of the faulty ones.
ONE_IN_ORDINARY = 500
ONE_IN_OWN = {"personal": 100, "wording": 60, "instruction": 100}
# An interview has 5 questions, 50 criteria, 12 follow-ups and 15 anchors, and each false alarm costs a call.
ONE_IN_FORM: dict[TextKind, int] = {"question": 100, "criterion": 300, "follow_up": 150, "anchor": 150}
# Of so many of either one is certain.
ONE_IN_CERTAIN, ONE_IN_CERTAIN_OWN = 4_000, 250

Weighted = Iterable[tuple[Sequence[int], float]]


@dataclass(frozen=True)
class Example:
    """A labelled sentence."""

    family: str
    author: str
    text: str
    kind: TextKind
    lang: str
    label: str
    features: Features = field(compare=False)

    @property
    def group(self) -> int:
        """The group of authors that is left out together with this one's."""
        return int(self.author, 36) % GROUPS_LEFT_OUT


def examples() -> list[Example]:
    """All labelled sentences, in the order of their files."""
    found: list[Example] = []
    for path in sorted(EXAMPLES.glob("*.jsonl")):
        family, _, author = path.stem.partition("_")
        if family == "pairs":
            continue
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            reading = read(row["text"])
            if reading.words:
                features = features_of(reading, row["kind"])
                found.append(Example(family, author, row["text"], row["kind"], row["lang"], row["label"], features))
    return found


# ------------------------------------------------------------------------------------------------ features and fits


def bag(features: Features, piece: Piece) -> Weighted:
    """The features of a piece of text, as `Head.score_of_piece` weighs them."""
    words = features.reading.words[piece.first : piece.after]
    found = [each for word in words for each in word_features(word, features.voice)]
    found += features.twos[piece.first : piece.after - 1]
    found += features.threes[piece.first : max(piece.first, piece.after - 2)]
    return [([*found, *piece.ends], 1 / math.sqrt(len(words))), (piece.shape, SHAPE)]


def form(features: Features, kind: TextKind) -> Weighted:
    """The features of a whole text, as `Head.score_of_form` weighs them."""
    words = list(bag(features, features.whole))[:1]
    built: Weighted = [(features.joints, JOINTS[kind]), (features.whole.shape, JOINTS[kind])]
    ending = [(features.ending, 1 / math.sqrt(len(features.ending) / 2))] if features.ending else []
    return [*words, *built, *ending]


def words_alone(features: Features) -> Weighted:
    """The features of the words without their order, as `Head.score_of_words` weighs them."""
    words = features.reading.words
    return [([each for word in words for each in word_features(word, "j")], 1 / math.sqrt(len(words)))]


def matrix(rows: Iterable[Weighted], buckets: int = BUCKETS) -> csr_matrix:
    """The rows as a sparse matrix with a column for each bucket."""
    columns: list[int] = []
    values: list[float] = []
    ends = [0]
    for row in rows:
        counts: dict[int, float] = defaultdict(float)
        for features, weight in row:
            for each in features:
                counts[each & (buckets - 1)] += weight
        columns += counts
        values += counts.values()
        ends.append(len(columns))
    shape = (len(ends) - 1, buckets)
    return csr_matrix((np.array(values, dtype=np.float32), np.array(columns), np.array(ends)), shape=shape)


def fitted(rows: csr_matrix, is_label: Any) -> Head:
    """A head for the rows that have a label. Rare features count more."""
    present = np.asarray((rows > 0).sum(axis=0)).ravel()
    rarity = np.log((1 + rows.shape[0]) / (1 + present)) + 1
    model = LogisticRegression(C=STRENGTH, solver="liblinear", tol=0.001, random_state=0)
    model.fit(rows @ diags(rarity), is_label)
    weights = model.coef_[0] * rarity
    scale = float(np.abs(weights).max()) / 127
    table = np.clip(np.rint(weights / scale), -127, 127).astype(np.int8).tobytes()
    return Head(table, scale, float(model.intercept_[0]))


# ------------------------------------------------------------------------------------------------ what is learnt


class Family:
    """The sentences of one family and all others that are good by its measure.

    It has a gate for "any of its labels", and a head for each label of those that pass the gate.
    """

    def __init__(self, name: str, everything: Sequence[Example]) -> None:
        self.name = name
        self.rows = [each for each in everything if each.family == name or self._is_good(each)]
        if name == "instruction":  # they are looked for in every text as in a job description
            self.rows = [replace(each, features=replace(each.features, voice=VOICES["jd"])) for each in self.rows]
        self.is_faulty = np.array([each.family == name and each.label != NONE for each in self.rows])
        self.groups = np.array([each.group for each in self.rows])
        self.labels = sorted({each.label for each in self.rows if each.family == name} - {NONE})
        self._whole = matrix(bag(each.features, each.features.whole) for each in self.rows)
        # A good text is good in all its parts.
        parts = [
            (place, bag(each.features, piece))
            for place, each in enumerate(self.rows)
            if not self.is_faulty[place]
            for piece in each.features.pieces
            if piece is not each.features.whole
        ]
        self._row_of_part = np.array([place for place, _ in parts], dtype=int)
        self._parts = matrix(part for _, part in parts)

    def _is_good(self, each: Example) -> bool:
        """Whether a sentence of another family has no label of this one, whatever it has of its own."""
        if self.name == "wording":
            return each.kind == "jd" and each.label == NONE
        return each.family == "form" or each.label == NONE

    def gate(self, without: int | None = None) -> Head:
        """The head for "any label", learnt without one group of authors."""
        used = self.groups != without
        parts = used[self._row_of_part]
        rows = vstack([self._whole[used], self._parts[parts]]).tocsr()
        return fitted(rows, np.concatenate([self.is_faulty[used], np.zeros(int(parts.sum()), bool)]))

    def label_heads(self, without: int | None = None) -> dict[str, Head]:
        """A head for each label, learnt from the faulty sentences."""
        if len(self.labels) < 2:
            return {}
        used = self.is_faulty & (self.groups != without)
        faulty = [each for each, is_used in zip(self.rows, used, strict=True) if is_used]
        rows = matrix((bag(each.features, each.features.whole) for each in faulty), LABEL_BUCKETS)
        return {label: fitted(rows, np.array([each.label == label for each in faulty])) for label in self.labels}


class Forms:
    """The sentences of one kind, good and bad in form, with a head for each fault."""

    def __init__(self, kind: TextKind, everything: Sequence[Example]) -> None:
        self.kind = kind
        self.rows = [each for each in everything if each.family == "form" and each.kind == kind]
        self.groups = np.array([each.group for each in self.rows])
        self.labels = sorted({each.label for each in self.rows} - {NONE})
        self._matrix = matrix(form(each.features, kind) for each in self.rows)

    def head(self, label: str, without: int | None = None) -> Head:
        """The head for a fault, learnt without one group of authors."""
        used = self.groups != without
        is_label = np.array([each.label == label for each in self.rows])
        return fitted(self._matrix[used], is_label[used])


def language_heads(everything: Sequence[Example]) -> dict[str, Head]:
    """A head for each language."""
    rows = matrix((words_alone(each.features) for each in everything), LANGUAGE_BUCKETS)
    return {name: fitted(rows, np.array([each.lang == name for each in everything])) for name in LANGUAGES}


# ------------------------------------------------------------------------------------------------ figures


@dataclass(frozen=True)
class Judged:
    """A sentence whose author was left out, and what the heads say of it."""

    example: Example
    score: float
    named: str = ""


def judged_by_gate(family: Family) -> Iterator[Judged]:
    """Leave each group of authors out in turn. A text scores what its best piece does."""
    for group in sorted(set(family.groups)):
        _tell(f"{family.name}, without group {group}")
        gate, heads = family.gate(group), family.label_heads(group)
        for each, is_faulty in zip(family.rows, family.is_faulty, strict=True):
            if each.group == group:
                scores = {name: head.score_of_piece(each.features, each.features.whole) for name, head in heads.items()}
                named = max(scores, key=lambda name: scores[name]) if scores and is_faulty else ""
                yield Judged(each, max(gate.scores(each.features)), named)


def judged_by_form(forms: Forms, label: str) -> Iterator[Judged]:
    """Leave each group of authors out in turn."""
    for group in sorted(set(forms.groups)):
        head = forms.head(label, group)
        for each in forms.rows:
            if each.group == group:
                yield Judged(each, head.score_of_form(each.features, forms.kind))


def threshold(judged: Iterable[Judged], one_in: int, is_counted: Callable[[Example], bool]) -> float:
    """The score that one in so many of the counted sentences exceeds."""
    scores = sorted((each.score for each in judged if is_counted(each.example)), reverse=True)
    return scores[len(scores) // one_in] if scores else -math.inf


def _row(name: str, label: str, faulty: Sequence[Judged], good: Sequence[Judged], report: float) -> str:
    cells = [_share([each.score > report for each in faulty if each.example.lang in group]) for group in GROUPS]
    named = [each.named == each.example.label for each in faulty if each.score > report and each.named]
    alarms = [each.score > report for each in good]
    cells += [_share(named), f"{sum(alarms)} of {len(alarms)}" if good else ""]
    return " | ".join(["", name, label, *cells, ""]).strip()


def _is_own_good(family: str, each: Example) -> bool:
    """Whether an author has written a sentence as a good one of this family."""
    return each.family == family and each.label == NONE and each.author != THE_PROJECT


def _share(hits: Sequence[bool]) -> str:
    return f"{sum(hits) / len(hits):.2f} of {len(hits)}" if hits else ""


def _tell(text: str) -> None:
    sys.stderr.write(f"{text}\n")


class Training:
    """Learns everything in turn, and keeps the figures and, if asked to, the weights."""

    def __init__(self, everything: Sequence[Example], *, keeps_weights: bool) -> None:
        self._everything = everything
        self._keeps_weights = keeps_weights
        self.tables: list[bytes] = []
        self.heads: dict[str, dict[str, float]] = {}
        self.figures = [
            "| family or kind | label | English | German, Spanish | French, Italian, Portuguese, Dutch | named rightly "
            "| false alarms |",
            "|---|---|---|---|---|---|---|",
        ]

    def learn_family(self, name: str) -> None:
        """Learn one family."""
        family = Family(name, self._everything)
        judged = list(judged_by_gate(family))
        good = [each for each in judged if not (each.example.family == name and each.example.label != NONE)]
        is_own = partial(_is_own_good, name)
        ordinary = threshold(good, ONE_IN_ORDINARY, lambda each: each.family == "form")
        report = max(ordinary, threshold(good, ONE_IN_OWN[name], is_own))
        ordinary = threshold(good, ONE_IN_CERTAIN, lambda each: each.family == "form")
        certain = max(report, ordinary, threshold(good, ONE_IN_CERTAIN_OWN, is_own))
        faulty = [each for each in judged if each.example.family == name and each.example.label != NONE]
        for label in family.labels if len(family.labels) > 1 else []:
            self.figures.append(_row(name, label, [each for each in faulty if each.example.label == label], [], report))
        self.figures.append(_row(f"**{name}**", "any", faulty, good, report))
        own = [each for each in good if is_own(each.example)]
        self.figures.append(_row(f"**{name}**", "its own good ones", [], own, report))
        self.figures.append(_row(f"**{name}**", "certain", faulty, good, certain))
        if self._keeps_weights:
            self._keep(name, family.gate(), report=report, certain=certain)
            for label, head in family.label_heads().items():
                self._keep(f"{name}.{label}", head)

    def learn_forms(self, kind: TextKind) -> None:
        """Learn the faults of form of one kind of text."""
        forms = Forms(kind, self._everything)
        for label in forms.labels:
            _tell(f"{kind}, {label}")
            judged = list(judged_by_form(forms, label))
            good = [each for each in judged if each.example.label == NONE]
            report = threshold(good, ONE_IN_FORM[kind], lambda _: True)
            faulty = [each for each in judged if each.example.label == label]
            self.figures.append(_row(kind, label, faulty, good, report))
            if self._keeps_weights:
                self._keep(f"{kind}.{label}", forms.head(label), report=report)

    def write(self) -> None:
        """Write the weights, and the table of the page."""
        for name, head in language_heads(self._everything).items():
            self._keep(f"language.{name}", head)
        WEIGHTS.mkdir(exist_ok=True)
        weights = b"".join(self.tables)
        about = {
            "sentences": digest_of_examples(),
            "weights": hashlib.sha256(weights).hexdigest(),
            "heads": self.heads,
        }
        (WEIGHTS / "weights.bin").write_bytes(weights)
        (WEIGHTS / "heads.json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
        page = PAGE.read_text(encoding="utf-8")
        before, _, rest = page.partition(BEGIN)
        table = "\n".join(self.figures)
        PAGE.write_text(f"{before}{BEGIN}\n{table}\n{END}{rest.partition(END)[2]}", encoding="utf-8")

    def _keep(self, name: str, head: Head, **thresholds: float) -> None:
        self.tables.append(bytes(head.table))
        self.heads[name] = {"buckets": len(head.table), "scale": head.scale, "bias": head.bias, **thresholds}


def main() -> None:
    """Train, or print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--figures", action="store_true", help="print the figures and write nothing")
    only_figures = parser.parse_args().figures
    training = Training(examples(), keeps_weights=not only_figures)
    for name in FAMILIES:
        training.learn_family(name)
    for kind in KINDS:
        training.learn_forms(kind)
    if not only_figures:
        training.write()
    sys.stdout.write("\n".join([*training.figures, ""]))


if __name__ == "__main__":
    main()
