"""Reorganisations: what is left of a unit's lots moves with its age, and what comes later finds the successor."""

import pytest

from conftest import Books, trip
from test_fund_and_grants import apply, appropriate, approve, step
from test_own_funds import add, charge, refused, use


def merge(books: Books, *units: str, into: str = "BUF", day: str = "2025-07-01") -> list[str]:
    return list(
        books.json("unit", "merge", *units, "--into", into, "--booked-on", day, "--decision", "KF § 1")["vouchers"]
    )


def moved(books: Books, unit: str) -> tuple[int, int]:
    row = books.balance(unit, as_of="2026-12-31")
    return row["moved_ore"], row["own_funds_ore"]


def test_lots_move_with_their_ages(books: Books) -> None:
    charge(books, "2025-01-31", 100)
    charge(books, "2025-02-28", 100)
    charge(books, "2025-02-28", 10, "BUF")
    use(books, "2025-03-01", "50")
    assert merge(books, "SBF") == ["A2025-5"]
    assert (moved(books, "SBF"), moved(books, "BUF")) == ((-25000, 0), (25000, 26500))
    assert books.own_funds("BUF") == {"A2025-1": 10000, "A2025-2": 15000, "A2025-3": 1500}
    swept = books.json("sweep", "--as-of", "2026-02-01")
    assert [(unit["unit"], unit["amount_ore"]) for unit in swept["units"]] == [("BUF", 10000)]
    assert use(books, "2026-02-15", "160", "BUF") == [
        {"lot": "A2025-2", "amount_ore": 15000},
        {"lot": "A2025-3", "amount_ore": 1000},
    ]
    books.sound()


def test_a_debt_follows_and_the_successors_fees_fill_it(books: Books) -> None:
    books.take(trip("credit", date="2025-01-07", co2_fossil_kg="-40"))
    assert merge(books, "SBF") == ["A2025-2"]
    assert (moved(books, "SBF"), moved(books, "BUF")) == ((6000, 0), (-6000, -6000))
    charge(books, "2025-08-31", 50, "BUF")
    assert books.own_funds("BUF") == {"A2025-3": 1500}
    books.sound()


def test_late_trips_find_the_successor_by_code_and_by_cost_centre(books: Books) -> None:
    merge(books, "SBF")
    late = [trip("a", date="2025-06-07"), trip("b", date="2025-08-07"), trip("c", date="2025-08-07", unit="1245")]
    assert [unit["unit"] for unit in books.take(*late)["units"]] == ["BUF"]
    assert books.balance("SBF")["charged_ore"] == 0
    books.sound()


def test_later_corrections_of_a_moved_lot_follow_it(books: Books) -> None:
    charge(books, "2025-01-31", 100)
    charge(books, "2025-02-28", 10)
    merge(books, "SBF")
    books.json("sweep", "--as-of", "2026-02-01")
    fewer = trip("SBF-2025-01-31-100", date="2025-01-31", co2_fossil_kg=0)
    books.take(fewer, name="b.csv", options=["--amend", "--booked-on", "2026-02-15"])
    assert books.json("fund")["available_ore"] == 0  # given back out of what came from the moved lot
    assert books.balance("BUF", as_of="2026-02-15")["charged_ore"] == -15000
    assert books.own_funds("BUF") == {"A2025-2": 1500}
    books.sound()


@pytest.mark.parametrize("swept_first", [True, False])
def test_a_correction_of_a_lot_that_was_empty_when_its_unit_was_merged_follows_too(
    books: Books, *, swept_first: bool
) -> None:
    charge(books, "2025-01-31", 100)
    if swept_first:
        books.json("sweep", "--as-of", "2026-02-01")
    else:
        use(books, "2025-03-01", "150")
    merge(books, "SBF", day="2026-02-10")
    fewer = trip("SBF-2025-01-31-100", date="2025-01-31", co2_fossil_kg=40)
    books.take(fewer, name="b.csv", options=["--amend", "--booked-on", "2026-02-15"])
    # Out of what the fund got from the lot; where it got nothing, the successor owes it.
    assert books.json("fund", "--as-of", "2026-02-28")["available_ore"] == (6000 if swept_first else 0)
    assert books.balance("BUF", as_of="2026-02-28")["own_funds_ore"] == (0 if swept_first else -9000)
    books.sound()


def test_a_reversed_measure_and_an_undone_batch_follow_the_merger(books: Books) -> None:
    batch = books.take(trip("a", date="2025-01-31", co2_fossil_kg=100))["batch"]
    use(books, "2025-03-01", "50")
    merge(books, "SBF")
    books.json("voucher", "reverse", "A2025-2", "--reason", "Fel", "--booked-on", "2025-08-01")
    assert books.own_funds("BUF") == {"A2025-1": 15000}
    books.json("batch", "undo", batch, "--booked-on", "2025-08-02")
    assert books.own_funds("BUF") == {}
    assert books.json("balance", "--as-of", "2025-08-02")["total"]["own_funds_ore"] == 0
    books.sound()


def test_running_grants_follow_and_finished_ones_stay(books: Books) -> None:
    appropriate(books, "1000")
    running, finished = apply(books, "100"), apply(books, "100")
    approve(books, running, "100")
    step(books, "reject", finished, "--reason", "nej", "--decision", "MN")
    merge(books, "SBF")
    step(books, "pay", running, "--amount", "100", day="2025-08-01")
    assert {grant["id"]: grant["unit"] for grant in books.json("grant", "list")["grants"]} == {
        running: "BUF",
        finished: "SBF",
    }
    assert books.balance("BUF")["grants_paid_ore"] == 10000


def test_history_keeps_the_old_names(books: Books) -> None:
    charge(books, "2025-01-31", 100)
    before = books.json("balance", "--as-of", "2025-06-30")
    merge(books, "SBF")
    assert books.json("balance", "--as-of", "2025-06-30") == before
    rows = books.json("balance", "--as-merged", "--as-of", "2025-07-01")["units"]
    assert [(row["unit"], row["charged_ore"], row["moved_ore"]) for row in rows] == [("BUF", 15000, 0), ("ELN", 0, 0)]
    listed = [unit["unit"] for unit in books.json("unit", "list", "--as-of", "2025-07-01")["units"]]
    assert listed == ["BUF", "ELN"]


def test_several_units_merge_at_once_and_into_what_was_merged_before(fresh_books: Books) -> None:
    books = fresh_books
    for code in ("A", "B", "C", "D"):
        books("unit", "add", code, "--name", code, "--kind", "administration")
    for code in ("A", "B", "C"):
        charge(books, "2025-01-31", 10, code)
    assert len(merge(books, "A", "B", into="C")) == 2
    assert "KV-UNIT-MERGED" in refused(
        books, "unit", "merge", "A", "--into", "D", "--booked-on", "2025-08-01", "--decision", "KF"
    )
    merge(books, "C", into="D", day="2025-09-01")
    assert moved(books, "D") == (4500, 4500)
    books.take(trip("late", date="2025-05-07", unit="A"))
    assert books.balance("D")["charged_ore"] == 1500
    books.sound()


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("merge", "SBF", "--into", "SBF", "--booked-on", "2025-07-01"), "KV-UNIT-ITSELF"),
        (("merge", "SBF", "--into", "ELN", "--booked-on", "2025-07-01"), "KV-UNIT-ANOTHER-KIND"),
        (("merge", "SBF", "--into", "BUF", "--booked-on", "2027-07-01"), "KV-UNIT-NOT-VALID"),
        (("transfer", "SBF", "--to", "ELN", "--amount", "1"), "KV-UNIT-ANOTHER-KIND"),
        (("transfer", "SBF", "--to", "sbf", "--amount", "1"), "KV-UNIT-ITSELF"),
        (("transfer", "SBF", "--to", "BUF", "--amount", "151", "--booked-on", "2025-02-01"), "KV-OWN-FUNDS-SHORT"),
    ],
)
def test_into_another_kind_an_ended_unit_or_itself_is_refused(
    books: Books, arguments: tuple[str, ...], code: str
) -> None:
    charge(books, "2025-01-31", 100)
    assert books("unit", "end", "BUF", "--on", "2026-12-31").code == 0
    assert code in refused(books, "unit", *arguments, "--decision", "KF § 1")


def test_a_transfer_moves_a_part_oldest_first_with_its_age(books: Books) -> None:
    charge(books, "2025-01-31", 100)
    charge(books, "2025-02-28", 100)
    given = ("--to", "BUF", "--amount", "200", "--decision", "KS § 2", "--booked-on", "2025-03-01")
    assert books.json("unit", "transfer", "SBF", *given)["vouchers"] == ["A2025-3"]
    assert books.own_funds("BUF") == {"A2025-1": 15000, "A2025-2": 5000}
    assert books.own_funds("SBF") == {"A2025-2": 10000}
    assert "KV-OWN-FUNDS-SHORT" in refused(books, *add("BUF", "51", "2026-02-01"))
    swept = books.json("sweep", "--as-of", "2026-03-01")
    assert [(unit["unit"], unit["amount_ore"]) for unit in swept["units"]] == [("BUF", 20000), ("SBF", 10000)]
    entries = books.json("statement", "--unit", "BUF", "--as-of", "2026-03-01")["entries"]
    assert [(entry["event"], entry["amount_ore"]) for entry in entries] == [("transfer", 20000), ("sweep", -20000)]
    books.sound()
