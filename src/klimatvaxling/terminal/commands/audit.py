"""`audit log`: the processing history."""

import datetime
from typing import Annotated

import typer

from klimatvaxling import typed
from klimatvaxling.clock import end_of
from klimatvaxling.language import N_
from klimatvaxling.terminal import options
from klimatvaxling.terminal.surroundings import Surroundings, output_format


def log(
    context: typer.Context,
    unit: options.UnitCode = None,
    year: Annotated[
        str | None, typer.Option("--year", metavar="YYYY", help=N_("Only what was registered in this year."))
    ] = None,
    as_of: options.RegisteredUntil = None,
    known_at: options.KnownAt = None,
    output: options.Format = "table",
) -> None:
    """Who did what, when, with which version of program, policies and factors."""
    around: Surroundings = context.obj
    output_format(output)
    first, last = "", around.registered_until(as_of, known_at)
    if year is not None:
        wanted = typed.year(year)
        # From the first to the last moment of the year where the user is.
        first = end_of(datetime.date(wanted - 1, 12, 31))
        last = min(last, end_of(datetime.date(wanted, 12, 31)))
    from klimatvaxling.database.engine import reading
    from klimatvaxling.reports.audit_log import audit_log
    from klimatvaxling.terminal.show import show
    from klimatvaxling.units.register import require_unit

    with reading(around.url) as connection:
        code = None if unit is None else require_unit(connection, unit, around.day(as_of), known_at=last).code
        report = audit_log(connection, first, last, code)
    show(report, output)


COMMANDS = (
    (
        "audit log",
        N_("Show the processing history: who did what, when, with which program, policies and factors. Posts nothing."),
        "audit log --year 2025",
        log,
    ),
)
