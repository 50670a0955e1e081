"""The climate report as a workbook: its sheets in the order they are read."""

from klimatvaxling.exports.climate_report import control, evidence, flights, method, money, months, summary, units
from klimatvaxling.exports.climate_report.year import ClimateYear
from klimatvaxling.exports.workbook import workbook_bytes
from klimatvaxling.language import N_, translate


def climate_report(year: ClimateYear) -> bytes:
    """The workbook. The same books give the same bytes."""
    of_units, units_at = units.units(year)
    of_categories, categories_at = units.categories(year)
    of_unit_months, unit_months_at = units.unit_months(year)
    of_months, months_at, reconciled_at = months.months(year)
    of_flights, flights_at, _ = flights.flights(year)
    of_measures, measures_at = money.measures(year)
    of_fund, fund_at, movements_at = money.fund(year)
    of_grants, grants_at = money.grants(year)
    of_missing, _ = evidence.without_data(year)
    of_quality, quality_at = evidence.quality(year)
    of_method = method.method(year)
    of_factors = method.factors(year)
    of_ledger, ledger_at = control.ledger(year)
    placed = {
        "units": units_at,
        "categories": categories_at,
        "unit_months": unit_months_at,
        "months": months_at,
        "reconciled": reconciled_at,
        "flights": flights_at,
        "measures": measures_at,
        "fund": fund_at,
        "movements": movements_at,
        "grants": grants_at,
        "quality": quality_at,
        "ledger": ledger_at,
    }
    of_control, names_of_control = control.control(year, placed)
    of_summary, names_of_summary = summary.summary(year, placed)
    return workbook_bytes(
        (
            *(of_summary, summary.pictures(year, placed)),
            *(of_units, of_categories, of_unit_months, of_months, of_flights, of_measures, of_fund),
            *(of_grants, of_missing, of_quality, of_method, of_factors, of_control, of_ledger),
        ),
        {**names_of_summary, **names_of_control},
        title=f"{translate(N_('Climate report {year}'), year=year.year)}, {year.organisation}",
        stamp=year.chain.stamp,
    )
