"""What municipal companies are invoiced (faktureringsunderlag), by the policy `company_invoicing`.

`swept`: what they did not use in time, when it goes to the shared fund. `charged`: every fee. The policy that holds on
the day a lot counts from decides for all of that lot, so that a new decision neither invoices a fee twice nor loses one.
Companies are legal persons of their own: they are invoiced, never booked against internally.
"""

import datetime
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from klimatvaxling.coding.entry import BookedLine, BookedVoucher
from klimatvaxling.coding.plan import CodingPlan, Invoicing, UnitCoding, filled
from klimatvaxling.exact import share_out
from klimatvaxling.ledger.accounts import FEE_EXPENSE, FUND_AVAILABLE, OWN_FUNDS
from klimatvaxling.units.unit import Unit

SWEPT, CHARGED = "swept", "charged"
COLUMNS = (
    *("unit", "name", "org_number", "customer_number", "period", "voucher", "booked_on", "category"),
    *("co2_g", "amount_ore", "vat_code", "coding", "reference"),
)
# What changes fees. Only here is the money of a lot what was charged; elsewhere it is what the unit did with it.
_FEE_EVENTS = ("charge", "amendment", "undo")

# The value of the policy on an ISO date.
Rule = Callable[[str], str]


@dataclass(frozen=True)
class InvoiceRow:
    """One row: a fee by category, or what was swept; a credit is negative. Amounts in öre, CO2 in grams."""

    unit: str
    name: str
    org_number: str
    customer_number: str
    period: str
    voucher: str
    booked_on: str
    category: str
    co2_g: int | None
    amount_ore: int
    vat_code: str
    coding: str
    reference: str

    def cells(self) -> tuple[str | int, ...]:
        """The row in the order of `COLUMNS`."""
        return tuple("" if (value := getattr(self, column)) is None else value for column in COLUMNS)


def invoice_rows(
    voucher: BookedVoucher, units: Mapping[int, Unit], rule: Rule, plan: CodingPlan | None
) -> list[InvoiceRow]:
    """What the voucher means for invoices. `units` are those of the booking date; `plan` codes the rows, if there is one."""
    rows: list[InvoiceRow] = []
    for unit_id in dict.fromkeys(line.unit_id for line in voucher.lines if line.unit_id is not None):
        lines = [line for line in voucher.lines if line.unit_id == unit_id]
        for category, co2_g, amount_ore, reference in (*_fees(voucher, lines, rule), *_swept(voucher, lines, rule)):
            if amount_ore:
                rows.append(_row(voucher, units[unit_id], plan, category, co2_g, amount_ore, reference))
    return rows


# category, grams, öre, reference
_Amount = tuple[str, int | None, int, str]


def _fees(voucher: BookedVoucher, lines: list[BookedLine], rule: Rule) -> Iterable[_Amount]:
    """The fees of a voucher, as far as they are of lots, or of a debt, for which every fee is invoiced."""
    fees = [line for line in lines if line.account == FEE_EXPENSE]
    if voucher.event not in _FEE_EVENTS or not fees:
        return
    reference = voucher.corrects or voucher.evidence
    moved = [line for line in lines if line.account in (OWN_FUNDS, FUND_AVAILABLE)]
    rules = {rule(line.lot_on or voucher.booked_on) for line in moved} or {rule(voucher.booked_on)}
    if CHARGED not in rules:
        return
    if rules == {CHARGED}:
        for line in fees:
            yield line.category or "", line.co2_g, line.amount_ore, reference
        return
    invoiced = -sum(line.amount_ore for line in moved if rule(line.lot_on or voucher.booked_on) == CHARGED)
    # A correction whose money comes from lots of both kinds: a part of it, without grams that would not fit.
    for line, amount_ore in zip(fees, share_out(invoiced, [line.amount_ore for line in fees]), strict=True):
        yield line.category or "", None, amount_ore, reference


def _swept(voucher: BookedVoucher, lines: list[BookedLine], rule: Rule) -> Iterable[_Amount]:
    """What the fund got from the unit's lots, or gave back, as far as it is invoiced only then."""
    moved = [
        line
        for line in lines
        if line.account == FUND_AVAILABLE and line.lot_on is not None and rule(line.lot_on) == SWEPT
    ]
    lots = " ".join(dict.fromkeys(line.lot_code for line in moved if line.lot_code))
    yield "", None, -sum(line.amount_ore for line in moved), voucher.corrects or lots


def _row(
    voucher: BookedVoucher,
    unit: Unit,
    plan: CodingPlan | None,
    category: str,
    co2_g: int | None,
    amount_ore: int,
    reference: str,
) -> InvoiceRow:
    own, usual = (plan.unit(unit.code), plan.invoicing) if plan else (UnitCoding(), Invoicing())
    facts = {
        "unit": unit.code,
        "counterpart": unit.counterpart or "",
        "cost_centre": own.cost_centre,
        "project": own.project,
    }
    return InvoiceRow(
        unit=unit.code,
        name=unit.name,
        org_number=unit.org_number or "",
        customer_number=own.customer_number,
        period=voucher.booked_on[:7],
        voucher=voucher.code,
        booked_on=voucher.booked_on,
        category=category,
        co2_g=co2_g,
        amount_ore=amount_ore,
        vat_code=own.vat_code or usual.vat_code,
        coding=filled(own.coding or usual.coding, facts),
        reference=reference,
    )


def rule_of(value_on: Callable[[datetime.date], str]) -> Rule:
    """The policy by ISO date, remembered."""
    known: dict[str, str] = {}

    def value(day: str) -> str:
        if day not in known:
            known[day] = value_on(datetime.date.fromisoformat(day))
        return known[day]

    return value
