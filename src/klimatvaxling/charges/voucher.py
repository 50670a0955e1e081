"""The charge voucher: a unit's charge lines of one booking date, its lot, and the debt it fills first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from klimatvaxling.charges.charge import ChargeKey, fee_ore
from klimatvaxling.ledger.accounts import FEE_EXPENSE, OWN_FUNDS
from klimatvaxling.ledger.voucher import Posting, VoucherDraft, lot_opened_by
from klimatvaxling.lots.own_funds import OwnFunds
from klimatvaxling.units.unit import Unit


@dataclass(frozen=True)
class ChargeLine:
    """A charge line with its sums: whole grams and the rate in öre per kg."""

    id: int
    key: ChargeKey
    co2_g: int
    rate_ore_per_kg: int

    @property
    def amount_ore(self) -> int:
        """The fee, rounded once, here."""
        return fee_ore(self.co2_g, self.rate_ore_per_kg)

    def expense(self) -> Posting:
        """What the unit pays."""
        return Posting(FEE_EXPENSE, self.amount_ore, self.key.unit_id, charge_id=self.id, co2_g=self.co2_g)


def charge_postings(lines: Sequence[ChargeLine], funds: OwnFunds, new_lot_id: int) -> tuple[tuple[Posting, ...], bool]:
    """The postings of one unit's lines of one booking date, and whether they make a lot.

    Charges fill a debt before anything else; what is left is the voucher's lot. A credit that makes the whole voucher
    negative has no lot of its own: it takes from the unit's open lots, oldest first, and what is missing is a debt.
    """
    day = lines[0].key.booked_on
    expenses = [line.expense() for line in lines]
    total = sum(posting.amount_ore for posting in expenses)
    if total < 0:
        return (*expenses, *funds.take_oldest_first(-total, day)), False
    filling, left = funds.fill_debt_first(total, day)
    return (*expenses, *filling, Posting(OWN_FUNDS, -left, funds.unit_id, lot_id=new_lot_id)), True


def charge_vouchers(
    lines: Sequence[ChargeLine],
    units: Mapping[int, Unit],
    own_funds: Mapping[int, OwnFunds],
    *,
    description: str,
    evidence: str,
    batch_id: int,
    batch_sha256: str,
) -> list[VoucherDraft]:
    """One voucher per booking date and unit, by date and then unit code; each sees what the ones before it took."""
    grouped: dict[tuple[str, str], list[ChargeLine]] = {}
    for line in lines:
        grouped.setdefault((line.key.booked_on, units[line.key.unit_id].code), []).append(line)
    funds = dict(own_funds)
    drafts: list[VoucherDraft] = []
    for (booked_on, _), group in sorted(grouped.items()):
        unit = units[group[0].key.unit_id]
        ordered = sorted(group, key=lambda line: (line.key.category, line.key.rate_id))
        held = funds.get(unit.id, OwnFunds(unit.id))
        postings, makes_lot = charge_postings(ordered, held, lot_opened_by(len(drafts)))
        opens_lot_on = booked_on if makes_lot else None
        funds[unit.id] = held.after(postings, booked_on, opens_lot_on)
        drafts.append(
            VoucherDraft(
                series=unit.series,
                booked_on=booked_on,
                event="charge",
                description=description,
                postings=postings,
                evidence=evidence,
                batch_id=batch_id,
                batch_sha256=batch_sha256,
                lot_unit_id=unit.id if makes_lot else None,
                opens_lot_on=opens_lot_on,
            )
        )
    return drafts
