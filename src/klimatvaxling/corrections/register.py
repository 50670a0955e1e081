"""Reversals in the books."""

import datetime

from sqlalchemy import Connection, text

from klimatvaxling.clock import Clock, today
from klimatvaxling.corrections.reversal import Original, followed, require_reversible, reversal
from klimatvaxling.errors import InputRefused
from klimatvaxling.fund.register import fund_in
from klimatvaxling.language import N_, translate
from klimatvaxling.ledger.booking import booking_day, required_reason
from klimatvaxling.ledger.posting_door import post
from klimatvaxling.ledger.voucher import Posting, Voucher
from klimatvaxling.lots.register import own_funds_of
from klimatvaxling.units.register import directory


class UnknownVoucher(InputRefused):
    """No voucher of that number."""

    code = "KV-VOUCHER-UNKNOWN"
    message = N_("There is no voucher {voucher}.")
    remedy = N_("Voucher numbers look like A2025-17. See them with: klimatvaxling journal")


def original(connection: Connection, code: str) -> Original:
    """A voucher with its lines. Raises `UnknownVoucher`."""
    found = connection.execute(
        text(
            "SELECT v.id, v.code, v.series, v.event, v.booked_on, r.code AS reversed_by FROM voucher v"
            " LEFT JOIN voucher r ON r.corrects_id = v.id WHERE v.code = :code"
        ),
        {"code": code.strip().upper()},
    ).one_or_none()
    if found is None:
        raise UnknownVoucher(voucher=code)
    lines = connection.execute(
        text(
            "SELECT account, amount_ore, unit_id, lot_id, charge_id, co2_g FROM posting WHERE voucher_id = :id"
            " ORDER BY line"
        ),
        {"id": found.id},
    )
    postings = tuple(Posting(*line) for line in lines)
    return Original(found.id, found.code, found.series, found.event, found.booked_on, postings, found.reversed_by)


def reverse(
    connection: Connection, code: str, reason: str, booked_on: datetime.date | None, *, clock: Clock, by: str
) -> Voucher:
    """Reverse a measure, a sweep or an appropriation.

    Raises `UnknownVoucher`, `ReasonMissing`, `BookedTooEarly` and what `reversal` raises.
    """
    known = original(connection, code)
    require_reversible(known)
    why = required_reason(reason)
    day = booking_day(booked_on, today(clock), known.booked_on)
    known = followed(known, directory(connection).successor)
    unit_ids = known.unit_ids
    funds = own_funds_of(connection, unit_ids)[unit_ids[0]] if unit_ids else None
    description = translate(N_("Reversal of {voucher}: {reason}"), voucher=known.code, reason=why)
    draft = reversal(known, funds, fund_in(connection), day, description)
    return post(connection, [draft], clock=clock, made_by=by)[0]
