"""The entry point: language first, then the commands; every fault becomes a message and an exit code."""

import gc
import os
import sys
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from klimatvaxling import language
from klimatvaxling.batches.reader import ready_reader
from klimatvaxling.errors import ExchangeError, InputRefused
from klimatvaxling.language import N_
from klimatvaxling.terminal.global_options import hoist


class NotText(InputRefused):
    """A word of the command line that is no text: bytes that are not UTF-8, such as an old file name."""

    code = "KV-TEXT"
    message = N_("“{value}” is not text in UTF-8.")
    remedy = N_("Type it again, or give the file a new name: the books keep text in UTF-8.")


class ControlCharacter(InputRefused):
    """An argument with characters that steer a terminal: in the books they would do so wherever they are shown."""

    code = "KV-TEXT-CONTROL"
    message = N_("“{value}” has control characters in it, shown here as question marks.")
    remedy = N_("Type the text again: it was probably copied together with something that is not seen.")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the program with `arguments` (default: those of the process) and exit."""
    # Looking for cycles while libraries are loaded takes a tenth of a short command's time, and finds none.
    gc.set_threshold(200_000, 20, 20)
    given = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure") and (stream.encoding or "").lower() not in ("utf-8", "utf8"):
            stream.reconfigure(encoding="utf-8")  # åäö must survive a pipe on Windows too
    global_options, rest = hoist(given)
    language.use(_language(global_options))
    with ready_reader(rest if rest[:1] == ["import"] else ()):
        code = _run([*global_options, *rest], rest[0] if rest else "")
    if arguments is None:
        # The process ends, and with it all it holds: looking through that once more would take a tenth of a second.
        gc.freeze()
    sys.exit(code)


def _language(global_options: Sequence[str]) -> str:
    """The last language asked for that we speak: a wrong one is refused in the language it was asked in."""
    wanted = [os.environ.get("KLIMATVAXLING_LANGUAGE", "")]
    for position, argument in enumerate(global_options):
        if argument.startswith("--language="):
            wanted.append(argument.partition("=")[2])
        elif argument == "--language" and position + 1 < len(global_options):
            wanted.append(global_options[position + 1])
    return next((name for name in reversed(wanted) if name in language.LANGUAGES), language.DEFAULT_LANGUAGE)


def _require_text(arguments: Sequence[str]) -> None:
    for argument in arguments:
        if any("\ud800" <= letter <= "\udfff" for letter in argument):
            raise NotText(value=argument.encode(errors="replace").decode())
        if any(unicodedata.category(letter) == "Cc" and letter not in "\n\t" for letter in argument):
            shown = "".join("?" if unicodedata.category(letter) == "Cc" else letter for letter in argument)
            raise ControlCharacter(value=shown)


def _called() -> str:
    """The name the program was called by: completion is installed for it."""
    return "kv" if Path(sys.argv[0]).stem == "kv" else "klimatvaxling"


def _run(arguments: list[str], first_word: str) -> int:
    # The command-line library reads its own texts when it is imported: after the language is known.
    from typer.exceptions import Abort, TyperException

    from klimatvaxling.terminal import faults
    from klimatvaxling.terminal.again import again_if_asked
    from klimatvaxling.terminal.app import command

    try:
        _require_text(arguments)
        outcome = again_if_asked(
            lambda: command(first_word).main(args=arguments, prog_name=_called(), standalone_mode=False)
        )
        # The command-line library turns an interruption into a code, and says nothing.
        return faults.show_interrupted() if outcome == faults.INTERRUPTED else int(outcome or 0)
    except TyperException as fault:
        return faults.show_usage_fault(fault)
    except ExchangeError as fault:
        return faults.show(fault)
    except (KeyboardInterrupt, Abort):
        return faults.show_interrupted()
    except (BrokenPipeError, SystemExit) as fault:
        # The command-line library turns a broken pipe into an exit of its own.
        if isinstance(fault, SystemExit) and not isinstance(fault.__context__, BrokenPipeError):
            raise
        # The reader of our output has gone away, as `| head` does: nothing is wrong.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as fault:  # the last guard: no traceback reaches a user
        return faults.show_unexpected(fault)
