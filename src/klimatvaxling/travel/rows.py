"""From a file's raw rows to standard columns, as a profile declares it, many rows at a time.

Columns are worked through whole, by functions that run in C: a million rows pass in seconds.
"""

import datetime
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import compress
from operator import itemgetter

from klimatvaxling import typed
from klimatvaxling.errors import InputRefused, Place
from klimatvaxling.exact import EXACT
from klimatvaxling.language import N_
from klimatvaxling.memo import Memo
from klimatvaxling.travel import standard
from klimatvaxling.travel.chunk import Chunk
from klimatvaxling.travel.column import Columns
from klimatvaxling.travel.conversion import CURRENCIES, number_or_none, sum_or_none
from klimatvaxling.travel.file import TravelFile
from klimatvaxling.travel.file_date import date_of_file
from klimatvaxling.travel.profile import Match, Profile, fold

HEADER_WITHIN_ROWS = 50
CHUNK_ROWS = 500
_DATA, _SKIP, _TOTAL = 0, -1, -2
_INITIAL = itemgetter(slice(0, 1))


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

    `trip_date` is the day of trips in a file whose rows have none. With `keeps_outside` the rows that the profile puts
    outside the scheme can be asked for.
    """

    def __init__(
        self,
        file: TravelFile,
        profile: Profile,
        *,
        trip_date: datetime.date | None = None,
        keeps_outside: bool = False,
    ) -> None:
        self.file, self.profile, self._trip_date = file, profile, trip_date
        self._keeps_outside = keeps_outside
        self._outside_rows: list[tuple[int, list[str], str]] = []
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

    def outside_rows(self) -> tuple[Chunk, list[str]] | None:
        """The rows outside the scheme since this was last asked, and the reason of each; None where there are none."""
        rows, self._outside_rows = self._outside_rows, []
        if not rows or self.layout is None:
            return None
        numbers, cells, reasons = zip(*rows, strict=True)
        columns = list(zip(*cells, strict=True))
        return Chunk(numbers, self.layout.standard(columns, len(rows)), self.layout.kept(columns)), list(reasons)

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
        if min(verdicts) == _DATA:
            layout.add_up(rows)
            self._count_outside(Counter(filter(None, verdicts)))
            if self._keeps_outside:
                for number, row, verdict in zip(numbers, rows, verdicts, strict=True):
                    self._keep_outside(number, row, verdict)
            inside = [verdict == _DATA for verdict in verdicts]
            return list(compress(numbers, inside)), list(compress(rows, inside))
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
                self._count_outside({verdict: 1})
                self._keep_outside(number, row, verdict)
            elif verdict == _DATA:
                summed.append(row)
                data_numbers.append(number)
                data_rows.append(row)
        layout.add_up(summed)
        return data_numbers, data_rows

    def _keep_outside(self, number: int, row: list[str], verdict: int) -> None:
        if self._keeps_outside and verdict > _DATA:
            self._outside_rows.append((number, row, self.profile.outside[verdict - 1].reason))

    def _count_outside(self, counts: Mapping[int, int]) -> None:
        """Rows outside the scheme, by the number of the rule that says so."""
        for number, count in counts.items():
            reason = self.profile.outside[number - 1].reason
            self.rows_read += count
            self.outside[reason] = self.outside.get(reason, 0) + count


class _Control:
    """A column that decides what a row is, by the conditions on it."""

    def __init__(self, place: int, checks: Sequence[tuple[Match, int]]) -> None:
        self._cell = itemgetter(place)
        self._memo: Memo[str, int] = Memo(
            lambda cell: next((verdict for match, verdict in checks if match.holds(cell)), _DATA)
        )
        # What cells that meet a condition begin with; None where anything may.
        matches = [match for match, _ in checks]
        wanted = [value[:1] for match in matches for value in (*match.values, *match.starts_with)]
        self._initials = None if any(match.negate for match in matches) else frozenset(wanted)

    def verdicts(self, rows: list[list[str]]) -> list[int]:
        """The verdict on each row; none where a look at the cells' first letters shows that all are data."""
        cells = list(map(self._cell, rows))
        if self._initials is not None:
            begins = {begin if begin.isspace() else begin.casefold()[:1] for begin in set(map(_INITIAL, cells))}
            if self._initials.isdisjoint(begins) and not any(map(str.isspace, begins)):
                return []
        return list(map(self._memo.__getitem__, cells))


class Layout:
    """A profile bound to a file's header: which cell is what. `file_date` is the date of all rows, if they have none."""

    def __init__(self, profile: Profile, header: list[str], file_date: str = "") -> None:
        self.profile = profile = profile.without_date if file_date else profile
        self._file_date = file_date
        while header and not header[-1]:
            header.pop()
        self.header = header
        self.width = len(header)
        self._position = {name: index for index, name in reversed(list(enumerate(header)))}
        columns = Columns(profile.columns, self._position)
        self._transforms = [columns.transform(column) for column in standard.COLUMNS]
        if file_date:
            self._transforms[standard.COLUMNS.index("date")] = lambda _cells, count: [file_date] * count
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
        self._units = CURRENCIES.union(*(rule.units or () for rule in profile.columns.values()))

    def standard(self, cells: list[tuple[str, ...]], count: int) -> list[Sequence[str]]:
        """The standard columns."""
        return [transform(cells, count) for transform in self._transforms]

    def kept(self, cells: Sequence[Sequence[str]]) -> list[Sequence[str]]:
        """The columns that are stored."""
        kept: list[Sequence[str]] = [cells[index] for index in self._kept]
        return [*kept, [self._file_date] * len(cells[0])] if self._file_date else kept

    def _control_columns(self) -> list["_Control"]:
        """The columns that decide what a row is."""
        rules = [(match, _SKIP) for match in self.profile.skip]
        rules += [(total.match, _TOTAL - number) for number, total in enumerate(self.profile.totals)]
        rules += [(rule.match, number) for number, rule in enumerate(self.profile.outside, start=1)]
        # A header repeated further down, as on every page of a printed list, is no data.
        if not self.profile.refuses_unknown_columns:
            decides = {match.column for match, _ in rules}
            required = self.profile.required_columns
            first = next((column for column in required if column in decides), required[0])
            rules.append((Match(first, values=(first,)), _SKIP))
        columns: dict[str, list[tuple[Match, int]]] = {}
        for match, verdict in rules:
            columns.setdefault(match.column, []).append((match, verdict))
        return [_Control(self._position[column], checks) for column, checks in columns.items()]

    def verdicts(self, rows: list[list[str]]) -> list[int]:
        """What each row is: data (0), skipped, a total, or outside the scheme by rule number; empty if all are data."""
        found = [verdicts for control in self._controls if (verdicts := control.verdicts(rows))]
        if len(found) < 2:
            return found[0] if found else []
        # What is skipped or a total is so whatever the other columns say.
        return [min(all_) if min(all_) < _DATA else max(all_) for all_ in zip(*found, strict=True)]

    def add_up(self, rows: list[list[str]]) -> None:
        """Add rows to the running sums the file's totals are compared with."""
        self._rows_since_total = self._rows_since_total or bool(rows)
        for column in self._summed:
            cells = list(map(itemgetter(self._position[column]), rows))
            added = sum_or_none(cells, self._units)
            self.sums_are_sure = self.sums_are_sure and added is not None
            for sums in self._sums:
                if column in sums:
                    sums[column] = EXACT.add(sums[column], added or Decimal(0))

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
            stated = number_or_none(cell, self._units)
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
