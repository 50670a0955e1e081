"""Tables of the grants: applications, every step since, points, and rounds."""

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlmodel import SQLModel

from klimatvaxling.database.columns import key, refers, text, whole


class RoundRow(SQLModel, table=True):
    """A round of applications (ansökningsomgång)."""

    __tablename__ = "application_round"
    __table_args__ = (CheckConstraint("opens_on <= closes_on", name="round_forwards"), {"sqlite_strict": True})

    id: int = key()
    name: str = text()
    folded: str = text(unique=True)
    opens_on: str = text()
    closes_on: str = text()
    registered_at: str = text()
    registered_by: str = text()


class RoundClosingRow(SQLModel, table=True):
    """A round that was closed before its last day."""

    __tablename__ = "application_round_closing"
    __table_args__ = ({"sqlite_strict": True},)

    round_id: int = refers("application_round.id", primary_key=True)
    closed_on: str = text()
    registered_at: str = text()
    registered_by: str = text()


class ApplicationRow(SQLModel, table=True):
    """What a unit asked for."""

    __tablename__ = "application"
    __table_args__ = (
        CheckConstraint("requested_ore > 0 AND requested_ore <= total_cost_ore", name="application_amounts"),
        CheckConstraint("co2_reduction_g >= 0 AND lifetime_years > 0", name="application_benefit"),
        {"sqlite_strict": True},
    )

    id: int = key()
    unit_id: int = refers("unit.id", index=True)
    title: str = text()
    requested_ore: int = whole()
    total_cost_ore: int = whole()
    co2_reduction_g: int = whole()
    lifetime_years: int = whole()
    applied_on: str = text()
    focus_area: str = text()
    description: str = text()
    registration_number: str = text()
    round_id: int | None = refers("application_round.id", nullable=True)
    registered_at: str = text()
    registered_by: str = text()


class StepRow(SQLModel, table=True):
    """A step of a grant from one state to the next. `number` counts from 1, the submission."""

    __tablename__ = "grant_step"
    __table_args__ = (
        UniqueConstraint("application_id", "number", name="step_once"),
        CheckConstraint(
            "coalesce(state_before, '') || '>' || state IN ('>submitted', 'submitted>approved', 'submitted>rejected',"
            " 'submitted>withdrawn', 'approved>paying', 'approved>withdrawn', 'approved>reported', 'paying>paying',"
            " 'paying>reported')",
            name="step_allowed",
        ),
        {"sqlite_strict": True},
    )

    id: int = key()
    application_id: int = refers("application.id")
    number: int = whole()
    state_before: str | None = text(nullable=True)
    state: str = text()
    stepped_on: str = text()
    amount_ore: int | None = whole(nullable=True)
    decision: str = text()
    reason: str = text()
    conditions: str = text()
    report_by: str | None = text(nullable=True)
    actual_cost_ore: int | None = whole(nullable=True)
    co2_reduction_g: int | None = whole(nullable=True)
    registered_at: str = text()
    registered_by: str = text()


class ScoreRow(SQLModel, table=True):
    """Points for one criterion; the latest of an application and criterion count."""

    __tablename__ = "application_score"
    __table_args__ = (CheckConstraint("points BETWEEN 0 AND 10", name="score_points"), {"sqlite_strict": True})

    id: int = key()
    application_id: int = refers("application.id", index=True)
    criterion: str = text()
    points: int = whole()
    registered_at: str = text()
    registered_by: str = text()
