"""A file of vehicles, as a fleet system or a spreadsheet gives it; the columns stand in any order."""

import datetime
import re
from collections.abc import Collection, Sequence
from pathlib import Path

from klimatvaxling import typed
from klimatvaxling.errors import ExchangeError, InputRefused, Place
from klimatvaxling.language import N_, translate
from klimatvaxling.travel.file import open_travel_file
from klimatvaxling.travel.personal_number import looks_like_personal_number
from klimatvaxling.units.unit import ALWAYS
from klimatvaxling.vehicles.vehicle import Vehicle, vehicle

COLUMNS = (
    "vehicle",
    "cards",
    "unit",
    "category",
    "fuel",
    "cost_centre",
    "outside_scheme",
    "charged_by",
    "tank_litres",
    "valid_from",
    "valid_to",
)
REQUIRED = ("vehicle", "unit", "category")
# The words a Swedish list uses.
_FUELS = {
    "bensin": "petrol",
    "etanol": "e85",
    "hvo": "hvo100",
    "biogas": "vehicle_gas",
    "fordonsgas": "vehicle_gas",
    "gas": "vehicle_gas",
    "el": "electric",
    "okänt": "unknown",
}
_CATEGORIES = {
    "poolbil": "pool_car",
    "verksamhetsbil": "pool_car",
    "tjänstebil": "pool_car",
    "hyrbil": "rental_car",
    "egen bil": "own_car",
    "taxi": "taxi",
}
# A card's number is no person: ten bare digits are let through in its own column.
_CARD = re.compile("[0-9]{10}")
# A space may stand inside a card's number: 7015 8300 0012.
_CARD_ENDS = re.compile("[,;|]")


class VehicleFileColumns(InputRefused):
    """The header is not the vehicle file's."""

    code = "KV-VEHICLE-FILE-COLUMNS"
    message = N_("The header of the vehicle file is not understood: {problem}.")
    remedy = N_("The columns are {columns}. Required are {required}.")


class VehicleFileEmpty(InputRefused):
    """A header and nothing else."""

    code = "KV-VEHICLE-FILE-EMPTY"
    message = N_("The vehicle file has no vehicles.")
    remedy = N_("Write one vehicle on each row below the header.")


class VehicleRowWide(InputRefused):
    """A row with more cells than the header has columns."""

    code = "KV-VEHICLE-ROW-WIDE"
    message = N_("The row has {cells} cells, the header {columns}.")
    remedy = N_("Several cards stand in one cell, with a comma between them. Correct the row.")


class VehiclePersonalNumber(InputRefused):
    """Something that looks like a personal identity number in the register."""

    code = "KV-VEHICLE-PERSONAL"
    message = N_("The cell holds something that looks like a personal identity number; it is not repeated here.")
    remedy = N_("Remove it: the register is about vehicles, not about who drives them.")


class ChargingSourceUnknown(InputRefused):
    """A vehicle charged by a source that is not there."""

    code = "KV-VEHICLE-SOURCE-UNKNOWN"
    message = N_("There is no source “{name}” that could charge the vehicle.")
    remedy = N_("Write one of: {known}. Or leave the cell empty.")


class VehicleDate(InputRefused):
    """A cell that is no date."""

    code = "KV-VEHICLE-DATE"
    message = N_("“{value}” is not a date.")
    remedy = N_("Write the date as YYYY-MM-DD, for example 2025-03-07, or leave the cell empty.")


def read_vehicles(path: Path, sources: Collection[str]) -> dict[Place, Vehicle]:
    """The vehicles of a CSV or XLSX file by where they stand; `sources` are the names of those there are.

    Raises what is wrong with file, row and column.
    """
    rows = []
    with open_travel_file(path) as file:
        for first, chunk in file.chunks():
            rows += [(first + offset, row) for offset, row in enumerate(chunk) if any(cell.strip() for cell in row)]
    if not rows:
        raise VehicleFileEmpty(place=Place(file=path.name))
    header = [cell.strip().casefold() for cell in rows[0][1]]
    while header and not header[-1]:
        header.pop()
    _require_header(header, Place(file=path.name, row=rows[0][0]))
    if len(rows) == 1:
        raise VehicleFileEmpty(place=Place(file=path.name))
    found = {}
    for number, row in rows[1:]:
        try:
            found[Place(file=path.name, row=number)] = entry = _vehicle(_cells(header, row))
            _require_source(entry.charged_by, sources)
        except ExchangeError as complaint:
            complaint.place = Place(file=path.name, row=number, column=complaint.place.column)
            raise
    return found


def _require_source(name: str, sources: Collection[str]) -> None:
    """A slip would put every row of the vehicle outside the scheme. Raises `ChargingSourceUnknown`."""
    if name and name not in sources:
        raise ChargingSourceUnknown(name=name, known=", ".join(sources), place=Place(column="charged_by"))


def _require_header(header: list[str], place: Place) -> None:
    unknown = [column for column in header if column not in COLUMNS]
    missing = [column for column in REQUIRED if column not in header]
    doubled = sorted({column for column in header if header.count(column) > 1})
    for columns, problem in (
        (unknown, N_("unknown {columns}")),
        (missing, N_("missing {columns}")),
        (doubled, N_("twice {columns}")),
    ):
        if columns:
            told = translate(problem, columns=", ".join(column or "—" for column in columns))
            raise VehicleFileColumns(problem=told, columns=";".join(COLUMNS), required=", ".join(REQUIRED), place=place)


def _cells(header: list[str], row: Sequence[str]) -> dict[str, str]:
    """The row's cells by column; empty cells at its end do not count. Raises `VehicleRowWide`."""
    cells = [cell.strip() for cell in row]
    while len(cells) > len(header) and not cells[-1]:
        cells.pop()
    if len(cells) > len(header):
        raise VehicleRowWide(cells=len(cells), columns=len(header))
    found = dict.fromkeys(COLUMNS, "") | dict(zip(header, cells, strict=False))
    for column, cell in found.items():
        parts = _CARD_ENDS.split(cell) if column == "cards" else [cell]
        if any(looks_like_personal_number(part, id_pattern=_CARD if column == "cards" else None) for part in parts):
            raise VehiclePersonalNumber(place=Place(column=column))
    return found


def _vehicle(cells: dict[str, str]) -> Vehicle:
    category, fuel = cells["category"].casefold(), cells["fuel"].casefold()
    return vehicle(
        cells["vehicle"],
        cards=[card for card in _CARD_ENDS.split(cells["cards"]) if card.strip()],
        unit=cells["unit"],
        category=_CATEGORIES.get(category, category),
        fuel=_FUELS.get(fuel, fuel),
        cost_centre=cells["cost_centre"],
        outside_reason=cells["outside_scheme"],
        charged_by=cells["charged_by"],
        tank=cells["tank_litres"],
        valid_from=_day(cells, "valid_from") or ALWAYS,
        valid_to=_day(cells, "valid_to"),
    )


def _day(cells: dict[str, str], column: str) -> datetime.date | None:
    try:
        # Spreadsheets write a time of day behind a date.
        return typed.date(re.sub(r"[ T]00:00(:00)?$", "", cells[column])) if cells[column] else None
    except typed.NotADate as fault:
        raise VehicleDate(value=cells[column][:40], place=Place(column=column)) from fault
