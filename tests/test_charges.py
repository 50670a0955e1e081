"""Charges: when a trip is booked, how a charge line is rounded, and what a credit takes from."""

import datetime
import time

import pytest
from freezegun import freeze_time
from hypothesis import given
from hypothesis import strategies as st

from conftest import Books, month_end, trip
from klimatvaxling.charges.charge import Booking, ChargeKey, TripInFuture
from klimatvaxling.charges.voucher import ChargeLine, charge_postings, charge_vouchers
from klimatvaxling.clock import today
from klimatvaxling.ledger.accounts import FEE_EXPENSE, OWN_FUNDS
from klimatvaxling.ledger.voucher import Posting
from klimatvaxling.lots.lot import Lot, Movement
from klimatvaxling.lots.own_funds import OwnFunds
from klimatvaxling.units.unit import Unit

days = st.dates(datetime.date(2013, 1, 1), datetime.date(2030, 12, 31))


def booked(books: Books) -> list[str]:
    return [day for (day,) in books.sql("SELECT booked_on FROM voucher ORDER BY id")]


@given(trip_on=days, today=days)
def test_a_trip_is_booked_on_its_months_last_day_but_never_after_today(
    trip_on: datetime.date, today: datetime.date
) -> None:
    if trip_on > today:
        with pytest.raises(TripInFuture):
            Booking(today).day_for(trip_on)
    else:
        assert Booking(today).day_for(trip_on) == min(month_end(trip_on), today)


@given(trip_on=days, today=days, opened=days)
def test_what_belongs_to_a_closed_month_is_booked_on_the_first_open_day(
    trip_on: datetime.date, today: datetime.date, opened: datetime.date
) -> None:
    if trip_on <= today and opened <= today:
        booking = Booking(today, first_open_day=opened).day_for(trip_on)
        assert booking == min(max(month_end(trip_on), opened), today)


def test_each_months_trips_are_booked_on_that_months_last_day(books: Books) -> None:
    books.take(trip("a", date="2024-02-01"), trip("b", date="2025-02-28"), trip("c", date="2024-12-31"))
    assert booked(books) == ["2024-02-29", "2024-12-31", "2025-02-28"]


def test_a_month_that_is_not_over_is_booked_today(books: Books) -> None:
    with freeze_time("2025-03-10 12:00:00"):
        books.take(trip("a", date="2025-02-10"), trip("b", date="2025-03-07"))
    assert booked(books) == ["2025-02-28", "2025-03-10"]


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="the zone of a process cannot be set here")
def test_today_is_the_calendar_day_where_the_user_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "CET-1")
    time.tzset()
    try:
        late = datetime.datetime(2025, 3, 31, 23, 30, tzinfo=datetime.UTC)
        assert today(lambda: late) == datetime.date(2025, 4, 1)
    finally:
        monkeypatch.undo()
        time.tzset()


def test_an_explicit_date_books_the_whole_file(books: Books) -> None:
    books.take(trip("a", date="2025-01-10"), trip("b", date="2025-02-10"), options=["--booked-on", "2025-02-15"])
    assert booked(books) == ["2025-02-15"]


def test_a_trip_dated_after_the_booking_date_is_rejected(books: Books) -> None:
    refused = books.refuse(trip(date="2025-02-16"), options=["--booked-on", "2025-02-15"])
    assert (refused.code, "KV-TRIP-FUTURE" in refused.err) == (3, True)
    with freeze_time("2025-03-10 12:00:00"):
        assert "KV-TRIP-FUTURE" in books.refuse(trip(date="2025-03-11")).err
        books.take(trip(date="2025-03-10"))


@pytest.mark.parametrize("day", ["2012-12-31", "1925-03-07"])
def test_a_trip_dated_before_the_first_rate_is_rejected(books: Books, day: str) -> None:
    assert "KV-TRIP-BEFORE-RATE" in books.refuse(trip(date=day)).err


def test_the_first_day_of_the_scheme_is_charged(books: Books) -> None:
    assert books.take(trip(date="2013-01-01"))["charged_ore"] == 1500


@pytest.mark.parametrize("day", ["2999-12-31", "2099-01-01"])
def test_a_date_that_stands_for_no_date_is_a_trip_in_the_future(books: Books, day: str) -> None:
    assert "KV-TRIP-FUTURE" in books.refuse(trip(date=day)).err


def test_rounding_happens_once_on_the_charge_line_never_per_trip(books: Books) -> None:
    # Three trips of 3 g are 0.45 öre each and nothing if rounded alone; together they are 1.35 öre.
    assert books.take(*(trip(key, co2_fossil_kg="0,003") for key in "abc"))["charged_ore"] == 1


def test_a_charge_line_is_one_unit_category_rate_and_booking_date(books: Books) -> None:
    rows = [
        trip(f"{unit}-{category}-{day}-{copy}", unit=unit, category=category, date=day, co2_fossil_kg="0,01")
        for unit in ("SBF", "BUF")
        for category in ("own_car", "taxi")
        for day in ("2025-01-10", "2025-02-10")
        for copy in range(3)
    ]
    result = books.take(*rows)
    lines = books.sql("SELECT co2_g, amount_ore FROM posting WHERE account = 'fee_expense'")
    assert lines == [(30, 5)] * 8  # 4.5 öre, rounded up
    assert result["charged_ore"] == 40


def test_one_voucher_per_unit_and_booking_date_by_date_and_then_unit(books: Books) -> None:
    result = books.take(
        trip("a", unit="SBF", date="2025-02-10"),
        trip("b", unit="ELN", date="2025-01-10"),
        trip("c", unit="SBF", date="2025-01-10", category="taxi"),
        trip("d", unit="BUF", date="2025-02-10"),
        trip("e", unit="SBF", date="2025-01-11"),
    )
    assert result["vouchers"] == ["B2025-1", "A2025-1", "A2025-2", "A2025-3"]
    found = books.sql(
        "SELECT v.code, v.booked_on, group_concat(DISTINCT u.code) FROM voucher v JOIN posting p ON p.voucher_id = v.id"
        " JOIN unit u ON u.id = p.unit_id GROUP BY v.id ORDER BY v.id"
    )
    assert found == [
        ("B2025-1", "2025-01-31", "ELN"),
        ("A2025-1", "2025-01-31", "SBF"),
        ("A2025-2", "2025-02-28", "BUF"),
        ("A2025-3", "2025-02-28", "SBF"),
    ]


def test_a_voucher_of_a_company_is_in_series_b_and_names_no_other_unit(books: Books) -> None:
    books.take(trip("a", unit="ELN"), trip("b", unit="SBF"))
    found = books.sql(
        "SELECT DISTINCT v.series, u.kind FROM voucher v JOIN posting p ON p.voucher_id = v.id"
        " JOIN unit u ON u.id = p.unit_id ORDER BY 1"
    )
    assert found == [("A", "administration"), ("B", "company")]


def test_each_series_is_unbroken_per_fiscal_year_over_many_files(books: Books) -> None:
    for number, months in enumerate((("2024-11", "2025-01"), ("2024-12", "2024-12"), ("2025-02", "2024-03"))):
        rows = [
            trip(f"{number}-{index}-{unit}", date=f"{month}-05", unit=unit)
            for index, month in enumerate(months)
            for unit in ("SBF", "BUF", "ELN")
        ]
        books.take(*rows, name=f"{number}.csv")
    numbers: dict[tuple[str, int], list[int]] = {}
    for series, year, number, code in books.sql("SELECT series, fiscal_year, number, code FROM voucher ORDER BY id"):
        numbers.setdefault((series, year), []).append(number)
        assert code == f"{series}{year}-{number}"
    assert set(numbers) == {("A", 2024), ("A", 2025), ("B", 2024), ("B", 2025)}
    assert all(found == list(range(1, len(found) + 1)) for found in numbers.values())
    books.sound()


def test_a_credit_within_a_voucher_lowers_its_lot(books: Books) -> None:
    result = books.take(trip("a"), trip("b", co2_fossil_kg="-4"))
    assert (result["co2_g"], result["charged_ore"]) == (6000, 900)
    assert books.own_funds("SBF") == {"A2025-1": 900}


def test_a_voucher_that_is_a_credit_takes_from_the_open_lots_oldest_first(books: Books) -> None:
    books.take(trip("a", date="2025-01-10"), trip("b", date="2025-02-10"))
    books.take(trip("c", date="2025-03-10", co2_fossil_kg="-12"))
    assert books.own_funds("SBF") == {"A2025-2": 1200}
    assert books.sql("SELECT count(*) FROM lot") == [(2,)]  # the credit has no lot of its own
    assert books.balance("SBF")["own_funds_ore"] == 1200
    books.sound()


def test_what_a_credit_misses_is_a_debt_that_the_next_charges_fill_first(books: Books) -> None:
    books.take(trip("a", date="2025-01-10", co2_fossil_kg="5"))
    books.take(trip("b", date="2025-02-10", co2_fossil_kg="-20"))
    assert books.own_funds("SBF") == {None: -2250}
    assert books.balance("SBF")["own_funds_ore"] == -2250
    books.take(trip("c", date="2025-03-10"))
    assert books.own_funds("SBF") == {None: -750}
    books.take(trip("d", date="2025-04-10"))
    assert books.own_funds("SBF") == {"A2025-4": 750}
    assert books.balance("SBF")["own_funds_ore"] == 750
    books.sound()


def test_so_it_is_inside_one_and_the_same_file(books: Books) -> None:
    books.take(
        trip("d", date="2025-04-10"),
        trip("b", date="2025-02-10", co2_fossil_kg="-20"),
        trip("a", date="2025-01-10", co2_fossil_kg="5"),
        trip("c", date="2025-03-10"),
    )
    assert books.own_funds("SBF") == {"A2025-4": 750}
    books.sound()


def test_a_credit_takes_only_from_its_own_unit(books: Books) -> None:
    books.take(trip("a", unit="BUF"), trip("b", unit="SBF", co2_fossil_kg="-1"))
    assert books.own_funds("BUF") == {"A2025-1": 1500}
    assert books.own_funds("SBF") == {None: -150}


def test_a_credit_takes_the_lot_in_the_books_before_one_of_the_same_day_in_its_own_file(books: Books) -> None:
    books.take(trip("a", date="2025-01-10"))
    books.take(trip("b", date="2025-01-11"), trip("c", date="2025-02-10", co2_fossil_kg="-10"), name="second.csv")
    assert books.own_funds("SBF") == {"A2025-2": 1500}


def test_a_trip_without_fossil_co2_is_charged_nothing_and_counted(books: Books) -> None:
    result = books.take(trip(fuel="electric", co2_fossil_kg="", distance_km="120"))
    assert (result["rows_posted"], result["co2_g"], result["charged_ore"]) == (1, 0, 0)
    books.sound()


def test_the_best_evidence_comes_first(books: Books) -> None:
    books.take(
        trip("stated", co2_fossil_kg="1", fuel="diesel", fuel_quantity="10", distance_km="100"),
        trip("fuel", co2_fossil_kg="", fuel="diesel", fuel_quantity="10", distance_km="100"),
        trip("distance", co2_fossil_kg="", fuel="diesel", distance_km="100"),
        trip("route", co2_fossil_kg="", category="flight", route="GOT-ARN"),
    )
    found = books.sql("SELECT trip_id, tier, quantity FROM trip ORDER BY id")
    assert [row[:2] for row in found] == [("stated", 1), ("fuel", 2), ("distance", 3), ("route", 4)]
    assert [row[2] for row in found][:3] == ["1", "10", "100"]


def line(key: int, ore: int, day: str = "2025-03-31") -> ChargeLine:
    return ChargeLine(key, ChargeKey(1, "own_car", 1, day), ore * 10, 100)


amounts = st.lists(st.integers(-10_000, 10_000), min_size=1, max_size=5)


@given(fees=amounts, left=st.lists(st.integers(0, 5000), max_size=4), debt=st.integers(0, 9000))
def test_a_charge_vouchers_postings_sum_to_zero_and_never_overdraw(fees: list[int], left: list[int], debt: int) -> None:
    lots = {key: Lot(key, "2025-01-31", (Movement("2025-01-31", ore),)) for key, ore in enumerate(left, start=1)}
    lines = [line(key, ore) for key, ore in enumerate(fees, start=1)]
    postings, makes_lot = charge_postings(lines, OwnFunds(1, lots, (Movement("2025-01-31", debt),)), 99)
    assert sum(posting.amount_ore for posting in postings) == 0
    assert [posting.amount_ore for posting in postings if posting.account == FEE_EXPENSE] == fees
    total = sum(fees)
    assert makes_lot == (total >= 0)
    own = {posting.lot_id: -posting.amount_ore for posting in postings if posting.account == OWN_FUNDS}
    if total >= 0:
        assert own.get(None, 0) == min(total, debt)
        assert own[99] == total - min(total, debt)
    else:
        assert -own.get(None, 0) == max(0, -total - sum(left))
        assert all(-taken <= left[key - 1] for key, taken in own.items() if key is not None)


def test_later_vouchers_of_a_file_see_what_earlier_ones_took() -> None:
    unit = Unit("SBF", "Samhälle", "administration", id=1)
    lines = [line(1, 100, "2025-01-31"), line(2, -150, "2025-02-28"), line(3, 80, "2025-03-31")]
    drafts = charge_vouchers(
        lines, {1: unit}, {}, description="", evidence="", batch_id=1, batch_sha256=""
    )  # fmt: skip
    own = [
        [(posting.lot_id, posting.amount_ore) for posting in draft.postings if posting.account == OWN_FUNDS]
        for draft in drafts
    ]
    assert own == [[(-1, -100)], [(-1, 100), (None, 50)], [(None, -50), (-3, -30)]]


def test_a_charge_line_is_an_expense_of_its_unit_with_its_grams() -> None:
    line = ChargeLine(7, ChargeKey(3, "flight", 1, "2025-03-31"), 10_000, 150)
    assert line.expense() == Posting("fee_expense", 1_500, 3, charge_id=7, co2_g=10_000)


def test_a_file_becomes_one_voucher_for_each_day_and_unit_with_its_lines_by_category_and_rate() -> None:
    def a_line(key: int, unit: int, category: str, rate: int, day: str, ore: int) -> ChargeLine:
        return ChargeLine(key, ChargeKey(unit, category, rate, day), ore * 10, 100)

    units = {1: Unit("SBF", "Samhälle", "administration", id=1), 2: Unit("ELN", "Elnät", "company", id=2)}
    first, second = "2025-01-31", "2025-02-28"
    lines = [
        a_line(1, 1, "own_car", 1, first, 100),
        a_line(2, 1, "flight", 2, first, 50),
        a_line(3, 1, "flight", 1, first, 25),
        a_line(4, 2, "own_car", 1, second, 10),
        a_line(5, 2, "own_car", 1, first, -30),
    ]
    held = {2: OwnFunds(2, {9: Lot(9, "2024-12-31", (Movement("2024-12-31", 20),))})}
    drafts = charge_vouchers(
        lines, units, held, description="Resor", evidence="Arkiv 1", batch_id=5, batch_sha256="ab"
    )  # fmt: skip
    assert {
        (draft.event, draft.description, draft.evidence, draft.batch_id, draft.batch_sha256) for draft in drafts
    } == {("charge", "Resor", "Arkiv 1", 5, "ab")}
    assert [(draft.series, draft.booked_on, draft.lot_unit_id, draft.opens_lot_on) for draft in drafts] == [
        ("B", first, None, None),
        ("A", first, 1, first),
        ("B", second, 2, second),
    ]
    assert [
        [
            (posting.account, posting.unit_id, posting.lot_id, posting.charge_id, posting.amount_ore)
            for posting in each.postings
        ]
        for each in drafts
    ] == [
        [("fee_expense", 2, None, 5, -30), ("own_funds", 2, 9, None, 20), ("own_funds", 2, None, None, 10)],
        [
            ("fee_expense", 1, None, 3, 25),
            ("fee_expense", 1, None, 2, 50),
            ("fee_expense", 1, None, 1, 100),
            ("own_funds", 1, -2, None, -175),
        ],
        [("fee_expense", 2, None, 4, 10), ("own_funds", 2, None, None, -10), ("own_funds", 2, -3, None, 0)],
    ]
    assert held[2].lots[9].movements == (Movement("2024-12-31", 20),)
