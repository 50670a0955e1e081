"""One source charges a vehicle: the register or the policy says which, and no order of files changes the result."""

import datetime
import itertools
from pathlib import Path
from typing import Any

import pytest

from conftest import Books, Shelf, run
from klimatvaxling.policies.policy import EVERY_SOURCE, RATE, VEHICLE_SOURCE, PolicyValue
from klimatvaxling.vehicles.charging_source import ChargedElsewhere, ChargingSources
from klimatvaxling.vehicles.vehicle import BadChargingSource, vehicle

ROOT = Path(__file__).parent.parent
HEADER = "vehicle;unit;category;fuel;outside_scheme;charged_by;valid_from;valid_to"
JOURNAL = """
[source]
title = "Journal"
[columns]
trip_id = "Nr"
date = "Datum"
vehicle = "Regnr"
distance_km = "Km"
[[outside]]
column = "Typ"
is = ["Privat"]
reason = "privat resa"
"""
LIST = """
[source]
title = "Bilpool"
[columns]
date = "Datum"
vehicle = "Regnr"
distance_km = "Km"
"""
SAMPLES = {
    "tankkort": ROOT / "imports" / "tankkort" / "exempel.csv",
    "korjournal": ROOT / "imports" / "korjournal" / "exempel.xlsx",
    "poolbil": ROOT / "imports" / "poolbil" / "exempel.csv",
}
COUNTS = ("rows_read", "rows_posted", "rows_already_imported", "rows_outside_scheme", "rows_rejected", "rows_held")


def accounts(result: dict[str, Any]) -> tuple[int, ...]:
    counts = tuple(result[name] for name in COUNTS)
    assert counts[0] == sum(counts[1:])
    return counts


def register(books: Books, *lines: str) -> Any:
    return books("vehicle", "load", books.text("fordon.csv", HEADER, *lines), "--format", "json")


@pytest.fixture
def sources(books: Books) -> Books:
    """Books with a journal and a list of pool cars, which tell of the same car."""
    for name, profile in (("journal", JOURNAL), ("lista", LIST)):
        folder = books.folder.parent / "own-sources" / name
        folder.mkdir(parents=True)
        (folder / "profile.toml").write_text(profile, encoding="utf-8")
    assert register(books, "QVI 101;SBF;pool_car;petrol;;;;").code == 0
    return books


def journal(books: Books, *lines: str) -> Path:
    return books.text("journal.csv", "Nr;Datum;Regnr;Km;Typ", *lines)


def decide(books: Books, source: str, day: str = "2013-01-01") -> None:
    outcome = books("policy", "set", "vehicle_source", source, "--decision", "KS 7", "--from", day)
    assert outcome.code == 0, outcome.err


def decided(value: str, day: str, name: str = VEHICLE_SOURCE) -> PolicyValue:
    return PolicyValue(1, name, value, datetime.date.fromisoformat(day), f"KS {day}", "2025-01-01T00:00:00Z", "anna")


@pytest.mark.parametrize(
    ("charged_by", "day", "elsewhere"),
    [
        ("", "2024-12-31", None),
        ("", "2025-01-01", ChargedElsewhere("journal", "KS 2025-01-01")),
        ("", "2025-03-31", ChargedElsewhere("journal", "KS 2025-01-01")),
        ("", "2025-04-01", None),
        ("", "2025-07-01", None),
        # The register speaks before the policy, and needs no decision.
        ("pool", "2025-01-01", None),
        ("kort", "2025-04-01", ChargedElsewhere("kort")),
        ("kort", "2024-12-31", ChargedElsewhere("kort")),
    ],
)
def test_the_register_or_else_the_policy_of_the_day_says_which_source_charges_a_vehicle(
    charged_by: str, day: str, elsewhere: ChargedElsewhere | None
) -> None:
    policies = [
        decided("2000", "2025-02-01", RATE),
        decided("journal", "2025-01-01"),
        decided("pool", "2025-07-01"),
        decided(EVERY_SOURCE, "2025-04-01"),
    ]
    sources = ChargingSources(policies)
    car = vehicle("QVI 101", unit="SBF", category="pool_car", charged_by=charged_by)
    assert sources.elsewhere(car, "pool", datetime.date.fromisoformat(day)) == elsewhere
    assert [day.isoformat() for day in sources.eras()] == ["2025-01-01", "2025-04-01", "2025-07-01"]


def test_the_reason_names_the_source_and_the_decision_if_there_is_one() -> None:
    register, policy = ChargedElsewhere("lista"), ChargedElsewhere("lista", "KS 7")
    assert str(register) == "the vehicle is charged by lista, by the vehicle register"
    assert str(policy) == "the vehicle is charged by lista, by the policy vehicle_source (KS 7)"


TRIPS = ("1;2025-03-07;QVI 101;10;Tjänst", "2;2025-04-07;qvi101;20;Tjänst")


def test_without_a_word_every_source_charges(sources: Books) -> None:
    assert accounts(sources.json("import", journal(sources, *TRIPS), "--source", "journal")) == (2, 2, 0, 0, 0, 0)
    pool = sources.text("pool.csv", "Datum;Regnr;Km", "2025-03-31;QVI 101;10")
    assert accounts(sources.json("import", pool, "--source", "lista")) == (1, 1, 0, 0, 0, 0)


def test_the_register_says_from_a_day_on_which_source_charges_a_vehicle(sources: Books) -> None:
    assert register(sources, "QVI 101;SBF;pool_car;petrol;;lista;2025-04-01;").code == 0
    result = sources.json("import", journal(sources, *TRIPS), "--source", "journal")
    assert accounts(result) == (2, 1, 0, 1, 0, 0)
    assert result["outside"] == {"the vehicle is charged by lista, by the vehicle register": 1}
    shown = sources.json("batch", "show", "1")
    assert shown["outside"] == result["outside"]
    assert "charged by lista" in sources("batch", "show", "1").out
    assert "charged by lista" in sources("explain", "trip:journal/1").out
    listed = {row["vehicle"]: row["charged_by"] for row in sources.json("vehicle", "list")["vehicles"]}
    assert listed == {"QVI101": "lista"}
    sources.sound()


def test_the_policy_speaks_where_the_register_is_silent_and_names_its_decision(sources: Books) -> None:
    decide(sources, "lista", "2025-04-01")
    assert register(sources, "QVI 102;SBF;pool_car;petrol;;journal;;").code == 0
    lines = (*TRIPS, "3;2025-04-08;QVI 102;30;Tjänst")
    result = sources.json("import", journal(sources, *lines), "--source", "journal")
    assert accounts(result) == (3, 2, 0, 1, 0, 0)
    assert list(result["outside"]) == ["the vehicle is charged by lista, by the policy vehicle_source (KS 7)"]


def test_a_row_that_is_set_aside_is_not_judged_any_further(sources: Books) -> None:
    decide(sources, "lista")
    result = sources.json("import", journal(sources, "1;2025-03-07;QVI 101;far;Tjänst"), "--source", "journal")
    assert accounts(result) == (1, 0, 0, 1, 0, 0)


def test_what_was_posted_before_the_rule_stays_until_it_is_amended(sources: Books) -> None:
    file = journal(sources, *TRIPS)
    sources.json("import", file, "--source", "journal")
    decide(sources, "lista")
    assert accounts(sources.json("import", file, "--source", "journal")) == (2, 0, 2, 0, 0, 0)
    charged = sources.balance("SBF")["charged_ore"]
    assert charged > 0
    amended = sources.json("import", file, "--source", "journal", "--amend")
    assert accounts(amended) == (2, 0, 0, 2, 0, 0)
    assert (amended["charged_ore"], sources.balance("SBF")["charged_ore"]) == (-charged, 0)
    assert accounts(sources.json("import", file, "--source", "journal", "--amend")) == (2, 0, 0, 2, 0, 0)
    sources.sound()
    assert sources("batch", "undo", "2", "--reason", "wrong rule").code == 0
    assert sources.balance("SBF")["charged_ore"] == charged
    decide(sources, "every")
    assert accounts(sources.json("import", file, "--source", "journal")) == (2, 0, 2, 0, 0, 0)
    sources.sound()


def test_a_trip_that_has_become_private_is_a_conflict_and_is_taken_back_by_an_amendment(sources: Books) -> None:
    sources.json("import", journal(sources, *TRIPS), "--source", "journal")
    changed = journal(sources, TRIPS[0].replace("Tjänst", "Privat").replace(";10;", ";11;"), TRIPS[1])
    before = sources.dump()
    refused = sources("import", changed, "--source", "journal", "--format", "json")
    assert (refused.code, "KV-TRIP-CONFLICT" in refused.err) == (4, True)
    assert accounts(refused.json) == (2, 0, 1, 0, 0, 1)
    assert sources.dump() == before
    result = sources.json("import", changed, "--source", "journal", "--amend")
    assert accounts(result) == (2, 0, 1, 1, 0, 0)
    assert result["co2_g"] == -1326
    sources.sound()


def test_a_row_outside_the_scheme_that_shares_its_id_with_one_inside_is_no_conflict(sources: Books) -> None:
    file = journal(sources, TRIPS[0], "1;2025-03-07;QVI 101;5;Privat")
    assert accounts(sources.json("import", file, "--source", "journal")) == (2, 1, 0, 1, 0, 0)
    assert accounts(sources.json("import", file, "--source", "journal")) == (2, 0, 1, 1, 0, 0)
    assert accounts(sources.json("import", file, "--source", "journal", "--amend")) == (2, 0, 1, 1, 0, 0)


def test_a_source_that_does_not_exist_charges_nothing_by_a_slip(sources: Books) -> None:
    outcome = register(sources, "QVI 101;SBF;pool_car;petrol;;listan;;")
    assert (outcome.code, "KV-VEHICLE-SOURCE-UNKNOWN" in outcome.err, "charged_by" in outcome.err) == (3, True, True)
    before = sources.dump()
    outcome = sources("policy", "set", "vehicle_source", "listan", "--decision", "KS 7")
    assert (outcome.code, "KV-SOURCE-UNKNOWN" in outcome.err) == (3, True)
    assert sources.dump() == before
    assert run("policy", "set", "vehicle_source", ";", "--decision", "KS 7").code == 3
    with pytest.raises(BadChargingSource):
        vehicle("QVI 101", unit="SBF", category="pool_car", charged_by="a;b")


@pytest.mark.parametrize("charging", ["tankkort", "korjournal", "poolbil"])
@pytest.mark.usefixtures("_cleared")
def test_the_order_of_the_three_sample_files_changes_nothing(
    shelf: Shelf, engine: str, tmp_path: Path, charging: str
) -> None:
    def begin(books: Books) -> None:
        for command in (("unit", "load", "enheter.csv"), ("vehicle", "load", "fordon.csv")):
            assert books(*command[:2], ROOT / "demo" / command[2]).code == 0
        decide(books, charging)

    found = set()
    shelf.once(engine, f"charging by {charging}", begin, of="fresh")
    for number, order in enumerate(itertools.permutations(SAMPLES)):
        fresh_books = shelf.copy(engine, f"charging by {charging}", tmp_path / str(number))
        for source in order:
            accounts(fresh_books.json("import", SAMPLES[source], "--source", source))
        trips = fresh_books.sql(
            "SELECT s.name, count(*), sum(t.co2_g) FROM trip t JOIN source s ON s.id = t.source_id GROUP BY 1"
        )
        assert [name for name, _, _ in trips] == [charging]
        balance = fresh_books.json("balance", "--as-of", "2025-12-31")["units"]
        found.add(repr((trips, [(unit["unit"], unit["co2_g"], unit["charged_ore"]) for unit in balance])))
    assert len(found) == 1
    fresh_books.sound()
