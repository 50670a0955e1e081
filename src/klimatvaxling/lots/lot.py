"""The lot: the fees of one charge voucher, to be used within a year.

What can be taken from a lot on a day is the least that is left on that day or any later booking date, so that a
posting dated back can never make any day's balance wrong.
"""

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from klimatvaxling.policies.policy import END_OF_NEXT_YEAR, ONE_YEAR_FROM_BOOKING


@dataclass(frozen=True)
class Movement:
    """What changed on a day (ISO date), in öre: into the lot positive, out of it negative."""

    booked_on: str
    amount_ore: int


@dataclass(frozen=True)
class Lot:
    """A unit's lot: key, the ISO date it counts from, and everything that moved."""

    id: int
    lot_on: str
    movements: tuple[Movement, ...]


@dataclass(frozen=True)
class Take:
    """An amount taken from a lot."""

    lot_id: int
    amount_ore: int


def least_left(movements: Iterable[Movement], day: str) -> int:
    """The least that is left at the end of `day` or of any later booking date, in öre."""
    by_day: dict[str, int] = {}
    for movement in movements:
        moment = max(movement.booked_on, day)
        by_day[moment] = by_day.get(moment, 0) + movement.amount_ore
    left = by_day.pop(day, 0)
    least = left
    for later in sorted(by_day):
        left += by_day[later]
        least = min(least, left)
    return least


def take_oldest_first(lots: Sequence[Lot], amount_ore: int, day: str) -> tuple[list[Take], int]:
    """Take `amount_ore` from the lots of `day` or earlier, oldest first; gives the takes and what is still missing."""
    takes = []
    # A lot that is being opened has a mark below zero for its key (`lot_opened_by`): it comes after those in the books.
    for lot in sorted(lots, key=lambda lot: (lot.lot_on, lot.id < 0, abs(lot.id))):
        if amount_ore <= 0:
            break
        if lot.lot_on > day:
            continue
        amount = min(amount_ore, max(0, least_left(lot.movements, day)))
        if amount:
            takes.append(Take(lot.id, amount))
            amount_ore -= amount
    return takes, amount_ore


def last_day_of_use(lot_on: datetime.date, retention: str) -> datetime.date:
    """The last day on which a lot may be used.

    `one_year_from_booking`: the same date one year later, 29 February counting as 28 February. `end_of_next_year`:
    31 December of the year after.
    """
    if retention == END_OF_NEXT_YEAR:
        return datetime.date(lot_on.year + 1, 12, 31)
    if retention != ONE_YEAR_FROM_BOOKING:
        raise ValueError(retention)
    is_leap_day = (lot_on.month, lot_on.day) == (2, 29)
    return lot_on.replace(year=lot_on.year + 1, day=28 if is_leap_day else lot_on.day)
