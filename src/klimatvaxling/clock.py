"""The clock, at the edge: passed in to whatever needs today or now."""

import datetime
from collections.abc import Callable

Clock = Callable[[], datetime.datetime]


def system_clock() -> datetime.datetime:
    """Now, in UTC."""
    return datetime.datetime.now(datetime.UTC)


def today(clock: Clock) -> datetime.date:
    """The calendar day where the user is."""
    return clock().astimezone().date()


def stamp(moment: datetime.datetime) -> str:
    """A time of registration as it stands in the books: UTC with microseconds."""
    return moment.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def end_of(day: datetime.date) -> str:
    """The last moment of a day where the user is, as a time of registration."""
    end = datetime.datetime.combine(day, datetime.time.max)
    try:
        return stamp(end.astimezone())
    except (OverflowError, OSError, ValueError):  # at the ends of the calendar other zones have no such day
        return stamp(end.replace(tzinfo=datetime.UTC))


def after(moment: str, previous: str | None) -> str:
    """`moment` or the microsecond after `previous` if the clock has not passed it: registration times rise strictly."""
    if previous is None or moment > previous:
        return moment
    last = datetime.datetime.strptime(previous, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=datetime.UTC)
    return stamp(last + datetime.timedelta(microseconds=1))
