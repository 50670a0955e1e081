"""An XLSX file of travel, imported, against what python-calamine needs to read it.

The floor is a process that opens the workbook with python-calamine and turns its rows into Python values.
"""

import csv
import sys
import tempfile
from pathlib import Path

from figure import HEADER, PROGRAM, Figure, figure_of, run, write_trips
from suppliers import empty_books

_READ = """
import sys, python_calamine
book = python_calamine.CalamineWorkbook.from_path(sys.argv[1])
rows = book.get_sheet_by_index(0).to_python()
assert len(rows) > 1
"""


def write_workbook(trips: Path, workbook: Path) -> None:
    """The rows of a CSV file as a workbook with real numbers and dates."""
    import datetime

    import openpyxl

    numbers = {HEADER.split(";").index(name) for name in ("distance_km", "fuel_quantity", "co2_fossil_kg")}
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    with trips.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file, delimiter=";")
        sheet.append(next(rows))
        for row in rows:
            cells: list[object] = [
                float(cell.replace(",", ".")) if place in numbers and cell else cell or None
                for place, cell in enumerate(row)
            ]
            cells[1] = datetime.date.fromisoformat(row[1])
            sheet.append(cells)
    book.save(workbook)


def figures(rounds: int, rows: int = 100_000) -> list[Figure]:
    """The import of the workbook; of several rounds, floor and program in turn, the median ratio."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        empty, books, trips, workbook = (
            empty_books(folder), folder / "books.db", folder / "trips.csv", folder / "trips.xlsx"
        )  # fmt: skip
        write_trips(trips, rows)
        write_workbook(trips, workbook)
        taken = []
        for _ in range(rounds):
            books.write_bytes(empty.read_bytes())
            floor, _ = run(sys.executable, "-c", _READ, str(workbook))
            seconds, _ = run(*PROGRAM, "import", str(workbook), "--source", "standard", database=books)
            taken.append((seconds / floor, seconds, floor))
    return [figure_of(f"import of {rows:,} rows of XLSX", "s", taken, 3.0)]


if __name__ == "__main__":
    for each in figures(3):
        print(f"{each.name:50}{each.value:8.2f}{each.floor:8.2f}{each.ratio:8.2f}")
