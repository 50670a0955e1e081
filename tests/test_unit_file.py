"""Workbooks to hand out: one unit's own figures and nobody else's, with numbers as numbers."""

import datetime
import io
from decimal import Decimal
from typing import Any

import openpyxl
import pytest

from conftest import Books, trip


def sheets(path: Any) -> dict[str, list[list[Any]]]:
    """Each sheet's rows below the header, without what is empty."""
    workbook = openpyxl.load_workbook(path)
    return {
        sheet.title: [
            list(row) for row in sheet.iter_rows(min_row=4, values_only=True) if any(v is not None for v in row)
        ]
        for sheet in workbook
    }


@pytest.fixture
def handed_out(everything: Books) -> dict[str, list[list[Any]]]:
    path = everything.folder / "sbf.xlsx"
    outcome = everything("export", "unit-file", "--unit", "sbf", "--output", path)
    assert outcome.code == 0, outcome.err
    return sheets(path)


def test_a_units_file_has_its_statement_lots_vouchers_and_trips(everything: Books, handed_out: Any) -> None:
    assert list(handed_out) == ["Statement", "Lots", "Vouchers", "Trips"]
    entries = everything.json("statement", "--unit", "SBF")["entries"]
    rows = [row for row in handed_out["Statement"] if isinstance(row[0], datetime.datetime)]
    assert [row[1] for row in rows] == [entry["voucher"] for entry in entries]
    assert [Decimal(str(row[-1])) * 100 for row in rows] == [entry["balance_ore"] for entry in entries]
    trips = [row for row in handed_out["Trips"] if isinstance(row[0], datetime.datetime)]
    assert [row[2] for row in trips] == ["a", "c", "d"]
    assert [row[10] for row in trips] == [10, -1, 10]


def test_nothing_of_another_unit_is_in_a_units_file(handed_out: Any) -> None:
    cells = {str(cell) for rows in handed_out.values() for row in rows for cell in row}
    assert not {cell for cell in cells if "ELN" in cell or "BUF" in cell or cell in ("b", "B2025-1")}


def test_a_trip_that_was_taken_back_stands_as_a_credit(books: Books) -> None:
    undone = books.take(trip("a"))
    books.json("batch", "undo", undone["batch"], "--reason", "x")
    path = books.folder / "sbf.xlsx"
    assert books("export", "unit-file", "--unit", "SBF", "--output", path).code == 0
    assert [(row[2], row[10]) for row in sheets(path)["Trips"] if row[2]] == [("a", 10), ("a", -10)]
    assert sheets(path)["Trips"][-1][10] == 0


def test_a_units_file_may_be_of_one_year(everything: Books) -> None:
    path = everything.folder / "sbf.xlsx"
    assert everything("export", "unit-file", "--unit", "SBF", "--year", "2026", "--output", path).code == 0
    found = sheets(path)
    assert [row for row in found["Trips"] if isinstance(row[0], datetime.datetime)] == []
    vouchers = {row[0] for row in found["Vouchers"] if isinstance(row[1], datetime.datetime)}
    assert vouchers == {
        code
        for (code,) in everything.sql(
            "SELECT v.code FROM voucher v WHERE v.fiscal_year = 2026 AND EXISTS (SELECT 1 FROM posting p JOIN unit u"
            " ON u.id = p.unit_id WHERE p.voucher_id = v.id AND u.code = 'SBF')"
        )
    }


def test_the_same_books_give_the_same_workbook(everything: Books) -> None:
    made = []
    for name in ("a.xlsx", "b.xlsx"):
        path = everything.folder / name
        assert everything("export", "unit-file", "--unit", "SBF", "--as-of", "2026-12-31", "--output", path).code == 0
        made.append(path.read_bytes())
    assert made[0] == made[1]


def test_a_text_that_looks_like_a_formula_stays_a_text(books: Books) -> None:
    books.take(trip("=1+1", project="=2+2"))
    path = books.folder / "sbf.xlsx"
    assert books("export", "unit-file", "--unit", "SBF", "--output", path).code == 0
    sheet = openpyxl.load_workbook(io.BytesIO(path.read_bytes()))["Trips"]
    texts = [cell for row in sheet.iter_rows() for cell in row if str(cell.value).startswith("=")]
    assert [cell.value for cell in texts] == ["=1+1", "=2+2"]
    assert {cell.data_type for cell in texts} == {"s"}


def test_every_units_statement_is_a_workbook_of_its_own(everything: Books) -> None:
    folder = everything.folder / "out" / "2025"
    found = everything.json("statement", "--all", "--year", "2025", "--output", folder)
    assert sorted(path.name for path in folder.iterdir()) == [
        f"statement-{unit}.xlsx" for unit in ("BUF", "ELN", "SBF")
    ]
    assert sorted(found["files"]) == sorted(map(str, folder.iterdir()))
    for unit in ("BUF", "ELN", "SBF"):
        entries = everything.json("statement", "--unit", unit, "--year", "2025")["entries"]
        rows = sheets(folder / f"statement-{unit}.xlsx")["Statement"]
        assert [row[1] for row in rows if isinstance(row[0], datetime.datetime) and row[1]] == [
            entry["voucher"] for entry in entries
        ]


def test_the_statement_says_below_where_the_chain_ends(everything: Books) -> None:
    everything("statement", "--all", "--output", everything.folder / "out")
    words = [str(row[0]) for row in sheets(everything.folder / "out" / "statement-SBF.xlsx")["Statement"]]
    head = everything.json("check")["head"][:12]
    assert any(head in line for line in words)


@pytest.mark.parametrize(
    "options",
    [[], ["--all"], ["--output", "x"], ["--unit", "SBF", "--output", "x"], ["--unit", "SBF", "--all"],
     ["--unit", "SBF", "--all", "--output", "x"]],
    ids=" ".join,
)  # fmt: skip
def test_it_must_be_clear_whose_statement_is_meant(
    everything: Books, monkeypatch: pytest.MonkeyPatch, options: list[str]
) -> None:
    monkeypatch.chdir(everything.folder)
    outcome = everything("statement", *options)
    assert (outcome.code, "KV-STATEMENT-WHOSE" in outcome.err) == (2, True)
    assert not (everything.folder / "x").exists()


def test_a_unit_nobody_knows_has_no_file(everything: Books) -> None:
    outcome = everything("export", "unit-file", "--unit", "NIX", "--output", everything.folder / "x.xlsx")
    assert (outcome.code, "KV-UNIT-UNKNOWN" in outcome.err) == (3, True)
    assert not (everything.folder / "x.xlsx").exists()
