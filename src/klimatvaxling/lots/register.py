"""Own funds in the books: lots, debts, and what the shared fund got from each lot."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, TextClause, bindparam, text

from klimatvaxling.ledger.accounts import OWN_FUNDS
from klimatvaxling.lots.lot import Lot, Movement
from klimatvaxling.lots.own_funds import OwnFunds

_MOVED = """
SELECT p.account, p.unit_id, p.lot_id, l.lot_on, v.booked_on, p.amount_ore FROM posting p
JOIN voucher v ON v.id = p.voucher_id LEFT JOIN lot l ON l.voucher_id = p.lot_id
WHERE {wanted} ORDER BY p.id
"""
# What the fund got from a lot counts for whoever has the lot now: it may have moved in a merger.
_OF_UNITS = """
p.account = 'own_funds' AND p.unit_id IN :units OR p.account = 'fund_available' AND p.lot_id IN
(SELECT lot_id FROM posting WHERE account = 'own_funds' AND unit_id IN :units)
"""
# Every unit that by now is a part of one of the units, and which.
_MERGED = """
WITH RECURSIVE part_of (unit_id, into_id) AS (
  SELECT unit_id, into_id FROM unit_merger WHERE into_id IN :units
  UNION SELECT m.unit_id, p.into_id FROM unit_merger m JOIN part_of p ON m.into_id = p.unit_id)
SELECT unit_id, into_id FROM part_of ORDER BY into_id, unit_id
"""
# What moved up to the day is one movement: the day's balance. To leave out what is empty would cost more than it saves.
_UP_TO = """
SELECT p.unit_id, p.lot_id, l.lot_on, CASE WHEN v.booked_on < :day THEN :day ELSE v.booked_on END, -sum(p.amount_ore)
FROM posting p JOIN voucher v ON v.id = p.voucher_id JOIN lot l ON l.voucher_id = p.lot_id
WHERE p.account = 'own_funds' AND l.lot_on < :day AND p.lot_id IS NOT NULL
GROUP BY p.lot_id, p.unit_id, l.lot_on, 4 ORDER BY p.lot_id, p.unit_id
"""


_LEFT = """
SELECT p.unit_id, p.lot_id, o.code, l.lot_on, -sum(p.amount_ore) AS left_ore
FROM posting p JOIN voucher v ON v.id = p.voucher_id JOIN lot l ON l.voucher_id = p.lot_id
JOIN voucher o ON o.id = p.lot_id
WHERE p.account = 'own_funds' AND v.booked_on <= :as_of AND v.registered_at <= :known_at
GROUP BY p.unit_id, p.lot_id, o.code, l.lot_on HAVING sum(p.amount_ore) <> 0 ORDER BY l.lot_on, p.lot_id
"""


@dataclass(frozen=True)
class LotLeft:
    """What is left of a lot on a day. `code` is the voucher that opened it."""

    unit_id: int
    lot_id: int
    code: str
    lot_on: str
    left_ore: int


def lots_left(connection: Connection, as_of: str, known_at: str) -> list[LotLeft]:
    """Every lot with something left, as booked up to a day and known at a time, oldest first."""
    return [LotLeft(*row) for row in connection.execute(text(_LEFT), {"as_of": as_of, "known_at": known_at})]


def own_funds_of(connection: Connection, unit_ids: Sequence[int]) -> dict[int, OwnFunds]:
    """The own funds of each of the units, with all their lots.

    Among them are the lots of units that were merged into it, also those that had nothing left to move: what the fund
    got from them can be given back.
    """
    merged: dict[int, list[int]] = {}
    for unit_id, into_id in connection.execute(_asked(_MERGED), {"units": list(unit_ids)}):
        merged.setdefault(unit_id, []).append(into_id)
    units = list(dict.fromkeys((*unit_ids, *merged)))
    rows = connection.execute(_asked(_MOVED.format(wanted=_OF_UNITS)), {"units": units}).all()
    inherited = [
        (OWN_FUNDS, into_id, row.lot_id, row.lot_on, row.lot_on, 0)
        for row in rows
        if row.account == OWN_FUNDS and row.lot_id is not None
        for into_id in merged.get(row.unit_id, ())
    ]
    found = _gathered([*rows, *inherited])
    return {unit_id: found.get(unit_id, OwnFunds(unit_id)) for unit_id in unit_ids}


def _asked(statement: str) -> TextClause:
    return text(statement).bindparams(bindparam("units", expanding=True))


def lots_before(connection: Connection, day: str) -> dict[int, list[Lot]]:
    """The lots from before `day` with their balance of that day and what is booked later, by unit."""
    lots: dict[int, list[Lot]] = {}
    for unit_id, lot_id, lot_on, booked_on, amount_ore in connection.execute(text(_UP_TO), {"day": day}):
        of_unit = lots.setdefault(unit_id, [])
        movements: tuple[Movement, ...] = (Movement(booked_on, amount_ore),)
        if of_unit and of_unit[-1].id == lot_id:
            movements += of_unit.pop().movements
        of_unit.append(Lot(lot_id, lot_on, movements))
    return lots


def _gathered(rows: Iterable[Any]) -> dict[int, OwnFunds]:
    moved: dict[int, dict[int, tuple[str, list[Movement]]]] = {}
    swept: dict[int, list[Movement]] = {}
    debts: dict[int, list[Movement]] = {}
    for account, unit_id, lot_id, lot_on, booked_on, amount_ore in rows:
        if account != OWN_FUNDS:
            swept.setdefault(lot_id, []).append(Movement(booked_on, -amount_ore))
            continue
        lots = moved.setdefault(unit_id, {})
        if lot_id is None:
            debts.setdefault(unit_id, []).append(Movement(booked_on, amount_ore))
        else:
            lots.setdefault(lot_id, (lot_on, []))[1].append(Movement(booked_on, -amount_ore))
    return {
        unit_id: OwnFunds(
            unit_id,
            {
                key: Lot(key, lot_on, tuple(movements), tuple(swept.get(key, ())))
                for key, (lot_on, movements) in lots.items()
            },
            tuple(debts.get(unit_id, ())),
        )
        for unit_id, lots in moved.items()
    }
