"""Sources: a supplier's file as its profile declares it, and a profile that is wrong says where."""

from pathlib import Path

import openpyxl
import pytest

from conftest import Books
from klimatvaxling.travel.conversion import convert, signed
from klimatvaxling.travel.profile import ColumnRule
from klimatvaxling.travel.profile_file import BadProfile, parse_profile
from klimatvaxling.typed import NotANumber, decimal

COUNTS = ("rows_read", "rows_posted", "rows_already_imported", "rows_outside_scheme", "rows_rejected", "rows_held")
MILEAGE = "Anställningsnr;Namn;Kst;Löneart;Datum;Antal;Projekt"
AGENCY = "Bokningsnr;Rad;Resenär;Avresedatum;Typ;Kostnadsställe;Resväg;Km;CO2 (kg);Pris"
KM_G = "132.6"  # grams per km where the fuel is unknown, in the shipped set


def accounts(result: dict[str, int]) -> tuple[int, ...]:
    return tuple(result[name] for name in COUNTS)


def claim(mil: str, pay: str = "5120", unit: str = "1200", day: str = "2025-03-07", project: str = "") -> str:
    return f"44017;Astrid Resenärsson;{unit};{pay};{day};{mil};{project}"


def mileage(books: Books, *lines: str, name: str = "march.csv") -> Path:
    return books.text(name, MILEAGE, *lines)


def refused(books: Books, file: Path, source: str) -> tuple[int, str]:
    before = books.dump()
    outcome = books("import", file, "--source", source)
    assert books.dump() == before
    assert "KV-UNEXPECTED" not in outcome.err
    return outcome.code, outcome.err


def test_a_mileage_claim_is_in_mil_of_ten_km(books: Books) -> None:
    file = mileage(books, claim("12,5"), claim("1", pay="5122"), "Summa;;Summa;;;13,5;")
    result = books.json("import", file, "--source", "milersattning")
    assert accounts(result) == (2, 2, 0, 0, 0, 0)
    assert books.sql("SELECT quantity, co2_g FROM trip ORDER BY id") == [("125", 16_575), ("10", 0)]
    books.sound()


def test_every_form_of_date_the_profile_names_is_understood(books: Books) -> None:
    file = mileage(books, claim("1"), claim("1", day="20250308"), claim("1", day="09/03/2025"), ";;Summa;;;3;")
    books.json("import", file, "--source", "milersattning")
    assert books.sql("SELECT trip_on FROM trip ORDER BY id") == [("2025-03-07",), ("2025-03-08",), ("2025-03-09",)]


@pytest.mark.parametrize("day", ["2025111", "03/09/25", "2025-02-30", "31/02/2025"])
def test_a_date_that_can_be_read_in_two_ways_or_none_is_rejected(books: Books, day: str) -> None:
    code, err = refused(books, mileage(books, claim("1", day=day), ";;Summa;;;1;"), "milersattning")
    assert (code, "KV-TRIP-DATE" in err, "column Datum" in err) == (3, True, True)


def test_a_claim_of_more_digits_than_any_is_rejected_and_no_fault(books: Books) -> None:
    code, err = refused(books, mileage(books, claim("1" + " 111" * 25), ";;Summa;;;1;"), "milersattning")
    assert (code, "column Antal" in err) == (3, True)


def test_a_claim_taken_back_is_a_credit(books: Books) -> None:
    file = mileage(books, claim("10"), claim("\u22124"), ";;Summa;;;6,0;")
    assert books.json("import", file, "--source", "milersattning")["co2_g"] == 60 * 1326 // 10


def test_what_lies_outside_the_scheme_is_counted_with_its_reason(books: Books) -> None:
    file = mileage(books, claim("10"), claim("3", pay="5190"), ";;Summa;;;13;")
    outcome = books("import", file, "--source", "milersattning")
    assert "traktamente" in outcome.out
    assert books.json("batch", "show", "1")["rows_outside_scheme"] == 1


def test_preamble_blank_lines_repeated_headers_and_printed_footers_are_no_trips(books: Books) -> None:
    file = books.text(
        "march.csv", "Lönesystemet;;;;;;", "Utdrag mars;;;;;;", "", MILEAGE, claim("10"), ";;;;;;", MILEAGE.upper(),
        claim("2", day="2025-03-08"), ";;Summa;;;12;", ";;Utskrift 2025-04-01;;;;",
    )  # fmt: skip
    assert accounts(books.json("import", file, "--source", "milersattning")) == (2, 2, 0, 0, 0, 0)


@pytest.mark.parametrize("total", ["11,99", "12,01", "", "abc", "-12"])
def test_a_files_own_total_that_differs_refuses_it(books: Books, total: str) -> None:
    code, err = refused(books, mileage(books, claim("10"), claim("2"), f";;Summa;;;{total};"), "milersattning")
    assert (code, "KV-TOTAL-" in err) == (3, True)


def test_a_file_without_its_total_was_cut_off(books: Books) -> None:
    code, err = refused(books, mileage(books, claim("10")), "milersattning")
    assert (code, "KV-TOTAL-MISSING" in err) == (3, True)


def test_rows_below_the_last_total_are_not_covered_by_it(books: Books) -> None:
    code, err = refused(books, mileage(books, claim("10"), ";;Summa;;;10;", claim("5")), "milersattning")
    assert (code, "KV-TOTAL" in err) == (3, True)


def test_the_corrected_rows_of_a_file_with_a_total_are_imported_as_they_are(books: Books) -> None:
    file = mileage(books, claim("10"), claim("2", unit="7777"), ";;Summa;;;12;")
    assert books("import", file, "--source", "milersattning").code == 3
    workbook = books.folder / "march.rejected.xlsx"
    book = openpyxl.load_workbook(workbook)
    header = [cell.value for cell in book.active[1]]
    book.active.cell(2, header.index("Kst") + 1).value = "1200"
    book.save(workbook)
    result = books.json("import", workbook, "--source", "milersattning")
    assert accounts(result) == (1, 1, 0, 0, 0, 0)


def test_columns_about_the_traveller_are_nowhere(books: Books) -> None:
    file = mileage(books, claim("10"), claim("x"), ";;Summa;;;10;")
    outcome = books("import", file, "--source", "milersattning", "--accept-partial", "--format", "json")
    assert outcome.code == 0, outcome.err
    book = openpyxl.load_workbook(books.folder / "march.rejected.xlsx")
    cells = [str(cell.value) for row in book.active.rows for cell in row]
    raw = "" if books.on_server else books.file.read_bytes().decode("utf-8", "replace")
    for place in (outcome.out, outcome.err, books.told(), raw, "\n".join(cells)):
        assert "Resenärsson" not in place
        assert "44017" not in place
        assert "Anställningsnr" not in place


def test_what_a_profile_does_not_map_is_complained_about_in_the_suppliers_own_words(books: Books) -> None:
    code, err = refused(books, mileage(books, claim("1", pay="9999"), ";;Summa;;;1;"), "milersattning")
    assert (code, "column Löneart" in err, "KV-FUEL-NAME" in err) == (3, True, True)


def ticket(
    price: str, route: str = "", km: str = "", kind: str = "Flyg", number: str = "1234567890", co2: str = "99"
) -> str:
    return f"{number};1;Astrid Resenärsson;2025-03-07;{kind};1200;{route};{km};{co2};{price}"


def agency(books: Books, *lines: str, km: str = "0") -> Path:
    return books.text("agency.csv", AGENCY, *lines, f"Summa;;;;;;;{km};;")


def test_a_ticket_is_charged_by_its_route_not_by_a_figure_on_another_basis(books: Books) -> None:
    result = books.json("import", agency(books, ticket("1 234,00", "GOT-ARN-GOT")), "--source", "resebyra")
    ((tier, quantity, co2_g),) = books.sql("SELECT tier, quantity, co2_g FROM trip")
    assert tier == 4
    assert 770 <= int(quantity) <= 800  # two legs of some 394 km
    assert co2_g == result["co2_g"] == (int(quantity) * 13395 + 50) // 100


@pytest.mark.parametrize("price", ["-1 234,00", "\u22121234,00", "-0,01"])
@pytest.mark.parametrize(("route", "km"), [("GOT-ARN", ""), ("", "400"), ("GOT-ARN", "400")])
def test_a_ticket_with_a_negative_price_is_a_credit_that_mirrors_its_charge(
    books: Books, price: str, route: str, km: str
) -> None:
    lines = [ticket("1 234,00", route, km, number="1000000001"), ticket(price, route, km, number="1000000002")]
    result = books.json("import", agency(books, *lines, km=str(2 * int(km or 0))), "--source", "resebyra")
    (charge, credit) = [grams for (grams,) in books.sql("SELECT co2_g FROM trip ORDER BY id")]
    assert charge == -credit > 0
    assert (result["co2_g"], result["charged_ore"]) == (0, 0)


def test_an_id_that_only_looks_like_a_personal_number_is_exempted_by_its_declared_pattern(books: Books) -> None:
    result = books.json("import", agency(books, ticket("1", "GOT-ARN", number="8507099805")), "--source", "resebyra")
    assert result["rows_posted"] == 1
    code, err = refused(books, agency(books, ticket("1", "GOT-ARN", number="850709-9805")), "resebyra")
    assert (code, "KV-PERSONAL-NUMBER" in err, "9805" in err) == (3, True, False)


def test_train_and_hotel_are_outside_the_scheme(books: Books) -> None:
    lines = [ticket("1", "GOT-ARN"), ticket("500", kind="Tåg", number="2"), ticket("900", kind="Hotell", number="3")]
    assert accounts(books.json("import", agency(books, *lines), "--source", "resebyra")) == (3, 1, 0, 2, 0, 0)


@pytest.mark.parametrize("source", ["standard", "milersattning", "resebyra"])
def test_the_shipped_sources_are_listed_and_explained(books: Books, source: str) -> None:
    listed = {each["source"] for each in books.json("source", "list")["sources"]}
    assert source in listed
    shown = books.json("source", "show", source)
    assert [column["column"] for column in shown["columns"]][:4] == ["trip_id", "date", "unit", "category"]


def test_a_source_can_be_tried_without_books(books: Books) -> None:
    file = mileage(books, claim("12,5"), ";;Summa;;;12,5;")
    books.file = books.folder / "none.db"
    tried = books.json("source", "test", "milersattning", file)
    assert (tried["rows_read"], tried["rows"][0]["distance_km"]) == (1, "125")


def test_trying_a_source_repeats_no_personal_number(books: Books) -> None:
    file = agency(books, ticket("1", "GOT-ARN", number="19850709-9805"))
    outcome = books("source", "test", "resebyra", file)
    assert "9805" not in outcome.out + outcome.err


def test_an_unknown_source_is_refused_with_those_there_are(books: Books) -> None:
    code, err = refused(books, mileage(books, claim("1")), "travelpay")
    assert (code, "KV-SOURCE-UNKNOWN" in err, "milersattning" in err) == (3, True, True)


GOOD = """
[source]
title = "Exempel"
[columns]
trip_id = "Nr"
date = "Dag"
unit = "Enhet"
category = "Typ"
"""


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("not toml at all", "TOML"),
        ("", "columns.date"),
        (GOOD.replace('title = "Exempel"', ""), "source.title"),
        (GOOD.replace('"Exempel"', "5"), "source.title"),
        (GOOD.replace('date = "Dag"', ""), "columns.date"),
        (GOOD.replace('unit = "Enhet"', ""), "columns.unit"),
        (GOOD.replace('category = "Typ"', ""), "columns.category"),
        (GOOD.replace('"Dag"', "5"), "columns.date"),
        (GOOD + 'colour = "Färg"', "columns.colour"),
        (GOOD + "distance_km = {}", "columns.distance_km"),
        (GOOD + "distance_km = { column = 5 }", "columns.distance_km"),
        (GOOD + 'distance_km = { column = "Mil", times = 10 }', "columns.distance_km.times"),
        (GOOD + 'distance_km = { column = "Mil", times = "tio" }', "columns.distance_km.times"),
        (GOOD + 'distance_km = { column = "Mil", tims = "10" }', "columns.distance_km.tims"),
        (GOOD + 'distance_km = { column = "Mil", basis = "fossil_co2" }', "columns.distance_km"),
        (GOOD + 'distance_km = { column = "Mil", map = "x" }', "columns.distance_km"),
        (GOOD + 'distance_km = { column = "Mil", sign_of = 5 }', "columns.distance_km"),
        (GOOD + 'distance_km = { column = "Mil", default = 5 }', "columns.distance_km"),
        (GOOD + 'distance_km = { columns = ["A", "B"], join = 5 }', "columns.distance_km"),
        (GOOD + 'distance_km = { columns = "AB" }', "columns.distance_km"),
        (GOOD + 'distance_km = { column = "Mil", optional = "no" }', "columns.distance_km"),
        (GOOD + 'co2_fossil_kg = { column = "CO2" }', "columns.co2_fossil_kg.basis"),
        (GOOD + 'co2_fossil_kg = "CO2"', "columns.co2_fossil_kg"),
        (GOOD + '[[outside]]\ncolumn = "Typ"\nreason = "x"', "outside.0"),
        (GOOD + '[[outside]]\ncolumn = "Typ"\nis = ["x"]', "outside.0.reason"),
        (GOOD + '[[outside]]\nis = ["x"]\nreason = "x"', "outside.0.column"),
        (GOOD + '[[outside]]\ncolumn = "Typ"\nis = "Tåg"\nreason = "x"', "outside.0"),
        (GOOD + '[[outside]]\ncolumn = "Typ"\nis = [5]\nreason = "x"', "outside.0"),
        (GOOD + '[outside]\ncolumn = "Typ"', "outside"),
        (GOOD.replace("[columns]", "outside = 5\n[columns]").replace("[source]", "x = 1\n[source]"), "x"),
        (GOOD + '[[totals]]\ncolumn = "Typ"\nis = ["x"]\nsums = "Km"', "totals.0.sums"),
        (GOOD + '[[totals]]\ncolumn = "Typ"\nis = ["x"]\nsums = ["Km"]\nrequired = "yes"', "totals.0"),
        (GOOD + '[identity]\npattern = "["', "identity.pattern"),
        (GOOD + "[identity]\npattern = 5", "identity.pattern"),
        (GOOD + '[identity]\npatern = "x"', "identity.patern"),
        (GOOD + "[file]\nencoding = 5", "file.encoding"),
        (GOOD + "[file]\nsheet = 1", "file.sheet"),
        (GOOD + '[file]\ndelimeter = ";"', "file.delimeter"),
        ("keep = 5\n" + GOOD, "keep"),
        ("colour = 1\n" + GOOD, "colour"),
    ],
)
def test_a_profile_that_breaks_the_rules_names_the_key(text: str, key: str) -> None:
    with pytest.raises(BadProfile) as refusal:
        parse_profile("example", text)
    assert str(refusal.value.facts["key"]).startswith(key)


def test_a_good_profile_is_understood() -> None:
    assert parse_profile("example", GOOD).has_trip_ids


def test_a_profile_in_the_users_own_folder_is_refused_in_words_too(books: Books) -> None:
    folder = books.folder.parent / "own-sources" / "egen"
    folder.mkdir(parents=True)
    (folder / "profile.toml").write_bytes(b"\xff\xfe not utf-8")
    for command in (
        ("source", "show", "egen"),
        ("source", "list"),
        ("import", mileage(books, claim("1")), "--source", "egen"),
    ):
        outcome = books(*command)
        assert (outcome.code, "KV-PROFILE" in outcome.err) == (3, True)


@pytest.mark.parametrize("price", ["-2685,08", "\u22122685,08", "\u20132685,08", "2685,08-", "-2 685,08"])
def test_however_a_price_is_signed_a_credit_is_a_credit(price: str) -> None:
    assert signed("120", price) == "-120"
    assert signed("-120", price) == "-120"


def test_a_price_that_is_no_number_makes_the_row_unreadable_not_a_charge() -> None:
    with pytest.raises(NotANumber):
        decimal(signed("120", "minus 100"))


def test_mil_become_kilometres_without_losing_a_digit() -> None:
    rule = ColumnRule((("antal",),), times=decimal("10"))
    assert convert(rule, "1,2345") == "12.345"
    assert convert(rule, "123456789012345678901234567890,5") == "1234567890123456789012345678905"
