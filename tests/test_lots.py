"""Lots: the fees of one charge voucher, taken oldest first, and never more than any later day has left."""

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import Books, trip
from klimatvaxling.lots.lot import Lot, Movement, Take, least_left, take_oldest_first
from klimatvaxling.lots.retention import last_day_of_use

DAYS = [f"2025-{month:02d}-28" for month in range(1, 13)]


def lot(key: int, day: str, *movements: int) -> Lot:
    return Lot(key, day, tuple(Movement(day, amount) for amount in movements))


@pytest.mark.parametrize(
    ("booked", "last"),
    [
        ("2025-03-31", "2026-03-31"),
        ("2024-02-29", "2025-02-28"),
        ("2023-02-28", "2024-02-28"),
        ("2025-01-01", "2026-01-01"),
    ],
)
def test_fees_may_be_used_up_to_the_same_date_a_year_later(booked: str, last: str) -> None:
    assert last_day_of_use(datetime.date.fromisoformat(booked), "one_year_from_booking").isoformat() == last


def test_or_to_the_end_of_the_next_year_if_that_is_decided() -> None:
    assert last_day_of_use(datetime.date(2025, 3, 31), "end_of_next_year") == datetime.date(2026, 12, 31)
    assert last_day_of_use(datetime.date(2024, 2, 29), "end_of_next_year") == datetime.date(2025, 12, 31)


def test_the_oldest_lot_is_taken_first() -> None:
    lots = [lot(3, "2025-03-31", 100), lot(1, "2025-01-31", 100), lot(2, "2025-02-28", 100)]
    assert take_oldest_first(lots, 250, "2025-04-30") == ([Take(1, 100), Take(2, 100), Take(3, 50)], 0)


def test_lots_of_the_same_day_are_taken_in_the_order_of_their_vouchers() -> None:
    assert take_oldest_first([lot(9, "2025-01-31", 5), lot(4, "2025-01-31", 5)], 6, "2025-04-30") == (
        [Take(4, 5), Take(9, 1)],
        0,
    )


def test_a_lot_that_is_being_opened_comes_after_those_of_the_same_day_in_the_books() -> None:
    """Its voucher has no key yet; a mark below zero stands for it until it has one."""
    takes, missing = take_oldest_first([lot(-1, "2025-01-31", 5), lot(4, "2025-01-31", 5)], 5, "2025-04-30")
    assert (takes, missing) == ([Take(4, 5)], 0)


def test_what_no_lot_has_is_missing() -> None:
    assert take_oldest_first([lot(1, "2025-01-31", 30)], 50, "2025-04-30") == ([Take(1, 30)], 20)
    assert take_oldest_first([], 50, "2025-04-30") == ([], 50)


def test_a_lot_booked_later_cannot_be_taken_from() -> None:
    assert take_oldest_first([lot(1, "2025-05-31", 30)], 30, "2025-04-30") == ([], 30)
    assert take_oldest_first([lot(1, "2025-04-30", 30)], 30, "2025-04-30") == ([Take(1, 30)], 0)


def test_what_is_spent_later_cannot_be_spent_now() -> None:
    movements = (Movement("2025-01-31", 100), Movement("2025-06-30", -70), Movement("2025-09-30", 20))
    assert least_left(movements, "2025-03-01") == 30
    assert least_left(movements, "2025-10-01") == 50
    assert least_left(movements, "2025-01-01") == 0
    assert take_oldest_first([Lot(1, "2025-01-31", movements)], 100, "2025-03-01") == ([Take(1, 30)], 70)


movement = st.builds(Movement, st.sampled_from(DAYS), st.integers(-1000, 1000))


@given(movements=st.lists(movement, max_size=12), day=st.sampled_from(DAYS))
def test_the_least_left_is_the_lowest_balance_of_any_day_from_then_on(movements: list[Movement], day: str) -> None:
    balances = [sum(each.amount_ore for each in movements if each.booked_on <= end) for end in DAYS if end >= day]
    assert least_left(movements, day) == min(balances)


lots = st.lists(st.tuples(st.sampled_from(DAYS), st.lists(movement, max_size=5)), max_size=5)


@given(lots=lots, amount=st.integers(0, 3000), day=st.sampled_from(DAYS))
def test_a_posting_dated_back_never_makes_any_days_balance_wrong(
    lots: list[tuple[str, list[Movement]]], amount: int, day: str
) -> None:
    known = [Lot(key, lot_on, tuple(movements)) for key, (lot_on, movements) in enumerate(lots, start=1)]
    takes, missing = take_oldest_first(known, amount, day)
    assert sum(take.amount_ore for take in takes) + missing == amount
    assert all(take.amount_ore > 0 for take in takes)
    for take in takes:
        source = known[take.lot_id - 1]
        assert source.lot_on <= day
        after = [*source.movements, Movement(day, -take.amount_ore)]
        assert all(sum(each.amount_ore for each in after if each.booked_on <= end) >= 0 for end in DAYS if end >= day)
    if missing:
        assert all(
            least_left(
                [*each.movements, *(Movement(day, -take.amount_ore) for take in takes if take.lot_id == each.id)], day
            )
            <= 0
            for each in known
            if each.lot_on <= day
        )


def test_each_charge_voucher_is_a_lot_of_its_booking_date(books: Books) -> None:
    books.take(trip("a", date="2025-01-07"), trip("b", date="2025-02-07"), trip("c", date="2025-01-08", unit="BUF"))
    assert books.own_funds("SBF") == {"A2025-2": 1500, "A2025-3": 1500}
    assert books.own_funds("BUF") == {"A2025-1": 1500}
    assert books.sql("SELECT lot_on FROM lot ORDER BY voucher_id") == [
        ("2025-01-31",),
        ("2025-01-31",),
        ("2025-02-28",),
    ]


def test_what_is_due_within_ninety_days_is_shown_from_the_ninetieth_day_on(books: Books) -> None:
    books.take(trip(date="2025-03-07"))  # a lot of 2025-03-31, to be used until 2026-03-31
    assert books.balance("SBF", as_of="2025-12-30")["due_within_90_days_ore"] == 0
    assert books.balance("SBF", as_of="2025-12-31")["due_within_90_days_ore"] == 1500
    assert books.balance("SBF", as_of="2026-06-30")["due_within_90_days_ore"] == 1500


def test_a_longer_retention_moves_what_is_due(books: Books) -> None:
    books("policy", "set", "retention", "end_of_next_year", "--from", "2025-01-01", "--decision", "KS")
    books.take(trip(date="2025-03-07"))
    assert books.balance("SBF", as_of="2026-10-01")["due_within_90_days_ore"] == 0
    assert books.balance("SBF", as_of="2026-10-02")["due_within_90_days_ore"] == 1500
