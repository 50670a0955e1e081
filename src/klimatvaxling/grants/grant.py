"""The grant (bidrag): its states, and what each step from one to the next moves in the fund.

submitted → approved | rejected | withdrawn; approved → paying | withdrawn | reported; paying → reported. Approval
reserves the money; withdrawing or reporting releases what is reserved and not paid.
"""

from dataclasses import dataclass

from klimatvaxling import formats
from klimatvaxling.errors import InputRefused, StateRefused
from klimatvaxling.fund.fund import Fund, require_positive
from klimatvaxling.grants.application import Application
from klimatvaxling.language import N_, translate
from klimatvaxling.ledger.accounts import FUND_AVAILABLE, FUND_COMMITTED, GRANTS_PAID
from klimatvaxling.ledger.booking import BookedTooEarly
from klimatvaxling.ledger.voucher import RESERVATIONS, Posting, VoucherDraft
from klimatvaxling.measures.measure import NegativeReduction
from klimatvaxling.units.unit import Unit

SUBMITTED, APPROVED, REJECTED = "submitted", "approved", "rejected"
WITHDRAWN, PAYING, REPORTED = "withdrawn", "paying", "reported"
STATES = {
    SUBMITTED: N_("submitted"),
    APPROVED: N_("approved"),
    REJECTED: N_("rejected"),
    WITHDRAWN: N_("withdrawn"),
    PAYING: N_("being paid"),
    REPORTED: N_("reported"),
}
MOVES = {
    SUBMITTED: (APPROVED, REJECTED, WITHDRAWN),
    APPROVED: (PAYING, WITHDRAWN, REPORTED),
    PAYING: (PAYING, REPORTED),
    REJECTED: (),
    WITHDRAWN: (),
    REPORTED: (),
}
RUNNING = (APPROVED, PAYING)


class WrongState(StateRefused):
    """A step that does not follow from the grant's state."""

    code = "KV-GRANT-STATE"
    message = N_("Grant {grant} is {state} and cannot become {wanted}.")
    remedy = N_("See what happened to it with: klimatvaxling grant show {grant}")


class ApprovalTooLarge(StateRefused):
    """More than was asked for."""

    code = "KV-GRANT-APPROVAL"
    message = N_("{amount} kr is more than the {requested} kr that were applied for.")
    remedy = N_("Approve at most what was applied for.")


class PaymentTooLarge(StateRefused):
    """More than is left of the approval."""

    code = "KV-GRANT-PAYMENT"
    message = N_("{amount} kr is more than the {left} kr that are left of grant {grant}.")
    remedy = N_("Pay at most what is left. A larger grant needs a new application.")


class UsedTooMuch(InputRefused):
    """A final report of more than was paid."""

    code = "KV-GRANT-USED"
    message = N_("{used} kr cannot have been used of the {paid} kr that were paid.")
    remedy = N_("Pay the rest of the grant first, or correct --used.")


class SecondPersonRequired(StateRefused):
    """The same person registered and decides."""

    code = "KV-SECOND-PERSON"
    message = N_("{person} registered grant {grant} and cannot approve it: a second person is required.")
    remedy = N_("Let somebody else approve it. The rule is the policy require_second_person.")


@dataclass(frozen=True)
class Step:
    """A step on record: from which state to which, on which day, and what was decided, paid or reported.

    `amount_ore` is what was approved, paid, or used according to the final report. `co2_reduction_g` is the reported
    outcome per year.
    """

    state_before: str | None
    state: str
    stepped_on: str
    amount_ore: int | None = None
    decision: str = ""
    reason: str = ""
    conditions: str = ""
    report_by: str | None = None
    actual_cost_ore: int | None = None
    co2_reduction_g: int | None = None
    registered_at: str = ""
    registered_by: str = ""


@dataclass(frozen=True)
class Grant:
    """An application and every step since, the submission first."""

    id: int
    application: Application
    steps: tuple[Step, ...]

    @property
    def state(self) -> str:
        """Where it stands."""
        return self.steps[-1].state

    @property
    def approved_ore(self) -> int:
        """What was approved."""
        return sum(step.amount_ore or 0 for step in self.steps if step.state == APPROVED)

    @property
    def paid_ore(self) -> int:
        """What was paid, whatever came back."""
        return sum(step.amount_ore or 0 for step in self.steps if step.state == PAYING)

    @property
    def returned_ore(self) -> int:
        """What was paid, not used, and came back."""
        return self.paid_ore - (self.steps[-1].amount_ore or 0) if self.state == REPORTED else 0

    @property
    def reserved_ore(self) -> int:
        """What is reserved and not paid."""
        return self.approved_ore - self.paid_ore if self.state in RUNNING else 0

    @property
    def report_by(self) -> str | None:
        """The day the final report is due, as decided with the approval."""
        return next((step.report_by for step in self.steps if step.state == APPROVED), None)

    def is_overdue(self, day: str) -> bool:
        """Whether the final report should have come before `day`."""
        return self.state in RUNNING and self.report_by is not None and self.report_by < day

    def move(self, state: str, day: str, **facts: object) -> Step:
        """The step to `state`. Raises `WrongState` or `BookedTooEarly`."""
        if state not in MOVES[self.state]:
            raise WrongState(grant=self.id, state=translate(STATES[self.state]), wanted=translate(STATES[state]))
        if day < self.steps[-1].stepped_on:
            raise BookedTooEarly(day=day, earliest=self.steps[-1].stepped_on)
        return Step(self.state, state, day, **facts)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Outcome:
    """A step and the vouchers that go with it."""

    step: Step
    vouchers: tuple[VoucherDraft, ...] = ()


def approve(
    grant: Grant,
    fund: Fund,
    amount_ore: int,
    day: str,
    *,
    by: str,
    second_person: bool,
    decision: str,
    conditions: str,
    report_by: str | None,
    description: str,
) -> Outcome:
    """Reserve the money.

    Raises `WrongState`, `BookedTooEarly`, `SecondPersonRequired`, `AmountNotPositive`, `ApprovalTooLarge` or
    `FundShort`.
    """
    step = grant.move(
        APPROVED, day, amount_ore=amount_ore, decision=decision, conditions=conditions, report_by=report_by
    )
    if second_person and by == grant.steps[0].registered_by:
        raise SecondPersonRequired(person=by, grant=grant.id)
    require_positive(amount_ore)
    requested = grant.application.requested_ore
    if amount_ore > requested:
        raise ApprovalTooLarge(amount=formats.kronor(amount_ore), requested=formats.kronor(requested))
    if report_by is not None and report_by < day:
        raise BookedTooEarly(day=report_by, earliest=day)
    fund.require(amount_ore, day)
    return Outcome(step, (_reserved(grant, amount_ore, day, "grant_approved", description, decision),))


def pay(grant: Grant, unit: Unit, amount_ore: int, day: str, *, description: str) -> Outcome:
    """Pay a part or all of what is reserved.

    Raises `WrongState`, `BookedTooEarly`, `AmountNotPositive` or `PaymentTooLarge`.
    """
    step = grant.move(PAYING, day, amount_ore=require_positive(amount_ore))
    if amount_ore > grant.reserved_ore:
        left = formats.kronor(grant.reserved_ore)
        raise PaymentTooLarge(amount=formats.kronor(amount_ore), left=left, grant=grant.id)
    postings = (Posting(FUND_COMMITTED, amount_ore), Posting(GRANTS_PAID, -amount_ore, unit.id))
    draft = VoucherDraft(unit.series, day, "grant_paid", description, postings, application_id=grant.id)
    return Outcome(step, (draft,))


def withdraw(grant: Grant, day: str, *, reason: str, description: str) -> Outcome:
    """Take the application back, and release what was reserved. Raises `WrongState` or `BookedTooEarly`."""
    return Outcome(grant.move(WITHDRAWN, day, reason=reason), _released(grant, day, description))


def reject(grant: Grant, day: str, *, reason: str, decision: str) -> Outcome:
    """Decide against the application. Raises `WrongState` or `BookedTooEarly`."""
    return Outcome(grant.move(REJECTED, day, reason=reason, decision=decision))


def report(
    grant: Grant,
    unit: Unit,
    used_ore: int,
    actual_cost_ore: int,
    co2_reduction_g: int,
    day: str,
    *,
    description: str,
    release_description: str,
) -> Outcome:
    """The final report: what was paid and not used comes back to the fund, what was not paid is released.

    Raises `WrongState`, `BookedTooEarly`, `UsedTooMuch` or `NegativeReduction`.
    """
    step = grant.move(
        REPORTED, day, amount_ore=used_ore, actual_cost_ore=actual_cost_ore, co2_reduction_g=co2_reduction_g
    )
    if co2_reduction_g < 0:
        raise NegativeReduction
    if not 0 <= used_ore <= grant.paid_ore:
        raise UsedTooMuch(used=formats.kronor(used_ore), paid=formats.kronor(grant.paid_ore))
    vouchers: tuple[VoucherDraft, ...] = ()
    unused = grant.paid_ore - used_ore
    if unused:
        postings = (Posting(GRANTS_PAID, unused, unit.id), Posting(FUND_AVAILABLE, -unused))
        vouchers = (VoucherDraft(unit.series, day, "grant_returned", description, postings, application_id=grant.id),)
    return Outcome(step, (*vouchers, *_released(grant, day, release_description)))


def _reserved(
    grant: Grant, amount_ore: int, day: str, event: str, description: str, evidence: str = ""
) -> VoucherDraft:
    """Available money becomes committed, or comes back where the amount is negative."""
    postings = (Posting(FUND_AVAILABLE, amount_ore), Posting(FUND_COMMITTED, -amount_ore))
    return VoucherDraft(RESERVATIONS, day, event, description, postings, evidence=evidence, application_id=grant.id)


def _released(grant: Grant, day: str, description: str) -> tuple[VoucherDraft, ...]:
    left = grant.reserved_ore
    return (_reserved(grant, -left, day, "grant_released", description),) if left else ()
