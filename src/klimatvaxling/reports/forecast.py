"""The forecast: the year's fee at the present pace, against last year."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from klimatvaxling import formats
from klimatvaxling.exact import whole_quotient
from klimatvaxling.language import N_, translate
from klimatvaxling.reports.report import AMOUNT, BAR, SHARE, Column, Report
from klimatvaxling.reports.year_sums import Figures, LedgerSum, figures_by, ledger_sums, month_of, total
from klimatvaxling.typed import Month
from klimatvaxling.units.register import directory, require_unit

_MONTHS = 12


@dataclass(frozen=True)
class Pace:
    """Fees of the months counted, of the same months last year, and of the whole of last year; öre.

    `has_seasons` is whether last year tells how a year's months share: it had fees in every one of them.
    """

    months: int
    so_far_ore: int
    same_months_ore: int
    last_year_ore: int
    has_seasons: bool = True

    @property
    def forecast_ore(self) -> int | None:
        """The year if every month is like those counted; None where none is."""
        return whole_quotient(self.so_far_ore * _MONTHS, self.months) if self.months else None

    @property
    def seasonal_ore(self) -> int | None:
        """The year if its months share as last year's did; None where last year says nothing."""
        if not self.months or not self.has_seasons or self.same_months_ore <= 0 or self.last_year_ore <= 0:
            return None
        return whole_quotient(self.so_far_ore * self.last_year_ore, self.same_months_ore)


def months_counted(year: int, as_of: datetime.date, charged: Mapping[str, Figures]) -> int:
    """The months that have ended by `as_of`, up to the last one with a fee: later ones wait for their files."""
    ended = [
        number
        for number in range(1, _MONTHS + 1)
        if Month(year, number).last_day <= as_of and charged.get(month_of(year, number), Figures()).charged_ore
    ]
    return max(ended, default=0)


def forecast(
    connection: Connection, year: int, as_of: datetime.date, known_at: str, *, unit: str | None = None
) -> Report:
    """The year's fee by unit: so far, at the present pace, with last year's seasons, and last year.

    Of one `unit`, or of all; the months counted are the same, so that a unit's forecast is its part of the whole.
    Raises `UnknownUnit`.
    """
    only = require_unit(connection, unit, as_of, known_at=known_at) if unit is not None else None
    now = ledger_sums(connection, datetime.date(year, 1, 1), min(as_of, datetime.date(year, 12, 31)), known_at)
    before = ledger_sums(connection, datetime.date(year - 1, 1, 1), datetime.date(year - 1, 12, 31), known_at)
    this, last = figures_by(now, lambda line: line.month), figures_by(before, lambda line: line.month)
    months = months_counted(year, as_of, this)
    if only is not None:
        now, before = tuple(_of(now, only.id)), tuple(_of(before, only.id))
        this, last = figures_by(now, lambda line: line.month), figures_by(before, lambda line: line.month)
    has_seasons = len([month for month, figures in last.items() if figures.charged_ore > 0]) == _MONTHS
    units = {unit.id: unit for unit in directory(connection, known_at=known_at).newest()}
    rows = [
        {"unit": units[unit_id].code, "name": units[unit_id].name}
        | _row(_pace(year, months, _of(now, unit_id), _of(before, unit_id), has_seasons=has_seasons))
        for unit_id in sorted(
            {line.unit_id for line in (*now, *before) if line.account == "fee_expense" and line.unit_id is not None},
            key=lambda key: units[key].code,
        )
    ]
    all_units = _row(_pace(year, months, now, before, has_seasons=has_seasons))
    by_month = [
        {
            "month": month_of(year, number),
            "charged_ore": this.get(month_of(year, number), Figures()).charged_ore if number <= months else None,
            "charged_ore_before": last.get(month_of(year - 1, number), Figures()).charged_ore,
        }
        for number in range(1, _MONTHS + 1)
    ]
    return Report(
        title=translate(N_("Forecast of the fees of {year}, on {day}"), year=year, day=as_of)
        if only is None
        else translate(
            N_("{unit} {name}: forecast of the fees of {year}, on {day}"),
            unit=only.code,
            name=only.name,
            year=year,
            day=as_of,
        ),
        columns=(),
        rows=rows,
        document={
            "year": year,
            "as_of": as_of.isoformat(),
            "months": months,
            "by_month": by_month,
            "units": [_plain(row) for row in rows],
            "total": _plain(all_units),
        },
        csv_keys=("unit", "name", *_KEYS),
        sections=_sections(year, rows, all_units, by_month),
        when_empty=translate(N_("No fees are booked in {year} or the year before."), year=year),
        notes=_notes(year, months, all_units),
    )


_KEYS = ("so_far_ore", "forecast_ore", "seasonal_ore", "last_year_ore")


def _of(lines: tuple[LedgerSum, ...], unit_id: int | None) -> list[LedgerSum]:
    return [line for line in lines if line.unit_id == unit_id]


def _pace(year: int, months: int, now: Sequence[LedgerSum], before: Sequence[LedgerSum], *, has_seasons: bool) -> Pace:
    last, last_before = month_of(year, months), month_of(year - 1, months)
    return Pace(
        months=months,
        so_far_ore=total(line for line in now if line.month <= last).charged_ore,
        same_months_ore=total(line for line in before if line.month <= last_before).charged_ore,
        last_year_ore=total(before).charged_ore,
        has_seasons=has_seasons,
    )


def _row(pace: Pace) -> dict[str, Any]:
    forecast_ore = pace.forecast_ore
    return {
        "so_far_ore": pace.so_far_ore,
        "forecast_ore": forecast_ore,
        "seasonal_ore": pace.seasonal_ore,
        "last_year_ore": pace.last_year_ore,
        "change": "" if forecast_ore is None else formats.percent_change(forecast_ore, pace.last_year_ore),
    }


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key != "change"}


def _sections(
    year: int, rows: list[dict[str, Any]], all_units: dict[str, Any], by_month: list[dict[str, Any]]
) -> tuple[Report, ...]:
    seasonal = Column("seasonal_ore", N_("With last year's seasons"), AMOUNT, gives_way=3)
    return (
        Report(
            title=translate(N_("Month by month")),
            columns=(
                Column("month", N_("Month")),
                Column("charged_ore", N_("Fees"), AMOUNT),
                Column("charged_ore_before", str(year - 1), AMOUNT),
                Column("charged_ore", "", BAR, gives_way=1, mark="charged_ore_before"),
            ),
            rows=by_month,
            document={},
        ),
        Report(
            title=translate(N_("Unit by unit")),
            columns=(
                Column("unit", N_("Unit")),
                Column("name", N_("Name"), gives_way=4, whole=True),
                Column("so_far_ore", N_("So far"), AMOUNT, gives_way=2),
                Column("forecast_ore", N_("At this pace"), AMOUNT),
                *(() if all_units["seasonal_ore"] is None else (seasonal,)),
                Column("last_year_ore", str(year - 1), AMOUNT),
                Column("change", N_("Change"), SHARE, gives_way=1),
                Column("forecast_ore", "", BAR, gives_way=4, mark="last_year_ore"),
            ),
            rows=rows,
            total=all_units,
            document={},
        ),
    )


def _notes(year: int, months: int, all_units: Mapping[str, Any]) -> tuple[str, ...]:
    if not months:
        return (translate(N_("No month of {year} with fees has ended: there is no pace yet."), year=year),)
    lines = [
        translate(N_("Counted up to {month}. At this pace: their mean times twelve."), month=month_of(year, months)),
        translate(N_("Late files make the pace too low: klimatvaxling completeness --year {year}"), year=year),
        translate(N_("Amounts in kronor. A stroke │ in a bar is the year before.")),
    ]
    if all_units["seasonal_ore"] is not None:
        lines.insert(
            1, translate(N_("With last year's seasons: the months still to come weigh as they did last year."))
        )
    return tuple(lines)
