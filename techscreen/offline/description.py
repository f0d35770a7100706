"""A basic job description put in order without Claude: its own words under headings, and nothing added.

A requisition comes in, Markdown goes out.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from prompts import EnhanceDescription
from techscreen.checks.requisition_quotes import about_the_person
from techscreen.checks.texts import instruction_findings
from techscreen.quality.work_items import work_parts
from techscreen.text.language import Language
from techscreen.text.page import words_of

MAX_SECTION, MAX_ORIGINAL = 20_000, 17_000
# Of the WORK inputs in their order, and of the description.
HEADINGS: Mapping[Language, tuple[str, ...]] = {
    "en": ("What you will deliver", "What you will do", "What you should know", "How you work", "About the post"),
    "de": ("Was Sie liefern", "Was Sie tun", "Was Sie wissen sollten", "Wie Sie arbeiten", "Zur Stelle"),
    "es": ("Qué entregará", "Qué hará", "Qué debería saber", "Cómo trabaja", "Sobre el puesto"),
}
_BREAK = re.compile(r"\r\n|[\n\r\v\f\x85\u2028\u2029]")
_BULLET = re.compile(r"^\s*(?:[•●▪◦‣∙·\ue000-\uf8ff]\s*)+")


def ordered_description(requisition: EnhanceDescription, language: Language) -> str:
    """The WORK inputs as lists, and after them the description as it was typed, with plain line ends and bullets.

    What the WORK inputs say about the candidate's person, or to a language model, is left out of the lists.
    """
    *names, about = HEADINGS[language]
    fields = (
        ("work_output", requisition.work_output),
        ("work_role", requisition.work_role),
        ("work_knowledge", requisition.work_knowledge),
        ("work_competencies", requisition.work_competencies),
    )
    sections = [_section(heading, field, text or "") for heading, (field, text) in zip(names, fields, strict=True)]
    sections.append(f"### {about}\n{_as_typed(requisition.basic_description)}")
    return "\n\n".join(section for section in sections if section)


def _section(heading: str, field: str, text: str) -> str:
    parts = (each.part for each in work_parts({field: words_of(text)}))
    items = [one_line(part) for part in parts if not about_the_person(part) and not instruction_findings(part)]
    bullets = "\n".join(f"- {item}" for item in items if item)
    if len(bullets) > MAX_SECTION:
        bullets = bullets[:MAX_SECTION].rsplit("\n", 1)[0] + "\n- …"
    return f"### {heading}\n{bullets}" if bullets else ""


def one_line(text: str) -> str:
    """A text on one line, without control and format characters."""
    kept = (char for char in text if unicodedata.category(char) not in ("Cf", "Co", "Cs") or char == "\u200d")
    return " ".join("".join(" " if unicodedata.category(char) == "Cc" else char for char in kept).split())


def _as_typed(description: str) -> str:
    text = words_of(description, item="\n- ")
    lines = []
    for line in _BREAK.split(text):
        line = re.sub(r"^#{1,6}\s+", "#### ", _BULLET.sub("- ", line))
        lines.append("".join(char for char in line if char == "\t" or _is_printable(char)).rstrip())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")[:MAX_ORIGINAL]


def _is_printable(char: str) -> bool:
    return char != "\xad" and unicodedata.category(char) not in ("Cc", "Cs")
