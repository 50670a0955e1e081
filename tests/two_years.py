"""A small history of two years that reports are tested on: three units, travel, measures, a sweep, grants."""

from conftest import Books, trip

# What nobody should ever be able to plant in a workbook.
HOSTILE = ('=HYPERLINK("http://example.invalid";"Lådcyklar")', "+1+1", "-2+3", "@SUM(A1)", "\tTab =1")

_TRIPS = (
    trip("A1", date="2024-02-05", co2_fossil_kg="310"),
    trip("A2", date="2024-05-14", co2_fossil_kg="120,5", category="rental_car"),
    trip("A3", date="2024-11-20", unit="BUF", category="pool_car", fuel="petrol", co2_fossil_kg="", fuel_quantity="40"),
    trip("A4", date="2024-12-03", unit="ELN", category="flight", co2_fossil_kg="", route="GOT-ARN-GOT"),
    trip("B1", date="2025-01-09", co2_fossil_kg="", distance_km="812,5", fuel="diesel"),
    trip("B2", date="2025-03-12", category="flight", co2_fossil_kg="", route="GOT-CPH-JFK"),
    trip("B3", date="2025-03-19", category="flight", co2_fossil_kg="", route="GOT-ARN-GOT", unit="BUF"),
    trip("B4", date="2025-06-30", unit="BUF", category="taxi", co2_fossil_kg="12,345"),
    trip("B5", date="2025-08-02", unit="ELN", category="flight", co2_fossil_kg="77,7"),
    trip(
        "B6", date="2025-08-15", unit="ELN", category="pool_car", co2_fossil_kg="", fuel_quantity="61,2", fuel="diesel"
    ),
    trip("B7", date="2025-10-01", co2_fossil_kg="-20,25"),
    trip("B8", date="2025-10-06", co2_fossil_kg="95"),
)
_LATE = (
    trip("C1", date="2024-12-29", co2_fossil_kg="41"),
    trip("C2", date="2025-12-30", unit="BUF", co2_fossil_kg="8"),
)

_MEASURE = ("measure", "add", "--unit")
_APPLY = ("grant", "apply", "--unit")
_STEPS = (
    ("fund", "appropriate", "--amount", "50000", "--decision", "KF § 1", "--booked-on", "2024-01-15"),
    (*_MEASURE, "SBF", "--amount", "150", "--title", HOSTILE[0], "--co2-reduction-kg", "80",
     "--reference", HOSTILE[1], "--booked-on", "2024-06-10"),
    (*_MEASURE, "SBF", "--amount", "100.50", "--title", HOSTILE[2], "--co2-reduction-kg", "25",
     "--focus-area", "travel", "--booked-on", "2025-02-01"),
    (*_MEASURE, "BUF", "--amount", "33.33", "--title", HOSTILE[3], "--booked-on", "2025-04-01"),
    ("sweep", "--as-of", "2025-06-15"),
    (*_APPLY, "BUF", "--title", HOSTILE[3], "--amount", "9000", "--total-cost", "12000",
     "--co2-reduction-kg", "700", "--lifetime-years", "5", "--booked-on", "2025-02-10"),
    (*_APPLY, "SBF", "--title", "Cykelgarage", "--amount", "20000", "--total-cost", "20000",
     "--co2-reduction-kg", "150", "--lifetime-years", "20", "--booked-on", "2025-02-11"),
    ("grant", "approve", "1", "--amount", "8000", "--decision", "KS § 2", "--booked-on", "2025-03-01"),
    ("grant", "approve", "2", "--amount", "15000", "--decision", "KS § 3", "--booked-on", "2025-03-01"),
    ("grant", "pay", "1", "--amount", "8000", "--booked-on", "2025-04-01"),
    ("grant", "pay", "2", "--amount", "4000", "--booked-on", "2025-05-01"),
    ("grant", "report", "1", "--used", "6500.50", "--actual-cost", "11000", "--co2-reduction-kg", "640",
     "--booked-on", "2025-11-30"),
    ("fund", "return", "--amount", "1000", "--decision", "KS § 9", "--booked-on", "2025-12-15"),
)  # fmt: skip


def live_through(books: Books) -> None:
    """The same two years in every set of books."""
    english = ("--language", "en")
    books.take(*_TRIPS, name="travel.csv", options=english)
    books.take(_LATE[0], name="late-2025.csv", options=(*english, "--booked-on", "2025-01-31"))
    books.take(_LATE[1], name="late-2026.csv", options=(*english, "--booked-on", "2026-01-20"))
    for step in _STEPS:
        outcome = books(*english, *step)
        assert outcome.code == 0, (step, outcome.err)
