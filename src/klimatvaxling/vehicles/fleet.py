"""The fleet (fordonspark): which vehicle a registration number or card means on a day."""

import datetime
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence

from klimatvaxling.errors import InputRefused, Place
from klimatvaxling.language import N_
from klimatvaxling.vehicles.vehicle import Vehicle, folded


class UnknownVehicle(InputRefused):
    """Neither a vehicle nor a card of the register."""

    code = "KV-VEHICLE-UNKNOWN"
    message = N_("“{value}” is neither a vehicle nor a card in the vehicle register.")
    remedy = N_("Correct the cell, or register the vehicle: klimatvaxling vehicle load FILE.csv")


class VehicleNotThen(InputRefused):
    """A vehicle or card of the register, on a day it does not cover."""

    code = "KV-VEHICLE-DAY"
    message = N_("“{value}” is in the vehicle register, but not on {day}.")
    remedy = N_("Correct the date, or register whose the vehicle was that day: klimatvaxling vehicle load FILE.csv")


class CardTaken(InputRefused):
    """A card or number that means two vehicles on the same day."""

    code = "KV-VEHICLE-CARD-TAKEN"
    message = N_("“{value}” of {vehicle} also means {owner} on {day}.")
    remedy = N_("A card belongs to one vehicle at a time: give valid_from and valid_to, or take it from the other.")


class Fleet:
    """Vehicles as they are on each day.

    Of a vehicle's entries that begin on the same day the last registered holds. An entry holds until the next one
    begins; after the last day of the newest nobody has the vehicle: an earlier entry never comes back by itself.
    """

    def __init__(self, vehicles: Iterable[Vehicle]) -> None:
        """`vehicles` stand in order of registration."""
        entries: dict[str, dict[datetime.date, Vehicle]] = {}
        for vehicle in vehicles:
            entries.setdefault(vehicle.number, {})[vehicle.valid_from] = vehicle
        self._entries = {number: [dated[day] for day in sorted(dated)] for number, dated in entries.items()}
        self._begins = {number: [entry.valid_from for entry in held] for number, held in self._entries.items()}
        self._by_card: dict[str, list[str]] = {}
        for number, held in self._entries.items():
            for card in dict.fromkeys(card for entry in held for card in entry.cards):
                self._by_card.setdefault(card, []).append(number)

    def on(self, day: datetime.date) -> list[Vehicle]:
        """The vehicles of `day`, by number."""
        found = (self._holding(number, day) for number in sorted(self._entries))
        return [vehicle for vehicle in found if vehicle is not None]

    def find(self, text: str, day: datetime.date) -> Vehicle:
        """The vehicle that a registration number or card means on `day`.

        Raises `UnknownVehicle`, or `VehicleNotThen` for one that is known on other days.
        """
        wanted = folded(text)
        found = next(self._meant(wanted, day), None)
        if found is not None:
            return found
        place = Place(column="vehicle")
        if wanted in self._entries or wanted in self._by_card:
            raise VehicleNotThen(value=text.strip()[:40], day=day, place=place)
        raise UnknownVehicle(value=text.strip()[:40], place=place)

    def eras(self) -> list[datetime.date]:
        """The days on which anything about vehicles changes: between two of them every answer is the same."""
        days = {entry.valid_from for held in self._entries.values() for entry in held}
        days |= {
            entry.valid_to + datetime.timedelta(days=1)
            for held in self._entries.values()
            for entry in held
            if entry.valid_to and entry.valid_to < datetime.date.max
        }
        return sorted(days)

    def require_one_vehicle_each(self, vehicles: Sequence[Vehicle]) -> None:
        """No number or card of `vehicles`, which are in the fleet, means two of them. Raises `CardTaken`."""
        for vehicle in vehicles:
            for number in (vehicle.number, *vehicle.cards):
                for day in self._days_of_change(number, vehicle):
                    if self._holding(vehicle.number, day) is not vehicle:
                        continue
                    others = [found.number for found in self._meant(number, day) if found.number != vehicle.number]
                    if others:
                        place = Place(column="vehicle" if number == vehicle.number else "cards")
                        raise CardTaken(value=number, vehicle=vehicle.number, owner=others[0], day=day, place=place)

    def _days_of_change(self, number: str, vehicle: Vehicle) -> list[datetime.date]:
        owners = {*self._by_card.get(number, ()), *([number] if number in self._entries else ())}
        days = {entry.valid_from for owner in owners for entry in self._entries[owner]}
        return sorted({vehicle.valid_from} | {day for day in days if day >= vehicle.valid_from})

    def _meant(self, number: str, day: datetime.date) -> Iterator[Vehicle]:
        own = self._holding(number, day)
        if own is not None:
            yield own
        for owner in self._by_card.get(number, ()):
            held = self._holding(owner, day)
            if held is not None and number in held.cards and held.number != number:
                yield held

    def _holding(self, number: str, day: datetime.date) -> Vehicle | None:
        begun = bisect_right(self._begins.get(number, ()), day)
        if not begun:
            return None
        newest = self._entries[number][begun - 1]
        return newest if newest.valid_to is None or day <= newest.valid_to else None
