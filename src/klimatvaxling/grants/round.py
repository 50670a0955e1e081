"""The round (ansökningsomgång): when applications are taken."""

from collections.abc import Sequence
from dataclasses import dataclass

from klimatvaxling.errors import InputRefused, StateRefused
from klimatvaxling.language import N_


class NoRoundOpen(StateRefused):
    """An application outside every round."""

    code = "KV-ROUND-NONE-OPEN"
    message = N_("No round of applications is open on {day}.")
    remedy = N_("See the rounds with: klimatvaxling grant round list. The policy grant_outside_round can allow it.")


class RoundExists(StateRefused):
    """The name is taken."""

    code = "KV-ROUND-EXISTS"
    message = N_("There is already a round called “{name}”.")
    remedy = N_("Choose another name. See the rounds with: klimatvaxling grant round list")


class UnknownRound(InputRefused):
    """No round of that name."""

    code = "KV-ROUND-UNKNOWN"
    message = N_("There is no round called “{name}”.")
    remedy = N_("See the rounds with: klimatvaxling grant round list")


class RoundClosed(StateRefused):
    """It is closed already."""

    code = "KV-ROUND-CLOSED"
    message = N_("The round “{name}” was closed on {day}.")
    remedy = N_("Open a new round: klimatvaxling grant round open NAME --from DATE --to DATE")


class RoundBackwards(InputRefused):
    """A round that ends before it begins."""

    code = "KV-ROUND-DATES"
    message = N_("The round would end on {to}, before it begins on {begins}.")
    remedy = N_("Correct --from and --to.")


@dataclass(frozen=True)
class Round:
    """A round of applications, open from one ISO date to another, both included, unless closed before."""

    id: int
    name: str
    opens_on: str
    closes_on: str
    closed_on: str | None = None

    def open_on(self, day: str) -> bool:
        """Whether applications are taken on `day`."""
        return self.opens_on <= day <= self.closes_on and (self.closed_on is None or day < self.closed_on)


def round_for(rounds: Sequence[Round], day: str, *, outside_allowed: bool) -> Round | None:
    """The round an application of `day` belongs to; None where no round is defined, or none is needed.

    Raises `NoRoundOpen`.
    """
    found = next((each for each in rounds if each.open_on(day)), None)
    if found is None and rounds and not outside_allowed:
        raise NoRoundOpen(day=day)
    return found
