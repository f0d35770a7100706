"""All findings of the checks in one text, whatever its kind."""

from __future__ import annotations

from techscreen.checks.answers import findings_in
from techscreen.checks.features import TextKind
from techscreen.checks.findings import Finding
from techscreen.checks.prohibited_subjects import prohibited_subject


def findings_of(text: str, kind: TextKind) -> tuple[Finding, ...]:
    """Wording that excludes people, prohibited subjects and instructions, in the order of the text."""
    found = findings_in(text)
    subject = None if kind == "jd" else prohibited_subject([text])
    if subject is None or any(finding.start < subject.end and subject.start < finding.end for finding in found):
        return found
    return tuple(sorted((*found, subject), key=lambda finding: finding.start))
