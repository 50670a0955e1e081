"""The check of the coding plans: internal accounts eliminate."""

import hashlib
from collections.abc import Iterator

from sqlalchemy import Connection, text

from klimatvaxling.coding.entry import not_eliminated
from klimatvaxling.coding.vouchers import Desk, Span, booked
from klimatvaxling.errors import StateRefused
from klimatvaxling.ledger.offence import Offence
from klimatvaxling.ledger.voucher import ADMINISTRATIONS


def internal_accounts_eliminate(connection: Connection) -> Iterator[Offence]:
    """In the municipality's own accounts, what any two book against each other on internal accounts sums to zero."""
    changed = list(_changed_plans(connection))
    if changed:
        yield from changed
        return
    desk = Desk.of(connection)
    for voucher in booked(connection, Span(ADMINISTRATIONS, "", "9999-12-31"), with_shares=False) if desk.plans else ():
        try:
            left = not_eliminated(desk.entry(voucher), desk.plan_for(voucher))
        except StateRefused:  # no plan says how it is posted: it cannot leave either
            continue
        for (one, other), amount_ore in left.items():
            yield Offence(f"{voucher.code} {one}-{other}", 0, amount_ore)


def _changed_plans(connection: Connection) -> Iterator[Offence]:
    for row in connection.execute(text("SELECT version, content, sha256 FROM coding_plan ORDER BY id")):
        found = hashlib.sha256(row.content.encode()).hexdigest()
        if found != row.sha256:
            yield Offence(f"coding_plan:{row.version}", row.sha256, found)
