"""Where a command writes files: never over the books themselves."""

from pathlib import Path

from klimatvaxling.database.location import sqlite_file
from klimatvaxling.errors import UsageFault
from klimatvaxling.language import N_


class OutputIsBooks(UsageFault):
    """The file to write is the database."""

    code = "KV-OUTPUT-BOOKS"
    message = N_("“{file}” holds the books; nothing is written over it.")
    remedy = N_("Choose another file name: --output FILE")


def apart_from_books(path: Path, url: str) -> Path:
    """The path as it is. Raises `OutputIsBooks` if the books are there."""
    books = sqlite_file(url)
    if books is not None and path.resolve() in {Path(f"{books.resolve()}{end}") for end in ("", "-journal", "-wal")}:
        raise OutputIsBooks(file=path.name)
    return path
