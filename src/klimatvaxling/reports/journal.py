"""The journal (grundbok): vouchers in order of registration with their lines; and one voucher in full."""

import datetime
from collections.abc import Mapping

from sqlalchemy import Connection, text

from klimatvaxling.corrections.register import UnknownVoucher
from klimatvaxling.language import N_, translate
from klimatvaxling.ledger.accounts import TITLES
from klimatvaxling.reports.report import AMOUNT, WEIGHT, Column, Report
from klimatvaxling.reports.titles import title

_VOUCHERS = """
SELECT v.id, v.code, v.booked_on, v.registered_at, v.event, v.description, v.made_by, v.evidence, v.batch_id,
  v.batch_sha256, v.hash, c.code AS corrects, b.code AS corrected_by
FROM voucher v LEFT JOIN voucher c ON c.id = v.corrects_id LEFT JOIN voucher b ON b.corrects_id = v.id
  AND b.booked_on <= :as_of AND b.registered_at <= :known_at
WHERE v.booked_on <= :as_of AND v.registered_at <= :known_at AND v.booked_on BETWEEN :first AND :last
  AND (:unit = '' OR EXISTS (SELECT 1 FROM posting p JOIN unit u ON u.id = p.unit_id
       WHERE p.voucher_id = v.id AND u.folded = :unit))
ORDER BY v.id
"""
_LINES = """
SELECT p.voucher_id, p.line, p.account, u.code AS unit, l.code AS lot, c.category, r.value AS rate_ore_per_kg,
  p.co2_g, p.amount_ore
FROM posting p LEFT JOIN unit u ON u.id = p.unit_id LEFT JOIN voucher l ON l.id = p.lot_id
  LEFT JOIN charge c ON c.id = p.charge_id LEFT JOIN policy r ON r.id = c.rate_id
WHERE p.voucher_id BETWEEN :first AND :last ORDER BY p.voucher_id, p.line
"""


def journal(
    connection: Connection,
    as_of: datetime.date,
    known_at: str,
    *,
    first: datetime.date = datetime.date.min,
    last: datetime.date = datetime.date.max,
    unit: str | None = None,
) -> Report:
    """The vouchers booked from `first` to `last`, as they were known at a time."""
    vouchers = [
        row._asdict()
        for row in connection.execute(
            text(_VOUCHERS),
            {
                "as_of": as_of.isoformat(),
                "known_at": known_at,
                "first": first.isoformat(),
                "last": last.isoformat(),
                "unit": "" if unit is None else unit.casefold(),
            },
        )
    ]
    lines = _lines(connection, vouchers)
    documents = [_document(voucher, lines.get(int(voucher["id"]), [])) for voucher in vouchers]
    rows = [
        {
            "voucher": document["voucher"],
            "booked_on": document["booked_on"],
            "registered_at": document["registered_at"],
            "event": document["event"],
            "text": document["text"],
            "account": line["account"],
            "account_title": translate(TITLES[str(line["account"])]),
            "unit": line["unit"],
            "lot": line["lot"],
            "category": line["category"],
            "category_title": title(line["category"]),
            "co2_g": line["co2_g"],
            "amount_ore": line["amount_ore"],
            "corrects": document["corrects"],
        }
        for document in documents
        for line in document["lines"]  # type: ignore[attr-defined]
    ]
    return Report(
        title=translate(N_("Journal")),
        columns=(
            Column("voucher", N_("Voucher")),
            Column("booked_on", N_("Booked")),
            Column("account_title", N_("Account")),
            Column("unit", N_("Unit")),
            Column("category_title", N_("Category"), gives_way=2),
            Column("text", N_("Text"), gives_way=3),
            Column("amount_ore", N_("Amount"), AMOUNT),
        ),
        rows=rows,
        document={"as_of": as_of.isoformat(), "vouchers": documents},
        notes=(translate(N_("Amounts in kronor; debit positive, credit negative.")),),
        csv_keys=(
            "voucher",
            "booked_on",
            "registered_at",
            "event",
            "text",
            "account",
            "unit",
            "lot",
            "category",
            "co2_g",
            "amount_ore",
            "corrects",
        ),
        when_empty=translate(N_("Nothing is posted yet.")),
    )


def voucher(connection: Connection, code: str, as_of: datetime.date, known_at: str) -> Report:
    """One voucher with its lines, and what corrected it by then. Raises `UnknownVoucher`."""
    found = connection.execute(
        text("SELECT booked_on FROM voucher WHERE code = :code AND booked_on <= :as_of AND registered_at <= :known_at"),
        {"code": code, "as_of": as_of.isoformat(), "known_at": known_at},
    ).scalar()
    if found is None:
        raise UnknownVoucher(voucher=code)
    everything = journal(connection, as_of, known_at, first=(day := datetime.date.fromisoformat(found)), last=day)
    document = next(item for item in everything.document["vouchers"] if item["voucher"] == code)  # type: ignore[attr-defined]
    facts = (
        (N_("Booked"), document["booked_on"]),
        (N_("Registered"), document["registered_at"]),
        (N_("Text"), document["text"]),
        (N_("Made by"), document["made_by"]),
        (N_("Evidence"), document["evidence"]),
        (N_("Batch"), document["batch"]),
        (N_("Corrects"), document["corrects"]),
        (N_("Corrected by"), document["corrected_by"]),
        (N_("Hash"), document["hash"]),
    )
    return Report(
        title=translate(N_("Voucher {voucher}"), voucher=code),
        columns=(
            Column("account_title", N_("Account")),
            Column("unit", N_("Unit")),
            Column("category_title", N_("Category"), gives_way=1),
            Column("lot", N_("Lot"), gives_way=1),
            Column("co2_g", N_("kg CO2"), WEIGHT),
            Column("amount_ore", N_("Amount"), AMOUNT),
        ),
        rows=[
            {**line, "account_title": translate(TITLES[line["account"]]), "category_title": title(line["category"])}
            for line in document["lines"]
        ],
        document=document,
        notes=tuple(f"{translate(heading)}: {value}" for heading, value in facts if value is not None and value != ""),
        csv_keys=("account", "unit", "category", "rate_ore_per_kg", "lot", "co2_g", "amount_ore"),
    )


def _lines(connection: Connection, vouchers: list[dict[str, object]]) -> dict[int, list[Mapping[str, object]]]:
    if not vouchers:
        return {}
    keys = [int(str(row["id"])) for row in vouchers]
    found: dict[int, list[Mapping[str, object]]] = {}
    for row in connection.execute(text(_LINES), {"first": min(keys), "last": max(keys)}):
        line = row._asdict()
        line["rate_ore_per_kg"] = None if line["rate_ore_per_kg"] is None else int(line["rate_ore_per_kg"])
        found.setdefault(line.pop("voucher_id"), []).append(line)
    return found


def _document(row: Mapping[str, object], lines: list[Mapping[str, object]]) -> dict[str, object]:
    return {
        "voucher": row["code"],
        "booked_on": row["booked_on"],
        "registered_at": row["registered_at"],
        "event": row["event"],
        "text": row["description"],
        "made_by": row["made_by"],
        "evidence": row["evidence"],
        "batch": row["batch_id"],
        "corrects": row["corrects"],
        "corrected_by": row["corrected_by"],
        "batch_sha256": row["batch_sha256"],
        "hash": row["hash"],
        "lines": lines,
    }
