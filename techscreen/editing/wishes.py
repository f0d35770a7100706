"""What the rules find in a wish that somebody has typed. It is reported, never refused."""

from __future__ import annotations

from techscreen.checks.texts import findings_of, is_reliable
from techscreen.quality.finding_views import finding_views
from techscreen.schemas.generation import FindingView


def wish_findings(wish: str | None, language: str) -> list[FindingView]:
    """The findings in a wish; empty if there is none.

    Args:
        language: BCP 47 tag of the interview's language, which the wish is probably in.
    """
    if wish is None:
        return []
    return finding_views("wish", wish, [each for each in findings_of(wish, "jd") if is_reliable(each, language)])
