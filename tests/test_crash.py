"""Whatever moment the process is killed at, all of it is there or nothing is, and running it again completes it.

The real command runs and is killed by SIGKILL at a step on its way to the disk: before the first, before the last, and at
points spread evenly between. With books on a server it is killed around its exchanges with it, and before, while and after
it says COMMIT. KLIMATVAXLING_CRASH_POINTS says at how many (default 5; 0 is every step there is).

That the server itself is killed is in test_server_faults.py.
"""

import contextlib
import os
import shutil
import signal
import sqlite3
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import openpyxl
import pytest

import coded_books
from conftest import Books, trip
from crashing import Ended, Program
from klimatvaxling.database.location import shipped
from server import server
from test_migrations import downgrade
from test_migrations import later as later_migration

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked here")
POINTS = int(os.environ.get("KLIMATVAXLING_CRASH_POINTS", "5"))


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    started = Program(tmp_path_factory.mktemp("program"), {"PYTHONPATH": os.pathsep.join(sys.path)})
    yield started
    started.close()


@dataclass(frozen=True)
class Case:
    """What is killed: a command over books as `begin` leaves them, and the files it writes."""

    command: str
    begin: Callable[[Books], None]
    # The files of the folder `out` must be as the undisturbed run writes them, byte for byte, or not be there.
    same_bytes: bool = True
    # Whether the command changes the books.
    changes: bool = True
    later: bool = False
    # Tables that are written in a second transaction, or once more by a second run: each of the two is whole.
    apart: tuple[str, ...] = ()
    # Commands that say so when what they are to do is done already.
    done_is_refused: bool = False
    only: str | None = None


def nothing(books: Books) -> None:
    """The books as they are: everything has happened once."""


def file_of_trips(books: Books) -> None:
    rows = [trip(f"n{number}", unit=("SBF", "ELN", "BUF")[number % 3], co2_fossil_kg=number) for number in range(1, 40)]
    books.csv("new.csv", rows)


def amended_file(books: Books) -> None:
    file_of_trips(books)
    assert books("import", books.folder / "new.csv", "--source", "standard").code == 0
    books.csv("again.csv", [trip("n3", co2_fossil_kg=1), trip("n4", unit="ELN", co2_fossil_kg=7)])


def due_lots(books: Books) -> None:
    books.take(*(trip(f"d{unit}", unit=unit, date="2025-03-04") for unit in ("SBF", "BUF", "ELN")), name="due.csv")


def with_plan(books: Books) -> None:
    coded_books.load_plan(books)
    due_lots(books)


def with_backup(books: Books) -> None:
    assert books("backup", books.folder / "kept.db").code == 0
    due_lots(books)


def no_books_but_a_backup(books: Books) -> None:
    assert books("backup", books.folder / "kept.db").code == 0
    books.file.unlink()


def no_books(books: Books) -> None:
    if books.on_server:
        downgrade(books, "base")
        books.sql("DROP TABLE alembic_version")
    else:
        books.file.unlink()


def of_the_first_version(books: Books) -> None:
    """Without the guards, the door and the rights that the second one makes."""
    downgrade(books, "0001")


def with_application(books: Books) -> None:
    for command in (
        "fund appropriate --amount 1000 --decision KF --booked-on 2026-02-20",
        "grant round open Hösten --from 2026-02-01 --to 2026-12-31",
        (
            "grant apply --unit SBF --title Laddstolpar --amount 400 --total-cost 900 --co2-reduction-kg 100"
            " --lifetime-years 10 --booked-on 2026-03-01"
        ),
    ):
        outcome = books(*command.split())
        assert outcome.code == 0, outcome.err


def with_grant(books: Books) -> None:
    with_application(books)
    approved = ("--amount", "400", "--decision", "KS", "--booked-on", "2026-03-02")
    assert books("grant", "approve", "2", *approved).code == 0


# `init` makes the tables, and then begins the books: what comes first are the tables, all of them.
BEGUN = ("*",)
CASES = {
    "import": Case("import {folder}/new.csv --source standard", file_of_trips),
    "import --accept-partial": Case("import {folder}/bad.csv --source standard --accept-partial --rejected-to {folder}/out",
                                    lambda books: books.csv("bad.csv", [trip("g"), trip("h", unit="NIX")]),
                                    same_bytes=False, apart=("batch", "registration")),
    "import --amend": Case("import {folder}/again.csv --source standard --amend", amended_file),
    "batch undo": Case("batch undo 1 --reason fel --booked-on 2026-03-01", nothing, done_is_refused=True),
    "sweep": Case("sweep --as-of 2026-04-30", due_lots),
    "unit merge": Case("unit merge BUF --into SBF --booked-on 2026-05-01 --decision KF", due_lots, done_is_refused=True),
    "grant approve": Case("grant approve 2 --amount 400 --decision KS --booked-on 2026-03-02", with_application,
                          done_is_refused=True),
    "grant pay": Case("grant pay 2 --amount 400 --booked-on 2026-03-03", with_grant, done_is_refused=True),
    "period close": Case("period close 2025-01 --accept-missing nej", due_lots, done_is_refused=True),
    "init": Case("init --organisation Exempelstad", no_books, apart=BEGUN),
    "init, upgrading": Case("init", nothing, later=True, apart=("program", "registration")),
    "init, upgrading from the first version": Case("init", of_the_first_version, apart=("program", "registration"),
                                                   only="on_server"),
    "access grant": Case("access grant {database}_eva --role finance", nothing, only="on_server",
                         apart=("access", "registration")),
    "restore": Case("restore {folder}/kept.db", no_books_but_a_backup, done_is_refused=True, only="on_sqlite"),
    "restore --replace": Case("restore {folder}/kept.db --replace", with_backup, only="on_sqlite"),
    "backup": Case("backup {folder}/out/copy.db", nothing, same_bytes=False, changes=False, done_is_refused=True,
                   only="on_sqlite"),
    "export archive": Case("export archive --year 2025 --output {folder}/out/year.zip", nothing, changes=False),
    "export climate-report": Case(
        "export climate-report --year 2025 --output {folder}/out/year.xlsx", nothing, changes=False
    ),
    "export journal": Case("export journal --syntax hledger --output {folder}/out/all.journal", nothing, changes=False),
    "handover run": Case("handover run --period 2026-02 --to {folder}/out", with_plan,
                         apart=("handover_delivery", "registration")),
}  # fmt: skip
Content = dict[str, list[tuple[Any, ...]]]


def content(books: Books) -> Content:
    """Every table's rows; nothing where there are no books. On a server the guards and who has which role, too."""
    if books.on_server:
        return content_of_server(books)
    if not books.file.exists() or not books.file.stat().st_size:
        return {}
    with contextlib.closing(sqlite3.connect(books.file)) as connection:
        names = [
            name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
        ]
        return {name: connection.execute(f"SELECT * FROM {name}").fetchall() for name in names}


HELD = (
    "SELECT substr(r.rolname, length(current_database()) + 2), g.rolname FROM pg_roles r LEFT JOIN pg_auth_members m"
    " ON m.member = r.oid LEFT JOIN pg_roles g ON g.oid = m.roleid"
    " WHERE starts_with(r.rolname, current_database() || '_') ORDER BY 1, 2"
)


def content_of_server(books: Any) -> Content:
    """As the server has it when it has ended what the killed process left behind."""
    patience = time.monotonic() + 20
    left = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'klimatvaxling'"
    while books.sql(left) and time.monotonic() < patience:
        time.sleep(0.01)
    tables = [name for (name,) in books.sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")]
    found: Content = {name: books.sql(f"SELECT * FROM {name} ORDER BY 1") for name in tables}
    if found:
        found["guards that stand"] = [(name,) for name in sorted(books.guards())]
        found["roles that are held"] = [(who, str(of).rpartition("_")[2]) for who, of in books.sql(HELD)]
    return found


def counts(found: Content) -> dict[str, int]:
    # Times and nonces differ from run to run; how much was written does not.
    return {name: len(rows) for name, rows in found.items()}


def main_part(found: Content, case: Case) -> dict[str, int]:
    if case.apart == BEGUN:
        return dict.fromkeys(found, 0)
    return {name: count for name, count in counts(found).items() if name not in case.apart}


def files_in(folder: Path) -> dict[str, bytes]:
    """The files that have their names; what a killed process left under passing names is not taken for a result."""
    return {
        path.name: path.read_bytes()
        for path in sorted(folder.iterdir())
        if not path.name.endswith(".part") and path.is_file()
    }


def whole(name: str, path: Path) -> None:
    """A file is what its name says, to its end."""
    if name.endswith(".db"):
        Books(path.parent, path).sound()
    elif name.endswith(".xlsx"):
        assert openpyxl.load_workbook(path).worksheets
    elif name.endswith(".zip"):
        with zipfile.ZipFile(path) as archive:
            assert archive.testzip() is None


def points(ended: Ended, books: Books) -> list[int | str]:
    """The moments to kill at: the first step, the last, and evenly between; on a server, unless more is asked for, one
    on the way or two, and around each commit."""
    few = books.on_server and "KLIMATVAXLING_CRASH_POINTS" not in os.environ
    if few:
        spread = [ended.steps * 2 // 3] if ended.commits else [ended.steps // 3, ended.steps * 2 // 3]
    else:
        wanted = ended.steps if POINTS == 0 else min(POINTS, ended.steps)
        spread = sorted({1 + round(number * (ended.steps - 1) / max(wanted - 1, 1)) for number in range(wanted)})
    moments = ("before", "during") if few else ("before", "during", "after")
    return spread + [f"{moment} commit {number}" for number in range(1, ended.commits + 1) for moment in moments]


def copied(books: Any, folder: Path) -> Books:
    """The same books in another folder, on a server in a database of their own."""
    shutil.copytree(books.folder, folder)
    made = replace(books, folder=folder, file=folder / books.file.name)
    return replace(made, database=server().create(books.database)) if books.on_server else made


def gone(books: Any) -> None:
    shutil.rmtree(books.folder)
    if books.on_server:
        server().drop(books.database)


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=getattr(pytest.mark, case.only) if case.only else ()) for name, case in CASES.items()],
)
def test_killed_at_any_step_all_of_it_is_there_or_nothing_and_a_second_run_completes_it(
    everything: Books, program: Program, tmp_path: Path, name: str
) -> None:
    case = CASES[name]
    case.begin(everything)
    (everything.folder / "out").mkdir()
    later = None
    if case.later:
        shutil.copytree(shipped("migrations"), later := tmp_path / "migrations")
        words = later_migration("postgresql" if everything.on_server else "sqlite")
        (later / "versions" / "0003_later.py").write_text(words, encoding="utf-8")

    def fresh(number: int) -> tuple[Any, list[str]]:
        books: Any = copied(everything, tmp_path / f"run-{number}")
        named = {"folder": books.folder, "database": getattr(books, "database", "")}
        return books, ["--database", books.url, *(word.format(**named) for word in case.command.split())]

    undisturbed, arguments = fresh(0)
    before = content(undisturbed)
    ended = program(*arguments, later=later)
    assert ended.code == 0, ended.said
    after, written = content(undisturbed), files_in(undisturbed.folder / "out")
    gone(undisturbed)
    assert case.changes == (before != after)
    killed = 0
    for number, step in enumerate(points(ended, everything), 1):
        books, arguments = fresh(number)
        first = program(*arguments, kill_at=step, later=later)
        killed += first.code == -signal.SIGKILL
        if not books.on_server and books.file.exists() and not later:
            with contextlib.closing(sqlite3.connect(books.file)) as connection:  # plays a journal back, as every reader
                assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        found = content(books)
        all_of_it = main_part(found, case) == main_part(after, case)
        assert all_of_it or found == before, f"killed at {step} of {ended.steps}"
        for made, bytes_of_it in files_in(books.folder / "out").items():
            if case.same_bytes:
                assert bytes_of_it == written[made], f"{made}, killed at {step} of {ended.steps}"
            whole(made, books.folder / "out" / made)
        again = program(*arguments, later=later)
        done_before = all_of_it and again.code == 4 and case.done_is_refused
        assert again.code == 0 or done_before, f"killed at {step} of {ended.steps}: {again.said}"
        assert main_part(content(books), case) == main_part(after, case)
        assert files_in(books.folder / "out").keys() == written.keys()
        if later is None:
            books.sound()
        gone(books)
    assert killed > 0


@pytest.mark.on_sqlite
@pytest.mark.parametrize("pages_in_memory", [1, 10, 100])
def test_power_lost_in_the_middle_of_writing_leaves_the_books_as_they_were(
    everything: Books, pages_in_memory: int
) -> None:
    before = content(everything)
    lost = everything.folder / "lost.db"
    with contextlib.closing(sqlite3.connect(everything.file, isolation_level=None)) as writing:
        # With so little memory changed pages reach the file long before the end, as in a large import.
        writing.execute(f"PRAGMA cache_size = {pages_in_memory}")
        writing.execute("BEGIN IMMEDIATE")
        for (trigger,) in writing.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            writing.execute(f"DROP TRIGGER {trigger}")
        writing.execute("UPDATE posting SET amount_ore = amount_ore * 2")
        writing.execute("CREATE TABLE wide (words)")
        writing.executemany("INSERT INTO wide VALUES (?)", [("x" * 3000,) for _ in range(200)])
        # What the disk holds at this moment is what somebody finds who puts the plug back in.
        shutil.copy(everything.file, lost)
        shutil.copy(f"{everything.file}-journal", f"{lost}-journal")
        writing.execute("ROLLBACK")
    if pages_in_memory == 1:
        assert lost.read_bytes() != everything.file.read_bytes()
    found = Books(everything.folder, lost)
    found.sound()
    assert content(found) == before
    assert (
        found("measure", "add", "--unit", "SBF", "--amount", "1", "--title", "Cykel", "--booked-on", "2025-04-02").code
        == 0
    )
    found.sound()


@pytest.mark.on_sqlite
def test_a_file_that_was_copied_in_the_middle_of_writing_without_its_journal_is_found_out(everything: Books) -> None:
    """The journal is half of the books while somebody writes: a plain copy of the file alone is no backup."""
    lost = everything.folder / "lost.db"
    with contextlib.closing(sqlite3.connect(everything.file, isolation_level=None)) as writing:
        writing.execute("PRAGMA cache_size = 1")
        writing.execute("BEGIN IMMEDIATE")
        for (trigger,) in writing.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            writing.execute(f"DROP TRIGGER {trigger}")
        writing.execute("UPDATE posting SET amount_ore = amount_ore * 2")
        writing.execute("CREATE TABLE wide (words)")
        writing.executemany("INSERT INTO wide VALUES (?)", [("x" * 3000,) for _ in range(200)])
        shutil.copy(everything.file, lost)
        writing.execute("ROLLBACK")
    outcome = Books(everything.folder, lost)("check")
    assert outcome.code == 4, outcome
    assert outcome.err.startswith("KV-")
    everything.sound()


@pytest.mark.on_sqlite
def test_power_lost_in_the_middle_of_a_real_import_leaves_the_books_as_they_were(
    everything: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A copy of file and journal is taken at points of the import itself, while its transaction is open."""
    before = content(everything)
    rows = [trip(f"p{number}", co2_fossil_kg=number) for number in range(1, 400)]
    journal = Path(f"{everything.file}-journal")
    copies: list[Path] = []
    seen = 0

    def look(statement: str) -> None:
        nonlocal seen
        seen += 1
        if journal.exists() and journal.stat().st_size and seen % 7 == 0:
            copy = everything.folder / f"lost-{seen}.db"
            shutil.copy(everything.file, copy)
            shutil.copy(journal, f"{copy}-journal")
            copies.append(copy)

    connect = sqlite3.dbapi2.connect

    def watched(*given: object, **options: object) -> sqlite3.Connection:
        connection = connect(*given, **options)  # type: ignore[call-overload]
        connection.set_trace_callback(look)
        connection.execute("PRAGMA cache_size = 5")
        return connection  # type: ignore[no-any-return]

    with monkeypatch.context() as patched:
        patched.setattr(sqlite3.dbapi2, "connect", watched)
        patched.setattr("klimatvaxling.database.engine._CACHE_KIB", 20)
        everything.take(*rows, name="many.csv")
    after = counts(content(everything))
    assert len(copies) >= 2
    for copy in copies:
        found = content(Books(everything.folder, copy))
        assert found == before or counts(found) == after
        Books(everything.folder, copy).sound()


def running(process: str) -> bool:
    """Whether a process still does something; one that nobody has asked about yet is over."""
    try:
        return ") Z " not in Path(f"/proc/{process}/stat").read_text(encoding="utf-8")
    except OSError:
        return False


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="the children of a process are not listed here")
def test_the_reader_of_a_killed_import_ends_by_itself(books: Books) -> None:
    path = books.folder / "large.csv"
    rows = "".join(f"T{number};2025-03-07;SBF;own_car;10;{'x' * 40}\n" for number in range(80_000))
    path.write_text("trip_id;date;unit;category;co2_fossil_kg;note\n" + rows, encoding="utf-8")
    before = books.dump()
    process = books.process("import", path, "--source", "standard")
    listed = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    readers: list[str] = []
    patience = time.monotonic() + 30
    while not readers and process.poll() is None and time.monotonic() < patience:
        readers = listed.read_text(encoding="ascii").split()
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)
    assert readers, "the file was not read in a process of its own"
    while any(map(running, readers)) and time.monotonic() < patience:
        time.sleep(0.05)
    assert not [reader for reader in readers if running(reader)]
    if books.on_server:
        content_of_server(books)
    assert books.dump() == before
