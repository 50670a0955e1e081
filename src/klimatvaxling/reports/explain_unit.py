"""A unit's own funds explained, lot by lot: where each krona came from and where it went; and its debts."""

import datetime
from typing import Any

from sqlalchemy import Connection, text

from klimatvaxling import formats
from klimatvaxling.language import N_, translate
from klimatvaxling.lots.retention import Retention
from klimatvaxling.policies.register import all_values
from klimatvaxling.reports.report import AMOUNT, Column, Report
from klimatvaxling.units.register import require_unit

# Own funds, and what the shared fund holds of the unit's lots: a line for each voucher that moved a lot.
_MOVED = """
SELECT p.lot_id, l.lot_on, o.code AS lot, v.code AS voucher, v.booked_on, v.event, v.description AS text,
  m.title AS measure, c.code AS corrects,
  coalesce(-sum(CASE WHEN p.account = 'own_funds' THEN p.amount_ore END), 0) AS amount_ore,
  coalesce(-sum(CASE WHEN p.account = 'fund_available' THEN p.amount_ore END), 0) AS fund_ore
FROM posting p JOIN voucher v ON v.id = p.voucher_id LEFT JOIN lot l ON l.voucher_id = p.lot_id
  LEFT JOIN voucher o ON o.id = p.lot_id LEFT JOIN measure m ON m.voucher_id = coalesce(v.corrects_id, v.id)
  LEFT JOIN voucher c ON c.id = v.corrects_id
WHERE p.unit_id = :unit AND (p.account = 'own_funds' OR p.account = 'fund_available' AND p.lot_id IS NOT NULL)
  AND v.booked_on <= :as_of AND v.registered_at <= :known_at
GROUP BY p.lot_id, l.lot_on, o.code, v.id, v.code, v.booked_on, v.event, v.description, m.title, c.code
ORDER BY l.lot_on, p.lot_id, v.booked_on, v.id
"""
_NO_LOT = 0


def explain_unit(connection: Connection, code: str, as_of: datetime.date, known_at: str) -> Report:
    """Every lot of a unit with its movements, and its debt with its. Raises `UnknownUnit`."""
    unit = require_unit(connection, code, as_of, known_at=known_at)
    retention = Retention(all_values(connection, known_at=known_at))
    grouped: dict[int, list[Any]] = {}
    for row in connection.execute(
        text(_MOVED), {"unit": unit.id, "as_of": as_of.isoformat(), "known_at": known_at}
    ).all():
        grouped.setdefault(row.lot_id or _NO_LOT, []).append(row)
    debt = _debt(grouped.pop(_NO_LOT, []))
    lots = [_lot(rows, retention) for rows in grouped.values()]
    left = sum(lot["left_ore"] for lot in lots)
    document = {
        "unit": unit.code,
        "name": unit.name,
        "as_of": as_of.isoformat(),
        "lots": lots,
        "debt": debt,
        "left_ore": left,
        "owed_ore": debt["owed_ore"],
        "own_funds_ore": left - debt["owed_ore"],
    }
    return Report(
        title=translate(N_("Every krona of {unit} {name} on {day}"), unit=unit.code, name=unit.name, day=as_of),
        columns=(
            Column("lot", N_("Lot")),
            Column("booked_on", N_("Booked")),
            Column("voucher", N_("Voucher")),
            Column("what", N_("What"), gives_way=1),
            Column("amount_ore", N_("In and out"), AMOUNT),
            Column("left_ore", N_("Left"), AMOUNT),
            Column("fund_ore", N_("The fund"), AMOUNT, gives_way=2),
        ),
        rows=[*(row for lot in lots for row in _rows(lot)), *_rows({"lot": None, "lot_on": None, **debt})],
        document=document,
        notes=_notes(document),
        csv_keys=(
            *("lot", "lot_on", "last_day_on", "booked_on", "voucher", "event", "movement", "amount_ore", "left_ore"),
            *("fund_ore", "in_the_fund_ore"),
        ),
        when_empty=translate(N_("Nothing is posted for {unit} yet."), unit=unit.code),
    )


def _lot(rows: list[Any], retention: Retention) -> dict[str, Any]:
    """A lot: opened by its voucher, used, swept, given back, corrected or moved by others."""
    first, movements = rows[0], _movements(rows)
    return {
        "lot": first.lot,
        "lot_on": first.lot_on,
        "last_day_on": retention.last_day(first.lot_on),
        "opened_ore": sum(row.amount_ore for row in rows if row.voucher == row.lot),
        "left_ore": movements[-1]["left_ore"],
        "in_the_fund_ore": movements[-1]["in_the_fund_ore"],
        "movements": movements,
    }


def _debt(rows: list[Any]) -> dict[str, Any]:
    """What the unit owes: what no lot could pay, and what filled it since."""
    return {"owed_ore": -sum(row.amount_ore for row in rows), "movements": _movements(rows)}


def _movements(rows: list[Any]) -> list[dict[str, Any]]:
    left = in_the_fund = 0
    movements = []
    for row in rows:
        left += row.amount_ore
        in_the_fund += row.fund_ore
        movements.append(
            {
                "booked_on": row.booked_on,
                "voucher": row.voucher,
                "event": row.event,
                "movement": _kind(row),
                "text": row.text,
                "measure": row.measure,
                "corrects": row.corrects,
                "amount_ore": row.amount_ore,
                "left_ore": left,
                "fund_ore": row.fund_ore,
                "in_the_fund_ore": in_the_fund,
            }
        )
    return movements


def _kind(row: Any) -> str:
    """What a movement is, for programs: `opened`, `used`, `swept`, `moved`, `corrected`, `put_back`, `debt`, …"""
    is_in = row.amount_ore > 0
    if row.lot_id is None:
        return "debt_filled" if is_in else "debt"
    if row.voucher == row.lot:
        return "opened"
    if row.event in ("merge", "transfer"):
        return "moved"
    if row.amount_ore == 0:
        return "fund_received" if row.fund_ore > 0 else "fund_gave_back"
    if is_in:
        return "put_back"
    return {"measure": "used", "sweep": "swept"}.get(row.event, "corrected")


_KINDS = {
    "opened": N_("Opened: {text}"),
    "used": N_("Used: {text}"),
    "swept": N_("To the shared fund"),
    "moved": N_("Moved: {text}"),
    "put_back": N_("Put back: {text}"),
    "corrected": N_("Corrected: {text}"),
    "fund_received": N_("The fund received"),
    "fund_gave_back": N_("The fund gave back"),
    "debt": N_("Debt: {text}"),
    "debt_filled": N_("Debt filled: {text}"),
}


def _rows(lot: dict[str, Any]) -> list[dict[str, object]]:
    of_lot = {key: lot.get(key) for key in ("lot", "lot_on", "last_day_on")}
    return [
        {
            **movement,
            **of_lot,
            "what": translate(_KINDS[movement["movement"]], text=movement["measure"] or movement["text"]),
        }
        for movement in lot["movements"]
    ]


def _notes(document: dict[str, Any]) -> list[str]:
    notes = [translate(N_("Amounts in kronor. The fund: what the shared fund got from the lot, or gave back."))]
    for lot in document["lots"]:
        facts = translate(
            N_("{lot}: {left} kr left, to be used by {day} at the latest"),
            lot=lot["lot"],
            left=formats.kronor(lot["left_ore"]),
            day=lot["last_day_on"],
        )
        if lot["left_ore"]:
            notes.append(facts)
    if document["owed_ore"]:
        amount = formats.kronor(document["owed_ore"])
        notes.append(translate(N_("The debt of {amount} kr is filled by the next fees."), amount=amount))
    notes.append(translate(N_("Own funds: {amount} kr"), amount=formats.kronor(document["own_funds_ore"])))
    return notes
