"""The register of policies in the books."""

import datetime

from sqlalchemy import Connection, text

from klimatvaxling.clock import Clock, stamp
from klimatvaxling.database.bulk import insert_rows
from klimatvaxling.policies.policy import PolicyValue, parse_value, required_decision, shown_value


def all_values(connection: Connection, *, known_at: str | None = None) -> list[PolicyValue]:
    """Every decided value in order of registration, as it was known at a time."""
    rows = connection.execute(
        text("SELECT * FROM policy WHERE :known_at IS NULL OR registered_at <= :known_at ORDER BY id").bindparams(
            known_at=known_at
        )
    )
    return [
        PolicyValue(
            row.id,
            row.name,
            row.value,
            datetime.date.fromisoformat(row.valid_from),
            row.decision,
            row.registered_at,
            row.registered_by,
        )
        for row in rows
    ]


def decide(
    connection: Connection, name: str, value: str, *, valid_from: datetime.date, decision: str, clock: Clock, by: str
) -> object:
    """Put a decided value on record; gives it as programs read it.

    Raises `UnknownPolicy`, `BadPolicyValue` or `DecisionMissing`.
    """
    kept = parse_value(name, value)
    columns = ("name", "value", "valid_from", "decision", "registered_at", "registered_by")
    row = (name, kept, valid_from.isoformat(), required_decision(decision), stamp(clock()), by)
    insert_rows(connection, "policy", columns, [row])
    return shown_value(name, kept)
