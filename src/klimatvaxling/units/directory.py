"""The directory of units: who a cell of a travel file means on a day."""

import datetime
from collections.abc import Iterable, Sequence
from itertools import pairwise

from klimatvaxling.errors import InputRefused, Place, StateRefused
from klimatvaxling.language import N_
from klimatvaxling.units.unit import Unit


class UnknownUnit(InputRefused):
    """A cell that is neither a unit code nor a cost centre of a unit that day."""

    code = "KV-UNIT-UNKNOWN"
    message = N_("“{value}” is neither a unit nor a unit's cost centre on {day}.")
    remedy = N_("Correct the cell, or register the unit or cost centre: klimatvaxling unit add.")


class UnitNotValid(StateRefused):
    """A unit that is not there on that day."""

    code = "KV-UNIT-NOT-VALID"
    message = N_("The unit {unit} is not valid on {day}.")
    remedy = N_("See when units are valid with: klimatvaxling unit list --as-of DATE")


class UnitExists(StateRefused):
    """The code is taken."""

    code = "KV-UNIT-EXISTS"
    message = N_("The unit {unit} is already registered.")
    remedy = N_("Choose another code. See the units with: klimatvaxling unit list")


class CostCentreTaken(StateRefused):
    """Two units cannot own the same cost centre on the same day."""

    code = "KV-COST-CENTRE-TAKEN"
    message = N_("The cost centre {cost_centre} of {unit} already belongs to {owner}.")
    remedy = N_(
        "A cost centre belongs to one unit at a time. A longer prefix or an exact code may divide a shorter prefix."
    )


class Directory:
    """Units as they are on each day. A code comes before an exact cost centre, and that before the longest prefix."""

    def __init__(self, units: Iterable[Unit]) -> None:
        """`units` are versions in order of registration: the last that covers a day holds."""
        self._versions: dict[str, list[Unit]] = {}
        for unit in units:
            self._versions.setdefault(unit.code.casefold(), []).append(unit)

    def on(self, day: datetime.date) -> list[Unit]:
        """The units valid on `day`, by code."""
        holding = (self._holding(versions, day) for versions in self._versions.values())
        return sorted((unit for unit in holding if unit is not None), key=lambda unit: unit.code)

    def find(self, code: str) -> Unit | None:
        """The newest version of the unit with this code, whatever its validity."""
        versions = self._versions.get(code.strip().casefold())
        return _latest(versions) if versions else None

    def valid(self, code: str, day: datetime.date) -> Unit:
        """The unit with this code as it is on `day`. Raises `UnknownUnit` or `UnitNotValid`."""
        versions = self._versions.get(code.strip().casefold())
        if not versions:
            raise UnknownUnit(value=code, day=day)
        unit = self._holding(versions, day)
        if unit is None:
            raise UnitNotValid(unit=code.strip(), day=day)
        return unit

    def newest(self) -> list[Unit]:
        """Every unit in its newest version, ended ones too, by code."""
        return sorted(map(_latest, self._versions.values()), key=lambda unit: unit.code)

    def resolve(self, cell: str, day: datetime.date) -> Unit:
        """The unit that `cell` means on `day`. Raises `UnknownUnit`."""
        wanted = cell.strip()
        versions = self._versions.get(wanted.casefold())
        if versions and (unit := self._holding(versions, day)):
            return unit
        owners = [
            (len(centre.code) if centre.is_prefix else 1_000, unit)
            for unit in self.on(day)
            for centre in unit.cost_centres
            if (wanted.startswith(centre.code) if centre.is_prefix else wanted == centre.code)
        ]
        if not wanted or not owners:
            raise UnknownUnit(value=wanted, day=day, place=Place(column="unit"))
        return max(owners, key=lambda owner: owner[0])[1]

    def eras(self) -> list[datetime.date]:
        """The days on which anything about units changes: between two of them every answer is the same."""
        days = {unit.valid_from for versions in self._versions.values() for unit in versions}
        days |= {
            unit.valid_to + datetime.timedelta(days=1)
            for versions in self._versions.values()
            for unit in versions
            if unit.valid_to
        }
        return sorted(days)

    @staticmethod
    def _holding(versions: Sequence[Unit], day: datetime.date) -> Unit | None:
        covering = [unit for unit in versions if unit.valid_on(day)]
        return _latest(covering) if covering else None


def _latest(versions: Sequence[Unit]) -> Unit:
    """The last to begin, and of those the last registered."""
    return max(enumerate(versions), key=lambda version: (version[1].valid_from, version[0]))[1]


def require_no_clash(known: Directory, new: Sequence[Unit]) -> None:
    """Codes are new, and no two units own the same cost centre from a common day. Raises the errors above."""
    seen: dict[str, Unit] = {}
    for unit in new:
        if known.find(unit.code) or unit.code.casefold() in seen:
            raise UnitExists(unit=unit.code, place=Place(column="code"))
        seen[unit.code.casefold()] = unit
    owners = sorted(
        (str(centre), index, unit.code)
        for index, unit in enumerate([*known.on(datetime.date.max), *new])
        for centre in unit.cost_centres
    )
    for (first, _, owner), (second, _, unit_code) in pairwise(owners):
        if first == second:
            raise CostCentreTaken(cost_centre=first, unit=unit_code, owner=owner, place=Place(column="cost_centres"))
