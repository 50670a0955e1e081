"""Sheets of the units: the year's money, kilograms and kronor by category, and kilograms by month."""

from openpyxl.formatting.rule import ColorScaleRule

from klimatvaxling.exact import whole_quotient
from klimatvaxling.exports.climate_report.year import ClimateYear
from klimatvaxling.exports.sheet import Field, Placed, Sheet
from klimatvaxling.language import N_, translate
from klimatvaxling.reports.full_time import per_full_time
from klimatvaxling.reports.titles import title
from klimatvaxling.reports.year import CATEGORIES
from klimatvaxling.reports.year_sums import Figures, figures_by
from klimatvaxling.units.unit import Unit


def change(value: int, before: int) -> int | None:
    """The change in per mille, rounded half up; None where there was nothing before."""
    return whole_quotient((value - before) * 1000, abs(before)) if before else None


def headed(name: str, heading: str, *notes: str, landscape: bool = True) -> Sheet:
    """A sheet with its heading and what is to be known about it."""
    sheet = Sheet(name, landscape=landscape)
    sheet.line(("title", heading))
    for note in notes:
        sheet.line(("note", note))
    sheet.skip()
    return sheet


def _shown(year: ClimateYear) -> list[tuple[Unit, Figures, Figures]]:
    """The units in force in the year, and any other with a figure, those with most emissions first."""
    now = figures_by(year.books.now, lambda line: line.unit_id)
    before = figures_by(year.books.before, lambda line: line.unit_id)
    wanted = set().union(*year.in_force.values()) | (now.keys() | before.keys()) - {None}
    rows = [(year.units[key], now.get(key, Figures()), before.get(key, Figures())) for key in wanted if key is not None]
    return sorted(rows, key=lambda row: (-row[1].co2_g, row[0].code))


def units(year: ClimateYear) -> tuple[Sheet, Placed]:
    """What each unit emitted, paid, used, lost and has left."""
    sheet = headed(
        translate(N_("Units")),
        translate(N_("Units {year}"), year=year.year),
        translate(
            N_("Own funds: before + fees + opening − used − to the fund + moved = left. Kronor by booking date.")
        ),
    )
    rows = []
    for unit, now, before in _shown(year):
        had = year.books.stood_by_unit.get(unit.id, Figures()).own_funds_ore
        rows.append(
            (
                unit.code,
                unit.name,
                title(unit.kind),
                now.co2_g,
                before.co2_g,
                change(now.co2_g, before.co2_g),
                had,
                now.charged_ore,
                now.opening_ore,
                now.spent_ore,
                now.swept_ore,
                now.moved_ore,
                had + now.own_funds_ore,
                now.grants_paid_ore,
            )
        )
    fields = (
        Field("unit", translate(N_("Unit"))),
        Field("name", translate(N_("Name"))),
        Field("kind", translate(N_("Kind"))),
        Field("co2", translate(N_("kg CO2 {year}"), year=year.year), "kg", summed=True),
        Field("co2_before", translate(N_("kg CO2 {year}"), year=year.year - 1), "kg", summed=True),
        Field("change", translate(N_("Change")), "change"),
        Field("before", translate(N_("Own funds before, kr")), "kr", summed=True),
        Field("charged", translate(N_("Fees, kr")), "kr", summed=True),
        Field("opening", translate(N_("Opening, kr")), "kr", summed=True),
        Field("spent", translate(N_("Used, kr")), "kr", summed=True),
        Field("swept", translate(N_("To the fund, kr")), "kr", summed=True),
        Field("moved", translate(N_("Moved, kr")), "kr", summed=True),
        Field("own_funds", translate(N_("Own funds left, kr")), "kr", summed=True),
        Field("grants", translate(N_("Grants, net, kr")), "kr", summed=True),
    )
    return sheet, sheet.table("Units", fields, rows, freeze=True, key_columns=2)


def categories(year: ClimateYear) -> tuple[Sheet, Placed]:
    """Kilograms and kronor of each unit by category."""
    sheet = headed(
        translate(N_("Categories")),
        translate(N_("Units and categories {year}"), year=year.year),
        translate(N_("Kilograms of fossil CO2 and fees in kronor, by booking date.")),
    )
    found = figures_by(year.books.now, lambda line: (line.unit_id, line.category))
    sums = figures_by(year.books.now, lambda line: line.category)
    # Fees that name no category are shown only where there are any: every total must come out.
    shown = [*CATEGORIES, *sorted(key for key in sums if key not in CATEGORIES and sums[key].charged_ore)]
    rows = []
    for unit, now, _ in _shown(year):
        of_unit = [found.get((unit.id, category), Figures()) for category in shown]
        grams, fees = [each.co2_g for each in of_unit], [each.charged_ore for each in of_unit]
        tenths = year.full_time.get(unit.id)
        per = (tenths, per_full_time(now.co2_g, tenths), per_full_time(now.charged_ore, tenths))
        rows.append((unit.code, unit.name, *grams, now.co2_g, *fees, now.charged_ore, *(per if year.full_time else ())))
    headings = [title(category) or translate(N_("Other")) for category in shown]
    fields = (
        Field("unit", translate(N_("Unit"))),
        Field("name", translate(N_("Name"))),
        *(Field(f"kg_{n}", f"{heading}, kg", "kg", summed=True) for n, heading in enumerate(headings)),
        Field("kg", translate(N_("Total, kg")), "kg", summed=True),
        *(Field(f"kr_{n}", f"{heading}, kr", "kr", summed=True) for n, heading in enumerate(headings)),
        Field("kr", translate(N_("Total, kr")), "kr", summed=True),
        *(_per_full_time() if year.full_time else ()),
    )
    return sheet, sheet.table("Categories", fields, rows, freeze=True, can_filter=True, key_columns=2)


def _per_full_time() -> tuple[Field, ...]:
    """How units of different size compare; not summed, since not every unit's size need be known."""
    return (
        Field("full_time", translate(N_("Full-time equivalents")), "tenths", width=13),
        Field("kg_per", translate(N_("kg per full-time equivalent")), "kg", width=13),
        Field("kr_per", translate(N_("kr per full-time equivalent")), "kr", width=13),
    )


def unit_months(year: ClimateYear) -> tuple[Sheet, Placed]:
    """Kilograms of each unit by booking month."""
    sheet = headed(
        translate(N_("Units by month")),
        translate(N_("Units by month {year}"), year=year.year),
        translate(N_("Kilograms of fossil CO2 by booking month; darker is more.")),
    )
    found = figures_by(year.books.now, lambda line: (line.unit_id, line.month))
    rows = [
        (
            unit.code,
            unit.name,
            *(found.get((unit.id, month), Figures()).co2_g for month in year.months),
            now.co2_g,
        )
        for unit, now, _ in _shown(year)
    ]
    fields = (
        Field("unit", translate(N_("Unit"))),
        Field("name", translate(N_("Name"))),
        *(Field(month, month, "kg", summed=True) for month in year.months),
        Field("kg", translate(N_("Total, kg")), "kg", summed=True),
    )
    placed = sheet.table("UnitMonths", fields, rows, freeze=True, can_filter=True, key_columns=2)
    first, last = placed.letters[year.months[0]], placed.letters[year.months[-1]]
    scale = ColorScaleRule(start_type="num", start_value=0, start_color="FFFFFF", end_type="max", end_color="8FC3AE")
    sheet.rules.append((f"{first}{placed.first_row}:{last}{placed.last_row}", scale))
    return sheet, placed
