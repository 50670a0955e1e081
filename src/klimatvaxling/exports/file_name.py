"""The name of a file that leaves the program: what may stand there already, and what it ends with."""

from pathlib import Path

from klimatvaxling.errors import InputRefused, StateRefused
from klimatvaxling.language import N_


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
