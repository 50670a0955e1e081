"""A sheet of a workbook: rows of typed cells, tables with totals, and formulas that carry their result.

Amounts go in as whole öre and weights as whole grams, and are written as exact decimals: no float stands between the
ledger and the cell. Text is written as text, whatever it begins with.
"""

import datetime
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from xml.sax.saxutils import escape

from openpyxl.cell import WriteOnlyCell
from openpyxl.utils import get_column_letter, quote_sheetname
from openpyxl.worksheet.filters import AutoFilter
from openpyxl.worksheet.pagebreak import Break
from openpyxl.worksheet.table import Table, TableColumn
from openpyxl.worksheet.worksheet import Worksheet

from klimatvaxling.exports.chart import Picture
from klimatvaxling.exports.look import LOOKS
from klimatvaxling.language import N_, translate
from klimatvaxling.workbooks import LINE_HEIGHT, MOST_CELL_CHARACTERS, TALLEST, lines_in, storable

_NARROWEST, _WIDEST, _WIDTH_SAMPLE, _HEADING_LINE = 9, 46, 2_000, 15
# Said outright: not every program makes a row as high as its letters.
_HEIGHTS = {"title": 24.0, "heading": 18.0}
_FORMULA_BEGINNINGS, QUOTED = ("=", "+", "-", "@", "\t", "\r"), " quoted"
# Days are counted from the last one of 1899, by a calendar that takes 1900 for a leap year.
_DAY_ZERO = datetime.date(1899, 12, 30).toordinal()


@dataclass(frozen=True)
class Formula:
    """A formula in English function names, without the sign `=`, and its result in whole units of its kind."""

    text: str
    result: int | str


# A cell: its kind (`kr` in öre, `kg` in grams, `tenths`, `count`, `share` and `change` in per mille, `text`, …) and
# its value.
Cell = tuple[str, object]


@dataclass(frozen=True)
class Field:
    """A column of a table: heading in the language in use, kind, and whether it is summed below."""

    key: str
    heading: str
    kind: str = "text"
    summed: bool = False
    width: float | None = None


@dataclass(frozen=True)
class Placed:
    """Where a table stands: for formulas, charts and names."""

    sheet: str
    first_row: int
    last_row: int
    letters: Mapping[str, str]
    totals: Mapping[str, int]

    def column(self, key: str) -> str:
        """A column's cells as a formula names them."""
        letter = self.letters[key]
        return f"{quote_sheetname(self.sheet)}!${letter}${self.first_row}:${letter}${self.last_row}"

    def part(self, key: str, count: int) -> str:
        """The first cells of a column as a formula names them."""
        letter = self.letters[key]
        last = min(self.first_row + count - 1, self.last_row)
        return f"{quote_sheetname(self.sheet)}!${letter}${self.first_row}:${letter}${last}"

    def heading(self, key: str) -> str:
        """A column's heading as a formula names it."""
        return f"{quote_sheetname(self.sheet)}!${self.letters[key]}${self.first_row - 1}"

    def total(self, key: str) -> str:
        """A column's total as a formula names it."""
        return f"{quote_sheetname(self.sheet)}!${self.letters[key]}${self.last_row + 1}"

    def cell(self, key: str, index: int) -> str:
        """A cell of row `index`, from 0, as a formula names it."""
        return f"{quote_sheetname(self.sheet)}!${self.letters[key]}${self.first_row + index}"


@dataclass
class Sheet:
    """A sheet that is being filled, and written when all of it is known: widths come before rows in the file."""

    title: str
    landscape: bool = True
    rows: list[Iterable[Cell | None]] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    widths: dict[int, float] = field(default_factory=dict)
    heights: dict[int, float] = field(default_factory=dict)
    merged: list[str] = field(default_factory=list)
    rules: list[tuple[str, Any]] = field(default_factory=list)
    frozen_row: int = 0
    frozen_column: int = 0
    repeated_row: int = 0
    breaks: list[int] = field(default_factory=list)
    one_page: bool = False

    @property
    def next_row(self) -> int:
        """The number of the row that comes next."""
        return len(self.rows) + 1

    def line(self, *cells: Cell | None) -> int:
        """A row; gives its number."""
        self.rows.append(cells)
        if cells and cells[0] and cells[0][0] in _HEIGHTS:
            self.heights[len(self.rows)] = _HEIGHTS[cells[0][0]]
        return len(self.rows)

    def skip(self, count: int = 1) -> None:
        """Empty rows."""
        self.rows.extend(() for _ in range(count))

    def paragraph(self, text: str, columns: int, kind: str = "paragraph") -> None:
        """Text over several columns, as high as it needs to be."""
        row = self.line((kind, text))
        self.merged.append(f"A{row}:{get_column_letter(columns)}{row}")
        width = sum(self.widths.get(column, _NARROWEST) for column in range(1, columns + 1))
        self.heights[row] = LINE_HEIGHT * -(-len(text) * 11 // int(10 * max(width, 20)))

    def table(
        self,
        name: str,
        columns: Sequence[Field],
        rows: Sequence[Sequence[object]],
        *,
        freeze: bool = False,
        repeat: bool = False,
        can_filter: bool = False,
        key_columns: int = 1,
        when_empty: str = "",
    ) -> Placed:
        """A table with its heading row and, where columns are summed, a row of totals below.

        With `freeze` the heading and the first columns stay on the screen, and the heading on every printed page;
        with `repeat` only the latter. A table without rows says `when_empty`.
        """
        head = self.next_row
        self._make_room(columns, rows)
        self.line(
            *(("head_text" if each.kind in ("text", "date") else "head_number", each.heading) for each in columns)
        )
        self.heights[head] = LINE_HEIGHT * max(
            lines_in(each.heading, self.widths[number]) for number, each in enumerate(columns, start=1)
        )
        kinds = [each.kind for each in columns]
        body = rows or [[when_empty, *[None] * (len(columns) - 1)]]
        self.rows.extend(_Body(kinds, row) for row in body)
        first, last = head + 1, head + len(body)
        self._make_height(columns, rows, first)
        letters = {each.key: get_column_letter(number) for number, each in enumerate(columns, start=1)}
        totals = {}
        for index, each in enumerate(columns):
            if each.summed:
                totals[each.key] = sum(int(str(row[index] or 0)) for row in rows)
        if totals:
            cells: list[Cell] = []
            for index, each in enumerate(columns):
                letter = letters[each.key]
                total = Formula(f"SUM({letter}{first}:{letter}{last})", totals.get(each.key, 0))
                value = total if each.summed else translate(N_("Total")) if index == 0 else None
                cells.append((f"total_{each.kind}", value))
            self.line(*cells)
        self._register(name, columns, head, last, can_filter=can_filter)
        if freeze:
            self.frozen_row, self.frozen_column = head, key_columns
        if freeze or repeat:
            self.repeated_row = head
        return Placed(self.title, first, last, letters, totals)

    def _make_room(self, columns: Sequence[Field], rows: Sequence[Sequence[object]]) -> None:
        for number, each in enumerate(columns, start=1):
            shown = max((_shown(each.kind, row[number - 1]) for row in rows[:_WIDTH_SAMPLE]), default=0)
            if each.summed:
                shown = max(shown, _shown(each.kind, sum(int(str(row[number - 1] or 0)) for row in rows)) + 1)
            heading = max(map(len, each.heading.split()), default=0)
            if len(each.heading) <= _HEADING_LINE:
                heading = len(each.heading)
            width = each.width or min(max(shown, heading, _NARROWEST - 3) + 3, _WIDEST)
            self.widths[number] = max(self.widths.get(number, 0), width)

    def _make_height(self, columns: Sequence[Field], rows: Sequence[Sequence[object]], first: int) -> None:
        """Rows with text that is longer than its column are as high as it needs."""
        for number, each in enumerate(columns):
            width = self.widths[number + 1]
            if each.kind != "text" or max((len(str(row[number] or "")) for row in rows), default=0) <= width - 3:
                continue
            for place, row in enumerate(rows, start=first):
                lines = lines_in(str(row[number] or ""), width - 1)
                if lines > 1:
                    high = min(LINE_HEIGHT * lines, TALLEST)
                    self.heights[place] = max(self.heights.get(place, 0.0), high)

    def _register(self, name: str, columns: Sequence[Field], head: int, last: int, *, can_filter: bool) -> None:
        ref = f"A{head}:{get_column_letter(len(columns))}{last}"
        table = Table(id=1, displayName=name, name=name, ref=ref)
        table.tableColumns = [TableColumn(id=n, name=each.heading) for n, each in enumerate(columns, start=1)]
        table.autoFilter = AutoFilter(ref=ref) if can_filter else None
        self.tables.append(table)

    def set_up(self, sheet: Any, footer: str) -> None:
        """Give everything but the rows to the library's sheet; `footer` stands below every printed page."""
        for number, width in self.widths.items():
            sheet.column_dimensions[get_column_letter(number)].width = width
        if self.frozen_row:
            sheet.freeze_panes = f"{get_column_letter(self.frozen_column + 1)}{self.frozen_row + 1}"
        else:
            sheet.freeze_panes = "A2"  # several tables: only what the sheet is called stays
        sheet.sheet_view.showGridLines = False
        self._set_up_print(sheet, footer)
        for table in self.tables:
            sheet.tables.add(table)  # not add_table, which warns of columns it cannot fill in itself
        for picture in self.pictures:
            sheet.add_chart(picture.chart, picture.anchor)
        for reference in self.merged:
            sheet.merged_cells.add(reference)
        for reference, rule in self.rules:
            sheet.conditional_formatting.add(reference, rule)

    def rows_text(self, style_of: Callable[[str], int]) -> Iterator[str]:
        """The rows in the format's own text. `style_of` gives the number of a kind's style in the workbook."""
        writer = _CellWriter(style_of)
        for number, cells in enumerate(self.rows, start=1):
            yield writer.row(number, cells, self.heights.get(number))

    def _set_up_print(self, sheet: Any, footer: str) -> None:
        sheet.page_setup.orientation = "landscape" if self.landscape else "portrait"
        sheet.page_setup.paperSize = Worksheet.PAPERSIZE_A4
        sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, int(self.one_page)
        if self.repeated_row and not self.one_page:
            sheet.print_title_rows = f"{self.repeated_row}:{self.repeated_row}"
        for row in self.breaks:
            sheet.row_breaks.append(Break(id=row))
        sheet.sheet_properties.pageSetUpPr.fitToPage = True
        margins = sheet.page_margins
        margins.left = margins.right = 0.5
        margins.top = margins.bottom = 0.7
        sheet.oddFooter.left.text = self.title.replace("&", "&&")
        sheet.oddFooter.center.text = footer.replace("&", "&&")
        sheet.oddFooter.right.text = "&P / &N"


class _Body:
    """A row of a table: its kinds are the columns'."""

    __slots__ = ("kinds", "values")

    def __init__(self, kinds: Sequence[str], values: Sequence[object]) -> None:
        self.kinds, self.values = kinds, values

    def __iter__(self) -> Iterator[Cell]:
        return iter(zip(self.kinds, self.values, strict=True))


class _CellWriter:
    """Turns cells into the format's own text; the library writes as many in three times the time.

    `style_of` gives the number of a kind's style in the workbook. No other part of a sheet is written here.
    """

    def __init__(self, style_of: Callable[[str], int]) -> None:
        self._style_of = style_of
        self._styles: dict[str, int] = {}

    def row(self, number: int, cells: Iterable[Cell | None], height: float | None) -> str:
        """A row with the cells that are not empty."""
        parts = [f'<row r="{number}">' if height is None else f'<row r="{number}" ht="{height:g}" customHeight="1">']
        parts += [
            self._cell(f"{letter}{number}", *each)
            for letter, each in zip(_LETTERS, cells, strict=False)
            if each is not None
        ]
        parts.append("</row>")
        return "".join(parts)

    def _cell(self, place: str, kind: str, value: object) -> str:
        if isinstance(value, str) and value.startswith(_FORMULA_BEGINNINGS):
            kind = f"{kind}{QUOTED}"
        style = self._styles.get(kind)
        if style is None:
            style = self._styles[kind] = self._style_of(kind)
        if value is None or value == "":
            return f'<c r="{place}" s="{style}"/>'
        if isinstance(value, int):
            return f'<c r="{place}" s="{style}"><v>{_number(kind, value)}</v></c>'
        if isinstance(value, str):
            # Text whatever it begins with: a formula has an element of its own.
            text = escape(_stored(value))
            return f'<c r="{place}" s="{style}" t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'
        return self._rare(place, kind, style, value)

    @staticmethod
    def _rare(place: str, kind: str, style: int, value: object) -> str:
        if isinstance(value, Formula):
            is_text = isinstance(value.result, str)
            result = escape(str(value.result)) if is_text else _number(kind, int(value.result))
            of_kind = ' t="str"' if is_text else ""
            return f'<c r="{place}" s="{style}"{of_kind}><f>{escape(value.text)}</f><v>{result}</v></c>'
        if isinstance(value, datetime.date):
            return f'<c r="{place}" s="{style}"><v>{value.toordinal() - _DAY_ZERO}</v></c>'
        if isinstance(value, Decimal):
            return f'<c r="{place}" s="{style}"><v>{value:f}</v></c>'
        raise TypeError(value)


def style_number(sheet: Any, kind: str) -> int:
    """The number of a kind's style in the workbook of a sheet; it is put on record there."""
    look = LOOKS[kind.removesuffix(QUOTED)]
    cell = WriteOnlyCell(sheet)
    cell.font, cell.alignment, cell.number_format = look.font, look.alignment, look.number_format
    if look.border is not None:
        cell.border = look.border
    if look.fill is not None:
        cell.fill = look.fill
    cell.quotePrefix = kind.endswith(QUOTED)  # text even after somebody has edited it
    return int(cell.style_id)


def _stored(text: str) -> str:
    """As `storable`, and at once where there is nothing to do, as for nearly every text."""
    return text if text.isprintable() and "_x" not in text and len(text) <= MOST_CELL_CHARACTERS else storable(text)


_DECIMALS = {"kr": 2, "kg": 3, "tenths": 1, "share": 3, "change": 3}
_DECIMALS |= {f"total_{kind}": decimals for kind, decimals in _DECIMALS.items()}
_LETTERS = tuple(get_column_letter(number) for number in range(1, 201))


def _number(kind: str, value: int) -> str:
    """Whole öre as kronor, grams as kilograms, per mille as shares: exact, as the format writes numbers."""
    decimals = _DECIMALS.get(kind)
    if decimals is None:
        return str(value)
    digits = str(abs(value)).rjust(decimals + 1, "0")
    return f"{'-' if value < 0 else ''}{digits[:-decimals]}.{digits[-decimals:]}"


def _shown(kind: str, value: object) -> int:
    """About how many characters a value takes."""
    if value is None:
        return 0
    if isinstance(value, Formula):
        return _shown(kind, value.result)
    if isinstance(value, datetime.date):
        return 10
    if isinstance(value, int):
        if kind in ("share", "change"):
            return len(f"{abs(value) // 10:,}") + 5  # a sign, a decimal and the sign of per cent
        whole = len(f"{abs(value) // 10 ** _DECIMALS.get(kind, 0):,}")
        return whole + (value < 0) + {"kr": 3, "kg": 2, "tenths": 2}.get(kind, 0)
    return max(map(len, str(value).split("\n")), default=0)
