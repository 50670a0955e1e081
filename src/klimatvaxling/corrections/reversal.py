"""The reversal (makulering) of a measure, a sweep or an appropriation: a new voucher that takes the old one back."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from klimatvaxling import formats
from klimatvaxling.errors import StateRefused
from klimatvaxling.fund.fund import Fund, FundShort
from klimatvaxling.language import N_
from klimatvaxling.ledger.accounts import FUND_AVAILABLE, MEASURES, OWN_FUNDS
from klimatvaxling.ledger.events import event_title
from klimatvaxling.ledger.voucher import Posting, VoucherDraft
from klimatvaxling.lots.lot import Take, least_left
from klimatvaxling.lots.own_funds import OwnFunds

REVERSED_HERE = ("measure", "sweep", "appropriation", "appropriation_returned")
# What takes back the rest, by event.
COMMANDS = {
    "charge": "klimatvaxling batch undo ID",
    "amendment": "klimatvaxling batch undo ID",
    "undo": "klimatvaxling import FILE",
    "grant_approved": "klimatvaxling grant withdraw ID",
    "grant_paid": "klimatvaxling grant report ID",
}


class NotReversible(StateRefused):
    """A voucher of a kind that is taken back in another way, or not at all."""

    code = "KV-REVERSE-KIND"
    message = N_("{voucher} ({event}) is not reversed by itself.")
    remedy = N_("It is taken back with: {command}")
    explanation = N_(
        "Measures, sweeps and appropriations are reversed one by one. Charges go with the batch they came from, grants"
        " by their own commands. Mergers, transfers, opening amounts and what takes something back stay."
    )


class NeverReversible(NotReversible):
    """A voucher that stays."""

    code = "KV-REVERSE-NEVER"
    message = N_("{voucher} ({event}) cannot be reversed.")
    remedy = N_("Post what is right as something new.")


class AlreadyReversed(StateRefused):
    """A voucher is reversed once."""

    code = "KV-REVERSED-ALREADY"
    message = N_("{voucher} was reversed by {reversal}.")
    remedy = N_("See it with: klimatvaxling voucher show {reversal}")


@dataclass(frozen=True)
class Original:
    """The voucher to be reversed, its lines, and the code of what reversed it already."""

    id: int
    code: str
    series: str
    event: str
    booked_on: str
    postings: tuple[Posting, ...]
    reversed_by: str | None = None

    @property
    def unit_ids(self) -> list[int]:
        """The units it concerns."""
        return sorted({posting.unit_id for posting in self.postings if posting.unit_id is not None})


def followed(original: Original, successor: Callable[[int], int]) -> Original:
    """The same with the units that its own are part of by now: what is taken back follows a merger."""
    postings = tuple(
        posting if posting.unit_id is None else replace(posting, unit_id=successor(posting.unit_id))
        for posting in original.postings
    )
    return replace(original, postings=postings)


def require_reversible(original: Original) -> None:
    """Refuse what is not reversed by itself. Raises `NotReversible`, `NeverReversible` or `AlreadyReversed`."""
    if original.reversed_by is not None:
        raise AlreadyReversed(voucher=original.code, reversal=original.reversed_by)
    if original.event not in REVERSED_HERE:
        command = COMMANDS.get(original.event)
        if command is None:
            raise NeverReversible(voucher=original.code, event=event_title(original.event))
        raise NotReversible(voucher=original.code, event=event_title(original.event), command=command)


def reversal(original: Original, funds: OwnFunds | None, fund: Fund, day: str, description: str) -> VoucherDraft:
    """The voucher that takes `original` back. `funds` are those of its unit, if it has one. Raises `FundShort`.

    A measure's money fills a debt first and then goes back into the lots it came from. What came into the fund is given
    back as far as the fund still has it.
    """
    if original.event == "measure":
        assert funds is not None
        postings = _measure_taken_back(original.postings, funds, day)
    else:
        postings = [_turned(posting) for posting in original.postings]
        out_of_the_fund = sum(posting.amount_ore for posting in postings if posting.account == FUND_AVAILABLE)
        fund.require(out_of_the_fund, day)
        if funds is not None:
            _require_shares(postings, funds, day)
    return VoucherDraft(original.series, day, "reversal", description, tuple(postings), corrects_id=original.id)


def _measure_taken_back(postings: Sequence[Posting], funds: OwnFunds, day: str) -> list[Posting]:
    takes = [
        Take(posting.lot_id, posting.amount_ore)
        for posting in postings
        if posting.account == OWN_FUNDS and posting.lot_id is not None
    ]
    unpaid = [_turned(posting) for posting in postings if posting.account == MEASURES]
    return [*unpaid, *funds.put_back(takes, day)]


def _require_shares(postings: Sequence[Posting], funds: OwnFunds, day: str) -> None:
    """The fund still has what it got from each lot: it may have given it back since."""
    for posting in postings:
        if posting.account == FUND_AVAILABLE and posting.lot_id is not None:
            share = max(0, least_left(funds.lots[posting.lot_id].swept, day))
            if posting.amount_ore > share:
                missing = formats.kronor(posting.amount_ore - share)
                raise FundShort(available=formats.kronor(share), missing=missing, day=day)


def _turned(posting: Posting) -> Posting:
    return Posting(posting.account, -posting.amount_ore, posting.unit_id, posting.lot_id)
