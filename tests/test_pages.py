"""The pages for users are true: every command on them is run, and shows what the page says.

KLIMATVAXLING_GOLDEN=write writes what the program shows into the pages instead, to be read before it is kept.
"""

import os
import re
from pathlib import Path

import pytest

from conftest import Books
from klimatvaxling.terminal.surroundings import Surroundings
from pages import COLUMNS, EXAMPLES, FOLDER, GENERATED, PAGES, Run

ROOT = Path(__file__).parent.parent
YEAR = "ett-ar-pa-ekonomikontoret.md"


@pytest.fixture(autouse=True)
def _reader(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Somebody at the finance office reads the page in Swedish, with books of their own."""
    monkeypatch.setenv("KLIMATVAXLING_LANGUAGE", "sv")
    monkeypatch.setenv("KLIMATVAXLING_DATABASE_URL", "sqlite:///vaxling.db")
    monkeypatch.setenv("KLIMATVAXLING_IMPORTS", str(tmp_path / "page" / "imports"))
    monkeypatch.setenv("COLUMNS", COLUMNS)
    monkeypatch.setattr(Surroundings, "user", "anna")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_command_of_a_page_shows_what_the_page_says(page: Path, tmp_path: Path) -> None:
    run = Run(page, tmp_path / "page")
    found = run.through()
    if os.environ.get("KLIMATVAXLING_GOLDEN") == "write":
        page.write_text(found, encoding="utf-8")
    assert found == page.read_text(encoding="utf-8")
    if run.commands:
        Books(run.folder, run.folder / "vaxling.db").sound()


def test_the_year_at_the_finance_office_has_every_step_of_a_year() -> None:
    text = (FOLDER / YEAR).read_text(encoding="utf-8")
    done = set(re.findall(r"^\$ klimatvaxling ((?:[a-z-]+ ?)+)", text, re.MULTILINE))
    steps = (
        "init", "unit load", "opening load", "import", "balance", "measure add", "period close", "sweep",
        "fund appropriate", "grant apply", "grant approve", "grant pay", "grant report", "handover run",
        "report closing", "export climate-report", "export archive", "backup", "check",
    )  # fmt: skip
    assert [step for step in steps if not any(f"{each} ".startswith(f"{step} ") for each in done)] == []
    assert "--amend" in text
    assert ".rejected.xlsx" in text


def test_no_command_on_a_page_is_left_untried() -> None:
    for page in PAGES:
        if page.stem == "delade-bocker":  # needs a server, and logins on it: what it says is shown in test_access.py
            continue
        text = re.sub(
            r"^```console\n.*?^```$|^<!-- bakgrund.*?^-->$",
            "",
            page.read_text(encoding="utf-8"),
            flags=re.MULTILINE | re.DOTALL,
        )
        assert not re.findall(r"^\s*(?:\$ )?(?:klimatvaxling|kv) .*", text, re.MULTILINE), page.name


def test_every_page_is_found_from_the_first_one_and_every_link_leads_somewhere() -> None:
    listed = set(re.findall(r"\]\((\w[\w-]*\.md)\)", (FOLDER / "index.md").read_text(encoding="utf-8")))
    assert {*(page.name for page in PAGES), *GENERATED} - listed == {"index.md"}
    for page in [*(ROOT / "docs").rglob("*.md"), ROOT / "README.md"]:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_everything_in_the_examples_says_that_it_is_made_up() -> None:
    assert "påhittad" in (FOLDER / "index.md").read_text(encoding="utf-8")
    for file in EXAMPLES.rglob("*milersattning.csv"):
        assert "påhittad" in file.read_text(encoding="utf-8")
