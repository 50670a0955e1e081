"""`inbox run`: everything that waits in a folder, imported and put away, for a scheduled job."""

import gc
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from klimatvaxling import typed
from klimatvaxling.errors import ExchangeError, Place
from klimatvaxling.language import N_, translate
from klimatvaxling.terminal import faults, options
from klimatvaxling.terminal.again import again_if_asked
from klimatvaxling.terminal.say import done, next_step
from klimatvaxling.terminal.surroundings import Surroundings, output_format


@dataclass(frozen=True)
class _Run:
    """One run over one inbox."""

    around: Surroundings
    folder: Path
    profiles: Mapping[str, Any]
    booked_on: str | None
    accept_partial: bool
    evidence: str
    dry_run: bool


def run_inbox(
    context: typer.Context,
    path: Annotated[str, typer.Argument(metavar="FOLDER", help=N_("The folder where travel files wait."))],
    booked_on: Annotated[
        str | None,
        typer.Option(
            "--booked-on", metavar="DATE", help=N_("The booking date (default: the last day of each trip's month).")
        ),
    ] = None,
    dry_run: options.DryRun = False,
    accept_partial: Annotated[
        bool,
        typer.Option("--accept-partial", help=N_("Post the good rows; the rejected ones wait in quarantine.")),
    ] = False,
    evidence: Annotated[
        str, typer.Option("--evidence", metavar="REF", help=N_("Where the originals are archived."))
    ] = "",
    output: options.Format = "table",
) -> None:
    """Every waiting file, one after the other by name."""
    around: Surroundings = context.obj
    output_format(output)
    if booked_on is not None:
        typed.date(booked_on)
    from klimatvaxling.batches.inbox import NoFolder, waiting
    from klimatvaxling.database.engine import reading
    from klimatvaxling.travel.sources import find_source, source_folders

    if not path:  # a script's variable that is not set: it never means the folder one stands in
        raise NoFolder(folder="")
    folder = Path(path)
    # A broken profile or books that cannot be reached stop the run before anything is touched.
    found = {name: find_source(name) for name in source_folders()}
    profiles = {name: profile for name, profile in found.items() if not profile.is_draft}
    files = waiting(folder)
    with reading(around.url):
        pass
    run = _Run(around, folder, profiles, booked_on, accept_partial, evidence, dry_run)
    results: list[dict[str, object]] = []
    codes = [0]
    try:
        for file in files:
            document, code = _take(run, file)
            results.append(document)
            codes.append(code)
    finally:
        if results or not files:  # else something broke off the run at its first file
            _show(results, output, dry_run=dry_run)
    if max(codes):
        raise typer.Exit(max(codes))
    if not dry_run:
        next_step("klimatvaxling balance")


def _take(run: _Run, file: Path) -> tuple[dict[str, object], int]:
    """Import one file and put it away. Raises what concerns the books or the inbox as a whole."""
    from klimatvaxling.batches.inbox import InboxUnwritable
    from klimatvaxling.database.faults import DatabaseFault
    from klimatvaxling.travel.file import FileMissing
    from klimatvaxling.travel.file_rules import FileChanged
    from klimatvaxling.travel.recognition import recognise

    source = ""
    result: Any = None
    try:
        profile = recognise(file, run.profiles)
        source = profile.name
        result, fault = again_if_asked(lambda: _import(run, file, profile))
    except (DatabaseFault, InboxUnwritable):
        raise
    except FileMissing:
        return {"file": file.name, "outcome": "gone"}, 0  # another run took it meanwhile
    except ExchangeError as refusal:
        if not refusal.place.file:
            refusal.place = Place(file=file.name, row=refusal.place.row, column=refusal.place.column)
        fault = refusal
    document = _document(run, file, source, result, fault)
    code = faults.show(fault) if fault is not None else 0
    if isinstance(fault, FileChanged):
        # Somebody is still writing it: it waits for the next run.
        return document | {"outcome": "waiting"}, code
    if not run.dry_run:
        document["moved_to"] = _put_away(run, file, document, result)
    return document, code


def _import(run: _Run, file: Path, profile: Any) -> tuple[Any, ExchangeError | None]:
    """What became of the file, and why it was refused if it was."""
    from klimatvaxling.batches.importing import Refused, import_file
    from klimatvaxling.batches.order import Order
    from klimatvaxling.database.engine import writing
    from klimatvaxling.terminal.progress import rows_read

    order = Order(
        file=file,
        profile=profile,
        booked_on=typed.date(run.booked_on) if run.booked_on is not None else None,
        accept_partial=run.accept_partial,
        evidence=run.evidence,
        dry_run=run.dry_run,
    )
    gc.disable()  # as for a single import: nothing here refers to itself
    try:
        with writing(run.around.url, dry_run=run.dry_run) as connection, rows_read(file.name) as progress:
            result = import_file(connection, order, clock=run.around.clock, by=run.around.user, progress=progress)
            if result.rejected and not run.dry_run:
                # Before anything is kept: whoever accepts a part gets the rest to correct.
                _write_workbook(run, connection, file, result)
    except Refused as refused:
        return refused.result, refused.fault
    finally:
        gc.enable()
    return result, None


def _write_workbook(run: _Run, connection: Any, file: Path, result: Any) -> Path:
    from klimatvaxling.batches.inbox import place_for_workbook
    from klimatvaxling.terminal.commands.imports import write_workbook

    path = place_for_workbook(run.folder, file)
    write_workbook(connection, run.around, result, path, run.profiles[result.source])
    return path


def _document(run: _Run, file: Path, source: str, result: Any, fault: ExchangeError | None) -> dict[str, object]:
    """The file's report: what an import says, and why it was refused."""
    outcome = "done" if fault is None else "rejected"
    document: dict[str, object] = {"file": file.name, "outcome": outcome, "source": source or None}
    if result is not None:
        document |= result.as_document()
        if result.batch is None and not run.dry_run and fault is None:
            document["imported_in"] = _batches_of(run, result.file_sha256)
        document["rejected"] = [
            {
                "row": row.row,
                "code": complaint.code,
                "column": complaint.place.column,
                "what": complaint.what(),
                "remedy": complaint.what_to_do(),
            }
            for row in result.rejected
            for complaint in row.complaints
        ]
    if fault is not None:
        document["error"] = {
            "code": fault.code,
            "what": fault.what(),
            "where": fault.where(),
            "remedy": fault.what_to_do(),
        }
    return document


def _batches_of(run: _Run, file_sha256: str) -> list[int]:
    from klimatvaxling.batches.store import batches_of_file
    from klimatvaxling.database.engine import reading

    with reading(run.around.url) as connection:
        return batches_of_file(connection, file_sha256)


def _put_away(run: _Run, file: Path, document: dict[str, object], result: Any) -> str:
    """Move the file and its report, and write its rejected rows to correct; gives the new place in the inbox."""
    from klimatvaxling.batches.inbox import DONE, REJECTED, put_away
    from klimatvaxling.batches.rejected_workbook import RejectedTooMany
    from klimatvaxling.database.engine import reading

    is_done = document["outcome"] == "done"
    if result is not None and result.rejected and not is_done:
        try:
            with reading(run.around.url) as connection:
                document["workbook"] = _write_workbook(run, connection, file, result).name
        except RejectedTooMany as fault:
            faults.show(fault)
    place = put_away(file, run.folder / (DONE if is_done else REJECTED), document)
    return place.relative_to(run.folder).as_posix()


def _show(results: list[dict[str, object]], output: str, *, dry_run: bool) -> None:
    from klimatvaxling.reports.inbox import inbox
    from klimatvaxling.terminal.show import show

    show(inbox(results, dry_run=dry_run), output)
    for row in results:
        if row["outcome"] == "rejected" and not dry_run:
            done(
                translate(
                    N_("{file} is in {place}, with its report."), file=row["file"], place=row.get("moved_to", "?")
                )
            )


COMMANDS = (
    (
        "inbox run",
        N_("Import every file that waits in a folder and move it to done/ or rejected/. Posts charge vouchers."),
        "inbox run inkorg --format json",
        run_inbox,
    ),
)
