"""A CSV file comes in as its rows of text, whatever system wrote it, or is refused with the row and why."""

import csv
import hashlib
import os
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from klimatvaxling.language import current, use
from klimatvaxling.travel.csv_file import (
    EncodingBroken,
    LineTooLong,
    QuotesBroken,
    ReadingUnknown,
)
from klimatvaxling.travel.file import TravelFile, open_travel_file
from klimatvaxling.travel.file_rules import (
    CellTooLong,
    ControlCharacter,
    FileChanged,
    FileEmpty,
    TooManyColumns,
)

TEXT = 'trip_id;unit;note\r\nT1;1200;Göteborg–Malmö\r\nT2;1300;"två\r\nrader; ""citat"""\r\n'
ROWS = [
    ["trip_id", "unit", "note"],
    ["T1", "1200", "Göteborg–Malmö"],
    ["T2", "1300", 'två\r\nrader; "citat"'],
]


@pytest.fixture(autouse=True)
def _english():
    before = current()
    use("en")
    yield
    use(before)


def save(folder: Path, content: bytes, name: str = "march.csv", *, age_seconds: int = 0) -> Path:
    path = folder / name
    path.write_bytes(content)
    if age_seconds:
        then = time.time() - age_seconds
        os.utime(path, (then, then))
    return path


def rows_of(file: TravelFile, size: int = 500) -> list[list[str]]:
    return [row for _, rows in file.chunks(size) for row in rows]


def read(folder: Path, content: bytes, **options: str) -> list[list[str]]:
    with open_travel_file(save(folder, content), **options) as file:
        return rows_of(file)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_file_reads_the_same_in_every_encoding_suppliers_use(tmp_path: Path, encoding: str) -> None:
    assert read(tmp_path, TEXT.encode(encoding)) == ROWS


def test_big_endian_utf_16_is_told_by_its_byte_order_mark(tmp_path: Path) -> None:
    assert read(tmp_path, b"\xfe\xff" + TEXT.encode("utf-16-be")) == ROWS


def test_the_file_knows_its_name_its_size_and_the_digest_of_its_bytes(tmp_path: Path) -> None:
    content = TEXT.encode("utf-8-sig")
    file = open_travel_file(save(tmp_path, content))
    assert (file.name, file.size_bytes, file.kind) == ("march.csv", len(content), "csv")
    assert file.sha256 == hashlib.sha256(content).hexdigest()


def test_a_file_can_be_read_several_times_in_any_chunk_size(tmp_path: Path) -> None:
    file = open_travel_file(save(tmp_path, "".join(f"{n};x\n" for n in range(1, 11)).encode()))
    assert [(first, len(rows)) for first, rows in file.chunks(4)] == [(1, 4), (5, 4), (9, 2)]
    assert rows_of(file, 3) == rows_of(file) == [[str(n), "x"] for n in range(1, 11)]


def test_blank_rows_are_kept_so_that_row_numbers_are_the_spreadsheets(tmp_path: Path) -> None:
    assert read(tmp_path, b"a;b\n\n;\n 1 ;2\n") == [["a", "b"], [], ["", ""], [" 1 ", "2"]]


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r"])
def test_every_kind_of_line_break_separates_rows(tmp_path: Path, line_break: str) -> None:
    assert read(tmp_path, line_break.join(["a;b", "1;2", "3;4"]).encode()) == [
        ["a", "b"],
        ["1", "2"],
        ["3", "4"],
    ]


@pytest.mark.parametrize(
    ("text", "first_row"),
    [
        ("km;kg\n1,5;2,5\n3,5;4,5\n", ["km", "kg"]),
        ("km,kg\n1.5,2.5\n", ["km", "kg"]),
        ("km\tkg\n1,5\t2,5\n", ["km", "kg"]),
        ('km,note\n1,"a;b;c"\n2,"d;e"\n', ["km", "note"]),
        ("a,b;c,d\n1,5;2,5\n", ["a,b", "c,d"]),
        ("Rapport, skapad idag\n\nkm;kg\n1,5;2\n2,5;3\n", ["Rapport, skapad idag"]),
        ("ensam\n1\n", ["ensam"]),
    ],
)
def test_the_separator_is_found_despite_decimal_commas(tmp_path: Path, text: str, first_row: list[str]) -> None:
    assert read(tmp_path, text.encode())[0] == first_row


def test_a_separator_that_is_given_is_used(tmp_path: Path) -> None:
    assert read(tmp_path, b"a;b,c\n", delimiter=",") == [["a;b", "c"]]


def test_excels_separator_hint_counts_as_a_blank_row(tmp_path: Path) -> None:
    assert read(tmp_path, b"sep=,\r\na,b;c\r\n1,2;3\r\n") == [[], ["a", "b;c"], ["1", "2;3"]]


def test_an_encoding_that_is_given_is_used(tmp_path: Path) -> None:
    assert read(tmp_path, "å;ö\n".encode("cp865"), encoding="cp865") == [["å", "ö"]]


@pytest.mark.parametrize("options", [{"encoding": "klingon"}, {"encoding": "hex"}, {"delimiter": "x"}])
def test_an_encoding_or_separator_nobody_uses_is_refused(tmp_path: Path, options: dict[str, str]) -> None:
    with pytest.raises(ReadingUnknown):
        read(tmp_path, b"a;b\n", **options)


def test_bytes_that_no_encoding_has_are_refused_with_their_row(tmp_path: Path) -> None:
    with pytest.raises(EncodingBroken) as refused:
        read(tmp_path, b'a;b\n"x\ny";\xe5\n1;\x81\n')
    assert refused.value.place.row == 3


def test_a_file_given_as_utf_8_is_not_guessed_to_be_cp1252(tmp_path: Path) -> None:
    with pytest.raises(EncodingBroken) as refused:
        read(tmp_path, b"a;b\n1;\xe5\n", encoding="utf-8")
    assert refused.value.place.row == 2


def test_two_encodings_in_one_file_are_refused_and_never_read_as_garbage(tmp_path: Path) -> None:
    with pytest.raises(EncodingBroken) as refused:
        read(tmp_path, "a;Göteborg\n".encode() + "b;Borås\n".encode("cp1252"))
    assert refused.value.place.row == 2


def test_a_file_cut_off_inside_a_character_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EncodingBroken):
        read(tmp_path, "a;ö\nb;ö".encode()[:-1])
    with pytest.raises(EncodingBroken):
        read(tmp_path, "a;ö\n".encode("utf-16")[:-1])


@pytest.mark.parametrize("character", ["\x00", "\x0b", "\x1a", "\x1e", "\x1f", "\x7f"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1252"])
def test_control_characters_are_refused_with_their_row(tmp_path: Path, character: str, encoding: str) -> None:
    with pytest.raises(ControlCharacter) as refused:
        read(tmp_path, f"ö;b\n\n1;{character}2\n3;4\n".encode(encoding))
    assert refused.value.place.row == 3
    assert refused.value.facts == {"character": f"U+{ord(character):04X}"}


def test_tabs_and_line_breaks_inside_quoted_cells_are_text(tmp_path: Path) -> None:
    assert read(tmp_path, b'a;"b\tc\nd"\n') == [["a", "b\tc\nd"]]


@pytest.mark.parametrize(
    ("text", "row"),
    [
        ('a;b\n1;2\n3;"never closed\n4;5\n', 3),
        ('a;b\n"x"y;2\n', 2),
        ('a;b\n1;"cut o', 2),
        ('a;"two\nlines"\n\n1;"x" y\n', 3),
    ],
)
def test_quotation_marks_that_do_not_match_are_refused_with_their_row(tmp_path: Path, text: str, row: int) -> None:
    with pytest.raises(QuotesBroken) as refused:
        read(tmp_path, text.encode())
    assert refused.value.place.row == row


def test_rows_before_a_broken_one_are_delivered_first_when_chunks_are_small(tmp_path: Path) -> None:
    chunks = open_travel_file(save(tmp_path, b'a;b\n1;2\n3;"x\n')).chunks(2)
    assert next(chunks) == (1, [["a", "b"], ["1", "2"]])
    with pytest.raises(QuotesBroken):
        next(chunks)


def test_a_cell_longer_than_any_note_is_refused_with_its_row(tmp_path: Path) -> None:
    with pytest.raises(CellTooLong) as refused:
        read(tmp_path, b"a;b\n1;" + b"x" * 100_001 + b"\n")
    assert refused.value.place.row == 2


def test_a_quotation_mark_that_swallows_the_rest_of_a_big_file_is_refused_early(tmp_path: Path) -> None:
    with pytest.raises(CellTooLong) as refused:
        read(tmp_path, b'a;b\n1;"' + b"2;3\n" * 1_000_000)
    assert refused.value.place.row == 2


def test_more_columns_than_a_travel_file_has_are_refused_with_their_row(tmp_path: Path) -> None:
    assert len(read(tmp_path, b"a;b\n" + b";" * 499 + b"\n")[1]) == 500
    for cells in (b"x;" * 500, b'"\n";' * 500, b"\xc3\xb6;" * 500):
        with pytest.raises(TooManyColumns) as refused:
            read(tmp_path, b"a;b\n" + cells + b"\n")
        assert (refused.value.place.row, refused.value.facts["columns"]) == (2, 501)


def test_a_wide_row_is_seen_wherever_it_lies_in_a_big_file(tmp_path: Path) -> None:
    for before in range((1 << 19) - 1200, (1 << 19) + 100, 100):
        lines = b"a;b\n" * (before // 4)
        with pytest.raises(TooManyColumns):
            read(tmp_path, lines + b";" * 500 + b"\n" + b"c;d\n" * 10)


def test_a_row_of_a_million_columns_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TooManyColumns):
        read(tmp_path, b";" * 999_999)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_line_without_end_is_refused_before_it_is_read(tmp_path: Path, encoding: str) -> None:
    path = save(tmp_path, ("a;b\n" + "x" * 1_600_000).encode(encoding))
    with pytest.raises(LineTooLong) as refused:
        open_travel_file(path)
    assert refused.value.place.row == 2


@pytest.mark.parametrize("content", [b"\xef\xbb\xbf", b"\xff\xfe", b"  \r\n\t\n", b"\n" * 600_000])
def test_a_file_of_nothing_but_blanks_is_empty(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(FileEmpty):
        read(tmp_path, content)


def test_a_header_alone_is_fine_at_the_door(tmp_path: Path) -> None:
    assert read(tmp_path, b"trip_id;date") == [["trip_id", "date"]]


def test_a_file_written_to_between_two_passes_is_refused(tmp_path: Path) -> None:
    path = save(tmp_path, b"a;b\n1;2\n", age_seconds=60)
    file = open_travel_file(path)
    rows_of(file)
    save(tmp_path, b"a;b\n1;3\n")
    with pytest.raises(FileChanged):
        rows_of(file)


def test_a_file_written_to_during_a_pass_is_refused(tmp_path: Path) -> None:
    path = save(tmp_path, b"a;b\n" * 10_000)
    chunks = open_travel_file(path).chunks(10)
    next(chunks)
    with path.open("ab") as file:
        file.write(b"c;d\n")
    with pytest.raises(FileChanged):
        list(chunks)


def test_a_change_that_leaves_size_and_time_stamps_alone_is_seen_in_a_fresh_file(tmp_path: Path) -> None:
    path = save(tmp_path, b"a;b\n1;2\n")
    file = open_travel_file(path)
    state = path.stat()
    save(tmp_path, b"a;b\n1;3\n")
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    with pytest.raises(FileChanged):
        rows_of(file)


def test_a_file_taken_away_between_two_passes_is_refused(tmp_path: Path) -> None:
    path = save(tmp_path, b"a;b\n")
    file = open_travel_file(path)
    path.unlink()
    with pytest.raises(FileChanged):
        rows_of(file)


CELL = st.text(st.characters(exclude_categories=("Cs", "Cc"), include_characters="\n\t"), max_size=20)


@settings(max_examples=150, deadline=None)
@given(
    rows=st.lists(st.lists(CELL, min_size=2, max_size=5), min_size=1, max_size=8),
    delimiter=st.sampled_from(";,\t"),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_whatever_is_written_as_csv_reads_back_the_same(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], delimiter: str, encoding: str
) -> None:
    rows[0][0] = "header"
    path = tmp_path_factory.mktemp("csv") / "any.csv"
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows(rows)
    assert rows_of(open_travel_file(path, delimiter=delimiter)) == rows
