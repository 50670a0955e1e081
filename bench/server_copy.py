"""Storing a month on PostgreSQL, against a COPY of the same rows into a plain table with the same unique index.

The server is the one of the tests (tests/server.py), here with its writes synced to disk as a real one's are.
"""

import sys
import time
from itertools import chain
from pathlib import Path

from figure import Figure, figure_of, run

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

_FIELDS = (
    "source_id", "revision", "trip_id", "charge_id", "row", "trip_on", "tier", "quantity", "factor_id", "co2_g",
    "co2_under_500_km_g", "cost_centre", "project",
)  # fmt: skip
_AT_ONCE = 500


def figures(rounds: int, rows: int = 100_000) -> list[Figure]:
    """Seconds to store a month of trips, and what the same rows take by COPY: at least half as many a second."""
    from klimatvaxling.database.bulk import Arrivals
    from klimatvaxling.database.engine import writing
    from server import KEEPER, server

    month = [
        (1, 0, f"T{number:08d}", 1, number, "2025-03-07", 3, "12.5", 7, number % 99_999, None, "0010", "")
        for number in range(rows)
    ]
    running = server()
    with running.connect() as connection:
        for setting in ("fsync = on", "synchronous_commit = on", "full_page_writes = on"):
            connection.execute(f"ALTER SYSTEM SET {setting}")
        connection.execute("SELECT pg_reload_conf()")
    database = running.create()
    url = running.url(database)
    run(sys.executable, "-m", "klimatvaxling", "--database", url, "init", "--organisation", "Exempelstad")
    with running.connect(database, KEEPER) as connection:
        connection.execute("CREATE TABLE plain (LIKE trip INCLUDING INDEXES)")

    def copied() -> float:
        with running.connect(database, KEEPER) as connection:
            connection.execute("BEGIN")
            started = time.perf_counter()
            with connection.cursor().copy(f"COPY plain (id, {', '.join(_FIELDS)}) FROM STDIN") as copy:
                for number, row in enumerate(month, start=1):
                    copy.write_row((number, *row))
            elapsed = time.perf_counter() - started
            connection.execute("ROLLBACK")
            return elapsed

    def stored() -> float:
        # Rolled back, as above: each round begins with an empty table.
        with writing(url, dry_run=True) as connection:
            started = time.perf_counter()
            arrivals = Arrivals(connection, "trip", _FIELDS, 1)
            for part in _parts(month):
                arrivals.add(len(part), tuple(chain.from_iterable(part)))
            arrivals.settle()
            return time.perf_counter() - started

    found = []
    for _ in range(max(rounds, 5)):
        floor = copied()
        seconds = stored()
        found.append((seconds / floor, seconds, floor))
    running.drop(database)
    return [figure_of(f"{rows:,} trips stored on a server, by COPY", "s", found, 2.0)]


def _parts(month: list[tuple[object, ...]]) -> list[list[tuple[object, ...]]]:
    return [month[start : start + _AT_ONCE] for start in range(0, len(month), _AT_ONCE)]
