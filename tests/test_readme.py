"""The commands in the README's first month work, in order, on the files that come with the program."""

import contextlib
import re
import shlex
import shutil
from pathlib import Path

import pytest
from freezegun import freeze_time

from conftest import Books, run

ROOT = Path(__file__).parent.parent


def first_month() -> list[str]:
    """The commands of the section, in order."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    section = text.partition("## Den första månaden")[2].partition("\n## ")[0]
    return re.findall(r"^ {7,8}(klimatvaxling .+)$", section, re.MULTILINE)


@freeze_time("2024-08-12 09:00:00")
def test_the_first_month_of_the_readme_works_as_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(ROOT / "demo", tmp_path / "demo")
    monkeypatch.setenv("KLIMATVAXLING_DATABASE_URL", "sqlite:///vaxling.db")
    monkeypatch.setenv("KLIMATVAXLING_LANGUAGE", "sv")
    commands = first_month()
    assert len(commands) > 12
    with contextlib.chdir(tmp_path):
        for command in commands:
            outcome = run(*shlex.split(command, comments=True)[1:])
            assert outcome.code == 0, f"{command}: {outcome.err}"
    Books(tmp_path, tmp_path / "vaxling.db").sound()
