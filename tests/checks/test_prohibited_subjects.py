"""Questions and criteria about a candidate's person are found, and technical neighbours of their words pass."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

from config import PROJECT_FOLDER
from techscreen.checks.prohibited_subjects import _table, prohibited_subject
from tests.support.tables import table

SAMPLES = PROJECT_FOLDER / "samples"

PERSONAL = {
    "age": """
        How old are you?
        What is your age?
        Please state your date of birth.
        When do you plan to retire?
        Are you over 50?
        In what year were you born?
        What year did you graduate?
        At your age, how do you keep up?
        How does your age affect your work?
        Names own age
        Says how old he is
        Is under 40
        Mentions that he is under 40 and healthy
        Is over 45 years old
        Candidate is 35 years old
        Wie alt sind Sie?
        Nennen Sie uns bitte Ihr Alter.
        Wie ist Ihr Geburtsdatum?
        ¿Cuántos años tiene?
        ¿Cuál es su edad?
        """,
    "citizenship": """
        Are you a US citizen?
        What is your citizenship?
        Which passport do you hold?
        Do you have a green card?
        Do you hold dual citizenship?
        Are you a citizen of this country?
        Which countries are you a citizen of?
        Candidate is a US citizen
        Mentions own citizenship
        Holds a German passport
        Welche Staatsbürgerschaft haben Sie?
        Sind Sie deutscher Staatsbürger?
        ¿Cuál es su ciudadanía?
        ¿Es usted ciudadano español?
        """,
    "colour_or_race": """
        What is your race?
        What is your skin colour?
        Are you black or white?
        What race are you?
        Are you a person of colour?
        Has the color of your skin ever held you back?
        Did your race matter there?
        Mentions own skin colour
        Candidate is white
        Is mixed race
        Welche Hautfarbe haben Sie?
        Hatten Sie wegen Ihrer Hautfarbe Nachteile?
        ¿Cuál es su raza?
        ¿De qué raza es usted?
        """,
    "disability": """
        Do you have a disability?
        Are you disabled?
        Does your health condition limit you?
        Do you have any health problems?
        How many sick days did you take last year?
        Do you take any medication?
        Are you in good health?
        Tell me about your medical history.
        How is your mental health?
        Have you ever seen a psychiatrist?
        Mentions own illness
        Candidate is in good health
        Has no disability
        Haben Sie eine Behinderung?
        Sind Sie schwerbehindert?
        Nehmen Sie Medikamente?
        ¿Tiene alguna discapacidad?
        ¿Padece alguna enfermedad?
        """,
    "ethnicity": """
        What is your ethnic background?
        What is your ethnicity?
        Where are you originally from?
        Where does your family come from?
        Where does your surname come from?
        Where were your parents born?
        What was your maiden name?
        Mentions own ethnicity
        Is of Arab descent
        Candidate has a foreign accent
        Woher kommen Sie ursprünglich?
        Haben Sie einen Migrationshintergrund?
        ¿Cuál es su etnia?
        ¿De dónde es su familia?
        """,
    "family_status": """
        Do you have children?
        Do you have any kids?
        Do you have kids?
        How many children do you have?
        Who looks after your kids while you work?
        Are you planning to start a family?
        Do you want a family?
        Are you a mother?
        What are your childcare arrangements?
        Tell me about your family.
        Plans to have a family
        Mentions own children
        Mentions her kids
        Candidate is a single parent
        Says that she has two children
        Haben Sie Kinder?
        Möchten Sie eine Familie gründen?
        Wer betreut Ihre Kinder?
        ¿Tiene hijos?
        ¿Quién cuida de sus hijos?
        """,
    "gender_identity": """
        What is your gender?
        What gender do you identify with?
        Are you transgender?
        Are you a man or a woman?
        What sex were you assigned, and what is your sex at birth?
        As a woman, how do you get engineers to listen?
        What is your gender identity?
        Mentions own gender
        Candidate is a woman
        Comes out as trans
        Welches Geschlecht haben Sie?
        Sind Sie transgender?
        Was ist Ihr Geschlecht?
        ¿Cuál es su identidad de género?
        ¿Es usted hombre o mujer?
        """,
    "genetic_information": """
        Have you ever had a genetic test?
        What is your family medical history?
        Is there any cancer in your family?
        Do you have any hereditary diseases?
        What runs in your family?
        Did your parents die of heart disease?
        Tell us about your genetic predisposition.
        Mentions own genetic test
        Candidate has a hereditary disease
        Has no genetic disorder
        Haben Sie eine Erbkrankheit?
        Gibt es Erbkrankheiten in Ihrer Familie?
        ¿Se ha hecho una prueba genética?
        ¿Tiene alguna enfermedad hereditaria?
        """,
    "marital_status": """
        Are you married?
        Are you married or single?
        Are you single?
        What does your husband do?
        Does your wife mind the travel?
        What is your marital status?
        Do you have a boyfriend?
        When are you getting married, and do you plan to get married soon?
        Is that your married name?
        Mentions her husband's job
        Says that he is married
        Candidate is divorced
        Is married
        Sind Sie verheiratet?
        Wie ist Ihr Familienstand?
        ¿Está casada?
        ¿Cuál es su estado civil?
        """,
    "nationality": """
        What is your nationality?
        Where were you born?
        What is your native language?
        Is English your first language?
        Are you a native speaker?
        Are you a native English speaker?
        Which country are you from?
        What is your country of birth?
        Are you German?
        Candidate is a native speaker
        Is a native English speaker
        Names own birthplace
        Says where he was born
        Aus welchem Land kommen Sie?
        Was ist Ihre Muttersprache?
        Wo sind Sie geboren?
        ¿Cuál es su nacionalidad?
        ¿Dónde nació usted?
        """,
    "political_affiliation": """
        Who did you vote for?
        Which political party do you support?
        Are you a member of a trade union?
        What are your political views?
        Did you vote in the last election?
        What do you think of the president?
        Are you a Republican?
        Mentions own political views
        Says who he voted for
        Candidate is a member of a political party
        Welche Partei wählen Sie?
        Sind Sie Gewerkschaftsmitglied?
        ¿Por quién votó usted?
        ¿Cuál es su ideología política?
        """,
    "pregnancy": """
        Are you pregnant?
        Asks: are you pregnant?
        Do you plan to become pregnant?
        When is your baby due?
        Will you take maternity leave?
        Have you ever had an abortion?
        Tell me about your pregnancy.
        Candidate is pregnant
        Mentions her pregnancy
        Plans to get pregnant
        Sind Sie schwanger?
        Planen Sie eine Schwangerschaft?
        ¿Está embarazada?
        ¿Piensa quedarse embarazada?
        """,
    "religion": """
        What is your religion?
        Tell me about your religion.
        Are you religious?
        Do you go to church?
        Which church do you attend?
        Are you a practising Muslim?
        Why do you wear a headscarf?
        Do you observe any religious holidays?
        Mentions own faith
        Candidate is a Christian
        Is a devout Hindu
        Sind Sie religiös?
        Welcher Konfession gehören Sie an?
        ¿Cuál es su religión?
        ¿Es usted católico?
        """,
    "sexual_orientation": """
        What is your sexual orientation?
        Are you gay?
        Are you gay or straight?
        Are you straight?
        Do you date men or women?
        Are you out at work?
        Have you come out as gay?
        Mentions own sexuality
        Candidate is gay
        Is heterosexual
        Sind Sie homosexuell?
        Was ist Ihre sexuelle Orientierung?
        ¿Cuál es su orientación sexual?
        ¿Es usted homosexual?
        """,
    "veteran_status": """
        Have you served in the military?
        Are you a veteran?
        Did you do military service?
        What type of discharge did you receive?
        Are you in the National Guard?
        Tell me about your military service.
        Why were you discharged from the army?
        Mentions own military service
        Candidate is a veteran
        Served in the armed forces
        Haben Sie gedient?
        Waren Sie bei der Bundeswehr?
        ¿Ha hecho el servicio militar?
        ¿Es usted veterano de guerra?
        """,
}

LAWFUL = """
    Are you authorised to work in this country?
    Do you have the right to work in the UK?
    Will you need a visa to work here?
    Two threads meet in your race condition; where?
    Your race detector reports two goroutines; how do you find the cause?
    What is the age of a cache entry when it is dropped?
    How do you choose your age limit for sessions?
    How old are the backups that you would still restore?
    Entries are dropped when their age passes your threshold.
    Your health check endpoint answers 200 while the database is away.
    How would you design your health and readiness probes?
    What does your health status endpoint return while the cache is cold?
    The parent process waits for your children processes.
    How does a child process inherit the file handles of its parent?
    A parent pom sets the version; why does your parent POM win?
    Delete the orphaned children rows before you add the foreign key.
    Which nodes have children, and which have no children?
    Does the component re-render its children when the parent changes?
    Which family of instances would you choose?
    Why did you choose your family of instances?
    Font families are loaded late; what shifts?
    Your native app and your master branch differ.
    The native module crashes on one device only.
    What do native speakers of the test group say about the translated labels?
    Are you single-handedly able to stop a release?
    Are you single-threaded at this point, and why?
    The single source of truth is your own table.
    Is single-threaded
    Is disabled by default
    Says the disabled feature flag hides the page
    Turns the disabled button into a focusable one
    Describe your disability parameter.
    Your disability claims service times out once a day.
    How would you model gender in a customer table?
    A survey table has a gender column with free text; how do you migrate it?
    Your gender field is mandatory in the form; what do you change?
    How would you choose chart colours for users with colour blindness?
    Screen reader users cannot reach the dialog; what is missing?
    How would you test the page with people who are blind or deaf?
    The religion field must be encrypted under GDPR.
    Your religion column holds special category data under Article 9.
    A tax application has a code list for marital status; where do you keep it?
    The marital status of a policyholder changes after the quote.
    Married couples file one tax return; how do you model the two persons?
    Validate the date of birth that a customer types into your form.
    How do you store the customer's date of birth?
    Tests whether the birthday falls on 29 February
    Explains the birthday paradox for hash collisions
    Nationality is an ISO 3166 code; how do you handle countries that no longer exist?
    A citizen portal must show citizens their data within a second.
    How do citizen developers get access to your platform?
    Which followers vote for the new leader?
    Votes for the candidate with the longest log
    The candidate is a follower that has started an election
    Which design did you vote for in the architecture group, and why?
    Who voted for the change in your last review?
    Your master node and your replica disagree.
    How does your replica vote when the primary is gone?
    The queue serves 40 clients; is yours under 40?
    Is under 40 ms
    Says that the answer is under 40 ms
    Is under 50% of the budget
    Keeps the p99 latency under 40 ms
    Latency is over 50 for your largest tenant
    What throughput are you expecting, and how do you find out?
    Where in the pipeline are you blind today?
    Are you blind to errors that the gateway swallows?
    Have you ever been in a war room during an incident?
    A genetic algorithm stops improving after ten generations.
    How do you store genetic test results for a laboratory?
    Your genetic algorithm converges too early.
    How would you explain the inherited configuration to a new colleague?
    Inherited permissions break after the folder is moved.
    Names the inherited class that overrides the method
    A colleague tells you that she is pregnant and asks to leave the on-call rota. What do you do?
    One of your engineers cannot do nights any more because of family commitments.
    A customer calls because her husband cannot log in to the shared account.
    Asks which duties the colleague wants to keep during parental leave
    Says that age, family and health stay out of the interview
    Describes own transition to another team
    Says who owns the parent ticket
    Mentions their parents in the tree and the depth limit
    Names own mistake in the incident
    Says that the service is engaged in a retry storm
    The two services are married to the same schema.
    Are you married to this design, or would you drop it?
    Which church management software would you integrate first?
    How do you keep faith with customers after a data loss?
    What is your first step when the disk is full?
    What is your first programming language of choice for scripts?
    Where did your data come from, and who owns it?
    Where are your logs from yesterday?
    Where does your traffic come from at night?
    Where does your service name come from?
    What is your origin server, and which headers does it set?
    Your cross-origin request is refused by the browser.
    Do you have any dependents of this library in other repositories?
    Do you have children in your tree that were never visited?
    What did you do when your sister team refused the change?
    The straight answer is that we do not know.
    Are you straight-through processing payments, or in batches?
    Your partner bank sends files late.
    Does your partner API return the same error for both cases?
    A veteran engineer and a newcomer disagree about the design.
    The military uses this frequency band; how does your radio avoid it?
    Serves stale entries in the army of edge nodes
    Is a parent of all other spans
    Sorts the persons by age, then by name
    How do you retire your old API?
    When do you plan to retire the old API?
    What is the sex ratio in the training data, and does it bias the model?
    How would you find out whether the model treats race or gender unfairly?
    Anonymises ethnicity before the data leaves the region
    Wie entfernen Sie Ihr altes Modul?
    Wie gehen Sie vor, wenn Ihr alter Code nicht mehr gebaut wird?
    Die Einträge werden gelöscht, sobald ihr Alter eine Stunde übersteigt.
    Das Formular erfasst die Kundin und ihr Geburtsdatum.
    Wie beendet der Elternprozess den Kind-Prozess?
    Ein Kind-Prozess stürzt ab; was macht Ihr Elternprozess?
    Welche Kinder hat der Knoten im Baum?
    Wie prüfen Sie die Herkunft Ihrer Container-Images?
    Wie alt sind Ihre Backups?
    ¿Qué edad tiene la entrada de la caché cuando se borra?
    ¿Cuántos años tiene el sistema heredado?
    El nodo padre tiene hijos que no se han visitado.
    ¿Está separado el frontend del backend?
    ¿Por qué está comprometido el servidor?
    """

# Questions, and the labels, descriptions and anchors of criteria, which are short lines of their own.
SHORT_LINES = {
    "age": """
        How many years until your pension?
        Would you say you are young or old?
        Are you in your fifties?
        What is your age group?
        Are you the oldest in your team?
        How do you feel about working for a younger manager?
        She is 35 years old
        Young candidate
        Is in his thirties
        Is young enough to learn
        Youthful
        Not too old
        Aged 25 to 35
        Young at heart
        Recent graduate only
        Looks young
        Is nearing retirement
        Born after 1990
        Wie viele Jahre haben Sie noch bis zur Rente?
        Junger Bewerber
        Unter 35 Jahre
        Candidato joven
        Menor de 35 años
        """,
    "citizenship": """
        US citizens only
        US passport
        Are you an American?
        Is your passport German?
        Do you have an EU passport?
        Have you applied for citizenship?
        When did you become a citizen?
        American citizen
        Has US citizenship
        Is an EU national
        Has a US passport
        Holds dual citizenship
        Citizen of the United States
        Green card holder
        No visa holders
        Must be a US citizen
        Non-citizen
        Has a green card
        Deutscher Staatsbürger
        Deutsche Staatsangehörigkeit
        Haben Sie einen deutschen Pass?
        Ciudadano español
        Pasaporte español
        """,
    "colour_or_race": """
        Are you African American?
        Which race do you identify with?
        Do you consider yourself white?
        How would you describe your skin colour?
        What is your racial background?
        Is Asian
        White candidate
        Caucasian
        Non-white
        Fair-skinned
        Person of colour
        Has dark skin
        He is black
        Light complexion
        Must be white
        Ist dunkelhäutig
        Raza blanca
        """,
    "disability": """
        Are you on any medication?
        Is in good health
        Are you in good health?
        Do you have any medical conditions?
        Have you ever been hospitalised?
        Have you ever had depression?
        Do you have a chronic illness?
        Do you see a therapist?
        Are you healthy?
        Do you smoke?
        Do you drink?
        How often do you drink alcohol?
        Do you use drugs?
        Do you have any allergies?
        How much do you weigh?
        How tall are you?
        Good health
        Physically fit
        No disabilities
        Is healthy
        Non-smoker
        Has a disability
        No health problems
        Able-bodied
        Has perfect eyesight
        No mental illness
        Never off sick
        Has taken no sick days
        Is not on medication
        Mentally stable
        In good physical health
        He is disabled
        Suffers from depression
        Keine Behinderung
        Rauchen Sie?
        Trinken Sie Alkohol?
        Sin discapacidad
        Buena salud
        ¿Fuma usted?
        """,
    "ethnicity": """
        Where are you from originally?
        Where are you originally from?
        Where are you really from?
        What is your heritage?
        What is your background, ethnically?
        Is that an Indian name?
        Where is your family from?
        Where are your parents from?
        Arab descent
        Has an accent
        No accent
        No foreign accent
        Is of European origin
        Western background
        Of German descent
        Migration background
        Mit Migrationshintergrund
        Ohne Akzent
        Woher stammen Sie ursprünglich?
        Origen europeo
        Sin acento extranjero
        """,
    "family_status": """
        Do you plan to start a family?
        Says that they have no children
        No family commitments
        Has no children
        No kids
        No children
        Childless
        Do you want children?
        Do you have a family?
        Do you have a family at home?
        Are you a parent?
        How old are your kids?
        Who will look after the kids?
        How many kids do you have?
        Do you have someone to look after your children?
        Do you have any dependants?
        Do you plan on having kids?
        When will you have children?
        Do you have childcare?
        Would your children mind the travel?
        Has kids
        Has two children
        Has no family
        Mother of two
        Single parent
        Single mother
        Father of three
        Free of family obligations
        Has no caring duties
        She has two kids
        He has children
        Does not plan to have children
        Wants no children
        No caring responsibilities
        Has a family
        Family man
        Keine Kinder
        Kinderlos
        Hat keine Kinder
        Haben Sie Familie?
        Planen Sie Kinder?
        Sin hijos
        No tiene hijos
        ¿Piensa tener hijos?
        """,
    "gender_identity": """
        What are your pronouns?
        Which pronouns do you use?
        What pronouns do you go by?
        Are you male or female?
        Are you a man?
        What was your name before you transitioned?
        Have you transitioned?
        What is your sex?
        Do you feel like a man or a woman?
        How does it feel to be the only woman here?
        Is a man
        Is male
        Male candidate
        Female candidate preferred
        Not transgender
        He is transgender
        She is a woman
        States own pronouns
        Names their pronouns
        Is not a woman
        Men only
        Identifies as female
        Uses she/her pronouns
        Ist eine Frau
        Welche Pronomen verwenden Sie?
        Es mujer
        ¿Cuáles son sus pronombres?
        """,
    "genetic_information": """
        Does cancer run in your family?
        Is there a history of cancer in your family?
        Do any diseases run in your family?
        Did your parents have any illnesses?
        Are there any genetic conditions in your family?
        Have you done a DNA test?
        Have you had your genome sequenced?
        Do you carry the BRCA gene?
        No genetic diseases
        No hereditary disease
        No family history of cancer
        Has a family history of heart disease
        Family medical history
        Carries a genetic mutation
        Genetically healthy
        Free of hereditary diseases
        Has taken a DNA test
        Keine Erbkrankheiten
        Hat keine Erbkrankheit
        Haben Sie einen Gentest gemacht?
        Sin enfermedades hereditarias
        Antecedentes familiares de cáncer
        """,
    "marital_status": """
        Married
        Unmarried
        Still single
        He is single
        Divorced
        Engaged to be married
        Is unmarried
        Is still single
        Is not married
        Widowed
        Has a husband
        Has a girlfriend
        In a relationship
        Are you in a relationship?
        Are you seeing anyone?
        Do you have a partner?
        Who do you live with?
        What does your partner do for a living?
        Is your wife okay with the travel?
        Would your husband agree?
        How long have you been married?
        Have you ever been married?
        Why are you still single?
        She is married
        They are divorced
        Single and flexible
        Happily married
        Ledig
        Verheiratet
        Ist ledig
        Sind Sie noch ledig?
        Haben Sie einen Partner?
        Soltero
        Casada
        ¿Tiene pareja?
        """,
    "nationality": """
        Native speaker of German
        German native speaker
        Is a native speaker of German and under 35 years of age.
        Native speaker
        Native speakers only
        Native English speaker
        Is a native German speaker
        Not a foreigner
        Foreigner
        German national
        Born in Germany
        Is an immigrant
        Foreign-born
        Was born abroad
        Where did you grow up?
        What country were you born in?
        Which country do you come from?
        Are you from here?
        How long have you lived in this country?
        Are you an immigrant?
        Is English your native language?
        Is English your mother tongue?
        Did you learn English as a child?
        What is your mother tongue?
        Are you foreign?
        German nationality
        Mother tongue English
        English mother tongue
        No foreigners
        Muttersprachler
        Ist Deutscher
        Deutsch ist Muttersprache
        Hablante nativo
        Nacionalidad española
        ¿Es usted extranjero?
        """,
    "political_affiliation": """
        Are you a conservative or a liberal?
        Did you vote for the government?
        Are you a union member?
        Are you in a union?
        Do you belong to a union?
        Which party are you a member of?
        Have you ever joined a political party?
        Are you politically active?
        Union member
        Not a union member
        No union members
        Is a Republican
        Member of a political party
        Votes conservative
        Is politically neutral
        Not politically active
        Has left-wing views
        He is a Democrat
        No political activity
        Kein Gewerkschaftsmitglied
        Parteimitglied
        Sind Sie politisch aktiv?
        Miembro de un sindicato
        No sindicalista
        """,
    "pregnancy": """
        Not pregnant
        Pregnant
        Are you expecting?
        Are you pregnant or planning to be?
        Are you planning a baby?
        Do you plan on getting pregnant?
        Are you trying for a child?
        When do you go on maternity leave?
        Do you plan to take parental leave?
        Did you take parental leave?
        How long was your maternity leave?
        No pregnancy planned
        Is not planning a pregnancy
        Will not become pregnant
        Does not plan to become pregnant
        No maternity leave planned
        Expecting a baby
        She is pregnant
        Nicht schwanger
        Ist schwanger
        Schwanger
        Planen Sie, schwanger zu werden?
        No embarazada
        Embarazada
        """,
    "religion": """
        Devout Christian
        Christian
        Muslim
        Is Christian
        Practising Catholic
        Not religious
        Are you Christian?
        Are you a Christian?
        Do you believe in God?
        Do you pray at work?
        Do you pray?
        Do you go to a mosque?
        Do you attend church?
        What do you believe in?
        Do you celebrate Christmas?
        Which religious holidays do you keep?
        Can you work on the Sabbath?
        Do you eat pork?
        Has Christian values
        Shares our faith
        Christian values
        Church member
        Wears no headscarf
        No headscarf
        He is Jewish
        She is a Muslim
        Goes to church
        Atheist
        Katholisch
        Ist evangelisch
        Sind Sie Christ?
        Católico practicante
        Cristiano
        """,
    "sexual_orientation": """
        Are you a lesbian?
        Do you have a same-sex partner?
        Is your partner a man or a woman?
        Do you like men or women?
        Are you straight or gay?
        Are you attracted to men?
        Do you identify as gay?
        Are you LGBT?
        Are you part of the LGBTQ community?
        When did you come out?
        Does your family know you are gay?
        Gay
        Not gay
        Heterosexual
        Homosexual
        Is not gay
        Lesbian
        Bisexual
        He is gay
        Has a same-sex partner
        No gays
        Lives with a same-sex partner
        Heterosexuell
        Schwul
        Nicht homosexuell
        Ist schwul
        Leben Sie mit einem Mann zusammen?
        Homosexual
        Es gay
        No homosexual
        """,
    "veteran_status": """
        Were you in the army?
        Have you been in the army?
        Did you serve?
        Have you ever served in the armed forces?
        What was your rank?
        Do you have any reserve obligations?
        Are you in the reserves?
        Did you do your national service?
        Were you a conscientious objector?
        Were you honourably discharged?
        Do you have PTSD?
        Veterans only
        No veterans
        Not a veteran
        Ex-military
        Military background
        Is a reservist
        Military service completed
        Has completed military service
        Has done military service
        No reserve duty
        He is a veteran
        Exempt from military service
        Honourable discharge
        Wehrdienst geleistet
        Hat gedient
        Haben Sie Wehrdienst geleistet?
        Servicio militar cumplido
        Ha hecho el servicio militar
        """,
}

SHORT_LAWFUL = """
    A colleague tells you she is pregnant.
    A colleague tells you she is pregnant and asks you to keep it to yourself. What do you do?
    A customer complains that the form has no field for a third gender. What do you change?
    The parent process dies; which children are left, and who reaps them?
    An advert says “native speakers only”. How would you reword it?
    You edit a job advert that demands native speakers only. What do you write instead?
    Replaces native speakers only by a level of the language
    Flags “no family commitments” as unlawful
    Names the words "young team" as what keeps people away
    Spots that US citizens only excludes others
    He is single-threaded
    He is single-threaded.
    It is single
    Is single-tenant
    Single
    Single responsibility
    Single point of failure
    Single source of truth
    Black box
    Black
    White space
    White box tests
    Is white-listed
    Is black-box testing
    Is a straight port
    Straight
    Healthy
    Healthy nodes only
    Keeps nodes healthy
    Not disabled
    Disabled
    Male
    Parent
    Parent process
    Parent first
    Mother board
    Engaged
    Engaged stakeholders
    Engaged users early
    Widowed lines are fixed
    Is separated
    Separated concerns
    Divorced from the schema
    Has no parent
    Has a parent
    Nodes with no children
    No child processes left
    No orphans
    Has two children and a parent pointer
    Young generation
    Young generation is sized
    Young objects die first
    Old generation
    Aged entries first
    Under 35
    Under 35 ms
    Over 50
    Under 30 seconds
    Native
    Native module
    Is native
    Native English names for variables
    No foreign keys
    Foreign key
    Foreign
    Foreign node
    Is expecting
    Expecting
    Is expecting a timeout
    Republican
    Democrat
    Conservative
    Conservative timeouts
    Conservative values for the retry budget
    Liberal in what it accepts
    Is conservative
    Left-wing tree rotated
    Is a union type
    Union
    Union members are checked
    Is left or right
    Is a member of the union type
    Veteran
    Independent
    Master
    Native code
    Gender
    Is a man in the middle
    Race
    No race
    No race conditions
    No races
    Race-free
    Is mixed
    Do you drink from the fire hose?
    Do you drink your own champagne, and how?
    Do you have a partner API?
    Do you have a partner programme to test with?
    Do you have a family of services?
    Do you have any allergies to cite in the patient record?
    Do you use drugs data?
    Where are you from in the network diagram?
    Where are your events originally from?
    Are you from here able to reach the host?
    What are your pronouns resolved to in the coreference model?
    Do you serve stale content?
    Did you serve the old version meanwhile?
    Were you deployed on Friday?
    How tall are your charts?
    Do you vote?
    Do you vote in the quorum?
    How do you vote down a proposal?
    Did you vote against the design?
    Do you plan to start a family of products?
    Which party are you a member of in the contract model?
    Do you attend stand-ups?
    Do you smoke test first?
    Do you smoke-test each release?
    Is your partner a broker or an insurer?
    What holidays do you observe in the calendar library?
    Where did you grow up the most as an engineer?
    How long have you lived with this legacy code?
    Are you left or right of the split?
    Has no accent colour
    No accent colour
    Has a husband and a wife on one policy
    Is a citizen developer
    Citizen developers
    US passport parser
    US passport numbers are masked
    US citizens portal
    German locale
    Is German by default
    German
    Is German text
    Is of European scale
    European origin servers
    Roma
    Is on medication list
    No medication data in logs
    On any medication record, who may read?
    Are you on any rota?
    Checks health
    In good health
    Is in good health after the failover
    Cluster is in good health
    The replica is in good health
    Good health checks
    Male and female plugs
    Not a veteran of the old system
    Military-grade encryption
    Has served 500 requests
    Has served stale data
    Did you serve it?
    Served from cache
    Born in the incident review
    Is of age
    Describes how they have no children nodes
    Says that they have no parent span
    Says that they have no children in the tree
    She is 35 years ahead
    It is 35 years old
    The system is 35 years old
    He is 35 minutes late
    Christ
    No family history is stored
    Family medical history is masked
    Is of Arab numerals
    Is straight
    Is straightforward
    Is a union
    He is a he
    States own
    Names their pronouns resolution
    No visas
    No pregnancy data leaks
    Pregnancy field hidden
    Is Asian market ready
    No gaps
    Einzelkind-Prozess
    Nur deutsche Texte
    Nur Deutsch
    Deutsche Texte
    Nur deutsche Umlaute
    Junge Objekte
    Wie alt sind Ihre Daten?
    Do you have children of the root node in mind?
    Which pronouns do you use in the documentation, and why?
    Which pronouns do you use in error messages?
    Which generation do you belong to in the garbage collector?
    Single-handed
    A married couple
    """


def lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


# Of these it only counts that they are found, whatever the subject is called.
FURTHER = """
    Roughly when are you planning to retire?
    Mentions being a single mother.
    Looks healthy.
    Candidate is of Indian origin.
    Comes from a good family
    Candidate appears young and energetic.
    When are you due back from maternity leave?
    A pregnant candidate would not be able to travel.
    As a Black engineer, how have you dealt with colleagues who doubted you?
    Are you expecting?
    Planen Sie, in den nächsten Jahren Kinder zu bekommen?
    Haben Sie gesundheitliche Einschränkungen?
    ¿Practica alguna religión?
    Do you have any health issues we should know about?
    Talks about their religious upbringing
    Did you transition from another gender?
    Mentions having children
    Were you born in the United States?
    Have you ever been treated for depression or anxiety?
    Are you on the left or the right politically?
    What do you think of the current president?
    Are you still in the National Guard or reserves?
    Explains how their disability affects their work
    ¿A qué partido político pertenece?
    ¿De qué país es usted originario?
    Aus welchem Land stammen Ihre Eltern?
    Nennt sein Alter und seinen Familienstand
    Speaks fluent English without an accent.
    Will you need time off for medical treatment?
"""
FURTHER_LAWFUL = """
    Are you expecting more than a thousand requests a second?
    What are you expecting from the index?
    As a black box, how would you test it?
    Looks healthy in the dashboard although it drops requests
    Appears young in the cache
    What does your partner do when the contract of the interface changes?
    Were you surprised by the result?
    Is of unknown origin
    Names the origin of the request
    The node looks healthy but answers slowly.
    Says that the container appears healthy
    Text is set without an accent mark
    What do you think of the current design?
    What do you think of the current president algorithm of the Raft group?
"""

PAIRS = [(subject, line) for table in (PERSONAL, SHORT_LINES) for subject in table for line in lines(table[subject])]


@table("text", lines(FURTHER))
def test_further_ways_of_asking_and_ticking_are_found(text: str) -> None:
    assert prohibited_subject([text]) is not None


@table("text", lines(FURTHER_LAWFUL))
def test_further_lawful_neighbours_pass(text: str) -> None:
    assert prohibited_subject([text]) is None


def test_all_fifteen_subjects_have_their_phrasings() -> None:
    assert len(PERSONAL) == 15
    assert all(len(lines(texts)) >= 6 for texts in PERSONAL.values())
    assert {phrase.category for phrases in _table().phrases.values() for phrase in phrases} == PERSONAL.keys()
    assert len(lines(LAWFUL)) >= 80


@table(("subject", "text"), PAIRS, ids=[line for _, line in PAIRS])
def test_what_is_asked_or_ticked_about_the_person_is_found(subject: str, text: str) -> None:
    found = prohibited_subject(["A harmless sentence.", text])
    assert found is not None
    assert (found.kind, found.category) == ("prohibited_subject", subject)
    assert text[found.start : found.end] == found.word
    assert found.reason
    assert found.suggestion


@table("text", lines(LAWFUL + SHORT_LAWFUL))
def test_lawful_and_technical_neighbours_pass(text: str) -> None:
    assert prohibited_subject([text]) is None


@table(
    "change",
    [
        str.upper,
        str.title,
        lambda text: text.replace(" ", "\n"),
        lambda text: text.replace(" ", "\u00a0"),
        lambda text: "İ 👩‍💻 " + text,
        lambda text: f"- **{text}**",
        lambda text: f"“{text}”",
    ],
)
def test_other_clothes_hide_nothing(change: Callable[[str], str]) -> None:
    for text in [
        "Do you have children?",
        "What is your nationality?",
        "Are you married?",
        "Tell me about your religion.",
    ]:
        changed = change(text)
        found = prohibited_subject([changed])
        assert found is not None, changed
        assert changed[found.start : found.end] == found.word


def test_kinds_of_apostrophe_and_dash_do_not_matter() -> None:
    assert prohibited_subject(["Mentions the candidate’s age"])
    assert prohibited_subject(["Are you non‑binary?"])


@table("mark", ["{}", "- {}", "* {}", "• {}", "- **{}**", "{}.", "Knows the limit\n{}\nNames a second way"])
def test_a_label_is_found_in_whatever_list_it_stands(mark: str) -> None:
    for label in ("Married", "He is single", "No family commitments", "US citizens only", "Not pregnant"):
        text = mark.format(label)
        found = prohibited_subject([text])
        assert found is not None, text
        assert found.word == text[found.start : found.end]
        assert label.startswith(found.word)


def test_a_demand_is_found_in_a_short_line_and_may_be_spoken_of_in_a_longer_one() -> None:
    demand = "No family commitments"
    assert prohibited_subject([demand])
    assert (
        prohibited_subject(
            [f"You edit a page of jobs where one says: {demand}. Which of the words would you change, and why?"]
        )
        is None
    )
    assert prohibited_subject([f"“{demand}” is replaced"]) is None
    assert prohibited_subject([f"Removes {demand.lower()} from the advert"]) is None
    assert prohibited_subject([f"Two sentences on quite another matter stand in the first line.\n{demand}"])


def test_code_is_no_question() -> None:
    snippet = "What is wrong here?\n```jsx\n<label>What is your date of birth?</label>\n```\nName one thing."
    assert prohibited_subject([snippet]) is None
    assert prohibited_subject([snippet.replace("```", "")]) is not None


def test_the_first_finding_in_the_first_text_is_given() -> None:
    found = prohibited_subject(["Fine.", "Well, are you married? Do you have kids?", "Are you gay?"])
    assert found is not None
    assert (found.category, found.start) == ("marital_status", 6)


def test_exemplary_questions_hold_none() -> None:
    for path in (SAMPLES / "exemplars").glob("*.json"):
        exemplar = json.loads(path.read_text(encoding="utf-8"))
        for text in strings(exemplar["questions"]) + strings(exemplar["interview_topics"]):
            assert prohibited_subject([text]) is None, text


def strings(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for one in value.values() for text in strings(one)]
    if isinstance(value, list):
        return [text for one in value for text in strings(one)]
    return [value] if isinstance(value, str) else []


@table(
    "text",
    [
        *("", "\0", "\ud800 are you \udfff", "👩‍💻" * 4_000, "a" * 16_000, "a " * 8_000, "(" * 16_000, " " * 16_000),
        *("how would you " * 1_143, "are you " * 2_000, "do you have " * 1_300, "your age " * 1_800, "```" * 5_333),
        *("says that he is " * 1_000, "have you ever been in " * 700, "is there any cancer " * 800, "married " * 2_000),
        *("are you planning to have " * 640, "\n" * 16_000, "your family " * 1_300, "* " * 8_000, "i̇İ" * 5_000),
    ],
    ids=lambda text: ascii(text[:12]),
)
def test_no_text_takes_long_or_fails(text: str) -> None:
    prohibited_subject(["warm"])
    began = time.process_time()
    prohibited_subject([text])
    assert time.process_time() - began < 0.2  # 0.05 on a machine with nothing else to do


def test_a_whole_question_is_checked_within_a_millisecond_or_so() -> None:
    question = json.loads(next((SAMPLES / "exemplars").glob("*.json")).read_text(encoding="utf-8"))["questions"][0]
    texts = strings(question)
    prohibited_subject(texts)
    best = min(_seconds(texts) for _ in range(5))
    assert best < 0.01


def _seconds(texts: list[str]) -> float:
    began = time.process_time()
    prohibited_subject(texts)
    return time.process_time() - began


def test_each_phrase_is_a_sound_expression_that_finds_nothing_in_nothing() -> None:
    table = _table()
    for phrase in [one for group in (table.phrases, table.exceptions) for several in group.values() for one in several]:
        assert phrase.pattern.search(" is a ") is None
        assert phrase.pattern.search("") is None


def test_each_phrase_has_a_key_word_so_that_most_texts_are_passed_over_quickly() -> None:
    assert "" not in _table().phrases
