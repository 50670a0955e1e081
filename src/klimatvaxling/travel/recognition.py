"""Recognising whose file it is: by its header, which only one source's profile may fit. Nothing is guessed."""

from collections.abc import Mapping
from pathlib import Path

from klimatvaxling.errors import InputRefused, Place
from klimatvaxling.language import N_
from klimatvaxling.travel import standard
from klimatvaxling.travel.file import open_travel_file
from klimatvaxling.travel.profile import Profile, fold
from klimatvaxling.travel.rows import HEADER_WITHIN_ROWS


class SourceUnrecognised(InputRefused):
    """No source's columns are in the file."""

    code = "KV-SOURCE-UNRECOGNISED"
    message = N_("The file's header fits none of the sources {candidates}.")
    remedy = N_(
        "Correct the header or the source's profile, or draft a new source: klimatvaxling source new NAME FILE."
        " A source is fitted when every column its profile requires is there."
    )


class SourceAmbiguous(InputRefused):
    """Several sources' columns are in the file."""

    code = "KV-SOURCE-AMBIGUOUS"
    message = N_("The file's header fits more than one source: {candidates}.")
    remedy = N_("Import it by name: klimatvaxling import FILE --source NAME. Or let the profiles require more columns.")


def recognise(path: Path, profiles: Mapping[str, Profile]) -> Profile:
    """The one profile that a file's header fits.

    Raises `SourceUnrecognised`, `SourceAmbiguous` or what is wrong with the file.
    """
    beginnings: dict[tuple[str | None, ...], list[list[str]]] = {}
    faults: list[InputRefused] = []
    fitting = []
    for name, profile in profiles.items():
        way = (profile.sheet, profile.delimiter, profile.encoding)
        if way not in beginnings:
            try:
                beginnings[way] = _beginning(path, profile)
            except InputRefused as fault:
                # A sheet or an encoding that only this profile asks for; what no profile can read is told below.
                faults.append(fault)
                beginnings[way] = []
        if _fits(profile, beginnings[way]):
            fitting.append(name)
    if len(fitting) == 1:
        return profiles[fitting[0]]
    place = Place(file=path.name)
    if fitting:
        raise SourceAmbiguous(candidates=", ".join(fitting), place=place)
    if faults and not any(beginnings.values()):
        raise faults[0]
    raise SourceUnrecognised(candidates=", ".join(profiles), place=place)


def _beginning(path: Path, profile: Profile) -> list[list[str]]:
    """The first rows with anything in them, as many as a header is looked for in, their cells folded."""
    rows: list[list[str]] = []
    with open_travel_file(path, sheet=profile.sheet, delimiter=profile.delimiter, encoding=profile.encoding) as file:
        for _, chunk in file.chunks(HEADER_WITHIN_ROWS):
            rows += [folded for row in chunk if any(folded := [fold(cell) for cell in row])]
            if len(rows) >= HEADER_WITHIN_ROWS:
                break
    return rows[:HEADER_WITHIN_ROWS]


def _fits(profile: Profile, rows: list[list[str]]) -> bool:
    wanted = set(profile.required_columns)
    if not profile.refuses_unknown_columns:
        return any(wanted <= set(row) for row in rows)
    # A strict source has its header first and nothing else in it.
    known = {*profile.kept_columns, standard.REJECTED_REASON, ""}
    return bool(rows) and wanted <= set(rows[0]) <= known
