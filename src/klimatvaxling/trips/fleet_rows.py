"""Rows that name a vehicle: what they lack of unit, category, fuel and cost centre comes from the vehicle register.

Rows that the register puts outside the scheme, or says that another source charges, are set aside with the reason. A
column at a time; a vehicle and an era, within which the register says the same, are looked up once.
"""

import datetime
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from klimatvaxling.errors import InputRefused, Place
from klimatvaxling.language import N_
from klimatvaxling.memo import Memo
from klimatvaxling.travel.chunk import Chunk
from klimatvaxling.travel.standard import COLUMNS
from klimatvaxling.trips.trip import TripDate, trip_date
from klimatvaxling.vehicles.charging_source import ChargedElsewhere, ChargingSources
from klimatvaxling.vehicles.fleet import Fleet

# What a row may leave to its vehicle, in the order of `_Found`.
FROM_VEHICLE = ("unit", "category", "fuel", "cost_centre")
_PLACES = tuple(COLUMNS.index(column) for column in FROM_VEHICLE)
_DATE, _VEHICLE, _UNIT = (COLUMNS.index(column) for column in ("date", "vehicle", "unit"))
_NO_DAY = -1


class VehicleMissing(InputRefused):
    """A row that leaves its unit to a vehicle it does not name."""

    code = "KV-VEHICLE-MISSING"
    message = N_("The row names neither a vehicle nor a unit.")
    remedy = N_("Write the registration number, the card number or the unit.")


# The register's own words, or the source that charges the vehicle instead.
Reason = str | ChargedElsewhere


@dataclass(frozen=True)
class SetAside:
    """Rows outside the scheme, by the profile or their vehicles, and why each is."""

    chunk: Chunk
    reasons: Sequence[Reason]


class _Found(NamedTuple):
    """What the register says of a vehicle in an era."""

    unit: str = ""
    category: str = ""
    fuel: str = ""
    cost_centre: str = ""
    outside: Reason = ""
    tank_l: int | None = None
    is_unknown: bool = False


class FleetRows:
    """Looks up the vehicles of one file's rows, which are of `source`."""

    def __init__(self, fleet: Fleet, charging: ChargingSources, source: str) -> None:
        self._fleet, self._charging, self._source = fleet, charging, source
        self._begins = [datetime.date.min, *sorted({*fleet.eras(), *charging.eras()})]
        self._eras: Memo[str, int] = Memo(self._era)
        # The same rows are asked about twice: whether they are inside, and what they lack.
        self._last: tuple[Chunk, list[_Found]] | None = None
        self._known: Memo[tuple[str, int], _Found] = Memo(self._look_up)

    def parted(self, chunk: Chunk) -> tuple[Chunk, SetAside | None]:
        """The rows that are charged, and those whose vehicles set them aside."""
        reasons = [found.outside for found in self._found(chunk)]
        if not any(reasons):
            return chunk, None
        outside = [index for index, reason in enumerate(reasons) if reason]
        inside = chunk.only([index for index, reason in enumerate(reasons) if not reason])
        return inside, SetAside(chunk.only(outside), [reasons[index] for index in outside])

    def filled(self, chunk: Chunk) -> Chunk:
        """The rows with what they lack. Raises the complaint of the first whose vehicle is not known."""
        *answers, _, _, unknown = zip(*self._found(chunk), strict=True)
        if any(unknown):
            row = chunk.row(unknown.index(True))
            self._fleet.find(row[_VEHICLE], trip_date(row[_DATE]))
        columns = list(chunk.columns)
        for place, answer in zip(_PLACES, answers, strict=True):
            own = columns[place]
            if any(own):
                columns[place] = [cell if cell.strip() else given for cell, given in zip(own, answer, strict=True)]
            else:
                columns[place] = answer
        if not all(columns[_UNIT]):
            self._require_vehicle(columns[_UNIT], columns[_VEHICLE])
        return replace(chunk, columns=columns)

    def tanks(self, chunk: Chunk) -> list[int | None]:
        """The size of each row's tank in litres, where the register knows it."""
        return [found.tank_l for found in self._found(chunk)]

    def _found(self, chunk: Chunk) -> list[_Found]:
        if self._last is None or self._last[0] is not chunk:
            eras = map(self._eras.__getitem__, chunk.columns[_DATE])
            found = list(map(self._known.__getitem__, zip(chunk.columns[_VEHICLE], eras, strict=True)))
            self._last = chunk, found
        return self._last[1]

    @staticmethod
    def _require_vehicle(units: Sequence[str], vehicles: Sequence[str]) -> None:
        if any(not unit and not vehicle.strip() for unit, vehicle in zip(units, vehicles, strict=True)):
            raise VehicleMissing(place=Place(column="vehicle"))

    def _era(self, cell: str) -> int:
        try:
            return bisect_right(self._begins, trip_date(cell)) - 1
        except TripDate:
            return _NO_DAY  # complained about where dates are judged

    def _look_up(self, key: tuple[str, int]) -> _Found:
        cell, era = key
        if not cell.strip() or era == _NO_DAY:
            return _Found()
        try:
            vehicle = self._fleet.find(cell, day := self._begins[era])
        except InputRefused:
            return _Found(is_unknown=True)
        outside = vehicle.outside_reason or self._charging.elsewhere(vehicle, self._source, day) or ""
        return _Found(vehicle.unit, vehicle.category, vehicle.fuel, vehicle.cost_centre, outside, vehicle.tank_l)
