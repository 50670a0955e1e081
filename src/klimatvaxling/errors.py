"""What every error of the program is: a stable code, what is wrong, where, and what to do now.

An error is defined next to the rule it guards, as a subclass of one of the three kinds below. The exit code is
attached at the terminal's edge only. Texts are English message ids; the terminal shows them in the user's language.
"""

from dataclasses import dataclass
from typing import ClassVar

from klimatvaxling.language import N_, translate

# Set to 1, faults nobody foresaw are shown with their traceback.
TRACEBACK_VARIABLE = "KLIMATVAXLING_TRACEBACK"


@dataclass(frozen=True)
class Place:
    """Where something is wrong, as far as it is known; `row` counts from 1 as a spreadsheet does."""

    file: str | None = None
    row: int | None = None
    column: str | None = None


class ExchangeError(Exception):
    """The base of all errors a user can meet. `facts` fill the placeholders of the texts."""

    code: ClassVar[str] = ""
    message: ClassVar[str] = ""
    remedy: ClassVar[str] = ""
    explanation: ClassVar[str] = ""
    by_code: ClassVar[dict[str, type["ExchangeError"]]] = {}
    # Nothing was kept, and the same once more may well do: see terminal/again.py.
    asks_for_another_try: bool = False

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "code" in cls.__dict__:
            if cls.code in ExchangeError.by_code:
                raise TypeError(f"{cls.code} is defined twice")
            ExchangeError.by_code[cls.code] = cls

    def __init__(self, *, place: Place | None = None, **facts: object) -> None:
        self.place = place or Place()
        self.facts = facts
        super().__init__(self.code)

    def __reduce__(self) -> tuple[object, ...]:
        # Errors pass from the process that reads a large file to the one that imports it.
        return _again, (type(self), self.place, self.facts)

    def __str__(self) -> str:
        return f"{self.code}: {self.what()}"

    def what(self) -> str:
        """What is wrong, in the language in use."""
        return translate(self.message, **self.facts) if self.facts else translate(self.message)

    def what_to_do(self) -> str:
        """What to do now, in the language in use."""
        return translate(self.remedy, **self.facts) if self.facts else translate(self.remedy)

    def where(self) -> str:
        """File, row and column, in the language in use; empty when the place is not known."""
        parts = []
        if self.place.file is not None:
            parts.append(self.place.file)
        if self.place.row is not None:
            parts.append(translate(N_("row {row}"), row=self.place.row))
        if self.place.column is not None:
            parts.append(translate(N_("column {column}"), column=self.place.column))
        return ", ".join(parts)


def _again(kind: type[ExchangeError], place: Place, facts: dict[str, object]) -> ExchangeError:
    return kind(place=place, **facts)


class UsageFault(ExchangeError):
    """The command was called wrongly."""


class InputRefused(ExchangeError):
    """A file or value was refused; nothing was posted."""


class StateRefused(ExchangeError):
    """The state of the books, the fund or a permission refuses it; nothing was posted."""
