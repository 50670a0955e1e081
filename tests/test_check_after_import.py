"""After an import, what it touched is checked before it is kept: if a check fails, nothing is posted."""

import pytest
from sqlalchemy import text

from conftest import Books, trip
from klimatvaxling.batches import importing
from klimatvaxling.database.engine import reading
from klimatvaxling.ledger import check
from klimatvaxling.ledger.offence import Since


@pytest.fixture
def year(books: Books) -> Books:
    books.take(trip("a", date="2025-01-10"), trip("b", date="2025-02-10", unit="ELN"), name="first.csv")
    return books


@pytest.mark.parametrize(
    ("broken", "statement"),
    [
        ("batches_add_up", "UPDATE batch SET charged_ore = charged_ore + 1 WHERE id = 2"),
        ("batches_are_as_their_vouchers_say", "UPDATE batch SET evidence = 'x' WHERE id = 2"),
        ("chain_is_whole", "UPDATE voucher SET description = 'x' WHERE id = 3"),
        ("new_trips_weigh_what_is_charged", "UPDATE trip SET co2_g = co2_g + 1 WHERE trip_id = 'c'"),
        ("charges_and_lots_are_as_posted", "UPDATE posting SET unit_id = 2 WHERE voucher_id = 3 AND charge_id IS NOT NULL"),
        ("vouchers_sum_to_zero", "UPDATE posting SET amount_ore = amount_ore + 1 WHERE voucher_id = 3 AND line = 1"),
    ],
)  # fmt: skip
def test_an_import_that_breaks_an_invariant_is_not_kept(
    year: Books, monkeypatch: pytest.MonkeyPatch, broken: str, statement: str
) -> None:
    post = importing.post
    year.without_triggers()

    def post_and_break(connection, drafts, **who):  # type: ignore[no-untyped-def]
        vouchers = post(connection, drafts, **who)
        connection.execute(text(statement))
        return vouchers

    monkeypatch.setattr(importing, "post", post_and_break)
    outcome = year.refuse(trip("c"), name="second.csv")
    assert (outcome.code, "KV-CHECK-FAILED" in outcome.err, broken in outcome.err) == (4, True, True)


def test_what_was_broken_before_does_not_stand_in_the_way_of_an_import(year: Books) -> None:
    """Old damage is for `check` and for whoever closes the month; an import looks at its own work."""
    year.without_triggers()
    year.sql("UPDATE posting SET amount_ore = amount_ore + 1 WHERE id = 1")
    year.take(trip("c"), name="second.csv")
    assert year("check").code == 4


def test_an_import_joins_the_chain_where_it_stands(year: Books) -> None:
    with reading(year.url) as connection:
        since = check.position(connection)
    assert since == Since(voucher=2, batch=1)
    year.take(trip("c"), name="second.csv")
    year.without_triggers()
    year.sql("UPDATE voucher SET hash = 'x' WHERE id = 2")
    with reading(year.url) as connection:
        failed = {finding.name: finding for finding in check.run_checks_since(connection, since) if not finding.ok}
    assert list(failed) == ["chain_is_whole"]
    assert [offence.id for offence in failed["chain_is_whole"].offending] == ["A2025-2"]


def test_the_new_part_is_asked_everything_that_can_be_asked_of_it_alone(year: Books) -> None:
    only_new = set(check.CHECKS_OF_WHAT_IS_NEW) - set(check.CHECKS)
    assert only_new == {check.new_trips_weigh_what_is_charged}
    with reading(year.url) as connection:
        whole = {finding.name: finding for finding in check.run_checks(connection)}
        parts = check.run_checks_since(connection, check.EVERYTHING)
    assert all(part == whole.get(part.name, part) and part.ok for part in parts)


def test_a_dry_run_is_checked_too(year: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Since] = []
    run = check.run_checks_since
    monkeypatch.setattr(
        check, "run_checks_since", lambda connection, since: seen.append(since) or run(connection, since)
    )
    year.take(trip("c"), name="second.csv", options=["--dry-run"])
    assert seen == [Since(2, 1)]
