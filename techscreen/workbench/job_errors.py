"""Errors of jobs in plain words: what happened, and what helps. A code comes in, sentences go out."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Trouble:
    """Why a job has failed.

    Attributes:
        happened: a heading.
        meaning: what lies behind it; the job's own sentence says more.
        advice: what to do.
        may_pass: whether trying again as it was may help.
    """

    happened: str
    meaning: str
    advice: str
    may_pass: bool = True


TROUBLES = {
    "interrupted": Trouble(
        "The service was restarted while it was at work",
        "Its process stopped, perhaps for an update, before this was finished.",
        "Try again: it goes on from where it stopped.",
    ),
    "cancelled": Trouble(
        "It was cancelled",
        "Somebody has asked that it does not go on.",
        "Begin it again if it is wanted after all: it goes on from what was kept.",
    ),
    "claude_unavailable": Trouble(
        "Claude was overloaded or could not be reached",
        "This usually passes within minutes.",
        "Try again in a moment.",
    ),
    "generation_timeout": Trouble(
        "Claude took too long",
        "Not everything was written within the time that one request may take.",
        "Try again: what is written already is taken as it is.",
    ),
    "generation_failed": Trouble(
        "Claude’s answer could not be used",
        "The service checks every answer. This one broke a rule, also after it was sent back twice.",
        "Try again; another attempt usually succeeds. If it does not, look for wording in your texts that asks about "
        "the person instead of the work.",
    ),
    "generation_refused": Trouble(
        "Claude declined to write this",
        "It sees no job in these texts, or something in them that it does not write about.",
        "Say in the description, or in the WORK fields, what the person will do and deliver.",
        may_pass=False,
    ),
    "library_lacks": Trouble(
        "The library has too few questions for this",
        "Five questions must come from the library, and it does not have five that fit what you described.",
        "",
        may_pass=False,
    ),
    "superseded": Trouble(
        "Somebody has changed this requisition meanwhile",
        "Its texts were sent again or edited while this was being made. The newer words count, so nothing of this was "
        "stored over them.",
        "Look at the requisition first. If you send your texts again, they take the place of the newer ones.",
        may_pass=False,
    ),
    "token_budget_exhausted": Trouble(
        "Today’s budget for Claude is used up",
        "Whoever runs the service has set how much may be spent in a day (in UTC), in all or by you.",
        "Try again tomorrow, or ask them for more.",
    ),
    "claude_not_configured": Trouble(
        "The service has no key for Claude",
        "Without one, Claude cannot be asked.",
        "Ask whoever runs the service to set CLAUDE_API_KEY.",
    ),
    "claude_misconfigured": Trouble(
        "Claude refuses the service’s key or model",
        "This is about how the service is set up, and not about your texts.",
        "Tell whoever runs the service. Trying again helps once they have changed it.",
    ),
    "claude_billing": Trouble(
        "The service’s account at Claude has no credit left",
        "Or it has reached a spending limit.",
        "Tell whoever runs the service. Trying again helps once that is settled.",
    ),
    "database_unavailable": Trouble(
        "The database could not be reached",
        "What Claude had written was put aside, and is stored as soon as the database is back.",
        "Try again in a moment.",
    ),
    "overloaded": Trouble(
        "The service had too much to do",
        "Too many people were waiting at the same time.",
        "Try again in a moment.",
    ),
    "not_enhanced": Trouble(
        "The description has not been enhanced yet",
        "An interview is made from an enhanced description.",
        "Enhance it first.",
        may_pass=False,
    ),
    "not_editable": Trouble(
        "This interview cannot be changed any more",
        "It was published or archived, or the question was locked, while this was under way.",
        "Look at the interview.",
        may_pass=False,
    ),
    "stale": Trouble(
        "Somebody else was faster",
        "What this was made for has been changed meanwhile.",
        "Look at what it is now, then decide.",
        may_pass=False,
    ),
    "not_found": Trouble(
        "It is no longer there",
        "What this was made for has been deleted meanwhile.",
        "Look at the list of requisitions.",
        may_pass=False,
    ),
    "invalid_request": Trouble(
        "The texts cannot be used as they are",
        "Something in them is missing or too long.",
        "Change what the sentence names, and send it again.",
        may_pass=False,
    ),
}
UNKNOWN = Trouble(
    "Something went wrong in the service",
    "This is a fault of the service, and not of your texts.",
    "Try again. If it fails again, give whoever runs the service the number below: their log says more about it.",
)


def trouble_of(code: str | None) -> Trouble:
    """What a code of an error means."""
    return TROUBLES.get(code or "", UNKNOWN)
