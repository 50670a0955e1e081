"""What a row may plausibly say: limits that a profile sets, and the complaints of rows beyond them.

A row beyond a limit is rejected with the reason; whoever knows that it is right accepts its code at the import, and
the batch says so. The defaults are generous: they are to find slips of the keyboard, not long journeys.
"""

import datetime
import re
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
# Assumed: nobody drives so fast from door to door.
DEFAULT_KM_PER_HOUR = Decimal(150)
# Assumed: the filler pipe and a rounded figure in the register make up the rest.
DEFAULT_TANK_PERCENT = Decimal(110)
_TANK_FUELS = ("petrol", "diesel", "e85", "hvo100")
_TIME = re.compile(r"([01]?[0-9]|2[0-3])[:.]([0-5][0-9])(?:[:.][0-5][0-9])?")
_DAY = 24 * 60  # minutes
# A distance of more is refused for its size.
_MOST_DIGITS = 20


class Implausible(InputRefused):
    """A row beyond a limit: rejected unless its code is accepted at the import."""

    explanation = N_("The limits stand in the source's profile, under [plausible]; see docs/sources.md.")
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


class ImplausibleFuel(Implausible):
    """More fuel than a tank holds."""

    code = "KV-PLAUSIBLE-FUEL"
    message = N_("The fuel quantity {value} is more than one row is expected to have, {most}.")
    remedy = N_("Check the unit of measure and the decimals. If it is right, import with --accept KV-PLAUSIBLE-FUEL.")


class ImplausibleDate(Implausible):
    """A trip that is booked many years after it was made."""

    code = "KV-PLAUSIBLE-DATE"
    message = N_("The trip on {trip_on} would be booked on {booked_on}, more than {years} years later.")
    remedy = N_("Check the year. If it is right, import with --accept KV-PLAUSIBLE-DATE.")


class ImplausibleAmount(Implausible):
    """An amount that is not the distance times the rate it is paid by."""

    code = "KV-PLAUSIBLE-AMOUNT"
    message = N_("The amount {amount} is not {distance} × {rate}.")
    remedy = N_(
        "Ask for the right distance: it is what is charged. If it is right, import with --accept KV-PLAUSIBLE-AMOUNT."
    )


class ImplausibleTank(Implausible):
    """More fuel than the tank of that vehicle holds."""

    code = "KV-PLAUSIBLE-TANK"
    message = N_("{quantity} litres do not fit the vehicle's tank of {tank} litres.")
    remedy = N_(
        "Check the litres, and the tank in the vehicle register. If it is right, import with --accept KV-PLAUSIBLE-TANK."
    )


class ImplausibleSpeed(Implausible):
    """A distance that cannot be driven in that time."""

    code = "KV-PLAUSIBLE-SPEED"
    message = N_("{distance} km from {start} to {end} is {speed} km/h; at most {most} is expected.")
    remedy = N_("Check the distance and the times. If they are right, import with --accept KV-PLAUSIBLE-SPEED.")


class ImplausibleTimes(Implausible):
    """A journey that ends before it begins, or whose times cannot be read."""

    code = "KV-PLAUSIBLE-TIMES"
    message = N_("From “{start}” to “{end}” is no time of a journey.")
    remedy = N_("Correct the times. If the trip is right, import with --accept KV-PLAUSIBLE-TIMES.")


@dataclass(frozen=True)
class Moment:
    """A minute, counted from the calendar's first day, and whether its cell says the day and the time of day."""

    minute: int
    has_day: bool = True
    has_time: bool = True

    @classmethod
    def of(cls, moment: datetime.datetime, text: str) -> "Moment":
        """The moment that a cell's `text` says; a short one is a day."""
        minute = moment.toordinal() * _DAY + moment.hour * 60 + moment.minute
        return cls(minute, has_time=len(text) > len("YYYY-MM-DD"))

    def minutes_to(self, end: "Moment") -> int:
        """How long a journey took at most, in minutes; zero or less where it ended before it began.

        Times are to the minute: what begins and ends in the same one took up to a minute. A day without a time is all of
        it. Two times of day lie around midnight where that makes less than half a day.
        """
        minutes = end.minute - self.minute + (1 if end.has_time else _DAY)
        if minutes <= 0 and not (self.has_day or end.has_day) and minutes + _DAY < _DAY // 2:
            minutes += _DAY
        return minutes


def iso_minute(cell: str) -> int:
    """The minute of a cell with day and time in ISO form, counted as a `Moment` does; 0 for any other."""
    try:
        moment = datetime.datetime.fromisoformat(cell)
    except ValueError:
        return 0
    return moment.toordinal() * _DAY + moment.hour * 60 + moment.minute if len(cell) > len("YYYY-MM-DD") else 0


@dataclass(frozen=True)
class SpeedRule:
    """The supplier's columns with the beginning and the end of a journey, and how many km an hour are expected at most.

    A cell is a time of day, on the day of the trip, or a day and a time in ISO form or one of `forms`.
    """

    start_column: str
    end_column: str
    forms: tuple[str, ...] = ()
    most_km_per_hour: Decimal = DEFAULT_KM_PER_HOUR
    optional: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """The supplier's columns it needs."""
        return (self.start_column, self.end_column)

    def enough_minutes(self, digits: int) -> int:
        """A duration, at least a minute, in which any distance of at most so many digits in km is plausible."""
        minutes = product(Decimal(10) ** min(digits, _MOST_DIGITS), Decimal(60))
        return int(EXACT.divide_int(minutes, self.most_km_per_hour)) + 1

    def complaint(self, start: str, end: str, day: str, distance_km: str) -> Implausible | None:
        """What is wrong with a row's times, `day` being its ISO date; empty cells say nothing."""
        if not start.strip() or not end.strip():
            return None
        facts = {"start": start.strip()[:40], "end": end.strip()[:40]}
        begun, ended = self.moment(start, day), self.moment(end, day)
        if begun is None or ended is None:
            return ImplausibleTimes(
                place=Place(column=self.start_column if begun is None else self.end_column), **facts
            )
        duration = begun.minutes_to(ended)
        if duration <= 0:
            return ImplausibleTimes(place=Place(column=self.end_column), **facts)
        try:
            km = abs(typed.decimal(distance_km))
        except typed.NotANumber:
            return None
        minutes = Decimal(duration)
        if product(km, Decimal(60)) <= product(self.most_km_per_hour, minutes):
            return None
        speed = int(EXACT.divide_int(product(km, Decimal(60)), minutes))
        facts |= {"distance": typed.canonical(km), "most": typed.canonical(self.most_km_per_hour)}
        return ImplausibleSpeed(speed=speed, place=Place(column=self.end_column), **facts)

    def moment(self, cell: str, day: str) -> Moment | None:
        """The moment in a cell; None where it is none."""
        text = cell.strip()
        found = _TIME.fullmatch(text)
        try:
            if found:
                on = datetime.date.fromisoformat(day[:10])
                return Moment(on.toordinal() * _DAY + int(found[1]) * 60 + int(found[2]), has_day=False)
            return Moment.of(datetime.datetime.fromisoformat(text), text)
        except ValueError:
            pass
        for form in self.forms:
            try:
                return Moment.of(datetime.datetime.strptime(text, form), text)  # noqa: DTZ007 - a local time
            except ValueError:
                continue
        return None


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
    speed: SpeedRule | None = None
    tank_percent: Decimal | None = DEFAULT_TANK_PERCENT

    @property
    def rules(self) -> tuple[AmountRule | SpeedRule, ...]:
        """The rules that need columns of their own."""
        return tuple(rule for rule in (self.amount, self.speed) if rule is not None)

    def without(self, accepted: Sequence[str]) -> "Limits":
        """The limits that are left when some complaints are accepted, by their codes."""
        return replace(
            self,
            distance_km={} if ImplausibleDistance.code in accepted else self.distance_km,
            fuel_quantity=None if ImplausibleFuel.code in accepted else self.fuel_quantity,
            years=None if ImplausibleDate.code in accepted else self.years,
            amount=None if ImplausibleAmount.code in accepted else self.amount,
            tank_percent=None if ImplausibleTank.code in accepted else self.tank_percent,
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

    def tank_complaint(self, quantity: str, fuel: str, tank_l: int | None) -> ImplausibleTank | None:
        """More litres than the tank holds; what is sold by the kilo or the kilowatt-hour goes into no such tank."""
        if tank_l is None or self.tank_percent is None or fuel not in _TANK_FUELS:
            return None
        if not _exceeds(quantity, product(Decimal(tank_l), self.tank_percent).scaleb(-2)):
            return None
        return ImplausibleTank(quantity=quantity.strip(), tank=tank_l, place=Place(column="fuel_quantity"))

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
    whole, _, decimals = cell.partition(".")
    if whole.isdecimal() and len(whole) < _digits(most) and (not decimals or decimals.isdecimal()):
        return False
    try:
        return bool(cell.strip()) and abs(typed.decimal(cell)) > most
    except typed.NotANumber:
        return False
