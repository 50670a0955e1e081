"""The checks of what is registered: every entry a link of the chain, every row as its entry says (docs/checks.md)."""

from collections.abc import Iterator

from sqlalchemy import Connection, text

from klimatvaxling.database.registration import REGISTERED, Registered, Row, entry_digest, row_digest
from klimatvaxling.ledger.offence import Offence, changed_content

# Tables with a text that stands beside its digest, and what people call a row. Others have a check of their own.
_TEXTS = (("factor_set", "name || ' ' || version"), ("profile", "id"))


def registrations_are_chained(connection: Connection) -> Iterator[Offence]:
    """Each entry's hash is that of its content and of the entry before it; times of registration never fall."""
    expected = connection.execute(text("SELECT nonce FROM book")).scalar()
    position, registered_at = 0, ""
    for link in connection.execute(text("SELECT * FROM registration ORDER BY id")):
        entry = link._asdict()
        position += 1
        name = f"{entry['table_name']}:{entry['row_key']}"
        if entry["id"] != position:
            yield Offence(name, f"#{position}", f"#{entry['id']}")
            position = entry["id"]
        if entry["previous_hash"] != expected:
            yield Offence(name, expected, entry["previous_hash"])
        if (found := entry_digest(entry)) != entry["hash"]:
            yield Offence(name, entry["hash"], found)
        if entry["registered_at"] < registered_at:
            yield Offence(name, f">= {registered_at}", entry["registered_at"])
        expected, registered_at = entry["hash"], entry["registered_at"]


def rows_are_as_registered(connection: Connection) -> Iterator[Offence]:
    """Every row has its entry and is as it was then, every entry has its row, every kept text hashes to its digest."""
    entries: dict[str, dict[int, str]] = {}
    for entry in connection.execute(text("SELECT table_name, row_key, row_sha256 FROM registration ORDER BY id")):
        entries.setdefault(entry.table_name, {})[entry.row_key] = entry.row_sha256
    for each in REGISTERED:
        yield from _of_table(connection, each, entries.pop(each.table, {}))
    for table, unknown in entries.items():
        yield from (Offence(f"{table}:{key}", 1, 0) for key in unknown)
    for table, name in _TEXTS:
        yield from changed_content(connection, table, name)


def _of_table(connection: Connection, each: Registered, entries: dict[int, str]) -> Iterator[Offence]:
    for found_row in connection.execute(text(f"SELECT * FROM {each.table} ORDER BY {each.key}")):
        row = found_row._asdict()
        expected, found = entries.pop(row[each.key], None), row_digest(row)
        if expected is None:
            yield Offence(_named(each, row), 0, 1)
        elif found != expected:
            yield Offence(_named(each, row), expected, found)
    # What is left has been registered and is gone.
    yield from (Offence(f"{each.table}:{key}", 1, 0) for key in entries)


def _named(each: Registered, row: Row) -> str:
    """What people look it up by: a voucher's number, else the table and the key."""
    return str(row["code"]) if each.table == "voucher" else f"{each.table}:{row[each.key]}"
