"""The quarantine: a rejected row waits until it comes back corrected or is dismissed with a reason; none is lost."""

from pathlib import Path
from typing import Any

import openpyxl
import pytest

from conftest import REFUSED, Books, trip
from klimatvaxling.batches.quarantine import Corrected, Waiting, corrections
from klimatvaxling.travel.personal_number import MASKED

MILEAGE = "Anställningsnr;Namn;Kst;Löneart;Datum;Antal;Projekt"


def waiting(books: Books, *options: object) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = books.json("quarantine", "list", *options)["quarantine"]
    return rows


def corrected(workbook: Path, **cells: str) -> Path:
    """The workbook with some cells of its rows corrected: `Kst="1201"` in the first row, or `Kst_2=…` in the second."""
    book = openpyxl.load_workbook(workbook)
    header = [cell.value for cell in book.active[1]]
    for name, value in cells.items():
        column, _, row = name.partition("_row")
        book.active.cell(int(row or 1) + 1, header.index(column) + 1).value = value
    book.save(workbook)
    return workbook


def mileage(books: Books, name: str, *rows: str) -> Path:
    total = sum(float(row.split(";")[5].replace(",", ".")) for row in rows)
    return books.text(name, MILEAGE, *rows, f";;Summa;;;{total:.1f};".replace(".", ","))


def test_the_list_shows_what_waits_why_and_since_when(books: Books) -> None:
    books.take(trip("a"), trip("b", unit="NIX"), options=["--accept-partial"])
    (row,) = waiting(books)
    assert (row["source"], row["file"], row["row"]) == ("standard", "trips.csv", 3)
    assert row["codes"] == "KV-UNIT-UNKNOWN"
    assert len(row["waits_since_on"]) == 10
    assert waiting(books, "--known-at", "2020-01-01") == []


def test_a_row_is_dismissed_with_a_reason_that_stays_on_record(books: Books) -> None:
    books.take(trip("b", unit="NIX"), options=["--accept-partial"])
    document = books.json("quarantine", "dismiss", "1", "--reason", " privat resa ")
    assert document == {
        "quarantine": 1,
        "file": "trips.csv",
        "row": 2,
        "reason": "privat resa",
        "vouchers": [],
        "dry_run": False,
    }
    assert waiting(books) == []
    assert books.sql("SELECT quarantine_id, reason FROM quarantine_outcome") == [(1, "privat resa")]
    books.sound()


def test_a_dry_run_dismisses_nothing(books: Books) -> None:
    books.take(trip("b", unit="NIX"), options=["--accept-partial"])
    before = books.dump()
    books.json("quarantine", "dismiss", "1", "--reason", "x", "--dry-run")
    assert books.dump() == before


@pytest.mark.parametrize(
    ("number", "reason", "code", "named"),
    [
        ("9", "x", 3, "KV-QUARANTINE-UNKNOWN"),
        ("99999999999999999999", "x", 2, "KV-TOO-LARGE"),
        ("x", "x", 2, "KV-COUNT"),
        ("1", "  ", 3, "KV-REASON-MISSING"),
        ("1", "resan gjordes av 19850709-9805", 3, "KV-PERSONAL-NUMBER"),
    ],
)
def test_a_dismissal_that_says_nothing_or_too_much_is_refused(
    books: Books, number: str, reason: str, code: int, named: str
) -> None:
    books.take(trip("b", unit="NIX"), options=["--accept-partial"])
    outcome = books("quarantine", "dismiss", number, "--reason", reason)
    assert (outcome.code, named in outcome.err) == (code, True)
    assert len(waiting(books)) == 1


def test_a_row_leaves_the_quarantine_once(books: Books) -> None:
    books.take(trip("b", unit="NIX"), trip("c", unit="NIX"), options=["--accept-partial"])
    books.json("quarantine", "dismiss", "1", "--reason", "x")
    books.take(trip("c"), name="corrected.csv")
    for number in ("1", "2"):
        outcome = books("quarantine", "dismiss", number, "--reason", "x")
        assert (outcome.code, "KV-QUARANTINE-ENDED" in outcome.err) == (4, True)


def test_a_row_whose_id_was_posted_before_still_waits(books: Books) -> None:
    """The supplier changed a posted trip, and the new row is wrong: nothing in the books answers it."""
    books.take(trip("a"))
    books.take(trip("a", unit="NIX"), trip("b"), name="changed.csv", options=["--accept-partial"])
    assert [row["cells"]["trip_id"] for row in waiting(books)] == ["a"]


def test_a_row_without_an_id_leaves_when_it_comes_back_in_its_workbook(books: Books) -> None:
    file = mileage(books, "mars.csv", "1;T;NIX;5120;2025-03-04;12,4;", "1;T;NIX;5120;2025-03-05;3,0;")
    books.json("import", file, "--source", "milersattning", "--accept-partial")
    workbook = corrected(books.folder / "mars.rejected.xlsx", Kst="1201")
    books.json("import", workbook, "--source", "milersattning", "--accept-partial")
    (row,) = waiting(books)
    assert row["cells"]["Datum"] == "2025-03-05"


def test_the_same_correction_frees_as_many_rows_as_there_are(books: Books) -> None:
    row = "1;T;NIX;5120;2025-03-04;12,4;"
    file = mileage(books, "mars.csv", row, row.replace("12,4", "3,0"))
    books.json("import", file, "--source", "milersattning", "--accept-partial")
    books.json(
        "import",
        corrected(books.folder / "mars.rejected.xlsx", Kst="1201", Kst_row2="2100"),
        "--source",
        "milersattning",
    )
    assert waiting(books) == []
    books.sound()


def test_a_row_that_merely_looks_like_a_waiting_one_in_another_file_frees_nothing(books: Books) -> None:
    """The next month's list has the same claim of another unit: that is no correction."""
    file = mileage(books, "mars.csv", "1;T;NIX;5120;2025-03-04;12,4;")
    books.json("import", file, "--source", "milersattning", "--accept-partial")
    books.json("import", mileage(books, "april.csv", "1;T;1201;5120;2025-03-04;12,4;"), "--source", "milersattning")
    assert len(waiting(books)) == 1


def test_a_row_whose_other_cells_were_changed_too_is_not_taken_for_the_waiting_one(books: Books) -> None:
    file = mileage(books, "mars.csv", "1;T;NIX;5120;2025-03-04;12,4;")
    books.json("import", file, "--source", "milersattning", "--accept-partial")
    workbook = corrected(books.folder / "mars.rejected.xlsx", Kst="1201", Antal="99")
    books.json("import", workbook, "--source", "milersattning")
    assert len(waiting(books)) == 1


def test_a_row_that_had_no_id_leaves_when_its_workbook_gives_it_one(books: Books) -> None:
    books.take(trip(""), trip("b"), options=["--accept-partial"])
    books.json("import", corrected(books.folder / "trips.rejected.xlsx", trip_id="n1"), "--source", "standard")
    assert waiting(books) == []


def test_a_row_with_a_personal_number_leaves_when_it_comes_back_without(books: Books) -> None:
    books.take(trip("b", note="för 850709-9805"), trip("c"), options=["--accept-partial"])
    books.json("import", corrected(books.folder / "trips.rejected.xlsx", note="bort"), "--source", "standard")
    assert waiting(books) == []


def test_what_has_left_the_quarantine_was_there_before(books: Books) -> None:
    books.take(trip("b", unit="NIX"), options=["--accept-partial"])
    ((registered_at,),) = books.sql("SELECT registered_at FROM batch")
    books.take(trip("b"), name="corrected.csv")
    assert waiting(books) == []
    assert len(waiting(books, "--known-at", registered_at)) == 1


def test_nobody_can_change_how_a_row_left_the_quarantine(books: Books) -> None:
    books.take(trip(""), options=["--accept-partial"])
    books.json("import", corrected(books.folder / "trips.rejected.xlsx", trip_id="n1"), "--source", "standard")
    for statement in (
        "DELETE FROM quarantine_correction",
        "UPDATE quarantine_correction SET trip_id = 'x'",
        "INSERT INTO quarantine_correction VALUES (9, 1, 1, 'x')",
    ):
        with pytest.raises(REFUSED, match="KV-"):
            books.sql(statement)


def test_a_file_that_comes_again_with_the_rows_that_wait_makes_no_batch(books: Books) -> None:
    rows = (trip("a"), trip("b", unit="NIX"))
    books.take(*rows, options=["--accept-partial"])
    again = books.take(*rows, options=["--accept-partial"])
    assert (again["batch"], again["rows_already_imported"], again["rows_rejected"]) == (None, 1, 1)
    assert len(books.json("batch", "list")["batches"]) == 1
    assert len(waiting(books)) == 1


# How a corrected row is told to be the one that waits.

HEADER = ("Kst", "Datum", "Antal", "Not")


def held(key: int, *cells: str, wrong: tuple[str | None, ...] = ("Kst",)) -> Waiting:
    return Waiting(key, HEADER, cells, wrong)


@pytest.mark.parametrize(
    ("waits", "corrected", "agrees"),
    [
        (held(1, "NIX", "2025-03-04", "12,4", ""), ("1201", "2025-03-04", "12,4", ""), True),
        (held(1, "NIX", "2025-03-04", " 12,4", "x"), ("1201", "2025-03-04 ", "12,4", " x "), True),
        (held(1, "NIX", "2025-03-04", "12,4", ""), ("1201", "2025-03-05", "12,4", ""), False),
        (held(1, "NIX", "2025-03-04", "12,4", ""), ("1201", "2025-03-04", "12,4", "x"), False),
        # Several cells were wrong, spelled as the supplier spells them; or a cell was masked, and nobody can tell.
        (held(1, "NIX", "x", "12,4", "", wrong=(" kst", "DATUM")), ("1201", "2025-03-04", "12,4", ""), True),
        (held(1, "1201", "2025-03-04", "12,4", MASKED, wrong=("Antal",)), ("1201", "2025-03-04", "99", "bort"), True),
        (held(1, "1201", "2025-03-04", "12,4", MASKED, wrong=("Antal",)), ("2100", "2025-03-04", "99", "bort"), False),
        # The whole row was wrong: nothing in it can be relied on.
        (held(1, "1201", "2025-03-04", "12,4", "", wrong=(None,)), ("1201", "2025-03-04", "12,4", ""), False),
        (held(1, "NIX", "2025-03-04", "12,4", "", wrong=("Kst", None)), ("1201", "2025-03-04", "12,4", ""), False),
    ],
)
def test_a_row_comes_back_when_it_agrees_in_every_cell_that_was_not_complained_about(
    waits: Waiting, corrected: tuple[str, ...], agrees: bool
) -> None:
    assert corrections([waits], HEADER, [Corrected("n1", corrected)]) == ({1: "n1"} if agrees else {})


def test_columns_may_stand_in_another_order_or_be_left_out_where_nothing_stood() -> None:
    waits = held(1, "NIX", "2025-03-04", "12,4", "")
    back = Corrected("n1", ("12,4", "2025-03-04", "1201"))
    assert corrections([waits], ("ANTAL", " datum ", "kst"), [back]) == {1: "n1"}
    assert corrections([held(1, "NIX", "2025-03-04", "12,4", "x")], ("Antal", "Datum", "Kst"), [back]) == {}


def test_a_corrected_row_frees_one_row_and_each_row_is_freed_once() -> None:
    twin = ("NIX", "2025-03-04", "12,4", "")
    other = ("NIX", "2025-03-05", "3,0", "")
    waits = [held(1, *twin), held(2, *other), held(3, *twin), held(4, *twin)]
    back = [Corrected(key, ("1201", *row[1:])) for key, row in (("a", other), ("b", twin), ("c", twin))]
    assert corrections(waits, HEADER, back) == {1: "b", 2: "a", 3: "c"}
    assert corrections(waits[:1], HEADER, back) == {1: "b"}
    assert corrections(waits, HEADER, []) == {}
