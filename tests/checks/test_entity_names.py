"""Names of a requisition: what no question may hold, and the capitals that are none."""

from __future__ import annotations

import json
from pathlib import Path

from config import PROJECT_FOLDER
from techscreen.checks.entity_names import holds_name, names_in
from techscreen.text.tokens import glue, tokens_of
from techscreen.topics.tables import load_tables
from tests.support.tables import table

SAMPLES = PROJECT_FOLDER / "samples"
FIELDS = "basic_title basic_description work_output work_role work_knowledge work_competencies".split()

EXPECTED = {
    "backend-payments-engineer": {"Quillmarrow Pay", "Quillmarrow"},
    "cloud-architect": {"CORVENHALL MUTUAL GROUP", "CORVENHALL", "Corvenhall Mutual Group", "Corvenhall"},
    "computer-vision-engineer": {"Hoshigoke Vision K.K.", "Hoshigoke Vision", "Hoshigoke", "星苔視覚"},
    "data-engineer": {
        *("HARROWFEN LOGISTICS ANALYTICS", "HARROWFEN", "Harrowfen Logistics Analytics", "Harrowfen"),
    },
    "dba-mysql": set(),
    "embedded-firmware-engineer": {"Wendelbruck Messtechnik GmbH", "Wendelbruck Messtechnik", "Wendelbruck"},
    "engineering-manager": {"Dunmorrow Freight Systems", "Dunmorrow"},
    "frontend-react-developer": {"Zibbletide"},
    "junior-developer": {"Plinthwater Digital", "Plinthwater"},
    "sap-erp-developer": {"Stonequill Foods", "Stonequill"},
    "site-reliability-engineer": {"Brackenloft Hosting", "Brackenloft", "BRACKENLOFT"},
    "technical-writer-api-docs": {"Vellumkite"},
}


def texts_of(name: str) -> list[str]:
    data = json.loads((SAMPLES / "requisitions" / f"{name}.json").read_text("utf-8"))
    return [data.get(field) or "" for field in FIELDS]


def test_every_sample_is_expected() -> None:
    assert {path.stem for path in (SAMPLES / "requisitions").glob("*.json")} == set(EXPECTED)


@table("name", EXPECTED)
def test_the_employers_of_the_samples_are_found_and_nothing_else(name: str) -> None:
    assert names_in(texts_of(name)) == EXPECTED[name]


@table("path", sorted((SAMPLES / "exemplars").glob("*.json")), ids=lambda path: path.stem)
def test_exemplary_questions_hold_no_name_of_their_requisition(path: Path) -> None:
    exemplar = json.loads(path.read_text("utf-8"))
    names = names_in([exemplar["enhanced_title"], exemplar["enhanced_description"]]) | names_in(texts_of(path.stem))
    assert names
    questions = json.dumps(exemplar["questions"], ensure_ascii=False)
    assert not [name for name in names if name in questions]
    assert names_in([question["spoken_text"] for question in exemplar["questions"]]) == set()


@table(
    ("text", "expected"),
    [
        ("You report to Priya Nair, Head of Platform.", {"Priya Nair", "Priya", "Nair"}),
        ("Alice Walker, our CTO, leads the team.", {"Alice Walker", "Alice", "Walker"}),
        ("The team is led by Jane Hollister (CTO).", {"Jane Hollister", "Jane", "Hollister"}),
        ("Mr Jones and Ms Okonkwo will meet you.", {"Jones", "Okonkwo"}),
        ("Ansprechpartnerin: Petra Vogel. Frau Vogel freut sich.", {"Petra Vogel", "Petra", "Vogel"}),
        ("Reporta a Marta Quintela, directora.", {"Marta Quintela", "Marta", "Quintela"}),
        ("Write to ana.lopez@brackwater.dev.", {"Ana Lopez", "Lopez", "Brackwater"}),
        ("Mail your CV to jobs@brackwater.dev.", {"Brackwater"}),
        ("Own our product ExamplePay from end to end.", {"ExamplePay"}),
        ("You own ExamplePay, our checkout for small shops.", {"ExamplePay"}),
        ("Build our flagship Northwind Console in TypeScript.", {"Northwind Console", "Northwind"}),
        ("A platform called Zeppora and a tool named Jenkins.", {"Zeppora"}),
        ("Spring Health is looking for a Java Engineer with Spring Boot.", {"Spring Health"}),
        ("Go Fish Ltd is a small company. You write Go.", {"Go Fish Ltd", "Go Fish"}),
        ("The work is done for Lindhofer & Söhne KG.", {"Lindhofer & Söhne KG", "Lindhofer & Söhne", "Lindhofer"}),
        ("Die Lindhofer Technik GmbH sucht Verstärkung.", {"Lindhofer Technik GmbH", "Lindhofer Technik", "Lindhofer"}),
        ("Zafrilla Digital busca una desarrolladora.", {"Zafrilla Digital", "Zafrilla"}),
        ("Join Thornwick and ship weekly.", {"Thornwick"}),
        ("At Thornwick, we ship weekly.", {"Thornwick"}),
        ("What working at Thornwick means.", {"Thornwick"}),
        ("A post.\n\n=== About Thornwick ===\nAn employer.", {"Thornwick"}),
        ("Thornwick sells tents to campers.", {"Thornwick"}),
        ("An interim role.\n\nThornwick is one of the makers of tents.", {"Thornwick"}),
        ("株式会社星苔はカメラを作ります。", {"星苔"}),
    ],
)
def test_employers_products_and_persons_are_found(text: str, expected: set[str]) -> None:
    assert names_in(["Engineer", text]) == expected


@table(
    "text",
    [
        "Oracle is looking for a Java Developer. You tune Oracle databases.",
        "MongoDB Inc is a vendor of ours.",
        "Kafka runs our messaging. Kubernetes is the platform of our choice. Jenkins builds every branch.",
        "Argo CD is our deployment tool. React is one of the tools we use. Docker is based in containers.",
        "Microsoft Azure is one of the clouds. Rust is Europe's favourite. Redis started as a cache.",
        "We bill by card. Stripe is a payment provider. Twilio is the leading provider.",
        "Join Engineering and make an impact. Join Us. Join our Platform Team. Join Forces. Join Slack.",
        "Work at Scale. Life at Sea. At Night we sleep. At Scale, we do everything. Work for Change.",
        "Report to the Head of Architecture. Reports to: Senior Developer (vacant). Reporting to Engineering Manager.",
        "You report to Director Okonkwo, Head of Platform.",
        "Reports to Group Architecture Board. Contact Human Resources. Contact Careers Team.",
        "Distributed Systems, Embedded Systems, Payment Systems, Digital Health, Solar Energy, Open Banking.",
        "A passion for Machine Vision, for Solar Energy and for Distributed Systems.",
        "ABOUT THE ROLE\nYou lead.\nABOUT YOU\nYou care.\nAbout Us\nWe do.\nAbout Engineering\nWe build.",
        "SENIOR JAVA DEVELOPER\nWe need one.",
        "PAYMENT SYSTEMS\nWe need one.",
        "DATA ANALYTICS\nWe crunch.",
        "PCI DSS, ISO 20022, IEC 61508 (SIL 2), GDPR, SOC 2, HIPAA, MISRA-C:2012, 3-D Secure 2.",
        "Engineering is looking for a developer. The Platform Team is hiring. Data Science is looking for help.",
        "Google Chrome, our browser. Black Friday, our peak. Load Balancer, the device. Scrum Master, the one.",
        "Senior Engineer, Platform. Team Lead, Head of Something. Ruby Rails, our stack. Apache Flink, our engine.",
        "Our platform Kubernetes hosts it. Our app React Native works. Our product Backlog grows.",
        "ServiceNow is our ticket system. OpenShift, our platform. TensorRT, ONNX, BAdI, ChaRM and IDoc.",
        "Die Entwicklung betreibt Server. Bei Ausfall hilft der Dienst. Berichten an Leitung Technik.",
        "Das Team entwickelt Software. Über Uns\nWir suchen. Die Firmware läuft auf ARM Cortex-M4.",
        "El Equipo desarrolla software. Sobre Nosotros\nReporta a la Dirección.",
        "Send it to someone@gmail.com or to jobs@example.com.",
        "Bachelor of Science in Computer Science. Senior SE, AB testing, A/B Testing, Co-op.",
        "Harbour is looking for help. We sail into every harbour.",
    ],
)
def test_technologies_standards_headings_and_titles_are_no_names(text: str) -> None:
    assert names_in(["Senior Engineer", text]) == set()


def test_what_a_question_must_be_free_to_use_is_no_name() -> None:
    text = "Thornwick sells tents. Own our product ExamplePay."
    assert names_in([text]) == {"Thornwick", "ExamplePay"}
    assert names_in([text], ordinary=["Integration with examplepay"]) == {"Thornwick"}
    assert names_in([text], ordinary=["THORNWICK", "ExamplePay"]) == set()
    assert names_in(["Thornwick Bar Ltd cooks."], ordinary=["thornwick"]) == {"Thornwick Bar", "Thornwick Bar Ltd"}


def test_of_a_longer_name_a_technology_is_not_looked_for_by_itself() -> None:
    assert names_in(["Kafka Kitchens Ltd cooks."]) == {"Kafka Kitchens Ltd", "Kafka Kitchens"}


def test_a_word_that_also_stands_in_lower_case_is_no_name_but_in_an_address_it_is() -> None:
    assert names_in(["Thornwick sells tents."]) == {"Thornwick"}
    assert names_in(["Thornwick sells tents.", "Care for the thornwick hedge."]) == set()
    assert names_in(["Thornwick sells tents. See www.thornwick.dev or https://thornwick.dev/jobs."]) == {"Thornwick"}


@table(
    "more",
    [
        "Code at github.com/thornwick/ledger.",
        "See linkedin.com/company/thornwick",
        "Follow @thornwick on X, #thornwick",
        "import com.thornwick.ledger from thornwick.dev",
    ],
)
def test_an_address_a_handle_or_a_hashtag_is_no_proof_that_a_word_is_ordinary(more: str) -> None:
    assert names_in([f"At Thornwick we sell tents. {more}"]) == {"Thornwick"}
    assert names_in([f"THORNWICK sells tents. {more}"]) == {"THORNWICK", "Thornwick"}


def test_a_short_name_in_capitals_and_an_accent_of_its_own_are_read() -> None:
    assert names_in(["BLUEFIN builds ships. BLUEFIN is a bank."]) == {"BLUEFIN", "Bluefin"}
    assert names_in(["At Mu\u0308rrwick & So\u0308hne we build."]) == {"Mürrwick & Söhne", "Mürrwick"}


def test_no_name_is_a_technology() -> None:
    table = load_tables().names
    sentences = [
        f"{name.title()} is looking for you. Join {name.title()}. {name.title()} GmbH."
        for name in sorted(load_tables().canonical)
    ]
    for sentence in sentences:
        assert not [name for name in names_in([sentence]) if glue(tokens_of(name)) in table]


@table(
    "text",
    [
        *(
            "",
            "\0",
            "🎉" * 3_000,
            "a\ud800b",
            "A" * 16_000,
            "Aa " * 5_000,
            "Aa & " * 3_000,
            "A-" * 8_000,
            "a@b." * 4_000,
        ),
        *(
            "株式会社" * 4_000,
            "Join A" * 2_700,
            "Ab GmbH " * 2_000,
            "Aa Bb, " * 2_000,
            "About A\n" * 2_000,
            "AaBb" * 4_000,
        ),
    ],
    ids=range(15),
)
def test_any_text_is_accepted(text: str) -> None:
    assert all(name.strip() for name in names_in([text, text], [text]))
    assert names_in([]) == frozenset()


AS_A_NAME = [
    ("Pilot", "Asks Pilot for the figures before the rollout."),
    ("Pilot", "You work at Pilot."),
    ("Pilot", "The queue that Pilot runs is slow. How do you go on?"),
    ("Pilot", "Pilot's ledger is off by one cent."),
    ("Pilot", "Pilot Inc. has a slow queue."),
    ("Pilot", "What would you change when you join Pilot?"),
    ("Affirms", "A shop pays through Affirms and waits."),
    ("Affirms", "The team at Affirms owns the service."),
    ("Anchor", "Suppose that Anchor moves its data to another region."),
    ("Beacon", "Names the limits that Beacon sets."),
    ("Bolt", "How would you plan the migration for Bolt?"),
    ("Compass", "A listing on Compass shows an old price."),
    ("Ramp", "Cards from Ramp are refused at night."),
    ("Lattice", "Explains what Lattice’s customers would see."),
    ("Mercury", "Checks with Mercury before closing the account."),
    ("Robin", "Robin Ltd sends the wrong invoices."),
    ("Grant", "Asks Grant to approve the change."),
    ("Hunter", "Your lead, whose name is Hunter, is away."),
    ("Anker", "Die Anker GmbH liefert zu spät."),
    ("Kompass", "Ein Dienst der Kompass AG antwortet nicht."),
    ("Faro", "Los clientes de Faro esperan la respuesta."),
    ("Puente", "Explique cómo migra Puente sus datos."),
    ("Cometa", "Usted trabaja en Cometa y la cola crece."),
]
AS_A_WORD = [
    ("Pilot", "Pilot rollout first"),
    ("Pilot", "Pilot before full rollout"),
    ("Pilot", "Plans a Pilot Rollout"),
    ("Pilot", "Ready for Pilot Rollout"),
    ("Pilot", "Rollout plan: Pilot, then everyone."),
    ("Pilot", "Begins small. Pilot users come first."),
    ("Pilot", "- Pilot with one team"),
    ("Pilot", "Describes the Pilot phase and its end."),
    ("Pilot", "A pilot with one shop comes first."),
    ("Pilot", "PILOT WITH ONE SHOP"),
    ("Pilot", "Runs the change as Pilot-Phase first."),
    ("Pilot", "Pilots with two shops"),
    ("Pilot", "Ein Team plant den Pilot und prüft ihn mit den Kunden."),
    ("Affirms", "Affirms the order of the events"),
    ("Affirms", "Affirms Order Of Events"),
    ("Anchor", "Anchor links checked"),
    ("Beacon", "Sends a Beacon Frame first"),
    ("Bolt", "Bolt torque recorded"),
    ("Bolt", "Says what to do: Bolt, weld or rivet."),
    ("Ramp", "Ramp traffic up slowly"),
    ("Lattice", "Lattice boltzmann method chosen"),
    ("Grant", "Grant least privilege"),
    ("Grant", "Least Privilege: Grant Only What Is Needed"),
    ("Hunter", "Threat Hunter queries tuned"),
    ("Anker", "Prüft, ob der Anker hält, und misst die Last."),
    ("Anker", "Setzt Anker nach Plan und prüft sie."),
    ("Sturm", "Was tun Sie, wenn bei Sturm die Anlage steht?"),
    ("Faro", "Faro encendido antes de salir"),
    ("Puente", "Revisa el Puente y sus apoyos."),
    ("Cometa", "Una cometa vuela sobre el campo."),
]


@table(("name", "text"), AS_A_NAME)
def test_a_name_that_is_a_word_is_found_where_it_is_a_name(name: str, text: str) -> None:
    assert holds_name(text, [name])


@table(("name", "text"), AS_A_WORD)
def test_a_name_that_is_a_word_is_not_found_where_it_is_a_word(name: str, text: str) -> None:
    assert not holds_name(text, [name])


@table(
    ("name", "described", "asked"),
    [
        ("trivago", "At trivago we compare hotels.", "Suppose trivago shows an old price."),
        ("trivago", "At trivago, you own the search.", "Trivago's search is slow."),
        ("idealo", "Join the idealo team. Life at idealo is fun.", "The idealo team is away."),
        ("idealo", "Join idealo!\nAt idealo, everyone ships.", "IDEALO shows a wrong price."),
        ("zooplus", "zooplus is looking for a developer.", "Zooplus has two warehouses."),
        ("flaschenpost", "Die flaschenpost SE. flaschenpost sucht dich.", "Ein Lager von flaschenpost steht."),
        ("idealo", "Bei idealo arbeiten wir agil. Mehr auf idealo.de.", "Der Katalog von Idealo ist alt."),
        ("eBay", "At eBay we build markets.", "A seller on Ebay waits."),
        ("eBay", "At eBay we build markets.", "A seller on eBay waits."),
        ("mobimeo", "Wir sind die mobimeo GmbH.", "Die App von mobimeo ist langsam."),
        ("wallapop", "En wallapop buscamos ideas; wallapop busca una ingeniera.", "Los clientes de Wallapop esperan."),
        ("Thornwick", "Join Thornwick.", "Thornwick rules followed"),
        ("Quintela", "Reporta a Marta Quintela, directora.", "Pregunta a Quintela antes."),
        ("Northwind Console", "Build our flagship Northwind Console.", "Northwind Console is slow."),
        ("Pilot", "Pilot is looking for a developer. Join Pilot!", "You work at Pilot and a queue grows."),
        ("Pilot", "At Pilot, we keep the books.", "The books that Pilot keeps are late."),
    ],
)
def test_what_is_found_in_a_description_is_found_again_in_a_question(name: str, described: str, asked: str) -> None:
    names = names_in(["Engineer", described])
    assert name in names
    assert holds_name(asked, names)


@table(
    "text",
    [
        "At scale we shard. At runtime we check. At night we sleep. At rest our data is encrypted.",
        "Join tables and joins. join forces. join us and join in.",
        "The platform team and the platform people. The devops team meets the backend team, the fullstack team too.",
        "At onboarding we help. At kickoff you plan. Join standups. Join standups and retros. At mentoring we excel.",
        "Work for change. Work at speed and at speed only.",
        "At kubernetes we are good. The kafka team. Join kubernetes! kubernetes is looking for you.",
        "Bei uns arbeiten wir zu zweit. Bei laufendem Betrieb prüfen wir, bei laufendem Motor nicht.",
        "En equipo trabajamos mejor. En producción medimos. En equipo aprendemos.",
    ],
)
def test_ordinary_words_with_a_small_letter_are_no_names(text: str) -> None:
    assert names_in(["Engineer", text]) == set()
