"""What a requisition says is not wanted: a text comes in, the same with blanks in place of that goes out."""

from __future__ import annotations

import re

# "no Java" reaches to the next comma, "we do not use Java, PHP" to the end of the sentence; both only to a "but".
_BUT = r"(?!\b(?:but|however|aber|sondern|jedoch|pero|sino)\b)"
_AFTER = re.compile(
    rf"\b(?:no|neither|kein\w{{0,2}}|ningún|ninguna?|sin)\s(?:{_BUT}[^,.;:!?\n]){{0,60}}"
    r"|\b(?:(?:do|does|did|will|need) not|don['’]t|doesn['’]t|won['’]t|not|never|without|nicht|nie|ohne|nunca)\s"
    rf"(?!only\b|just\b|nur\b|sólo\b|solo\b)(?:{_BUT}[^.;:!?\n]){{0,120}}",
    re.IGNORECASE,
)
# What is not needed stands before this, after the last of these signs.
_BEFORE = re.compile(
    r"\b(?:(?:is|are) not|isn['’]t|aren['’]t|(?:ist|sind) nicht|no (?:es|son)) "
    r"(?:\w{1,12} ){0,2}(?:required|needed|necessary|wanted|used|erforderlich|nötig|notwendig|gefragt|necesari\w{1,2})",
    re.IGNORECASE,
)
_SIGNS = ",.;:!?\n"
_REACH = 60


def without_negated(text: str) -> str:
    """The text without what it says is not wanted. Every place stays where it is."""
    for found in _BEFORE.finditer(text):
        before = text[max(0, found.start() - _REACH) : found.start()]
        begin = found.start() - len(before) + 1 + max(before.rfind(sign) for sign in _SIGNS)
        text = f"{text[:begin]}{' ' * (found.end() - begin)}{text[found.end() :]}"
    return _AFTER.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)
