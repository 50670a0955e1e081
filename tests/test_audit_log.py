"""The processing history: who did what, when, with which version of the program, policies and factors."""

from typing import Any

import pytest
from freezegun import freeze_time

import klimatvaxling.database.engine as engine
from conftest import Books, trip
from klimatvaxling import __version__
from klimatvaxling.database.schema import metadata
from klimatvaxling.reports.audit_log import HISTORY

# Tables whose rows are particulars of a row in another table, or hold nothing that somebody did.
PARTICULARS = {
    "unit", "unit_cost_centre", "factor", "source", "batch_page", "charge", "trip", "quarantine", "lot", "posting",
    "measure", "trip_reversal", "quarantine_correction",
    "handover_voucher", "handover_file", "registration",
}  # fmt: skip


def entries(books: Books, *options: object) -> list[dict[str, Any]]:
    return list(books.json("audit", "log", *options)["entries"])


def of(books: Books, event: str, *options: object) -> list[dict[str, Any]]:
    return [entry for entry in entries(books, *options) if entry["event"] == event]


def test_every_table_in_which_somebody_does_something_is_in_the_history() -> None:
    told = " ".join(f" {history.sql} " for history in HISTORY).replace("(", " ")
    silent = {table for table in metadata().tables if f" FROM {table} " not in told}
    assert silent == PARTICULARS


def test_an_import_tells_its_file_program_rate_and_factors(books: Books) -> None:
    books.take(
        trip("a"),
        trip("b", unit="BUF", co2_fossil_kg="", fuel="petrol", fuel_quantity="10"),
        options=["--evidence", "x"],
    )
    (batch,) = of(books, "batch_imported")
    assert batch["subject"] == "1"
    assert batch["units"] == ["BUF", "SBF"]
    assert "trips.csv, sha256:" in batch["detail"]
    assert batch["program_version"] == __version__
    assert batch["policies"] == ["rate=150 2013-01-01"]
    assert batch["factor_sets"] == ["sverige 2026-1"]
    vouchers = of(books, "voucher_posted")
    assert [(entry["subject"], entry["units"]) for entry in vouchers] == [("A2025-1", ["BUF"]), ("A2025-2", ["SBF"])]
    assert all(entry["policies"] == ["rate=150 2013-01-01"] for entry in vouchers)
    assert all(entry["registered_by"] for entry in vouchers)


def test_the_rate_that_was_used_is_told_not_the_one_of_today(books: Books) -> None:
    books("policy", "set", "rate", "2.00", "--from", "2025-03-01", "--decision", "KS 7")
    books.take(trip("a", date="2025-02-10"), trip("b", date="2025-03-10"))
    (batch,) = of(books, "batch_imported")
    assert sorted(batch["policies"]) == ["rate=150 2013-01-01", "rate=200 2025-03-01"]
    assert of(books, "policy_set")[-1]["detail"] == "KS 7"


def test_changes_of_units_and_periods_are_told(books: Books) -> None:
    books("unit", "change", "SBF", "--from", "2025-07-01", "--name", "Stadsbyggnad")
    books("unit", "end", "BUF", "--on", "2025-12-31")
    books("period", "close", "2025-01")
    books("period", "reopen", "2025-01", "--reason", "revisorn frågade")
    told = {(entry["event"], entry["subject"], entry["detail"]) for entry in entries(books)}
    assert told >= {
        ("unit_registered", "SBF", "Samhällsbyggnadsförvaltningen"),
        ("unit_changed", "SBF", "2025-07-01 Stadsbyggnad"),
        ("unit_ended", "BUF", "2025-12-31"),
        ("period_closed", "2025-01", ""),
        ("period_reopened", "2025-01", "revisorn frågade"),
    }


def test_the_history_of_one_unit_is_its_own(books: Books) -> None:
    books.take(trip("a"), trip("b", unit="BUF"))
    told = [(entry["event"], entry["subject"]) for entry in entries(books, "--unit", "buf")]
    assert told == [("unit_registered", "BUF"), ("batch_imported", "1"), ("voucher_posted", "A2025-1")]
    assert books("audit", "log", "--unit", "NIX").code == 3


def test_the_history_is_of_a_year_or_up_to_a_time(books: Books) -> None:
    with freeze_time("2030-06-01 12:00:00"):
        books.take(trip("a"), name="a.csv")
    with freeze_time("2031-06-01 12:00:00"):
        books.take(trip("b"), name="b.csv")
    assert [entry["subject"] for entry in of(books, "voucher_posted", "--year", "2030")] == ["A2025-1"]
    assert [entry["subject"] for entry in of(books, "voucher_posted", "--year", "2031")] == ["A2025-2"]
    assert entries(books, "--year", "2029") == []
    assert [entry["subject"] for entry in of(books, "voucher_posted", "--known-at", "2030-12-31")] == ["A2025-1"]
    assert [entry["subject"] for entry in of(books, "voucher_posted", "--as-of", "2030-06-01")] == ["A2025-1"]
    assert of(books, "voucher_posted", "--as-of", "2030-05-30") == []


def test_entries_come_in_order_of_registration(books: Books) -> None:
    books.take(trip("a"))
    times = [entry["registered_at"] for entry in entries(books)]
    assert times == sorted(times)
    assert entries(books)[0]["event"] == "program"


def test_a_new_version_of_the_program_is_on_record_from_the_first_thing_it_registers(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    with freeze_time("2030-01-01 12:00:00"):
        books("policy", "set", "rate", "1.60", "--from", "2030-01-01", "--decision", "KS 1")
    monkeypatch.setattr(engine, "__version__", "99.0")
    books.json("balance")
    assert [entry["subject"] for entry in of(books, "program")] != ["99.0"]
    with freeze_time("2031-01-01 12:00:00"):
        books("policy", "set", "rate", "1.70", "--from", "2031-01-01", "--decision", "KS 2")
        books("policy", "set", "rate", "1.80", "--from", "2032-01-01", "--decision", "KS 3")
    assert [entry["subject"] for entry in of(books, "program")][1:] == ["99.0"]
    versions = {entry["detail"]: entry["program_version"] for entry in of(books, "policy_set")}
    assert (versions["KS 2"], versions["KS 3"]) == ("99.0", "99.0")
    assert versions["KS 1"] != "99.0"


def test_what_is_undone_or_tried_leaves_no_trace_of_a_version(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "__version__", "99.0")
    before = books.dump()
    books("unit", "add", "X", "--name", "X", "--kind", "administration", "--dry-run")
    books.refuse(trip(unit="NIX"))
    assert books.dump() == before


def test_the_history_is_shown_as_a_table_and_as_csv(books: Books) -> None:
    books.take(trip("a"))
    table = books("audit", "log").out
    assert "Voucher posted" in table
    assert "A2025-1" in table
    lines = books("audit", "log", "--format", "csv").out.splitlines()
    assert lines[0].startswith("registered_at;registered_by;event;subject;units;detail;")
    assert len(lines) == len(entries(books)) + 1
