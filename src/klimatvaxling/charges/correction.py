"""The correction that lowers a charge: whose money it takes, in which order.

First from the charge's own lot; then from what the shared fund got from that lot, as far as the fund has it available;
then from the unit's other open lots, oldest first; what is still missing is a debt that the next charges fill.
"""

from collections.abc import Sequence

from klimatvaxling.fund.fund import Fund
from klimatvaxling.ledger.accounts import FUND_AVAILABLE, OWN_FUNDS
from klimatvaxling.ledger.voucher import Posting
from klimatvaxling.lots.lot import least_left
from klimatvaxling.lots.own_funds import OwnFunds


def lowered_charge(funds: OwnFunds, fund: Fund, own: Sequence[tuple[int, int]], day: str) -> list[Posting]:
    """The postings that pay for lowering charges by `own`: lots the charges made, and öre for each, in order.

    Due lots may be taken from. The amounts are positive.
    """
    postings: list[Posting] = []
    missing = 0
    for lot_id, amount_ore in own:
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
