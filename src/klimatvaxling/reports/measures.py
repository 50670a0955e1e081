"""The measures that own funds were used for, and what they should achieve: kronor per kilogram."""

import datetime

from sqlalchemy import Connection, text

from klimatvaxling.language import N_, translate
from klimatvaxling.measures.measure import cost_ore_per_kg
from klimatvaxling.reports.report import AMOUNT, WEIGHT, Column, Report
from klimatvaxling.reports.titles import title
from klimatvaxling.units.register import require_unit

_MEASURES = """
SELECT v.code AS voucher, v.booked_on, u.code AS unit, m.title, m.focus_area, m.co2_reduction_g, m.reference,
  (SELECT -sum(amount_ore) FROM posting WHERE voucher_id = v.id AND account = 'measures') AS amount_ore,
  r.code AS reversed_by
FROM measure m JOIN voucher v ON v.id = m.voucher_id JOIN unit u ON u.id = m.unit_id
  LEFT JOIN voucher r ON r.corrects_id = v.id AND r.booked_on <= :as_of AND r.registered_at <= :known_at
WHERE v.booked_on <= :as_of AND v.registered_at <= :known_at AND v.booked_on BETWEEN :first AND :last
  AND (:unit = '' OR u.code = :unit)
ORDER BY v.booked_on, v.id
"""


def measures(
    connection: Connection,
    as_of: datetime.date,
    known_at: str,
    *,
    unit_code: str | None = None,
    year: int | None = None,
) -> Report:
    """The measures booked up to `as_of`; the sums leave out those that were taken back. Raises `UnknownUnit`."""
    unit = "" if unit_code is None else require_unit(connection, unit_code, as_of, known_at=known_at).code
    span = {"first": f"{year}-01-01", "last": f"{year}-12-31"} if year else {"first": "", "last": "9999"}
    moment = {"as_of": as_of.isoformat(), "known_at": known_at, "unit": unit}
    rows: list[dict[str, object]] = []
    amount_sum = reduction_sum = described_ore = 0
    for found in connection.execute(text(_MEASURES), moment | span):
        row = found._asdict()
        row["cost_ore_per_kg"] = cost_ore_per_kg(found.amount_ore, found.co2_reduction_g)
        row["area"] = title(found.focus_area)
        if found.reversed_by is None:
            amount_sum += found.amount_ore
            reduction_sum += found.co2_reduction_g or 0
            described_ore += found.amount_ore if found.co2_reduction_g else 0
        rows.append(row)
    total = {
        "amount_ore": amount_sum,
        "co2_reduction_g": reduction_sum,
        "cost_ore_per_kg": cost_ore_per_kg(described_ore, reduction_sum),
    }
    notes = [translate(N_("Amounts in kronor. The total of kr per kg counts the measures with a stated reduction."))]
    taken_back = [f"{row['voucher']} ({row['reversed_by']})" for row in rows if row["reversed_by"]]
    if taken_back:
        notes.append(translate(N_("Taken back, not in the total: {vouchers}"), vouchers=", ".join(taken_back)))
    return Report(
        title=translate(N_("Measures up to {day}"), day=as_of),
        columns=(
            Column("booked_on", N_("Booked")),
            Column("voucher", N_("Voucher"), gives_way=2),
            Column("unit", N_("Unit")),
            Column("title", N_("Measure")),
            Column("area", N_("Focus area"), gives_way=3),
            Column("amount_ore", N_("Amount"), AMOUNT),
            Column("co2_reduction_g", N_("kg CO2 less"), WEIGHT, gives_way=1),
            Column("cost_ore_per_kg", N_("kr per kg"), AMOUNT, gives_way=1),
        ),
        rows=rows,
        total=total,
        document={
            "as_of": as_of.isoformat(),
            "measures": [{key: value for key, value in row.items() if key != "area"} for row in rows],
            "total": total,
        },
        notes=notes,
        csv_keys=(
            *(
                "voucher",
                "booked_on",
                "unit",
                "title",
                "focus_area",
                "amount_ore",
                "co2_reduction_g",
                "cost_ore_per_kg",
            ),
            *("reference", "reversed_by"),
        ),
        when_empty=translate(N_("No measures are registered yet.")),
    )
