"""Migrations: the schema in the books is the schema in the code, up and down, with every guard in place."""

import re
import shutil
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from freezegun import freeze_time

from conftest import REFUSED, Books, trip
from klimatvaxling.database import engine as engines
from klimatvaxling.database import migrate
from klimatvaxling.database.engine import SCHEMA_REVISION, engine_for
from klimatvaxling.database.location import shipped
from klimatvaxling.database.migrate import alembic_config, schema_change, upgrade
from klimatvaxling.database.schema import metadata

LEFT = {
    False: "SELECT type, name FROM sqlite_master",
    True: "SELECT 'relation', relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
    " UNION ALL SELECT 'function', proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
    " UNION ALL SELECT 'policy', polname FROM pg_policy UNION ALL SELECT 'trigger', tgname FROM pg_trigger"
    " WHERE NOT tgisinternal",
}


def left(books: Books) -> set[tuple[str, str]]:
    """What somebody has made in the database, beside the table that says its version."""
    found = books.sql(LEFT[books.on_server])
    of_the_version = {"alembic_version", "alembic_version_pkc", "sqlite_autoindex_alembic_version_1", "sqlite_sequence"}
    return {(str(kind), str(name)) for kind, name in found if name not in of_the_version}


def groups(books: Books) -> list[tuple[str]]:
    """The server's roles that bear the name of the database."""
    return books.sql("SELECT rolname FROM pg_roles WHERE starts_with(rolname, current_database() || '_') ORDER BY 1")


def test_the_program_needs_the_newest_migration() -> None:
    assert ScriptDirectory(str(shipped("migrations"))).get_heads() == [SCHEMA_REVISION]


def test_an_empty_database_is_brought_to_the_newest_version(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new.db'}"
    assert upgrade(url) == (None, SCHEMA_REVISION, None)
    assert upgrade(url) == (SCHEMA_REVISION, SCHEMA_REVISION, None)
    assert [path.name for path in tmp_path.iterdir()] == ["new.db"]


OF_THE_CODE = {
    "compare_type": True,
    "compare_server_default": True,
    # Where trips are copied to on a server before they come in.
    "include_name": lambda name, kind, _: (name, kind) != ("trip_arriving", "table"),
}


def test_the_migrated_schema_is_the_one_in_the_code(fresh_books: Books) -> None:
    with engine_for(fresh_books.url).connect() as connection:
        context = MigrationContext.configure(connection, opts=OF_THE_CODE)
        assert compare_metadata(context, metadata()) == []


@pytest.mark.on_sqlite
def test_every_table_is_strict_and_keeps_the_checks_of_the_code(fresh_books: Books) -> None:
    for name, table in metadata().tables.items():
        ((made,),) = fresh_books.sql("SELECT sql FROM sqlite_master WHERE name = ?", name)
        assert "STRICT" in made
        for constraint in table.constraints:
            if constraint.name:
                assert str(constraint.name) in made


@pytest.mark.on_server
def test_text_is_sorted_and_compared_alike_on_every_server(fresh_books: Books) -> None:
    """By its letters' numbers, as in a file: the order of a report, and which of two equal shares gets the last öre, hang
    on it, and an index is as it was when the server's system gets other rules for a language."""
    (kinds,) = fresh_books.sql(
        "SELECT array_agg(DISTINCT l.collname) FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"
        " JOIN pg_collation l ON l.oid = a.attcollation WHERE c.relkind IN ('r', 'v')"
        " AND c.relnamespace = 'public'::regnamespace AND c.relname NOT IN ('alembic_version', 'my_access')"
    )
    assert kinds == (["C"],)


def test_every_table_has_its_guards(fresh_books: Books) -> None:
    every = ("no_update", "no_delete", "no_replace")
    if fresh_books.on_server:
        every = ("never_changed", "never_emptied")
        assert {f"{table}.{table}_of_the_owner" for table in metadata().tables} | set(metadata().tables) <= (
            fresh_books.guards()
        )
    for table in metadata().tables:
        assert {f"{table}_{guard}" for guard in every} <= fresh_books.guards()


def test_downgrading_leaves_nothing_behind(books: Books) -> None:
    downgrade(books, "base")
    assert left(books) == set()
    assert books("balance").code == 4
    assert books("init").code == 0
    assert books("balance").code == 0


def test_a_migration_that_fails_halfway_leaves_the_books_as_they_were(fresh_books: Books) -> None:
    fresh_books.sql("DELETE FROM alembic_version")  # as if nothing had been made yet: the first table is in the way
    before = fresh_books.dump()
    assert fresh_books("init").code != 0
    assert fresh_books.dump() == before


# A later version of the program, as one will be: it makes the two tables everything hangs on anew, and one whose rows are
# registered one by one. A column that is added may be empty: old rows then hash to what their entries say.
LATER = """
import sqlalchemy as sa
from alembic import op
from klimatvaxling.database.guards import every_guard_aside
from klimatvaxling.database.schema import metadata

revision, down_revision, branch_labels, depends_on = "0003", "0002", None, None


def as_declared(name, *more):
    table = metadata().tables[name].to_metadata(sa.MetaData())
    for column in more:
        table.append_column(column)
    return table


def with_indexes(name):
    for index in metadata().tables[name].indexes:
        op.create_index(index.name, name, [column.name for column in index.columns], unique=index.unique)


def upgrade():
    with every_guard_aside(op.get_bind()):
        for name in ("voucher", "posting", "unit"):
            with op.batch_alter_table(name, recreate="always", copy_from=as_declared(name)) as table:
                table.add_column(sa.Column("remark", sa.Text()))
            with_indexes(name)


def downgrade():
    with every_guard_aside(op.get_bind()):
        for name in ("unit", "posting", "voucher"):
            remark = sa.Column("remark", sa.Text())
            with op.batch_alter_table(name, recreate="always", copy_from=as_declared(name, remark)) as table:
                table.drop_column("remark")
            with_indexes(name)
"""

# The same on a server, where a column is added in place.
LATER_ON_A_SERVER = """
import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "0003", "0002", None, None


def upgrade():
    for table in ("voucher", "posting", "unit"):
        op.add_column(table, sa.Column("remark", sa.Text()))


def downgrade():
    for table in ("unit", "posting", "voucher"):
        op.drop_column(table, "remark")
"""


def later(engine: str) -> str:
    """The migration of a later program, for books of either kind."""
    return LATER_ON_A_SERVER if engine == "postgresql" else LATER


@pytest.fixture
def filled(books: Books) -> Books:
    """Books of two months with a closed one, a credit, a quarantined row and a changed unit."""
    books.take(trip("a", date="2025-01-10"), trip("b", date="2025-02-10", unit="ELN"), name="first.csv")
    books.take(trip("c", co2_fossil_kg="-3"), trip("d", unit="BUF"), name="second.csv")
    books.take(trip("e"), trip("f", unit="NIX"), name="third.csv", options=["--accept-partial"])
    assert books("unit", "change", "SBF", "--from", "2025-02-01", "--name", "Stadsbyggnad").code == 0
    assert books("period", "close", "2025-01", "--accept-missing", "kommer").code == 0
    return books


@pytest.fixture
def later_program(engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The program as it will be with one migration more."""
    folder = tmp_path / "migrations"
    shutil.copytree(shipped("migrations"), folder)
    (folder / "versions" / "0003_later.py").write_text(later(engine), encoding="utf-8")
    monkeypatch.setattr(migrate, "shipped", lambda _: folder)
    monkeypatch.setattr(migrate, "SCHEMA_REVISION", "0003")
    monkeypatch.setattr(engines, "SCHEMA_REVISION", "0003")


VOUCHERS = "SELECT id, hash FROM voucher ORDER BY id"


def trial_balance(books: Books) -> list[tuple[object, ...]]:
    """Every account of every unit, in öre and grams, with the number of lines."""
    return books.sql(
        "SELECT account, unit_id, count(*), sum(amount_ore), sum(co2_g) FROM posting GROUP BY account, unit_id"
        " ORDER BY account, unit_id"
    )


def schema(books: Books) -> dict[str, list[str]]:
    """Every table, index and trigger by name, as its words: constraints may come in another order."""
    if books.on_server:
        named = sorted(books.tables())
        return {name: books.columns(name) for name in named} | {"guards": sorted(books.guards())}
    found = books.sql("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
    return {name: sorted(re.findall(r"[\w'<>=|]+", text)) for name, text in found}


def downgrade(books: Books, revision: str) -> None:
    with (
        engine_for(books.url).connect().execution_options(writing=True) as connection,
        schema_change(connection),
    ):
        command.downgrade(alembic_config(connection), revision)


def test_filled_books_go_up_and_down_with_the_trial_balance_and_every_guard_as_they_were(
    filled: Books, later_program: None
) -> None:
    balance, before, head = trial_balance(filled), schema(filled), filled.sql("SELECT hash FROM voucher ORDER BY id")
    assert upgrade(filled.url)[:2] == ("0002", "0003")
    assert trial_balance(filled) == balance
    after = schema(filled)
    assert set(after) == set(before)
    changed = {name for name in before if after[name] != before[name]}
    assert changed == {"voucher", "posting", "unit"}
    for name in () if filled.on_server else changed:
        assert "STRICT" in after[name]
        for constraint in metadata().tables[name].constraints:
            if constraint.name:
                assert str(constraint.name) in after[name]
    filled.sound()
    filled.take(trip("g"), name="later.csv")
    for table, column in (("posting", "amount_ore"), ("unit", "remark")):
        with pytest.raises(REFUSED, match="KV-POSTED"):
            filled.sql(f"UPDATE {table} SET {column} = 0")
    balance = trial_balance(filled)
    downgrade(filled, "0002")
    assert trial_balance(filled) == balance
    assert schema(filled) == before
    assert filled.sql("SELECT hash FROM voucher ORDER BY id")[: len(head)] == head


def test_a_head_noted_before_an_upgrade_still_proves_what_it_proved(filled: Books, later_program: None) -> None:
    noted = filled.sql("SELECT hash FROM registration ORDER BY id DESC LIMIT 1")[0][0]
    assert filled("init").code == 0
    assert filled("check", "--head", noted).code == 0
    filled.without_triggers()
    filled.sql("UPDATE unit SET remark = 'x' WHERE id = 1")
    outcome = filled("check", "--format", "json")
    assert [each["offending"] for each in outcome.json["checks"] if not each["ok"]] == [["unit:1"]]


@pytest.mark.on_sqlite
def test_init_upgrades_books_of_an_earlier_version_after_a_backup(filled: Books, later_program: None) -> None:
    assert filled("balance").code == 4
    before, balance = filled.dump(), trial_balance(filled)
    with freeze_time("2027-01-02 03:04:05"):
        outcome = filled("init")
    assert outcome.code == 0, outcome.err
    backup = filled.folder / "books.before-0003-20270102T030405Z.db"
    assert f"kept as {backup}" in outcome.err
    assert "from version 0002 to 0003" in outcome.err
    assert Books(filled.folder, backup).dump() == before
    assert backup.stat().st_mode & 0o777 == 0o600
    assert trial_balance(filled) == balance
    filled.sound()
    versions = filled.sql("SELECT schema_revision, registered_at FROM program ORDER BY id")
    assert versions[-1] == ("0003", "2027-01-02T03:04:05.000000Z")
    assert "is kept" not in filled("init").err


def test_an_upgrade_that_fails_leaves_the_books_as_they_were(
    filled: Books, engine: str, later_program: None, tmp_path: Path
) -> None:
    (tmp_path / "migrations" / "versions" / "0003_later.py").write_text(
        later(engine).replace("def downgrade", "    op.execute('DELETE FROM no_such_table')\n\n\ndef downgrade"),
        encoding="utf-8",
    )
    before = filled.dump()
    assert filled("init").code != 0
    assert filled.dump() == before


@pytest.mark.on_sqlite
def test_an_upgrade_that_breaks_a_reference_is_undone(filled: Books, later_program: None, tmp_path: Path) -> None:
    (tmp_path / "migrations" / "versions" / "0003_later.py").write_text(
        LATER.replace(
            "\n\n\ndef downgrade", "\n        op.execute('DELETE FROM batch WHERE id = 1')\n\n\ndef downgrade"
        ),
        encoding="utf-8",
    )
    before = filled.dump()
    assert filled("init").code == 1
    assert filled.dump() == before


def test_filled_books_that_are_taken_back_to_nothing_can_begin_anew(filled: Books) -> None:
    downgrade(filled, "base")
    assert left(filled) == set()
    assert filled("init").code == 0
    filled.sound()


def test_filled_books_go_down_to_the_first_version_and_up_again_with_every_guard(filled: Books) -> None:
    """On a server the guards, the door and the rights go, and come back as they were."""
    before, balance, guards, content = left(filled), trial_balance(filled), filled.guards(), filled.sql(VOUCHERS)
    downgrade(filled, "0001")
    assert (left(filled) < before) is filled.on_server
    assert upgrade(filled.url)[:2] == ("0001", SCHEMA_REVISION)
    assert (left(filled), filled.guards()) == (before, guards)
    assert (trial_balance(filled), filled.sql(VOUCHERS)) == (balance, content)
    assert filled("init").code == 0
    with pytest.raises(REFUSED, match="KV-POSTED"):
        filled.sql("UPDATE posting SET amount_ore = 0")
    filled.take(trip("g"), name="later.csv")
    filled.sound()


@pytest.mark.on_server
def test_going_down_takes_the_groups_of_the_database_with_it_and_up_makes_them_anew(no_books: Books) -> None:
    assert no_books("init", "--organisation", "Exempelstad").code == 0
    of_the_books = groups(no_books)
    assert [name.rpartition("_")[2] for (name,) in of_the_books] == ["auditor", "committee", "finance", "unit"]
    eva = no_books.as_login("eva")
    downgrade(no_books, "0001")
    assert groups(no_books) == [(eva.keeper,)]
    upgrade(no_books.url)
    assert [name for name in groups(no_books) if name != (eva.keeper,)] == of_the_books
    assert no_books("init").code == 0
    assert no_books.as_login("eva")("balance").code == 0


MEMBER = "SELECT count(*) FROM pg_roles WHERE NOT rolsuper AND pg_has_role(current_user, oid, 'USAGE')"


@pytest.mark.on_server
def test_going_down_leaves_the_owner_no_member_of_groups_that_a_copy_of_the_books_keeps(books: Books) -> None:
    """As a member the owner would see the copy by the rules of a unit too, and pg_dump would refuse to read it."""
    before = books.sql(MEMBER)
    downgrade(books, "0001")
    assert books.sql(MEMBER) == before


@pytest.mark.on_server
def test_opening_the_books_of_a_server_twice_makes_no_second_roles_nor_rows(books: Books) -> None:
    before, guards = books.dump(), books.guards()
    assert books("init").code == 0
    assert (books.dump(), books.guards()) == (before, guards)


def test_a_newer_database_is_left_alone(filled: Books) -> None:
    filled.sql("UPDATE alembic_version SET version_num = '9999'")
    before = filled.dump()
    outcome = filled("init")
    assert (outcome.code, "KV-DATABASE-VERSION" in outcome.err) == (4, True)
    assert filled.dump() == before
    assert not list(filled.folder.glob("*before*"))


def test_a_server_has_every_guard_that_a_file_has_and_more_of_its_own() -> None:
    """The same law in two dialects: a seal that is added to one is added to the other."""
    scripts = ScriptDirectory(str(shipped("migrations")))
    file, many = (scripts.get_revision(number).module for number in ("0001", "0002"))
    assert file.SEALS.keys() - many.SEALS.keys() == {"trip_before_its_seal"}  # asked once for all trips of a statement
    assert many.SEALS.keys() - file.SEALS.keys() == {"registration_is_true", "approved_by_another"}
    assert many.NEVER_OVERDRAWN.keys() == file.NEVER_OVERDRAWN.keys()
    for name in many.NEVER_OVERDRAWN:
        assert many.NEVER_OVERDRAWN[name][0] == file.NEVER_OVERDRAWN[name][0]
