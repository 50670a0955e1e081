"""A unit's own climate funds: its lots, and what it owes.

Vouchers are drafted against these values; each draft sees what the ones before it moved (`after`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from klimatvaxling.ledger.accounts import FUND_AVAILABLE, OWN_FUNDS
from klimatvaxling.ledger.voucher import Posting
from klimatvaxling.lots.lot import Lot, Movement, Take, least_left, take_oldest_first


@dataclass(frozen=True)
class OwnFunds:
    """The lots of one unit by key, and its debt: what moved on it, a debt positive."""

    unit_id: int
    lots: Mapping[int, Lot] = field(default_factory=dict)
    debt: tuple[Movement, ...] = ()

    def owed(self, day: str) -> int:
        """The debt that can be filled on a day, in öre."""
        return max(0, least_left(self.debt, day))

    def after(self, postings: Iterable[Posting], booked_on: str, opens_lot_on: str | None = None) -> "OwnFunds":
        """The funds once `postings` are booked. `opens_lot_on` is the date of a lot that they open."""
        lots, debt = dict(self.lots), self.debt
        for posting in postings:
            if posting.unit_id != self.unit_id or posting.account not in (OWN_FUNDS, FUND_AVAILABLE):
                continue
            moved = Movement(booked_on, -posting.amount_ore)
            if posting.lot_id is None:
                debt += (Movement(booked_on, posting.amount_ore),)
                continue
            lot = lots.get(posting.lot_id)
            if lot is None:
                assert opens_lot_on is not None
                lot = Lot(posting.lot_id, opens_lot_on, ())
            if posting.account == OWN_FUNDS:
                lots[lot.id] = replace(lot, movements=(*lot.movements, moved))
            else:
                lots[lot.id] = replace(lot, swept=(*lot.swept, moved))
        return OwnFunds(self.unit_id, lots, debt)

    def fill_debt_first(self, amount_ore: int, day: str) -> tuple[list[Posting], int]:
        """Money that comes in fills a debt before anything else; gives the posting and what remains, in öre."""
        filled = min(amount_ore, self.owed(day))
        return ([Posting(OWN_FUNDS, -filled, self.unit_id)] if filled else []), amount_ore - filled

    def put_back(self, takes: Iterable[Take], day: str) -> list[Posting]:
        """Money that was taken comes back: a debt is filled first, the rest goes into the lots it came from.

        What fills the debt is the money of the oldest lots, as if the debt had been there before them.
        """
        takes = list(takes)
        filling, left = self.fill_debt_first(sum(take.amount_ore for take in takes), day)
        postings = []
        for take in reversed(takes):
            back = min(take.amount_ore, left)
            left -= back
            if back:
                postings.append(Posting(OWN_FUNDS, -back, self.unit_id, lot_id=take.lot_id))
        return [*filling, *reversed(postings)]

    def take_oldest_first(self, amount_ore: int, day: str) -> list[Posting]:
        """Take from open lots, due ones too, oldest first; what no lot has is carried as a debt."""
        takes, missing = take_oldest_first(self.lots.values(), amount_ore, day)
        postings = taken(self.unit_id, takes)
        return [*postings, Posting(OWN_FUNDS, missing, self.unit_id)] if missing else postings


def taken(unit_id: int, takes: Iterable[Take]) -> list[Posting]:
    """The postings that take from lots."""
    return [Posting(OWN_FUNDS, take.amount_ore, unit_id, lot_id=take.lot_id) for take in takes]
