"""How a standard column is made of a file's columns: whole columns at a time, one step after the other.

What a step has once worked out for a cell it remembers. Values that differ on every row, such as ids and amounts, pass
through functions that run in C.
"""

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter

from klimatvaxling.memo import Memo
from klimatvaxling.travel import conversion
from klimatvaxling.travel.conversion import (
    CLOCK_CHARACTERS,
    PLAIN_CHARGE,
    PLAIN_CLOCK,
    convert,
    credited,
    difference,
    has_only_days,
    multiplied,
    sign_of,
    times_of,
)
from klimatvaxling.travel.profile import ColumnRule

Cells = list[tuple[str, ...]]
Transform = Callable[[Cells, int], Sequence[str]]
_Step = Callable[[Sequence[str], Cells], Sequence[str]]


class Columns:
    """The standard columns of one file, whose header says where each column stands."""

    def __init__(self, rules: Mapping[str, ColumnRule], position: Mapping[str, int]) -> None:
        self._rules, self._position = rules, position
        # Several columns look at the same signs.
        self._signs_of: tuple[Cells, dict[int, list[int]]] = ([], {})

    def transform(self, column: str) -> Transform:
        """What makes one standard column."""
        rule = self._rules.get(column)
        if rule is None or (rule.optional and not {*rule.value_columns} <= self._position.keys()):
            return lambda _cells, count: [""] * count
        if not rule.alternatives:
            return lambda _cells, count: [rule.constant] * count
        steps = self._steps(column, rule)
        read = self._read(rule)
        if not steps:
            return lambda cells, _count: read(cells)

        def transform(cells: Cells, _count: int) -> Sequence[str]:
            values = read(cells)
            for step in steps:
                values = step(values, cells)
            return values

        return transform

    def _read(self, rule: ColumnRule) -> Callable[[Cells], Sequence[str]]:
        """The cells the value is taken from: one column, several joined, or the first alternative that is filled."""
        readers = [self._alternative(rule, names) for names in rule.alternatives]
        if len(readers) == 1:
            return readers[0]

        def first_filled(cells: Cells) -> Sequence[str]:
            found, *others = (reader(cells) for reader in readers)
            for other in others:
                if all(map(str.strip, found)):
                    break
                found = [one if one and not one.isspace() else two for one, two in zip(found, other, strict=True)]
            return found

        return first_filled

    def _alternative(self, rule: ColumnRule, names: Sequence[str]) -> Callable[[Cells], Sequence[str]]:
        places = [self._position[name] for name in names]
        if len(places) == 1:
            return itemgetter(places[0])
        join, nothing = rule.join.join, rule.join * (len(places) - 1)

        def joined(cells: Cells) -> Sequence[str]:
            parts = zip(*(map(str.strip, cells[place]) for place in places), strict=True)
            if rule.skips_empty:
                return [join(filter(None, each)) for each in parts]
            found = list(map(join, parts))
            # Nothing joined with nothing is nothing.
            return ["" if each == nothing else each for each in found] if nothing in found else found

        return joined

    def _steps(self, column: str, rule: ColumnRule) -> list[_Step]:
        steps: list[_Step] = []
        if rule.converts:
            steps.append(self._converted(rule))
        if rule.minus is not None:
            steps.append(self._difference(rule, self._position[rule.minus]))
        if rule.sign_of is not None:
            steps.append(self._signed(self._position[rule.sign_of]))
        if rule.times_columns:
            steps.append(self._multiplied(column, rule))
        return steps

    def _converted(self, rule: ColumnRule) -> _Step:
        memo: Memo[str, str] = Memo(lambda cell: convert(rule, cell))
        if has_only_days(rule):
            return self._days_of_moments(rule, memo)
        if rule.unit_column is None:
            return lambda values, _cells: list(map(memo.__getitem__, values))
        place = self._position[rule.unit_column]
        # A unit without a number is no value.
        return lambda values, cells: [
            memo[f"{value} {unit}" if value.strip() else value]
            for value, unit in zip(values, cells[place], strict=True)
        ]

    @staticmethod
    def _days_of_moments(rule: ColumnRule, memo: Memo[str, str]) -> _Step:
        """The day of each moment is that of its day at midnight: hardly two rows have the same minute, many the same day."""
        clocks: Memo[str, bool] = Memo(lambda text: PLAIN_CLOCK.fullmatch(text) is not None)

        def at_midnight(day: str) -> str:
            found = convert(rule, moment := f"{day} 00:00")
            return "" if found == moment.strip() else found

        days: Memo[str, str] = Memo(at_midnight)
        return lambda values, _cells: [
            (clocks[value[-CLOCK_CHARACTERS:]] and days[value[:-CLOCK_CHARACTERS]]) or memo[value] for value in values
        ]

    @staticmethod
    def _difference(rule: ColumnRule, place: int) -> _Step:
        start_of: Callable[[str], str] = (lambda cell: convert(rule, cell)) if rule.converts else str.strip
        return lambda values, cells: list(map(difference, map(str.strip, values), map(start_of, cells[place])))

    def _signed(self, place: int) -> _Step:
        def signed(values: Sequence[str], cells: Cells) -> Sequence[str]:
            if not any(values):
                return values
            signs = self._signs_in(cells, place)
            if 0 in signs:
                return list(map(conversion.signed, values, cells[place]))
            if min(signs) > 0:
                return values
            return [value if sign > 0 else credited(value) for value, sign in zip(values, signs, strict=True)]

        return signed

    def _signs_in(self, cells: Cells, place: int) -> list[int]:
        if self._signs_of[0] is not cells:
            self._signs_of = (cells, {})
        known = self._signs_of[1]
        if place not in known:
            is_plain = PLAIN_CHARGE.fullmatch
            known[place] = [1 if is_plain(cell) else sign_of(cell) for cell in cells[place]]
        return known[place]

    def _multiplied(self, column: str, rule: ColumnRule) -> _Step:
        times: Memo[tuple[str, ...], int | None] = Memo(lambda counts: times_of(rule, counts))
        memo: Memo[tuple[str, tuple[str, ...]], str] = Memo(
            lambda key: multiplied(column, key[0], times[key[1]], key[1])
        )
        places = [self._position[name] for name in rule.times_columns]

        def step(values: Sequence[str], cells: Cells) -> Sequence[str]:
            if not any(values):
                return values
            counts = list(zip(*(cells[place] for place in places), strict=True))
            return [
                value if number == 1 or not value else memo[value, each]
                for value, number, each in zip(values, map(times.__getitem__, counts), counts, strict=True)
            ]

        return step
