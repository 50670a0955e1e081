"""Tables of the handovers: which vouchers left with which files, once, and where the files were written."""

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlmodel import SQLModel

from klimatvaxling.database.columns import key, raw, refers, refers_later, text, whole


class HandoverRow(SQLModel, table=True):
    """A handover. Its vouchers and files are written before it: its row is the seal. `head` is the chain's of then."""

    __tablename__ = "handover"
    __table_args__ = (CheckConstraint("length(period) = 7", name="handover_period_is_month"), {"sqlite_strict": True})

    id: int = key()
    period: str = text()
    head: str = text()
    program_version: str = text()
    registered_at: str = text()
    registered_by: str = text()


class HandoverVoucherRow(SQLModel, table=True):
    """A voucher that has left. Its key is the voucher's: none leaves twice."""

    __tablename__ = "handover_voucher"
    __table_args__ = ({"sqlite_strict": True},)

    voucher_id: int = refers("voucher.id", primary_key=True)
    handover_id: int = refers_later("handover.id", index=True)


class HandoverFileRow(SQLModel, table=True):
    """A file of a handover with its bytes, so that it can be written again as it was."""

    __tablename__ = "handover_file"
    __table_args__ = (UniqueConstraint("name", name="handover_file_once"), {"sqlite_strict": True})

    id: int = key()
    handover_id: int = refers_later("handover.id", index=True)
    name: str = text()
    content: bytes = raw()
    sha256: str = text()
    size_bytes: int = whole()


class HandoverDeliveryRow(SQLModel, table=True):
    """A time the files of a handover were written to a folder, complete."""

    __tablename__ = "handover_delivery"
    __table_args__ = ({"sqlite_strict": True},)

    id: int = key()
    handover_id: int = refers("handover.id", index=True)
    folder: str = text()
    delivered_at: str = text()
    delivered_by: str = text()
