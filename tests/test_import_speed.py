"""What an import looks up costs the same in books of millions of trips: every look-up goes by an index."""

import re
from collections.abc import Iterator

import pytest
from sqlalchemy import event

from conftest import Books, trip
from klimatvaxling.database.engine import engine_for


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, tuple[object, ...]]]]:
    """Every statement the program sends to the database, with its values."""
    found: list[tuple[str, tuple[object, ...]]] = []

    def listening(url: str) -> object:
        engine = engine_for(url)

        @event.listens_for(engine, "before_cursor_execute")
        def _(_connection: object, _cursor: object, statement: str, values: object, *_: object) -> None:
            found.append((statement, tuple(values) if isinstance(values, (tuple, list)) else ()))

        return engine

    monkeypatch.setattr("klimatvaxling.database.engine.engine_for", listening)
    return found


def plan(books: Books, statement: str, values: tuple[object, ...]) -> list[str]:
    return [str(row[3]) for row in books.sql(f"EXPLAIN QUERY PLAN {statement}", *values)]


def scans(steps: list[str]) -> list[str]:
    """Steps that walk through a whole table that grows with the trips."""
    return [step for step in steps if re.match(r"SCAN (trip|t|l|batch_page|posting|charge|c|quarantine)\b", step)]


@pytest.mark.on_sqlite
def test_no_statement_of_an_import_walks_through_what_is_posted(
    books: Books, asked: list[tuple[str, tuple[object, ...]]]
) -> None:
    books.take(*[trip(number) for number in range(20)])
    books.take(trip("b", unit="NIX"), trip("c"), name="rejected.csv", options=["--accept-partial"])
    asked.clear()
    again = [trip(number) for number in range(20)] + [trip("d"), trip("e", unit="NIX"), trip("f", co2_fossil_kg="-5")]
    books.take(*again, name="again.csv", options=["--accept-partial"])
    selects = [(statement, values) for statement, values in asked if statement.lstrip().startswith("SELECT")]
    tables = {name for statement, _ in selects for name in re.findall(r"(?:FROM|JOIN) (\w+)", statement)}
    assert {"trip", "batch_page", "batch", "charge", "quarantine"} <= tables
    walked = {statement: steps for statement, values in selects if (steps := scans(plan(books, statement, values)))}
    assert walked == {}


@pytest.mark.on_sqlite
@pytest.mark.parametrize(
    ("statement", "index"),
    [
        ("SELECT EXISTS (SELECT 1 FROM trip WHERE source_id = 1)", "sqlite_autoindex_trip_1"),
        ("SELECT coalesce(max(id), 0) + 1 FROM trip", "SEARCH trip"),
        ("SELECT id FROM trip WHERE source_id = 1 AND trip_id IN ('a', 'b')", "sqlite_autoindex_trip_1"),
        ("SELECT * FROM batch_page WHERE first_trip_id <= 9 ORDER BY first_trip_id DESC LIMIT 1", "first_trip_id"),
    ],
)
def test_each_look_up_goes_by_its_index(books: Books, statement: str, index: str) -> None:
    steps = plan(books, statement, ())
    assert scans(steps) == []
    assert any(index in step for step in steps)


@pytest.mark.on_sqlite
def test_the_seal_of_a_batch_looks_at_its_own_trips_only(books: Books) -> None:
    ((trigger,),) = books.sql("SELECT sql FROM sqlite_master WHERE name = 'batch_seals_trips_of_its_own_charges'")
    condition = trigger[trigger.index("WHEN ") + 5 : trigger.index(" BEGIN")]
    steps = plan(books, "SELECT " + condition.replace("NEW.rows_posted", "1").replace("NEW.id", "1"), ())
    assert [step for step in scans(steps) if "page" not in step] == []
    assert [step for step in steps if "trip" in step or " t " in step] == [
        "SEARCH trip USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)",
        "SEARCH t USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)",
    ]


@pytest.mark.on_sqlite
def test_the_rows_that_wait_are_found_without_walking_through_the_trips(
    books: Books, asked: list[tuple[str, tuple[object, ...]]]
) -> None:
    books.take(trip("b", unit="NIX"), trip("c"), options=["--accept-partial"])
    asked.clear()
    books.json("quarantine", "list")
    walked = [
        step
        for statement, values in asked
        if "quarantine" in statement
        for step in scans(plan(books, statement, values))
    ]
    # The quarantine itself is read from end to end; it is short.
    assert [step for step in walked if not step.startswith("SCAN q")] == []
