"""The check of own funds (docs/checks.md)."""

from collections.abc import Iterator

from sqlalchemy import Connection, text

from klimatvaxling.ledger.offence import Offence


def own_funds_are_lots_less_debt(connection: Connection) -> Iterator[Offence]:
    """Per unit, open lots less debt are the own funds of the ledger: no lot and no debt is below zero on any day."""
    running = (
        "SELECT p.lot_id, p.unit_id, v.booked_on, {sign}sum(sum(p.amount_ore)) OVER (PARTITION BY p.lot_id, p.unit_id"
        " ORDER BY v.booked_on) AS left_ore FROM posting p JOIN voucher v ON v.id = p.voucher_id"
        " WHERE p.account = 'own_funds' AND p.lot_id IS {some} NULL GROUP BY p.lot_id, p.unit_id, v.booked_on"
    )
    named = set()
    for row in connection.execute(
        text(
            f"SELECT v.code, l.lot_id, l.booked_on, l.left_ore FROM ({running.format(sign='-', some='NOT')}) l"
            " LEFT JOIN voucher v ON v.id = l.lot_id WHERE l.left_ore < 0 ORDER BY l.lot_id, l.booked_on"
        )
    ):
        if row.lot_id not in named:
            named.add(row.lot_id)
            yield Offence(f"lot:{row.code or row.lot_id} {row.booked_on}", ">= 0", row.left_ore)
    for row in connection.execute(
        text(
            f"SELECT u.code, d.booked_on, d.left_ore AS debt_ore FROM ({running.format(sign='', some='')}) d"
            " JOIN unit u ON u.id = d.unit_id WHERE d.left_ore < 0 ORDER BY u.code, d.booked_on"
        )
    ):
        if row.code not in named:
            named.add(row.code)
            yield Offence(f"unit:{row.code} {row.booked_on}", ">= 0", row.debt_ore)
