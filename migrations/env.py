"""Alembic's environment: the program passes an open connection; nothing is read from an ini file."""

from alembic import context

from klimatvaxling.database.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata(),
    render_as_batch=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
