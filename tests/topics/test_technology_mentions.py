"""Technologies in running text: names are found, ordinary words are not, and what nobody asked for is reported."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from config import PROJECT_FOLDER
from prompts import InterviewQuestion
from techscreen.text.tokens import read_table
from techscreen.topics.tables import load_tables
from techscreen.topics.technology_mentions import (
    UnsupportedTechnology,
    canonical_name,
    technologies_as_written,
    technologies_given,
    technologies_in,
    technologies_listed,
    technology_names_in,
    unsupported_technologies,
)
from tests.support.tables import table

SAMPLES = PROJECT_FOLDER / "samples"
EXEMPLARS = sorted((SAMPLES / "exemplars").glob("*.json"))
REQUISITIONS = sorted((SAMPLES / "requisitions").glob("*.json"))

NAMED = [
    ("Uses Terraform", "terraform"),
    ("Streams the events on Kafka", "kafka"),
    ("Caches it in Redis", "redis"),
    ("Services in Go and Python", "go"),
    ("written in Go", "go"),
    ("a service written in Rust", "rust"),
    ("the Spring Boot service", "spring-boot"),
    ("with Express, MongoDB and React", "express"),
    ("Go, Kafka and Redis", "go"),
    ("- Rust/Tokio services", "rust"),
    ("Deploys with Helm", "helm"),
    ("Stores it in S3", "s3"),
    ("a C++17 library", "c++"),
    ("Node.js and npm", "node.js"),
    ("quick starts in Python, Node and C#", "node.js"),
    ("Kubernetes with Istio", "kubernetes"),
    ("in C, Zeilen", "c"),
    ("Firmware in C", "c"),
    ("uses the React framework", "react"),
    ("AWS Lambda functions", "aws-lambda"),
    ("PostgreSQL 15", "postgresql"),
    ("Java 21", "java"),
    ("Java17", "java"),
    ("C99 and tools", "c"),
    ("Azure DevOps", "azure-devops"),
    ("GitHub Actions", "github-actions"),
    ("Writes Ansible playbooks", "ansible"),
    ("the team's Jenkins", "jenkins"),
    ("Django REST Framework", "drf"),
    ("R, SQL and Python", "r"),
    ("Vue.js", "vue"),
    ("a `docker` container", "docker"),
    ("a React-based front end", "react"),
    (".NET 8 services", ".net"),
    ("Verwendet Terraform für das Netz", "terraform"),
    ("Dienste mit Spring und Kafka", "spring"),
    ("mit Go entwickelt", "go"),
    ("Usa Docker y Kubernetes", "kubernetes"),
    ("Ray, Dask and Spark", "spark"),
    ("in Unity and Unreal", "unity"),
    ("Elastic Search", "elasticsearch"),
    ("Rabbit MQ", "rabbitmq"),
    ("Type Script", "typescript"),
    ("k8s", "kubernetes"),
    ("ELK stack", "elk"),
    ("Google Cloud Run", "cloud-run"),
    ("SAP S/4HANA", "s4hana"),
    ("Power BI", "powerbi"),
    ("Windows Server", "windows-server"),
    ("MS SQL Server", "sqlserver"),
    ("on Windows", "windows"),
    ("in Excel", "excel"),
    ("Git", "git"),
    ("git", "git"),
    ("gRPC", "grpc"),
    ("MQTT", "mqtt"),
    ("GraphQL", "graphql"),
    ("**Kafka**", "kafka"),
    ("| Kafka | Redis |", "redis"),
    ("Kafka/Redis", "redis"),
    ("```go\nx\n```", "go"),
    ("```python\nimport redis\n```", "python"),
    ("Apache Kafka's log", "kafka"),
    ("Kafka-Cluster", "kafka"),
    ("use Pandas", "pandas"),
    ("ＫＡＦＫＡ", "kafka"),
    ("React Native app", "react-native"),
]

ORDINARY = """
Go through the options and express your view.
How would you react when the rest of the team goes ahead?
Spring is the busy season; we hibernate in winter.
The express lane and the unity of the team.
Express your doubts early. React calmly. Rest a while.
Names the flow of data, the dash of salt and the beam of light.
Says what happens before go-live and after Go-Live weekend.
A swift answer, a dart board, a flutter of alerts, rusty habits.
Explain how you would make a rust-proof schema.
We work with the rails of the process and the ruby anniversary.
The R&D team, plan C, vitamin C, option R, C-level management.
Series C start-up, 20 °C, grade C.
Node failures: a node leaves the cluster. Nodes join. Each Node reports its state.
In flux, a work day, the data hub, no mad rush, rest assured.
The view model and live data of the smart forms in the control tower.
Postman always rings twice? The postman delivers.
Amazon sells books.
We excel at service. Teams excel.
Time windows overlap, a sliding window, windows of 5 minutes.
Storm in the log files, a vault of secrets, the hive mind, glue code, the backbone network.
Great Expectations of customers
The oracle of a test; test oracles.
Helm und Weste sind Pflicht. Der Chef sagt, die Kraft reicht. Der Rest ist einfach. Der Zustand wird geprüft.
Der Arm der Maschine, das Sieb, der Strom, der Helm des Kollegen und die Saga.
El cargo de este puesto es importante. La sed, el prisma y la puma. Presto atención a los detalles.
Le vite code, express et rapide, angulaire.
WITHOUT ANY
EXPRESS OR IMPLIED WARRANTY
an office in Palo Alto, CA
Express Delivery Platform Owner
Spring Semester Intern Program
Julia Roberts joins, Ada Lovelace too.
Says a saga or outbox pattern would help.
Names REST, HTTP, JSON, TLS, SQL, CI/CD, OAuth, GDPR or equivalent.
Uses key-value storage, an API gateway, a load balancer, a message queue and a service mesh.
Mentions infrastructure as code and GitOps.
What it is is unclear.
She adds an index. It adds up.
Hardware with a USB port, SPI bus and DMA.
Agile, Scrum and Kanban.
Kernel and mainframe knowledge.
A relational database, a vector database
a machine learning model, LLM, RAG
You cannot rest. You sail a yarn. Celery soup in a flask by the pandas.
Sage advice: Confluence of rivers. Temporal logic.
Puppet theatre and chef's table; a bun, a locust, a gin tonic, a cucumber.
Consul general, a rancher on the farm
Open https://kafka.apache.org or mail to redis@docker.example
make sure, pack, sketch, parcel, harness the drone
Ansprechpartner für Stromaufnahme, Node, Rest und Kraft.
Die Kraft, der Tableau-Vergleich.
Karma points. Mocha and espresso in the kitchen. Jest apart.
Aurora borealis.
Stata mater? The SAM audit, the PAM vault.
So läuft es, für Öl und Rüst-Arbeiten.
Less is more. Combine both. Lit rooms. Ray of hope. Ant hills. Pig farms. Room to grow. Hack day.
- Go over the incident timeline with the team
- Express findings in writing
- Spring cleaning of the backlog
Ask: "React or wait?"
EMR systems (electronic medical records) and the DAX index
The PG rating, RN on duty, TS file, WP 4
Enterprise resource planning, CRM
The prefect of the school
Prior to Spring 2026 we start in the Fall.
"""


def load(path: Path) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return data


def given(path: Path) -> list[str]:
    fields = load(SAMPLES / "requisitions" / path.name)
    return [text for name, text in fields.items() if text and name not in ("req_id", "interview_name")]


def written(exemplar: dict[str, Any]) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Every text of an exemplar by its place, and the technologies of the topics by theirs."""
    texts = {name: exemplar[name] for name in ("enhanced_title", "enhanced_description")}
    topics = {topic["topic"]: topic["technologies"] for topic in exemplar["interview_topics"]}
    named = {}
    for question in exemplar["questions"]:
        place = f"question {question['question_number']}"
        criteria = [text for criterion in question["criteria"] for text in criterion.values()]
        shown = InterviewQuestion.model_validate(question).question_text
        pieces = [question["topic"], shown, *criteria, *question["follow_ups"]]
        texts[place] = "\n".join([*pieces, *question["rating_anchors"].values()])
        named[place] = topics[question["topic"]]
    return texts, named


@table(("text", "name"), NAMED)
def test_a_technology_written_as_a_name_is_found(text: str, name: str) -> None:
    assert name in technologies_in(text)


@table("text", ORDINARY.strip().splitlines())
def test_an_ordinary_word_is_no_technology(text: str) -> None:
    assert technologies_in(text) == frozenset()


def test_the_first_word_counts_only_if_it_is_a_name_elsewhere() -> None:
    assert technologies_in("Express the idea.") == frozenset()
    assert "express" in technologies_in("Express the idea. We serve it with Express behind a proxy.")


def test_of_fenced_code_only_the_language_counts() -> None:
    code = "Read this.\n\n```python\nimport redis, kafka  # Terraform\n```\n\nIt talks to Docker."
    assert technologies_in(code) == {"python", "docker"}
    assert technologies_in("```\nredis\n") == frozenset()
    assert technologies_in("~~~go\nkafka\n```\nredis\n~~~\nMySQL") == {"go", "mysql"}


def test_the_number_of_the_next_item_is_no_version() -> None:
    assert technology_names_in("1. Python\n2. Redis") == {"python", "redis"}
    assert technologies_listed("1. Java\n2. Python\n3. SQL") == {"java", "python", "sql"}


def test_addresses_name_no_technology() -> None:
    assert technologies_in("https://kafka.example/redis or docker@mysql.example") == frozenset()


def test_concepts_and_formats_are_names_but_no_technologies() -> None:
    text = "REST, JSON, OAuth, CI/CD, GitOps, SLOs and TLS"
    assert technologies_in(text) == frozenset()
    assert {"rest", "json", "ci-cd", "gitops", "slo", "tls"} <= technology_names_in(text)


def test_small_letters_in_a_list_are_given() -> None:
    given = technologies_given("react, typescript, vite (currently CRA), go")
    assert {"react", "typescript", "vite", "go", "javascript"} <= given


def test_an_ordinary_word_amid_a_sentence_is_not_given() -> None:
    given = technologies_given("We go far and react to users and express it; a go-live in R&D for the rest.")
    assert given.isdisjoint({"go", "react", "express", "r"})


@table(
    ("text", "implied"),
    [
        ("Spring Boot", {"java", "spring"}),
        ("React Native", {"react", "javascript"}),
        ("Kafka Streams", {"kafka"}),
        ("EKS", {"kubernetes", "aws"}),
        ("Azure SQL", {"azure", "sql"}),
        ("GitOps", {"git"}),
        ("Kubernetes", {"kubectl"}),
        ("ECC 6.0 on SAP", {"sap-ecc"}),
    ],
)
def test_what_a_name_implies_is_given(text: str, implied: set[str]) -> None:
    assert implied <= technologies_given(text)


def test_a_part_does_not_come_with_the_whole_by_itself() -> None:
    assert technologies_given("AWS and Kafka").isdisjoint({"s3", "kafka-streams", "dynamodb"})


def test_a_list_names_the_longest_names_alone() -> None:
    assert technologies_listed("Spring Boot") == {"spring-boot"}
    assert technologies_listed("react, go and PostgreSQL 15") == {"react", "go", "postgresql"}
    assert technologies_as_written("ISO 20022, 3-D  Secure; Spring Boot, then spring-boot") == {
        "iso20022": "ISO 20022",
        "3ds": "3-D Secure",
        "spring-boot": "Spring Boot",
    }


@table("path", EXEMPLARS, ids=lambda path: path.stem)
def test_exemplary_texts_name_nothing_that_was_not_given(path: Path) -> None:
    texts, named = written(load(path))
    assert unsupported_technologies(given(path), texts, named) == []


@table("path", REQUISITIONS, ids=lambda path: path.stem)
def test_what_a_requisition_says_in_prose_is_given_by_it(path: Path) -> None:
    texts = given(path)
    assert technologies_in("\n".join(texts)) != frozenset()
    assert unsupported_technologies(texts, {"the same": "\n".join(texts)}) == []


@table("path", EXEMPLARS, ids=lambda path: path.stem)
@table(
    ("planted", "name"),
    [
        ("Uses Pulumi to do so.", "pulumi"),
        ("Puts the events on Apache Pulsar.", "pulsar"),
        ("Caches the answer in Redis.", "redis"),
        ("Names Datadog, New Relic or an equivalent.", "datadog"),
        ("A service written in Rust.", "rust"),
        ("```ruby\nputs 1\n```", "ruby"),
    ],
)
def test_a_planted_technology_is_found_at_its_places(path: Path, planted: str, name: str) -> None:
    texts, named = written(load(path))
    for place in ("enhanced_description", "question 3"):
        texts[place] += f"\n\n{planted}"
    found = {entry.technology: entry.places for entry in unsupported_technologies(given(path), texts, named)}
    assert found[name] == ("enhanced_description", "question 3")


def test_technologies_that_stand_alone_are_names() -> None:
    named = {"question 1": ["go", "HART", "spring-boot", "rest", " "], "question 2": ["go", "FooBase"]}
    assert unsupported_technologies(["Java, HART"], {}, named) == [
        UnsupportedTechnology("go", ("question 1", "question 2")),
        UnsupportedTechnology("spring-boot", ("question 1",)),
        UnsupportedTechnology("FooBase", ("question 2",)),
    ]


def test_one_field_is_enough_to_support_a_technology() -> None:
    assert unsupported_technologies(["", "kafka"], {"question 1": "Events on Kafka"}) == []


def test_a_canonical_name_is_known_whatever_its_spelling() -> None:
    assert canonical_name(" K8s ") == "kubernetes"
    assert canonical_name("spring-boot") == "spring-boot"
    assert canonical_name("FooBase") is None


def test_the_data_files_name_only_what_the_table_has() -> None:
    tables = load_tables()
    assert {name for name, _ in read_table("technology_concepts.txt")} <= tables.canonical
    assert {name for name, _ in read_table("ambiguous_technology_names.txt")} <= set(tables.names)
    kinds = {kind for _, kinds in read_table("ambiguous_technology_names.txt") for kind in kinds}
    assert kinds == {"capital", "german", "near", "upper", "never"}
    for whole, parts in read_table("technology_included.txt"):
        assert {whole, *parts} <= tables.canonical


@table(
    "piece",
    [
        *(
            "a",
            "a ",
            "how would you ",
            "(",
            "go ",
            "Go, ",
            "Go. ",
            "```",
            "~~~\n",
            "Spring Boot ",
            "C/",
            ".net",
            "x@",
            "www.",
        ),
        *("\ud800 \0 👩‍🚀", "a.b-c", "Java8", "\n", "&", "ß", "ﷺ", "1.", "React Native, "),
    ],
)
def test_no_text_is_an_error_or_takes_long(piece: str) -> None:
    text = (piece * 16_000)[:16_000]
    for function in (technologies_in, technologies_given, technologies_listed):
        function("warm")
        quickest = 1.0
        for _ in range(3):
            start = time.perf_counter()
            function(text)
            quickest = min(quickest, time.perf_counter() - start)
            if quickest < 0.05:
                break
        assert quickest < 0.5  # a twentieth of a second on an idle machine
