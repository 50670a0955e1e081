"""A trip is told from every other: its day, the normal form of its cells, and the id made of them where it has none."""

import datetime
from hashlib import blake2b

import pytest
from hypothesis import given
from hypothesis import strategies as st

from klimatvaxling.travel.standard import COLUMNS
from klimatvaxling.trips import trip
from klimatvaxling.trips.trip import FIELDS, SEPARATOR, ContentIds, TripDate, Trips, normal_form

ROW = {
    "trip_id": " a ",
    "date": "20250307",
    "unit": " SBF  Nord",
    "category": "Own_Car ",
    "fuel": "",
    "distance_km": "1 234,50",
    "fuel_quantity": "80 ca ",
    "route": "got - Arn",
    "co2_fossil_kg": "-0,0",
    "cost_centre": " 1200 ",
    "project": "P a",
    "note": " Till  mötet ",
    "vehicle": "abc-123",
}
NORMAL = {
    "trip_id": "a",
    "date": "2025-03-07",
    "unit": "sbf nord",
    "category": "own_car",
    "fuel": "unknown",
    "distance_km": "1234.5",
    "fuel_quantity": "80 ca",
    "route": "GOT-ARN",
    "co2_fossil_kg": "0",
    "cost_centre": "1200",
    "project": "P a",
    "note": "Till  mötet",
    "vehicle": "ABC123",
}


def row(**cells: str) -> list[str]:
    return [(ROW | cells)[column] for column in COLUMNS]


def columns(*rows: list[str]) -> list[list[str]]:
    return [list(column) for column in zip(*rows, strict=True)] or [[] for _ in COLUMNS]


# Its day.


@pytest.mark.parametrize(
    "cell",
    ["2025-03-07", "20250307", " 2025-03-07 ", "2025-03-07 12:30", "2025-03-07T12:30:59", "2025-03-07 00:00:00 "],
)
def test_a_time_of_day_behind_the_date_is_ignored(cell: str) -> None:
    assert trip.trip_date(cell) == datetime.date(2025, 3, 7)


@pytest.mark.parametrize(
    "cell", ["", "2025-03-07 1:30", "2025-03-07 12:30:5", "12:30 2025-03-07", "1899-12-31", "i går"]
)
def test_what_is_no_day_is_refused_in_its_column(cell: str) -> None:
    with pytest.raises(TripDate) as refused:
        trip.trip_date(f" {cell} ")
    assert (refused.value.facts, refused.value.place.column) == ({"value": cell}, "date")


def test_of_a_long_cell_that_is_no_date_the_beginning_is_repeated() -> None:
    with pytest.raises(TripDate) as refused:
        trip.trip_date("x" * 41)
    assert refused.value.facts == {"value": "x" * 40}


# Its content.


def test_the_normal_form_of_a_row_leaves_out_what_changes_nothing() -> None:
    assert normal_form(row()) == tuple(NORMAL[column] for column in COLUMNS)


def test_the_normal_form_is_its_own_normal_form() -> None:
    assert normal_form(normal_form(row())) == normal_form(row())


def test_what_is_no_date_or_number_counts_as_it_stands() -> None:
    found = dict(zip(COLUMNS, normal_form(row(date=" i går ", distance_km=" Långt ", fuel="E 85")), strict=True))
    assert (found["date"], found["distance_km"], found["fuel"]) == ("i går", "Långt", "e 85")


# The id that is made of it.


def expected_id(occurrence: int = 1, day: str = "2025-03-07", **cells: str) -> str:
    content = SEPARATOR.join((NORMAL | {"date": day.rstrip("-")} | cells)[column] for column in COLUMNS)
    digest = blake2b(content.encode("utf-8"), digest_size=12).hexdigest()
    return f"{day}-{digest}-{occurrence}"


def test_a_made_id_is_the_day_a_digest_of_the_content_and_its_occurrence() -> None:
    ids = ContentIds()
    assert ids.of(columns(row(), row(project="Q"))) == [expected_id(), expected_id(project="Q")]
    # Equal rows are told apart by their order, over all of the file.
    assert ids.of(columns(row(), row(date="2025-03-07"), row(project="R"))) == [
        expected_id(2),
        expected_id(3),
        expected_id(project="R"),
    ]
    assert ids.of(columns(row(project="Q"), row(project="S"))) == [
        expected_id(2, project="Q"),
        expected_id(project="S"),
    ]
    assert ids.of(columns(row(project="S"))) == [expected_id(2, project="S")]


def test_equal_rows_that_stand_together_are_numbered_too() -> None:
    assert ContentIds().of(columns(row(), row(), row())) == [expected_id(number) for number in (1, 2, 3)]


@pytest.mark.parametrize("cell", ["", "Eva 850709-9805", "0099-01-01"])
def test_the_id_of_a_row_without_a_day_does_not_repeat_what_stands_there(cell: str) -> None:
    (made,) = ContentIds().of(columns(row(date=cell)))
    content = SEPARATOR.join((NORMAL | {"date": cell})[column] for column in COLUMNS)
    assert made == f"--{blake2b(content.encode('utf-8'), digest_size=12).hexdigest()}-1"


def test_no_rows_have_no_ids() -> None:
    assert ContentIds().of(columns()) == []


# Many trips, as columns.


@st.composite
def runs(draw: st.DrawFn) -> Trips:
    count, kept = draw(st.integers(1, 4)), 2
    cell = st.text("ab 1", max_size=3)
    cells = [[draw(cell) for _ in range(count)] for _ in range(len(FIELDS) + kept)]
    return Trips(*cells[: len(FIELDS)], kept=[SEPARATOR.join(column) for column in cells[len(FIELDS) :]])


def table(trips: Trips) -> list[tuple[object, ...]]:
    """The trips as rows, their kept cells last."""
    return list(zip(*trips.columns(), *(line.split(SEPARATOR) for line in trips.kept), strict=True))


@given(st.lists(runs(), min_size=1, max_size=3))
def test_several_runs_of_trips_are_one_with_every_trip_in_order(parts: list[Trips]) -> None:
    joined = Trips.joined(parts)
    assert len(joined) == sum(map(len, parts))
    assert table(joined) == [trip for part in parts for trip in table(part)]


@given(runs(), st.data())
def test_some_of_the_trips_are_those_with_all_their_cells(trips: Trips, data: st.DataObject) -> None:
    wanted = data.draw(st.lists(st.integers(0, len(trips) - 1), min_size=1, unique=True))
    assert table(trips.only(wanted)) == [table(trips)[index] for index in wanted]


def test_the_columns_of_trips_are_those_of_the_table_and_the_kept_cells_are_none_of_them() -> None:
    assert FIELDS == (
        "trip_id", "charge_id", "row", "trip_on", "tier", "quantity", "factor_id", "co2_g", "co2_under_500_km_g",
        "cost_centre", "project",
    )  # fmt: skip
