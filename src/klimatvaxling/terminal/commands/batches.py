"""`batch …` and `quarantine …`."""

from typing import Annotated

import typer

from klimatvaxling.language import N_, translate
from klimatvaxling.terminal import options
from klimatvaxling.terminal.say import done, next_step
from klimatvaxling.terminal.show import present
from klimatvaxling.terminal.surroundings import Surroundings, count, output_format


def list_batches(
    context: typer.Context,
    source: options.OfSource = None,
    as_of: options.RegisteredUntil = None,
    known_at: options.KnownAt = None,
    output: options.Format = "table",
) -> None:
    """What was imported."""
    around: Surroundings = context.obj
    from klimatvaxling.reports.batches import batches

    present(around, output, lambda books: batches(books, around.registered_until(as_of, known_at), source=source))


# What a column of keys can hold.
_LARGEST_KEY = 2**63 - 1


def show_batch(
    context: typer.Context,
    batch: Annotated[str, typer.Argument(metavar="ID", help=N_("The batch's number, as batch list shows it."))],
    as_of: options.RegisteredUntil = None,
    known_at: options.KnownAt = None,
    output: options.Format = "table",
) -> None:
    """One batch in full."""
    around: Surroundings = context.obj
    output_format(output)
    key = count(batch)
    from klimatvaxling.batches.batch import UnknownBatch
    from klimatvaxling.reports.batches import batch as report_of

    if key > _LARGEST_KEY:
        raise UnknownBatch(batch=batch)
    until = around.registered_until(as_of, known_at)
    present(around, output, lambda books: report_of(books, key, until))


def list_quarantine(
    context: typer.Context,
    source: options.OfSource = None,
    as_of: options.RegisteredUntil = None,
    known_at: options.KnownAt = None,
    output: options.Format = "table",
) -> None:
    """Rejected rows that wait."""
    around: Surroundings = context.obj
    from klimatvaxling.reports.batches import quarantine

    present(around, output, lambda books: quarantine(books, around.registered_until(as_of, known_at), source=source))


def dismiss_quarantined(
    context: typer.Context,
    quarantine: Annotated[str, typer.Argument(metavar="ID", help=N_("The row's number, as quarantine list shows it."))],
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help=N_("Why; it stays on record."))],
    dry_run: options.DryRun = False,
    output: options.Format = "table",
) -> None:
    """A rejected row that will not be corrected."""
    around: Surroundings = context.obj
    output_format(output)
    key = count(quarantine)
    from klimatvaxling.batches.quarantine import UnknownQuarantine
    from klimatvaxling.batches.quarantine_register import dismiss
    from klimatvaxling.database.engine import writing
    from klimatvaxling.terminal.show import show_registered

    if key > _LARGEST_KEY:
        raise UnknownQuarantine(quarantine=quarantine)
    with writing(around.url, dry_run=dry_run) as connection:
        row = dismiss(connection, key, reason, clock=around.clock, by=around.user)
    text = (
        N_("Row {row} of {file} would leave the quarantine; nothing is registered.")
        if dry_run
        else N_("Row {row} of {file} has left the quarantine: {reason}")
    )
    done(translate(text, row=row["row"], file=row["file"], reason=row["reason"]))
    show_registered(row, output, dry_run=dry_run)
    if not dry_run:
        next_step("klimatvaxling quarantine list")


COMMANDS = (
    ("batch list", N_("Show what was imported. Posts nothing."), "batch list", list_batches),
    (
        "batch show",
        N_("Show one import: file, rows, charges, vouchers. Posts nothing."),
        "batch show 3",
        show_batch,
    ),
    (
        "quarantine list",
        N_("Show rejected rows that wait to be corrected. Posts nothing."),
        "quarantine list",
        list_quarantine,
    ),
    (
        "quarantine dismiss",
        N_("Take a rejected row that will not be corrected out of the quarantine, with the reason. Posts nothing."),
        'quarantine dismiss 7 --reason "privat resa, bekräftat av enheten"',
        dismiss_quarantined,
    ),
)
