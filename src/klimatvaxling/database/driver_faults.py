"""A driver's fault as an error that a person understands."""

import sqlite3
from collections.abc import Callable

from klimatvaxling.database import refusal
from klimatvaxling.database.faults import (
    ConnectionLost,
    DatabaseBusy,
    DatabaseDamaged,
    DatabaseFault,
    DatabaseUnusable,
    ForeignDatabase,
    LoginRefused,
    NoSuchDatabase,
    Overtaken,
    PermissionDenied,
    ServerUnable,
    ServerUnreachable,
)
from klimatvaxling.database.location import BadDatabaseUrl, place_of, without_password
from klimatvaxling.errors import ExchangeError
from klimatvaxling.language import N_, translate

# What SQLite raises for a file that is none of its own, is damaged, or cannot be opened.
_UNUSABLE = (sqlite3.DatabaseError, sqlite3.OperationalError)


def of_sqlite(url: str, fault: sqlite3.DatabaseError) -> DatabaseFault | None:
    """What SQLite raised; None for what says nothing of the database itself."""
    if not isinstance(fault, sqlite3.OperationalError) and type(fault) not in _UNUSABLE:
        return None
    reason = str(fault).strip().rstrip(".")
    if "locked" in reason or "busy" in reason:
        return DatabaseBusy()
    if "not a database" in reason:
        return ForeignDatabase(where=place_of(url))
    if "malformed" in reason or "decode to UTF-8" in reason:
        return DatabaseDamaged(where=place_of(url), reason=reason)
    return DatabaseUnusable(where=place_of(url), reason=reason)


# What a server calls it (SQLSTATE) when others are in the way, the link is gone, or a right is missing.
_OVERTAKEN_STATES = ("40001", "40P01")
_BUSY_STATE = "55P03"
_LOST_STATES = ("57P01", "57P02", "57P03", "57P05")
DENIED_STATE = "42501"
_UNUSABLE_STATES = ("25006",)  # a server that only copies another one, and is read


# What each role may, for whoever asks for more.
_MAY = {
    "finance": N_("the role finance posts and registers, and only the owner of the books gives roles"),
    "committee": N_("the role committee decides grants, registers nothing else and sees no single trips"),
    "unit": N_("the role unit sees its own units and applies for grants for them, and nothing else"),
    "auditor": N_("the role auditor reads everything and writes nothing"),
}


def denied(role: object) -> PermissionDenied:
    """The refusal of what is not for `role`; None has no role."""
    return PermissionDenied(reason=translate(_MAY.get(str(role), N_("your login has no role in these books"))))


def of_server(url: str, fault: BaseException, *, was_there: bool, role: Callable[[], object]) -> ExchangeError | None:
    """What a server's driver raised, on a connection that `was_there` or while one was made; `role` is that of the login."""
    state = getattr(fault, "sqlstate", None)
    lines = str(fault).strip().splitlines() or [""]
    reason = lines[0].rpartition("FATAL: ")[2].strip().rstrip(".")
    if state in _OVERTAKEN_STATES:
        return Overtaken()
    if state == _BUSY_STATE:
        return DatabaseBusy()
    if state == DENIED_STATE:
        return denied(role())
    if state in _LOST_STATES:
        return ConnectionLost(where=place_of(url), reason=refusal.lost(state))
    if state in _UNUSABLE_STATES:
        return ServerUnable(where=place_of(url), reason=refusal.unable(state, reason))
    import psycopg

    if isinstance(fault, psycopg.ProgrammingError) and "connection " in reason and state is None and not was_there:
        return BadDatabaseUrl(value=without_password(url))  # an option that there is none of
    if not isinstance(fault, psycopg.OperationalError):
        return None
    if state is None and was_there:  # the server went away in mid-sentence
        return ConnectionLost(where=place_of(url), reason=refusal.lost(state))
    if state is None or state.startswith(("28", "3D", "08")):
        return _refused(url, str(fault))
    return ServerUnable(where=place_of(url), reason=refusal.unable(state, reason))


def _refused(url: str, said: str) -> DatabaseFault:
    """A connection that was never made."""
    at_fault, reason = refusal.understood(said)
    if at_fault == refusal.DATABASE:
        return NoSuchDatabase(where=place_of(url))
    kind = LoginRefused if at_fault == refusal.LOGIN else ServerUnreachable
    return kind(where=place_of(url), reason=reason)
