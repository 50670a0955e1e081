"""The check of the measures (docs/checks.md)."""

from collections.abc import Iterator

from sqlalchemy import Connection, text

from klimatvaxling.ledger.offence import Offence

# Title and reference stand in the voucher too, and so in the chain.
_MEASURES = """
SELECT v.code, v.description, v.evidence, m.voucher_id, m.title, m.reference, m.unit_id,
  (SELECT min(unit_id) FROM posting WHERE voucher_id = v.id AND account = 'measures') AS paid_by
FROM measure m LEFT JOIN voucher v ON v.id = m.voucher_id AND v.event = 'measure' ORDER BY m.voucher_id
"""
_BARE = """
SELECT v.code FROM voucher v WHERE v.event = 'measure' AND NOT EXISTS
(SELECT 1 FROM measure m WHERE m.voucher_id = v.id) ORDER BY v.id
"""


def measures_have_their_vouchers(connection: Connection) -> Iterator[Offence]:
    """Each measure has the voucher that paid for it, of its unit, title and reference, and each such voucher a measure."""
    for row in connection.execute(text(_MEASURES)):
        if row.code is None:
            yield Offence(f"measure:{row.voucher_id}", 1, 0)
            continue
        if row.unit_id != row.paid_by:
            yield Offence(row.code, row.paid_by, row.unit_id)
        if not row.description.endswith(row.title):
            yield Offence(row.code, row.description, row.title)
        if row.reference != row.evidence:
            yield Offence(row.code, row.evidence, row.reference)
    for code in connection.execute(text(_BARE)).scalars():
        yield Offence(code, 1, 0)
