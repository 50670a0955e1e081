"""A workbook as bytes: the same content gives the same bytes, and formulas carry their results.

The library writes styles, tables, charts and set-up; the rows are written by `sheet`, exact and in a third of the time.

A reader that does not compute, as a preview or a protected view, then shows what a reader that computes does.
"""

import datetime
import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from functools import partial
from xml.sax.saxutils import quoteattr

from openpyxl import Workbook
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.workbook.properties import CalcProperties
from openpyxl.writer.excel import ExcelWriter

from klimatvaxling.exports.sheet import Sheet, style_number
from klimatvaxling.files import put

# What every workbook, as a zip archive, begins with.
BEGINNING = b"PK\x03\x04"
# Which of the two depends on what the library finds to write XML with.
_NO_ROWS = re.compile(r"<sheetData ?/>|<sheetData></sheetData>")
_CHART_NAME = re.compile(r'name="Chart ([0-9]+)"')


def workbook_bytes(sheets: Sequence[Sheet], names: Mapping[str, str], *, title: str, stamp: datetime.datetime) -> bytes:
    """The workbook. `names` are named ranges; `stamp` is the time its properties state."""
    workbook = Workbook(write_only=True)
    workbook.properties.creator = "klimatvaxling"
    workbook.properties.title = title
    workbook.properties.created = workbook.properties.modified = stamp
    workbook.calculation = CalcProperties(fullCalcOnLoad=True)
    made = [(sheet, workbook.create_sheet(sheet.title)) for sheet in sheets]
    for sheet, library_sheet in made:
        sheet.set_up(library_sheet, title)
    for name, reference in names.items():
        workbook.defined_names[name] = DefinedName(name, attr_text=reference)
    # Before the rest is written: this puts the styles on record.
    rows = ["".join(sheet.rows_text(partial(style_number, library_sheet))) for sheet, library_sheet in made]
    draft = io.BytesIO()
    # Not Workbook.save, which stamps the time of saving into the document.
    ExcelWriter(workbook, zipfile.ZipFile(draft, "w", zipfile.ZIP_STORED)).save()
    return _finished(draft, sheets, rows)


def _finished(draft: io.BytesIO, sheets: Sequence[Sheet], rows: Sequence[str]) -> bytes:
    """The archive with the sheets' rows and the charts' words, without a trace of when it was made."""
    rows_of = {f"xl/worksheets/sheet{number}.xml": text for number, text in enumerate(rows, start=1)}
    with_charts = [sheet for sheet in sheets if sheet.pictures]
    words = {
        f"xl/drawings/drawing{number}.xml": [picture.words for picture in sheet.pictures]
        for number, sheet in enumerate(with_charts, start=1)
    }
    finished = io.BytesIO()
    with zipfile.ZipFile(draft) as parts, zipfile.ZipFile(finished, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in parts.namelist():
            content = parts.read(name)
            if name in rows_of:
                content = _with_rows(content.decode(), rows_of[name]).encode()
            if name in words:
                content = _with_words(content.decode(), words[name]).encode()
            put(archive, name, content)
    return finished.getvalue()


def _with_rows(sheet: str, rows: str) -> str:
    before, after = _NO_ROWS.split(sheet)
    return f"{before}<sheetData>{rows}</sheetData>{after}"


def _with_words(drawing: str, words: Sequence[str]) -> str:
    return _CHART_NAME.sub(lambda found: f"{found[0]} descr={quoteattr(words[int(found[1]) - 1])}", drawing)
