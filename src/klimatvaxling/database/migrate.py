"""Making and upgrading the schema, by Alembic."""

import os

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

from klimatvaxling.database.engine import engine_for, schema_revision, translated_faults
from klimatvaxling.database.location import shipped, sqlite_file


def alembic_config(connection: Connection) -> Config:
    """Alembic's settings for an open connection."""
    config = Config()
    config.set_main_option("script_location", str(shipped("migrations")))
    config.attributes["connection"] = connection
    return config


def upgrade(url: str) -> tuple[str | None, str]:
    """Bring the schema to the newest version; gives the version before and after. New files are the owner's only."""
    file = sqlite_file(url)
    if file is not None and not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    with translated_faults(url), engine_for(url).connect() as plain:
        connection = plain.execution_options(writing=True)
        with connection.begin():
            before = schema_revision(connection)
            command.upgrade(alembic_config(connection), "head")
            after = schema_revision(connection)
    return before, str(after)
