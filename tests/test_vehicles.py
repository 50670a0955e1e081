"""The vehicle register: whose a car or card is on each day, and what its rows get from it."""

from pathlib import Path
from typing import Any

import pytest

from conftest import REFUSED, Books
from klimatvaxling.vehicles.vehicle import folded

HEADER = "vehicle;cards;unit;category;fuel;cost_centre;outside_scheme;tank_litres;valid_from;valid_to"
CARDS = """
[source]
title = "Kort"
[columns]
trip_id = "Nr"
date = "Datum"
vehicle = { first_of = ["Regnr", "Kort"] }
fuel = { column = "Produkt", optional = true, map = { "Diesel" = "diesel", "Bensin" = "petrol" } }
unit = { column = "Kst", optional = true }
fuel_quantity = "Liter"
cost_centre = { column = "Kst", optional = true }
"""


def load(books: Books, *lines: str, header: str = HEADER, name: str = "fordon.csv") -> Any:
    return books("vehicle", "load", books.text(name, header, *lines), "--format", "json")


@pytest.fixture
def cards(books: Books) -> Books:
    """Books with a source of fuel purchases, and a register of four vehicles."""
    folder = books.folder.parent / "own-sources" / "kort"
    folder.mkdir(parents=True)
    (folder / "profile.toml").write_text(CARDS, encoding="utf-8")
    lines = (
        "QVI 101;7015 8300;SBF;pool_car;diesel;1210;;55;;",
        "QVI 102;;2100;pool_car;petrol;;;;;2025-02-28",
        "QVI 102;;1300;pool_car;petrol;;;;2025-03-01;",
        "QVI 190;7015 8390;SBF;;diesel;;lastbil;300;;",
    )
    assert load(books, *lines).code == 0
    return books


def bought(books: Books, *lines: str, header: str = "Nr;Datum;Regnr;Kort;Produkt;Liter") -> Path:
    return books.text("kort.csv", header, *lines)


def take(books: Books, *lines: str, header: str = "Nr;Datum;Regnr;Kort;Produkt;Liter") -> Any:
    return books.json("import", bought(books, *lines, header=header), "--source", "kort")


# The file and the register.


def test_a_list_is_registered_and_shown(cards: Books) -> None:
    listed = cards.json("vehicle", "list", "--as-of", "2025-03-07")["vehicles"]
    assert [(row["vehicle"], row["unit"], row["fuel"], row["outside_scheme"]) for row in listed] == [
        ("QVI101", "SBF", "diesel", None),
        ("QVI102", "SBF", "petrol", None),
        ("QVI190", "SBF", "diesel", "lastbil"),
    ]
    assert (listed[0]["cards"], listed[0]["tank_litres"], listed[0]["cost_centre"]) == ("70158300", 55, "1210")
    earlier = cards.json("vehicle", "list", "--as-of", "2025-02-28", "--unit", "BUF")["vehicles"]
    assert [row["vehicle"] for row in earlier] == ["QVI102"]


def test_the_register_answers_for_what_was_known(cards: Books) -> None:
    before = cards.json("vehicle", "list", "--known-at", "2000-01-01T00:00:00Z")
    assert before["vehicles"] == []


def test_a_list_that_is_loaded_again_registers_only_what_is_new(cards: Books) -> None:
    rows = cards.sql("SELECT count(*) FROM vehicle")
    lines = ("QVI-101;70158300;SBF;poolbil;Diesel;1210;;55;;", "QVI 103;;BUF;pool_car;el;;;;;")
    assert load(cards, *lines).json["vehicles"] == ["QVI103"]
    assert cards.sql("SELECT count(*) FROM vehicle") == [(rows[0][0] + 1,)]
    assert load(cards, *lines).json == {"vehicles": [], "vouchers": [], "dry_run": False}


def test_a_dry_run_registers_nothing(books: Books) -> None:
    before = books.dump()
    file = books.text("fordon.csv", HEADER, "QVI 101;;SBF;pool_car;;;;;;")
    found = books.json("vehicle", "load", file, "--dry-run")
    assert (found["vehicles"], found["dry_run"]) == (["QVI101"], True)
    assert books.dump() == before


def test_the_words_of_a_swedish_list_are_understood(books: Books) -> None:
    assert load(books, "QVI 101;;SBF;Poolbil;Fordonsgas;;;;;", "QVI 102;;SBF;Verksamhetsbil;El;;;;;").code == 0
    assert books.sql("SELECT category, fuel FROM vehicle") == [("pool_car", "vehicle_gas"), ("pool_car", "electric")]


def test_several_cards_stand_in_one_cell_with_commas_between(books: Books) -> None:
    assert load(books, '"QVI 101";"7015 8300, 7015-8301|70158302";SBF;pool_car;;;;;;').code == 0
    assert books.sql("SELECT cards FROM vehicle") == [("70158300 70158301 70158302",)]


@pytest.mark.parametrize(
    ("line", "code", "column"),
    [
        ("QVI 101;;NIX;pool_car;;;;;;", "KV-UNIT-UNKNOWN", "unit"),
        ("QVI 101;;;pool_car;;;;;;", "KV-VEHICLE-UNIT", "unit"),
        (";;SBF;pool_car;;;;;;", "KV-VEHICLE-NUMBER", "vehicle"),
        ("QVI 101;;SBF;;;;;;;", "KV-VEHICLE-CATEGORY", "category"),
        ("QVI 101;;SBF;pool_car;vin;;;;;", "KV-VEHICLE-FUEL", "fuel"),
        ("QVI 101;;SBF;pool_car;;;;x;;", "KV-VEHICLE-TANK", "tank_litres"),
        ("QVI 101;;SBF;pool_car;;;;;2025-02-30;", "KV-VEHICLE-DATE", "valid_from"),
        ("QVI 101;;SBF;pool_car;;;;;2025-03-01;2025-02-01", "KV-VEHICLE-DATES", "valid_to"),
        ("QVI 101;;SBF;pool_car;;;;;;;x", "KV-VEHICLE-ROW-WIDE", ""),
        ("QVI 101;;SBF;pool_car;;850709-9805;;;;", "KV-VEHICLE-PERSONAL", "cost_centre"),
        ("8507099805;;SBF;pool_car;;;;;;", "KV-VEHICLE-PERSONAL", "vehicle"),
    ],
)
def test_a_bad_row_of_the_list_is_refused_with_its_place_and_nothing_is_registered(
    books: Books, line: str, code: str, column: str
) -> None:
    before = books.dump()
    outcome = load(books, "QVI 100;;SBF;pool_car;;;;;;", line)
    assert (outcome.code, code in outcome.err, "row 3" in outcome.err) == (3, True, True)
    assert not column or f"column {column}" in outcome.err
    assert "9805" not in outcome.err
    assert books.dump() == before


def test_a_card_of_ten_digits_is_no_person(books: Books) -> None:
    assert load(books, "QVI 101;8507099805;SBF;pool_car;;;;;;").code == 0


@pytest.mark.parametrize("header", ["vehicle;unit", "vehicle;unit;category;colour", "vehicle;vehicle;unit;category"])
def test_a_header_that_is_not_the_lists_is_refused(books: Books, header: str) -> None:
    outcome = load(books, "QVI 101;SBF;pool_car;x", header=header)
    assert (outcome.code, "KV-VEHICLE-FILE-COLUMNS" in outcome.err) == (3, True)


def test_a_list_without_vehicles_is_refused(books: Books) -> None:
    assert "KV-VEHICLE-FILE-EMPTY" in load(books).err


def test_the_register_is_never_changed(cards: Books) -> None:
    for statement in ("UPDATE vehicle SET unit = 'ELN'", "DELETE FROM vehicle"):
        with pytest.raises(REFUSED, match="KV-POSTED"):
            cards.sql(statement)


# What rows get from it.


def test_unit_category_fuel_and_cost_centre_come_from_the_register(cards: Books) -> None:
    result = take(cards, "1;2025-03-07;QVI 101;;;10", "2;2025-03-07;;7015 8300;;10")
    assert (result["rows_posted"], [unit["unit"] for unit in result["units"]]) == (2, ["SBF"])
    sql = "SELECT c.category, t.cost_centre, t.tier, t.co2_g FROM trip t JOIN charge c ON c.id = t.charge_id"
    assert cards.sql(sql) == [("pool_car", "1210", 2, 24_000)] * 2
    cards.sound()


def test_what_the_row_says_itself_comes_before_the_register(cards: Books) -> None:
    header = "Nr;Datum;Regnr;Kort;Produkt;Liter;Kst"
    result = take(cards, "1;2025-03-07;QVI 101;;Bensin;10;2100", header=header)
    assert [unit["unit"] for unit in result["units"]] == ["BUF"]
    assert cards.sql("SELECT cost_centre, co2_g FROM trip") == [("2100", 21_200)]


def test_the_day_of_the_trip_decides_whose_the_vehicle_was(cards: Books) -> None:
    result = take(cards, "1;2025-02-28;QVI 102;;;10", "2;2025-03-01;QVI 102;;;10")
    assert {unit["unit"] for unit in result["units"]} == {"BUF", "SBF"}
    rows = cards.sql(
        "SELECT u.code, t.trip_on FROM trip t JOIN charge c ON c.id = t.charge_id JOIN unit u ON u.id = c.unit_id"
    )
    assert sorted(rows) == [("BUF", "2025-02-28"), ("SBF", "2025-03-01")]


def test_a_vehicle_outside_the_scheme_makes_its_rows_so_with_the_reason(cards: Books) -> None:
    file = bought(cards, "1;2025-03-07;QVI 190;;;200", "2;2025-03-07;;70158390;;20", "3;2025-03-07;QVI 101;;;10")
    outcome = cards("import", file, "--source", "kort")
    assert "lastbil" in outcome.out
    batch = cards.json("batch", "show", "1")
    assert (batch["rows_read"], batch["rows_posted"], batch["rows_outside_scheme"]) == (3, 1, 2)


def test_a_file_of_nothing_but_lorries_posts_nothing(cards: Books) -> None:
    result = take(cards, "1;2025-03-07;QVI 190;;;200")
    assert (result["rows_read"], result["rows_outside_scheme"], result["batch"]) == (1, 1, None)


@pytest.mark.parametrize(
    ("line", "code", "column"),
    [
        ("1;2025-03-07;QVI 999;;;10", "KV-VEHICLE-UNKNOWN", "Regnr"),
        ("1;2025-03-07;;7015 9999;;10", "KV-VEHICLE-UNKNOWN", "Regnr"),
        ("1;2025-03-07;;;;10", "KV-VEHICLE-MISSING", "Regnr"),
        ("1;2025-02-30;QVI 101;;;10", "KV-TRIP-DATE", "Datum"),
        ("1;2025-03-07;QVI 101;;;x", "KV-CELL-NUMBER", "Liter"),
        ("1;2025-03-07;QVI 999;;;x", "KV-VEHICLE-UNKNOWN", "Regnr"),
    ],
)
def test_a_row_whose_vehicle_is_not_known_is_rejected_and_the_others_are_not(
    cards: Books, line: str, code: str, column: str
) -> None:
    file = bought(cards, "0;2025-03-07;QVI 101;;;10", line, "3;2025-03-07;QVI 101;;;10")
    outcome = cards("import", file, "--source", "kort", "--format", "json")
    assert (outcome.code, outcome.json["rows_rejected"], outcome.json["rows_held"]) == (3, 1, 2)
    assert f"row 3, column {column}" in outcome.err
    assert code in outcome.err
    assert "KV-UNIT-UNKNOWN" not in outcome.err


def test_a_vehicle_on_a_day_it_does_not_cover_is_rejected_with_that_day(cards: Books) -> None:
    assert load(cards, "QVI 101;7015 8300;SBF;pool_car;diesel;1210;;55;;2025-03-06").code == 0
    outcome = cards("import", bought(cards, "1;2025-03-09;QVI 101;;;10"), "--source", "kort")
    assert "“QVI 101” is in the vehicle register, but not on 2025-03-09." in outcome.err


def test_the_corrected_rows_are_imported_with_the_register_as_it_is_then(cards: Books) -> None:
    file = bought(cards, "1;2025-03-07;QVI 999;;;10")
    assert cards("import", file, "--source", "kort").code == 3
    assert load(cards, "QVI 999;;BUF;pool_car;petrol;;;;;").code == 0
    result = cards.json("import", cards.folder / "kort.rejected.xlsx", "--source", "kort")
    assert (result["rows_posted"], result["units"][0]["unit"]) == (1, "BUF")


def test_a_later_entry_in_the_register_does_not_change_a_posted_trip(cards: Books) -> None:
    line = "1;2025-03-07;QVI 101;;;10"
    take(cards, line)
    assert load(cards, "QVI 101;7015 8300;BUF;pool_car;petrol;;;;2025-01-01;").code == 0
    again = take(cards, line)
    assert (again["rows_posted"], again["rows_already_imported"]) == (0, 1)


def test_the_same_purchase_by_another_vehicle_is_another_trip(cards: Books) -> None:
    profile = cards.folder.parent / "own-sources" / "kort" / "profile.toml"
    profile.write_text(CARDS.replace('trip_id = "Nr"\n', ""), encoding="utf-8")
    lines = ("1;2025-03-07;QVI 101;;;10", "2;2025-03-07;QVI 102;;;10", "3;2025-03-07;qvi-101;;;10,0")
    assert take(cards, *lines)["rows_posted"] == 3
    assert take(cards, *reversed(lines))["rows_already_imported"] == 3
    ids = [trip_id for (trip_id,) in cards.sql("SELECT trip_id FROM trip ORDER BY id")]
    assert sorted(trip_id.rpartition("-")[2] for trip_id in ids) == ["1", "1", "2"]
    assert folded("qvi-101") == "QVI101"


def test_a_ten_digit_card_is_let_through_where_the_profile_says_what_cards_look_like(cards: Books) -> None:
    assert load(cards, "QVI 105;8507099805;SBF;pool_car;diesel;;;;;").code == 0
    line = "1;2025-03-07;;8507099805;;10"
    outcome = cards("import", bought(cards, line), "--source", "kort")
    assert (outcome.code, "KV-PERSONAL-NUMBER" in outcome.err, "9805" in outcome.err) == (3, True, False)
    profile = cards.folder.parent / "own-sources" / "kort" / "profile.toml"
    profile.write_text(CARDS + '[identity]\nvehicle_pattern = "[0-9]{10}"\n', encoding="utf-8")
    assert take(cards, line)["rows_posted"] == 1


def test_a_large_file_gets_the_same_in_a_process_of_its_own(cards: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    from klimatvaxling.batches import reader

    lines = ("1;2025-03-07;QVI 101;;;10", "2;2025-03-07;QVI 190;;;10", "3;2025-03-07;QVI 999;;;10")
    file = bought(cards, *lines)
    here = cards("import", file, "--source", "kort", "--dry-run", "--format", "json")
    monkeypatch.setattr(reader, "WORTH_A_PROCESS_BYTES", 0)
    assert cards("import", file, "--source", "kort", "--dry-run", "--format", "json") == here
