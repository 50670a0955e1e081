"""The checks: named invariants of the books, each a small function that gives what offends it (docs/checks.md)."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlalchemy import Connection, Row, text

from klimatvaxling.batches.check import trips_are_charged_at_most_once, undone_charges_are_mirrored
from klimatvaxling.batches.digest import batch_digest, pages_digest, reversals_digest
from klimatvaxling.batches.pages import LINE_BREAK, columns_of
from klimatvaxling.charges.charge import fee_ore
from klimatvaxling.coding.check import internal_accounts_eliminate
from klimatvaxling.exact import product, whole
from klimatvaxling.fund.check import fund_adds_up, fund_is_never_overdrawn
from klimatvaxling.grants.check import (
    grant_steps_follow_each_other,
    grants_are_as_their_vouchers_say,
    grants_are_never_overpaid,
)
from klimatvaxling.handovers.check import handovers_are_as_recorded
from klimatvaxling.ledger.offence import Offence
from klimatvaxling.ledger.voucher import Posting, Voucher, canonical, digest
from klimatvaxling.measures.check import measures_have_their_vouchers
from klimatvaxling.trips.trip import FIELDS, TIER_NUMBERS


@dataclass(frozen=True)
class Finding:
    """One invariant and what offends it."""

    name: str
    offending: tuple[Offence, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing offends it."""
        return not self.offending


@dataclass(frozen=True)
class Since:
    """How far the books had come when something was about to be posted: the chain's position and the last batch."""

    voucher: int = 0
    batch: int = 0


EVERYTHING = Since()
Check = Callable[[Connection], Iterable[Offence]]


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
    for voucher, found, content_hash in _rehashed(connection, since):
        position += 1
        if voucher.id != position:
            yield Offence(voucher.code, f"#{position}", f"#{voucher.id}")
            position = voucher.id
        if voucher.previous_hash != expected:
            yield Offence(voucher.code, expected, voucher.previous_hash)
        if found != content_hash:
            yield Offence(voucher.code, content_hash, found)
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


def charges_and_lots_are_as_posted(connection: Connection, since: Since = EVERYTHING) -> Iterator[Offence]:
    """Each charge line has one posting, of its unit, booking date and batch; each lot is of the unit it was posted to."""
    for row in connection.execute(
        text(
            "SELECT c.id, v.code, c.unit_id, c.booked_on, c.batch_id, p.unit_id AS posted_unit, v.booked_on AS posted_on,"
            " v.batch_id AS posted_batch FROM charge c LEFT JOIN posting p ON p.charge_id = c.id"
            " LEFT JOIN voucher v ON v.id = p.voucher_id WHERE c.batch_id > :batch AND (p.id IS NULL OR v.id IS NULL"
            " OR p.unit_id <> c.unit_id OR v.booked_on <> c.booked_on OR v.batch_id <> c.batch_id)"
        ),
        vars(since),
    ):
        posted = f"{row.posted_unit} {row.posted_on} {row.posted_batch}"
        yield Offence(
            f"charge:{row.id} {row.code or ''}".strip(), posted, f"{row.unit_id} {row.booked_on} {row.batch_id}"
        )
    for row in connection.execute(
        text(
            "SELECT v.code, l.unit_id, p.unit_id AS posted_unit FROM lot l JOIN voucher v ON v.id = l.voucher_id"
            " JOIN posting p ON p.voucher_id = l.voucher_id AND p.lot_id = l.voucher_id"
            " WHERE p.unit_id <> l.unit_id AND v.id > :voucher"
        ),
        vars(since),
    ):
        yield Offence(row.code, row.posted_unit, row.unit_id)


def trips_are_as_transcribed(connection: Connection) -> Iterator[Offence]:
    """Every posted trip is what its batch's pages say, and the pages are what the batch says."""
    covered = 0
    for batch in connection.execute(
        text("SELECT id, source_id, trips_sha256, rows_posted FROM batch ORDER BY id")
    ).all():
        digests, trips = [], 0
        for page in connection.execute(
            text(
                "SELECT number, first_trip_id, last_trip_id, content, sha256 FROM batch_page"
                " WHERE batch_id = :batch ORDER BY number"
            ),
            {"batch": batch.id},
        ):
            found = hashlib.sha256(page.content.encode()).hexdigest()
            digests.append(found)
            if found != page.sha256:
                yield Offence(f"batch:{batch.id} page:{page.number}", page.sha256, found)
            trips += page.last_trip_id - page.first_trip_id + 1
            yield from _trips_of_page(connection, page, batch.source_id)
        covered += trips
        if pages_digest(digests) != batch.trips_sha256:
            yield Offence(f"batch:{batch.id}", batch.trips_sha256, pages_digest(digests))
        if trips != batch.rows_posted:
            yield Offence(f"batch:{batch.id}", batch.rows_posted, trips)
    total = connection.execute(text("SELECT count(*) FROM trip")).scalar_one()
    if total != covered:
        yield Offence("trip", covered, total)


def batches_are_as_their_vouchers_say(connection: Connection, since: Since = EVERYTHING) -> Iterator[Offence]:
    """A batch's row, charge lines and quarantined rows have the digest that its vouchers, and so the chain, hold."""
    found: dict[int, str] = {}
    new = text("SELECT * FROM batch WHERE id > :batch ORDER BY id")
    for row in connection.execute(new, vars(since)).mappings().all():
        facts = {name: value for name, value in row.items() if name != "sha256"}
        batch = {"batch": row["id"]}
        charges = connection.execute(
            text(
                "SELECT id, unit_id, category, rate_id, booked_on, is_amendment, mirrors_id FROM charge"
                " WHERE batch_id = :batch ORDER BY id"
            ),
            batch,
        )
        waiting = connection.execute(
            text("SELECT row, trip_id, header, cells, complaints FROM quarantine WHERE batch_id = :batch ORDER BY id"),
            batch,
        )
        reversals = connection.execute(
            text(
                "SELECT r.trip_row_id, r.charge_id, r.sign FROM trip_reversal r JOIN charge c ON c.id = r.charge_id"
                " WHERE c.batch_id = :batch ORDER BY r.id"
            ),
            batch,
        )
        taken_back = reversals_digest(tuple(reversal) for reversal in reversals)
        if taken_back != row["reversals_sha256"]:
            yield Offence(f"batch:{row['id']}", row["reversals_sha256"], taken_back)
        digest_found = found[row["id"]] = batch_digest(facts, charges.all(), waiting.all())
        if digest_found != row["sha256"]:
            yield Offence(f"batch:{row['id']}", row["sha256"], digest_found)
    for voucher in connection.execute(
        text("SELECT code, batch_id, batch_sha256 FROM voucher WHERE batch_id > :batch ORDER BY id"), vars(since)
    ):
        if found.get(voucher.batch_id) != voucher.batch_sha256:
            yield Offence(voucher.code, voucher.batch_sha256, found.get(voucher.batch_id))


def _trips_of_page(connection: Connection, page: Row[Any], source_id: int) -> Iterator[Offence]:
    stated = list(zip(*(column[1:] for column in columns_of(page.content)[: len(FIELDS)]), strict=True))
    rows = connection.execute(
        text(f"SELECT id, source_id, {', '.join(FIELDS)} FROM trip WHERE id BETWEEN :first AND :last ORDER BY id"),
        {"first": page.first_trip_id, "last": page.last_trip_id},
    ).all()
    if len(rows) != len(stated):
        yield Offence(f"page:{page.number}", len(stated), len(rows))
    for row, expected in zip(rows, stated, strict=False):
        found = tuple(str(value).replace("\n", LINE_BREAK) for value in row[2:])
        if row.source_id != source_id:
            yield Offence(f"trip:{row.id} ({row.trip_id})", source_id, row.source_id)
        if found != expected:
            yield Offence(f"trip:{row.id} ({row.trip_id})", "; ".join(expected), "; ".join(found))


def charges_are_the_sum_of_their_trips(connection: Connection) -> Iterator[Offence]:
    """The grams of each charge line are those of its trips less those it takes back; its fee is rounded once."""
    rows = connection.execute(
        text(
            "SELECT v.code, c.id, p.co2_g, p.amount_ore, CAST(r.value AS INTEGER) AS rate, t.trips_g FROM charge c"
            " LEFT JOIN (SELECT charge_id, sum(co2_g) AS trips_g FROM trip_effect GROUP BY charge_id) t"
            " ON t.charge_id = c.id"
            " LEFT JOIN posting p ON p.charge_id = c.id LEFT JOIN voucher v ON v.id = p.voucher_id"
            " JOIN policy r ON r.id = c.rate_id"
        )
    )
    for row in rows:
        if row.co2_g != row.trips_g:
            yield Offence(f"{row.code} charge:{row.id}", row.trips_g, row.co2_g)
        if row.co2_g is not None and row.amount_ore != fee_ore(row.co2_g, row.rate):
            yield Offence(f"{row.code} charge:{row.id}", fee_ore(row.co2_g, row.rate), row.amount_ore)


def new_trips_weigh_what_is_charged(connection: Connection, since: Since = EVERYTHING) -> Iterator[Offence]:
    """The check above for all new charge lines together: in one look, at a tenth of its price."""
    # Trips are written in order, so the new ones are the last ones, found without an index on their charge line.
    row = connection.execute(
        text(
            "SELECT coalesce((SELECT sum(co2_g) FROM trip"
            "  WHERE id >= (SELECT min(first_trip_id) FROM batch_page WHERE batch_id > :batch)), 0)"
            " + coalesce((SELECT sum(r.sign * t.co2_g) FROM charge c JOIN trip_reversal r ON r.charge_id = c.id"
            "  JOIN trip t ON t.id = r.trip_row_id WHERE c.batch_id > :batch), 0) AS trips_g,"
            " coalesce((SELECT sum(p.co2_g) FROM charge c JOIN posting p ON p.charge_id = c.id"
            "  WHERE c.batch_id > :batch), 0) AS charged_g"
        ),
        vars(since),
    ).one()
    if row.trips_g != row.charged_g:
        yield Offence(f"batch:{since.batch + 1}", row.trips_g, row.charged_g)


def trips_weigh_quantity_times_factor(connection: Connection) -> Iterator[Offence]:
    """The grams of a trip by fuel or distance on the ground are quantity × factor, those stated are the kilograms stated."""
    fuel, distance, stated = TIER_NUMBERS["fuel"], TIER_NUMBERS["distance"], TIER_NUMBERS["stated"]
    rows = connection.execute(
        text(
            "SELECT t.tier, t.quantity, f.g_per_unit, t.co2_g, min(t.id) AS id FROM trip t"
            " JOIN charge c ON c.id = t.charge_id LEFT JOIN factor f ON f.id = t.factor_id"
            " WHERE t.tier IN (:fuel, :stated) OR (t.tier = :distance AND c.category <> 'flight')"
            " GROUP BY t.tier, t.quantity, f.g_per_unit, t.co2_g"
        ),
        {"fuel": fuel, "distance": distance, "stated": stated},
    )
    for row in rows:
        factor = Decimal(1000) if row.tier == stated else Decimal(row.g_per_unit or 0)
        try:
            expected: object = whole(product(Decimal(row.quantity), factor))
        except InvalidOperation:
            expected = row.quantity
        if expected != row.co2_g:
            yield Offence(f"trip:{row.id}", expected, row.co2_g)


def own_funds_are_lots_less_debt(connection: Connection) -> Iterator[Offence]:
    """Per unit, open lots less debt are the own funds of the ledger: no lot and no debt is below zero on any day."""
    running = (
        "SELECT p.lot_id, p.unit_id, v.booked_on, {sign}sum(sum(p.amount_ore)) OVER (PARTITION BY p.lot_id, p.unit_id"
        " ORDER BY v.booked_on) AS left_ore FROM posting p JOIN voucher v ON v.id = p.voucher_id"
        " WHERE p.account = 'own_funds' AND p.lot_id IS {some} NULL GROUP BY p.lot_id, p.unit_id, v.booked_on"
    )
    named = set()
    for row in connection.execute(
        text(
            f"SELECT v.code, l.lot_id, l.booked_on, l.left_ore FROM ({running.format(sign='-', some='NOT')}) l"
            " LEFT JOIN voucher v ON v.id = l.lot_id WHERE l.left_ore < 0 ORDER BY l.lot_id, l.booked_on"
        )
    ):
        if row.lot_id not in named:
            named.add(row.lot_id)
            yield Offence(f"lot:{row.code or row.lot_id} {row.booked_on}", ">= 0", row.left_ore)
    for row in connection.execute(
        text(
            f"SELECT u.code, d.booked_on, d.left_ore AS debt_ore FROM ({running.format(sign='', some='')}) d"
            " JOIN unit u ON u.id = d.unit_id WHERE d.left_ore < 0 ORDER BY u.code, d.booked_on"
        )
    ):
        if row.code not in named:
            named.add(row.code)
            yield Offence(f"unit:{row.code} {row.booked_on}", ">= 0", row.debt_ore)


def batches_add_up(connection: Connection, since: Since = EVERYTHING) -> Iterator[Offence]:
    """What a batch says it charged is what its vouchers charged."""
    for row in connection.execute(
        text(
            "SELECT b.id, b.charged_ore, b.co2_g, coalesce(sum(p.amount_ore), 0) AS ore, coalesce(sum(p.co2_g), 0) AS g"
            " FROM batch b LEFT JOIN charge c ON c.batch_id = b.id LEFT JOIN posting p ON p.charge_id = c.id"
            " WHERE b.id > :batch GROUP BY b.id, b.charged_ore, b.co2_g"
        ),
        vars(since),
    ):
        if (row.charged_ore, row.co2_g) != (row.ore, row.g):
            yield Offence(f"batch:{row.id}", f"{row.charged_ore} öre, {row.co2_g} g", f"{row.ore} öre, {row.g} g")


def closed_periods_took_no_postings(connection: Connection, since: Since = EVERYTHING) -> Iterator[Offence]:
    """No voucher was registered in a month while it was closed, and each closing names the chain's head of then."""
    for row in connection.execute(
        text(
            "SELECT v.code, v.booked_on, e.closed_through FROM voucher v JOIN period_event e"
            " ON e.id = (SELECT max(id) FROM period_event WHERE vouchers < v.id)"
            " WHERE v.id > :voucher AND v.booked_on <= e.closed_through ORDER BY v.id"
        ),
        vars(since),
    ):
        yield Offence(row.code, f"> {row.closed_through}", row.booked_on)
    for row in connection.execute(
        text(
            "SELECT e.id, e.month, e.head, coalesce(v.hash, b.nonce) AS found FROM period_event e"
            " LEFT JOIN voucher v ON v.id = e.vouchers LEFT JOIN book b ON e.vouchers = 0"
            " WHERE e.vouchers > :voucher OR :voucher = 0 ORDER BY e.id"
        ),
        vars(since),
    ):
        if row.found != row.head:
            yield Offence(f"period:{row.month} #{row.id}", row.head, row.found)


CHECKS: tuple[Check, ...] = (
    vouchers_sum_to_zero,
    series_are_unbroken,
    chain_is_whole,
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


def run_checks(connection: Connection, checks: Sequence[Check] = CHECKS) -> list[Finding]:
    """Every invariant with what offends it."""
    return [Finding(check.__name__, tuple(check(connection))) for check in checks]


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
    row = connection.execute(text("SELECT hash, id FROM voucher ORDER BY id DESC LIMIT 1")).one_or_none()
    if row is None:
        return str(connection.execute(text("SELECT nonce FROM book")).scalar() or ""), 0
    return row.hash, row.id


def includes_head(connection: Connection, wanted: str) -> Finding:
    """Whether the chain still has the link that somebody noted earlier."""
    found = connection.execute(
        text("SELECT 1 FROM voucher WHERE hash = :head UNION SELECT 1 FROM book WHERE nonce = :head"), {"head": wanted}
    ).scalar()
    offending = () if found else (Offence(wanted, 1, 0),)
    return Finding("chain_includes_head", offending)


def _rehashed(connection: Connection, since: Since) -> Iterator[tuple[Voucher, str, str]]:
    """Every voucher in the order of the chain, with the hash on record and the hash of what stands there."""
    names = list(Voucher.__dataclass_fields__)
    lines = connection.execute(
        text(
            "SELECT voucher_id, account, amount_ore, unit_id, lot_id, charge_id, co2_g FROM posting"
            " WHERE voucher_id > :voucher ORDER BY voucher_id, line"
        ),
        vars(since),
    )
    by_voucher: dict[int, list[Posting]] = {}
    for row in lines:
        by_voucher.setdefault(row.voucher_id, []).append(Posting(*row[1:]))
    for row in connection.execute(
        text(
            f"SELECT {', '.join('v.' + name for name in names)}, v.hash, l.lot_on FROM voucher v"
            " LEFT JOIN lot l ON l.voucher_id = v.id WHERE v.id > :voucher ORDER BY v.id"
        ),
        vars(since),
    ):
        voucher = Voucher(*row[: len(names)])
        yield voucher, row.hash, digest(canonical(voucher, by_voucher.get(voucher.id, []), row.lot_on))
