"""From a file's raw rows to standard columns, as a profile declares it, many rows at a time.

Columns are worked through whole, by functions that run in C: a million rows pass in seconds.
"""

import datetime
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from operator import itemgetter

from klimatvaxling import typed
from klimatvaxling.errors import InputRefused, Place
from klimatvaxling.language import N_
from klimatvaxling.memo import Memo
from klimatvaxling.travel import standard
from klimatvaxling.travel.chunk import Chunk
from klimatvaxling.travel.conversion import CURRENCIES, convert, difference, multiplied, number_or_none, signed
from klimatvaxling.travel.file import TravelFile
from klimatvaxling.travel.file_date import date_of_file
from klimatvaxling.travel.profile import ColumnRule, Profile, fold

HEADER_WITHIN_ROWS = 50
CHUNK_ROWS = 500
_DATA, _SKIP, _TOTAL = 0, -1, -2
_Step = Callable[[Sequence[str], list[tuple[str, ...]]], Sequence[str]]
_Transform = Callable[[list[tuple[str, ...]], int], Sequence[str]]


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
    """One reading of one file by one profile. Iterate it once; then the counts are complete.

    `trip_date` is the day of trips in a file whose rows have none.
    """

    def __init__(self, file: TravelFile, profile: Profile, *, trip_date: datetime.date | None = None) -> None:
        self.file, self.profile, self._trip_date = file, profile, trip_date
        self._above: list[list[str]] = []
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
        wanted = set(self._wanted())
        for index, row in enumerate(rows):
            folded = [fold(cell) for cell in row]
            if wanted <= set(folded) and any(folded):
                self._require_header(folded, row, first + index)
                file_date = date_of_file(self.profile, self.file.name, folded, self._above, self._trip_date)
                self.layout = Layout(self.profile, folded, file_date)
                return self.layout, index + 1
            if any(folded):
                seen.append(folded)
                self._above.append(row)
            if len(seen) >= (1 if self.profile.refuses_unknown_columns else HEADER_WITHIN_ROWS):
                self._no_header(seen)
        return None, len(rows)

    def _wanted(self) -> tuple[str, ...]:
        """The columns the header must have."""
        return (self.profile.without_date if self._trip_date is not None else self.profile).required_columns

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
                raise UnknownColumns(columns=", ".join(unknown), known=", ".join(standard.OF_FILES), place=place)

    def _no_header(self, seen: list[list[str]]) -> None:
        wanted = self._wanted()
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
    """A profile bound to a file's header: which cell is what. `file_date` is the date of all rows, if they have none."""

    def __init__(self, profile: Profile, header: list[str], file_date: str = "") -> None:
        self.profile, self._file_date = profile, file_date
        while header and not header[-1]:
            header.pop()
        self.header = header
        self.width = len(header)
        self._position = {name: index for index, name in reversed(list(enumerate(header)))}
        self._transforms = [self._transform(column, profile.columns.get(column)) for column in standard.COLUMNS]
        self._kept = [self._position[name] for name in profile.kept_columns if name in self._position]
        self.kept_header = [header[index] for index in self._kept]
        if file_date:
            # Kept with each row: the trip stays readable without the file's name, and so does a rejected row.
            self.kept_header.append(profile.columns["date"].value_columns[0])
        self._controls = self._control_columns()
        self.has_controls = bool(self._controls) or bool(profile.totals)
        self._sums = [dict.fromkeys(total.sums, Decimal(0)) for total in profile.totals]
        self._summed = {column for total in profile.totals for column in total.sums}
        self._total_seen = self._rows_since_total = False
        # A row that is refused for itself may be what makes the total differ: then it speaks, not the total.
        self.sums_are_sure = True
        units = CURRENCIES.union(*(rule.units or () for rule in profile.columns.values()))
        self._numbers: Memo[str, Decimal | None] = Memo(lambda cell: number_or_none(cell, units))

    def standard(self, cells: list[tuple[str, ...]], count: int) -> list[Sequence[str]]:
        """The standard columns."""
        return [transform(cells, count) for transform in self._transforms]

    def kept(self, cells: Sequence[Sequence[str]]) -> list[Sequence[str]]:
        """The columns that are stored."""
        kept: list[Sequence[str]] = [cells[index] for index in self._kept]
        return [*kept, [self._file_date] * len(cells[0])] if self._file_date else kept

    def _transform(self, column: str, rule: ColumnRule | None) -> _Transform:
        """What makes the standard column of the file's: each step works through whole columns."""
        if column == "date" and self._file_date:
            return lambda _cells, count: [self._file_date] * count
        if rule is None or (rule.optional and not {*rule.value_columns} <= self._position.keys()):
            return lambda _cells, count: [""] * count
        if not rule.alternatives:
            return lambda _cells, count: [rule.constant] * count
        steps = [self._converted(rule)] if rule.converts else []
        if rule.minus is not None:
            steps.append(self._beside((rule.minus,), lambda value, side: difference(value, convert(rule, side[0]))))
        if rule.sign_of is not None:
            steps.append(self._beside((rule.sign_of,), lambda value, side: signed(value, side[0])))
        if rule.times_columns:
            steps.append(self._beside(rule.times_columns, lambda value, side: multiplied(column, value, side, rule)))
        read = self._read(rule)

        def transform(cells: list[tuple[str, ...]], _count: int) -> Sequence[str]:
            values = read(cells)
            for step in steps:
                values = step(values, cells)
            return values

        return transform

    def _read(self, rule: ColumnRule) -> Callable[[list[tuple[str, ...]]], Sequence[str]]:
        """The cells the value is taken from: one column, several joined, or the first alternative that is filled."""
        places = [[self._position[name] for name in names] for names in rule.alternatives]
        if len(places) == 1 and len(places[0]) == 1:
            return itemgetter(places[0][0])
        join = rule.join.join

        def text_of(parts: tuple[str, ...]) -> str:
            start = 0
            for each in places:
                found = [part.strip() for part in parts[start : start + len(each)]]
                start += len(each)
                if any(found):
                    return join(filter(None, found) if rule.skips_empty else found)
            return ""

        pick = itemgetter(*(place for each in places for place in each))
        return lambda cells: list(map(text_of, zip(*pick(cells), strict=True)))

    def _converted(self, rule: ColumnRule) -> _Step:
        memo: Memo[str, str] = Memo(lambda cell: convert(rule, cell))
        if rule.unit_column is None:
            return lambda values, _cells: list(map(memo.__getitem__, values))
        place = self._position[rule.unit_column]
        # A number without its unit is not saved by the unit of an empty cell: it is read as a number alone.
        return lambda values, cells: [
            memo[f"{value} {unit}" if value.strip() else value]
            for value, unit in zip(values, cells[place], strict=True)
        ]

    def _beside(self, names: Sequence[str], work_out: Callable[[str, tuple[str, ...]], str]) -> _Step:
        """A step that looks at other columns of the row; equal cells are worked out once."""
        memo: Memo[tuple[str, ...], str] = Memo(lambda key: work_out(key[0], key[1:]))
        places = [self._position[name] for name in names]
        return lambda values, cells: list(
            map(memo.__getitem__, zip(values, *(cells[place] for place in places), strict=True))
        )

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
