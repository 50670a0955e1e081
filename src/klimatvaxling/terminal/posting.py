"""The transaction of a command that posts: what it posted is checked before anything of it is kept."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from klimatvaxling.terminal.surroundings import Surroundings

if TYPE_CHECKING:
    from sqlalchemy import Connection


@contextmanager
def posting(around: Surroundings, *, dry_run: bool) -> "Iterator[Connection]":
    """The one writer's transaction; the checks of what is new end it. Raises `CheckFailed`: then nothing is kept."""
    from klimatvaxling.database.engine import writing
    from klimatvaxling.ledger import check
    from klimatvaxling.reports.checked import require_sound

    with writing(around.url, dry_run=dry_run) as connection:
        since = check.position(connection)
        yield connection
        require_sound(check.run_checks_since(connection, since))
