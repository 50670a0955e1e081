"""Making and upgrading the schema, by Alembic."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.exc import DatabaseError

from klimatvaxling.clock import Clock, system_clock
from klimatvaxling.database.copy import copied, free_name, put_in_place
from klimatvaxling.database.driver_faults import DENIED_STATE
from klimatvaxling.database.engine import (
    SCHEMA_REVISION,
    engine_for,
    is_empty,
    schema_revision,
    translated_faults,
)
from klimatvaxling.database.faults import DatabaseUnusable, ForeignDatabase, MayNotBegin, OtherSchemaVersion
from klimatvaxling.database.location import place_of, shipped, sqlite_file


def alembic_config(connection: Connection) -> Config:
    """Alembic's settings for an open connection."""
    config = Config()
    config.set_main_option("script_location", str(shipped("migrations")))
    config.attributes["connection"] = connection
    return config


class BrokenReferences(Exception):
    """A migration left rows that refer to nothing: a fault of the program, never of the user."""


class Upgrade(NamedTuple):
    """The schema's version before and after, and the copy of the books as they were, where one was made."""

    before: str | None
    after: str
    backup: Path | None = None


def upgrade(url: str, clock: Clock = system_clock) -> Upgrade:
    """Bring the schema to the newest version, after a backup of a file that is at an earlier one.

    New files are the owner's only. The backup lies beside the file, named after its version and the time.
    Raises `ForeignDatabase` where another program's tables are, `OtherSchemaVersion` for a version this program does
    not know, `MayNotBegin` for a login that a server lets make no tables or roles, and any other `DatabaseFault`. None
    of them is written to.
    """
    engine = engine_for(url)
    _make_file(url)
    with translated_faults(url), engine.connect() as plain:
        connection = plain.execution_options(writing=True)
        with schema_change(connection):
            before = schema_revision(connection)
            if before is None and not is_empty(connection):
                raise ForeignDatabase(where=place_of(url))
            if before is not None and before not in _known_revisions(connection):
                raise OtherSchemaVersion(where=place_of(url), found=before, needed=SCHEMA_REVISION)
            # The write lock is held: nothing comes into the books between the copy and the upgrade.
            backup = None if before in (None, SCHEMA_REVISION) else _kept_copy(url, f"before-{SCHEMA_REVISION}", clock)
            with _by_the_owner(url):
                command.upgrade(alembic_config(connection), "head")
            after = schema_revision(connection)
    return Upgrade(before, str(after), backup)


@contextmanager
def _by_the_owner(url: str) -> Iterator[None]:
    try:
        yield
    except DatabaseError as fault:
        if getattr(fault.orig, "sqlstate", None) == DENIED_STATE:
            raise MayNotBegin(where=place_of(url)) from fault
        raise


@contextmanager
def schema_change(connection: Connection) -> Iterator[None]:
    """One transaction in which tables may be made anew: SQLite looks at references when it ends, not meanwhile.

    Raises `BrokenReferences` and keeps nothing if a migration left any broken.
    """
    is_sqlite = connection.dialect.name == "sqlite"
    if is_sqlite:  # only possible outside a transaction
        connection.connection.cursor().execute("PRAGMA foreign_keys = OFF")
    with connection.begin():
        yield
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first() if is_sqlite else None
        if broken:
            raise BrokenReferences(str(broken))


def _kept_copy(url: str, why: str, clock: Clock) -> Path | None:
    """The books as they are, beside themselves; None for a server, which has tools of its own for it."""
    file = sqlite_file(url)
    if file is None:
        return None
    kept = free_name(file, f"{why}-{clock():%Y%m%dT%H%M%SZ}")
    with copied(file, kept) as copy:
        put_in_place(copy, kept)
    return kept


def _make_file(url: str) -> None:
    file = sqlite_file(url)
    try:
        if file is not None and not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except OSError as fault:
        raise DatabaseUnusable(where=place_of(url), reason=fault.strerror) from None


def _known_revisions(connection: Connection) -> set[str]:
    scripts = ScriptDirectory.from_config(alembic_config(connection))
    return {script.revision for script in scripts.walk_revisions()}
