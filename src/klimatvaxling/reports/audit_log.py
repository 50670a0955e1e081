"""The processing history (behandlingshistorik): who did what, when, with which program, policies and factors.

LKBR 2018:597 3:11: the history shows how what was registered was processed. Nothing is logged apart for it: it is read
from the registers themselves, which are never changed.
"""

from bisect import bisect_right
from dataclasses import dataclass, field

from sqlalchemy import Connection, text

from klimatvaxling.language import N_, translate
from klimatvaxling.policies.register import all_values
from klimatvaxling.reports.report import Column, Report


@dataclass(frozen=True)
class History:
    """Where something is on record: its key, its title (a message id), and SQL that gives a row for each.

    The SQL gives `registered_at`, `registered_by` and `subject`, and what it can of `unit`, `detail`, `program_version`,
    `policy_id` and `factor_set`. Rows with the same event, time and subject (and `entry`, where it is given) are one
    entry: units, details, policies and factor sets are gathered.
    """

    event: str
    title: str
    sql: str


# Every room that puts something on record is here.
HISTORY: tuple[History, ...] = (
    History(
        "program",
        N_("Program writes the books"),
        "SELECT registered_at, NULL AS registered_by, version AS subject, 'schema ' || schema_revision AS detail,"
        " version AS program_version FROM program",
    ),
    History(
        "books_opened",
        N_("Books opened"),
        "SELECT registered_at, registered_by, organisation AS subject, program_version FROM book",
    ),
    History(
        "unit_registered",
        N_("Unit registered"),
        "SELECT v.registered_at, v.registered_by, u.code AS subject, u.code AS unit, v.name AS detail FROM unit_version v"
        " JOIN unit u ON u.id = v.unit_id WHERE v.id = (SELECT min(id) FROM unit_version WHERE unit_id = u.id)",
    ),
    History(
        "unit_changed",
        N_("Unit changed"),
        "SELECT v.registered_at, v.registered_by, u.code AS subject, u.code AS unit, v.valid_from || ' ' || v.name AS detail"
        " FROM unit_version v JOIN unit u ON u.id = v.unit_id WHERE coalesce(v.valid_to, '9999') >= v.valid_from"
        " AND v.id <> (SELECT min(id) FROM unit_version WHERE unit_id = u.id)",
    ),
    History(
        "unit_ended",
        N_("Unit ended"),
        "SELECT v.registered_at, v.registered_by, u.code AS subject, u.code AS unit, v.valid_to AS detail"
        " FROM unit_version v JOIN unit u ON u.id = v.unit_id WHERE v.valid_to < v.valid_from",
    ),
    History(
        "unit_merged",
        N_("Unit merged"),
        "SELECT m.registered_at, m.registered_by, u.code AS subject, u.code AS unit,"
        " m.merged_on || ' → ' || n.code || ', ' || m.decision AS detail FROM unit_merger m"
        " JOIN unit u ON u.id = m.unit_id JOIN unit n ON n.id = m.into_id",
    ),
    History(
        "vehicle_registered",
        N_("Vehicle registered"),
        "SELECT registered_at, registered_by, number AS subject, valid_from || ' ' || unit || outside_reason AS detail,"
        " id AS entry FROM vehicle",
    ),
    History(
        "access_granted",
        N_("Access granted"),
        "SELECT registered_at, registered_by, login AS subject, role AS detail FROM access WHERE role <> ''",
    ),
    History(
        "access_revoked",
        N_("Access revoked"),
        "SELECT registered_at, registered_by, login AS subject FROM access WHERE role = ''",
    ),
    History(
        "policy_set",
        N_("Policy set"),
        "SELECT registered_at, registered_by, name AS subject, decision AS detail, id AS policy_id, id AS entry FROM policy",
    ),
    History(
        "factor_set_registered",
        N_("Factor set registered"),
        "SELECT registered_at, registered_by, name || ' ' || version AS subject, title || ', sha256:' || sha256 AS detail,"
        " name || ' ' || version AS factor_set FROM factor_set",
    ),
    History(
        "profile_registered",
        N_("Source profile registered"),
        "SELECT p.registered_at, p.registered_by, s.name || ' ' || p.version AS subject, 'sha256:' || p.sha256 AS detail"
        " FROM profile p JOIN source s ON s.id = p.source_id",
    ),
    History(
        "batch_imported",
        N_("File imported"),
        "SELECT DISTINCT b.registered_at, b.registered_by, CAST(b.id AS TEXT) AS subject, u.code AS unit,"
        " s.name || ' ' || p.version || ': ' || b.file_name || ', sha256:' || b.file_sha256 AS detail, b.program_version,"
        " c.rate_id AS policy_id FROM batch b JOIN source s ON s.id = b.source_id JOIN profile p ON p.id = b.profile_id"
        " LEFT JOIN charge c ON c.batch_id = b.id LEFT JOIN unit u ON u.id = c.unit_id WHERE b.undoes_id IS NULL",
    ),
    History(
        "batch_imported",
        N_("File imported"),
        "SELECT DISTINCT b.registered_at, b.registered_by, CAST(b.id AS TEXT) AS subject,"
        " s.name || ' ' || s.version AS factor_set FROM (SELECT DISTINCT charge_id, factor_id FROM trip) t"
        " JOIN charge c ON c.id = t.charge_id JOIN batch b ON b.id = c.batch_id JOIN factor f ON f.id = t.factor_id"
        " JOIN factor_set s ON s.id = f.factor_set_id",
    ),
    History(
        "batch_undone",
        N_("Batch undone"),
        "SELECT DISTINCT b.registered_at, b.registered_by, CAST(b.undoes_id AS TEXT) AS subject, u.code AS unit,"
        " b.reason AS detail, b.program_version, c.rate_id AS policy_id FROM batch b"
        " LEFT JOIN charge c ON c.batch_id = b.id LEFT JOIN unit u ON u.id = c.unit_id WHERE b.undoes_id IS NOT NULL",
    ),
    History(
        "row_dismissed",
        N_("Rejected row dismissed"),
        "SELECT registered_at, registered_by, CAST(quarantine_id AS TEXT) AS subject, reason AS detail"
        " FROM quarantine_outcome",
    ),
    History(
        "voucher_posted",
        N_("Voucher posted"),
        "SELECT DISTINCT v.registered_at, v.made_by AS registered_by, v.code AS subject, u.code AS unit,"
        " v.event || ': ' || v.description AS detail, b.program_version, c.rate_id AS policy_id FROM voucher v"
        " LEFT JOIN posting p ON p.voucher_id = v.id LEFT JOIN unit u ON u.id = p.unit_id"
        " LEFT JOIN charge c ON c.id = p.charge_id LEFT JOIN batch b ON b.id = v.batch_id",
    ),
    # Which rule said that a swept lot was due.
    History(
        "voucher_posted",
        N_("Voucher posted"),
        "SELECT DISTINCT v.registered_at, v.made_by AS registered_by, v.code AS subject, (SELECT r.id FROM policy r"
        " WHERE r.name = 'retention' AND r.valid_from <= l.lot_on AND r.registered_at <= v.registered_at"
        " ORDER BY r.valid_from DESC, r.id DESC LIMIT 1) AS policy_id FROM voucher v JOIN posting p ON p.voucher_id = v.id"
        " JOIN lot l ON l.voucher_id = p.lot_id WHERE v.event = 'sweep'",
    ),
    History(
        "round_opened",
        N_("Round of applications"),
        "SELECT registered_at, registered_by, name AS subject, opens_on || ' – ' || closes_on AS detail"
        " FROM application_round",
    ),
    History(
        "round_closed",
        N_("Round of applications closed"),
        "SELECT c.registered_at, c.registered_by, r.name AS subject, c.closed_on AS detail"
        " FROM application_round_closing c JOIN application_round r ON r.id = c.round_id",
    ),
    History(
        "grant_applied_for",
        N_("Grant applied for"),
        "SELECT a.registered_at, a.registered_by, CAST(a.id AS TEXT) AS subject, u.code AS unit, a.title AS detail"
        " FROM application a JOIN unit u ON u.id = a.unit_id",
    ),
    History(
        "grant_scored",
        N_("Application scored"),
        "SELECT s.registered_at, s.registered_by, CAST(s.application_id AS TEXT) AS subject, u.code AS unit,"
        " s.criterion || ' ' || s.points AS detail, s.id AS entry FROM application_score s"
        " JOIN application a ON a.id = s.application_id JOIN unit u ON u.id = a.unit_id",
    ),
    History(
        "grant_step",
        N_("Grant decided or moved on"),
        "SELECT g.registered_at, g.registered_by, CAST(g.application_id AS TEXT) AS subject, u.code AS unit,"
        " g.state || ' ' || g.decision || g.reason AS detail, g.id AS entry FROM grant_step g"
        " JOIN application a ON a.id = g.application_id JOIN unit u ON u.id = a.unit_id WHERE g.number > 1",
    ),
    History(
        "completeness_declared",
        N_("Travel data declared empty or late"),
        "SELECT d.registered_at, d.registered_by, s.name || ' ' || d.period AS subject, u.code AS unit,"
        " d.state || ': ' || d.reason AS detail, d.id AS entry FROM completeness_declaration d"
        " JOIN source s ON s.id = d.source_id LEFT JOIN unit u ON u.id = d.unit_id",
    ),
    History(
        "period_closed",
        N_("Period closed"),
        "SELECT registered_at, registered_by, month AS subject, reason AS detail, id AS entry FROM period_event"
        " WHERE action = 'closed'",
    ),
    History(
        "period_reopened",
        N_("Period reopened"),
        "SELECT registered_at, registered_by, month AS subject, reason AS detail, id AS entry FROM period_event"
        " WHERE action = 'reopened'",
    ),
    History(
        "coding_plan_registered",
        N_("Coding plan registered"),
        "SELECT registered_at, registered_by, version AS subject,"
        " valid_from || ' ' || title || ', sha256:' || sha256 AS detail FROM coding_plan",
    ),
    History(
        "handed_over",
        N_("Vouchers handed over"),
        "SELECT h.registered_at, h.registered_by, CAST(h.id AS TEXT) AS subject, h.program_version,"
        " f.name || ', sha256:' || f.sha256 AS detail FROM handover h LEFT JOIN handover_file f ON f.handover_id = h.id",
    ),
    History(
        "handover_written",
        N_("Files of a handover written"),
        "SELECT delivered_at AS registered_at, delivered_by AS registered_by, CAST(handover_id AS TEXT) AS subject,"
        " folder AS detail, id AS entry FROM handover_delivery",
    ),
    History(
        "access_granted",
        N_("Role given"),
        "SELECT a.registered_at, a.registered_by, a.login AS subject, a.role AS detail, u.code AS unit FROM access a"
        " LEFT JOIN unit u ON ' ' || a.unit_ids || ' ' LIKE '% ' || u.id || ' %' WHERE a.role <> ''",
    ),
    History(
        "access_revoked",
        N_("Role taken away"),
        "SELECT registered_at, registered_by, login AS subject FROM access WHERE role = ''",
    ),
)


@dataclass
class _Entry:
    """One thing that somebody did."""

    registered_at: str
    registered_by: str | None
    event: str
    title: str
    subject: str
    program_version: str | None = None
    gathered: dict[str, dict[str, None]] = field(default_factory=dict)

    def gather(self, kind: str, value: object) -> None:
        """Keep a value once, in the order they come."""
        if value not in (None, ""):
            self.gathered.setdefault(kind, {})[str(value)] = None

    def all(self, kind: str) -> list[str]:
        """Everything gathered of a kind."""
        return list(self.gathered.get(kind, ()))


def audit_log(
    connection: Connection, first_at: str, last_at: str, unit: str | None = None, history: tuple[History, ...] = HISTORY
) -> Report:
    """What was registered from `first_at` to `last_at`, in order, of one unit if `unit` is given."""
    entries = [
        entry
        for entry in _entries(connection, last_at, history)
        if entry.registered_at >= first_at and (unit is None or unit in entry.all("unit"))
    ]
    documents: list[dict[str, object]] = [
        {
            "registered_at": entry.registered_at,
            "registered_by": entry.registered_by,
            "event": entry.event,
            "subject": entry.subject,
            "units": sorted(entry.all("unit")),
            "detail": "; ".join(entry.all("detail")),
            "program_version": entry.program_version,
            "policies": entry.all("policy"),
            "factor_sets": entry.all("factor_set"),
        }
        for entry in entries
    ]
    rows = [
        {
            **document,
            "event_title": translate(entry.title),
            "units": " ".join(sorted(entry.all("unit"))),
            "policies": ", ".join(entry.all("policy")),
            "factor_sets": ", ".join(entry.all("factor_set")),
            "at": entry.registered_at[:19].replace("T", " "),
        }
        for entry, document in zip(entries, documents, strict=True)
    ]
    return Report(
        title=translate(N_("Processing history")),
        columns=(
            Column("at", N_("Registered (UTC)")),
            Column("registered_by", N_("By")),
            Column("event_title", N_("What")),
            Column("subject", N_("About")),
            Column("units", N_("Units"), gives_way=3),
            Column("detail", N_("Particulars"), gives_way=1),
            Column("policies", N_("Policies"), gives_way=4),
            Column("factor_sets", N_("Factor sets"), gives_way=5),
            Column("program_version", N_("Program"), gives_way=2),
        ),
        rows=rows,
        document={"entries": documents},
        csv_keys=(
            "registered_at",
            "registered_by",
            "event",
            "subject",
            "units",
            "detail",
            "program_version",
            "policies",
            "factor_sets",
        ),
        when_empty=translate(N_("Nothing is on record for that time.")),
    )


def _entries(connection: Connection, last_at: str, history: tuple[History, ...]) -> list[_Entry]:
    policies = {
        value.id: f"{value.name}={value.value} {value.valid_from}" for value in all_values(connection, known_at=last_at)
    }
    found: dict[tuple[object, ...], _Entry] = {}
    for source in history:
        for row in connection.execute(
            text(f"SELECT * FROM ({source.sql}) AS on_record WHERE registered_at <= :last_at"), {"last_at": last_at}
        ).mappings():
            key = (row["registered_at"], source.event, row["subject"], row.get("entry"))
            entry = found.setdefault(
                key, _Entry(row["registered_at"], row["registered_by"], source.event, source.title, row["subject"])
            )
            entry.program_version = entry.program_version or row.get("program_version")
            for kind in ("unit", "detail", "factor_set"):
                entry.gather(kind, row.get(kind))
            entry.gather("policy", policies.get(row.get("policy_id") or 0))
    order = {source.event: place for place, source in enumerate(history)}
    entries = sorted(found.values(), key=lambda entry: (entry.registered_at, order[entry.event], entry.subject))
    programs = connection.execute(text("SELECT registered_at, version FROM program ORDER BY id")).all()
    times = [row.registered_at for row in programs]
    for entry in entries:
        # What does not say it by itself was written by the program that wrote the books at that time.
        since = bisect_right(times, entry.registered_at)
        entry.program_version = entry.program_version or (programs[since - 1].version if since else None)
    return entries
