"""Retention: how long a lot may be used before what is left is due to the shared fund."""

import datetime
from collections.abc import Sequence

from klimatvaxling.memo import Memo
from klimatvaxling.policies.policy import END_OF_NEXT_YEAR, ONE_YEAR_FROM_BOOKING, RETENTION, PolicyValue, value_on


def last_day_of_use(lot_on: datetime.date, retention: str) -> datetime.date:
    """The last day on which a lot may be used.

    `one_year_from_booking`: the same date one year later, 29 February counting as 28 February. `end_of_next_year`:
    31 December of the year after.
    """
    if retention == END_OF_NEXT_YEAR:
        return datetime.date(lot_on.year + 1, 12, 31)
    if retention != ONE_YEAR_FROM_BOOKING:
        raise ValueError(retention)
    is_leap_day = (lot_on.month, lot_on.day) == (2, 29)
    return lot_on.replace(year=lot_on.year + 1, day=28 if is_leap_day else lot_on.day)


class Retention:
    """The retention rule as decided: the value that holds on the day a lot counts from decides for that lot."""

    def __init__(self, policies: Sequence[PolicyValue]) -> None:
        self._policies = [value for value in policies if value.name == RETENTION]
        self._last_days: Memo[str, str] = Memo(self._last_day)

    def last_day(self, lot_on: str) -> str:
        """The last ISO date on which a lot that counts from `lot_on` may be used."""
        return self._last_days[lot_on]

    def is_due(self, lot_on: str, day: str) -> bool:
        """Whether what is left in the lot on `day` belongs to the shared fund."""
        return self._last_days[lot_on] < day

    def _last_day(self, lot_on: str) -> str:
        day = datetime.date.fromisoformat(lot_on)
        return last_day_of_use(day, value_on(self._policies, RETENTION, day)).isoformat()
