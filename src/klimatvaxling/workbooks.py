"""Workbooks: how text stands in them, and their bytes, which say nothing of when they were made."""

import datetime
import io
import re
import zipfile

from openpyxl import Workbook
from openpyxl.writer.excel import ExcelWriter

from klimatvaxling.files import put

# What the format allows.
MOST_CELL_CHARACTERS = 32_767
_EPOCH = datetime.datetime(2013, 1, 1)  # noqa: DTZ001 - the format's time stamps have no zone
# What the format reads as an escaped character, and what XML cannot hold.
_ESCAPE_LOOKALIKE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def new_workbook() -> Workbook:
    """A workbook with one sheet, made by the program at no time in particular."""
    workbook = Workbook()
    workbook.properties.creator = "klimatvaxling"
    workbook.properties.created = workbook.properties.modified = _EPOCH
    return workbook


def legible(text: str) -> str:
    """Text without the characters that no workbook can hold."""
    return _NOT_XML.sub("\ufffd", text)


def storable(text: str) -> str:
    """Text as a cell stores it, so that it reads back the same; what is longer than a cell is cut off."""
    escaped = _ESCAPE_LOOKALIKE.sub("_x005F_", legible(text[:MOST_CELL_CHARACTERS]))
    return escaped.replace("\r", "_x000D_")[:MOST_CELL_CHARACTERS]


def workbook_bytes(workbook: Workbook) -> bytes:
    """The workbook's bytes: the same content gives the same bytes."""
    drafted, finished = io.BytesIO(), io.BytesIO()
    # Not Workbook.save, which stamps the time of saving into the document.
    ExcelWriter(workbook, zipfile.ZipFile(drafted, "w", zipfile.ZIP_STORED)).save()
    with (
        zipfile.ZipFile(drafted) as draft,
        zipfile.ZipFile(finished, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        for name in draft.namelist():
            put(archive, name, draft.read(name))
    return finished.getvalue()
