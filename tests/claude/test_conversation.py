"""The turns of one request, with a transport that answers from a list: no network, no SDK."""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

from pydantic import BaseModel

from techscreen.checks.findings import Severity, Violation
from techscreen.claude.conversation import MAX_OUTPUT_TOKENS, Conversation, Ledger, Message
from techscreen.claude.interface import Deadline
from techscreen.claude.responses import Reply
from techscreen.errors import ClaudeUnavailable, GenerationFailed, GenerationRefused
from tests.support.tables import table


class Word(BaseModel):
    word: str


class AskForAWord:
    system: ClassVar[str] = "Answer with a word."
    answer_type: ClassVar[type[Word]] = Word

    def text(self) -> str:
        return "Which word?"


def problems_of(answer: Word) -> list[Violation]:
    """A word is unusable if it says so, and might be better if it is long."""
    if answer.word == "unusable":
        return [Violation("word", "It is unusable.")]
    return [Violation("length", "It is long.", Severity.TOLERABLE)] if len(answer.word) > 5 else []


def said(word: str, stop_reason: str = "end_turn") -> Reply:
    return Reply(Word(word=word).model_dump_json(), stop_reason)


def converse(
    *replies: Reply | Exception, max_tokens: int = 1_000
) -> tuple[Any, list[list[Message]], list[int], Ledger]:
    """What comes of it, or the error; the messages and the room of each call; what was counted."""
    sent: list[list[Message]] = []
    rooms: list[int] = []
    left = list(replies)

    async def send(messages: list[Message], room: int) -> Reply:
        sent.append(messages)
        rooms.append(room)
        reply = left.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return reply

    ledger = Ledger()
    conversation = Conversation(
        AskForAWord(),
        problems_of,
        None,
        deadline=Deadline.after(10),
        max_tokens=max_tokens,
        ledger=ledger,
        send=send,
    )
    try:
        outcome: Any = asyncio.run(conversation.run()).word
    except Exception as error:
        outcome = error
    assert not left
    return outcome, sent, rooms, ledger


def test_a_good_answer_needs_one_call() -> None:
    outcome, sent, _, ledger = converse(said("short"))
    assert (outcome, sent) == ("short", [[{"role": "user", "content": "Which word?"}]])
    assert ledger.spending.repairs == 0


def test_an_unusable_answer_goes_back_at_most_twice_with_what_is_wrong() -> None:
    outcome, sent, _, ledger = converse(*[said("unusable")] * 3)
    assert isinstance(outcome, GenerationFailed)
    assert "It is unusable." in str(outcome)
    assert [len(messages) for messages in sent] == [1, 3, 3]
    assert "It is unusable." in sent[1][2]["content"]
    assert (ledger.spending.repairs, ledger.spending.failed_checks) == (2, ("word", "word"))


@table(
    ("second", "word"),
    [
        (said("short"), "short"),
        (said("as long as before"), "too long"),
        (said("unusable"), "too long"),
        (said("short", "refusal"), "too long"),
        (Reply("no JSON", "end_turn"), "too long"),
        (ClaudeUnavailable("busy"), "too long"),
    ],
)
def test_what_is_tolerable_goes_back_once_and_is_taken_as_it_is_if_that_does_not_help(second: Any, word: str) -> None:
    outcome, sent, _, ledger = converse(said("too long"), second)
    assert (outcome, len(sent), ledger.spending.repairs) == (word, 2, 1)


def test_an_answer_that_was_cut_off_is_asked_for_again_with_more_room() -> None:
    cut = Reply('{"word": "sh', "max_tokens")
    outcome, sent, rooms, ledger = converse(cut, cut, said("short"), max_tokens=MAX_OUTPUT_TOKENS // 2)
    assert (outcome, rooms) == ("short", [MAX_OUTPUT_TOKENS // 2, MAX_OUTPUT_TOKENS, MAX_OUTPUT_TOKENS])
    assert all(messages == sent[0] for messages in sent)
    assert ledger.spending.failed_checks == ("cut_off", "cut_off")


@table("refused", [said("short", "refusal"), GenerationRefused("no")])
def test_a_refusal_is_asked_for_once_more_in_plainer_words(refused: Any) -> None:
    outcome, sent, _, ledger = converse(refused, said("short"))
    assert (outcome, ledger.spending.repairs) == ("short", 0)
    assert sent[1][0]["content"].startswith("Which word?\n\nWrite it plainly")
    assert isinstance(converse(refused, refused)[0], GenerationRefused)


@table("text", ["", " \n", "half of a pair: \ud83d"])
def test_what_cannot_be_sent_back_is_simply_asked_for_again(text: str) -> None:
    outcome, sent, _, _ = converse(Reply(text, "end_turn"), said("short"))
    assert (outcome, sent[1]) == ("short", sent[0])


def test_what_does_not_fit_into_the_context_is_not_asked_for_again() -> None:
    assert isinstance(converse(Reply("{", "model_context_window_exceeded"))[0], GenerationFailed)
