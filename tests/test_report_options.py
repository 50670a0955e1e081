"""Every report answers in three forms, for a day and for what was known; this table says what else each can be asked."""

from collections.abc import Iterator
from typing import Any

import pytest

from conftest import Books
from klimatvaxling import language
from klimatvaxling.terminal.app import command

ALWAYS = ("--format", "--as-of", "--known-at")
CHOICES = ("--unit", "--period", "--year", "--source")
# What a report can be narrowed to, beside the three of all reports.
REPORTS = {
    "audit log": "--unit --year",
    "balance": "--unit",
    "batch list": "--source",
    "batch show": "",
    "coding show": "",
    "completeness": "--unit --year --source",
    "completeness duplicates": "--unit --year",
    "expiring": "--unit",
    "explain": "",
    "export climate-report": "--year",
    "export journal": "",
    "export unit-file": "--unit --year",
    "factor list": "",
    "fund": "--year",
    "grant list": "--unit",
    "grant overdue": "--unit",
    "grant rank": "",
    "grant round list": "",
    "grant show": "",
    "handover list": "",
    "journal": "--unit --period --year",
    "measure list": "--unit --year",
    "period list": "",
    "policy history": "",
    "policy list": "",
    "quarantine list": "--source",
    "report closing": "--year",
    "report forecast": "--unit --year",
    "report trend": "--unit",
    "report year": "--unit --year",
    "statement": "--unit --year",
    "unit list": "",
    "vehicle list": "--unit",
    "voucher show": "",
}
# Commands that show or write something and are no reports of the books as they stood, with the reason.
OTHERWISE = {
    "access list": "who may do what; an account of people, not of units",
    "check": "proves the books as they are, all of them",
    "backup": "a copy of the books as they are",
    "restore": "puts a copy back",
    "source list": "profiles are files, not books",
    "source show": "profiles are files, not books",
    "source test": "reads a travel file and no books",
    "export archive": "the year as it is in the books now, whole; later corrections are in it on purpose",
    "export sie": "what leaves: for the accounting system, by period",
    "export invoices": "what leaves: for the invoicing system, by period",
    "handover again": "writes the same bytes as then",
    "init": "makes the books",
}
# What posts, registers or decides.
CHANGES = ("--dry-run",)


def tree(item: Any, path: str = "") -> Iterator[tuple[str, set[str]]]:
    options = {option for parameter in item.params for option in parameter.opts}
    if path and (item.params or not hasattr(item, "commands")):
        yield path, options
    for name, child in getattr(item, "commands", {}).items():
        yield from tree(child, f"{path} {name}".strip())


@pytest.fixture
def commands() -> dict[str, set[str]]:
    language.use("en")
    return dict(tree(command()))


def test_every_command_is_a_report_or_changes_something_or_says_why_not(commands: dict[str, set[str]]) -> None:
    reports = {path for path, options in commands.items() if not options & set(CHANGES)}
    assert reports == REPORTS.keys() | OTHERWISE.keys()


def test_every_report_takes_a_form_a_day_and_a_time_of_registration(commands: dict[str, set[str]]) -> None:
    lacking = {path: set(ALWAYS) - commands[path] for path in REPORTS if set(ALWAYS) - commands[path]}
    assert lacking == {}


def test_the_table_says_what_else_each_report_takes(commands: dict[str, set[str]]) -> None:
    assert {path: " ".join(each for each in CHOICES if each in commands[path]) for path in REPORTS} == REPORTS


def test_what_was_not_booked_or_known_yet_is_not_shown(everything: Books) -> None:
    for what, code in (("voucher show A2025-1", "KV-VOUCHER-UNKNOWN"), ("batch show 1", "KV-BATCH-UNKNOWN")):
        assert everything(*what.split(), "--as-of", "2999-12-31").code == 0
        for option, moment in (("--as-of", "2024-12-31"), ("--known-at", "2020-01-01")):
            outcome = everything(*what.split(), option, moment)
            assert (outcome.code in (3, 4), code in outcome.err) == (True, True), (what, option, outcome.err)
    (measure,) = everything.sql("SELECT code FROM voucher WHERE event = 'measure'")[0]
    known = everything.sql("SELECT max(registered_at) FROM voucher")[0][0]
    assert everything("voucher", "reverse", measure, "--reason", "x", "--booked-on", "2026-03-01").code == 0
    assert everything.json("voucher", "show", measure)["corrected_by"]
    assert everything.json("voucher", "show", measure, "--known-at", known)["corrected_by"] is None


def test_a_list_may_be_of_one_source(everything: Books) -> None:
    every = everything.json("batch", "list")["batches"]
    assert everything.json("batch", "list", "--source", "standard")["batches"] == every != []
    assert everything.json("batch", "list", "--source", "taxi")["batches"] == []
    assert everything.json("quarantine", "list", "--source", "taxi")["quarantine"] == []


@pytest.mark.parametrize("report", ["trend", "forecast"])
def test_a_report_of_one_unit_is_its_line_of_the_whole(everything: Books, report: str) -> None:
    asked = ("report", report, "--as-of", "2025-12-31")
    whole, own = everything.json(*asked), everything.json(*asked, "--unit", "sbf")
    assert own["units"] == [row for row in whole["units"] if row["unit"] == "SBF"] != []
    if report == "trend":
        assert own["years"][-1]["co2_g"] == own["units"][0]["years"][-1]["co2_g"]
        assert "available_ore" not in own["years"][-1]
        balance = everything.balance("SBF", as_of="2025-12-31")
        assert own["years"][-1]["own_funds_ore"] == balance["own_funds_ore"]
    else:
        assert own["total"] == {key: own["units"][0][key] for key in own["total"]}
        assert own["months"] == whole["months"]
    assert "SBF" in everything(*asked, "--unit", "SBF").out.splitlines()[0]
    assert "KV-UNIT-UNKNOWN" in everything(*asked, "--unit", "NIX").err
