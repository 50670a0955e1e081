"""A file that leaves the program: written whole or not at all, readable by its owner only."""

import os
import tempfile
from pathlib import Path

from klimatvaxling.errors import InputRefused, StateRefused
from klimatvaxling.language import N_


class ExportUnwritable(StateRefused):
    """The file could not be written where it should be."""

    code = "KV-EXPORT-WRITE"
    message = N_("“{file}” could not be written.")
    remedy = N_("Close the file if it is open, check that its folder exists, and that you may write in it.")


class WrongEnding(InputRefused):
    """A file name that says another kind of file."""

    code = "KV-EXPORT-NAME"
    message = N_("“{file}” is not the name of a {ending} file.")
    remedy = N_("Give the file a name that ends with {ending}: --output REPORT{ending}")


class NotOurs(StateRefused):
    """Something else stands where the file should be."""

    code = "KV-EXPORT-EXISTS"
    message = N_("“{file}” exists and is no {ending} file; it is left as it is.")
    remedy = N_("Choose another name, or move the file away first.")
    explanation = N_(
        "An export replaces an earlier file of the same name and kind, so that a routine can be run again. What is of"
        " another kind is never replaced, whatever its name."
    )


def require_name(path: Path, ending: str, beginning: bytes) -> None:
    """Refuse a name without the ending, or one under which a file without the beginning of this kind stands.

    Raises `WrongEnding` or `NotOurs`.
    """
    if path.suffix.casefold() != ending:
        raise WrongEnding(file=path.name, ending=ending)
    try:
        if not path.exists():
            return
        with path.open("rb") as file:
            found = file.read(len(beginning))
    except OSError:
        raise NotOurs(file=path.name, ending=ending) from None
    if found not in (b"", beginning):
        raise NotOurs(file=path.name, ending=ending)


def write_whole(path: Path, content: bytes) -> None:
    """Put `content` under the name in one step, in place of an earlier file. Raises `ExportUnwritable`."""
    temporary: Path | None = None
    try:
        # Made with mode 0600, in the same folder, so that the last step is one rename.
        handle, made = tempfile.mkstemp(prefix=f".{path.stem[:40]}.", suffix=".part", dir=path.parent)
        temporary = Path(made)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        temporary = None
    except OSError:
        raise ExportUnwritable(file=path.name) from None
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
