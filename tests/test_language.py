"""Swedish and English: nothing a person reads is missing in either language."""

import ast
import importlib
import json
import os
import pkgutil
import re
import shutil
import string
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

import klimatvaxling
from klimatvaxling import language
from klimatvaxling.errors import ExchangeError, Place
from klimatvaxling.language.extraction import extract

PACKAGE = Path(klimatvaxling.__file__).parent
CATALOGUE = PACKAGE / "language" / "sv" / "LC_MESSAGES" / "klimatvaxling.po"
# Per language: "tree" (commands by path) and "mistakes" (answers by what was typed).
Spoken = dict[str, dict[str, dict[str, Any]]]
KEYWORDS = {"N_": None, "translate": None, "translate_plural": (1, 2)}
LIBRARY_ENGLISH = (
    "Usage:", "[OPTIONS]", "COMMAND", "Options ", "Arguments ", "Commands ", "[required]", "[default:",
    "Show this message", "<bool>", "<str>", "[env var",
)  # fmt: skip


@cache
def source_messages() -> frozenset[str | tuple[str, str]]:
    found = extract_from_dir(PACKAGE, method_map=[("**.py", extract)], keywords=KEYWORDS)
    return frozenset(message for _, _, message, _, _ in found)


@cache
def swedish() -> Catalog:
    with CATALOGUE.open("rb") as text:
        return read_po(text)


def entries() -> dict[str | tuple[str, str], str | tuple[str, str]]:
    return {
        tuple(entry.id) if isinstance(entry.id, list | tuple) else entry.id: entry.string
        for entry in swedish()
        if entry.id
    }


def placeholders(text: str) -> set[str]:
    return {
        f"{name}!{conversion}:{form}"
        for _, name, form, conversion in string.Formatter().parse(text)
        if name is not None
    }


def forms(text: str | tuple[str, ...] | list[str]) -> list[str]:
    return [text] if isinstance(text, str) else list(text)


@cache
def errors() -> tuple[type[ExchangeError], ...]:
    for module in pkgutil.walk_packages([str(PACKAGE)], "klimatvaxling."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    own = (error for error in ExchangeError.by_code.values() if error.__module__.startswith("klimatvaxling."))
    return tuple(own)


# The catalogue


def test_every_message_in_the_source_has_a_swedish_text() -> None:
    untranslated = [message for message in source_messages() if not all(forms(entries().get(message, "")))]
    assert not untranslated, "run `make messages` and write the Swedish"


def test_no_swedish_text_is_left_over_from_a_message_that_is_gone() -> None:
    assert not set(entries()) - source_messages()
    assert not swedish().obsolete


def test_no_swedish_text_is_a_guess() -> None:
    assert not [entry.id for entry in swedish() if entry.fuzzy]


def test_every_swedish_text_has_the_placeholders_of_its_message() -> None:
    different = [
        (message, text)
        for message, text in entries().items()
        for each in forms(text)
        if placeholders(each) != set().union(*map(placeholders, forms(message)))
    ]
    assert not different


def test_every_swedish_text_uses_swedish_quotation_marks() -> None:
    assert not [text for text in entries().values() for each in forms(text) if "“" in each or each.count("”") % 2]


def test_every_swedish_text_ends_as_its_message_does() -> None:
    def ending(text: str) -> str:
        return text[-1] if text[-1] in ":? " or (text[-1] == "." and len(text) > len("No.")) else ""

    unlike = [
        (message, text) for message, text in entries().items() if ending(forms(message)[0]) != ending(forms(text)[0])
    ]
    assert not unlike


def test_names_that_scripts_depend_on_are_never_translated() -> None:
    names = re.compile(r"--[a-z][a-z-]+|\bKV-[A-Z-]{3,}|\b[a-z]+_[a-z_]+\b|\bklimatvaxling [a-z]+")
    for message, text in entries().items():
        if not str(message).isupper():
            assert sorted(set(names.findall(forms(message)[0]))) == sorted(set(names.findall(forms(text)[0])))


def test_a_counted_message_takes_the_form_that_suits_its_count() -> None:
    language.use("sv")
    counted = [message for message in source_messages() if isinstance(message, tuple)]
    assert counted
    for one, many in counted:
        assert language.translate_plural(one, many, 1) == entries()[one, many][0].format(count=1)
        assert language.translate_plural(one, many, 2) == entries()[one, many][1].format(count=2)


# Finding messages


def test_messages_are_found_in_f_strings_and_counted_messages_are_one(tmp_path: Path) -> None:
    source = tmp_path / "source.py"
    source.write_text(
        'a = f"{translate(N_("In an f-string"))}"\n'.replace('N_("In an f-string")', "N_('In an f-string')")
        + 'b = translate_plural(N_("{count} row"), N_("{count} rows"), 2)\n'
        + 'c = translate(TITLES[row["key"]])\n'
        + 'd = translate("Bare, in" " two parts")\n'
    )
    with source.open("rb") as file:
        found = [message for _, _, message, _ in extract(file, set(KEYWORDS), (), {})]
    assert found == ["In an f-string", ("{count} row", "{count} rows"), "Bare, in two parts"]


# Errors


def test_every_error_says_what_is_wrong_and_what_to_do_in_both_languages() -> None:
    said: dict[str, list[str]] = {}
    for spoken in language.LANGUAGES:
        language.use(spoken)
        for error in errors():
            assert re.fullmatch(r"KV(-[A-Z0-9]+)+", error.code)
            names = re.findall(r"{(\w+)}", error.message + error.remedy)
            fault = error(place=Place(file="mars.csv", row=2, column="unit"), **dict.fromkeys(names, "⟨value⟩"))
            texts = [fault.what(), fault.what_to_do(), fault.where(), language.translate(error.explanation)]
            assert texts[0], error.code
            assert texts[1], error.code
            assert not re.search(r"{\w*}", "".join(texts)), error.code
            said.setdefault(error.code, []).append(" ".join(texts))
    assert len(said) > 50
    assert not [code for code, (first, second) in said.items() if first == second]


def test_an_error_is_raised_with_every_fact_its_texts_mention() -> None:
    wanted: dict[str, list[set[str]]] = {}
    for error in errors():
        facts = set(re.findall(r"{(\w+)}", error.message + error.remedy))
        wanted.setdefault(error.__name__, []).append(facts)
    incomplete = []
    for file in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_bytes())):
            name = getattr(node.func, "id", getattr(node.func, "attr", "")) if isinstance(node, ast.Call) else ""
            if name in wanted and isinstance(node, ast.Call):
                given = {key.arg for key in node.keywords}
                passes_on = None in given  # **facts
                if not passes_on and not any(facts <= given for facts in wanted[name]):
                    incomplete.append((file.name, node.lineno, name, given))
    assert not incomplete


# Commands


SPEAK = """
import contextlib, io, json, sys
from pathlib import Path
from klimatvaxling import language
language.FOLDER = Path(sys.argv[2])
language.use(sys.argv[1])
from typer import Context
from klimatvaxling.terminal.app import command
from klimatvaxling.terminal.main import main

def shown(arguments):
    text = io.StringIO()
    with contextlib.redirect_stdout(text), contextlib.redirect_stderr(text), contextlib.suppress(SystemExit):
        main(["--language", sys.argv[1], *arguments])
    return text.getvalue()

def walk(item, path):
    texts = {parameter.name: parameter.help for parameter in item.params}
    metavars = [parameter.metavar for parameter in item.params if parameter.metavar]
    tree[" ".join(path)] = {"help": item.help, "epilog": item.epilog, "parameters": texts,
                            "metavars": metavars, "is_group": hasattr(item, "commands"),
                            "shown": shown([*path, "--help"])}
    for name, child in getattr(item, "commands", {}).items():
        walk(child, [*path, name])

tree = {}
walk(command(), [])
mistakes = (["nosuch"], ["unit", "lst"], ["unit", "list", "extra"], ["--nosuch"], ["import", "a.csv"],
            ["import"], ["import", "a.csv", "--source"], ["--version=3"],
            ["--language", "xx", "unit", "list"], ["balance", "--format", "xml"], ["batch", "show", "x"],
            ["explain", "KV-NOSUCH"])
print(json.dumps({"tree": tree, "mistakes": {" ".join(each): shown(each) for each in mistakes}}))
"""


@pytest.fixture(scope="module")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> Spoken:
    """The command tree, its help and its answers to mistakes in both languages, each in a process of its own.

    The library looks its words up in the compiled catalogue; a checkout may have an old one or none.
    """
    folder = tmp_path_factory.mktemp("language")
    compiled = shutil.copytree(CATALOGUE.parent, folder / "sv" / "LC_MESSAGES") / "klimatvaxling.mo"
    with compiled.open("wb") as file:
        write_mo(file, swedish())
    environment = {
        **os.environ,
        "COLUMNS": "80",
        "PYTHONPATH": str(PACKAGE.parent),
        "PYTHONIOENCODING": "utf-8",
    }
    started = {
        name: subprocess.Popen(
            [sys.executable, "-c", SPEAK, name, str(folder)],
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        for name in language.LANGUAGES
    }
    answers = {name: process.communicate()[0] for name, process in started.items()}
    return {name: json.loads(answer) for name, answer in answers.items()}


def test_every_command_and_option_has_help_in_both_languages(spoken: Spoken) -> None:
    trees = {name: spoken[name]["tree"] for name in language.LANGUAGES}
    assert trees["sv"].keys() == trees["en"].keys()
    for path, english in trees["en"].items():
        texts = {"": english["help"], **english["parameters"]}
        in_swedish = {"": trees["sv"][path]["help"], **trees["sv"][path]["parameters"]}
        for name, text in texts.items():
            if name not in ("context", "help"):
                assert text, f"{path} {name} has no help"
                assert in_swedish[name] != text, f"{path} {name} is helped in English"


def test_every_command_shows_an_example_that_begins_with_its_own_name(spoken: Spoken) -> None:
    for path, command in spoken["sv"]["tree"].items():
        if not command["is_group"]:
            assert (command["epilog"] or "").startswith(f"$ klimatvaxling {path}"), path


def test_swedish_help_has_no_english_left_from_the_library(spoken: Spoken) -> None:
    for path, command in spoken["sv"]["tree"].items():
        assert "Användning: klimatvaxling" in command["shown"], path
        assert not [word for word in LIBRARY_ENGLISH if word in command["shown"]], path


def test_what_stands_for_a_value_is_swedish_unless_it_is_the_value(spoken: Spoken) -> None:
    listed = {name for name in source_messages() if isinstance(name, str)}
    used = {metavar for command in spoken["en"]["tree"].values() for metavar in command["metavars"]}
    assert not {metavar for metavar in used if "|" not in metavar} - listed, "add it to language/library_texts.py"


def test_help_fits_eighty_columns(spoken: Spoken) -> None:
    for name in language.LANGUAGES:
        for path, command in spoken[name]["tree"].items():
            assert max(map(len, command["shown"].splitlines())) <= 80, path


def test_mistakes_on_the_command_line_are_answered_in_the_language_in_use(spoken: Spoken) -> None:
    for mistake, english in spoken["en"]["mistakes"].items():
        in_swedish = spoken["sv"]["mistakes"][mistake]
        assert in_swedish.startswith("KV-"), in_swedish
        assert not set(english.splitlines()) & set(in_swedish.splitlines()), mistake


def test_a_misspelt_command_is_quoted_alone_and_the_likely_one_suggested(spoken: Spoken) -> None:
    assert "Det finns inget kommando ”lst”.\n→ Menade du list?\n" in spoken["sv"]["mistakes"]["unit lst"]
    assert "There is no command “lst”.\n→ Did you mean list?\n" in spoken["en"]["mistakes"]["unit lst"]
