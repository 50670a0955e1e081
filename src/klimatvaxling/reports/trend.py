"""The trend: the years beside each other, and each unit's way through them."""

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from klimatvaxling import formats
from klimatvaxling.language import N_, translate
from klimatvaxling.pictures import sparkline
from klimatvaxling.reports.fund import fund_elsewhere, sees_no_fund
from klimatvaxling.reports.report import AMOUNT, BAR, SHARE, TEXT, WEIGHT, Column, Report
from klimatvaxling.reports.year import FLOWS, LEVELS, UNIT_LEVELS
from klimatvaxling.reports.year_page import FIGURE_TITLES
from klimatvaxling.reports.year_sums import Figures, LedgerSum, figures_by, ledger_sums
from klimatvaxling.units.register import directory, require_unit


def trend(
    connection: Connection, years: int, as_of: datetime.date, known_at: str, *, unit: str | None = None
) -> Report:
    """The last `years` years with anything booked up to `as_of`, in order; of one `unit`, or of all.

    Raises `UnknownUnit`.
    """
    only = require_unit(connection, unit, as_of, known_at=known_at) if unit is not None else None
    lines = ledger_sums(connection, datetime.date.min, as_of, known_at)
    if only is not None:
        lines = tuple(line for line in lines if line.unit_id == only.id)
    sees_fund = only is None and not sees_no_fund(connection)
    levels = LEVELS if sees_fund else UNIT_LEVELS
    rows = _years(lines, as_of, levels)[-years:]
    shown = [int(row["year"]) for row in rows]
    names = {unit.id: (unit.code, unit.name) for unit in directory(connection, known_at=known_at).newest()}
    units = _units([line for line in lines if int(line.month[:4]) in shown], shown, names)
    return Report(
        title=translate(N_("Year by year up to {day}"), day=as_of)
        if only is None
        else translate(N_("{unit} {name}: year by year up to {day}"), unit=only.code, name=only.name, day=as_of),
        columns=(),
        rows=[row | {"whole": "true" if row["whole"] else "false"} for row in rows],
        document={"as_of": as_of.isoformat(), "years": [_plain(row) for row in rows], "units": units},
        csv_keys=("year", "whole", *FLOWS, *levels),
        sections=_sections(rows, units if only is None else [], shown) if rows else (),
        notes=(*_notes(rows), *fund_elsewhere(sees_fund=sees_fund or only is not None)),
        when_empty=translate(N_("Nothing is booked yet.")),
    )


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key not in ("shown", "change")}


def _years(lines: Sequence[LedgerSum], as_of: datetime.date, levels: Sequence[str]) -> list[dict[str, Any]]:
    """Every year from the first to the last with anything booked; levels are those at its end."""
    flows = figures_by(lines, lambda line: int(line.month[:4]))
    rows: list[dict[str, Any]] = []
    stands, before = Figures(), None
    for year in range(min(flows, default=1), max(flows, default=0) + 1):
        moved = flows.get(year, Figures())
        stands += moved
        row: dict[str, Any] = {"year": year, "whole": as_of >= datetime.date(year, 12, 31)}
        row |= {name: getattr(moved, name) for name in FLOWS}
        row |= {name: getattr(stands, name) for name in levels}
        row["shown"] = str(year) if row["whole"] else f"{year}*"
        row["change"] = "" if before is None or not row["whole"] else formats.percent_change(moved.co2_g, before)
        before = moved.co2_g
        rows.append(row)
    return rows


def _units(
    lines: Sequence[LedgerSum], years: Sequence[int], names: Mapping[int, tuple[str, str]]
) -> list[dict[str, Any]]:
    """The units' emissions and fees in each of the years; None where a unit had none."""
    found = figures_by(lines, lambda line: (line.unit_id, int(line.month[:4])))
    rows = []
    for unit_id, (code, name) in sorted(names.items(), key=lambda item: item[1]):
        of_years = [found.get((unit_id, year)) for year in years]
        if any(figures and figures.co2_g for figures in of_years):
            rows.append(
                {
                    "unit": code,
                    "name": name,
                    "years": [
                        {
                            "year": year,
                            "co2_g": figures.co2_g if figures else None,
                            "charged_ore": figures.charged_ore if figures else None,
                        }
                        for year, figures in zip(years, of_years, strict=True)
                    ],
                }
            )
    return rows


def _sections(rows: list[dict[str, Any]], units: list[dict[str, Any]], years: list[int]) -> tuple[Report, ...]:
    first, last = str(years[0]), str(years[-1])
    figures = [
        {
            "shown": translate(heading),
            "curve": sparkline([row[name] for row in rows]),
            "first": _figure(name, rows[0][name]),
            "last": _figure(name, rows[-1][name]),
        }
        for name, heading in FIGURE_TITLES.items()
        if name in rows[-1]
    ]
    of_units = [
        {
            "unit": unit["unit"],
            "name": unit["name"],
            "curve": sparkline([year["co2_g"] for year in unit["years"]]),
            "first": unit["years"][0]["co2_g"],
            "last": unit["years"][-1]["co2_g"],
        }
        for unit in units
    ]
    only_one = len(years) == 1
    by_unit = Report(
        title=translate(N_("Unit by unit, kg CO2")),
        columns=(
            Column("unit", N_("Unit")),
            Column("name", N_("Name"), gives_way=4, whole=True),
            Column("curve", "", TEXT),
            *(() if only_one else (Column("first", first, WEIGHT, gives_way=1),)),
            Column("last", last, WEIGHT),
            Column("last", "", BAR, gives_way=2),
        ),
        rows=of_units,
        document={},
    )
    return (
        Report(
            title=translate(N_("Emissions and fees")),
            columns=(
                Column("shown", N_("Year")),
                Column("co2_g", N_("kg CO2"), WEIGHT),
                Column("change", N_("Change"), SHARE, gives_way=1),
                Column("charged_ore", N_("Fees"), AMOUNT, gives_way=2),
                Column("co2_g", "", BAR, gives_way=1),
            ),
            rows=rows,
            document={},
        ),
        Report(
            title=translate(N_("Figure by figure")),
            columns=(
                Column("shown", ""),
                Column("curve", "", TEXT),
                *(() if only_one else (Column("first", first, SHARE, gives_way=1),)),
                Column("last", last, SHARE),
            ),
            rows=figures,
            document={},
        ),
        *((by_unit,) if units else ()),
    )


def _figure(name: str, value: int) -> str:
    return formats.kg(value) if name.endswith("_g") else formats.kronor(value)


def _notes(rows: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    lines = [translate(N_("Amounts in kronor. Each curve begins at zero."))]
    if rows and not rows[-1]["whole"]:
        lines.append(translate(N_("* The year is not over.")))
    return tuple(lines)
