"""The register of units in the books."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection, text

from klimatvaxling.clock import Clock, stamp
from klimatvaxling.database.bulk import insert_rows, next_key
from klimatvaxling.units.directory import (
    Directory,
    Merger,
    UnknownUnit,
    changed_from,
    ended_on,
    require_new_codes,
    require_no_clash,
)
from klimatvaxling.units.unit import CostCentre, Unit
from klimatvaxling.units.unit import unit as checked_unit


def directory(connection: Connection, *, known_at: str | None = None) -> Directory:
    """All units with all their versions, as they were known at a time."""
    return Directory(versions(connection, known_at=known_at), mergers(connection, known_at=known_at))


def mergers(connection: Connection, *, known_at: str | None = None) -> list[Merger]:
    """Which units are part of another, as it was known at a time."""
    rows = connection.execute(
        text(
            "SELECT unit_id, into_id, merged_on FROM unit_merger WHERE :known_at IS NULL OR registered_at <= :known_at"
            " ORDER BY unit_id"
        ),
        {"known_at": known_at},
    )
    return [Merger(*row) for row in rows]


def require_unit(connection: Connection, code: str, day: datetime.date, *, known_at: str | None = None) -> Unit:
    """The unit with this code, whatever its validity. Raises `UnknownUnit`; `day` is the day that was asked about."""
    found = directory(connection, known_at=known_at).find(code)
    if found is None:
        raise UnknownUnit(value=code, day=day)
    return found


def versions(connection: Connection, *, known_at: str | None = None) -> list[Unit]:
    """Every version of every unit in order of registration."""
    centres: dict[int, list[CostCentre]] = {}
    for row in connection.execute(text("SELECT unit_version_id, code, is_prefix FROM unit_cost_centre ORDER BY id")):
        centres.setdefault(row.unit_version_id, []).append(CostCentre(row.code, bool(row.is_prefix)))
    rows = connection.execute(
        text(
            "SELECT v.id AS version_id, u.id, u.code, u.kind, v.name, v.org_number, v.counterpart,"
            " v.full_time_tenths, v.valid_from, v.valid_to"
            " FROM unit_version v JOIN unit u ON u.id = v.unit_id"
            " WHERE :known_at IS NULL OR v.registered_at <= :known_at ORDER BY v.id"
        ),
        {"known_at": known_at},
    )
    return [
        Unit(
            code=row.code,
            name=row.name,
            kind=row.kind,
            org_number=row.org_number,
            cost_centres=tuple(centres.get(row.version_id, ())),
            counterpart=row.counterpart,
            full_time_tenths=row.full_time_tenths,
            valid_from=datetime.date.fromisoformat(row.valid_from),
            valid_to=datetime.date.fromisoformat(row.valid_to) if row.valid_to else None,
            id=row.id,
        )
        for row in rows
    ]


def add(connection: Connection, units: Sequence[Unit], *, clock: Clock, by: str) -> None:
    """Register new units, all or none. Raises `UnitExists` or `CostCentreTaken`."""
    known = directory(connection)
    require_new_codes(known, units)
    require_no_clash(known, units)
    first, registered = next_key(connection, "unit"), (stamp(clock()), by)
    identities = [
        (first + offset, unit.code, unit.code.casefold(), unit.kind, *registered) for offset, unit in enumerate(units)
    ]
    insert_rows(connection, "unit", ("id", "code", "folded", "kind", *_REGISTERED), identities)
    _register(connection, [replace(unit, id=first + offset) for offset, unit in enumerate(units)], registered)


@dataclass(frozen=True)
class Change:
    """What becomes of a unit from a day on; None leaves a fact as it is."""

    name: str | None = None
    org_number: str | None = None
    cost_centre_codes: Sequence[str] | None = None
    counterpart: str | None = None
    full_time_equivalents: str | None = None

    @property
    def facts(self) -> tuple[str, ...]:
        """The facts of a unit that change."""
        given = {
            "name": self.name,
            "org_number": self.org_number,
            "cost_centres": self.cost_centre_codes,
            "counterpart": self.counterpart,
            "full_time_tenths": self.full_time_equivalents,
        }
        return tuple(fact for fact, value in given.items() if value is not None)

    def of(self, unit: Unit) -> Unit:
        """The unit as it is after the change. Raises what a new unit with these facts would."""
        centres = self.cost_centre_codes
        changed = checked_unit(
            unit.code,
            unit.name if self.name is None else self.name,
            unit.kind,
            org_number=unit.org_number or "" if self.org_number is None else self.org_number,
            cost_centre_codes=[str(centre) for centre in unit.cost_centres] if centres is None else list(centres),
            counterpart=unit.counterpart or "" if self.counterpart is None else self.counterpart,
            full_time_equivalents=self.full_time_equivalents or "",
        )
        kept = unit.full_time_tenths if self.full_time_equivalents is None else changed.full_time_tenths
        return replace(changed, id=unit.id, full_time_tenths=kept)


def change(
    connection: Connection, code: str, day: datetime.date, change: Change, *, clock: Clock, by: str
) -> list[Unit]:
    """Register that a unit changes from `day` on; gives it as it is then, era by era.

    Raises `UnknownUnit`, `UnitEnded`, `CostCentreTaken`, and what a new unit with these facts would.
    """
    known = directory(connection)
    new = changed_from(known, code, day, change.of, change.facts)
    return _registered(connection, known, new, clock, by)


def end(connection: Connection, code: str, last_day: datetime.date, *, clock: Clock, by: str) -> list[Unit]:
    """Register a unit's last day; gives it as it is then, era by era. It keeps its history and what is its own.

    Raises `UnknownUnit`, `EndBeforeBeginning` or, when an end is moved to a later day, `CostCentreTaken`.
    """
    known = directory(connection)
    return _registered(connection, known, ended_on(known, code, last_day), clock, by)


def _registered(connection: Connection, known: Directory, new: Sequence[Unit], clock: Clock, by: str) -> list[Unit]:
    require_no_clash(known, new)
    _register(connection, new, (stamp(clock()), by))
    return known.with_registered(new).history(new[0].code)


def _register(connection: Connection, units: Sequence[Unit], registered: tuple[str, str]) -> None:
    """Versions of units by their keys, in order."""
    first = next_key(connection, "unit_version")
    # The version's row comes after its cost centres: it seals them.
    centres = [
        (first + offset, centre.code, int(centre.is_prefix))
        for offset, unit in enumerate(units)
        for centre in unit.cost_centres
    ]
    insert_rows(connection, "unit_cost_centre", ("unit_version_id", "code", "is_prefix"), centres)
    versions = [
        (
            first + offset,
            unit.id,
            unit.valid_from.isoformat(),
            unit.valid_to.isoformat() if unit.valid_to else None,
            unit.name,
            unit.org_number,
            unit.counterpart,
            unit.full_time_tenths,
            *registered,
        )
        for offset, unit in enumerate(units)
    ]
    insert_rows(connection, "unit_version", _VERSION, versions)


_REGISTERED = ("registered_at", "registered_by")
_VERSION = (
    "id",
    "unit_id",
    "valid_from",
    "valid_to",
    "name",
    "org_number",
    "counterpart",
    "full_time_tenths",
    *_REGISTERED,
)
