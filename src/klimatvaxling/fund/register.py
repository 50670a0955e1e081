"""The shared fund in the books."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, text

from klimatvaxling.clock import Clock
from klimatvaxling.fund.fund import Fund, appropriation, appropriation_returned
from klimatvaxling.fund.sweep import UnitSweep, due_on, sweep_voucher
from klimatvaxling.language import N_, translate
from klimatvaxling.ledger.accounts import FUND_AVAILABLE
from klimatvaxling.ledger.posting_door import post
from klimatvaxling.ledger.voucher import Voucher
from klimatvaxling.lots.lot import Lot, Movement
from klimatvaxling.lots.register import open_lots
from klimatvaxling.lots.retention import Retention
from klimatvaxling.policies.policy import required_decision
from klimatvaxling.policies.register import all_values
from klimatvaxling.units.register import directory


def fund_in(connection: Connection) -> Fund:
    """The fund's available money with everything that moved on it, a sum for each day."""
    rows = connection.execute(
        text(
            "SELECT v.booked_on, -sum(p.amount_ore) FROM posting p JOIN voucher v ON v.id = p.voucher_id"
            " WHERE p.account = :account GROUP BY v.booked_on ORDER BY v.booked_on"
        ),
        {"account": FUND_AVAILABLE},
    )
    return Fund(tuple(Movement(booked_on, amount_ore) for booked_on, amount_ore in rows))


def appropriate(
    connection: Connection, amount_ore: int, booked_on: datetime.date, decision: str, *, clock: Clock, by: str
) -> Voucher:
    """Budget money into the fund. Raises `AmountNotPositive` or `DecisionMissing`."""
    draft = appropriation(
        amount_ore,
        booked_on.isoformat(),
        description=translate(N_("Appropriation to the shared fund")),
        decision=required_decision(decision),
    )
    return post(connection, [draft], clock=clock, made_by=by)[0]


def return_appropriation(
    connection: Connection, amount_ore: int, booked_on: datetime.date, decision: str, *, clock: Clock, by: str
) -> Voucher:
    """Unused money back to the budget. Raises `AmountNotPositive`, `DecisionMissing` or `FundShort`."""
    draft = appropriation_returned(
        fund_in(connection),
        amount_ore,
        booked_on.isoformat(),
        description=translate(N_("Appropriation returned to the budget")),
        decision=required_decision(decision),
    )
    return post(connection, [draft], clock=clock, made_by=by)[0]


@dataclass(frozen=True)
class Swept:
    """What a sweep moved, and its vouchers in the same order."""

    sweeps: tuple[UnitSweep, ...]
    vouchers: tuple[Voucher, ...]
    retention: Retention
    lots: Mapping[int, Lot]


def sweep(connection: Connection, day: datetime.date, *, clock: Clock, by: str) -> Swept:
    """Move everything that is due on `day` into the fund, booked on that day."""
    retention = Retention(all_values(connection))
    units = {unit.id: unit for unit in directory(connection).newest()}
    lots = open_lots(connection, day.isoformat())
    sweeps = due_on(day.isoformat(), lots, units, retention)
    drafts = [
        sweep_voucher(
            each,
            day.isoformat(),
            description=translate(N_("To the shared fund: what {unit} did not use in time"), unit=each.unit.code),
        )
        for each in sweeps
    ]
    vouchers = post(connection, drafts, clock=clock, made_by=by)
    known = {lot.id: lot for unit_lots in lots.values() for lot in unit_lots}
    return Swept(tuple(sweeps), tuple(vouchers), retention, known)
