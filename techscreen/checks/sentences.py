"""What to say about each category of finding: why it is one, and what to do.

Sources: Gaucher, Friesen & Kay 2011 for gender-coded words; Van Iddekinge et al. 2019 for years of experience, which
hardly predict performance; Campion, Palmer & Campion 1997 for how structured questions are asked.
"""

from __future__ import annotations

SUBJECTS = {
    "age": "age",
    "citizenship": "citizenship",
    "colour_or_race": "skin colour or race",
    "disability": "health or a disability",
    "ethnicity": "ethnic origin",
    "family_status": "children or care of relatives",
    "gender_identity": "sex or gender",
    "genetic_information": "genes or family medical history",
    "marital_status": "marriage or partnership",
    "nationality": "nationality or origin",
    "political_affiliation": "politics or union membership",
    "pregnancy": "pregnancy",
    "religion": "religion or belief",
    "sexual_orientation": "sexual orientation",
    "veteran_status": "military service",
}

_PERSONAL = {
    name: (f"This is about the candidate's person ({words}).", "Leave it out, and speak of the work alone.")
    for name, words in SUBJECTS.items()
}
_WORDING = {
    "gender_coded": (
        "Words like these put off many people of one sex.",
        "Name the skill or the result that is meant.",
    ),
    "gendered": ("This speaks of one sex only.", "Use a word that means everybody, or “you”."),
    "age_coded": ("This suggests that one age is wanted.", "Name the knowledge or skill that is meant."),
    "ableist": (
        "This shuts out people with a disability, or uses one as an insult.",
        "Name what the work needs, or choose a neutral word.",
    ),
    "culture_fit": (
        "This asks for people like those who are here already.",
        "Say how the team works, so that everybody can judge it.",
    ),
    "needless_requirement": (
        "Years and degrees say little about what somebody can do.",
        "Name what the person must be able to do, or add “or equivalent experience”.",
    ),
    "race_nationality": (
        "This shuts people out by origin, and origin does not do the work.",
        "Name the level of language or the right to work that the post needs.",
    ),
    "socioeconomic": (
        "This asks for means or a background that not everybody has.",
        "Provide what the work needs, and name the skill that is meant.",
    ),
    "other_personal": ("This is about the person and not about the work.", "Leave it out."),
}
_INSTRUCTION = {
    "instruction": (
        "These words tell a language model what to do instead of describing the work.",
        "Delete them; they have no effect on the texts that are written.",
    ),
    "fake_tag": (
        "This is a mark-up tag that programs use to set off instructions to a language model.",
        "Delete the tag, or describe in words which format is meant.",
    ),
    "hidden_text": ("This holds text that a reader does not see.", "Delete it, or write openly what it says."),
    "encoded_text": (
        "This is encoded, so that a reader cannot see what it says.",
        "Delete it, or write openly what it says.",
    ),
}
_FORM = {
    "one_ask": ("This asks several things.", "Ask one, which a candidate can repeat from memory."),
    "yes_no": ("This can be answered by yes or no.", "Ask how, what or why, or ask to be walked through it."),
    "trivia": (
        "This asks for a definition or a fact that can be looked up.",
        "Describe a situation at work, and ask what the candidate does in it.",
    ),
    "criterion_atomic": ("This holds two findings in one tick.", "Keep one, or make two criteria of it."),
    "criterion_observable": (
        "Nobody can see or hear this in an answer.",
        "Say what a candidate says or does that shows it.",
    ),
    "criterion_distinct": (
        "Another criterion of this question looks for the same.",
        "Replace one of them, so that each can be met without the other.",
    ),
    "criterion_restates": (
        "This repeats what the question itself says.",
        "Name what a good answer adds to it.",
    ),
    "follow_up_neutral": ("This suggests its answer.", "Ask openly, naming no solution."),
    "anchors_differ": (
        "This does not tell what such an answer sounds like.",
        "Say what the candidate names, does and leaves out at this level.",
    ),
    "length": ("This is too long.", "Say it in fewer words."),
}
_OTHER = {
    "name": ("This names the employer, one of its products or a person.", "Use a neutral word."),
    "language": ("This is in another language than the job description.", "Write it in that language."),
}

# category: (reason, suggestion)
SENTENCES: dict[str, tuple[str, str]] = _PERSONAL | _WORDING | _INSTRUCTION | _FORM | _OTHER

# What the labels of the examples are called as checks of a question.
FORM_CHECKS = {
    "compound_ask": "one_ask",
    "yes_no": "yes_no",
    "trivia": "trivia",
    "compound_criterion": "criterion_atomic",
    "unobservable": "criterion_observable",
    "leading_follow_up": "follow_up_neutral",
    "empty_anchor": "anchors_differ",
}
