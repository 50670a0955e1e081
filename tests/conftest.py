"""What the tests share: real books in a file, and the program run as a user runs it."""

import contextlib
import csv
import datetime
import gc
import io
import itertools
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar
from unittest import mock

import openpyxl
import psycopg
import pytest
from psycopg.adapt import Loader

from klimatvaxling import language
from klimatvaxling.terminal.main import main
from klimatvaxling.terminal.surroundings import Surroundings
from server import KEEPER, server

# Hundreds of processes are started: each would compile the program anew where the environment forbids to keep that.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# How a database says that it takes no such row.
REFUSED = (sqlite3.IntegrityError, psycopg.IntegrityError)

STANDARD = (
    "trip_id", "date", "unit", "category", "fuel", "distance_km", "fuel_quantity", "route", "co2_fossil_kg",
    "cost_centre", "project", "note",
)  # fmt: skip
COMPANY_NUMBER = "556016-0680"
UNITS = (
    "code;name;kind;org_number;cost_centres;counterpart\n"
    "SBF;Samhällsbyggnadsförvaltningen;administration;;12* 1300;110\n"
    "BUF;Barn- och utbildningsförvaltningen;administration;;2100;120\n"
    f"ELN;Elnät i Exempelstad AB;company;{COMPANY_NUMBER};9*;510\n"
)


@dataclass(frozen=True)
class Outcome:
    """What a run of the program gave: exit code, standard output, standard error."""

    code: int
    out: str
    err: str

    def __iter__(self) -> Iterator[Any]:
        return iter((self.code, self.out, self.err))

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def run(*arguments: object) -> Outcome:
    """The program in this process."""
    out, err = io.StringIO(), io.StringIO()
    code: Any = 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main([str(argument) for argument in arguments])
        except SystemExit as stop:
            code = stop.code
        finally:
            gc.enable()  # an import leaves it off: its process ends, this one goes on
    assert "Traceback" not in err.getvalue()
    return Outcome(code, out.getvalue(), err.getvalue())


@dataclass
class Books:
    """A database of its own in a folder of its own. Call it as the program: `books("balance")`."""

    on_server: ClassVar[bool] = False
    folder: Path
    file: Path
    environment: dict[str, str] = field(default_factory=dict)
    somebody: str | None = None

    @property
    def url(self) -> str:
        return f"sqlite:///{self.file}"

    @property
    def keeper(self) -> str:
        """Who signs what is registered here."""
        return self.somebody or Surroundings(self.url).user

    def as_login(self, name: str) -> "Books":
        """The same books as somebody else in the finance office sits before them."""
        return replace(self, somebody=name)

    def __call__(self, *arguments: object) -> Outcome:
        if self.somebody is None:
            return run("--database", self.url, *arguments)
        with mock.patch.object(Surroundings, "user", property(lambda _: self.somebody)):
            return run("--database", self.url, *arguments)

    def json(self, *arguments: object) -> Any:
        """The JSON of a command that succeeds."""
        outcome = self(*arguments, "--format", "json")
        assert outcome.code == 0, outcome.err
        return outcome.json

    def process(self, *arguments: object, **options: Any) -> "subprocess.Popen[str]":
        """The program in a process of its own."""
        command = [sys.executable, "-m", "klimatvaxling", "--database", self.url, *map(str, arguments)]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "encoding": "utf-8"}
        return subprocess.Popen(command, env=os.environ | self.environment, **(pipes | options))

    def apart(self, *arguments: object, **options: Any) -> Outcome:
        """The program in a process of its own, to its end."""
        process = self.process(*arguments, **options)
        out, err = process.communicate(timeout=60)
        assert "Traceback" not in err
        return Outcome(process.returncode, out, err)

    def csv(
        self, name: str, rows: Sequence[Mapping[str, object] | Sequence[object]], header: Sequence[str] | None = None
    ) -> Path:
        """A CSV file as Swedish systems write it. Rows are mappings, or sequences below `header`."""
        used = list(header or dict.fromkeys(key for row in rows for key in row))
        text = io.StringIO()
        writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
        writer.writerow(used)
        for row in rows:
            writer.writerow([row.get(key, "") for key in used] if isinstance(row, Mapping) else row)
        path = self.folder / name
        path.write_text(text.getvalue(), encoding="utf-8", newline="")
        return path

    def text(self, name: str, *lines: str, encoding: str = "utf-8") -> Path:
        path = self.folder / name
        path.write_bytes(("\r\n".join(lines) + "\r\n").encode(encoding))
        return path

    def workbook(self, name: str, rows: Sequence[Sequence[object]]) -> Path:
        book = openpyxl.Workbook()
        for row in rows:
            book.active.append(list(row))
        book.save(self.folder / name)
        return self.folder / name

    def take(self, *rows: Mapping[str, object], name: str = "trips.csv", options: Sequence[object] = ()) -> Any:
        """Import standard rows; gives the JSON of an import that succeeds."""
        return self.json("import", self.csv(name, rows), "--source", "standard", *options)

    def refuse(self, *rows: Mapping[str, object], name: str = "trips.csv", options: Sequence[object] = ()) -> Outcome:
        """Import standard rows that are refused: nothing is posted."""
        before = self.dump()
        outcome = self("import", self.csv(name, rows), "--source", "standard", "--format", "json", *options)
        assert outcome.code in (3, 4), outcome.err
        assert self.dump() == before
        return outcome

    def sql(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Ask the database directly, as anybody with the file can."""
        with contextlib.closing(sqlite3.connect(self.file)) as connection, connection:
            return connection.execute(statement, values).fetchall()

    def dump(self) -> str:
        """The database's whole content as text."""
        with contextlib.closing(sqlite3.connect(self.file)) as connection:
            return "\n".join(connection.iterdump())

    def rows(self, statement: str, *values: object) -> list[dict[str, Any]]:
        """The same, by the names of the columns."""
        with contextlib.closing(sqlite3.connect(self.file)) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(statement, values)]

    def add(self, table: str, **values: object) -> None:
        """A row past the program; the next key if none is given."""
        self.add_together((table, values))

    def add_together(self, *rows: tuple[str, Mapping[str, object]]) -> None:
        """Rows past the program, in one transaction."""
        statements: list[tuple[str, tuple[object, ...]]] = []
        for number, (table, values) in enumerate(rows):
            if self.columns(table)[0] == "id" and "id" not in values:
                ((key,),) = self.sql(f"SELECT coalesce(max(id), 0) + 1 FROM {table}")
                values = {"id": key + number} | dict(values)
            marks = ", ".join("?" * len(values))
            insert = f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks})"
            statements.append((insert, tuple(values.values())))
        self._execute(statements)

    def _execute(self, statements: Sequence[tuple[str, tuple[object, ...]]]) -> None:
        with contextlib.closing(sqlite3.connect(self.file)) as connection, connection:
            for statement, values in statements:
                connection.execute(statement, values)

    def tables(self) -> set[str]:
        found = self.sql("SELECT name FROM sqlite_master WHERE type = 'table'")
        return {name for (name,) in found} - {"alembic_version", "sqlite_sequence"}

    def columns(self, table: str) -> list[str]:
        return [str(row[1]) for row in self.sql(f"PRAGMA table_info({table})")]

    def guards(self) -> set[str]:
        """The triggers that are in force."""
        return {str(name) for (name,) in self.sql("SELECT name FROM sqlite_master WHERE type = 'trigger'")}

    def without_trigger(self, name: str, table: str) -> None:
        """What somebody does who wants one row past its guard."""
        self.sql(f"DROP TRIGGER {name}")

    def told(self) -> str:
        """What can be read in the database: hashes and nonces, in which any digits may stand, are left out."""
        return re.sub(r"[0-9a-f]{32,}", "", self.dump())

    def without_triggers(self) -> None:
        """What somebody does who wants to tamper with the books."""
        for name in self.guards():
            self.sql(f"DROP TRIGGER {name}")

    def balance(self, unit: str, **options: str) -> dict[str, Any]:
        """One unit's balance."""
        more = [part for key, value in options.items() for part in (f"--{key.replace('_', '-')}", value)]
        (row,) = self.json("balance", "--unit", unit, *more)["units"]
        return dict(row)

    def own_funds(self, unit: str) -> dict[str | None, int]:
        """What is left per lot, by the voucher that opened it; the debt under None."""
        rows = self.sql(
            "SELECT l.code, -sum(p.amount_ore) FROM posting p JOIN unit u ON u.id = p.unit_id LEFT JOIN voucher l"
            " ON l.id = p.lot_id WHERE p.account = 'own_funds' AND u.code = ? GROUP BY l.code",
            unit,
        )
        return {code: ore for code, ore in rows if ore}

    def sound(self) -> None:
        """Every check passes."""
        outcome = self("check", "--format", "json")
        failed = [check for check in outcome.json["checks"] if not check["ok"]]
        assert (outcome.code, failed) == (0, [])


@dataclass
class ServerBooks(Books):
    """Books on PostgreSQL: a database of its own."""

    on_server: ClassVar[bool] = True
    database: str = ""
    login: str = KEEPER

    @property
    def url(self) -> str:
        return server().url(self.database, self.login)

    @property
    def keeper(self) -> str:
        return self.login

    def as_login(self, name: str) -> "ServerBooks":
        login = f"{self.database}_{name}"
        given = self("access", "grant", login, "--role", "finance")
        assert given.code == 0, given.err
        return replace(self, login=login)

    def sql(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        return self._ask(statement, values)[1]

    def rows(self, statement: str, *values: object) -> list[dict[str, Any]]:
        names, rows = self._ask(statement, values)
        return [dict(zip(names, row, strict=True)) for row in rows]

    def _ask(self, statement: str, values: tuple[object, ...]) -> tuple[list[str], list[tuple[Any, ...]]]:
        """As the owner of the tables."""
        with server().connect(self.database, KEEPER) as connection:
            connection.adapters.register_loader("numeric", WholeLoader)
            spoken = re.sub(r"group_concat\(((?:DISTINCT )?)([\w.]+)\)", r"string_agg(\1\2::text, ',')", statement)
            cursor = connection.execute(spoken.replace("%", "%%").replace("?", "%s"), values or None)
            described = cursor.description
            return ([column.name for column in described], cursor.fetchall()) if described else ([], [])

    def _execute(self, statements: Sequence[tuple[str, tuple[object, ...]]]) -> None:
        with server().connect(self.database, KEEPER) as connection, connection.transaction():
            for statement, values in statements:
                connection.execute(statement.replace("?", "%s"), values)

    def dump(self) -> str:
        with server().connect(self.database, KEEPER) as connection:
            tables = [name for (name,) in connection.execute(_TABLES)]
            every = " UNION ALL ".join(f"SELECT '{name} ' || t::text FROM {name} t" for name in tables)
            return "\n".join(sorted(row for (row,) in connection.execute(every)))

    def tables(self) -> set[str]:
        # Trips on their way in stand beside the books.
        return {name for (name,) in self.sql(_TABLES)} - {"alembic_version", "trip_arriving"}

    def columns(self, table: str) -> list[str]:
        named = "SELECT column_name FROM information_schema.columns WHERE table_name = ? ORDER BY ordinal_position"
        return [name for (name,) in self.sql(named, table)]

    def guards(self) -> set[str]:
        """The triggers that are in force, and who sees which rows."""
        triggers = self.sql("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled = 'O'")
        policies = self.sql("SELECT tablename || '.' || policyname FROM pg_policies")
        forced = self.sql("SELECT relname FROM pg_class WHERE relrowsecurity AND relforcerowsecurity")
        return {str(name) for (name,) in (*triggers, *policies, *forced)}

    def without_trigger(self, name: str, table: str) -> None:
        self.sql(f"DROP TRIGGER {name} ON {table}")

    def without_triggers(self) -> None:
        """The owner of the tables can take away the references too, which a file's reader never notices."""
        referring = self.sql("SELECT conrelid::regclass::text, conname FROM pg_constraint WHERE contype = 'f'")
        for table, name in referring:
            self.sql(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        self.sql("".join(f"ALTER TABLE {name} DISABLE TRIGGER USER;" for name in sorted(self.tables())))


class WholeLoader(Loader):
    """A sum of whole numbers is a whole number."""

    def load(self, data: Any) -> int:
        return int(bytes(data))


_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"


def trip(trip_id: object = "T1", /, **cells: object) -> dict[str, object]:
    """A standard row: 10 kg stated fossil CO2 of SBF's own cars in March 2025 unless said otherwise."""
    row: dict[str, object] = {"trip_id": trip_id, "date": "2025-03-07", "unit": "SBF", "category": "own_car"}
    row["co2_fossil_kg"] = "10"
    return row | cells


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """English, no colour, no profiles or books of whoever runs the tests."""
    spoken = language.current()
    language.use("en")
    monkeypatch.setenv("LANGUAGE", os.environ.get("LANGUAGE", ""))
    monkeypatch.setenv("KLIMATVAXLING_LANGUAGE", "en")
    monkeypatch.setenv("KLIMATVAXLING_IMPORTS", str(tmp_path / "own-sources"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "200")
    for variable in ("KLIMATVAXLING_DATABASE_URL", "KLIMATVAXLING_LOCK_SECONDS"):
        monkeypatch.delenv(variable, raising=False)
    yield
    language.use(spoken)


ENGINES = ("sqlite", "postgresql")


@pytest.fixture(scope="module", params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """Where the books of a test are: what it says holds on both, unless it is marked `on_sqlite`."""
    return str(request.param)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What concerns a file, or SQLite's own way, is asked of SQLite only."""

    def is_wanted(item: pytest.Item) -> bool:
        engine = getattr(getattr(item, "callspec", None), "params", {}).get("engine")
        other = {"postgresql": "on_sqlite", "sqlite": "on_server"}.get(str(engine))
        return other is None or item.get_closest_marker(other) is None

    left = [item for item in items if not is_wanted(item)]
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if is_wanted(item)]


@dataclass
class Shelf:
    """Books that are made once and copied for each test, on either engine."""

    folder: Path
    kept: dict[tuple[str, str], Books] = field(default_factory=dict)
    opened: list[str] = field(default_factory=list)

    def once(self, engine: str, name: str, make: Callable[[Books], object], of: str | None = "units") -> Books:
        """Books that `make` has made of those named `of` (None: of nothing). Who changes them takes a copy."""
        if (engine, name) not in self.kept:
            books = self._copied(engine, self._named(engine, of) if of else None, self.folder / f"{engine}-{name}")
            make(books)
            self.kept[engine, name] = books
        return self.kept[engine, name]

    def copy(self, engine: str, name: str, folder: Path) -> Books:
        """A copy of kept books in a folder of its own, until the test is over."""
        books = self._copied(engine, self._named(engine, name), folder)
        if isinstance(books, ServerBooks):
            self.opened.append(books.database)
        return books

    def clear(self) -> None:
        """The databases of a test that is over."""
        while self.opened:
            server().drop(self.opened.pop())

    def _named(self, engine: str, name: str) -> Books:
        if name == "fresh":
            return self.once(engine, name, _open_books, of=None)
        if name == "units":
            return self.once(engine, name, _load_units, of="fresh")
        return self.kept[engine, name]

    def _copied(self, engine: str, source: Books | None, folder: Path) -> Books:
        folder.mkdir(exist_ok=True)
        environment = {"PYTHONPATH": os.pathsep.join(sys.path)}
        if engine == "sqlite":
            if source is not None:
                shutil.copy(source.file, folder / "books.db")
            return Books(folder, folder / "books.db", environment)
        template = source.database if isinstance(source, ServerBooks) else None
        return ServerBooks(folder, folder / "books.db", environment, database=server().create(template))


def _open_books(books: Books) -> None:
    assert books("init", "--organisation", "Exempelstad").code == 0
    if books.on_server:  # where a second person is required unless it is decided otherwise
        off = ("policy", "set", "require_second_person", "off", "--from", "2013-01-01", "--decision", "test")
        assert books(*off).code == 0


def _load_units(books: Books) -> None:
    units = books.folder / "units.csv"
    units.write_text(UNITS, encoding="utf-8")
    loaded = books("unit", "load", units)
    assert loaded.code == 0, loaded.err


def keep_as(books: Any, login: str) -> None:
    """Begin books of a server, with units, as another login of the finance office than is usual in the tests."""
    with server().connect(books.database) as connection:
        if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (login,)).fetchone():
            connection.execute(f"CREATE ROLE {login} LOGIN CREATEROLE")
        connection.execute(f"ALTER DATABASE {books.database} OWNER TO {login}")
    books.login = login
    _open_books(books)
    _load_units(books)


@pytest.fixture(scope="session")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    """The books that tests copy."""
    return Shelf(tmp_path_factory.mktemp("shelf"))


@pytest.fixture
def _cleared(shelf: Shelf) -> Iterator[None]:
    yield
    shelf.clear()


# Gives a test its copy of the books that a function has made of those with units: once(name, make).
Kept = Callable[[str, Callable[[Books], object]], Books]


@pytest.fixture
def once(shelf: Shelf, engine: str, tmp_path: Path, _cleared: None) -> Kept:
    """Books with a history that is lived through once and copied for each test."""

    def kept(name: str, make: Callable[[Books], object]) -> Books:
        shelf.once(engine, name, make)
        return shelf.copy(engine, name, tmp_path / "work")

    return kept


@pytest.fixture
def fresh_books(shelf: Shelf, engine: str, tmp_path: Path, _cleared: None) -> Books:
    """Books without units."""
    return shelf.copy(engine, "fresh", tmp_path / "work")


@pytest.fixture
def books(shelf: Shelf, engine: str, tmp_path: Path, _cleared: None) -> Books:
    """Books with the administrations SBF and BUF and the company ELN."""
    return shelf.copy(engine, "units", tmp_path / "work")


@pytest.fixture
def more_books(shelf: Shelf, engine: str, tmp_path: Path, _cleared: None) -> Any:
    """As many books as wanted, for tests that try many cases."""
    numbers = itertools.count()

    def open_more() -> Books:
        return shelf.copy(engine, "units", tmp_path / f"work-{next(numbers)}")

    return open_more


@pytest.fixture
def no_books(shelf: Shelf, engine: str, tmp_path: Path, _cleared: None) -> Books:
    """A place where there are no books yet: no file, or an empty database."""
    books = shelf._copied(engine, None, tmp_path / "work")
    if isinstance(books, ServerBooks):
        shelf.opened.append(books.database)
    return books


def do_everything(books: Books) -> None:
    """Every event of the scheme, once: every table has a row."""
    books.take(trip("a", date="2025-01-10"), trip("b", unit="ELN"))
    books.take(trip("c", date="2025-02-10", co2_fossil_kg="-1"), name="credit.csv")
    books.take(trip("d"), trip("e", unit="NIX"), name="partial.csv", options=["--accept-partial"])
    books.json("quarantine", "dismiss", 1, "--reason", "wrong file")
    for command in (
        "measure add --unit SBF --amount 5 --title Lådcyklar --booked-on 2025-04-01",
        "sweep --as-of 2026-02-05",
        "fund appropriate --amount 1000 --decision KS-1 --booked-on 2026-02-06",
        "grant round open Våren --from 2026-02-01 --to 2026-12-31",
        (
            "grant apply --unit SBF --title Solceller --amount 500 --total-cost 900 --co2-reduction-kg 100"
            " --lifetime-years 10 --booked-on 2026-02-07"
        ),
        "grant score 1 climate_benefit=7",
        "grant approve 1 --amount 400 --decision KS-2 --booked-on 2026-02-08",
        "grant pay 1 --amount 300 --booked-on 2026-02-09",
        "grant report 1 --used 250 --actual-cost 900 --co2-reduction-kg 90 --booked-on 2026-02-10",
        "grant round close Våren",
    ):
        outcome = books(*command.split())
        assert outcome.code == 0, outcome.err


@pytest.fixture
def everything(once: Kept) -> Books:
    """Books in which everything has happened once: a copy."""
    return once("everything", do_everything)


@pytest.fixture
def eventful(once: Kept) -> Books:
    """Books with every kind of event that leaves for other systems: a copy."""
    from coded_books import post_every_event

    return once("eventful", post_every_event)


def month_end(day: datetime.date) -> datetime.date:
    """The last day of a day's month, found by counting."""
    while (day + datetime.timedelta(days=1)).month == day.month:
        day += datetime.timedelta(days=1)
    return day
