"""A unit's trips: each with its file and row, what it weighs and why, and the voucher it was charged by."""

import datetime

from sqlalchemy import Connection, text

from klimatvaxling.access.access import UNIT
from klimatvaxling.access.register import own_role
from klimatvaxling.language import N_, translate
from klimatvaxling.reports.evidence import named_file
from klimatvaxling.reports.report import DECIMAL, NUMBER, WEIGHT, Column, Report
from klimatvaxling.reports.titles import title
from klimatvaxling.trips.trip import TIERS
from klimatvaxling.units.register import require_unit

_TRIPS = """
SELECT t.trip_on, s.name AS source, t.trip_id, {file} AS file, t.row, c.category, t.tier, t.quantity,
  f.unit AS quantity_unit, f.g_per_unit, f.key AS factor, e.co2_g, t.cost_centre, t.project, v.code AS voucher,
  v.booked_on
FROM trip_effect e JOIN trip t ON t.id = e.trip_row_id JOIN charge c ON c.id = e.charge_id
  JOIN charge o ON o.id = t.charge_id JOIN batch b ON b.id = o.batch_id JOIN source s ON s.id = t.source_id
  JOIN posting p ON p.charge_id = c.id JOIN voucher v ON v.id = p.voucher_id LEFT JOIN factor f ON f.id = t.factor_id
WHERE c.unit_id = :unit AND v.booked_on <= :as_of AND v.registered_at <= :known_at
  AND v.booked_on BETWEEN :first AND :last
ORDER BY v.booked_on, v.id, t.id
"""
# On a server a unit sees its own vouchers, which name the file, and of batches only when they came.
_FILE = "b.file_name"
_FILE_OF_A_UNIT = (
    "(SELECT min(w.evidence) FROM posting q JOIN voucher w ON w.id = q.voucher_id WHERE q.charge_id = o.id)"
)
_CSV_KEYS = (
    *("trip_on", "source", "trip_id", "file", "row", "category", "tier", "quantity", "quantity_unit", "g_per_unit"),
    *("factor", "co2_g", "cost_centre", "project", "voucher", "booked_on"),
)


def unit_trips(
    connection: Connection, unit_code: str, as_of: datetime.date, known_at: str, year: int | None = None
) -> Report:
    """The trips charged to a unit up to `as_of`, or those booked in one year; those taken back stand as credits.

    Raises `UnknownUnit`.
    """
    unit = require_unit(connection, unit_code, as_of, known_at=known_at)
    span = {"first": f"{year}-01-01", "last": f"{year}-12-31"} if year else {"first": "", "last": "9999"}
    rows = []
    statement = _TRIPS.format(file=_FILE_OF_A_UNIT if own_role(connection) == UNIT else _FILE)
    for found in connection.execute(
        text(statement), {"unit": unit.id, "as_of": as_of.isoformat(), "known_at": known_at, **span}
    ):
        row = found._asdict()
        row["file"], _ = named_file(row["file"])
        row["tier"] = TIERS[row["tier"] - 1]
        row["quantity_unit"] = row["quantity_unit"] or ("kg" if row["tier"] == "stated" else "km")
        row["category_title"], row["per"] = title(row["category"]), title(row["quantity_unit"])
        rows.append(row)
    return Report(
        title=translate(N_("Trips of {unit} {name}"), unit=unit.code, name=unit.name),
        columns=(
            Column("trip_on", N_("Date")),
            Column("source", N_("Source")),
            Column("trip_id", N_("Trip")),
            Column("file", N_("File")),
            Column("row", N_("Row"), NUMBER),
            Column("category_title", N_("Category")),
            Column("quantity", N_("Quantity"), DECIMAL),
            Column("per", N_("Per")),
            Column("factor", N_("Factor")),
            Column("g_per_unit", N_("Grams"), DECIMAL),
            Column("co2_g", N_("kg CO2"), WEIGHT),
            Column("cost_centre", N_("Cost centre")),
            Column("project", N_("Project")),
            Column("voucher", N_("Voucher")),
        ),
        rows=rows,
        total={"co2_g": sum(row["co2_g"] for row in rows)},
        document={"unit": unit.code, "as_of": as_of.isoformat(), "trips": rows},
        csv_keys=_CSV_KEYS,
        when_empty=translate(N_("Nothing is posted for {unit} yet."), unit=unit.code),
    )
