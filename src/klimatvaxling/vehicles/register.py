"""The register of vehicles in the books."""

import datetime
from collections.abc import Mapping
from dataclasses import replace

from sqlalchemy import Connection, text

from klimatvaxling.clock import Clock, stamp, today
from klimatvaxling.database.bulk import insert_rows, next_key
from klimatvaxling.errors import ExchangeError, Place
from klimatvaxling.units.directory import Directory, UnknownUnit
from klimatvaxling.units.register import directory
from klimatvaxling.vehicles.fleet import Fleet
from klimatvaxling.vehicles.vehicle import Vehicle

_FIELDS = tuple(Vehicle.__dataclass_fields__)


def vehicles(connection: Connection, *, known_at: str | None = None) -> list[Vehicle]:
    """Every entry of every vehicle in order of registration."""
    rows = connection.execute(
        text(
            f"SELECT {', '.join(_FIELDS)} FROM vehicle"
            " WHERE :known_at IS NULL OR registered_at <= :known_at ORDER BY id"
        ),
        {"known_at": known_at},
    )
    return [
        Vehicle(
            **{
                **row._asdict(),
                "cards": tuple(row.cards.split()),
                "valid_from": datetime.date.fromisoformat(row.valid_from),
                "valid_to": datetime.date.fromisoformat(row.valid_to) if row.valid_to else None,
            }
        )
        for row in rows
    ]


def add(connection: Connection, new: Mapping[Place, Vehicle], *, clock: Clock, by: str) -> list[Vehicle]:
    """Register entries, given by where they stand, all or none; gives those that say something new.

    A list that is loaded again changes nothing. Raises `UnknownUnit` or `CardTaken` with the entry's place.
    """
    known = vehicles(connection)
    holding = {(vehicle.number, vehicle.valid_from): vehicle for vehicle in known}
    placed = {}
    for place, vehicle in new.items():
        key = (vehicle.number, vehicle.valid_from)
        if holding.get(key) != vehicle:
            holding[key] = placed[place] = vehicle
    changed = list(placed.values())
    units, fleet, day = directory(connection), Fleet([*known, *changed]), today(clock)
    for place, vehicle in placed.items():
        try:
            _require_unit(units, vehicle, day)
            fleet.require_one_vehicle_each([vehicle])
        except ExchangeError as fault:
            fault.place = replace(place, column=fault.place.column)
            raise
    first, registered = next_key(connection, "vehicle"), (stamp(clock()), by)
    insert_rows(
        connection,
        "vehicle",
        ("id", *_FIELDS, "registered_at", "registered_by"),
        [(first + offset, *_values(vehicle), *registered) for offset, vehicle in enumerate(changed)],
    )
    return changed


def _require_unit(units: Directory, vehicle: Vehicle, day: datetime.date) -> None:
    """The unit must be one on the entry's first or last day, or today: a slip is found when it is made."""
    if vehicle.outside_reason:
        return
    for when in (vehicle.valid_from, vehicle.valid_to, day):
        try:
            units.resolve(vehicle.unit, when or day)
        except UnknownUnit:
            continue
        return
    units.resolve(vehicle.unit, day)


def _values(vehicle: Vehicle) -> tuple[object, ...]:
    values = {name: getattr(vehicle, name) for name in _FIELDS} | {
        "cards": " ".join(vehicle.cards),
        "valid_from": vehicle.valid_from.isoformat(),
        "valid_to": vehicle.valid_to.isoformat() if vehicle.valid_to else None,
    }
    return tuple(values.values())
