"""What a login may do: a role, for a role of a unit also which units. The last decision on a login holds."""

from collections.abc import Iterable
from dataclasses import dataclass

from klimatvaxling.errors import InputRefused, StateRefused, UsageFault
from klimatvaxling.language import N_

FINANCE, COMMITTEE, UNIT, AUDITOR = "finance", "committee", "unit", "auditor"
ROLES = {
    FINANCE: N_("everything that posts"),
    COMMITTEE: N_("decides grants"),
    UNIT: N_("sees its own units and applies for grants"),
    AUDITOR: N_("sees everything, writes nothing"),
}
REVOKED = ""
_LONGEST_LOGIN_BYTES = 63


class UnknownRole(UsageFault):
    """Not a role."""

    code = "KV-ACCESS-ROLE"
    message = N_("“{value}” is not a role.")
    remedy = N_("Write one of: {known}.")


class BadLogin(InputRefused):
    """Not a name somebody can log in with."""

    code = "KV-ACCESS-LOGIN"
    message = N_("“{value}” cannot be the name of a login.")
    remedy = N_("Write the name the person logs in with: at most 63 bytes, no quotation marks, and not one of pg_….")


class UnitNeeded(UsageFault):
    """A role of a unit without a unit, or another role with one."""

    code = "KV-ACCESS-UNIT"
    message = N_("The role unit needs --unit CODE, and no other role takes it.")
    remedy = N_("Example: klimatvaxling access grant anna --role unit --unit SBF")


class NoSuchAccess(StateRefused):
    """Nothing to revoke."""

    code = "KV-ACCESS-NONE"
    message = N_("The login {login} has no role.")
    remedy = N_("See who has with: klimatvaxling access list")


class LastFinance(StateRefused):
    """Without anybody in the finance office nobody could give it back."""

    code = "KV-ACCESS-LAST"
    message = N_("The login {login} is the only one that keeps these books, or owns them: its role stays.")
    remedy = N_("Give somebody else the role finance first. The owner of a server's books keeps it always.")


class NotTheOwner(StateRefused):
    """Giving and taking roles is the owner's: with the login's membership comes what the server itself enforces."""

    code = "KV-ACCESS-OWNER"
    message = N_("Only {owner}, who owns the books, gives roles and takes them away.")
    remedy = N_("Log in as {owner}, or ask whoever has that login.")


@dataclass(frozen=True)
class Access:
    """What is on record of a login; `role` is empty once it was revoked."""

    login: str
    role: str
    unit_ids: tuple[int, ...]
    registered_at: str
    registered_by: str


def require_role(role: str) -> str:
    """A role as typed. Raises `UnknownRole`."""
    if role not in ROLES:
        raise UnknownRole(value=role, known=", ".join(ROLES))
    return role


def require_login(login: str) -> str:
    """A login's name as typed. Raises `BadLogin`."""
    if not login.strip() or login != login.strip() or len(login.encode()) > _LONGEST_LOGIN_BYTES:
        raise BadLogin(value=login)
    if '"' in login or "\\" in login or login.casefold().startswith("pg_") or login.casefold() in ("public", "none"):
        raise BadLogin(value=login)
    return login


def current(decisions: Iterable[Access]) -> dict[str, Access]:
    """What holds for each login that has a role, by login."""
    last = {decision.login: decision for decision in decisions}
    return {login: held for login, held in sorted(last.items()) if held.role != REVOKED}


def units_after(held: Access | None, role: str, unit_id: int | None) -> tuple[int, ...]:
    """Which units a login has once it is given `role`: one more, or the first. Raises `UnitNeeded`."""
    if (role == UNIT) != (unit_id is not None):
        raise UnitNeeded
    if unit_id is None:
        return ()
    before = held.unit_ids if held is not None and held.role == UNIT else ()
    return tuple(sorted({*before, unit_id}))


def require_finance_left(held: Iterable[Access], login: str) -> None:
    """Somebody else keeps the books. Raises `LastFinance`."""
    if not any(one.role == FINANCE and one.login != login for one in held):
        raise LastFinance(login=login)
