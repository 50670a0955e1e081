"""The annual accounts (bokslut): what each unit, lot, the fund and each grant began the year with, moved and ended with.

Every line adds up: opening + in − out = closing. The counterpart reconciliation shows what any two have booked against
each other on internal accounts in the municipality's own plan; between each two it must come to nothing.
"""

import datetime
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, text

from klimatvaxling.coding.vouchers import Desk, Span, booked
from klimatvaxling.errors import StateRefused
from klimatvaxling.handovers.files import invoices
from klimatvaxling.language import N_, translate
from klimatvaxling.ledger.voucher import ADMINISTRATIONS
from klimatvaxling.lots.retention import Retention
from klimatvaxling.policies.register import all_values
from klimatvaxling.reports.report import AMOUNT, Column, Report
from klimatvaxling.units.register import directory
from klimatvaxling.units.unit import COMPANY

# Own funds by unit and lot; a debt has no lot. What is left counts as positive.
_OWN_FUNDS = """
SELECT p.unit_id, p.lot_id, o.code AS lot, l.lot_on, v.event, r.event AS reversed_event, v.booked_on < :first AS is_before,
  -sum(p.amount_ore) AS amount_ore
FROM posting p JOIN voucher v ON v.id = p.voucher_id
  LEFT JOIN voucher r ON r.id = v.corrects_id AND v.event = 'reversal'
  LEFT JOIN lot l ON l.voucher_id = p.lot_id LEFT JOIN voucher o ON o.id = p.lot_id
WHERE p.account = 'own_funds' AND v.booked_on <= :last AND v.registered_at <= :known_at
GROUP BY p.unit_id, p.lot_id, o.code, l.lot_on, v.event, r.event, v.booked_on < :first
ORDER BY l.lot_on, p.lot_id
"""
_FUND = """
SELECT p.account, v.event, r.event AS reversed_event, v.booked_on < :first AS is_before, -sum(p.amount_ore) AS amount_ore
FROM posting p JOIN voucher v ON v.id = p.voucher_id
  LEFT JOIN voucher r ON r.id = v.corrects_id AND v.event = 'reversal'
WHERE p.account IN ('fund_available', 'fund_committed') AND v.booked_on <= :last AND v.registered_at <= :known_at
GROUP BY p.account, v.event, r.event, v.booked_on < :first
"""
_RESERVATIONS = """
SELECT v.application_id, a.title, u.code AS unit, v.event, v.booked_on < :first AS is_before,
  -sum(p.amount_ore) AS amount_ore
FROM posting p JOIN voucher v ON v.id = p.voucher_id JOIN application a ON a.id = v.application_id
  JOIN unit u ON u.id = a.unit_id
WHERE p.account = 'fund_committed' AND v.booked_on <= :last AND v.registered_at <= :known_at
GROUP BY v.application_id, a.title, u.code, v.event, v.booked_on < :first ORDER BY v.application_id
"""
# What moved own funds, or the fund, by event; a reversal moves what it takes back.
_MOVEMENTS = {
    "opening": "loaded_ore",
    "charge": "charged_ore",
    "amendment": "corrected_ore",
    "undo": "corrected_ore",
    "measure": "spent_ore",
    "sweep": "swept_ore",
    "merge": "moved_ore",
    "transfer": "moved_ore",
    "appropriation": "appropriated_ore",
    "appropriation_returned": "appropriated_ore",
    "grant_approved": "reserved_ore",
    "grant_released": "reserved_ore",
    "grant_paid": "paid_out_ore",
    "grant_returned": "returned_ore",
}
_OF_UNITS = ("loaded_ore", "charged_ore", "corrected_ore", "spent_ore", "swept_ore", "moved_ore", "other_ore")
_OF_THE_FUND = (
    *("loaded_ore", "swept_ore", "corrected_ore", "appropriated_ore", "reserved_ore", "paid_out_ore"),
    *("returned_ore", "other_ore"),
)
_TITLES = {
    "loaded_ore": N_("Opening amounts loaded"),
    "charged_ore": N_("Fees"),
    "corrected_ore": N_("Corrections of fees"),
    "spent_ore": N_("Measures"),
    "swept_ore": N_("Swept to the fund"),
    "moved_ore": N_("Moved between units"),
    "appropriated_ore": N_("Appropriated from the budget"),
    "reserved_ore": N_("Reserved for grants"),
    "paid_out_ore": N_("Grants paid"),
    "returned_ore": N_("Grants returned"),
    "other_ore": N_("Other"),
}
_SECTIONS = {
    "unit": N_("Own funds by unit"),
    "lot": N_("Lots"),
    "fund": N_("Shared fund"),
    "reservation": N_("Reservations"),
    "counterpart": N_("Counterparts"),
    "invoice": N_("Invoiced companies"),
}
_KEYS = ("opening_ore", "in_ore", "out_ore", "closing_ore")


def closing(connection: Connection, year: int, as_of: datetime.date, known_at: str) -> Report:
    """The accounts of a year, up to `as_of` if that is earlier than its end."""
    last = min(as_of, datetime.date(year, 12, 31))
    span = {"first": f"{year}-01-01", "last": last.isoformat(), "known_at": known_at}
    known = directory(connection, known_at=known_at)
    codes = {unit.id: unit.code for unit in (*known.newest(), *known.on(last))}
    lots = _lots(connection, span, codes)
    units = _units(lots)
    document: dict[str, Any] = {
        "year": year,
        "as_of": last.isoformat(),
        "units": units,
        "lots": lots,
        "fund": _fund(connection, span),
        "reservations": _reservations(connection, span),
        **_counterparts(connection, span),
        "invoices": _invoiced(connection, span),
        "is_reconciled": True,
    }
    document["is_reconciled"] = not any(pair["difference_ore"] for pair in document["counterparts"])
    rows = _rows(document)
    return Report(
        title=translate(N_("Annual accounts {year}, up to {day}"), year=year, day=last),
        columns=(),
        rows=rows,
        document=document,
        notes=(translate(N_("Amounts in kronor.")), *_notes(document)),
        csv_keys=("section", "unit", "item", *_KEYS),
        sections=_sections(rows),
        when_empty=translate(N_("Nothing is posted yet.")),
    )


def _movement(row: Any, possible: Iterable[str]) -> str:
    """The key of what an event moved."""
    event = getattr(row, "reversed_event", None) or row.event
    found = _MOVEMENTS.get(event, "other_ore")
    return found if found in possible else "other_ore"


def _add(line: dict[str, Any], row: Any, possible: tuple[str, ...]) -> None:
    """Add a sum to the opening amount or to the year's movements, and to the closing amount."""
    line["opening_ore" if row.is_before else _movement(row, possible)] += row.amount_ore
    line["closing_ore"] += row.amount_ore


def _blank(possible: tuple[str, ...]) -> dict[str, int]:
    return {"opening_ore": 0, **dict.fromkeys(possible, 0), "closing_ore": 0}


def _lots(connection: Connection, span: Mapping[str, str], codes: Mapping[int, str]) -> list[dict[str, Any]]:
    """Each unit's lots, oldest first, and its debt; those that were empty all year are left out."""
    retention = Retention(all_values(connection, known_at=span["known_at"]))
    lines: dict[tuple[str, str, int], dict[str, Any]] = {}
    for row in connection.execute(text(_OWN_FUNDS), span):
        last_day = retention.last_day(row.lot_on) if row.lot_on else None
        line = lines.setdefault(
            (codes[row.unit_id], row.lot_on or "9999", row.lot_id or 0),
            {
                "unit": codes[row.unit_id],
                "lot": row.lot,
                "lot_on": row.lot_on,
                "last_day_on": last_day,
                **_blank(_OF_UNITS),
            },
        )
        _add(line, row, _OF_UNITS)
    kept = [line for _, line in sorted(lines.items(), key=lambda each: each[0])]
    return [line for line in kept if any(line[key] for key in ("opening_ore", *_OF_UNITS, "closing_ore"))]


def _units(lots: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The same by unit."""
    units: dict[str, dict[str, Any]] = {}
    for lot in lots:
        unit = units.setdefault(lot["unit"], {"unit": lot["unit"], **_blank(_OF_UNITS)})
        for key in ("opening_ore", *_OF_UNITS, "closing_ore"):
            unit[key] += lot[key]
    return list(units.values())


def _fund(connection: Connection, span: Mapping[str, str]) -> dict[str, dict[str, int]]:
    """What is available and what is reserved."""
    parts = {"fund_available": _blank(_OF_THE_FUND), "fund_committed": _blank(_OF_THE_FUND)}
    for row in connection.execute(text(_FUND), span):
        _add(parts[row.account], row, _OF_THE_FUND)
    available, committed = parts.values()
    return {
        "available": available,
        "committed": committed,
        "total": {key: available[key] + committed[key] for key in available},
    }


def _reservations(connection: Connection, span: Mapping[str, str]) -> list[dict[str, Any]]:
    """What is reserved for each grant: approved, paid and released within the year."""
    keys = {"grant_approved": "approved_ore", "grant_paid": "paid_ore", "grant_released": "released_ore"}
    grants: dict[int, dict[str, Any]] = {}
    for row in connection.execute(text(_RESERVATIONS), span):
        grant = grants.setdefault(
            row.application_id,
            {
                "grant": row.application_id,
                "unit": row.unit,
                "title": row.title,
                **_blank((*keys.values(), "other_ore")),
            },
        )
        grant["opening_ore" if row.is_before else keys.get(row.event, "other_ore")] += row.amount_ore
        grant["closing_ore"] += row.amount_ore
    return [grant for grant in grants.values() if any(value for key, value in grant.items() if key.endswith("_ore"))]


def _counterparts(connection: Connection, span: Mapping[str, str]) -> dict[str, Any]:
    """What any two booked against each other on internal accounts, by the plan; and the vouchers no plan codes."""
    desk = Desk.of(connection, span["known_at"])
    sums: dict[tuple[str, str], int] = {}
    uncoded = []
    wanted = Span(ADMINISTRATIONS, span["first"], span["last"], span["known_at"])
    for voucher in booked(connection, wanted, with_shares=False):
        try:
            plan, lines = desk.plan_for(voucher), desk.entry(voucher)
        except StateRefused:
            uncoded.append(voucher.code)
            continue
        for line in lines:
            if plan.accounts[line.account].internal:
                pair = (line.owner, line.counterpart)
                sums[pair] = sums.get(pair, 0) + line.amount_ore
    pairs = []
    for one, other in sorted({(min(pair), max(pair)) for pair in sums}):
        booked_ore = sums.get((one, other), 0)
        mirrored_ore = sums.get((other, one), 0) if one != other else 0
        pairs.append(
            {
                "owner": one,
                "counterpart": other,
                "amount_ore": booked_ore,
                "mirrored_ore": mirrored_ore,
                "difference_ore": booked_ore + mirrored_ore,
            }
        )
    return {"counterparts": pairs, "uncoded_vouchers": uncoded}


def _invoiced(connection: Connection, span: Mapping[str, str]) -> list[dict[str, Any]]:
    """What each company was to be invoiced within the year."""
    sums: dict[str, int] = {}
    for row in invoices(connection, Span("", span["first"], span["last"], span["known_at"])):
        sums[row.unit] = sums.get(row.unit, 0) + row.amount_ore
    return [{"unit": unit, "kind": COMPANY, "amount_ore": amount_ore} for unit, amount_ore in sums.items()]


def _rows(document: Mapping[str, Any]) -> list[dict[str, object]]:
    """All parts as lines of one table."""
    rows: list[dict[str, object]] = [_line("unit", unit, unit["unit"], None, _OF_UNITS) for unit in document["units"]]
    if len(document["units"]) > 1:
        total = {key: sum(unit[key] for unit in document["units"]) for key in _blank(_OF_UNITS)}
        rows.append(_line("unit", total, None, "total", _OF_UNITS, translate(N_("Altogether"))))
    for lot in document["lots"]:
        title = translate(N_("debt")) if lot["lot"] is None else f"{lot['lot']} {lot['lot_on']}"
        rows.append(_line("lot", lot, lot["unit"], lot["lot"] or "debt", _OF_UNITS, title))
    for item, heading in (("available", N_("Available")), ("committed", N_("Reserved")), ("total", N_("Altogether"))):
        part = document["fund"][item]
        if any(part.values()):
            rows.append(_line("fund", part, None, item, _OF_THE_FUND, translate(heading)))
        if item == "total":
            rows += [_movement_line(key, part[key]) for key in _OF_THE_FUND if part[key]]
    for grant in document["reservations"]:
        keys = tuple(key for key in grant if key.endswith("_ore") and key not in ("opening_ore", "closing_ore"))
        rows.append(_line("reservation", grant, grant["unit"], str(grant["grant"]), keys, grant["title"]))
    for pair in document["counterparts"]:
        item = f"{pair['owner']}-{pair['counterpart']}"
        rows.append(
            _row("counterpart", None, item, item)
            | {
                "in_ore": max(pair["amount_ore"], pair["mirrored_ore"], 0),
                "out_ore": max(-pair["amount_ore"], -pair["mirrored_ore"], 0),
                "closing_ore": pair["difference_ore"],
            }
        )
    for company in document["invoices"]:
        rows.append(_row("invoice", company["unit"], None, "") | {"in_ore": company["amount_ore"]})
    return rows


def _sections(rows: list[dict[str, object]]) -> tuple[Report, ...]:
    """A table for each part: whose it is, what it is, and the amounts it has."""
    amounts = (
        Column("opening_ore", N_("Brought forward"), AMOUNT, gives_way=1),
        Column("in_ore", N_("In"), AMOUNT),
        Column("out_ore", N_("Out"), AMOUNT),
        Column("closing_ore", N_("Carried forward"), AMOUNT),
    )
    tables = []
    for section, heading in _SECTIONS.items():
        lines = [
            {**row, "what": row["unit"] or row["item_title"], "about": row["item_title"] if row["unit"] else ""}
            for row in rows
            if row["section"] == section
        ]
        has_text = any(line["about"] for line in lines)
        about = Column("about", N_("Lot") if section == "lot" else N_("Text"))
        columns = (
            Column("what", N_("Unit") if lines and lines[0]["unit"] else N_("What")),
            *((about,) if has_text else ()),
            *(column for column in amounts if any(line.get(column.key) is not None for line in lines)),
        )
        if lines:
            tables.append(Report(title=translate(heading), columns=columns, rows=lines, document={}))
    return tuple(tables)


def _row(section: str, unit: str | None, item: str | None, title: str) -> dict[str, object]:
    return {
        "section": section,
        "unit": unit,
        "item": item,
        "item_title": title,
    }


def _line(
    section: str,
    sums: Mapping[str, Any],
    unit: str | None,
    item: str | None,
    keys: tuple[str, ...],
    title: str = "",
) -> dict[str, object]:
    return _row(section, unit, item, title) | {
        "opening_ore": sums["opening_ore"],
        "in_ore": sum(max(sums[key], 0) for key in keys),
        "out_ore": sum(max(-sums[key], 0) for key in keys),
        "closing_ore": sums["closing_ore"],
    }


def _movement_line(key: str, amount_ore: int) -> dict[str, object]:
    amounts = {"in_ore": max(amount_ore, 0) or None, "out_ore": max(-amount_ore, 0) or None}
    return _row("fund", None, key.removesuffix("_ore"), translate(_TITLES[key])) | amounts


def _notes(document: Mapping[str, Any]) -> list[str]:
    """Whether the counterparts are reconciled, and what could not be asked."""
    notes = []
    uncoded = document["uncoded_vouchers"]
    if document["counterparts"]:
        reconciled = N_("Counterparts are reconciled: between each two the internal accounts come to nothing.")
        broken = N_("Counterparts are not reconciled. Run klimatvaxling check.")
        notes.append(translate(reconciled if document["is_reconciled"] else broken))
    if uncoded:
        notes.append(
            translate(
                N_("Vouchers that no coding plan covers, left out of the counterpart reconciliation: {count}."),
                count=len(uncoded),
            )
        )
    return notes
