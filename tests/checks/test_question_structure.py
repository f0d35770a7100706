"""The form of a question: what is sent back, and its near neighbours that pass."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from config import PROJECT_FOLDER
from prompts import EnhancedDescription, EnhanceDescription, InterviewQuestion, WriteQuestion
from techscreen.checks.answers import enhancement_violations, question_violations
from techscreen.checks.findings import Violation
from techscreen.checks.question_structure import form_violations
from techscreen.claude.interface import Deadline
from techscreen.claude.offline import OfflineClaude
from techscreen.claude.offline_templates import KINDS
from tests.support.fake_answers import WORDS, good_question
from tests.support.tables import table

SAMPLES = PROJECT_FOLDER / "samples"
EXEMPLARS = sorted((SAMPLES / "exemplars").glob("*.json"))
REQUISITIONS = sorted((SAMPLES / "requisitions").glob("*.json"))

SPANISH: dict[str, Any] = {
    "question_text": "Un proceso nocturno envía los pagos pendientes al banco y a veces se detiene a medias. El equipo "
    "de finanzas necesita cifras correctas antes de las nueve. ¿Cómo averiguaría qué pagos se enviaron?",
    "criteria": [
        {"criterion": "Registros del banco", "description": "Pregunta qué registros guarda el banco de cada envío."},
        {
            "criterion": "Comparación por pago",
            "description": "Compara cada pago con el extracto en lugar de los totales.",
        },
        {"criterion": "Momento de la parada", "description": "Busca en el registro el instante en que se detuvo."},
        {"criterion": "Envíos dudosos aparte", "description": "Separa los pagos cuyo resultado es desconocido."},
        {"criterion": "Aviso a finanzas", "description": "Dice a finanzas lo que todavía no se sabe."},
        {"criterion": "Referencia única", "description": "Propone una referencia única por pago."},
        {"criterion": "Reinicio prudente", "description": "Dice por qué no repite todo el proceso."},
        {"criterion": "Control futuro", "description": "Propone una alarma para la próxima parada."},
    ],
    "follow_ups": ["¿Qué haría después?", "¿Qué parte le parece más difícil?"],
    "rating_anchors": {
        "low": "Repite el proceso entero y espera que el banco rechace los duplicados.",
        "mid": "Compara registros y extracto, pero deja sin resolver los envíos dudosos.",
        "high": "Parte de lo que el banco puede demostrar y cierra cada pago dudoso con una prueba.",
    },
}


@lru_cache(maxsize=3)
def _base(language: str) -> str:
    if language == "es":
        return json.dumps(SPANISH)
    name = {"en": "site-reliability-engineer", "de": "embedded-firmware-engineer"}[language]
    exemplar = json.loads((SAMPLES / "exemplars" / f"{name}.json").read_text("utf-8"))
    question = exemplar["questions"][2]
    return json.dumps({key: question[key] for key in ("question_text", "criteria", "follow_ups", "rating_anchors")})


def question(language: str = "en", **changes: Any) -> InterviewQuestion:
    return InterviewQuestion.model_validate({**json.loads(_base(language)), **changes})


def asking(text: str, language: str = "en") -> InterviewQuestion:
    return question(language, question_text=text)


def with_criteria(*criteria: tuple[str, str], language: str = "en") -> InterviewQuestion:
    """The base question with some of its criteria replaced."""
    kept = json.loads(_base(language))["criteria"][len(criteria) :]
    return question(language, criteria=[*({"criterion": a, "description": b} for a, b in criteria), *kept])


def checks(problems: list[Violation]) -> set[str]:
    return {problem.check for problem in problems}


SCENE = "A nightly import of orders has become slower every week, and the shop opens at eight in the morning. "
SZENE = "Ein nächtlicher Import von Bestellungen wird jede Woche langsamer, und das Lager öffnet um sechs Uhr. "
ESCENA = "Una importación nocturna de pedidos tarda cada semana más y el almacén abre a las seis de la mañana. "


# ------------------------------------------------------------------------------ what passes


def test_exemplary_questions_pass() -> None:
    assert len(EXEMPLARS) == 4
    for path in EXEMPLARS:
        for one in json.loads(path.read_text("utf-8"))["questions"]:
            assert form_violations(InterviewQuestion.model_validate(one)) == []


def test_the_bases_of_the_tests_pass() -> None:
    for language in ("en", "de", "es"):
        assert form_violations(question(language)) == []


@table("path", REQUISITIONS, ids=[path.stem for path in REQUISITIONS])
def test_four_interviews_of_the_offline_mode_pass(path: Path) -> None:
    data = json.loads(path.read_text("utf-8"))
    fields = EnhanceDescription.__dataclass_fields__
    request = EnhanceDescription(**{name: data[name] for name in fields if (data.get(name) or "").strip()})
    offline = OfflineClaude()
    plan: EnhancedDescription = offline.submit(request, enhancement_violations, Deadline(0.0)).result(timeout=0).value
    taken: list[str] = []
    for _ in range(4):
        for topic in plan.interview_topics:
            others = tuple(other.topic for other in plan.interview_topics if other is not topic)
            write = WriteQuestion(topic, "en", other_topics=others, taken=tuple(taken))
            written = offline.submit(write, question_violations, Deadline(0.0)).result(timeout=0).value
            assert form_violations(written) == []
            taken.append(written.question_text)


@table("kind", KINDS.values(), ids=KINDS.keys())
def test_every_scene_of_the_offline_mode_passes_with_its_whole_pool_of_criteria(kind: Any) -> None:
    for scene in kind.scenes:
        points = [*scene.points, *(point for point in kind.points if point[1] not in scene.without)]
        written = question(
            question_text=f"{kind.frames[0]} {scene.text} {kind.asks[0]}",
            criteria=[{"criterion": label, "description": description} for _, label, description in points],
            follow_ups=list(kind.follow_ups),
            rating_anchors={"low": scene.low, "mid": scene.mid, "high": scene.high},
        )
        assert form_violations(written) == []


def test_made_up_questions_pass() -> None:
    for number in range(0, 6_000, 8):
        topic = f"{WORDS[number % len(WORDS)].capitalize()} {WORDS[number // len(WORDS)]} {number}"
        assert form_violations(InterviewQuestion.model_validate(good_question({"topic": topic, "taken": []}))) == []


# ------------------------------------------------------------------------------ one ask


@table(
    ("text", "language"),
    [
        (SCENE + "How would you design it, secure it, test it and migrate?", "en"),
        (SCENE + "How would you design, test and deploy the new import?", "en"),
        (SCENE + "How would you find the cause, how would you prove it, and who would you tell?", "en"),
        (SCENE + "How would you build and test it, and how would you roll it out?", "en"),
        (
            SCENE
            + "How would you bring the import down to an hour, and how would you convince the other departments to "
            "move their own data to a new format for it?",
            "en",
        ),
        (SCENE + "What do you do first, and why did you choose that, and what would you tell the shop?", "en"),
        (SCENE + "What is slow? What would you measure?", "en"),
        (SCENE + "Describe the cause. Explain the fix. List the risks you see.", "en"),
        (SCENE + "Describe the design, explain the trade-offs and list the risks.", "en"),
        (SCENE + "Describe how you would speed it up. How would you tell the shop about it?", "en"),
        (SCENE + "Please answer:\n1. How would you find the cause?\n2. What would you change?", "en"),
        (SCENE + "a) describe the cause b) explain the fix", "en"),
        (SCENE + "Describe:\n1. the cause\n2. the remedy\n3. the cost", "en"),
        (SCENE + "Walk me through what you would check, what you would change and how you would verify it.", "en"),
        (SCENE + "Can you walk me through your search? How would you fix it?", "en"),
        (SCENE + "How would you detect, contain and recover from the failure?", "en"),
        (SCENE + "What is the cause, how would you fix it, and how would you prevent it?", "en"),
        (SZENE + "Wie würden Sie den Ablauf entwerfen, absichern, testen und migrieren?", "de"),
        (SZENE + "Wie gehen Sie vor? Was würden Sie zuerst messen?", "de"),
        (SZENE + "Wie finden Sie die Ursache, wie würden Sie sie beheben, und was würden Sie danach tun?", "de"),
        (SZENE + "Beschreiben Sie die Ursache. Erklären Sie die Änderung. Nennen Sie die Risiken.", "de"),
        (ESCENA + "¿Cómo lo diseñaría, lo aseguraría, lo probaría y lo migraría?", "es"),
        (ESCENA + "¿Qué mediría? ¿Cómo lo arreglaría?", "es"),
        ("夜間の取り込みが毎週遅くなっています。原因をどう探しますか？ どう直しますか？", "en"),
    ],
)
def test_several_asks_are_found(text: str, language: str) -> None:
    assert checks(form_violations(asking(text, language))) == {"one_ask"}


@table(
    ("text", "language"),
    [
        (SCENE + "Talk me through what you would do and why.", "en"),
        (SCENE + "Tell me how you would approach this and what your choices rest on.", "en"),
        (SCENE + "What would you do, and why?", "en"),
        (SCENE + "How would you find the cause without stopping the import or losing orders?", "en"),
        (SCENE + "How would you find and fix the cause?", "en"),
        (SCENE + "Describe your way to the cause. Explain your reasoning.", "en"),
        (SCENE + "How would you find the cause? Walk me through your thinking.", "en"),
        (SCENE + "How would you protect the ledger, which is the only record, while it runs?", "en"),
        (SCENE + "Describe a design that lets teams build, test and deploy on their own.", "en"),
        (SCENE + 'Your manager asks: "Is it the database? Who changed it?" How do you go on?', "en"),
        (SCENE + "Write latency doubled, read latency did not, and list views time out. How do you go on?", "en"),
        (SCENE + "Known so far:\n1. reads are slow\n2. writes are not\n\nHow do you go on?", "en"),
        (
            "Please read this.\n\n```js\nconst ok = a ? b : c; // why? what?\nx?.y\n```\n\nWhat would you change?",
            "en",
        ),
        ("Tell me about a time when you were wrong about a design, what you did and what came of it.", "en"),
        ("Tell me about a time when a deployment of yours went wrong. What did you do?", "en"),
        ("Tell me about a time when you were wrong. How did you handle it, and what was the outcome?", "en"),
        (SCENE + "What is wrong with the import, and how would you fix it?", "en"),
        (SCENE + "What would you do first, and what would you leave for later?", "en"),
        (SCENE + "What would you change, and how would you check that it helped?", "en"),
        (SCENE + "What would you tell the shop, and what would you do until then?", "en"),
        (SCENE + "Which way would you choose, and how would you defend it?", "en"),
        (SCENE + "How would you find the cause, and how would you prove it?", "en"),
        (SZENE + "Wie finden Sie die Ursache, und wie würden Sie die Änderung testen?", "de"),
        (ESCENA + "¿Qué haría primero y qué dejaría para más adelante?", "es"),
        (SCENE + "Is the database to blame? The team is divided. Walk me through how you would find out.", "en"),
        (SZENE + "Wie würden Sie mit Kunden, die warten, umgehen?", "de"),
        (SZENE + "Beschreiben Sie, wie Sie vorgehen und warum.", "de"),
        (ESCENA + "¿Cómo averiguaría qué falla y por qué?", "es"),
        ("夜間の取り込みが毎週遅くなっています。原因をどう探しますか？", "en"),
        (SCENE.replace(". ", "? ", 0) + "Comment feriez-vous ? Expliquez la démarche.", "en"),
    ],
)
def test_one_ask_passes(text: str, language: str) -> None:
    assert "one_ask" not in checks(form_violations(asking(text, language)))


# ------------------------------------------------------------------------------ yes or no


@table(
    ("text", "language"),
    [
        (SCENE + "Do you think that the database is the cause?", "en"),
        (SCENE + "Would you move the import to another night?", "en"),
        (SCENE + "Is a new index the right remedy here?", "en"),
        (SCENE + "If the import failed twice in a week, would you call the supplier?", "en"),
        (SCENE + "Given these figures, is it safe to open the shop?", "en"),
        (SCENE + "Have you ever worked with Kafka or RabbitMQ in such a case?", "en"),
        (SCENE + "Can you fix such an import within one night?", "en"),
        (SCENE + "You have one hour: should the team roll it back?", "en"),
        (SCENE + "Are microservices a good fit here?", "en"),
        (SZENE + "Würden Sie den Import auf eine andere Nacht legen?", "de"),
        (SZENE + "Wenn der Import zweimal ausfällt, würden Sie den Lieferanten anrufen?", "de"),
        (SZENE + "Haben Sie schon einmal einen solchen Import beschleunigt?", "de"),
        (ESCENA + "¿Cambiaría usted la base de datos?", "es"),
        (ESCENA + "Si la importación falla dos veces, ¿llamaría al proveedor?", "es"),
    ],
)
def test_what_yes_or_no_would_answer_is_found(text: str, language: str) -> None:
    assert checks(form_violations(asking(text, language))) == {"yes_no"}


@table(
    ("text", "language"),
    [
        (SCENE + "Can you walk me through your search for the cause?", "en"),
        (SCENE + "Could you describe your way to the cause?", "en"),
        (SCENE + "Would you please explain how you would find the cause?", "en"),
        (SCENE + "If the import failed twice in a week, what would you do?", "en"),
        (SCENE + "Would you repair the old import or write a new one?", "en"),
        (SCENE + "Would you move the import to another night, and why?", "en"),
        (SCENE + "With two days left, how is the shop to be told?", "en"),
        (SCENE + "To whom do you speak first?", "en"),
        (SCENE + "Do you stop the import, or do you wait?", "en"),
        (SCENE + "Is it the database, some ask. How do you find out?", "en"),
        (SCENE + 'The manager asks "Is it done?" Describe how you answer.', "en"),
        (SZENE + "Können Sie bitte Ihr Vorgehen beschreiben?", "de"),
        (SZENE + "Würden Sie den alten Import reparieren oder einen neuen schreiben?", "de"),
        (SZENE + "Wenn der Import zweimal ausfällt, was tun Sie?", "de"),
        (ESCENA + "¿Podría describir cómo buscaría la causa?", "es"),
        (ESCENA + "¿Con qué empezaría usted?", "es"),
        (ESCENA + "¿Repararía la importación o escribiría una nueva?", "es"),
    ],
)
def test_open_and_polite_asks_pass(text: str, language: str) -> None:
    assert form_violations(asking(text, language)) == []


# ------------------------------------------------------------------------------ from memory


@table(
    ("text", "language"),
    [
        ("What is the default port of PostgreSQL?", "en"),
        (
            "Your team runs PostgreSQL for a busy shop with many orders a day. What is the default port of PostgreSQL?",
            "en",
        ),
        ("Define idempotency.", "en"),
        ("Can you define idempotency for me?", "en"),
        ("What does ACID stand for?", "en"),
        (SCENE + "What does ELT stand for?", "en"),
        ("Which flag makes grep ignore the case of letters?", "en"),
        ("What is a closure?", "en"),
        ("List the types of joins.", "en"),
        ("List the types of joins that a relational database offers and give one short example of each.", "en"),
        ("Explain the difference between a process and a thread.", "en"),
        ("What is the difference between optimistic and pessimistic locking in a relational database?", "en"),
        ("You are working on a scalable system. How do you ensure quality?", "en"),
        ("How would you design a rate limiter?", "en"),
        (SCENE + "In which version of Java were records introduced?", "en"),
        (SCENE + "Why should we hire you for this post?", "en"),
        ("Explain polymorphism.", "en"),
        ("Explain the CAP theorem and give an example.", "en"),
        ("Was ist ein Closure?", "de"),
        ("Nennen Sie die Arten von Joins.", "de"),
        ("Wofür steht die Abkürzung ACID?", "de"),
        ("Erklären Sie den Unterschied zwischen Prozess und Thread.", "de"),
        ("¿Qué es una clausura?", "es"),
        ("¿Cuál es el puerto por defecto de PostgreSQL?", "es"),
        ("Enumere los tipos de joins.", "es"),
    ],
)
def test_recall_and_empty_scenes_are_found(text: str, language: str) -> None:
    assert checks(form_violations(asking(text, language))) == {"trivia"}


@table(
    ("text", "language"),
    [
        ("Tell me about a time when you were wrong.", "en"),
        ("Describe a conflict with a colleague that you had to settle yourself.", "en"),
        ("What is the hardest bug you have found?", "en"),
        (SCENE + "What is the first thing that you look at?", "en"),
        (SCENE + "Which command would you run first?", "en"),
        (SCENE + "Which version would you roll back to?", "en"),
        (SCENE + "Explain how you would tell a slow disk from a slow query.", "en"),
        (SCENE + "What are the causes that you would rule out?", "en"),
        ("```c\nint x = 010;\n```\n\nWhat does this print on your screen?", "en"),
        (
            "How would you move a table with four hundred million rows to a new schema while an online shop writes to "
            "it all day?",
            "en",
        ),
        (SCENE + "The default port is taken by another service. How do you go on?", "en"),
        ("Describe a technical decision of yours that a colleague strongly disagreed with, and how it ended.", "en"),
        (SCENE + "Design the nightly import anew. Sketch your design on the whiteboard.", "en"),
        ("Schildern Sie einen Konflikt, in dem Sie vermittelt haben.", "de"),
        (SZENE + "Welchen Befehl führen Sie zuerst aus?", "de"),
        ("Cuénteme una situación en la que se equivocó.", "es"),
        (ESCENA + "¿Cuál es el primer paso que daría?", "es"),
    ],
)
def test_situations_and_real_cases_pass(text: str, language: str) -> None:
    assert form_violations(asking(text, language)) == []


# ------------------------------------------------------------------------------ names


NAMES_OF_JD = ("Quillmarrow Pay", "Quillmarrow", "Priya Nair", "星苔視覚")


@table(
    ("changes", "place"),
    [
        ({"question_text": "At Quillmarrow a nightly job is slow. " + SCENE + "How do you go on?"}, "question_text"),
        ({"question_text": SCENE + "Quillmarrow's shop waits. How do you go on?"}, "question_text"),
        ({"question_text": SCENE + "Your lead, Priya  Nair, is away. How do you go on?"}, "question_text"),
        (
            {"question_text": "```py\n# Quillmarrow\nx = 1\n```\n" + SCENE + "What would you change in it?"},
            "question_text",
        ),
        ({"question_text": SCENE + "「星苔視覚の検査」 is late. How do you go on?"}, "question_text"),
        ({"follow_ups": ["What would you do next?", "What would Quillmarrow say?"]}, "follow-up 2"),
        (
            {"rating_anchors": {"low": "Stays vague.", "mid": "Knows Quillmarrow.", "high": "Finds it."}},
            "rating anchor mid",
        ),
    ],
)
def test_names_of_the_job_description_are_found(changes: dict[str, Any], place: str) -> None:
    sentence = f"{place} names the employer, one of its products or a person; use a neutral word."
    assert form_violations(question(**changes), NAMES_OF_JD) == [Violation("names", sentence)]


def test_names_in_criteria_are_found_in_their_place() -> None:
    one = with_criteria(
        ("Quillmarrow rules followed", "Asks for the rules."), ("Rules", "Asks Priya Nair for help first.")
    )
    assert [problem.sentence.split(" names")[0] for problem in form_violations(one, NAMES_OF_JD)] == [
        "criterion 1",
        "description of criterion 2",
    ]


@table(
    ("text", "names"),
    [
        ("A quillmarrow job is slow.", ("Quillmarrow",)),
        ("A Quillmarrowish job is slow.", ("Quillmarrow",)),
        ("The PreQuillmarrow job is slow.", ("Quillmarrow",)),
        ("A job of Quillmarrow Payments is slow.", ("Quillmarrow Pay",)),
        ("A job is slow.", ("", " ")),
        ("A job (.*) is slow.", (".*b",)),
        ("Priya, Nair and others wait.", ("Priya Nair",)),
    ],
)
def test_other_words_are_no_names(text: str, names: tuple[str, ...]) -> None:
    assert form_violations(asking(f"{text} {SCENE} How do you go on?"), names) == []


# ------------------------------------------------------------------------------ criteria


@table(
    ("description", "language"),
    [
        ("Names indexes, partitions the table and monitors it.", "en"),
        ("Names an index and explains why it helps.", "en"),
        ("Reads the query plan and adds an index.", "en"),
        ("Says that the table is too large and proposes a partition.", "en"),
        ("Describes the schema and justifies the keys.", "en"),
        ("Describes a retry; proposes a limit for it.", "en"),
        ("Names the slow query. Proposes an index for it.", "en"),
        ("Proposes a lock and tests it under load.", "en"),
        ("Nennt Indizes, partitioniert die Tabelle und überwacht sie.", "de"),
        ("Misst den Strom und nennt eine Ursache.", "de"),
        ("Nombra los índices, particiona la tabla y la supervisa.", "es"),
        ("Pregunta por la carga y propone un índice.", "es"),
        ("Names three causes, asks for logs, and rolls back.", "en"),
        ("Names a cause and asks for logs.", "en"),
        ("Measures the query and proposes caching.", "en"),
        ("Stops the import and escalates early.", "en"),
        ("Rejects the rewrite and proposes a trial.", "en"),
        ("Chooses a queue and names an alternative.", "en"),
        ("Names an index and says that writes get slower.", "en"),
    ],
)
def test_two_findings_in_one_criterion_are_found(description: str, language: str) -> None:
    problems = form_violations(with_criteria(("First step described", description), language=language))
    sentence = "criterion 1 holds two findings. Keep the one that matters more, or make two criteria of it."
    assert problems == [Violation("criterion_atomic", sentence)]


@table(
    ("description", "language"),
    [
        ("Says that both reads and writes are slow and that the disk is full.", "en"),
        ("Names logs, metrics and traces each service emits.", "en"),
        ("Names locks and queries the ORM issues.", "en"),
        ("Compares reads and writes of the busiest hour.", "en"),
        ("Describes an agent that compares states and corrects the difference.", "en"),
        ("Changes one thing, tries again, and only then changes the next.", "en"),
        ("Proposes committing a pending row first and completing it afterwards.", "en"),
        ("Says the consumer reads the event and writes the row in one step.", "en"),
        ("Asks who reads the report and what it is for.", "en"),
        ("Names backups, tests and alerts as missing.", "en"),
        ("Adds an index, then measures the query again.", "en"),
        ("Nennt einen Puffer, der Daten sammelt und das Lesen sichert.", "de"),
        ("Sagt, wer misst und wer die Werte prüft.", "de"),
        ("Propone una cola que guarda y valida los pedidos.", "es"),
        ("Rejects the rewrite for now and gives a reason.", "en"),
        ("Stops the import and says why.", "en"),
        ("Proposes a lock and gives one reason for it.", "en"),
        ("Chooses between rows, schemas and databases and says what decided it.", "en"),
        ("Chooses a queue and justifies the choice.", "en"),
        ("Picks one affected customer and follows the cart key through the logs.", "en"),
        ("Names a rule that asks for a reason.", "en"),
        ("Asks for the plan, for figures and for the logs.", "en"),
        ("Lehnt den Neubau vorerst ab und nennt einen Grund.", "de"),
        ("Misst den Strom und erklärt, warum.", "de"),
        ("Nombra una cola y dice por qué.", "es"),
    ],
)
def test_one_finding_with_several_words_passes(description: str, language: str) -> None:
    assert form_violations(with_criteria(("First step described", description), language=language)) == []


@table(
    ("label", "description", "language"),
    [
        ("Retries", "Understands idempotency.", "en"),
        ("Broker", "Is familiar with Kafka.", "en"),
        ("Design", "Demonstrates deep knowledge of distributed systems.", "en"),
        ("Design", "Shows a good understanding of caching.", "en"),
        ("Design", "Appreciates the cost of locks.", "en"),
        ("Design", "Is aware of network latency.", "en"),
        ("Strong SQL skills", "Says how the plan is read.", "en"),
        ("Good communication", "Says who is told about the delay.", "en"),
        ("Communication", "Communicates clearly.", "en"),
        ("Failures", "Deals with timeouts gracefully.", "en"),
        ("Broker", "Has experience with message brokers.", "en"),
        ("Cost", "Awareness of cost.", "en"),
        ("Style", "Is a good communicator.", "en"),
        ("Clear communication", "Communicates clearly and confidently with everyone.", "en"),
        ("Bearing", "Is confident and communicates well.", "en"),
        ("Bearing", "Stays calm under pressure.", "en"),
        ("Bearing", "Strong problem solver", "en"),
        ("Excellent problem solver", "Names one cause of the delay.", "en"),
        ("Bearing", "Takes ownership.", "en"),
        ("Bearing", "Takes ownership of the problem.", "en"),
        ("Bearing", "Demonstrates leadership and empathy.", "en"),
        ("Method", "Has a structured approach.", "en"),
        ("Method", "Uses a systematic approach to problem solving.", "en"),
        ("Method", "Has strong analytical thinking.", "en"),
        ("Method", "Thinks logically and systematically.", "en"),
        ("Method", "Explains everything clearly.", "en"),
        ("Method", "Gives a clear explanation.", "en"),
        ("Team", "Works well with others.", "en"),
        ("Team", "Fits into the team.", "en"),
        ("Answer", "Answer is complete and correct.", "en"),
        ("Answer", "Gives the correct answer.", "en"),
        ("Bearing", "Sounds senior.", "en"),
        ("Bearing", "Is nice and friendly.", "en"),
        ("Method", "Follows best practices.", "en"),
        ("Data", "Has at least five years of experience.", "en"),
        ("Puffer", "Versteht den Ringpuffer.", "de"),
        ("Feldbus", "Kennt die üblichen Feldbusse.", "de"),
        ("Gute Kenntnisse", "Sagt, wie der Bus endet.", "de"),
        ("Colas", "Entiende las colas de mensajes.", "es"),
        ("Colas", "Conoce varios gestores de colas.", "es"),
        ("Buena comunicación", "Dice quién recibe el aviso.", "es"),
    ],
)
def test_what_cannot_be_heard_is_found(label: str, description: str, language: str) -> None:
    problems = form_violations(with_criteria((label, description), language=language))
    assert checks(problems) == {"criterion_observable"}
    assert problems[0].sentence.startswith("criterion 1 cannot be heard")


@table(
    ("label", "description", "language"),
    [
        ("Event kinds told apart", "Says that both are good events.", "en"),
        ("Clear answer given", "Gives the caller a clear yes or no.", "en"),
        ("Limit of own knowledge", "Says what they do not know about the disk.", "en"),
        ("Clean state after abort", "Names a way to return to a known good state.", "en"),
        ("Strong consistency questioned", "Asks whether strong consistency is needed for the report.", "en"),
        ("Good events counted", "Shows the count of requests that went well.", "en"),
        ("Known limits", "Names a limit that colleagues understand at once.", "en"),
        ("Communication plan", "Names whom they tell about the delay.", "en"),
        ("Awareness of cost", "Names a cost that the change saves.", "en"),
        ("Cost", "Shows awareness of cost by naming one saving.", "en"),
        ("High memory use", "Names high memory use as one possible cause.", "en"),
        ("Has-a over is-a", "Proposes that the class has a member instead of a base.", "en"),
        ("Race", "Explains the race condition correctly.", "en"),
        ("New date", "Communicates clearly what is not known yet.", "en"),
        ("New date", "Communicates the new date to finance.", "en"),
        ("Own part", "Takes responsibility for an error of their own in the story.", "en"),
        ("Lock", "Takes a lock on the row before reading it.", "en"),
        ("Search", "Follows a systematic search that halves the range each time.", "en"),
        ("Locks", "Shows the command that lists the locks.", "en"),
        ("Slow network", "Shows the experience of a user on a slow network.", "en"),
        ("Night", "Is clear about who decides at night.", "en"),
        ("Answer", "Gives a clear answer to the caller's first question.", "en"),
        ("Gute Fälle gezählt", "Nennt ein Maß für gut verlaufene Anfragen.", "de"),
        ("Wissen geteilt", "Sagt, wie das Wissen im Team bleibt.", "de"),
        ("Casos conocidos", "Dice qué casos se conocen ya.", "es"),
    ],
)
def test_what_can_be_heard_passes(label: str, description: str, language: str) -> None:
    assert form_violations(with_criteria((label, description), language=language)) == []


@table(
    ("one", "other", "language"),
    [
        (("Errors survived", "Handles errors."), ("Outage planned for", "Handles failures."), "en"),
        (("Errors survived", "Handles errors."), ("Outage planned for", "Deals with failures."), "en"),
        (("Index", "Names an index for the query."), ("Better access", "Names indexes for the queries."), "en"),
        (("Rollback", "Says how to roll back the change."), ("Return", "Describes how the changes roll back."), "en"),
        (("Cause", "Measures the slow part of the import."), ("Part", "Measures slow parts of imports."), "en"),
        (
            ("Errors handled", "Says what a timeout leaves behind."),
            ("Exceptions handled", "Names a limit to waiting."),
            "en",
        ),
        (("Limit", "Sets a limit to waiting."), ("Waiting", "Sets the limits of waiting, clearly."), "en"),
        (
            ("Tabelle", "Prüft die Tabelle auf fehlende Werte."),
            ("Werte", "Prüft die Tabellen auf fehlende Werte."),
            "de",
        ),
        (("Cola", "Propone una cola para los pedidos."), ("Pedidos", "Propone colas para pedidos."), "es"),
    ],
)
def test_near_copies_are_found(one: tuple[str, str], other: tuple[str, str], language: str) -> None:
    problems = form_violations(with_criteria(one, other, language=language))
    assert checks(problems) == {"criterion_distinct"}
    assert problems[0].sentence.startswith("criterion 2 looks for the same as criterion 1.")


@table(
    ("one", "other", "language"),
    [
        (("Large", "Asks how large the table is."), ("Old", "Asks how old the table is."), "en"),
        (
            ("Zero", "Points out that zero amounts are not refused."),
            ("Less", "Points out that negative amounts are not refused."),
            "en",
        ),
        (
            ("Earlier", "Says what a crash before the commit leaves."),
            ("Later", "Says what a crash after the commit leaves."),
            "en",
        ),
        (("Reads", "Names a limit for reads."), ("Writes", "Names a limit for writes."), "en"),
        (("Lost", "Says which orders are lost."), ("Kept", "Says which orders are not lost."), "en"),
        (("One", "Asks whether 1 worker is enough."), ("Four", "Asks whether 4 workers are enough."), "en"),
        (("Lock", "Names a lock on the payment row."), ("Time-out", "Names a lock timeout on the payment row."), "en"),
        (
            ("Alt", "Prüft die alte Tabelle auf fehlende Werte."),
            ("Neu", "Prüft die neue Tabelle auf fehlende Werte."),
            "de",
        ),
        (("Antes", "Dice qué pasa antes del envío."), ("Después", "Dice qué pasa después del envío."), "es"),
    ],
)
def test_one_word_can_make_two_criteria_different(one: tuple[str, str], other: tuple[str, str], language: str) -> None:
    assert form_violations(with_criteria(one, other, language=language)) == []


OTHER_LANGUAGES = [
    (
        "Un import nocturne de commandes devient plus lent chaque jour, et la boutique ouvre à huit heures. Avez-vous "
        "déjà rencontré un tel cas ?",
        "Comprend les index et explique les verrous.",
    ),
    (
        "Uma importação noturna de pedidos fica mais lenta a cada semana e a loja abre às oito. "
        "Você já viu um caso assim?",
        "Entende os índices e explica os bloqueios.",
    ),
    (
        "Een nachtelijke import van bestellingen wordt elke week trager en de winkel opent om acht uur. "
        "Heb je dat eerder gezien?",
        "Begrijpt de indexen en noemt het slot.",
    ),
    (
        "Nocny import zamówień jest z tygodnia na tydzień wolniejszy, a sklep otwiera się o ósmej. "
        "Czy to wina bazy danych?",
        "Rozumie indeksy i nazywa blokady w bazie.",
    ),
]


@table(("text", "description"), OTHER_LANGUAGES)
def test_no_vocabulary_is_looked_for_in_other_languages(text: str, description: str) -> None:
    anchors = {"low": description + " A a b.", "mid": "Un deux trois, que de.", "high": "Een het, não é o melhor."}
    criteria = [{"criterion": f"{n}", "description": f"{description} {n * 3} {'abcdefgh'[n] * 30}"} for n in range(8)]
    one = question(question_text=text, criteria=criteria, follow_ups=[text, text + " Et ?"], rating_anchors=anchors)
    assert form_violations(one) == []


def test_near_copies_are_found_in_any_language() -> None:
    text = "夜間の取り込みが毎週遅くなっています。原因をどう探しますか？"
    criteria = [
        {"criterion": f"基準{number}", "description": f"{word}の記録を調べて{word}の変化を述べる"}
        for number, word in enumerate(["索引", "負荷", "設定", "通信", "容量", "時刻", "順序", "再試行"])
    ]
    one = InterviewQuestion.model_validate(
        {
            "question_text": text,
            "criteria": criteria,
            "follow_ups": ["次に何をしますか？", "どこが難しいですか？"],
            "rating_anchors": {
                "low": "推測だけで話す",
                "mid": "順に調べるが証拠がない",
                "high": "証拠で原因を一つに絞る",
            },
        }
    )
    assert form_violations(one) == []
    one.criteria[1].description = criteria[0]["description"] + "こと"
    assert checks(form_violations(one)) == {"criterion_distinct"}


@table(
    ("text", "description", "language"),
    [
        (SCENE + "How would you write a rollback plan for it?", "Has a rollback plan.", "en"),
        (SCENE + "Describe a design that survives a power cut.", "Describes a design surviving power cuts.", "en"),
        (SCENE + "Propose a way to the cause of the slow import.", "Proposes a way to the cause.", "en"),
        (SCENE + "Talk me through your search for the slow query.", "Explains the search for the slow query.", "en"),
        (SCENE + "How do you go on?", "Says the import has become slower every week.", "en"),
        (SCENE + "How would you write a migration plan for it?", "Provides a plan for the migration.", "en"),
        (SZENE + "Wie lautet Ihr Plan für den Rückfall?", "Nennt einen Plan für den Rückfall.", "de"),
        (ESCENA + "¿Qué plan de reversión propone?", "Tiene un plan de reversión.", "es"),
    ],
)
def test_a_criterion_that_repeats_the_question_is_found(text: str, description: str, language: str) -> None:
    one = with_criteria(("First step described", description), language=language)
    one.question_text = text
    problems = form_violations(one)
    assert checks(problems) == {"criterion_restates"}
    assert problems[0].sentence.startswith("criterion 1 only repeats")


@table(
    ("text", "description", "language"),
    [
        (
            SCENE + "How would you write a rollback plan for it?",
            "Names the step after which rollback is no longer possible.",
            "en",
        ),
        (SCENE + "How do you go on?", "Asks when the import became slower.", "en"),
        (SCENE + "Describe a design that survives a power cut.", "Describes a second source of power.", "en"),
        (SCENE + "How do you go on?", "Compares the import of this week with earlier ones.", "en"),
        (
            SCENE + "Talk me through your search for the slow query.",
            "Names a query that is not slow for comparison.",
            "en",
        ),
        (SCENE + "How do you go on?", "Tells the shop before it opens.", "en"),
        (SZENE + "Wie lautet Ihr Plan für den Rückfall?", "Nennt die Dauer des Rückfalls.", "de"),
        (ESCENA + "¿Qué plan de reversión propone?", "Dice cuánto tarda la reversión.", "es"),
    ],
)
def test_a_criterion_that_adds_something_passes(text: str, description: str, language: str) -> None:
    one = with_criteria(("First step described", description), language=language)
    one.question_text = text
    assert form_violations(one) == []


# ------------------------------------------------------------------------------ lengths


CODE = "Please read this code of a colleague.\n\n```python\n{lines}\n```\n\nWhat would you change in it?"


@table(
    ("changes", "sentence"),
    [
        ({"question_text": SCENE * 12 + "How do you go on?"}, "question_text has 233 words; at most 220"),
        ({"question_text": CODE.format(lines="\n".join(["x = 1"] * 31))}, "has 31 lines. Show at most 25"),
        ({"follow_ups": ["What next?", "What " + "then " * 36 + "?"]}, "follow-up 2 has 38 words"),
        (
            {"rating_anchors": {"low": "Guesses.", "mid": "Looks at it.", "high": "Finds " + "one more " * 40}},
            "rating anchor high",
        ),
        ({"question_text": "長" * 1_900}, "question_text is too long: at most 1800 characters"),
    ],
)
def test_texts_that_are_too_long_are_found(changes: dict[str, Any], sentence: str) -> None:
    problems = form_violations(question(**changes))
    assert checks(problems) == {"length"}
    assert sentence in problems[0].sentence


@table(
    ("label", "description", "sentence"),
    [
        ("one two three four five six seven eight nine", "Names it.", "criterion 1 has 9 words; at most 8"),
        ("Long", "Names " + "many " * 40, "description of criterion 1 has 41 words; at most 35"),
        ("長" * 101, "Names it.", "criterion 1 is too long: at most 100 characters"),
    ],
)
def test_criteria_that_are_too_long_are_found(label: str, description: str, sentence: str) -> None:
    problems = form_violations(with_criteria((label, description)))
    assert [problem.check for problem in problems] == ["length"]
    assert sentence in problems[0].sentence


@table(
    "changes",
    [
        {"question_text": SCENE * 11 + "How do you go on?"},
        {"question_text": CODE.format(lines="\n".join(["x = 1"] * 30))},
        {"question_text": CODE.format(lines="x = 1  # " + "word " * 300)},
        {"follow_ups": ["What next?", "What " + "then " * 33 + "?"]},
        {"rating_anchors": {"low": "Guesses.", "mid": "Looks at it.", "high": "Finds " + "more " * 60}},
        {"question_text": f"{SCENE}\n```\na\nb\n```\n\n```\n{'c' * 20}\n```\nWhich do you take, and why?"},
    ],
)
def test_generous_lengths_pass(changes: dict[str, Any]) -> None:
    assert form_violations(question(**changes)) == []


# ------------------------------------------------------------------------------ follow-ups


@table(
    ("follow_up", "language"),
    [
        ("Did you consider a unique constraint?", "en"),
        ("Wouldn't it be better to use a queue?", "en"),
        ("Have you thought of a cache?", "en"),
        ("What about using a queue here?", "en"),
        ("Why not put an index on it?", "en"),
        ("Shouldn’t the team roll back first?", "en"),
        ("Would you add an index?", "en"),
        ("Is the ping enough?", "en"),
        ("What if you added a second probe?", "en"),
        ("How would you turn that percentage into permitted time?", "en"),
        ("When the load grows, wouldn't you use a queue?", "en"),
        ("How about using a circuit breaker?", "en"),
        ("What about caching the result?", "en"),
        ("Why don't you roll back first?", "en"),
        ("What if you simply added a second replica?", "en"),
        ("Did you consider using another index?", "en"),
        ("Haben Sie einen Index in Betracht gezogen?", "de"),
        ("¿No sería mejor una caché?", "es"),
        ("Würden Sie einen Puffer einsetzen?", "de"),
        ("Warum nicht ein größerer Puffer?", "de"),
        ("Wäre es nicht besser, zuerst zu messen?", "de"),
        ("¿Usaría usted una cola?", "es"),
        ("¿Por qué no usar una cola?", "es"),
        ("¿Ha considerado una referencia única?", "es"),
    ],
)
def test_leading_follow_ups_are_found(follow_up: str, language: str) -> None:
    kept = json.loads(_base(language))["follow_ups"][0]
    problems = form_violations(question(language, follow_ups=[kept, follow_up]))
    assert checks(problems) == {"follow_up_neutral"}
    assert problems[0].sentence.startswith("follow-up 2 ")


@table(
    ("follow_up", "language"),
    [
        ("Is there anything else you would look at?", "en"),
        ("Can you say more about one of these steps?", "en"),
        ("Would you do anything differently today?", "en"),
        ("What about sites with very few visitors?", "en"),
        ("What if the volume grew tenfold?", "en"),
        ("Why?", "en"),
        ("Which alternatives did you weigh?", "en"),
        ("Take me through one of these steps.", "en"),
        ("What did you think at that point?", "en"),
        ("Fällt Ihnen sonst noch etwas auf?", "de"),
        ("Was wäre anders, wenn das Gerät nicht zertifiziert wäre?", "de"),
        ("Können Sie diesen Schritt genauer beschreiben?", "de"),
        ("¿Hay algo más que quiera comprobar?", "es"),
        ("¿Qué haría si no encontrara nada?", "es"),
        ("¿Podría explicar ese paso con más detalle?", "es"),
        ("¿Qué tal resultó?", "es"),
        ("Was ist mit älteren Geräten?", "de"),
        ("What else did you consider?", "en"),
        ("Which alternatives did you consider?", "en"),
        ("What other options, if any, have you considered?", "en"),
        ("What would you consider next?", "en"),
        ("What would you think about first?", "en"),
        ("Why did you consider that first?", "en"),
        ("What don't you know yet?", "en"),
        ("Did you consider any alternatives?", "en"),
        ("How about a case where it went wrong?", "en"),
        ("What about existing customers?", "en"),
        ("What if you just had one day?", "en"),
        ("Would that still hold at ten times the load?", "en"),
        ("Would any of this change with a second team?", "en"),
        ("Would your answer change if it happened every day?", "en"),
        ("Does anything change if the data are twice as large?", "en"),
        ("Is there something you would leave out?", "en"),
        ("Did that work?", "en"),
        ("Was haben Sie noch bedacht?", "en"),
        ("Was haben Sie noch bedacht?", "de"),
        ("Was würden Sie nicht anfassen?", "de"),
        ("Welche Alternativen haben Sie in Betracht gezogen?", "de"),
        ("Würde das auch bei zehnfacher Last halten?", "de"),
        ("¿Qué otras opciones ha considerado?", "es"),
        ("¿Seguiría valiendo eso con el doble de carga?", "es"),
        ("¿Cambiaría su plan con otro equipo?", "es"),
    ],
)
def test_neutral_follow_ups_pass(follow_up: str, language: str) -> None:
    kept = json.loads(_base(language))["follow_ups"][0]
    assert form_violations(question(language, follow_ups=[kept, follow_up])) == []


def test_words_of_any_follow_up_give_no_criterion_away() -> None:
    one = with_criteria(("Done differently today", "Names what they would do differently today."))
    one.follow_ups[1] = "What would you do differently today?"
    assert form_violations(one) == []
    one.criteria[0].criterion = "Smaller probe today"
    one.follow_ups[1] = "What would a smaller probe change today?"
    assert checks(form_violations(one)) == {"follow_up_neutral"}


# ------------------------------------------------------------------------------ anchors


@table(
    ("low", "mid", "high", "language"),
    [
        ("Weak answer.", "Looks at one cause.", "Rules out the causes one by one.", "en"),
        ("Looks at nothing.", "Decent answer.", "Rules out the causes one by one.", "en"),
        ("Looks at nothing.", "Looks at one cause.", "Outstanding answer with deep understanding.", "en"),
        ("Looks at nothing.", "Meets 3 of 8 criteria.", "Rules out the causes one by one.", "en"),
        ("Meets few criteria.", "Looks at one cause.", "Rules out the causes one by one.", "en"),
        ("Looks at nothing.", "Looks at one cause.", "Covers all of the criteria in depth.", "en"),
        (
            "Names one possible cause of the delay and stops there.",
            "Names two possible causes of the delay and stops there.",
            "Rules out the causes one by one.",
            "en",
        ),
        ("Looks at nothing.", "Looks at one cause.", "Exceeds expectations for the level.", "en"),
        ("Fewer than four are ticked.", "Looks at one cause.", "Rules out the causes one by one.", "en"),
        ("Looks at nothing.", "Several points mentioned.", "Rules out the causes one by one.", "en"),
        ("Looks at nothing.", "The candidate can partly answer.", "Rules out the causes one by one.", "en"),
        (
            "Says little of the data pipelines.",
            "Speaks of the data pipelines in depth and by name.",
            "Says most of the data pipelines.",
            "en",
        ),
        ("Schwache Antwort.", "Prüft eine Ursache.", "Schließt Ursachen der Reihe nach aus.", "de"),
        ("Few of the criteria above are met.", "Looks at one cause.", "Rules out the causes one by one.", "en"),
        ("Meets most of the criteria for this question.", "Looks at one cause.", "Rules out all the causes.", "en"),
        ("Rät nur.", "Erfüllt die meisten Kriterien.", "Schließt Ursachen der Reihe nach aus.", "de"),
        ("Respuesta débil.", "Mira una causa.", "Descarta las causas una por una.", "es"),
        ("No mira nada.", "Cumple algunos criterios.", "Descarta las causas una por una.", "es"),
    ],
)
def test_empty_anchors_are_found(low: str, mid: str, high: str, language: str) -> None:
    problems = form_violations(question(language, rating_anchors={"low": low, "mid": mid, "high": high}))
    assert [problem.check for problem in problems] == ["anchors_differ"]


@table(
    ("low", "mid", "high"),
    [
        ("Guesses.", "Looks at one cause.", "Rules out the causes one by one."),
        ("Gives a good reason for nothing.", "Looks at one cause.", "Rules out the causes one by one."),
        ("Takes sides at once.", "Lists all acceptance criteria without order.", "Rules out the causes one by one."),
        ("Treats 2 of 12 hosts.", "Looks at one cause.", "Rules out the causes one by one."),
        ("Guesses.", "Names two criteria for a rollback and checks them.", "Ties each criterion to a signal."),
        ("Some of the criteria for the design are named.", "Orders them by cost.", "Ties each to a signal."),
        ("Guesses.", "Agrees two criteria with the owner and stops there.", "Ties each criterion to a signal."),
        ("Guesses.", "Covers 3 of 5 failure modes and leaves out the rest.", "Takes each failure in turn."),
        ("Has no exit criteria.", "Names few exit criteria.", "Ties each wave to its exit criteria."),
        ("Fixes a symptom.", "Fixes the cause.", "Fixes the cause with a check that it cannot return."),
    ],
)
def test_anchors_that_describe_answers_pass(low: str, mid: str, high: str) -> None:
    assert form_violations(question(rating_anchors={"low": low, "mid": mid, "high": high})) == []


# ------------------------------------------------------------------------------ any text


HOSTILE = [
    *("", " ", "\0", "a\ud800b", "🎉" * 4_000, "?" * 16_000, "¿" * 16_000, "a" * 16_000, "a " * 8_000, "(" * 16_000),
    *("how would you " * 1_200, "and how would you " * 900, "1) how 2) what " * 1_000, "“" * 16_000, "'" * 16_000),
    *("'a" * 8_000, "`" * 16_000, "```\n" * 4_000, "Describe the " * 1_300, "names the, " * 1_500, "if a, " * 2_700),
    *("Shows a good " * 1_300, "meets 3 " * 2_000, "…" * 16_000, "\n" * 16_000, "the 、？" * 4_000, "–" * 16_000),
]


@table("text", HOSTILE, ids=range(len(HOSTILE)))
def test_any_text_is_accepted(text: str) -> None:
    one = InterviewQuestion.model_construct(
        question_text=text,
        criteria=[type(question().criteria[0]).model_construct(criterion=text, description=text) for _ in range(2)],
        follow_ups=[text, text],
        rating_anchors=type(question().rating_anchors).model_construct(low=text, mid=text, high=text),
    )
    assert all(problem.check and problem.sentence for problem in form_violations(one, ["Quillmarrow", text]))


def test_no_problem_is_tolerable_and_no_sentence_quotes_the_question() -> None:
    one = with_criteria(("Zebra", "Understands the zebra and names the zebra."))
    one.question_text = "Zebra: is the zebra slow? Is it?"
    problems = form_violations(one)
    assert problems
    assert not any(not problem.is_fatal or "zebra" in problem.sentence.lower() for problem in problems)


def test_the_same_question_has_the_same_problems_whatever_came_before() -> None:
    one = asking(SCENE + "What is slow? What would you measure?")
    before = form_violations(one)
    form_violations(question("de"))
    assert form_violations(one) == before
