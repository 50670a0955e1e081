"""What the climate report tells: the year in the books, read once."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, text

from klimatvaxling.ledger import chain
from klimatvaxling.policies import policy
from klimatvaxling.policies.policy import PolicyValue
from klimatvaxling.policies.register import all_values
from klimatvaxling.reports.fund import fund
from klimatvaxling.reports.grants import documents
from klimatvaxling.reports.measures import measures
from klimatvaxling.reports.travel_sums import TravelSum, travel_sums
from klimatvaxling.reports.year_sums import YearBooks, month_of, year_books
from klimatvaxling.typed import Month
from klimatvaxling.units.register import directory
from klimatvaxling.units.unit import Unit

_OF_YEAR = """
SELECT count(*) FROM voucher WHERE booked_on BETWEEN :first AND :last AND registered_at <= :known_at
"""
_FACTORS = """
SELECT f.id, s.name || ' ' || s.version AS factor_set, f.key, f.measure, f.unit, f.g_per_unit, f.confidence, f.source
FROM factor f JOIN factor_set s ON s.id = f.factor_set_id
"""
_GRANT_MONEY = """
SELECT v.application_id, -sum(CASE WHEN p.amount_ore < 0 THEN p.amount_ore ELSE 0 END) AS paid_ore,
  sum(CASE WHEN p.amount_ore > 0 THEN p.amount_ore ELSE 0 END) AS returned_ore
FROM posting p JOIN voucher v ON v.id = p.voucher_id
WHERE p.account = 'grants_paid' AND v.booked_on BETWEEN :first AND :last AND v.registered_at <= :known_at
GROUP BY v.application_id
"""


@dataclass(frozen=True)
class Chain:
    """How far the books had come: the chain's head, the number of vouchers, and the last time of registration."""

    head: str = ""
    vouchers: int = 0
    registered_at: str = ""

    @property
    def stamp(self) -> datetime.datetime:
        """The last registration, to the second, in UTC without a zone as documents state it."""
        if not self.registered_at:
            return datetime.datetime(2013, 1, 1)  # noqa: DTZ001 - the format's time stamps have no zone
        moment = datetime.datetime.strptime(self.registered_at, "%Y-%m-%dT%H:%M:%S.%fZ")  # noqa: DTZ007 - as above
        return moment.replace(microsecond=0)


@dataclass(frozen=True)
class ClimateYear:
    """The year as booked up to `as_of`. Rows of measures, fund and grants are those of the terminal's reports."""

    organisation: str
    year: int
    as_of: datetime.date
    chain: Chain
    vouchers_of_year: int
    needs_second_person: bool
    books: YearBooks
    travel: tuple[TravelSum, ...]
    units: Mapping[int, Unit]
    in_force: Mapping[str, frozenset[int]]
    measures: Sequence[Mapping[str, Any]]
    fund_movements: Sequence[Mapping[str, Any]]
    grants: Sequence[Mapping[str, Any]]
    factors: Mapping[int, Mapping[str, Any]]
    policies: Sequence[PolicyValue]

    @property
    def months(self) -> list[str]:
        """The year's months, `YYYY-MM`."""
        return [month_of(self.year, number) for number in range(1, 13)]

    @property
    def begins(self) -> datetime.date:
        """The year's first day."""
        return datetime.date(self.year, 1, 1)

    @cached_property
    def booked_travel(self) -> list[TravelSum]:
        """The travel that was booked in the year."""
        return [each for each in self.travel if each.booked_month[:4] == f"{self.year:04d}"]


def climate_year(
    connection: Connection, year: int, *, as_of: datetime.date, known_at: str, today: datetime.date
) -> ClimateYear:
    """Read the year. Money is that booked in the year up to `as_of`; travel is that booked up to `as_of`, late too."""
    until = min(as_of, datetime.date(year, 12, 31))
    span = {"first": f"{year:04d}-01-01", "last": until.isoformat(), "known_at": known_at}
    head = chain.head(connection, known_at)
    policies = all_values(connection, known_at=known_at)
    register = directory(connection, known_at=known_at)
    return ClimateYear(
        organisation=str(connection.execute(text("SELECT organisation FROM book")).scalar() or ""),
        year=year,
        as_of=until,
        chain=Chain(*head),
        vouchers_of_year=int(connection.execute(text(_OF_YEAR), span).scalar() or 0),
        needs_second_person=policy.value_on(policies, policy.REQUIRE_SECOND_PERSON, today) == "on",
        books=year_books(connection, year, until, known_at),
        travel=travel_sums(connection, year, as_of, known_at),
        units={unit.id: unit for unit in register.newest()},
        in_force={
            str(month): frozenset(unit.id for day in (month.first_day, month.last_day) for unit in register.on(day))
            for month in (Month(year, number) for number in range(1, 13))
        },
        measures=measures(connection, until, known_at, year=year).rows,
        fund_movements=fund(connection, until, known_at, year).rows,
        grants=_grants(connection, until, known_at, span),
        factors={row.id: row._asdict() for row in connection.execute(text(_FACTORS))},
        policies=policies,
    )


def _grants(
    connection: Connection, until: datetime.date, known_at: str, span: Mapping[str, str]
) -> list[dict[str, Any]]:
    """The grants that were applied for or moved in the year, or run at its end."""
    money = {row.application_id: row for row in connection.execute(text(_GRANT_MONEY), span)}
    rows = []
    for grant, document in documents(connection, until, known_at):
        of_year = money.get(grant.id)
        stepped = any(step.stepped_on >= span["first"] for step in grant.steps)
        if stepped or of_year or grant.reserved_ore:
            paid, returned = (of_year.paid_ore, of_year.returned_ore) if of_year else (0, 0)
            granted = sum(
                step.amount_ore or 0
                for step in grant.steps
                if step.state == "approved" and step.state_before == "submitted" and step.stepped_on >= span["first"]
            )
            applied = grant.application.requested_ore if grant.application.applied_on >= span["first"] else 0
            rows.append(
                {
                    **document,
                    "applied_in_year_ore": applied,
                    "granted_in_year_ore": granted,
                    "paid_in_year_ore": paid,
                    "returned_in_year_ore": returned,
                }
            )
    return rows
