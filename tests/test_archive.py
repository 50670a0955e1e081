"""The archive of a year: read here with Python's own library alone, as somebody would in seven years."""

import csv
import hashlib
import io
import json
import shutil
import subprocess
import sys
import zipfile
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from coded_books import PLAN, load_plan
from conftest import STANDARD, Books, Shelf, do_everything, trip
from klimatvaxling.database.schema import metadata

Rewrite = Callable[[str], str]


@pytest.fixture(scope="module")
def kept(shelf: Shelf, engine: str) -> Books:
    """Two years, with a batch over the turn of the year, and cells that are awkward to write down. Exports only read."""
    shelf.once(engine, "everything", do_everything)
    return shelf.once(engine, "kept", go_on_over_the_turn_of_the_year, of="everything")


def go_on_over_the_turn_of_the_year(books: Books) -> None:
    rows = (
        trip("x", date="2025-12-30", note='half; "quoted"\nsecond line', cost_centre="1200"),
        trip("y", date="2026-01-02", note="=1+1"),
    )
    books.take(*rows, name="turn.csv")
    late = ("--booked-on", "2025-12-31")
    books.take(trip("x", date="2025-12-30", co2_fossil_kg="8"), name="amended.csv", options=["--amend", *late])
    undone = books.take(trip("z", date="2025-12-29"), name="undone.csv")
    books.json("batch", "undo", undone["batch"], "--reason", "wrong file", *late)
    load_plan(books)
    books.json("handover", "run", "--period", "2025-12", "--to", books.folder / "out")


@pytest.fixture(scope="module")
def unpacked(kept: Books) -> Path:
    """The archive of 2025, to copy."""
    return archive(kept)


def archive(books: Books, year: int = 2025) -> Path:
    """The archive, unpacked."""
    file, folder = books.folder / f"{year}.zip", books.folder / f"archive-{year}"
    outcome = books("export", "archive", "--year", year, "--output", file)
    assert outcome.code == 0, outcome.err
    with zipfile.ZipFile(file) as content:
        content.extractall(folder)
    return folder


def read_csv(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_bytes().decode("utf-8"), newline=""), delimiter=";"))


def read_json(path: Path) -> Any:
    return json.loads(path.read_bytes())


def verified(folder: Path) -> "subprocess.CompletedProcess[str]":
    """The program inside the archive, with no line of klimatvaxling and no other library."""
    command = [sys.executable, "-I", "-S", folder / "verify.py"]
    return subprocess.run(command, capture_output=True, encoding="utf-8", timeout=60)


@pytest.mark.parametrize("year", [2025, 2026])
def test_the_archive_verifies_itself_with_nothing_but_python(kept: Books, year: int) -> None:
    ran = verified(archive(kept, year))
    assert (ran.returncode, ran.stderr) == (0, "")
    ((count,),) = kept.sql("SELECT count(*) FROM voucher WHERE fiscal_year = ?", year)
    assert f" {count} " in ran.stdout
    assert kept.json("check")["head"] in ran.stdout


def resealed(folder: Path) -> None:
    """What somebody does who changes a file and its sum."""
    lines = [
        f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}"
        for name in (line.split("  ", 1)[1] for line in (folder / "SHA256SUMS").read_text().splitlines())
    ]
    (folder / "SHA256SUMS").write_text("\n".join(lines) + "\n")


TAMPERED: dict[str, tuple[str, Rewrite]] = {
    "an amount": ("tables/posting.json", lambda text: text.replace('"amount_ore": 1500', '"amount_ore": 1501', 1)),
    "two amounts": ("tables/posting.json", lambda text: text.replace("1500", "1600")),
    "a text": ("tables/voucher.json", lambda text: text.replace("trips.csv", "other.csv", 1)),
    "a booking date": ("tables/voucher.json", lambda text: text.replace("2025-03-31", "2025-03-30")),
    "a lot's date": ("tables/lot.json", lambda text: text.replace("2025-03-31", "2025-03-30")),
    "a category": ("tables/charge.json", lambda text: text.replace("own_car", "taxi")),
    "a file's hash": ("tables/batch.json", lambda text: text.replace('"file_sha256": "', '"file_sha256": "0')),
    "a rejected row": ("tables/quarantine.json", lambda text: text.replace("NIX", "SBF")),
    "a kept cell": ("trips/batch-00001.json", lambda text: text.replace('"co2_fossil_kg": "10"', '"co2_fossil_kg": "1"')),
    "a trip's grams": ("trips/batch-00001.json", lambda text: text.replace('"co2_g": 10000', '"co2_g": 10001')),
    "a page": ("pages/batch-00001-00001.txt", lambda text: text.replace("2025-01-10", "2025-01-09")),
    "a link": ("chain.json", lambda text: text.replace('"hash": "', '"hash": "0', 1)),
    "the head": ("book.json", lambda text: text.replace('"head": "', '"head": "0')),
    "a trip taken back": ("tables/trip_reversal.json", lambda text: text.replace('"sign": -1', '"sign": 1', 1)),
    "a decision": ("tables/grant_step.json", lambda text: text.replace("KS-2", "KS-3", 1)),
    "a focus area": ("tables/measure.json", lambda text: text.replace('"focus_area": "', '"focus_area": "x', 1)),
    "a policy less": ("tables/policy.json", lambda text: "[\n" + text.split(",\n", 1)[1]),
    "a policy more": ("tables/policy.json", lambda text: text.replace("[\n", '[\n{"id": 999, "name": "x"},\n', 1)),
    "a coding plan": ("coding-plans/1-2024-1.toml", lambda text: text + "# "),
    "a profile": ("profiles/standard-1.toml", lambda text: text + "# "),
    "an entry": ("tables/registration.json", lambda text: text.replace('"row_key": 1', '"row_key": 2', 1)),
    "an entry less": ("tables/registration.json", lambda text: text.rsplit(",\n", 1)[0] + "\n]\n"),
    "a voucher less": ("tables/voucher.json", lambda text: "[\n" + text.split(",\n", 1)[1]),
}  # fmt: skip


@pytest.mark.parametrize("changed", TAMPERED)
def test_what_is_changed_in_the_archive_is_found_even_if_the_sums_are_made_anew(
    unpacked: Path, tmp_path: Path, changed: str
) -> None:
    folder = Path(shutil.copytree(unpacked, tmp_path / "changed"))
    name, rewrite = TAMPERED[changed]
    path = folder / name
    content = path.read_bytes().decode("utf-8")
    assert rewrite(content) != content
    path.write_bytes(rewrite(content).encode())
    assert verified(folder).returncode == 1
    resealed(folder)
    ran = verified(folder)
    assert (ran.returncode, ran.stdout) == (1, "")


def test_every_file_has_its_sum_and_no_file_is_without(unpacked: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(unpacked, tmp_path / "copy"))
    listed = dict(line.split("  ", 1)[::-1] for line in (folder / "SHA256SUMS").read_text().splitlines())
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert found == {*listed, "SHA256SUMS"}
    assert all(hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest for name, digest in listed.items())
    (folder / "README.txt").write_bytes(b"x")
    assert "README.txt" in verified(folder).stderr


def test_every_table_is_there_twice_and_says_the_same(kept: Books) -> None:
    folder = archive(kept)
    tables = sorted(folder.rglob("*.csv"))
    assert {path.stem for path in tables if path.parent.name == "tables"} == set(metadata().tables) - {"trip"}
    for path in tables:
        rows = read_json(path.with_suffix(".json"))
        flat = [
            {key: value for key, value in row.items() if key not in ("cells", "lines")}
            | ({f"file:{name}": cell for name, cell in row["cells"].items()} if path.parent.name == "trips" else {})
            | ({"cells": row["cells"]} if path.stem == "quarantine" else {})
            for row in rows
        ]
        expected = [{key: "" if value is None else str(value) for key, value in row.items()} for row in flat]
        assert read_csv(path) == expected, path.name


def test_the_trips_have_every_kept_cell_as_it_was_read(kept: Books) -> None:
    folder = archive(kept)
    (batch,) = [row["id"] for row in read_json(folder / "tables" / "batch.json") if row["file_name"] == "turn.csv"]
    supplied = list(
        csv.DictReader(io.StringIO((kept.folder / "turn.csv").read_text("utf-8"), newline=""), delimiter=";")
    )
    for year in (2025, 2026):  # a batch over the turn of the year is whole in both
        trips = read_csv(archive(kept, year) / "trips" / f"batch-{batch:05d}.csv")
        assert [row["voucher"][:5] for row in trips] == ["A2025", "A2026"]
        for row, given in zip(trips, supplied, strict=True):
            cells = {name.removeprefix("file:"): cell for name, cell in row.items() if name.startswith("file:")}
            assert set(cells) <= set(STANDARD)
            assert {name: given[name].replace("\r\n", "\n") for name in given} == {name: cells[name] for name in given}
            assert (row["co2_g"], row["tier"], row["unit"]) == ("10000", "1", "SBF")


def test_the_years_vouchers_are_in_the_archive_and_no_others(kept: Books) -> None:
    for year in (2025, 2026):
        folder = archive(kept, year)
        lines = read_csv(folder / "journal.csv")
        sums: dict[str, int] = defaultdict(int)
        for line in lines:
            sums[line["voucher"]] += int(line["amount_ore"])
        assert set(sums) == {code for (code,) in kept.sql("SELECT code FROM voucher WHERE fiscal_year = ?", year)}
        assert set(sums.values()) == {0}
        assert [row["code"] for row in read_json(folder / "chain.json")] == [
            code for (code,) in kept.sql("SELECT code FROM voucher ORDER BY id")
        ]


def test_accounts_and_lots_go_on_from_one_year_to_the_next(kept: Books) -> None:
    first, second = (archive(kept, year) for year in (2025, 2026))
    for name, key in (("accounts", ("account", "unit")), ("lots", ("lot", "unit"))):
        before, after = (
            {tuple(row[part] for part in key): row for row in read_json(folder / f"{name}.json")}
            for folder in (first, second)
        )
        for row in (*before.values(), *after.values()):
            assert row["before_ore"] + row["change_ore"] == row["after_ore"]
        for place, row in before.items():
            if row["after_ore"]:
                assert after[place]["before_ore"] == row["after_ore"]
    ledger = kept.sql(
        "SELECT p.account, u.code, sum(p.amount_ore) FROM posting p LEFT JOIN unit u ON u.id = p.unit_id GROUP BY 1, 2"
    )
    assert {(row["account"], row["unit"], row["after_ore"]) for row in read_json(second / "accounts.json")} == set(
        ledger
    )


def test_policies_profiles_factors_and_grants_are_there_as_they_were_registered(kept: Books) -> None:
    folder = archive(kept)
    profiles = {(folder / "profiles" / "standard-1.toml").read_bytes().decode()}
    assert profiles == {content for (content,) in kept.sql("SELECT content FROM profile")}
    sets = {path.read_bytes().decode() for path in (folder / "factor-sets").iterdir()}
    assert sets == {content for (content,) in kept.sql("SELECT content FROM factor_set")}
    assert [path.read_bytes() for path in (folder / "coding-plans").iterdir()] == [PLAN.read_bytes()]
    handed_over = {path.name: path.read_bytes() for path in (folder / "handovers").iterdir()}
    assert handed_over == dict(kept.sql("SELECT name, content FROM handover_file"))
    assert handed_over
    (application,) = read_json(folder / "tables" / "application.json")
    assert application["title"] == "Solceller"
    assert [row["state"] for row in read_json(folder / "tables" / "grant_step.json")][-1] == "reported"
    assert {row["name"] for row in read_csv(folder / "tables" / "policy.csv")} >= {"rate", "require_second_person"}
    assert read_csv(folder / "tables" / "measure.csv")[0]["title"] == "Lådcyklar"


def test_the_same_books_give_the_same_bytes_in_either_language(kept: Books) -> None:
    made = set()
    for language in ("sv", "en", "sv"):
        outcome = kept("export", "archive", "--year", "2025", "--output", kept.folder / "a.zip", "--language", language)
        assert outcome.code == 0, outcome.err
        made.add((kept.folder / "a.zip").read_bytes())
    assert len(made) == 1


def test_the_readme_explains_every_file_in_swedish(kept: Books) -> None:
    folder = archive(kept)
    readme = (folder / "README.txt").read_bytes().decode("utf-8")
    for path in folder.iterdir():
        assert path.name == "README.txt" or path.stem in readme, path.name
    assert "python verify.py" in readme
    assert "sju år" in readme
    for account in {row["account"] for row in read_json(folder / "accounts.json")}:
        assert account in readme


def test_the_archives_own_sum_is_told(kept: Books) -> None:
    path = kept.folder / "a.zip"
    found = kept.json("export", "archive", "--year", "2025", "--output", path)
    assert found["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert found["head"] == kept.json("check")["head"]


def test_a_year_without_vouchers_is_no_archive(kept: Books) -> None:
    outcome = kept("export", "archive", "--year", "2019", "--output", kept.folder / "none.zip")
    assert (outcome.code, "KV-ARCHIVE-EMPTY" in outcome.err) == (3, True)
    assert not list(kept.folder.glob("*none*"))
