"""Sheet of the flights: under and over 500 km, as state agencies report them too (förordning 2009:907)."""

from collections.abc import Iterable

from klimatvaxling.exports import chart
from klimatvaxling.exports.climate_report.months import corrections_g
from klimatvaxling.exports.climate_report.units import change, headed
from klimatvaxling.exports.climate_report.year import ClimateYear
from klimatvaxling.exports.look import LAST_YEAR, THIS_YEAR
from klimatvaxling.exports.sheet import Field, Placed, Sheet
from klimatvaxling.language import N_, translate
from klimatvaxling.reports.travel_sums import TravelSum
from klimatvaxling.reports.year_sums import FLIGHT, total


def flights(year: ClimateYear) -> tuple[Sheet, Placed, Placed]:
    """The flights of the year beside last year's, and by unit."""
    sheet = headed(
        translate(N_("Flights")),
        translate(N_("Flights {year}"), year=year.year),
        translate(N_("Each leg counts by its own length. A flight with only stated CO2 has no known length.")),
    )
    of_year = [each for each in year.booked_travel if each.category == FLIGHT]
    last_year = [
        each for each in year.travel if each.category == FLIGHT and each.booked_month[:4] == f"{year.year - 1:04d}"
    ]
    booked_before = total(line for line in year.books.before if line.category == FLIGHT).co2_g
    now = [*_lengths(of_year), corrections_g(year, FLIGHT)]
    before = _lengths(last_year) if year.books.is_whole else None
    earlier = [*before, booked_before - sum(before)] if before else [None, None, None, None]
    headings = (
        translate(N_("Under 500 km")),
        translate(N_("500 km and more")),
        translate(N_("Length not known")),
        translate(N_("Corrections of earlier trips")),
    )
    rows = [
        (heading, value, last, None if last is None else change(value, last))
        for heading, value, last in zip(headings, now, earlier, strict=True)
    ]
    placed = sheet.table(
        "FlightLengths",
        (
            Field("length", translate(N_("Flights")), width=50),
            Field("co2", translate(N_("kg CO2 {year}"), year=year.year), "kg", summed=True),
            Field("co2_before", translate(N_("kg CO2 {year}"), year=year.year - 1), "kg", summed=True),
            Field("change", translate(N_("Change")), "change"),
        ),
        rows,
    )
    sheet.pictures.append(_picture(placed, year, f"F{placed.first_row - 1}"))
    sheet.skip(10)
    return sheet, placed, _by_unit(sheet, year, of_year)


def _lengths(travel: Iterable[TravelSum]) -> list[int]:
    """Grams under 500 km, over, and of unknown length."""
    under = over = unknown = 0
    for each in travel:
        under, over = under + each.under_500_km_g, over + each.over_500_km_g
        unknown += each.unknown_length_g
    return [under, over, unknown]


def _by_unit(sheet: Sheet, year: ClimateYear, of_year: list[TravelSum]) -> Placed:
    by_unit: dict[int, list[TravelSum]] = {}
    for each in of_year:
        by_unit.setdefault(each.unit_id, []).append(each)
    rows = []
    for unit_id, travel in by_unit.items():
        lengths = _lengths(travel)
        unit = year.units[unit_id]
        rows.append((f"{unit.code} {unit.name}", *lengths, sum(lengths), sum(each.trips for each in travel)))
    rows.sort(key=lambda row: (-int(str(row[4])), str(row[0])))
    sheet.line(("heading", translate(N_("By unit"))))
    return sheet.table(
        "FlightUnits",
        (
            Field("unit", translate(N_("Unit")), width=50),
            Field("under", translate(N_("Under 500 km, kg")), "kg", summed=True),
            Field("over", translate(N_("500 km and more, kg")), "kg", summed=True),
            Field("unknown", translate(N_("Length not known, kg")), "kg", summed=True),
            Field("co2", translate(N_("Total, kg")), "kg", summed=True),
            Field("trips", translate(N_("Trips")), "count", summed=True),
        ),
        rows,
        repeat=True,
        when_empty=translate(N_("None")),
    )


def _picture(placed: Placed, year: ClimateYear, anchor: str) -> chart.Picture:
    bars = chart.columns(
        translate(N_("Flights under and over 500 km, kg CO2")),
        placed.part("length", 3),
        (
            chart.Line(placed.part("co2_before", 3), placed.heading("co2_before"), LAST_YEAR),
            chart.Line(placed.part("co2", 3), placed.heading("co2"), THIS_YEAR),
        ),
        size=(13, 7.5),
    )
    words = translate(
        N_(
            "Bars: kilograms of fossil CO2 of flights under 500 km, longer ones, and those of unknown length,"
            " {year} and {before}."
        ),
        year=year.year,
        before=year.year - 1,
    )
    return chart.Picture(bars, anchor, words)
