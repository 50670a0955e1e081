"""The balance of the same books by plain-text ledgers that are installed, each reading what `export journal` wrote.

The books are those of lots.py: 300 units with 60 months of lots, 24,000 vouchers. A ledger that is not installed has no
line.
"""

import shutil
import tempfile
from pathlib import Path

from figure import PROGRAM, Figure, figure_of, run
from lots import books_with_lots

# The program's name, the syntax it reads, the words that make it work out every balance once, and the
# most that ours may take beside it.
LEDGERS = (
    ("hledger", "hledger", ("-f", "{journal}", "balance"), 1.0),
    # A C++ program of 0.4 s; ours has loaded its libraries by then.
    ("ledger", "hledger", ("-f", "{journal}", "balance"), 2.0),
    ("bean-check", "beancount", ("--no-cache", "{journal}"), 1.0),
)


def figures(rounds: int) -> list[Figure]:
    """Our `balance` against each ledger's over the same books, whole processes in turn; the median ratio."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        books_with_lots(folder)
        books, found = folder / "books.db", []
        for ledger, syntax, words, target in LEDGERS:
            if shutil.which(ledger) is None:
                continue
            journal = folder / f"books.{syntax}"
            if not journal.exists():
                run(*PROGRAM, "export", "journal", "--syntax", syntax, "--output", str(journal), database=books)
            taken = []
            for _ in range(rounds):
                floor, _ = run(ledger, *(word.format(journal=journal) for word in words))
                seconds, _ = run(*PROGRAM, "balance", database=books)
                taken.append((seconds / floor, seconds, floor))
            found.append(figure_of(f"balance of 24,000 vouchers, against {ledger}", "s", taken, target))
        return found


if __name__ == "__main__":
    for each in figures(3):
        print(f"{each.name:50}{each.value:8.2f}{each.floor:8.2f}{each.ratio:8.2f}")
