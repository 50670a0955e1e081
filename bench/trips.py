"""The import of made-up trips, its memory, and reports over them.

The floor of the import is csv.reader over the same file plus one sqlite3 executemany of the parsed values into one
table with a unique index. The floor of a report is importing sqlmodel, typer and rich.
"""

import csv
import sqlite3
import sys
import tempfile
import time
from pathlib import Path

from figure import HEADER, PROGRAM, UNITS, Figure, figure_of, run, write_trips


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


def figures(rows: int, rounds: int) -> list[Figure]:
    """What grows with the trips; of several rounds, floor and program in turn, the median ratio."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        trips, units, empty, books = (folder / item for item in ("trips.csv", "units.csv", "empty.db", "books.db"))
        write_trips(trips, rows)
        units.write_text(
            "code;name;kind\n" + "".join(f"E{unit:03d};Enhet {unit};administration\n" for unit in range(UNITS))
        )
        run(*PROGRAM, "init", database=empty)
        run(*PROGRAM, "unit", "load", str(units), database=empty)
        imports, memory = [], []
        for _ in range(rounds):
            books.write_bytes(empty.read_bytes())
            floor = floor_of_import(trips, folder)
            seconds, megabytes = run(*PROGRAM, "import", str(trips), "--source", "standard", database=books)
            imports.append((seconds / floor, seconds, floor))
            memory.append(megabytes)
        found = [
            figure_of(f"import of {rows:,} trips", "s", imports, 2.0),
            Figure(f"memory of the import of {rows:,}", max(memory), "MB", 300.0, max(memory) / 300, 1.0),
        ]
        for report in (("balance",), ("statement", "--unit", "E001")):
            taken = []
            for _ in range(max(rounds, 5)):
                floor, _ = run(sys.executable, "-c", "import sqlmodel, typer, rich")
                seconds, _ = run(*PROGRAM, *report, database=books)
                taken.append((seconds / floor, seconds, floor))
            found.append(figure_of(f"{report[0]} over {rows:,} trips", "s", taken, 1.25))
        return found
