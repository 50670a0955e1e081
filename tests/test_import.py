"""The import: every row accounted for; one bad row refuses the file, and can be corrected and sent again."""

import re
from pathlib import Path

import openpyxl
import pytest

from conftest import STANDARD, Books, trip

COUNTS = ("rows_posted", "rows_already_imported", "rows_outside_scheme", "rows_rejected", "rows_held")
KEYS = [
    "batch", "source", "file_sha256", "rows_read", *COUNTS, "co2_g", "charged_ore", "units", "vouchers", "dry_run"
]  # fmt: skip
# Made up, with the right check digit.
PERSON = "19850709-9805"


def adds_up(result: dict[str, int]) -> bool:
    return result["rows_read"] == sum(result[name] for name in COUNTS)


def accounts(result: dict[str, int]) -> tuple[int, ...]:
    return tuple(result[name] for name in ("rows_read", *COUNTS))


def many(count: int, **cells: object) -> list[dict[str, object]]:
    return [trip(f"T{number}", **cells) for number in range(count)]


def test_the_result_has_the_promised_keys_and_figures(books: Books) -> None:
    result = books.take(trip("a"), trip("b", unit="2100", category="taxi"), trip("c", unit="ELN", date="2025-02-01"))
    assert [key for key in result if key not in ("file", "outside")] == KEYS
    assert accounts(result) == (3, 3, 0, 0, 0, 0)
    assert result["units"] == [{"unit": unit, "co2_g": 10_000, "charged_ore": 1500} for unit in ("BUF", "ELN", "SBF")]
    assert (result["batch"], result["source"], result["dry_run"]) == (1, "standard", False)
    assert (result["co2_g"], result["charged_ore"]) == (30_000, 4500)
    assert result["vouchers"] == ["B2025-1", "A2025-1", "A2025-2"]
    assert len(result["file_sha256"]) == 64


def test_one_bad_row_refuses_the_whole_file_and_the_good_rows_are_held(books: Books) -> None:
    outcome = books.refuse(trip("a"), trip("b", unit="NIX"), trip("c", category="bike"))
    assert (outcome.code, "KV-ROWS-REJECTED" in outcome.err) == (3, True)
    assert accounts(outcome.json) == (3, 0, 0, 0, 2, 1)
    assert outcome.json["batch"] is None
    assert (outcome.json["vouchers"], outcome.json["charged_ore"]) == ([], 0)


@pytest.mark.parametrize(
    ("cells", "code", "column"),
    [
        ({"unit": "NIX"}, "KV-UNIT-UNKNOWN", "unit"),
        ({"unit": ""}, "KV-UNIT-UNKNOWN", "unit"),
        ({"unit": "FUND"}, "KV-UNIT-UNKNOWN", "unit"),
        ({"category": "train"}, "KV-CATEGORY-UNKNOWN", "category"),
        ({"category": ""}, "KV-CATEGORY-UNKNOWN", "category"),
        ({"fuel": "kerosene"}, "KV-FUEL-NAME", "fuel"),
        ({"date": "2025-02-30"}, "KV-TRIP-DATE", "date"),
        ({"date": ""}, "KV-TRIP-DATE", "date"),
        ({"trip_id": "  "}, "KV-TRIP-ID-MISSING", "trip_id"),
        ({"trip_id": "x" * 201}, "KV-TRIP-ID-LONG", "trip_id"),
        ({"co2_fossil_kg": "NaN"}, "KV-CELL-NUMBER", "co2_fossil_kg"),
        ({"co2_fossil_kg": "inf"}, "KV-CELL-NUMBER", "co2_fossil_kg"),
        ({"co2_fossil_kg": "1e5"}, "KV-CELL-NUMBER", "co2_fossil_kg"),
        ({"co2_fossil_kg": "=1+1"}, "KV-CELL-NUMBER", "co2_fossil_kg"),
        ({"co2_fossil_kg": "9" * 20}, "KV-CELL-SIZE", "co2_fossil_kg"),
        ({"co2_fossil_kg": ""}, "KV-NO-EVIDENCE", "distance_km"),
        ({"co2_fossil_kg": "", "category": "flight", "route": "GOT-XXX"}, "KV-PLACE-UNKNOWN", "route"),
        ({"co2_fossil_kg": "", "category": "flight", "route": "GOT"}, "KV-ROUTE", "route"),
        ({"note": PERSON}, "KV-PERSONAL-NUMBER", "note"),
    ],
)
def test_what_cannot_be_understood_is_rejected_with_its_place_and_never_charged_as_zero(
    books: Books, cells: dict[str, object], code: str, column: str
) -> None:
    outcome = books.refuse(trip("fine"), trip() | {"distance_km": ""} | cells)
    assert outcome.code == 3
    assert f"trips.csv, row 3, column {column}: " in outcome.err
    assert f"[{code}]" in outcome.err


def test_every_complaint_about_a_row_is_told_at_once(books: Books) -> None:
    outcome = books.refuse(trip("", date="soon", category="bike", fuel="petrol"))
    for code in ("KV-TRIP-ID-MISSING", "KV-TRIP-DATE", "KV-CATEGORY-UNKNOWN"):
        assert code in outcome.err


def test_the_rejected_rows_can_be_corrected_and_imported_as_they_are(books: Books) -> None:
    books.refuse(
        trip("a"), trip("b", unit="NIX", note="=1+1"), trip("c", date="2025-02-30", fuel="petrol"), name="march.csv"
    )
    workbook = books.folder / "march.rejected.xlsx"
    book = openpyxl.load_workbook(workbook)
    sheet = book.active
    header = [cell.value for cell in sheet[1]]
    assert header[-1] == "rejected_reason"
    assert sheet.max_row == 3
    unit, date = sheet.cell(2, header.index("unit") + 1), sheet.cell(3, header.index("date") + 1)
    assert unit.comment is not None
    assert "KV-UNIT-UNKNOWN" in sheet.cell(2, len(header)).value
    assert "row 3" in sheet.cell(2, len(header)).value
    assert unit.fill.fgColor.rgb != sheet.cell(2, 1).fill.fgColor.rgb
    unit.value, date.value = "BUF", "2025-02-28"
    book.save(workbook)
    result = books.json("import", workbook, "--source", "standard")
    assert accounts(result) == (2, 2, 0, 0, 0, 0)
    assert books.take(trip("a"), name="rest.csv")["rows_posted"] == 1


def test_a_workbook_that_is_not_corrected_is_refused_again(books: Books) -> None:
    books.refuse(trip("b", unit="NIX"), name="march.csv")
    again = books("import", books.folder / "march.rejected.xlsx", "--source", "standard")
    assert again.code == 3
    header = [cell.value for cell in openpyxl.load_workbook(books.folder / "march.rejected.rejected.xlsx").active[1]]
    assert header.count("rejected_reason") == 1


def test_the_rejected_rows_go_where_they_are_wanted(books: Books, tmp_path: Path) -> None:
    books.refuse(trip(unit="NIX"), options=["--rejected-to", tmp_path])
    assert (tmp_path / "trips.rejected.xlsx").exists()
    assert not (books.folder / "trips.rejected.xlsx").exists()


@pytest.mark.parametrize("options", [[], ["--accept-partial"]])
def test_where_the_workbook_cannot_be_written_nothing_is_posted(books: Books, options: list[str]) -> None:
    before = books.dump()
    file = books.csv("trips.csv", [trip("a"), trip("b", unit="NIX")])
    outcome = books("import", file, "--source", "standard", "--rejected-to", books.folder / "none", *options)
    assert outcome.code in (3, 4)
    assert books.dump() == before


def test_good_rows_are_posted_and_the_rejected_ones_quarantined_if_that_is_accepted(books: Books) -> None:
    result = books.take(trip("a"), trip("b", unit="NIX"), trip("c", date="x"), options=["--accept-partial"])
    assert accounts(result) == (3, 1, 0, 0, 2, 0)
    assert result["charged_ore"] == 1500
    kept = books.json("quarantine", "list")["quarantine"]
    assert [(row["row"], row["codes"], row["cells"]["trip_id"]) for row in kept] == [
        (3, "KV-UNIT-UNKNOWN", "b"),
        (4, "KV-TRIP-DATE", "c"),
    ]
    assert (books.folder / "trips.rejected.xlsx").exists()
    books.sound()


def test_a_corrected_row_leaves_the_quarantine(books: Books) -> None:
    books.take(trip("a"), trip("b", unit="NIX"), options=["--accept-partial"])
    books.take(trip("b"), name="corrected.csv")
    assert books.json("quarantine", "list")["quarantine"] == []


def test_a_row_waits_in_the_quarantine_once_however_often_its_file_is_imported(books: Books) -> None:
    for _ in range(2):
        books.take(trip("a"), trip("b", unit="NIX"), options=["--accept-partial"])
    assert len(books.json("quarantine", "list")["quarantine"]) == 1


def test_a_file_of_which_nothing_is_good_may_be_accepted_too(books: Books) -> None:
    result = books.take(trip("b", unit="NIX"), options=["--accept-partial"])
    assert accounts(result) == (1, 0, 0, 0, 1, 0)
    assert result["vouchers"] == []
    books.sound()


def test_a_dry_run_shows_the_same_and_leaves_the_books_as_they_were(books: Books) -> None:
    rows = [trip("a"), trip("b", unit="BUF", date="2025-02-02"), trip("c", unit="NIX")]
    for options in (["--accept-partial"], []):
        before = books.dump()
        file = books.csv("trips.csv", rows)
        rehearsed = books("import", file, "--source", "standard", "--format", "json", "--dry-run", *options)
        assert books.dump() == before
        real = books("import", file, "--source", "standard", "--format", "json", *options)
        assert rehearsed.code == real.code
        assert rehearsed.json == real.json | {"dry_run": True}


@pytest.mark.parametrize("count", ["2", " 2 "])
def test_the_expected_number_of_rows_is_accepted(books: Books, count: str) -> None:
    assert books.take(*many(2), options=["--expect-rows", count])["rows_posted"] == 2


@pytest.mark.parametrize("count", ["1", "3", "0", "99999999999999"])
def test_another_number_of_rows_than_expected_is_refused(books: Books, count: str) -> None:
    outcome = books.refuse(*many(2), options=["--expect-rows", count])
    assert (outcome.code, "KV-EXPECT-ROWS" in outcome.err) == (3, True)
    assert accounts(outcome.json) == (2, 0, 0, 0, 0, 2)


@pytest.mark.parametrize("kg", ["24,68", "24.680", "24,7", "25", "24,6800000000"])
def test_the_expected_kg_are_compared_with_the_decimals_they_were_given_with(books: Books, kg: str) -> None:
    assert books.take(*many(2, co2_fossil_kg="12,34"), options=["--expect-kg", kg])["co2_g"] == 24_680


@pytest.mark.parametrize("kg", ["24", "24,6", "24,67", "-24,68", "0"])
def test_other_kg_than_expected_are_refused(books: Books, kg: str) -> None:
    outcome = books.refuse(*many(2, co2_fossil_kg="12,34"), options=["--expect-kg", kg])
    assert (outcome.code, "KV-EXPECT-KG" in outcome.err) == (3, True)


def test_expectations_hold_for_a_file_sent_again_too(books: Books) -> None:
    books.take(*many(2))
    books.take(*many(2), options=["--expect-rows", "2", "--expect-kg", "20"])


@pytest.mark.parametrize("option", ["--expect-rows", "--expect-kg", "--booked-on"])
def test_an_option_that_a_script_left_empty_is_not_passed_over(books: Books, option: str) -> None:
    before = books.dump()
    outcome = books("import", books.csv("trips.csv", [trip()]), "--source", "standard", option, "")
    assert outcome.code == 2
    assert books.dump() == before


def test_header_case_order_and_spaces_do_not_matter(books: Books) -> None:
    file = books.text(
        "t.csv", " Note ;CO2_Fossil_KG;CATEGORY; unit;Date;TRIP_ID;rejected_reason", ";10;Own_Car ; sbf;20250307;x;old"
    )
    result = books.json("import", file, "--source", "standard")
    assert (result["rows_posted"], result["charged_ore"]) == (1, 1500)


@pytest.mark.parametrize(
    ("header", "code", "named"),
    [
        ("trip_id;date;unit;category;traveller;CO2", "KV-COLUMN-UNKNOWN", "traveller"),
        ("trip_id;date;unit;category;distance", "KV-COLUMN-UNKNOWN", "distance"),
        ("trip_id;date;unit", "KV-HEADER-MISSING", "category"),
        ("trip_id;date;unit;category;Unit", "KV-COLUMN-TWICE", "unit"),
    ],
)
def test_a_header_that_is_not_the_sources_is_refused_by_the_columns_name(
    books: Books, header: str, code: str, named: str
) -> None:
    before = books.dump()
    outcome = books("import", books.text("t.csv", header, "a;2025-03-07;SBF;own_car;5;5"), "--source", "standard")
    assert (outcome.code, code in outcome.err, named in outcome.err) == (3, True, True)
    assert books.dump() == before


def test_a_header_without_rows_is_refused(books: Books) -> None:
    outcome = books("import", books.text("t.csv", ";".join(STANDARD)), "--source", "standard")
    assert (outcome.code, "KV-FILE-NO-ROWS" in outcome.err) == (3, True)


@pytest.mark.parametrize(
    "number", [PERSON, "8507099805", "198507099805", "850709 9805", "resa för 850709-9805 till kund"]
)
@pytest.mark.parametrize("column", ["note", "trip_id", "cost_centre", "project", "unit", "date"])
def test_a_personal_number_rejects_its_row_and_stands_nowhere(books: Books, number: str, column: str) -> None:
    file = books.csv("trips.csv", [trip("a"), trip("b", date="2025-03-07") | {column: number}])
    for options in ([], ["--accept-partial"]):
        outcome = books("import", file, "--source", "standard", "--format", "json", *options)
        assert "KV-PERSONAL-NUMBER" in outcome.err
        cells = [
            str(cell.value)
            for sheet in openpyxl.load_workbook(books.folder / "trips.rejected.xlsx")
            for row in sheet.rows
            for cell in row
        ]
        for place in (outcome.out, outcome.err, books.told(), "\n".join(cells)):
            # Four digits alone may stand in any hash; with one more they are the number's.
            assert not re.search(r"0709[- ]?9805", place)


def test_two_personal_numbers_in_one_row_stand_nowhere(books: Books) -> None:
    file = books.csv("trips.csv", [trip("b", note=PERSON, project="19900101-0017", cost_centre="resa 850709-9805")])
    outcome = books("import", file, "--source", "standard", "--accept-partial", "--format", "json")
    book = openpyxl.load_workbook(books.folder / "trips.rejected.xlsx")
    cells = [str(cell.value) for row in book.active.rows for cell in row]
    for place in (outcome.out, outcome.err, books.told(), "\n".join(cells)):
        assert not re.search(r"0709[- ]?9805", place)
        assert "0017" not in place


def test_a_personal_number_in_a_row_that_is_too_wide_stands_nowhere(books: Books) -> None:
    file = books.text("trips.csv", "trip_id;date;unit;category;note", f"b;2025-03-07;SBF;own_car;{PERSON};5")
    outcome = books("import", file, "--source", "standard", "--accept-partial", "--format", "json")
    book = openpyxl.load_workbook(books.folder / "trips.rejected.xlsx")
    cells = [str(cell.value) for row in book.active.rows for cell in row]
    for place in (outcome.out, outcome.err, books.told(), "\n".join(cells)):
        assert not re.search(r"0709[- ]?9805", place)


def test_a_row_with_more_cells_than_the_header_is_rejected(books: Books) -> None:
    file = books.text(
        "t.csv",
        "trip_id;date;unit;category;co2_fossil_kg",
        "a;2025-03-07;SBF;own_car;1;234",
        "b;2025-03-07;SBF;own_car;1;;",
    )
    outcome = books("import", file, "--source", "standard", "--format", "json")
    assert "KV-ROW-WIDE" in outcome.err
    assert accounts(outcome.json) == (2, 0, 0, 0, 1, 1)


def test_how_a_category_or_fuel_is_spelled_never_decides_who_is_charged(books: Books) -> None:
    """Thousands of spellings of the same two words, as no supplier writes them and an attacker might."""
    rows = []
    for number in range(12_000):
        fuel = "".join(letter.upper() if number >> bit & 1 else letter for bit, letter in enumerate("vehicle_gas"))
        category = ("own_car", "OWN_CAR", "Own_Car", "own_CAR", "OWN_car", "Own_car")[number // 2048]
        rows.append(
            trip(
                number,
                unit="ELN" if number == 2 else ("SBF", "BUF")[number % 2],
                category=category,
                fuel=fuel,
                co2_fossil_kg="1",
            )
        )
    result = books.take(*rows)
    charged = {unit["unit"]: unit["co2_g"] for unit in result["units"]}
    assert charged == {"SBF": 5_999_000, "BUF": 6_000_000, "ELN": 1_000}


@pytest.mark.parametrize("column", ["cost_centre", "project", "note", "trip_id"])
@pytest.mark.parametrize(
    "text", ["two\nlines", "two\r\nlines", "two\u2028lines", "None", "'; DROP TABLE trip; --", "=1+1", "å\u0308 😀"]
)
def test_whatever_a_cell_says_the_books_are_sound_and_know_the_file_again(books: Books, column: str, text: str) -> None:
    row = trip("a") | {column: text}
    books.take(row)
    books.sound()
    assert books.take(row)["rows_already_imported"] == 1


def test_several_files_are_imported_one_by_one(books: Books) -> None:
    files = [books.csv(f"{name}.csv", [trip(name)]) for name in "ab"]
    results = books.json("import", *files, "--source", "standard")["imports"]
    assert [result["vouchers"] for result in results] == [["A2025-1"], ["A2025-2"]]


def test_a_bad_file_among_several_does_not_hide_what_was_posted_of_the_others(books: Books) -> None:
    good = books.csv("good.csv", [trip("a")])
    outcome = books("import", good, books.folder / "missing.csv", "--source", "standard", "--format", "json")
    assert outcome.code == 3
    assert "A2025-1" in outcome.out or books.sql("SELECT count(*) FROM voucher") == [(0,)]


def test_a_batch_keeps_its_counts_its_file_and_its_profile(books: Books) -> None:
    result = books.take(trip("a"), trip("b", unit="NIX"), options=["--accept-partial", "--evidence", "Arkiv 7"])
    batch = books.json("batch", "show", "1")
    for key in ("rows_read", *COUNTS, "co2_g", "charged_ore", "file_sha256", "vouchers"):
        assert batch[key] == result[key]
    assert (batch["file"], batch["evidence"], batch["profile_version"]) == ("trips.csv", "Arkiv 7", 1)
    assert books.json("batch", "list")["batches"][0]["batch"] == 1
    assert adds_up(batch)


def test_a_trip_keeps_the_cost_centre_and_project_it_came_with(books: Books) -> None:
    books.take(trip(unit="1200", cost_centre=" 1234 ", project="P 7"))
    assert books.sql("SELECT cost_centre, project FROM trip") == [("1234", "P 7")]
