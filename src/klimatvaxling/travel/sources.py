"""The sources: folders with a profile, shipped with the program or the user's own. The user's own come first."""

import os
from pathlib import Path

from klimatvaxling.database.location import shipped
from klimatvaxling.errors import InputRefused, Place
from klimatvaxling.language import N_, translate
from klimatvaxling.travel.profile import BadProfile, Profile, parse_profile

PROFILE = "profile.toml"
ENVIRONMENT_VARIABLE = "KLIMATVAXLING_IMPORTS"


class UnknownSource(InputRefused):
    """No source of that name."""

    code = "KV-SOURCE-UNKNOWN"
    message = N_("There is no source “{name}”.")
    remedy = N_("The sources are: {known}. A new one is a folder with a profile in {folder}.")


def own_folder() -> Path:
    """Where the user keeps profiles of her own."""
    if given := os.environ.get(ENVIRONMENT_VARIABLE):
        return Path(given)
    from platformdirs import user_data_path

    return Path(user_data_path("klimatvaxling", appauthor=False)) / "imports"


def source_folders() -> dict[str, Path]:
    """Every source's folder by name, in alphabetical order."""
    found: dict[str, Path] = {}
    for folder in (shipped("imports"), own_folder()):
        if folder.is_dir():
            found |= {path.parent.name: path.parent for path in folder.glob(f"*/{PROFILE}")}
    return dict(sorted(found.items()))


def find_source(name: str) -> Profile:
    """The profile of a source. Raises `UnknownSource` or `BadProfile`."""
    folders = source_folders()
    if name not in folders:
        raise UnknownSource(name=name, known=", ".join(folders), folder=own_folder(), place=Place())
    try:
        content = (folders[name] / PROFILE).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise BadProfile(
            profile=name, key=PROFILE, problem=translate(N_("is no text in UTF-8")), place=Place(file=PROFILE)
        ) from None
    return parse_profile(name, content)
