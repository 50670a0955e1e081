"""`unit merge` and `unit transfer`: own funds follow a reorganisation, with their ages."""

from typing import Annotated

import typer

from klimatvaxling import typed
from klimatvaxling.formats import kronor
from klimatvaxling.language import N_, translate
from klimatvaxling.terminal import options
from klimatvaxling.terminal.posting import posting
from klimatvaxling.terminal.say import next_step, unless
from klimatvaxling.terminal.show import show_posted
from klimatvaxling.terminal.surroundings import Surroundings, output_format


def merge(
    context: typer.Context,
    units: Annotated[list[str], typer.Argument(metavar="CODE…", help=N_("The units that are merged."))],
    into: Annotated[str, typer.Option("--into", metavar="CODE", help=N_("The unit they are part of from then on."))],
    booked_on: Annotated[str, typer.Option("--booked-on", metavar="DATE", help=N_("The day of the merger."))],
    decision: options.Decision,
    dry_run: options.DryRun = False,
    output: options.Format = "table",
) -> None:
    """Merge units into another."""
    around: Surroundings = context.obj
    output_format(output)
    from klimatvaxling.reorganisations.register import merge as put_together

    day = typed.date(booked_on)
    with posting(around, dry_run=dry_run) as connection:
        merged = put_together(connection, units, into, day, decision, clock=around.clock, by=around.user)
    codes = [unit.code for unit in merged.units]
    vouchers = [voucher.code for voucher in merged.vouchers if voucher is not None]
    document = {
        "units": codes,
        "into": merged.into.code,
        "booked_on": day.isoformat(),
        "vouchers": vouchers,
        "dry_run": dry_run,
    }
    told = translate(
        N_("{units} are part of {other} from {day}."), units=", ".join(codes), other=merged.into.code, day=day
    )
    show_posted(document, told + unless(dry_run=dry_run), output)
    if not dry_run:
        next_step(f"klimatvaxling statement --unit {merged.into.code}")


def transfer(
    context: typer.Context,
    unit: Annotated[str, typer.Argument(metavar="CODE", help=N_("The unit that hands over."))],
    to: Annotated[str, typer.Option("--to", metavar="CODE", help=N_("The unit that receives."))],
    amount: options.Amount,
    decision: options.Decision,
    booked_on: options.BookedOn = None,
    dry_run: options.DryRun = False,
    output: options.Format = "table",
) -> None:
    """Move own funds from one unit to another."""
    around: Surroundings = context.obj
    output_format(output)
    from klimatvaxling.reorganisations.register import transfer as hand_over

    day, amount_ore = around.day_for_the_books(booked_on), typed.amount_ore(amount)
    with posting(around, dry_run=dry_run) as connection:
        voucher = hand_over(connection, unit, to, amount_ore, day, decision, clock=around.clock, by=around.user)
    document = {
        "voucher": voucher.code,
        "unit": unit,
        "to": to,
        "booked_on": day.isoformat(),
        "amount_ore": amount_ore,
        "vouchers": [voucher.code],
        "dry_run": dry_run,
    }
    told = translate(
        N_("{voucher}: {amount} kr from {unit} to {other}."),
        voucher=voucher.code,
        amount=kronor(amount_ore),
        unit=unit,
        other=to,
    )
    show_posted(document, told + unless(dry_run=dry_run), output)
    if not dry_run:
        next_step(f"klimatvaxling statement --unit {to}")


COMMANDS = (
    (
        "unit merge",
        N_("Merge units into another: lots keep their ages, debts and grants follow. Posts one voucher for each."),
        'unit merge KUL FRI --into KFF --booked-on 2026-01-01 --decision "KF 2025 § 90"',
        merge,
    ),
    (
        "unit transfer",
        N_("Move own funds to another unit, with their ages. Posts one voucher."),
        'unit transfer KUL --to FRI --amount 12000 --decision "KS 2025 § 91"',
        transfer,
    ),
)
