"""An order to import: what the user asked for, and the control totals that the file has to meet."""

import datetime
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from klimatvaxling.batches.batch import UnexpectedKg, UnexpectedRows
from klimatvaxling.errors import InputRefused, Place
from klimatvaxling.exact import as_precise_as
from klimatvaxling.travel.profile import Profile
from klimatvaxling.typed import canonical


@dataclass(frozen=True)
class Order:
    """What the user asked for. `expected_kg` is compared with as many decimals as it was given with."""

    file: Path
    profile: Profile
    booked_on: datetime.date | None = None
    trip_date: datetime.date | None = None
    accept_partial: bool = False
    expected_rows: int | None = None
    expected_kg: Decimal | None = None
    evidence: str = ""
    amend: bool = False
    dry_run: bool = False
    # Codes of implausible rows that are posted all the same.
    accept: tuple[str, ...] = ()

    def unexpected(self, rows_read: int, understood_g: int) -> InputRefused | None:
        """What is wrong with the file's rows, or the grams of CO2 in those that were understood, by what was expected."""
        place = Place(file=self.file.name)
        if self.expected_rows is not None and self.expected_rows != rows_read:
            return UnexpectedRows(found=rows_read, expected=self.expected_rows, place=place)
        if self.expected_kg is not None:
            exact_kg = Decimal(understood_g).scaleb(-3)
            if as_precise_as(exact_kg, self.expected_kg) != self.expected_kg:
                return UnexpectedKg(found=canonical(exact_kg), expected=canonical(self.expected_kg), place=place)
        return None
