"""The guard that keeps rows from being replaced, set aside while one transaction writes very many."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, text


@contextmanager
def replace_guard_aside(connection: Connection, table: str) -> Iterator[None]:
    """Within the caller's transaction, write `table` without the trigger that looks at every row's keys.

    On SQLite the guard stands against INSERT OR REPLACE from other programs. This one uses plain INSERT, for which
    the unique keys themselves are guard enough, and nobody else can see or write the database before the transaction
    ends, with the guard in place again or everything undone. It costs as much as the rows themselves.
    """
    trigger = f"{table}_no_replace"
    definition = None
    if connection.dialect.name == "sqlite":
        find = text("SELECT sql FROM sqlite_master WHERE type = 'trigger' AND name = :name")
        definition = connection.execute(find, {"name": trigger}).scalar_one()
        connection.exec_driver_sql(f"DROP TRIGGER {trigger}")
    yield
    if definition is not None:
        connection.exec_driver_sql(definition)
