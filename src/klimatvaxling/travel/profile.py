"""A source profile: how one supplier's file becomes standard columns (docs/sources.md)."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from klimatvaxling.travel.plausible import Limits

# The column that holds the one date of a file without dates, in what is kept and in a workbook of rejected rows.
FILE_DATE = "trip_date"


@dataclass(frozen=True)
class Match:
    """A condition on one of the supplier's columns: one of some values, or a beginning; case does not matter."""

    column: str
    values: tuple[str, ...] = ()
    starts_with: tuple[str, ...] = ()
    negate: bool = False

    def holds(self, cell: str) -> bool:
        """Whether `cell` meets the condition."""
        folded = fold(cell)
        met = folded in self.values or (bool(self.starts_with) and folded.startswith(self.starts_with))
        return met != self.negate


@dataclass(frozen=True)
class Outside:
    """Rows that lie outside the scheme, and why."""

    match: Match
    reason: str


@dataclass(frozen=True)
class Total:
    """The file's own total row and the columns it sums: used to verify what was read."""

    match: Match
    sums: tuple[str, ...]
    required: bool
    # A page's total sums the rows since the one before; a file's, which is required, all rows above it.
    of_page: bool = False


@dataclass(frozen=True)
class ColumnRule:
    """Where a standard column comes from: the first of `alternatives` that is filled; none means `constant`.

    An alternative is some columns joined.
    """

    alternatives: tuple[tuple[str, ...], ...] = ()
    constant: str = ""
    join: str = "-"
    skips_empty: bool = False
    mapping: Mapping[str, str] | None = None
    times: Decimal | None = None
    # What a number is multiplied by, by the unit that stands beside it or in a column of its own.
    units: Mapping[str, Decimal] | None = None
    unit_column: str | None = None
    # Columns that say how many times the row counts, and words for numbers in them.
    times_columns: tuple[str, ...] = ()
    times_map: Mapping[str, str] | None = None
    # What is taken away from this reading of a meter.
    minus: str | None = None
    date_formats: tuple[str, ...] = ()
    last_of_month: bool = False
    # Where the one date of a file without dates stands.
    file_name: re.Pattern[str] | None = None
    preamble: re.Pattern[str] | None = None
    optional: bool = False
    default: str = ""
    # A column whose minus sign makes this value a credit, for files that sign only the price.
    sign_of: str | None = None

    @property
    def value_columns(self) -> tuple[str, ...]:
        """The columns the value itself is taken from."""
        return tuple(name for alternative in self.alternatives for name in alternative)

    @property
    def side_columns(self) -> tuple[str, ...]:
        """The columns that change the value: its unit, its sign, its count, what is taken away."""
        beside = (self.unit_column, self.minus, self.sign_of)
        return (*(name for name in beside if name is not None), *self.times_columns)

    @property
    def is_plain(self) -> bool:
        """Whether the value is one column's cell as it is."""
        return len(self.value_columns) == 1 and not (
            self.converts or self.side_columns or self.file_name or self.preamble
        )

    @property
    def converts(self) -> bool:
        """Whether a cell is anything else than passed on as it is."""
        return bool(self.mapping or self.times or self.units or self.date_formats or self.default)


@dataclass(frozen=True)
class Profile:
    """A source of travel data. `text` is the TOML as read; its SHA-256 tells versions apart."""

    name: str
    title: str
    text: str
    columns: Mapping[str, ColumnRule]
    keep: tuple[str, ...] = ()
    outside: tuple[Outside, ...] = ()
    totals: tuple[Total, ...] = ()
    skip: tuple[Match, ...] = ()
    id_pattern: re.Pattern[str] | None = None
    vehicle_pattern: re.Pattern[str] | None = None
    sheet: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    # The supplier's own spelling of each column, by its folded name.
    spelling: Mapping[str, str] = field(default_factory=dict)
    refuses_unknown_columns: bool = False
    limits: Limits = field(default_factory=Limits)
    is_draft: bool = False

    @property
    def sha256(self) -> str:
        """The digest of the profile's text."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def has_trip_ids(self) -> bool:
        """Whether the supplier gives its trips an id; else content and occurrence identify them."""
        return "trip_id" in self.columns

    @property
    def names_vehicles(self) -> bool:
        """Whether rows name a vehicle, so that the register gives what they lack."""
        return "vehicle" in self.columns

    @property
    def exempting(self) -> Mapping[str, re.Pattern[str]]:
        """By column, what its ids look like: ten bare digits of that form are no personal identity number."""
        patterns = {"trip_id": self.id_pattern, "vehicle": self.vehicle_pattern}
        return {
            name: pattern
            for column, pattern in patterns.items()
            if pattern is not None and column in self.columns
            for name in self.columns[column].value_columns
        }

    @property
    def without_date(self) -> "Profile":
        """The same for a file whose rows have no date, which is given to the import."""
        date = replace(self.columns["date"], optional=True)
        return replace(self, columns={**self.columns, "date": date})

    @property
    def required_columns(self) -> tuple[str, ...]:
        """The supplier's columns that must be there: those that decide, and those whose sums verify the file."""
        return tuple(dict.fromkeys([*self._deciding_columns, *(name for rule in self.totals for name in rule.sums)]))

    @property
    def _deciding_columns(self) -> tuple[str, ...]:
        """The columns that say what a row is and what it is charged."""
        names = [name for rule in self.columns.values() if not rule.optional for name in rule.value_columns]
        # An optional value may be missing; one that is there without its sign or unit would be another value.
        names += [name for rule in self.columns.values() for name in rule.side_columns]
        names += [match.column for match in self.skip]
        names += [rule.match.column for rule in self.outside] + [rule.match.column for rule in self.totals]
        names += [name for rule in self.limits.rules if not rule.optional for name in rule.columns]
        return tuple(dict.fromkeys(names))

    @property
    def kept_columns(self) -> tuple[str, ...]:
        """The supplier's columns that are stored; everything else is never written."""
        names = [name for rule in self.columns.values() for name in rule.value_columns]
        names += [name for rule in self.limits.rules for name in rule.columns]
        return tuple(dict.fromkeys([*names, *self._deciding_columns, *self.keep]))

    def source_column(self, standard_column: str | None) -> str | None:
        """The supplier's column behind a standard one, as the supplier spells it."""
        rule = self.columns.get(standard_column or "")
        return self.spelling[rule.value_columns[0]] if rule and rule.alternatives else None


def fold(cell: str) -> str:
    """A header or value without what does not matter: case, surrounding and repeated white space."""
    return " ".join(cell.split()).casefold()
