"""The evidence of a charge: its file, rate and trips, each trip with its row, its factor and the kept cells as read."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, text

from klimatvaxling import formats
from klimatvaxling.access.access import UNIT
from klimatvaxling.access.register import own_role
from klimatvaxling.batches.pages import LINE_BREAK, columns_of
from klimatvaxling.language import N_, translate
from klimatvaxling.reports.report import WEIGHT, Column
from klimatvaxling.reports.titles import title
from klimatvaxling.trips.trip import FIELDS, TIERS

# A table shows this many trips of a voucher; JSON and CSV have all of them.
SHOWN_TRIPS = 20

_FILES = """
SELECT b.id AS batch, s.name AS source, b.file_name AS file, b.file_sha256, pr.version AS profile_version,
  pr.sha256 AS profile_sha256, b.evidence, b.registered_at, b.registered_by, b.outside
FROM batch b JOIN source s ON s.id = b.source_id JOIN profile pr ON pr.id = b.profile_id WHERE b.id = :batch
"""
# What a unit sees of it: its own vouchers name the file, and the rest of the file is others'.
_FILES_OF_A_UNIT = """
SELECT b.id AS batch, s.name AS source, b.registered_at,
  (SELECT min(v.evidence) FROM voucher v WHERE v.batch_id = b.id) AS evidence
FROM batch b JOIN source s ON s.id = b.source_id WHERE b.id = :batch
"""
_TRIPS = """
SELECT t.id, e.sign, s.name AS source, t.trip_id, t.revision, t.row, t.trip_on, t.tier, t.quantity, t.co2_g,
  t.co2_under_500_km_g, t.cost_centre, t.project, fs.name || ' ' || fs.version AS factor_set, f.key AS factor,
  f.g_per_unit, f.unit AS per, f.source AS factor_source, f.confidence, fs.sha256 AS factor_set_sha256
FROM ({effects}) e JOIN trip t ON t.id = e.trip_row_id JOIN source s ON s.id = t.source_id
  LEFT JOIN factor f ON f.id = t.factor_id LEFT JOIN factor_set fs ON fs.id = f.factor_set_id
ORDER BY t.id
"""
# The trips of a charge line, and those it takes back or restores. A batch's trips stand in a row; without its ends every
# trip in the books would be looked at.
_OF_CHARGE = """
SELECT id AS trip_row_id, 1 AS sign FROM trip WHERE charge_id = :charge
  AND id >= (SELECT min(p.first_trip_id) FROM batch_page p JOIN charge c ON c.batch_id = p.batch_id WHERE c.id = :charge)
  AND id <= (SELECT max(p.last_trip_id) FROM batch_page p JOIN charge c ON c.batch_id = p.batch_id WHERE c.id = :charge)
UNION ALL SELECT trip_row_id, sign FROM trip_reversal WHERE charge_id = :charge
"""
_OF_CHARGE_OF_A_UNIT = """
SELECT id AS trip_row_id, 1 AS sign FROM trip WHERE charge_id = :charge
UNION ALL SELECT trip_row_id, sign FROM trip_reversal WHERE charge_id = :charge
"""
_OF_ID = """
SELECT i.id AS trip_row_id, 1 AS sign FROM trip i JOIN source o ON o.id = i.source_id
WHERE o.name = :source AND i.trip_id = :trip_id
"""


def file_of(connection: Connection, batch: int) -> dict[str, object]:
    """A batch's file with its hash, its source's profile, and where the original is.

    On a server a unit learns which file it was, and not what else was in it.
    """
    if own_role(connection) == UNIT:
        seen = connection.execute(text(_FILES_OF_A_UNIT), {"batch": batch}).one()
        name, sha256 = named_file(seen.evidence or "")
        unseen = dict.fromkeys(("profile_version", "profile_sha256", "registered_by"))
        return {**unseen, **seen._asdict(), "file": name, "file_sha256": sha256, "outside": {}}
    file = connection.execute(text(_FILES), {"batch": batch}).one()._asdict()
    return file | {"outside": json.loads(file["outside"] or "{}")}


def named_file(reference: str) -> tuple[str, str | None]:
    """The file that a voucher's evidence names, and its SHA-256; a reference that was given instead stands for it."""
    name, _, sha256 = reference.partition(" sha256:")
    return name, sha256 or None


def _of_charge(connection: Connection) -> str:
    return _OF_CHARGE_OF_A_UNIT if own_role(connection) == UNIT else _OF_CHARGE


def count_of_charge(connection: Connection, charge: int) -> int:
    """How many trips a charge line is the sum of."""
    return int(
        connection.execute(text(f"SELECT count(*) FROM ({_of_charge(connection)}) e"), {"charge": charge}).scalar_one()
    )


def trips_of_charge(connection: Connection, charge: int, most: int | None = None) -> list[dict[str, object]]:
    """The trips of a charge line in the order in which they were written; the first `most` of them.

    `sign` is −1 for a trip that it takes back, and `charged_g` what it adds to the line.
    """
    statement = _TRIPS.format(effects=_of_charge(connection)) + ("" if most is None else " LIMIT :most")
    values = {"charge": charge} | ({} if most is None else {"most": most})
    return list(_with_cells(connection, connection.execute(text(statement), values)))


def trips_of_id(connection: Connection, source: str, trip_id: str) -> list[dict[str, object]]:
    """Every revision of the trip with this id, the oldest first."""
    rows = connection.execute(text(_TRIPS.format(effects=_OF_ID)), {"source": source, "trip_id": trip_id})
    return list(_with_cells(connection, rows))


def _with_cells(connection: Connection, rows: Any) -> Iterator[dict[str, object]]:
    first, last, kept = 0, -1, []
    has_pages = own_role(connection) != UNIT  # they hold the rows of every unit
    for row in rows.all():
        if has_pages and not first <= row.id <= last:
            page = connection.execute(
                text(
                    "SELECT first_trip_id, last_trip_id, content FROM batch_page WHERE first_trip_id <= :id"
                    " ORDER BY first_trip_id DESC LIMIT 1"
                ),
                {"id": row.id},
            ).one()
            first, last, kept = page.first_trip_id, page.last_trip_id, columns_of(page.content)[len(FIELDS) :]
        cells = {column[0]: column[row.id - first + 1].replace(LINE_BREAK, "\n") for column in kept}
        yield _trip(row, cells)


def _trip(row: Any, cells: Mapping[str, str]) -> dict[str, object]:
    tier = TIERS[row.tier - 1]
    per = row.per or ("kg" if tier == "stated" else "km")
    factor = None
    if row.factor is not None:
        factor = {
            "factor_set": row.factor_set,
            "factor_set_sha256": row.factor_set_sha256,
            "factor": row.factor,
            "g_per_unit": row.g_per_unit,
            "unit": row.per,
            "source": row.factor_source,
            "confidence": row.confidence,
        }
    return {
        "source": row.source,
        "trip_id": row.trip_id,
        "revision": row.revision,
        "row": row.row,
        "trip_on": row.trip_on,
        "tier": tier,
        "quantity": row.quantity,
        "quantity_unit": per,
        "factor": factor,
        "co2_g": row.co2_g,
        "sign": row.sign,
        "charged_g": row.sign * row.co2_g,
        "co2_under_500_km_g": row.co2_under_500_km_g,
        "cost_centre": row.cost_centre,
        "project": row.project,
        "cells": dict(cells),
    }


TRIP_COLUMNS = (
    Column("trip_id", N_("Trip")),
    Column("row", N_("Row")),
    Column("trip_on", N_("Date")),
    Column("category_title", N_("Category"), gives_way=3),
    Column("amount", N_("Quantity")),
    Column("factor_shown", N_("Factor"), gives_way=2),
    Column("charged_g", N_("kg CO2"), WEIGHT),
)
TRIP_CSV_KEYS = (
    *("source", "trip_id", "revision", "file", "row", "trip_on", "category", "tier", "quantity", "quantity_unit"),
    *("factor_set", "factor", "g_per_unit", "co2_g", "charged_g", "cost_centre", "project"),
)


def trip_row(trip: Mapping[str, Any], *, category: str, file: str) -> dict[str, object]:
    """A trip as a row of a table or of CSV."""
    factor = trip["factor"] or {}
    return {
        **{key: value for key, value in trip.items() if key != "factor"},
        **{key: factor.get(key) for key in ("factor_set", "factor", "g_per_unit")},
        "file": file,
        "category": category,
        "category_title": title(category),
        "amount": f"{trip['quantity']} {title(trip['quantity_unit'])}",
        "factor_shown": factor_words(trip),
    }


def factor_words(trip: Mapping[str, Any]) -> str:
    """The factor in a few words: `2 360 g/litre (bensin)`; for stated CO2 that it is stated."""
    factor = trip["factor"]
    if factor is None:
        return translate(N_("stated by the supplier"))
    return f"{factor['g_per_unit']} g/{title(factor['unit'])} ({factor['factor']})"


def fee_words(co2_g: int, rate_ore_per_kg: int, amount_ore: int) -> str:
    """How a fee was computed: `120,5 kg × 1,50 kr/kg = 180,75 kr`."""
    return translate(
        N_("{weight} kg × {rate} kr/kg = {amount} kr"),
        weight=formats.kg(co2_g),
        rate=formats.kronor(rate_ore_per_kg),
        amount=formats.kronor(amount_ore),
    )


def file_words(file: Mapping[str, object]) -> str:
    """A file with its hash and profile, and what in it was not charged and why."""
    outside: Any = file["outside"]
    reasons = (f"; {translate(N_('Outside the scheme'))}: {reason}: {count}" for reason, count in outside.items())
    if file["profile_version"] is None:  # as a unit sees it
        return translate(N_("{file}, source {source}"), file=file["file"], source=file["source"])
    words = translate(
        N_("{file}, SHA-256 {sha256}, source {source} with profile version {version}"),
        file=file["file"],
        sha256=file["file_sha256"],
        source=file["source"],
        version=file["profile_version"],
    )
    return words + "".join(reasons)
