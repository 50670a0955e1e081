"""The Swedish personal identity number (personnummer) and coordination number (samordningsnummer).

Source: folkbokföringslagen (1991:481) section 18: year, month and day of birth, a birth number of three
digits and a check digit; from the year a person turns 100 the hyphen is a plus sign. A coordination number
has 60 added to the day. The check digit is Luhn's, over the last ten digits. Organisation numbers have a
month of 20 or more and are therefore none.

Where a number only may be one, the traveller's privacy goes first. Numbers that cannot be one:
- longer runs of digits: IBAN, card and invoice numbers of 13 digits and more;
- twelve digits that do not begin with 18, 19 or 20;
- ten digits that are part of a number with decimals: `8501011234,50` or `57,8501011234`. Decimals of
  zeros do not help: a program that takes the number for a quantity writes `8501011234.0`.
"""

import re

# What stands before the birth number: hyphen, plus, space, and their typographic kin.
_SEPARATORS = "-+ \u00a0\u2007\u2009\u202f\u2010\u2011\u2012\u2013\u2014\u2015\u2212"
_CANDIDATE = re.compile(rf"(?<![0-9])([0-9]{{6,8}})([{_SEPARATORS}]?)([0-9]{{4}})(?![0-9])")
# The VAT number of a sole trader is SE, the owner's personal identity number, and 01.
_VAT_NUMBER = re.compile(r"SE ?([0-9]{10})01(?![0-9])", re.IGNORECASE)
_INTEGER_PART_BEFORE = re.compile(r"(?<![0-9])[0-9]{1,5}[.,]$")
_DECIMALS_BEHIND = re.compile(r"[.,](?=[0-9]{1,5}(?![0-9]))0*[1-9]")
_CENTURIES = ("18", "19", "20")
_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_COORDINATION = 60
# How many digits a number has, without and with its century.
DIGITS = (10, 12)
# The last bytes of the separators in UTF-8 or cp1252; the ones before them are taken away.
_LEADING = bytes.fromhex("c2e28088")
_CLOSING = frozenset(separator.encode()[-1] for separator in _SEPARATORS) | frozenset(b"\x96\x97")
_SKETCH = bytes(48 if byte in b"0123456789" else 45 if byte in _CLOSING else 32 for byte in range(256))
_BARE, _SEPARATED = b"0" * 10, b"000000-0000"


# What stands instead of a number that must not be repeated.
MASKED = "***"


def may_contain(text: bytes) -> bool:
    """Whether `text` (UTF-8) has digits enough in a row for a personal identity number in any of its cells.

    For a quick look at many rows: when this says no, `looks_like_personal_number` does for every cell.
    """
    sketch = text.translate(_SKETCH, _LEADING)
    return _BARE in sketch or _SEPARATED in sketch


def looks_like_personal_number(text: str, *, id_pattern: re.Pattern[str] | None = None) -> bool:
    """Whether a cell is, or contains, what looks like a personal identity number.

    `id_pattern` is what a source's ids look like: ten bare digits that match it whole are no person.
    """
    # Most ids and card numbers are longer or shorter.
    if text.isascii() and text.isdigit() and len(text) not in DIGITS:
        return False
    bare = text.strip()
    if id_pattern is not None and re.fullmatch("[0-9]{10}", bare) and id_pattern.fullmatch(bare):
        return False
    for found in _CANDIDATE.finditer(text):
        born, separator, end = found.groups()
        if len(born) == 7 or (len(born) == 8 and born[:2] not in _CENTURIES):
            continue
        bare_ten = not separator and len(born) == 6
        if bare_ten and _is_decimal_number(text, found.start(), found.end()):
            continue
        if _fits(born[-6:] + end, leap_year=_leap_year(born)):
            return True
    return any(_fits(found[1], leap_year=_leap_year(found[1][:6])) for found in _VAT_NUMBER.finditer(text))


def _is_decimal_number(text: str, start: int, end: int) -> bool:
    before = text[max(0, start - 7) : start]
    return bool(_DECIMALS_BEHIND.match(text, end) or _INTEGER_PART_BEFORE.search(before))


def _leap_year(born: str) -> bool:
    """Whether the year of birth has a 29 February; without a century: in any century."""
    if len(born) == 6:
        return int(born[:2]) % 4 == 0
    year = int(born[:4])
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def _fits(ten: str, *, leap_year: bool) -> bool:
    """Whether ten digits are a day of some year, a birth number and the right check digit."""
    month, day = int(ten[2:4]), int(ten[4:6])
    if day > _COORDINATION:
        day -= _COORDINATION
    if not 1 <= month <= 12 or not 1 <= day <= _DAYS[month - 1] or ((month, day) == (2, 29) and not leap_year):
        return False
    doubled = (int(digit) * (2 - index % 2) for index, digit in enumerate(ten))
    return sum(number // 10 + number % 10 for number in doubled) % 10 == 0
