"""From rows to trips: whose they are, when they are booked, what they are charged for, and all that is wrong with one."""

import datetime
import re
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from klimatvaxling.charges.charge import Booking, ChargeKey, TripBeforeRate, TripInFuture
from klimatvaxling.emissions.assessment import Assessor, CellNotANumber
from klimatvaxling.emissions.factor_file import read_factor_set, shipped_sets
from klimatvaxling.errors import InputRefused
from klimatvaxling.policies.policy import RATE, PolicyValue
from klimatvaxling.travel.chunk import Chunk
from klimatvaxling.travel.plausible import NO_LIMITS, ImplausibleDate, ImplausibleDistance, ImplausibleFuel, Limits
from klimatvaxling.travel.standard import COLUMNS
from klimatvaxling.trips.trip import SEPARATOR, TripDate, Trips
from klimatvaxling.trips.understanding import (
    PersonalNumber,
    TripIdMissing,
    TripIdTooLong,
    Understanding,
    UnknownCategory,
    UnknownFuel,
    require_no_personal_number,
    without_personal_numbers,
)
from klimatvaxling.units.directory import Directory, UnknownUnit
from klimatvaxling.units.unit import Unit, unit

SETS = shipped_sets()
FACTORS = {(SETS[0].label, factor.key): number for number, factor in enumerate(SETS[0].factors, 101)}
PLAIN = {"trip_id": "a", "date": "2025-03-07", "unit": "SBF", "category": "own_car", "fuel": "diesel"}
PERSON = "8507099805"


def administration(key: int, code: str, *centres: str, **facts: Any) -> Unit:
    return replace(unit(code, code, "administration", cost_centre_codes=list(centres)), id=key, **facts)


def day(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text)


def rate(key: int, ore: str, valid_from: str) -> PolicyValue:
    return PolicyValue(key, RATE, ore, day(valid_from), "KF 1", "2025-01-01T00:00:00Z", "anna")


UNITS = (
    administration(1, "SBF", "12*"),
    administration(2, "BUF", valid_to=day("2025-03-14")),
    administration(2, "BUF", "2100", valid_from=day("2025-03-15")),
)
RATES = (rate(31, "150", "2014-01-01"), rate(32, "200", "2025-03-20"))


def understanding(
    limits: Limits = NO_LIMITS, booking: Booking | None = None, rates: Sequence[PolicyValue] = RATES
) -> Understanding:
    booking = booking or Booking(day("2026-02-01"))
    return Understanding(Directory(UNITS), rates, Assessor(SETS), FACTORS, booking, 7, limits)


def cells(row: dict[str, str]) -> list[str]:
    return [row.get(column, "") for column in COLUMNS]


def understood(to: Understanding, *rows: dict[str, str]) -> Trips:
    """The trips of some rows, each given by what differs from a plain one."""
    full = [PLAIN | row for row in rows]
    columns = list(zip(*map(cells, full), strict=True))
    kept = [[row["trip_id"] for row in full], [row.get("note", "") for row in full]]
    return to.understand(Chunk(range(2, 2 + len(rows)), columns, kept), [row["trip_id"] for row in full])


# What a trip becomes.


def test_a_trip_keeps_its_row_its_day_its_quantity_and_what_is_stored_of_its_cells() -> None:
    to = understanding()
    trips = understood(
        to,
        {"distance_km": "1 234,5", "cost_centre": " 1210 ", "project": " P 1", "note": "till mötet"},
        {"trip_id": "b", "date": "20250401", "category": " Flight ", "fuel": "", "route": "GOT-ARN"},
        {"trip_id": "c", "date": "2025-03-08 12:00", "category": "taxi", "fuel_quantity": "45,66"},
        {"trip_id": "d", "unit": " sbf ", "co2_fossil_kg": "2,5", "category": "flight", "fuel": "unknown"},
    )
    assert trips == Trips(
        trip_id=["a", "b", "c", "d"],
        charge_id=(7, 8, 9, 10),
        row=range(2, 6),
        trip_on=("2025-03-07", "2025-04-01", "2025-03-08", "2025-03-07"),
        tier=(3, 4, 2, 1),
        quantity=("1234.5", "394", "45.66", "2.5"),
        factor_id=(
            FACTORS[SETS[0].label, "diesel-km"],
            FACTORS[SETS[0].label, "flight-domestic-km"],
            FACTORS[SETS[0].label, "diesel-litre-2024"],
            None,
        ),
        co2_g=(163_695, 52_776, 109_584, 2_500),
        co2_under_500_km_g=(None, 52_776, None, None),
        cost_centre=["1210", "", "", ""],
        project=["P 1", "", "", ""],
        kept=[SEPARATOR.join("abcd"), SEPARATOR.join(["till mötet", "", "", ""])],
    )
    assert to.charges == {
        7: ChargeKey(1, "own_car", 31, "2025-03-31"),
        8: ChargeKey(1, "flight", 32, "2025-04-30"),
        9: ChargeKey(1, "taxi", 31, "2025-03-31"),
        10: ChargeKey(1, "flight", 31, "2025-03-31"),
    }
    assert to.rates == {31: 150, 32: 200}


def test_a_charge_line_is_one_unit_category_rate_and_booking_day_and_grows_over_all_the_rows_of_a_file() -> None:
    to = understanding()
    lines = [
        {"distance_km": "1"},
        {"distance_km": "2", "date": "2025-03-19"},
        {"distance_km": "1", "date": "2025-03-20"},
        {"distance_km": "1", "date": "2025-02-28"},
        {"distance_km": "1", "category": "pool_car"},
        {"distance_km": "1", "unit": "BUF"},
        {"distance_km": "1", "unit": "buf ", "fuel": "petrol"},
    ]
    assert understood(to, *lines).charge_id == (7, 7, 8, 9, 10, 11, 11)
    assert understood(to, *reversed(lines)).charge_id == (11, 11, 10, 9, 8, 7, 7)
    assert understood(to, {"distance_km": "1", "unit": "BUF", "category": "taxi"}).charge_id == (12,)
    assert to.charges == {
        7: ChargeKey(1, "own_car", 31, "2025-03-31"),
        8: ChargeKey(1, "own_car", 32, "2025-03-31"),
        9: ChargeKey(1, "own_car", 31, "2025-02-28"),
        10: ChargeKey(1, "pool_car", 31, "2025-03-31"),
        11: ChargeKey(2, "own_car", 31, "2025-03-31"),
        12: ChargeKey(2, "taxi", 31, "2025-03-31"),
    }


def test_a_cell_means_the_unit_that_owned_it_on_the_day_of_the_trip() -> None:
    to = understanding()
    same = {"unit": "2100", "distance_km": "1"}
    assert to.charges[understood(to, same | {"date": "2025-03-15"}).charge_id[0]].unit_id == 2
    with pytest.raises(UnknownUnit):
        understood(to, same | {"date": "2025-03-14"})


def test_every_combination_of_day_unit_and_kind_is_told_apart() -> None:
    to = understanding()
    rows = [
        {"date": date, "unit": unit_cell, "category": category, "fuel": fuel, "distance_km": "100"}
        for date in ("2025-01-10", "2025-02-10", "2025-03-25")
        for unit_cell in ("SBF", "1200", "BUF")
        for category in ("own_car", "taxi", "rental_car")
        for fuel in ("diesel", "petrol", "electric", "")
    ]
    trips = understood(to, *rows)
    for row, charge_id, co2_g in zip(rows, trips.charge_id, trips.co2_g, strict=True):
        alone = understanding()
        (expected,) = understood(alone, row).co2_g
        assert (to.charges[charge_id], co2_g) == (alone.charges[7], expected)


def test_factors_of_a_season_are_those_of_the_day_whenever_the_trips_are_booked() -> None:
    litres = {"fuel": "e85", "fuel_quantity": "30"}
    days = ("2025-03-31", "2025-04-01", "2025-10-31", "2025-11-01", "2026-01-15")
    to = understanding(booking=Booking(day("2026-02-01"), given=day("2026-01-31")))
    trips = understood(to, *(litres | {"date": each} for each in days))
    assert trips.co2_g == (17_700, 10_500, 10_500, 17_700, 17_700)
    # The rate of the day decides too.
    assert [to.charges[charge].rate_id for charge in trips.charge_id] == [32] * 5


FLOWN = """
name = "avtal"
title = "Avtal"
version = "1"
source = "Resebyrån"
basis = "fossil_co2"
published_on = 2025-01-01
valid_from = 2025-06-01
valid_to = 2025-06-30
[[factor]]
key = "long"
measure = "distance"
traffic = "flight"
haul = "long"
unit = "km"
g_per_unit = "80"
valid_from = 2025-06-01
source = "Avtal"
confidence = "read"
"""


def test_a_set_of_ones_own_holds_for_flights_from_its_first_day_to_its_last() -> None:
    sets = (*SETS, read_factor_set(FLOWN))
    factors = FACTORS | {("avtal 1", "long"): 999}
    booking = Booking(day("2026-02-01"), given=day("2026-01-31"))
    to = Understanding(Directory(UNITS), RATES, Assessor(sets), factors, booking, 7, NO_LIMITS)
    flight = {"category": "flight", "fuel": "", "distance_km": "10000"}
    days = ("2025-05-31", "2025-06-01", "2025-06-30", "2025-07-01")
    trips = understood(to, *(flight | {"date": each} for each in days))
    assert trips.co2_g == (891_300, 800_000, 800_000, 891_300)
    assert trips.factor_id[1:3] == (999, 999)


def test_factors_of_a_year_are_those_of_the_day() -> None:
    to = understanding(booking=Booking(day("2026-02-01"), given=day("2026-01-31")))
    litres = {"fuel": "petrol", "fuel_quantity": "40"}
    trips = understood(to, litres | {"date": "2021-07-31"}, litres | {"date": "2021-08-01"})
    assert trips.co2_g == (88_400, 84_800)


# What is refused.


@pytest.mark.parametrize(
    ("row", "fault", "column"),
    [
        ({"trip_id": ""}, TripIdMissing, "trip_id"),
        ({"trip_id": "x" * 201}, TripIdTooLong, "trip_id"),
        ({"date": "i går"}, TripDate, "date"),
        ({"date": "2013-12-31"}, TripBeforeRate, "date"),
        ({"date": "2026-02-02"}, TripInFuture, "date"),
        ({"unit": "NIX"}, UnknownUnit, "unit"),
        ({"category": "bike"}, UnknownCategory, "category"),
        ({"fuel": "vodka"}, UnknownFuel, "fuel"),
        ({"distance_km": "x"}, CellNotANumber, "distance_km"),
    ],
)
def test_each_cell_that_is_not_understood_is_refused_by_its_own_name(
    row: dict[str, str], fault: type[InputRefused], column: str
) -> None:
    plain = {"distance_km": "1"}
    with pytest.raises(fault) as refused:
        understood(understanding(), plain, plain | {"trip_id": "zz"} | row, plain)
    assert refused.value.place.column == column
    (complaint,) = understanding().complaints(cells(PLAIN | plain | row), row.get("trip_id", "a"))
    assert (type(complaint), complaint.place.column) == (fault, column)


def test_an_id_has_at_most_two_hundred_characters() -> None:
    assert understood(understanding(), {"trip_id": "x" * 200, "distance_km": "1"}).trip_id == ["x" * 200]
    assert understanding().complaints(cells(PLAIN | {"distance_km": "1"}), "x" * 200) == []


def test_everything_that_is_wrong_with_a_row_is_said_at_once() -> None:
    def codes(limits: Limits = NO_LIMITS, trip_id: str = "a", **row: str) -> list[tuple[str, str | None]]:
        found = understanding(limits).complaints(cells(PLAIN | {"distance_km": "1"} | row), trip_id)
        return [(complaint.code, complaint.place.column) for complaint in found]

    assert codes() == []
    assert codes(trip_id="", date="x", category="bike", unit="NIX", distance_km="y", co2_fossil_kg="z") == [
        ("KV-TRIP-ID-MISSING", "trip_id"),
        ("KV-TRIP-DATE", "date"),
        ("KV-CATEGORY-UNKNOWN", "category"),
        ("KV-CELL-NUMBER", "co2_fossil_kg"),
        ("KV-CELL-NUMBER", "distance_km"),
    ]
    # Whose a cell was, and which factor holds, depends on the day; a number that is none does not.
    assert codes(date="x", unit="NIX", distance_km="y") == [
        ("KV-TRIP-DATE", "date"),
        ("KV-CELL-NUMBER", "distance_km"),
    ]
    assert codes(unit="NIX", fuel_quantity="x", distance_km="y") == [
        ("KV-UNIT-UNKNOWN", "unit"),
        ("KV-CELL-NUMBER", "fuel_quantity"),
        ("KV-CELL-NUMBER", "distance_km"),
    ]
    assert codes(unit="NIX", distance_km="") == [("KV-UNIT-UNKNOWN", "unit"), ("KV-NO-EVIDENCE", "distance_km")]
    assert codes(fuel="vodka", distance_km="") == [("KV-FUEL-NAME", "fuel")]
    assert codes(category="flight", route="GOT", fuel_quantity="1", date="2013-12-31") == [
        ("KV-TRIP-BEFORE-RATE", "date"),
        ("KV-ROUTE", "route"),
        ("KV-FLIGHT-FUEL", "fuel_quantity"),
    ]
    assert codes(category="flight", distance_km="", route="GOT-ARN") == []
    assert codes(distance_km="", fuel_quantity="10") == []
    assert codes(fuel="", distance_km="", fuel_quantity="10") == [("KV-FUEL-UNKNOWN", "fuel")]
    assert codes(Limits(), distance_km="20001", fuel_quantity="1001", unit="NIX") == [
        ("KV-UNIT-UNKNOWN", "unit"),
        ("KV-PLAUSIBLE-DISTANCE", "distance_km"),
        ("KV-PLAUSIBLE-FUEL", "fuel_quantity"),
    ]


def test_the_fuels_and_categories_that_are_known_are_named_to_whoever_wrote_another() -> None:
    with pytest.raises(UnknownCategory) as category:
        understood(understanding(), {"category": " Bike "})
    assert category.value.facts == {"value": "Bike", "known": "own_car, pool_car, rental_car, taxi, flight"}
    with pytest.raises(UnknownFuel) as fuel:
        understood(understanding(), {"fuel": " Vodka "})
    assert fuel.value.facts["value"] == "Vodka"


# What is implausible.


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ({"distance_km": "20001"}, ImplausibleDistance),
        ({"distance_km": "-20000,5"}, ImplausibleDistance),
        ({"category": "taxi", "distance_km": "3001"}, ImplausibleDistance),
        ({"co2_fossil_kg": "1", "fuel_quantity": "1001"}, ImplausibleFuel),
        ({"date": "2018-01-31", "distance_km": "1"}, ImplausibleDate),
    ],
)
def test_a_row_beyond_a_limit_is_refused_unless_there_is_none(row: dict[str, str], fault: type[InputRefused]) -> None:
    booking = Booking(day("2026-02-01"), given=day("2026-02-01"))
    with pytest.raises(fault):
        understood(understanding(Limits(), booking), row)
    assert len(understood(understanding(booking=booking), row)) == 1


@pytest.mark.parametrize(
    "row",
    [
        {"distance_km": "20000"},
        {"distance_km": "-20 000,0"},
        {"category": "taxi", "distance_km": "3000"},
        {"fuel_quantity": "1000"},
        {"date": "2019-02-01", "distance_km": "1"},
    ],
)
def test_a_row_at_a_limit_is_taken(row: dict[str, str]) -> None:
    booking = Booking(day("2026-02-01"), given=day("2026-02-01"))
    assert len(understood(understanding(Limits(), booking), row)) == 1


@pytest.mark.parametrize("first", ["taxi", "own_car", "flight"])
def test_each_category_has_its_own_limit_whatever_stands_before_it_in_the_file(first: str) -> None:
    to = understanding(Limits({"own_car": Decimal(20_000), "taxi": Decimal(3_000), "flight": None}))
    understood(to, {"category": first, "distance_km": "10", "fuel": "unknown"})
    far = {"distance_km": "5000", "fuel": "unknown"}
    assert understood(to, far, far | {"category": "flight"}, far | {"category": "pool_car"}).quantity == ("5000",) * 3
    with pytest.raises(ImplausibleDistance) as refused:
        understood(to, far | {"category": "taxi"})
    assert (refused.value.facts["category"], refused.value.facts["most"]) == ("taxi", "3000")


# What looks like a person.

TEN_DIGITS = {"Kort": re.compile("[0-9]{10}")}
SEVENS = {"Kort": re.compile("7[0-9]{9}"), "Nr": re.compile("[0-9]{12}")}


def joined(*columns: Sequence[str]) -> list[str]:
    return [SEPARATOR.join(column) for column in columns]


@pytest.mark.parametrize(
    ("note", "card", "exempting"),
    [
        (["", "till mötet"], ["", "12"], {}),
        (["8507099806", "tel 0701234567"], ["1", "2"], {}),
        (["12345678901", "8507099806"], ["85070998051", "985070998051"], {}),
        (["1", "2"], [PERSON, "7015830000"], TEN_DIGITS),
        (["1", "2"], [PERSON, "70158300001"], TEN_DIGITS),
        (["1", "2"], [PERSON, "saknas"], TEN_DIGITS),
    ],
)
def test_ids_and_other_numbers_are_no_persons(
    note: list[str], card: list[str], exempting: dict[str, re.Pattern[str]]
) -> None:
    require_no_personal_number(joined(note, card), ["Not", "Kort"], exempting)


@pytest.mark.parametrize(
    ("kept", "exempting", "column"),
    [
        ({"Not": ["", "för 850709-9805"], "Kort": ["", ""]}, {}, "Not"),
        ({"Not": ["850709 9805", ""], "Kort": ["", ""]}, {}, "Not"),
        ({"Not": ["", ""], "Kort": ["1", PERSON]}, {}, "Kort"),
        # Only the column that is declared, only where all of it is as declared, and only ten bare digits.
        ({"Kort": [PERSON, PERSON], "Not": [PERSON, ""]}, TEN_DIGITS, "Not"),
        ({"Kort": ["7015830000", PERSON]}, SEVENS, "Kort"),
        ({"Nr": ["198507099805"]}, SEVENS, "Nr"),
        ({"Kort": ["850709-9805", PERSON]}, TEN_DIGITS, "Kort"),
        ({"Kort": ["7015830000", "198507099805"]}, TEN_DIGITS, "Kort"),
        # Eleven signs, one of them no digit of a number.
        ({"Kort": [f"²{PERSON}"]}, TEN_DIGITS, "Kort"),
        ({"Not": ["1234567", "7654321"], "Kort": ["12", PERSON]}, {}, "Kort"),
        ({"Not": ["8507099806", "8507099806"], "Kort": [PERSON]}, {}, "Kort"),
    ],
)
def test_what_looks_like_a_personal_identity_number_is_refused_in_its_column_and_not_repeated(
    kept: dict[str, list[str]], exempting: dict[str, re.Pattern[str]], column: str
) -> None:
    with pytest.raises(PersonalNumber) as refused:
        require_no_personal_number(joined(*kept.values()), list(kept), exempting)
    assert (refused.value.place.column, refused.value.facts) == (column, {})


def test_a_row_is_shown_with_every_such_number_masked_but_for_declared_ids() -> None:
    row = ("till mötet", "för 850709-9805", PERSON, PERSON, "8507099806")
    header = ("Ärende", "Not", "Nr", "Kort", "Faktura")
    assert without_personal_numbers(header, row, TEN_DIGITS) == ("till mötet", "***", "***", PERSON, "8507099806")
