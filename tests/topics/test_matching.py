"""When one topic may stand for another."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

from benchmarks.topic_matching import figures, pairs
from techscreen.data import DATA
from techscreen.text.tokens import glue, read_table, tokens_of
from techscreen.topics.matching import canonical_technology, facet_key, of_keys, parse, similarity, technology_key
from techscreen.topics.tables import load_tables
from techscreen.topics.word_forms import form
from tests.support.tables import table

THRESHOLD = 0.85

NEVER = """
Java closures | JavaScript closures
Java | JavaScript
C pointers | C++ pointers
C++ memory management | C# memory management
React hooks | React Native hooks
React | React Native
SQL indexing | NoSQL indexing
Kafka streaming | Kafka security
Kafka | Kafka Streams
Kafka streaming | Kafka Streams
Angular components | AngularJS components
Migrating from Oracle to PostgreSQL | Migrating from PostgreSQL to Oracle
Oracle to PostgreSQL migration | PostgreSQL to Oracle migration
Migration von Oracle nach PostgreSQL | Migration von PostgreSQL nach Oracle
Migración de Oracle a PostgreSQL | Migración de PostgreSQL a Oracle
Speech to text | Text to speech
Kafka over RabbitMQ | RabbitMQ over Kafka
Java 8 | Java 17
Java 8 streams in practice | Java 17 streams in practice
Java 8 streams | Java streams
REST APIs | Non-REST APIs
Blocking I/O | Non-blocking I/O
Testing with Mockito | Testing without Mockito
Testen mit Mockito | Testen ohne Mockito
Docker without Kubernetes | Kubernetes without Docker
Encryption at rest | REST API encryption
Stored procedures in SQL | Storage procedures in SQL
Kafka consumer groups | Kafka consumer lag
Internal tables in ABAP | ABAP tables
Semantic versioning | Versioning
Security | Database security
Zorbium clustering | Zorbiums.js clustering
Zorbium Flux | Zorbium
React vs React Native | React Native
JWT | JWT vs sessions
Kubernetes 网络 | Kubernetes 存储
Deadlock prevention | Deadlock avoidance
DDoS prevention | DDoS mitigation
Container state | Container stats
Concurrency in Python | Multithreading in Python
Delegates in C# | Delegation in C#
Hashes in Ruby | Hashing in Ruby
Order events | Event ordering
Test data | Data tests
Test data in Java | Data tests in Java
Message brokers | Broker messages
Thread pools | Pool threads
Service mesh | Mesh services
Iterators in C++ | Iteration in C++
Java annotations | Annotating data in Java
Kubernetes custom resources | Kubernetes custom resource definitions
Kubernetes ingress | Kubernetes ingress controllers
Peer-to-peer networks | Point-to-point networks
Serializers in Django | Serialization in Django
Backup restoration | Backup recovery
"""
ALWAYS = """
Go concurrency | Golang concurrency
k8s networking | Networking in Kubernetes
Postgres indexing | PostgreSQL indexes
Apache Kafka consumer groups | Kafka consumer groups
Java Spring Boot microservices | Spring Boot microservices
Multi-stage Docker builds | Docker multistage builds
Securing REST APIs | REST API security best practices
React performance optimisation | React performance optimization
Handling errors in Node.js | NodeJS error handling
Java GC tuning | Tuning the garbage collector in Java
Oracle to PostgreSQL migration | Migrating from Oracle to PostgreSQL
Migrating to PostgreSQL from Oracle | Migrating from Oracle to PostgreSQL
SQL vs NoSQL | NoSQL versus SQL
VPC peering in AWS | AWS VPC peering
Microsoft Azure Functions triggers | Triggers in Azure Functions
Java17 records | Records in Java 17
Pandas DataFrames | pandas data frames
Fehlerbehandlung in Java | Java-Fehlerbehandlung
Pruebas unitarias en Java | Pruebas unitarias con Java
Migración a Kubernetes | Migracion a Kubernetes
Event ordering | Ordering of events
User authentication | Authenticating users
Detecting anomalies in logs | Anomaly detection in logs
Design a URL shortener | URL shortener design
Approval workflow for invoices | Invoice approval workflow
Goroutine leaks | Leaking goroutines in Go
Designing an on-call schedule | On-call rotation design
Cross-site scripting protection | Preventing XSS
Endianness | Byte order
"""
NAMES = """
k8s | kubernetes
Golang | go
Apache Kafka | kafka
spring-boot | spring-boot
C++ | c++
c# | c#
F# | f#
.NET | .net
Node.js | node.js
ASP.NET | asp.net
Objective-C | objective-c
"""
ODD = [
    *("", " ", "\t\n", "a", "c", "C", "c++", ".", ".net", "node.js", "8", "the", "in the with", "not", "without"),
    *("to", "from", "from to", "to X", "vs", "→", "|,>!", "not X", "X not", "C# F# C++ .NET Node.js"),
    *("🔥", "🔥🔥", "\x00", "Kafka\x00Streams", "\ud800", "I", "İ", "ß", "分布式系统", "一致性哈希算法"),
    *("أمن الشبكات", "אבטחת רשת", "\u202eKafka", "Größenänderung von Datenträgern", "Añadir índices en PostgreSQL"),
    *("x" * 255, "Kafka " * 42, "word%d " * 40),
    *(" ".join(f"unknownword{n}" for n in range(count)) for count in (60, 61)),
]


def keys(text: str) -> tuple[str, str]:
    return technology_key(parse(text)), facet_key(parse(text))


def examples(block: str) -> list[tuple[str, str]]:
    return [(a.strip(), b.strip()) for a, b in (line.split("|") for line in block.strip().splitlines())]


@table(("a", "b"), examples(NEVER))
def test_topics_that_differ_in_one_thing_that_matters_never_match(a: str, b: str) -> None:
    assert similarity(a, b) < THRESHOLD


@table(("a", "b"), examples(ALWAYS))
def test_topics_that_differ_in_wording_only_always_match(a: str, b: str) -> None:
    assert similarity(a, b) == 1


def test_similarity_is_symmetric_within_0_to_1_and_1_exactly_when_the_keys_are_equal() -> None:
    labelled = [(pair["a"], pair["b"]) for name in ("dev", "own") for pair in pairs(name)]
    for a, b in [*labelled, *itertools.product(ODD, ODD)]:
        here = similarity(a, b)
        assert here == similarity(b, a), (a, b)
        assert 0 <= here <= 1, (a, b)
        if a.strip() and b.strip():
            assert (keys(a) == keys(b)) == (here == 1), (a, b)


@table("text", [text for text in ODD if text.strip()])
def test_every_text_that_is_not_blank_is_like_itself(text: str) -> None:
    assert similarity(text, text) == 1


@table("blank", ["", " ", "\t\n"])
def test_a_blank_topic_is_like_nothing_not_even_itself(blank: str) -> None:
    assert similarity(blank, blank) == 0
    assert similarity(blank, "Kafka") == 0
    assert similarity(blank, "🔥") == 0


@table("text", ODD)
def test_keys_fit_their_columns(text: str) -> None:
    assert max(map(len, keys(text))) <= 255


def test_long_topics_keep_different_keys() -> None:
    words = [f"unknownword{n}" for n in range(60)]
    assert keys(" ".join(words)) != keys(" ".join([*words, "zzz"]))
    assert keys(" and ".join(words)) == keys(" and ".join(reversed(words)))


def test_an_opposite_among_many_equal_words_is_decisive() -> None:
    shared = "alpha beta gamma delta epsilon zeta eta theta"
    assert similarity(shared, f"{shared} iota") > THRESHOLD
    assert similarity(shared, f"{shared} asynchronous") < THRESHOLD


def test_a_topic_is_taken_apart() -> None:
    topic = parse("Migrating from Spring Boot 2 to Spring Boot 3 in Java without downtime")
    assert topic.technologies == {"spring-boot", "java"}
    assert topic.numbers == {"2", "3"}
    assert topic.direction == ("spring-boot 2", "spring-boot 3")
    assert parse("Exactly-once delivery in Apache Kafka").facet == parse("Kafka exactly once semantics").facet


@table(("name", "canonical"), examples(NAMES))
def test_a_technology_has_one_canonical_name(name: str, canonical: str) -> None:
    assert canonical_technology(name) == canonical


@table("name", ["", " ", "zorbium", "Kafka and Redis", "Kafka security", "🔥"])
def test_what_is_not_one_technology_of_the_table_has_no_canonical_name(name: str) -> None:
    assert canonical_technology(name) is None


def test_every_canonical_name_is_its_own() -> None:
    for name in load_tables().canonical:
        assert canonical_technology(name) == name


@table(
    ("word", "same"),
    [
        ("caching", "cache"),
        ("migrating", "migration"),
        ("optimise", "optimization"),
        ("databases", "database"),
        ("policies", "policy"),
        ("indexes", "indexing"),
        ("behaviour", "behavior"),
    ],
)
def test_inflections_of_a_word_have_one_form(word: str, same: str) -> None:
    assert form(word) == form(same)


@table(
    ("a", "b"),
    [
        ("generics", "generators"),
        ("delegates", "delegation"),
        ("hashes", "hashing"),
        ("states", "stats"),
        ("plane", "plan"),
        ("stored", "store"),
        ("production", "product"),
        ("angular", "angularjs"),
    ],
)
def test_words_that_only_look_alike_have_two_forms(a: str, b: str) -> None:
    assert form(a) != form(b)


def test_no_name_in_the_tables_means_two_technologies() -> None:
    owners: dict[str, str] = {}
    for name, aliases in read_table("technology_aliases.txt"):
        for alias in aliases:
            assert owners.setdefault(glue(tokens_of(alias)), name) == name, alias


def test_parents_are_technologies_of_the_table_and_none_is_its_own() -> None:
    tables = load_tables()
    for name, parents in tables.parents.items():
        assert {name, *parents} <= tables.canonical
        assert name not in parents


def test_no_word_is_both_a_thing_and_an_act() -> None:
    lists = dict(read_table("word_forms.txt"))
    assert not set(lists["@acts"]) & set(lists["@things"])


def test_an_old_key_is_not_read_as_a_new_one() -> None:
    assert of_keys(frozenset(), "hash|||") is None


@table("topic", ["Test data in Java 8", "Docker without downtime", "Migrating from Oracle to MySQL", "Pods"])
def test_a_topic_can_be_read_back_from_its_keys(topic: str) -> None:
    parsed = parse(topic)
    assert of_keys(parsed.technologies, facet_key(parsed)) == parsed


def test_no_synonym_means_two_facets() -> None:
    owners: dict[tuple[str, ...], str] = {}
    for name, synonyms in read_table("facet_synonyms.txt"):
        for synonym in [] if name.startswith("@") else [name, *synonyms]:
            words = tuple(map(form, tokens_of(synonym)))
            assert owners.setdefault(words, name) == name, synonym


def test_the_project_holds_the_data_it_reads() -> None:
    assert {"technology_aliases.txt", "technology_parents.txt", "facet_synonyms.txt", "word_forms.txt"} <= {
        file.name for file in DATA.iterdir()
    }


def test_the_labelled_pairs_are_well_formed_and_none_comes_twice() -> None:
    for name in ("dev", "own"):
        rows = [json.dumps(pair, sort_keys=True) for pair in pairs(name)]
        assert len(rows) == len(set(rows)) >= 300


def hard_pairs() -> list[dict[str, Any]]:
    lines = Path(__file__).with_name("hard_pairs.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


@table(("name", "precision", "recall"), [("dev", 0.99, 0.93), ("own", 0.99, 0.95)])
def test_precision_and_recall_hold_their_floor(name: str, precision: float, recall: float) -> None:
    found = figures(pairs(name), similarity)
    assert found.precision >= precision
    assert found.recall >= recall


def test_precision_and_recall_hold_their_floor_with_the_hard_pairs() -> None:
    found = figures([*hard_pairs(), *pairs("dev"), *pairs("own")], similarity)
    assert found.precision >= 0.99
    assert found.recall >= 0.67


def test_the_hard_pairs_hold_their_floor() -> None:
    """Most of them say the same in other words altogether, which no table of words can know."""
    found = figures(hard_pairs(), similarity)
    assert found.precision >= 0.95
    assert found.recall >= 0.17
