"""The service of `concurrency_models`: a workflow is five parallel Claude calls, held by one of several models.

gunicorn calls `create` in each worker. The calls are the real service's: its question prompt through the real SDK.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anthropic
import httpx2

from prompts import InterviewTopic, WorkItem, WriteQuestion

CALLS = 5
THREADS = 512  # of a gthread worker: as many workflows can be under way in it
TIMEOUT = 120
# The SDK's own limits, but for the most connections of a client: no call may queue for one. (None would not do:
# the aiohttp transport then passes nothing on, and aiohttp's own limit is 100.)
LIMITS = httpx2.Limits(max_connections=100_000, max_keepalive_connections=100)

# The classes of the SDK's client and of its transport, and what makes one call on each of some clients at once.
Model = tuple[type, type, Callable[[Iterable[Any]], list[Any]]]


def create(model: str, clients: int, claude: str, warm_up: str) -> Callable[..., list[bytes]]:
    """The WSGI app of one worker. It asks a quick Claude first, so that first-time work is not measured."""
    sdk_class, transport_class, ask_all = MODELS[model]()
    # One certificate store for all: each costs memory and time.
    transport = {"verify": httpx2.create_ssl_context(), "limits": LIMITS}
    options = {"api_key": "fake", "base_url": claude, "max_retries": 0, "timeout": TIMEOUT}
    sdks = [sdk_class(**options, http_client=transport_class(**transport)) for _ in range(clients)]
    turns = itertools.cycle(sdks)
    ask_all([sdk.with_options(base_url=warm_up) for sdk in sdks])
    print(f"ready: {os.getpid()}", flush=True)

    def application(_environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        messages = ask_all(list(itertools.islice(turns, CALLS)))
        texts = ["".join(block.text for block in message.content if block.type == "text") for message in messages]
        body = json.dumps({"pid": os.getpid(), "questions": [json.loads(text) for text in texts]}).encode()
        start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
        return [body]

    return application


def _threads() -> Model:
    """A thread for every call."""
    pool = ThreadPoolExecutor(CALLS * THREADS)
    return anthropic.Anthropic, anthropic.DefaultHttpxClient, lambda sdks: list(pool.map(_ask, sdks))


def _gevent() -> Model:
    """A greenlet for every call; the worker has patched the standard library."""
    from gevent.pool import Pool  # only where the worker is gevent's

    return anthropic.Anthropic, anthropic.DefaultHttpxClient, lambda sdks: Pool().map(_ask, sdks)


def _asyncio(transport_class: type = anthropic.DefaultAsyncHttpxClient) -> Model:
    """A task for every call, on one loop in a thread of its own."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()

    async def gather(sdks: Iterable[Any]) -> list[Any]:
        return await asyncio.gather(*map(_ask, sdks))

    def ask_all(sdks: Iterable[Any]) -> list[Any]:
        return asyncio.run_coroutine_threadsafe(gather(sdks), loop).result()

    return anthropic.AsyncAnthropic, transport_class, ask_all


def _aiohttp() -> Model:
    """The same on the SDK's other transport."""
    return _asyncio(anthropic.DefaultAioHttpClient)


def _ask(sdk: Any) -> Any:
    return sdk.messages.create(**_CALL)


MODELS = {"threads": _threads, "asyncio": _asyncio, "aiohttp": _aiohttp, "gevent": _gevent}

_TOPIC = InterviewTopic(
    topic="Exactly-once delivery",
    technologies=["kafka"],
    facet="exactly-once delivery",
    skill_level="Advanced",
    question_type="system_design",
    focus="How the person reasons about duplicates and lost messages.",
    work_items=[WorkItem(field="work_knowledge", part="Kafka, PostgreSQL, distributed systems")],
)
_QUESTION = WriteQuestion(_TOPIC, language="en")
_CALL: dict[str, Any] = {
    "model": "claude-opus-5-5",
    "max_tokens": 16_000,
    "system": _QUESTION.system,
    "messages": [{"role": "user", "content": _QUESTION.text()}],
    "output_config": {
        "format": {"type": "json_schema", "schema": anthropic.transform_schema(_QUESTION.answer_type)},
    },
}
