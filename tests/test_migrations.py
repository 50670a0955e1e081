"""Migrations: the schema in the books is the schema in the code, up and down, with every guard in place."""

import contextlib
import sqlite3
from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from conftest import Books
from klimatvaxling.database.engine import SCHEMA_REVISION, engine_for
from klimatvaxling.database.location import shipped
from klimatvaxling.database.migrate import alembic_config, upgrade
from klimatvaxling.database.schema import metadata


def names(file: Path, kind: str) -> set[str]:
    with contextlib.closing(sqlite3.connect(file)) as connection:
        return {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = ?", (kind,))}


def test_the_program_needs_the_newest_migration() -> None:
    assert ScriptDirectory(str(shipped("migrations"))).get_heads() == [SCHEMA_REVISION]


def test_an_empty_database_is_brought_to_the_newest_version(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new.db'}"
    assert upgrade(url) == (None, SCHEMA_REVISION)
    assert upgrade(url) == (SCHEMA_REVISION, SCHEMA_REVISION)


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
