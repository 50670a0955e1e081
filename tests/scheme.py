"""A small model of the scheme, written from what the program promises its users alone, without any of its rules.

Everything that moves is kept as (day, öre) under the name of what it moved: a lot, what the fund got from a lot, a
unit's debt, the fund's available money. What there is on a day, and the least there is from that day on, is counted
anew each time.
"""

import calendar
import datetime
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

COMPANY = "ELN"
UNITS = ("BUF", "ELN", "FRI", "KUL", "SBF")
RATES = ((datetime.date(2013, 1, 1), 150), (datetime.date(2025, 2, 15), 175))  # öre per kg
AVAILABLE = ("available",)
END = datetime.date(9999, 12, 31)
Key = tuple[Any, ...]


class Refused(Exception):
    """The scheme does not allow it. Where more than one thing is wrong, any of the exit codes will do."""

    def __init__(self, *codes: int) -> None:
        super().__init__(codes)
        self.codes = codes


@dataclass(frozen=True)
class Journey:
    """A trip as the supplier states it."""

    id: int
    unit: str
    category: str
    day: datetime.date
    grams: int

    @property
    def rate(self) -> int:
        return max((since, ore) for since, ore in RATES if since <= self.day)[1]


@dataclass(frozen=True)
class Charged:
    """A trip in the books: by which batch, on which day, and the lot its voucher opened, if any."""

    journey: Journey
    batch: int
    booked_on: datetime.date
    lot: int | None


@dataclass(frozen=True)
class Lot:
    unit: str
    lot_on: datetime.date
    code: str


@dataclass
class Voucher:
    code: str
    event: str
    day: datetime.date
    unit: str | None
    order: int
    moved: list[tuple[Key, int]] = field(default_factory=list)
    fees: dict[tuple[str, int], int] = field(default_factory=dict)  # grams by category and rate
    lot: int | None = None
    reversed: bool = False


@dataclass
class Batch:
    vouchers: list[Voucher] = field(default_factory=list)
    added: list[Charged] = field(default_factory=list)
    taken_back: list[Charged] = field(default_factory=list)
    undone: bool = False
    undoes: bool = False


@dataclass
class Grant:
    unit: str
    requested: int
    steps: list[tuple[datetime.date, str, int]]

    def on(self, day: datetime.date = END) -> dict[str, Any] | None:
        """State and sums as they were on a day."""
        steps = [step for step in self.steps if step[0] <= day]
        if not steps:
            return None
        approved = sum(ore for _, state, ore in steps if state == "approved")
        paid = sum(ore for _, state, ore in steps if state == "paying")
        state = steps[-1][1]
        returned = paid - steps[-1][2] if state == "reported" else 0
        reserved = approved - paid if state in ("approved", "paying") else 0
        return {"state": state, "approved": approved, "paid": paid, "returned": returned, "reserved": reserved}


def refuse(wrong: dict[int, bool]) -> None:
    """Exit codes, and whether each is due."""
    if any(wrong.values()):
        raise Refused(*(code for code, is_due in wrong.items() if is_due))


def half_up(value: Fraction) -> int:
    """To the nearest whole; a half goes away from zero."""
    size = int(abs(value) + Fraction(1, 2))
    return size if value >= 0 else -size


def fee(grams: int, rate: int) -> int:
    return half_up(Fraction(grams * rate, 1000))


def month_end(day: datetime.date) -> datetime.date:
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def shared(total: int, weights: Sequence[int]) -> list[int]:
    """`total` by weight, largest remainder first, the earlier first; the first takes all where nothing weighs."""
    if not sum(weights):
        return [total] + [0] * (len(weights) - 1)
    exact = [Fraction(total * weight, sum(weights)) for weight in weights]
    parts = [int(part) for part in exact]
    order = sorted(range(len(parts)), key=lambda index: (parts[index] - exact[index], index))
    for index in order[: total - sum(parts)]:
        parts[index] += 1
    return parts


class Scheme:
    """The rulebook, and everything that happened."""

    def __init__(self, today: datetime.date, end_of_next_year_from: datetime.date | None = None) -> None:
        self.today, self.end_of_next_year_from = today, end_of_next_year_from
        self.moves: defaultdict[Key, list[tuple[datetime.date, int]]] = defaultdict(list)
        self.lots: dict[int, Lot] = {}
        self.vouchers: dict[str, Voucher] = {}
        self.numbers: defaultdict[tuple[str, int], int] = defaultdict(int)
        self.live: dict[int, Charged] = {}
        self.batches: dict[int, Batch] = {}
        self.grants: dict[int, Grant] = {}
        self.opened: set[str] = set()
        self.closed: list[tuple[int, int]] = []  # months, in order
        self.merged: dict[str, tuple[str, datetime.date]] = {}  # into which unit, from which day
        self.ended: dict[str, datetime.date] = {}  # the last day

    # What there is.

    def on(self, key: Key, day: datetime.date = END) -> int:
        return sum(ore for booked, ore in self.moves[key] if booked <= day)

    def least(self, key: Key, day: datetime.date) -> int:
        """The least there is on the day or any later booking date; never below zero."""
        later = {booked for booked, _ in self.moves[key] if booked > day}
        return max(0, min(self.on(key, each) for each in (day, *later)))

    def last_day(self, lot: Lot) -> datetime.date:
        if self.end_of_next_year_from is not None and lot.lot_on >= self.end_of_next_year_from:
            return datetime.date(lot.lot_on.year + 1, 12, 31)
        day = 28 if (lot.lot_on.month, lot.lot_on.day) == (2, 29) else lot.lot_on.day
        return datetime.date(lot.lot_on.year + 1, lot.lot_on.month, day)

    def lots_of(self, unit: str) -> list[int]:
        """Those it opened or received, oldest first: by date, then by voucher."""
        return sorted(
            (key for key in self.lots if self.lots[key].unit == unit or self.moves.get(("lot", key, unit))),
            key=lambda key: (self.lots[key].lot_on, key),
        )

    def usable(self, unit: str, day: datetime.date) -> list[tuple[int, int]]:
        return [
            (key, self.least(("lot", key, unit), day))
            for key in self.lots_of(unit)
            if self.lots[key].lot_on <= day <= self.last_day(self.lots[key])
        ]

    def now(self, unit: str | None) -> str | None:
        """The unit that a unit is part of by now."""
        while unit in self.merged:
            unit = self.merged[unit][0]
        return unit

    def is_valid(self, unit: str, day: datetime.date) -> bool:
        return day <= self.ended.get(unit, END)

    @property
    def first_open(self) -> datetime.date:
        """The first day that takes postings."""
        if not self.closed:
            return datetime.date.min
        return month_end(datetime.date(*self.closed[-1], 1)) + datetime.timedelta(days=1)

    # Posting.

    def voucher(self, series: str, event: str, day: datetime.date, unit: str | None = None) -> Voucher:
        if day < self.first_open:
            raise Refused(4)
        self.numbers[series, day.year] += 1
        code = f"{series}{day.year}-{self.numbers[series, day.year]}"
        made = self.vouchers[code] = Voucher(code, event, day, unit, len(self.vouchers) + 1)
        return made

    def move(self, voucher: Voucher, *key: Any, ore: int) -> None:
        if ore:
            self.moves[key].append((voucher.day, ore))
            voucher.moved.append((key, ore))

    def open_lot(self, voucher: Voucher, unit: str, ore: int, lot_on: datetime.date) -> None:
        self.lots[voucher.order] = Lot(unit, lot_on, voucher.code)
        voucher.lot = voucher.order
        self.move(voucher, "lot", voucher.order, unit, ore=ore)

    def series(self, unit: str | None) -> str:
        return "B" if unit == COMPANY else "A"

    def fill_debt(self, voucher: Voucher, ore: int) -> int:
        filled = min(ore, self.least(("debt", voucher.unit), voucher.day))
        self.move(voucher, "debt", voucher.unit, ore=-filled)
        return ore - filled

    def take_oldest(self, voucher: Voucher, missing: int) -> None:
        """From open lots, due ones too; what no lot has is a debt."""
        assert voucher.unit is not None
        for key in self.lots_of(voucher.unit):
            if self.lots[key].lot_on <= voucher.day:
                taken = min(missing, self.least(("lot", key, voucher.unit), voucher.day))
                self.move(voucher, "lot", key, voucher.unit, ore=-taken)
                missing -= taken
        self.move(voucher, "debt", voucher.unit, ore=missing)

    def lower(self, voucher: Voucher, parts: Iterable[tuple[int | None, int]]) -> None:
        """Each part from its own lot, then from what the fund got from it; the rest from the other lots."""
        missing = 0
        for key, ore in parts:
            if key is not None:
                taken = min(ore, self.least(("lot", key, voucher.unit), voucher.day))
                self.move(voucher, "lot", key, voucher.unit, ore=-taken)
                share = min(self.least(("share", key), voucher.day), self.least(AVAILABLE, voucher.day))
                given = min(ore - taken, share)
                self.from_fund(voucher, key, given)
                ore -= taken + given
            missing += ore
        self.take_oldest(voucher, missing)

    def from_fund(self, voucher: Voucher, key: int, ore: int) -> None:
        """The fund gives back what it got from a lot; below zero it gets it."""
        self.move(voucher, "share", key, ore=-ore)
        self.move(voucher, *AVAILABLE, ore=-ore)
        self.move(voucher, "swept", voucher.unit, ore=-ore)

    def put_back(self, voucher: Voucher, takes: list[tuple[int | None, int]]) -> int:
        """A debt first, by the money of the oldest lots; the rest where it came from. Gives what came from no lot."""
        left = self.fill_debt(voucher, sum(ore for _, ore in takes))
        homeless = 0
        for key, ore in reversed(takes):
            back = min(ore, left)
            left -= back
            if key is None:
                homeless = back
            else:
                self.move(voucher, "lot", key, voucher.unit, ore=back)
        return homeless

    def charge(self, voucher: Voucher, fees: dict[tuple[str, int], int]) -> int:
        voucher.fees = fees
        ore = sum(fee(grams, rate) for (_, rate), grams in fees.items())
        self.move(voucher, "charged", voucher.unit, ore=ore)
        self.move(voucher, "co2", voucher.unit, ore=sum(fees.values()))
        return ore

    # What people do.

    def receive(self, rows: Sequence[Journey], booked_on: datetime.date | None, *, amend: bool) -> dict[str, Any]:
        refused = {4} if booked_on is not None and booked_on < self.first_open else set()
        batch = Batch()
        key = len(self.batches) + 1
        already = 0
        amended: list[tuple[Charged, Journey]] = []
        days: list[datetime.date] = []
        new: list[tuple[datetime.date, Journey]] = []
        for row in rows:
            known = self.live.get(row.id)
            booked = booked_on or max(min(month_end(row.day), self.today), self.first_open)
            if row.day > min(booked, self.last_charged_day(row.unit)):
                refused.add(3)
            elif known is None:
                new.append((booked, row))
            elif known.journey == row:
                already += 1
            elif not amend or (booked_on is not None and known.booked_on > booked_on):
                refused.add(4)
            else:
                amended.append((known, row))
                days.append(max(booked, known.booked_on))
        if refused:
            raise Refused(*refused)
        if not new and not amended:
            return {"batch": None, "vouchers": [], "rows_posted": 0, "rows_already_imported": already}
        self.batches[key] = batch
        for booked, unit in sorted({(booked, str(self.now(row.unit))) for booked, row in new}):
            voucher = self.voucher(self.series(unit), "charge", booked, unit)
            mine = [row for on, row in new if (on, self.now(row.unit)) == (booked, unit)]
            fees: dict[tuple[str, int], int] = {}
            for row in mine:
                fees[row.category, row.rate] = fees.get((row.category, row.rate), 0) + row.grams
            ore = self.charge(voucher, fees)
            if ore >= 0:
                self.open_lot(voucher, unit, self.fill_debt(voucher, ore), booked)
            else:
                self.take_oldest(voucher, -ore)
            batch.vouchers.append(voucher)
            batch.added += [Charged(row, key, booked, voucher.lot) for row in mine]
        self.amend(batch, key, amended, days)
        for charged in batch.added:
            self.live[charged.journey.id] = charged
        codes = [voucher.code for voucher in batch.vouchers]
        return {
            "batch": key,
            "vouchers": codes,
            "rows_posted": len(new) + len(amended),
            "rows_already_imported": already,
        }

    def last_charged_day(self, unit: str) -> datetime.date:
        """Trips of a merged unit are always somebody's."""
        return END if unit in self.merged else self.ended.get(unit, END)

    def amend(self, batch: Batch, key: int, amended: list[tuple[Charged, Journey]], days: list[datetime.date]) -> None:
        batch.taken_back = [old for old, _ in amended]
        charged = [(str(self.now(old.journey.unit)), str(self.now(row.unit))) for old, row in amended]
        for unit in sorted({name for pair in charged for name in pair}):
            # One voucher: the latest of the days on which its amended trips are booked, as they are and as they were.
            day = max(day for pair, day in zip(charged, days, strict=True) if unit in pair)
            voucher = self.voucher(self.series(unit), "amendment", day, unit)
            fees: defaultdict[tuple[str, int], int] = defaultdict(int)
            fell: defaultdict[int | None, int] = defaultdict(int)
            for (old, row), (was_of, is_of) in zip(amended, charged, strict=True):
                then = old.journey
                if was_of == unit:
                    fees[then.category, then.rate] -= then.grams
                    fell[old.lot] += then.grams * then.rate
                if is_of == unit:
                    fees[row.category, row.rate] += row.grams
                    if was_of == unit:
                        fell[old.lot] -= row.grams * row.rate
            ore = self.charge(voucher, dict(fees))
            if ore >= 0:
                self.open_lot(voucher, unit, self.fill_debt(voucher, ore), day)
            else:
                lots = sorted(fell, key=lambda lot: (lot is None, lot)) or [None]
                parts = shared(-ore, [max(0, fell[lot]) for lot in lots])
                self.lower(voucher, zip(lots, parts, strict=True))
            batch.vouchers.append(voucher)
            batch.added += [Charged(row, key, day, voucher.lot) for _, row in amended if self.now(row.unit) == unit]

    def undo(self, key: int, booked_on: datetime.date | None) -> dict[str, Any]:
        batch = self.batches.get(key)
        if batch is None:
            raise Refused(3)
        amended = any(self.live.get(charged.journey.id) is not charged for charged in batch.added)
        if batch.undone or batch.undoes or amended:
            raise Refused(4)
        day = self.day(booked_on, max(voucher.day for voucher in batch.vouchers))
        undoing = Batch(undoes=True)
        for old in sorted(batch.vouchers, key=lambda old: (old.unit, -old.order)):
            voucher = self.voucher(self.series(old.unit), "undo", day, self.now(old.unit))
            ore = -self.charge(voucher, {line: -grams for line, grams in old.fees.items()})
            if old.lot is not None or ore >= 0:
                self.lower(voucher, [(old.lot, ore)])
            else:
                takes: list[tuple[int | None, int]] = [
                    (moved[1], -amount) for moved, amount in old.moved if moved[0] in ("lot", "share") and amount < 0
                ]
                owed = -ore - sum(amount for _, amount in takes)
                homeless = self.put_back(voucher, [(None, owed), *takes] if owed else takes)
                if homeless:
                    assert voucher.unit is not None
                    self.open_lot(voucher, voucher.unit, homeless, day)
            undoing.vouchers.append(voucher)
        for charged in batch.added:
            del self.live[charged.journey.id]
        for charged in batch.taken_back:
            self.live[charged.journey.id] = charged
        batch.undone = True
        self.batches[len(self.batches) + 1] = undoing
        return {"vouchers": [voucher.code for voucher in undoing.vouchers]}

    def day(self, booked_on: datetime.date | None, earliest: datetime.date) -> datetime.date:
        """Today unless said otherwise, never before the step it builds on."""
        if booked_on is None:
            return max(self.today, earliest)
        if booked_on < earliest:
            raise Refused(4)
        return booked_on

    def measure(self, unit: str, ore: int, booked_on: datetime.date | None) -> dict[str, Any]:
        day = booked_on or self.today
        refuse({3: ore <= 0, 4: not self.is_valid(unit, day)})
        usable = self.usable(unit, day)
        if ore > sum(left for _, left in usable):
            raise Refused(4)
        voucher = self.voucher(self.series(unit), "measure", day, unit)
        self.move(voucher, "spent", unit, ore=ore)
        for key, left in usable:
            taken = min(left, ore)
            ore -= taken
            self.move(voucher, "lot", key, unit, ore=-taken)
        return {"vouchers": [voucher.code]}

    def transfer(self, unit: str, to: str, ore: int, booked_on: datetime.date | None) -> dict[str, Any]:
        day = booked_on or self.today
        are_valid = self.is_valid(unit, day) and self.is_valid(to, day)
        refuse({3: ore <= 0, 4: not are_valid or unit == to or self.series(unit) != self.series(to)})
        usable = self.usable(unit, day)
        if ore > sum(left for _, left in usable):
            raise Refused(4)
        voucher = self.voucher(self.series(unit), "transfer", day, unit)
        for key, left in usable:
            taken = min(left, ore)
            ore -= taken
            self.hand_over(voucher, unit, to, "lot", key, ore=taken)
        return {"vouchers": [voucher.code]}

    def hand_over(self, voucher: Voucher, unit: str, to: str, *key: Any, ore: int) -> None:
        """A part of a lot, or a debt; what was moved is counted by its worth to the unit."""
        self.move(voucher, *key, unit, ore=-ore)
        self.move(voucher, *key, to, ore=ore)
        worth = ore if key[0] == "lot" else -ore
        self.move(voucher, "moved", unit, ore=-worth)
        self.move(voucher, "moved", to, ore=worth)

    def merge(self, unit: str, into: str, day: datetime.date) -> dict[str, Any]:
        """Everything that is left, due or not, and a debt; what comes later finds the other unit."""
        are_valid = self.is_valid(unit, day) and self.is_valid(into, day)
        is_of_another_kind = self.series(unit) != self.series(into)
        refuse({4: not are_valid or unit in self.merged or unit == into or is_of_another_kind})
        lots = [
            (key, self.least(("lot", key, unit), day)) for key in self.lots_of(unit) if self.lots[key].lot_on <= day
        ]
        debt = self.least(("debt", unit), day)
        codes = []
        if debt or any(left for _, left in lots):
            voucher = self.voucher("A", "merge", day, unit)
            for key, left in lots:
                self.hand_over(voucher, unit, into, "lot", key, ore=left)
            self.hand_over(voucher, unit, into, "debt", ore=debt)
            codes.append(voucher.code)
        self.merged[unit] = (into, day)
        self.ended[unit] = day - datetime.timedelta(days=1)
        return {"vouchers": codes}

    def end(self, unit: str, day: datetime.date) -> dict[str, Any]:
        """A unit that takes no further part keeps what it has."""
        self.ended[unit] = day
        return {}

    def close(self, month: tuple[int, int]) -> dict[str, Any]:
        """In order, and not before it is over; the first is that of the first booking, or any earlier one."""
        if self.today <= month_end(datetime.date(*month, 1)):
            raise Refused(4)
        booked = [voucher.day for voucher in self.vouchers.values()]
        if self.closed:
            after = self.first_open
            if month != (after.year, after.month):
                raise Refused(4)
        elif booked and month > (min(booked).year, min(booked).month):
            raise Refused(4)
        self.closed.append(month)
        return {}

    def reopen(self, month: tuple[int, int]) -> dict[str, Any]:
        """Only the one that was closed last."""
        if not self.closed or self.closed[-1] != month:
            raise Refused(4)
        self.closed.pop()
        return {}

    def sweep(self, as_of: datetime.date | None) -> dict[str, Any]:
        day = as_of or self.today
        codes = []
        for unit in UNITS:
            due = [
                (key, self.least(("lot", key, unit), day))
                for key in self.lots_of(unit)
                if self.last_day(self.lots[key]) < day and self.least(("lot", key, unit), day)
            ]
            if due:
                voucher = self.voucher(self.series(unit), "sweep", day, unit)
                for key, left in due:
                    self.move(voucher, "lot", key, unit, ore=-left)
                    self.from_fund(voucher, key, -left)
                codes.append(voucher.code)
        return {"vouchers": codes}

    def appropriate(self, ore: int, booked_on: datetime.date | None, *, give_back: bool = False) -> dict[str, Any]:
        day = booked_on or self.today
        if ore <= 0:
            raise Refused(3)
        if give_back and ore > self.least(AVAILABLE, day):
            raise Refused(4)
        voucher = self.voucher("A", "appropriation_returned" if give_back else "appropriation", day)
        for key in (AVAILABLE, ("appropriated",)):
            self.move(voucher, *key, ore=-ore if give_back else ore)
        return {"vouchers": [voucher.code]}

    def reverse(self, code: str, booked_on: datetime.date | None) -> dict[str, Any]:
        old = self.vouchers.get(code)
        if old is None:
            raise Refused(3)
        if old.reversed or old.event not in ("measure", "sweep", "appropriation", "appropriation_returned"):
            raise Refused(4)
        day = self.day(booked_on, old.day)
        into_fund = sum(ore for key, ore in old.moved if key == AVAILABLE)
        shares = [(key, ore) for key, ore in old.moved if key[0] == "share"]
        if into_fund > self.least(AVAILABLE, day) or any(ore > self.least(key, day) for key, ore in shares):
            raise Refused(4)
        unit = self.now(old.unit)
        voucher = self.voucher(self.series(unit), "reversal", day, unit)
        old.reversed = True
        if old.event == "measure":
            self.put_back(voucher, [(key[1], -ore) for key, ore in old.moved if key[0] == "lot"])
            self.move(voucher, "spent", unit, ore=-sum(ore for key, ore in old.moved if key[0] == "spent"))
        else:
            for key, ore in old.moved:
                self.move(voucher, *(unit if part == old.unit else part for part in key), ore=-ore)
        return {"vouchers": [voucher.code]}

    def load_opening(self, amounts: dict[str, tuple[datetime.date, int]], day: datetime.date) -> dict[str, Any]:
        """By unit, the fund under FUND: the lot's date and öre."""
        refused = {3 for lot_on, ore in amounts.values() if lot_on > day or ore <= 0} | {
            4 for name in amounts if name in self.opened or not self.is_valid(name, day)
        }
        if refused:
            raise Refused(*refused)
        codes = []
        for name in sorted(amounts, key=lambda name: (amounts[name][0], "" if name == "FUND" else name)):
            lot_on, ore = amounts[name]
            self.opened.add(name)
            unit = None if name == "FUND" else name
            voucher = self.voucher(self.series(unit), "opening", day, unit)
            self.move(voucher, "opening", unit, ore=ore)
            if unit is None:
                self.move(voucher, *AVAILABLE, ore=ore)
            else:
                self.open_lot(voucher, unit, ore, lot_on)
            codes.append(voucher.code)
        return {"vouchers": codes}

    def apply(self, unit: str, ore: int, cost: int, booked_on: datetime.date | None) -> dict[str, Any]:
        refuse({3: ore <= 0 or ore > cost, 4: unit == COMPANY or not self.is_valid(unit, booked_on or self.today)})
        self.grants[len(self.grants) + 1] = Grant(unit, ore, [(booked_on or self.today, "submitted", 0)])
        return {"vouchers": [], "id": len(self.grants)}

    MOVES = {
        "submitted": ("approved", "rejected", "withdrawn"),
        "approved": ("paying", "withdrawn", "reported"),
        "paying": ("paying", "reported"),
    }

    def step(self, key: int, state: str, booked_on: datetime.date | None, ore: int = 0) -> dict[str, Any]:
        """Approve, pay, reject, withdraw, or report `ore` as used."""
        grant = self.grants.get(key)
        if grant is None:
            raise Refused(3)
        now = grant.on()
        assert now is not None
        day = booked_on if booked_on is not None else max(self.today, grant.steps[-1][0])
        wrong = {
            4: state not in self.MOVES.get(now["state"], ())
            or day < grant.steps[-1][0]
            or (state == "approved" and ore > min(grant.requested, self.least(AVAILABLE, day)))
            or (state == "paying" and ore > now["reserved"]),
            3: (state in ("approved", "paying") and ore <= 0) or (state == "reported" and not 0 <= ore <= now["paid"]),
        }
        refuse(wrong)
        grant.steps.append((day, state, ore))
        unit = self.now(grant.unit)
        codes = []
        if state == "approved":
            codes.append(self.reserve(key, day, ore).code)
        if state == "paying":
            voucher = self.voucher("A", "grant_paid", day, unit)
            self.move(voucher, "committed", key, ore=-ore)
            self.move(voucher, "paid_out", ore=ore)
            self.move(voucher, "grants", unit, ore=ore)
            codes.append(voucher.code)
        if state == "reported" and ore < now["paid"]:
            unused = now["paid"] - ore
            voucher = self.voucher("A", "grant_returned", day, unit)
            self.move(voucher, *AVAILABLE, ore=unused)
            self.move(voucher, "returned", ore=unused)
            self.move(voucher, "grants", unit, ore=-unused)
            codes.append(voucher.code)
        if state in ("withdrawn", "reported") and now["reserved"]:
            codes.append(self.reserve(key, day, -now["reserved"]).code)
        return {"vouchers": codes}

    def reserve(self, key: int, day: datetime.date, ore: int) -> Voucher:
        voucher = self.voucher("R", "grant_approved" if ore > 0 else "grant_released", day)
        self.move(voucher, *AVAILABLE, ore=-ore)
        self.move(voucher, "committed", key, ore=ore)
        return voucher

    # What reports say.

    def balance(self, unit: str, day: datetime.date) -> dict[str, int]:
        soon = END if day == END else day + datetime.timedelta(days=90)
        lots = self.lots_of(unit)
        figures = {
            name: self.on((key, unit), day)
            for name, key in (
                ("co2_g", "co2"), ("opening_ore", "opening"), ("charged_ore", "charged"), ("spent_ore", "spent"),
                ("swept_ore", "swept"), ("moved_ore", "moved"), ("grants_paid_ore", "grants"),
            )
        }  # fmt: skip
        own = sum(self.on(("lot", key, unit), day) for key in lots) - self.on(("debt", unit), day)
        assert own == (
            figures["opening_ore"] + figures["charged_ore"] - figures["spent_ore"] - figures["swept_ore"]
            + figures["moved_ore"]
        )  # fmt: skip
        due = sum(self.on(("lot", key, unit), day) for key in lots if self.last_day(self.lots[key]) <= soon)
        return figures | {"own_funds_ore": own, "due_within_90_days_ore": due}

    def holder(self, grant: Grant, day: datetime.date) -> str:
        """The unit that applied, or what it was merged into while the grant was running."""
        unit, steps = grant.unit, [step for step in grant.steps if step[0] <= day]
        while unit in self.merged and (self.MOVES.get(steps[-1][1]) or steps[-1][0] >= self.merged[unit][1]):
            unit = self.merged[unit][0]
        return unit

    def fund(self, day: datetime.date) -> dict[str, int]:
        figures = {
            "opening_ore": self.on(("opening", None), day),
            "available_ore": self.on(AVAILABLE, day),
            "committed_ore": sum(self.on(("committed", key), day) for key in self.grants),
            "swept_in_ore": sum(self.on(("swept", unit), day) for unit in UNITS),
            "appropriated_ore": self.on(("appropriated",), day),
            "paid_out_ore": self.on(("paid_out",), day),
            "returned_ore": self.on(("returned",), day),
        }
        assert figures["available_ore"] == (
            figures["opening_ore"] + figures["swept_in_ore"] + figures["appropriated_ore"] + figures["returned_ore"]
            - figures["committed_ore"] - figures["paid_out_ore"]
        )  # fmt: skip
        return figures

    def own_funds(self, unit: str, day: datetime.date) -> dict[str | None, int]:
        """What is left of each lot by its voucher; the debt, below zero, under None."""
        lots = self.lots_of(unit)
        left: dict[str | None, int] = {self.lots[key].code: self.on(("lot", key, unit), day) for key in lots}
        left[None] = -self.on(("debt", unit), day)
        return {code: ore for code, ore in left.items() if ore}
