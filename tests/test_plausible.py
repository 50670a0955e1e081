"""Plausibility: a row beyond its source's limits is rejected with the reason, unless whoever imports accepts it."""

import os
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from conftest import Books, trip

CLAIMS = "Kst;Datum;Antal;Belopp;Pris"
COLUMNS = """
[source]
title = "Made up"
[columns]
trip_id = "Id"
date = "Datum"
unit = "Kst"
category = "Typ"
fuel = { column = "Bränsle", optional = true }
distance_km = { column = "Km", optional = true }
fuel_quantity = { column = "Liter", optional = true }
route = { column = "Resväg", optional = true }
co2_fossil_kg = { column = "CO2", optional = true, basis = "fossil_co2" }
"""
LIMITS = """
[plausible]
distance_km = { own_car = "1500", taxi = "500" }
fuel_quantity = "150"
years = "2"
"""


@pytest.fixture(autouse=True)
def _own_source() -> None:
    write("made-up", COLUMNS + LIMITS)


def write(name: str, profile: str) -> None:
    folder = Path(os.environ["KLIMATVAXLING_IMPORTS"]) / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "profile.toml").write_text(profile, encoding="utf-8")


def row(**cells: object) -> dict[str, object]:
    return {"Id": "1", "Datum": "2025-03-07", "Kst": "SBF", "Typ": "own_car", "Km": "10"} | cells


def take(books: Books, cells: dict[str, object], *options: object) -> tuple[int, str, Any]:
    file = books.csv("t.csv", [cells])
    outcome = books("import", file, "--source", "made-up", "--format", "json", *options)
    return outcome.code, outcome.err, outcome.json


IMPLAUSIBLE = [
    ({"Km": "1500,1"}, "KV-PLAUSIBLE-DISTANCE", "Km"),
    ({"Km": "-1500,1"}, "KV-PLAUSIBLE-DISTANCE", "Km"),
    ({"Km": "501", "Typ": "taxi"}, "KV-PLAUSIBLE-DISTANCE", "Km"),
    ({"Km": "20 001", "Typ": "rental_car"}, "KV-PLAUSIBLE-DISTANCE", "Km"),
    ({"Km": "9999", "CO2": "1"}, "KV-PLAUSIBLE-DISTANCE", "Km"),
    ({"Liter": "150,5", "Bränsle": "diesel"}, "KV-PLAUSIBLE-FUEL", "Liter"),
    ({"Datum": "2015-03-07"}, "KV-PLAUSIBLE-DATE", "Datum"),
]


@pytest.mark.parametrize(("cells", "code", "column"), IMPLAUSIBLE)
def test_a_row_beyond_a_limit_is_rejected_with_the_reason(
    books: Books, cells: dict[str, object], code: str, column: str
) -> None:
    found, err, document = take(books, row(**cells), "--booked-on", "2025-03-31")
    assert (found, document["rows_rejected"], document["batch"]) == (3, 1, None)
    assert f"t.csv, row 2, column {column}: " in err
    assert f"[{code}]" in err


@pytest.mark.parametrize(("cells", "code", "column"), IMPLAUSIBLE)
def test_it_is_posted_when_it_is_accepted_and_the_batch_says_so(
    books: Books, cells: dict[str, object], code: str, column: str
) -> None:
    found, _, document = take(books, row(**cells), "--booked-on", "2025-03-31", "--accept", code.lower())
    assert (found, document["rows_posted"]) == (0, 1)
    assert books.json("batch", "show", "1")["accepted"] == code
    books.sound()


@pytest.mark.parametrize(
    "cells",
    [
        {"Km": "1500"},
        {"Km": "20 000", "Typ": "rental_car"},
        {"Liter": "150", "Bränsle": "diesel"},
        {"Datum": "2023-03-31"},
        {"Typ": "flight", "Km": "", "Resväg": "GOT-JFK-LAX-HND-GOT"},
    ],
)
def test_a_row_at_a_limit_passes(books: Books, cells: dict[str, object]) -> None:
    assert take(books, row(**cells), "--booked-on", "2025-03-31")[0] == 0


def test_accepting_one_thing_accepts_nothing_else(books: Books) -> None:
    cells = row(Km="2000", Liter="999", Bränsle="diesel")
    found, err, _ = take(books, cells, "--accept", "KV-PLAUSIBLE-FUEL")
    assert (found, "[KV-PLAUSIBLE-DISTANCE]" in err, "[KV-PLAUSIBLE-FUEL]" in err) == (3, True, False)
    both = ("--accept", "KV-PLAUSIBLE-FUEL", "--accept", "KV-PLAUSIBLE-DISTANCE")
    assert take(books, cells, *both)[0] == 0
    assert books.sql("SELECT accepted FROM batch") == [("KV-PLAUSIBLE-DISTANCE KV-PLAUSIBLE-FUEL",)]


@pytest.mark.parametrize("code", ["KV-UNIT-UNKNOWN", "KV-PLAUSIBLE", "", "all"])
def test_what_is_wrong_and_not_merely_implausible_can_never_be_accepted(books: Books, code: str) -> None:
    before = books.dump()
    outcome = books("import", books.csv("t.csv", [row()]), "--source", "made-up", "--accept", code)
    assert (outcome.code, "KV-ACCEPT" in outcome.err) == (2, True)
    assert books.dump() == before


def test_a_row_that_was_accepted_once_is_already_imported_when_it_comes_again(books: Books) -> None:
    take(books, row(Km="2000"), "--accept", "KV-PLAUSIBLE-DISTANCE")
    found, _, document = take(books, row(Km="2 000,0"))
    assert (found, document["rows_already_imported"], document["rows_rejected"]) == (0, 1, 0)


def test_but_another_implausible_row_with_its_id_is_not(books: Books) -> None:
    take(books, row(Km="2000"), "--accept", "KV-PLAUSIBLE-DISTANCE")
    assert take(books, row(Km="2001"))[0] == 3


def test_the_corrected_or_accepted_workbook_is_imported_as_it_is(books: Books) -> None:
    assert take(books, row(Km="15000"))[0] == 3
    workbook = books.folder / "t.rejected.xlsx"
    again = books("import", workbook, "--source", "made-up")
    assert again.code == 3
    accepted = books.json("import", workbook, "--source", "made-up", "--accept", "KV-PLAUSIBLE-DISTANCE")
    assert accepted["rows_posted"] == 1


def test_accepting_is_covered_by_the_digest_of_the_batch(books: Books) -> None:
    take(books, row(Km="2000"), "--accept", "KV-PLAUSIBLE-DISTANCE")
    books.without_triggers()
    books.sql("UPDATE batch SET accepted = ''")
    outcome = books("check", "--format", "json")
    failed = [check["name"] for check in outcome.json["checks"] if not check["ok"]]
    assert (outcome.code, failed) == (4, ["rows_are_as_registered", "batches_are_as_their_vouchers_say"])


def test_the_built_in_source_takes_a_fleets_whole_month(books: Books) -> None:
    cells = {"co2_fossil_kg": "", "distance_km": "900000", "fuel": "petrol", "category": "pool_car"}
    assert books.take(trip(**cells))["rows_posted"] == 1


def claims(books: Books, *rows: str) -> Any:
    return books("import", books.text("c.csv", CLAIMS, *rows), "--source", "claims", "--format", "json")


CLAIM_PROFILE = """
[source]
title = "Claims"
[columns]
date = "Datum"
unit = "Kst"
category = { constant = "own_car" }
distance_km = { column = "Antal", times = "10" }
[plausible]
"""


@pytest.mark.parametrize(
    ("claim", "fits"),
    [
        ("12,4;310,00;25,00", True),
        ("12,4;311,00;25,00", True),
        ("12,4;311,01;25,00", False),
        ("124;310,00;25,00", False),
        ("-1,5;-37,50;25,00", True),
        ("1 004,0;25 100,00;25,00", True),
        ("12,4;;25,00", True),
        ("12,4;310,00;", True),
        ("12,4;kr;25,00", False),
    ],
)
def test_an_amount_that_is_not_distance_times_rate_is_rejected(books: Books, claim: str, fits: bool) -> None:
    write("claims", CLAIM_PROFILE + 'amount = { column = "Belopp", rate = "Pris" }\n')
    outcome = claims(books, f"1201;2025-03-07;{claim}")
    assert outcome.code == (0 if fits else 3)
    assert ("[KV-PLAUSIBLE-AMOUNT]" in outcome.err, "column Belopp" in outcome.err) == (not fits, not fits)


def test_an_amount_may_be_paid_by_one_of_several_rates(books: Books) -> None:
    write("claims", CLAIM_PROFILE + 'amount = { column = "Belopp", rates = ["25,00", "12,00"], tolerance_kr = "0" }\n')
    assert claims(books, "1201;2025-03-07;10;250;", "1201;2025-03-08;10;120;").code == 0
    outcome = claims(books, "1201;2025-03-09;10;95;")
    assert (outcome.code, "95 is not 10 × 25 / 12" in outcome.err) == (3, True)


def test_the_amounts_column_is_kept_so_that_the_corrected_row_can_be_judged_again(books: Books) -> None:
    write("claims", CLAIM_PROFILE + 'amount = { column = "Belopp", rate = "Pris" }\n')
    assert claims(books, "1201;2025-03-07;124;310,00;25,00").code == 3
    workbook = books.folder / "c.rejected.xlsx"
    book = openpyxl.load_workbook(workbook)
    header = [cell.value for cell in book.active[1]]
    assert {"Belopp", "Pris"} <= set(header)
    book.active.cell(2, header.index("Antal") + 1).value = "12,4"
    book.save(workbook)
    assert books.json("import", workbook, "--source", "claims")["rows_posted"] == 1


def test_every_complaint_about_a_row_is_told_with_the_amounts(books: Books) -> None:
    write("claims", CLAIM_PROFILE + 'amount = { column = "Belopp", rate = "Pris" }\n')
    outcome = claims(books, "NIX;2025-03-07;124;310,00;25,00")
    assert "[KV-UNIT-UNKNOWN]" in outcome.err
    assert "[KV-PLAUSIBLE-AMOUNT]" in outcome.err


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("distance_km = 5", "plausible.distance_km"),
        ('distance_km = { bike = "5" }', "plausible.distance_km.bike"),
        ('distance_km = { taxi = "far" }', "plausible.distance_km.taxi"),
        ("years = 2", "plausible.years"),
        ('speed = "2"', "plausible.speed"),
        ('amount = { column = "Belopp" }', "plausible.amount"),
        ('amount = { column = "Belopp", rate = "Pris", rates = ["1"] }', "plausible.amount"),
        ('amount = { column = "Belopp", rates = ["x"] }', "plausible.amount.rates"),
    ],
)
def test_a_limit_that_is_not_understood_refuses_the_profile_by_its_key(books: Books, line: str, key: str) -> None:
    write("claims", CLAIM_PROFILE + line + "\n")
    outcome = claims(books, "1201;2025-03-07;1;2;3")
    assert (outcome.code, f"claims cannot be used: {key}: " in outcome.err) == (3, True)


def test_a_limit_can_be_taken_away(books: Books) -> None:
    write("made-up", COLUMNS + '[plausible]\ndistance_km = "none"\nfuel_quantity = "none"\nyears = "none"\n')
    cells = row(Km="999999", Liter="99999", Bränsle="diesel", Datum="2013-01-01")
    assert take(books, cells, "--booked-on", "2025-03-31")[0] == 0
