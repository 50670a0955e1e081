"""A run of rows without ids of their own, put in the order of the ids made for them.

Such ids are digests: written as they come, each would go to another place of the index, at three times the price.
"""

from collections.abc import Iterator, Sequence
from itertools import chain
from operator import itemgetter

from klimatvaxling.travel.chunk import Chunk

# Longer than this, and the process that writes would wait for the one that reads.
LENGTH = 5_000
# A shorter run stays in the order of its file.
_WORTH_IT = 1_000
_PAGE = 500


class Run:
    """Rows that wait to be understood, each with its id."""

    def __init__(self) -> None:
        self._parts: list[Chunk] = []
        self._ids: list[str] = []

    def add(self, chunk: Chunk, ids: Sequence[str]) -> None:
        """Let some rows wait."""
        self._parts.append(chunk)
        self._ids += ids

    def __len__(self) -> int:
        return len(self._ids)

    def pages(self) -> Iterator[tuple[Chunk, Sequence[str]]]:
        """The rows by id, a page at a time; then none waits."""
        parts, ids = self._parts, self._ids
        self._parts, self._ids = [], []
        if len(ids) < _WORTH_IT:
            for part in parts:
                yield part, ids[: len(part.numbers)]
                ids = ids[len(part.numbers) :]
            return
        pick = itemgetter(*sorted(range(len(ids)), key=ids.__getitem__))
        in_order = pick(ids)
        numbers = pick(list(chain.from_iterable(part.numbers for part in parts)))
        columns, kept = (
            [pick(list(chain.from_iterable(column))) for column in zip(*of_parts, strict=True)]
            for of_parts in ([part.columns for part in parts], [part.kept for part in parts])
        )
        every = Chunk(numbers, columns, kept)
        for start in range(0, len(ids), _PAGE):
            yield every.part(start, start + _PAGE), in_order[start : start + _PAGE]
