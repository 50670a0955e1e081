"""The journal as it leaves the program: vouchers in order of booking date, with the names accounts have in plain text.

Names are English and never translated, so that the same books give the same bytes whoever exports them.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from klimatvaxling.ledger import accounts, chain

COMMODITY = "SEK"
FUND = "Fund"
# Where an account stands in a plain-text chart, and whether it is kept for each unit.
PLACES = {
    accounts.FEE_EXPENSE: ("Expenses:Fees", True),
    accounts.OWN_FUNDS: ("Liabilities:OwnFunds", True),
    accounts.MEASURES: ("Income:Measures", True),
    accounts.FUND_AVAILABLE: ("Liabilities:Fund:Available", False),
    accounts.FUND_COMMITTED: ("Liabilities:Fund:Committed", False),
    accounts.GRANTS_PAID: ("Income:GrantsPaid", True),
    accounts.APPROPRIATION: ("Expenses:Appropriation", False),
    accounts.OPENING: ("Equity:Opening", True),
}
_UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\\s]+")


@dataclass(frozen=True)
class Line:
    """A line of a voucher. `account` is its full name; debit positive, whole öre."""

    account: str
    amount_ore: int
    unit: str | None = None
    lot: str | None = None
    category: str | None = None
    co2_g: int | None = None


@dataclass(frozen=True)
class Entry:
    """A voucher with its lines."""

    code: str
    booked_on: str
    registered_at: str
    event: str
    description: str
    made_by: str
    evidence: str
    corrects: str | None
    hash: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Account:
    """An account by its full name: the day it is first used, and what stands on it after all entries, in öre."""

    name: str
    opened_on: str
    balance_ore: int


@dataclass(frozen=True)
class Journal:
    """The entries by booking date and then their place in the chain; `head` is the chain's as it was known."""

    organisation: str
    head: str
    entries: tuple[Entry, ...]
    accounts: tuple[Account, ...]

    @property
    def last_day(self) -> str:
        """The ISO date of the last booking."""
        return self.entries[-1].booked_on if self.entries else ""


_VOUCHERS = """
SELECT v.id, v.code, v.booked_on, v.registered_at, v.event, v.description, v.made_by, v.evidence, c.code AS corrects,
  v.hash
FROM voucher v LEFT JOIN voucher c ON c.id = v.corrects_id
WHERE v.booked_on <= :as_of AND v.registered_at <= :known_at ORDER BY v.booked_on, v.id
"""
_LINES = """
SELECT p.voucher_id, p.account, p.unit_id, u.code AS unit, l.code AS lot, c.category, p.co2_g, p.amount_ore
FROM posting p JOIN voucher v ON v.id = p.voucher_id LEFT JOIN unit u ON u.id = p.unit_id
  LEFT JOIN voucher l ON l.id = p.lot_id LEFT JOIN charge c ON c.id = p.charge_id
WHERE v.booked_on <= :as_of AND v.registered_at <= :known_at ORDER BY p.voucher_id, p.line
"""
# Asked of the database apart from the lines, so that the file's own assertions test the file.
_BALANCES = """
SELECT p.account, p.unit_id, min(v.booked_on) AS opened_on, sum(p.amount_ore) AS balance_ore
FROM posting p JOIN voucher v ON v.id = p.voucher_id
WHERE v.booked_on <= :as_of AND v.registered_at <= :known_at GROUP BY p.account, p.unit_id
"""


def journal_in(connection: Connection, as_of: str, known_at: str) -> Journal:
    """The journal as booked up to a day and known at a time."""
    moment = {"as_of": as_of, "known_at": known_at}
    units = unit_names(
        [(row.id, row.code) for row in connection.execute(text("SELECT id, code FROM unit ORDER BY id"))]
    )
    lines: dict[int, list[Line]] = {}
    for row in connection.execute(text(_LINES), moment):
        name = account_name(row.account, units.get(row.unit_id))
        lines.setdefault(row.voucher_id, []).append(
            Line(name, row.amount_ore, row.unit, row.lot, row.category, row.co2_g)
        )
    vouchers = connection.execute(text(_VOUCHERS), moment).all()
    entries = tuple(
        Entry(
            code=row.code,
            booked_on=row.booked_on,
            registered_at=row.registered_at,
            event=row.event,
            description=row.description,
            made_by=row.made_by,
            evidence=row.evidence,
            corrects=row.corrects,
            hash=row.hash,
            lines=tuple(lines.get(row.id, ())),
        )
        for row in vouchers
    )
    found: dict[str, Account] = {}
    for row in connection.execute(text(_BALANCES), moment):
        name = account_name(row.account, units.get(row.unit_id))
        known = found.get(name)
        opened_on = min(row.opened_on, known.opened_on) if known else row.opened_on
        found[name] = Account(name, opened_on, row.balance_ore + (known.balance_ore if known else 0))
    book = connection.execute(text("SELECT organisation FROM book")).one()
    head = chain.head(connection, known_at).hash
    return Journal(book.organisation, head, entries, tuple(found[name] for name in sorted(found)))


def account_name(account: str, unit: str | None) -> str:
    """The full name of an account; what belongs to no unit is the fund's."""
    place, of_units = PLACES[account]
    return f"{place}:{unit or FUND}" if of_units else place


def unit_names(units: Sequence[tuple[int, str]]) -> dict[int, str]:
    """What each unit (key and code, in order of registration) is called in an account's name.

    Plain-text ledgers take capitals, digits and hyphens there, and begin with no hyphen. Two codes that come out alike
    are told apart by the later one's key; no name changes when another unit is registered.
    """
    names: dict[int, str] = {}
    for key, code in units:
        name = code.replace("_", "-")
        name = name[0].upper() + name[1:] if name[0] != "-" else f"X{name}"
        while name.casefold() in {FUND.casefold(), *map(str.casefold, names.values())}:
            name = f"{name}-{key}"
        names[key] = name
    return names


def amount(amount_ore: int) -> str:
    """Whole öre as plain text: `-1234.50 SEK`."""
    sign, size = "-" if amount_ore < 0 else "", abs(amount_ore)
    return f"{sign}{size // 100}.{size % 100:02d} {COMMODITY}"


def one_line(words: str) -> str:
    """Words without line breaks and control characters."""
    return _UNFIT.sub(" ", words).strip()
