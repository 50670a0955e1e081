"""Many people at once, in real processes: exactly one gets what there is once, nothing is lost, no number is missing.

Each race is run a few times; hundreds of times with KLIMATVAXLING_ROUNDS=200.
"""

import datetime
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from conftest import Books, Outcome, month_end, trip
from test_migrations import downgrade

ROUNDS = int(os.environ.get("KLIMATVAXLING_ROUNDS", "5"))
RACER = Path(__file__).parent / "racer.py"


@pytest.fixture(scope="session")
def racers() -> Iterator[list["subprocess.Popen[str]"]]:
    """Two processes that have loaded everything and wait."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "encoding": "utf-8"}
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONIOENCODING": "utf-8", "KLIMATVAXLING_LANGUAGE": "en",
        "COLUMNS": "200", "NO_COLOR": "1",
    }  # fmt: skip
    both = [subprocess.Popen([sys.executable, str(RACER)], env=environment, **pipes) for _ in range(2)]
    yield both
    for racer in both:
        racer.kill()  # it has nothing to do any more
        racer.communicate()


@dataclass
class Race:
    """Commands given to two people at once: each an argument list, for the same books unless said otherwise."""

    racers: "list[subprocess.Popen[str]]"
    books: Books

    def __call__(self, *commands: tuple[object, ...], by: tuple[Books, ...] = ()) -> list[Outcome]:
        for racer, books, command in zip(self.racers, by or (self.books, self.books), commands, strict=True):
            assert racer.stdin is not None
            racer.stdin.write(json.dumps([books.somebody, ["--database", books.url, *map(str, command)]]) + "\n")
        for racer in self.racers:
            assert racer.stdin is not None
            racer.stdin.flush()
        answers = [json.loads(racer.stdout.readline()) for racer in self.racers if racer.stdout is not None]
        found = [Outcome(*answer) for answer in answers]
        assert not any("Traceback" in outcome.err or "KV-UNEXPECTED" in outcome.err for outcome in found), found
        return found


@pytest.fixture
def race(books: Books, racers: "list[subprocess.Popen[str]]") -> Race:
    made = Race(racers, books)
    made(("measure", "list"), ("measure", "list"))  # everything is loaded before the first race
    return made


def whole(books: Books) -> None:
    """No number of any series is missing or there twice, and every check passes."""
    for *_, count, first, last in books.sql(
        "SELECT series, fiscal_year, count(DISTINCT number), min(number), max(number) FROM voucher"
        " GROUP BY series, fiscal_year"
    ):
        assert (first, last) == (1, count)
    for table in ("voucher", "batch", "application", "period_event"):
        ((count, last),) = books.sql(f"SELECT count(*), coalesce(max(id), 0) FROM {table}")
        assert count == last
    books.sound()


def months(count: int) -> list[datetime.date]:
    """First days of months, one after the other."""
    return [datetime.date(2014 + number // 12, number % 12 + 1, 1) for number in range(count)]


def test_two_imports_of_the_same_file_at_once_post_it_once(books: Books, race: Race) -> None:
    for number in range(ROUNDS):
        file = books.csv("same.csv", [trip(f"{number}-{row}", unit=("SBF", "ELN")[row % 2]) for row in range(20)])
        command = ("import", file, "--source", "standard", "--format", "json")
        results = [outcome.json for outcome in race(command, command)]
        assert sorted(result["rows_posted"] for result in results) == [0, 20]
        assert sorted(result["rows_already_imported"] for result in results) == [0, 20]
        assert len({code for result in results for code in result["vouchers"]}) == 2
    assert books.sql("SELECT count(*), count(DISTINCT trip_id) FROM trip") == [(20 * ROUNDS, 20 * ROUNDS)]
    whole(books)


def test_two_imports_of_files_that_share_trips_post_each_trip_once(books: Books, race: Race) -> None:
    for number in range(ROUNDS):
        files = [
            books.csv(f"{name}.csv", [trip(f"{number}-{row}", unit="BUF") for row in rows])
            for name, rows in (("a", range(12)), ("b", range(6, 18)))
        ]
        results = [
            outcome.json
            for outcome in race(*[("import", f, "--source", "standard", "--format", "json") for f in files])
        ]
        assert sorted(result["rows_posted"] for result in results) == [6, 12]
    assert books.balance("BUF")["co2_g"] == 18 * 10_000 * ROUNDS
    whole(books)


def test_two_sweeps_at_once_sweep_what_has_lapsed_once(books: Books, race: Race) -> None:
    for number in range(1, ROUNDS + 1):
        day = datetime.date(2014, 1, 1) + datetime.timedelta(days=number)
        books.take(trip(number, date=day.isoformat()), name=f"{number}.csv", options=["--booked-on", day])
        command = ("sweep", "--as-of", day + datetime.timedelta(days=366), "--format", "json")
        results = [outcome.json for outcome in race(command, command)]
        assert sorted(len(result["vouchers"]) for result in results) == [0, 1]
        assert books.own_funds("SBF") == {}
    assert books.json("fund")["swept_in_ore"] == 1500 * ROUNDS
    whole(books)


def test_two_approvals_at_once_cannot_both_take_the_last_krona(books: Books, race: Race) -> None:
    people = (books.as_login("rut"), books.as_login("eva"))
    for number in range(1, 2 * ROUNDS, 2):
        books.json("fund", "appropriate", "--amount", "1", "--decision", "KF", "--booked-on", "2025-01-02")
        for _ in range(2):
            books.json(*APPLY, "1")
        decided = ("--amount", "1", "--decision", "MN", "--booked-on", "2025-02-01")
        approvals = race(*[("grant", "approve", number + one, *decided) for one in range(2)], by=people)
        assert sorted(outcome.code for outcome in approvals) == [0, 4]
        assert sum("KV-FUND-SHORT" in outcome.err for outcome in approvals) == 1
        fund = books.json("fund")
        assert (fund["available_ore"], fund["committed_ore"]) == (0, 100 * (number + 1) // 2)
    assert {maker for (maker,) in books.sql("SELECT made_by FROM voucher WHERE event = 'grant_approved'")} <= {
        person.keeper for person in people
    }
    whole(books)


APPLY = (
    "grant", "apply", "--unit", "SBF", "--title", "Solceller", "--total-cost", "900", "--co2-reduction-kg", "10",
    "--lifetime-years", "5", "--booked-on", "2025-01-03", "--amount",
)  # fmt: skip


def test_two_payments_at_once_never_pay_more_than_was_approved(books: Books, race: Race) -> None:
    for number in range(1, ROUNDS + 1):
        books.json("fund", "appropriate", "--amount", "3", "--decision", "KF", "--booked-on", "2025-01-02")
        books.json(*APPLY, "3")
        books.json("grant", "approve", number, "--amount", "3", "--decision", "MN", "--booked-on", "2025-02-01")
        payment = ("grant", "pay", number, "--amount", "2", "--booked-on", "2025-02-02")
        assert sorted(outcome.code for outcome in race(payment, payment)) == [0, 4]
    assert books.json("fund")["paid_out_ore"] == 200 * ROUNDS
    whole(books)


def test_two_measures_at_once_cannot_both_use_the_same_money(books: Books, race: Race) -> None:
    for number in range(ROUNDS):
        books.take(trip(number), name=f"{number}.csv")  # 15 kr
        measure = ("measure", "add", "--unit", "SBF", "--amount", "15", "--title", "x", "--booked-on", "2025-06-01")
        outcomes = race(measure, measure)
        assert sorted(outcome.code for outcome in outcomes) == [0, 4]
        assert sum("KV-OWN-FUNDS-SHORT" in outcome.err for outcome in outcomes) == 1
    assert books.balance("SBF")["own_funds_ore"] == 0
    whole(books)


def test_two_applications_at_once_are_both_there_under_numbers_of_their_own(books: Books, race: Race) -> None:
    for number in range(ROUNDS):
        outcomes = race(*[(*APPLY, amount, "--format", "json") for amount in ("1", "2")])
        assert sorted(outcome.json["id"] for outcome in outcomes) == [2 * number + 1, 2 * number + 2]
    requested = books.sql("SELECT requested_ore, count(*) FROM application GROUP BY requested_ore ORDER BY 1")
    assert requested == [(100, ROUNDS), (200, ROUNDS)]
    whole(books)


def test_an_import_against_the_closing_of_its_month_is_booked_before_it_or_after(
    more_books: Callable[[], Books], race: Race
) -> None:
    found: set[bool] = set()
    for done in range(0, ROUNDS, MONTHS):
        race.books = more_books()
        found |= close_while_importing(race, min(MONTHS, ROUNDS - done))
    assert ROUNDS < 100 or found == {True, False}


MONTHS = 100


def close_while_importing(race: Race, count: int) -> set[bool]:
    """Month by month; gives whether the closing was ever first and ever last."""
    books, found = race.books, set()
    first, *following = months(count + 1)
    books.take(trip("first", date=first.isoformat()), name="first.csv")
    for number, (month, after) in enumerate(zip([first, *following], following, strict=False)):
        file = books.csv("late.csv", [trip(number, date=(month + datetime.timedelta(days=9)).isoformat())])
        imported, closed = race(
            ("import", file, "--source", "standard", "--format", "json"),
            ("period", "close", f"{month:%Y-%m}", "--accept-missing", "x"),
        )
        assert (imported.code, closed.code) == (0, 0), (imported.err, closed.err)
        ((booked_on, registered, closing),) = books.sql(
            "SELECT v.booked_on, v.registered_at, p.registered_at FROM voucher v, period_event p"
            f" WHERE v.code = ? AND p.id = {number + 1}", imported.json["vouchers"][0]
        )  # fmt: skip
        assert booked_on in (month_end(month).isoformat(), after.isoformat())
        found.add(booked_on == after.isoformat())
        if booked_on < after.isoformat():
            assert registered < closing
    assert books.sql("SELECT count(*) FROM trip") == [(count + 1,)]
    whole(books)
    return found


def test_a_closing_and_its_reopening_at_once_leave_one_state(books: Books, race: Race) -> None:
    (month,) = months(1)
    books.take(trip("first", date=month.isoformat()), name="first.csv")
    close, reopen = ("period", "close", f"{month:%Y-%m}"), ("period", "reopen", f"{month:%Y-%m}", "--reason", "x")
    for _ in range(ROUNDS):
        closed, reopened = race(close, reopen)
        assert closed.code == 0, closed.err
        assert reopened.code in (0, 4)
        actions = [action for (action,) in books.sql("SELECT action FROM period_event ORDER BY id")]
        assert actions == ["closed", "reopened"] * (len(actions) // 2) + ["closed"] * (len(actions) % 2)
        if len(actions) % 2:
            assert books(*reopen).code == 0
    whole(books)


def test_readers_see_one_moment_while_others_write(books: Books, race: Race) -> None:
    """Half of a transaction is never seen: the balance always adds up to whole files."""
    for number in range(ROUNDS):
        file = books.csv("both.csv", [trip(f"{number}-{unit}", unit=unit) for unit in ("SBF", "BUF", "ELN")])
        imported, balance = race(("import", file, "--source", "standard"), ("balance", "--format", "json"))
        assert (imported.code, balance.code) == (0, 0)
        charged = {unit["charged_ore"] for unit in balance.json["units"]}
        assert charged in ({1500 * number}, {1500 * (number + 1)})
    whole(books)


# Municipalities beside one another on one server: they share its logins and nothing else.


@pytest.mark.on_server
def test_a_login_is_given_roles_in_two_books_of_a_server_at_once(more_books: Callable[[], Any], race: Race) -> None:
    """Both make the login where there is none yet; later both change what it belongs to."""
    both = (more_books(), more_books())
    race(("access", "list"), ("access", "list"), by=both)
    for number in range(ROUNDS):
        login = f"{both[0].database}_p{number}"
        for role in ("auditor", "committee"):
            given = race(*[("access", "grant", login, "--role", role)] * 2, by=both)
            assert [outcome.code for outcome in given] == [0, 0], given
        taken = race(("access", "revoke", login), ("access", "grant", login, "--role", "finance"), by=both)
        assert [outcome.code for outcome in taken] == [0, 0], taken
    for books, role in zip(both, (None, "finance"), strict=True):
        held = {row["login"]: row["role"] for row in books.json("access", "list")["access"]}
        assert {held.get(f"{both[0].database}_p{number}") for number in range(ROUNDS)} == {role}
        whole(books)


@pytest.mark.on_server
def test_two_books_of_a_server_are_begun_at_once(more_books: Callable[[], Any], race: Race) -> None:
    for _ in range(-(-ROUNDS // 10)):
        both = (more_books(), more_books())
        for books in both:
            downgrade(books, "base")
        begun = race(*[("init", "--organisation", "Exempelstad")] * 2, by=both)
        assert [outcome.code for outcome in begun] == [0, 0], begun
        for books in both:
            books.sound()


# Killed in the middle


def has_begun(books: Any) -> bool:
    """Somebody is writing: there is a journal beside the file, or a transaction on the server."""
    if not books.on_server:
        return bool(books.file.with_name("books.db-journal").exists())
    begun = (
        "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'klimatvaxling'"
        " AND query LIKE '%register_%'"
    )
    return bool(books.sql(begun))


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no such signal here")
@pytest.mark.parametrize("after", [0.0, 0.15, 0.4])
def test_an_import_that_is_killed_leaves_nothing_and_can_be_run_again(books: Books, after: float) -> None:
    rows = 20_000 if books.on_server else 60_000
    file = books.csv("large.csv", [trip(number) for number in range(rows)])
    before, stood = books.dump(), books.guards()
    process = books.process("import", file, "--source", "standard")
    deadline = time.monotonic() + 30
    while not has_begun(books) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
    time.sleep(after)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    # Nothing, or all of it where the signal came after the last write.
    if books.sql("SELECT count(*) FROM trip") != [(rows,)]:
        assert books.dump() == before
    assert books.guards() == stood
    result = books.json("import", file, "--source", "standard")
    assert result["rows_posted"] + result["rows_already_imported"] == rows
    assert books.guards() == stood
    whole(books)
