"""`source …`: where travel data comes from."""

from pathlib import Path
from typing import Annotated

import typer

from klimatvaxling import typed
from klimatvaxling.language import N_, translate
from klimatvaxling.terminal import options
from klimatvaxling.terminal.say import done, next_step
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


def draft_source(
    name: Annotated[str, typer.Argument(metavar="NAME", help=N_("The new source's name."))],
    file: Annotated[Path, typer.Argument(metavar="FILE", help=N_("A file from that source."))],
    dry_run: Annotated[bool, typer.Option("--dry-run", help=N_("Show the draft; nothing is written."))] = False,
    output: options.Format = "table",
) -> None:
    """A profile drafted from a file's header."""
    output_format(output)
    from klimatvaxling.terminal.show import show_registered
    from klimatvaxling.travel.profile_file import parse_profile
    from klimatvaxling.travel.sources import draft_source as drafted
    from klimatvaxling.travel.sources import write_source

    path, content = drafted(name, file)
    parse_profile(name, content)  # a draft that could not be loaded would be no help
    if output == "table":
        print(content, end="")
    if not dry_run:
        write_source(path, content)
        done(translate(N_("The draft is in {path}. Check every guess in it."), path=path))
        next_step(f"klimatvaxling source test {name} {file}")
    show_registered({"source": name, "path": str(path), "profile": content}, output, dry_run=dry_run)


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
    (
        "source new",
        N_("Draft a new source's profile from a file's header, in your own folder. Posts nothing."),
        "source new taxi-syd mars.csv",
        draft_source,
    ),
)
