"""The measure: a unit's own funds used for lowering its emissions, oldest lot first, within each lot's year."""

from dataclasses import dataclass

from klimatvaxling import formats
from klimatvaxling.errors import InputRefused, StateRefused
from klimatvaxling.exact import whole_quotient
from klimatvaxling.fund.fund import require_positive
from klimatvaxling.language import N_
from klimatvaxling.ledger.accounts import MEASURES
from klimatvaxling.ledger.voucher import Posting, VoucherDraft
from klimatvaxling.lots.lot import take_oldest_first
from klimatvaxling.lots.own_funds import OwnFunds, taken
from klimatvaxling.lots.retention import Retention
from klimatvaxling.units.unit import Unit


class OwnFundsShort(StateRefused):
    """More than the unit may use on that day."""

    code = "KV-OWN-FUNDS-SHORT"
    message = N_("{unit} has {available} kr to use on {day}; {missing} kr are missing.")
    remedy = N_("Use at most what there is. See every lot and its last day with: klimatvaxling statement --unit {unit}")
    explanation = N_(
        "A unit may use the fees of a charge up to and including the same date one year after it was booked. What was"
        " not used by then is due to the shared fund and cannot be used, whether it was swept yet or not. A use dated"
        " back can take no more than what is left on that day and every later one."
    )


class TitleMissing(InputRefused):
    """A measure or an application that says nothing."""

    code = "KV-TITLE-MISSING"
    message = N_("The title is empty.")
    remedy = N_("Say in a few words what the money is for: --title TEXT")


class NegativeReduction(InputRefused):
    """Emissions that would rise."""

    code = "KV-REDUCTION-NEGATIVE"
    message = N_("The CO2 reduction cannot be less than zero.")
    remedy = N_("Write the expected reduction in kilograms, for example 250.")


@dataclass(frozen=True)
class Measure:
    """What the money is for. `co2_reduction_g` is the whole expected reduction, None where nobody has said."""

    title: str
    focus_area: str = ""
    co2_reduction_g: int | None = None
    reference: str = ""


def measure(title: str, *, focus_area: str = "", co2_reduction_g: int | None = None, reference: str = "") -> Measure:
    """A measure as described. Raises `TitleMissing` or `NegativeReduction`."""
    if not title.strip():
        raise TitleMissing
    if co2_reduction_g is not None and co2_reduction_g < 0:
        raise NegativeReduction
    return Measure(" ".join(title.split()), focus_area, co2_reduction_g, reference.strip())


def measure_voucher(
    unit: Unit, funds: OwnFunds, retention: Retention, amount_ore: int, booked_on: str, what: Measure, description: str
) -> VoucherDraft:
    """The voucher that uses own funds for a measure. Raises `AmountNotPositive` or `OwnFundsShort`."""
    require_positive(amount_ore)
    usable = [lot for lot in funds.lots.values() if not retention.is_due(lot.lot_on, booked_on)]
    takes, missing = take_oldest_first(usable, amount_ore, booked_on)
    if missing:
        available = formats.kronor(amount_ore - missing)
        raise OwnFundsShort(unit=unit.code, available=available, missing=formats.kronor(missing), day=booked_on)
    postings = (*taken(unit.id, takes), Posting(MEASURES, -amount_ore, unit.id))
    return VoucherDraft(unit.series, booked_on, "measure", description, postings, evidence=what.reference)


def cost_ore_per_kg(amount_ore: int, co2_reduction_g: int | None) -> int | None:
    """What a kilogram less costs, in whole öre; None where nothing is reduced."""
    return whole_quotient(amount_ore * 1000, co2_reduction_g) if co2_reduction_g else None
