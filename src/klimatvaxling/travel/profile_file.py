"""A profile's file: TOML in, a profile out, or the key of whatever is wrong with it (docs/sources.md)."""

import re
import tomllib
from decimal import Decimal
from typing import Any, NoReturn

from klimatvaxling import typed
from klimatvaxling.errors import InputRefused, Place
from klimatvaxling.language import N_, translate
from klimatvaxling.travel import standard
from klimatvaxling.travel.plausible import (
    DEFAULT_KM_PER_HOUR,
    DEFAULT_TOLERANCE_KR,
    AmountRule,
    Limits,
    SpeedRule,
)
from klimatvaxling.travel.profile import FILE_DATE, ColumnRule, Match, Outside, Profile, Total, fold

_NAMING = {"column", "columns", "first_of"}
_NUMBERS = ("distance_km", "fuel_quantity", "co2_fossil_kg")


class BadProfile(InputRefused):
    """A profile that does not follow the rules."""

    code = "KV-PROFILE"
    message = N_("The profile {profile} cannot be used: {key}: {problem}.")
    remedy = N_("Correct profile.toml. How profiles are written is described in docs/sources.md.")


def parse_profile(name: str, text: str) -> Profile:
    """The profile in `text`. Raises `BadProfile` with the key that is wrong."""
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        raise BadProfile(profile=name, key="TOML", problem=str(fault), place=Place(file=name)) from None
    except RecursionError:
        problem = translate(N_("is nested too deeply"))
        raise BadProfile(profile=name, key="TOML", problem=problem, place=Place(file=name)) from None
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
        self.only(plausible, "plausible", {"distance_km", "fuel_quantity", "years", "amount", "speed", "tank_percent"})
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
        speed = self.speed_rule(plausible["speed"]) if "speed" in plausible else None
        tank = limits.tank_percent
        if "tank_percent" in plausible:
            tank = self.limit("plausible.tank_percent", plausible["tank_percent"])
        return Limits(distances, fuel, years, amount, speed, tank)

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

    def speed_rule(self, value: Any) -> SpeedRule:
        where = "plausible.speed"
        self.only(value, where, {"start", "end", "dates", "most_km_per_hour", "optional"})
        most = self.limit(f"{where}.most_km_per_hour", value.get("most_km_per_hour", str(DEFAULT_KM_PER_HOUR)))
        if not most:
            self.wrong(f"{where}.most_km_per_hour", N_('must be a number in quotes, for example "150"'))
        return SpeedRule(
            start_column=self.column(self.string(value, where, "start")),
            end_column=self.column(self.string(value, where, "end")),
            forms=tuple(self.strings(value, where, "dates")),
            most_km_per_hour=most,
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
            last_of_month=value.get("day") == "last",
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
