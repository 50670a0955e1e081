"""The check of what leaves in the municipality's own accounts (docs/checks.md)."""

from collections.abc import Iterator

from sqlalchemy import Connection

from klimatvaxling.coding.entry import not_eliminated
from klimatvaxling.coding.vouchers import Desk, Span, booked
from klimatvaxling.errors import StateRefused
from klimatvaxling.ledger.offence import Offence, changed_content
from klimatvaxling.ledger.voucher import ADMINISTRATIONS


def internal_accounts_eliminate(connection: Connection) -> Iterator[Offence]:
    """In the municipality's own accounts, what any two book against each other on internal accounts sums to zero."""
    changed = list(changed_content(connection, "coding_plan", "version"))
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
