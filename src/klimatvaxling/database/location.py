"""Where the books are, and where what the program ships is: found without opening any database."""

import os
from pathlib import Path

from klimatvaxling.errors import UsageFault
from klimatvaxling.language import N_

ENVIRONMENT_VARIABLE = "KLIMATVAXLING_DATABASE_URL"
SQLITE = "sqlite:///"
_PACKAGE = Path(__file__).parent.parent


class BadDatabaseUrl(UsageFault):
    """The database address is not one we can use."""

    code = "KV-DATABASE-URL"
    message = N_("“{value}” is not a database address.")
    remedy = N_("Write sqlite:///file.db for a file, or postgresql+psycopg://user@server/name for a server.")


def database_url(given: str | None) -> str:
    """The address from the option, the environment, or the user's own data folder."""
    url = given or os.environ.get(ENVIRONMENT_VARIABLE)
    if url:
        if not url.startswith((SQLITE, "postgresql+psycopg://")) or url == SQLITE:
            raise BadDatabaseUrl(value=without_password(url))
        return url
    from platformdirs import user_data_path

    return f"{SQLITE}{user_data_path('klimatvaxling', appauthor=False) / 'klimatvaxling.db'}"


def without_password(url: str) -> str:
    """The address with any password hidden, for messages."""
    scheme, separator, rest = url.partition("://")
    login, at, server = rest.rpartition("@")
    return f"{scheme}{separator}{login.partition(':')[0]}{at}{server}"


def sqlite_file(url: str) -> Path | None:
    """The file behind a SQLite address, or None for a server."""
    return Path(url.removeprefix(SQLITE).partition("?")[0]) if url.startswith(SQLITE) else None


def shipped(folder: str) -> Path:
    """A folder that ships beside the code: `migrations` or `imports`, in the wheel or in a checkout."""
    in_wheel = _PACKAGE / "_shipped" / folder
    return in_wheel if in_wheel.is_dir() else _PACKAGE.parent.parent / folder
