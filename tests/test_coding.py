"""The coding plan: how each event is posted in the municipality's own accounts, and what is refused."""

import datetime
import re
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coded_books import PLAN, do, load_plan, plan_without, post_directly, unit_id
from conftest import Books, trip
from klimatvaxling.charges.charge import fee_ore
from klimatvaxling.coding import plan_errors as errors
from klimatvaxling.coding.entry import Share, split_fee
from klimatvaxling.coding.plan import PARTS, PLACEHOLDERS, SIDES, TEMPLATE_OF_EVENT, plan_on
from klimatvaxling.coding.plan_file import read_plan
from klimatvaxling.ledger.voucher import Posting, VoucherDraft

TEXT = PLAN.read_text(encoding="utf-8")
DOCUMENTATION = Path(__file__).parent.parent / "docs" / "coding.md"


def shares(*grams: int) -> list[Share]:
    return [Share(str(index), "", weight) for index, weight in enumerate(grams)]


def test_the_example_plan_has_a_template_with_every_side_for_every_event() -> None:
    plan = read_plan(TEXT)
    assert {name: set(sides) for name, sides in plan.templates.items()} == {
        name: set(sides) for name, sides in SIDES.items()
    }
    assert set(TEMPLATE_OF_EVENT.values()) == set(SIDES)


def test_every_template_side_part_and_placeholder_is_documented() -> None:
    documented = DOCUMENTATION.read_text(encoding="utf-8")
    words = {*SIDES, *(side for sides in SIDES.values() for side in sides), *PARTS, "owner", "internal"}
    assert [word for word in sorted(words) if f"`{word}`" not in documented] == []
    assert [name for name in PLACEHOLDERS if f"`{{{name}}}`" not in documented] == []
    assert "demo/kontering.toml" in documented


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        ('version = "2024-1"\n', "", errors.CodingFieldMissing),
        ('version = "2024-1"\n', 'version = "2024-1"\ncolour = "green"\n', errors.CodingKeyUnknown),
        ('version = "2024-1"\n', "version = 2024\n", errors.CodingFieldKind),
        ("valid_from = 2013-01-01", 'valid_from = "igår"', errors.CodingFieldKind),
        ('number = "3695"', 'number = "3690"', errors.CodingTwice),
        ('number = "3695"', 'number = "36A5"', errors.CodingFieldKind),
        ('[template.fee.fee_expense]\naccount = "7680"', '[template.fee.fee_expense]\naccount = "9999"',
         errors.CodingAccountUnknown),
        ("[template.fee.fee_expense]", "[template.fee.expense]", errors.CodingKeyUnknown),
        ("[template.sweep.fund]", "[template.sweeping.fund]", errors.CodingKeyUnknown),
        ('responsibility = "{cost_centre}"', 'responsibility = "{kostnadsställe}"', errors.CodingPlaceholder),
        ('responsibility = "{cost_centre}"', 'responsibility = "{cost_centre"', errors.CodingFieldKind),
        ('counterpart = "199"', 'counterpart = "19"', errors.CodingFieldKind),
        ('owner = "110"', "", errors.CodingNotMirrored),
        ('counterpart = "110"', 'counterpart = "120"', errors.CodingNotMirrored),
        ('title = "Klimatavgift, intern kostnad"\ninternal = true', 'title = "x"\ninternal = false', errors.CodingMixed),
        ('title = "Klimatavgift, intern kostnad"\ninternal = true', 'title = "x"\ninternal = "ja"', errors.CodingFieldKind),
        ("[invoicing]", "[dimension.activity]\nnumber = 20\n[invoicing]", errors.CodingTwice),
        ("[invoicing]", "[invoicing", errors.CodingFileUnreadable),
    ],
)  # fmt: skip
def test_a_plan_that_cannot_be_right_is_refused(old: str, new: str, error: type[Exception]) -> None:
    assert old in TEXT
    with pytest.raises(error):
        read_plan(TEXT.replace(old, new, 1))


def test_in_a_merger_internal_lines_stand_between_fixed_codes() -> None:
    before, template, after = TEXT.partition("[template.merge.own_funds]")
    with pytest.raises(errors.CodingNotMirrored):
        read_plan(before + template + after.replace('counterpart = "199"', 'counterpart = "{counterpart}"', 1))


def test_a_plan_without_internal_accounts_needs_no_counterparts() -> None:
    text = TEXT.replace("internal = true", "internal = false")
    assert read_plan(re.sub(r"(?m)^(counterpart|owner) = .*\n", "", text)).templates


def test_what_is_wrong_with_a_plan_is_told_with_its_place_and_nothing_is_registered(books: Books) -> None:
    path = books.folder / "plan.toml"
    path.write_text(TEXT.replace("internal = true", "internal = maybe", 1), encoding="utf-8")
    before = books.dump()
    for file, code in ((path, "KV-CODING-FILE"), (books.folder / "none.toml", "KV-CODING-FILE-MISSING")):
        outcome = books("coding", "load", file)
        assert (outcome.code, f"{code}:" in outcome.err, file.name in outcome.err) == (3, True, True)
    assert books.dump() == before


def test_a_registered_plan_never_changes(books: Books) -> None:
    load_plan(books)
    before = books.dump()
    load_plan(books)
    assert books.dump() == before
    changed = books.folder / "plan.toml"
    changed.write_text(TEXT.replace("9100", "9101"), encoding="utf-8")
    outcome = books("coding", "load", changed)
    assert (outcome.code, "KV-CODING-EXISTS" in outcome.err) == (4, True)
    with pytest.raises(Exception, match="KV-POSTED"):
        books.sql("UPDATE coding_plan SET content = ''")
    with pytest.raises(Exception, match="KV-POSTED"):
        books.sql("DELETE FROM coding_plan")


def test_a_dry_run_registers_no_plan(books: Books) -> None:
    before = books.dump()
    assert books.json("coding", "load", PLAN, "--dry-run")["dry_run"] is True
    assert books.dump() == before


def test_the_booking_date_picks_the_plan_and_of_two_for_a_day_the_later_registered(books: Books) -> None:
    load_plan(books)
    for version, day in (("2025-1", "2025-01-01"), ("2025-2", "2025-01-01")):
        load_plan(books, TEXT.replace('2024-1"', f'{version}"').replace("2013-01-01", day))
    assert books.json("coding", "show", "--as-of", "2024-12-31")["version"] == "2024-1"
    shown = books.json("coding", "show", "--as-of", "2025-01-01")
    assert shown["version"] == "2025-2"
    assert [plan["version"] for plan in shown["plans"]] == ["2024-1", "2025-1", "2025-2"]
    ((registered,),) = books.sql("SELECT registered_at FROM coding_plan WHERE version = '2025-1'")
    assert books.json("coding", "show", "--as-of", "2025-01-01", "--known-at", registered)["version"] == "2025-1"
    assert plan_on([], datetime.date(2025, 1, 1)) is None


def test_coding_show_is_a_table_json_and_csv_and_says_when_there_is_none(books: Books) -> None:
    assert "coding load" in books("coding", "show").out
    assert books.json("coding", "show")["version"] is None
    load_plan(books)
    assert "fee_expense" in books("coding", "show").out
    header, first, *_ = books("coding", "show", "--format", "csv").out.splitlines()
    assert header.startswith("template;side;account;account_title;internal;responsibility")
    assert first.startswith("fee;fee_expense;7680;")


@pytest.mark.parametrize(
    ("removed", "event"),
    [("fee.fee_expense", "A2024-1"), ("measure", "A2024-"), ("sweep.fund", "A2025-"), ("grant.grants_paid", "A2025-"),
     ("appropriation", "A2025-"), ("correction.fund", "A2025-"), ("merge", "A2025-"), ("opening", "A2025-")],
)  # fmt: skip
def test_a_missing_template_is_a_clear_error_before_anything_is_written(
    eventful: Books, removed: str, event: str
) -> None:
    books = eventful
    load_plan(books, plan_without(removed))
    before, target = books.dump(), books.folder / "out"
    outcomes = [
        books("export", "sie", "--year", event[1:5], "--output", books.folder / "out.si"),
        books("handover", "run", "--period", "2025-12", "--to", target),
    ]
    for outcome in outcomes:
        assert (outcome.code, "KV-CODING-TEMPLATE" in outcome.err, event in outcome.err) == (4, True, True), outcome.err
        assert f"[template.{removed}" in outcome.err
    assert not (books.folder / "out.si").exists()
    assert list(target.iterdir()) == []
    assert books.dump() == before


def test_without_any_plan_nothing_leaves_and_the_command_that_mends_it_is_named(books: Books) -> None:
    books.take(trip())
    outcome = books("export", "sie", "--year", "2025", "--output", books.folder / "out.si")
    assert (outcome.code, "KV-CODING-MISSING" in outcome.err, "coding load" in outcome.err) == (4, True, True)
    assert not (books.folder / "out.si").exists()
    assert (
        "klimatvaxling" in books("explain", "KV-CODING-MISSING").out or books("explain", "KV-CODING-MISSING").code == 0
    )


def test_a_unit_without_cost_centre_or_counterpart_is_named(fresh_books: Books) -> None:
    books = fresh_books
    do(books, "unit", "add", "NYA", "--name", "Nya", "--kind", "administration", "--cost-centre", "5*")
    load_plan(books)
    books.take(trip(unit="NYA", cost_centre="5100"))
    command = ("export", "sie", "--year", "2025", "--output", books.folder / "out.si")
    outcome = books(*command)
    assert (outcome.code, "KV-CODING-COUNTERPART" in outcome.err, "NYA" in outcome.err) == (4, True, True)
    load_plan(books, plan_without().replace("{counterpart}", "555"))
    assert books(*command).code == 0
    books.take(trip("utan", unit="NYA"), name="second.csv")
    outcome = books(*command)
    assert (outcome.code, "KV-CODING-COST-CENTRE" in outcome.err, "NYA" in outcome.err) == (4, True, True)


# How a charge line's öre are split.


@given(
    grams=st.lists(st.integers(1, 5_000_000), min_size=1, max_size=12),
    rate=st.integers(0, 2_000),
    is_credit=st.booleans(),
)
def test_a_fee_is_split_by_grams_to_the_ore_largest_remainder_first(
    grams: list[int], rate: int, is_credit: bool
) -> None:
    sign = -1 if is_credit else 1
    total = fee_ore(sign * sum(grams), rate)
    parts = split_fee(total, rate, shares(*(sign * weight for weight in grams)))
    assert sum(parts) == total
    exact = [Fraction(total * weight, sum(grams)) for weight in grams]
    assert all(abs(part - share) < 1 for part, share in zip(parts, exact, strict=True))
    # Nobody got an öre more while somebody with a larger remainder went without.
    remainders = [abs(share) - int(abs(share)) for share in exact]
    got = [abs(part) > int(abs(share)) for part, share in zip(parts, exact, strict=True)]
    assert max((r for r, more in zip(remainders, got, strict=True) if not more), default=0) <= min(
        (r for r, more in zip(remainders, got, strict=True) if more), default=1
    )


@given(grams=st.lists(st.integers(-5_000_000, 5_000_000), min_size=1, max_size=10), rate=st.integers(1, 2_000))
def test_journeys_and_credits_in_one_line_are_split_to_the_ore_and_undone_as_a_mirror(
    grams: list[int], rate: int
) -> None:
    total = fee_ore(sum(grams), rate)
    parts = split_fee(total, rate, shares(*grams))
    assert sum(parts) == total
    assert all(abs(part - Fraction(weight * rate, 1000)) < 2 for part, weight in zip(parts, grams, strict=True))
    assert split_fee(-total, rate, shares(*(-weight for weight in grams))) == [-part for part in parts]


def test_a_journey_that_only_moves_to_another_cost_centre_moves_its_money() -> None:
    assert split_fee(0, 150, shares(-10_000, 10_000)) == [-1500, 1500]


# What the plans mean for the municipality's accounts.


def test_a_measure_moves_money_to_the_unit_that_booked_the_invoice_and_is_no_second_cost() -> None:
    plan = read_plan(TEXT)
    sides = plan.templates["measure"]
    assert plan.accounts[sides["measures"].account].title.endswith("intern intäkt")
    assert sides["measures"].responsibility == "{cost_centre}"
    assert all(plan.accounts[side.account].internal for side in sides.values())


def test_internal_accounts_eliminate_to_zero_and_the_check_proves_it(eventful: Books) -> None:
    books = eventful
    load_plan(books)
    found = {check["name"]: check for check in books("check", "--format", "json").json["checks"]}
    assert found["internal_accounts_eliminate"]["ok"]


def test_the_check_names_the_voucher_whose_internal_lines_do_not_eliminate(books: Books) -> None:
    sbf, buf = unit_id(books, "SBF"), unit_id(books, "BUF")
    load_plan(books)
    # A transfer posted as if it were a sweep of one unit into another: nothing in the program does it.
    (code,) = post_directly(
        books,
        VoucherDraft(
            "A", "2025-01-31", "measure", "Fel", (Posting("own_funds", 100, sbf), Posting("measures", -100, buf))
        ),
    )
    outcome = books("check", "--format", "json")
    found = {check["name"]: check for check in outcome.json["checks"]}["internal_accounts_eliminate"]
    assert (outcome.code, found["ok"]) == (4, False)
    assert any(code in str(offence) for offence in found["offending"])


def test_a_plan_that_was_changed_behind_the_programs_back_fails_the_check(books: Books) -> None:
    load_plan(books)
    books.without_triggers()
    books.sql("UPDATE coding_plan SET content = replace(content, '9100', '9101')")
    outcome = books("check", "--format", "json")
    found = {check["name"]: check for check in outcome.json["checks"]}["internal_accounts_eliminate"]
    assert (outcome.code, found["ok"]) == (4, False)
