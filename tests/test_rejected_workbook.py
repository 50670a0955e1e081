"""Rejected rows leave as a workbook that says what is wrong, and come back as exactly what they were."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import Books, trip
from klimatvaxling.batches import rejected_workbook
from klimatvaxling.batches.rejected_workbook import (
    RejectedRow,
    RejectedTooMany,
    RejectedUnwritable,
    write_rejected_workbook,
)
from klimatvaxling.errors import InputRefused, Place
from klimatvaxling.language import current, use
from klimatvaxling.travel.csv_file import LineTooLong, QuotesBroken
from klimatvaxling.travel.file import open_travel_file

HEADER = ["trip_id", "Unit", "distance_km", "note"]
UNKNOWN_UNIT = QuotesBroken(place=Place(row=17, column="Unit"))
WRONG_DISTANCE = LineTooLong(place=Place(row=17, column="distance_km"), most=10)
WHOLE_ROW = QuotesBroken(place=Place(row=18))
ROWS = [
    RejectedRow(17, ("T1", "9999", "-5", "=1+1"), (UNKNOWN_UNIT, WRONG_DISTANCE)),
    RejectedRow(18, ("T2", "1200", "2025-03-07"), (WHOLE_ROW,)),
]
CHOICES = {"unit": ["1200", "1300", "Barn, unga"], "category": ["taxi"]}


@pytest.fixture(autouse=True)
def _english():
    before = current()
    use("en")
    yield
    use(before)


def write(folder: Path, rows: list[RejectedRow] = ROWS, header: list[str] = HEADER, **choices: list[str]) -> Path:
    path = folder / "march.rejected.xlsx"
    write_rejected_workbook(path, header=header, rows=rows, choices=choices or CHOICES)
    return path


def read_back(path: Path) -> list[list[str]]:
    return [row for _, rows in open_travel_file(path).chunks() for row in rows]


def test_the_rows_come_back_through_the_door_as_they_were(tmp_path: Path) -> None:
    header, first, second = read_back(write(tmp_path))
    assert header == [*HEADER, "rejected_reason"]
    assert first[:4] == ["T1", "9999", "-5", "=1+1"]
    assert second[:4] == ["T2", "1200", "2025-03-07", ""]


def test_each_row_states_its_place_and_all_its_reasons_with_what_to_do(tmp_path: Path) -> None:
    _, first, second = read_back(write(tmp_path))
    assert first[4].splitlines()[0] == "row 17"
    assert first[4].splitlines()[1].startswith("Unit: The quotation marks of the row do not match")
    assert "[KV-FILE-QUOTES]" in first[4]
    assert "distance_km: A line is longer than 10 bytes." in first[4]
    assert second[4].splitlines()[1].startswith("The quotation marks")


def test_offending_cells_are_coloured_and_explained_and_no_others(tmp_path: Path) -> None:
    sheet = openpyxl.load_workbook(write(tmp_path)).active
    wrong = {cell.coordinate for row in sheet["A2:E3"] for cell in row if cell.fill.fgColor.rgb.endswith("FFD9D9")}
    assert wrong == {"B2", "C2", "A3", "B3", "C3", "D3", "E3"}
    notes = {cell.coordinate: cell.comment.text for row in sheet["A2:E3"] for cell in row if cell.comment}
    assert set(notes) == {"B2", "C2"}
    assert notes["B2"].endswith("KV-FILE-QUOTES")
    assert UNKNOWN_UNIT.what_to_do() in notes["B2"]


def test_everything_is_text_so_that_nothing_becomes_a_formula(tmp_path: Path) -> None:
    rows = [RejectedRow(2, ("=HYPERLINK(1)", "+46", "@SUM(A1)", "#REF!"), (WHOLE_ROW,))]
    path = write(tmp_path, rows)
    sheet = openpyxl.load_workbook(path).active
    assert {(cell.data_type, cell.number_format) for cell in sheet[2]} == {("s", "@")}
    assert read_back(path)[1][:4] == list(rows[0].cells)


def test_columns_with_choices_get_a_list_to_pick_from(tmp_path: Path) -> None:
    book = openpyxl.load_workbook(write(tmp_path, unit=[f"{n}" for n in range(400)]))
    data, lists = book.worksheets
    (offer,) = data.data_validations.dataValidation
    assert (str(offer.sqref), offer.formula1) == ("B2:B3", "'Lists'!$A$2:$A$401")
    assert [cell.value for cell in lists["A"]][:3] == ["unit", "0", "1"]
    # A warning leaves other spellings the import understands possible.
    assert offer.errorStyle == "warning"


def test_choices_for_columns_the_file_does_not_have_leave_no_empty_sheet(tmp_path: Path) -> None:
    assert openpyxl.load_workbook(write(tmp_path, colour=["red"])).sheetnames == ["Rejected rows"]


def test_the_rows_are_the_first_sheet_and_ready_to_work_with_and_print(tmp_path: Path) -> None:
    book = openpyxl.load_workbook(write(tmp_path))
    assert book.sheetnames == ["Rejected rows", "Lists"]
    sheet = book.worksheets[0]
    assert (sheet.freeze_panes, sheet.auto_filter.ref, sheet.print_title_rows) == ("A2", "A1:E3", "$1:$1")
    assert (sheet.page_setup.orientation, sheet.page_setup.paperSize) == ("landscape", 9)
    assert (sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight) == (1, 0)


def test_a_row_is_as_high_as_its_reasons_need(tmp_path: Path) -> None:
    sheet = openpyxl.load_workbook(write(tmp_path)).worksheets[0]
    reasons = sheet.max_column
    for number in range(2, sheet.max_row + 1):
        lines = str(sheet.cell(number, reasons).value).split("\n")
        assert sheet.row_dimensions[number].height >= 15 * len(lines)


def test_a_second_round_replaces_the_reasons_of_the_first(tmp_path: Path) -> None:
    header, first, second = read_back(write(tmp_path))
    again = [RejectedRow(2, tuple(first), (UNKNOWN_UNIT,)), RejectedRow(3, tuple(second), (WHOLE_ROW,))]
    rows = read_back(write(tmp_path, again, header))
    assert rows[0] == [*HEADER, "rejected_reason"]
    assert [row[:4] for row in rows[1:]] == [first[:4], second[:4]]
    assert "distance_km" not in rows[1][4]


def test_cells_beyond_the_header_stay_apart_from_the_reasons(tmp_path: Path) -> None:
    rows = read_back(write(tmp_path, [RejectedRow(2, ("T1", "1200", "5", "a", "b", ""), (WHOLE_ROW,))]))
    assert rows[0] == [*HEADER, "", "rejected_reason"]
    assert rows[1][:5] == ["T1", "1200", "5", "a", "b"]


def test_a_text_longer_than_a_cell_can_hold_is_cut_and_says_so(tmp_path: Path) -> None:
    row = read_back(write(tmp_path, [RejectedRow(2, ("T1", "", "", "x" * 40_000), (UNKNOWN_UNIT,))]))[1]
    assert row[3] == "x" * 32_767
    assert "note: the text is longer" in row[4]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.lists(
            st.text(st.characters(exclude_categories=("Cs", "Cc"), include_characters="\n\r\t"), max_size=12)
            | st.sampled_from(["=1+1", "_x0041_", "_x000D_", "__x0041__", " x ", "'x", "\r\n", "<a>&b;</a>", "]]>"]),
            min_size=4,
            max_size=4,
        ).filter(lambda cells: not set("".join(cells)) & {"\ufffe", "\uffff"}),
        min_size=1,
        max_size=5,
    )
)
def test_any_text_survives_the_way_out_and_back(
    tmp_path_factory: pytest.TempPathFactory, cells: list[list[str]]
) -> None:
    rows = [RejectedRow(number, tuple(row), (WHOLE_ROW,)) for number, row in enumerate(cells, start=2)]
    back = [row[:4] for row in read_back(write(tmp_path_factory.mktemp("out"), rows))[1:]]
    # A cell of nothing but blanks may come back empty.
    assert [[cell if cell.strip() else "" for cell in row] for row in back] == [
        [cell if cell.strip() else "" for cell in row] for row in cells
    ]


def test_what_xml_cannot_hold_is_shown_as_a_replacement(tmp_path: Path) -> None:
    assert read_back(write(tmp_path, [RejectedRow(2, ("a\uffffb",), (WHOLE_ROW,))]))[1][0] == "a\ufffdb"


def test_the_same_rows_give_the_same_bytes(tmp_path: Path) -> None:
    first = write(tmp_path).read_bytes()
    program = (
        "from pathlib import Path\n"
        "from test_rejected_workbook import write, use\n"
        "use('en')\n"
        f"write(Path({str(tmp_path)!r}))\n"
    )
    for seed in ("1", "2"):
        tests = Path(__file__).parent
        environment = {**os.environ, "PYTHONHASHSEED": seed, "TZ": "Asia/Tokyo"}
        environment["PYTHONPATH"] = os.pathsep.join([str(tests), *sys.path])
        subprocess.run([sys.executable, "-c", program], check=True, env=environment)
        assert (tmp_path / "march.rejected.xlsx").read_bytes() == first


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")
def test_only_the_owner_may_read_the_workbook_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    path = write(tmp_path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["march.rejected.xlsx"]


def test_a_workbook_that_cannot_be_written_is_refused_and_leaves_the_old_one_alone(tmp_path: Path) -> None:
    with pytest.raises(RejectedUnwritable):
        write(tmp_path / "missing")
    (tmp_path / "march.rejected.xlsx").mkdir()
    with pytest.raises(RejectedUnwritable):
        write(tmp_path)
    assert len(list(tmp_path.iterdir())) == 1


def test_very_many_rows_get_no_more_notes_than_a_spreadsheet_program_bears(tmp_path: Path) -> None:
    rows = [RejectedRow(number, ("T", "9999"), (UNKNOWN_UNIT,)) for number in range(2, 2_102)]
    sheet = openpyxl.load_workbook(write(tmp_path, rows)).active
    assert sum(cell.comment is not None for cell in sheet["B"]) == rejected_workbook.MOST_NOTES
    assert sheet["B2101"].fill.fgColor.rgb.endswith("FFD9D9")
    assert "KV-FILE-QUOTES" in sheet["E2101"].value


def test_more_rows_than_a_sheet_has_are_refused_and_not_dropped(tmp_path: Path) -> None:
    rows = [RejectedRow(2, ("T1",), (WHOLE_ROW,))] * 1_048_576
    with pytest.raises(RejectedTooMany) as refused:
        write(tmp_path, rows)
    assert isinstance(refused.value, InputRefused)
    assert not list(tmp_path.iterdir())


def test_a_workbook_that_somebody_has_saved_is_kept_and_one_nobody_touched_is_replaced(books: Books) -> None:
    rejected = books.folder / "trips.rejected.xlsx"
    books.refuse(trip("a", unit="NIX"))
    books.refuse(trip("a", unit="NIX"), trip("b", unit="NIX"))
    assert sorted(books.folder.glob("*.xlsx")) == [rejected]
    corrected = openpyxl.load_workbook(rejected)
    corrected.active["C2"] = "SBF"
    corrected.save(rejected)
    content = rejected.read_bytes()
    outcome = books.refuse(trip("a", unit="NIX"))
    kept = books.folder / "trips.rejected.kept.xlsx"
    assert kept.read_bytes() == content
    assert f"kept as {kept}" in outcome.err
    assert openpyxl.load_workbook(rejected).active["C2"].value == "NIX"
