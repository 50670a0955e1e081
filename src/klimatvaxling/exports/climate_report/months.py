"""Sheet of the months: what was booked, and beside it the travel by the month it took place, reconciled."""

from klimatvaxling.exports import chart
from klimatvaxling.exports.climate_report.units import change, headed
from klimatvaxling.exports.climate_report.year import ClimateYear
from klimatvaxling.exports.look import LAST_YEAR, THIS_YEAR, WARM
from klimatvaxling.exports.sheet import Field, Formula, Placed, Sheet
from klimatvaxling.language import N_, translate
from klimatvaxling.reports.year_sums import Figures, figures_by, month_of, total


def months(year: ClimateYear) -> tuple[Sheet, Placed, Placed]:
    """The months, and the reconciliation of travel with bookings."""
    sheet = headed(
        translate(N_("Months")),
        translate(N_("Months {year}"), year=year.year),
        translate(N_("Money and kilograms by booking date; the last column is the travel by month of trip.")),
    )
    now = figures_by(year.books.now, lambda line: line.month)
    before = figures_by(year.books.before, lambda line: line.month)
    travelled: dict[str, int] = {}
    for each in year.travel:
        travelled[each.trip_month] = travelled.get(each.trip_month, 0) + each.co2_g
    rows = []
    for number, month in enumerate(year.months, start=1):
        figures, earlier = now.get(month, Figures()), before.get(month_of(year.year - 1, number), Figures())
        rows.append(
            (
                month,
                figures.co2_g,
                earlier.co2_g,
                change(figures.co2_g, earlier.co2_g),
                figures.charged_ore,
                figures.spent_ore,
                figures.swept_ore,
                travelled.get(month, 0),
            )
        )
    fields = (
        Field("month", translate(N_("Month")), width=42),
        Field("co2", translate(N_("kg CO2 {year}"), year=year.year), "kg", summed=True),
        Field("co2_before", translate(N_("kg CO2 {year}"), year=year.year - 1), "kg", summed=True),
        Field("change", translate(N_("Change")), "change"),
        Field("charged", translate(N_("Fees, kr")), "kr", summed=True),
        Field("spent", translate(N_("Used, kr")), "kr", summed=True),
        Field("swept", translate(N_("To the fund, kr")), "kr", summed=True),
        Field("travelled", translate(N_("kg CO2 by month of trip")), "kg", summed=True, width=16),
    )
    placed = sheet.table("Months", fields, rows, freeze=True)
    sheet.skip()
    beside = sheet.line(("heading", translate(N_("From travel to bookings"))))
    reconciled = _reconciled(sheet, year, placed)
    sheet.pictures.append(_picture(placed, year, f"D{beside}", size=(16, 8)))
    sheet.one_page = True
    return sheet, placed, reconciled


def corrections_g(year: ClimateYear, category: str | None = None) -> int:
    """Booked in the year and not explained by its trips: corrections of trips that were booked before, in grams."""
    booked = total(line for line in year.books.now if category in (None, line.category)).co2_g
    return booked - sum(each.co2_g for each in year.booked_travel if category in (None, each.category))


def _reconciled(sheet: Sheet, year: ClimateYear, placed: Placed) -> Placed:
    in_year = [each for each in year.travel if each.trip_month[:4] == f"{year.year:04d}"]
    elsewhere = -sum(each.co2_g for each in in_year if each.booked_month[:4] != f"{year.year:04d}")
    from_before = sum(each.co2_g for each in year.booked_travel if each.trip_month[:4] != f"{year.year:04d}")
    correction = corrections_g(year)
    travelled = placed.totals["travelled"]
    rows = (
        (
            translate(N_("Trips made in {year}"), year=year.year),
            Formula(placed.total("travelled"), travelled),
        ),
        (translate(N_("of which booked in another year")), elsewhere),
        (translate(N_("Trips of other years, booked in {year}"), year=year.year), from_before),
        (translate(N_("Corrections of earlier trips")), correction),
    )
    first = sheet.next_row + 1
    fields = (Field("text", translate(N_("Travel")), width=42), Field("co2", translate(N_("kg CO2")), "kg"))
    table = sheet.table("Reconciliation", fields, rows)
    whole = Formula(f"SUM(B{first}:B{first + 3})", travelled + elsewhere + from_before + correction)
    sheet.line(("total_text", translate(N_("Booked in {year}"), year=year.year)), ("total_kg", whole))
    return table


def _picture(placed: Placed, year: ClimateYear, anchor: str, size: tuple[float, float]) -> chart.Picture:
    """The months as bars beside last year's, and the travel by month of trip as a curve."""
    labels = placed.column("month")
    bars = chart.columns(
        translate(N_("Fossil CO2 month by month, kg")),
        labels,
        (
            chart.Line(placed.column("co2_before"), placed.heading("co2_before"), LAST_YEAR),
            chart.Line(placed.column("co2"), placed.heading("co2"), THIS_YEAR),
        ),
        size=size,
    )
    drawn = chart.with_line(bars, chart.Line(placed.column("travelled"), placed.heading("travelled"), WARM), labels)
    words = translate(
        N_(
            "Bars: kilograms of fossil CO2 booked each month of {year}, beside {before}. Curve: travel by month of trip."
        ),
        year=year.year,
        before=year.year - 1,
    )
    return chart.Picture(drawn, anchor, words)


def monthly_picture(placed: Placed, year: ClimateYear, anchor: str, size: tuple[float, float]) -> chart.Picture:
    """The months as bars beside last year's."""
    bars = chart.columns(
        translate(N_("Fossil CO2 month by month, kg")),
        placed.column("month"),
        (
            chart.Line(placed.column("co2_before"), placed.heading("co2_before"), LAST_YEAR),
            chart.Line(placed.column("co2"), placed.heading("co2"), THIS_YEAR),
        ),
        size=size,
    )
    words = translate(
        N_("Bars: kilograms of fossil CO2 booked each month of {year}, beside {before}."),
        year=year.year,
        before=year.year - 1,
    )
    return chart.Picture(bars, anchor, words)
