"""What a backup or a restoration made."""

from klimatvaxling import formats
from klimatvaxling.backups.backup import Backup
from klimatvaxling.language import N_, translate
from klimatvaxling.reports.report import Column, Report


def copied_books(made: Backup) -> Report:
    """Where the copy is, its size and digest, and how far its chain reaches."""
    document: dict[str, object] = {
        "file": str(made.path),
        "size_bytes": made.size_bytes,
        "sha256": made.sha256,
        "head": made.head,
        "vouchers": made.vouchers,
        "kept": str(made.kept) if made.kept else None,
    }
    facts = (
        (N_("File"), str(made.path)),
        (N_("Size"), translate(N_("{count} bytes"), count=formats.number(made.size_bytes))),
        (N_("SHA-256"), made.sha256),
        (N_("Head"), made.head),
        (N_("Vouchers"), formats.number(made.vouchers)),
        (N_("The old database"), str(made.kept) if made.kept else ""),
    )
    return Report(
        title=translate(N_("Verified copy of the books")),
        columns=(Column("fact", N_("What")), Column("value", N_("Value"))),
        rows=[{"fact": translate(name), "value": value, **document} for name, value in facts if value],
        document=document,
        csv_keys=tuple(document),
    )
