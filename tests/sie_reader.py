"""Reads SIE 4I as another vendor's program would: from the format's text, with none of the program's code.

It is strict: what the format forbids is an assertion that fails.
"""

import datetime
import re
from dataclasses import dataclass, field
from decimal import Decimal

MANDATORY = ("#FLAGGA", "#PROGRAM", "#FORMAT", "#GEN", "#SIETYP", "#FNAMN")
FORBIDDEN = ("#BKOD", "#OMFATTN", "#IB", "#UB", "#OIB", "#OUB", "#RES", "#PSALDO", "#PBUDGET")
FIXED = {"#FLAGGA": "0", "#FORMAT": "PC8", "#SIETYP": "4"}
AMOUNT = re.compile(r"-?[0-9]+(\.[0-9]{1,2})?")


@dataclass
class Transaction:
    account: str
    objects: dict[str, str]
    amount: Decimal
    text: str


@dataclass
class Verification:
    series: str
    number: int
    date: datetime.date
    text: str
    registered: datetime.date
    sign: str
    lines: list[Transaction] = field(default_factory=list)


@dataclass
class Sie:
    organisation: str = ""
    org_number: str = ""
    generated: datetime.date = datetime.date.min
    accounts: dict[str, str] = field(default_factory=dict)
    dimensions: dict[str, str] = field(default_factory=dict)
    objects: dict[tuple[str, str], str] = field(default_factory=dict)
    vouchers: list[Verification] = field(default_factory=list)

    @property
    def codes(self) -> list[str]:
        """Series and number of each voucher."""
        return [f"{voucher.series}{voucher.date.year}-{voucher.number}" for voucher in self.vouchers]

    def sums(self) -> dict[str, Decimal]:
        """The sum of every account."""
        found: dict[str, Decimal] = {}
        for voucher in self.vouchers:
            for line in voucher.lines:
                found[line.account] = found.get(line.account, Decimal()) + line.amount
        return found


def read(content: bytes) -> Sie:
    sie, labels, checked, open_block = Sie(), [], bytearray(), False
    counting, checksum = False, None
    assert content.endswith(b"\n")
    for raw in content.split(b"\n")[:-1]:
        line = raw.removesuffix(b"\r").decode("cp437")
        assert not any(ord(letter) < 32 for letter in line), "control characters"
        assert checksum is None, "nothing after the checksum"
        if line in ("{", "}"):
            assert open_block == (line == "}")
            assert labels[-1] in ("#VER", "#TRANS")
            open_block = line == "{"
            continue
        assert not set("{}") & set(re.sub(r'"(\\"|[^"])*"|\{[^{}]*\}', "", line)), line
        label, *fields = tokens(line)
        labels.append(label)
        assert label not in FORBIDDEN
        if label == "#KSUMMA":
            if fields:
                checksum = int(fields[0])
            counting = not fields
            continue
        if counting:
            checked += "".join([label, *(part for each in fields for part in flat(each))]).encode("cp437")
        assert open_block == (label == "#TRANS")
        take(sie, label, fields)
    assert not open_block
    assert labels[:2] == ["#FLAGGA", "#KSUMMA"]
    assert labels[-1] == "#KSUMMA"
    assert checksum == crc32(bytes(checked)), "the checksum is another"
    assert all(label in labels for label in MANDATORY)
    order = [
        labels.index(label)
        for label in (*MANDATORY[:5], "#FNAMN", "#KONTO", "#DIM", "#OBJEKT", "#VER")
        if label in labels
    ]
    assert order == sorted(order)
    complete(sie)
    return sie


def take(sie: Sie, label: str, fields: list) -> None:
    match label, fields:
        case "#FLAGGA" | "#FORMAT" | "#SIETYP", [value]:
            assert value == FIXED[label]
        case "#PROGRAM", [name, version]:
            assert name
            assert version
        case "#GEN", [day, _]:
            sie.generated = date(day)
        case "#FNAMN", [name]:
            sie.organisation = name
        case "#ORGNR", [number]:
            assert re.fullmatch(r"[0-9]{6}-[0-9]{4}", number)
            sie.org_number = number
        case "#KONTO", [number, title]:
            assert number.isdecimal()
            assert number not in sie.accounts
            sie.accounts[number] = title
        case "#DIM", [number, title]:
            assert number.isdecimal()
            assert number not in sie.dimensions
            sie.dimensions[number] = title
        case "#OBJEKT", [dimension, code, title]:
            assert dimension in sie.dimensions
            assert (dimension, code) not in sie.objects
            sie.objects[dimension, code] = title
        case "#VER", [series, number, day, text, registered, sign]:
            sie.vouchers.append(Verification(series, int(number), date(day), text, date(registered), sign))
        case "#TRANS", [account, objects, amount, day, text]:
            assert AMOUNT.fullmatch(amount), amount
            assert date(day) == sie.vouchers[-1].date
            pairs = dict(zip(objects[::2], objects[1::2], strict=True))
            sie.vouchers[-1].lines.append(Transaction(account, pairs, Decimal(amount), text))
        case _:
            raise AssertionError((label, fields))


def complete(sie: Sie) -> None:
    """Vouchers balance and ascend, and everything they use is declared."""
    for voucher in sie.vouchers:
        assert len(voucher.lines) >= 2
        assert sum(line.amount for line in voucher.lines) == 0
        for line in voucher.lines:
            assert line.account in sie.accounts
            assert all(pair in sie.objects for pair in line.objects.items())
    for series in {voucher.series for voucher in sie.vouchers}:
        numbers = [voucher.number for voucher in sie.vouchers if voucher.series == series]
        assert numbers == sorted(set(numbers))


def tokens(line: str) -> list:
    """The fields of a line: text, or a list for what stands in braces."""
    found: list = []
    at = 0
    while at < len(line):
        if line[at] in " \t":
            at += 1
        elif line[at] == '"':
            text, at = quoted(line, at + 1)
            found.append(text)
        elif line[at] == "{":
            end = at + 1
            while line[end] != "}":
                end = quoted(line, end + 1)[1] if line[end] == '"' else end + 1
            found.append(tokens(line[at + 1 : end]))
            at = end + 1
        else:
            end = at
            while end < len(line) and line[end] not in " \t{":
                end += 1
            found.append(line[at:end])
            at = end
    return found


def quoted(line: str, at: int) -> tuple[str, int]:
    text = ""
    while line[at] != '"':
        if line[at : at + 2] == '\\"':
            at += 1
        text += line[at]
        at += 1
    return text, at + 1


def flat(value: "str | list") -> list[str]:
    return [value] if isinstance(value, str) else value


def date(text: str) -> datetime.date:
    assert re.fullmatch(r"[0-9]{8}", text)
    return datetime.date(int(text[:4]), int(text[4:6]), int(text[6:]))


def crc32(content: bytes) -> int:
    """The algorithm printed in the format's description, bit by bit."""
    remainder = 0xFFFFFFFF
    for byte in content:
        remainder ^= byte
        for _ in range(8):
            remainder = (remainder >> 1) ^ (0xEDB88320 if remainder & 1 else 0)
    return remainder ^ 0xFFFFFFFF
