"""Units without data: the months in which nobody of a unit travelled, as far as anybody knows, and what was declared."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from klimatvaxling.completeness.completeness import EMPTY, LATE, MISSING
from klimatvaxling.completeness.register import year_cells
from klimatvaxling.typed import Month
from klimatvaxling.units.directory import Directory
from klimatvaxling.units.unit import Unit

# By charge line first: what many trips have in common is looked up once. Trips that were taken back count against.
_DELIVERED = """
SELECT c.unit_id, m.trip_month, sum(m.trips) AS trips FROM (
  SELECT e.charge_id, substr(t.trip_on, 1, 7) AS trip_month, sum(e.sign) AS trips
  FROM trip_effect e JOIN trip t ON t.id = e.trip_row_id WHERE t.trip_on BETWEEN :first AND :last
  GROUP BY e.charge_id, substr(t.trip_on, 1, 7)
) m JOIN charge c ON c.id = m.charge_id JOIN batch b ON b.id = c.batch_id
WHERE c.booked_on <= :as_of AND b.registered_at <= :known_at GROUP BY c.unit_id, m.trip_month
"""

# The trips of each unit in each month of trip, `YYYY-MM`, less those taken back.
Delivered = Mapping[tuple[int, str], int]


@dataclass(frozen=True)
class Gap:
    """A unit that lacks trips in some month: `missing`, or declared `empty` or `late`; months as `YYYY-MM`."""

    unit: Unit
    with_data: int
    missing: tuple[str, ...]
    empty: tuple[str, ...]
    late: tuple[str, ...]


def delivered_in(connection: Connection, year: int, as_of: datetime.date, known_at: str) -> Delivered:
    """What was delivered of the year's travel, as booked up to `as_of`."""
    span = {"first": f"{year:04d}-01-01", "last": f"{year:04d}-12-31", "as_of": as_of.isoformat(), "known_at": known_at}
    return {(row.unit_id, row.trip_month): int(row.trips) for row in connection.execute(text(_DELIVERED), span)}


def in_force(register: Directory, year: int) -> dict[str, frozenset[int]]:
    """The units that take part on the first or the last day of each month."""
    return {
        str(month): frozenset(unit.id for day in (month.first_day, month.last_day) for unit in register.on(day))
        for month in (Month(year, number) for number in range(1, 13))
    }


def declared_in(
    connection: Connection, year: int, as_of: datetime.date, known_at: str
) -> Mapping[tuple[str, str], str]:
    """The months of units, by code and `YYYY-MM`, that are declared empty or late and missing from no other source."""
    if not connection.execute(text("SELECT 1 FROM completeness_declaration LIMIT 1")).scalar():
        return {}
    states: dict[tuple[str, str], set[str]] = {}
    for cell in year_cells(connection, year, as_of=as_of, known_at=known_at):
        if cell.unit is not None and cell.state in (EMPTY, LATE, MISSING):
            states.setdefault((cell.unit, str(cell.month)), set()).add(cell.state)
    return {place: LATE if LATE in found else EMPTY for place, found in states.items() if MISSING not in found}


def gaps(
    units: Mapping[int, Unit],
    taking_part: Mapping[str, frozenset[int]],
    delivered: Delivered,
    declared: Mapping[tuple[str, str], str],
    until: datetime.date,
) -> Sequence[Gap]:
    """The units that lack trips in a month up to the last one that anybody has trips in; those with least data first.

    What nobody has delivered yet lies ahead: it is missing from the sources, not from the units.
    """
    travelled = {month for (_, month), trips in delivered.items() if trips > 0}
    last = min(max(travelled, default=""), f"{until:%Y-%m}")
    found = []
    for unit_id in set().union(*taking_part.values()):
        unit = units[unit_id]
        expected = [month for month in sorted(taking_part) if month <= last and unit_id in taking_part[month]]
        lacking = [month for month in expected if delivered.get((unit_id, month), 0) <= 0]
        if lacking:
            by_state: dict[str, list[str]] = {EMPTY: [], LATE: [], MISSING: []}
            for month in lacking:
                by_state[declared.get((unit.code, month), MISSING)].append(month)
            parts = (tuple(by_state[state]) for state in (MISSING, EMPTY, LATE))
            found.append(Gap(unit, len(expected) - len(lacking), *parts))
    return sorted(found, key=lambda gap: (gap.with_data > 0, -len(gap.missing), gap.unit.code))


def spans(months: Sequence[str]) -> str:
    """Months of a year as runs: `01-03, 07`."""
    runs: list[list[int]] = []
    for number in (int(month[5:]) for month in months):
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(f"{run[0]:02d}" if len(run) == 1 else f"{run[0]:02d}-{run[-1]:02d}" for run in runs)
