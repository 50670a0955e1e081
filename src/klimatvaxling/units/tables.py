"""Tables of the unit register: every row is dated, none is ever changed."""

from sqlalchemy import CheckConstraint
from sqlmodel import SQLModel

from klimatvaxling.database.columns import key, refers, refers_later, text, whole


class UnitRow(SQLModel, table=True):
    """A unit's identity; `folded` keeps codes apart whatever their case."""

    __tablename__ = "unit"
    __table_args__ = (
        CheckConstraint("kind IN ('administration', 'company')", name="unit_kind_known"),
        CheckConstraint("length(code) BETWEEN 1 AND 20", name="unit_code_length"),
        {"sqlite_strict": True},
    )

    id: int = key()
    code: str = text(unique=True)
    folded: str = text(unique=True)
    kind: str = text()
    registered_at: str = text()
    registered_by: str = text()


class UnitVersionRow(SQLModel, table=True):
    """What a unit was called and owned from a day on, until a later version says otherwise."""

    __tablename__ = "unit_version"
    __table_args__ = (
        CheckConstraint("full_time_tenths > 0", name="full_time_positive"),
        {"sqlite_strict": True},
    )

    id: int = key()
    unit_id: int = refers("unit.id", index=True)
    valid_from: str = text()
    valid_to: str | None = text(nullable=True)
    name: str = text()
    org_number: str | None = text(nullable=True)
    counterpart: str | None = text(nullable=True)
    full_time_tenths: int | None = whole(nullable=True)
    registered_at: str = text()
    registered_by: str = text()


class CostCentreRow(SQLModel, table=True):
    """A cost centre (kostnadsställe) of a version of a unit: an exact code, or the beginning of codes."""

    __tablename__ = "unit_cost_centre"
    __table_args__ = (
        CheckConstraint("is_prefix IN (0, 1)", name="cost_centre_prefix_flag"),
        {"sqlite_strict": True},
    )

    id: int = key()
    unit_version_id: int = refers_later("unit_version.id", index=True)
    code: str = text()
    is_prefix: int = whole()


class MergerRow(SQLModel, table=True):
    """A unit that was merged into another (sammanslagning): what was its own is the other's from that day on."""

    __tablename__ = "unit_merger"
    __table_args__ = (CheckConstraint("unit_id <> into_id", name="merger_of_two"), {"sqlite_strict": True})

    unit_id: int = refers("unit.id", primary_key=True)
    into_id: int = refers("unit.id")
    merged_on: str = text()
    decision: str = text()
    registered_at: str = text()
    registered_by: str = text()
