"""Roles and logins: what can be given, to whom, for which units, and what holds of several decisions."""

from collections.abc import Iterable

import pytest

from klimatvaxling.access import access
from klimatvaxling.access.access import AUDITOR, COMMITTEE, FINANCE, REVOKED, UNIT, Access


def given(login: str, role: str, *unit_ids: int) -> Access:
    return Access(login, role, unit_ids, "2026-01-01T00:00:00Z", "kassören")


@pytest.mark.parametrize("role", [FINANCE, COMMITTEE, UNIT, AUDITOR])
def test_there_are_four_roles(role: str) -> None:
    assert access.require_role(role) == role


@pytest.mark.parametrize("role", ["", "Finance", "chef", REVOKED])
def test_what_is_no_role_is_refused_with_those_that_are(role: str) -> None:
    with pytest.raises(access.UnknownRole) as refused:
        access.require_role(role)
    assert refused.value.facts == {"value": role, "known": "finance, committee, unit, auditor"}


@pytest.mark.parametrize("login", ["anna", "anna.berg@exempelstad.se", "Anna Berg", "å" * 31 + "a", "a" * 63, "apg_x"])
def test_a_login_is_taken_as_it_is_typed(login: str) -> None:
    assert access.require_login(login) == login


@pytest.mark.parametrize(
    "login",
    ["", " ", " anna", "anna ", "a" * 64, "å" * 32, 'an"na', "an\\na", "pg_monitor", "PG_Monitor", "public", "Public",
     "none", "NONE"],
)  # fmt: skip
def test_what_a_server_cannot_have_as_a_login_is_refused(login: str) -> None:
    with pytest.raises(access.BadLogin):
        access.require_login(login)


def test_the_last_decision_on_a_login_holds_and_who_was_revoked_has_no_role() -> None:
    decisions = [
        given("bo", UNIT, 1),
        given("rut", COMMITTEE),
        given("eva", AUDITOR),
        given("anna", FINANCE),
        given("bo", UNIT, 1, 2),
        given("rut", REVOKED),
        given("eva", REVOKED),
        given("eva", FINANCE),
    ]
    held = access.current(decisions)
    assert list(held.items()) == [
        ("anna", given("anna", FINANCE)),
        ("bo", given("bo", UNIT, 1, 2)),
        ("eva", given("eva", FINANCE)),
    ]


@pytest.mark.parametrize(
    ("held", "role", "unit_id", "units"),
    [
        (None, UNIT, 7, (7,)),
        (given("anna", UNIT, 9, 3), UNIT, 7, (3, 7, 9)),
        (given("anna", UNIT, 3, 7), UNIT, 7, (3, 7)),
        # Another role had no units of its own; whatever stands there is not taken over.
        (given("anna", FINANCE), UNIT, 7, (7,)),
        (given("anna", AUDITOR, 3), UNIT, 7, (7,)),
        (given("anna", UNIT, 3), COMMITTEE, None, ()),
        (None, FINANCE, None, ()),
    ],
)
def test_a_unit_more_is_added_and_another_role_has_none(
    held: Access | None, role: str, unit_id: int | None, units: tuple[int, ...]
) -> None:
    assert access.units_after(held, role, unit_id) == units


@pytest.mark.parametrize(("role", "unit_id"), [(UNIT, None), (FINANCE, 1), (COMMITTEE, 1), (AUDITOR, 1)])
def test_the_role_of_a_unit_needs_one_and_no_other_takes_it(role: str, unit_id: int | None) -> None:
    with pytest.raises(access.UnitNeeded):
        access.units_after(None, role, unit_id)


@pytest.mark.parametrize("others", [[given("bo", FINANCE)], [given("eva", AUDITOR), given("bo", FINANCE)]])
def test_whoever_is_not_the_only_one_in_finance_may_leave_it(others: list[Access]) -> None:
    access.require_finance_left([given("anna", FINANCE), *others], "anna")


@pytest.mark.parametrize("others", [[], [given("eva", AUDITOR), given("bo", UNIT, 1)]])
def test_the_only_one_in_finance_stays(others: Iterable[Access]) -> None:
    with pytest.raises(access.LastFinance):
        access.require_finance_left([given("anna", FINANCE), *others], "anna")
