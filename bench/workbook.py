"""The workbook for the climate report, against as many plain cells written by openpyxl."""

import sys
import tempfile
from pathlib import Path

import openpyxl
from figure import PROGRAM, Figure, figure_of, run

_PLAIN_CELLS = """
import sys, openpyxl
book = openpyxl.Workbook(write_only=True)
sheet = book.create_sheet()
row = [1234.5] * 10
for _ in range(int(sys.argv[1]) // 10):
    sheet.append(row)
book.save(sys.argv[2])
"""


def figure(rounds: int, units: int = 300) -> Figure:
    """The climate report of many units over twelve months, against as many plain cells written by openpyxl."""
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
        run(*PROGRAM, "init", database=books)
        run(*PROGRAM, "unit", "load", str(register), database=books)
        run(*PROGRAM, "import", str(trips), "--source", "standard", database=books)
        export = (*PROGRAM, "export", "climate-report", "--year", "2025", "--output", str(report))
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
    return figure_of(f"workbook of {units} units, {cells:,} cells", "s", found, 2.0)
