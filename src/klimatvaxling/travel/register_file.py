"""A file with a register's rows: known columns in any order, under one header. CSV or XLSX, as travel files are read."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from klimatvaxling.errors import InputRefused, Place
from klimatvaxling.language import N_, translate
from klimatvaxling.travel.file import open_travel_file


class RegisterColumns(InputRefused):
    """The header is not what it should be."""

    code = "KV-REGISTER-COLUMNS"
    message = N_("The header of the file is not understood: {problem}.")
    remedy = N_("The columns are {columns}. These are required: {required}.")


class RegisterEmpty(InputRefused):
    """A header and nothing else."""

    code = "KV-REGISTER-EMPTY"
    message = N_("The file has no rows.")
    remedy = N_("Write one item on each row below the header {columns}.")


class RegisterRowWide(InputRefused):
    """A row with more cells than the header has columns."""

    code = "KV-REGISTER-ROW-WIDE"
    message = N_("The row has {cells} cells, the header {columns}.")
    remedy = N_("A cell that holds the separator must stand in quotes. Correct the row.")


@dataclass(frozen=True)
class RegisterRow:
    """A row's cells by column, trimmed; what is missing is empty."""

    number: int
    cells: dict[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")


def read_register(path: Path, columns: Sequence[str], required: Sequence[str]) -> list[RegisterRow]:
    """The rows of a file. Raises `RegisterColumns`, `RegisterEmpty`, `RegisterRowWide` or what reading the file raises."""
    rows = []
    with open_travel_file(path) as file:
        for first, chunk in file.chunks():
            rows += [(first + offset, row) for offset, row in enumerate(chunk) if any(cell.strip() for cell in row)]
    header = [cell.strip().casefold() for cell in rows[0][1]] if rows else []
    if rows:
        _require_header(header, columns, required, Place(file=path.name, row=rows[0][0]))
    if len(rows) < 2:
        raise RegisterEmpty(columns=";".join(columns), place=Place(file=path.name))
    return [RegisterRow(number, _cells(header, row, path.name, number)) for number, row in rows[1:]]


def _require_header(header: list[str], columns: Sequence[str], required: Sequence[str], place: Place) -> None:
    unknown = [column for column in header if column not in columns]
    missing = [column for column in required if column not in header]
    doubled = sorted({column for column in header if header.count(column) > 1})
    for found, problem in (
        (unknown, N_("unknown {columns}")),
        (missing, N_("missing {columns}")),
        (doubled, N_("twice {columns}")),
    ):
        if found:
            raise RegisterColumns(
                problem=translate(problem, columns=", ".join(column or "—" for column in found)),
                columns=";".join(columns),
                required=", ".join(required),
                place=place,
            )


def _cells(header: list[str], row: Sequence[str], file: str, number: int) -> dict[str, str]:
    """The row's cells by column; empty cells at its end do not count."""
    cells = [cell.strip() for cell in row]
    while len(cells) > len(header) and not cells[-1]:
        cells.pop()
    if len(cells) > len(header):
        raise RegisterRowWide(cells=len(cells), columns=len(header), place=Place(file=file, row=number))
    return dict(zip(header, cells, strict=False))
