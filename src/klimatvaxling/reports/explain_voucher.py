"""A voucher explained: from each line to its evidence.

A charge goes to its trips, their rows and file, quantity, factor and rate; what moved own funds goes to the vouchers that
opened the lots; a measure or grant to what was decided.
"""

from typing import Any

from sqlalchemy import Connection, text

from klimatvaxling import formats
from klimatvaxling.corrections.register import UnknownVoucher
from klimatvaxling.language import N_, translate, translate_plural
from klimatvaxling.ledger.accounts import TITLES
from klimatvaxling.reports import evidence
from klimatvaxling.reports.report import AMOUNT, WEIGHT, Column, Report
from klimatvaxling.reports.titles import title

_VOUCHER = """
SELECT v.id, v.code AS voucher, v.booked_on, v.registered_at, v.event, v.description AS text, v.made_by, v.evidence,
  v.batch_id AS batch, v.application_id AS "grant", c.code AS corrects, b.code AS corrected_by, v.hash
FROM voucher v LEFT JOIN voucher c ON c.id = v.corrects_id
  LEFT JOIN voucher b ON b.corrects_id = v.id AND b.booked_on <= :as_of AND b.registered_at <= :known_at
WHERE v.code = :code AND v.booked_on <= :as_of AND v.registered_at <= :known_at
"""
_LINES = """
SELECT p.line, p.account, u.code AS unit, l.code AS lot, o.lot_on, p.amount_ore, p.co2_g, p.charge_id, c.category,
  r.value AS rate, r.valid_from AS rate_from, r.decision AS rate_decision
FROM posting p LEFT JOIN unit u ON u.id = p.unit_id LEFT JOIN voucher l ON l.id = p.lot_id
  LEFT JOIN lot o ON o.voucher_id = p.lot_id LEFT JOIN charge c ON c.id = p.charge_id
  LEFT JOIN policy r ON r.id = c.rate_id
WHERE p.voucher_id = :id ORDER BY p.line
"""
_LATER = """
SELECT v.code AS voucher, v.booked_on, v.event, -sum(p.amount_ore) AS amount_ore
FROM posting p JOIN voucher v ON v.id = p.voucher_id
WHERE p.lot_id = :id AND p.account = 'own_funds' AND v.id <> :id AND v.booked_on <= :as_of
  AND v.registered_at <= :known_at
GROUP BY v.id, v.code, v.booked_on, v.event ORDER BY v.booked_on, v.id
"""
_MEASURE = "SELECT title, focus_area, co2_reduction_g, reference FROM measure WHERE voucher_id = :id"
_GRANT = """
SELECT a.id AS "grant", u.code AS unit, a.title, a.requested_ore, a.registration_number, a.applied_on
FROM application a JOIN unit u ON u.id = a.unit_id WHERE a.id = :id
"""
_MOST_LATER = 10
_STEPS = """
SELECT state, stepped_on, amount_ore, decision, reason FROM grant_step
WHERE application_id = :id AND stepped_on <= :day AND registered_at <= :known_at ORDER BY number
"""


def explain_voucher(
    connection: Connection, code: str, as_of: str, known_at: str, *, most_trips: int | None = None
) -> Report:
    """Where a voucher's figures come from; with the first `most_trips` of its trips. Raises `UnknownVoucher`."""
    moment = {"as_of": as_of, "known_at": known_at}
    found = connection.execute(text(_VOUCHER), {"code": code.strip().upper(), **moment}).one_or_none()
    if found is None:
        raise UnknownVoucher(voucher=code)
    document = found._asdict()
    key, batch = document.pop("id"), document["batch"]
    document["file"] = evidence.file_of(connection, batch) if batch is not None else None
    document["lines"] = [
        _line(connection, row, most_trips) for row in connection.execute(text(_LINES), {"id": key}).all()
    ]
    # And on from it: what its lot was used for since.
    document["lot_movements"] = [row._asdict() for row in connection.execute(text(_LATER), {"id": key, **moment})]
    measure = connection.execute(text(_MEASURE), {"id": key}).one_or_none()
    document["measure"] = measure._asdict() if measure is not None else None
    document["grant"] = _grant(connection, document["grant"], moment) if document["grant"] is not None else None
    charged = [line for line in document["lines"] if line["charge"] is not None]
    return _charge_report(document, charged, most_trips) if charged else _movement_report(document)


def _line(connection: Connection, row: Any, most: int | None) -> dict[str, object]:
    line = {key: getattr(row, key) for key in ("line", "account", "unit", "lot", "lot_on", "amount_ore", "co2_g")}
    charge = None
    if row.charge_id is not None:
        charge = {
            "category": row.category,
            "rate_ore_per_kg": int(row.rate),
            "rate_from_on": row.rate_from,
            "rate_decision": row.rate_decision,
            "trip_count": evidence.count_of_charge(connection, row.charge_id),
            "trips": evidence.trips_of_charge(connection, row.charge_id, most),
        }
    return {**line, "charge": charge}


def _grant(connection: Connection, key: int, moment: dict[str, str]) -> dict[str, object]:
    steps = connection.execute(text(_STEPS), {"id": key, "day": moment["as_of"], "known_at": moment["known_at"]})
    grant = connection.execute(text(_GRANT), {"id": key}).one()._asdict()
    return {**grant, "steps": [step._asdict() for step in steps]}


def _charge_report(document: dict[str, Any], charged: list[dict[str, Any]], most: int | None) -> Report:
    file = document["file"]
    rows = [
        evidence.trip_row(trip, category=line["charge"]["category"], file=file["file"])
        for line in charged
        for trip in line["charge"]["trips"]
    ]
    count = sum(line["charge"]["trip_count"] for line in charged)
    shown = rows if most is None else rows[:most]
    notes = [*_heading(document), f"{translate(N_('File'))}: {evidence.file_words(file)}"]
    notes += [_charge_words(line) for line in charged]
    notes += [*_movement_words(document), *_later_words(document)]
    if len(shown) < count:
        notes.append(
            translate(
                N_("{shown} of {count} trips are shown; --format json has all of them."),
                shown=formats.number(len(shown)),
                count=formats.number(count),
            )
        )
    return Report(
        title=translate(N_("Where {voucher} comes from"), voucher=document["voucher"]),
        columns=evidence.TRIP_COLUMNS,
        rows=shown,
        document=document,
        notes=notes,
        csv_keys=evidence.TRIP_CSV_KEYS,
    )


def _charge_words(line: dict[str, Any]) -> str:
    """A charge line: what was travelled, how the fee was computed, and who decided the rate."""
    charge = line["charge"]
    return translate(
        N_("{unit}, {category}: {fee} ({trips}; rate from {day}, {decision})"),
        unit=line["unit"],
        category=title(charge["category"]),
        fee=evidence.fee_words(line["co2_g"], charge["rate_ore_per_kg"], line["amount_ore"]),
        trips=translate_plural(N_("{count} trip"), N_("{count} trips"), charge["trip_count"]),
        day=charge["rate_from_on"],
        decision=charge["rate_decision"],
    )


def _heading(document: dict[str, Any]) -> list[str]:
    facts = (
        (N_("Text"), document["text"]),
        (N_("Booked"), document["booked_on"]),
        (N_("Registered"), f"{document['registered_at']} {document['made_by']}"),
        (N_("Evidence"), document["evidence"]),
        (N_("Corrects"), document["corrects"]),
        (N_("Corrected by"), document["corrected_by"]),
    )
    return [f"{translate(name)}: {value}" for name, value in facts if value]


def _movement_words(document: dict[str, Any]) -> list[str]:
    """The lines that are no charge: what they moved, and the lot."""
    words = []
    for line in document["lines"]:
        if line["charge"] is not None:
            continue
        lot = translate(N_("lot {lot} of {day}"), lot=line["lot"], day=line["lot_on"]) if line["lot"] else ""
        of = ", ".join(part for part in (translate(TITLES[line["account"]]), line["unit"], lot) if part)
        words.append(f"{of}: {formats.kronor(line['amount_ore'])} kr")
    return words


def _later_words(document: dict[str, Any]) -> list[str]:
    """What the voucher's lot was used for since, voucher by voucher."""
    later = document["lot_movements"]
    words = [
        f"{row['voucher']} ({row['booked_on']}) {formats.kronor(row['amount_ore'])}" for row in later[:_MOST_LATER]
    ]
    if len(later) > _MOST_LATER:
        words.append("…")
    return [translate(N_("Its lot since then: {movements}"), movements=", ".join(words))] if words else []


def _movement_report(document: dict[str, Any]) -> Report:
    notes = [*_heading(document), *_later_words(document)]
    measure, grant = document["measure"], document["grant"]
    if measure is not None:
        parts = [measure["title"], title(measure["focus_area"]), measure["reference"]]
        if measure["co2_reduction_g"] is not None:
            parts.insert(2, f"{formats.kg(measure['co2_reduction_g'])} kg CO2")
        notes.append(f"{translate(N_('Measure'))}: {', '.join(part for part in parts if part)}")
    if grant is not None:
        parts = [f"{grant['grant']} {grant['title']}", grant["unit"], grant["registration_number"]]
        notes.append(f"{translate(N_('Grant'))}: {', '.join(part for part in parts if part)}")
        notes += [_step_words(step) for step in grant["steps"]]
    return Report(
        title=translate(N_("Where {voucher} comes from"), voucher=document["voucher"]),
        columns=(
            Column("account_title", N_("Account")),
            Column("unit", N_("Unit")),
            Column("lot", N_("Lot")),
            Column("lot_on", N_("Lot of"), gives_way=1),
            Column("co2_g", N_("kg CO2"), WEIGHT, gives_way=2),
            Column("amount_ore", N_("Amount"), AMOUNT),
        ),
        rows=[{**line, "account_title": translate(TITLES[line["account"]])} for line in document["lines"]],
        document=document,
        notes=notes,
        csv_keys=("line", "account", "unit", "lot", "lot_on", "co2_g", "amount_ore"),
    )


def _step_words(step: dict[str, Any]) -> str:
    amount = f"{formats.kronor(step['amount_ore'])} kr" if step["amount_ore"] is not None else ""
    words = (title(step["state"]), amount, step["decision"], step["reason"])
    return f"  {step['stepped_on']} {', '.join(part for part in words if part)}"
