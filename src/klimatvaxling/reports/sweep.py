"""What a sweep moves: unit by unit, lot by lot."""

import datetime

from sqlalchemy import Connection, bindparam, text

from klimatvaxling.fund.register import Swept
from klimatvaxling.language import N_, translate
from klimatvaxling.reports.report import AMOUNT, Column, Report


def swept(connection: Connection, result: Swept, day: datetime.date, *, dry_run: bool) -> Report:
    """The receipt of a sweep, or its preview."""
    keys = [take.lot_id for sweep in result.sweeps for take in sweep.takes]
    found = connection.execute(
        text("SELECT id, code FROM voucher WHERE id IN :keys").bindparams(bindparam("keys", expanding=True)),
        {"keys": keys},
    )
    codes: dict[int, str] = {row.id: row.code for row in found}
    units: list[dict[str, object]] = []
    rows: list[dict[str, object]] = []
    for sweep, voucher in zip(result.sweeps, result.vouchers, strict=True):
        lots = [
            {
                "lot": codes[take.lot_id],
                "lot_on": result.lots[take.lot_id].lot_on,
                "last_day_on": result.retention.last_day(result.lots[take.lot_id].lot_on),
                "amount_ore": take.amount_ore,
            }
            for take in sweep.takes
        ]
        of_unit = {"unit": sweep.unit.code, "voucher": voucher.code}
        units.append({**of_unit, "amount_ore": sweep.amount_ore, "lots": lots})
        rows += [of_unit | lot for lot in lots]
    total = sum(sweep.amount_ore for sweep in result.sweeps)
    title = N_("Would go to the shared fund on {day}") if dry_run else N_("To the shared fund on {day}")
    notes = [translate(N_("Amounts in kronor."))]
    if dry_run:
        notes.append(translate(N_("A dry run: nothing is posted.")))
    return Report(
        title=translate(title, day=day),
        columns=(
            Column("unit", N_("Unit")),
            Column("lot", N_("Lot")),
            Column("last_day_on", N_("Last day of use")),
            Column("voucher", N_("Voucher"), gives_way=1),
            Column("amount_ore", N_("Amount"), AMOUNT),
        ),
        rows=rows,
        total={"amount_ore": total},
        document={
            "as_of": day.isoformat(),
            "units": units,
            "total_ore": total,
            "vouchers": [voucher.code for voucher in result.vouchers],
            "dry_run": dry_run,
        },
        notes=notes,
        csv_keys=("unit", "lot", "lot_on", "last_day_on", "voucher", "amount_ore"),
        when_empty=translate(N_("Nothing is due.")),
    )
