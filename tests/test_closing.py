"""The annual accounts: opening, movements and closing of units, lots, the fund and grants; counterparts reconciled."""

import csv
import io
from typing import Any

from coded_books import do, load_plan
from conftest import Books, trip


def closing(books: Books, year: int, *options: str) -> Any:
    return books.json("report", "closing", "--year", str(year), *options)


def test_every_line_adds_up_and_a_year_opens_with_what_the_one_before_closed_with(eventful: Books) -> None:
    books = eventful
    first, second = closing(books, 2024), closing(books, 2025)
    for report in (first, second):
        lines = [*report["units"], *report["lots"], *report["reservations"], *report["fund"].values()]
        assert len(lines) > 5
        for line in lines:
            moved = sum(
                value
                for key, value in line.items()
                if key.endswith("_ore") and key not in ("opening_ore", "closing_ore")
            )
            assert line["opening_ore"] + moved == line["closing_ore"], line
    closed = {unit["unit"]: unit["closing_ore"] for unit in first["units"]}
    assert {unit["unit"]: unit["opening_ore"] for unit in second["units"]} == closed
    left = {(lot["unit"], lot["lot"]): lot["closing_ore"] for lot in first["lots"] if lot["closing_ore"]}
    assert {(lot["unit"], lot["lot"]): lot["opening_ore"] for lot in second["lots"] if lot["opening_ore"]} == left


def test_units_close_with_the_balance_and_the_fund_with_its_own(eventful: Books) -> None:
    books = eventful
    for year in (2024, 2025):
        report = closing(books, year)
        day = ("--as-of", f"{year}-12-31")
        balance = {unit["unit"]: unit["own_funds_ore"] for unit in books.json("balance", *day)["units"]}
        closed = {unit["unit"]: unit["closing_ore"] for unit in report["units"]}
        assert {unit: ore for unit, ore in closed.items() if ore} == {unit: ore for unit, ore in balance.items() if ore}
        for unit in report["units"]:
            of_lots = [lot["closing_ore"] for lot in report["lots"] if lot["unit"] == unit["unit"]]
            assert sum(of_lots) == unit["closing_ore"]
        fund = books.json("fund", *day)
        assert report["fund"]["available"]["closing_ore"] == fund["available_ore"]
        assert report["fund"]["committed"]["closing_ore"] == fund["committed_ore"]
        assert sum(grant["closing_ore"] for grant in report["reservations"]) == fund["committed_ore"]


def test_movements_are_named_by_what_they_were(eventful: Books) -> None:
    books = eventful
    before, after = closing(books, 2024), closing(books, 2025)
    (sbf,) = (unit for unit in before["units"] if unit["unit"] == "SBF")
    assert (sbf["charged_ore"], sbf["spent_ore"], sbf["closing_ore"]) == (15_000, -5_000, 10_000)
    (sbf,) = (unit for unit in after["units"] if unit["unit"] == "SBF")
    # A measure that was taken back gives what it took.
    assert (sbf["swept_ore"], sbf["spent_ore"], sbf["corrected_ore"], sbf["moved_ore"]) == (-10_000, 5_000, -500, -300)
    fund = after["fund"]
    assert fund["total"]["appropriated_ore"] == 90_000
    assert fund["total"]["reserved_ore"] == 0
    assert (fund["available"]["reserved_ore"], fund["committed"]["reserved_ore"]) == (-30_000, 30_000)
    assert (fund["total"]["paid_out_ore"], fund["total"]["returned_ore"]) == (-30_000, 5_000)
    (grant,) = after["reservations"]
    assert (grant["approved_ore"], grant["paid_ore"], grant["released_ore"], grant["closing_ore"]) == (
        40_000, -30_000, -10_000, 0,
    )  # fmt: skip


def test_counterparts_are_reconciled_by_the_coding_plan(eventful: Books) -> None:
    books = eventful
    report = closing(books, 2025)
    assert report["counterparts"] == []
    assert len(report["uncoded_vouchers"]) == len(
        books.sql("SELECT 1 FROM voucher WHERE series = 'A' AND fiscal_year = 2025")
    )
    load_plan(books)
    report = closing(books, 2025)
    assert report["uncoded_vouchers"] == []
    assert report["is_reconciled"]
    pairs = {(pair["owner"], pair["counterpart"]): pair for pair in report["counterparts"]}
    assert set(pairs) == {("110", "199"), ("120", "199"), ("199", "199")}
    for pair in pairs.values():
        assert pair["amount_ore"] + pair["mirrored_ore"] == pair["difference_ore"] == 0
    # BUF got 300.00 and gave 50.00 back.
    assert pairs["120", "199"]["amount_ore"] == -25_000
    assert "Counterparts are reconciled" in books("report", "closing", "--year", "2025").out


def test_companies_stand_with_what_they_were_invoiced(books: Books) -> None:
    books.take(trip("e", unit="ELN"))
    do(books, "sweep", "--as-of", "2026-04-01")
    assert closing(books, 2026)["invoices"] == [{"unit": "ELN", "kind": "company", "amount_ore": 1500}]


def test_the_accounts_can_be_asked_for_as_they_were(eventful: Books) -> None:
    books = eventful
    ((registered,),) = books.sql("SELECT registered_at FROM voucher WHERE event = 'sweep' AND series = 'A' LIMIT 1")
    ((before,),) = books.sql("SELECT max(registered_at) FROM voucher WHERE registered_at < ?", registered)
    assert all(unit["swept_ore"] == 0 for unit in closing(books, 2025, "--known-at", before)["units"])
    assert closing(books, 2025, "--as-of", "2025-03-31")["fund"]["total"]["closing_ore"] == 0


def test_the_accounts_are_a_table_json_and_csv(eventful: Books) -> None:
    books = eventful
    load_plan(books)
    rows = list(
        csv.DictReader(io.StringIO(books("report", "closing", "--year", "2025", "--format", "csv").out), delimiter=";")
    )
    assert {row["section"] for row in rows} == {"unit", "lot", "fund", "reservation", "counterpart", "invoice"}
    table = books("report", "closing", "--year", "2025").out
    assert "Own funds by unit" in table
    assert "Solceller" in table
    assert books("report", "closing", "--year", "25").code == 2
    assert books("report", "closing").code == 2


def test_a_year_of_nothing_says_so(books: Books) -> None:
    assert "Nothing is posted yet." in books("report", "closing", "--year", "2025").out
