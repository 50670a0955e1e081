"""The coding plan (konteringsplan): one posting template per event, in the municipality's own accounts.

A template has a side for each account of the scheme that the event moves. A side gives account, coding string
(kodsträng) and counterpart (motpart), with placeholders for the unit, its cost centre and the project.
"""

import datetime
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from klimatvaxling.ledger import accounts

FEE, CORRECTION, MEASURE, SWEEP = "fee", "correction", "measure", "sweep"
GRANT, APPROPRIATION, MERGE, OPENING = "grant", "appropriation", "merge", "opening"
FUND_SIDE = "fund"

# The side of a template that takes what stands on an account of the scheme.
SIDE_OF_ACCOUNT = {
    accounts.FEE_EXPENSE: accounts.FEE_EXPENSE,
    accounts.OWN_FUNDS: accounts.OWN_FUNDS,
    accounts.MEASURES: accounts.MEASURES,
    accounts.FUND_AVAILABLE: FUND_SIDE,
    accounts.FUND_COMMITTED: FUND_SIDE,
    accounts.GRANTS_PAID: accounts.GRANTS_PAID,
    accounts.APPROPRIATION: accounts.APPROPRIATION,
    accounts.OPENING: accounts.OPENING,
}
# The templates there are, with the sides each may need.
SIDES = {
    FEE: (accounts.FEE_EXPENSE, accounts.OWN_FUNDS),
    CORRECTION: (accounts.FEE_EXPENSE, accounts.OWN_FUNDS, FUND_SIDE),
    MEASURE: (accounts.OWN_FUNDS, accounts.MEASURES),
    SWEEP: (accounts.OWN_FUNDS, FUND_SIDE),
    GRANT: (FUND_SIDE, accounts.GRANTS_PAID),
    APPROPRIATION: (accounts.APPROPRIATION, FUND_SIDE),
    MERGE: (accounts.OWN_FUNDS, FUND_SIDE),
    OPENING: (accounts.OPENING, accounts.OWN_FUNDS, FUND_SIDE),
}
# Which template an event of the ledger takes. A reversal takes that of what it reverses.
TEMPLATE_OF_EVENT = {
    "charge": FEE,
    "amendment": CORRECTION,
    "undo": CORRECTION,
    "measure": MEASURE,
    "sweep": SWEEP,
    "grant_paid": GRANT,
    "grant_returned": GRANT,
    "appropriation": APPROPRIATION,
    "appropriation_returned": APPROPRIATION,
    "merge": MERGE,
    "transfer": MERGE,
    "opening": OPENING,
}
# The parts of a coding string beside the account, in the order they are written.
PARTS = ("responsibility", "activity", "project", "object", "counterpart")
PLACEHOLDERS = ("unit", "cost_centre", "project", "counterpart")
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True)
class Account:
    """An account (konto) of the municipality's plan; `internal` accounts sum to zero over the whole municipality."""

    number: str
    title: str
    internal: bool


@dataclass(frozen=True)
class Dimension:
    """Where a part of the coding string stands in SIE: 1 cost centre, 6 project, from 20 free."""

    part: str
    number: int
    title: str


@dataclass(frozen=True)
class Side:
    """One side of a template. `owner` is the counterpart code of those whose line it is."""

    account: str
    responsibility: str = ""
    activity: str = ""
    project: str = ""
    object: str = ""
    counterpart: str = ""
    owner: str = ""

    @cached_property
    def wanted(self) -> frozenset[str]:
        """The names of its placeholders."""
        return frozenset(name for part in (*PARTS, "owner") for name in placeholders(getattr(self, part)))


@dataclass(frozen=True)
class UnitCoding:
    """What is particular to a unit: where it books what has no trip, and how a company is invoiced."""

    cost_centre: str = ""
    project: str = ""
    customer_number: str = ""
    vat_code: str = ""
    coding: str = ""


@dataclass(frozen=True)
class Invoicing:
    """How the municipality books what it invoices its companies."""

    vat_code: str = ""
    coding: str = ""


@dataclass(frozen=True)
class CodingPlan:
    """A coding plan in one version, in force for bookings from `valid_from` on. `text` is its file."""

    version: str
    title: str
    valid_from: datetime.date
    decision: str
    accounts: Mapping[str, Account]
    dimensions: Mapping[str, Dimension]
    templates: Mapping[str, Mapping[str, Side]]
    names: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    units: Mapping[str, UnitCoding] = field(default_factory=dict)
    invoicing: Invoicing = Invoicing()
    text: str = ""
    registered_at: str = ""
    registered_by: str = ""

    def unit(self, code: str) -> UnitCoding:
        """What is particular to the unit."""
        return self.units.get(code.casefold(), UnitCoding())


def plan_on(plans: Iterable[CodingPlan], day: datetime.date) -> CodingPlan | None:
    """The plan for bookings of `day`: the latest to begin, and of those the latest registered."""
    best: CodingPlan | None = None
    for plan in plans:  # in order of registration
        if plan.valid_from <= day and (best is None or plan.valid_from >= best.valid_from):
            best = plan
    return best


def placeholders(value: str) -> list[str]:
    """The names in braces, known or not."""
    return _PLACEHOLDER.findall(value)


def filled(value: str, facts: Mapping[str, str]) -> str:
    """The value with its placeholders filled in."""
    if "{" not in value:
        return value
    return _PLACEHOLDER.sub(lambda found: facts[found[1]], value)


def is_mixed(sides: Iterable[Side], known: Mapping[str, Account]) -> bool:
    """Whether internal and other accounts meet in one template: its internal lines could not sum to zero."""
    return len({known[side.account].internal for side in sides}) > 1


def stands_between_two(template: str, sides: Iterable[Side], known: Mapping[str, Account]) -> bool:
    """Whether the internal lines of a template mirror each other: all stand between the same two.

    What one books against the other, the other books against the one; that the voucher sums to zero does the rest. In
    a merger the lines are of several units, so that nothing of a unit may stand there.
    """
    internal = [side for side in sides if known[side.account].internal]
    pairs = {frozenset((side.owner, side.counterpart)) for side in internal}
    if any(not side.owner or not side.counterpart for side in internal) or len(pairs) > 1:
        return False
    return template != MERGE or not any(placeholders(side.owner + side.counterpart) for side in internal)
