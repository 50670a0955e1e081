"""Everything that is on record is in the chain: whoever drops the guards and tampers with any table is found and named.

Each table is tried in turn: every column changed, the first, the middle and the last row deleted, rows added, the values
of two rows swapped, the table emptied. The books have a row in every table.

In a file that is anybody who can write it. On a server it is the login that owns the books: no other has a right to any
table, and the owner too has to take the guards away first, each by its name. Past guards that stand only a superuser
comes; that is tried here as well.
"""

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import openpyxl
import psycopg
import pytest
from freezegun import freeze_time
from sqlalchemy import CheckConstraint, UniqueConstraint, text
from sqlalchemy.exc import IntegrityError

from coded_books import load_plan
from conftest import REFUSED, Books, Kept, ServerBooks, Shelf, trip
from klimatvaxling.coding.check import internal_accounts_eliminate
from klimatvaxling.database.engine import engine_for, reading, writing
from klimatvaxling.database.registration import REGISTERED, SEALED_BY
from klimatvaxling.database.schema import metadata
from klimatvaxling.ledger import check
from klimatvaxling.ledger.check import handovers_are_as_recorded
from klimatvaxling.ledger.registered import registrations_are_chained, rows_are_as_registered
from server import server

TABLES = sorted(metadata().tables)
KEYS = {each.table: each.key for each in REGISTERED} | {
    "posting": "id", "lot": "voucher_id", "charge": "id", "trip": "id", "batch_page": "id", "trip_reversal": "id",
    "quarantine": "id", "registration": "id",
}  # fmt: skip


def live(books: Books) -> None:
    """Every table gets two rows where it can, by the program's own commands alone."""
    books.take(trip("a", date="2025-01-10"), trip("b", unit="ELN"))
    books.take(trip("c", date="2025-02-10", co2_fossil_kg="-1"), name="credit.csv")
    books.take(trip("d"), trip("e", unit="NIX"), trip("f", unit="NIX"), name="part.csv", options=["--accept-partial"])
    books.take(trip("e"), trip("f"), name="corrected.csv")
    for number in ("g", "h"):
        books.take(trip(number, unit="NIX"), name=f"{number}.csv", options=["--accept-partial"])
    for number in (4, 3):
        books.json("quarantine", "dismiss", number, "--reason", "fel fil")
    vehicles = books.text("v.csv", "vehicle;unit;category", "QVI 101;SBF;pool_car", "QVI 102;SBF;pool_car")
    assert books("vehicle", "load", vehicles).code == 0
    for month in ("2025-04", "2025-05"):
        books.json("completeness", "declare", "--source", "standard", "--period", month, "--late", "--reason", "snart")
    for title in ("Cyklar", "Laddstolpar"):
        books.json("measure", "add", "--unit", "SBF", "--amount", "1", "--title", title, "--booked-on", "2025-04-01")
    books.take(trip(""), trip("", unit="BUF"), name="no-id.csv", options=["--accept-partial"])
    workbook = openpyxl.load_workbook(books.folder / "no-id.rejected.xlsx")
    for number in (2, 3):
        workbook.active[f"A{number}"] = f"no-id-{number}"
    workbook.save(books.folder / "no-id.rejected.xlsx")
    books.json("import", books.folder / "no-id.rejected.xlsx", "--source", "standard")
    undone = books.take(trip("i"), trip("j"), name="undone.csv")
    books.json("batch", "undo", undone["batch"], "--reason", "x")
    books.json("fund", "appropriate", "--amount", "1000", "--decision", "KF 1")
    for name in ("Våren", "Hösten"):
        books.json("grant", "round", "open", name, "--from", "2025-01-01", "--to", "2999-12-31")
    for title in ("Solceller", "Cykelställ"):
        applied = ("--total-cost", "2", "--co2-reduction-kg", "1", "--lifetime-years", "1", "--title", title)
        books.json("grant", "apply", "--unit", "SBF", "--amount", "2", *applied)
    books.json("grant", "score", 1, "climate_benefit=3", "innovation=4")
    books.json("grant", "approve", 1, "--amount", "2", "--decision", "KS 1")
    for name in ("Våren", "Hösten"):
        books.json("grant", "round", "close", name)
    books.json("unit", "add", "KUL", "--name", "Kultur", "--kind", "administration")
    books.json("unit", "add", "FRI", "--name", "Fritid", "--kind", "administration")
    books.json("unit", "merge", "KUL", "FRI", "--into", "BUF", "--booked-on", "2025-05-01", "--decision", "KS 1")
    load_plan(books)
    for period in ("2025-01", "2025-12"):
        books.json("handover", "run", "--period", period, "--to", books.folder / "out")
    for month in ("2025-01", "2025-02"):
        closed = books("period", "close", month, "--accept-missing", "x")
        assert closed.code == 0, closed.err
    books.sound()


def take_every_guard_away(books: Books) -> None:
    """Triggers, references, and what a single row must hold."""
    books.without_triggers()
    if books.on_server:  # a file's writer is asked for none of it: see `PERMITTED`
        checks = "SELECT conrelid::regclass::text, conname FROM pg_constraint WHERE contype = 'c' AND conrelid <> 0"
        for table, name in books.sql(checks):
            books.sql(f"ALTER TABLE {table} DROP CONSTRAINT {name}")


@pytest.fixture
def guarded(once: Kept) -> Books:
    """Books in which every table has rows, with every guard in place."""
    return once("guarded", live)


@pytest.fixture
def whole_as_kept(shelf: Shelf, engine: str) -> Books:
    """The same without a guard left, for tests that leave no change."""
    shelf.once(engine, "guarded", live)
    return shelf.once(engine, "whole", take_every_guard_away, of="guarded")


@pytest.fixture
def whole(shelf: Shelf, engine: str, whole_as_kept: Books, tmp_path: Path, _cleared: None) -> Books:
    """A copy of them."""
    return shelf.copy(engine, "whole", tmp_path / "work")


def offenders(books: Books) -> dict[str, list[str]]:
    """What `check` names, by check."""
    outcome = books("check", "--format", "json")
    return {each["name"]: each["offending"] for each in outcome.json["checks"] if not each["ok"]}


def named(books: Books) -> str:
    """Everything that `check` names."""
    return " ".join(offender for each in offenders(books).values() for offender in each)


# What a connection to a file is told before it writes whatever it likes.
PERMITTED = ("PRAGMA foreign_keys = OFF", "PRAGMA ignore_check_constraints = ON")


def named_after(
    books: Books,
    *attacks: tuple[str, tuple[object, ...]],
    checks: Sequence[check.Check] = check.CHECKS,
    url: str = "",
    first: Sequence[str] = (),
) -> str:
    """The same after some statements, in a transaction that is rolled back: many attacks on the same books."""
    with engine_for(url or books.url).connect().execution_options(writing=True) as connection:
        for statement in () if books.on_server else PERMITTED:  # before the transaction begins
            connection.connection.cursor().execute(statement)
        for statement in first:
            connection.exec_driver_sql(statement)
        for attack, values in attacks:
            connection.exec_driver_sql(attack.replace("?", "%s") if books.on_server else attack, values)
        found = check.run_checks(connection, checks)
        connection.rollback()
    return " ".join(offence.id for finding in found for offence in finding.offending)


def past_the_guards(books: Books, *statements: tuple[str, tuple[object, ...]]) -> None:
    """Statements in one transaction; in a file without what a single row must hold."""
    books._execute([*([] if books.on_server else [(each, ()) for each in PERMITTED]), *statements])


def kinds(table: str) -> dict[str, type]:
    """The kind of value of each column."""
    return {column.name: column.type.python_type for column in metadata().tables[table].columns}


def unique(table: str) -> set[str]:
    """Columns whose values stand once, by themselves or together."""
    declared = metadata().tables[table]
    constrained = [each.columns for each in declared.constraints if isinstance(each, UniqueConstraint)]
    indexed = [each.columns for each in declared.indexes if each.unique]
    return {column.name for columns in (*constrained, *indexed) for column in columns}


def keys(books: Books, table: str) -> list[int]:
    return [key for (key,) in books.sql(f"SELECT {KEYS[table]} FROM {table} ORDER BY {KEYS[table]}")]


def owner(books: Books, table: str, key: int) -> set[str]:
    """What names a row: itself, or what holds its digest, the voucher by its number."""
    if table == "registration":
        ((of, row),) = books.sql("SELECT table_name, row_key FROM registration WHERE id = ?", key)
        return {f"{of}:{row}"} | (owner(books, of, row) if of == "voucher" else set())
    at = (f"SELECT {{}} FROM {table} WHERE {KEYS[table]} = {key}").format
    if table == "voucher":
        return {books.sql(at("code"))[0][0]}
    if table in ("posting", "lot"):
        return owner(books, "voucher", books.sql(at("voucher_id"))[0][0])
    if table == "trip_reversal":
        return owner(books, "charge", books.sql(at("charge_id"))[0][0])
    if table == "trip":
        return {f"trip:{key}", *owner(books, "charge", books.sql(at("charge_id"))[0][0])}
    if table in SEALED_BY:
        return {f"batch:{books.sql(at('batch_id'))[0][0]}"}
    return {f"{table}:{key}"}


def other(value: object, kind: type) -> object:
    """A value of the same kind that is not this one."""
    if kind is bytes:
        return b"x"
    if kind is int:
        return int(str(value or 0)) + 1_000_003
    return f"{value or ''}x"


def another(books: Books, table: str) -> dict[str, object]:
    """A row like a table's last one, under a key of its own."""
    known = keys(books, table)
    new = dict(books.rows(f"SELECT * FROM {table} WHERE {KEYS[table]} = ?", known[-1])[0])
    for column in unique(table) - {"batch_id", "voucher_id", "source_id"}:
        new[column] = other(new[column], kinds(table)[column])
    new[KEYS[table]] = known[-1] + 1
    return new | ({"charge_id": None, "co2_g": None} if table == "posting" else {})


def test_every_table_is_in_the_chain_by_itself_or_by_what_holds_its_digest() -> None:
    one_by_one = {each.table for each in REGISTERED}
    assert one_by_one | set(SEALED_BY) | {"registration"} == set(TABLES)
    assert not one_by_one & set(SEALED_BY)
    assert set(SEALED_BY.values()) <= one_by_one


def test_what_is_registered_one_by_one_has_one_whole_number_for_a_key() -> None:
    for each in REGISTERED:
        (key,) = metadata().tables[each.table].primary_key.columns
        assert (key.name, key.type.python_type) == (each.key, int)


def test_every_row_has_exactly_one_entry(whole: Books) -> None:
    for each in REGISTERED:
        entries = whole.sql("SELECT row_key FROM registration WHERE table_name = ? ORDER BY row_key", each.table)
        assert [key for (key,) in entries] == keys(whole, each.table)
        assert entries
    single = {table for table in TABLES if len(keys(whole, table)) == 1}
    assert single <= {"book", "program", "factor_set", "source", "profile", "coding_plan", "access"}


@pytest.mark.parametrize("table", TABLES)
def test_a_changed_value_is_found_and_named(whole_as_kept: Books, table: str) -> None:
    """Every column, one at a time: of the first row and of the last."""
    whole = whole_as_kept
    known = keys(whole, table)
    for number, (column, kind) in enumerate(kinds(table).items()):
        if column == KEYS[table]:
            continue
        key = known[0] if number % 2 else known[-1]
        ((value,),) = whole.sql(f"SELECT {column} FROM {table} WHERE {KEYS[table]} = ?", key)
        change = f"UPDATE {table} SET {column} = ? WHERE {KEYS[table]} = ?"
        # What is registered row by row needs no other check.
        checks = check.CHECKS if table in SEALED_BY else (registrations_are_chained, rows_are_as_registered)
        checks = (*checks, internal_accounts_eliminate, handovers_are_as_recorded) if column == "content" else checks
        found = named_after(whole, (change, (other(value, kind), key)), checks=checks)
        names = {f"{table}:"} if column == "content" and table != "batch_page" else owner(whole, table, key)
        assert any(name in found for name in names), (column, found)


def test_a_rate_that_is_no_number_any_more_is_found_and_named_with_what_was_charged_by_it(whole: Books) -> None:
    whole.sql("UPDATE policy SET value = '150 kr' WHERE id = 1")
    found = offenders(whole)
    assert found["rows_are_as_registered"] == ["policy:1"]
    assert any(name.startswith("A2025-1 charge:") for name in found["charges_are_the_sum_of_their_trips"])


@pytest.mark.parametrize("table", TABLES)
def test_a_deleted_row_is_found_and_named(whole_as_kept: Books, table: str) -> None:
    """The first, one in the middle, the last, and all of them."""
    whole = whole_as_kept
    known = keys(whole, table)
    for key in dict.fromkeys((known[0], known[len(known) // 2], known[-1])):
        found = named_after(whole, (f"DELETE FROM {table} WHERE {KEYS[table]} = ?", (key,)))
        gone = owner(whole, table, key) | ({f"voucher:{key}"} if table == "voucher" else set())
        assert any(name in found for name in gone), (key, found)
    assert named_after(whole, (f"DELETE FROM {table}", ()))


@pytest.mark.parametrize("table", [table for table in TABLES if table not in ("book", "registration")])
def test_an_added_row_is_found_and_named(whole: Books, table: str) -> None:
    """Also one that the guards would have let in, and that was there when the program wrote something later."""
    new = another(whole, table)
    insert = f"INSERT INTO {table} ({', '.join(new)}) VALUES ({', '.join('?' * len(new))})"
    past_the_guards(whole, (insert, tuple(new.values())))
    names = owner(whole, table, keys(whole, table)[-1])
    found = named(whole)
    assert any(name in found for name in names), found
    if table != "voucher":  # after one that is no link nothing can be posted, but everything can be registered
        assert whole("policy", "set", "rate", "2.00", "--from", "2030-01-01", "--decision", "KS 7").code == 0
    found = named(whole)
    assert any(name in found for name in names), found


def refused_or_named(books: Books, table: str, come_in: Callable[[dict[str, object]], object]) -> None:
    """A row that comes past the program while every guard stands: most are refused, what is let in is named."""
    stood, before = books.guards(), books.dump()
    new = another(books, table)
    try:
        come_in(new)
    except (*REFUSED, psycopg.errors.InsufficientPrivilege):
        assert books.dump() == before
        return
    names = owner(books, table, keys(books, table)[-1])
    found = named(books)
    assert any(name in found for name in names), (new, found)
    assert books.guards() == stood


@pytest.mark.parametrize("table", TABLES)
def test_a_row_that_comes_past_the_program_is_refused_or_found_and_named(guarded: Books, table: str) -> None:
    """As the owner of the books, who can write every table."""
    refused_or_named(guarded, table, lambda new: guarded.add(table, **new))


@pytest.mark.on_server
@pytest.mark.parametrize("table", TABLES)
def test_a_row_that_comes_by_the_servers_door_past_the_program_is_refused_or_found_and_named(
    guarded: ServerBooks, table: str
) -> None:
    """As anybody of the finance office, whose only way in is the function that the program calls too."""
    eva = guarded.as_login("eva")

    def by_the_door(new: dict[str, object]) -> None:
        signed = {name: eva.keeper for name in ("registered_by", "made_by", "delivered_by") if name in new}
        row = {name: f"\\x{value.hex()}" if isinstance(value, bytes) else value for name, value in new.items()}
        with server().connect(eva.database, eva.login) as connection:
            connection.execute("SELECT register_rows(%s, %s::jsonb)", (table, json.dumps([row | signed])))

    refused_or_named(guarded, table, by_the_door)


@pytest.mark.on_server
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE {table} SET {key} = {key}",
        "DELETE FROM {table}",
        "TRUNCATE {table} CASCADE",
        "ALTER TABLE {table} DISABLE TRIGGER USER",
        "DROP TABLE {table} CASCADE",
    ],
)
def test_nobody_but_the_owner_has_a_right_to_any_table(guarded: ServerBooks, statement: str) -> None:
    eva = guarded.as_login("eva")
    with server().connect(eva.database, eva.login) as connection:
        for table in TABLES:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement.format(table=table, key=KEYS[table]))


# What only a superuser of the server can do: triggers and references are not asked, and stand afterwards as before.
UNASKED = "SET session_replication_role = replica"


@pytest.mark.on_server
def test_the_owner_cannot_write_past_guards_that_stand(guarded: ServerBooks) -> None:
    for setting in (UNASKED, "SET row_security = off", "SET SESSION AUTHORIZATION postgres"):
        with server().connect(guarded.database, guarded.login) as connection:
            try:
                connection.execute(setting)
            except psycopg.errors.InsufficientPrivilege:
                continue
            for table in TABLES:
                with pytest.raises(psycopg.Error, match=r"KV-POSTED|row-level security"):
                    connection.execute(f"DELETE FROM {table}")


@pytest.mark.on_server
@pytest.mark.parametrize("table", TABLES)
def test_what_a_superuser_does_past_guards_that_stand_is_found_and_named(shelf: Shelf, engine: str, table: str) -> None:
    """One value changed, and one row gone."""
    guarded: Any = shelf.once(engine, "guarded", live)
    known, above = keys(guarded, table), server().url(guarded.database, None)
    checks = [each for each in metadata().tables[table].constraints if isinstance(each, CheckConstraint)]
    unchecked = [f"ALTER TABLE {table} DROP CONSTRAINT {each.name}" for each in checks]
    column = [name for name in kinds(table) if name != KEYS[table]][-1]
    ((value,),) = guarded.sql(f"SELECT {column} FROM {table} WHERE {KEYS[table]} = ?", known[-1])
    for attack, values, names in (
        (f"UPDATE {table} SET {column} = ? WHERE {KEYS[table]} = ?",
         (other(value, kinds(table)[column]), known[-1]), owner(guarded, table, known[-1])),
        (f"DELETE FROM {table} WHERE {KEYS[table]} = ?",
         (known[0],), owner(guarded, table, known[0]) | ({f"voucher:{known[0]}"} if table == "voucher" else set())),
    ):  # fmt: skip
        found = named_after(guarded, (attack, values), url=above, first=[UNASKED, *unchecked])
        assert any(name in found for name in names), (attack, found)


@pytest.mark.parametrize("table", TABLES)
def test_two_rows_that_changed_places_are_found_and_named(whole_as_kept: Books, table: str) -> None:
    whole = whole_as_kept
    known = keys(whole, table)
    if len(known) == 1:
        return
    names = owner(whole, table, known[0]) | owner(whole, table, known[1])
    change = f"UPDATE {table} SET {KEYS[table]} = ? WHERE {KEYS[table]} = ?"
    turns = ((known[0], -1), (known[1], known[0]), (-1, known[1]))
    found = named_after(whole, *((change, (place, key)) for key, place in turns))
    assert any(name in found for name in names), found


# Whoever cuts off the tail of a table together with its entries leaves older, sound books: only a noted head tells.


def cut_off(books: Books, last_entry: int) -> None:
    """Every row that was registered after an entry, with its entry and with all that belongs to it."""
    later = "SELECT table_name, row_key FROM registration WHERE id > ? ORDER BY id DESC"
    gone = []
    for table, key in books.sql(later, last_entry):
        if table == "voucher":
            gone += [f"DELETE FROM {sealed} WHERE voucher_id = {key}" for sealed in ("posting", "lot")]
        if table == "batch":
            charges = f"SELECT id FROM charge WHERE batch_id = {key}"
            gone += [f"DELETE FROM {sealed} WHERE charge_id IN ({charges})" for sealed in ("trip_reversal", "trip")]
            gone += [
                f"DELETE FROM {sealed} WHERE batch_id = {key}" for sealed in ("charge", "batch_page", "quarantine")
            ]
        gone.append(f"DELETE FROM {table} WHERE {KEYS[table]} = {key}")
    gone.append(f"DELETE FROM registration WHERE id > {last_entry}")
    past_the_guards(books, *((statement, ()) for statement in gone))


WRITES = {
    "a trip": ("import", "later.csv", "--source", "standard"),
    "a measure": ("measure", "add", "--unit", "SBF", "--amount", "1", "--title", "x", "--booked-on", "2025-06-01"),
    "a policy": ("policy", "set", "rate", "2.00", "--from", "2030-01-01", "--decision", "KS 7"),
    "a unit": ("unit", "change", "SBF", "--from", "2025-06-01", "--name", "Stadsbyggnad"),
    "a step of a grant": ("grant", "reject", "2", "--reason", "nej", "--decision", "KS 2"),
    "a score": ("grant", "score", "2", "climate_benefit=9"),
    "a declaration": (
        *("completeness", "declare", "--source", "standard", "--period", "2025-06", "--empty", "--reason", "x"),
    ),
    "a closed month": ("period", "close", "2025-03", "--accept-missing", "x"),
}


@pytest.mark.parametrize("written", WRITES)
def test_a_tail_cut_off_with_its_entries_is_found_by_the_noted_head_alone(whole: Books, written: str) -> None:
    before, last = whole.json("check")["head"], keys(whole, "registration")[-1]
    whole.csv("later.csv", [trip("later")])
    command = [whole.folder / part if part == "later.csv" else part for part in WRITES[written]]
    outcome = whole(*command)
    assert outcome.code == 0, outcome.err
    head = whole.json("check")["head"]
    assert head != before
    assert whole("check", "--head", head).code == whole("check", "--head", before).code == 0
    cut_off(whole, last)
    assert whole("check").code == 0
    assert whole.json("check")["head"] == before
    assert whole("check", "--head", before).code == 0
    outcome = whole("check", "--head", head, "--format", "json")
    assert outcome.code == 4
    assert [each["name"] for each in outcome.json["checks"] if not each["ok"]] == ["chain_includes_head"]


def test_a_row_rewritten_with_every_link_after_it_is_found_by_the_noted_head_alone(whole: Books) -> None:
    """Whoever knows how the chain is made can make another; it has another head."""
    head = whole.json("check")["head"]
    whole.sql("UPDATE application SET title = 'Något annat' WHERE id = 1")
    assert f"{offenders(whole)}" == "{'rows_are_as_registered': ['application:1']}"
    ((previous,),) = whole.sql("SELECT nonce FROM book")
    changed = []
    for entry in whole.rows("SELECT * FROM registration ORDER BY id"):
        table, key = entry["table_name"], entry["row_key"]
        (row,) = whole.rows(f"SELECT * FROM {table} WHERE {KEYS[table]} = {key}")
        entry |= {"row_sha256": sha256(stated(row)), "previous_hash": previous}
        del entry["hash"]
        previous = sha256(entry)
        changed.append((f"x{entry['id']}", f"x{entry['id']}", entry["row_sha256"], entry["id"]))
        changed.append((entry["previous_hash"], previous, entry["row_sha256"], entry["id"]))
    # Both are there once only: out of the way first, then to their places.
    change = "UPDATE registration SET previous_hash = ?, hash = ?, row_sha256 = ? WHERE id = ?"
    past_the_guards(
        whole, *((change, values) for values in sorted(changed, key=lambda each: not each[0].startswith("x")))
    )
    found = offenders(whole)
    # The closings and handovers noted the head of their time, which is no longer there.
    assert set(found) == {"closed_periods_took_no_postings", "handovers_are_as_recorded"}
    assert whole("check", "--head", head).code == 4


def stated(row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value for name, value in row.items() if value is not None and (name != "content" or "sha256" not in row)
    }


def sha256(content: dict[str, Any]) -> str:
    form = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(form.encode()).hexdigest()


def test_anybody_can_recompute_the_entries_from_their_documented_form(whole: Books) -> None:
    """JSON with sorted keys, no white space, UTF-8; what is missing is left out."""
    ((head,),) = whole.sql("SELECT nonce FROM book")
    for entry in whole.rows("SELECT * FROM registration ORDER BY id"):
        table, key = entry["table_name"], entry["row_key"]
        (row,) = whole.rows(f"SELECT * FROM {table} WHERE {KEYS[table]} = {key}")
        assert (entry["previous_hash"], entry["row_sha256"]) == (head, sha256(stated(row)))
        found = entry.pop("hash")
        head = sha256(entry)
        assert found == head
    assert whole.json("check")["head"] == head


@pytest.mark.parametrize("noted", ["whole", "short", "upper", "spaced"])
def test_a_head_is_taken_as_it_was_noted(whole: Books, noted: str) -> None:
    """As `check` prints it or as stands below every report, however it was written down."""
    head = whole.json("check")["head"]
    written = {"whole": head, "short": head[:12], "upper": head.upper(), "spaced": f" {head} "}[noted]
    assert whole("check", "--head", written).code == 0
    assert head[:12] in whole("balance").out


@pytest.mark.parametrize("noted", ["", "x", "0" * 64, "0123456789ab", "f" * 65])
def test_a_head_that_never_was_is_not_found(whole: Books, noted: str) -> None:
    assert whole("check", f"--head={noted}").code in (2, 4)


def test_eleven_digits_of_a_head_prove_too_little(whole: Books) -> None:
    assert whole("check", "--head", whole.json("check")["head"][:11]).code == 4


def test_what_a_transaction_undoes_is_not_registered(whole: Books) -> None:
    before = whole.dump()
    insert = text("INSERT INTO source (id, name) VALUES (99, 'taxi')")
    with pytest.raises(IntegrityError), writing(whole.url) as connection:
        [connection.execute(insert) for _ in range(2)]
    with writing(whole.url, dry_run=True) as connection:
        connection.execute(insert)
    assert whole.dump() == before


def test_a_transaction_that_adds_nothing_leaves_the_chain_as_it_is(whole: Books) -> None:
    before = whole.dump()
    with writing(whole.url):
        pass
    assert whole.dump() == before


def test_entries_are_registered_when_their_rows_are_and_never_before_the_entry_before(whole: Books) -> None:
    with freeze_time("2001-01-01 12:00:00"):  # a clock that is far behind
        assert whole("policy", "set", "rate", "2.00", "--from", "2030-01-01", "--decision", "KS 7").code == 0
    times = [time for (time,) in whole.sql("SELECT registered_at FROM registration ORDER BY id")]
    assert times == sorted(times)
    assert min(times) > "2026"
    for (time,) in whole.sql(
        "SELECT r.registered_at FROM registration r JOIN voucher v ON v.id = r.row_key AND r.table_name = 'voucher'"
        " WHERE r.registered_at < v.registered_at"
    ):
        raise AssertionError(time)
    whole.sound()


@pytest.mark.parametrize("table", ["policy", "unit_merger", "application_score"])
def test_nothing_takes_the_place_of_what_was_registered_and_is_gone(whole: Books, table: str) -> None:
    key = keys(whole, table)[-1]
    whole.sql(f"DELETE FROM {table} WHERE {KEYS[table]} = ?", key)
    before = whole.dump()
    again = {
        "policy": ("policy", "set", "rate", "2.00", "--from", "2030-01-01", "--decision", "KS 7"),
        "unit_merger": ("unit", "merge", "FRI", "--into", "BUF", "--booked-on", "2025-04-30", "--decision", "KS 1"),
        "application_score": ("grant", "score", "1", "climate_benefit=1"),
    }
    outcome = whole(*again[table])
    assert (outcome.code, "KV-REGISTER" in outcome.err) == (4, True)
    assert whole.dump() == before


def test_the_head_that_was_known_covers_nothing_that_came_later(books: Books) -> None:
    """Not even a row that has no time of its own, as a measure beside its voucher."""
    with freeze_time("2030-01-01 12:00:00"):
        books.take(trip())
        head = books.json("check")["head"]
    with freeze_time("2030-01-02 12:00:00"):
        books.json("measure", "add", "--unit", "SBF", "--amount", "1", "--title", "x", "--booked-on", "2025-06-01")
    assert f"{head[:12]} after 1 voucher." in books("balance", "--known-at", "2030-01-01T12:00:01Z").out
    assert head[:12] not in books("balance").out


def test_programs_that_write_at_once_make_one_chain(books: Books) -> None:
    processes = [
        books.process("unit", "add", f"U{number}", "--name", "x", "--kind", "administration") for number in range(4)
    ]
    for process in processes:
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, (out, err)
    books.sound()
    assert books.sql("SELECT count(*) FROM registration WHERE table_name = 'unit'") == [(7,)]


def test_a_kept_text_that_is_changed_is_found_and_named(whole: Books) -> None:
    whole.sql("UPDATE profile SET content = content || '# x' WHERE id = 1")
    whole.sql("UPDATE factor_set SET content = content || '# x' WHERE id = 1")
    assert offenders(whole) == {"rows_are_as_registered": ["factor_set:sverige 2026-1", "profile:1"]}


def test_the_checks_of_the_register_say_what_they_expected(whole: Books) -> None:
    whole.sql("DELETE FROM application_score WHERE id = 1")
    whole.add("source", name="smugglad")
    with reading(whole.url) as connection:
        (finding,) = (each for each in check.run_checks(connection) if not each.ok)
    assert finding.name == "rows_are_as_registered"
    assert [(each.id, each.expected, each.found) for each in finding.offending] == [
        ("source:2", 0, 1),
        ("application_score:1", 1, 0),
    ]


def test_an_entry_is_taken_only_as_the_next_link(books: Books) -> None:
    ((key, head),) = books.sql("SELECT id, hash FROM registration ORDER BY id DESC LIMIT 1")
    values = "'unit', 99, 'x', '2999-01-01T00:00:00.000000Z', 'x'"
    for wrong in (f"({key + 2}, {values}, '{head}', 'x')", f"({key + 1}, {values}, 'x', 'x')"):
        with pytest.raises(REFUSED, match="KV-SEAL"):
            books.sql(f"INSERT INTO registration VALUES {wrong}")
    with pytest.raises(REFUSED, match=r"KV-POSTED|registration_is_true"):  # a row that has its entry gets no other
        books.sql(f"INSERT INTO registration VALUES ({key + 1}, 'unit', 1, 'x', '2999', 'x', '{head}', 'x')")


def test_books_whose_first_row_is_gone_are_not_begun_anew(fresh_books: Books) -> None:
    fresh_books.without_triggers()
    fresh_books.sql("DELETE FROM book")
    outcome = fresh_books("init", "--organisation", "Annan")
    assert (outcome.code, "KV-BOOK-MISSING" in outcome.err) == (4, True)


def test_the_head_is_printed_below_reports_also_before_the_first_voucher(fresh_books: Books) -> None:
    assert fresh_books.json("check")["head"][:12] in fresh_books("policy", "list").out


@pytest.mark.on_sqlite  # the program reads a file of books
def test_the_program_in_the_documentation_finds_a_changed_register_too(whole: Books) -> None:
    import re

    root = Path(__file__).parent.parent
    (program,) = re.findall(r"```python\n(.*?)```", (root / "docs" / "chain.md").read_text(encoding="utf-8"), re.DOTALL)
    script = whole.folder / "recompute.py"
    script.write_text(program, encoding="utf-8")

    def recomputed() -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-I", "-S", script, whole.file]
        return subprocess.run(command, capture_output=True, encoding="utf-8", timeout=60)

    ran, checked = recomputed(), whole.json("check")
    assert (ran.returncode, ran.stderr, ran.stdout.split()) == (0, "", [str(checked["vouchers"]), checked["head"]])
    whole.sql("UPDATE application SET title = 'Något annat' WHERE id = 1")
    ran = recomputed()
    assert (ran.returncode, ran.stderr) == (1, "application 1 is not as it was posted\n")
