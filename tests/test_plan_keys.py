"""Every key of a coding plan: what it becomes, and that a mistake in it is told by its place and how to write it."""

import datetime

import pytest

from klimatvaxling.coding import plan_errors as errors
from klimatvaxling.coding.plan import PARTS, Account, CodingPlan, Dimension, Invoicing, Side, UnitCoding
from klimatvaxling.coding.plan_file import read_plan
from klimatvaxling.errors import ExchangeError

BARE = """
version = "1"
title = "Kort"
valid_from = 2025-01-01
[[account]]
number = "7680"
title = "Avgift"
internal = false
"""

EVERYTHING = """
version = " 2025-1 "
title = "Allt"
valid_from = "2025-02-01"
decision = "KS 12"

[[account]]
number = "7680"
title = "Avgift"
internal = true

[[account]]
number = "123456789012"
title = "Bank"
internal = false

[dimension.responsibility]
number = 2
title = "Enhet"
[dimension.project]
title = "Uppdrag"
[dimension.object]
number = 999999

[names.responsibility]
9100 = "Klimatväxlingen"
[names.counterpart]
199 = "Alla"

[template.fee.fee_expense]
account = "7680"
responsibility = "{cost_centre}"
activity = "21"
project = "P{project}"
object = "{unit}"
counterpart = "199"
owner = "{counterpart}"
[template.fee.own_funds]
account = "7680"
counterpart = "{counterpart}"
owner = "199"
[template.grant.fund]
account = "123456789012"

[unit.ABC]
cost_centre = "1010"
project = "7"
customer_number = "50140"
vat_code = "MP1"
coding = "3110 {unit}"
[unit.def]

[invoicing]
vat_code = "MP2"
coding = "3999 {counterpart}"
"""


def refusal_of(text: str) -> ExchangeError:
    with pytest.raises(ExchangeError) as refusal:
        read_plan(text, file="plan.toml")
    assert refusal.value.place.file == "plan.toml"
    return refusal.value


def test_everything_in_a_plan_is_as_it_was_written() -> None:
    assert read_plan(EVERYTHING) == CodingPlan(
        version="2025-1",
        title="Allt",
        valid_from=datetime.date(2025, 2, 1),
        decision="KS 12",
        accounts={
            "7680": Account("7680", "Avgift", internal=True),
            "123456789012": Account("123456789012", "Bank", internal=False),
        },
        dimensions={
            "responsibility": Dimension("responsibility", 2, "Enhet"),
            "project": Dimension("project", 6, "Uppdrag"),
            "counterpart": Dimension("counterpart", 20, "Motpart"),
            "activity": Dimension("activity", 21, "Verksamhet"),
            "object": Dimension("object", 999_999, "Objekt"),
        },
        templates={
            "fee": {
                "fee_expense": Side("7680", "{cost_centre}", "21", "P{project}", "{unit}", "199", "{counterpart}"),
                "own_funds": Side("7680", counterpart="{counterpart}", owner="199"),
            },
            "grant": {"fund": Side("123456789012")},
        },
        names={"responsibility": {"9100": "Klimatväxlingen"}, "counterpart": {"199": "Alla"}},
        units={"abc": UnitCoding("1010", "7", "50140", "MP1", "3110 {unit}"), "def": UnitCoding()},
        invoicing=Invoicing("MP2", "3999 {counterpart}"),
        text=EVERYTHING,
    )


def test_what_a_plan_does_not_say_is_empty_or_the_usual() -> None:
    plan = read_plan(BARE)
    assert (plan.decision, plan.templates, plan.names, plan.units, plan.invoicing) == ("", {}, {}, {}, Invoicing())
    assert {part: (dimension.number, dimension.title) for part, dimension in plan.dimensions.items()} == {
        "responsibility": (1, "Ansvar"),
        "project": (6, "Projekt"),
        "counterpart": (20, "Motpart"),
        "activity": (21, "Verksamhet"),
        "object": (22, "Objekt"),
    }
    assert set(plan.dimensions) == set(PARTS)


def test_a_plan_is_text_in_utf_8_with_or_without_its_mark() -> None:
    plain = read_plan(EVERYTHING)
    assert read_plan(EVERYTHING.encode()) == plain
    assert read_plan(EVERYTHING.encode("utf-8-sig")) == plain
    assert read_plan("\ufeff" + EVERYTHING) == plain
    with pytest.raises(errors.CodingFileUnreadable):
        read_plan(EVERYTHING.encode("cp1252"))


@pytest.mark.parametrize("text", ["[", "a = " + "[" * 100_000, "a = " + "9" * 5_000])
def test_what_is_no_toml_is_told_in_a_sentence(text: str) -> None:
    refusal = refusal_of(text)
    assert isinstance(refusal, errors.CodingFileUnreadable)
    assert refusal.facts["reason"]
    assert not str(refusal.facts["reason"]).endswith(".")


@pytest.mark.parametrize(
    ("old", "new", "where", "example"),
    [
        ('title = "Allt"', "title = 5", "title", 'title = "…"'),
        ('valid_from = "2025-02-01"', 'valid_from = "igår"', "valid_from", "valid_from = 2025-01-01"),
        ('valid_from = "2025-02-01"', "valid_from = 20250201", "valid_from", "valid_from = 2025-01-01"),
        ('valid_from = "2025-02-01"', "valid_from = 2025-02-01T00:00:00", "valid_from", "valid_from = 2025-01-01"),
        ('decision = "KS 12"', "decision = 12", "decision", 'decision = "…"'),
        ('number = "7680"', "number = 7680", "account[1].number", 'number = "…"'),
        ('number = "7680"', 'number = "76 80"', "account[1].number", 'number = "7680"'),
        ('number = "123456789012"', 'number = "1234567890123"', "account[2].number", 'number = "7680"'),
        ("internal = false", "internal = 0", "account[2].internal", "internal = true"),
        ("number = 2\n", "number = 0\n", "dimension.responsibility.number", "number = 20"),
        ("number = 2\n", "number = true\n", "dimension.responsibility.number", "number = 20"),
        ("number = 999999", "number = 1000000", "dimension.object.number", "number = 20"),
        ('title = "Uppdrag"', "title = 5", "dimension.project.title", 'title = "…"'),
        ('9100 = "Klimatväxlingen"', "9100 = 5", "names.responsibility.9100", '9100 = "…"'),
        ('account = "7680"\nresp', "account = 7680\nresp", "template.fee.fee_expense.account", 'account = "…"'),
        ('activity = "21"', "activity = 21", "template.fee.fee_expense.activity", 'activity = "…"'),
        ('activity = "21"', 'activity = "{"', "template.fee.fee_expense.activity", 'activity = "{cost_centre}"'),
        ('activity = "21"', 'activity = "}{unit}"', "template.fee.fee_expense.activity", 'activity = "{cost_centre}"'),
        ('counterpart = "199"', 'counterpart = "1999"', "template.fee.fee_expense.counterpart", 'counterpart = "190"'),
        ('owner = "199"', 'owner = "19x"', "template.fee.own_funds.owner", 'owner = "190"'),
        ('customer_number = "50140"', "customer_number = 1", "unit.ABC.customer_number", 'customer_number = "…"'),
        ('coding = "3110 {unit}"', 'coding = "{unit"', "unit.ABC.coding", 'coding = "{cost_centre}"'),
        ('vat_code = "MP2"', "vat_code = 2", "invoicing.vat_code", 'vat_code = "…"'),
        ('coding = "3999 {counterpart}"', "coding = 3999", "invoicing.coding", 'coding = "…"'),
    ],
)
def test_a_value_of_another_kind_is_told_by_its_place_with_an_example(
    old: str, new: str, where: str, example: str
) -> None:
    assert old in EVERYTHING
    refusal = refusal_of(EVERYTHING.replace(old, new, 1))
    assert isinstance(refusal, errors.CodingFieldKind)
    assert refusal.facts == {"where": where, "example": example}


@pytest.mark.parametrize(
    ("text", "where", "example"),
    [
        ("account = 5\n", "account", "[[account]]"),
        ("account = []\n", "account", "[[account]]"),
        ("account = [5]\n", "account", "[[account]]"),
        ("account = [{}, 5]\n", "account", "[[account]]"),
        (BARE + "[names]\nproject = 5\n", "names.project", "[names.project]"),
        (BARE + "[dimension]\nproject = 5\n", "dimension.project", "[dimension.project]"),
        (BARE + "[template]\nfee = 5\n", "template.fee", "[template.fee]"),
        (BARE + "[template.fee]\nown_funds = 5\n", "template.fee.own_funds", "[template.fee.own_funds]"),
        (BARE + "[unit]\nABC = 5\n", "unit.ABC", "[unit.ABC]"),
        *((f"{table} = 5\n{BARE}", table, f"[{table}]") for table in ("dimension", "template", "names", "unit")),
        (f"invoicing = 5\n{BARE}", "invoicing", "[invoicing]"),
    ],
)
def test_what_must_be_a_table_is_told_by_its_place_with_its_heading(text: str, where: str, example: str) -> None:
    refusal = refusal_of(text)
    assert isinstance(refusal, errors.CodingFieldKind)
    assert refusal.facts == {"where": where, "example": example}


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ('version = " 2025-1 "', "", "version"),
        ('version = " 2025-1 "', 'version = " "', "version"),
        ('title = "Allt"', "", "title"),
        ('valid_from = "2025-02-01"', "", "valid_from"),
        ('number = "7680"\n', "", "account[1].number"),
        ('title = "Bank"\n', "", "account[2].title"),
        ("internal = false", "", "account[2].internal"),
        ('account = "123456789012"', "", "template.grant.fund.account"),
        ('9100 = "Klimatväxlingen"', '9100 = ""', "names.responsibility.9100"),
    ],
)
def test_what_is_missing_or_blank_is_told_by_its_place(old: str, new: str, where: str) -> None:
    assert old in EVERYTHING
    refusal = refusal_of(EVERYTHING.replace(old, new, 1))
    assert isinstance(refusal, errors.CodingFieldMissing)
    assert refusal.facts == {"where": where}


def test_a_plan_without_accounts_lacks_them() -> None:
    assert refusal_of(BARE.partition("[[account]]")[0]).facts == {"where": "account"}


@pytest.mark.parametrize(
    ("old", "new", "where", "known"),
    [
        ("decision =", "decison =", "decison",
         "version, title, valid_from, decision, account, dimension, template, names, unit, invoicing"),
        ("internal = false", "internal = false\ncolour = 1", "account[2].colour", "number, title, internal"),
        ("[dimension.object]", "[dimension.objekt]", "dimension.objekt",
         "responsibility, activity, project, object, counterpart"),
        ("number = 999999", "colour = 1", "dimension.object.colour", "number, title"),
        ("[names.counterpart]", "[names.motpart]", "names.motpart",
         "responsibility, activity, project, object, counterpart"),
        ("[template.grant.fund]", "[template.gift.fund]", "template.gift",
         "fee, correction, measure, sweep, grant, appropriation, merge, opening"),
        ("[template.grant.fund]", "[template.grant.own_funds]", "template.grant.own_funds", "fund, grants_paid"),
        ('activity = "21"', "colour = 1", "template.fee.fee_expense.colour",
         "account, responsibility, activity, project, object, counterpart, owner"),
        ('customer_number = "50140"', "colour = 1", "unit.ABC.colour",
         "cost_centre, project, customer_number, vat_code, coding"),
        ('vat_code = "MP2"', "colour = 1", "invoicing.colour", "vat_code, coding"),
    ],
)  # fmt: skip
def test_a_key_that_is_not_known_is_told_with_those_there_are(old: str, new: str, where: str, known: str) -> None:
    assert old in EVERYTHING
    refusal = refusal_of(EVERYTHING.replace(old, new, 1))
    assert isinstance(refusal, errors.CodingKeyUnknown)
    assert refusal.facts == {"where": where, "known": known}


@pytest.mark.parametrize(
    ("old", "new", "error", "facts"),
    [
        ('number = "123456789012"', 'number = "7680"', errors.CodingTwice,
         {"where": "account[2].number", "value": "7680"}),
        ("number = 999999", "number = 21", errors.CodingTwice, {"where": "dimension", "value": 21}),
        ('account = "123456789012"', 'account = "9"', errors.CodingAccountUnknown,
         {"where": "template.grant.fund", "account": "9"}),
        ('object = "{unit}"', 'object = "{enhet}"', errors.CodingPlaceholder,
         {"where": "template.fee.fee_expense.object", "value": "enhet",
          "known": "{unit}, {cost_centre}, {project}, {counterpart}"}),
        ('coding = "3999 {counterpart}"', 'coding = "{}"', errors.CodingPlaceholder,
         {"where": "invoicing.coding", "value": "", "known": "{unit}, {cost_centre}, {project}, {counterpart}"}),
        ('account = "7680"\nresp', 'account = "123456789012"\nresp', errors.CodingMixed, {"template": "fee"}),
        ('owner = "199"', "", errors.CodingNotMirrored, {"template": "fee"}),
    ],
)  # fmt: skip
def test_what_does_not_fit_together_is_told_by_its_place(
    old: str, new: str, error: type[ExchangeError], facts: dict[str, object]
) -> None:
    assert old in EVERYTHING
    refusal = refusal_of(EVERYTHING.replace(old, new, 1))
    assert isinstance(refusal, error)
    assert refusal.facts == facts


def test_in_a_merger_nothing_of_a_unit_stands_among_the_internal_lines() -> None:
    side = '[template.merge.{side}]\naccount = "1"\ncounterpart = "{code}"\nowner = "199"\n'
    account = '[[account]]\nnumber = "1"\ntitle = "x"\ninternal = true\n'
    for code in ("110", "{counterpart}"):
        text = BARE + account + "".join(side.format(side=name, code=code) for name in ("own_funds", "fund"))
        if code == "110":
            assert set(read_plan(text).templates["merge"]) == {"own_funds", "fund"}
        else:
            assert refusal_of(text).facts == {"template": "merge"}


def test_a_dimension_may_have_the_first_and_the_last_number() -> None:
    plan = read_plan(BARE + "[dimension.activity]\nnumber = 999999\n[dimension.responsibility]\nnumber = 1\n")
    assert (plan.dimensions["activity"].number, plan.dimensions["responsibility"].number) == (999_999, 1)
