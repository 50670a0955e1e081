"""The entry (kontering) of a voucher: its lines in the municipality's own accounts, by the plan's templates.

A charge line's öre are split over the cost centres and projects of its trips by grams, so that the price reaches who
travelled. Nothing else of a voucher is split, and every voucher still sums to zero.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from klimatvaxling.charges.charge import fee_ore
from klimatvaxling.coding.plan import PARTS, SIDE_OF_ACCOUNT, TEMPLATE_OF_EVENT, CodingPlan, Side, filled
from klimatvaxling.coding.plan_errors import CostCentreMissing, CounterpartMissing, TemplateMissing
from klimatvaxling.exact import share_out
from klimatvaxling.units.unit import FUND, Unit


@dataclass(frozen=True)
class Share:
    """What the trips of one cost centre and project weigh in a charge line, in grams. Either may be empty."""

    cost_centre: str
    project: str
    co2_g: int


@dataclass(frozen=True)
class BookedLine:
    """A posting as it stands in the books, in öre; a charge line has its category, grams, rate and shares.

    `lot_on` and `lot_code` are the date and the voucher of the lot it moves.
    """

    account: str
    amount_ore: int
    unit_id: int | None = None
    lot_on: str | None = None
    lot_code: str | None = None
    category: str | None = None
    co2_g: int | None = None
    rate_ore_per_kg: int = 0
    shares: tuple[Share, ...] = ()


@dataclass(frozen=True)
class BookedVoucher:
    """A voucher as it stands in the books. `reversed_event` is the event of what a reversal takes back."""

    id: int
    code: str
    series: str
    fiscal_year: int
    number: int
    booked_on: str
    registered_at: str
    event: str
    description: str
    made_by: str
    evidence: str
    corrects: str | None
    reversed_event: str | None
    lines: tuple[BookedLine, ...]

    @property
    def template(self) -> str:
        """The template it takes; an event the plans do not know is named as it is."""
        event = self.reversed_event if self.event == "reversal" and self.reversed_event else self.event
        return TEMPLATE_OF_EVENT.get(event, event)


@dataclass(frozen=True)
class EntryLine:
    """A line in the municipality's own plan: account, the given parts of the coding string, öre, and whose line it is.

    `side` is the side of the template it comes from; a fee has its category and its share of the grams.
    """

    side: str
    account: str
    codes: tuple[tuple[str, str], ...]
    owner: str
    amount_ore: int
    category: str = ""
    co2_g: int | None = None

    @property
    def counterpart(self) -> str:
        """The counterpart code (motpart), or nothing."""
        return dict(self.codes).get("counterpart", "")


def split_fee(amount_ore: int, rate_ore_per_kg: int, shares: Sequence[Share]) -> list[int]:
    """The öre of a charge line for each share, by grams, largest remainder first; they sum to `amount_ore`.

    Where a line holds both journeys and credits, each kind is shared out by itself: else an amendment that only moves a
    journey to another cost centre, and weighs nothing, would move no money.
    """
    weights = [share.co2_g for share in shares]
    signs = {weight > 0 for weight in weights if weight}
    if len(signs) < 2:
        return share_out(amount_ore, weights)
    # The smaller kind has its own fee and the larger the rest, so that a credit mirrors its charge.
    smaller = sum(weight for weight in weights if weight > 0)
    is_positive = smaller <= sum(-weight for weight in weights if weight < 0)
    if not is_positive:
        smaller = sum(weight for weight in weights if weight < 0)
    of_smaller = fee_ore(smaller, rate_ore_per_kg)
    parts = [0] * len(weights)
    for total, wanted in ((of_smaller, is_positive), (amount_ore - of_smaller, not is_positive)):
        chosen = [index for index, weight in enumerate(weights) if weight and (weight > 0) == wanted]
        for index, part in zip(chosen, share_out(total, [weights[index] for index in chosen]), strict=True):
            parts[index] = part
    return parts


def entry(voucher: BookedVoucher, plan: CodingPlan, units: Mapping[int, Unit]) -> list[EntryLine]:
    """The voucher's lines by the plan, in the order of its postings; what has the same coding is one line.

    `units` are the units by key as they are on the booking date. Raises `TemplateMissing`, `CostCentreMissing` or
    `CounterpartMissing`.
    """
    template = plan.templates.get(voucher.template, {})
    of_voucher = {line.unit_id for line in voucher.lines if line.unit_id is not None}
    only_unit = units[next(iter(of_voucher))] if len(of_voucher) == 1 else None
    lines: list[EntryLine] = []
    for booked in voucher.lines:
        side = template.get(SIDE_OF_ACCOUNT[booked.account])
        if side is None:
            missing = SIDE_OF_ACCOUNT[booked.account]
            raise TemplateMissing(version=plan.version, template=voucher.template, side=missing, voucher=voucher.code)
        # What the fund pays or gets is told apart by the one unit it is about.
        unit = units[booked.unit_id] if booked.unit_id is not None else only_unit
        lines += _coded(voucher, booked, side, plan, unit)
    return _gathered(lines)


def _coded(
    voucher: BookedVoucher, booked: BookedLine, side: Side, plan: CodingPlan, unit: Unit | None
) -> Iterable[EntryLine]:
    shares = booked.shares or (Share("", "", booked.co2_g or 0),)
    for share, amount_ore in zip(shares, split_fee(booked.amount_ore, booked.rate_ore_per_kg, shares), strict=True):
        facts = _facts(voucher, share, side, plan, unit)
        codes = tuple((part, value) for part in PARTS if (value := filled(getattr(side, part), facts)))
        yield EntryLine(
            *(SIDE_OF_ACCOUNT[booked.account], side.account, codes, filled(side.owner, facts), amount_ore),
            category=booked.category or "",
            co2_g=None if booked.co2_g is None else share.co2_g,
        )


def _facts(voucher: BookedVoucher, share: Share, side: Side, plan: CodingPlan, unit: Unit | None) -> dict[str, str]:
    """What the side's placeholders stand for. Raises `CostCentreMissing` or `CounterpartMissing`."""
    code = unit.code if unit else FUND
    own = plan.unit(code)
    facts = {"unit": code, "project": share.project or own.project}
    if "cost_centre" in side.wanted:
        exact = [centre.code for centre in unit.cost_centres if not centre.is_prefix] if unit else []
        only = exact[0] if len(exact) == 1 else ""
        facts["cost_centre"] = share.cost_centre or own.cost_centre or only
        if not facts["cost_centre"]:
            raise CostCentreMissing(voucher=voucher.code, unit=code)
    if "counterpart" in side.wanted:
        facts["counterpart"] = unit.counterpart or "" if unit else ""
        if not facts["counterpart"]:
            raise CounterpartMissing(voucher=voucher.code, unit=code)
    return facts


def _gathered(lines: list[EntryLine]) -> list[EntryLine]:
    """Lines of one side and the same coding as one, where the first stood, without those of nothing.

    Where that would leave less than a voucher needs, the lines stand as they are.
    """
    same: dict[tuple[object, ...], list[EntryLine]] = {}
    for line in lines:
        same.setdefault((line.side, line.account, line.codes, line.owner, line.category), []).append(line)
    sums = (each if len(each) == 1 else [_sum(each)] for each in same.values())
    gathered = [line for (line,) in sums if line.amount_ore]
    return gathered or lines


def _sum(lines: Sequence[EntryLine]) -> EntryLine:
    grams = [line.co2_g for line in lines if line.co2_g is not None]
    amount_ore = sum(line.amount_ore for line in lines)
    return replace(lines[0], amount_ore=amount_ore, co2_g=sum(grams) if grams else None)


def not_eliminated(lines: Iterable[EntryLine], plan: CodingPlan) -> dict[tuple[str, str], int]:
    """What internal lines leave over between each two, in öre, by their counterpart codes; empty where all is mirrored."""
    left: dict[tuple[str, str], int] = {}
    for line in lines:
        if plan.accounts[line.account].internal:
            low, high = sorted((line.owner, line.counterpart))
            left[low, high] = left.get((low, high), 0) + line.amount_ore
    return {pair: ore for pair, ore in left.items() if ore}
