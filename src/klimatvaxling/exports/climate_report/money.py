"""Sheets of what the money did: own measures with their effect, the shared fund, and its grants."""

import datetime
from collections.abc import Mapping
from typing import Any

from klimatvaxling.exports import chart
from klimatvaxling.exports.climate_report.units import headed
from klimatvaxling.exports.climate_report.year import ClimateYear
from klimatvaxling.exports.look import THIS_YEAR
from klimatvaxling.exports.sheet import Field, Formula, Placed, Sheet
from klimatvaxling.language import N_, translate
from klimatvaxling.ledger.events import event_title
from klimatvaxling.measures.measure import cost_ore_per_kg
from klimatvaxling.reports.titles import title
from klimatvaxling.reports.year import fund_flows

MOST_IN_A_CHART = 20
# Measures that a page takes together with their chart.
MOST_BESIDE_CHART = 12


def day(text: object) -> datetime.date | None:
    """A date of the books as a date of the workbook."""
    return datetime.date.fromisoformat(str(text)) if text else None


def measures(year: ClimateYear) -> tuple[Sheet, Placed]:
    """What units used their own funds for, in order of booking, and what a kilogram less costs."""
    sheet = headed(
        translate(N_("Measures")),
        translate(N_("Own measures {year}"), year=year.year),
        translate(N_("kr per kg where a reduction is stated. What was taken back later is not in the amount.")),
    )
    rows = [_measure(row) for row in year.measures]
    taken_back = _taken_back(year)
    if taken_back:
        text = translate(N_("Taken back in {year}, booked in it or before"), year=year.year)
        rows.append((None, None, None, text, None, taken_back, None, None, None, None))
    placed = sheet.table(
        "Measures",
        (
            Field("booked", translate(N_("Booked")), "date"),
            Field("voucher", translate(N_("Voucher"))),
            Field("unit", translate(N_("Unit"))),
            Field("title", translate(N_("Measure"))),
            Field("area", translate(N_("Focus area"))),
            Field("amount", translate(N_("Amount, kr")), "kr", summed=True),
            Field("reduction", translate(N_("kg CO2 less")), "kg", summed=True),
            Field("cost", translate(N_("kr per kg")), "kr"),
            Field("reference", translate(N_("Reference"))),
            Field("reversed", translate(N_("Taken back by"))),
        ),
        rows,
        freeze=True,
        when_empty=translate(N_("None")),
    )
    with_effect = [row for row in rows if row[7] is not None]
    if with_effect:
        sheet.skip()
        sheet.pictures.append(_measures_picture(placed, len(rows), f"A{sheet.next_row}"))
        if len(rows) > MOST_BESIDE_CHART:
            sheet.breaks.append(sheet.next_row - 1)
        else:
            sheet.one_page = True
    return sheet, placed


def _measure(row: Mapping[str, Any]) -> tuple[Any, ...]:
    reduction = None if row["reversed_by"] else row["co2_reduction_g"]
    cost = cost_ore_per_kg(row["amount_ore"], row["co2_reduction_g"])
    described = (row["title"], row["area"], row["amount_ore"], reduction, cost, row["reference"], row["reversed_by"])
    return (day(row["booked_on"]), row["voucher"], row["unit"], *described)


def _taken_back(year: ClimateYear) -> int:
    """What reversals booked in the year put back, as a negative amount in öre."""
    spent = -sum(line.amount_ore for line in year.books.now if line.account == "measures")
    return spent - sum(int(row["amount_ore"]) for row in year.measures)


def _measures_picture(placed: Placed, count: int, anchor: str) -> chart.Picture:
    shown = min(count, MOST_IN_A_CHART)
    bars = chart.rows(
        translate(N_("What a kilogram less costs, kr")),
        placed.part("title", shown),
        (chart.Line(placed.part("cost", shown), placed.heading("cost"), THIS_YEAR),),
        size=(22, 4 + 0.8 * shown),
    )
    words = translate(N_("Bars: kronor per kilogram of CO2 that each measure is expected to save."))
    return chart.Picture(bars, anchor, words)


def fund(year: ClimateYear) -> tuple[Sheet, Placed, Placed]:
    """Where the shared fund's money came from and went, and every movement."""
    sheet = headed(
        translate(N_("The shared fund")),
        translate(N_("The shared fund {year}"), year=year.year),
        translate(N_("Reserved money is in the fund until it is paid.")),
    )
    flows = fund_flows(year.books)
    sheet.widths[1] = 13
    placed = sheet.table(
        "FundFlows",
        (
            Field("flow", translate(N_("From and to"))),
            Field("amount", f"{year.year}, kr", "kr"),
            Field("before", f"{year.year - 1}, kr", "kr"),
        ),
        [(row["shown"], row["amount_ore"], row["amount_ore_before"]) for row in flows[:-1]],
    )
    cells = [("total_text", flows[-1]["shown"])]
    for letter, key in (("B", "amount_ore"), ("C", "amount_ore_before")):
        whole = Formula(f"SUM({letter}{placed.first_row}:{letter}{placed.last_row})", flows[-1][key])
        cells.append(("total_kr", whole))
    sheet.line(*cells)
    sheet.pictures.append(fund_picture(placed, year, f"D{placed.first_row - 1}", (16, 7.5)))
    sheet.skip(7)
    sheet.line(("heading", translate(N_("Movements"))))
    return sheet, placed, _movements(sheet, year)


def _movements(sheet: Sheet, year: ClimateYear) -> Placed:
    running = year.books.stood.available_ore
    rows = []
    for row in year.fund_movements:
        running += int(row["available_ore"])
        moved = (row["available_ore"], row["committed_ore"], running)
        rows.append((row["text"], *moved, day(row["booked_on"]), row["voucher"], event_title(str(row["event"]))))
    return sheet.table(
        "FundMovements",
        (
            Field("text", translate(N_("Text")), width=60),
            Field("available", translate(N_("Available, kr")), "kr", summed=True),
            Field("committed", translate(N_("Reserved, kr")), "kr", summed=True),
            Field("running", translate(N_("Available after, kr")), "kr"),
            Field("booked", translate(N_("Booked")), "date"),
            Field("voucher", translate(N_("Voucher"))),
            Field("event", translate(N_("Event"))),
        ),
        rows,
        repeat=True,
        when_empty=translate(N_("None")),
    )


def fund_picture(placed: Placed, year: ClimateYear, anchor: str, size: tuple[float, float]) -> chart.Picture:
    """The flows as lying bars: money in to the right, money out to the left."""
    bars = chart.rows(
        translate(N_("Where the fund's money came from and went {year}, kr"), year=year.year),
        placed.column("flow"),
        (chart.Line(placed.column("amount"), placed.heading("amount"), THIS_YEAR),),
        size=size,
    )
    words = translate(
        N_("Bars: what came into the shared fund, to the right, and what went out of it, to the left, in kronor.")
    )
    return chart.Picture(bars, anchor, words)


def grants(year: ClimateYear) -> tuple[Sheet, Placed]:
    """The grants of the year: applied for, granted, paid, returned, and what they should achieve."""
    sheet = headed(
        translate(N_("Grants")),
        translate(N_("Grants {year}"), year=year.year),
        translate(
            N_("Applied for, granted, paid, returned: those of {year}. kr per kg over the lifetime."),
            year=year.year,
        ),
    )
    rows = [
        (
            row["id"],
            row["unit"],
            row["title"],
            title(row["state"]),
            row["registration_number"],
            row["applied_in_year_ore"],
            row["granted_in_year_ore"],
            row["paid_in_year_ore"],
            row["returned_in_year_ore"],
            row["reserved_ore"],
            row["total_cost_ore"],
            row["co2_reduction_g"],
            row["lifetime_years"],
            row["cost_ore_per_kg"],
            row["outcome_co2_reduction_g"],
        )
        for row in year.grants
    ]
    return sheet, sheet.table(
        "Grants",
        (
            Field("id", translate(N_("No.")), "count"),
            Field("unit", translate(N_("Unit"))),
            Field("title", translate(N_("Title"))),
            Field("state", translate(N_("State"))),
            Field("number", translate(N_("Registration number"))),
            Field("applied", translate(N_("Applied for, kr")), "kr", summed=True),
            Field("granted", translate(N_("Granted, kr")), "kr", summed=True),
            Field("paid", translate(N_("Paid, kr")), "kr", summed=True),
            Field("returned", translate(N_("Returned, kr")), "kr", summed=True),
            Field("reserved", translate(N_("Reserved, kr")), "kr", summed=True),
            Field("cost", translate(N_("Whole cost, kr")), "kr", summed=True),
            Field("benefit", translate(N_("kg CO2 less per year")), "kg", summed=True),
            Field("lifetime", translate(N_("Lifetime in years")), "count"),
            Field("cost_per_kg", translate(N_("kr per kg")), "kr"),
            Field("outcome", translate(N_("kg CO2 less per year, reported")), "kg", summed=True, width=16),
        ),
        rows,
        freeze=True,
        key_columns=3,
        when_empty=translate(N_("None")),
    )
