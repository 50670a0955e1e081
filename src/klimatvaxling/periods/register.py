"""Which months are closed in the books: asked by everything that posts."""

import datetime
import json
from collections.abc import Iterable

from sqlalchemy import Connection, text

from klimatvaxling import typed
from klimatvaxling.periods import period
from klimatvaxling.periods.period import PeriodClosed, PeriodEvent


def period_events(connection: Connection, *, known_at: str | None = None) -> list[PeriodEvent]:
    """Everything that happened to periods, in order of registration, as it was known at a time."""
    rows = connection.execute(
        text("SELECT * FROM period_event WHERE :known_at IS NULL OR registered_at <= :known_at ORDER BY id"),
        {"known_at": known_at},
    )
    return [
        PeriodEvent(
            month=typed.month(row.month),
            action=row.action,
            closed_through=datetime.date.fromisoformat(row.closed_through) if row.closed_through else None,
            reason=row.reason,
            registered_at=row.registered_at,
            registered_by=row.registered_by,
            obstacles=tuple(json.loads(row.obstacles)),
            id=row.id,
        )
        for row in rows
    ]


def first_open_day(connection: Connection) -> datetime.date:
    """The first day that takes postings; `date.min` while no month is closed."""
    return period.first_open_day(period_events(connection))


def open_day(connection: Connection, day: datetime.date) -> datetime.date:
    """`day`, or the first open day where that is later: where what belongs to a closed month is booked."""
    return max(day, first_open_day(connection))


def require_open(connection: Connection, *days: datetime.date) -> None:
    """Refuse to post on a day of a closed month. The posting door asks for every voucher. Raises `PeriodClosed`."""
    require_all_open(days, first_open_day(connection))


def require_all_open(days: Iterable[datetime.date], first_open: datetime.date) -> None:
    """The same for a first open day that is known. Raises `PeriodClosed`."""
    earliest = min(days, default=first_open)
    if earliest < first_open:
        raise PeriodClosed(day=earliest, first_open_day=first_open)
