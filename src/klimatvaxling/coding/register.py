"""The coding plans in the books, in their order of registration."""

import hashlib
from dataclasses import replace
from pathlib import Path

from sqlalchemy import Connection, text

from klimatvaxling.clock import Clock, stamp
from klimatvaxling.coding.plan import CodingPlan
from klimatvaxling.coding.plan_errors import CodingExists, CodingFileMissing
from klimatvaxling.coding.plan_file import read_plan
from klimatvaxling.database.bulk import insert_rows, next_key
from klimatvaxling.errors import Place


def plan_in(path: Path) -> CodingPlan:
    """The coding plan in a TOML file. Raises `CodingFileMissing` or what is wrong with the plan."""
    try:
        content = path.read_bytes()
    except OSError:
        raise CodingFileMissing(file=path.name, place=Place(file=path.name)) from None
    return read_plan(content, file=path.name)


def register_plan(connection: Connection, plan: CodingPlan, *, clock: Clock, by: str) -> bool:
    """Put a plan on record; False if it is there already. Raises `CodingExists` if it is there with other content."""
    digest = hashlib.sha256(plan.text.encode()).hexdigest()
    found = connection.execute(
        text("SELECT sha256 FROM coding_plan WHERE version = :version"), {"version": plan.version}
    ).scalar()
    if found == digest:
        return False
    if found is not None:
        raise CodingExists(version=plan.version)
    row = (
        *(next_key(connection, "coding_plan"), plan.version, plan.title, plan.valid_from.isoformat(), plan.decision),
        *(plan.text, digest, stamp(clock()), by),
    )
    columns = (
        *("id", "version", "title", "valid_from", "decision"),
        *("content", "sha256", "registered_at", "registered_by"),
    )
    insert_rows(connection, "coding_plan", columns, [row])
    return True


def registered_plans(connection: Connection, *, known_at: str | None = None) -> list[CodingPlan]:
    """Every plan on record, oldest registration first, as known at a time."""
    rows = connection.execute(
        text(
            "SELECT content, registered_at, registered_by FROM coding_plan"
            " WHERE :known_at IS NULL OR registered_at <= :known_at ORDER BY id"
        ).bindparams(known_at=known_at)
    )
    return [
        replace(read_plan(row.content), registered_at=row.registered_at, registered_by=row.registered_by)
        for row in rows
    ]
