"""The command tree. Building it does not import the database: each command imports what it needs when it runs."""

from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from klimatvaxling import __version__
from klimatvaxling.database.location import database_url
from klimatvaxling.language import N_, translate
from klimatvaxling.terminal.commands import batches, books, policies, reports, sources, units
from klimatvaxling.terminal.surroundings import Surroundings, require_language


class _Command(TyperCommand):
    def get_usage(self, ctx: Any) -> str:
        return str(super().get_usage(ctx)).replace("Usage:", translate(N_("Usage:")), 1)


class _Group(TyperGroup):
    def get_usage(self, ctx: Any) -> str:
        return str(super().get_usage(ctx)).replace("Usage:", translate(N_("Usage:")), 1)


def root(
    context: typer.Context,
    database: Annotated[
        str | None,
        typer.Option("--database", metavar="URL", help=N_("Where the books are: sqlite:///file.db or postgresql+psycopg://….")),
    ] = None,
    language: Annotated[str | None, typer.Option("--language", metavar="sv|en", help=N_("Swedish or English."))] = None,
    version: Annotated[bool, typer.Option("--version", help=N_("Show the program's version."))] = False,
) -> None:
    """The root of all commands."""
    require_language(language)
    if version:
        print(f"klimatvaxling {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        print(context.get_help())
        raise typer.Exit
    context.obj = Surroundings(url=database_url(database))


GROUPS = {
    "unit": N_("The administrations and companies that are charged."),
    "factor": N_("Emission factors: what a litre or a kilometre weighs."),
    "source": N_("Where travel data comes from, and how its files are understood."),
    "batch": N_("What was imported."),
    "quarantine": N_("Rejected rows that wait to be corrected or dismissed."),
    "voucher": N_("Single vouchers."),
    "policy": N_("The scheme's decided rules."),
}


def command() -> Any:
    """The whole command tree in the language in use."""
    app = typer.Typer(
        cls=_Group,
        help=N_("The ledger behind klimatväxling: from a travel file to a charged unit, in books that balance."),
        invoke_without_command=True,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
    )
    app.callback()(root)
    groups = {"": app}
    for name, summary in GROUPS.items():
        groups[name] = typer.Typer(cls=_Group, help=summary, no_args_is_help=True)
        app.add_typer(groups[name], name=name)
    for room in (books, units, sources, batches, reports, policies):
        for path, summary, example, function in room.COMMANDS:
            group, _, name = path.rpartition(" ")
            groups[group].command(name, cls=_Command, help=summary, epilog=f"$ klimatvaxling {example}")(function)
    return _translated(typer.main.get_command(app))


def _translated(item: Any) -> Any:
    """Every text of the tree in the language in use."""
    item.help = translate(item.help or "")
    for parameter in item.params:
        if getattr(parameter, "help", None):
            parameter.help = translate(parameter.help)
    for child in getattr(item, "commands", {}).values():
        _translated(child)
    return item
