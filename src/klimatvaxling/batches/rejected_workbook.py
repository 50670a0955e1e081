"""The workbook of rejected rows: to be corrected where it is coloured, and imported again as it is.

Every cell is text, so that nothing a supplier wrote becomes a formula, a date or a rounded number on the way.
The same rows give the same bytes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, PatternFill
from openpyxl.utils import get_column_letter, quote_sheetname
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from klimatvaxling.errors import InputRefused, StateRefused
from klimatvaxling.files import FileUnwritable, write_whole
from klimatvaxling.language import N_, translate
from klimatvaxling.travel.standard import REJECTED_REASON
from klimatvaxling.workbooks import (
    LINE_HEIGHT,
    MOST_CELL_CHARACTERS,
    TALLEST,
    bold,
    is_as_written,
    legible,
    lines_in,
    new_workbook,
    storable,
    workbook_bytes,
)

# What the format allows.
MOST_ROWS = 1_048_575
# Tens of thousands of notes take minutes to open; behind these, colour and reason still tell.
MOST_NOTES = 2_000

_TEXT_FORMAT = "@"
_WRONG = PatternFill("solid", fgColor="FFD9D9")
_HEAD = PatternFill("solid", fgColor="DDE7E0")
_WRAPPED = Alignment(wrap_text=True, vertical="top")
_TOP = Alignment(vertical="top")
_REASON_WIDTH = 70


class RejectedTooMany(InputRefused):
    """More rejected rows than a sheet has."""

    code = "KV-REJECTED-MANY"
    message = N_("{count} rows were rejected, more than a workbook holds; none was written.")
    remedy = N_("So many rejected rows have one cause: check that the source and its profile fit the file.")


class RejectedUnwritable(StateRefused):
    """The workbook could not be written where it should be."""

    code = "KV-REJECTED-WRITE"
    message = N_("The workbook of rejected rows “{file}” could not be written.")
    remedy = N_("Close the file if it is open, or name a folder you may write in with --rejected-to.")


@dataclass(frozen=True)
class RejectedRow:
    """A rejected row with its number in the original file and what is wrong with it.

    A complaint's `place.column` is a column as the header has it; without one, the whole row is wrong.
    """

    row: int
    cells: tuple[str, ...]
    complaints: tuple[InputRefused, ...]


def write_rejected_workbook(
    path: Path, *, header: list[str], rows: Sequence[RejectedRow], choices: Mapping[str, Sequence[str]]
) -> Path | None:
    """Write the workbook whole or not at all, readable by its owner only.

    A workbook that stands there and was saved since by a person, corrected perhaps, is kept: gives its new name.
    `choices` names for some columns the values they may have. Cells are written as they are: whoever calls
    has emptied those that must not be repeated. Raises `RejectedTooMany` or `RejectedUnwritable`.
    """
    if len(rows) > MOST_ROWS:
        raise RejectedTooMany(count=len(rows))
    workbook = new_workbook()
    sheet: Worksheet = workbook.active
    sheet.title = translate(N_("Rejected rows"))
    table = _Table.of(header, rows)
    _fill(sheet, table)
    _lay_out(sheet, table)
    if choices:
        _offer_choices(workbook, sheet, table, choices)
    content = workbook_bytes(workbook)
    try:
        kept = _kept(path) if path.is_file() and not is_as_written(path) else None
        write_whole(path, content)
    except (FileUnwritable, OSError):
        raise RejectedUnwritable(file=path.name) from None
    return kept


def _kept(path: Path) -> Path:
    """Give the file another name that nothing has yet."""
    names = (path.with_name(f"{path.stem}.kept{number}{path.suffix}") for number in ("", *range(2, 1000)))
    return path.rename(next(name for name in names if not name.exists()))


@dataclass(frozen=True)
class _Table:
    """The header and rows as they will stand, without the reasons of an earlier round."""

    header: list[str]
    rows: list[RejectedRow]

    @classmethod
    def of(cls, header: list[str], rows: Sequence[RejectedRow]) -> "_Table":
        earlier = {index for index, name in enumerate(header) if _folded(name) == REJECTED_REASON}
        kept = [_without(row, earlier) for row in rows]
        names = [name for index, name in enumerate(header) if index not in earlier]
        # A row may have more cells than the header; they must not end up among the reasons.
        width = max([len(names), *(len(row.cells) for row in kept)])
        return cls(names + [""] * (width - len(names)), kept)

    def column_of(self, name: str | None) -> int | None:
        """The index of a column, as written or else without case and outer spaces."""
        if name is None:
            return None
        if name in self.header:
            return self.header.index(name)
        folded = [_folded(each) for each in self.header]
        return folded.index(_folded(name)) if _folded(name) in folded else None


def _without(row: RejectedRow, columns: set[int]) -> RejectedRow:
    cells = [cell for index, cell in enumerate(row.cells) if index not in columns]
    while cells and not cells[-1]:
        cells.pop()
    return RejectedRow(row.row, tuple(cells), row.complaints)


def _folded(name: str) -> str:
    return name.strip().casefold()


def _fill(sheet: Worksheet, table: _Table) -> None:
    width = len(table.header)
    for column, name in enumerate([*table.header, REJECTED_REASON], start=1):
        cell = _put(sheet, 1, column, name)
        cell.font, cell.fill, cell.alignment = bold(), _HEAD, _WRAPPED
    notes = 0
    for number, row in enumerate(table.rows, start=2):
        wrong: dict[int | None, list[InputRefused]] = {}
        for complaint in row.complaints:
            wrong.setdefault(table.column_of(complaint.place.column), []).append(complaint)
        reasons = [translate(N_("row {row}"), row=row.row)]
        reasons += [_reason(complaint) for complaint in row.complaints]
        for index in range(width):
            text = row.cells[index] if index < len(row.cells) else ""
            if len(text) > MOST_CELL_CHARACTERS:
                reasons.append(_cut_off(table.header[index]))
            cell = _put(sheet, number, index + 1, text)
            complaints = wrong.get(index, [])
            if complaints or None in wrong:
                cell.fill = _WRONG
            if complaints and notes < MOST_NOTES:
                notes += 1
                cell.comment = _note(complaints)
        last = _put(sheet, number, width + 1, "\n".join(reasons))
        last.alignment = _WRAPPED
        lines = sum(lines_in(reason, _REASON_WIDTH - 2) for reason in reasons)
        sheet.row_dimensions[number].height = min(LINE_HEIGHT * lines, TALLEST)
        if None in wrong:
            last.fill = _WRONG


def _put(sheet: Worksheet, row: int, column: int, text: str) -> Cell:
    cell: Cell = sheet.cell(row, column)
    if text:
        cell.value = storable(text)
        cell.data_type = "s"  # else a text that begins with = would be a formula
    cell.number_format = _TEXT_FORMAT
    cell.alignment = _TOP
    return cell


def _reason(complaint: InputRefused) -> str:
    column = complaint.place.column
    text = f"{complaint.what()} {complaint.what_to_do()} [{complaint.code}]"
    return text if column is None else f"{column}: {text}"


def _cut_off(column: str) -> str:
    return translate(N_("{column}: the text is longer than a workbook's cell can hold and was cut off."), column=column)


def _note(complaints: Sequence[InputRefused]) -> Comment:
    text = "\n\n".join(f"{each.what()}\n{each.what_to_do()}\n{each.code}" for each in complaints)
    return Comment(legible(text), "klimatvaxling", width=320, height=60 + 20 * text.count("\n"))


def _lay_out(sheet: Worksheet, table: _Table) -> None:
    sheet.freeze_panes = "A2"
    reason_column = get_column_letter(len(table.header) + 1)
    sheet.auto_filter.ref = f"A1:{reason_column}{len(table.rows) + 1}"
    for index, name in enumerate(table.header):
        texts = [name, *(row.cells[index] for row in table.rows[:500] if index < len(row.cells))]
        sheet.column_dimensions[get_column_letter(index + 1)].width = min(max(map(len, texts), default=0), 40) + 4
    sheet.column_dimensions[reason_column].width = _REASON_WIDTH
    sheet.print_title_rows = "1:1"
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = Worksheet.PAPERSIZE_A4
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.oddFooter.right.text = "&P / &N"


def _offer_choices(workbook: Workbook, sheet: Worksheet, table: _Table, choices: Mapping[str, Sequence[str]]) -> None:
    """Drop-down lists. Their values stand on a sheet of their own: a list in place holds little."""
    lists: Worksheet = workbook.create_sheet(translate(N_("Lists")))
    lists.freeze_panes = "A2"
    used = 0
    for name, values in choices.items():
        column = table.column_of(name)
        if column is None or not values:
            continue
        used += 1
        letter = get_column_letter(used)
        _put(lists, 1, used, name).font = bold()
        for number, value in enumerate(values, start=2):
            _put(lists, number, used, value)
        lists.column_dimensions[letter].width = min(max(map(len, [name, *values])), 40) + 4
        source = f"{quote_sheetname(lists.title)}!${letter}$2:${letter}${len(values) + 1}"
        # A warning, not a stop: the import understands more, such as a cost centre for its unit.
        offer = DataValidation(
            type="list", formula1=source, allow_blank=True, errorStyle="warning", showErrorMessage=True
        )
        target = get_column_letter(column + 1)
        offer.add(f"{target}2:{target}{max(len(table.rows), 1) + 1}")
        sheet.add_data_validation(offer)
    if not used:
        workbook.remove(lists)
