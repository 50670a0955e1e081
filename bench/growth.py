"""How the import and the reports grow with the trips: 10 thousand, 100 thousand, 1 million and 5 million (`make growth`).

Prints each figure beside its floor, and draws both: seconds over trips, each axis by powers of ten.
"""

import argparse
import math
from pathlib import Path
from xml.sax.saxutils import escape

from figure import Figure
from months import figures as beside_many
from trips import figures as over_trips

SIZES = (10_000, 100_000, 1_000_000, 5_000_000)
_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 760, 440, 60, 190, 40, 50
_SECONDS = (0.01, 0.1, 1.0, 10.0, 100.0)
_COLOURS = ("#005f73", "#bb3e03", "#5f0f40", "#386641")
# Of each size: the import, then after its memory the reports, then the month beside so many trips.
_DRAWN = {"import": 0, "balance": 2, "statement": 3, "10,000 more rows": 4}


def figures(size: int, rounds: int) -> list[Figure]:
    """What is measured at one size."""
    return [*over_trips(size, rounds), beside_many(rounds, size)[0]]


def picture(found: dict[int, list[Figure]]) -> str:
    """The figures as SVG: whole lines are ours, broken ones the floors."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif" font-size="13">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>',
        f'<text x="{_LEFT}" y="22">Seconds over trips; broken lines: the floor of the same run</text>',
    ]
    for seconds in _SECONDS:
        y = _y(seconds)
        parts.append(f'<path d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}" stroke="#ddd"/>')
        parts.append(f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{seconds:g} s</text>')
    for size in found:
        x = _x(size)
        parts.append(f'<path d="M{x:.1f} {_TOP}V{_HEIGHT - _BOTTOM}" stroke="#ddd"/>')
        parts.append(f'<text x="{x:.1f}" y="{_HEIGHT - _BOTTOM + 20}" text-anchor="middle">{size:,}</text>')
    ends: list[float] = []
    for (name, place), colour in zip(_DRAWN.items(), _COLOURS, strict=True):
        drawn = {size: each[place] for size, each in found.items()}
        for dash, values in (
            ("", {k: f.value for k, f in drawn.items()}),
            ("5 4", {k: f.floor for k, f in drawn.items()}),
        ):
            line = "L".join(f"{_x(size):.1f} {_y(value):.1f}" for size, value in values.items())
            parts.append(
                f'<path d="M{line}" fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dash}"/>'
            )
        y = _free(_y(list(drawn.values())[-1].value), ends)
        parts.append(f'<text x="{_WIDTH - _RIGHT + 12}" y="{y + 4:.1f}" fill="{colour}">{escape(name)}</text>')
    return "\n".join([*parts, "</svg>", ""])


def _x(size: int) -> float:
    first, last = math.log10(SIZES[0]), math.log10(SIZES[-1])
    return _LEFT + 30 + (math.log10(size) - first) / (last - first) * (_WIDTH - _LEFT - _RIGHT - 60)


def _y(seconds: float) -> float:
    first, last = math.log10(_SECONDS[0]), math.log10(_SECONDS[-1])
    return _HEIGHT - _BOTTOM - (math.log10(seconds) - first) / (last - first) * (_HEIGHT - _TOP - _BOTTOM)


def _free(y: float, taken: list[float]) -> float:
    """A place for a line's name that no other name has."""
    while any(abs(y - other) < 16 for other in taken):
        y += 4
    taken.append(y)
    return y


def main() -> None:
    """Print every figure of every size; with --picture draw them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--picture", type=Path)
    given = parser.parse_args()
    found = {}
    for size in SIZES:
        found[size] = figures(size, given.rounds)
        for each in found[size]:
            print(f"{each.name:50}{each.value:9.2f} {each.unit:2}{each.floor:9.2f}{each.ratio:8.2f}", flush=True)
    if given.picture is not None:
        given.picture.write_text(picture(found), encoding="utf-8")


if __name__ == "__main__":
    main()
