"""The balance: what each unit was charged, has used, has lost and has left."""

import datetime
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, text

from klimatvaxling.language import N_, translate
from klimatvaxling.lots.register import lots_left
from klimatvaxling.lots.retention import Retention
from klimatvaxling.policies.register import all_values
from klimatvaxling.reports.report import AMOUNT, WEIGHT, Column, Report
from klimatvaxling.units.directory import Directory
from klimatvaxling.units.register import directory, require_unit

WARNING_DAYS = 90
SUMS = (
    "co2_g",
    "opening_ore",
    "charged_ore",
    "spent_ore",
    "swept_ore",
    "moved_ore",
    "grants_paid_ore",
    "own_funds_ore",
    "due_within_90_days_ore",
)

# What each figure is in the ledger: the account, the event where the account alone does not say it, and the sign.
_LEDGER = """
SELECT p.unit_id,
  coalesce(sum(p.co2_g), 0) AS co2_g,
  coalesce(sum(CASE WHEN p.account = 'opening' THEN p.amount_ore END), 0) AS opening_ore,
  coalesce(sum(CASE WHEN p.account = 'fee_expense' THEN p.amount_ore END), 0) AS charged_ore,
  coalesce(-sum(CASE WHEN p.account = 'measures' THEN p.amount_ore END), 0) AS spent_ore,
  coalesce(-sum(CASE WHEN p.account = 'fund_available' AND p.lot_id IS NOT NULL THEN p.amount_ore END), 0) AS swept_ore,
  coalesce(-sum(CASE WHEN p.account = 'own_funds' AND v.event IN ('merge', 'transfer') THEN p.amount_ore END), 0)
    AS moved_ore,
  coalesce(-sum(CASE WHEN p.account = 'grants_paid' THEN p.amount_ore END), 0) AS grants_paid_ore,
  coalesce(-sum(CASE WHEN p.account = 'own_funds' THEN p.amount_ore END), 0) AS own_funds_ore
FROM posting p JOIN voucher v ON v.id = p.voucher_id
WHERE v.booked_on <= :as_of AND v.registered_at <= :known_at AND p.unit_id IS NOT NULL
GROUP BY p.unit_id
"""


def balance(
    connection: Connection,
    as_of: datetime.date,
    known_at: str,
    unit_code: str | None = None,
    *,
    as_merged: bool = False,
) -> Report:
    """Every unit valid on `as_of`, with zeros where it has nothing, and every ended one with a figure.

    With `as_merged` the figures of merged units stand with the unit they are part of. Raises `UnknownUnit`.
    """
    moment = {"as_of": as_of.isoformat(), "known_at": known_at}
    units = directory(connection, known_at=known_at)
    figures = {row.unit_id: row._asdict() for row in connection.execute(text(_LEDGER), moment)}
    due = _due_by_unit(connection, as_of, moment)
    if as_merged:
        figures, due = _by_successor(units, figures), _by_successor(units, due)
    valid = {unit.id: unit for unit in units.on(as_of)}
    shown = {**{unit.id: unit for unit in units.newest() if unit.id in figures}, **valid}
    if unit_code is not None:
        wanted = require_unit(connection, unit_code, as_of, known_at=known_at)
        shown = {wanted.id: shown.get(wanted.id, wanted)}
    rows = []
    for unit in sorted(shown.values(), key=lambda unit: unit.code):
        sums: Mapping[str, object] = figures.get(unit.id, {})
        row: dict[str, object] = {"unit": unit.code, "name": unit.name, "kind": unit.kind}
        row |= {key: sums.get(key, 0) for key in SUMS[:-1]}
        row["due_within_90_days_ore"] = due.get(unit.id, 0)
        if unit_code is not None or unit.id in valid or any(row[key] for key in SUMS):
            rows.append(row)
    total = {key: sum(int(str(row[key])) for row in rows) for key in SUMS}
    return Report(
        title=translate(N_("Balance on {day}"), day=as_of),
        columns=(
            Column("unit", N_("Unit")),
            Column("name", N_("Name"), gives_way=2),
            Column("co2_g", N_("kg CO2"), WEIGHT, gives_way=1),
            Column("charged_ore", N_("Charged"), AMOUNT),
            Column("spent_ore", N_("Used"), AMOUNT),
            Column("swept_ore", N_("Swept"), AMOUNT, gives_way=1),
            Column("own_funds_ore", N_("Own funds"), AMOUNT),
            Column("due_within_90_days_ore", N_("Due in 90 days"), AMOUNT, gives_way=1),
        ),
        rows=rows,
        total=total,
        document={"as_of": as_of.isoformat(), "units": rows, "total": total},
        notes=(translate(N_("Amounts in kronor.")),),
        csv_keys=("unit", "name", "kind", *SUMS),
        when_empty=translate(N_("No units are registered. Add them with: klimatvaxling unit load FILE.csv")),
    )


def _by_successor(units: Directory, figures: Mapping[int, Any]) -> dict[int, Any]:
    """The figures of each unit with those of the units that were merged into it."""
    found: dict[int, Any] = {}
    for unit_id, value in figures.items():
        successor = units.successor(unit_id)
        if isinstance(value, Mapping):
            sums = found.setdefault(successor, dict.fromkeys(value, 0))
            found[successor] = {key: sums[key] + value[key] for key in value}
        else:
            found[successor] = found.get(successor, 0) + value
    return found


def _due_by_unit(connection: Connection, as_of: datetime.date, moment: Mapping[str, str]) -> dict[int, int]:
    """What is left in lots whose last day of use is at most 90 days away, those already due included."""
    retention = Retention(all_values(connection, known_at=moment["known_at"]))
    horizon = datetime.date.fromordinal(
        min(as_of.toordinal() + WARNING_DAYS, datetime.date.max.toordinal())
    ).isoformat()
    due: dict[int, int] = {}
    for lot in lots_left(connection, moment["as_of"], moment["known_at"]):
        if retention.last_day(lot.lot_on) <= horizon:
            due[lot.unit_id] = due.get(lot.unit_id, 0) + lot.left_ore
    return due
