"""`opening load`: a scheme that already runs moves in."""

from pathlib import Path
from typing import Annotated

import typer

from klimatvaxling import typed
from klimatvaxling.language import N_, translate, translate_plural
from klimatvaxling.terminal import options
from klimatvaxling.terminal.posting import posting
from klimatvaxling.terminal.say import done, next_step
from klimatvaxling.terminal.show import show
from klimatvaxling.terminal.surroundings import Surroundings, output_format


def load(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help=N_("CSV or XLSX with unit;lot_on;amount."))],
    decision: options.Decision,
    booked_on: options.BookedOn = None,
    dry_run: options.DryRun = False,
    output: options.Format = "table",
) -> None:
    """Post the opening amounts of a file, all or none."""
    around: Surroundings = context.obj
    output_format(output)
    from klimatvaxling.books.opening import load_opening
    from klimatvaxling.reports.opening import opening

    day = typed.date(booked_on) if booked_on is not None else around.day(None)
    with posting(around, dry_run=dry_run) as connection:
        amounts, vouchers = load_opening(connection, file, day, decision, clock=around.clock, by=around.user)
    show(opening(amounts, vouchers, day, dry_run=dry_run), output)
    told = translate_plural(N_("{count} opening amount posted."), N_("{count} opening amounts posted."), len(amounts))
    done(translate(N_("A dry run: nothing is posted.")) if dry_run else told)
    if not dry_run:
        next_step("klimatvaxling balance")


COMMANDS = (
    (
        "opening load",
        N_("Take over lots and the fund's balance from a scheme that already runs. Posts one voucher for each."),
        'opening load ingaende.csv --booked-on 2026-01-01 --decision "KS 2025-12-01 § 280"',
        load,
    ),
)
