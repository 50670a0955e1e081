"""`voucher reverse` and `batch undo`: what was posted is taken back by new vouchers."""

from typing import Annotated

import typer

from klimatvaxling.formats import kronor
from klimatvaxling.language import N_, translate, translate_plural
from klimatvaxling.terminal import options
from klimatvaxling.terminal.posting import posting
from klimatvaxling.terminal.say import next_step, unless
from klimatvaxling.terminal.show import show_posted
from klimatvaxling.terminal.surroundings import Surroundings, count, output_format

_Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help=N_("Why, in a few words."))]


def reverse(
    context: typer.Context,
    voucher: Annotated[str, typer.Argument(metavar="VOUCHER", help=N_("The voucher's number, for example A2025-17."))],
    reason: _Reason,
    booked_on: options.BookedOn = None,
    dry_run: options.DryRun = False,
    output: options.Format = "table",
) -> None:
    """Take a measure, a sweep or an appropriation back."""
    around: Surroundings = context.obj
    output_format(output)
    from klimatvaxling.corrections.register import reverse as take_back

    day = around.given_day(booked_on)
    with posting(around, dry_run=dry_run) as connection:
        made = take_back(connection, voucher, reason, day, clock=around.clock, by=around.user)
    document = {
        "voucher": made.code,
        "corrects": voucher.strip().upper(),
        "booked_on": made.booked_on,
        "vouchers": [made.code],
        "dry_run": dry_run,
    }
    told = translate(N_("{voucher} is reversed by {reversal}."), voucher=voucher.strip().upper(), reversal=made.code)
    show_posted(document, told + unless(dry_run=dry_run), output)
    if not dry_run:
        next_step(f"klimatvaxling voucher show {made.code}")


def undo(
    context: typer.Context,
    batch: Annotated[str, typer.Argument(metavar="ID", help=N_("The batch's number, as batch list shows it."))],
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help=N_("Why, in a few words."))] = "",
    booked_on: options.BookedOn = None,
    dry_run: options.DryRun = False,
    output: options.Format = "table",
) -> None:
    """Take everything a batch charged back."""
    around: Surroundings = context.obj
    output_format(output)
    from klimatvaxling.batches.undoing import undo_batch

    day = around.given_day(booked_on)
    with posting(around, dry_run=dry_run) as connection:
        undone = undo_batch(connection, count(batch), reason, day, clock=around.clock, by=around.user)
    document = {
        "batch": undone.batch_id,
        "undoes": undone.undoes_id,
        "booked_on": undone.booked_on,
        "co2_g": undone.co2_g,
        "charged_ore": undone.charged_ore,
        "vouchers": list(undone.vouchers),
        "dry_run": dry_run,
    }
    told = translate(
        N_("Batch {batch} is undone by batch {undo}: {amount} kr, {vouchers}."),
        batch=undone.undoes_id,
        undo=undone.batch_id,
        amount=kronor(undone.charged_ore),
        vouchers=translate_plural(N_("{count} voucher"), N_("{count} vouchers"), len(undone.vouchers)),
    )
    show_posted(document, told + unless(dry_run=dry_run), output)
    if not dry_run:
        next_step("klimatvaxling balance")


COMMANDS = (
    (
        "voucher reverse",
        N_("Take a measure, a sweep or an appropriation back. Posts one voucher."),
        'voucher reverse A2025-17 --reason "Fel belopp"',
        reverse,
    ),
    (
        "batch undo",
        N_(
            "Take back everything a batch charged; its trips can be imported again. Posts one voucher for each of its own."
        ),
        'batch undo 3 --reason "Fel fil"',
        undo,
    ),
)
