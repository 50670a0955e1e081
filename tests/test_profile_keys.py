"""Every key of a profile: what it becomes, and that a mistake in it is told by its name."""

import re
from decimal import Decimal

import pytest

from klimatvaxling.travel.plausible import (
    DEFAULT_DISTANCE_KM,
    DEFAULT_FUEL_QUANTITY,
    DEFAULT_KM_PER_HOUR,
    DEFAULT_TANK_PERCENT,
    DEFAULT_TOLERANCE_KR,
    DEFAULT_YEARS,
    AmountRule,
    Limits,
    SpeedRule,
)
from klimatvaxling.travel.profile import ColumnRule, Match, Outside, Profile, Total
from klimatvaxling.travel.profile_file import BadProfile, parse_profile

BARE = """
[source]
title = "Kort"
[columns]
date = "Dag"
unit = "Enhet"
category = "Typ"
"""

EVERYTHING = """
keep = ["Anteckning", "Eget  fält"]

[source]
title = "Allt"
description = "Allt som går att säga"
strict = true
draft = true

[file]
sheet = "Blad 1"
encoding = "cp1252"
delimiter = ";"

[columns]
trip_id = { columns = ["Nr", "Rad"], join = "/", skip_empty = true }
date = { column = "Dag", dates = ["%d/%m/%Y", "%Y-%m"], day = "last" }
unit = { column = "Enhet", map = { "A  B" = "SBF", "c" = "BUF" }, default = "KLK" }
category = { constant = "flight" }
fuel = " BRÄNSLE "
distance_km = { column = "Till km", minus = "Från km", times = "10", sign_of = "Pris" }
fuel_quantity = { column = "Mängd", units = { "Liter" = "1", "US  gal" = "3,785" }, unit_column = "Sort", optional = true }
route = { first_of = ["Väg", ["Från", "Till"]], join = ">", times_columns = ["Antal"], times_map = { "Tur  o RETUR" = "2" } }
co2_fossil_kg = { column = "CO2", basis = "fossil_co2" }
cost_centre = "Kst"
project = { first_of = [["Projekt"], "Kst"] }
note = "kst"
vehicle = "Regnr"

[[outside]]
column = "Typ"
is = ["Tåg", "HOTELL  lyx"]
starts_with = ["Hyr"]
reason = "annat avtal"

[[outside]]
column = "Bolag"
is_not = ["Kommunen"]
reason = "annan kund"

[[totals]]
column = "Nr"
is = ["Summa"]
sums = ["Pris", "Mängd"]
required = true

[[totals]]
column = "Nr"
starts_with = ["Sida"]
sums = ["Mängd"]
page = true

[[skip]]
column = "Rad"
is = ["Rubrik"]

[identity]
pattern = "[0-9]{10}"
vehicle_pattern = "V[0-9]+"

[plausible]
distance_km = { taxi = "400", flight = "none" }
fuel_quantity = "-150,5"
years = "3"
amount = { column = "Belopp", rate = "À-pris", tolerance_kr = "0", optional = true }
speed = { start = "Start", end = "Slut", dates = ["%H.%M"], most_km_per_hour = "120", optional = true }
tank_percent = "105"
"""


def understood(text: str) -> Profile:
    return parse_profile("exempel", text)


def complained_about(text: str) -> str:
    with pytest.raises(BadProfile) as refusal:
        understood(text)
    assert (refusal.value.facts["profile"], refusal.value.place.file) == ("exempel", "exempel")
    return str(refusal.value.facts["key"])


def rule_of(column: str, value: str) -> ColumnRule:
    return understood(f"{BARE}{column} = {value}\n").columns[column]


def limits_of(plausible: str) -> Limits:
    return understood(f"{BARE}[plausible]\n{plausible}\n").limits


def test_every_column_of_a_profile_is_as_it_was_written() -> None:
    assert understood(EVERYTHING).columns == {
        "trip_id": ColumnRule((("nr", "rad"),), join="/", skips_empty=True),
        "date": ColumnRule((("dag",),), date_formats=("%d/%m/%Y", "%Y-%m"), last_of_month=True),
        "unit": ColumnRule((("enhet",),), mapping={"a b": "SBF", "c": "BUF"}, default="KLK"),
        "category": ColumnRule(constant="flight"),
        "fuel": ColumnRule((("bränsle",),)),
        "distance_km": ColumnRule((("till km",),), minus="från km", times=Decimal(10), sign_of="pris"),
        "fuel_quantity": ColumnRule(
            (("mängd",),), units={"liter": Decimal(1), "us gal": Decimal("3.785")}, unit_column="sort", optional=True
        ),
        "route": ColumnRule(
            (("väg",), ("från", "till")), join=">", times_columns=("antal",), times_map={"tur o retur": "2"}
        ),
        "co2_fossil_kg": ColumnRule((("co2",),)),
        "cost_centre": ColumnRule((("kst",),)),
        "project": ColumnRule((("projekt",), ("kst",))),
        "note": ColumnRule((("kst",),)),
        "vehicle": ColumnRule((("regnr",),)),
    }


def test_everything_else_of_a_profile_is_as_it_was_written() -> None:
    profile = understood(EVERYTHING)
    assert (profile.name, profile.title, profile.text) == ("exempel", "Allt", EVERYTHING)
    assert (profile.refuses_unknown_columns, profile.is_draft) == (True, True)
    assert (profile.sheet, profile.encoding, profile.delimiter) == ("Blad 1", "cp1252", ";")
    assert profile.keep == ("anteckning", "eget fält")
    assert profile.outside == (
        Outside(Match("typ", ("tåg", "hotell lyx"), ("hyr",)), "annat avtal"),
        Outside(Match("bolag", ("kommunen",), negate=True), "annan kund"),
    )
    assert profile.totals == (
        Total(Match("nr", ("summa",)), ("pris", "mängd"), required=True),
        Total(Match("nr", (), ("sida",)), ("mängd",), required=False, of_page=True),
    )
    assert profile.skip == (Match("rad", ("rubrik",)),)
    assert (profile.id_pattern, profile.vehicle_pattern) == (re.compile("[0-9]{10}"), re.compile("V[0-9]+"))
    assert profile.limits == Limits(
        distance_km={**DEFAULT_DISTANCE_KM, "taxi": Decimal(400), "flight": None},
        fuel_quantity=Decimal("150.5"),
        years=3,
        amount=AmountRule("belopp", "à-pris", (), Decimal(0), optional=True),
        speed=SpeedRule("start", "slut", ("%H.%M",), Decimal(120), optional=True),
        tank_percent=Decimal(105),
    )


def test_a_column_keeps_the_spelling_it_was_first_given() -> None:
    spelling = understood(EVERYTHING).spelling
    assert spelling["eget fält"] == "Eget  fält"
    assert spelling["kst"] == "Kst"
    assert all(name and name == name.casefold() for name in spelling)
    assert set(spelling.values()) == {
        "Anteckning", "Eget  fält", "Nr", "Rad", "Dag", "Enhet", " BRÄNSLE ", "Till km", "Från km", "Pris", "Mängd",
        "Sort", "Väg", "Från", "Till", "Antal", "CO2", "Kst", "Projekt", "Regnr", "Typ", "Bolag", "Belopp", "À-pris",
        "Start", "Slut",
    }  # fmt: skip


def test_what_a_profile_does_not_say_is_the_usual() -> None:
    columns = {name: ColumnRule(((cell,),)) for name, cell in (("date", "dag"), ("unit", "enhet"), ("category", "typ"))}
    spelling = {"dag": "Dag", "enhet": "Enhet", "typ": "Typ"}
    assert understood(BARE) == Profile("exempel", "Kort", BARE, columns, spelling=spelling)
    assert rule_of("note", '{ column = "Text" }') == ColumnRule((("text",),))
    assert understood(BARE).limits == Limits()
    assert limits_of("") == Limits(
        DEFAULT_DISTANCE_KM, DEFAULT_FUEL_QUANTITY, DEFAULT_YEARS, None, None, DEFAULT_TANK_PERCENT
    )


def test_the_one_date_of_a_file_is_looked_for_whatever_its_case() -> None:
    text = BARE.replace('"Dag"', '{ file_name = "resor-(.+)", dates = ["%Y-%m"] }')
    assert understood(text).columns["date"] == ColumnRule(
        (("trip_date",),), date_formats=("%Y-%m",), file_name=re.compile("resor-(.+)", re.IGNORECASE), optional=True
    )
    assert understood(text).spelling["trip_date"] == "trip_date"
    both = text.replace("file_name", 'preamble = "^Period (.+)", day = "first", file_name')
    assert understood(both).columns["date"].preamble == re.compile("^Period (.+)", re.IGNORECASE)
    assert not understood(both).columns["date"].last_of_month


def test_stated_co2_on_another_basis_is_left_alone_and_a_constant_needs_none() -> None:
    stated = f'{BARE}co2_fossil_kg = {{ column = "CO2", basis = "co2e_wtw" }}\n'
    assert "co2_fossil_kg" not in understood(stated).columns
    assert rule_of("co2_fossil_kg", '{ constant = "0" }') == ColumnRule(constant="0")


@pytest.mark.parametrize(
    ("column", "value", "times"),
    [
        ("distance_km", '{ column = "K", times_columns = ["A"] }', ("a",)),
        ("fuel_quantity", '{ column = "K", times_columns = ["A", "B"] }', ("a", "b")),
        ("co2_fossil_kg", '{ column = "K", basis = "fossil_co2", times_columns = ["A"] }', ("a",)),
        ("route", '{ column = "K", times_columns = ["A"] }', ("a",)),
    ],
)
def test_numbers_and_routes_can_count_several_times(column: str, value: str, times: tuple[str, ...]) -> None:
    assert rule_of(column, value) == ColumnRule((("k",),), times_columns=times)


@pytest.mark.parametrize("column", ["distance_km", "fuel_quantity"])
def test_numbers_can_be_multiplied_and_differ(column: str) -> None:
    value = '{ column = "K", times = "0,5", units = { "" = "1", "MIL" = "10" }, minus = "L" }'
    units = {"": Decimal(1), "mil": Decimal(10)}
    assert rule_of(column, value) == ColumnRule((("k",),), times=Decimal("0.5"), units=units, minus="l")


def test_a_limit_for_every_distance_can_be_given_or_taken_away_at_once() -> None:
    assert limits_of('distance_km = "100"').distance_km == dict.fromkeys(DEFAULT_DISTANCE_KM, Decimal(100))
    assert limits_of('distance_km = "none"').distance_km == dict.fromkeys(DEFAULT_DISTANCE_KM)


def test_a_limit_that_is_taken_away_leaves_the_others() -> None:
    assert limits_of('fuel_quantity = "none"') == Limits(fuel_quantity=None)
    assert limits_of('years = "none"') == Limits(years=None)
    assert limits_of('tank_percent = "none"') == Limits(tank_percent=None)


def test_rates_may_be_listed_instead_of_standing_in_a_column() -> None:
    rule = limits_of('amount = { column = "Belopp", rates = ["25,00", "none", "0", "12"] }').amount
    assert rule == AmountRule("belopp", None, (Decimal("25.00"), Decimal(12)), DEFAULT_TOLERANCE_KR, optional=False)
    same = limits_of('amount = { column = "Belopp", rate = "Pris", tolerance_kr = "none" }').amount
    assert same == AmountRule("belopp", "pris", tolerance_kr=DEFAULT_TOLERANCE_KR)


def test_a_speed_rule_needs_its_two_columns_only() -> None:
    rule = limits_of('speed = { start = "Från", end = "Till" }').speed
    assert rule == SpeedRule("från", "till", (), DEFAULT_KM_PER_HOUR, optional=False)


# How a mistake is told.


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('keep = ["Anteckning", "Eget  fält"]', "keep = [5]", "keep"),
        ('keep = ["Anteckning", "Eget  fält"]', 'keep = "Anteckning"', "keep"),
        ('title = "Allt"', "title = 5", "source.title"),
        ("strict = true", 'strict = "ja"', "source.strict"),
        ("draft = true", "draft = 1", "source.draft"),
        ('sheet = "Blad 1"', "sheet = 1", "file.sheet"),
        ('encoding = "cp1252"', "encoding = 1252", "file.encoding"),
        ('delimiter = ";"', "delimiter = true", "file.delimiter"),
        ('columns = ["Nr", "Rad"]', 'columns = "Nr"', "columns.trip_id.columns"),
        ('columns = ["Nr", "Rad"]', "columns = []", "columns.trip_id"),
        ('join = "/"', "join = 5", "columns.trip_id.join"),
        ("skip_empty = true", "skip_empty = 1", "columns.trip_id.skip_empty"),
        ('column = "Dag"', "column = 5", "columns.date.column"),
        ('dates = ["%d/%m/%Y", "%Y-%m"]', 'dates = "%Y-%m"', "columns.date.dates"),
        ('day = "last"', 'day = "Last"', "columns.date.day"),
        ('map = { "A  B" = "SBF", "c" = "BUF" }', "map = 5", "columns.unit.map"),
        ('"c" = "BUF"', '"c" = 5', "columns.unit.map.c"),
        ('default = "KLK"', "default = 5", "columns.unit.default"),
        ('{ constant = "flight" }', "{ constant = 5 }", "columns.category.constant"),
        ('" BRÄNSLE "', "5", "columns.fuel"),
        ('minus = "Från km"', "minus = 5", "columns.distance_km.minus"),
        ('times = "10"', 'times = "tio"', "columns.distance_km.times"),
        ('times = "10"', "times = 10", "columns.distance_km.times"),
        ('sign_of = "Pris"', "sign_of = 5", "columns.distance_km.sign_of"),
        ('units = { "Liter" = "1", "US  gal" = "3,785" }', 'units = "liter"', "columns.fuel_quantity.units"),
        ('"US  gal" = "3,785"', '"US  gal" = 3', "columns.fuel_quantity.units.US  gal"),
        ('unit_column = "Sort"', "unit_column = 5", "columns.fuel_quantity.unit_column"),
        ("optional = true }\nroute", "optional = 1 }\nroute", "columns.fuel_quantity.optional"),
        ('first_of = ["Väg", ["Från", "Till"]]', 'first_of = "Väg"', "columns.route.first_of"),
        ('first_of = ["Väg", ["Från", "Till"]]', "first_of = []", "columns.route"),
        ('first_of = ["Väg", ["Från", "Till"]]', 'first_of = ["Väg", []]', "columns.route"),
        ('first_of = ["Väg", ["Från", "Till"]]', 'first_of = ["Väg", 5]', "columns.route"),
        ('first_of = ["Väg", ["Från", "Till"]]', 'first_of = ["Väg", ["Från", 5]]', "columns.route.first_of"),
        ('times_columns = ["Antal"]', 'times_columns = "Antal"', "columns.route.times_columns"),
        ('times_map = { "Tur  o RETUR" = "2" }', 'times_map = "2"', "columns.route.times_map"),
        ('"Tur  o RETUR" = "2"', '"Tur  o RETUR" = 2', "columns.route.times_map.Tur  o RETUR"),
        ('basis = "fossil_co2"', "basis = 5", "columns.co2_fossil_kg.basis"),
        ('cost_centre = "Kst"', "cost_centre = []", "columns.cost_centre"),
        ('column = "Typ"', "column = 5", "outside.0.column"),
        ('is = ["Tåg", "HOTELL  lyx"]', 'is = "Tåg"', "outside.0.is"),
        ('starts_with = ["Hyr"]', 'starts_with = "Hyr"', "outside.0.starts_with"),
        ('reason = "annat avtal"', "reason = 5", "outside.0.reason"),
        ('reason = "annat avtal"', "", "outside.0.reason"),
        ('is_not = ["Kommunen"]', "is_not = [5]", "outside.1.is_not"),
        ('is_not = ["Kommunen"]', 'is_not = ["a"]\nis = ["b"]', "outside.1"),
        ('is_not = ["Kommunen"]', "", "outside.1"),
        ('sums = ["Pris", "Mängd"]', "sums = [5]", "totals.0.sums"),
        ("required = true", 'required = "ja"', "totals.0.required"),
        ("page = true", 'page = "ja"', "totals.1.page"),
        ('column = "Rad"', "", "skip.0.column"),
        ('pattern = "[0-9]{10}"', 'pattern = "["', "identity.pattern"),
        ('vehicle_pattern = "V[0-9]+"', "vehicle_pattern = 5", "identity.vehicle_pattern"),
        ('distance_km = { taxi = "400", flight = "none" }', "distance_km = 400", "plausible.distance_km"),
        ('distance_km = { taxi = "400", flight = "none" }', 'distance_km = "x"', "plausible.distance_km"),
        ('taxi = "400"', "taxi = 400", "plausible.distance_km.taxi"),
        ('fuel_quantity = "-150,5"', "fuel_quantity = 150", "plausible.fuel_quantity"),
        ('years = "3"', "years = 3", "plausible.years"),
        ('tank_percent = "105"', "tank_percent = true", "plausible.tank_percent"),
        ('column = "Belopp"', "column = 5", "plausible.amount.column"),
        ('rate = "À-pris"', "rate = 5", "plausible.amount.rate"),
        ('rate = "À-pris"', 'rates = "1"', "plausible.amount.rates"),
        ('rate = "À-pris"', 'rates = ["x"]', "plausible.amount.rates"),
        ('rate = "À-pris"', 'rate = "À-pris", rates = ["1"]', "plausible.amount"),
        ('rate = "À-pris"', 'rates = ["none"]', "plausible.amount"),
        ('tolerance_kr = "0"', "tolerance_kr = 0", "plausible.amount.tolerance_kr"),
        ("optional = true }\nspeed", "optional = 1 }\nspeed", "plausible.amount.optional"),
        ('start = "Start"', "start = 5", "plausible.speed.start"),
        ('end = "Slut"', "end = 5", "plausible.speed.end"),
        ('dates = ["%H.%M"]', 'dates = "%H.%M"', "plausible.speed.dates"),
        ('most_km_per_hour = "120"', "most_km_per_hour = 120", "plausible.speed.most_km_per_hour"),
        ('most_km_per_hour = "120"', 'most_km_per_hour = "0"', "plausible.speed.most_km_per_hour"),
        ("optional = true }\ntank", "optional = 1 }\ntank", "plausible.speed.optional"),
    ],
)  # fmt: skip
def test_what_has_another_kind_than_its_key_wants_is_told_by_the_key(old: str, new: str, key: str) -> None:
    assert old in EVERYTHING
    assert complained_about(EVERYTHING.replace(old, new, 1)) == key


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("colour = 1\n" + BARE, "colour"),
        (BARE.replace("[columns]", "colour = 1\n[columns]"), "source.colour"),
        (BARE + "[file]\ncolour = 1", "file.colour"),
        (BARE + 'colour = "x"', "columns.colour"),
        (BARE + 'note = { column = "x", colour = 1 }', "columns.note.colour"),
        (BARE + '[[outside]]\ncolumn = "x"\nis = ["x"]\nreason = "x"\ncolour = 1', "outside.0.colour"),
        (BARE + '[[totals]]\ncolumn = "x"\nis = ["x"]\nsums = []\ncolour = 1', "totals.0.colour"),
        (BARE + '[[skip]]\ncolumn = "x"\nis = ["x"]\ncolour = 1', "skip.0.colour"),
        (BARE + '[identity]\ncolour = "x"', "identity.colour"),
        (BARE + '[plausible]\ncolour = "x"', "plausible.colour"),
        (BARE + '[plausible]\ndistance_km = { bike = "5" }', "plausible.distance_km.bike"),
        (BARE + '[plausible]\namount = { column = "x", rate = "y", colour = 1 }', "plausible.amount.colour"),
        (BARE + '[plausible]\nspeed = { start = "x", end = "y", colour = 1 }', "plausible.speed.colour"),
    ],
)
def test_a_key_that_is_not_known_is_told_with_the_table_it_stands_in(text: str, key: str) -> None:
    assert complained_about(text) == key


@pytest.mark.parametrize("table", ["source", "file", "columns", "identity", "plausible"])
def test_what_must_be_a_table_is_told(table: str) -> None:
    text = BARE.replace('[source]\ntitle = "Kort"\n', "") if table == "source" else BARE
    text = text.partition("[columns]")[0] if table == "columns" else text
    assert complained_about(f"{table} = 5\n{text}") == table


@pytest.mark.parametrize("rules", ["outside", "totals", "skip"])
def test_what_must_be_a_list_of_tables_is_told(rules: str) -> None:
    assert complained_about(f"{rules} = 5\n{BARE}") == rules
    assert complained_about(f"{rules} = [5]\n{BARE}") == f"{rules}.0"


@pytest.mark.parametrize("key", ["amount", "speed"])
def test_a_rule_of_plausibility_must_be_a_table(key: str) -> None:
    assert complained_about(f'{BARE}[plausible]\n{key} = "x"\n') == f"plausible.{key}"


@pytest.mark.parametrize("column", ["date", "unit", "category"])
def test_a_row_must_say_when_whose_and_what(column: str) -> None:
    text = re.sub(rf"(?m)^{column} = .*\n", "", BARE)
    assert complained_about(text) == f"columns.{column}"
    named = text + 'vehicle = "Regnr"\n'
    if column == "date":
        assert complained_about(named) == "columns.date"
    else:
        assert understood(named).names_vehicles


@pytest.mark.parametrize(
    ("column", "value", "key"),
    [
        ("note", '{ column = "a", columns = ["b"] }', "columns.note"),
        ("note", '{ column = "a", first_of = ["b"] }', "columns.note"),
        ("note", '{ columns = ["a"], first_of = ["b"] }', "columns.note"),
        ("note", '{ map = { "a" = "b" } }', "columns.note"),
        ("note", '{ file_name = "x" }', "columns.note.file_name"),
        ("note", '{ preamble = "x" }', "columns.note.preamble"),
        ("note", '{ preamble = "x", file_name = "y" }', "columns.note.file_name"),
        ("note", '{ column = "a", file_name = "x" }', "columns.note"),
        ("note", '{ column = "a", preamble = "x" }', "columns.note"),
        ("note", '{ column = "a", basis = "fossil_co2" }', "columns.note.basis"),
        ("note", '{ column = "a", times = "2" }', "columns.note.times"),
        ("note", '{ column = "a", units = { "km" = "1" } }', "columns.note.units"),
        ("note", '{ column = "a", minus = "b" }', "columns.note.minus"),
        ("note", '{ column = "a", times_columns = ["b"] }', "columns.note.times_columns"),
        ("route", '{ column = "a", units = { "km" = "1" } }', "columns.route.units"),
        ("distance_km", '{ column = "a", unit_column = "b" }', "columns.distance_km.unit_column"),
        ("distance_km", '{ column = "a", times_map = { "b" = "1" } }', "columns.distance_km.times_map"),
        ("co2_fossil_kg", '"CO2"', "columns.co2_fossil_kg.basis"),
        ("co2_fossil_kg", '{ column = "CO2" }', "columns.co2_fossil_kg.basis"),
        ("co2_fossil_kg", '{ constant = "0", basis = "fossil_co2" }', "columns.co2_fossil_kg.basis"),
    ],
)
def test_a_column_whose_keys_do_not_go_together_is_told_by_the_key(column: str, value: str, key: str) -> None:
    assert complained_about(f"{BARE}{column} = {value}\n") == key


@pytest.mark.parametrize(("key", "expression"), [("file_name", "["), ("preamble", "(")])
def test_an_expression_that_is_none_is_told_by_its_key(key: str, expression: str) -> None:
    assert complained_about(BARE.replace('"Dag"', f'{{ {key} = "{expression}" }}')) == f"columns.date.{key}"


def test_what_is_no_toml_is_told_as_such() -> None:
    assert complained_about("inte toml") == "TOML"
    assert complained_about("a = " + "[" * 100_000) == "TOML"
