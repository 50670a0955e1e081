"""Measures in the books."""

import datetime
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, text

from klimatvaxling.clock import Clock
from klimatvaxling.database.bulk import insert_rows, next_key
from klimatvaxling.language import N_, translate
from klimatvaxling.ledger.posting_door import post
from klimatvaxling.ledger.voucher import Voucher
from klimatvaxling.lots.register import own_funds_of
from klimatvaxling.lots.retention import Retention
from klimatvaxling.measures.focus_area import focus_area
from klimatvaxling.measures.measure import Measure, measure_voucher
from klimatvaxling.policies.policy import FOCUS_AREAS, value_on
from klimatvaxling.policies.register import all_values
from klimatvaxling.units.register import directory
from klimatvaxling.units.unit import Unit

# A code's titles in the languages people use.
Titles = Callable[[str], Sequence[str]]


@dataclass(frozen=True)
class Used:
    """A measure that was paid for: by which voucher, from which lots (the vouchers that opened them) and how much."""

    unit: Unit
    voucher: Voucher
    lots: tuple[tuple[str, int], ...]


def area_in_force(connection: Connection, value: str, day: datetime.date, titles: Titles) -> str:
    """The focus area that is meant, of those decided for `day`. Raises `UnknownFocusArea`."""
    areas = value_on(all_values(connection), FOCUS_AREAS, day).split("|")
    return focus_area(value, areas, titles)


def use_own_funds(
    connection: Connection,
    unit_code: str,
    amount_ore: int,
    booked_on: datetime.date,
    what: Measure,
    *,
    clock: Clock,
    by: str,
) -> Used:
    """Use a unit's own funds for a measure.

    Raises `UnknownUnit`, `UnitNotValid`, `AmountNotPositive` or `OwnFundsShort`.
    """
    unit = directory(connection).valid(unit_code, booked_on)
    draft = measure_voucher(
        unit,
        own_funds_of(connection, [unit.id])[unit.id],
        Retention(all_values(connection)),
        amount_ore,
        booked_on.isoformat(),
        what,
        translate(N_("Measure: {title}"), title=what.title),
    )
    # Before its voucher, which seals it.
    row = (next_key(connection, "voucher"), unit.id, *vars(what).values())
    insert_rows(connection, "measure", ("voucher_id", "unit_id", *Measure.__dataclass_fields__), [row])
    (voucher,) = post(connection, [draft], clock=clock, made_by=by)
    taken = {posting.lot_id: posting.amount_ore for posting in draft.postings if posting.lot_id is not None}
    found = connection.execute(
        text("SELECT id, code FROM voucher WHERE id IN :keys").bindparams(bindparam("keys", expanding=True)),
        {"keys": list(taken)},
    )
    codes: dict[int, str] = {row.id: row.code for row in found}
    return Used(unit, voucher, tuple((codes[lot_id], amount_ore) for lot_id, amount_ore in taken.items()))
