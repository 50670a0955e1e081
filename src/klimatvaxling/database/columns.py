"""Column types that mean the same on SQLite and PostgreSQL.

Amounts are 64-bit integers. Dates and times of registration are ISO text, so that what is hashed into the chain is
what stands in the table, and so that both engines order and compare them alike. Text is in the order of its letters'
numbers, whatever language a server was set up for.
"""

from typing import Any

from sqlalchemy import BigInteger, Integer, LargeBinary, Text
from sqlmodel import Field

WHOLE = BigInteger().with_variant(Integer, "sqlite")
TEXT = Text().with_variant(Text(collation="C"), "postgresql")


def key() -> Any:
    """A surrogate key, given out by the one writer."""
    return Field(default=None, primary_key=True, sa_type=WHOLE)


def whole(**options: Any) -> Any:
    """A whole number: öre, grams, rows, years."""
    return Field(sa_type=WHOLE, **options)


def text(**options: Any) -> Any:
    """Text, an ISO date or an ISO timestamp."""
    return Field(sa_type=TEXT, **options)


def refers(target: str, **options: Any) -> Any:
    """A reference to another table's key."""
    return Field(sa_type=WHOLE, foreign_key=target, **options)


def refers_later(target: str, **options: Any) -> Any:
    """A reference that is checked at commit: the row referred to is written last, as a seal."""
    from sqlalchemy import Column, ForeignKey

    nullable = options.pop("nullable", False)
    return Field(
        sa_column=Column(WHOLE, ForeignKey(target, deferrable=True, initially="DEFERRED"), nullable=nullable, **options)
    )


def raw(**options: Any) -> Any:
    """Bytes: a file as it was written."""
    return Field(sa_type=LargeBinary, **options)
