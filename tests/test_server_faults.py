"""What can go wrong with a server, at any point: a clear error, nothing half done, and running again completes it."""

import contextlib
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import event

from conftest import Books, Outcome, run, trip
from klimatvaxling.database import engine as engines
from klimatvaxling.database.refusal import understood
from server import KEEPER, server

pytestmark = pytest.mark.on_server

ROWS = [trip(number, date=f"2025-0{number % 3 + 1}-10", unit=("SBF", "ELN")[number % 2]) for number in range(40)]
# What can be said of each: the command, and what has been kept of it in the end.
SWEEP = ("sweep", "--as-of", "2026-12-31")


def refused(outcome: Outcome, *codes: str) -> None:
    """A coded error of the state, in words."""
    assert outcome.code == 4, outcome
    assert re.findall(r"(?m)^(KV-[A-Z-]+):", outcome.err)[0] in codes, outcome.err
    assert not re.search("password(=| authentication)|FATAL|failed|does not exist", outcome.err), outcome.err
    assert "Background on this error" not in outcome.err


class Disturbed:
    """The program's connection, disturbed before one of its statements or when it is told to keep the work."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.at: int | str | None = None
        self.seen = 0
        self.disturb: Callable[[Any], None] = end_backend
        self.times = 1
        engine_for = engines.engine_for

        def watched(url: str) -> Any:
            engine = engine_for(url)

            @event.listens_for(engine, "before_cursor_execute")
            def _(connection: Any, *_: object) -> None:
                if connection.get_execution_options().get("writing"):
                    self.seen += 1
                    self._perhaps(self.seen, connection)

            @event.listens_for(engine, "commit")
            def _(connection: Any) -> None:
                if connection.get_execution_options().get("writing"):
                    self._perhaps("commit", connection)

            return engine

        monkeypatch.setattr(engines, "engine_for", watched)

    def _perhaps(self, here: int | str, connection: Any) -> None:
        if here == self.at and self.times:
            self.times -= 1
            self.disturb(connection.connection.driver_connection)

    def at_point(self, at: int | str | None, times: int = 1) -> None:
        self.at, self.seen, self.times = at, 0, times


def end_backend(connection: Any) -> None:
    """The server process behind a connection is ended, as an administrator or a crash would."""
    with server().connect() as admin:
        admin.execute("SELECT pg_terminate_backend(%s, 5000)", (connection.info.backend_pid,))


@pytest.fixture
def disturbed(monkeypatch: pytest.MonkeyPatch) -> Disturbed:
    return Disturbed(monkeypatch)


def points(disturbed: Disturbed, command: Callable[[], Outcome]) -> list[int | str]:
    """Some of the statements of a command, tried as a dry run: the first ones, the last, and some between."""
    disturbed.at_point(None)
    assert command().code == 0
    last = disturbed.seen
    return sorted({1, 2, 3, *range(4, last, max(1, last // 8)), last})


def test_an_import_whose_connection_ends_at_any_statement_leaves_nothing_and_runs_again(
    books: Books, disturbed: Disturbed
) -> None:
    file = books.csv("trips.csv", ROWS)
    command = ("import", file, "--source", "standard")
    before = books.dump()
    for point in points(disturbed, lambda: books(*command, "--dry-run")):
        disturbed.at_point(point)
        refused(books(*command), "KV-DATABASE-LOST")
        assert disturbed.times == 0
        assert books.dump() == before
    disturbed.at_point(None)
    assert books.json(*command)["rows_posted"] == len(ROWS)
    books.sound()


def test_a_sweep_whose_connection_ends_at_any_statement_leaves_nothing_and_runs_again(
    books: Books, disturbed: Disturbed
) -> None:
    books.take(*ROWS)
    before = books.dump()
    for point in points(disturbed, lambda: books(*SWEEP, "--dry-run")):
        disturbed.at_point(point)
        refused(books(*SWEEP), "KV-DATABASE-LOST")
        assert books.dump() == before
    disturbed.at_point(None)
    assert books(*SWEEP).code == 0
    assert sum(books.own_funds("SBF").values()) == 0
    books.sound()


def interrupt_in_mid_sentence(connection: Any) -> None:
    """Ctrl-C while the server is being told something, as in the middle of a COPY."""
    connection.pgconn.send_query(b"SELECT pg_sleep(0)")
    raise KeyboardInterrupt


def test_an_import_that_is_interrupted_in_mid_sentence_says_so_and_leaves_nothing(
    books: Books, disturbed: Disturbed, caplog: pytest.LogCaptureFixture
) -> None:
    file = books.csv("trips.csv", ROWS)
    command = ("import", file, "--source", "standard")
    before = books.dump()
    disturbed.disturb = interrupt_in_mid_sentence
    for point in (3, 12, 25):
        disturbed.at_point(point)
        outcome = books(*command)
        assert (outcome.code, outcome.err.strip()) == (130, "Interrupted. What was not finished was not posted.")
        assert not caplog.records  # the libraries' own words about it, which would end on the screen
        assert books.dump() == before
    disturbed.at_point(None)
    assert books.json(*command)["rows_posted"] == len(ROWS)
    books.sound()


def test_a_connection_lost_while_the_work_is_kept_says_that_nobody_knows_and_where_to_look(
    books: Books, disturbed: Disturbed
) -> None:
    file = books.csv("trips.csv", ROWS)
    before = books.dump()
    disturbed.at_point("commit")
    outcome = books("import", file, "--source", "standard")
    refused(outcome, "KV-DATABASE-OUTCOME")
    assert "audit log" in outcome.err
    assert books.dump() == before  # here the server never heard of it
    disturbed.at_point(None)
    assert books.json("import", file, "--source", "standard")["rows_posted"] == len(ROWS)
    books.sound()


def test_a_server_that_restarts_in_the_middle_is_told_and_the_work_runs_again(
    books: Books, disturbed: Disturbed
) -> None:
    if server().process is None:
        pytest.skip("the server is not ours to restart")
    file = books.csv("trips.csv", ROWS)
    command = ("import", file, "--source", "standard")
    before = books.dump()
    disturbed.disturb = lambda _connection: server().restart()
    for point in (12, 30, "commit"):
        disturbed.at_point(point)
        refused(books(*command), "KV-DATABASE-OUTCOME" if point == "commit" else "KV-DATABASE-LOST")
        assert books.dump() == before
    disturbed.at_point(None)
    assert books.json(*command)["rows_posted"] == len(ROWS)
    books.sound()


def test_a_server_that_is_down_is_told_in_words(books: Books) -> None:
    if server().process is None:
        pytest.skip("the server is not ours to stop")
    server().pause()
    try:
        for command in (("balance",), ("sweep",), ("init",), ("period", "close", "2025-01")):
            refused(books(*command), "KV-DATABASE-SERVER")
    finally:
        server().resume()
    assert books("balance").code == 0


@contextlib.contextmanager
def holding(books: Any, statement: str) -> Iterator[Any]:
    """Another session, in the middle of something."""
    with psycopg.connect(server().address(books.database, KEEPER)) as connection:
        connection.execute(statement)
        yield connection


def test_a_writer_that_never_ends_is_not_waited_for_forever(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KLIMATVAXLING_LOCK_SECONDS", "1")
    file = books.csv("trips.csv", ROWS)
    before = books.dump()
    with holding(books, "SELECT 1 FROM book FOR UPDATE"):
        refused(books("import", file, "--source", "standard"), "KV-DATABASE-BUSY")
        refused(books("policy", "set", "rate", "2", "--decision", "KS"), "KV-DATABASE-BUSY")
        assert books("balance").code == 0  # who reads waits for nobody
    assert books.dump() == before
    assert books("import", file, "--source", "standard").code == 0


def test_a_writer_that_ends_is_waited_for(books: Books) -> None:
    with holding(books, "SELECT 1 FROM book FOR UPDATE") as other:
        ending = threading.Thread(target=lambda: (time.sleep(0.3), other.commit()))
        ending.start()
        books.take(*ROWS)
        ending.join()
    books.sound()


def raising(books: Books, table: str, state: str, times: str = "true") -> None:
    """From now on the server answers new rows of a table with an error of its own."""
    books.sql(
        f"CREATE FUNCTION answer() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF {times} THEN"
        f" RAISE EXCEPTION 'the server says no' USING ERRCODE = '{state}'; END IF; RETURN NULL; END $$"
    )
    books.sql(f"CREATE TRIGGER answer BEFORE INSERT ON {table} FOR EACH STATEMENT EXECUTE FUNCTION answer()")


def at_peace(books: Books) -> None:
    books.sql("DROP FUNCTION answer() CASCADE")


@pytest.mark.parametrize("table", ["trip", "posting", "voucher"])
@pytest.mark.parametrize(
    ("state", "code"),
    [("53100", "KV-DATABASE-UNUSABLE"), ("53200", "KV-DATABASE-UNUSABLE"), ("58030", "KV-DATABASE-UNUSABLE"),
     ("55P03", "KV-DATABASE-BUSY"), ("57014", "KV-DATABASE-UNUSABLE"), ("25006", "KV-DATABASE-UNUSABLE"),
     ("40001", "KV-DATABASE-OVERTAKEN"), ("40P01", "KV-DATABASE-OVERTAKEN")],
)  # fmt: skip
def test_a_server_without_room_or_patience_keeps_nothing_and_says_why(
    books: Books, monkeypatch: pytest.MonkeyPatch, state: str, code: str, table: str
) -> None:
    monkeypatch.setattr("klimatvaxling.terminal.again.PAUSES_S", (0, 0))
    file = books.csv("trips.csv", ROWS)
    before = books.dump()
    raising(books, table, state)
    refused(books("import", file, "--source", "standard"), code)
    assert books.dump() == before
    at_peace(books)
    assert books.json("import", file, "--source", "standard")["rows_posted"] == len(ROWS)
    books.sound()


MEASURE = ("--unit", "SBF", "--amount", "5", "--title", "x", "--booked-on", "2025-06-01")
COMMANDS = {
    "import": ("trip", ("import", "trips.csv", "--source", "standard")),
    "sweep": ("posting", SWEEP),
    "measure": (
        "measure",
        ["measure", "add", "--unit", "SBF", "--amount", "5", "--title", "x", "--booked-on", "2025-06-01"],
    ),
    "appropriation": ("voucher", ("fund", "appropriate", "--amount", "5", "--decision", "KS")),
    "unit": ("unit_version", ("unit", "change", "SBF", "--from", "2026-01-01", "--name", "Stad")),
    "closing": ("period_event", ("period", "close", "2025-01")),
}


@pytest.mark.parametrize("state", ["40001", "40P01"])
@pytest.mark.parametrize("what", COMMANDS)
def test_work_that_is_broken_off_for_others_is_done_again_as_a_whole(books: Books, what: str, state: str) -> None:
    """Twice the server asks for another try; nothing is said or posted twice."""
    table, command = COMMANDS[what]
    books.take(*ROWS, name="first.csv")
    file = books.csv("trips.csv", [row | {"trip_id": f"again-{row['trip_id']}"} for row in ROWS])
    books.sql("CREATE SEQUENCE tries")  # which no rollback takes back
    raising(books, table, state, "nextval('tries') <= 2")
    outcome = books(*(file if part == "trips.csv" else part for part in command), "--format", "json")
    assert outcome.code == 0, outcome.err
    assert isinstance(outcome.json, dict)
    assert books.sql("SELECT last_value FROM tries") >= [(3,)]
    at_peace(books)
    books.sound()


def test_a_server_set_up_to_begin_transactions_otherwise_changes_nothing(books: Books) -> None:
    name = books.database  # type: ignore[attr-defined]
    for setting in ("isolation = 'serializable'", "isolation = 'repeatable read'", "read_only = on"):
        books.sql(f"ALTER DATABASE {name} SET default_transaction_{setting}")
    with holding(books, "SET TRANSACTION READ WRITE; SELECT 1 FROM book FOR UPDATE") as other:
        waiting = books.process("import", books.csv("a.csv", ROWS), "--source", "standard")
        time.sleep(1.5)
        assert waiting.poll() is None
        other.commit()
        _, err = waiting.communicate(timeout=60)
    assert waiting.returncode == 0, err
    books.sound()


# Addresses


def test_an_address_with_nothing_behind_it_is_told_in_words_without_its_password(books: Books) -> None:
    url = books.url
    wrong = {
        "KV-DATABASE-SERVER": [
            re.sub(r"//([^/@]*)@.*", r"//\1:hemligt@127.0.0.1:1/x", url),
            re.sub(r"//([^/@]*)@.*", r"//\1:hemligt@nowhere.invalid/x", url),
        ],
        "KV-DATABASE-NAME": [url.replace(f"/{books.database}", "/kv_no_such")],  # type: ignore[attr-defined]
        "KV-DATABASE-LOGIN": [url.replace(f"//{KEEPER}@", "//kv_nobody:hemligt@")],
    }
    for code, addresses in wrong.items():
        for address in addresses:
            for command in (("balance",), ("init",), ("sweep",)):
                outcome = run("--database", address, *command)
                refused(outcome, code)
                assert "hemligt" not in outcome.err, address


def test_an_address_with_an_option_that_there_is_none_of_is_no_address(books: Books) -> None:
    outcome = run("--database", f"{books.url}{'&' if '?' in books.url else '?'}nonsens=hemligt", "balance")
    assert (outcome.code, outcome.err.startswith("KV-DATABASE-URL: ")) == (2, True), outcome.err


SAID = {
    'connection failed: FATAL:  password authentication failed for user "fia"': ("login", "password is wrong"),
    "connection failed: fe_sendauth: no password supplied": ("login", "none was found"),
    'FATAL:  role "fia" is not permitted to log in': ("login", "nobody may log in with"),
    'FATAL:  no pg_hba.conf entry for host "10.0.0.7", user "fia", database "kv", no encryption': ("login", "computer"),
    'FATAL:  permission denied for database "kv"\nDETAIL:  User does not have CONNECT privilege.': (
        "login",
        "connect to",
    ),
    "FATAL:  sorry, too many clients already": ("server", "too many"),
    "FATAL:  remaining connection slots are reserved for roles with the SUPERUSER attribute": ("server", "too many"),
    "FATAL:  the database system is starting up": ("server", "starting"),
    "connection timeout expired": ("server", "in time"),
    "server does not support SSL, but SSL was required": ("server", "encryption"),
    "Multiple connection attempts failed. All failures were:\n- host: 'x', port: 5432: Connection refused": (
        "server",
        "nothing answers",
    ),
    "FATAL:  något som ingen har tänkt på.": ("server", "något som ingen har tänkt på"),
}


@pytest.mark.parametrize("said", SAID)
def test_what_a_server_says_to_who_is_not_let_in_is_told_in_words(said: str) -> None:
    at_fault, told = SAID[said]
    found, reason = understood(said)
    assert (found, told in reason, "FATAL" in reason) == (at_fault, True, False)


def test_a_login_without_a_role_is_told_so(books: Books) -> None:
    login = f"{books.database}_nobody"  # type: ignore[attr-defined]
    with server().connect() as admin:
        admin.execute(f'CREATE ROLE "{login}" LOGIN')
    for command in (
        ("balance",),
        ("check",),
        ("sweep",),
        ("init",),
        ("import", books.csv("a.csv", ROWS), "--source", "standard"),
    ):
        refused(run("--database", server().url(books.database, login), *command), "KV-ACCESS-DENIED")  # type: ignore[attr-defined]


def test_books_are_begun_by_the_owner_of_the_database_only(no_books: Books) -> None:
    login = f"{no_books.database}_other"  # type: ignore[attr-defined]
    with server().connect() as admin:
        admin.execute(f'CREATE ROLE "{login}" LOGIN')
    before = no_books.tables()
    refused(run("--database", server().url(no_books.database, login), "init"), "KV-DATABASE-OWNER")  # type: ignore[attr-defined]
    assert no_books.tables() == before


def test_books_of_an_empty_database_are_not_there_yet(no_books: Books) -> None:
    before = no_books.tables()
    for command in (("balance",), ("sweep",), ("check",)):
        outcome = no_books(*command)
        assert outcome.code == 4
        assert outcome.err.startswith("KV-DATABASE-EMPTY: ")
        assert "klimatvaxling init" in outcome.err
    assert no_books.tables() == before


# Backup


def test_what_the_servers_own_tools_keep_is_put_back_whole(books: Books, no_books: Books) -> None:
    """As the message of `backup` says, by the owner of the books and nobody above."""
    tools = [server().tool(name) for name in ("pg_dump", "pg_restore")]
    if None in tools:
        pytest.skip("the server's tools are not here")
    books.take(*ROWS)
    refusal = books("backup", books.folder / "backup.db")
    assert (refusal.code, "KV-BACKUP-SERVER" in refusal.err) == (2, True)
    dump, restore = ("--format=custom", "--enable-row-security"), ("--no-owner",)
    assert all(option in refusal.err for option in (*dump, *restore))
    kept, addresses = books.folder / "kept", [server().address(each.database, KEEPER) for each in (books, no_books)]  # type: ignore[attr-defined]
    subprocess.run([str(tools[0]), *dump, "--file", str(kept), addresses[0]], check=True)
    subprocess.run([str(tools[1]), *restore, "--dbname", addresses[1], str(kept)], check=True)
    assert (no_books.dump(), no_books.guards()) == (books.dump(), books.guards())
    no_books.sound()
    assert no_books("init").code == 0
    assert no_books.as_login("eva")("balance").code == 0
    no_books.take(trip("later"), name="later.csv")
    assert books("import", books.csv("trips.csv", ROWS), "--source", "standard").code == 0


# The server of the tests

STARTED = """
import sys, time
from server import server
print(server().process.get_pid(), server()._folder, flush=True)
time.sleep(600)
"""


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are not listed here")
def test_a_server_of_the_tests_ends_with_whoever_started_it_however_that_ends() -> None:
    environment = {name: value for name, value in os.environ.items() if name != "KLIMATVAXLING_TEST_SERVER"}
    environment["PYTHONPATH"] = os.pathsep.join(sys.path)
    starter = subprocess.Popen([sys.executable, "-c", STARTED], env=environment, stdout=subprocess.PIPE, text=True)
    with starter:
        assert starter.stdout is not None
        pid, folder = starter.stdout.readline().split()
        assert Path(f"/proc/{pid}").is_dir()
        starter.kill()
    patience = time.monotonic() + 30
    while (Path(f"/proc/{pid}").is_dir() or Path(folder).is_dir()) and time.monotonic() < patience:
        time.sleep(0.05)
    assert not Path(folder).is_dir()
    assert not Path(f"/proc/{pid}").is_dir()
