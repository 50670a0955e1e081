"""The invoice list as a file: CSV for other systems, a workbook for people. The same rows give the same bytes."""

import csv
import io
from collections.abc import Sequence

from openpyxl.styles import Alignment, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from klimatvaxling.handovers.invoice import COLUMNS, InvoiceRow
from klimatvaxling.language import N_, translate
from klimatvaxling.workbooks import (
    LINE_HEIGHT,
    TALLEST,
    WRAPPED_TEXT,
    bold,
    lines_in,
    new_workbook,
    storable,
    workbook_bytes,
)

CSV, XLSX = "csv", "xlsx"
KINDS = (CSV, XLSX)
_HEAD = PatternFill("solid", fgColor="DDE7E0")
_NUMBER = Alignment(horizontal="right", vertical="top")
_WIDEST = 40


def invoice_file(kind: str, rows: Sequence[InvoiceRow]) -> bytes:
    """The rows as `csv` or `xlsx`."""
    return _csv(rows) if kind == CSV else _workbook(rows)


def _csv(rows: Sequence[InvoiceRow]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(row.cells() for row in rows)
    return text.getvalue().encode()


def _workbook(rows: Sequence[InvoiceRow]) -> bytes:
    workbook = new_workbook()
    sheet: Worksheet = workbook.active
    sheet.title = translate(N_("Invoices"))
    table = [COLUMNS, *(row.cells() for row in rows)]
    for number, cells in enumerate(table, start=1):
        for index, value in enumerate(cells, start=1):
            if value == "":
                continue
            cell = sheet.cell(number, index, storable(value) if isinstance(value, str) else value)
            if isinstance(value, str):
                cell.data_type = "s"  # else a text that begins with = would be a formula
                cell.alignment = WRAPPED_TEXT
            else:
                cell.number_format, cell.alignment = "#,##0", _NUMBER
    for index in range(1, len(COLUMNS) + 1):
        head = sheet.cell(1, index)
        head.font, head.fill = bold(), _HEAD
        width = max(len(str(cells[index - 1])) for cells in table)
        sheet.column_dimensions[get_column_letter(index)].width = min(width, _WIDEST) + 4
        for number, cells in enumerate(table, start=1):
            if (lines := lines_in(str(cells[index - 1]), _WIDEST + 2)) > 1:
                sheet.row_dimensions[number].height = min(LINE_HEIGHT * lines, TALLEST)
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(COLUMNS))}{len(table)}"
    sheet.print_title_rows = "1:1"
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = Worksheet.PAPERSIZE_A4
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    return workbook_bytes(workbook)
