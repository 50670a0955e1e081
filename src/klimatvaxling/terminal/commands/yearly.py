"""`report year`, `report trend` and `report forecast`: the year in figures and pictures."""

from typing import Annotated

import typer

from klimatvaxling import typed
from klimatvaxling.errors import UsageFault
from klimatvaxling.language import N_
from klimatvaxling.terminal import options
from klimatvaxling.terminal.show import present
from klimatvaxling.terminal.surroundings import Surroundings, count

_YEARS = "5"


class NoYears(UsageFault):
    """A trend of no years."""

    code = "KV-YEARS"
    message = N_("A trend needs at least one year.")
    remedy = N_("Write how many years to show, for example --years 5.")


def year(
    context: typer.Context,
    of_year: Annotated[str, typer.Option("--year", metavar="YYYY", help=N_("The year, by booking date."))],
    unit: options.UnitCode = None,
    as_of: options.AsOf = None,
    known_at: options.KnownAt = None,
    output: options.Format = "table",
) -> None:
    """The year at a glance."""
    around: Surroundings = context.obj
    from klimatvaxling.reports.year import year as report_of

    wanted, day, known = typed.year(of_year), around.day(as_of), around.known_at(known_at)
    present(around, output, lambda books: report_of(books, wanted, day, known, unit=unit))


def trend(
    context: typer.Context,
    years: Annotated[str, typer.Option("--years", metavar="N", help=N_("How many years to show."))] = _YEARS,
    unit: options.UnitCode = None,
    as_of: options.AsOf = None,
    known_at: options.KnownAt = None,
    output: options.Format = "table",
) -> None:
    """The years beside each other."""
    around: Surroundings = context.obj
    from klimatvaxling.reports.trend import trend as report_of

    wanted, day, known = count(years), around.day(as_of), around.known_at(known_at)
    if not wanted:
        raise NoYears
    present(around, output, lambda books: report_of(books, wanted, day, known, unit=unit))


def forecast(
    context: typer.Context,
    of_year: Annotated[
        str | None, typer.Option("--year", metavar="YYYY", help=N_("The year (default: that of --as-of)."))
    ] = None,
    unit: options.UnitCode = None,
    as_of: options.AsOf = None,
    known_at: options.KnownAt = None,
    output: options.Format = "table",
) -> None:
    """The year's fee at the present pace."""
    around: Surroundings = context.obj
    from klimatvaxling.reports.forecast import forecast as report_of

    day, known = around.day(as_of), around.known_at(known_at)
    wanted = typed.year(of_year) if of_year is not None else day.year
    present(around, output, lambda books: report_of(books, wanted, day, known, unit=unit))


COMMANDS = (
    (
        "report year",
        N_("Show the year at a glance, beside the year before: months, units, car and air, the fund. Posts nothing."),
        "report year --year 2025",
        year,
    ),
    (
        "report trend",
        N_("Show the years beside each other, and each unit's way through them. Posts nothing."),
        "report trend --years 5",
        trend,
    ),
    (
        "report forecast",
        N_("Show the year's fee at the present pace, against last year. Posts nothing."),
        "report forecast --as-of 2025-09-30",
        forecast,
    ),
)
