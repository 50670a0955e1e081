"""Travel files as text: which encoding and separator, and rows at the speed of the csv module.

One pass over the bytes decides the encoding, hashes them and refuses what is no text. The reading pass then
trusts it, and no Python code runs per row.
"""

import codecs
import csv
import hashlib
import io
import itertools
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from klimatvaxling.errors import InputRefused, Place, UsageFault
from klimatvaxling.language import N_
from klimatvaxling.travel.file_rules import (
    CONTROL_BYTES,
    MOST_CELL_CHARACTERS,
    MOST_COLUMNS,
    CellTooLong,
    Chunks,
    ControlCharacter,
    FileChanged,
    FileEmpty,
    FileUnreadable,
    TooManyColumns,
    control_name,
)

MOST_LINE_BYTES = 1_000_000
ENCODINGS = (
    *("utf-8", "utf-16", "utf-16-le", "utf-16-be", "cp1252"),
    *("iso8859-1", "iso8859-15", "cp437", "cp850", "cp865"),
)
DELIMITERS = (";", "\t", ",", "|")
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
# Smaller than the longest line, so that only a line that spans blocks can be too long.
_BLOCK_BYTES = 1 << 19
_HEAD_BYTES = 1 << 16
# Every byte as what it does to the shape of the file: 1 refused, newline, anything else.
_SHAPE = bytes(1 if byte in CONTROL_BYTES else 10 if byte in b"\r\n" else 120 for byte in range(256))
_LONG_RUN = b"x" * MOST_COLUMNS
# å ä ö Å Ä Ö é as UTF-8; in cp1252 they would read Ã¥ Ã¤ Ã¶ …
_UTF8_LETTER = re.compile(rb"\xc3[\xa5\xa4\xb6\x85\x84\x96\xa9]")
_QUOTED = re.compile(r'(?:^|(?<=[;,\t|\r\n]))"(?:[^"]|"")*"')
_SEPARATOR_HINT = re.compile(r"sep=([;,\t|])[\r\n]", re.IGNORECASE)
# Clocks of file systems are coarse (FAT: 2 s): a file younger than this may change without a new time stamp.
_SETTLED_NS = 3_000_000_000


class EncodingBroken(InputRefused):
    """Bytes that are no characters in the file's encoding, or two encodings in one file."""

    code = "KV-FILE-ENCODING"
    message = N_("The file is not text in one encoding: a character cannot be read as {encoding}.")
    remedy = N_("Export the file again as CSV in UTF-8. If the source uses another encoding, name it in the profile.")


class QuotesBroken(InputRefused):
    """A quotation mark that is not closed, or text after a closing one; also a file cut off."""

    code = "KV-FILE-QUOTES"
    message = N_("The quotation marks of the row do not match, or the file was cut off.")
    remedy = N_(
        "Check that the file was delivered completely. A quotation mark inside a quoted cell is "
        "written twice; correct the row or export the file again."
    )


class LineTooLong(InputRefused):
    """No line break for a very long time: no file of rows."""

    code = "KV-FILE-LINE"
    message = N_("A line is longer than {most} bytes.")
    remedy = N_("Check that it is a CSV file with one trip per line, and export it again.")


class ReadingUnknown(UsageFault):
    """An encoding or a separator that was asked for and that we do not know."""

    code = "KV-FILE-READING"
    message = N_("“{value}” is neither an encoding nor a separator that can be read.")
    remedy = N_("Encodings: {encodings}. Separators: semicolon, comma, tab or vertical bar.")


@dataclass(frozen=True)
class Snapshot:
    """Which file it is and when it was last written."""

    device: int
    inode: int
    size_bytes: int
    modified_ns: int
    changed_ns: int

    @classmethod
    def of(cls, file: io.BufferedReader) -> "Snapshot":
        """The state of an open file."""
        stat = os.fstat(file.fileno())
        return cls(stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)

    def settled(self) -> bool:
        """Whether any later write must show in the time stamps."""
        return time.time_ns() - max(self.modified_ns, self.changed_ns) > _SETTLED_NS


class _Watched(io.RawIOBase):
    """The bytes of a file, hashed as they are read, up to `limit`."""

    def __init__(self, file: io.BufferedReader, limit: int | None = None) -> None:
        self._file = file
        self._left = limit
        self.digest = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview") -> int:  # type: ignore[override]
        wanted = buffer if self._left is None else buffer[: self._left]
        count = self._file.readinto(wanted)
        if self._left is not None:
            self._left -= count
        self.digest.update(wanted[:count])
        return count


@dataclass(frozen=True)
class _Scan:
    sha256: str
    encoding: str
    maybe_wide: bool
    blank: bool


class _Fault(Exception):
    """What the scan stumbled over, and at which byte."""

    def __init__(self, offset: int, kind: type[InputRefused], **facts: object) -> None:
        self.offset = offset
        self.kind = kind
        self.facts = facts
        super().__init__(offset)


@dataclass(frozen=True)
class CsvContent:
    """A CSV file whose bytes were scanned once; every pass reads the same bytes or raises `FileChanged`."""

    path: Path
    sha256: str
    size_bytes: int
    encoding: str
    delimiter: str
    snapshot: Snapshot
    settled: bool
    maybe_wide: bool
    hinted: bool

    def chunks(self, size: int) -> Chunks:
        """Rows in chunks. Raises `QuotesBroken`, `CellTooLong`, `TooManyColumns` or `FileChanged`."""
        csv.field_size_limit(MOST_CELL_CHARACTERS)
        with self._open() as (text, watched):
            reader = csv.reader(text, delimiter=self.delimiter, strict=True)
            first = 1
            while True:
                rows: list[list[str]] = []
                try:
                    # Unlike list(…), extend keeps the rows before the one that fails.
                    rows.extend(itertools.islice(reader, size))
                except csv.Error as fault:
                    raise self._refused(fault, first + len(rows)) from None
                except UnicodeError:
                    raise self._changed() from None
                if not rows:
                    break
                if self.maybe_wide and max(map(len, rows)) > MOST_COLUMNS:
                    self._refuse_wide(first, rows)
                if first == 1 and self.hinted:
                    rows[0] = []
                yield first, rows
                first += len(rows)
            if watched and watched.digest.hexdigest() != self.sha256:
                raise self._changed()

    @contextmanager
    def _open(self) -> Iterator[tuple[io.TextIOWrapper, _Watched | None]]:
        try:
            file = self.path.open("rb")
        except OSError:
            raise self._changed() from None
        with file:
            if Snapshot.of(file) != self.snapshot:
                raise self._changed()
            watched = None if self.settled else _Watched(file)
            buffered = file if watched is None else io.BufferedReader(watched, _HEAD_BYTES)
            with io.TextIOWrapper(buffered, encoding=self.encoding, newline="") as text:
                yield text, watched
                if Snapshot.of(file) != self.snapshot:
                    raise self._changed()

    def _changed(self) -> FileChanged:
        return FileChanged(file=self.path.name, place=Place(file=self.path.name))

    def _refused(self, fault: csv.Error, row: int) -> InputRefused:
        with self.path.open("rb") as file:
            if Snapshot.of(file) != self.snapshot:
                return self._changed()
        place = Place(file=self.path.name, row=row)
        if "field limit" in str(fault):
            return CellTooLong(place=place, most=MOST_CELL_CHARACTERS)
        return QuotesBroken(place=place)

    def _refuse_wide(self, first: int, rows: list[list[str]]) -> None:
        for row, cells in enumerate(rows, first):
            if len(cells) > MOST_COLUMNS:
                place = Place(file=self.path.name, row=row)
                raise TooManyColumns(place=place, columns=len(cells), most=MOST_COLUMNS)


def open_csv(path: Path, *, delimiter: str | None = None, encoding: str | None = None) -> CsvContent:
    """Scan a text file. A byte order mark decides the encoding, then `encoding`, then UTF-8 or cp1252.

    Raises `FileEmpty`, `EncodingBroken`, `ControlCharacter`, `LineTooLong`, `FileChanged`, `FileUnreadable`
    or `ReadingUnknown`.
    """
    if delimiter is not None and delimiter not in DELIMITERS:
        raise ReadingUnknown(value=delimiter, encodings=", ".join(ENCODINGS))
    asked = None if encoding is None else _known_encoding(encoding)
    try:
        with path.open("rb") as file:
            before = Snapshot.of(file)
            settled = before.settled()
            head = file.read(_HEAD_BYTES)
            marked = next((name for mark, name in _MARKS if head.startswith(mark)), None)
            try:
                scan = _scan(file, given) if (given := marked or asked) else _scan_unmarked(file)
            except _Fault as broken:
                row = _row_at(file, broken.offset, given or "cp1252", delimiter)
                raise broken.kind(place=Place(file=path.name, row=row), **broken.facts) from None
            if Snapshot.of(file) != before:
                raise FileChanged(file=path.name, place=Place(file=path.name))
    except OSError:
        raise FileUnreadable(file=path.name, place=Place(file=path.name)) from None
    if scan.blank:
        raise FileEmpty(file=path.name, place=Place(file=path.name))
    text = head.decode(scan.encoding, errors="replace").removeprefix("\ufeff")
    hint = _SEPARATOR_HINT.match(text)
    return CsvContent(
        path=path,
        sha256=scan.sha256,
        size_bytes=before.size_bytes,
        encoding=scan.encoding,
        delimiter=delimiter or (hint[1] if hint else _delimiter(text)),
        snapshot=before,
        settled=settled,
        maybe_wide=scan.maybe_wide,
        hinted=hint is not None,
    )


def _known_encoding(name: str) -> str:
    try:
        found = codecs.lookup(name).name
    except LookupError:
        found = ""
    if found == "utf-8-sig":
        return "utf-8"
    if found not in ENCODINGS:
        raise ReadingUnknown(value=name, encodings=", ".join(ENCODINGS))
    return found


def _scan_unmarked(file: io.BufferedReader) -> _Scan:
    """UTF-8 if every byte is valid, else cp1252, but never cp1252 with UTF-8 letters in it."""
    try:
        return _scan(file, "utf-8")
    except _Fault as broken:
        if broken.kind is not EncodingBroken:
            raise
        return _scan(file, "cp1252", invalid_utf8_at=broken.offset)


def _scan(file: io.BufferedReader, encoding: str, *, invalid_utf8_at: int | None = None) -> _Scan:
    """One pass over the bytes: hash, encoding, control characters, line lengths."""
    file.seek(0)
    digest = hashlib.sha256()
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    two_bytes = encoding.startswith("utf-16")
    offset = line_bytes = 0
    tail = b""
    maybe_wide, blank = two_bytes, True
    while block := file.read(_BLOCK_BYTES):
        digest.update(block)
        pending = len(decoder.getstate()[0])
        try:
            text = decoder.decode(block)
        except UnicodeDecodeError as fault:
            raise _Fault(offset - pending + fault.start, EncodingBroken, encoding=encoding) from None
        if invalid_utf8_at is not None and _UTF8_LETTER.search(block):
            raise _Fault(invalid_utf8_at, EncodingBroken, encoding="utf-8")
        # Two-byte text is looked at as UTF-8, so that one table serves all.
        shape = (text.encode() if two_bytes else block).translate(_SHAPE)
        if (found := shape.find(1)) >= 0:
            character = chr(text.encode()[found] if two_bytes else block[found])
            before = 2 * text.index(character) if two_bytes else found
            raise _Fault(offset - pending + before, ControlCharacter, character=control_name(character))
        newline = shape.find(10)
        line_bytes += len(shape) if newline < 0 else newline
        if line_bytes > MOST_LINE_BYTES:
            raise _Fault(offset, LineTooLong, most=MOST_LINE_BYTES)
        line_bytes = line_bytes if newline < 0 else len(shape) - shape.rfind(10) - 1
        # A row with too many columns has as many bytes on its line, or line breaks in quoted cells.
        maybe_wide = maybe_wide or b'"' in block or _LONG_RUN in tail + shape
        tail = shape[-MOST_COLUMNS:]
        blank = blank and not text.strip("\ufeff \t\r\n")
        offset += len(block)
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        raise _Fault(offset - 1, EncodingBroken, encoding=encoding) from None
    return _Scan(digest.hexdigest(), encoding, maybe_wide, blank)


def _row_at(file: io.BufferedReader, offset: int, encoding: str, delimiter: str | None) -> int:
    """The row, as a spreadsheet counts, that holds the byte at `offset`."""
    file.seek(0)
    head = file.read(_HEAD_BYTES).decode(encoding, errors="replace")
    file.seek(0)
    watched = _Watched(file, offset + (2 if encoding.startswith("utf-16") else 1))
    text = io.TextIOWrapper(io.BufferedReader(watched), encoding=encoding, errors="replace", newline="")
    rows = 0
    try:
        for _ in csv.reader(text, delimiter=delimiter or _delimiter(head)):
            rows += 1
    except csv.Error:
        rows += 1
    finally:
        text.detach()
    return max(rows, 1)


def _delimiter(head: str) -> str:
    """The separator most of the first lines contain, then the one most regular; `;` before tab before comma.

    A Swedish file separated by `;` or tab is full of decimal commas, hence that order.
    """
    lines = [line for line in _QUOTED.sub("", head).splitlines() if line.strip()][:20]
    best, best_score = ";", (0, 0)
    for candidate in (";", "\t", ","):
        counts = [line.count(candidate) for line in lines]
        found = [count for count in counts if count]
        score = (len(found), max((found.count(count) for count in found), default=0))
        if score > best_score:
            best, best_score = candidate, score
    return best
