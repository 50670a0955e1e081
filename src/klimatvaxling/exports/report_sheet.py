"""A report as a sheet of a workbook: numbers as numbers, days as days, the header frozen, its notes below."""

import datetime
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal

from openpyxl.cell import Cell
from openpyxl.styles import Alignment, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from klimatvaxling.errors import InputRefused
from klimatvaxling.language import N_, translate
from klimatvaxling.reports.report import AMOUNT, DECIMAL, NUMBER, WEIGHT, Column, Report
from klimatvaxling.workbooks import (
    LINE_HEIGHT,
    TALLEST,
    TEXT,
    WRAPPED_TEXT,
    bold,
    lines_in,
    new_workbook,
    storable,
    workbook_bytes,
)

MOST_ROWS = 1_048_576
_FORMATS = {AMOUNT: "#,##0.00", WEIGHT: "#,##0.0", NUMBER: "#,##0", DECIMAL: "General"}
_PLACES = {AMOUNT: 2, WEIGHT: 3, NUMBER: 0, DECIMAL: 0}
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_FIRST_DAY = datetime.date(1900, 3, 1)  # before it, spreadsheets count wrongly
_NUMBER = Alignment(horizontal="right", vertical="top")
_HEAD = PatternFill("solid", fgColor="DDE7E0")
_HEADER_ROW = 3
_NARROWEST, _WIDEST = 10, 62


class SheetTooLong(InputRefused):
    """More rows than a sheet has."""

    code = "KV-SHEET-LONG"
    message = N_("“{title}” has {count} rows, more than a workbook's sheet holds.")
    remedy = N_("Choose a single year: --year YYYY")


def report_workbook(sheets: Sequence[tuple[str, Report]]) -> bytes:
    """A workbook with a sheet for each report, under the titles given. Raises `SheetTooLong`."""
    workbook = new_workbook()
    workbook.remove(workbook.active)
    for name, report in sheets:
        if len(report.rows) + len(report.notes) + 2 * _HEADER_ROW > MOST_ROWS:
            raise SheetTooLong(title=name, count=len(report.rows))
        _fill(workbook.create_sheet(name), report)
    return workbook_bytes(workbook)


def _fill(sheet: Worksheet, report: Report) -> None:
    _put(sheet, 1, 1, report.title).font = bold(14)
    for index, column in enumerate(report.columns, start=1):
        cell = _put(sheet, _HEADER_ROW, index, translate(column.title))
        cell.font, cell.fill = bold(), _HEAD
        is_text = column.kind not in _FORMATS
        cell.alignment = WRAPPED_TEXT if is_text else Alignment(wrap_text=True, horizontal="right", vertical="top")
    number = _HEADER_ROW
    for row in report.rows:
        number += 1
        _line(sheet, number, report.columns, row)
    if report.total is not None:
        number += 1
        _line(sheet, number, report.columns, report.total)
        _put(sheet, number, 1, translate(N_("Total")))
        for cell in sheet[number]:
            cell.font = bold()
    if not report.rows and report.when_empty:
        number += 1
        _put(sheet, number, 1, report.when_empty)
    for note in report.notes:
        number += 1
        _put(sheet, number + 1, 1, note)
    _lay_out(sheet, report)


def _line(sheet: Worksheet, number: int, columns: Sequence[Column], row: Mapping[str, object]) -> None:
    for index, column in enumerate(columns, start=1):
        value = row.get(column.key)
        if value is None:
            continue
        if column.kind in _FORMATS:
            cell = sheet.cell(number, index, Decimal(str(value)).scaleb(-_PLACES[column.kind]))
            cell.number_format, cell.alignment = _FORMATS[column.kind], _NUMBER
        elif column.key.endswith("_on") and (day := _day(str(value))):
            cell = sheet.cell(number, index, day)
            cell.number_format, cell.alignment = "yyyy-mm-dd", TEXT
        else:
            _put(sheet, number, index, str(value)).alignment = WRAPPED_TEXT


def _day(words: str) -> datetime.date | None:
    day = datetime.date.fromisoformat(words) if _DAY.fullmatch(words) else None
    return day if day and day >= _FIRST_DAY else None


def _put(sheet: Worksheet, row: int, column: int, words: str) -> Cell:
    cell: Cell = sheet.cell(row, column)
    if words:
        cell.value = storable(words)
        cell.data_type = "s"  # else a text that begins with = would be a formula
    return cell


def _lay_out(sheet: Worksheet, report: Report) -> None:
    sheet.freeze_panes = f"A{_HEADER_ROW + 1}"
    for index, column in enumerate(report.columns, start=1):
        texts = [str(row.get(column.key) or "") for row in report.rows[:500]]
        widest = max([len(translate(column.title)), *map(len, texts)])
        width = min(max(widest + 4, _NARROWEST), _WIDEST)
        sheet.column_dimensions[get_column_letter(index)].width = width
        if widest > width - 4 and column.kind not in _FORMATS:
            for number, row in enumerate(report.rows, start=_HEADER_ROW + 1):
                if (lines := lines_in(str(row.get(column.key) or ""), width - 2)) > 1:
                    earlier = sheet.row_dimensions[number].height or 0
                    sheet.row_dimensions[number].height = max(earlier, min(LINE_HEIGHT * lines, TALLEST))
    sheet.print_title_rows = f"{_HEADER_ROW}:{_HEADER_ROW}"
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = Worksheet.PAPERSIZE_A4
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.oddFooter.right.text = "&P / &N"
