"""The quarantine in the books: which rows wait, and the dismissal of one."""

import json

from sqlalchemy import Connection, text

from klimatvaxling.batches.quarantine import QuarantineEnded, UnknownQuarantine, Waiting
from klimatvaxling.clock import Clock, stamp
from klimatvaxling.database.bulk import insert_rows
from klimatvaxling.errors import Place
from klimatvaxling.ledger.booking import required_reason
from klimatvaxling.travel.personal_number import looks_like_personal_number
from klimatvaxling.trips.understanding import PersonalNumber

# Of quarantine q, in batch b. Neither dismissed, nor posted by a later batch under its own id or as a correction.
# A batch that was undone waits for nothing; a trip that was taken back has not come.
STILL_WAITS = (
    " NOT EXISTS (SELECT 1 FROM batch u WHERE u.undoes_id = b.id AND u.registered_at <= :until)"
    " AND NOT EXISTS (SELECT 1 FROM quarantine_outcome o WHERE o.quarantine_id = q.id AND o.registered_at <= :until)"
    " AND NOT EXISTS (SELECT 1 FROM trip t JOIN charge c ON c.id = t.charge_id JOIN batch l ON l.id = c.batch_id"
    "  WHERE t.source_id = b.source_id AND t.trip_id = q.trip_id AND c.batch_id > q.batch_id"
    "  AND l.registered_at <= :until AND (SELECT coalesce(sum(sign), 0) FROM trip_reversal r"
    "   WHERE r.trip_row_id = t.id) = 0)"
    " AND NOT EXISTS (SELECT 1 FROM quarantine_correction k JOIN batch l ON l.id = k.batch_id"
    "  JOIN trip t ON t.source_id = b.source_id AND t.trip_id = k.trip_id"
    "  AND (SELECT coalesce(sum(sign), 0) FROM trip_reversal r WHERE r.trip_row_id = t.id) = 0"
    "  WHERE k.quarantine_id = q.id AND l.registered_at <= :until)"
)
_END_OF_TIME = "9999"


def waiting_rows(connection: Connection, source_id: int) -> list[Waiting]:
    """The rows of a source that wait, oldest first."""
    rows = connection.execute(
        text(
            "SELECT q.id, q.header, q.cells, q.complaints FROM quarantine q JOIN batch b ON b.id = q.batch_id"
            f" WHERE b.source_id = :source_id AND {STILL_WAITS} ORDER BY q.id"
        ),
        {"source_id": source_id, "until": _END_OF_TIME},
    )
    return [
        Waiting(
            row.id,
            tuple(json.loads(row.header)),
            tuple(json.loads(row.cells)),
            tuple(complaint["column"] for complaint in json.loads(row.complaints)),
        )
        for row in rows
    ]


def dismiss(connection: Connection, quarantine_id: int, reason: str, *, clock: Clock, by: str) -> dict[str, object]:
    """Put on record that a row will not be corrected, and why; gives what was registered.

    Raises `UnknownQuarantine`, `QuarantineEnded`, `ReasonMissing` or `PersonalNumber`.
    """
    require_reason(reason)
    found = connection.execute(
        text(
            f"SELECT q.id, q.row, b.file_name, {STILL_WAITS} AS waits FROM quarantine q"
            " JOIN batch b ON b.id = q.batch_id WHERE q.id = :id"
        ),
        {"id": quarantine_id, "until": _END_OF_TIME},
    ).one_or_none()
    if found is None:
        raise UnknownQuarantine(quarantine=quarantine_id)
    if not found.waits:
        raise QuarantineEnded(quarantine=quarantine_id)
    row = (quarantine_id, reason.strip(), stamp(clock()), by)
    insert_rows(connection, "quarantine_outcome", ("quarantine_id", "reason", "registered_at", "registered_by"), [row])
    return {"quarantine": quarantine_id, "file": found.file_name, "row": found.row, "reason": reason.strip()}


def require_reason(reason: str) -> None:
    """A reason that stays on record says something, and names no person by number."""
    required_reason(reason)
    if looks_like_personal_number(reason):
        raise PersonalNumber(place=Place(column="--reason"))
