"""`access …`: who may do what."""

import re
from typing import Annotated

import typer

from klimatvaxling.language import N_, translate
from klimatvaxling.terminal import options
from klimatvaxling.terminal.say import done, next_step, unless
from klimatvaxling.terminal.surroundings import Surroundings, output_format

Login = Annotated[str, typer.Argument(metavar="LOGIN", help=N_("The name the person logs in with."))]


_ROLES = N_(
    "finance (posts and registers), committee (decides grants), unit (sees its own units and applies for grants) or"
    " auditor (reads everything)."
)


def grant(
    context: typer.Context,
    login: Login,
    role: Annotated[str, typer.Option("--role", metavar="ROLE", help=_ROLES)],
    unit: Annotated[
        str | None,
        typer.Option("--unit", metavar="CODE", help=N_("For the role unit: which one. Say it once for each.")),
    ] = None,
    dry_run: options.DryRun = False,
    output: options.Format = "table",
) -> None:
    """Give a login a role."""
    around: Surroundings = context.obj
    output_format(output)
    from klimatvaxling.access import register
    from klimatvaxling.database.engine import writing
    from klimatvaxling.terminal.show import show_registered
    from klimatvaxling.units.register import require_unit

    with writing(around.url, dry_run=dry_run) as connection:
        unit_id = require_unit(connection, unit, around.day(None)).id if unit is not None else None
        given, is_new_login = register.grant(connection, login, role, unit_id, clock=around.clock, by=around.user)
        on_a_server = connection.dialect.name != "sqlite"
    done(translate(N_("{login} has the role {role}."), login=given.login, role=given.role) + unless(dry_run=dry_run))
    if not on_a_server:
        _say_where_the_boundary_is()
    if is_new_login and not dry_run:
        # Not only at a terminal: without it the person cannot log in.
        message = N_(
            "The login {login} was not there: it is made, without a password. Set one in psql: \\password {login}"
        )
        done(translate(message, login=_in_psql(given.login)))
    show_registered({"login": given.login, "role": given.role, "unit": unit}, output, dry_run=dry_run)
    if on_a_server and not dry_run:
        next_step("klimatvaxling access list")


def _in_psql(login: str) -> str:
    """A login as psql takes it: in quotation marks where it is not a plain word in lower case."""
    return login if re.fullmatch("[a-z_][a-z0-9_]*", login) else f'"{login}"'


def revoke(
    context: typer.Context, login: Login, dry_run: options.DryRun = False, output: options.Format = "table"
) -> None:
    """Take a login's role away."""
    around: Surroundings = context.obj
    output_format(output)
    from klimatvaxling.access import register
    from klimatvaxling.database.engine import writing
    from klimatvaxling.terminal.show import show_registered

    with writing(around.url, dry_run=dry_run) as connection:
        register.revoke(connection, login, clock=around.clock, by=around.user)
        on_a_server = connection.dialect.name != "sqlite"
    done(translate(N_("{login} has no role any more."), login=login) + unless(dry_run=dry_run))
    if not on_a_server:
        _say_where_the_boundary_is()
    show_registered({"login": login, "role": None, "unit": None}, output, dry_run=dry_run)
    if not dry_run:
        next_step("klimatvaxling access list")


def _say_where_the_boundary_is() -> None:
    done(
        translate(
            N_(
                "This database is a file: the role is put on record, but who can open the file can read all of it, and"
                " who can write it can post. Its permissions are the boundary; a server enforces roles."
            )
        )
    )


def list_access(
    context: typer.Context,
    as_of: options.RegisteredUntil = None,
    known_at: options.KnownAt = None,
    output: options.Format = "table",
) -> None:
    """Show who may do what."""
    around: Surroundings = context.obj
    from klimatvaxling.reports.access import access
    from klimatvaxling.terminal.show import present

    moment = around.registered_until(as_of, known_at)
    present(around, output, lambda connection: access(connection, moment))


COMMANDS = (
    (
        "access grant",
        N_("Give a login a role; posts nothing."),
        "access grant anna --role unit --unit SBF",
        grant,
    ),
    ("access revoke", N_("Take a login's role away; posts nothing."), "access revoke anna", revoke),
    ("access list", N_("Show who may do what; posts nothing."), "access list", list_access),
)
