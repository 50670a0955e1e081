"""From rows in standard columns to trips: whose they are, when they are booked, and the CO2 they are charged for.

Works on many rows at a time. A cell is understood once and remembered; the first row that cannot be understood raises
its complaint, and the caller divides the rows until it stands alone.
"""

import datetime
import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from contextlib import suppress
from operator import add

from klimatvaxling.charges.charge import Booking, ChargeKey, TripBeforeRate
from klimatvaxling.emissions.assessment import Assessor, Evidence
from klimatvaxling.emissions.factor import CATEGORIES, FUELS
from klimatvaxling.errors import InputRefused, Place
from klimatvaxling.language import N_
from klimatvaxling.memo import Memo
from klimatvaxling.policies.policy import RATE, PolicyValue, in_force
from klimatvaxling.travel.chunk import Chunk
from klimatvaxling.travel.personal_number import DIGITS, MASKED, looks_like_personal_number, may_contain
from klimatvaxling.travel.plausible import NEVER, NO_LIMITS, Limits
from klimatvaxling.travel.standard import COLUMNS
from klimatvaxling.trips.trip import SEPARATOR, TIER_NUMBERS, TripDate, Trips, trip_date
from klimatvaxling.units.directory import Directory

_LONGEST_ID = 200
# How the three small numbers of a meaning's key are packed: group, unit cell, kind.
_GROUP_BITS, _UNIT_BITS = 44, 12
_UNIT_MASK, _KIND_MASK = (1 << (_GROUP_BITS - _UNIT_BITS)) - 1, (1 << _UNIT_BITS) - 1


class UnknownCategory(InputRefused):
    """A category that is not one of the scheme's."""

    code = "KV-CATEGORY-UNKNOWN"
    message = N_("“{value}” is not a category of travel.")
    remedy = N_("Write one of: {known}.")


class UnknownFuel(InputRefused):
    """A fuel that is not one of the scheme's."""

    code = "KV-FUEL-NAME"
    message = N_("“{value}” is not a fuel.")
    remedy = N_("Write one of: {known}. Leave the cell empty where nobody knows.")


class TripIdMissing(InputRefused):
    """A row without the id its source promises."""

    code = "KV-TRIP-ID-MISSING"
    message = N_("The trip has no id.")
    remedy = N_("Give each trip an id of its own that stays the same if the file is sent again.")


class TripIdTooLong(InputRefused):
    """An id that is too long to be one."""

    code = "KV-TRIP-ID-LONG"
    message = N_("The trip's id is longer than {most} characters.")
    remedy = N_("Check that the right column is used.")


class PersonalNumber(InputRefused):
    """Something that looks like a personal identity number in a cell that would be stored."""

    code = "KV-PERSONAL-NUMBER"
    message = N_("The cell holds something that looks like a personal identity number.")
    remedy = N_("Remove it: no traveller is stored here. An id that only looks like one is declared in the profile.")
    explanation = N_(
        "The scheme charges units, not people. A value with the form and check digit of a personnummer or"
        " samordningsnummer in a kept column is refused and never repeated. About 7 of 1,000 random ten-digit ids look"
        " like one: the source's profile may declare the pattern of its id column, which exempts bare ten-digit values."
    )


class Understanding:
    """What is needed to understand the rows of one file, and what has been understood so far."""

    def __init__(
        self,
        directory: Directory,
        policies: Sequence[PolicyValue],
        assessor: Assessor,
        factor_keys: Mapping[tuple[str, str], int],
        booking: Booking,
        first_charge_id: int,
        limits: Limits = NO_LIMITS,
    ) -> None:
        self._limits = limits
        self._shortest_distance, self._shortest_quantity = limits.shortest()
        self._directory, self._policies, self._assessor = directory, policies, assessor
        self._factor_keys, self._booking = factor_keys, booking
        self._eras = sorted({*directory.eras(), *(value.valid_from for value in policies), *assessor.eras()})
        self._next_charge_id = first_charge_id
        self.charges: dict[int, ChargeKey] = {}
        self.rates: dict[int, int] = {}
        self._charge_ids: dict[ChargeKey, int] = {}
        # A row's meaning depends on its group (what holds on its day), its unit cell and its kind: three small
        # numbers, added up to one key.
        self._group_days: list[tuple[datetime.date, str, PolicyValue, int]] = []
        self._era_days: dict[int, datetime.date] = {}
        self._group_numbers: dict[tuple[str, int, int], int] = {}
        self._unit_cells: list[str] = []
        self._known_kinds: list[tuple[str, str]] = []
        self._schemes: list[tuple[str, str, datetime.date]] = []
        self._scheme_numbers: dict[object, int] = {}
        self._days: Memo[str, tuple[str, int]] = Memo(self._day)
        self._units: Memo[str, int] = Memo(self._unit)
        self._kinds: Memo[tuple[str, str], int] = Memo(self._kind)
        self._meanings: Memo[int, tuple[int, int]] = Memo(self._meaning)
        self._evidence: Memo[tuple[int, str, str, str, str], tuple[int, str, int | None, int, int | None]]
        self._evidence = Memo(self._assess)
        self._unit_ids: Memo[tuple[int, int], int] = Memo(self._unit_id)
        self._signatures: Memo[tuple[str, str, datetime.date], object] = Memo(self._signature)

    def understand(self, chunk: Chunk, trip_ids: Sequence[str]) -> Trips:
        """The trips of some rows. Raises the complaint of the first row that cannot be understood."""
        _, date, unit, category, fuel, distance, quantity, route, stated, cost_centre, project, _, _ = chunk.columns
        if not all(trip_ids) or len(max(trip_ids, key=len)) > _LONGEST_ID:
            _require_ids(trip_ids)
        trip_on, groups = zip(*map(self._days.__getitem__, date), strict=True)
        units = map(self._units.__getitem__, unit)
        kinds = map(self._kinds.__getitem__, zip(category, fuel, strict=True))
        meanings = map(self._meanings.__getitem__, map(add, map(add, groups, units), kinds))
        charge_ids, schemes = zip(*meanings, strict=True)
        evidence = zip(schemes, stated, quantity, distance, route, strict=True)
        tiers, quantities, factors, co2_g, under = zip(*map(self._evidence.__getitem__, evidence), strict=True)
        return Trips(
            trip_ids,
            charge_ids,
            chunk.numbers,
            trip_on,
            tiers,
            quantities,
            factors,
            co2_g,
            under,
            list(map(str.strip, cost_centre)),
            list(map(str.strip, project)),
            list(map(SEPARATOR.join, chunk.kept)),
        )

    def complaints(self, cells: Sequence[str], trip_id: str) -> list[InputRefused]:
        """Everything that is wrong with one row in standard columns, each complaint with its column."""
        row = dict(zip(COLUMNS, cells, strict=True))
        found: list[InputRefused] = []
        day: datetime.date | None = None
        # A cell that is not understood hides nothing about the others: of those as much is judged as can be.
        category, fuel = "", "unknown"
        with suppress(TripDate):
            day = trip_date(row["date"])
        with suppress(InputRefused):
            category, fuel = self._kind_of(row["category"], row["fuel"])
        questions = (
            lambda: _require_ids([trip_id]),
            lambda: self._days[row["date"]],
            lambda: self._kind_of(row["category"], row["fuel"]),
            lambda: day and self._directory.resolve(row["unit"], day),
        )
        for question in questions:
            try:
                question()
            except InputRefused as complaint:
                found.append(complaint)
        numbers = row["co2_fossil_kg"], row["fuel_quantity"], row["distance_km"], row["route"]
        evidence = Evidence(category, fuel, day or datetime.date.min, *numbers)
        can_assess = category and day is not None
        found += self._assessor.complaints(evidence) if can_assess else self._assessor.cell_complaints(evidence)
        return found + list(self._limits.complaints(category, row["distance_km"], row["fuel_quantity"]))

    def _day(self, cell: str) -> tuple[str, int]:
        day = trip_date(cell)
        booked_on = self._booking.day_for(day)
        rate = in_force(self._policies, RATE, day)
        if rate is None:
            raise TripBeforeRate(trip_on=day, place=Place(column="date"))
        season = day.month if self._assessor.has_seasons else 0
        self._limits.require_day(day, booked_on)
        era = bisect_right(self._eras, day)
        key = (booked_on.isoformat(), era, season)
        number = self._group_numbers.setdefault(key, len(self._group_numbers))
        if number == len(self._group_days):
            self._group_days.append((day, booked_on.isoformat(), rate, era))
            self._era_days.setdefault(era, day)
            self.rates[rate.id] = int(rate.value)
        return day.isoformat(), number << _GROUP_BITS

    def _unit(self, cell: str) -> int:
        self._unit_cells.append(cell)
        return (len(self._unit_cells) - 1) << _UNIT_BITS

    def _kind(self, cells: tuple[str, str]) -> int:
        # Numbered by what they mean, not by how they are spelled: there are few, and they fit their bits.
        kind = self._kind_of(*cells)
        if kind not in self._known_kinds:
            self._known_kinds.append(kind)
        return self._known_kinds.index(kind)

    @staticmethod
    def _kind_of(category: str, fuel: str) -> tuple[str, str]:
        known_category, known_fuel = category.strip().casefold(), fuel.strip().casefold()
        if known_category not in CATEGORIES:
            raise UnknownCategory(value=category.strip(), known=", ".join(CATEGORIES), place=Place(column="category"))
        if known_fuel and known_fuel not in FUELS:
            raise UnknownFuel(value=fuel.strip(), known=", ".join(FUELS), place=Place(column="fuel"))
        return known_category, known_fuel or "unknown"

    def _meaning(self, key: int) -> tuple[int, int]:
        """The charge line and the factor scheme of a group, a unit cell and a kind."""
        day, booked_on, rate, era = self._group_days[key >> _GROUP_BITS]
        # Within an era a unit cell means the same on every day.
        unit_id = self._unit_ids[era, (key >> _UNIT_BITS) & _UNIT_MASK]
        category, fuel = self._known_kinds[key & _KIND_MASK]
        charge = ChargeKey(unit_id, category, rate.id, booked_on)
        if charge not in self._charge_ids:
            self._charge_ids[charge] = self._next_charge_id
            self.charges[self._next_charge_id] = charge
            self._next_charge_id += 1
        scheme = self._scheme_numbers.setdefault(self._signatures[category, fuel, day], len(self._scheme_numbers))
        if scheme == len(self._schemes):
            self._schemes.append((category, fuel, day))
        return self._charge_ids[charge], scheme

    def _unit_id(self, key: tuple[int, int]) -> int:
        era, unit_cell = key
        return self._directory.resolve(self._unit_cells[unit_cell], self._era_days[era]).id

    def _signature(self, key: tuple[str, str, datetime.date]) -> object:
        # Each category by itself: what is assessed is the same for all cars, but the limits are not.
        category, fuel, day = key
        return category, fuel, self._assessor.signature(category, fuel, day)

    def _assess(self, key: tuple[int, str, str, str, str]) -> tuple[int, str, int | None, int, int | None]:
        scheme, stated, quantity, distance, route = key
        category, fuel, day = self._schemes[scheme]
        found = self._assessor.assess(Evidence(category, fuel, day, stated, quantity, distance, route))
        # Most cells have too few characters to be beyond a limit.
        if len(distance) >= self._shortest_distance.get(category, NEVER) or len(quantity) >= self._shortest_quantity:
            for complaint in self._limits.complaints(category, distance, quantity):
                raise complaint
        factor_id = self._factor_keys[found.factor] if found.factor else None
        return TIER_NUMBERS[found.tier], found.quantity, factor_id, found.co2_g, found.co2_under_500_km_g


def without_personal_numbers(
    header: Sequence[str], cells: Sequence[str], exempting: Mapping[str, re.Pattern[str]]
) -> tuple[str, ...]:
    """A row's cells with everything that looks like a personal identity number masked.

    `exempting` says by column what ids of bare digits look like there.
    """
    return tuple(
        MASKED if looks_like_personal_number(cell, id_pattern=exempting.get(name)) else cell
        for name, cell in zip(header, cells, strict=True)
    )


def require_no_personal_number(
    kept: Sequence[str], header: Sequence[str], exempting: Mapping[str, re.Pattern[str]]
) -> None:
    """No kept cell looks like a personal identity number; each column's cells are given joined.

    Raises `PersonalNumber` with the supplier's column; the value is not repeated.
    """
    # One quick look at everything, then at each column; at each cell only where digits stand in the right numbers.
    if not may_contain(SEPARATOR.join(kept).encode()):
        return
    for column, line in zip(header, kept, strict=True):
        if may_contain(line.encode()):
            pattern = exempting.get(column)
            if _are_no_persons(line, pattern):
                continue
            if any(looks_like_personal_number(cell, id_pattern=pattern) for cell in line.split(SEPARATOR)):
                raise PersonalNumber(place=Place(column=column))


def _are_no_persons(line: str, pattern: re.Pattern[str] | None) -> bool:
    """Whether a quick look shows that all of a column are ids: digits in other numbers, or declared by `pattern`."""
    text = line.replace(SEPARATOR, "")
    if not (text.isascii() and text.isdigit()):
        return False
    cells = line.split(SEPARATOR)
    lengths = set(map(len, cells))
    return lengths.isdisjoint(DIGITS) or (
        pattern is not None and lengths == {10} and all(map(pattern.fullmatch, cells))
    )


def _require_ids(trip_ids: Sequence[str]) -> None:
    for trip_id in trip_ids:
        if not trip_id:
            raise TripIdMissing(place=Place(column="trip_id"))
        if len(trip_id) > _LONGEST_ID:
            raise TripIdTooLong(most=_LONGEST_ID, place=Place(column="trip_id"))
