"""What a profile can say: counts, units, readings of a meter, alternatives, and the one date of a file without dates."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import Books
from klimatvaxling.travel.conversion import (
    convert,
    difference,
    multiplied,
    number_or_none,
    sign_of,
    sum_or_none,
    times_of,
)
from klimatvaxling.travel.file import open_travel_file
from klimatvaxling.travel.file_date import FileDateMissing, FileDateNotNeeded, FileDateTwice
from klimatvaxling.travel.profile import ColumnRule
from klimatvaxling.travel.profile_file import BadProfile, parse_profile
from klimatvaxling.travel.rows import TravelRows
from klimatvaxling.travel.standard import COLUMNS
from klimatvaxling.typed import date, decimal

BASE = """
[source]
title = "Exempel"
[columns]
trip_id = "Nr"
unit = "Enhet"
category = { constant = "flight" }
"""
DATED = BASE + 'date = "Dag"\n'
UNITS = frozenset(("kr", "sek", "km", "€"))


def understood(folder: Path, profile: str, *lines: str, name: str = "fil.csv", **options: Any) -> list[dict[str, str]]:
    """A file's rows in standard columns, without empty cells."""
    path = folder / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    with open_travel_file(path) as file:
        reading = TravelRows(file, parse_profile("exempel", profile), **options)
        return [
            {column: cell for column, cell in zip(COLUMNS, cells, strict=True) if cell}
            for chunk in reading
            for cells in zip(*chunk.columns, strict=True)
        ]


def one(folder: Path, rule: str, header: str, cells: str, column: str = "distance_km") -> str:
    """What one column becomes of one row."""
    lines = (f"Nr;Dag;Enhet;{header}", f"1;2025-03-07;SBF;{cells}")
    return understood(folder, f"{DATED}{column} = {rule}\n", *lines)[0].get(column, "")


# One row for several flights or travellers.

COUNTED = '{ column = "Km", times_columns = ["Resor", "Personer"] }'
FLOWN = '{ column = "Väg", times_columns = ["Antal"], times_map = { "Enkel" = "1", "ToR" = "2" } }'


@pytest.mark.parametrize(
    ("cells", "found"),
    [
        ("412,5;1;1", "412,5"),
        ("412,5;2;3", "6*412,5"),
        ("412,5;2,0;3", "6*412,5"),
        ("412,5;-1;3", "-3*412,5"),
        ("-412,5;1;3", "-3*412,5"),
        ("\u2212412,5;-1;1", "\u2212412,5"),
        (";2;3", ""),
        ("412,5;;3", "412,5 × ? × 3"),
        ("412,5;0;3", "412,5 × 0 × 3"),
        ("412,5;1,5;3", "412,5 × 1,5 × 3"),
        ("412,5;två;3", "412,5 × två × 3"),
        ("412,5;500;3", "412,5 × 500 × 3"),
    ],
)
def test_the_count_of_a_flight_stays_beside_its_distance(tmp_path: Path, cells: str, found: str) -> None:
    assert one(tmp_path, COUNTED, "Km;Resor;Personer", cells) == found


@pytest.mark.parametrize(
    ("cells", "found"),
    [("GOT-ARN;3", "3*GOT-ARN"), ("GOT-ARN;tor", "2*GOT-ARN"), ("-GOT-ARN;2", "-2*GOT-ARN"), ("GOT-ARN;1", "GOT-ARN")],
)
def test_the_count_of_a_route_stays_beside_it(tmp_path: Path, cells: str, found: str) -> None:
    assert one(tmp_path, FLOWN, "Väg;Antal", cells, "route") == found


@given(
    st.decimals(min_value=-9999, max_value=9999, places=4, allow_nan=False),
    st.integers(-999, 999).filter(bool),
)
def test_what_is_stated_for_each_is_multiplied_without_losing_a_digit(each: Decimal, times: int) -> None:
    found = decimal(multiplied("co2_fossil_kg", format(each, "f"), times_of(ColumnRule(), [str(times)]), ()))
    # A credit is a credit, however many cells say so.
    assert found == -abs(each * times) if each < 0 or times < 0 else found == each * times


def test_a_row_for_three_travellers_is_charged_as_three_rows(books: Books) -> None:
    row = {"date": "2025-03-07", "unit": "SBF", "category": "flight"}
    result = books.take({"trip_id": "a", **row, "route": "GOT-ARN"}, {"trip_id": "b", **row, "route": "3*GOT-ARN"})
    (single, triple) = (grams for (grams,) in books.sql("SELECT co2_g FROM trip ORDER BY id"))
    assert abs(triple - 3 * single) <= 1  # the three are rounded once
    assert result["rows_posted"] == 2
    books.sound()


# Numbers with their units.

MANY = '{ column = "Km", units = { "km" = "1", "mil" = "10", "miles" = "1.609344" } }'


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        ("12,4 km", "12.4"),
        ("12,4km", "12.4"),
        ("1 204 KM", "1204"),
        ("km 12,4", "12.4"),
        ("12,4 mil", "124"),
        ("12,4 mil.", "124"),
        ("\u22127,5 mil", "-75"),
        ("318 miles", "511.771392"),
        ("12,4", "12,4 (?)"),
        ("12,4 verst", "12,4 verst"),
        ("km 12,4 mil", "km 12,4 mil (?)"),
        ("km", "km (?)"),
        ("", ""),
    ],
)
def test_a_number_is_turned_into_our_unit_by_the_unit_beside_it(tmp_path: Path, cell: str, found: str) -> None:
    assert one(tmp_path, MANY, "Km", cell) == found


@pytest.mark.parametrize(
    ("cells", "found"),
    [("12,4;mil", "124"), ("12,4;km", "12.4"), ("12,4;", "12,4 (?)"), ("12,4;st", "12,4 st"), (";km", "")],
)
def test_the_unit_may_stand_in_a_column_of_its_own(tmp_path: Path, cells: str, found: str) -> None:
    rule = MANY.replace('"Km", ', '"Km", unit_column = "Sort", ')
    assert one(tmp_path, rule, "Km;Sort", cells) == found


def test_a_number_without_a_unit_is_what_the_profile_says_it_is(tmp_path: Path) -> None:
    assert one(tmp_path, '{ column = "Km", units = { "km" = "1", "" = "1" } }', "Km", "12,4") == "12.4"
    assert one(tmp_path, '{ column = "Km", times = "10", units = { "km" = "1" } }', "Km", "12,4") == "124"


@pytest.mark.parametrize(
    ("price", "sign"),
    [
        ("1 234,00 kr", 1),
        ("SEK 1 234,00", 1),
        ("SEK -1 234,00", -1),
        ("-1 234,00 SEK", -1),
        ("\u22121234,00 kr", -1),
        ("1 234:-", 1),
        ("-1 234:-", -1),
        ("12,00-", -1),
        ("-0,00", 1),
        ("-0,00 kr", 1),
        ("0", 1),
        ("", 1),
        ("1 234 floriner", 0),
        ("minus 100", 0),
        ("12 34", 0),
    ],
)
def test_an_amount_has_a_sign_whatever_its_currency(price: str, sign: int) -> None:
    assert sign_of(price) == sign


CELLS = st.one_of(
    st.sampled_from(
        ["", " ", "1", "-1", "1 234,50", "1\u00a0234", "12 kr", "SEK 12,5", "12,5 SEK", "kr", "x", "1,2,3", "1.5"]
    ),
    st.from_regex(r"\A[-\u2212]?[0-9]{0,4}([., ][0-9]{1,3}){0,2}( kr| km|:-)?\Z"),
)


@given(st.lists(CELLS, max_size=5))
def test_a_column_read_at_once_sums_to_what_its_cells_sum_to(cells: list[str]) -> None:
    numbers = [number_or_none(cell, UNITS) for cell in cells]
    expected = None if None in numbers else sum(filter(None, numbers), Decimal(0))
    assert sum_or_none(cells, UNITS) == expected


def test_a_total_with_its_currency_is_compared_with_the_rows(tmp_path: Path) -> None:
    profile = (
        DATED + 'distance_km = "Km"\n[[totals]]\ncolumn = "Nr"\nis = ["Summa"]\nsums = ["Pris"]\nrequired = true\n'
    )
    lines = ("Nr;Dag;Enhet;Km;Pris", "1;2025-03-07;SBF;10;1 200,50 kr", "2;2025-03-07;SBF;10;SEK 99,50")
    assert len(understood(tmp_path, profile, *lines, "Summa;;;;1 300,00 kr")) == 2
    with pytest.raises(Exception, match="KV-TOTAL-DIFFERS"):
        understood(tmp_path, profile, *lines, "Summa;;;;1 300,01 kr")


@pytest.mark.parametrize("cell", ["1 " * 40_000, "1," * 40_000, "kr " * 30_000, "1" * 90_000, "-" * 90_000])
def test_a_number_cell_of_any_length_is_refused_at_once(cell: str) -> None:
    rule = ColumnRule((("km",),), units={"km": Decimal(1), "": Decimal(1)})
    assert number_or_none(convert(rule, cell)) is None
    assert sum_or_none([cell] * 3, UNITS) is None
    assert sign_of(cell) == 0


# Readings of a meter, alternatives, parts.


@pytest.mark.parametrize(
    ("start", "end", "found"),
    [
        ("45210", "45248", "38"),
        ("45 210", "45 248,5", "38.5"),
        ("45210.0", "45210", "0"),
        ("45248", "45210", "45210 − 45248"),
        ("45 248,5", "45 210", "45 210 − 45 248,5"),
        ("", "45210", "45210 − ?"),
        ("45210", "", "? − 45210"),
        ("", "", ""),
    ],
)
def test_a_distance_is_what_the_odometer_ran_and_never_backwards(
    tmp_path: Path, start: str, end: str, found: str
) -> None:
    assert one(tmp_path, '{ column = "Till", minus = "Från" }', "Från;Till", f"{start};{end}") == found


def test_readings_in_mil_are_turned_into_km_before_they_are_compared(tmp_path: Path) -> None:
    assert one(tmp_path, '{ column = "Till", minus = "Från", times = "10" }', "Från;Till", "4521,0;4524,8") == "38"


@given(st.integers(0, 10**7), st.integers(0, 10**7))
def test_the_quick_way_to_a_difference_is_the_exact_one(end: int, start: int) -> None:
    assert difference(str(end), str(start)) == difference(f"{end},0", f"{start},0").replace(",0", "")


@pytest.mark.parametrize(
    ("cells", "found"),
    [("GOT-CPH-JFK;;", "GOT-CPH-JFK"), (";GOT;ARN", "GOT > ARN"), ("  ;GOT;ARN", "GOT > ARN"), (";;", "")],
)
def test_single_legs_and_whole_journeys_stand_in_one_file(tmp_path: Path, cells: str, found: str) -> None:
    rule = '{ first_of = ["Resväg", ["Från", "Till"]], join = " > " }'
    assert one(tmp_path, rule, "Resväg;Från;Till", cells, "route") == found


@pytest.mark.parametrize(("cells", "found"), [("GOT;;ARN", "GOT-ARN"), ("GOT;CPH;ARN", "GOT-CPH-ARN"), (";;", "")])
def test_parts_that_are_empty_are_left_out_where_the_profile_says_so(tmp_path: Path, cells: str, found: str) -> None:
    rule = '{ columns = ["Från", "Via", "Till"], skip_empty = true }'
    assert one(tmp_path, rule, "Från;Via;Till", cells, "route") == found


def test_a_joined_value_has_its_sign_and_its_count(tmp_path: Path) -> None:
    rule = '{ columns = ["Från", "Till"], sign_of = "Pris", times_columns = ["Antal"] }'
    assert one(tmp_path, rule, "Från;Till;Pris;Antal", "GOT;ARN;-99 kr;2", "route") == "-2*GOT-ARN"
    assert one(tmp_path, rule, "Från;Till;Pris;Antal", "GOT;ARN;gratis;2", "route") == "2*GOT-ARN (gratis)"


def test_an_id_of_nothing_but_empty_cells_is_none(tmp_path: Path) -> None:
    profile = DATED.replace('"Nr"', '{ columns = ["Nr", "Rad"] }')
    rows = understood(tmp_path, profile, "Nr;Rad;Dag;Enhet", "1;2;2025-03-07;SBF", ";;2025-03-07;SBF")
    assert [row.get("trip_id") for row in rows] == ["1-2", None]


# The one date of a file without dates.

NAMED = BASE + 'date = { file_name = "([0-9]{4}-[0-9]{2})", dates = ["%Y-%m"], day = "last" }\n'
ABOVE = BASE + 'date = { preamble = "^Period:? (.+)$", dates = ["%B %Y", "%b %Y", "%Y-%m-%d"], day = "last" }\n'
ROW = ("Nr;Enhet", "1;SBF")


@pytest.mark.parametrize("name", ["taxi 2024-02.csv", "2024-02 taxi.csv", "x-2024-02-y-2024-02.csv"])
def test_the_date_is_in_the_files_name(tmp_path: Path, name: str) -> None:
    assert understood(tmp_path, NAMED, *ROW, name=name)[0]["date"] == "2024-02-29"


@pytest.mark.parametrize(
    ("above", "day"),
    [
        ("Period: mars 2025", "2025-03-31"),
        ("Period;mars 2025", "2025-03-31"),
        ("PERIOD: Maj 2025", "2025-05-31"),
        ("Period okt. 2025", "2025-10-31"),
        ("Period: februari 2025", "2025-02-28"),
        ("Period: 2025-03-14", "2025-03-14"),
    ],
)
def test_the_date_is_above_the_header_with_swedish_months(tmp_path: Path, above: str, day: str) -> None:
    assert understood(tmp_path, ABOVE, "Taxi AB", above, *ROW)[0]["date"] == day


def test_a_month_is_its_first_day_where_nothing_else_is_said(tmp_path: Path) -> None:
    profile = NAMED.replace(', day = "last"', "")
    assert understood(tmp_path, profile, *ROW, name="2025-03.csv")[0]["date"] == "2025-03-01"


def test_a_month_in_a_column_may_stand_for_its_last_day_too() -> None:
    rule = ColumnRule((("period",),), date_formats=("%Y-%m", "%Y%m", "%Y-%m-%d"), last_of_month=True)
    assert [convert(rule, cell) for cell in ("2025-02", "202502", "2025-02-03")] == [
        "2025-02-28",
        "2025-02-28",
        "2025-02-03",
    ]


@pytest.mark.parametrize("profile", [NAMED, ABOVE, DATED])
def test_the_date_that_was_given_is_the_date_of_all_rows(tmp_path: Path, profile: str) -> None:
    rows = understood(tmp_path, profile, *ROW, "2;BUF", trip_date=date("2025-03-15"))
    assert [row["date"] for row in rows] == ["2025-03-15", "2025-03-15"]


@pytest.mark.parametrize("profile", [NAMED, ABOVE])
def test_without_any_date_the_file_is_refused_with_what_would_help(tmp_path: Path, profile: str) -> None:
    with pytest.raises(FileDateMissing) as refusal:
        understood(tmp_path, profile, *ROW)
    assert "--trip-date" in refusal.value.what_to_do()


@pytest.mark.parametrize(
    ("profile", "lines", "name", "told"),
    [
        (NAMED, ROW, "2025-03 2025-04.csv", None),
        (NAMED, ROW, "2025-03.csv", "2025-03-30"),
        (ABOVE, ("Period: mars 2025", "Period: april 2025", *ROW), "fil.csv", None),
    ],
)
def test_two_dates_for_the_same_rows_are_refused(
    tmp_path: Path, profile: str, lines: tuple[str, ...], name: str, told: str | None
) -> None:
    with pytest.raises(FileDateTwice):
        understood(tmp_path, profile, *lines, name=name, trip_date=date(told) if told else None)


def test_a_date_for_rows_that_have_their_own_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileDateNotNeeded):
        understood(tmp_path, DATED, "Nr;Dag;Enhet", "1;2025-03-07;SBF", trip_date=date("2025-03-15"))


def undated(books: Books, *lines: str, name: str = "trips.csv") -> Path:
    return books.text(name, "trip_id;unit;category;co2_fossil_kg", *lines)


def test_standard_columns_without_a_date_are_imported_with_one(books: Books) -> None:
    file = undated(books, "a;SBF;taxi;10", "b;BUF;taxi;10")
    assert books("import", file, "--source", "standard").code == 3
    result = books.json("import", file, "--source", "standard", "--trip-date", "2025-03-15")
    assert result["rows_posted"] == 2
    assert books.sql("SELECT DISTINCT trip_on FROM trip") == [("2025-03-15",)]
    again = books.json("import", file, "--source", "standard", "--trip-date", "2025-03-15")
    assert (again["rows_posted"], again["rows_already_imported"]) == (0, 2)
    books.sound()


def test_the_same_rows_with_another_date_are_other_trips_with_the_same_ids(books: Books) -> None:
    file = undated(books, "a;SBF;taxi;10")
    books.json("import", file, "--source", "standard", "--trip-date", "2025-03-15")
    outcome = books("import", file, "--source", "standard", "--trip-date", "2025-03-16")
    assert (outcome.code, "KV-TRIP-CONFLICT" in outcome.err) == (4, True)


def test_rejected_rows_keep_the_date_so_that_they_can_be_imported_as_they_are(books: Books) -> None:
    file = undated(books, "a;SBF;taxi;10", "b;NIX;taxi;10")
    options = ("--source", "standard", "--trip-date", "2025-03-15", "--accept-partial")
    assert books.json("import", file, *options)["rows_rejected"] == 1
    workbook = books.folder / "trips.rejected.xlsx"
    book = openpyxl.load_workbook(workbook)
    header = [cell.value for cell in book.active[1]]
    assert book.active.cell(2, header.index("date") + 1).value == "2025-03-15"
    book.active.cell(2, header.index("unit") + 1).value = "BUF"
    book.save(workbook)
    assert books.json("import", workbook, "--source", "standard")["rows_posted"] == 1
    assert books.sql("SELECT DISTINCT trip_on FROM trip") == [("2025-03-15",)]


def test_a_source_that_finds_the_date_itself_mends_its_rows_in_the_same_way(books: Books) -> None:
    folder = books.folder.parent / "own-sources" / "manad"
    folder.mkdir(parents=True)
    profile = NAMED.replace('"flight"', '"taxi"').replace('trip_id = "Nr"\n', "") + 'distance_km = "Km"\n'
    (folder / "profile.toml").write_text(profile, encoding="utf-8")
    file = books.text("2025-03.csv", "Enhet;Km", "SBF;10", "NIX;10")
    assert books("import", file, "--source", "manad", "--accept-partial").code == 0
    workbook = books.folder / "2025-03.rejected.xlsx"
    book = openpyxl.load_workbook(workbook)
    assert [cell.value for cell in book.active[1]][:3] == ["Enhet", "Km", "trip_date"]
    book.active.cell(2, 1).value = "SBF"
    mended = books.folder / "mended.xlsx"
    book.save(mended)
    # The same content as the row that is posted already: without ids, an occurrence of its own is another file's first.
    assert books.json("import", mended, "--source", "manad")["rows_already_imported"] == 1
    assert books.json("source", "show", "manad")["columns"][1]["from"] == "the file's name"


def test_a_source_without_dates_can_be_tried_with_one(books: Books) -> None:
    file = undated(books, "a;SBF;taxi;10")
    tried = books.json("source", "test", "standard", file, "--trip-date", "2025-03-15")
    assert tried["rows"][0]["date"] == "2025-03-15"


# A profile that cannot mean what it says.


@pytest.mark.parametrize(
    ("rule", "key"),
    [
        ('distance_km = { column = "Km", columns = ["A"] }', "columns.distance_km"),
        ("distance_km = { first_of = [] }", "columns.distance_km"),
        ("distance_km = { first_of = [[]] }", "columns.distance_km"),
        ('distance_km = { first_of = "Km" }', "columns.distance_km.first_of"),
        ("distance_km = { first_of = [5] }", "columns.distance_km"),
        ('distance_km = { first_of = [["A", 5]] }', "columns.distance_km.first_of"),
        ('distance_km = { column = "Km", units = { "km" = 1 } }', "columns.distance_km.units.km"),
        ('distance_km = { column = "Km", units = "km" }', "columns.distance_km.units"),
        ('distance_km = { column = "Km", unit_column = "E" }', "columns.distance_km.unit_column"),
        ('distance_km = { column = "Km", times_columns = "Antal" }', "columns.distance_km.times_columns"),
        ('distance_km = { column = "Km", times_map = { "x" = "1" } }', "columns.distance_km.times_map"),
        ('distance_km = { column = "Km", minus = 5 }', "columns.distance_km.minus"),
        ('distance_km = { column = "Km", skip_empty = "yes" }', "columns.distance_km.skip_empty"),
        ('distance_km = { preamble = "x" }', "columns.distance_km.preamble"),
        ('route = { column = "Väg", times = "2" }', "columns.route.times"),
        ('note = { column = "Väg", times_columns = ["A"] }', "columns.note.times_columns"),
        ('cost_centre = { column = "Kst", minus = "A" }', "columns.cost_centre.minus"),
        ("[identity]\nvehicle_pattern = 5", "identity.vehicle_pattern"),
    ],
)
def test_a_rule_that_makes_no_sense_names_its_key(rule: str, key: str) -> None:
    with pytest.raises(BadProfile) as refusal:
        parse_profile("exempel", f"{DATED}{rule}\n")
    assert str(refusal.value.facts["key"]).startswith(key)


@pytest.mark.parametrize(
    ("rule", "key"),
    [
        ('date = { column = "Dag", file_name = "x" }', "columns.date"),
        ('date = { file_name = "[" }', "columns.date.file_name"),
        ('date = { file_name = "x", day = "mid" }', "columns.date.day"),
        ("date = { }", "columns.date"),
    ],
)
def test_a_date_that_makes_no_sense_names_its_key(rule: str, key: str) -> None:
    with pytest.raises(BadProfile) as refusal:
        parse_profile("exempel", f"{BASE}{rule}\n")
    assert str(refusal.value.facts["key"]).startswith(key)


def test_only_a_profile_that_names_vehicles_may_leave_out_unit_and_category() -> None:
    bare = '[source]\ntitle = "x"\n[columns]\ndate = "Dag"\n'
    with pytest.raises(BadProfile):
        parse_profile("exempel", bare)
    assert parse_profile("exempel", bare + 'vehicle = "Regnr"\n').names_vehicles
