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
from klimatvaxling.database import refusal
from klimatvaxling.database.bulk import insert_rows
from klimatvaxling.database.location import BadDatabaseUrl, sqlite_file, without_password
from klimatvaxling.database.patience import lock_seconds
from klimatvaxling.database.registration import registering
from klimatvaxling.errors import ExchangeError, StateRefused
from klimatvaxling.language import N_, translate

SCHEMA_REVISION = "0002"
CONNECT_TIMEOUT_S = 10
_CACHE_KIB = 65_536
# What SQLite raises for a file that is none of its own, is damaged, or cannot be opened.
_UNUSABLE = (sqlite3.DatabaseError, sqlite3.OperationalError)


class DatabaseFault(StateRefused):
    """The books cannot be reached: no command that needs them can go on."""


class NoDatabase(DatabaseFault):
    """There is no file of books at the address."""

    code = "KV-DATABASE-MISSING"
    message = N_("There is no database at {where}.")
    remedy = N_("Create it with: klimatvaxling init")


class EmptyDatabase(DatabaseFault):
    """A server's database in which nobody has begun any books."""

    code = "KV-DATABASE-EMPTY"
    message = N_("The database at {where} is empty: no books have been begun in it.")
    remedy = N_("Begin them, logged in as the owner of the database, with: klimatvaxling init")


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


class Overtaken(DatabaseFault):
    """The server broke off this work in favour of somebody else's."""

    code = "KV-DATABASE-OVERTAKEN"
    message = N_(
        "Others are working on the same at the same time, and the server let them go first; nothing was posted."
    )
    remedy = N_("Wait a moment and run the command again.")
    explanation = N_("The program has tried it several times by itself before it says this.")
    asks_for_another_try = True


class ConnectionLost(DatabaseFault):
    """The server went away in the middle of the work."""

    code = "KV-DATABASE-LOST"
    message = N_("The connection to the database at {where} was lost: {reason}.")
    remedy = N_("Nothing of this was kept. Run the command again.")


class OutcomeUnknown(DatabaseFault):
    """The server went away just when it was told to keep the work."""

    code = "KV-DATABASE-OUTCOME"
    message = N_(
        "The connection to the database at {where} was lost while the work was being kept: {reason}. It was kept whole"
        " or not at all."
    )
    remedy = N_(
        "Look at the last lines of klimatvaxling audit log: run the command again only if it is not there. A file can"
        " always be imported again; what is posted is not posted twice."
    )


class ServerUnreachable(DatabaseFault):
    """No server answers, or it has no time for us."""

    code = "KV-DATABASE-SERVER"
    message = N_("The database server at {where} cannot be reached: {reason}.")
    remedy = N_("Check the address, and ask whoever runs the server whether it is up.")


class LoginRefused(DatabaseFault):
    """The server answers, and does not let the login in."""

    code = "KV-DATABASE-LOGIN"
    message = N_("The database server does not let you in at {where}: {reason}.")
    remedy = N_(
        "Check the login in the address, and its password. Whoever runs the server can set a new one: \\password LOGIN in"
        " psql"
    )
    explanation = N_(
        "The password is read from the file ~/.pgpass (in Windows %APPDATA%\\postgresql\\pgpass.conf), a line for each:"
        " server:port:database:login:password. On Linux and macOS nobody else may read that file (chmod 600), or it is"
        " passed over. A wrong password and a login that does not exist are answered alike."
    )


class NoSuchDatabase(DatabaseFault):
    """The server answers, and has no database of that name."""

    code = "KV-DATABASE-NAME"
    message = N_("The server has no database of the name that ends the address {where}.")
    remedy = N_("Check the name. A new database is made by whoever runs the server: CREATE DATABASE … OWNER …")


class PermissionDenied(DatabaseFault):
    """The server refuses what the login may not do."""

    code = "KV-ACCESS-DENIED"
    message = N_("You have no permission to do this: {reason}.")
    remedy = N_(
        "Ask the finance office to do it, or the owner of the books for another role: klimatvaxling access grant LOGIN"
        " --role ROLE"
    )
    explanation = N_(
        "The server decides it, by the login. klimatvaxling access list shows your role: finance posts and registers,"
        " committee decides grants, unit sees its own units and applies for grants, auditor reads everything."
    )


class MayNotBegin(DatabaseFault):
    """A login that can neither begin books in a database nor upgrade them."""

    code = "KV-DATABASE-OWNER"
    message = N_("Your login may neither begin books in the database at {where} nor upgrade them.")
    remedy = N_(
        "Run init logged in as the owner of the database. The owner needs the right to create roles: ALTER ROLE LOGIN"
        " CREATEROLE"
    )


class DatabaseUnusable(DatabaseFault):
    """The database cannot be opened or written."""

    code = "KV-DATABASE-UNUSABLE"
    message = N_("The database at {where} cannot be used: {reason}.")
    remedy = N_("Check that the folder exists, that you may write there, and that the disk is not full.")


class ServerUnable(DatabaseUnusable):
    """A server that cannot do its work."""

    remedy = N_("Nothing of this was kept. Tell whoever runs the server, and run the command again afterwards.")


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
    writing = connection.get_execution_options().get("writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


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
    tables = connection.exec_driver_sql("SELECT begin_writing()").scalar()
    if tables is not None and table not in tables:
        raise _denied(connection.exec_driver_sql("SELECT my_role()").scalar())
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


def place_of(url: str) -> object:
    """Where the books are, as it may be shown: the file, or the address without its password."""
    return sqlite_file(url) or without_password(url)


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
            raise _denied(None)
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
            understood = _sqlite_fault(url, original)
        elif type(original).__module__.partition(".")[0] == "psycopg":
            # A connection is made within the library's own faults; whatever comes past them came on one that was there.
            was_there = fault is original or getattr(fault, "connection_invalidated", False)
            understood = _server_fault(url, original, was_there=was_there)
        if understood is None:
            raise
        raise understood from fault


def _sqlite_fault(url: str, fault: sqlite3.DatabaseError) -> DatabaseFault | None:
    if not isinstance(fault, sqlite3.OperationalError) and type(fault) not in _UNUSABLE:
        return None
    reason = str(fault).strip().rstrip(".")
    if "locked" in reason or "busy" in reason:
        return DatabaseBusy()
    if "not a database" in reason:
        return ForeignDatabase(where=place_of(url))
    if "malformed" in reason or "decode to UTF-8" in reason:
        return DatabaseDamaged(where=place_of(url), reason=reason)
    return DatabaseUnusable(where=place_of(url), reason=reason)


# What a server calls it (SQLSTATE) when others are in the way, the link is gone, or a right is missing.
_OVERTAKEN_STATES = ("40001", "40P01")
_BUSY_STATE = "55P03"
_LOST_STATES = ("57P01", "57P02", "57P03", "57P05")
DENIED_STATE = "42501"
_UNUSABLE_STATES = ("25006",)  # a server that only copies another one, and is read


# What each role may, for whoever asks for more.
_MAY = {
    "finance": N_("the role finance posts and registers, and only the owner of the books gives roles"),
    "committee": N_("the role committee decides grants, registers nothing else and sees no single trips"),
    "unit": N_("the role unit sees its own units and applies for grants for them, and nothing else"),
    "auditor": N_("the role auditor reads everything and writes nothing"),
}


def _denied(role: object) -> PermissionDenied:
    return PermissionDenied(reason=translate(_MAY.get(str(role), N_("your login has no role in these books"))))


def _role(url: str) -> object:
    """The role of whoever has logged in, asked anew; None where there is none, or nobody to ask."""
    try:
        with engine_for(url).connect() as connection:
            return connection.exec_driver_sql("SELECT my_role()").scalar()
    except DatabaseError:
        return None


def _server_fault(url: str, fault: BaseException, *, was_there: bool) -> ExchangeError | None:
    state = getattr(fault, "sqlstate", None)
    lines = str(fault).strip().splitlines() or [""]
    reason = lines[0].rpartition("FATAL: ")[2].strip().rstrip(".")
    if state in _OVERTAKEN_STATES:
        return Overtaken()
    if state == _BUSY_STATE:
        return DatabaseBusy()
    if state == DENIED_STATE:
        return _denied(_role(url))
    if state in _LOST_STATES:
        return ConnectionLost(where=place_of(url), reason=refusal.lost(state))
    if state in _UNUSABLE_STATES:
        return ServerUnable(where=place_of(url), reason=refusal.unable(state, reason))
    import psycopg

    if isinstance(fault, psycopg.ProgrammingError) and "connection " in reason and state is None and not was_there:
        return BadDatabaseUrl(value=without_password(url))  # an option that there is none of
    if not isinstance(fault, psycopg.OperationalError):
        return None
    if state is None and was_there:  # the server went away in mid-sentence
        return ConnectionLost(where=place_of(url), reason=refusal.lost(state))
    if state is None or state.startswith(("28", "3D", "08")):
        return _refused(url, str(fault))
    return ServerUnable(where=place_of(url), reason=refusal.unable(state, reason))


def _refused(url: str, said: str) -> DatabaseFault:
    """A connection that was never made."""
    at_fault, reason = refusal.understood(said)
    if at_fault == refusal.DATABASE:
        return NoSuchDatabase(where=place_of(url))
    kind = LoginRefused if at_fault == refusal.LOGIN else ServerUnreachable
    return kind(where=place_of(url), reason=reason)
