"""Making and upgrading the schema, by Alembic."""

import os

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from klimatvaxling.database.engine import (
    SCHEMA_REVISION,
    DatabaseUnusable,
    ForeignDatabase,
    OtherSchemaVersion,
    engine_for,
    is_empty,
    place_of,
    schema_revision,
    translated_faults,
)
from klimatvaxling.database.location import shipped, sqlite_file


def alembic_config(connection: Connection) -> Config:
    """Alembic's settings for an open connection."""
    config = Config()
    config.set_main_option("script_location", str(shipped("migrations")))
    config.attributes["connection"] = connection
    return config


def upgrade(url: str) -> tuple[str | None, str]:
    """Bring the schema to the newest version; gives the version before and after. New files are the owner's only.

    Raises `ForeignDatabase` where another program's tables are, `OtherSchemaVersion` for a version this program does
    not know, and any other `DatabaseFault`. None of them is written to.
    """
    _make_file(url)
    with translated_faults(url), engine_for(url).connect() as plain:
        connection = plain.execution_options(writing=True)
        with connection.begin():
            before = schema_revision(connection)
            if before is None and not is_empty(connection):
                raise ForeignDatabase(where=place_of(url))
            if before is not None and before not in _known_revisions(connection):
                raise OtherSchemaVersion(where=place_of(url), found=before, needed=SCHEMA_REVISION)
            command.upgrade(alembic_config(connection), "head")
            after = schema_revision(connection)
    return before, str(after)


def _make_file(url: str) -> None:
    file = sqlite_file(url)
    try:
        if file is not None and not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except OSError as fault:
        raise DatabaseUnusable(where=place_of(url), reason=fault.strerror) from None


def _known_revisions(connection: Connection) -> set[str]:
    scripts = ScriptDirectory.from_config(alembic_config(connection))
    return {script.revision for script in scripts.walk_revisions()}
