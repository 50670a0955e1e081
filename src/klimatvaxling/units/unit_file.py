"""A file of units: `code;name;kind;org_number;cost_centres;counterpart;full_time_equivalents`, in any order."""

import re
from pathlib import Path

from klimatvaxling.errors import ExchangeError, Place
from klimatvaxling.travel.register_file import RegisterRow, read_register
from klimatvaxling.units.unit import Unit, unit

COLUMNS = ("code", "name", "kind", "org_number", "cost_centres", "counterpart", "full_time_equivalents")
REQUIRED = ("code", "name", "kind")
# The words a Swedish list uses for the two kinds.
_KINDS = {"förvaltning": "administration", "nämnd": "administration", "bolag": "company"}


def read_units(path: Path) -> list[Unit]:
    """The units of a CSV or XLSX file. Raises what is wrong with file, row and column."""
    return [_unit(row, path.name) for row in read_register(path, COLUMNS, REQUIRED)]


def kind_named(word: str) -> str:
    """A unit's kind from the word for it, Swedish or as a program writes it."""
    return _KINDS.get(word.strip().casefold(), word.strip().casefold())


def _unit(row: RegisterRow, file: str) -> Unit:
    try:
        return unit(
            row["code"],
            row["name"],
            kind_named(row["kind"]),
            org_number=row["org_number"],
            cost_centre_codes=[code for code in re.split(r"[,|\s]+", row["cost_centres"]) if code],
            counterpart=row["counterpart"],
            full_time_equivalents=row["full_time_equivalents"],
        )
    except ExchangeError as complaint:
        complaint.place = Place(file=file, row=row.number, column=complaint.place.column)
        raise
