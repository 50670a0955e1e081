"""Workbooks of several sheets: the one with the trips is found, and none is left out in silence."""

from pathlib import Path

import openpyxl
import pytest

from conftest import Books

HEADER = ["trip_id", "date", "unit", "category", "co2_fossil_kg"]
TRIP = ["1", "2025-03-07", "SBF", "own_car", 10]
COVER = [["Reseuppgifter"], ["Exempelstad"]]


def workbook(books: Books, **sheets: list[list[object]]) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(books.folder / "resor.xlsx")
    return books.folder / "resor.xlsx"


@pytest.mark.parametrize("last", [[], [["Summa", 10]], [["trip_id", "date"], ["1", "2025-03-07"]]])
def test_the_only_sheet_with_the_header_is_read(books: Books, last: list[list[object]]) -> None:
    file = workbook(books, Om=COVER, Resor=[HEADER, TRIP], Mer=last)
    assert books.json("import", file, "--source", "standard")["rows_posted"] == 1
    assert books.json("source", "test", "standard", file)["rows_read"] == 1


def test_trips_on_two_sheets_are_refused_by_their_names(books: Books) -> None:
    file = workbook(books, Mars=[HEADER, TRIP], April=[HEADER, ["2", *TRIP[1:]]])
    before = books.dump()
    outcome = books("import", file, "--source", "standard")
    assert (outcome.code, "KV-SHEET-SEVERAL" in outcome.err, "Mars, April" in outcome.err) == (3, True, True)
    assert books.dump() == before


def test_a_source_is_recognised_on_any_sheet(books: Books) -> None:
    inbox = books.folder / "inbox"
    inbox.mkdir()
    workbook(books, Om=COVER, Resor=[HEADER, TRIP]).rename(inbox / "resor.xlsx")
    assert books("inbox", "run", inbox).code == 0
    assert books.balance("SBF")["co2_g"] == 10_000


def test_where_no_sheet_has_the_header_the_first_says_what_it_lacks(books: Books) -> None:
    outcome = books("import", workbook(books, Om=COVER, Mer=COVER), "--source", "standard")
    assert (outcome.code, "KV-HEADER-MISSING" in outcome.err) == (3, True)
