"""Completeness: units × months × sources, what is delivered, declared and missing, and what may have come twice."""

import datetime
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import REFUSED, Books, trip
from klimatvaxling.completeness.completeness import (
    DELIVERED,
    EMPTY,
    LATE,
    MISSING,
    NOT_DUE,
    NOTHING,
    Cell,
    Declaration,
    Known,
    cells,
)
from klimatvaxling.typed import Month

YEAR = [Month(2025, number) for number in range(1, 13)]
NEW_YEAR = datetime.date(2026, 1, 1)
ALWAYS = ((datetime.date.min, None),)


def judged(
    delivered: dict[str, dict[int, int]], *declared: Declaration, as_of: datetime.date = NEW_YEAR, **valid: Any
) -> dict[str | None, list[str]]:
    """The states of 2025 by unit for one source, from grams by unit and month."""
    grams = {("S", unit, Month(2025, month)): g for unit, months in delivered.items() for month, g in months.items()}
    known = Known(grams, declared, dict.fromkeys(delivered, ALWAYS) | valid)
    found: dict[str | None, list[str]] = {}
    for cell in cells(known, YEAR, as_of):
        found.setdefault(cell.unit, []).append(cell.state)
    return found


def signs(states: list[str]) -> str:
    return "".join({DELIVERED: "x", EMPTY: "0", LATE: "~", MISSING: "!", NOTHING: ".", NOT_DUE: " "}[s] for s in states)


def every_month(*left_out: int, grams: int = 100) -> dict[int, int]:
    return {month: grams for month in range(1, 13) if month not in left_out}


def test_a_source_is_expected_from_the_first_month_it_delivered() -> None:
    found = judged({"A": {3: 1, 4: 1, 6: 1}}, as_of=datetime.date(2025, 9, 15))
    assert signs(found[None]) == "..xx!x!!    "


def test_a_month_is_due_when_it_is_over() -> None:
    for day, state in ((30, NOT_DUE), (31, NOT_DUE)):
        assert judged({"A": {1: 1}}, as_of=datetime.date(2025, 3, day))[None][2] == state
    assert judged({"A": {1: 1}}, as_of=datetime.date(2025, 4, 1))[None][2] == MISSING


def test_a_unit_that_usually_travels_is_missing_and_one_that_seldom_does_is_not() -> None:
    found = judged({"ALWAYS": every_month(), "OFTEN": every_month(6), "SELDOM": {2: 1, 9: 1}})
    assert signs(found["ALWAYS"]) == "xxxxxxxxxxxx"
    assert signs(found["OFTEN"]) == "xxxxx!xxxxxx"
    # After February it had one of two months, half of them; after March one of three.
    assert signs(found["SELDOM"]) == ".x!.....x..."


def test_where_the_whole_source_is_silent_its_usual_units_are_missing_too() -> None:
    found = judged({"A": every_month(5), "B": {1: 1, 11: 1}})
    assert (signs(found[None]), signs(found["A"])) == ("xxxx!xxxxxxx", "xxxx!xxxxxxx")
    assert found["B"][4] == NOTHING


def test_a_unit_that_is_not_valid_is_not_expected() -> None:
    ended = ((datetime.date(2024, 1, 1), datetime.date(2025, 6, 30)),)
    found = judged({"A": every_month(), "OLD": every_month(6, 7, 8, 9, 10, 11, 12)}, OLD=ended)
    assert signs(found["OLD"]) == "xxxxx!......"


def test_a_declaration_of_the_source_stands_for_its_units_without_trips() -> None:
    july = Declaration("S", None, Month(2025, 7), EMPTY, "semester")
    found = judged({"A": every_month(7), "B": every_month()}, july)
    assert (found["A"][6], found["B"][6], found[None][6]) == (EMPTY, DELIVERED, DELIVERED)


def test_a_units_own_declaration_comes_before_the_sources_and_the_last_one_holds() -> None:
    month = Month(2025, 7)
    declared = [
        Declaration("S", "A", month, LATE, "väntas"),
        Declaration("S", "A", month, EMPTY, "inga resor"),
        Declaration("S", None, month, LATE, "leverantören dröjer"),
    ]
    found = judged({"A": every_month(7), "B": every_month(7)}, *declared)
    assert (found["A"][6], found["B"][6], found[None][6]) == (EMPTY, LATE, LATE)


def test_what_was_declared_and_came_after_all_is_delivered() -> None:
    assert judged({"A": every_month()}, Declaration("S", "A", YEAR[2], LATE, "x"))["A"][2] == DELIVERED


def test_a_source_that_was_only_declared_is_expected_from_then_on() -> None:
    found = judged({}, Declaration("S", None, Month(2025, 10), LATE, "nytt avtal"))
    assert signs(found[None]) == ".........~!!"


def test_a_month_out_of_the_ordinary_deviates_once_three_are_known() -> None:
    grams = {("S", "A", Month(2025, number)): co2_g for number, co2_g in enumerate((100, 9, 100, 24, 25, 400, 401), 1)}
    found = [cell for cell in cells(Known(grams, (), {"A": ALWAYS}), YEAR[:7], NEW_YEAR) if cell.unit == "A"]
    # Before the fourth too little is known. Then 24 is less than a quarter of 100.
    assert [cell.deviates for cell in found] == [False, False, False, True, False, True, True]
    assert [cell.usual_co2_g for cell in found] == [None, 100, 9, 100, 24, 25, 25]


def test_a_unit_that_falls_silent_deviates_only_where_the_source_has_spoken() -> None:
    grams = {("S", unit, month): 100 for unit in "AB" for month in YEAR[:4]} | {("S", "B", YEAR[4]): 100}
    found = {
        (cell.unit, cell.month.month): cell
        for cell in cells(Known(grams, (), {"A": ALWAYS, "B": ALWAYS}), YEAR, NEW_YEAR)
    }
    assert (found["A", 5].state, found["A", 5].deviates) == (MISSING, True)
    assert (found["A", 6].state, found["A", 6].deviates) == (MISSING, False)


@pytest.mark.parametrize(
    ("usual", "delivered", "deviates"),
    [
        (100, 25, False),
        (100, 24, True),
        (100, 400, False),
        (100, 401, True),
        (100, 0, True),
        (100, -100, True),
        (1, 5, True),
        # Nothing is usual where credits make up for trips.
        (0, 100, False),
        (-100, 100, False),
    ],
)
def test_out_of_the_ordinary_is_less_than_a_quarter_or_more_than_four_times_the_median(
    usual: int, delivered: int, deviates: bool
) -> None:
    grams = {("S", "A", month): usual for month in YEAR[:3]} | {("S", "A", YEAR[3]): delivered}
    found = cells(Known(grams, (), {"A": ALWAYS}), YEAR[:4], NEW_YEAR)
    assert [cell.deviates for cell in found] == [False, False, False, deviates] * 2


def test_a_cell_shows_what_is_usual_whatever_became_of_the_month() -> None:
    grams = {("S", unit, month): 100 for unit in "AB" for month in YEAR[:3]} | {("S", "A", YEAR[5]): 70}
    declared = Declaration("S", "A", YEAR[3], LATE, "väntas")
    known = Known(grams, (declared,), {"A": ALWAYS, "B": ((datetime.date.min, datetime.date(2025, 5, 31)),)})
    found = cells(known, YEAR[2:8], datetime.date(2025, 8, 1))
    assert found == [
        Cell("S", None, YEAR[2], DELIVERED, 200, 200),
        Cell("S", None, YEAR[3], MISSING, 0, 200),
        Cell("S", None, YEAR[4], MISSING, 0, 200),
        Cell("S", None, YEAR[5], DELIVERED, 70, 200),
        Cell("S", None, YEAR[6], MISSING, 0, 200),
        Cell("S", None, YEAR[7], NOT_DUE, 0, 200),
        Cell("S", "A", YEAR[2], DELIVERED, 100, 100),
        Cell("S", "A", YEAR[3], LATE, 0, 100, reason="väntas"),
        Cell("S", "A", YEAR[4], MISSING, 0, 100),
        Cell("S", "A", YEAR[5], DELIVERED, 70, 100),
        Cell("S", "A", YEAR[6], MISSING, 0, 100),
        Cell("S", "A", YEAR[7], NOT_DUE, 0, 100),
        Cell("S", "B", YEAR[2], DELIVERED, 100, 100),
        Cell("S", "B", YEAR[3], MISSING, 0, 100),
        Cell("S", "B", YEAR[4], MISSING, 0, 100),
        Cell("S", "B", YEAR[5], NOTHING, 0, 100),
        Cell("S", "B", YEAR[6], NOTHING, 0, 100),
        Cell("S", "B", YEAR[7], NOT_DUE, 0, 100),
    ]


def test_every_source_has_its_own_months_in_order_of_name() -> None:
    grams = {("T", "A", YEAR[0]): 1, ("S", "B", YEAR[1]): 2, ("S", "A", YEAR[1]): 3}
    found = cells(Known(grams, (), dict.fromkeys("AB", ALWAYS)), YEAR[:2], NEW_YEAR)
    assert [(cell.source, cell.unit, cell.month.month, cell.state, cell.co2_g) for cell in found] == [
        ("S", None, 1, NOTHING, 0),
        ("S", None, 2, DELIVERED, 5),
        ("S", "A", 1, NOTHING, 0),
        ("S", "A", 2, DELIVERED, 3),
        ("S", "B", 1, NOTHING, 0),
        ("S", "B", 2, DELIVERED, 2),
        ("T", None, 1, DELIVERED, 1),
        ("T", None, 2, MISSING, 0),
        ("T", "A", 1, DELIVERED, 1),
        ("T", "A", 2, MISSING, 0),
    ]


def test_a_declaration_for_one_unit_begins_the_source_and_says_nothing_of_its_other_units() -> None:
    found = judged({"B": {12: 1}}, Declaration("S", "A", Month(2025, 10), LATE, "nytt avtal"), A=ALWAYS)
    assert signs(found[None]) == ".........!!x"
    assert signs(found["A"]) == ".........~.."
    assert signs(found["B"]) == "...........x"


def test_a_declaration_of_the_source_says_nothing_of_a_unit_that_is_not_expected() -> None:
    july = Declaration("S", None, Month(2025, 7), EMPTY, "semester")
    found = judged({"OFTEN": every_month(7), "SELDOM": {1: 1}}, july)
    assert (found["OFTEN"][6], found["SELDOM"][6]) == (EMPTY, NOTHING)


@pytest.mark.parametrize(
    ("first", "last", "state"),
    [
        ("2025-06-30", None, MISSING),
        ("2025-07-01", None, NOTHING),
        ("2020-01-01", "2025-06-01", MISSING),
        ("2020-01-01", "2025-05-31", NOTHING),
    ],
)
def test_a_unit_is_expected_in_a_month_of_which_it_has_one_day(first: str, last: str | None, state: str) -> None:
    span = (datetime.date.fromisoformat(first), datetime.date.fromisoformat(last) if last else None)
    others = ((datetime.date(2019, 1, 1), datetime.date(2019, 12, 31)),)
    assert judged({"A": {4: 1, 5: 1}}, A=(*others, span))["A"][5] == state


def test_a_unit_that_is_not_in_the_register_is_not_expected() -> None:
    found = cells(Known({("S", "OLD", YEAR[0]): 1}), YEAR[:2], NEW_YEAR)
    assert [(cell.unit, cell.state) for cell in found] == [
        (None, DELIVERED),
        (None, MISSING),
        ("OLD", DELIVERED),
        ("OLD", NOTHING),
    ]


@given(
    st.dictionaries(st.tuples(st.sampled_from("ABC"), st.integers(1, 12)), st.integers(-500, 500)),
    st.dates(datetime.date(2025, 1, 1), datetime.date(2026, 2, 1)),
)
def test_every_delivered_month_is_shown_and_nothing_else_is_called_delivered(
    delivered: dict[tuple[str, int], int], as_of: datetime.date
) -> None:
    grams = {("S", unit, Month(2025, month)): g for (unit, month), g in delivered.items()}
    found = cells(Known(grams, (), dict.fromkeys("ABC", ALWAYS)), YEAR, as_of)
    shown = {
        (cell.source, cell.unit, cell.month): cell.co2_g for cell in found if cell.state == DELIVERED and cell.unit
    }
    assert shown == grams
    assert sum(cell.co2_g for cell in found if cell.unit is None) == sum(grams.values())
    # Nobody is reminded of a month that is not over.
    assert all(cell.month.last_day < as_of for cell in found if cell.state == MISSING)


def deliver(books: Books, unit: str, *months: int, kg: int = 10) -> None:
    rows = [trip(f"{unit}-{m}", date=f"2025-{m:02d}-07", unit=unit, co2_fossil_kg=str(kg)) for m in months]
    books.take(*rows, name=f"{unit}.csv")


def of(document: dict[str, Any], unit: str | None) -> str:
    return signs([cell["state"] for cell in document["cells"] if cell["unit"] == unit])


def completeness(books: Books, *options: object) -> dict[str, Any]:
    document: dict[str, Any] = books.json("completeness", "--year", "2025", *options)
    return document


def test_the_screen_shows_what_each_unit_delivered_and_what_is_missing(books: Books) -> None:
    deliver(books, "SBF", 1, 2, 3, 4, 5, 6)
    deliver(books, "BUF", 1, 2, 3, 4, 6)
    document = completeness(books, "--as-of", "2025-08-15")
    assert (of(document, None), of(document, "BUF")) == ("xxxxxx!     ", "xxxx!x!     ")
    assert (document["missing"], document["deviating"]) == (4, 1)
    assert document["as_of"] == "2025-08-15"
    assert completeness(books, "--as-of", "2025-08-15", "--unit", "buf")["missing"] == 2
    assert completeness(books, "--as-of", "2025-08-15", "--source", "resebyra")["cells"] == []


def test_the_screen_is_read_at_80_columns_and_without_colour(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    deliver(books, "SBF", *range(1, 7))
    deliver(books, "BUF", 1, 2, 3, 4, 6)
    monkeypatch.setenv("COLUMNS", "80")
    out = books("completeness", "--year", "2025", "--as-of", "2025-07-01").out
    (line,) = [line for line in out.splitlines() if "BUF" in line and "x x" in line]
    assert "x x x x ! x" in line
    assert max(map(len, out.splitlines()[:8])) <= 80
    assert "BUF usually has trips from standard, and none in 2025-05." in out
    assert "\x1b" not in out


def test_the_same_as_csv_has_a_state_for_each_month(books: Books) -> None:
    deliver(books, "SBF", 1, 3)
    lines = books("completeness", "--year", "2025", "--as-of", "2025-04-01", "--format", "csv").out.splitlines()
    assert lines[0] == "source;unit;jan;feb;mar;apr;may;jun;jul;aug;sep;oct;nov;dec;co2_g;missing"
    assert lines[2].startswith("standard;SBF;delivered;missing;delivered;not_due;")


def test_completeness_is_asked_as_the_books_were_known_and_booked(books: Books) -> None:
    deliver(books, "SBF", 1, 2)
    ((known_at,),) = books.sql("SELECT registered_at FROM batch")
    books.take(trip("late", date="2025-03-05", unit="SBF"), name="late.csv", options=["--booked-on", "2025-06-30"])
    assert of(completeness(books, "--as-of", "2025-07-01"), "SBF") == "xxx!!!      "
    assert of(completeness(books, "--as-of", "2025-05-01"), "SBF") == "xx!!        "
    assert of(completeness(books, "--as-of", "2025-07-01", "--known-at", known_at), "SBF") == "xx!!!!      "


def test_a_late_trip_counts_in_the_month_it_was_made_wherever_it_is_booked(books: Books) -> None:
    books.take(trip(date="2025-01-05"), options=["--booked-on", "2025-05-31"])
    document = completeness(books, "--as-of", "2025-06-01")
    assert of(document, "SBF").startswith("x")


def declare(books: Books, *options: object) -> Any:
    return books("completeness", "declare", *options, "--format", "json")


def test_a_month_without_travel_is_declared_and_no_longer_missing(books: Books) -> None:
    deliver(books, "SBF", 1, 2, 3)
    deliver(books, "BUF", 1, 2)
    outcome = declare(
        books, "--source", "standard", "--period", "2025-03", "--unit", "BUF", "--empty", "--reason", "inga resor"
    )
    assert outcome.json == {
        "source": "standard",
        "unit": "BUF",
        "period": "2025-03",
        "state": "empty",
        "reason": "inga resor",
        "vouchers": [],
        "dry_run": False,
    }
    document = completeness(books)
    assert of(document, "BUF")[:3] == "xx0"
    (cell,) = [cell for cell in document["cells"] if cell["state"] == "empty"]
    assert cell["reason"] == "inga resor"
    books.sound()


def test_a_late_supplier_is_declared_for_all_its_units(books: Books) -> None:
    deliver(books, "SBF", 1, 2)
    assert declare(books, "--source", "standard", "--period", "2025-03", "--late", "--reason", "påmind").code == 0
    document = completeness(books, "--as-of", "2025-04-15")
    assert (of(document, None)[:3], of(document, "SBF")[:3]) == ("xx~", "xx~")
    assert "2025-03: standard: påmind" in books("completeness", "--year", "2025").out


def test_a_dry_run_declares_nothing(books: Books) -> None:
    before = books.dump()
    options = ("--source", "standard", "--period", "2025-03", "--late", "--reason", "x", "--dry-run")
    assert declare(books, *options).json["dry_run"] is True
    assert books.dump() == before


@pytest.mark.parametrize(
    ("options", "code", "named"),
    [
        (("--period", "2025-03", "--reason", "x"), 2, "KV-DECLARE"),
        (("--period", "2025-03", "--empty", "--late", "--reason", "x"), 2, "KV-DECLARE"),
        (("--period", "2025-03", "--empty", "--reason", " "), 3, "KV-REASON-MISSING"),
        (("--period", "2025-13", "--empty", "--reason", "x"), 2, "KV-MONTH"),
        (("--period", "2999-01", "--empty", "--reason", "x"), 3, "KV-DECLARE-AHEAD"),
        (("--period", "2025-03", "--empty", "--reason", "x", "--unit", "NIX"), 3, "KV-UNIT-UNKNOWN"),
        (("--period", "2025-03", "--empty", "--reason", "x", "--source", "nix"), 3, "KV-SOURCE-UNKNOWN"),
        (("--period", "2025-01", "--empty", "--reason", "x", "--unit", "SBF"), 4, "KV-DECLARE-DELIVERED"),
    ],
)
def test_a_declaration_that_cannot_be_is_refused(books: Books, options: tuple[str, ...], code: int, named: str) -> None:
    deliver(books, "SBF", 1)
    before = books.dump()
    outcome = declare(books, "--source", "standard", *options)
    assert (outcome.code, f"{named}:" in outcome.err) == (code, True)
    assert books.dump() == before


def test_a_declaration_is_never_changed(books: Books) -> None:
    declare(books, "--source", "standard", "--period", "2025-03", "--late", "--reason", "x")
    for statement in ("DELETE FROM completeness_declaration", "UPDATE completeness_declaration SET state = 'empty'"):
        with pytest.raises(REFUSED, match="KV-POSTED"):
            books.sql(statement)


OTHER = """
[source]
title = "Other"
[columns]
trip_id = "id"
date = "day"
unit = "unit"
category = { constant = "pool_car" }
fuel = { column = "fuel", optional = true }
distance_km = { column = "km", optional = true }
co2_fossil_kg = { column = "kg", optional = true, basis = "fossil_co2" }
"""


def other(books: Books, *rows: dict[str, object]) -> None:
    folder = Path(os.environ["KLIMATVAXLING_IMPORTS"]) / "other"
    folder.mkdir(parents=True)
    (folder / "profile.toml").write_text(OTHER, encoding="utf-8")
    base: dict[str, object] = {"id": "1", "day": "2025-03-07", "unit": "SBF"}
    books.json("import", books.csv("other.csv", [base | row for row in rows]), "--source", "other")


def duplicates(books: Books, *options: object) -> list[tuple[object, ...]]:
    found = books.json("completeness", "duplicates", "--year", "2025", *options)
    return [(row["group"], row["source"], row["trip_id"]) for row in found["trips"]]


def test_trips_of_two_sources_with_the_same_unit_day_and_co2_are_listed(books: Books) -> None:
    books.take(trip("a"), trip("b", co2_fossil_kg="11"), trip("c", date="2025-03-08"), trip("d", unit="BUF"))
    other(books, {"id": "o", "kg": "10"})
    assert duplicates(books) == [(1, "other", "o"), (1, "standard", "a")]
    assert duplicates(books, "--unit", "BUF") == []
    assert duplicates(books, "--as-of", "2025-03-30") == []
    table = books("completeness", "duplicates", "--year", "2025").out
    assert "judge whether it is one journey twice" in table


def test_or_the_same_distance_whatever_the_fuel_and_once_where_both_are_alike(books: Books) -> None:
    car = {"co2_fossil_kg": "", "category": "pool_car"}
    books.take(
        trip("a", distance_km="120", fuel="diesel", **car),
        trip("b", distance_km="80", fuel="petrol", **car),
        trip("e", distance_km="50", fuel="electric", **car),
    )
    other(
        books,
        {"id": "x", "km": "120,0", "fuel": "petrol"},
        {"id": "y", "km": "80", "fuel": "petrol"},
        {"id": "z", "km": "51", "fuel": "electric"},
    )
    found = duplicates(books)
    assert sorted(found, key=lambda row: str(row[2])) == [
        (2, "standard", "a"),
        (1, "standard", "b"),
        (2, "other", "x"),
        (1, "other", "y"),
    ]


def test_two_like_trips_of_one_source_are_that_sources_business(books: Books) -> None:
    books.take(trip("a"), trip("b"))
    assert duplicates(books) == []
