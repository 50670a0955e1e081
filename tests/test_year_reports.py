"""`report year`, `report trend` and `report forecast`: the same figures in tables, JSON and CSV."""

import csv
import io
import json
import os
import re
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import Books, Kept, trip
from klimatvaxling import language
from klimatvaxling.formats import percent, percent_change
from klimatvaxling.reports.forecast import Pace
from two_years import live_through

GOLDEN = Path(__file__).parent / "golden"
REPORTS = {
    "year": ("report", "year", "--year", "2025", "--as-of", "2025-12-31"),
    "trend": ("report", "trend", "--as-of", "2025-12-31"),
    "forecast": ("report", "forecast", "--as-of", "2025-10-31"),
}


@pytest.fixture
def two_years(once: Kept) -> Books:
    return once("two years", live_through)


@pytest.fixture
def english() -> None:
    language.use("en")


def same_as_golden(name: str, text: str) -> None:
    """The text is that of the golden file. GOLDEN=write writes the file instead, to be read before it is kept."""
    masked = re.sub(r"\b[0-9a-f]{12}\b", "<head>", text)
    path = GOLDEN / name
    if os.environ.get("GOLDEN") == "write":
        path.write_text(masked, encoding="utf-8")
    assert masked == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("report", REPORTS)
def test_the_json_of_a_report_is_the_golden_one(two_years: Books, report: str) -> None:
    document = two_years.json(*REPORTS[report])
    same_as_golden(f"report-{report}.json", json.dumps(document, ensure_ascii=False, indent=1) + "\n")


@pytest.mark.parametrize("spoken", ["sv", "en"])
@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("report", REPORTS)
def test_the_table_of_a_report_is_the_golden_one_at_each_width(
    two_years: Books, report: str, width: int, spoken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    outcome = two_years(*REPORTS[report], "--language", spoken)
    assert outcome.code == 0, outcome.err
    shown = "\n".join(line.rstrip() for line in outcome.out.splitlines())
    same_as_golden(f"report-{report}.{spoken}.{width}.txt", shown + "\n")


@pytest.mark.parametrize("spoken", ["sv", "en"])
@pytest.mark.parametrize("width", [60, 80])
@pytest.mark.parametrize("report", REPORTS)
def test_a_narrow_terminal_leaves_columns_out_but_cuts_no_number_off(
    two_years: Books, report: str, width: int, spoken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cells(columns: int) -> set[str]:
        monkeypatch.setenv("COLUMNS", str(columns))
        lines = [line for line in two_years(*REPORTS[report], "--language", spoken).out.splitlines() if line[:1] == " "]
        assert lines
        assert max(map(len, lines)) <= columns
        assert "\x1b" not in "".join(lines)
        return {cell for line in lines for cell in re.split(r" {2,}", line.strip()) if cell[:1].isdigit()}

    assert cells(width) <= cells(200)


def figure(books: Books, statement: str) -> int:
    return int(books.sql(statement)[0][0] or 0)


def test_the_year_is_what_the_ledger_says(two_years: Books) -> None:
    found = two_years.json(*REPORTS["year"])
    of_year = "FROM posting p JOIN voucher v ON v.id = p.voucher_id WHERE v.booked_on LIKE '{}%' AND p.account = '{}'"
    for year, which in (("2025", "value"), ("2024", "value_before")):
        figures = {name: pair[which] for name, pair in found["key_figures"].items()}
        fees = of_year.format(year, "fee_expense")
        assert figures["co2_g"] == figure(two_years, f"SELECT sum(p.co2_g) {fees}")
        assert figures["charged_ore"] == figure(two_years, f"SELECT sum(p.amount_ore) {fees}")
        assert figures["spent_ore"] == -figure(
            two_years, f"SELECT sum(p.amount_ore) {of_year.format(year, 'measures')}"
        )
        paid = figure(two_years, f"SELECT sum(p.amount_ore) {of_year.format(year, 'grants_paid')}")
        assert figures["grants_paid_ore"] == -paid
        assert figures["co2_g"] == figures["car_g"] + figures["flight_g"]
        until = (
            f"FROM posting p JOIN voucher v ON v.id = p.voucher_id WHERE v.booked_on <= '{year}-12-31' AND account ="
        )
        for name, account in (("own_funds_ore", "own_funds"), ("available_ore", "fund_available")):
            assert figures[name] == -figure(two_years, f"SELECT sum(p.amount_ore) {until} '{account}'")


def test_the_parts_of_the_year_add_up_to_its_key_figures(two_years: Books) -> None:
    found = two_years.json(*REPORTS["year"])
    for part in ("months", "units", "categories"):
        for name in ("co2_g", "charged_ore"):
            for suffix, which in (("", "value"), ("_before", "value_before")):
                assert sum(row[name + suffix] for row in found[part]) == found["key_figures"][name][which], (part, name)


def test_one_units_year_is_its_part_of_the_whole(two_years: Books) -> None:
    whole = two_years.json(*REPORTS["year"])
    for unit in ("SBF", "BUF", "ELN"):
        own = two_years.json(*REPORTS["year"], "--unit", unit.casefold())
        (line,) = (row for row in whole["units"] if row["unit"] == unit)
        assert (own["unit"], own["units"], own["fund"]) == (unit, [line], [])
        for figure in ("co2_g", "charged_ore", "spent_ore", "swept_ore", "grants_paid_ore"):
            pair = {"value": line[figure], "value_before": line[f"{figure}_before"]}
            assert own["key_figures"][figure] == pair, (unit, figure)
        assert (
            own["key_figures"]["own_funds_ore"]["value"] == two_years.balance(unit, as_of="2025-12-31")["own_funds_ore"]
        )
        assert (
            sum(row["co2_g"] for row in own["months"])
            == sum(row["co2_g"] for row in own["categories"])
            == line["co2_g"]
        )
    sums = [two_years.json(*REPORTS["year"], "--unit", unit)["months"][2]["co2_g"] for unit in ("SBF", "BUF", "ELN")]
    assert sum(sums) == whole["months"][2]["co2_g"] > 0
    assert "KV-UNIT-UNKNOWN" in two_years(*REPORTS["year"], "--unit", "NIX").err


def test_kilograms_and_kronor_per_full_time_equivalent_stand_where_their_number_is_known(two_years: Books) -> None:
    def per(unit: str, *options: str) -> tuple[int | None, ...]:
        (row,) = (row for row in two_years.json(*REPORTS["year"], *options)["units"] if row["unit"] == unit)
        return row["full_time_tenths"], row["co2_per_full_time_g"], row["charged_per_full_time_ore"]

    known_before = two_years.sql("SELECT max(registered_at) FROM voucher")[0][0]
    assert per("SBF") == (None, None, None)
    assert "Per full-time equivalent" not in two_years(*REPORTS["year"]).out
    for day, number in (("2024-01-01", "99"), ("2025-03-01", "1 234,5"), ("2026-01-01", "7")):
        assert two_years("unit", "change", "SBF", "--from", day, "--full-time-equivalents", number).code == 0
    (row,) = (row for row in two_years.json(*REPORTS["year"])["units"] if row["unit"] == "SBF")
    grams, fee = Decimal(row["co2_g"]), Decimal(row["charged_ore"])
    expected = tuple(int((each / Decimal("1234.5")).quantize(Decimal(1), ROUND_HALF_UP)) for each in (grams, fee))
    assert per("SBF") == (12345, *expected), "the number that held at the year's end"
    assert per("BUF") == (None, None, None)
    assert per("SBF", "--known-at", known_before) == (None, None, None)
    shown = two_years(*REPORTS["year"]).out
    assert "Per full-time equivalent" in shown
    assert "1,234.5" in shown
    assert "kr per full-time equivalent" in two_years(*REPORTS["year"], "--unit", "SBF").out
    tidy = list(csv.DictReader(io.StringIO(two_years(*REPORTS["year"], "--format", "csv").out), delimiter=";"))
    assert [line["value"] for line in tidy if line["figure"] == "co2_per_full_time_g"] == [str(expected[0])]


def test_what_is_declared_empty_or_late_is_no_missing_data(two_years: Books) -> None:
    def gap(unit: str) -> dict[str, list[str]]:
        (row,) = (row for row in two_years.json(*REPORTS["year"])["without_data"] if row["unit"] == unit)
        return {key: row[key] for key in ("missing", "declared_empty", "declared_late")}

    months = [f"2025-{month:02d}" for month in (*range(1, 8), 9, 10)]
    assert gap("ELN") == {"missing": months, "declared_empty": [], "declared_late": []}
    for period, state in (("2025-02", "--empty"), ("2025-03", "--empty"), ("2025-05", "--late")):
        declared = ("completeness", "declare", "--source", "standard", "--unit", "ELN", "--period", period, state)
        assert two_years(*declared, "--reason", "Asked").code == 0
    left = [month for month in months if month not in ("2025-02", "2025-03", "2025-05")]
    assert gap("ELN") == {
        "missing": left, "declared_empty": ["2025-02", "2025-03"], "declared_late": ["2025-05"],
    }  # fmt: skip
    (line,) = (line for line in two_years(*REPORTS["year"]).out.splitlines() if line.split()[:2] == ["ELN", "Elnät"]
               and "02-03" in line)  # fmt: skip
    assert re.split(r" {2,}", line.strip())[2:] == ["01, 04, 06-07, 09-10", "02-03", "05"]


def test_months_that_nobody_has_delivered_yet_are_not_missing_from_the_units(two_years: Books) -> None:
    found = two_years.json("report", "year", "--year", "2025", "--as-of", "2025-09-30")["without_data"]
    assert found
    assert max(month for row in found for month in row["missing"]) == "2025-08"


def test_the_fund_after_is_the_fund_before_and_its_flows(two_years: Books) -> None:
    for key in ("amount_ore", "amount_ore_before"):
        before, *flows, after = [row[key] for row in two_years.json(*REPORTS["year"])["fund"]]
        assert before + sum(flows) == after
    fund = two_years.json("fund", "--as-of", "2025-12-31")
    assert after != fund["available_ore"] + fund["committed_ore"], "the last pair was that of the year before"
    assert two_years.json(*REPORTS["year"])["fund"][-1]["amount_ore"] == fund["available_ore"] + fund["committed_ore"]


def test_a_year_that_is_not_over_is_compared_with_the_same_days_of_the_year_before(two_years: Books) -> None:
    found = two_years.json("report", "year", "--year", "2025", "--as-of", "2025-05-31")
    assert [row["month"] for row in found["months"]] == [f"2025-{month:02d}" for month in range(1, 6)]
    assert found["key_figures"]["co2_g"]["value_before"] == 310_000 + 120_500, "February and May, not November"
    told = two_years("report", "year", "--year", "2025", "--as-of", "2025-05-31").out
    assert "up to the same day" in told
    assert "up to the same day" not in two_years(*REPORTS["year"]).out


def test_the_year_as_it_was_known_then_leaves_out_what_came_later(two_years: Books) -> None:
    (first,) = two_years.sql("SELECT registered_at FROM voucher ORDER BY id LIMIT 1")
    found = two_years.json("report", "year", "--year", "2025", "--known-at", first[0], "--as-of", "2025-12-31")
    (posted,) = two_years.sql("SELECT sum(p.co2_g) FROM posting p WHERE p.voucher_id = 1")
    assert found["key_figures"]["co2_g"]["value"] + found["key_figures"]["co2_g"]["value_before"] == posted[0]


def test_a_year_without_bookings_says_so(two_years: Books) -> None:
    outcome = two_years("report", "year", "--year", "2019")
    assert outcome.code == 0
    assert "Nothing is booked in 2019" in outcome.out
    assert two_years.json("report", "year", "--year", "2019")["units"] == []


@pytest.mark.parametrize("report", REPORTS)
def test_csv_has_the_same_numbers_and_no_signs_for_people(two_years: Books, report: str) -> None:
    rows = list(csv.DictReader(io.StringIO(two_years(*REPORTS[report], "--format", "csv").out), delimiter=";"))
    document = two_years.json(*REPORTS[report])
    if report == "year":
        figures = {row["figure"]: row["value"] for row in rows if row["section"] == "key_figures"}
        assert figures == {name: str(pair["value"]) for name, pair in document["key_figures"].items()}
    else:
        records: Any = document["years" if report == "trend" else "units"]
        key = "charged_ore" if report == "trend" else "forecast_ore"
        assert [row[key] for row in rows] == [str(record[key]) for record in records]
    assert "\u00a0" not in str(rows)


def test_the_trend_shows_the_last_years_asked_for(two_years: Books) -> None:
    assert [row["year"] for row in two_years.json("report", "trend", "--as-of", "2026-12-31")["years"]] == [
        2024,
        2025,
        2026,
    ]
    assert [
        row["year"] for row in two_years.json("report", "trend", "--years", "1", "--as-of", "2025-12-31")["years"]
    ] == [2025]
    found = two_years.json("report", "trend", "--as-of", "2026-06-30")["years"]
    assert [row["whole"] for row in found] == [True, True, False]
    assert two_years("report", "trend", "--years", "0").code == 2


def test_the_forecast_counts_whole_months_up_to_the_last_with_fees(two_years: Books) -> None:
    found = two_years.json("report", "forecast", "--as-of", "2025-09-30")
    assert found["months"] == 8, "September has no fees yet: its files may still come"
    so_far = sum(row["charged_ore"] for row in found["by_month"] if row["charged_ore"] is not None)
    assert found["total"]["so_far_ore"] == so_far
    assert found["total"]["forecast_ore"] == (2 * so_far * 12 + 8) // 16, "half an öre is rounded up"
    assert found["total"]["seasonal_ore"] is None, "last year had months without fees: it says nothing of seasons"


def test_the_forecast_of_a_whole_year_is_the_year(two_years: Books) -> None:
    found = two_years.json("report", "forecast", "--year", "2024", "--as-of", "2026-01-01")
    assert found["total"]["forecast_ore"] == found["total"]["so_far_ore"]


def test_without_a_month_of_fees_there_is_no_forecast(two_years: Books) -> None:
    outcome = two_years("report", "forecast", "--as-of", "2027-02-28")
    assert outcome.code == 0
    assert "no pace yet" in outcome.out


def test_the_seasonal_forecast_follows_last_years_months(books: Books) -> None:
    last_year = [trip(f"L{month}", date=f"2024-{month:02d}-10", co2_fossil_kg=str(month)) for month in range(1, 13)]
    books.take(*last_year, trip("N1", date="2025-01-10", co2_fossil_kg="2"))
    found = books.json("report", "forecast", "--as-of", "2025-01-31")["total"]
    assert found == {"so_far_ore": 300, "forecast_ore": 3600, "seasonal_ore": 300 * 78, "last_year_ore": 78 * 150}


@given(so_far=st.integers(-(10**9), 10**9), months=st.integers(1, 12))
def test_the_pace_is_the_mean_times_twelve_to_the_nearest_ore(so_far: int, months: int) -> None:
    forecast = Pace(months, so_far, 0, 0).forecast_ore
    assert forecast is not None
    assert abs(2 * (forecast * months - so_far * 12)) <= months


def test_percentages_are_rounded_half_up_and_say_nothing_of_nothing(english: None) -> None:
    assert percent(1, 3) == "33.3 %"
    assert percent(1, 0) == ""
    assert percent_change(112_500, 100_000) == "+12.5 %"
    assert percent_change(95_000, 100_000) == "-5.0 %"
    assert percent_change(100_000, 100_000) == "0.0 %"
    assert percent_change(0, -100) == "+100.0 %"
    assert percent_change(5, 0) == ""
