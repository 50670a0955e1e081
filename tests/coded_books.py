"""Books with every kind of event, coded by the example plan in demo/, for the tests of what leaves the program."""

import re
from pathlib import Path

from conftest import Books, trip
from klimatvaxling.clock import system_clock
from klimatvaxling.database.engine import writing
from klimatvaxling.ledger.posting_door import post
from klimatvaxling.ledger.voucher import Posting, VoucherDraft

PLAN = Path(__file__).parent.parent / "demo" / "kontering.toml"


def do(books: Books, *command: object) -> None:
    outcome = books(*command)
    assert outcome.code == 0, outcome.err


def load_plan(books: Books, text: str | None = None, name: str = "plan.toml") -> None:
    """The example plan, or another text."""
    path = PLAN
    if text is not None:
        path = books.folder / name
        path.write_text(text, encoding="utf-8")
    do(books, "coding", "load", path)


def plan_without(*templates: str, version: str = "annan") -> str:
    """The example plan without some templates or sides, by their dotted names."""
    text = PLAN.read_text(encoding="utf-8").replace('version = "2024-1"', f'version = "{version}"')
    parts = re.split(r"(?m)^(?=\[)", text)
    gone = tuple(f"[template.{name}" for name in templates)
    return "".join(part for part in parts if not part.startswith(gone) or not gone)


def post_directly(books: Books, *drafts: VoucherDraft) -> list[str]:
    """Vouchers of events whose commands are tested elsewhere, through the door everything is posted by."""
    with writing(books.url) as connection:
        return [voucher.code for voucher in post(connection, drafts, clock=system_clock, made_by=books.keeper)]


def unit_id(books: Books, code: str) -> int:
    ((key,),) = books.sql("SELECT id FROM unit WHERE code = ?", code)
    return int(key)


def lot_of(books: Books, unit: str) -> int:
    """The unit's first lot."""
    return int(books.sql("SELECT min(voucher_id) FROM lot WHERE unit_id = ?", unit_id(books, unit))[0][0])


def post_every_event(books: Books) -> None:
    """A charge, measure, sweep, appropriation, grant, correction, merge, opening and reversal, and a company's fees."""
    books.take(
        trip("a", date="2024-03-07", cost_centre="1201", co2_fossil_kg="33,333"),
        trip("b", date="2024-03-08", cost_centre="1300", project="7001", co2_fossil_kg="33,333"),
        trip("c", date="2024-03-09", co2_fossil_kg="33,334"),
        trip("d", date="2024-03-09", unit="BUF", category="flight", co2_fossil_kg="200"),
        trip("e", date="2024-03-09", unit="ELN", co2_fossil_kg="80"),
    )
    sbf, buf = unit_id(books, "SBF"), unit_id(books, "BUF")
    do(books, "measure", "add", "--unit", "SBF", "--amount", "50", "--title", "Cyklar", "--booked-on", "2024-06-01")
    do(books, "sweep", "--as-of", "2025-04-01")
    do(books, "fund", "appropriate", "--amount", "1000", "--decision", "KF 12 § 3", "--booked-on", "2025-04-02")
    do(books, "fund", "return", "--amount", "100", "--decision", "KF 13", "--booked-on", "2025-04-03")
    apply = ("--title", "Solceller", "--amount", "500", "--total-cost", "900", "--co2-reduction-kg", "10")
    do(books, "grant", "apply", "--unit", "BUF", *apply, "--lifetime-years", "5", "--booked-on", "2025-04-04")
    do(books, "grant", "approve", "1", "--amount", "400", "--decision", "KS 1", "--booked-on", "2025-04-05")
    do(books, "grant", "pay", "1", "--amount", "300", "--booked-on", "2025-04-06")
    report = ("--used", "250", "--actual-cost", "800", "--co2-reduction-kg", "9", "--booked-on", "2025-04-07")
    do(books, "grant", "report", "1", *report)
    april = trip("f", date="2025-04-08", cost_centre="1201")
    books.take(april, name="april.csv", options=["--booked-on", "2025-04-08"])
    lot, new = lot_of(books, "SBF"), books.sql("SELECT max(voucher_id) FROM lot")[0][0]
    post_directly(
        books,
        VoucherDraft(
            "A",
            "2025-04-09",
            "amendment",
            "Rättelse av resa",
            (
                Posting("fee_expense", -700, sbf),
                Posting("own_funds", 500, sbf, lot_id=new),
                Posting("fund_available", 200, sbf, lot_id=lot),
            ),
        ),
        VoucherDraft(
            "A",
            "2025-04-10",
            "transfer",
            "Överföring",
            (Posting("own_funds", 300, sbf, lot_id=new), Posting("own_funds", -300, buf, lot_id=new)),
        ),
        VoucherDraft(
            "A",
            "2025-04-11",
            "opening",
            "Ingående belopp",
            (Posting("opening", 5000), Posting("fund_available", -5000)),
        ),
        VoucherDraft(
            "A",
            "2025-04-12",
            "reversal",
            "Makulering",
            (Posting("measures", 5000, sbf), Posting("own_funds", -5000, sbf, lot_id=lot)),
            corrects_id=books.sql("SELECT id FROM voucher WHERE event = 'measure'")[0][0],
        ),
    )
