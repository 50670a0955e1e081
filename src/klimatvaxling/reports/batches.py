"""What was imported: batches, one batch in full, rows in quarantine, and an import's own receipt."""

import json

from sqlalchemy import Connection, text

from klimatvaxling import formats
from klimatvaxling.batches.batch import ImportResult, UnknownBatch
from klimatvaxling.batches.quarantine_register import STILL_WAITS
from klimatvaxling.language import N_, translate
from klimatvaxling.reports.report import AMOUNT, NUMBER, WEIGHT, Column, Report
from klimatvaxling.reports.titles import title

_COUNTS = ("rows_read", "rows_posted", "rows_already_imported", "rows_outside_scheme", "rows_rejected", "rows_held")
_BATCHES = (
    "SELECT b.id AS batch, s.name AS source, b.file_name AS file, b.file_sha256, b.file_bytes,"
    " p.version AS profile_version,"
    f" {', '.join('b.' + name for name in _COUNTS)}, b.co2_g, b.charged_ore, b.evidence, b.accepted,"
    " b.trips_sha256,"
    " b.undoes_id AS undoes, b.reason,"
    " (SELECT u.id FROM batch u WHERE u.undoes_id = b.id AND u.registered_at <= :until) AS undone_by,"
    " b.registered_at, b.registered_by, b.program_version"
    " FROM batch b JOIN source s ON s.id = b.source_id JOIN profile p ON p.id = b.profile_id"
)


def batches(connection: Connection, until: str) -> Report:
    """Every batch registered by the time `until`, in order of registration."""
    rows = [
        row._asdict()
        for row in connection.execute(
            text(f"{_BATCHES} WHERE b.registered_at <= :until ORDER BY b.id"), {"until": until}
        )
    ]
    return Report(
        title=translate(N_("Batches")),
        columns=(
            Column("batch", N_("Batch"), NUMBER),
            Column("source", N_("Source")),
            Column("file", N_("File")),
            Column("rows_posted", N_("Posted"), NUMBER),
            Column("rows_rejected", N_("Rejected"), NUMBER, gives_way=1),
            Column("co2_g", N_("kg CO2"), WEIGHT),
            Column("charged_ore", N_("Charged"), AMOUNT),
        ),
        rows=rows,
        document={"batches": rows},
        csv_keys=(
            "batch",
            "source",
            "file",
            "file_sha256",
            *_COUNTS,
            "co2_g",
            "charged_ore",
            "undoes",
            "undone_by",
            "registered_at",
            "registered_by",
        ),
        when_empty=translate(N_("Nothing is imported yet. Import with: klimatvaxling import FILE --source NAME")),
    )


def batch(connection: Connection, key: int, until: str) -> Report:
    """One batch with what each unit was charged, its vouchers and its file, as on record by then.

    Raises `UnknownBatch`.
    """
    asked = text(f"{_BATCHES} WHERE b.id = :id AND b.registered_at <= :until")
    found = connection.execute(asked, {"id": key, "until": until}).one_or_none()
    if found is None:
        raise UnknownBatch(batch=key)
    document = found._asdict()
    vouchers = (
        connection.execute(text("SELECT code FROM voucher WHERE batch_id = :id ORDER BY id"), {"id": key})
        .scalars()
        .all()
    )
    rows = [
        row._asdict()
        for row in connection.execute(
            text(
                "SELECT u.code AS unit, c.category, sum(p.co2_g) AS co2_g, sum(p.amount_ore) AS charged_ore"
                " FROM charge c"
                " JOIN unit u ON u.id = c.unit_id JOIN posting p ON p.charge_id = c.id WHERE c.batch_id = :id"
                " GROUP BY u.code, c.category ORDER BY u.code, c.category"
            ),
            {"id": key},
        )
    ]
    for row in rows:
        row["category_title"] = title(row["category"])
    charges = [{name: row[name] for name in ("unit", "category", "co2_g", "charged_ore")} for row in rows]
    facts = (
        (N_("Source"), f"{document['source']}, {translate(N_('profile version'))} {document['profile_version']}"),
        (N_("File"), f"{document['file']}, {_bytes(document['file_bytes'])}, SHA-256 {document['file_sha256']}"),
        (N_("Rows"), _counts_line(document)),
        (N_("Evidence"), document["evidence"]),
        (N_("Undoes batch"), document["undoes"]),
        (N_("Undone by batch"), document["undone_by"]),
        (N_("Reason"), document["reason"]),
        (N_("Implausible rows accepted"), document["accepted"]),
        (N_("Vouchers"), _span(list(vouchers))),
        (
            N_("Imported"),
            f"{document['registered_at']} {document['registered_by']}, klimatvaxling {document['program_version']}",
        ),
    )
    return Report(
        title=translate(N_("Batch {batch}"), batch=key),
        columns=(
            Column("unit", N_("Unit")),
            Column("category_title", N_("Category")),
            Column("co2_g", N_("kg CO2"), WEIGHT),
            Column("charged_ore", N_("Charged"), AMOUNT),
        ),
        rows=rows,
        total={"co2_g": document["co2_g"], "charged_ore": document["charged_ore"]},
        document={**document, "units": charges, "vouchers": list(vouchers)},
        notes=tuple(f"{translate(heading)}: {value}" for heading, value in facts if value),
        csv_keys=("unit", "category", "co2_g", "charged_ore"),
    )


def receipt(result: ImportResult) -> Report:
    """What an import did, unit by unit."""
    outside = [f"{translate(N_('Outside the scheme'))}: {reason}: {count}" for reason, count in result.outside.items()]
    heading = N_("Preview of {file}: nothing is posted") if result.dry_run else N_("Import of {file}")
    return Report(
        title=translate(heading, file=result.file),
        columns=(
            Column("unit", N_("Unit")),
            Column("co2_g", N_("kg CO2"), WEIGHT),
            Column("charged_ore", N_("Charged"), AMOUNT),
        ),
        rows=[vars(unit) for unit in result.units],
        total={"co2_g": result.co2_g, "charged_ore": result.charged_ore},
        document=result.as_document(),
        notes=(
            f"{translate(N_('Rows'))}: {_counts_line(result.as_document())}",
            *outside,
            *([f"{translate(N_('Vouchers'))}: {_span(list(result.vouchers))}"] if result.vouchers else []),
        ),
        when_empty="\n".join(
            [translate(_nothing(result)), f"{translate(N_('Rows'))}: {_counts_line(result.as_document())}", *outside]
        ),
    )


def _nothing(result: ImportResult) -> str:
    return N_("Nothing was posted.") if result.rows_rejected or result.rows_held else N_("No new trips.")


def _bytes(count: int) -> str:
    return translate(N_("{count} bytes"), count=formats.number(count))


def _counts_line(counts: dict[str, object]) -> str:
    """The rows, so that the reader sees them add up."""
    parts = [
        translate(text, count=counts[key])
        for key, text in (
            ("rows_posted", N_("{count} posted")),
            ("rows_already_imported", N_("{count} already imported")),
            ("rows_outside_scheme", N_("{count} outside the scheme")),
            ("rows_rejected", N_("{count} rejected")),
            ("rows_held", N_("{count} held back")),
        )
        if counts[key] or key == "rows_posted"
    ]
    return translate(N_("{count} read"), count=counts["rows_read"]) + " = " + " + ".join(parts)


def _span(vouchers: list[str]) -> str:
    """`A2025-1 … A2025-12, B2025-1`: each series and year by its first and last."""
    groups: dict[str, list[str]] = {}
    for voucher in vouchers:
        groups.setdefault(voucher.partition("-")[0], []).append(voucher)
    spans = [codes[0] if len(codes) == 1 else f"{codes[0]} … {codes[-1]}" for _, codes in sorted(groups.items())]
    return ", ".join(spans)


def quarantine(connection: Connection, until: str) -> Report:
    """Rejected rows that waited at the time `until`, with the reasons and since when."""
    rows = []
    for row in connection.execute(
        text(
            "SELECT q.id, q.batch_id, s.name AS source, b.file_name, b.registered_at, q.row, q.header, q.cells,"
            " q.complaints FROM quarantine q JOIN batch b ON b.id = q.batch_id JOIN source s ON s.id = b.source_id"
            f" WHERE b.registered_at <= :until AND {STILL_WAITS} ORDER BY q.id"
        ),
        {"until": until},
    ):
        complaints = json.loads(row.complaints)
        rows.append(
            {
                "quarantine": row.id,
                "batch": row.batch_id,
                "source": row.source,
                "file": row.file_name,
                "row": row.row,
                "waits_since_on": row.registered_at[:10],
                "codes": " ".join(complaint["code"] for complaint in complaints),
                "reason": " ".join(complaint["what"] for complaint in complaints),
                "cells": dict(zip(json.loads(row.header), json.loads(row.cells), strict=False)),
            }
        )
    return Report(
        title=translate(N_("Quarantine")),
        columns=(
            Column("quarantine", N_("No."), NUMBER),
            Column("waits_since_on", N_("Since")),
            Column("source", N_("Source"), gives_way=1),
            Column("file", N_("File")),
            Column("row", N_("Row"), NUMBER),
            Column("reason", N_("Reason")),
        ),
        rows=rows,
        document={"quarantine": rows},
        csv_keys=("quarantine", "batch", "source", "file", "row", "waits_since_on", "codes", "reason"),
        when_empty=translate(N_("The quarantine is empty.")),
    )
