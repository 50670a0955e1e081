"""No traveller is stored: what looks like a personal identity number is found wherever in a cell it is."""

import datetime
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import luhn

from klimatvaxling.travel.personal_number import looks_like_personal_number, may_contain

# Fictitious, with right check digits: a personal identity number and a coordination number.
BORN, BIRTH_NUMBER = "811228", "9874"
SEPARATORS = ["", "-", "+", " ", "\u00a0", "\u202f", "\u2013", "\u2212"]


@pytest.mark.parametrize("separator", SEPARATORS)
@pytest.mark.parametrize("century", ["", "19", "18"])
def test_ten_or_twelve_digits_count_with_every_separator_people_use(century: str, separator: str) -> None:
    assert looks_like_personal_number(f"{century}{BORN}{separator}{BIRTH_NUMBER}")


@pytest.mark.parametrize("number", ["701063-2391", "197010632391", "7010632391"])
def test_a_coordination_number_counts(number: str) -> None:
    assert looks_like_personal_number(number)


@pytest.mark.parametrize(
    "text",
    [
        "Resa Anna 811228-9874 GBG",
        "anna811228-9874",
        "(8112289874)",
        "Resor 2025-03-07, 19811228-9874, 2 st",
        "8112289874,8112289874",
        "8112289875,811228-9874",
        "SE811228987401",
        "se 811228987401",
        "Momsnr SE811228987401.",
        "8112289874.0",
        "8112289874,00",
        "8112289874.",
        "178112289874 811228-9874",
        "8112289-9874 811228-9874",
        "8112289874,50 8112289874",
        "198112289874,50",
        "811228-9874,50",
        "57,811228-9874",
        "57,198112289874",
    ],
)
def test_a_number_inside_a_longer_text_counts(text: str) -> None:
    assert looks_like_personal_number(text)
    assert may_contain(text.encode())


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("811228-9875", "wrong check digit"),
        ("811328-9873", "no thirteenth month"),
        ("810230-9878", "no 30 February"),
        ("810229-0003", "no leap year"),
        ("19000229-0005", "1900 was no leap year"),
        ("556036-0793", "an organisation number: its month is at least 20"),
        ("2112000548", "a municipality's organisation number"),
        ("178112289874", "no century anybody alive or dead in a register was born in"),
        ("8112289874123", "thirteen digits and more are another kind of number"),
        ("SE4550000000058398257466", "an IBAN"),
        ("SE45 5000 0000 0583 9825 7466", "an IBAN in groups"),
        ("8112289874,50", "a number with decimals"),
        ("57,8112289874", "a coordinate"),
        ("5,8112289874", "a coordinate"),
        ("12.7218112289874", "a coordinate"),
        ("811228-98745", "five digits at the end"),
        ("81122-9874", "five digits at the beginning"),
        ("2025-03-07", "a date"),
        ("2025-03-07 14:30:00", "a time"),
        ("T0000017", "a trip id"),
        ("", "nothing"),
    ],
)
def test_other_numbers_are_let_through(text: str, why: str) -> None:
    assert not looks_like_personal_number(text), why


def test_a_leap_day_counts_when_some_century_has_it() -> None:
    for born in ("000229", "20000229", "840229", "19840229"):
        ten = born[-6:] + "001"
        assert looks_like_personal_number(f"{born}-001{luhn.calc_check_digit(ten)}")


def test_a_leap_day_counts_in_a_vat_number_too_and_never_in_another_year() -> None:
    for born, counts in (("840229", True), ("820229", False), ("830229", False)):
        ten = f"{born}001{luhn.calc_check_digit(f'{born}001')}"
        for text in (ten, f"19{ten}", f"SE{ten}01"):
            assert looks_like_personal_number(text) == counts, text


def test_a_declared_id_pattern_exempts_bare_ten_digit_values_and_nothing_else() -> None:
    ids = re.compile("[0-9]{10}")
    assert not looks_like_personal_number(" 8112289874 ", id_pattern=ids)
    assert looks_like_personal_number("8112289874", id_pattern=re.compile("7[0-9]{9}"))
    for other in ("811228-9874", "198112289874", "Resa 8112289874"):
        assert looks_like_personal_number(other, id_pattern=re.compile(".*"))


@given(
    day=st.dates(datetime.date(1890, 1, 1), datetime.date(2030, 12, 31)),
    number=st.integers(0, 999),
    coordination=st.booleans(),
    long=st.booleans(),
    separator=st.sampled_from(SEPARATORS),
    before=st.text(st.characters(exclude_categories=("Nd", "Cs")), max_size=12),
    after=st.text(st.characters(exclude_categories=("Nd", "Cs")), max_size=12),
)
def test_every_number_of_every_day_is_found_in_any_text(
    day: datetime.date,
    number: int,
    coordination: bool,
    long: bool,
    separator: str,
    before: str,
    after: str,
) -> None:
    born = f"{day:%y%m}{day.day + 60 * coordination:02d}{number:03d}"
    ten = born + luhn.calc_check_digit(born)
    century = f"{day.year // 100}" if long else ""
    text = f"{before}{century}{ten[:6]}{separator}{ten[6:]}{after}"
    assert looks_like_personal_number(text)
    assert may_contain(text.encode())


ALPHABET = "0123456789" * 4 + "-+ \u00a0\u2009\u2011\u2212.,SEåö"


@given(st.text(st.sampled_from(ALPHABET), min_size=8, max_size=40))
def test_the_quick_look_never_misses_what_the_close_look_finds(text: str) -> None:
    if looks_like_personal_number(text):
        assert may_contain(text.encode())


def test_the_quick_look_dismisses_ordinary_rows() -> None:
    row = "T0000001;2025-03-07;1200;own_car;petrol;123,5;;GOT-ARN-GOT;;1210;P100;2025-03-07 14:30 Göteborg"
    assert not may_contain("\x1e".join([row] * 1000).encode())


def test_the_quick_look_costs_next_to_nothing_a_row() -> None:
    row = "T0000001;2025-03-07;1200;own_car;petrol;123,5;;;;1210;P100;Göteborg till Alingsås"
    rows = "\x1e".join([row] * 20_000).encode()
    fastest = min(_seconds(rows) for _ in range(5))
    # Measured 0.13 µs a row; the bound only guards against another order of magnitude.
    assert fastest / 20_000 < 1.5e-6


def _seconds(rows: bytes) -> float:
    start = time.perf_counter()
    may_contain(rows)
    return time.perf_counter() - start
