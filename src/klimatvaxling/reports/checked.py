"""What the checks found, with the chain's head."""

from collections.abc import Sequence

from klimatvaxling.language import N_, translate
from klimatvaxling.ledger.check import Finding
from klimatvaxling.reports.report import NUMBER, Column, Report


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
    )
