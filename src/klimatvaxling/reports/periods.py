"""The periods: which months are closed, by whom and when, and what was accepted."""

import datetime

from sqlalchemy import Connection, text

from klimatvaxling.language import N_, translate
from klimatvaxling.periods.period import CLOSED, closings_in_force, first_open_day
from klimatvaxling.periods.register import period_events
from klimatvaxling.reports.report import NUMBER, Column, Report
from klimatvaxling.typed import Month

_STATES = {"open": N_("open"), "closed": N_("closed"), "reopened": N_("reopened")}


def periods(connection: Connection, as_of: datetime.date, known_at: str) -> Report:
    """Every month from the first booking to the month of `as_of`, with how it was last closed and last reopened."""
    events = period_events(connection, known_at=known_at)
    standing = {event.month for event in closings_in_force(events)}
    booked = {
        row.month: row.vouchers
        for row in connection.execute(
            text(
                "SELECT substr(booked_on, 1, 7) AS month, count(*) AS vouchers FROM voucher"
                " WHERE booked_on <= :as_of AND registered_at <= :known_at GROUP BY 1"
            ),
            {"as_of": as_of.isoformat(), "known_at": known_at},
        )
    }
    known = sorted({*(Month(int(month[:4]), int(month[5:])) for month in booked), *(event.month for event in events)})
    rows = []
    month = known[0] if known else Month.of(as_of)
    while month <= Month.of(as_of):
        own = [event for event in events if event.month == month]
        closing = next((event for event in reversed(own) if event.action == CLOSED), None)
        reopening = own[-1] if own and own[-1].action != CLOSED else None
        state = "closed" if month in standing else "reopened" if reopening else "open"
        rows.append(
            {
                "period": str(month),
                "state": state,
                "state_title": translate(_STATES[state]),
                "vouchers": booked.get(str(month), 0),
                "closed_at": closing and closing.registered_at,
                "closed_by": closing and closing.registered_by,
                "accepted": " ".join(closing.obstacles) if closing else None,
                "accepted_reason": (closing.reason or None) if closing else None,
                "reopened_at": reopening and reopening.registered_at,
                "reopened_by": reopening and reopening.registered_by,
                "reopened_reason": reopening and reopening.reason,
            }
        )
        month = month.next()
    keys = tuple(key for key in (rows[0] if rows else {}) if key != "state_title")
    opens = first_open_day(events)
    open_from = opens.isoformat() if opens != datetime.date.min else None
    return Report(
        title=translate(N_("Periods on {day}"), day=as_of),
        columns=(
            Column("period", N_("Period")),
            Column("state_title", N_("State")),
            Column("vouchers", N_("Vouchers"), NUMBER),
            Column("closed_at", N_("Closed"), gives_way=2),
            Column("closed_by", N_("Closed by"), gives_way=1),
            Column("accepted_reason", N_("Accepted because"), gives_way=2),
            Column("reopened_by", N_("Reopened by"), gives_way=3),
            Column("reopened_reason", N_("Reopened because"), gives_way=3),
        ),
        rows=rows,
        document={
            "as_of": as_of.isoformat(),
            "first_open_on": open_from,
            "periods": [{key: row[key] for key in keys} for row in rows],
        },
        notes=(translate(N_("First open day: {day}."), day=open_from),) if open_from else (),
        csv_keys=keys,
    )
