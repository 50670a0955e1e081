"""What a run over an inbox did, file by file."""

from collections.abc import Sequence
from typing import Any

from klimatvaxling.language import N_, translate
from klimatvaxling.reports.report import AMOUNT, NUMBER, Column, Report

_OUTCOMES = {
    "done": N_("imported"),
    "rejected": N_("rejected"),
    "waiting": N_("waits"),
    "gone": N_("taken by another run"),
}


def inbox(results: Sequence[dict[str, Any]], *, dry_run: bool) -> Report:
    """Every file that waited, by name, with its source, what became of it and what was charged."""
    rows = [
        {
            **result,
            "outcome_title": translate(_OUTCOMES[result["outcome"]]),
            "code": result.get("error", {}).get("code"),
            "vouchers_text": " ".join(result.get("vouchers", ())),
        }
        for result in results
    ]
    return Report(
        title=translate(N_("Inbox: a preview, nothing is posted or moved") if dry_run else N_("Inbox")),
        columns=(
            Column("file", N_("File")),
            Column("source", N_("Source")),
            Column("outcome_title", N_("Outcome")),
            Column("code", N_("Error code"), gives_way=1),
            Column("rows_posted", N_("Posted"), NUMBER),
            Column("rows_rejected", N_("Rejected"), NUMBER, gives_way=2),
            Column("charged_ore", N_("Charged"), AMOUNT),
        ),
        rows=rows,
        document={
            "files": list(results),
            "vouchers": [code for result in results for code in result.get("vouchers", ())],
            "dry_run": dry_run,
        },
        csv_keys=(
            "file",
            "source",
            "outcome",
            "code",
            "batch",
            "rows_read",
            "rows_posted",
            "rows_already_imported",
            "rows_outside_scheme",
            "rows_rejected",
            "rows_held",
            "co2_g",
            "charged_ore",
            "moved_to",
        ),
        when_empty=translate(N_("Nothing waits in the inbox.")),
    )
