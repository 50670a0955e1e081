"""A run of trips without ids of their own, put in the order of the ids made for them before they are written.

Such ids are digests: written as they come, each would go to another place of the index, at three times the price.
"""

from collections.abc import Iterator, Sequence
from itertools import chain
from operator import itemgetter
from typing import Any

from klimatvaxling.trips.trip import FIELDS, SEPARATOR, Trips

# Longer than this, and writing a run takes longer than the reading process can be ahead: then each waits for the other.
LENGTH = 5_000
# A shorter run stays in the order of its file.
_WORTH_IT = 1_000
_PAGE = 500


class Run:
    """Trips that wait to be written, each with the number of its revision."""

    def __init__(self) -> None:
        self._parts: list[Trips] = []
        self._revisions: list[int] = []

    def add(self, trips: Trips, revisions: Sequence[int]) -> None:
        """Let some trips wait."""
        self._parts.append(trips)
        self._revisions += revisions

    def __len__(self) -> int:
        return len(self._revisions)

    def pages(self) -> Iterator[tuple[Trips, Sequence[int]]]:
        """The trips by id, a page at a time; then none waits."""
        parts, revisions = self._parts, self._revisions
        self._parts, self._revisions = [], []
        if len(revisions) < _WORTH_IT:
            for part in parts:
                yield part, revisions[: len(part)]
                revisions = revisions[len(part) :]
            return
        ids = [trip_id for part in parts for trip_id in part.trip_id]
        pick = itemgetter(*sorted(range(len(ids)), key=ids.__getitem__))
        columns: list[tuple[Any, ...]] = [
            pick(list(chain.from_iterable(column))) for column in zip(*(part.columns() for part in parts), strict=True)
        ]
        lines = zip(*(part.kept for part in parts), strict=True)
        kept = [pick(SEPARATOR.join(line).split(SEPARATOR)) for line in lines]
        in_order = pick(revisions)
        for start in range(0, len(ids), _PAGE):
            page = slice(start, start + _PAGE)
            fields = dict(zip(FIELDS, (column[page] for column in columns), strict=True))
            yield Trips(**fields, kept=[SEPARATOR.join(column[page]) for column in kept]), in_order[page]
