"""What people type, and what suppliers write: the one parser for numbers, amounts, dates and months.

Swedish spellings are all understood: decimal comma or point; thousands by space, no-break space or narrow no-break
space, or by point where a decimal comma follows; minus as hyphen, U+2212 or en dash.
"""

import calendar
import datetime
import re
from dataclasses import dataclass
from decimal import Decimal

from klimatvaxling.errors import UsageFault
from klimatvaxling.exact import EXACT
from klimatvaxling.language import N_

_SPACES = " \u00a0\u202f\u2009"
_NUMBER = re.compile(
    rf"""(?P<minus>[-\u2212\u2013])?
    (?: (?P<plain>[0-9]{{1,30}})
      | (?P<spaced>[0-9]{{1,3}}(?:(?P<gap>[{_SPACES}])[0-9]{{3}}(?:(?P=gap)[0-9]{{3}}){{0,8}}))
      | (?P<dotted>[0-9]{{1,3}}(?:\.[0-9]{{3}}){{1,9}}(?=,))
    )?
    (?:[.,](?P<decimals>[0-9]{{1,20}}))?""",
    re.VERBOSE,
)
FIRST_YEAR, LAST_YEAR = 1900, 2999
# A thousand milliard kronor in öre, a million tonnes in grams: the books' whole numbers have room for sums of many.
LARGEST = 10**14
_GROUPING = str.maketrans("", "", _SPACES + ".")


class NotANumber(UsageFault):
    """Not a number in any spelling we know."""

    code = "KV-NUMBER"
    message = N_("“{value}” is not a number.")
    remedy = N_("Write digits with decimal comma or point, for example 1 234,50 or 1234.50.")


class NotAnAmount(UsageFault):
    """Not an amount in kronor with at most two decimals."""

    code = "KV-AMOUNT"
    message = N_("“{value}” is not an amount in kronor.")
    remedy = N_("Write kronor with at most two decimals, for example 1 234,50 or 1234.50.")


class TooLarge(UsageFault):
    """A number that no municipality has, and that the books have no room for."""

    code = "KV-TOO-LARGE"
    message = N_("“{value}” is larger than anything in the books can be.")
    remedy = N_("Check the number: it has too many digits.")


class NotADate(UsageFault):
    """Not a calendar date."""

    code = "KV-DATE"
    message = N_("“{value}” is not a date.")
    remedy = N_("Write the date as YYYY-MM-DD, for example 2025-03-07.")


class DateOutsideTheBooks(NotADate):
    """A calendar date of a year that is a slip of the keyboard."""

    message = N_("“{value}” lies outside the years of the books.")
    remedy = N_("Write a date between 1900-01-01 and 2999-12-31, as YYYY-MM-DD.")


class NotAMonth(UsageFault):
    """Not a calendar month."""

    code = "KV-MONTH"
    message = N_("“{value}” is not a month.")
    remedy = N_("Write the month as YYYY-MM, for example 2025-03.")


class NotAYear(UsageFault):
    """Not a calendar year."""

    code = "KV-YEAR"
    message = N_("“{value}” is not a year.")
    remedy = N_("Write the year with four digits, for example 2025.")


def decimal(text: str) -> Decimal:
    """An exact decimal from any Swedish spelling. Raises `NotANumber`."""
    found = _NUMBER.fullmatch(text.strip())
    digits = (found["plain"] or found["spaced"] or found["dotted"] or "") if found else ""
    if not found or not (digits or found["decimals"]):
        raise NotANumber(value=text)
    number = digits.translate(_GROUPING) or "0"
    # As many decimals as were typed: what is compared or shown later keeps that precision.
    sign, decimals = "-" if found["minus"] else "", found["decimals"]
    return Decimal(f"{sign}{number}.{decimals}" if decimals else f"{sign}{number}")


def canonical(number: Decimal) -> str:
    """The one way an exact decimal is written in the books: point, no exponent, no trailing zeros."""
    text = format(number, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def amount_ore(text: str) -> int:
    """Whole öre from kronor as typed: `1 234,50` → 123450. Raises `NotAnAmount` or `TooLarge`."""
    try:
        # Moved by two places, which is exact whatever the size; a product would be rounded to 28 digits.
        ore = decimal(re.sub(r"\s*(kr|SEK)$", "", text.strip(), flags=re.IGNORECASE)).scaleb(2, context=EXACT)
    except NotANumber:
        raise NotAnAmount(value=text) from None
    if ore != int(ore):
        raise NotAnAmount(value=text)
    return not_too_large(int(ore), text)


def not_too_large(number: int, text: str) -> int:
    """The number itself, of which `text` is the spelling. Raises `TooLarge`."""
    if abs(number) > LARGEST:
        raise TooLarge(value=text)
    return number


def date(text: str) -> datetime.date:
    """A date for the books, of 1900–2999, as `YYYY-MM-DD` or `YYYYMMDD`. Raises `NotADate`."""
    day = any_date(text)
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise DateOutsideTheBooks(value=text)
    return day


def any_date(text: str) -> datetime.date:
    """Any day of the calendar, to ask about: `9999-12-31` is a usual way to say everything. Raises `NotADate`."""
    stripped = text.strip()
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{8}", stripped):
        try:
            return datetime.date.fromisoformat(stripped)
        except ValueError:
            pass
    raise NotADate(value=text)


@dataclass(frozen=True, order=True)
class Month:
    """A calendar month, the books' period."""

    year: int
    month: int

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"

    @property
    def first_day(self) -> datetime.date:
        """The first calendar day."""
        return datetime.date(self.year, self.month, 1)

    @property
    def last_day(self) -> datetime.date:
        """The last calendar day."""
        return datetime.date(self.year, self.month, calendar.monthrange(self.year, self.month)[1])

    def next(self) -> "Month":
        """The month after this one."""
        return Month(self.year + self.month // 12, self.month % 12 + 1)

    @classmethod
    def of(cls, day: datetime.date) -> "Month":
        """The month a day falls in."""
        return cls(day.year, day.month)


def month(text: str) -> Month:
    """A month as `YYYY-MM`. Raises `NotAMonth`."""
    found = re.fullmatch(r"([0-9]{4})-(0[1-9]|1[0-2])", text.strip())
    if not found or not 1 <= int(found[1]) <= 9998:
        raise NotAMonth(value=text)
    return Month(int(found[1]), int(found[2]))


def year(text: str) -> int:
    """A year as `YYYY`. Raises `NotAYear`."""
    if not re.fullmatch(r"[0-9]{4}", text.strip()) or not 1900 <= int(text) <= 9998:
        raise NotAYear(value=text)
    return int(text)
