"""The files that leave: made whole in memory from the books, before anything is written."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection, text

from klimatvaxling import __version__
from klimatvaxling.coding.entry import BookedVoucher, EntryLine, not_eliminated
from klimatvaxling.coding.plan import CodingPlan, plan_on
from klimatvaxling.coding.vouchers import Desk, Span, booked
from klimatvaxling.handovers.invoice import InvoiceRow, invoice_rows, rule_of
from klimatvaxling.handovers.sie import Names, Sender, SieVoucher, object_names, sie_file
from klimatvaxling.ledger.voucher import ADMINISTRATIONS, COMPANIES
from klimatvaxling.policies.policy import COMPANY_INVOICING, value_on
from klimatvaxling.policies.register import all_values


class Unmirrored(Exception):
    """Internal lines that leave something over, which no plan on record allows: a fault of the program."""


@dataclass(frozen=True)
class Coded:
    """A voucher with its lines and the plan they follow."""

    voucher: BookedVoucher
    lines: Sequence[EntryLine]
    plan: CodingPlan


def coded_vouchers(connection: Connection, span: Span) -> list[Coded]:
    """The vouchers of administrations and the fund, coded.

    Raises `CodingMissing`, `TemplateMissing`, `CostCentreMissing` or `CounterpartMissing`.
    """
    desk = Desk.of(connection, span.known_at)
    found = []
    for voucher in booked(connection, replace(span, series=ADMINISTRATIONS)):
        plan, lines = desk.plan_for(voucher), desk.entry(voucher)
        if not_eliminated(lines, plan):
            raise Unmirrored(voucher.code)
        found.append(Coded(voucher, lines, plan))
    return found


def sie_bytes(connection: Connection, vouchers: Sequence[Coded], day: datetime.date, by: str) -> bytes:
    """The vouchers as a SIE 4I file made on `day`."""
    book = connection.execute(text("SELECT organisation, org_number FROM book")).one()
    sender = Sender(book.organisation, book.org_number or "", __version__, day.isoformat(), by)
    written = [SieVoucher(each.voucher, each.lines, each.plan.accounts, each.plan.dimensions) for each in vouchers]
    plans = {id(each.plan): each.plan for each in vouchers}
    names = object_names([_unit_names(connection), *(plan.names for plan in plans.values())])
    return sie_file(sender, written, names)


def invoices(connection: Connection, span: Span) -> list[InvoiceRow]:
    """What companies are invoiced by the vouchers of a span, by unit and then voucher."""
    desk = Desk.of(connection, span.known_at)
    values = all_values(connection, known_at=span.known_at)
    rule = rule_of(lambda day: value_on(values, COMPANY_INVOICING, day))
    rows = [
        row
        for voucher in booked(connection, replace(span, series=COMPANIES), with_shares=False)
        for row in invoice_rows(
            voucher,
            desk.units.on(voucher.booked_on),
            rule,
            plan_on(desk.plans, datetime.date.fromisoformat(voucher.booked_on)),
        )
    ]
    return sorted(rows, key=lambda row: (row.unit, row.booked_on))


def _unit_names(connection: Connection) -> Names:
    """What units are called where their codes stand."""
    units = Desk.of(connection).units.units.newest()
    by_counterpart: dict[str, str] = {}
    for unit in units:
        if unit.counterpart:
            known = by_counterpart.get(unit.counterpart)
            by_counterpart[unit.counterpart] = f"{known}, {unit.name}" if known else unit.name
    return {
        "counterpart": by_counterpart,
        "object": {unit.code: unit.name for unit in units},
        "responsibility": {unit.code: unit.name for unit in units},
    }
