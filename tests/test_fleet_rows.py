"""Rows that name a vehicle get from the register what they lack, or are set aside with the reason."""

import datetime
from typing import Any

import pytest

from klimatvaxling.policies.policy import VEHICLE_SOURCE, PolicyValue
from klimatvaxling.travel.chunk import Chunk
from klimatvaxling.travel.standard import COLUMNS
from klimatvaxling.trips.fleet_rows import FleetRows, SetAside, VehicleMissing
from klimatvaxling.vehicles.charging_source import ChargedElsewhere, ChargingSources
from klimatvaxling.vehicles.fleet import Fleet, UnknownVehicle, VehicleNotThen
from klimatvaxling.vehicles.vehicle import Vehicle, vehicle

PLAIN = {"date": "2025-03-07", "vehicle": "QVI 101"}


def day(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text)


def car(number: str = "QVI 101", **facts: Any) -> Vehicle:
    plain = {"unit": "SBF", "category": "pool_car", "fuel": "diesel", "cost_centre": "1210", "tank": "55"}
    return vehicle(number, **(plain | facts))


FLEET = (
    car(cards=["7015 8300"]),
    car(unit="BUF", fuel="", cost_centre="", tank="", valid_from=day("2025-04-01"), valid_to=day("2025-04-30")),
    car("QVI 102", outside_reason="lastbil", charged_by="pool", unit=""),
    car("QVI 103", charged_by="pool", fuel="petrol"),
)


def rows(*vehicles: Vehicle, policies: tuple[PolicyValue, ...] = (), source: str = "kort") -> FleetRows:
    return FleetRows(Fleet(vehicles or FLEET), ChargingSources(policies), source)


def chunk(*given: dict[str, str]) -> Chunk:
    full = [[(PLAIN | row).get(column, "") for column in COLUMNS] for row in given]
    columns = [list(column) for column in zip(*full, strict=True)]
    return Chunk(range(2, 2 + len(given)), columns, [[f"kept {number}" for number in range(len(given))]])


def column(filled: Chunk, name: str) -> list[str]:
    return list(filled.columns[COLUMNS.index(name)])


# What a row lacks.


def test_unit_category_fuel_and_cost_centre_come_from_the_vehicle_of_the_day() -> None:
    given = chunk(
        {}, {"vehicle": "7015-8300"}, {"date": "2025-04-01"}, {"date": "2025-04-30 12:00", "vehicle": "qvi101"}
    )
    filled = rows().filled(given)
    assert column(filled, "unit") == ["SBF", "SBF", "BUF", "BUF"]
    assert column(filled, "category") == ["pool_car"] * 4
    assert column(filled, "fuel") == ["diesel", "diesel", "", ""]
    assert column(filled, "cost_centre") == ["1210", "1210", "", ""]
    # Nothing else is touched, and the chunk that was given stays as it is.
    changed = {"unit", "category", "fuel", "cost_centre"}
    for name in set(COLUMNS) - changed:
        assert column(filled, name) == column(given, name)
    assert (filled.numbers, filled.kept) == (given.numbers, given.kept)
    assert all(column(given, name) == [""] * 4 for name in changed)


def test_what_a_row_says_itself_comes_first_and_a_blank_says_nothing() -> None:
    filled = rows().filled(
        chunk({"unit": "2100", "fuel": " "}, {"category": "taxi"}, {"fuel": "hvo100", "cost_centre": "9"})
    )
    assert column(filled, "unit") == ["2100", "SBF", "SBF"]
    assert column(filled, "category") == ["pool_car", "taxi", "pool_car"]
    assert column(filled, "fuel") == ["diesel", "diesel", "hvo100"]
    assert column(filled, "cost_centre") == ["1210", "1210", "9"]


def test_a_row_without_a_vehicle_needs_a_unit_of_its_own() -> None:
    known = {"vehicle": " ", "unit": "SBF"}
    assert column(rows().filled(chunk(known)), "unit") == ["SBF"]
    # Of a row whose day is none the vehicle is there, and its unit cannot be told yet.
    assert column(rows().filled(chunk(known, {"date": "x"})), "unit") == ["SBF", ""]
    for lacking in ({"vehicle": " "}, {"vehicle": "", "unit": " "}):
        with pytest.raises(VehicleMissing) as refused:
            rows().filled(chunk(known, lacking))
        assert refused.value.place.column == "vehicle"


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ({"vehicle": "QVI 999"}, UnknownVehicle),
        ({"vehicle": "QVI 999", "unit": "SBF"}, UnknownVehicle),
        ({"date": "2025-05-01"}, VehicleNotThen),
        ({"date": "2025-04-01", "vehicle": "70158300"}, VehicleNotThen),
    ],
)
def test_the_first_row_whose_vehicle_is_not_known_is_complained_about(
    row: dict[str, str], fault: type[UnknownVehicle | VehicleNotThen]
) -> None:
    with pytest.raises(fault) as refused:
        rows().filled(chunk({}, row, {"vehicle": "QVI 998"}))
    assert refused.value.facts["value"] == (PLAIN | row)["vehicle"]


def test_a_row_without_a_day_is_left_to_whoever_judges_dates() -> None:
    filled = rows().filled(chunk({"date": "i går"}, {"date": "", "vehicle": "QVI 999"}))
    assert column(filled, "unit") == ["", ""]


def test_the_tank_is_the_vehicles_of_the_day_where_the_register_knows_it() -> None:
    of_fleet = rows()
    given = chunk({}, {"date": "2025-04-01"}, {"vehicle": "QVI 999"}, {"vehicle": ""})
    assert of_fleet.tanks(given) == [55, None, None, None]
    assert of_fleet.tanks(chunk({"vehicle": "QVI 103"}, {})) == [55, 55]
    assert of_fleet.tanks(given) == [55, None, None, None]


# What is set aside.


def test_rows_that_are_all_inside_pass_as_they_are() -> None:
    given = chunk({}, {"vehicle": "QVI 999"}, {"vehicle": ""})
    inside, outside = rows().parted(given)
    assert inside is given
    assert outside is None


def test_rows_outside_the_scheme_are_set_aside_each_with_its_reason() -> None:
    given = chunk({"vehicle": "QVI 102"}, {}, {"vehicle": "qvi-103"}, {"vehicle": "QVI 999"})
    inside, outside = rows().parted(given)
    assert inside == given.only([1, 3])
    # The register's own reason comes before the source that charges the vehicle.
    assert outside == SetAside(given.only([0, 2]), ["lastbil", ChargedElsewhere("pool")])
    inside, outside = rows(source="pool").parted(given)
    assert (inside, outside) == (given.only([1, 2, 3]), SetAside(given.only([0]), ["lastbil"]))


def test_the_rule_of_the_day_says_which_rows_another_source_charges() -> None:
    decided = PolicyValue(1, VEHICLE_SOURCE, "pool", day("2025-03-08"), "KS 7", "2025-01-01T00:00:00Z", "anna")
    given = chunk({}, {"date": "2025-03-08"}, {"date": "i går"})
    inside, outside = rows(policies=(decided,)).parted(given)
    assert inside == given.only([0, 2])
    assert outside == SetAside(given.only([1]), [ChargedElsewhere("pool", "KS 7")])
