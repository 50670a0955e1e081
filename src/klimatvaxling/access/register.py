"""The register of access: read and written. On a server the login and its rights are made with it."""

from typing import NamedTuple

from sqlalchemy import Connection, text
from sqlalchemy.exc import DatabaseError

from klimatvaxling.access.access import (
    FINANCE,
    REVOKED,
    ROLES,
    Access,
    LastFinance,
    NoSuchAccess,
    NotTheOwner,
    current,
    require_finance_left,
    require_login,
    require_role,
    units_after,
)
from klimatvaxling.clock import Clock, stamp
from klimatvaxling.database.bulk import insert_rows
from klimatvaxling.database.faults import Overtaken


class Granted(NamedTuple):
    """What a login was given, and whether the login itself was made for it."""

    access: Access
    is_new_login: bool


_COLUMNS = ("login", "role", "unit_ids", "registered_at", "registered_by")


def decisions(connection: Connection, known_at: str | None = None) -> list[Access]:
    """Every decision on a login that the reader may see, oldest first; those known at a time."""
    rows = connection.execute(
        text("SELECT * FROM access WHERE :known_at IS NULL OR registered_at <= :known_at ORDER BY id"),
        {"known_at": known_at},
    )
    return [
        Access(row.login, row.role, tuple(map(int, row.unit_ids.split())), row.registered_at, row.registered_by)
        for row in rows
    ]


def own_role(connection: Connection) -> str | None:
    """The role of whoever asks, as the server enforces it; in a file of books everybody who opens it may do all."""
    if connection.dialect.name == "sqlite":
        return FINANCE
    found = connection.exec_driver_sql("SELECT my_role()").scalar()
    return None if found is None else str(found)


def begin(connection: Connection, *, clock: Clock, by: str) -> None:
    """Whoever opens the books keeps them, once they have nobody."""
    if not current(decisions(connection)):
        _register(connection, Access(by, FINANCE, (), stamp(clock()), by))


def grant(connection: Connection, login: str, role: str, unit_id: int | None, *, clock: Clock, by: str) -> Granted:
    """Give a login a role, instead of the one it had; a role of a unit is added to those of other units.

    On a server a login that is not there yet is made, without a password: then `is_new_login`. Raises `NotTheOwner`,
    `BadLogin`, `UnknownRole`, `UnitNeeded`, or `LastFinance` where nobody would be left to keep the books.
    """
    _require_the_owner(connection)
    held = current(decisions(connection))
    units = units_after(held.get(require_login(login)), require_role(role), unit_id)
    if login in held and held[login].role == FINANCE != role:
        _require_not_the_owner(connection, login)
        require_finance_left(held.values(), login)
    given = Access(login, role, units, stamp(clock()), by)
    _register(connection, given)
    is_new_login = False
    if connection.dialect.name == "postgresql":
        is_new_login = not _exists(connection, login)
        if is_new_login:
            _change_logins(connection, f"CREATE ROLE {_quoted(login)} LOGIN")
        _belong_to(connection, login, role)
    return Granted(given, is_new_login)


def revoke(connection: Connection, login: str, *, clock: Clock, by: str) -> None:
    """Take a login's role away; the login itself stays. Raises `NotTheOwner`, `NoSuchAccess` or `LastFinance`."""
    _require_the_owner(connection)
    held = current(decisions(connection))
    if login not in held:
        raise NoSuchAccess(login=login)
    if held[login].role == FINANCE:
        _require_not_the_owner(connection, login)
        require_finance_left(held.values(), login)
    _register(connection, Access(login, REVOKED, (), stamp(clock()), by))
    if connection.dialect.name == "postgresql":
        _belong_to(connection, login, REVOKED)


def _register(connection: Connection, access: Access) -> None:
    units = " ".join(map(str, access.unit_ids))
    row = (access.login, access.role, units, access.registered_at, access.registered_by)
    insert_rows(connection, "access", _COLUMNS, [row])


# The server's side


def _owner(connection: Connection) -> object:
    return connection.exec_driver_sql(
        "SELECT tableowner FROM pg_tables WHERE tablename = 'book' AND schemaname = current_schema()"
    ).scalar()


def _require_the_owner(connection: Connection) -> None:
    if connection.dialect.name == "postgresql" and not _owns(connection, str(owner := _owner(connection))):
        raise NotTheOwner(owner=owner)


def _require_not_the_owner(connection: Connection, login: str) -> None:
    if connection.dialect.name == "postgresql" and _owner(connection) == login:
        raise LastFinance(login=login)


def _exists(connection: Connection, login: str) -> bool:
    return bool(connection.exec_driver_sql("SELECT 1 FROM pg_roles WHERE rolname = %s", (login,)).scalar())


def _belong_to(connection: Connection, login: str, role: str) -> None:
    """Membership of the group that stands for a role in this database, and of no other."""
    if not _owns(connection, login):
        for name, group in _groups(connection).items():
            verb = ("GRANT", "TO") if name == role else ("REVOKE", "FROM")
            if name == role or _is_member(connection, login, group):
                _change_logins(connection, f"{verb[0]} {_quoted(group)} {verb[1]} {_quoted(login)}")


# What a server calls it (SQLSTATE) when a login was made or changed meanwhile: there already twice, or "tuple
# concurrently updated".
_MEANWHILE = ("23505", "42710", "XX000")


def _change_logins(connection: Connection, statement: str) -> None:
    """Change what belongs to the whole server. Raises `Overtaken` where other books on it did the same just now."""
    try:
        connection.exec_driver_sql(statement)
    except DatabaseError as fault:
        if getattr(fault.orig, "sqlstate", None) in _MEANWHILE:
            raise Overtaken from fault
        raise


def _groups(connection: Connection) -> dict[str, str]:
    """The group of each role, as the books name it: a database that was copied or renamed keeps its groups."""
    named = connection.exec_driver_sql(
        "SELECT policyname, roles[1]::text FROM pg_policies WHERE schemaname = current_schema() AND tablename = 'book'"
    )
    by_policy = {str(policy): str(group) for policy, group in named}
    return {name: by_policy[f"book_seen_by_{name}"] for name in ROLES}


def _owns(connection: Connection, login: str) -> bool:
    return bool(connection.exec_driver_sql("SELECT %s = current_user", (login,)).scalar())


def _is_member(connection: Connection, login: str, group: str) -> bool:
    found = connection.exec_driver_sql(
        "SELECT 1 FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid JOIN pg_roles u ON u.oid = m.member"
        " WHERE g.rolname = %s AND u.rolname = %s",
        (group, login),
    )
    return found.first() is not None


def _quoted(name: str) -> str:
    """A name as SQL takes it: `require_login` lets none with quotation marks through."""
    assert '"' not in name
    return f'"{name}"'
