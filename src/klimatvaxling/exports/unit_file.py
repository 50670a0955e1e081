"""A unit's file: its own statement, lots, vouchers and trips in a workbook, to hand out to whoever answers for the unit."""

import datetime
from dataclasses import replace

from sqlalchemy import Connection

from klimatvaxling.exports.report_sheet import report_workbook
from klimatvaxling.language import N_, translate
from klimatvaxling.reports.balance import balance
from klimatvaxling.reports.explain_unit import explain_unit
from klimatvaxling.reports.foot import foot
from klimatvaxling.reports.journal import journal
from klimatvaxling.reports.report import Report
from klimatvaxling.reports.statement import statement
from klimatvaxling.reports.trips import unit_trips
from klimatvaxling.units.register import require_unit


def unit_file(
    connection: Connection, unit_code: str, as_of: datetime.date, known_at: str, year: int | None = None
) -> bytes:
    """The workbook of one unit up to `as_of`; its vouchers and trips of one year where `year` is given.

    Nothing of other units is in it. Raises `UnknownUnit` or `SheetTooLong`.
    """
    code = require_unit(connection, unit_code, as_of, known_at=known_at).code
    lots = explain_unit(connection, code, as_of, known_at)
    return report_workbook(
        [
            (translate(N_("Statement")), _statement(connection, code, as_of, known_at, year)),
            (translate(N_("Lots")), lots),
            (translate(N_("Vouchers")), _vouchers(connection, code, as_of, known_at, year)),
            (translate(N_("Trips")), unit_trips(connection, code, as_of, known_at, year)),
        ]
    )


def statements(
    connection: Connection, as_of: datetime.date, known_at: str, year: int | None = None
) -> dict[str, bytes]:
    """A workbook with the statement of each unit of the balance, by unit code."""
    name = translate(N_("Statement"))
    codes = [str(row["unit"]) for row in balance(connection, as_of, known_at).rows]
    return {code: report_workbook([(name, _statement(connection, code, as_of, known_at, year))]) for code in codes}


def _statement(connection: Connection, code: str, as_of: datetime.date, known_at: str, year: int | None) -> Report:
    report = statement(connection, code, as_of, known_at, year)
    return replace(report, notes=(*report.notes, *foot(connection, as_of, known_at)))


def _vouchers(connection: Connection, code: str, as_of: datetime.date, known_at: str, year: int | None) -> Report:
    """The unit's vouchers, without the lines of another unit in them."""
    first, last = (datetime.date(year, 1, 1), datetime.date(year, 12, 31)) if year else (datetime.date.min, as_of)
    report = journal(connection, as_of, known_at, first=first, last=last, unit=code)
    return replace(report, rows=[row for row in report.rows if row["unit"] in (None, code)])
