"""Swedish and English: the one place where a message becomes text a person reads.

Messages are written in English in the code, marked with `N_` where they are defined and looked up with
`translate` where they are shown. The Swedish catalogue is `sv/LC_MESSAGES/klimatvaxling.po`.
"""

import gettext
import io
import os
from pathlib import Path

LANGUAGES = ("sv", "en")
DEFAULT_LANGUAGE = "sv"
DOMAIN = "klimatvaxling"
FOLDER = Path(__file__).parent

_current = DEFAULT_LANGUAGE
_catalogue: gettext.NullTranslations | None = None


def N_(message: str) -> str:  # noqa: N802 - the name every gettext tool knows
    """Mark a message for the catalogue without translating it yet."""
    return message


def use(language: str) -> None:
    """Speak `language` ("sv" or "en") from now on, in our own texts and in those of the command-line library."""
    global _current, _catalogue  # a process talks to one person, in one language
    _current = language
    _catalogue = None
    os.environ["LANGUAGE"] = language
    gettext.bindtextdomain(DOMAIN, str(FOLDER))
    gettext.textdomain(DOMAIN)


def current() -> str:
    """The language in use: "sv" or "en"."""
    return _current


def translate(message: str, /, **facts: object) -> str:
    """`message` in the language in use, with its `{placeholders}` filled in."""
    text = _translations().gettext(message) if message else ""
    return text.format(**facts) if facts else text


def translate_plural(one: str, many: str, count: int, /, **facts: object) -> str:
    """The form of a counted message that suits `count`; `{count}` is filled in."""
    return _translations().ngettext(one, many, count).format(count=count, **facts)


def _translations() -> gettext.NullTranslations:
    global _catalogue
    if _catalogue is None:
        _catalogue = gettext.NullTranslations() if _current == "en" else _load(_current)
    return _catalogue


def _load(language: str) -> gettext.NullTranslations:
    source = FOLDER / language / "LC_MESSAGES" / f"{DOMAIN}.po"
    compiled = source.with_suffix(".mo")
    if compiled.exists() and compiled.stat().st_mtime >= source.stat().st_mtime:
        with compiled.open("rb") as file:
            return gettext.GNUTranslations(file)
    # A checkout that was never built, or whose catalogue was edited since: compile in memory.
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    buffer = io.BytesIO()
    with source.open("rb") as text:
        write_mo(buffer, read_po(text))
    buffer.seek(0)
    return gettext.GNUTranslations(buffer)
