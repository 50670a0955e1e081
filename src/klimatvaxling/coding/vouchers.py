"""Vouchers in the books as they are coded: with the lots, charge lines and shares of trips behind their postings."""

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection, text

from klimatvaxling.coding.entry import BookedLine, BookedVoucher, EntryLine, Share, entry
from klimatvaxling.coding.plan import CodingPlan, plan_on
from klimatvaxling.coding.plan_errors import CodingMissing
from klimatvaxling.coding.register import registered_plans
from klimatvaxling.units.directory import Directory
from klimatvaxling.units.register import directory
from klimatvaxling.units.unit import Unit

FOREVER = "9999-12-31T23:59:59.999999Z"

# Which vouchers are wanted: by series, booking date and time of registration, and whether those handed over count.
_WANTED = """
v.series = :series AND v.booked_on BETWEEN :first AND :last AND v.registered_at <= :known_at
AND (:handed_over = 1 OR NOT EXISTS (SELECT 1 FROM handover_voucher h WHERE h.voucher_id = v.id))
"""
_VOUCHERS = f"""
SELECT v.id, v.code, v.series, v.fiscal_year, v.number, v.booked_on, v.registered_at, v.event, v.description, v.made_by,
  v.evidence, o.code AS corrects, o.event AS reversed_event
FROM voucher v LEFT JOIN voucher o ON o.id = v.corrects_id
WHERE {_WANTED} ORDER BY v.fiscal_year, v.number
"""
_LINES = f"""
SELECT p.voucher_id, p.account, p.amount_ore, p.unit_id, l.lot_on, o.code AS lot_code, c.category, p.co2_g,
  r.value AS rate, p.charge_id
FROM posting p JOIN voucher v ON v.id = p.voucher_id
  LEFT JOIN lot l ON l.voucher_id = p.lot_id LEFT JOIN voucher o ON o.id = p.lot_id
  LEFT JOIN charge c ON c.id = p.charge_id LEFT JOIN policy r ON r.id = c.rate_id
WHERE {_WANTED} ORDER BY p.voucher_id, p.line
"""
# Every effect of a trip on a charge line, in grams: charged, taken back or restored.
_EFFECTS = (
    "SELECT e.charge_id, t.cost_centre, t.project, e.co2_g FROM trip_effect e JOIN trip t ON t.id = e.trip_row_id"
)
_SHARES = f"""
SELECT t.charge_id, t.cost_centre, t.project, sum(t.co2_g) AS co2_g FROM ({_EFFECTS}) t
WHERE t.charge_id IN
  (SELECT p.charge_id FROM posting p JOIN voucher v ON v.id = p.voucher_id WHERE p.charge_id IS NOT NULL AND {_WANTED})
GROUP BY t.charge_id, t.cost_centre, t.project ORDER BY t.charge_id, t.cost_centre, t.project
"""


# Stands for the trips of a charge line where they are not asked for.
_WHOLE = (Share("-", "", 1),)


@dataclass(frozen=True)
class Span:
    """The vouchers that are wanted: of a series, booked from `first` to `last`, known at a time.

    `handed_over` False leaves out those that have left before.
    """

    series: str
    first: str
    last: str
    known_at: str = FOREVER
    handed_over: bool = True

    def values(self) -> dict[str, object]:
        """The same for a question to the database."""
        return {**vars(self), "handed_over": int(self.handed_over)}


def booked(connection: Connection, span: Span, *, with_shares: bool = True) -> list[BookedVoucher]:
    """The vouchers in the order of their numbers; without shares, a charge line stands as a whole."""
    wanted = span.values()
    shares: dict[int, list[Share]] = {}
    if with_shares:
        for row in connection.execute(text(_SHARES), wanted):
            shares.setdefault(row.charge_id, []).append(Share(row.cost_centre, row.project, row.co2_g))
    lines: dict[int, list[BookedLine]] = {}
    for row in connection.execute(text(_LINES), wanted):
        line = BookedLine(
            *(row.account, row.amount_ore, row.unit_id, row.lot_on, row.lot_code, row.category, row.co2_g),
            # One that is no number any more is named by `check`, which comes here too.
            int(row.rate) if row.rate and row.rate.isdecimal() else 0,
            tuple(shares.get(row.charge_id, ())) if with_shares or row.charge_id is None else _WHOLE,
        )
        lines.setdefault(row.voucher_id, []).append(line)
    found = connection.execute(text(_VOUCHERS), wanted).mappings()
    return [BookedVoucher(**row, lines=tuple(lines[row["id"]])) for row in found]


@dataclass
class UnitsByDay:
    """Every unit by key as it is on a day; one that is not valid then, as it was last."""

    units: Directory
    _known: dict[str, dict[int, Unit]] = field(default_factory=dict)

    def on(self, day: str) -> Mapping[int, Unit]:
        """The units on an ISO date."""
        if day not in self._known:
            valid = self.units.on(datetime.date.fromisoformat(day))
            self._known[day] = {unit.id: unit for unit in (*self.units.newest(), *valid)}
        return self._known[day]


@dataclass(frozen=True)
class Desk:
    """Codes vouchers: with the plan and the units of their booking dates."""

    plans: tuple[CodingPlan, ...]
    units: UnitsByDay

    @classmethod
    def of(cls, connection: Connection, known_at: str = FOREVER) -> "Desk":
        """With everything that is registered."""
        plans = tuple(registered_plans(connection, known_at=known_at))
        return cls(plans, UnitsByDay(directory(connection, known_at=known_at)))

    def plan_for(self, voucher: BookedVoucher) -> CodingPlan:
        """The plan in force on the booking date. Raises `CodingMissing`."""
        plan = plan_on(self.plans, datetime.date.fromisoformat(voucher.booked_on))
        if plan is None:
            raise CodingMissing(day=voucher.booked_on, voucher=voucher.code)
        return plan

    def entry(self, voucher: BookedVoucher) -> list[EntryLine]:
        """The voucher's lines. Raises `CodingMissing` and what `entry` raises."""
        return entry(voucher, self.plan_for(voucher), self.units.on(voucher.booked_on))

    def entries(self, vouchers: Iterable[BookedVoucher]) -> list[tuple[BookedVoucher, list[EntryLine]]]:
        """Each voucher with its lines. Raises what `entry` raises, before anything is written."""
        return [(voucher, self.entry(voucher)) for voucher in vouchers]
