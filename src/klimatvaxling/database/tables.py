"""Tables of what is registered, and by which program."""

from sqlalchemy import UniqueConstraint
from sqlmodel import SQLModel

from klimatvaxling.database.columns import key, text, whole


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


class RegistrationRow(SQLModel, table=True):
    """An entry for each row that is registered in any table: a link of the chain of the books (`registration`)."""

    __tablename__ = "registration"
    __table_args__ = (
        UniqueConstraint("table_name", "row_key", name="registered_once"),
        {"sqlite_strict": True},
    )

    id: int = key()
    table_name: str = text()
    row_key: int = whole()
    row_sha256: str = text()
    registered_at: str = text()
    nonce: str = text()
    previous_hash: str = text(unique=True)
    hash: str = text(unique=True)
