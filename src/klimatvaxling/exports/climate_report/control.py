"""Sheets that prove the rest: the ledger's sums of the year, and formulas that compute every total anew from them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from openpyxl.formatting.rule import CellIsRule
from openpyxl.styles import Font, PatternFill
from openpyxl.utils import quote_sheetname

from klimatvaxling.exports.climate_report.units import headed
from klimatvaxling.exports.climate_report.year import ClimateYear
from klimatvaxling.exports.sheet import Cell, Field, Formula, Placed, Sheet
from klimatvaxling.language import N_, translate
from klimatvaxling.ledger import accounts
from klimatvaxling.ledger.events import event_title
from klimatvaxling.reports.foot import second_person_note
from klimatvaxling.reports.titles import title
from klimatvaxling.reports.year_sums import FLIGHT, Figures, total


def ledger(year: ClimateYear) -> tuple[Sheet, Placed]:
    """Every account by month, unit, event and category: debit, credit, net."""
    sheet = headed(
        translate(N_("Ledger")),
        translate(N_("The ledger's sums {year}"), year=year.year),
        translate(N_("By booking month. Net is debit less credit: funds stand as credits, below zero.")),
    )
    titles = {account: translate(heading) for account, heading in accounts.TITLES.items()}
    events = {event: event_title(event) for event in {line.event for line in year.books.now}}
    categories = {category: title(category) for category in {line.category for line in year.books.now}}
    lot = translate(N_("yes"))
    rows = [
        (
            line.month,
            year.units[line.unit_id].code if line.unit_id is not None else None,
            line.account,
            titles[line.account],
            events[line.event],
            categories[line.category],
            lot if line.of_lot else None,
            line.debit_ore,
            line.credit_ore,
            line.amount_ore,
            line.co2_g if line.account == accounts.FEE_EXPENSE else None,
        )
        for line in year.books.now
    ]
    fields = (
        Field("month", translate(N_("Month"))),
        Field("unit", translate(N_("Unit"))),
        Field("account", translate(N_("Account"))),
        Field("account_title", translate(N_("Account's name"))),
        Field("event", translate(N_("Event"))),
        Field("category", translate(N_("Category"))),
        Field("lot", translate(N_("Unit's lot"))),
        Field("debit", translate(N_("Debit, kr")), "kr", summed=True),
        Field("credit", translate(N_("Credit, kr")), "kr", summed=True),
        Field("net", translate(N_("Net, kr")), "kr", summed=True),
        Field("co2", translate(N_("kg CO2")), "kg", summed=True),
    )
    nothing = translate(N_("Nothing is booked."))
    return sheet, sheet.table("Ledger", fields, rows, freeze=True, can_filter=True, when_empty=nothing)


@dataclass(frozen=True)
class Check:
    """Two ways to the same figure: a cell of the report, and the ledger's sheet; results in whole öre or grams."""

    what: str
    kind: str
    shown: Formula
    expected: Formula


def control(year: ClimateYear, placed: Mapping[str, Placed]) -> tuple[Sheet, dict[str, str]]:
    """The checks, and what the books were when the report was made; gives the cells of head and count too."""
    sheet = headed(
        translate(N_("Control")),
        translate(N_("Control {year}"), year=year.year),
        translate(
            N_("Each row reaches a figure in two ways, by formulas: from its sheet, and from the ledger's sheet.")
        ),
        translate(N_("Kronor where the row does not say kilograms.")),
        landscape=False,
    )
    sheet.one_page = True
    if not year.needs_second_person:
        sheet.line(("warning", second_person_note()))
        sheet.skip()
    found = list(_checks(year, placed))
    ok, wrong = translate(N_("agrees")), translate(N_("DIFFERS"))
    head = sheet.next_row
    rows = []
    for number, check in enumerate(found, start=head + 1):
        decimals = 2 if check.kind == "kr" else 3
        difference = int(check.shown.result) - int(check.expected.result)
        off = Formula(f"ROUND(B{number}-C{number},{decimals})", difference)
        verdict = Formula(f'IF(D{number}=0,"{ok}","{wrong}")', wrong if difference else ok)
        rows.append((check, off, verdict))
    _write_checks(sheet, rows)
    last = head + len(rows)
    count = Formula(f'COUNTIF(E{head + 1}:E{last},"{wrong}")', sum(row[2].result == wrong for row in rows))
    empty: Cell = ("total_text", None)
    sheet.line(("total_text", translate(N_("Rows that differ"))), empty, empty, ("total_count", count), empty)
    sheet.rules.append(_rule(f"E{head + 1}:E{last}", ok, "1F5C4A", "DDE7E0"))
    sheet.rules.append(_rule(f"E{head + 1}:E{last}", wrong, "9C2A10", "F8D7CF"))
    sheet.skip()
    sheet.line(("heading", translate(N_("The books behind this report"))))
    of_year = translate(N_("Vouchers booked in {year}"), year=year.year)
    facts = (
        ("Organisation", translate(N_("Organisation")), ("fact", year.organisation)),
        ("Chain_head", translate(N_("The chain's head")), ("fact", year.chain.head)),
        ("Voucher_count", translate(N_("Vouchers in the chain")), ("fact", year.chain.vouchers)),
        ("Voucher_count_of_year", of_year, ("fact", year.vouchers_of_year)),
        ("Last_registered_at", translate(N_("Last registration (UTC)")), ("fact", year.chain.registered_at)),
        ("Booked_to", translate(N_("Booked up to")), ("date", year.as_of)),
    )
    names = {}
    for name, heading, cell in facts:
        row = sheet.line(("text", heading), cell, *[("fact", None)] * 3)
        names[name] = f"{quote_sheetname(sheet.title)}!$B${row}"
    sheet.skip()
    words = N_("klimatvaxling check --head {head} proves that nothing up to this head was changed since.")
    if year.chain.head:
        sheet.paragraph(translate(words, head=year.chain.head), 5, "long_note")
    return sheet, names


def _write_checks(sheet: Sheet, rows: list[tuple[Check, Formula, Formula]]) -> None:
    """Not a table of one kind a column: kronor and kilograms stand in the same columns."""
    sheet.widths |= {1: 76, 2: 20, 3: 20, 4: 14, 5: 14}
    head = sheet.next_row
    headings = (
        ("head_text", translate(N_("What"))),
        ("head_number", translate(N_("In the report"))),
        ("head_number", translate(N_("From the ledger"))),
        ("head_number", translate(N_("Difference"))),
        ("head_text", translate(N_("Verdict"))),
    )
    sheet.line(*headings)
    for check, off, verdict in rows:
        kind = check.kind
        sheet.line(("text", check.what), (kind, check.shown), (kind, check.expected), (kind, off), ("text", verdict))
    sheet.frozen_row, sheet.frozen_column = head, 1


def _rule(reference: str, word: str, ink: str, paper: str) -> tuple[str, CellIsRule]:
    font, fill = Font(bold=True, color=ink), PatternFill("solid", bgColor=paper)
    return reference, CellIsRule(operator="equal", formula=[f'"{word}"'], font=font, fill=fill)


def _checks(year: ClimateYear, placed: Mapping[str, Placed]) -> Iterator[Check]:
    """Every total of the report. `placed` are the tables by name."""
    books = placed["ledger"]
    now, stood = total(year.books.now), year.books.stood
    flights = total(line for line in year.books.now if line.category == FLIGHT).co2_g

    def of_ledger(column: str, account: str, *conditions: str, sign: str = "") -> str:
        parts = [books.column(column), books.column("account"), f'"{account}"', *conditions]
        return f"{sign}SUMIFS({','.join(parts)})"

    def check(what: str, kind: str, table: str, key: str, expected: str, result: int) -> Check:
        of_table = placed[table]
        return Check(what, kind, Formula(of_table.total(key), of_table.totals[key]), Formula(expected, result))

    emitted = of_ledger("co2", accounts.FEE_EXPENSE)
    of_flights = of_ledger("co2", accounts.FEE_EXPENSE, books.column("category"), f'"{title(FLIGHT)}"')
    fees = of_ledger("net", accounts.FEE_EXPENSE)
    used = of_ledger("net", accounts.MEASURES, sign="-")
    to_fund = of_ledger("net", accounts.FUND_AVAILABLE, books.column("lot"), f'"{translate(N_("yes"))}"', sign="-")
    grants = of_ledger("net", accounts.GRANTS_PAID, sign="-")
    weight, money = "kg", "kr"
    yield check(translate(N_("kg CO2, units")), weight, "units", "co2", emitted, now.co2_g)
    yield check(translate(N_("kg CO2, categories")), weight, "categories", "kg", emitted, now.co2_g)
    yield check(translate(N_("kg CO2, units by month")), weight, "unit_months", "kg", emitted, now.co2_g)
    yield check(translate(N_("kg CO2, months")), weight, "months", "co2", emitted, now.co2_g)
    yield check(translate(N_("kg CO2, data quality")), weight, "quality", "co2", emitted, now.co2_g)
    yield Check(
        translate(N_("kg CO2, travel reconciled with bookings")),
        weight,
        Formula(f"SUM({placed['reconciled'].column('co2')})", _reconciled(year)),
        Formula(emitted, now.co2_g),
    )
    yield check(translate(N_("kg CO2 of flights")), weight, "flights", "co2", of_flights, flights)
    yield check(translate(N_("Fees, units")), money, "units", "charged", fees, now.charged_ore)
    yield check(translate(N_("Fees, categories")), money, "categories", "kr", fees, now.charged_ore)
    yield check(translate(N_("Fees, months")), money, "months", "charged", fees, now.charged_ore)
    yield check(translate(N_("Used, units")), money, "units", "spent", used, now.spent_ore)
    yield check(translate(N_("Used, months")), money, "months", "spent", used, now.spent_ore)
    yield check(translate(N_("Used, measures")), money, "measures", "amount", used, now.spent_ore)
    yield check(translate(N_("To the shared fund, units")), money, "units", "swept", to_fund, now.swept_ore)
    yield check(translate(N_("To the shared fund, months")), money, "months", "swept", to_fund, now.swept_ore)
    own = of_ledger("net", accounts.OWN_FUNDS, sign="-")
    before = placed["units"].total("before")
    left = stood.own_funds_ore + now.own_funds_ore
    yield check(translate(N_("Own funds left, units")), money, "units", "own_funds", f"{before}{own}", left)
    yield _own_funds(placed["units"], left)
    yield check(translate(N_("Grants, net, units")), money, "units", "grants", grants, now.grants_paid_ore)
    paid = f'SUMIFS({books.column("credit")},{books.column("account")},"{accounts.GRANTS_PAID}")'
    returned = f'SUMIFS({books.column("debit")},{books.column("account")},"{accounts.GRANTS_PAID}")'
    yield check(translate(N_("Grants paid")), money, "grants", "paid", paid, now.paid_out_ore)
    yield check(translate(N_("Grants returned")), money, "grants", "returned", returned, now.returned_ore)
    yield from _fund(year, placed, stood + now)
    both = Formula(books.total("debit"), books.totals["debit"])
    yield Check(translate(N_("Debit and credit")), money, both, Formula(books.total("credit"), books.totals["credit"]))


def _own_funds(units: Placed, left: int) -> Check:
    """The units' own arithmetic: what there was, what came, what went."""
    plus = "+".join(units.total(key) for key in ("before", "charged", "opening", "moved"))
    minus = "".join(f"-{units.total(key)}" for key in ("spent", "swept"))
    sums = units.totals
    result = sum(sums[key] for key in ("before", "charged", "opening", "moved")) - sums["spent"] - sums["swept"]
    what = translate(N_("Own funds: before + fees + opening + moved − used − to the fund"))
    return Check(what, "kr", Formula(f"{plus}{minus}", result), Formula(units.total("own_funds"), left))


def _fund(year: ClimateYear, placed: Mapping[str, Placed], stands: Figures) -> Iterator[Check]:
    books, flows, moves = placed["ledger"], placed["fund"], placed["movements"]
    in_fund = stands.available_ore + stands.committed_ore
    first = flows.cell("amount", 0)
    sums = [
        f'-SUMIFS({books.column("net")},{books.column("account")},"{account}")'
        for account in (accounts.FUND_AVAILABLE, accounts.FUND_COMMITTED)
    ]
    yield Check(
        translate(N_("In the fund after, available and reserved")),
        "kr",
        Formula(flows.total("amount"), in_fund),
        Formula(f"{first}{''.join(sums)}", in_fund),
    )
    now = total(year.books.now)
    for what, key, formula, result in (
        (translate(N_("The fund's movements, available")), "available", sums[0], now.available_ore),
        (translate(N_("The fund's movements, reserved")), "committed", sums[1], now.committed_ore),
    ):
        yield Check(what, "kr", Formula(moves.total(key), moves.totals[key]), Formula(formula, result))


def _reconciled(year: ClimateYear) -> int:
    return total(year.books.now).co2_g
