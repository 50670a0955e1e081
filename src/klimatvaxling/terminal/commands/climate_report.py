"""`export climate-report`: the workbook the climate committee pastes into its yearly report."""

import datetime
import hashlib
from pathlib import Path
from typing import Annotated

import typer

from klimatvaxling import typed
from klimatvaxling.language import N_, translate
from klimatvaxling.terminal import options
from klimatvaxling.terminal.output import apart_from_books
from klimatvaxling.terminal.show import show_posted
from klimatvaxling.terminal.surroundings import Surroundings, output_format


def climate_report(
    context: typer.Context,
    year: Annotated[str, typer.Option("--year", metavar="YYYY", help=N_("The year, by booking date."))],
    file: Annotated[
        Path, typer.Option("--output", metavar="FILE.xlsx", help=N_("Where to write it; an earlier one is replaced."))
    ],
    as_of: Annotated[
        str | None,
        typer.Option(
            "--as-of", metavar="DATE", help=N_("The books as booked up to this day (default: all of the year).")
        ),
    ] = None,
    known_at: options.KnownAt = None,
    output: options.Format = "table",
) -> None:
    """The workbook for the yearly report."""
    around: Surroundings = context.obj
    output_format(output)
    from klimatvaxling.exports.file_name import require_name
    from klimatvaxling.exports.workbook import BEGINNING

    wanted = typed.year(year)
    day = around.day(as_of) if as_of is not None else datetime.date.max
    known = around.known_at(known_at)
    path = apart_from_books(file, around.url)
    require_name(path, ".xlsx", BEGINNING)
    from klimatvaxling.database.engine import reading
    from klimatvaxling.exports.climate_report.report import climate_report as workbook_of
    from klimatvaxling.exports.climate_report.year import climate_year
    from klimatvaxling.files import write_whole

    with reading(around.url) as connection:
        found = climate_year(connection, wanted, as_of=day, known_at=known, today=around.day(None))
    content = workbook_of(found)
    write_whole(path, content)
    document = {
        "year": wanted,
        "file": str(file),
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
        "head": found.chain.head or None,
        "vouchers_in_chain": found.chain.vouchers,
        "vouchers": [],
    }
    show_posted(
        document, translate(N_("{file} is written: the climate report of {year}."), file=file, year=wanted), output
    )


COMMANDS = (
    (
        "export climate-report",
        N_("Write the workbook for the yearly climate report. Posts nothing."),
        "export climate-report --year 2025 --output klimatrapport-2025.xlsx",
        climate_report,
    ),
)
