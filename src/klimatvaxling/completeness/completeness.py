"""What each source has delivered for each unit and month of trip, what is declared, and what is missing.

A source is expected every month from the first it delivered or was declared for. A unit is expected of a source when
it had trips in at least half of the months that the source delivered, of the twelve before. What is expected, over,
not delivered and not declared is missing.
"""

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from klimatvaxling.errors import InputRefused, StateRefused, UsageFault
from klimatvaxling.language import N_
from klimatvaxling.typed import Month

DELIVERED, EMPTY, LATE, MISSING, NOTHING, NOT_DUE = "delivered", "empty", "late", "missing", "none", "not_due"
HISTORY_MONTHS = 12
# A month is out of the ordinary at less than a quarter or more than four times the median of at least three before.
MUCH = 4
LEAST_HISTORY = 3


class EmptyOrLate(UsageFault):
    """A declaration says one thing."""

    code = "KV-DECLARE"
    message = N_("Say either --empty or --late.")
    remedy = N_("--empty: there was no travel. --late: the supplier has been asked and will deliver.")


class DeclaredAhead(InputRefused):
    """A month that has not begun."""

    code = "KV-DECLARE-AHEAD"
    message = N_("{period} has not begun: nobody can know yet what will be missing.")
    remedy = N_("Declare a month that is over, or the one that is running.")


class DeclaredDelivered(StateRefused):
    """A unit's month that has trips."""

    code = "KV-DECLARE-DELIVERED"
    message = N_("{unit} has trips from {source} in {period}: there is nothing to declare.")
    remedy = N_("See what is delivered with: klimatvaxling completeness --year {year}")


@dataclass(frozen=True)
class Declaration:
    """What was declared of a source's month: `empty` or `late`, for one unit or (None) for every unit without trips."""

    source: str
    unit: str | None
    period: Month
    state: str
    reason: str


@dataclass(frozen=True)
class Cell:
    """One month of one source, for one unit or (None) for the source as a whole.

    `co2_g` is what was delivered, `usual_co2_g` the median of the delivered months of the twelve before.
    """

    source: str
    unit: str | None
    month: Month
    state: str
    co2_g: int = 0
    usual_co2_g: int | None = None
    deviates: bool = False
    reason: str = ""


@dataclass(frozen=True)
class Known:
    """What is known: grams by source, unit and month of trip, declarations in order, and each unit's valid days."""

    delivered: Mapping[tuple[str, str, Month], int]
    declarations: Sequence[Declaration] = ()
    valid: Mapping[str, Sequence[tuple[datetime.date, datetime.date | None]]] = field(default_factory=dict)


def cells(known: Known, months: Sequence[Month], as_of: datetime.date) -> list[Cell]:
    """Every source's months, and below it those of each unit that it has ever delivered or been declared for."""
    pairs: dict[str, set[str]] = {}
    for source, unit, _ in known.delivered:
        pairs.setdefault(source, set()).add(unit)
    for declaration in known.declarations:
        units = pairs.setdefault(declaration.source, set())
        if declaration.unit is not None:
            units.add(declaration.unit)
    found: list[Cell] = []
    for source in sorted(pairs):
        judge = _Source(known, source, as_of)
        found += [judge.of_source(month) for month in months]
        for unit in sorted(pairs[source]):
            found += [judge.of_unit(unit, month) for month in months]
    return found


class _Source:
    """One source's months."""

    def __init__(self, known: Known, source: str, as_of: datetime.date) -> None:
        self._known, self._source, self._as_of = known, source, as_of
        self._of_unit: dict[str, dict[Month, int]] = {}
        self._whole: dict[Month, int] = {}
        for (name, unit, month), co2_g in known.delivered.items():
            if name == source:
                self._of_unit.setdefault(unit, {})[month] = co2_g
                self._whole[month] = self._whole.get(month, 0) + co2_g
        # The last declaration of a month holds.
        declared = [each for each in known.declarations if each.source == source]
        self._declared = {(each.unit, each.period): each for each in declared}
        self._first = min([*self._whole, *(each.period for each in declared)])

    def of_source(self, month: Month) -> Cell:
        """The month for the source as a whole."""
        return self._cell(None, month, self._whole, expected=month >= self._first)

    def of_unit(self, unit: str, month: Month) -> Cell:
        """The month for one unit."""
        before = _before(month)
        delivered = [earlier for earlier in before if earlier in self._whole]
        own = self._of_unit.get(unit, {})
        usually = sum(earlier in own for earlier in delivered)
        expected = bool(delivered) and 2 * usually >= len(delivered) and self._is_valid(unit, month)
        return self._cell(unit, month, own, expected=expected)

    def _cell(self, unit: str | None, month: Month, own: Mapping[Month, int], *, expected: bool) -> Cell:
        usual_g, counted = _median(own[earlier] for earlier in _before(month) if earlier in own)
        if month in own:
            sure = counted >= LEAST_HISTORY and usual_g is not None and usual_g > 0
            deviates = sure and usual_g is not None and not usual_g <= own[month] * MUCH <= usual_g * MUCH * MUCH
            return Cell(self._source, unit, month, DELIVERED, own[month], usual_g, deviates)
        declared = self._declared.get((unit, month)) or (self._declared.get((None, month)) if expected else None)
        if declared is not None:
            return Cell(self._source, unit, month, declared.state, 0, usual_g, reason=declared.reason)
        if month.last_day >= self._as_of:
            return Cell(self._source, unit, month, NOT_DUE, 0, usual_g)
        if not expected:
            return Cell(self._source, unit, month, NOTHING, 0, usual_g)
        # The others' travel came and this unit's did not, though it usually does.
        return Cell(self._source, unit, month, MISSING, 0, usual_g, deviates=unit is not None and month in self._whole)

    def _is_valid(self, unit: str, month: Month) -> bool:
        spans = self._known.valid.get(unit, ())
        return any(first <= month.last_day and (last is None or last >= month.first_day) for first, last in spans)


def _before(month: Month) -> list[Month]:
    """The months before one, the nearest last."""
    count = month.year * 12 + month.month - 1
    return [Month(number // 12, number % 12 + 1) for number in range(count - HISTORY_MONTHS, count)]


def _median(values: Iterable[int]) -> tuple[int | None, int]:
    """The lower median and how many there are; a whole number, since nothing is charged by it."""
    ordered = sorted(values)
    return (ordered[(len(ordered) - 1) // 2] if ordered else None), len(ordered)
