"""Table of policies: decided values with the day they hold from and the decision behind them."""

from sqlmodel import SQLModel

from klimatvaxling.database.columns import key, text


class PolicyRow(SQLModel, table=True):
    """One decided value of one policy from a day on."""

    __tablename__ = "policy"
    __table_args__ = ({"sqlite_strict": True},)

    id: int = key()
    name: str = text(index=True)
    value: str = text()
    valid_from: str = text()
    decision: str = text()
    registered_at: str = text()
    registered_by: str = text()
