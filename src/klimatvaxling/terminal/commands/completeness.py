"""`completeness …`: what has been delivered, what is declared, what is missing."""

from typing import Annotated

import typer

from klimatvaxling import typed
from klimatvaxling.language import N_, translate
from klimatvaxling.terminal import options
from klimatvaxling.terminal.say import done, next_step
from klimatvaxling.terminal.surroundings import Surroundings, output_format

_Year = Annotated[
    str | None, typer.Option("--year", metavar="YYYY", help=N_("The year of the trips (default: this year)."))
]
_Source = Annotated[str | None, typer.Option("--source", metavar="NAME", help=N_("Only this source."))]


def show_completeness(
    context: typer.Context,
    year: _Year = None,
    source: _Source = None,
    unit: options.UnitCode = None,
    as_of: options.AsOf = None,
    known_at: options.KnownAt = None,
    output: options.Format = "table",
) -> None:
    """Units × months × sources."""
    around: Surroundings = context.obj
    output_format(output)
    day = around.day(as_of)
    wanted = typed.year(year) if year is not None else day.year
    from klimatvaxling.access.access import UNIT
    from klimatvaxling.access.register import own_role
    from klimatvaxling.completeness.register import year_cells
    from klimatvaxling.database.engine import reading
    from klimatvaxling.reports.completeness import completeness
    from klimatvaxling.terminal.show import show
    from klimatvaxling.units.register import require_unit

    with reading(around.url) as connection:
        code = require_unit(connection, unit, day).code if unit is not None else None
        cells = year_cells(connection, wanted, as_of=day, known_at=around.known_at(known_at))
        sees_all = own_role(connection) != UNIT
    cells = [
        cell
        for cell in cells
        if (source is None or cell.source.casefold() == source.strip().casefold())
        and (code is None or cell.unit == code)
        and (sees_all or cell.unit is not None)  # who sees some units only cannot say what a source lacks
    ]
    show(completeness(cells, wanted, day), output)


def declare_completeness(
    context: typer.Context,
    source: Annotated[str, typer.Option("--source", metavar="NAME", help=N_("The source; see source list."))],
    period: Annotated[str, typer.Option("--period", metavar="YYYY-MM", help=N_("The month of the trips."))],
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help=N_("Why; it stays on record."))],
    unit: Annotated[
        str | None,
        typer.Option("--unit", metavar="CODE", help=N_("Only this unit (default: every unit without trips).")),
    ] = None,
    empty: Annotated[bool, typer.Option("--empty", help=N_("There was no travel."))] = False,
    late: Annotated[bool, typer.Option("--late", help=N_("The supplier is late."))] = False,
    dry_run: options.DryRun = False,
    output: options.Format = "table",
) -> None:
    """A month without travel, or a late supplier."""
    around: Surroundings = context.obj
    output_format(output)
    month = typed.month(period)
    from klimatvaxling.completeness.completeness import EMPTY, LATE, EmptyOrLate
    from klimatvaxling.completeness.register import declare
    from klimatvaxling.database.engine import writing
    from klimatvaxling.terminal.show import show_registered
    from klimatvaxling.travel.sources import find_source

    if empty == late:
        raise EmptyOrLate
    name = find_source(source).name
    state = EMPTY if empty else LATE
    with writing(around.url, dry_run=dry_run) as connection:
        row = declare(connection, name, unit, month, state, reason, clock=around.clock, by=around.user)
    whose = f"{name} {row['unit'] or ''}".strip()
    said = {
        (EMPTY, False): N_("{whose} is declared empty for {period}."),
        (LATE, False): N_("{whose} is declared late for {period}."),
        (EMPTY, True): N_("{whose} would be declared empty for {period}; nothing is registered."),
        (LATE, True): N_("{whose} would be declared late for {period}; nothing is registered."),
    }[state, dry_run]
    done(translate(said, whose=whose, period=month))
    show_registered(row, output, dry_run=dry_run)
    if not dry_run:
        next_step(f"klimatvaxling completeness --year {str(month)[:4]}")


def list_duplicates(
    context: typer.Context,
    year: _Year = None,
    unit: options.UnitCode = None,
    as_of: options.AsOf = None,
    known_at: options.KnownAt = None,
    output: options.Format = "table",
) -> None:
    """The same journey from two sources."""
    around: Surroundings = context.obj
    output_format(output)
    day = around.day(as_of)
    wanted = typed.year(year) if year is not None else day.year
    from klimatvaxling.completeness.register import likely_duplicates
    from klimatvaxling.database.engine import reading
    from klimatvaxling.reports.completeness import duplicates
    from klimatvaxling.terminal.show import show
    from klimatvaxling.units.register import require_unit

    with reading(around.url) as connection:
        code = require_unit(connection, unit, day).code if unit is not None else None
        rows = likely_duplicates(connection, wanted, as_of=day, known_at=around.known_at(known_at), unit=code)
    show(duplicates(rows, wanted), output)


COMMANDS = (
    (
        "completeness",
        N_("Show what each source has delivered, month by month and unit by unit, and what is missing. Posts nothing."),
        "completeness --year 2025",
        show_completeness,
    ),
    (
        "completeness declare",
        N_("Put on record that a month has no travel, or that a supplier is late. Posts nothing."),
        'completeness declare --source resebyra --period 2025-07 --empty --reason "inga resor i juli"',
        declare_completeness,
    ),
    (
        "completeness duplicates",
        N_("Show trips of different sources that may be the same journey. Posts nothing."),
        "completeness duplicates --year 2025",
        list_duplicates,
    ),
)
