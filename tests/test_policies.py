"""Policies: decided rules as dated data, each with the decision behind it."""

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import Books, trip
from klimatvaxling.policies.policy import (
    RATE,
    BadPolicyValue,
    DecisionMissing,
    PolicyValue,
    UnknownPolicy,
    criteria,
    in_force,
    parse_value,
    required_decision,
    shown_value,
    value_on,
)

FIRST = datetime.date(2013, 1, 1)


def value(key: int, ore: int, valid_from: datetime.date, name: str = RATE) -> PolicyValue:
    return PolicyValue(key, name, str(ore), valid_from, "KS 1", "2025-01-01T00:00:00.000000Z", "x")


def test_the_scheme_begins_with_one_krona_and_fifty_ore_in_2013(books: Books) -> None:
    (rate,) = books.json("policy", "history", "rate")["values"]
    assert (rate["value"], rate["valid_from_on"]) == (150, "2013-01-01")
    assert rate["decision"]


def test_the_policies_at_the_start(books: Books) -> None:
    listed = {policy["name"]: policy["value"] for policy in books.json("policy", "list")["policies"]}
    assert listed == {
        "rate": 150,
        "retention": "one_year_from_booking",
        "company_invoicing": "swept",
        "require_second_person": "off",
        "grant_kinds": "administration",
        "grant_share": "100",
        "grant_outside_round": "refused",
        "grant_criteria": "climate_benefit:1,innovation:1,reach:1",
        "focus_areas": "travel|energy|construction|consumption|carbon_storage",
        "vehicle_source": "every",
    }


def test_the_trips_date_picks_the_rate(books: Books) -> None:
    assert books("policy", "set", "rate", "2,00", "--from", "2025-03-16", "--decision", "KS 2025-12").code == 0
    result = books.take(trip("a", date="2025-03-15"), trip("b", date="2025-03-16"))
    assert result["charged_ore"] == 1500 + 2000
    lines = books.sql("SELECT co2_g, amount_ore FROM posting WHERE account = 'fee_expense' ORDER BY line")
    assert lines == [(10_000, 1500), (10_000, 2000)]
    (voucher,) = books.json("journal")["vouchers"]
    assert [line["rate_ore_per_kg"] for line in voucher["lines"] if line["account"] == "fee_expense"] == [150, 200]


def test_a_new_rate_never_changes_what_is_charged(books: Books) -> None:
    books.take(trip())
    before = books.json("balance")
    assert books("policy", "set", "rate", "9", "--from", "2013-01-01", "--decision", "KS 2025-13").code == 0
    assert books.json("balance") == before
    books.sound()


def test_of_two_decisions_for_the_same_day_the_later_registered_holds(books: Books) -> None:
    for amount in ("2", "1,75"):
        assert books("policy", "set", "rate", amount, "--from", "2025-01-01", "--decision", "KS").code == 0
    assert books.take(trip())["charged_ore"] == 1750


def test_the_decision_is_kept_with_who_registered_it_and_when(books: Books) -> None:
    books("policy", "set", "retention", "end_of_next_year", "--from", "2026-01-01", "--decision", "KS 2025-77 § 12")
    old, new = books.json("policy", "history", "retention")["values"]
    assert old["value"] == "one_year_from_booking"
    assert (new["value"], new["valid_from_on"], new["decision"]) == (
        "end_of_next_year",
        "2026-01-01",
        "KS 2025-77 § 12",
    )
    assert new["registered_by"]
    assert new["registered_at"] > old["registered_at"]


def test_a_policy_list_shows_the_value_of_its_day_and_of_what_was_known(books: Books) -> None:
    before = books.json("policy", "list", "--as-of", "2024-06-01")["policies"][0]
    ((registered,),) = books.sql("SELECT max(registered_at) FROM policy")
    books("policy", "set", "rate", "3", "--from", "2025-01-01", "--decision", "KS")
    assert books.json("policy", "list", "--as-of", "2024-06-01")["policies"][0] == before
    assert books.json("policy", "list", "--as-of", "2025-06-01")["policies"][0]["value"] == 300
    known = books.json("policy", "list", "--as-of", "2025-06-01", "--known-at", registered)
    assert known["policies"][0]["value"] == 150


@pytest.mark.parametrize(
    ("name", "value", "code", "exit_code"),
    [
        ("rate", "1.505", "KV-POLICY-VALUE", 3),
        ("rate", "-1", "KV-POLICY-VALUE", 3),
        ("rate", "1e5", "KV-POLICY-VALUE", 3),
        ("rate", "NaN", "KV-POLICY-VALUE", 3),
        ("rate", "10000.01", "KV-POLICY-VALUE", 3),
        ("rate", "9" * 29, "KV-POLICY-VALUE", 3),
        ("rate", "", "KV-POLICY-VALUE", 3),
        ("retention", "for_ever", "KV-POLICY-VALUE", 3),
        ("require_second_person", "maybe", "KV-POLICY-VALUE", 3),
        ("colour", "green", "KV-POLICY-UNKNOWN", 2),
    ],
)
def test_a_value_the_policy_cannot_have_is_refused(
    books: Books, name: str, value: str, code: str, exit_code: int
) -> None:
    before = books.dump()
    outcome = books("policy", "set", "--decision", "KS", "--", name, value)
    assert (outcome.code, code in outcome.err) == (exit_code, True)
    assert books.dump() == before


@pytest.mark.parametrize("decision", ["", "  "])
def test_no_policy_without_a_decision(books: Books, decision: str) -> None:
    before = books.dump()
    assert books("policy", "set", "rate", "2", "--decision", decision).code in (2, 3)
    assert books.dump() == before
    assert books("policy", "set", "rate", "2").code == 2


def test_a_dry_run_decides_nothing(books: Books) -> None:
    before = books.dump()
    assert books("policy", "set", "rate", "2", "--decision", "KS", "--dry-run").code == 0
    assert books.dump() == before


def test_a_value_is_kept_as_it_is_meant() -> None:
    assert parse_value("rate", " 1,50 ") == "150"
    with pytest.raises(BadPolicyValue):
        parse_value("rate", "gratis")
    with pytest.raises(UnknownPolicy):
        parse_value("colour", "green")


@pytest.mark.parametrize(
    ("name", "typed", "kept"),
    [
        ("rate", "0", "0"),
        ("rate", "10 000,00", "1000000"),
        ("retention", " end_of_next_year ", "end_of_next_year"),
        ("retention", "one_year_from_booking", "one_year_from_booking"),
        ("company_invoicing", "swept", "swept"),
        ("company_invoicing", "charged", "charged"),
        ("require_second_person", "off", "off"),
        ("grant_outside_round", "allowed", "allowed"),
        ("grant_kinds", "company , administration,company", "administration,company"),
        ("grant_kinds", "company", "company"),
        ("grant_share", "1", "1"),
        ("grant_share", "100 %", "100"),
        ("grant_share", "50%", "50"),
        ("grant_share", "75,0", "75"),
        ("grant_criteria", "Climate_Benefit:2, reach", "climate_benefit:2,reach:1"),
        ("grant_criteria", "a:99,b-c:10", "a:99,b-c:10"),
        ("grant_criteria", "å" * 40, "å" * 40 + ":1"),
        ("focus_areas", " travel | Egen energi ", "travel|Egen energi"),
        ("vehicle_source", "Kort 1.b-2", "Kort 1.b-2"),
        ("vehicle_source", "å" * 60, "å" * 60),
        ("vehicle_source", "x", "x"),
    ],
)
def test_each_policy_takes_its_own_values_in_the_spellings_people_use(name: str, typed: str, kept: str) -> None:
    assert parse_value(name, typed) == kept


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("rate", "-0,01"),
        ("company_invoicing", "Swept"),
        ("grant_outside_round", "on"),
        ("grant_kinds", "administration,fund"),
        ("grant_kinds", ""),
        ("grant_kinds", "administration company"),
        ("grant_share", "0"),
        ("grant_share", "101"),
        ("grant_share", "50,5"),
        ("grant_share", "%50"),
        ("grant_share", "half"),
        ("grant_criteria", "reach:0"),
        ("grant_criteria", "reach:100"),
        ("grant_criteria", "reach:1,REACH:2"),
        ("grant_criteria", "reach,,new"),
        ("grant_criteria", "two words:1"),
        ("grant_criteria", "reach:1:2"),
        ("grant_criteria", "å" * 41),
        ("focus_areas", "travel||energy"),
        ("focus_areas", "travel|Travel"),
        ("focus_areas", ""),
        ("vehicle_source", "-kort"),
        ("vehicle_source", "å" * 61),
        ("vehicle_source", ""),
    ],
)
def test_and_no_other(name: str, typed: str) -> None:
    with pytest.raises(BadPolicyValue) as refusal:
        parse_value(name, typed)
    assert (refusal.value.facts["name"], refusal.value.facts["value"]) == (name, typed)


def test_criteria_are_names_with_weights_in_the_order_they_are_given() -> None:
    assert list(criteria("reach:2, Innovation").items()) == [("reach", 2), ("innovation", 1)]


def test_what_nobody_decided_holds_by_default_and_what_was_decided_from_its_day() -> None:
    decided = PolicyValue(1, "grant_share", "50", datetime.date(2025, 1, 1), "KS", "", "")
    assert value_on([decided], "grant_share", datetime.date(2024, 12, 31)) == "100"
    assert value_on([decided], "grant_share", datetime.date(2025, 1, 1)) == "50"
    assert value_on([decided], "retention", datetime.date(2025, 1, 1)) == "one_year_from_booking"


def test_programs_read_a_rate_as_a_number_and_the_rest_as_words() -> None:
    assert shown_value("rate", "150") == 150
    assert shown_value("grant_share", "50") == "50"


def test_a_decision_is_named_without_the_spaces_around_it() -> None:
    assert required_decision(" KS 2025/1 ") == "KS 2025/1"
    with pytest.raises(DecisionMissing):
        required_decision(" ")


@given(
    starts=st.lists(st.integers(0, 400), min_size=1, max_size=8),
    day=st.integers(-10, 420),
)
def test_the_latest_to_begin_holds_and_of_those_the_latest_registered(starts: list[int], day: int) -> None:
    values = [value(key, key, FIRST + datetime.timedelta(days=start)) for key, start in enumerate(starts, start=1)]
    found = in_force(values, RATE, FIRST + datetime.timedelta(days=day))
    begun = [(start, key) for key, start in enumerate(starts, start=1) if start <= day]
    assert (found.id if found else None) == (max(begun)[1] if begun else None)
