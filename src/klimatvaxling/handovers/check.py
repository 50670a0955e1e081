"""The check of the handovers: what left is what is on record."""

import hashlib
from collections.abc import Iterator

from sqlalchemy import Connection, text

from klimatvaxling.ledger.offence import Offence


def handovers_are_as_recorded(connection: Connection) -> Iterator[Offence]:
    """The files of every handover are those that left, and each says which vouchers and the chain's head of then."""
    for file in connection.execute(text("SELECT name, content, sha256 FROM handover_file ORDER BY id")):
        found = hashlib.sha256(bytes(file.content)).hexdigest()
        if found != file.sha256:
            yield Offence(f"handover_file:{file.name}", file.sha256, found)
    for row in connection.execute(
        text(
            "SELECT h.id, count(o.voucher_id) AS vouchers, max(CASE WHEN v.hash = h.head THEN 1 ELSE 0 END) AS has_head"
            " FROM handover h LEFT JOIN handover_voucher o ON o.handover_id = h.id"
            " LEFT JOIN voucher v ON v.hash = h.head GROUP BY h.id ORDER BY h.id"
        )
    ):
        if not row.vouchers:
            yield Offence(f"handover:{row.id}", ">= 1", 0)
        if not row.has_head:
            yield Offence(f"handover:{row.id}", "head", None)
