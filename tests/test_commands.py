"""Commands as a finance office scripts them: exit codes, error codes, keys, and never a traceback."""

import csv
import importlib
import inspect
import io
import json
import os
import re
import shlex
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import Books, run, trip
from klimatvaxling import __version__
from klimatvaxling.terminal import commands as terminal_commands
from klimatvaxling.terminal.app import ROOMS
from klimatvaxling.terminal.app import command as command_tree
from klimatvaxling.terminal.say import next_step

SUMS = [
    "co2_g", "opening_ore", "charged_ore", "spent_ore", "swept_ore", "moved_ore", "grants_paid_ore", "own_funds_ore",
    "due_within_90_days_ore",
]  # fmt: skip
REPORTS = [
    ("balance",), ("journal",), ("unit", "list"), ("policy", "list"), ("policy", "history", "rate"), ("factor", "list"),
    ("source", "list"), ("source", "show", "standard"), ("batch", "list"), ("batch", "show", "1"),
    ("quarantine", "list"), ("vehicle", "list"),
    ("voucher", "show", "A2025-1"), ("check",),
    ("explain", "A2025-1"), ("explain", "trip:standard/b"), ("explain", "unit:SBF"),
    ("coding", "show"), ("handover", "list"), ("report", "closing", "--year", "2025"),
]  # fmt: skip

# What is shown for a day; the rest is one thing by its number, or the whole chain.
DATED = ("balance", "journal", "list", "rate")


@pytest.fixture
def full(books: Books) -> Books:
    books.take(trip("a", unit="ELN"), trip("b"), trip("c", unit="NIX"), options=["--accept-partial"])
    assert books("vehicle", "load", books.text("v.csv", "vehicle;unit;category", "QVI 101;SBF;pool_car")).code == 0
    return books


def test_the_keys_of_the_balance_are_as_promised(full: Books) -> None:
    balance = full.json("balance", "--as-of", "2025-12-31")
    assert list(balance) == ["as_of", "units", "total"]
    assert balance["as_of"] == "2025-12-31"
    assert [unit["unit"] for unit in balance["units"]] == ["BUF", "ELN", "SBF"]  # with zeros where it has nothing
    for unit in balance["units"]:
        assert list(unit) == ["unit", "name", "kind", *SUMS]
        assert (
            unit["own_funds_ore"]
            == unit["opening_ore"] + unit["charged_ore"] - unit["spent_ore"] - unit["swept_ore"] + unit["moved_ore"]
        )
    assert list(balance["total"]) == SUMS
    assert balance["total"] == {key: sum(unit[key] for unit in balance["units"]) for key in SUMS}


def test_the_keys_of_the_check_are_as_promised(full: Books) -> None:
    check = full.json("check")
    assert list(check) == ["head", "vouchers", "checks"]
    assert {tuple(each) for each in check["checks"]} == {("name", "ok", "offending", "difference")}


@pytest.mark.parametrize("report", REPORTS, ids=" ".join)
def test_every_report_is_a_table_json_or_csv_on_standard_output_alone(full: Books, report: tuple[str, ...]) -> None:
    for form in ("table", "json", "csv"):
        code, out, err = full(*report, "--format", form)
        assert (code, err) == (0, "")
        assert out
        if form == "json":
            assert isinstance(json.loads(out), dict)
        if form == "csv":
            header, *rows = csv.reader(io.StringIO(out), delimiter=";")
            assert all(key == key.lower() and key.isascii() and " " not in key for key in header)
            assert all(len(row) == len(header) for row in rows)
        if form != "table":
            assert not set(out) & {"\x1b", "\u00a0", "\u202f"}


@pytest.mark.parametrize("report", REPORTS, ids=" ".join)
def test_keys_and_codes_are_the_same_in_both_languages(full: Books, report: tuple[str, ...]) -> None:
    def keys(value: object) -> object:
        if isinstance(value, dict):
            return {key: keys(inner) for key, inner in value.items()}
        return [keys(inner) for inner in value] if isinstance(value, list) else None

    english, swedish = (full(*report, "--format", "json", "--language", language).json for language in ("en", "sv"))
    assert keys(english) == keys(swedish)
    english, swedish = (full(*report, "--format", "csv", "--language", language).out for language in ("en", "sv"))
    assert english.splitlines()[0] == swedish.splitlines()[0]


def test_a_csv_of_the_check_says_the_same_in_both_languages(full: Books) -> None:
    assert (
        full("check", "--format", "csv", "--language", "sv").out
        == full("check", "--format", "csv", "--language", "en").out
    )


def test_a_balance_in_csv_has_plain_whole_ore(full: Books) -> None:
    rows = list(csv.DictReader(io.StringIO(full("balance", "--format", "csv").out), delimiter=";"))
    assert {row["unit"]: row["charged_ore"] for row in rows} == {"BUF": "0", "ELN": "1500", "SBF": "1500"}


@pytest.mark.parametrize(
    "report", [report for report in REPORTS if report[-1] in DATED and report[0] != "source"], ids=" ".join
)
@pytest.mark.parametrize("option", ["--as-of", "--known-at"])
def test_every_report_answers_for_a_day_and_for_what_was_known(
    full: Books, report: tuple[str, ...], option: str
) -> None:
    outcome = full(*report, option, "2999-12-31")
    assert outcome.code == 0, outcome.err


@pytest.mark.parametrize(
    "command",
    [("unit", "add", "X", "--name", "X", "--kind", "administration"),
     ("policy", "set", "rate", "2", "--decision", "KS"),
     ("unit", "load", "u.csv"), ("vehicle", "load", "v.csv"), ("import", "trips.csv", "--source", "standard")],
    ids=" ".join,
)  # fmt: skip
def test_every_command_that_registers_names_what_it_made(
    books: Books, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.chdir(books.folder)
    books.text("u.csv", "code;name;kind", "X;X;administration")
    books.text("v.csv", "vehicle;unit;category", "QVI 101;SBF;pool_car")
    books.csv("trips.csv", [trip()])
    outcome = books(*command, "--dry-run", "--format", "json")
    assert outcome.code == 0, outcome.err
    assert isinstance(outcome.json["vouchers"], list)


def test_the_books_can_be_read_as_they_stood(books: Books) -> None:
    books.take(trip("a", date="2025-01-10"))
    ((registered,),) = books.sql("SELECT registered_at FROM voucher")
    books.take(trip("b", date="2025-02-10"), name="second.csv")
    assert books.balance("SBF")["charged_ore"] == 3000
    assert books.balance("SBF", as_of="2025-02-27")["charged_ore"] == 1500
    assert books.balance("SBF", as_of="2025-01-30")["charged_ore"] == 0
    assert books.balance("SBF", known_at=registered)["charged_ore"] == 1500
    assert len(books.json("journal", "--period", "2025-02")["vouchers"]) == 1
    assert len(books.json("journal", "--year", "2025")["vouchers"]) == 2
    assert books.json("journal", "--year", "2024")["vouchers"] == []


def test_the_journal_of_a_unit_is_that_units(full: Books) -> None:
    assert [voucher["voucher"] for voucher in full.json("journal", "--unit", "sbf")["vouchers"]] == ["A2025-1"]
    outcome = full("journal", "--unit", "NIX")
    assert (outcome.code, "KV-UNIT-UNKNOWN" in outcome.err) == (3, True)


@pytest.mark.parametrize("position", ["before", "after", "equals"])
def test_database_and_language_stand_before_or_after_the_command(books: Books, position: str) -> None:
    options = ["--database", books.url, "--language", "sv"]
    if position == "equals":
        options = [f"--database={books.url}", "--language=sv"]
    outcome = run(*options, "balance") if position == "before" else run("balance", *options)
    assert outcome.code == 0
    assert "Enhet" in outcome.out or "enhet" in outcome.out.lower()


def test_the_database_may_come_from_the_environment(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KLIMATVAXLING_DATABASE_URL", books.url)
    assert run("balance", "--format", "json").code == 0


def test_without_either_the_books_are_in_the_users_data_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert (run("balance").code, "KV-DATABASE-MISSING" in run("balance").err) == (4, True)
    assert run("init").code == 0
    assert run("balance", "--format", "json").json["units"] == []


def test_swedish_is_the_default_and_english_a_choice(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KLIMATVAXLING_LANGUAGE")
    assert "Förvaltning" in books("unit", "list").out
    assert "Administration" in books("unit", "list", "--language", "en").out


@pytest.mark.on_sqlite
def test_a_database_that_is_missing_is_refused_with_the_command_that_mends_it(books: Books) -> None:
    books.file = books.folder / "none.db"
    for command in (
        ("balance",),
        ("check",),
        ("import", books.csv("t.csv", [trip()]), "--source", "standard"),
        ("unit", "list"),
    ):
        outcome = books(*command)
        assert (outcome.code, "KV-DATABASE-MISSING" in outcome.err, "klimatvaxling init" in outcome.err) == (
            4,
            True,
            True,
        )
    assert not books.file.exists()


@pytest.mark.on_sqlite
@pytest.mark.parametrize(
    "content", [b"", b"not a database, but long enough to look like a file" * 50, b"SQLite format 3\0" + b"x" * 500]
)
def test_a_file_that_is_no_database_is_refused(books: Books, content: bytes) -> None:
    books.file.write_bytes(content)
    for command in (("balance",), ("import", books.csv("t.csv", [trip()]), "--source", "standard")):
        outcome = books(*command)
        assert (outcome.code, "KV-DATABASE-FOREIGN" in outcome.err) == (4, True)
    if content:
        outcome = books("init")
        assert (outcome.code, "KV-DATABASE-FOREIGN" in outcome.err) == (4, True)
        assert books.file.read_bytes() == content


def test_another_programs_database_is_left_alone(no_books: Books) -> None:
    books = no_books
    books.sql("CREATE TABLE customer (id INTEGER PRIMARY KEY)")
    before = books.dump()
    for command in ("balance", "init"):
        outcome = books(command)
        assert (outcome.code, "KV-DATABASE-FOREIGN" in outcome.err) == (4, True)
    assert books.dump() == before


@pytest.mark.parametrize("version", ["0000", "9999"])
def test_a_database_of_another_version_is_refused(books: Books, version: str) -> None:
    books.sql("UPDATE alembic_version SET version_num = ?", version)
    outcome = books("balance")
    assert (outcome.code, "KV-DATABASE-VERSION" in outcome.err) == (4, True)
    outcome = books("init")
    assert (outcome.code, "KV-DATABASE-VERSION" in outcome.err) == (4, True)


@pytest.mark.on_sqlite
def test_a_damaged_database_is_told_in_words(books: Books) -> None:
    books.take(trip())
    content = books.file.read_bytes()
    books.file.write_bytes(content[:40_960] + b"\xaa" * (len(content) - 40_960))
    for command in (("balance",), ("check",), ("journal",)):
        outcome = books(*command)
        assert outcome.code == 4, outcome.err
        assert "KV-DATABASE" in outcome.err


def test_a_database_without_a_book_is_told_in_words(books: Books) -> None:
    books.without_triggers()
    books.sql("DELETE FROM book")
    for command in (("check",), ("import", books.csv("t.csv", [trip()]), "--source", "standard")):
        assert books(*command).code == 4


def test_a_failed_check_says_so_on_standard_error_with_a_code(full: Books) -> None:
    outcome = full("check", "--head", "0" * 64, "--format", "json")
    assert (outcome.code, "KV-CHECK" in outcome.err) == (4, True)


def test_opening_the_books_twice_changes_nothing(books: Books) -> None:
    before = books.dump()
    assert books("init", "--organisation", "Another").code == 0
    assert books.dump() == before


def test_a_wrong_organisation_number_opens_no_books(no_books: Books) -> None:
    outcome = no_books("init", "--org-number", "212000-0002")
    assert (outcome.code, "KV-ORG-NUMBER" in outcome.err) == (3, True)
    assert no_books("balance").code == 4
    assert no_books.tables() == set()


@pytest.mark.on_sqlite
@pytest.mark.skipif(os.name == "nt", reason="permissions work otherwise here")
def test_new_books_are_their_owners_only(books: Books) -> None:
    books.file = books.folder / "new" / "x.db"
    before = os.umask(0)
    try:
        assert books("init").code == 0
    finally:
        os.umask(before)
    assert stat.S_IMODE(books.file.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("", 2), ("x.db", 2), ("sqlite://", 2), ("sqlite:///", 2),
        ("mysql://u:hemligt@h/x", 2), ("postgresql://u:hemligt@h/x", 2),
        ("sqlite:///nowhere/none.db", 4), ("sqlite:////dev/null", 4), ("sqlite:////", 4),
    ],
)  # fmt: skip
def test_an_address_that_is_none_is_refused_without_its_password(
    url: str, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = run("balance", "--database", url)
    assert outcome.code == code, outcome.err
    assert "KV-UNEXPECTED" not in outcome.err
    assert "hemligt" not in outcome.err


def test_a_server_that_cannot_be_reached_is_told_in_words_without_its_password() -> None:
    outcome = run("balance", "--database", "postgresql+psycopg://u:hemligt@127.0.0.1:1/x")
    assert (outcome.code, "KV-DATABASE" in outcome.err, "hemligt" in outcome.err) == (4, True, False)


@pytest.mark.on_sqlite
@pytest.mark.parametrize("where", ["file.txt/x.db", "/proc/none/x.db"])
def test_books_cannot_be_opened_where_no_folder_can_be(books: Books, where: str) -> None:
    (books.folder / "file.txt").write_text("x")
    books.file = books.folder / where
    outcome = books("init")
    assert (outcome.code, "KV-DATABASE-UNUSABLE" in outcome.err) == (4, True)


# As they would be typed.
BAD_CALLS = (
    """
nonsense | unit | unit nonsense | unit add | unit add A | unit add A --name | unit add A --name x --kind x
unit add A B --name x --kind company | unit add "" --name x --kind administration
unit add A --name x --kind administration --from soon | unit load | unit load / | unit load none.csv
unit list --as-of soon | unit list --known-at soon | unit list --format xml | unit list --colour
--language fi unit list | --language | --database | balance --as-of 2025-02-30 | balance --as-of ""
balance --unit NIX | balance --unit "" | balance --known-at 0001-01-01T00:00:00+14:00
balance --known-at 9999-12-31T23:59:59-14:00 | balance --known-at 2025-13-01 | balance extra | balance --format
journal --period 2025 | journal --period 2025-13 | journal --year 25 | journal --year 2025 --period 2025-01
voucher show | voucher show X | voucher show "" | batch show x | batch show 99 | batch show -1
batch show 111111111111111111111111111111 | batch show NaN | source show ../standard | source show ""
source test standard none.csv | policy set rate | policy set rate 2 | policy history x
policy set rate 2 --decision x --from 2025-02-30 | factor load none.toml | factor load / | explain
explain KV-NONSENSE | explain "" | check --head | import | import trips.csv | import --source standard
import none.csv --source standard | import trips.csv --source none | import / --source standard
import "" --source standard | import trips.csv --source standard --booked-on soon
import trips.csv --source standard --booked-on 2012-01-01 | import trips.csv --source standard --expect-rows x
import trips.csv --source standard --expect-rows 1,5 | import trips.csv --source standard --expect-rows -1
import trips.csv --source standard --expect-rows NaN | import trips.csv --source standard --expect-kg inf
import trips.csv --source standard --expect-kg 1e5
import trips.csv --source standard --expect-kg 111111111111111111111111111111,11111111111111111111
import trips.csv trips.csv --source standard --expect-rows 1 | import trips.csv --source standard --format yaml
import trips.csv --source standard --rejected-to | init --org-number 1 | init extra
""".strip()
    .replace("\n", " | ")
    .split(" | ")
)


NO_TEXT = ["unit", "add", "A", "--name", "\udce5", "--kind", "administration"]


@pytest.mark.parametrize("call", [*map(shlex.split, BAD_CALLS), NO_TEXT], ids=" ".join)
def test_a_bad_call_is_refused_in_words_and_changes_nothing(
    books: Books, monkeypatch: pytest.MonkeyPatch, call: list[str]
) -> None:
    monkeypatch.chdir(books.folder)
    books.csv("trips.csv", [trip()])
    before = books.dump()
    outcome = books(*call)
    assert outcome.code in (2, 3, 4), outcome.err
    assert "KV-" in outcome.err or call == ["unit"]
    assert "KV-UNEXPECTED" not in outcome.err
    assert books.dump() == before


@pytest.mark.parametrize("day", ["9999-12-31", "9999-10-03", "0001-01-01"])
def test_any_day_of_the_calendar_can_be_asked_for(full: Books, day: str) -> None:
    for command in (("balance",), ("unit", "list"), ("policy", "list"), ("journal",)):
        outcome = full(*command, "--as-of", day)
        assert outcome.code == 0, outcome.err


def test_books_booked_at_the_end_of_time_can_still_be_read(books: Books) -> None:
    outcome = books("import", books.csv("t.csv", [trip()]), "--source", "standard", "--booked-on", "9999-12-31")
    assert outcome.code in (0, 2, 3, 4), outcome.err
    assert books("balance", "--as-of", "9999-09-01").code == 0
    assert books("balance", "--as-of", "9999-12-31").code == 0


@pytest.mark.skipif(os.name == "nt", reason="file names are text here")
def test_a_file_name_that_is_no_text_is_no_unexpected_fault(books: Books) -> None:
    name = os.fsdecode(b"mars \xe5.csv")
    try:
        (books.folder / name).write_bytes(books.csv("t.csv", [trip()]).read_bytes())
    except OSError:
        pytest.skip("the file system takes no such name")
    outcome = books("import", books.folder / name, "--source", "standard", "--format", "json")
    assert "KV-UNEXPECTED" not in outcome.err
    assert outcome.code in (0, 3)


def test_the_exit_codes_of_an_import(books: Books) -> None:
    def code(*rows: dict[str, object], options: tuple[str, ...] = ()) -> int:
        return books("import", books.csv("t.csv", rows), "--source", "standard", *options).code

    assert code(trip("a")) == 0
    assert code(trip("a")) == 0
    assert code(trip("b", unit="NIX")) == 3
    assert code(trip("a", note="x")) == 4
    assert code(trip("c"), options=("--nonsense",)) == 2


@pytest.mark.parametrize(
    "arguments", [["--help"], ["import", "--help"], ["unit", "--help"], ["unit", "add", "--help"], []]
)
def test_help_is_given_in_the_users_language_without_books(arguments: list[str]) -> None:
    swedish, english = run("--language", "sv", *arguments), run("--language", "en", *arguments)
    assert (swedish.code, english.code) == (0, 0)
    assert "Usage:" in english.out
    assert swedish.out != english.out


def test_the_version_is_told() -> None:
    assert run("--version").out == f"klimatvaxling {__version__}\n"


def test_help_does_not_load_the_database_layer() -> None:
    code = (
        "import sys\nfrom klimatvaxling.terminal.main import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "heavy = ('sqlalchemy', 'sqlmodel', 'alembic', 'openpyxl', 'airportsdata')\n"
        "print([name for name in heavy if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    assert done.stderr.strip() == "[]"


def test_the_program_runs_as_a_module_of_its_own(books: Books) -> None:
    outcome = books.apart("balance", "--format", "json")
    assert (outcome.code, len(outcome.json["units"])) == (0, 3)
    assert books.apart("nonsense").code == 2


def test_a_reader_that_goes_away_is_no_fault(full: Books) -> None:
    process = full.process("journal", "--format", "json")
    process.stdout.close()
    err = process.stderr.read()
    process.stderr.close()
    assert process.wait(timeout=30) == 0
    assert err == ""


def test_every_error_explains_itself() -> None:
    import klimatvaxling.database.schema  # noqa: F401 - errors are known once the rooms they live in are
    from klimatvaxling.errors import ExchangeError

    assert run("explain", "KV-DATABASE-BUSY").code == 0  # whose rooms are all known from here on
    for code in sorted(ExchangeError.by_code):
        outcome = run("explain", code, "--format", "json")
        assert outcome.code == 0
        assert outcome.json["code"] == code
        assert outcome.json["message"]
        assert outcome.json["remedy"]


def test_each_room_of_commands_is_entered_by_the_words_it_knows() -> None:
    rooms = {name: importlib.import_module(f"klimatvaxling.terminal.commands.{name}") for name in ROOMS}
    found = {name: {path.split()[0] for path, *_ in room.COMMANDS} for name, room in rooms.items()}
    assert {name: set(words) for name, words in ROOMS.items()} == found
    folder = Path(terminal_commands.__path__[0])
    assert {file.stem for file in folder.glob("[!_]*.py")} == set(ROOMS)


@pytest.mark.parametrize("word", sorted({word for words in ROOMS.values() for word in words}))
def test_a_word_alone_leads_to_the_same_commands_as_the_whole_tree(word: str) -> None:
    whole, narrowed = command_tree().commands, command_tree(word).commands
    assert list(narrowed) == [word]
    assert list(getattr(narrowed[word], "commands", ())) == list(getattr(whole[word], "commands", ()))


def test_every_command_that_changes_something_suggests_the_next_sensible_step() -> None:
    silent = []
    for name in ROOMS:
        room = importlib.import_module(f"klimatvaxling.terminal.commands.{name}")
        for path, _, _, function in room.COMMANDS:
            if "dry_run" in inspect.signature(function).parameters:
                source = inspect.getsource(function)
                helpers = [getattr(room, called, None) for called in set(re.findall(r"\b(_\w+)\(", source))]
                texts = [source, *(inspect.getsource(helper) for helper in helpers if inspect.isfunction(helper))]
                if not any("next_step(" in text for text in texts):
                    silent.append(path)
    assert silent == []


def test_the_next_step_is_told_to_a_person_at_a_terminal_only(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    next_step("klimatvaxling balance")
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    next_step("klimatvaxling balance")
    assert "klimatvaxling balance" in capsys.readouterr().err
