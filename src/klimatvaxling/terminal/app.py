"""The command tree. Building it does not import the database: each command imports what it needs.

Of the rooms below only those are entered that know the first word of the command line; all of them where none does.
"""

import functools
import importlib
from collections.abc import Callable
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from klimatvaxling import __version__
from klimatvaxling.database import patience
from klimatvaxling.database.location import database_url
from klimatvaxling.language import N_, translate
from klimatvaxling.terminal import completion, progress
from klimatvaxling.terminal.global_options import hoist
from klimatvaxling.terminal.surroundings import Surroundings, require_language


class _Command(TyperCommand):
    def get_usage(self, ctx: Any) -> str:
        return _usage(super().get_usage(ctx))

    def get_help_option(self, ctx: Any) -> Any:
        return _help_option(super().get_help_option(ctx))


class _Group(TyperGroup):
    def make_context(self, info_name: Any, args: list[str], parent: Any = None, **extra: Any) -> Any:
        if parent is None and extra.get("resilient_parsing"):
            # A line that is being typed, for completion: the global options are taken out of it as out of any other.
            args = [part for words in hoist(args) for part in words]
        return super().make_context(info_name, args, parent=parent, **extra)

    def get_usage(self, ctx: Any) -> str:
        return _usage(super().get_usage(ctx))

    def get_help_option(self, ctx: Any) -> Any:
        return _help_option(super().get_help_option(ctx))


def _usage(text: str) -> str:
    # An argument whose name ends in “…” needs no second sign that there may be several.
    return text.replace("Usage:", translate(N_("Usage:")), 1).replace("…}...", "…}")


def _help_option(option: Any) -> Any:
    # The library makes this option itself, and late: its words are not in the tree that is translated below.
    if option is not None:
        option.help, option.metavar = translate(N_("Show this message and exit.")), ""
    return option


def root(
    context: typer.Context,
    database: Annotated[
        str | None,
        typer.Option(
            "--database",
            metavar="URL",
            help=N_("Where the books are: sqlite:///file.db or postgresql+psycopg://…."),
        ),
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
    patience.show_waiting(progress.waiting)
    context.obj = Surroundings(url=database_url(database))


GROUPS = {
    "unit": N_("The administrations and companies that are charged."),
    "vehicle": N_("Vehicles and fuel cards: whose they are and what they run on."),
    "factor": N_("Emission factors: what a litre or a kilometre weighs."),
    "source": N_("Where travel data comes from, and how its files are understood."),
    "batch": N_("What was imported."),
    "quarantine": N_("Rejected rows that wait to be corrected or dismissed."),
    "inbox": N_("A folder where travel files wait."),
    "completeness": N_("Which travel data has been delivered, and what is missing."),
    "voucher": N_("Single vouchers."),
    "policy": N_("The scheme's decided rules."),
    "access": N_("Who may do what, and see what."),
    "opening": N_("The amounts a running scheme begins with here."),
    "measure": N_("What units use their own climate funds for."),
    "fund": N_("The shared climate compensation fund."),
    "grant": N_("Grants from the shared fund, from application to final report."),
    "report": N_("The year in figures and pictures."),
    "grant round": N_("When applications are taken."),
    "period": N_("Months that are closed to postings."),
    "audit": N_("Who did what, when."),
    "export": N_("What leaves the program as files; the books are only read."),
    "coding": N_("How the municipality's own accounts take each event."),
    "handover": N_("What has left for the accounting and invoicing systems, once and on record."),
}


# Each room of commands, with the first words it knows.
ROOMS = {
    "books": ("init", "check"),
    "units": ("unit",),
    "vehicles": ("vehicle",),
    "reorganisations": ("unit",),
    "opening": ("opening",),
    "sources": ("source",),
    "imports": ("import",),
    "batches": ("batch", "quarantine"),
    "inbox": ("inbox",),
    "completeness": ("completeness",),
    "corrections": ("voucher", "batch"),
    "reports": ("balance", "journal", "voucher"),
    "explain": ("explain",),
    "measures": ("measure", "statement", "expiring"),
    "fund": ("fund", "sweep"),
    "grants": ("grant",),
    "rounds": ("grant",),
    "policies": ("policy", "factor"),
    "periods": ("period",),
    "audit": ("audit",),
    "backups": ("backup", "restore"),
    "exports": ("export",),
    "coding": ("coding",),
    "handovers": ("export", "handover"),
    "closing": ("report",),
    "yearly": ("report",),
    "climate_report": ("export",),
    "access": ("access",),
}


# Who runs a command on a server; every other command that writes is the role finance's.
ON_A_SERVER = {
    **dict.fromkeys(("grant apply", "grant withdraw"), "finance, unit"),
    **dict.fromkeys(
        ("grant approve", "grant reject", "grant score", "grant round open", "grant round close"), "finance, committee"
    ),
    "check": "finance, auditor",
    **dict.fromkeys(("init", "access grant", "access revoke"), N_("the owner of the books")),
}


def _below(path: str, example: str, function: Callable[..., None]) -> str:
    """What stands below a command's help: an example, and who may run it where many share the books."""
    roles = ON_A_SERVER.get(path, "finance" if "dry_run" in function.__annotations__ else "")
    lines = [f"$ klimatvaxling {example}"]
    if roles:
        lines.append(translate(N_("On a server: {roles}."), roles=translate(roles)))
    return "\n\n".join(lines)


def command(first_word: str = "") -> Any:
    """The command tree in the language in use: what `first_word` begins, or all of it where nothing does."""
    is_narrowed = any(first_word in words for words in ROOMS.values())

    def is_wanted(path: str) -> bool:
        return not is_narrowed or path.split()[0] == first_word

    app = typer.Typer(
        cls=_Group,
        help=N_("The ledger behind klimatväxling: from a travel file to a charged unit, in books that balance."),
        invoke_without_command=True,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
    )
    app.callback()(root)
    groups = {"": app}
    for path, summary in GROUPS.items():
        if is_wanted(path):
            parent, _, name = path.rpartition(" ")
            groups[path] = typer.Typer(cls=_Group, help=summary, no_args_is_help=True)
            groups[parent].add_typer(groups[path], name=name)
    for name, words in ROOMS.items():
        if is_narrowed and first_word not in words:
            continue
        room = importlib.import_module(f"klimatvaxling.terminal.commands.{name}")
        for path, summary, example, function in room.COMMANDS:
            if not is_wanted(path):
                continue
            if path in GROUPS:  # a group that does something by itself, beside its commands
                below = _below(path, example, function)
                alone = groups[path].callback(invoke_without_command=True, help=summary, epilog=below)
                alone(_unless_subcommand(function))
                groups[path].info.no_args_is_help = False
                continue
            group, _, word = path.rpartition(" ")
            below = _below(path, example, function)
            groups[group].command(word, cls=_Command, help=summary, epilog=below)(function)
    tree = _translated(typer.main.get_command(app))
    completion.offer(tree)
    return tree


def _unless_subcommand(function: Callable[..., None]) -> Callable[..., None]:
    """The function of a group that is called with none of its commands."""

    @functools.wraps(function)
    def run(**given: Any) -> None:
        if given["context"].invoked_subcommand is None:
            function(**given)

    return run


def _translated(item: Any) -> Any:
    """Every text of the tree in the language in use."""
    if item.help:
        item.help = translate(item.help)
    item.options_metavar = translate(N_("[OPTIONS]"))
    for parameter in item.params:
        if getattr(parameter, "help", None):
            parameter.help = translate(parameter.help)
        if parameter.metavar:
            parameter.metavar = translate(parameter.metavar)
        elif getattr(parameter, "is_flag", False):
            parameter.metavar = ""  # not the library's <bool>: a flag takes no value
        if parameter.param_type_name == "argument":
            parameter.display_type_rich = _no_type  # the name and the help say more than <list[Path]>
    if hasattr(item, "commands"):
        item.subcommand_metavar = translate(N_("COMMAND [ARGS]..."))
        for child in item.commands.values():
            _translated(child)
    return item


def _no_type(ctx: Any) -> None:  # noqa: ARG001 - the library's interface
    return None
