"""Amending: trips that came again with other content, and the correction vouchers that follow from the difference."""

import datetime
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from klimatvaxling.batches.store import Known
from klimatvaxling.charges.charge import ChargeKey
from klimatvaxling.charges.correction import amendment_voucher
from klimatvaxling.charges.voucher import ChargeLine
from klimatvaxling.fund.fund import Fund
from klimatvaxling.ledger.booking import BookedTooEarly
from klimatvaxling.ledger.voucher import VoucherDraft, lot_opened_by
from klimatvaxling.lots.own_funds import OwnFunds
from klimatvaxling.memo import Memo
from klimatvaxling.units.unit import Unit


@dataclass(frozen=True)
class _Charged:
    """How a trip was charged: its charge line, the rate in öre per kg, and the lot that line's voucher opened, if any."""

    key: ChargeKey
    rate_ore_per_kg: int
    lot_id: int | None
    booked_on: str


class Amending:
    """The amendments of one import. `grams` are what was taken back on the lines that amend.

    A unit has one correction voucher. It is booked on the day that was given, else on the latest day on which any of
    its amended trips is booked: as a new trip, or as it was.
    """

    def __init__(self, connection: Connection, given: datetime.date | None, successor: Callable[[int], int]) -> None:
        """`successor` gives the unit that a charged one is part of by now: corrections follow a merger."""
        self._connection, self._given, self._successor = connection, given, successor
        self._charged: Memo[int, _Charged] = Memo(self._charge)
        self._days: dict[int, str] = {}
        self.rates: dict[int, int] = {}
        self.grams: defaultdict[int, int] = defaultdict(int)
        self.taken_back: list[tuple[int, int]] = []
        self._lines: dict[tuple[int, str, int], int] = {}
        self._fell: defaultdict[int, defaultdict[int | None, int]] = defaultdict(lambda: defaultdict(int))

    def amend(
        self, key: ChargeKey, co2_g: int, rate_ore_per_kg: int, known: Known, next_number: Callable[[], int]
    ) -> int:
        """Take the trip back as it is charged; gives the line on which it is charged anew. Raises `BookedTooEarly`."""
        then = self._charged[known.charge_id]
        if self._given is not None and then.booked_on > self._given.isoformat():
            raise BookedTooEarly(day=self._given, earliest=then.booked_on)
        for unit_id in (then.key.unit_id, key.unit_id):
            self._days[unit_id] = max(self._days.get(unit_id, ""), key.booked_on, then.booked_on)
        old_line, new_line = self._line(then.key, next_number), self._line(key, next_number)
        self.rates |= {then.key.rate_id: then.rate_ore_per_kg}
        self.grams[old_line] -= known.co2_g
        self.taken_back.append((known.id, old_line))
        fell = self._fell[then.key.unit_id]
        fell[then.lot_id] += known.co2_g * then.rate_ore_per_kg
        if key.unit_id == then.key.unit_id:
            fell[then.lot_id] -= co2_g * rate_ore_per_kg
        return new_line

    def take_back(self, booked_on: str, known: Known, next_number: Callable[[], int]) -> None:
        """Take back a trip that is not charged any more, as if it had come with no CO2. Raises `BookedTooEarly`."""
        then = self._charged[known.charge_id]
        if self._given is not None and then.booked_on > self._given.isoformat():
            raise BookedTooEarly(day=self._given, earliest=then.booked_on)
        unit_id = then.key.unit_id
        self._days[unit_id] = max(self._days.get(unit_id, ""), booked_on, then.booked_on)
        line = self._line(then.key, next_number)
        self.rates |= {then.key.rate_id: then.rate_ore_per_kg}
        self.grams[line] -= known.co2_g
        self.taken_back.append((known.id, line))
        self._fell[unit_id][then.lot_id] += known.co2_g * then.rate_ore_per_kg

    def vouchers(
        self,
        lines: Sequence[ChargeLine],
        units: Mapping[int, Unit],
        own_funds: Mapping[int, OwnFunds],
        fund: Fund,
        before: int,
    ) -> list[VoucherDraft]:
        """One correction voucher per unit, by unit code; `before` is how many vouchers are posted with them, first."""
        by_unit: dict[int, list[ChargeLine]] = {}
        for line in lines:
            by_unit.setdefault(line.key.unit_id, []).append(line)
        drafts: list[VoucherDraft] = []
        for unit_id in sorted(by_unit, key=lambda unit_id: units[unit_id].code):
            falls = self._fell[unit_id]
            ordered = sorted(by_unit[unit_id], key=lambda line: (line.key.category, line.key.rate_id))
            mark = lot_opened_by(before + len(drafts))
            draft = amendment_voucher(ordered, units[unit_id], own_funds[unit_id], fund, falls, mark)
            fund = fund.after(draft.postings, draft.booked_on)
            drafts.append(draft)
        return drafts

    @property
    def numbers(self) -> Collection[int]:
        """The keys of the lines that amend; their day is known when the whole file is read."""
        return self._lines.values()

    def charges(self) -> dict[int, ChargeKey]:
        """The lines that amend, once the whole file is read."""
        return {
            number: ChargeKey(unit_id, category, rate_id, self._days[unit_id])
            for (unit_id, category, rate_id), number in self._lines.items()
        }

    def _line(self, key: ChargeKey, next_number: Callable[[], int]) -> int:
        wanted = (key.unit_id, key.category, key.rate_id)
        if wanted not in self._lines:
            self._lines[wanted] = next_number()
        return self._lines[wanted]

    def _charge(self, charge_id: int) -> _Charged:
        row = self._connection.execute(
            text(
                "SELECT c.unit_id, c.category, c.rate_id, c.booked_on, r.value AS rate, l.voucher_id,"
                " v.booked_on AS posted_on FROM charge c JOIN policy r ON r.id = c.rate_id"
                " JOIN posting p ON p.charge_id = c.id JOIN voucher v ON v.id = p.voucher_id"
                " LEFT JOIN lot l ON l.voucher_id = v.id WHERE c.id = :id"
            ),
            {"id": charge_id},
        ).one()
        key = ChargeKey(self._successor(row.unit_id), row.category, row.rate_id, row.booked_on)
        return _Charged(key, int(row.rate), row.voucher_id, row.posted_on)
