"""A large file is read in a process of its own: it changes how long an import takes, and nothing else."""

import signal
import subprocess
from pathlib import Path

import pytest

from conftest import Books, trip
from klimatvaxling.batches import ahead, reader

ROWS = [
    trip("a"),
    trip("b", unit="NIX"),
    trip("c", date="2025-02-30"),
    *(trip(f"d{number}", date="2025-02-02", unit="BUF") for number in range(1200)),
    trip("e", co2_fossil_kg="-3,5"),
]


@pytest.fixture
def in_another_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "WORTH_A_PROCESS_BYTES", 0)


def outcome(books: Books, *options: str) -> tuple[int, object, str]:
    found = books(
        "import", books.folder / "trips.csv", "--source", "standard", "--format", "json", "--dry-run", *options
    )
    return found.code, found.json, found.err


@pytest.mark.parametrize("options", [(), ("--accept-partial",), ("--accept-partial", "--expect-rows", "7")])
def test_the_result_is_the_same_wherever_the_file_is_read(
    books: Books, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]
) -> None:
    books.csv("trips.csv", ROWS)
    here = outcome(books, *options)
    monkeypatch.setattr(reader, "WORTH_A_PROCESS_BYTES", 0)
    assert outcome(books, *options) == here


@pytest.mark.usefixtures("in_another_process")
def test_what_is_posted_and_known_again_is_the_same_too(books: Books) -> None:
    good = [row for row in ROWS if row["trip_id"] not in ("b", "c")]
    assert books.take(*good)["rows_posted"] == len(good)
    books.sound()
    again = books.take(*good, trip("f"), name="again.csv")
    assert (again["rows_posted"], again["rows_already_imported"]) == (1, len(good))


@pytest.mark.usefixtures("in_another_process")
@pytest.mark.parametrize(
    ("content", "code"),
    [("trip_id;date;unit;colour\n", "KV-HEADER-MISSING"), ("", "KV-FILE-EMPTY"), ("a\0b", "KV-FILE-")],
)
def test_what_is_wrong_with_the_whole_file_is_said_as_ever(books: Books, content: str, code: str) -> None:
    file = Path(books.folder / "broken.csv")
    file.write_text(content, encoding="utf-8")
    found = books("import", file, "--source", "standard")
    assert (found.code, code in found.err) == (3, True)


@pytest.mark.usefixtures("in_another_process")
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no such signal here")
def test_a_reader_that_is_killed_leaves_nothing_posted(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    file = books.csv("trips.csv", [trip(number) for number in range(5000)])
    before = books.dump()
    started: list[subprocess.Popen[bytes]] = []

    class Watched(subprocess.Popen[bytes]):
        def __init__(self, *arguments: object, **options: object) -> None:
            super().__init__(*arguments, **options)  # type: ignore[call-overload]
            started.append(self)

    def killed(packed: tuple[object, bytes]) -> tuple[object, bytes]:
        started[0].kill()
        return packed

    monkeypatch.setattr(reader.subprocess, "Popen", Watched)
    real = ahead._unpacked
    monkeypatch.setattr(ahead, "_unpacked", lambda message, packed: real(*killed((message, packed))))  # type: ignore[arg-type]
    found = books("import", file, "--source", "standard")
    assert (found.code, "KV-UNEXPECTED" in found.err) == (1, True)
    assert books.dump() == before
