"""The one door through which anything is posted: balanced, numbered, linked, sealed."""

import datetime
import secrets
from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection, text

from klimatvaxling.canonical import sha256_of
from klimatvaxling.clock import Clock, after, stamp
from klimatvaxling.database.bulk import insert_rows
from klimatvaxling.ledger.voucher import Posting, Voucher, VoucherDraft, canonical
from klimatvaxling.periods.register import require_open


class Unbalanced(Exception):
    """A draft whose postings do not sum to zero: a fault of the program, never of the user."""


def post(connection: Connection, drafts: Sequence[VoucherDraft], *, clock: Clock, made_by: str) -> list[Voucher]:
    """Post `drafts` in order within the caller's write transaction; gives the vouchers with their numbers.

    Raises `PeriodClosed` for a booking date in a closed month.
    """
    if not drafts:
        return []
    require_open(connection, *(datetime.date.fromisoformat(draft.booked_on) for draft in drafts))
    chain = _Chain(connection)
    first = chain.position + 1
    vouchers, voucher_rows, posting_rows, lot_rows = [], [], [], []
    for draft in drafts:
        if sum(posting.amount_ore for posting in draft.postings) != 0 or len(draft.postings) < 2:
            raise Unbalanced(draft)
        voucher = chain.next(draft, clock, made_by)
        postings = [_with_lot_key(posting, first) for posting in draft.postings]
        chain.head = sha256_of(canonical(voucher, postings, draft.opens_lot_on))
        vouchers.append(voucher)
        voucher_rows.append((*vars(voucher).values(), chain.head))
        posting_rows += [(voucher.id, line, *vars(posting).values()) for line, posting in enumerate(postings, start=1)]
        if draft.opens_lot_on is not None:
            lot_rows.append((voucher.id, draft.lot_unit_id, draft.opens_lot_on))
    # The voucher's own row comes last: it seals what stands before it.
    insert_rows(connection, "lot", ("voucher_id", "unit_id", "lot_on"), lot_rows)
    insert_rows(connection, "posting", ("voucher_id", "line", *Posting.__dataclass_fields__), posting_rows)
    insert_rows(connection, "voucher", (*Voucher.__dataclass_fields__, "hash"), voucher_rows)
    return vouchers


def _with_lot_key(posting: Posting, first: int) -> Posting:
    """A mark from `lot_opened_by` becomes the key: the lot has the key of the voucher that opens it."""
    if posting.lot_id is None or posting.lot_id >= 0:
        return posting
    return replace(posting, lot_id=first - posting.lot_id - 1)


class _Chain:
    """The end of the chain and of each number series, read once under the write lock."""

    def __init__(self, connection: Connection) -> None:
        last = connection.execute(
            text("SELECT id, hash, registered_at FROM voucher ORDER BY id DESC LIMIT 1")
        ).one_or_none()
        self.position: int = last.id if last else 0
        self.registered_at: str | None = last.registered_at if last else None
        self.head: str = last.hash if last else connection.execute(text("SELECT nonce FROM book")).scalar_one()
        self.numbers: dict[tuple[str, int], int] = {
            (series, year): number
            for series, year, number in connection.execute(
                text("SELECT series, fiscal_year, max(number) FROM voucher GROUP BY series, fiscal_year")
            )
        }

    def next(self, draft: VoucherDraft, clock: Clock, made_by: str) -> Voucher:
        year = int(draft.booked_on[:4])
        number = self.numbers[draft.series, year] = self.numbers.get((draft.series, year), 0) + 1
        self.position += 1
        self.registered_at = after(stamp(clock()), self.registered_at)
        return Voucher(
            id=self.position,
            code=f"{draft.series}{year}-{number}",
            series=draft.series,
            fiscal_year=year,
            number=number,
            booked_on=draft.booked_on,
            registered_at=self.registered_at,
            event=draft.event,
            description=draft.description,
            made_by=made_by,
            evidence=draft.evidence,
            corrects_id=draft.corrects_id,
            batch_id=draft.batch_id,
            batch_sha256=draft.batch_sha256,
            application_id=draft.application_id,
            nonce=secrets.token_hex(16),
            previous_hash=self.head,
        )
