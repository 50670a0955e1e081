"""A trip explained: from a supplier's row to the money it became, and back."""

from typing import Any

from sqlalchemy import Connection, text

from klimatvaxling import formats
from klimatvaxling.errors import InputRefused
from klimatvaxling.language import N_, translate
from klimatvaxling.reports import evidence
from klimatvaxling.reports.report import AMOUNT, NUMBER, WEIGHT, Column, Report
from klimatvaxling.reports.titles import title

_CHARGED = """
SELECT t.revision, c.id AS charge_id, c.batch_id, u.code AS unit, c.category, v.code AS voucher, v.booked_on, v.event,
  p.co2_g, p.amount_ore, r.value AS rate, r.valid_from AS rate_from, r.decision AS rate_decision
FROM trip t JOIN source s ON s.id = t.source_id JOIN charge c ON c.id = t.charge_id JOIN unit u ON u.id = c.unit_id
  JOIN policy r ON r.id = c.rate_id JOIN posting p ON p.charge_id = c.id JOIN voucher v ON v.id = p.voucher_id
WHERE s.name = :source AND t.trip_id = :trip_id AND v.booked_on <= :as_of AND v.registered_at <= :known_at
ORDER BY t.revision
"""
# What took the trip back since, or restored it.
_CORRECTED = """
SELECT t.revision, r.sign, v.code AS voucher, v.booked_on, v.event
FROM trip t JOIN source s ON s.id = t.source_id JOIN trip_reversal r ON r.trip_row_id = t.id
  JOIN posting p ON p.charge_id = r.charge_id JOIN voucher v ON v.id = p.voucher_id
WHERE s.name = :source AND t.trip_id = :trip_id AND v.booked_on <= :as_of AND v.registered_at <= :known_at
ORDER BY r.id
"""


class UnknownTrip(InputRefused):
    """No trip of that source and id."""

    code = "KV-TRIP-UNKNOWN"
    message = N_("There is no trip {trip} of the source {source}.")
    remedy = N_(
        "Write it as trip:SOURCE/TRIP_ID, as explain shows it for a voucher. A rejected row is in quarantine list."
    )


def explain_trip(connection: Connection, source: str, trip_id: str, as_of: str, known_at: str) -> Report:
    """Every revision of a trip with its evidence and what it was charged by. Raises `UnknownTrip`."""
    wanted = {"source": source, "trip_id": trip_id, "as_of": as_of, "known_at": known_at}
    charges = {row.revision: row for row in connection.execute(text(_CHARGED), wanted)}
    corrections: dict[int, list[dict[str, object]]] = {}
    for row in connection.execute(text(_CORRECTED), wanted):
        correction = row._asdict()
        corrections.setdefault(correction.pop("revision"), []).append(correction)
    revisions = [
        _revision(connection, trip, charges[revision], corrections.get(revision, []))
        for trip in evidence.trips_of_id(connection, source, trip_id)
        if (revision := int(str(trip["revision"]))) in charges
    ]
    if not revisions:
        raise UnknownTrip(source=source, trip=trip_id)
    rows = [{**item, **_shown(item)} for item in revisions]
    notes = [line for item in revisions for line in _words(item, several=len(revisions) > 1)]
    return Report(
        title=translate(N_("Trip {trip} of {source}"), trip=trip_id, source=source),
        columns=(
            Column("revision", N_("Revision"), NUMBER, gives_way=3),
            Column("trip_on", N_("Date")),
            Column("unit", N_("Unit")),
            Column("category_title", N_("Category"), gives_way=1),
            Column("amount", N_("Quantity")),
            Column("factor_shown", N_("Factor"), gives_way=2),
            Column("co2_g", N_("kg CO2"), WEIGHT),
            Column("voucher", N_("Voucher")),
            Column("line_ore", N_("Charge line"), AMOUNT, gives_way=2),
        ),
        rows=rows,
        document={"source": source, "trip_id": trip_id, "revisions": revisions},
        notes=notes,
        csv_keys=(*evidence.TRIP_CSV_KEYS, "unit", "voucher", "rate_ore_per_kg", "line_g", "line_ore"),
    )


def _revision(
    connection: Connection, trip: dict[str, Any], charged: Any, corrections: list[dict[str, object]]
) -> dict[str, Any]:
    return {
        **trip,
        "is_charged": 1 + sum(int(str(row["sign"])) for row in corrections) > 0,
        "corrections": corrections,
        "file": evidence.file_of(connection, charged.batch_id),
        "charge": {
            "voucher": charged.voucher,
            "event": charged.event,
            "booked_on": charged.booked_on,
            "unit": charged.unit,
            "category": charged.category,
            "rate_ore_per_kg": int(charged.rate),
            "rate_from_on": charged.rate_from,
            "rate_decision": charged.rate_decision,
            "co2_g": charged.co2_g,
            "amount_ore": charged.amount_ore,
            "trip_count": evidence.count_of_charge(connection, charged.charge_id),
        },
    }


def _shown(item: dict[str, Any]) -> dict[str, object]:
    charge = item["charge"]
    return {
        **evidence.trip_row(item, category=charge["category"], file=item["file"]["file"]),
        "unit": charge["unit"],
        "voucher": charge["voucher"],
        "rate_ore_per_kg": charge["rate_ore_per_kg"],
        "line_g": charge["co2_g"],
        "line_ore": charge["amount_ore"],
    }


def _words(item: dict[str, Any], *, several: bool) -> list[str]:
    charge, factor = item["charge"], item["factor"]
    lines = [translate(N_("Revision {revision}:"), revision=item["revision"])] if several else []
    lines.append(f"{translate(N_('File'))}: {evidence.file_words(item['file'])}")
    cells = "; ".join(f"{name} = {cell}" for name, cell in item["cells"].items() if cell.strip())
    if item["cells"]:
        lines.append(translate(N_("Row {row} as read: {cells}"), row=item["row"], cells=cells))
    if factor is not None:
        lines.append(
            translate(
                N_("Factor: {factor}, set {factor_set}, {confidence}; source: {source}"),
                factor=evidence.factor_words(item),
                factor_set=factor["factor_set"],
                confidence=title(factor["confidence"]),
                source=factor["source"],
            )
        )
    lines.append(
        translate(
            N_(
                "Charged by {voucher} on {day}, in a charge line of {trips} trips: {fee} (rate from {rate_day}, {decision})"
            ),
            voucher=charge["voucher"],
            day=charge["booked_on"],
            trips=formats.number(charge["trip_count"]),
            fee=evidence.fee_words(charge["co2_g"], charge["rate_ore_per_kg"], charge["amount_ore"]),
            rate_day=charge["rate_from_on"],
            decision=charge["rate_decision"],
        )
    )
    for row in item["corrections"]:
        words = N_("Taken back by {voucher} on {day}") if row["sign"] < 0 else N_("Restored by {voucher} on {day}")
        lines.append(translate(words, voucher=row["voucher"], day=row["booked_on"]))
    return lines
