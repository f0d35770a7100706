"""What Claude's API says about the model (free), and whether the model answers (a few tokens).

For `flask doctor`, which asks once and needs none of the retries of `claude_client.py`. These two alone import the SDK.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

import anthropic
import httpx2
from anthropic.types import ModelInfo

from config import Settings
from techscreen.claude.failures import ErrorBody, failed_in_place_of_answer, failed_with_status
from techscreen.claude.responses import Answer, ErrorInPlaceOfAnswer
from techscreen.errors import ClaudeMisconfigured, ClaudeNotConfigured, ClaudeUnavailable, Spending

TIMEOUT, CONNECT_TIMEOUT = 10.0, 5.0
# The tokens of the paid call. A model may spend them all on thinking, so its answer may be empty.
MAX_ANSWER_TOKENS, MAX_SECONDS = 16, 60.0
SENTENCES = {
    401: "Claude does not know this API key.",
    403: "This API key may not look up models.",
    404: "Claude has no model {model}.",
}
NOT_CLAUDE = "What answered is not Claude."
T = TypeVar("T")


@dataclass(frozen=True)
class ModelFacts:
    """A model as the API describes it; None where it says nothing.

    Attributes:
        lifecycle: active, deprecated or retired.
        retires_at: when it is to be retired, in UTC.
        structured_outputs: whether it can hold an answer to a schema, as all our requests require.
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
        ClaudeBilling: if Claude wants money even for that.
        ClaudeUnavailable: if Claude cannot be reached or does not say.
    """
    with _client(settings) as client, _in_our_words(settings, SENTENCES):
        model = client.models.retrieve(settings.claude_model)
    if not isinstance(model, ModelInfo):  # a page in HTML comes as its text
        raise ClaudeUnavailable(NOT_CLAUDE)
    # The SDK does not validate answers: a field that was not sent is missing from the object, too.
    capabilities = getattr(model, "capabilities", None)
    structured = getattr(capabilities, "structured_outputs", None)
    return ModelFacts(
        lifecycle=_of_type(str, getattr(model, "lifecycle", None)),
        retires_at=_of_type(datetime, getattr(model, "retires_at", None)),
        structured_outputs=_of_type(bool, getattr(structured, "supported", None)),
        max_tokens=_of_type(int, getattr(model, "max_tokens", None)),
    )


def ask_a_word(settings: Settings) -> Spending:
    """Have the model write a word: the only way to know whether key, permission and credit are enough.

    Returns:
        What it cost.

    Raises:
        ClaudeError: the error that a generation would end with, such as `ClaudeBilling`.
    """
    answer = Answer()
    with _client(settings, MAX_SECONDS) as client, _in_our_words(settings, {}):
        response = client.messages.with_raw_response.create(
            model=settings.claude_model,
            max_tokens=MAX_ANSWER_TOKENS,
            messages=[{"role": "user", "content": "Write the word: ready"}],
        ).http_response
        answer.request_id = response.headers.get("request-id")
        answer.take_message(response.json())
    return answer.spending


@contextmanager
def _client(settings: Settings, seconds: float = TIMEOUT) -> Iterator[anthropic.Anthropic]:
    if settings.claude_api_key is None:
        raise ClaudeNotConfigured("No Claude API key is set: set CLAUDE_API_KEY.")
    with anthropic.Anthropic(
        api_key=settings.claude_api_key.get_secret_value(),
        base_url=settings.claude_base_url,
        timeout=anthropic.Timeout(seconds, connect=CONNECT_TIMEOUT),
        max_retries=0,
    ) as client:
        yield client


@contextmanager
def _in_our_words(settings: Settings, sentences: Mapping[int, str]) -> Iterator[None]:
    """Turn whatever the SDK raises in the block into one of our errors.

    Args:
        sentences: for statuses that mean something else here than in a generation.
    """
    try:
        yield
    except anthropic.APIStatusError as error:
        status = error.status_code
        error_body = ErrorBody.parse(error.body)
        failed = failed_with_status(status, error.response.headers, error_body)
        failure = failed.error
        if isinstance(failure, ClaudeMisconfigured) and status in sentences:
            raise ClaudeMisconfigured(sentences[status].format(model=settings.claude_model)) from error
        if isinstance(failure, ClaudeUnavailable):
            raise ClaudeUnavailable(f"Claude answered with HTTP {status}.") from error
        assert settings.claude_api_key is not None
        said = error_body.quoted(settings.claude_api_key.get_secret_value())
        if failed.is_unexplained and said:
            raise type(failure)(f"{failure.message} It said: {said}") from error
        raise failure from error
    except ErrorInPlaceOfAnswer as error:
        raise failed_in_place_of_answer(error.body).error from error
    except (anthropic.APIConnectionError, httpx2.HTTPError) as error:
        raise ClaudeUnavailable("Claude cannot be reached.") from error
    except (anthropic.APIError, ValueError, TypeError, AttributeError) as error:  # a 200 that is no answer of Claude's
        raise ClaudeUnavailable(NOT_CLAUDE) from error


def _of_type(wanted: type[T], value: object) -> T | None:
    return value if isinstance(value, wanted) else None
