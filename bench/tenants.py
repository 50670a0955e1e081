"""Many municipalities on one server: a database each, and a month's import into several of them at a time.

    python bench/tenants.py --databases 20 --at-once 4 --rows 20000

The server is the one of the tests (tests/server.py), here on disk and with its writes synced. What is waited for is asked of
the server itself while the imports run. The figures in docs/scaling.md come from here.
"""

import argparse
import collections
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))

UNITS = "code;name;kind;org_number;cost_centres;counterpart\n" + "".join(
    f"U{number:02d};Förvaltning {number};administration;;1{number:02d}*;1{number:02d}\n" for number in range(30)
)
_SETTINGS = ("fsync = on", "synchronous_commit = on", "full_page_writes = on", "max_wal_size = '1GB'")
_WAITING = (
    "SELECT coalesce(wait_event_type || ':' || wait_event, 'working') FROM pg_stat_activity"
    " WHERE application_name = 'klimatvaxling' AND state = 'active'"
)
PAUSE_S = 0.05


def program(url: str, *arguments: object) -> dict[str, object]:
    """The program in a process of its own; gives its JSON."""
    command = [sys.executable, "-m", "klimatvaxling", "--database", url, *map(str, arguments)]
    ran = subprocess.run(command, capture_output=True, encoding="utf-8", check=False, env=os.environ)
    if ran.returncode:
        raise SystemExit(ran.stderr)
    return dict(json.loads(ran.stdout)) if ran.stdout.startswith("{") else {}


def month(folder: Path, rows: int) -> Path:
    """A month of trips of thirty units, with what is driven in kilometres."""
    file = folder / "month.csv"
    lines = (
        f"T{number:07d};2025-03-{number % 28 + 1:02d};U{number % 30:02d};own_car;petrol;{number % 97 + 1},5"
        for number in range(rows)
    )
    file.write_text("trip_id;date;unit;category;fuel;distance_km\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return file


class Watch:
    """Asks the server, again and again, what its writers are doing."""

    def __init__(self, connection: object) -> None:
        self.seen: collections.Counter[str] = collections.Counter()
        self._connection, self._over = connection, threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(PAUSE_S):
            self.seen.update(name for (name,) in self._connection.execute(_WAITING))  # type: ignore[attr-defined]


def main() -> None:
    """Print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--databases", type=int, default=20)
    parser.add_argument("--at-once", type=int, default=4)
    parser.add_argument("--rows", type=int, default=20_000)
    options = parser.parse_args()
    import server as of_tests

    of_tests.in_memory = lambda: None  # on disk
    running = of_tests.server()
    with running.connect() as connection, tempfile.TemporaryDirectory() as name:
        for setting in _SETTINGS:
            connection.execute(f"ALTER SYSTEM SET {setting}")
        connection.execute("SELECT pg_reload_conf()")
        folder = Path(name)
        (folder / "units.csv").write_text(UNITS, encoding="utf-8")
        file = month(folder, options.rows)
        urls = [running.url(running.create()) for _ in range(options.databases)]
        for url in urls:
            program(url, "init", "--organisation", "Exempelstad")
            program(url, "unit", "load", folder / "units.csv")

        def imported(url: str) -> float:
            began = time.perf_counter()
            result = program(url, "import", file, "--source", "standard", "--format", "json")
            assert result["rows_posted"] == options.rows, result
            return time.perf_counter() - began

        alone, together = urls[: options.at_once], urls[options.at_once :]
        one = statistics.median(map(imported, alone))
        began = time.perf_counter()
        with Watch(connection) as watch, ThreadPoolExecutor(options.at_once) as workers:
            each = list(workers.map(imported, together))
        total = time.perf_counter() - began
        for url in urls:
            program(url, "check")
    trips = options.rows * len(together)
    print(f"one at a time: {one:.1f} s a month of {options.rows:,} trips, {options.rows / one:,.0f} trips/s")
    usual = statistics.median(each)
    print(
        f"{options.at_once} at a time, {len(together)} databases: {total:.1f} s, {trips / total:,.0f} trips/s in all;"
        f" each {usual:.1f} s ({min(each):.1f}–{max(each):.1f}), {options.rows / usual:,.0f} trips/s"
    )
    looks = sum(watch.seen.values())
    print(f"what the server's processes did, of {looks} looks: {dict(watch.seen.most_common())}")


if __name__ == "__main__":
    main()
