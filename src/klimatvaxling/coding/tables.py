"""Table of the coding plans as they were registered."""

from sqlmodel import SQLModel

from klimatvaxling.database.columns import key, text


class CodingPlanRow(SQLModel, table=True):
    """A coding plan in one version, with its file's whole text."""

    __tablename__ = "coding_plan"
    __table_args__ = ({"sqlite_strict": True},)

    id: int = key()
    version: str = text(unique=True)
    title: str = text()
    valid_from: str = text()
    decision: str = text()
    content: str = text()
    sha256: str = text()
    registered_at: str = text()
    registered_by: str = text()
