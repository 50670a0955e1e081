"""Fuzzing of what is typed: a mutating loop with a seed and a time limit, no more than Python is needed.

    python tests/fuzz.py --seconds 300 --seed 7

Every case runs the command line in this process against a copy of filled books, dry where a command posts. A case that is
not answered in words, that changes the books or that takes too long is kept in tests/corpus, and the loop ends with exit
code 1. Where atheris is installed, `--atheris` lets it choose the cases by the code they reach.
"""

import argparse
import functools
import hashlib
import json
import os
import random
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
if __name__ == "__main__" and "--atheris" in sys.argv:
    import importlib
    import pkgutil

    import atheris

    # It has to see the program being imported to know which code a case reaches.
    with atheris.instrument_imports(include=["klimatvaxling"]):
        import klimatvaxling

        for module in pkgutil.walk_packages(klimatvaxling.__path__, "klimatvaxling."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)

from conftest import UNITS, Books, Outcome, run, trip

CORPUS = Path(__file__).parent / "corpus"
# A value of each kind where it is typed; what would post is only tried.
TEMPLATES = (
    "measure add --unit SBF --amount § --title Cykel --booked-on 2025-04-02 --dry-run",
    "measure add --unit SBF --amount 1 --title § --booked-on 2025-04-02 --dry-run",
    "measure add --unit § --amount 1 --title Cykel --dry-run",
    "measure add --unit SBF --amount 1 --title x --booked-on § --dry-run",
    "measure add --unit SBF --amount 1 --title x --focus-area § --dry-run",
    "measure add --unit SBF --amount 1 --title x --co2-reduction-kg § --dry-run",
    "balance --as-of §", "balance --known-at §", "balance --unit §", "balance --format §", "journal --period §",
    "journal --year §", "statement --unit § --year 2025", "expiring --within §", "voucher show §", "explain §",
    "explain trip:§", "explain unit:§", "explain KV-§", "batch show §", "check --head §", "sweep --as-of § --dry-run",
    "period close § --dry-run", "policy set rate § --decision KF --dry-run", "policy set § 1 --decision KF --dry-run",
    "policy set grant_criteria § --decision KF --dry-run", "policy set focus_areas § --decision KF --dry-run",
    "policy set rate 2 --decision KF --from § --dry-run",
    "unit add § --name N --kind administration --dry-run", "unit add N --name § --kind administration --dry-run",
    "unit add N --name N --kind § --dry-run", "unit add N --name N --kind company --org-number § --dry-run",
    "unit add N --name N --kind administration --cost-centre § --dry-run",
    "unit add N --name N --kind administration --counterpart § --dry-run",
    "grant show §", "grant approve § --amount 1 --decision KF --dry-run", "grant score 1 §  --dry-run",
    "grant apply --unit SBF --title T --amount § --total-cost § --co2-reduction-kg § --lifetime-years § --dry-run",
    "report year --year §", "report trend --years §", "audit log --year §", "completeness --year §",
    "import § --source standard --dry-run", "import nothing.csv --source § --dry-run",
    "source show §", "source test § nothing.csv", "quarantine dismiss § --reason x --dry-run",
    "fund appropriate --amount § --decision KF --dry-run", "opening load § --booked-on 2025-01-01 --decision KF --dry-run",
    "export archive --year § --output /nonexistent/§", "coding show --as-of §", "handover again § --to /nonexistent",
    "--language § balance", "--database § balance",
)  # fmt: skip
SECONDS_A_CASE = 10
ODD = "\u00a0\u202f\u2212\u2028\ufeff²½٣😀\x00\x1b{}%§'\"\\;:,.-/ 09åÅKV"


def words_of(template: str, value: str) -> list[str]:
    """A template's words with the value in place of §."""
    return [word.replace("§", value) for word in template.split()]


@functools.cache
def commands() -> tuple[str, ...]:
    """Every word and option the command line knows that does not write."""
    from klimatvaxling.terminal.app import command

    found: set[str] = set()

    def walk(item: Any) -> None:
        for parameter in item.params:
            found.update(option for option in getattr(parameter, "opts", []) if option.startswith("--"))
        for name, child in getattr(item, "commands", {}).items():
            found.add(name)
            walk(child)

    walk(command())
    # What would write beside the books, or into the shell's own files, is tried by tests of its own.
    return tuple(
        sorted(
            found - {"--install-completion", "--show-completion", "init", "backup", "restore", "run", "new", "again"}
        )
    )


def answered(words: Sequence[str], books: Books) -> Outcome:
    """Run it, on a copy of a file. Raises AssertionError where it is not answered as promised."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        url = books.url
        if not books.on_server:
            url = f"sqlite:///{shutil.copy(books.file, Path(folder) / 'books.db')}"
        given = list(words) if "--database" in words else ["--database", url, *words]
        outcome = run(*given)
    assert outcome.code in (0, 2, 3, 4), f"{words!r}: {outcome}"
    if outcome.code and not (outcome.code == 2 and not outcome.err and outcome.out):  # a group alone shows its help
        assert re.search(r"^KV-[A-Z0-9-]+: ", outcome.err, re.MULTILINE), f"{words!r}: {outcome}"
    assert time.monotonic() - began < SECONDS_A_CASE, f"{words!r} takes too long"
    return outcome


def keep(words: Sequence[str], corpus: Path) -> Path:
    """Put a case into the corpus, under a name that follows from it."""
    content = json.dumps(list(words), ensure_ascii=True, indent=1) + "\n"
    path = corpus / f"{hashlib.sha256(content.encode()).hexdigest()[:12]}.json"
    path.write_text(content, encoding="utf-8")
    return path


def mutated(value: str, chance: random.Random) -> str:
    """A value somewhat different from the one given."""
    letters = list(value)
    for _ in range(chance.randint(1, 4)):
        place = chance.randint(0, len(letters))
        kind = chance.randrange(4)
        if kind == 0:
            letters.insert(place, chance.choice(ODD))
        elif kind == 1 and letters:
            del letters[min(place, len(letters) - 1)]
        elif kind == 2 and letters:
            letters[min(place, len(letters) - 1)] = chr(
                chance.choice((chance.randrange(0x20, 0x250), chance.randrange(0x11000)))
            )
        else:
            letters[place:place] = letters[: chance.randint(0, 20)]
    # A surrogate alone is no text that could be typed; the program's answer to it has a test of its own.
    return "".join(letter for letter in letters if not "\ud800" <= letter <= "\udfff")[:300]


SEEDS = ("1 234,50", "2025-03-07", "2025-03", "2025", "2025-03-07T10:00:00Z", "SBF", "A2025-1", "1", "0", "rate",
         "KV-AMOUNT", "climate_benefit=7", "556016-0680", "12*", "sqlite:///x.db",
         "postgresql+psycopg://a:b@127.0.0.1:1/d", "travel|energy")  # fmt: skip


def case(chance: random.Random) -> list[str]:
    if chance.random() < 0.15:
        words = (chance.choice((chance.choice(commands()), mutated(chance.choice(SEEDS), chance))) for _ in range(6))
        return list(words)[: chance.randint(1, 6)]
    value = chance.choice(SEEDS)
    for _ in range(chance.randint(0, 3)):
        value = mutated(value, chance)
    return words_of(chance.choice(TEMPLATES), value)


def filled(folder: Path) -> Books:
    """Books with units, trips and an application."""
    books = Books(folder, folder / "filled.db")
    (folder / "units.csv").write_text(UNITS, encoding="utf-8")
    for arguments in (["init", "--organisation", "Exempelstad"], ["unit", "load", str(folder / "units.csv")]):
        assert books(*arguments).code == 0
    books.take(trip("a", date="2025-01-10"), trip("b", unit="ELN"))
    assert books("fund", "appropriate", "--amount", "10", "--decision", "KF").code == 0
    return books


def _try(words: Sequence[str], books: Books) -> bool:
    try:
        answered(words, books)
    except AssertionError as fault:
        print(f"{keep(words, CORPUS)}: {fault}", file=sys.stderr)
        return False
    return True


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--atheris", action="store_true")
    options = parser.parse_args()
    os.environ["PGCONNECT_TIMEOUT"] = "2"
    with tempfile.TemporaryDirectory() as folder:
        books = filled(Path(folder))
        if options.atheris:
            import atheris

            def one(content: bytes) -> None:
                data = atheris.FuzzedDataProvider(content)
                template = TEMPLATES[data.ConsumeIntInRange(0, len(TEMPLATES) - 1)]
                value = data.ConsumeUnicodeNoSurrogates(60)
                if not _try(words_of(template, value), books):
                    raise AssertionError(template)

            atheris.Setup(
                [sys.argv[0], f"-max_total_time={options.seconds:.0f}", f"-seed={options.seed}", "-len_control=0"], one
            )
            atheris.Fuzz()
        chance, tried, failed, until = random.Random(options.seed), 0, 0, time.monotonic() + options.seconds
        while time.monotonic() < until:
            tried, failed = tried + 1, failed + (not _try(case(chance), books))
    print(f"seed {options.seed}: {tried} cases, {failed} not answered as promised")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
