"""Own funds: used oldest first, within a year, and swept into the shared fund when the year is out."""

import pytest
from freezegun import freeze_time

from conftest import Books, trip


def charge(books: Books, booked_on: str, kg: int, unit: str = "SBF") -> str:
    """One charge voucher of `kg` × 1.50 kr, booked on a day; gives its code."""
    row = trip(f"{unit}-{booked_on}-{kg}", date=booked_on, unit=unit, co2_fossil_kg=kg)
    (code,) = books.take(row, options=["--booked-on", booked_on])["vouchers"]
    return str(code)


def use(books: Books, booked_on: str, amount: str, unit: str = "SBF", *options: str) -> list[dict[str, object]]:
    """A measure; gives the lots it was taken from."""
    given = ("--unit", unit, "--amount", amount, "--title", "Lådcyklar", "--booked-on", booked_on, *options)
    return list(books.json("measure", "add", *given)["lots"])


def refused(books: Books, *arguments: str) -> str:
    """A command that is refused by the state of the books: exit 4, nothing changed; gives what was said."""
    before = books.dump()
    outcome = books(*arguments)
    assert outcome.code == 4, (outcome.out, outcome.err)
    assert books.dump() == before
    return outcome.err


def add(unit: str, amount: str, booked_on: str) -> tuple[str, ...]:
    return ("measure", "add", "--unit", unit, "--amount", amount, "--title", "X", "--booked-on", booked_on)


def test_a_measure_takes_the_oldest_lot_first(books: Books) -> None:
    charge(books, "2025-02-28", 100)
    charge(books, "2025-01-31", 100)
    charge(books, "2025-01-31", 10, "BUF")
    assert use(books, "2025-03-01", "200") == [
        {"lot": "A2025-2", "amount_ore": 15000},
        {"lot": "A2025-1", "amount_ore": 5000},
    ]
    row = books.balance("SBF", as_of="2025-03-01")
    assert (row["charged_ore"], row["spent_ore"], row["own_funds_ore"]) == (30000, 20000, 10000)
    books.sound()


@pytest.mark.parametrize(
    ("booked", "last", "after"),
    [
        ("2025-03-31", "2026-03-31", "2026-04-01"),
        ("2024-02-29", "2025-02-28", "2025-03-01"),
        ("2024-12-31", "2025-12-31", "2026-01-01"),
    ],
)
def test_fees_may_be_used_up_to_the_anniversary_and_are_due_the_day_after(
    books: Books, booked: str, last: str, after: str
) -> None:
    charge(books, booked, 100)
    assert books.json("sweep", "--as-of", last)["units"] == []
    assert use(books, last, "50") == [{"lot": f"A{booked[:4]}-1", "amount_ore": 5000}]
    assert "KV-OWN-FUNDS-SHORT" in refused(books, *add("SBF", "1", after))
    swept = books.json("sweep", "--as-of", after)
    assert [(unit["unit"], unit["amount_ore"]) for unit in swept["units"]] == [("SBF", 10000)]
    assert swept["units"][0]["lots"][0] | {"last_day_on": last} == swept["units"][0]["lots"][0]
    books.sound()


def test_the_other_retention_rule_gives_until_the_end_of_next_year(books: Books) -> None:
    policy = ("policy", "set", "retention", "end_of_next_year", "--from", "2025-01-01", "--decision", "KS 1")
    assert books(*policy).code == 0
    charge(books, "2024-12-31", 100)
    charge(books, "2025-01-31", 100)
    assert books.json("sweep", "--as-of", "2026-12-31")["total_ore"] == 15000  # the lot of 2024 keeps its rule
    assert books.json("sweep", "--as-of", "2027-01-01")["total_ore"] == 15000


def test_more_than_there_is_is_refused_and_it_says_how_much_is_missing(books: Books) -> None:
    charge(books, "2025-01-31", 100)
    said = refused(books, *add("SBF", "200", "2025-02-01"))
    assert "150.00" in said
    assert "50.00 kr are missing" in said


def test_what_is_due_cannot_be_used_whether_it_is_swept_or_not(books: Books) -> None:
    charge(books, "2025-01-31", 100)
    charge(books, "2025-12-31", 10)
    assert "15.00 kr to use" in refused(books, *add("SBF", "16", "2026-02-01"))
    assert books.json("sweep", "--as-of", "2026-02-01")["total_ore"] == 15000
    assert "15.00 kr to use" in refused(books, *add("SBF", "16", "2026-02-01"))
    assert use(books, "2026-02-01", "15") == [{"lot": "A2025-2", "amount_ore": 1500}]


def test_a_use_dated_back_takes_no_more_than_every_later_day_has(books: Books) -> None:
    charge(books, "2025-01-31", 100)
    use(books, "2025-06-30", "100")
    assert "50.00 kr to use on 2025-03-01" in refused(books, *add("SBF", "60", "2025-03-01"))
    use(books, "2025-03-01", "50")
    assert books.balance("SBF", as_of="2025-05-31")["own_funds_ore"] == 10000
    assert books.balance("SBF", as_of="2025-06-30")["own_funds_ore"] == 0
    assert "0.00 kr to use" in refused(books, *add("SBF", "1", "2025-01-30"))


def test_a_sweep_runs_late_twice_and_for_a_past_date_and_never_takes_twice(books: Books) -> None:
    charge(books, "2025-01-31", 100)
    charge(books, "2025-02-28", 100)
    assert books.json("sweep", "--as-of", "2026-06-01")["total_ore"] == 30000
    assert books.json("sweep", "--as-of", "2026-06-01")["vouchers"] == []
    assert books.json("sweep", "--as-of", "2026-03-01")["vouchers"] == []
    assert books.json("fund")["swept_in_ore"] == 30000
    books.sound()


def test_a_sweep_for_a_past_date_leaves_what_is_booked_as_used_later(books: Books) -> None:
    charge(books, "2025-01-31", 100)
    charge(books, "2025-06-30", 100)
    use(books, "2025-12-31", "200")
    assert books.json("sweep", "--as-of", "2026-02-01")["total_ore"] == 0
    assert books.json("sweep", "--as-of", "2026-07-01")["total_ore"] == 10000


def test_a_preview_shows_what_would_go_and_changes_nothing(books: Books) -> None:
    charge(books, "2025-01-31", 100)
    before = books.dump()
    preview = books.json("sweep", "--as-of", "2026-02-01", "--dry-run")
    assert (preview["total_ore"], preview["dry_run"]) == (15000, True)
    assert books.dump() == before
    posted = books.json("sweep", "--as-of", "2026-02-01")
    assert preview["vouchers"] == posted["vouchers"]


@freeze_time("2026-02-01 12:00:00")
def test_without_a_day_the_sweep_is_of_today(books: Books) -> None:
    charge(books, "2025-01-31", 100)
    assert books.json("sweep")["as_of"] == "2026-02-01"
    assert books.json("fund")["available_ore"] == 15000


def test_a_companys_sweep_is_in_the_companies_series(books: Books) -> None:
    charge(books, "2025-01-31", 100, "ELN")
    assert books.json("sweep", "--as-of", "2026-02-01")["vouchers"] == ["B2026-1"]


def test_what_a_unit_loses_is_shown_with_its_last_day(books: Books) -> None:
    charge(books, "2025-01-31", 100)
    charge(books, "2025-03-31", 50)
    found = books.json("expiring", "--within", "60", "--as-of", "2025-12-31")
    assert [(lot["lot"], lot["last_day_on"], lot["days_left"], lot["left_ore"]) for lot in found["lots"]] == [
        ("A2025-1", "2026-01-31", 31, 15000)
    ]
    late = books.json("expiring", "--within", "0", "--as-of", "2026-02-10", "--unit", "SBF")
    assert [(lot["lot"], lot["days_left"]) for lot in late["lots"]] == [("A2025-1", -10)]


def test_a_measure_says_what_it_should_achieve_and_what_a_kilogram_costs(books: Books) -> None:
    charge(books, "2025-01-31", 1000)
    use(
        books,
        "2025-02-01",
        "1000",
        "SBF",
        "--focus-area",
        "transport",
        "--co2-reduction-kg",
        "250,5",
        "--reference",
        "F 7",
    )
    use(books, "2025-02-02", "100")
    found = books.json("measure", "list", "--year", "2025")
    first, second = found["measures"]
    assert (first["focus_area"], first["co2_reduction_g"], first["cost_ore_per_kg"]) == ("travel", 250500, 399)
    assert (first["reference"], second["cost_ore_per_kg"]) == ("F 7", None)
    assert found["total"] == {"amount_ore": 110000, "co2_reduction_g": 250500, "cost_ore_per_kg": 399}


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (("--amount", "0"), 3, "KV-AMOUNT-NOT-POSITIVE"),
        (("--amount=-5",), 3, "KV-AMOUNT-NOT-POSITIVE"),
        (("--amount", "1,005"), 2, "KV-AMOUNT"),
        (("--title", " "), 3, "KV-TITLE-MISSING"),
        (("--focus-area", "rymdfart"), 3, "KV-FOCUS-AREA"),
        (("--co2-reduction-kg=-1",), 3, "KV-REDUCTION-NEGATIVE"),
        (("--co2-reduction-kg", "0,0001"), 2, "KV-GRAMS"),
        (("--unit", "XYZ"), 3, "KV-UNIT-UNKNOWN"),
    ],
)
def test_a_measure_that_cannot_be_meant_is_refused(
    books: Books, options: tuple[str, ...], code: int, said: str
) -> None:
    charge(books, "2025-01-31", 100)
    before = books.dump()
    outcome = books("measure", "add", "--unit", "SBF", "--amount", "10", "--title", "X", *options)
    assert (outcome.code, said in outcome.err) == (code, True), outcome.err
    assert books.dump() == before


def test_a_statement_reads_like_a_bank_statement(books: Books) -> None:
    books.take(
        trip("a", date="2025-01-07", co2_fossil_kg=100),
        trip("b", date="2025-01-08", category="flight", co2_fossil_kg=200),
        trip("c", date="2025-02-08", co2_fossil_kg=10),
    )
    use(books, "2025-03-01", "200")
    books.json("sweep", "--as-of", "2026-02-01")
    found = books.json("statement", "--unit", "SBF", "--as-of", "2026-02-10")
    assert [
        (entry["booked_on"], entry["text"], entry["amount_ore"], entry["balance_ore"]) for entry in found["entries"]
    ] == [
        ("2025-01-31", "Fee: Flight", 30000, 30000),
        ("2025-01-31", "Fee: Own car", 15000, 45000),
        ("2025-02-28", "Fee: Own car", 1500, 46500),
        ("2025-03-01", "Measure: Lådcyklar", -20000, 26500),
        ("2026-02-01", "To the shared fund", -25000, 1500),
    ]
    assert [(lot["lot"], lot["last_day_on"]) for lot in found["expiring"]] == [("A2025-2", "2026-02-28")]
    of_year = books.json("statement", "--unit", "SBF", "--year", "2026", "--as-of", "2026-02-10")
    assert (of_year["before_ore"], len(of_year["entries"]), of_year["balance_ore"]) == (26500, 1, 1500)


def test_the_figures_of_a_past_day_stay_what_they_were(books: Books) -> None:
    charge(books, "2025-01-31", 100)
    then = books.json("balance", "--as-of", "2025-06-30")
    use(books, "2025-07-01", "50")
    books.json("sweep", "--as-of", "2026-02-01")
    assert books.json("balance", "--as-of", "2025-06-30") == then


@pytest.mark.parametrize(
    ("today", "usable"),
    [
        ("2025-02-27 23:59:59", True),
        ("2025-02-28 12:00:00", True),
        ("2025-03-01 00:00:01", False),
        ("2025-12-31 12:00:00", False),
    ],
)
def test_a_leap_days_fees_are_usable_until_the_28th_and_due_from_then_on_whatever_day_it_is(
    books: Books, today: str, usable: bool
) -> None:
    charge(books, "2024-02-29", 100)
    with freeze_time(today, tz_offset=0):
        outcome = books("measure", "add", "--unit", "SBF", "--amount", "10", "--title", "Cykel")
        assert outcome.code == (0 if usable else 4), outcome.err
        (left,) = books.json("expiring", "--within", "0", "--unit", "SBF")["lots"] if not usable else [None]
        assert left is None or left["days_left"] < 0
        assert books.json("sweep")["total_ore"] == (0 if usable else 15000)
    books.sound()


@pytest.mark.parametrize(("today", "days"), [("2025-12-30", 1), ("2025-12-31", 0), ("2026-01-01", -1)])
def test_the_turn_of_the_year_is_a_day_like_any_other(books: Books, today: str, days: int) -> None:
    charge(books, "2024-12-31", 100)
    with freeze_time(f"{today} 12:00:00", tz_offset=0):
        (lot,) = books.json("expiring", "--within", "1")["lots"]
        assert lot["days_left"] == days
        swept = books.json("sweep")
    assert swept["vouchers"] == ([] if days >= 0 else ["A2026-1"])
