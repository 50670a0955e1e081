"""Files that leave the program: whole or not at all, for their owner only, never over the books."""

import stat
import zipfile
from pathlib import Path

import pytest

from conftest import Books
from klimatvaxling.files import FileUnwritable, made_folder, opened_entry, put, whole_file, write_whole


def test_a_file_is_written_whole_and_is_its_owners_only(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("the old one")
    path.chmod(0o644)
    write_whole(path, b"the new one")
    assert path.read_bytes() == b"the new one"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_is_broken_off_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("the old one")

    def break_off() -> None:
        with whole_file(path) as file:
            file.write(b"half of")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        break_off()
    assert path.read_text() == "the old one"
    assert list(tmp_path.iterdir()) == [path]


def test_only_an_ordinary_file_is_replaced(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    for path in (folder, Path("/dev/null"), tmp_path / "missing" / "a.txt"):
        with pytest.raises(FileUnwritable):
            write_whole(path, b"x")
    assert folder.is_dir()
    assert list(tmp_path.iterdir()) == [folder]


def test_a_link_stays_a_link_and_its_file_is_written(tmp_path: Path) -> None:
    target, link = tmp_path / "target.txt", tmp_path / "link.txt"
    target.write_text("old")
    link.symlink_to(target)
    write_whole(link, b"new")
    assert link.is_symlink()
    assert target.read_text() == "new"


def test_a_folder_that_cannot_be_made_is_told_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(FileUnwritable):
        made_folder(tmp_path / "file" / "folder")
    assert made_folder(tmp_path / "a" / "b").is_dir()


def test_an_archive_says_nothing_of_when_it_was_made(tmp_path: Path) -> None:
    made = []
    for name in ("first.zip", "second.zip"):
        with whole_file(tmp_path / name) as file, zipfile.ZipFile(file, "w") as archive:
            put(archive, "whole.txt", b"x" * 1000)
            with opened_entry(archive, "in-pieces.txt") as entry:
                entry.write(b"a")
                entry.write(b"b")
        made.append((tmp_path / name).read_bytes())
    assert made[0] == made[1]
    with zipfile.ZipFile(tmp_path / "first.zip") as archive:
        assert archive.read("in-pieces.txt") == b"ab"
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


@pytest.mark.on_sqlite
@pytest.mark.parametrize(
    "command",
    ["export journal --syntax hledger --output", "export archive --year 2025 --output",
     "export unit-file --unit SBF --output"],
)  # fmt: skip
def test_nothing_is_written_over_the_books(everything: Books, command: str) -> None:
    before = everything.file.read_bytes()
    link = everything.folder / "link.db"
    link.symlink_to(everything.file)
    for path in (everything.file, link, everything.folder / ".." / everything.folder.name / everything.file.name):
        outcome = everything(*command.split(), path)
        assert outcome.code == 2
        assert "KV-OUTPUT-BOOKS" in outcome.err
    assert everything.file.read_bytes() == before


@pytest.mark.parametrize(
    "command",
    ["export journal --syntax beancount --output", "export archive --year 2025 --output",
     "export unit-file --unit SBF --output"],
)  # fmt: skip
def test_an_export_only_reads_and_says_in_words_when_it_cannot_write(everything: Books, command: str) -> None:
    before = everything.dump()
    assert everything(*command.split(), everything.folder / "out").code == 0
    outcome = everything(*command.split(), everything.folder / "missing" / "out")
    assert (outcome.code, "KV-FILE-WRITE" in outcome.err) == (4, True)
    assert everything.dump() == before
