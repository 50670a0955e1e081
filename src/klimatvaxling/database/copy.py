"""A consistent copy of a SQLite file that others may be reading and writing: whole or not at all."""

import contextlib
import errno
import os
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from klimatvaxling.database.engine import translated_faults
from klimatvaxling.database.faults import DatabaseDamaged, DatabaseUnusable
from klimatvaxling.database.location import SQLITE
from klimatvaxling.database.patience import lock_seconds


@contextmanager
def copied(source: Path, beside: Path) -> Iterator[Path]:
    """A copy of the database `source` under a name of its own in the folder of `beside`, gone when the caller is done.

    The copy is read in one transaction and found whole. Its mode is 0600. Raises `DatabaseBusy`, `ForeignDatabase`,
    `DatabaseDamaged` or `DatabaseUnusable`.
    """
    copy = beside.with_name(f".{beside.name}.{secrets.token_hex(4)}.part")
    try:
        os.close(os.open(copy, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except OSError as fault:
        raise DatabaseUnusable(where=beside, reason=fault.strerror) from None
    try:
        with translated_faults(f"{SQLITE}{source}"):
            _copy(source, copy)
        _require_whole(copy, source)
        yield copy
    finally:
        copy.unlink(missing_ok=True)


def _copy(source: Path, copy: Path) -> None:
    with (
        contextlib.closing(sqlite3.connect(source, timeout=lock_seconds(), isolation_level=None)) as reading,
        contextlib.closing(sqlite3.connect(copy, isolation_level=None)) as writing,
    ):
        # The read lock is taken first, and waited for no longer than elsewhere; all pages are then of one moment.
        reading.execute("BEGIN")
        reading.execute("SELECT count(*) FROM sqlite_master").fetchone()
        writing.execute("PRAGMA synchronous = FULL")
        reading.backup(writing)


def _require_whole(copy: Path, source: Path) -> None:
    with translated_faults(f"{SQLITE}{source}"), contextlib.closing(sqlite3.connect(copy)) as connection:
        # Databases from elsewhere are looked at too: nothing in them is trusted.
        connection.execute("PRAGMA trusted_schema = OFF")
        found = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(1)")]
        dangling = connection.execute("PRAGMA foreign_key_check").fetchone()
    if found != ["ok"] or dangling:
        reason = found[0] if found != ["ok"] else f"{dangling[0]} → {dangling[2]}"
        raise DatabaseDamaged(where=source, reason=reason)


def put_in_place(copy: Path, file: Path) -> None:
    """Give a finished copy its name, safely on disk, unless something has that name. Raises `FileExistsError`."""
    with copy.open("rb+") as written:
        os.fsync(written.fileno())
    try:
        os.link(copy, file)  # refuses a name that is taken, at the same moment as it gives it
    except OSError as fault:
        if isinstance(fault, FileExistsError) or file.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(file)) from None
        copy.rename(file)  # a disk that knows no links
    sync_folder(file.parent)


def free_name(file: Path, what: str) -> Path:
    """A name beside `file` that says what the copy is and that nothing has yet."""
    numbers = ("", *(f"-{number}" for number in range(2, 1000)))
    names = (file.with_name(f"{file.stem}.{what}{number}{file.suffix}") for number in numbers)
    return next(name for name in names if not name.exists())


def sync_folder(folder: Path) -> None:
    """The folder's own list of names on disk, where the system lets us."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
