"""What is looked at in an XLSX file before the spreadsheet reader may unpack it.

The reader holds a whole sheet as a dense table with every text in it. A small file can therefore ask for any
amount of memory: by what it unpacks to, by two cells in opposite corners, or by a long text that a million
cells refer to.
"""

import re
import struct
import zipfile
import zlib
from array import array
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from klimatvaxling.errors import InputRefused, Place
from klimatvaxling.language import N_

MOST_ENTRIES = 5_000
MOST_UNPACKED_BYTES = 1_000_000_000
MOST_RATIO = 200
MOST_CELLS = 20_000_000
MOST_TEXT_BYTES = 1_000_000_000
MOST_SPECIAL_CELLS = 100_000
# Below this size a high ratio is how any small repetitive part looks.
_RATIO_FROM_BYTES = 10_000_000
_MOST_INDEX_BYTES = 20_000_000
_BLOCK_BYTES = 1 << 20
# What the zipfile module raises over damaged archives.
ZIP_FAULTS = (
    *(zipfile.BadZipFile, zlib.error, struct.error, EOFError, KeyError),
    *(NotImplementedError, RuntimeError, OverflowError, ValueError, OSError),
)

_DECLARATION = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_REFERENCE = re.compile(rb"""\sr\s*=\s*["']([A-Za-z]{0,3}[0-9]{1,10})""")
_PLAIN_COLUMNS, _PLAIN_ROWS = b"Z", 99_999
_NOT_PLAIN_CELL = re.compile(rb'<c(?! r="[A-Z][0-9]{1,5}")')
_NOT_PLAIN_ROW = re.compile(rb'<row(?! r="[0-9]{1,5}")')
_CELL_START = re.compile(rb"<(?:\w+:)?c[\s/>]")
_ROW_START = re.compile(rb"<(?:\w+:)?row[\s/>]")
_ATTRIBUTES = rb"""((?:\s+[\w:.-]+\s*=\s*(?:"[^"<>]*"|'[^'<>]*'))*)\s*"""
_EMPTY = re.compile(rb"<(?:\w+:)?(?:c|row)" + _ATTRIBUTES + rb"/>|<(?:\w+:)?c" + _ATTRIBUTES + rb"></(?:\w+:)?c>")
_CELL = re.compile(rb"<(?:\w+:)?c" + _ATTRIBUTES + rb">(.*?)</(?:\w+:)?c>", re.DOTALL)
_SPECIAL = re.compile(rb"""<(?:\w+:)?f[\s/>]|\st\s*=\s*["']e["']""")
_UNUSUAL_SPACES = (b"\t", b"\n", b"\r", b"\v", b"\f")
_TYPE = re.compile(rb"""\st\s*=\s*["'](\w+)["']""")
_VALUE = re.compile(rb"<(?:\w+:)?v(?:\s[^>]*)?>([^<]*)<")
_FORMULA = re.compile(rb"<(?:\w+:)?f(?:\s[^>]*)?(?:/>|>([^<]*)<)")
_TEXT_NUMBER = re.compile(rb"""\st\s*=\s*["']s["'][^>]*>\s*<(?:\w+:)?v(?:\s[^>]*)?>\s*([0-9]{1,9})""")
_TEXT_END = re.compile(rb"</(?:\w+:)?si>|<(?:\w+:)?si\s*/>")
_LETTERS = bytes(range(65, 91)) + bytes(range(97, 123))
_DIGITS = bytes(range(48, 58))


class XlsxDamaged(InputRefused):
    """A workbook that is cut off, or that breaks the rules of its format."""

    code = "KV-XLSX-DAMAGED"
    message = N_("The workbook is damaged or was not delivered completely.")
    remedy = N_("Fetch the file again. If it opens in the spreadsheet program, save it there as a new XLSX file.")


class XlsxHostile(InputRefused):
    """A workbook that unpacks to far more than it should, or has declarations no spreadsheet needs."""

    code = "KV-XLSX-HOSTILE"
    message = N_("The workbook is built in a way that could harm the computer, and is not opened.")
    remedy = N_("Ask the sender about the file. If it is genuine, save the rows as CSV in UTF-8 and import that.")


class XlsxTooLarge(InputRefused):
    """More cells or text than a sheet of trips has."""

    code = "KV-XLSX-SIZE"
    message = N_("The sheet “{sheet}” is too large to be read as a workbook.")
    remedy = N_("Delete empty columns and rows behind the trips, or save the sheet as CSV in UTF-8 and import that.")


class XlsxPassword(InputRefused):
    """A workbook that only opens with a password."""

    code = "KV-XLSX-PASSWORD"
    message = N_("The workbook is protected by a password.")
    remedy = N_("Open it in the spreadsheet program, save it without a password and import that file.")


@dataclass
class Survey:
    """What was found in a sheet's XML. `special`: cells the reader shows as empty, row → column → text."""

    rows: int = 0
    columns: int = 0
    cells: int = 0
    special: dict[int, dict[int, str]] = field(default_factory=dict)


def require_harmless(archive: zipfile.ZipFile, name: str) -> None:
    """Judge the archive by its directory and the beginning of each XML part.

    Raises `XlsxHostile`, `XlsxPassword` or `XlsxDamaged`.
    """
    entries = archive.infolist()
    if any(entry.flag_bits & 1 for entry in entries):
        raise XlsxPassword(place=Place(file=name))
    # Two entries with one name: what we look at might not be what the reader opens.
    if len({entry.filename.casefold() for entry in entries}) < len(entries):
        raise XlsxHostile(place=Place(file=name))
    if len(entries) > MOST_ENTRIES or sum(entry.file_size for entry in entries) > MOST_UNPACKED_BYTES:
        raise XlsxHostile(place=Place(file=name))
    for entry in entries:
        if entry.file_size > max(_RATIO_FROM_BYTES, MOST_RATIO * entry.compress_size):
            raise XlsxHostile(place=Place(file=name))
        if entry.filename.endswith((".xml", ".rels")):
            head = next(unpacked(archive, entry.filename, name, 4096), b"")
            if b"\0" in head:  # XML in UTF-16, which hides everything else from us
                raise XlsxDamaged(place=Place(file=name))


def unpacked(archive: zipfile.ZipFile, part: str, name: str, block_bytes: int = _BLOCK_BYTES) -> Iterator[bytes]:
    """The bytes of a part. Raises `XlsxHostile` for more than declared, or for document type declarations."""
    try:
        entry = archive.getinfo(part)
        declared = entry.file_size
        entry.file_size += 1  # else what there is beyond the declared size would silently be cut off
        try:
            stream = archive.open(entry)
        finally:
            entry.file_size = declared
        size, tail = 0, b""
        with stream:
            while block := stream.read(block_bytes):
                size += len(block)
                if size > declared or _DECLARATION.search(tail + block):
                    raise XlsxHostile(place=Place(file=name))
                tail = block[-16:]
                yield block
        if size < declared:
            raise XlsxDamaged(place=Place(file=name))
    except ZIP_FAULTS:
        raise XlsxDamaged(place=Place(file=name)) from None


def sheet_parts(archive: zipfile.ZipFile, name: str) -> dict[str, str]:
    """The part of each sheet, by the sheet's name, in the workbook's order. Raises `XlsxDamaged`."""
    targets: dict[str, str] = {}
    for relation in _index(archive, "xl/_rels/workbook.xml.rels", name):
        if relation.get("Id", "") in targets:
            raise XlsxDamaged(place=Place(file=name))
        targets[relation.get("Id", "")] = relation.get("Target", "")
    parts: dict[str, str] = {}
    for sheet in _index(archive, "xl/workbook.xml", name).iter():
        if sheet.tag.rpartition("}")[2] != "sheet":
            continue
        relation_id = next((value for key, value in sheet.attrib.items() if key.endswith("}id")), "")
        target = targets.get(relation_id, "")
        part = target.removeprefix("/") if target.startswith("/") else f"xl/{target}"
        if sheet.get("name", "") in parts:
            raise XlsxDamaged(place=Place(file=name))
        parts[sheet.get("name", "")] = part
    return parts


def _index(archive: zipfile.ZipFile, part: str, name: str) -> Element:
    content = bytearray()
    for block in unpacked(archive, part, name):
        content += block
        if len(content) > _MOST_INDEX_BYTES:
            raise XlsxHostile(place=Place(file=name))
    try:
        root: Element = fromstring(bytes(content), forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        raise XlsxDamaged(place=Place(file=name)) from None
    return root


def survey_sheet(archive: zipfile.ZipFile, part: str, sheet: str, name: str) -> Survey:
    """Look through a sheet's XML before the reader gets it.

    Raises `XlsxTooLarge`, `XlsxHostile` or `XlsxDamaged`.
    """
    found = _Surveyor(sheet, name, is_exact=False).survey(_pieces(unpacked(archive, part, name)))
    if found.rows * found.columns > MOST_CELLS:
        found = _Surveyor(sheet, name).survey(_pieces(unpacked(archive, part, name)))
    if found.rows * found.columns > MOST_CELLS:
        # Formatting without values, down to the last row or out to the last column, does no harm.
        pieces = (_EMPTY.sub(b"", piece) for piece in _pieces(unpacked(archive, part, name)))
        found = _Surveyor(sheet, name).survey(pieces)
        if found.rows * found.columns > MOST_CELLS:
            raise XlsxTooLarge(sheet=sheet, place=Place(file=name))
    shared = "xl/sharedStrings.xml"
    if shared in archive.namelist():
        lengths = _text_lengths(unpacked(archive, shared, name))
        if found.cells * max(lengths, default=0) > MOST_TEXT_BYTES:
            _require_bounded_text(_pieces(unpacked(archive, part, name)), lengths, sheet, name)
    return found


def _pieces(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """The XML in pieces that do not cut a cell in two."""
    rest = b""
    for block in blocks:
        data = rest + block
        cut = max(data.rfind(b"</c>") + 4, data.rfind(b"<row "))
        if b":" in data:
            cut = max(cut, data.rfind(b":c>") + 3, data.rfind(b":row "))
        if cut < 5:
            cut = max(data.rfind(b"<"), 0) if len(data) < 2 * _BLOCK_BYTES else len(data)
        rest = data[cut:]
        yield data[:cut]
    yield rest


class _Surveyor:
    """Adds up, piece by piece, how far a sheet reaches and which of its cells need our own eyes."""

    def __init__(self, sheet: str, name: str, *, is_exact: bool = True) -> None:
        self._sheet, self._name, self._is_exact = sheet, name, is_exact
        self._found = Survey()
        self._letters: set[bytes] = set()
        self._last_row = self._unnumbered_rows = self._special = 0
        self._row_cells = self._most_unplaced = 0

    def survey(self, pieces: Iterator[bytes]) -> Survey:
        """What all the pieces together hold."""
        for piece in pieces:
            self._measure(piece)
            if _may_be_special(piece) and _SPECIAL.search(piece):
                self._look_at_cells(piece)
        named = max((_column_number(letters) for letters in self._letters), default=0)
        self._found.columns = named + self._most_unplaced
        self._found.rows = self._last_row + self._unnumbered_rows
        return self._found

    def _measure(self, piece: bytes) -> None:
        if not self._is_exact and _is_plain(piece):
            # How far it reaches at most is nearly always enough, and found in a fraction of the time.
            self._letters.add(_PLAIN_COLUMNS)
            self._last_row = max(self._last_row, _PLAIN_ROWS)
            self._found.cells += piece.count(b'<c r="')
            return
        references = b" ".join(_REFERENCE.findall(piece))
        # Sets made by functions that run in C: a sheet has millions of cells.
        letters = references.translate(None, _DIGITS).split(b" ") if references else []
        numbers = set(references.translate(None, _LETTERS).split(b" ")) if references else set()
        self._letters.update(letters)
        self._last_row = max(self._last_row, max(map(int, numbers), default=0))
        numbered_rows = letters.count(b"")
        self._unnumbered_rows += max(_starts(piece, b"row", _ROW_START) - numbered_rows, 0)
        cells = _starts(piece, b"c", _CELL_START)
        self._found.cells += cells
        if cells > len(letters) - numbered_rows:
            # Cells without a reference stand behind the one before them.
            for index, row in enumerate(_ROW_START.split(piece)):
                self._row_cells = (self._row_cells if index == 0 else 0) + len(_CELL_START.findall(row))
                self._most_unplaced = max(self._most_unplaced, self._row_cells)

    def _look_at_cells(self, piece: bytes) -> None:
        """Remember error values and formulas without a result: the reader shows both as empty."""
        for cell in _CELL.finditer(piece):
            kind = found[1] if (found := _TYPE.search(cell[1])) else b"n"
            value = found[1].strip() if (found := _VALUE.search(cell[2])) else b""
            formula = _FORMULA.search(cell[2])
            if kind == b"e":
                text = value or b"#ERROR"
            elif formula and not value and kind != b"str":
                text = b"=" + (formula[1] or b"")
            else:
                continue
            place = _REFERENCE.search(cell[1])
            self._special += 1
            if place is None or self._special > MOST_SPECIAL_CELLS:
                raise XlsxDamaged(place=Place(file=self._name))
            row, column = int(place[1].lstrip(_LETTERS)), _column_number(place[1].rstrip(_DIGITS))
            shown = unescape(text.decode("utf-8", "replace"))
            self._found.special.setdefault(row, {})[column] = shown


def _is_plain(piece: bytes) -> bool:
    """Whether every row and cell says where it stands, as programs usually write it, within A1:Z99999."""
    has_prefixes = b":" in piece and (b":c" in piece or b":row" in piece)
    return not has_prefixes and _NOT_PLAIN_CELL.search(piece) is None and _NOT_PLAIN_ROW.search(piece) is None


def _may_be_special(piece: bytes) -> bool:
    """Whether it is worth looking for formulas and errors. Plain searches are many times faster than the expression.

    One character is found in hardly any time, so what stands behind a rare one is looked for only where that is.
    """
    return (
        b"<f" in piece or b'"e"' in piece or (b"'" in piece and b"'e'" in piece) or (b":" in piece and b":f" in piece)
    )


def _starts(piece: bytes, tag: bytes, start: re.Pattern[bytes]) -> int:
    """How many elements begin. Plain counting is many times faster than the expression."""
    unusual = (b":" + tag, *(b"<" + tag + space for space in _UNUSUAL_SPACES))
    if any(beginning in piece for beginning in unusual):
        return len(start.findall(piece))
    return sum(piece.count(b"<" + tag + end) for end in (b" ", b">", b"/"))


def _column_number(letters: bytes) -> int:
    """A → 1, Z → 26, AA → 27."""
    number = 0
    for letter in letters.upper():
        number = 26 * number + letter - 64
    return number


def _text_lengths(blocks: Iterator[bytes]) -> "array[int]":
    """How many bytes each shared text takes, mark-up included."""
    lengths: array[int] = array("L")
    begun = 0
    tail = b""
    for block in blocks:
        data = tail + block
        cut = data.rfind(b"<", max(0, len(data) - 64))  # do not cut a closing tag in two
        cut = len(data) if cut < 0 else cut
        first, *others = _TEXT_END.split(data[:cut])
        begun += len(first)
        for text in others:
            lengths.append(begun)
            begun = len(text)
        tail = data[cut:]
    lengths.append(begun + len(tail))
    return lengths


def _require_bounded_text(pieces: Iterator[bytes], lengths: "array[int]", sheet: str, name: str) -> None:
    used: Counter[bytes] = Counter()
    for piece in pieces:
        used.update(_TEXT_NUMBER.findall(piece))
    known = ((int(number), count) for number, count in used.items())
    if sum(count * lengths[number] for number, count in known if number < len(lengths)) > MOST_TEXT_BYTES:
        raise XlsxTooLarge(sheet=sheet, place=Place(file=name))
