"""A vehicle (fordon) of the municipality: whose it is, what it runs on, and the cards it is fuelled with."""

import datetime
import re
from dataclasses import dataclass

from klimatvaxling.emissions.factor import CATEGORIES, FUELS
from klimatvaxling.errors import InputRefused, Place
from klimatvaxling.language import N_
from klimatvaxling.units.unit import ALWAYS

CAR_CATEGORIES = tuple(category for category in CATEGORIES if category != "flight")
_UNSEEN = re.compile(r"[\s\u00ad\u200b-]+")
_NUMBER = re.compile(r"[0-9A-ZÅÄÖÆØÜ*._/]{2,30}")
_SOURCE = re.compile(r"\w[\w .-]{0,59}")
# The largest tanks of lorries hold 1,500 litres; more is a slip.
LARGEST_TANK_L = 3_000


class BadVehicleNumber(InputRefused):
    """A registration or card number that cannot be one."""

    code = "KV-VEHICLE-NUMBER"
    message = N_("“{value}” is not a registration or card number.")
    remedy = N_("Write 2–30 letters and digits; spaces and hyphens do not matter: ABC 123, 7015-8300-0012.")


class BadVehicleCategory(InputRefused):
    """A vehicle that is no car of the scheme's, and is not said to lie outside it."""

    code = "KV-VEHICLE-CATEGORY"
    message = N_("“{value}” is not a category a vehicle can have.")
    remedy = N_("Write one of: {known}. For lorries and machines, give the reason in outside_scheme instead.")


class BadVehicleFuel(InputRefused):
    """A fuel that is not one of the scheme's."""

    code = "KV-VEHICLE-FUEL"
    message = N_("“{value}” is not a fuel.")
    remedy = N_("Write one of: {known}. Leave the cell empty where nobody knows.")


class VehicleUnitMissing(InputRefused):
    """A vehicle of nobody's."""

    code = "KV-VEHICLE-UNIT"
    message = N_("The vehicle {vehicle} has no unit.")
    remedy = N_("Give the unit's code or one of its cost centres, or the reason why the vehicle is outside the scheme.")


class BadTank(InputRefused):
    """A tank that no vehicle has."""

    code = "KV-VEHICLE-TANK"
    message = N_("“{value}” is not the size of a tank in litres.")
    remedy = N_("Write whole litres, at most {most}, or leave the cell empty.")


class BadChargingSource(InputRefused):
    """Something that cannot be the name of a source."""

    code = "KV-VEHICLE-SOURCE"
    message = N_("“{value}” is not the name of a source.")
    remedy = N_("Write one source that charges the vehicle, as source list names it, or leave the cell empty.")


class VehicleEndsBeforeItBegins(InputRefused):
    """A last day before the first."""

    code = "KV-VEHICLE-DATES"
    message = N_("The vehicle {vehicle} ends on {end}, before it begins on {begin}.")
    remedy = N_("Correct valid_from or valid_to.")


@dataclass(frozen=True)
class Vehicle:
    """A vehicle as it is from `valid_from` to `valid_to` (None: until its next entry, if there is one).

    `number` and `cards` are folded (`ABC123`); `unit` is a unit's code or cost centre. A vehicle with an
    `outside_reason` is not charged: lorries, machines. `charged_by` names the one source whose rows charge it; where
    it is empty the policy says (charging_source.py).
    """

    number: str
    cards: tuple[str, ...] = ()
    unit: str = ""
    category: str = ""
    fuel: str = ""
    cost_centre: str = ""
    outside_reason: str = ""
    charged_by: str = ""
    tank_l: int | None = None
    valid_from: datetime.date = ALWAYS
    valid_to: datetime.date | None = None


def folded(text: str) -> str:
    """A registration or card number without what does not matter: case, spaces, hyphens."""
    return _UNSEEN.sub("", text).upper()


def vehicle_number(text: str, column: str) -> str:
    """A registration or card number as it is kept. Raises `BadVehicleNumber`."""
    number = folded(text)
    if not _NUMBER.fullmatch(number):
        raise BadVehicleNumber(value=text.strip()[:40], place=Place(column=column))
    return number


def vehicle(
    number: str,
    *,
    cards: list[str] | None = None,
    unit: str = "",
    category: str = "",
    fuel: str = "",
    cost_centre: str = "",
    outside_reason: str = "",
    charged_by: str = "",
    tank: str = "",
    valid_from: datetime.date = ALWAYS,
    valid_to: datetime.date | None = None,
) -> Vehicle:
    """A checked vehicle from what was typed. Raises the errors above, each with its column."""
    kept = vehicle_number(number, "vehicle")
    reason = " ".join(outside_reason.split())
    if not reason and not unit.strip():
        raise VehicleUnitMissing(vehicle=kept, place=Place(column="unit"))
    if category not in CAR_CATEGORIES and not (reason and not category):
        raise BadVehicleCategory(value=category, known=", ".join(CAR_CATEGORIES), place=Place(column="category"))
    if fuel and fuel not in FUELS:
        raise BadVehicleFuel(value=fuel, known=", ".join(FUELS), place=Place(column="fuel"))
    if valid_to is not None and valid_to < valid_from:
        raise VehicleEndsBeforeItBegins(vehicle=kept, begin=valid_from, end=valid_to, place=Place(column="valid_to"))
    return Vehicle(
        number=kept,
        cards=tuple(dict.fromkeys(vehicle_number(card, "cards") for card in cards or [])),
        unit=unit.strip(),
        category=category,
        fuel=fuel,
        cost_centre=cost_centre.strip(),
        outside_reason=reason,
        charged_by=_source(charged_by) if charged_by.strip() else "",
        tank_l=_tank(tank) if tank else None,
        valid_from=valid_from,
        valid_to=valid_to,
    )


def _source(text: str) -> str:
    name = text.strip()
    if not _SOURCE.fullmatch(name):
        raise BadChargingSource(value=text.strip()[:40], place=Place(column="charged_by"))
    return name


def _tank(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,4}", text) or not 0 < int(text) <= LARGEST_TANK_L:
        raise BadTank(value=text[:40], most=LARGEST_TANK_L, place=Place(column="tank_litres"))
    return int(text)
