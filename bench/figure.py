"""What every measurement shares: a figure beside its floor, whole processes, and made-up trips."""

import datetime
import os
import random
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PROGRAM = (sys.executable, "-m", "klimatvaxling")
UNITS = 60
_KINDS = (
    ("own_car", "petrol"),
    ("own_car", "diesel"),
    ("pool_car", "electric"),
    ("pool_car", "petrol"),
    ("taxi", "unknown"),
)
_ROUTES = ("GOT-ARN-GOT", "ARN-LLA", "GOT-CPH-JFK", "BMA-MMX-BMA")
HEADER = "trip_id;date;unit;category;fuel;distance_km;fuel_quantity;route;co2_fossil_kg;cost_centre;project;note"


@dataclass(frozen=True)
class Figure:
    """A measured ratio and the most it may be."""

    name: str
    value: float
    unit: str
    floor: float
    ratio: float
    target: float

    @property
    def ok(self) -> bool:
        """Whether the target is met."""
        return self.ratio <= self.target


def write_trips(path: Path, rows: int) -> None:
    """A year of made-up trips of `UNITS` units, the same at every run."""
    draw = random.Random(2013)  # noqa: S311 - made-up data
    first = datetime.date(2025, 1, 1)
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(HEADER + "\r\n")
        for number in range(rows):
            day, unit = first + datetime.timedelta(days=draw.randrange(365)), draw.randrange(UNITS)
            distance = quantity = route = stated = ""
            category, fuel = draw.choice(_KINDS)
            draw_of_ten = draw.randrange(10)
            if draw_of_ten == 0:
                category, fuel, route = "flight", "", draw.choice(_ROUTES)
            elif draw_of_ten == 1:
                category, fuel, stated = "flight", "", _comma(draw.randrange(50, 3000))
            elif draw_of_ten in (2, 3) and fuel != "unknown":
                quantity = _comma(draw.randrange(10, 600))
            else:
                distance = _comma(draw.randrange(10, 4000))
            cells = (
                f"T{number:08d}",
                day,
                f"E{unit:03d}",
                category,
                fuel,
                distance,
                quantity,
                route,
                stated,
                f"{unit:03d}{number % 7}",
                "",
                "",
            )
            file.write(";".join(map(str, cells)) + "\r\n")


def _comma(tenths: int) -> str:
    return f"{tenths // 10},{tenths % 10}"


def run(
    *command: str, database: Path | None = None, environment: Mapping[str, str] | None = None
) -> tuple[float, float]:
    """Wall seconds and peak memory in MB of a whole process; it must succeed."""
    environment = {**os.environ, "KLIMATVAXLING_LANGUAGE": "en", **(environment or {})}
    # An installed program is compiled; so is this one after its first run, unless the environment forbids it.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    if database is not None:
        environment["KLIMATVAXLING_DATABASE_URL"] = f"sqlite:///{database}"
    started = time.perf_counter()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    _, status, usage = os.wait4(process.pid, 0)
    elapsed = time.perf_counter() - started
    if status:
        raise SystemExit(f"{' '.join(command)}: {process.stderr.read().decode() if process.stderr else status}")
    if process.stderr:
        process.stderr.close()
    process.returncode = 0
    return elapsed, usage.ru_maxrss / 1024


def figure_of(name: str, unit: str, rounds: list[tuple[float, float, float]], target: float) -> Figure:
    """Of several rounds (ratio, measured, floor) the one with the median ratio."""
    ratio, value, floor = sorted(rounds)[len(rounds) // 2]
    return Figure(name, value, unit, floor, ratio, target)
