"""The ledger summed as reports need it: by month, unit, account, event and category. Money by booking date.

Everything else is added up from these sums, so that no two tables can come from different questions.
"""

import datetime
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import TypeVar

from sqlalchemy import Connection, text

from klimatvaxling.ledger import accounts

FLIGHT = "flight"
MONTHS = range(1, 13)

_SUMS = """
SELECT substr(v.booked_on, 1, 7) AS month, p.unit_id, p.account, v.event, coalesce(c.category, '') AS category,
  p.lot_id IS NOT NULL AS of_lot,
  coalesce(sum(CASE WHEN p.amount_ore > 0 THEN p.amount_ore END), 0) AS debit_ore,
  coalesce(-sum(CASE WHEN p.amount_ore < 0 THEN p.amount_ore END), 0) AS credit_ore,
  coalesce(sum(p.co2_g), 0) AS co2_g
FROM posting p JOIN voucher v ON v.id = p.voucher_id LEFT JOIN charge c ON c.id = p.charge_id
WHERE v.booked_on BETWEEN :first AND :last AND v.registered_at <= :known_at
GROUP BY substr(v.booked_on, 1, 7), p.unit_id, p.account, v.event, coalesce(c.category, ''), p.lot_id IS NOT NULL
ORDER BY 1, p.unit_id IS NOT NULL, 2, 3, 4, 5, 6
"""

Group = TypeVar("Group", bound=Hashable)


@dataclass(frozen=True)
class LedgerSum:
    """What one account moved in a month (`YYYY-MM`) for a unit (None: the municipality) by one kind of event.

    `category` is empty but for fees. `of_lot` is whether a unit's lot moved. Debit and credit are positive öre.
    """

    month: str
    unit_id: int | None
    account: str
    event: str
    category: str
    of_lot: bool
    debit_ore: int
    credit_ore: int
    co2_g: int

    @property
    def amount_ore(self) -> int:
        """Debit less credit."""
        return self.debit_ore - self.credit_ore

    @cached_property
    def figures(self) -> tuple[tuple[str, int], ...]:
        """What it says in the reports' words: names of `Figures` with amounts. Debit is positive: funds are credits."""
        return tuple((name, value) for name, value in _figures_of(self) if value)


@dataclass(frozen=True)
class Figures:
    """What reports tell of a unit, a month or a year: whole grams and öre, net of what was taken back.

    `own_funds_ore` is the change of own funds: opening + charged - spent - swept + moved.
    """

    co2_g: int = 0
    car_g: int = 0
    flight_g: int = 0
    charged_ore: int = 0
    opening_ore: int = 0
    spent_ore: int = 0
    swept_ore: int = 0
    moved_ore: int = 0
    own_funds_ore: int = 0
    grants_paid_ore: int = 0
    appropriated_ore: int = 0
    budget_back_ore: int = 0
    fund_opening_ore: int = 0
    paid_out_ore: int = 0
    returned_ore: int = 0
    available_ore: int = 0
    committed_ore: int = 0

    def __add__(self, other: "Figures") -> "Figures":
        return Figures(*(getattr(self, name) + getattr(other, name) for name in NAMES))


NAMES = tuple(each.name for each in fields(Figures))


def _figures_of(line: LedgerSum) -> Sequence[tuple[str, int]]:
    amount = line.amount_ore
    match line.account:
        case accounts.FEE_EXPENSE:
            traffic = "flight_g" if line.category == FLIGHT else "car_g"
            return (("co2_g", line.co2_g), (traffic, line.co2_g), ("charged_ore", amount))
        case accounts.OWN_FUNDS:
            moved = -amount if line.event in ("merge", "transfer") else 0
            return (("own_funds_ore", -amount), ("moved_ore", moved))
        case accounts.MEASURES:
            return (("spent_ore", -amount),)
        case accounts.FUND_AVAILABLE:
            return (("available_ore", -amount), ("swept_ore", -amount if line.of_lot else 0))
        case accounts.FUND_COMMITTED:
            return (("committed_ore", -amount),)
        case accounts.GRANTS_PAID:
            parts = (("paid_out_ore", line.credit_ore), ("returned_ore", line.debit_ore))
            return (("grants_paid_ore", -amount), *parts)
        case accounts.APPROPRIATION:
            return (("appropriated_ore", line.debit_ore), ("budget_back_ore", line.credit_ore))
        case accounts.OPENING:
            return (("opening_ore" if line.unit_id is not None else "fund_opening_ore", amount),)
    raise ValueError(line.account)


def figures_by(lines: Iterable[LedgerSum], group: Callable[[LedgerSum], Group]) -> dict[Group, Figures]:
    """The figures of each group."""
    sums: dict[Group, dict[str, int]] = {}
    for line in lines:
        key = group(line)
        into = sums.get(key)
        if into is None:
            into = sums[key] = {}
        for name, value in line.figures:
            into[name] = into.get(name, 0) + value
    return {key: Figures(**found) for key, found in sums.items()}


def total(lines: Iterable[LedgerSum]) -> Figures:
    """The figures of everything."""
    return figures_by(lines, lambda _: 0).get(0, Figures())


def ledger_sums(
    connection: Connection, first: datetime.date, last: datetime.date, known_at: str
) -> tuple[LedgerSum, ...]:
    """The ledger's sums booked from `first` to `last`, as it was known at a time; none if `last` is before `first`."""
    span = {"first": first.isoformat(), "last": last.isoformat(), "known_at": known_at}
    return tuple(
        LedgerSum(month, unit_id, account, event, category, bool(of_lot), int(debit), int(credit), int(co2_g))
        for month, unit_id, account, event, category, of_lot, debit, credit, co2_g in connection.execute(
            text(_SUMS), span
        )
    )


def first_booked(connection: Connection, known_at: str) -> str | None:
    """The earliest booking date in the books, or None where nothing is booked."""
    found = connection.execute(
        text("SELECT min(booked_on) FROM voucher WHERE registered_at <= :known_at"), {"known_at": known_at}
    ).scalar()
    return str(found) if found else None


def month_of(year: int, month: int) -> str:
    """`YYYY-MM`."""
    return f"{year:04d}-{month:02d}"


@dataclass(frozen=True)
class YearBooks:
    """A year's sums booked up to a day, and those of the year before up to the same day of it.

    `stood` is what the books amounted to when the year began, `stood_before` when the year before began. `until` is
    the last day counted, None for a year that has not begun. The unit None is the municipality.
    """

    year: int
    until: datetime.date | None
    now: tuple[LedgerSum, ...]
    before: tuple[LedgerSum, ...]
    stood: Figures
    stood_before: Figures
    stood_by_unit: Mapping[int | None, Figures]
    stood_before_by_unit: Mapping[int | None, Figures]

    @property
    def is_whole(self) -> bool:
        """Whether the whole year is counted."""
        return self.until == datetime.date(self.year, 12, 31)

    def of_unit(self, unit_id: int) -> "YearBooks":
        """What the books say of one unit."""
        return replace(
            self,
            now=tuple(line for line in self.now if line.unit_id == unit_id),
            before=tuple(line for line in self.before if line.unit_id == unit_id),
            stood=self.stood_by_unit.get(unit_id, Figures()),
            stood_before=self.stood_before_by_unit.get(unit_id, Figures()),
        )

    @property
    def months(self) -> list[int]:
        """The numbers of the months counted."""
        return [] if self.until is None else list(range(1, self.until.month + 1))


def year_books(connection: Connection, year: int, as_of: datetime.date, known_at: str) -> YearBooks:
    """The year as booked up to `as_of` and known at a time."""
    first, last = datetime.date(year, 1, 1), min(as_of, datetime.date(year, 12, 31))
    earlier = ledger_sums(connection, datetime.date.min, datetime.date(year - 1, 12, 31), known_at)
    older = [line for line in earlier if line.month < month_of(year - 1, 1)]
    before = [line for line in earlier if line.month >= month_of(year - 1, 1)]
    if last < datetime.date(year, 12, 31):
        same_day = last if last < first else _year_earlier(last)
        before = list(ledger_sums(connection, datetime.date(year - 1, 1, 1), same_day, known_at))
    return YearBooks(
        year=year,
        until=last if last >= first else None,
        now=ledger_sums(connection, first, last, known_at),
        before=tuple(before),
        stood=total(earlier),
        stood_before=total(older),
        stood_by_unit=figures_by(earlier, lambda line: line.unit_id),
        stood_before_by_unit=figures_by(older, lambda line: line.unit_id),
    )


def _year_earlier(day: datetime.date) -> datetime.date:
    is_leap_day = (day.month, day.day) == (2, 29)
    return day.replace(year=day.year - 1, day=28 if is_leap_day else day.day)
