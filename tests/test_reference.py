"""The reference is what the program says of itself, and what other pages say of commands is so."""

import importlib.util
import re
import shlex
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from klimatvaxling.terminal.app import command

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"


@cache
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_reference", DOCS / "make_reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("page", ["sv/kommandon.md", "commands.md", "sv/felkoder.md", "errors.md"])
def test_the_reference_is_what_the_program_says_of_itself(page: str) -> None:
    expected = generator().pages()[DOCS / page]
    assert (DOCS / page).read_text(encoding="utf-8") == expected, "run `make docs`"


def test_every_error_code_stands_in_the_reference_once() -> None:
    codes = re.findall(
        r"^### `(KV-[A-Z0-9-]+)`$", (DOCS / "sv" / "felkoder.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert sorted(codes) == sorted({error.code for error in generator().errors()})
    assert len(codes) > 150


def tree() -> dict[str, tuple[set[str], bool]]:
    """Each command's options, and whether it is a group."""
    found: dict[str, tuple[set[str], bool]] = {}

    def walk(item: Any, path: tuple[str, ...]) -> None:
        options = {option for parameter in item.params for option in getattr(parameter, "opts", [])}
        found[" ".join(path)] = (options | {"--help"}, hasattr(item, "commands"))
        for name, child in getattr(item, "commands", {}).items():
            walk(child, (*path, name))

    walk(command(), ())
    return found


def written_commands(text: str) -> Iterator[list[str]]:
    """Every command of the program that a page shows, as its words."""
    joined = re.sub(r"\\\n\s*", " ", text)
    lines = re.findall(r"^\s*(?:\$ )?klimatvaxling +(.+)$", joined, re.MULTILINE)
    spans = re.findall(r"`(?:\$ )?klimatvaxling +([^`]+)`", joined)
    for each in [*lines, *spans]:
        try:
            yield shlex.split(each, comments=True)
        except ValueError:  # an apostrophe of running text
            yield each.split()


PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_command_and_option_on_a_page_exists(page: Path) -> None:
    known = tree()
    wrong = []
    for words in written_commands(page.read_text(encoding="utf-8")):
        path, rest = "", list(words)
        everywhere = known[""][0]
        while rest and rest[0] in everywhere:  # --database and --language before the command
            rest = rest[2:]
        while rest and f"{path} {rest[0]}".strip() in known:
            path = f"{path} {rest.pop(0)}".strip()
        options, is_group = known[path]
        if is_group and rest and not rest[0].startswith(("-", ">", "|", "(", "[", "…")) and not rest[0][0].isupper():
            wrong.append(f"no such command: {' '.join(words)}")
        given = [word.partition("=")[0].strip("[]") for word in rest if re.match(r"\[?--[a-z]", word)]
        wrong += [f"{option}: {' '.join(words)}" for option in given if option not in options | everywhere]
    assert wrong == []
