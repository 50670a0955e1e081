"""The checks of the shared fund (docs/checks.md)."""

from collections.abc import Iterator

from sqlalchemy import Connection, text

from klimatvaxling.ledger.offence import Offence

# Debit positive: what the fund has stands as a credit. Money that came from a lot is its unit's until it was swept.
_PARTS = """
SELECT v.code, sum(p.amount_ore) AS difference_ore FROM posting p JOIN voucher v ON v.id = p.voucher_id
WHERE p.account IN ('fund_committed', 'grants_paid', 'appropriation') OR p.account = 'fund_available' AND p.lot_id IS NULL
  OR p.account = 'opening' AND p.unit_id IS NULL
GROUP BY v.id, v.code HAVING sum(p.amount_ore) <> 0 ORDER BY v.id
"""
_AVAILABLE = """
SELECT booked_on, available_ore FROM (
  SELECT v.booked_on, -sum(sum(p.amount_ore)) OVER (ORDER BY v.booked_on) AS available_ore
  FROM posting p JOIN voucher v ON v.id = p.voucher_id WHERE p.account = 'fund_available' GROUP BY v.booked_on) d
WHERE available_ore < 0 ORDER BY booked_on LIMIT 1
"""
_SHARES = """
SELECT o.code, s.lot_id, s.booked_on, s.share_ore FROM (
  SELECT p.lot_id, v.booked_on, -sum(sum(p.amount_ore)) OVER (PARTITION BY p.lot_id ORDER BY v.booked_on) AS share_ore
  FROM posting p JOIN voucher v ON v.id = p.voucher_id
  WHERE p.account = 'fund_available' AND p.lot_id IS NOT NULL GROUP BY p.lot_id, v.booked_on) s
LEFT JOIN voucher o ON o.id = s.lot_id WHERE s.share_ore < 0 ORDER BY s.lot_id, s.booked_on
"""


def fund_adds_up(connection: Connection) -> Iterator[Offence]:
    """Available + committed = opening + swept in + appropriated + returned − paid out, in every voucher and so in all."""
    for row in connection.execute(text(_PARTS)):
        yield Offence(row.code, 0, row.difference_ore)


def fund_is_never_overdrawn(connection: Connection) -> Iterator[Offence]:
    """On no day has the fund less than nothing available, nor given back more of a lot than it had got from it."""
    for row in connection.execute(text(_AVAILABLE)):
        yield Offence(f"fund {row.booked_on}", ">= 0", row.available_ore)
    named = set()
    for row in connection.execute(text(_SHARES)):
        if row.lot_id not in named:
            named.add(row.lot_id)
            yield Offence(f"fund lot:{row.code or row.lot_id} {row.booked_on}", ">= 0", row.share_ore)
