"""Migrations: the schema in the books is the schema in the code, up and down, with every guard in place."""

import contextlib
import re
import shutil
import sqlite3
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from freezegun import freeze_time

from conftest import Books, trip
from klimatvaxling.database import engine, migrate
from klimatvaxling.database.engine import SCHEMA_REVISION, engine_for
from klimatvaxling.database.location import shipped
from klimatvaxling.database.migrate import alembic_config, schema_change, upgrade
from klimatvaxling.database.schema import metadata


def names(file: Path, kind: str) -> set[str]:
    with contextlib.closing(sqlite3.connect(file)) as connection:
        return {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = ?", (kind,))}


def test_the_program_needs_the_newest_migration() -> None:
    assert ScriptDirectory(str(shipped("migrations"))).get_heads() == [SCHEMA_REVISION]


def test_an_empty_database_is_brought_to_the_newest_version(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new.db'}"
    assert upgrade(url) == (None, SCHEMA_REVISION, None)
    assert upgrade(url) == (SCHEMA_REVISION, SCHEMA_REVISION, None)
    assert [path.name for path in tmp_path.iterdir()] == ["new.db"]


def test_the_migrated_schema_is_the_one_in_the_code(fresh_books: Books) -> None:
    with engine_for(fresh_books.url).connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata()) == []


def test_every_table_is_strict_and_keeps_the_checks_of_the_code(fresh_books: Books) -> None:
    for name, table in metadata().tables.items():
        ((made,),) = fresh_books.sql("SELECT sql FROM sqlite_master WHERE name = ?", name)
        assert "STRICT" in made
        for constraint in table.constraints:
            if constraint.name:
                assert str(constraint.name) in made


def test_every_table_has_its_guards(fresh_books: Books) -> None:
    triggers = names(fresh_books.file, "trigger")
    for table in metadata().tables:
        assert {f"{table}_no_update", f"{table}_no_delete", f"{table}_no_replace"} <= triggers


def test_downgrading_leaves_nothing_behind(books: Books) -> None:
    with engine_for(books.url).connect().execution_options(writing=True) as connection, connection.begin():
        command.downgrade(alembic_config(connection), "base")
    assert names(books.file, "table") <= {"alembic_version", "sqlite_sequence"}
    assert names(books.file, "trigger") == set()
    assert names(books.file, "index") <= {"sqlite_autoindex_alembic_version_1"}
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

revision, down_revision, branch_labels, depends_on = "0002", "0001", None, None


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
def later_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The program as it will be with one migration more."""
    folder = tmp_path / "migrations"
    shutil.copytree(shipped("migrations"), folder)
    (folder / "versions" / "0002_later.py").write_text(LATER, encoding="utf-8")
    monkeypatch.setattr(migrate, "shipped", lambda _: folder)
    monkeypatch.setattr(migrate, "SCHEMA_REVISION", "0002")
    monkeypatch.setattr(engine, "SCHEMA_REVISION", "0002")


def trial_balance(books: Books) -> list[tuple[object, ...]]:
    """Every account of every unit, in öre and grams, with the number of lines."""
    return books.sql(
        "SELECT account, unit_id, count(*), sum(amount_ore), sum(co2_g) FROM posting GROUP BY account, unit_id"
        " ORDER BY account, unit_id"
    )


def schema(books: Books) -> dict[str, list[str]]:
    """Every table, index and trigger by name, as its words: constraints may come in another order."""
    found = books.sql("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
    return {name: sorted(re.findall(r"[\w'<>=|]+", text)) for name, text in found}


def downgrade(books: Books, revision: str) -> None:
    with (
        engine.engine_for(books.url).connect().execution_options(writing=True) as connection,
        schema_change(connection),
    ):
        command.downgrade(alembic_config(connection), revision)


def test_filled_books_go_up_and_down_with_the_trial_balance_and_every_guard_as_they_were(
    filled: Books, later_program: None
) -> None:
    balance, before, head = trial_balance(filled), schema(filled), filled.sql("SELECT hash FROM voucher ORDER BY id")
    assert upgrade(filled.url)[:2] == ("0001", "0002")
    assert trial_balance(filled) == balance
    after = schema(filled)
    assert set(after) == set(before)
    changed = {name for name in before if after[name] != before[name]}
    assert changed == {"voucher", "posting", "unit"}
    for name in changed:
        assert "STRICT" in after[name]
        for constraint in metadata().tables[name].constraints:
            if constraint.name:
                assert str(constraint.name) in after[name]
    filled.sound()
    filled.take(trip("g"), name="later.csv")
    for table, column in (("posting", "amount_ore"), ("unit", "remark")):
        with pytest.raises(sqlite3.IntegrityError, match="KV-POSTED"):
            filled.sql(f"UPDATE {table} SET {column} = 0")
    balance = trial_balance(filled)
    downgrade(filled, "0001")
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


def test_init_upgrades_books_of_an_earlier_version_after_a_backup(filled: Books, later_program: None) -> None:
    assert filled("balance").code == 4
    before, balance = filled.dump(), trial_balance(filled)
    with freeze_time("2027-01-02 03:04:05"):
        outcome = filled("init")
    assert outcome.code == 0, outcome.err
    backup = filled.folder / "books.before-0002-20270102T030405Z.db"
    assert f"kept as {backup}" in outcome.err
    assert "from version 0001 to 0002" in outcome.err
    assert Books(filled.folder, backup).dump() == before
    assert backup.stat().st_mode & 0o777 == 0o600
    assert trial_balance(filled) == balance
    filled.sound()
    versions = filled.sql("SELECT schema_revision, registered_at FROM program ORDER BY id")
    assert versions[-1] == ("0002", "2027-01-02T03:04:05.000000Z")
    assert "is kept" not in filled("init").err


def test_an_upgrade_that_fails_leaves_the_books_as_they_were(
    filled: Books, later_program: None, tmp_path: Path
) -> None:
    (tmp_path / "migrations" / "versions" / "0002_later.py").write_text(
        LATER.replace("def downgrade", "    op.execute('DELETE FROM no_such_table')\n\n\ndef downgrade"),
        encoding="utf-8",
    )
    before = filled.dump()
    assert filled("init").code != 0
    assert filled.dump() == before


def test_an_upgrade_that_breaks_a_reference_is_undone(filled: Books, later_program: None, tmp_path: Path) -> None:
    (tmp_path / "migrations" / "versions" / "0002_later.py").write_text(
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
    assert names(filled.file, "table") <= {"alembic_version", "sqlite_sequence"}
    assert names(filled.file, "trigger") == set()
    assert filled("init").code == 0
    filled.sound()


def test_a_newer_database_is_left_alone(filled: Books) -> None:
    filled.sql("UPDATE alembic_version SET version_num = '9999'")
    before = filled.dump()
    outcome = filled("init")
    assert (outcome.code, "KV-DATABASE-VERSION" in outcome.err) == (4, True)
    assert filled.dump() == before
    assert not list(filled.folder.glob("*before*"))
