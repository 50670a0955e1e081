"""What people read: the one formatter for amounts, weights, dates and shares, in the language in use."""

from decimal import Decimal

from babel.numbers import format_decimal

from klimatvaxling import language
from klimatvaxling.exact import whole

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


def _decimal(value: Decimal, pattern: str) -> str:
    return str(format_decimal(value, format=pattern, locale=_LOCALES[language.current()]))
