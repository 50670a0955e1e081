"""`export sie`, `export invoices` and `handover …`: what leaves for other systems."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from klimatvaxling import typed
from klimatvaxling.errors import StateRefused, UsageFault
from klimatvaxling.language import N_, translate, translate_plural
from klimatvaxling.terminal import options
from klimatvaxling.terminal.commands.reports import PeriodOrYear
from klimatvaxling.terminal.say import done, next_step
from klimatvaxling.terminal.show import present, show
from klimatvaxling.terminal.surroundings import Surroundings, count, output_format

if TYPE_CHECKING:
    from klimatvaxling.handovers.register import Handover

_Period = Annotated[str | None, typer.Option("--period", metavar="YYYY-MM", help=N_("Only this month's bookings."))]
_Folder = Annotated[
    Path | None, typer.Option("--to", metavar="FOLDER", help=N_("The folder the files are written to."))
]


class PeriodMissing(UsageFault):
    """Neither month nor year."""

    code = "KV-PERIOD-MISSING"
    message = N_("Which bookings are meant?")
    remedy = N_("Give a month or a year: --period 2025-03 or --year 2025.")


class InvoiceFileKind(UsageFault):
    """A file name that says neither CSV nor workbook."""

    code = "KV-INVOICE-FILE"
    message = N_("“{value}” is neither a CSV file nor a workbook.")
    remedy = N_("Let the name end with .csv or .xlsx.")


class HandoverNotWritten(StateRefused):
    """On record, but the files have not got their names."""

    code = "KV-HANDOVER-NOT-WRITTEN"
    message = N_("Handover {handover} is on record, but its files could not be written: {what}")
    remedy = N_("Write them with: klimatvaxling handover again {handover} --to FOLDER")
    explanation = N_(
        "The vouchers of a handover are put on record with the bytes of its files before the files get their names, so"
        " that nothing is lost or handed over twice. What is missing in the folder is written from the books, by the"
        " next handover run or by handover again."
    )


def export_sie(
    context: typer.Context,
    out: Annotated[Path, typer.Option("--output", metavar="FILE.si", help=N_("The file to write."))],
    period: _Period = None,
    year: options.Year = None,
) -> None:
    """Vouchers of administrations and the fund for the accounting system."""
    around: Surroundings = context.obj
    from klimatvaxling.coding.vouchers import Span
    from klimatvaxling.database.engine import reading
    from klimatvaxling.files import write_whole
    from klimatvaxling.handovers.files import coded_vouchers, sie_bytes

    first, last = _span(period, year)
    with reading(around.url) as connection:
        vouchers = coded_vouchers(connection, Span("", first, last))
        content = sie_bytes(connection, vouchers, around.day(None), around.user)
    write_whole(out, content)
    told = translate_plural(N_("{count} voucher"), N_("{count} vouchers"), len(vouchers))
    done(translate(N_("{file}: {vouchers}."), file=out.name, vouchers=told))


def export_invoices(
    context: typer.Context,
    out: Annotated[Path, typer.Option("--output", metavar="FILE.xlsx|.csv", help=N_("The file to write."))],
    period: _Period = None,
    year: options.Year = None,
) -> None:
    """What companies are to be invoiced."""
    around: Surroundings = context.obj
    from klimatvaxling.coding.vouchers import Span
    from klimatvaxling.database.engine import reading
    from klimatvaxling.files import write_whole
    from klimatvaxling.formats import kronor
    from klimatvaxling.handovers.files import invoices
    from klimatvaxling.handovers.invoice_file import KINDS, invoice_file

    first, last = _span(period, year)
    kind = out.suffix.removeprefix(".").casefold()
    if kind not in KINDS:
        raise InvoiceFileKind(value=out.name)
    with reading(around.url) as connection:
        rows = invoices(connection, Span("", first, last))
        content = invoice_file(kind, rows)
    write_whole(out, content)
    told = translate_plural(N_("{count} row"), N_("{count} rows"), len(rows))
    amount = kronor(sum(row.amount_ore for row in rows))
    done(translate(N_("{file}: {rows}, {amount} kr."), file=out.name, rows=told, amount=amount))
    _say_what_is_missing([row.unit for row in rows if not row.customer_number])


def _say_what_is_missing(units: list[str]) -> None:
    if units:
        named = ", ".join(dict.fromkeys(units))
        done(
            translate(
                N_("Note: the coding plan has no customer number for {units}; what it does not say is left empty."),
                units=named,
            )
        )


def _span(period: str | None, year: str | None) -> tuple[str, str]:
    """The first and last day of the month or year. Raises `PeriodOrYear` or `PeriodMissing`."""
    if period is not None and year is not None:
        raise PeriodOrYear
    if period is not None:
        month = typed.month(period)
        return month.first_day.isoformat(), month.last_day.isoformat()
    if year is None:
        raise PeriodMissing
    return f"{typed.year(year)}-01-01", f"{typed.year(year)}-12-31"


def run(
    context: typer.Context,
    period: Annotated[
        str, typer.Option("--period", metavar="YYYY-MM", help=N_("Everything booked up to this month's end."))
    ],
    to: Annotated[Path, typer.Option("--to", metavar="FOLDER", help=N_("The folder the files are written to."))],
    invoices_as: Annotated[
        str, typer.Option("--invoices-as", metavar="csv|xlsx", help=N_("How the invoice list is written."))
    ] = "csv",
    dry_run: options.DryRun = False,
    output: options.Format = "table",
) -> None:
    """The monthly routine."""
    around: Surroundings = context.obj
    output_format(output)
    from klimatvaxling.database.engine import reading, writing
    from klimatvaxling.handovers.invoice_file import KINDS
    from klimatvaxling.handovers.output_file import prepare, require_free
    from klimatvaxling.handovers.register import hand_over, undelivered
    from klimatvaxling.periods.register import first_open_day
    from klimatvaxling.reports.handovers import handed_over

    month = typed.month(period)
    if invoices_as not in KINDS:
        raise InvoiceFileKind(value=invoices_as)
    folder = to.absolute()
    with _folder(folder, dry_run=dry_run):
        if not dry_run:
            with reading(around.url) as connection:
                broken_off = undelivered(connection)
            for earlier in broken_off:
                require_free(folder, earlier.contents())
                if _deliver(around, earlier, folder, prepare(folder, earlier.contents()).publish):
                    broken = N_("Handover {handover} had broken off; its files are written now.")
                    done(translate(broken, handover=earlier.id))
        prepared = None
        try:
            with writing(around.url, dry_run=dry_run) as connection:
                handover = hand_over(connection, month, invoices_as, clock=around.clock, by=around.user)
                is_open = first_open_day(connection) <= month.last_day
                if handover is not None and not dry_run:
                    require_free(folder, handover.contents())
                    prepared = prepare(folder, handover.contents())
            # From here on it is on record: what goes wrong now is mended from the books.
            if prepared is not None and handover is not None:
                _deliver(around, handover, folder, prepared.publish)
        finally:
            if prepared is not None:
                prepared.discard()
    show(handed_over(handover, str(month), str(folder), dry_run=dry_run), output)
    if handover is not None:
        told = translate_plural(N_("{count} voucher"), N_("{count} vouchers"), len(handover.vouchers))
        text = N_("{vouchers} handed over; files in {folder}.")
        if dry_run:
            text = N_("{vouchers} would be handed over; nothing is written.")
        done(translate(text, vouchers=told, folder=folder))
        if is_open:
            note = N_("Note: {period} is not closed. What is booked in it from now on goes with the next handover.")
            done(translate(note, period=month))
        if not dry_run:
            next_step("klimatvaxling handover list")


@contextlib.contextmanager
def _folder(folder: Path, *, dry_run: bool) -> Iterator[None]:
    """The folder, made if it is not there; gone again if whoever asks may not hand over. Raises `FileUnwritable`."""
    from klimatvaxling.database.faults import DatabaseFault
    from klimatvaxling.files import made_folder

    is_new = not dry_run and not folder.exists()
    if not dry_run:
        made_folder(folder)
    try:
        yield
    except DatabaseFault:
        if is_new:
            with contextlib.suppress(OSError):  # something has come into it
                folder.rmdir()
        raise


def _deliver(
    around: Surroundings, handover: "Handover", folder: Path, publish: Callable[[], None], *, once: bool = True
) -> bool:
    """Give the files their names and put it on record; False if another run has done so meanwhile, where `once` is asked.

    Raises `HandoverNotWritten`.
    """
    from klimatvaxling.database.engine import writing
    from klimatvaxling.files import FileUnwritable
    from klimatvaxling.handovers.register import delivered, last_folder, undelivered

    # Under the write lock: of two runs that find the same handover without its files, one writes them.
    with writing(around.url) as connection:
        if once and handover.id not in {each.id for each in undelivered(connection)}:
            elsewhere = last_folder(connection, handover)
            done(
                translate(
                    N_("Another run wrote the files of handover {handover}, to {folder}."),
                    handover=handover.id,
                    folder=elsewhere,
                )
            )
            return False
        try:
            publish()
        except FileUnwritable as fault:
            raise HandoverNotWritten(handover=handover.id, what=fault.what()) from None
        delivered(connection, handover, folder, clock=around.clock, by=around.user)
    return True


def again(
    context: typer.Context,
    handover: Annotated[
        str, typer.Argument(metavar="ID", help=N_("The handover's number, as handover list shows it."))
    ],
    to: _Folder = None,
    output: options.Format = "table",
) -> None:
    """Write the files of a handover again, byte for byte."""
    around: Surroundings = context.obj
    output_format(output)
    from klimatvaxling.database.engine import reading
    from klimatvaxling.files import made_folder
    from klimatvaxling.handovers.output_file import prepare, require_free
    from klimatvaxling.handovers.register import last_folder, require_handover
    from klimatvaxling.reports.handovers import handed_over

    key = count(handover)
    with reading(around.url) as connection:
        known = require_handover(connection, key)
        folder = to.absolute() if to is not None else last_folder(connection, known)
    made_folder(folder)
    require_free(folder, known.contents())
    _deliver(around, known, folder, prepare(folder, known.contents()).publish, once=False)
    show(handed_over(known, known.period, str(folder), dry_run=False), output)
    done(translate(N_("Handover {handover} is written again; files in {folder}."), handover=known.id, folder=folder))


def list_handovers(
    context: typer.Context,
    as_of: options.RegisteredUntil = None,
    known_at: options.KnownAt = None,
    output: options.Format = "table",
) -> None:
    """Every handover."""
    around: Surroundings = context.obj
    from klimatvaxling.reports.handovers import handovers

    present(around, output, lambda books: handovers(books, around.registered_until(as_of, known_at)))


COMMANDS = (
    (
        "export sie",
        N_("Write the vouchers of administrations and the fund as SIE 4I, by the coding plan. Posts nothing."),
        "export sie --period 2025-03 --output mars.si",
        export_sie,
    ),
    (
        "export invoices",
        N_("Write what companies are to be invoiced, by the policy company_invoicing. Posts nothing."),
        "export invoices --year 2025 --output fakturor.xlsx",
        export_invoices,
    ),
    (
        "handover run",
        N_(
            "Hand over everything up to a month that has not left yet: SIE and invoice files, on record. Posts nothing."
        ),
        "handover run --period 2025-03 --to overlamning",
        run,
    ),
    ("handover list", N_("Show what has been handed over, and when. Posts nothing."), "handover list", list_handovers),
    (
        "handover again",
        N_("Write the files of a handover once more, byte for byte as they were. Posts nothing."),
        "handover again 3 --to overlamning",
        again,
    ),
)
