"""What the tests share: real books in a file, and the program run as a user runs it."""

import contextlib
import csv
import datetime
import io
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from klimatvaxling import language
from klimatvaxling.terminal.main import main

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
    assert "Traceback" not in err.getvalue()
    return Outcome(code, out.getvalue(), err.getvalue())


@dataclass
class Books:
    """A database of its own in a folder of its own. Call it as the program: `books("balance")`."""

    folder: Path
    file: Path
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"sqlite:///{self.file}"

    def __call__(self, *arguments: object) -> Outcome:
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

    def without_triggers(self) -> None:
        """What somebody does who wants to tamper with the books."""
        for (name,) in self.sql("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
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
    monkeypatch.delenv("KLIMATVAXLING_DATABASE_URL", raising=False)
    yield
    language.use(spoken)


@pytest.fixture(scope="session")
def opened_books(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Fresh books, made once: tests copy the file."""
    books = Books(folder := tmp_path_factory.mktemp("books"), folder / "fresh.db")
    assert books("init", "--organisation", "Exempelstad").code == 0
    shutil.copy(books.file, folder / "units.db")
    (folder / "units.csv").write_text(UNITS, encoding="utf-8")
    books.file = folder / "units.db"
    loaded = books("unit", "load", folder / "units.csv")
    assert loaded.code == 0, loaded.err
    return folder


def _copy(source: Path, folder: Path) -> Books:
    folder.mkdir(exist_ok=True)
    shutil.copy(source, folder / "books.db")
    return Books(folder, folder / "books.db", {"PYTHONPATH": os.pathsep.join(sys.path)})


@pytest.fixture
def fresh_books(opened_books: Path, tmp_path: Path) -> Books:
    """Books without units."""
    return _copy(opened_books / "fresh.db", tmp_path / "work")


@pytest.fixture
def books(opened_books: Path, tmp_path: Path) -> Books:
    """Books with the administrations SBF and BUF and the company ELN."""
    return _copy(opened_books / "units.db", tmp_path / "work")


@pytest.fixture
def more_books(opened_books: Path, tmp_path: Path) -> Any:
    """As many books as wanted, for tests that try many cases."""
    made: list[Books] = []

    def open_more() -> Books:
        made.append(_copy(opened_books / "units.db", tmp_path / f"work-{len(made)}"))
        return made[-1]

    return open_more


@pytest.fixture(scope="session")
def everything_once(opened_books: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Books in which every table has a row: every event of the scheme, once."""
    folder = tmp_path_factory.mktemp("everything")
    books = Books(folder, Path(shutil.copy(opened_books / "units.db", folder / "everything.db")))
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
    return books.file


@pytest.fixture
def everything(everything_once: Path, tmp_path: Path) -> Books:
    """Books in which everything has happened once: a copy."""
    return _copy(everything_once, tmp_path / "work")


def month_end(day: datetime.date) -> datetime.date:
    """The last day of a day's month, found by counting."""
    while (day + datetime.timedelta(days=1)).month == day.month:
        day += datetime.timedelta(days=1)
    return day
