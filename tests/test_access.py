"""Who may do what, and see what: on a server the server itself says so, through the program and through SQL alike.

In a file of books the file's permissions are the boundary, and the program says so.
"""

import contextlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpyxl
import psycopg
import pytest

from conftest import UNITS, Books, Outcome, ServerBooks, run, trip
from klimatvaxling.database.registration import COLUMNS, entry_digest, row_digest
from server import KEEPER, server

DENIED = psycopg.errors.InsufficientPrivilege
TABLES = (
    "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
    " AND table_type = 'BASE TABLE' AND table_name <> 'trip_arriving' ORDER BY 1"
)


@dataclass
class Shared:
    """Books that many people share, and who they are: `anna` has the unit SBF, `bo` has BUF."""

    books: ServerBooks

    def login(self, name: str) -> str:
        return f"{self.books.database}_{name}"

    def __call__(self, name: str, *arguments: object) -> Outcome:
        """The program as somebody runs it."""
        return run("--database", server().url(self.books.database, self.login(name)), *arguments)

    def json(self, name: str, *arguments: object) -> Any:
        outcome = self(name, *arguments, "--format", "json")
        assert outcome.code == 0, outcome.err
        return outcome.json

    def denied(self, name: str, *arguments: object, code: str = "KV-ACCESS-DENIED") -> None:
        """Refused in words of the program, not the server's, and nothing is done."""
        before = self.books.dump()
        outcome = self(name, *arguments)
        assert (outcome.code, f"{code}: " in outcome.err) == (4, True), outcome.err
        assert not re.search(r"permission denied|may not (write|register)", outcome.err), outcome.err
        assert self.books.dump() == before

    def sql(self, name: str, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """SQL as somebody sends it past the program."""
        with server().connect(self.books.database, self.login(name)) as connection:
            cursor = connection.execute(statement, values or None)
            return list(cursor.fetchall()) if cursor.description else []


LOGINS = {"anna": "unit", "bo": "unit", "rut": "committee", "eva": "auditor", "fia": "finance"}
HISTORY = (
    "measure add --unit SBF --amount 5 --title Lådcyklar --booked-on 2025-04-01",
    "sweep --as-of 2026-04-01",
    "fund appropriate --amount 1000 --decision KS-1 --booked-on 2026-04-01",
    (
        "grant apply --unit BUF --title Solceller --amount 500 --total-cost 900 --co2-reduction-kg 100"
        " --lifetime-years 10 --booked-on 2026-04-02"
    ),
    (
        "grant apply --unit SBF --title Laddstolpar --amount 300 --total-cost 900 --co2-reduction-kg 100"
        " --lifetime-years 10 --booked-on 2026-04-02"
    ),
)


@contextlib.contextmanager
def shared_books(folder: Path) -> Iterator[Shared]:
    books = ServerBooks(folder, folder / "none.db")
    books.database = server().create()
    (folder / "units.csv").write_text(UNITS, encoding="utf-8")
    assert books("init", "--organisation", "Exempelstad").code == 0
    assert books("unit", "load", folder / "units.csv").code == 0
    books.take(trip("a"), trip("b", unit="BUF", co2_fossil_kg="20"), trip("c", unit="ELN", co2_fossil_kg="40"))
    books.take(trip("d", date="2026-04-10"), name="april.csv")
    for command in HISTORY:
        outcome = books(*command.split())
        assert outcome.code == 0, outcome.err
    shared = Shared(books)
    for name, role in LOGINS.items():
        unit = {"anna": ("--unit", "SBF"), "bo": ("--unit", "BUF")}.get(name, ())
        given = books("access", "grant", shared.login(name), "--role", role, *unit)
        assert given.code == 0, given.err
    yield shared
    server().drop(books.database)
    with server().connect() as connection:
        for name in LOGINS:
            connection.execute(f"DROP ROLE IF EXISTS {shared.login(name)}")


@pytest.fixture
def shared(tmp_path: Path) -> Iterator[Shared]:
    with shared_books(tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def looked_at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    """The same, for tests that change nothing."""
    with shared_books(tmp_path_factory.mktemp("shared")) as made:
        yield made


# What a unit sees


def test_a_unit_sees_its_own_balance_and_nothing_of_others(looked_at: Shared) -> None:
    balance = looked_at.json("anna", "balance")
    assert [(row["unit"], row["charged_ore"]) for row in balance["units"]] == [("SBF", 3000)]
    assert balance["total"]["charged_ore"] == 3000
    assert [row["unit"] for row in looked_at.json("bo", "balance")["units"]] == ["BUF"]


def test_a_unit_sees_its_own_grants(looked_at: Shared) -> None:
    assert [grant["title"] for grant in looked_at.json("anna", "grant", "list")["grants"]] == ["Laddstolpar"]


def test_everybody_with_a_role_sees_the_funds_totals(looked_at: Shared) -> None:
    figures = ("opening_ore", "available_ore", "committed_ore", "swept_in_ore", "appropriated_ore", "paid_out_ore")
    whole = {key: looked_at.json("eva", "fund")[key] for key in figures}
    assert whole["available_ore"] == 100_000 + 1000 + 3000 + 6000
    for name in LOGINS:
        assert {key: looked_at.json(name, "fund")[key] for key in figures} == whole
    assert "1,100.00" in looked_at("anna", "fund").out
    # Its own voucher is all that it sees of the movements.
    assert len(looked_at.json("anna", "fund")["movements"]) == 1


def test_the_end_of_the_chain_tells_a_unit_nothing_but_itself(looked_at: Shared) -> None:
    out = looked_at("anna", "balance").out
    (head,) = re.findall(r"The chain ends with ([0-9a-f]{12})\.", out)
    assert looked_at.books.sql("SELECT hash FROM registration ORDER BY id DESC LIMIT 1")[0][0].startswith(head)
    assert "voucher" not in out.rpartition("The chain")[2]


@pytest.mark.parametrize(
    "command",
    [
        ("balance",), ("statement", "--unit", "SBF"), ("expiring",), ("fund",), ("journal",), ("measure", "list"),
        ("grant", "list"), ("grant", "show", "2"), ("unit", "list"), ("policy", "list"), ("factor", "list"),
        ("report", "year", "--year", "2025"), ("report", "trend"), ("voucher", "show", "A2025-2"),
        ("explain", "unit:SBF"), ("explain", "A2025-2"), ("explain", "trip:standard/a"), ("vehicle", "list"),
        ("source", "list"), ("grant", "round", "list"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_a_unit_can_read_every_report_about_itself(looked_at: Shared, command: Sequence[str]) -> None:
    outcome = looked_at("anna", *command)
    assert outcome.code == 0, outcome.err
    assert "BUF" not in outcome.out
    assert "Solceller" not in outcome.out


def test_a_unit_is_told_what_its_own_deliveries_lack_and_nothing_of_a_source_as_a_whole(looked_at: Shared) -> None:
    def units(name: str) -> set[str | None]:
        return {cell["unit"] for cell in looked_at.json(name, "completeness", "--year", "2025")["cells"]}

    assert (units("anna"), None in units("eva")) == ({"SBF"}, True)
    assert "nothing at all" not in looked_at("anna", "completeness", "--year", "2026").out


def test_a_unit_takes_its_own_file_home_and_no_other(looked_at: Shared, tmp_path: Path) -> None:
    command = ("export", "unit-file", "--year", "2025", "--unit")
    assert looked_at("anna", *command, "SBF", "--output", tmp_path / "sbf.xlsx").code == 0
    assert looked_at("eva", *command, "SBF", "--output", tmp_path / "eva.xlsx").code == 0
    trips = [
        [[cell.value for cell in row] for row in openpyxl.load_workbook(tmp_path / name)["Trips"].iter_rows()]
        for name in ("sbf.xlsx", "eva.xlsx")
    ]
    assert trips[0] == trips[1]
    assert looked_at("anna", *command, "BUF", "--output", tmp_path / "buf.xlsx").code == 3
    assert not (tmp_path / "buf.xlsx").exists()


def test_a_unit_follows_its_own_trip_and_learns_the_name_of_the_file_only(looked_at: Shared) -> None:
    of_unit, of_auditor = (looked_at.json(name, "explain", "A2025-2") for name in ("anna", "eva"))
    (own,), (whole,) = (found["lines"][0]["charge"]["trips"] for found in (of_unit, of_auditor))
    assert {key: own[key] for key in own if key != "cells"} == {key: whole[key] for key in own if key != "cells"}
    assert (own["cells"], whole["cells"] != {}) == ({}, True)
    assert of_unit["file"]["file"] == of_auditor["file"]["file"]
    assert of_unit["file"]["outside"] == {}


def test_no_page_shows_a_units_part_of_the_fund_as_the_fund(looked_at: Shared) -> None:
    assert looked_at.json("eva", "report", "trend")["years"][-1]["available_ore"] == 110_000
    assert "available_ore" not in looked_at.json("anna", "report", "trend")["years"][-1]
    page = looked_at.json("anna", "report", "year", "--year", "2026")
    assert (page["fund"], "available_ore" in page["key_figures"]) == ([], False)
    assert "klimatvaxling fund" in looked_at("anna", "report", "year", "--year", "2026").out
    assert "klimatvaxling fund" not in looked_at("eva", "report", "year", "--year", "2026").out


@pytest.mark.parametrize(
    "command", [("check",), ("batch", "list"), ("quarantine", "list"), ("handover", "list"), ("period", "list")]
)
def test_what_concerns_all_units_is_not_shown_to_one(looked_at: Shared, command: Sequence[str]) -> None:
    looked_at.denied("anna", *command)


def test_another_units_things_are_as_if_they_were_not_there(looked_at: Shared) -> None:
    for command in (("statement", "--unit", "BUF"), ("balance", "--unit", "ELN"), ("grant", "show", "1")):
        outcome = looked_at("anna", *command)
        assert outcome.code in (3, 4), outcome.out
        assert "Solceller" not in outcome.out + outcome.err


def test_the_auditor_reads_everything_and_checks_it(looked_at: Shared) -> None:
    assert looked_at("eva", "check").code == 0
    assert len(looked_at.json("eva", "balance")["units"]) == 3
    for (table,) in looked_at.books.sql(TABLES):
        assert looked_at.sql("eva", f"SELECT count(*) FROM {table}") == looked_at.books.sql(
            f"SELECT count(*) FROM {table}"
        )


def test_the_committee_reads_the_ledger_but_no_single_trip(looked_at: Shared) -> None:
    assert len(looked_at.json("rut", "balance")["units"]) == 3
    assert len(looked_at.json("rut", "grant", "list")["grants"]) == 2
    for table in ("trip", "batch_page", "quarantine"):
        with pytest.raises(DENIED):
            looked_at.sql("rut", f"SELECT 1 FROM {table}")


def test_a_login_without_a_role_sees_nothing(looked_at: Shared) -> None:
    nobody = looked_at.login("nobody")
    with server().connect() as connection:
        connection.execute(f"CREATE ROLE {nobody} LOGIN")
    try:
        looked_at.denied("nobody", "balance")
        for (table,) in looked_at.books.sql(TABLES):
            with pytest.raises(DENIED):
                looked_at.sql("nobody", f"SELECT 1 FROM {table}")
        for call in (
            "chain_head('')",
            "fund_totals('9999', '9999')",
            "begin_writing()",
            "next_key('unit')",
            "my_role()",
        ):
            with pytest.raises(DENIED):
                looked_at.sql("nobody", f"SELECT {call}")
    finally:
        with server().connect() as connection:
            connection.execute(f"DROP ROLE {nobody}")


# What each may do


def test_a_unit_applies_for_itself_and_can_withdraw(shared: Shared) -> None:
    given = (
        "--title",
        "Cyklar",
        "--amount",
        "10",
        "--total-cost",
        "10",
        "--co2-reduction-kg",
        "1",
        "--lifetime-years",
        "1",
    )
    made = shared.json("anna", "grant", "apply", "--unit", "SBF", *given)
    assert shared("anna", "grant", "withdraw", made["id"]).code == 0
    # Of another unit it has never heard.
    assert shared("anna", "grant", "apply", "--unit", "BUF", *given).code in (3, 4)
    assert "KV-GRANT-UNKNOWN" in shared("anna", "grant", "withdraw", "1").err
    shared.books.sound()


def test_the_committee_decides_and_finance_pays(shared: Shared) -> None:
    shared.denied("fia", "access", "grant", shared.login("eva"), "--role", "finance", code="KV-ACCESS-OWNER")
    approval = ("--amount", "100", "--decision", "MN 1", "--booked-on", "2026-04-03")
    assert shared("rut", "grant", "approve", "1", *approval).code == 0
    shared.denied("rut", "grant", "pay", "1", "--amount", "50", "--booked-on", "2026-04-04")
    assert shared("fia", "grant", "pay", "1", "--amount", "50", "--booked-on", "2026-04-04").code == 0
    assert (
        shared("rut", "grant", "reject", "2", "--reason", "Nej", "--decision", "MN 2", "--booked-on", "2026-04-05").code
        == 0
    )
    shared.books.sound()
    assert shared.books.json("voucher", "show", "R2026-1")["made_by"] == shared.login("rut")


def test_the_help_says_who_decides_and_who_applies() -> None:
    assert "On a server: finance, committee." in run("grant", "approve", "--help").out
    assert "On a server: finance, unit." in run("grant", "apply", "--help").out
    assert "On a server" not in run("balance", "--help").out


def test_whoever_registered_an_application_does_not_approve_it(shared: Shared) -> None:
    approval = ("--amount", "100", "--decision", "MN 1", "--booked-on", "2026-04-03")
    refused = shared.books("grant", "approve", "1", *approval)
    assert (refused.code, "KV-SECOND-PERSON" in refused.err) == (4, True)
    assert shared("rut", "grant", "approve", "1", *approval).code == 0


WRITING = {
    "an import": ("import", "trips.csv", "--source", "standard"),
    "a measure": ("measure", "add", "--unit", "SBF", "--amount", "1", "--title", "X"),
    "an appropriation": ("fund", "appropriate", "--amount", "1", "--decision", "KS"),
    "a sweep": ("sweep", "--as-of", "2027-06-01"),
    "a policy": ("policy", "set", "rate", "2", "--decision", "KF"),
    "a unit": ("unit", "add", "X", "--name", "X", "--kind", "administration"),
    "a period": ("period", "close", "2025-03", "--accept-missing", "x"),
    "a role": ("access", "grant", "mallory", "--role", "finance"),
    "a sweep of nothing": ("sweep", "--as-of", "2020-01-01"),
    "a payment": ("grant", "pay", "2", "--amount", "1"),
    "the books": ("init",),
}


@pytest.mark.parametrize("name", ["anna", "rut", "eva"])
@pytest.mark.parametrize("what", WRITING)
def test_only_finance_posts(looked_at: Shared, name: str, what: str, tmp_path: Path) -> None:
    books = Books(tmp_path, tmp_path / "none.db")
    file = books.csv("trips.csv", [trip("new")])
    command = [file if part == "trips.csv" else part for part in WRITING[what]]
    looked_at.denied(name, *command)
    words = 1 if command[0] in ("import", "sweep", "init") else 2
    told = run(*command[:words], "--help").out.rpartition("On a server: ")[2].strip()
    assert told in ("finance.", "the owner of the books."), told


@pytest.mark.parametrize("name", ["anna", "rut", "eva"])
def test_a_handover_that_is_refused_leaves_no_folder(looked_at: Shared, name: str, tmp_path: Path) -> None:
    looked_at.denied(name, "handover", "run", "--period", "2025-03", "--to", tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["anna", "rut", "eva"])
def test_an_inbox_that_may_not_be_emptied_is_not_called_empty(looked_at: Shared, name: str, tmp_path: Path) -> None:
    waiting = Books(tmp_path, tmp_path / "none.db").csv("trips.csv", [trip("new")])
    looked_at.denied(name, "inbox", "run", tmp_path)
    assert looked_at(name, "inbox", "run", tmp_path).out == ""
    assert waiting.exists()


def test_finance_that_does_not_own_the_books_does_all_but_give_roles(shared: Shared) -> None:
    file = shared.books.csv("more.csv", [trip("n", date="2026-04-11"), trip("o", unit="ELN", date="2026-04-11")])
    assert shared("fia", "import", file, "--source", "standard").code == 0
    assert shared("fia", "batch", "undo", "3", "--reason", "fel fil").code == 0
    assert shared("fia", "unit", "add", "NY", "--name", "Ny", "--kind", "administration").code == 0
    assert shared("fia", "policy", "set", "rate", "2", "--decision", "KF").code == 0
    shared.denied("fia", "access", "revoke", shared.login("anna"), code="KV-ACCESS-OWNER")
    shared.books.sound()
    assert shared("fia", "check").code == 0


def test_a_unit_does_not_withdraw_what_is_decided(shared: Shared) -> None:
    approval = ("--amount", "100", "--decision", "MN 1", "--booked-on", "2026-04-03")
    assert shared("rut", "grant", "approve", "2", *approval).code == 0
    shared.denied("anna", "grant", "withdraw", "2", "--booked-on", "2026-04-04")


def test_the_server_itself_wants_a_second_person_for_an_approval(shared: Shared) -> None:
    """Past the program too: the step of an approval is refused to whoever registered the application."""
    step = {
        "application_id": 1, "number": 2, "state_before": "submitted", "state": "approved", "stepped_on": "2026-04-03",
        "amount_ore": 1, "decision": "MN", "reason": "", "conditions": "", "registered_at": "2026-11-22T00:00:00.000000Z",
        "registered_by": KEEPER,
    }  # fmt: skip
    with (
        server().connect(shared.books.database, KEEPER) as connection,
        pytest.raises(psycopg.errors.IntegrityConstraintViolation, match="approved_by_another"),
    ):
        connection.execute("SELECT register_rows('grant_step', %s::jsonb)", (json.dumps([step]),))


def test_a_link_of_the_chain_that_is_not_true_is_refused(shared: Shared) -> None:
    with server().connect(shared.books.database, shared.login("anna")) as connection:
        link, head, time = connection.execute("SELECT * FROM chain_end()").fetchone() or ()
        false = {
            "id": link + 1, "table_name": "unit", "row_key": 1, "row_sha256": "0" * 64, "registered_at": time,
            "nonce": "0" * 32, "previous_hash": head, "hash": "1" * 64,
        }  # fmt: skip
        with pytest.raises(psycopg.errors.IntegrityConstraintViolation, match="registration_is_true"):
            connection.execute("SELECT register_rows('registration', %s::jsonb)", (json.dumps([false]),))


def link_of(shared: Shared, name: str, table: str, key: int, row: dict[str, Any], **changed: object) -> dict[str, Any]:
    """The next link of the chain as the program makes it, for a row of any table."""
    ((link, head, time),) = shared.sql(name, "SELECT * FROM chain_end()")
    values = (link + 1, table, key, row_digest(row), time, "0" * 32, head)
    entry = dict(zip(COLUMNS, values, strict=True)) | changed
    return entry | {"hash": entry_digest(entry)}


def test_a_link_that_is_true_names_only_what_is_registered_row_by_row(shared: Shared) -> None:
    """An entry is for ever: one that `check` does not know of would let no check pass any more."""
    for name, table in (("anna", "posting"), ("anna", "charge"), ("fia", "registration"), ("fia", "alembic_version")):
        columns = [column for (column,) in shared.sql("fia", f"SELECT attname FROM pg_attribute WHERE attrelid ="
                   f" '{table}'::regclass AND attnum > 0 ORDER BY attnum")]  # fmt: skip
        (row,) = shared.sql(name, f"SELECT * FROM {table} ORDER BY 1 LIMIT 1")
        link = link_of(shared, name, table, row[0], dict(zip(columns, row, strict=True)))
        with pytest.raises(psycopg.Error, match="registration_is_true"):
            shared.sql(name, "SELECT register_rows('registration', %s::jsonb)", json.dumps([link]))
    shared.books.sound()


@pytest.mark.parametrize("row", [("alembic_version", {"version_num": "9999"}), ("trip_arriving", {"id": 99}),
                                 ("my_access", {"role": "finance"}), ("pg_authid", {"rolname": "x"})])  # fmt: skip
def test_the_door_leads_into_the_books_and_nowhere_else(looked_at: Shared, row: tuple[str, dict[str, object]]) -> None:
    table, values = row
    before = looked_at.books.dump()
    for name in ("anna", "rut", "fia"):
        with pytest.raises(DENIED):
            looked_at.sql(name, "SELECT register_rows(%s, %s::jsonb)", table, json.dumps([values]))
    assert looked_at.books.dump() == before


def test_nobody_but_finance_registers_ahead_of_time(looked_at: Shared) -> None:
    """Times never fall along the chain: what is known at a moment would be empty until the one far ahead has come."""
    row = {"version": "9", "schema_revision": "9", "registered_at": "2999-01-01T00:00:00.000000Z"}
    for name in ("anna", "rut"):
        link = link_of(looked_at, name, "program", 1, row, registered_at=row["registered_at"])
        for table, given in (("program", row), ("registration", link)):
            with pytest.raises(DENIED, match="ahead of time"):
                looked_at.sql(name, "SELECT register_rows(%s, %s::jsonb)", table, json.dumps([given]))


# Ways round


def attacks(of: str) -> dict[str, str]:
    """What somebody with SQL at hand tries; each must be refused or show no more than their own."""
    return {
        "update": "UPDATE voucher SET description = 'x'",
        "delete": "DELETE FROM posting",
        "truncate": "TRUNCATE trip",
        "insert": "INSERT INTO posting VALUES (99, 1, 9, 'own_funds', 1, NULL, NULL, 1, NULL)",
        "copy in": "COPY voucher FROM PROGRAM 'true'",
        "triggers": "ALTER TABLE voucher DISABLE TRIGGER ALL",
        "no row security": "ALTER TABLE voucher NO FORCE ROW LEVEL SECURITY",
        "drop": "DROP TABLE voucher",
        "become the owner": f"SET ROLE {KEEPER}",
        "become another": f"SET ROLE {of}_bo",
        "become finance": f"SET ROLE {of}_finance",
        "another session": f"SET SESSION AUTHORIZATION {KEEPER}",
        "a replica's session": "SET session_replication_role = replica",
        "sign for another": (
            'SELECT register_rows(\'application_score\', \'[{"application_id": 2, "criterion": "x", "points": 1,'
            ' "registered_at": "2026", "registered_by": "somebody"}]\'::jsonb)'
        ),
        "a voucher of their own": 'SELECT register_rows(\'voucher\', \'[{"id": 99, "event": "charge"}]\'::jsonb)',
        "a role of their own": (
            'SELECT register_rows(\'access\', \'[{"login": "x", "role": "finance", "unit_ids": ""}]\'::jsonb)'
        ),
        "trips of their own": "INSERT INTO trip_arriving (id, trip_id) VALUES (99, 'x'); SELECT register_arrived()",
        "how many there are": "SELECT next_key('voucher')",
        "who others are": "SELECT * FROM role_of('x')",
    }


@pytest.mark.parametrize("attack", attacks(""))
@pytest.mark.parametrize("name", ["anna", "eva", "fia"])
def test_the_server_refuses_every_way_past_the_program(looked_at: Shared, name: str, attack: str) -> None:
    if name == "fia" and attack in (
        "become finance", "a voucher of their own", "trips of their own", "how many there are",
    ):  # fmt: skip
        return  # finance posts, and by the door its rows meet the guards: below
    before = looked_at.books.dump()
    with pytest.raises(psycopg.Error):
        looked_at.sql(name, attacks(looked_at.books.database)[attack])
    assert looked_at.books.dump() == before


@pytest.mark.parametrize("attack", ["become finance", "a voucher of their own", "trips of their own"])
def test_even_finance_gets_by_the_door_only_what_the_guards_let_in(looked_at: Shared, attack: str) -> None:
    before = looked_at.books.dump()
    with contextlib.suppress(psycopg.Error):
        looked_at.sql("fia", attacks(looked_at.books.database)[attack])
    assert looked_at.books.dump() == before


def test_no_setting_makes_a_reader_somebody_else(looked_at: Shared) -> None:
    with server().connect(looked_at.books.database, looked_at.login("anna")) as connection:
        for setting in ("role", "session_authorization", "klimatvaxling.login", "row_security", "search_path"):
            with contextlib.suppress(psycopg.Error):
                connection.execute("SELECT set_config(%s, %s, false)", (setting, looked_at.login("bo")))
        assert connection.execute("SELECT session_user").fetchone() == (looked_at.login("anna"),)
        with contextlib.suppress(psycopg.Error):
            rows = connection.execute("SELECT code FROM public.unit").fetchall()
            assert rows in ([("SBF",)], [])


def test_a_function_that_tells_what_it_is_given_is_told_only_ones_own(looked_at: Shared) -> None:
    """A cheap function in the WHERE of a query is asked after row-level security, never before."""
    with server().connect(looked_at.books.database, looked_at.login("anna")) as connection:
        told: list[str] = []
        connection.add_notice_handler(lambda notice: told.append(str(notice.message_primary)))
        connection.execute(
            "CREATE FUNCTION pg_temp.tell(value text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS"
            " $$ BEGIN RAISE NOTICE '%', value; RETURN true; END $$"
        )
        connection.execute("SELECT count(*) FROM application WHERE pg_temp.tell(title)")
        assert told == ["Laddstolpar"]


def test_a_view_or_a_plan_shows_no_more_than_the_tables(looked_at: Shared) -> None:
    with server().connect(looked_at.books.database, looked_at.login("anna")) as connection:
        connection.execute("CREATE TEMP VIEW spy AS SELECT * FROM posting")
        units = connection.execute("SELECT DISTINCT unit_id FROM spy").fetchall()
        assert len(units) == 1
        plan = "\n".join(line for (line,) in connection.execute("EXPLAIN ANALYZE SELECT * FROM application"))
        assert "actual" in plan
        assert "rows=1.00 " in plan or "rows=1 " in plan
        (count,) = connection.execute("SELECT count(*) FROM trip_effect").fetchone() or (None,)
        assert count == 2


def test_an_error_names_no_row_of_others(looked_at: Shared) -> None:
    with pytest.raises(psycopg.Error) as fault:
        looked_at.sql("anna", "SELECT title::bigint FROM application")
    assert "Laddstolpar" in str(fault.value)
    # A cast that would fail on a row of others meets none.
    assert looked_at.sql("anna", "SELECT title::bigint FROM application WHERE unit_id <> (SELECT id FROM unit)") == []


def test_there_is_no_sequence_to_read_or_turn(looked_at: Shared) -> None:
    assert looked_at.books.sql("SELECT count(*) FROM pg_sequences") == [(0,)]


def test_every_table_forces_row_level_security_and_every_view_asks_as_its_reader(looked_at: Shared) -> None:
    tables = looked_at.books.sql(
        "SELECT relname, relrowsecurity AND relforcerowsecurity FROM pg_class"
        " WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        " AND relname NOT IN ('alembic_version', 'trip_arriving')"
    )
    assert tables
    assert [name for name, is_forced in tables if not is_forced] == []
    views = looked_at.books.sql(
        "SELECT relname, array_to_string(reloptions, ' ') FROM pg_class"
        " WHERE relkind = 'v' AND relnamespace = 'public'::regnamespace"
    )
    assert {name: options for name, options in views if "security_invoker=true" not in str(options)} == {}


def test_every_function_that_runs_as_the_owner_looks_for_nothing_elsewhere(looked_at: Shared) -> None:
    functions = looked_at.books.sql(
        "SELECT proname, array_to_string(proconfig, ' '), has_function_privilege('public', oid, 'EXECUTE') FROM pg_proc"
        " WHERE prosecdef AND pronamespace = 'public'::regnamespace"
    )
    assert len(functions) >= 8
    assert [name for name, config, _ in functions if "search_path=public, pg_temp" not in str(config)] == []
    assert [name for name, _, is_public in functions if is_public] == []


def test_the_owner_needs_to_create_roles_and_no_more(looked_at: Shared) -> None:
    (rights,) = looked_at.books.sql(
        f"SELECT rolsuper, rolcreatedb, rolcreaterole, rolbypassrls, rolreplication FROM pg_roles WHERE rolname = '{KEEPER}'"
    )
    assert rights == (False, False, True, False, False)
    roles = {name for (name,) in looked_at.books.sql("SELECT rolname FROM pg_roles WHERE NOT rolcanlogin")}
    assert {f"{looked_at.books.database}_{role}" for role in ("finance", "committee", "unit", "auditor")} <= roles


# Giving and taking


def test_a_role_that_is_taken_away_is_gone_at_once(shared: Shared) -> None:
    with server().connect(shared.books.database, shared.login("anna")) as connection:
        assert connection.execute("SELECT count(*) FROM unit").fetchone() == (1,)
        assert shared.books("access", "revoke", shared.login("anna")).code == 0
        with pytest.raises(DENIED):
            connection.execute("SELECT count(*) FROM unit")
    shared.denied("anna", "balance")
    again = shared.books("access", "revoke", shared.login("anna"))
    assert (again.code, "KV-ACCESS-NONE" in again.err) == (4, True)


def test_a_left_over_membership_opens_nothing(shared: Shared) -> None:
    """Groups belong to the whole server: one may outlive its books. The register decides."""
    with server().connect() as connection:
        connection.execute(f"CREATE ROLE {shared.login('old')} LOGIN IN ROLE {shared.books.database}_finance")
    try:
        assert shared.sql("old", "SELECT count(*) FROM voucher") == [(0,)]
        shared.denied("old", "measure", "add", "--unit", "SBF", "--amount", "1", "--title", "X")
    finally:
        with server().connect() as connection:
            connection.execute(f"DROP ROLE {shared.login('old')}")


def test_a_login_that_is_made_is_said_to_have_no_password(shared: Shared) -> None:
    new, old = f"{shared.login('Åsa')}", shared.login("eva")
    try:
        tried = shared.books("access", "grant", new, "--role", "auditor", "--dry-run")
        assert (tried.code, "password" in tried.err) == (0, False)
        given = shared.books("access", "grant", new, "--role", "auditor")
        assert (given.code, f'\\password "{new}"' in given.err) == (0, True), given.err
        assert "password" not in shared.books("access", "grant", old, "--role", "auditor").err
    finally:
        with server().connect() as connection:
            connection.execute(f'DROP ROLE IF EXISTS "{new}"')


def test_somebody_may_have_several_units_and_another_role_later(shared: Shared) -> None:
    anna = shared.login("anna")
    assert shared.books("access", "grant", anna, "--role", "unit", "--unit", "ELN").code == 0
    assert [row["unit"] for row in shared.json("anna", "balance")["units"]] == ["ELN", "SBF"]
    assert shared.books("access", "grant", anna, "--role", "auditor").code == 0
    assert len(shared.json("anna", "balance")["units"]) == 3
    held = {row["login"]: (row["role"], row["units"]) for row in shared.books.json("access", "list")["access"]}
    assert held[anna] == ("auditor", [])
    assert held[shared.login("bo")] == ("unit", ["BUF"])
    assert held[KEEPER] == ("finance", [])


def test_each_sees_their_own_entry_in_the_register_of_access_and_those_who_audit_see_all(looked_at: Shared) -> None:
    assert [row["login"] for row in looked_at.json("anna", "access", "list")["access"]] == [looked_at.login("anna")]
    assert len(looked_at.json("eva", "access", "list")["access"]) == len(LOGINS) + 1


def test_the_owner_of_the_books_always_keeps_them(shared: Shared) -> None:
    for command in (("access", "revoke", KEEPER), ("access", "grant", KEEPER, "--role", "auditor")):
        refused = shared.books(*command)
        assert (refused.code, "KV-ACCESS-LAST" in refused.err) == (4, True)


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("anna", "--role", "chief"), 2, "KV-ACCESS-ROLE"),
        (("anna", "--role", "unit"), 2, "KV-ACCESS-UNIT"),
        (("anna", "--role", "auditor", "--unit", "SBF"), 2, "KV-ACCESS-UNIT"),
        (("anna", "--role", "unit", "--unit", "NIX"), 3, "KV-UNIT-UNKNOWN"),
        (('a"; DROP TABLE voucher; --', "--role", "auditor"), 3, "KV-ACCESS-LOGIN"),
        (("pg_read_all_data", "--role", "auditor"), 3, "KV-ACCESS-LOGIN"),
        (("x" * 64, "--role", "auditor"), 3, "KV-ACCESS-LOGIN"),
    ],
)
def test_a_role_that_cannot_be_given_is_refused(books: Books, arguments: Sequence[str], code: int, told: str) -> None:
    before = books.dump()
    outcome = books("access", "grant", *arguments)
    assert (outcome.code, told in outcome.err) == (code, True), outcome.err
    assert books.dump() == before


# A file


@pytest.mark.on_sqlite
def test_whoever_opens_a_file_of_books_keeps_them_and_the_program_says_where_the_boundary_is(books: Books) -> None:
    (held,) = books.json("access", "list")["access"]
    assert held["role"] == "finance"
    given = books("access", "grant", "anna", "--role", "unit", "--unit", "SBF")
    assert (given.code, "Its permissions are the boundary" in given.err) == (0, True)
    assert [row["login"] for row in books.json("access", "list")["access"]] == sorted(["anna", held["login"]])
    assert books("access", "revoke", held["login"]).code == 4
    assert books("access", "revoke", "anna").code == 0
    assert [row["login"] for row in books.json("access", "list")["access"]] == [held["login"]]
    books.sound()
