"""`policy …` and `factor …`: the decided rules and the factors."""

import datetime
from pathlib import Path
from typing import Annotated

import typer

from klimatvaxling.language import N_, translate
from klimatvaxling.terminal import options
from klimatvaxling.terminal.say import done, next_step
from klimatvaxling.terminal.show import present, show_registered
from klimatvaxling.terminal.surroundings import Surroundings, output_format

_Name = Annotated[str, typer.Argument(metavar="NAME", help=N_("The policy's name, as policy list shows it."))]


def list_policies(
    context: typer.Context,
    as_of: options.AsOf = None,
    known_at: options.KnownAt = None,
    output: options.Format = "table",
) -> None:
    """Every policy and its value on a day."""
    around: Surroundings = context.obj
    from klimatvaxling.reports.registers import policies

    present(around, output, lambda books: policies(books, around.day(as_of), around.known_at(known_at)))


def set_policy(
    context: typer.Context,
    name: _Name,
    value: Annotated[str, typer.Argument(metavar="VALUE", help=N_("The decided value."))],
    decision: options.Decision,
    valid_from: options.From = None,
    dry_run: options.DryRun = False,
    output: options.Format = "table",
) -> None:
    """Put a decided value on record."""
    around: Surroundings = context.obj
    output_format(output)
    from klimatvaxling.database.engine import writing
    from klimatvaxling.policies.policy import EVERY_SOURCE, VEHICLE_SOURCE
    from klimatvaxling.policies.register import decide

    if name == VEHICLE_SOURCE and value.strip() != EVERY_SOURCE:
        from klimatvaxling.travel.sources import find_source

        # A slip would put every vehicle's rows outside the scheme.
        find_source(value.strip())
    day = around.day_for_the_books(valid_from)
    with writing(around.url, dry_run=dry_run) as connection:
        kept = decide(connection, name, value, valid_from=day, decision=decision, clock=around.clock, by=around.user)
    text = (
        N_("{name} would be {value} from {day}; nothing is registered.")
        if dry_run
        else N_("{name} is {value} from {day}.")
    )
    done(translate(text, name=name, value=value, day=day))
    row = {"name": name, "value": kept, "valid_from_on": day.isoformat(), "decision": decision.strip()}
    show_registered(row, output, dry_run=dry_run)
    if not dry_run:
        next_step(f"klimatvaxling policy history {name}")


def history(
    context: typer.Context,
    name: _Name,
    as_of: options.ValidUntil = None,
    known_at: options.KnownAt = None,
    output: options.Format = "table",
) -> None:
    """Every value a policy has had."""
    around: Surroundings = context.obj
    from klimatvaxling.reports.registers import policy_history

    day = around.day(as_of) if as_of is not None else datetime.date.max
    present(around, output, lambda books: policy_history(books, name, day, around.known_at(known_at)))


def load_factors(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help=N_("A factor set in TOML."))],
    dry_run: options.DryRun = False,
    output: options.Format = "table",
) -> None:
    """Register the municipality's own factor set."""
    around: Surroundings = context.obj
    output_format(output)
    from klimatvaxling.database.engine import writing
    from klimatvaxling.emissions.register import factor_set_in, register_set

    factor_set = factor_set_in(file)
    with writing(around.url, dry_run=dry_run) as connection:
        is_new = register_set(connection, factor_set, clock=around.clock, by=around.user)
    text = N_("The factor set {factor_set} is registered already.")
    if is_new and dry_run:
        text = N_("The factor set {factor_set} would be registered; nothing is registered.")
    elif is_new:
        text = N_("Factor set registered: {factor_set}.")
    done(translate(text, factor_set=factor_set.label))
    show_registered({"factor_sets": [factor_set.label] if is_new else []}, output, dry_run=dry_run)
    if not dry_run:
        next_step("klimatvaxling factor list")


def list_factors(
    context: typer.Context,
    as_of: options.ValidOn = None,
    known_at: options.KnownAt = None,
    output: options.Format = "table",
) -> None:
    """Every factor on record."""
    around: Surroundings = context.obj
    from klimatvaxling.reports.registers import factors

    day = around.day(as_of) if as_of is not None else None
    present(around, output, lambda books: factors(books, day, around.known_at(known_at)))


COMMANDS = (
    ("policy list", N_("Show every policy and its value on a day. Posts nothing."), "policy list", list_policies),
    (
        "policy set",
        N_("Put a decided value on record from a day on. What is already charged does not change. Posts nothing."),
        'policy set rate 1.75 --from 2027-01-01 --decision "KS 2026-123"',
        set_policy,
    ),
    (
        "policy history",
        N_("Show every value a policy has had, with its decision. Posts nothing."),
        "policy history rate",
        history,
    ),
    (
        "factor list",
        N_("Show every emission factor with its source. Posts nothing."),
        "factor list --format csv",
        list_factors,
    ),
    (
        "factor load",
        N_("Register the municipality's own factor set. What is already charged does not change. Posts nothing."),
        "factor load egna-faktorer.toml",
        load_factors,
    ),
)
