"""The chain's head: one hash that stands for everything the books held at a moment (docs/chain.md)."""

import re
from typing import NamedTuple

from sqlalchemy import Connection, text

ALL_THAT_IS_KNOWN = "9999-12-31T23:59:59.999999Z"
# As short as reports print it. What is shorter proves too little.
_NOTED = re.compile(r"[0-9a-f]{12,64}")


class Head(NamedTuple):
    """The last link, how many vouchers there were, and when the last row was registered."""

    hash: str
    vouchers: int
    registered_at: str


def head(connection: Connection, known_at: str = ALL_THAT_IS_KNOWN) -> Head:
    """The chain's head as it was at a time. Before the first link it is what the chain begins with."""
    known = {"known_at": known_at}
    last = connection.execute(
        text("SELECT hash, registered_at FROM registration WHERE registered_at <= :known_at ORDER BY id DESC LIMIT 1"),
        known,
    ).one_or_none()
    vouchers = connection.execute(text("SELECT max(id) FROM voucher WHERE registered_at <= :known_at"), known).scalar()
    if last is None:
        return Head(str(connection.execute(text("SELECT nonce FROM book")).scalar() or ""), int(vouchers or 0), "")
    return Head(last.hash, int(vouchers or 0), last.registered_at)


def includes(connection: Connection, noted: str) -> bool:
    """Whether the chain still has the link that somebody noted, whole or as reports print it: its first twelve digits."""
    wanted = noted.strip().lower()
    if not _NOTED.fullmatch(wanted):
        return False
    found = text(
        "SELECT 1 FROM registration WHERE substr(hash, 1, :length) = :wanted"
        " UNION SELECT 1 FROM book WHERE substr(nonce, 1, :length) = :wanted"
    )
    return connection.execute(found, {"wanted": wanted, "length": len(wanted)}).scalar() is not None
