"""The journal as plain text: what Beancount and hledger read is what the ledger has, account by account."""

import csv
import io
import os
import re
import shutil
import subprocess
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from beancount import loader
from beancount.core.data import Balance, Transaction
from hypothesis import given
from hypothesis import strategies as st

from conftest import Books, trip
from klimatvaxling.exports.journal import PLACES, account_name, amount, unit_names
from klimatvaxling.ledger.accounts import TITLES

# An hledger line: account, amount, and perhaps an assertion and a comment.
LINE = re.compile(r"    (\S+)\s{2,}(-?\d+\.\d\d) SEK(?: = (-?\d+\.\d\d) SEK)?(?:  ; .*)?")
HEADER = re.compile(r"(\d{4}-\d\d-\d\d) \* (?:\((\S+)\) )?(.*)")


@pytest.fixture
def awkward(books: Books) -> Books:
    """Names and texts that would mean something else in plain text."""
    for code in ("a_b", "A-B", "_x", "fund-1", "9lives"):
        assert books("unit", "add", code, "--name", code, "--kind", "administration").code == 0
    books.take(*(trip(code, unit=code) for code in ("a_b", "A-B", "_x", "fund-1", "9lives")))
    for title in (
        'say "hi" \\ twice',
        "half; [2025-13-45] date:never | b",
        "line\nbreak\ttab\u2028",
        "(A2025-9) =5 @ x",
    ):
        done = books("measure", "add", "--unit", "a_b", "--amount", "1", "--title", title, "--booked-on", "2025-04-01")
        assert done.code == 0, done.err
    return books


@pytest.fixture
def corrected(books: Books) -> Books:
    """Opening amounts, the fund's too, and what was moved, reversed and undone."""
    opening = books.text("opening.csv", "unit;lot_on;amount", "SBF;2024-11-30;1000", "FUND;;5000")
    late = ("--booked-on", "2025-04-02")
    books.json("opening", "load", opening, "--booked-on", "2025-01-01", "--decision", "KS 1")
    undone = books.take(trip("a"), trip("b", unit="BUF"))
    books.json("unit", "transfer", "SBF", "--to", "BUF", "--amount", "7,50", "--decision", "KS 2", *late)
    books.json("measure", "add", "--unit", "SBF", "--amount", "20", "--title", "x", *late)
    ((measure,),) = books.sql("SELECT code FROM voucher WHERE event = 'measure'")
    books.json("voucher", "reverse", measure, "--reason", "x", *late)
    books.json("batch", "undo", undone["batch"], "--reason", "x", *late)
    return books


def exported(books: Books, syntax: str, *options: object) -> Path:
    path = books.folder / f"book.{syntax}"
    outcome = books("export", "journal", "--syntax", syntax, "--output", path, *options)
    assert outcome.code == 0, outcome.err
    return path


def ledger(books: Books, where: str = "1 = 1") -> dict[str, int]:
    """What stands on each account and unit, asked of the database by itself."""
    units = unit_names(books.sql("SELECT id, code FROM unit ORDER BY id"))
    found: dict[str, int] = defaultdict(int)
    for account, unit, ore in books.sql(
        "SELECT p.account, p.unit_id, sum(p.amount_ore) FROM posting p JOIN voucher v ON v.id = p.voucher_id"
        f" WHERE {where} GROUP BY p.account, p.unit_id"
    ):
        found[account_name(account, units.get(unit))] += ore
    return found


def beancounted(path: Path) -> tuple[dict[str, int], list[Any]]:
    entries, errors, _ = loader.load_file(str(path))
    assert errors == []
    found: dict[str, Decimal] = defaultdict(Decimal)
    for entry in entries:
        if isinstance(entry, Transaction):
            for posting in entry.postings:
                found[posting.account] += posting.units.number
    return {account: int(number * 100) for account, number in found.items()}, entries


def hledgered(path: Path) -> tuple[dict[str, int], list[tuple[str, str, str]]]:
    """A second reader, of what the file says: every entry sums to zero and every assertion holds."""
    found: dict[str, int] = defaultdict(int)
    headers: list[tuple[str, str, str]] = []
    open_sum = 0
    for line in path.read_text(encoding="utf-8").splitlines():
        if header := HEADER.fullmatch(line):
            assert open_sum == 0
            headers.append((header[1], header[2] or "", header[3]))
        elif figures := LINE.fullmatch(line):
            ore = int(Decimal(figures[2]) * 100)
            found[figures[1]] += ore
            open_sum += ore
            assert figures[3] is None or int(Decimal(figures[3]) * 100) == found[figures[1]]
        else:
            assert line.strip()[:1] in ("", ";") or line.split()[0] in ("account", "commodity", "decimal-mark"), line
    assert open_sum == 0
    return found, headers


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("fixture", ["everything", "awkward", "corrected"])
def test_beancount_reads_every_account_as_the_ledger_has_it(fixture: str, request: pytest.FixtureRequest) -> None:
    books: Books = request.getfixturevalue(fixture)
    found, entries = beancounted(exported(books, "beancount"))
    assert found == ledger(books)
    codes = {code for (code,) in books.sql("SELECT code FROM voucher")}
    assert {entry.payee for entry in entries if isinstance(entry, Transaction)} == codes
    assert len([entry for entry in entries if isinstance(entry, Balance)]) == len(found)


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("fixture", ["everything", "awkward", "corrected"])
def test_hledgers_file_has_every_account_as_the_ledger_has_it(fixture: str, request: pytest.FixtureRequest) -> None:
    books: Books = request.getfixturevalue(fixture)
    path = exported(books, "hledger")
    found, headers = hledgered(path)
    assert found == ledger(books)
    assert {code for _, code, _ in headers if code} == {code for (code,) in books.sql("SELECT code FROM voucher")}
    assert [day for day, _, _ in headers] == sorted(day for day, _, _ in headers)
    declared = re.findall(r"^account (\S+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    assert set(found) == set(declared)


@pytest.mark.skipif(not shutil.which("hledger"), reason="the second reader above has read the same files")
@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("fixture", ["everything", "awkward", "corrected", "books"])
def test_hledger_itself_accepts_the_file_and_gives_the_same_balances(
    fixture: str, request: pytest.FixtureRequest
) -> None:
    books: Books = request.getfixturevalue(fixture)
    path = exported(books, "hledger")
    for check in (["check"], ["check", "--strict"], ["check", "ordereddates"]):
        ran = told_by("hledger", "-f", path, *check)
        assert (ran.returncode, ran.stderr) == (0, ""), check
    shown = told_by("hledger", "-f", path, "balance", "--empty", "--no-total", "--flat", "-O", "csv").stdout
    rows = [row for row in csv.DictReader(io.StringIO(shown)) if row["balance"]]
    found = {row["account"]: int(Decimal(row["balance"].removesuffix(" SEK")) * 100) for row in rows}
    assert {name: ore for name, ore in found.items() if ore} == {n: ore for n, ore in ledger(books).items() if ore}
    if fixture == "everything":
        path.write_text(path.read_text(encoding="utf-8").replace(" 15.00 SEK", " 15.01 SEK", 1), encoding="utf-8")
        assert told_by("hledger", "-f", path, "check").returncode == 1


@pytest.mark.skipif(not shutil.which("ledger"), reason="the second reader above has read the same files")
@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("fixture", ["everything", "awkward", "corrected"])
def test_ledger_reads_the_same_file(fixture: str, request: pytest.FixtureRequest) -> None:
    books: Books = request.getfixturevalue(fixture)
    ran = told_by("ledger", "-f", exported(books, "hledger"), "balance", "--flat", "--no-total", "--balance-format",
                  "%(account);%(quantity(scrub(display_total)))\\n")  # fmt: skip
    assert (ran.returncode, ran.stderr) == (0, "")
    found = {name: int(Decimal(number) * 100) for name, number in (line.split(";") for line in ran.stdout.split())}
    assert found == {name: ore for name, ore in ledger(books).items() if ore}


def told_by(*command: object) -> "subprocess.CompletedProcess[str]":
    environment = os.environ | {"LC_ALL": "C.UTF-8"}
    return subprocess.run(
        [str(word) for word in command], env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def test_a_file_that_was_changed_contradicts_itself(everything: Books) -> None:
    path = exported(everything, "beancount")
    text = path.read_text(encoding="utf-8")
    for changed in (text.replace(" 15.00 SEK", " 15.01 SEK", 1), text.replace("15.00 SEK", "16.00 SEK")):
        assert changed != text
        path.write_text(changed, encoding="utf-8")
        assert loader.load_file(str(path))[1]


@pytest.mark.parametrize("syntax", ["hledger", "beancount"])
def test_the_journal_may_be_as_of_a_day_or_as_it_was_known(everything: Books, syntax: str) -> None:
    read = beancounted if syntax == "beancount" else hledgered
    day = exported(everything, syntax, "--as-of", "2025-12-31")
    assert read(day)[0] == ledger(everything, "v.booked_on <= '2025-12-31'")
    ((moment,),) = everything.sql("SELECT registered_at FROM voucher WHERE code = 'A2025-1'")
    known = exported(everything, syntax, "--known-at", moment)
    assert read(known)[0] == ledger(everything, "v.code = 'A2025-1'")


@pytest.mark.parametrize("syntax", ["hledger", "beancount"])
def test_empty_books_are_a_journal_too(books: Books, syntax: str) -> None:
    read = beancounted if syntax == "beancount" else hledgered
    assert read(exported(books, syntax))[0] == {}


@pytest.mark.parametrize("syntax", ["hledger", "beancount"])
def test_the_same_books_give_the_same_journal_in_either_language(everything: Books, syntax: str) -> None:
    first = exported(everything, syntax, "--language", "sv").read_bytes()
    assert exported(everything, syntax, "--language", "en").read_bytes() == first


def test_the_export_names_what_it_wrote(everything: Books) -> None:
    path = everything.folder / "book.txt"
    found = everything.json("export", "journal", "--syntax", "hledger", "--output", path)
    assert found["head"] == everything.json("check")["head"]
    assert found["vouchers_exported"] == everything.json("check")["vouchers"]
    assert found["bytes"] == path.stat().st_size


def test_another_syntax_is_refused(everything: Books) -> None:
    outcome = everything("export", "journal", "--syntax", "ledger", "--output", everything.folder / "x")
    assert (outcome.code, "KV-SYNTAX" in outcome.err) == (2, True)
    assert not (everything.folder / "x").exists()


def test_every_account_of_the_scheme_has_a_place_of_its_own() -> None:
    assert set(PLACES) == set(TITLES)
    assert len(set(PLACES.values())) == len(PLACES)


@given(
    st.lists(
        st.text("ABab19-_", min_size=1, max_size=4) | st.sampled_from(["Fund-1", "X-A", "A-B-2", "A_B"]),
        unique_by=str.casefold,
        max_size=12,
    ).map(lambda codes: [code for code in codes if code.upper() != "FUND"])
)
def test_every_unit_has_a_name_of_its_own_that_never_changes(codes: list[str]) -> None:
    units = list(enumerate(codes, start=1))
    names = unit_names(units)
    assert len({name.casefold() for name in names.values()}) == len(codes)
    assert all(re.fullmatch(r"[A-Z0-9][A-Za-z0-9-]*", name) for name in names.values())
    assert "fund" not in {name.casefold() for name in names.values()}
    for count in range(len(units)):
        assert unit_names(units[:count]).items() <= names.items()


@given(st.integers())
def test_an_amount_is_written_with_two_decimals_and_nothing_is_lost(ore: int) -> None:
    written = amount(ore)
    assert re.fullmatch(r"-?\d+\.\d\d SEK", written)
    assert int(written.removesuffix(" SEK").replace(".", "")) == ore
    assert not re.match("-0.00", written)
