"""Shell completion, by the protocol of each shell: what is offered comes from the books on the line, or nothing does."""

import os
import re
import shlex
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conftest import Books, run, trip

Complete = Callable[..., list[str]]
VARIABLE = "_KLIMATVAXLING_COMPLETE"


@pytest.fixture
def complete(everything: Books, monkeypatch: pytest.MonkeyPatch) -> Complete:
    """What bash is offered for the last of the words typed after the program's name."""
    monkeypatch.setenv("KLIMATVAXLING_DATABASE_URL", everything.url)

    def ask(*words: str) -> list[str]:
        with monkeypatch.context() as typed:
            typed.setenv(VARIABLE, "complete_bash")
            typed.setenv("COMP_WORDS", " ".join(("klimatvaxling", shlex.join(words[:-1]), words[-1])))
            typed.setenv("COMP_CWORD", str(len(words)))
            outcome = run()
        assert (outcome.code, outcome.err) == (0, "")
        return outcome.out.split()

    return ask


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("balance", "--unit", ""), ["BUF", "ELN", "SBF"]),
        (("balance", "--unit", "s"), ["SBF"]),
        (("unit", "change", ""), ["BUF", "ELN", "SBF"]),
        (("unit", "merge", "BUF", ""), ["BUF", "ELN", "SBF"]),
        (("unit", "merge", "BUF", "--into", "E"), ["ELN"]),
        (("unit", "transfer", "BUF", "--to", "E"), ["ELN"]),
        (("report", "year", "--unit", "B"), ["BUF"]),
        (("import", "x.csv", "--source", "stand"), ["standard"]),
        (("source", "show", "stand"), ["standard"]),
        (("batch", "show", ""), ["3", "2", "1"]),
        (("grant", "show", ""), ["1"]),
        (("grant", "pay", ""), []),
        (("handover", "again", ""), []),
        (("voucher", "show", "R"), ["R2026-2", "R2026-1"]),
        (("voucher", "reverse", "A2025"), ["A2025-4"]),
        (("journal", "--period", "2025-0"), [f"2025-{month:02d}" for month in range(9, 0, -1)]),
        (("report", "year", "--year", ""), ["2026", "2025"]),
        (("balance", "--format", ""), ["table", "json", "csv"]),
        (("export", "journal", "--syntax", "h"), ["hledger"]),
        (("policy", "set", "ret"), ["retention"]),
        (("measure", "add", "--focus-area", "tr"), ["travel"]),
        (("grant", "list", "--state", "app"), ["approved"]),
        (("--language", ""), ["sv", "en"]),
        (("explain", "KV-UNIT-UNK"), ["KV-UNIT-UNKNOWN"]),
        (("explain", "B2025"), ["B2025-1"]),
        (("unit", "ch"), ["change"]),
        (("balance", "--as"), ["--as-merged", "--as-of"]),
    ],
)  # fmt: skip
def test_each_option_and_argument_offers_what_it_takes(
    complete: Complete, words: tuple[str, ...], expected: list[str]
) -> None:
    assert complete(*words) == expected


def test_rows_that_wait_are_offered_to_be_dismissed_and_no_others(complete: Complete, more_books: Any) -> None:
    assert complete("quarantine", "dismiss", "") == [], "the only one is dismissed"
    books = more_books()
    books.take(trip("d"), trip("e", unit="NIX"), name="partial.csv", options=["--accept-partial"])
    assert complete("--database", books.url, "quarantine", "dismiss", "") == ["1"]


def test_files_are_left_to_the_shell(complete: Complete) -> None:
    assert complete("import", "") == complete("unit", "load", "") == complete("balance", "--as-of", "") == []


def test_the_books_are_those_of_the_line_wherever_they_are_named(complete: Complete, more_books: Any) -> None:
    books = more_books()
    assert books("unit", "add", "ONLY", "--name", "Here", "--kind", "administration").code == 0
    for words in (
        ("--database", books.url, "balance", "--unit", "O"),
        ("balance", "--database", books.url, "--unit", "O"),
        ("unit", "end", f"--database={books.url}", "O"),
    ):
        assert complete(*words) == ["ONLY"], words
    assert complete("balance", "--unit", "O") == []


@pytest.mark.on_sqlite
@pytest.mark.parametrize("where", ["missing.db", "foreign.db", "other-version.db", "locked.db", "nowhere"])
def test_without_books_nothing_is_offered_said_or_created(complete: Complete, more_books: Any, where: str) -> None:
    books = more_books()
    file = books.folder / where
    held = None
    if where == "foreign.db":
        file.write_bytes(b"no database at all" * 100)
    elif where == "other-version.db":
        shutil.copy(books.file, file)
        Books(books.folder, file).sql("UPDATE alembic_version SET version_num = '9999'")
    elif where == "locked.db":
        shutil.copy(books.file, file)
        hold = (
            "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None); c.execute('BEGIN EXCLUSIVE');"
            " print('held', flush=True); sys.stdin.read()"
        )
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        held = subprocess.Popen([sys.executable, "-c", hold, str(file)], **pipes)
        assert held.stdout is not None
        assert held.stdout.readline() == "held\n"
    url = "postgresql+psycopg://nobody@127.0.0.1:1/nowhere" if where == "nowhere" else f"sqlite:///{file}"
    before = sorted(books.folder.iterdir())
    try:
        assert complete("--database", url, "balance", "--unit", "") == []
    finally:
        if held is not None:
            held.communicate("")
    assert sorted(books.folder.iterdir()) == before


def test_nothing_of_what_was_typed_is_ever_refused(complete: Complete) -> None:
    assert complete("--database", "", "balance", "--unit", "") == []
    assert complete("--database", "mysql://x", "balance", "--unit", "") == []
    assert complete("balance", "--nosuch", "1", "--unit", "B") == ["BUF"]
    assert "balance" in complete("nosuch", "")


@pytest.mark.parametrize("shell", ["zsh", "fish", "powershell", "pwsh"])
def test_other_shells_get_the_units_name_beside_the_code(
    everything: Books, monkeypatch: pytest.MonkeyPatch, shell: str
) -> None:
    hostile = "[red]`x` $(touch owned) \\$(touch owned) \"x\" 'y'"
    assert everything("unit", "add", "EVIL", "--name", hostile, "--kind", "administration").code == 0
    monkeypatch.setenv("KLIMATVAXLING_DATABASE_URL", everything.url)
    monkeypatch.setenv(VARIABLE, f"complete_{shell}")
    monkeypatch.setenv("_TYPER_COMPLETE_ARGS", "klimatvaxling balance --unit ")
    monkeypatch.setenv("_TYPER_COMPLETE_WORD_TO_COMPLETE", "")
    monkeypatch.setenv("_TYPER_COMPLETE_FISH_ACTION", "get-args")
    outcome = run()
    assert (outcome.code, outcome.err) == (0, "")
    lines = [line for line in outcome.out.splitlines() if "SBF" in line]
    assert len(lines) == 1
    assert "Samhällsbyggnadsförvaltningen" in lines[0]
    (evil,) = (line for line in outcome.out.splitlines() if "EVIL" in line)
    name = re.split(r"EVIL(?:\":\"|\t|:::)", evil)[1].partition('"')[0]
    assert "(red)" in name
    assert not re.search(r"[\\$`\"']", name), "nothing that the shell would carry out"


@pytest.mark.skipif(not shutil.which("bash"), reason="the protocol is tested above without the shell itself")
def test_bash_itself_completes(everything: Books, tmp_path: Path) -> None:
    program = tmp_path / "bin" / "klimatvaxling"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m klimatvaxling "$@"\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    script = (
        f'eval "$({VARIABLE}=source_bash klimatvaxling)"; COMP_WORDS=(klimatvaxling balance --unit S); COMP_CWORD=3;'
        ' _klimatvaxling_completion klimatvaxling; echo "${COMPREPLY[@]}"; complete -p klimatvaxling'
    )
    environment = os.environ | everything.environment | {
        "PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}", "KLIMATVAXLING_DATABASE_URL": everything.url,
    }  # fmt: skip
    ran = subprocess.run(["bash", "--norc", "-c", script], env=environment, capture_output=True, text=True, timeout=60)
    assert ran.stderr == ""
    offered, registered = ran.stdout.splitlines()
    assert offered == "SBF"
    assert registered.endswith("klimatvaxling")


def test_completion_is_installed_for_the_name_the_program_is_called_by(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("klimatvaxling", "kv"):
        monkeypatch.setattr(sys, "argv", [f"/usr/bin/{name}"])
        monkeypatch.setenv(f"_{name.upper()}_COMPLETE", "source_bash")
        assert f" {name}\n" in run().out
        monkeypatch.delenv(f"_{name.upper()}_COMPLETE")
