"""What docs/security.md says of passwords, statements and processes."""

import ast
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import Books, run
from klimatvaxling.database.location import without_password
from klimatvaxling.terminal.app import command

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "klimatvaxling"
SECRET = "h3mligt-ord"
ADDRESSES = (
    f"postgresql+psycopg://kv:{SECRET}@127.0.0.1:1/kv",
    f"postgresql+psycopg://kv:{SECRET}@127.0.0.1:99999/kv",
    f"postgresql+psycopg://kv@127.0.0.1:1/kv?password={SECRET}",
    f"postgresql+psycopg://kv:{SECRET}nowhere.invalid/kv",
    f"postgresql+psycopg://kv:{SECRET}@[::1/kv",
    f"postgresql://kv:{SECRET}@127.0.0.1:1/kv",
    f"mysql://kv:{SECRET}@127.0.0.1:1/kv",
)
# What is set into the text of a statement and is no constant in capitals, each judged: names of the program's own tables
# and columns, or one of two texts of its own. None of them comes from a person, a file or the database's rows.
JUDGED = {
    # A login's name: `require_login` lets no quotation mark through.
    ("access/register.py", "_quoted(login)"),
    ("batches/check.py", "', '.join(FIELDS)"),
    ("batches/undoing.py", "', '.join(('r.' + name for name in REVERSAL))"),
    ("database/bulk.py", "table"),
    ("database/bulk.py", "', '.join(columns)"), ("database/bulk.py", "', '.join([row] * count)"),
    ("database/registration.py", "each.table"), ("database/registration.py", "each.key"),
    ("database/registration.py", "each.rises_with"), ("database/registration.py", "', '.join(parts)"),
    ("database/registration.py", "f'coalesce(max({each.rises_with}), 0)' if each.rises_with else 'count(*)'"),
    ("ledger/registered.py", "each.table"), ("ledger/registered.py", "each.key"),
    ("database/engine.py", "pragma"), ("database/guards.py", "kind"), ("database/guards.py", "name"),
    ("exports/archive.py", "name"), ("exports/archive.py", "f' WHERE {wanted}' if wanted else ''"),
    ("exports/archive.py", "order"), ("exports/archive.py", "wanted"), ("grants/register.py", "names"),
    ("ledger/check.py", "', '.join(('v.' + name for name in names))"), ("ledger/check.py", "column"),
    ("ledger/check.py", "table"), ("ledger/offence.py", "name"), ("ledger/offence.py", "table"),
    ("lots/check.py", "running.format(sign='-', some='NOT')"), ("lots/check.py", "running.format(sign='', some='')"),
    # One of two statements of its own: as a unit sees it, or as all others do.
    ("reports/evidence.py", "_of_charge(connection)"),
    ("reports/audit_log.py", "source.sql"), ("reports/batches.py", "', '.join(('b.' + name for name in _COUNTS))"),
    ("vehicles/register.py", "', '.join(_FIELDS)"),
}  # fmt: skip
_SQL = re.compile(r"\b(SELECT|INSERT INTO|UPDATE|DELETE FROM|DROP|CREATE|PRAGMA|WHERE|ORDER BY)\b")


def said(*arguments: object) -> str:
    outcome = run(*arguments)
    return outcome.out + outcome.err


@pytest.mark.parametrize("address", ADDRESSES)
def test_the_password_of_a_database_is_shown_nowhere(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KLIMATVAXLING_TRACEBACK", "1")
    for words in ("init", "balance", "import a.csv --source standard", "backup copy.db", "restore copy.db"):
        text = said("--database", address, *words.split())
        assert SECRET not in text, words
        assert "KV-" in text
    monkeypatch.setenv("KLIMATVAXLING_DATABASE_URL", address)
    for words in ("audit log", "--help", "balance --help", ""):
        assert SECRET not in said(*words.split()), words
    assert SECRET not in without_password(address)


def test_a_traceback_that_was_asked_for_has_no_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KLIMATVAXLING_TRACEBACK", "1")
    environment = os.environ | {"KLIMATVAXLING_DATABASE_URL": ADDRESSES[0], "PYTHONPATH": os.pathsep.join(sys.path)}
    program = (
        "from klimatvaxling.database import engine\n"
        "def fails(*_, **__): raise RuntimeError('nobody thought of this')\n"
        "engine.engine_for = fails\n"
        "from klimatvaxling.terminal.main import main\n"
        "main(['balance'])\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, encoding="utf-8", timeout=60
    )
    assert (ran.returncode, "nobody thought of this" in ran.stderr, "Traceback" in ran.stderr) == (1, True, True)
    assert SECRET not in ran.stderr + ran.stdout


def test_no_address_of_a_database_is_kept_in_the_books(everything: Books) -> None:
    place = everything.url.partition("?host=")[2] if everything.on_server else str(everything.file)
    told = everything.dump() + everything("audit", "log").out
    assert place
    assert place not in told
    assert "://" not in told.replace("https://", "")
    if everything.on_server:
        return
    assert everything("backup", copy := everything.folder / "copy.db").code == 0
    assert str(everything.file).encode() not in copy.read_bytes()


def statements() -> Iterator[tuple[str, ast.expr]]:
    """What is set into the text of statements, with its file."""
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.JoinedStr):
                words = "".join(str(part.value) for part in node.values if isinstance(part, ast.Constant))
                if _SQL.search(words):
                    for part in node.values:
                        if isinstance(part, ast.FormattedValue):
                            yield path.relative_to(SOURCE).as_posix(), part.value


def test_what_is_set_into_the_text_of_a_statement_is_the_programs_own() -> None:
    found = {
        (file, ast.unparse(value))
        for file, value in statements()
        if not (isinstance(value, ast.Name) and value.id.strip("_").isupper())
    }
    assert found - JUDGED == set(), "bind the value, or judge it and say why"
    assert JUDGED - found == set(), "it is gone: take it away here"


def test_the_rules_of_security_that_are_set_aside_are_the_documented_ones() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["ruff"]["lint"]
    assert "S" in settings["select"]
    aside = {rule for rule in settings["ignore"] if re.fullmatch(r"S\d+", rule)}
    documented = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    assert aside == set(re.findall(r"\bS\d{3}\b", documented))
    assert not any("S" in rules for path, rules in settings["per-file-ignores"].items() if not path.startswith("tests"))


def test_every_test_that_the_page_on_security_names_is_there() -> None:
    for name in re.findall(r"`(test_[\w*]+\.py)`", (ROOT / "docs" / "security.md").read_text(encoding="utf-8")):
        assert list((ROOT / "tests").glob(name)), name


def test_no_option_asks_for_a_password() -> None:
    def walk(item: object) -> Iterator[str]:
        for parameter in getattr(item, "params", []):
            yield from getattr(parameter, "opts", [])
        for child in getattr(item, "commands", {}).values():
            yield from walk(child)

    assert not [option for option in walk(command()) if re.search("password|secret|token", option)]
