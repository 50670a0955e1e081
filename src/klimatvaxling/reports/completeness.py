"""Completeness as people read it: a line for each source and unit, a sign for each month."""

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

from klimatvaxling.completeness.completeness import DELIVERED, EMPTY, LATE, MISSING, NOT_DUE, NOTHING, Cell
from klimatvaxling.language import N_, translate
from klimatvaxling.reports.report import NUMBER, WEIGHT, Column, Report
from klimatvaxling.reports.titles import title

# A sign for each state, so that the screen is read without colour.
_SIGNS = {DELIVERED: "x", EMPTY: "0", LATE: "~", MISSING: "!", NOTHING: ".", NOT_DUE: " "}
_LESS, _MORE = "<", ">"
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def completeness(cells: Sequence[Cell], year: int, as_of: datetime.date) -> Report:
    """The months of a year, with what is missing and what deviates spelled out below."""
    lines: dict[tuple[str, str | None], list[Cell]] = {}
    for cell in cells:
        lines.setdefault((cell.source, cell.unit), []).append(cell)
    rows = [
        {
            "source": source,
            "unit": unit,
            "unit_title": unit or translate(N_("(all)")),
            "months": " ".join(map(_sign, months)),
            **{name: cell.state for name, cell in zip(_MONTHS, months, strict=True)},
            "co2_g": sum(cell.co2_g for cell in months),
            "missing": sum(cell.state == MISSING for cell in months),
        }
        for (source, unit), months in lines.items()
    ]
    missing = [cell for cell in cells if cell.state == MISSING]
    return Report(
        title=translate(N_("Delivered travel data {year}, as of {day}"), year=year, day=as_of),
        columns=(
            Column("source", N_("Source")),
            Column("unit_title", N_("Unit")),
            Column("months", N_("J F M A M J J A S O N D")),
            Column("co2_g", N_("kg CO2"), WEIGHT, gives_way=2),
            Column("missing", N_("Missing"), NUMBER, gives_way=1),
        ),
        rows=rows,
        document={
            "year": year,
            "as_of": as_of.isoformat(),
            "cells": [_document(cell) for cell in cells],
            "missing": len(missing),
            "deviating": sum(cell.deviates for cell in cells),
        },
        notes=(
            translate(N_("x delivered   0 declared empty   ~ declared late   ! missing   . nothing expected")),
            translate(N_("< less than a quarter of what is usual   > more than four times as much")),
            *_spelled_out(cells),
        ),
        csv_keys=("source", "unit", *_MONTHS, "co2_g", "missing"),
        when_empty=translate(N_("No source has delivered or been declared yet.")),
    )


def _sign(cell: Cell) -> str:
    if cell.state == DELIVERED and cell.deviates:
        return _LESS if cell.co2_g < (cell.usual_co2_g or 0) else _MORE
    return _SIGNS[cell.state]


def _document(cell: Cell) -> dict[str, object]:
    return {
        "source": cell.source,
        "unit": cell.unit,
        "month": str(cell.month),
        "state": cell.state,
        "co2_g": cell.co2_g,
        "usual_co2_g": cell.usual_co2_g,
        "deviates": cell.deviates,
        "reason": cell.reason,
    }


_MOST_SPELLED_OUT = 10


def _spelled_out(cells: Sequence[Cell]) -> list[str]:
    """What a reader should not have to look for: whole sources that are missing, and units that fell silent."""
    told = []
    silent: dict[tuple[str, str], list[Cell]] = {}
    for cell in cells:
        if cell.state == MISSING and cell.unit is None:
            told.append(translate(N_("{month}: nothing at all from {source}."), source=cell.source, month=cell.month))
        elif cell.state == MISSING and cell.unit is not None and cell.deviates:
            silent.setdefault((cell.source, cell.unit), []).append(cell)
        elif cell.reason and cell.unit is None:
            facts = {"source": cell.source, "month": cell.month, "reason": cell.reason}
            told.append(translate(N_("{month}: {source}: {reason}"), **facts))
    # The heaviest first: there completeness matters most.
    heaviest = sorted(silent.items(), key=lambda item: (-sum(cell.usual_co2_g or 0 for cell in item[1]), item[0]))
    for (source, unit), months in heaviest[:_MOST_SPELLED_OUT]:
        listed = ", ".join(str(cell.month) for cell in months)
        told.append(
            translate(
                N_("{unit} usually has trips from {source}, and none in {months}."),
                unit=unit,
                source=source,
                months=listed,
            )
        )
    if len(heaviest) > _MOST_SPELLED_OUT:
        told.append(translate(N_("… and {count} more, marked !."), count=len(heaviest) - _MOST_SPELLED_OUT))
    return told


def duplicates(rows: Sequence[Mapping[str, Any]], year: int) -> Report:
    """Trips that may be the same journey from two sources, group by group."""
    shown = [{**row, "category_title": title(row["category"])} for row in rows]
    groups = len({row["group"] for row in rows})
    return Report(
        title=translate(N_("Likely duplicates {year}"), year=year),
        columns=(
            Column("group", N_("Group"), NUMBER),
            Column("trip_on", N_("Date")),
            Column("unit", N_("Unit")),
            Column("source", N_("Source")),
            Column("trip_id", N_("Trip")),
            Column("category_title", N_("Category"), gives_way=2),
            Column("km", N_("km"), gives_way=1),
            Column("co2_g", N_("kg CO2"), WEIGHT),
        ),
        rows=shown,
        document={"year": year, "groups": groups, "trips": list(rows)},
        notes=(
            translate(
                N_("Different sources, the same unit, day, and CO2 or distance: judge whether it is one journey twice.")
            ),
        ),
        csv_keys=("group", "trip_on", "unit", "source", "trip_id", "category", "km", "co2_g", "batch", "row"),
        when_empty=translate(N_("No trips of different sources are alike.")),
    )
