"""Handovers in the books: every voucher leaves once, with files that can be written again as they were.

The order of things is what keeps a crash from losing or doubling anything. The files are first written under passing
names; then vouchers and files, with their bytes, are put on record in one transaction; only then do the files get
their names. Before the record nothing has left; after it the bytes are in the books, and what is missing in the folder
is written from there, by the next `run` or by `again`. Vouchers on record are never taken a second time.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, text

from klimatvaxling import __version__
from klimatvaxling.clock import Clock, stamp, today
from klimatvaxling.coding.vouchers import Span, booked
from klimatvaxling.database.bulk import insert_rows, next_key
from klimatvaxling.errors import InputRefused, StateRefused
from klimatvaxling.handovers.files import Coded, coded_vouchers, invoices, sie_bytes
from klimatvaxling.handovers.invoice_file import invoice_file
from klimatvaxling.language import N_
from klimatvaxling.ledger import chain
from klimatvaxling.ledger.voucher import COMPANIES
from klimatvaxling.typed import Month


class UnknownHandover(InputRefused):
    """No handover of that number."""

    code = "KV-HANDOVER-UNKNOWN"
    message = N_("There is no handover {handover}.")
    remedy = N_("See them with: klimatvaxling handover list")


class HandoverDamaged(StateRefused):
    """A file on record is not what was handed over."""

    code = "KV-HANDOVER-DAMAGED"
    message = N_("{file} of handover {handover} is not what was handed over: its hash differs. Nothing is written.")
    remedy = N_("Somebody has changed the books. Run klimatvaxling check, and compare with the latest backup.")


class HandoverNowhere(StateRefused):
    """Nobody has said where the files belong."""

    code = "KV-HANDOVER-FOLDER"
    message = N_("The files of handover {handover} were never written, so there is no folder to write them to again.")
    remedy = N_("Name the folder: klimatvaxling handover again {handover} --to FOLDER")


@dataclass(frozen=True)
class HandoverFile:
    """A file as it was handed over."""

    name: str
    content: bytes
    sha256: str


@dataclass(frozen=True)
class Handover:
    """A handover: the month it was for, the vouchers that left by number, the files."""

    id: int
    period: str
    vouchers: tuple[str, ...]
    files: tuple[HandoverFile, ...]

    def contents(self) -> dict[str, bytes]:
        """The files' bytes by name."""
        return {file.name: file.content for file in self.files}


def hand_over(connection: Connection, period: Month, invoices_as: str, *, clock: Clock, by: str) -> Handover | None:
    """Put everything on record that was booked up to the month's end and has not left before; None if there is nothing.

    `invoices_as` is `csv` or `xlsx`. One SIE file for each fiscal year, since numbers begin anew with it. Raises
    `CodingMissing`, `TemplateMissing`, `CostCentreMissing` or `CounterpartMissing`.
    """
    span = Span("", "", period.last_day.isoformat(), handed_over=False)
    coded = coded_vouchers(connection, span)
    companies = booked(connection, Span(COMPANIES, span.first, span.last, handed_over=False), with_shares=False)
    if not coded and not companies:
        return None
    key = next_key(connection, "handover")
    day = today(clock)
    stem = f"klimatvaxling-{key:04d}-{period}"
    contents = {
        f"{stem}-{year}.si": sie_bytes(connection, of_year, day, by) for year, of_year in _by_year(coded).items()
    }
    rows = invoices(connection, span)
    if rows:
        contents[f"{stem}-invoices.{invoices_as}"] = invoice_file(invoices_as, rows)
    files = tuple(
        HandoverFile(name, content, hashlib.sha256(content).hexdigest()) for name, content in contents.items()
    )
    vouchers = sorted([*(each.voucher for each in coded), *companies], key=lambda voucher: voucher.id)
    _write(connection, key, period, [voucher.id for voucher in vouchers], files, stamp(clock()), by)
    return Handover(key, str(period), tuple(voucher.code for voucher in vouchers), files)


def _by_year(coded: Sequence[Coded]) -> dict[int, list[Coded]]:
    years: dict[int, list[Coded]] = {}
    for each in coded:
        years.setdefault(each.voucher.fiscal_year, []).append(each)
    return years


def _write(
    connection: Connection,
    key: int,
    period: Month,
    voucher_ids: Sequence[int],
    files: Sequence[HandoverFile],
    registered_at: str,
    by: str,
) -> None:
    head = chain.head(connection).hash
    # The handover's own row comes last: it seals the rest.
    left = [(voucher_id, key) for voucher_id in voucher_ids]
    insert_rows(connection, "handover_voucher", ("voucher_id", "handover_id"), left)
    rows = [(key, file.name, file.content, file.sha256, len(file.content)) for file in files]
    insert_rows(connection, "handover_file", ("handover_id", "name", "content", "sha256", "size_bytes"), rows)
    columns = ("id", "period", "head", "program_version", "registered_at", "registered_by")
    insert_rows(connection, "handover", columns, [(key, str(period), head, __version__, registered_at, by)])


def delivered(connection: Connection, handover: Handover, folder: Path, *, clock: Clock, by: str) -> None:
    """Put on record that the files stand complete in a folder."""
    columns = ("handover_id", "folder", "delivered_at", "delivered_by")
    insert_rows(connection, "handover_delivery", columns, [(handover.id, str(folder), stamp(clock()), by)])


def undelivered(connection: Connection) -> list[Handover]:
    """Handovers on record whose files may never have been written: something broke off in between."""
    keys = connection.execute(
        text(
            "SELECT id FROM handover h WHERE NOT EXISTS (SELECT 1 FROM handover_delivery d WHERE d.handover_id = h.id)"
            " ORDER BY id"
        )
    ).scalars()
    return [require_handover(connection, key) for key in keys.all()]


def require_handover(connection: Connection, key: int) -> Handover:
    """A handover as it is on record. Raises `UnknownHandover` or `HandoverDamaged`."""
    row = connection.execute(text("SELECT period FROM handover WHERE id = :id"), {"id": key}).one_or_none()
    if row is None:
        raise UnknownHandover(handover=key)
    vouchers = connection.execute(
        text(
            "SELECT v.code FROM handover_voucher h JOIN voucher v ON v.id = h.voucher_id WHERE h.handover_id = :id"
            " ORDER BY v.id"
        ),
        {"id": key},
    ).scalars()
    files = [
        HandoverFile(file.name, bytes(file.content), file.sha256)
        for file in connection.execute(
            text("SELECT name, content, sha256 FROM handover_file WHERE handover_id = :id ORDER BY id"), {"id": key}
        )
    ]
    for file in files:
        if hashlib.sha256(file.content).hexdigest() != file.sha256:
            raise HandoverDamaged(file=file.name, handover=key)
    return Handover(key, row.period, tuple(vouchers), tuple(files))


def last_folder(connection: Connection, handover: Handover) -> Path:
    """Where its files were last written. Raises `HandoverNowhere`."""
    folder = connection.execute(
        text("SELECT folder FROM handover_delivery WHERE handover_id = :id ORDER BY id DESC LIMIT 1"),
        {"id": handover.id},
    ).scalar()
    if folder is None:
        raise HandoverNowhere(handover=handover.id)
    return Path(folder)
