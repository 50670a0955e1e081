"""Backup and restore: a copy counts once it is verified, and nothing is overwritten by accident."""

import contextlib
import shutil
import sqlite3
import stat
import threading
from pathlib import Path

import pytest
from freezegun import freeze_time

from conftest import Books, run, trip
from klimatvaxling.database import copy as copying

pytestmark = pytest.mark.on_sqlite


@pytest.fixture
def year(books: Books) -> Books:
    books.take(trip("a"), trip("b", unit="ELN"))
    return books


def at(file: Path) -> Books:
    return Books(file.parent, file)


def refused(books: Books, *command: object) -> str:
    outcome = books(*command)
    assert outcome.code in (2, 4), outcome.err
    return outcome.err.partition(":")[0]


def left_over(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name.endswith((".part", "-journal", "-wal")))


def test_a_backup_is_the_books_with_the_same_head(year: Books) -> None:
    file = year.folder / "backup.db"
    made = year.json("backup", file)
    checked = year.json("check")
    assert (made["head"], made["vouchers"]) == (checked["head"], checked["vouchers"])
    assert at(file).dump() == year.dump()
    assert at(file).json("balance") == year.json("balance")
    assert left_over(year.folder) == []


def test_a_backup_is_readable_by_its_owner_only(year: Books) -> None:
    year.json("backup", year.folder / "backup.db")
    assert stat.S_IMODE((year.folder / "backup.db").stat().st_mode) == 0o600


def test_a_backup_never_overwrites_anything(year: Books) -> None:
    file = year.text("backup.db", "something of mine")
    before = file.read_bytes()
    assert refused(year, "backup", file) == "KV-BACKUP-EXISTS"
    assert refused(year, "backup", year.file) == "KV-BACKUP-EXISTS"
    year.text("new.db-journal", "left by another database of that name")
    assert refused(year, "backup", year.folder / "new.db") == "KV-BACKUP-EXISTS"
    assert file.read_bytes() == before


def test_a_name_that_is_taken_meanwhile_is_not_overwritten(year: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    file = year.folder / "backup.db"
    place = copying.put_in_place

    def taken_first(copy: Path, path: Path) -> None:
        file.write_text("something of mine")
        place(copy, path)

    monkeypatch.setattr("klimatvaxling.backups.backup.put_in_place", taken_first)
    assert refused(year, "backup", file) == "KV-BACKUP-EXISTS"
    assert file.read_text() == "something of mine"
    assert left_over(year.folder) == []


def test_a_disk_without_links_takes_a_backup_too(year: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_links(*_: object) -> None:
        raise PermissionError(1, "not permitted")

    monkeypatch.setattr("os.link", no_links)
    file = year.folder / "backup.db"
    year.json("backup", file)
    at(file).sound()
    assert refused(year, "backup", file) == "KV-BACKUP-EXISTS"
    assert year("restore", file, "--replace").code == 0
    year.sound()


def test_books_that_fail_a_check_make_no_backup(year: Books) -> None:
    year.without_triggers()
    year.sql("UPDATE posting SET amount_ore = amount_ore + 1 WHERE id = 1")
    file = year.folder / "backup.db"
    assert refused(year, "backup", file) == "KV-BACKUP-UNSOUND"
    assert not file.exists()
    assert left_over(year.folder) == []


def test_a_folder_that_is_not_there_is_named(year: Books) -> None:
    outcome = year("backup", year.folder / "nowhere" / "backup.db")
    assert outcome.code == 4
    assert "nowhere" in outcome.err


def test_missing_books_make_no_backup(tmp_path: Path) -> None:
    assert refused(at(tmp_path / "none.db"), "backup", tmp_path / "b.db") == "KV-DATABASE-MISSING"
    assert list(tmp_path.iterdir()) == []


def test_a_backup_taken_while_others_write_is_of_one_moment(year: Books) -> None:
    """Somebody posts all the time; every backup passes every check."""
    files = [year.csv(f"t{number}.csv", [trip(f"{number}-{row}") for row in range(20)]) for number in range(5)]
    writer = threading.Thread(target=lambda: [year.apart("import", file, "--source", "standard") for file in files])
    writer.start()
    try:
        for number in range(2):
            year.json("backup", file := year.folder / f"backup-{number}.db")
            at(file).sound()
    finally:
        writer.join()
    assert year.json("check")["vouchers"] == 7


def test_a_writer_that_never_ends_is_not_waited_for_forever(year: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KLIMATVAXLING_LOCK_SECONDS", "1")
    with contextlib.closing(sqlite3.connect(year.file, isolation_level=None)) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        assert refused(year, "backup", year.folder / "b.db") == "KV-DATABASE-BUSY"


def test_a_server_is_backed_up_by_its_own_tools() -> None:
    for command in ("backup", "restore"):
        outcome = run("--database", "postgresql+psycopg://u:secret@localhost/kv", command, "b.db")
        assert (outcome.code, "KV-BACKUP-SERVER" in outcome.err) == (2, True)
        assert "pg_dump" in outcome.err
        assert "pg_restore" in outcome.err
        assert "secret" not in outcome.err


# The way back


def test_a_backup_is_restored_where_there_are_no_books(year: Books) -> None:
    year.json("backup", file := year.folder / "backup.db")
    elsewhere = at(year.folder / "new" / "books.db")
    made = elsewhere.json("restore", file)
    assert made["head"] == year.json("check")["head"]
    assert made["kept"] is None
    assert elsewhere.dump() == year.dump()
    assert stat.S_IMODE(elsewhere.file.stat().st_mode) == 0o600
    elsewhere.sound()


def test_a_database_is_not_overwritten_unless_told(year: Books) -> None:
    year.json("backup", file := year.folder / "backup.db")
    year.take(trip("later"), name="later.csv")
    before = year.dump()
    assert refused(year, "restore", file) == "KV-RESTORE-EXISTS"
    assert year.dump() == before


def test_a_database_that_is_replaced_is_kept_beside_the_new_one(year: Books) -> None:
    year.json("backup", file := year.folder / "backup.db")
    then = year.dump()
    year.take(trip("later"), name="later.csv")
    later = year.dump()
    with freeze_time("2026-01-02 03:04:05"):
        made = year.json("restore", file, "--replace")
    kept = year.folder / "books.before-restore-20260102T030405Z.db"
    assert made["kept"] == str(kept)
    assert year.dump() == then
    assert at(kept).dump() == later
    at(kept).sound()
    assert left_over(year.folder) == []
    with freeze_time("2026-01-02 03:04:05"):
        assert year.json("restore", file, "--replace")["kept"].endswith("20260102T030405Z-2.db")


def test_damaged_books_are_replaced_and_kept(year: Books) -> None:
    year.json("backup", file := year.folder / "backup.db")
    year.file.write_bytes(b"rubbish" * 1000)
    made = year.json("restore", file, "--replace")
    year.sound()
    assert Path(made["kept"]).read_bytes() == b"rubbish" * 1000
    assert left_over(year.folder) == []


def test_what_belongs_to_the_old_file_goes_with_it(year: Books) -> None:
    """Books in another journal mode have files beside them, which would be taken for the new one's."""
    year.json("backup", file := year.folder / "backup.db")
    year.sql("PRAGMA journal_mode = WAL")
    year.file.with_name("books.db-wal").write_bytes(b"left by a crash")
    year.file.write_bytes(b"rubbish" * 1000)
    made = year.json("restore", file, "--replace")
    year.sound()
    assert not year.file.with_name("books.db-wal").exists()
    assert Path(made["kept"]).read_bytes() == b"rubbish" * 1000


def test_what_a_crash_left_half_written_does_not_meet_the_new_file(year: Books) -> None:
    """A hot journal beside the old database would be played back into the restored one."""
    year.json("backup", file := year.folder / "backup.db")
    journal = year.file.with_name("books.db-journal")
    crashed = sqlite3.connect(year.file, isolation_level=None)
    crashed.execute("PRAGMA cache_size = 1")
    crashed.execute("BEGIN IMMEDIATE")
    crashed.execute("CREATE TABLE x (y)")
    crashed.executemany("INSERT INTO x VALUES (?)", [("z" * 2000,) for _ in range(500)])
    saved = (shutil.copy(year.file, year.folder / "f"), shutil.copy(journal, year.folder / "j"))
    crashed.close()
    shutil.copy(saved[0], year.file)
    shutil.copy(saved[1], journal)
    assert year("restore", file, "--replace").code == 0
    assert at(file).dump() == year.dump()
    year.sound()


def test_a_journal_left_by_books_that_are_gone_does_not_meet_the_new_file(year: Books) -> None:
    year.json("backup", file := year.folder / "backup.db")
    journal = year.file.with_name("books.db-journal")
    crashed = sqlite3.connect(year.file, isolation_level=None)
    crashed.execute("PRAGMA cache_size = 1")
    crashed.execute("BEGIN IMMEDIATE")
    crashed.execute("CREATE TABLE x (y)")
    crashed.executemany("INSERT INTO x VALUES (?)", [("z" * 2000,) for _ in range(500)])
    saved = shutil.copy(journal, year.folder / "j")
    crashed.close()
    shutil.copy(saved, journal)
    year.file.unlink()
    assert year("restore", file).code == 0
    assert not journal.exists()
    assert at(file).dump() == year.dump()
    year.sound()


def test_a_folder_is_not_taken_for_books(year: Books) -> None:
    year.json("backup", file := year.folder / "backup.db")
    (year.folder / "folder.db").mkdir()
    assert refused(at(year.folder / "folder.db"), "restore", file, "--replace") == "KV-RESTORE-EXISTS"
    assert (year.folder / "folder.db").is_dir()


def test_books_in_use_are_not_replaced(year: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("klimatvaxling.backups.backup._PATIENCE_S", 0.1)
    year.json("backup", file := year.folder / "backup.db")
    with contextlib.closing(sqlite3.connect(year.file, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        assert refused(year, "restore", file, "--replace") == "KV-DATABASE-BUSY"
    year.sound()
    assert not list(year.folder.glob("*before-restore*"))


@pytest.mark.parametrize("content", [b"", b"rubbish" * 1000])
def test_what_is_no_backup_is_not_restored(year: Books, content: bytes) -> None:
    file = year.folder / "backup.db"
    file.write_bytes(content)
    before = year.dump()
    assert refused(year, "restore", file, "--replace") == "KV-DATABASE-FOREIGN"
    assert year.dump() == before


def test_a_backup_that_was_tampered_with_is_not_restored(year: Books) -> None:
    year.json("backup", file := year.folder / "backup.db")
    at(file).without_triggers()
    at(file).sql("UPDATE voucher SET description = 'x' WHERE id = 1")
    before = year.dump()
    assert refused(year, "restore", file, "--replace") == "KV-BACKUP-UNSOUND"
    assert year.dump() == before


def test_a_damaged_backup_is_not_restored(year: Books) -> None:
    year.json("backup", file := year.folder / "backup.db")
    content = bytearray(file.read_bytes())
    for page in range(20, len(content) // 4096):
        content[page * 4096 : page * 4096 + 200] = b"\xff" * 200
    file.write_bytes(content)
    before = year.dump()
    assert year("restore", file, "--replace").code == 4
    assert year.dump() == before


def test_a_backup_of_another_version_is_named_and_left(year: Books) -> None:
    year.json("backup", file := year.folder / "backup.db")
    at(file).sql("UPDATE alembic_version SET version_num = '9999'")
    outcome = year("restore", file, "--replace")
    assert (outcome.code, "KV-DATABASE-VERSION" in outcome.err, "backup.db" in outcome.err) == (4, True, True)


def test_books_are_not_restored_from_themselves_nor_from_nothing(year: Books) -> None:
    assert refused(year, "restore", year.file, "--replace") == "KV-RESTORE-EXISTS"
    assert refused(year, "restore", year.folder / "none.db", "--replace") == "KV-DATABASE-MISSING"
    year.sound()
