"""What Claude's API says about the model that is to be used. Looking it up costs nothing.

Beside `claude_client.py` the only importer of the SDK: this is asked once, by an operator, and needs none of its care.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import anthropic
from anthropic.types import ModelInfo

from config import Settings
from errors import ClaudeMisconfigured, ClaudeNotConfigured, ClaudeUnavailable

TIMEOUT, CONNECT_TIMEOUT = 10.0, 5.0
SENTENCES = {
    401: "Claude does not know this API key.",
    403: "This API key may not look up models.",
    404: "Claude has no model {model}.",
}


@dataclass(frozen=True)
class ModelFacts:
    """A model as the API describes it; None where it says nothing.

    Attributes:
        lifecycle: active, deprecated or retired.
        retires_at: when it is to be retired, in UTC.
        structured_outputs: whether an answer can be held to a schema, which every request of ours asks for.
        max_tokens: the largest answer, in tokens.
    """

    lifecycle: str | None
    retires_at: datetime | None
    structured_outputs: bool | None
    max_tokens: int | None


def look_up_model(settings: Settings) -> ModelFacts:
    """Ask the API about CLAUDE_MODEL, once.

    Raises:
        ClaudeNotConfigured: without a key.
        ClaudeMisconfigured: if the key is refused or there is no such model.
        ClaudeUnavailable: if Claude cannot be reached or does not say.
    """
    if settings.claude_api_key is None:
        raise ClaudeNotConfigured("No Claude API key is set: set CLAUDE_API_KEY.")
    try:
        with anthropic.Anthropic(
            api_key=settings.claude_api_key.get_secret_value(),
            base_url=settings.claude_base_url,
            timeout=anthropic.Timeout(TIMEOUT, connect=CONNECT_TIMEOUT),
            max_retries=0,
        ) as client:
            model = client.models.retrieve(settings.claude_model)
    except anthropic.APIStatusError as error:
        sentence = SENTENCES.get(error.status_code)
        if sentence:
            raise ClaudeMisconfigured(sentence.format(model=settings.claude_model)) from error
        raise ClaudeUnavailable(f"Claude answered with HTTP {error.status_code}.") from error
    except anthropic.APIConnectionError as error:
        raise ClaudeUnavailable("Claude cannot be reached.") from error
    except (anthropic.APIError, ValueError, TypeError, AttributeError) as error:  # a 200 that is no answer of Claude's
        raise ClaudeUnavailable("What answered is not Claude.") from error
    if not isinstance(model, ModelInfo):  # a page in HTML comes as its text
        raise ClaudeUnavailable("What answered is not Claude.")
    # The SDK does not check what it is given: a field that is not there is missing from the object, too.
    capabilities = getattr(model, "capabilities", None)
    structured = getattr(capabilities, "structured_outputs", None)
    return ModelFacts(
        lifecycle=getattr(model, "lifecycle", None),
        retires_at=getattr(model, "retires_at", None),
        structured_outputs=getattr(structured, "supported", None),
        max_tokens=getattr(model, "max_tokens", None),
    )
