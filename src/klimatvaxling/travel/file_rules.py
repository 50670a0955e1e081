"""What holds for every travel file, whatever its format: limits, refused characters, what can be wrong."""

import re
from collections.abc import Iterator

from klimatvaxling.errors import InputRefused
from klimatvaxling.language import N_, translate

# The row number of the first row, counting from 1 as a spreadsheet does, and the rows.
Chunks = Iterator[tuple[int, list[list[str]]]]

MOST_COLUMNS = 500
MOST_CELL_CHARACTERS = 100_000

# Control characters except tab and line breaks. U+001E and U+001F among them are our own separators.
CONTROL_BYTES = bytes([*range(9), 11, 12, *range(14, 32), 127])
CONTROL = re.compile(f"[{re.escape(CONTROL_BYTES.decode('ascii'))}]")


class Term(str):
    """A word inside a message that is itself shown in the language in use."""

    __slots__ = ()

    def __format__(self, spec: str) -> str:
        return format(translate(str(self)), spec)


class FileEmpty(InputRefused):
    """Nothing in the file, or nothing but empty sheets."""

    code = "KV-FILE-EMPTY"
    message = N_("“{file}” is empty.")
    remedy = N_("Export the file again, and open it to see that it holds rows in a visible sheet.")


class FileUnreadable(InputRefused):
    """The operating system does not let us read it."""

    code = "KV-FILE-UNREADABLE"
    message = N_("“{file}” cannot be read.")
    remedy = N_("Check that it is a file and not a folder, that you may read it, and that the disk works.")


class FileChanged(InputRefused):
    """Written to by somebody while it was read: what was checked is not what was read."""

    code = "KV-FILE-CHANGED"
    message = N_("“{file}” changed while it was being read.")
    remedy = N_("Wait until the file is written completely, close it in other programs, and import it again.")


class ControlCharacter(InputRefused):
    """A character that no text has, such as NUL: a damaged file, or no text file at all."""

    code = "KV-FILE-CONTROL"
    message = N_("The file contains the control character {character}, which text cannot contain.")
    remedy = N_("Export the file again as CSV in UTF-8 or as XLSX, or remove the character and import it again.")


class CellTooLong(InputRefused):
    """A cell no travel row has: usually a quotation mark that opens and is never closed."""

    code = "KV-FILE-CELL"
    message = N_("A cell is longer than {most} characters.")
    remedy = N_("Look for a quotation mark that is never closed on this row or above it, and export the file again.")


class TooManyColumns(InputRefused):
    """A row no travel file has: usually lost line breaks or the wrong separator."""

    code = "KV-FILE-WIDE"
    message = N_("The row has {columns} columns; at most {most} are read.")
    remedy = N_("Check that the rows are separated by line breaks, and remove columns that are not needed.")


def control_name(character: str) -> str:
    """How a character that cannot be shown is named, for example U+0000."""
    return f"U+{ord(character):04X}"
