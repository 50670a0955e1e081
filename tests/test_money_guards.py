"""Money that is not there: the database refuses it by itself, and `check` finds it where the guards were taken away.

The books here: SBF has a lot of 300 kr, of which 100 kr were used and 200 kr were swept; BUF owes 30 kr. The fund got
1 000 kr more, granted 400 kr, paid 250 kr of them and got 50 kr back.
"""

from collections.abc import Callable, Sequence

import pytest

from conftest import REFUSED, Books, Kept, trip

# (account, öre, unit, lot's voucher, grant)
Line = tuple[str, int, int | None, int | None]
SBF, BUF = 1, 2


def live(books: Books) -> None:
    booked = "--booked-on"
    books.take(trip("a", date="2025-01-10", co2_fossil_kg="200"), options=[booked, "2025-01-31"])
    books.take(
        trip("b", date="2025-01-10", unit="BUF", co2_fossil_kg="-20"), name="b.csv", options=[booked, "2025-01-31"]
    )
    books.json(
        "measure",
        "add",
        "--unit",
        "SBF",
        "--amount",
        "100",
        "--title",
        "Cyklar",
        "--reference",
        "F 1",
        booked,
        "2025-02-01",
    )
    books.json("sweep", "--as-of", "2026-02-01")
    books.json("fund", "appropriate", "--amount", "1000", "--decision", "KF", booked, "2026-02-02")
    apply = ("grant", "apply", "--unit", "SBF", "--title", "Laddstolpar", "--total-cost", "900")
    benefit = ("--co2-reduction-kg", "10", "--lifetime-years", "10", booked, "2026-02-03")
    books.json(*apply, "--amount", "400", *benefit)
    books.json("grant", "approve", "1", "--amount", "400", "--decision", "KS § 1", booked, "2026-02-04")
    books.json("grant", "pay", "1", "--amount", "250", booked, "2026-02-05")
    books.json(
        "grant", "report", "1", "--used", "200", "--actual-cost", "800", "--co2-reduction-kg", "9", booked, "2026-02-06"
    )
    books.json(*apply, "--amount", "300", *benefit)
    books.json("grant", "approve", "2", "--amount", "300", "--decision", "KS § 2", booked, "2026-02-04")
    books.take(
        trip("c", date="2026-01-10", unit="ELN", co2_fossil_kg="40"), name="c.csv", options=[booked, "2026-01-31"]
    )
    books.take(
        trip("c", date="2026-01-10", unit="ELN", co2_fossil_kg="50"),
        name="d.csv",
        options=["--amend", booked, "2026-02-28"],
    )
    books.take(
        trip("e", date="2026-01-11", unit="ELN", co2_fossil_kg="7"), name="e.csv", options=[booked, "2026-01-31"]
    )
    books.json("batch", "undo", "5", booked, "2026-03-01")
    books.sound()


@pytest.fixture
def history(once: Kept) -> Books:
    return once("money", live)


def lot_of(books: Books, unit: int) -> int:
    return int(books.sql("SELECT min(voucher_id) FROM lot WHERE unit_id = ?", unit)[0][0])


def slip_in(
    books: Books, booked_on: str, lines: Sequence[Line], grant: int | None = None, event: str = "measure"
) -> None:
    """A balanced voucher, the next in chain and series, as somebody with the file and a database tool would write it."""
    (key, series_end, head) = books.sql(
        "SELECT max(id) + 1, (SELECT coalesce(max(number), 0) + 1 FROM voucher WHERE series = 'A' AND fiscal_year = ?),"
        " (SELECT hash FROM voucher ORDER BY id DESC LIMIT 1) FROM voucher",
        int(booked_on[:4]),
    )[0]
    names = ("account", "amount_ore", "unit_id", "lot_id")
    postings = [
        ("posting", {"voucher_id": key, "line": number} | dict(zip(names, line, strict=True)))
        for number, line in enumerate(lines, start=1)
    ]
    year = int(booked_on[:4])
    voucher = {
        "id": key, "code": f"A{year}-{series_end}", "series": "A", "fiscal_year": year, "number": series_end,
        "booked_on": booked_on, "registered_at": "2999-01-01T00:00:00.000000Z", "event": event, "description": "",
        "made_by": "x", "evidence": "", "application_id": grant, "nonce": "0" * 32, "previous_hash": head,
        "hash": "f" * 64,
    }  # fmt: skip
    books.add_together(*postings, ("voucher", voucher))


def measure(lot: int, ore: int, unit: int = SBF) -> list[Line]:
    return [("own_funds", ore, unit, lot), ("measures", -ore, unit, None)]


# What cannot be there: the day, how it is written, and the guard that refuses it.
OVERDRAWN = {
    "a lot": ("2027-01-01", lambda lot: measure(lot, 1), None, "lot_is_never_overdrawn"),
    "a lot on a later day": ("2025-03-01", lambda lot: measure(lot, 1), None, "lot_is_never_overdrawn"),
    "a lot before it was there": ("2025-01-30", lambda lot: measure(lot, 1), None, "lot_is_never_overdrawn"),
    "what the fund got from a lot": (
        "2027-01-01",
        lambda lot: [("fund_available", 20001, SBF, lot), ("fee_expense", -20001, SBF, None)],
        None,
        "lot_is_never_overdrawn",
    ),
    "what the fund got from a lot, before it got it": (
        "2026-01-31",
        lambda lot: [("fund_available", 1, SBF, lot), ("fee_expense", -1, SBF, None)],
        None,
        "lot_is_never_overdrawn|fund_is_never_overdrawn",
    ),
    "a debt": (
        "2027-01-01",
        lambda _: [("own_funds", -3001, BUF, None), ("fee_expense", 3001, BUF, None)],
        None,
        "debt_is_never_overfilled",
    ),
    "a debt before it was there": (
        "2025-01-30",
        lambda _: [("own_funds", -1, BUF, None), ("fee_expense", 1, BUF, None)],
        None,
        "debt_is_never_overfilled",
    ),
    "a debt of a unit that has none": (
        "2027-01-01",
        lambda _: [("own_funds", -1, SBF, None), ("fee_expense", 1, SBF, None)],
        None,
        "debt_is_never_overfilled",
    ),
    "the fund": (
        "2027-01-01",
        lambda _: [("fund_available", 70001, None, None), ("appropriation", -70001, None, None)],
        None,
        "fund_is_never_overdrawn",
    ),
    "the fund on a later day": (
        "2026-02-02",
        lambda _: [("fund_available", 60000, None, None), ("appropriation", -60000, None, None)],
        None,
        "fund_is_never_overdrawn",
    ),
    "the fund before anything came in": (
        "2026-01-01",
        lambda _: [("fund_available", 1, None, None), ("appropriation", -1, None, None)],
        None,
        "fund_is_never_overdrawn",
    ),
    "a grant": (
        "2027-01-01",
        lambda _: [("fund_committed", 30001, None, None), ("grants_paid", -30001, SBF, None)],
        2,
        "grant_is_never_overpaid",
    ),
    "a grant that is closed": (
        "2027-01-01",
        lambda _: [("fund_committed", 1, None, None), ("grants_paid", -1, SBF, None)],
        1,
        "grant_is_never_overpaid",
    ),
    "a grant before it was approved": (
        "2026-02-03",
        lambda _: [("fund_committed", 1, None, None), ("grants_paid", -1, SBF, None)],
        2,
        "grant_is_never_overpaid",
    ),
    "no grant at all": (
        "2027-01-01",
        lambda _: [("fund_committed", 1, None, None), ("grants_paid", -1, SBF, None)],
        None,
        "grant_is_never_overpaid",
    ),
}


@pytest.mark.parametrize(("day", "lines", "grant", "guard"), OVERDRAWN.values(), ids=OVERDRAWN.keys())
def test_what_is_not_there_cannot_be_taken(
    history: Books, day: str, lines: Callable[[int], list[Line]], grant: int | None, guard: str
) -> None:
    with pytest.raises(REFUSED, match=guard):
        slip_in(history, day, lines(lot_of(history, SBF)), grant)


@pytest.mark.parametrize(
    ("day", "lines", "grant"),
    [
        ("2027-01-01", [("own_funds", -3000, BUF, None), ("fee_expense", 3000, BUF, None)], None),
        ("2027-01-01", [("fund_available", 70000, None, None), ("appropriation", -70000, None, None)], None),
        ("2027-01-01", [("fund_committed", 30000, None, None), ("grants_paid", -30000, SBF, None)], 2),
    ],
    ids=["a debt", "the fund", "a grant"],
)
def test_the_last_krona_can_be_taken(history: Books, day: str, lines: list[Line], grant: int | None) -> None:
    slip_in(history, day, lines, grant)


@pytest.mark.parametrize(
    ("changes", "guard"),
    [
        ({"state_before": "approved", "state": "rejected"}, "step_allowed"),
        ({"state_before": "submitted", "state": "withdrawn"}, "step_follows_the_one_before"),
        ({"number": 4}, "step_follows_the_one_before"),
        ({"number": 2}, "KV-POSTED|step_follows_the_one_before"),
        ({"stepped_on": "2026-02-03"}, "step_follows_the_one_before"),
        ({"application_id": 1}, "step_follows_the_one_before|KV-POSTED"),
    ],
    ids=str,
)
def test_a_grants_step_out_of_order_is_refused(history: Books, changes: dict[str, object], guard: str) -> None:
    step = {
        "application_id": 2,
        "number": 3,
        "state_before": "approved",
        "state": "withdrawn",
        "stepped_on": "2026-03-01",
    }
    values = dict.fromkeys(("decision", "reason", "conditions", "registered_at", "registered_by"), "") | step
    with pytest.raises(REFUSED, match=guard):
        history.add("grant_step", **(values | changes))
    history.add("grant_step", **values)


def test_a_trip_is_not_taken_back_twice_nor_restored_twice(history: Books) -> None:
    """Behind the seal of a batch nothing is taken back at all; before it, once."""
    (taken_back,) = history.rows("SELECT trip_row_id, charge_id FROM trip_reversal WHERE sign = -1 ORDER BY id LIMIT 1")

    def reverse(sign: int) -> None:
        history.add("trip_reversal", **taken_back, sign=sign)

    with pytest.raises(REFUSED, match="trip_"):
        reverse(-1)
    history.without_trigger("trip_reversal_before_its_seal", "trip_reversal")
    for sign in (-1, 2, 0):
        with pytest.raises(REFUSED):
            reverse(sign)
    reverse(1)
    with pytest.raises(REFUSED, match="in_turn"):
        reverse(1)


def failed(books: Books) -> dict[str, str]:
    """The checks that fail, with whom they name."""
    outcome = books("check", "--format", "json")
    assert outcome.code == 4, outcome
    return {check["name"]: " ".join(check["offending"]) for check in outcome.json["checks"] if not check["ok"]}


CHECKED = {
    "lot_is": "own_funds_are_lots_less_debt",
    "debt_is": "own_funds_are_lots_less_debt",
    "grant_is": "grants_are_never_overpaid",
}


@pytest.mark.parametrize(("day", "lines", "grant", "guard"), OVERDRAWN.values(), ids=OVERDRAWN.keys())
def test_where_the_guards_are_gone_the_checks_find_it(
    history: Books, day: str, lines, grant: int | None, guard: str
) -> None:  # type: ignore[no-untyped-def]
    history.without_triggers()
    drawn = lines(lot_of(history, SBF))
    slip_in(history, day, drawn, grant)
    name = "fund_is_never_overdrawn" if drawn[0][0] == "fund_available" else CHECKED[guard.split("_never")[0]]
    named = {
        "own_funds": "lot:A2025-1" if drawn[0][3] else "unit:",
        "fund_available": "fund",
        "fund_committed": "grant:",
    }
    assert named[drawn[0][0]] in failed(history)[name]


MEASURES, MIRRORS = "measures_have_their_vouchers", "undone_charges_are_mirrored"
STEPS, VOUCHERS = "grant_steps_follow_each_other", "grants_are_as_their_vouchers_say"
TRIPS = "trips_are_charged_at_most_once"


def step_with(change: str, grant: int, number: int) -> str:
    return f"UPDATE grant_step SET {change} WHERE application_id = {grant} AND number = {number}"


# What was changed in registers that no chain covers: the check and whom it names.
CHANGED = {
    "a measure without its voucher": (
        "INSERT INTO measure SELECT 99, unit_id, title, focus_area, co2_reduction_g, reference FROM measure",
        MEASURES,
        "measure:99",
    ),
    "a measure deleted": ("DELETE FROM measure", MEASURES, "A2025-"),
    "a measure moved to another unit": ("UPDATE measure SET unit_id = 2", MEASURES, "A2025-"),
    "a measure with another title": ("UPDATE measure SET title = 'Resa'", MEASURES, "A2025-"),
    "a measure with another reference": ("UPDATE measure SET reference = 'F 2'", MEASURES, "A2025-"),
    "approved more": (step_with("amount_ore = 40001", 1, 2), VOUCHERS, "grant:1"),
    "paid less": (step_with("amount_ore = 24999", 1, 3), VOUCHERS, "grant:1"),
    "used all": (step_with("amount_ore = 25000", 1, 4), VOUCHERS, "grant:1"),
    "decided otherwise": (step_with("decision = 'KS § 9'", 2, 2), VOUCHERS, "grant:2"),
    "approved another day": (step_with("stepped_on = '2026-02-03'", 2, 2), VOUCHERS, "grant:2"),
    "a step deleted": ("DELETE FROM grant_step WHERE application_id = 2 AND number = 2", VOUCHERS, "grant:2"),
    "a step in the middle deleted": (
        "DELETE FROM grant_step WHERE application_id = 1 AND number = 2",
        STEPS,
        "grant:1",
    ),
    "a step before the one before": (step_with("stepped_on = '2026-02-01'", 1, 4), STEPS, "grant:1"),
    "an application without steps": ("DELETE FROM grant_step WHERE application_id = 2", STEPS, "grant:2"),
    "an application deleted": ("DELETE FROM application WHERE id = 2", VOUCHERS, "grant:2"),
    "a voucher without its grant": (
        "UPDATE voucher SET application_id = NULL WHERE event = 'grant_paid'",
        VOUCHERS,
        "grant:",
    ),
    "a trip restored": ("UPDATE trip_reversal SET sign = 1 WHERE id = 1", TRIPS, "trip:standard/c"),
    "a trip not taken back": ("DELETE FROM trip_reversal WHERE id = 1", TRIPS, "trip:standard/c"),
    "a trip taken back twice": (
        "INSERT INTO trip_reversal SELECT 99, trip_row_id, charge_id, sign FROM trip_reversal WHERE id = 1",
        TRIPS,
        "trip:standard/c",
    ),
    "a mirrored line of another category": (
        "UPDATE charge SET category = 'taxi' WHERE mirrors_id IS NOT NULL",
        MIRRORS,
        "charge:",
    ),
    "a mirrored line of another line": (
        "UPDATE charge SET mirrors_id = 1 WHERE mirrors_id IS NOT NULL",
        MIRRORS,
        "charge:",
    ),
    "a line that mirrors nothing": ("UPDATE charge SET mirrors_id = NULL", MIRRORS, "charge:"),
    "a mirrored amount": (
        "UPDATE posting SET amount_ore = amount_ore + 1 WHERE charge_id = (SELECT max(id) FROM charge)",
        MIRRORS,
        "charge:",
    ),
    "another part in the fund": (
        "UPDATE posting SET account = 'measures' WHERE account = 'appropriation'",
        "fund_adds_up",
        "A2026-",
    ),
}


@pytest.mark.parametrize(("statement", "name", "named"), CHANGED.values(), ids=CHANGED.keys())
def test_what_was_changed_is_found_and_named(history: Books, statement: str, name: str, named: str) -> None:
    history.without_triggers()
    history.sql(statement)
    assert named in failed(history)[name]
