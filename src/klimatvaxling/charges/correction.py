"""The correction that lowers a charge: whose money it takes, in which order.

First from the charge's own lot; then from what the shared fund got from that lot, as far as the fund has it available;
then from the unit's other open lots, oldest first; what is still missing is a debt that the next charges fill.
"""

from collections.abc import Mapping, Sequence

from klimatvaxling.charges.voucher import ChargeLine
from klimatvaxling.exact import share_out
from klimatvaxling.fund.fund import Fund
from klimatvaxling.ledger.accounts import FUND_AVAILABLE, OWN_FUNDS
from klimatvaxling.ledger.voucher import Posting, VoucherDraft
from klimatvaxling.lots.lot import Take, least_left
from klimatvaxling.lots.own_funds import OwnFunds
from klimatvaxling.units.unit import Unit

# Stands for the part of a credit that no lot had and that was carried as a debt.
_THE_DEBT = 0


def amendment_voucher(
    lines: Sequence[ChargeLine],
    unit: Unit,
    funds: OwnFunds,
    fund: Fund,
    falls: Mapping[int | None, int],
    new_lot_id: int,
) -> VoucherDraft:
    """One unit's correction voucher: per category and rate the change in grams, new less old, rounded once.

    A net rise is a lot of its own. A net fall is shared over the lots the amended trips were charged in, by how much
    the trips of each fell (`falls`, below zero where they rose; None where the charge had no lot).
    """
    day = lines[0].key.booked_on
    expenses = [line.expense() for line in lines]
    total = sum(posting.amount_ore for posting in expenses)
    if total >= 0:
        filling, left = funds.fill_debt_first(total, day)
        own = [*filling, Posting(OWN_FUNDS, -left, unit.id, lot_id=new_lot_id)]
    else:
        # Rounding alone can lower the voucher where no lot's trips fell, and a credit can come from another unit.
        fallen = sorted(falls, key=lambda lot_id: (lot_id is None, lot_id)) or [None]
        shares = share_out(-total, [max(0, falls.get(lot_id, 0)) for lot_id in fallen])
        own = lowered_charge(funds, fund, list(zip(fallen, shares, strict=True)), day)
    opens_lot_on = day if total >= 0 else None
    return VoucherDraft(
        unit.series,
        day,
        "amendment",
        "",
        (*expenses, *own),
        lot_unit_id=unit.id if opens_lot_on else None,
        opens_lot_on=opens_lot_on,
    )


def undone_postings(
    original: Sequence[Posting], lines: Sequence[Posting], lot_id: int | None, funds: OwnFunds, fund: Fund, day: str
) -> tuple[list[Posting], int]:
    """The own-funds side of undoing a voucher of charges, and what is left over for a lot of its own.

    `lines` are the mirrored fee lines, `lot_id` the lot the original opened. A credit's money fills a debt first and
    goes back into the lots it came from.
    """
    total = -sum(posting.amount_ore for posting in lines)
    if total == 0:
        return [Posting(OWN_FUNDS, 0, funds.unit_id, lot_id=lot_id)], 0
    if lot_id is not None or total > 0:
        return lowered_charge(funds, fund, [(lot_id, total)], day), 0
    takes = [
        Take(posting.lot_id, posting.amount_ore)
        for posting in original
        if posting.account in (OWN_FUNDS, FUND_AVAILABLE) and posting.lot_id is not None
    ]
    debt = Take(_THE_DEBT, -total - sum(take.amount_ore for take in takes))
    postings = funds.put_back([debt, *takes] if debt.amount_ore else takes, day)
    left_over = -sum(posting.amount_ore for posting in postings if posting.lot_id == _THE_DEBT)
    return [posting for posting in postings if posting.lot_id != _THE_DEBT], left_over


def lowered_charge(funds: OwnFunds, fund: Fund, own: Sequence[tuple[int | None, int]], day: str) -> list[Posting]:
    """The postings that pay for lowering charges by `own`: lots the charges made, and öre for each, in order.

    Due lots may be taken from. The amounts are positive. A charge without a lot (None) starts at the other open lots.
    """
    postings: list[Posting] = []
    missing = 0
    for lot_id, amount_ore in own:
        if lot_id is None:
            missing += amount_ore
            continue
        lot = funds.lots[lot_id]
        from_lot = min(amount_ore, lot.least_left(day))
        swept = min(max(0, least_left(lot.swept, day)), fund.available(day))
        from_fund = min(amount_ore - from_lot, swept)
        step = [
            Posting(account, amount, funds.unit_id, lot_id=lot_id)
            for account, amount in ((OWN_FUNDS, from_lot), (FUND_AVAILABLE, from_fund))
            if amount
        ]
        funds, fund = funds.after(step, day), fund.after(step, day)
        postings += step
        missing += amount_ore - from_lot - from_fund
    return [*postings, *funds.take_oldest_first(missing, day)] if missing else postings
