"""`grant …`: grants from the shared fund, from application to final report."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from klimatvaxling import typed
from klimatvaxling.errors import UsageFault
from klimatvaxling.formats import kronor
from klimatvaxling.language import N_, translate
from klimatvaxling.terminal import options
from klimatvaxling.terminal.posting import posting
from klimatvaxling.terminal.say import next_step, unless
from klimatvaxling.terminal.show import present, show_posted
from klimatvaxling.terminal.surroundings import Surroundings, count, grams, output_format

if TYPE_CHECKING:
    from klimatvaxling.grants.register import GrantDesk, Taken

_Id = Annotated[str, typer.Argument(metavar="ID", help=N_("The grant's number, as grant list shows it."))]
_Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help=N_("Why, in a few words."))]


class UnknownState(UsageFault):
    """Not a state of a grant."""

    code = "KV-GRANT-STATE-NAME"
    message = N_("“{value}” is not a state of a grant.")
    remedy = N_("Write one of: {known}.")


class UnknownOrder(UsageFault):
    """Not an order of ranking."""

    code = "KV-GRANT-ORDER"
    message = N_("“{value}” is not an order.")
    remedy = N_("Write --by cost or --by points.")


def apply_for(
    context: typer.Context,
    unit: options.Unit,
    title: Annotated[str, typer.Option("--title", metavar="TEXT", help=N_("What the grant is for, in a few words."))],
    amount: options.Amount,
    total_cost: Annotated[
        str, typer.Option("--total-cost", metavar="SEK", help=N_("What the measure costs in all, in kronor."))
    ],
    co2_reduction_kg: Annotated[
        str,
        typer.Option("--co2-reduction-kg", metavar="N", help=N_("The expected reduction per year in kilograms.")),
    ],
    lifetime_years: Annotated[
        str, typer.Option("--lifetime-years", metavar="N", help=N_("For how many years it lowers emissions."))
    ],
    focus_area: options.FocusArea = "",
    description: Annotated[str, typer.Option("--description", metavar="TEXT", help=N_("More about the measure."))] = "",
    registration_number: Annotated[
        str, typer.Option("--registration-number", metavar="DNR", help=N_("The application's diarienummer."))
    ] = "",
    booked_on: options.BookedOn = None,
    dry_run: options.DryRun = False,
    output: options.Format = "table",
) -> None:
    """Register an application."""
    around: Surroundings = context.obj
    output_format(output)
    from klimatvaxling.grants.application import Application
    from klimatvaxling.grants.register import apply
    from klimatvaxling.measures.register import area_in_force
    from klimatvaxling.reports.grants import document_of
    from klimatvaxling.reports.titles import spellings
    from klimatvaxling.units.register import directory

    day = around.day_for_the_books(booked_on)
    amount_ore, cost_ore, reduction_g = typed.amount_ore(amount), typed.amount_ore(total_cost), grams(co2_reduction_kg)
    years = count(lifetime_years)
    with posting(around, dry_run=dry_run, table="application") as connection:
        applicant = directory(connection).valid(unit, day)
        application = Application(
            unit_id=applicant.id,
            title=" ".join(title.split()),
            requested_ore=amount_ore,
            total_cost_ore=cost_ore,
            co2_reduction_g=reduction_g,
            lifetime_years=years,
            applied_on=day.isoformat(),
            focus_area=area_in_force(connection, focus_area, day, spellings),
            description=description.strip(),
            registration_number=registration_number.strip(),
        )
        grant = apply(connection, application, applicant, clock=around.clock, by=around.user)
    document = document_of(grant, {applicant.id: applicant.code}, {}) | {"vouchers": [], "dry_run": dry_run}
    text = N_("Application {grant} of {unit}: {amount} kr for “{title}”.")
    told = translate(text, grant=grant.id, unit=applicant.code, amount=kronor(amount_ore), title=application.title)
    show_posted(document, told + unless(dry_run=dry_run), output)
    if not dry_run:
        next_step(f"klimatvaxling grant show {grant.id}")


def approve(
    context: typer.Context,
    grant: _Id,
    amount: options.Amount,
    decision: options.Decision,
    conditions: Annotated[
        str, typer.Option("--conditions", metavar="TEXT", help=N_("What the grant is given on condition of."))
    ] = "",
    report_by: Annotated[
        str | None, typer.Option("--report-by", metavar="DATE", help=N_("The day the final report is due."))
    ] = None,
    booked_on: options.BookedOn = None,
    dry_run: options.DryRun = False,
    output: options.Format = "table",
) -> None:
    """Approve and reserve the money."""
    around: Surroundings = context.obj
    day, amount_ore = around.given_day(booked_on), typed.amount_ore(amount)
    due = typed.date(report_by).isoformat() if report_by is not None else None
    _take(
        around,
        lambda desk: desk.approve(
            count(grant), amount_ore, day, decision=decision, conditions=conditions, report_by=due
        ),
        N_("Grant {grant} is approved: {amount} kr are reserved."),
        output,
        amount_ore=amount_ore,
        dry_run=dry_run,
        table="voucher",
    )


def reject(
    context: typer.Context,
    grant: _Id,
    reason: _Reason,
    decision: options.Decision,
    booked_on: options.BookedOn = None,
    dry_run: options.DryRun = False,
    output: options.Format = "table",
) -> None:
    """Decide against an application."""
    around: Surroundings = context.obj
    day = around.given_day(booked_on)
    _take(
        around,
        lambda desk: desk.reject(count(grant), day, reason=reason, decision=decision),
        N_("Grant {grant} is rejected."),
        output,
        dry_run=dry_run,
        table="voucher",
    )


def withdraw(
    context: typer.Context,
    grant: _Id,
    reason: _Reason = "",
    booked_on: options.BookedOn = None,
    dry_run: options.DryRun = False,
    output: options.Format = "table",
) -> None:
    """Take an application back."""
    around: Surroundings = context.obj
    day = around.given_day(booked_on)
    _take(
        around,
        lambda desk: desk.withdraw(count(grant), day, reason=reason),
        N_("Grant {grant} is withdrawn."),
        output,
        dry_run=dry_run,
        table="grant_step",
    )


def pay(
    context: typer.Context,
    grant: _Id,
    amount: options.Amount,
    booked_on: options.BookedOn = None,
    dry_run: options.DryRun = False,
    output: options.Format = "table",
) -> None:
    """Pay a part or all of a grant."""
    around: Surroundings = context.obj
    day, amount_ore = around.given_day(booked_on), typed.amount_ore(amount)
    _take(
        around,
        lambda desk: desk.pay(count(grant), amount_ore, day),
        N_("{amount} kr of grant {grant} are paid."),
        output,
        amount_ore=amount_ore,
        dry_run=dry_run,
    )


def report(
    context: typer.Context,
    grant: _Id,
    used: Annotated[str, typer.Option("--used", metavar="SEK", help=N_("How much of the grant was used, in kronor."))],
    actual_cost: Annotated[
        str, typer.Option("--actual-cost", metavar="SEK", help=N_("What the measure cost in all, in kronor."))
    ],
    co2_reduction_kg: Annotated[
        str,
        typer.Option(
            "--co2-reduction-kg", metavar="N", help=N_("The reduction per year that came of it, in kilograms.")
        ),
    ],
    booked_on: options.BookedOn = None,
    dry_run: options.DryRun = False,
    output: options.Format = "table",
) -> None:
    """The final report."""
    around: Surroundings = context.obj
    day, used_ore, cost_ore = around.given_day(booked_on), typed.amount_ore(used), typed.amount_ore(actual_cost)
    reduction_g = grams(co2_reduction_kg)
    _take(
        around,
        lambda desk: desk.report(count(grant), used_ore, cost_ore, reduction_g, day),
        N_("Grant {grant} is reported: {amount} kr were used."),
        output,
        amount_ore=used_ore,
        dry_run=dry_run,
    )


def _take(
    around: Surroundings,
    step: "Callable[[GrantDesk], Taken]",
    told: str,
    output: str,
    *,
    dry_run: bool,
    amount_ore: int = 0,
    table: str | None = None,
) -> None:
    """Take a grant one step further, and say so; `table` is one that is written, where not only finance does so."""
    output_format(output)
    from klimatvaxling.grants.register import GrantDesk
    from klimatvaxling.grants.round_register import rounds_in
    from klimatvaxling.reports.grants import document_of
    from klimatvaxling.units.register import directory

    with posting(around, dry_run=dry_run, table=table) as connection:
        taken = step(GrantDesk(connection, around.clock, around.user))
        codes = {unit.id: unit.code for unit in directory(connection).newest()}
        rounds = {each.id: each.name for each in rounds_in(connection)}
    document = document_of(taken.grant, codes, rounds)
    document |= {"vouchers": [voucher.code for voucher in taken.vouchers], "dry_run": dry_run}
    text = translate(told, grant=taken.grant.id, amount=kronor(amount_ore))
    show_posted(document, text + unless(dry_run=dry_run), output)
    if not dry_run:
        next_step(f"klimatvaxling grant show {taken.grant.id}")


def score(
    context: typer.Context,
    grant: _Id,
    scores: Annotated[
        list[str], typer.Argument(metavar="CRITERION=POINTS…", help=N_("Points from 0 to 10 for a criterion."))
    ],
    booked_on: options.BookedOn = None,
    dry_run: options.DryRun = False,
    output: options.Format = "table",
) -> None:
    """Points for the decided criteria."""
    around: Surroundings = context.obj
    output_format(output)
    from klimatvaxling.grants.register import score as put_on_record

    day = around.day_for_the_books(booked_on)
    with posting(around, dry_run=dry_run, table="application_score") as connection:
        given = put_on_record(connection, count(grant), scores, day, clock=around.clock, by=around.user)
    listed = ", ".join(f"{name} {points}" for name, points in given.items())
    told = translate(N_("Points of grant {grant}: {points}."), grant=count(grant), points=listed)
    document = {"id": count(grant), "scores": given, "vouchers": [], "dry_run": dry_run}
    show_posted(document, told + unless(dry_run=dry_run), output)
    if not dry_run:
        next_step("klimatvaxling grant rank")


def list_grants(
    context: typer.Context,
    state: Annotated[
        str | None, typer.Option("--state", metavar="STATE", help=N_("Only grants in this state."))
    ] = None,
    unit: options.UnitCode = None,
    as_of: options.AsOf = None,
    known_at: options.KnownAt = None,
    output: options.Format = "table",
) -> None:
    """Every grant."""
    around: Surroundings = context.obj
    from klimatvaxling.grants.grant import STATES
    from klimatvaxling.reports.grants import grants

    if state is not None and state not in STATES:
        raise UnknownState(value=state, known=", ".join(STATES))
    day, known = around.day(as_of), around.known_at(known_at)
    present(around, output, lambda books: grants(books, day, known, state=state, unit=unit))


def show_grant(
    context: typer.Context,
    grant: _Id,
    as_of: options.AsOf = None,
    known_at: options.KnownAt = None,
    output: options.Format = "table",
) -> None:
    """One grant with every step."""
    around: Surroundings = context.obj
    from klimatvaxling.reports.grants import grant as report_of

    key, day, known = count(grant), around.day(as_of), around.known_at(known_at)
    present(around, output, lambda books: report_of(books, key, day, known))


def rank(
    context: typer.Context,
    by: Annotated[
        str, typer.Option("--by", metavar="cost|points", help=N_("What the order follows: kr per kg, or points."))
    ] = "cost",
    as_of: options.AsOf = None,
    known_at: options.KnownAt = None,
    output: options.Format = "table",
) -> None:
    """The applications that wait, best first."""
    around: Surroundings = context.obj
    from klimatvaxling.reports.grants import ranking

    if by not in ("cost", "points"):
        raise UnknownOrder(value=by)
    day, known = around.day(as_of), around.known_at(known_at)
    present(around, output, lambda books: ranking(books, day, known, by_points=by == "points"))


def overdue(
    context: typer.Context,
    unit: options.UnitCode = None,
    as_of: options.AsOf = None,
    known_at: options.KnownAt = None,
    output: options.Format = "table",
) -> None:
    """Grants whose final report is late."""
    around: Surroundings = context.obj
    from klimatvaxling.reports.grants import grants

    day, known = around.day(as_of), around.known_at(known_at)
    present(around, output, lambda books: grants(books, day, known, unit=unit, overdue=True))


_APPLY = (
    'grant apply --unit SBF --title "Laddstolpar" --amount 80000 --total-cost 120000 --co2-reduction-kg 4000'
    " --lifetime-years 10"
)
COMMANDS = (
    (
        "grant apply",
        N_("Register an application for a grant. Posts nothing."),
        _APPLY,
        apply_for,
    ),
    (
        "grant approve",
        N_("Approve an application and reserve the money in the fund. Posts one voucher."),
        'grant approve 1 --amount 80000 --decision "MN 2025-04-02 § 31" --report-by 2026-06-30',
        approve,
    ),
    (
        "grant reject",
        N_("Decide against an application. Posts nothing."),
        'grant reject 2 --reason "Ingen klimatnytta visad" --decision "MN 2025-04-02 § 32"',
        reject,
    ),
    (
        "grant withdraw",
        N_("Take an application back; what was reserved is released. Posts one voucher if money was reserved."),
        "grant withdraw 3",
        withdraw,
    ),
    ("grant pay", N_("Pay a part or all of a grant. Posts one voucher."), "grant pay 1 --amount 40000", pay),
    (
        "grant report",
        N_("Register the final report; what was not used comes back to the fund. Posts up to two vouchers."),
        "grant report 1 --used 38000 --actual-cost 117500 --co2-reduction-kg 3800",
        report,
    ),
    ("grant list", N_("Show every grant. Posts nothing."), "grant list --state approved", list_grants),
    ("grant show", N_("Show one grant with every step. Posts nothing."), "grant show 1", show_grant),
    ("grant rank", N_("Show the applications that wait, best first. Posts nothing."), "grant rank --by points", rank),
    (
        "grant score",
        N_("Give an application points for the decided criteria. Posts nothing."),
        "grant score 1 climate_benefit=8 innovation=5 reach=6",
        score,
    ),
    ("grant overdue", N_("Show the grants whose final report is late. Posts nothing."), "grant overdue", overdue),
)
