"""The shared fund and its grants: from application to final report, and a scheme that has nothing else."""

import pytest

from conftest import Books, trip
from test_own_funds import charge, refused


def fund(books: Books, *options: str) -> dict[str, int]:
    found = books.json("fund", *options)
    keys = ("opening", "available", "committed", "swept_in", "appropriated", "paid_out", "returned")
    sums = {key: found[f"{key}_ore"] for key in keys}
    parts = sums["opening"] + sums["swept_in"] + sums["appropriated"] + sums["returned"]
    assert sums["available"] == parts - sums["committed"] - sums["paid_out"]
    return {key: value for key, value in sums.items() if value}


def appropriate(books: Books, amount: str, booked_on: str = "2025-01-01") -> None:
    books.json("fund", "appropriate", "--amount", amount, "--decision", "KF § 1", "--booked-on", booked_on)


def apply(
    books: Books, amount: str, *options: str, unit: str = "SBF", day: str = "2025-02-01", kg: str = "1000"
) -> int:
    given = ("--unit", unit, "--title", "Laddstolpar", "--amount", amount, "--booked-on", day)
    benefit = ("--co2-reduction-kg", kg, "--lifetime-years", "10")
    if "--total-cost" not in options:
        options = (*options, "--total-cost", amount)
    return int(books.json("grant", "apply", *given, *benefit, *options)["id"])


def step(books: Books, word: str, grant: int, *options: str, day: str = "2025-03-01") -> list[str]:
    return list(books.json("grant", word, str(grant), *options, "--booked-on", day)["vouchers"])


def approve(books: Books, grant: int, amount: str, *options: str, day: str = "2025-03-01") -> list[str]:
    return step(books, "approve", grant, "--amount", amount, "--decision", "MN § 2", *options, day=day)


def report(books: Books, grant: int, used: str, day: str = "2025-06-01") -> list[str]:
    return step(
        books, "report", grant, "--used", used, "--actual-cost", "900", "--co2-reduction-kg", "800", day=day
    )  # fmt: skip


def test_a_grants_way_through_the_fund(books: Books) -> None:
    appropriate(books, "1000")
    grant = apply(books, "800", "--registration-number", "KS 2025/7")
    assert fund(books) == {"appropriated": 100000, "available": 100000}
    assert approve(books, grant, "700") == ["R2025-1"]
    assert fund(books) == {"appropriated": 100000, "available": 30000, "committed": 70000}
    assert step(books, "pay", grant, "--amount", "200", day="2025-04-01") == ["A2025-2"]
    assert step(books, "pay", grant, "--amount", "300", day="2025-05-01") == ["A2025-3"]
    assert fund(books) == {"appropriated": 100000, "available": 30000, "committed": 20000, "paid_out": 50000}
    assert report(books, grant, "450") == ["A2025-4", "R2025-2"]
    assert fund(books) == {"appropriated": 100000, "available": 55000, "paid_out": 50000, "returned": 5000}
    (listed,) = books.json("grant", "list", "--state", "reported")["grants"]
    found = {key: listed[key] for key in ("requested_ore", "approved_ore", "paid_ore", "returned_ore", "reserved_ore")}
    assert list(found.values()) == [80000, 70000, 50000, 5000, 0]
    assert (listed["co2_reduction_g"], listed["cost_ore_per_kg"]) == (1_000_000, 7)
    assert books.balance("SBF")["grants_paid_ore"] == 45000
    shown = books.json("grant", "show", str(grant))
    assert [(each["from"], each["to"]) for each in shown["steps"]] == [
        (None, "submitted"),
        ("submitted", "approved"),
        ("approved", "paying"),
        ("paying", "paying"),
        ("paying", "reported"),
    ]
    assert shown["outcome_co2_reduction_g"] == 800_000
    assert all(each["registered_by"] and each["registered_at"] for each in shown["steps"])
    books.sound()


def test_the_books_of_a_past_day_know_only_the_steps_until_then(books: Books) -> None:
    appropriate(books, "1000")
    grant = apply(books, "800")
    approve(books, grant, "800")
    assert books.json("grant", "list", "--as-of", "2025-01-31")["grants"] == []
    assert books.json("grant", "list", "--as-of", "2025-02-28")["grants"][0]["state"] == "submitted"
    assert fund(books, "--as-of", "2025-02-28") == {"appropriated": 100000, "available": 100000}


MOVES = {
    "approve": ("--amount", "10", "--decision", "MN"),
    "reject": ("--reason", "nej", "--decision", "MN"),
    "withdraw": (),
    "pay": ("--amount", "4"),
    "report": ("--used", "0", "--actual-cost", "0", "--co2-reduction-kg", "0"),
}
WAYS = {
    "submitted": ((), {"approve", "reject", "withdraw"}),
    "approved": (("approve",), {"pay", "withdraw", "report"}),
    "rejected": (("reject",), set()),
    "withdrawn": (("withdraw",), set()),
    "paying": (("approve", "pay"), {"pay", "report"}),
    "reported": (("approve", "report"), set()),
}


@pytest.mark.parametrize("state", WAYS)
@pytest.mark.parametrize("move", MOVES)
def test_every_state_allows_its_own_moves_and_no_other(books: Books, state: str, move: str) -> None:
    appropriate(books, "1000")
    grant = apply(books, "20")
    way, allowed = WAYS[state]
    for word in way:
        step(books, word, grant, *MOVES[word])
    if move in allowed:
        step(books, move, grant, *MOVES[move])
        books.sound()
    else:
        assert "KV-GRANT-STATE" in refused(books, "grant", move, str(grant), *MOVES[move], "--booked-on", "2025-03-01")


def test_approval_is_never_more_than_there_is_nor_than_was_asked_for(books: Books) -> None:
    appropriate(books, "100")
    grant = apply(books, "200")
    ask = ("grant", "approve", str(grant), "--decision", "MN", "--booked-on", "2025-03-01", "--amount")
    assert "KV-FUND-SHORT" in refused(books, *ask, "100,01")
    assert "KV-GRANT-APPROVAL" in refused(books, *ask, "200,01")
    approve(books, grant, "100")
    second = apply(books, "1")
    assert "KV-FUND-SHORT" in refused(books, "grant", "approve", str(second), "--amount", "0,01", "--decision", "MN")


def test_an_approval_dated_back_cannot_take_money_that_is_taken_later(books: Books) -> None:
    appropriate(books, "100")
    books.json("fund", "return", "--amount", "60", "--decision", "KF § 9", "--booked-on", "2025-06-01")
    grant = apply(books, "100")
    early = ("--amount", "41", "--decision", "MN", "--booked-on", "2025-03-01")
    assert "40.00 kr available" in refused(books, "grant", "approve", str(grant), *early)


def test_payments_never_exceed_the_approval(books: Books) -> None:
    appropriate(books, "1000")
    grant = apply(books, "100")
    approve(books, grant, "90")
    step(books, "pay", grant, "--amount", "60")
    pay = ("grant", "pay", str(grant), "--booked-on", "2025-03-02", "--amount")
    assert "30.00 kr that are left" in refused(books, *pay, "30,01")
    used = ("--used", "60,01", "--actual-cost", "1", "--co2-reduction-kg", "1", "--booked-on", "2025-03-02")
    assert books("grant", "report", str(grant), *used).code == 3


def test_no_step_is_booked_before_the_one_it_builds_on(books: Books) -> None:
    appropriate(books, "1000")
    grant = apply(books, "100")
    early = ("--amount", "10", "--decision", "MN", "--booked-on", "2025-01-31")
    assert "KV-BOOKED-EARLY" in refused(books, "grant", "approve", str(grant), *early)
    approve(books, grant, "100", day="2027-01-01")
    assert step(books, "pay", grant, "--amount", "10", day="2027-01-02")
    assert "KV-BOOKED-EARLY" in refused(books, "grant", "pay", str(grant), "--amount", "1", "--booked-on", "2027-01-01")


def test_whoever_registered_cannot_approve_where_a_second_person_is_required(books: Books) -> None:
    appropriate(books, "1000")
    grant = apply(books, "100")
    rule = ("policy", "set", "require_second_person", "on", "--from", "2025-01-01", "--decision", "KS 3")
    assert books(*rule).code == 0
    approval = ("grant", "approve", str(grant), "--amount", "1", "--decision", "MN")
    assert "KV-SECOND-PERSON" in refused(books, *approval)
    assert "second person" not in books("fund").out
    assert books.as_login("eva")(*approval, "--dry-run").code == 0
    assert books("policy", "set", "require_second_person", "off", "--decision", "KS 4").code == 0
    assert "No second person is required" in books("fund").out
    books.json(*approval)


def test_an_approval_dated_back_is_under_todays_rule_of_a_second_person(books: Books) -> None:
    appropriate(books, "1000")
    grant = apply(books, "100")
    assert books("policy", "set", "require_second_person", "on", "--decision", "KS 3").code == 0
    dated_back = ("--amount", "1", "--decision", "MN", "--booked-on", "2025-03-01")
    assert "KV-SECOND-PERSON" in refused(books, "grant", "approve", str(grant), *dated_back)


def test_only_administrations_may_apply_unless_it_is_decided_otherwise(books: Books) -> None:
    given = ("grant", "apply", "--unit", "ELN", "--title", "T", "--amount", "1", "--total-cost", "1")
    benefit = ("--co2-reduction-kg", "1", "--lifetime-years", "1")
    assert "KV-GRANT-KIND" in refused(books, *given, *benefit)
    rule = ("policy", "set", "grant_kinds", "company, administration", "--from", "2025-01-01", "--decision", "KS")
    assert books(*rule).code == 0
    appropriate(books, "10")
    approve(books, (grant := apply(books, "1", unit="ELN")), "1")
    assert step(books, "pay", grant, "--amount", "1") == ["B2025-1"]


def test_a_grant_covers_at_most_the_decided_share_of_the_cost(books: Books) -> None:
    assert books("policy", "set", "grant_share", "90 %", "--from", "2025-01-01", "--decision", "Örebro").code == 0
    given = ("grant", "apply", "--unit", "SBF", "--title", "T", "--co2-reduction-kg", "1", "--lifetime-years", "1")
    over = books(*given, "--amount", "90,01", "--total-cost", "100", "--booked-on", "2025-02-01")
    assert (over.code, "KV-GRANT-SHARE" in over.err) == (3, True)
    assert apply(books, "90", "--total-cost", "100") == 1


def test_with_rounds_applications_are_taken_in_them_only(books: Books) -> None:
    assert apply(books, "1", day="2024-12-01") == 1  # no round defined: any time
    books("grant", "round", "open", "2025-1", "--from", "2025-02-01", "--to", "2025-02-28")
    given = ("grant", "apply", "--unit", "SBF", "--title", "T", "--amount", "1", "--total-cost", "1")
    benefit = ("--co2-reduction-kg", "1", "--lifetime-years", "1", "--booked-on")
    for day in ("2025-01-31", "2025-03-01"):
        assert "KV-ROUND-NONE-OPEN" in refused(books, *given, *benefit, day)
    for day in ("2025-02-01", "2025-02-28"):
        assert books.json(*given, *benefit, day)["state"] == "submitted"
    assert books("grant", "round", "close", "2025-1", "--booked-on", "2025-02-15").code == 0
    assert "KV-ROUND-NONE-OPEN" in refused(books, *given, *benefit, "2025-02-15")
    assert [each["open"] for each in books.json("grant", "round", "list", "--as-of", "2025-02-10")["rounds"]] == [True]
    assert (
        books("policy", "set", "grant_outside_round", "allowed", "--from", "2025-01-01", "--decision", "KS").code == 0
    )
    assert books.json(*given, *benefit, "2025-02-15")["round"] is None
    assert {grant["round"] for grant in books.json("grant", "list")["grants"]} == {None, "2025-1"}


def test_applications_are_ranked_by_kronor_per_kilogram_and_by_points(books: Books) -> None:
    dear, cheap, nothing = apply(books, "1000", kg="10"), apply(books, "1000", kg="100"), apply(books, "10", kg="0")
    books.json("grant", "score", str(dear), "climate_benefit=9", "Innovation=4", "--booked-on", "2025-02-02")
    books.json("grant", "score", str(cheap), "reach=3", "--booked-on", "2025-02-02")
    books.json("grant", "score", str(cheap), "reach=5", "--booked-on", "2025-02-03")
    by_cost = books.json("grant", "rank")["grants"]
    assert [(grant["id"], grant["cost_ore_per_kg"]) for grant in by_cost] == [
        (cheap, 100),
        (dear, 1000),
        (nothing, None),
    ]
    by_points = books.json("grant", "rank", "--by", "points")["grants"]
    assert [(grant["id"], grant["points"]) for grant in by_points] == [(dear, 13), (cheap, 5), (nothing, None)]
    weights = ("policy", "set", "grant_criteria", "reach:3", "--from", "2025-01-01", "--decision", "KS")
    assert books(*weights).code == 0
    assert books.json("grant", "rank", "--by", "points")["grants"][0]["points"] == 15
    assert books("grant", "score", str(dear), "charm=3").code == 3


def test_late_final_reports_are_reminded_of(books: Books) -> None:
    appropriate(books, "100")
    grant = apply(books, "50")
    approve(books, grant, "50", "--report-by", "2025-12-31", "--conditions", "Två offerter")
    assert books.json("grant", "overdue", "--as-of", "2025-12-31")["grants"] == []
    assert [each["id"] for each in books.json("grant", "overdue", "--as-of", "2026-01-01")["grants"]] == [grant]
    report(books, grant, "0", day="2026-01-02")
    assert books.json("grant", "overdue", "--as-of", "2026-02-01")["grants"] == []


def test_unused_budget_money_goes_back_but_never_what_is_reserved(books: Books) -> None:
    appropriate(books, "100")
    grant = apply(books, "70")
    approve(books, grant, "70")
    give = ("fund", "return", "--decision", "KF § 2", "--booked-on", "2025-04-01", "--amount")
    assert "30.00 kr available" in refused(books, *give, "30,01")
    books.json(*give, "30")
    assert fund(books) == {"appropriated": 7000, "committed": 7000}
    assert books("fund", "appropriate", "--amount", "1", "--decision", " ").code == 3


def opening(books: Books, *rows: str) -> tuple[object, ...]:
    file = books.text("opening.csv", "unit;lot_on;amount", *rows)
    return ("opening", "load", file, "--booked-on", "2025-01-01", "--decision", "KS 2024/99")


def test_a_scheme_that_already_runs_moves_in_with_its_lots_and_its_fund(books: Books) -> None:
    loaded = books.json(
        *opening(books, "SBF;2024-03-31;1 000,50", "SBF;2023-12-31;200", "FUND;;5 000", "ELN;2024-06-30;10")
    )
    assert (loaded["vouchers"], loaded["total_ore"]) == (["A2025-1", "A2025-2", "B2025-1", "A2025-3"], 621050)
    row = books.balance("SBF", as_of="2025-01-01")
    assert (row["opening_ore"], row["charged_ore"], row["own_funds_ore"], row["co2_g"]) == (120050, 0, 120050, 0)
    assert books.json("sweep", "--as-of", "2025-01-01")["units"][0]["lots"][0]["lot_on"] == "2023-12-31"
    assert fund(books) == {"opening": 500000, "swept_in": 20000, "available": 520000}
    assert "KV-OPENING-AGAIN" in refused(books, *map(str, opening(books, "SBF;2024-01-31;1")))
    books.sound()


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("XYZ;2024-01-31;1", "KV-UNIT-UNKNOWN"),
        ("SBF;2025-01-02;1", "KV-OPENING-FUTURE"),
        ("SBF;;1", "KV-OPENING-DATE"),
        ("SBF;2024-13-31;1", "KV-OPENING-CELL"),
        ("SBF;2024-01-31;mycket", "KV-OPENING-CELL"),
        ("SBF;2024-01-31;-1", "KV-AMOUNT-NOT-POSITIVE"),
    ],
)
def test_an_opening_row_that_cannot_be_right_refuses_the_whole_file(books: Books, row: str, code: str) -> None:
    arguments = opening(books, "SBF;2024-01-31;5", row)
    before = books.dump()
    outcome = books(*arguments)
    assert (outcome.code, code in outcome.err, "row 3" in outcome.err) == (3, True, True), outcome.err
    assert books.dump() == before


def test_climate_money_without_a_fee_runs_in_the_same_books(fresh_books: Books) -> None:
    """Eskilstuna's klimatmedel 2023: a budget appropriation and twelve projects (docs/klimatmedel.md)."""
    books = fresh_books
    fields = ("Stadsbyggnad", "Vård och omsorg", "Barn och utbildning")
    for number, name in enumerate(fields, start=1):
        books("unit", "add", f"F{number}", "--name", name, "--kind", "administration")
    appropriate(books, "6 000 000", "2023-01-01")
    books("grant", "round", "open", "2023", "--from", "2023-01-01", "--to", "2023-02-28")
    areas = ("travel", "energy", "travel", "consumption", "carbon_storage", "consumption", "carbon_storage")
    projects = [*areas, "consumption", "construction", "consumption", "construction", "carbon_storage"]
    grants = [
        apply(books, "500 000", "--focus-area", area, unit=f"F{number % 3 + 1}", day="2023-02-01")
        for number, area in enumerate(projects)
    ]
    for grant in grants:
        approve(books, grant, "500 000", "--report-by", "2024-01-31", day="2023-03-15")
    assert fund(books) == {"appropriated": 600_000_000, "committed": 600_000_000}
    for grant in grants:
        step(books, "pay", grant, "--amount", "500 000", day="2023-06-01")
    for grant in grants[:11]:
        report(books, grant, "490 000", day="2024-01-15")
    assert [late["id"] for late in books.json("grant", "overdue", "--as-of", "2024-02-01")["grants"]] == [12]
    books.json("fund", "return", "--amount", "110 000", "--decision", "KF 2024 § 5", "--booked-on", "2024-02-15")
    assert fund(books) == {"appropriated": 589_000_000, "paid_out": 600_000_000, "returned": 11_000_000}
    total = books.json("balance", "--as-of", "2024-12-31")["total"]
    assert {key: value for key, value in total.items() if value} == {"grants_paid_ore": 589_000_000}
    books.sound()


def test_what_a_unit_lost_can_be_granted_back_to_it(books: Books) -> None:
    charge(books, "2024-01-31", 100)
    books.json("sweep", "--as-of", "2025-02-01")
    grant = apply(books, "150")
    approve(books, grant, "150")
    step(books, "pay", grant, "--amount", "150")
    found = books.json("statement", "--unit", "SBF", "--as-of", "2025-12-31")
    assert [(entry["event"], entry["amount_ore"], entry["grant_ore"]) for entry in found["entries"]] == [
        ("charge", 15000, None),
        ("sweep", -15000, None),
        ("grant_paid", None, 15000),
    ]
    books.take(trip("later"))
    assert fund(books) == {"swept_in": 15000, "paid_out": 15000}
