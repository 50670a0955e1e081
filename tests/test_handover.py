"""The handover: every voucher leaves exactly once, on record, whatever breaks off."""

import hashlib
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

import sie_reader
from coded_books import do, load_plan
from conftest import Books, trip
from klimatvaxling.files import FileUnwritable
from klimatvaxling.handovers import output_file, register


@pytest.fixture
def coded(books: Books) -> Books:
    load_plan(books)
    return books


def run(books: Books, period: str, *options: object) -> dict:
    return dict(books.json("handover", "run", "--period", period, "--to", books.folder / "out", *options))


def files(books: Books) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((books.folder / "out").iterdir())}


def handed_over(books: Books) -> list[str]:
    """The vouchers that stand in the SIE files, in every file."""
    return [
        code
        for name, content in files(books).items()
        if name.endswith(".si")
        for code in sie_reader.read(content).codes
    ]


def all_of(books: Books, series: str) -> list[str]:
    return [code for (code,) in books.sql("SELECT code FROM voucher WHERE series = ? ORDER BY id", series)]


def test_every_voucher_leaves_exactly_once(eventful: Books) -> None:
    coded = eventful
    load_plan(coded)
    parts = [run(coded, period) for period in ("2024-03", "2024-12", "2025-04", "2025-12")]
    assert sorted(handed_over(coded)) == sorted(all_of(coded, "A"))
    left = [code for part in parts for code in part["vouchers"]]
    assert sorted(left) == sorted([*all_of(coded, "A"), *all_of(coded, "B")])
    assert [part["handover"] for part in parts] == [1, 2, 3, None]
    assert run(coded, "2025-12")["vouchers"] == []
    coded.sound()


def test_the_record_has_the_hash_of_every_file(coded: Books) -> None:
    coded.take(trip("a"), trip("b", unit="ELN"))
    do(coded, "sweep", "--as-of", "2026-04-01")
    made = run(coded, "2026-04")
    assert [file["file"] for file in made["files"]] == [
        "klimatvaxling-0001-2026-04-2025.si",
        "klimatvaxling-0001-2026-04-2026.si",
        "klimatvaxling-0001-2026-04-invoices.csv",
    ]
    written = files(coded)
    assert {file["file"]: file["sha256"] for file in made["files"]} == {
        name: hashlib.sha256(content).hexdigest() for name, content in written.items()
    }
    (listed,) = coded.json("handover", "list")["handovers"]
    assert listed["vouchers"] == ["B2025-1", "A2025-1", "B2026-1", "A2026-1"]
    assert listed["files"] == made["files"]
    # That of the books before: the handover is itself registered after it.
    entry = "(SELECT min(id) FROM registration WHERE table_name = 'handover')"
    assert [(listed["head"],)] == coded.sql(f"SELECT previous_hash FROM registration WHERE id = {entry}")
    assert listed["delivered_at"]
    for path in (coded.folder / "out").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_invoice_list_may_be_a_workbook(coded: Books) -> None:
    coded.take(trip("b", unit="ELN"))
    do(coded, "sweep", "--as-of", "2026-04-01")
    made = run(coded, "2026-04", "--invoices-as", "xlsx")
    assert [file["file"] for file in made["files"]] == ["klimatvaxling-0001-2026-04-invoices.xlsx"]
    outcome = coded("handover", "run", "--period", "2026-05", "--to", coded.folder, "--invoices-as", "pdf")
    assert outcome.code == 2


def test_what_is_registered_late_in_an_earlier_period_goes_with_the_next(coded: Books) -> None:
    coded.take(trip("a", date="2025-03-07"))
    run(coded, "2025-03")
    coded.take(trip("late", date="2025-03-08"), name="late.csv")
    coded.take(trip("b", date="2025-04-08"), name="april.csv")
    coded.take(trip("c", date="2025-05-08"), name="may.csv")
    assert run(coded, "2025-04")["vouchers"] == ["A2025-2", "A2025-3"]
    assert run(coded, "2025-05")["vouchers"] == ["A2025-4"]


def test_a_company_whose_fees_are_not_invoiced_yet_needs_no_file(coded: Books) -> None:
    coded.take(trip("b", unit="ELN"))
    made = run(coded, "2025-03")
    assert (made["vouchers"], made["files"]) == (["B2025-1"], [])
    assert run(coded, "2025-03")["handover"] is None


def test_a_dry_run_shows_what_would_leave_and_writes_nothing(coded: Books) -> None:
    coded.take(trip("a"))
    before = coded.dump()
    assert run(coded, "2025-03", "--dry-run")["vouchers"] == ["A2025-1"]
    assert coded.dump() == before
    assert not (coded.folder / "out").exists()


def test_again_writes_the_same_bytes_also_after_everything_around_them_has_changed(coded: Books) -> None:
    coded.take(trip("a", cost_centre="1201"))
    run(coded, "2025-03")
    first = files(coded)
    text = (Path(__file__).parent.parent / "demo" / "kontering.toml").read_text(encoding="utf-8")
    load_plan(coded, text.replace('"2024-1"', '"2024-2"').replace("7680", "7681"))
    for path in (coded.folder / "out").iterdir():
        path.unlink()
    do(coded, "handover", "again", "1")
    assert files(coded) == first
    do(coded, "handover", "again", "1", "--to", coded.folder / "other")
    assert (coded.folder / "other" / next(iter(first))).read_bytes() == next(iter(first.values()))
    do(coded, "handover", "again", "1")  # the files are there already, as they were
    coded.sound()


def test_again_refuses_what_it_cannot_do(coded: Books) -> None:
    coded.take(trip("a"))
    run(coded, "2025-03")
    for wrong, code, exit_code in (
        ("7", "KV-HANDOVER-UNKNOWN", 3),
        ("9" * 30, "KV-TOO-LARGE", 2),
        ("ett", "KV-COUNT", 2),
    ):
        outcome = coded("handover", "again", wrong)
        assert (outcome.code, code in outcome.err) == (exit_code, True)
    (path,) = (coded.folder / "out").iterdir()
    path.write_bytes(b"somebody else's")
    outcome = coded("handover", "again", "1")
    assert (outcome.code, "KV-OUTPUT-TAKEN" in outcome.err) == (4, True)
    assert path.read_bytes() == b"somebody else's"
    path.unlink()
    coded.without_triggers()
    coded.sql("UPDATE handover_file SET content = ?", b"x")
    outcome = coded("handover", "again", "1")
    assert (outcome.code, "KV-HANDOVER-DAMAGED" in outcome.err) == (4, True)
    assert list((coded.folder / "out").iterdir()) == []
    found = {check["name"]: check for check in coded("check", "--format", "json").json["checks"]}
    assert not found["handovers_are_as_recorded"]["ok"]


def test_a_folder_where_another_file_has_the_name_is_refused_before_anything_is_on_record(coded: Books) -> None:
    coded.take(trip("a"))
    (coded.folder / "out").mkdir()
    (coded.folder / "out" / "klimatvaxling-0001-2025-03-2025.si").write_bytes(b"mine")
    before = coded.dump()
    outcome = coded("handover", "run", "--period", "2025-03", "--to", coded.folder / "out")
    assert (outcome.code, "KV-OUTPUT-TAKEN" in outcome.err) == (4, True)
    assert coded.dump() == before
    assert files(coded) == {"klimatvaxling-0001-2025-03-2025.si": b"mine"}


def test_a_folder_that_cannot_be_written_is_refused_before_anything_is_on_record(coded: Books) -> None:
    coded.take(trip("a"))
    (coded.folder / "file").write_bytes(b"")
    before = coded.dump()
    outcome = coded("handover", "run", "--period", "2025-03", "--to", coded.folder / "file" / "out")
    assert (outcome.code, "KV-FILE-WRITE" in outcome.err) == (4, True)
    assert coded.dump() == before


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO handover_voucher (voucher_id, handover_id) VALUES (1, 1)",
        "UPDATE handover_voucher SET handover_id = 2",
        "DELETE FROM handover_voucher",
        "UPDATE handover_file SET content = NULL",
        "DELETE FROM handover",
        "DELETE FROM handover_delivery",
        (
            "INSERT INTO handover_file (id, handover_id, name, content, sha256, size_bytes)"
            " SELECT 99, handover_id, 'x', content, sha256, size_bytes FROM handover_file"
        ),
    ],
)
def test_the_database_itself_refuses_to_change_or_repeat_a_handover(coded: Books, statement: str) -> None:
    coded.take(trip("a"))
    run(coded, "2025-03")
    with pytest.raises(Exception, match=r"KV-POSTED|KV-SEAL"):
        coded.sql(statement)


def test_a_reservation_cannot_be_put_on_record_as_handed_over(eventful: Books) -> None:
    books = eventful
    ((key,),) = books.sql("SELECT min(id) FROM voucher WHERE series = 'R'")
    with pytest.raises(Exception, match="reservations_never_leave"):
        books.sql(f"INSERT INTO handover_voucher (voucher_id, handover_id) VALUES ({key}, 1)")


# Breaking off. What is killed leaves the disk as it was at that moment.

KILLED = """
import os, sys
from klimatvaxling.files import FileUnwritable
from klimatvaxling.handovers import output_file, register
from klimatvaxling.terminal.main import main
def killed(*arguments, **options):
    os._exit(137)
{patch}
main(sys.argv[1:])
"""
MOMENTS = {
    "while the files are written": "os.fsync = killed",
    "before anything is on record": "register._write = killed",
    "after the record and before the files have their names": "output_file.Prepared.publish = killed",
    "before the delivery is on record": "register.delivered = killed",
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_at_any_moment_nothing_is_lost_and_nothing_leaves_twice(coded: Books, moment: str) -> None:
    coded.take(trip("a"), trip("b", unit="BUF"))
    command = [sys.executable, "-c", KILLED.format(patch=MOMENTS[moment]), "--database", coded.url]
    command += ["handover", "run", "--period", "2025-03", "--to", str(coded.folder / "out")]
    killed = subprocess.run(command, env=os.environ | coded.environment, capture_output=True, timeout=60)
    assert killed.returncode == 137
    on_record = coded.sql("SELECT count(*) FROM handover") == [(1,)]
    if not on_record:  # then nothing has left
        assert not any(name.endswith(".si") for name in files(coded))
    coded.take(trip("c", date="2025-03-20"), name="later.csv")
    made = run(coded, "2025-03")
    assert made["vouchers"] == (["A2025-3"] if on_record else ["A2025-1", "A2025-2", "A2025-3"])
    assert sorted(handed_over(coded)) == ["A2025-1", "A2025-2", "A2025-3"]
    assert all(row["delivered_at"] for row in coded.json("handover", "list")["handovers"])
    coded.sound()


def test_files_that_could_not_get_their_names_are_told_and_written_again(
    coded: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    coded.take(trip("a"))

    def full(self: output_file.Prepared) -> None:
        self.discard()
        raise FileUnwritable(file="x", reason="disk full")

    with monkeypatch.context() as patch:
        patch.setattr(output_file.Prepared, "publish", full)
        outcome = coded("handover", "run", "--period", "2025-03", "--to", coded.folder / "out")
    assert (outcome.code, "KV-HANDOVER-NOT-WRITTEN" in outcome.err, "handover again 1" in outcome.err) == (
        4,
        True,
        True,
    )
    assert files(coded) == {}
    assert "handover again 1 --to" in coded("handover", "list").out
    outcome = coded("handover", "again", "1")
    assert (outcome.code, "KV-HANDOVER-FOLDER" in outcome.err) == (4, True)
    do(coded, "handover", "again", "1", "--to", coded.folder / "out")
    assert handed_over(coded) == ["A2025-1"]
    assert run(coded, "2025-03")["handover"] is None


def test_two_handovers_at_once_share_the_vouchers_between_them(coded: Books) -> None:
    coded.take(trip("a"), trip("b", unit="BUF"))
    running = [
        coded.process("handover", "run", "--period", "2025-03", "--to", coded.folder / f"out{n}", "--format", "json")
        for n in range(2)
    ]
    for process in running:
        process.communicate(timeout=60)
        assert process.returncode in (0, 4)
    assert coded.sql("SELECT count(*), count(DISTINCT voucher_id) FROM handover_voucher") == [(2, 2)]
    names = [path.name for n in range(2) for path in (coded.folder / f"out{n}").glob("*.si")]
    assert len(names) == len(set(names)) == 1


def test_the_month_must_be_a_month_and_unknown_handovers_are_named(coded: Books) -> None:
    outcome = coded("handover", "run", "--period", "2025", "--to", coded.folder)
    assert (outcome.code, "KV-MONTH" in outcome.err) == (2, True)
    assert coded.json("handover", "list") == {"handovers": []}
    assert register.UnknownHandover.remedy.endswith("handover list")


def test_a_month_that_is_still_open_is_told(coded: Books) -> None:
    coded.take(trip("a", date="2025-03-07"))
    command = ("handover", "run", "--period", "2025-03", "--to", coded.folder / "out")
    assert "2025-03 is not closed" in coded(*command, "--dry-run").err
    do(coded, "period", "close", "2025-03")
    assert "is not closed" not in coded(*command).err
