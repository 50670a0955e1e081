"""The books at a glance, for somebody who has pressed a key: nothing is created and nothing is waited for."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, create_engine
from sqlalchemy.pool import NullPool

from klimatvaxling.database.engine import require_current_schema
from klimatvaxling.database.faults import NoDatabase
from klimatvaxling.database.location import sqlite_file

_PATIENCE_S = 0.2
_SERVER_PATIENCE_S = 1


@contextmanager
def glancing(url: str) -> Iterator[Connection]:
    """A connection that only reads. Raises whatever is wrong, as it comes: who glances is told of nothing."""
    file = sqlite_file(url)
    if file is not None and not file.is_file():
        raise NoDatabase(where=file)
    patience = {"timeout": _PATIENCE_S} if file is not None else {"connect_timeout": _SERVER_PATIENCE_S}
    with create_engine(url, poolclass=NullPool, connect_args=patience).connect() as connection:
        if file is not None:
            connection.exec_driver_sql("PRAGMA query_only = ON")
        require_current_schema(connection, url)
        yield connection
