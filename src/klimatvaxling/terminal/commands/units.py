"""`unit …`: the register of units."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from klimatvaxling import typed
from klimatvaxling.errors import UsageFault
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
    full_time_equivalents: Annotated[
        str,
        typer.Option("--full-time-equivalents", metavar="N", help=N_("Its full-time equivalents (årsarbetare).")),
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
    from klimatvaxling.units.unit_file import kind_named

    new = unit(
        code,
        name,
        kind_named(kind),
        org_number=org_number,
        cost_centre_codes=cost_centre,
        counterpart=counterpart,
        full_time_equivalents=full_time_equivalents,
        valid_from=typed.date(valid_from) if valid_from is not None else ALWAYS,
    )
    with writing(around.url, dry_run=dry_run) as connection:
        register.add(connection, [new], clock=around.clock, by=around.user)
    text = N_("Unit {unit} would be registered; nothing is registered.") if dry_run else N_("Unit {unit} registered.")
    done(translate(text, unit=code))
    show_registered({"units": [new.code]}, output, dry_run=dry_run)
    if not dry_run:
        next_step("klimatvaxling unit list")


def load(
    context: typer.Context,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help=N_("CSV or XLSX with code;name;kind;org_number;cost_centres;counterpart;full_time_equivalents."),
        ),
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


class NothingToChange(UsageFault):
    """A change of nothing."""

    code = "KV-UNIT-NOTHING"
    message = N_("Nothing is said to change for the unit {unit}.")
    remedy = N_(
        "Give what changes: --name, --org-number, --cost-centre, --no-cost-centres, --counterpart or"
        " --full-time-equivalents."
    )


class CostCentresOrNone(UsageFault):
    """Cost centres and none at once."""

    code = "KV-COST-CENTRES-OR-NONE"
    message = N_("--cost-centre and --no-cost-centres cannot be given together.")
    remedy = N_("--cost-centre names all that the unit has from that day on; --no-cost-centres takes them away.")


def change(
    context: typer.Context,
    code: Annotated[str, typer.Argument(metavar="CODE", help=N_("The unit's code."))],
    valid_from: Annotated[str, typer.Option("--from", metavar="DATE", help=N_("The day it holds from."))],
    name: Annotated[str | None, typer.Option("--name", metavar="NAME", help=N_("What the unit is called."))] = None,
    org_number: Annotated[
        str | None, typer.Option("--org-number", metavar="N", help=N_("The organisation number, ten digits."))
    ] = None,
    cost_centre: Annotated[
        list[str] | None,
        typer.Option(
            "--cost-centre",
            metavar="C",
            help=N_("All cost centres that it has from then on: give the option once for each."),
        ),
    ] = None,
    no_cost_centres: Annotated[
        bool, typer.Option("--no-cost-centres", help=N_("It has no cost centres from then on."))
    ] = False,
    counterpart: Annotated[
        str | None, typer.Option("--counterpart", metavar="M", help=N_("The counterpart code (motpart), three digits."))
    ] = None,
    full_time_equivalents: Annotated[
        str | None,
        typer.Option("--full-time-equivalents", metavar="N", help=N_("Its full-time equivalents (årsarbetare).")),
    ] = None,
    dry_run: options.DryRun = False,
    output: options.Format = "table",
) -> None:
    """Register what a unit is called or owns from a day on."""
    around: Surroundings = context.obj
    output_format(output)
    if cost_centre and no_cost_centres:
        raise CostCentresOrNone
    from klimatvaxling.database.engine import writing
    from klimatvaxling.units import register

    centres = [] if no_cost_centres else cost_centre or None
    changes = register.Change(name, org_number, centres, counterpart, full_time_equivalents)
    if not changes.facts:
        raise NothingToChange(unit=code)
    day = typed.date(valid_from)
    with writing(around.url, dry_run=dry_run) as connection:
        history = register.change(connection, code, day, changes, clock=around.clock, by=around.user)
    text = (
        N_("Unit {unit} would change from {day}; nothing is registered.")
        if dry_run
        else N_("Unit {unit} changes from {day}. What is already charged stays as it is.")
    )
    done(translate(text, unit=history[0].code, day=day))
    _show_history(history, output, dry_run=dry_run)
    if not dry_run:
        next_step("klimatvaxling unit list")


def end(
    context: typer.Context,
    code: Annotated[str, typer.Argument(metavar="CODE", help=N_("The unit's code."))],
    last_day: Annotated[str, typer.Option("--on", metavar="DATE", help=N_("The last day on which it takes part."))],
    dry_run: options.DryRun = False,
    output: options.Format = "table",
) -> None:
    """Register a unit's last day."""
    around: Surroundings = context.obj
    output_format(output)
    from klimatvaxling.database.engine import writing
    from klimatvaxling.units import register

    day = typed.date(last_day)
    with writing(around.url, dry_run=dry_run) as connection:
        history = register.end(connection, code, day, clock=around.clock, by=around.user)
    text = (
        N_("Unit {unit} would end on {day}; nothing is registered.")
        if dry_run
        else N_("Unit {unit} ends on {day}. Its earlier trips are still charged to it, and it keeps what it has.")
    )
    done(translate(text, unit=history[0].code, day=day))
    _show_history(history, output, dry_run=dry_run)
    if not dry_run:
        next_step("klimatvaxling unit list")


def _show_history(history: Sequence[Any], output: str, *, dry_run: bool) -> None:
    from klimatvaxling.reports.registers import unit_history
    from klimatvaxling.terminal.show import show

    show(unit_history(history, dry_run=dry_run), output)


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
    (
        "unit change",
        N_("Register a unit's new name, numbers or cost centres from a day on. Posts nothing."),
        'unit change SBF --from 2026-01-01 --name "Stadsbyggnadsförvaltningen" --cost-centre "12*"',
        change,
    ),
    (
        "unit end",
        N_("Register a unit's last day; what was charged before stays its own. Posts nothing."),
        "unit end SBF --on 2025-12-31",
        end,
    ),
    ("unit list", N_("Show the units valid on a day. Posts nothing."), "unit list --as-of 2025-01-01", list_units),
)
