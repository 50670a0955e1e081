"""A report: rows of facts with what a person and what a program needs to read them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

TEXT, AMOUNT, WEIGHT, NUMBER = "text", "amount", "weight", "number"
# An exact decimal as it stands in the books: with a point, never rounded.
DECIMAL = "decimal"
# A picture of the number under the same key: drawn as wide as the terminal allows, never written to JSON or CSV.
BAR = "bar"
# Text set to the right, as a share in percent.
SHARE = "share"


@dataclass(frozen=True)
class Column:
    """A column of a table: its key in the rows, its English title (a message id), and how its values are shown."""

    key: str
    title: str
    kind: str = TEXT
    # When the terminal is too narrow, columns with the highest number here are left out first; 0 always stays.
    gives_way: int = 0
    # For a bar: the key of what it is compared with, drawn as a stroke on the same scale.
    mark: str | None = None
    # Text that is left out rather than broken over lines; give it a number above to give way by.
    whole: bool = False


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
    # A page of several tables: each is shown under its own title, and `rows` are for CSV only.
    sections: "Sequence[Report]" = field(default_factory=tuple)
