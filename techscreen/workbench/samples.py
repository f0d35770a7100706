"""Sample requisitions to try the service with: the name of one comes in, its texts go out."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from uuid import uuid4

from techscreen.errors import NotFound
from techscreen.web.container import current_runtime

# What each shows, in a few words.
SAMPLES = {
    "backend-payments-engineer": "Senior backend engineer",
    "junior-developer": "Junior developer, with wording to mend",
    "embedded-firmware-engineer": "Embedded C, in German",
}
MOST_TRIES = 20


def sample_requisition(name: str) -> dict[str, str]:
    """A sample, under a requisition id that is not in use yet.

    Raises:
        NotFound: if there is no such sample.
    """
    sample = sample_texts(name)
    return {**sample, "req_id": _unused(sample["req_id"])}


@cache
def sample_texts(name: str) -> dict[str, str]:
    """A sample as it is.

    Raises:
        NotFound: if there is no such sample.
    """
    if name not in SAMPLES:
        raise NotFound("There is no sample of this name.")
    text = files(__package__).joinpath("samples", f"{name}.json").read_text(encoding="utf-8")
    sample: dict[str, str] = json.loads(text)
    return sample


def _unused(req_id: str) -> str:
    for number in range(1, MOST_TRIES):
        candidate = req_id if number == 1 else f"{req_id}-{number}"
        if not _is_known(candidate):
            return candidate
    return f"{req_id}-{uuid4().hex[:8]}"


def _is_known(req_id: str) -> bool:
    try:
        current_runtime().enhancement.get_job_description(req_id)
    except NotFound:
        return False
    return True
