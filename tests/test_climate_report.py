"""The climate report's workbook: numbers that are the ledger's, text that stays text, formulas that prove it."""

import datetime
import re
import shutil
import stat
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from freezegun import freeze_time
from openpyxl.utils import range_boundaries

from conftest import Books, Kept, trip
from two_years import HOSTILE, live_through

Workbook = Any


@pytest.fixture
def two_years(once: Kept) -> Books:
    return once("two years", live_through)


def export(books: Books, name: str = "report.xlsx", *options: str, year: str = "2025") -> Path:
    path = books.folder / name
    outcome = books("export", "climate-report", "--year", year, "--output", path, *options)
    assert outcome.code == 0, outcome.err
    return path


def opened(path: Path, *, values: bool = True) -> Workbook:
    return openpyxl.load_workbook(path, data_only=values)


def exact(value: Any) -> Decimal:
    """A number of the workbook as it was written: the shortest decimal that is this number."""
    return Decimal(str(value or 0))


def totals(sheet: Any, table: str) -> dict[str, Decimal]:
    """The row below a table, by the table's headings."""
    left, top, right, bottom = range_boundaries(sheet.tables[table].ref)
    return {
        sheet.cell(top, column).value: exact(sheet.cell(bottom + 1, column).value)
        for column in range(left, right + 1)
        if not isinstance(sheet.cell(bottom + 1, column).value, str)
    }


LEDGER = "FROM posting p JOIN voucher v ON v.id = p.voucher_id LEFT JOIN charge c ON c.id = p.charge_id WHERE "
OF_YEAR = LEDGER + "v.booked_on BETWEEN '2025-01-01' AND '2025-12-31' AND "


def asked(books: Books, statement: str) -> Decimal:
    return Decimal(books.sql(statement)[0][0] or 0)


def kronor(books: Books, condition: str, amount: str = "p.amount_ore", of: str = OF_YEAR) -> Decimal:
    return asked(books, f"SELECT sum({amount}) {of} {condition}") / 100


def kilograms(books: Books, condition: str = "true") -> Decimal:
    return asked(books, f"SELECT sum(p.co2_g) {OF_YEAR} {condition}") / 1000


def test_every_total_is_what_the_ledger_says(two_years: Books) -> None:
    books, book = two_years, opened(export(two_years))
    emitted, fees = kilograms(books), kronor(books, "p.account = 'fee_expense'")
    assert emitted > 0
    units = totals(book["Units"], "Units")
    own = "p.account = 'own_funds'"
    assert units == {
        "kg CO2 2025": emitted,
        "kg CO2 2024": asked(books, f"SELECT sum(p.co2_g) {LEDGER} v.booked_on LIKE '2024%'") / 1000,
        "Change": 0,
        "Name": 0,
        "Kind": 0,
        "Own funds before, kr": -kronor(books, f"{own} AND v.booked_on < '2025-01-01'", of=LEDGER),
        "Fees, kr": fees,
        "Opening, kr": 0,
        "Used, kr": -kronor(books, "p.account = 'measures'"),
        "To the fund, kr": -kronor(books, "p.account = 'fund_available' AND v.event = 'sweep'"),
        "Moved, kr": 0,
        "Own funds left, kr": -kronor(books, f"{own} AND v.booked_on <= '2025-12-31'", of=LEDGER),
        "Grants, net, kr": -kronor(books, "p.account = 'grants_paid'"),
    }
    categories = totals(book["Categories"], "Categories")
    for title, category in (("Own car", "own_car"), ("Flight", "flight"), ("Taxi", "taxi"), ("Pool car", "pool_car")):
        assert categories[f"{title}, kg"] == kilograms(books, f"c.category = '{category}'"), title
        assert categories[f"{title}, kr"] == kronor(books, f"c.category = '{category}'"), title
    assert (categories["Total, kg"], categories["Total, kr"]) == (emitted, fees)
    months = totals(book["Months"], "Months")
    assert (months["kg CO2 2025"], months["Fees, kr"]) == (emitted, fees)
    assert (
        months["kg CO2 by month of trip"]
        == asked(books, "SELECT sum(co2_g) FROM trip WHERE trip_on LIKE '2025%'") / 1000
    )
    by_month = totals(book["Units by month"], "UnitMonths")
    assert by_month["2025-03"] == kilograms(books, "v.booked_on LIKE '2025-03%'")
    assert by_month["Total, kg"] == emitted
    assert totals(book["Measures"], "Measures")["Amount, kr"] == units["Used, kr"]
    assert totals(book["Data quality"], "DataQuality")["kg CO2"] == emitted
    assert totals(book["Data quality"], "DataQuality")["Trips"] == asked(books, "SELECT count(*) FROM trip t, charge c"
        " WHERE c.id = t.charge_id AND c.booked_on LIKE '2025%'")  # fmt: skip
    ledger = totals(book["Ledger"], "Ledger")
    assert (ledger["Debit, kr"], ledger["Net, kr"]) == (kronor(books, "p.amount_ore > 0"), 0)


def test_the_fund_and_its_grants_are_what_the_ledger_says(two_years: Books) -> None:
    books, book = two_years, opened(export(two_years))
    flows = {row[0].value: exact(row[1].value) for row in book["The shared fund"]["A5:B12"]}
    assert flows["In the fund before"] == 50_000
    assert flows["From units' unused fees"] == totals(book["Units"], "Units")["To the fund, kr"]
    assert flows["Grants paid"] == kronor(books, "p.account = 'grants_paid' AND p.amount_ore < 0")
    assert flows["Grants given back"] == kronor(books, "p.account = 'grants_paid' AND p.amount_ore > 0")
    assert flows["Budget money back"] == -1000
    in_fund = "p.account IN ('fund_available', 'fund_committed') AND v.booked_on <= '2025-12-31'"
    assert flows["In the fund after"] == -kronor(books, in_fund, of=LEDGER)
    assert sum(flows.values()) == 2 * flows["In the fund after"]
    moved = totals(book["The shared fund"], "FundMovements")
    assert moved["Available, kr"] == -kronor(books, "p.account = 'fund_available'")
    assert moved["Reserved, kr"] == -kronor(books, "p.account = 'fund_committed'")
    grants = totals(book["Grants"], "Grants")
    assert grants["Applied for, kr"] == 29_000
    assert grants["Granted, kr"] == 23_000
    assert grants["Paid, kr"] == 12_000
    assert grants["Returned, kr"] == Decimal("1499.50")
    assert grants["Reserved, kr"] == moved["Reserved, kr"] == 11_000


def test_flights_are_parted_at_500_km_by_leg(two_years: Books) -> None:
    sheet = opened(export(two_years))["Flights"]
    found = {row[0].value: exact(row[1].value) for row in sheet["A5:B9"]}
    under = asked(two_years, "SELECT sum(co2_under_500_km_g) FROM trip WHERE trip_on LIKE '2025%'") / 1000
    stated = Decimal("77.7")
    assert found["Under 500 km"] == under > 0
    assert found["Length not known"] == stated
    assert found["500 km and more"] == kilograms(two_years, "c.category = 'flight'") - under - stated
    assert found["Total"] == kilograms(two_years, "c.category = 'flight'")


def test_travel_by_month_of_trip_is_reconciled_with_bookings(two_years: Books) -> None:
    sheet = opened(export(two_years))["Months"]
    found = [exact(row[1].value) for row in sheet["A21:B25"]]
    made, elsewhere, from_before, corrections, booked = found
    assert (elsewhere, from_before, corrections) == (-8, 41, 0), "one trip of December came in January, one a year late"
    assert made + elsewhere + from_before == booked == kilograms(two_years)
    december = exact(sheet["H16"].value)
    assert (exact(sheet["B16"].value), december) == (0, 8)


def corrected(books: Books) -> Books:
    """After everything that takes something back: an amendment, a batch undone, a measure reversed, a merger."""
    more = trip("B8", date="2025-10-06", co2_fossil_kg="60,5")
    less = trip("B4", date="2025-06-30", unit="BUF", category="taxi", co2_fossil_kg="30")
    for step in (
        (
            "import",
            books.csv("again.csv", [more, less]),
            "--source",
            "standard",
            "--amend",
            "--booked-on",
            "2025-12-20",
        ),
        ("batch", "undo", "3", "--reason", "Fel fil", "--booked-on", "2026-01-21"),
        ("batch", "undo", "2", "--reason", "Fel fil", "--booked-on", "2025-12-21"),
    ):
        outcome = books(*step)
        assert outcome.code == 0, outcome.err
    (voucher,) = books.sql("SELECT code FROM voucher WHERE event = 'measure' AND booked_on = '2025-02-01'")
    for step in (
        ("voucher", "reverse", voucher[0], "--reason", "Fel belopp", "--booked-on", "2025-12-22"),
        ("unit", "merge", "BUF", "--into", "SBF", "--booked-on", "2025-12-23", "--decision", "KF § 8"),
    ):
        outcome = books(*step)
        assert outcome.code == 0, outcome.err
    books.sound()
    return books


def test_after_every_kind_of_correction_the_totals_are_still_the_ledgers(two_years: Books) -> None:
    books = corrected(two_years)
    path = export(books)
    book, formulas = opened(path), opened(path, values=False)
    verdicts = control_of(formulas, Sums(formulas))
    assert set(verdicts.values()) == {"agrees"}, verdicts
    units, quality = totals(book["Units"], "Units"), totals(book["Data quality"], "DataQuality")
    assert units["kg CO2 2025"] == quality["kg CO2"] == kilograms(books)
    assert units["Fees, kr"] == kronor(books, "p.account = 'fee_expense'")
    assert units["Used, kr"] == -kronor(books, "p.account = 'measures'") == Decimal("33.33")
    assert units["Own funds left, kr"] == -kronor(books, "p.account = 'own_funds' AND v.booked_on < '2026'", of=LEDGER)
    assert units["Moved, kr"] == 0, "what one hands over the other receives"
    assert [exact(row[1].value) for row in book["Months"]["A21:B25"]] == [
        *(kilograms(books), 0, 0, 0, kilograms(books)),
    ], "both late trips were taken back, one of them a year after it was made"
    measure = next(row for row in book["Measures"].iter_rows(min_row=5) if row[3].value == HOSTILE[2])
    assert measure[9].value, "the voucher that took it back is named"
    assert export(books, "again.xlsx").read_bytes() == path.read_bytes()


def test_units_without_data_are_named_with_their_months(two_years: Books) -> None:
    rows = [[cell.value for cell in row] for row in opened(export(two_years))["Without data"].iter_rows(min_row=6)]
    assert ["ELN", "Elnät i Exempelstad AB", "Company", 1, 11, "01-07, 09-12", None, None] in rows
    assert rows[0][0] == "ELN", "those with least data first"
    for period, state in (("2025-09", "--empty"), ("2025-12", "--late")):
        declared = ("completeness", "declare", "--source", "standard", "--unit", "ELN", "--period", period, state)
        assert two_years(*declared, "--reason", "Asked").code == 0
    sheet = opened(export(two_years))["Without data"]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=6)]
    assert ["ELN", "Elnät i Exempelstad AB", "Company", 1, 9, "01-07, 10-11", "09", "12"] in rows


def test_units_of_different_size_are_compared_where_their_full_time_equivalents_are_known(two_years: Books) -> None:
    assert not any("full-time" in str(cell.value) for cell in opened(export(two_years))["Categories"][4])
    changed = ("unit", "change", "BUF", "--from", "2025-02-01", "--full-time-equivalents", "2 415,5")
    assert two_years(*changed).code == 0
    sheet = opened(export(two_years))["Categories"]
    rows = {row[0].value: [cell.value for cell in row[-3:]] for row in sheet.iter_rows(min_row=4)}
    assert rows["Unit"] == ["Full-time equivalents", "kg per full-time equivalent", "kr per full-time equivalent"]
    (found,) = (row for row in two_years.json("report", "year", "--year", "2025")["units"] if row["unit"] == "BUF")
    kg, kr = found["co2_per_full_time_g"] / 1000, found["charged_per_full_time_ore"] / 100
    assert (rows["BUF"], rows["SBF"], rows["Total"]) == ([2415.5, kg, kr], [None] * 3, [None] * 3)


# -- the same bytes


def test_the_same_books_give_the_same_bytes(two_years: Books) -> None:
    first = export(two_years, "a.xlsx").read_bytes()
    with freeze_time("2031-05-06 07:08:09"):
        again = export(two_years, "b.xlsx").read_bytes()
    assert first == again
    assert export(two_years, "a.xlsx").read_bytes() == first, "over an earlier one"


def test_the_document_states_the_last_registration_and_nothing_of_now(two_years: Books) -> None:
    path = export(two_years)
    (last,) = two_years.sql("SELECT registered_at FROM voucher ORDER BY id DESC LIMIT 1")
    properties = opened(path).properties
    assert f"{properties.created:%Y-%m-%dT%H:%M:%S}" == last[0][:19] == f"{properties.modified:%Y-%m-%dT%H:%M:%S}"
    with zipfile.ZipFile(path) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_both_languages_tell_the_same_numbers(two_years: Books) -> None:
    def numbers(path: Path) -> list[list[object]]:
        sheets = opened(path).worksheets
        return [
            [cell.value for row in sheet.iter_rows() for cell in row if isinstance(cell.value, int | float)]
            for sheet in sheets
        ]

    english, swedish = export(two_years, "en.xlsx"), export(two_years, "sv.xlsx", "--language", "sv")
    assert numbers(english) == numbers(swedish)
    assert english.read_bytes() != swedish.read_bytes()


# -- text and formulas


def test_text_from_outside_never_becomes_a_formula(two_years: Books) -> None:
    two_years("unit", "add", "EVIL", "--name", "=cmd|'/c calc'!A1", "--kind", "administration")
    two_years.take(trip("X1", unit="EVIL", co2_fossil_kg="1"), name="evil.csv")
    texts, formulas = set(), set()
    reports = [opened(export(two_years, year=year), values=False) for year in ("2024", "2025")]
    for sheet in (sheet for report in reports for sheet in report.worksheets):
        for row in sheet.iter_rows():
            for cell in row:
                if cell.data_type == "f":
                    formulas.add(cell.value)
                elif cell.data_type == "s":
                    texts.add(cell.value)
                    assert cell.quotePrefix == (cell.value[:1] in "=+-@\t\r"), "text even after it was edited"
    assert {*HOSTILE[:4], "=cmd|'/c calc'!A1"} <= texts
    ours = re.compile(r"=-?(SUM|SUMIFS|ROUND|IF|COUNTIF)\(|='[\w ]+'!\$[A-Z]+\$\d+")
    assert all(ours.match(formula) for formula in formulas), formulas
    assert not any(word in formula for formula in formulas for word in ("HYPERLINK", "cmd", "@SUM"))


class Sums:
    """A small calculator of the formulas the workbook uses, in exact decimals; shares no code with the writer."""

    def __init__(self, formulas: Workbook) -> None:
        self._book = formulas

    def cell(self, sheet: str, place: str) -> Any:
        value = self._book[sheet][place.replace("$", "")].value
        if (
            isinstance(value, str)
            and value.startswith("=")
            and self._book[sheet][place.replace("$", "")].data_type == "f"
        ):
            return self.expression(value[1:], sheet)
        return exact(value) if isinstance(value, int | float) else value

    def cells(self, reference: str, here: str) -> list[Any]:
        sheet, _, area = reference.rpartition("!")
        sheet = sheet.strip("'") or here
        return [self.cell(sheet, cell.coordinate) for row in self._book[sheet][area.replace("$", "")] for cell in row]

    def expression(self, text: str, here: str) -> Any:
        terms = re.findall(r"([+-]?)((?:[A-Z]+\((?:[^()\"]|\"[^\"]*\")*\)|'[^']+'!\$[A-Z]+\$\d+|[A-Z]+\d+))", text)
        assert "".join(sign + term for sign, term in terms) == text, text
        if len(terms) == 1 and not terms[0][0]:
            return self.term(terms[0][1], here)
        return sum((-1 if sign == "-" else 1) * self.term(term, here) for sign, term in terms)

    def term(self, text: str, here: str) -> Any:
        called = re.fullmatch(r"([A-Z]+)\((.*)\)", text)
        if not called:
            sheet, _, place = text.rpartition("!")
            return self.cell(sheet.strip("'") or here, place)
        name, arguments = called[1], re.findall(r"(?:\"[^\"]*\"|'[^']*'|[^,\"'])+", called[2])
        return getattr(self, name.casefold())(arguments, here)

    def sum(self, arguments: list[str], here: str) -> Decimal:
        return sum((value for value in self.cells(arguments[0], here) if isinstance(value, Decimal)), Decimal(0))

    def sumifs(self, arguments: list[str], here: str) -> Decimal:
        summed = self.cells(arguments[0], here)
        for area, criterion in zip(arguments[1::2], arguments[2::2], strict=True):
            fits = [value == criterion.strip('"') for value in self.cells(area, here)]
            summed = [value if fit else None for value, fit in zip(summed, fits, strict=True)]
        return sum((value for value in summed if isinstance(value, Decimal)), Decimal(0))

    def round(self, arguments: list[str], here: str) -> Decimal:
        found: Decimal = self.expression(arguments[0], here)
        return found.quantize(Decimal(1).scaleb(-int(arguments[1])), ROUND_HALF_UP)

    def countif(self, arguments: list[str], here: str) -> Decimal:
        return Decimal(self.cells(arguments[0], here).count(arguments[1].strip('"')))

    def if_(self, arguments: list[str], here: str) -> str:
        left, right = arguments[0].split("=")
        return arguments[1 if self.expression(left, here) == Decimal(right) else 2].strip('"')

    def __getattr__(self, name: str) -> Callable[[list[str], str], Any]:
        if name == "if":
            return self.if_
        raise AttributeError(name)


def of_formulas(book: Workbook) -> Iterator[tuple[str, str]]:
    for sheet in book.worksheets:
        for row in sheet.iter_rows():
            yield from ((sheet.title, cell.coordinate) for cell in row if cell.data_type == "f")


@pytest.mark.parametrize("spoken", ["en", "sv"])
def test_every_formula_gives_the_result_that_stands_beside_it(two_years: Books, spoken: str) -> None:
    path = export(two_years, "report.xlsx", "--language", spoken)
    shown, formulas = opened(path), opened(path, values=False)
    computed = Sums(formulas)
    places = list(of_formulas(formulas))
    assert len(places) > 100
    for sheet, place in places:
        result, kept = computed.cell(sheet, place), shown[sheet][place].value
        assert result == (kept if isinstance(kept, str) else exact(kept)), (sheet, place)


@pytest.mark.skipif(not shutil.which("soffice"), reason="the calculator above has proved every formula already")
@pytest.mark.parametrize("spoken", ["en", "sv"])
def test_libreoffice_computes_what_stands_beside_each_formula(two_years: Books, spoken: str) -> None:
    path, folder = export(two_years, "report.xlsx", "--language", spoken), two_years.folder
    # Results that are not there must be computed: without them nothing can be taken over from the file.
    with zipfile.ZipFile(path) as parts, zipfile.ZipFile(folder / "bare.xlsx", "w") as bare:
        for name in parts.namelist():
            text = parts.read(name)
            if "worksheets/sheet" in name:
                text = re.sub(rb"(</f>)<v>[^<]*</v>", rb"\1", text)
            bare.writestr(name, text)
    profile = f"-env:UserInstallation=file://{folder / 'office'}"
    office = ["soffice", profile, "--headless", "--convert-to", "xlsx:Calc MS Excel 2007 XML", "--outdir"]
    subprocess.run([*office, folder / "computed", folder / "bare.xlsx"], check=True, capture_output=True, timeout=120)
    shown, computed = opened(path), opened(folder / "computed" / "bare.xlsx")
    for sheet, place in of_formulas(opened(path, values=False)):
        kept, result = shown[sheet][place].value, computed[sheet][place].value
        # A program that computes with floats: the same to a tenth of an öre.
        assert (result == kept) if isinstance(kept, str) else abs(result - kept) < 0.001, (sheet, place, result, kept)


def control_of(book: Workbook, computed: Sums) -> dict[str, str]:
    sheet = book["Control"]
    return {
        row[0].value: computed.cell("Control", row[4].coordinate)
        for row in sheet.iter_rows(max_col=5)
        if row[4].data_type == "f"
    }


def test_the_control_agrees_and_sees_what_was_tampered_with(two_years: Books) -> None:
    path = export(two_years)
    book = opened(path, values=False)
    verdicts = control_of(book, Sums(book))
    assert set(verdicts.values()) == {"agrees"}
    assert len(verdicts) >= 20
    ledger = book["Ledger"]
    fee = next(row for row in ledger.iter_rows(min_row=5) if row[2].value == "fee_expense")
    fee[9].value += 0.01
    changed = control_of(book, Sums(book))
    assert {what for what, verdict in changed.items() if verdict == "DIFFERS"} == {
        "Fees, units", "Fees, categories", "Fees, months",
    }  # fmt: skip


def test_the_control_names_the_chain_and_the_summary_that_one_person_decides_alone(two_years: Books) -> None:
    book = opened(export(two_years))
    check = two_years.json("check")
    assert value_of(book, "Chain_head") == check["head"]
    assert value_of(book, "Voucher_count") == check["vouchers"]
    told = "No second person is required"
    assert all(told in text_of(book[sheet]) for sheet in ("Summary", "Control"))
    assert two_years("policy", "set", "require_second_person", "on", "--decision", "KS § 4").code == 0
    book = opened(export(two_years))
    assert not any(told in text_of(book[sheet]) for sheet in ("Summary", "Control"))


def value_of(book: Workbook, name: str) -> Any:
    ((sheet, place),) = book.defined_names[name].destinations
    return book[sheet][place.replace("$", "")].value


def text_of(sheet: Any) -> str:
    return "\n".join(cell.value for row in sheet.iter_rows() for cell in row if isinstance(cell.value, str))


def test_the_key_figures_are_named_and_those_of_the_terminal(two_years: Books) -> None:
    book = opened(export(two_years))
    figures = two_years.json("report", "year", "--year", "2025", "--as-of", "2025-12-31")["key_figures"]
    for name, figure, scale in (
        ("CO2_kg", "co2_g", 1000), ("Flight_kg", "flight_g", 1000), ("Fees_SEK", "charged_ore", 100),
        ("Own_funds_SEK", "own_funds_ore", 100), ("Fund_available_SEK", "available_ore", 100),
    ):  # fmt: skip
        assert exact(value_of(book, name)) * scale == figures[figure]["value"], name
        assert exact(value_of(book, f"{name}_before")) * scale == figures[figure]["value_before"], name


# -- how it looks


def test_amounts_are_numbers_with_number_formats_and_whole_ore(two_years: Books) -> None:
    with zipfile.ZipFile(export(two_years)) as archive:
        sheets = [archive.read(name).decode() for name in archive.namelist() if "worksheets/sheet" in name]
    numbers = [number for sheet in sheets for number in re.findall(r"<v>(-?[\d.]+)</v>", sheet)]
    assert len(numbers) > 500
    assert all(re.fullmatch(r"-?\d+(\.\d{1,3})?", number) for number in numbers), "written exactly, not as floats"
    sheet = opened(two_years.folder / "report.xlsx")["Units"]
    assert [sheet[place].number_format for place in ("D5", "F5", "H5")] == [
        "#,##0.0", "+0.0 %;-0.0 %;0.0 %", "#,##0.00",
    ]  # fmt: skip


def test_every_sheet_is_frozen_printable_on_a4_and_wide_enough(two_years: Books) -> None:
    for sheet in opened(export(two_years)).worksheets:
        assert sheet.freeze_panes, sheet.title
        with_chart_below = sheet.title in ("Summary", "Charts", "Months", "Measures", "Data quality")
        on_one_page = int(with_chart_below or sheet.title == "Control")
        set_up = sheet.page_setup
        assert (set_up.paperSize, set_up.fitToWidth, set_up.fitToHeight) == (9, 1, on_one_page), sheet.title
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        widths = {}
        for dimension in sheet.column_dimensions.values():
            widths |= dict.fromkeys(range(dimension.min, dimension.max + 1), dimension.width)
        for row in sheet.iter_rows():
            for cell in row:
                if isinstance(cell.value, int | float) and "#,##0" in cell.number_format:
                    decimals = len(cell.number_format.partition(".")[2])
                    assert len(f"{cell.value:,.{decimals}f}") < widths[cell.column], (sheet.title, cell.coordinate)
                elif isinstance(cell.value, datetime.datetime):
                    assert widths[cell.column] > 10, (sheet.title, cell.coordinate)


def test_every_chart_is_native_and_says_in_words_what_it_shows(two_years: Books) -> None:
    with zipfile.ZipFile(export(two_years)) as archive:
        charts = [name for name in archive.namelist() if name.startswith("xl/charts/chart")]
        words = re.findall(
            r'descr="([^"]+)"',
            "".join(archive.read(name).decode() for name in archive.namelist() if "drawings/drawing" in name),
        )
        drawn = [archive.read(name).decode() for name in charts]
    assert len(charts) == len(words) == 9
    assert all(len(text) > 30 for text in words)
    assert all('delete val="1"' not in chart for chart in drawn), "axes are shown"


def test_no_chart_lies_over_a_cell_with_something_in_it(two_years: Books) -> None:
    for sheet in opened(export(two_years)).worksheets:
        widths = {}
        for dimension in sheet.column_dimensions.values():
            widths |= dict.fromkeys(range(dimension.min, dimension.max + 1), dimension.width)
        for chart in sheet._charts:
            place, size = chart.anchor._from, chart.anchor.ext
            right, left_over = place.col + 1, size.width / 9525
            while left_over > 0:
                left_over -= 7 * widths.get(right, 9) + 5
                right += 1
            bottom, left_over = place.row + 1, size.height / 12700
            while left_over > 0:
                left_over -= sheet.row_dimensions[bottom].height or 15
                bottom += 1
            covered = sheet.iter_rows(place.row + 1, bottom - 1, place.col + 1, right - 1, values_only=True)
            assert {value for row in covered for value in row} == {None}, (sheet.title, place.row, place.col)


def test_text_that_is_wider_than_its_column_has_rows_as_high_as_it_needs(two_years: Books) -> None:
    long = "Mötesutrustning för resfria möten på samtliga gymnasieskolor, inklusive installation och utbildning"
    assert two_years("measure", "add", "--unit", "SBF", "--amount", "1", "--title", long,
                     "--booked-on", "2025-12-01").code == 0  # fmt: skip
    book = opened(export(two_years))
    (row,) = (row[0].row for row in book["Measures"].iter_rows(min_row=5) if row[3].value == long)
    lines = -(-len(long) // int(book["Measures"].column_dimensions["D"].width))
    assert book["Measures"].row_dimensions[row].height >= 15 * lines >= 45
    assert book["Summary"].row_dimensions[1].height > 20, "a title has larger letters"


def test_charts_point_at_cells_that_hold_what_they_show(two_years: Books) -> None:
    path = export(two_years)
    book = opened(path)
    with zipfile.ZipFile(path) as archive:
        charts = [archive.read(name).decode() for name in archive.namelist() if name.startswith("xl/charts/chart")]
    for chart in charts:
        for reference in re.findall(r"<val><numRef><f>([^<]+)</f>", chart):
            sheet, area = reference.replace("$", "").rsplit("!", 1)
            values = [cell.value for row in book[sheet.strip("'")][area] for cell in row]
            assert all(value is None or isinstance(value, int | float) for value in values), reference
        for reference in re.findall(r"<tx><strRef><f>([^<]+)</f>", chart):
            sheet, area = reference.replace("$", "").rsplit("!", 1)
            assert isinstance(book[sheet.strip("'")][area].value, str), reference


@pytest.mark.parametrize("spoken", ["en", "sv"])
def test_tables_have_the_headings_of_their_cells(two_years: Books, spoken: str) -> None:
    names = set()
    for sheet in opened(export(two_years, "report.xlsx", "--language", spoken)).worksheets:
        for table in sheet.tables.values():
            left, top, right, _ = range_boundaries(table.ref)
            assert [column.name for column in table.tableColumns] == [
                sheet.cell(top, column).value for column in range(left, right + 1)
            ]
            assert len({column.name.casefold() for column in table.tableColumns}) == right - left + 1
            names.add(table.displayName)
    assert {"Units", "Categories", "Months", "Ledger", "Grants"} <= names


# -- the file


def test_the_file_is_its_owners_only_and_the_books_are_left_alone(two_years: Books) -> None:
    before = two_years.dump()
    path = export(two_years)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert two_years.dump() == before
    assert [each.name for each in two_years.folder.iterdir() if ".part" in each.name] == []


def test_an_earlier_report_is_replaced_and_nothing_else_ever_is(two_years: Books) -> None:
    path = export(two_years)
    path.write_bytes(path.read_bytes()[:-10])
    assert opened(export(two_years))["Summary"]["A1"].value == "Climate report 2025"
    path.write_text("my notes")
    outcome = two_years("export", "climate-report", "--year", "2025", "--output", path)
    assert (outcome.code, path.read_text()) == (4, "my notes")
    assert "KV-EXPORT-EXISTS" in outcome.err


def test_what_cannot_be_written_is_refused_and_leaves_nothing(two_years: Books) -> None:
    for name, code, error in (
        ("books.db", 2, "KV-OUTPUT-BOOKS") if not two_years.on_server else ("x.db", 3, "KV-EXPORT-NAME"),
        ("missing/report.xlsx", 4, "KV-FILE-WRITE"),
        ("report", 3, "KV-EXPORT-NAME"),
    ):
        before = two_years.dump()
        outcome = two_years("export", "climate-report", "--year", "2025", "--output", two_years.folder / name)
        assert (outcome.code, error in outcome.err) == (code, True), name
        assert two_years.dump() == before
    assert two_years("export", "climate-report", "--year", "25", "--output", "x.xlsx").code == 2


def test_the_json_of_the_export_names_file_digest_and_head(two_years: Books) -> None:
    path = two_years.folder / "report.xlsx"
    found = two_years.json("export", "climate-report", "--year", "2025", "--output", path)
    assert found["file"] == str(path)
    assert found["bytes"] == path.stat().st_size
    assert (found["head"], found["vouchers_in_chain"]) == (
        two_years.json("check")["head"], two_years.json("check")["vouchers"],
    )  # fmt: skip
    assert found["vouchers"] == []


def test_the_report_as_it_was_known_then_is_the_same_for_ever(two_years: Books) -> None:
    (now,) = two_years.sql("SELECT registered_at FROM voucher ORDER BY id DESC LIMIT 1")
    then = export(two_years, "then.xlsx", "--known-at", now[0]).read_bytes()
    two_years.take(trip("Z9", date="2025-05-05", co2_fossil_kg="999"), name="later.csv")
    assert export(two_years, "then.xlsx", "--known-at", now[0]).read_bytes() == then
    assert export(two_years, "now.xlsx").read_bytes() != then


def test_empty_books_give_a_report_of_nothing(fresh_books: Books) -> None:
    book = opened(export(fresh_books, year="2025"))
    assert exact(value_of(book, "CO2_kg")) == 0
    assert text_of(book["Ledger"]).count("Nothing is booked.") == 1
    formulas = opened(fresh_books.folder / "report.xlsx", values=False)
    assert set(control_of(formulas, Sums(formulas)).values()) == {"agrees"}
