"""Sheets of what the figures rest on: units without data, and kilograms by tier of evidence."""

from klimatvaxling.exact import whole_quotient
from klimatvaxling.exports import chart
from klimatvaxling.exports.climate_report.months import corrections_g
from klimatvaxling.exports.climate_report.units import headed
from klimatvaxling.exports.climate_report.year import ClimateYear
from klimatvaxling.exports.look import COOL, DEEP, LAST_YEAR, THIS_YEAR, WARM
from klimatvaxling.exports.sheet import Field, Placed, Sheet
from klimatvaxling.language import N_, translate
from klimatvaxling.reports.titles import title
from klimatvaxling.reports.without_data import gaps, spans
from klimatvaxling.reports.year import CATEGORIES
from klimatvaxling.trips.trip import TIERS

_TIER_TITLES = {
    "stated": N_("Stated by the supplier"),
    "fuel": N_("Fuel quantity × factor"),
    "distance": N_("Distance × factor"),
    "route": N_("Route × factor"),
}
_COLOURS = (THIS_YEAR, LAST_YEAR, WARM, COOL, DEEP)


def without_data(year: ClimateYear) -> tuple[Sheet, Placed]:
    """The units that lack travel in some month of the year, by month of trip; those without any first."""
    sheet = headed(
        translate(N_("Without data")),
        translate(N_("Units without data {year}"), year=year.year),
        translate(N_("Months without any trip, by month of trip, up to the last that anybody has trips in.")),
        translate(N_("Declared empty: nobody travelled. Declared late: the supplier has been asked.")),
    )
    delivered: dict[tuple[int, str], int] = {}
    for each in year.travel:
        if each.trip_month in year.in_force:
            place = (each.unit_id, each.trip_month)
            delivered[place] = delivered.get(place, 0) + each.trips  # those taken back count against
    rows = [
        (
            gap.unit.code,
            gap.unit.name,
            title(gap.unit.kind),
            gap.with_data,
            len(gap.missing),
            spans(gap.missing),
            spans(gap.empty),
            spans(gap.late),
        )
        for gap in gaps(year.units, year.in_force, delivered, year.declared, year.as_of)
    ]
    return sheet, sheet.table(
        "WithoutData",
        (
            Field("unit", translate(N_("Unit"))),
            Field("name", translate(N_("Name"))),
            Field("kind", translate(N_("Kind"))),
            Field("with", translate(N_("Months with data")), "count", width=13),
            Field("without", translate(N_("Months without data")), "count", summed=True, width=13),
            Field("months", translate(N_("Which")), width=20),
            Field("empty", translate(N_("Declared empty")), width=20),
            Field("late", translate(N_("Declared late")), width=20),
        ),
        rows,
        freeze=True,
        when_empty=translate(N_("None")),
    )


def quality(year: ClimateYear) -> tuple[Sheet, Placed]:
    """Kilograms and trips by the evidence they rest on, best first."""
    sheet = headed(
        translate(N_("Data quality")),
        translate(N_("Data quality {year}"), year=year.year),
        translate(N_("What each trip's CO2 rests on, the best evidence first. By booking date.")),
    )
    whole = sum(each.co2_g for each in year.booked_travel) + corrections_g(year)
    rows = []
    for number, tier in enumerate(TIERS, start=1):
        of_tier = [each for each in year.booked_travel if each.tier == number]
        by_category = [sum(each.co2_g for each in of_tier if each.category == category) for category in CATEGORIES]
        grams = sum(each.co2_g for each in of_tier)
        share = whole_quotient(grams * 1000, whole) if whole else None
        rows.append((translate(_TIER_TITLES[tier]), sum(each.trips for each in of_tier), grams, share, *by_category))
    corrections = [corrections_g(year, category) for category in CATEGORIES]
    share = whole_quotient(corrections_g(year) * 1000, whole) if whole else None
    rows.append((translate(N_("Corrections of earlier trips")), None, corrections_g(year), share, *corrections))
    placed = sheet.table(
        "DataQuality",
        (
            Field("tier", translate(N_("Evidence")), width=36),
            Field("trips", translate(N_("Trips")), "count", summed=True),
            Field("co2", translate(N_("kg CO2")), "kg", summed=True),
            Field("share", translate(N_("Share")), "share"),
            *(Field(category, f"{title(category)}, kg", "kg", summed=True) for category in CATEGORIES),
        ),
        rows,
        freeze=True,
    )
    sheet.skip()
    bars = chart.rows(
        translate(N_("What the kilograms rest on")),
        placed.part("tier", len(TIERS)),
        [
            chart.Line(placed.part(category, len(TIERS)), placed.heading(category), colour)
            for category, colour in zip(CATEGORIES, _COLOURS, strict=True)
        ],
        size=(22, 9),
        stacked=True,
    )
    words = translate(N_("Stacked bars: kilograms of fossil CO2 by evidence, parted by category of travel."))
    sheet.pictures.append(chart.Picture(bars, f"A{sheet.next_row}", words))
    sheet.one_page = True
    return sheet, placed
