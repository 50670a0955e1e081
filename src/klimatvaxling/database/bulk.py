"""The door through which every row comes into the books, many at a time, past the layers made for single rows.

On PostgreSQL it is a function of the server, which asks who is there and what they may register, and which gives the
keys that are left out here. Trips, which come by the hundred thousand, are copied beside the books and come in at once.
"""

import json
from collections.abc import Sequence
from itertools import chain
from typing import Any

from sqlalchemy import Connection, text

# SQLite takes 32,766 parameters in a statement.
_MOST_PARAMETERS = 30_000
_MOST_ROWS = 500
_COPIED_AT_ONCE = 10_000


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
    if connection.dialect.name == "postgresql":
        rows = [values[start : start + len(columns)] for start in range(0, len(values), len(columns))]
        _to_the_server(connection, table, columns, rows)
        return
    row = f"({', '.join('?' * len(columns))})"
    statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES {', '.join([row] * count)}"
    connection.exec_driver_sql(statement, values)


class Arrivals:
    """Rows that come by the hundred thousand into one table, with keys from `first_id` on.

    On a server they are copied beside the table, many at a time, until `settle` takes them in. SQLite gives the same
    keys by itself.
    """

    def __init__(self, connection: Connection, table: str, columns: Sequence[str], first_id: int) -> None:
        self._connection, self._table, self._columns = connection, table, columns
        self._next_id = first_id
        self._waiting: list[object] = []
        self._unsettled = False

    def add(self, count: int, values: tuple[object, ...]) -> None:
        """Add `count` rows whose values stand one after the other."""
        if self._connection.dialect.name == "sqlite":
            insert_flat(self._connection, self._table, self._columns, count, values)
            return
        self._waiting += values
        if len(self._waiting) >= _COPIED_AT_ONCE * len(self._columns):
            self._copy()

    def settle(self) -> None:
        """Take in what came so far. Raises what the books say to it, as an insert does."""
        self._copy()
        if self._unsettled:
            self._connection.exec_driver_sql("SELECT register_arrived()")
            self._unsettled = False

    def _copy(self) -> None:
        width, waiting = len(self._columns), self._waiting
        if not waiting:
            return
        driver: Any = self._connection.connection.driver_connection
        copied = f"COPY {self._table}_arriving (id, {', '.join(self._columns)}) FROM STDIN"
        with driver.cursor() as cursor, cursor.copy(copied) as copy:
            for start in range(0, len(waiting), width):
                copy.write_row((self._next_id, *waiting[start : start + width]))
                self._next_id += 1
        self._waiting, self._unsettled = [], True


def _to_the_server(
    connection: Connection, table: str, columns: Sequence[str], rows: Sequence[Sequence[object]]
) -> None:
    given = [dict(zip(columns, row, strict=True)) for row in rows]
    connection.exec_driver_sql(
        "SELECT register_rows(%s, %s::jsonb)", (table, json.dumps(given, ensure_ascii=False, default=_bytes))
    )


def _bytes(value: object) -> str:
    assert isinstance(value, bytes)
    return f"\\x{value.hex()}"


def next_key(connection: Connection, table: str) -> int:
    """The key the next row of a table gets; the caller holds the write lock."""
    if connection.dialect.name == "postgresql":  # who writes may not see every row
        return int(connection.execute(text("SELECT next_key(:table)"), {"table": table}).scalar_one())
    return int(connection.execute(text(f"SELECT coalesce(max(id), 0) + 1 FROM {table}")).scalar_one())
