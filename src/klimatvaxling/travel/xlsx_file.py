"""Travel files as workbooks: one sheet as rows of text, with the row numbers the spreadsheet program shows.

A workbook's numbers are binary floating point. They become text here, at the door, with the 15 digits a
spreadsheet program shows, and everything behind it reads them as exact decimals.
"""

import datetime
import io
import itertools
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from python_calamine import CalamineSheet, CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

from klimatvaxling.errors import ExchangeError, InputRefused, Place
from klimatvaxling.language import N_
from klimatvaxling.memo import Memo
from klimatvaxling.travel.file_rules import (
    CONTROL,
    MOST_CELL_CHARACTERS,
    MOST_COLUMNS,
    CellTooLong,
    Chunks,
    ControlCharacter,
    FileEmpty,
    TooManyColumns,
    control_name,
)
from klimatvaxling.travel.xlsx_check import (
    ZIP_FAULTS,
    Survey,
    XlsxDamaged,
    XlsxPassword,
    require_harmless,
    sheet_parts,
    survey_sheet,
)

# The text of each value that was met, by its kind: `True` and `1.0` are alike to a dictionary.
_Known = dict[type, Memo[Any, str]]
_LONG_FROM = Decimal(10) ** 15


class SheetUnknown(InputRefused):
    """A sheet was asked for that the workbook does not have."""

    code = "KV-SHEET-UNKNOWN"
    message = N_("The workbook has no sheet “{sheet}”.")
    remedy = N_("Its sheets are: {sheets}. Correct the name in the profile or in the workbook.")


@dataclass(frozen=True)
class XlsxContent:
    """One sheet of a workbook, held in memory, and the names of those that could have been read instead."""

    name: str
    sheet_name: str
    sheet: CalamineSheet
    special: dict[int, dict[int, str]]
    sheet_names: tuple[str, ...] = ()

    def chunks(self, size: int) -> Chunks:
        """Rows in chunks. Raises `ControlCharacter` or `CellTooLong`."""
        # The reader begins with the sheet's first row, but with its first column in use.
        before = [""] * (self.sheet.start[1] if self.sheet.start else 0)
        known: _Known = {kind: Memo(as_text) for kind, as_text in _AS_TEXT.items()}
        first = 1
        with reading(self.name):
            rows = self.sheet.iter_rows() if self.sheet.start else iter(())
            while cells := list(itertools.islice(rows, size)):
                chunk = _texts(cells, known)
                if before:
                    chunk = [before + row for row in chunk]
                self._fill_special(first, chunk)
                self._require_text(first, chunk)
                yield first, chunk
                first += len(chunk)
        last = max(self.special, default=0)
        for start in range(first, last + 1, size):
            behind: list[list[str]] = [[] for _ in range(min(size, last + 1 - start))]
            self._fill_special(start, behind)
            yield start, behind

    def _fill_special(self, first: int, chunk: list[list[str]]) -> None:
        """Put in what the reader shows as empty."""
        for number in self.special.keys() & range(first, first + len(chunk)) if self.special else ():
            row = chunk[number - first]
            for column, text in self.special[number].items():
                row += [""] * (column - len(row))
                row[column - 1] = row[column - 1] or text

    def _require_text(self, first: int, chunk: list[list[str]]) -> None:
        lines = list(map("\t".join, chunk))
        # One look at all of them, and at each only where that finds something.
        if CONTROL.search("\t".join(lines)) is None and len(max(lines, key=len)) <= MOST_CELL_CHARACTERS:
            return
        for number, (row, line) in enumerate(zip(chunk, lines, strict=True), first):
            if found := CONTROL.search(line):
                place = Place(file=self.name, row=number)
                raise ControlCharacter(character=control_name(found[0]), place=place)
            if max(map(len, row), default=0) > MOST_CELL_CHARACTERS:
                raise CellTooLong(most=MOST_CELL_CHARACTERS, place=Place(file=self.name, row=number))


def _texts(cells: list[list[Any]], known: _Known) -> list[list[str]]:
    """Rows of one width as text, whole columns at a time: most hold one kind of value."""
    columns: list[Iterable[str]] = []
    for column in zip(*cells, strict=True):
        kinds = set(map(type, column))
        if kinds == {str}:
            columns.append(column)
        elif len(kinds) == 1:
            columns.append(map(known[kinds.pop()].__getitem__, column))
        else:
            columns.append([cell if cell.__class__ is str else known[cell.__class__][cell] for cell in column])
    return list(map(list, zip(*columns, strict=True))) if columns else [[] for _ in cells]


def open_xlsx(name: str, content: bytes, *, sheet: str | None = None) -> XlsxContent:
    """The sheet named `sheet`, or the first visible one with content.

    Raises `SheetUnknown`, `FileEmpty`, `TooManyColumns`, `XlsxDamaged`, `XlsxHostile`, `XlsxTooLarge` or
    `XlsxPassword`.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except ZIP_FAULTS:
        raise XlsxDamaged(place=Place(file=name)) from None
    with archive:
        require_harmless(archive, name)
        parts = sheet_parts(archive, name)
        with reading(name):
            workbook = CalamineWorkbook.from_filelike(io.BytesIO(content))
        with workbook:
            candidates = _candidates(workbook, sheet, name)
            for candidate in candidates:
                if candidate not in parts:
                    raise XlsxDamaged(place=Place(file=name))
                survey = survey_sheet(archive, parts[candidate], candidate, name)
                with reading(name):
                    found = workbook.get_sheet_by_name(candidate)
                if found.start is not None or survey.special:
                    _require_narrow(found, survey, name)
                    return XlsxContent(name, candidate, found, survey.special, tuple(candidates))
    raise FileEmpty(file=name, place=Place(file=name))


def _candidates(workbook: CalamineWorkbook, sheet: str | None, name: str) -> list[str]:
    if sheet is not None and sheet not in workbook.sheet_names:
        raise SheetUnknown(sheet=sheet, sheets=", ".join(workbook.sheet_names), place=Place(file=name))
    return [
        each.name
        for each in workbook.sheets_metadata
        if each.typ == SheetTypeEnum.WorkSheet
        and (each.visible == SheetVisibleEnum.Visible if sheet is None else each.name == sheet)
    ]


def _require_narrow(sheet: CalamineSheet, survey: Survey, name: str) -> None:
    widest = max((max(cells) for cells in survey.special.values()), default=0)
    columns = max(widest, sheet.end[1] + 1 if sheet.end else 0)
    if columns > MOST_COLUMNS:
        raise TooManyColumns(columns=columns, most=MOST_COLUMNS, place=Place(file=name))


@contextmanager
def reading(name: str) -> Iterator[None]:
    """Whatever the spreadsheet reader stumbles over is a damaged workbook, not a fault of the program."""
    try:
        yield
    except (ExchangeError, MemoryError):
        raise
    except PasswordError:
        raise XlsxPassword(place=Place(file=name)) from None
    except Exception:
        raise XlsxDamaged(place=Place(file=name)) from None
    except BaseException as fault:
        # The reader is written in Rust; a panic there is no `Exception`, and its class cannot be imported.
        if type(fault).__name__ != "PanicException":
            raise
        raise XlsxDamaged(place=Place(file=name)) from None


def number_text(number: float) -> str:
    """A spreadsheet's number in 15 significant digits, without exponent: 0.1 + 0.2 → `0.3`, 2.0 → `2`."""
    if number.is_integer() and abs(number) < _LONG_FROM:
        return str(int(number))
    text = format(number, ".15g")
    return format(Decimal(text), "f") if "e" in text else text


def moment_text(moment: datetime.datetime) -> str:
    """A point in time to whole seconds; midnight is a date."""
    # Days are binary fractions in a workbook: 14:30:00 may arrive as 14:29:59.9999.
    rounded = (moment + datetime.timedelta(microseconds=500_000)).replace(microsecond=0)
    return rounded.date().isoformat() if rounded.time() == datetime.time() else rounded.isoformat(sep=" ")


def duration_text(duration: datetime.timedelta) -> str:
    """Hours, minutes and seconds: `30:00:00`."""
    seconds = round(duration.total_seconds())
    sign = "-" if seconds < 0 else ""
    return f"{sign}{abs(seconds) // 3600}:{abs(seconds) // 60 % 60:02d}:{abs(seconds) % 60:02d}"


_AS_TEXT: dict[type, Callable[..., str]] = {
    str: str,
    bool: lambda cell: "TRUE" if cell else "FALSE",
    int: str,
    float: number_text,
    datetime.date: datetime.date.isoformat,
    datetime.datetime: moment_text,
    datetime.time: lambda cell: cell.replace(microsecond=0).isoformat(),
    datetime.timedelta: duration_text,
    type(None): lambda _cell: "",
}
