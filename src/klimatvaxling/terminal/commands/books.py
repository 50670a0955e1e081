"""`init` and `check`."""

from typing import Annotated

import typer

from klimatvaxling.language import N_, translate
from klimatvaxling.terminal import options
from klimatvaxling.terminal.say import done, next_step
from klimatvaxling.terminal.surroundings import Surroundings, output_format


def init(
    context: typer.Context,
    organisation: Annotated[
        str | None, typer.Option("--organisation", metavar="NAME", help=N_("Whose books these are."))
    ] = None,
    org_number: Annotated[
        str | None, typer.Option("--org-number", metavar="N", help=N_("The organisation number, ten digits."))
    ] = None,
) -> None:
    """Create the books, or upgrade them."""
    around: Surroundings = context.obj
    from klimatvaxling.books.beginning import begin, require_organisation
    from klimatvaxling.database.engine import writing
    from klimatvaxling.database.location import sqlite_file, without_password
    from klimatvaxling.database.migrate import upgrade

    require_organisation(organisation, org_number)
    upgraded = upgrade(around.url, around.clock)
    if upgraded.backup is not None:
        done(translate(N_("The database as it was is kept as {path}."), path=upgraded.backup))
    if upgraded.before not in (None, upgraded.after):
        done(
            translate(
                N_("The database is upgraded from version {before} to {after}."),
                before=upgraded.before,
                after=upgraded.after,
            )
        )
    file = sqlite_file(around.url)
    with writing(around.url, without_book=True) as connection:
        beginning = begin(
            connection,
            organisation=organisation,
            org_number=org_number,
            shared=file is None,
            clock=around.clock,
            by=around.user,
        )
    where = file or without_password(around.url)
    if beginning.is_new:
        done(
            translate(
                N_("The books of {organisation} are open, in {where}."),
                organisation=beginning.organisation,
                where=where,
            )
        )
        next_step(translate(N_("klimatvaxling unit load FILE.csv")))
    else:
        done(
            translate(
                N_("The books of {organisation} in {where} are up to date."),
                organisation=beginning.organisation,
                where=where,
            )
        )
    for factor_set in beginning.factor_sets:
        done(translate(N_("Factor set registered: {factor_set}."), factor_set=factor_set))


def check(
    context: typer.Context,
    head: Annotated[
        str | None,
        typer.Option(
            "--head", metavar="HASH", help=N_("Also prove that nothing up to this head was changed or cut off.")
        ),
    ] = None,
    output: options.Format = "table",
) -> None:
    """Check every invariant of the books."""
    around: Surroundings = context.obj
    output_format(output)
    from klimatvaxling.database.engine import reading
    from klimatvaxling.ledger import check as checks
    from klimatvaxling.reports.checked import checked, require_sound
    from klimatvaxling.terminal.progress import checking
    from klimatvaxling.terminal.show import show

    with reading(around.url, without_book=True) as connection:
        with checking(len(checks.CHECKS)) as progress:
            findings = checks.run_checks(connection, progress=progress)
        if head is not None:
            findings.append(checks.includes_head(connection, head))
        report = checked(findings, *checks.head(connection))
    show(report, output)
    require_sound(findings)


COMMANDS = (
    (
        "init",
        N_("Create the books, or upgrade them to this version of the program. Posts nothing."),
        'init --organisation "Exempelstad" --org-number 212000-0001',
        init,
    ),
    (
        "check",
        N_("Check every invariant of the books; exit code 4 names what breaks one. Posts nothing."),
        "check --format json",
        check,
    ),
)
