"""`report closing`: the annual accounts."""

from typing import Annotated

import typer

from klimatvaxling import typed
from klimatvaxling.language import N_
from klimatvaxling.terminal import options
from klimatvaxling.terminal.show import present
from klimatvaxling.terminal.surroundings import Surroundings


def closing(
    context: typer.Context,
    year: Annotated[str, typer.Option("--year", metavar="YYYY", help=N_("The year to close."))],
    as_of: options.AsOf = None,
    known_at: options.KnownAt = None,
    output: options.Format = "table",
) -> None:
    """Opening, movements and closing of everything the scheme holds."""
    around: Surroundings = context.obj
    from klimatvaxling.reports.closing import closing as report_of

    of_year, known = typed.year(year), around.known_at(known_at)
    # A year that is over ends with its last day, whenever that is asked.
    day = around.day(as_of if as_of is not None else f"{of_year}-12-31")
    present(around, output, lambda books: report_of(books, of_year, day, known))


COMMANDS = (
    (
        "report closing",
        N_("Show a year's opening, movements and closing per unit, lot, fund, grant and counterpart. Posts nothing."),
        "report closing --year 2025",
        closing,
    ),
)
