"""The reader of a large file: a process of its own, started before anything is known but the file's name.

It loads its own libraries while the first process loads the database's, opens the file as soon as it is told the
profile, and reads it when it is given its task (reading_process.py). Starting it needs nothing but the standard library.
"""

import os
import pickle
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import IO, Any

from klimatvaxling.errors import TRACEBACK_VARIABLE

# Below this a second process costs more than it saves.
WORTH_A_PROCESS_BYTES = 4_000_000
# A workbook is packed, and takes longer to read.
WORTH_A_PROCESS_XLSX_BYTES = 500_000
# How far the reader may be ahead, where the system lets a pipe hold so much.
_AHEAD_BYTES = 1 << 20


class ReaderLost(Exception):
    """The reading process ended before the file did: a fault of the program or the machine, never of the user."""


class Reader:
    """The process, as the one that started it sees it. `file` is what it was started for."""

    def __init__(self, process: subprocess.Popen[bytes], file: Path) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._given, self._results, self.file = process.stdin, process.stdout, file
        self._is_told = False

    def tell(self, profile: Any) -> None:
        """By which profile to open the file; it is opened at once."""
        self._is_told = True
        self._give((profile, self.file))

    def messages(self, task: Any) -> Iterator[Any]:
        """Hand over the task, and receive what the process answers, until it has no more to say."""
        if not self._is_told:
            self.tell(task.profile)
        self._give(task)
        return _received(self._results)

    def _give(self, what: object) -> None:
        try:
            pickle.dump(what, self._given)
            self._given.flush()
        except BrokenPipeError as fault:
            raise ReaderLost from fault


def _received(stream: IO[bytes]) -> Iterator[Any]:
    while True:
        try:
            yield pickle.load(stream)  # noqa: S301 - from the process this one started
        except (EOFError, pickle.UnpicklingError) as fault:
            raise ReaderLost from fault


_ready: ContextVar[Reader | None] = ContextVar("ready", default=None)


@contextmanager
def ready_reader(words: Sequence[str]) -> Iterator[None]:
    """Have the reader of the first large file among a command's words ready, before the command itself is understood.

    Loading the library that understands commands takes as long as starting the reader.
    """
    file = next((path for path in map(Path, words) if _is_large(path)), None)
    if file is None:
        yield
        return
    with started_reader(file) as reader:
        token = _ready.set(reader)
        try:
            yield
        finally:
            _ready.reset(token)


@contextmanager
def started_reader(file: Path) -> Iterator[Reader | None]:
    """A process that is ready to read `file`, where that is worth it; ended when the caller is done with it."""
    ready = _ready.get()
    if ready is not None and ready.file == file:
        _ready.set(None)  # it reads once
        yield ready
        return
    if not _is_large(file):
        yield None
        return
    # -P: nothing in the folder the user stands in is taken for a part of the program.
    command = [sys.executable, "-P", "-m", "klimatvaxling.batches.reading_process"]
    quiet = None if os.environ.get(TRACEBACK_VARIABLE) else subprocess.DEVNULL
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=quiet, pipesize=_AHEAD_BYTES) as process:
        try:
            yield Reader(process, file)
        finally:
            process.kill()


def _is_large(file: Path) -> bool:
    least = WORTH_A_PROCESS_XLSX_BYTES if file.suffix.casefold() == ".xlsx" else WORTH_A_PROCESS_BYTES
    try:
        return file.is_file() and file.stat().st_size >= least
    except (OSError, ValueError):  # what may not be looked at is complained about when it is opened
        return False
