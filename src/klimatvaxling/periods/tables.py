"""Table of what happened to periods. Nothing else says which months are closed: the last row does."""

from sqlalchemy import CheckConstraint
from sqlmodel import SQLModel

from klimatvaxling.database.columns import key, text, whole


class PeriodEventRow(SQLModel, table=True):
    """A month was closed or reopened. `closed_through` is the last day that takes no postings from then on, if any.

    `head` and `vouchers` are the chain's at that moment; `obstacles` is JSON: what stood in the way and was accepted.
    """

    __tablename__ = "period_event"
    __table_args__ = (
        CheckConstraint("action IN ('closed', 'reopened')", name="period_action_known"),
        {"sqlite_strict": True},
    )

    id: int = key()
    month: str = text()
    action: str = text()
    closed_through: str | None = text(nullable=True)
    reason: str = text()
    obstacles: str = text()
    head: str = text()
    vouchers: int = whole()
    registered_at: str = text()
    registered_by: str = text()
