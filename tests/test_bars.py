"""Bars and sparklines: a figure drawn with letters keeps its width, and never hides that there is something."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from klimatvaxling import pictures


@given(st.integers(-(10**12), 10**12), st.integers(1, 10**12), st.integers(1, 60), st.none() | st.integers(0, 10**12))
def test_a_bar_keeps_its_width_and_shows_that_there_is_something(
    value: int, most: int, width: int, mark: int | None
) -> None:
    drawn = pictures.bar(value, most, width, mark)
    assert len(drawn) <= max(width, 1)
    assert bool(drawn.strip(" │")) or value == 0 or width == 1 or mark
    assert (pictures.MARK in drawn) == bool(mark)


@pytest.mark.parametrize(
    ("value", "most", "width", "drawn"),
    [
        (50, 100, 10, "█████"),
        (100, 100, 10, "██████████"),
        (900, 100, 10, "██████████"),
        (-50, 100, 10, "▒▒▒▒▒"),
        (-900, 100, 10, "▒▒▒▒▒▒▒▒▒▒"),
        (0, 100, 10, ""),
        (1, 1, 1, "█"),
        # Eighths of a cell, and one of them for what is less.
        (15, 16, 2, "█▉"),
        (9, 16, 2, "█▏"),
        (7, 16, 2, "▉"),
        (1, 1000, 10, "▏"),
        # Below zero there are whole cells only, and one for what is less.
        (-15, 16, 2, "▒"),
        (-1, 1000, 10, "▒"),
        # Nothing to measure by, or no room.
        (5, 0, 10, ""),
        (5, -1, 10, ""),
        (5, 5, 0, ""),
        (5, 5, -1, ""),
    ],
)
def test_a_bar_is_as_long_as_its_share(value: int, most: int, width: int, drawn: str) -> None:
    assert pictures.bar(value, most, width) == drawn


@pytest.mark.parametrize(
    ("value", "mark", "drawn"),
    [
        (25, 75, "██▌    │"),
        (75, 25, "██│████▌"),
        (0, 30, "   │"),
        (50, 1, "│████"),
        (50, 100, "█████    │"),
        (50, 9000, "█████    │"),
        (50, 0, "█████"),
        (50, -75, "█████"),
        (50, None, "█████"),
    ],
)
def test_what_a_bar_is_compared_with_is_a_stroke_at_its_own_share(value: int, mark: int | None, drawn: str) -> None:
    assert pictures.bar(value, 100, 10, mark) == drawn


@pytest.mark.parametrize(
    ("values", "drawn"),
    [
        ([1, 2, 3, 4, 5, 6, 7, 8], "▁▂▃▄▅▆▇█"),
        ([0, 1, 4, 8, None], "·▁▄█·"),
        ([-8, 1, 1], "·██"),
        ([-3, None], "··"),
        ([0, 0], "··"),
        ([], ""),
    ],
)
def test_a_sparkline_has_a_letter_for_each_value_as_high_as_its_share(values: list[int | None], drawn: str) -> None:
    assert pictures.sparkline(values) == drawn
