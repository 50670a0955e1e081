"""A month's file in books of millions of trips, against the same file in books without any.

The large books are made by copying trips and pages inside the database, with its triggers set aside: importing them would
take minutes, and an import looks at nothing else that grows. With ids and without.
"""

import contextlib
import os
import sqlite3
import sys
import tempfile
from pathlib import Path

from figure import PROGRAM, Figure, figure_of, run, write_trips
from suppliers import empty_books, without_ids

MONTH = 10_000
_COPIED = 50_000


def _month(folder: Path, name: str, first: int) -> Path:
    """A file of `MONTH` standard rows of one month, with ids from `first` on."""
    whole, month = folder / f"{name}-year.csv", folder / f"{name}.csv"
    write_trips(whole, MONTH)
    with whole.open(encoding="utf-8") as given, month.open("w", encoding="utf-8") as made:
        made.write(next(given))
        for number, line in enumerate(given):
            _, day, *rest = line.split(";")
            made.write(";".join([f"T{first + number:08d}", f"2025-06-{int(day[-2:]) % 30 + 1:02d}", *rest]))
    return month


def _multiply(books: Path, trips: int) -> None:
    """As many trips as wanted, copied from those that were imported: two sources, a day of the years before each."""
    with contextlib.closing(sqlite3.connect(books, isolation_level=None)) as connection:
        connection.execute("PRAGMA cache_size = -200000")
        connection.execute("PRAGMA synchronous = OFF")
        triggers = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        columns = [row[1] for row in connection.execute("PRAGMA table_info(trip)")]
        rest = ", ".join(name for name in columns if name not in ("id", "trip_id", "trip_on"))
        connection.execute("BEGIN")
        (had,) = connection.execute("SELECT max(id) FROM trip").fetchone()
        for round_ in range(1, max(2, trips // had)):
            day = f"date('2020-01-01', '+{round_ * 11 % 1900} days')"
            connection.execute(
                f"INSERT INTO trip (id, trip_id, trip_on, {rest}) SELECT id + {round_ * had},"
                f" CASE WHEN trip_id LIKE 'T%' THEN 'T' || (2{round_:04d}00000 + id) ELSE"
                f" {day} || '-' || lower(hex(randomblob(12))) || '-1' END, {day}, {rest} FROM trip WHERE id <= {had}"
            )
            connection.execute(
                "INSERT INTO batch_page (batch_id, number, first_trip_id, last_trip_id, content, sha256)"
                f" SELECT batch_id, number + 100000 * {round_}, first_trip_id + {round_ * had},"
                f" last_trip_id + {round_ * had}, content, sha256 FROM batch_page WHERE first_trip_id <= {had}"
            )
        connection.execute("COMMIT")
        for _, statement in triggers:
            connection.execute(statement)


def figures(rounds: int, trips: int) -> list[Figure]:
    """The month's import with ids and without; of several rounds, in turn, the median ratio."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        empty, books, full, file = empty_books(folder), folder / "books.db", folder / "full.db", folder / "copied.csv"
        own = {"KLIMATVAXLING_IMPORTS": str(folder / "own")}
        write_trips(file, min(_COPIED, trips // 4))
        full.write_bytes(empty.read_bytes())
        for source, given in (("standard", file), ("without_ids", without_ids(folder, file))):
            run(*PROGRAM, "import", str(given), "--source", source, database=full, environment=own)
        _multiply(full, trips)
        month = _month(folder, "month", 50_000_000)
        bare = folder / "bare.csv"
        with month.open(encoding="utf-8") as given_month, bare.open("w", encoding="utf-8") as made:
            made.writelines(line.partition(";")[2] for line in given_month)
        found = []
        for source, given in (("standard", month), ("without_ids", bare)):
            taken = []
            for _ in range(rounds):
                books.write_bytes(empty.read_bytes())
                command = (*PROGRAM, "import", str(given), "--source", source)
                floor, _ = run(*command, database=books, environment=own)
                # The large books are copied beforehand, so that the file is as warm as the other.
                with full.open("rb") as original, books.open("wb") as copy:
                    while block := original.read(1 << 24):
                        copy.write(block)
                    # Else the import's own fsync would write the whole copy.
                    copy.flush()
                    os.fsync(copy.fileno())
                seconds, _ = run(*command, database=books, environment=own)
                taken.append((seconds / floor, seconds, floor))
            found.append(figure_of(f"{MONTH:,} rows beside {trips:,}, {source}", "s", taken, 1.2))
        return found


if __name__ == "__main__":
    for each in figures(3, int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000):
        print(f"{each.name:50}{each.value:8.2f}{each.floor:8.2f}{each.ratio:8.2f}")
