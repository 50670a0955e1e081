"""From a file's raw rows to standard columns, as a profile declares it, many rows at a time.

Columns are worked through whole, by functions that run in C: a million rows pass in seconds.
"""

import datetime
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from operator import itemgetter

from klimatvaxling import typed
from klimatvaxling.errors import InputRefused, Place
from klimatvaxling.exact import product
from klimatvaxling.language import N_
from klimatvaxling.memo import Memo
from klimatvaxling.travel import standard
from klimatvaxling.travel.chunk import Chunk
from klimatvaxling.travel.file import TravelFile
from klimatvaxling.travel.profile import ColumnRule, Profile, fold

HEADER_WITHIN_ROWS = 50
CHUNK_ROWS = 500
_DATA, _SKIP, _TOTAL = 0, -1, -2
_MINUS = ("-", "\u2212", "\u2013")


class NoHeader(InputRefused):
    """The file has no row with the columns the source needs."""

    code = "KV-HEADER-MISSING"
    message = N_("The columns {missing} are missing from the file.")
    remedy = N_("Check that it is the right file and source: klimatvaxling source show {source}")


class UnknownColumns(InputRefused):
    """A column the source does not know."""

    code = "KV-COLUMN-UNKNOWN"
    message = N_("These columns are not known: {columns}.")
    remedy = N_("Remove them or correct their names. The columns are: {known}.")


class ColumnTwice(InputRefused):
    """A column that stands twice in the header."""

    code = "KV-COLUMN-TWICE"
    message = N_("These columns stand twice in the header: {columns}.")
    remedy = N_("Keep the one that is meant, and rename or remove the other.")


class NoRows(InputRefused):
    """A header without a single trip below it."""

    code = "KV-FILE-NO-ROWS"
    message = N_("The file has a header but no rows.")
    remedy = N_("Check the export. A month without travel is declared instead of imported.")


class RowTooWide(InputRefused):
    """A row with more cells than the header has columns."""

    code = "KV-ROW-WIDE"
    message = N_("The row has {cells} cells, the header {columns}.")
    remedy = N_("A separator inside a cell must stand in quotes. Correct the row.")


class TotalDiffers(InputRefused):
    """The file's own total is not the sum of its rows."""

    code = "KV-TOTAL-DIFFERS"
    message = N_("The file's own total of {column_name} is {stated}, but its rows sum to {summed}.")
    remedy = N_("Rows are missing or changed: fetch the file again from the supplier.")


class TotalMissing(InputRefused):
    """A file that should end with its total and does not."""

    code = "KV-TOTAL-MISSING"
    message = N_("The file has no total row; it may have been cut off.")
    remedy = N_("Fetch the file again from the supplier.")


class TravelRows:
    """One reading of one file by one profile. Iterate it once; then the counts are complete."""

    def __init__(self, file: TravelFile, profile: Profile) -> None:
        self.file, self.profile = file, profile
        self.layout: Layout | None = None
        self.outside: dict[str, int] = {}
        self.too_wide: list[tuple[int, list[str], RowTooWide]] = []
        self.rows_read = 0

    def __iter__(self) -> Iterator[Chunk]:
        """Chunks of data rows. Raises what is wrong with the header or the totals, with the file's name."""
        layout: Layout | None = None
        seen: list[list[str]] = []
        for first, rows in self.file.chunks(CHUNK_ROWS):
            start = 0
            if layout is None:
                layout, start = self._find_header(seen, first, rows)
                if layout is None:
                    continue
            chunk = self._chunk(layout, first + start, rows[start:] if start else rows)
            if chunk.numbers:
                yield chunk
        if layout is None:
            self._no_header(seen)
        elif self.rows_read == 0:
            raise NoRows(place=Place(file=self.file.name))
        else:
            layout.require_totals(self.file.name)

    def _find_header(self, seen: list[list[str]], first: int, rows: list[list[str]]) -> tuple["Layout | None", int]:
        wanted = set(self.profile.required_columns)
        for index, row in enumerate(rows):
            folded = [fold(cell) for cell in row]
            if wanted <= set(folded) and any(folded):
                self._require_header(folded, row, first + index)
                self.layout = Layout(self.profile, folded)
                return self.layout, index + 1
            if any(folded):
                seen.append(folded)
            if len(seen) >= (1 if self.profile.refuses_unknown_columns else HEADER_WITHIN_ROWS):
                self._no_header(seen)
        return None, len(rows)

    def _require_header(self, folded: list[str], row: list[str], number: int) -> None:
        place = Place(file=self.file.name, row=number)
        known = set(self.profile.kept_columns)
        twice = sorted({cell for cell in folded if cell in known and folded.count(cell) > 1})
        if twice:
            raise ColumnTwice(columns=", ".join(twice), place=place)
        if self.profile.refuses_unknown_columns:
            ignored = known | {standard.REJECTED_REASON}
            # Empty cells behind the last column are how spreadsheets end a row.
            unknown = [cell.strip() or "—" for cell, key in zip(row, folded, strict=True) if key and key not in ignored]
            if unknown:
                raise UnknownColumns(columns=", ".join(unknown), known=", ".join(standard.COLUMNS), place=place)

    def _no_header(self, seen: list[list[str]]) -> None:
        wanted = self.profile.required_columns
        best = max(seen, key=lambda row: len(set(wanted) & set(row)), default=[])
        missing = [self.profile.spelling[column] for column in wanted if column not in best]
        raise NoHeader(missing=", ".join(missing), source=self.profile.name, place=Place(file=self.file.name))

    def _chunk(self, layout: "Layout", first: int, rows: list[list[str]]) -> Chunk:
        numbers: Sequence[int] = range(first, first + len(rows))
        if set(map(len, rows)) != {layout.width} or not all(map(any, rows)):
            numbers, rows = self._evened(layout, numbers, rows)
        if rows and layout.has_controls:
            numbers, rows = self._data_rows(layout, numbers, rows)
        self.rows_read += len(rows)
        if not rows:
            return Chunk((), (), ())
        cells = list(zip(*rows, strict=True))
        return Chunk(numbers, layout.standard(cells, len(rows)), layout.kept(cells))

    def _evened(
        self, layout: "Layout", numbers: Sequence[int], rows: list[list[str]]
    ) -> tuple[list[int], list[list[str]]]:
        """Without blank rows, short rows filled up, empty cells behind the last column gone; too wide ones set aside."""
        kept_numbers, kept_rows = [], []
        for number, row in zip(numbers, rows, strict=True):
            if not any(cell.strip() for cell in row):
                continue
            if len(row) > layout.width and any(cell.strip() for cell in row[layout.width :]):
                self.rows_read += 1
                wide = RowTooWide(cells=len(row), columns=layout.width, place=Place(file=self.file.name, row=number))
                layout.sums_are_sure = False
                self.too_wide.append((number, row[: layout.width], wide))
                continue
            kept_numbers.append(number)
            kept_rows.append((row + [""] * layout.width)[: layout.width])
        return kept_numbers, kept_rows

    def _data_rows(
        self, layout: "Layout", numbers: Sequence[int], rows: list[list[str]]
    ) -> tuple[Sequence[int], list[list[str]]]:
        verdicts = layout.verdicts(rows)
        if not any(verdicts):
            layout.add_up(rows)
            return numbers, rows
        data_numbers: list[int] = []
        data_rows: list[list[str]] = []
        summed: list[list[str]] = []
        for number, row, verdict in zip(numbers, rows, verdicts, strict=True):
            if verdict <= _TOTAL:
                layout.add_up(summed)
                summed = []
                layout.verify_total(_TOTAL - verdict, row, Place(file=self.file.name, row=number))
            elif verdict > _DATA:
                summed.append(row)
                self.rows_read += 1
                reason = self.profile.outside[verdict - 1].reason
                self.outside[reason] = self.outside.get(reason, 0) + 1
            elif verdict == _DATA:
                summed.append(row)
                data_numbers.append(number)
                data_rows.append(row)
        layout.add_up(summed)
        return data_numbers, data_rows


class Layout:
    """A profile bound to a file's header: which cell is what."""

    def __init__(self, profile: Profile, header: list[str]) -> None:
        self.profile = profile
        while header and not header[-1]:
            header.pop()
        self.header = header
        self.width = len(header)
        self._position = {name: index for index, name in reversed(list(enumerate(header)))}
        self._transforms = [self._transform(profile.columns.get(column)) for column in standard.COLUMNS]
        self._kept = [self._position[name] for name in profile.kept_columns if name in self._position]
        self.kept_header = [header[index] for index in self._kept]
        self._controls = self._control_columns()
        self.has_controls = bool(self._controls) or bool(profile.totals)
        self._sums = [dict.fromkeys(total.sums, Decimal(0)) for total in profile.totals]
        self._summed = {column for total in profile.totals for column in total.sums}
        self._total_seen = self._rows_since_total = False
        # A row that is refused for itself may be what makes the total differ: then it speaks, not the total.
        self.sums_are_sure = True
        self._numbers: Memo[str, Decimal | None] = Memo(_number_or_none)

    def standard(self, cells: list[tuple[str, ...]], count: int) -> list[Sequence[str]]:
        """The twelve standard columns."""
        return [transform(cells, count) for transform in self._transforms]

    def kept(self, cells: Sequence[Sequence[str]]) -> list[Sequence[str]]:
        """The columns that are stored."""
        return [cells[index] for index in self._kept]

    def _transform(self, rule: ColumnRule | None) -> Callable[[list[tuple[str, ...]], int], Sequence[str]]:
        if rule is None or (rule.optional and not set(rule.source_columns) <= self._position.keys()):
            return lambda _cells, count: [""] * count
        if not rule.source_columns:
            return lambda _cells, count: [rule.constant] * count
        positions = [self._position[name] for name in rule.source_columns]
        if rule.is_plain:
            return lambda cells, _count: cells[positions[0]]
        if rule.sign_of is not None:
            sign = self._position[rule.sign_of]
            signed: Memo[tuple[str, str], str] = Memo(lambda pair: _signed(converted[pair[0]], pair[1]))
            converted: Memo[str, str] = Memo(lambda cell: convert(rule, cell))
            return lambda cells, _count: list(
                map(signed.__getitem__, zip(cells[positions[0]], cells[sign], strict=True))
            )
        memo: Memo[str, str] = Memo(lambda cell: convert(rule, cell))
        if len(positions) == 1:
            return lambda cells, _count: list(map(memo.__getitem__, cells[positions[0]]))
        pick = itemgetter(*positions)
        return lambda cells, _count: [
            convert(rule, rule.join.join(part.strip() for part in parts)) for parts in zip(*pick(cells), strict=True)
        ]

    def _control_columns(self) -> list[tuple[int, Memo[str, int]]]:
        """For each column that decides what a row is: its place, and a memo from cell to verdict."""
        rules = [(match, _SKIP) for match in self.profile.skip]
        rules += [(total.match, _TOTAL - number) for number, total in enumerate(self.profile.totals)]
        rules += [(rule.match, number) for number, rule in enumerate(self.profile.outside, start=1)]
        columns: dict[str, list[tuple[Callable[[str], bool], int]]] = {}
        for match, verdict in rules:
            columns.setdefault(match.column, []).append((match.holds, verdict))
        # A header repeated further down, as on every page of a printed list, is no data.
        if not self.profile.refuses_unknown_columns:
            first = self.profile.required_columns[0]
            columns.setdefault(first, []).append((lambda cell: fold(cell) == first, _SKIP))

        def verdict_of(checks: list[tuple[Callable[[str], bool], int]]) -> Memo[str, int]:
            return Memo(lambda cell: next((verdict for holds, verdict in checks if holds(cell)), _DATA))

        return [(self._position[column], verdict_of(checks)) for column, checks in columns.items()]

    def verdicts(self, rows: list[list[str]]) -> list[int]:
        """What each row is: data (0), skipped, a total, or outside the scheme by rule number."""
        found = [list(map(memo.__getitem__, map(itemgetter(place), rows))) for place, memo in self._controls]
        if len(found) == 1:
            return found[0]
        # What is skipped or a total is so whatever the other columns say.
        return [min(all_) if min(all_) < _DATA else max(all_) for all_ in zip(*found, strict=True)]

    def add_up(self, rows: list[list[str]]) -> None:
        """Add rows to the running sums the file's totals are compared with."""
        self._rows_since_total = self._rows_since_total or bool(rows)
        for column in self._summed:
            cells = map(itemgetter(self._position[column]), rows)
            numbers = list(map(self._numbers.__getitem__, cells))
            self.sums_are_sure = self.sums_are_sure and None not in numbers
            added = sum((number for number in numbers if number is not None), Decimal(0))
            for sums in self._sums:
                if column in sums:
                    sums[column] += added

    def verify_total(self, number: int, row: list[str], place: Place) -> None:
        """Compare the total row of rule `number` with its sums. Raises `TotalDiffers`; one without a figure is none."""
        sums = self._sums[number]
        cells = {column: row[self._position[column]] for column in sums}
        if not any(cell.strip() for cell in cells.values()):
            return
        if self.profile.totals[number].of_page:
            self._sums[number] = dict.fromkeys(sums, Decimal(0))
        else:
            self._total_seen, self._rows_since_total = True, False
        for column, cell in cells.items():
            stated = self._numbers[cell]
            if cell.strip() and stated != sums[column] and self.sums_are_sure:
                raise TotalDiffers(
                    column_name=self.profile.spelling[column],
                    stated=cell.strip() if stated is None else typed.canonical(stated),
                    summed=typed.canonical(sums[column]),
                    place=place,
                )

    def require_totals(self, file: str) -> None:
        """The file ended: its total must have been there, below every row, if the profile says so.

        Raises `TotalMissing`. Our own workbook of rejected rows has no total.
        """
        is_required = any(total.required for total in self.profile.totals if not total.of_page)
        is_covered = self._total_seen and not self._rows_since_total
        if is_required and not is_covered and standard.REJECTED_REASON not in self.header:
            raise TotalMissing(place=Place(file=file))


def convert(rule: ColumnRule, cell: str) -> str:
    """One cell as its rule makes it; what cannot be converted stays as it is, to be complained about where it is judged."""
    value = cell.strip() or rule.default
    if rule.mapping is not None:
        value = rule.mapping.get(fold(value), value)
    if rule.times is not None and value:
        try:
            value = typed.canonical(product(typed.decimal(value), rule.times))
        except typed.NotANumber:
            return cell
    for form in rule.date_formats:
        if form == "%Y%m%d" and len(value) != len("YYYYMMDD"):
            continue
        try:
            return datetime.datetime.strptime(value, form).date().isoformat()  # noqa: DTZ007 - a calendar date
        except ValueError:
            continue
    return value


def _signed(value: str, sign: str) -> str:
    """The value as a credit where the sign's cell is negative; unreadable where that cell is, so that the row is refused."""
    # Some business systems write the minus behind the amount.
    number = _number_or_none(f"-{sign.strip()[:-1]}" if sign.strip().endswith("-") else sign)
    if number is None:
        return f"{value} ({sign.strip()})"
    return f"-{value}" if number < 0 and value and not value.startswith(_MINUS) else value


def _number_or_none(cell: str) -> Decimal | None:
    try:
        return typed.decimal(cell) if cell.strip() else Decimal(0)
    except typed.NotANumber:
        return None
