"""Tables of the ledger. A voucher's postings are written before the voucher itself: its row is the seal."""

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlmodel import SQLModel

from klimatvaxling.database.columns import key, refers, refers_later, text, whole


class BookRow(SQLModel, table=True):
    """The one set of books in this database. `nonce` is what the hash chain begins with."""

    __tablename__ = "book"
    __table_args__ = (CheckConstraint("id = 1", name="book_is_one"), {"sqlite_strict": True})

    id: int = key()
    organisation: str = text()
    org_number: str | None = text(nullable=True)
    nonce: str = text()
    registered_at: str = text()
    registered_by: str = text()
    program_version: str = text()


class VoucherRow(SQLModel, table=True):
    """A voucher (verifikation). `id` is its place in the chain, `code` what people call it: `A2025-17`."""

    __tablename__ = "voucher"
    __table_args__ = (
        UniqueConstraint("series", "fiscal_year", "number", name="voucher_number_once"),
        CheckConstraint("series IN ('A', 'B', 'R')", name="voucher_series_known"),
        CheckConstraint("length(booked_on) = 10", name="voucher_booked_on_is_date"),
        CheckConstraint("substr(booked_on, 1, 4) = CAST(fiscal_year AS TEXT)", name="voucher_in_its_year"),
        {"sqlite_strict": True},
    )

    id: int = key()
    code: str = text(unique=True)
    series: str = text()
    fiscal_year: int = whole()
    number: int = whole()
    booked_on: str = text(index=True)
    registered_at: str = text(unique=True)
    event: str = text()
    description: str = text()
    made_by: str = text()
    evidence: str = text()
    corrects_id: int | None = refers("voucher.id", nullable=True, unique=True)
    batch_id: int | None = refers("batch.id", nullable=True)
    batch_sha256: str | None = text(nullable=True)
    application_id: int | None = refers("application.id", nullable=True, index=True)
    nonce: str = text()
    previous_hash: str = text(unique=True)
    hash: str = text(unique=True)


class LotRow(SQLModel, table=True):
    """A lot: the fees of one voucher of one unit. Its key is that voucher's."""

    __tablename__ = "lot"
    __table_args__ = ({"sqlite_strict": True},)

    voucher_id: int = refers_later("voucher.id", primary_key=True)
    unit_id: int = refers("unit.id", index=True)
    lot_on: str = text()


class PostingRow(SQLModel, table=True):
    """A line of a voucher: debit positive, credit negative, whole öre."""

    __tablename__ = "posting"
    __table_args__ = (
        UniqueConstraint("voucher_id", "line", name="posting_line_once"),
        CheckConstraint("co2_g IS NULL OR charge_id IS NOT NULL", name="posting_co2_has_charge"),
        {"sqlite_strict": True},
    )

    id: int = key()
    voucher_id: int = refers_later("voucher.id")
    line: int = whole()
    account: str = text()
    unit_id: int | None = refers("unit.id", nullable=True, index=True)
    lot_id: int | None = refers("lot.voucher_id", nullable=True, index=True)
    charge_id: int | None = refers("charge.id", nullable=True, unique=True)
    amount_ore: int = whole()
    co2_g: int | None = whole(nullable=True)
