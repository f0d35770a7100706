"""The interview topics of an enhancement that is still being written.

They come first in the answer, so the questions can be asked for while the description is being written. Topics
that have been told stand: questions are being paid for by then. Whatever the rest of the answer turns out to be
(repaired, asked for again after a cut or a lost connection), it is put under the same topics, and is checked with
them.
"""

from __future__ import annotations

import re
from concurrent.futures import Future

from pydantic import ValidationError

from claude_interface import Check
from content_checks import topic_problems
from prompts import EnhancedDescription, PlannedTopics

# The first key after the topics: Claude writes the keys of the schema in its order. With its colon, for a text
# may consist of the same word.
NEXT_KEY = re.compile(r'"enhanced_title"\s*:')


class EarlyTopics:
    """Listens to an enhancement, and tells its topics as soon as they are complete and usable.

    Attributes:
        told: the topics. Stays open if they never come by themselves.
    """

    def __init__(self, known: PlannedTopics | None = None, check: Check[PlannedTopics] = topic_problems) -> None:
        self._check = check
        self.told: Future[PlannedTopics] = Future()
        self._looked_at: str | None = None
        if known is not None:
            self.told.set_result(known)

    def heard(self, text: str) -> None:
        """Look at what has been written so far in the current attempt."""
        if self.told.done():
            return
        key = NEXT_KEY.search(text)
        head = text[: key.start()] if key else None
        if head is None or head == self._looked_at:
            return
        self._looked_at = head
        try:
            planned = PlannedTopics.model_validate_json(head.rstrip().removesuffix(",") + "}")
        except ValidationError:
            return  # the finished answer will say what is wrong
        if planned.reads_as == "job" and not self._check(planned):
            self.told.set_result(planned)

    def settle(self, value: EnhancedDescription) -> EnhancedDescription:
        """The finished answer, under the topics that were told."""
        if not self.told.done():
            return value
        told = self.told.result()
        return value.model_copy(update={name: getattr(told, name) for name in PlannedTopics.model_fields})
