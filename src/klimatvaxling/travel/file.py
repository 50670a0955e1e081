"""The door to a travel file: whatever its format, rows of text with the row numbers a spreadsheet shows.

What a file is, is decided by its content; a name that says otherwise is refused: one of the two is wrong.
"""

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from klimatvaxling.errors import InputRefused, Place
from klimatvaxling.language import N_
from klimatvaxling.travel.csv_file import CsvContent, open_csv
from klimatvaxling.travel.file_rules import Chunks, FileEmpty, FileUnreadable, Term
from klimatvaxling.travel.xlsx_check import XlsxPassword, XlsxTooLarge
from klimatvaxling.travel.xlsx_file import XlsxContent, open_xlsx

CHUNK_ROWS = 500
# A workbook is held in memory while it is read; one of a million trips takes about 60 MB.
MOST_XLSX_BYTES = 200_000_000

Kind = Literal["csv", "xlsx"]

_ENDINGS: dict[str, Kind] = {
    ".csv": "csv",
    ".txt": "csv",
    ".tsv": "csv",
    ".xlsx": "xlsx",
    ".xlsm": "xlsx",
    ".xls": "xlsx",
}
_NAMED: dict[Kind, Term] = {"csv": Term(N_("a CSV file")), "xlsx": Term(N_("an Excel workbook"))}
_OLD_OFFICE = bytes.fromhex("D0CF11E0A1B11AE1")
# How a workbook with a password looks: the real file encrypted inside an old container.
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_MARKUP = (b"<!doctype", b"<html", b"<table", b"<?xml", b"<workbook")
_ARCHIVES = (
    (b"xl/workbook.xml", None),
    (b"xl/workbook.bin", Term(N_("a binary workbook (XLSB)"))),
    (b"opendocument.spreadsheet", Term(N_("an OpenDocument spreadsheet (ODS)"))),
)


class FileMissing(InputRefused):
    """There is no such file."""

    code = "KV-FILE-MISSING"
    message = N_("There is no file “{file}”.")
    remedy = N_("Check the folder and the spelling of the name.")


class FileKind(InputRefused):
    """A name that promises another format than the content is."""

    code = "KV-FILE-KIND"
    message = N_("“{file}” is named as {named}, but it is {kind}.")
    remedy = N_("Rename the file so that its ending fits, or export it again in the format its name says.")


class FileFormat(InputRefused):
    """A format that is not read."""

    code = "KV-FILE-FORMAT"
    message = N_("“{file}” is {kind}, which cannot be read.")
    remedy = N_(
        "Open it in the program that made it, choose Save as, and save it as an Excel workbook (.xlsx) "
        "or as CSV in UTF-8; then import that file."
    )


@dataclass(frozen=True)
class TravelFile:
    """An opened travel file. `sha256` is the hexadecimal digest of the bytes that the rows are read from."""

    name: str
    size_bytes: int
    sha256: str
    kind: Kind
    content: CsvContent | XlsxContent

    @property
    def sheet_names(self) -> tuple[str, ...]:
        """The sheets of a workbook that could be read; none of a text file."""
        return self.content.sheet_names if isinstance(self.content, XlsxContent) else ()

    def chunks(self, size: int = CHUNK_ROWS) -> Chunks:
        """The row number of the chunk's first row, counting from 1 as a spreadsheet does, and its raw rows.

        Nothing is stripped and blank rows stay, as empty lists or lists of empty cells. Can be called again
        for another pass. Raises what is wrong with a row, see csv_file.py and xlsx_file.py.
        """
        return self.content.chunks(size)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Nothing stays open between passes; a workbook's memory goes with the object."""


def open_travel_file(
    path: Path, *, sheet: str | None = None, delimiter: str | None = None, encoding: str | None = None
) -> TravelFile:
    """Open a CSV or XLSX file. `sheet` names a workbook's sheet; `delimiter` and `encoding` overrule ours.

    Raises `FileMissing`, `FileUnreadable`, `FileEmpty`, `FileKind` or `FileFormat`, and what `open_csv` or
    `open_xlsx` raise.
    """
    name = path.name
    place = Place(file=name)
    try:
        size_bytes, head = _beginning(path, place)
        kind = _require_kind(head, path, place)
        if kind == "csv":
            text = open_csv(path, delimiter=delimiter, encoding=encoding)
            return TravelFile(name, text.size_bytes, text.sha256, "csv", text)
        if size_bytes > MOST_XLSX_BYTES:
            raise XlsxTooLarge(sheet=name, place=place)
        # Read once: what is hashed, checked and shown are the same bytes.
        content = path.read_bytes()
    except FileNotFoundError:
        raise FileMissing(file=name, place=place) from None
    except OSError:
        raise FileUnreadable(file=name, place=place) from None
    digest = hashlib.sha256(content).hexdigest()
    return TravelFile(name, len(content), digest, "xlsx", open_xlsx(name, content, sheet=sheet))


def _beginning(path: Path, place: Place) -> tuple[int, bytes]:
    try:
        state = path.stat()
    except ValueError:  # a name no file can have
        raise FileMissing(file=path.name, place=place) from None
    if not stat.S_ISREG(state.st_mode):  # a folder, or a pipe that would never end
        raise FileUnreadable(file=path.name, place=place)
    with path.open("rb") as file:
        head = file.read(4096)
    if not head:
        raise FileEmpty(file=path.name, place=place)
    return state.st_size, head


def _require_kind(head: bytes, path: Path, place: Place) -> Kind:
    kind, instead = _kind_of(head, path)
    if kind is None:
        if instead is None:
            raise XlsxPassword(place=place)
        raise FileFormat(file=path.name, kind=instead, place=place)
    named = _ENDINGS.get(path.suffix.casefold(), kind)
    if named != kind:
        raise FileKind(file=path.name, named=_NAMED[named], kind=_NAMED[kind], place=place)
    return kind


def _kind_of(head: bytes, path: Path) -> tuple[Kind | None, Term | None]:
    """The kind, or what it is instead; neither for a workbook with a password."""
    if head.startswith(b"PK\x03\x04"):
        return _archive_kind(path)
    if head.startswith(_OLD_OFFICE):
        with path.open("rb") as file:
            content = file.read(MOST_XLSX_BYTES)
        return None, None if _ENCRYPTED in content else Term(N_("a workbook in the old Excel format (XLS)"))
    if head.startswith(b"%PDF"):
        return None, Term(N_("a PDF document"))
    if head.removeprefix(b"\xef\xbb\xbf").lstrip().lower().startswith(_MARKUP):
        return None, Term(N_("a web page or XML document"))
    return "csv", None


def _archive_kind(path: Path) -> tuple[Kind | None, Term | None]:
    with path.open("rb") as file:
        # The names of an archive's parts stand before each part and once more at the end.
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        ends = file.read(1 << 16)
        file.seek(max(0, size - (1 << 20)))
        ends += file.read()
    for mark, what in _ARCHIVES:
        if mark in ends:
            return (None, what) if what else ("xlsx", None)
    # A workbook that was cut off has lost the list of its parts.
    named = _ENDINGS.get(path.suffix.casefold())
    return ("xlsx", None) if named == "xlsx" else (None, Term(N_("a compressed archive")))
