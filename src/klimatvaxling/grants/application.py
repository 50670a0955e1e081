"""The application for a grant (ansökan): what is asked for, what it should achieve, and who may ask."""

from collections.abc import Collection
from dataclasses import dataclass

from klimatvaxling import formats
from klimatvaxling.errors import InputRefused, StateRefused
from klimatvaxling.exact import whole_quotient
from klimatvaxling.fund.fund import require_positive
from klimatvaxling.language import N_
from klimatvaxling.measures.measure import NegativeReduction, TitleMissing
from klimatvaxling.units.unit import Unit


class KindMayNotApply(StateRefused):
    """A kind of unit that grants are not for."""

    code = "KV-GRANT-KIND"
    message = N_("{unit} may not apply: grants are for units of the kinds {allowed}.")
    remedy = N_("Who may apply is the policy grant_kinds: klimatvaxling policy history grant_kinds")


class CostTooSmall(InputRefused):
    """More money than the whole measure costs."""

    code = "KV-GRANT-COST"
    message = N_("{amount} kr is more than the whole cost of {total} kr.")
    remedy = N_("Correct --amount or --total-cost.")


class ShareTooLarge(InputRefused):
    """A larger share of the cost than a grant may cover."""

    code = "KV-GRANT-SHARE"
    message = N_("A grant covers at most {percent} % of the cost: {most} kr of {total} kr, not {amount} kr.")
    remedy = N_("Apply for less. The share is the policy grant_share: klimatvaxling policy history grant_share")


class BadLifetime(InputRefused):
    """A lifetime that is none."""

    code = "KV-GRANT-LIFETIME"
    message = N_("The lifetime must be 1 to 100 years, not {years}.")
    remedy = N_("Write for how many years the measure lowers emissions: --lifetime-years 10")


@dataclass(frozen=True)
class Application:
    """What a unit asks the fund for. `co2_reduction_g` is per year, during `lifetime_years`."""

    unit_id: int
    title: str
    requested_ore: int
    total_cost_ore: int
    co2_reduction_g: int
    lifetime_years: int
    applied_on: str
    focus_area: str = ""
    description: str = ""
    registration_number: str = ""
    round_id: int | None = None


def require_sound(application: Application) -> None:
    """Refuse an application that cannot be true.

    Raises `TitleMissing`, `AmountNotPositive`, `CostTooSmall`, `NegativeReduction` or `BadLifetime`.
    """
    if not application.title:
        raise TitleMissing
    require_positive(application.requested_ore)
    if application.requested_ore > application.total_cost_ore:
        amount, total = formats.kronor(application.requested_ore), formats.kronor(application.total_cost_ore)
        raise CostTooSmall(amount=amount, total=total)
    if application.co2_reduction_g < 0:
        raise NegativeReduction
    if not 1 <= application.lifetime_years <= 100:
        raise BadLifetime(years=application.lifetime_years)


def require_eligible(application: Application, unit: Unit, kinds: Collection[str], share_percent: int) -> None:
    """Refuse what the scheme's policies do not allow. Raises `KindMayNotApply` or `ShareTooLarge`."""
    if unit.kind not in kinds:
        raise KindMayNotApply(unit=unit.code, allowed=", ".join(sorted(kinds)))
    most = application.total_cost_ore * share_percent // 100
    if application.requested_ore > most:
        raise ShareTooLarge(
            percent=share_percent,
            most=formats.kronor(most),
            total=formats.kronor(application.total_cost_ore),
            amount=formats.kronor(application.requested_ore),
        )


def lifetime_cost_ore_per_kg(amount_ore: int, co2_reduction_g: int, lifetime_years: int) -> int | None:
    """What the fund pays for each kilogram less, over the lifetime, in whole öre; None where nothing is reduced."""
    grams = co2_reduction_g * lifetime_years
    return whole_quotient(amount_ore * 1000, grams) if grams else None
