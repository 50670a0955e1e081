"""A unit's statement: what came in and went out of its own funds, the balance after each, and what it loses when."""

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, text

from klimatvaxling import formats
from klimatvaxling.language import N_, translate
from klimatvaxling.lots.register import lots_left
from klimatvaxling.lots.retention import Retention
from klimatvaxling.policies.register import all_values
from klimatvaxling.reports.expiring import expiring_lots
from klimatvaxling.reports.report import AMOUNT, WEIGHT, Column, Report
from klimatvaxling.reports.titles import title
from klimatvaxling.units.register import require_unit

# Every line of the unit but own funds says what its own funds gained or lost by it: a voucher sums to zero. Where a
# voucher has none of its own funds (a grant), the line is for information. Moves between units are own funds only.
_LINES = """
SELECT v.id, v.code, v.booked_on, v.event, v.description, p.account, c.category, a.title AS application,
  m.title AS measure, sum(p.amount_ore) AS amount_ore, sum(p.co2_g) AS co2_g,
  (SELECT -sum(o.amount_ore) FROM posting o
   WHERE o.voucher_id = v.id AND o.unit_id = :unit AND o.account = 'own_funds') AS own_ore
FROM posting p JOIN voucher v ON v.id = p.voucher_id
  LEFT JOIN charge c ON c.id = p.charge_id LEFT JOIN application a ON a.id = v.application_id
  LEFT JOIN measure m ON m.voucher_id = coalesce(v.corrects_id, v.id)
WHERE p.unit_id = :unit AND (p.account <> 'own_funds' OR v.event IN ('merge', 'transfer'))
  AND v.booked_on <= :as_of AND v.registered_at <= :known_at
GROUP BY v.id, v.code, v.booked_on, v.event, v.description, p.account, c.category, a.title, m.title
ORDER BY v.booked_on, v.id, min(p.line)
"""


def statement(
    connection: Connection, unit_code: str, as_of: datetime.date, known_at: str, year: int | None = None
) -> Report:
    """The statement up to `as_of`; of one year where `year` is given, after what there was before it.

    Raises `UnknownUnit`.
    """
    unit = require_unit(connection, unit_code, as_of, known_at=known_at)
    moment = {"unit": unit.id, "as_of": as_of.isoformat(), "known_at": known_at}
    first, last = (f"{year}-01-01", f"{year}-12-31") if year else ("", "9999")
    rows: list[dict[str, object]] = []
    balance = before = 0
    for line in connection.execute(text(_LINES), moment):
        amount = _own_funds_change(line)
        balance += amount
        if line.booked_on < first:
            before = balance
            continue
        if line.booked_on > last:
            balance -= amount
            continue
        grant_ore = -line.amount_ore if line.account == "grants_paid" else None
        rows.append(
            {
                "booked_on": line.booked_on,
                "voucher": line.code,
                "event": line.event,
                "category": line.category,
                "text": _text(line),
                "co2_g": line.co2_g,
                "amount_ore": None if grant_ore is not None else amount,
                "grant_ore": grant_ore,
                "balance_ore": balance,
            }
        )
    if year:
        rows.insert(
            0, {"booked_on": first, "event": "before", "text": translate(N_("From last year")), "balance_ore": before}
        )
    lots = [lot for lot in lots_left(connection, as_of.isoformat(), known_at) if lot.unit_id == unit.id]
    expiring = expiring_lots(lots, Retention(all_values(connection, known_at=known_at)), as_of)
    return Report(
        title=translate(N_("Statement of {unit} {name} on {day}"), unit=unit.code, name=unit.name, day=as_of),
        columns=(
            Column("booked_on", N_("Booked")),
            Column("voucher", N_("Voucher"), gives_way=2),
            Column("text", N_("Text")),
            Column("co2_g", N_("kg CO2"), WEIGHT, gives_way=3),
            *((Column("grant_ore", N_("Grants"), AMOUNT),) if any(row.get("grant_ore") for row in rows) else ()),
            Column("amount_ore", N_("In and out"), AMOUNT),
            Column("balance_ore", N_("Balance"), AMOUNT),
        ),
        rows=_fees_by_month(rows),
        document={
            "unit": unit.code,
            "name": unit.name,
            "kind": unit.kind,
            "as_of": as_of.isoformat(),
            "year": year,
            "before_ore": before,
            "entries": [row for row in rows if row["event"] != "before"],
            "balance_ore": balance,
            "expiring": expiring,
        },
        notes=_notes(expiring, balance),
        csv_keys=(
            *("booked_on", "voucher", "event", "category", "text", "co2_g", "amount_ore", "grant_ore", "balance_ore"),
        ),
        when_empty=translate(N_("Nothing is posted for {unit} yet."), unit=unit.code),
    )


def _own_funds_change(line: Any) -> int:
    """What the line adds to or takes from the unit's own funds, in öre."""
    if line.own_ore is None:
        return 0
    return -line.amount_ore if line.account == "own_funds" else int(line.amount_ore)


def _text(line: Any) -> str:
    """What the line is about, in a few words."""
    if line.account == "fee_expense":
        subject = N_("Fee: {what}") if line.event == "charge" else N_("Correction: {what}")
        return translate(subject, what=title(line.category))
    if line.account == "measures":
        return translate(
            N_("Measure: {title}") if line.amount_ore < 0 else N_("Measure taken back: {title}"), title=line.measure
        )
    if line.account == "fund_available":
        return translate(N_("To the shared fund") if line.amount_ore < 0 else N_("Given back by the shared fund"))
    if line.account == "grants_paid":
        paid = line.amount_ore < 0
        return translate(N_("Grant paid: {title}") if paid else N_("Grant returned: {title}"), title=line.application)
    if line.account == "opening":
        return translate(N_("Opening amount"))
    return str(line.description)


def _fees_by_month(rows: Sequence[dict[str, object]]) -> list[dict[str, object]]:
    """The fees of one booking date and category in one row, whichever files they came with: for people to read."""
    shown: list[dict[str, object]] = []
    places: dict[tuple[object, object], int] = {}
    for row in sorted(rows, key=lambda row: (row["booked_on"], row["event"] not in ("before", "charge"))):
        key = (row["booked_on"], row["category"] if row["event"] == "charge" else row.get("voucher"))
        if row["event"] != "charge" or key not in places:
            places[key] = len(shown)
            shown.append(dict(row))
            continue
        held = shown[places[key]]
        held["co2_g"] = _int(held["co2_g"]) + _int(row["co2_g"])
        held["amount_ore"] = _int(held["amount_ore"]) + _int(row["amount_ore"])
        held["voucher"] = f"{str(held['voucher']).removesuffix('…')}…"
    balance = 0
    for row in shown:
        balance = _int(row["balance_ore"]) if row["event"] == "before" else balance + _int(row["amount_ore"])
        row["balance_ore"] = balance
    return shown


def _int(value: object) -> int:
    return int(str(value or 0))


def _notes(expiring: Sequence[Mapping[str, object]], balance: int) -> tuple[str, ...]:
    lines = [translate(N_("Amounts in kronor."))]
    if balance < 0:
        lines.append(
            translate(N_("The debt of {amount} kr is filled by the next fees."), amount=formats.kronor(-balance))
        )
    by_day: dict[tuple[str, bool], int] = {}
    for row in expiring:
        day = (str(row["last_day_on"]), _int(row["days_left"]) < 0)
        by_day[day] = by_day.get(day, 0) + _int(row["left_ore"])
    due = [amount for (_, is_due), amount in by_day.items() if is_due]
    if due:
        lines.append(
            translate(N_("Out of time, goes to the shared fund: {amount} kr"), amount=formats.kronor(sum(due)))
        )
    lines += [
        translate(N_("To be used by {day} at the latest: {amount} kr"), day=day, amount=formats.kronor(amount))
        for (day, is_due), amount in sorted(by_day.items())
        if not is_due
    ]
    return tuple(lines)
