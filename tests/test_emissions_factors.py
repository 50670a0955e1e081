"""Factor sets: which figure is in force on a day, and what a set must look like to be used."""

import datetime
from decimal import Decimal

import pytest

from klimatvaxling.emissions import factor_errors
from klimatvaxling.emissions.factor import FUEL_UNITS, FUELS, HAULS, Factor, FactorSet, factor_for
from klimatvaxling.emissions.factor_file import read_factor_set, shipped_sets
from klimatvaxling.errors import InputRefused

SHIPPED = shipped_sets()
HEAD = """
name = "egen"
title = "Egna siffror"
version = "1"
source = "Miljökontoret"
basis = "fossil_co2"
published_on = 2026-01-15
valid_from = 2022-01-01
"""
GAS = """
[[factor]]
key = "gas-2022"
measure = "fuel"
traffic = "car"
fuel = "vehicle_gas"
unit = "kg"
g_per_unit = "1783,47"
valid_from = 2022-01-01
valid_to = 2022-12-31
source = "Biogas 33,7 %"
source_year = 2022
confidence = "derived"
"""
FLIGHT = """
[[factor]]
key = "long"
measure = "distance"
traffic = "flight"
haul = "long"
unit = "km"
g_per_unit = "90"
valid_from = 2022-01-01
source = "Avtal"
confidence = "read"
"""


def in_force(measure: str, traffic: str, kind: str, day: str, sets: tuple[FactorSet, ...] = SHIPPED) -> Factor:
    found = factor_for(sets, measure, traffic, kind, datetime.date.fromisoformat(day))
    assert found is not None
    return found[1]


@pytest.mark.parametrize(
    ("day", "grams", "confidence"),
    [
        ("2013-01-01", "2410", "assumed"),
        ("2017-12-31", "2410", "assumed"),
        ("2018-01-01", "1960", "derived"),
        ("2019-06-30", "1950", "derived"),
        ("2020-06-30", "1920", "derived"),
        ("2021-06-30", "1860", "derived"),
        ("2022-06-30", "1690", "derived"),
        ("2023-12-31", "1690", "derived"),
        ("2024-01-01", "2400", "assumed"),
        ("2031-01-01", "2400", "assumed"),
    ],
)
def test_a_litre_of_diesel_follows_the_blend_of_its_year(day: str, grams: str, confidence: str) -> None:
    factor = in_force("fuel", "car", "diesel", day)
    assert (factor.g_per_unit, factor.confidence) == (Decimal(grams), confidence)


@pytest.mark.parametrize(
    ("day", "grams"), [("2017-12-31", 2240), ("2018-01-01", 2210), ("2021-07-31", 2210), ("2021-08-01", 2120)]
)
def test_a_litre_of_petrol_weighs_less_since_e10(day: str, grams: int) -> None:
    assert in_force("fuel", "car", "petrol", day).g_per_unit == grams


@pytest.mark.parametrize(
    ("day", "grams"), [("2025-10-31", 350), ("2025-11-01", 590), ("2026-03-31", 590), ("2026-04-01", 350)]
)
def test_e85_holds_more_petrol_in_winter(day: str, grams: int) -> None:
    factor = in_force("fuel", "car", "e85", day)
    assert factor.g_per_unit == grams
    assert factor.assumption


def test_vehicle_gas_counts_its_fossil_share_only() -> None:
    assert in_force("fuel", "car", "vehicle_gas", "2025-05-01").g_per_unit == 2690 * (1 - Decimal("0.943"))


@pytest.mark.parametrize("fuel", ["electric", "hvo100"])
def test_electricity_and_hvo100_have_no_fossil_co2(fuel: str) -> None:
    assert in_force("fuel", "car", fuel, "2025-05-01").g_per_unit == 0
    assert in_force("distance", "car", fuel, "2025-05-01").g_per_unit == 0


@pytest.mark.parametrize(("haul", "grams"), [("domestic", "133.95"), ("short", "74.66"), ("long", "89.13")])
def test_flights_have_a_figure_per_haul_for_all_years_of_the_scheme(haul: str, grams: str) -> None:
    for day in ("2013-01-01", "2026-12-31"):
        assert in_force("distance", "flight", haul, day).g_per_unit == Decimal(grams)


def test_the_shipped_set_covers_every_fuel_and_haul_on_every_day_of_the_scheme() -> None:
    for days in range(0, 14 * 366, 5):
        day = (datetime.date(2013, 1, 1) + datetime.timedelta(days)).isoformat()
        for fuel in FUELS:
            in_force("distance", "car", fuel, day)
        for fuel in FUEL_UNITS:
            in_force("fuel", "car", fuel, day)
        for haul in HAULS:
            in_force("distance", "flight", haul, day)


def test_nobody_knows_what_a_litre_of_an_unknown_fuel_weighs() -> None:
    assert factor_for(SHIPPED, "fuel", "car", "unknown", datetime.date(2025, 1, 1)) is None


def test_nothing_is_in_force_before_the_scheme_began() -> None:
    assert factor_for(SHIPPED, "fuel", "car", "diesel", datetime.date(2012, 12, 31)) is None


def test_every_shipped_figure_names_its_source() -> None:
    assert all(factor.source for factor in SHIPPED[0].factors)
    assert SHIPPED[0].distance_uplift_percent == 0
    assert SHIPPED[0].text.startswith("# The factor set that is shipped")


def test_a_set_registered_later_wins_for_what_it_covers_and_only_for_that() -> None:
    own = read_factor_set((HEAD + GAS).encode())
    both = (*SHIPPED, own)
    assert in_force("fuel", "car", "vehicle_gas", "2022-07-01", both).g_per_unit == Decimal("1783.47")
    assert in_force("fuel", "car", "vehicle_gas", "2023-01-01", both).key == "vehicle-gas-kg"
    assert in_force("fuel", "car", "diesel", "2022-07-01", both).key == "diesel-litre-2022"
    assert in_force("fuel", "car", "vehicle_gas", "2022-07-01", (own, *SHIPPED)).key == "vehicle-gas-kg"


def test_a_set_that_has_ended_no_longer_covers_anything() -> None:
    own = read_factor_set(HEAD + "valid_to = 2022-12-31\n" + GAS.replace("valid_to = 2022-12-31\n", ""))
    assert in_force("fuel", "car", "vehicle_gas", "2023-01-01", (*SHIPPED, own)).key == "vehicle-gas-kg"
    assert in_force("fuel", "car", "vehicle_gas", "2022-12-31", (*SHIPPED, own)).key == "gas-2022"


def test_a_set_keeps_its_file_as_read_with_or_without_byte_order_mark() -> None:
    text = HEAD + GAS
    assert read_factor_set(text.encode("utf-8-sig")).text == text
    assert read_factor_set(text).title == "Egna siffror"


@pytest.mark.parametrize("figure", ["1783.47", "1e3", "nan", "-inf"])
def test_a_floating_point_figure_is_refused(figure: str) -> None:
    with pytest.raises(factor_errors.FactorNumber) as refused:
        read_factor_set(HEAD + GAS.replace('"1783,47"', figure), file="egen.toml")
    assert refused.value.facts == {"where": "factor[1].g_per_unit", "value": figure}
    assert refused.value.place.file == "egen.toml"


@pytest.mark.parametrize("figure", ['"-1"', '"mycket"', '"12345678901"', "true", '""'])
def test_a_figure_must_be_a_number_that_can_be_multiplied_exactly(figure: str) -> None:
    with pytest.raises(factor_errors.FactorNumber):
        read_factor_set(HEAD + GAS.replace('"1783,47"', figure))


@pytest.mark.parametrize("basis", ["co2e", "life_cycle", "Fossil_CO2"])
def test_figures_that_are_not_fossil_co2_are_refused_with_an_explanation(basis: str) -> None:
    with pytest.raises(factor_errors.FactorBasisRefused) as refused:
        read_factor_set(HEAD.replace("fossil_co2", basis) + GAS)
    assert refused.value.facts == {"value": basis}
    assert "life cycle" in refused.value.explanation


@pytest.mark.parametrize(
    ("old", "new", "error", "where"),
    [
        ("valid_to =", "valid_till =", factor_errors.FactorKeyUnknown, "factor[1].valid_till"),
        (
            'fuel = "vehicle_gas"',
            'fuel = "vehicle_gas"\nhaul = "long"',
            factor_errors.FactorKeyUnknown,
            "factor[1].haul",
        ),
        ('title = "Egna siffror"', "colour = 1", factor_errors.FactorKeyUnknown, "colour"),
        ('title = "Egna siffror"', "", factor_errors.FactorFieldMissing, "title"),
        ('source = "Biogas 33,7 %"', "", factor_errors.FactorFieldMissing, "factor[1].source"),
        ('source = "Biogas 33,7 %"', 'source = " "', factor_errors.FactorFieldMissing, "factor[1].source"),
        ('key = "gas-2022"', "key = 7", factor_errors.FactorFieldKind, "factor[1].key"),
        (
            "published_on = 2026-01-15",
            'published_on = "i fjol"',
            factor_errors.FactorFieldKind,
            "published_on",
        ),
        ("2026-01-15", "2026-01-15T12:00:00", factor_errors.FactorFieldKind, "published_on"),
        (
            "source_year = 2022",
            'source_year = "2022.5"',
            factor_errors.FactorFieldKind,
            "factor[1].source_year",
        ),
        ("source_year = 2022", "months = [0, 13]", factor_errors.FactorFieldKind, "factor[1].months"),
        ("source_year = 2022", "months = [1, 1]", factor_errors.FactorFieldKind, "factor[1].months"),
        ("vehicle_gas", "kerosene", factor_errors.FactorValueUnknown, "factor[1].fuel"),
        ('"derived"', '"certain"', factor_errors.FactorValueUnknown, "factor[1].confidence"),
        ('traffic = "car"', 'traffic = "flight"', factor_errors.FactorValueUnknown, "factor[1].traffic"),
        ("vehicle_gas", "unknown", factor_errors.FactorOfUnknownFuel, "factor[1].fuel"),
        ('unit = "kg"', 'unit = "litre"', factor_errors.FactorUnitWrong, "factor[1].unit"),
        ("valid_to = 2022-12-31", "valid_to = 2021-12-31", factor_errors.FactorDates, "factor[1]"),
        ("2022-01-01\nvalid_to", "2021-01-01\nvalid_to", factor_errors.FactorDates, "factor[1]"),
    ],
)
def test_a_set_with_a_fault_is_refused_naming_the_place(
    old: str, new: str, error: type[InputRefused], where: str
) -> None:
    assert old in HEAD + GAS
    with pytest.raises(error) as refused:
        read_factor_set((HEAD + GAS).replace(old, new))
    assert refused.value.facts["where"] == where


@pytest.mark.parametrize(
    "content",
    [b"name = ", 'name = "å"'.encode("cp1252"), b"name = " + b"9" * 5000, b"a = " + b"[" * 5000],
)
def test_what_is_not_toml_in_utf_8_is_refused(content: bytes) -> None:
    with pytest.raises(factor_errors.FactorFileUnreadable):
        read_factor_set(content)


def test_a_set_without_factors_is_refused() -> None:
    with pytest.raises(factor_errors.FactorFieldMissing):
        read_factor_set(HEAD)


def test_two_factors_with_one_key_are_refused() -> None:
    with pytest.raises(factor_errors.FactorKeyTwice):
        read_factor_set(HEAD + GAS + GAS.replace("vehicle_gas", "diesel").replace('"kg"', '"litre"'))


@pytest.mark.parametrize(
    ("validity", "day"),
    [
        ("valid_from = 2022-12-31", datetime.date(2022, 12, 31)),
        ("valid_from = 2022-03-01\nmonths = [12, 2]", datetime.date(2022, 12, 1)),
    ],
)
def test_two_factors_for_the_same_day_are_refused_with_that_day(validity: str, day: datetime.date) -> None:
    with pytest.raises(factor_errors.FactorsOverlap) as refused:
        read_factor_set(HEAD + GAS + second_gas(validity))
    assert refused.value.facts == {"first": "gas-2022", "second": "gas-2", "day": day}


@pytest.mark.parametrize(
    "validity", ["valid_from = 2023-01-01", "valid_from = 2022-07-01\nvalid_to = 2022-12-31\nmonths = [3, 4]"]
)
def test_factors_that_share_no_day_stand_side_by_side(validity: str) -> None:
    assert len(read_factor_set(HEAD + GAS + second_gas(validity)).factors) == 2


def second_gas(validity: str) -> str:
    return GAS.replace("gas-2022", "gas-2").replace("valid_from = 2022-01-01\nvalid_to = 2022-12-31", validity)


def test_a_set_says_how_long_short_haul_is_and_how_much_longer_flights_are_than_the_great_circle() -> None:
    own = read_factor_set(HEAD + '[flight]\nshort_haul_max_km = 1500\ndistance_uplift_percent = "9,5"\n' + FLIGHT)
    assert own.distance_uplift_percent == Decimal("9.5")
    assert own.haul_of_leg(1500, same_country=False) == "short"
    assert own.haul_of_leg(1501, same_country=False) == "long"


def test_a_flight_inside_one_country_is_domestic_unless_it_crosses_a_continent() -> None:
    (shipped,) = SHIPPED
    assert shipped.haul_of_leg(394, same_country=True) == "domestic"
    assert shipped.haul_of_leg(3974, same_country=True) == "long"


def test_a_credit_of_a_flight_has_the_haul_of_its_charge() -> None:
    (shipped,) = SHIPPED
    hauls = {km: shipped.haul_of_distance(Decimal(km)) for km in (500, 501, 3700, 3701)}
    assert hauls == {500: "domestic", 501: "short", 3700: "short", 3701: "long"}
    assert hauls == {km: shipped.haul_of_distance(Decimal(-km)) for km in hauls}
