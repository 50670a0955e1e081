"""What people read: the one formatter for amounts, weights, dates and shares, in the language in use."""

from decimal import Decimal
from functools import lru_cache

from babel.numbers import format_decimal

from klimatvaxling import language
from klimatvaxling.exact import whole, whole_quotient

_LOCALES = {"sv": "sv_SE", "en": "en_GB"}


def kronor(amount_ore: int) -> str:
    """Öre as kronor with two decimals: `1 234,50`."""
    return _decimal(Decimal(amount_ore).scaleb(-2), "#,##0.00")


def kg(co2_g: int) -> str:
    """Grams as kilograms with one decimal, rounded half up: `1 234,6`."""
    return _decimal(Decimal(whole(Decimal(co2_g) / 100)).scaleb(-1), "#,##0.0")


def number(value: int) -> str:
    """A whole number with thousands parted: `1 234`."""
    return _decimal(Decimal(value), "#,##0")


def tenths(value: int) -> str:
    """A tenth's number, with its decimal where it has one: `1 234,5`, `1 234`."""
    return _decimal(Decimal(value).scaleb(-1), "#,##0.#")


def percent(part: int, whole_of: int) -> str:
    """A share in percent with one decimal: `12,5 %`; empty where there is nothing to compare with."""
    return f"{_decimal(_permille(part, whole_of), '#,##0.0')} %" if whole_of else ""


def percent_change(value: int, before: int) -> str:
    """The change from `before` in percent with one decimal and its sign: `+12,5 %`; empty where it was nothing."""
    if not before:
        return ""
    change = _permille(value - before, abs(before))
    return f"{_decimal(change, '+#,##0.0;-#,##0.0') if change else _decimal(change, '0.0')} %"


def _permille(part: int, whole_of: int) -> Decimal:
    return Decimal(whole_quotient(part * 1000, whole_of)).scaleb(-1)


def _decimal(value: Decimal, pattern: str) -> str:
    return _formatted(value, pattern, _LOCALES[language.current()])


@lru_cache(maxsize=50_000)
def _formatted(value: Decimal, pattern: str, locale: str) -> str:
    # A table is measured before it is drawn: every figure is asked for more than once, and zero very often.
    return str(format_decimal(value, format=pattern, locale=locale))
