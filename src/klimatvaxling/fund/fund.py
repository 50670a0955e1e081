"""The shared fund's money: what is available on a day, and what is appropriated to it or returned to the budget.

The fund is one for the municipality. What it got from a lot is posted with that lot, so that every krona in it can be
followed back, and can be given back.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from klimatvaxling import formats
from klimatvaxling.errors import InputRefused, StateRefused
from klimatvaxling.language import N_
from klimatvaxling.ledger.accounts import APPROPRIATION, FUND_AVAILABLE
from klimatvaxling.ledger.voucher import ADMINISTRATIONS, Posting, VoucherDraft
from klimatvaxling.lots.lot import Movement, least_left


class FundShort(StateRefused):
    """The fund does not have the money on that day or a later one."""

    code = "KV-FUND-SHORT"
    message = N_("The shared fund has {available} kr available on {day}; {missing} kr are missing.")
    remedy = N_("See what came in, went out and is reserved with: klimatvaxling fund")
    explanation = N_(
        "What can be taken from the fund on a day is the least it has on that day or any later booking date, so that a"
        " posting dated back never makes a later day's balance wrong. Money that is reserved for grants is not available."
    )


class AmountNotPositive(InputRefused):
    """An amount of zero or less where money is to move."""

    code = "KV-AMOUNT-NOT-POSITIVE"
    message = N_("The amount must be more than zero, not {amount} kr.")
    remedy = N_("Write the amount in kronor, for example 12 500,00. What was posted wrongly is reversed instead.")


@dataclass(frozen=True)
class Fund:
    """What moved on the fund's available money: in positive, out negative."""

    movements: tuple[Movement, ...] = ()

    def available(self, day: str) -> int:
        """What can be taken on a day, in öre; never below zero."""
        return max(0, least_left(self.movements, day))

    def require(self, amount_ore: int, day: str) -> None:
        """Refuse to take more than there is. Raises `FundShort`."""
        available = self.available(day)
        if amount_ore > available:
            missing = formats.kronor(amount_ore - available)
            raise FundShort(available=formats.kronor(available), missing=missing, day=day)

    def after(self, postings: Iterable[Posting], booked_on: str) -> "Fund":
        """The fund once `postings` are booked."""
        moved = (Movement(booked_on, -each.amount_ore) for each in postings if each.account == FUND_AVAILABLE)
        return Fund((*self.movements, *moved))


def require_positive(amount_ore: int) -> int:
    """The amount itself. Raises `AmountNotPositive`."""
    if amount_ore <= 0:
        raise AmountNotPositive(amount=formats.kronor(amount_ore))
    return amount_ore


def appropriation(amount_ore: int, booked_on: str, *, description: str, decision: str) -> VoucherDraft:
    """Budget money into the fund (budgetanslag). Raises `AmountNotPositive`."""
    require_positive(amount_ore)
    postings = (Posting(APPROPRIATION, amount_ore), Posting(FUND_AVAILABLE, -amount_ore))
    return VoucherDraft(ADMINISTRATIONS, booked_on, "appropriation", description, postings, evidence=decision)


def appropriation_returned(
    fund: Fund, amount_ore: int, booked_on: str, *, description: str, decision: str
) -> VoucherDraft:
    """Unused budget money back to the budget. Raises `AmountNotPositive` or `FundShort`."""
    fund.require(require_positive(amount_ore), booked_on)
    postings = (Posting(FUND_AVAILABLE, amount_ore), Posting(APPROPRIATION, -amount_ore))
    return VoucherDraft(ADMINISTRATIONS, booked_on, "appropriation_returned", description, postings, evidence=decision)
