"""What becomes of one cell of a supplier's file on its way to a standard column.

What cannot be converted stays unreadable, with what was wrong beside it, to be complained about where it is judged.
"""

import datetime
import re
from collections.abc import Collection, Iterable, Sequence
from decimal import Decimal, localcontext
from functools import cache, lru_cache

from klimatvaxling import typed
from klimatvaxling.exact import EXACT, product
from klimatvaxling.travel.profile import ColumnRule, fold

_MINUS = "-\u2212\u2013"
_WITH_UNIT = re.compile(rf"(?P<before>[^{_MINUS}\d,.]*)(?P<number>[{_MINUS}]?[\d\s.,]*\d)(?P<after>\D*)")
CURRENCIES = frozenset(
    (":-", "kr", "kronor", "sek", "eur", "€", "nok", "dkk", "usd", "$", "gbp", "£", "chf", "isk", "pln")
)
SEPARATOR = "\x1f"
# Nothing that was matched is tried again: no text can make these slow.
_NUMBER = r"(?:[0-9]{1,3}+(?:[ \u00a0\u202f][0-9]{3}){1,9}+|[0-9]{1,30}+)(?:[.,][0-9]{1,20}+)?+"
_PLAIN_NUMBERS = re.compile(rf"(?:{SEPARATOR}(?:-?{_NUMBER})?+)*+")
_BARE = str.maketrans({",": ".", " ": None, "\u00a0": None, "\u202f": None})
_NOT_ZERO = re.compile("[1-9]")
_AMOUNT = rf"{_NUMBER}(?: ?(?:SEK|kr))?+"
PLAIN_CHARGE = re.compile(rf"(?:SEK |kr )?+{_AMOUNT}")
_PLAIN_CREDIT = re.compile(rf"(?:SEK |kr )?+-{_AMOUNT}")
MOST_TIMES = 999
# What in a form of dates is no day.
_TIME = re.compile("%[^YmdbB%]")
MOST_CHARACTERS = 100
COUNTED = ("distance_km", "route")
_MONTHS = (
    *("januari", "februari", "mars", "april", "maj", "juni"),
    *("juli", "augusti", "september", "oktober", "november", "december"),
)
_MONTH_NUMBERS = {name: number for number, name in enumerate(_MONTHS, start=1)}
_MONTH_NUMBERS |= {name[:3]: number for name, number in _MONTH_NUMBERS.items()}
_CLOCK = re.compile(r" (?:[01]?[0-9]|2[0-3]):[0-5]?[0-9](:[0-5]?[0-9])?$")
PLAIN_CLOCK, CLOCK_CHARACTERS = re.compile(" (?:[01][0-9]|2[0-3]):[0-5][0-9]"), len(" 12:34")
_WORD = re.compile(r"[^\W\d_]+\.?")


def convert(rule: ColumnRule, cell: str) -> str:
    """One cell as its rule makes it."""
    value = cell.strip() or rule.default
    if rule.mapping is not None:
        value = rule.mapping.get(fold(value), value)
    if rule.units is not None and value:
        return _in_our_unit(rule, value)
    if rule.times is not None and value:
        try:
            value = typed.canonical(product(typed.decimal(value), rule.times))
        except typed.NotANumber:
            return cell
    for form in rule.date_formats:
        if found := _day(value, form, last_of_month=rule.last_of_month):
            return found
    return value


def _in_our_unit(rule: ColumnRule, value: str) -> str:
    """A number with its unit beside it, times what the profile says of that unit."""
    number, unit = parted(value)
    factor = (rule.units or {}).get(unit, rule.times if not unit else None)
    try:
        if factor is not None:
            return typed.canonical(product(typed.decimal(number), factor))
    except typed.NotANumber:
        pass
    return value if unit else f"{value} (?)"


def parted(value: str) -> tuple[str, str]:
    """A number and the text before or behind it, folded and without its full stop: `12,4 km` → `12,4`, `km`."""
    found = _WITH_UNIT.fullmatch(value.strip()) if len(value) < MOST_CHARACTERS else None
    before, after = (fold(found["before"]), fold(found["after"])) if found else ("", "")
    if not found or (before and after):
        return value, ""
    return found["number"].strip(), (before or after).removesuffix(".")


def number_or_none(cell: str, units: Collection[str] = CURRENCIES) -> Decimal | None:
    """The number in a cell, one of `units` beside it or not; empty is zero. None where it is no number."""
    try:
        return typed.decimal(cell) if cell.strip() else Decimal(0)
    except typed.NotANumber:
        number, unit = parted(cell)
    try:
        return typed.decimal(number) if unit in units else None
    except typed.NotANumber:
        return None


def sum_or_none(cells: Sequence[str], units: frozenset[str]) -> Decimal | None:
    """The sum of a column's numbers, each with one of `units` beside it or not. None where one is no number."""
    # Nearly always all of them are plain, with the same unit on the same side: then they are read at once.
    text = SEPARATOR.join(["", *cells, ""])
    if text.upper() != text.lower() or not text.isascii():
        text = _without_unit(text, units)
    if _PLAIN_NUMBERS.fullmatch(text):
        bare = text.translate(_BARE).split(SEPARATOR)
        return _exact_sum(map(Decimal, filter(None, bare)))
    numbers = [number_or_none(cell, units) for cell in cells]
    return None if None in numbers else _exact_sum(filter(None, numbers))


def _exact_sum(numbers: Iterable[Decimal]) -> Decimal:
    """The sum without rounding."""
    with localcontext(EXACT):
        return sum(numbers, Decimal(0))


def _without_unit(text: str, units: frozenset[str]) -> str:
    """Joined cells without a unit that all numbers have, or some; what is spelled otherwise stays."""
    for unit in _spellings(units):
        if f" {unit}{SEPARATOR}" in text and f"{SEPARATOR} {unit}{SEPARATOR}" not in text:
            return text.replace(f" {unit}{SEPARATOR}", SEPARATOR)
        if f"{SEPARATOR}{unit} " in text and f"{SEPARATOR}{unit} {SEPARATOR}" not in text:
            return text.replace(f"{SEPARATOR}{unit} ", SEPARATOR)
    return text


@cache
def _spellings(units: frozenset[str]) -> tuple[str, ...]:
    """How units are usually written."""
    return tuple(sorted({spelling for unit in units for spelling in (unit, unit.upper())} - {""}))


def sign_of(cell: str) -> int:
    """The sign an amount has: 1, also for zero and nothing; -1; 0 where it is no amount."""
    if PLAIN_CHARGE.fullmatch(cell):
        return 1
    if _PLAIN_CREDIT.fullmatch(cell) and _NOT_ZERO.search(cell):
        return -1
    bare = cell.strip()
    # Some business systems write the minus behind the amount.
    is_behind = bare.endswith("-") and not bare.endswith(":-")
    number = number_or_none(f"-{bare[:-1]}" if is_behind else bare)
    return 0 if number is None else -1 if number < 0 else 1


def signed(value: str, sign: str) -> str:
    """The value as a credit where the sign's cell is negative; unreadable where that cell is, so that the row is refused."""
    found = sign_of(sign) if value else 1
    return value if found > 0 else credited(value) if found < 0 else f"{value} ({sign.strip()})"


def credited(value: str) -> str:
    """A value with a minus before it, once: a credit however many cells say so."""
    return f"-{value}" if value and not value.startswith(tuple(_MINUS)) else value


def difference(end: str, start: str) -> str:
    """Exactly what lies between two readings of a meter. One that ran backwards is unreadable, never a credit."""
    if (
        end.isdecimal()
        and start.isdecimal()
        and end.isascii()
        and start.isascii()
        and len(end + start) < MOST_CHARACTERS
    ):
        kilometres = int(end) - int(start)
        return str(kilometres) if kilometres >= 0 else f"{end} \u2212 {start}"
    if not end and not start:
        return ""
    try:
        found = EXACT.subtract(typed.decimal(end), typed.decimal(start))
    except typed.NotANumber:
        found = None
    return f"{end or '?'} \u2212 {start or '?'}" if found is None or found < 0 else typed.canonical(found)


def has_only_days(rule: ColumnRule) -> bool:
    """Whether a cell becomes the day it says and nothing else, and its time of day, where it has one, stands last."""
    has_moments = any(_day_form(form)[0] != form for form in rule.date_formats)
    is_time_last = not any(_TIME.search(_day_form(form)[0]) for form in rule.date_formats)
    others = (rule.mapping, rule.units, rule.times, rule.unit_column)
    return has_moments and is_time_last and not rule.default and others == (None, None, None, None)


def times_of(rule: ColumnRule, counts: Sequence[str]) -> int | None:
    """How many times a row counts, by its cells that say so; negative for a credit. None where one cannot be read."""
    times = 1
    for cell in counts:
        word = cell.strip()
        number = number_or_none((rule.times_map or {}).get(fold(word), word), ())
        if not word or number is None or number != int(number):
            return None
        times *= int(number)
    return times if 0 < abs(times) <= MOST_TIMES else None


def multiplied(column: str, value: str, times: int | None, counts: Sequence[str]) -> str:
    """The value of a row that counts several times, exactly; unreadable where nobody knows how many.

    A single flight's distance decides how it is judged: there the number stays beside it, as in `3*GOT-ARN`.
    """
    if times is None:
        return " \u00d7 ".join([value, *(cell.strip() or "?" for cell in counts)])
    value = credited(value) if times < 0 else value
    if abs(times) == 1:
        return value
    if column in COUNTED:
        sign, body = ("-", value[1:].strip()) if value.startswith(tuple(_MINUS)) else ("", value)
        return f"{sign}{abs(times)}*{body}"
    try:
        return typed.canonical(product(typed.decimal(value), Decimal(abs(times))))
    except typed.NotANumber:
        return f"{value} \u00d7 {abs(times)}"


def _day(value: str, form: str, *, last_of_month: bool) -> str:
    """The day in ISO form; empty where the value is not written as `form` says."""
    day_form, seconds = _day_form(form)
    if day_form != form and (clock := _CLOCK.search(value)) and seconds == bool(clock[1]):
        # A day is worked out once, not for every minute of it.
        value, form = value[: clock.start()], day_form
    return _known_day(value, form, last_of_month)


@cache
def _day_form(form: str) -> tuple[str, bool]:
    """A form without its time of day, and whether that has seconds."""
    return form.removesuffix(":%S").removesuffix(" %H:%M"), ":%S" in form


@lru_cache(maxsize=1 << 14)
def _known_day(value: str, form: str, last_of_month: bool) -> str:  # noqa: FBT001 - no keywords: they would be slower
    found = _date(value, form)
    if found is None:
        return ""
    return (_month_end(found) if last_of_month and "%d" not in form else found).isoformat()


def _date(value: str, form: str) -> datetime.date | None:
    if form == "%Y%m%d" and len(value) != len("YYYYMMDD"):
        return None
    if form == "%Y%m" and len(value) != len("YYYYMM"):
        return None
    if "%B" in form or "%b" in form:
        value, form = _WORD.sub(_month_number, value), form.replace("%B", "%m").replace("%b", "%m")
    try:
        return datetime.datetime.strptime(value, form).date()  # noqa: DTZ007 - a calendar date
    except ValueError:
        return None


def _month_number(word: "re.Match[str]") -> str:
    """A Swedish month's name or its first three letters as its number; any other word stays."""
    number = _MONTH_NUMBERS.get(word[0].casefold().removesuffix("."))
    return word[0] if number is None else f"{number:02d}"


def _month_end(day: datetime.date) -> datetime.date:
    return typed.Month.of(day).last_day
