"""Sources of travel data: which there are, how one reads its files, and a file's first rows as they are understood."""

import datetime
from collections.abc import Mapping
from pathlib import Path

from klimatvaxling.emissions.assessment import Assessor, Evidence
from klimatvaxling.emissions.factor import CATEGORIES, FUELS
from klimatvaxling.errors import InputRefused, Place
from klimatvaxling.language import N_, translate
from klimatvaxling.reports.report import Column, Report
from klimatvaxling.travel.personal_number import MASKED, looks_like_personal_number
from klimatvaxling.travel.profile import ColumnRule, Profile
from klimatvaxling.travel.rows import TravelRows
from klimatvaxling.travel.sheet import open_for
from klimatvaxling.travel.standard import COLUMNS
from klimatvaxling.trips.trip import trip_date
from klimatvaxling.trips.understanding import UnknownCategory, UnknownFuel

FIRST_ROWS = 5


def sources(profiles: Mapping[str, Profile], folders: Mapping[str, Path]) -> Report:
    """Every source by name."""
    rows = [
        {
            "source": name,
            "title": f"{profile.title} ({translate(N_('draft'))})" if profile.is_draft else profile.title,
            "folder": str(folders[name]),
            "draft": profile.is_draft,
        }
        for name, profile in profiles.items()
    ]
    return Report(
        title=translate(N_("Sources")),
        columns=(Column("source", N_("Source")), Column("title", N_("Title"))),
        rows=rows,
        document={"sources": rows},
        csv_keys=("source", "title", "folder"),
    )


def source(profile: Profile) -> Report:
    """How a source's columns become standard ones."""
    rows = [
        {
            "column": column,
            "from": _origin(profile, profile.columns.get(column)),
            "how": _how(profile, profile.columns.get(column)),
        }
        for column in COLUMNS
    ]
    outside = [
        f"{translate(N_('Outside the scheme'))}: {profile.spelling[rule.match.column]} "
        f"{', '.join((*rule.match.values, *rule.match.starts_with))} ({rule.reason})"
        for rule in profile.outside
    ]
    identity = (
        N_("Trips have ids of their own.") if profile.has_trip_ids else N_("Content and occurrence identify a trip.")
    )
    return Report(
        title=f"{profile.name}: {profile.title}",
        columns=(
            Column("column", N_("Standard column")),
            Column("from", N_("Column in the file")),
            Column("how", N_("How")),
        ),
        rows=rows,
        document={
            "source": profile.name,
            "title": profile.title,
            "sha256": profile.sha256,
            "columns": rows,
            "profile": profile.text,
        },
        notes=(translate(identity), *outside),
        csv_keys=("column", "from", "how"),
    )


def _shown(cell: str) -> str:
    return MASKED if looks_like_personal_number(cell) else cell


def _origin(profile: Profile, rule: ColumnRule | None) -> str:
    if rule is None:
        return ""
    if rule.file_name or rule.preamble:
        return translate(N_("the file's name") if rule.file_name else N_("the rows above the header"))
    alternatives = (" + ".join(map(profile.spelling.__getitem__, names)) for names in rule.alternatives)
    return f" {translate(N_('or else'))} ".join(alternatives) or f"= {rule.constant}"


def _how(profile: Profile, rule: ColumnRule | None) -> str:
    if rule is None:
        return ""
    parts = [f"× {rule.times}"] if rule.times is not None else []
    parts += [f"{unit or '–'} × {factor}" for unit, factor in (rule.units or {}).items()]
    parts += [f"− {profile.spelling[rule.minus]}"] if rule.minus is not None else []
    parts += [f"× {profile.spelling[name]}" for name in rule.times_columns]
    parts += [f"{key or '–'} → {value or '–'}" for key, value in (rule.mapping or {}).items()]
    parts += list(rule.date_formats)
    return ", ".join(parts)


def _problems(row: int, cells: Mapping[str, str]) -> list[InputRefused]:
    """What of a row cannot be understood, without the books: whose cost centre it is they alone know."""
    found: list[InputRefused] = []
    try:
        day = trip_date(cells["date"])
    except InputRefused as complaint:
        found.append(complaint)
        day = datetime.date.min
    category, fuel = cells["category"].strip().casefold(), cells["fuel"].strip().casefold()
    if category not in CATEGORIES:
        facts = {"value": cells["category"].strip(), "known": ", ".join(CATEGORIES)}
        found.append(UnknownCategory(place=Place(column="category"), **facts))
    if fuel and fuel not in FUELS:
        found.append(UnknownFuel(value=cells["fuel"].strip(), known=", ".join(FUELS), place=Place(column="fuel")))
    evidence = (cells[name] for name in ("co2_fossil_kg", "fuel_quantity", "distance_km", "route"))
    found += Assessor(()).cell_complaints(Evidence(category, fuel, day, *evidence))
    for each in found:
        each.place = Place(row=row, column=each.place.column)
    return found


def tested(profile: Profile, path: Path, *, trip_date: datetime.date | None) -> Report:
    """A file's first rows in standard columns, and how many rows it has. Raises what is wrong with the file.

    `trip_date` is the day of trips whose rows have none.
    """
    rows: list[dict[str, object]] = []
    problems: list[InputRefused] = []
    with open_for(profile, path) as file:
        reading = TravelRows(file, profile, trip_date=trip_date)
        for chunk in reading:
            for index in range(min(len(chunk.numbers), FIRST_ROWS - len(rows))):
                cells = {column: _shown(values[index]) for column, values in zip(COLUMNS, chunk.columns, strict=True)}
                rows.append({"row": chunk.numbers[index], **cells})
                problems += _problems(chunk.numbers[index], cells)
    outside = sum(reading.outside.values())
    table = [
        {
            "column": column,
            "from": _origin(profile, profile.columns.get(column)),
            **{f"row_{number}": row[column] for number, row in enumerate(rows)},
        }
        for column in COLUMNS
    ]
    return Report(
        title=translate(N_("{file} as {source} understands it"), file=path.name, source=profile.name),
        columns=(
            Column("column", N_("Standard column")),
            Column("from", N_("Column in the file"), gives_way=1),
            *(
                Column(f"row_{number}", translate(N_("Row {row}"), row=row["row"]))
                for number, row in enumerate(rows[:3])
            ),
        ),
        rows=table,
        document={
            "source": profile.name,
            "file": path.name,
            "rows_read": reading.rows_read,
            "rows_outside_scheme": outside,
            "rows": rows,
            "problems": [
                {"row": each.place.row, "column": each.place.column, "code": each.code, "what": each.what()}
                for each in problems
            ],
        },
        notes=(
            translate(
                N_("{count} rows, {outside} of them outside the scheme."), count=reading.rows_read, outside=outside
            ),
            *(f"{each.where()}: {each.what()} [{each.code}]" for each in problems),
        ),
        csv_keys=("column", "from", *(f"row_{number}" for number in range(len(rows)))),
    )
