"""The vehicle register as it stood on a day."""

import datetime

from sqlalchemy import Connection

from klimatvaxling.language import N_, translate
from klimatvaxling.reports.report import NUMBER, Column, Report
from klimatvaxling.reports.titles import title
from klimatvaxling.units.directory import Directory, UnknownUnit
from klimatvaxling.units.register import directory, require_unit
from klimatvaxling.units.unit import ALWAYS
from klimatvaxling.vehicles import register
from klimatvaxling.vehicles.fleet import Fleet
from klimatvaxling.vehicles.vehicle import Vehicle

_KEYS = (
    "vehicle",
    "cards",
    "unit",
    "unit_as_registered",
    "category",
    "fuel",
    "cost_centre",
    "outside_scheme",
    "charged_by",
    "tank_litres",
    "valid_from_on",
    "valid_to_on",
)


def vehicles(connection: Connection, unit: str | None, as_of: datetime.date, known_at: str) -> Report:
    """The vehicles of `as_of`, those of one unit if it is named. Raises `UnknownUnit` for one that never was."""
    wanted = require_unit(connection, unit, as_of, known_at=known_at).code if unit is not None else None
    units = directory(connection, known_at=known_at)
    fleet = Fleet(register.vehicles(connection, known_at=known_at))
    rows = [_row(vehicle, units, as_of) for vehicle in fleet.on(as_of)]
    rows = [row for row in rows if wanted is None or row["unit"] == wanted]
    return Report(
        title=translate(N_("Vehicles on {day}"), day=as_of),
        columns=(
            Column("vehicle", N_("Vehicle")),
            Column("unit_shown", N_("Unit")),
            Column("category_title", N_("Category")),
            Column("fuel_title", N_("Fuel")),
            Column("cards", N_("Cards"), gives_way=2),
            Column("tank_litres", N_("Tank, litres"), NUMBER, gives_way=3),
            Column("valid_from_on", N_("From"), gives_way=3),
            Column("valid_to_on", N_("To"), gives_way=3),
            Column("charged_by", N_("Charged by"), gives_way=1),
            Column("outside_scheme", N_("Outside the scheme")),
        ),
        rows=rows,
        document={"as_of": as_of.isoformat(), "vehicles": [{key: row[key] for key in _KEYS} for row in rows]},
        csv_keys=_KEYS,
        when_empty=translate(N_("No vehicles are registered. Add them with: klimatvaxling vehicle load FILE.csv")),
    )


def _row(vehicle: Vehicle, units: Directory, day: datetime.date) -> dict[str, object]:
    try:
        unit = units.resolve(vehicle.unit, day).code if vehicle.unit else None
    except UnknownUnit:
        unit = None
    return {
        "vehicle": vehicle.number,
        "cards": " ".join(vehicle.cards),
        "unit": unit,
        # A unit that has ended since: its rows are rejected until the register says whose the vehicle is now.
        "unit_shown": unit or vehicle.unit,
        "unit_as_registered": vehicle.unit or None,
        "category": vehicle.category or None,
        "category_title": title(vehicle.category) if vehicle.category else "",
        "fuel": vehicle.fuel or None,
        "fuel_title": title(vehicle.fuel) if vehicle.fuel else "",
        "cost_centre": vehicle.cost_centre or None,
        "outside_scheme": vehicle.outside_reason or None,
        "charged_by": vehicle.charged_by or None,
        "tank_litres": vehicle.tank_l,
        "valid_from_on": vehicle.valid_from.isoformat() if vehicle.valid_from != ALWAYS else None,
        "valid_to_on": vehicle.valid_to.isoformat() if vehicle.valid_to else None,
    }
