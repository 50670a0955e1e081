"""The promises that are about the program as a whole, and the table that says which test shows each promise."""

import ast
import csv
import io
import os
import re
import stat
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from freezegun import freeze_time

import coded_books
from conftest import STANDARD, Books, run, trip
from klimatvaxling.terminal import progress
from klimatvaxling.terminal.app import command
from klimatvaxling.terminal.main import main

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "klimatvaxling"

# What is promised of each command, beside --format: its options.
PROMISED = {
    "init": "--organisation --org-number",
    "unit add": "--name --kind --org-number --cost-centre --counterpart",
    "unit load": "", "unit list": "", "unit change": "--from", "unit end": "--on",
    "unit merge": "--into --booked-on --decision", "unit transfer": "--to --amount --decision",
    "opening load": "--booked-on --decision",
    "import": "--source --booked-on --dry-run --accept-partial --amend --rejected-to --expect-rows --expect-kg --evidence"
    " --trip-date",
    "batch list": "", "batch show": "", "batch undo": "",
    "source list": "", "source show": "", "source test": "", "source new": "",
    "inbox run": "", "vehicle load": "", "vehicle list": "",
    "quarantine list": "", "quarantine dismiss": "--reason",
    "completeness": "--year", "completeness declare": "--source --period --unit --empty --late --reason",
    "period close": "--accept-missing", "period reopen": "--reason", "period list": "",
    "journal": "--unit --period --year", "voucher show": "", "voucher reverse": "--reason", "explain": "", "check": "--head",
    "measure add": "--unit --amount --title --focus-area --co2-reduction-kg --reference", "measure list": "",
    "sweep": "--as-of --dry-run", "balance": "--unit", "statement": "--unit --year", "expiring": "--within",
    "fund": "", "fund appropriate": "--amount --decision", "fund return": "--amount --decision",
    "grant apply": "--unit --title --amount --total-cost --co2-reduction-kg --lifetime-years --focus-area --description"
    " --registration-number",
    "grant approve": "--amount --decision --conditions --report-by", "grant reject": "--reason --decision",
    "grant withdraw": "", "grant pay": "--amount", "grant report": "--used --actual-cost --co2-reduction-kg",
    "grant list": "--state", "grant show": "", "grant rank": "", "grant score": "", "grant overdue": "",
    "grant round open": "--from --to", "grant round close": "", "grant round list": "",
    "policy list": "", "policy set": "--decision", "policy history": "",
    "export climate-report": "--year --output", "export sie": "--period --year --output",
    "export invoices": "--period --year --output", "export journal": "--syntax --output",
    "export archive": "--year --output", "handover run": "--period --to", "handover list": "", "handover again": "",
    "report year": "--year", "report closing": "--year", "report trend": "", "audit log": "", "backup": "", "restore": "",
}  # fmt: skip
# Reports of the books as a whole; a thing that is shown by its number is what it is.
REPORTS = (
    "balance", "journal", "statement --unit SBF", "expiring", "fund", "grant list", "grant rank", "grant overdue",
    "grant round list", "measure list", "unit list", "vehicle list", "factor list", "batch list", "quarantine list",
    "policy list", "policy history rate", "period list", "audit log", "completeness", "report year --year 2025",
    "report trend", "report forecast", "report closing --year 2025", "explain unit:SBF",
)  # fmt: skip
# What posts, registers or decides, over books in which everything has happened once.
POSTING = (
    "import {folder}/new.csv --source standard", "batch undo 1 --reason fel", "sweep --as-of 2026-12-31",
    "measure add --unit SBF --amount 1 --title Cykel --booked-on 2025-04-02", "voucher reverse A2025-4 --reason fel",
    "fund appropriate --amount 5 --decision KF", "fund return --amount 5 --decision KF",
    "unit transfer SBF --to BUF --amount 1 --decision KF --booked-on 2025-04-02",
    "unit merge SBF --into BUF --booked-on 2026-11-01 --decision KF",
    "grant apply --unit SBF --title Solceller --amount 5 --total-cost 9 --co2-reduction-kg 1 --lifetime-years 1",
)  # fmt: skip
REGISTERING = (
    "unit add NY --name Ny --kind administration", "unit change SBF --from 2026-01-01 --name Stad",
    "unit end BUF --on 2026-12-31", "policy set rate 2 --decision KF", "period close 2025-01 --accept-missing nej",
    "quarantine dismiss 2 --reason fel", "grant round open Nu --from 2026-03-01 --to 2026-04-01",
    "completeness declare --source standard --period 2025-06 --empty --reason nej",
)  # fmt: skip


def tree() -> dict[str, set[str]]:
    """Each command's options."""
    found: dict[str, set[str]] = {}

    def walk(item: Any, path: tuple[str, ...]) -> None:
        found[" ".join(path)] = {option for each in item.params for option in getattr(each, "opts", [])}
        for name, child in getattr(item, "commands", {}).items():
            walk(child, (*path, name))

    walk(command(), ())
    return found


# The table


def test_every_promise_names_tests_that_exist() -> None:
    rows = re.findall(
        r"^\| (.+?) \| (`.*`) \|$", (ROOT / "docs" / "promises.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert len(rows) > 80
    missing = []
    for promise, tests in rows:
        for named in re.findall(r"`([^`]+)`", tests):
            file, _, name = named.partition("/")
            path = ROOT / "tests" / f"test_{file}.py"
            if not path.is_file() or not re.search(
                rf"^def test_{name}\(", path.read_text(encoding="utf-8"), re.MULTILINE
            ):
                missing.append((promise, named))
    assert missing == []


# Commands


def test_both_names_are_the_same_program() -> None:
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["scripts"]
    assert scripts.keys() == {"klimatvaxling", "kv"}
    assert len(set(scripts.values())) == 1


def test_every_promised_command_has_its_promised_options() -> None:
    found = tree()
    assert [path for path in PROMISED if path not in found] == []
    lacking = {path: set(options.split()) - found[path] for path, options in PROMISED.items()}
    assert {path: options for path, options in lacking.items() if options} == {}


def test_every_report_of_the_books_takes_format_day_and_what_was_known(everything: Books) -> None:
    for report in REPORTS:
        for form in ("json", "csv", "table"):
            outcome = everything(*report.split(), "--as-of", "2026-12-31", "--known-at", "2999-12-31", "--format", form)
            assert (outcome.code, outcome.err) == (0, ""), report


def test_everything_that_posts_takes_a_booking_date() -> None:
    found = tree()
    for each in POSTING:
        path = next(path for path in sorted(found, key=len, reverse=True) if path and f"{each} ".startswith(f"{path} "))
        assert found[path] & {"--booked-on", "--as-of"}, path


@freeze_time("2026-11-20 12:00:00")
def test_everything_that_posts_registers_or_decides_can_be_tried_and_names_what_it_made(
    everything: Books, more_books: Any
) -> None:
    everything.csv("new.csv", [trip("new", date="2026-03-01")])
    everything.take(trip("waits", unit="NIX"), name="waits.csv", options=["--accept-partial"])
    before = everything.dump()
    for each in (*POSTING, *REGISTERING):
        words = each.format(folder=everything.folder).split()
        outcome = everything(*words, "--dry-run", "--format", "json")
        assert outcome.code == 0, f"{each}: {outcome.err}"
        vouchers = outcome.json["vouchers"]
        assert all(re.fullmatch(r"[ABR]\d{4}-\d+", voucher) for voucher in vouchers)
        if each in POSTING:
            assert vouchers or each.startswith("grant apply"), each
        assert everything.dump() == before, each


def test_the_program_asks_nothing() -> None:
    """There are no questions, so that no script ever waits for an answer, and `--yes` has nothing to say yes to."""
    asking = {"input", "prompt", "confirm", "getpass"}
    for path, node in calls():
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        assert name not in asking, path


def calls() -> Iterator[tuple[Path, ast.Call]]:
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Call):
                yield path, node


class Terminal(io.StringIO):
    """A stream that says that a person is there."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def test_no_color_is_honoured_on_a_terminal(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    def shown() -> str:
        screen = Terminal()
        with monkeypatch.context() as patched:
            patched.setattr(sys, "stdout", screen)
            patched.setenv("TERM", "xterm-256color")
            with pytest.raises(SystemExit):
                main(["--database", books.url, "balance"])
        return screen.getvalue()

    plain = shown()
    assert re.findall(r"\x1b\[[0-9;]*3[0-7]m|\x1b\[38;", plain) == []
    assert "SBF" in plain
    piped = books("balance").out
    assert "\x1b" not in piped


def test_long_work_shows_progress_on_a_terminal_and_only_there(monkeypatch: pytest.MonkeyPatch) -> None:
    def drawn(seconds: float, screen: io.StringIO) -> str:
        now = iter([0.0, *([seconds] * 5)])
        monkeypatch.setattr(progress.time, "monotonic", lambda: next(now))
        monkeypatch.setattr(sys, "stderr", screen)
        with progress.rows_read("mars.csv") as show:
            show(1000)
        return screen.getvalue()

    assert "mars.csv: 1,000 rows" in drawn(1.5, Terminal())
    assert drawn(0.5, Terminal()) == ""
    assert drawn(1.5, io.StringIO()) == ""


def test_an_unforeseen_fault_is_exit_code_1_without_a_traceback(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> None:
        raise ZeroDivisionError("nobody thought of this")

    monkeypatch.setattr("klimatvaxling.reports.balance.balance", fails)
    outcome = books("balance")
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith("KV-UNEXPECTED: An unexpected fault: ZeroDivisionError")
    assert "KLIMATVAXLING_TRACEBACK" in outcome.err


# Numbers and keys


def test_keys_say_their_units_and_values_are_of_them(everything: Books) -> None:
    seen: set[str] = set()

    def look(key: str, value: object) -> None:
        assert not isinstance(value, float), key
        if isinstance(value, dict):
            for name, inner in value.items():
                look(name, inner)
        elif isinstance(value, list):
            for inner in value:
                look(key, inner)
        elif value is not None:
            seen.add(key)
            if key.endswith(("_ore", "_g")):
                assert type(value) is int, key
            if key.endswith("_on"):
                assert re.fullmatch(r"\d{4}-\d\d-\d\d", str(value)), key
            if key.endswith("_at"):
                assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", str(value)), key

    for report in (*REPORTS, "batch show 1", "voucher show A2025-1", "explain A2025-1", "check", "grant show 1"):
        look("", everything.json(*report.split()))
    assert {"charged_ore", "co2_g", "booked_on", "registered_at"} <= seen


ROOMS_OF_MONEY = ("charges", "lots", "fund", "measures", "grants", "ledger", "corrections", "reorganisations", "emissions",
                  "trips", "coding", "handovers", "exact.py", "typed.py")  # fmt: skip


def test_no_float_is_written_near_money_or_co2() -> None:
    # The angles between airports are the only floats there are; a distance is whole kilometres before it meets a factor.
    geometry = SOURCE / "emissions" / "airports.py"
    for room in ROOMS_OF_MONEY:
        base = SOURCE / room
        for path in [base] if base.is_file() else base.rglob("*.py"):
            if path == geometry:
                continue
            for node in ast.walk(ast.parse(path.read_bytes())):
                is_float = isinstance(node, ast.Constant) and isinstance(node.value, float)
                makes_one = isinstance(node, ast.Call) and getattr(node.func, "id", "") == "float"
                assert not is_float | makes_one, f"{path.name}:{getattr(node, 'lineno', '')}"


def test_the_standard_columns_are_as_promised() -> None:
    promised = "trip_id;date;unit;category;fuel;distance_km;fuel_quantity;route;co2_fossil_kg;cost_centre;project;note"
    assert ";".join(STANDARD) == promised
    outcome = run("source", "show", "standard", "--format", "json")
    assert outcome.code == 0
    assert [each["column"] for each in outcome.json["columns"]][:12] == promised.split(";")


def test_a_new_factor_set_changes_nothing_that_is_charged(books: Books) -> None:
    books.take(trip("a", co2_fossil_kg="", fuel="diesel", fuel_quantity="10"))
    before = books.json("balance"), books.sql("SELECT * FROM trip"), books.sql("SELECT * FROM posting")
    own = (ROOT / "docs" / "sv" / "exempel" / "egna-faktorer.toml").read_text(encoding="utf-8")
    own = own.replace("vehicle_gas", "diesel").replace("vehicle-gas-kg", "diesel-litre").replace('"kg"', '"litre"')
    path = books.folder / "own.toml"
    path.write_text(own, encoding="utf-8")
    assert books("factor", "load", path).code == 0, books("factor", "load", path).err
    assert (books.json("balance"), books.sql("SELECT * FROM trip"), books.sql("SELECT * FROM posting")) == before
    later = books.take(trip("b", co2_fossil_kg="", fuel="diesel", fuel_quantity="10"), name="later.csv")
    ((first,),) = books.sql("SELECT sum(co2_g) FROM trip WHERE trip_id = 'a'")
    assert later["co2_g"] != first
    books.sound()


def test_rows_read_are_accounted_for_whatever_becomes_of_the_file(books: Books) -> None:
    good = [trip("a"), trip("b", unit="BUF")]
    runs = [
        (good, []), (good, []), ([*good, trip("c", unit="NIX")], []), ([*good, trip("c", unit="NIX")], ["--accept-partial"]),
        ([trip("a", co2_fossil_kg="11"), trip("d")], []), ([trip("a", co2_fossil_kg="11"), trip("d")], ["--amend"]),
        ([trip("e", date="2025-02-30"), trip("e")], ["--dry-run"]),
    ]  # fmt: skip
    kinds = ("rows_posted", "rows_already_imported", "rows_outside_scheme", "rows_rejected", "rows_held")
    for number, (rows, options) in enumerate(runs):
        path = books.csv(f"{number}.csv", rows)
        outcome = books("import", path, "--source", "standard", "--format", "json", *options)
        assert outcome.json["rows_read"] == len(rows)
        assert sum(outcome.json[kind] for kind in kinds) == len(rows), (number, outcome.out)


# Control


def test_every_report_says_that_no_second_person_is_required(everything: Books) -> None:
    for report in ("balance", "journal", "fund", "grant list", "statement --unit SBF", "report year --year 2025"):
        assert "require_second_person" in everything(*report.split()).out, report
    assert everything("policy", "set", "require_second_person", "on", "--decision", "KS").code == 0
    for report in ("balance", "journal", "fund", "grant list"):
        assert "require_second_person" not in everything(*report.split()).out, report


def test_the_fund_and_the_grants_have_the_promised_keys_and_add_up(everything: Books) -> None:
    fund = everything.json("fund")
    assert list(fund)[:8] == [
        "as_of", "opening_ore", "available_ore", "committed_ore", "swept_in_ore", "appropriated_ore", "paid_out_ore",
        "returned_ore",
    ]  # fmt: skip
    assert fund["available_ore"] == (
        fund["opening_ore"] + fund["swept_in_ore"] + fund["appropriated_ore"] + fund["returned_ore"]
        - fund["committed_ore"] - fund["paid_out_ore"]
    )  # fmt: skip
    (grant,) = everything.json("grant", "list")["grants"]
    promised = {"id", "unit", "title", "state", "requested_ore", "approved_ore", "paid_ore", "returned_ore",
                "co2_reduction_g", "cost_ore_per_kg"}  # fmt: skip
    assert promised <= grant.keys()


def test_the_columns_of_the_invoice_list_are_as_promised(everything: Books) -> None:
    path = everything.folder / "invoices.csv"
    assert everything("export", "invoices", "--year", "2026", "--output", path).code == 0
    header = next(csv.reader(path.read_text(encoding="utf-8-sig").splitlines(), delimiter=";"))
    assert header == [
        "unit", "name", "org_number", "customer_number", "period", "voucher", "booked_on", "category", "co2_g", "amount_ore",
        "vat_code", "coding", "reference",
    ]  # fmt: skip


@pytest.mark.skipif(os.name != "posix", reason="files have other permissions here")
@pytest.mark.on_sqlite
def test_every_file_the_program_writes_is_its_owners_only(books: Books, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    mask = os.umask(0)  # nothing is owed to how the user's shell happens to be set
    try:
        books.file = out / "books.db"
        assert books("init", "--organisation", "Exempelstad").code == 0
        units = books.folder.parent / "units.csv"
        units.write_text("code;name;kind;org_number;cost_centres;counterpart\nSBF;Stad;administration;;1300;110\n")
        assert books("unit", "load", units).code == 0
        coded_books.load_plan(books)
        books.take(trip("a"), name="trips.csv")
        inbox = tmp_path / "inbox"
        inbox.mkdir()
        (inbox / "bad.csv").write_bytes(books.csv("bad.csv", [trip("b", unit="NIX")]).read_bytes())
        books("inbox", "run", inbox)
        bad = books.csv("bad.csv", [trip("b", unit="NIX")])
        assert books("import", bad, "--source", "standard", "--rejected-to", out).code == 3
        for each in (
            "export climate-report --year 2025 --output {out}/a.xlsx", "export sie --year 2025 --output {out}/a.si",
            "export invoices --year 2025 --output {out}/a.csv", "export invoices --year 2025 --output {out}/b.xlsx",
            "export journal --syntax hledger --output {out}/a.journal", "export archive --year 2025 --output {out}/a.zip",
            "export unit-file --unit SBF --output {out}/c.xlsx", "statement --all --output {out}/units",
            "handover run --period 2025-03 --to {out}/handover", "handover again 1 --to {out}/again",
            "backup {out}/copy.db", "restore {out}/copy.db --replace",
        ):  # fmt: skip
            outcome = books(*each.format(out=out).split())
            assert outcome.code == 0, f"{each}: {outcome.err}"
    finally:
        os.umask(mask)
    written = [path for path in [*out.rglob("*"), *inbox.rglob("*.json"), *inbox.rglob("*.xlsx")] if path.is_file()]
    assert len(written) >= 15
    readable = {path.name: oct(stat.S_IMODE(path.stat().st_mode)) for path in written}
    assert {name: mode for name, mode in readable.items() if mode != "0o600"} == {}
