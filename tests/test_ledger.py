"""The ledger: what is posted is balanced, numbered, dated and never changed, and the database itself sees to it.

Everything here is tried past the program: as anybody with the file could, or as the owner of a server's tables.
"""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import psycopg
import pytest
from freezegun import freeze_time
from sqlalchemy import text

from coded_books import load_plan
from conftest import REFUSED, Books, Kept, Shelf, trip
from klimatvaxling.clock import after, stamp, system_clock
from klimatvaxling.database.engine import writing
from klimatvaxling.database.schema import metadata
from klimatvaxling.ledger.posting_door import Unbalanced, post
from klimatvaxling.ledger.voucher import Posting, VoucherDraft
from server import KEEPER

# Every table the program has: a new one that is not guarded makes these tests fail.
TABLES = sorted(metadata().tables)
# What belongs to something that is sealed, and how a row would be slipped in behind the seal.
SEALED = {
    "posting": {"id": "999", "line": 99, "charge_id": None, "co2_g": None},
    "lot": {"voucher_id": "SELECT max(id) FROM voucher WHERE id NOT IN (SELECT voucher_id FROM lot)"},
    "batch_page": {"id": "999", "number": 99},
    "charge": {"id": "999", "category": "'taxi'"},
    "trip": {"id": "999", "trip_id": "'slipped-in'"},
    "quarantine": {"id": "999", "row": 99},
    "quarantine_correction": {"id": "999", "quarantine_id": "1"},
    "unit_cost_centre": {"id": "999", "code": "'7777'"},
    "factor": {"id": "999", "key": "'slipped-in'"},
    "measure": {"voucher_id": "SELECT max(id) FROM voucher WHERE id NOT IN (SELECT voucher_id FROM measure)"},
    "trip_reversal": {"id": "999"},
    "handover_voucher": {
        "voucher_id": "(SELECT max(id) FROM voucher WHERE id NOT IN (SELECT voucher_id FROM handover_voucher))"
    },
    "handover_file": {"id": "999", "name": "'slipped-in'"},
}
# Names that are given out once and carry nothing that is posted; a new row changes nothing that is there.
OPEN_ENDED = {
    "book",
    "unit",
    "unit_version",
    "vehicle",
    "policy",
    "factor_set",
    "source",
    "profile",
    "batch",
    "voucher",
    "quarantine_outcome",
    "period_event",
    "program",
    "registration",
    "application_round",
    "application_round_closing",
    "application",
    "application_score",
    "access",
    "grant_step",
    "unit_merger",
    "completeness_declaration",
    "coding_plan",
    "handover",
    "handover_delivery",
}


def fill_every_table(books: Books) -> None:
    books.take(trip("a", date="2025-01-10"), trip("b", unit="ELN"))
    books.take(trip("c", date="2025-02-10", co2_fossil_kg="-1"), name="credit.csv")
    books.take(trip("d"), trip("e", unit="NIX"), name="partial.csv", options=["--accept-partial"])
    assert books("vehicle", "load", books.text("v.csv", "vehicle;unit;category", "QVI 101;SBF;pool_car")).code == 0
    books.take(trip(""), name="no-id.csv", options=["--accept-partial"])
    workbook = openpyxl.load_workbook(books.folder / "no-id.rejected.xlsx")
    workbook.active["A2"] = "f"
    workbook.save(books.folder / "no-id.rejected.xlsx")
    books.json("import", books.folder / "no-id.rejected.xlsx", "--source", "standard")
    books.json(
        "completeness", "declare", "--source", "standard", "--period", "2025-04", "--late", "--reason", "reminded"
    )
    books.json("quarantine", "dismiss", 1, "--reason", "wrong file")
    books.json("measure", "add", "--unit", "SBF", "--amount", "1", "--title", "x", "--booked-on", "2025-04-01")
    undone = books.take(trip("g"), name="undone.csv")
    books.json("batch", "undo", undone["batch"], "--reason", "x")
    books.json("grant", "round", "open", "x", "--from", "2025-01-01", "--to", "2999-12-31")
    applied = ("--total-cost", "2", "--co2-reduction-kg", "1", "--lifetime-years", "1", "--title", "x")
    books.json("grant", "apply", "--unit", "SBF", "--amount", "1", *applied)
    books.json("grant", "score", 1, "climate_benefit=3")
    books.json("grant", "round", "close", "x")
    books.json("unit", "merge", "BUF", "--into", "SBF", "--booked-on", "2025-04-01", "--decision", "KS 1")
    load_plan(books)
    books.json("handover", "run", "--period", "2025-01", "--to", books.folder / "out")
    closed = books("period", "close", "2025-01")
    assert closed.code == 0, closed.err


@pytest.fixture(scope="module")
def complete(shelf: Shelf, engine: str) -> Books:
    """Books in which every table has a row, for what the database refuses: they are the same afterwards."""
    return shelf.once(engine, "full", fill_every_table)


@pytest.fixture
def full(once: Kept) -> Books:
    """Books in which every table has a row: a copy."""
    return once("full", fill_every_table)


def refused(books: Books, *tried: str | Callable[[], object]) -> list[str]:
    """The database's own words when it refuses each of the statements, or what is done; its content stays."""
    before, words = books.dump(), []
    for statement in tried:
        with pytest.raises((*REFUSED, psycopg.errors.DataError)) as refusal:
            books.sql(statement) if isinstance(statement, str) else statement()
        words.append(str(refusal.value))
    assert books.dump() == before
    return words


def test_every_table_of_the_books_is_tried_here(complete: Books) -> None:
    assert complete.tables() == set(TABLES)
    assert set(TABLES) == set(SEALED) | OPEN_ENDED
    assert all(complete.sql(f"SELECT count(*) FROM {table}") > [(0,)] for table in TABLES)


@pytest.mark.parametrize("table", TABLES)
def test_no_row_is_ever_updated(complete: Books, table: str) -> None:
    changes = [f"UPDATE {table} SET {column} = {column}" for column in complete.columns(table)]
    assert all("KV-POSTED" in words for words in refused(complete, *changes))


@pytest.mark.parametrize("table", TABLES)
def test_no_row_is_ever_deleted(complete: Books, table: str) -> None:
    key = complete.columns(table)[0]
    all_or_one = (f"DELETE FROM {table}", f"DELETE FROM {table} WHERE {key} = (SELECT max({key}) FROM {table})")
    assert all("KV-POSTED" in words for words in refused(complete, *all_or_one))


@pytest.mark.on_server
@pytest.mark.parametrize("table", TABLES)
def test_no_table_is_ever_emptied(complete: Books, table: str) -> None:
    assert "KV-POSTED" in refused(complete, f"TRUNCATE {table} CASCADE")[0]


@pytest.mark.on_sqlite
@pytest.mark.parametrize("verb", ["INSERT OR REPLACE", "REPLACE", "INSERT OR IGNORE", "INSERT OR FAIL"])
@pytest.mark.parametrize("table", TABLES)
def test_no_row_is_ever_replaced(complete: Books, table: str, verb: str) -> None:
    refused(complete, f"{verb} INTO {table} SELECT * FROM {table}")


@pytest.mark.on_sqlite
@pytest.mark.parametrize("table", TABLES)
def test_no_row_is_replaced_by_any_of_its_keys(complete: Books, table: str) -> None:
    """A unique key alone is enough for SQLite to replace a row: each is tried with a new primary key."""
    names = complete.columns(table)
    for index in complete.sql(f"PRAGMA index_list({table})"):
        if not index[2]:
            continue
        unique = [row[2] for row in complete.sql(f"PRAGMA index_info({index[1]})")]
        values = ", ".join("NULL" if name == "id" and name not in unique else name for name in names)
        known = " AND ".join(f"{name} IS NOT NULL" for name in unique)
        if complete.sql(f"SELECT count(*) FROM {table} WHERE {known}") > [(0,)]:
            refused(complete, f"INSERT OR REPLACE INTO {table} SELECT {values} FROM {table} WHERE {known} LIMIT 1")


@pytest.mark.parametrize("table", TABLES)
def test_no_row_is_changed_by_an_upsert(complete: Books, table: str) -> None:
    key, *_, last = complete.columns(table)
    same = f"INSERT INTO {table} SELECT * FROM {table} WHERE true ON CONFLICT"
    refused(complete, f"{same} ({key}) DO UPDATE SET {last} = excluded.{last}")
    before = complete.dump()
    with contextlib.suppress(*REFUSED):  # a server does what it is told: nothing
        complete.sql(f"{same} DO NOTHING")
    assert complete.dump() == before


@pytest.mark.parametrize("table", sorted(SEALED))
def test_nothing_is_added_behind_a_seal(complete: Books, table: str) -> None:
    """What belongs to a posted voucher, a kept batch, a registered version or set is complete."""
    changes = SEALED[table]
    values = [
        name
        if name not in changes
        else ("NULL" if changes[name] is None else f"({changes[name]})" if name == "voucher_id" else str(changes[name]))
        for name in complete.columns(table)
    ]
    refused(complete, f"INSERT INTO {table} SELECT {', '.join(values)} FROM {table} LIMIT 1")


def slip_in(books: Books, *amounts: int, **changes: object) -> None:
    """Postings and over them the voucher that would be the next one, with some columns changed."""
    last = books.rows("SELECT * FROM voucher ORDER BY id DESC LIMIT 1")[0]
    key = last["id"] + 1
    postings = [
        ("posting", {"voucher_id": key, "line": line, "account": "opening", "unit_id": 1, "amount_ore": ore})
        for line, ore in enumerate(amounts, start=1)
    ]
    voucher = last | {
        "id": key, "number": last["number"] + 1,
        "code": f"{last['series']}{last['fiscal_year']}-{last['number'] + 1}",
        "registered_at": "2999-01-01T00:00:00.000000Z", "previous_hash": last["hash"],
        "hash": "f" * 64, "corrects_id": None,
    } | changes  # fmt: skip
    books.add_together(*postings, ("voucher", voucher))


def test_the_next_voucher_over_balanced_postings_is_accepted(full: Books) -> None:
    slip_in(full, 100, -100)


@pytest.mark.parametrize("amounts", [(100, -99), (100, 100), (1, 0), ()])
def test_a_voucher_that_does_not_sum_to_zero_is_refused(complete: Books, amounts: tuple[int, ...]) -> None:
    assert "voucher_sums_to_zero" in refused(complete, lambda: slip_in(complete, *amounts))[0]


@pytest.mark.parametrize(
    "changes",
    [{"id": 77}, {"id": None}, {"number": 77, "code": "A2025-77"}, {"previous_hash": "0" * 64},
     {"registered_at": "2020-01-01T00:00:00.000000Z"}, {"series": "C"}, {"booked_on": "2024-01-31"},
     {"booked_on": "31/1/2025"}],
    ids=str,
)  # fmt: skip
def test_a_voucher_out_of_order_is_refused(complete: Books, changes: dict[str, object]) -> None:
    refused(complete, lambda: slip_in(complete, 100, -100, **changes))


@pytest.mark.parametrize(
    ("table", "values"),
    [
        ("posting", "(9999, 999, 1, 'opening', 1, NULL, NULL, 1.5, NULL)"),
        ("posting", "(9999, 999, 1, 'opening', 1, NULL, NULL, '12 kr', NULL)"),
        ("posting", "(9999, 999, 1, 'opening', 1, NULL, NULL, NULL, NULL)"),
        ("posting", "(9999, 999, 1, 'opening', 1, NULL, NULL, 100, 5)"),
    ],
)
def test_amounts_are_whole_numbers_in_the_database_too(complete: Books, table: str, values: str) -> None:
    refused(complete, f"INSERT INTO {table} VALUES {values}")


def draft(*amounts: int, booked_on: str = "2025-01-31") -> VoucherDraft:
    return VoucherDraft("A", booked_on, "opening", "", tuple(Posting("opening", amount, 1) for amount in amounts))


def posted(books: Books, *drafts: VoucherDraft) -> list[Any]:
    with writing(books.url) as connection:
        return post(connection, drafts, clock=system_clock, made_by=books.keeper)


@pytest.mark.parametrize("amounts", [(100, -99), (0,), ()])
def test_the_door_takes_only_balanced_vouchers(books: Books, amounts: tuple[int, ...]) -> None:
    before = books.dump()
    with pytest.raises(Unbalanced):
        posted(books, draft(*amounts))
    assert books.dump() == before


def test_numbers_begin_anew_in_each_fiscal_year(books: Books) -> None:
    made = posted(books, draft(1, -1), draft(1, -1, booked_on="2024-12-31"), draft(1, -1))
    assert [voucher.code for voucher in made] == ["A2025-1", "A2024-1", "A2025-2"]
    assert [voucher.code for voucher in posted(books, draft(1, -1, booked_on="2024-12-31"))] == ["A2024-2"]


def test_registration_times_rise_strictly_though_the_clock_stands_still_or_goes_back(books: Books) -> None:
    for now in (
        "2027-01-10 12:00:00",
        "2027-01-10 12:00:00",
        "2027-01-10 11:00:00",
        "2026-12-31 00:00:00",
        "2027-01-10 12:00:01",
    ):
        with freeze_time(now):
            posted(books, draft(1, -1), draft(1, -1))
    times = [moment for (moment,) in books.sql("SELECT registered_at FROM voucher ORDER BY id")]
    assert times == sorted(set(times))
    assert times[0] == "2027-01-10T12:00:00.000000Z"
    assert times[-2] == "2027-01-10T12:00:01.000000Z"
    books.sound()


def test_a_time_of_registration_is_utc_to_the_microsecond() -> None:
    with freeze_time("2025-12-31 23:59:59.999999"):
        now = stamp(system_clock())
    assert now == "2025-12-31T23:59:59.999999Z"
    assert after(now, now) == "2026-01-01T00:00:00.000000Z"


def test_a_voucher_states_what_the_law_asks_for(books: Books) -> None:
    books.take(trip(), options=["--evidence", "Arkiv 2025/12"])
    voucher = books.json("voucher", "show", "A2025-1")
    assert voucher["booked_on"] == "2025-03-31"
    assert voucher["registered_at"].endswith("Z")
    assert "standard" in voucher["text"]
    assert "trips.csv" in voucher["text"]
    assert voucher["evidence"] == "Arkiv 2025/12"
    assert voucher["made_by"]
    assert sum(line["amount_ore"] for line in voucher["lines"]) == 0


def test_without_a_reference_the_file_itself_is_the_evidence(books: Books) -> None:
    result = books.take(trip())
    assert books.json("voucher", "show", "A2025-1")["evidence"] == f"trips.csv sha256:{result['file_sha256']}"


def test_who_made_a_voucher_comes_from_the_system_or_the_server_not_from_a_variable(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    pwd = pytest.importorskip("pwd")
    for variable in ("LOGNAME", "USER", "LNAME", "USERNAME", "PGUSER"):
        monkeypatch.setenv(variable, "ekonomichefen")
    books.take(trip())
    maker = KEEPER if books.on_server else pwd.getpwuid(os.getuid()).pw_name
    assert books.json("voucher", "show", "A2025-1")["made_by"] == maker


def test_two_people_sign_each_with_their_own_name(books: Books) -> None:
    eva = books.as_login("eva")
    books.take(trip("a"))
    eva.take(trip("b"), name="eva.csv")
    made = books.sql("SELECT made_by FROM voucher ORDER BY id")
    assert made == [(books.keeper,), (eva.keeper,)]
    assert books.keeper != eva.keeper


def test_the_program_itself_cannot_change_what_is_posted(complete: Books) -> None:
    from sqlalchemy.exc import IntegrityError

    with pytest.raises(IntegrityError), writing(complete.url) as connection:
        connection.execute(text("UPDATE voucher SET description = 'x'"))


def test_every_guard_stands_after_an_import_refused_or_not(books: Books) -> None:
    before = books.guards()
    books.take(trip("a"))
    books.refuse(trip("b", unit="NIX"))
    books("import", books.csv("t.csv", [trip("c")]), "--source", "standard", "--dry-run")
    books("import", books.csv("t.csv", [trip("d"), trip("d")]), "--source", "standard")
    assert books.guards() == before


@pytest.mark.on_sqlite
@pytest.mark.skipif(not hasattr(os, "seteuid"), reason="permissions work otherwise here")
def test_a_reader_without_write_permission_reads_the_books(books: Books) -> None:
    books.take(trip())
    commands = (("balance",), ("journal",), ("check",), ("voucher", "show", "A2025-1"))
    expected = [books.json(*command) for command in commands]
    with tempfile.TemporaryDirectory() as folder:
        books.file = Path(shutil.copy(books.file, folder))
        books.file.chmod(0o444)
        Path(folder).chmod(0o555)
        is_superuser = os.geteuid() == 0
        if is_superuser:  # who may write everything: read as somebody who owns nothing
            os.seteuid(65534)
        try:
            found = [books.json(*command) for command in commands]
            refused = books("unit", "add", "X", "--name", "X", "--kind", "administration")
        finally:
            if is_superuser:
                os.seteuid(0)
            Path(folder).chmod(0o755)
    assert found == expected
    assert refused.code == 4
    assert "KV-UNEXPECTED" not in refused.err
