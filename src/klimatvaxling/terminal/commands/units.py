"""`unit …`: the register of units."""

from pathlib import Path
from typing import Annotated

import typer

from klimatvaxling import typed
from klimatvaxling.language import N_, translate, translate_plural
from klimatvaxling.terminal import options
from klimatvaxling.terminal.say import done, next_step
from klimatvaxling.terminal.show import present, show_registered
from klimatvaxling.terminal.surroundings import Surroundings, output_format


def add(
    context: typer.Context,
    code: Annotated[str, typer.Argument(metavar="CODE", help=N_("The unit's code."))],
    name: Annotated[str, typer.Option("--name", metavar="NAME", help=N_("What the unit is called."))],
    kind: Annotated[
        str,
        typer.Option(
            "--kind", metavar="administration|company", help=N_("Administration (förvaltning) or company (bolag).")
        ),
    ],
    org_number: Annotated[
        str, typer.Option("--org-number", metavar="N", help=N_("The organisation number; required for a company."))
    ] = "",
    cost_centre: Annotated[
        list[str] | None,
        typer.Option(
            "--cost-centre", metavar="C", help=N_("A cost centre, or the beginning of some with a star: 12*.")
        ),
    ] = None,
    counterpart: Annotated[
        str, typer.Option("--counterpart", metavar="M", help=N_("The counterpart code (motpart), three digits."))
    ] = "",
    valid_from: options.From = None,
    dry_run: options.DryRun = False,
    output: options.Format = "table",
) -> None:
    """Register one unit."""
    around: Surroundings = context.obj
    output_format(output)
    from klimatvaxling.database.engine import writing
    from klimatvaxling.units import register
    from klimatvaxling.units.unit import ALWAYS, unit

    new = unit(
        code,
        name,
        kind,
        org_number=org_number,
        cost_centre_codes=cost_centre,
        counterpart=counterpart,
        valid_from=typed.date(valid_from) if valid_from is not None else ALWAYS,
    )
    with writing(around.url, dry_run=dry_run) as connection:
        register.add(connection, [new], clock=around.clock, by=around.user)
    text = N_("Unit {unit} would be registered; nothing is registered.") if dry_run else N_("Unit {unit} registered.")
    done(translate(text, unit=code))
    show_registered({"units": [new.code]}, output, dry_run=dry_run)


def load(
    context: typer.Context,
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help=N_("CSV or XLSX with code;name;kind;org_number;cost_centres;counterpart.")),
    ],
    dry_run: options.DryRun = False,
    output: options.Format = "table",
) -> None:
    """Register all units of a file, or none."""
    around: Surroundings = context.obj
    output_format(output)
    from klimatvaxling.database.engine import writing
    from klimatvaxling.units import register
    from klimatvaxling.units.unit_file import read_units

    units = read_units(file)
    with writing(around.url, dry_run=dry_run) as connection:
        register.add(connection, units, clock=around.clock, by=around.user)
    if dry_run:
        told = translate_plural(
            N_("{count} unit would be registered; nothing is registered."),
            N_("{count} units would be registered; nothing is registered."),
            len(units),
        )
    else:
        told = translate_plural(N_("{count} unit registered."), N_("{count} units registered."), len(units))
    done(told)
    show_registered({"units": [unit.code for unit in units]}, output, dry_run=dry_run)
    if not dry_run:
        next_step(translate(N_("klimatvaxling import FILE.csv --source standard")))


def list_units(
    context: typer.Context,
    as_of: options.AsOf = None,
    known_at: options.KnownAt = None,
    output: options.Format = "table",
) -> None:
    """The units valid on a day."""
    around: Surroundings = context.obj
    from klimatvaxling.reports.registers import units

    present(around, output, lambda books: units(books, around.day(as_of), around.known_at(known_at)))


COMMANDS = (
    (
        "unit add",
        N_("Register one unit. Posts nothing."),
        'unit add SBF --name "Samhällsbyggnadsförvaltningen" --kind administration --cost-centre "12*"',
        add,
    ),
    ("unit load", N_("Register all units of a file, or none of them. Posts nothing."), "unit load enheter.csv", load),
    ("unit list", N_("Show the units valid on a day. Posts nothing."), "unit list --as-of 2025-01-01", list_units),
)
