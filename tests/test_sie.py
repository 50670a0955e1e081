"""SIE 4I: what leaves for the accounting system, read by a reader of its own (sie_reader.py)."""

import datetime
import re
import stat
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

import sie_reader
from coded_books import do, load_plan
from conftest import Books, trip
from klimatvaxling.coding.entry import BookedVoucher, EntryLine
from klimatvaxling.coding.plan import Account, Dimension
from klimatvaxling.handovers import sie as sie_format
from klimatvaxling.handovers.code_page import encoded, in_code_page
from klimatvaxling.handovers.sie import Sender, SieVoucher, object_names, sie_file


@pytest.fixture
def coded(eventful: Books) -> Books:
    load_plan(eventful)
    return eventful


def export(books: Books, *span: str) -> sie_reader.Sie:
    path = books.folder / "out.si"
    do(books, "export", "sie", *span, "--output", path)
    return sie_reader.read(path.read_bytes())


def vouchers_of(books: Books, series: str, year: int) -> list[str]:
    return [
        code
        for (code,) in books.sql(
            "SELECT code FROM voucher WHERE series = ? AND fiscal_year = ? ORDER BY number", series, year
        )
    ]


def test_every_voucher_of_series_a_leaves_and_no_other(coded: Books) -> None:
    for year in (2024, 2025):
        sie = export(coded, "--year", str(year))
        assert sie.codes == vouchers_of(coded, "A", year)
        assert all(code in voucher.text for code, voucher in zip(sie.codes, sie.vouchers, strict=True))
    assert vouchers_of(coded, "B", 2024)
    assert vouchers_of(coded, "R", 2025)
    events = coded.sql("SELECT DISTINCT event FROM voucher WHERE series = 'A' ORDER BY event")
    assert [event for (event,) in events] == [
        "amendment", "appropriation", "appropriation_returned", "charge", "grant_paid", "grant_returned", "measure",
        "opening", "reversal", "sweep", "transfer",
    ]  # fmt: skip


def test_a_period_is_its_bookings(coded: Books) -> None:
    assert export(coded, "--period", "2024-03").codes == ["A2024-1", "A2024-2"]
    assert export(coded, "--period", "2024-04").vouchers == []
    for command, code in (
        (("--period", "2024-03", "--year", "2024"), "KV-PERIOD-OR-YEAR"),
        ((), "KV-PERIOD-MISSING"),
        (("--period", "mars"), "KV-MONTH"),
    ):
        outcome = coded("export", "sie", *command, "--output", coded.folder / "x.si")
        assert (outcome.code, code in outcome.err) == (2, True)


def test_a_fee_reaches_the_cost_centres_and_projects_that_travelled(coded: Books) -> None:
    sie = export(coded, "--period", "2024-03")
    (voucher,) = (each for each in sie.vouchers if any(line.objects.get("1") == "1201" for line in each.lines))
    expense = [
        (line.objects["1"], line.objects.get("6"), line.amount) for line in voucher.lines if line.account == "7680"
    ]
    # 33.333 + 33.333 + 33.334 kg at 1.50: 150.00 in all, the odd öre to the largest remainder.
    assert set(expense) == {
        ("1201", None, Decimal("50.00")),
        ("1300", None, Decimal("50.00")),
        ("1300", "7001", Decimal("50.00")),
    }
    assert voucher.date == datetime.date(2024, 3, 31)
    assert {line.objects["20"] for line in voucher.lines} == {"199", "110"}


def test_the_odd_ore_goes_to_the_largest_remainder(books: Books) -> None:
    load_plan(books)
    books.take(*(trip(f"t{n}", cost_centre=f"120{n}", co2_fossil_kg=kg) for n, kg in enumerate(("1", "1", "1,1"))))
    (voucher,) = export(books, "--year", "2025").vouchers
    amounts = {line.objects["1"]: line.amount for line in voucher.lines if line.account == "7680"}
    # 3.1 kg: 4.65 kr in all, exactly 1.50, 1.50 and 1.65.
    assert amounts == {"1200": Decimal("1.50"), "1201": Decimal("1.50"), "1202": Decimal("1.65")}
    books.take(
        *(trip(f"u{n}", cost_centre=f"120{n}", date="2025-04-01", co2_fossil_kg="0,335") for n in range(3)),
        name="u.csv",
    )
    (voucher,) = export(books, "--period", "2025-04").vouchers
    # 1.005 kg: 1.51 kr, of which each third is 0.5033.
    assert sorted(line.amount for line in voucher.lines) == [
        Decimal("-1.51"),
        Decimal("0.50"),
        Decimal("0.50"),
        Decimal("0.51"),
    ]


def test_the_sums_of_the_file_are_those_of_the_ledger(coded: Books) -> None:
    sums: dict[str, Decimal] = {}
    for year in ("2024", "2025"):
        for account, amount in export(coded, "--year", year).sums().items():
            sums[account] = sums.get(account, Decimal()) + amount

    def ledger(account: str, sign: int = 1) -> Decimal:
        ((ore,),) = coded.sql(
            "SELECT coalesce(sum(amount_ore), 0) FROM posting p JOIN voucher v ON v.id = p.voucher_id"
            f" WHERE v.series = 'A' AND account IN ({account})"
        )
        return Decimal(sign * ore) / 100

    assert sums["7680"] == ledger("'fee_expense'")
    assert sums["3690"] == ledger("'measures', 'grants_paid'")
    assert sums["7695"] == ledger("'appropriation'")
    assert sum(sums.values()) == 0


def test_internal_accounts_eliminate_to_zero_between_every_two(coded: Books) -> None:
    # In the example plan every account is internal, and 199 is the scheme: what a unit books against it comes back.
    left: dict[str, Decimal] = {}
    for year in ("2024", "2025"):
        for voucher in export(coded, "--year", year).vouchers:
            others = {line.objects["20"] for line in voucher.lines} - {"199"}
            assert len(others) <= 1
            for other in others or {"199"}:
                left[other] = left.get(other, Decimal()) + sum(line.amount for line in voucher.lines)
    assert set(left.values()) == {Decimal()}
    assert {"110", "120", "199"} <= set(left)


def test_a_correction_takes_back_from_the_accounts_of_the_fee(coded: Books) -> None:
    (voucher,) = (each for each in export(coded, "--year", "2025").vouchers if "Rättelse" in each.text)
    assert {(line.account, line.objects["1"], line.amount) for line in voucher.lines} == {
        ("7680", "1300", Decimal("-7.00")),
        ("3680", "9100", Decimal("5.00")),
        ("3680", "9200", Decimal("2.00")),
    }


def test_a_reversal_takes_the_template_of_what_it_reverses(coded: Books) -> None:
    (made,) = (each for each in export(coded, "--year", "2024").vouchers if "Cyklar" in each.text)
    (reversed_,) = (each for each in export(coded, "--year", "2025").vouchers if "Makulering" in each.text)
    assert {(line.account, line.amount) for line in made.lines} == {("7690", Decimal(50)), ("3690", Decimal(-50))}
    assert {(line.account, line.amount) for line in reversed_.lines} == {("7690", Decimal(-50)), ("3690", Decimal(50))}


def test_the_fund_knows_whom_a_grant_was_paid_to(coded: Books) -> None:
    (paid, *_) = (each for each in export(coded, "--year", "2025").vouchers if "Solceller" in each.text)
    assert {(line.account, line.objects["20"], line.amount) for line in paid.lines} == {
        ("7690", "120", Decimal(300)),
        ("3690", "199", Decimal(-300)),
    }


def test_the_file_says_whose_it_is_and_names_every_code(coded: Books) -> None:
    sie = export(coded, "--year", "2024")
    assert sie.organisation == "Exempelstad"
    assert sie.objects["20", "110"] == "Samhällsbyggnadsförvaltningen"
    assert sie.objects["1", "9100"] == "Klimatväxlingen"
    assert sie.accounts["7680"] == "Klimatavgift, intern kostnad"
    assert sie.dimensions == {"1": "Ansvar", "6": "Projekt", "20": "Motpart", "22": "Objekt"}


def test_the_file_is_for_its_owner_only_and_the_books_are_only_read(coded: Books) -> None:
    before = coded.dump()
    export(coded, "--year", "2025")
    assert coded.dump() == before
    path = coded.folder / "out.si"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    first = path.read_bytes()
    export(coded, "--year", "2025")
    assert path.read_bytes() == first
    assert [name.name for name in coded.folder.iterdir() if name.name.endswith(".part")] == []


def test_a_file_that_cannot_be_written_is_told_and_what_was_there_stays(coded: Books) -> None:
    outcome = coded("export", "sie", "--year", "2025", "--output", coded.folder / "none" / "out.si")
    assert (outcome.code, "KV-FILE-WRITE" in outcome.err) == (4, True)
    (coded.folder / "taken.si").mkdir()
    outcome = coded("export", "sie", "--year", "2025", "--output", coded.folder / "taken.si")
    assert (outcome.code, "KV-FILE-WRITE" in outcome.err) == (4, True)
    assert [name.name for name in coded.folder.iterdir() if name.name.endswith(".part")] == []


# What the code page does not have.


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("CO₂ – 5 € “å” § 12", 'CO2 - 5 EUR "å" par. 12'),
        ("1\u00a0234\u202f567\tkr\r\nny rad", "1 234 567 kr  ny rad"),
        ("Tromsø, Łódź, Ærø, naïve", "Tromso, Lódz, Æro, naïve"),
        ("C:\\mapp {a}", "C:/mapp (a)"),
        ("åäöÅÄÖéü", "åäöÅÄÖéü"),
        ("a\u0308\u200b 漢", "ä ?"),
        ("…½²", "...½²"),
        ("rad\u2028rad\u2029rad", "rad rad rad"),
        ("av\u00adstavat\x7f \u0085x", "avstavat  x"),
        ("ﬁ ǿ \u0301 ①", "fi o ? 1"),
        ("漢字", "??"),
    ],
)
def test_what_the_code_page_lacks_is_written_in_a_documented_way(text: str, written: str) -> None:
    assert in_code_page(text) == written


@given(st.text(max_size=60))
def test_any_text_fits_the_code_page_on_one_line(text: str) -> None:
    written = in_code_page(text)
    assert not any(ord(letter) < 32 for letter in encoded(written).decode("cp437"))


@given(texts=st.lists(st.text(max_size=40), min_size=3, max_size=3), ore=st.integers(-(10**12), 10**12))
def test_whatever_the_books_say_another_program_can_read_it(texts: list[str], ore: int) -> None:
    voucher = BookedVoucher(
        1, "A2025-1", "A", 2025, 1, "2025-03-31", "2025-04-01T08:00:00Z", "charge", texts[0], texts[1], "", None, None, ()
    )  # fmt: skip
    lines = [
        EntryLine("own_funds", "3680", (("responsibility", texts[2]), ("counterpart", "110")), "199", ore),
        EntryLine("fee_expense", "7680", (), "110", -ore),
    ]
    accounts = {number: Account(number, texts[2], internal=True) for number in ("3680", "7680")}
    dimensions = {
        "responsibility": Dimension("responsibility", 1, "Ansvar"),
        "counterpart": Dimension("counterpart", 20, "{"),
    }
    sender = Sender(texts[0], "212000-0001", "1.0", "2025-04-01", texts[1])
    sie = sie_reader.read(sie_file(sender, [SieVoucher(voucher, lines, accounts, dimensions)], {}))
    (read,) = sie.vouchers
    assert [line.amount for line in read.lines] == [Decimal(ore) / 100, Decimal(-ore) / 100]
    assert read.lines[0].objects["20"] == "110"
    assert read.text == re.sub(" +", " ", in_code_page(f"A2025-1 {texts[0]}")).strip()


SENDER = Sender("Exempelstads  kommun", "212000-1561", "1.2", "2025-04-01", 'Kassör "K"')
PARTS_OF_PLAN = {
    "responsibility": Dimension("responsibility", 1, "Ansvar"),
    "project": Dimension("project", 6, "Projekt"),
    "counterpart": Dimension("counterpart", 20, "Motpart"),
    "object": Dimension("object", 22, "Objekt"),
}


def test_a_file_is_written_record_by_record() -> None:
    voucher = BookedVoucher(
        7, "A2025-12", "A", 2025, 12, "2025-03-31", "2025-04-02T08:00:00Z", "charge", "Avgift mars", "kassören", "", None,
        None, (),
    )  # fmt: skip
    fee = [
        EntryLine(
            "fee_expense",
            "7680",
            (("object", "9 A"), ("project", "7"), ("responsibility", "1200")),
            "110",
            123456,
            "taxi",
            8_230_400,
        ),
        EntryLine("own_funds", "3680", (), "199", -123456),
    ]
    other = BookedVoucher(
        8, "A2025-13", "A", 2025, 13, "2025-04-30", "2025-05-02T08:00:00Z", "measure", "Cyklar", "", "", None, None, ()
    )
    measure = [
        EntryLine("measures", "3690", (("responsibility", "1200"),), "", -5),
        EntryLine("own_funds", "7680", (("responsibility", "1000"),), "", 5),
    ]
    accounts = {number: Account(number, f"Konto {number}", internal=True) for number in ("3680", "3690", "7680", "9")}
    vouchers = [SieVoucher(voucher, fee, accounts, PARTS_OF_PLAN), SieVoucher(other, measure, accounts, PARTS_OF_PLAN)]
    names = {"responsibility": {"1200": "Plan och bygg"}, "project": {"1200": "ett annat"}}
    content = sie_file(SENDER, vouchers, names)
    *lines, checksum, end = content.decode("cp437").split("\n")
    assert lines == [
        "#FLAGGA 0",
        "#KSUMMA",
        '#PROGRAM "klimatvaxling" "1.2"',
        "#FORMAT PC8",
        '#GEN 20250401 "Kassör \\"K\\""',
        "#SIETYP 4",
        "#ORGNR 212000-1561",
        '#FNAMN "Exempelstads kommun"',
        '#KONTO 3680 "Konto 3680"',
        '#KONTO 3690 "Konto 3690"',
        '#KONTO 7680 "Konto 7680"',
        '#DIM 1 "Ansvar"',
        '#DIM 6 "Projekt"',
        '#DIM 22 "Objekt"',
        '#OBJEKT 1 "1000" "1000"',
        '#OBJEKT 1 "1200" "Plan och bygg"',
        '#OBJEKT 6 "7" "7"',
        '#OBJEKT 22 "9 A" "9 A"',
        '#VER "A" "12" 20250331 "A2025-12 Avgift mars" 20250402 "kassören"',
        "{",
        '#TRANS 7680 {1 "1200" 6 "7" 22 "9 A"} 1234.56 20250331 "8,230.4 kg CO2"',
        '#TRANS 3680 {} -1234.56 20250331 "Avgift mars"',
        "}",
        '#VER "A" "13" 20250430 "A2025-13 Cyklar" 20250502 ""',
        "{",
        '#TRANS 3690 {1 "1200"} -0.05 20250430 "Cyklar"',
        '#TRANS 7680 {1 "1000"} 0.05 20250430 "Cyklar"',
        "}",
    ]
    assert (re.fullmatch("#KSUMMA [0-9]+", checksum) is not None, end) == (True, "")
    assert sie_reader.read(content).vouchers[0].lines[0].objects == {"1": "1200", "6": "7", "22": "9 A"}


def test_without_an_organisation_number_there_is_no_record_of_it() -> None:
    content = sie_file(Sender("Exempelstad", "", "1.2", "2025-04-01", "k"), [], {}).decode("cp437")
    assert "#ORGNR" not in content
    assert content.splitlines()[5:7] == ["#SIETYP 4", '#FNAMN "Exempelstad"']


@pytest.mark.parametrize(
    ("ore", "written"),
    [(0, "0.00"), (5, "0.05"), (-5, "-0.05"), (100, "1.00"), (-100, "-1.00"), (123456, "1234.56"), (-99, "-0.99")],
)
def test_an_amount_has_a_point_and_two_decimals(ore: int, written: str) -> None:
    assert sie_format.amount(ore) == written


def test_of_several_names_for_a_code_the_last_counts() -> None:
    first = {"project": {"1": "ett", "2": "två"}, "object": {"1": "sak"}}
    assert object_names([first, {"project": {"2": "TVÅ"}}]) == {
        "responsibility": {}, "activity": {}, "project": {"1": "ett", "2": "TVÅ"}, "object": {"1": "sak"}, "counterpart": {},
    }  # fmt: skip
    assert first["project"]["2"] == "två"


# What the program's own corrections become.


def test_a_trip_that_only_moves_to_another_cost_centre_moves_its_money(books: Books) -> None:
    load_plan(books)
    books.take(trip("a", cost_centre="1201"), trip("b", cost_centre="1300"))
    moved = trip("a", cost_centre="1202")
    books.take(moved, name="again.csv", options=["--amend", "--booked-on", "2025-04-30"])
    (voucher,) = export(books, "--period", "2025-04").vouchers
    assert {(line.account, line.objects["1"], line.amount) for line in voucher.lines} == {
        ("7680", "1201", Decimal("-15.00")),
        ("7680", "1202", Decimal("15.00")),
    }


def test_an_undone_batch_takes_back_from_every_cost_centre_what_it_charged(books: Books) -> None:
    load_plan(books)
    trips = (trip(f"t{n}", cost_centre=f"120{n}", project=f"{n % 2}", co2_fossil_kg="3,335") for n in range(7))
    books.take(*trips, trip("credit", cost_centre="1201", co2_fossil_kg="-1,001"))
    do(books, "batch", "undo", "1", "--reason", "Fel fil", "--booked-on", "2025-04-30")
    sums: dict[tuple[str, ...], Decimal] = {}
    for voucher in export(books, "--year", "2025").vouchers:
        for line in voucher.lines:
            key = (line.account, *sorted(line.objects.values()))
            sums[key] = sums.get(key, Decimal()) + line.amount
    assert len(sums) > 7
    assert set(sums.values()) == {Decimal()}


def test_a_merger_and_what_follows_it_stays_mirrored(books: Books) -> None:
    load_plan(books)
    books.take(trip("a", date="2025-01-10", cost_centre="2100", unit="BUF", co2_fossil_kg="100"))
    merge = ("--into", "SBF", "--booked-on", "2025-03-01", "--decision", "KF")
    do(books, "unit", "merge", "BUF", *merge)
    late = (trip("a", date="2025-01-10", cost_centre="2100", unit="BUF", co2_fossil_kg="60"),)
    books.take(*late, name="again.csv", options=["--amend", "--booked-on", "2025-03-31"])
    books.take(trip("c", date="2025-02-10", unit="BUF"), name="late.csv", options=["--booked-on", "2025-03-31"])
    do(books, "measure", "add", "--unit", "SBF", "--amount", "10", "--title", "x", "--booked-on", "2025-04-01")
    assert export(books, "--year", "2025").codes == vouchers_of(books, "A", 2025)
    books.sound()
    report = books.json("report", "closing", "--year", "2025")
    assert (report["uncoded_vouchers"], report["is_reconciled"]) == ([], True)


def test_opening_amounts_leave_and_change_nothing(books: Books) -> None:
    load_plan(books)
    file = books.text("opening.csv", "unit;lot_on;amount", "SBF;2024-05-31;1000", "FUND;;500", "ELN;2024-05-31;200")
    do(books, "opening", "load", file, "--booked-on", "2025-01-01", "--decision", "KF")
    sie = export(books, "--year", "2025")
    assert sie.codes == vouchers_of(books, "A", 2025)
    assert len(sie.codes) == 2
    assert set(sie.sums().values()) == {Decimal()}
