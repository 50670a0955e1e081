"""Where the books are, and where what the program ships is: found without opening any database."""

import os
import re
from pathlib import Path

from klimatvaxling.errors import UsageFault
from klimatvaxling.language import N_

ENVIRONMENT_VARIABLE = "KLIMATVAXLING_DATABASE_URL"
SQLITE = "sqlite:///"
_PASSWORD_OPTION = re.compile(r"(password=)[^&]*", re.IGNORECASE)
_NO_PORT = re.compile(r":(?![0-9]+(?:/|\?|$))[^/?]*")
_PACKAGE = Path(__file__).parent.parent


class BadDatabaseUrl(UsageFault):
    """The database address is not one we can use."""

    code = "KV-DATABASE-URL"
    message = N_("“{value}” is not a database address.")
    remedy = N_("Write sqlite:///file.db for a file, or postgresql+psycopg://user@server/name for a server.")


def database_url(given: str | None) -> str:
    """The address from the option, the environment, or the user's own data folder."""
    url = given if given is not None else os.environ.get(ENVIRONMENT_VARIABLE)
    if url is not None:  # one that a script left empty is refused: it never means the user's own books
        if not url.startswith((SQLITE, "postgresql+psycopg://")) or url == SQLITE:
            raise BadDatabaseUrl(value=without_password(url))
        return url
    from platformdirs import user_data_path

    return f"{SQLITE}{user_data_path('klimatvaxling', appauthor=False) / 'klimatvaxling.db'}"


def without_password(url: str) -> str:
    """The address with any password hidden, for messages."""
    scheme, separator, rest = url.partition("://")
    if scheme == "sqlite":
        return url
    login, at, server = rest.rpartition("@")
    server = _PASSWORD_OPTION.sub(r"\1***", server)
    if not at:  # a login whose @ was forgotten would be taken for a server and its port
        server = _NO_PORT.sub(":***", server, count=1)
    return f"{scheme}{separator}{login.partition(':')[0]}{at}{server}"


def sqlite_file(url: str) -> Path | None:
    """The file behind a SQLite address, or None for a server."""
    return Path(url.removeprefix(SQLITE).partition("?")[0]) if url.startswith(SQLITE) else None


def shipped(folder: str) -> Path:
    """A folder that ships beside the code: `migrations` or `imports`, in the wheel or in a checkout."""
    in_wheel = _PACKAGE / "_shipped" / folder
    return in_wheel if in_wheel.is_dir() else _PACKAGE.parent.parent / folder


def place_of(url: str) -> object:
    """Where the books are, as it may be shown: the file, or the address without its password."""
    return sqlite_file(url) or without_password(url)
