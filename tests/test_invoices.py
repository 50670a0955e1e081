"""Invoices of municipal companies: what is invoiced, by the policy, and never twice."""

import csv
import datetime
import io
import stat
from dataclasses import replace
from typing import Any

import openpyxl
import pytest

from coded_books import do, load_plan, post_directly, unit_id
from conftest import COMPANY_NUMBER, Books, trip
from klimatvaxling.coding.entry import BookedLine, BookedVoucher
from klimatvaxling.coding.plan import CodingPlan, Invoicing, UnitCoding
from klimatvaxling.handovers import invoice
from klimatvaxling.handovers.invoice import CHARGED, SWEPT, InvoiceRow, invoice_rows, rule_of
from klimatvaxling.ledger.voucher import Posting, VoucherDraft
from klimatvaxling.units.unit import COMPANY, Unit

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


# Single rules, without any books.

ELN = Unit("ELN", "Elnät AB", COMPANY, org_number="556000-0001", counterpart="510")
EBO = Unit("EBO", "Bostäder AB", COMPANY)
# Lots from before April are invoiced when they are swept, those from April on when they are charged.
RULE = {"2025-03-31": SWEPT, "2025-04-30": CHARGED, "2025-05-31": CHARGED, "2025-02-28": SWEPT}.__getitem__

PLAN = CodingPlan(
    *("1", "x", datetime.date(2025, 1, 1), "", {}, {}, {}),
    invoicing=Invoicing(vat_code="MP1", coding="3110 {unit} {counterpart} {cost_centre} {project}"),
)


def voucher(*lines: BookedLine, event: str = "charge", corrects: str | None = None) -> BookedVoucher:
    return BookedVoucher(
        1, "B2025-2", "B", 2025, 2, "2025-05-31", "2025-06-01T08:00:00Z", event, "Avgift", "k", "Underlag 7", corrects,
        None, lines,
    )  # fmt: skip


def of_eln(account: str, ore: int, lot_on: str | None = None, lot_code: str | None = None, **more: Any) -> BookedLine:
    return BookedLine(account, ore, 1, lot_on, lot_code, **more)


def rows(*lines: BookedLine, plan: CodingPlan | None = None, **about: Any) -> list[InvoiceRow]:
    return invoice_rows(voucher(*lines, **about), {1: ELN, 2: EBO}, RULE, plan)


def amounts(*lines: BookedLine, **about: Any) -> list[tuple[str, int | None, int, str]]:
    return [(row.category, row.co2_g, row.amount_ore, row.reference) for row in rows(*lines, **about)]


def test_a_row_has_its_cells_in_the_order_of_the_columns() -> None:
    (row,) = rows(of_eln("fee_expense", 1500, category="taxi", co2_g=10_000), of_eln("own_funds", -1500, "2025-05-31"))
    assert tuple(COLUMNS) == invoice.COLUMNS
    assert row.cells() == (
        "ELN", "Elnät AB", "556000-0001", "", "2025-05", "B2025-2", "2025-05-31", "taxi", 10_000, 1500, "", "", "Underlag 7",
    )  # fmt: skip
    (row,) = rows(of_eln("fund_available", -1, "2025-03-31"), event="sweep")
    assert row.cells()[7:10] == ("", "", 1)


@pytest.mark.parametrize(
    ("lines", "about", "expected"),
    [
        # The day a lot counts from decides; without a lot, the day of booking.
        ([("own_funds", -1500, "2025-04-30")], {}, [("taxi", 10_000, 1500, "Underlag 7")]),
        ([("own_funds", -1500, "2025-03-31")], {}, []),
        ([("own_funds", -1500, None)], {}, [("taxi", 10_000, 1500, "Underlag 7")]),
        ([("fund_available", -1500, "2025-04-30")], {}, [("taxi", 10_000, 1500, "Underlag 7")]),
        ([], {}, [("taxi", 10_000, 1500, "Underlag 7")]),
        # Only what changes fees.
        ([("own_funds", -1500, "2025-04-30")], {"event": "amendment"}, [("taxi", 10_000, 1500, "Underlag 7")]),
        ([("own_funds", -1500, "2025-04-30")], {"event": "undo"}, [("taxi", 10_000, 1500, "Underlag 7")]),
        ([("own_funds", -1500, "2025-04-30")], {"event": "measure"}, []),
        # A correction names what it corrects, and of lots of both kinds it is a part, without grams.
        ([("own_funds", -1500, "2025-04-30")], {"corrects": "B2025-1"}, [("taxi", 10_000, 1500, "B2025-1")]),
        (
            [("own_funds", -1000, "2025-04-30"), ("own_funds", -500, "2025-03-31")],
            {},
            [("taxi", None, 1000, "Underlag 7")],
        ),
        ([("own_funds", -500, "2025-03-31"), ("own_funds", -1000, None)], {}, [("taxi", None, 1000, "Underlag 7")]),
        ([("measures", -1500, "2025-03-31")], {}, [("taxi", 10_000, 1500, "Underlag 7")]),
    ],
)
def test_a_fee_is_invoiced_as_far_as_its_lots_are(
    lines: list[tuple[str, int, str | None]], about: dict[str, str], expected: list[tuple[object, ...]]
) -> None:
    fee = of_eln("fee_expense", 1500, category="taxi", co2_g=10_000)
    assert amounts(fee, *(of_eln(*line) for line in lines), **about) == expected


def test_a_part_that_is_invoiced_is_shared_by_the_fees_it_is_of() -> None:
    fees = [of_eln("fee_expense", ore, category=name, co2_g=ore) for name, ore in (("taxi", -100), ("flight", -200))]
    moved = [of_eln("own_funds", 150, "2025-04-30"), of_eln("own_funds", 150, "2025-03-31")]
    assert amounts(*fees, *moved, event="undo", corrects="B2025-1") == [
        ("taxi", None, -50, "B2025-1"),
        ("flight", None, -100, "B2025-1"),
    ]
    without = of_eln("fee_expense", 1500)
    assert amounts(without) == [("", None, 1500, "Underlag 7")]
    assert amounts(without, *moved[:1], of_eln("own_funds", -1650, "2025-03-31")) == [("", None, -150, "Underlag 7")]


@pytest.mark.parametrize(
    ("lines", "about", "expected"),
    [
        ([("fund_available", -100, "2025-03-31", "B2025-1")], {}, [("", None, 100, "B2025-1")]),
        ([("fund_available", 100, "2025-03-31", "B2025-1")], {}, [("", None, -100, "B2025-1")]),
        ([("fund_available", -100, "2025-04-30", "B2025-1")], {}, []),
        ([("fund_available", -100, None, None)], {}, []),
        ([("own_funds", -100, "2025-03-31", "B2025-1")], {}, []),
        ([("fund_available", -100, "2025-03-31", "B2025-1"), ("fund_available", 100, "2025-02-28", "B2025-0")], {}, []),
        ([("fund_available", -100, "2025-03-31", None)], {}, [("", None, 100, "")]),
        (
            [
                ("fund_available", -100, "2025-03-31", "B2025-1"),
                ("fund_available", -20, "2025-02-28", "B2025-0"),
                ("fund_available", -3, "2025-03-31", "B2025-1"),
            ],
            {},
            [("", None, 123, "B2025-1 B2025-0")],
        ),
        ([("fund_available", -1, "2025-03-31", "B2025-1")], {"corrects": "B2025-9"}, [("", None, 1, "B2025-9")]),
    ],
)
def test_what_the_fund_gets_is_invoiced_where_the_fee_was_not(
    lines: list[tuple[str, int, str | None, str | None]], about: dict[str, str], expected: list[tuple[object, ...]]
) -> None:
    assert amounts(*(of_eln(*line) for line in lines), event="sweep", **about) == expected


def test_each_unit_of_a_voucher_has_its_own_rows() -> None:
    lines = [
        BookedLine("fund_available", -5, 2, "2025-03-31"),
        BookedLine("fund_available", 12, None, "2025-03-31"),
        BookedLine("fund_available", -7, 1, "2025-03-31"),
    ]
    assert [(row.unit, row.org_number, row.amount_ore) for row in rows(*lines, event="sweep")] == [
        ("EBO", "", 5),
        ("ELN", "556000-0001", 7),
    ]


def test_a_row_is_coded_by_the_unit_and_else_by_the_plan() -> None:
    def coded(**own: str) -> tuple[str, str, str]:
        (row,) = rows(of_eln("fee_expense", 1500), plan=replace(PLAN, units={"eln": UnitCoding(**own)}))
        return row.customer_number, row.vat_code, row.coding

    assert coded() == ("", "MP1", "3110 ELN 510  ")
    (bare,) = invoice_rows(voucher(BookedLine("fee_expense", 1500, 2)), {2: EBO}, RULE, PLAN)
    assert (bare.vat_code, bare.coding) == ("MP1", "3110 EBO   ")
    assert coded(cost_centre="12", project="P", customer_number="5") == ("5", "MP1", "3110 ELN 510 12 P")
    assert coded(vat_code="MP2", coding="3999") == ("", "MP2", "3999")


def test_the_policy_is_asked_once_for_each_day() -> None:
    asked = []

    def value_on(day: datetime.date) -> str:
        asked.append(day)
        return f"{day:%m}"

    rule = rule_of(value_on)
    assert [rule(day) for day in ("2025-03-31", "2025-04-30", "2025-03-31")] == ["03", "04", "03"]
    assert asked == [datetime.date(2025, 3, 31), datetime.date(2025, 4, 30)]
