"""Speed of what goes over every lot: 300 units with 60 months of lots, against one SQL pass over the same rows.

The pass fetches every line with its voucher and its lot. Both are timed in one process over the same connection.
"""

import datetime
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from figure import Figure, figure_of, run
from sqlalchemy import Connection, text

UNITS, MONTHS = 300, 60
_PASS = text(
    "SELECT p.account, p.unit_id, p.lot_id, p.amount_ore, p.co2_g, v.booked_on, v.registered_at, l.lot_on FROM posting p"
    " JOIN voucher v ON v.id = p.voucher_id LEFT JOIN lot l ON l.voucher_id = p.lot_id"
)


def books_with_lots(folder: Path) -> str:
    """The URL of books with a lot of every unit and month, a third of them partly used; through the posting door."""
    from klimatvaxling.clock import system_clock
    from klimatvaxling.database.engine import writing
    from klimatvaxling.ledger.posting_door import post
    from klimatvaxling.ledger.voucher import Posting, VoucherDraft, lot_opened_by

    units, books = folder / "units.csv", folder / "books.db"
    units.write_text(
        "code;name;kind\n" + "".join(f"E{unit:03d};Enhet {unit};administration\n" for unit in range(UNITS))
    )
    for command in (("init",), ("unit", "load", str(units))):
        run(sys.executable, "-m", "klimatvaxling", *command, database=books)
    drafts, uses = [], []
    for month in range(MONTHS):
        day = f"{2021 + month // 12}-{month % 12 + 1:02d}-28"
        for unit in range(1, UNITS + 1):
            index, ore = len(drafts), 10_000 + 7 * unit + month
            lot = (Posting("opening", ore, unit), Posting("own_funds", -ore, unit, lot_id=lot_opened_by(index)))
            drafts.append(VoucherDraft("A", day, "opening", "", lot, lot_unit_id=unit, opens_lot_on=day))
            if (unit + month) % 3 == 0:
                use = (Posting("own_funds", ore // 2, unit, lot_id=index + 1), Posting("measures", -(ore // 2), unit))
                uses.append(VoucherDraft("A", f"{day[:8]}28", "measure", "", use))
    with writing(f"sqlite:///{books}") as connection:
        post(connection, [*drafts, *uses], clock=system_clock, made_by="bench")
    return f"sqlite:///{books}"


def figures(rounds: int) -> list[Figure]:
    """Working out the sweep and the balance, each against the pass; of several rounds the median ratio."""
    from klimatvaxling.database.engine import reading
    from klimatvaxling.fund.sweep import due_on
    from klimatvaxling.lots.register import lots_before
    from klimatvaxling.lots.retention import Retention
    from klimatvaxling.policies.register import all_values
    from klimatvaxling.reports.balance import balance
    from klimatvaxling.units.register import directory

    day = datetime.date(2026, 6, 30)

    def sweep(connection: Connection) -> object:
        units = {unit.id: unit for unit in directory(connection).newest()}
        return due_on(
            day.isoformat(), lots_before(connection, day.isoformat()), units, Retention(all_values(connection))
        )

    def report(connection: Connection) -> object:
        return balance(connection, day, "9999-12-31T23:59:59.999999Z")

    with tempfile.TemporaryDirectory() as folder, reading(books_with_lots(Path(folder))) as connection:
        lots = f"over {UNITS * MONTHS:,} lots"
        found = []
        for name, work in ((f"sweep {lots}", sweep), (f"balance {lots}", report)):
            _timed(lambda work=work: work(connection))
            taken = []
            for _ in range(rounds):
                floor = _timed(lambda: connection.execute(_PASS).all())
                seconds = _timed(lambda work=work: work(connection))
                taken.append((seconds / floor, seconds, floor))
            found.append(figure_of(name, "s", taken, 1.5))
        return found


def _timed(work: Callable[[], Any]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
