"""The sources: folders with a profile, shipped with the program or the user's own. The user's own come first."""

import os
import re
from collections.abc import Sequence
from pathlib import Path

from klimatvaxling.database.location import shipped
from klimatvaxling.errors import InputRefused, Place, StateRefused, UsageFault
from klimatvaxling.language import N_, translate
from klimatvaxling.travel.draft import NothingToDraft, draft_profile
from klimatvaxling.travel.file import open_travel_file
from klimatvaxling.travel.file_rules import FileEmpty
from klimatvaxling.travel.profile import Profile
from klimatvaxling.travel.profile_file import BadProfile, parse_profile

PROFILE = "profile.toml"
# Totals and the words of a column are looked for in so many rows.
DRAFTED_FROM_ROWS = 5_000
ENVIRONMENT_VARIABLE = "KLIMATVAXLING_IMPORTS"


class UnknownSource(InputRefused):
    """No source of that name."""

    code = "KV-SOURCE-UNKNOWN"
    message = N_("There is no source “{name}”.")
    remedy = N_("The sources are: {known}. A new one is a folder with a profile in {folder}.")


class SourceExists(StateRefused):
    """The name is taken."""

    code = "KV-SOURCE-EXISTS"
    message = N_("There is a source “{name}” already, in {folder}.")
    remedy = N_("Choose another name, or correct that profile.")


class BadSourceName(UsageFault):
    """Not a name for a source."""

    code = "KV-SOURCE-NAME"
    message = N_("“{name}” is not a name for a source.")
    remedy = N_("Write small letters, digits, - and _, at most 40, for example taxi-syd.")


class SourceUnwritable(StateRefused):
    """The user's own folder cannot be written."""

    code = "KV-SOURCE-WRITE"
    message = N_("The profile could not be written in {folder}.")
    remedy = N_("Check that you may write there, or point KLIMATVAXLING_IMPORTS to another folder.")


class DraftProfile(InputRefused):
    """A profile that nobody has checked yet."""

    code = "KV-SOURCE-DRAFT"
    message = N_("The profile of {name} is a draft: it holds guesses.")
    remedy = N_("Check it with klimatvaxling source test {name} FILE, then take away the line draft = true in {path}.")


def require_finished(profile: Profile) -> Profile:
    """The profile, if trips may be imported with it. Raises `DraftProfile`."""
    if profile.is_draft:
        raise DraftProfile(name=profile.name, path=source_folders()[profile.name] / PROFILE)
    return profile


def draft_source(name: str, file: Path) -> tuple[Path, str]:
    """Where the draft of a new source belongs, and its text.

    Raises `BadSourceName`, `SourceExists`, `NothingToDraft` or what is wrong with the file.
    """
    if not re.fullmatch(r"[a-zåäö0-9][a-zåäö0-9_-]{0,39}", name):
        raise BadSourceName(name=name)
    path = own_folder() / name / PROFILE
    folder = source_folders().get(name) or (path.parent if path.parent.exists() else None)
    if folder is not None:
        raise SourceExists(name=name, folder=folder)
    rows, sheets = _first_rows(file, None)
    try:
        return path, draft_profile(name, file.name, rows)
    except NothingToDraft as nothing:
        # The first sheet may be a cover: the trips stand on another.
        for sheet in sheets:
            try:
                return path, draft_profile(name, file.name, _first_rows(file, sheet)[0], sheet=sheet)
            except (NothingToDraft, FileEmpty):
                continue
        raise nothing from None


def _first_rows(file: Path, sheet: str | None) -> tuple[list[Sequence[str]], tuple[str, ...]]:
    """The rows that a draft is made from, and the names of the workbook's sheets."""
    rows: list[Sequence[str]] = []
    with open_travel_file(file, sheet=sheet) as opened:
        for _, chunk in opened.chunks():
            rows += chunk
            if len(rows) >= DRAFTED_FROM_ROWS:
                break
    return rows, opened.sheet_names


def write_source(path: Path, content: str) -> None:
    """Write a new source's profile. Raises `SourceExists` or `SourceUnwritable`."""
    try:
        path.parent.mkdir(parents=True)
        with path.open("x", encoding="utf-8", newline="\n") as profile:
            profile.write(content)
    except FileExistsError:
        raise SourceExists(name=path.parent.name, folder=path.parent) from None
    except OSError:
        raise SourceUnwritable(folder=path.parent) from None


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
