"""The check of closed months (docs/checks.md)."""

from collections.abc import Iterator

from sqlalchemy import Connection, text

from klimatvaxling.ledger.offence import EVERYTHING, Offence, Since


def closed_periods_took_no_postings(connection: Connection, since: Since = EVERYTHING) -> Iterator[Offence]:
    """No voucher was registered in a month while it was closed, and each closing names the chain's head of then."""
    for row in connection.execute(
        text(
            "SELECT v.code, v.booked_on, e.closed_through FROM voucher v JOIN period_event e"
            " ON e.id = (SELECT max(id) FROM period_event WHERE vouchers < v.id)"
            " WHERE v.id > :voucher AND v.booked_on <= e.closed_through ORDER BY v.id"
        ),
        vars(since),
    ):
        yield Offence(row.code, f"> {row.closed_through}", row.booked_on)
    for row in connection.execute(
        text(
            "SELECT e.id, e.month, e.head, e.vouchers, r.hash AS found, (SELECT coalesce(max(row_key), 0)"
            " FROM registration WHERE table_name = 'voucher' AND id <= r.id) AS vouchers_then FROM period_event e"
            " LEFT JOIN registration r ON r.hash = e.head WHERE e.vouchers > :voucher OR :voucher = 0 ORDER BY e.id"
        ),
        vars(since),
    ):
        if row.found != row.head:
            yield Offence(f"period:{row.month} #{row.id}", row.head, row.found)
        elif row.vouchers_then != row.vouchers:
            yield Offence(f"period:{row.month} #{row.id}", row.vouchers_then, row.vouchers)
