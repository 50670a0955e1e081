"""The checks of batches: pages, trips, charge lines, and what was amended and undone (docs/checks.md)."""

import hashlib
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlalchemy import Connection, Row, text

from klimatvaxling.batches.digest import batch_digest, pages_digest, reversals_digest
from klimatvaxling.batches.pages import LINE_BREAK, columns_of
from klimatvaxling.charges.charge import fee_ore
from klimatvaxling.exact import product, whole
from klimatvaxling.ledger.offence import EVERYTHING, Offence, Since
from klimatvaxling.trips.trip import FIELDS, TIER_NUMBERS

_LIVE_TWICE = """
SELECT s.name, t.trip_id, sum(1 + t.reversed) AS live FROM (
  SELECT t.source_id, t.trip_id,
    (SELECT coalesce(sum(sign), 0) FROM trip_reversal r WHERE r.trip_row_id = t.id) AS reversed
  FROM trip t JOIN (SELECT source_id, trip_id FROM trip GROUP BY source_id, trip_id HAVING count(*) > 1) several
    ON several.source_id = t.source_id AND several.trip_id = t.trip_id) t
JOIN source s ON s.id = t.source_id
GROUP BY s.name, t.trip_id HAVING sum(1 + t.reversed) > 1 ORDER BY s.name, t.trip_id
"""
_TAKEN_BACK = """
SELECT r.trip_row_id, t.trip_id, s.name, sum(r.sign) AS taken_back FROM trip_reversal r
LEFT JOIN trip t ON t.id = r.trip_row_id LEFT JOIN source s ON s.id = t.source_id
GROUP BY r.trip_row_id, t.trip_id, s.name HAVING sum(r.sign) NOT IN (-1, 0) OR t.trip_id IS NULL ORDER BY r.trip_row_id
"""
# A mirrored line is of the same unit, or of one it was merged into.
_MIRRORS = """
WITH RECURSIVE part_of (unit_id, into_id) AS (
  SELECT id, id FROM unit UNION SELECT p.unit_id, m.into_id FROM part_of p JOIN unit_merger m ON m.unit_id = p.into_id)
SELECT c.id, v.code, p.amount_ore, p.co2_g, -o.amount_ore AS opposite_ore, -o.co2_g AS opposite_g,
  c.category = m.category AND c.rate_id = m.rate_id
  AND EXISTS (SELECT 1 FROM part_of u WHERE u.unit_id = m.unit_id AND u.into_id = c.unit_id) AS is_alike,
  b.undoes_id = m.batch_id AND v.corrects_id = o.voucher_id AS is_of_the_undoing
FROM charge c JOIN batch b ON b.id = c.batch_id LEFT JOIN charge m ON m.id = c.mirrors_id
LEFT JOIN posting p ON p.charge_id = c.id LEFT JOIN voucher v ON v.id = p.voucher_id
LEFT JOIN posting o ON o.charge_id = c.mirrors_id
WHERE c.mirrors_id IS NOT NULL ORDER BY c.id
"""
_ON_NO_PAGE = """
SELECT t.id, t.trip_id FROM trip t WHERE coalesce(
  (SELECT p.last_trip_id FROM batch_page p WHERE p.first_trip_id <= t.id ORDER BY p.first_trip_id DESC LIMIT 1), 0) < t.id
ORDER BY t.id
"""
# The first row that came for a trip is revision 0, and each later one follows on the one before.
_REVISED_OUT_OF_TURN = """
SELECT t.id, t.trip_id, t.revision, (SELECT count(*) FROM trip p WHERE p.source_id = t.source_id
  AND p.trip_id = t.trip_id AND p.id < t.id) AS earlier FROM trip t
WHERE t.revision <> 0 AND NOT EXISTS (SELECT 1 FROM trip p WHERE p.source_id = t.source_id AND p.trip_id = t.trip_id
  AND p.revision = t.revision - 1 AND p.id < t.id) ORDER BY t.id
"""
_UNMIRRORED = """
SELECT u.id, c.id AS charge_id FROM batch u JOIN charge c ON c.batch_id = u.undoes_id
WHERE NOT EXISTS (SELECT 1 FROM charge m WHERE m.mirrors_id = c.id AND m.batch_id = u.id) ORDER BY c.id
"""


def trips_are_charged_at_most_once(connection: Connection) -> Iterator[Offence]:
    """A trip is taken back once or restored, never more; of the rows of one trip at most one is charged."""
    for row in connection.execute(text(_TAKEN_BACK)):
        yield Offence(f"trip:{row.name}/{row.trip_id} #{row.trip_row_id}", "-1|0", row.taken_back)
    for row in connection.execute(text(_LIVE_TWICE)):
        yield Offence(f"trip:{row.name}/{row.trip_id}", "<= 1", row.live)


def undone_charges_are_mirrored(connection: Connection) -> Iterator[Offence]:
    """Each charge line of an undone batch has one line that is its exact opposite, in the voucher that corrects its own."""
    for row in connection.execute(text(_MIRRORS)):
        found, opposite = (row.amount_ore, row.co2_g), (row.opposite_ore, row.opposite_g)
        if found != opposite or not row.is_alike or not row.is_of_the_undoing:
            expected = f"{row.opposite_ore} öre, {row.opposite_g} g"
            yield Offence(f"{row.code} charge:{row.id}", expected, f"{row.amount_ore} öre, {row.co2_g} g")
    for row in connection.execute(text(_UNMIRRORED)):
        yield Offence(f"batch:{row.id} charge:{row.charge_id}", 1, 0)


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
    covered = last_page = 0
    for batch in connection.execute(
        text("SELECT id, source_id, trips_sha256, rows_posted FROM batch ORDER BY id")
    ).all():
        digests: list[str] = []
        trips = 0
        for page in connection.execute(
            text(
                "SELECT id, number, first_trip_id, last_trip_id, content, sha256 FROM batch_page"
                " WHERE batch_id = :batch ORDER BY number"
            ),
            {"batch": batch.id},
        ):
            found = hashlib.sha256(page.content.encode()).hexdigest()
            digests.append(found)
            if page.number != len(digests) or page.id <= last_page:
                yield Offence(f"batch:{batch.id} page:{page.number}", len(digests), page.number)
            last_page = page.id
            if found != page.sha256:
                yield Offence(f"batch:{batch.id} page:{page.number}", page.sha256, found)
            trips += page.last_trip_id - page.first_trip_id + 1
            yield from _trips_of_page(connection, page, batch)
        covered += trips
        if pages_digest(digests) != batch.trips_sha256:
            yield Offence(f"batch:{batch.id}", batch.trips_sha256, pages_digest(digests))
        if trips != batch.rows_posted:
            yield Offence(f"batch:{batch.id}", batch.rows_posted, trips)
    total = connection.execute(text("SELECT count(*) FROM trip")).scalar_one()
    if total != covered:
        yield Offence("trip", covered, total)
        yield from (Offence(f"trip:{row.id} ({row.trip_id})", 0, 1) for row in connection.execute(text(_ON_NO_PAGE)))
    for row in connection.execute(text(_REVISED_OUT_OF_TURN)):
        yield Offence(f"trip:{row.id} ({row.trip_id})", row.earlier, row.revision)


def _trips_of_page(connection: Connection, page: Row[Any], batch: Row[Any]) -> Iterator[Offence]:
    stated = list(zip(*(column[1:] for column in columns_of(page.content)[: len(FIELDS)]), strict=True))
    rows = connection.execute(
        text(f"SELECT id, source_id, {', '.join(FIELDS)} FROM trip WHERE id BETWEEN :first AND :last ORDER BY id"),
        {"first": page.first_trip_id, "last": page.last_trip_id},
    ).all()
    if page.last_trip_id - page.first_trip_id + 1 != len(stated):
        yield Offence(f"batch:{batch.id} page:{page.number}", len(stated), page.last_trip_id - page.first_trip_id + 1)
    if len(rows) != len(stated):
        there = {row.id for row in rows}
        missing = (key for key in range(page.first_trip_id, page.last_trip_id + 1) if key not in there)
        yield from (Offence(f"trip:{key}", 1, 0) for key in missing)
    for row in rows:
        place = row.id - page.first_trip_id
        expected = stated[place] if place < len(stated) else ()
        found = tuple(str(value).replace("\n", LINE_BREAK) for value in row[2:])
        if row.source_id != batch.source_id:
            yield Offence(f"trip:{row.id} ({row.trip_id})", batch.source_id, row.source_id)
        if found != expected:
            yield Offence(f"trip:{row.id} ({row.trip_id})", "; ".join(expected), "; ".join(found))


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


def charges_are_the_sum_of_their_trips(connection: Connection) -> Iterator[Offence]:
    """The grams of each charge line are those of its trips less those it takes back; its fee is rounded once."""
    rows = connection.execute(
        text(
            "SELECT v.code, c.id, p.co2_g, p.amount_ore, r.value AS rate, t.trips_g FROM charge c"
            " LEFT JOIN (SELECT charge_id, sum(co2_g) AS trips_g FROM trip_effect GROUP BY charge_id) t"
            " ON t.charge_id = c.id"
            " LEFT JOIN posting p ON p.charge_id = c.id LEFT JOIN voucher v ON v.id = p.voucher_id"
            " JOIN policy r ON r.id = c.rate_id"
        )
    )
    for row in rows:
        if row.co2_g != row.trips_g:
            yield Offence(f"{row.code} charge:{row.id}", row.trips_g, row.co2_g)
        if not row.rate.isdecimal():  # somebody wrote something else there
            yield Offence(f"{row.code} charge:{row.id}", row.rate, row.amount_ore)
        elif row.co2_g is not None and row.amount_ore != fee_ore(row.co2_g, int(row.rate)):
            yield Offence(f"{row.code} charge:{row.id}", fee_ore(row.co2_g, int(row.rate)), row.amount_ore)


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
