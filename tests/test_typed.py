"""What people type and suppliers write: every Swedish spelling of a number, and nothing that is no number."""

import contextlib
import datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from klimatvaxling import typed

SPACES = (" ", "\u00a0", "\u202f", "\u2009")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1234,50", "1234.5"),
        ("1234.50", "1234.5"),
        ("1 234,50", "1234.5"),
        ("1\u00a0234,50", "1234.5"),
        ("1\u202f234,50", "1234.5"),
        ("1.234,50", "1234.5"),
        ("1.234.567,8", "1234567.8"),
        ("1 234 567", "1234567"),
        ("1.234", "1.234"),
        ("1,234", "1.234"),
        ("-12,5", "-12.5"),
        ("\u221212,5", "-12.5"),
        ("  7 ", "7"),
        (",5", "0.5"),
        (".5", "0.5"),
        ("007", "7"),
        ("0", "0"),
        ("-0", "0"),
    ],
)
def test_every_swedish_spelling_of_a_number_is_understood(text: str, number: str) -> None:
    assert typed.decimal(text) == Decimal(number)


@pytest.mark.parametrize(
    "text",
    ["", " ", "-", ",", ".", "5,", "5.", "NaN", "nan", "inf", "-inf", "Infinity", "1e5", "1E5", "1_000", "0x10", "+5",
     "1 23", "12 34,5", "1.23,4", "1,234.50", "1.234.567", "1,2,3", "--5", "5-", "(5)", "1 234\u00a0567", "٣", "５",
     "²", "5 kr", "=5", "1/2", "9" * 31, "tolv"],
)  # fmt: skip
def test_what_is_no_number_is_refused_and_never_guessed(text: str) -> None:
    with pytest.raises(typed.NotANumber):
        typed.decimal(text)


def grouped(digits: str, separator: str) -> str:
    first = len(digits) % 3 or 3
    return separator.join([digits[:first], *(digits[index : index + 3] for index in range(first, len(digits), 3))])


@given(
    number=st.decimals(min_value=-(10**12), max_value=10**12, places=4, allow_nan=False, allow_infinity=False),
    space=st.sampled_from(["", *SPACES, "."]),
    comma=st.sampled_from([",", "."]),
    minus=st.sampled_from(["-", "\u2212"]),
    padding=st.sampled_from(["", " ", "\u00a0"]),
)
def test_a_number_survives_being_spelled_in_any_swedish_way(
    number: Decimal, space: str, comma: str, minus: str, padding: str
) -> None:
    whole, decimals = format(abs(number), "f").split(".")
    text = grouped(whole, space) + ("," if space == "." else comma) + decimals
    text = padding + (minus if number < 0 else "") + text + padding
    assert typed.decimal(text) == number


@given(st.decimals(min_value=-(10**15), max_value=10**15, allow_nan=False, allow_infinity=False, places=6))
def test_the_canonical_spelling_reads_back_as_the_same_number(number: Decimal) -> None:
    text = typed.canonical(number)
    assert typed.decimal(text) == number
    assert typed.canonical(typed.decimal(text)) == text
    assert "e" not in text.lower()


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("12.500", "12.5"),
        ("1500", "1500"),
        ("1500.00", "1500"),
        ("1E+3", "1000"),
        ("1.5E-7", "0.00000015"),
        ("-0.00", "0"),
        ("-0", "0"),
        ("-0.50", "-0.5"),
        ("0", "0"),
    ],
)
def test_a_number_is_written_with_a_point_without_exponent_and_without_zeros_at_the_end(number: str, text: str) -> None:
    assert typed.canonical(Decimal(number)) == text


@given(st.text(max_size=12))
def test_any_text_is_a_number_or_refused_but_never_a_fault(text: str) -> None:
    with contextlib.suppress(typed.NotANumber):
        assert typed.decimal(text).is_finite()


def test_a_whole_number_keeps_no_decimals_it_was_not_given() -> None:
    assert typed.decimal("1500").as_tuple().exponent == 0
    assert typed.decimal("1500,50").as_tuple().exponent == -2


@pytest.mark.parametrize(
    ("text", "ore"),
    [("1234.50", 123450), ("1234,50", 123450), ("1 234,50", 123450), ("0,01", 1), ("-5", -500), ("5 kr", 500),
     ("5,5 SEK", 550), ("5,5sek", 550), ("5 Kr", 500), ("5  KR ", 500), ("1,500", 150),
     ("1000000000000", 10**14), ("-1000000000000", -(10**14))],
)  # fmt: skip
def test_an_amount_is_typed_in_kronor_and_kept_in_whole_ore(text: str, ore: int) -> None:
    assert typed.amount_ore(text) == ore


@pytest.mark.parametrize(
    "text", ["", "kr", "0,001", "1,505", "NaN", "inf", "1e5", "12 € ", "123456789,00000000000000000001"]
)
def test_an_amount_finer_than_an_ore_or_no_amount_at_all_is_refused(text: str) -> None:
    with pytest.raises(typed.NotAnAmount):
        typed.amount_ore(text)


def test_a_large_amount_is_never_rounded() -> None:
    assert typed.amount_ore("999999999999,99") == 99_999_999_999_999


@pytest.mark.parametrize("text", ["1000000000000,01", "-1000000000000,01", "12345678901234567890123456789,01"])
def test_an_amount_that_sums_have_no_room_for_is_refused_as_it_was_typed(text: str) -> None:
    with pytest.raises(typed.TooLarge) as refused:
        typed.amount_ore(text)
    assert refused.value.facts == {"value": text}


@given(st.integers(min_value=-(10**14), max_value=10**14))
def test_ore_survive_being_written_as_kronor(ore: int) -> None:
    sign = "-" if ore < 0 else ""
    assert typed.amount_ore(f"{sign}{abs(ore) // 100},{abs(ore) % 100:02d}") == ore


@pytest.mark.parametrize("text", ["2025-03-07", "20250307", " 2025-03-07 "])
def test_a_date_is_typed_with_or_without_hyphens(text: str) -> None:
    assert typed.date(text) == datetime.date(2025, 3, 7)


@pytest.mark.parametrize("text", ["1900-01-01", "2999-12-31"])
def test_the_books_have_room_for_every_day_from_1900_to_2999(text: str) -> None:
    assert typed.date(text).isoformat() == text


@pytest.mark.parametrize("text", ["1899-12-31", "3000-01-01", "0225-03-07"])
def test_a_day_of_a_year_outside_the_books_is_refused_but_may_be_asked_about(text: str) -> None:
    with pytest.raises(typed.DateOutsideTheBooks):
        typed.date(text)
    assert typed.any_date(text).isoformat() == text


@pytest.mark.parametrize(
    "text",
    ["", "2025-02-29", "2025-13-01", "2025-3-7", "250307", "07/03/2025", "2025-0307", "2025-W10-5", "0000-01-01"],
)
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(typed.NotADate):
        typed.date(text)


def test_a_month_knows_its_days_and_its_successor() -> None:
    assert typed.month("2024-02").first_day == datetime.date(2024, 2, 1)
    assert typed.month("2024-02").last_day == datetime.date(2024, 2, 29)
    assert typed.month("2025-12").next() == typed.month("2026-01")
    assert typed.month(" 2025-03 ").next() == typed.Month(2025, 4)
    assert str(typed.Month.of(datetime.date(2025, 3, 7))) == "2025-03"


@pytest.mark.parametrize("text", ["0001-01", "9998-12"])
def test_a_month_may_be_as_early_or_late_as_a_day_and_still_have_one_after_it(text: str) -> None:
    assert str(typed.month(text)) == text
    assert typed.month(text).next().last_day.year in (1, 9999)


def test_the_last_month_of_time_has_a_last_day_too() -> None:
    assert typed.Month(9999, 12).last_day == datetime.date(9999, 12, 31)


@pytest.mark.parametrize(
    "text", ["", "2025", "2025-13", "2025-00", "2025-3", "202503", "0000-01", "9999-01", "2025-03-01"]
)
def test_what_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(typed.NotAMonth):
        typed.month(text)


@pytest.mark.parametrize(("text", "year"), [("2025", 2025), (" 2025 ", 2025), ("1900", 1900), ("9998", 9998)])
def test_a_year_is_typed_with_four_digits(text: str, year: int) -> None:
    assert typed.year(text) == year


@pytest.mark.parametrize("text", ["", "25", "0000", "1899", "9999", "20255", "två"])
def test_what_is_no_year_is_refused(text: str) -> None:
    with pytest.raises(typed.NotAYear):
        typed.year(text)
