"""The grams of a trip: best evidence first, exact, rounded once, and a credit mirrors its charge."""

import datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from klimatvaxling.emissions import airports
from klimatvaxling.emissions.assessment import Assessment, Assessor, Evidence, assess
from klimatvaxling.emissions.factor_file import read_factor_set, shipped_sets

SHIPPED = shipped_sets()
SET = SHIPPED[0].label
GOT_ARN_KM = airports.leg_km("GOT", "ARN")
ARN_JFK_KM = airports.leg_km("ARN", "JFK")
NUMBERS = st.decimals(min_value=-99999, max_value=99999, places=4, allow_nan=False)


def trip(**cells: Any) -> Evidence:
    empty = {"stated_kg": "", "fuel_quantity": "", "distance_km": "", "route": ""}
    return Evidence(**{"category": "own_car", "fuel": "diesel", "day": datetime.date(2025, 3, 7), **empty, **cells})


def flight(**cells: Any) -> Evidence:
    return trip(category="flight", fuel="unknown", **cells)


def co2(**cells: Any) -> Assessment:
    return Assessor(SHIPPED).assess(trip(**cells))


def flown(**cells: Any) -> Assessment:
    return Assessor(SHIPPED).assess(flight(**cells))


def complaints(evidence: Evidence) -> list[tuple[str, str | None]]:
    return [(fault.code, fault.place.column) for fault in Assessor(SHIPPED).complaints(evidence)]


def test_45_66_litres_of_diesel_in_2025_are_109_584_grams() -> None:
    assert co2(fuel_quantity="45,66") == Assessment("fuel", "45.66", ((SET, "diesel-litre-2024"),), 109584, None)


@pytest.mark.parametrize(
    ("cells", "grams"),
    [
        ({"distance_km": "1 234,5"}, 163695),  # 1234.5 × 132.6 = 163 694.7
        ({"distance_km": "12", "fuel": ""}, 1591),  # 1591.2
        ({"distance_km": "100", "fuel": "electric"}, 0),
        ({"fuel_quantity": "10,5", "fuel": "vehicle_gas"}, 1610),  # 10.5 × 153.33 = 1609.965
        ({"fuel_quantity": "40", "fuel": "petrol", "day": datetime.date(2021, 7, 31)}, 88400),
        ({"fuel_quantity": "40", "fuel": "petrol", "day": datetime.date(2021, 8, 1)}, 84800),
        ({"fuel_quantity": "30", "fuel": "e85", "day": datetime.date(2025, 7, 1)}, 10500),
        ({"fuel_quantity": "30", "fuel": "e85", "day": datetime.date(2025, 1, 1)}, 17700),
        ({"stated_kg": "0,0005"}, 1),
        ({"stated_kg": "0,00049"}, 0),
        ({"stated_kg": "12,3456", "category": "taxi"}, 12346),
    ],
)
def test_grams_are_quantity_times_factor_rounded_half_up(cells: dict[str, Any], grams: int) -> None:
    assert co2(**cells).co2_g == grams


def test_stated_co2_comes_before_fuel_and_fuel_before_distance() -> None:
    cells = {"stated_kg": "5", "fuel_quantity": "10", "distance_km": "100"}
    assert (co2(**cells).tier, co2(**cells).co2_g, co2(**cells).factor) == ("stated", 5000, None)
    assert (co2(**cells | {"stated_kg": ""}).tier, co2(**cells | {"stated_kg": " "}).co2_g) == ("fuel", 24000)
    assert co2(distance_km="100").tier == "distance"


def test_a_flight_uses_stated_co2_before_distance_and_distance_before_route() -> None:
    cells = {"stated_kg": "50", "distance_km": "400", "route": "GOT-ARN"}
    assert (flown(**cells).tier, flown(**cells).co2_g) == ("stated", 50000)
    assert (flown(**cells | {"stated_kg": ""}).tier, flown(**cells | {"stated_kg": ""}).co2_g) == (
        "distance",
        53580,
    )
    assert (flown(route="GOT-ARN").tier, flown(route="GOT-ARN").quantity) == ("route", str(GOT_ARN_KM))


def test_stated_co2_rests_on_itself_and_on_no_factor() -> None:
    assert co2(stated_kg="12,34560") == Assessment("stated", "12.3456", (), 12_346, None)
    assert flown(stated_kg="2,5", distance_km="400") == Assessment("stated", "2.5", (), 2_500, 2_500)


def test_stated_zero_is_evidence() -> None:
    assert (co2(stated_kg="0", distance_km="100").tier, co2(stated_kg="0", distance_km="100").co2_g) == (
        "stated",
        0,
    )


def test_litres_of_an_unknown_fuel_fall_back_on_the_distance() -> None:
    assert co2(fuel="unknown", fuel_quantity="10", distance_km="100").tier == "distance"
    assert complaints(trip(fuel="unknown", fuel_quantity="10")) == [("KV-FUEL-UNKNOWN", "fuel")]


def test_a_better_cell_that_is_not_a_number_is_never_passed_over() -> None:
    assert complaints(trip(stated_kg="ca 5", distance_km="100")) == [("KV-CELL-NUMBER", "co2_fossil_kg")]
    assert complaints(trip(fuel_quantity="#N/A", distance_km="100")) == [("KV-CELL-NUMBER", "fuel_quantity")]
    (fault,) = Assessor(SHIPPED).complaints(trip(stated_kg=" ca 5 ", distance_km="100"))
    assert fault.facts == {"value": "ca 5"}


def test_a_weaker_cell_must_be_understood_too() -> None:
    assert complaints(trip(stated_kg="5", distance_km="långt")) == [("KV-CELL-NUMBER", "distance_km")]
    assert complaints(flight(stated_kg="5", route="GOT-TRO")) == [("KV-PLACE-QUESTIONED", "route")]


def test_every_faulty_cell_of_a_row_is_complained_about_at_once() -> None:
    faulty = flight(stated_kg="x", fuel_quantity="y", distance_km="z", route="GOT")
    assert complaints(faulty) == [
        ("KV-CELL-NUMBER", "co2_fossil_kg"),
        ("KV-CELL-NUMBER", "fuel_quantity"),
        ("KV-CELL-NUMBER", "distance_km"),
        ("KV-ROUTE", "route"),
        ("KV-FLIGHT-FUEL", "fuel_quantity"),
    ]


def test_a_row_without_faults_has_no_complaints() -> None:
    assert complaints(trip(distance_km="1")) == []
    assert complaints(flight(route="GOT-ARN")) == []


def test_a_trip_without_evidence_is_refused_and_never_charged_as_zero() -> None:
    assert complaints(trip()) == [("KV-NO-EVIDENCE", "distance_km")]
    assert complaints(trip(fuel="unknown")) == [("KV-NO-EVIDENCE", "distance_km")]
    assert complaints(flight()) == [("KV-NO-EVIDENCE", "distance_km")]


def test_a_route_is_no_evidence_for_a_car_and_does_not_disturb_one_either() -> None:
    assert complaints(trip(route="GOT-ARN")) == [("KV-ROUTE-CAR", "route")]
    assert co2(route="Borås–Göteborg", distance_km="64").tier == "distance"


def test_the_fuel_of_an_aeroplane_is_not_the_passenger_s() -> None:
    assert complaints(flight(fuel_quantity="100", distance_km="400")) == [("KV-FLIGHT-FUEL", "fuel_quantity")]


def test_a_day_that_no_set_covers_is_refused() -> None:
    before = datetime.date(2012, 12, 31)
    assert complaints(trip(fuel_quantity="10", distance_km="1", day=before)) == [("KV-NO-FACTOR", "fuel_quantity")]
    assert complaints(trip(distance_km="10", day=before)) == [("KV-NO-FACTOR", "distance_km")]
    assert complaints(trip(fuel="unknown", distance_km="10", day=before)) == [("KV-NO-FACTOR", "distance_km")]
    assert complaints(flight(distance_km="10", day=before)) == [("KV-NO-FACTOR", "distance_km")]
    assert complaints(flight(distance_km="10", route="GOT-ARN", day=before)) == [("KV-NO-FACTOR", "distance_km")]
    assert complaints(flight(route="GOT-ARN", day=before)) == [("KV-NO-FACTOR", "route")]
    assert co2(stated_kg="1", day=before).co2_g == 1000
    (litres,) = Assessor(SHIPPED).complaints(trip(fuel_quantity="10", day=before))
    assert litres.facts == {"subject": "diesel", "unit": "litre", "day": before}
    (km,) = Assessor(SHIPPED).complaints(flight(distance_km="10", day=before))
    assert km.facts == {"subject": "flight", "unit": "km", "day": before}


def test_a_quantity_no_trip_can_have_is_refused_without_repeating_it() -> None:
    (fault,) = Assessor(SHIPPED).complaints(trip(distance_km="8001011234"))
    assert (fault.code, fault.place.column) == ("KV-CELL-SIZE", "distance_km")
    assert fault.facts == {"most": 10_000_000}


@pytest.mark.parametrize("number", ["800101-1234", "19800101-1234", "Eva 8001011234"])
def test_a_personal_identity_number_in_a_number_cell_is_not_repeated(number: str) -> None:
    (fault,) = Assessor(SHIPPED).complaints(trip(distance_km=number))
    assert fault.code == "KV-CELL-NUMBER"
    assert "1234" not in str(fault.facts)


@given(NUMBERS, st.sampled_from(["stated_kg", "fuel_quantity", "distance_km"]))
def test_a_credit_mirrors_its_charge(number: Decimal, cell: str) -> None:
    charge, credit = co2(**{cell: str(number)}), co2(**{cell: str(number.copy_negate())})
    assert credit.co2_g == -charge.co2_g


@given(NUMBERS, st.sampled_from(["", "GOT-ARN-GOT", "GOT-ARN-JFK", "ARN-JFK"]))
def test_a_credited_flight_mirrors_its_charge(number: Decimal, route: str) -> None:
    for cell in ("stated_kg", "distance_km"):
        charge = flown(route=route, **{cell: str(number)})
        credit = flown(route=route, **{cell: str(number.copy_negate())})
        assert credit.co2_g == -charge.co2_g
        if charge.co2_under_500_km_g is not None:
            assert credit.co2_under_500_km_g == -charge.co2_under_500_km_g
            assert 0 <= abs(charge.co2_under_500_km_g) <= abs(charge.co2_g)


@given(NUMBERS)
def test_the_rounded_grams_are_within_half_a_gram_of_the_exact_product(number: Decimal) -> None:
    assert abs(co2(distance_km=str(number)).co2_g - number * Decimal("132.6")) <= Decimal("0.5")


def test_a_route_is_summed_exactly_and_rounded_once() -> None:
    # 3 × 394 × 133.95 = 158 328.9 where the legs rounded one by one would give 158 328.
    found = flown(route="GOT-ARN-GOT-ARN")
    assert found.co2_g == int(3 * GOT_ARN_KM * Decimal("133.95") + Decimal("0.5"))
    assert found.co2_g != 3 * int(GOT_ARN_KM * Decimal("133.95") + Decimal("0.5"))


def test_a_route_over_several_hauls_names_the_factor_of_the_longest_leg_first() -> None:
    found = flown(route="GOT-ARN-JFK")
    assert found.factors == ((SET, "flight-long-km"), (SET, "flight-domestic-km"))
    assert found.factor == (SET, "flight-long-km")
    domestic, long = GOT_ARN_KM * Decimal("133.95"), ARN_JFK_KM * Decimal("89.13")
    assert found.co2_g == int(domestic + long + Decimal("0.5"))
    assert found.co2_under_500_km_g == int(domestic + Decimal("0.5"))
    assert found.quantity == str(GOT_ARN_KM + ARN_JFK_KM)


def test_the_factor_of_several_legs_ranks_by_the_longest_of_them() -> None:
    assert flown(route="GOT-ARN-LHR-CDG").factors == ((SET, "flight-short-km"), (SET, "flight-domestic-km"))
    assert flown(route="CDG-LHR-ARN-GOT").factors == ((SET, "flight-short-km"), (SET, "flight-domestic-km"))


def test_the_distance_of_a_flight_is_multiplied_by_the_factor_of_its_haul() -> None:
    found = flown(distance_km="1 200,50")
    assert found == Assessment("distance", "1200.5", ((SET, "flight-short-km"),), 89_629, 0)  # 89 629.33


def test_flights_abroad_are_short_haul_and_inside_sweden_domestic() -> None:
    assert flown(route="GOT-CPH").factor == (SET, "flight-short-km")
    assert flown(route="GOT-ARN").factor == (SET, "flight-domestic-km")


def test_the_route_tells_the_haul_of_a_distance_that_is_given_too() -> None:
    there_and_back = flown(distance_km="800,5", route="GOT-ARN-GOT")
    assert there_and_back.tier == "distance"
    assert there_and_back.factor == (SET, "flight-domestic-km")
    assert there_and_back.co2_g == 107227  # 800.5 × 133.95 = 107 226.975
    assert flown(distance_km="800,5").factor == (SET, "flight-short-km")


def test_what_belongs_to_flights_under_500_km_is_known_for_each_kind_of_evidence() -> None:
    assert flown(route="GOT-ARN-GOT").co2_under_500_km_g == flown(route="GOT-ARN-GOT").co2_g
    assert flown(route="ARN-JFK").co2_under_500_km_g == 0
    assert flown(distance_km="499,9").co2_under_500_km_g == 66962  # 499.9 × 133.95 = 66 961.605
    assert flown(distance_km="500").co2_under_500_km_g == 0
    assert flown(stated_kg="60", distance_km="400").co2_under_500_km_g == 60000
    assert flown(stated_kg="60", distance_km="-400").co2_under_500_km_g == 60000
    assert flown(stated_kg="60", distance_km="600").co2_under_500_km_g == 0
    assert flown(stated_kg="60").co2_under_500_km_g is None
    assert co2(distance_km="20").co2_under_500_km_g is None


def test_stated_co2_of_a_flight_is_shared_over_its_legs_by_distance() -> None:
    found = flown(stated_kg="1000", route="GOT-ARN-JFK")
    assert found.co2_under_500_km_g == round(1_000_000 * GOT_ARN_KM / (GOT_ARN_KM + ARN_JFK_KM))


OWN = """
name = "avtal"
title = "Avtal"
version = "1"
source = "Resebyrån"
basis = "fossil_co2"
published_on = 2025-01-01
valid_from = 2025-01-01
[flight]
distance_uplift_percent = "8"
short_haul_max_km = 3000
[[factor]]
key = "long"
measure = "distance"
traffic = "flight"
haul = "long"
unit = "km"
g_per_unit = "80"
valid_from = 2025-01-01
source = "Avtal"
confidence = "read"
"""


def test_a_set_of_one_s_own_brings_its_own_flight_method_and_leaves_the_rest_to_the_shipped_one() -> None:
    sets = (*SHIPPED, read_factor_set(OWN))
    found = assess(flight(route="GOT-ARN-JFK"), sets)
    domestic, long = GOT_ARN_KM * Decimal("133.95"), ARN_JFK_KM * 80 * Decimal("1.08")
    assert found.factors == (("avtal 1", "long"), (SET, "flight-domestic-km"))
    assert found.co2_g == int(domestic + long + Decimal("0.5"))
    # A distance that somebody stated is not lengthened; 3,500 km is long haul by this set.
    assert assess(flight(distance_km="3500"), sets).co2_g == 280000
    assert assess(flight(distance_km="7000", route="ARN-JFK"), sets).co2_g == 560000


SEASON = """
[[factor]]
key = "winter"
measure = "fuel"
traffic = "car"
fuel = "e85"
unit = "litre"
g_per_unit = "590"
valid_from = 2025-02-01
valid_to = 2025-11-30
months = [11, 12, 1]
source = "Avtal"
confidence = "read"
"""


def test_between_two_eras_nothing_begins_and_nothing_ends_but_seasons() -> None:
    own = read_factor_set(OWN)
    ended = read_factor_set(OWN.replace("[flight]", "valid_to = 2025-12-31\n[flight]").replace('"1"', '"2"') + SEASON)
    days = ["2025-01-01", "2025-02-01", "2025-12-01", "2026-01-01"]
    assert [day.isoformat() for day in Assessor((own, ended)).eras()] == days
    assert Assessor((own,)).eras() == [datetime.date(2025, 1, 1)]
    assert Assessor(()).eras() == []


def test_a_set_has_seasons_if_one_of_its_factors_holds_for_some_months_only() -> None:
    assert Assessor((read_factor_set(OWN), read_factor_set(OWN + SEASON))).has_seasons
    assert not Assessor((read_factor_set(OWN),)).has_seasons


def test_the_signature_of_a_day_names_every_factor_that_a_trip_could_meet() -> None:
    assessor, day = Assessor((*SHIPPED, read_factor_set(OWN + SEASON))), datetime.date(2025, 11, 1)
    assert assessor.signature("taxi", "e85", day) == (("avtal 1", "winter"), (SET, "e85-km"))
    assert assessor.signature("own_car", "e85", day.replace(month=10)) == ((SET, "e85-litre-summer"), (SET, "e85-km"))
    assert assessor.signature("own_car", "unknown", day) == (None, (SET, "unknown-km"))
    flown = ((SET, "flight-domestic-km"), (SET, "flight-short-km"), ("avtal 1", "long"))
    assert assessor.signature("flight", "unknown", day) == (None, None, None, *flown)
    assert assessor.signature("flight", "unknown", datetime.date(2012, 1, 1)) == (None,) * 6


def test_what_is_wrong_with_cells_in_themselves_is_said_without_any_factor() -> None:
    def faults(evidence: Evidence) -> list[str]:
        return [fault.code for fault in Assessor(()).cell_complaints(evidence)]

    assert faults(trip(distance_km="x", stated_kg="10000000")) == ["KV-CELL-SIZE", "KV-CELL-NUMBER"]
    assert faults(trip(distance_km="1")) == []
    assert faults(flight(route="GOT")) == ["KV-ROUTE"]


def test_a_trip_by_car_needs_no_airport_data() -> None:
    airports._airports.cache_clear()
    Assessor(SHIPPED).assess(trip(distance_km="10", route="Borås-Göteborg"))
    assert airports._airports.cache_info().currsize == 0


@given(st.integers(2, 999), st.decimals(min_value=1, max_value=4000, places=3, allow_nan=False))
def test_several_trips_of_a_distance_are_judged_by_the_length_of_one(times: int, km: Decimal) -> None:
    one, all_ = flown(distance_km=str(km)), flown(distance_km=f"{times}*{km}")
    assert all_.factors == one.factors
    assert Decimal(all_.quantity) == times * km
    assert abs(all_.co2_g - times * one.co2_g) <= times  # each alone is rounded, together they are rounded once
    assert (all_.co2_under_500_km_g == 0) == (one.co2_under_500_km_g == 0)


def test_three_flights_of_400_km_are_no_flight_of_1200() -> None:
    assert flown(distance_km="3*400").co2_g == 3 * flown(distance_km="400").co2_g
    assert flown(distance_km="3*400").co2_under_500_km_g == flown(distance_km="3*400").co2_g
    assert flown(distance_km="1200").co2_under_500_km_g == 0


@pytest.mark.parametrize("route", ["GOT-ARN", "GOT-ARN-JFK"])
def test_a_route_flown_by_several_is_as_much_as_all_of_them(route: str) -> None:
    once, thrice = flown(route=route), flown(route=f"3*{route}")
    assert int(thrice.quantity) == 3 * int(once.quantity)
    assert abs(thrice.co2_g - 3 * once.co2_g) <= 3
    credit = flown(route=f"-3*{route}")
    assert (credit.co2_g, credit.co2_under_500_km_g) == (-thrice.co2_g, -(thrice.co2_under_500_km_g or 0))
    assert thrice.co2_under_500_km_g


def test_a_distance_and_a_route_of_several_are_spread_as_for_one() -> None:
    both = flown(distance_km="2*7000", route="2*GOT-ARN-JFK")
    assert (both.tier, both.quantity) == ("distance", "14000")
    assert abs(both.co2_g - 2 * flown(distance_km="7000", route="GOT-ARN-JFK").co2_g) <= 2


def test_what_several_state_is_shared_by_the_length_of_one() -> None:
    assert flown(stated_kg="90", distance_km="3*400").co2_under_500_km_g == 90_000


def test_a_car_that_went_the_same_way_twelve_times_is_charged_for_all() -> None:
    assert co2(distance_km="12*6,5", fuel="").co2_g == co2(distance_km="78", fuel="").co2_g
    assert co2(distance_km="-12*6,5", fuel="").co2_g == -co2(distance_km="78", fuel="").co2_g


@pytest.mark.parametrize("cell", ["0*400", "1000*400", "*400", "3*", "3*-400", "3*x", "3**4"])
def test_a_count_that_is_none_is_refused(cell: str) -> None:
    assert complaints(flight(distance_km=cell)) == [("KV-CELL-NUMBER", "distance_km")]
