"""The lots and debts of units in the books."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, text

from klimatvaxling.ledger.accounts import OWN_FUNDS
from klimatvaxling.lots.lot import Lot, Movement


def lots_of(connection: Connection, unit_ids: Sequence[int]) -> dict[int, list[Lot]]:
    """Every lot of the units, with its movements, by unit."""
    found: dict[int, dict[int, tuple[str, list[Movement]]]] = {}
    for row in _own_funds(connection, unit_ids, "IS NOT NULL"):
        _, movements = found.setdefault(row.unit_id, {}).setdefault(row.lot_id, (row.lot_on, []))
        movements.append(Movement(row.booked_on, -row.amount_ore))
    return {
        unit_id: [Lot(lot_id, lot_on, tuple(movements)) for lot_id, (lot_on, movements) in lots.items()]
        for unit_id, lots in found.items()
    }


def debts_of(connection: Connection, unit_ids: Sequence[int]) -> dict[int, list[Movement]]:
    """What moved on the units' debts, a debt positive, by unit."""
    found: dict[int, list[Movement]] = {}
    for row in _own_funds(connection, unit_ids, "IS NULL"):
        found.setdefault(row.unit_id, []).append(Movement(row.booked_on, row.amount_ore))
    return found


def _own_funds(connection: Connection, unit_ids: Sequence[int], lot: str) -> Sequence[Any]:
    statement = text(
        "SELECT p.unit_id, p.lot_id, l.lot_on, v.booked_on, p.amount_ore FROM posting p"
        " JOIN voucher v ON v.id = p.voucher_id LEFT JOIN lot l ON l.voucher_id = p.lot_id"
        f" WHERE p.account = :account AND p.lot_id {lot} AND p.unit_id IN :units ORDER BY p.id"
    ).bindparams(bindparam("units", expanding=True))
    return connection.execute(statement, {"account": OWN_FUNDS, "units": list(unit_ids)}).all()
