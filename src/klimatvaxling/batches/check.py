"""The checks of what was amended and undone (docs/checks.md)."""

from collections.abc import Iterator

from sqlalchemy import Connection, text

from klimatvaxling.ledger.offence import Offence

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
_MIRRORS = """
SELECT c.id, v.code, p.amount_ore, p.co2_g, -o.amount_ore AS opposite_ore, -o.co2_g AS opposite_g,
  c.unit_id = m.unit_id AND c.category = m.category AND c.rate_id = m.rate_id AS is_alike,
  b.undoes_id = m.batch_id AND v.corrects_id = o.voucher_id AS is_of_the_undoing
FROM charge c JOIN batch b ON b.id = c.batch_id LEFT JOIN charge m ON m.id = c.mirrors_id
LEFT JOIN posting p ON p.charge_id = c.id LEFT JOIN voucher v ON v.id = p.voucher_id
LEFT JOIN posting o ON o.charge_id = c.mirrors_id
WHERE c.mirrors_id IS NOT NULL ORDER BY c.id
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
