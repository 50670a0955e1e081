"""Invoices of municipal companies: what is invoiced, by the policy, and never twice."""

import csv
import io
import stat
from typing import Any

import openpyxl
import pytest

from coded_books import do, load_plan, post_directly, unit_id
from conftest import COMPANY_NUMBER, Books, trip
from klimatvaxling.ledger.voucher import Posting, VoucherDraft

COLUMNS = [
    "unit", "name", "org_number", "customer_number", "period", "voucher", "booked_on", "category", "co2_g", "amount_ore",
    "vat_code", "coding", "reference",
]  # fmt: skip


def invoices(books: Books, *span: str) -> list[dict[str, str]]:
    path = books.folder / "invoices.csv"
    do(books, "export", "invoices", *span, "--output", path)
    rows = csv.DictReader(io.StringIO(path.read_text(encoding="utf-8")), delimiter=";")
    assert rows.fieldnames == COLUMNS
    return list(rows)


def policy(books: Books, value: str, day: str) -> None:
    do(books, "policy", "set", "company_invoicing", value, "--from", day, "--decision", "KS 1")


def fees(books: Books, **cells: Any) -> None:
    trips = [trip(f"car{cells}", unit="ELN", **cells), trip(f"air{cells}", unit="ELN", category="flight", **cells)]
    books.take(*trips, name=f"{len(str(cells))}.csv")


def lot(books: Books) -> int:
    return int(books.sql("SELECT max(voucher_id) FROM lot")[0][0])


@pytest.fixture
def charged(books: Books) -> Books:
    policy(books, "charged", "2013-01-01")
    return books


def test_by_default_a_company_is_invoiced_what_it_did_not_use_within_the_year(books: Books) -> None:
    fees(books)
    do(books, "measure", "add", "--unit", "ELN", "--amount", "10", "--title", "Cyklar", "--booked-on", "2025-06-01")
    assert invoices(books, "--year", "2025") == []
    do(books, "sweep", "--as-of", "2026-04-01")
    (row,) = invoices(books, "--year", "2026")
    assert row == {
        "unit": "ELN", "name": "Elnät i Exempelstad AB", "org_number": COMPANY_NUMBER, "customer_number": "",
        "period": "2026-04", "voucher": "B2026-1", "booked_on": "2026-04-01", "category": "", "co2_g": "",
        "amount_ore": "2000", "vat_code": "", "coding": "", "reference": "B2025-1",
    }  # fmt: skip


def test_by_the_other_policy_every_fee_is_invoiced_by_category(charged: Books) -> None:
    fees(charged)
    rows = invoices(charged, "--period", "2025-03")
    assert [(row["voucher"], row["category"], row["co2_g"], row["amount_ore"]) for row in rows] == [
        ("B2025-1", "flight", "10000", "1500"),
        ("B2025-1", "own_car", "10000", "1500"),
    ]
    do(charged, "sweep", "--as-of", "2026-04-01")
    assert invoices(charged, "--year", "2026") == []


def test_administrations_are_never_invoiced(charged: Books) -> None:
    charged.take(trip())
    assert invoices(charged, "--year", "2025") == []


def test_a_fee_is_invoiced_once_whatever_becomes_of_the_policy(books: Books) -> None:
    policy(books, "charged", "2025-04-01")
    fees(books, date="2025-03-07")
    fees(books, date="2025-04-07", note="april")
    policy(books, "swept", "2025-05-01")
    do(books, "sweep", "--as-of", "2026-07-01")
    rows = [row for year in ("2025", "2026") for row in invoices(books, "--year", year)]
    # March by its sweep, April by its fees, and nothing of April's sweep.
    assert [(row["period"], row["amount_ore"]) for row in rows] == [
        ("2025-04", "1500"), ("2025-04", "1500"), ("2026-07", "3000"),
    ]  # fmt: skip


def test_a_correction_of_an_invoiced_fee_is_a_credit_row(charged: Books) -> None:
    fees(charged)
    eln, key = unit_id(charged, "ELN"), lot(charged)
    post_directly(
        charged,
        VoucherDraft(
            "B", "2025-04-30", "amendment", "Rättelse",
            (Posting("fee_expense", -700, eln), Posting("own_funds", 700, eln, lot_id=key)), corrects_id=key,
        ),
    )  # fmt: skip
    (row,) = invoices(charged, "--period", "2025-04")
    assert (row["amount_ore"], row["reference"]) == ("-700", "B2025-1")


def test_what_the_fund_gives_back_after_a_sweep_is_a_credit_row(books: Books) -> None:
    fees(books)
    do(books, "sweep", "--as-of", "2026-04-01")
    eln, key = unit_id(books, "ELN"), books.sql("SELECT min(voucher_id) FROM lot")[0][0]
    post_directly(
        books,
        VoucherDraft(
            "B", "2026-04-30", "undo", "Fel fil",
            (Posting("fee_expense", -800, eln), Posting("fund_available", 800, eln, lot_id=key)), corrects_id=key,
        ),
    )  # fmt: skip
    assert [row["amount_ore"] for row in invoices(books, "--year", "2026")] == ["3000", "-800"]


def test_a_correction_that_takes_from_lots_of_both_kinds_credits_what_was_invoiced(books: Books) -> None:
    policy(books, "charged", "2025-04-01")
    fees(books, date="2025-03-07")
    swept_lot = lot(books)
    fees(books, date="2025-04-07", note="april")
    eln, key = unit_id(books, "ELN"), lot(books)
    taken = (Posting("own_funds", 400, eln, lot_id=key), Posting("own_funds", 600, eln, lot_id=swept_lot))
    post_directly(
        books, VoucherDraft("B", "2025-05-31", "amendment", "Rättelse", (Posting("fee_expense", -1000, eln), *taken))
    )
    (row,) = invoices(books, "--period", "2025-05")
    assert (row["amount_ore"], row["co2_g"]) == ("-400", "")


def test_fees_that_cancel_out_are_invoiced_by_category_or_not_at_all(books: Books) -> None:
    both = (trip("a", unit="ELN"), trip("b", unit="ELN", category="taxi", co2_fossil_kg="-10"))
    books.take(*both)
    assert invoices(books, "--year", "2025") == []
    policy(books, "charged", "2013-01-01")
    assert [row["amount_ore"] for row in invoices(books, "--year", "2025")] == ["1500", "-1500"]


def test_customer_number_vat_code_and_coding_come_from_the_coding_plan(charged: Books) -> None:
    charged.take(trip("a", unit="ELN"))
    outcome = charged("export", "invoices", "--year", "2025", "--output", charged.folder / "x.csv")
    assert (outcome.code, "ELN" in outcome.err) == (0, True)  # noted, and left empty
    text = (
        'version = "1"\ntitle = "x"\nvalid_from = 2013-01-01\n[[account]]\nnumber = "1"\ntitle = "x"\ninternal = false\n'
        '[unit.eln]\ncustomer_number = "50140"\n[invoicing]\nvat_code = "MP1"\ncoding = "3110 9200 {unit} {counterpart}"\n'
    )
    load_plan(charged, text)
    (row,) = invoices(charged, "--year", "2025")
    assert (row["customer_number"], row["vat_code"], row["coding"]) == ("50140", "MP1", "3110 9200 ELN 510")
    own = '[unit.eln]\nvat_code = "MP2"\ncoding = "3999"\n'
    load_plan(charged, text.replace('version = "1"', 'version = "2"').replace("[unit.eln]\n", own))
    (row,) = invoices(charged, "--year", "2025")
    assert (row["vat_code"], row["coding"]) == ("MP2", "3999")


def test_the_workbook_has_numbers_as_numbers_and_no_formula_from_outside(fresh_books: Books) -> None:
    books = fresh_books
    name = '=HYPERLINK("http://x")'
    do(books, "unit", "add", "ELN", "--name", name, "--kind", "company", "--org-number", COMPANY_NUMBER)
    policy(books, "charged", "2013-01-01")
    books.take(trip("a", unit="ELN"))
    path = books.folder / "invoices.XLSX"
    before = books.dump()
    do(books, "export", "invoices", "--year", "2025", "--output", path)
    first = path.read_bytes()
    do(books, "export", "invoices", "--year", "2025", "--output", path)
    assert path.read_bytes() == first
    assert books.dump() == before
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    sheet = openpyxl.load_workbook(path).active
    header, row = sheet.iter_rows()
    assert [cell.value for cell in header] == COLUMNS
    cells = dict(zip(COLUMNS, row, strict=True))
    assert (cells["amount_ore"].value, cells["co2_g"].value) == (1500, 10_000)
    assert (cells["name"].value, cells["name"].data_type) == (name, "s")
    assert sheet.freeze_panes == "A2"


def test_the_files_name_says_which_kind_it_is(books: Books) -> None:
    outcome = books("export", "invoices", "--year", "2025", "--output", books.folder / "x.ods")
    assert (outcome.code, "KV-INVOICE-FILE" in outcome.err) == (2, True)


def test_the_programs_own_corrections_are_credit_rows_by_category(charged: Books) -> None:
    charged.take(trip("a", unit="ELN"), trip("b", unit="ELN", category="flight"))
    fewer = trip("a", unit="ELN", co2_fossil_kg="4")
    charged.take(fewer, name="again.csv", options=["--amend", "--booked-on", "2025-04-30"])
    (row,) = invoices(charged, "--period", "2025-04")
    assert (row["category"], row["co2_g"], row["amount_ore"]) == ("own_car", "-6000", "-900")
    do(charged, "batch", "undo", "2", "--reason", "Fel", "--booked-on", "2025-05-31")
    do(charged, "batch", "undo", "1", "--reason", "Fel", "--booked-on", "2025-05-31")
    total = sum(int(row["amount_ore"]) for row in invoices(charged, "--year", "2025"))
    assert total == 0
    assert all(row["reference"].startswith("B2025-") for row in invoices(charged, "--period", "2025-05"))
