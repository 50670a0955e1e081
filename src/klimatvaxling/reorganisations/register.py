"""Mergers and transfers in the books."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from klimatvaxling.clock import Clock, stamp
from klimatvaxling.database.bulk import insert_rows
from klimatvaxling.language import N_, translate
from klimatvaxling.ledger.posting_door import post
from klimatvaxling.ledger.voucher import Voucher
from klimatvaxling.lots.register import own_funds_of
from klimatvaxling.lots.retention import Retention
from klimatvaxling.policies.policy import required_decision
from klimatvaxling.policies.register import all_values
from klimatvaxling.reorganisations.move import MergedAlready, merger_voucher, require_movable, transfer_voucher
from klimatvaxling.units.directory import Directory
from klimatvaxling.units.register import directory, end
from klimatvaxling.units.unit import Unit

_A_DAY = datetime.timedelta(days=1)


@dataclass(frozen=True)
class Merged:
    """The units that were merged, and the voucher of each; None where it had nothing left."""

    into: Unit
    units: tuple[Unit, ...]
    vouchers: tuple[Voucher | None, ...]


def merge(
    connection: Connection,
    codes: Sequence[str],
    into: str,
    booked_on: datetime.date,
    decision: str,
    *,
    clock: Clock,
    by: str,
) -> Merged:
    """Merge units into another of the same kind: what is left of their lots, and their debts, are its own from that day.

    Each ends the day before. Raises `UnknownUnit`, `UnitNotValid`, `IntoItself`, `AnotherKind`, `MergedAlready` or
    `DecisionMissing`.
    """
    reference = required_decision(decision)
    known = directory(connection)
    target = known.valid(into, booked_on)
    sources = [_unmerged(known, code, booked_on) for code in dict.fromkeys(code.strip() for code in codes)]
    vouchers: list[Voucher | None] = []
    for source in sources:
        require_movable(source, target)
        draft = merger_voucher(
            source,
            target,
            own_funds_of(connection, [source.id])[source.id],
            booked_on.isoformat(),
            description=translate(N_("{unit} is merged into {other}"), unit=source.code, other=target.code),
            decision=reference,
        )
        vouchers.append(post(connection, [draft], clock=clock, made_by=by)[0] if draft else None)
        row = (source.id, target.id, booked_on.isoformat(), reference, stamp(clock()), by)
        insert_rows(connection, "unit_merger", _MERGER, [row])
        end(connection, source.code, booked_on - _A_DAY, clock=clock, by=by)
    return Merged(target, tuple(sources), tuple(vouchers))


def transfer(
    connection: Connection,
    code: str,
    to: str,
    amount_ore: int,
    booked_on: datetime.date,
    decision: str,
    *,
    clock: Clock,
    by: str,
) -> Voucher:
    """Move a part of a unit's own funds to another of the same kind, with the ages of its lots.

    Raises `UnknownUnit`, `UnitNotValid`, `IntoItself`, `AnotherKind`, `AmountNotPositive`, `OwnFundsShort` or
    `DecisionMissing`.
    """
    reference = required_decision(decision)
    known = directory(connection)
    source, target = known.valid(code, booked_on), known.valid(to, booked_on)
    require_movable(source, target)
    draft = transfer_voucher(
        source,
        target,
        own_funds_of(connection, [source.id])[source.id],
        Retention(all_values(connection)),
        amount_ore,
        booked_on.isoformat(),
        description=translate(N_("Transfer from {unit} to {other}"), unit=source.code, other=target.code),
        decision=reference,
    )
    return post(connection, [draft], clock=clock, made_by=by)[0]


def _unmerged(known: Directory, code: str, day: datetime.date) -> Unit:
    found = known.find(code)
    merger = known.mergers.get(found.id) if found else None
    if found and merger:
        raise MergedAlready(unit=found.code, other=known.newest_of(merger.into_id).code, day=merger.merged_on)
    return known.valid(code, day)


_MERGER = ("unit_id", "into_id", "merged_on", "decision", "registered_at", "registered_by")
