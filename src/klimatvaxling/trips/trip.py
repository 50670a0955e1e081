"""The trip: one row of travel, who it is charged to, on what evidence, and how it is told from every other.

Identity is source + trip id; for a source without ids the id is made of the row's content and its occurrence number.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from klimatvaxling import typed
from klimatvaxling.travel import standard
from klimatvaxling.travel.profile import fold

TIERS = ("stated", "fuel", "distance", "route")
# The data-quality tier as it stands in the books: 1 is the best evidence.
TIER_NUMBERS = {tier: number for number, tier in enumerate(TIERS, start=1)}
SEPARATOR = "\x1f"
_NUMBERS = ("distance_km", "fuel_quantity", "co2_fossil_kg")


@dataclass(frozen=True)
class Trips:
    """Many trips as columns of equal length, in the order of the file. `kept` are the stored cells, joined."""

    rows: Sequence[int]
    trip_ids: Sequence[str]
    charge_ids: Sequence[int]
    trip_on: Sequence[str]
    tiers: Sequence[int]
    quantities: Sequence[str]
    factor_ids: Sequence[int | None]
    co2_g: Sequence[int]
    co2_under_500_km_g: Sequence[int | None]
    cost_centres: Sequence[str | None]
    projects: Sequence[str | None]
    kept: Sequence[str]

    def columns(self) -> tuple[Sequence[object], ...]:
        """The columns in the order of the trip table, from the row number on, without the kept cells."""
        return (
            self.trip_ids,
            self.charge_ids,
            self.rows,
            self.trip_on,
            self.tiers,
            self.quantities,
            self.factor_ids,
            self.co2_g,
            self.co2_under_500_km_g,
            self.cost_centres,
            self.projects,
        )

    def only(self, wanted: Sequence[int]) -> "Trips":
        """The trips at some positions."""
        return Trips(*([column[index] for index in wanted] for column in (vars(self)[name] for name in vars(self))))


def normal_form(cells: Sequence[str]) -> tuple[str, ...]:
    """A row's twelve standard cells without what does not change their meaning: how numbers are spelled, case, space.

    Two rows of the same identity have the same content when these are equal.
    """
    by_column = dict(zip(standard.COLUMNS, cells, strict=True))
    for column in _NUMBERS:
        try:
            by_column[column] = typed.canonical(typed.decimal(by_column[column]))
        except typed.NotANumber:
            by_column[column] = by_column[column].strip()
    by_column["date"] = by_column["date"].strip().replace("-", "")
    by_column["fuel"] = fold(by_column["fuel"]) or "unknown"
    by_column["route"] = "".join(by_column["route"].split()).upper()
    for column in ("unit", "category"):
        by_column[column] = fold(by_column[column])
    for column in ("trip_id", "cost_centre", "project", "note"):
        by_column[column] = by_column[column].strip()
    return tuple(by_column.values())


class ContentIds:
    """Gives trips of a source without ids theirs: a digest of the content, and which occurrence in the file it is."""

    def __init__(self) -> None:
        self._occurrences: dict[bytes, int] = {}

    def of(self, rows: Iterable[Sequence[str]]) -> list[str]:
        """The ids of rows in standard columns, in the order of the file."""
        ids = []
        for row in rows:
            digest = hashlib.sha256(SEPARATOR.join(normal_form(row)).encode()).digest()[:16]
            occurrence = self._occurrences[digest] = self._occurrences.get(digest, 0) + 1
            ids.append(f"{digest.hex()}-{occurrence}")
        return ids
