"""Writes SIE 4I: vouchers for another accounting system ("SIE filformat", version 4B, 2008-09-30).

Texts are quoted and in code page 437; amounts have a decimal point and two decimals; the checksum (#KSUMMA) is CRC-32
over labels and field contents.
"""

import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from klimatvaxling import formats
from klimatvaxling.coding.entry import BookedVoucher, EntryLine
from klimatvaxling.coding.plan import PARTS, Account, Dimension
from klimatvaxling.handovers.code_page import encoded, in_code_page


@dataclass(frozen=True)
class Sender:
    """Whose books they are, and who made the file with what, when (ISO date)."""

    organisation: str
    org_number: str
    program_version: str
    made_on: str
    made_by: str


@dataclass(frozen=True)
class SieVoucher:
    """A voucher with its lines, and the accounts, dimensions and names of the plan it was coded by."""

    voucher: BookedVoucher
    lines: Sequence[EntryLine]
    accounts: Mapping[str, Account]
    dimensions: Mapping[str, Dimension]


# What the codes of a part are called, by part and code.
Names = Mapping[str, Mapping[str, str]]


def sie_file(sender: Sender, vouchers: Sequence[SieVoucher], names: Names) -> bytes:
    """The file's bytes. The vouchers come in the order of their numbers."""
    file = _File()
    file.record("#PROGRAM", _text("klimatvaxling"), _text(sender.program_version))
    file.record("#FORMAT", _plain("PC8"))
    file.record("#GEN", _day(sender.made_on), _text(sender.made_by))
    file.record("#SIETYP", _plain("4"))
    if sender.org_number:
        file.record("#ORGNR", _plain(sender.org_number))
    file.record("#FNAMN", _text(sender.organisation))
    _declarations(file, vouchers, names)
    for each in vouchers:
        _voucher(file, each)
    return file.finished()


def amount(amount_ore: int) -> str:
    """Öre as kronor with a decimal point and two decimals."""
    sign = "-" if amount_ore < 0 else ""
    return f"{sign}{abs(amount_ore) // 100}.{abs(amount_ore) % 100:02d}"


@dataclass(frozen=True)
class _Field:
    """A field: its content, which the checksum covers, and how it is written."""

    content: str
    written: str


class _File:
    """The lines of a file and its checksum as they come."""

    def __init__(self) -> None:
        self._lines = [b"#FLAGGA 0", b"#KSUMMA"]
        self._checksum = 0

    def record(self, label: str, *fields: _Field) -> None:
        """One record of the file."""
        self._checksum = zlib.crc32(encoded("".join((label, *(field.content for field in fields)))), self._checksum)
        self._lines.append(encoded(" ".join((label, *(field.written for field in fields)))))

    def brace(self, brace: str) -> None:
        """A brace on a line of its own."""
        self._lines.append(brace.encode())

    def finished(self) -> bytes:
        """Everything, with the checksum last."""
        return b"\n".join((*self._lines, b"#KSUMMA %d" % self._checksum, b""))


def _declarations(file: _File, vouchers: Iterable[SieVoucher], names: Names) -> None:
    """Every account, dimension and object that is used."""
    accounts: dict[str, str] = {}
    dimensions: dict[int, str] = {}
    objects: dict[tuple[int, str], str] = {}
    for each in vouchers:
        for line in each.lines:
            accounts[line.account] = each.accounts[line.account].title
            for part, code in line.codes:
                dimension = each.dimensions[part]
                dimensions[dimension.number] = dimension.title
                objects[dimension.number, code] = names.get(part, {}).get(code, code)
    for number, title in sorted(accounts.items()):
        file.record("#KONTO", _plain(number), _text(title))
    for dimension_number, title in sorted(dimensions.items()):
        file.record("#DIM", _plain(str(dimension_number)), _text(title))
    for (dimension_number, code), title in sorted(objects.items()):
        file.record("#OBJEKT", _plain(str(dimension_number)), _text(code), _text(title))


def _voucher(file: _File, each: SieVoucher) -> None:
    voucher = each.voucher
    file.record(
        "#VER",
        _text(voucher.series),
        _text(str(voucher.number)),
        _day(voucher.booked_on),
        _text(f"{voucher.code} {voucher.description}"),
        _day(voucher.registered_at[:10]),
        _text(voucher.made_by),
    )
    file.brace("{")
    for line in each.lines:
        file.record(
            "#TRANS",
            _plain(line.account),
            _objects(line, each.dimensions),
            _plain(amount(line.amount_ore)),
            _day(voucher.booked_on),
            _text(voucher.description if line.co2_g is None else f"{formats.kg(line.co2_g)} kg CO2"),
        )
    file.brace("}")


def _objects(line: EntryLine, dimensions: Mapping[str, Dimension]) -> _Field:
    """The coding string: dimension and object by turns, in braces that the checksum leaves out."""
    numbered = sorted((dimensions[part].number, code) for part, code in line.codes)
    fields = [field for number, code in numbered for field in (_plain(str(number)), _text(code))]
    written = " ".join(field.written for field in fields)
    return _Field("".join(field.content for field in fields), f"{{{written}}}")


@lru_cache(maxsize=10_000)
def _text(value: str) -> _Field:
    content = " ".join(in_code_page(value).split())
    escaped = content.replace('"', '\\"')
    return _Field(content, f'"{escaped}"')


@lru_cache(maxsize=10_000)
def _plain(value: str) -> _Field:
    return _Field(value, value)


def _day(iso: str) -> _Field:
    return _plain(iso.replace("-", ""))


def object_names(names: Iterable[Names]) -> dict[str, dict[str, str]]:
    """Several sets of names as one; the last set counts."""
    found: dict[str, dict[str, str]] = {part: {} for part in PARTS}
    for each in names:
        for part, titles in each.items():
            found[part].update(titles)
    return found
