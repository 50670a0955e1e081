"""Table of declarations: a month without travel, or a supplier that is late."""

from sqlalchemy import CheckConstraint
from sqlmodel import SQLModel

from klimatvaxling.database.columns import key, refers, text


class DeclarationRow(SQLModel, table=True):
    """What somebody declared of a source's month, for one unit or for all of them; the last one registered holds."""

    __tablename__ = "completeness_declaration"
    __table_args__ = (
        CheckConstraint("state IN ('empty', 'late')", name="declaration_state_known"),
        CheckConstraint("length(period) = 7", name="declaration_period_is_month"),
        {"sqlite_strict": True},
    )

    id: int = key()
    source_id: int = refers("source.id")
    unit_id: int | None = refers("unit.id", nullable=True)
    period: str = text()
    state: str = text()
    reason: str = text()
    registered_at: str = text()
    registered_by: str = text()
