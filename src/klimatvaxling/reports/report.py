"""A report: rows of facts with what a person and what a program needs to read them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

TEXT, AMOUNT, WEIGHT, NUMBER = "text", "amount", "weight", "number"
# An exact decimal as it stands in the books: with a point, never rounded.
DECIMAL = "decimal"


@dataclass(frozen=True)
class Column:
    """A column of a table: its key in the rows, its English title (a message id), and how its values are shown."""

    key: str
    title: str
    kind: str = TEXT
    # When the terminal is too narrow, columns with the highest number here are left out first; 0 always stays.
    gives_way: int = 0


@dataclass(frozen=True)
class Report:
    """A report. `rows` are what CSV and tables show; `document` is the JSON; `total` is the last line of a table."""

    title: str
    columns: Sequence[Column]
    rows: Sequence[Mapping[str, object]]
    document: Mapping[str, object]
    total: Mapping[str, object] | None = None
    notes: Sequence[str] = field(default_factory=tuple)
    csv_keys: Sequence[str] = field(default_factory=tuple)
    when_empty: str = ""
