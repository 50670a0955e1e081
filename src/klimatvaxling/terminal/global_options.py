"""Options that mean the same before and after the command."""

from collections.abc import Sequence

_GLOBAL_OPTIONS = ("--database", "--language")


def hoist(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """The global options, wherever they stand, apart from the rest, so that both places work."""
    hoisted: list[str] = []
    rest: list[str] = []
    remaining = iter(arguments)
    for argument in remaining:
        if argument == "--":
            rest += [argument, *remaining]
        elif argument in _GLOBAL_OPTIONS:
            hoisted += [argument, *([value] if (value := next(remaining, None)) is not None else [])]
        elif argument.startswith(tuple(f"{option}=" for option in _GLOBAL_OPTIONS)):
            hoisted.append(argument)
        else:
            rest.append(argument)
    return hoisted, rest
