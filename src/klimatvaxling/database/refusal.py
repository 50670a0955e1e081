"""What a server says when it does not let somebody in or cannot go on, in words a person understands.

Before there is a connection it says so in text only, afterwards with a code (SQLSTATE). What is not known here, or in
another language, is shown as it is.
"""

import re

from klimatvaxling.language import N_, translate

LOGIN, DATABASE, SERVER = "login", "database", "server"

_SAID: tuple[tuple[str, str, str], ...] = (
    (
        r"password authentication failed|\b(Peer|Ident|LDAP|GSSAPI|PAM|certificate) authentication failed",
        LOGIN,
        N_("the login is not known there, or the password is wrong"),
    ),
    (r"no password supplied", LOGIN, N_("it asks for a password, and none was found")),
    (r"role \".*\" does not exist", LOGIN, N_("there is no such login")),
    (r"is not permitted to log in", LOGIN, N_("it is a role that nobody may log in with")),
    (
        r"no pg_hba\.conf entry|pg_hba\.conf rejects",
        LOGIN,
        N_("it takes no such login from this computer (pg_hba.conf)"),
    ),
    (r"permission denied for database", LOGIN, N_("the login may not connect to the database")),
    (r"database \".*\" does not exist", DATABASE, ""),
    (r"too many (clients|connections)|connection slots", SERVER, N_("too many are connected at the same time")),
    (r"is (starting up|shutting down)|in recovery mode", SERVER, N_("it is just starting or stopping")),
    (r"failed to resolve host|could not translate host name", SERVER, N_("there is no computer of that name")),
    (r"timeout|timed out", SERVER, N_("it does not answer in time")),
    (r"does not support SSL", SERVER, N_("the address asks for encryption, and the server has none")),
    (r"certificate", SERVER, N_("its certificate is not trusted here")),
    (
        r"Connection refused|No such file or directory|No route to host|Network is unreachable",
        SERVER,
        N_("nothing answers there"),
    ),
)


def understood(said: str) -> tuple[str, str]:
    """What is at fault (`LOGIN`, `DATABASE` or `SERVER`), and the reason in the language in use."""
    for pattern, fault, reason in _SAID:
        if re.search(pattern, said, re.IGNORECASE):
            return fault, translate(reason)
    lines = said.strip().splitlines() or [""]
    return SERVER, lines[0].rpartition("FATAL: ")[2].strip().rstrip(".")


_STATES: dict[str, str] = {
    "25006": N_("it is a copy that can only be read"),
    "53100": N_("its disk is full"),
    "53200": N_("it has no memory left"),
    "53300": N_("too many are connected at the same time"),
    "57014": N_("the work took longer than the server allows, or somebody there broke it off"),
    "58030": N_("it cannot read or write its own files"),
}


def unable(state: str, said: str) -> str:
    """Why a server cannot go on, in the language in use."""
    return translate(_STATES[state]) if state in _STATES else said


def lost(state: str | None) -> str:
    """Why a connection is gone, in the language in use."""
    if state is None:
        return translate(N_("the server or the network broke it off"))
    return translate(N_("the server is stopping or restarting, or somebody there ended the connection"))
