"""What each unit loses to the shared fund, and when, if it does nothing."""

import datetime
from collections.abc import Sequence

from sqlalchemy import Connection

from klimatvaxling.language import N_, translate
from klimatvaxling.lots.register import LotLeft, lots_left
from klimatvaxling.lots.retention import Retention
from klimatvaxling.policies.register import all_values
from klimatvaxling.reports.report import AMOUNT, NUMBER, Column, Report
from klimatvaxling.units.register import directory, require_unit


def expiring_lots(lots: Sequence[LotLeft], retention: Retention, as_of: datetime.date) -> list[dict[str, object]]:
    """Each lot with its last day of use and how many days are left until then; negative where it is due already."""
    rows = []
    for lot in lots:
        last_day = retention.last_day(lot.lot_on)
        days = (datetime.date.fromisoformat(last_day) - as_of).days
        rows.append(
            {
                "lot": lot.code,
                "lot_on": lot.lot_on,
                "last_day_on": last_day,
                "days_left": days,
                "left_ore": lot.left_ore,
            }
        )
    return rows


def expiring(
    connection: Connection, as_of: datetime.date, known_at: str, within_days: int, unit_code: str | None = None
) -> Report:
    """The lots whose last day of use is at most `within_days` after `as_of`, those already due included.

    Raises `UnknownUnit`.
    """
    units = directory(connection, known_at=known_at)
    wanted = None if unit_code is None else require_unit(connection, unit_code, as_of, known_at=known_at).id
    codes = {unit.id: unit.code for unit in units.newest()}
    lots = lots_left(connection, as_of.isoformat(), known_at)
    retention = Retention(all_values(connection, known_at=known_at))
    rows = sorted(
        (
            {"unit": codes[lot.unit_id], **row}
            for lot, row in zip(lots, expiring_lots(lots, retention, as_of), strict=True)
            if (wanted is None or lot.unit_id == wanted) and int(str(row["days_left"])) <= within_days
        ),
        key=lambda row: (str(row["last_day_on"]), str(row["unit"])),
    )
    total = sum(int(str(row["left_ore"])) for row in rows)
    return Report(
        title=translate(N_("To be used within {days} days of {day}"), days=within_days, day=as_of),
        columns=(
            Column("unit", N_("Unit")),
            Column("last_day_on", N_("Last day of use")),
            Column("days_left", N_("Days left"), NUMBER),
            Column("lot", N_("Lot"), gives_way=1),
            Column("left_ore", N_("Left to use"), AMOUNT),
        ),
        rows=rows,
        total={"left_ore": total},
        document={"as_of": as_of.isoformat(), "within_days": within_days, "lots": rows, "total_ore": total},
        notes=(
            translate(N_("Amounts in kronor. On the day after the last day of use the shared fund gets what is left.")),
            translate(N_("Days below zero: due already, and not to be used.")),
        ),
        csv_keys=("unit", "lot", "lot_on", "last_day_on", "days_left", "left_ore"),
        when_empty=translate(N_("No unit loses anything in that time.")),
    )
