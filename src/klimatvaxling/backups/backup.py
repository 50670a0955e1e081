"""The backup: a copy of the books that counts once it is verified, and the way back.

A backup is an ordinary database of this program: `check`, `balance` and every report can be asked of it where it lies.
"""

import contextlib
import hashlib
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from klimatvaxling.clock import Clock
from klimatvaxling.database.copy import copied, free_name, put_in_place, sync_folder
from klimatvaxling.database.engine import reading
from klimatvaxling.database.faults import DatabaseBusy, DatabaseUnusable, NoDatabase
from klimatvaxling.database.location import SQLITE, sqlite_file
from klimatvaxling.errors import StateRefused, UsageFault
from klimatvaxling.language import N_
from klimatvaxling.ledger import check

Progress = Callable[[str], None]

_SIDECARS = ("-journal", "-wal", "-shm")
_PATIENCE_S = 5


class BackupOfServer(UsageFault):
    """Books on a server are backed up by the server's own tools."""

    code = "KV-BACKUP-SERVER"
    message = N_("The books are on a PostgreSQL server; backup and restore are for a SQLite file.")
    remedy = N_(
        "As the owner of the database, use pg_dump --format=custom --enable-row-security for the backup, and pg_restore"
        " --no-owner to put it back into an empty database; then run klimatvaxling check. Keep the roles of the server"
        " with pg_dumpall --roles-only."
    )


class BackupExists(StateRefused):
    """The backup's name is taken."""

    code = "KV-BACKUP-EXISTS"
    message = N_("{path} exists already and is not overwritten.")
    remedy = N_("Give the backup a name of its own, for example with the date in it.")


class RestoreExists(StateRefused):
    """There are books where the backup would be put."""

    code = "KV-RESTORE-EXISTS"
    message = N_("There is a database at {path} already; nothing was restored.")
    remedy = N_("Restore to another place with --database, or give --replace: the old database is then kept beside it.")


class BackupUnsound(StateRefused):
    """A copy that does not pass the checks of the books."""

    code = "KV-BACKUP-UNSOUND"
    message = N_("{path} does not pass these checks: {checks}. It does not count as a backup.")
    remedy = N_("Run klimatvaxling check on it to see what breaks them, and use an earlier backup.")


@dataclass(frozen=True)
class Backup:
    """A verified copy: where it is, its size and SHA-256, and the chain's head and length in it."""

    path: Path
    size_bytes: int
    sha256: str
    head: str
    vouchers: int
    kept: Path | None = None


def back_up(url: str, path: Path, progress: Progress = lambda _: None) -> Backup:
    """Write a verified backup of the books at `url` to `path`, whole or not at all.

    `progress` is called with the name of each check.

    Raises `BackupOfServer`, `BackupExists`, `BackupUnsound` or a `DatabaseFault`.
    """
    books = _file_of(url)
    _require_free(path)
    with reading(url) as connection:
        head_before = check.head(connection)
    with copied(books, path) as copy:
        head = verified(copy, books, progress)
        # The books may have grown since, never changed: what was the head is still in the chain of the copy.
        _require_link(copy, books, head_before[0])
        made = _described(copy, path, head)
        try:
            put_in_place(copy, path)
        except FileExistsError:
            raise BackupExists(path=path) from None
    return made


def restore(url: str, path: Path, *, replace: bool, clock: Clock, progress: Progress = lambda _: None) -> Backup:
    """Put a backup in the place of the books at `url`, verified first; what was there is kept beside it.

    Raises `BackupOfServer`, `RestoreExists`, `BackupUnsound`, `DatabaseBusy` or another `DatabaseFault`.
    """
    books = _file_of(url)
    if not path.is_file():
        raise NoDatabase(where=path)
    if books.exists() and (not replace or not books.is_file() or books.samefile(path)):
        raise RestoreExists(path=books)
    with reading(f"{SQLITE}{path}"):
        pass  # a file that is no backup, or one of another version, is named before anything is copied
    _make_folder(books)
    with copied(path, books) as copy:
        made = _described(copy, books, verified(copy, path, progress))
        kept = free_name(books, f"before-restore-{clock():%Y%m%dT%H%M%SZ}")
        if not books.exists():
            _set_aside_what_belongs_to(books, kept)
            try:
                put_in_place(copy, books)
            except FileExistsError:
                raise RestoreExists(path=books) from None
            return made
        with _alone(books):
            _set_aside(books, kept)
            # Under its own name the file is at every moment either the old one or the new one.
            copy.replace(books)
        sync_folder(books.parent)
    return Backup(made.path, made.size_bytes, made.sha256, made.head, made.vouchers, kept)


def verified(copy: Path, of: Path, progress: Progress = lambda _: None) -> tuple[str, int]:
    """Every check of the books, on a copy; gives its head and length. `of` is what messages call it.

    Raises `BackupUnsound`, or what is wrong with the file as a database.
    """
    with reading(f"{SQLITE}{copy}") as connection:
        failed = [finding.name for finding in check.run_checks(connection, progress=progress) if not finding.ok]
        if failed:
            raise BackupUnsound(path=of, checks=", ".join(failed))
        return check.head(connection)


def _file_of(url: str) -> Path:
    file = sqlite_file(url)
    if file is None:
        raise BackupOfServer
    return file


def _make_folder(books: Path) -> None:
    try:
        books.parent.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise DatabaseUnusable(where=books, reason=fault.strerror) from None


def _require_free(path: Path) -> None:
    for taken in (path, *(path.with_name(path.name + ending) for ending in _SIDECARS)):
        if taken.exists() or taken.is_symlink():
            raise BackupExists(path=taken)


def _require_link(copy: Path, of: Path, head: str) -> None:
    with reading(f"{SQLITE}{copy}") as connection:
        found = check.includes_head(connection, head)
    if not found.ok:
        raise BackupUnsound(path=of, checks=found.name)


def _described(copy: Path, path: Path, head: tuple[str, int]) -> Backup:
    with copy.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    return Backup(path, copy.stat().st_size, digest, *head)


@contextmanager
def _alone(books: Path) -> Iterator[None]:
    """Nobody else reads or writes the old books meanwhile. Damaged ones cannot be locked: they are replaced all the same.

    Raises `DatabaseBusy`.
    """
    with contextlib.closing(sqlite3.connect(books, timeout=_PATIENCE_S, isolation_level=None)) as connection:
        try:
            # What a crash left half written is brought in order first, so that it does not meet the new file.
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as fault:
            if "locked" in str(fault) or "busy" in str(fault):
                raise DatabaseBusy from None
        except sqlite3.DatabaseError:
            pass
        if os.name == "nt":  # an open file cannot be replaced there
            connection.close()
        yield


def _set_aside(books: Path, kept: Path) -> None:
    """The old file under its new name too, and with it what belongs to it."""
    try:
        os.link(books, kept)
    except OSError:
        books.rename(kept)  # a disk that knows no links
    _set_aside_what_belongs_to(books, kept)


def _set_aside_what_belongs_to(books: Path, kept: Path) -> None:
    """Files left beside the old database, which would be taken for the new one's and played back into it."""
    for ending in _SIDECARS:
        with contextlib.suppress(FileNotFoundError):
            books.with_name(books.name + ending).rename(kept.with_name(kept.name + ending))
