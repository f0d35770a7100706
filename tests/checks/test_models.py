"""The weights fit the sentences that they were learnt from, and find in them what they should."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts import train_checks
from scripts.train_checks import BEGIN, END, FAMILIES, NONE, Family, Training, bag, examples, form, words_alone
from techscreen.checks.classifier import Head
from techscreen.checks.features import BUCKETS, TextKind, features_of
from techscreen.checks.models import EXAMPLES, WEIGHTS, _loaded, digest_of_examples, language_of_reading
from techscreen.checks.sentences import FORM_CHECKS, SENTENCES
from techscreen.checks.texts import findings_of
from techscreen.text.reading import read
from tests.support.tables import table

ABOUT = json.loads((WEIGHTS / "heads.json").read_text(encoding="utf-8"))
KIND_OF_FINDING = {
    "personal": "prohibited_subject",
    "wording": "biased_wording",
    "instruction": "instruction",
    "form": "form",
}
EVERY = 12  # a sentence in so many is looked at
# Learnt sentences are found more often than others, so these shares only guard against weights that do not fit.
LEAST_FOUND, MOST_FALSE = 0.75, 0.03


def test_the_weights_were_learnt_from_these_sentences() -> None:
    assert ABOUT["sentences"] == digest_of_examples()


def test_the_weights_have_the_size_that_is_said_of_them() -> None:
    sizes = {name: head["buckets"] for name, head in ABOUT["heads"].items()}
    assert (WEIGHTS / "weights.bin").stat().st_size == sum(sizes.values())
    assert all(size & (size - 1) == 0 and size <= BUCKETS for size in sizes.values()), sizes
    assert all(head["scale"] > 0 for head in ABOUT["heads"].values())
    for name in FAMILIES:
        assert 0 < ABOUT["heads"][name]["report"] <= ABOUT["heads"][name]["certain"]


def test_everything_that_can_be_found_has_a_sentence_for_people() -> None:
    labels = {label for gate in _loaded().gates.values() for label in gate.labels}
    forms = {label for heads in _loaded().forms.values() for label, _, _ in heads}
    assert labels <= set(SENTENCES)
    assert forms == set(FORM_CHECKS)
    assert set(FORM_CHECKS.values()) <= set(SENTENCES)


def sentences(family: str) -> Iterator[tuple[str, TextKind, str]]:
    for path in sorted(EXAMPLES.glob(f"{family}_*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines()[::EVERY]:
            row = json.loads(line)
            yield row["text"], row["kind"], row["label"]


@table("family", KIND_OF_FINDING)
def test_the_sentences_themselves_are_told_apart(family: str) -> None:
    hits: dict[bool, list[bool]] = defaultdict(list)
    named: list[bool] = []
    for text, kind, label in sentences(family):
        found = [each.category for each in findings_of(text, kind) if each.kind == KIND_OF_FINDING[family]]
        hits[label != NONE].append(bool(found))
        if found and label != NONE and family != "instruction":
            named.append(FORM_CHECKS.get(label, label) in found)
    assert min(len(hits[True]), len(hits[False])) > 80
    assert sum(hits[True]) > LEAST_FOUND * len(hits[True])
    assert sum(hits[False]) < MOST_FALSE * len(hits[False])
    assert not named or sum(named) > LEAST_FOUND * len(named)


LANGUAGES = {
    "en": "Users report that the checkout page answers slowly after each deployment. How do you find the cause?",
    "de": "Nach jedem Deployment antwortet das Backend langsamer, obwohl der Load Balancer kaum Traffic sieht. "
    "Wie finden Sie die Ursache im Kubernetes Cluster?",
    "es": "Después de cada deployment el backend responde más despacio, aunque el load balancer apenas recibe "
    "tráfico. ¿Cómo encuentra la causa en el cluster de Kubernetes?",
    "fr": "Après chaque déploiement, le backend répond plus lentement, alors que le load balancer ne voit presque "
    "pas de trafic. Comment trouvez-vous la cause dans le cluster Kubernetes ?",
    "it": "Dopo ogni deployment il backend risponde più lentamente, anche se il load balancer riceve poco traffico. "
    "Come trova la causa nel cluster Kubernetes?",
    "pt": "Depois de cada deployment o backend responde mais devagar, embora o load balancer receba pouco tráfego. "
    "Como você encontra a causa no cluster Kubernetes?",
    "nl": "Na elke deployment antwoordt de backend trager, hoewel de load balancer nauwelijks verkeer ziet. "
    "Hoe vindt u de oorzaak in het Kubernetes-cluster?",
}


@table(("language", "text"), LANGUAGES.items())
def test_a_language_is_told_by_a_short_text_full_of_english_terms(language: str, text: str) -> None:
    assert language_of_reading(read(text)) == language
    assert language_of_reading(read(text.upper())) == language


@table(
    "text",
    ["", "Why?", "Kubernetes, Kafka, Redis", "ネットワークの障害の原因をどのように調べますか。" * 5, "123 456 " * 40],
)
def test_a_language_that_is_not_clear_is_not_told(text: str) -> None:
    assert language_of_reading(read(text)) is None


# ------------------------------------------------------------------------------ training

FEW = ("instruction_d", "instruction_e", "form_c", "form_j")


@pytest.fixture
def few_examples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Training learns from a few sentences, and writes into a folder of its own."""
    folder = tmp_path / "examples"
    folder.mkdir()
    for name in FEW:
        lines = (EXAMPLES / f"{name}.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
        (folder / f"{name}.jsonl").write_text("".join(lines[::12]), encoding="utf-8")
    monkeypatch.setattr(train_checks, "EXAMPLES", folder)
    monkeypatch.setattr(train_checks, "LANGUAGES", ("en", "de", "es"))
    monkeypatch.setattr(train_checks, "WEIGHTS", tmp_path / "weights")
    monkeypatch.setattr(train_checks, "PAGE", tmp_path / "page.md")
    (tmp_path / "page.md").write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n", encoding="utf-8")
    return tmp_path


def test_training_twice_gives_the_same_bytes(few_examples: Path) -> None:
    def learnt() -> dict[str, bytes]:
        training = Training(examples(), keeps_weights=True)
        training.learn_family("instruction")
        training.learn_forms("follow_up")
        training.write()
        return {path.name: path.read_bytes() for path in (*few_examples.glob("weights/*"), few_examples / "page.md")}

    once, again = learnt(), learnt()
    assert once == again
    assert set(once) == {"weights.bin", "heads.json", "page.md"}
    about = json.loads(once["heads.json"])["heads"]
    assert list(about) == ["instruction", "follow_up.leading_follow_up", "language.en", "language.de", "language.es"]
    assert len(once["weights.bin"]) == sum(head["buckets"] for head in about.values())
    page = once["page.md"].decode()
    assert page.startswith(f"before\n{BEGIN}\n| family or kind |")
    assert page.endswith(f"|\n{END}\nafter\n")
    assert "old" not in page


def test_what_is_learnt_tells_its_sentences_apart(few_examples: Path) -> None:
    family = Family("instruction", examples())
    gate = family.gate()
    scores = [max(gate.scores(each.features)) for each in family.rows]
    faulty = [score for score, is_faulty in zip(scores, family.is_faulty, strict=True) if is_faulty]
    good = [score for score, is_faulty in zip(scores, family.is_faulty, strict=True) if not is_faulty]
    assert min(len(faulty), len(good)) > 20
    assert sum(score > 0 for score in faulty) > 0.9 * len(faulty)
    assert sum(score < 0 for score in good) > 0.9 * len(good)


@table(
    ("text", "kind"),
    [
        ("Why?", "follow_up"),
        ("Are you pregnant?", "question"),
        ("You own the service, and you keep it running at night; nobody else does. It is written in Go 1.22.", "jd"),
        ("Names the lock, and says which of the two transactions waits for it.", "criterion"),
        ("Das Gerät startet neu. Wie suchen Sie die Ursache, und was messen Sie zuerst?", "question"),
        ("Weak answer.", "anchor"),
        ("Shows good teamwork.", "criterion"),
        ("Why", "question"),
    ],
)
def test_a_text_is_weighed_as_it_is_in_training(text: str, kind: TextKind) -> None:
    features = features_of(read(text), kind)
    bytes_of_any_value = bytes((number * 7919 >> 3) % 256 for number in range(1 << 15))
    head = Head(bytes_of_any_value, 0.01, -0.5)
    table_of_weights = memoryview(bytes_of_any_value).cast("b")

    def score(weighted: train_checks.Weighted) -> float:
        row = train_checks.matrix([weighted], len(table_of_weights))
        weights = (table_of_weights[column] * value for column, value in zip(row.indices, row.data, strict=True))
        return head.bias + head.scale * float(sum(weights))

    of_pieces = [score(bag(features, piece)) for piece in features.pieces]
    assert [head.score_of_piece(features, piece) for piece in features.pieces] == pytest.approx(of_pieces, abs=1e-4)
    less_penalty = [each - piece.penalty for each, piece in zip(of_pieces, features.pieces, strict=True)]
    assert head.scores(features) == pytest.approx(less_penalty, abs=1e-4)
    assert head.score_of_words(features.reading.words, "j") == pytest.approx(score(words_alone(features)), abs=1e-4)
    if kind != "jd":
        assert head.score_of_form(features, kind) == pytest.approx(score(form(features, kind)), abs=1e-4)
