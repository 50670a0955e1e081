"""The register of units in the books."""

import datetime
from collections.abc import Sequence

from sqlalchemy import Connection, text

from klimatvaxling.clock import Clock, stamp
from klimatvaxling.database.bulk import insert_rows, next_key
from klimatvaxling.units.directory import Directory, UnknownUnit, require_no_clash
from klimatvaxling.units.unit import CostCentre, Unit


def directory(connection: Connection, *, known_at: str | None = None) -> Directory:
    """All units with all their versions, as they were known at a time."""
    return Directory(versions(connection, known_at=known_at))


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
            " v.valid_from, v.valid_to"
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
            valid_from=datetime.date.fromisoformat(row.valid_from),
            valid_to=datetime.date.fromisoformat(row.valid_to) if row.valid_to else None,
            id=row.id,
        )
        for row in rows
    ]


def add(connection: Connection, units: Sequence[Unit], *, clock: Clock, by: str) -> None:
    """Register new units, all or none. Raises `UnitExists` or `CostCentreTaken`."""
    require_no_clash(directory(connection), units)
    registered = (stamp(clock()), by)
    unit_id, version_id = next_key(connection, "unit"), next_key(connection, "unit_version")
    for offset, unit in enumerate(units):
        identity = (unit_id + offset, unit.code, unit.code.casefold(), unit.kind, *registered)
        insert_rows(connection, "unit", ("id", "code", "folded", "kind", *_REGISTERED), [identity])
        # The version's row comes after its cost centres: it seals them.
        centres = [(version_id + offset, centre.code, int(centre.is_prefix)) for centre in unit.cost_centres]
        insert_rows(connection, "unit_cost_centre", ("unit_version_id", "code", "is_prefix"), centres)
        version = (
            version_id + offset,
            unit_id + offset,
            unit.valid_from.isoformat(),
            unit.valid_to.isoformat() if unit.valid_to else None,
            unit.name,
            unit.org_number,
            unit.counterpart,
            *registered,
        )
        insert_rows(connection, "unit_version", _VERSION, [version])


_REGISTERED = ("registered_at", "registered_by")
_VERSION = ("id", "unit_id", "valid_from", "valid_to", "name", "org_number", "counterpart", *_REGISTERED)
