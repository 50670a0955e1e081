"""Closing and reopening a month in the books: what stands in the way is told, and what is accepted stays on record."""

import datetime
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from klimatvaxling.batches.quarantine_register import STILL_WAITS
from klimatvaxling.clock import Clock, stamp, today
from klimatvaxling.completeness.register import missing_in
from klimatvaxling.database.bulk import insert_rows, next_key
from klimatvaxling.errors import StateRefused
from klimatvaxling.language import N_, translate, translate_plural
from klimatvaxling.ledger import check
from klimatvaxling.ledger.booking import ReasonMissing, required_reason
from klimatvaxling.periods.period import (
    CLOSED,
    REOPENED,
    PeriodEvent,
    after_reopening,
    require_closable,
)
from klimatvaxling.periods.register import period_events
from klimatvaxling.policies.policy import REQUIRE_SECOND_PERSON, in_force
from klimatvaxling.policies.register import all_values
from klimatvaxling.typed import Month


class AcceptedReasonMissing(ReasonMissing):
    """What is missing accepted without saying why."""

    remedy = N_("Say why in a few words: --accept-missing REASON")


class PeriodObstructed(StateRefused):
    """Something stands in the way of closing a month."""

    code = "KV-PERIOD-OBSTACLES"
    message = N_("{month} cannot be closed yet: {obstacles}")
    remedy = N_("See to it, or close the month as it is and say why: --accept-missing REASON")
    explanation = N_(
        "Before a month is closed, its travel data should be there: delivered, or declared empty or late, with no rejected"
        " row waiting. What is accepted with --accept-missing stays on record with the reason, and comes into the books"
        " later on the first open day."
    )


class PeriodUnsound(StateRefused):
    """The books do not pass their own checks."""

    code = "KV-PERIOD-CHECK"
    message = N_("{month} cannot be closed: {obstacles}")
    remedy = N_("Run klimatvaxling check and compare with the latest backup. This cannot be accepted away.")


@dataclass(frozen=True)
class Obstacle:
    """What stands in the way of closing, as a sentence. What is missing can be accepted, unsound books cannot."""

    sentence: str
    can_be_accepted: bool = True


_END_OF_TIME = "9999"

Obstacles = Callable[[Connection, Month], Iterable[Obstacle]]

_WAITING = f"SELECT count(*) FROM quarantine q JOIN batch b ON b.id = q.batch_id WHERE {STILL_WAITS}"


def sources_have_not_delivered(connection: Connection, month: Month) -> Iterator[Obstacle]:
    """Travel data that is neither delivered nor declared empty or late."""
    missing = missing_in(connection, month, as_of=datetime.date.max, known_at=_END_OF_TIME)
    for source in sorted({cell.source for cell in missing}):
        units = [cell.unit for cell in missing if cell.source == source and cell.unit is not None]
        yield Obstacle(
            translate(N_("{source} has not delivered for {units}."), source=source, units=", ".join(units))
            if units
            else translate(N_("{source} has not delivered."), source=source)
        )


def rows_wait_in_quarantine(connection: Connection, _month: Month) -> Iterator[Obstacle]:
    """Rejected rows that are neither corrected nor dismissed, of any month: which one they belong to is not known."""
    waiting = connection.execute(text(_WAITING), {"until": _END_OF_TIME}).scalar_one()
    if waiting:
        yield Obstacle(
            translate_plural(
                N_("{count} rejected row waits in the quarantine."),
                N_("{count} rejected rows wait in the quarantine."),
                waiting,
            )
        )


def checks_fail(connection: Connection, _month: Month) -> Iterator[Obstacle]:
    """An invariant of the books is broken."""
    failed = [finding.name for finding in check.run_checks(connection) if not finding.ok]
    if failed:
        yield Obstacle(
            translate(N_("These checks of the books fail: {checks}."), checks=", ".join(failed)), can_be_accepted=False
        )


# What is asked before a month is closed.
OBSTACLES: tuple[Obstacles, ...] = (sources_have_not_delivered, rows_wait_in_quarantine, checks_fail)


def close(connection: Connection, month: Month, *, accept_missing: str | None, clock: Clock, by: str) -> PeriodEvent:
    """Close a month within the caller's write transaction.

    Raises `PeriodNotOver`, `PeriodAlreadyClosed`, `PeriodOutOfOrder`, `AcceptedReasonMissing`, `PeriodObstructed`
    or `PeriodUnsound`.
    """
    if accept_missing is not None and not accept_missing.strip():
        raise AcceptedReasonMissing
    accepted = None if accept_missing is None else required_reason(accept_missing)
    first = connection.execute(text("SELECT min(booked_on) FROM voucher")).scalar()
    events = period_events(connection)
    require_closable(month, events, datetime.date.fromisoformat(first) if first else None, today(clock))
    found = [obstacle for ask in OBSTACLES for obstacle in ask(connection, month)]
    unsound = [obstacle.sentence for obstacle in found if not obstacle.can_be_accepted]
    if unsound:
        raise PeriodUnsound(month=month, obstacles=" ".join(unsound))
    sentences = [obstacle.sentence for obstacle in found]
    if sentences and accepted is None:
        raise PeriodObstructed(month=month, obstacles=" ".join(sentences))
    # Nothing stood in the way: then there is nothing that a reason would explain.
    reason = (accepted or "") if sentences else ""
    return _record(connection, events, (month, CLOSED, month.last_day), reason, sentences, clock, by)


def reopen(connection: Connection, month: Month, *, reason: str, clock: Clock, by: str) -> PeriodEvent:
    """Open the month that was closed last, within the caller's write transaction.

    Raises `ReasonMissing`, `NothingClosed`, `PeriodNotReopenable`, or `SecondPersonNeeded` while the policy is on.
    """
    kept_reason = required_reason(reason)
    rule = in_force(all_values(connection), REQUIRE_SECOND_PERSON, today(clock))
    needs_second_person = rule is not None and rule.value == "on"
    events = period_events(connection)
    closed_through = after_reopening(month, events, by=by, needs_second_person=needs_second_person)
    return _record(connection, events, (month, REOPENED, closed_through), kept_reason, (), clock, by)


def _record(
    connection: Connection,
    events: Sequence[PeriodEvent],
    what: tuple[Month, str, datetime.date | None],
    reason: str,
    obstacles: Sequence[str],
    clock: Clock,
    by: str,
) -> PeriodEvent:
    month, action, closed_through = what
    head, vouchers = check.head(connection)
    event = PeriodEvent(month, action, closed_through, reason, stamp(clock()), by, tuple(obstacles), len(events) + 1)
    columns = (
        "id", "month", "action", "closed_through", "reason", "obstacles", "head", "vouchers", "registered_at",
        "registered_by",
    )  # fmt: skip
    row = (
        next_key(connection, "period_event"),
        str(month),
        action,
        closed_through.isoformat() if closed_through else None,
        reason,
        json.dumps(list(obstacles), ensure_ascii=False),
        head,
        vouchers,
        event.registered_at,
        by,
    )
    insert_rows(connection, "period_event", columns, [row])
    return event
