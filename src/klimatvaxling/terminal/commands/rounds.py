"""`grant round …`: when applications are taken."""

from typing import Annotated

import typer

from klimatvaxling import typed
from klimatvaxling.language import N_, translate
from klimatvaxling.terminal import options
from klimatvaxling.terminal.say import done, next_step, unless
from klimatvaxling.terminal.show import present
from klimatvaxling.terminal.surroundings import Surroundings, output_format

_RoundName = Annotated[str, typer.Argument(metavar="NAME", help=N_("The round's name."))]


def open_round(
    context: typer.Context,
    name: _RoundName,
    opens_on: Annotated[str, typer.Option("--from", metavar="DATE", help=N_("The first day applications are taken."))],
    closes_on: Annotated[str, typer.Option("--to", metavar="DATE", help=N_("The last day applications are taken."))],
    dry_run: options.DryRun = False,
    output: options.Format = "table",
) -> None:
    """Put a round on record."""
    around: Surroundings = context.obj
    output_format(output)
    from klimatvaxling.database.engine import writing
    from klimatvaxling.grants.round_register import open_round as put_on_record
    from klimatvaxling.terminal.show import show_registered

    first, last = typed.date(opens_on), typed.date(closes_on)
    with writing(around.url, dry_run=dry_run, table="application_round") as connection:
        opened = put_on_record(connection, name, first, last, clock=around.clock, by=around.user)
    told = translate(
        N_("The round “{name}” takes applications from {begins} to {to}."), name=opened.name, begins=first, to=last
    )
    done(told + unless(dry_run=dry_run))
    row = {"round": opened.name, "opens_on": opened.opens_on, "closes_on": opened.closes_on}
    show_registered(row, output, dry_run=dry_run)
    if not dry_run:
        next_step("klimatvaxling grant round list")


def close_round(
    context: typer.Context,
    name: _RoundName,
    booked_on: options.BookedOn = None,
    dry_run: options.DryRun = False,
    output: options.Format = "table",
) -> None:
    """Close a round before its last day."""
    around: Surroundings = context.obj
    output_format(output)
    from klimatvaxling.database.engine import writing
    from klimatvaxling.grants.round_register import close_round as put_on_record
    from klimatvaxling.terminal.show import show_registered

    day = around.day_for_the_books(booked_on)
    with writing(around.url, dry_run=dry_run, table="application_round_closing") as connection:
        closed = put_on_record(connection, name, day, clock=around.clock, by=around.user)
    done(translate(N_("The round “{name}” is closed from {day}."), name=closed.name, day=day) + unless(dry_run=dry_run))
    show_registered({"round": closed.name, "closed_on": closed.closed_on}, output, dry_run=dry_run)
    if not dry_run:
        next_step("klimatvaxling grant rank")


def list_rounds(
    context: typer.Context,
    as_of: options.AsOf = None,
    known_at: options.KnownAt = None,
    output: options.Format = "table",
) -> None:
    """The rounds."""
    around: Surroundings = context.obj
    from klimatvaxling.reports.grants import rounds

    day, known = around.day(as_of), around.known_at(known_at)
    present(around, output, lambda books: rounds(books, day, known))


COMMANDS = (
    (
        "grant round open",
        N_("Say when applications are taken. Posts nothing."),
        "grant round open 2026-1 --from 2026-01-15 --to 2026-03-31",
        open_round,
    ),
    (
        "grant round close",
        N_("Close a round before its last day. Posts nothing."),
        "grant round close 2026-1",
        close_round,
    ),
    ("grant round list", N_("Show the rounds of applications. Posts nothing."), "grant round list", list_rounds),
)
