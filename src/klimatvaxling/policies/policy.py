"""The policies: decided rules of the scheme. Values are dated data; the day a rule applies to picks its value."""

import datetime
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from klimatvaxling import typed
from klimatvaxling.errors import InputRefused, UsageFault
from klimatvaxling.language import N_, translate

RATE = "rate"
RETENTION = "retention"
COMPANY_INVOICING = "company_invoicing"
REQUIRE_SECOND_PERSON = "require_second_person"

ONE_YEAR_FROM_BOOKING = "one_year_from_booking"
END_OF_NEXT_YEAR = "end_of_next_year"
SCHEME_START = datetime.date(2013, 1, 1)


class UnknownPolicy(UsageFault):
    """No policy of that name."""

    code = "KV-POLICY-UNKNOWN"
    message = N_("There is no policy “{name}”.")
    remedy = N_("The policies are: {known}.")


class BadPolicyValue(InputRefused):
    """A value the policy cannot have."""

    code = "KV-POLICY-VALUE"
    message = N_("The policy {name} cannot be “{value}”.")
    remedy = N_("It takes {takes}.")


class DecisionMissing(InputRefused):
    """A value without the decision behind it."""

    code = "KV-DECISION-MISSING"
    message = N_("The policy {name} is given no decision.")
    remedy = N_("Name the decision behind the value, for example its diarienummer: --decision REF")


@dataclass(frozen=True)
class PolicyKind:
    """What a policy is about and which values it takes. `parse` gives the value as it is kept, or raises ValueError."""

    name: str
    summary: str
    takes: str
    parse: Callable[[str], str]


@dataclass(frozen=True)
class PolicyValue:
    """One decided value from a day on. `id` is its key in the books."""

    id: int
    name: str
    value: str
    valid_from: datetime.date
    decision: str
    registered_at: str
    registered_by: str


def _one_of(*allowed: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if value not in allowed:
            raise ValueError(value)
        return value

    return parse


def _rate(value: str) -> str:
    ore = typed.amount_ore(value)
    if not 0 <= ore <= 1_000_000:
        raise ValueError(value)
    return str(ore)


KINDS = {
    kind.name: kind
    for kind in (
        PolicyKind(
            RATE,
            N_("Fee in kronor per kg of fossil CO2; the trip's date picks it"),
            N_("kronor per kg, for example 1.50"),
            _rate,
        ),
        PolicyKind(
            RETENTION,
            N_("How long a unit may use its fees before the shared fund gets them"),
            "one_year_from_booking | end_of_next_year",
            _one_of(ONE_YEAR_FROM_BOOKING, END_OF_NEXT_YEAR),
        ),
        PolicyKind(
            COMPANY_INVOICING,
            N_("What municipal companies are invoiced: what was swept, or every fee"),
            "swept | charged",
            _one_of("swept", "charged"),
        ),
        PolicyKind(
            REQUIRE_SECOND_PERSON,
            N_("Whether a second person must approve grants and reopen periods"),
            "on | off",
            _one_of("on", "off"),
        ),
    )
}


def parse_value(name: str, value: str) -> str:
    """The value as it is kept in the books. Raises `UnknownPolicy` or `BadPolicyValue`."""
    kind = KINDS.get(name)
    if kind is None:
        raise UnknownPolicy(name=name, known=", ".join(KINDS))
    try:
        return kind.parse(value.strip())
    except (ValueError, typed.NotAnAmount):
        raise BadPolicyValue(name=name, value=value, takes=translate(kind.takes)) from None


def shown_value(name: str, kept: str) -> int | str:
    """The value as programs read it: the rate in öre per kg as a number, the rest as words."""
    return int(kept) if name == RATE else kept


def in_force(values: Iterable[PolicyValue], name: str, day: datetime.date) -> PolicyValue | None:
    """The value that holds on `day`: the latest to begin, and of those the latest registered."""
    holding = [value for value in values if value.name == name and value.valid_from <= day]
    return max(holding, key=lambda value: (value.valid_from, value.id), default=None)
