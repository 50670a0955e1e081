"""Work that takes more than a second says so on a terminal, on one line that is gone when it is done."""

import io
import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import redirect_stderr
from pathlib import Path

import pytest

from conftest import Books, trip
from klimatvaxling.ledger import check
from klimatvaxling.terminal import progress
from test_patience import POLICY, somebody_writes

pty = pytest.importorskip("pty")


class Terminal(io.StringIO):
    """Where a person looks."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    shown = Terminal()
    monkeypatch.setattr(progress, "_PATIENCE_S", 0.05)
    monkeypatch.setattr(progress, "_EVERY_S", 0.01)
    return shown


def waited_for(truth: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 10
    while not truth() and time.monotonic() < deadline:
        time.sleep(0.005)
    return truth()


def test_what_takes_long_is_named_with_its_seconds_and_then_gone(terminal: Terminal) -> None:
    with redirect_stderr(terminal), progress.working("Copying") as show:
        assert waited_for(lambda: "Copying (0 s)" in terminal.getvalue())
        show("Checking")
        assert waited_for(lambda: "Checking (0 s)" in terminal.getvalue())
    assert terminal.getvalue().endswith("\r\x1b[2K")


def test_what_is_done_at_once_says_nothing(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "_PATIENCE_S", 60)
    with redirect_stderr(terminal), progress.working("Copying"):
        pass
    assert terminal.getvalue() == ""


def test_the_line_is_gone_also_after_a_fault(terminal: Terminal) -> None:
    def fail() -> None:
        with redirect_stderr(terminal), progress.working("Copying"):
            assert waited_for(lambda: bool(terminal.getvalue()))
            raise ValueError

    with pytest.raises(ValueError):
        fail()
    assert terminal.getvalue().endswith("\r\x1b[2K")


def test_nothing_is_drawn_where_nobody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    monkeypatch.setattr(progress, "_PATIENCE_S", 0)
    with progress.working("Copying") as show:
        show("Checking")
        time.sleep(0.05)
    assert sys.stderr.getvalue() == ""  # type: ignore[attr-defined]


def read_all(screen: int) -> bytes:
    """What is shown on a terminal until nobody is left to show anything."""
    shown = b""
    with os.fdopen(screen, "rb", buffering=0) as file:
        while True:
            try:
                read = file.read(4096)
            except OSError:  # the other end is closed
                return shown
            if not read:
                return shown
            shown += read


SLOW = """
import sys, time
from klimatvaxling.ledger import check
from klimatvaxling.terminal.main import main

def takes_its_time(connection):
    time.sleep(1.6)
    return ()

check.CHECKS = (*check.CHECKS, takes_its_time)
check.run_checks.__defaults__ = (check.CHECKS, *check.run_checks.__defaults__[1:])
main(sys.argv[1:])
"""


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="no terminals here")
@pytest.mark.parametrize(
    ("command", "told"),
    [
        (("check",), "takes_its_time"),
        pytest.param(("backup", "kept.db"), "takes_its_time", marks=pytest.mark.on_sqlite),
        pytest.param(("restore", "kept-before.db", "--replace"), "takes_its_time", marks=pytest.mark.on_sqlite),
        (("period", "close", "2025-01", "--accept-missing", "x"), "Checking the books"),
    ],
    ids=lambda command: command[0],
)
def test_checks_backups_and_closings_show_progress_on_a_terminal(
    books: Books, tmp_path: Path, command: tuple[str, ...], told: str
) -> None:
    books.take(trip(date="2025-01-10"))
    if command[0] == "restore":
        assert books("backup", books.folder / "kept-before.db").code == 0
    script = tmp_path / "slow.py"
    script.write_text(SLOW, encoding="utf-8")
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        [sys.executable, script, "--database", books.url, *command],
        stdout=subprocess.DEVNULL, stderr=theirs, cwd=books.folder, env=os.environ | books.environment,
    )  # fmt: skip
    os.close(theirs)
    shown = read_all(ours)
    assert process.wait(timeout=60) == 0, shown
    assert told in shown.decode()
    assert " s)" in shown.decode()
    assert b"\r\x1b[2K" in shown


def test_who_waits_for_somebody_else_sees_it(books: Books, tmp_path: Path) -> None:
    """The line comes after a second, counts, and is gone when it is one's turn."""
    script = tmp_path / "patient.py"
    script.write_text(
        "import sys\nfrom klimatvaxling.terminal.main import main\nmain(sys.argv[1:])\n", encoding="utf-8"
    )
    ours, theirs = os.openpty()
    with somebody_writes(books):
        process = subprocess.Popen(
            [sys.executable, script, "--database", books.url, *POLICY],
            stdout=subprocess.DEVNULL, stderr=theirs, cwd=books.folder, env=os.environ | books.environment,
        )  # fmt: skip
        os.close(theirs)
        shown = b""
        while b"Waiting for somebody else who is writing (1 s)" not in shown:
            shown += os.read(ours, 4096)
    shown += read_all(ours)
    assert process.wait(timeout=60) == 0, shown
    assert shown.rindex(b"\r\x1b[2K") > shown.rindex(b"Waiting")


def test_the_checks_are_counted(terminal: Terminal, books: Books) -> None:
    count = len(check.CHECKS)
    with redirect_stderr(terminal), progress.checking(count) as show:
        for each in check.CHECKS:
            show(each.__name__)
        assert waited_for(lambda: f"Check {count} of {count}: {check.CHECKS[-1].__name__}" in terminal.getvalue())
