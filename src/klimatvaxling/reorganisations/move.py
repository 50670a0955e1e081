"""Moving own funds between units: each lot keeps its key and its age, a debt follows in a merger."""

from collections.abc import Sequence

from klimatvaxling import formats
from klimatvaxling.errors import StateRefused
from klimatvaxling.fund.fund import require_positive
from klimatvaxling.language import N_
from klimatvaxling.ledger.accounts import OWN_FUNDS
from klimatvaxling.ledger.voucher import Posting, VoucherDraft
from klimatvaxling.lots.lot import Take, oldest_first, take_oldest_first
from klimatvaxling.lots.own_funds import OwnFunds, taken
from klimatvaxling.lots.retention import Retention
from klimatvaxling.measures.measure import OwnFundsShort
from klimatvaxling.units.unit import Unit


class AnotherKind(StateRefused):
    """An administration and a company: legal persons apart."""

    code = "KV-UNIT-ANOTHER-KIND"
    message = N_("{unit} and {other} are of different kinds: nothing moves between an administration and a company.")
    remedy = N_("Choose a unit of the same kind. See them with: klimatvaxling unit list")


class IntoItself(StateRefused):
    """A unit and itself."""

    code = "KV-UNIT-ITSELF"
    message = N_("{unit} cannot be merged with or transfer to itself.")
    remedy = N_("Name another unit.")


class MergedAlready(StateRefused):
    """A unit that is part of another by now."""

    code = "KV-UNIT-MERGED"
    message = N_("{unit} was merged into {other} on {day}.")
    remedy = N_("Use {other} instead.")


def require_movable(source: Unit, target: Unit) -> None:
    """Refuse another kind and the unit itself. Raises `IntoItself` or `AnotherKind`."""
    if source.id == target.id:
        raise IntoItself(unit=source.code)
    if source.kind != target.kind:
        raise AnotherKind(unit=source.code, other=target.code)


def merger_voucher(
    source: Unit, target: Unit, funds: OwnFunds, day: str, *, description: str, decision: str
) -> VoucherDraft | None:
    """Everything that is left of the source's lots, due ones too, and its debt; None where there is nothing."""
    takes = [
        Take(lot.id, left)
        for lot in oldest_first(funds.lots.values())
        if lot.lot_on <= day and (left := lot.least_left(day))
    ]
    postings = _moved(source, target, takes)
    owed = funds.owed(day)
    if owed:
        postings += [Posting(OWN_FUNDS, -owed, source.id), Posting(OWN_FUNDS, owed, target.id)]
    if not postings:
        return None
    return VoucherDraft(source.series, day, "merge", description, tuple(postings), evidence=decision)


def transfer_voucher(
    source: Unit,
    target: Unit,
    funds: OwnFunds,
    retention: Retention,
    amount_ore: int,
    day: str,
    *,
    description: str,
    decision: str,
) -> VoucherDraft:
    """A part of what the source may use, oldest lot first. Raises `AmountNotPositive` or `OwnFundsShort`."""
    require_positive(amount_ore)
    usable = [lot for lot in funds.lots.values() if not retention.is_due(lot.lot_on, day)]
    takes, missing = take_oldest_first(usable, amount_ore, day)
    if missing:
        available = formats.kronor(amount_ore - missing)
        raise OwnFundsShort(unit=source.code, available=available, missing=formats.kronor(missing), day=day)
    postings = tuple(_moved(source, target, takes))
    return VoucherDraft(source.series, day, "transfer", description, postings, evidence=decision)


def _moved(source: Unit, target: Unit, takes: Sequence[Take]) -> list[Posting]:
    received = [Posting(OWN_FUNDS, -take.amount_ore, target.id, lot_id=take.lot_id) for take in takes]
    return [*taken(source.id, takes), *received]
