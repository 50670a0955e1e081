"""Units change and end: every fact is dated, in whatever order it is registered, and nothing that was said is lost."""

import datetime
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import Books, trip
from klimatvaxling.units.directory import Directory, changed_from, ended_on, require_no_clash
from klimatvaxling.units.unit import unit

START = datetime.date(2025, 1, 1)


def listed(books: Books, code: str, day: str, *options: object) -> dict[str, object] | None:
    units = books.json("unit", "list", "--as-of", day, *options)["units"]
    return next((dict(unit) for unit in units if unit["unit"] == code), None)


def change(books: Books, day: str, *facts: object, code: str = "SBF") -> None:
    outcome = books("unit", "change", code, "--from", day, *facts)
    assert outcome.code == 0, outcome.err


def test_a_unit_has_its_new_name_from_the_day_and_its_old_name_before(books: Books) -> None:
    change(books, "2025-07-01", "--name", "Stadsbyggnad")
    before, after = listed(books, "SBF", "2025-06-30"), listed(books, "SBF", "2025-07-01")
    assert before is not None
    assert after is not None
    assert (before["name"], after["name"]) == ("Samhällsbyggnadsförvaltningen", "Stadsbyggnad")
    assert {key: before[key] for key in before if key != "name"} == {key: after[key] for key in after if key != "name"}
    books.sound()


def test_a_late_change_of_one_fact_leaves_what_is_known_to_change_later(books: Books) -> None:
    change(books, "2025-07-01", "--name", "Stadsbyggnad", "--cost-centre", "17*")
    change(books, "2025-03-01", "--name", "Samhälle", "--counterpart", "199")
    names = {}
    for day in ("2025-02-28", "2025-03-01", "2025-07-01"):
        found = listed(books, "SBF", day)
        assert found is not None
        names[day] = (found["name"], found["counterpart"], found["cost_centres"])
    assert names == {
        "2025-02-28": ("Samhällsbyggnadsförvaltningen", "110", "12* 1300"),
        "2025-03-01": ("Samhälle", "199", "12* 1300"),
        # The name was said to change in July and does; the counterpart was not, so the late change reaches on.
        "2025-07-01": ("Stadsbyggnad", "199", "17*"),
    }


def test_a_change_of_the_same_day_again_corrects_the_first(books: Books) -> None:
    change(books, "2025-07-01", "--name", "Stadsbygnad")
    change(books, "2025-07-01", "--name", "Stadsbyggnad")
    found = listed(books, "SBF", "2025-07-01")
    assert found is not None
    assert found["name"] == "Stadsbyggnad"


def test_a_trip_finds_the_owner_of_its_cost_centre_on_its_day(books: Books) -> None:
    change(books, "2025-07-01", "--cost-centre", "12*")
    change(books, "2025-07-01", "--cost-centre", "2100", "--cost-centre", "1300", code="BUF")
    result = books.take(
        trip("a", unit="1300", date="2025-06-30"), trip("b", unit="1300", date="2025-07-01", co2_fossil_kg="20")
    )
    assert {row["unit"]: row["co2_g"] for row in result["units"]} == {"SBF": 10_000, "BUF": 20_000}


def test_full_time_equivalents_are_dated_and_kept_to_a_tenth(books: Books) -> None:
    change(books, "2025-07-01", "--full-time-equivalents", "1 234,5")
    change(books, "2025-03-01", "--full-time-equivalents", "1200", "--counterpart", "199")
    change(books, "2026-01-01", "--name", "Stadsbyggnad")
    change(books, "2026-07-01", "--full-time-equivalents", "")
    days = ("2025-02-28", "2025-03-01", "2025-07-01", "2026-01-01", "2026-07-01")
    found = {day: listed(books, "SBF", day) for day in days}
    assert [row and row["full_time_tenths"] for row in found.values()] == [None, 12000, 12345, 12345, None]
    assert "1,234.5" in books("unit", "list", "--as-of", "2025-12-31").out
    for number in ("0", "-3", "12,34", "tio", "1e3"):
        outcome = books("unit", "change", "SBF", "--from", "2025-07-01", "--full-time-equivalents", number)
        assert (outcome.code, "KV-FULL-TIME" in outcome.err) == (3, True), number


def test_a_unit_file_may_have_full_time_equivalents(fresh_books: Books) -> None:
    lines = ("code;name;kind;full_time_equivalents", "A;Adam;administration;1 234,5", "B;Bertil;administration;")
    assert fresh_books("unit", "load", fresh_books.text("units.csv", *lines)).code == 0
    units = {row["unit"]: row["full_time_tenths"] for row in fresh_books.json("unit", "list")["units"]}
    assert units == {"A": 12345, "B": None}
    wrong = fresh_books.text("wrong.csv", lines[0], "C;Cesar;administration;12,34")
    outcome = fresh_books("unit", "load", wrong)
    assert outcome.code == 3
    assert "KV-FULL-TIME" in outcome.err
    assert all(word in outcome.err for word in ("12,34", "wrong.csv", "full_time_equivalents"))


def test_cost_centres_can_be_taken_away(books: Books) -> None:
    change(books, "2025-07-01", "--no-cost-centres")
    found = listed(books, "SBF", "2025-07-01")
    assert found is not None
    assert found["cost_centres"] == ""


def test_a_cost_centre_that_belongs_to_another_unit_on_any_day_is_refused(books: Books) -> None:
    change(books, "2025-07-01", "--cost-centre", "12*", "--cost-centre", "7700")
    before = books.dump()
    # BUF would own 7700 from March on, and so in July, when SBF owns it.
    outcome = books("unit", "change", "BUF", "--from", "2025-03-01", "--cost-centre", "7700")
    assert outcome.code == 4
    assert "7700 of BUF already belongs to SBF" in outcome.err
    assert books.dump() == before
    change(books, "2026-01-01", "--cost-centre", "12*")
    change(books, "2026-01-01", "--cost-centre", "7700", code="BUF")


def test_a_new_unit_does_not_get_a_cost_centre_that_another_owns_later(books: Books) -> None:
    change(books, "2030-01-01", "--cost-centre", "7700")
    outcome = books("unit", "add", "KUF", "--name", "K", "--kind", "administration", "--cost-centre", "7700")
    assert (outcome.code, "KV-COST-CENTRE-TAKEN" in outcome.err) == (4, True)


@pytest.mark.parametrize(
    ("facts", "code", "exit_code"),
    [
        ([], "KV-UNIT-NOTHING", 2),
        (["--name", " "], "KV-UNIT-NAME", 3),
        (["--counterpart", "1"], "KV-COUNTERPART", 3),
        (["--cost-centre", "*"], "KV-COST-CENTRE", 3),
        (["--org-number", "556016-0681"], "KV-ORG-NUMBER", 3),
        (["--cost-centre", "1", "--no-cost-centres"], "KV-COST-CENTRES-OR-NONE", 2),
    ],
)
def test_a_change_that_is_none_or_wrong_is_refused(books: Books, facts: list[str], code: str, exit_code: int) -> None:
    before = books.dump()
    outcome = books("unit", "change", "SBF", "--from", "2025-07-01", *facts)
    assert (outcome.code, code in outcome.err) == (exit_code, True)
    assert books.dump() == before


def test_a_company_keeps_an_organisation_number(books: Books) -> None:
    assert books("unit", "change", "ELN", "--from", "2025-07-01", "--org-number", "").code == 3
    change(books, "2025-07-01", "--org-number", "5560360793", code="ELN")
    found = listed(books, "ELN", "2025-07-01")
    assert found is not None
    assert found["org_number"] == "556036-0793"


def test_an_unknown_unit_neither_changes_nor_ends(books: Books) -> None:
    assert "KV-UNIT-UNKNOWN" in books("unit", "change", "NIX", "--from", "2025-07-01", "--name", "x").err
    assert "KV-UNIT-UNKNOWN" in books("unit", "end", "NIX", "--on", "2025-07-01").err


def test_an_ended_unit_is_charged_for_the_days_on_which_it_took_part(books: Books) -> None:
    assert books("unit", "end", "SBF", "--on", "2025-06-30").code == 0
    books.take(trip("late", date="2025-06-30"), trip("centre", date="2025-06-01", unit="1300"))
    assert books.balance("SBF", as_of="2025-12-31")["charged_ore"] == 3000
    assert "KV-UNIT-UNKNOWN" in books.refuse(trip("after", date="2025-07-01"), name="after.csv").err
    assert listed(books, "SBF", "2025-07-01") is None
    last = listed(books, "SBF", "2025-06-30")
    assert last is not None
    assert last["valid_to_on"] == "2025-06-30"
    books.sound()


def test_an_ended_unit_that_has_something_left_is_still_in_the_balance(books: Books) -> None:
    books.take(trip(date="2025-06-01"))
    books("unit", "end", "SBF", "--on", "2025-06-30")
    books("unit", "end", "BUF", "--on", "2025-06-30")
    shown = [row["unit"] for row in books.json("balance", "--as-of", "2025-12-31")["units"]]
    assert shown == ["ELN", "SBF"]


def test_the_cost_centres_of_an_ended_unit_are_free_afterwards(books: Books) -> None:
    books("unit", "end", "SBF", "--on", "2025-06-30")
    new = ("unit", "add", "KUF", "--name", "Kultur", "--kind", "administration", "--cost-centre", "1300")
    assert books(*new, "--from", "2025-06-30").code == 4
    assert books(*new, "--from", "2025-07-01").code == 0


def test_an_end_also_ends_what_was_registered_to_change_later(books: Books) -> None:
    change(books, "2025-09-01", "--name", "Stadsbyggnad")
    books("unit", "end", "SBF", "--on", "2025-06-30")
    assert listed(books, "SBF", "2025-10-01") is None


def test_an_end_can_be_moved_to_an_earlier_or_a_later_day(books: Books) -> None:
    for day, takes_part, does_not in (
        ("2025-06-30", "2025-06-30", "2025-07-01"),
        ("2025-03-31", "2025-03-31", "2025-04-01"),
        ("2025-09-30", "2025-09-30", "2025-10-01"),
    ):
        assert books("unit", "end", "SBF", "--on", day).code == 0
        assert listed(books, "SBF", takes_part) is not None
        assert listed(books, "SBF", does_not) is None


def test_an_end_is_not_moved_over_the_days_of_a_new_owner_of_its_cost_centre(books: Books) -> None:
    books("unit", "end", "SBF", "--on", "2025-06-30")
    new = ("unit", "add", "KUF", "--name", "Kultur", "--kind", "administration", "--cost-centre", "1300")
    assert books(*new, "--from", "2025-07-01").code == 0
    outcome = books("unit", "end", "SBF", "--on", "2025-09-30")
    assert (outcome.code, "KV-COST-CENTRE-TAKEN" in outcome.err) == (4, True)


def test_an_ended_unit_changes_only_on_days_before_its_end(books: Books) -> None:
    books("unit", "end", "SBF", "--on", "2025-06-30")
    outcome = books("unit", "change", "SBF", "--from", "2025-07-01", "--name", "x")
    assert (outcome.code, "KV-UNIT-ENDED" in outcome.err) == (4, True)
    change(books, "2025-05-01", "--name", "Stadsbyggnad")
    found = listed(books, "SBF", "2025-06-30")
    assert found is not None
    assert found["name"] == "Stadsbyggnad"
    assert listed(books, "SBF", "2025-07-01") is None


def test_a_unit_does_not_end_before_it_begins(books: Books) -> None:
    books("unit", "add", "KUF", "--name", "Kultur", "--kind", "administration", "--from", "2025-03-08")
    outcome = books("unit", "end", "KUF", "--on", "2025-03-07")
    assert (outcome.code, "KV-UNIT-END" in outcome.err) == (4, True)


def test_a_unit_that_was_registered_to_begin_too_late_begins_earlier(books: Books) -> None:
    books("unit", "add", "KUF", "--name", "Kultur", "--kind", "administration", "--from", "2025-03-08")
    change(books, "2025-01-01", "--name", "Kultur och fritid", code="KUF")
    for day in ("2025-01-01", "2025-03-08"):
        found = listed(books, "KUF", day)
        assert found is not None
        assert (found["name"], found["valid_from_on"]) == ("Kultur och fritid", "2025-01-01")


def test_a_dry_run_changes_and_ends_nothing(books: Books) -> None:
    before = books.dump()
    shown = books.json("unit", "change", "SBF", "--from", "2025-07-01", "--name", "x", "--dry-run")
    assert [version["name"] for version in shown["versions"]] == ["Samhällsbyggnadsförvaltningen", "x"]
    assert books.json("unit", "end", "SBF", "--on", "2025-07-01", "--dry-run")["dry_run"] is True
    assert books.dump() == before


def test_what_is_charged_stays_where_it_was_charged(books: Books) -> None:
    books.take(trip(unit="1300"))
    journal = books.json("journal")
    change(books, "2025-01-01", "--no-cost-centres")
    change(books, "2025-01-01", "--cost-centre", "2100", "--cost-centre", "1300", code="BUF")
    assert books.json("journal") == journal
    books.sound()


@given(
    st.lists(
        st.tuples(st.sampled_from(["name", "counterpart", "both", "end"]), st.integers(-5, 30)), min_size=1, max_size=8
    )
)
def test_in_whatever_order_facts_are_registered_each_holds_until_the_next_change_of_it(
    registered: list[tuple[str, int]],
) -> None:
    """A model that keeps a list of changes for each fact: the latest to begin holds, and of those the last said."""
    known = Directory([replace(unit("SBF", "start", "administration"), valid_from=START, id=1)])
    said: dict[str, dict[int, str]] = {"name": {0: "start"}, "counterpart": {0: ""}}
    first, last = 0, 10_000
    for number, (what, offset) in enumerate(registered):
        day = START + datetime.timedelta(days=offset)
        if what == "end":
            if offset >= first:
                last = offset
                # What was said to begin later never comes to be.
                said = {
                    fact: {at: value for at, value in changes.items() if at <= last} for fact, changes in said.items()
                }
                known = known.with_registered(ended_on(known, "SBF", day))
            continue
        if offset > last:
            continue
        facts = ["name", "counterpart"] if what == "both" else [what]
        values = {fact: f"{fact}{number}" for fact in facts}
        if offset < first:
            # What it began with, it now begins with earlier.
            for changes in said.values():
                changes[offset] = changes.pop(first)
        for fact in facts:
            said[fact][offset] = values[fact]
        known = known.with_registered(
            changed_from(known, "SBF", day, lambda unit, values=values: replace(unit, **values), facts)  # type: ignore[misc]
        )
        first = min(first, offset)
    for offset in range(-8, 35):
        holding = {unit.code: unit for unit in known.on(START + datetime.timedelta(days=offset))}
        if not first <= offset <= last:
            assert not holding
            continue
        for fact, changes in said.items():
            expected = changes[max(at for at in changes if at <= offset)]
            assert (getattr(holding["SBF"], fact) or "") == expected


def test_no_day_is_left_out_when_cost_centres_are_compared() -> None:
    first = replace(unit("A", "A", "administration", cost_centre_codes=["1"]), valid_to=START)
    second = replace(unit("B", "B", "administration", cost_centre_codes=["1"]), valid_from=START)
    with pytest.raises(Exception, match="KV-COST-CENTRE-TAKEN"):
        require_no_clash(Directory([first]), [second])
    require_no_clash(Directory([first]), [replace(second, valid_from=START + datetime.timedelta(days=1))])
