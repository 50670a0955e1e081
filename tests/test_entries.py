"""The entry (kontering) of a voucher by a plan: single rules of `coding.plan` and `coding.entry`, without any books."""

import datetime
from dataclasses import replace

import pytest

from klimatvaxling.coding.entry import (
    BookedLine,
    BookedVoucher,
    EntryLine,
    Share,
    entry,
    not_eliminated,
    split_fee,
)
from klimatvaxling.coding.plan import (
    Account,
    CodingPlan,
    Dimension,
    Side,
    UnitCoding,
    filled,
    is_mixed,
    placeholders,
    plan_on,
    stands_between_two,
)
from klimatvaxling.coding.plan_errors import CostCentreMissing, CounterpartMissing, TemplateMissing
from klimatvaxling.units.unit import ADMINISTRATION, CostCentre, Unit

ACCOUNTS = {number: Account(number, f"Konto {number}", internal=number < "5") for number in ("3", "4", "7", "8")}
FEE = {
    "fee_expense": Side("7", responsibility="{cost_centre}", project="{project}", counterpart="199", owner="{unit}"),
    "own_funds": Side("3", object="{unit}", counterpart="{counterpart}"),
}
GRANT = {"fund": Side("3", object="{unit}"), "grants_paid": Side("7", responsibility="{cost_centre}")}
PLAN = CodingPlan(
    version="1",
    title="Exempel",
    valid_from=datetime.date(2025, 1, 1),
    decision="",
    accounts=ACCOUNTS,
    dimensions={"object": Dimension("object", 22, "Objekt")},
    templates={"fee": FEE, "grant": GRANT},
)
UNITS = {
    1: Unit("SBF", "Samhällsbyggnad", ADMINISTRATION, counterpart="110", cost_centres=(CostCentre("1200", False),)),
    2: Unit("BUF", "Barn", ADMINISTRATION, counterpart="120"),
    3: Unit("NYA", "Nya", ADMINISTRATION, cost_centres=(CostCentre("5", True), CostCentre("5100", False))),
    4: Unit("TVÅ", "Två", ADMINISTRATION, cost_centres=(CostCentre("6100", False), CostCentre("6200", False))),
}


def voucher(*lines: BookedLine, event: str = "charge", reversed_event: str | None = None) -> BookedVoucher:
    return BookedVoucher(
        1, "A2025-1", "A", 2025, 1, "2025-03-31", "2025-04-01T08:00:00Z", event, "Avgift", "kassören", "", None,
        reversed_event, lines,
    )  # fmt: skip


def fee(
    *shares: Share, grams: int | None = 10_000, ore: int = 1500, unit: int = 1, category: str = "taxi"
) -> BookedLine:
    return BookedLine("fee_expense", ore, unit, category=category, co2_g=grams, rate_ore_per_kg=150, shares=shares)


def coded(*lines: BookedLine, plan: CodingPlan = PLAN, event: str = "charge") -> list[EntryLine]:
    return entry(voucher(*lines, event=event), plan, UNITS)


def with_unit(**coding: str) -> CodingPlan:
    return replace(PLAN, units={"sbf": UnitCoding(**coding)})


# Which template.


@pytest.mark.parametrize(
    ("event", "reversed_event", "template"),
    [
        ("charge", None, "fee"),
        ("amendment", "charge", "correction"),
        ("undo", "charge", "correction"),
        ("reversal", "measure", "measure"),
        ("reversal", "sweep", "sweep"),
        ("grant_returned", "grant_paid", "grant"),
        ("reversal", None, "reversal"),
        ("grant_approved", None, "grant_approved"),
    ],
)
def test_only_a_reversal_takes_the_template_of_what_it_takes_back(
    event: str, reversed_event: str | None, template: str
) -> None:
    assert voucher(event=event, reversed_event=reversed_event).template == template


def test_a_side_or_a_template_that_is_missing_is_named() -> None:
    fund = BookedLine("fund_committed", -100)
    for event, template in (("charge", "fee"), ("sweep", "sweep")):
        with pytest.raises(TemplateMissing) as refusal:
            coded(fund, event=event)
        assert refusal.value.facts == {"version": "1", "template": template, "side": "fund", "voucher": "A2025-1"}


# The lines.


def test_a_fee_is_coded_with_what_is_given_of_the_coding_string() -> None:
    lines = coded(fee(Share("1201", "7001", 10_000)), BookedLine("own_funds", -1500, 1))
    assert lines == [
        EntryLine(
            "fee_expense",
            "7",
            (("responsibility", "1201"), ("project", "7001"), ("counterpart", "199")),
            "SBF",
            1500,
            "taxi",
            10_000,
        ),
        EntryLine("own_funds", "3", (("object", "SBF"), ("counterpart", "110")), "", -1500),
    ]
    assert [line.counterpart for line in lines] == ["199", "110"]
    assert EntryLine("own_funds", "3", (("object", "SBF"),), "", 1).counterpart == ""


def test_each_share_has_its_line_with_its_part_of_the_ore_and_the_grams() -> None:
    lines = coded(fee(Share("1201", "", 3_333), Share("1202", "7", 6_667)))
    assert [(dict(line.codes), line.amount_ore, line.co2_g) for line in lines] == [
        ({"responsibility": "1201", "counterpart": "199"}, 500, 3_333),
        ({"responsibility": "1202", "project": "7", "counterpart": "199"}, 1000, 6_667),
    ]


def test_a_line_without_trips_is_of_the_units_own_cost_centre_and_project() -> None:
    (line,) = coded(fee(grams=None), plan=with_unit(cost_centre="1300", project="9"))
    assert dict(line.codes) == {"responsibility": "1300", "project": "9", "counterpart": "199"}
    assert (line.amount_ore, line.co2_g) == (1500, None)
    (line,) = coded(fee())
    assert (dict(line.codes)["responsibility"], line.amount_ore, line.co2_g) == ("1200", 1500, 10_000)


def test_what_the_trip_says_goes_before_the_plan_and_the_plan_before_the_register() -> None:
    plan = with_unit(cost_centre="1300", project="9")
    (line,) = coded(fee(Share("1201", "7", 10_000)), plan=plan)
    assert dict(line.codes) == {"responsibility": "1201", "project": "7", "counterpart": "199"}
    (line,) = coded(fee(Share("", "", 10_000)), plan=plan)
    assert dict(line.codes) == {"responsibility": "1300", "project": "9", "counterpart": "199"}
    (line,) = coded(fee(Share("", "", 10_000)))
    assert dict(line.codes) == {"responsibility": "1200", "counterpart": "199"}


def test_only_an_exact_cost_centre_that_is_alone_counts() -> None:
    (line,) = coded(fee(unit=3))
    assert dict(line.codes)["responsibility"] == "5100"
    for unit in (2, 4):
        with pytest.raises(CostCentreMissing) as refusal:
            coded(fee(unit=unit))
        assert refusal.value.facts == {"voucher": "A2025-1", "unit": UNITS[unit].code}


def test_a_counterpart_is_asked_for_only_where_the_side_wants_it() -> None:
    assert coded(fee(unit=3))
    with pytest.raises(CounterpartMissing) as refusal:
        coded(BookedLine("own_funds", -1500, 3))
    assert refusal.value.facts == {"voucher": "A2025-1", "unit": "NYA"}


def test_the_fund_has_neither_cost_centre_nor_counterpart_of_its_own() -> None:
    plan = replace(PLAN, templates={"grant": {"fund": FEE["own_funds"], "grants_paid": GRANT["grants_paid"]}})
    with pytest.raises(CounterpartMissing) as counterpart:
        coded(BookedLine("fund_available", 100), plan=plan, event="grant_paid")
    assert counterpart.value.facts["unit"] == "FUND"
    with pytest.raises(CostCentreMissing) as cost_centre:
        coded(BookedLine("grants_paid", 100), event="grant_paid")
    assert cost_centre.value.facts["unit"] == "FUND"
    own = replace(PLAN, units={"fund": UnitCoding(cost_centre="9200")})
    (line,) = coded(BookedLine("grants_paid", 100), plan=own, event="grant_paid")
    assert line.codes == (("responsibility", "9200"),)


def test_what_the_fund_pays_is_of_the_one_unit_it_is_about() -> None:
    paid = [BookedLine("fund_committed", 300), BookedLine("grants_paid", -300, 1)]
    assert [line.codes for line in coded(*paid, event="grant_paid")] == [
        (("object", "SBF"),),
        (("responsibility", "1200"),),
    ]
    two = [*paid, BookedLine("grants_paid", -1, 3)]
    assert coded(*two, event="grant_paid")[0].codes == (("object", "FUND"),)


# What has the same coding is one line.


def test_lines_of_the_same_coding_are_one_where_the_first_stood() -> None:
    lines = coded(
        fee(Share("1201", "", 2_000), Share("1202", "", 8_000)), BookedLine("own_funds", -1500, 1),
        fee(Share("1201", "", 10_000)),
    )  # fmt: skip
    assert [(line.codes[0][1], line.amount_ore, line.co2_g) for line in lines] == [
        ("1201", 300 + 1500, 12_000),
        ("1202", 1200, 8_000),
        ("SBF", -1500, None),
    ]
    own = coded(BookedLine("own_funds", -1500, 1), BookedLine("own_funds", 500, 1))
    assert [(line.amount_ore, line.co2_g) for line in own] == [(-1000, None)]


def test_categories_stand_apart_and_so_do_units_and_sides() -> None:
    lines = coded(fee(), fee(category="flight"), fee(unit=3))
    assert [(line.category, line.owner, line.amount_ore) for line in lines] == [
        ("taxi", "SBF", 1500),
        ("flight", "SBF", 1500),
        ("taxi", "NYA", 1500),
    ]
    same = replace(PLAN, templates={"fee": {name: Side("3") for name in FEE}})
    assert len(coded(BookedLine("own_funds", -1500, 1), BookedLine("fee_expense", 1500, 1), plan=same)) == 2


def test_lines_of_nothing_fall_out_unless_nothing_else_is_left() -> None:
    back = fee(ore=-1500, grams=-10_000)
    assert [line.amount_ore for line in coded(fee(), back, BookedLine("own_funds", -1, 1))] == [-1]
    assert [line.amount_ore for line in coded(fee(), back)] == [1500, -1500]
    assert [line.amount_ore for line in coded(fee(ore=0, grams=1), BookedLine("own_funds", 1, 1))] == [1]


# How journeys and credits of one line are split.


def shares(*grams: int) -> list[Share]:
    return [Share(str(index), "", weight) for index, weight in enumerate(grams)]


@pytest.mark.parametrize(
    ("amount_ore", "grams", "parts"),
    [
        (1500, (10_000,), [1500]),
        (100, (0, 0), [100, 0]),
        (1500, (0, 10_000), [0, 1500]),
        (1350, (10_000, -1_000), [1500, -150]),
        (-1350, (1_000, -10_000), [150, -1500]),
        (1350, (10_000, 0, -1_000), [1500, 0, -150]),
        (0, (10_000, -10_000, 0), [1500, -1500, 0]),
        # 1 g and 3 g are less than an öre: the smaller kind has what it would cost by itself, the larger the rest.
        (1, (10, -1), [1, 0]),
        (-1, (1, -10), [0, -1]),
        (1, (20, -10), [3, -2]),
        (-1, (10, -20), [2, -3]),
        (1, (15, -11, 6), [2, -2, 1]),
    ],
)
def test_each_kind_is_split_by_itself_the_smaller_first(
    amount_ore: int, grams: tuple[int, ...], parts: list[int]
) -> None:
    assert split_fee(amount_ore, 150, shares(*grams)) == parts


def test_a_single_gram_counts() -> None:
    assert split_fee(-9, 1000, shares(1, -10)) == [1, -10]
    assert split_fee(9, 1000, shares(10, -1)) == [10, -1]
    assert split_fee(-6, 700, shares(1, 1, -10)) == [1, 0, -7]


# Plans.


def test_the_plan_of_a_day_is_the_latest_to_begin_and_of_those_the_latest_registered() -> None:
    first, second, later = (
        replace(PLAN, version=version, valid_from=datetime.date(2025, month, 1))
        for version, month in (("1", 1), ("2", 1), ("3", 6))
    )

    def chosen(*plans: CodingPlan, day: int = 1, month: int) -> str | None:
        plan = plan_on(plans, datetime.date(2025, month, day))
        return plan and plan.version

    assert chosen(first, second, later, month=1) == "2"
    assert chosen(later, first, month=6) == "3"
    assert chosen(later, first, day=31, month=5) == "1"
    assert plan_on([first], datetime.date(2024, 12, 31)) is None


def test_placeholders_are_named_and_filled() -> None:
    assert placeholders("{unit}-{project} {okänd}") == ["unit", "project", "okänd"]
    assert filled("{unit}-{project}!", {"unit": "SBF", "project": ""}) == "SBF-!"
    assert filled("9100", {}) == "9100"
    assert Side("1", "{unit}", "{a}", "{b}", "{c}", "{d}", "{e}").wanted == {"unit", "a", "b", "c", "d", "e"}


def test_what_is_particular_to_a_unit_is_found_whatever_the_case_of_its_code() -> None:
    assert with_unit(project="9").unit("SbF") == UnitCoding(project="9")
    assert with_unit(project="9").unit("BUF") == UnitCoding()


@pytest.mark.parametrize(
    ("numbers", "mixed"), [((), False), (("3", "4"), False), (("7", "8"), False), (("3", "7"), True)]
)
def test_internal_and_other_accounts_do_not_meet_in_a_template(numbers: tuple[str, ...], mixed: bool) -> None:
    assert is_mixed([Side(number) for number in numbers], ACCOUNTS) == mixed


@pytest.mark.parametrize(
    ("template", "pairs", "mirrored"),
    [
        ("fee", [], True),
        ("fee", [("110", "199"), ("199", "110")], True),
        ("fee", [("199", "199"), ("199", "199")], True),
        ("fee", [("{counterpart}", "199"), ("199", "{counterpart}")], True),
        ("fee", [("110", "199"), ("199", "120")], False),
        ("fee", [("110", ""), ("", "110")], False),
        ("fee", [("", "110"), ("", "110")], False),
        ("fee", [("110", "")], False),
        ("merge", [("110", "199"), ("199", "110")], True),
        ("merge", [("{counterpart}", "199"), ("199", "{counterpart}")], False),
        ("merge", [("199", "{counterpart}"), ("199", "{counterpart}")], False),
    ],
)
def test_the_internal_lines_of_a_template_stand_between_the_same_two(
    template: str, pairs: list[tuple[str, str]], mirrored: bool
) -> None:
    internal = [Side("3", owner=owner, counterpart=counterpart) for owner, counterpart in pairs]
    assert stands_between_two(template, [*internal, Side("7"), Side("8", owner="{unit}")], ACCOUNTS) == mirrored


def test_what_internal_lines_leave_over_is_told_for_each_two() -> None:
    def line(account: str, owner: str, counterpart: str, ore: int) -> EntryLine:
        return EntryLine("fund", account, (("counterpart", counterpart),), owner, ore)

    lines = [line("3", "110", "199", 500), line("4", "199", "110", -500), line("3", "120", "199", 70)]
    assert not_eliminated(lines, PLAN) == {("120", "199"): 70}
    assert not_eliminated([*lines, line("7", "199", "120", -70)], PLAN) == {("120", "199"): 70}
    assert not_eliminated([*lines, line("4", "199", "120", -30)], PLAN) == {("120", "199"): 40}
    assert not_eliminated(lines[:2], PLAN) == {}
