"""`balance`, `journal` and `voucher show`."""

import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from klimatvaxling import typed
from klimatvaxling.errors import UsageFault
from klimatvaxling.language import N_
from klimatvaxling.terminal import options
from klimatvaxling.terminal.show import present
from klimatvaxling.terminal.surroundings import Surroundings, output_format

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from klimatvaxling.reports.report import Report


class PeriodOrYear(UsageFault):
    """A month and a year at once."""

    code = "KV-PERIOD-OR-YEAR"
    message = N_("--period and --year cannot be given together.")
    remedy = N_("Give one of them: --period 2025-03 or --year 2025.")


def balance(
    context: typer.Context,
    unit: options.UnitCode = None,
    as_merged: Annotated[
        bool, typer.Option("--as-merged", help=N_("Show merged units with the unit they are part of by now."))
    ] = False,
    as_of: options.AsOf = None,
    known_at: options.KnownAt = None,
    output: options.Format = "table",
) -> None:
    """What each unit was charged, has used and has left."""
    around: Surroundings = context.obj
    from klimatvaxling.reports.balance import balance as report_of

    day, moment = around.day(as_of), around.known_at(known_at)
    present(around, output, lambda books: report_of(books, day, moment, unit, as_merged=as_merged))


def journal(
    context: typer.Context,
    unit: options.UnitCode = None,
    period: Annotated[
        str | None, typer.Option("--period", metavar="YYYY-MM", help=N_("Only this month's bookings."))
    ] = None,
    year: Annotated[str | None, typer.Option("--year", metavar="YYYY", help=N_("Only this year's bookings."))] = None,
    as_of: options.AsOf = None,
    known_at: options.KnownAt = None,
    output: options.Format = "table",
) -> None:
    """Every voucher with its lines."""
    around: Surroundings = context.obj
    output_format(output)
    if period is not None and year is not None:
        raise PeriodOrYear
    first, last = datetime.date.min, datetime.date.max
    if period is not None:
        month = typed.month(period)
        first, last = month.first_day, month.last_day
    if year is not None:
        first, last = datetime.date(typed.year(year), 1, 1), datetime.date(typed.year(year), 12, 31)
    day = around.day(as_of) if as_of is not None else datetime.date.max
    from klimatvaxling.reports.journal import journal as report_of
    from klimatvaxling.units.register import require_unit

    known = around.known_at(known_at)

    def report(books: "Connection") -> "Report":
        code = None if unit is None else require_unit(books, unit, around.day(as_of), known_at=known).code
        return report_of(books, day, known, first=first, last=last, unit=code)

    present(around, output, report)


def show_voucher(
    context: typer.Context,
    code: Annotated[str, typer.Argument(metavar="VOUCHER", help=N_("The voucher's number, for example A2025-17."))],
    as_of: options.BookedUntil = None,
    known_at: options.KnownAt = None,
    output: options.Format = "table",
) -> None:
    """One voucher in full."""
    around: Surroundings = context.obj
    from klimatvaxling.reports.journal import voucher

    day = datetime.date.max if as_of is None else around.day(as_of)
    known = around.known_at(known_at)
    present(around, output, lambda books: voucher(books, code, day, known))


COMMANDS = (
    (
        "balance",
        N_("Show what each unit was charged, has used and has left. Posts nothing."),
        "balance --as-of 2025-12-31",
        balance,
    ),
    ("journal", N_("Show the vouchers with their lines. Posts nothing."), "journal --period 2025-03", journal),
    (
        "voucher show",
        N_("Show one voucher in full, with its evidence. Posts nothing."),
        "voucher show A2025-17",
        show_voucher,
    ),
)
