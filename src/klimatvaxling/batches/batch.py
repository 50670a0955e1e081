"""The batch: one import of one file, and what became of every row."""

from dataclasses import dataclass, field

from klimatvaxling.errors import InputRefused, StateRefused
from klimatvaxling.language import N_


class RowsRejected(InputRefused):
    """At least one row was rejected, so nothing of the file was posted."""

    code = "KV-ROWS-REJECTED"
    message = N_("{rejected} of {read} rows were rejected, so nothing of the file was posted.")
    remedy = N_(
        "Correct the file and import it again. Or post its good rows now with --accept-partial, correct the marked cells"
        " in {workbook}, and import that with the same source."
    )


class TripsConflict(StateRefused):
    """Trips that are already posted came again with other content."""

    code = "KV-TRIP-CONFLICT"
    message = N_(
        "{count} trips are already posted with other content, first {trip_id} in row {row}. Nothing was posted."
    )
    remedy = N_("Ask the supplier which is right. If the new file is, correct what was posted: --amend")


class UnexpectedRows(InputRefused):
    """Not the number of rows that was expected."""

    code = "KV-EXPECT-ROWS"
    message = N_("The file has {found} rows, but {expected} were expected. Nothing was posted.")
    remedy = N_("Compare with the supplier's own figure; rows may be missing or double.")


class UnexpectedKg(InputRefused):
    """Not the CO2 that was expected."""

    code = "KV-EXPECT-KG"
    message = N_("The file's trips are {found} kg CO2, but {expected} were expected. Nothing was posted.")
    remedy = N_("Compare with the supplier's own figure; rows, units of measure or factors may differ.")


class TripTwice(InputRefused):
    """Two rows of one file with the same id and different content."""

    code = "KV-TRIP-TWICE"
    message = N_("The id {trip_id} stands on more than one row, with different content.")
    remedy = N_("Keep the row that is right, or give the other an id of its own.")


class UnknownBatch(InputRefused):
    """No batch of that number."""

    code = "KV-BATCH-UNKNOWN"
    message = N_("There is no batch {batch}.")
    remedy = N_("See the batches with: klimatvaxling batch list")


class BatchUndone(StateRefused):
    """A batch is undone once."""

    code = "KV-BATCH-UNDONE"
    message = N_("Batch {batch} was undone by batch {undo}.")
    remedy = N_("Its trips can be imported again.")


class BatchIsUndoing(StateRefused):
    """The undoing of a batch is not undone."""

    code = "KV-BATCH-IS-UNDOING"
    message = N_("Batch {batch} is the undoing of batch {undone}.")
    remedy = N_("Import the file again instead.")


class BatchAmended(StateRefused):
    """Trips of the batch were amended since."""

    code = "KV-BATCH-AMENDED"
    message = N_("Trips of batch {batch} were amended by batch {amendment}.")
    remedy = N_("Undo that one first: klimatvaxling batch undo {amendment}")


class NothingToUndo(StateRefused):
    """A batch that charged nothing."""

    code = "KV-BATCH-NOTHING"
    message = N_("Batch {batch} charged nothing: there is nothing to undo.")
    remedy = N_("Rows in quarantine are dismissed one by one: klimatvaxling quarantine list")


@dataclass(frozen=True)
class UnitCharge:
    """What one unit was charged by an import."""

    unit: str
    co2_g: int
    charged_ore: int


@dataclass(frozen=True)
class Rejected:
    """A row that was not understood: kept cells by the file's header, and every complaint about it."""

    row: int
    cells: tuple[str, ...]
    complaints: tuple[InputRefused, ...]
    trip_id: str = ""


@dataclass(frozen=True)
class ImportResult:
    """What an import did. The rows add up: read = posted + already imported + outside + rejected + held."""

    batch: int | None
    source: str
    file: str
    file_sha256: str
    rows_read: int
    rows_posted: int
    rows_already_imported: int
    rows_outside_scheme: int
    rows_rejected: int
    rows_held: int
    co2_g: int
    charged_ore: int
    units: tuple[UnitCharge, ...]
    vouchers: tuple[str, ...]
    dry_run: bool
    outside: dict[str, int] = field(default_factory=dict)
    rejected: tuple[Rejected, ...] = ()
    header: tuple[str, ...] = ()

    def as_document(self) -> dict[str, object]:
        """The keys the finance office scripts against."""
        return {
            "batch": self.batch,
            "source": self.source,
            "file": self.file,
            "file_sha256": self.file_sha256,
            "rows_read": self.rows_read,
            "rows_posted": self.rows_posted,
            "rows_already_imported": self.rows_already_imported,
            "rows_outside_scheme": self.rows_outside_scheme,
            "rows_rejected": self.rows_rejected,
            "rows_held": self.rows_held,
            "co2_g": self.co2_g,
            "charged_ore": self.charged_ore,
            "units": [vars(unit) for unit in self.units],
            "vouchers": list(self.vouchers),
            "dry_run": self.dry_run,
            "outside": self.outside,
        }
