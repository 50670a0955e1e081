"""`export …`: what leaves the program as files."""

import hashlib
from pathlib import Path
from typing import Annotated

import typer

from klimatvaxling import typed
from klimatvaxling.errors import UsageFault
from klimatvaxling.language import N_, translate, translate_plural
from klimatvaxling.terminal import options
from klimatvaxling.terminal.output import apart_from_books
from klimatvaxling.terminal.show import show_posted
from klimatvaxling.terminal.surroundings import Surroundings, end_of_year, output_format

_ALL_DAYS = "9999-12-31"
_Output = Annotated[Path, typer.Option("--output", metavar="FILE", help=N_("The file to write."))]


class UnknownSyntax(UsageFault):
    """Not a syntax the journal is written in."""

    code = "KV-SYNTAX"
    message = N_("“{value}” is not a syntax the journal can be written in.")
    remedy = N_("Write --syntax hledger or --syntax beancount.")


def journal(
    context: typer.Context,
    syntax: Annotated[
        str, typer.Option("--syntax", metavar="hledger|beancount", help=N_("Which program should read it."))
    ],
    file: _Output,
    as_of: options.AsOf = None,
    known_at: options.KnownAt = None,
    output: options.Format = "table",
) -> None:
    """The whole ledger as plain text."""
    around: Surroundings = context.obj
    output_format(output)
    if syntax not in ("hledger", "beancount"):
        raise UnknownSyntax(value=syntax)
    from klimatvaxling.database.engine import reading
    from klimatvaxling.exports.beancount import beancount
    from klimatvaxling.exports.hledger import hledger
    from klimatvaxling.exports.journal import journal_in
    from klimatvaxling.files import write_whole

    path = apart_from_books(file, around.url)
    day = around.day(as_of).isoformat() if as_of is not None else _ALL_DAYS
    with reading(around.url) as connection:
        found = journal_in(connection, day, around.known_at(known_at))
    content = (hledger(found) if syntax == "hledger" else beancount(found)).encode()
    write_whole(path, content)
    count = len(found.entries)
    vouchers = translate_plural(N_("{count} voucher"), N_("{count} vouchers"), count)
    document = {
        "file": str(file),
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
        "vouchers_exported": count,
        "head": found.head,
    }
    show_posted(document, translate(N_("The journal is in {file}: {vouchers}."), file=file, vouchers=vouchers), output)


def archive(
    context: typer.Context,
    year: Annotated[str, typer.Option("--year", metavar="YYYY", help=N_("The fiscal year."))],
    file: _Output,
    output: options.Format = "table",
) -> None:
    """A year in open formats, to be kept."""
    around: Surroundings = context.obj
    output_format(output)
    of_year = typed.year(year)
    from klimatvaxling.database.engine import reading
    from klimatvaxling.exports.archive import write_archive
    from klimatvaxling.files import whole_file
    from klimatvaxling.terminal.progress import rows_read

    path = apart_from_books(file, around.url)
    with reading(around.url) as connection, whole_file(path) as written, rows_read(file.name) as progress:
        book = write_archive(connection, of_year, written, progress)
    with path.open("rb") as kept:
        digest = hashlib.file_digest(kept, "sha256").hexdigest()
    document = {"file": str(file), "sha256": digest, **{key: book[key] for key in ("year", "vouchers_of_year", "head")}}
    told = translate(
        N_("The archive of {year} is in {file}. Its SHA-256: {sha256}"), year=year, file=file, sha256=digest
    )
    show_posted(document, told, output)


def unit_file(
    context: typer.Context,
    unit: options.Unit,
    file: _Output,
    year: options.Year = None,
    as_of: options.AsOf = None,
    known_at: options.KnownAt = None,
    output: options.Format = "table",
) -> None:
    """A single unit's own figures, to hand out."""
    around: Surroundings = context.obj
    output_format(output)
    of_year = typed.year(year) if year is not None else None
    from klimatvaxling.database.engine import reading
    from klimatvaxling.exports.unit_file import unit_file as workbook_of
    from klimatvaxling.files import write_whole

    path = apart_from_books(file, around.url)
    day = end_of_year(of_year, around.day(as_of))
    with reading(around.url) as connection:
        content = workbook_of(connection, unit, day, around.known_at(known_at), of_year)
    write_whole(path, content)
    document = {"file": str(file), "sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    told = translate(N_("The figures of {unit} are in {file}."), unit=unit, file=file)
    show_posted(document, told, output)


COMMANDS = (
    (
        "export unit-file",
        N_("Write one unit's own statement, lots, vouchers and trips as a workbook to hand out. Posts nothing."),
        "export unit-file --unit SBF --year 2025 --output sbf-2025.xlsx",
        unit_file,
    ),
    (
        "export archive",
        N_("Write a year in open formats, to be kept for seven years and read without this program. Posts nothing."),
        "export archive --year 2025 --output klimatvaxling-2025.zip",
        archive,
    ),
    (
        "export journal",
        N_("Write the whole ledger as plain text for hledger or Beancount. Posts nothing."),
        "export journal --syntax beancount --output bok.beancount",
        journal,
    ),
)
