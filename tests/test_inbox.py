"""The inbox: every waiting file imported once, its source recognised, then put away with its report."""

import itertools
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from conftest import Books, trip
from klimatvaxling.batches.inbox import put_away

MILEAGE = "Anställningsnr;Namn;Kst;Löneart;Datum;Antal;Projekt"
TAXI = """
[source]
title = "Taxi"
[columns]
trip_id = "Kvittonr"
date = "Datum"
unit = "Kst"
category = { constant = "taxi" }
distance_km = "Antal"
"""


@pytest.fixture
def inbox(books: Books) -> Path:
    folder = books.folder / "inbox"
    folder.mkdir()
    return folder


def mileage(books: Books, name: str, *rows: str) -> Path:
    total = sum(float(row.split(";")[5].replace(",", ".")) for row in rows)
    return books.text(name, MILEAGE, *rows, f";;Summa;;;{total:.1f};".replace(".", ","))


def own_source(name: str, content: str) -> None:
    folder = Path(os.environ["KLIMATVAXLING_IMPORTS"]) / name
    folder.mkdir(parents=True)
    (folder / "profile.toml").write_text(content, encoding="utf-8")


def run(books: Books, *options: object) -> Any:
    outcome = books("inbox", "run", books.folder / "inbox", "--format", "json", *options)
    return outcome.code, outcome.json


def names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_every_waiting_file_is_imported_with_its_own_source_and_put_away_with_its_report(
    books: Books, inbox: Path
) -> None:
    books.csv("inbox/b.csv", [trip("b1")])
    mileage(books, "inbox/a.csv", "1;Testsson;1201;5120;2025-03-04;12,4;")
    code, document = run(books)
    assert code == 0
    assert [(file["file"], file["source"], file["outcome"]) for file in document["files"]] == [
        ("a.csv", "milersattning", "done"),
        ("b.csv", "standard", "done"),
    ]
    assert document["vouchers"] == ["A2025-1", "A2025-2"]
    assert names(inbox) == ["done/a.csv", "done/a.csv.report.json", "done/b.csv", "done/b.csv.report.json"]
    report = json.loads((inbox / "done" / "b.csv.report.json").read_text(encoding="utf-8"))
    assert (report["rows_posted"], report["batch"], report["vouchers"]) == (1, 2, ["A2025-2"])
    books.sound()


def test_an_empty_inbox_is_nothing_to_do(books: Books, inbox: Path) -> None:
    assert run(books) == (0, {"files": [], "vouchers": [], "dry_run": False})


def test_a_folder_that_is_not_there_is_refused(books: Books) -> None:
    outcome = books("inbox", "run", books.folder / "none")
    assert (outcome.code, "KV-FOLDER-MISSING" in outcome.err) == (3, True)


def test_a_refused_file_goes_to_rejected_with_the_reasons_and_the_rows_to_correct(books: Books, inbox: Path) -> None:
    books.csv("inbox/a.csv", [trip("a"), trip("b", unit="NIX")])
    books.csv("inbox/z.csv", [trip("z")])
    code, document = run(books)
    assert (code, [file["outcome"] for file in document["files"]]) == (3, ["rejected", "done"])
    assert names(inbox / "rejected") == ["a.csv", "a.csv.report.json", "a.rejected.xlsx"]
    report = json.loads((inbox / "rejected" / "a.csv.report.json").read_text(encoding="utf-8"))
    assert (report["error"]["code"], report["rows_rejected"], report["rows_held"]) == ("KV-ROWS-REJECTED", 1, 1)
    (reason,) = report["rejected"]
    assert (reason["row"], reason["code"], reason["column"]) == (3, "KV-UNIT-UNKNOWN", "unit")


def test_a_corrected_workbook_of_rejected_rows_is_imported_when_it_waits(books: Books, inbox: Path) -> None:
    books.csv("inbox/a.csv", [trip("a"), trip("b", unit="NIX")])
    assert run(books, "--accept-partial")[0] == 0
    assert (inbox / "done" / "a.csv").exists()
    book = openpyxl.load_workbook(inbox / "rejected" / "a.rejected.xlsx")
    header = [cell.value for cell in book.active[1]]
    book.active.cell(2, header.index("unit") + 1).value = "BUF"
    book.save(inbox / "a.rejected.xlsx")
    code, document = run(books)
    assert (code, document["files"][0]["rows_posted"]) == (0, 1)
    assert books.json("quarantine", "list")["quarantine"] == []


def test_a_workbook_that_somebody_is_correcting_is_never_written_over(books: Books, inbox: Path) -> None:
    for _ in range(2):
        books.csv("inbox/a.csv", [trip("b", unit="NIX")])
        run(books)
    assert names(inbox / "rejected") == [
        "a-2.csv",
        "a-2.csv.report.json",
        "a-2.rejected.xlsx",
        "a.csv",
        "a.csv.report.json",
        "a.rejected.xlsx",
    ]


def test_a_file_that_fits_no_source_is_rejected_naming_the_sources(books: Books, inbox: Path) -> None:
    books.text("inbox/lunch.csv", "Datum;Restaurang;Belopp", "2025-03-04;Hörnet;125")
    code, document = run(books)
    error = document["files"][0]["error"]
    assert (code, error["code"]) == (3, "KV-SOURCE-UNRECOGNISED")
    assert all(source in error["what"] for source in ("milersattning", "resebyra", "standard"))
    assert names(inbox / "rejected") == ["lunch.csv", "lunch.csv.report.json"]


def test_a_file_that_fits_two_sources_is_rejected_naming_both(books: Books, inbox: Path) -> None:
    own_source("taxi-a", TAXI)
    own_source("taxi-b", TAXI)
    before = books.dump()
    books.text("inbox/taxi.csv", "Kvittonr;Datum;Kst;Antal", "1;2025-03-04;SBF;12")
    code, document = run(books)
    error = document["files"][0]["error"]
    assert (code, error["code"]) == (3, "KV-SOURCE-AMBIGUOUS")
    assert error["what"].endswith("taxi-a, taxi-b.")
    assert books.dump() == before


def test_what_is_no_travel_file_is_rejected_and_what_a_desktop_leaves_is_left(books: Books, inbox: Path) -> None:
    (inbox / "invoice.pdf").write_bytes(b"%PDF-1.7 ...")
    for name in (".DS_Store", "~$march.xlsx", "Thumbs.db", "upload.csv.part"):
        (inbox / name).write_bytes(b"x")
    code, document = run(books)
    assert (code, [file["error"]["code"] for file in document["files"]]) == (3, ["KV-FILE-FORMAT"])
    assert names(inbox) == [
        ".DS_Store",
        "Thumbs.db",
        "rejected/invoice.pdf",
        "rejected/invoice.pdf.report.json",
        "upload.csv.part",
        "~$march.xlsx",
    ]


def test_a_dry_run_posts_and_moves_nothing(books: Books, inbox: Path) -> None:
    books.csv("inbox/a.csv", [trip("a")])
    books.csv("inbox/b.csv", [trip("b", unit="NIX")])
    before = books.dump()
    code, document = run(books, "--dry-run")
    assert (code, [file["outcome"] for file in document["files"]]) == (3, ["done", "rejected"])
    assert document["files"][0]["charged_ore"] == 1500
    assert (books.dump(), names(inbox)) == (before, ["a.csv", "b.csv"])


def test_a_file_of_a_name_that_is_there_already_is_kept_beside_it(books: Books, inbox: Path) -> None:
    for day in ("2025-03-07", "2025-04-07"):
        books.csv("inbox/export.csv", [trip(day, date=day)])
        run(books)
    assert names(inbox / "done") == [
        "export-2.csv",
        "export-2.csv.report.json",
        "export.csv",
        "export.csv.report.json",
    ]


def test_a_run_that_ended_between_posting_and_moving_is_continued_and_nothing_doubled(
    books: Books, inbox: Path
) -> None:
    file = books.csv("inbox/a.csv", [trip("a"), trip("b")])
    books.json("import", file, "--source", "standard")  # as far as the interrupted run came
    before = books.dump()
    code, document = run(books)
    (report,) = document["files"]
    assert (code, report["rows_posted"], report["rows_already_imported"]) == (0, 0, 2)
    assert (report["batch"], report["imported_in"]) == (None, [1])
    assert (books.dump(), names(inbox)) == (before, ["done/a.csv", "done/a.csv.report.json"])


def test_the_report_of_the_interrupted_run_is_kept(books: Books, inbox: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = books.csv("inbox/a.csv", [trip("a")])

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", interrupted)
        assert books("inbox", "run", inbox).code == 130
    assert file.exists()
    assert run(books)[0] == 0
    report = json.loads((inbox / "done" / "a.csv.report.json").read_text(encoding="utf-8"))
    assert (report["batch"], report["rows_posted"]) == (1, 1)


def test_a_run_that_is_killed_anywhere_is_completed_by_the_next(books: Books, inbox: Path) -> None:
    for number in range(6):
        books.csv(f"inbox/{number}.csv", [trip(f"{number}-{index}") for index in range(200)])
    process = books.process("inbox", "run", inbox)
    deadline = time.monotonic() + 30
    while not (inbox / "done" / "1.csv").exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    code, _ = run(books)
    assert code == 0
    assert books.sql("SELECT count(*), count(DISTINCT trip_id) FROM trip") == [(1200, 1200)]
    assert books.balance("SBF")["charged_ore"] == 1200 * 1500
    assert [name for name in names(inbox) if name.endswith(".csv")] == [f"done/{number}.csv" for number in range(6)]
    books.sound()


MONTH = [trip("a"), trip("b", unit="BUF", co2_fossil_kg="7,3"), trip("c", date="2025-02-10")]
LATE = [trip("c", date="2025-02-10"), trip("d", co2_fossil_kg="-4,2"), trip("e", date="2025-01-31")]
CLAIMS = ["1;T;1201;5120;2025-03-04;12,4;", "1;T;1201;5120;2025-03-04;12,4;"]
AGAIN = ["1;T;1201;5120;2025-03-04;12,4;", "2;T;2100;5120;2025-03-05;3,0;"]


def in_every_order(more_books: Callable[[], Books], *files: list[Any]) -> Iterator[Books]:
    """Books in which the same files were imported in each order."""
    for order in itertools.permutations(files):
        books = more_books()
        (books.folder / "inbox").mkdir()
        for number, rows in enumerate(order):
            if isinstance(rows[0], str):
                mileage(books, f"inbox/{number}.csv", *rows)
            else:
                books.csv(f"inbox/{number}.csv", rows)
        assert run(books)[0] == 0
        yield books


def test_files_in_any_order_give_the_same_balances(more_books: Callable[[], Books]) -> None:
    """A month, a late file with one of its trips again and a credit, and another source's list."""
    found = [
        books.json("balance", "--as-of", "2025-12-31")["units"]
        for books in in_every_order(more_books, MONTH, LATE, CLAIMS)
    ]
    assert len(found) == 6
    assert [units for units in found if units != found[0]] == []


def test_files_with_trips_in_common_give_the_same_trips_in_any_order(more_books: Callable[[], Books]) -> None:
    """Ids or not. Which file's charge line a trip in both is rounded in, and so an öre, follows from the order."""
    found = [
        books.sql(
            "SELECT s.name, t.trip_id, t.trip_on, t.co2_g, u.code FROM trip t JOIN source s ON s.id = t.source_id"
            " JOIN charge c ON c.id = t.charge_id JOIN unit u ON u.id = c.unit_id ORDER BY 1, 2"
        )
        for books in in_every_order(more_books, MONTH, LATE, CLAIMS, AGAIN)
    ]
    assert (len(found), len(found[0])) == (24, 8)
    assert [trips for trips in found if trips != found[0]] == []


def test_every_travel_file_of_a_folder_is_imported_by_name(books: Books) -> None:
    (books.folder / "month").mkdir()
    for name in ("b", "a"):
        books.csv(f"month/{name}.csv", [trip(name)])
    (books.folder / "month" / "notes.pdf").write_bytes(b"%PDF")
    (books.folder / "month" / "old.rejected.xlsx").write_bytes(b"PK")
    document = books.json("import", books.folder / "month", "--source", "standard")
    assert [result["file"] for result in document["imports"]] == ["a.csv", "b.csv"]
    assert document["refused"] == []
    again = books.json("import", books.folder / "month", "--source", "standard")
    assert [result["rows_already_imported"] for result in again["imports"]] == [1, 1]


def test_a_name_that_a_script_left_empty_is_never_the_folder_one_stands_in(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    books.csv("trips.csv", [trip("a")])
    monkeypatch.chdir(books.folder)
    before = books.dump()
    for command in (("import", "", "--source", "standard"), ("inbox", "run", "")):
        assert books(*command).code == 3
    assert books.dump() == before
    assert (books.folder / "trips.csv").exists()


def test_a_folder_without_travel_files_is_refused(books: Books) -> None:
    (books.folder / "empty").mkdir()
    outcome = books("import", books.folder / "empty", "--source", "standard")
    assert (outcome.code, "KV-FOLDER-EMPTY" in outcome.err) == (3, True)


def test_control_totals_are_for_one_file_and_a_folder_may_hold_more(books: Books) -> None:
    (books.folder / "month").mkdir()
    for name in ("a", "b"):
        books.csv(f"month/{name}.csv", [trip(name)])
    outcome = books("import", books.folder / "month", "--source", "standard", "--expect-rows", "1")
    assert (outcome.code, "KV-EXPECT-ONE-FILE" in outcome.err) == (2, True)


def test_where_a_file_cannot_be_moved_the_run_stops_and_says_that_nothing_is_doubled(books: Books, inbox: Path) -> None:
    books.csv("inbox/a.csv", [trip("a")])
    (inbox / "done").write_text("a file in the folder's place", encoding="utf-8")
    outcome = books("inbox", "run", inbox)
    assert (outcome.code, "KV-INBOX-WRITE" in outcome.err) == (4, True)
    (inbox / "done").unlink()
    code, document = run(books)
    assert (code, document["files"][0]["rows_already_imported"]) == (0, 1)


def test_a_report_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x", encoding="utf-8")
    place = put_away(tmp_path / "a.csv", tmp_path / "done", {"file": "a.csv"})
    report = place.with_name("a.csv.report.json")
    assert report.stat().st_mode & 0o077 == 0
