"""A batch: what an import says that it did, and the pages that keep its trips as they were read."""

import hashlib
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from klimatvaxling.batches import pages
from klimatvaxling.batches.batch import ImportResult, UnitCharge
from klimatvaxling.trips.trip import FIELDS, SEPARATOR, Trips

TRIPS = Trips(
    trip_id=["a", "b"],
    charge_id=[7, 8],
    row=[2, 3],
    trip_on=["2025-03-07", "2025-03-08"],
    tier=[1, 4],
    quantity=["2.5", "394"],
    factor_id=[None, 101],
    co2_g=[2500, -52776],
    co2_under_500_km_g=[None, None],
    cost_centre=["1210", ""],
    project=["", "P 1"],
    kept=[SEPARATOR.join(["till mötet", "hem"]), SEPARATOR.join(["", "12,5"])],
)


def test_an_import_says_what_it_did_with_keys_that_scripts_rely_on() -> None:
    result = ImportResult(
        batch=3,
        source="standard",
        file="mars.csv",
        file_sha256="ab",
        rows_read=15,
        rows_posted=1,
        rows_already_imported=2,
        rows_outside_scheme=3,
        rows_rejected=4,
        rows_held=5,
        co2_g=10_000,
        charged_ore=1_500,
        units=(UnitCharge("SBF", 10_000, 1_500),),
        vouchers=("A2025-1", "A2025-2"),
        dry_run=False,
        outside={"privat resa": 3},
        header=("trip_id",),
    )
    assert result.as_document() == {
        "batch": 3,
        "source": "standard",
        "file": "mars.csv",
        "file_sha256": "ab",
        "rows_read": 15,
        "rows_posted": 1,
        "rows_already_imported": 2,
        "rows_outside_scheme": 3,
        "rows_rejected": 4,
        "rows_held": 5,
        "co2_g": 10_000,
        "charged_ore": 1_500,
        "units": [{"unit": "SBF", "co2_g": 10_000, "charged_ore": 1_500}],
        "vouchers": ["A2025-1", "A2025-2"],
        "dry_run": False,
        "outside": {"privat resa": 3},
    }


# The pages.


def test_a_page_has_a_line_for_each_column_of_the_table_and_of_the_file() -> None:
    pages._pattern.cache_clear()
    assert [line.split("\x1f") for line in pages.page_text(["Not", "Mil"], TRIPS).split("\n")] == [
        ["trip_id", "a", "b"],
        ["charge_id", "7", "8"],
        ["row", "2", "3"],
        ["trip_on", "2025-03-07", "2025-03-08"],
        ["tier", "1", "4"],
        ["quantity", "2.5", "394"],
        ["factor_id", "None", "101"],
        ["co2_g", "2500", "-52776"],
        ["co2_under_500_km_g", "None", "None"],
        ["cost_centre", "1210", ""],
        ["project", "", "P 1"],
        ["Not", "till mötet", "hem"],
        ["Mil", "", "12,5"],
    ]


def test_a_line_break_in_a_cell_or_a_name_stands_as_a_sign_of_its_own_and_is_read_back() -> None:
    trips = replace(TRIPS, kept=[SEPARATOR.join(["till\nmötet\n", "hem"])])
    content = pages.page_text(["Not\n(fri)"], trips)
    assert content.count("\n") == len(FIELDS)
    assert content.split("\n")[-1] == "Not\u2028(fri)\x1ftill\u2028mötet\u2028\x1fhem"
    assert pages.kept_cells(content, 0)[1] == ["till\nmötet\n"]


@given(st.lists(st.lists(st.text("ab 1,\n", max_size=4), min_size=2, max_size=2), min_size=1, max_size=4))
def test_the_kept_cells_of_each_trip_are_read_back_as_they_were(columns: list[list[str]]) -> None:
    header = [f"Kolumn {number}" for number in range(len(columns))]
    content = pages.page_text(header, replace(TRIPS, kept=[SEPARATOR.join(column) for column in columns]))
    for index in (0, 1):
        assert pages.kept_cells(content, index) == (header, [column[index] for column in columns])


def test_a_page_is_sealed_with_the_sha_256_of_its_text_and_knows_its_first_and_last_trip() -> None:
    sealed = pages.page(4, 1001, 250, "mötet")
    assert sealed == pages.Page(4, 1001, 1250, "mötet", hashlib.sha256("mötet".encode()).hexdigest())
