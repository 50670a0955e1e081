"""Reading ahead: a large file is read and understood in a process of its own, while this one writes the database.

Both take about as long, so the import takes about half as long as both together. A small file is read here.
"""

import marshal
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace

from klimatvaxling.batches.reader import Reader, started_reader
from klimatvaxling.batches.reading import Closing, Message, Part, Task, read
from klimatvaxling.travel.file import TravelFile
from klimatvaxling.travel.sheet import open_for
from klimatvaxling.trips.trip import FIELDS, Trips


@contextmanager
def reading_ahead(task: Task, reader: Reader | None) -> Iterator[Iterator[Message]]:
    """The messages of `read(task)`: from `reader`, from one that is started now if that is worth it, or from here."""
    with nullcontext(reader) if reader is not None else started_reader(task.file) as ready:
        yield read(task, open_for(task.profile, task.file)) if ready is None else _received(ready, task)


def _received(reader: Reader, task: Task) -> Iterator[Message]:
    for message, packed in reader.messages(task):
        if isinstance(message, Exception):
            raise message
        yield _unpacked(message, packed)
        if isinstance(message, Closing):
            return


def packed_messages(task: Task, file: TravelFile) -> Iterator[tuple[Message, bytes]]:
    """The messages as the reading process sends them."""
    return map(_packed, read(task, file))


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
