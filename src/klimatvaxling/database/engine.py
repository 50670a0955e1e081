"""Connections: one kind that reads, one that writes and takes the write lock when it begins.

SQLite runs with a rollback journal (readers without write permission and network shares work), full
synchronisation, foreign keys and recursive triggers on.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import NullPool

from klimatvaxling.database.location import sqlite_file, without_password
from klimatvaxling.errors import StateRefused
from klimatvaxling.language import N_

SCHEMA_REVISION = "0001"
BUSY_TIMEOUT_MS = 30_000
_CACHE_KIB = 65_536


class NoDatabase(StateRefused):
    """There are no books at the address."""

    code = "KV-DATABASE-MISSING"
    message = N_("There is no database at {where}.")
    remedy = N_("Create it with: klimatvaxling init")


class ForeignDatabase(StateRefused):
    """The file is no database of this program."""

    code = "KV-DATABASE-FOREIGN"
    message = N_("{where} is not a klimatväxling database.")
    remedy = N_("Check the address, or create new books at another place with: klimatvaxling init")


class OtherSchemaVersion(StateRefused):
    """The books were made by another version of the program."""

    code = "KV-DATABASE-VERSION"
    message = N_("The database at {where} has version {found}; this program needs {needed}.")
    remedy = N_("Upgrade it with: klimatvaxling init. If the database is newer, install the newer program.")


class DatabaseBusy(StateRefused):
    """Somebody else is writing."""

    code = "KV-DATABASE-BUSY"
    message = N_("Somebody else is writing to the database; nothing was posted.")
    remedy = N_("Wait a moment and run the command again.")


class DatabaseUnusable(StateRefused):
    """The database cannot be opened or written."""

    code = "KV-DATABASE-UNUSABLE"
    message = N_("The database at {where} cannot be used: {reason}.")
    remedy = N_("Check that the folder exists, that you may write there, and that the disk is not full.")


def engine_for(url: str) -> Engine:
    """An engine without a pool: a command opens one connection and closes it."""
    engine = create_engine(url, poolclass=NullPool, connect_args=_connect_args(url))
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
def reading(url: str) -> Iterator[Connection]:
    """A consistent view of the books. Raises `NoDatabase`, `ForeignDatabase`, `OtherSchemaVersion`."""
    with _opened(url, writing=False) as connection:
        yield connection


@contextmanager
def writing(url: str, *, dry_run: bool = False) -> Iterator[Connection]:
    """The one writer's transaction: all of it is kept, or nothing; a dry run keeps nothing."""
    with _opened(url, writing=True) as connection:
        yield connection
        if dry_run:
            connection.rollback()
        else:
            connection.commit()


@contextmanager
def _opened(url: str, *, writing: bool) -> Iterator[Connection]:
    file = sqlite_file(url)
    if file is not None and not file.is_file():
        raise NoDatabase(where=file)
    with translated_faults(url), engine_for(url).connect() as plain:
        connection = plain.execution_options(writing=writing)
        require_current_schema(connection, url)
        yield connection


def require_current_schema(connection: Connection, url: str) -> None:
    """Refuse a database that is not ours or is at another version."""
    where = sqlite_file(url) or without_password(url)
    found = schema_revision(connection)
    if found is None:
        raise ForeignDatabase(where=where)
    if found != SCHEMA_REVISION:
        raise OtherSchemaVersion(where=where, found=found, needed=SCHEMA_REVISION)


def schema_revision(connection: Connection) -> str | None:
    """The schema version on record, or None where there are no books."""
    try:
        found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    except DBAPIError as fault:
        if "locked" in str(fault.orig) or "unable to open" in str(fault.orig):
            raise
        return None
    return str(found) if found else None


@contextmanager
def translated_faults(url: str) -> Iterator[None]:
    """Turn the database's own faults into errors a person understands."""
    try:
        yield
    except OperationalError as fault:
        reason = str(fault.orig)
        if "locked" in reason or "busy" in reason:
            raise DatabaseBusy from fault
        raise DatabaseUnusable(where=sqlite_file(url) or without_password(url), reason=reason) from fault
