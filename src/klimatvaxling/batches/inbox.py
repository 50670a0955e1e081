"""The inbox: a folder where travel files wait, and the two folders in it where they end up, each with its report.

A file is moved after it is imported. Whoever is interrupted in between finds it waiting still, and everything in it
already imported: then it is only moved.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from klimatvaxling.errors import InputRefused, StateRefused
from klimatvaxling.language import N_

DONE, REJECTED = "done", "rejected"
REPORT_ENDING = ".report.json"
TRAVEL_ENDINGS = (".csv", ".txt", ".tsv", ".xlsx", ".xlsm")
REJECTED_WORKBOOK_ENDING = ".rejected.xlsx"
# What desktops leave in folders, and files that somebody is still writing.
_NOT_TRAVEL = ("thumbs.db", "desktop.ini")
_UNFINISHED = (".part", ".tmp", ".filepart", ".crdownload", ".lock")


class NoFolder(InputRefused):
    """There is no such folder."""

    code = "KV-FOLDER-MISSING"
    message = N_("There is no folder “{folder}”.")
    remedy = N_("Check the spelling, or create the folder and put the files that wait in it.")


class FolderEmpty(InputRefused):
    """A folder without a travel file."""

    code = "KV-FOLDER-EMPTY"
    message = N_("There is no travel file in “{folder}”.")
    remedy = N_(
        "Travel files end in .csv, .txt, .tsv, .xlsx or .xlsm. Workbooks of rejected rows are imported by name."
    )


class InboxUnwritable(StateRefused):
    """A file could not be moved out of the inbox, or its report not written."""

    code = "KV-INBOX-WRITE"
    message = N_("“{file}” could not be moved to {folder}.")
    remedy = N_(
        "Check that you may write in the folder, and run the command again: what is imported is not imported twice."
    )


def travel_files(folder: Path) -> list[Path]:
    """The travel files of a folder by name, without workbooks of rejected rows: those are imported by name.

    Raises `NoFolder` or `FolderEmpty`.
    """
    found = [
        path
        for path in _files(folder)
        if path.suffix.casefold() in TRAVEL_ENDINGS and not path.name.casefold().endswith(REJECTED_WORKBOOK_ENDING)
    ]
    if not found:
        raise FolderEmpty(folder=folder)
    return found


def waiting(folder: Path) -> list[Path]:
    """Every file that waits in an inbox, by name, whatever its kind. Raises `NoFolder`."""
    return [path for path in _files(folder) if not path.name.casefold().endswith(_UNFINISHED)]


def _files(folder: Path) -> list[Path]:
    try:
        found = [path for path in folder.iterdir() if path.is_file()]
    except OSError:
        raise NoFolder(folder=folder) from None
    # By name and not as the file system lists them: the same files give the same vouchers everywhere.
    return sorted(
        (path for path in found if not path.name.startswith((".", "~$")) and path.name.casefold() not in _NOT_TRAVEL),
        key=lambda path: path.name,
    )


def put_away(file: Path, into: Path, report: Mapping[str, Any]) -> Path:
    """Write a file's report into a folder and then move the file there; gives its new place.

    A file that has the name already is kept: this one is numbered. Raises `InboxUnwritable`.
    """
    try:
        into.mkdir(exist_ok=True)
        target = _free(into / file.name)
        _write_report(target.with_name(target.name + REPORT_ENDING), report)
        file.rename(target)
    except OSError:
        raise InboxUnwritable(file=file.name, folder=into) from None
    return target


def place_for_workbook(inbox: Path, file: Path) -> Path:
    """Where the workbook of a file's rejected rows is written: a free name in `rejected/`. Raises `InboxUnwritable`."""
    folder = inbox / REJECTED
    try:
        folder.mkdir(exist_ok=True)
        # Never over a workbook that somebody may be correcting.
        return _free(folder / f"{file.stem}{REJECTED_WORKBOOK_ENDING}")
    except OSError:
        raise InboxUnwritable(file=file.name, folder=folder) from None


def _free(target: Path) -> Path:
    ending = REJECTED_WORKBOOK_ENDING if target.name.endswith(REJECTED_WORKBOOK_ENDING) else target.suffix
    number, free = 2, target
    while free.exists():
        free = target.with_name(f"{target.name.removesuffix(ending)}-{number}{ending}")
        number += 1
    return free


def _write_report(path: Path, report: Mapping[str, Any]) -> None:
    # Left by a run that was interrupted before it moved the file: it says what was posted, this one only that it was.
    if path.exists() and report.get("batch") is None and _told(path).get("file_sha256") == report.get("file_sha256"):
        return
    draft = path.with_name(f".{path.name}.part")
    # Readable by its owner only, as the books are.
    with os.fdopen(os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(json.dumps(report, ensure_ascii=False, indent=2) + "\n")
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _told(path: Path) -> dict[str, Any]:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}
