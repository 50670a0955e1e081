"""How long a command waits for somebody else who is writing, and who is told that it does."""

import os
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar

from klimatvaxling import typed
from klimatvaxling.errors import UsageFault
from klimatvaxling.language import N_

ENVIRONMENT_VARIABLE = "KLIMATVAXLING_LOCK_SECONDS"
USUAL_S = 30
# None at all would be for ever on a server; nobody waits for more than an hour without looking.
SHORTEST_S, LONGEST_S = 1, 3600


class BadPatience(UsageFault):
    """The setting is no whole number of seconds, or not one that makes sense."""

    code = "KV-LOCK-SECONDS"
    message = N_("“{value}” in {variable} is not a whole number of seconds from {shortest} to {longest}.")
    remedy = N_("Set the variable to a whole number, or take it away: a command then waits 30 seconds.")
    explanation = N_(
        "So long a command waits for somebody else who is writing before it gives up with KV-DATABASE-BUSY."
    )


_shown: ContextVar[Callable[[], AbstractContextManager[object]]] = ContextVar("shown", default=nullcontext)


def show_waiting(how: Callable[[], AbstractContextManager[object]]) -> None:
    """From now on `how` shows whoever is there that a command may be waiting; it is entered around each wait."""
    _shown.set(how)


def waiting() -> AbstractContextManager[object]:
    """While the write lock is taken, which may take as long as somebody else writes."""
    return _shown.get()()


def lock_seconds() -> int:
    """The seconds to wait for the write lock, on both engines. Raises `BadPatience`."""
    given = os.environ.get(ENVIRONMENT_VARIABLE)
    if given is None:
        return USUAL_S
    try:
        seconds = typed.decimal(given)
        if seconds == int(seconds) and SHORTEST_S <= seconds <= LONGEST_S:
            return int(seconds)
    except typed.NotANumber:
        pass
    raise BadPatience(value=given, variable=ENVIRONMENT_VARIABLE, shortest=SHORTEST_S, longest=LONGEST_S)
