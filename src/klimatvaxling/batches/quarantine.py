"""The quarantine: rejected rows that wait, and how one is told to be the corrected row that comes back.

A row leaves when a later batch posts a trip with its id. A row without a usable id, as every row of a source that has
none, leaves when the workbook of rejected rows is imported and a row of it agrees with it in every cell that was not
complained about. What cannot be told that way is dismissed with a reason; nothing leaves by guess.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from klimatvaxling.errors import InputRefused, StateRefused
from klimatvaxling.language import N_
from klimatvaxling.travel.personal_number import MASKED
from klimatvaxling.travel.profile import fold


class UnknownQuarantine(InputRefused):
    """No quarantined row of that number."""

    code = "KV-QUARANTINE-UNKNOWN"
    message = N_("There is no row {quarantine} in the quarantine.")
    remedy = N_("See the rows that wait with: klimatvaxling quarantine list")


class QuarantineEnded(StateRefused):
    """The row has left the quarantine already."""

    code = "KV-QUARANTINE-ENDED"
    message = N_("The row {quarantine} has left the quarantine already: it was corrected or dismissed.")
    remedy = N_("See the rows that wait with: klimatvaxling quarantine list")


@dataclass(frozen=True)
class Waiting:
    """A quarantined row: its cells by header, and the columns complained about, as the supplier spells them."""

    id: int
    header: tuple[str, ...]
    cells: tuple[str, ...]
    columns: tuple[str | None, ...]


@dataclass(frozen=True)
class Corrected:
    """A posted row of a workbook of rejected rows: the trip's id, and the kept cells by the file's header."""

    trip_id: str
    cells: tuple[str, ...]


def corrections(waiting: Sequence[Waiting], header: Sequence[str], corrected: Sequence[Corrected]) -> dict[int, str]:
    """Which quarantined rows have come back, each as the trip it became; a trip corrects one row at most."""
    found: dict[int, str] = {}
    left = list(corrected)
    for row in waiting:
        for candidate in left:
            if _agrees(row, dict(zip(map(fold, header), candidate.cells, strict=True))):
                found[row.id] = candidate.trip_id
                left.remove(candidate)
                break
    return found


def _agrees(row: Waiting, cells: Mapping[str, str]) -> bool:
    """Whether a corrected row is a waiting one but for the cells that were wrong."""
    if None in row.columns:  # the whole row was wrong: nothing in it can be relied on
        return False
    wrong = {fold(column) for column in row.columns if column is not None}
    return all(
        cell == MASKED or fold(column) in wrong or cells.get(fold(column), "").strip() == cell.strip()
        for column, cell in zip(row.header, row.cells, strict=False)
    )
