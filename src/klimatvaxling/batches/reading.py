"""The reading of a travel file: from its bytes to understood trips and rejected rows, without the database.

Everything a reading needs comes with its task, so that a large file can be read in a process of its own while this one
writes (ahead.py).
"""

import datetime
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from operator import lt, sub
from pathlib import Path

from klimatvaxling.batches import run
from klimatvaxling.batches.batch import Rejected, TripTwice
from klimatvaxling.charges.charge import Booking, ChargeKey
from klimatvaxling.emissions.assessment import Assessor
from klimatvaxling.emissions.factor import FactorSet
from klimatvaxling.errors import InputRefused, Place
from klimatvaxling.memo import Memo
from klimatvaxling.policies.policy import PolicyValue
from klimatvaxling.travel import standard
from klimatvaxling.travel.chunk import Chunk
from klimatvaxling.travel.file import TravelFile
from klimatvaxling.travel.plausible import Implausible, ImplausibleAmount, SpeedRule, iso_minute
from klimatvaxling.travel.profile import Profile, fold
from klimatvaxling.travel.rows import Layout, TravelRows
from klimatvaxling.travel.standard import COLUMNS
from klimatvaxling.trips.fleet_rows import FROM_VEHICLE, FleetRows, Reason, SetAside
from klimatvaxling.trips.trip import ContentIds, Trips
from klimatvaxling.trips.understanding import (
    PersonalNumber,
    Understanding,
    require_no_personal_number,
    without_personal_numbers,
)
from klimatvaxling.units.directory import Directory, Merger
from klimatvaxling.units.unit import Unit
from klimatvaxling.vehicles.charging_source import ChargingSources
from klimatvaxling.vehicles.fleet import Fleet
from klimatvaxling.vehicles.vehicle import Vehicle

_DATE, _FUEL, _DISTANCE, _QUANTITY = map(COLUMNS.index, ("date", "fuel", "distance_km", "fuel_quantity"))


@dataclass(frozen=True)
class Task:
    """What to read and by which registers. `twice` are ids that may not stand; `with_cells` sends the rows along."""

    file: Path
    profile: Profile
    units: Sequence[Unit]
    mergers: Sequence[Merger]
    policies: Sequence[PolicyValue]
    factor_sets: Sequence[FactorSet]
    factor_keys: Mapping[tuple[str, str], int]
    booking: Booking
    vehicles: Sequence[Vehicle]
    trip_date: datetime.date | None
    first_charge_id: int
    twice: frozenset[str]
    with_cells: bool
    accept: tuple[str, ...] = ()


@dataclass(frozen=True)
class Opening:
    """The file, and its kept columns as the supplier spells them."""

    name: str
    sha256: str
    size_bytes: int
    header: tuple[str, ...]
    # Whether it is a workbook of rejected rows that comes back.
    is_corrected: bool = False


@dataclass(frozen=True)
class Part:
    """Some rows: understood trips, rejected rows, the charge lines first seen here, and how far the reading has come.

    `cells` come along where it is not yet known which of the trips are new.
    """

    trips: Trips | None
    rejected: tuple[Rejected, ...]
    charges: Mapping[int, ChargeKey]
    rows_read: int
    cells: Chunk | None
    # Rows outside the scheme, with their ids: one of them may have been posted before.
    set_aside: SetAside | None = None
    set_aside_ids: Sequence[str] = ()


@dataclass(frozen=True)
class Closing:
    """The end of the file: counts, the rates that were used by key in öre per kg, and rows that were too wide."""

    rows_read: int
    outside: Mapping[Reason, int]
    rates: Mapping[int, int]
    rejected: tuple[Rejected, ...]


Message = Opening | Part | Closing


def read(task: Task, file: TravelFile) -> Iterator[Message]:
    """Everything a file says: an opening, parts, a closing. Raises what is wrong with the file as a whole."""
    with file:
        yield from _Reading(task, file).messages()


class _Reading:
    """One pass over one file."""

    def __init__(self, task: Task, file: TravelFile) -> None:
        self._task, self._file, self._profile = task, file, task.profile
        self._limits = task.profile.limits.without(task.accept)
        self._amounts: Memo[tuple[str, str, str], ImplausibleAmount | None] = Memo(self._amount_complaint)
        self._tanks: Memo[tuple[str, str, int | None], Implausible | None] = Memo(
            lambda row: self._limits.tank_complaint(*row)
        )
        self._minutes: Memo[str, int] = Memo(iso_minute)
        if self._limits.speed is not None:
            self._enough_minutes: Memo[int, int] = Memo(self._limits.speed.enough_minutes)
        self._understanding = Understanding(
            Directory(task.units, task.mergers),
            task.policies,
            Assessor(task.factor_sets),
            task.factor_keys,
            task.booking,
            task.first_charge_id,
            self._limits,
        )
        # Without ids, a row that has come to lie outside the scheme cannot be told from another.
        keeps_outside = task.with_cells and task.profile.has_trip_ids
        self._rows = TravelRows(file, task.profile, trip_date=task.trip_date, keeps_outside=keeps_outside)
        charging = ChargingSources(task.policies)
        fleet = FleetRows(Fleet(task.vehicles), charging, task.profile.name) if task.profile.names_vehicles else None
        self._fleet = fleet
        self._outside: Counter[Reason] = Counter()
        self._content_ids = None if task.profile.has_trip_ids else ContentIds()
        self._run = run.Run()
        self._rejected: list[Rejected] = []
        self._charges_told = 0

    def messages(self) -> Iterator[Message]:
        opened = False
        for chunk in self._rows:
            if not opened:
                yield self._opening()
                opened = True
            yield from self._outside_by_profile()
            yield from self._parts(chunk)
        if not opened:
            yield self._opening()
        yield from self._parts_of_run()
        yield from self._outside_by_profile()
        too_wide = tuple(Rejected(row, self._kept_of(cells), (fault,)) for row, cells, fault in self._rows.too_wide)
        outside = self._outside + Counter[Reason](self._rows.outside)
        yield Closing(self._rows.rows_read, outside, self._understanding.rates, too_wide)

    def _opening(self) -> Opening:
        is_corrected = standard.REJECTED_REASON in self._layout.header
        return Opening(self._file.name, self._file.sha256, self._file.size_bytes, self._header, is_corrected)

    def _parts(self, chunk: Chunk) -> Iterator[Part]:
        """The rows, without those that their vehicles set aside."""
        inside, outside = self._fleet.parted(chunk) if self._fleet is not None else (chunk, None)
        if outside is not None:
            self._outside.update(outside.reasons)
            if self._task.with_cells:
                yield self._set_aside(outside)
        if not inside.numbers:
            return
        if self._content_ids is None:
            yield self._part(inside, self._ids(inside))
            return
        self._run.add(inside, self._ids(inside))
        if len(self._run) >= run.LENGTH:
            yield from self._parts_of_run()

    def _parts_of_run(self) -> Iterator[Part]:
        for chunk, trip_ids in self._run.pages():
            yield self._part(chunk, trip_ids)

    def _outside_by_profile(self) -> Iterator[Part]:
        if found := self._rows.outside_rows():
            yield self._set_aside(SetAside(*found))

    def _set_aside(self, rows: SetAside) -> Part:
        return Part(None, (), {}, self._rows.rows_read, None, rows, self._ids(rows.chunk))

    def _part(self, chunk: Chunk, trip_ids: Sequence[str]) -> Part:
        """Understand some rows, those apart that are refused."""
        parts = list(self._divided(chunk, trip_ids))
        trips = None if not parts else parts[0] if len(parts) == 1 else Trips.joined(parts)
        rejected, self._rejected = tuple(self._rejected), []
        known = self._understanding.charges
        charges = (
            {key: known[key] for key in list(known)[self._charges_told :]} if len(known) > self._charges_told else {}
        )
        self._charges_told = len(known)
        cells = chunk if self._task.with_cells else None
        return Part(trips, rejected, charges, self._rows.rows_read, cells)

    @property
    def _layout(self) -> Layout:
        assert self._rows.layout is not None
        return self._rows.layout

    @property
    def _header(self) -> tuple[str, ...]:
        return tuple(self._profile.spelling[name] for name in self._layout.kept_header)

    def _ids(self, chunk: Chunk) -> Sequence[str]:
        if self._content_ids is None:
            return list(map(str.strip, chunk.columns[0]))
        return self._content_ids.of(chunk.columns)

    def _divided(self, chunk: Chunk, trip_ids: Sequence[str]) -> Iterator[Trips]:
        """The rows as trips; where one is refused, the rows are divided until it stands alone."""
        try:
            yield self._understood(chunk, trip_ids)
        except InputRefused as complaint:
            if len(trip_ids) == 1:
                self._reject(chunk, trip_ids[0], complaint)
                return
            middle = len(trip_ids) // 2
            yield from self._divided(chunk.part(0, middle), trip_ids[:middle])
            yield from self._divided(chunk.part(middle, len(trip_ids)), trip_ids[middle:])

    def _understood(self, chunk: Chunk, trip_ids: Sequence[str]) -> Trips:
        if self._task.twice and not self._task.twice.isdisjoint(trip_ids):
            trip_id = next(trip_id for trip_id in trip_ids if trip_id in self._task.twice)
            raise TripTwice(trip_id=trip_id, place=Place(column="trip_id"))
        filled = self._fleet.filled(chunk) if self._fleet else chunk
        trips = self._understanding.understand(filled, trip_ids)
        self._require_no_personal_number(trips.kept)
        for complaint in self._implausible(chunk, filled):
            raise complaint
        return trips

    def _implausible(self, chunk: Chunk, filled: Chunk) -> Iterator[Implausible]:
        """Complaints that need more than a row's standard cells; `filled` has what the vehicles give."""
        if self._limits.amount is not None:
            yield from self._amount_complaints(chunk)
        if self._limits.speed is not None:
            yield from self._speed_complaints(self._limits.speed, chunk)
        if self._fleet is not None:
            yield from self._tank_complaints(self._fleet, chunk, filled)

    def _speed_complaints(self, rule: SpeedRule, chunk: Chunk) -> Iterator[Implausible]:
        header = self._layout.kept_header
        if not {*rule.columns} <= {*header}:
            return
        starts, ends = (chunk.kept[header.index(column)] for column in rule.columns)
        distances, minute = chunk.columns[_DISTANCE], self._minutes.__getitem__
        begun = list(map(minute, starts))
        taken = map(sub, map(minute, ends), begun)
        # Nearly always a look at the number of digits shows that the distance takes no longer.
        is_doubtful = list(map(lt, taken, map(self._enough_minutes.__getitem__, map(len, distances))))
        if all(begun) and not any(is_doubtful):
            return
        for row, distance in enumerate(distances):
            if begun[row] and not is_doubtful[row]:
                continue
            complaint = rule.complaint(starts[row], ends[row], chunk.columns[_DATE][row], distance)
            if complaint is not None and complaint.code not in self._task.accept:
                yield complaint

    def _tank_complaints(self, fleet: FleetRows, chunk: Chunk, filled: Chunk) -> Iterator[Implausible]:
        quantities = filled.columns[_QUANTITY]
        if not any(quantities):
            return
        rows = zip(quantities, filled.columns[_FUEL], fleet.tanks(chunk), strict=True)
        yield from filter(None, map(self._tanks.__getitem__, rows))

    def _amount_complaints(self, chunk: Chunk) -> list[ImplausibleAmount]:
        """The rows whose amount is not distance × rate, where the profile says that it should be."""
        rule, distance = self._limits.amount, self._profile.columns.get("distance_km")
        header = self._layout.kept_header
        if rule is None or distance is None or not {*rule.columns, *distance.value_columns[:1]} <= set(header):
            return []
        amounts, *rates = (chunk.kept[header.index(column)] for column in rule.columns)
        driven = chunk.kept[header.index(distance.value_columns[0])]
        rows = zip(amounts, driven, rates[0] if rates else repeat(""), strict=False)
        return [complaint for complaint in map(self._amounts.__getitem__, rows) if complaint is not None]

    def _amount_complaint(self, cells: tuple[str, str, str]) -> ImplausibleAmount | None:
        return self._limits.amount.complaint(*cells) if self._limits.amount is not None else None

    def _require_no_personal_number(self, kept: Sequence[str]) -> None:
        require_no_personal_number(kept, self._layout.kept_header, self._profile.exempting)

    def _reject(self, chunk: Chunk, trip_id: str, complaint: InputRefused) -> None:
        cells = tuple(chunk.kept_row(0))
        faults = [complaint]
        try:
            self._require_no_personal_number(cells)
            faults = self._complaints(chunk, trip_id) or faults
        except PersonalNumber as found:
            # Only this is said of such a row: another complaint might repeat the number.
            faults = [found]
            cells, trip_id = self._masked(cells), ""
        self._rejected.append(
            Rejected(chunk.numbers[0], cells, tuple(self._placed(fault, chunk.numbers[0]) for fault in faults), trip_id)
        )

    def _complaints(self, chunk: Chunk, trip_id: str) -> list[InputRefused]:
        """Everything that is wrong with the one row of `chunk`."""
        try:
            filled = self._fleet.filled(chunk) if self._fleet else chunk
        except InputRefused as fault:
            # What the vehicle would have given is not missing for a reason of its own.
            others = self._understanding.complaints(chunk.row(0), trip_id)
            others = [fault, *(other for other in others if other.place.column not in FROM_VEHICLE)]
            return [*others, *self._implausible(chunk, chunk)]
        return [*self._understanding.complaints(filled.row(0), trip_id), *self._implausible(chunk, filled)]

    def _placed(self, fault: InputRefused, row: int) -> InputRefused:
        """The complaint with the file, row and column as the supplier spells it."""
        column = fault.place.column
        if column in COLUMNS and column not in self._layout.kept_header:
            given = self._profile.source_column("vehicle") if column in FROM_VEHICLE else None
            column = self._profile.source_column(column) or given or self._header[0]
        elif column is not None:
            column = self._profile.spelling.get(fold(column), column)
        fault.place = Place(file=self._file.name, row=row, column=column)
        return fault

    def _masked(self, cells: Sequence[str]) -> tuple[str, ...]:
        return without_personal_numbers(self._layout.kept_header, cells, self._profile.exempting)

    def _kept_of(self, cells: Sequence[str]) -> tuple[str, ...]:
        return self._masked([column[0] for column in self._layout.kept([(cell,) for cell in cells])])
