"""A process of its own that runs the program whenever it is told to: several of them, told at once, race.

It reads, as JSON and one a line, who is at the keyboard (null: whoever it is) and a command line, and answers with exit
code, standard output and standard error.
"""

import contextlib
import gc
import io
import json
import sys
from unittest import mock

from klimatvaxling.terminal.main import main
from klimatvaxling.terminal.surroundings import Surroundings


def run(somebody: str | None, arguments: list[str]) -> tuple[object, str, str]:
    """The program's exit code, standard output and standard error."""
    out, err = io.StringIO(), io.StringIO()
    code: object = 0
    with contextlib.ExitStack() as around:
        around.enter_context(contextlib.redirect_stdout(out))
        around.enter_context(contextlib.redirect_stderr(err))
        if somebody is not None:
            around.enter_context(mock.patch.object(Surroundings, "user", property(lambda _: somebody)))
        try:
            main(arguments)
        except SystemExit as stop:
            code = stop.code
    return code, out.getvalue(), err.getvalue()


if __name__ == "__main__":
    for number, line in enumerate(sys.stdin, start=1):
        print(json.dumps(run(*json.loads(line))), flush=True)
        if number % 100 == 0:  # the program leaves what it held to the end of its process
            gc.unfreeze()
            gc.collect()
