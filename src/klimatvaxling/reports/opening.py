"""The receipt of opening amounts: each lot with its date and voucher, and the fund."""

import datetime
from collections.abc import Sequence

from klimatvaxling.books.opening import OpeningAmount
from klimatvaxling.language import N_, translate
from klimatvaxling.ledger.voucher import Voucher
from klimatvaxling.reports.report import AMOUNT, Column, Report
from klimatvaxling.units.unit import FUND


def opening(
    amounts: Sequence[OpeningAmount], vouchers: Sequence[Voucher], day: datetime.date, *, dry_run: bool
) -> Report:
    """What was posted, in the order of the vouchers."""
    rows = [
        {
            "unit": amount.unit.code if amount.unit else FUND,
            "lot_on": amount.lot_on if amount.unit else None,
            "amount_ore": amount.amount_ore,
            "voucher": voucher.code,
        }
        for amount, voucher in zip(amounts, vouchers, strict=True)
    ]
    total = sum(amount.amount_ore for amount in amounts)
    return Report(
        title=translate(N_("Opening amounts on {day}"), day=day),
        columns=(
            Column("unit", N_("Unit")),
            Column("lot_on", N_("Counts from")),
            Column("voucher", N_("Voucher")),
            Column("amount_ore", N_("Amount"), AMOUNT),
        ),
        rows=rows,
        total={"amount_ore": total},
        document={
            "booked_on": day.isoformat(),
            "amounts": rows,
            "total_ore": total,
            "vouchers": [voucher.code for voucher in vouchers],
            "dry_run": dry_run,
        },
        notes=(translate(N_("Amounts in kronor.")),),
        csv_keys=("unit", "lot_on", "amount_ore", "voucher"),
    )
