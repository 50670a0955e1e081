"""A unit: an administration (förvaltning) or a municipal company (bolag) that takes part in the scheme."""

import datetime
import re
from dataclasses import dataclass

from klimatvaxling import typed
from klimatvaxling.errors import InputRefused, Place
from klimatvaxling.exact import EXACT
from klimatvaxling.language import N_
from klimatvaxling.ledger.voucher import ADMINISTRATIONS, COMPANIES
from klimatvaxling.travel.personal_number import looks_like_personal_number

ADMINISTRATION = "administration"
COMPANY = "company"
KINDS = (ADMINISTRATION, COMPANY)
FUND = "FUND"
ALWAYS = datetime.date(1, 1, 1)

_CODE = re.compile(r"[A-Za-z0-9_-]{1,20}")
_COST_CENTRE = re.compile(r"[^\s,;|*]{1,40}\*?")


class BadUnitCode(InputRefused):
    """A unit code that cannot be used."""

    code = "KV-UNIT-CODE"
    message = N_("“{value}” cannot be a unit code.")
    remedy = N_("Use 1–20 of the letters A–Z, digits, hyphen and underscore. FUND is taken by the shared fund.")


class BadUnitKind(InputRefused):
    """Neither administration nor company."""

    code = "KV-UNIT-KIND"
    message = N_("“{value}” is not a kind of unit.")
    remedy = N_("Write administration (förvaltning) or company (bolag).")


class UnitNameMissing(InputRefused):
    """A unit without a name."""

    code = "KV-UNIT-NAME"
    message = N_("The unit has no name.")
    remedy = N_("Give the name the unit is known by.")


class BadOrganisationNumber(InputRefused):
    """An organisation number whose form or check digit is wrong."""

    code = "KV-ORG-NUMBER"
    message = N_("“{value}” is not a Swedish organisation number.")
    remedy = N_("Write ten digits, for example 212000-1561; the last is a check digit.")


class PersonalOrganisationNumber(InputRefused):
    """A personal identity number, which a sole trader's firm has for its organisation number."""

    code = "KV-ORG-NUMBER-PERSONAL"
    message = N_("The organisation number is a person's identity number; it is not repeated here and not kept.")
    remedy = N_("Units are administrations and municipal companies: give the company's own organisation number.")


class OrganisationNumberMissing(InputRefused):
    """A company is invoiced and needs its organisation number."""

    code = "KV-ORG-NUMBER-MISSING"
    message = N_("The company {unit} has no organisation number.")
    remedy = N_("Companies are legal persons of their own and are invoiced: give the number.")


class BadCounterpart(InputRefused):
    """A counterpart code (motpart) that is not three digits."""

    code = "KV-COUNTERPART"
    message = N_("“{value}” is not a counterpart code.")
    remedy = N_("Write three digits, as in the municipality's own list of counterparts (motpart).")


class BadCostCentre(InputRefused):
    """A cost centre that cannot be used."""

    code = "KV-COST-CENTRE"
    message = N_("“{value}” is not a cost centre.")
    remedy = N_("Write a code such as 1200, or the beginning of codes with a star: 12*.")


class BadFullTime(InputRefused):
    """A number of full-time equivalents that cannot be one."""

    code = "KV-FULL-TIME"
    message = N_("“{value}” is not a number of full-time equivalents.")
    remedy = N_("Write a number above zero with at most one decimal, for example 1234 or 1 234,5.")


@dataclass(frozen=True)
class CostCentre:
    """A cost centre (kostnadsställe): an exact code, or with `is_prefix` the beginning of codes."""

    code: str
    is_prefix: bool

    def __str__(self) -> str:
        return f"{self.code}*" if self.is_prefix else self.code


@dataclass(frozen=True)
class Unit:
    """A unit as it is called and what it owns from `valid_from` to `valid_to` (None: until further notice).

    `full_time_tenths` is its full-time equivalents (årsarbetare) in tenths, None where nobody has said.
    """

    code: str
    name: str
    kind: str
    org_number: str | None = None
    cost_centres: tuple[CostCentre, ...] = ()
    counterpart: str | None = None
    full_time_tenths: int | None = None
    valid_from: datetime.date = ALWAYS
    valid_to: datetime.date | None = None
    id: int = 0

    @property
    def series(self) -> str:
        """The series of its vouchers: companies are legal persons of their own and stand apart."""
        return COMPANIES if self.kind == COMPANY else ADMINISTRATIONS

    def valid_on(self, day: datetime.date) -> bool:
        """Whether this version of the unit covers `day`."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


def organisation_number(value: str) -> str:
    """The number as `212000-1561`; the check digit is verified.

    Raises `BadOrganisationNumber` or `PersonalOrganisationNumber`.
    """
    from stdnum.se import orgnr

    if looks_like_personal_number(value):
        raise PersonalOrganisationNumber(place=Place(column="org_number"))
    if not orgnr.is_valid(value):
        raise BadOrganisationNumber(value=value, place=Place(column="org_number"))
    return str(orgnr.format(value))


def cost_centres(values: list[str]) -> tuple[CostCentre, ...]:
    """Cost centres as typed, each exact or with a star at the end, without doubles. Raises `BadCostCentre`."""
    for value in values:
        if not _COST_CENTRE.fullmatch(value):
            raise BadCostCentre(value=value, place=Place(column="cost_centres"))
    return tuple(CostCentre(value.rstrip("*"), value.endswith("*")) for value in dict.fromkeys(values))


def full_time_tenths(value: str) -> int:
    """Full-time equivalents as typed, in tenths: `1 234,5` → 12345. Raises `BadFullTime`."""
    try:
        tenths = typed.decimal(value).scaleb(1, context=EXACT)
        if tenths == int(tenths) and tenths > 0:
            return typed.not_too_large(int(tenths), value)
    except (typed.NotANumber, typed.TooLarge):
        pass
    raise BadFullTime(value=value, place=Place(column="full_time_equivalents"))


def unit(
    code: str,
    name: str,
    kind: str,
    *,
    org_number: str = "",
    cost_centre_codes: list[str] | None = None,
    counterpart: str = "",
    full_time_equivalents: str = "",
    valid_from: datetime.date = ALWAYS,
) -> Unit:
    """A checked unit from what was typed. Raises the errors above, each with its column."""
    if not _CODE.fullmatch(code) or code.upper() == FUND:
        raise BadUnitCode(value=code, place=Place(column="code"))
    if not name.strip():
        raise UnitNameMissing(place=Place(column="name"))
    if kind not in KINDS:
        raise BadUnitKind(value=kind, place=Place(column="kind"))
    if kind == COMPANY and not org_number:
        raise OrganisationNumberMissing(unit=code, place=Place(column="org_number"))
    if counterpart and not re.fullmatch(r"[0-9]{3}", counterpart):
        raise BadCounterpart(value=counterpart, place=Place(column="counterpart"))
    return Unit(
        code=code,
        name=name.strip(),
        kind=kind,
        org_number=organisation_number(org_number) if org_number else None,
        cost_centres=cost_centres(cost_centre_codes or []),
        counterpart=counterpart or None,
        full_time_tenths=full_time_tenths(full_time_equivalents) if full_time_equivalents.strip() else None,
        valid_from=valid_from,
    )
