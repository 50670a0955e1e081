"""`import`."""

import dataclasses
import functools
import gc
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from klimatvaxling import typed
from klimatvaxling.errors import ExchangeError, Place, UsageFault
from klimatvaxling.language import N_, translate
from klimatvaxling.terminal import faults, options
from klimatvaxling.terminal.again import again_if_asked
from klimatvaxling.terminal.say import done, next_step
from klimatvaxling.terminal.show import show
from klimatvaxling.terminal.surroundings import Surroundings, count, output_format


class ExpectOneFile(UsageFault):
    """A control total for several files at once."""

    code = "KV-EXPECT-ONE-FILE"
    message = N_("--expect-rows and --expect-kg are for one file at a time.")
    remedy = N_("Import the files one by one.")


class CannotAccept(UsageFault):
    """A code that nobody can accept."""

    code = "KV-ACCEPT"
    message = N_("Rows with {value} cannot be accepted.")
    remedy = N_("Only what is merely implausible can: {known}. Correct the other rows.")


def import_files(
    context: typer.Context,
    paths: Annotated[
        list[str],
        typer.Argument(metavar="FILE…", help=N_("Travel files, CSV or XLSX; of a folder, every travel file in it.")),
    ],
    source: Annotated[
        str, typer.Option("--source", metavar="NAME", help=N_("Where the files come from; see source list."))
    ],
    booked_on: Annotated[
        str | None,
        typer.Option(
            "--booked-on",
            metavar="DATE",
            help=N_("The booking date (default: the last day of each trip's month)."),
        ),
    ] = None,
    trip_date: options.TripDate = None,
    dry_run: options.DryRun = False,
    accept_partial: Annotated[
        bool,
        typer.Option("--accept-partial", help=N_("Post the good rows; the rejected ones wait in quarantine.")),
    ] = False,
    amend: Annotated[
        bool,
        typer.Option("--amend", help=N_("Correct trips that are posted already and come with other content.")),
    ] = False,
    rejected_to: Annotated[
        Path | None,
        typer.Option(
            "--rejected-to",
            metavar="FOLDER",
            help=N_("Where the rejected-rows workbook is written (default: beside the file)."),
        ),
    ] = None,
    expect_rows: Annotated[
        str | None,
        typer.Option("--expect-rows", metavar="N", help=N_("Refuse the file unless it has this many rows.")),
    ] = None,
    expect_kg: Annotated[
        str | None,
        typer.Option("--expect-kg", metavar="N", help=N_("Refuse the file unless its trips are this many kg CO2.")),
    ] = None,
    evidence: Annotated[
        str, typer.Option("--evidence", metavar="REF", help=N_("Where the original is archived."))
    ] = "",
    accept: options.Accept = None,
    output: options.Format = "table",
) -> None:
    """Import travel files: each in one transaction, whole or not at all."""
    around: Surroundings = context.obj
    output_format(output)
    accepted = accepted_codes(accept or [])
    from klimatvaxling.batches.reader import started_reader

    # The reader of a large file gets ready, and opens it, while this process loads the database's library.
    with started_reader(Path(paths[0])) as reader:
        from klimatvaxling.travel.sources import find_source, require_finished

        profile = find_source(source) if dry_run else require_finished(find_source(source))
        if reader is not None:
            reader.tell(profile)
        several = len(paths) > 1 or any(_is_folder(Path(path)) for path in paths)
        files = _in_folders(paths)
        if len(files) > 1 and (expect_rows is not None or expect_kg is not None):
            raise ExpectOneFile
        from klimatvaxling.batches.order import Order

        orders = [
            Order(
                file=file,
                profile=profile,
                booked_on=typed.date(booked_on) if booked_on is not None else None,
                trip_date=typed.date(trip_date) if trip_date is not None else None,
                accept_partial=accept_partial,
                expected_rows=count(expect_rows) if expect_rows is not None else None,
                expected_kg=typed.decimal(expect_kg) if expect_kg is not None else None,
                evidence=evidence,
                amend=amend,
                dry_run=dry_run,
                accept=accepted,
            )
            for file in files
        ]
        worst = _import_all(around, orders, rejected_to, output, reader, several=several)
    if worst:
        raise typer.Exit(worst)
    if not dry_run:
        next_step("klimatvaxling balance")


def accepted_codes(given: Sequence[str]) -> tuple[str, ...]:
    """Codes of implausible rows as typed. Raises `CannotAccept`."""
    from klimatvaxling.travel.plausible import Implausible

    codes = tuple(dict.fromkeys(code.strip().upper() for code in given))
    for code in codes:
        if code not in Implausible.codes:
            raise CannotAccept(value=code, known=", ".join(sorted(Implausible.codes)))
    return codes


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # what may not be looked at is complained about when it is opened
        return False


def _in_folders(paths: Sequence[str]) -> list[Path]:
    """The files, and in a folder's place every travel file in it by name. Raises `FileMissing` or `FolderEmpty`."""
    from klimatvaxling.batches.inbox import travel_files
    from klimatvaxling.travel.file import FileMissing

    if "" in paths:  # a script's variable that is not set: it never means the folder one stands in
        raise FileMissing(file="")
    files = map(Path, paths)
    return [each for file in files for each in (travel_files(file) if _is_folder(file) else [file])]


def _import_all(
    around: Surroundings,
    orders: Sequence[Any],
    rejected_to: Path | None,
    output: str,
    reader: Any,
    *,
    several: bool,
) -> int:
    """Import one file after the other; a file that is refused as a whole does not hide what the others did."""
    from klimatvaxling.database.faults import DatabaseFault

    documents: list[dict[str, object]] = []
    refused: list[dict[str, object]] = []
    codes = [0]
    try:
        for order in orders:
            try:
                ahead, reader = [reader], None  # what was read ahead is there once
                once = functools.partial(_import, around, order, rejected_to, output, ahead)
                document, code = again_if_asked(once)
                documents.append(document)
                codes.append(code)
            except ExchangeError as fault:
                if not fault.place.file and not isinstance(fault, DatabaseFault):
                    fault.place = Place(file=order.file.name, row=fault.place.row, column=fault.place.column)
                codes.append(faults.show(fault))
                refused.append({"file": order.file.name, "code": fault.code})
                if isinstance(fault, DatabaseFault):
                    break  # it would say the same of every file
    finally:
        # Whatever broke off the rest: what was done is told.
        if output == "json" and (documents or several):
            all_of_them = {"imports": documents, "refused": refused}
            print(json.dumps(all_of_them if several else documents[0], ensure_ascii=False, indent=2))
    return max(codes)


def _import(
    around: Surroundings, order: Any, rejected_to: Path | None, output: str, ahead: list[Any]
) -> tuple[dict[str, object], int]:
    from klimatvaxling.batches.importing import Refused, import_file
    from klimatvaxling.batches.rejected_workbook import RejectedTooMany, RejectedUnwritable
    from klimatvaxling.database.engine import reading, writing
    from klimatvaxling.ledger import check as checks
    from klimatvaxling.reports.batches import receipt
    from klimatvaxling.reports.checked import require_sound
    from klimatvaxling.terminal.progress import rows_read

    # Millions of small values that refer to nothing are made and dropped: looking for cycles among them is waste.
    gc.disable()
    reader = ahead.pop() if ahead else None
    if reader is not None:  # it opens the file: time to load what shows the result
        from rich import console, table  # noqa: F401
    written = False
    workbook = (rejected_to or order.file.parent) / f"{order.file.stem}.rejected.xlsx"
    try:
        with writing(around.url, dry_run=order.dry_run) as connection:
            since = checks.position(connection)
            with rows_read(order.file.name) as progress:
                result = import_file(
                    connection, order, clock=around.clock, by=around.user, progress=progress, reader=reader
                )
            require_sound(checks.run_checks_since(connection, since))
            # Before anything is kept: whoever accepts a part gets the rest to correct, or nothing is posted.
            written = write_workbook(connection, around, result, workbook, order.profile)
        code = 0
    except Refused as refused:
        result = refused.result
        code = faults.show(refused.fault)
        try:
            with reading(around.url) as connection:
                written = write_workbook(connection, around, result, workbook, order.profile)
        except (RejectedTooMany, RejectedUnwritable) as fault:
            code = max(code, faults.show(fault))
    except (RejectedTooMany, RejectedUnwritable) as fault:
        code = faults.show(fault)
        # Nothing is kept: what would have been posted is held back.
        result = dataclasses.replace(
            result,
            batch=None,
            rows_posted=0,
            rows_held=result.rows_posted + result.rows_held,
            co2_g=0,
            charged_ore=0,
            units=(),
            vouchers=(),
        )
    if result.rejected:
        _show_rejected(result)
    if written:
        done(translate(N_("The rejected rows are in {path}."), path=workbook))
    if output != "json":
        show(receipt(result), output)
    return result.as_document(), code


_MOST_SHOWN = 10


def _show_rejected(result: Any) -> None:
    for row in result.rejected[:_MOST_SHOWN]:
        for complaint in row.complaints:
            done(f"  {complaint.where()}: {complaint.what()} [{complaint.code}]")
    if len(result.rejected) > _MOST_SHOWN:
        done(
            "  "
            + translate(
                N_("… and {count} more rows, all of them in the workbook."),
                count=len(result.rejected) - _MOST_SHOWN,
            )
        )


def write_workbook(connection: Any, around: Surroundings, result: Any, path: Path, profile: Any) -> bool:
    """The rejected rows to correct, if there are any."""
    if not result.rejected:
        return False
    from klimatvaxling.batches.rejected_workbook import RejectedRow, write_rejected_workbook
    from klimatvaxling.emissions.factor import CATEGORIES, FUELS
    from klimatvaxling.units.register import directory

    codes = [unit.code for unit in directory(connection).on(around.day(None))]
    columns = profile.columns
    choices = {
        name: values
        for column, values in (("unit", codes), ("category", CATEGORIES), ("fuel", FUELS))
        if (rule := columns.get(column)) and rule.is_plain and (name := profile.source_column(column)) in result.header
    }
    kept = write_rejected_workbook(
        path,
        header=list(result.header),
        rows=[RejectedRow(row.row, row.cells, row.complaints) for row in result.rejected],
        choices=choices,
    )
    if kept is not None:
        done(translate(N_("A workbook that you had saved stood there already; it is kept as {path}."), path=kept))
    return True


COMMANDS = (
    (
        "import",
        N_("Import travel files. Posts one charge voucher per unit and booking date; nothing if any row is rejected."),
        "import mars.csv --source milersattning --expect-rows 412 --dry-run",
        import_files,
    ),
)
