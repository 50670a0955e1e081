"""Places and routes by air: IATA codes, city codes and closed airports, and the great circle between them."""

import functools
import math
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

from klimatvaxling.emissions.echo import shown
from klimatvaxling.errors import InputRefused, Place
from klimatvaxling.language import N_

# The mean radius of the Earth (IUGG): with it the haversine is within 0.5 % of the ellipsoid.
EARTH_RADIUS_KM = 6371.0088
# The limit of the follow-up that state agencies publish (förordning 2009:907): 50 mil.
SHORT_LEG_BELOW_KM = 500
_SEPARATOR = re.compile("[-\u2010-\u2015\u2212]")  # spreadsheets turn a hyphen into a dash


class PlaceUnknown(InputRefused):
    """No airport and no city has this code."""

    code = "KV-PLACE-UNKNOWN"
    message = N_("“{value}” is not an airport we know.")
    remedy = N_("Write the IATA code, three letters, or give the distance in km instead of the route.")


class PlaceIsManyAirports(InputRefused):
    """A city code without an airport that stands for the city."""

    code = "KV-PLACE-CITY"
    message = N_("“{value}” is a city with several airports: {airports}.")
    remedy = N_("Write the code of the airport that was used.")


class PlaceQuestioned(InputRefused):
    """A code that is real but hardly ever meant."""

    code = "KV-PLACE-QUESTIONED"
    message = N_("“{value}” is {means}. Was {suggestion} meant?")
    remedy = N_("Write {suggestion} if that is the place, otherwise give the distance in km instead of the route.")
    explanation = N_(
        "Some codes look like a Swedish or Nordic town and belong to a place on the other side of the world."
        " Charging the wrong one would be off by thousands of kilometres, so the program asks and never"
        " guesses."
    )


class RouteTooShort(InputRefused):
    """Fewer than two places, or nothing between two separators."""

    code = "KV-ROUTE"
    message = N_("“{value}” is not a route.")
    remedy = N_("Write at least two IATA codes joined by -, for example GOT-ARN-GOT.")


class LegToItself(InputRefused):
    """A leg that goes nowhere."""

    code = "KV-ROUTE-SAME-PLACE"
    message = N_("The route has a leg from {value} to itself.")
    remedy = N_("Remove the place that stands twice, or correct it. A city code stands for its main airport.")


@dataclass(frozen=True)
class Airport:
    """An airport; coordinates in decimal degrees, country as ISO 3166-1 alpha-2."""

    code: str
    country: str
    lat: float
    lon: float


@dataclass(frozen=True)
class Leg:
    """One flight of a route: its great circle in whole km, and whether both ends lie in one country."""

    origin: str
    destination: str
    distance_km: int
    same_country: bool

    @property
    def under_500_km(self) -> bool:
        """Whether the leg counts among the flights under 500 km (50 mil)."""
        return self.distance_km < SHORT_LEG_BELOW_KM


@dataclass(frozen=True)
class Route:
    """A journey by air, every leg counted."""

    legs: tuple[Leg, ...]

    @property
    def distance_km(self) -> int:
        """The sum of the legs' whole km."""
        return sum(leg.distance_km for leg in self.legs)

    @property
    def distance_under_500_km(self) -> int:
        """The km of the legs under 500 km each."""
        return sum(leg.distance_km for leg in self.legs if leg.under_500_km)


def airport(text: str) -> Airport:
    """The airport a code, a city code or a spelt-out name stands for.

    Raises `PlaceUnknown`, `PlaceIsManyAirports` or `PlaceQuestioned`.
    """
    code, places = text.strip().upper(), _places()
    if code in places["questioned"]:
        raise PlaceQuestioned(place=Place(column="route"), value=code, **places["questioned"][code])
    code = places["names"].get(text.strip().casefold()) or places["cities"].get(code, code)
    if code in places["airports"]:
        own = places["airports"][code]
        return Airport(code, own["country"], own["lat"], own["lon"])
    known = _airports().get(code)
    if known is not None:
        return Airport(code, known["country"], known["lat"], known["lon"])
    if code in _cities():
        airports = ", ".join(sorted(_cities()[code]["airports"]))
        raise PlaceIsManyAirports(place=Place(column="route"), value=code, airports=airports)
    raise PlaceUnknown(place=Place(column="route"), value=shown(text))


def leg_km(origin: str, destination: str) -> int:
    """The great-circle distance between two places in whole km. Raises what `airport` raises."""
    return _great_circle_km(airport(origin), airport(destination))


def route(text: str) -> Route:
    """A route as typed, `GOT-ARN-GOT`; case and spaces do not matter.

    Raises `RouteTooShort`, `LegToItself` and what `airport` raises, each with the column `route`.
    """
    codes = [code.strip() for code in _SEPARATOR.split(text)]
    if len(codes) < 2 or not all(codes):
        raise RouteTooShort(place=Place(column="route"), value=shown(text))
    # A personal identity number splits like a route; only the whole shows what it is.
    if shown(text) != text.strip() and any(code.isdigit() for code in codes):
        raise RouteTooShort(place=Place(column="route"), value=shown(text))
    stops = [airport(code) for code in codes]
    return Route(tuple(_leg(stops[index], stops[index + 1]) for index in range(len(stops) - 1)))


def _leg(origin: Airport, destination: Airport) -> Leg:
    if origin.code == destination.code:
        raise LegToItself(place=Place(column="route"), value=origin.code)
    return Leg(
        origin.code,
        destination.code,
        _great_circle_km(origin, destination),
        origin.country == destination.country,
    )


def _great_circle_km(origin: Airport, destination: Airport) -> int:
    """Haversine, rounded once to whole km.

    Floats are safe here, and only here: sines and square roots have no exact decimals anyway, the error of
    double precision (below a millimetre) is far below that of the coordinates (hundreds of metres), and only
    the whole km leave this function. From there on the arithmetic is exact.
    """
    lat_1, lon_1, lat_2, lon_2 = (
        math.radians(degrees) for degrees in (origin.lat, origin.lon, destination.lat, destination.lon)
    )
    half_chord = (
        math.sin((lat_2 - lat_1) / 2) ** 2 + math.cos(lat_1) * math.cos(lat_2) * math.sin((lon_2 - lon_1) / 2) ** 2
    )
    # The sum may exceed one by a rounding error between antipodes.
    return math.floor(2 * EARTH_RADIUS_KM * math.asin(math.sqrt(min(1.0, half_chord))) + 0.5)


@functools.cache
def _places() -> Mapping[str, Any]:
    """Our own table of places: questioned codes, cities, names, closed and corrected airports."""
    data = resources.files("klimatvaxling.emissions") / "data" / "places.toml"
    return tomllib.loads(data.read_text(encoding="utf-8"))


# The data takes a tenth of a second to load, which most commands never need.
@functools.cache
def _airports() -> Mapping[str, Any]:
    import airportsdata

    found: Mapping[str, Any] = airportsdata.load("IATA")
    return found


@functools.cache
def _cities() -> Mapping[str, Any]:
    import airportsdata

    found: Mapping[str, Any] = airportsdata.load_iata_macs()
    return found
