"""A workbook as bytes: the same content gives the same bytes, and formulas carry their results.

A reader that does not compute, as a preview or a protected view, then shows what a reader that computes does.
"""

import datetime
import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape, quoteattr

from openpyxl import Workbook
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.workbook.properties import CalcProperties
from openpyxl.writer.excel import ExcelWriter

from klimatvaxling.exports.sheet import Sheet

# What every workbook, as a zip archive, begins with.
BEGINNING = b"PK\x03\x04"
_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)
_FORMULA = re.compile(r'<c r="([A-Z]+[0-9]+)"([^>]*)><f>(.*?)</f><v ?(?:/>|></v>)</c>')
_CHART_NAME = re.compile(r'name="Chart ([0-9]+)"')


def workbook_bytes(sheets: Sequence[Sheet], names: Mapping[str, str], *, title: str, stamp: datetime.datetime) -> bytes:
    """The workbook. `names` are named ranges; `stamp` is the time its properties state."""
    workbook = Workbook(write_only=True)
    workbook.properties.creator = "klimatvaxling"
    workbook.properties.title = title
    workbook.properties.created = workbook.properties.modified = stamp
    workbook.calculation = CalcProperties(fullCalcOnLoad=True)
    for sheet in sheets:
        sheet.write(workbook.create_sheet(sheet.title), title)
    for name, reference in names.items():
        workbook.defined_names[name] = DefinedName(name, attr_text=reference)
    draft = io.BytesIO()
    # Not Workbook.save, which stamps the time of saving into the document.
    ExcelWriter(workbook, zipfile.ZipFile(draft, "w", zipfile.ZIP_STORED)).save()
    return _finished(draft, sheets)


def _finished(draft: io.BytesIO, sheets: Sequence[Sheet]) -> bytes:
    """The archive without a trace of when it was made, with formulas' results and the charts' words."""
    results = {f"xl/worksheets/sheet{number}.xml": sheet.results for number, sheet in enumerate(sheets, start=1)}
    with_charts = [sheet for sheet in sheets if sheet.pictures]
    words = {
        f"xl/drawings/drawing{number}.xml": [picture.words for picture in sheet.pictures]
        for number, sheet in enumerate(with_charts, start=1)
    }
    finished = io.BytesIO()
    with (
        zipfile.ZipFile(draft) as parts,
        zipfile.ZipFile(finished, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive,
    ):
        for name in parts.namelist():
            content = parts.read(name)
            if results.get(name):
                content = _with_results(content.decode(), results[name]).encode()
            if name in words:
                content = _with_words(content.decode(), words[name]).encode()
            entry = zipfile.ZipInfo(name, _ZIP_EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 0
            archive.writestr(entry, content)
    return finished.getvalue()


def _with_results(sheet: str, results: Mapping[str, tuple[str, bool]]) -> str:
    def filled(found: re.Match[str]) -> str:
        cell, attributes, formula = found.groups()
        result, is_text = results[cell]
        kind = ' t="str"' if is_text else ""
        return f'<c r="{cell}"{attributes}{kind}><f>{formula}</f><v>{escape(result)}</v></c>'

    return _FORMULA.sub(filled, sheet)


def _with_words(drawing: str, words: Sequence[str]) -> str:
    return _CHART_NAME.sub(lambda found: f"{found[0]} descr={quoteattr(words[int(found[1]) - 1])}", drawing)
