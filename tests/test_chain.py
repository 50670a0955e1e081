"""The chain: recomputed here by hand from its documented form; whoever tampers is found, with what was touched."""

import hashlib
import json

import pytest

from conftest import Books, trip
from klimatvaxling.ledger.voucher import Posting, Voucher, canonical

NOUGHTS = "0" * 64


@pytest.fixture
def books_with_history(books: Books) -> Books:
    books.take(trip("a", date="2025-01-10", cost_centre="1200"), trip("b", date="2025-01-11", category="taxi"))
    books.take(trip("c", date="2025-02-10", unit="BUF"), trip("d", date="2025-02-11", unit="ELN"), name="second.csv")
    books.take(
        trip("e", date="2025-03-10"),
        trip("f", date="2025-03-10", unit="NIX"),
        name="third.csv",
        options=["--accept-partial"],
    )
    books.take(trip("g", date="2025-04-10", co2_fossil_kg="-3"), name="fourth.csv")
    return books


def test_anybody_can_recompute_the_chain_from_its_documented_form(books_with_history: Books) -> None:
    """JSON with sorted keys, no white space, UTF-8: the voucher's columns, its lot's date, its postings by line."""
    books = books_with_history
    previous = books.rows("SELECT nonce FROM book")[0]["nonce"]
    vouchers = books.rows("SELECT * FROM voucher ORDER BY id")
    assert len(vouchers) == 5
    for voucher in vouchers:
        key, found = voucher["id"], voucher.pop("hash")
        assert voucher["previous_hash"] == previous
        lot = books.rows("SELECT lot_on FROM lot WHERE voucher_id = ?", key)
        postings = books.rows(
            "SELECT account, amount_ore, unit_id, lot_id, charge_id, co2_g FROM posting WHERE voucher_id = ?"
            " ORDER BY line",
            key,
        )
        content = voucher | {"lot_on": lot[0]["lot_on"] if lot else None, "postings": postings}
        form = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        previous = hashlib.sha256(form.encode()).hexdigest()
        assert found == previous
    assert books.rows("SELECT hash FROM voucher ORDER BY id DESC")[0]["hash"] == previous


def test_each_voucher_holds_the_digest_of_its_trips_as_they_were_read(books_with_history: Books) -> None:
    books = books_with_history
    for voucher in books.rows("SELECT * FROM voucher"):
        pages = books.rows("SELECT content FROM batch_page WHERE batch_id = ? ORDER BY number", voucher["batch_id"])
        digests = [hashlib.sha256(str(page["content"]).encode()).hexdigest() for page in pages]
        (batch,) = books.rows("SELECT * FROM batch WHERE id = ?", voucher["batch_id"])
        assert batch["trips_sha256"] == hashlib.sha256("".join(digests).encode()).hexdigest()
        content = {name: value for name, value in batch.items() if name != "sha256"}
        for name, statement in (
            (
                "charges",
                (
                    "SELECT id, unit_id, category, rate_id, booked_on, is_amendment, mirrors_id FROM charge"
                    " WHERE batch_id = ? ORDER BY id"
                ),
            ),
            (
                "quarantined",
                "SELECT row, trip_id, header, cells, complaints FROM quarantine WHERE batch_id = ? ORDER BY id",
            ),
        ):
            content[name] = [list(row.values()) for row in books.rows(statement, batch["id"])]
        form = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        assert voucher["batch_sha256"] == batch["sha256"] == hashlib.sha256(form.encode()).hexdigest()
    first = books.rows("SELECT content FROM batch_page ORDER BY id LIMIT 1")[0]["content"]
    read = {name: values for name, *values in (line.split("\x1f") for line in str(first).split("\n"))}
    assert (read["trip_id"][0], read["cost_centre"][0], read["co2_fossil_kg"][0]) == ("a", "1200", "10")


def test_every_voucher_has_a_nonce_of_its_own(books_with_history: Books) -> None:
    nonces = {row["nonce"] for row in books_with_history.rows("SELECT nonce FROM voucher")}
    assert len(nonces) == 5
    assert all(len(str(nonce)) == 32 for nonce in nonces)


def test_check_names_every_invariant_and_the_head(books_with_history: Books) -> None:
    checked = books_with_history.json("check")
    assert list(checked) == ["head", "vouchers", "checks"]
    assert checked["vouchers"] == 5
    assert len(checked["checks"]) >= 9
    for check in checked["checks"]:
        assert list(check) == ["name", "ok", "offending", "difference"]
        assert check["ok"] is True
        assert check["offending"] == []


def test_the_check_of_empty_books_passes(fresh_books: Books) -> None:
    fresh_books.sound()
    assert fresh_books.json("check")["vouchers"] == 0


def test_a_noted_head_stays_in_the_chain_as_it_grows(books_with_history: Books) -> None:
    books = books_with_history
    head = books.json("check")["head"]
    books.take(trip("later"), name="later.csv")
    assert books("check", "--head", head).code == 0
    assert books("check", "--head", books.json("check")["head"]).code == 0
    assert books("check", "--head", "0" * 64).code == 4


def test_what_was_cut_off_at_the_end_without_a_trace_is_found_by_the_noted_head(books_with_history: Books) -> None:
    books = books_with_history
    head = books.json("check")["head"]
    books.without_triggers()
    for table, where in (
        ("posting", "voucher_id = 5"), ("voucher", "id = 5"), ("trip", "trip_id = 'g'"), ("charge", "batch_id = 4"),
        ("batch_page", "batch_id = 4"), ("batch", "id = 4"),
        ("registration", "id >= (SELECT id FROM registration WHERE table_name = 'batch' AND row_key = 4)"),
    ):  # fmt: skip
        books.sql(f"DELETE FROM {table} WHERE {where}")
    assert books("check").code == 0
    assert books("check", "--head", head).code == 4


# What was done: the offender that must be named, and how it was done.
TAMPERED: dict[str, tuple[str, list[str]]] = {
    "voucher text": ("A2025-1", ["UPDATE voucher SET description = 'x' WHERE id = 1"]),
    "voucher date": ("A2025-1", ["UPDATE voucher SET booked_on = '2025-01-30' WHERE id = 1"]),
    "voucher maker": ("A2025-2", ["UPDATE voucher SET made_by = 'x' WHERE code = 'A2025-2'"]),
    "voucher evidence": ("A2025-1", ["UPDATE voucher SET evidence = 'x' WHERE id = 1"]),
    "voucher time": ("A2025-1", ["UPDATE voucher SET registered_at = '2020-01-01T00:00:00.000000Z' WHERE id = 1"]),
    "voucher nonce": ("A2025-1", ["UPDATE voucher SET nonce = 'x' WHERE id = 1"]),
    "voucher hash": ("A2025-1", [f"UPDATE voucher SET hash = '{NOUGHTS}' WHERE id = 1"]),
    "voucher number": ("A2025-9", ["UPDATE voucher SET code = 'A2025-9', number = 9 WHERE id = 1"]),
    "voucher deleted": ("A2025-3", [
        "DELETE FROM posting WHERE voucher_id = 2",
        "DELETE FROM voucher WHERE id = 2",
    ]),
    "last voucher cut off": ("batch:4", [
        "DELETE FROM posting WHERE voucher_id = 5",
        "DELETE FROM voucher WHERE id = 5",
    ]),
    "vouchers swapped": ("A2025-1", [
        "UPDATE voucher SET code = 'swap' WHERE id = 1",
        "UPDATE voucher SET code = 'A2025-1', number = 91 WHERE id = 2",
        "UPDATE voucher SET code = 'A2025-2', number = 2 WHERE id = 1",
        "UPDATE voucher SET number = 1 WHERE id = 2",
    ]),
    "posting amount": ("A2025-1", ["UPDATE posting SET amount_ore = amount_ore + 1 WHERE id = 1"]),
    "posting moved to another unit": ("A2025-1", ["UPDATE posting SET unit_id = 2 WHERE id = 1"]),
    "posting balanced anew": ("A2025-1", ["UPDATE posting SET amount_ore = amount_ore * 2 WHERE voucher_id = 1"]),
    "posting account": ("A2025-1", ["UPDATE posting SET account = 'measures' WHERE id = 1"]),
    "posting deleted": ("A2025-1", ["DELETE FROM posting WHERE id = 1"]),
    "postings added": ("A2025-1", [
        ("INSERT INTO posting (id, voucher_id, line, account, unit_id, amount_ore) VALUES (998, 1, 8, "
         "'measures', 1, 5), (999, 1, 9, 'own_funds', 1, -5)"),
    ]),
    "posting without a voucher": ("posting:", [
        ("INSERT INTO posting (id, voucher_id, line, account, unit_id, amount_ore) VALUES (999, 99, 1, "
         "'measures', 1, 0)"),
    ]),
    "postings swapped": ("A2025-1", [
        "UPDATE posting SET line = 90 WHERE id = 1",
        "UPDATE posting SET line = 1 WHERE voucher_id = 1 AND line = 2",
        "UPDATE posting SET line = 2 WHERE line = 90",
    ]),
    "lot date": ("A2025-1", ["UPDATE lot SET lot_on = '2026-01-31' WHERE voucher_id = 1"]),
    "lot deleted": ("A2025-1", ["DELETE FROM lot WHERE voucher_id = 1"]),
    "lot moved to another unit": ("A2025-1", ["UPDATE lot SET unit_id = 2 WHERE voucher_id = 1"]),
    "lot added": ("A2025-4", ["INSERT INTO lot VALUES (5, 1, '2025-04-30')"]),
    "lot without a voucher": ("lot:99", ["INSERT INTO lot VALUES (99, 1, '2025-04-30')"]),
    "trip grams": ("trip:1", ["UPDATE trip SET co2_g = co2_g + 1 WHERE id = 1"]),
    "trip grams, two that cancel out": ("trip:1", [
        "UPDATE trip SET co2_g = co2_g + 1, charge_id = 1 WHERE id = 1",
        "UPDATE trip SET co2_g = co2_g - 1 WHERE id = 2",
    ]),
    "trip id": ("trip:1", ["UPDATE trip SET trip_id = 'x' WHERE id = 1"]),
    "trip date": ("trip:1", ["UPDATE trip SET trip_on = '2025-01-09' WHERE id = 1"]),
    "trip cost centre": ("trip:1", ["UPDATE trip SET cost_centre = '1300' WHERE id = 1"]),
    "trip quantity": ("trip:1", ["UPDATE trip SET quantity = 'plenty' WHERE id = 1"]),
    "trip source": ("trip:1", [
        "INSERT INTO source (id, name) VALUES (2, 'other')",
        "UPDATE trip SET source_id = 2 WHERE id = 1",
    ]),
    "trip deleted": ("", ["DELETE FROM trip WHERE id = 1"]),
    "trip added": ("", [
        ("INSERT INTO trip SELECT 999, source_id, 'x', revision, charge_id, row, trip_on, tier, "
         "quantity, factor_id, 0, NULL, cost_centre, project FROM trip WHERE id = 1"),
    ]),
    "trips swapped": ("trip:1", [
        "UPDATE trip SET id = 900 WHERE id = 1",
        "UPDATE trip SET id = 1 WHERE id = 2",
        "UPDATE trip SET id = 2 WHERE id = 900",
    ]),
    "page text": ("batch:1", ["UPDATE batch_page SET content = replace(content, '1200', '1300') WHERE id = 1"]),
    "page text and digest": ("batch:1", ["UPDATE batch_page SET content = content || 'x' WHERE id = 1"]),
    "page range": ("batch:1", ["UPDATE batch_page SET last_trip_id = 1 WHERE id = 1"]),
    "page deleted": ("batch:1", ["DELETE FROM batch_page WHERE id = 1"]),
    "page added": ("batch:1", [
        ("INSERT INTO batch_page SELECT 999, batch_id, 2, first_trip_id, last_trip_id, content, "
         "sha256 FROM batch_page WHERE id = 1"),
    ]),
    "charge category": ("A2025-1", ["UPDATE charge SET category = 'flight' WHERE id = 1"]),
    "charge unit": ("A2025-1", ["UPDATE charge SET unit_id = 2 WHERE id = 1"]),
    "charge booking date": ("A2025-1", ["UPDATE charge SET booked_on = '2025-01-30' WHERE id = 1"]),
    "charge rate": ("A2025-1", ["UPDATE policy SET value = '151' WHERE name = 'rate'"]),
    "charge moved to another batch": ("batch:1", ["UPDATE charge SET batch_id = 2 WHERE id = 1"]),
    "charge deleted": ("batch:1", ["DELETE FROM charge WHERE id = 1"]),
    "charge added": ("charge:", ["INSERT INTO charge VALUES (99, 1, 2, 'taxi', 1, '2025-01-31', 0, NULL)"]),
    "batch sum": ("batch:1", ["UPDATE batch SET charged_ore = charged_ore + 1 WHERE id = 1"]),
    "batch count": ("batch:1", [
        "UPDATE batch SET rows_posted = rows_posted + 1, rows_read = rows_read + 1 WHERE id = 1",
    ]),
    "batch rows outside the scheme": ("batch:1", [
        "UPDATE batch SET rows_outside_scheme = 5, rows_read = rows_read + 5 WHERE id = 1",
    ]),
    "batch file digest": ("batch:1", [f"UPDATE batch SET file_sha256 = '{NOUGHTS}' WHERE id = 1"]),
    "batch file name": ("batch:1", ["UPDATE batch SET file_name = 'other.csv' WHERE id = 1"]),
    "batch evidence": ("batch:1", ["UPDATE batch SET evidence = 'elsewhere' WHERE id = 1"]),
    "batch trips digest": ("batch:1", [f"UPDATE batch SET trips_sha256 = '{NOUGHTS}' WHERE id = 1"]),
    "batch deleted": ("A2025-1", ["DELETE FROM batch WHERE id = 1"]),
    "quarantined row deleted": ("batch:3", ["DELETE FROM quarantine"]),
    "quarantined row added": ("batch:1", ["INSERT INTO quarantine VALUES (999, 1, 9, 'x', '[]', '[]', '[]')"]),
    "book": ("A2025-1", ["UPDATE book SET nonce = 'x'"]),
    "book deleted": ("", ["DELETE FROM book"]),
}  # fmt: skip


@pytest.mark.parametrize(("named", "statements"), TAMPERED.values(), ids=TAMPERED.keys())
def test_tampering_is_found_and_named(books_with_history: Books, named: str, statements: list[str]) -> None:
    books = books_with_history
    books.sound()
    books.without_triggers()
    for statement in statements:
        books.sql(statement)
    outcome = books("check", "--format", "json")
    assert outcome.code == 4, outcome.err
    failed = [check for check in outcome.json["checks"] if not check["ok"]]
    assert any(named in offender for check in failed for offender in check["offending"]), failed
    assert all(check["difference"] for check in failed)


def test_a_page_rewritten_together_with_its_digests_is_found_by_the_voucher(books_with_history: Books) -> None:
    """Whoever rewrites trip, page and batch consistently still meets the digest in the voucher."""
    books = books_with_history
    books.without_triggers()
    ((content,),) = books.sql("SELECT content FROM batch_page WHERE batch_id = 2")
    changed = content.replace("2025-02-10", "2025-02-09")
    digest = hashlib.sha256(changed.encode()).hexdigest()
    books.sql("UPDATE batch_page SET content = ?, sha256 = ? WHERE batch_id = 2", changed, digest)
    books.sql("UPDATE batch SET trips_sha256 = ? WHERE id = 2", hashlib.sha256(digest.encode()).hexdigest())
    books.sql("UPDATE trip SET trip_on = '2025-02-09' WHERE trip_id = 'c'")
    outcome = books("check", "--format", "json")
    assert outcome.code == 4
    failed = [check for check in outcome.json["checks"] if not check["ok"]]
    assert any("A2025-2" in check["offending"] for check in failed)


def test_the_bytes_that_are_hashed_are_every_column_and_line_with_sorted_keys() -> None:
    voucher = Voucher(
        7, "A2025-3", "A", 2025, 3, "2025-03-31", "2025-04-01T08:00:00.000000Z", "charge", "Resor på väg", "anna", "E1",
        None, 5, "ab", None, "n0", "p0",
    )  # fmt: skip
    hashed = canonical(voucher, [Posting("fee_expense", 10, 1, charge_id=2, co2_g=70)], "2025-03-31").decode()
    assert hashed == (
        '{"application_id":null,"batch_id":5,"batch_sha256":"ab","booked_on":"2025-03-31","code":"A2025-3",'
        '"corrects_id":null,"description":"Resor på väg","event":"charge","evidence":"E1","fiscal_year":2025,"id":7,'
        '"lot_on":"2025-03-31","made_by":"anna","nonce":"n0","number":3,"postings":[{"account":"fee_expense",'
        '"amount_ore":10,"charge_id":2,"co2_g":70,"lot_id":null,"unit_id":1}],"previous_hash":"p0",'
        '"registered_at":"2025-04-01T08:00:00.000000Z","series":"A"}'
    )
