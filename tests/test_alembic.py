"""Every migration, by pytest-alembic: one history, up step by step and down again, and in the end the code's own schema.

A migration that is written later is tried here without a line being added. Filled books, and constraints and triggers that
must survive a table made anew, are in `test_migrations.py`.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from klimatvaxling.database.engine import engine_for
from klimatvaxling.database.location import shipped
from klimatvaxling.database.migrate import schema_change

pytest_alembic = pytest.importorskip("pytest_alembic")
from pytest_alembic.config import Config  # noqa: E402 - where it is installed
from pytest_alembic.runner import MigrationContext  # noqa: E402
from pytest_alembic.tests import (  # noqa: E402 - these are the tests
    test_model_definitions_match_ddl,
    test_single_head_revision,
    test_up_down_consistency,
    test_upgrade,
)

__all__ = (
    "test_model_definitions_match_ddl",
    "test_single_head_revision",
    "test_up_down_consistency",
    "test_upgrade",
)


@pytest.fixture
def alembic_runner(tmp_path: Path) -> Iterator[MigrationContext]:
    """One connection, in the transaction in which the program itself upgrades."""
    settings = Config.from_raw_config({"script_location": str(shipped("migrations"))})
    with engine_for(f"sqlite:///{tmp_path / 'new.db'}").connect() as plain:
        connection = plain.execution_options(writing=True)
        with schema_change(connection), pytest_alembic.runner(settings, connection) as runner:
            yield runner
