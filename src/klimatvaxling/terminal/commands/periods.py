"""`period …`: closing months, opening them again."""

from typing import Annotated

import typer

from klimatvaxling import typed
from klimatvaxling.language import N_, translate
from klimatvaxling.terminal import options
from klimatvaxling.terminal.say import done, next_step
from klimatvaxling.terminal.surroundings import Surroundings, output_format

_Month = Annotated[str, typer.Argument(metavar="YYYY-MM", help=N_("The month."))]


def close(
    context: typer.Context,
    month: _Month,
    accept_missing: Annotated[
        str | None,
        typer.Option(
            "--accept-missing",
            metavar="REASON",
            help=N_("Close though something is missing, and why; it stays on record."),
        ),
    ] = None,
    dry_run: options.DryRun = False,
    output: options.Format = "table",
) -> None:
    """Close a month to postings."""
    around: Surroundings = context.obj
    output_format(output)
    period = typed.month(month)
    from klimatvaxling.database.engine import writing
    from klimatvaxling.periods import closing
    from klimatvaxling.terminal.progress import working
    from klimatvaxling.terminal.show import show_registered

    with writing(around.url, dry_run=dry_run) as connection, working(translate(N_("Checking the books"))):
        event = closing.close(connection, period, accept_missing=accept_missing, clock=around.clock, by=around.user)
    text = (
        N_("{month} would be closed; nothing is registered.")
        if dry_run
        else N_("{month} is closed. What belongs to it is booked on {day} or later from now on.")
    )
    done(translate(text, month=period, day=period.next().first_day))
    for obstacle in event.obstacles:
        done("  " + translate(N_("Accepted: {what}"), what=obstacle))
    row = {
        "period": str(period),
        "state": "closed",
        "accepted": list(event.obstacles),
        "accepted_reason": event.reason or None,
        "first_open_on": period.next().first_day.isoformat(),
    }
    show_registered(row, output, dry_run=dry_run)
    if not dry_run:
        next_step(f"klimatvaxling handover run --period {period} --to FOLDER")


def reopen(
    context: typer.Context,
    month: _Month,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help=N_("Why; it stays on record."))],
    dry_run: options.DryRun = False,
    output: options.Format = "table",
) -> None:
    """Open the month that was closed last."""
    around: Surroundings = context.obj
    output_format(output)
    period = typed.month(month)
    from klimatvaxling.database.engine import writing
    from klimatvaxling.periods import closing
    from klimatvaxling.terminal.show import show_registered

    with writing(around.url, dry_run=dry_run) as connection:
        event = closing.reopen(connection, period, reason=reason, clock=around.clock, by=around.user)
    text = N_("{month} would be open again; nothing is registered.") if dry_run else N_("{month} is open again.")
    done(translate(text, month=period))
    show_registered({"period": str(period), "state": "reopened", "reason": event.reason}, output, dry_run=dry_run)
    if not dry_run:
        next_step("klimatvaxling period list")


def list_periods(
    context: typer.Context,
    as_of: options.AsOf = None,
    known_at: options.KnownAt = None,
    output: options.Format = "table",
) -> None:
    """The months and which are closed."""
    around: Surroundings = context.obj
    output_format(output)
    from klimatvaxling.database.engine import reading
    from klimatvaxling.reports.periods import periods
    from klimatvaxling.terminal.show import show

    with reading(around.url) as connection:
        report = periods(connection, around.day(as_of), around.known_at(known_at))
    show(report, output)


COMMANDS = (
    (
        "period close",
        N_("Close a month to postings, once nothing stands in the way. Posts nothing."),
        'period close 2025-03 --accept-missing "Taxi sends March in May"',
        close,
    ),
    (
        "period reopen",
        N_("Open the month that was closed last, with a reason and, by policy, a second person. Posts nothing."),
        'period reopen 2025-03 --reason "The auditors asked for a correction in March"',
        reopen,
    ),
    ("period list", N_("Show the months and which are closed. Posts nothing."), "period list", list_periods),
)
