"""Speed and memory, each as a ratio against a floor measured in the same run (`make bench`)."""

import argparse
import json
from dataclasses import asdict

from ledgers import figures as beside_ledgers
from lots import figures as over_lots
from months import figures as beside_many
from server_copy import figures as on_a_server
from suppliers import figures as of_suppliers
from trips import figures as over_trips
from workbook import figure as workbook
from xlsx import figures as of_xlsx


def main() -> None:
    """Print a table, or JSON with --json; exit 1 with --strict when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--full", action="store_true", help="five million trips where one is enough for a look")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--strict", action="store_true")
    given = parser.parse_args()
    figures = [
        *over_trips(given.rows, given.rounds),
        *of_suppliers(given.rounds),
        *of_xlsx(given.rounds),
        *beside_many(given.rounds, 5_000_000 if given.full else 1_000_000),
        *over_lots(given.rounds),
        *beside_ledgers(given.rounds),
        *on_a_server(given.rounds),
        workbook(given.rounds),
    ]
    if given.json:
        print(json.dumps([asdict(figure) | {"ok": figure.ok} for figure in figures], indent=2))
    else:
        print(f"{'what':48}{'measured':>12}{'floor':>12}{'ratio':>8}{'target':>8}")
        for figure in figures:
            verdict = "" if figure.ok else "  MISSED"
            sizes = "".join(f"{size:>9.2f} {figure.unit:2}" for size in (figure.value, figure.floor))
            print(f"{figure.name:48}{sizes}{figure.ratio:>8.2f}{figure.target:>8.2f}{verdict}")
    if given.strict and not all(figure.ok for figure in figures):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
