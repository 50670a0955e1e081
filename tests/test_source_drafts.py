"""A draft of a profile: what a file's header suggests, marked as guesses, and of no use until a person has checked it."""

import os
import tomllib
from pathlib import Path
from typing import Any

import pytest

from conftest import Books, Outcome, run
from klimatvaxling.travel.draft import NothingToDraft, draft_profile
from klimatvaxling.travel.profile_file import parse_profile
from klimatvaxling.travel.sources import find_source

ROOT = Path(__file__).parent.parent
SAMPLES = sorted((ROOT / "imports").glob("*/exempel.*"))


def new(name: str, file: Path, *options: object) -> Outcome:
    return run("source", "new", name, file, *options)


def drafted(header: str, *rows: str) -> dict[str, Any]:
    text = draft_profile("x", "file.csv", [line.split(";") for line in (header, *rows)])
    parse_profile("x", text)
    return tomllib.loads(text)


def profile_file(name: str) -> Path:
    return Path(os.environ["KLIMATVAXLING_IMPORTS"]) / name / "profile.toml"


@pytest.mark.parametrize("sample", SAMPLES, ids=[path.parent.name for path in SAMPLES])
def test_the_draft_from_a_shipped_sample_loads_and_reads_the_whole_sample(sample: Path) -> None:
    assert new("draft", sample).code == 0
    tested = run("source", "test", "draft", sample, "--format", "json")
    assert tested.code == 0, tested.err
    shipped = run("source", "test", sample.parent.name, sample, "--format", "json")
    assert tested.json["rows_read"] >= shipped.json["rows_read"] - shipped.json["rows_outside_scheme"]
    for row in tested.json["rows"]:
        assert row["date"]
        assert row["unit"]
        assert row["category"]


def test_every_guess_is_marked_as_one_and_the_mark_says_what_to_do(books: Books) -> None:
    file = books.text("t.csv", "Kvittonr;Datum;Kostnadsställe;Körda km", "1;2025-03-04;1201;12,5")
    outcome = new("taxi-syd", file)
    text = profile_file("taxi-syd").read_text(encoding="utf-8")
    assert outcome.out == text
    rules = text.partition("[columns]")[2].split("\n\n")[0].strip().splitlines()
    assert all("  # guess" in line for line in rules)
    assert "draft = true" in text
    assert "KV-" not in outcome.err


def test_nothing_is_imported_with_a_draft_until_its_mark_is_taken_away(books: Books) -> None:
    file = books.text("taxi.csv", "Kvittonr;Datum;Kostnadsställe;Körda km", "1;2025-03-04;1201;12,5")
    assert new("taxi-syd", file).code == 0
    before = books.dump()
    outcome = books("import", file, "--source", "taxi-syd")
    assert (outcome.code, "KV-SOURCE-DRAFT" in outcome.err) == (3, True)
    assert books.json("import", file, "--source", "taxi-syd", "--dry-run")["rows_posted"] == 1
    assert books.dump() == before
    path = profile_file("taxi-syd")
    path.write_text(path.read_text(encoding="utf-8").replace("draft = true\n", ""), encoding="utf-8")
    assert books.json("import", file, "--source", "taxi-syd")["rows_posted"] == 1
    assert books.sql("SELECT category FROM charge") == [("taxi",)]


def test_a_draft_recognises_no_file_in_the_inbox(books: Books) -> None:
    file = books.text("taxi.csv", "Kvittonr;Datum;Kostnadsställe;Körda km", "1;2025-03-04;1201;12,5")
    assert new("taxi-syd", file).code == 0
    (books.folder / "inbox").mkdir()
    file.rename(books.folder / "inbox" / "taxi.csv")
    outcome = books("inbox", "run", books.folder / "inbox")
    assert (outcome.code, "KV-SOURCE-UNRECOGNISED" in outcome.err) == (3, True)


@pytest.mark.parametrize("name", ["standard", "milersattning"])
def test_a_source_that_exists_is_never_written_over(name: str, books: Books) -> None:
    file = books.text("t.csv", "Datum;Kst", "2025-03-04;1201")
    outcome = new(name, file)
    assert (outcome.code, "KV-SOURCE-EXISTS" in outcome.err) == (4, True)


def test_nor_a_draft_that_somebody_has_worked_on(books: Books) -> None:
    file = books.text("t.csv", "Datum;Kst", "2025-03-04;1201")
    assert new("mine", file).code == 0
    profile_file("mine").write_text("# worked on", encoding="utf-8")
    assert new("mine", file).code == 4
    assert profile_file("mine").read_text(encoding="utf-8") == "# worked on"


@pytest.mark.parametrize("name", ["../x", "", "A", "a b", "a/b", "x" * 41, ".x"])
def test_a_name_that_is_no_folder_is_refused(name: str, books: Books) -> None:
    outcome = new(name, books.text("t.csv", "Datum;Kst", "2025-03-04;1201"))
    assert (outcome.code, "KV-SOURCE-NAME" in outcome.err) == (2, True)
    assert not Path(os.environ["KLIMATVAXLING_IMPORTS"]).exists()


def test_a_dry_run_shows_the_draft_and_writes_nothing(books: Books) -> None:
    outcome = new("x", books.text("t.csv", "Datum;Kst", "2025-03-04;1201"), "--dry-run")
    assert (outcome.code, "[columns]" in outcome.out) == (0, True)
    assert not profile_file("x").exists()


def test_people_are_left_out_and_said_to_be(books: Books) -> None:
    file = books.text("t.csv", "Resenär;Anställningsnr;E-post;Datum;Kst", "Testsson;90003;t@x.se;2025-03-04;1201")
    assert new("x", file).code == 0
    text = profile_file("x").read_text(encoding="utf-8")
    assert "Never stored, as they seem to be about people: Resenär, Anställningsnr, E-post" in text
    assert "Testsson" not in text
    assert not {"resenär", "anställningsnr", "e-post"} & set(find_source("x").kept_columns)


def test_mil_become_kilometres_and_fuels_are_translated_word_by_word() -> None:
    found = drafted("Datum;Kst;Antal mil;Drivmedel", "2025-03-04;1201;3,5;Bensin", "2025-03-05;1201;2;Spolarvätska")
    assert found["columns"]["distance_km"] == {"column": "Antal mil", "times": "10"}
    assert found["columns"]["fuel"] == {"column": "Drivmedel", "map": {"Bensin": "petrol"}}


def test_dates_of_other_forms_are_recognised_from_the_rows() -> None:
    found = drafted("Datum;Kst", "04/03/2025;1201", "25/03/2025;1201")
    assert found["columns"]["date"] == {"column": "Datum", "dates": ["%Y-%m-%d", "%Y%m%d", "%d/%m/%Y"]}


def test_a_fuel_card_file_is_known_by_its_columns() -> None:
    found = drafted("Kortnr;Regnr;Datum;Produkt;Volym (l);Kst", "7001;ABC123;2025-03-04;Diesel;42,1;1201")
    assert found["columns"]["category"] == {"constant": "pool_car"}
    assert found["columns"]["fuel_quantity"] == "Volym (l)"


def test_a_stated_co2_figure_is_never_taken_for_fossil_by_a_guess() -> None:
    found = drafted("Datum;Kst;Resväg;CO2 (kg)", "2025-03-04;1201;GOT-ARN;63")
    assert found["columns"]["co2_fossil_kg"] == {"column": "CO2 (kg)", "basis": "unknown"}


def test_an_id_that_stands_on_several_rows_is_said_to() -> None:
    rows = [["Bokningsnr", "Datum", "Kst"], ["1", "2025-03-04", "1201"], ["1", "2025-03-04", "1201"]]
    assert "stands on several rows" in draft_profile("x", "f.csv", rows)


def test_headings_that_say_nothing_are_filled_by_what_stands_below_them_and_said_to() -> None:
    rows = [["Alfa", "Beta", "Gamma"], ["x", "2025-03-04", "1201"], ["y", "2025-03-05", "1202"]]
    text = draft_profile("x", "f.csv", rows)
    assert tomllib.loads(text)["columns"]["date"] == "Beta"
    assert text.count("no heading says so") == 2


def test_headings_with_signs_of_toml_are_quoted() -> None:
    found = drafted('Datum "resa";Kst\\nr', "2025-03-04;1201")
    assert found["columns"]["date"] == 'Datum "resa"'


@pytest.mark.parametrize("rows", [[], [["1", "2"]], [["Rubrik"]], [["2025-03-04", "12,5"], ["1", "2"]]])
def test_a_file_without_anything_like_a_header_gives_no_draft(rows: list[list[str]]) -> None:
    with pytest.raises(NothingToDraft):
        draft_profile("x", "f.csv", rows)


def test_the_test_of_a_source_says_column_by_column_where_cells_come_from_and_what_is_not_understood(
    books: Books,
) -> None:
    file = books.text(
        "t.csv",
        "trip_id;date;unit;category;fuel;distance_km;route;co2_fossil_kg",
        "a;2025-03-04;SBF;own_car;petrol;12,5;;",
        "b;soon;SBF;bike;kerosene;far;;1",
        "c;2025-03-04;SBF;flight;;;GOT-XXX;",
    )
    tested = run("source", "test", "standard", file, "--format", "json")
    assert tested.code == 0
    assert [(each["row"], each["column"], each["code"]) for each in tested.json["problems"]] == [
        (3, "date", "KV-TRIP-DATE"),
        (3, "category", "KV-CATEGORY-UNKNOWN"),
        (3, "fuel", "KV-FUEL-NAME"),
        (3, "distance_km", "KV-CELL-NUMBER"),
        (4, "route", "KV-PLACE-UNKNOWN"),
    ]
    table = run("source", "test", "standard", file).out
    assert "Column in the file" in table
    assert "row 3, column date: “soon” is not a date. [KV-TRIP-DATE]" in table
