"""Access as stored: one row for each decision on a login."""

from sqlalchemy import CheckConstraint
from sqlmodel import SQLModel

from klimatvaxling.database.columns import key, text


class AccessRow(SQLModel, table=True):
    """A login, the role it has from now on (empty: none) and, for a role of a unit, the units' keys."""

    __tablename__ = "access"
    __table_args__ = (
        CheckConstraint("role IN ('finance', 'committee', 'unit', 'auditor', '')", name="access_role_known"),
        CheckConstraint("(role = 'unit') = (unit_ids <> '')", name="access_units_of_a_unit"),
        {"sqlite_strict": True},
    )

    id: int = key()
    login: str = text(index=True)
    role: str = text()
    unit_ids: str = text()
    registered_at: str = text()
    registered_by: str = text()
