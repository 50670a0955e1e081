"""Shell completion: what an option or an argument takes, out of the books that the line speaks of.

Whoever presses the key is typing: what cannot be had at once is not offered, and no fault is ever told.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from klimatvaxling.database.location import database_url

MOST_OFFERED = 200
# A value that every shell takes as it is, and what some shells would carry out in the words beside it.
_SAFE = re.compile(r"[\w./:-]+")
_UNSAFE = re.compile(r"[\\$`\"'\x00-\x1f\x7f]+")
_CHOICES = re.compile(r"[a-z]+(\|[a-z]+)+")


@dataclass(frozen=True)
class Offer:
    """A word that would fit, with a few words about it for the shells that show them."""

    value: str
    help: str | None = None
    type: str = "plain"


# What fits, given the address of the books and what is typed so far.
Finder = Callable[[str, str], Iterable[tuple[object, object]]]

_UNITS = "SELECT u.code, v.name FROM unit u JOIN unit_version v ON v.unit_id = u.id ORDER BY u.code, v.id"
_BATCHES = "SELECT id, file_name FROM batch ORDER BY id DESC"
_BATCHES_TO_UNDO = (
    "SELECT id, file_name FROM batch WHERE undoes_id IS NULL AND id NOT IN"
    " (SELECT undoes_id FROM batch WHERE undoes_id IS NOT NULL) ORDER BY id DESC"
)
_VOUCHERS = "SELECT code, description FROM voucher WHERE code LIKE :begun ORDER BY id DESC"
_VOUCHERS_TO_REVERSE = (
    "SELECT code, description FROM voucher WHERE code LIKE :begun AND event IN ('measure', 'sweep', 'appropriation',"
    " 'appropriation_returned') AND id NOT IN (SELECT corrects_id FROM voucher WHERE corrects_id IS NOT NULL)"
    " ORDER BY id DESC"
)
_WAITING_ROWS = (
    "SELECT q.id, b.file_name FROM quarantine q JOIN batch b ON b.id = q.batch_id"
    " WHERE q.id NOT IN (SELECT quarantine_id FROM quarantine_outcome)"
    " AND q.id NOT IN (SELECT quarantine_id FROM quarantine_correction) ORDER BY q.id"
)
_GRANTS = (
    "SELECT a.id, a.title, (SELECT s.state FROM grant_step s WHERE s.application_id = a.id"
    " ORDER BY s.number DESC LIMIT 1) AS state FROM application a ORDER BY a.id DESC"
)
_ROUNDS = (
    "SELECT name, opens_on FROM application_round WHERE id NOT IN (SELECT round_id FROM application_round_closing)"
    " ORDER BY id DESC"
)
_HANDOVERS = "SELECT id, period FROM handover ORDER BY id DESC"
_SPAN = "SELECT min(booked_on), max(booked_on) FROM voucher"


def offer(command: Any, path: str = "") -> None:
    """Let every parameter of the command tree that takes something known offer it."""
    for parameter in command.params:
        find = _finder(path, parameter)
        if find is not None:
            parameter.shell_complete = partial(_offers, find)
    for name, child in getattr(command, "commands", {}).items():
        offer(child, f"{path} {name}".strip())


def _finder(path: str, parameter: Any) -> Finder | None:
    if parameter.param_type_name == "argument":
        return _ARGUMENTS.get((path, parameter.name))
    name = parameter.opts[-1]
    found = _ARGUMENTS.get((path, name)) or _OPTIONS.get(name)
    if found is None and _CHOICES.fullmatch(parameter.metavar or ""):
        return partial(_words, parameter.metavar.split("|"))
    return found


def _offers(find: Finder, context: Any, begun: str) -> list[Offer]:
    try:
        url = database_url(context.find_root().params.get("database"))
        return list(_fitting(find(url, begun), begun))
    except Exception:  # a key was pressed: an answer or none
        return []


def _fitting(found: Iterable[tuple[object, object]], begun: str) -> Iterator[Offer]:
    offered = 0
    for value, about in found:
        word = str(value)
        if word.casefold().startswith(begun.casefold()) and _SAFE.fullmatch(word):
            yield Offer(word, _UNSAFE.sub(" ", str(about)).replace("[", "(").replace("]", ")") if about else None)
            offered += 1
            if offered == MOST_OFFERED:
                return


def _asked(statement: str, url: str, begun: str) -> list[tuple[Any, ...]]:
    from sqlalchemy import text

    from klimatvaxling.database.glance import glancing

    with glancing(url) as books:
        given = {"begun": f"{begun.upper()}%"} if ":begun" in statement else {}
        return [tuple(row) for row in books.execute(text(f"{statement} LIMIT 2000"), given)]


def _rows(statement: str) -> Finder:
    return partial(_asked, statement)


def _words(words: Iterable[str], _url: str, _begun: str) -> list[tuple[object, object]]:
    return [(word, None) for word in words]


def _units(url: str, begun: str) -> list[tuple[object, object]]:
    return list(dict(_asked(_UNITS, url, begun)).items())  # the last version's name


def _grants(states: tuple[str, ...], url: str, begun: str) -> list[tuple[object, object]]:
    rows = [(key, title, state or "submitted") for key, title, state in _asked(_GRANTS, url, begun)]
    return [(key, title) for key, title, state in rows if not states or state in states]


def _sources(_url: str, _begun: str) -> list[tuple[object, object]]:
    from klimatvaxling.travel.sources import source_folders

    return [(name, None) for name in source_folders()]


def _policies(_url: str, _begun: str) -> list[tuple[object, object]]:
    from klimatvaxling.language import translate
    from klimatvaxling.policies.policy import KINDS

    return [(name, translate(kind.summary)) for name, kind in KINDS.items()]


def _focus_areas(url: str, begun: str) -> list[tuple[object, object]]:
    from klimatvaxling.policies.policy import DEFAULTS, FOCUS_AREAS
    from klimatvaxling.reports.titles import title

    decided = _asked("SELECT value, name FROM policy WHERE name = 'focus_areas' ORDER BY valid_from, id", url, begun)
    areas = str(decided[-1][0]) if decided else DEFAULTS[FOCUS_AREAS]
    return [(area, title(area)) for area in areas.split("|")]


def _states(_url: str, _begun: str) -> list[tuple[object, object]]:
    from klimatvaxling.grants.grant import STATES
    from klimatvaxling.language import translate

    return [(state, translate(heading)) for state, heading in STATES.items()]


def _months(url: str, begun: str) -> list[tuple[object, object]]:
    """From the first booking to the last, the latest first."""
    from klimatvaxling.typed import Month, month

    ((first, last),) = _asked(_SPAN, url, begun)
    at, end, found = month(first[:7]), month(last[:7]), list[Month]()
    while at <= end:
        found.append(at)
        at = at.next()
    return [(each, None) for each in reversed(found)]


def _years(url: str, begun: str) -> list[tuple[object, object]]:
    return [(year, None) for year in dict.fromkeys(str(month)[:4] for month, _ in _months(url, begun))]


def _explained(url: str, begun: str) -> list[tuple[object, object]]:
    if begun.upper().startswith("KV"):
        from klimatvaxling.terminal.commands.explain import error_codes

        return [(code, None) for code in error_codes()]
    return list(_asked(_VOUCHERS, url, begun))


_OPTIONS: Mapping[str, Finder] = {
    "--unit": _units,
    "--into": _units,
    "--source": _sources,
    "--period": _months,
    "--year": _years,
    "--focus-area": _focus_areas,
    "--state": _states,
}
# Arguments by their name in the function, and options that mean something else in one command.
_ARGUMENTS: Mapping[tuple[str, str], Finder] = {
    ("unit change", "code"): _units,
    ("unit end", "code"): _units,
    ("unit merge", "units"): _units,
    ("unit transfer", "unit"): _units,
    ("unit transfer", "--to"): _units,
    ("source show", "name"): _sources,
    ("source test", "name"): _sources,
    ("batch show", "batch"): _rows(_BATCHES),
    ("batch undo", "batch"): _rows(_BATCHES_TO_UNDO),
    ("quarantine dismiss", "quarantine"): _rows(_WAITING_ROWS),
    ("voucher show", "code"): _rows(_VOUCHERS),
    ("voucher reverse", "voucher"): _rows(_VOUCHERS_TO_REVERSE),
    ("explain", "what"): _explained,
    ("policy set", "name"): _policies,
    ("policy history", "name"): _policies,
    ("grant approve", "grant"): partial(_grants, ("submitted",)),
    ("grant reject", "grant"): partial(_grants, ("submitted",)),
    ("grant score", "grant"): partial(_grants, ("submitted",)),
    ("grant withdraw", "grant"): partial(_grants, ("submitted", "approved")),
    ("grant pay", "grant"): partial(_grants, ("approved", "paying")),
    ("grant report", "grant"): partial(_grants, ("approved", "paying")),
    ("grant show", "grant"): partial(_grants, ()),
    ("grant round close", "name"): _rows(_ROUNDS),
    ("handover again", "handover"): _rows(_HANDOVERS),
    ("period close", "month"): _months,
    ("period reopen", "month"): _months,
}
