"""Emission factors as dated data: the fossil CO2 of a litre, a kilometre or a passenger-kilometre, and when.

The lookup is a pure function over the registered sets, oldest registration first: a later set wins for what
it covers, and what it leaves out still comes from the sets before it.
"""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

CATEGORIES = ("own_car", "pool_car", "rental_car", "taxi", "flight")
FUELS = ("petrol", "diesel", "e85", "hvo100", "vehicle_gas", "electric", "unknown")
HAULS = ("domestic", "short", "long")
MEASURES = ("fuel", "distance")
TRAFFIC = ("car", "flight")
CONFIDENCE = ("read", "derived", "assumed")
# What a fuel quantity is counted in; “unknown” is missing, since nobody can say what a litre of it weighs.
FUEL_UNITS = {
    "petrol": "litre",
    "diesel": "litre",
    "e85": "litre",
    "hvo100": "litre",
    "vehicle_gas": "kg",
    "electric": "kWh",
}
DISTANCE_UNIT = "km"
FOSSIL_CO2 = "fossil_co2"
GREAT_CIRCLE = "great_circle"


@dataclass(frozen=True)
class Factor:
    """Grams of fossil CO2 per unit within a validity, for one fuel (cars) or one haul (flights).

    `months` names the months of a season; empty means the whole year. `valid_to` is the last day, None
    means open.
    """

    key: str
    measure: str
    traffic: str
    fuel: str | None
    haul: str | None
    unit: str
    g_per_unit: Decimal
    valid_from: datetime.date
    valid_to: datetime.date | None
    months: tuple[int, ...]
    source: str
    source_year: int | None
    confidence: str

    @property
    def assumption(self) -> bool:
        """Whether the figure, or its use for these years, rests on an assumption that nobody has checked."""
        return self.confidence == "assumed"

    @property
    def subject(self) -> tuple[str, str, str]:
        """What the factor is for: measure, traffic, and the fuel or haul."""
        return self.measure, self.traffic, self.fuel or self.haul or ""

    def covers(self, day: datetime.date) -> bool:
        """Whether the factor is in force on `day`, season included."""
        if day < self.valid_from or (self.valid_to is not None and day > self.valid_to):
            return False
        return not self.months or day.month in self.months


@dataclass(frozen=True)
class FactorSet:
    """A versioned set of factors as one file holds them; `text` is the file as it was read.

    The flight method belongs to the set, so that a factor is always used with the distances it was made for.
    `distance_uplift_percent` lengthens great-circle distances; it is zero where the factors already include
    it.
    """

    name: str
    title: str
    version: str
    source: str
    basis: str
    published_on: datetime.date
    valid_from: datetime.date
    valid_to: datetime.date | None
    licence: str
    notes: str
    distance_method: str
    distance_uplift_percent: Decimal
    short_haul_max_km: int
    domestic_max_km_without_route: int
    factors: tuple[Factor, ...]
    text: str

    @property
    def label(self) -> str:
        """Name and version, as a trip's factor is told from the same factor of another version."""
        return f"{self.name} {self.version}"

    def factor_on(self, subject: tuple[str, str, str], day: datetime.date) -> Factor | None:
        """The factor of this set for measure, traffic and fuel or haul on `day`, if there is one."""
        if day < self.valid_from or (self.valid_to is not None and day > self.valid_to):
            return None
        return next((factor for factor in self.factors if factor.subject == subject and factor.covers(day)), None)

    def haul_of_leg(self, distance_km: int, *, same_country: bool) -> str:
        """The haul of a leg whose ends are known.

        Longer than `short_haul_max_km` is long haul even inside one country: a flight across a continent is
        not the short hop with much take-off that the domestic figure describes.
        """
        if distance_km > self.short_haul_max_km:
            return "long"
        return "domestic" if same_country else "short"

    def haul_of_distance(self, distance_km: Decimal | Fraction) -> str:
        """The haul by the distance alone; by its magnitude, so that a credit mirrors its charge."""
        magnitude = abs(Fraction(distance_km))
        if magnitude <= self.domestic_max_km_without_route:
            return "domestic"
        return "short" if magnitude <= self.short_haul_max_km else "long"


def factor_for(
    sets: Sequence[FactorSet], measure: str, traffic: str, kind: str, day: datetime.date
) -> tuple[FactorSet, Factor] | None:
    """The set and factor in force on `day`; `kind` is the fuel for cars and the haul for flights.

    `sets` stand in the order they were registered; the last one that covers the subject and the day wins.
    """
    for factor_set in reversed(sets):
        factor = factor_set.factor_on((measure, traffic, kind), day)
        if factor is not None:
            return factor_set, factor
    return None
