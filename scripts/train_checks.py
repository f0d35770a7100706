"""Learns the weights of the checks from the labelled sentences in `techscreen/checks/examples/`.

`make train` writes `techscreen/checks/weights/` and the table of docs/checks.md; `make check-figures` only prints the
table. Each figure and threshold comes from authors whose sentences were left out of the training (leave one author out).
The result is the same to the byte each time.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.sparse import csr_matrix, diags, vstack
from sklearn.linear_model import LogisticRegression

from config import PROJECT_FOLDER
from techscreen.checks.classifier import JOINTS, SHAPE, Head
from techscreen.checks.features import BUCKETS, Features, Piece, TextKind, features_of, word_features
from techscreen.checks.models import EXAMPLES, WEIGHTS, digest_of_examples
from techscreen.text.reading import read

PAGE = PROJECT_FOLDER / "docs" / "checks.md"
BEGIN, END = "<!-- figures -->", "<!-- end of figures -->"
NONE = "none"
LABEL_BUCKETS, LANGUAGE_BUCKETS = 1 << 15, 1 << 14
STRENGTH = 3.0  # of the fit; the inverse of the regularisation
LANGUAGES = ("en", "de", "es", "fr", "it", "pt", "nl")
# One in so many held-out texts without fault may be reported, in texts of other families and in hard neighbours.
ORDINARY, HARD = 300, 100
CERTAIN = 400


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
                found.append(
                    Example(
                        family,
                        author,
                        row["text"],
                        row["kind"],
                        row["lang"],
                        row["label"],
                        features_of(reading, row["kind"]),
                    )
                )
    return found


# ------------------------------------------------------------------------------------------------ features and fits

Weighted = Iterable[tuple[Sequence[int], float]]


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


def matrix(rows: Iterable[Weighted], buckets: int = BUCKETS) -> csr_matrix:
    """The rows as a sparse matrix with a column for each bucket."""
    mask = buckets - 1
    columns: list[int] = []
    values: list[float] = []
    ends = [0]
    for row in rows:
        counts: dict[int, float] = defaultdict(float)
        for hashes, weight in row:
            for each in hashes:
                counts[each & mask] += weight
        columns += counts
        values += counts.values()
        ends.append(len(columns))
    shape = (len(ends) - 1, mask + 1)
    return csr_matrix((np.array(values, dtype=np.float32), np.array(columns), np.array(ends)), shape=shape)


def fitted(rows: csr_matrix, is_label: np.ndarray) -> Head:
    """A head for the rows that have a label; rare features count more."""
    present = np.asarray((rows > 0).sum(axis=0)).ravel()
    rarity = np.log((1 + rows.shape[0]) / (1 + present)) + 1
    model = LogisticRegression(C=STRENGTH, solver="liblinear", random_state=0)
    model.fit(rows @ diags(rarity), is_label)
    weights = model.coef_[0] * rarity
    scale = float(np.abs(weights).max()) / 127
    table = np.clip(np.rint(weights / scale), -127, 127).astype(np.int8).tobytes()
    return Head(table, scale, float(model.intercept_[0]))


# ------------------------------------------------------------------------------------------------ families


class Family:
    """The heads of one family: a gate for "any of its labels", and one head for each label."""

    def __init__(self, name: str, everything: Sequence[Example]) -> None:
        self.name = name
        own = [each for each in everything if each.family == name]
        # Whatever another family calls good says nothing about a person, and instructs nobody.
        others = [each for each in everything if each.family != name and self._is_negative(each)]
        self.rows = [*own, *others]
        self.is_positive = np.array([each.family == name and each.label != NONE for each in self.rows])
        self.authors = np.array([each.author for each in self.rows])
        self.labels = sorted({each.label for each in own} - {NONE})
        self._whole = matrix(bag(each.features, each.features.whole) for each in self.rows)
        # A good text is good in all its parts.
        self._of_row, parts = [], []
        for place, each in enumerate(self.rows):
            for piece in [] if self.is_positive[place] else each.features.pieces:
                if piece is not each.features.whole:
                    self._of_row.append(place)
                    parts.append(bag(each.features, piece))
        self._parts = matrix(parts)

    def _is_negative(self, each: Example) -> bool:
        if self.name == "personal":
            return each.family == "form" or each.label == NONE
        if self.name == "wording":
            return each.kind == "jd" and each.label == NONE
        return each.family == "form" or each.label == NONE

    def gate(self, without: str | None = None) -> Head:
        """The head that tells whether a text has any label, learnt without one author."""
        used = np.ones(len(self.rows), bool) if without is None else self.authors != without
        parts = used[np.array(self._of_row, dtype=int)]
        rows = vstack([self._whole[used], self._parts[parts]]).tocsr()
        return fitted(rows, np.concatenate([self.is_positive[used], np.zeros(int(parts.sum()), bool)]))

    def label_heads(self, without: str | None = None) -> dict[str, Head]:
        """A head for each label, learnt from the texts that have one."""
        used = [each for each in self.rows if each.family == self.name and each.label != NONE]
        used = [each for each in used if each.author != without]
        if len(self.labels) < 2:
            return {}
        rows = matrix((bag(each.features, each.features.whole) for each in used), LABEL_BUCKETS)
        return {label: fitted(rows, np.array([each.label == label for each in used])) for label in self.labels}


def best(head: Head, each: Example) -> float:
    """The score of a text: that of its best piece."""
    return max(head.scores(each.features))


def _named(heads: dict[str, Head], each: Example) -> str:
    scores = {name: head.score_of_piece(each.features, each.features.whole) for name, head in heads.items()}
    return max(scores, key=lambda name: scores[name])


@dataclass
class HeldOut:
    """What heads say of texts whose author they have not seen."""

    rows: list[Example] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    named: list[str] = field(default_factory=list)

    def threshold(self, one_in: int, which: Callable[[Example], bool]) -> float:
        """The score that one in so many of these texts exceeds."""
        scores = sorted((s for s, each in zip(self.scores, self.rows, strict=True) if which(each)), reverse=True)
        return scores[len(scores) // one_in] if scores else 0.0


def held_out(family: Family) -> HeldOut:
    """Leave each author out in turn."""
    result = HeldOut()
    for author in sorted(set(family.authors)):
        gate, heads = family.gate(author), family.label_heads(author)
        for each in (each for each in family.rows if each.author == author):
            result.rows.append(each)
            result.scores.append(best(gate, each))
            is_own = each.family == family.name and each.label != NONE
            result.named.append(_named(heads, each) if heads and is_own else "")
        print(f"  {family.name}: without {author}", file=sys.stderr, flush=True)
    return result


class Forms:
    """The heads of the form of one kind of text."""

    def __init__(self, kind: TextKind, everything: Sequence[Example]) -> None:
        self.kind = kind
        self.rows = [each for each in everything if each.family == "form" and each.kind == kind]
        self.authors = np.array([each.author for each in self.rows])
        self.labels = sorted({each.label for each in self.rows} - {NONE})
        self._matrix = matrix(form(each.features, kind) for each in self.rows)

    def head(self, label: str, without: str | None = None) -> Head:
        used = np.ones(len(self.rows), bool) if without is None else self.authors != without
        is_label = np.array([each.label == label for each in self.rows])
        return fitted(self._matrix[used], is_label[used])

    def held_out(self, label: str) -> HeldOut:
        result = HeldOut()
        for author in sorted(set(self.authors)):
            head = self.head(label, author)
            for each in (each for each in self.rows if each.author == author):
                result.rows.append(each)
                result.scores.append(head.score_of_form(each.features, self.kind))
        return result


def _words_alone(each: Example) -> Weighted:
    words = each.features.reading.words
    return [([found for word in words for found in word_features(word, "j")], 1 / math.sqrt(len(words)))]


def language_heads(everything: Sequence[Example]) -> dict[str, Head]:
    """A head for each language."""
    rows = matrix((_words_alone(each) for each in everything), LANGUAGE_BUCKETS)
    return {name: fitted(rows, np.array([each.lang == name for each in everything])) for name in LANGUAGES}


# ------------------------------------------------------------------------------------------------ figures


def share(part: int, whole: int) -> str:
    return f"{part / whole:.2f} of {whole}" if whole else "–"


def gate_figures(family: Family, found: HeldOut, report: float) -> list[str]:
    lines = []
    zipped = list(zip(found.rows, found.scores, found.named, strict=True))
    for label in family.labels:
        cells = []
        for group in (("en",), ("de", "es"), ("fr", "it", "pt", "nl")):
            own = [
                (s, n)
                for each, s, n in zipped
                if each.family == family.name and each.label == label and each.lang in group
            ]
            cells.append(share(sum(s > report for s, _ in own), len(own)))
        named = [
            n == label for each, s, n in zipped if each.family == family.name and each.label == label and s > report
        ]
        cells.append(share(sum(named), len(named)) if family.labels[1:] else "")
        lines.append(f"| {family.name} | {label} | " + " | ".join(cells) + " | |")
    for name, which in (("all", lambda each: each.label != NONE and each.family == family.name),):
        cells = [
            share(
                sum(s > report for e, s, _ in zipped if which(e) and e.lang in group),
                sum(which(e) and e.lang in group for e in found.rows),
            )
            for group in (("en",), ("de", "es"), ("fr", "it", "pt", "nl"))
        ]
        alarms = [s > report for each, s, _ in zipped if not which(each)]
        hard = [s > report for each, s, _ in zipped if each.label == NONE and each.family == family.name]
        text = f"{sum(alarms)} of {len(alarms)}; own neighbours {sum(hard)} of {len(hard)}"
        lines.append(f"| **{family.name}** | **{name}** | " + " | ".join(cells) + f" | | {text} |")
    return lines


def form_figures(kind: str, label: str, found: HeldOut, report: float) -> str:
    cells = []
    for group in (("en",), ("de", "es"), ()):
        own = [
            s for each, s in zip(found.rows, found.scores, strict=True) if each.label == label and each.lang in group
        ]
        cells.append(share(sum(s > report for s in own), len(own)))
    good = [s > report for each, s in zip(found.rows, found.scores, strict=True) if each.label == NONE]
    return f"| {kind} | {label} | " + " | ".join(cells) + f" | | {sum(good)} of {len(good)} |"


def main() -> None:
    """Train, or print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--figures", action="store_true", help="print the figures and write nothing")
    parser.add_argument("--families", nargs="*", default=["personal", "wording", "instruction"])
    arguments = parser.parse_args()
    everything = examples()
    tables: dict[str, bytes] = {}
    heads: dict[str, dict[str, float | int]] = {}
    figures = [
        "| family or kind | label | English | German, Spanish | French, Italian, Portuguese, Dutch | rightly named | false alarms |",
        "|---|---|---|---|---|---|---|",
    ]

    def keep(name: str, head: Head, **thresholds: float) -> None:
        tables[name] = head.table
        heads[name] = {"buckets": len(head.table), "scale": head.scale, "bias": head.bias, **thresholds}

    for name in arguments.families:
        family = Family(name, everything)
        found = held_out(family)
        others = found.threshold(ORDINARY, lambda each: each.family != name)
        hard = found.threshold(HARD, lambda each, name=name: each.family == name and each.label == NONE)
        report = max(others, hard)
        certain = max(
            report, found.threshold(CERTAIN, lambda each, name=name: each.family == name and each.label == NONE)
        )
        print(name, "ordinary", others, "hard", hard, "certain", certain, file=sys.stderr)
        np.save(f"/tmp/held_{name}.npy", np.array(found.scores))
        figures += gate_figures(family, found, report)
        if not arguments.figures:
            keep(name, family.gate(), report=report, certain=certain)
            for label, head in family.label_heads().items():
                keep(f"{name}.{label}", head)
    for kind in ("question", "criterion", "follow_up", "anchor"):
        forms = Forms(kind, everything)
        for label in forms.labels:
            found = forms.held_out(label)
            report = found.threshold(HARD, lambda each: each.label == NONE)
            figures.append(form_figures(kind, label, found, report))
            if not arguments.figures:
                keep(f"{kind}.{label}", forms.head(label), report=report)
    if not arguments.figures:
        for name, head in language_heads(everything).items():
            keep(f"language.{name}", head)
        WEIGHTS.mkdir(exist_ok=True)
        (WEIGHTS / "weights.bin").write_bytes(b"".join(tables.values()))
        about = {"sentences": digest_of_examples(), "heads": heads}
        (WEIGHTS / "heads.json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
    print("\n".join(figures))
    if not arguments.figures and PAGE.exists():
        page = PAGE.read_text(encoding="utf-8")
        head, _, rest = page.partition(BEGIN)
        PAGE.write_text(f"{head}{BEGIN}\n" + "\n".join(figures) + f"\n{END}{rest.partition(END)[2]}", encoding="utf-8")
    print(Counter((each.family, each.lang) for each in everything), file=sys.stderr)


if __name__ == "__main__":
    main()
