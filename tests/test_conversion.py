"""Single rules of the conversion of cells: numbers and units, dates, signs, counts, readings, and conditions on them."""

import re
from decimal import Decimal

import pytest

from klimatvaxling.exact import product
from klimatvaxling.travel.column import Columns
from klimatvaxling.travel.conversion import (
    MOST_CHARACTERS,
    convert,
    credited,
    difference,
    has_only_days,
    multiplied,
    number_or_none,
    parted,
    sign_of,
    signed,
    sum_or_none,
    times_of,
)
from klimatvaxling.travel.plausible import AmountRule, Limits, SpeedRule
from klimatvaxling.travel.profile import ColumnRule, Match, Outside, Profile, Total, fold
from klimatvaxling.typed import canonical, decimal

UNITS = frozenset(("kr", "sek", "km", "€", ""))
DATES = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d", "%d/%m/%Y", "%Y%m%d", "%d %B %Y", "%d %b", "%Y-%m", "%Y%m")


def dated(cell: str, *forms: str, last: bool = False) -> str:
    return convert(ColumnRule((("dag",),), date_formats=forms or DATES, last_of_month=last), cell)


MOMENTS = (
    "2025-06-04 16:39", "2025-06-04 07:05", "2025-06-31 10:00", "2025-06-04 24:00", "2025-06-04 7:05", " 2025-06-04 16:39",
    "2025-06-04 16:39 ", "04/06/2025 16:39", "04/06/2025 16:60", "2025-06-04", " 12:34", "12:34", "", "x 12:34",
    "2025-06-04 16:39:10",
)  # fmt: skip


@pytest.mark.parametrize(
    ("forms", "only_days"),
    [
        (("%Y-%m-%d %H:%M",), True),
        (DATES, True),
        (("%d/%m/%Y %H:%M", "%Y-%m-%d"), True),
        (("%Y-%m-%d %H:%M:%S",), True),
        (("%Y-%m-%d",), False),
        (("%Y-%m-%d %I:%M", "%Y-%m-%d %H:%M"), False),
        (("%H:%M %d/%m/%Y", "%Y-%m-%d %H:%M"), False),
    ],
)
def test_the_days_of_a_column_of_moments_are_those_of_its_cells(forms: tuple[str, ...], only_days: bool) -> None:
    """A day is worked out once for all its minutes, where that gives the same."""
    rule = ColumnRule((("dag",),), date_formats=forms)
    days = Columns({"date": rule}, {"dag": 0}).transform("date")
    assert days([MOMENTS], len(MOMENTS)) == [convert(rule, cell) for cell in MOMENTS]
    assert has_only_days(rule) == only_days


def test_what_is_more_than_a_day_is_not_read_as_one() -> None:
    forms = {"date_formats": ("%Y-%m-%d %H:%M",)}
    assert has_only_days(ColumnRule((("dag",),), **forms))
    for more in ({"mapping": {"a": "b"}}, {"units": {}}, {"times": Decimal(2)}, {"unit_column": "x"}, {"default": "x"}):
        assert not has_only_days(ColumnRule((("dag",),), **forms, **more))


# Values.


def test_a_cell_is_itself_without_white_space_around_it() -> None:
    assert convert(ColumnRule(), " a  b ") == "a  b"


def test_an_empty_cell_is_the_default_which_is_mapped_too() -> None:
    rule = ColumnRule(default="Inget", mapping={"inget": "SBF", "a b": "BUF"})
    assert [convert(rule, cell) for cell in ("", " ", " A  B ", "c")] == ["SBF", "SBF", "BUF", "c"]


def test_a_multiplied_number_that_is_none_stays_as_it_stands() -> None:
    rule = ColumnRule(times=Decimal(10), default="0,5")
    assert [convert(rule, cell) for cell in ("1,5", " x ", "", "-2")] == ["15", " x ", "5", "-20"]
    assert convert(ColumnRule(times=Decimal(10)), "") == ""


def test_a_unit_has_its_own_factor_and_none_that_of_the_column() -> None:
    rule = ColumnRule(times=Decimal(100), units={"km": Decimal(1), "mil": Decimal(10)})
    cells = {"1 km": "1", "1 MIL.": "10", "1": "100", "1 st": "1 st", "mil": "mil (?)", "": "", "1,2,3 km": "1,2,3 km"}
    assert {cell: convert(rule, cell) for cell in cells} == cells
    assert convert(ColumnRule(units={"km": Decimal(1)}), "1") == "1 (?)"
    assert convert(ColumnRule(units={"": Decimal(2), "km": Decimal(1)}, times=Decimal(9)), "1") == "2"


@pytest.mark.parametrize(
    ("value", "parts"),
    [
        ("12,4 km", ("12,4", "km")),
        (" km 12,4 ", ("12,4", "km")),
        ("12,4  US  Gal.", ("12,4", "us gal")),
        ("-12,4kr.", ("-12,4", "kr")),
        ("\u2212 1 204 KM", ("\u2212 1 204", "km")),
        ("\u20135 km", ("\u20135", "km")),
        ("km 12,4 km", ("km 12,4 km", "")),
        ("km", ("km", "")),
        ("12 km 4", ("12 km 4", "")),
        ("1" * (MOST_CHARACTERS - 1), ("1" * (MOST_CHARACTERS - 1), "")),
        ("1 km" + " " * (MOST_CHARACTERS - 5), ("1", "km")),
        ("1 km" + " " * (MOST_CHARACTERS - 4), ("1 km" + " " * (MOST_CHARACTERS - 4), "")),
    ],
)
def test_a_number_and_its_unit_are_parted(value: str, parts: tuple[str, str]) -> None:
    assert parted(value) == parts


@pytest.mark.parametrize(
    ("cell", "units", "number"),
    [
        ("", UNITS, Decimal(0)),
        (" ", UNITS, Decimal(0)),
        ("12,5", UNITS, Decimal("12.5")),
        ("12,5 KM", UNITS, Decimal("12.5")),
        ("12,5 mil", UNITS, None),
        ("kr", UNITS, None),
        ("1,2,3 kr", UNITS, None),
        ("12,5", (), Decimal("12.5")),
        ("12 kr", (), None),
    ],
)
def test_a_cell_is_a_number_with_one_of_some_units(cell: str, units: frozenset[str], number: Decimal | None) -> None:
    assert number_or_none(cell, units) == number


def test_an_amount_may_have_any_currency_that_is_known() -> None:
    assert number_or_none("12 kronor") == number_or_none("$ 12") == Decimal(12)
    assert number_or_none("12 floriner") is None


# Sums.


@pytest.mark.parametrize(
    ("cells", "total"),
    [
        ([], Decimal(0)),
        (["", ""], Decimal(0)),
        (["1 234,5", "\u00a0", "2"], None),
        (["1 234,5", "", "-2.25"], Decimal("1232.25")),
        (["1\u00a0234,5", "1\u202f000"], Decimal("2234.5")),
        (["12 kr", "3,5 kr", ""], Decimal("15.5")),
        (["12 KR", "3 KR"], Decimal(15)),
        (["SEK 12", "SEK 3"], Decimal(15)),
        (["12 €", "3 €"], Decimal(15)),
        (["12 kr", "3 km"], Decimal(15)),
        (["12 kr", "kr 3"], Decimal(15)),
        (["12 kr", " kr"], None),
        (["kr 12", "kr "], None),
        (["12 Kr", "\u22122 kr"], Decimal(10)),
        (["12 kr", "3 öre"], None),
        (["12 kr", "12 34"], None),
        (["9" * 30 + ",1", "1"], Decimal("1" + "0" * 30 + ".1")),
        (["9" * 30, "0," + "9" * 20], Decimal("9" * 30 + "." + "9" * 20)),
        (["9" * 31], None),
        (["999" + " 999" * 9 + ",5"] * 2, Decimal("1" + "9" * 30)),
        (["9" + " 999" * 10, "1"], None),
    ],
)
def test_a_column_is_summed_exactly_or_not_at_all(cells: list[str], total: Decimal | None) -> None:
    # A no-break space alone is empty too: the first of these is read cell by cell.
    if "\u00a0" in cells:
        total = Decimal("1236.5")
    found = sum_or_none(cells, UNITS)
    assert found == total
    assert found is None or isinstance(found, Decimal)


@pytest.mark.parametrize("cells", [["12 €", " €"], ["€ 12", "€ "], ["€"]])
def test_a_unit_without_a_number_is_no_nought(cells: list[str]) -> None:
    assert sum_or_none(cells, frozenset("€")) is None


LONG = "1" + " 111" * 25
WIDEST = "9" * 30 + "," + "9" * 20


@pytest.mark.parametrize("cell", [LONG, LONG.replace(" ", ".") + ",0", "1" * 31, "1," + "1" * 21])
def test_a_number_longer_than_any_that_is_meant_is_none_and_no_fault(cell: str) -> None:
    assert number_or_none(cell) is None
    assert sum_or_none([cell, "1"], UNITS) is None
    assert sign_of(cell) == 0
    assert convert(ColumnRule(times=Decimal(10)), cell) == cell
    assert convert(ColumnRule(units={"": Decimal(1), "km": Decimal(10)}), cell) == f"{cell} (?)"
    assert difference(cell, "0,5") == f"{cell} \u2212 0,5"
    assert multiplied("co2_fossil_kg", cell, 3, ()) == f"{cell} \u00d7 3"
    assert AmountRule("belopp", "pris").complaint(cell, "1", "1") is not None
    assert SpeedRule("från", "till").complaint("07:00", "08:00", "2025-03-07", cell) is None


def test_the_longest_numbers_are_reckoned_with_exactly() -> None:
    assert convert(ColumnRule(times=decimal(WIDEST)), WIDEST) == canonical(product(decimal(WIDEST), decimal(WIDEST)))
    assert convert(ColumnRule(units={"km": decimal(WIDEST)}), f"{WIDEST} km") == convert(
        ColumnRule(times=decimal(WIDEST)), WIDEST
    )
    assert difference(WIDEST, "0," + "9" * 20) == "9" * 30
    assert multiplied("co2_fossil_kg", WIDEST, 999, ()) == canonical(product(decimal(WIDEST), Decimal(999)))
    assert AmountRule("belopp", "pris").complaint("1", WIDEST, WIDEST) is not None
    complaint = SpeedRule("från", "till").complaint("07:00", "07:00", "2025-03-07", "9" * 30)
    assert complaint is not None
    assert int(str(complaint.facts["speed"])) > 10**31
    assert SpeedRule("från", "till", most_km_per_hour=Decimal("1E-20")).enough_minutes(20) == 60 * 10**40 + 1


# Signs.


@pytest.mark.parametrize(
    ("cell", "sign"),
    [
        ("12", 1),
        ("SEK 12", 1),
        ("kr 1 234,50", 1),
        ("12 SEK", 1),
        ("", 1),
        ("-12", -1),
        ("kr -12", -1),
        ("-0,0", 1),
        ("-0,01 kr", -1),
        ("12-", -1),
        ("12 -", -1),
        ("0-", 1),
        ("0,5-", -1),
        ("12:-", 1),
        ("-12:-", -1),
        ("-12-", 0),
        ("\u221212", -1),
        ("12 eur", 1),
        ("gratis", 0),
        ("-", 0),
    ],
)
def test_an_amount_is_a_charge_a_credit_or_no_amount(cell: str, sign: int) -> None:
    assert sign_of(cell) == sign


@pytest.mark.parametrize(
    ("value", "sign", "found"),
    [
        ("120", "99 kr", "120"),
        ("120", "-99 kr", "-120"),
        ("-120", "-99", "-120"),
        ("120", " gratis ", "120 (gratis)"),
        ("", "gratis", ""),
        ("", "-99", ""),
        ("120", "", "120"),
        ("120", "0", "120"),
    ],
)
def test_a_value_has_the_sign_of_the_amount_beside_it(value: str, sign: str, found: str) -> None:
    assert signed(value, sign) == found


def test_a_credit_has_one_minus() -> None:
    assert [credited(value) for value in ("1", "-1", "\u22121", "\u20131", "")] == [
        "-1",
        "-1",
        "\u22121",
        "\u20131",
        "",
    ]


# Readings of a meter.


@pytest.mark.parametrize(
    ("end", "start", "found"),
    [
        ("45248", "45210", "38"),
        ("45210", "45210", "0"),
        ("45209", "45210", "45209 \u2212 45210"),
        ("45 248,5", "45 210", "38.5"),
        ("45 210,0", "45 210", "0"),
        ("45 209,5", "45 210", "45 209,5 \u2212 45 210"),
        ("", "", ""),
        ("45248", "", "45248 \u2212 ?"),
        ("", "45210", "? \u2212 45210"),
        ("x", "45210", "x \u2212 45210"),
        ("\u0664\u0665", "1", "\u0664\u0665 \u2212 1"),
        ("5", "\u0661", "5 \u2212 \u0661"),
        ("9" * 60, "8" * 60, "9" * 60 + " \u2212 " + "8" * 60),
        ("2" * 50, "1" * 50, "2" * 50 + " \u2212 " + "1" * 50),
        ("2" * 50, "1" * 49, str(int("2" * 50) - int("1" * 49))),
    ],
)
def test_a_distance_lies_between_two_readings(end: str, start: str, found: str) -> None:
    assert difference(end, start) == found


# Counts.


@pytest.mark.parametrize(
    ("counts", "times"),
    [
        ([], 1),
        (["1"], 1),
        ([" 2 ", "3"], 6),
        (["-2", "3"], -6),
        (["2,0"], 2),
        (["Tur  o RETUR", "2"], 4),
        (["999"], 999),
        (["-999"], -999),
        (["1000"], None),
        (["0"], None),
        (["1,5"], None),
        (["", "2"], None),
        (["två"], None),
        (["2 kr"], None),
        (["2", "x"], None),
    ],
)
def test_a_row_counts_as_often_as_its_cells_say_together(counts: list[str], times: int | None) -> None:
    assert times_of(ColumnRule(times_map={"tur o retur": "2"}), counts) == times


@pytest.mark.parametrize(
    ("column", "value", "times", "found"),
    [
        ("distance_km", "412,5", 2, "2*412,5"),
        ("distance_km", "412,5", -2, "-2*412,5"),
        ("distance_km", "\u2212 412,5", 2, "-2*412,5"),
        ("route", "GOT-ARN", 2, "2*GOT-ARN"),
        ("route", "-GOT-ARN", 2, "-2*GOT-ARN"),
        ("route", "GOT-ARN", 1, "GOT-ARN"),
        ("route", "GOT-ARN", -1, "-GOT-ARN"),
        ("co2_fossil_kg", "1,25", 3, "3.75"),
        ("co2_fossil_kg", "1,25", -3, "-3.75"),
        ("co2_fossil_kg", "-1,25", -3, "-3.75"),
        ("co2_fossil_kg", "x", 3, "x \u00d7 3"),
        ("co2_fossil_kg", "x", -3, "-x \u00d7 3"),
    ],
)
def test_a_value_counts_several_times(column: str, value: str, times: int, found: str) -> None:
    assert multiplied(column, value, times, ()) == found


def test_a_value_that_counts_nobody_knows_how_often_is_unreadable() -> None:
    assert multiplied("route", "GOT-ARN", None, (" två ", "")) == "GOT-ARN \u00d7 två \u00d7 ?"


# Days.


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        ("2025-03-07", "2025-03-07"),
        ("07/03/2025", "2025-03-07"),
        ("20250307", "2025-03-07"),
        ("2025307", "2025307"),
        ("2025-03-07 08:15", "2025-03-07"),
        ("2025-03-07 8:05", "2025-03-07"),
        ("2025-03-07 08:15:30", "2025-03-07"),
        ("2025-03-07 24:15", "2025-03-07 24:15"),
        ("2025-03-07 08:60", "2025-03-07 08:60"),
        ("7 mars 2025", "2025-03-07"),
        ("7 Maj 2025", "2025-05-07"),
        ("7 okt. 2025", "2025-10-07"),
        ("7 DEC 2025", "2025-12-07"),
        ("7 march 2025", "7 march 2025"),
        ("7 jan", "1900-01-07"),
        ("7 okt", "1900-10-07"),
        ("2025-03", "2025-03-01"),
        ("202503", "2025-03-01"),
        ("20253", "20253"),
        ("2025-02-30", "2025-02-30"),
        ("", ""),
    ],
)
def test_a_day_is_written_as_one_of_the_forms_or_stays(cell: str, day: str) -> None:
    assert dated(cell) == day


def test_only_a_day_that_is_not_written_can_be_the_last_of_its_month() -> None:
    assert [dated(cell, last=True) for cell in ("2025-02", "202502", "2025-02-03", "2025-02-03 10:00")] == [
        "2025-02-28", "2025-02-28", "2025-02-03", "2025-02-03",
    ]  # fmt: skip
    assert dated("februari 2024", "%B %Y", last=True) == "2024-02-29"
    assert dated("feb 2024", "%b %Y", last=True) == "2024-02-29"


def test_a_time_of_day_is_read_only_where_the_form_has_it() -> None:
    assert dated("2025-03-07 08:15", "%Y-%m-%d") == "2025-03-07 08:15"
    assert dated("2025-03-07 08:15:30", "%Y-%m-%d %H:%M") == "2025-03-07 08:15:30"
    assert dated("2025-03-07 08:15", "%Y-%m-%d %H:%M:%S") == "2025-03-07 08:15"
    assert dated("2025-03-07", "%Y-%m-%d %H:%M") == "2025-03-07"
    assert dated("20250307 08:15", "%Y%m%d %H:%M") == "2025-03-07"
    assert dated("kl 2025-03-07 08:15", "kl %Y-%m-%d %H:%M") == "2025-03-07"


# Conditions and what a profile asks for.


@pytest.mark.parametrize(
    ("cell", "met"),
    [("Tåg", True), (" TÅG ", True), ("tåget", False), ("Hyrbil", True), ("HYR", True), ("taxi", False), ("", False)],
)
def test_a_condition_is_a_value_or_a_beginning_whatever_its_case(cell: str, met: bool) -> None:
    assert Match("typ", ("tåg",), ("hyr",)).holds(cell) == met
    assert Match("typ", ("tåg",), ("hyr",), negate=True).holds(cell) != met
    assert Match("typ").holds(cell) is False
    assert Match("typ", ("", "x")).holds(" ")


def test_white_space_and_case_do_not_matter() -> None:
    assert fold("  Km \u00a0 (EXAKT)\t") == "km (exakt)"


@pytest.mark.parametrize(
    ("rule", "is_plain", "converts"),
    [
        (ColumnRule((("a",),)), True, False),
        (ColumnRule((("a",), ("b",))), False, False),
        (ColumnRule((("a", "b"),)), False, False),
        (ColumnRule(), False, False),
        (ColumnRule((("a",),), mapping={"x": "y"}), False, True),
        (ColumnRule((("a",),), times=Decimal(10)), False, True),
        (ColumnRule((("a",),), units={"km": Decimal(1)}), False, True),
        (ColumnRule((("a",),), date_formats=("%Y",)), False, True),
        (ColumnRule((("a",),), default="x"), False, True),
        (ColumnRule((("a",),), unit_column="b"), False, False),
        (ColumnRule((("a",),), minus="b"), False, False),
        (ColumnRule((("a",),), sign_of="b"), False, False),
        (ColumnRule((("a",),), times_columns=("b",)), False, False),
        (ColumnRule((("a",),), file_name=re.compile("x")), False, False),
        (ColumnRule((("a",),), preamble=re.compile("x")), False, False),
    ],
)
def test_a_plain_column_is_passed_on_as_it_is(rule: ColumnRule, is_plain: bool, converts: bool) -> None:
    assert (rule.is_plain, rule.converts) == (is_plain, converts)


def profile(**more: object) -> Profile:
    columns = {
        "trip_id": ColumnRule((("nr", "rad"),)),
        "date": ColumnRule((("dag",),), date_formats=("%Y",)),
        "distance_km": ColumnRule(
            (("km",), ("mil",)),
            unit_column="sort",
            minus="start",
            sign_of="pris",
            times_columns=("antal",),
            optional=True,
        ),
        "category": ColumnRule(constant="taxi"),
    }
    spelling = {name: name.upper() for name in ("nr", "rad", "dag", "km", "mil")}
    return Profile("exempel", "Exempel", "text", **{"columns": columns, "spelling": spelling, **more})


EVERY_RULE = {
    "keep": ("not", "pris"),
    "outside": (Outside(Match("typ"), "x"),),
    "totals": (Total(Match("summa"), ("belopp", "km"), required=True),),
    "skip": (Match("rubrik"),),
    "limits": Limits(amount=AmountRule("ersättning", "taxa"), speed=SpeedRule("från", "till", optional=True)),
}


def test_what_decides_must_be_in_the_file_and_so_must_what_verifies_it() -> None:
    assert profile().required_columns == ("nr", "rad", "dag", "sort", "start", "pris", "antal")
    assert profile(**EVERY_RULE).required_columns == (
        "nr", "rad", "dag", "sort", "start", "pris", "antal", "rubrik", "typ", "summa", "ersättning", "taxa", "belopp", "km",
    )  # fmt: skip


def test_what_is_kept_is_what_was_read_and_what_the_profile_names() -> None:
    assert profile().kept_columns == ("nr", "rad", "dag", "km", "mil", "sort", "start", "pris", "antal")
    assert profile(**EVERY_RULE).kept_columns == (
        "nr", "rad", "dag", "km", "mil", "ersättning", "taxa", "från", "till", "sort", "start", "pris", "antal", "rubrik",
        "typ", "summa", "not",
    )  # fmt: skip


def test_the_suppliers_column_is_named_as_the_supplier_spells_it() -> None:
    columns = ("trip_id", "distance_km", "date", "category", "note", None, "")
    assert [profile().source_column(column) for column in columns] == ["NR", "KM", "DAG", None, None, None, None]


def test_ids_are_exempt_by_their_pattern_in_the_columns_they_stand_in() -> None:
    ids, plates = re.compile("1.*"), re.compile("V.*")
    assert profile().exempting == {}
    assert profile(id_pattern=ids).exempting == {"nr": ids, "rad": ids}
    assert profile(vehicle_pattern=plates).exempting == {}
    vehicles = {"vehicle": ColumnRule((("regnr",),)), "date": ColumnRule((("dag",),))}
    named = profile(columns=vehicles, id_pattern=ids, vehicle_pattern=plates)
    assert named.exempting == {"regnr": plates}
    assert (named.names_vehicles, named.has_trip_ids) == (True, False)
    assert (profile().names_vehicles, profile().has_trip_ids) == (False, True)


def test_a_profile_without_dates_asks_for_none_and_is_otherwise_the_same() -> None:
    without = profile().without_date
    assert without.required_columns == ("nr", "rad", "sort", "start", "pris", "antal")
    assert without.columns["date"] == ColumnRule((("dag",),), date_formats=("%Y",), optional=True)
    assert {**without.columns, "date": profile().columns["date"]} == profile().columns
    assert list(without.columns) == list(profile().columns)


def test_a_profile_is_told_apart_by_the_digest_of_its_text() -> None:
    assert profile().sha256 == "982d9e3eb996f559e633f4d194def3761d909f5a3b647d1a851fead67c32c9d1"
