"""What a file is, is decided by its content; everything else than CSV and XLSX is refused with a way out."""

import os
import tempfile
import zipfile
from pathlib import Path

import openpyxl
import pytest

from klimatvaxling.language import current, use
from klimatvaxling.travel.file import FileFormat, FileKind, FileMissing, open_travel_file
from klimatvaxling.travel.file_rules import FileEmpty, FileUnreadable
from klimatvaxling.travel.xlsx_check import XlsxPassword

OLD_OFFICE = bytes.fromhex("D0CF11E0A1B11AE1") + bytes(600)


@pytest.fixture(autouse=True)
def _english():
    before = current()
    use("en")
    yield
    use(before)


def save(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def workbook(path: Path) -> Path:
    book = openpyxl.Workbook()
    book.active["A1"] = "trip_id"
    book.save(path)
    return path


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileMissing, match=r"march\.csv"):
        open_travel_file(tmp_path / "march.csv")
    with pytest.raises(FileMissing):
        open_travel_file(tmp_path / "mar\0ch.csv")


def test_a_folder_or_a_pipe_is_no_travel_file(tmp_path: Path) -> None:
    with pytest.raises(FileUnreadable):
        open_travel_file(tmp_path)
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.csv")
        with pytest.raises(FileUnreadable):
            open_travel_file(tmp_path / "pipe.csv")


@pytest.mark.skipif(not hasattr(os, "seteuid"), reason="permissions work otherwise here")
def test_a_file_without_permission_is_refused() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = save(Path(folder) / "march.csv", b"a;b\n")
        path.chmod(0)
        Path(folder).chmod(0o755)
        is_superuser = os.geteuid() == 0
        if is_superuser:  # who may read everything: read as somebody who owns nothing
            os.seteuid(65534)
        try:
            with pytest.raises(FileUnreadable):
                open_travel_file(path)
        finally:
            if is_superuser:
                os.seteuid(0)


@pytest.mark.parametrize("name", ["march.csv", "march.xlsx", "march"])
def test_an_empty_file_is_refused_whatever_its_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(FileEmpty):
        open_travel_file(save(tmp_path / name, b""))


@pytest.mark.parametrize("name", ["march.xlsx", "march.XLSX", "march.xlsm", "march"])
def test_a_workbook_is_told_by_its_content(tmp_path: Path, name: str) -> None:
    made = workbook(tmp_path / "made.xlsx")
    assert open_travel_file(save(tmp_path / name, made.read_bytes())).kind == "xlsx"


@pytest.mark.parametrize("name", ["march.csv", "march.CSV", "march.txt", "march.tsv", "march.dat", "march"])
def test_text_is_read_as_csv(tmp_path: Path, name: str) -> None:
    assert open_travel_file(save(tmp_path / name, b"a;b\n")).kind == "csv"


@pytest.mark.parametrize("name", ["march.xlsx", "march.xls"])
def test_a_csv_file_named_as_a_workbook_is_refused_saying_what_it_is(tmp_path: Path, name: str) -> None:
    with pytest.raises(FileKind, match="named as an Excel workbook, but it is a CSV file"):
        open_travel_file(save(tmp_path / name, b"a;b\n"))


def test_a_workbook_named_as_csv_is_refused_saying_what_it_is(tmp_path: Path) -> None:
    made = workbook(tmp_path / "made.xlsx")
    with pytest.raises(FileKind, match="named as a CSV file, but it is an Excel workbook"):
        open_travel_file(save(tmp_path / "march.csv", made.read_bytes()))


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("march.xls", OLD_OFFICE, "old Excel format"),
        ("march.xlsx", OLD_OFFICE, "old Excel format"),
        ("march.pdf", b"%PDF-1.7\n%\xe2\xe3", "PDF"),
        ("march.xls", b"\xef\xbb\xbf\r\n<html><table><tr><td>1</td></tr></table></html>", "web page"),
        ("march.xml", b'<?xml version="1.0"?><Workbook/>', "web page or XML"),
    ],
)
def test_other_formats_are_refused_with_how_to_save_them(tmp_path: Path, name: str, content: bytes, kind: str) -> None:
    with pytest.raises(FileFormat, match=kind) as refused:
        open_travel_file(save(tmp_path / name, content))
    assert "Save as" in refused.value.what_to_do()


@pytest.mark.parametrize(
    ("part", "text", "kind"),
    [
        ("mimetype", "application/vnd.oasis.opendocument.spreadsheet", "ODS"),
        ("xl/workbook.bin", "", "XLSB"),
        ("word/document.xml", "", "compressed archive"),
        ("march.csv", "a;b", "compressed archive"),
    ],
)
def test_other_archives_are_named_for_what_they_are(tmp_path: Path, part: str, text: str, kind: str) -> None:
    path = tmp_path / "march.ods"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(part, text)
    with pytest.raises(FileFormat, match=kind):
        open_travel_file(path)


def test_a_workbook_with_a_password_says_so(tmp_path: Path) -> None:
    content = OLD_OFFICE + "EncryptedPackage".encode("utf-16-le") + bytes(100)
    with pytest.raises(XlsxPassword):
        open_travel_file(save(tmp_path / "march.xlsx", content))
