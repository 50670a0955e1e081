"""Own funds in the books: lots, debts, and what the shared fund got from each lot."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, text

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
# What is left of a lot once everything is booked is the most that can be taken from it on any day. What moved up to
# that day is one movement: the day's balance.
_OF_OPEN_LOTS = """
SELECT p.unit_id, p.lot_id, l.lot_on, CASE WHEN v.booked_on < :day THEN :day ELSE v.booked_on END, -sum(p.amount_ore)
FROM posting p
JOIN voucher v ON v.id = p.voucher_id JOIN lot l ON l.voucher_id = p.lot_id
WHERE p.account = 'own_funds' AND l.lot_on < :day AND p.lot_id IN (SELECT lot_id FROM posting
  WHERE account = 'own_funds' AND lot_id IS NOT NULL GROUP BY lot_id HAVING sum(amount_ore) < 0)
GROUP BY p.unit_id, p.lot_id, l.lot_on, 4
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
    """The own funds of each of the units, with all their lots."""
    statement = text(_MOVED.format(wanted=_OF_UNITS)).bindparams(bindparam("units", expanding=True))
    return {unit_id: OwnFunds(unit_id) for unit_id in unit_ids} | _gathered(
        connection.execute(statement, {"units": list(unit_ids)})
    )


def open_lots(connection: Connection, day: str) -> dict[int, list[Lot]]:
    """The lots from before `day` that have something left after all that is booked, by unit."""
    moved: dict[tuple[int, int], Lot] = {}
    for unit_id, lot_id, lot_on, booked_on, amount_ore in connection.execute(text(_OF_OPEN_LOTS), {"day": day}):
        movements: tuple[Movement, ...] = (Movement(booked_on, amount_ore),)
        earlier = moved.get((unit_id, lot_id))
        if earlier is not None:
            movements += earlier.movements
        moved[unit_id, lot_id] = Lot(lot_id, lot_on, movements)
    lots: dict[int, list[Lot]] = {}
    for (unit_id, _), lot in moved.items():
        lots.setdefault(unit_id, []).append(lot)
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
