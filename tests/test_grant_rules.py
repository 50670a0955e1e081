"""The fund's and the grants' rules by themselves: what each step asks for, and what it moves, to the öre."""

from dataclasses import replace

import pytest

from klimatvaxling.errors import ExchangeError
from klimatvaxling.fund.fund import AmountNotPositive, Fund, FundShort, appropriation, appropriation_returned
from klimatvaxling.grants.application import (
    Application,
    BadLifetime,
    CostTooSmall,
    KindMayNotApply,
    ShareTooLarge,
    lifetime_cost_ore_per_kg,
    require_eligible,
    require_sound,
)
from klimatvaxling.grants.grant import (
    ApprovalTooLarge,
    Grant,
    Outcome,
    PaymentTooLarge,
    SecondPersonRequired,
    Step,
    UsedTooMuch,
    WrongState,
    approve,
    pay,
    reject,
    report,
    withdraw,
)
from klimatvaxling.grants.ranking import BadScore, cost_of, parse_scores, weighted_points
from klimatvaxling.grants.round import NoRoundOpen, Round, round_for
from klimatvaxling.ledger.booking import BookedTooEarly
from klimatvaxling.ledger.voucher import Posting, VoucherDraft
from klimatvaxling.lots.lot import Movement
from klimatvaxling.measures.measure import NegativeReduction, TitleMissing
from klimatvaxling.units.unit import Unit

SBF = Unit("SBF", "Samhälle", "administration", id=3)
ELN = Unit("ELN", "Elnät", "company", id=4)
ASKED = Application(3, "Solceller", 5_000, 9_000, 100_000, 10, "2026-02-07")
SUBMITTED = Step(None, "submitted", "2026-02-07", registered_by="anna")
DAY = "2026-02-08"


def grant(*later: Step) -> Grant:
    return Grant(7, ASKED, (SUBMITTED, *later))


def approved(ore: int, report_by: str | None = None) -> Step:
    return Step("submitted", "approved", DAY, ore, report_by=report_by)


def paid(ore: int) -> Step:
    return Step("approved", "paying", DAY, ore)


def fund_with(ore: int) -> Fund:
    return Fund((Movement("2026-01-31", ore),))


def refused(kind: type[ExchangeError], **facts: object) -> "pytest.RaisesExc[ExchangeError]":
    """Refused as `kind`, and it says these things."""
    return pytest.raises(kind, check=lambda error: error.facts == facts)


def test_an_amount_that_moves_is_more_than_zero() -> None:
    draft = appropriation(1, "2026-01-31", description="Anslag", decision="KS-1")
    assert [posting.amount_ore for posting in draft.postings] == [1, -1]
    with refused(AmountNotPositive, amount="0.00"):
        appropriation(0, "2026-01-31", description="", decision="")
    with refused(AmountNotPositive, amount="-0.01"):
        appropriation_returned(fund_with(5), -1, "2026-01-31", description="", decision="")


def test_an_appropriation_comes_into_the_fund_and_goes_back_the_same_way() -> None:
    assert appropriation(500, "2026-01-31", description="Anslag", decision="KS-1") == VoucherDraft(
        "A",
        "2026-01-31",
        "appropriation",
        "Anslag",
        (Posting("appropriation", 500), Posting("fund_available", -500)),
        evidence="KS-1",
    )
    assert appropriation_returned(fund_with(500), 500, DAY, description="Åter", decision="KS-2") == VoucherDraft(
        "A",
        DAY,
        "appropriation_returned",
        "Åter",
        (Posting("fund_available", 500), Posting("appropriation", -500)),
        evidence="KS-2",
    )


def test_the_fund_gives_what_it_has_on_that_day_and_every_later_one_and_no_more() -> None:
    fund = Fund((Movement("2026-01-31", 500), Movement("2026-03-31", -200)))
    assert (fund.available(DAY), fund.available("2026-01-30"), fund.available("2026-04-01")) == (300, 0, 300)
    fund.require(300, DAY)
    with refused(FundShort, available="3.00", missing="0.01", day=DAY):
        fund.require(301, DAY)
    assert Fund((Movement(DAY, -5),)).available(DAY) == 0


def test_the_fund_moves_by_what_is_posted_as_available_only() -> None:
    fund = fund_with(500).after([Posting("fund_available", 100, 3), Posting("fund_committed", -100)], DAY)
    assert fund.movements == (Movement("2026-01-31", 500), Movement(DAY, -100))


def approval(
    to: Grant, ore: int, fund: Fund, by: str = "bo", second_person: bool = True, **more: str | None
) -> Outcome:
    facts: dict[str, str | None] = {"conditions": "Inga", "report_by": None}
    return approve(
        to, fund, ore, DAY, by=by, second_person=second_person, decision="KS-2", description="Bidrag", **(facts | more)
    )


def test_an_approval_reserves_the_money() -> None:
    outcome = approval(grant(), 5_000, fund_with(5_000), report_by=DAY)
    assert outcome.step == Step("submitted", "approved", DAY, 5_000, "KS-2", conditions="Inga", report_by=DAY)
    assert outcome.vouchers == (
        VoucherDraft(
            "R",
            DAY,
            "grant_approved",
            "Bidrag",
            (Posting("fund_available", 5_000), Posting("fund_committed", -5_000)),
            evidence="KS-2",
            application_id=7,
        ),
    )


def test_an_approval_is_above_zero_at_most_what_was_asked_for_and_what_the_fund_has() -> None:
    with refused(AmountNotPositive, amount="0.00"):
        approval(grant(), 0, fund_with(9_000))
    with refused(ApprovalTooLarge, amount="50.01", requested="50.00"):
        approval(grant(), 5_001, fund_with(9_000))
    with refused(FundShort, available="49.99", missing="0.01", day=DAY):
        approval(grant(), 5_000, fund_with(4_999))


def test_whoever_registered_the_application_approves_it_only_where_one_person_may() -> None:
    with refused(SecondPersonRequired, person="anna", grant=7):
        approval(grant(), 100, fund_with(100), by="anna")
    assert approval(grant(), 100, fund_with(100), by="anna", second_person=False).step.state == "approved"


def test_a_final_report_is_not_due_before_the_approval() -> None:
    with refused(BookedTooEarly, day="2026-02-07", earliest=DAY):
        approval(grant(), 100, fund_with(100), report_by="2026-02-07")


def test_no_step_goes_back_in_time_nor_where_the_state_does_not_lead() -> None:
    with refused(BookedTooEarly, day="2026-02-06", earliest="2026-02-07"):
        reject(grant(), "2026-02-06", reason="", decision="")
    assert reject(grant(), "2026-02-07", reason="Sent", decision="KS-3") == Outcome(
        Step("submitted", "rejected", "2026-02-07", decision="KS-3", reason="Sent")
    )
    with refused(WrongState, grant=7, state="submitted", wanted="being paid"):
        pay(grant(), SBF, 100, DAY, description="")


def test_a_payment_takes_from_what_is_reserved_in_the_series_of_the_unit() -> None:
    outcome = pay(grant(approved(400), paid(100)), ELN, 300, DAY, description="Utbetalning")
    assert outcome.step == Step("paying", "paying", DAY, 300)
    assert outcome.vouchers == (
        VoucherDraft(
            "B",
            DAY,
            "grant_paid",
            "Utbetalning",
            (Posting("fund_committed", 300), Posting("grants_paid", -300, 4)),
            application_id=7,
        ),
    )
    with refused(PaymentTooLarge, amount="3.01", left="3.00", grant=7):
        pay(grant(approved(400), paid(100)), SBF, 301, DAY, description="")
    with refused(AmountNotPositive, amount="0.00"):
        pay(grant(approved(400)), SBF, 0, DAY, description="")


def test_a_withdrawn_grant_releases_what_was_reserved_and_an_application_nothing() -> None:
    outcome = withdraw(grant(approved(400)), DAY, reason="Ändrat", description="Åter")
    assert outcome.step == Step("approved", "withdrawn", DAY, reason="Ändrat")
    assert outcome.vouchers == (
        VoucherDraft(
            "R",
            DAY,
            "grant_released",
            "Åter",
            (Posting("fund_available", -400), Posting("fund_committed", 400)),
            application_id=7,
        ),
    )
    assert withdraw(grant(), DAY, reason="", description="").vouchers == ()


def final(to: Grant, used: int, grams: int = 90_000, unit: Unit = SBF) -> Outcome:
    return report(to, unit, used, 8_000, grams, DAY, description="Återbetalt", release_description="Frisläppt")


def test_a_final_report_gives_back_what_was_not_used_and_releases_what_was_not_paid() -> None:
    outcome = final(grant(approved(400), paid(300)), 250)
    assert outcome.step == Step(
        "paying", "reported", DAY, 250, actual_cost_ore=8_000, co2_reduction_g=90_000
    )  # fmt: skip
    returned, released = outcome.vouchers
    assert returned == VoucherDraft(
        "A",
        DAY,
        "grant_returned",
        "Återbetalt",
        (Posting("grants_paid", 50, 3), Posting("fund_available", -50)),
        application_id=7,
    )
    assert (released.series, released.event, released.description) == ("R", "grant_released", "Frisläppt")
    assert released.postings == (Posting("fund_available", -100), Posting("fund_committed", 100))
    assert final(grant(approved(400), paid(400)), 400, 0).vouchers == ()
    assert final(grant(approved(400), paid(400)), 0, unit=ELN).vouchers[0].series == "B"


def test_a_final_report_is_of_what_was_paid_and_of_no_rise() -> None:
    with refused(UsedTooMuch, used="3.01", paid="3.00"):
        final(grant(approved(400), paid(300)), 301)
    with refused(UsedTooMuch, used="-0.01", paid="3.00"):
        final(grant(approved(400), paid(300)), -1)
    with refused(NegativeReduction):
        final(grant(approved(400), paid(300)), 300, -1)


def test_what_a_grant_has_and_owes_follows_from_its_steps() -> None:
    running = grant(approved(400, "2026-12-31"), paid(100), paid(50))
    assert (running.approved_ore, running.paid_ore, running.reserved_ore, running.returned_ore) == (400, 150, 250, 0)
    assert [running.is_overdue(day) for day in ("2026-12-31", "2027-01-01")] == [False, True]
    over = replace(running, steps=(*running.steps, Step("paying", "reported", DAY, 120)))
    assert (over.reserved_ore, over.returned_ore, over.is_overdue("2027-01-01")) == (0, 30, False)
    assert not grant(approved(400)).is_overdue("2027-01-01")
    assert grant().report_by is None


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"title": ""}, TitleMissing),
        ({"requested_ore": 0}, AmountNotPositive),
        ({"requested_ore": 9_001}, CostTooSmall),
        ({"co2_reduction_g": -1}, NegativeReduction),
        ({"lifetime_years": 0}, BadLifetime),
        ({"lifetime_years": 101}, BadLifetime),
    ],
)
def test_an_application_that_cannot_be_true_is_refused(change: dict[str, object], refusal: type[ExchangeError]) -> None:
    with pytest.raises(refusal):
        require_sound(replace(ASKED, **change))


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"requested_ore": 9_000},
        {"requested_ore": 1},
        {"co2_reduction_g": 0},
        {"lifetime_years": 1},
        {"lifetime_years": 100},
    ],
)
def test_an_application_may_go_to_every_limit(change: dict[str, object]) -> None:
    require_sound(replace(ASKED, **change))


def test_a_grant_covers_at_most_the_decided_share_rounded_down_and_only_for_decided_kinds() -> None:
    odd = replace(ASKED, requested_ore=333, total_cost_ore=667)
    require_eligible(odd, SBF, {"administration"}, 50)
    with refused(ShareTooLarge, percent=50, most="3.33", total="6.67", amount="3.34"):
        require_eligible(replace(odd, requested_ore=334), SBF, {"administration"}, 50)
    with refused(KindMayNotApply, unit="ELN", allowed="administration"):
        require_eligible(odd, ELN, {"administration"}, 100)


def test_a_kilogram_less_costs_what_is_paid_over_all_its_years() -> None:
    assert lifetime_cost_ore_per_kg(5_000, 100_000, 10) == 5
    assert lifetime_cost_ore_per_kg(5_000, 0, 10) is None
    assert cost_of(grant()) == 5
    assert cost_of(grant(approved(3_000))) == 3


def test_points_are_typed_by_criterion_from_zero_to_ten() -> None:
    known = {"reach": 2, "innovation": 1}
    assert parse_scores([" Reach = 10 ", "innovation=0"], known) == {"reach": 10, "innovation": 0}
    for text in ("reach=11", "reach=-1", "beauty=1", "reach", "reach=1 2"):
        with refused(BadScore, value=text, most=10, known="reach, innovation"):
            parse_scores(["reach=1", text], known)


def test_points_count_by_weight_and_what_nobody_scored_is_none() -> None:
    assert weighted_points({"reach": 3, "innovation": 4, "gone": 9}, {"reach": 2, "innovation": 1, "new": 5}) == 10
    assert weighted_points({"reach": 0}, {"reach": 2}) == 0
    assert weighted_points({"gone": 9}, {"reach": 2}) is None


def test_a_round_takes_applications_from_its_first_day_to_its_last_unless_it_was_closed() -> None:
    spring = Round(1, "Våren", "2026-02-01", "2026-04-30")
    days = ("2026-01-31", "2026-02-01", "2026-04-30", "2026-05-01")
    assert [spring.open_on(day) for day in days] == [False, True, True, False]
    closed = replace(spring, closed_on="2026-03-15")
    assert [closed.open_on(day) for day in ("2026-03-14", "2026-03-15")] == [True, False]


def test_outside_the_rounds_an_application_needs_leave_unless_there_are_none() -> None:
    spring, autumn = Round(1, "Våren", "2026-02-01", "2026-04-30"), Round(2, "Hösten", "2026-09-01", "2026-10-31")
    assert round_for([spring, autumn], "2026-09-01", outside_allowed=False) == autumn
    assert round_for([spring, autumn], "2026-07-01", outside_allowed=True) is None
    assert round_for([], "2026-07-01", outside_allowed=False) is None
    with refused(NoRoundOpen, day="2026-07-01"):
        round_for([spring, autumn], "2026-07-01", outside_allowed=False)
