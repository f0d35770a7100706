"""Biased and unlawful wording of job descriptions is found; technical terms and lawful notices pass."""

from __future__ import annotations

import itertools
import json
import time

from config import PROJECT_FOLDER
from techscreen.checks.wording import _table, wording_findings
from techscreen.data import DATA
from tests.support.tables import table

SAMPLES = PROJECT_FOLDER / "samples"
SUBJECTS = set(
    "age citizenship colour_or_race disability ethnicity family_status gender_identity genetic_information "
    "marital_status nationality political_affiliation pregnancy religion sexual_orientation veteran_status".split()
)
BIASED = set("gender_coded gendered age_coded ableist culture_fit needless_requirement".split())

FOUND = {
    "gender_coded": """
        We want a JavaScript ninja.
        Frontend Rockstar (m/w/d)
        Fearless. Competitive.
        You are a highly competitive self-starter.
        A hungry, aggressive developer
        You will dominate the market.
        He or she crushes tickets and ships.
        We need more manpower in the team.
        A strong, decisive leader
        You have a killer instinct.
        We are looking for a growth guru.
        An ambitious individual with drive
        You win arguments with data.
        We are hungry for success.
        """,
    "gendered": """
        He will be responsible for two teams.
        Leads his men with care.
        Our guys ship daily.
        Reports to the chairman.
        Estimates effort in man-days.
        She will organise the offsite.
        The successful candidate plans his own week.
        One of the boys
        Ein Aufwand von 20 Manntagen: Manntage zählen.
        """,
    "age_coded": """
        We are a young team.
        Unser junges, dynamisches Team
        Young and energetic
        Ideal for a recent graduate
        Fresh out of university
        A digital native, of course
        Average age: 26
        A youthful environment
        The team has an average age of 27.
        A mature individual
        Somos un equipo joven.
        Wir sind ein junges Team.
        """,
    "ableist": """
        You have a thick skin.
        Thick-skinned and calm
        The candidate must be able-bodied.
        Deadlines are crazy here.
        Must be able to lift 25 lbs occasionally.
        Sit for long periods
        Sie brauchen ein dickes Fell.
        """,
    "culture_fit": """
        A good culture fit matters to us.
        You fit our culture.
        We are like a family.
        We work hard, play hard.
        We work hard and play harder.
        Fits in with our young crew and our team
        Free beer on Fridays
        Like-minded people
        Wir sind wie eine große Familie.
        Somos como una gran familia.
        """,
    "needless_requirement": """
        5+ years of experience
        At least 8 years of professional PHP
        3〜5 years in computer vision
        - 10+ years in technology
        You have 3-5 years of hands-on experience.
        Minimum of 4 years experience with Go
        Five years of professional experience
        Must hold a Bachelor's degree.
        Degree in computer science required
        Mindestens 4 Jahre Erfahrung mit C
        Abgeschlossenes Hochschulstudium der Informatik
        Al menos 3 años de experiencia
        """,
    "age": """
        Candidates aged 25-35
        Applicants under 35
        You should be under 40.
        Age limit: 35 years
        No older than 45.
        Please state your date of birth.
        Preferably under 30.
        Must be between 25 and 35 years old.
        Höchstalter 35
        Edad máxima 35 años
        """,
    "citizenship": """
        US citizens only
        U.S. citizenship required
        Must be a British citizen.
        Only EU citizens may apply.
        Deutsche Staatsangehörigkeit erforderlich
        UK passport holders only
        """,
    "colour_or_race": """
        White candidates preferred
        Please attach a photo of yourself.
        Attach a photo
        CV with a photo
        Bewerbung mit Lichtbild
        CV con foto
        """,
    "disability": """
        No disabilities
        Candidates must be in good health.
        Must be physically fit.
        Free from any chronic illness
        Good physical and mental health
        Körperlich und geistig gesund
        """,
    "ethnicity": """
        European background preferred
        Must be of German descent.
        Asian heritage only
        No foreign accents
        Accent-free English
        """,
    "family_status": """
        No family commitments that get in the way
        He has a settled domestic situation.
        Candidates without family obligations
        No childcare responsibilities
        Childless
        Keine familiären Verpflichtungen
        Sin cargas familiares
        """,
    "gender_identity": """
        Male candidates preferred
        Women only
        Only men need apply.
        Looking for a lady with good manners
        Female developer wanted
        Männliche Bewerber bevorzugt
        Solo hombres
        """,
    "genetic_information": """
        You agree to a genetic test.
        No hereditary diseases
        Please disclose your family medical history.
        Must submit to genetic screening.
        Free of genetic disorders
        """,
    "marital_status": """
        Must be single/unmarried
        Must be unmarried.
        Unmarried candidates preferred
        You must be single.
        State your marital status.
        Sie sind ledig.
        Estado civil: soltero
        """,
    "nationality": """
        Native English speaker
        Native speakers only
        German nationals only
        English as a mother tongue
        No foreigners
        Muttersprachler gesucht
        Inglés nativo
        """,
    "political_affiliation": """
        Must not be a member of a trade union.
        Conservative values required
        No union members
        You share our political views.
        Member of the ruling party
        """,
    "pregnancy": """
        Not pregnant or planning to be
        Must not become pregnant during the contract.
        Pregnant women need not apply.
        Not planning to have children
        Pregnancy test required
        Keine Schwangerschaft
        """,
    "religion": """
        Christian values required
        Must be a practising Catholic.
        You share our Christian faith.
        No headscarves
        Member of a Christian church
        Konfessionszugehörigkeit wird erwartet
        """,
    "sexual_orientation": """
        Heterosexual candidates only
        No gays
        Must be heterosexual.
        Straight men preferred
        Candidates must be straight.
        """,
    "veteran_status": """
        No veterans
        Veterans need not apply.
        No military obligations
        Must have completed military service.
        Honorable discharge required
        Abgeleisteter Wehrdienst
        """,
}

LAWFUL = """
    We welcome applications regardless of age, disability, gender reassignment, race, religion or sexual orientation.
    Equal opportunity employer: race, religion, sex, national origin, veteran status, disability do not matter.
    Applicants must have the right to work in the UK; we cannot sponsor visas.
    You are authorised to work in the United States.
    We make reasonable adjustments at any stage, for disabled applicants too.
    Enhanced parental leave for all parents, fertility treatment leave, menopause policy
    26 weeks of paid leave for every new parent, however the child joins the family
    Schwerbehinderte Bewerberinnen und Bewerber werden bei gleicher Eignung bevorzugt berücksichtigt.
    Embedded-Softwareentwickler (m/w/d)
    Wir freuen uns über Bewerbungen unabhängig von Alter, Geschlecht, Herkunft und Religion.
    Veterans welcome. Women in technology network. Reservists are supported with extra leave.
    Female applicants are particularly encouraged to apply.
    Please do not include a photo or your date of birth.
    You need not be a native speaker; English at C1 is enough.
    Native speaker level is not required.
    No degree required.
    A degree in computer science or equivalent experience
    Bachelors degree in computer science or equivalent exp.
    A degree is not a filter; a Master's degree is a plus.
    Studium der Elektrotechnik, Technischen Informatik o. Ä. oder eine vergleichbare Ausbildung mit Berufserfahrung
    Abgeschlossenes Studium der Informatik oder vergleichbare Berufserfahrung
    The post needs a security clearance, for which UK citizenship is required by law.
    Must be 18 or over.
    He or she will own the ledger; his or her manager helps.
    Pronouns such as she/her are welcome in your CV.
    Our CTO founded the firm with a friend. She will be your manager.
    One person carries the pages and has said he will leave.
    Competitive salary, competitive benefits
    Salary: competitive
    Our pay is competitive.
    Health insurance for you and your family, family-friendly hours
    Work on the family plan, the family account and a family of instances.
    Fix the race condition between the parent process and its child processes.
    Child nodes are orphaned when the parent node is removed.
    Protect the master branch; the native app is built from it.
    The age of a cache entry decides when it is evicted.
    Entries older than 30 days are dropped; logs are kept for at least 7 years.
    Retain invoices for at least 10 years.
    No finding on cloud is older than 60 days.
    An orphan process keeps the socket open.
    The gender field in the form is optional.
    The feature is disabled by default; the flag is not disabled in tests.
    Single sign-on, single-threaded event loop, single page application
    Writes must be single-threaded, and the source of truth must be single.
    Sanity checks, dummy data, blind index, double-blind trial
    Tune aggressive caching, aggressive timeouts and an aggressive retry policy.
    The garbage collector is too aggressive.
    The OOM killer ends the pod; find out why.
    Analyse slow queries and build a query killer for stuck sessions.
    Latency is dominated by I/O; compute the dominator tree.
    I/O costs dominate our bill, and storage dominates the latency.
    Memory-hungry jobs run at night; CPU hungry queries are throttled.
    Event-driven, data-driven and test-driven development
    Competencies: system design. Dependencies: commits, connectors and ActiveMQ.
    Leader election with Raft, follower reads, lead time of 5 days
    An analytics platform with decision trees and confidence intervals
    Battle-tested libraries, a champion/challenger model, challenge-response login
    Force-push is forbidden; forced updates of Salesforce objects
    Objective-C and Swift, service level objectives, objective functions
    Deterministic builds with CMake and Ninja
    Make, Ninja or Xcode project files from CMake
    Ninja generator files are cached; ninja-build runs in CI.
    Independent deployments of individual services
    Assertions, assertive live regions for screen readers, aria-live
    A greedy algorithm, a lazy and a greedy regular expression
    Class hierarchies, hierarchical state machines
    Support desk rota, respond to incidents, responsive layout, shared responsibility
    Node degree distribution, degree of parallelism, 360-degree feedback
    Connection pools, yield expressions, kind clusters, trust boundaries, tender documents
    Collaborate with others, share knowledge, be kind, nurture a community of practice
    A young company in its third year
    Mature codebase, mature processes, mature product
    We help young people find apprenticeships, and pregnant women find midwives.
    The travelling salesman problem and other routing heuristics
    A man-in-the-middle attack must be detected.
    Unmanned aerial vehicles, human-in-the-loop labelling
    Snowflake, Ceph, Kafka, dbt: no snowflakes in production
    The codebase has grown over 10+ years in production.
    We have more than 20 years of experience in logistics.
    With over 30 years in business, we serve 900 customers.
    Five years of employment references are checked.
    Until at least year three the policy system stays on the mid-range platform.
    A 3 year roadmap, a 2 year contract, 5 years of audit logs
    p99 latency must be under 50.
    Test coverage must be over 80.
    The average age of tickets is 26 days; the average age of our fleet is 20 years.
    Serve users over 65 and drivers under 25 with fair premiums.
    Healthy pods: instances must be healthy before traffic is sent.
    The cluster must be in good health after each upgrade.
    Nodes with no children are leaves; pods with no dependents are stopped.
    Genetic algorithms, genetic testing laboratory software, hereditary disease registers
    Users attach a photo to a claim and enter their date of birth.
    A photo of the meter is sent with each reading.
    Marital status is a code list; nationality is an ISO 3166 code.
    Citizen portal of the city; citizens see their data at once.
    Party members of a contract, party affiliation of a ledger account
    Religion and ethnicity are special category data that must be encrypted.
    Male and female voices for the speech model; a male connector on the board
    Straight-through processing; lines must be straight.
    Native speaker recordings for the speech corpus
    Colour contrast for people who are colour-blind; WCAG 2.2
    Install racks: must be able to lift servers of 20 kg with a lifting aid.
    Visit customers by car: a driving licence is needed, as you will drive a van between sites.
    Boys and girls of a school register in the app.
    Hero image above the fold, setup wizard, Foreman and Puppet
    We are not looking for ninjas or rockstars.
    Threat hunting, penetration tests, kill switches, war room, blast radius
    Guard the crown jewels: defence in depth, attack surface, fighting fraud
    Crush depth sensors, image crushing and compression
    Champion of accessibility across teams
    Code like `dominate()` or `he.encode()` is reviewed; ninja.build is generated.
    Der alte Code ist älter als der neue; man löscht ihn, und er wird ersetzt.
    Ein Kind-Prozess meldet sich beim Elternprozess; die Kinder des Knotens werden sortiert.
    Alter der Einträge, Altersgrenze der Sicherungen: 30 Tage
    Aufbewahrung bis 10 Jahre, Laufzeit zwischen 20 und 30 Jahren Betrieb
    Das Team ist für die Familie der Messumformer zuständig.
    Gute Deutschkenntnisse, Englisch für Datenblätter
    Er, sie, die: die Kollegin, die den Dienst betreut, hat Urlaub.
    El nodo hijo muere cuando el padre termina; una familia de instancias.
    Los registros se guardan entre 5 y 7 años.
    He trabajado con él; el equipo es nuevo.
    """

# Requirements in the short forms of bullets.
DEMANDS = {
    "age": """
        Must be young
        We want someone young
        Candidates over 45 need not apply
        No one over 40
        Max 35 years old
        Only people under 35
        Ideal age: 25-35
        Age: 25-35
        Preferred age 25 to 35
        Born after 1990
        You are between 20 and 30
        You are not older than 40
        Please mention your age
        No older applicants
        Older candidates need not apply
        Sie sind unter 30
        Alter: 25-35
        Bitte geben Sie Ihr Alter an
        Menores de 35 años
        Edad entre 25 y 35 años
        """,
    "citizenship": """
        US citizens only
        Only US citizens
        Only American citizens may apply
        Must have US citizenship
        Citizens only
        US passport required
        Nur Deutsche
        Nur deutsche Staatsbürger
        Nur EU-Bürger
        Must be US citizen
        No green card holders
        Citizenship: German
        Applicants must be German citizens
        Non-citizens need not apply
        State your citizenship
        Solo ciudadanos españoles
        """,
    "colour_or_race": """
        Must be white
        Whites only
        No blacks
        White applicants only
        Only white candidates
        Only whites may apply
        You are white
        Blacks need not apply
        Caucasians preferred
        No people of colour
        No Asians
        Please state your race
        We want a white person
        Fair skin preferred
        Nur Weiße
        Solo blancos
        Bitte Foto beilegen
        Adjuntar foto
        """,
    "disability": """
        Candidates with disabilities need not apply
        Disabled people need not apply
        Applicants with a disability will not be considered
        No wheelchair users
        Must be healthy
        Must be in good health
        You are in good health
        Must be free of illness
        Must not take medication
        Good health required
        No mental health issues
        Not suitable for people with a disability
        Non-smokers only
        No smokers
        No history of depression
        State any disabilities
        Healthy candidates only
        Keine Schwerbehinderten
        Gesunde Bewerber
        Buena salud imprescindible
        Sin discapacidad
        """,
    "ethnicity": """
        European origin preferred
        Only Europeans
        No Arabs
        No gypsies
        Ethnic Germans only
        Must be of European origin
        Must speak without an accent
        No accent
        No migrants
        State your ethnicity
        Western candidates only
        Keine Araber
        Ohne Migrationshintergrund
        Sin acento extranjero
        No gitanos
        """,
    "family_status": """
        No children
        No kids
        single, no kids preferred
        Must have no children
        Parents need not apply
        Mothers need not apply
        People without children preferred
        Without children
        Must not have children
        Must be child-free
        You have no family
        No family
        Not suitable for parents
        Not suitable for mothers
        State the number of your children
        Number of children
        No dependants
        Family man preferred
        Keine Kinder
        Ohne Kinder
        Ohne familiäre Verpflichtungen
        Sin hijos
        No madres
        """,
    "gender_identity": """
        We want a man for this job
        Men only
        Only women
        Women need not apply
        No women
        We need a man
        Seeking a male engineer
        Must be male
        Must be a man
        Gender: male
        Sex: female
        Ideal for women
        This is a job for men
        Men preferred
        Gentlemen only
        No trans people
        Cisgender only
        A woman for the front desk
        Nur Männer
        Wir suchen einen Mann
        Nur Frauen
        Solo mujeres
        Se busca hombre
        Buscamos una mujer
        """,
    "genetic_information": """
        Genetic test required
        DNA test required
        Must take a DNA test
        No genetic conditions
        No family history of cancer
        Family medical history required
        Please provide your family medical history
        Must be free of hereditary disease
        Free from genetic defects
        We run a genetic test before hiring
        Keine Erbkrankheiten
        Gentest erforderlich
        Prueba genética obligatoria
        Sin enfermedades hereditarias
        """,
    "marital_status": """
        Single preferred
        Must be single
        Must be married
        Married preferred
        Only singles
        No married women
        Unmarried only
        Single people preferred
        Married people need not apply
        Marital status: single
        Please state your marital status
        Include your marital status
        You are single and flexible
        Preferably single
        Bitte geben Sie Ihren Familienstand an
        Familienstand: ledig
        Ledig und flexibel
        Nur Ledige
        Soltero preferentemente
        Indique su estado civil
        """,
    "nationality": """
        español como lengua materna
        Native speaker
        Native English only
        Native German
        Native level English speaker required
        Mother tongue German
        English mother-tongue
        Must be German
        Germans only
        Only Germans
        Only Germans may apply
        No Indians
        No Russians
        Must be born in Germany
        British nationals only
        Nationals only
        Indian nationals need not apply
        No foreign candidates
        Foreign applicants need not apply
        State your nationality
        Nationality: German
        Muttersprache Deutsch
        Deutsch als Muttersprache
        Nur Muttersprachler
        Keine Ausländer
        Nativo de inglés
        Inglés como lengua materna
        Lengua materna: inglés
        """,
    "political_affiliation": """
        Republicans only
        No Republicans
        Democrats only
        Only Democrats may apply
        Must be a Republican
        Must not be in a union
        No trade unionists
        Union members need not apply
        Must be a conservative
        Must be a party member
        Must support the ruling party
        Socialists need not apply
        Not a member of any union
        We want conservatives
        Right-wing views preferred
        State your political views
        Keine Gewerkschaftsmitglieder
        Nur Parteimitglieder
        No sindicalistas
        Afiliado al partido
        """,
    "pregnancy": """
        Must not be pregnant
        Not pregnant
        No pregnant women
        No pregnancy
        Not planning a baby
        No plans to have a baby
        Must not plan to have children
        No maternity leave in the first two years
        You will not become pregnant
        Pregnant applicants will be rejected
        Pregnancy test before hiring
        Should not be planning a family
        Keine Schwangeren
        Nicht schwanger
        Keine Schwangerschaft geplant
        No embarazadas
        Test de embarazo obligatorio
        """,
    "religion": """
        Only Christians may apply
        Christians only
        No Muslims
        Must be Christian
        Must be a Christian
        Muslims need not apply
        Catholics preferred
        Catholic candidates only
        Must be a practising Christian
        Must belong to a church
        Must attend church
        You are a devout Christian
        You share our faith
        Church member
        No Jews
        State your religion
        Atheists need not apply
        Nur Christen
        Nur Katholiken
        Kein Kopftuch
        Solo cristianos
        Católicos preferentemente
        """,
    "sexual_orientation": """
        No gays
        Straight only
        Straights only
        Heterosexuals only
        Only heterosexuals
        Must be straight
        Gays need not apply
        Homosexuals need not apply
        No LGBT
        No LGBTQ people
        You are heterosexual
        Must not be gay
        Not gay
        Lesbians need not apply
        State your sexual orientation
        Keine Schwulen
        Nur Heterosexuelle
        Keine Homosexuellen
        No homosexuales
        Solo heterosexuales
        """,
    "veteran_status": """
        No veterans
        Veterans need not apply
        No ex-soldiers
        Must not be a veteran
        No military background
        No reservists
        No reserve duty
        Military service completed
        Must have served
        Must have served in the army
        Only veterans
        Honourable discharge only
        State your military status
        Disabled veterans need not apply
        No former military
        Wehrdienst abgeleistet
        Kein Reservist
        Keine Reservisten
        Servicio militar cumplido
        No veteranos
        """,
}

NO_DEMANDS = """
    Only whites and greys are used in the palette
    Single preferred supplier
    Christians and Muslims use our calendar app
    Only Republican
    Reads the polls of Republicans and Democrats
    Our app is for men and women
    Number of children of a node
    No parent node
    No parents
    Without children the node is a leaf
    A job for men in suits
    Must be white-listed
    Must be white-box tested
    The background must be white.
    The output must be male or female
    Nur deutsche Texte und deutsche Umlaute
    Nur deutsche Kunden
    Deutsch und Englisch
    Born in 1990, our firm
    German and English texts
    Only German and English
    Must be German or English texts
    Founded by Germans
    We want a man-in-the-middle test
    We need a man page for each command
    Users with disabilities can apply
    Candidates with disabilities are welcome
    The family plan, no kids discount
    Nodes without children are removed
    Healthy team culture
    Must be healthy pods
    Must be married to no vendor
    State machine
    State your assumptions
    Age: 25-35 days
    Genetic test kits for customers
    DNA test laboratory
    The union members of a discriminated union
    No union types
    Must belong to a churn group
    Smokers and drivers pay other premiums
    No smoke tests in production
    Non-smokers pay less
    Native German product names
    Native level performance
    native German and English support of the app
    Only native modules
    Marital status: a code list
    Nationality: a code list
    Gender: male, female, diverse are the codes of the list
    Kein Kopf
    Keine Kinder-Prozesse
    Sin hijos el nodo es una hoja
    Only people under management contracts
    No one over-engineers here
    Family history is a product of ours
    """


def lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def found(text: str) -> list[tuple[str, str]]:
    return [(finding.category, finding.word) for finding in wording_findings(text)]


PAIRS = [(category, line) for table in (FOUND, DEMANDS) for category in table for line in lines(table[category])]


def test_every_category_has_its_cases() -> None:
    assert FOUND.keys() == SUBJECTS | BIASED
    assert all(len(lines(texts)) >= 5 for texts in FOUND.values())
    assert len(lines(LAWFUL)) >= 80


def test_the_data_files_name_no_other_category_and_explain_each() -> None:
    phrases = [phrase for several in _table().phrases.values() for phrase in several]
    assert {phrase.category for phrase in phrases if phrase.kind == "prohibited_subject"} == SUBJECTS
    assert {phrase.category for phrase in phrases if phrase.kind == "biased_wording"} == BIASED
    assert all(phrase.reason.endswith((".", ").")) and phrase.suggestion for phrase in phrases)


def test_each_phrase_is_a_sound_expression_that_finds_nothing_in_nothing() -> None:
    table = _table()
    for group in (table.phrases, table.exceptions, table.sentences):
        for phrase in [one for several in group.values() for one in several]:
            assert phrase.pattern.search(" is a ") is None
            assert phrase.pattern.search("") is None


@table(("category", "text"), PAIRS, ids=[line for _, line in PAIRS])
def test_biased_and_unlawful_wording_is_found(category: str, text: str) -> None:
    findings = wording_findings(text)
    assert category in {finding.category for finding in findings}
    for finding in findings:
        assert finding.kind == ("prohibited_subject" if finding.category in SUBJECTS else "biased_wording")
        assert text[finding.start : finding.end] == finding.word


@table("text", lines(LAWFUL + NO_DEMANDS))
def test_lawful_and_technical_sentences_pass(text: str) -> None:
    assert found(text) == []


def test_lawful_and_technical_sentences_pass_together() -> None:
    assert found("\n".join(lines(LAWFUL))) == []
    assert found("\n\n".join(f"- **{line}**" for line in lines(LAWFUL))) == []


EXPECTED = {
    "backend-payments-engineer": ["needless_requirement: 5+ years building"],
    "cloud-architect": [
        "needless_requirement: 10+ years in",
        "needless_requirement: 8 years+ experience",
        "ableist: thick skinned",
        "age_coded: energetic",
    ],
    "computer-vision-engineer": ["needless_requirement: 3〜5 years in"],
    "data-engineer": [
        "needless_requirement: 3 yrs SQL",
        "needless_requirement: Valid drivers license",
        "ableist: must be able to lift 25 lbs",
    ],
    "dba-mysql": [],
    "embedded-firmware-engineer": ["needless_requirement: Mindestens 4 Jahre Erfahrung"],
    "engineering-manager": [
        "gendered: He will be",
        "gendered: his men",
        "gendered: He must be",
        "gender_coded: strong, decisive",
        "gender_coded: commands respect",
        "gendered: He will be",
        "gendered: she will organise",
        "gendered: his calendar",
        "gendered: he will",
        "needless_requirement: 3+ years managing",
        "gendered: He should have",
        "family_status: settled domestic situation",
        "gender_coded: Decisive",
        "gender_coded: commanding presence",
    ],
    "frontend-react-developer": [
        "gender_coded: Rockstar",
        "gender_coded: ROCKSTAR",
        "gender_coded: NINJA",
        "gender_coded: crushes tickets",
        "gender_coded: hungry, aggressive frontend",
        "gender_coded: killer",
        "gender_coded: to dominate our web app",
        "age_coded: young team",
        "age_coded: average age 26",
        "culture_fit: work hard and play harder",
        "gendered: guys",
        "gender_coded: fearless",
        "gender_coded: be the hero",
        "gender_coded: win arguments",
        "age_coded: digital native",
        "culture_fit: free beer",
        "culture_fit: foosball",
        "gendered: with the boys",
        "gendered: and girls",
        "gender_coded: Dominates deadlines",
        "ableist: Thick skin",
        "gender_coded: Fearless",
        "gender_coded: Competitive",
    ],
    "junior-developer": [
        "age_coded: young and energetic",
        "age_coded: recent graduate",
        "needless_requirement: At least 8 years of",
        "age_coded: Fresh out of university",
        "age_coded: Energetic",
        "culture_fit: fits in with",
        "age_coded: youthful team",
        "family_status: no family commitments",
    ],
    "sap-erp-developer": [],
    "site-reliability-engineer": [],
    "technical-writer-api-docs": [],
}
FIELDS = ("basic_title", "basic_description", "work_output", "work_role", "work_knowledge", "work_competencies")


@table("name", EXPECTED)
def test_what_is_found_in_the_sample_requisitions(name: str) -> None:
    assert len(list((SAMPLES / "requisitions").glob("*.json"))) == len(EXPECTED)
    requisition = json.loads((SAMPLES / "requisitions" / f"{name}.json").read_text(encoding="utf-8"))
    texts = [requisition.get(field) or "" for field in FIELDS]
    assert [f"{category}: {word}" for text in texts for category, word in found(text)] == EXPECTED[name]


def test_exemplary_descriptions_are_clean() -> None:
    paths = list((SAMPLES / "exemplars").glob("*.json"))
    assert len(paths) == 4
    for path in paths:
        exemplar = json.loads(path.read_text(encoding="utf-8"))
        assert found(exemplar["enhanced_title"]) + found(exemplar["enhanced_description"]) == []


def test_findings_are_in_order_and_do_not_overlap() -> None:
    text = "He must be a young and energetic ninja, thick-skinned. US citizens only. 5+ years of experience.\nFearless."
    findings = wording_findings(text)
    assert [finding.category for finding in findings] == [
        *("gendered", "age_coded", "gender_coded", "ableist", "citizenship", "needless_requirement", "gender_coded")
    ]
    for earlier, later in itertools.pairwise(findings):
        assert earlier.end <= later.start


@table(
    ("text", "reported"),
    [
        ("The candidate at Quillmarrow in Oslo he", [("gendered", "he")]),
        ("Fits in with our Quillmarrow crew and team.", [("culture_fit", "Fits in with")]),
        ("You bring 7 years of Quillmarrow bookkeeping experience", [("needless_requirement", "7 years")]),
        ("Senden Sie uns die Quillmarrow-Unterlagen mit Foto.", [("colour_or_race", "mit Foto")]),
    ],
)
def test_what_stands_between_the_words_of_a_phrase_is_not_reported(text: str, reported: list[tuple[str, str]]) -> None:
    assert found(text) == reported


def test_each_phrase_with_a_gap_says_which_of_its_words_are_reported() -> None:
    for name in ("biased_wording", "prohibited_requirements"):
        for line in (DATA / f"{name}.txt").read_text(encoding="utf-8").splitlines():
            for phrase in line.split(";") if line[:1] not in ("#", "@") else ():
                reported = phrase[phrase.index("{") : phrase.index("}")] if "{" in phrase else phrase
                assert "..." not in reported, phrase


def test_a_lawful_notice_excuses_its_own_sentence_alone() -> None:
    notice = "We hire regardless of nationality."
    assert found(f"Native speakers only. {notice}") == [("nationality", "Native speakers")]
    assert found(f"{notice} Native speakers only.") == [("nationality", "Native speakers")]
    assert found("We hire native speakers and others regardless of nationality.") == []


def test_places_are_right_after_letters_that_change_their_length() -> None:
    text = "İİ 👩‍💻 ẞ ŉ You are a NINJA’s friend – a thick‑skinned rock star."
    assert found(text) == [("gender_coded", "NINJA"), ("ableist", "thick‑skinned"), ("gender_coded", "rock star")]


@table(
    "text",
    [
        *("", "\0", "\ud800 young \udfff", "👩‍💻" * 4_000, "a" * 16_000, "a " * 8_000, "(" * 16_000, " " * 16_000),
        *("young " * 2_600, "young and " * 1_600, "ninja " * 2_600, "the candidate " * 1_140, "5 years of " * 1_450),
        *(
            "must be able to " * 1_000,
            "he will be " * 1_450,
            "degree in " * 1_600,
            "ceo " * 4_000,
            "or equivalent " * 1_140,
        ),
        *(
            "\n" * 16_000,
            "* " * 8_000,
            "native " * 2_285,
            "no family " * 1_600,
            "we have years " * 1_140,
            "```" * 5_333,
        ),
        *("i̇İ" * 5_000, "1" * 16_000, "5+ " * 5_333, "5 - " * 4_000, "candidate " * 1_600, "she will " * 1_770),
        *("ceo she will " * 1_230, "we have years " * 1_140),
    ],
    ids=lambda text: ascii(text[:12]),
)
def test_no_text_takes_long_or_fails(text: str) -> None:
    wording_findings("warm")
    began = time.process_time()
    wording_findings(text)
    assert time.process_time() - began < 0.2  # 0.05 on a machine with nothing else to do
