"""The shared fund: what it has, what is reserved, and every movement."""

import datetime

from sqlalchemy import Connection, text

from klimatvaxling.access.access import UNIT
from klimatvaxling.access.register import own_role
from klimatvaxling.language import N_, translate
from klimatvaxling.reports.report import AMOUNT, Column, Report

# Debit is positive in the ledger: what the fund has stands as a credit.
_SUMS = """
SELECT
  coalesce(sum(CASE WHEN p.account = 'opening' AND p.unit_id IS NULL THEN p.amount_ore END), 0) AS opening_ore,
  coalesce(-sum(CASE WHEN p.account = 'fund_available' THEN p.amount_ore END), 0) AS available_ore,
  coalesce(-sum(CASE WHEN p.account = 'fund_committed' THEN p.amount_ore END), 0) AS committed_ore,
  coalesce(-sum(CASE WHEN p.account = 'fund_available' AND p.lot_id IS NOT NULL THEN p.amount_ore END), 0) AS swept_in_ore,
  coalesce(sum(CASE WHEN p.account = 'appropriation' THEN p.amount_ore END), 0) AS appropriated_ore,
  coalesce(-sum(CASE WHEN p.account = 'grants_paid' AND p.amount_ore < 0 THEN p.amount_ore END), 0) AS paid_out_ore,
  coalesce(sum(CASE WHEN p.account = 'grants_paid' AND p.amount_ore > 0 THEN p.amount_ore END), 0) AS returned_ore
FROM posting p JOIN voucher v ON v.id = p.voucher_id
WHERE v.booked_on <= :as_of AND v.registered_at <= :known_at
"""
_MOVEMENTS = """
SELECT v.booked_on, v.code AS voucher, v.event, v.description AS text,
  coalesce(-sum(CASE WHEN p.account = 'fund_available' THEN p.amount_ore END), 0) AS available_ore,
  coalesce(-sum(CASE WHEN p.account = 'fund_committed' THEN p.amount_ore END), 0) AS committed_ore
FROM posting p JOIN voucher v ON v.id = p.voucher_id
WHERE p.account IN ('fund_available', 'fund_committed') AND v.booked_on <= :as_of AND v.registered_at <= :known_at
  AND v.booked_on BETWEEN :first AND :last
GROUP BY v.id, v.booked_on, v.code, v.event, v.description ORDER BY v.booked_on, v.id
"""


def sees_no_fund(connection: Connection) -> bool:
    """Whether the reader sees only its own part of the fund's postings: `fund` alone has the fund's figures then."""
    return own_role(connection) == UNIT


def fund_elsewhere(*, sees_fund: bool) -> tuple[str, ...]:
    """Below a page of all units, for a reader who sees only some of them."""
    note = N_("Only the units that you may see are counted. The whole fund: klimatvaxling fund")
    return () if sees_fund else (translate(note),)


def fund(connection: Connection, as_of: datetime.date, known_at: str, year: int | None = None) -> Report:
    """The fund's sums up to `as_of`, and its movements, of one year where `year` is given."""
    moment = {"as_of": as_of.isoformat(), "known_at": known_at}
    # A unit sees its own vouchers only, but everybody's fund: the server adds it up for them.
    asked = _SUMS if connection.dialect.name == "sqlite" else "SELECT * FROM fund_totals(:as_of, :known_at)"
    sums = connection.execute(text(asked), moment).one()._asdict()
    span = {"first": f"{year}-01-01", "last": f"{year}-12-31"} if year else {"first": "", "last": "9999"}
    movements = [row._asdict() for row in connection.execute(text(_MOVEMENTS), moment | span)]
    return Report(
        title=translate(N_("The shared fund on {day}"), day=as_of),
        columns=(
            Column("booked_on", N_("Booked")),
            Column("voucher", N_("Voucher")),
            Column("text", N_("Text"), gives_way=1),
            Column("available_ore", N_("Available"), AMOUNT),
            Column("committed_ore", N_("Committed"), AMOUNT),
        ),
        rows=movements,
        total=None if year else {"available_ore": sums["available_ore"], "committed_ore": sums["committed_ore"]},
        document={"as_of": as_of.isoformat(), **sums, "movements": movements},
        notes=(translate(N_("Amounts in kronor.")), *_summary(sums)),
        csv_keys=("booked_on", "voucher", "event", "text", "available_ore", "committed_ore"),
        when_empty="" if any(sums.values()) else translate(N_("The fund has not received anything yet.")),
    )


def _summary(sums: dict[str, int]) -> tuple[str, ...]:
    from klimatvaxling.formats import kronor

    figures = (
        (N_("Opening"), "opening_ore", 1),
        (N_("From units' unused fees"), "swept_in_ore", 1),
        (N_("Appropriated"), "appropriated_ore", 1),
        (N_("Grants paid"), "paid_out_ore", -1),
        (N_("Grants returned"), "returned_ore", 1),
        (N_("Reserved for grants"), "committed_ore", -1),
        (N_("Available"), "available_ore", 1),
    )
    shown = [(translate(heading), kronor(sign * sums[key])) for heading, key, sign in figures]
    widths = (max(len(heading) for heading, _ in shown), max(len(amount) for _, amount in shown))
    return tuple(f"{heading:<{widths[0]}}  {amount:>{widths[1]}}" for heading, amount in shown)
