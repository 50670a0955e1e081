"""Table of measures: what a voucher of own funds was used for."""

from sqlmodel import SQLModel

from klimatvaxling.database.columns import refers, refers_later, text, whole


class MeasureRow(SQLModel, table=True):
    """A measure. Its key is that of the voucher that paid for it."""

    __tablename__ = "measure"
    __table_args__ = ({"sqlite_strict": True},)

    voucher_id: int = refers_later("voucher.id", primary_key=True)
    unit_id: int = refers("unit.id", index=True)
    title: str = text()
    focus_area: str = text()
    co2_reduction_g: int | None = whole(nullable=True)
    reference: str = text()
