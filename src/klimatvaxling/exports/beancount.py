"""The journal in Beancount's syntax (beancount.github.io): `bean-check` accepts it.

It ends with an assertion of every account's balance.
"""

import datetime

from klimatvaxling.exports.journal import COMMODITY, Entry, Journal, Line, amount, one_line

_WIDTH = 48


def beancount(journal: Journal) -> str:
    """The whole journal as text."""
    blocks = [
        f"; vouchers: {len(journal.entries)}\n; head: {journal.head}",
        f'option "title" {_quoted(journal.organisation)}\noption "operating_currency" "{COMMODITY}"',
    ]
    if journal.accounts:
        blocks.append(
            "\n".join(f"{account.opened_on} open {account.name:<{_WIDTH}} {COMMODITY}" for account in journal.accounts)
        )
    blocks += map(_entry, journal.entries)
    if journal.accounts:
        blocks.append(_assertions(journal))
    return "\n\n".join(blocks) + "\n"


def _entry(entry: Entry) -> str:
    facts = [
        ("event", entry.event),
        ("evidence", entry.evidence),
        ("corrects", entry.corrects),
        ("registered_at", entry.registered_at),
        ("made_by", entry.made_by),
        ("hash", entry.hash),
    ]
    return "\n".join(
        [
            f"{entry.booked_on} * {_quoted(entry.code)} {_quoted(entry.description)} ^{entry.code}"
            + (f" ^{entry.corrects}" if entry.corrects else ""),
            *(f"  {name}: {_quoted(value)}" for name, value in facts if value),
            *map(_line, entry.lines),
        ]
    )


def _line(line: Line) -> str:
    facts = [(name, value) for name, value in (("lot", line.lot), ("unit", line.unit), ("category", line.category))]
    stated = [f"    {name}: {_quoted(value)}" for name, value in facts if value is not None]
    if line.co2_g is not None:
        stated.append(f"    co2_g: {line.co2_g}")
    return "\n".join([f"  {line.account:<{_WIDTH}}  {amount(line.amount_ore):>16}", *stated])


def _assertions(journal: Journal) -> str:
    # A balance is asserted for the beginning of a day.
    day = datetime.date.fromisoformat(journal.last_day) + datetime.timedelta(days=1)
    return "\n".join(
        f"{day} balance {account.name:<{_WIDTH}}  {_exactly(account.balance_ore)}" for account in journal.accounts
    )


def _exactly(balance_ore: int) -> str:
    number, commodity = amount(balance_ore).split(" ")
    return f"{number:>12} ~ 0.00 {commodity}"


def _quoted(words: str) -> str:
    escaped = one_line(words).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
