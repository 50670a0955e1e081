"""The grams of fossil CO2 of a trip, by the best evidence in its row.

In this order: fossil CO2 that the supplier states; fuel quantity × factor; distance × factor; route
(great-circle distance per leg × factor). Each trip is rounded once, half up on the magnitude, so that a
credit mirrors its charge.
"""

import datetime
import re
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from klimatvaxling import exact, typed
from klimatvaxling.emissions import airports
from klimatvaxling.emissions.echo import shown
from klimatvaxling.emissions.factor import DISTANCE_UNIT, FUEL_UNITS, HAULS, MEASURES, Factor, FactorSet
from klimatvaxling.errors import InputRefused, Place
from klimatvaxling.language import N_
from klimatvaxling.memo import Memo

# No trip, nor a year of one vehicle, comes near; and below it every product is exact and fits the database.
TOO_LARGE = 10_000_000
_G_PER_KG = Decimal(1000)
# Shares of a typed distance are counted in this decimal place, the last one that a number can be typed with.
_LAST_PLACE = 20
# A distance may say how many trips it stands for, each as long as what follows: 3*412,5.
_TIMES = re.compile(r"([-\u2212\u2013]?)([0-9]{1,3})\*([^-\u2212\u2013].*)")
# A route led by a minus is a journey given back: a credit that mirrors its charge.
_MINUS = "-\u2212"


class CellNotANumber(InputRefused):
    """A number cell with something else in it."""

    code = "KV-CELL-NUMBER"
    message = N_("“{value}” is not a number.")
    remedy = N_("Write digits with decimal comma or point, for example 1 234,50, or leave the cell empty.")
    explanation = N_(
        "A cell that is filled but not understood is never passed over in favour of weaker evidence: the trip"
        " would be charged by something else than what the supplier meant."
    )


class CellTooLarge(InputRefused):
    """A quantity no trip can have."""

    code = "KV-CELL-SIZE"
    message = N_("The number is larger than any trip can have.")
    remedy = N_("Check the unit and the column: kg, litres and km must each be below {most}.")


class NoEvidence(InputRefused):
    """Nothing to compute CO2 from."""

    code = "KV-NO-EVIDENCE"
    message = N_("The row has nothing to compute CO2 from.")
    remedy = N_("Give the stated fossil CO2 in kg, the fuel quantity, the distance in km, or for a flight the route.")
    explanation = N_("A trip whose CO2 cannot be computed is rejected, never charged as zero.")


class RouteIsForFlights(InputRefused):
    """A car trip with only a route."""

    code = "KV-ROUTE-CAR"
    message = N_("A route is evidence for flights only, not for a trip by car.")
    remedy = N_("Give the distance in km, the fuel quantity or the stated fossil CO2.")


class FuelQuantityOfAFlight(InputRefused):
    """A flight with a fuel quantity."""

    code = "KV-FLIGHT-FUEL"
    message = N_("A flight has no fuel quantity: the fuel is not this passenger's alone.")
    remedy = N_("Empty the cell and give the stated fossil CO2, the distance or the route, or correct the category.")


class FuelUnknown(InputRefused):
    """A fuel quantity of an unknown fuel, and no distance."""

    code = "KV-FUEL-UNKNOWN"
    message = N_("The fuel quantity cannot be used: the fuel is not known.")
    remedy = N_("Give the fuel, or the distance in km.")


class NoFactor(InputRefused):
    """No registered factor covers the quantity on the day."""

    code = "KV-NO-FACTOR"
    message = N_("No factor set has a figure for “{subject}” per {unit} on {day}.")
    remedy = N_("Register a factor set that covers it, or give other evidence in the row.")


class Evidence(NamedTuple):
    """What a row says about its CO2: cells as typed, empty where nothing is given.

    `category` and `fuel` are known already (`factor.CATEGORIES`, `factor.FUELS`; an empty fuel is unknown).
    """

    category: str
    fuel: str
    day: datetime.date
    stated_kg: str
    fuel_quantity: str
    distance_km: str
    route: str


class Assessment(NamedTuple):
    """The CO2 of a trip and what it rests on.

    `quantity` is what was multiplied: kg (stated), the fuel's unit (fuel) or km (distance, route), canonical.
    `factors` are pairs of set label and factor key, that of the longest leg first; empty for stated CO2.
    `co2_under_500_km_g` is what belongs to flight legs under 500 km; None for cars and flights of unknown
    length.
    """

    tier: str
    quantity: str
    factors: tuple[tuple[str, str], ...]
    co2_g: int
    co2_under_500_km_g: int | None

    @property
    def factor(self) -> tuple[str, str] | None:
        """Set label and key of the only or the longest leg's factor; None for stated CO2."""
        return self.factors[0] if self.factors else None


class _Read(NamedTuple):
    """The cells of a row, understood."""

    stated_kg: Decimal | None
    fuel_quantity: Decimal | None
    distance_km: Decimal | None
    route: airports.Route | None
    # How many trips the distance is the sum of.
    times: int = 1

    @property
    def is_under_500_km(self) -> bool:
        """Whether one trip of the distance is under 500 km."""
        return self.distance_km is not None and self.distance_km.copy_abs() < airports.SHORT_LEG_BELOW_KM * self.times


class Assessor:
    """Assesses many rows by the same factor sets, which stand in the order they were registered."""

    def __init__(self, sets: Sequence[FactorSet]) -> None:
        self._newest_first = tuple(reversed(sets))
        self._factors: dict[tuple[int, str, str, str, datetime.date], Factor | None] = {}
        self._routes: dict[str, airports.Route] = {}
        self._numbers: Memo[str, Decimal] = Memo(typed.decimal)

    @property
    def has_seasons(self) -> bool:
        """Whether any factor holds for some months only."""
        return any(factor.months for factor_set in self._newest_first for factor in factor_set.factors)

    def eras(self) -> list[datetime.date]:
        """The days on which some factor begins to hold or has ceased to, seasons apart."""
        spans = [(item.valid_from, item.valid_to) for item in self._newest_first]
        spans += [(item.valid_from, item.valid_to) for factor_set in self._newest_first for item in factor_set.factors]
        ends = {last + datetime.timedelta(days=1) for _, last in spans if last is not None}
        return sorted({first for first, _ in spans} | ends)

    def signature(self, category: str, fuel: str, day: datetime.date) -> tuple[tuple[str, str] | None, ...]:
        """The factors a trip could meet: two days with the same signature give the same CO2 for the same evidence."""
        traffic, kinds = ("flight", HAULS) if category == "flight" else ("car", (fuel,))
        found = [self._find(measure, traffic, kind, day) for measure in MEASURES for kind in kinds]
        return tuple((pair[0].label, pair[1].key) if pair else None for pair in found)

    def assess(self, evidence: Evidence) -> Assessment:
        """The CO2 of one row. Raises the first of its `complaints`."""
        read, faults = self._read(evidence)
        if faults:
            raise faults[0]
        if evidence.category == "flight":
            return self._flight(evidence, read)
        return self._car(evidence, read)

    def cell_complaints(self, evidence: Evidence) -> list[InputRefused]:
        """What is wrong with the row's cells in themselves, whatever factors there are."""
        return self._read(evidence)[1]

    def complaints(self, evidence: Evidence) -> list[InputRefused]:
        """Everything that is wrong with the row's evidence, each complaint with its column."""
        faults = self._read(evidence)[1]
        if not faults:
            try:
                self.assess(evidence)
            except InputRefused as fault:
                faults.append(fault)
        return faults

    def _read(self, evidence: Evidence) -> tuple[_Read, list[InputRefused]]:
        faults: list[InputRefused] = []
        times, distance_km = _times(evidence.distance_km)
        read = _Read(
            self._number("co2_fossil_kg", evidence.stated_kg, faults),
            self._number("fuel_quantity", evidence.fuel_quantity, faults),
            self._number("distance_km", distance_km, faults, times),
            # What stands in the route cell of a car trip may be street names; it is never used.
            self._route(evidence.route, faults) if evidence.category == "flight" else None,
            times,
        )
        if evidence.category == "flight" and evidence.fuel_quantity.strip():
            faults.append(FuelQuantityOfAFlight(place=Place(column="fuel_quantity")))
        return read, faults

    def _number(self, column: str, text: str, faults: list[InputRefused], times: int = 1) -> Decimal | None:
        if not text or text.isspace():
            return None
        try:
            number = exact.product(self._numbers[text], Decimal(times)) if times > 1 else self._numbers[text]
        except typed.NotANumber:
            faults.append(CellNotANumber(place=Place(column=column), value=shown(text)))
            return None
        if number.copy_abs() >= TOO_LARGE:
            # The value is not repeated: ten digits may be somebody's personal identity number.
            faults.append(CellTooLarge(place=Place(column=column), most=TOO_LARGE))
            return None
        return number

    def _route(self, text: str, faults: list[InputRefused]) -> airports.Route | None:
        if not text.strip():
            return None
        if text not in self._routes:
            try:
                self._routes[text] = airports.route(text.strip().lstrip(_MINUS))
            except InputRefused as fault:
                faults.append(fault)
                return None
        return self._routes[text]

    def _car(self, evidence: Evidence, read: _Read) -> Assessment:
        if read.stated_kg is not None:
            return _stated(read.stated_kg, None)
        fuel = evidence.fuel or "unknown"
        for tier, quantity in (("fuel", read.fuel_quantity), ("distance", read.distance_km)):
            found = None if quantity is None else self._find(tier, "car", fuel, evidence.day)
            if quantity is not None and found is not None:
                factor_set, factor = found
                grams = exact.whole(exact.product(quantity, factor.g_per_unit))
                used = ((factor_set.label, factor.key),)
                return Assessment(tier, typed.canonical(quantity), used, grams, None)
        if read.fuel_quantity is not None and read.distance_km is None and fuel == "unknown":
            raise FuelUnknown(place=Place(column="fuel"))
        if read.fuel_quantity is not None and fuel in FUEL_UNITS:
            raise _no_factor("fuel_quantity", fuel, FUEL_UNITS[fuel], evidence.day)
        if read.distance_km is not None:
            raise _no_factor("distance_km", fuel, DISTANCE_UNIT, evidence.day)
        if evidence.route.strip():
            raise RouteIsForFlights(place=Place(column="route"))
        raise NoEvidence(place=Place(column="distance_km"))

    def _flight(self, evidence: Evidence, read: _Read) -> Assessment:
        if read.stated_kg is not None:
            return _stated(read.stated_kg, read)
        if read.distance_km is not None and read.route is None:
            return self._flight_by_distance(read.distance_km, read, evidence.day)
        if read.route is None:
            raise NoEvidence(place=Place(column="distance_km"))
        is_credit = read.distance_km is None and evidence.route.strip().startswith(tuple(_MINUS))
        found = self._flight_by_legs(read.route, read.distance_km, evidence.day)
        return _credited(found) if is_credit else found

    def _flight_by_distance(self, distance_km: Decimal, read: _Read, day: datetime.date) -> Assessment:
        one_trip_km = Fraction(distance_km) / read.times
        for factor_set in self._newest_first:
            factor = self._factor(factor_set, "distance", "flight", factor_set.haul_of_distance(one_trip_km), day)
            if factor is not None:
                grams = exact.whole(exact.product(distance_km, factor.g_per_unit))
                under = grams if read.is_under_500_km else 0
                used = ((factor_set.label, factor.key),)
                return Assessment("distance", typed.canonical(distance_km), used, grams, under)
        raise _no_factor("distance_km", "flight", DISTANCE_UNIT, day)

    def _flight_by_legs(self, route: airports.Route, distance_km: Decimal | None, day: datetime.date) -> Assessment:
        """Leg by leg; a distance that is given too is spread over the legs and replaces the great circle."""
        if distance_km is None:
            tier, quantities = "route", [Decimal(leg.distance_km * route.times) for leg in route.legs]
        else:
            tier, quantities = "distance", _spread(distance_km, route)
        total, under = Decimal(0), Decimal(0)
        used: dict[tuple[str, str], int] = {}
        for leg, quantity in zip(route.legs, quantities, strict=True):
            factor_set, factor = self._factor_of_leg(leg, day, "route" if distance_km is None else "distance_km")
            grams = exact.product(quantity, factor.g_per_unit)
            if distance_km is None and factor_set.distance_uplift_percent:
                grams = exact.product(grams, 1 + factor_set.distance_uplift_percent.scaleb(-2))
            total = exact.EXACT.add(total, grams)
            under = exact.EXACT.add(under, grams) if leg.under_500_km else under
            name = (factor_set.label, factor.key)
            used[name] = max(leg.distance_km, used.get(name, 0))
        quantity = Decimal(route.distance_km) if distance_km is None else distance_km
        longest_first = tuple(sorted(used, key=lambda name: -used[name]))
        return Assessment(tier, typed.canonical(quantity), longest_first, exact.whole(total), exact.whole(under))

    def _factor_of_leg(self, leg: airports.Leg, day: datetime.date, column: str) -> tuple[FactorSet, Factor]:
        for factor_set in self._newest_first:
            haul = factor_set.haul_of_leg(leg.distance_km, same_country=leg.same_country)
            factor = self._factor(factor_set, "distance", "flight", haul, day)
            if factor is not None:
                return factor_set, factor
        raise _no_factor(column, "flight", DISTANCE_UNIT, day)

    def _find(self, measure: str, traffic: str, kind: str, day: datetime.date) -> tuple[FactorSet, Factor] | None:
        for factor_set in self._newest_first:
            factor = self._factor(factor_set, measure, traffic, kind, day)
            if factor is not None:
                return factor_set, factor
        return None

    def _factor(
        self, factor_set: FactorSet, measure: str, traffic: str, kind: str, day: datetime.date
    ) -> Factor | None:
        wanted = (id(factor_set), measure, traffic, kind, day)
        if wanted not in self._factors:
            self._factors[wanted] = factor_set.factor_on((measure, traffic, kind), day)
        return self._factors[wanted]


def assess(evidence: Evidence, sets: Sequence[FactorSet]) -> Assessment:
    """The CO2 of one row, by the sets in the order they were registered. Raises the first complaint."""
    return Assessor(sets).assess(evidence)


def _times(text: str) -> tuple[int, str]:
    """How many trips a distance stands for, and the distance of one; text that says nothing of the kind is one trip."""
    found = _TIMES.fullmatch(text.strip()) if "*" in text else None
    if found is None or not int(found[2]):
        return 1, text
    return int(found[2]), found[1] + found[3].strip()


def _stated(stated_kg: Decimal, flight: _Read | None) -> Assessment:
    grams = exact.whole(exact.product(stated_kg, _G_PER_KG))
    return Assessment("stated", typed.canonical(stated_kg), (), grams, _share_under_500_km(grams, flight))


def _share_under_500_km(grams: int, flight: _Read | None) -> int | None:
    """The stated grams under 500 km: shared by the route's km, else all or nothing by the distance."""
    if flight is not None and flight.route is not None:
        short_km = flight.route.distance_under_500_km
        return exact.share_out(grams, [short_km, flight.route.distance_km - short_km])[0]
    if flight is not None and flight.distance_km is not None:
        return grams if flight.is_under_500_km else 0
    return None


def _credited(charged: Assessment) -> Assessment:
    under = charged.co2_under_500_km_g
    return charged._replace(co2_g=-charged.co2_g, co2_under_500_km_g=None if under is None else -under)


def _spread(distance_km: Decimal, route: airports.Route) -> list[Decimal]:
    """A typed distance over the legs of its route, by their great circles; the parts sum to it exactly."""
    units = int(distance_km.scaleb(_LAST_PLACE, exact.EXACT))
    parts = exact.share_out(units, [leg.distance_km for leg in route.legs])
    return [Decimal(part).scaleb(-_LAST_PLACE, exact.EXACT) for part in parts]


def _no_factor(column: str, subject: str, unit: str, day: datetime.date) -> NoFactor:
    return NoFactor(place=Place(column=column), subject=subject, unit=unit, day=day)
