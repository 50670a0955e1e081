"""What a row may plausibly say: limits that a profile sets, and the complaints of rows beyond them.

A row beyond a limit is rejected with the reason; whoever knows that it is right accepts its code at the import, and
the batch says so. The defaults are generous: they are to find slips of the keyboard, not long journeys.
"""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import ClassVar

from klimatvaxling import typed
from klimatvaxling.errors import InputRefused, Place
from klimatvaxling.exact import EXACT, product
from klimatvaxling.language import N_

# Assumed: no row of a supplier's file is longer, a year of claims on one row included.
DEFAULT_DISTANCE_KM = {
    "own_car": Decimal(20_000),
    "pool_car": Decimal(20_000),
    "rental_car": Decimal(20_000),
    "taxi": Decimal(3_000),
    "flight": Decimal(50_000),
}
# Assumed: a tank holds less; so does what a car takes in a month. Litres, kg of gas or kWh.
DEFAULT_FUEL_QUANTITY = Decimal(1_000)
# As long as the books themselves are kept (BFL 7:2).
DEFAULT_YEARS = 7
DEFAULT_TOLERANCE_KR = Decimal(1)


class Implausible(InputRefused):
    """A row beyond a limit: rejected unless its code is accepted at the import."""

    codes: ClassVar[set[str]] = set()

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        Implausible.codes.add(cls.code)


class ImplausibleDistance(Implausible):
    """A distance longer than a row of the category has."""

    code = "KV-PLAUSIBLE-DISTANCE"
    message = N_("{value} km is more than a row of {category} is expected to have, {most} km.")
    remedy = N_(
        "Check the unit of measure and the decimals. If it is right, import with --accept KV-PLAUSIBLE-DISTANCE."
    )
    explanation = N_("The limits stand in the source's profile, under [plausible]; see docs/sources.md.")


class ImplausibleFuel(Implausible):
    """More fuel than a tank holds."""

    code = "KV-PLAUSIBLE-FUEL"
    message = N_("The fuel quantity {value} is more than one row is expected to have, {most}.")
    remedy = N_("Check the unit of measure and the decimals. If it is right, import with --accept KV-PLAUSIBLE-FUEL.")
    explanation = N_("The limits stand in the source's profile, under [plausible]; see docs/sources.md.")


class ImplausibleDate(Implausible):
    """A trip that is booked many years after it was made."""

    code = "KV-PLAUSIBLE-DATE"
    message = N_("The trip on {trip_on} would be booked on {booked_on}, more than {years} years later.")
    remedy = N_("Check the year. If it is right, import with --accept KV-PLAUSIBLE-DATE.")
    explanation = N_("The limits stand in the source's profile, under [plausible]; see docs/sources.md.")


class ImplausibleAmount(Implausible):
    """An amount that is not the distance times the rate it is paid by."""

    code = "KV-PLAUSIBLE-AMOUNT"
    message = N_("The amount {amount} is not {distance} × {rate}.")
    remedy = N_(
        "Ask for the right distance: it is what is charged. If it is right, import with --accept KV-PLAUSIBLE-AMOUNT."
    )
    explanation = N_("The limits stand in the source's profile, under [plausible]; see docs/sources.md.")


@dataclass(frozen=True)
class AmountRule:
    """The supplier's columns whose amount is distance × rate, or one of some `rates` in kronor per unit of distance."""

    column: str
    rate_column: str | None = None
    rates: tuple[Decimal, ...] = ()
    tolerance_kr: Decimal = DEFAULT_TOLERANCE_KR
    optional: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """The supplier's columns it needs besides the distance."""
        return (self.column,) if self.rate_column is None else (self.column, self.rate_column)

    def complaint(self, amount: str, distance: str, rate: str) -> ImplausibleAmount | None:
        """What is wrong with a row's cells as read; an empty cell says nothing."""
        if not amount.strip() or not distance.strip() or (self.rate_column is not None and not rate.strip()):
            return None
        rates = self.rates
        shown = rate.strip() if self.rate_column is not None else " / ".join(map(typed.canonical, rates))
        try:
            paid, driven = typed.decimal(amount), typed.decimal(distance)
            rates = rates if self.rate_column is None else (typed.decimal(rate),)
        except typed.NotANumber:
            rates = ()
        for each in rates:
            if abs(EXACT.subtract(abs(paid), product(abs(driven), abs(each)))) <= self.tolerance_kr:
                return None
        return ImplausibleAmount(
            amount=amount.strip()[:40], distance=distance.strip()[:40], rate=shown[:60], place=Place(column=self.column)
        )


@dataclass(frozen=True)
class Limits:
    """The limits of one source; None is no limit. Distances are by category, in km."""

    distance_km: Mapping[str, Decimal | None] = field(default_factory=lambda: dict(DEFAULT_DISTANCE_KM))
    fuel_quantity: Decimal | None = DEFAULT_FUEL_QUANTITY
    years: int | None = DEFAULT_YEARS
    amount: AmountRule | None = None

    def without(self, accepted: Sequence[str]) -> "Limits":
        """The limits that are left when some complaints are accepted, by their codes."""
        return replace(
            self,
            distance_km={} if ImplausibleDistance.code in accepted else self.distance_km,
            fuel_quantity=None if ImplausibleFuel.code in accepted else self.fuel_quantity,
            years=None if ImplausibleDate.code in accepted else self.years,
            amount=None if ImplausibleAmount.code in accepted else self.amount,
        )

    def shortest(self) -> tuple[dict[str, int], int]:
        """How many characters a cell beyond the limits has at least: distances by category, and fuel quantities."""
        return {category: _digits(most) for category, most in self.distance_km.items()}, _digits(self.fuel_quantity)

    def complaints(self, category: str, distance_km: str, fuel_quantity: str) -> list[Implausible]:
        """Quantities beyond the limits, as magnitudes; cells that are no numbers are complained about elsewhere."""
        found: list[Implausible] = []
        most = self.distance_km.get(category)
        if most is not None and _exceeds(distance_km, most):
            facts = {"value": distance_km.strip(), "category": category, "most": typed.canonical(most)}
            found.append(ImplausibleDistance(place=Place(column="distance_km"), **facts))
        if self.fuel_quantity is not None and _exceeds(fuel_quantity, self.fuel_quantity):
            most_fuel = typed.canonical(self.fuel_quantity)
            place = Place(column="fuel_quantity")
            found.append(ImplausibleFuel(value=fuel_quantity.strip(), most=most_fuel, place=place))
        return found

    def require_day(self, trip_on: datetime.date, booked_on: datetime.date) -> None:
        """The trip is not booked too many years after it was made. Raises `ImplausibleDate`."""
        if self.years is None:
            return
        # 29 February counts as 28 February.
        last = 28 if (trip_on.month, trip_on.day) == (2, 29) else trip_on.day
        year = trip_on.year + self.years
        if year < datetime.MAXYEAR and booked_on > trip_on.replace(year=year, day=last):
            raise ImplausibleDate(trip_on=trip_on, booked_on=booked_on, years=self.years, place=Place(column="date"))


# Longer than any cell.
NEVER = 1 << 30
NO_LIMITS = Limits(distance_km={}, fuel_quantity=None, years=None)


def _digits(limit: Decimal | None) -> int:
    """How many characters a number above the limit has at least."""
    return len(str(int(limit))) if limit is not None else NEVER


def _exceeds(cell: str, most: Decimal) -> bool:
    try:
        return bool(cell.strip()) and abs(typed.decimal(cell)) > most
    except typed.NotANumber:
        return False
