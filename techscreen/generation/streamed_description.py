"""The description of an enhancement that is still being written, as those who follow the job may see it.

The beginning of an answer comes in; the title and the text in it go out, about once a second. They are read and
reported by the thread that waits for the answer, not by the one that hears it, which must not wait for a database.
"""

from __future__ import annotations

import logging
import time

from pydantic_core import from_json

from techscreen.checks.markdown_safety import harmless_title, made_harmless
from techscreen.generation.progress import Progress
from techscreen.generation.streamed_topics import StreamedTopics

logger = logging.getLogger(__name__)

# Seconds between two reports.
INTERVAL = 1.0
# After a report that took long, as when the database is slow or away, the pause is this many times as long.
PAUSE_AFTER_SLOW_ONE = 10


class DescriptionReport:
    """Reports the description while it grows.

    Args:
        topics: hears the answer.
        progress: is told, if it listens.
    """

    def __init__(self, topics: StreamedTopics, progress: Progress) -> None:
        self._topics = topics
        self._progress = progress
        self._due = 0.0
        self._looked_at = ""
        self._reported: tuple[str | None, str] | None = None

    def report_if_due(self) -> float | None:
        """Report what has been written, if it is time to and there is anything new.

        Returns:
            Seconds after which to call this again; None if nobody listens.
        """
        if not self._progress.listens:
            return None
        began = time.monotonic()
        if began >= self._due:
            try:
                self._report()
            except Exception:  # a fault of ours must not lose what is being paid for
                logger.exception("description not reported", extra={"event": "description_not_reported"})
            ended = time.monotonic()
            self._due = ended + max(INTERVAL, PAUSE_AFTER_SLOW_ONE * (ended - began))
        return max(0.0, self._due - time.monotonic())

    def _report(self) -> None:
        answer = self._topics.text
        if answer == self._looked_at:
            return
        self._looked_at = answer
        written = written_so_far(answer)
        if written is not None and written != self._reported:
            self._reported = written
            self._progress.description_grows(*written)


def written_so_far(answer: str) -> tuple[str | None, str] | None:
    """Title and text of the description in the beginning of an answer, made as harmless as those that are stored.

    Returns:
        None if the text has not begun, or if the answer is none or says that there is no job to describe. The title is
        None if it does not come first.
    """
    try:
        begun = from_json(answer, allow_partial="trailing-strings")
    except (ValueError, TypeError):  # the latter for half of a surrogate pair
        return None
    if not isinstance(begun, dict) or begun.get("reads_as", "job") != "job":
        return None
    title, text = begun.get("enhanced_title"), begun.get("enhanced_description")
    if not isinstance(text, str) or not text.strip():
        return None
    return harmless_title(title.strip()) if isinstance(title, str) else None, made_harmless(text.strip())[0]
