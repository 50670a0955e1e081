"""Progress for a person at a terminal, once the work has taken a second."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from klimatvaxling import formats
from klimatvaxling.language import N_, translate

_PATIENCE_S = 1.0
_EVERY_S = 0.2
_GONE = "\r\x1b[2K"


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
            print(_GONE, end="", file=sys.stderr, flush=True)


@contextmanager
def working(what: str) -> Iterator[Callable[[str], None]]:
    """Say what is being done and for how long, where it takes more than a second; the line is removed at the end.

    Gives a function to call with what is being done next.
    """
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    doing, started, done = [what], time.monotonic(), threading.Event()
    drawn = threading.Event()

    def draw() -> None:
        # A step of its own may take minutes: somebody else looks at the clock meanwhile.
        while not done.wait(_EVERY_S if drawn.is_set() else _PATIENCE_S):
            drawn.set()
            seconds = formats.number(int(time.monotonic() - started))
            line = translate(N_("{what} ({seconds} s)"), what=doing[0], seconds=seconds)
            print(_GONE + line, end="", file=sys.stderr, flush=True)

    drawing = threading.Thread(target=draw, daemon=True)
    drawing.start()
    try:
        yield lambda step: doing.__setitem__(0, step)
    finally:
        done.set()
        drawing.join()
        if drawn.is_set():
            print(_GONE, end="", file=sys.stderr, flush=True)


def waiting() -> AbstractContextManager[object]:
    """The same while somebody else may be writing."""
    return working(translate(N_("Waiting for somebody else who is writing")))


@contextmanager
def checking(count: int, what: str | None = None) -> Iterator[Callable[[str], None]]:
    """The same for checks of the books: a function to call with the name of each, `count` in all."""
    with working(what or translate(N_("Checking the books"))) as show:
        asked = 0

        def show_check(name: str) -> None:
            nonlocal asked
            asked += 1
            show(translate(N_("Check {number} of {count}: {name}"), number=asked, count=count, name=name))

        yield show_check
