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


def after(moment: str, previous: str | None) -> str:
    """`moment`, or the microsecond after `previous` if the clock has not passed it: registration times strictly rise."""
    if previous is None or moment > previous:
        return moment
    last = datetime.datetime.strptime(previous, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=datetime.UTC)
    return stamp(last + datetime.timedelta(microseconds=1))
