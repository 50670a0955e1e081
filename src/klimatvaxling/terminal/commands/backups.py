"""`backup` and `restore`."""

from pathlib import Path
from typing import Annotated

import typer

from klimatvaxling.language import N_, translate
from klimatvaxling.terminal import options
from klimatvaxling.terminal.say import done
from klimatvaxling.terminal.surroundings import Surroundings, output_format


def backup(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help=N_("The backup that is written; a name not yet taken."))],
    output: options.Format = "table",
) -> None:
    """Write a verified copy of the books."""
    around: Surroundings = context.obj
    output_format(output)
    from klimatvaxling.backups.backup import back_up
    from klimatvaxling.ledger.check import CHECKS
    from klimatvaxling.reports.backups import copied_books
    from klimatvaxling.terminal.progress import checking
    from klimatvaxling.terminal.show import show

    with checking(len(CHECKS), translate(N_("Copying the books"))) as progress:
        made = back_up(around.url, file, progress)
    done(translate(N_("Every check passes in {path}."), path=file))
    show(copied_books(made), output)


def restore(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help=N_("The backup to put in place."))],
    replace: Annotated[
        bool, typer.Option("--replace", help=N_("Replace the database that is there; it is kept beside the new one."))
    ] = False,
    output: options.Format = "table",
) -> None:
    """Put a verified backup in place."""
    around: Surroundings = context.obj
    output_format(output)
    from klimatvaxling.backups.backup import restore as put_back
    from klimatvaxling.ledger.check import CHECKS
    from klimatvaxling.reports.backups import copied_books
    from klimatvaxling.terminal.progress import checking
    from klimatvaxling.terminal.show import show

    with checking(len(CHECKS), translate(N_("Copying the books"))) as progress:
        made = put_back(around.url, file, replace=replace, clock=around.clock, progress=progress)
    done(translate(N_("The books are restored to {path}; every check passes."), path=made.path))
    if made.kept:
        done(translate(N_("The database that was there is kept as {path}."), path=made.kept))
    show(copied_books(made), output)


COMMANDS = (
    (
        "backup",
        N_("Write a verified copy of the books, also while others work in them. Posts nothing."),
        "backup backup-2025-12-31.db",
        backup,
    ),
    (
        "restore",
        N_("Put a verified backup in place; a database that is there stays unless --replace is given. Posts nothing."),
        "restore backup-2025-12-31.db --replace",
        restore,
    ),
)
