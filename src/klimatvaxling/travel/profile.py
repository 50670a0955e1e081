"""A source profile: how one supplier's file becomes standard columns, declared in TOML (docs/sources.md)."""

import hashlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, NoReturn

from klimatvaxling import typed
from klimatvaxling.errors import InputRefused, Place
from klimatvaxling.language import N_, translate
from klimatvaxling.travel import standard
from klimatvaxling.travel.plausible import DEFAULT_TOLERANCE_KR, AmountRule, Limits

# The column that holds the one date of a file without dates, in what is kept and in a workbook of rejected rows.
FILE_DATE = "trip_date"
_NAMING = {"column", "columns", "first_of"}
_NUMBERS = ("distance_km", "fuel_quantity", "co2_fossil_kg")


class BadProfile(InputRefused):
    """A profile that does not follow the rules."""

    code = "KV-PROFILE"
    message = N_("The profile {profile} cannot be used: {key}: {problem}.")
    remedy = N_("Correct profile.toml. How profiles are written is described in docs/sources.md.")


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
        """The supplier's columns that must be there."""
        names = [name for rule in self.columns.values() if not rule.optional for name in rule.value_columns]
        # An optional value may be missing; one that is there without its sign or unit would be another value.
        names += [name for rule in self.columns.values() for name in rule.side_columns]
        names += [match.column for match in self.skip]
        names += [rule.match.column for rule in self.outside] + [rule.match.column for rule in self.totals]
        if self.limits.amount is not None and not self.limits.amount.optional:
            names += self.limits.amount.columns
        return tuple(dict.fromkeys(names))

    @property
    def kept_columns(self) -> tuple[str, ...]:
        """The supplier's columns that are stored; everything else is never written."""
        names = [name for rule in self.columns.values() for name in rule.value_columns]
        names += self.limits.amount.columns if self.limits.amount is not None else ()
        return tuple(dict.fromkeys([*names, *self.required_columns, *self.keep]))

    def source_column(self, standard_column: str | None) -> str | None:
        """The supplier's column behind a standard one, as the supplier spells it."""
        rule = self.columns.get(standard_column or "")
        return self.spelling[rule.value_columns[0]] if rule and rule.alternatives else None


def fold(cell: str) -> str:
    """A header or value without what does not matter: case, surrounding and repeated white space."""
    return " ".join(cell.split()).casefold()


def parse_profile(name: str, text: str) -> Profile:
    """The profile in `text`. Raises `BadProfile` with the key that is wrong."""
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        raise BadProfile(profile=name, key="TOML", problem=str(fault), place=Place(file=name)) from None
    return _Reader(name, text, content).profile()


class _Reader:
    """Reads a profile's tables, naming the key of whatever is wrong."""

    def __init__(self, name: str, text: str, content: dict[str, Any]) -> None:
        self.name, self.text, self.content = name, text, content
        self.spelling: dict[str, str] = {}

    def profile(self) -> Profile:
        known = {"source", "file", "columns", "keep", "outside", "totals", "skip", "identity", "plausible"}
        self.only(self.content, "", known)
        source, file = self.table(self.content, "source"), self.table(self.content, "file")
        self.only(source, "source", {"title", "description", "strict", "draft"})
        self.only(file, "file", {"sheet", "encoding", "delimiter"})
        rules = self.table(self.content, "columns")
        self.only(rules, "columns", set(standard.COLUMNS))
        columns = {column: rule for column, value in rules.items() if (rule := self.rule(column, value)) is not None}
        from_vehicle = ("unit", "category") if "vehicle" in columns else ()
        for column in standard.REQUIRED[1:]:
            if column not in columns and column not in from_vehicle:
                self.wrong(f"columns.{column}", N_("is required"))
        identity = self.table(self.content, "identity")
        self.only(identity, "identity", {"pattern", "vehicle_pattern"})
        return Profile(
            name=self.name,
            title=self.string(source, "source", "title"),
            text=self.text,
            columns=columns,
            keep=tuple(self.column(column) for column in self.strings(self.content, "", "keep")),
            outside=tuple(
                Outside(self.match(where, rule), self.string(rule, where, "reason"))
                for where, rule in self.rules("outside")
            ),
            totals=tuple(
                Total(
                    self.match(where, rule),
                    tuple(self.column(column) for column in self.strings(rule, where, "sums")),
                    self.flag(rule, where, "required"),
                    self.flag(rule, where, "page"),
                )
                for where, rule in self.rules("totals")
            ),
            skip=tuple(self.match(where, rule) for where, rule in self.rules("skip")),
            id_pattern=self.pattern(identity, "identity", "pattern"),
            vehicle_pattern=self.pattern(identity, "identity", "vehicle_pattern"),
            sheet=self.optional_string(file, "file", "sheet"),
            encoding=self.optional_string(file, "file", "encoding"),
            delimiter=self.optional_string(file, "file", "delimiter"),
            spelling=self.spelling,
            refuses_unknown_columns=self.flag(source, "source", "strict"),
            limits=self.limits(),
            is_draft=self.flag(source, "source", "draft"),
        )

    def limits(self) -> Limits:
        plausible = self.table(self.content, "plausible")
        self.only(plausible, "plausible", {"distance_km", "fuel_quantity", "years", "amount"})
        limits = Limits()
        distances = dict(limits.distance_km)
        if isinstance(given := plausible.get("distance_km"), str):
            distances = dict.fromkeys(distances, self.limit("plausible.distance_km", given))
        elif given is not None:
            self.only(given, "plausible.distance_km", set(distances))
            distances |= {name: self.limit(f"plausible.distance_km.{name}", given[name]) for name in given}
        fuel, years = limits.fuel_quantity, limits.years
        if "fuel_quantity" in plausible:
            fuel = self.limit("plausible.fuel_quantity", plausible["fuel_quantity"])
        if "years" in plausible:
            most = self.limit("plausible.years", plausible["years"])
            years = None if most is None else int(most)
        amount = self.amount_rule(plausible["amount"]) if "amount" in plausible else None
        return Limits(distances, fuel, years, amount)

    def limit(self, where: str, value: Any) -> Decimal | None:
        """A number in quotes, or "none": no limit."""
        try:
            return None if value == "none" else abs(typed.decimal(value if isinstance(value, str) else ""))
        except typed.NotANumber:
            self.wrong(where, N_('must be a number in quotes, for example "1500", or "none"'))

    def amount_rule(self, value: Any) -> AmountRule:
        where = "plausible.amount"
        self.only(value, where, {"column", "rate", "rates", "tolerance_kr", "optional"})
        rates = tuple(
            rate for text in self.strings(value, where, "rates") if (rate := self.limit(f"{where}.rates", text))
        )
        if ("rate" in value) == bool(rates):
            self.wrong(where, N_("needs either rate, a column, or rates, a list"))
        tolerance = self.limit(f"{where}.tolerance_kr", value["tolerance_kr"]) if "tolerance_kr" in value else None
        return AmountRule(
            column=self.column(self.string(value, where, "column")),
            rate_column=self.column(self.string(value, where, "rate")) if "rate" in value else None,
            rates=rates,
            tolerance_kr=DEFAULT_TOLERANCE_KR if tolerance is None else tolerance,
            optional=self.flag(value, where, "optional"),
        )

    def rule(self, column: str, value: Any) -> ColumnRule | None:
        where = f"columns.{column}"
        if isinstance(value, str):
            if column == "co2_fossil_kg":
                self.wrong(f"{where}.basis", N_("is required for stated CO2"))
            return ColumnRule(((self.column(value),),))
        if not isinstance(value, dict):
            self.wrong(where, N_("must be a column name or a table"))
        allowed = {
            *("column", "columns", "first_of", "constant", "file_name", "preamble", "join", "skip_empty"),
            *("map", "default", "times", "units", "unit_column", "times_columns", "times_map", "minus"),
            *("sign_of", "dates", "day", "optional", "basis"),
        }
        self.only(value, where, allowed)
        self.require_sense(column, where, value)
        if column == "co2_fossil_kg" and "constant" not in value:
            # A figure on another basis (CO2e, life cycle, with radiative forcing) is not fossil CO2: never used as such.
            if self.string(value, where, "basis") != standard.STATED_BASIS:
                return None
        elif "basis" in value:
            self.wrong(f"{where}.basis", N_("only stated CO2 has a basis"))
        if "constant" in value:
            return ColumnRule(constant=self.string(value, where, "constant"))
        file_name, preamble = (self.pattern(value, where, key, re.IGNORECASE) for key in ("file_name", "preamble"))
        units = self.table(value, "units", where) if "units" in value else None
        return ColumnRule(
            alternatives=self.alternatives(value, where) if _NAMING & value.keys() else ((self.column(FILE_DATE),),),
            join=self.string(value, where, "join", "-"),
            skips_empty=self.flag(value, where, "skip_empty"),
            mapping=self.words(value, where, "map"),
            times=self.factor(f"{where}.times", value["times"]) if "times" in value else None,
            units=units and {fold(unit): self.factor(f"{where}.units.{unit}", units[unit]) for unit in units},
            unit_column=self.optional_column(value, where, "unit_column"),
            times_columns=tuple(self.column(name) for name in self.strings(value, where, "times_columns")),
            times_map=self.words(value, where, "times_map"),
            minus=self.optional_column(value, where, "minus"),
            date_formats=tuple(self.strings(value, where, "dates")),
            last_of_month=self.string(value, where, "day", "first") == "last",
            file_name=file_name,
            preamble=preamble,
            optional=self.flag(value, where, "optional") or bool(file_name or preamble),
            default=self.string(value, where, "default", ""),
            sign_of=self.optional_column(value, where, "sign_of"),
        )

    def require_sense(self, column: str, where: str, value: dict[str, Any]) -> None:
        """What belongs together stands together, and what does not apply to the column is not there."""
        naming = _NAMING & value.keys()
        in_file = {"file_name", "preamble"} & value.keys()
        if len(naming) > 1 or (naming and in_file):
            self.wrong(where, N_("says in more than one way where it comes from"))
        if not naming and not in_file and "constant" not in value:
            self.wrong(where, N_("names no column"))
        if in_file and column != "date":
            self.wrong(f"{where}.{min(in_file)}", N_("only a date can come from the file's name or its first rows"))
        if "day" in value and value["day"] not in ("first", "last"):
            self.wrong(f"{where}.day", N_("must be first or last"))
        for key in ("times", "units", "minus", "times_columns"):
            if key in value and column not in _NUMBERS and (key, column) != ("times_columns", "route"):
                self.wrong(f"{where}.{key}", N_("is for numbers only"))
        for key, other in (("unit_column", "units"), ("times_map", "times_columns")):
            if key in value and other not in value:
                self.wrong(f"{where}.{key}", translate(N_("needs {other} beside it"), other=other))

    def alternatives(self, value: dict[str, Any], where: str) -> tuple[tuple[str, ...], ...]:
        if "column" in value:
            return ((self.column(self.string(value, where, "column")),),)
        if "columns" in value:
            found: list[Any] = [self.strings(value, where, "columns")]
        else:
            found = value["first_of"]
            if not isinstance(found, list):
                self.wrong(f"{where}.first_of", N_("must be a list of columns, or of lists of columns to join"))
            found = [[each] if isinstance(each, str) else each for each in found]
        if not found or not all(isinstance(each, list) and each for each in found):
            self.wrong(where, N_("names no column"))
        if not all(isinstance(name, str) for each in found for name in each):
            self.wrong(f"{where}.first_of", N_("must be a list of columns, or of lists of columns to join"))
        return tuple(tuple(self.column(name) for name in each) for each in found)

    def words(self, value: dict[str, Any], where: str, key: str) -> dict[str, str] | None:
        if key not in value:
            return None
        table = self.table(value, key, where)
        return {fold(word): self.string(table, f"{where}.{key}", word) for word in table}

    def optional_column(self, value: dict[str, Any], where: str, key: str) -> str | None:
        return self.column(self.string(value, where, key)) if key in value else None

    def match(self, where: str, rule: Any) -> Match:
        allowed = {"column", "is", "starts_with", "is_not", "reason", "sums", "required", "page"}
        self.only(rule, where, allowed)
        if len({"is", "is_not"} & rule.keys()) > 1 or not {"is", "starts_with", "is_not"} & rule.keys():
            self.wrong(where, N_("needs is, is_not or starts_with"))
        key = "is_not" if "is_not" in rule else "is"
        return Match(
            column=self.column(self.string(rule, where, "column")),
            values=tuple(fold(value) for value in self.strings(rule, where, key)),
            starts_with=tuple(fold(value) for value in self.strings(rule, where, "starts_with")),
            negate="is_not" in rule,
        )

    def rules(self, key: str) -> list[tuple[str, dict[str, Any]]]:
        value = self.content.get(key, [])
        if not isinstance(value, list):
            self.wrong(key, N_("must be a list of tables"))
        return [(f"{key}.{index}", rule) for index, rule in enumerate(value)]

    def flag(self, content: dict[str, Any], where: str, key: str) -> bool:
        value = content.get(key, False)
        if not isinstance(value, bool):
            self.wrong(f"{where}.{key}", N_("must be true or false"))
        return bool(value)

    def column(self, name: str) -> str:
        self.spelling.setdefault(fold(name), name)
        return fold(name)

    def table(self, content: dict[str, Any], key: str, where: str = "") -> dict[str, Any]:
        value = content.get(key, {})
        if not isinstance(value, dict):
            self.wrong(f"{where}.{key}".lstrip("."), N_("must be a table"))
        return dict(value)

    def string(self, content: dict[str, Any], where: str, key: str, default: str | None = None) -> str:
        value = content.get(key, default)
        if not isinstance(value, str):
            self.wrong(f"{where}.{key}", N_("must be text"))
        return str(value)

    def optional_string(self, content: dict[str, Any], where: str, key: str) -> str | None:
        return self.string(content, where, key) if key in content else None

    def strings(self, content: dict[str, Any], where: str, key: str) -> list[str]:
        value = content.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self.wrong(f"{where}.{key}".lstrip("."), N_("must be a list of texts"))
        return list(value)

    def factor(self, where: str, value: Any) -> Decimal:
        try:
            return typed.decimal(value if isinstance(value, str) else "")
        except typed.NotANumber:
            self.wrong(where, N_('must be a number in quotes, for example "10"'))

    def pattern(self, table: dict[str, Any], where: str, key: str, flags: int = 0) -> re.Pattern[str] | None:
        try:
            return re.compile(table[key], flags) if key in table else None
        except (re.error, TypeError):
            self.wrong(f"{where}.{key}", N_("must be a regular expression"))

    def only(self, table: Any, where: str, allowed: set[str]) -> None:
        if not isinstance(table, dict):
            self.wrong(where, N_("must be a table"))
        for key in table:
            if key not in allowed:
                self.wrong(f"{where}.{key}".lstrip("."), N_("is not known"))

    def wrong(self, key: str, problem: str) -> NoReturn:
        raise BadProfile(profile=self.name, key=key, problem=translate(problem), place=Place(file=self.name))
