"""Reports on what has left: the coding plan, the receipt of a handover, and the list of handovers."""

import datetime
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, text

from klimatvaxling.coding.plan import PARTS, CodingPlan, plan_on
from klimatvaxling.coding.register import registered_plans
from klimatvaxling.handovers.register import Handover
from klimatvaxling.language import N_, translate
from klimatvaxling.reports.report import NUMBER, Column, Report

_HANDOVERS = """
SELECT h.id, h.period, h.registered_at, h.registered_by, h.head,
  (SELECT count(*) FROM handover_voucher v WHERE v.handover_id = h.id) AS vouchers,
  (SELECT count(*) FROM handover_file f WHERE f.handover_id = h.id) AS files,
  (SELECT max(d.delivered_at) FROM handover_delivery d WHERE d.handover_id = h.id) AS delivered_at,
  (SELECT folder FROM handover_delivery d WHERE d.handover_id = h.id ORDER BY d.id DESC LIMIT 1) AS folder
FROM handover h WHERE h.registered_at <= :known_at ORDER BY h.id
"""


def coding(connection: Connection, day: datetime.date, known_at: str) -> Report:
    """The plan in force on a day, side by side, and which plans there are."""
    plans = registered_plans(connection, known_at=known_at)
    plan = plan_on(plans, day)
    rows = _sides(plan) if plan else []
    return Report(
        title=translate(N_("Coding plan {version} from {day}"), version=plan.version, day=plan.valid_from)
        if plan
        else translate(N_("Coding plan on {day}"), day=day),
        columns=(
            Column("template", N_("Template")),
            Column("side", N_("Side")),
            Column("account", N_("Account")),
            Column("account_title", N_("Account title"), gives_way=3),
            Column("responsibility", N_("Responsibility")),
            Column("activity", N_("Activity"), gives_way=2),
            Column("project", N_("Project"), gives_way=1),
            Column("object", N_("Object"), gives_way=2),
            Column("counterpart", N_("Counterpart")),
        ),
        rows=rows,
        document={
            "as_of": day.isoformat(),
            "version": plan.version if plan else None,
            "title": plan.title if plan else None,
            "valid_from_on": plan.valid_from.isoformat() if plan else None,
            "decision": plan.decision if plan else None,
            "templates": rows,
            "units": {code: vars(unit) for code, unit in plan.units.items()} if plan else {},
            "invoicing": vars(plan.invoicing) if plan else {},
            "plans": [
                {
                    "version": each.version,
                    "title": each.title,
                    "valid_from_on": each.valid_from.isoformat(),
                    "decision": each.decision,
                    "registered_at": each.registered_at,
                    "registered_by": each.registered_by,
                }
                for each in plans
            ],
        },
        notes=tuple(
            translate(
                N_("Plan {version} holds from {day}: {title}"),
                version=each.version,
                day=each.valid_from,
                title=each.title,
            )
            for each in plans
        ),
        csv_keys=("template", "side", "account", "account_title", "internal", *PARTS, "owner"),
        when_empty=translate(N_("No coding plan is registered. Register it with: klimatvaxling coding load FILE.toml")),
    )


def _sides(plan: CodingPlan) -> list[dict[str, object]]:
    return [
        {
            "template": template,
            "side": name,
            "account": side.account,
            "account_title": plan.accounts[side.account].title,
            "internal": int(plan.accounts[side.account].internal),
            **{part: getattr(side, part) for part in PARTS},
            "owner": side.owner,
        }
        for template, sides in plan.templates.items()
        for name, side in sides.items()
    ]


def handed_over(handover: Handover | None, period: str, folder: str, *, dry_run: bool) -> Report:
    """The receipt of a handover: its files with their hashes; with nothing in it, there was nothing left to do."""
    rows = [
        {"file": file.name, "bytes": len(file.content), "sha256": file.sha256}
        for file in (handover.files if handover else ())
    ]
    return Report(
        title=translate(N_("Handover {handover}, {period}"), handover=handover.id, period=handover.period)
        if handover
        else translate(N_("Handover, {period}"), period=period),
        columns=(
            Column("file", N_("File")),
            Column("bytes", N_("Bytes"), NUMBER, gives_way=1),
            Column("sha256", "SHA-256", gives_way=2),
        ),
        rows=rows,
        document={
            "handover": handover.id if handover else None,
            "period": handover.period if handover else period,
            "folder": folder,
            "files": rows,
            "vouchers": list(handover.vouchers) if handover else [],
            "dry_run": dry_run,
        },
        when_empty=translate(
            N_("No file is needed: nothing is invoiced for these vouchers.")
            if handover
            else N_("There is nothing left to hand over.")
        ),
    )


def handovers(connection: Connection, known_at: str) -> Report:
    """Every handover, with how many vouchers left and when its files were last written."""
    rows = [row._asdict() for row in connection.execute(text(_HANDOVERS), {"known_at": known_at})]
    files = _by_handover(
        connection, "SELECT handover_id, name AS file, size_bytes AS bytes, sha256 FROM handover_file ORDER BY id"
    )
    vouchers = _by_handover(
        connection,
        "SELECT h.handover_id, v.code FROM handover_voucher h JOIN voucher v ON v.id = h.voucher_id ORDER BY v.id",
    )
    for row in rows:
        row["handover"] = row.pop("id")
    broken_off = [row for row in rows if row["delivered_at"] is None]
    return Report(
        title=translate(N_("Handovers")),
        columns=(
            Column("handover", N_("Handover")),
            Column("period", N_("Period")),
            Column("vouchers", N_("Vouchers"), NUMBER),
            Column("files", N_("Files"), NUMBER),
            Column("registered_at", N_("Registered"), gives_way=1),
            Column("registered_by", N_("By"), gives_way=2),
            Column("delivered_at", N_("Written"), gives_way=1),
            Column("folder", N_("Folder"), gives_way=3),
        ),
        rows=rows,
        document={
            "handovers": [
                {
                    **row,
                    "vouchers": [str(voucher["code"]) for voucher in vouchers.get(row["handover"], ())],
                    "files": files.get(row["handover"], []),
                }
                for row in rows
            ]
        },
        notes=tuple(
            translate(
                N_("Handover {handover} was never written: klimatvaxling handover again {handover} --to FOLDER"),
                handover=row["handover"],
            )
            for row in broken_off
        ),
        csv_keys=(
            *("handover", "period", "vouchers", "files", "registered_at", "registered_by", "head"),
            *("delivered_at", "folder"),
        ),
        when_empty=translate(N_("Nothing has been handed over yet.")),
    )


def _by_handover(connection: Connection, statement: str) -> dict[int, Sequence[Mapping[str, object]]]:
    found: dict[int, list[Mapping[str, object]]] = {}
    for row in connection.execute(text(statement)).mappings():
        found.setdefault(row["handover_id"], []).append(
            {key: value for key, value in row.items() if key != "handover_id"}
        )
    return dict(found)
