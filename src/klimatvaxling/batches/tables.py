"""Tables of an import: its source and profile, its file and counts, its pages, its charge lines and trips.

Trips, charges and pages are written as the file is read; the batch row comes last and seals them.
"""

import sqlalchemy
from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlmodel import SQLModel

from klimatvaxling.database.columns import key, refers, refers_later, text, whole


class SourceRow(SQLModel, table=True):
    """A source of travel data by name."""

    __tablename__ = "source"
    __table_args__ = ({"sqlite_strict": True},)

    id: int = key()
    name: str = text(unique=True)


class ProfileRow(SQLModel, table=True):
    """A source's profile as it read when it was first used, numbered from 1."""

    __tablename__ = "profile"
    __table_args__ = (
        UniqueConstraint("source_id", "version", name="profile_version_once"),
        UniqueConstraint("source_id", "sha256", name="profile_text_once"),
        {"sqlite_strict": True},
    )

    id: int = key()
    source_id: int = refers("source.id")
    version: int = whole()
    content: str = text()
    sha256: str = text()
    registered_at: str = text()
    registered_by: str = text()


class BatchRow(SQLModel, table=True):
    """One import of one file that posted or quarantined something, or the undoing of one (`undoes_id`)."""

    __tablename__ = "batch"
    __table_args__ = (
        CheckConstraint(
            "rows_read = rows_posted + rows_already_imported + rows_outside_scheme + rows_rejected + rows_held",
            name="batch_rows_add_up",
        ),
        {"sqlite_strict": True},
    )

    id: int = key()
    source_id: int = refers("source.id")
    profile_id: int = refers("profile.id")
    file_name: str = text()
    file_sha256: str = text()
    file_bytes: int = whole()
    rows_read: int = whole()
    rows_posted: int = whole()
    rows_already_imported: int = whole()
    rows_outside_scheme: int = whole()
    rows_rejected: int = whole()
    rows_held: int = whole()
    co2_g: int = whole()
    charged_ore: int = whole()
    trips_sha256: str = text()
    reversals_sha256: str = text()
    undoes_id: int | None = refers("batch.id", nullable=True, unique=True)
    reason: str = text()
    sha256: str = text()
    evidence: str = text()
    # The codes of implausible rows that were accepted deliberately, parted by space.
    accepted: str = text()
    # The reasons of rows outside the scheme with their numbers, as JSON.
    outside: str = text()
    registered_at: str = text()
    registered_by: str = text()
    program_version: str = text()


class BatchPageRow(SQLModel, table=True):
    """Some hundred posted trips of a batch with their kept cells as read, a column a line, sealed by a digest."""

    __tablename__ = "batch_page"
    __table_args__ = (UniqueConstraint("batch_id", "number", name="page_number_once"), {"sqlite_strict": True})

    id: int = key()
    batch_id: int = refers_later("batch.id")
    number: int = whole()
    first_trip_id: int = whole(index=True)
    last_trip_id: int = whole()
    content: str = text()
    sha256: str = text()


class ChargeRow(SQLModel, table=True):
    """A charge line: one unit, one category, one rate, one booking date, in one batch. Its posting has the amount.

    Apart from travel there are lines that amend (the change in grams, new less old) and lines that undo another.
    """

    __tablename__ = "charge"
    __table_args__ = (
        Index(
            "charge_once",
            *("batch_id", "unit_id", "category", "rate_id", "booked_on", "is_amendment"),
            unique=True,
            sqlite_where=sqlalchemy.text("mirrors_id IS NULL"),
            postgresql_where=sqlalchemy.text("mirrors_id IS NULL"),
        ),
        CheckConstraint("is_amendment IN (0, 1)", name="charge_amendment_flag"),
        {"sqlite_strict": True},
    )

    id: int = key()
    batch_id: int = refers_later("batch.id", index=True)
    unit_id: int = refers("unit.id")
    category: str = text()
    rate_id: int = refers("policy.id")
    booked_on: str = text()
    is_amendment: int = whole()
    mirrors_id: int | None = refers("charge.id", nullable=True, unique=True)


class TripRow(SQLModel, table=True):
    """A posted trip; its charge line is looked up when the batch is sealed, not row by row.

    What is live follows from later rows: a higher revision, or a batch undone.
    """

    __tablename__ = "trip"
    __table_args__ = (
        UniqueConstraint("source_id", "trip_id", "revision", name="trip_once"),
        CheckConstraint("tier BETWEEN 1 AND 4", name="trip_tier_known"),
        {"sqlite_strict": True},
    )

    id: int = key()
    source_id: int = whole()
    trip_id: str = text()
    revision: int = whole()
    charge_id: int = whole()
    row: int = whole()
    trip_on: str = text()
    tier: int = whole()
    quantity: str = text()
    factor_id: int | None = whole(nullable=True)
    co2_g: int = whole()
    co2_under_500_km_g: int | None = whole(nullable=True)
    cost_centre: str = text()
    project: str = text()


class QuarantineRow(SQLModel, table=True):
    """A rejected row of an import that went on without it; its kept cells and complaints are JSON."""

    __tablename__ = "quarantine"
    __table_args__ = (UniqueConstraint("batch_id", "row", name="quarantine_row_once"), {"sqlite_strict": True})

    id: int = key()
    batch_id: int = refers_later("batch.id")
    row: int = whole()
    trip_id: str = text()
    header: str = text()
    cells: str = text()
    complaints: str = text()


class QuarantineCorrectionRow(SQLModel, table=True):
    """A quarantined row that came back corrected: the trip, of the same source, that a later batch posted for it."""

    __tablename__ = "quarantine_correction"
    __table_args__ = (
        UniqueConstraint("quarantine_id", "batch_id", name="quarantine_correction_once"),
        {"sqlite_strict": True},
    )

    id: int = key()
    quarantine_id: int = refers("quarantine.id")
    batch_id: int = refers_later("batch.id")
    trip_id: str = text()


class QuarantineOutcomeRow(SQLModel, table=True):
    """How a quarantined row ended: dismissed with a reason."""

    __tablename__ = "quarantine_outcome"
    __table_args__ = ({"sqlite_strict": True},)

    quarantine_id: int = refers("quarantine.id", primary_key=True)
    reason: str = text()
    registered_at: str = text()
    registered_by: str = text()


class TripReversalRow(SQLModel, table=True):
    """A trip taken back (-1) or restored (1) by a charge line; the view `trip_effect` adds them to the trips."""

    __tablename__ = "trip_reversal"
    __table_args__ = (CheckConstraint("sign IN (-1, 1)", name="trip_reversal_sign"), {"sqlite_strict": True})

    id: int = key()
    trip_row_id: int = refers("trip.id", index=True)
    charge_id: int = refers("charge.id", index=True)
    sign: int = whole()
