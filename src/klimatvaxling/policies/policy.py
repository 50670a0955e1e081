"""The policies: decided rules of the scheme. Values are dated data; the day a rule applies to picks its value."""

import datetime
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from klimatvaxling import typed
from klimatvaxling.errors import InputRefused, UsageFault
from klimatvaxling.language import N_, translate

RATE = "rate"
RETENTION = "retention"
COMPANY_INVOICING = "company_invoicing"
REQUIRE_SECOND_PERSON = "require_second_person"
GRANT_KINDS = "grant_kinds"
GRANT_SHARE = "grant_share"
GRANT_OUTSIDE_ROUND = "grant_outside_round"
GRANT_CRITERIA = "grant_criteria"
FOCUS_AREAS = "focus_areas"
VEHICLE_SOURCE = "vehicle_source"

ONE_YEAR_FROM_BOOKING = "one_year_from_booking"
END_OF_NEXT_YEAR = "end_of_next_year"
EVERY_SOURCE = "every"
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
    """Something decided without the decision behind it."""

    code = "KV-DECISION-MISSING"
    message = N_("The decision is missing.")
    remedy = N_("Name the decision behind it, for example its diarienummer: --decision REF")


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


# What holds where nothing was decided. The focus areas are Eskilstuna's (Klimatkontrakt 2030), the criteria Växjö's.
DEFAULTS = {
    RETENTION: ONE_YEAR_FROM_BOOKING,
    COMPANY_INVOICING: "swept",
    REQUIRE_SECOND_PERSON: "on",
    GRANT_KINDS: "administration",
    GRANT_SHARE: "100",
    GRANT_OUTSIDE_ROUND: "refused",
    GRANT_CRITERIA: "climate_benefit:1,innovation:1,reach:1",
    FOCUS_AREAS: "travel|energy|construction|consumption|carbon_storage",
    VEHICLE_SOURCE: EVERY_SOURCE,
}


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


def _percent(value: str) -> str:
    percent = typed.decimal(value.removesuffix("%").strip())
    if percent != int(percent) or not 1 <= percent <= 100:
        raise ValueError(value)
    return str(int(percent))


def _unit_kinds(value: str) -> str:
    kinds = sorted({kind.strip() for kind in value.split(",")})
    if not set(kinds) <= {"administration", "company"}:
        raise ValueError(value)
    return ",".join(kinds)


def _criteria(value: str) -> str:
    return ",".join(f"{name}:{weight}" for name, weight in criteria(value).items())


def criteria(value: str) -> dict[str, int]:
    """The criteria of a ranking with their weights, from `climate_benefit:2,innovation:1`. Raises ValueError."""
    found: dict[str, int] = {}
    for part in value.split(","):
        name, _, weight = part.strip().casefold().partition(":")
        if not re.fullmatch(r"[\w-]{1,40}", name) or not re.fullmatch(r"[1-9][0-9]?", weight or "1") or name in found:
            raise ValueError(value)
        found[name] = int(weight or 1)
    return found


def _source(value: str) -> str:
    if not re.fullmatch(r"\w[\w .-]{0,59}", value):
        raise ValueError(value)
    return value


def _names(value: str) -> str:
    names = [name.strip() for name in value.split("|")]
    if not all(names) or len({name.casefold() for name in names}) != len(names):
        raise ValueError(value)
    return "|".join(names)


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
        PolicyKind(
            GRANT_KINDS,
            N_("Which kinds of units may apply for grants"),
            "administration | company | administration,company",
            _unit_kinds,
        ),
        PolicyKind(
            GRANT_SHARE,
            N_("The largest share of a measure's cost that a grant may cover, in percent"),
            N_("a percentage from 1 to 100"),
            _percent,
        ),
        PolicyKind(
            GRANT_OUTSIDE_ROUND,
            N_("Whether applications are taken outside the rounds"),
            "refused | allowed",
            _one_of("refused", "allowed"),
        ),
        PolicyKind(
            GRANT_CRITERIA,
            N_("The criteria that applications are scored by, with their weights"),
            N_("names with weights, for example climate_benefit:2,innovation:1,reach:1"),
            _criteria,
        ),
        PolicyKind(
            FOCUS_AREAS,
            N_("The focus areas of measures and grants"),
            N_("names with a bar between them, for example travel|energy"),
            _names,
        ),
        PolicyKind(
            VEHICLE_SOURCE,
            N_("The source that charges a vehicle where the vehicle register names none; the trip's date picks it"),
            N_("every, or the name of one source, for example tankkort"),
            _source,
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
    except (ValueError, typed.NotAnAmount, typed.NotANumber, typed.TooLarge):
        raise BadPolicyValue(name=name, value=value, takes=translate(kind.takes)) from None


def required_decision(decision: str) -> str:
    """The reference to a decision, trimmed. Raises `DecisionMissing`."""
    if not decision.strip():
        raise DecisionMissing
    return decision.strip()


def shown_value(name: str, kept: str) -> int | str:
    """The value as programs read it: the rate in öre per kg as a number, the rest as words."""
    return int(kept) if name == RATE else kept


def value_on(values: Iterable[PolicyValue], name: str, day: datetime.date) -> str:
    """The value that holds on `day`, or the default where none was ever decided for that day."""
    decided = in_force(values, name, day)
    return decided.value if decided else DEFAULTS[name]


def in_force(values: Iterable[PolicyValue], name: str, day: datetime.date) -> PolicyValue | None:
    """The value that holds on `day`: the latest to begin, and of those the latest registered."""
    holding = [value for value in values if value.name == name and value.valid_from <= day]
    return max(holding, key=lambda value: (value.valid_from, value.id), default=None)
