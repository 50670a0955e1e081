"""Pages: the transcript of a batch, its posted trips with their kept cells as read, sealed by digests.

A page has a line for each column: first the columns of the trip table, then the kept columns of the file under the
supplier's names. A line is the column's name and one value for each trip, parted by U+001F; lines end with a line
feed.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from klimatvaxling.trips.trip import FIELDS, SEPARATOR, Trips

# A cell may hold a line break; in a page it stands as this sign (U+2028), so that a line stays a line.
LINE_BREAK = "\u2028"
_TEXTS = {"trip_id", "trip_on", "quantity", "cost_centre", "project"}


@dataclass(frozen=True)
class Page:
    """Some trips in a row: keys of the first and last, the text, and its SHA-256."""

    number: int
    first_trip_id: int
    last_trip_id: int
    content: str
    sha256: str


def page_text(header: Sequence[str], trips: Trips) -> str:
    """The text of a page. Values that are not known are written `None`."""
    columns = [_joined(name, column) for name, column in zip(FIELDS, trips.columns(), strict=True)]
    lines = list(map(SEPARATOR.join, zip([*FIELDS, *header], [*columns, *trips.kept], strict=True)))
    content = "\n".join(lines)
    if content.count("\n") != len(lines) - 1:
        content = "\n".join(line.replace("\n", LINE_BREAK) for line in lines)
    return content


def page(number: int, first_trip_id: int, count: int, content: str) -> Page:
    """A sealed page of `count` trips."""
    digest = hashlib.sha256(content.encode()).hexdigest()
    return Page(number, first_trip_id, first_trip_id + count - 1, content, digest)


def _joined(name: str, column: Sequence[Any]) -> str:
    if name in _TEXTS:
        return SEPARATOR.join(column)
    # One pattern for the whole column: twice as quick as each value by itself.
    return _pattern("%s" if None in column else "%d", len(column)) % tuple(column)


@cache
def _pattern(sign: str, count: int) -> str:
    return SEPARATOR.join([sign] * count)


def columns_of(content: str) -> list[list[str]]:
    """A page's columns, each with its name first."""
    return [line.split(SEPARATOR) for line in content.split("\n")]


def kept_cells(content: str, index: int) -> tuple[list[str], list[str]]:
    """The kept columns' names and the cells as read of the trip at `index` (from 0) of a page."""
    kept = columns_of(content)[len(FIELDS) :]
    return [column[0] for column in kept], [column[index + 1].replace(LINE_BREAK, "\n") for column in kept]
