"""The directory of units: who a cell of a travel file means on a day."""

import datetime
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from klimatvaxling.errors import InputRefused, Place, StateRefused
from klimatvaxling.language import N_
from klimatvaxling.units.unit import Unit


class UnknownUnit(InputRefused):
    """A cell that is neither a unit code nor a cost centre of a unit that day."""

    code = "KV-UNIT-UNKNOWN"
    message = N_("“{value}” is neither a unit nor a unit's cost centre on {day}.")
    remedy = N_(
        "Correct the code, or register the unit or cost centre: klimatvaxling unit add. The units that you may see:"
        " klimatvaxling unit list"
    )


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


class UnitEnded(StateRefused):
    """The unit no longer takes part on that day."""

    code = "KV-UNIT-ENDED"
    message = N_("The unit {unit} ended on {ended_on}.")
    remedy = N_("Choose an earlier day. If it ended later than that, say so first: klimatvaxling unit end.")


class EndBeforeBeginning(StateRefused):
    """A last day before the first."""

    code = "KV-UNIT-END"
    message = N_("The unit {unit} takes part from {begins_on}; it cannot end on {day}.")
    remedy = N_("Give its last day, or the first day it should have had: klimatvaxling unit change CODE --from DATE.")


@dataclass(frozen=True)
class Merger:
    """A unit is part of another from an ISO date on."""

    unit_id: int
    into_id: int
    merged_on: str


class Directory:
    """Units as they are on each day. A code comes before an exact cost centre, and that before the longest prefix."""

    def __init__(self, units: Iterable[Unit], mergers: Iterable[Merger] = ()) -> None:
        """`units` are versions in order of registration.

        A version holds from its first day until the next one begins; of two from the same day the last registered
        holds. One that ends before it begins says that the unit has ended.
        """
        self._registered = tuple(units)
        by_code: dict[str, list[Unit]] = {}
        for unit in self._registered:
            by_code.setdefault(unit.code.casefold(), []).append(unit)
        self._versions = {code: _in_turn(versions) for code, versions in by_code.items()}
        self.mergers = {merger.unit_id: merger for merger in mergers}

    def on(self, day: datetime.date) -> list[Unit]:
        """The units valid on `day`, by code."""
        holding = (self._holding(versions, day) for versions in self._versions.values())
        return sorted((unit for unit in holding if unit is not None), key=lambda unit: unit.code)

    def find(self, code: str) -> Unit | None:
        """The newest version of the unit with this code, whatever its validity."""
        versions = self.history(code)
        return versions[-1] if versions else None

    def history(self, code: str) -> list[Unit]:
        """What the unit was called and owned, era by era, each with the days it held; nothing for an unknown code."""
        return self._versions.get(code.strip().casefold(), [])

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
        return sorted((versions[-1] for versions in self._versions.values()), key=lambda unit: unit.code)

    def successor(self, unit_id: int) -> int:
        """The unit that a unit is part of by now, itself if it was never merged."""
        while unit_id in self.mergers:
            unit_id = self.mergers[unit_id].into_id
        return unit_id

    def newest_of(self, unit_id: int) -> Unit:
        """The newest version of the unit with this key."""
        return next(unit for unit in self.newest() if unit.id == unit_id)

    def resolve(self, cell: str, day: datetime.date) -> Unit:
        """The unit that `cell` means on `day`; late trips of a merged unit find its successor. Raises `UnknownUnit`."""
        unit = self._meant(cell.strip(), day)
        return self.newest_of(self.successor(unit.id)) if unit.id in self.mergers else unit

    def _meant(self, wanted: str, day: datetime.date) -> Unit:
        if unit := self._holding(self.history(wanted), day):
            return unit
        merged = [unit for unit in self.newest() if unit.id in self.mergers]
        found = self._owner(wanted, self.on(day))
        # What a merged unit owned last leads to its successor, where nobody else owns it by now.
        found = found or next((unit for unit in merged if unit.code.casefold() == wanted.casefold()), None)
        found = found or self._owner(wanted, merged)
        if found is None:
            raise UnknownUnit(value=wanted, day=day, place=Place(column="unit"))
        return found

    @staticmethod
    def _owner(wanted: str, units: Iterable[Unit]) -> Unit | None:
        owners = [
            (len(centre.code) if centre.is_prefix else 1_000, unit)
            for unit in units
            for centre in unit.cost_centres
            if (wanted.startswith(centre.code) if centre.is_prefix else wanted == centre.code)
        ]
        return max(owners, key=lambda owner: owner[0])[1] if wanted and owners else None

    def eras(self) -> list[datetime.date]:
        """The days on which anything about units changes: between two of them every answer is the same."""
        held = [unit for versions in self._versions.values() for unit in versions]
        days = {unit.valid_from for unit in held}
        days |= {unit.valid_to + _A_DAY for unit in held if unit.valid_to}
        return sorted(days)

    def with_registered(self, new: Sequence[Unit]) -> "Directory":
        """The directory as it is once `new` versions are registered."""
        return Directory((*self._registered, *new), self.mergers.values())

    def registered(self, code: str) -> list[Unit]:
        """Every registered version of a unit, in order of registration."""
        return [unit for unit in self._registered if unit.code.casefold() == code.strip().casefold()]

    @staticmethod
    def _holding(versions: Sequence[Unit], day: datetime.date) -> Unit | None:
        return next((unit for unit in versions if unit.valid_on(day)), None)


_A_DAY = datetime.timedelta(days=1)


def _in_turn(registered: Sequence[Unit]) -> list[Unit]:
    """The versions of one unit one after the other, each with the days on which it holds; at least one of them."""
    by_day = {unit.valid_from: unit for unit in registered}
    beginnings = sorted(by_day)
    held = []
    for day, following in zip(beginnings, [*beginnings[1:], None], strict=True):
        unit = by_day[day]
        ends = [end for end in (unit.valid_to, following and following - _A_DAY) if end is not None]
        last = min(ends, default=None)
        if last is None or last >= day:
            held.append(replace(unit, valid_to=last))
    return held or [registered[-1]]


def require_new_codes(known: Directory, new: Sequence[Unit]) -> None:
    """Raises `UnitExists` for a code that is taken."""
    seen: set[str] = set()
    for unit in new:
        if known.find(unit.code) or unit.code.casefold() in seen:
            raise UnitExists(unit=unit.code, place=Place(column="code"))
        seen.add(unit.code.casefold())


def require_no_clash(known: Directory, new: Sequence[Unit]) -> None:
    """With `new` versions registered, no two units own the same cost centre on any day. Raises `CostCentreTaken`."""
    after = known.with_registered(new)
    changed = {unit.code.casefold(): index for index, unit in enumerate(new)}
    for day in after.eras():
        owners: dict[str, Unit] = {}
        # Those that are not being registered first, then the others in their order: the error names whose came later.
        for unit in sorted(after.on(day), key=lambda unit: changed.get(unit.code.casefold(), -1)):
            for centre in map(str, unit.cost_centres):
                owner = owners.setdefault(centre, unit)
                if owner.code != unit.code:
                    raise CostCentreTaken(
                        cost_centre=centre, unit=unit.code, owner=owner.code, place=Place(column="cost_centres")
                    )


def changed_from(
    known: Directory, code: str, day: datetime.date, change: Callable[[Unit], Unit], facts: Sequence[str]
) -> list[Unit]:
    """The versions to register so that `change` of `facts` holds for a unit from `day` on.

    What was registered to change on a later day stays: a fact holds until it is said to change anew. A unit that
    began later than `day` takes part from `day`. Raises `UnknownUnit`, `UnitEnded`, and what `change` raises.
    """
    history = _known_history(known, code, day)
    ends = history[-1].valid_to
    if ends is not None and ends < day:
        raise UnitEnded(unit=history[-1].code, ended_on=ends)
    earlier = [unit for unit in history if unit.valid_from <= day]
    base = earlier[-1] if earlier else history[0]
    versions = [replace(change(base), valid_from=day, valid_to=ends)]
    carried = set(facts)
    for before, unit in pairwise([base, *(unit for unit in history if unit.valid_from > day)]):
        carried -= {fact for fact in facts if getattr(before, fact) != getattr(unit, fact)}
        if carried:
            values: dict[str, Any] = {fact: getattr(versions[0], fact) for fact in carried}
            versions.append(replace(unit, valid_to=ends, **values))
    return versions


def ended_on(known: Directory, code: str, last_day: datetime.date) -> list[Unit]:
    """The versions to register so that `last_day` is the unit's last; an earlier or later end gives way.

    Raises `UnknownUnit` or `EndBeforeBeginning`.
    """
    history = _known_history(known, code, last_day)
    begins, newest = history[0].valid_from, history[-1]
    if last_day < begins:
        raise EndBeforeBeginning(unit=newest.code, begins_on=begins, day=last_day)
    was = newest.valid_to or last_day
    days = {was + _A_DAY, last_day + _A_DAY} | {unit.valid_from for unit in known.registered(code)}
    # Between an earlier end and the new one it takes part as it did last; after the new one it does not.
    return [
        replace(newest, valid_from=day, valid_to=None if day <= last_day else last_day)
        for day in sorted(days)
        if day > min(was, last_day)
    ]


def _known_history(known: Directory, code: str, day: datetime.date) -> list[Unit]:
    history = known.history(code)
    if not history:
        raise UnknownUnit(value=code, day=day)
    return history
