"""Connections: one kind that reads, one that writes and takes the write lock when it begins.

SQLite runs with a rollback journal (readers without write permission and network shares work), full
synchronisation, foreign keys and recursive triggers on.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.exc import ArgumentError, DatabaseError, OperationalError
from sqlalchemy.pool import NullPool

from klimatvaxling import __version__
from klimatvaxling.clock import stamp, system_clock
from klimatvaxling.database.location import BadDatabaseUrl, sqlite_file, without_password
from klimatvaxling.database.registration import registering
from klimatvaxling.errors import StateRefused
from klimatvaxling.language import N_

SCHEMA_REVISION = "0001"
BUSY_TIMEOUT_MS = 30_000
_CACHE_KIB = 65_536
# What SQLite raises for a file that is none of its own, is damaged, or cannot be opened.
_UNUSABLE = (sqlite3.DatabaseError, sqlite3.OperationalError)


class DatabaseFault(StateRefused):
    """The books cannot be reached: no command that needs them can go on."""


class NoDatabase(DatabaseFault):
    """There are no books at the address."""

    code = "KV-DATABASE-MISSING"
    message = N_("There is no database at {where}.")
    remedy = N_("Create it with: klimatvaxling init")


class ForeignDatabase(DatabaseFault):
    """The file is no database of this program."""

    code = "KV-DATABASE-FOREIGN"
    message = N_("{where} is not a klimatväxling database.")
    remedy = N_("Check the address, or create new books at another place with: klimatvaxling init")


class OtherSchemaVersion(DatabaseFault):
    """The books were made by another version of the program."""

    code = "KV-DATABASE-VERSION"
    message = N_("The database at {where} has version {found}; this program needs {needed}.")
    remedy = N_("Upgrade it with: klimatvaxling init. If the database is newer, install the newer program.")


class DatabaseBusy(DatabaseFault):
    """Somebody else is writing."""

    code = "KV-DATABASE-BUSY"
    message = N_("Somebody else is writing to the database; nothing was posted.")
    remedy = N_("Wait a moment and run the command again.")


class DatabaseUnusable(DatabaseFault):
    """The database cannot be opened or written."""

    code = "KV-DATABASE-UNUSABLE"
    message = N_("The database at {where} cannot be used: {reason}.")
    remedy = N_("Check that the folder exists, that you may write there, and that the disk is not full.")


class DatabaseDamaged(DatabaseFault):
    """The file was a database and is damaged."""

    code = "KV-DATABASE-DAMAGED"
    message = N_("The database at {where} is damaged: {reason}.")
    remedy = N_("Use it no more and restore the latest backup; keep the damaged file.")


class DriverMissing(DatabaseFault):
    """What speaks with a database server is not installed."""

    code = "KV-DATABASE-DRIVER"
    message = N_("What is needed to reach {where} is not installed: {reason}.")
    remedy = N_('For PostgreSQL, install it beside the program: pip install "psycopg[binary]"')


class BookMissing(DatabaseFault):
    """The tables are there, but not the row that says whose books they are."""

    code = "KV-BOOK-MISSING"
    message = N_("The database at {where} does not say whose books it holds.")
    remedy = N_(
        "If init was interrupted, run klimatvaxling init again. If there are vouchers, restore the latest backup."
    )
    explanation = N_("The chain of vouchers begins with this row. It is never deleted by the program.")


def engine_for(url: str) -> Engine:
    """An engine without a pool: a command opens one connection and closes it.

    Raises `BadDatabaseUrl` or `DriverMissing`.
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
    return engine


def _connect_args(url: str) -> dict[str, Any]:
    return {"timeout": BUSY_TIMEOUT_MS / 1000, "isolation_level": None} if sqlite_file(url) else {}


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
    writing = connection.get_execution_options().get("writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


@contextmanager
def reading(url: str, *, without_book: bool = False) -> Iterator[Connection]:
    """A consistent view of the books. Raises a `DatabaseFault`; `without_book` lets books pass whose row is gone."""
    with _opened(url, writing=False, without_book=without_book) as connection:
        yield connection


@contextmanager
def writing(url: str, *, dry_run: bool = False, without_book: bool = False) -> Iterator[Connection]:
    """The one writer's transaction: all of it is kept, or nothing; a dry run keeps none. Raises a `DatabaseFault`.

    What it adds to any table is registered as it ends, and so comes into the chain.
    """
    with _opened(url, writing=True, without_book=without_book) as connection:
        with registering(connection):
            _note_program(connection)
            yield connection
        if dry_run:
            connection.rollback()
        else:
            connection.commit()


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
        require_current_schema(connection, url)
        if not without_book:
            require_book(connection, url)
        yield connection


def _note_program(connection: Connection) -> None:
    """Put on record which version of the program writes from now on, if the last to write was another."""
    last = connection.execute(
        text("SELECT version, schema_revision FROM program ORDER BY id DESC LIMIT 1")
    ).one_or_none()
    if last is None or tuple(last) != (__version__, SCHEMA_REVISION):
        connection.execute(
            text("INSERT INTO program (version, schema_revision, registered_at) VALUES (:version, :revision, :now)"),
            {"version": __version__, "revision": SCHEMA_REVISION, "now": stamp(system_clock())},
        )


def place_of(url: str) -> object:
    """Where the books are, as it may be shown: the file, or the address without its password."""
    return sqlite_file(url) or without_password(url)


def require_current_schema(connection: Connection, url: str) -> None:
    """Refuse a database that is not ours or is at another version."""
    found = schema_revision(connection)
    if found is None:
        raise ForeignDatabase(where=place_of(url))
    if found != SCHEMA_REVISION:
        raise OtherSchemaVersion(where=place_of(url), found=found, needed=SCHEMA_REVISION)


def require_book(connection: Connection, url: str) -> None:
    """Refuse a database whose book is gone. Raises `BookMissing`."""
    if connection.execute(text("SELECT 1 FROM book")).scalar() is None:
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
    except (DatabaseError, sqlite3.DatabaseError) as fault:
        # The driver's own faults come through where a connection is being made.
        original = fault.orig if isinstance(fault, DatabaseError) else fault
        if not isinstance(fault, OperationalError) and type(original) not in _UNUSABLE:
            raise
        reason = str(original).strip().rstrip(".")
        if "locked" in reason or "busy" in reason:
            raise DatabaseBusy from fault
        if "not a database" in reason:
            raise ForeignDatabase(where=place_of(url)) from fault
        if "malformed" in reason or "decode to UTF-8" in reason:
            raise DatabaseDamaged(where=place_of(url), reason=reason) from fault
        raise DatabaseUnusable(where=place_of(url), reason=reason) from fault
