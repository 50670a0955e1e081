"""Opening amounts (ingående belopp) of a scheme that already runs: lots with their original dates, and the fund's balance.

They are never charges or appropriations. A lot counts from its original date, so that what was due before stays due.
"""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, text

from klimatvaxling import typed
from klimatvaxling.clock import Clock
from klimatvaxling.errors import ExchangeError, InputRefused, Place, StateRefused
from klimatvaxling.fund.fund import require_positive
from klimatvaxling.language import N_, translate
from klimatvaxling.ledger.accounts import FUND_AVAILABLE, OPENING, OWN_FUNDS
from klimatvaxling.ledger.posting_door import post
from klimatvaxling.ledger.voucher import ADMINISTRATIONS, Posting, Voucher, VoucherDraft, lot_opened_by
from klimatvaxling.policies.policy import required_decision
from klimatvaxling.travel.register_file import RegisterRow, read_register
from klimatvaxling.units.register import directory
from klimatvaxling.units.unit import FUND, Unit

COLUMNS = ("unit", "lot_on", "amount")


class LotInFuture(InputRefused):
    """A lot from after the day the amounts are booked on."""

    code = "KV-OPENING-FUTURE"
    message = N_("The lot's date {lot_on} is later than the booking date {booked_on}.")
    remedy = N_("Correct the date, or book the opening amounts on a later day: --booked-on DATE")


class LotDateMissing(InputRefused):
    """A unit's amount without the date it counts from."""

    code = "KV-OPENING-DATE"
    message = N_("The amount has no date to count from.")
    remedy = N_("Write the date the fees were booked on, as YYYY-MM-DD. Only the fund's amount has none.")


class FundTwice(InputRefused):
    """Two balances of the one fund."""

    code = "KV-OPENING-FUND-TWICE"
    message = N_("The fund stands twice in the file.")
    remedy = N_("The fund has one balance: add the amounts up and write one row.")


class AlreadyOpened(StateRefused):
    """The same opening a second time."""

    code = "KV-OPENING-AGAIN"
    message = N_("Opening amounts of {unit} are already in the books.")
    remedy = N_("They are loaded once. See them with: klimatvaxling journal")


@dataclass(frozen=True)
class OpeningAmount:
    """A unit's lot, or the fund's balance where `unit` is None. `row` is where it stands in the file."""

    unit: Unit | None
    lot_on: str
    amount_ore: int
    row: int


def load_opening(
    connection: Connection, file: Path, booked_on: datetime.date, decision: str, *, clock: Clock, by: str
) -> tuple[list[OpeningAmount], list[Voucher]]:
    """Post the opening amounts of a file `unit;lot_on;amount`, all or none, one voucher each, oldest lots first.

    Raises what is wrong with file, row and column; `AlreadyOpened` for a unit or a fund that has opening amounts.
    """
    reference = required_decision(decision)
    amounts = _amounts(connection, read_register(file, COLUMNS, ("unit", "amount")), booked_on, file.name)
    _require_first(connection, amounts, file.name)
    day = booked_on.isoformat()
    drafts = [_voucher(amount, day, reference, index) for index, amount in enumerate(amounts)]
    return amounts, post(connection, drafts, clock=clock, made_by=by)


def _amounts(
    connection: Connection, rows: Sequence[RegisterRow], booked_on: datetime.date, file: str
) -> list[OpeningAmount]:
    units = directory(connection)
    amounts: list[OpeningAmount] = []
    for row in rows:
        column = "unit"
        try:
            unit = None if row["unit"].casefold() == FUND.casefold() else units.valid(row["unit"], booked_on)
            column = "amount"
            amount_ore = require_positive(typed.amount_ore(row["amount"]))
            column = "lot_on"
            amounts.append(OpeningAmount(unit, _lot_on(row["lot_on"], unit, booked_on), amount_ore, row.number))
        except ExchangeError as complaint:
            raise _in_the_file(complaint, Place(file=file, row=row.number, column=column)) from None
    return sorted(amounts, key=lambda amount: (amount.lot_on, amount.unit.code if amount.unit else ""))


def _in_the_file(complaint: ExchangeError, place: Place) -> ExchangeError:
    """What a person types wrong is a usage fault at the keyboard; in a file it is refused input."""
    if isinstance(complaint, InputRefused | StateRefused):
        complaint.place = place
        return complaint
    return OpeningCell(what=complaint.what(), place=place)


class OpeningCell(InputRefused):
    """A cell that is not what its column holds."""

    code = "KV-OPENING-CELL"
    message = N_("The cell is not understood: {what}")
    remedy = N_("Correct the cell. The columns are unit;lot_on;amount: a unit or FUND, a date, kronor.")


def _lot_on(cell: str, unit: Unit | None, booked_on: datetime.date) -> str:
    if not cell:
        if unit is not None:
            raise LotDateMissing
        return booked_on.isoformat()
    lot_on = typed.date(cell)
    if lot_on > booked_on:
        raise LotInFuture(lot_on=lot_on, booked_on=booked_on)
    return lot_on.isoformat()


def _require_first(connection: Connection, amounts: Sequence[OpeningAmount], file: str) -> None:
    fund = [amount for amount in amounts if amount.unit is None]
    if len(fund) > 1:
        raise FundTwice(place=Place(file=file, row=fund[1].row, column="unit"))
    opened = set(
        connection.execute(text("SELECT DISTINCT unit_id FROM posting WHERE account = :opening"), {"opening": OPENING})
        .scalars()
        .all()
    )
    for amount in amounts:
        if (amount.unit.id if amount.unit else None) in opened:
            code = amount.unit.code if amount.unit else FUND
            raise AlreadyOpened(unit=code, place=Place(file=file, row=amount.row, column="unit"))


def _voucher(amount: OpeningAmount, booked_on: str, reference: str, index: int) -> VoucherDraft:
    unit = amount.unit
    if unit is None:
        to_the_fund = (Posting(OPENING, amount.amount_ore), Posting(FUND_AVAILABLE, -amount.amount_ore))
        description = translate(N_("Opening balance of the shared fund"))
        return VoucherDraft(ADMINISTRATIONS, booked_on, "opening", description, to_the_fund, evidence=reference)
    postings = (
        Posting(OPENING, amount.amount_ore, unit.id),
        Posting(OWN_FUNDS, -amount.amount_ore, unit.id, lot_id=lot_opened_by(index)),
    )
    return VoucherDraft(
        unit.series,
        booked_on,
        "opening",
        translate(N_("Opening amount of {unit}, lot of {lot_on}"), unit=unit.code, lot_on=amount.lot_on),
        postings,
        evidence=reference,
        lot_unit_id=unit.id,
        opens_lot_on=amount.lot_on,
    )
