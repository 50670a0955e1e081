"""Travel summed as reports need it: by month of trip and of booking, unit, category, evidence and factor."""

import datetime
from dataclasses import dataclass

from sqlalchemy import Connection, text

# Each charge line is looked up once, not each trip: there are a thousand times as many trips.
_SUMS = """
WITH line AS (
  SELECT c.id, c.unit_id, c.category, substr(v.booked_on, 1, 7) AS month
  FROM charge c JOIN posting p ON p.charge_id = c.id JOIN voucher v ON v.id = p.voucher_id
  WHERE v.booked_on <= :as_of AND v.registered_at <= :known_at
)
SELECT substr(t.trip_on, 1, 7) AS trip_month, line.month AS booked_month, line.unit_id, line.category, t.tier, t.factor_id,
  sum(e.sign) AS trips, sum(e.co2_g) AS co2_g, coalesce(sum(e.sign * t.co2_under_500_km_g), 0) AS under_500_km_g,
  coalesce(sum(CASE WHEN line.category = 'flight' AND t.co2_under_500_km_g IS NULL THEN e.co2_g END), 0) AS unknown_length_g
FROM trip_effect e JOIN trip t ON t.id = e.trip_row_id JOIN line ON line.id = e.charge_id
WHERE line.month BETWEEN :first_month AND :last_month OR t.trip_on BETWEEN :first AND :last
GROUP BY substr(t.trip_on, 1, 7), line.month, line.unit_id, line.category, t.tier, t.factor_id
ORDER BY 1, 2, 3, 4, 5, 6
"""


@dataclass(frozen=True)
class TravelSum:
    """The trips of a month (`YYYY-MM`) that were booked in a month, alike in unit, category, evidence and factor.

    What was taken back counts against, in the month it was booked.

    `under_500_km_g` is what belongs to flight legs under 500 km, `unknown_length_g` to flights of unknown length.
    """

    trip_month: str
    booked_month: str
    unit_id: int
    category: str
    tier: int
    factor_id: int | None
    trips: int
    co2_g: int
    under_500_km_g: int
    unknown_length_g: int

    @property
    def over_500_km_g(self) -> int:
        """What belongs to flight legs of 500 km and more."""
        return self.co2_g - self.under_500_km_g - self.unknown_length_g if self.category == "flight" else 0


def travel_sums(connection: Connection, year: int, as_of: datetime.date, known_at: str) -> tuple[TravelSum, ...]:
    """The travel that was booked in `year` or the year before, or took place in `year`, as booked up to `as_of`."""
    span = {
        "first_month": f"{year - 1:04d}-01",
        "last_month": f"{year:04d}-12",
        "first": f"{year:04d}-01-01",
        "last": f"{year:04d}-12-31",
        "as_of": as_of.isoformat(),
        "known_at": known_at,
    }
    return tuple(TravelSum(*row[:6], *map(int, row[6:])) for row in connection.execute(text(_SUMS), span))
