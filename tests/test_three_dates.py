"""Three dates on everything: when it happened, when it was booked, when it was registered.

`--as-of` follows the booking date; `--known-at` gives the books as they stood then, so that last year's published report
can be made again, identical, after whatever came later.
"""

from pathlib import Path

import pytest
from freezegun import freeze_time

from conftest import Books, Shelf, trip

PUBLISHED = "2026-02-01T12:00:00Z"
REPORTS = (
    ("balance", "--as-of", "2025-12-31"),
    ("balance", "--as-of", "2025-12-31", "--unit", "SBF"),
    ("journal", "--year", "2025"),
    ("journal", "--as-of", "2025-12-31", "--unit", "SBF"),
    ("unit", "list", "--as-of", "2025-12-31"),
    ("policy", "list", "--as-of", "2025-12-31"),
    ("policy", "history", "rate"),
    ("period", "list", "--as-of", "2025-12-31"),
    ("fund", "--as-of", "2025-12-31"),
    ("statement", "--unit", "SBF", "--as-of", "2025-12-31"),
    ("measure", "list", "--as-of", "2025-12-31"),
    ("expiring", "--as-of", "2025-12-31"),
    ("voucher", "show", "A2025-1"),
    ("voucher", "show", "A2025-4"),
    ("batch", "list"),
    ("batch", "show", "1"),
    ("quarantine", "list"),
    ("factor", "list"),
    ("audit", "log"),
)


@pytest.fixture
def published(shelf: Shelf, engine: str, tmp_path: Path, _cleared: None) -> Books:
    """Books of 2025 as they stood when the yearly report was published in February 2026."""
    shelf.once(engine, "published", publish, of=None)
    return shelf.copy(engine, "published", tmp_path / "work")


def publish(books: Books) -> None:
    off = ("policy", "set", "require_second_person", "off", "--from", "2013-01-01", "--decision", "KS 1")
    with freeze_time("2025-01-02 08:00:00"):
        assert books("init", "--organisation", "Exempelstad").code == 0
        assert books(*off).code == 0
        for code, centres in (("SBF", "12*"), ("BUF", "2100")):
            books("unit", "add", code, "--name", code, "--kind", "administration", "--cost-centre", centres)
    with freeze_time("2025-04-03 08:00:00"):
        books.take(trip("a"), trip("b", unit="BUF"), trip("c", unit="1200"), name="mars.csv")
        books.take(trip("x", unit="NIX"), trip("d"), name="x.csv", options=["--accept-partial"])
        books.json("measure", "add", "--unit", "SBF", "--amount", "5", "--title", "cykel", "--booked-on", "2025-05-02")
        books.json("fund", "appropriate", "--amount", "100", "--decision", "KF 1", "--booked-on", "2025-05-02")
    with freeze_time("2026-01-15 08:00:00"):
        books.take(trip("e", date="2025-12-20"), name="december.csv")
        assert books("period", "close", "2025-03", "--accept-missing", "x").code == 0


def later_events(books: Books) -> None:
    """Whatever can happen to books after a report was published, all of it about the year of the report."""
    with freeze_time("2026-03-01 08:00:00"):
        books.take(trip("late", date="2025-11-20"), name="late.csv", options=["--booked-on", "2025-12-31"])
        books.take(trip("credit", date="2025-11-21", co2_fossil_kg="-3"), name="credit.csv")
        # Everything that can be corrected is, as far back as the first open day lets it.
        reverse = ("voucher", "reverse", "--reason", "x", "--booked-on", "2025-12-31")
        for event in ("measure", "appropriation"):
            ((code,),) = books.sql("SELECT code FROM voucher WHERE event = ?", event)
            books.json(*reverse, code)
        amended = books.csv("amended.csv", [trip("e", date="2025-12-20", co2_fossil_kg="7")])
        books.json("import", amended, "--source", "standard", "--amend", "--booked-on", "2025-12-31")
        ((batch,),) = books.sql("SELECT id FROM batch WHERE file_name = 'mars.csv'")
        books.json("batch", "undo", batch, "--reason", "x", "--booked-on", "2025-12-31")
        assert books("unit", "change", "SBF", "--from", "2025-01-01", "--name", "Stadsbyggnad").code == 0
        assert books("unit", "change", "SBF", "--from", "2025-06-01", "--cost-centre", "1300").code == 0
        assert books("unit", "end", "BUF", "--on", "2025-11-30").code == 0
        assert books("unit", "add", "KUF", "--name", "K", "--kind", "administration").code == 0
        for name, value in (("rate", "3.00"), ("retention", "end_of_next_year")):
            assert books("policy", "set", name, value, "--from", "2025-01-01", "--decision", "KS 9").code == 0
        assert books("period", "reopen", "2025-03", "--reason", "x").code == 0


def test_a_published_report_is_made_again_identical_after_whatever_came_later(published: Books) -> None:
    """On paper too: with the head that the chain had then below the table."""
    shown = [(*report, "--format", output) for report in REPORTS for output in ("table", "json", "csv")]
    with freeze_time("2026-02-02 08:00:00"):
        then = {report: published(*report, "--known-at", PUBLISHED).out for report in shown}
        without = {report: published(*report).out for report in shown}
    assert then == without
    later_events(published)
    with freeze_time("2026-02-02 08:00:00"):
        for report in shown:
            assert published(*report, "--known-at", PUBLISHED).out == then[report], report
    published.sound()


@pytest.mark.parametrize("report", [report for report in REPORTS if report[0] not in ("quarantine", "factor")], ids=str)
def test_without_the_time_the_same_report_shows_what_is_known_now(published: Books, report: tuple[str, ...]) -> None:
    then = published(*report, "--known-at", PUBLISHED, "--format", "json").out
    later_events(published)
    assert published(*report, "--format", "json").out != then


def test_as_of_follows_the_booking_date_not_the_trips_date_nor_the_day_of_registration(books: Books) -> None:
    books.take(trip("a", date="2025-03-07"), options=["--booked-on", "2025-05-20"])
    assert books.balance("SBF", as_of="2025-05-19")["charged_ore"] == 0
    assert books.balance("SBF", as_of="2025-05-20")["charged_ore"] == 1500
    assert books.json("journal", "--as-of", "2025-05-19")["vouchers"] == []
    (voucher,) = books.json("journal", "--as-of", "2025-05-20")["vouchers"]
    assert voucher["booked_on"] == "2025-05-20"
    assert voucher["registered_at"] > "2026"
    assert books.sql("SELECT trip_on FROM trip") == [("2025-03-07",)]


def test_known_at_follows_the_time_of_registration_to_the_microsecond(books: Books) -> None:
    with freeze_time("2030-01-01 12:00:00"):
        books.take(trip("a"))
    for moment, charged in (("2030-01-01T11:59:59.999999Z", 0), ("2030-01-01T12:00:00Z", 1500), ("2030-01-01", 1500)):
        assert books.balance("SBF", known_at=moment)["charged_ore"] == charged


def test_a_late_import_changes_the_old_month_as_of_but_not_as_known_then(books: Books) -> None:
    with freeze_time("2030-01-01 12:00:00"):
        books.take(trip("a", date="2025-03-07"), name="a.csv")
    with freeze_time("2030-02-01 12:00:00"):
        books.take(trip("b", date="2025-03-08"), name="b.csv")
    assert books.balance("SBF", as_of="2025-03-31")["charged_ore"] == 3000
    assert books.balance("SBF", as_of="2025-03-31", known_at="2030-01-31")["charged_ore"] == 1500


def test_a_unit_is_named_as_it_was_known_then(books: Books) -> None:
    with freeze_time("2030-01-01 12:00:00"):
        books("unit", "change", "SBF", "--from", "2025-01-01", "--name", "Stadsbyggnad")
    assert books.balance("SBF", as_of="2025-12-31")["name"] == "Stadsbyggnad"
    assert books.balance("SBF", as_of="2025-12-31", known_at="2029-12-31")["name"] == "Samhällsbyggnadsförvaltningen"
    assert books.balance("SBF", as_of="2024-12-31")["name"] == "Samhällsbyggnadsförvaltningen"
