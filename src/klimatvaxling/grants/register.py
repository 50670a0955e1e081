"""Grants in the books: applications, steps, points and rounds."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection, text

from klimatvaxling.clock import Clock, stamp, today
from klimatvaxling.database.bulk import insert_rows, next_key
from klimatvaxling.errors import InputRefused
from klimatvaxling.fund.register import fund_in
from klimatvaxling.grants import grant as rules
from klimatvaxling.grants.application import Application, require_eligible, require_sound
from klimatvaxling.grants.grant import SUBMITTED, Grant, Outcome, Step
from klimatvaxling.grants.ranking import parse_scores
from klimatvaxling.grants.round import round_for
from klimatvaxling.grants.round_register import FOREVER, rounds_in
from klimatvaxling.language import N_, translate
from klimatvaxling.ledger.booking import booking_day, required_reason
from klimatvaxling.ledger.posting_door import post
from klimatvaxling.ledger.voucher import Voucher
from klimatvaxling.policies import policy
from klimatvaxling.policies.register import all_values
from klimatvaxling.units.register import directory
from klimatvaxling.units.unit import Unit


class UnknownGrant(InputRefused):
    """No grant of that number."""

    code = "KV-GRANT-UNKNOWN"
    message = N_("There is no grant {grant}.")
    remedy = N_("See them with: klimatvaxling grant list")


def grants_in(connection: Connection, *, as_of: str = "9999-12-31", known_at: str = FOREVER) -> list[Grant]:
    """Every application with its steps, as booked up to a day and known at a time."""
    moment = {"as_of": as_of, "known_at": known_at}
    steps: dict[int, list[Step]] = {}
    names = ", ".join(Step.__dataclass_fields__)
    for row in connection.execute(
        text(
            f"SELECT application_id, {names} FROM grant_step"
            " WHERE stepped_on <= :as_of AND registered_at <= :known_at ORDER BY application_id, number"
        ),
        moment,
    ):
        steps.setdefault(row[0], []).append(Step(*row[1:]))
    names = ", ".join(Application.__dataclass_fields__)
    applications = connection.execute(text(f"SELECT id, {names} FROM application ORDER BY id"))
    return [Grant(row[0], Application(*row[1:]), tuple(steps[row[0]])) for row in applications if row[0] in steps]


def require_grant(connection: Connection, key: int) -> Grant:
    """One grant. Raises `UnknownGrant`."""
    found = next((grant for grant in grants_in(connection) if grant.id == key), None)
    if found is None:
        raise UnknownGrant(grant=key)
    return found


def apply(connection: Connection, application: Application, unit: Unit, *, clock: Clock, by: str) -> Grant:
    """Register an application.

    Raises what `require_sound` and `require_eligible` raise, and `NoRoundOpen`.
    """
    require_sound(application)
    day = datetime.date.fromisoformat(application.applied_on)
    values = all_values(connection)
    kinds = policy.value_on(values, policy.GRANT_KINDS, day).split(",")
    require_eligible(application, unit, kinds, int(policy.value_on(values, policy.GRANT_SHARE, day)))
    outside_allowed = policy.value_on(values, policy.GRANT_OUTSIDE_ROUND, day) == "allowed"
    found = round_for(rounds_in(connection), application.applied_on, outside_allowed=outside_allowed)
    application = replace(application, round_id=found.id if found else None)
    registered = (stamp(clock()), by)
    key = next_key(connection, "application")
    columns = ("id", *Application.__dataclass_fields__, "registered_at", "registered_by")
    insert_rows(connection, "application", columns, [(key, *vars(application).values(), *registered)])
    step = Step(None, SUBMITTED, application.applied_on, registered_at=registered[0], registered_by=by)
    _write(connection, key, 1, step)
    return Grant(key, application, (step,))


@dataclass(frozen=True)
class Taken:
    """A grant after the step that was taken, and the vouchers of the step."""

    grant: Grant
    vouchers: tuple[Voucher, ...]


@dataclass(frozen=True)
class GrantDesk:
    """Takes grants one step further: the rule decides, its vouchers are posted, the step is put on record."""

    connection: Connection
    clock: Clock
    by: str

    def approve(
        self,
        key: int,
        amount_ore: int,
        day: datetime.date | None,
        *,
        decision: str,
        conditions: str = "",
        report_by: str | None = None,
    ) -> Taken:
        """Reserve the money. Raises `UnknownGrant`, `DecisionMissing` and what `grant.approve` raises."""
        known = require_grant(self.connection, key)
        booked_on = self._day(known, day)
        # The rule of the day of the decision, not of the day it is dated: a date is chosen by whoever decides.
        required = policy.value_on(all_values(self.connection), policy.REQUIRE_SECOND_PERSON, today(self.clock))
        outcome = rules.approve(
            known,
            fund_in(self.connection),
            amount_ore,
            booked_on,
            by=self.by,
            second_person=required == "on",
            decision=policy.required_decision(decision),
            conditions=conditions.strip(),
            report_by=report_by,
            description=_about(N_("Grant {grant} approved: {title}"), known),
        )
        return self._take(known, outcome)

    def reject(self, key: int, day: datetime.date | None, *, reason: str, decision: str) -> Taken:
        """Decide against it. Raises `UnknownGrant`, `ReasonMissing`, `DecisionMissing` and what `grant.reject` raises."""
        known = require_grant(self.connection, key)
        why = required_reason(reason)
        decided = policy.required_decision(decision)
        return self._take(known, rules.reject(known, self._day(known, day), reason=why, decision=decided))

    def withdraw(self, key: int, day: datetime.date | None, *, reason: str = "") -> Taken:
        """Take it back. Raises `UnknownGrant` and what `grant.withdraw` raises."""
        known = require_grant(self.connection, key)
        about = _about(N_("Grant {grant} withdrawn: {title}"), known)
        return self._take(known, rules.withdraw(known, self._day(known, day), reason=reason.strip(), description=about))

    def pay(self, key: int, amount_ore: int, day: datetime.date | None) -> Taken:
        """Pay a part or all. Raises `UnknownGrant` and what `grant.pay` raises."""
        known = require_grant(self.connection, key)
        about = _about(N_("Grant {grant} paid: {title}"), known)
        outcome = rules.pay(known, self._unit(known), amount_ore, self._day(known, day), description=about)
        return self._take(known, outcome)

    def report(
        self, key: int, used_ore: int, actual_cost_ore: int, co2_reduction_g: int, day: datetime.date | None
    ) -> Taken:
        """The final report. Raises `UnknownGrant` and what `grant.report` raises."""
        known = require_grant(self.connection, key)
        outcome = rules.report(
            known,
            self._unit(known),
            used_ore,
            actual_cost_ore,
            co2_reduction_g,
            self._day(known, day),
            description=_about(N_("Grant {grant}, not used: {title}"), known),
            release_description=_about(N_("Grant {grant}, not needed: {title}"), known),
        )
        return self._take(known, outcome)

    def _day(self, known: Grant, given: datetime.date | None) -> str:
        """The day of the step: today or the day of the step before, unless another is given."""
        return booking_day(given, today(self.clock), known.steps[-1].stepped_on)

    def _unit(self, known: Grant) -> Unit:
        units = directory(self.connection)
        return units.newest_of(units.successor(known.application.unit_id))

    def _take(self, known: Grant, outcome: Outcome) -> Taken:
        vouchers = post(self.connection, outcome.vouchers, clock=self.clock, made_by=self.by)
        registered_at = vouchers[-1].registered_at if vouchers else stamp(self.clock())
        step = replace(outcome.step, registered_at=registered_at, registered_by=self.by)
        _write(self.connection, known.id, len(known.steps) + 1, step)
        return Taken(replace(known, steps=(*known.steps, step)), tuple(vouchers))


def _about(message: str, known: Grant) -> str:
    return translate(message, grant=known.id, title=known.application.title)


def _write(connection: Connection, key: int, number: int, step: Step) -> None:
    columns = ("application_id", "number", *Step.__dataclass_fields__)
    insert_rows(connection, "grant_step", columns, [(key, number, *vars(step).values())])


def score(
    connection: Connection, key: int, texts: Sequence[str], day: datetime.date, *, clock: Clock, by: str
) -> dict[str, int]:
    """Put points on record. Raises `UnknownGrant` or `BadScore`."""
    require_grant(connection, key)
    decided = policy.value_on(all_values(connection), policy.GRANT_CRITERIA, day)
    scores = parse_scores(texts, policy.criteria(decided))
    registered = (stamp(clock()), by)
    columns = ("application_id", "criterion", "points", "registered_at", "registered_by")
    rows = [(key, criterion, points, *registered) for criterion, points in scores.items()]
    insert_rows(connection, "application_score", columns, rows)
    return scores


def scores_in(connection: Connection, *, known_at: str = FOREVER) -> dict[int, dict[str, int]]:
    """The latest points by application and criterion."""
    found: dict[int, dict[str, int]] = {}
    rows = connection.execute(
        text(
            "SELECT application_id, criterion, points FROM application_score WHERE registered_at <= :known_at ORDER BY id"
        ),
        {"known_at": known_at},
    )
    for application_id, criterion, points in rows:
        found.setdefault(application_id, {})[criterion] = points
    return found
