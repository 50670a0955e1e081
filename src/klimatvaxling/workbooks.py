"""Workbooks: how text stands in them, and their bytes, which say nothing of when they were made."""

import datetime
import io
import re
import zipfile
import zlib
from pathlib import Path

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from openpyxl.writer.excel import ExcelWriter

from klimatvaxling.files import put

# What the format allows.
MOST_CELL_CHARACTERS = 32_767
# A row's height, in points, for each line of its letters; and the highest a row should be.
LINE_HEIGHT, TALLEST = 15, 405
# Text stands a little in, so that it does not touch a number of the column before.
TEXT = Alignment(horizontal="left", vertical="top", indent=1)
WRAPPED_TEXT = Alignment(horizontal="left", vertical="top", indent=1, wrap_text=True)
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


def is_as_written(path: Path) -> bool:
    """Whether a workbook stands as this program wrote it: whoever saves it anew stamps the time into it."""
    try:
        with zipfile.ZipFile(path) as archive:
            properties = archive.read("docProps/core.xml")
    except (OSError, KeyError, zipfile.BadZipFile, zlib.error):
        return False
    return f">{_EPOCH:%Y-%m-%dT%H:%M:%S}Z</dcterms:modified>".encode() in properties


def bold(size: int = 11) -> Font:
    """Bold letters; name and size are said outright, for without them each program takes its own."""
    return Font(name="Calibri", size=size, bold=True)


def lines_in(text: str, width: float) -> int:
    """How many lines a text takes in a column of a width in characters."""
    lines, room = 1, 0.0
    for word in text.split():
        if room and room + 1 + len(word) > width - 1:
            lines, room = lines + 1, 0.0
        room += len(word) + (1 if room else 0)
        if room > width - 1:  # a word that is longer than the column is broken
            more = int((room - 1) // (width - 1))
            lines, room = lines + more, room - more * (width - 1)
    return lines
