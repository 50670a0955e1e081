"""Connections: one kind that reads, one that writes and takes the write lock when it begins.

SQLite runs with a rollback journal (readers without write permission and network shares work), full
synchronisation, foreign keys and recursive triggers on. On PostgreSQL a reader sees one moment (repeatable read), and
a writer locks the book's row when it begins: then nobody else writes, and each of its statements sees what the last
writer left.
"""

import functools
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.exc import ArgumentError, DatabaseError, PendingRollbackError
from sqlalchemy.pool import NullPool

from klimatvaxling import __version__
from klimatvaxling.clock import stamp, system_clock
from klimatvaxling.database import driver_faults, refusal
from klimatvaxling.database.bulk import insert_rows
from klimatvaxling.database.faults import (
    BookMissing,
    ConnectionLost,
    DatabaseUnusable,
    DriverMissing,
    EmptyDatabase,
    ForeignDatabase,
    NoDatabase,
    OtherSchemaVersion,
    OutcomeUnknown,
)
from klimatvaxling.database.location import BadDatabaseUrl, place_of, sqlite_file, without_password
from klimatvaxling.database.patience import lock_seconds, waiting
from klimatvaxling.database.registration import registering
from klimatvaxling.errors import ExchangeError

SCHEMA_REVISION = "0002"
CONNECT_TIMEOUT_S = 10
_CACHE_KIB = 65_536


def engine_for(url: str) -> Engine:
    """An engine without a pool: a command opens one connection and closes it.

    Raises `BadDatabaseUrl`, `BadPatience` or `DriverMissing`.
    """
    try:
        engine = create_engine(url, poolclass=NullPool, connect_args=_connect_args(url))
    except ImportError as fault:
        reason = str(fault).splitlines()[0].rstrip(".")
        raise DriverMissing(where=place_of(url), reason=reason) from None
    except (ArgumentError, ValueError):  # their words may hold the password
        raise BadDatabaseUrl(value=without_password(url)) from None
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        event.listen(engine, "connect", _prepare_postgresql)
        event.listen(engine, "begin", _begin_postgresql)
    return engine


def _connect_args(url: str) -> dict[str, Any]:
    if sqlite_file(url):
        return {"timeout": lock_seconds(), "isolation_level": None}
    import psycopg

    # Parameters are put in by the client: the server need not guess the type of one that is not given.
    return {
        "cursor_factory": psycopg.ClientCursor,
        "connect_timeout": CONNECT_TIMEOUT_S,
        "application_name": "klimatvaxling",
        "options": f"-c lock_timeout={lock_seconds()}s -c timezone=UTC",
    }


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    for pragma in (
        "foreign_keys = ON",
        "recursive_triggers = ON",
        "synchronous = FULL",
        f"cache_size = -{_CACHE_KIB}",
        "trusted_schema = OFF",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    if connection.get_execution_options().get("writing", False):
        with waiting():
            connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.exec_driver_sql("BEGIN")


def _prepare_postgresql(connection: Any, _record: object) -> None:
    from psycopg.adapt import Loader

    class Whole(Loader):
        """The server's sum of whole numbers is a number with any number of decimals: here it has none."""

        def load(self, data: Any) -> int:
            return int(bytes(data))

    connection.adapters.register_loader("numeric", Whole)


def _begin_postgresql(connection: Connection) -> None:
    # Said each time: a server may be set up to begin otherwise.
    if connection.get_execution_options().get("writing", False):
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE")
    else:
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")


@contextmanager
def reading(url: str, *, without_book: bool = False) -> Iterator[Connection]:
    """A consistent view of the books. Raises a `DatabaseFault`; `without_book` lets books pass whose row is gone."""
    with _opened(url, writing=False, without_book=without_book) as connection:
        yield connection


@contextmanager
def writing(
    url: str, *, dry_run: bool = False, without_book: bool = False, table: str | None = None
) -> Iterator[Connection]:
    """The one writer's transaction: all of it is kept, or nothing; a dry run keeps none. Raises a `DatabaseFault`.

    What it adds to any table is registered as it ends, and so comes into the chain. `table` is one that is written, where
    not only the finance office does so: whoever may not write it is refused before anything else is looked at.
    """
    with _opened(url, writing=True, without_book=without_book) as connection:
        with registering(connection, _begun(connection, table)):
            _note_program(connection)
            yield connection
        if dry_run:
            connection.rollback()
        else:
            with _known_only_afterwards():
                connection.commit()


class _LostAtCommit(Exception):
    """Carries the driver's own fault."""


@contextmanager
def _known_only_afterwards() -> Iterator[None]:
    """A connection that is lost in here may be lost before or after the server did what it was told."""
    try:
        yield
    except DatabaseError as fault:
        if fault.connection_invalidated:
            raise _LostAtCommit(str(fault.orig)) from fault
        raise


def _begun(connection: Connection, table: str | None) -> frozenset[str] | None:
    """Take the write lock on a server; gives the tables that whoever writes may write, None for all."""
    if connection.dialect.name == "sqlite":  # it was taken with BEGIN
        return None
    with waiting():
        tables = connection.exec_driver_sql("SELECT begin_writing()").scalar()
    if tables is not None and table not in tables:
        raise driver_faults.denied(connection.exec_driver_sql("SELECT my_role()").scalar())
    return None if tables is None else frozenset(tables)


@contextmanager
def _opened(url: str, *, writing: bool, without_book: bool) -> Iterator[Connection]:
    file = sqlite_file(url)
    try:
        is_missing = file is not None and not file.is_file()
    except OSError as fault:
        raise DatabaseUnusable(where=place_of(url), reason=fault.strerror) from None
    if is_missing:
        raise NoDatabase(where=file)
    with translated_faults(url), engine_for(url).connect() as plain:
        connection = plain.execution_options(writing=writing)
        try:
            require_current_schema(connection, url)
            if not without_book:
                require_book(connection, url)
            yield connection
        except BaseException as fault:
            if connection.dialect.name == "postgresql" and _is_broken_off(fault):
                # In the middle of a statement nothing more can be said: the server takes back what it has by itself.
                plain.invalidate()
                raise KeyboardInterrupt from fault
            raise


def _is_broken_off(fault: BaseException | None) -> bool:
    """Whether the user broke it off, or it came of that: what is tried on a connection in mid-sentence fails."""
    return fault is not None and (isinstance(fault, KeyboardInterrupt) or _is_broken_off(fault.__context__))


def _note_program(connection: Connection) -> None:
    """Put on record which version of the program writes from now on, if the last to write was another."""
    last = connection.execute(
        text("SELECT version, schema_revision FROM program ORDER BY id DESC LIMIT 1")
    ).one_or_none()
    if last is None or tuple(last) != (__version__, SCHEMA_REVISION):
        row = (__version__, SCHEMA_REVISION, stamp(system_clock()))
        insert_rows(connection, "program", ("version", "schema_revision", "registered_at"), [row])


@functools.cache
def login(url: str) -> str:
    """Who has logged in to a server, as the server says. Raises a `DatabaseFault`."""
    with translated_faults(url), engine_for(url).connect() as connection:
        return str(connection.exec_driver_sql("SELECT session_user").scalar_one())


def require_current_schema(connection: Connection, url: str) -> None:
    """Refuse a database that is not ours or is at another version."""
    found = schema_revision(connection)
    if found is None:
        is_begun = connection.dialect.name == "sqlite" or not is_empty(connection)
        raise ForeignDatabase(where=place_of(url)) if is_begun else EmptyDatabase(where=place_of(url))
    if found != SCHEMA_REVISION:
        raise OtherSchemaVersion(where=place_of(url), found=found, needed=SCHEMA_REVISION)


def require_book(connection: Connection, url: str) -> None:
    """Refuse a database whose book is gone. Raises `BookMissing`, or `PermissionDenied` where a login may not see it."""
    if connection.execute(text("SELECT 1 FROM book")).scalar() is None:
        if connection.dialect.name == "postgresql" and connection.exec_driver_sql("SELECT my_role()").scalar() is None:
            raise driver_faults.denied(None)
        raise BookMissing(where=place_of(url))


def schema_revision(connection: Connection) -> str | None:
    """The schema version on record, or None where there are no books."""
    # Asked first: a failed statement would end a server's transaction.
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return str(found) if found else None


def is_empty(connection: Connection) -> bool:
    """Whether nobody has made any table or view here."""
    found = inspect(connection)
    # A database brought back to before its first version keeps an empty version table.
    return set(found.get_table_names()) <= {"alembic_version"} and not found.get_view_names()


@contextmanager
def translated_faults(url: str) -> Iterator[None]:
    """Turn the database's own faults into errors a person understands; broken rules of the books pass as they are."""
    try:
        yield
    except _LostAtCommit as fault:
        raise OutcomeUnknown(where=place_of(url), reason=refusal.lost(None)) from fault
    except PendingRollbackError as fault:  # what is tried on a connection that is gone
        raise ConnectionLost(where=place_of(url), reason=refusal.lost(None)) from fault
    except Exception as fault:
        # The driver's own faults come through where a connection is being made, and where rows are copied.
        original = (fault.orig if isinstance(fault, DatabaseError) else None) or fault
        understood: ExchangeError | None = None
        if isinstance(original, sqlite3.DatabaseError):
            understood = driver_faults.of_sqlite(url, original)
        elif type(original).__module__.partition(".")[0] == "psycopg":
            # A connection is made within the library's own faults; whatever comes past them came on one that was there.
            was_there = fault is original or getattr(fault, "connection_invalidated", False)
            understood = driver_faults.of_server(url, original, was_there=was_there, role=lambda: _role(url))
        if understood is None:
            raise
        raise understood from fault


def _role(url: str) -> object:
    """The role of whoever has logged in, asked anew; None where there is none, or nobody to ask."""
    try:
        with engine_for(url).connect() as connection:
            return connection.exec_driver_sql("SELECT my_role()").scalar()
    except DatabaseError:
        return None
