"""Corrections: reversals, amended trips, batches undone; whose money a lowered charge takes, in which order."""

from typing import Any

import pytest

from conftest import Books, trip
from klimatvaxling.charges.charge import ChargeKey
from klimatvaxling.charges.correction import amendment_voucher, lowered_charge, undone_postings
from klimatvaxling.charges.voucher import ChargeLine
from klimatvaxling.fund.fund import Fund
from klimatvaxling.ledger.voucher import Posting
from klimatvaxling.lots.lot import Lot, Movement
from klimatvaxling.lots.own_funds import OwnFunds
from klimatvaxling.units.unit import Unit
from test_own_funds import charge, refused, use


def amend(books: Books, *rows: dict[str, object], booked_on: str) -> list[str]:
    """The same trips with other content; gives the vouchers."""
    return list(books.take(*rows, name="again.csv", options=["--amend", "--booked-on", booked_on])["vouchers"])


def lines(books: Books, voucher: str) -> list[tuple[str, str | None, int]]:
    return [
        (line["account"], line["lot"], line["amount_ore"]) for line in books.json("voucher", "show", voucher)["lines"]
    ]


def test_a_reversed_measure_goes_back_into_the_lots_it_came_from(books: Books) -> None:
    charge(books, "2025-01-31", 100)
    charge(books, "2025-02-28", 100)
    use(books, "2025-03-01", "200")
    made = books.json("voucher", "reverse", "a2025-3", "--reason", "Fel enhet", "--booked-on", "2025-03-05")
    assert made["vouchers"] == ["A2025-4"]
    assert books.own_funds("SBF") == {"A2025-1": 15000, "A2025-2": 15000}
    row = books.balance("SBF", as_of="2025-03-05")
    assert (row["spent_ore"], row["own_funds_ore"]) == (0, 30000)
    assert books.json("voucher", "show", "A2025-4")["corrects"] == "A2025-3"
    assert books.json("voucher", "show", "A2025-3")["corrected_by"] == "A2025-4"
    assert "KV-REVERSED-ALREADY" in refused(books, "voucher", "reverse", "A2025-3", "--reason", "igen")
    assert "KV-REVERSE-NEVER" in refused(books, "voucher", "reverse", "A2025-4", "--reason", "igen")
    books.sound()


def test_a_reversal_is_never_booked_before_what_it_reverses(books: Books) -> None:
    charge(books, "2025-01-31", 100)
    use(books, "2025-03-01", "50")
    early = ("voucher", "reverse", "A2025-2", "--reason", "x", "--booked-on", "2025-02-28")
    assert "KV-BOOKED-EARLY" in refused(books, *early)


def test_a_reversed_measure_fills_a_debt_first(books: Books) -> None:
    charge(books, "2025-01-31", 100)
    use(books, "2025-02-01", "150")
    books.take(trip("credit", date="2025-03-07", co2_fossil_kg="-40"))  # nothing left: a debt of 60 kr
    assert books.own_funds("SBF") == {None: -6000}
    books.json("voucher", "reverse", "A2025-2", "--reason", "Fel", "--booked-on", "2025-04-01")
    assert books.own_funds("SBF") == {"A2025-1": 9000}
    books.sound()


def test_a_sweep_is_reversed_as_far_as_the_fund_still_has_the_money(books: Books) -> None:
    charge(books, "2025-01-31", 100)
    books.json("sweep", "--as-of", "2026-02-01")
    apply(books, "150")
    books.json("grant", "approve", "1", "--amount", "100", "--decision", "MN", "--booked-on", "2026-02-02")
    reverse = ("voucher", "reverse", "A2026-1", "--reason", "Fel dag", "--booked-on", "2026-02-03")
    assert "KV-FUND-SHORT" in refused(books, *reverse)
    books.json("grant", "withdraw", "1", "--booked-on", "2026-02-03")
    books.json(*reverse)
    assert books.own_funds("SBF") == {"A2025-1": 15000}
    assert books.json("fund")["swept_in_ore"] == 0
    books.sound()


def apply(books: Books, amount: str, booked_on: str = "2026-02-01") -> None:
    given = ("--unit", "SBF", "--title", "Laddstolpar", "--amount", amount, "--total-cost", amount)
    books.json("grant", "apply", *given, "--co2-reduction-kg", "10", "--lifetime-years", "5", "--booked-on", booked_on)


@pytest.mark.parametrize(
    ("voucher", "command"), [("A2025-1", "batch undo"), ("R2026-1", "grant withdraw"), ("A2026-2", "grant report")]
)
def test_what_has_a_command_of_its_own_is_not_reversed_and_names_it(books: Books, voucher: str, command: str) -> None:
    charge(books, "2025-01-31", 1000)
    books.json("sweep", "--as-of", "2026-02-01")
    apply(books, "100")
    books.json("grant", "approve", "1", "--amount", "100", "--decision", "MN", "--booked-on", "2026-02-02")
    books.json("grant", "pay", "1", "--amount", "100", "--booked-on", "2026-02-03")
    assert command in refused(books, "voucher", "reverse", voucher, "--reason", "x")


def test_a_lowered_charge_takes_from_its_own_lot_first(books: Books) -> None:
    charge(books, "2025-01-31", 100)
    code = charge(books, "2025-02-28", 100)
    (made,) = amend(books, trip("SBF-2025-02-28-100", date="2025-02-28", co2_fossil_kg=40), booked_on="2025-03-01")
    assert lines(books, made) == [("fee_expense", None, -9000), ("own_funds", code, 9000)]
    assert books.own_funds("SBF") == {"A2025-1": 15000, "A2025-2": 6000}
    books.sound()


def test_then_from_what_the_fund_got_from_that_lot_then_from_other_lots_and_last_it_is_a_debt(books: Books) -> None:
    row = trip("SBF-2025-01-31-100", date="2025-01-31", co2_fossil_kg=5)
    charge(books, "2025-01-31", 100)
    use(books, "2025-02-01", "50")
    books.json("sweep", "--as-of", "2026-02-01")  # 100 kr of the lot are in the fund
    charge(books, "2026-02-28", 20)  # 30 kr in another lot
    (made,) = amend(books, row, booked_on="2026-03-01")  # 142.50 kr less
    assert lines(books, made) == [
        ("fee_expense", None, -14250),
        ("fund_available", "A2025-1", 10000),
        ("own_funds", "A2026-2", 3000),
        ("own_funds", None, 1250),
    ]
    balance = books.balance("SBF", as_of="2026-03-01")
    assert (balance["swept_ore"], balance["own_funds_ore"]) == (0, -1250)
    assert books.json("fund")["available_ore"] == 0
    charge(books, "2026-03-31", 10)  # 15 kr: the debt first
    assert books.own_funds("SBF") == {"A2026-4": 250}
    books.sound()


def test_the_fund_gives_back_as_far_as_it_has_it_available_in_the_order_of_unit_codes(books: Books) -> None:
    for unit in ("SBF", "BUF"):
        charge(books, "2025-01-31", 100, unit)
    books.json("sweep", "--as-of", "2026-02-01")
    apply(books, "200")
    books.json("grant", "approve", "1", "--amount", "100", "--decision", "MN", "--booked-on", "2026-02-02")
    fewer = [trip(f"{unit}-2025-01-31-100", date="2025-01-31", unit=unit, co2_fossil_kg=0) for unit in ("SBF", "BUF")]
    first, second = amend(books, *fewer, booked_on="2026-03-01")
    assert [line for line in lines(books, first) if line[0] == "fund_available"] == [
        ("fund_available", "A2025-2", 15000)
    ]
    assert books.json("voucher", "show", first)["lines"][0]["unit"] == "BUF"
    assert lines(books, second)[1:] == [("fund_available", "A2025-1", 5000), ("own_funds", None, 10000)]
    assert books.json("fund")["available_ore"] == 0
    books.sound()


def test_a_raised_charge_is_a_lot_of_its_own(books: Books) -> None:
    charge(books, "2025-01-31", 100)
    (made,) = amend(books, trip("SBF-2025-01-31-100", date="2025-01-31", co2_fossil_kg=120), booked_on="2025-03-01")
    assert books.own_funds("SBF") == {"A2025-1": 15000, made: 3000}
    assert books.json("sweep", "--as-of", "2026-02-01")["total_ore"] == 15000
    books.sound()


def test_the_change_in_grams_is_rounded_once_per_category_and_rate(books: Books) -> None:
    rows = [trip(f"T{number}", co2_fossil_kg="0,001") for number in range(3)]
    books.take(*rows)
    changed = [row | {"co2_fossil_kg": "0,002"} for row in rows]
    (made,) = amend(books, *changed, booked_on="2025-04-01")
    assert lines(books, made)[0] == ("fee_expense", None, 0)  # 3 g × 150 öre ÷ 1000 = 0.45 öre
    assert books.balance("SBF")["co2_g"] == 6
    books.sound()


def test_an_amended_trip_can_move_to_another_unit_and_category(books: Books) -> None:
    books.take(trip("T1", co2_fossil_kg=100))
    vouchers = amend(books, trip("T1", unit="BUF", category="taxi", co2_fossil_kg=80), booked_on="2025-04-01")
    assert len(vouchers) == 2
    assert (books.balance("SBF")["charged_ore"], books.balance("SBF")["co2_g"]) == (0, 0)
    assert (books.balance("BUF")["charged_ore"], books.balance("BUF")["co2_g"]) == (12000, 80000)
    books.sound()


def test_other_content_is_refused_unless_it_is_to_be_amended_and_the_same_again_changes_nothing(books: Books) -> None:
    books.take(trip("T1"))
    outcome = books.refuse(trip("T1", co2_fossil_kg=11))
    assert (outcome.code, "KV-TRIP-CONFLICT" in outcome.err) == (4, True)
    amend(books, trip("T1", co2_fossil_kg=11), booked_on="2025-04-01")
    assert books.take(trip("T1", co2_fossil_kg=11))["rows_already_imported"] == 1
    amend(books, trip("T1", co2_fossil_kg=12), booked_on="2025-04-02")
    assert books.balance("SBF")["co2_g"] == 12000
    books.sound()


def test_an_undone_batch_leaves_nothing_and_its_trips_can_be_imported_again(books: Books) -> None:
    rows = [trip("T1"), trip("T2", unit="BUF"), trip("T3", date="2025-04-07")]
    first = books.take(*rows)
    undone = books.json("batch", "undo", first["batch"], "--reason", "Fel fil")
    assert (undone["charged_ore"], undone["co2_g"], len(undone["vouchers"])) == (-4500, -30000, 3)
    assert books.json("balance")["total"]["own_funds_ore"] == 0
    again = books.take(*rows)
    assert again["rows_posted"] == 3
    assert books.json("balance")["total"]["charged_ore"] == 4500
    books.sound()


def test_a_batch_is_undone_once(books: Books) -> None:
    batch = books.take(trip("T1"))["batch"]
    undo = books.json("batch", "undo", batch)["batch"]
    assert "KV-BATCH-UNDONE" in refused(books, "batch", "undo", str(batch))
    assert "KV-BATCH-IS-UNDOING" in refused(books, "batch", "undo", str(undo))
    assert books("batch", "undo", "99").code == 3


def test_a_batch_whose_trips_were_amended_since_is_undone_only_after_the_amendment(books: Books) -> None:
    first = books.take(trip("T1"), trip("T2"))["batch"]
    amended = books.take(trip("T1", co2_fossil_kg=4), name="b.csv", options=["--amend", "--booked-on", "2025-05-01"])
    assert f"batch undo {amended['batch']}" in refused(books, "batch", "undo", str(first))
    books.json("batch", "undo", amended["batch"])
    assert books.balance("SBF")["co2_g"] == 20000
    assert books.take(trip("T1"))["rows_already_imported"] == 1
    books.json("batch", "undo", first)
    row = books.balance("SBF")
    assert (row["co2_g"], row["charged_ore"], row["own_funds_ore"]) == (0, 0, 0)
    assert books.take(trip("T1", co2_fossil_kg=7))["rows_posted"] == 1
    books.sound()


def test_undoing_a_credit_fills_the_debt_first_and_then_the_lots_it_came_from(books: Books) -> None:
    charge(books, "2025-01-31", 100)
    use(books, "2025-02-01", "100")
    credit = books.take(trip("credit", date="2025-03-07", co2_fossil_kg="-60"))["batch"]  # 50 from the lot, 40 a debt
    assert books.own_funds("SBF") == {None: -4000}
    books.json("batch", "undo", credit, "--booked-on", "2025-04-01")
    assert books.own_funds("SBF") == {"A2025-1": 5000}
    books.sound()


def test_a_dry_run_of_a_correction_shows_its_vouchers_and_changes_nothing(books: Books) -> None:
    batch = books.take(trip("T1"))["batch"]
    before = books.dump()
    shown = books.json("batch", "undo", batch, "--dry-run")
    assert books.dump() == before
    assert books.json("batch", "undo", batch)["vouchers"] == shown["vouchers"]


def test_without_a_day_an_amendment_is_booked_as_its_trips_would_be(books: Books) -> None:
    books.take(trip("a", date="2025-01-07"), trip("b", date="2025-02-07"), trip("c", date="2025-01-08", unit="BUF"))
    fewer = [trip("a", date="2025-01-07", co2_fossil_kg=4), trip("c", date="2025-01-08", unit="BUF", co2_fossil_kg=4)]
    more = [*fewer, trip("b", date="2025-02-07", co2_fossil_kg=20)]
    vouchers = books.take(*more, name="again.csv", options=["--amend"])["vouchers"]
    booked = {books.json("voucher", "show", code)["booked_on"] for code in vouchers}
    assert booked == {"2025-01-31", "2025-02-28"}
    assert books.balance("BUF", as_of="2025-01-31")["charged_ore"] == 600
    assert books.balance("SBF", as_of="2025-01-31")["charged_ore"] == 1500
    assert books.balance("SBF", as_of="2025-02-28")["charged_ore"] == 3600
    books.sound()


def test_a_correction_for_a_closed_month_is_booked_on_the_first_open_day(books: Books) -> None:
    books.take(trip("a", date="2025-01-07"), trip("b", date="2025-02-07"))
    assert books("period", "close", "2025-01").code == 0
    (voucher,) = books.take(trip("a", date="2025-01-07", co2_fossil_kg=4), name="b.csv", options=["--amend"])[
        "vouchers"
    ]
    assert books.json("voucher", "show", voucher)["booked_on"] == "2025-02-01"
    early = books("import", books.folder / "b.csv", "--source", "standard", "--amend", "--booked-on", "2025-01-31")
    assert (early.code, "KV-PERIOD-CLOSED" in early.err) == (4, True)
    books.sound()


DAY = "2025-06-30"
SBF = Unit("SBF", "Samhälle", "administration", id=1)


def lot(key: int, left: int, *, swept: int = 0) -> Lot:
    """A lot with so much left, and so much of it in the shared fund."""
    moved = (Movement("2025-01-31", swept),) if swept else ()
    return Lot(key, "2025-01-31", (Movement("2025-01-31", left),), moved)


def own_funds(*lots: Lot, owed: int = 0) -> OwnFunds:
    debt = (Movement("2025-01-31", owed),) if owed else ()
    return OwnFunds(1, {each.id: each for each in lots}, debt)


def fund_with(ore: int) -> Fund:
    return Fund((Movement("2025-01-31", ore),))


def amended(change: int, funds: OwnFunds, falls: dict[int | None, int], in_fund: int = 0) -> list[tuple[str, Any, int]]:
    """A correction voucher for a change in öre; gives its postings as account, lot and öre."""
    line = ChargeLine(1, ChargeKey(1, "own_car", 1, DAY), change * 10, 100)
    draft = amendment_voucher([line], SBF, funds, fund_with(in_fund), falls, -1)
    return [(posting.account, posting.lot_id, posting.amount_ore) for posting in draft.postings]


def test_a_fall_is_shared_over_the_lots_by_how_much_the_trips_of_each_fell() -> None:
    assert amended(-300, own_funds(lot(1, 1000), lot(2, 1000)), {2: 100, 1: 200}) == [
        ("fee_expense", None, -300),
        ("own_funds", 1, 200),
        ("own_funds", 2, 100),
    ]


def test_a_lot_whose_trips_rose_gives_nothing_to_a_fall() -> None:
    assert amended(-300, own_funds(lot(1, 1000), lot(2, 1000)), {1: -500, 2: 1}) == [
        ("fee_expense", None, -300),
        ("own_funds", 2, 300),
    ]


def test_lots_come_before_charges_without_one_whatever_the_order_they_are_named_in() -> None:
    """The odd öre is the lot's; what had no lot starts at the other open lots."""
    assert amended(-301, own_funds(lot(1, 151), lot(2, 1000)), {None: 1, 1: 1}) == [
        ("fee_expense", None, -301),
        ("own_funds", 1, 151),
        ("own_funds", 2, 150),
    ]


def test_a_fall_by_rounding_alone_is_taken_from_the_oldest_lot() -> None:
    assert amended(-1, own_funds(lot(1, 10), lot(2, 10)), {}) == [("fee_expense", None, -1), ("own_funds", 1, 1)]


def test_a_rise_fills_what_is_owed_on_its_day_and_the_rest_is_its_own_lot() -> None:
    assert amended(300, own_funds(owed=100), {}) == [
        ("fee_expense", None, 300),
        ("own_funds", None, -100),
        ("own_funds", -1, -200),
    ]
    later = OwnFunds(1, {}, (Movement("2025-07-31", 100),))
    assert amended(300, later, {}) == [("fee_expense", None, 300), ("own_funds", -1, -300)]


@pytest.mark.parametrize(("change", "opens_lot_on", "of_unit"), [(300, DAY, 1), (0, DAY, 1), (-300, None, None)])
def test_only_what_does_not_fall_opens_a_lot(change: int, opens_lot_on: str | None, of_unit: int | None) -> None:
    line = ChargeLine(1, ChargeKey(1, "own_car", 1, DAY), change * 10, 100)
    draft = amendment_voucher([line], SBF, own_funds(lot(1, 1000)), fund_with(0), {1: 1}, -1)
    assert (draft.series, draft.booked_on, draft.event, draft.description) == ("A", DAY, "amendment", "")
    assert (draft.opens_lot_on, draft.lot_unit_id) == (opens_lot_on, of_unit)


def lowered(funds: OwnFunds, in_fund: int, *own: tuple[int | None, int]) -> list[tuple[str, int | None, int]]:
    postings = lowered_charge(funds, fund_with(in_fund), own, DAY)
    assert {posting.unit_id for posting in postings} <= {1}
    return [(posting.account, posting.lot_id, posting.amount_ore) for posting in postings]


def test_what_a_lot_lacks_comes_from_its_share_of_the_fund_as_far_as_the_fund_has_it() -> None:
    assert lowered(own_funds(lot(1, 100, swept=50)), 1000, (1, 120)) == [
        ("own_funds", 1, 100),
        ("fund_available", 1, 20),
    ]
    assert lowered(own_funds(lot(1, 100, swept=50), lot(2, 60)), 1000, (1, 215)) == [
        ("own_funds", 1, 100),
        ("fund_available", 1, 50),
        ("own_funds", 2, 60),
        ("own_funds", None, 5),
    ]
    assert lowered(own_funds(lot(1, 100, swept=50)), 30, (1, 140)) == [
        ("own_funds", 1, 100),
        ("fund_available", 1, 30),
        ("own_funds", None, 10),
    ]


def test_of_several_lots_the_first_is_given_back_what_the_fund_has_first() -> None:
    assert lowered(own_funds(lot(1, 0, swept=50), lot(2, 0, swept=50)), 70, (1, 50), (2, 50)) == [
        ("fund_available", 1, 50),
        ("fund_available", 2, 20),
        ("own_funds", None, 30),
    ]


def test_what_several_lots_lack_is_taken_together_from_what_is_left_in_the_others() -> None:
    assert lowered(own_funds(lot(1, 10), lot(2, 20), lot(3, 100)), 0, (1, 15), (2, 26), (None, 30)) == [
        ("own_funds", 1, 10),
        ("own_funds", 2, 20),
        ("own_funds", 3, 41),
    ]


def test_a_charge_without_a_lot_does_not_keep_the_others_from_theirs() -> None:
    assert lowered(own_funds(lot(1, 10), lot(2, 20)), 0, (None, 5), (2, 15)) == [
        ("own_funds", 2, 15),
        ("own_funds", 1, 5),
    ]


def test_the_fund_gives_nothing_back_of_a_lot_it_got_nothing_of() -> None:
    assert lowered(own_funds(lot(1, 10)), 1000, (1, 15)) == [("own_funds", 1, 10), ("own_funds", None, 5)]


def test_what_is_used_or_given_back_on_a_later_day_is_not_there() -> None:
    moved = (Movement("2025-01-31", 100), Movement("2025-07-31", -70))
    given = (Movement("2025-01-31", 100), Movement("2025-07-31", -80))
    funds = OwnFunds(1, {1: Lot(1, "2025-01-31", moved, given)})
    assert lowered(funds, 1000, (1, 60)) == [
        ("own_funds", 1, 30),
        ("fund_available", 1, 20),
        ("own_funds", None, 10),
    ]


def undone(
    original: list[Posting], change: int, lot_id: int | None, funds: OwnFunds, in_fund: int = 0
) -> tuple[list[tuple[str, int | None, int]], int]:
    """The own-funds side of undoing a voucher whose fee lines were `change` öre in all, and what is left over."""
    lines = [Posting("fee_expense", -change, 1, charge_id=1)]
    postings, left_over = undone_postings(original, lines, lot_id, funds, fund_with(in_fund), DAY)
    assert {posting.unit_id for posting in postings} == {1}
    return [(posting.account, posting.lot_id, posting.amount_ore) for posting in postings], left_over


def test_an_undone_charge_is_lowered_to_nothing() -> None:
    assert undone([], 300, 1, own_funds(lot(1, 300))) == ([("own_funds", 1, 300)], 0)
    assert undone([], 1, None, own_funds(lot(2, 1))) == ([("own_funds", 2, 1)], 0)
    assert undone([], 0, 1, own_funds(lot(1, 0))) == ([("own_funds", 1, 0)], 0)


def taken_by_a_credit() -> list[Posting]:
    """A credit of 300: 200 of its lot, 50 that the fund had of that lot, 50 carried as a debt."""
    return [
        Posting("fee_expense", -300, 1, charge_id=1),
        Posting("own_funds", 200, 1, lot_id=1),
        Posting("fund_available", 50, 1, lot_id=1),
        Posting("own_funds", 50, 1),
    ]


def test_an_undone_credit_fills_the_debt_it_made_and_goes_back_where_it_came_from() -> None:
    assert undone(taken_by_a_credit(), -300, None, own_funds(lot(1, 0), owed=50)) == (
        [("own_funds", None, -50), ("own_funds", 1, -200), ("own_funds", 1, -50)],
        0,
    )


def test_what_a_filled_debt_no_longer_needs_is_left_over_for_a_lot_of_its_own() -> None:
    assert undone(taken_by_a_credit(), -300, None, own_funds(lot(1, 0))) == (
        [("own_funds", 1, -200), ("own_funds", 1, -50)],
        50,
    )
    assert undone(taken_by_a_credit(), -300, None, own_funds(lot(1, 0), owed=20))[1] == 30


def test_an_undone_credit_that_made_no_debt_leaves_nothing_over() -> None:
    original = [Posting("fee_expense", -300, 1, charge_id=1), Posting("own_funds", 300, 1, lot_id=1)]
    assert undone(original, -300, None, own_funds(lot(1, 0))) == ([("own_funds", 1, -300)], 0)
