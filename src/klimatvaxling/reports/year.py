"""The year at a glance: key figures against the year before, months, units, car and air, and the shared fund."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from klimatvaxling import formats
from klimatvaxling.language import N_, translate
from klimatvaxling.reports.report import AMOUNT, BAR, SHARE, WEIGHT, Column, Report
from klimatvaxling.reports.titles import title
from klimatvaxling.reports.year_sums import Figures, YearBooks, figures_by, month_of, total, year_books
from klimatvaxling.units.register import directory

CATEGORIES = ("own_car", "pool_car", "rental_car", "taxi", "flight")
_COMPARED = ("co2_g", "charged_ore", "spent_ore", "swept_ore", "grants_paid_ore")
_CSV_KEYS = ("section", "key", "name", "figure", "value", "value_before")


def year(connection: Connection, of_year: int, as_of: datetime.date, known_at: str) -> Report:
    """The year as booked up to `as_of`, beside the year before it up to the same day."""
    books = year_books(connection, of_year, as_of, known_at)
    names = {unit.id: (unit.code, unit.name) for unit in directory(connection, known_at=known_at).newest()}
    found = _Found(key_figures(books), _months(books), _units(books, names), _categories(books), fund_flows(books))
    has_any = bool(books.now or books.before)
    return Report(
        title=translate(N_("The year {year}, as booked up to {day}"), year=of_year, day=books.until or as_of),
        columns=(),
        rows=_tidy(found) if has_any else (),
        document={
            "year": of_year,
            "as_of": as_of.isoformat(),
            "booked_to": books.until.isoformat() if books.until else None,
            "key_figures": {row["figure"]: _plain(row, "figure") for row in found.key_figures},
            "months": [_plain(row) for row in found.months],
            "units": [_plain(row) for row in found.units],
            "categories": [_plain(row) for row in found.categories],
            "fund": [_plain(row) for row in found.fund],
        },
        csv_keys=_CSV_KEYS,
        sections=_sections(of_year, found),
        when_empty=translate(N_("Nothing is booked in {year} or the year before."), year=of_year),
        notes=_notes(books),
    )


@dataclass(frozen=True)
class _Found:
    """The page's parts as rows."""

    key_figures: list[dict[str, Any]]
    months: list[dict[str, Any]]
    units: list[dict[str, Any]]
    categories: list[dict[str, Any]]
    fund: list[dict[str, Any]]


def _notes(books: YearBooks) -> tuple[str, ...]:
    lines = [translate(N_("Amounts in kronor. A stroke │ in a bar is the year before."))]
    if not books.is_whole:
        lines.append(translate(N_("The year is not over: the year before is counted up to the same day of it.")))
    return tuple(lines)


def _plain(row: Mapping[str, Any], *but: str) -> dict[str, object]:
    return {key: value for key, value in row.items() if key not in ("shown", "change", "share", *but)}


def key_figures(books: YearBooks) -> list[dict[str, Any]]:
    """What is told first: flows of the year, and what stood at its end."""
    this, last = total(books.now), total(books.before)
    stands, stood = books.stood + this, books.stood_before + last
    pairs = [(name, this, last) for name in FLOWS] + [(name, stands, stood) for name in LEVELS]
    rows = [
        {"figure": name, "value": getattr(now, name), "value_before": getattr(before, name)}
        for name, now, before in pairs
    ]
    return [row | {"change": formats.percent_change(row["value"], row["value_before"])} for row in rows]


FLOWS = ("co2_g", "car_g", "flight_g", "charged_ore", "spent_ore", "swept_ore", "grants_paid_ore")
LEVELS = ("own_funds_ore", "available_ore", "committed_ore")
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


def _months(books: YearBooks) -> list[dict[str, Any]]:
    this = figures_by(books.now, lambda line: line.month)
    last = figures_by(books.before, lambda line: line.month)
    rows = []
    for number in books.months:
        month, earlier = month_of(books.year, number), month_of(books.year - 1, number)
        rows.append({"month": month} | _beside(this.get(month, Figures()), last.get(earlier, Figures())))
    return rows


def _units(books: YearBooks, names: Mapping[int, tuple[str, str]]) -> list[dict[str, Any]]:
    """The units that moved anything in either year, by emissions."""
    this = figures_by(books.now, lambda line: line.unit_id)
    last = figures_by(books.before, lambda line: line.unit_id)
    rows = []
    for unit_id in this.keys() | last.keys():
        if unit_id is not None:
            code, name = names[unit_id]
            beside = _beside(this.get(unit_id, Figures()), last.get(unit_id, Figures()))
            rows.append({"unit": code, "name": name} | beside)
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


def _sections(of_year: int, found: _Found) -> tuple[Report, ...]:
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
    kilograms = Column("co2_g", N_("kg CO2"), WEIGHT)
    compared = (
        Column("co2_g_before", last_year, WEIGHT, gives_way=2),
        Column("change", N_("Change"), SHARE, gives_way=1),
        Column("co2_g", "", BAR, gives_way=1, mark="co2_g_before"),
    )
    return (
        Report(
            title=translate(N_("Key figures")),
            columns=(
                Column("shown", ""),
                Column("now", this_year, SHARE),
                Column("earlier", last_year, SHARE, gives_way=1),
                Column("change", N_("Change"), SHARE, gives_way=2),
            ),
            rows=shown,
            document={},
        ),
        Report(
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
        ),
        Report(
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
        ),
        Report(
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
        ),
        Report(
            title=translate(N_("Where the fund's money came from and went")),
            columns=(
                Column("shown", N_("The shared fund")),
                Column("amount_ore", this_year, AMOUNT),
                Column("amount_ore_before", last_year, AMOUNT, gives_way=1),
                Column("amount_ore", "", BAR, gives_way=2),
            ),
            rows=found.fund,
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


def _tidy(found: _Found) -> list[dict[str, object]]:
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
    return rows


def _row(section: str, key: str, name: str, figure: str, value: int, before: int) -> dict[str, object]:
    return dict(zip(_CSV_KEYS, (section, key, name, figure, value, before), strict=True))
