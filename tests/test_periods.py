"""Periods: months close in order, take no postings once they are closed, and open again with a reason."""

import datetime
import json

import pytest
from freezegun import freeze_time
from hypothesis import given
from hypothesis import strategies as st

from conftest import REFUSED, Books, trip
from klimatvaxling.errors import StateRefused
from klimatvaxling.periods import closing
from klimatvaxling.periods.period import (
    PeriodEvent,
    after_reopening,
    closings_in_force,
    first_open_day,
    require_closable,
)
from klimatvaxling.typed import Month

JANUARY, FEBRUARY, MARCH = (f"2025-{month:02d}" for month in (1, 2, 3))


def close(books: Books, month: str, *options: object) -> None:
    outcome = books("period", "close", month, *options)
    assert outcome.code == 0, outcome.err


def refused(books: Books, *command: object) -> str:
    """A command that the state refuses; nothing is registered."""
    before = books.dump()
    outcome = books(*command)
    assert outcome.code == 4, outcome.err
    assert books.dump() == before
    return outcome.err.partition(":")[0]


def states(books: Books, *options: object) -> dict[str, str]:
    return {row["period"]: row["state"] for row in books.json("period", "list", *options)["periods"]}


@pytest.fixture
def year(books: Books) -> Books:
    """Books with trips of January and February."""
    books.take(trip("a", date="2025-01-10"), trip("b", date="2025-02-10"), name="year.csv")
    return books


# Closing


def test_a_closed_month_is_shown_with_who_closed_it_and_when(year: Books) -> None:
    close(year, JANUARY)
    report = year.json("period", "list", "--as-of", "2025-03-15")
    assert report["first_open_on"] == "2025-02-01"
    assert [(row["period"], row["state"], row["vouchers"]) for row in report["periods"]] == [
        (JANUARY, "closed", 1),
        (FEBRUARY, "open", 1),
        (MARCH, "open", 0),
    ]
    assert report["periods"][0]["closed_by"]
    assert report["periods"][0]["closed_at"].endswith("Z")
    year.sound()


def test_months_close_in_order(year: Books) -> None:
    assert refused(year, "period", "close", FEBRUARY) == "KV-PERIOD-ORDER"
    close(year, JANUARY)
    assert refused(year, "period", "close", MARCH) == "KV-PERIOD-ORDER"
    assert refused(year, "period", "close", JANUARY) == "KV-PERIOD-CLOSED-ALREADY"
    assert refused(year, "period", "close", "2024-12") == "KV-PERIOD-CLOSED-ALREADY"
    close(year, FEBRUARY)


def test_a_month_closes_when_every_source_has_delivered_or_is_declared(year: Books) -> None:
    close(year, JANUARY)
    close(year, FEBRUARY)
    assert refused(year, "period", "close", MARCH) == "KV-PERIOD-OBSTACLES"
    declared = ("--source", "standard", "--period", MARCH, "--empty", "--reason", "Inga resor")
    assert year("completeness", "declare", *declared).code == 0
    close(year, MARCH)


def test_the_first_month_to_close_is_that_of_the_first_booking_or_an_earlier_one(year: Books) -> None:
    close(year, "2024-11")
    assert refused(year, "period", "close", JANUARY) == "KV-PERIOD-ORDER"
    close(year, "2024-12")
    close(year, JANUARY)


def test_books_without_vouchers_can_begin_with_any_closed_month(fresh_books: Books) -> None:
    close(fresh_books, "2025-06")
    assert states(fresh_books, "--as-of", "2025-07-31") == {"2025-06": "closed", "2025-07": "open"}


def test_a_month_is_closed_when_it_is_over(year: Books) -> None:
    with freeze_time("2025-01-31 12:00:00"):
        assert refused(year, "period", "close", JANUARY) == "KV-PERIOD-NOT-OVER"
    with freeze_time("2025-02-01 12:00:00"):
        close(year, JANUARY)


def test_rejected_rows_that_wait_stand_in_the_way(books: Books) -> None:
    books.take(trip("a", date="2025-01-10"), trip("b", unit="NIX"), name="p.csv", options=["--accept-partial"])
    outcome = books("period", "close", JANUARY)
    assert outcome.code == 4
    assert "KV-PERIOD-OBSTACLES" in outcome.err
    assert "1 rejected row waits" in outcome.err


def test_what_is_missing_can_be_accepted_with_a_reason_that_stays_on_record(books: Books) -> None:
    books.take(trip("a", date="2025-01-10"), trip("b", unit="NIX"), name="p.csv", options=["--accept-partial"])
    result = books.json("period", "close", JANUARY, "--accept-missing", "leverantören svarar inte")
    assert result["accepted"] == ["1 rejected row waits in the quarantine."]
    row = books.json("period", "list", "--as-of", "2025-01-31")["periods"][0]
    assert (row["accepted"], row["accepted_reason"]) == (
        "1 rejected row waits in the quarantine.",
        "leverantören svarar inte",
    )


def test_an_empty_reason_is_none(year: Books) -> None:
    for command in (("close", JANUARY, "--accept-missing", " "), ("reopen", JANUARY, "--reason", "")):
        outcome = year("period", *command)
        assert (outcome.code, "KV-REASON-MISSING" in outcome.err) == (3, True)


def test_books_that_fail_a_check_are_not_closed_whatever_is_accepted(year: Books) -> None:
    year.without_triggers()
    year.sql("UPDATE posting SET amount_ore = amount_ore + 1 WHERE id = 1")
    outcome = year("period", "close", JANUARY, "--accept-missing", "ändå")
    assert outcome.code == 4
    assert "KV-PERIOD-CHECK" in outcome.err
    assert "vouchers_sum_to_zero" in outcome.err


def test_another_room_adds_what_stands_in_the_way(year: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing_delivered(_connection: object, month: object) -> list[closing.Obstacle]:
        return [closing.Obstacle(f"taxi: {month}")]

    monkeypatch.setattr(closing, "OBSTACLES", (*closing.OBSTACLES, nothing_delivered))
    assert "taxi: 2025-01" in year("period", "close", JANUARY).err
    close(year, JANUARY, "--accept-missing", "kommer i mars")


# What is booked


def test_a_closed_months_trips_are_booked_on_the_first_open_day_and_keep_their_date(year: Books) -> None:
    close(year, JANUARY)
    close(year, FEBRUARY)
    result = year.take(trip("late", date="2025-01-20"), trip("new", date="2025-03-05"), name="late.csv")
    vouchers = [year.json("voucher", "show", code) for code in result["vouchers"]]
    assert [voucher["booked_on"] for voucher in vouchers] == ["2025-03-01", "2025-03-31"]
    assert year.sql("SELECT trip_on FROM trip WHERE trip_id = 'late'") == [("2025-01-20",)]
    year.sound()


def test_an_explicit_date_in_a_closed_month_is_refused(year: Books) -> None:
    close(year, JANUARY)
    outcome = year.refuse(trip("late", date="2025-01-20"), name="late.csv", options=["--booked-on", "2025-01-31"])
    assert (outcome.code, "KV-PERIOD-CLOSED" in outcome.err, "2025-02-01" in outcome.err) == (4, True, True)
    outcome = year.refuse(trip("late", date="2024-12-20"), name="late.csv", options=["--booked-on", "2024-12-31"])
    assert outcome.code == 4
    year.take(trip("late", date="2025-01-20"), name="late.csv", options=["--booked-on", "2025-02-01"])


def test_a_trip_after_the_first_open_day_of_its_own_month_is_booked_at_its_months_end(year: Books) -> None:
    close(year, JANUARY)
    result = year.take(trip("c", date="2025-02-20"), name="c.csv")
    assert year.json("voucher", "show", result["vouchers"][0])["booked_on"] == "2025-02-28"


def test_nothing_is_booked_in_a_closed_month_though_the_clock_goes_back(year: Books) -> None:
    close(year, JANUARY)
    with freeze_time("2025-01-20 12:00:00"):
        result = year.take(trip("late", date="2025-01-19"), name="late.csv")
    assert year.json("voucher", "show", result["vouchers"][0])["booked_on"] == "2025-02-01"


def test_the_database_itself_refuses_a_voucher_in_a_closed_month(year: Books) -> None:
    close(year, JANUARY)
    (last,) = year.sql("SELECT id, hash, fiscal_year FROM voucher ORDER BY id DESC LIMIT 1")
    key = {"voucher_id": last[0] + 1, "account": "opening", "unit_id": 1}
    postings = [("posting", key | {"line": line, "amount_ore": ore}) for line, ore in ((1, 100), (2, -100))]
    voucher = {
        "id": last[0] + 1, "code": "B2025-1", "series": "B", "fiscal_year": 2025, "number": 1,
        "registered_at": "2999-01-01T00:00:00.000000Z", "event": "opening", "description": "", "made_by": "",
        "evidence": "", "nonce": "", "previous_hash": last[1], "hash": "f",
    }  # fmt: skip
    with pytest.raises(REFUSED, match="voucher_in_an_open_month"):
        year.add_together(*postings, ("voucher", voucher | {"booked_on": "2025-01-31"}))
    year.add_together(*postings, ("voucher", voucher | {"booked_on": "2025-02-01"}))


@pytest.mark.parametrize(
    ("month", "action", "through"),
    [
        ("2025-03", "closed", "2025-03-31"),  # not its turn
        ("2025-02", "closed", "2025-02-27"),
        ("2025-02", "closed", None),
        ("2025-02", "reopened", None),  # not the last that was closed
        ("2025-01", "reopened", "2025-01-31"),
        ("2025-02", "sealed", "2025-02-28"),
    ],
)
def test_the_database_itself_refuses_a_month_out_of_order(
    year: Books, month: str, action: str, through: str | None
) -> None:
    close(year, JANUARY)
    with pytest.raises(REFUSED):
        year.add(
            "period_event", month=month, action=action, closed_through=through, reason="", obstacles="[]", head="",
            vouchers=0, registered_at="", registered_by="",
        )  # fmt: skip


def test_a_correction_of_a_closed_month_is_booked_in_an_open_one_and_keeps_the_days_of_the_trips(year: Books) -> None:
    close(year, JANUARY)
    assert refused(year, "batch", "undo", 1, "--reason", "x", "--booked-on", "2025-01-31") == "KV-BOOKED-EARLY"
    close(year, FEBRUARY)
    assert refused(year, "batch", "undo", 1, "--reason", "x", "--booked-on", "2025-02-28") == "KV-PERIOD-CLOSED"
    year.json("batch", "undo", 1, "--reason", "fel fil", "--booked-on", "2025-03-01")
    undone = year.json("journal", "--period", MARCH)["vouchers"]
    assert sorted(voucher["corrects"] for voucher in undone) == ["A2025-1", "A2025-2"]
    assert year.sql("SELECT trip_on FROM trip ORDER BY id") == [("2025-01-10",), ("2025-02-10",)]
    year.sound()


def test_an_amended_trip_of_a_closed_month_is_corrected_in_an_open_one(year: Books) -> None:
    close(year, JANUARY)
    amended = year.csv("amended.csv", [trip("a", date="2025-01-10", co2_fossil_kg="7")])
    command = ("import", amended, "--source", "standard", "--amend", "--booked-on")
    assert refused(year, *command, "2025-01-31") == "KV-PERIOD-CLOSED"
    result = year.json(*command, "2025-02-01")
    assert {year.json("voucher", "show", code)["booked_on"] for code in result["vouchers"]} == {"2025-02-01"}
    assert set(year.sql("SELECT trip_on FROM trip WHERE trip_id = 'a'")) == {("2025-01-10",)}
    year.sound()


@pytest.mark.parametrize(
    "command",
    [
        ("measure", "add", "--unit", "SBF", "--amount", "1", "--title", "x", "--booked-on", "2025-01-31"),
        ("fund", "appropriate", "--amount", "1", "--decision", "x", "--booked-on", "2025-01-31"),
    ],
    ids=["measure", "fund"],
)
def test_no_command_posts_in_a_closed_month(year: Books, command: tuple[str, ...]) -> None:
    close(year, JANUARY)
    assert refused(year, *command) == "KV-PERIOD-CLOSED"


# Reopening


def test_a_reopened_month_takes_postings_again_until_it_is_closed_again(year: Books) -> None:
    close(year, JANUARY)
    close(year, FEBRUARY)
    result = year.json("period", "reopen", FEBRUARY, "--reason", "revisorn bad om en rättelse")
    assert result["state"] == "reopened"
    assert states(year, "--as-of", "2025-03-01") == {JANUARY: "closed", FEBRUARY: "reopened", MARCH: "open"}
    posted = year.take(trip("late", date="2025-01-20"), name="late.csv")
    assert year.json("voucher", "show", posted["vouchers"][0])["booked_on"] == "2025-02-01"
    close(year, FEBRUARY)
    assert states(year, "--as-of", "2025-02-28") == {JANUARY: "closed", FEBRUARY: "closed"}
    year.sound()


def test_the_first_month_opens_as_it_was_before_it_was_closed(year: Books) -> None:
    close(year, JANUARY)
    year("period", "reopen", JANUARY, "--reason", "fel månad")
    assert year.json("period", "list")["first_open_on"] is None
    year.take(trip("old", date="2024-12-20"), name="old.csv")
    assert refused(year, "period", "close", JANUARY) == "KV-PERIOD-ORDER"


def test_only_the_month_that_was_closed_last_is_reopened(year: Books) -> None:
    assert refused(year, "period", "reopen", JANUARY, "--reason", "x") == "KV-PERIOD-OPEN"
    close(year, JANUARY)
    close(year, FEBRUARY)
    assert refused(year, "period", "reopen", JANUARY, "--reason", "x") == "KV-PERIOD-REOPEN-ORDER"
    assert refused(year, "period", "reopen", MARCH, "--reason", "x") == "KV-PERIOD-REOPEN-ORDER"


def test_a_reason_is_needed_to_reopen(year: Books) -> None:
    close(year, JANUARY)
    assert year("period", "reopen", JANUARY).code == 2


def test_whoever_closed_a_month_does_not_reopen_it_while_a_second_person_is_required(year: Books) -> None:
    year("policy", "set", "require_second_person", "on", "--from", "2025-01-01", "--decision", "KS 1")
    close(year, JANUARY)
    assert refused(year, "period", "reopen", JANUARY, "--reason", "x") == "KV-PERIOD-SECOND-PERSON"
    assert year.as_login("eva")("period", "reopen", JANUARY, "--reason", "x").code == 0


def test_the_rule_of_the_day_decides_whether_a_second_person_is_required(year: Books) -> None:
    year("policy", "set", "require_second_person", "on", "--from", "2999-01-01", "--decision", "KS 1")
    close(year, JANUARY)
    assert year("period", "reopen", JANUARY, "--reason", "x").code == 0


def test_it_is_the_last_closing_that_a_second_person_reopens(year: Books) -> None:
    close(year, JANUARY)
    year("period", "reopen", JANUARY, "--reason", "x")
    close(year.as_login("eva"), JANUARY)
    year("policy", "set", "require_second_person", "on", "--from", "2025-01-01", "--decision", "KS 1")
    assert year("period", "reopen", JANUARY, "--reason", "x").code == 0


@given(st.lists(st.tuples(st.sampled_from(["close", "reopen"]), st.integers(0, 5)), max_size=20))
def test_what_is_closed_is_always_everything_up_to_one_day(steps: list[tuple[str, int]]) -> None:
    """Whatever is tried in whatever order: a model that keeps a set of closed months, first 2025-02 or earlier."""
    months = [Month(2025, number) for number in range(1, 7)]
    events: list[PeriodEvent] = []
    closed: list[Month] = []
    for action, number in steps:
        month = months[number]
        try:
            if action == "close":
                require_closable(month, events, datetime.date(2025, 2, 10), datetime.date(2026, 1, 1))
                through: datetime.date | None = month.last_day
            else:
                through = after_reopening(month, events, by="x", needs_second_person=False)
        except StateRefused:
            if action == "close":
                assert month <= closed[-1] or month != closed[-1].next() if closed else month > Month(2025, 2)
            else:
                assert not closed or month != closed[-1]
            continue
        if action == "close":
            assert month == closed[-1].next() if closed else month <= Month(2025, 2)
            closed.append(month)
        else:
            assert closed.pop() == month
        events.append(PeriodEvent(month, "closed" if action == "close" else "reopened", through, "", "", "x"))
        assert [event.month for event in closings_in_force(events)] == closed
        expected = closed[-1].next().first_day if closed else datetime.date.min
        assert first_open_day(events) == expected


# On record


def test_a_dry_run_closes_and_opens_nothing(year: Books) -> None:
    before = year.dump()
    assert year.json("period", "close", JANUARY, "--dry-run")["dry_run"] is True
    assert year.dump() == before
    close(year, JANUARY)
    before = year.dump()
    assert year.json("period", "reopen", JANUARY, "--reason", "x", "--dry-run")["dry_run"] is True
    assert year.dump() == before


def test_the_list_shows_the_periods_as_they_were_known(year: Books) -> None:
    with freeze_time("2030-01-01 12:00:00"):
        close(year, JANUARY)
    with freeze_time("2030-01-02 12:00:00"):
        year("period", "reopen", JANUARY, "--reason", "x")
    for moment, state in (("2029-12-31", "open"), ("2030-01-01", "closed"), ("2030-01-02", "reopened")):
        assert states(year, "--as-of", "2025-01-31", "--known-at", moment) == {JANUARY: state}


def test_a_closing_names_the_head_of_the_chain(year: Books) -> None:
    head = year.json("check")["head"]
    close(year, JANUARY)
    year.take(trip("late"), name="late.csv")
    assert year.sql("SELECT head, vouchers FROM period_event") == [(head, 2)]


def test_a_voucher_slipped_into_a_closed_month_is_found_and_named(year: Books) -> None:
    close(year, JANUARY)
    posted = year.take(trip("late", date="2025-01-20"), name="late.csv")
    year.without_triggers()
    year.sql("UPDATE voucher SET booked_on = '2025-01-31' WHERE code = ?", posted["vouchers"][0])
    failed = {
        check["name"]: check["offending"] for check in json.loads(year("check", "--format", "json").out)["checks"]
    }
    assert failed["closed_periods_took_no_postings"] == posted["vouchers"]


def test_a_closing_whose_head_is_changed_is_found(year: Books) -> None:
    close(year, JANUARY)
    year.without_triggers()
    year.sql("UPDATE period_event SET head = 'x'")
    failed = {
        check["name"]: check["offending"] for check in json.loads(year("check", "--format", "json").out)["checks"]
    }
    assert failed["closed_periods_took_no_postings"] == ["period:2025-01 #1"]
