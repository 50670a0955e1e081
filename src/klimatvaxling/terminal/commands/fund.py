"""`fund …` and `sweep`: the shared climate compensation fund."""

import typer

from klimatvaxling import typed
from klimatvaxling.formats import kronor
from klimatvaxling.language import N_, translate
from klimatvaxling.terminal import options
from klimatvaxling.terminal.posting import posting
from klimatvaxling.terminal.say import done, next_step, unless
from klimatvaxling.terminal.show import present, show, show_posted
from klimatvaxling.terminal.surroundings import Surroundings, output_format


def fund(
    context: typer.Context,
    year: options.Year = None,
    as_of: options.AsOf = None,
    known_at: options.KnownAt = None,
    output: options.Format = "table",
) -> None:
    """What the fund has, what is reserved, and its movements."""
    around: Surroundings = context.obj
    from klimatvaxling.reports.fund import fund as report_of

    of_year = typed.year(year) if year else None
    present(around, output, lambda books: report_of(books, around.day(as_of), around.known_at(known_at), of_year))


def appropriate(
    context: typer.Context,
    amount: options.Amount,
    decision: options.Decision,
    booked_on: options.BookedOn = None,
    dry_run: options.DryRun = False,
    output: options.Format = "table",
) -> None:
    """Budget money into the fund."""
    text = N_("{voucher}: {amount} kr appropriated to the shared fund.")
    _move(context, amount, decision, booked_on, output, text, into_the_fund=True, dry_run=dry_run)


def return_to_budget(
    context: typer.Context,
    amount: options.Amount,
    decision: options.Decision,
    booked_on: options.BookedOn = None,
    dry_run: options.DryRun = False,
    output: options.Format = "table",
) -> None:
    """Unused money back to the budget."""
    text = N_("{voucher}: {amount} kr returned to the budget.")
    _move(context, amount, decision, booked_on, output, text, into_the_fund=False, dry_run=dry_run)


def _move(
    context: typer.Context,
    amount: str,
    decision: str,
    booked_on: str | None,
    output: str,
    text: str,
    *,
    into_the_fund: bool,
    dry_run: bool,
) -> None:
    around: Surroundings = context.obj
    output_format(output)
    from klimatvaxling.fund.register import appropriate, return_appropriation

    day, amount_ore = around.day_for_the_books(booked_on), typed.amount_ore(amount)
    move = appropriate if into_the_fund else return_appropriation
    with posting(around, dry_run=dry_run) as connection:
        voucher = move(connection, amount_ore, day, decision, clock=around.clock, by=around.user)
    document = {
        "voucher": voucher.code,
        "booked_on": day.isoformat(),
        "amount_ore": amount_ore,
        "decision": voucher.evidence,
        "vouchers": [voucher.code],
        "dry_run": dry_run,
    }
    told = translate(text, voucher=voucher.code, amount=kronor(amount_ore))
    show_posted(document, told + unless(dry_run=dry_run), output)
    if not dry_run:
        next_step("klimatvaxling fund")


def sweep(
    context: typer.Context,
    as_of: options.SweepDay = None,
    dry_run: options.DryRun = False,
    output: options.Format = "table",
) -> None:
    """Move what is due to the shared fund."""
    around: Surroundings = context.obj
    output_format(output)
    from klimatvaxling.fund.register import sweep as sweep_due
    from klimatvaxling.reports.sweep import swept

    day = around.day_for_the_books(as_of)
    if day > around.day(None) and not dry_run:
        done(
            translate(N_("Note: {day} has not come yet. What is swept can no longer be used before that day."), day=day)
        )
    with posting(around, dry_run=dry_run) as connection:
        result = sweep_due(connection, day, clock=around.clock, by=around.user)
        report = swept(connection, result, day, dry_run=dry_run)
    show(report, output)
    if not dry_run:
        next_step("klimatvaxling fund")


COMMANDS = (
    (
        "fund",
        N_("Show what the shared fund has, what is reserved, and every movement. Posts nothing."),
        "fund --as-of 2025-12-31",
        fund,
    ),
    (
        "fund appropriate",
        N_("Put budget money into the shared fund. Posts one voucher."),
        'fund appropriate --amount 500000 --decision "KF 2025-11-20 § 212"',
        appropriate,
    ),
    (
        "fund return",
        N_("Give unused money back to the budget. Posts one voucher."),
        'fund return --amount 20000 --decision "KS 2025-12-15 § 300"',
        return_to_budget,
    ),
    (
        "sweep",
        N_("Move what units did not use within its time to the shared fund. Posts one voucher per unit."),
        "sweep --as-of 2026-03-31 --dry-run",
        sweep,
    ),
)
