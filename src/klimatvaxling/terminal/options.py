"""Options that many commands share. Texts are English message ids; the root translates them before help is shown."""

from dataclasses import replace
from typing import Annotated

import typer

from klimatvaxling.language import N_


def _remember(context: typer.Context, value: str | None) -> str | None:
    """What stands below every report is as it was known then, too."""
    if value is not None:
        context.obj = replace(context.obj, known_until=context.obj.known_at(value))
    return value


Format = Annotated[str, typer.Option("--format", metavar="table|json|csv", help=N_("How the result is written."))]
AsOf = Annotated[
    str | None, typer.Option("--as-of", metavar="DATE", help=N_("The books as booked up to this day (default: today)."))
]
KnownAt = Annotated[
    str | None,
    typer.Option(
        "--known-at",
        metavar="TIMESTAMP",
        help=N_("The books as they were registered at this time."),
        callback=_remember,
    ),
]
RegisteredUntil = Annotated[
    str | None,
    typer.Option(
        "--as-of", metavar="DATE", help=N_("Only what was registered up to the end of this day (default: all).")
    ),
]
BookedUntil = Annotated[
    str | None, typer.Option("--as-of", metavar="DATE", help=N_("Only what is booked up to this day (default: all)."))
]
ValidUntil = Annotated[
    str | None,
    typer.Option("--as-of", metavar="DATE", help=N_("Only what holds from this day or earlier (default: all).")),
]
ValidOn = Annotated[
    str | None, typer.Option("--as-of", metavar="DATE", help=N_("Only what holds on this day (default: all)."))
]
UnitCode = Annotated[str | None, typer.Option("--unit", metavar="CODE", help=N_("Only this unit."))]
BookedOn = Annotated[str | None, typer.Option("--booked-on", metavar="DATE", help=N_("The booking date."))]
DryRun = Annotated[bool, typer.Option("--dry-run", help=N_("Show what would happen; the database stays as it is."))]
Decision = Annotated[
    str, typer.Option("--decision", metavar="REF", help=N_("The decision behind it, for example a diarienummer."))
]
TripDate = Annotated[
    str | None,
    typer.Option("--trip-date", metavar="DATE", help=N_("The day of the trips in a file whose rows have no date.")),
]
From = Annotated[str | None, typer.Option("--from", metavar="DATE", help=N_("The day it holds from."))]
Year = Annotated[str | None, typer.Option("--year", metavar="YYYY", help=N_("Only this year's bookings."))]
Unit = Annotated[str, typer.Option("--unit", metavar="CODE", help=N_("The unit."))]
Amount = Annotated[str, typer.Option("--amount", metavar="SEK", help=N_("The amount in kronor."))]
FocusArea = Annotated[
    str, typer.Option("--focus-area", metavar="NAME", help=N_("The focus area; the policy focus_areas lists them."))
]
SweepDay = Annotated[
    str | None,
    typer.Option(
        "--as-of", metavar="DATE", help=N_("The day it is booked on; what is due on it is moved (default: today).")
    ),
]
Accept = Annotated[
    list[str] | None,
    typer.Option(
        "--accept",
        metavar="CODE",
        help=N_("Post rows that are merely implausible, by their code; may be given again. It stays on record."),
    ),
]
