"""The sheet of a workbook that holds the trips: the one a profile names, or the only one with its header."""

from pathlib import Path

from klimatvaxling.errors import ExchangeError, InputRefused, Place
from klimatvaxling.language import N_
from klimatvaxling.travel import standard
from klimatvaxling.travel.file import TravelFile, open_travel_file
from klimatvaxling.travel.profile import Profile, fold
from klimatvaxling.travel.rows import HEADER_WITHIN_ROWS


class SheetsSeveral(InputRefused):
    """Trips on more than one sheet: to read one of them would lose the others."""

    code = "KV-SHEET-SEVERAL"
    message = N_("More than one sheet of the workbook has the header of trips: {sheets}.")
    remedy = N_(
        "Save each sheet as a file of its own, or remove those that are no trips. If the supplier always sends them, name"
        " the right one in the profile: [file] sheet."
    )


def open_for(profile: Profile, path: Path) -> TravelFile:
    """The file at the sheet with the profile's trips; the first sheet where none has them, so that it says what it lacks.

    Raises `SheetsSeveral`, and what `open_travel_file` raises.
    """
    file = open_travel_file(path, sheet=profile.sheet, delimiter=profile.delimiter, encoding=profile.encoding)
    if profile.sheet is not None or len(file.sheet_names) < 2:
        return file
    fitting = [name for name, rows in _of_sheets(file, path).items() if fits(profile, rows)]
    if len(fitting) > 1:
        raise SheetsSeveral(sheets=", ".join(fitting), place=Place(file=path.name))
    return open_travel_file(path, sheet=fitting[0]) if fitting else file


def beginnings(profile: Profile, path: Path) -> list[list[list[str]]]:
    """The first rows of each sheet that may hold the profile's trips; of a text file, of the file."""
    file = open_travel_file(path, sheet=profile.sheet, delimiter=profile.delimiter, encoding=profile.encoding)
    if profile.sheet is not None or len(file.sheet_names) < 2:
        return [_beginning(file)]
    return list(_of_sheets(file, path).values())


def _of_sheets(file: TravelFile, path: Path) -> dict[str, list[list[str]]]:
    found = {}
    for name in file.sheet_names:
        try:
            found[name] = _beginning(open_travel_file(path, sheet=name))
        except ExchangeError:  # empty, or not to be opened: no trips are read from it
            continue
    return found


def _beginning(file: TravelFile) -> list[list[str]]:
    """The first rows with anything in them, as many as a header is looked for in, their cells folded."""
    rows: list[list[str]] = []
    for _, chunk in file.chunks(HEADER_WITHIN_ROWS):
        rows += [folded for row in chunk if any(folded := [fold(cell) for cell in row])]
        if len(rows) >= HEADER_WITHIN_ROWS:
            break
    return rows[:HEADER_WITHIN_ROWS]


def fits(profile: Profile, rows: list[list[str]]) -> bool:
    """Whether the rows hold the profile's header."""
    wanted = set(profile.required_columns)
    if not profile.refuses_unknown_columns:
        return any(wanted <= set(row) for row in rows)
    # A strict source has its header first and nothing else in it.
    known = {*profile.kept_columns, standard.REJECTED_REASON, ""}
    return bool(rows) and wanted <= set(rows[0]) <= known
