"""What a command says beside its data: on standard error, so that data can be piped on."""

import sys

from klimatvaxling.language import N_, translate


def done(line: str) -> None:
    """Something that was done."""
    print(line, file=sys.stderr)


def unless(*, dry_run: bool) -> str:
    """What is added to the words of a command that was only tried."""
    return " " + translate(N_("A dry run: nothing is posted.")) if dry_run else ""


def next_step(command: str) -> None:
    """The sensible next command, for a person at a terminal."""
    if sys.stderr.isatty():
        print(translate(N_("Next: {command}"), command=command), file=sys.stderr)


def is_terminal() -> bool:
    """Whether a person is there to be asked and shown progress."""
    return sys.stdin.isatty() and sys.stderr.isatty()
