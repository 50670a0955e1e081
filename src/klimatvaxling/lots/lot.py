"""The lot: the fees of one charge voucher, to be used within a year.

What can be taken from a lot on a day is the least that is left on that day or any later booking date, so that a
posting dated back can never make any day's balance wrong.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple


class Movement(NamedTuple):
    """What changed on a day (ISO date), in öre: in positive, out negative."""

    # A tuple: a sweep makes tens of thousands of them.

    booked_on: str
    amount_ore: int


@dataclass(frozen=True)
class Lot:
    """A unit's lot: key, the ISO date it counts from, everything that moved, and what the shared fund got from it."""

    id: int
    lot_on: str
    movements: tuple[Movement, ...]
    swept: tuple[Movement, ...] = ()

    def least_left(self, day: str) -> int:
        """What can be taken from it on a day, in öre; never below zero."""
        return max(0, least_left(self.movements, day))


@dataclass(frozen=True)
class Take:
    """An amount taken from a lot."""

    lot_id: int
    amount_ore: int


def least_left(movements: Iterable[Movement], day: str) -> int:
    """The least that is left at the end of `day` or of any later booking date, in öre."""
    left = 0
    by_day: dict[str, int] = {}
    for booked_on, amount_ore in movements:
        if booked_on <= day:
            left += amount_ore
        else:
            by_day[booked_on] = by_day.get(booked_on, 0) + amount_ore
    least = left
    for later in sorted(by_day):
        left += by_day[later]
        least = min(least, left)
    return least


def oldest_first(lots: Iterable[Lot]) -> list[Lot]:
    """Lots by the day they count from, then in the order of their vouchers."""
    # A lot that is being opened has a mark below zero for its key (`lot_opened_by`): it comes after those in the books.
    return sorted(lots, key=lambda lot: (lot.lot_on, lot.id < 0, abs(lot.id)))


def take_oldest_first(lots: Iterable[Lot], amount_ore: int, day: str) -> tuple[list[Take], int]:
    """Take `amount_ore` from the lots of `day` or earlier, oldest first; gives the takes and what is still missing."""
    takes = []
    for lot in oldest_first(lots):
        if amount_ore <= 0:
            break
        if lot.lot_on > day:
            continue
        amount = min(amount_ore, lot.least_left(day))
        if amount:
            takes.append(Take(lot.id, amount))
            amount_ore -= amount
    return takes, amount_ore
