"""From any figure to its evidence and back: voucher, charge line, trip, row, file; and every krona of a unit."""

import csv
import hashlib
import io
from typing import Any

import pytest

from conftest import Books, trip

TRIPS = (
    trip(
        "k1", date="2025-03-07", co2_fossil_kg="", distance_km="123,4", fuel="petrol", cost_centre="1200", project="P9"
    ),
    trip("k2", date="2025-03-08", co2_fossil_kg="", fuel_quantity="10", fuel="diesel"),
    trip("k3/a b", date="2025-03-09", category="flight", co2_fossil_kg="", route="GOT-ARN-GOT"),
    trip("k4", unit="BUF"),
)


@pytest.fixture
def charged(books: Books) -> Books:
    books.take(*TRIPS, name="mars.csv", options=["--evidence", "Arkiv 12"])
    return books


def voucher_of(books: Books, unit: str) -> str:
    """The voucher that charged a unit."""
    ((code,),) = books.sql(
        "SELECT DISTINCT v.code FROM voucher v JOIN posting p ON p.voucher_id = v.id JOIN unit u ON u.id = p.unit_id"
        " WHERE u.code = ? AND v.event = 'charge'",
        unit,
    )
    return str(code)


def charges_of(document: Any) -> list[dict[str, Any]]:
    return [line for line in document["lines"] if line["charge"]]


def test_a_voucher_goes_to_its_trips_their_rows_and_their_file(charged: Books) -> None:
    found = charged.json("explain", voucher_of(charged, "SBF"))
    file = charged.folder / "mars.csv"
    assert found["file"]["file"] == "mars.csv"
    assert found["file"]["file_sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert found["file"]["evidence"] == found["evidence"] == "Arkiv 12"
    supplied = list(csv.DictReader(io.StringIO(file.read_text("utf-8"), newline=""), delimiter=";"))
    trips = [trip for line in charges_of(found) for trip in line["charge"]["trips"]]
    assert sorted(trip["trip_id"] for trip in trips) == ["k1", "k2", "k3/a b"]
    for explained in trips:
        row = supplied[explained["row"] - 2]  # rows count from 1 with the header, as a spreadsheet does
        assert {name: explained["cells"][name] for name in row} == row


def test_the_fee_follows_from_what_is_shown(charged: Books) -> None:
    found = charged.json("explain", voucher_of(charged, "SBF"))
    assert len(charges_of(found)) == 2
    for line in charges_of(found):
        charge = line["charge"]
        assert sum(trip["co2_g"] for trip in charge["trips"]) == line["co2_g"]
        assert (2 * line["co2_g"] * charge["rate_ore_per_kg"] + 1000) // 2000 == line["amount_ore"]
        assert charge["rate_decision"]
        assert charge["rate_from_on"] == "2013-01-01"
    assert sum(line["amount_ore"] for line in found["lines"]) == 0


def test_each_trip_says_by_which_evidence_and_factor_it_weighs_what_it_does(charged: Books) -> None:
    found = charged.json("explain", voucher_of(charged, "SBF"))
    trips = {trip["trip_id"]: trip for line in charges_of(found) for trip in line["charge"]["trips"]}
    factors = {factor["factor"]: factor for factor in charged.json("factor", "list")["factors"]}
    expected = {"k1": ("distance", "123.4", "km"), "k2": ("fuel", "10", "litre"), "k3/a b": ("route", "784", "km")}
    for trip_id, (tier, quantity, unit) in expected.items():
        explained = trips[trip_id]
        assert explained["tier"] == tier
        assert explained["quantity_unit"] == unit
        assert tier == "route" or explained["quantity"] == quantity
        factor = factors[explained["factor"]["factor"]]
        assert explained["factor"]["g_per_unit"] == factor["g_per_unit"]
        assert explained["factor"]["source"] == factor["source"]
        assert explained["factor"]["factor_set"] == factor["factor_set"]
    assert (trips["k1"]["cost_centre"], trips["k1"]["project"]) == ("1200", "P9")


@pytest.mark.parametrize("row", TRIPS, ids=lambda row: str(row["trip_id"]))
def test_a_trip_goes_to_the_voucher_that_charged_it_and_the_voucher_back_to_the_trip(
    charged: Books, row: dict[str, Any]
) -> None:
    (revision,) = charged.json("explain", f"trip:standard/{row['trip_id']}")["revisions"]
    assert revision["charge"]["voucher"] == voucher_of(charged, row["unit"])
    assert revision["cells"]["date"] == row["date"]
    back = charged.json("explain", revision["charge"]["voucher"])
    line = next(line for line in charges_of(back) if line["charge"]["category"] == row["category"])
    assert row["trip_id"] in {trip["trip_id"] for trip in line["charge"]["trips"]}
    charge = revision["charge"]
    assert (charge["co2_g"], charge["amount_ore"]) == (line["co2_g"], line["amount_ore"])
    assert charge["trip_count"] == line["charge"]["trip_count"]


def test_what_is_explained_to_a_person_names_file_rate_factor_and_head(charged: Books) -> None:
    shown = charged("explain", "trip:standard/k1").out
    for words in ("mars.csv", "SHA-256", "distance_km = 123,4", "1.50 kr/kg", "project = P9", "The chain ends with"):
        assert words in shown


def test_a_long_voucher_shows_its_first_twenty_trips_and_has_all_of_them_for_programs(books: Books) -> None:
    books.take(*(trip(f"t{number:02d}", unit="BUF", co2_fossil_kg=str(number)) for number in range(1, 27)))
    code = voucher_of(books, "BUF")
    shown = books("explain", code).out
    assert [f"t{number:02d}" in shown for number in range(1, 27)] == [True] * 20 + [False] * 6
    assert "20 of 26 trips" in shown
    assert len(charges_of(books.json("explain", code))[0]["charge"]["trips"]) == 26
    rows = list(csv.DictReader(io.StringIO(books("explain", code, "--format", "csv").out), delimiter=";"))
    assert [row["trip_id"] for row in rows] == [f"t{number:02d}" for number in range(1, 27)]


def test_a_voucher_goes_on_to_what_its_lot_was_used_for(everything: Books) -> None:
    found = everything.json("explain", "A2025-1")
    uses = {(row["event"], row["amount_ore"]) for row in found["lot_movements"]}
    assert ("measure", -500) in uses
    assert any(event == "sweep" for event, _ in uses)
    assert sum(amount for _, amount in uses) == -1500
    early = everything.json("explain", "A2025-1", "--as-of", "2025-02-28")
    assert [row["event"] for row in early["lot_movements"]] == ["charge"]  # the credit of February


def test_a_measure_a_sweep_and_a_grant_name_what_they_rest_on(everything: Books) -> None:
    codes = {event: code for code, event in everything.sql("SELECT code, event FROM voucher ORDER BY id DESC")}
    measure = everything.json("explain", codes["measure"])
    assert measure["measure"]["title"] == "Lådcyklar"
    assert measure["lines"][0]["lot"] == "A2025-1"
    assert "Lådcyklar" in everything("explain", codes["measure"]).out
    sweep = everything.json("explain", codes["sweep"])
    assert {line["account"] for line in sweep["lines"]} == {"own_funds", "fund_available"}
    grant = everything.json("explain", codes["grant_paid"])["grant"]
    assert [step["state"] for step in grant["steps"]] == ["submitted", "approved", "paying", "reported"]
    assert grant["steps"][1]["decision"] == "KS-2"
    early = everything.json("explain", codes["grant_approved"], "--as-of", "2026-02-08")["grant"]
    assert [step["state"] for step in early["steps"]] == ["submitted", "approved"]
    assert "KS-2" in everything("explain", codes["grant_paid"]).out


def test_every_krona_of_a_unit_is_accounted_for_lot_by_lot(everything: Books) -> None:
    for unit in ("SBF", "ELN", "BUF"):
        found = everything.json("explain", f"unit:{unit}", "--as-of", "2026-12-31")
        balance = everything.balance(unit, as_of="2026-12-31")
        assert found["own_funds_ore"] == balance["own_funds_ore"] == found["left_ore"] - found["owed_ore"]
        by_kind: dict[str, int] = {}
        for lot in found["lots"]:
            running = 0
            for movement in lot["movements"]:
                running += movement["amount_ore"]
                assert movement["left_ore"] == running
                by_kind[movement["movement"]] = by_kind.get(movement["movement"], 0) + movement["amount_ore"]
            assert lot["left_ore"] == running
            assert lot["opened_ore"] == lot["movements"][0]["amount_ore"]
        assert by_kind.get("opened", 0) + by_kind.get("corrected", 0) == balance["charged_ore"]
        assert -by_kind.get("used", 0) == balance["spent_ore"]
        assert -by_kind.get("swept", 0) == sum(lot["in_the_fund_ore"] for lot in found["lots"]) == balance["swept_ore"]


def test_a_units_lots_are_explained_as_of_a_day_and_as_they_were_known(everything: Books) -> None:
    early = everything.json("explain", "unit:SBF", "--as-of", "2025-03-30")
    assert {movement["movement"] for lot in early["lots"] for movement in lot["movements"]} == {"opened", "corrected"}
    ((moment,),) = everything.sql("SELECT registered_at FROM voucher WHERE code = 'A2025-1'")
    known = everything.json("explain", "unit:SBF", "--known-at", moment)
    assert [lot["left_ore"] for lot in known["lots"]] == [1500]
    rows = list(csv.DictReader(io.StringIO(everything("explain", "unit:sbf", "--format", "csv").out), delimiter=";"))
    assert rows[0]["movement"] == "opened"


def test_a_debt_is_explained_with_what_made_it_and_what_filled_it(books: Books) -> None:
    books.take(trip("a", date="2025-01-10"))
    books.take(trip("b", date="2025-02-10", co2_fossil_kg="-30"), name="credit.csv")
    owing = books.json("explain", "unit:SBF")
    assert (owing["owed_ore"], owing["own_funds_ore"]) == (3000, -3000)
    assert [movement["movement"] for movement in owing["debt"]["movements"]] == ["debt"]
    books.take(trip("c", date="2025-03-10", co2_fossil_kg="50"), name="more.csv")
    filled = books.json("explain", "unit:SBF")
    assert [movement["movement"] for movement in filled["debt"]["movements"]] == ["debt", "debt_filled"]
    assert (filled["owed_ore"], filled["own_funds_ore"]) == (0, 4500)
    assert "Debt filled" in books("explain", "unit:SBF").out


def test_a_trip_that_was_amended_or_undone_says_what_took_it_back_and_what_restored_it(books: Books) -> None:
    books.take(trip("a", date="2025-01-10"))
    amended = books.take(trip("a", date="2025-01-10", co2_fossil_kg="8"), name="new.csv", options=["--amend"])
    first, second = books.json("explain", "trip:standard/a")["revisions"]
    assert (first["is_charged"], second["is_charged"]) == (False, True)
    (taken_back,) = first["corrections"]
    assert (taken_back["sign"], taken_back["voucher"]) == (-1, second["charge"]["voucher"])
    (line,) = charges_of(books.json("explain", taken_back["voucher"]))
    assert [(each["revision"], each["charged_g"]) for each in line["charge"]["trips"]] == [(0, -10_000), (1, 8_000)]
    assert line["co2_g"] == -2_000
    assert "Taken back by" in books("explain", "trip:standard/a").out
    books.json("batch", "undo", amended["batch"], "--reason", "x")
    first, second = books.json("explain", "trip:standard/a")["revisions"]
    assert (first["is_charged"], second["is_charged"]) == (True, False)
    assert [each["sign"] for each in first["corrections"]] == [-1, 1]
    assert "Restored by" in books("explain", "trip:standard/a").out
    for (code,) in books.sql("SELECT code FROM voucher"):
        for line in charges_of(books.json("explain", code)):
            assert sum(each["charged_g"] for each in line["charge"]["trips"]) == line["co2_g"]
    early = books.json("explain", "trip:standard/a", "--as-of", "2025-01-31")["revisions"]
    assert early[0]["revision"] == 0


def test_a_lot_that_moved_is_explained_at_both_units(books: Books) -> None:
    books.take(trip("a", date="2025-01-10"), trip("b", date="2025-01-10", unit="BUF"))
    moved = ("--to", "BUF", "--amount", "5", "--decision", "KS 1", "--booked-on", "2025-02-01")
    books.json("unit", "transfer", "SBF", *moved)
    given = books.json("explain", "unit:SBF", "--as-of", "2025-12-31")
    received = books.json("explain", "unit:BUF", "--as-of", "2025-12-31")
    assert [(row["movement"], row["amount_ore"]) for row in given["lots"][0]["movements"]] == [
        ("opened", 1500),
        ("moved", -500),
    ]
    of_sbf = next(lot for lot in received["lots"] if lot["lot"] == given["lots"][0]["lot"])
    assert [(row["movement"], row["amount_ore"]) for row in of_sbf["movements"]] == [("moved", 500)]
    assert (of_sbf["lot_on"], of_sbf["opened_ore"]) == (given["lots"][0]["lot_on"], 0)
    assert (given["own_funds_ore"], received["own_funds_ore"]) == (1000, 2000)


@pytest.mark.parametrize(
    ("what", "code"),
    [("A2099-1", "KV-VOUCHER-UNKNOWN"), ("trip:standard/none", "KV-TRIP-UNKNOWN"), ("trip:none/k1", "KV-TRIP-UNKNOWN"),
     ("unit:NIX", "KV-UNIT-UNKNOWN"), ("trip:standard", "KV-EXPLAIN"), ("KV-NONE", "KV-EXPLAIN"), ("", "KV-EXPLAIN")],
)  # fmt: skip
def test_what_is_not_there_is_not_explained(charged: Books, what: str, code: str) -> None:
    outcome = charged("explain", what)
    assert (outcome.code, code in outcome.err) == (3, True)


def test_nothing_is_explained_from_before_it_was_known(charged: Books) -> None:
    for what in (voucher_of(charged, "SBF"), "trip:standard/k1"):
        assert charged("explain", what, "--known-at", "2020-01-01").code == 3
        assert charged("explain", what, "--as-of", "2025-03-30").code == 3
        assert charged("explain", what, "--as-of", "2025-03-31").code == 0


def test_an_error_code_is_explained_without_any_books(no_books: Books) -> None:
    outcome = no_books("explain", "kv-unit-unknown")
    assert (outcome.code, "KV-UNIT-UNKNOWN" in outcome.out) == (0, True)
    assert no_books("explain", "A2025-1").code == 4
