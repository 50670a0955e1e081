"""Undoing a batch: each of its vouchers is taken back by a new one, and its trips can be imported again."""

import datetime
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, text

from klimatvaxling import __version__
from klimatvaxling.batches.batch import BatchAmended, BatchIsUndoing, BatchUndone, NothingToUndo, UnknownBatch
from klimatvaxling.batches.digest import batch_digest, pages_digest, reversals_digest
from klimatvaxling.batches.store import REVERSAL
from klimatvaxling.charges.correction import undone_postings
from klimatvaxling.clock import Clock, stamp, today
from klimatvaxling.database.bulk import insert_rows, next_key
from klimatvaxling.fund.fund import Fund
from klimatvaxling.fund.register import fund_in
from klimatvaxling.language import N_, translate
from klimatvaxling.ledger.accounts import FEE_EXPENSE, OWN_FUNDS
from klimatvaxling.ledger.booking import booking_day
from klimatvaxling.ledger.posting_door import post
from klimatvaxling.ledger.voucher import Posting, VoucherDraft, lot_opened_by
from klimatvaxling.lots.own_funds import OwnFunds
from klimatvaxling.lots.register import own_funds_of
from klimatvaxling.units.register import directory

_COUNTS = ("rows_read", "rows_posted", "rows_already_imported", "rows_outside_scheme", "rows_rejected", "rows_held")
# Trips of the batch, by the pages it wrote them on.
_OF_THE_BATCH = (
    "t.id BETWEEN (SELECT min(first_trip_id) FROM batch_page WHERE batch_id = :batch)"
    " AND (SELECT max(last_trip_id) FROM batch_page WHERE batch_id = :batch)"
)

_REVERSED_AT_ONCE = 5_000


@dataclass(frozen=True)
class Undone:
    """What was taken back: grams and öre are below zero where the batch had charged."""

    batch_id: int
    undoes_id: int
    booked_on: str
    co2_g: int
    charged_ore: int
    vouchers: tuple[str, ...]


@dataclass(frozen=True)
class _Voucher:
    id: int
    code: str
    series: str
    unit_code: str
    unit_id: int
    lot_id: int | None
    booked_on: str
    postings: tuple[Posting, ...]


def undo_batch(
    connection: Connection, key: int, reason: str, booked_on: datetime.date | None, *, clock: Clock, by: str
) -> Undone:
    """Take back everything a batch charged, within the caller's write transaction.

    Raises `UnknownBatch`, `BatchUndone`, `BatchIsUndoing`, `BatchAmended`, `NothingToUndo` or `BookedTooEarly`.
    """
    _require_undoable(connection, key)
    originals = _vouchers(connection, key)
    if not originals:
        raise NothingToUndo(batch=key)
    day = booking_day(booked_on, today(clock), max(voucher.booked_on for voucher in originals))
    undo_id, charge_id = next_key(connection, "batch"), next_key(connection, "charge")
    successor = directory(connection).successor
    originals = [replace(voucher, unit_id=successor(voucher.unit_id)) for voucher in originals]
    mirrored = _mirror(connection, key, undo_id, charge_id, day, successor)
    drafts = _drafts(connection, originals, {old: new for new, old in mirrored}, day, reason.strip())
    sha256 = _seal(connection, key, undo_id, drafts, reason.strip(), clock, by)
    drafts = [replace(draft, batch_id=undo_id, batch_sha256=sha256) for draft in drafts]
    vouchers = post(connection, drafts, clock=clock, made_by=by)
    lines = [posting for draft in drafts for posting in draft.postings if posting.account == FEE_EXPENSE]
    return Undone(
        undo_id,
        key,
        day,
        sum(line.co2_g or 0 for line in lines),
        sum(line.amount_ore for line in lines),
        tuple(voucher.code for voucher in vouchers),
    )


def _require_undoable(connection: Connection, key: int) -> None:
    row = connection.execute(
        text("SELECT b.undoes_id, u.id AS undo FROM batch b LEFT JOIN batch u ON u.undoes_id = b.id WHERE b.id = :id"),
        {"id": key},
    ).one_or_none()
    if row is None:
        raise UnknownBatch(batch=key)
    if row.undoes_id is not None:
        raise BatchIsUndoing(batch=key, undone=row.undoes_id)
    if row.undo is not None:
        raise BatchUndone(batch=key, undo=row.undo)
    amendment = connection.execute(
        text(
            "SELECT max(c.batch_id) FROM trip t JOIN trip_reversal r ON r.trip_row_id = t.id"
            f" JOIN charge c ON c.id = r.charge_id WHERE {_OF_THE_BATCH}"
            " AND (SELECT sum(sign) FROM trip_reversal s WHERE s.trip_row_id = t.id) < 0 AND r.sign < 0"
        ),
        {"batch": key},
    ).scalar()
    if amendment is not None:
        raise BatchAmended(batch=key, amendment=amendment)


def _vouchers(connection: Connection, key: int) -> list[_Voucher]:
    """The batch's vouchers by unit code, the newest of a unit first."""
    found = connection.execute(
        text(
            "SELECT v.id, v.code, v.series, v.booked_on, l.voucher_id AS lot_id, u.id AS unit_id, u.code AS unit_code"
            " FROM voucher v LEFT JOIN lot l ON l.voucher_id = v.id JOIN unit u ON u.id ="
            " (SELECT min(unit_id) FROM posting WHERE voucher_id = v.id) WHERE v.batch_id = :batch"
            " ORDER BY u.code, v.id DESC"
        ),
        {"batch": key},
    ).all()
    vouchers = []
    for row in found:
        lines = connection.execute(
            text(
                "SELECT account, amount_ore, unit_id, lot_id, charge_id, co2_g FROM posting WHERE voucher_id = :id"
                " ORDER BY line"
            ),
            {"id": row.id},
        )
        postings = tuple(Posting(*line) for line in lines)
        vouchers.append(
            _Voucher(row.id, row.code, row.series, row.unit_code, row.unit_id, row.lot_id, row.booked_on, postings)
        )
    return vouchers


def _mirror(
    connection: Connection, key: int, undo_id: int, first_charge_id: int, day: str, successor: Callable[[int], int]
) -> list[tuple[int, int]]:
    """Write a charge line for each of the batch, and take its trips back; gives the pairs of new and old key.

    A line of a unit that was merged since follows it.

    What the batch itself had taken back, as an amendment does, is restored.
    """
    charges = connection.execute(
        text("SELECT id, unit_id, category, rate_id FROM charge WHERE batch_id = :batch ORDER BY id"), {"batch": key}
    ).all()
    rows = [
        (first_charge_id + index, undo_id, successor(row.unit_id), row.category, row.rate_id, day, 0, row.id)
        for index, row in enumerate(charges)
    ]
    columns = ("id", "batch_id", "unit_id", "category", "rate_id", "booked_on", "is_amendment", "mirrors_id")
    insert_rows(connection, "charge", columns, rows)
    taken_back = (
        f"SELECT t.id, c.id, -1 FROM trip t JOIN charge c ON c.mirrors_id = t.charge_id WHERE {_OF_THE_BATCH}"
        " AND c.batch_id = :undo AND t.id > :after ORDER BY t.id LIMIT :most"
    )
    restored = (
        "SELECT r.trip_row_id, c.id, 1 FROM trip_reversal r JOIN charge c ON c.mirrors_id = r.charge_id"
        " WHERE c.batch_id = :undo AND r.sign < 0 AND r.trip_row_id > :after ORDER BY r.trip_row_id LIMIT :most"
    )
    for statement in (taken_back, restored):
        after = 0
        while found := connection.execute(
            text(statement), {"batch": key, "undo": undo_id, "after": after, "most": _REVERSED_AT_ONCE}
        ).all():
            insert_rows(connection, "trip_reversal", REVERSAL, [tuple(row) for row in found])
            after = found[-1][0]
    return [(int(str(row[0])), int(str(row[-1]))) for row in rows]


def _drafts(
    connection: Connection, originals: Sequence[_Voucher], new_line: dict[int, int], day: str, reason: str
) -> list[VoucherDraft]:
    """A voucher for each of the batch, as its mirror; each sees what the ones before it took."""
    own_funds: dict[int, OwnFunds] = own_funds_of(connection, sorted({voucher.unit_id for voucher in originals}))
    fund: Fund = fund_in(connection)
    drafts: list[VoucherDraft] = []
    for original in originals:
        funds = own_funds[original.unit_id]
        lines = [
            Posting(FEE_EXPENSE, -line.amount_ore, original.unit_id, None, new_line[line.charge_id], -(line.co2_g or 0))
            for line in original.postings
            if line.charge_id is not None
        ]
        own, left_over = undone_postings(original.postings, lines, original.lot_id, funds, fund, day)
        if left_over:
            own = [*own, Posting(OWN_FUNDS, -left_over, original.unit_id, lot_id=lot_opened_by(len(drafts)))]
        opens_lot_on = day if left_over else None
        postings = (*lines, *own)
        own_funds[original.unit_id] = funds.after(postings, day, opens_lot_on)
        fund = fund.after(postings, day)
        drafts.append(
            VoucherDraft(
                original.series,
                day,
                "undo",
                translate(N_("Undoing of {voucher}: {reason}"), voucher=original.code, reason=reason or "-"),
                postings,
                corrects_id=original.id,
                lot_unit_id=original.unit_id if left_over else None,
                opens_lot_on=opens_lot_on,
            )
        )
    return drafts


def _seal(
    connection: Connection, key: int, undo_id: int, drafts: Sequence[VoucherDraft], reason: str, clock: Clock, by: str
) -> str:
    """Write the row of the batch that undoes; gives its digest."""
    old = connection.execute(text("SELECT * FROM batch WHERE id = :id"), {"id": key}).mappings().one()
    lines = [posting for draft in drafts for posting in draft.postings if posting.account == FEE_EXPENSE]
    reversals = connection.execute(
        text(
            f"SELECT {', '.join('r.' + name for name in REVERSAL)} FROM trip_reversal r"
            " JOIN charge c ON c.id = r.charge_id WHERE c.batch_id = :undo ORDER BY r.id"
        ),
        {"undo": undo_id},
    )
    changed: dict[str, Any] = {
        "id": undo_id,
        **dict.fromkeys(_COUNTS, 0),
        "co2_g": sum(line.co2_g or 0 for line in lines),
        "charged_ore": sum(line.amount_ore for line in lines),
        "trips_sha256": pages_digest([]),
        "reversals_sha256": reversals_digest(tuple(row) for row in reversals),
        "undoes_id": key,
        "reason": reason,
        "outside": "",
        "registered_at": stamp(clock()),
        "registered_by": by,
        "program_version": __version__,
    }
    row = {name: changed.get(name, value) for name, value in old.items() if name != "sha256"}
    charges = connection.execute(
        text(
            "SELECT id, unit_id, category, rate_id, booked_on, is_amendment, mirrors_id FROM charge"
            " WHERE batch_id = :undo ORDER BY id"
        ),
        {"undo": undo_id},
    ).all()
    sha256 = batch_digest(row, charges, [])
    insert_rows(connection, "batch", (*row, "sha256"), [(*row.values(), sha256)])
    return sha256
