"""The year at a glance: key figures against the year before, months, units, car and air, and the shared fund."""

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from klimatvaxling import formats
from klimatvaxling.language import N_, translate
from klimatvaxling.reports.full_time import full_time_of_year, per_full_time
from klimatvaxling.reports.fund import fund_elsewhere, sees_no_fund
from klimatvaxling.reports.report import Report
from klimatvaxling.reports.titles import title
from klimatvaxling.reports.without_data import Gap, declared_in, delivered_in, gaps, in_force
from klimatvaxling.reports.year_page import Found, sections
from klimatvaxling.reports.year_sums import Figures, YearBooks, figures_by, month_of, total, year_books
from klimatvaxling.units.directory import Directory
from klimatvaxling.units.register import directory, require_unit
from klimatvaxling.units.unit import Unit

CATEGORIES = ("own_car", "pool_car", "rental_car", "taxi", "flight")
_COMPARED = ("co2_g", "charged_ore", "spent_ore", "swept_ore", "grants_paid_ore")
_CSV_KEYS = ("section", "key", "name", "figure", "value", "value_before")


def year(
    connection: Connection, of_year: int, as_of: datetime.date, known_at: str, *, unit: str | None = None
) -> Report:
    """The year as booked up to `as_of`, beside the year before it up to the same day; of one `unit`, or of all.

    Raises `UnknownUnit`.
    """
    only = require_unit(connection, unit, as_of, known_at=known_at) if unit is not None else None
    books = year_books(connection, of_year, as_of, known_at)
    if only is not None:
        books = books.of_unit(only.id)
    register = directory(connection, known_at=known_at)
    newest = {each.id: each for each in register.newest()}
    sees_fund = only is None and not sees_no_fund(connection)
    full_time = full_time_of_year(register, of_year, books.until)
    found = Found(
        key_figures(books, LEVELS if sees_fund else UNIT_LEVELS),
        _months(books),
        _units(books, newest, full_time),
        _categories(books),
        fund_flows(books) if sees_fund else [],
        [gap for gap in _gaps(connection, register, books, as_of, known_at) if only is None or gap.unit.id == only.id],
    )
    has_any = bool(books.now or books.before)
    heading = N_("The year {year}, as booked up to {day}")
    words = {"year": of_year, "day": books.until or as_of}
    if only is not None:
        heading = N_("{unit} {name}: the year {year}, as booked up to {day}")
        words |= {"unit": only.code, "name": only.name}
    return Report(
        title=translate(heading, **words),
        columns=(),
        rows=_tidy(found) if has_any else (),
        document={
            "year": of_year,
            "as_of": as_of.isoformat(),
            "booked_to": books.until.isoformat() if books.until else None,
            "unit": only.code if only is not None else None,
            "key_figures": {row["figure"]: _plain(row, "figure") for row in found.key_figures},
            "months": [_plain(row) for row in found.months],
            "units": [_plain(row) for row in found.units],
            "categories": [_plain(row) for row in found.categories],
            "fund": [_plain(row) for row in found.fund],
            "without_data": [_gap(gap) for gap in found.gaps],
        },
        csv_keys=_CSV_KEYS,
        sections=sections(of_year, found, is_of_unit=only is not None),
        when_empty=translate(N_("Nothing is booked in {year} or the year before."), year=of_year),
        notes=(*_notes(books), *fund_elsewhere(sees_fund=sees_fund or only is not None)),
    )


def _gaps(
    connection: Connection, register: Directory, books: YearBooks, as_of: datetime.date, known_at: str
) -> Sequence[Gap]:
    if books.until is None:
        return ()
    return gaps(
        {unit.id: unit for unit in register.newest()},
        in_force(register, books.year),
        delivered_in(connection, books.year, as_of, known_at),
        declared_in(connection, books.year, as_of, known_at),
        books.until,
    )


def _gap(gap: Gap) -> dict[str, object]:
    return {
        "unit": gap.unit.code,
        "name": gap.unit.name,
        "months_with_data": gap.with_data,
        "missing": list(gap.missing),
        "declared_empty": list(gap.empty),
        "declared_late": list(gap.late),
    }


def _notes(books: YearBooks) -> tuple[str, ...]:
    lines = [translate(N_("Amounts in kronor. A stroke │ in a bar is the year before."))]
    if not books.is_whole:
        lines.append(translate(N_("The year is not over: the year before is counted up to the same day of it.")))
    return tuple(lines)


def _plain(row: Mapping[str, Any], *but: str) -> dict[str, object]:
    return {key: value for key, value in row.items() if key not in ("shown", "change", "share", *but)}


def key_figures(books: YearBooks, levels: Sequence[str] | None = None) -> list[dict[str, Any]]:
    """What is told first: flows of the year, and what stood at its end (`levels`; all unless given)."""
    this, last = total(books.now), total(books.before)
    stands, stood = books.stood + this, books.stood_before + last
    pairs = [(name, this, last) for name in FLOWS] + [(name, stands, stood) for name in levels or LEVELS]
    rows = [
        {"figure": name, "value": getattr(now, name), "value_before": getattr(before, name)}
        for name, now, before in pairs
    ]
    return [row | {"change": formats.percent_change(row["value"], row["value_before"])} for row in rows]


FLOWS = ("co2_g", "car_g", "flight_g", "charged_ore", "spent_ore", "swept_ore", "grants_paid_ore")
LEVELS = ("own_funds_ore", "available_ore", "committed_ore")
UNIT_LEVELS = ("own_funds_ore",)


def _months(books: YearBooks) -> list[dict[str, Any]]:
    this = figures_by(books.now, lambda line: line.month)
    last = figures_by(books.before, lambda line: line.month)
    rows = []
    for number in books.months:
        month, earlier = month_of(books.year, number), month_of(books.year - 1, number)
        rows.append({"month": month} | _beside(this.get(month, Figures()), last.get(earlier, Figures())))
    return rows


def _units(books: YearBooks, newest: Mapping[int, Unit], full_time: Mapping[int, int]) -> list[dict[str, Any]]:
    """The units that moved anything in either year, by emissions."""
    this = figures_by(books.now, lambda line: line.unit_id)
    last = figures_by(books.before, lambda line: line.unit_id)
    rows = []
    for unit_id in this.keys() | last.keys():
        if unit_id is not None:
            unit = newest[unit_id]
            now, tenths = this.get(unit_id, Figures()), full_time.get(unit_id)
            per = {
                "full_time_tenths": tenths,
                "co2_per_full_time_g": per_full_time(now.co2_g, tenths),
                "charged_per_full_time_ore": per_full_time(now.charged_ore, tenths),
            }
            rows.append({"unit": unit.code, "name": unit.name} | _beside(now, last.get(unit_id, Figures())) | per)
    return sorted(rows, key=lambda row: (-row["co2_g"], str(row["unit"])))


def _categories(books: YearBooks) -> list[dict[str, Any]]:
    this = figures_by(books.now, lambda line: line.category)
    last = figures_by(books.before, lambda line: line.category)
    everything = total(books.now).co2_g
    rows = []
    for category in CATEGORIES:
        figures, earlier = this.get(category, Figures()), last.get(category, Figures())
        rows.append(
            {"category": category, "shown": title(category)}
            | _beside(figures, earlier, ("co2_g", "charged_ore"))
            | {"share": formats.percent(figures.co2_g, everything)}
        )
    return rows


def _beside(figures: Figures, earlier: Figures, names: Sequence[str] = _COMPARED) -> dict[str, Any]:
    """The compared figures of this year and the year before."""
    row: dict[str, Any] = {}
    for name in names:
        row[name], row[f"{name}_before"] = getattr(figures, name), getattr(earlier, name)
    return row | {"change": formats.percent_change(figures.co2_g, earlier.co2_g)}


FUND_FLOWS = (
    ("fund_opening", N_("Opening amount"), "fund_opening_ore", 1),
    ("swept_in", N_("From units' unused fees"), "swept_ore", 1),
    ("appropriated", N_("Budget money in"), "appropriated_ore", 1),
    ("returned", N_("Grants given back"), "returned_ore", 1),
    ("paid_out", N_("Grants paid"), "paid_out_ore", -1),
    ("budget_back", N_("Budget money back"), "budget_back_ore", -1),
)


def fund_flows(books: YearBooks) -> list[dict[str, Any]]:
    """Where the fund's money came from and went; reserved money is in the fund. The rows between the ends add up."""
    columns = []
    for stood, lines in ((books.stood, books.now), (books.stood_before, books.before)):
        moved = total(lines)
        had = stood.available_ore + stood.committed_ore
        flows = [sign * getattr(moved, name) for _, _, name, sign in FUND_FLOWS]
        columns.append([had, *flows, had + moved.available_ore + moved.committed_ore])
    headings = (N_("In the fund before"), *(heading for _, heading, _, _ in FUND_FLOWS), N_("In the fund after"))
    keys = ("before", *(flow for flow, _, _, _ in FUND_FLOWS), "after")
    return [
        {"flow": key, "shown": translate(heading), "amount_ore": now, "amount_ore_before": before}
        for key, heading, now, before in zip(keys, headings, *columns, strict=True)
    ]


def _tidy(found: Found) -> list[dict[str, object]]:
    """One row per figure, for spreadsheets and scripts."""
    rows = [_row("key_figures", "", "", row["figure"], row["value"], row["value_before"]) for row in found.key_figures]
    for section, key, records in (
        ("months", "month", found.months),
        ("units", "unit", found.units),
        ("categories", "category", found.categories),
        ("fund", "flow", found.fund),
    ):
        rows += [
            _row(section, record[key], record.get("name", ""), name, record[name], record[f"{name}_before"])
            for record in records
            for name in (*_COMPARED, "amount_ore")
            if name in record
        ]
    for gap in found.gaps:
        for name, listed in (
            ("months_without_data", gap.missing),
            ("declared_empty", gap.empty),
            ("declared_late", gap.late),
        ):
            if listed:
                rows.append(_row("without_data", gap.unit.code, gap.unit.name, name, len(listed), None))
    for record in found.units:
        for name in ("full_time_tenths", "co2_per_full_time_g", "charged_per_full_time_ore"):
            if record[name] is not None:
                rows.append(_row("units", record["unit"], record["name"], name, record[name], None))
    return rows


def _row(section: str, key: str, name: str, figure: str, value: int, before: int | None) -> dict[str, object]:
    return dict(zip(_CSV_KEYS, (section, key, name, figure, value, before), strict=True))
