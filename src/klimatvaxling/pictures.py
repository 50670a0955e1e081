"""Pictures made of text: bars and sparklines, whole without colour and in any width."""

from collections.abc import Sequence

_EIGHTHS = " ▏▎▍▌▋▊▉"
_LEVELS = "▁▂▃▄▅▆▇█"
_NOTHING = "·"
MARK = "│"


def bar(value: int, most: int, width: int, mark: int | None = None) -> str:
    """`value` as a bar of at most `width` cells, where `most` fills it; a value below zero is drawn with `▒`.

    `mark` is another value on the same scale, shown as a stroke: what the bar is compared with. It is not drawn unless it
    is above zero.
    """
    if most <= 0 or width <= 0:
        return ""
    eighths = min(abs(value), most) * width * 8 // most
    if value and not eighths:
        eighths = 1
    full, rest = divmod(eighths, 8)
    drawn = "▒" * max(1, full) if value < 0 else "█" * full + (_EIGHTHS[rest] if rest else "")
    if mark is None or mark <= 0:
        return drawn
    at = min(mark * width // most, width - 1)
    cells = list(drawn.ljust(at + 1))
    cells[at] = MARK
    return "".join(cells)


def sparkline(values: Sequence[int | None]) -> str:
    """A letter for each value, its height between zero and the largest; `·` where there is none, or nothing."""
    most = max((value for value in values if value is not None), default=0)
    return "".join(_NOTHING if value is None or value <= 0 else _LEVELS[_level(value, most)] for value in values)


def _level(value: int, most: int) -> int:
    return (value * len(_LEVELS) - 1) // most
