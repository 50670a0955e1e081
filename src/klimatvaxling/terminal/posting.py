"""The transaction of a command that posts: what it posted is checked before anything of it is kept."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from klimatvaxling.terminal.surroundings import Surroundings

if TYPE_CHECKING:
    from sqlalchemy import Connection


@contextmanager
def posting(around: Surroundings, *, dry_run: bool, table: str | None = None) -> "Iterator[Connection]":
    """The one writer's transaction; the checks of what is new end it. Raises `CheckFailed`: then nothing is kept.

    `table` is one that is written, where not only the finance office does so.

    Who sees only some of the books cannot check them: there the server's guards stand alone until the next check.
    """
    from klimatvaxling.access.access import FINANCE
    from klimatvaxling.access.register import own_role
    from klimatvaxling.database.engine import writing
    from klimatvaxling.ledger import check
    from klimatvaxling.reports.checked import require_sound

    with writing(around.url, dry_run=dry_run, table=table) as connection:
        is_whole = own_role(connection) == FINANCE
        since = check.position(connection) if is_whole else None
        yield connection
        if since is not None:
            require_sound(check.run_checks_since(connection, since))
