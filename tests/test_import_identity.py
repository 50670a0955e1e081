"""When is a trip the same trip? Source and id; for a source without ids its content and which occurrence it is."""

from pathlib import Path

import pytest

from conftest import STANDARD, Books, trip

COUNTS = ("rows_read", "rows_posted", "rows_already_imported", "rows_outside_scheme", "rows_rejected", "rows_held")
PLAIN = """
[source]
title = "Without ids"
[columns]
date = "Dag"
unit = "Enhet"
category = { constant = "own_car" }
distance_km = "Km"
"""


def accounts(result: dict[str, int]) -> tuple[int, ...]:
    return tuple(result[name] for name in COUNTS)


def profile(books: Books, name: str, text: str) -> None:
    folder = books.folder.parent / "own-sources" / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "profile.toml").write_text(text, encoding="utf-8")


def plain(books: Books, *rows: str, name: str = "plain.csv") -> Path:
    profile(books, "plain", PLAIN)
    return books.text(name, "Dag;Enhet;Km", *rows)


def test_a_file_sent_again_is_all_already_imported(books: Books) -> None:
    rows = [trip(number, unit=unit) for number, unit in enumerate(("SBF", "BUF", "ELN"))]
    books.take(*rows)
    before = books.dump()
    result = books.take(*rows)
    assert accounts(result) == (3, 0, 3, 0, 0, 0)
    assert (result["batch"], result["vouchers"], result["charged_ore"]) == (None, [], 0)
    assert books.dump() == before


def test_only_what_is_new_in_a_longer_file_is_posted(books: Books) -> None:
    books.take(trip("a"), trip("b"))
    result = books.take(trip("c"), trip("b"), trip("a"), name="longer.csv")
    assert accounts(result) == (3, 1, 2, 0, 0, 0)
    assert result["charged_ore"] == 1500
    books.sound()


FULL = trip(
    "a",
    fuel="diesel",
    distance_km="1234,50",
    fuel_quantity="80",
    route="",
    cost_centre="1200",
    project="P",
    note="till mötet",
)


@pytest.mark.parametrize(
    "other",
    [
        {"distance_km": "1 234,5"},
        {"distance_km": "1\u00a0234.50"},
        {"distance_km": "1.234,500"},
        {"co2_fossil_kg": "10,000"},
        {"co2_fossil_kg": " 10 "},
        {"date": "20250307"},
        {"unit": "sbf"},
        {"unit": " SBF"},
        {"category": "OWN_CAR"},
        {"fuel": "Diesel "},
        {"trip_id": " a "},
        {"note": " till mötet "},
    ],
    ids=str,
)
def test_another_spelling_is_the_same_content(books: Books, other: dict[str, str]) -> None:
    books.take(FULL)
    result = books.take(FULL | other, name="again.csv")
    assert accounts(result) == (1, 0, 1, 0, 0, 0)


def test_another_order_or_case_of_columns_is_the_same_content(books: Books) -> None:
    books.take(FULL)
    shuffled = [name.upper() for name in reversed(STANDARD)]
    file = books.csv("again.csv", [[FULL.get(name.lower(), "") for name in shuffled]], header=shuffled)
    assert accounts(books.json("import", file, "--source", "standard")) == (1, 0, 1, 0, 0, 0)


def test_columns_that_are_left_out_are_the_same_as_empty_ones(books: Books) -> None:
    books.take(trip("a") | {"note": "", "project": "", "fuel": ""})
    assert accounts(books.take(trip("a"), name="again.csv")) == (1, 0, 1, 0, 0, 0)
    assert accounts(books.take(trip("a") | {"fuel": "unknown"}, name="again.csv")) == (1, 0, 1, 0, 0, 0)


def test_a_workbook_of_the_same_rows_is_the_same_content(books: Books) -> None:
    import datetime

    books.take(trip("a", distance_km="12,5"), trip("2", distance_km="7"))
    header = ("trip_id", "date", "unit", "category", "co2_fossil_kg", "distance_km")
    day = datetime.date(2025, 3, 7)
    file = books.workbook(
        "again.xlsx", [header, ("a", day, "SBF", "own_car", 10, 12.5), (2, day, "SBF", "own_car", 10.0, 7)]
    )
    assert accounts(books.json("import", file, "--source", "standard")) == (2, 0, 2, 0, 0, 0)


def test_a_time_of_day_behind_the_date_is_the_same_content(books: Books) -> None:
    books.take(trip("a"))
    assert accounts(books.take(trip("a", date="2025-03-07 00:00:00"), name="again.csv")) == (1, 0, 1, 0, 0, 0)


@pytest.mark.parametrize(
    "other",
    [{"co2_fossil_kg": "10,001"}, {"date": "2025-03-08"}, {"unit": "BUF"}, {"category": "taxi"}, {"fuel": "petrol"},
     {"distance_km": "1234,51"}, {"fuel_quantity": "81"}, {"cost_centre": "1201"}, {"project": ""}, {"note": "hem"}],
    ids=str,
)  # fmt: skip
def test_the_same_id_with_other_content_is_a_conflict(books: Books, other: dict[str, str]) -> None:
    books.take(FULL)
    outcome = books.refuse(trip("new"), FULL | other, name="again.csv")
    assert (outcome.code, "KV-TRIP-CONFLICT" in outcome.err) == (4, True)
    assert "again.csv, row 3" in outcome.err
    assert accounts(outcome.json) == (2, 0, 0, 0, 0, 2)


def test_a_conflict_stands_even_if_good_rows_may_be_posted_alone(books: Books) -> None:
    books.take(FULL)
    assert books.refuse(FULL | {"note": "hem"}, name="again.csv", options=["--accept-partial"]).code == 4


def test_the_same_id_of_another_source_is_another_trip(books: Books) -> None:
    profile(
        books,
        "other",
        "\n".join(
            [
                '[source]\ntitle = "Other"\n[columns]',
                *(f'{name} = "{name}"' for name in STANDARD[:4]),
                'co2_fossil_kg = { column = "co2_fossil_kg", basis = "fossil_co2" }',
            ]
        ),
    )
    books.take(trip("a"))
    result = books.json("import", books.csv("t.csv", [trip("a")]), "--source", "other")
    assert result["rows_posted"] == 1


@pytest.mark.parametrize("apart", [0, 1, 700])
def test_two_rows_with_the_same_id_and_other_content_are_both_rejected(books: Books, apart: int) -> None:
    between = [trip(f"x{number}") for number in range(apart)]
    outcome = books.refuse(trip("a"), *between, trip("a", co2_fossil_kg="11"), trip("b"))
    assert (outcome.code, "KV-TRIP-TWICE" in outcome.err) == (3, True)
    assert accounts(outcome.json) == (apart + 3, 0, 0, 0, 2, apart + 1)


def test_of_three_with_the_same_id_all_are_rejected_if_one_is_different(books: Books) -> None:
    outcome = books.refuse(trip("a"), trip("a"), trip("a", co2_fossil_kg="11"))
    assert accounts(outcome.json) == (3, 0, 0, 0, 3, 0)


def test_both_are_quarantined_if_the_good_rows_are_posted(books: Books) -> None:
    result = books.take(trip("a"), trip("b"), trip("a", note="x"), options=["--accept-partial"])
    assert accounts(result) == (3, 1, 0, 0, 2, 0)
    assert {row["codes"] for row in books.json("quarantine", "list")["quarantine"]} == {"KV-TRIP-TWICE"}


def test_a_row_that_is_wrong_in_itself_still_makes_its_double_suspect(books: Books) -> None:
    result = books.take(trip("a"), trip("a", unit="NIX"), options=["--accept-partial"])
    assert accounts(result) == (2, 0, 0, 0, 2, 0)


@pytest.mark.parametrize("apart", [0, 1, 700])
def test_a_row_that_stands_twice_unchanged_is_posted_once(books: Books, apart: int) -> None:
    between = [trip(f"x{number}") for number in range(apart)]
    result = books.take(trip("a"), *between, trip("a", co2_fossil_kg="10,0"))
    assert accounts(result) == (apart + 2, apart + 1, 1, 0, 0, 0)
    books.sound()


def test_without_ids_two_equal_rows_are_two_trips(books: Books) -> None:
    file = plain(books, "2025-03-07;SBF;10", "2025-03-07;SBF;10", "2025-03-07;SBF;11")
    assert accounts(books.json("import", file, "--source", "plain")) == (3, 3, 0, 0, 0, 0)
    assert books.sql("SELECT count(DISTINCT trip_id) FROM trip") == [(3,)]


def test_and_sent_again_none_is_new(books: Books) -> None:
    file = plain(books, "2025-03-07;SBF;10", "2025-03-07;SBF;10")
    books.json("import", file, "--source", "plain")
    respelled = plain(books, "20250307;sbf;10,0", "2025-03-07; SBF ;10", name="again.csv")
    assert accounts(books.json("import", respelled, "--source", "plain")) == (2, 0, 2, 0, 0, 0)
    third = plain(books, *["2025-03-07;SBF;10"] * 3, name="third.csv")
    assert accounts(books.json("import", third, "--source", "plain")) == (3, 1, 2, 0, 0, 0)


def test_occurrences_are_counted_over_the_whole_file(books: Books) -> None:
    rows = ["2025-03-07;SBF;10"] * 1300
    file = plain(books, *rows)
    assert books.json("import", file, "--source", "plain")["rows_posted"] == 1300
    assert books.json("import", file, "--source", "plain")["rows_already_imported"] == 1300


def test_a_profile_that_changed_still_knows_its_trips_by_their_meaning(books: Books) -> None:
    text = '[source]\ntitle = "x"\n[columns]\ntrip_id = "Nr"\ndate = "Dag"\nunit = "Enhet"\n'
    text += 'category = { constant = "own_car" }\n'
    profile(books, "x", text + 'distance_km = { column = "Mil", times = "10" }\n')
    books.json("import", books.text("x.csv", "Nr;Dag;Enhet;Mil", "1;2025-03-07;SBF;12,5"), "--source", "x")
    profile(books, "x", text + 'distance_km = "Km"\n')
    again = books.json("import", books.text("y.csv", "Nr;Dag;Enhet;Km", "1;2025-03-07;SBF;125"), "--source", "x")
    assert accounts(again) == (1, 0, 1, 0, 0, 0)
    other = books("import", books.text("y.csv", "Nr;Dag;Enhet;Km", "1;2025-03-07;SBF;12,5"), "--source", "x")
    assert other.code == 4
