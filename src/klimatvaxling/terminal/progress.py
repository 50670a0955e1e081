"""Progress for a person at a terminal, once the work has taken a second."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from klimatvaxling import formats
from klimatvaxling.language import N_, translate

_PATIENCE_S = 1.0
_EVERY_S = 0.2


@contextmanager
def rows_read(name: str) -> Iterator[Callable[[int], None]]:
    """A function to call with the rows read so far; draws one line on standard error, and removes it at the end."""
    started = last = time.monotonic()
    drawn = False
    is_terminal = sys.stderr.isatty()

    def show(rows: int) -> None:
        nonlocal last, drawn
        now = time.monotonic()
        if is_terminal and now - started > _PATIENCE_S and now - last > _EVERY_S:
            last, drawn = now, True
            print(
                "\r" + translate(N_("{name}: {rows} rows"), name=name, rows=formats.number(rows)),
                end="",
                file=sys.stderr,
            )

    try:
        yield show
    finally:
        if drawn:
            print("\r\x1b[2K", end="", file=sys.stderr, flush=True)
