"""Speed and memory, each as a ratio against a floor measured in the same run (`make bench`).

The floor of the import is csv.reader over the same file plus one sqlite3 executemany of the parsed values into one
table with a unique index. The floor of a report is importing sqlmodel, typer and rich.
"""

import argparse
import csv
import datetime
import json
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

UNITS = 60
_KINDS = (
    ("own_car", "petrol"),
    ("own_car", "diesel"),
    ("pool_car", "electric"),
    ("pool_car", "petrol"),
    ("taxi", "unknown"),
)
_ROUTES = ("GOT-ARN-GOT", "ARN-LLA", "GOT-CPH-JFK", "BMA-MMX-BMA")
HEADER = "trip_id;date;unit;category;fuel;distance_km;fuel_quantity;route;co2_fossil_kg;cost_centre;project;note"


@dataclass(frozen=True)
class Figure:
    """A measured ratio and the most it may be."""

    name: str
    value: float
    unit: str
    floor: float
    ratio: float
    target: float

    @property
    def ok(self) -> bool:
        """Whether the target is met."""
        return self.ratio <= self.target


def write_trips(path: Path, rows: int) -> None:
    """A year of made-up trips of `UNITS` units, the same at every run."""
    draw = random.Random(2013)  # noqa: S311 - made-up data
    first = datetime.date(2025, 1, 1)
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(HEADER + "\r\n")
        for number in range(rows):
            day, unit = first + datetime.timedelta(days=draw.randrange(365)), draw.randrange(UNITS)
            distance = quantity = route = stated = ""
            category, fuel = draw.choice(_KINDS)
            draw_of_ten = draw.randrange(10)
            if draw_of_ten == 0:
                category, fuel, route = "flight", "", draw.choice(_ROUTES)
            elif draw_of_ten == 1:
                category, fuel, stated = "flight", "", _comma(draw.randrange(50, 3000))
            elif draw_of_ten in (2, 3) and fuel != "unknown":
                quantity = _comma(draw.randrange(10, 600))
            else:
                distance = _comma(draw.randrange(10, 4000))
            cells = (
                f"T{number:08d}",
                day,
                f"E{unit:03d}",
                category,
                fuel,
                distance,
                quantity,
                route,
                stated,
                f"{unit:03d}{number % 7}",
                "",
                "",
            )
            file.write(";".join(map(str, cells)) + "\r\n")


def _comma(tenths: int) -> str:
    return f"{tenths // 10},{tenths % 10}"


def floor_of_import(path: Path, folder: Path) -> float:
    """Seconds for reading the file and storing its values, nothing more."""
    started = time.perf_counter()
    with (
        sqlite3.connect(folder / "floor.db", isolation_level=None) as connection,
        path.open(encoding="utf-8", newline="") as file,
    ):
        columns = HEADER.split(";")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"CREATE TABLE trip ({', '.join(f'{column} TEXT' for column in columns)})")
        connection.execute("CREATE UNIQUE INDEX trip_once ON trip (trip_id)")
        connection.execute("BEGIN IMMEDIATE")
        reader = csv.reader(file, delimiter=";")
        next(reader)
        connection.executemany(f"INSERT INTO trip VALUES ({', '.join('?' * len(columns))})", reader)
        connection.execute("COMMIT")
    connection.close()
    (folder / "floor.db").unlink()
    return time.perf_counter() - started


def run(
    *command: str, database: Path | None = None, environment: Mapping[str, str] | None = None
) -> tuple[float, float]:
    """Wall seconds and peak memory in MB of a whole process; it must succeed."""
    environment = {**os.environ, "KLIMATVAXLING_LANGUAGE": "en", **(environment or {})}
    # An installed program is compiled; so is this one after its first run, unless the environment forbids it.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    if database is not None:
        environment["KLIMATVAXLING_DATABASE_URL"] = f"sqlite:///{database}"
    started = time.perf_counter()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    _, status, usage = os.wait4(process.pid, 0)
    elapsed = time.perf_counter() - started
    if status:
        raise SystemExit(f"{' '.join(command)}: {process.stderr.read().decode() if process.stderr else status}")
    if process.stderr:
        process.stderr.close()
    process.returncode = 0
    return elapsed, usage.ru_maxrss / 1024


def measure(rows: int, rounds: int) -> list[Figure]:
    """What grows with the trips; of several rounds, floor and program in turn, the median ratio."""
    program = (sys.executable, "-m", "klimatvaxling")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        trips, units, empty, books = (folder / item for item in ("trips.csv", "units.csv", "empty.db", "books.db"))
        write_trips(trips, rows)
        units.write_text(
            "code;name;kind\n" + "".join(f"E{unit:03d};Enhet {unit};administration\n" for unit in range(UNITS))
        )
        run(*program, "init", database=empty)
        run(*program, "unit", "load", str(units), database=empty)
        imports, memory = [], []
        for _ in range(rounds):
            books.write_bytes(empty.read_bytes())
            floor = floor_of_import(trips, folder)
            seconds, megabytes = run(*program, "import", str(trips), "--source", "standard", database=books)
            imports.append((seconds / floor, seconds, floor))
            memory.append(megabytes)
        found = [
            _figure(f"import of {rows:,} trips", "s", imports, 2.0),
            Figure(f"memory of the import of {rows:,}", max(memory), "MB", 300.0, max(memory) / 300, 1.0),
        ]
        for report in (("balance",), ("statement", "--unit", "E001")):
            taken = []
            for _ in range(max(rounds, 5)):
                floor, _ = run(sys.executable, "-c", "import sqlmodel, typer, rich")
                seconds, _ = run(*program, *report, database=books)
                taken.append((seconds / floor, seconds, floor))
            found.append(_figure(f"{report[0]} over {rows:,} trips", "s", taken, 1.25))
        return found


def _figure(name: str, unit: str, rounds: list[tuple[float, float, float]], target: float) -> Figure:
    ratio, value, floor = sorted(rounds)[len(rounds) // 2]
    return Figure(name, value, unit, floor, ratio, target)


_PLAIN_CELLS = """
import sys, openpyxl
book = openpyxl.Workbook(write_only=True)
sheet = book.create_sheet()
row = [1234.5] * 10
for _ in range(int(sys.argv[1]) // 10):
    sheet.append(row)
book.save(sys.argv[2])
"""


def measure_workbook(rounds: int, units: int = 300) -> Figure:
    """The climate report of many units over twelve months, against as many plain cells written by openpyxl."""
    import openpyxl

    program = (sys.executable, "-m", "klimatvaxling")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        trips, register, books, report = (
            folder / item for item in ("trips.csv", "units.csv", "books.db", "report.xlsx")
        )
        with trips.open("w", encoding="utf-8") as file:
            file.write("trip_id;date;unit;category;co2_fossil_kg\n")
            for number in range(units * 12 * 5):
                unit, rest = divmod(number, 60)
                month, kind = divmod(rest, 5)
                category = ("own_car", "pool_car", "rental_car", "taxi", "flight")[kind]
                file.write(f"T{number};2025-{month + 1:02d}-07;E{unit:03d};{category};{number % 97 + 1},{number % 7}\n")
        register.write_text(
            "code;name;kind\n" + "".join(f"E{unit:03d};Enhet {unit};administration\n" for unit in range(units))
        )
        run(*program, "init", database=books)
        run(*program, "unit", "load", str(register), database=books)
        run(*program, "import", str(trips), "--source", "standard", database=books)
        export = (*program, "export", "climate-report", "--year", "2025", "--output", str(report))
        run(*export, database=books)
        cells = sum(
            cell is not None
            for sheet in openpyxl.load_workbook(report, read_only=True)
            for row in sheet.iter_rows(values_only=True)
            for cell in row
        )
        found = []
        for _ in range(max(rounds, 3)):
            floor, _ = run(sys.executable, "-c", _PLAIN_CELLS, str(cells), str(folder / "plain.xlsx"))
            seconds, _ = run(*export, database=books)
            found.append((seconds / floor, seconds, floor))
    return _figure(f"workbook of {units} units, {cells:,} cells", "s", found, 2.0)


def main() -> None:
    """Print a table, or JSON with --json; exit 1 with --strict when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--full", action="store_true", help="five million trips where one is enough for a look")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--strict", action="store_true")
    given = parser.parse_args()
    from ledgers import figures as beside_ledgers
    from lots import figures as over_lots
    from months import figures as beside_many
    from server_copy import figures as on_a_server
    from suppliers import figures as of_suppliers
    from xlsx import figures as of_xlsx

    figures = [
        *measure(given.rows, given.rounds),
        *of_suppliers(given.rounds),
        *of_xlsx(given.rounds),
        *beside_many(given.rounds, 5_000_000 if given.full else 1_000_000),
        *over_lots(given.rounds),
        *beside_ledgers(given.rounds),
        *on_a_server(given.rounds),
        measure_workbook(given.rounds),
    ]
    if given.json:
        print(json.dumps([asdict(figure) | {"ok": figure.ok} for figure in figures], indent=2))
    else:
        print(f"{'what':48}{'measured':>12}{'floor':>12}{'ratio':>8}{'target':>8}")
        for figure in figures:
            verdict = "" if figure.ok else "  MISSED"
            sizes = "".join(f"{size:>9.2f} {figure.unit:2}" for size in (figure.value, figure.floor))
            print(f"{figure.name:48}{sizes}{figure.ratio:>8.2f}{figure.target:>8.2f}{verdict}")
    if given.strict and not all(figure.ok for figure in figures):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
