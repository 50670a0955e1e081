"""Table of the programs that have written these books."""

from sqlmodel import SQLModel

from klimatvaxling.database.columns import key, text


class ProgramRow(SQLModel, table=True):
    """From when on a version of the program has written the books, at a version of the schema.

    Whatever was registered between this row and the next was registered by this version.
    """

    __tablename__ = "program"
    __table_args__ = ({"sqlite_strict": True},)

    id: int = key()
    version: str = text()
    schema_revision: str = text()
    registered_at: str = text()
