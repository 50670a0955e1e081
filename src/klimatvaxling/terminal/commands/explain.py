"""`explain`: from any figure to its evidence, and what an error code means."""

import importlib
import json
import pkgutil
import re
from typing import Annotated

import typer

import klimatvaxling
from klimatvaxling.errors import ExchangeError, InputRefused
from klimatvaxling.language import N_, translate
from klimatvaxling.terminal import options
from klimatvaxling.terminal.show import present
from klimatvaxling.terminal.surroundings import Surroundings, output_format

_VOUCHER = re.compile(r"[A-Z][0-9]{4}-[0-9]+", re.IGNORECASE)
# The facts of a single case, which an explanation in general does not have.
_BLANK = re.compile(r"\{\w+\}")
_ALL_DAYS = "9999-12-31"


class NothingToExplain(InputRefused):
    """Not something that can be explained."""

    code = "KV-EXPLAIN"
    message = N_("There is nothing to explain about “{value}”.")
    remedy = N_(
        "Give a voucher such as A2025-17, a trip as trip:SOURCE/TRIP_ID, a unit as unit:CODE, or an error code such as"
        " KV-UNIT-UNKNOWN."
    )


def explain(
    context: typer.Context,
    what: Annotated[
        str,
        typer.Argument(metavar="WHAT", help=N_("A voucher, trip:SOURCE/TRIP_ID, unit:CODE, or an error code KV-….")),
    ],
    as_of: options.AsOf = None,
    known_at: options.KnownAt = None,
    output: options.Format = "table",
) -> None:
    """Explain a voucher, a trip, a unit's own funds or an error code."""
    around: Surroundings = context.obj
    output_format(output)
    wanted = what.strip()
    kind, _, rest = wanted.partition(":")
    day = around.day(as_of)
    until = day.isoformat() if as_of is not None else _ALL_DAYS
    known = around.known_at(known_at)
    if _VOUCHER.fullmatch(wanted):
        from klimatvaxling.reports.evidence import SHOWN_TRIPS
        from klimatvaxling.reports.explain_voucher import explain_voucher

        most = SHOWN_TRIPS if output == "table" else None
        present(around, output, lambda books: explain_voucher(books, wanted, until, known, most_trips=most))
    elif kind.casefold() == "trip" and "/" in rest:
        from klimatvaxling.reports.explain_trip import explain_trip

        source, _, trip_id = rest.partition("/")
        present(around, output, lambda books: explain_trip(books, source, trip_id, until, known))
    elif kind.casefold() == "unit" and rest:
        from klimatvaxling.reports.explain_unit import explain_unit

        present(around, output, lambda books: explain_unit(books, rest, day, known))
    else:
        _explain_error(wanted, output)


def error_codes() -> list[str]:
    """Every code of an error."""
    # An error is known once the room it lives in is.
    for room in pkgutil.walk_packages(klimatvaxling.__path__, "klimatvaxling."):
        if not room.name.startswith(("klimatvaxling.terminal", "klimatvaxling.__main__", "klimatvaxling._shipped")):
            importlib.import_module(room.name)
    return sorted(ExchangeError.by_code)


def _explain_error(code: str, output: str) -> None:
    error_codes()
    error = ExchangeError.by_code.get(code.upper())
    if error is None:
        raise NothingToExplain(value=code)
    texts = [_BLANK.sub("…", translate(text)) for text in (error.message, error.remedy, error.explanation)]
    if output == "json":
        print(
            json.dumps(
                {"code": error.code, "message": texts[0], "remedy": texts[1], "explanation": texts[2]},
                ensure_ascii=False,
            )
        )
        return
    print("\n".join([error.code, *(text for text in texts if text)]))


COMMANDS = (
    (
        "explain",
        N_("Explain a voucher, trip or unit down to the supplier's rows, or an error code. Posts nothing."),
        "explain A2025-17",
        explain,
    ),
)
