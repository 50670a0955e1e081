"""What a check finds: the one who breaks an invariant, with both sides of the difference."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, text


@dataclass(frozen=True)
class Offence:
    """What breaks an invariant: an id people can look up, and both sides of the difference."""

    id: str
    expected: object
    found: object


@dataclass(frozen=True)
class Since:
    """How far the books had come when something was about to be posted: the chain's position and the last batch."""

    voucher: int = 0
    batch: int = 0


EVERYTHING = Since()


def changed_content(connection: Connection, table: str, name: str) -> Iterator[Offence]:
    """What no longer has the hash it was registered with."""
    for row in connection.execute(text(f"SELECT {name} AS name, content, sha256 FROM {table} ORDER BY id")):
        content = row.content.encode() if isinstance(row.content, str) else bytes(row.content)
        found = hashlib.sha256(content).hexdigest()
        if found != row.sha256:
            yield Offence(f"{table}:{row.name}", row.sha256, found)
