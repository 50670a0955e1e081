"""`coding …`: how the municipality's own accounts take each event."""

from pathlib import Path
from typing import Annotated

import typer

from klimatvaxling.language import N_, translate
from klimatvaxling.terminal import options
from klimatvaxling.terminal.say import done, next_step
from klimatvaxling.terminal.show import present, show_registered
from klimatvaxling.terminal.surroundings import Surroundings, output_format


def load(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help=N_("A coding plan in TOML."))],
    dry_run: options.DryRun = False,
    output: options.Format = "table",
) -> None:
    """Register the municipality's coding plan."""
    around: Surroundings = context.obj
    output_format(output)
    from klimatvaxling.coding.register import plan_in, register_plan
    from klimatvaxling.database.engine import writing

    plan = plan_in(file)
    with writing(around.url, dry_run=dry_run) as connection:
        is_new = register_plan(connection, plan, clock=around.clock, by=around.user)
    text = N_("The coding plan {version} is registered already.")
    if is_new and dry_run:
        text = N_("The coding plan {version} would be registered; nothing is registered.")
    elif is_new:
        text = N_("Coding plan registered: {version}, for bookings from {day} on.")
    done(translate(text, version=plan.version, day=plan.valid_from))
    row = {"version": plan.version, "valid_from_on": plan.valid_from.isoformat(), "is_new": is_new}
    show_registered(row, output, dry_run=dry_run)
    if is_new and not dry_run:
        next_step("klimatvaxling coding show")


def show(
    context: typer.Context,
    as_of: options.AsOf = None,
    known_at: options.KnownAt = None,
    output: options.Format = "table",
) -> None:
    """The plan in force on a day."""
    around: Surroundings = context.obj
    from klimatvaxling.reports.handovers import coding

    present(around, output, lambda books: coding(books, around.day(as_of), around.known_at(known_at)))


COMMANDS = (
    (
        "coding load",
        N_("Register how the municipality's own accounts take each event. Posts nothing."),
        "coding load kontering.toml",
        load,
    ),
    (
        "coding show",
        N_("Show the posting templates in force on a day. Posts nothing."),
        "coding show --as-of 2025-12-31",
        show,
    ),
)
