"""The register of everything: each row that is registered gets an entry, and the entries are the chain of the books.

Entries are written where every write ends (`engine.writing`): what a transaction added is registered with it, whoever
wrote it, and nothing else is. A row that came into a table in any other way has no entry, then or later, and `check`
names it. The bytes that are hashed are described in docs/chain.md.
"""

import secrets
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy import Row as CursorRow
from sqlalchemy.exc import IntegrityError

from klimatvaxling.canonical import canonical_json, sha256_of
from klimatvaxling.database.bulk import insert_rows
from klimatvaxling.errors import StateRefused
from klimatvaxling.language import N_


class RegisteredBefore(StateRefused):
    """A row that would stand in the place of one that is registered and gone."""

    code = "KV-REGISTER"
    message = N_("Something that was registered is no longer in the books; nothing was posted or registered.")
    remedy = N_("Run klimatvaxling check: it names what is gone. Compare with the latest backup.")
    explanation = N_(
        "Everything that is registered has its place in a chain, and each place is taken once. The new row would have come"
        " in the place of one that somebody has deleted past the program."
    )


@dataclass(frozen=True)
class Registered:
    """A table whose rows are registered one by one, and the whole number that is their key.

    New rows are found by `rises_with`, a whole number that no later row has less of; `None` where rows come in any order.
    """

    table: str
    key: str = "id"
    rises_with: str | None = "id"


# In the order in which the rows of one transaction are registered. A new table has its line here, or belongs to a row
# that is (`SEALED_BY`); a test fails until it does.
REGISTERED: tuple[Registered, ...] = (
    Registered("book"),
    Registered("program"),
    Registered("access"),
    Registered("policy"),
    Registered("factor_set"),
    Registered("factor"),
    Registered("source"),
    Registered("profile"),
    Registered("unit"),
    Registered("unit_version"),
    Registered("unit_cost_centre"),
    Registered("unit_merger", "unit_id", None),
    Registered("vehicle"),
    Registered("application_round"),
    Registered("application_round_closing", "round_id", None),
    Registered("application"),
    Registered("application_score"),
    Registered("grant_step"),
    Registered("completeness_declaration"),
    Registered("batch"),
    Registered("quarantine_correction"),
    Registered("quarantine_outcome", "quarantine_id", None),
    Registered("measure", "voucher_id", "voucher_id"),
    Registered("voucher"),
    Registered("period_event"),
    Registered("coding_plan"),
    Registered("handover"),
    Registered("handover_voucher", "voucher_id", "handover_id"),
    Registered("handover_file"),
    Registered("handover_delivery"),
)
# What a registered row holds the digest of: a voucher's `hash`, a batch's `sha256`.
SEALED_BY = {
    "posting": "voucher",
    "lot": "voucher",
    "charge": "batch",
    "trip": "batch",
    "batch_page": "batch",
    "trip_reversal": "batch",
    "quarantine": "batch",
}
COLUMNS = ("id", "table_name", "row_key", "row_sha256", "registered_at", "nonce", "previous_hash")

Row = Mapping[str, Any]
_TIMES = ("registered_at", "delivered_at")


def row_digest(row: Row) -> str:
    """The SHA-256 of a row: what it has none of is left out, and a content that stands beside its own `sha256`.

    A column that a later version of the program adds, and that old rows have nothing in, changes no digest.
    """
    is_digested = "sha256" in row
    return sha256_of(
        canonical_json(
            {
                name: value
                for name, value in row.items()
                if value is not None and not (is_digested and name == "content")
            }
        )
    )


def entry_digest(entry: Row) -> str:
    """The SHA-256 of an entry with everything it states: the link of the chain."""
    return sha256_of(canonical_json({name: entry[name] for name in COLUMNS}))


@contextmanager
def registering(connection: Connection, written: Collection[str] | None = None) -> Iterator[None]:
    """Register every row that comes into the books meanwhile; the caller holds the write lock and commits.

    `written` are the tables that may be written, where that is not all of them. Raises `RegisteredBefore`: then nothing
    may be kept.
    """
    tables = [each for each in REGISTERED if written is None or each.table in written]
    before = _reach(connection, tables)
    strangers = {each.table: _keys(connection, each) for each in tables if each.rises_with is None}
    yield
    after = _reach(connection, tables)
    rows = [
        (each, row)
        for each in tables
        if after[each.table] != before[each.table]
        for row in _new_rows(connection, each, before[each.table], strangers.get(each.table, frozenset()))
    ]
    if rows:
        _register(connection, rows)


def _reach(connection: Connection, tables: Sequence[Registered]) -> dict[str, int]:
    """How far each table has come: its last number, or how many rows it has."""
    parts = (
        f"(SELECT {f'coalesce(max({each.rises_with}), 0)' if each.rises_with else 'count(*)'} FROM {each.table})"
        for each in tables
    )
    found = connection.execute(text(f"SELECT {', '.join(parts)}")).one()
    return {each.table: int(number) for each, number in zip(tables, found, strict=True)}


def _keys(connection: Connection, each: Registered) -> frozenset[int]:
    return frozenset(connection.execute(text(f"SELECT {each.key} FROM {each.table}")).scalars())


def _new_rows(connection: Connection, each: Registered, reach: int, known: frozenset[int]) -> Iterator[Row]:
    if each.rises_with is None:
        found = connection.execute(text(f"SELECT * FROM {each.table} ORDER BY {each.key}"))
        yield from (row for row in map(CursorRow._asdict, found) if row[each.key] not in known)
        return
    newer = text(f"SELECT * FROM {each.table} WHERE {each.rises_with} > :reach ORDER BY {each.rises_with}, {each.key}")
    yield from map(CursorRow._asdict, connection.execute(newer, {"reach": reach}))


def _time_of(row: Row) -> str:
    """When a row was registered, where it says so itself."""
    return next((str(row[name]) for name in _TIMES if row.get(name)), "")


def _end(connection: Connection) -> tuple[int, str, str]:
    """The last link: its number, its hash and its time; before the first, what the chain begins with."""
    if connection.dialect.name == "postgresql":  # who writes may not see every link
        found = connection.execute(text("SELECT * FROM chain_end()")).one()
        return found.link, found.hash, found.registered_at
    last = connection.execute(
        text("SELECT id, hash, registered_at FROM registration ORDER BY id DESC LIMIT 1")
    ).one_or_none()
    if last is not None:
        return last.id, last.hash, last.registered_at
    return 0, str(connection.execute(text("SELECT nonce FROM book")).scalar_one()), ""


def _register(connection: Connection, rows: list[tuple[Registered, Row]]) -> None:
    position, head, registered_at = _end(connection)
    times = [_time_of(row) for _, row in rows]
    # A row without a time of its own belongs to one that has: nothing of a transaction was known before it.
    earliest = min(filter(None, times), default=registered_at)
    entries = []
    for (each, row), time in zip(rows, times, strict=True):
        position += 1
        registered_at = max(registered_at, time or earliest)
        values = (
            position, each.table, row[each.key], row_digest(row), registered_at, secrets.token_hex(16), head,
        )  # fmt: skip
        head = entry_digest(dict(zip(COLUMNS, values, strict=True)))
        entries.append((*values, head))
    try:
        insert_rows(connection, "registration", (*COLUMNS, "hash"), entries)
    except IntegrityError:
        raise RegisteredBefore from None
