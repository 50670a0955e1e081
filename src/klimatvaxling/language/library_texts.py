"""The command-line library's own words, listed so that they are in our catalogue.

The library looks most of them up itself, in the catalogue that `language.use` names; the terminal looks up
the rest.
"""

from klimatvaxling.language import N_

HELP = (
    N_("Arguments"),
    N_("Options"),
    N_("Commands"),
    N_("Error"),
    N_("Aborted."),
    N_("Aborted!"),
    N_("[required]"),
    N_("required"),
    N_("[default: {}]"),
    N_("default: {default}"),
    N_("[env var: {}]"),
    N_("env var: {var}"),
    N_("(deprecated) "),
    N_("(dynamic)"),
    N_("Try [blue]'{command_path} {help_option}'[/] for help."),
    N_("Missing command."),
    N_("No such command {name!r}."),
    N_("Install completion for the current shell."),
    N_("Show completion for the current shell, to copy it or customize the installation."),
)

# What stands for a value in usage and help. Values themselves, such as table|json|csv, are never translated.
METAVARS = (
    N_("C"),
    N_("CODE"),
    N_("CODE…"),
    N_("CRITERION=POINTS…"),
    N_("DATE"),
    N_("DAYS"),
    N_("DNR"),
    N_("FILE"),
    N_("FILE.csv"),
    N_("FILE.xlsx"),
    N_("FILE…"),
    N_("FOLDER"),
    N_("HASH"),
    N_("ID"),
    N_("LOGIN"),
    N_("M"),
    N_("N"),
    N_("NAME"),
    N_("REASON"),
    N_("REF"),
    N_("ROLE"),
    N_("SEK"),
    N_("STATE"),
    N_("TEXT"),
    N_("TIMESTAMP"),
    N_("URL"),
    N_("VALUE"),
    N_("VOUCHER"),
    N_("WHAT"),
    N_("YYYY"),
    N_("YYYY-MM"),
)
