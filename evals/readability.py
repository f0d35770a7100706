"""How hard a text is to read: LIX.

C. H. Björnsson, Läsbarhet, Stockholm: Liber, 1968. Words per sentence, plus the percentage of words longer than
six letters. It knows nothing of a language but its letters, so it serves any that puts spaces between words, though
languages with long words (German) come out higher than others: compare like with like. Björnsson's own scale:
below 30 very easy, around 40 of middling difficulty, above 60 very hard.
"""

from __future__ import annotations

import re

LONG_WORD = 7
FENCED = re.compile(r"^(```|~~~).*?^\1[^\n]*$", re.MULTILINE | re.DOTALL)
WORD = re.compile(r"\d+(?:[.,]\d+)+|[^\W_]+(?:['’][^\W_]+)*")
# Björnsson counts the colon too. A mark inside a number or a name ends nothing.
SENTENCE_END = re.compile(r"[.!?:…。！？]+(?=\W*(?:\s|$))|\n")


def lix(markdown: str) -> float | None:
    """LIX of a Markdown text without its fenced code. A line end ends a sentence, so a list item is at least one.

    Returns:
        None for a text without words.
    """
    words, sentences = 0, 0
    long_words = 0
    for sentence in SENTENCE_END.split(FENCED.sub("", markdown)):
        found = WORD.findall(sentence)
        words += len(found)
        sentences += bool(found)
        long_words += sum(len(word) >= LONG_WORD for word in found)
    return round(words / sentences + 100 * long_words / words, 1) if words else None
