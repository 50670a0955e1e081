"""Places and routes by air: IATA codes, city codes and closed airports, and the great circle between them."""

import difflib
import functools
import math
import re
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from itertools import pairwise
from typing import Any

from klimatvaxling.emissions.echo import shown
from klimatvaxling.errors import InputRefused, Place
from klimatvaxling.language import N_

# The mean radius of the Earth (IUGG): with it the haversine is within 0.5 % of the ellipsoid.
EARTH_RADIUS_KM = 6371.0088
# The limit of the follow-up that state agencies publish (förordning 2009:907): 50 mil.
SHORT_LEG_BELOW_KM = 500
# Suppliers leave out stops; even so, no place with flights lies farther from the Nordic countries than New Zealand
# (Copenhagen–Christchurch, 18,047 km). Hardly any flight is as short as the way between two airports of one city
# (Narita–Haneda, 60 km).
LONGEST_LEG_KM = 18_200
SHORTEST_LEG_KM = 61
# Longer than any journey; what stands there is something else.
MOST_CHARACTERS = 400
_DASHES = "-\u2010-\u2015\u2212"  # spreadsheets turn a hyphen into a dash
_ARROW = re.compile(rf"\s*(?:[{_DASHES}=]*>|[\u2192\u00bb/|])\s*")
_SPACED_DASH, _DASH = re.compile(rf"\s+[{_DASHES}]\s+"), re.compile(f"[{_DASHES}]")
_TIMES = re.compile(r"([0-9]{1,3})\s*\*(.*)", re.DOTALL)
_CODE_IN_BRACKETS = re.compile(r"[^()]*\(\s*([A-Za-z]{3})\s*\)")
_CODES = re.compile(r"[A-Za-z]{3}(?:\s+[A-Za-z]{3})+")
_NOT_PART_OF_A_NAME = " \t\r\n\u00a0\u202f:;."


class PlaceUnknown(InputRefused):
    """No airport and no city has this code."""

    code = "KV-PLACE-UNKNOWN"
    message = N_("“{value}” is not an airport we know.")
    remedy = N_("Write the IATA code, three letters, or give the distance in km instead of the route.")


class PlaceMisspelt(PlaceUnknown):
    """The same, with places that are written much like it."""

    message = N_("“{value}” is not an airport we know. Was one of these meant: {suggestions}?")


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


class LegTooLong(InputRefused):
    """A leg that no flight covers."""

    code = "KV-LEG-LONG"
    message = N_("The leg {leg} is {km} km: no flight from here is that long.")
    remedy = N_("Check both codes and write the stop between them, or give the distance in km instead of the route.")


class LegTooShort(InputRefused):
    """A leg that is more likely a transfer by land."""

    code = "KV-LEG-SHORT"
    message = N_("The leg {leg} is {km} km: hardly a flight.")
    remedy = N_(
        "If the traveller went by land between the airports, part the journeys with a comma: GOT-ARN, BMA-GOT."
        " If it was flown, give the distance in km instead of the route."
    )


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
    """A journey by air, every leg counted, made as many `times` as it says: several travellers, or flights alike."""

    legs: tuple[Leg, ...]
    times: int = 1

    @property
    def distance_km(self) -> int:
        """The sum of the legs' whole km."""
        return self.times * sum(leg.distance_km for leg in self.legs)

    @property
    def distance_under_500_km(self) -> int:
        """The km of the legs under 500 km each."""
        return self.times * sum(leg.distance_km for leg in self.legs if leg.under_500_km)


def airport(text: str) -> Airport:
    """The airport a code, a city code or a spelt-out name stands for.

    Raises `PlaceUnknown`, `PlaceIsManyAirports` or `PlaceQuestioned`.
    """
    code, places = _code(text), _places()
    if code in places["questioned"]:
        raise PlaceQuestioned(place=Place(column="route"), value=code, **places["questioned"][code])
    code = _names().get(_folded(text)) or places["cities"].get(code, code)
    if code in places["airports"]:
        own = places["airports"][code]
        return Airport(code, own["country"], own["lat"], own["lon"])
    known = _airports().get(code)
    if known is not None:
        return Airport(code, known["country"], known["lat"], known["lon"])
    if code in _cities():
        airports = ", ".join(sorted(_cities()[code]["airports"]))
        raise PlaceIsManyAirports(place=Place(column="route"), value=code, airports=airports)
    if near := _near(text):
        raise PlaceMisspelt(place=Place(column="route"), value=shown(text), suggestions=", ".join(near))
    raise PlaceUnknown(place=Place(column="route"), value=shown(text))


def leg_km(origin: str, destination: str) -> int:
    """The great-circle distance between two places in whole km. Raises what `airport` raises."""
    return _great_circle_km(airport(origin), airport(destination))


def route(text: str) -> Route:
    """A route as typed, `GOT-ARN-GOT` or `Göteborg > Stockholm-Arlanda`; case and spaces do not matter.

    Journeys are parted by a comma (`GOT-ARN, BMA-GOT`), and `3*GOT-ARN` is flown three times. Raises `RouteTooShort`,
    `LegToItself`, `LegTooLong`, `LegTooShort` and what `airport` raises, each with the column `route`.
    """
    if len(text) > MOST_CHARACTERS:
        raise RouteTooShort(place=Place(column="route"), value=shown(text))
    counted = _TIMES.fullmatch(text.strip())
    times, journeys = (int(counted[1]), counted[2]) if counted else (1, text)
    legs: list[Leg] = []
    for journey in journeys.split(","):
        stops = [stop.strip(_NOT_PART_OF_A_NAME) for stop in _stops(journey)]
        if len(stops) < 2 or not all(stops) or not times:
            raise RouteTooShort(place=Place(column="route"), value=shown(text))
        legs += [_leg(*pair) for pair in pairwise(map(airport, stops))]
    return Route(tuple(legs), times)


def _stops(journey: str) -> list[str]:
    """A journey's places as written. Arrows part them; where a hyphen may be part of a name, the name comes first."""
    stops = _ARROW.split(journey.strip())
    for dash in (_SPACED_DASH, _DASH):
        stops = [part for stop in stops for part in ([stop] if _is_name(stop) else dash.split(stop))]
    return [
        part
        for stop in stops
        for part in (stop.split() if _CODES.fullmatch(stop.strip()) and not _is_name(stop) else [stop])
    ]


def _is_name(text: str) -> bool:
    return _folded(text) in _names() or bool(_CODE_IN_BRACKETS.fullmatch(text.strip()))


def _code(text: str) -> str:
    """The code that a text is or has behind a name in brackets; spaces in three letters are slips: `FR A`."""
    stripped = text.strip(_NOT_PART_OF_A_NAME)
    in_brackets = _CODE_IN_BRACKETS.fullmatch(stripped)
    return (in_brackets[1] if in_brackets else "".join(stripped.split())).upper()


def _folded(text: str) -> str:
    """A name without what does not matter: case, accents, hyphens."""
    spaced = _DASH.sub(" ", text.strip(_NOT_PART_OF_A_NAME)).casefold().replace("ø", "o")
    plain = (letter for letter in unicodedata.normalize("NFKD", spaced) if not unicodedata.combining(letter))
    return " ".join("".join(plain).split())


def _near(text: str) -> list[str]:
    """Places that are written much like `text`, as `GOT (göteborg)`: for a person to choose from, never chosen here."""
    wanted = _folded(text)
    if len(wanted) < 3:
        return []
    begin = [name for name in _names() if name.startswith(wanted)] if len(wanted) <= 4 else []
    names = [*begin, *difflib.get_close_matches(wanted, _names(), cutoff=0.75)]
    found = {code: name for name in reversed(names) for code in [_names()[name]]}
    return [f"{code} ({_spelling()[name]})" for code, name in reversed(found.items())][:3]


def _leg(origin: Airport, destination: Airport) -> Leg:
    if origin.code == destination.code:
        raise LegToItself(place=Place(column="route"), value=origin.code)
    km = _great_circle_km(origin, destination)
    if not SHORTEST_LEG_KM <= km <= LONGEST_LEG_KM:
        kind = LegTooLong if km > LONGEST_LEG_KM else LegTooShort
        raise kind(place=Place(column="route"), leg=f"{origin.code}-{destination.code}", km=km)
    return Leg(origin.code, destination.code, km, origin.country == destination.country)


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


@functools.cache
def _names() -> Mapping[str, str]:
    """The code of each name, folded."""
    return {_folded(name): code for name, code in _places()["names"].items()}


@functools.cache
def _spelling() -> Mapping[str, str]:
    """How each folded name is written."""
    return {_folded(name): name.title() for name in reversed(_places()["names"])}


def load() -> None:
    """Load the table of airports now: it takes a tenth of a second, which most commands never need."""
    _airports()


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
