"""The trip: one row of travel, who it is charged to, on what evidence, and how it is told from every other.

Identity is source + trip id; for a source without ids the id is made of the row's content and its occurrence number.
"""

import datetime
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from klimatvaxling import typed
from klimatvaxling.errors import InputRefused, Place
from klimatvaxling.language import N_
from klimatvaxling.travel import standard
from klimatvaxling.travel.profile import fold

TIERS = ("stated", "fuel", "distance", "route")
# The data-quality tier as it stands in the books: 1 is the best evidence.
TIER_NUMBERS = {tier: number for number, tier in enumerate(TIERS, start=1)}
SEPARATOR = "\x1f"
_ISO_DATE = re.compile("[12][0-9]{3}-[0-9]{2}-[0-9]{2}")
_NUMBERS = ("distance_km", "fuel_quantity", "co2_fossil_kg")


class TripDate(InputRefused):
    """A cell that is not a date."""

    code = "KV-TRIP-DATE"
    message = N_("“{value}” is not a date.")
    remedy = N_("Write the date as YYYY-MM-DD, for example 2025-03-07.")


@dataclass(frozen=True)
class Trips:
    """Many trips as columns of equal length, in the order of the file. `kept` are the stored cells: each column joined."""

    trip_id: Sequence[str]
    charge_id: Sequence[int]
    row: Sequence[int]
    trip_on: Sequence[str]
    tier: Sequence[int]
    quantity: Sequence[str]
    factor_id: Sequence[int | None]
    co2_g: Sequence[int]
    co2_under_500_km_g: Sequence[int | None]
    cost_centre: Sequence[str]
    project: Sequence[str]
    kept: Sequence[str]

    def __len__(self) -> int:
        return len(self.trip_id)

    def columns(self) -> tuple[Sequence[object], ...]:
        """The columns of the trip table, in the order of `FIELDS`."""
        return tuple(vars(self).values())[:-1]

    @classmethod
    def joined(cls, parts: Sequence["Trips"]) -> "Trips":
        """Several runs of trips as one."""
        columns: list[list[Any]] = [
            list(chain.from_iterable(column)) for column in zip(*(part.columns() for part in parts), strict=True)
        ]
        kept = [SEPARATOR.join(column) for column in zip(*(part.kept for part in parts), strict=True)]
        return cls(**dict(zip(FIELDS, columns, strict=True)), kept=kept)

    def only(self, wanted: Sequence[int]) -> "Trips":
        """The trips at some positions."""
        columns: list[list[Any]] = [[column[index] for index in wanted] for column in self.columns()]
        kept = [SEPARATOR.join(map(line.split(SEPARATOR).__getitem__, wanted)) for line in self.kept]
        return Trips(**dict(zip(FIELDS, columns, strict=True)), kept=kept)


FIELDS = tuple(Trips.__dataclass_fields__)[:-1]


def trip_date(cell: str) -> datetime.date:
    """The day of a trip; a time of day behind it, as spreadsheets write, is ignored. Raises `TripDate`."""
    try:
        return typed.date(re.sub(r"[ T]\d{2}:\d{2}(:\d{2})?$", "", cell.strip()))
    except typed.NotADate:
        raise TripDate(value=cell.strip()[:40], place=Place(column="date")) from None


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
    try:
        by_column["date"] = trip_date(by_column["date"]).isoformat()
    except TripDate:
        by_column["date"] = by_column["date"].strip()
    by_column["fuel"] = fold(by_column["fuel"]) or "unknown"
    by_column["route"] = "".join(by_column["route"].split()).upper()
    for column in ("unit", "category"):
        by_column[column] = fold(by_column[column])
    for column in ("trip_id", "cost_centre", "project", "note"):
        by_column[column] = by_column[column].strip()
    return tuple(by_column.values())


class ContentIds:
    """Gives trips of a source without ids theirs: the day, a digest of the content, which occurrence in the file it is.

    The day is part of the content; it stands first so that a month's ids stand together in the index: spread over all
    of it, they would make a month cost more the more trips there are.
    """

    def __init__(self) -> None:
        self._occurrences: dict[bytes, int] = {}

    def of(self, rows: Iterable[Sequence[str]]) -> list[str]:
        """The ids of rows in standard columns, in the order of the file."""
        ids = []
        for row in rows:
            form = normal_form(row)
            digest = hashlib.sha256(SEPARATOR.join(form).encode()).digest()[:16]
            occurrence = self._occurrences[digest] = self._occurrences.get(digest, 0) + 1
            # What is no date is refused; its cell is not repeated here, for anything may stand in it.
            day = form[1] if _ISO_DATE.fullmatch(form[1]) else "-"
            ids.append(f"{day}-{digest.hex()}-{occurrence}")
        return ids
