"""Several files that get their names together, once what they hold is on record."""

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from klimatvaxling.errors import StateRefused
from klimatvaxling.files import FileUnwritable
from klimatvaxling.language import N_


class OutputTaken(StateRefused):
    """Another file has the name."""

    code = "KV-OUTPUT-TAKEN"
    message = N_("There is another file named {file} in the folder, with another content.")
    remedy = N_("Move it away, or choose another folder.")


@dataclass(frozen=True)
class Prepared:
    """Files that stand complete on the disk under passing names: `publish` gives them theirs, `discard` removes them."""

    folder: Path
    parts: Mapping[str, Path]

    def publish(self) -> None:
        """Give every file its name. Raises `FileUnwritable`; those not yet named are removed."""
        try:
            for name, part in self.parts.items():
                try:
                    part.replace(self.folder / name)
                except OSError as fault:
                    raise FileUnwritable(file=name, reason=_reason(fault)) from None
            _settle(self.folder)
        finally:
            self.discard()

    def discard(self) -> None:
        """Leave nothing behind of what has no name yet."""
        for part in self.parts.values():
            part.unlink(missing_ok=True)


def prepare(folder: Path, files: Mapping[str, bytes]) -> Prepared:
    """Write files under passing names and see to it that they are on the disk. Raises `FileUnwritable`."""
    parts: dict[str, Path] = {}
    prepared = Prepared(folder, parts)
    for name, content in files.items():
        try:
            # Made with mode 0600, in the same folder, so that the last step is one rename.
            handle, made = tempfile.mkstemp(prefix=f".{name[:40]}.", suffix=".part", dir=folder)
            parts[name] = Path(made)
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        except OSError as fault:
            prepared.discard()
            raise FileUnwritable(file=name, reason=_reason(fault)) from None
    return prepared


def require_free(folder: Path, files: Mapping[str, bytes]) -> None:
    """Refuse a folder where another file has one of the names. Raises `OutputTaken` or `FileUnwritable`."""
    for name, content in files.items():
        path = folder / name
        try:
            if path.exists() and path.read_bytes() != content:
                raise OutputTaken(file=name)
        except OSError as fault:
            raise FileUnwritable(file=name, reason=_reason(fault)) from None


def _settle(folder: Path) -> None:
    """A rename is lasting once its folder is on the disk; Windows has no handle for that."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _reason(fault: OSError) -> str:
    return (fault.strerror or type(fault).__name__).rstrip(".")
