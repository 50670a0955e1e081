"""The period (a calendar month): when it may be closed, and when it may be opened again.

Months close in order, so that one day parts what is closed from what is open: everything booked up to and including
it is closed.
"""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, field

from klimatvaxling.errors import StateRefused
from klimatvaxling.language import N_
from klimatvaxling.typed import Month

CLOSED = "closed"
REOPENED = "reopened"


class PeriodClosed(StateRefused):
    """A booking date in a closed month."""

    code = "KV-PERIOD-CLOSED"
    message = N_("{day} lies in a closed month; the first open day is {first_open_day}. Nothing was posted.")
    remedy = N_(
        "Book it on the first open day or later. What belongs to a closed month is booked in the first open one and keeps"
        " the day on which it happened."
    )


class PeriodNotOver(StateRefused):
    """A month that still gets postings."""

    code = "KV-PERIOD-NOT-OVER"
    message = N_("{month} is not over yet and cannot be closed.")
    remedy = N_("Close it on {first_day} or later.")


class PeriodOutOfOrder(StateRefused):
    """A month whose turn it is not."""

    code = "KV-PERIOD-ORDER"
    message = N_("{month} cannot be closed: it is the turn of {next}.")
    remedy = N_("Months close in order. Close {next} first: klimatvaxling period close {next}")


class PeriodAlreadyClosed(StateRefused):
    """A month that is closed."""

    code = "KV-PERIOD-CLOSED-ALREADY"
    message = N_("{month} is closed already.")
    remedy = N_("See the months with: klimatvaxling period list")


class PeriodNotReopenable(StateRefused):
    """Not the latest month that was closed."""

    code = "KV-PERIOD-REOPEN-ORDER"
    message = N_("{month} cannot be reopened: only the month that was closed last can, and that is {last}.")
    remedy = N_("Reopen the later months first, the last one first: klimatvaxling period reopen {last} --reason TEXT")


class NothingClosed(StateRefused):
    """No month is closed."""

    code = "KV-PERIOD-OPEN"
    message = N_("{month} cannot be reopened: no month is closed.")
    remedy = N_("See the months with: klimatvaxling period list")


class SecondPersonNeeded(StateRefused):
    """Whoever closed the month wants to open it again."""

    code = "KV-PERIOD-SECOND-PERSON"
    message = N_("{month} was closed by {who}, who therefore cannot reopen it.")
    remedy = N_("Ask somebody else to reopen it. The rule is the policy require_second_person.")


@dataclass(frozen=True)
class PeriodEvent:
    """A month was closed or reopened, by whom and why. `closed_through` is the last closed day from then on."""

    month: Month
    action: str
    closed_through: datetime.date | None
    reason: str
    registered_at: str
    registered_by: str
    obstacles: Sequence[str] = field(default_factory=tuple)
    id: int = 0


def closings_in_force(events: Sequence[PeriodEvent]) -> list[PeriodEvent]:
    """The closings that nobody has reopened, in order of month."""
    standing: list[PeriodEvent] = []
    for event in events:
        if event.action == CLOSED:
            standing.append(event)
        else:
            standing.pop()
    return standing


def first_open_day(events: Sequence[PeriodEvent]) -> datetime.date:
    """The first day that takes postings; the first of all days while nothing is closed."""
    last = events[-1].closed_through if events else None
    return last + datetime.timedelta(days=1) if last is not None else datetime.date.min


def require_closable(
    month: Month, events: Sequence[PeriodEvent], first_booked_on: datetime.date | None, today: datetime.date
) -> None:
    """Whether it is the month's turn: over, and the one after the last closed or not after the first booking.

    Raises `PeriodNotOver`, `PeriodAlreadyClosed` or `PeriodOutOfOrder`.
    """
    if today <= month.last_day:
        raise PeriodNotOver(month=month, first_day=month.next().first_day)
    standing = closings_in_force(events)
    if standing:
        turn = standing[-1].month.next()
        if month < turn:
            raise PeriodAlreadyClosed(month=month)
    else:
        turn = month if first_booked_on is None else Month.of(first_booked_on)
    if month > turn:
        raise PeriodOutOfOrder(month=month, next=turn)


def after_reopening(
    month: Month, events: Sequence[PeriodEvent], *, by: str, needs_second_person: bool
) -> datetime.date | None:
    """The last closed day once `month` is open. Raises `NothingClosed`, `PeriodNotReopenable` or `SecondPersonNeeded`."""
    standing = closings_in_force(events)
    if not standing:
        raise NothingClosed(month=month)
    if standing[-1].month != month:
        raise PeriodNotReopenable(month=month, last=standing[-1].month)
    if needs_second_person and standing[-1].registered_by == by:
        raise SecondPersonNeeded(month=month, who=by)
    return standing[-2].closed_through if len(standing) > 1 else None
