"""The charge: what a unit pays for its travel, and the day it is booked on.

A charge line is one unit, one category, one rate, one booking date, in one import batch. Rounding happens once, on the
charge line.
"""

import datetime
from dataclasses import dataclass

from klimatvaxling.errors import InputRefused, Place
from klimatvaxling.exact import whole_quotient
from klimatvaxling.language import N_
from klimatvaxling.typed import Month

GRAMS_PER_KG = 1000


class TripInFuture(InputRefused):
    """A trip dated after the day it would be booked on."""

    code = "KV-TRIP-FUTURE"
    message = N_("The trip on {trip_on} is later than the booking date {booked_on}.")
    remedy = N_("Correct the trip's date, or import the file when the day has come.")


class TripBeforeRate(InputRefused):
    """A trip from before the scheme had a rate."""

    code = "KV-TRIP-BEFORE-RATE"
    message = N_("The trip on {trip_on} is earlier than the first decided rate.")
    remedy = N_("Correct the trip's date, or register the rate of that time: klimatvaxling policy set rate.")


@dataclass(frozen=True)
class ChargeKey:
    """What makes a charge line one."""

    unit_id: int
    category: str
    rate_id: int
    booked_on: str


@dataclass(frozen=True)
class Booking:
    """When trips are booked: on the day that was given, or on their month's last day if it is open and has come.

    What belongs to a closed month is booked on the first open day. Only a month that is over can be closed, so that
    the first open day is today at the latest; should the clock have gone back, it is still never a closed one.
    """

    today: datetime.date
    given: datetime.date | None = None
    first_open_day: datetime.date = datetime.date.min

    def day_for(self, trip_on: datetime.date) -> datetime.date:
        """The booking date of a trip. Raises `TripInFuture`."""
        booked_on = self.given or max(min(Month.of(trip_on).last_day, self.today), self.first_open_day)
        if trip_on > booked_on:
            raise TripInFuture(trip_on=trip_on, booked_on=booked_on, place=Place(column="date"))
        return booked_on


def fee_ore(co2_g: int, rate_ore_per_kg: int) -> int:
    """Grams × rate in öre per kg ÷ 1000, rounded half up on the magnitude: a credit mirrors its charge."""
    return whole_quotient(co2_g * rate_ore_per_kg, GRAMS_PER_KG)
