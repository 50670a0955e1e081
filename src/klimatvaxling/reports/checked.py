"""What the checks found, with the chain's head."""

import json
from collections.abc import Sequence

from klimatvaxling.errors import StateRefused
from klimatvaxling.language import N_, translate
from klimatvaxling.ledger.check import Finding
from klimatvaxling.reports.report import NUMBER, Column, Report


class CheckFailed(StateRefused):
    """An invariant of the books is broken."""

    code = "KV-CHECK-FAILED"
    message = N_("The books are not sound; these checks failed: {checks}.")
    remedy = N_("Post nothing more. The report names what breaks them; compare it with the latest backup.")


def require_sound(findings: Sequence[Finding]) -> None:
    """Raises `CheckFailed` if anything offends a check."""
    failed = [finding.name for finding in findings if not finding.ok]
    if failed:
        raise CheckFailed(checks=", ".join(failed))


def checked(findings: Sequence[Finding], head: str, vouchers: int) -> Report:
    """Every check by name with what offends it, both sides of the difference."""
    documents = [
        {
            "name": finding.name,
            "ok": finding.ok,
            "offending": [offence.id for offence in finding.offending],
            "difference": [vars(offence) for offence in finding.offending] or None,
        }
        for finding in findings
    ]
    rows = [
        {
            "name": finding.name,
            "ok": json.dumps(finding.ok),
            "offending": ", ".join(offence.id for offence in finding.offending),
            "result": translate(N_("ok")) if finding.ok else translate(N_("FAILED")),
            "count": len(finding.offending),
        }
        for finding in findings
    ]
    faults = [
        translate(
            N_("{name}: {id}: expected {expected}, found {found}"),
            name=finding.name,
            id=offence.id,
            expected=offence.expected,
            found=offence.found,
        )
        for finding in findings
        for offence in finding.offending
    ]
    closing = translate(N_("Head {head} after {vouchers} vouchers."), head=head, vouchers=vouchers)
    return Report(
        title=translate(N_("Checks of the books")),
        columns=(Column("name", N_("Check")), Column("result", N_("Result")), Column("count", N_("Offending"), NUMBER)),
        rows=rows,
        document={"head": head, "vouchers": vouchers, "checks": documents},
        notes=(*faults, closing),
        csv_keys=("name", "ok", "count", "offending"),
    )
