"""The demonstration: run as a user runs it, and its result computed a second time by other means."""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import exempelstad
from conftest import Books
from klimatvaxling.emissions.factor_file import shipped_sets
from klimatvaxling.ledger.check import CHECKS
from klimatvaxling.typed import canonical

ROOT = Path(__file__).parent.parent
pytestmark = pytest.mark.skipif(shutil.which("sh") is None, reason="the demonstration is a shell script")


@pytest.fixture(scope="session")
def demonstration(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> tuple[Books, str]:
    """The books that demo/run.sh makes, and all it printed. It runs once, by the worker that comes first."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "demonstration"
    printed, outcome = folder / "printed.txt", folder / "outcome.txt"
    try:
        folder.mkdir()
    except FileExistsError:
        patience = time.monotonic() + 300
        while not outcome.exists() and time.monotonic() < patience:
            time.sleep(0.1)
    else:
        shutil.copytree(ROOT / "demo", folder / "demo")
        shutil.copytree(ROOT / "imports", folder / "imports")
        with printed.open("w", encoding="utf-8") as output:
            ran = run_demo(folder, f'exec "{sys.executable}" -m klimatvaxling "$@"', output, subprocess.STDOUT)
        outcome.write_text(str(ran.returncode), encoding="utf-8")
    everything = printed.read_text(encoding="utf-8")
    assert outcome.read_text(encoding="utf-8") == "0", everything
    return Books(folder, folder / ".demo" / "exempelstad.db"), everything


def run_demo(folder: Path, program: str, output: Any, errors: int) -> "subprocess.CompletedProcess[str]":
    """demo/run.sh below `folder`, with a `klimatvaxling` on the PATH that does what `program` says."""
    shim = folder / "bin" / "klimatvaxling"
    shim.parent.mkdir()
    shim.write_text(f"#!/bin/sh\n{program}\n", encoding="utf-8")
    shim.chmod(0o755)
    environment = os.environ | {
        "PATH": f"{shim.parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join(sys.path),
        "COLUMNS": "80",
    }
    command = ["sh", "demo/run.sh"]
    return subprocess.run(
        command, cwd=folder, env=environment, stdout=output, stderr=errors, encoding="utf-8", timeout=300
    )


def test_every_unit_is_charged_what_a_second_computation_says(demonstration: tuple[Books, str]) -> None:
    books, _ = demonstration
    expected = exempelstad.charges()
    found = books.json("balance", "--as-of", "2025-12-31")
    keys = ("co2_g", "charged_ore", "due_within_90_days_ore")
    assert {unit["unit"]: {key: unit[key] for key in keys} for unit in found["units"]} == expected
    assert all(unit["own_funds_ore"] == unit["charged_ore"] for unit in found["units"])
    assert found["total"]["charged_ore"] == sum(unit["charged_ore"] for unit in expected.values())


def test_every_file_of_every_month_is_one_batch_and_no_row_is_dropped(demonstration: tuple[Books, str]) -> None:
    books, _ = demonstration
    everything = books.json("batch", "list")["batches"]
    batches = [batch for batch in everything if not batch["file"].startswith("exempel")]
    assert sorted(batch["file"] for batch in batches) == [path.name for path in exempelstad.FILES]
    assert len(exempelstad.FILES) == 18 * 3
    for batch in batches:
        assert batch["rows_read"] == batch["rows_posted"] + batch["rows_outside_scheme"]
        assert 15 <= batch["rows_read"] <= 60
    # The other sources' samples; the vehicles of the journal and the pool are charged by the fuel cards.
    others = [batch["source"] for batch in everything if batch["file"].startswith("exempel")]
    assert others == ["tankkort", "hyrbil", "taxi", "resebyra_delresor"]
    assert demonstration[1].count("fordonet avgiftsbeläggs genom tankkort") == 2


def test_the_books_of_the_demonstration_pass_every_check(demonstration: tuple[Books, str]) -> None:
    demonstration[0].sound()


def test_the_faulty_file_is_refused_and_its_rows_come_back_in_a_workbook(demonstration: tuple[Books, str]) -> None:
    books, printed = demonstration
    assert (books.folder / ".demo" / "2025-12-taxi.rejected.xlsx").is_file()
    codes = ("UNIT-UNKNOWN", "TRIP-DATE", "CATEGORY-UNKNOWN", "CELL-NUMBER", "NO-EVIDENCE", "PLACE-QUESTIONED")
    assert [code for code in codes if f"[KV-{code}]" not in printed] == []


def test_every_command_is_shown_before_it_runs_and_a_failing_one_stops_the_demonstration(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "demo", tmp_path / "demo")
    ran = run_demo(tmp_path, 'test "$1" = init || exit 4', subprocess.PIPE, subprocess.PIPE)
    assert ran.returncode == 1
    assert ran.stdout.rstrip().endswith("$ klimatvaxling unit load demo/enheter.csv")
    assert "returkod 4" in ran.stderr


def test_everything_in_the_demonstration_says_that_it_is_made_up() -> None:
    with (ROOT / "demo" / "enheter.csv").open(encoding="utf-8", newline="") as file:
        companies = [unit["name"] for unit in csv.DictReader(file, delimiter=";") if unit["kind"] == "company"]
    assert len(companies) == 3
    assert all("påhittat" in name for name in companies)
    for path in exempelstad.FILES:
        if path.suffix == ".csv":
            assert "påhittad" in exempelstad.decoded(path.read_bytes()).casefold(), path.name


# What the documentation says is run, too.


def test_an_auditor_finds_the_same_chain_with_the_program_in_the_documentation(
    demonstration: tuple[Books, str], tmp_path: Path
) -> None:
    books, _ = demonstration
    (program,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "chain.md").read_text(encoding="utf-8"), re.DOTALL)
    script = tmp_path / "recompute.py"
    script.write_text(program, encoding="utf-8")
    # Isolated, with Python's own library only: no line of klimatvaxling is needed.
    command = [sys.executable, "-I", "-S", script, books.file]
    ran = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=60)
    assert (ran.returncode, ran.stderr) == (0, "")
    found = json.loads(books("check", "--format", "json").out)
    assert ran.stdout.split() == [str(found["vouchers"]), found["head"]]
    tampered = tmp_path / "tampered.db"
    shutil.copy(books.file, tampered)
    changed = Books(tmp_path, tampered)
    changed.without_triggers()
    changed.sql("UPDATE posting SET amount_ore = amount_ore + 1 WHERE id = 7")
    ran = subprocess.run([*command[:-1], tampered], capture_output=True, encoding="utf-8", timeout=60)
    assert ran.returncode == 1


def test_every_check_is_documented_by_name() -> None:
    documented = re.findall(r"^## `(\w+)`", (ROOT / "docs" / "checks.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert documented == [*(check.__name__ for check in CHECKS), "chain_includes_head"]


def test_every_shipped_figure_is_documented() -> None:
    documented = (ROOT / "docs" / "factors.md").read_text(encoding="utf-8")
    for factor_set in shipped_sets():
        for factor in factor_set.factors:
            assert f"| `{factor.key}` | {canonical(factor.g_per_unit)} | {factor.unit} |" in documented
            assert factor.confidence in documented


def test_every_key_of_a_profile_is_documented() -> None:
    source = (ROOT / "src" / "klimatvaxling" / "travel" / "profile_file.py").read_text(encoding="utf-8")
    allowed = re.findall(r"(?:self\.only\([^{]*|allowed = )\{([^}]*)\}", source)
    keys = {key for names in allowed for key in re.findall(r'"(\w+)"', names)}
    documented = (ROOT / "docs" / "sources.md").read_text(encoding="utf-8")
    assert len(keys) > 25
    written = re.findall(r"`\[{0,2}(\w+)\]{0,2}`", documented)
    assert sorted(keys - set(written)) == []


def test_the_report_in_the_readme_is_what_the_program_prints(
    demonstration: tuple[Books, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KLIMATVAXLING_LANGUAGE", "sv")
    monkeypatch.setenv("COLUMNS", "100")
    printed = demonstration[0]("balance", "--as-of", "2025-12-31").out
    report = "\n".join(line.rstrip() for line in printed.splitlines()).strip()
    # Every voucher has a nonce of its own, so that each chain ends otherwise.
    report = re.sub(r"\b[0-9a-f]{12}\b", "0123456789ab", report)
    assert f"$ klimatvaxling balance --as-of 2025-12-31\n{report}\n```" in (ROOT / "README.md").read_text(
        encoding="utf-8"
    )
