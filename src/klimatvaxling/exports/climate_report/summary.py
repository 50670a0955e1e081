"""The first sheet: the key figures with their change from last year, and the year in pictures."""

from collections.abc import Callable, Mapping

from openpyxl.utils import quote_sheetname

from klimatvaxling.exports import chart
from klimatvaxling.exports.climate_report.money import MOST_IN_A_CHART, fund_picture
from klimatvaxling.exports.climate_report.months import monthly_picture
from klimatvaxling.exports.climate_report.units import change, headed
from klimatvaxling.exports.climate_report.year import ClimateYear
from klimatvaxling.exports.look import LAST_YEAR, THIS_YEAR
from klimatvaxling.exports.sheet import Field, Placed, Sheet
from klimatvaxling.language import N_, translate
from klimatvaxling.reports.foot import SHOWN_OF_HEAD, chain_note, second_person_note
from klimatvaxling.reports.titles import title
from klimatvaxling.reports.year import CATEGORIES, key_figures
from klimatvaxling.reports.year_page import FIGURE_TITLES
from klimatvaxling.reports.year_sums import Figures, figures_by

# What other documents may refer to; the same names in every language.
NAMES = {
    "co2_g": "CO2_kg",
    "car_g": "Car_kg",
    "flight_g": "Flight_kg",
    "charged_ore": "Fees_SEK",
    "spent_ore": "Used_SEK",
    "swept_ore": "To_fund_SEK",
    "grants_paid_ore": "Grants_net_SEK",
    "own_funds_ore": "Own_funds_SEK",
    "available_ore": "Fund_available_SEK",
    "committed_ore": "Fund_reserved_SEK",
}
# Of charts, in centimetres: as wide as the tables; and of a row, for what stands below a chart.
_WIDTH, _HEIGHT, _ROW = 18.5, 7.5, 0.53
_ROWS = round(_HEIGHT / _ROW) + 1


def summary(year: ClimateYear, placed: Mapping[str, Placed]) -> tuple[Sheet, dict[str, str]]:
    """Key figures and pictures; gives the named ranges too."""
    sheet = Sheet(translate(N_("Summary")), landscape=False)
    sheet.widths |= {1: 40, 2: 19, 3: 19, 4: 15}
    sheet.one_page = True
    sheet.line(("title", translate(N_("Climate report {year}"), year=year.year)))
    sheet.line(("heading", year.organisation))
    sheet.line(("note", translate(N_("Internal climate exchange, as booked up to {day}."), day=year.as_of)))
    sheet.line(("note", chain_note(year.chain.head[:SHOWN_OF_HEAD], year.chain.vouchers)) if year.chain.head else None)
    if not year.needs_second_person:
        sheet.line(("warning", second_person_note()))
    if not year.books.is_whole:
        sheet.line(
            ("warning", translate(N_("The year is not over: the year before is counted up to the same day of it.")))
        )
    sheet.skip()
    names = _figures(sheet, year)
    sheet.skip()
    categories = _categories(sheet, year)
    sheet.skip()
    _pictures(sheet, year, placed, categories)
    return sheet, names


def _figures(sheet: Sheet, year: ClimateYear) -> dict[str, str]:
    sheet.line(
        ("head_text", translate(N_("Key figures"))),
        ("head_number", str(year.year)),
        ("head_number", str(year.year - 1)),
        ("head_number", translate(N_("Change"))),
    )
    names = {}
    for row in key_figures(year.books):
        figure, kind = row["figure"], "kg" if row["figure"].endswith("_g") else "kr"
        per_mille = change(row["value"], row["value_before"])
        cells = ((kind, row["value"]), (kind, row["value_before"]), ("change", per_mille))
        number = sheet.line(("text", translate(FIGURE_TITLES[figure])), *cells)
        names[NAMES[figure]] = f"{quote_sheetname(sheet.title)}!$B${number}"
        names[f"{NAMES[figure]}_before"] = f"{quote_sheetname(sheet.title)}!$C${number}"
    return names


def _categories(sheet: Sheet, year: ClimateYear) -> Placed:
    now = figures_by(year.books.now, lambda line: line.category)
    before = figures_by(year.books.before, lambda line: line.category)
    rows = []
    for category in CATEGORIES:
        figures, earlier = now.get(category, Figures()), before.get(category, Figures())
        rows.append((title(category), figures.co2_g, earlier.co2_g, change(figures.co2_g, earlier.co2_g)))
    return sheet.table(
        "CarAndAir",
        (
            Field("category", translate(N_("Car and air"))),
            Field("co2", translate(N_("kg CO2 {year}"), year=year.year), "kg", summed=True),
            Field("co2_before", translate(N_("kg CO2 {year}"), year=year.year - 1), "kg", summed=True),
            Field("change", translate(N_("Change")), "change"),
        ),
        rows,
    )


def _pictures(sheet: Sheet, year: ClimateYear, placed: Mapping[str, Placed], categories: Placed) -> None:
    """Below the figures, as wide as they are."""
    below = sheet.next_row
    by_category = chart.columns(
        translate(N_("Fossil CO2 by category, kg")),
        categories.column("category"),
        _two_years(categories, categories.column),
        size=(_WIDTH, _HEIGHT),
    )
    words = translate(
        N_("Bars: kilograms of fossil CO2 by category of travel, {year} beside {before}."),
        year=year.year,
        before=year.year - 1,
    )
    sheet.pictures += [
        monthly_picture(placed["months"], year, f"A{below}", (_WIDTH, _HEIGHT)),
        chart.Picture(by_category, f"A{below + _ROWS}", words),
    ]


def pictures(year: ClimateYear, placed: Mapping[str, Placed]) -> Sheet:
    """The second sheet: the units beside each other, and the fund's money, on a page of their own."""
    sheet = headed(
        translate(N_("Charts")),
        translate(N_("The year {year} in pictures"), year=year.year),
        translate(N_("The figures stand on the sheets of the units and of the fund.")),
        landscape=False,
    )
    units = placed["units"]
    shown = min(MOST_IN_A_CHART, units.last_row - units.first_row + 1)
    high = 3.2 + 0.75 * shown
    by_unit = chart.rows(
        translate(N_("Fossil CO2 by unit, kg")),
        units.part("unit", shown),
        _two_years(units, lambda key: units.part(key, shown)),
        size=(_WIDTH, high),
    )
    words = translate(
        N_("Bars: kilograms of fossil CO2 of the units that emit most, {year} beside {before}."),
        year=year.year,
        before=year.year - 1,
    )
    first = sheet.next_row
    sheet.pictures += [
        chart.Picture(by_unit, f"A{first}", words),
        fund_picture(placed["fund"], year, f"A{first + round(high / _ROW) + 1}", (_WIDTH, _HEIGHT)),
    ]
    sheet.one_page = True
    return sheet


def _two_years(placed: Placed, cells: Callable[[str], str]) -> tuple[chart.Line, ...]:
    return (
        chart.Line(cells("co2_before"), placed.heading("co2_before"), LAST_YEAR),
        chart.Line(cells("co2"), placed.heading("co2"), THIS_YEAR),
    )
