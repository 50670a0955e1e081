"""The trip: one row of travel, who it is charged to, on what evidence, and how it is told from every other.

Identity is source + trip id; for a source without ids the id is made of the row's content and its occurrence number.
"""

import datetime
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import chain
from typing import Any

from klimatvaxling import typed
from klimatvaxling.errors import InputRefused, Place
from klimatvaxling.language import N_
from klimatvaxling.memo import Memo
from klimatvaxling.travel import standard
from klimatvaxling.travel.profile import fold
from klimatvaxling.vehicles.vehicle import folded as fold_vehicle

TIERS = ("stated", "fuel", "distance", "route")
# The data-quality tier as it stands in the books: 1 is the best evidence.
TIER_NUMBERS = {tier: number for number, tier in enumerate(TIERS, start=1)}
SEPARATOR = "\x1f"
_DATE = standard.COLUMNS.index("date")
# 96 bits: the ids stand in the index of every trip.
_DIGEST_BYTES = 12
_ISO_DATE = re.compile("[12][0-9]{3}-[0-9]{2}-[0-9]{2}")


class TripDate(InputRefused):
    """A cell that is not a date."""

    code = "KV-TRIP-DATE"
    message = N_("“{value}” is not a date.")
    remedy = N_("Write the date as YYYY-MM-DD, for example 2025-03-07.")


@dataclass(frozen=True)
class Trips:
    """Many trips as columns of equal length. `kept` are the stored cells: each column joined."""

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

    @staticmethod
    def joined(parts: Sequence["Trips"]) -> "Trips":
        """Several runs of trips as one."""
        columns: list[list[Any]] = [
            list(chain.from_iterable(column)) for column in zip(*(part.columns() for part in parts), strict=True)
        ]
        kept = [SEPARATOR.join(column) for column in zip(*(part.kept for part in parts), strict=True)]
        return _trips(columns, kept)

    def only(self, wanted: Sequence[int]) -> "Trips":
        """The trips at some positions."""
        columns: list[list[Any]] = [[column[index] for index in wanted] for column in self.columns()]
        kept = [SEPARATOR.join(map(line.split(SEPARATOR).__getitem__, wanted)) for line in self.kept]
        return _trips(columns, kept)


FIELDS = tuple(Trips.__dataclass_fields__)[:-1]


def _trips(columns: Sequence[Sequence[Any]], kept: Sequence[str]) -> Trips:
    return Trips(**dict(zip(FIELDS, columns, strict=True)), kept=kept)


def trip_date(cell: str) -> datetime.date:
    """The day of a trip; a time of day behind it, as spreadsheets write, is ignored. Raises `TripDate`."""
    try:
        return typed.date(re.sub(r"[ T]\d{2}:\d{2}(:\d{2})?$", "", cell.strip()))
    except typed.NotADate:
        raise TripDate(value=cell.strip()[:40], place=Place(column="date")) from None


def normal_form(cells: Sequence[str]) -> tuple[str, ...]:
    """A row's standard cells without what does not change their meaning: how numbers are spelled, case, space.

    Two rows of the same identity have the same content when these are equal. A vehicle counts as it stands in the
    file: what the vehicle register says of it later does not change the trip.
    """
    return tuple(_NORMAL[column](cell) for column, cell in zip(standard.COLUMNS, cells, strict=True))


def _normal_number(cell: str) -> str:
    try:
        return typed.canonical(typed.decimal(cell))
    except typed.NotANumber:
        return cell.strip()


def _normal_date(cell: str) -> str:
    try:
        return trip_date(cell).isoformat()
    except TripDate:
        return cell.strip()


_NORMAL: Mapping[str, Callable[[str], str]] = {
    **dict.fromkeys(standard.COLUMNS, str.strip),
    **dict.fromkeys(("unit", "category"), fold),
    **dict.fromkeys(("distance_km", "fuel_quantity", "co2_fossil_kg"), _normal_number),
    "date": _normal_date,
    "fuel": lambda cell: fold(cell) or "unknown",
    "route": lambda cell: "".join(cell.split()).upper(),
    "vehicle": fold_vehicle,
}


class ContentIds:
    """Gives trips of a source without ids theirs: the day, a digest of the content, which occurrence in the file it is.

    The day is part of the content; it stands first so that a month's ids stand together in the index: spread over all
    of it, they would make a month cost more the more trips there are. Should two contents ever share a digest, the
    second is a conflict, which is refused: content is compared, never assumed.
    """

    def __init__(self) -> None:
        self._occurrences: dict[str, int] = {}
        self._forms = [Memo(_NORMAL[column]) for column in standard.COLUMNS]
        # What is no date is refused; its cell is not repeated here, for anything may stand in it.
        self._days: Memo[str, str] = Memo(lambda day: f"{day}-" if _ISO_DATE.fullmatch(day) else "--")

    def of(self, columns: Sequence[Sequence[str]]) -> list[str]:
        """The ids of rows given as standard columns, in the order of the file."""
        normal = [_normal(form, column) for form, column in zip(self._forms, columns, strict=True)]
        days = map(self._days.__getitem__, normal[_DATE])
        rows = map(SEPARATOR.join, zip(*normal, strict=True))
        digests = [blake2b(row.encode(), digest_size=_DIGEST_BYTES).hexdigest() for row in rows]
        dated = zip(days, digests, strict=True)
        occurrences, found = self._occurrences, dict.fromkeys(digests, 1)
        if len(found) == len(digests) and occurrences.keys().isdisjoint(found):
            # Nearly always every row is the first of its content.
            occurrences |= found
            return [f"{day}{digest}-1" for day, digest in dated]
        ids = []
        for day, digest in dated:
            occurrence = occurrences[digest] = occurrences.get(digest, 0) + 1
            ids.append(f"{day}{digest}-{occurrence}")
        return ids


def _normal(form: Memo[str, str], column: Sequence[str]) -> list[str]:
    """A column's cells in normal form; most columns that a source without ids gives are the same on every row."""
    first = column[0] if column else ""
    return [form[first]] * len(column) if column.count(first) == len(column) else list(map(form.__getitem__, column))
