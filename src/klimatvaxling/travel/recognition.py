"""Recognising whose file it is: by its header, which only one source's profile may fit. Nothing is guessed."""

from collections.abc import Mapping
from pathlib import Path

from klimatvaxling.errors import InputRefused, Place
from klimatvaxling.language import N_
from klimatvaxling.travel.profile import Profile
from klimatvaxling.travel.sheet import beginnings, fits


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
    known: dict[tuple[str | None, ...], list[list[list[str]]]] = {}
    faults: list[InputRefused] = []
    fitting = []
    for name, profile in profiles.items():
        way = (profile.sheet, profile.delimiter, profile.encoding)
        if way not in known:
            try:
                known[way] = beginnings(profile, path)
            except InputRefused as fault:
                # A sheet or an encoding that only this profile asks for; what no profile can read is told below.
                faults.append(fault)
                known[way] = []
        if any(fits(profile, rows) for rows in known[way]):
            fitting.append(name)
    if len(fitting) == 1:
        return profiles[fitting[0]]
    place = Place(file=path.name)
    if fitting:
        raise SourceAmbiguous(candidates=", ".join(fitting), place=place)
    if faults and not any(map(any, known.values())):
        raise faults[0]
    raise SourceUnrecognised(candidates=", ".join(profiles), place=place)
