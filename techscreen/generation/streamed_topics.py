"""The interview topics of an enhancement that is still being written.

They come first in the answer, so that the questions can be written while the description still is. The growing text
comes in; the topics go out as soon as they are complete and pass their checks. From then on they stand, because
questions are being paid for: if the answer is repaired or asked for again, it keeps these topics and is checked with
them.
"""

from __future__ import annotations

import re
from concurrent.futures import Future

from pydantic import ValidationError

from prompts import EnhancedDescription, PlannedTopics
from techscreen.checks.answers import topic_violations
from techscreen.claude.interface import Check

# The first key after the topics: Claude writes keys in the order of the schema. With its colon, because a value may be
# the same word.
NEXT_KEY = re.compile(r'"enhanced_title"\s{0,20}:')
MAX_KEY = 40


class StreamedTopics:
    """Listens to an enhancement and picks out its topics.

    Attributes:
        planned: a future of the topics. It stays undone if they are not usable before the answer ends.
        text: what has been written so far in the current attempt.
    """

    def __init__(self, known: PlannedTopics | None = None, check: Check[PlannedTopics] = topic_violations) -> None:
        self._check = check
        self.planned: Future[PlannedTopics] = Future()
        self.text = ""
        self._heard = 0
        self._looked_at: str | None = None
        if known is not None:
            self.planned.set_result(known)

    def heard(self, text: str) -> None:
        """Look at what has been written so far in the current attempt."""
        self.text = text
        if self.planned.done():
            return
        # Only the new part, because an answer comes in thousands of pieces. A shorter text belongs to another attempt.
        begin = max(0, self._heard - MAX_KEY) if len(text) >= self._heard else 0
        self._heard = len(text)
        key = NEXT_KEY.search(text, begin)
        head = text[: key.start()] if key else None
        if head is None or head == self._looked_at:
            return
        self._looked_at = head
        try:
            planned = PlannedTopics.model_validate_json(head.rstrip().removesuffix(",") + "}")
        except ValidationError:
            return  # the check of the finished answer will report it
        if planned.reads_as == "job" and not self._check(planned):
            self.planned.set_result(planned)

    def settle(self, value: EnhancedDescription) -> EnhancedDescription:
        """The finished answer, with the topics that were heard."""
        if not self.planned.done():
            return value
        planned = self.planned.result()
        return value.model_copy(update={name: getattr(planned, name) for name in PlannedTopics.model_fields})
