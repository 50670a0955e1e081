"""Rounds of applications in the books."""

import datetime
from dataclasses import replace

from sqlalchemy import Connection, text

from klimatvaxling.clock import Clock, stamp
from klimatvaxling.database.bulk import insert_rows, next_key
from klimatvaxling.errors import InputRefused
from klimatvaxling.grants.round import Round, RoundBackwards, RoundClosed, RoundExists, UnknownRound
from klimatvaxling.language import N_

FOREVER = "9999-12-31T23:59:59.999999Z"


class RoundNameMissing(InputRefused):
    """A round without a name."""

    code = "KV-ROUND-NAME"
    message = N_("The round has no name.")
    remedy = N_("Give it one that people will recognise, for example 2026-1.")


def rounds_in(connection: Connection, *, known_at: str = FOREVER) -> list[Round]:
    """Every round, in order of registration."""
    rows = connection.execute(
        text(
            "SELECT r.id, r.name, r.opens_on, r.closes_on, c.closed_on FROM application_round r"
            " LEFT JOIN application_round_closing c ON c.round_id = r.id AND c.registered_at <= :known_at"
            " WHERE r.registered_at <= :known_at ORDER BY r.id"
        ),
        {"known_at": known_at},
    )
    return [Round(*row) for row in rows]


def open_round(
    connection: Connection, name: str, opens_on: datetime.date, closes_on: datetime.date, *, clock: Clock, by: str
) -> Round:
    """Put a round on record. Raises `RoundNameMissing`, `RoundBackwards` or `RoundExists`."""
    if not name.strip():
        raise RoundNameMissing
    if closes_on < opens_on:
        raise RoundBackwards(begins=opens_on, to=closes_on)
    if any(each.name.casefold() == name.strip().casefold() for each in rounds_in(connection)):
        raise RoundExists(name=name.strip())
    new = Round(next_key(connection, "application_round"), name.strip(), opens_on.isoformat(), closes_on.isoformat())
    columns = ("id", "name", "folded", "opens_on", "closes_on", "registered_at", "registered_by")
    row = (new.id, new.name, new.name.casefold(), new.opens_on, new.closes_on, stamp(clock()), by)
    insert_rows(connection, "application_round", columns, [row])
    return new


def close_round(connection: Connection, name: str, day: datetime.date, *, clock: Clock, by: str) -> Round:
    """Close a round: from `day` on no applications are taken. Raises `UnknownRound` or `RoundClosed`."""
    found = next((each for each in rounds_in(connection) if each.name.casefold() == name.strip().casefold()), None)
    if found is None:
        raise UnknownRound(name=name)
    if found.closed_on is not None:
        raise RoundClosed(name=found.name, day=found.closed_on)
    columns = ("round_id", "closed_on", "registered_at", "registered_by")
    insert_rows(connection, "application_round_closing", columns, [(found.id, day.isoformat(), stamp(clock()), by)])
    return replace(found, closed_on=day.isoformat())
