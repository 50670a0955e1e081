"""Every source that ships: its profile holds, its sample file is read as it always was.

A change that is meant shows as a difference in tests/golden; write it anew with KLIMATVAXLING_GOLDEN=write.
"""

import json
import os
from pathlib import Path

import pytest

from conftest import Books
from klimatvaxling.travel.file import open_travel_file
from klimatvaxling.travel.profile_file import parse_profile
from klimatvaxling.travel.rows import TravelRows
from klimatvaxling.travel.standard import COLUMNS

ROOT = Path(__file__).parent.parent
GOLDEN = Path(__file__).parent / "golden"
SOURCES = sorted(path.parent.name for path in (ROOT / "imports").glob("*/profile.toml"))


def sample_of(source: str) -> Path:
    """The one sample file of a source, CSV or XLSX."""
    (sample,) = (ROOT / "imports" / source).glob("exempel.*")
    return sample


def as_understood(source: str) -> dict[str, object]:
    """What a source's sample becomes: rows in standard columns without empty cells, and what lies outside."""
    profile = parse_profile(source, (ROOT / "imports" / source / "profile.toml").read_text(encoding="utf-8"))
    with open_travel_file(
        sample_of(source), sheet=profile.sheet, delimiter=profile.delimiter, encoding=profile.encoding
    ) as file:
        reading = TravelRows(file, profile)
        rows = [
            {"row": number, **{column: cell for column, cell in zip(COLUMNS, cells, strict=True) if cell}}
            for chunk in reading
            for number, cells in zip(chunk.numbers, zip(*chunk.columns, strict=True), strict=True)
        ]
    return {
        "kept_columns": [profile.spelling[name] for name in profile.kept_columns],
        "rows_read": reading.rows_read,
        "outside": reading.outside,
        "rows": rows,
    }


def test_every_folder_of_imports_is_a_source_with_a_sample() -> None:
    folders = sorted(path.name for path in (ROOT / "imports").iterdir() if path.is_dir())
    assert folders == SOURCES
    assert all(sample_of(source).is_file() for source in SOURCES)


@pytest.mark.parametrize("source", SOURCES)
def test_a_sample_becomes_what_it_always_became(source: str) -> None:
    golden = GOLDEN / f"source_{source}.json"
    found = json.dumps(as_understood(source), ensure_ascii=False, indent=1) + "\n"
    if os.environ.get("KLIMATVAXLING_GOLDEN") == "write":
        golden.write_text(found, encoding="utf-8", newline="\n")
    assert found == golden.read_text(encoding="utf-8")


def load_the_made_up_city(books: Books) -> None:
    assert books("unit", "load", ROOT / "demo" / "enheter.csv").code == 0
    assert books("vehicle", "load", ROOT / "demo" / "fordon.csv").code == 0


@pytest.mark.parametrize("source", SOURCES)
def test_a_sample_can_be_imported_with_the_units_and_vehicles_of_the_made_up_city(
    source: str, fresh_books: Books
) -> None:
    load_the_made_up_city(fresh_books)
    result = fresh_books.json("import", sample_of(source), "--source", source)
    assert result["rows_posted"] > 0
    assert result["rows_rejected"] == 0
    fresh_books.sound()


@pytest.mark.parametrize("source", sorted({*SOURCES} - {"standard"}))
def test_neither_names_nor_employee_numbers_of_a_sample_reach_the_books(source: str, fresh_books: Books) -> None:
    load_the_made_up_city(fresh_books)
    fresh_books.json("import", sample_of(source), "--source", source)
    stored = fresh_books.told()
    travellers = ("Testsson", "Exempelsson", "Provsson", "Demosson", "90017", "90021", "Hemvägen")
    assert not [name for name in travellers if name in stored]
