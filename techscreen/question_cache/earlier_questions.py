"""The earlier questions of a requisition: whether a new one repeats any of them, and which to show to Claude."""

from __future__ import annotations

from collections.abc import Iterable

from techscreen.text.similarity import content_of


class EarlierQuestions:
    """Their texts, the newest first. There may be more than a thousand: each is cut into stems once, and not again."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self._questions = [(text, content_of(text)) for text in texts]

    def and_also(self, texts: Iterable[str]) -> EarlierQuestions:
        """These and newer ones."""
        both = EarlierQuestions(texts)
        both._questions += self._questions
        return both

    def alike_to(self, text: str) -> str | None:
        """The earlier question that asks the same as this text, or None; of several the most similar."""
        content = content_of(text)
        alike = [(other, others) for other, others in self._questions if content.is_alike(others)]
        return max(alike, key=lambda each: len(content.stems & each[1].stems))[0] if alike else None

    def newest(self, count: int) -> list[str]:
        """At most `count` texts, the newest first."""
        return [text for text, _ in self._questions[:count]]
