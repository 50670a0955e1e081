"""`source …`: where travel data comes from."""

from pathlib import Path
from typing import Annotated

import typer

from klimatvaxling import typed
from klimatvaxling.language import N_
from klimatvaxling.terminal import options
from klimatvaxling.terminal.surroundings import output_format

_Name = Annotated[str, typer.Argument(metavar="NAME", help=N_("The source's name, as source list shows it."))]


def list_sources(output: options.Format = "table") -> None:
    """Every source."""
    output_format(output)
    from klimatvaxling.reports.sources import sources
    from klimatvaxling.terminal.show import show
    from klimatvaxling.travel.sources import find_source, source_folders

    folders = source_folders()
    show(sources({name: find_source(name) for name in folders}, folders), output)


def show_source(name: _Name, output: options.Format = "table") -> None:
    """How one source is understood."""
    output_format(output)
    from klimatvaxling.reports.sources import source
    from klimatvaxling.terminal.show import show
    from klimatvaxling.travel.sources import find_source

    show(source(find_source(name)), output)


def try_source(
    name: _Name,
    file: Annotated[Path, typer.Argument(metavar="FILE", help=N_("A file from that source."))],
    trip_date: options.TripDate = None,
    output: options.Format = "table",
) -> None:
    """A file's first rows as the source understands them."""
    output_format(output)
    from klimatvaxling.reports.sources import tested
    from klimatvaxling.terminal.show import show
    from klimatvaxling.travel.sources import find_source

    day = typed.date(trip_date) if trip_date is not None else None
    show(tested(find_source(name), file, trip_date=day), output)


COMMANDS = (
    ("source list", N_("Show the sources travel data can come from. Posts nothing."), "source list", list_sources),
    (
        "source show",
        N_("Show how a source's columns are understood. Posts nothing."),
        "source show resebyra",
        show_source,
    ),
    (
        "source test",
        N_("Show how a file's first rows are understood, column by column. Posts nothing."),
        "source test milersattning mars.csv",
        try_source,
    ),
)
