"""The page of `report year`: its tables, as wide as the terminal allows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from klimatvaxling import formats
from klimatvaxling.language import N_, translate
from klimatvaxling.reports.report import AMOUNT, BAR, SHARE, WEIGHT, Column, Report
from klimatvaxling.reports.without_data import Gap, spans

FIGURE_TITLES = {
    "co2_g": N_("Fossil CO2, kg"),
    "car_g": N_("of which by car, kg"),
    "flight_g": N_("of which by air, kg"),
    "charged_ore": N_("Fees, kr"),
    "spent_ore": N_("Used on own measures, kr"),
    "swept_ore": N_("To the shared fund, kr"),
    "grants_paid_ore": N_("Grants paid, net, kr"),
    "own_funds_ore": N_("Own funds left, kr"),
    "available_ore": N_("Shared fund available, kr"),
    "committed_ore": N_("Shared fund reserved, kr"),
}


@dataclass(frozen=True)
class Found:
    """The page's parts as rows."""

    key_figures: list[dict[str, Any]]
    months: list[dict[str, Any]]
    units: list[dict[str, Any]]
    categories: list[dict[str, Any]]
    fund: list[dict[str, Any]]
    gaps: list[Gap]


def sections(of_year: int, found: Found, *, is_of_unit: bool) -> tuple[Report, ...]:
    """The page's tables: of one unit without the comparison of units, and the fund where it is seen."""
    this_year, last_year = str(of_year), str(of_year - 1)
    shown = [
        {
            "shown": translate(FIGURE_TITLES[row["figure"]]),
            "now": _figure(row["figure"], row["value"]),
            "earlier": _figure(row["figure"], row["value_before"]),
            "change": row["change"],
        }
        for row in found.key_figures
    ]
    if is_of_unit:
        shown += [row for unit in found.units for row in _unit_per_full_time(unit)]
    kilograms = Column("co2_g", N_("kg CO2"), WEIGHT)
    compared = (
        Column("co2_g_before", last_year, WEIGHT, gives_way=2),
        Column("change", N_("Change"), SHARE, gives_way=1),
        Column("co2_g", "", BAR, gives_way=1, mark="co2_g_before"),
    )
    figures = Report(
        title=translate(N_("Key figures")),
        columns=(
            Column("shown", ""),
            Column("now", this_year, SHARE),
            Column("earlier", last_year, SHARE, gives_way=1),
            Column("change", N_("Change"), SHARE, gives_way=2),
        ),
        rows=shown,
        document={},
    )
    months = Report(
        title=translate(N_("Month by month")),
        columns=(
            Column("month", N_("Month")),
            kilograms,
            Column("charged_ore", N_("Fees"), AMOUNT, gives_way=3),
            *compared,
        ),
        rows=found.months,
        total=_total(found.months),
        document={},
    )
    units = Report(
        title=translate(N_("Unit by unit")),
        columns=(
            Column("unit", N_("Unit")),
            Column("name", N_("Name"), gives_way=4, whole=True),
            kilograms,
            Column("charged_ore", N_("Fees"), AMOUNT, gives_way=3),
            *compared,
        ),
        rows=found.units,
        total=_total(found.units),
        document={},
    )
    categories = Report(
        title=translate(N_("Car and air")),
        columns=(
            Column("shown", N_("Category")),
            kilograms,
            Column("share", N_("Share"), SHARE, gives_way=3),
            *compared,
        ),
        rows=found.categories,
        total=_total(found.categories),
        document={},
    )
    fund = Report(
        title=translate(N_("Where the fund's money came from and went")),
        columns=(
            Column("shown", N_("The shared fund")),
            Column("amount_ore", this_year, AMOUNT),
            Column("amount_ore_before", last_year, AMOUNT, gives_way=1),
            Column("amount_ore", "", BAR, gives_way=2),
        ),
        rows=found.fund,
        document={},
    )
    shown_units = () if is_of_unit else (units, *_per_full_time(found.units))
    shown_fund = (fund,) if found.fund else ()
    return (figures, months, *shown_units, categories, *shown_fund, *_without_data(found.gaps))


def _unit_per_full_time(unit: Mapping[str, Any]) -> list[dict[str, str]]:
    """One unit's size and figures for each full-time equivalent, below its key figures."""
    if not unit["full_time_tenths"]:
        return []
    figures = (
        (N_("Full-time equivalents"), formats.tenths(unit["full_time_tenths"])),
        (N_("kg per full-time equivalent"), formats.kg(unit["co2_per_full_time_g"])),
        (N_("kr per full-time equivalent"), formats.kronor(unit["charged_per_full_time_ore"])),
    )
    return [{"shown": translate(heading), "now": value, "earlier": "", "change": ""} for heading, value in figures]


def _per_full_time(units: Sequence[Mapping[str, Any]]) -> tuple[Report, ...]:
    """The units whose full-time equivalents are known, those with most emissions for each first."""
    known = [row for row in units if row["full_time_tenths"]]
    if not known:
        return ()
    return (
        Report(
            title=translate(N_("Per full-time equivalent")),
            columns=(
                Column("unit", N_("Unit")),
                Column("name", N_("Name"), gives_way=4, whole=True),
                Column("full_time", N_("Full-time equivalents"), SHARE, gives_way=3),
                Column("co2_per_full_time_g", N_("kg CO2"), WEIGHT),
                Column("charged_per_full_time_ore", N_("Fees"), AMOUNT, gives_way=2),
                Column("co2_per_full_time_g", "", BAR, gives_way=1),
            ),
            rows=[
                {**row, "full_time": formats.tenths(row["full_time_tenths"])}
                for row in sorted(known, key=lambda row: (-row["co2_per_full_time_g"], str(row["unit"])))
            ],
            document={},
        ),
    )


def _without_data(gaps: Sequence[Gap]) -> tuple[Report, ...]:
    """The units that lack trips in some month; what was declared stands apart from what is missing."""
    if not gaps:
        return ()
    rows = [
        {
            "unit": gap.unit.code,
            "name": gap.unit.name,
            "missing": spans(gap.missing),
            "empty": spans(gap.empty),
            "late": spans(gap.late),
        }
        for gap in gaps
    ]
    declared = (
        Column("empty", N_("Declared empty"), gives_way=2, whole=True),
        Column("late", N_("Declared late"), gives_way=1, whole=True),
    )
    return (
        Report(
            title=translate(N_("Units without data, by month of trip")),
            columns=(
                Column("unit", N_("Unit")),
                Column("name", N_("Name"), gives_way=4, whole=True),
                Column("missing", N_("Without data"), whole=True),
                *(column for column in declared if any(row[column.key] for row in rows)),
            ),
            rows=rows,
            document={},
        ),
    )


def _total(rows: Sequence[Mapping[str, Any]]) -> dict[str, object]:
    sums: dict[str, Any] = {
        name: sum(row[name] for row in rows)
        for name in ("co2_g", "co2_g_before", "charged_ore", "charged_ore_before")
        if rows and name in rows[0]
    }
    if not sums:
        return {}
    return sums | {"change": formats.percent_change(sums["co2_g"], sums["co2_g_before"])}


def _figure(name: str, value: int) -> str:
    return formats.kg(value) if name.endswith("_g") else formats.kronor(value)
