"""What a command says beside its data: on standard error, so that data can be piped on."""

import sys

from klimatvaxling.language import N_, translate


def done(line: str) -> None:
    """Something that was done."""
    print(line, file=sys.stderr)


def next_step(command: str) -> None:
    """The sensible next command, for a person at a terminal."""
    if sys.stderr.isatty():
        print(translate(N_("Next: {command}"), command=command), file=sys.stderr)


def is_terminal() -> bool:
    """Whether a person is there to be asked and shown progress."""
    return sys.stdin.isatty() and sys.stderr.isatty()
