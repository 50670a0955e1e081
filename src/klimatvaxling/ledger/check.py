"""The checks: named invariants of the books, each a small function that gives what offends it (docs/checks.md)."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from klimatvaxling.batches.check import (
    batches_add_up,
    batches_are_as_their_vouchers_say,
    charges_and_lots_are_as_posted,
    charges_are_the_sum_of_their_trips,
    new_trips_weigh_what_is_charged,
    trips_are_as_transcribed,
    trips_are_charged_at_most_once,
    trips_weigh_quantity_times_factor,
    undone_charges_are_mirrored,
)
from klimatvaxling.canonical import sha256_of
from klimatvaxling.coding.check import internal_accounts_eliminate
from klimatvaxling.errors import ExchangeError
from klimatvaxling.fund.check import fund_adds_up, fund_is_never_overdrawn
from klimatvaxling.grants.check import (
    grant_steps_follow_each_other,
    grants_are_as_their_vouchers_say,
    grants_are_never_overpaid,
)
from klimatvaxling.ledger import chain
from klimatvaxling.ledger.offence import EVERYTHING, Offence, Since, changed_content
from klimatvaxling.ledger.registered import registrations_are_chained, rows_are_as_registered
from klimatvaxling.ledger.voucher import Posting, Voucher, canonical
from klimatvaxling.lots.check import own_funds_are_lots_less_debt
from klimatvaxling.measures.check import measures_have_their_vouchers
from klimatvaxling.periods.check import closed_periods_took_no_postings


@dataclass(frozen=True)
class Finding:
    """One invariant and what offends it."""

    name: str
    offending: tuple[Offence, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing offends it."""
        return not self.offending


Check = Callable[[Connection], Iterable[Offence]]
_UNREADABLE = (ArithmeticError, AttributeError, ExchangeError, LookupError, TypeError, ValueError)


def vouchers_sum_to_zero(connection: Connection, since: Since = EVERYTHING) -> Iterator[Offence]:
    """Every voucher has at least two postings and they sum to zero."""
    for row in connection.execute(
        text(
            "SELECT v.code, count(p.id) AS lines, coalesce(sum(p.amount_ore), 0) AS total FROM voucher v"
            " LEFT JOIN posting p ON p.voucher_id = v.id WHERE v.id > :voucher GROUP BY v.id, v.code"
            " HAVING count(p.id) < 2 OR coalesce(sum(p.amount_ore), 0) <> 0"
        ),
        vars(since),
    ):
        yield Offence(row.code, 0, row.total) if row.total else Offence(row.code, ">= 2", row.lines)


def series_are_unbroken(connection: Connection) -> Iterator[Offence]:
    """Voucher numbers run from 1 without a gap in each series and fiscal year, and codes say the same."""
    expected: dict[tuple[str, int], int] = {}
    for row in connection.execute(
        text("SELECT code, series, fiscal_year, number FROM voucher ORDER BY series, fiscal_year, number")
    ):
        key = (row.series, row.fiscal_year)
        number = expected[key] = expected.get(key, 0) + 1
        if row.number != number or row.code != f"{row.series}{row.fiscal_year}-{row.number}":
            yield Offence(row.code, f"{row.series}{row.fiscal_year}-{number}", row.code)
            expected[key] = row.number


def chain_is_whole(connection: Connection, since: Since = EVERYTHING) -> Iterator[Offence]:
    """Each voucher's hash is that of its content and of the voucher before it; registration times rise."""
    expected = connection.execute(text("SELECT nonce FROM book")).scalar()
    if expected is None:
        yield Offence("book", 1, 0)
    position, registered_at = since.voucher, ""
    last = connection.execute(
        text("SELECT hash, registered_at FROM voucher WHERE id = :voucher"), vars(since)
    ).one_or_none()
    if last is not None:
        expected, registered_at = last
    for voucher, found, content_hash, is_in_order in _rehashed(connection, since):
        position += 1
        if voucher.id != position:
            yield Offence(voucher.code, f"#{position}", f"#{voucher.id}")
            position = voucher.id
        if voucher.previous_hash != expected:
            yield Offence(voucher.code, expected, voucher.previous_hash)
        if found != content_hash:
            yield Offence(voucher.code, content_hash, found)
        if not is_in_order:
            yield Offence(voucher.code, "line 1, 2, …", "lines out of order")
        if voucher.registered_at <= registered_at:
            yield Offence(voucher.code, f"> {registered_at}", voucher.registered_at)
        expected, registered_at = found, voucher.registered_at


def postings_have_vouchers(connection: Connection) -> Iterator[Offence]:
    """No posting or lot without its voucher."""
    for table, column in (("posting", "id"), ("lot", "voucher_id")):
        for key in connection.execute(
            text(f"SELECT {column} FROM {table} t WHERE NOT EXISTS (SELECT 1 FROM voucher v WHERE v.id = t.voucher_id)")
        ).scalars():
            yield Offence(f"{table}:{key}", 1, 0)


def handovers_are_as_recorded(connection: Connection) -> Iterator[Offence]:
    """The files of every handover are those that left, and each says which vouchers and the chain's head of then."""
    yield from changed_content(connection, "handover_file", "name")
    for row in connection.execute(
        text(
            "SELECT h.id, count(o.voucher_id) AS vouchers, max(CASE WHEN r.hash = h.head THEN 1 ELSE 0 END) AS has_head"
            " FROM handover h LEFT JOIN handover_voucher o ON o.handover_id = h.id"
            " LEFT JOIN registration r ON r.hash = h.head GROUP BY h.id ORDER BY h.id"
        )
    ):
        if not row.vouchers:
            yield Offence(f"handover:{row.id}", ">= 1", 0)
        if not row.has_head:
            yield Offence(f"handover:{row.id}", "head", None)


CHECKS: tuple[Check, ...] = (
    vouchers_sum_to_zero,
    series_are_unbroken,
    chain_is_whole,
    registrations_are_chained,
    rows_are_as_registered,
    postings_have_vouchers,
    charges_and_lots_are_as_posted,
    batches_are_as_their_vouchers_say,
    trips_are_as_transcribed,
    charges_are_the_sum_of_their_trips,
    trips_weigh_quantity_times_factor,
    own_funds_are_lots_less_debt,
    batches_add_up,
    closed_periods_took_no_postings,
    trips_are_charged_at_most_once,
    undone_charges_are_mirrored,
    measures_have_their_vouchers,
    fund_adds_up,
    fund_is_never_overdrawn,
    grant_steps_follow_each_other,
    grants_are_as_their_vouchers_say,
    grants_are_never_overpaid,
    internal_accounts_eliminate,
    handovers_are_as_recorded,
)
# What can be asked of the newest part of the books alone, at the price of that part.
CHECKS_OF_WHAT_IS_NEW: tuple[Callable[[Connection, Since], Iterable[Offence]], ...] = (
    vouchers_sum_to_zero,
    chain_is_whole,
    charges_and_lots_are_as_posted,
    batches_are_as_their_vouchers_say,
    new_trips_weigh_what_is_charged,
    batches_add_up,
    closed_periods_took_no_postings,
)


def run_checks(
    connection: Connection, checks: Sequence[Check] = CHECKS, progress: Callable[[str], None] = lambda _: None
) -> list[Finding]:
    """Every invariant with what offends it. `progress` is called with each one's name before it is asked."""
    findings = []
    for check in checks:
        progress(check.__name__)
        findings.append(Finding(check.__name__, tuple(_found(check, connection))))
    return findings


def _found(check: Check, connection: Connection) -> Iterator[Offence]:
    """What offends a check. Whoever tampers may leave what it cannot even read: that is a finding, not a fault."""
    try:
        yield from check(connection)
    except _UNREADABLE as stumbled:
        yield Offence(check.__name__, 1, f"{type(stumbled).__name__}: {stumbled}")


def position(connection: Connection) -> Since:
    """How far the books have come; asked before something is posted."""
    row = connection.execute(
        text("SELECT coalesce((SELECT max(id) FROM voucher), 0), coalesce((SELECT max(id) FROM batch), 0)")
    ).one()
    return Since(*row)


def run_checks_since(connection: Connection, since: Since) -> list[Finding]:
    """What was posted after `since`, and where it joins the chain, by every invariant that can be asked of it alone."""
    return [Finding(check.__name__, tuple(check(connection, since))) for check in CHECKS_OF_WHAT_IS_NEW]


def head(connection: Connection) -> tuple[str, int]:
    """The chain's last hash and the number of vouchers."""
    return chain.head(connection)[:2]


def includes_head(connection: Connection, wanted: str) -> Finding:
    """Whether the chain still has the link that somebody noted earlier."""
    offending = () if chain.includes(connection, wanted) else (Offence(wanted, 1, 0),)
    return Finding("chain_includes_head", offending)


def _rehashed(connection: Connection, since: Since) -> Iterator[tuple[Voucher, str, str, bool]]:
    """Every voucher in the order of the chain: the hash on record, that of what stands there, and its lines' order.

    Lines are numbered from 1 as they were written, after those of the voucher before.
    """
    names = list(Voucher.__dataclass_fields__)
    lines = connection.execute(
        text(
            "SELECT id, line, voucher_id, account, amount_ore, unit_id, lot_id, charge_id, co2_g FROM posting"
            " WHERE voucher_id > :voucher ORDER BY voucher_id, line"
        ),
        vars(since),
    )
    by_voucher: dict[int, list[Posting]] = {}
    out_of_order: set[int] = set()
    last = 0
    for key, line, voucher_id, *stated in lines:
        of_voucher = by_voucher.setdefault(voucher_id, [])
        of_voucher.append(Posting(*stated))
        if line != len(of_voucher) or key <= last:
            out_of_order.add(voucher_id)
        last = key
    for row in connection.execute(
        text(
            f"SELECT {', '.join('v.' + name for name in names)}, v.hash, l.lot_on FROM voucher v"
            " LEFT JOIN lot l ON l.voucher_id = v.id WHERE v.id > :voucher ORDER BY v.id"
        ),
        vars(since),
    ):
        voucher = Voucher(*row[: len(names)])
        found = sha256_of(canonical(voucher, by_voucher.get(voucher.id, []), row.lot_on))
        yield voucher, row.hash, found, voucher.id not in out_of_order
