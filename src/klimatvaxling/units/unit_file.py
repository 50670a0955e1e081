"""A file of units: the columns `code;name;kind;org_number;cost_centres;counterpart`, in any order."""

import re
from collections.abc import Sequence
from pathlib import Path

from klimatvaxling.errors import ExchangeError, InputRefused, Place
from klimatvaxling.language import N_, translate
from klimatvaxling.travel.file import open_travel_file
from klimatvaxling.units.unit import Unit, unit

COLUMNS = ("code", "name", "kind", "org_number", "cost_centres", "counterpart")
REQUIRED = ("code", "name", "kind")
# The words a Swedish list uses for the two kinds.
_KINDS = {"förvaltning": "administration", "nämnd": "administration", "bolag": "company"}


class UnitFileColumns(InputRefused):
    """The header is not the unit file's."""

    code = "KV-UNIT-FILE-COLUMNS"
    message = N_("The header of the unit file is not understood: {problem}.")
    remedy = N_("The columns are code;name;kind;org_number;cost_centres;counterpart. The first three are required.")


class UnitFileEmpty(InputRefused):
    """A header and nothing else."""

    code = "KV-UNIT-FILE-EMPTY"
    message = N_("The unit file has no units.")
    remedy = N_("Write one unit on each row below the header.")


class UnitRowWide(InputRefused):
    """A row with more cells than the header has columns."""

    code = "KV-UNIT-ROW-WIDE"
    message = N_("The row has {cells} cells, the header {columns}.")
    remedy = N_("Several cost centres stand in one cell, with a space between them. Correct the row.")


def read_units(path: Path) -> list[Unit]:
    """The units of a CSV or XLSX file. Raises what is wrong with file, row and column."""
    rows = []
    with open_travel_file(path) as file:
        for first, chunk in file.chunks():
            rows += [(first + offset, row) for offset, row in enumerate(chunk) if any(cell.strip() for cell in row)]
    if not rows:
        raise UnitFileEmpty(place=Place(file=path.name))
    header = [cell.strip().casefold() for cell in rows[0][1]]
    _require_header(header, path.name)
    if len(rows) == 1:
        raise UnitFileEmpty(place=Place(file=path.name))
    return [_unit(_cells(header, row, path.name, number), path.name, number) for number, row in rows[1:]]


def _require_header(header: list[str], name: str) -> None:
    unknown = [column for column in header if column not in COLUMNS]
    missing = [column for column in REQUIRED if column not in header]
    doubled = sorted({column for column in header if header.count(column) > 1})
    for columns, problem in (
        (unknown, N_("unknown {columns}")),
        (missing, N_("missing {columns}")),
        (doubled, N_("twice {columns}")),
    ):
        if columns:
            listed = ", ".join(column or "—" for column in columns)
            raise UnitFileColumns(problem=translate(problem, columns=listed), place=Place(file=name, row=1))


def _cells(header: list[str], row: Sequence[str], file: str, number: int) -> dict[str, str]:
    """The row's cells by column; empty cells at its end do not count. Raises `UnitRowWide`."""
    cells = [cell.strip() for cell in row]
    while len(cells) > len(header) and not cells[-1]:
        cells.pop()
    if len(cells) > len(header):
        raise UnitRowWide(cells=len(cells), columns=len(header), place=Place(file=file, row=number))
    return dict(zip(header, cells, strict=False))


def _unit(cells: dict[str, str], file: str, row: int) -> Unit:
    kind = cells.get("kind", "").casefold()
    try:
        return unit(
            cells.get("code", ""),
            cells.get("name", ""),
            _KINDS.get(kind, kind),
            org_number=cells.get("org_number", ""),
            cost_centre_codes=[code for code in re.split(r"[,|\s]+", cells.get("cost_centres", "")) if code],
            counterpart=cells.get("counterpart", ""),
        )
    except ExchangeError as complaint:
        complaint.place = Place(file=file, row=row, column=complaint.place.column)
        raise
