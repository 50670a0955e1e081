"""Single rules of plausibility: what is at a limit and what is beyond it, and what the complaint says."""

import datetime
from dataclasses import replace
from decimal import Decimal

import pytest

from klimatvaxling.travel.plausible import (
    DEFAULT_DISTANCE_KM,
    NEVER,
    NO_LIMITS,
    AmountRule,
    Implausible,
    ImplausibleDate,
    Limits,
    Moment,
    SpeedRule,
    iso_minute,
)

DAY = "2025-03-07"
MIDNIGHT = datetime.date(2025, 3, 7).toordinal() * 24 * 60
LIMITS = Limits({"taxi": Decimal(500), "flight": None}, Decimal("150.5"), 2)


def told(complaint: Implausible | None) -> tuple[str, str | None, dict[str, object]] | None:
    return complaint and (complaint.code.removeprefix("KV-PLAUSIBLE-"), complaint.place.column, complaint.facts)


# Moments.


@pytest.mark.parametrize(
    ("cell", "minute"),
    [
        ("2025-03-07 00:00", MIDNIGHT),
        ("2025-03-07T01:02", MIDNIGHT + 62),
        ("2025-03-07 23:59:59", MIDNIGHT + 1439),
        ("2025-03-07 07", MIDNIGHT + 420),
        ("2025-03-07", 0),
        ("20250307", 0),
        ("07:45", 0),
        ("", 0),
    ],
)
def test_a_minute_is_counted_from_the_calendars_first_day(cell: str, minute: int) -> None:
    assert iso_minute(cell) == minute


RULE = SpeedRule("från", "till", ("%d/%m/%Y %H:%M", "%d/%m/%Y"), Decimal(120))


@pytest.mark.parametrize(
    ("cell", "moment"),
    [
        ("00:00", Moment(MIDNIGHT, has_day=False)),
        (" 7:05 ", Moment(MIDNIGHT + 425, has_day=False)),
        ("07.45", Moment(MIDNIGHT + 465, has_day=False)),
        ("19:59:59", Moment(MIDNIGHT + 1199, has_day=False)),
        ("23.59.00", Moment(MIDNIGHT + 1439, has_day=False)),
        ("2025-03-08 01:30", Moment(MIDNIGHT + 1440 + 90)),
        ("2025-03-07", Moment(MIDNIGHT, has_time=False)),
        ("20250307", Moment(MIDNIGHT, has_time=False)),
        ("08/03/2025 10:00", Moment(MIDNIGHT + 1440 + 600)),
        ("08/03/2025", Moment(MIDNIGHT + 1440, has_time=False)),
        ("24:00", None),
        ("12:60", None),
        ("morgon", None),
        ("2025-02-30", None),
    ],
)
def test_a_cell_is_a_time_of_day_or_a_day_with_or_without_one(cell: str, moment: Moment | None) -> None:
    assert RULE.moment(cell, DAY) == moment
    assert RULE.moment(cell, f"{DAY} 12:00") == moment


def test_a_time_of_day_on_no_day_is_no_moment_and_forms_are_only_those_that_were_named() -> None:
    assert RULE.moment("07:45", "igår") is None
    assert SpeedRule("a", "b").moment("08/03/2025", DAY) is None


@pytest.mark.parametrize(
    ("start", "end", "minutes"),
    [
        ("07:45", "07:45", 1),
        ("07:45", "08:45", 61),
        ("07:45", "07:44", 0),
        ("07:45", "07:43", -1),
        # Around midnight where that makes less than half a day.
        ("23:30", "00:30", 61),
        ("12:02", "00:00", 719),
        ("12:01", "00:00", -720),
        ("12:00", "00:00", -719),
        ("2025-03-07 23:30", "00:30", -1379),
        ("23:30", "2025-03-07 00:30", -1379),
        # A day without a time is all of it.
        ("2025-03-07", "2025-03-07", 1440),
        ("2025-03-07 06:00", "2025-03-07", 1080),
        ("2025-03-07", "2025-03-07 06:00", 361),
    ],
)
def test_a_journey_took_at_most_until_the_end_of_the_minute_it_ended_in(start: str, end: str, minutes: int) -> None:
    begun, ended = RULE.moment(start, DAY), RULE.moment(end, DAY)
    assert begun is not None
    assert ended is not None
    assert begun.minutes_to(ended) == minutes


# Speed.


@pytest.mark.parametrize(
    ("start", "end", "km", "complaint"),
    [
        ("07:45", "08:44", "120", None),
        ("07:45", "08:44", "-120", None),
        ("07:45", "08:44", "120,1", ("SPEED", "till", {
            "start": "07:45", "end": "08:44", "distance": "120.1", "speed": 120, "most": "120"})),
        ("07:45 ", " 08:45", "-1 000", ("SPEED", "till", {
            "start": "07:45", "end": "08:45", "distance": "1000", "speed": 983, "most": "120"})),
        ("07:45", "07:45", "2", None),
        ("07:45", "07:45", "2,1", ("SPEED", "till", {
            "start": "07:45", "end": "07:45", "distance": "2.1", "speed": 126, "most": "120"})),
        ("", "08:45", "1000", None),
        ("07:45", " ", "1000", None),
        ("07:45", "08:45", "långt", None),
        ("07:45", "07:44", "1", ("TIMES", "till", {"start": "07:45", "end": "07:44"})),
        ("tidigt", "07:44", "1", ("TIMES", "från", {"start": "tidigt", "end": "07:44"})),
        ("07:45", "sent", "1", ("TIMES", "till", {"start": "07:45", "end": "sent"})),
        ("x" * 50, "y" * 50, "1", ("TIMES", "från", {"start": "x" * 40, "end": "y" * 40})),
    ],
)  # fmt: skip
def test_a_speed_beyond_the_limit_or_a_time_that_is_none_is_complained_about(
    start: str, end: str, km: str, complaint: tuple[str, str, dict[str, object]] | None
) -> None:
    assert told(RULE.complaint(start, end, DAY, km)) == complaint


@pytest.mark.parametrize(
    ("digits", "minutes"), [(0, 1), (1, 6), (2, 51), (3, 501), (20, 5 * 10**19 + 1), (40, 5 * 10**19 + 1)]
)
def test_a_duration_is_long_enough_for_any_distance_of_so_many_digits(digits: int, minutes: int) -> None:
    assert RULE.enough_minutes(digits) == minutes


def test_the_columns_of_a_rule_are_those_it_reads() -> None:
    assert RULE.columns == ("från", "till")
    assert AmountRule("belopp").columns == ("belopp",)
    assert AmountRule("belopp", "pris").columns == ("belopp", "pris")
    both = Limits(amount=AmountRule("belopp"), speed=RULE)
    assert both.rules == (AmountRule("belopp"), RULE)
    assert Limits(speed=RULE).rules == (RULE,)
    assert Limits().rules == ()


# Amounts.


@pytest.mark.parametrize(
    ("amount", "distance", "rate", "fits"),
    [
        ("250", "10", "25", True),
        ("-250", "10", "25", True),
        ("250", "-10", "25", True),
        ("250", "10", "-25", True),
        ("250,5", "10", "25", True),
        ("249,50", "10", "25", True),
        ("250,51", "10", "25", False),
        ("249,49", "10", "25", False),
        ("", "10", "25", True),
        ("250", " ", "25", True),
        ("250", "10", "", True),
        ("kr", "10", "25", False),
        ("250", "mil", "25", False),
        ("250", "10", "dyrt", False),
    ],
)
def test_an_amount_is_distance_times_the_rate_beside_it(amount: str, distance: str, rate: str, fits: bool) -> None:
    rule = AmountRule("belopp", "pris", tolerance_kr=Decimal("0.5"))
    facts = {"amount": amount, "distance": distance, "rate": rate}
    assert told(rule.complaint(amount, distance, rate)) == (None if fits else ("AMOUNT", "belopp", facts))


def test_an_amount_is_distance_times_one_of_some_rates() -> None:
    rule = AmountRule("belopp", rates=(Decimal("25.00"), Decimal(12)), tolerance_kr=Decimal(0))
    assert rule.complaint("250", "10", "") is None
    assert rule.complaint("120", "10", "") is None
    facts = {"amount": "95", "distance": "10", "rate": "25 / 12"}
    assert told(rule.complaint(" 95 ", " 10 ", "")) == ("AMOUNT", "belopp", facts)
    assert told(rule.complaint("kr", "10", "")) == ("AMOUNT", "belopp", {**facts, "amount": "kr"})
    long = AmountRule("belopp", "pris").complaint("1" * 50, "2" * 50, "3" * 70)
    assert long is not None
    assert long.facts == {"amount": "1" * 40, "distance": "2" * 40, "rate": "3" * 60}


# Distances, fuel, days.


@pytest.mark.parametrize(
    ("category", "km", "fuel", "codes"),
    [
        ("taxi", "500", "150,5", []),
        ("taxi", "500,01", "", ["DISTANCE"]),
        ("taxi", "500.01", "", ["DISTANCE"]),
        ("taxi", "501", "150,51", ["DISTANCE", "FUEL"]),
        ("taxi", "-501", "-151", ["DISTANCE", "FUEL"]),
        ("taxi", "99.9", "99.99999", []),
        ("taxi", "0000501", "", ["DISTANCE"]),
        ("taxi", "1 000", "1 000", ["DISTANCE", "FUEL"]),
        ("flight", "99999", "", []),
        ("own_car", "99999", "", []),
        ("taxi", "", "", []),
        ("taxi", "x", "y", []),
        ("taxi", "5x.9999", "9.9y", []),
    ],
)
def test_quantities_beyond_a_limit_are_complained_about(category: str, km: str, fuel: str, codes: list[str]) -> None:
    found = LIMITS.complaints(category, km, fuel)
    assert [complaint.code.removeprefix("KV-PLAUSIBLE-") for complaint in found] == codes


def test_a_complaint_says_the_value_its_limit_and_its_column() -> None:
    distance, fuel = LIMITS.complaints("taxi", " 501 ", " 151 ")
    assert told(distance) == ("DISTANCE", "distance_km", {"value": "501", "category": "taxi", "most": "500"})
    assert told(fuel) == ("FUEL", "fuel_quantity", {"value": "151", "most": "150.5"})
    assert replace(LIMITS, fuel_quantity=None).complaints("flight", "501", "9999") == []


@pytest.mark.parametrize(
    ("quantity", "fuel", "tank_l", "fits"),
    [
        ("60,5", "diesel", 55, True),
        ("60,51", "petrol", 55, False),
        ("61", "e85", 55, False),
        ("61", "hvo100", 55, False),
        ("61", "electric", 55, True),
        ("61", "diesel", None, True),
        ("", "diesel", 55, True),
    ],
)
def test_a_tank_holds_a_tenth_more_than_the_register_says(
    quantity: str, fuel: str, tank_l: int | None, fits: bool
) -> None:
    facts = {"quantity": quantity, "tank": tank_l}
    assert told(Limits().tank_complaint(f" {quantity} ", fuel, tank_l)) == (
        None if fits else ("TANK", "fuel_quantity", facts)
    )
    assert Limits(tank_percent=None).tank_complaint(quantity, fuel, tank_l) is None


@pytest.mark.parametrize(
    ("trip_on", "booked_on", "fits"),
    [
        ("2023-03-31", "2025-03-31", True),
        ("2023-03-31", "2025-04-01", False),
        ("2024-02-29", "2026-02-28", True),
        ("2024-02-29", "2026-03-01", False),
        ("2023-02-28", "2025-03-01", False),
        ("2023-03-29", "2025-03-29", True),
        ("2024-01-29", "2026-01-29", True),
        ("9998-01-01", "9999-12-31", True),
        ("9997-01-01", "9999-12-31", True),
        ("9996-01-01", "9998-01-02", False),
    ],
)
def test_a_trip_is_booked_within_the_years_of_its_source(trip_on: str, booked_on: str, fits: bool) -> None:
    trip_day, booking_day = datetime.date.fromisoformat(trip_on), datetime.date.fromisoformat(booked_on)
    replace(LIMITS, years=None).require_day(trip_day, booking_day)
    if fits:
        LIMITS.require_day(trip_day, booking_day)
        return
    with pytest.raises(ImplausibleDate) as refusal:
        LIMITS.require_day(trip_day, booking_day)
    assert told(refusal.value) == ("DATE", "date", {"trip_on": trip_day, "booked_on": booking_day, "years": 2})


def test_what_is_accepted_is_no_limit_any_more() -> None:
    limits = Limits(amount=AmountRule("belopp"), speed=RULE)
    assert limits.without([]) == limits
    assert limits.without(["KV-PLAUSIBLE-DISTANCE"]) == replace(limits, distance_km={})
    assert limits.without(["KV-PLAUSIBLE-FUEL"]) == replace(limits, fuel_quantity=None)
    assert limits.without(["KV-PLAUSIBLE-DATE"]) == replace(limits, years=None)
    assert limits.without(["KV-PLAUSIBLE-AMOUNT"]) == replace(limits, amount=None)
    assert limits.without(["KV-PLAUSIBLE-TANK"]) == replace(limits, tank_percent=None)


def test_a_cell_with_fewer_characters_than_the_limit_need_not_be_read() -> None:
    assert LIMITS.shortest() == ({"taxi": 3, "flight": NEVER}, 3)
    assert Limits().shortest() == ({"own_car": 5, "pool_car": 5, "rental_car": 5, "taxi": 4, "flight": 5}, 4)
    assert NO_LIMITS.shortest() == ({}, NEVER)
    assert Limits().distance_km == DEFAULT_DISTANCE_KM


def test_every_complaint_has_a_code_that_can_be_accepted() -> None:
    names = ("AMOUNT", "DATE", "DISTANCE", "FUEL", "SPEED", "TANK", "TIMES")
    assert Implausible.codes == {f"KV-PLAUSIBLE-{name}" for name in names}
