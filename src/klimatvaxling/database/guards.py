"""The guards of the books (triggers), set aside within one transaction and back before it ends."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, text


@contextmanager
def insert_guards_aside(connection: Connection, table: str) -> Iterator[None]:
    """Within the caller's transaction, write `table` without the triggers that look at each new row.

    On SQLite these guards stand against INSERT OR REPLACE and late rows from other programs. This one uses plain
    INSERT, for which the unique keys are guard enough, and the seal that ends the transaction looks at all rows at
    once. Nobody else can see or write the database before that, with the guards in place again or everything undone.
    They cost as much as the rows themselves.
    """
    guards: dict[str, str] = {}
    if connection.dialect.name == "sqlite":
        find = text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = :t AND sql LIKE :insert")
        guards = {row.name: row.sql for row in connection.execute(find, {"t": table, "insert": "%BEFORE INSERT%"})}
        for name in guards:
            connection.exec_driver_sql(f"DROP TRIGGER {name}")
    yield
    for definition in guards.values():
        connection.exec_driver_sql(definition)


@contextmanager
def every_guard_aside(connection: Connection) -> Iterator[None]:
    """Within a migration's transaction, make a table anew without a trigger or view in the way; all are back after.

    SQLite drops a table's triggers with the table, and renames no table while a trigger or view speaks of the one that
    is gone. What the migration makes itself, under the same name, stands instead of the old one.
    """
    if connection.dialect.name != "sqlite":
        yield
        return
    find = text("SELECT type, name, sql FROM sqlite_master WHERE type IN ('trigger', 'view') ORDER BY type DESC")
    aside = connection.execute(find).all()
    for kind, name, _ in reversed(aside):
        connection.exec_driver_sql(f"DROP {kind} {name}")
    yield
    made = {row.name for row in connection.execute(find)}
    for _, name, definition in aside:
        if name not in made:
            connection.exec_driver_sql(definition)
