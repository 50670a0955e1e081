"""The sweep: what a unit has not used within its year goes to the shared fund, one voucher per unit, naming each lot."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from klimatvaxling.ledger.accounts import FUND_AVAILABLE, OWN_FUNDS
from klimatvaxling.ledger.voucher import Posting, VoucherDraft
from klimatvaxling.lots.lot import Lot, Take, oldest_first
from klimatvaxling.lots.retention import Retention
from klimatvaxling.units.unit import Unit


@dataclass(frozen=True)
class UnitSweep:
    """What a unit loses: its lots and how much of each."""

    unit: Unit
    takes: tuple[Take, ...]

    @property
    def amount_ore(self) -> int:
        """The sum of all."""
        return sum(take.amount_ore for take in self.takes)


def due_on(
    day: str, lots: Mapping[int, Iterable[Lot]], units: Mapping[int, Unit], retention: Retention
) -> list[UnitSweep]:
    """What is due on `day` from each unit, by unit code, lots oldest first.

    A lot is due on any day after its last day of use. What is moved is the least that is left on `day` or later: what
    is booked as used on a later day is not taken twice.
    """
    sweeps = []
    for unit_id, unit_lots in lots.items():
        takes = tuple(
            Take(lot.id, amount)
            for lot in oldest_first(unit_lots)
            if retention.is_due(lot.lot_on, day) and (amount := lot.least_left(day))
        )
        if takes:
            sweeps.append(UnitSweep(units[unit_id], takes))
    return sorted(sweeps, key=lambda sweep: sweep.unit.code)


def sweep_voucher(sweep: UnitSweep, day: str, *, description: str) -> VoucherDraft:
    """The voucher of one unit: each lot is emptied into the fund, which keeps the lot it came from."""
    unit_id = sweep.unit.id
    postings = tuple(
        posting
        for take in sweep.takes
        for posting in (
            Posting(OWN_FUNDS, take.amount_ore, unit_id, lot_id=take.lot_id),
            Posting(FUND_AVAILABLE, -take.amount_ore, unit_id, lot_id=take.lot_id),
        )
    )
    return VoucherDraft(sweep.unit.series, day, "sweep", description, postings)
