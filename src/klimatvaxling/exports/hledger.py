"""The journal in hledger's syntax (hledger.org): `hledger check --strict` accepts it.

It ends with an assertion of every account's balance.
"""

from klimatvaxling.exports.journal import COMMODITY, Entry, Journal, Line, amount, one_line

# What would begin a comment, or a date of a line's own inside a comment.
_SAFE = str.maketrans({";": ",", "[": "(", "]": ")", "|": "/"})
_WIDTH = 48


def hledger(journal: Journal) -> str:
    """The whole journal as text."""
    blocks = [
        f"; {_safe(journal.organisation)}\n; vouchers: {len(journal.entries)}\n; head: {journal.head}",
        f"decimal-mark .\ncommodity 1000.00 {COMMODITY}",
    ]
    if journal.accounts:
        blocks.append("\n".join(f"account {account.name}" for account in journal.accounts))
    blocks += map(_entry, journal.entries)
    if journal.accounts:
        blocks.append(_assertions(journal))
    return "\n\n".join(blocks) + "\n"


def _entry(entry: Entry) -> str:
    facts = [
        ("event", entry.event),
        ("evidence", entry.evidence),
        ("corrects", entry.corrects),
        ("registered", entry.registered_at),
        ("by", entry.made_by),
        ("hash", entry.hash),
    ]
    return "\n".join(
        [
            f"{entry.booked_on} * ({entry.code}) {_safe(entry.description)}".rstrip(),
            *(f"    ; {name}: {_safe(value)}" for name, value in facts if value),
            *map(_line, entry.lines),
        ]
    )


def _line(line: Line) -> str:
    tags = [("lot", line.lot), ("unit", line.unit), ("category", line.category), ("co2_g", line.co2_g)]
    comment = ", ".join(f"{name}:{value}" for name, value in tags if value is not None)
    figure = f"    {line.account:<{_WIDTH}}  {amount(line.amount_ore):>16}"
    return f"{figure}  ; {comment}" if comment else figure


def _assertions(journal: Journal) -> str:
    return "\n".join(
        [
            f"{journal.last_day} * Closing balances",
            *(
                f"    {account.name:<{_WIDTH}}  {amount(0):>16} = {amount(account.balance_ore)}"
                for account in journal.accounts
            ),
        ]
    )


def _safe(words: str) -> str:
    return one_line(words).translate(_SAFE)
