"""Reads a factor set from TOML: strict about every key, date and number, since money follows from them."""

import datetime
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from importlib import resources

from klimatvaxling import typed
from klimatvaxling.emissions import factor_errors as errors
from klimatvaxling.emissions.factor import (
    CONFIDENCE,
    DISTANCE_UNIT,
    FOSSIL_CO2,
    FUEL_UNITS,
    FUELS,
    GREAT_CIRCLE,
    HAULS,
    MEASURES,
    TRAFFIC,
    Factor,
    FactorSet,
)
from klimatvaxling.errors import Place

SHIPPED = ("sverige-2026-1.toml",)
_DATED = ("valid_from", "valid_to")
_SET_KEYS = (
    *("name", "title", "version", "source", "basis", "published_on", *_DATED),
    *("licence", "notes", "flight", "factor"),
)
_FLIGHT_KEYS = (
    *("distance_method", "distance_uplift_percent"),
    *("short_haul_max_km", "domestic_max_km_without_route"),
)
_FACTOR_KEYS = (
    *("key", "measure", "traffic", "fuel", "haul", "unit", "g_per_unit", *_DATED, "months"),
    *("source", "source_year", "confidence"),
)
# With at most ten digits, a product with any quantity of a trip is exact in 60 digits (see `exact.EXACT`).
_MOST_DIGITS = 10


@dataclass(frozen=True)
class _Float:
    """A TOML float as it was written, kept only to be refused."""

    text: str


def read_factor_set(content: bytes | str, *, file: str | None = None) -> FactorSet:
    """The set in a TOML file; `file` is its name in errors. Raises the errors of `factor_errors`."""
    place = Place(file=file)
    try:
        text = content.decode("utf-8-sig") if isinstance(content, bytes) else content.removeprefix("\ufeff")
        document = tomllib.loads(text, parse_float=_Float)
    # Both kinds of decoding error are ValueErrors, and so is an integer of thousands of digits.
    except (ValueError, RecursionError) as fault:
        raise errors.FactorFileUnreadable(place=place, reason=str(fault).rstrip(".")) from None
    return _factor_set(_Table(document, "", place), text)


def shipped_sets() -> tuple[FactorSet, ...]:
    """The factor sets that come with the program, in the order they are registered."""
    folder = resources.files("klimatvaxling.emissions") / "data"
    return tuple(read_factor_set((folder / name).read_bytes(), file=name) for name in SHIPPED)


def _factor_set(table: "_Table", text: str) -> FactorSet:
    # The basis first: someone with a CO2e set should hear of that, not of a comma.
    basis = table.text("basis")
    if basis != FOSSIL_CO2:
        raise errors.FactorBasisRefused(place=table.place, value=basis)
    table.only(_SET_KEYS)
    flight = table.table("flight")
    flight.only(_FLIGHT_KEYS)
    factor_set = FactorSet(
        name=table.text("name"),
        title=table.text("title"),
        version=table.text("version"),
        source=table.text("source"),
        basis=basis,
        published_on=table.date("published_on"),
        valid_from=table.date("valid_from"),
        valid_to=table.date_if_given("valid_to"),
        licence=table.text("licence", default=""),
        notes=table.text("notes", default=""),
        distance_method=flight.one_of("distance_method", (GREAT_CIRCLE,), default=GREAT_CIRCLE),
        distance_uplift_percent=flight.number("distance_uplift_percent", default="0"),
        short_haul_max_km=flight.whole("short_haul_max_km", default=3700),
        domestic_max_km_without_route=flight.whole("domestic_max_km_without_route", default=500),
        factors=tuple(_factor(row) for row in table.tables("factor")),
        text=text,
    )
    _refuse_impossible_dates(factor_set, table)
    _refuse_repeated_keys(factor_set.factors, table)
    _refuse_overlaps(factor_set.factors, table.place)
    return factor_set


def _factor(row: "_Table") -> Factor:
    row.only(_FACTOR_KEYS)
    measure = row.one_of("measure", MEASURES)
    traffic = row.one_of("traffic", TRAFFIC if measure == "distance" else ("car",))
    # A car has a fuel and a flight a haul; the other key would say something that is never used.
    row.only([key for key in _FACTOR_KEYS if key != ("haul" if traffic == "car" else "fuel")])
    fuel = row.one_of("fuel", FUELS) if traffic == "car" else None
    if measure == "fuel" and fuel not in FUEL_UNITS:
        raise errors.FactorOfUnknownFuel(place=row.place, where=row.path("fuel"), value=fuel)
    unit, expected = row.text("unit"), FUEL_UNITS[fuel] if measure == "fuel" and fuel else DISTANCE_UNIT
    if unit != expected:
        raise errors.FactorUnitWrong(place=row.place, where=row.path("unit"), value=unit, expected=expected)
    return Factor(
        key=row.text("key"),
        measure=measure,
        traffic=traffic,
        fuel=fuel,
        haul=row.one_of("haul", HAULS) if traffic == "flight" else None,
        unit=unit,
        g_per_unit=row.number("g_per_unit"),
        valid_from=row.date("valid_from"),
        valid_to=row.date_if_given("valid_to"),
        months=row.months("months"),
        source=row.text("source"),
        source_year=row.whole("source_year") if row.has("source_year") else None,
        confidence=row.one_of("confidence", CONFIDENCE),
    )


def _refuse_impossible_dates(factor_set: FactorSet, table: "_Table") -> None:
    """Every validity begins before it ends, and inside the set's own."""
    set_to = factor_set.valid_to or datetime.date.max
    spans = [("valid_from", factor_set.valid_from, factor_set.valid_to)]
    spans += [(f"factor[{n}]", f.valid_from, f.valid_to) for n, f in enumerate(factor_set.factors, 1)]
    for where, first, last in spans:
        # An open factor ends with its set.
        if not factor_set.valid_from <= first <= (last or set_to) <= set_to:
            raise errors.FactorDates(place=table.place, where=where, first=first, last=last or "")


def _refuse_repeated_keys(factors: tuple[Factor, ...], table: "_Table") -> None:
    seen: set[str] = set()
    for number, factor in enumerate(factors, 1):
        if factor.key in seen:
            raise errors.FactorKeyTwice(place=table.place, where=f"factor[{number}].key", value=factor.key)
        seen.add(factor.key)


def _refuse_overlaps(factors: tuple[Factor, ...], place: Place) -> None:
    """One subject has at most one factor on any day."""
    by_subject: dict[tuple[str, str, str], list[Factor]] = {}
    for factor in factors:
        by_subject.setdefault(factor.subject, []).append(factor)
    for rivals in by_subject.values():
        for index, first in enumerate(rivals):
            for second in rivals[index + 1 :]:
                if day := _day_of_both(first, second):
                    raise errors.FactorsOverlap(place=place, first=first.key, second=second.key, day=day)


def _day_of_both(first: Factor, second: Factor) -> datetime.date | None:
    """The first day on which both factors are in force."""
    begins = max(first.valid_from, second.valid_from)
    ends = min(factor.valid_to or datetime.date.max for factor in (first, second))
    # A season comes back every year, so thirteen months from the start show every month there is.
    for _ in range(13):
        if begins > ends:
            return None
        if first.covers(begins) and second.covers(begins):
            return begins
        if (begins.year, begins.month) == (datetime.MAXYEAR, 12):
            return None
        begins = typed.Month.of(begins).next().first_day
    return None


class _Table:
    """One TOML table with its path, giving each field as what it must be, or the precise error."""

    def __init__(self, values: Mapping[str, object], path: str, place: Place) -> None:
        self.values, self.prefix, self.place = values, path, place

    def path(self, key: str) -> str:
        return f"{self.prefix}.{key}" if self.prefix else key

    def has(self, key: str) -> bool:
        return key in self.values

    def only(self, known: "list[str] | tuple[str, ...]") -> None:
        for key in self.values:
            if key not in known:
                raise errors.FactorKeyUnknown(place=self.place, where=self.path(key), known=", ".join(known))

    def required(self, key: str) -> object:
        if key not in self.values:
            raise errors.FactorFieldMissing(place=self.place, where=self.path(key))
        return self.values[key]

    def text(self, key: str, *, default: str | None = None) -> str:
        if default is not None and key not in self.values:
            return default
        value = self.required(key)
        if not isinstance(value, str):
            raise self._kind(key, f'{key} = "…"')
        if not value.strip() and default is None:
            raise errors.FactorFieldMissing(place=self.place, where=self.path(key))
        return value.strip()

    def one_of(self, key: str, known: tuple[str, ...], *, default: str | None = None) -> str:
        value = self.text(key, default=default)
        if value not in known:
            raise errors.FactorValueUnknown(place=self.place, where=self.path(key), value=value, known=", ".join(known))
        return value

    def number(self, key: str, *, default: str | None = None) -> Decimal:
        """An exact decimal that is not negative, from text or a whole TOML number; a float is refused."""
        value = default if default is not None and key not in self.values else self.required(key)
        written = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
        shown = value.text if isinstance(value, _Float) else value
        refused = errors.FactorNumber(place=self.place, where=self.path(key), value=shown)
        if not isinstance(written, str):
            raise refused
        try:
            number = typed.decimal(written)
        except typed.NotANumber:
            raise refused from None
        if number < 0 or len(typed.canonical(number).replace(".", "")) > _MOST_DIGITS:
            raise refused
        return number

    def whole(self, key: str, *, default: int | None = None) -> int:
        number = self.number(key, default=None if default is None else str(default))
        if number != int(number):
            raise self._kind(key, f"{key} = 2025")
        return int(number)

    def date(self, key: str) -> datetime.date:
        value = self.required(key)
        if isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
            return value
        try:
            return typed.date(value if isinstance(value, str) else "")
        except typed.NotADate:
            raise self._kind(key, f"{key} = 2025-01-01") from None

    def date_if_given(self, key: str) -> datetime.date | None:
        return self.date(key) if key in self.values else None

    def months(self, key: str) -> tuple[int, ...]:
        value = self.values.get(key, [])
        if not isinstance(value, list) or not all(type(month) is int and 1 <= month <= 12 for month in value):
            raise self._kind(key, f"{key} = [11, 12, 1, 2, 3]")
        if len(set(value)) != len(value):
            raise self._kind(key, f"{key} = [11, 12, 1, 2, 3]")
        return tuple(value)

    def table(self, key: str) -> "_Table":
        value = self.values.get(key, {})
        if not isinstance(value, dict):
            raise self._kind(key, f"[{key}]")
        return _Table(value, self.path(key), self.place)

    def tables(self, key: str) -> "list[_Table]":
        value = self.required(key)
        if not isinstance(value, list) or not value or not all(isinstance(row, dict) for row in value):
            raise self._kind(key, f"[[{key}]]")
        return [_Table(row, f"{key}[{number}]", self.place) for number, row in enumerate(value, 1)]

    def _kind(self, key: str, example: str) -> errors.FactorFieldKind:
        return errors.FactorFieldKind(place=self.place, where=self.path(key), example=example)
