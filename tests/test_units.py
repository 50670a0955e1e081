"""Units: who takes part, what they are called and own, and which unit a cell of a travel file means on a day."""

import datetime
from dataclasses import replace
from pathlib import Path

import pytest

from conftest import COMPANY_NUMBER, UNITS, Books, trip
from klimatvaxling.units.directory import (
    CostCentreTaken,
    Directory,
    Merger,
    UnitExists,
    UnknownUnit,
    changed_from,
    ended_on,
    require_new_codes,
    require_no_clash,
)
from klimatvaxling.units.unit import (
    BadCostCentre,
    BadCounterpart,
    BadFullTime,
    BadOrganisationNumber,
    BadUnitCode,
    BadUnitKind,
    OrganisationNumberMissing,
    Unit,
    UnitNameMissing,
    cost_centres,
    full_time_tenths,
    unit,
)

DAY = datetime.date(2025, 3, 7)


def administration(code: str, *centres: str, **facts: object) -> Unit:
    return replace(unit(code, code, "administration", cost_centre_codes=list(centres)), **facts)  # type: ignore[arg-type]


@pytest.mark.parametrize("code", ["A", "SBF", "sbf-2", "A_b", "1200", "X" * 20])
def test_a_code_is_one_to_twenty_letters_digits_hyphens_and_underscores(code: str) -> None:
    assert unit(code, "Namn", "administration").code == code


@pytest.mark.parametrize("code", ["", "X" * 21, "Å", "A B", " A", "A.", "12*", "SBF\n", "é", "Ⅷ"])
def test_any_other_code_is_refused(code: str) -> None:
    with pytest.raises(BadUnitCode):
        unit(code, "Namn", "administration")


@pytest.mark.parametrize("code", ["FUND", "fund", "Fund"])
def test_the_fund_is_no_unit(code: str) -> None:
    with pytest.raises(BadUnitCode):
        unit(code, "Fonden", "administration")


def test_a_company_needs_its_organisation_number_and_an_administration_does_not() -> None:
    with pytest.raises(OrganisationNumberMissing):
        unit("ELN", "Elnät AB", "company")
    assert unit("ELN", "Elnät AB", "company", org_number="5560160680").org_number == COMPANY_NUMBER
    assert unit("SBF", "Samhälle", "administration").org_number is None


@pytest.mark.parametrize("number", ["556016-0681", "556016-068", "abc", "212000-1562", "0", "5560160680 1"])
def test_the_check_digit_of_an_organisation_number_is_verified(number: str) -> None:
    with pytest.raises(BadOrganisationNumber):
        unit("ELN", "Elnät AB", "company", org_number=number)


def test_a_personal_identity_number_is_no_organisation_number_and_is_not_repeated(books: Books) -> None:
    number = "850709-9805"
    outcome = books("unit", "add", "FIRMA", "--name", "Firma", "--kind", "company", "--org-number", number)
    assert outcome.code == 3
    assert "9805" not in outcome.out + outcome.err


@pytest.mark.parametrize(
    ("fault", "facts"),
    [
        (UnitNameMissing, {"name": "  "}),
        (BadUnitKind, {"kind": "förening"}),
        (BadUnitKind, {"kind": ""}),
        (BadCounterpart, {"counterpart": "12"}),
        (BadCounterpart, {"counterpart": "1a2"}),
        (BadCostCentre, {"cost_centre_codes": ["*"]}),
        (BadCostCentre, {"cost_centre_codes": ["12*3"]}),
        (BadCostCentre, {"cost_centre_codes": ["12 00"]}),
        (BadCostCentre, {"cost_centre_codes": [""]}),
    ],
)
def test_each_bad_fact_about_a_unit_is_refused_by_its_own_name(
    fault: type[Exception], facts: dict[str, object]
) -> None:
    given = {"code": "SBF", "name": "Samhälle", "kind": "administration"} | facts
    with pytest.raises(fault):
        unit(**given)  # type: ignore[arg-type]


def test_a_cell_is_a_code_in_any_case_or_a_cost_centre() -> None:
    known = Directory([administration("SBF", "1200"), administration("BUF", "21*")])
    assert known.resolve("sbf", DAY).code == "SBF"
    assert known.resolve(" SBF ", DAY).code == "SBF"
    assert known.resolve("1200", DAY).code == "SBF"
    assert known.resolve("2150", DAY).code == "BUF"
    assert known.resolve("21", DAY).code == "BUF"


@pytest.mark.parametrize("cell", ["", " ", "12000", "120", "2", "12*", "FUND", "SB"])
def test_a_cell_that_is_neither_is_unknown(cell: str) -> None:
    known = Directory([administration("SBF", "1200"), administration("BUF", "21*")])
    with pytest.raises(UnknownUnit):
        known.resolve(cell, DAY)


def test_a_code_comes_before_an_exact_cost_centre_and_that_before_the_longest_prefix() -> None:
    known = Directory(
        [
            administration("A", "12*"),
            administration("B", "123*"),
            administration("C", "1234"),
            administration("D", "1235"),
        ]
    )
    assert known.resolve("1299", DAY).code == "A"
    assert known.resolve("1239", DAY).code == "B"
    assert known.resolve("1234", DAY).code == "C"
    coded = Directory([administration("1235"), administration("D", "1235")])
    assert coded.resolve("1235", DAY).code == "1235"


def test_an_exact_cost_centre_comes_before_a_prefix_that_is_as_long() -> None:
    assert Directory([administration("A", "1234*"), administration("B", "1234")]).resolve("1234", DAY).code == "B"


def test_late_trips_of_merged_units_find_the_units_they_are_part_of_by_now() -> None:
    """A became part of C, and C of E; B became part of D."""
    until = datetime.date(2024, 12, 31)
    units = [
        administration("A", "1200", valid_to=until, id=1),
        administration("B", "31*", valid_to=until, id=2),
        administration("C", valid_to=until, id=3),
        administration("D", id=4),
        administration("E", id=5),
    ]
    known = Directory(units, [Merger(1, 3, "2025-01-01"), Merger(2, 4, "2025-01-01"), Merger(3, 5, "2025-01-01")])
    assert [known.successor(key) for key in (1, 2, 3, 4, 5)] == [5, 4, 5, 4, 5]
    assert [known.newest_of(key).code for key in (1, 5)] == ["A", "E"]
    for day in (DAY, until):
        found = [known.resolve(cell, day).code for cell in ("a", "B", "C", "D", " e ", "1200", "3199")]
        assert found == ["E", "D", "E", "D", "E", "E", "D"]
    assert known.with_registered([administration("F", id=6)]).resolve("A", DAY).code == "E"
    with pytest.raises(UnknownUnit):
        known.resolve("1201", DAY)


def test_of_two_merged_units_that_owned_the_same_cost_centre_the_first_by_code_is_meant() -> None:
    until = datetime.date(2024, 12, 31)
    units = [
        administration("B", "1200", valid_to=until, id=2),
        administration("A", "1200", valid_to=datetime.date(2023, 12, 31), id=1),
        administration("C", id=3),
        administration("D", id=4),
    ]
    known = Directory(units, [Merger(1, 3, "2024-01-01"), Merger(2, 4, "2025-01-01")])
    assert known.resolve("1200", DAY).code == "C"


def test_the_day_after_a_units_last_is_the_beginning_of_an_era() -> None:
    ended = administration("SBF", valid_from=datetime.date(2020, 1, 1), valid_to=datetime.date(2024, 12, 31))
    assert Directory([ended]).eras() == [datetime.date(2020, 1, 1), datetime.date(2025, 1, 1)]


def test_two_units_never_own_the_same_cost_centre() -> None:
    known = Directory([administration("SBF", "12*")])
    require_no_clash(known, [administration("BUF", "1200"), administration("KUF", "123*")])
    with pytest.raises(CostCentreTaken):
        require_no_clash(known, [administration("BUF", "12*")])
    with pytest.raises(CostCentreTaken):
        require_no_clash(Directory([]), [administration("BUF", "7"), administration("KUF", "7")])
    with pytest.raises(UnitExists):
        require_new_codes(known, [administration("sbf")])
    with pytest.raises(UnitExists):
        require_new_codes(known, [administration("X"), administration("x")])


def test_the_refusal_says_whose_the_cost_centre_is(books: Books) -> None:
    outcome = books("unit", "add", "AAA", "--name", "Ny", "--kind", "administration", "--cost-centre", "12*")
    assert outcome.code == 4
    assert "12* of AAA already belongs to SBF" in outcome.err


def test_what_a_unit_was_called_and_owned_on_a_day_stays_answerable() -> None:
    old = administration("SBF", "1200", name="Gatukontoret", valid_to=datetime.date(2024, 12, 31), id=1)
    new = administration("SBF", "1300", name="Samhällsbyggnad", valid_from=datetime.date(2025, 1, 1), id=1)
    known = Directory([old, new])
    assert known.resolve("SBF", datetime.date(2024, 12, 31)).name == "Gatukontoret"
    assert known.resolve("SBF", datetime.date(2025, 1, 1)).name == "Samhällsbyggnad"
    assert known.resolve("1200", datetime.date(2024, 6, 1)).code == "SBF"
    with pytest.raises(UnknownUnit):
        known.resolve("1200", DAY)
    with pytest.raises(UnknownUnit):
        known.resolve("1300", datetime.date(2024, 6, 1))
    assert [unit.name for unit in known.on(DAY)] == ["Samhällsbyggnad"]
    assert set(known.eras()) >= {datetime.date(2025, 1, 1)}


def test_of_two_versions_from_the_same_day_the_later_registered_holds() -> None:
    wrong = administration("SBF", name="Samhälsbygnad", valid_from=datetime.date(2025, 1, 1))
    known = Directory([wrong, replace(wrong, name="Samhällsbyggnad")])
    assert known.resolve("SBF", DAY).name == "Samhällsbyggnad"
    assert known.find("SBF").name == "Samhällsbyggnad"  # type: ignore[union-attr]


def test_a_unit_takes_part_from_its_first_day(books: Books) -> None:
    added = books("unit", "add", "KUF", "--name", "Kultur", "--kind", "administration", "--from", "2025-03-08")
    assert added.code == 0
    books.take(trip("a", unit="KUF", date="2025-03-08"))
    assert "KV-UNIT-UNKNOWN" in books.refuse(trip("b", unit="KUF", date="2025-03-07")).err


def test_a_unit_file_registers_all_its_units(fresh_books: Books) -> None:
    (fresh_books.folder / "u.csv").write_text(UNITS, encoding="utf-8")
    assert fresh_books("unit", "load", fresh_books.folder / "u.csv").code == 0
    listed = fresh_books.json("unit", "list")["units"]
    assert [
        (unit["unit"], unit["kind"], unit["org_number"], unit["cost_centres"], unit["counterpart"]) for unit in listed
    ] == [
        ("BUF", "administration", None, "2100", "120"),
        ("ELN", "company", COMPANY_NUMBER, "9*", "510"),
        ("SBF", "administration", None, "12* 1300", "110"),
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_a_unit_file_is_understood_in_every_usual_encoding(fresh_books: Books, encoding: str) -> None:
    file = fresh_books.text("u.csv", "Kind;NAME; code ", "förvaltning;Miljö- och hälsa åäö;MHF", encoding=encoding)
    assert fresh_books("unit", "load", file).code == 0
    (unit,) = fresh_books.json("unit", "list")["units"]
    assert (unit["unit"], unit["name"], unit["kind"]) == ("MHF", "Miljö- och hälsa åäö", "administration")


def test_a_unit_file_may_be_a_workbook_with_cost_centres_as_numbers(fresh_books: Books) -> None:
    file = fresh_books.workbook(
        "u.xlsx", [("code", "name", "kind", "cost_centres"), ("SBF", "Samhälle", "nämnd", 1200)]
    )
    assert fresh_books("unit", "load", file).code == 0
    assert fresh_books.json("unit", "list")["units"][0]["cost_centres"] == "1200"


@pytest.mark.parametrize(
    ("lines", "code", "named"),
    [
        (["code;name;kind;colour", "A;A;company;red"], "KV-REGISTER-COLUMNS", "colour"),
        (["code;name", "A;A"], "KV-REGISTER-COLUMNS", "kind"),
        (["code;name;kind;name", "A;A;company;B"], "KV-REGISTER-COLUMNS", "name"),
        (["code;name;kind"], "KV-REGISTER-EMPTY", "u.csv"),
        (["code;name;kind", ";;"], "KV-REGISTER-EMPTY", "u.csv"),
        (["code;name;kind", "A;A;administration", "B;B;bolag"], "KV-ORG-NUMBER-MISSING", "row 3, column org_number"),
        (["code;name;kind", "A;A;administration", "", "FUND;B;administration"], "KV-UNIT-CODE", "row 4, column code"),
        (["code;name;kind", "A;A;administration", "a;B;administration"], "KV-UNIT-EXISTS", "a"),
        (["code;name;kind;cost_centres", "A;A;administration;1", "B;B;administration;1"], "KV-COST-CENTRE-TAKEN", "B"),
        (["code;name;kind;cost_centres", "A;A;administration;12*;13*"], "KV-", "row 2"),
    ],
)
def test_one_bad_row_refuses_the_whole_unit_file(fresh_books: Books, lines: list[str], code: str, named: str) -> None:
    before = fresh_books.dump()
    outcome = fresh_books("unit", "load", fresh_books.text("u.csv", *lines))
    assert outcome.code in (3, 4)
    assert code in outcome.err
    assert named in outcome.err
    assert fresh_books.dump() == before


def test_an_empty_or_missing_unit_file_is_refused(fresh_books: Books) -> None:
    (fresh_books.folder / "u.csv").write_bytes(b"")
    assert fresh_books("unit", "load", fresh_books.folder / "u.csv").code == 3
    assert fresh_books("unit", "load", fresh_books.folder / "none.csv").code == 3


def test_a_dry_run_registers_nothing(books: Books, tmp_path: Path) -> None:
    before = books.dump()
    assert books("unit", "add", "KUF", "--name", "Kultur", "--kind", "administration", "--dry-run").code == 0
    assert books("unit", "load", books.text("u.csv", "code;name;kind", "X;X;administration"), "--dry-run").code == 0
    assert books.dump() == before


def test_a_unit_is_registered_once(books: Books) -> None:
    outcome = books("unit", "add", "sbf", "--name", "Igen", "--kind", "administration")
    assert (outcome.code, "KV-UNIT-EXISTS" in outcome.err) == (4, True)


def test_a_change_of_a_unit_that_is_to_end_keeps_its_last_day() -> None:
    last = datetime.date(2026, 12, 31)
    known = Directory([administration("SBF", valid_from=datetime.date(2020, 1, 1), valid_to=last)])
    (version,) = changed_from(known, "sbf", DAY, lambda unit: replace(unit, name="Nytt"), ["name"])
    assert (version.code, version.name, version.valid_from, version.valid_to) == ("SBF", "Nytt", DAY, last)


def test_a_change_on_the_day_a_version_begins_takes_its_place() -> None:
    old, new = administration("SBF", name="Gammalt"), administration("SBF", name="Nytt", valid_from=DAY)
    versions = changed_from(Directory([old, new]), "SBF", DAY, lambda unit: replace(unit, name="Nyast"), ["name"])
    assert [(version.name, version.valid_from, version.valid_to) for version in versions] == [("Nyast", DAY, None)]


def test_a_unit_that_never_takes_part_is_known_as_it_was_registered_last() -> None:
    never = [
        administration("SBF", name=name, valid_from=DAY.replace(day=day), valid_to=datetime.date(2025, 2, 28))
        for day, name in ((1, "Första"), (2, "Andra"), (3, "Tredje"))
    ]
    known = Directory(never)
    assert [unit.name for unit in known.newest()] == ["Tredje"]
    assert known.on(DAY) == []


def test_a_change_is_carried_through_what_was_to_change_later_to_the_last_day() -> None:
    last = datetime.date(2026, 12, 31)
    known = Directory(
        [
            administration("SBF", "1200", name="Gatukontoret"),
            administration("SBF", "1300", name="Gatukontoret", valid_from=datetime.date(2025, 6, 1)),
            administration("SBF", "1400", name="Gatukontoret", valid_from=datetime.date(2025, 9, 1), valid_to=last),
        ]
    )
    versions = changed_from(known, "SBF", DAY, lambda unit: replace(unit, name="Samhällsbyggnad"), ["name"])
    assert [(version.name, str(version.cost_centres[0]), version.valid_from) for version in versions] == [
        ("Samhällsbyggnad", "1200", DAY),
        ("Samhällsbyggnad", "1300", datetime.date(2025, 6, 1)),
        ("Samhällsbyggnad", "1400", datetime.date(2025, 9, 1)),
    ]
    assert {version.valid_to for version in versions} == {last}


@pytest.mark.parametrize("last", [datetime.date(2025, 1, 1), datetime.date(2025, 6, 30)])
def test_a_later_end_takes_an_earlier_ones_place(last: datetime.date) -> None:
    """Between the two the unit takes part as it did last, and after the new one it does not."""
    earlier, a_day = datetime.date(2024, 12, 31), datetime.timedelta(days=1)
    known = Directory([administration("SBF", "1200", id=1)])
    known = known.with_registered(ended_on(known, "sbf", earlier))
    assert [known.resolve("1200", earlier).code, known.find("SBF").valid_to] == ["SBF", earlier]  # type: ignore[union-attr]
    versions = ended_on(known, "SBF", last)
    assert [(version.valid_from, version.valid_to) for version in versions] == [
        (earlier + a_day, None),
        (last + a_day, last),
    ]
    said_at_once = Directory([administration("SBF", "1200", valid_to=earlier, id=1)])
    assert [version.valid_from for version in ended_on(said_at_once, "SBF", last)] == [earlier + a_day, last + a_day]
    after = known.with_registered(versions)
    assert [after.resolve("1200", day).id for day in (earlier, earlier + a_day, last)] == [1, 1, 1]
    with pytest.raises(UnknownUnit):
        after.resolve("1200", last + a_day)


def test_a_star_at_the_end_is_all_that_is_taken_from_a_cost_centre() -> None:
    assert [str(centre) for centre in cost_centres(["AX*", "X", "AX*"])] == ["AX*", "X"]
    assert [(centre.code, centre.is_prefix) for centre in cost_centres(["AX*", "X"])] == [("AX", True), ("X", False)]


def test_full_time_equivalents_are_kept_in_tenths_from_a_tenth_on() -> None:
    assert [full_time_tenths(value) for value in ("0,1", "1 234,5", "7")] == [1, 12345, 70]
    for value in ("0", "-1", "1,25", "många"):
        with pytest.raises(BadFullTime):
            full_time_tenths(value)
