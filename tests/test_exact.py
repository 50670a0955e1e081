"""Exact arithmetic: half up on the magnitude, and shares that always sum to the whole."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from klimatvaxling.charges.charge import fee_ore
from klimatvaxling.exact import as_precise_as, product, share_out, whole, whole_quotient


@pytest.mark.parametrize(
    ("value", "rounded"),
    [("0.5", 1), ("-0.5", -1), ("1.5", 2), ("2.5", 3), ("-2.5", -3), ("0.4999999999999999999999", 0), ("-0.49", 0)],
)
def test_a_half_is_rounded_away_from_zero(value: str, rounded: int) -> None:
    assert whole(Decimal(value)) == rounded


@given(st.decimals(min_value=-(10**20), max_value=10**20, places=8, allow_nan=False, allow_infinity=False))
def test_rounding_mirrors_and_moves_at_most_half(value: Decimal) -> None:
    assert whole(-value) == -whole(value)
    distance = abs(Fraction(value)) - abs(whole(value))
    assert Fraction(-1, 2) <= distance < Fraction(1, 2)


@given(grams=st.integers(-(10**15), 10**15), rate=st.integers(0, 10**6))
def test_a_credit_mirrors_its_charge_to_the_ore(grams: int, rate: int) -> None:
    ore = (abs(grams) * rate * 2 + 1000) // 2000
    assert fee_ore(abs(grams), rate) == ore
    assert fee_ore(-abs(grams), rate) == -ore


def test_the_sign_of_a_quotient_is_that_of_both_its_parts() -> None:
    assert whole_quotient(7, 2) == whole_quotient(-7, -2) == 4
    assert whole_quotient(-7, 2) == whole_quotient(7, -2) == -4
    assert whole_quotient(1, 3) == whole_quotient(-1, -3) == 0


def test_a_number_is_written_with_as_many_decimals_as_its_pattern_and_a_half_is_rounded_away_from_zero() -> None:
    assert str(as_precise_as(Decimal("2.345"), Decimal("0.01"))) == "2.35"
    assert str(as_precise_as(Decimal("-2.345"), Decimal("0.01"))) == "-2.35"
    assert str(as_precise_as(Decimal(2), Decimal("10.000"))) == "2.000"


def test_a_kilo_costs_one_krona_and_fifty_ore() -> None:
    assert fee_ore(1_000, 150) == 150
    assert fee_ore(3, 150) == 0  # 0.45 öre
    assert fee_ore(10, 150) == 2  # 1.5 öre


@given(
    first=st.decimals(places=10, min_value=-(10**15), max_value=10**15),
    second=st.decimals(places=9, min_value=0, max_value=10**9),
)
def test_a_product_loses_nothing(first: Decimal, second: Decimal) -> None:
    assert Fraction(product(first, second)) == Fraction(first) * Fraction(second)


weights = st.lists(st.integers(0, 10**9), min_size=1, max_size=12)


@given(total=st.integers(-(10**12), 10**12), weights=weights)
def test_shares_sum_to_the_whole_and_lie_within_one_of_their_part(total: int, weights: list[int]) -> None:
    shares = share_out(total, weights)
    assert sum(shares) == total
    if sum(weights):
        for share, weight in zip(shares, weights, strict=True):
            assert abs(share - Fraction(total * weight, sum(weights))) < 1


@given(total=st.integers(-(10**12), 10**12), weights=st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=12))
def test_shares_sum_to_the_whole_when_some_or_all_trips_are_credits(total: int, weights: list[int]) -> None:
    assert sum(share_out(total, weights)) == total


@given(total=st.integers(-(10**12), 10**12), weights=st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=12))
def test_a_credit_is_shared_out_as_the_mirror_of_its_charge(total: int, weights: list[int]) -> None:
    charge = share_out(total, weights)
    assert share_out(-total, [-weight for weight in weights]) == [-share for share in charge]


def test_the_largest_remainder_gets_the_odd_ore_and_the_earlier_of_equals() -> None:
    assert share_out(100, [1, 1, 1]) == [34, 33, 33]
    assert share_out(10, [5, 3, 2, 1]) == [4, 3, 2, 1]
    assert share_out(-100, [-1, -1, -1]) == [-34, -33, -33]


def test_without_grams_the_first_takes_everything() -> None:
    assert share_out(7, [0, 0]) == [7, 0]
    with pytest.raises(ValueError, match="at least one"):
        share_out(7, [])
