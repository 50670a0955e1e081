"""What every command has around it: where the books are, what time it is, and who is at the keyboard."""

import datetime
import getpass
import os
import sys
from dataclasses import dataclass

from klimatvaxling import typed
from klimatvaxling.clock import Clock, end_of, stamp, system_clock, today
from klimatvaxling.database.location import SQLITE
from klimatvaxling.errors import UsageFault
from klimatvaxling.exact import EXACT
from klimatvaxling.language import LANGUAGES, N_

_END_OF_TIME = "9999-12-31T23:59:59.999999Z"


class BadTimestamp(UsageFault):
    """Not a timestamp."""

    code = "KV-TIMESTAMP"
    message = N_("“{value}” is not a time.")
    remedy = N_("Write an ISO timestamp, for example 2025-12-31T23:59:59Z.")


class BadFormat(UsageFault):
    """Not an output format."""

    code = "KV-FORMAT"
    message = N_("“{value}” is not a format.")
    remedy = N_("Write --format table, json or csv.")


class BadLanguage(UsageFault):
    """Not a language of the program."""

    code = "KV-LANGUAGE"
    message = N_("“{value}” is not a language of the program.")
    remedy = N_("Write --language sv or --language en.")


class BadCount(UsageFault):
    """Not a count."""

    code = "KV-COUNT"
    message = N_("“{value}” is not a whole number.")
    remedy = N_("Write digits only, for example 412.")


class NotWholeGrams(UsageFault):
    """A weight finer than the books keep it."""

    code = "KV-GRAMS"
    message = N_("“{value}” kg is not a whole number of grams.")
    remedy = N_("Write kilograms with at most three decimals, for example 250 or 12,5.")


@dataclass(frozen=True)
class Surroundings:
    """Passed to every command by the terminal's root. `url` is where the books are.

    `known_until` is the last time of registration that was asked for, where one was.
    """

    url: str
    clock: Clock = system_clock
    known_until: str = _END_OF_TIME

    @property
    def user(self) -> str:
        """Who is at the keyboard, as the server or the operating system knows them: never an option nor a variable."""
        if not self.url.startswith(SQLITE):
            from klimatvaxling.database.engine import login

            return login(self.url)
        if sys.platform == "win32":
            return getpass.getuser()
        import pwd

        try:
            return pwd.getpwuid(os.getuid()).pw_name
        except KeyError:
            return f"uid:{os.getuid()}"

    def day(self, text: str | None) -> datetime.date:
        """A day to ask about as typed, or today."""
        return typed.any_date(text) if text is not None else today(self.clock)

    def day_for_the_books(self, text: str | None) -> datetime.date:
        """A day that will stand in the books as typed, or today."""
        return typed.date(text) if text is not None else today(self.clock)

    @staticmethod
    def given_day(text: str | None) -> datetime.date | None:
        """A booking date as typed, or None: then it follows from what the step builds on."""
        return typed.date(text) if text is not None else None

    def registered_until(self, as_of: str | None, known_at: str | None) -> str:
        """The last time of registration to show: the end of the day asked for, or what was known, if that is less."""
        known = self.known_at(known_at)
        return known if as_of is None else min(known, end_of(self.day(as_of)))

    def known_at(self, text: str | None) -> str:
        """A time of registration as typed, or the end of time: all that is known. A bare date is its whole day."""
        if text is None:
            return _END_OF_TIME
        try:
            if len(text.strip()) == 10:
                end = datetime.time(23, 59, 59, 999_999, tzinfo=datetime.UTC)
                return stamp(datetime.datetime.combine(typed.any_date(text), end))
            moment = datetime.datetime.fromisoformat(text.strip())
            return stamp(moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC))
        except (ValueError, OverflowError, typed.NotADate):
            raise BadTimestamp(value=text) from None


def end_of_year(year: int | None, day: datetime.date) -> datetime.date:
    """The day to show a year as of: one that is over ends with its last day."""
    return min(day, datetime.date(year, 12, 31)) if year is not None else day


def output_format(text: str) -> str:
    """`table`, `json` or `csv`."""
    if text not in ("table", "json", "csv"):
        raise BadFormat(value=text)
    return text


def count(text: str) -> int:
    """A whole number of zero or more as typed, thousands parted or not."""
    try:
        number = typed.decimal(text)
    except typed.NotANumber:
        raise BadCount(value=text) from None
    if number != int(number) or number < 0:
        raise BadCount(value=text)
    return typed.not_too_large(int(number), text)


def grams(text: str) -> int:
    """Whole grams from kilograms as typed: `1 234,5` → 1234500. Raises `NotWholeGrams`, `NotANumber` or `TooLarge`."""
    exact = typed.decimal(text).scaleb(3, context=EXACT)
    if exact != int(exact):
        raise NotWholeGrams(value=text)
    return typed.not_too_large(int(exact), text)


def require_language(text: str | None) -> None:
    """Refuse a language the program does not speak."""
    if text is not None and text not in LANGUAGES:
        raise BadLanguage(value=text)
