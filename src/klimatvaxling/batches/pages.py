"""Pages: the transcript of a batch, its posted trips with their kept cells as read, sealed by digests.

A page begins with a line of column names. Then comes a line for each trip: the columns of its row in the trip table,
and its cells as read. Lines end with a line feed; fields are parted by U+001F. The digest of a batch is the SHA-256
over the digests of its pages in order; every voucher of the batch has it in its canonical form.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from klimatvaxling.trips.trip import SEPARATOR, Trips

FIELDS = (
    "trip_id",
    "revision",
    "charge_id",
    "row",
    "trip_on",
    "tier",
    "quantity",
    "factor_id",
    "co2_g",
    "co2_under_500_km_g",
    "cost_centre",
    "project",
)
_LINE = SEPARATOR.join(["%s"] * (len(FIELDS) + 1))
# A cell may hold a line break; in a page it stands as this sign (U+2028), so that a line stays a line.
LINE_BREAK = "\u2028"


@dataclass(frozen=True)
class Page:
    """Some trips in a row: keys of the first and last, the text, and its SHA-256."""

    number: int
    first_trip_id: int
    last_trip_id: int
    content: str
    sha256: str


def page_lines(trips: Trips, revision: int) -> list[str]:
    """A line for each trip. Empty values are written as `None`, as Python writes them."""
    ids, charges, *others = trips.columns()
    revisions = [revision] * len(trips.trip_ids)
    return list(map(_LINE.__mod__, zip(ids, revisions, charges, *others, trips.kept, strict=True)))


def page_text(header: Sequence[str], lines: Sequence[str]) -> str:
    """A page's text from the kept columns' names and the trips' lines."""
    text = "\n".join([SEPARATOR.join([*FIELDS, *header]), *lines])
    if text.count("\n") != len(lines):
        text = "\n".join([SEPARATOR.join([*FIELDS, *header]), *(line.replace("\n", LINE_BREAK) for line in lines)])
    return text


def page(number: int, first_trip_id: int, header: Sequence[str], lines: Sequence[str]) -> Page:
    """A sealed page."""
    content = page_text(header, lines)
    digest = hashlib.sha256(content.encode()).hexdigest()
    return Page(number, first_trip_id, first_trip_id + len(lines) - 1, content, digest)


def batch_digest(page_digests: Sequence[str]) -> str:
    """The digest of a whole batch."""
    return hashlib.sha256("".join(page_digests).encode()).hexdigest()


def kept_cells(content: str, index: int) -> tuple[list[str], list[str]]:
    """The kept columns' names and the cells as read of the trip at `index` (from 0) of a page."""
    lines = content.split("\n")
    header = lines[0].split(SEPARATOR)[len(FIELDS) :]
    cells = lines[index + 1].split(SEPARATOR)[len(FIELDS) :]
    return header, [cell.replace(LINE_BREAK, "\n") for cell in cells]
