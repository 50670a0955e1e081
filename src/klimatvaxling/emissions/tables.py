"""Tables of the factor sets as they were registered: text and figures."""

from sqlalchemy import UniqueConstraint
from sqlmodel import SQLModel

from klimatvaxling.database.columns import key, refers_later, text


class FactorSetRow(SQLModel, table=True):
    """A factor set in one version, with its file's whole text."""

    __tablename__ = "factor_set"
    __table_args__ = (UniqueConstraint("name", "version", name="factor_set_once"), {"sqlite_strict": True})

    id: int = key()
    name: str = text()
    version: str = text()
    title: str = text()
    content: str = text()
    sha256: str = text()
    registered_at: str = text()
    registered_by: str = text()


class FactorRow(SQLModel, table=True):
    """One factor of a set; `g_per_unit` is an exact decimal in text."""

    __tablename__ = "factor"
    __table_args__ = (UniqueConstraint("factor_set_id", "key", name="factor_once"), {"sqlite_strict": True})

    id: int = key()
    factor_set_id: int = refers_later("factor_set.id")
    key: str = text()
    measure: str = text()
    unit: str = text()
    g_per_unit: str = text()
    source: str = text()
    confidence: str = text()
