"""`vehicle …`: the register of vehicles."""

from pathlib import Path
from typing import Annotated

import typer

from klimatvaxling.language import N_, translate_plural
from klimatvaxling.terminal import options
from klimatvaxling.terminal.say import done, next_step
from klimatvaxling.terminal.surroundings import Surroundings, output_format


def load(
    context: typer.Context,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help=N_(
                "CSV or XLSX with vehicle;cards;unit;category;fuel;cost_centre;outside_scheme;charged_by;"
                "tank_litres;valid_from;valid_to."
            ),
        ),
    ],
    dry_run: options.DryRun = False,
    output: options.Format = "table",
) -> None:
    """Register what is new in a file of vehicles, all of it or nothing."""
    around: Surroundings = context.obj
    output_format(output)
    from klimatvaxling.database.engine import writing
    from klimatvaxling.terminal.show import show_registered
    from klimatvaxling.travel.sources import source_folders
    from klimatvaxling.vehicles import register
    from klimatvaxling.vehicles.vehicle_file import read_vehicles

    found = read_vehicles(file, source_folders())
    with writing(around.url, dry_run=dry_run) as connection:
        changed = register.add(connection, found, clock=around.clock, by=around.user)
    if dry_run:
        told = translate_plural(
            N_("{count} new or changed vehicle would be registered; nothing is registered."),
            N_("{count} new or changed vehicles would be registered; nothing is registered."),
            len(changed),
        )
    else:
        told = translate_plural(
            N_("{count} new or changed vehicle registered."),
            N_("{count} new or changed vehicles registered."),
            len(changed),
        )
    done(told)
    if len(changed) < len(found):
        known = len(found) - len(changed)
        done(translate_plural(N_("{count} is registered already."), N_("{count} are registered already."), known))
    show_registered({"vehicles": [vehicle.number for vehicle in changed]}, output, dry_run=dry_run)
    if not dry_run:
        next_step("klimatvaxling vehicle list")


def list_vehicles(
    context: typer.Context,
    unit: options.UnitCode = None,
    as_of: options.AsOf = None,
    known_at: options.KnownAt = None,
    output: options.Format = "table",
) -> None:
    """The vehicles of a day."""
    around: Surroundings = context.obj
    output_format(output)
    from klimatvaxling.database.engine import reading
    from klimatvaxling.reports.vehicles import vehicles
    from klimatvaxling.terminal.show import show

    with reading(around.url) as connection:
        report = vehicles(connection, unit, around.day(as_of), around.known_at(known_at))
    show(report, output)


COMMANDS = (
    (
        "vehicle load",
        N_("Register the vehicles and fuel cards of a file that are new or changed. Posts nothing."),
        "vehicle load fordon.csv",
        load,
    ),
    (
        "vehicle list",
        N_("Show the vehicles of a day, whose they are and what they run on. Posts nothing."),
        "vehicle list --unit SBF --as-of 2025-01-01",
        list_vehicles,
    ),
)
