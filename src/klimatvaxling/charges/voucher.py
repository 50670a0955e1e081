"""The charge voucher: a unit's charge lines of one booking date, its lot, and the debt it fills first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from klimatvaxling.charges.charge import ChargeKey, fee_ore
from klimatvaxling.ledger.accounts import FEE_EXPENSE, OWN_FUNDS
from klimatvaxling.ledger.voucher import ADMINISTRATIONS, COMPANIES, Posting, VoucherDraft, lot_opened_by
from klimatvaxling.lots.lot import Lot, Movement, least_left, take_oldest_first
from klimatvaxling.units.unit import COMPANY, Unit


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


def charge_postings(
    lines: Sequence[ChargeLine], lots: Sequence[Lot], debt: Sequence[Movement], new_lot_id: int
) -> tuple[tuple[Posting, ...], bool]:
    """The postings of one unit's lines of one booking date, and whether they make a lot.

    Charges fill a debt before anything else; what is left is the voucher's lot. A credit that makes the whole voucher
    negative has no lot of its own: it takes from the unit's open lots, oldest first, and what is missing is a debt.
    """
    unit_id, day = lines[0].key.unit_id, lines[0].key.booked_on
    expenses = [Posting(FEE_EXPENSE, line.amount_ore, unit_id, charge_id=line.id, co2_g=line.co2_g) for line in lines]
    total = sum(posting.amount_ore for posting in expenses)
    if total < 0:
        takes, missing = take_oldest_first(lots, -total, day)
        funds = [Posting(OWN_FUNDS, take.amount_ore, unit_id, lot_id=take.lot_id) for take in takes]
        if missing:
            funds.append(Posting(OWN_FUNDS, missing, unit_id))
        return (*expenses, *funds), False
    filled = min(total, max(0, least_left(debt, day)))
    funds = [Posting(OWN_FUNDS, -filled, unit_id)] if filled else []
    return (*expenses, *funds, Posting(OWN_FUNDS, filled - total, unit_id, lot_id=new_lot_id)), True


def charge_vouchers(
    lines: Sequence[ChargeLine],
    units: Mapping[int, Unit],
    lots: Mapping[int, Sequence[Lot]],
    debts: Mapping[int, Sequence[Movement]],
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
    own_lots = {unit_id: list(known) for unit_id, known in lots.items()}
    own_debts = {unit_id: list(known) for unit_id, known in debts.items()}
    drafts: list[VoucherDraft] = []
    for (booked_on, _), group in sorted(grouped.items()):
        unit = units[group[0].key.unit_id]
        ordered = sorted(group, key=lambda line: (line.key.category, line.key.rate_id))
        unit_lots, unit_debts = own_lots.setdefault(unit.id, []), own_debts.setdefault(unit.id, [])
        new_lot_id = lot_opened_by(len(drafts))
        postings, makes_lot = charge_postings(ordered, unit_lots, unit_debts, new_lot_id)
        if makes_lot:
            unit_lots.append(Lot(new_lot_id, booked_on, ()))
        _move(postings, booked_on, unit_lots, unit_debts)
        drafts.append(
            VoucherDraft(
                series=COMPANIES if unit.kind == COMPANY else ADMINISTRATIONS,
                booked_on=booked_on,
                event="charge",
                description=description,
                postings=postings,
                evidence=evidence,
                batch_id=batch_id,
                batch_sha256=batch_sha256,
                lot_unit_id=unit.id if makes_lot else None,
                opens_lot_on=booked_on if makes_lot else None,
            )
        )
    return drafts


def _move(postings: Sequence[Posting], day: str, lots: list[Lot], debts: list[Movement]) -> None:
    """Let what was just posted count for the vouchers that follow."""
    for posting in postings:
        if posting.account == OWN_FUNDS and posting.lot_id is None:
            debts.append(Movement(day, posting.amount_ore))
        elif posting.account == OWN_FUNDS:
            index = next(index for index, lot in enumerate(lots) if lot.id == posting.lot_id)
            moved = Movement(day, -posting.amount_ore)
            lots[index] = replace(lots[index], movements=(*lots[index].movements, moved))
