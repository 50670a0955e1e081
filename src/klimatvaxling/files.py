"""Files that leave the program: each is written whole or not at all, readable by its owner only."""

import os
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from klimatvaxling.errors import StateRefused
from klimatvaxling.language import N_, translate

# The earliest time stamp the format has: an archive says nothing of when it was made.
_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)


class FileUnwritable(StateRefused):
    """A file could not be written where it should be."""

    code = "KV-FILE-WRITE"
    message = N_("“{file}” could not be written: {reason}.")
    remedy = N_("Close the file if it is open, or name a folder that exists and that you may write in.")


@contextmanager
def whole_file(path: Path) -> Iterator[IO[bytes]]:
    """A file to write, with mode 0600, that stands at `path` once everything is written, or not at all.

    It takes the place of an ordinary file that stands there, never of anything else. Raises `FileUnwritable`.
    """
    temporary: Path | None = None
    try:
        target = path.resolve()
        if target.exists() and not target.is_file():
            raise FileUnwritable(file=path.name, reason=translate(N_("something else than a file has that name")))
        # In the same folder, so that the last step is one rename.
        handle, made = tempfile.mkstemp(prefix=f".{target.stem[:40]}.", suffix=".part", dir=target.parent)
        temporary = Path(made)
        with os.fdopen(handle, "w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
        _keep_name(target.parent)
    except OSError as fault:
        reason = (fault.strerror or type(fault).__name__).rstrip(".")
        raise FileUnwritable(file=path.name, reason=reason) from None
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def made_folder(path: Path) -> Path:
    """The folder, made if it is not there. Raises `FileUnwritable`."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise FileUnwritable(file=path.name, reason=(fault.strerror or type(fault).__name__).rstrip(".")) from None
    return path


def write_whole(path: Path, content: bytes) -> None:
    """Write `content` whole or not at all. Raises `FileUnwritable`."""
    with whole_file(path) as file:
        file.write(content)


def put(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    """Add an entry to a zip archive, with no trace of when or where it was made: the same content gives the same bytes."""
    archive.writestr(_entry(name), content)


@contextmanager
def opened_entry(archive: zipfile.ZipFile, name: str) -> Iterator[IO[bytes]]:
    """An entry of any size to write piece by piece, likewise without a trace."""
    with archive.open(_entry(name), "w", force_zip64=True) as file:
        yield file


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _ZIP_EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.create_system = 0
    return entry


def _keep_name(folder: Path) -> None:
    """Make the file's new name outlive a loss of power, where the system knows how."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
