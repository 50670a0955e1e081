"""Reads a coding plan from TOML: strict about every key, since money follows from them (docs/coding.md)."""

import datetime
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence

from klimatvaxling import typed
from klimatvaxling.coding import plan_errors as errors
from klimatvaxling.coding.plan import (
    PARTS,
    PLACEHOLDERS,
    SIDES,
    Account,
    CodingPlan,
    Dimension,
    Invoicing,
    Side,
    UnitCoding,
    is_mixed,
    placeholders,
    stands_between_two,
)
from klimatvaxling.errors import Place

_KEYS = (
    *("version", "title", "valid_from", "decision"),
    *("account", "dimension", "template", "names", "unit", "invoicing"),
)
# SIE 4B: dimension 1 is the cost centre and 6 the project; from 20 they are the program's own.
_DIMENSIONS = {
    "responsibility": (1, "Ansvar"),
    "project": (6, "Projekt"),
    "counterpart": (20, "Motpart"),
    "activity": (21, "Verksamhet"),
    "object": (22, "Objekt"),
}
_MOST_NUMBER = 999_999


def read_plan(content: bytes | str, *, file: str | None = None) -> CodingPlan:
    """The plan in a TOML file; `file` is its name in errors. Raises the errors of `plan_errors`."""
    place = Place(file=file)
    try:
        text = content.decode("utf-8-sig") if isinstance(content, bytes) else content.removeprefix("\ufeff")
        document = tomllib.loads(text)
    # Both kinds of decoding error are ValueErrors, and so is an integer of thousands of digits.
    except (ValueError, RecursionError) as fault:
        raise errors.CodingFileUnreadable(place=place, reason=str(fault).rstrip(".")) from None
    table = _Table(document, "", place)
    table.only(_KEYS)
    accounts = _accounts(table)
    return CodingPlan(
        version=table.text("version"),
        title=table.text("title"),
        valid_from=table.date("valid_from"),
        decision=table.text("decision", default=""),
        accounts=accounts,
        dimensions=_dimensions(table.table("dimension")),
        templates=_templates(table.table("template"), accounts),
        names=_names(table.table("names")),
        units=_units(table.table("unit")),
        invoicing=_invoicing(table.table("invoicing")),
        text=text,
    )


def _accounts(table: "_Table") -> dict[str, Account]:
    found: dict[str, Account] = {}
    for row in table.tables("account"):
        row.only(("number", "title", "internal"))
        number = row.text("number")
        if not re.fullmatch(r"[0-9]{1,12}", number):
            raise row.kind("number", '"7680"')
        if number in found:
            raise errors.CodingTwice(place=table.place, where=row.path("number"), value=number)
        found[number] = Account(number, row.text("title"), row.flag("internal"))
    return found


def _dimensions(table: "_Table") -> dict[str, Dimension]:
    table.only(PARTS)
    found = {}
    for part, (number, title) in _DIMENSIONS.items():
        own = table.table(part)
        own.only(("number", "title"))
        found[part] = Dimension(part, own.whole("number", default=number), own.text("title", default=title))
    numbers = [dimension.number for dimension in found.values()]
    for number in numbers:
        if numbers.count(number) > 1:
            raise errors.CodingTwice(place=table.place, where=table.prefix, value=number)
    return found


def _templates(table: "_Table", accounts: Mapping[str, Account]) -> dict[str, dict[str, Side]]:
    table.only(tuple(SIDES))
    found = {}
    for name in table.values:
        own = table.table(name)
        own.only(SIDES[name])
        sides = {side: _side(own.table(side), accounts) for side in own.values}
        if is_mixed(sides.values(), accounts):
            raise errors.CodingMixed(place=table.place, template=name)
        if not stands_between_two(name, sides.values(), accounts):
            raise errors.CodingNotMirrored(place=table.place, template=name)
        found[name] = sides
    return found


def _side(table: "_Table", accounts: Mapping[str, Account]) -> Side:
    table.only(("account", *PARTS, "owner"))
    account = table.text("account")
    if account not in accounts:
        raise errors.CodingAccountUnknown(place=table.place, where=table.prefix, account=account)
    parts = {part: table.pattern(part) for part in (*PARTS, "owner")}
    for part in ("counterpart", "owner"):
        if parts[part] and not placeholders(parts[part]) and not re.fullmatch(r"[0-9]{3}", parts[part]):
            raise table.kind(part, '"190"')
    return Side(account, **parts)


def _names(table: "_Table") -> dict[str, dict[str, str]]:
    table.only(PARTS)
    return {part: {code: table.table(part).text(code) for code in table.table(part).values} for part in table.values}


def _units(table: "_Table") -> dict[str, UnitCoding]:
    found = {}
    for code in table.values:
        own = table.table(code)
        own.only(tuple(UnitCoding.__dataclass_fields__))
        values = {key: own.text(key, default="") for key in UnitCoding.__dataclass_fields__ if key != "coding"}
        found[code.casefold()] = UnitCoding(**values, coding=own.pattern("coding"))
    return found


def _invoicing(table: "_Table") -> Invoicing:
    table.only(("vat_code", "coding"))
    return Invoicing(table.text("vat_code", default=""), table.pattern("coding"))


class _Table:
    """One TOML table with its path, giving each field as what it must be, or the precise error."""

    def __init__(self, values: Mapping[str, object], prefix: str, place: Place) -> None:
        self.values, self.prefix, self.place = values, prefix, place

    def path(self, key: str) -> str:
        return f"{self.prefix}.{key}" if self.prefix else key

    def kind(self, key: str, example: str) -> errors.CodingFieldKind:
        return errors.CodingFieldKind(place=self.place, where=self.path(key), example=f"{key} = {example}")

    def only(self, known: Sequence[str]) -> None:
        for key in self.values:
            if key not in known:
                raise errors.CodingKeyUnknown(place=self.place, where=self.path(key), known=", ".join(known))

    def _required(self, key: str) -> object:
        if key not in self.values:
            raise errors.CodingFieldMissing(place=self.place, where=self.path(key))
        return self.values[key]

    def _of_kind(self, key: str, example: str, fits: Callable[[object], bool]) -> object:
        value = self._required(key)
        if not fits(value):
            raise self.kind(key, example)
        return value

    def text(self, key: str, *, default: str | None = None) -> str:
        if default is not None and key not in self.values:
            return default
        value = str(self._of_kind(key, '"…"', lambda value: isinstance(value, str))).strip()
        if not value and default is None:
            raise errors.CodingFieldMissing(place=self.place, where=self.path(key))
        return value

    def pattern(self, key: str) -> str:
        """Text that may hold placeholders; empty where it is not given."""
        value = self.text(key, default="")
        for name in placeholders(value):
            if name not in PLACEHOLDERS:
                known = ", ".join(f"{{{known}}}" for known in PLACEHOLDERS)
                raise errors.CodingPlaceholder(place=self.place, where=self.path(key), value=name, known=known)
        if re.search(r"[{}]", re.sub(r"\{[^{}]*\}", "", value)):
            raise self.kind(key, '"{cost_centre}"')
        return value

    def flag(self, key: str) -> bool:
        return bool(self._of_kind(key, "true", lambda value: isinstance(value, bool)))

    def whole(self, key: str, *, default: int) -> int:
        if key not in self.values:
            return default
        value = self._of_kind(key, "20", lambda value: type(value) is int and 1 <= value <= _MOST_NUMBER)
        return int(str(value))

    def date(self, key: str) -> datetime.date:
        value = self._required(key)
        if isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
            value = value.isoformat()
        try:
            return typed.date(value if isinstance(value, str) else "")
        except typed.NotADate:
            raise self.kind(key, "2025-01-01") from None

    def table(self, key: str) -> "_Table":
        value = self.values.get(key, {})
        if not isinstance(value, dict):
            raise errors.CodingFieldKind(place=self.place, where=self.path(key), example=f"[{self.path(key)}]")
        return _Table(value, self.path(key), self.place)

    def tables(self, key: str) -> "list[_Table]":
        value = self._required(key)
        if not isinstance(value, list) or not value or not all(isinstance(row, dict) for row in value):
            raise errors.CodingFieldKind(place=self.place, where=self.path(key), example=f"[[{key}]]")
        return [_Table(row, f"{key}[{number}]", self.place) for number, row in enumerate(value, 1)]
