"""Texts that hide something from their reader: invisible characters, hidden mark-up, fake tags and encoded passages.

Such texts have no effect, because they are sent as data between tags that they cannot close; but somebody should know.
What instructs a language model in plain words is found by the classifier (texts.py).
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator

from techscreen.checks.features import features_of
from techscreen.checks.findings import Finding
from techscreen.checks.models import found_by
from techscreen.checks.sentences import SENTENCES
from techscreen.text.reading import COMMENT, MAX_CHARACTERS, Reading, decode, read

MAX_FINDINGS = 20
MIN_ENCODED, MAX_ENCODED = 24, 2_000

_ZERO_WIDTH = "\u200b\u200c\u200d\u2060-\u2064\ufeff\u180e"
# These hide nothing: one zero-width joiner (emoji, Persian, Hindi), a soft hyphen, a byte order mark, marks of writing
# direction, the tags of a flag emoji, and what word processors and editors leave in a comment.
_INVISIBLE = re.compile(
    rf"[{_ZERO_WIDTH}]{{3,}}"
    rf"|(?:[A-Za-z][{_ZERO_WIDTH}]{{1,2}}){{3,}}[A-Za-z]?"
    "|(?<![\U0001f3f4\U000e0020-\U000e007f])[\U000e0000-\U000e007f]+"
    "|[\ufe00-\ufe0f\U000e0100-\U000e01ef]{3,}"
    "|[\u202d\u202e][^\u202c\n]{0,200}\u202c?"
)
_COMMENT = re.compile(rf"{COMMENT}|<!--([^<>\n]{{1,300}})$", re.MULTILINE)
_UNSEEN = re.compile(
    r"<[a-z]{1,10}\s[^<>\n]{0,80}style\s?=\s?[\"'][^\"'\n]{0,80}?"
    r"(?:display\s?:\s?none|visibility\s?:\s?hidden|font-size\s?:\s?0|opacity\s?:\s?0(?![.\d]))[^<>\n]{0,80}>",
    re.IGNORECASE,
)
# Tags and turns of a conversation that models are trained with.
_FAKE = re.compile(
    r"(?:<|&lt;|\\u003c|%3c|\[|＜){1,2}[|/ ]{0,3}(?:system(?:_prompt)?|assistant|im_start|im_end|inst|sys"
    r"|instructions?|prompt|endoftext|requisition|brief|job_description|untrusted)\b[^<>\n\]]{0,40}(?:>|&gt;|\\u003e|%3e|\]|＞)"
    r"|^[ \t#*\[{\"']{0,4}(?:system|assistant|developer)(?: prompt| message)?[\"'*\]]{0,3}:\s?(?=\S)",
    re.IGNORECASE | re.MULTILINE,
)
_ENCODED = re.compile(r"(?<![\w+/=])[A-Za-z0-9+/]{24,}={0,2}(?![\w+/=])")
_SPELLED_OUT = re.compile(r"(?<!\w)[^\W_](?:[ ._*-]{1,3}[^\W_](?![^\W_])){6,}")


def hidden_text_findings(reading: Reading) -> list[Finding]:
    """The places of a text that hide something, in its order and without overlaps; at most MAX_FINDINGS."""
    decoded = decode(reading.text[:MAX_CHARACTERS])
    findings: list[Finding] = []
    for category, first, last in sorted(_places(decoded.text), key=lambda place: (place[1], -place[2])):
        start, end = decoded.starts[first], decoded.ends[last - 1]
        if not findings or start >= findings[-1].end:
            # Mark-up may be what a question is about, and what stands in code is shown.
            may_be_meant = category == "fake_tag" or "`" in reading.text or _UNSEEN.match(decoded.text, first)
            about = SENTENCES[category]
            word = reading.text[start:end]
            findings.append(Finding("instruction", category, word, *about, start, end, is_certain=not may_be_meant))
    return findings[:MAX_FINDINGS]


def _places(text: str) -> Iterator[tuple[str, int, int]]:
    if not text.isascii():
        for match in _INVISIBLE.finditer(text):
            yield "hidden_text", *match.span()
    if "<" in text:
        for match in _UNSEEN.finditer(text):
            yield "hidden_text", *match.span()
    if "<!--" in text:
        for match in _COMMENT.finditer(text):
            # An editor's comment says nothing to anybody; one that speaks hides what it says.
            if _instructs((match[1] or match[2] or "").strip()):
                yield "hidden_text", *match.span()
    for match in _FAKE.finditer(text):
        yield "fake_tag", *match.span()
    if max(map(len, text.split()), default=0) >= MIN_ENCODED:
        for match in _ENCODED.finditer(text):
            if _instructs(_decoded(match.group()[:MAX_ENCODED])):
                yield "encoded_text", *match.span()
    for match in _SPELLED_OUT.finditer(text):
        if _instructs(re.sub(r"[._*-]| (?! )", "", match.group())):
            yield "encoded_text", *match.span()


def _instructs(text: str) -> bool:
    reading = read(text)
    return bool(reading.words) and bool(found_by("instruction", features_of(reading, "jd")))


def _decoded(text: str) -> str:
    """What base64 stands for, if it stands for text."""
    try:
        decoded = base64.b64decode(text + "=" * (-len(text) % 4), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return decoded if decoded.isprintable() else ""
