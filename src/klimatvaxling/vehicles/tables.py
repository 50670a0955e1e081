"""The table of the vehicle register: every row is dated, none is ever changed."""

from sqlalchemy import CheckConstraint
from sqlmodel import SQLModel

from klimatvaxling.database.columns import key, text, whole


class VehicleRow(SQLModel, table=True):
    """What a vehicle is from a day on, until its next entry; `cards` are parted by spaces.

    One with an `outside_reason` is not charged; every other has a unit and a category. Of one with `charged_by` only the
    rows of that source are charged.
    """

    __tablename__ = "vehicle"
    __table_args__ = (
        CheckConstraint("length(number) BETWEEN 2 AND 30", name="vehicle_number_length"),
        CheckConstraint(
            "outside_reason <> '' OR (unit <> '' AND category <> '')", name="vehicle_is_charged_or_outside"
        ),
        CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="vehicle_begins_before_it_ends"),
        CheckConstraint("tank_l IS NULL OR tank_l > 0", name="vehicle_tank_holds_something"),
        {"sqlite_strict": True},
    )

    id: int = key()
    number: str = text(index=True)
    cards: str = text()
    unit: str = text()
    category: str = text()
    fuel: str = text()
    cost_centre: str = text()
    outside_reason: str = text()
    charged_by: str = text()
    tank_l: int | None = whole(nullable=True)
    valid_from: str = text()
    valid_to: str | None = text(nullable=True)
    registered_at: str = text()
    registered_by: str = text()
