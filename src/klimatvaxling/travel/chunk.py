"""Some rows of a travel file, by column: what passes from the file to the trips."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Chunk:
    """Some rows as columns: row numbers, the standard columns, and the columns of kept cells as read."""

    numbers: Sequence[int]
    columns: Sequence[Sequence[str]]
    kept: Sequence[Sequence[str]]

    def part(self, start: int, stop: int) -> "Chunk":
        """The rows from `start` up to but not including `stop`."""
        columns = [column[start:stop] for column in self.columns]
        return Chunk(self.numbers[start:stop], columns, [column[start:stop] for column in self.kept])

    def only(self, wanted: Sequence[int]) -> "Chunk":
        """The rows at some positions."""
        numbers = [self.numbers[index] for index in wanted]
        columns, kept = ([[column[index] for index in wanted] for column in part] for part in (self.columns, self.kept))
        return Chunk(numbers, columns, kept)

    def row(self, index: int) -> list[str]:
        """One row's standard cells."""
        return [column[index] for column in self.columns]

    def kept_row(self, index: int) -> list[str]:
        """One row's kept cells as read."""
        return [column[index] for column in self.kept]
