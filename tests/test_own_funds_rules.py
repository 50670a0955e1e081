"""The rules of own funds by themselves: what a measure, a sweep, a merger, a transfer and a reversal move."""

import datetime
from dataclasses import replace

import pytest

from klimatvaxling.corrections.reversal import (
    AlreadyReversed,
    NeverReversible,
    NotReversible,
    Original,
    followed,
    require_reversible,
    reversal,
)
from klimatvaxling.fund.fund import AmountNotPositive, Fund, FundShort
from klimatvaxling.fund.sweep import UnitSweep, due_on, sweep_voucher
from klimatvaxling.ledger.voucher import Posting, VoucherDraft
from klimatvaxling.lots.lot import Lot, Movement, Take, oldest_first, take_oldest_first
from klimatvaxling.lots.own_funds import OwnFunds
from klimatvaxling.lots.retention import Retention, last_day_of_use
from klimatvaxling.measures.measure import (
    Measure,
    NegativeReduction,
    OwnFundsShort,
    TitleMissing,
    cost_ore_per_kg,
    measure,
    measure_voucher,
)
from klimatvaxling.policies.policy import PolicyValue
from klimatvaxling.reorganisations.move import (
    AnotherKind,
    IntoItself,
    merger_voucher,
    require_movable,
    transfer_voucher,
)
from klimatvaxling.units.unit import Unit

SBF = Unit("SBF", "Samhälle", "administration", id=1)
BUF = Unit("BUF", "Utbildning", "administration", id=2)
ELN = Unit("ELN", "Elnät", "company", id=3)
DAY = "2025-06-30"
A_YEAR = Retention([])


def lot(key: int, lot_on: str, left: int, *, swept: int = 0) -> Lot:
    return Lot(key, lot_on, (Movement(lot_on, left),), (Movement(lot_on, swept),) if swept else ())


def own_funds(*lots: Lot, owed: int = 0) -> OwnFunds:
    debt = (Movement("2025-01-31", owed),) if owed else ()
    return OwnFunds(1, {each.id: each for each in lots}, debt)


def moved(draft: VoucherDraft) -> list[tuple[str, int | None, int | None, int]]:
    return [(posting.account, posting.unit_id, posting.lot_id, posting.amount_ore) for posting in draft.postings]


OLD, NEW = lot(1, "2024-06-29", 100), lot(2, "2024-06-30", 200)
LATER = lot(3, "2025-07-31", 400)


def test_a_lot_gives_what_is_left_and_never_less_than_nothing() -> None:
    assert lot(1, "2025-01-31", 100).least_left(DAY) == 100
    assert lot(1, "2025-01-31", -5).least_left(DAY) == 0
    assert lot(1, "2025-01-31", 0).least_left(DAY) == 0


def test_lots_being_opened_come_last_of_their_day_in_the_order_they_are_opened() -> None:
    lots = [lot(-2, "2025-01-31", 1), lot(7, "2025-01-31", 1), lot(-1, "2025-01-31", 1), lot(9, "2024-12-31", 1)]
    assert [each.id for each in oldest_first(lots)] == [9, 7, -1, -2]


def test_an_empty_lot_gives_no_posting_and_a_later_one_is_passed_by() -> None:
    lots = [lot(1, "2025-01-31", 0), lot(2, "2025-07-31", 50), lot(3, "2025-02-28", 1)]
    assert take_oldest_first(lots, 2, DAY) == ([Take(3, 1)], 1)
    assert take_oldest_first([OLD, NEW], 100, DAY) == ([Take(1, 100)], 0)
    assert take_oldest_first([OLD, NEW], 0, DAY) == ([], 0)


def test_funds_move_by_what_is_posted_to_their_unit() -> None:
    before = own_funds(lot(1, "2025-01-31", 100), owed=30)
    after = before.after(
        [
            Posting("own_funds", 999, 2, lot_id=1),
            Posting("fee_expense", 50, 1),
            Posting("own_funds", 40, 1, lot_id=1),
            Posting("fund_available", -40, 1, lot_id=1),
            Posting("own_funds", -10, 1),
            Posting("own_funds", -25, 1, lot_id=-1),
        ],
        DAY,
        "2025-06-29",
    )
    assert after.unit_id == 1
    assert after.lots == {
        1: Lot(1, "2025-01-31", (Movement("2025-01-31", 100), Movement(DAY, -40)), (Movement(DAY, 40),)),
        -1: Lot(-1, "2025-06-29", (Movement(DAY, 25),)),
    }
    assert after.debt == (Movement("2025-01-31", 30), Movement(DAY, -10))
    assert before == own_funds(lot(1, "2025-01-31", 100), owed=30)


def test_money_that_comes_in_fills_a_debt_and_no_more_than_is_owed() -> None:
    assert own_funds(owed=30).fill_debt_first(100, DAY) == ([Posting("own_funds", -30, 1)], 70)
    assert own_funds(owed=30).fill_debt_first(20, DAY) == ([Posting("own_funds", -20, 1)], 0)
    assert own_funds().fill_debt_first(1, DAY) == ([], 1)
    assert own_funds(owed=30).owed("2025-01-30") == 0
    assert OwnFunds(1, {}, (Movement("2025-01-31", -5),)).owed(DAY) == 0


def test_money_that_comes_back_goes_to_the_newest_lots_it_came_from_once_the_debt_is_filled() -> None:
    takes = [Take(1, 100), Take(2, 50), Take(3, 10)]
    assert own_funds(owed=120).put_back(takes, DAY) == [
        Posting("own_funds", -120, 1),
        Posting("own_funds", -30, 1, lot_id=2),
        Posting("own_funds", -10, 1, lot_id=3),
    ]
    assert own_funds().put_back(takes[:1], DAY) == [Posting("own_funds", -100, 1, lot_id=1)]


def test_what_no_lot_has_is_a_debt() -> None:
    funds = own_funds(OLD, NEW)
    assert funds.take_oldest_first(300, DAY) == [
        Posting("own_funds", 100, 1, lot_id=1),
        Posting("own_funds", 200, 1, lot_id=2),
    ]
    assert funds.take_oldest_first(301, DAY)[-1] == Posting("own_funds", 1, 1)


def test_the_decided_retention_of_the_day_a_lot_counts_from_decides_for_it() -> None:
    decided = PolicyValue(1, "retention", "end_of_next_year", datetime.date(2025, 1, 1), "KS", "", "")
    rate = PolicyValue(2, "rate", "150", datetime.date(2013, 1, 1), "KS", "", "")
    retention = Retention([rate, decided])
    assert retention.last_day("2024-12-31") == "2025-12-31"
    assert retention.last_day("2025-01-01") == "2026-12-31"
    assert [retention.is_due("2025-01-01", day) for day in ("2026-12-31", "2027-01-01")] == [False, True]
    with pytest.raises(ValueError, match="for_ever"):
        last_day_of_use(datetime.date(2025, 1, 1), "for_ever")


def test_a_measure_says_what_it_is_for() -> None:
    said = measure("  Fem \n lådcyklar ", focus_area="travel", co2_reduction_g=0, reference=" KS-1 ")
    assert said == Measure("Fem lådcyklar", "travel", 0, "KS-1")
    assert measure("X") == Measure("X")
    with pytest.raises(TitleMissing):
        measure(" ")
    with pytest.raises(NegativeReduction):
        measure("X", co2_reduction_g=-1)


def test_a_measure_uses_lots_that_are_not_due_oldest_first() -> None:
    what = Measure("Lådcyklar", reference="KS-1")
    draft = measure_voucher(SBF, own_funds(NEW, OLD, LATER), A_YEAR, 200, DAY, what, "Åtgärd")
    assert (draft.series, draft.booked_on, draft.event, draft.description) == ("A", DAY, "measure", "Åtgärd")
    assert draft.evidence == "KS-1"
    assert moved(draft) == [("own_funds", 1, 2, 200), ("measures", 1, None, -200)]
    with pytest.raises(OwnFundsShort) as short:
        measure_voucher(SBF, own_funds(NEW, OLD, LATER), A_YEAR, 201, DAY, what, "")
    assert short.value.facts == {"unit": "SBF", "available": "2.00", "missing": "0.01", "day": DAY}
    with pytest.raises(AmountNotPositive):
        measure_voucher(SBF, own_funds(NEW), A_YEAR, 0, DAY, what, "")


def test_a_kilogram_less_has_a_price_in_whole_ore_and_nothing_has_none() -> None:
    assert cost_ore_per_kg(100_000, 250_000) == 400
    assert cost_ore_per_kg(1, 2_000) == 1  # 0.5 öre
    assert cost_ore_per_kg(1, 2_001) == 0
    assert cost_ore_per_kg(100, 0) is None
    assert cost_ore_per_kg(100, None) is None


def test_a_sweep_takes_what_is_left_of_due_lots_by_unit_code() -> None:
    lots = {
        1: [NEW, OLD, lot(4, "2024-01-31", 7), lot(5, "2024-01-30", 0)],
        2: [lot(6, "2024-01-31", 5)],
        3: [LATER],
    }
    units = {1: SBF, 2: BUF, 3: ELN}
    assert due_on(DAY, lots, units, A_YEAR) == [
        UnitSweep(BUF, (Take(6, 5),)),
        UnitSweep(SBF, (Take(4, 7), Take(1, 100))),
    ]
    assert UnitSweep(SBF, (Take(4, 7), Take(1, 100))).amount_ore == 107


def test_a_sweeps_voucher_names_each_lot_on_both_sides() -> None:
    draft = sweep_voucher(UnitSweep(ELN, (Take(4, 7), Take(1, 100))), DAY, description="Till fonden")
    assert (draft.series, draft.booked_on, draft.event, draft.description) == ("B", DAY, "sweep", "Till fonden")
    assert moved(draft) == [
        ("own_funds", 3, 4, 7),
        ("fund_available", 3, 4, -7),
        ("own_funds", 3, 1, 100),
        ("fund_available", 3, 1, -100),
    ]


def test_nothing_moves_to_itself_nor_between_an_administration_and_a_company() -> None:
    require_movable(SBF, BUF)
    with pytest.raises(IntoItself) as itself:
        require_movable(SBF, SBF)
    with pytest.raises(AnotherKind) as another:
        require_movable(SBF, ELN)
    assert itself.value.facts == {"unit": "SBF"}
    assert another.value.facts == {"unit": "SBF", "other": "ELN"}


def test_a_merger_moves_every_lot_of_its_day_due_or_not_and_the_debt() -> None:
    funds = own_funds(NEW, OLD, LATER, lot(4, DAY, 1), lot(5, DAY, 0), owed=30)
    draft = merger_voucher(SBF, BUF, funds, DAY, description="Omorganisation", decision="KS-1")
    assert draft is not None
    assert (draft.series, draft.booked_on, draft.event, draft.description) == ("A", DAY, "merge", "Omorganisation")
    assert draft.evidence == "KS-1"
    assert moved(draft) == [
        ("own_funds", 1, 1, 100),
        ("own_funds", 1, 2, 200),
        ("own_funds", 1, 4, 1),
        ("own_funds", 2, 1, -100),
        ("own_funds", 2, 2, -200),
        ("own_funds", 2, 4, -1),
        ("own_funds", 1, None, -30),
        ("own_funds", 2, None, 30),
    ]
    assert merger_voucher(SBF, BUF, own_funds(LATER), DAY, description="", decision="") is None


def test_a_transfer_moves_what_may_be_used_oldest_first() -> None:
    def transferred(amount: int) -> VoucherDraft:
        return transfer_voucher(
            SBF, BUF, own_funds(NEW, OLD, lot(4, "2025-01-31", 50)), A_YEAR, amount, DAY, description="Del", decision="KS-1"
        )  # fmt: skip

    draft = transferred(250)
    assert (draft.series, draft.booked_on, draft.event, draft.description) == ("A", DAY, "transfer", "Del")
    assert draft.evidence == "KS-1"
    assert moved(draft) == [
        ("own_funds", 1, 2, 200),
        ("own_funds", 1, 4, 50),
        ("own_funds", 2, 2, -200),
        ("own_funds", 2, 4, -50),
    ]
    with pytest.raises(OwnFundsShort) as short:
        transferred(251)
    assert short.value.facts == {"unit": "SBF", "available": "2.50", "missing": "0.01", "day": DAY}
    with pytest.raises(AmountNotPositive):
        transferred(0)


def posted(event: str, *postings: Posting, reversed_by: str | None = None) -> Original:
    return Original(9, "A2025-9", "A", event, "2025-03-31", postings, reversed_by)


USED = posted("measure", Posting("own_funds", 100, 1, 1), Posting("own_funds", 50, 1, 2), Posting("measures", -150, 1))
SWEPT = posted("sweep", Posting("own_funds", 100, 1, 1), Posting("fund_available", -100, 1, 1))
BUDGETED = posted("appropriation", Posting("appropriation", 100), Posting("fund_available", -100))


def fund_with(ore: int) -> Fund:
    return Fund((Movement("2025-01-31", ore),))


def test_a_reversed_measure_fills_the_debt_and_goes_back_into_its_lots() -> None:
    draft = reversal(USED, own_funds(OLD, NEW, owed=30), fund_with(0), DAY, "Fel enhet")
    assert (draft.series, draft.booked_on, draft.event, draft.description) == ("A", DAY, "reversal", "Fel enhet")
    assert draft.corrects_id == 9
    assert moved(draft) == [
        ("measures", 1, None, 150),
        ("own_funds", 1, None, -30),
        ("own_funds", 1, 1, -70),
        ("own_funds", 1, 2, -50),
    ]


def test_a_reversed_sweep_takes_from_the_fund_what_it_still_has_of_each_lot() -> None:
    def taken_back(share: int, available: int) -> VoucherDraft:
        return reversal(SWEPT, own_funds(lot(1, "2024-01-31", 0, swept=share)), fund_with(available), DAY, "Fel dag")

    assert moved(taken_back(100, 100)) == [("own_funds", 1, 1, -100), ("fund_available", 1, 1, 100)]
    with pytest.raises(FundShort) as short:
        taken_back(100, 99)
    assert short.value.facts == {"available": "0.99", "missing": "0.01", "day": DAY}
    with pytest.raises(FundShort) as less:
        taken_back(60, 500)
    assert less.value.facts == {"available": "0.60", "missing": "0.40", "day": DAY}
    with pytest.raises(FundShort) as nothing:
        taken_back(-5, 500)
    assert nothing.value.facts == {"available": "0.00", "missing": "1.00", "day": DAY}


def test_a_reversed_appropriation_takes_the_budgets_money_out_again() -> None:
    draft = reversal(BUDGETED, None, fund_with(100), DAY, "Fel")
    assert moved(draft) == [("appropriation", None, None, -100), ("fund_available", None, None, 100)]
    with pytest.raises(FundShort):
        reversal(BUDGETED, None, fund_with(99), DAY, "Fel")


def test_what_is_taken_back_follows_a_merger() -> None:
    after = followed(replace(SWEPT, postings=(*SWEPT.postings, Posting("appropriation", 1))), {1: 2}.__getitem__)
    assert [posting.unit_id for posting in after.postings] == [2, 2, None]
    assert [posting.amount_ore for posting in after.postings] == [100, -100, 1]
    assert (after.code, after.unit_ids, SWEPT.unit_ids, BUDGETED.unit_ids) == ("A2025-9", [2], [1], [])


@pytest.mark.parametrize("event", ["measure", "sweep", "appropriation", "appropriation_returned"])
def test_these_are_reversed_once(event: str) -> None:
    require_reversible(posted(event))
    with pytest.raises(AlreadyReversed) as again:
        require_reversible(posted(event, reversed_by="A2025-10"))
    assert again.value.facts == {"voucher": "A2025-9", "reversal": "A2025-10"}


def test_the_rest_is_taken_back_by_its_own_command_or_never() -> None:
    with pytest.raises(NotReversible) as charge:
        require_reversible(posted("charge"))
    assert charge.value.code == "KV-REVERSE-KIND"
    assert charge.value.facts["command"] == "klimatvaxling batch undo ID"
    with pytest.raises(NeverReversible):
        require_reversible(posted("merge"))
