"""Reading ahead: a large file is read and understood in a process of its own, while this one writes the database.

Both take about as long, so the import takes about half as long as both together. A small file is read here.
"""

import gc
import marshal
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

from klimatvaxling.batches.reading import Closing, Message, Part, Task, read
from klimatvaxling.errors import TRACEBACK_VARIABLE, ExchangeError
from klimatvaxling.trips.trip import FIELDS, Trips

# Below this a second process costs more than it saves.
WORTH_A_PROCESS_BYTES = 4_000_000
# A workbook is packed, and takes longer to read.
WORTH_A_PROCESS_XLSX_BYTES = 500_000
# How far the reader may be ahead, where the system lets a pipe hold so much.
_AHEAD_BYTES = 1 << 20


class ReaderLost(Exception):
    """The reading process ended before the file did: a fault of the program or the machine, never of the user."""


Reader = subprocess.Popen[bytes]


@contextmanager
def started_reader(file: Path) -> Iterator[Reader | None]:
    """A process that is ready to read `file`, where that is worth it; ended when the caller is done with it."""
    try:
        least = WORTH_A_PROCESS_XLSX_BYTES if file.suffix.casefold() == ".xlsx" else WORTH_A_PROCESS_BYTES
        is_large = file.stat().st_size >= least
    except OSError:
        is_large = False
    if not is_large:
        yield None
        return
    # -P: nothing in the folder the user stands in is taken for a part of the program.
    command = [sys.executable, "-P", "-m", "klimatvaxling.batches.ahead"]
    quiet = None if os.environ.get(TRACEBACK_VARIABLE) else subprocess.DEVNULL
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=quiet, pipesize=_AHEAD_BYTES) as reader:
        try:
            yield reader
        finally:
            reader.kill()


@contextmanager
def reading_ahead(task: Task, reader: Reader | None) -> Iterator[Iterator[Message]]:
    """The messages of `read(task)`: from `reader`, from one that is started now if that is worth it, or from here."""
    with nullcontext(reader) if reader is not None else started_reader(task.file) as ready:
        if ready is None:
            yield read(task)
            return
        assert ready.stdin is not None
        assert ready.stdout is not None
        pickle.dump(task, ready.stdin)
        ready.stdin.flush()
        yield _received(ready.stdout)


def _received(stream: IO[bytes]) -> Iterator[Message]:
    while True:
        try:
            message, packed = pickle.load(stream)  # noqa: S301 - from the process this one started
        except (EOFError, pickle.UnpicklingError) as fault:
            raise ReaderLost from fault
        if isinstance(message, Exception):
            raise message
        yield _unpacked(message, packed)
        if isinstance(message, Closing):
            return


def _packed(message: Message) -> tuple[Message, bytes]:
    """Trips apart, as columns of plain values: millions of these pass."""
    if not isinstance(message, Part) or message.trips is None:
        return message, b""
    columns = [tuple(column) for column in message.trips.columns()]
    return replace(message, trips=None), marshal.dumps((columns, list(message.trips.kept)), 2)


def _unpacked(message: Message, packed: bytes) -> Message:
    if not packed or not isinstance(message, Part):
        return message
    columns, kept = marshal.loads(packed)  # noqa: S302 - from the process this one started
    return replace(message, trips=Trips(**dict(zip(FIELDS, columns, strict=True)), kept=kept))


def main(given: IO[bytes], result: IO[bytes]) -> None:
    """The other process: a task in, its messages out, and last what went wrong if something did."""
    gc.disable()
    task: Any = pickle.load(given)  # noqa: S301 - from the process that started this one
    try:
        for message in read(task):
            pickle.dump(_packed(message), result)
    except ExchangeError as fault:
        pickle.dump((fault, b""), result)
    result.flush()


if __name__ == "__main__":
    main(sys.stdin.buffer, sys.stdout.buffer)
