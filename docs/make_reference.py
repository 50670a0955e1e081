"""Writes the reference from the program itself: every command and option, and every error code.

`make docs` runs it; tests/test_reference.py fails when a page differs from what it would write.
"""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import klimatvaxling
from klimatvaxling import language
from klimatvaxling.errors import ExchangeError, InputRefused, StateRefused, UsageFault
from klimatvaxling.language import translate

DOCS = Path(__file__).parent
BY_ITSELF = {
    "sv": "Skriven av programmet självt med `make docs`; ändra inte här.",
    "en": "Written by the program itself with `make docs`; do not change it here.",
}
# By language: the page, and its own words. The commands' words come from the program.
COMMANDS = {"sv": DOCS / "sv" / "kommandon.md", "en": DOCS / "commands.md"}
COMMANDS_TITLES = {"sv": "Kommandon", "en": "Commands"}
OF_ALL_COMMANDS = {"sv": "Tillval som alla kommandon har:", "en": "Options of all commands:"}
HEADINGS = {"sv": ("tillval", "vad det gör", "måste anges"), "en": ("option", "what it does", "required")}
ERRORS = {"sv": DOCS / "sv" / "felkoder.md", "en": DOCS / "errors.md"}
ERRORS_TITLES = {"sv": "Felkoder", "en": "Error codes"}
ERRORS_WORDS = {
    "sv": "Samma text visar `klimatvaxling explain KOD`. `…` står för det som felet gäller.",
    "en": "`klimatvaxling explain CODE` shows the same. `…` stands for what the error is about.",
}
KINDS = {
    "sv": {
        UsageFault: "Returkod 2: fel i kommandot",
        InputRefused: "Returkod 3: en fil eller ett värde avvisades; inget bokfördes",
        StateRefused: "Returkod 4: bokföringens läge tillåter det inte; inget bokfördes",
    },
    "en": {
        UsageFault: "Exit code 2: the command was called wrongly",
        InputRefused: "Exit code 3: a file or value was refused; nothing was posted",
        StateRefused: "Exit code 4: refused by the state of the books; nothing was posted",
    },
}


def pages() -> dict[Path, str]:
    """Every generated page with its text."""
    spoken = language.current()
    try:
        made: dict[Path, str] = {}
        for name in language.LANGUAGES:
            language.use(name)
            made[COMMANDS[name]] = _commands(name)
            made[ERRORS[name]] = _errors(name)
        return made
    finally:
        language.use(spoken)


def _commands(name: str) -> str:
    from klimatvaxling.terminal.app import command

    tree = command()
    lines = [f"# {COMMANDS_TITLES[name]}", "", BY_ITSELF[name], "", OF_ALL_COMMANDS[name], "", *_options(tree, name)]
    for path, item in _walk(tree, ()):
        lines += ["", f"{'#' * min(len(path) + 1, 4)} `{' '.join(path)}`", "", _plain(item.help)]
        if hasattr(item, "commands") and not item.invoke_without_command:
            continue
        arguments = [parameter for parameter in item.params if parameter.param_type_name == "argument"]
        words = " ".join(parameter.metavar or parameter.name.upper() for parameter in arguments)
        lines += ["", f"    klimatvaxling {' '.join(path)}{f' {words}' if words else ''} {item.options_metavar}"]
        if item.epilog:
            example, *who = item.epilog.split("\n\n")
            lines += [f"    {example}", *(line for paragraph in who for line in ("", paragraph))]
        shown = _options(item, name)
        lines += ["", *shown] if shown else []
    return "\n".join(lines) + "\n"


def _walk(item: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, child in getattr(item, "commands", {}).items():
        yield (*path, name), child
        yield from _walk(child, (*path, name))


def _options(item: Any, name: str) -> list[str]:
    rows = []
    for parameter in item.params:
        written = [option for option in getattr(parameter, "opts", []) if option.startswith("--")]
        if parameter.param_type_name == "option" and (not written or "completion" in written[0]):
            continue
        called = f"{written[0]} {parameter.metavar or ''}".strip() if written else parameter.metavar or parameter.name
        needed = f" *({HEADINGS[name][2]})*" if parameter.required else ""
        rows.append(f"| `{called.replace('|', '&#124;')}` | {_plain(parameter.help).replace('|', '&#124;')}{needed} |")
    # A pipe in a code span would end the cell; the entity only works outside of one.
    rows = [re.sub(r"`([^`]*&#124;[^`]*)`", r"<code>\1</code>", row) for row in rows]
    return [f"| {HEADINGS[name][0]} | {HEADINGS[name][1]} |", "|---|---|", *rows] if rows else []


def _plain(text: str | None) -> str:
    return " ".join((text or "").split())


def _errors(name: str) -> str:
    lines = [f"# {ERRORS_TITLES[name]}", "", f"{BY_ITSELF[name]} {ERRORS_WORDS[name]}"]
    for kind, heading in KINDS[name].items():
        lines += ["", f"## {heading}"]
        for error in errors():
            if issubclass(error, kind):
                lines += ["", f"### `{error.code}`", "", _general(error.message)]
                lines += ["", f"→ {_general(error.remedy)}"] if error.remedy else []
                lines += ["", translate(error.explanation)] if error.explanation else []
    return "\n".join(lines) + "\n"


def _general(message: str) -> str:
    """A message without the facts of a single case, on one line."""
    return _plain(re.sub(r"{\w+(?:![rsa])?(?::[^}]*)?}", "…", translate(message))).replace("|", "&#124;")


def errors() -> list[type[ExchangeError]]:
    """Every error of the program by its code."""
    package = Path(klimatvaxling.__file__).parent
    for module in pkgutil.walk_packages([str(package)], "klimatvaxling."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    found = (error for error in ExchangeError.by_code.values() if error.__module__.startswith("klimatvaxling."))
    return sorted(found, key=lambda error: error.code)


if __name__ == "__main__":
    for page, words in pages().items():
        page.write_text(words, encoding="utf-8")
