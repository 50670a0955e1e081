"""Vehicles and the fleet: what an entry of the register may say, and which one a number or card means on a day."""

import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from klimatvaxling.errors import InputRefused
from klimatvaxling.units.unit import ALWAYS
from klimatvaxling.vehicles import vehicle as rules
from klimatvaxling.vehicles.fleet import CardTaken, Fleet, UnknownVehicle, VehicleNotThen
from klimatvaxling.vehicles.vehicle import Vehicle, folded, vehicle

DAY = datetime.date(2025, 3, 7)


def on(day: str) -> datetime.date:
    return datetime.date.fromisoformat(day)


def car(number: str = "QVI 101", **facts: Any) -> Vehicle:
    return vehicle(number, **({"unit": "SBF", "category": "pool_car", "fuel": "diesel"} | facts))


# What a number and an entry are.


@pytest.mark.parametrize("text", ["QVI 101", "qvi101", "QVI-101", " Q V I 1 0 1 ", "QVI\u00a0101"])
def test_a_registration_number_is_the_same_however_it_is_spaced(text: str) -> None:
    assert car(text).number == "QVI101"


@pytest.mark.parametrize("text", ["", "A", "-", "A" * 31, "ABC;123", "ABC\n123!", "=1+1"])
def test_what_cannot_be_a_number_is_refused(text: str) -> None:
    with pytest.raises(rules.BadVehicleNumber) as refused:
        car(text)
    assert refused.value.place.column == "vehicle"


@pytest.mark.parametrize("text", ["AB", "A" * 30, "MLÅ 123", "7015*8300/1"])
def test_a_number_has_two_to_thirty_signs(text: str) -> None:
    assert rules.vehicle_number(text, "cards") == folded(text)


def test_an_entry_is_kept_without_what_does_not_matter() -> None:
    assert car(
        " qvi-101 ",
        cards=["7015 8300", "7015-8300", "7015 8301"],
        unit=" 1210 ",
        cost_centre=" 1211 ",
        charged_by=" tankkort ",
        tank="55",
        valid_from=DAY,
        valid_to=DAY,
    ) == Vehicle(
        number="QVI101",
        cards=("70158300", "70158301"),
        unit="1210",
        category="pool_car",
        fuel="diesel",
        cost_centre="1211",
        outside_reason="",
        charged_by="tankkort",
        tank_l=55,
        valid_from=DAY,
        valid_to=DAY,
    )


def test_an_entry_that_says_no_more_holds_always_and_leaves_the_rest_to_the_rows() -> None:
    assert vehicle("QVI 101", unit="SBF", category="taxi") == Vehicle("QVI101", unit="SBF", category="taxi")
    bare = car(fuel="", charged_by=" ")
    assert (bare.cards, bare.fuel, bare.cost_centre, bare.charged_by, bare.tank_l) == ((), "", "", "", None)
    assert (bare.valid_from, bare.valid_to) == (ALWAYS, None)


@pytest.mark.parametrize(("tank", "litres"), [("1", 1), ("3000", 3000)])
def test_a_tank_holds_at_least_one_litre_and_at_most_three_thousand(tank: str, litres: int) -> None:
    assert car(tank=tank).tank_l == litres


@pytest.mark.parametrize("name", ["t", "Tank kort-2.0", "å" * 60])
def test_the_name_of_the_source_that_charges_a_vehicle_is_kept(name: str) -> None:
    assert car(charged_by=name).charged_by == name


@pytest.mark.parametrize(
    ("facts", "fault", "column"),
    [
        ({"unit": ""}, rules.VehicleUnitMissing, "unit"),
        ({"unit": " ", "outside_reason": " "}, rules.VehicleUnitMissing, "unit"),
        ({"category": ""}, rules.BadVehicleCategory, "category"),
        ({"category": "flight", "outside_reason": "lastbil"}, rules.BadVehicleCategory, "category"),
        ({"category": "flight"}, rules.BadVehicleCategory, "category"),
        ({"category": "lastbil"}, rules.BadVehicleCategory, "category"),
        ({"fuel": "bensin 95"}, rules.BadVehicleFuel, "fuel"),
        ({"cards": ["7"]}, rules.BadVehicleNumber, "cards"),
        ({"tank": "0"}, rules.BadTank, "tank_litres"),
        ({"tank": "55,5"}, rules.BadTank, "tank_litres"),
        ({"tank": "00055"}, rules.BadTank, "tank_litres"),
        ({"charged_by": "-kort"}, rules.BadChargingSource, "charged_by"),
        ({"charged_by": "å" * 61}, rules.BadChargingSource, "charged_by"),
        ({"tank": "3001"}, rules.BadTank, "tank_litres"),
        ({"valid_from": DAY, "valid_to": on("2025-03-06")}, rules.VehicleEndsBeforeItBegins, "valid_to"),
    ],
)
def test_each_bad_fact_about_a_vehicle_is_refused_by_its_own_name_in_its_column(
    facts: dict[str, Any], fault: type[InputRefused], column: str
) -> None:
    with pytest.raises(fault) as refused:
        car(**facts)
    assert refused.value.place.column == column


def test_a_vehicle_outside_the_scheme_needs_a_reason_and_nothing_else() -> None:
    lorry = vehicle("QVI 190", outside_reason=" lastbil,  ingår inte ")
    assert (lorry.outside_reason, lorry.unit, lorry.category) == ("lastbil, ingår inte", "", "")
    assert car(outside_reason="utryckning").category == "pool_car"


# Which entry holds.


def test_an_entry_holds_until_the_next_one_begins() -> None:
    fleet = Fleet([car(unit="SBF"), car(unit="BUF", valid_from=on("2025-03-01"))])
    assert fleet.find("QVI101", on("2025-02-28")).unit == "SBF"
    assert fleet.find("QVI101", on("2025-03-01")).unit == "BUF"


def test_of_entries_that_begin_on_the_same_day_the_last_registered_holds() -> None:
    assert Fleet([car(unit="SBF"), car(unit="BUF")]).find("QVI101", DAY).unit == "BUF"


def test_after_the_last_day_of_the_newest_entry_nobody_has_the_vehicle() -> None:
    fleet = Fleet([car(unit="SBF"), car(unit="BUF", valid_from=on("2025-02-01"), valid_to=on("2025-03-06"))])
    assert fleet.find("QVI101", on("2025-03-06")).unit == "BUF"
    with pytest.raises(VehicleNotThen):
        fleet.find("QVI101", DAY)


def test_a_card_means_the_vehicle_it_belongs_to_that_day() -> None:
    first = car("QVI 101", cards=["7015 8300"], valid_to=on("2025-02-28"))
    second = car("QVI 102", unit="BUF", cards=["70158300"], valid_from=on("2025-03-01"))
    fleet = Fleet([first, second])
    fleet.require_one_vehicle_each([first, second])
    assert fleet.find("7015-8300", on("2025-02-28")) is first
    assert fleet.find("7015 8300", on("2025-03-01")) is second


def test_a_card_that_was_taken_from_its_vehicle_means_nothing_from_then() -> None:
    fleet = Fleet([car(cards=["70158300"]), car(cards=["70158301"], valid_from=on("2025-03-01"))])
    assert fleet.find("70158300", on("2025-02-28")).number == "QVI101"
    with pytest.raises(VehicleNotThen):
        fleet.find("70158300", DAY)


@pytest.mark.parametrize("other", [{"cards": ["70158300"]}, {"cards": ["QVI 101"]}])
def test_a_card_or_number_of_two_vehicles_on_one_day_is_refused(other: dict[str, Any]) -> None:
    known = car(cards=["70158300"])
    new = car("QVI 102", valid_from=on("2025-06-01"), **other)
    with pytest.raises(CardTaken) as refusal:
        Fleet([known, new]).require_one_vehicle_each([new])
    assert refusal.value.facts["owner"] == "QVI101"
    assert refusal.value.facts["day"] == on("2025-06-01")
    assert refusal.value.place.column == "cards"


def test_a_number_that_is_anothers_card_is_refused_as_the_number() -> None:
    new = car("QVI 102")
    with pytest.raises(CardTaken) as refusal:
        Fleet([car(cards=["QVI 102"]), new]).require_one_vehicle_each([new])
    assert (refusal.value.facts["owner"], refusal.value.place.column) == ("QVI101", "vehicle")


def test_a_card_that_another_vehicle_gets_later_is_refused_too() -> None:
    later = car("QVI 102", cards=["70158300"], valid_from=on("2025-06-01"))
    new = car("QVI 101", cards=["70158300"])
    with pytest.raises(CardTaken) as refusal:
        Fleet([later, new]).require_one_vehicle_each([new])
    assert refusal.value.facts["day"] == on("2025-06-01")


def test_a_card_that_is_another_vehicles_number_later_is_refused_too() -> None:
    later = car("QVI 102", valid_from=on("2025-06-01"))
    new = car("QVI 101", cards=["QVI 102"])
    with pytest.raises(CardTaken) as refusal:
        Fleet([later, new]).require_one_vehicle_each([new])
    assert (refusal.value.facts["owner"], refusal.value.facts["day"]) == ("QVI102", on("2025-06-01"))


def test_every_vehicle_every_card_and_every_day_is_looked_at() -> None:
    known = car("QVI 109", cards=["C9"], valid_from=on("2025-06-01"))
    harmless = car("QVI 100", cards=["C90"])
    new = car("QVI 101", cards=["C91", "C92", "C9"], valid_from=on("2025-01-01"))
    fleet = Fleet([known, harmless, car("QVI 110", cards=["C92"], valid_to=on("2024-12-31")), new])
    with pytest.raises(CardTaken) as refusal:
        fleet.require_one_vehicle_each([harmless, new])
    assert (refusal.value.facts["value"], refusal.value.facts["day"]) == ("C9", on("2025-06-01"))


def test_a_card_may_go_to_another_vehicle_on_the_day_it_is_taken_from_the_first() -> None:
    first, without = car(cards=["70158300"]), car(valid_from=on("2025-06-01"))
    second = car("QVI 102", cards=["70158300"], valid_from=on("2025-06-01"))
    Fleet([first, without, second]).require_one_vehicle_each([first, without, second])


def test_an_entry_that_another_of_the_same_day_replaces_takes_nobodys_card() -> None:
    wrong, right = car("QVI 102", cards=["70158300"]), car("QVI 102")
    Fleet([car(cards=["70158300"]), wrong, right]).require_one_vehicle_each([wrong, right])


def test_the_cards_of_a_vehicle_may_hold_its_own_number() -> None:
    own = car(cards=["QVI 101"])
    fleet = Fleet([own])
    fleet.require_one_vehicle_each([own])
    assert fleet.find("QVI 101", DAY) is own


def test_the_fleet_of_a_day_is_every_vehicle_that_somebody_has_by_number() -> None:
    sold = car("QVI 100", valid_to=on("2025-03-06"))
    bought_later = car("QVI 104", valid_from=on("2025-03-08"))
    fleet = Fleet([car("QVI 103"), car("QVI 101"), sold, bought_later])
    assert [vehicle.number for vehicle in fleet.on(DAY)] == ["QVI101", "QVI103"]
    assert [vehicle.number for vehicle in fleet.on(on("2025-03-06"))] == ["QVI100", "QVI101", "QVI103"]


def test_an_era_begins_with_an_entry_or_on_the_day_after_its_last() -> None:
    fleet = Fleet(
        [
            car(valid_from=on("2025-02-01"), valid_to=on("2025-03-06")),
            car(valid_from=on("2024-02-01")),
            car("QVI 102", valid_from=on("2025-02-01"), valid_to=datetime.date.max),
        ]
    )
    assert fleet.eras() == [on("2024-02-01"), on("2025-02-01"), on("2025-03-07")]
    assert Fleet([]).eras() == []


@pytest.mark.parametrize("text", ["", "QVI 999", "70158399"])
def test_what_is_not_in_the_register_is_unknown(text: str) -> None:
    with pytest.raises(UnknownVehicle) as refused:
        Fleet([car(cards=["70158300"])]).find(f" {text} ", DAY)
    assert (refused.value.facts, refused.value.place.column) == ({"value": text}, "vehicle")


@pytest.mark.parametrize("text", ["QVI 101", "70158300"])
def test_what_is_in_the_register_on_other_days_is_told_from_what_is_unknown(text: str) -> None:
    with pytest.raises(VehicleNotThen) as refused:
        Fleet([car(cards=["70158300"], valid_from=on("2025-03-08"))]).find(text, DAY)
    assert (refused.value.facts, refused.value.place.column) == ({"value": text, "day": DAY}, "vehicle")


@given(
    st.lists(
        st.tuples(st.integers(0, 9), st.one_of(st.none(), st.integers(0, 9)), st.sampled_from(["SBF", "BUF"])),
        max_size=6,
    ),
    st.integers(0, 10),
)
def test_between_two_eras_every_answer_is_the_same(entries: list[tuple[int, int | None, str]], offset: int) -> None:
    first = on("2025-03-01")
    fleet = Fleet(
        Vehicle(
            "QVI101",
            unit=unit,
            category="pool_car",
            valid_from=first + datetime.timedelta(begin),
            valid_to=None if length is None else first + datetime.timedelta(begin + length),
        )
        for begin, length, unit in entries
    )
    day = first + datetime.timedelta(offset)
    era = max((start for start in fleet.eras() if start <= day), default=datetime.date.min)
    assert fleet.on(day) == fleet.on(era)
