"""Faults as people see them: what is wrong, where, what to do, and the exit code. Nothing is decided here."""

import os
import re
import sys
import traceback

from klimatvaxling.errors import TRACEBACK_VARIABLE, ExchangeError, InputRefused, StateRefused, UsageFault
from klimatvaxling.language import N_, translate

UNEXPECTED, USAGE, REFUSED_INPUT, REFUSED_BY_STATE, INTERRUPTED = 1, 2, 3, 4, 130

# The command-line library's own faults by class name, with the words it puts in them.
_USAGE_MESSAGES = {
    "NoSuchOption": N_("There is no option {option}."),
    "MissingParameter": N_("{parameter} is missing."),
    "BadOptionUsage": N_("The option {option} needs a value."),
    "BadParameter": N_("{parameter} cannot have this value: {value}"),
}


def exit_code(fault: ExchangeError) -> int:
    """The exit code of an error: the one place where it is attached."""
    for kind, code in ((UsageFault, USAGE), (InputRefused, REFUSED_INPUT), (StateRefused, REFUSED_BY_STATE)):
        if isinstance(fault, kind):
            return code
    return UNEXPECTED


def show(fault: ExchangeError) -> int:
    """Show an error on standard error; gives its exit code."""
    where = f" ({fault.where()})" if fault.where() else ""
    _say(f"{fault.code}: {fault.what()}{where}")
    if fault.what_to_do():
        _say(f"→ {fault.what_to_do()}")
    return exit_code(fault)


def show_usage_fault(fault: Exception) -> int:
    """Show a fault in how the command was called, in the user's language."""
    kind = type(fault).__name__
    context = getattr(fault, "ctx", None)
    if kind == "NoArgsIsHelpError":
        return USAGE
    text, possible = _usage_text(fault, kind)
    _say(f"KV-USAGE: {text}")
    if possible:
        _say("→ " + translate(N_("Did you mean {possible}?"), possible=", ".join(sorted(possible))))
    path = context.command_path if context else "klimatvaxling"
    _say("→ " + translate(N_("See how the command is used with: {command} --help"), command=path))
    return USAGE


def _usage_text(fault: Exception, kind: str) -> tuple[str, list[str]]:
    """What is wrong, and what may have been meant instead."""
    parameter = getattr(fault, "param", None)
    name = ""
    if parameter is not None:
        names = [*getattr(parameter, "opts", ())]
        is_option = any(item.startswith("-") for item in names)
        name = names[0] if is_option and names else str(getattr(parameter, "metavar", None) or parameter.name).upper()
    text = str(getattr(fault, "message", fault))
    if kind in _USAGE_MESSAGES:
        message = _USAGE_MESSAGES[kind]
        if kind == "BadOptionUsage" and "does not take a value" in text:
            message = N_("The option {option} takes no value.")
        option = getattr(fault, "option_name", "")
        text = translate(message, option=option, parameter=name.rstrip("…") or "?", value=text)
        return text, getattr(fault, "possibilities", None) or []
    if text.startswith(("No such command", translate("No such command {name!r}.").partition("{")[0])):
        # The library quotes what was written and, after it, every command that is spelled like it.
        wrong, *possible = (quoted for _, quoted in re.findall(r"(['\"])(.*?)\1", text))
        return translate(N_("There is no command “{command}”."), command=wrong), possible
    if "unexpected extra argument" in text:
        return translate(N_("Too many arguments: {extra}."), extra=text.partition("(s) (")[2].rstrip(")")), []
    return text, []


def show_interrupted() -> int:
    """The user broke off; an unfinished transaction has been rolled back."""
    _say(translate(N_("Interrupted. What was not finished was not posted.")))
    return INTERRUPTED


def show_unexpected(fault: Exception) -> int:
    """A fault nobody foresaw: say so, without a traceback unless asked for."""
    _say("KV-UNEXPECTED: " + translate(N_("An unexpected fault: {fault}"), fault=f"{type(fault).__name__}: {fault}"))
    _say(
        "→ "
        + translate(
            N_("Nothing was posted. Set {variable}=1 and run again to see where, and report it."),
            variable=TRACEBACK_VARIABLE,
        )
    )
    if os.environ.get(TRACEBACK_VARIABLE):
        traceback.print_exception(fault)
    return UNEXPECTED


def _say(line: str) -> None:
    print(line, file=sys.stderr)
