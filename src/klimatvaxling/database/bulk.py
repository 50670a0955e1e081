"""Writing many rows at once: several hundred in one statement, past the layers made for single rows."""

from collections.abc import Sequence
from itertools import chain

from sqlalchemy import Connection, text

# SQLite takes 32,766 parameters in a statement, PostgreSQL 65,535.
_MOST_PARAMETERS = 30_000
_MOST_ROWS = 500


def insert_rows(connection: Connection, table: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Insert rows of plain values, in order, within the caller's transaction."""
    at_once = min(_MOST_ROWS, _MOST_PARAMETERS // len(columns))
    for start in range(0, len(rows), at_once):
        part = rows[start : start + at_once]
        insert_flat(connection, table, columns, len(part), tuple(chain.from_iterable(part)))


def insert_flat(
    connection: Connection, table: str, columns: Sequence[str], count: int, values: tuple[object, ...]
) -> None:
    """Insert `count` rows whose values stand one after the other."""
    mark = "?" if connection.dialect.paramstyle == "qmark" else "%s"
    row = f"({', '.join([mark] * len(columns))})"
    statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES {', '.join([row] * count)}"
    connection.exec_driver_sql(statement, values)


def next_key(connection: Connection, table: str) -> int:
    """The key the next row of a table gets; the caller holds the write lock."""
    return int(connection.execute(text(f"SELECT coalesce(max(id), 0) + 1 FROM {table}")).scalar_one())
