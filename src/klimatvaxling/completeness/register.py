"""Completeness in the books: what was delivered, what was declared, and what may have come twice."""

import datetime
from typing import Any

from sqlalchemy import Connection, text

from klimatvaxling.batches.quarantine_register import require_reason
from klimatvaxling.batches.store import source_id
from klimatvaxling.clock import Clock, stamp, today
from klimatvaxling.completeness.completeness import (
    MISSING,
    Cell,
    Declaration,
    DeclaredAhead,
    DeclaredDelivered,
    Known,
    cells,
)
from klimatvaxling.database.bulk import insert_rows
from klimatvaxling.typed import Month, month
from klimatvaxling.units.register import require_unit, versions

# Trips that were taken back, by an amendment or with their batch.
_TAKEN_BACK = (
    "SELECT r.trip_row_id FROM trip_reversal r JOIN charge rc ON rc.id = r.charge_id JOIN batch rb ON rb.id = rc.batch_id"
    " WHERE rc.booked_on <= :as_of AND rb.registered_at <= :known_at GROUP BY r.trip_row_id HAVING sum(r.sign) < 0"
)


def year_cells(connection: Connection, year: int, *, as_of: datetime.date, known_at: str) -> list[Cell]:
    """Every month of a year for every source and unit, as the books stood."""
    months = [Month(year, number) for number in range(1, 13)]
    return cells(known(connection, months[-1], as_of=as_of, known_at=known_at), months, as_of)


def missing_in(connection: Connection, period: Month, *, as_of: datetime.date, known_at: str) -> list[Cell]:
    """What is missing of one month: whole sources, and units of sources."""
    found = cells(known(connection, period, as_of=as_of, known_at=known_at), [period], as_of)
    return [cell for cell in found if cell.state == MISSING]


def known(connection: Connection, last: Month, *, as_of: datetime.date, known_at: str) -> Known:
    """What is known of the months up to `last`."""
    asked = {"last": last.last_day.isoformat(), "as_of": as_of.isoformat(), "known_at": known_at}
    delivered = connection.execute(
        text(
            # By charge line first: what a million trips have in common is looked up once.
            "SELECT s.name, u.code, m.period, sum(m.co2_g) AS co2_g FROM ("
            "SELECT t.charge_id, substr(t.trip_on, 1, 7) AS period, sum(t.co2_g) AS co2_g FROM trip t"
            f" WHERE t.trip_on <= :last AND t.id NOT IN ({_TAKEN_BACK}) GROUP BY t.charge_id, substr(t.trip_on, 1, 7)"
            ") m JOIN charge c ON c.id = m.charge_id JOIN batch b ON b.id = c.batch_id"
            " JOIN source s ON s.id = b.source_id JOIN unit u ON u.id = c.unit_id"
            " WHERE c.booked_on <= :as_of AND b.registered_at <= :known_at GROUP BY s.name, u.code, m.period"
        ),
        asked,
    )
    declared = connection.execute(
        text(
            "SELECT s.name, u.code, d.period, d.state, d.reason FROM completeness_declaration d"
            " JOIN source s ON s.id = d.source_id LEFT JOIN unit u ON u.id = d.unit_id"
            " WHERE d.registered_at <= :known_at AND d.period <= :period ORDER BY d.id"
        ),
        {"known_at": known_at, "period": str(last)},
    )
    valid: dict[str, list[tuple[datetime.date, datetime.date | None]]] = {}
    for unit in versions(connection, known_at=known_at):
        valid.setdefault(unit.code, []).append((unit.valid_from, unit.valid_to))
    return Known(
        delivered={(row.name, row.code, month(row.period)): row.co2_g for row in delivered},
        declarations=[Declaration(row.name, row.code, month(row.period), row.state, row.reason) for row in declared],
        valid=valid,
    )


def declare(
    connection: Connection,
    source: str,
    unit: str | None,
    period: Month,
    state: str,
    reason: str,
    *,
    clock: Clock,
    by: str,
) -> dict[str, object]:
    """Put on record that a source's month is empty or late; gives what was registered.

    Raises `ReasonMissing`, `DeclaredAhead`, `DeclaredDelivered` or `UnknownUnit`.
    """
    require_reason(reason)
    day = today(clock)
    if period > Month.of(day):
        raise DeclaredAhead(period=period)
    found = require_unit(connection, unit, day) if unit is not None else None
    key = source_id(connection, source)
    if found is not None:
        delivered = known(connection, period, as_of=datetime.date.max, known_at="9999").delivered
        if (source, found.code, period) in delivered:
            raise DeclaredDelivered(unit=found.code, source=source, period=period, year=period.year)
    row = (key, found.id if found else None, str(period), state, reason.strip(), stamp(clock()), by)
    columns = ("source_id", "unit_id", "period", "state", "reason", "registered_at", "registered_by")
    insert_rows(connection, "completeness_declaration", columns, [row])
    code = found.code if found else None
    return {"source": source, "unit": code, "period": str(period), "state": state, "reason": reason.strip()}


def likely_duplicates(
    connection: Connection, year: int, *, as_of: datetime.date, known_at: str, unit: str | None = None
) -> list[dict[str, Any]]:
    """Trips of different sources with the same unit, day, and CO2 or kilometres, numbered by group."""
    asked = {
        "first": f"{year:04d}-01-01",
        "last": f"{year:04d}-12-31",
        "as_of": as_of.isoformat(),
        "known_at": known_at,
        "unit": unit,
    }
    # Kilometres are what was multiplied in tiers 3 and 4; no CO2 at all is no likeness.
    rows = connection.execute(
        text(
            f"WITH live AS (SELECT t.id, c.unit_id, t.trip_on, t.source_id, t.co2_g,"
            f" CASE WHEN t.tier IN (3, 4) THEN t.quantity END AS km, s.name AS source, t.trip_id, u.code AS unit,"
            f" c.category, b.id AS batch, t.row FROM trip t JOIN charge c ON c.id = t.charge_id"
            "  JOIN batch b ON b.id = c.batch_id JOIN source s ON s.id = t.source_id JOIN unit u ON u.id = c.unit_id"
            "  WHERE t.trip_on BETWEEN :first AND :last AND c.booked_on <= :as_of AND b.registered_at <= :known_at"
            f"  AND t.id NOT IN ({_TAKEN_BACK}) AND (:unit IS NULL OR u.code = :unit)),"
            " alike AS (SELECT unit_id, trip_on, 'co2' AS likeness, CAST(co2_g AS TEXT) AS value FROM live"
            "  WHERE co2_g <> 0 GROUP BY unit_id, trip_on, co2_g HAVING count(DISTINCT source_id) > 1"
            "  UNION ALL SELECT unit_id, trip_on, 'distance', km FROM live WHERE km IS NOT NULL AND km <> '0'"
            "  GROUP BY unit_id, trip_on, km HAVING count(DISTINCT source_id) > 1)"
            " SELECT a.likeness, a.value, l.* FROM alike a JOIN live l ON l.unit_id = a.unit_id"
            " AND l.trip_on = a.trip_on"
            " AND CASE a.likeness WHEN 'co2' THEN CAST(l.co2_g AS TEXT) ELSE l.km END = a.value"
            " ORDER BY l.unit, l.trip_on, a.likeness, a.value, l.source, l.id"
        ),
        asked,
    ).mappings()
    groups: dict[tuple[int, str, frozenset[int]], list[dict[str, Any]]] = {}
    found: dict[tuple[str, str, str, str], list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault((row["unit"], row["trip_on"], row["likeness"], row["value"]), []).append(dict(row))
    for (_, trip_on, _, _), members in found.items():
        # Equal CO2 by equal kilometres is one likeness, not two.
        groups.setdefault((members[0]["unit_id"], trip_on, frozenset(each["id"] for each in members)), members)
    return [
        {
            "group": number,
            "trip_on": row["trip_on"],
            "unit": row["unit"],
            "source": row["source"],
            "trip_id": row["trip_id"],
            "category": row["category"],
            "km": row["km"],
            "co2_g": row["co2_g"],
            "batch": row["batch"],
            "row": row["row"],
        }
        for number, members in enumerate(groups.values(), start=1)
        for row in members
    ]
