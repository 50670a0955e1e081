"""`measure …`, `statement` and `expiring`: a unit's own climate funds."""

import datetime
from typing import Annotated

import typer

from klimatvaxling import typed
from klimatvaxling.formats import kronor
from klimatvaxling.language import N_, translate
from klimatvaxling.terminal import options
from klimatvaxling.terminal.say import next_step
from klimatvaxling.terminal.show import present, show_posted
from klimatvaxling.terminal.surroundings import Surroundings, count, grams, output_format

_WARNING_DAYS = "90"


def add(
    context: typer.Context,
    unit: options.Unit,
    amount: options.Amount,
    title: Annotated[str, typer.Option("--title", metavar="TEXT", help=N_("What the money is for, in a few words."))],
    focus_area: options.FocusArea = "",
    co2_reduction_kg: Annotated[
        str | None,
        typer.Option("--co2-reduction-kg", metavar="N", help=N_("The expected reduction in kilograms, in all.")),
    ] = None,
    reference: Annotated[
        str, typer.Option("--reference", metavar="REF", help=N_("The invoice or decision behind it."))
    ] = "",
    booked_on: options.BookedOn = None,
    dry_run: options.DryRun = False,
    output: options.Format = "table",
) -> None:
    """Use own funds for a measure."""
    around: Surroundings = context.obj
    output_format(output)
    from klimatvaxling.database.engine import writing
    from klimatvaxling.measures.measure import measure
    from klimatvaxling.measures.register import area_in_force, use_own_funds
    from klimatvaxling.reports.titles import spellings

    day, amount_ore = around.day_for_the_books(booked_on), typed.amount_ore(amount)
    reduction_g = grams(co2_reduction_kg) if co2_reduction_kg is not None else None
    with writing(around.url, dry_run=dry_run) as connection:
        area = area_in_force(connection, focus_area, day, spellings)
        what = measure(title, focus_area=area, co2_reduction_g=reduction_g, reference=reference)
        used = use_own_funds(connection, unit, amount_ore, day, what, clock=around.clock, by=around.user)
    code = used.voucher.code
    document = {
        "voucher": code,
        "unit": used.unit.code,
        "title": what.title,
        "focus_area": what.focus_area,
        "booked_on": day.isoformat(),
        "amount_ore": amount_ore,
        "co2_reduction_g": reduction_g,
        "lots": [{"lot": lot, "amount_ore": ore} for lot, ore in used.lots],
        "vouchers": [code],
        "dry_run": dry_run,
    }
    text = N_("{unit} would use {amount} kr for “{title}”; nothing is posted.")
    if not dry_run:
        text = N_("{voucher}: {unit} uses {amount} kr for “{title}”.")
    show_posted(
        document,
        translate(text, voucher=code, unit=used.unit.code, amount=kronor(amount_ore), title=what.title),
        output,
    )
    if not dry_run:
        next_step(f"klimatvaxling statement --unit {used.unit.code}")


def list_measures(
    context: typer.Context,
    unit: options.UnitCode = None,
    year: options.Year = None,
    as_of: options.AsOf = None,
    known_at: options.KnownAt = None,
    output: options.Format = "table",
) -> None:
    """The measures and what they should achieve."""
    around: Surroundings = context.obj
    from klimatvaxling.reports.measures import measures

    day, known, of_year = around.day(as_of), around.known_at(known_at), typed.year(year) if year else None
    present(around, output, lambda books: measures(books, day, known, unit_code=unit, year=of_year))


def statement(
    context: typer.Context,
    unit: options.Unit,
    year: options.Year = None,
    as_of: options.AsOf = None,
    known_at: options.KnownAt = None,
    output: options.Format = "table",
) -> None:
    """A unit's page, as a bank statement."""
    around: Surroundings = context.obj
    from klimatvaxling.reports.statement import statement as report_of

    of_year = typed.year(year) if year else None
    day = _end_of(of_year, around.day(as_of))
    present(around, output, lambda books: report_of(books, unit, day, around.known_at(known_at), of_year))


def _end_of(year: int | None, day: datetime.date) -> datetime.date:
    """The statement of a year that is over ends with it."""
    return min(day, datetime.date(year, 12, 31)) if year else day


def expiring(
    context: typer.Context,
    within: Annotated[
        str, typer.Option("--within", metavar="DAYS", help=N_("How many days ahead to look."))
    ] = _WARNING_DAYS,
    unit: options.UnitCode = None,
    as_of: options.AsOf = None,
    known_at: options.KnownAt = None,
    output: options.Format = "table",
) -> None:
    """What each unit loses, and when."""
    around: Surroundings = context.obj
    from klimatvaxling.reports.expiring import expiring as report_of

    days = count(within)
    present(around, output, lambda books: report_of(books, around.day(as_of), around.known_at(known_at), days, unit))


COMMANDS = (
    (
        "measure add",
        N_("Use a unit's own funds for a measure, oldest fees first. Posts one voucher."),
        'measure add --unit SBF --amount 12500 --title "Lådcyklar" --co2-reduction-kg 800',
        add,
    ),
    (
        "measure list",
        N_("Show the measures and what a kilogram less costs. Posts nothing."),
        "measure list --year 2025",
        list_measures,
    ),
    (
        "statement",
        N_("Show a unit's page: what came in and went out, the balance, and what it loses when. Posts nothing."),
        "statement --unit SBF --year 2025",
        statement,
    ),
    (
        "expiring",
        N_("Show what each unit loses to the shared fund, and when, if it does nothing. Posts nothing."),
        "expiring --within 90",
        expiring,
    ),
)
