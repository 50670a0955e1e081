"""A workbook comes in as the text a spreadsheet program shows, with its row numbers, and can do no harm."""

import datetime
import hashlib
import random
import zipfile
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from klimatvaxling.errors import ExchangeError
from klimatvaxling.language import current, use
from klimatvaxling.travel.file import TravelFile, open_travel_file
from klimatvaxling.travel.file_rules import CellTooLong, ControlCharacter, FileEmpty, TooManyColumns
from klimatvaxling.travel.xlsx_check import XlsxDamaged, XlsxHostile, XlsxPassword, XlsxTooLarge, survey_sheet
from klimatvaxling.travel.xlsx_file import SheetUnknown, XlsxContent, duration_text, moment_text, number_text

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
SHEETS = "application/vnd.openxmlformats-officedocument.spreadsheetml"
# A workbook's times have no zone.
DAY = datetime.datetime(2025, 3, 7)  # noqa: DTZ001
TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"


@pytest.fixture(autouse=True)
def _english():
    before = current()
    use("en")
    yield
    use(before)


def rows_of(file: TravelFile, size: int = 500) -> list[list[str]]:
    return [row for _, rows in file.chunks(size) for row in rows]


def by_hand(folder: Path, rows: str, *, texts: str = "", extra: dict[str, bytes] | None = None) -> Path:
    """A workbook with one sheet whose rows are given as XML, as no spreadsheet program would write them."""
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{TYPES}">'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{SHEETS}.sheet.main+xml"/></Types>'.encode(),
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}"><Relationship Id="rId1" '
        f'Type="{RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>'.encode(),
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}"><sheets>'
        '<sheet name="Resor" sheetId="1" r:id="rId1"/></sheets></workbook>'.encode(),
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}"><Relationship Id="rId1" '
        f'Type="{RELATIONS}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>'.encode(),
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>'.encode(),
    }
    if texts:
        parts["xl/sharedStrings.xml"] = f'<sst xmlns="{MAIN}">{texts}</sst>'.encode()
    path = folder / "march.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {**parts, **(extra or {})}.items():
            archive.writestr(name, content)
    return path


def saved(folder: Path, **cells: object) -> Path:
    """A workbook as openpyxl writes it, with these cells."""
    book = openpyxl.Workbook()
    for place, value in cells.items():
        book.active[place] = value
    book.save(folder / "march.xlsx")
    return folder / "march.xlsx"


def test_every_kind_of_cell_becomes_the_text_a_person_sees(tmp_path: Path) -> None:
    path = saved(
        tmp_path,
        A1="trip_id",
        B1=1200,
        C1=0.1 + 0.2,
        D1=0.00001,
        E1=DAY,
        F1=DAY.replace(hour=14, minute=30),
        G1=True,
        H1=datetime.time(8, 5),
        I1=datetime.timedelta(hours=30),
        J1=" Borås\n",
        K1=False,
        L1=8501011234,
        N1=-0.5,
    )
    (row,) = rows_of(open_travel_file(path))
    assert row[:7] == ["trip_id", "1200", "0.3", "0.00001", "2025-03-07", "2025-03-07 14:30:00", "TRUE"]
    assert row[7:] == ["08:05:00", "30:00:00", " Borås\n", "FALSE", "8501011234", "", "-0.5"]


def test_the_file_knows_the_digest_of_its_bytes_and_its_kind(tmp_path: Path) -> None:
    path = saved(tmp_path, A1="x")
    file = open_travel_file(path)
    assert file.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (file.kind, file.size_bytes, file.name) == ("xlsx", path.stat().st_size, "march.xlsx")


def test_empty_rows_and_columns_before_the_data_keep_their_places(tmp_path: Path) -> None:
    path = saved(tmp_path, C3="a", D5="b")
    assert rows_of(open_travel_file(path)) == [
        ["", "", "", ""],
        ["", "", "", ""],
        ["", "", "a", ""],
        ["", "", "", ""],
        ["", "", "", "b"],
    ]


def test_a_workbook_can_be_read_several_times_in_any_chunk_size(tmp_path: Path) -> None:
    file = open_travel_file(saved(tmp_path, **{f"A{row}": row for row in range(1, 11)}))
    assert [(first, len(rows)) for first, rows in file.chunks(4)] == [(1, 4), (5, 4), (9, 2)]
    assert rows_of(file) == rows_of(file, 3) == [[str(row)] for row in range(1, 11)]


def test_a_merged_cell_has_its_value_in_the_first_place_only(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active["A1"], book.active["C1"] = "Resor", "x"
    book.active.merge_cells("A1:B2")
    book.save(tmp_path / "march.xlsx")
    assert rows_of(open_travel_file(tmp_path / "march.xlsx"))[0] == ["Resor", "", "x"]


def several_sheets(folder: Path) -> Path:
    book = openpyxl.Workbook()
    book.active.title = "Tom"
    hidden = book.create_sheet("Dold")
    hidden["A1"], hidden.sheet_state = "dold", "hidden"
    book.create_sheet("Resor")["A1"] = "resor"
    book.create_sheet("Noter")["A1"] = "noter"
    book.save(folder / "march.xlsx")
    return folder / "march.xlsx"


def test_the_first_visible_sheet_with_content_is_read(tmp_path: Path) -> None:
    assert rows_of(open_travel_file(several_sheets(tmp_path))) == [["resor"]]


@pytest.mark.parametrize(("sheet", "text"), [("Noter", "noter"), ("Dold", "dold")])
def test_a_sheet_is_picked_by_its_name(tmp_path: Path, sheet: str, text: str) -> None:
    assert rows_of(open_travel_file(several_sheets(tmp_path), sheet=sheet)) == [[text]]


def test_an_unknown_sheet_is_refused_with_the_names_there_are(tmp_path: Path) -> None:
    with pytest.raises(SheetUnknown) as refused:
        open_travel_file(several_sheets(tmp_path), sheet="Mars")
    assert "Tom, Dold, Resor, Noter" in refused.value.what_to_do()


def test_a_workbook_without_visible_content_is_empty(tmp_path: Path) -> None:
    with pytest.raises(FileEmpty):
        open_travel_file(saved(tmp_path))
    with pytest.raises(FileEmpty):
        open_travel_file(several_sheets(tmp_path), sheet="Tom")


def test_a_formulas_result_is_read(tmp_path: Path) -> None:
    path = by_hand(tmp_path, '<row r="1"><c r="A1"><f>1+1</f><v>2</v></c><c r="B1" t="str"><f>""</f><v></v></c></row>')
    assert rows_of(open_travel_file(path))[0][0] == "2"


def test_a_formula_that_was_never_calculated_reads_as_the_formula_and_never_as_empty(tmp_path: Path) -> None:
    path = saved(tmp_path, A1="km", A2='=B2&"<"', B2=3, C4="=1+1")
    assert rows_of(open_travel_file(path)) == [["km", ""], ['=B2&"<"', "3"], [], ["", "", "=1+1"]]


@pytest.mark.parametrize("value", ["#REF!", "#N/A", "#DIV/0!"])
def test_an_error_value_reads_as_its_text_and_never_as_empty(tmp_path: Path, value: str) -> None:
    path = by_hand(tmp_path, f'<row r="1"><c r="A1"><v>1</v></c><c r="B1" t="e"><f>X</f><v>{value}</v></c></row>')
    assert rows_of(open_travel_file(path)) == [["1", value]]


def test_cells_and_rows_without_references_stand_behind_the_ones_before_them(tmp_path: Path) -> None:
    path = by_hand(tmp_path, "<row><c><v>1</v></c><c><v>2</v></c></row><row><c><v>3</v></c></row>")
    assert rows_of(open_travel_file(path)) == [["1", "2"], ["3", ""]]


def test_the_prefixed_xml_of_other_programs_is_understood(tmp_path: Path) -> None:
    row = '<x:row r="2"><x:c r="B2" t="e"><x:v>#N/A</x:v></x:c></x:row>'
    path = by_hand(tmp_path, row)
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    sheet = f'<x:worksheet xmlns:x="{MAIN}"><x:sheetData>{row}</x:sheetData></x:worksheet>'
    with zipfile.ZipFile(path, "w") as archive:
        for name, part in parts.items():
            archive.writestr(name, sheet if name.endswith("sheet1.xml") else part)
    assert rows_of(open_travel_file(path))[1] == ["", "#N/A"]


@pytest.mark.parametrize("character", ["\x1e", "\x1f", "\x00", "&#30;"])
def test_control_characters_are_refused_with_their_row(tmp_path: Path, character: str) -> None:
    path = by_hand(
        tmp_path,
        f'<row r="3"><c r="B3" t="inlineStr"><is><t>a{character}b</t></is></c></row>',
    )
    with pytest.raises((ControlCharacter, XlsxDamaged)) as refused:
        rows_of(open_travel_file(path))
    if isinstance(refused.value, ControlCharacter):
        assert refused.value.place.row == 3


def test_a_cell_longer_than_any_note_is_refused(tmp_path: Path) -> None:
    text = "x" * 100_001
    path = by_hand(tmp_path, f'<row r="2"><c r="A2" t="inlineStr"><is><t>{text}</t></is></c></row>')
    with pytest.raises(CellTooLong) as refused:
        rows_of(open_travel_file(path))
    assert refused.value.place.row == 2


def test_more_columns_than_a_travel_file_has_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TooManyColumns):
        open_travel_file(saved(tmp_path, A1="a", XFD1="z"))


def test_two_cells_in_opposite_corners_cannot_fill_the_memory(tmp_path: Path) -> None:
    corners = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    with pytest.raises(XlsxTooLarge):
        open_travel_file(by_hand(tmp_path, corners))


@pytest.mark.parametrize(
    "rows",
    [
        "<row r='1048576'><c r='XFD1048576'><v>1</v></c></row><row r='1'><c r='A1'><v>1</v></c></row>",
        '<row r="1"><c r="A1"><v>1</v></c><c  s="0"\n r = "xfd1048576" ><v>1</v></c></row>',
        '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576">' + "<c><v>1</v></c>" * 100 + "</row>",
        '<row r="1"><c r="A1"><v>1</v></c><c r="XFD1048576" x="/>"><v>1</v></c></row>',
        '<row r="1"><c r="A1"><v>1</v></c><c x=">" r="XFD1048576"><v>1</v></c></row>',
    ],
)
def test_the_corners_are_found_however_they_are_written(tmp_path: Path, rows: str) -> None:
    with pytest.raises(XlsxTooLarge):
        open_travel_file(by_hand(tmp_path, rows))

    columns = '<row r="1"><c r="A1"><v>1</v></c><c r="XFD1" s="0"/></row>'
    rows = columns + '<row r="1048576"><c r="A1048576" s="0"></c></row>'
    assert rows_of(open_travel_file(by_hand(tmp_path, rows))) == [["1"]]


def test_a_long_text_that_a_million_cells_refer_to_cannot_fill_the_memory(tmp_path: Path) -> None:
    rows = '<row r="1"><c r="A1" t="s"><v>1</v></c></row>' + "".join(
        f'<row r="{row}"><c r="A{row}" t="s"><v>1</v></c></row>' for row in range(2, 40_000)
    )
    long = "<si><t>kort</t></si><si><t>" + "x" * 32_000 + "</t></si>"
    with pytest.raises(XlsxTooLarge):
        open_travel_file(by_hand(tmp_path, rows, texts=long))
    # The same long text used once is only a long note.
    short = rows.replace('t="s"><v>1', 't="s"><v>0', 39_000)
    assert len(rows_of(open_travel_file(by_hand(tmp_path, short, texts=long)))) == 39_999


def test_a_zip_bomb_is_not_unpacked(tmp_path: Path) -> None:
    with pytest.raises(XlsxHostile):
        open_travel_file(by_hand(tmp_path, "<row/>" + " " * 50_000_000))


def test_an_archive_that_lies_about_its_size_is_not_unpacked(tmp_path: Path) -> None:
    rows = '<row r="1"><c r="A1"><v>1</v></c></row>' + " " * 1_000_000
    path = by_hand(tmp_path, rows)
    with zipfile.ZipFile(path) as archive:
        entry = archive.getinfo("xl/worksheets/sheet1.xml")
    true_size, lie = entry.file_size.to_bytes(4, "little"), (500).to_bytes(4, "little")
    content = path.read_bytes()
    assert content.count(true_size) == 2
    path.write_bytes(content.replace(true_size, lie))
    with pytest.raises((XlsxHostile, XlsxDamaged)):
        open_travel_file(path)


@pytest.mark.parametrize(
    "part", ["xl/workbook.xml", "xl/worksheets/sheet1.xml", "xl/styles.xml", "xl/sharedStrings.xml"]
)
def test_xml_entities_are_refused_in_every_part(tmp_path: Path, part: str) -> None:
    laughs = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><x>&b;</x>'
    with pytest.raises(XlsxHostile):
        rows_of(open_travel_file(by_hand(tmp_path, "<row/>", extra={part: laughs})))


def test_two_parts_with_one_name_are_refused(tmp_path: Path) -> None:
    path = by_hand(tmp_path, '<row r="1"><c r="A1"><v>1</v></c></row>', extra={"XL/worksheets/Sheet1.xml": b"<x/>"})
    with pytest.raises(XlsxHostile):
        open_travel_file(path)


def test_an_archive_of_very_many_parts_is_refused(tmp_path: Path) -> None:
    path = by_hand(tmp_path, "<row/>", extra={f"xl/media/{number}": b"" for number in range(5_000)})
    with pytest.raises(XlsxHostile):
        open_travel_file(path)


def test_an_encrypted_archive_asks_for_a_file_without_password(tmp_path: Path) -> None:
    path = saved(tmp_path, A1="a")
    content = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        start = content.find(signature)
        content[start + offset] |= 1
    path.write_bytes(content)
    with pytest.raises(XlsxPassword):
        open_travel_file(path)


@pytest.mark.parametrize("keep", [0.2, 0.5, 0.9, 0.999])
def test_a_workbook_that_was_cut_off_is_damaged(tmp_path: Path, keep: float) -> None:
    path = saved(tmp_path, **{f"A{row}": row for row in range(1, 500)})
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * keep)])
    with pytest.raises(XlsxDamaged):
        open_travel_file(path)


@pytest.mark.parametrize(
    "cell", ['<c r="A0"><v>1</v></c>', '<c r="A1" t="s"><v>7</v></c>', '<c r="&#65;1"><v>1</v></c>']
)
def test_a_workbook_that_breaks_the_rules_is_refused_by_name(tmp_path: Path, cell: str) -> None:
    with pytest.raises(XlsxDamaged) as refused:
        open_travel_file(by_hand(tmp_path, f'<row r="1">{cell}</row>'))
    assert refused.value.place.file == "march.xlsx"


def test_no_damaged_byte_is_ever_an_unexpected_fault(tmp_path: Path) -> None:
    path = saved(tmp_path, **{f"{column}{row}": f"{column}{row}" for row in range(1, 20) for column in "ABC"})
    content = path.read_bytes()
    expected = rows_of(open_travel_file(path))
    dice = random.Random(2013)
    for _ in range(300):
        damaged = bytearray(content)
        for _ in range(dice.randint(1, 4)):
            damaged[dice.randrange(4, len(damaged))] = dice.randrange(256)
        path.write_bytes(damaged)
        try:
            assert rows_of(open_travel_file(path)) == expected
        except (XlsxDamaged, XlsxHostile, XlsxPassword, SheetUnknown, FileEmpty):
            continue


ROWS = (
    '<row r="1">',
    '<row r="2" spans="1:3">',
    '<row r="70000">',
    '<row r="100000">',
    "<row>",
    "<row r='4'>",
    "<row >",
)
XML_CELLS = (
    *(
        '<c r="A1"><v>1</v></c>',
        '<c r="B2" t="s"><v>0</v></c>',
        '<c r="C3" s="1" t="inlineStr"><is><t>a : b</t></is></c>',
    ),
    *("<c r='D4'><v>2</v></c>", '<c  r="E5"><v>3</v></c>', "<c><v>4</v></c>", "<c\tr='F6'><v>5</v></c>", '<c r="b3"/>'),
    *('<c r="AA8"><v>6</v></c>', '<c s="2" r="Z99999"/>', '<c r="H9"></c>', '<c r="XFD1"><v>7</v></c>'),
    *('<c r="I5" t="e"><v>#N/A</v></c>', "<c r='J5' t='e'><v>#REF!</v></c>", '<c r="K5"><f>A1*2</f></c>'),
    *('<c r="M5"><f t="shared"/><v>3</v></c>', "<!-- <c r='N1'> -->", "&#65;"),
    *("<v>", "</c>", "</row><row>", "</sheetData><sheetData>", "<cols><col min='1'/></cols>", "<f>"),
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(ROWS), st.lists(st.sampled_from(XML_CELLS), max_size=4)), max_size=4))
def test_a_sheet_of_any_elements_is_refused_or_no_larger_than_it_was_found_to_be(
    tmp_path: Path, rows: list[tuple[str, list[str]]]
) -> None:
    elements = "".join(f"{start}{''.join(cells)}</row>" for start, cells in rows)
    path = by_hand(tmp_path, elements, texts="<si><t>first</t></si>")
    try:
        content = open_travel_file(path).content
        read = sum(len(chunk) for _, chunk in content.chunks(500))
    except ExchangeError:
        return
    with zipfile.ZipFile(path) as archive:
        found = survey_sheet(archive, "xl/worksheets/sheet1.xml", "Resor", path.name)
    assert isinstance(content, XlsxContent)
    if content.sheet.end is not None:
        assert content.sheet.end[0] < found.rows
        assert content.sheet.end[1] < found.columns
    assert read <= max(found.rows, *found.special, 0)


@given(st.decimals(-(10**14), 10**14, places=4, allow_nan=False))
def test_what_people_type_with_four_decimals_comes_back_digit_for_digit_up_to_fifteen(typed: Decimal) -> None:
    digits = len(typed.as_tuple().digits)
    if digits <= 15:
        assert Decimal(number_text(float(typed))) == typed


@given(st.floats(-1e300, 1e300))
def test_a_number_is_never_written_with_an_exponent(number: float) -> None:
    text = number_text(number)
    assert "e" not in text.casefold()
    assert Decimal(text) == 0 or abs(float(text) / number - 1) < 1e-14


def test_times_a_hair_off_the_second_are_rounded_to_it() -> None:
    assert moment_text(DAY.replace(hour=14, minute=29, second=59, microsecond=999_600)) == "2025-03-07 14:30:00"
    assert moment_text(DAY.replace(hour=23, minute=59, second=59, microsecond=999_999)) == "2025-03-08"
    assert duration_text(datetime.timedelta(hours=-1.5)) == "-1:30:00"
