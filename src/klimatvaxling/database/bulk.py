"""The door through which every row comes into the books, many at a time, past the layers made for single rows.

On PostgreSQL it is a function of the server, which asks who is there and what they may register, and which gives the
keys that are left out here. Trips, which come by the hundred thousand, come in by columns.
"""

import json
from collections.abc import Sequence
from itertools import chain

from sqlalchemy import Connection, text

# SQLite takes 32,766 parameters in a statement.
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
    if connection.dialect.name == "postgresql":
        rows = [values[start : start + len(columns)] for start in range(0, len(values), len(columns))]
        _to_the_server(connection, table, columns, rows)
        return
    row = f"({', '.join('?' * len(columns))})"
    statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES {', '.join([row] * count)}"
    connection.exec_driver_sql(statement, values)


def _to_the_server(
    connection: Connection, table: str, columns: Sequence[str], rows: Sequence[Sequence[object]]
) -> None:
    if table == "trip":
        lines = ["\x1f" + "\x1f".join(map(str, column)) for column in zip(*rows, strict=True)]
        connection.exec_driver_sql("SELECT register_trips(%s, %s)", (list(columns), lines))
        return
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
