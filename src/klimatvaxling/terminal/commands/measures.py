"""`measure …`, `statement` and `expiring`: a unit's own climate funds."""

import datetime
from pathlib import Path
from typing import Annotated

import typer

from klimatvaxling import typed
from klimatvaxling.errors import UsageFault
from klimatvaxling.formats import kronor
from klimatvaxling.language import N_, translate, translate_plural
from klimatvaxling.terminal import options
from klimatvaxling.terminal.posting import posting
from klimatvaxling.terminal.say import next_step
from klimatvaxling.terminal.show import present, show_posted
from klimatvaxling.terminal.surroundings import Surroundings, count, end_of_year, grams, output_format

_WARNING_DAYS = "90"


class OneUnitOrAll(UsageFault):
    """Neither one unit nor all of them, or both."""

    code = "KV-STATEMENT-WHOSE"
    message = N_("It is not clear whose statement to show.")
    remedy = N_("Give one unit with --unit CODE, or all of them with --all --output FOLDER.")


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
    from klimatvaxling.measures.measure import measure
    from klimatvaxling.measures.register import area_in_force, use_own_funds
    from klimatvaxling.reports.titles import spellings

    day, amount_ore = around.day_for_the_books(booked_on), typed.amount_ore(amount)
    reduction_g = grams(co2_reduction_kg) if co2_reduction_kg is not None else None
    with posting(around, dry_run=dry_run) as connection:
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
    unit: options.UnitCode = None,
    every: Annotated[
        bool, typer.Option("--all", help=N_("Every unit's statement as a workbook of its own, in the folder --output."))
    ] = False,
    folder: Annotated[
        Path | None, typer.Option("--output", metavar="FOLDER", help=N_("The folder for the workbooks of --all."))
    ] = None,
    year: options.Year = None,
    as_of: options.AsOf = None,
    known_at: options.KnownAt = None,
    output: options.Format = "table",
) -> None:
    """A unit's page, as a bank statement."""
    around: Surroundings = context.obj
    output_format(output)
    of_year = typed.year(year) if year else None
    day, known = end_of_year(of_year, around.day(as_of)), around.known_at(known_at)
    if every and unit is None and folder is not None:
        _statements(around, folder, day, known, of_year, output)
        return
    if unit is None or every or folder is not None:
        raise OneUnitOrAll
    from klimatvaxling.reports.statement import statement as report_of

    present(around, output, lambda books: report_of(books, unit, day, known, of_year))


def _statements(
    around: Surroundings, folder: Path, day: datetime.date, known: str, year: int | None, output: str
) -> None:
    """A workbook for each unit: what whoever answers for a unit opens with a double click."""
    from klimatvaxling.database.engine import reading
    from klimatvaxling.exports.unit_file import statements
    from klimatvaxling.files import made_folder, write_whole

    with reading(around.url) as connection:
        found = statements(connection, day, known, year)
    made_folder(folder)
    # With a word before the code: some codes are names that Windows keeps for itself.
    paths = {code: folder / translate(N_("statement-{unit}.xlsx"), unit=code) for code in found}
    for code, path in paths.items():
        write_whole(path, found[code])
    count_told = translate_plural(N_("{count} statement"), N_("{count} statements"), len(paths))
    told = translate(N_("In {folder}: {statements}."), folder=folder, statements=count_told)
    show_posted({"files": [str(path) for path in paths.values()]}, told, output)


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
